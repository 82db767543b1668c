//! The plain client beside the general one, and alone where only it can be looked at; the gate before both.

use std::sync::Arc;
use std::time::Duration;

use cleanbench_core::{CallErrorKind, Message, Role, Sampling};
use cleanbench_model::{KeyHeader, ModelsFile, Overrides, resolve};
use cleanbench_testkit::{FakeServer, Fault, Rule, Script};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::egress;

fn endpoint(url: &str, stream: bool) -> Endpoint {
    let file = ModelsFile::empty();
    let mut endpoint = resolve(&format!("{url}#m"), &file, &Overrides::default()).unwrap();
    endpoint.stream = stream;
    endpoint.timeouts.connect = Duration::from_millis(400);
    endpoint.timeouts.idle = Duration::from_millis(400);
    endpoint
}

fn over(wire: Wire, endpoint: &Endpoint, key: Option<ApiKey>) -> HttpModel {
    let named = Arc::new(egress::names(endpoint).collect());
    HttpModel::new(endpoint, Egress::new(named, endpoint), wire, key)
}

fn model(url: &str, stream: bool) -> HttpModel {
    let endpoint = endpoint(url, stream);
    let wire = Wire::to(&endpoint, HeaderMap::new()).unwrap();
    assert!(matches!(wire, Wire::Plain(_)));
    over(wire, &endpoint, None)
}

/// The same, over the client for TLS and proxies.
fn general(url: &str, stream: bool) -> HttpModel {
    let endpoint = endpoint(url, stream);
    let wire = Wire::general(&endpoint, HeaderMap::new()).unwrap();
    over(wire, &endpoint, None)
}

async fn ask(model: &HttpModel, text: &str) -> Sent {
    let request = Request {
        form: cleanbench_core::Form::Chat,
        messages: vec![Message::new(Role::User, text)],
        sampling: Sampling::default(),
        seed: None,
        continuations: Vec::new(),
        constraints: std::sync::Arc::default(),
        sensitivity: Sensitivity::Public,
    };
    let body = cleanbench_core::Model::body(model, &request).unwrap();
    cleanbench_core::Model::send(model, &body, Sensitivity::Public).await
}

fn every_fault() -> Vec<Fault> {
    let status = |code, retry_after| Fault::Status {
        code,
        retry_after,
        error: None,
    };
    let text = str::to_owned;
    vec![
        status(400, None),
        status(401, None),
        status(429, Some(3)),
        status(429, None),
        status(500, None),
        status(502, None),
        status(503, Some(0)),
        status(529, None),
        Fault::Html { code: 200 },
        Fault::Html { code: 502 },
        Fault::Text,
        Fault::MalformedJson,
        Fault::EmptyContent,
        Fault::NullContent,
        Fault::NoChoices,
        Fault::ContentFilter,
        Fault::Length { words: 1 },
        Fault::Reset,
        Fault::Close,
        Fault::BrokenBody,
        Fault::StreamError,
        Fault::Hang,
        Fault::Delay { ms: 100 },
        Fault::SlowDrip {
            bytes: 7,
            pause_ms: 1,
        },
        Fault::Redirect {
            to: text("http://127.0.0.1:9/v1"),
        },
        Fault::EchoPrompt { code: 400 },
        Fault::EchoAuthorization { code: 401 },
        Fault::HugeBody { mib: 3 },
        Fault::WrongType {
            content_type: text("text/html"),
        },
        Fault::ErrorInside {
            code: text("rate_limit_exceeded"),
        },
        Fault::ResetInBody,
        Fault::Truncated,
        Fault::HangInBody,
        Fault::SplitUtf8,
        Fault::DuplicateDone,
        Fault::Gzip,
    ]
}

#[tokio::test]
async fn every_fault_is_seen_as_the_general_client_sees_it() {
    let server = FakeServer::start(Script::default());
    for stream in [false, true] {
        let (plain, general) = (model(&server.url(), stream), general(&server.url(), stream));
        for fault in every_fault() {
            server.set_script(Script {
                faults: vec![Rule::always(fault.clone())],
                ..Script::default()
            });
            let (own, other) = (ask(&plain, "2+2?").await, ask(&general, "2+2?").await);
            assert_eq!(own.error, other.error, "{fault:?}, stream {stream}");
            // How much arrives before a reset is for the system to say.
            let cut = |sent: &Sent| matches!(fault, Fault::ResetInBody) && sent.error.is_some();
            if !cut(&own) {
                let reply = |sent: Sent| sent.reply.map(|reply| (reply.body.len(), reply));
                assert_eq!(reply(own), reply(other), "{fault:?}, stream {stream}");
            }
        }
    }
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let server = FakeServer::start(Script::default());
    let plain = model(&server.url(), false);
    for number in 0..20 {
        assert_eq!(ask(&plain, &format!("{number}?")).await.error, None);
    }
    assert_eq!(server.totals().connections, 1);
    server.set_script(Script {
        faults: vec![Rule::always(Fault::HangInBody)],
        ..Script::default()
    });
    assert!(ask(&plain, "?").await.error.is_some());
    server.set_script(Script::default());
    assert_eq!(ask(&plain, "?").await.error, None);
    assert_eq!(server.totals().connections, 2, "a broken one is not kept");
}

/// A server whose connections give the answers of `script` one after the other, whatever is asked, and close
/// after the last.
async fn serve(script: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                for answer in script {
                    let _request = stream.read(&mut [0; 4096]).await;
                    let _gone = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    url
}

const SHORT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_not_asked() {
    let plain = model(&serve(&[SHORT]).await, false);
    for _ in 0..5 {
        let sent = ask(&plain, "?").await;
        assert_eq!(
            (sent.error, sent.reply.unwrap().body),
            (None, b"{}".to_vec())
        );
        // Until the news of the end has come.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_are_never_an_answer() {
    const POISONED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    let plain = model(&serve(&[POISONED]).await, false);
    for _ in 0..3 {
        let sent = ask(&plain, "?").await;
        assert_eq!(
            (sent.error, sent.reply.unwrap().body),
            (None, b"{}".to_vec())
        );
    }
}

#[tokio::test]
async fn what_is_no_http_has_a_name() {
    for answer in [
        "SSH-2.0-server\r\n",
        "HTTP/1.1 101 X\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
    ] {
        let url: &'static [&'static str] = Box::leak(vec![answer].into_boxed_slice());
        let sent = ask(&model(&serve(url).await, false), "?").await;
        let error = sent.error.unwrap();
        assert!(error.message.contains("is no HTTP"), "{answer}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_early_is_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _some = stream.read(&mut [0; 1024]).await;
        let answer = "HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(answer.as_bytes()).await.unwrap();
        // Reads no more, and does not close.
        tokio::time::sleep(Duration::from_mins(1)).await;
    });
    let sent = ask(&model(&url, false), &"long ".repeat(4 << 20)).await;
    assert_eq!((sent.error, sent.reply.unwrap().status), (None, 413));
}

#[tokio::test]
async fn looking_up_passes_the_same_gate_with_the_same_key() {
    let server = FakeServer::start(Script {
        require_key: Some("sk-canary-123".to_owned()),
        ..Default::default()
    });
    let connect = |endpoint: &Endpoint| {
        let key = ApiKey::new("sk-canary-123");
        let headers = HeaderMap::from_iter(key.header(KeyHeader::Bearer));
        over(Wire::to(endpoint, headers).unwrap(), endpoint, Some(key))
    };
    let mut endpoint = endpoint(&server.url(), false);
    let sent = connect(&endpoint).look_up("/v1/models").await;
    assert_eq!(sent.reply.unwrap().status, 200);
    let connections = server.totals().connections;
    endpoint.allow.clear();
    let error = connect(&endpoint).look_up("/v1/models").await.error;
    assert_eq!(error.unwrap().kind, CallErrorKind::Forbidden);
    assert_eq!(server.totals().connections, connections);
}
