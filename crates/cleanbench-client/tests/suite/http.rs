//! The client against real sockets on this machine: what leaves it, what does not, and what its
//! failures are called.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use cleanbench_client::{ApiKey, ClientFactory, ConnectError, HttpModel};
use cleanbench_core::model::Sent;
use cleanbench_core::{
    CallErrorKind, Finish, Form, Message, Model, Request, Role, Sampling, Sensitivity,
};
use cleanbench_model::{Endpoint, ModelsFile, Overrides, resolve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const KEY: &str = "sk-canary-0123456789";
const ANSWER: &str = r#"{"choices":[{"message":{"content":"4"},"finish_reason":"stop"}]}"#;

fn endpoint(spec: &str) -> Endpoint {
    resolve(spec, &ModelsFile::empty(), &Overrides::default()).expect(spec)
}

fn connect(endpoint: &Endpoint, key: Option<&str>) -> HttpModel {
    let factory = ClientFactory::new(std::slice::from_ref(endpoint));
    factory.connect(endpoint, key.map(ApiKey::new)).unwrap()
}

fn question() -> Request {
    Request {
        form: Form::Chat,
        messages: vec![Message {
            role: Role::User,
            content: "2+2?".to_owned(),
            images: Vec::new(),
        }],
        sampling: Sampling::default(),
        seed: None,
        continuations: Vec::new(),
        constraints: std::sync::Arc::default(),
        sensitivity: Sensitivity::Public,
    }
}

/// What a server does with one connection.
#[derive(Clone, Copy)]
enum Then {
    Close,
    Hang,
}

fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

/// A server on a free port that writes `script` to its first connection and returns the request.
async fn serve(script: String, then: Then) -> (u16, JoinHandle<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        stream.write_all(script.as_bytes()).await.unwrap();
        if let Then::Hang = then {
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
        request
    });
    (port, task)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut received = String::new();
    let mut buffer = [0; 4096];
    while !received.ends_with('}') {
        let count = stream.read(&mut buffer).await.unwrap();
        assert_ne!(count, 0, "the request broke off: {received}");
        received.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    received
}

/// A server that answers the first request of every connection with a stream and, without having
/// announced it, closes the connection where a second one comes.
async fn serve_one_stream_a_connection() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let event = format!(
        "data: {}\n\ndata: [DONE]\n\n",
        ANSWER.replace("message", "delta")
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let script = http("200 OK", "content-type: text/event-stream\r\n", &event);
            tokio::spawn(async move {
                read_request(&mut stream).await;
                stream.write_all(script.as_bytes()).await.unwrap();
                let _second_request = stream.read(&mut [0]).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn a_connection_that_streamed_is_not_asked_again() {
    let mut endpoint = local(serve_one_stream_a_connection().await);
    endpoint.stream = true;
    let model = connect(&endpoint, None);
    for _ in 0..3 {
        let sent = ask(&model).await;
        assert_eq!(sent.error, None);
        let body = model.body(&question()).unwrap();
        assert_eq!(model.read(&body, &sent.reply.unwrap()).unwrap().text, "4");
    }
}

fn local(port: u16) -> Endpoint {
    let mut endpoint = endpoint(&format!("http://127.0.0.1:{port}/v1#m"));
    endpoint.timeouts.connect = Duration::from_millis(300);
    endpoint.timeouts.idle = Duration::from_millis(300);
    endpoint
}

async fn ask(model: &HttpModel) -> Sent {
    let body = model.body(&question()).unwrap();
    model.send(&body, Sensitivity::Public).await
}

#[tokio::test]
async fn one_question_and_its_answer() {
    let headers = "content-type: application/json\r\nretry-after: 3\r\n";
    let (port, server) = serve(http("200 OK", headers, ANSWER), Then::Close).await;
    let model = connect(&local(port), Some(KEY));
    let sent = ask(&model).await;
    assert_eq!(sent.error, None);
    let reply = sent.reply.unwrap();
    assert_eq!(reply.body, ANSWER.as_bytes());
    assert_eq!(reply.retry_after, Some(3_000));
    let (headers, first) = (
        sent.timing.headers.unwrap(),
        sent.timing.first_byte.unwrap(),
    );
    assert!(headers <= first && first <= sent.timing.end);
    let completion = model.read(b"{}", &reply).unwrap();
    assert_eq!(
        (completion.text.as_str(), completion.finish),
        ("4", Finish::Stop)
    );

    let request = server.await.unwrap();
    assert!(
        request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"),
        "{request}"
    );
    for header in [
        format!("authorization: Bearer {KEY}\r\n"),
        "content-type: application/json\r\n".to_owned(),
        format!("user-agent: cleanbench/{}\r\n", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(request.contains(&header), "{header} in {request}");
    }
    assert!(!request.contains("accept-encoding"), "{request}");
}

#[tokio::test]
async fn an_echoed_key_is_overwritten_and_appears_nowhere() {
    let body = format!(r#"{{"error":{{"message":"bad key {KEY}"}}}}"#);
    let headers = format!("content-type: text/{KEY}\r\n");
    let (port, _server) = serve(http("401 Unauthorized", &headers, &body), Then::Close).await;
    let model = connect(&local(port), Some(KEY));
    let reply = ask(&model).await.reply.unwrap();
    assert_eq!(reply.body.len(), body.len());
    let error = model.read(b"{}", &reply).unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Auth);
    let seen = format!(
        "{model:?} {error:?} {reply:?} {}",
        String::from_utf8_lossy(&reply.body)
    );
    assert!(!seen.contains("canary"), "{seen}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let location = format!(
        "location: http://{}/v1\r\n",
        elsewhere.local_addr().unwrap()
    );
    let (port, _server) = serve(http("307 Temporary Redirect", &location, ""), Then::Close).await;
    let model = connect(&local(port), Some(KEY));
    let reply = ask(&model).await.reply.unwrap();
    assert_eq!(reply.status, 307);
    let error = model.read(b"{}", &reply).unwrap_err();
    assert_eq!(error.kind, CallErrorKind::NotFound);
    assert!(
        error.message.contains("redirects are not followed"),
        "{error}"
    );
    assert!(elsewhere.accept().is_err(), "the redirect was followed");
}

#[tokio::test]
async fn failures_have_names_and_next_steps() {
    let check = |sent: Sent, kind, words: &str, partial: &str| {
        let error = sent.error.expect(words);
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{error}");
        assert!(error.message.starts_with("127.0.0.1:"), "{error}");
        let arrived = sent.reply.map(|reply| reply.body).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&arrived), partial);
    };
    let promised = "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf";

    let (port, _server) = serve(promised.to_owned(), Then::Close).await;
    let sent = ask(&connect(&local(port), None)).await;
    check(
        sent,
        CallErrorKind::Broken,
        "broke within the answer",
        "half",
    );

    let (port, server) = serve(promised.to_owned(), Then::Hang).await;
    let sent = ask(&connect(&local(port), None)).await;
    check(
        sent,
        CallErrorKind::Timeout,
        "no further byte of the answer for 0.3 s",
        "half",
    );
    server.abort();

    let (port, server) = serve(String::new(), Then::Hang).await;
    let sent = ask(&connect(&local(port), None)).await;
    check(
        sent,
        CallErrorKind::Timeout,
        "set `stream = true` or a longer `timeouts.idle`",
        "",
    );
    server.abort();

    let (port, _server) = serve(String::new(), Then::Close).await;
    let sent = ask(&connect(&local(port), None)).await;
    check(sent, CallErrorKind::Broken, "before an answer came", "");

    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let sent = ask(&connect(&local(port), None)).await;
    check(
        sent,
        CallErrorKind::Connect,
        "connection refused; is the server up",
        "",
    );
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    let endpoint = endpoint("http://no-such-host.invalid:81/v1#m");
    let error = ask(&connect(&endpoint, None)).await.error.unwrap();
    assert_eq!(error.kind, CallErrorKind::Dns, "{error}");
    assert!(
        error.message.starts_with("no-such-host.invalid:81: "),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_speaks_no_tls() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let refusal = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        stream.write_all(refusal).await.unwrap();
        let _rest = stream.read_to_end(&mut Vec::new()).await;
    });
    let endpoint = endpoint(&format!("https://127.0.0.1:{port}/v1#m"));
    let factory = ClientFactory::new(std::slice::from_ref(&endpoint));
    let kind = match factory.connect(&endpoint, None) {
        Ok(model) => {
            let error = ask(&model).await.error.unwrap();
            assert!(error.message.contains("no TLS connection: "), "{error}");
            error.kind
        }
        // A machine without CA certificates fails earlier, and says the same.
        Err(error) => error.kind(),
    };
    assert_eq!(kind, CallErrorKind::Tls);
}

#[tokio::test]
async fn localhost_is_this_machine_whatever_dns_says() {
    let (port, _server) = serve(http("200 OK", "", ANSWER), Then::Close).await;
    let endpoint = endpoint(&format!("http://localhost:{port}/v1#m"));
    assert!(endpoint.loopback);
    let sent = ask(&connect(&endpoint, None)).await;
    assert_eq!(sent.error, None);
}

#[tokio::test]
async fn what_may_not_be_sent_opens_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut endpoint = local(port);
    // As if the host were a remote one: public samples only.
    endpoint.allow.retain(|label| *label == Sensitivity::Public);
    let model = connect(&endpoint, Some(KEY));
    for label in [Sensitivity::Private, Sensitivity::Secret] {
        let body = model.body(&question()).unwrap();
        let sent = model.send(&body, label).await;
        let error = sent.error.unwrap();
        assert_eq!(error.kind, CallErrorKind::Forbidden);
        assert!(error.message.contains(label.as_str()), "{error}");
        assert!(sent.reply.is_none());
    }
    let other = local(port.wrapping_add(1));
    let refused = ClientFactory::new(&[other])
        .connect(&endpoint, None)
        .unwrap_err();
    assert!(
        matches!(refused, ConnectError::NotNamed { .. }),
        "{refused}"
    );
    assert!(listener.accept().is_err(), "a connection was opened");
}

#[test]
fn a_key_that_cannot_be_one_is_refused_by_name() {
    let endpoint = endpoint("openai/gpt");
    let factory = ClientFactory::new(std::slice::from_ref(&endpoint));
    for key in ["", "two canaries"] {
        let error = factory
            .connect(&endpoint, Some(ApiKey::new(key)))
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("OPENAI_API_KEY") && !text.contains("canaries"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_stream_is_recorded_whole() {
    let events = "data: {\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n\ndata: [DONE]\n\n";
    let script = http("200 OK", "content-type: text/event-stream\r\n", events);
    let (port, server) = serve(script, Then::Close).await;
    let text = format!(
        "[models.m]\nbase_url = \"http://127.0.0.1:{port}\"\nmodel = \"m\"\nstream = true\n"
    );
    let file = ModelsFile::parse(&text, Path::new("models.toml")).unwrap();
    let model = connect(&resolve("m", &file, &Overrides::default()).unwrap(), None);
    let reply = ask(&model).await.reply.unwrap();
    assert_eq!(reply.body, events.as_bytes());
    assert_eq!(model.read(b"{}", &reply).unwrap().text, "4");
    let request = server.await.unwrap();
    assert!(request.contains("\"stream\":true"), "{request}");
    assert!(!request.contains("authorization"), "{request}");
}

#[tokio::test]
async fn a_key_travels_in_the_header_of_its_provider() {
    let (port, server) = serve(http("200 OK", "", ANSWER), Then::Close).await;
    let text = format!(
        "[providers.own]\nlike = \"anthropic\"\nbase_url = \"http://127.0.0.1:{port}\"\nheaders = {{ x-team = \"lab\" }}\n[models.m]\nprovider = \"own\"\nmodel = \"m\"\n"
    );
    let file = ModelsFile::parse(&text, Path::new("models.toml")).unwrap();
    let model = connect(
        &resolve("m", &file, &Overrides::default()).unwrap(),
        Some(KEY),
    );
    let sent = ask(&model).await;
    assert_eq!(sent.error, None);
    let request = server.await.unwrap().to_lowercase();
    for header in [
        format!("x-api-key: {KEY}"),
        "anthropic-version: 2023-06-01".to_owned(),
        "x-team: lab".to_owned(),
    ] {
        assert!(request.contains(&header), "{header}: {request}");
    }
    assert!(!request.contains("authorization"), "{request}");
    assert!(request.starts_with("post /messages "), "{request}");
}

#[tokio::test]
async fn a_stream_is_timed_from_its_first_thought_and_its_first_word() {
    let chunk =
        |field: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"{field}\":\"4\"}}}}]}}\n\n");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: wait\n\n";
        for part in [
            head.to_owned(),
            chunk("reasoning_content"),
            chunk("content"),
            "data: [DONE]\n\n".to_owned(),
        ] {
            stream.write_all(part.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    });
    let text = format!(
        "[models.m]\nbase_url = \"http://127.0.0.1:{port}\"\nmodel = \"m\"\nstream = true\n"
    );
    let file = ModelsFile::parse(&text, Path::new("models.toml")).unwrap();
    let model = connect(&resolve("m", &file, &Overrides::default()).unwrap(), None);
    let timing = ask(&model).await.timing;
    let (byte, thought) = (timing.first_byte.unwrap(), timing.first_reasoning.unwrap());
    let word = timing.first_answer.unwrap();
    assert!(
        byte < thought && thought < word && word < timing.end,
        "{timing:?}"
    );
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        let _head = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let megabyte = vec![b' '; 1 << 20];
        while stream.write_all(&megabyte).await.is_ok() {}
    });
    let sent = ask(&connect(&local(port), None)).await;
    let error = sent.error.unwrap();
    assert_eq!(error.kind, CallErrorKind::Malformed);
    let words = "body larger than 64 MiB";
    assert!(error.message.contains(words), "{error}");
    assert_eq!(sent.reply.unwrap().body.len(), 64 << 20);
}

#[tokio::test]
async fn this_machine_is_asked_without_ca_certificates() {
    let (port, _server) = serve(http("200 OK", "", ANSWER), Then::Close).await;
    let sent = ask(&connect(&local(port), None)).await;
    assert_eq!(sent.error, None);
    let remote = endpoint("https://llm.invalid/v1#m");
    let factory = ClientFactory::new(std::slice::from_ref(&remote));
    if let Err(error) = factory.connect(&remote, None) {
        assert_eq!(error.kind(), CallErrorKind::Tls);
        println!("{error}");
    }
}

/// The test above once more, in a process that finds no certificates.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_ca_certificates_is_told_what_is_missing() {
    let test = "http::this_machine_is_asked_without_ca_certificates";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for words in [
        "1 passed",
        "no TLS for llm.invalid:443",
        "install the system's CA",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}
