//! A plain HTTP/1.1 client over TCP, and the requests that the tests send.
//!
//! Invariant: it uses no HTTP library, so what a fault puts on the wire is seen as it is: lengths,
//! chunks, resets. It refuses nothing; the tests judge.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use cleanbench_testkit::{Answers, FakeServer, Fault, Script};
use serde_json::{Value, json};

pub(crate) const CHAT: &str = "/v1/chat/completions";

/// What came over the wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// 0 where no byte came.
    pub(crate) status: u16,
    pub(crate) head: String,
    /// With the chunks joined.
    pub(crate) body: Vec<u8>,
    /// The sizes of the chunks of a chunked body.
    pub(crate) chunks: Vec<usize>,
    /// Whether the body has its declared length, or its last chunk.
    pub(crate) complete: bool,
    /// Whether the connection was reset.
    pub(crate) reset: bool,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(header, _)| *header == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn message(&self) -> Value {
        self.json()["choices"][0]["message"].clone()
    }

    /// The data of every event of a stream.
    pub(crate) fn events(&self) -> Vec<String> {
        let text = self.text();
        let events = text
            .split("\n\n")
            .filter_map(|event| event.strip_prefix("data: "));
        events.map(str::to_owned).collect()
    }
}

/// Sends one request on a connection of its own and reads until the connection ends.
pub(crate) fn send(addr: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Reply {
    let mut stream = TcpStream::connect(addr).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: fake\r\nconnection: close\r\n\
         content-length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut raw = Vec::new();
    let reset = stream.read_to_end(&mut raw).is_err();
    parse(&raw, reset)
}

pub(crate) fn parse(raw: &[u8], reset: bool) -> Reply {
    let end = raw.windows(4).position(|part| part == b"\r\n\r\n");
    let (head, rest) = end.map_or((&raw[..0], raw), |end| (&raw[..end], &raw[end + 4..]));
    let mut reply = Reply {
        status: 0,
        head: String::from_utf8(head.to_vec()).unwrap(),
        body: rest.to_vec(),
        chunks: Vec::new(),
        complete: false,
        reset,
    };
    let status = reply.head.split(' ').nth(1);
    reply.status = status.map_or(0, |code| code.parse().unwrap());
    if reply.header("transfer-encoding") == Some("chunked") {
        (reply.body, reply.chunks, reply.complete) = join_chunks(rest);
    } else if let Some(length) = reply.header("content-length") {
        reply.complete = length.parse() == Ok(rest.len());
    }
    reply
}

pub(crate) fn join_chunks(mut rest: &[u8]) -> (Vec<u8>, Vec<usize>, bool) {
    let (mut body, mut sizes) = (Vec::new(), Vec::new());
    while let Some(end) = rest.windows(2).position(|part| part == b"\r\n") {
        let digits = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(digits, 16).unwrap();
        if size == 0 {
            return (body, sizes, true);
        }
        let chunk = &rest[end + 2..][..size];
        body.extend_from_slice(chunk);
        sizes.push(size);
        rest = &rest[end + 2 + size + 2..];
    }
    (body, sizes, false)
}

pub(crate) fn question(prompt: &str) -> Value {
    json!({ "model": "m", "messages": [
        { "role": "system", "content": "be brief" }, { "role": "user", "content": prompt },
    ]})
}

pub(crate) fn streamed(prompt: &str) -> Value {
    let mut body = question(prompt);
    body["stream"] = json!(true);
    body["stream_options"] = json!({ "include_usage": true });
    body
}

pub(crate) fn ask(server: &FakeServer, body: &Value) -> Reply {
    let headers = "authorization: Bearer secret-key\r\n";
    send(server.addr(), "POST", CHAT, headers, &body.to_string())
}

pub(crate) fn get(server: &FakeServer, path: &str) -> Reply {
    send(server.addr(), "GET", path, "", "")
}

pub(crate) fn fixed(text: &str) -> Script {
    Script::answering(Answers::Fixed(text.to_owned()))
}

pub(crate) fn status(code: u16) -> Fault {
    Fault::Status {
        code,
        retry_after: None,
        error: None,
    }
}

/// Waits for what another thread brings about.
pub(crate) fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Sends a question without reading the response; the call lasts until the stream is dropped.
pub(crate) fn leave_open(server: &FakeServer, prompt: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    let body = question(prompt).to_string();
    let length = body.len();
    write!(
        stream,
        "POST {CHAT} HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    stream
}
