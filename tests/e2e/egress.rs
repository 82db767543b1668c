//! No connection goes to a host that nobody named: not by a redirect, a proxy variable, a reference in
//! a schema, or the address of a picture; and a machine without CA certificates is told so.
//!
//! The sink is a network namespace in which every IPv4 address is this machine (a `local` route for
//! all of them) and listeners write down who is called, a resolver among them. Where the system does
//! not allow one, the test says so and is content with the proxy variables pointing at a listener.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cleanbench_testkit::{FakeServer, Fault, Rule};

use crate::bed::{Bed, MODEL, answering, bed_with, manifest, wait_until};

pub(crate) const INSIDE: &str = "CLEANBENCH_TEST_INSIDE_NAMESPACE";
/// Addresses set aside for documentation (RFC 5737); nobody's.
const REDIRECTED: &str = "203.0.113.7:80";
const PROXY: &str = "203.0.113.8:3128";

/// Everything that was called: `tcp PORT` or `name NAME`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<String>>>);

impl Sink {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn listen(&self, port: u16) {
        let listener = TcpListener::bind(("0.0.0.0", port)).unwrap();
        let sink = self.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                sink.note(format!("tcp {port}"));
                drop(connection);
            }
        });
    }

    /// A resolver that knows no name and writes down which were asked for.
    pub(crate) fn resolve(&self) {
        let socket = UdpSocket::bind("0.0.0.0:53").unwrap();
        let sink = self.clone();
        std::thread::spawn(move || {
            let mut packet = [0; 512];
            while let Ok((length, asker)) = socket.recv_from(&mut packet) {
                sink.note(format!("name {}", name_in(&packet[..length])));
                // Answer bit and "no such name" (RFC 1035, section 4.1.1).
                packet[2] |= 0x80;
                packet[3] = 3;
                drop(socket.send_to(&packet[..length], asker));
            }
        });
    }
}

/// The name that a DNS query asks for.
fn name_in(packet: &[u8]) -> String {
    let mut rest = packet.get(12..).unwrap_or_default();
    let mut labels = Vec::new();
    while let [length @ 1..=63, after @ ..] = rest {
        let length = usize::from(*length);
        labels.push(String::from_utf8_lossy(&after[..length]).into_owned());
        rest = &after[length..];
    }
    labels.join(".")
}

/// Runs the test `name` of this program again in a namespace of its own. `None` where the system does
/// not allow that.
pub(crate) fn in_namespace(name: &str) -> Option<(bool, String)> {
    let script = "ip link set lo up && ip route add local 0.0.0.0/0 dev lo && exec \"$0\" \"$@\"";
    let allowed = Command::new("unshare")
        .args(["-Urn", "sh", "-c", script, "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !allowed {
        return None;
    }
    let output = Command::new("unshare")
        .args(["-Urn", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Some((output.status.success(), printed))
}

#[test]
fn nobody_unnamed_is_called() {
    match in_namespace("egress::inside_the_namespace") {
        Some((passed, printed)) => {
            assert!(passed, "{printed}");
            assert!(printed.contains("1 passed"), "{printed}");
        }
        None => eprintln!(
            "network namespaces are not allowed here: redirects and names are not checked, only proxies"
        ),
    }
}

const PROXY_VARIABLES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];

#[test]
#[ignore = "runs in a network namespace that `nobody_unnamed_is_called` makes"]
fn inside_the_namespace() {
    let inside = std::env::vars_os().any(|(name, _)| name == INSIDE);
    assert!(inside, "not in a namespace");
    let sink = Sink::default();
    sink.resolve();
    for port in [80, 443, 3128] {
        sink.listen(port);
    }
    let redirect = Fault::Redirect {
        to: format!("http://{REDIRECTED}/v1/chat/completions"),
    };
    let named = Fault::Redirect {
        to: "http://unnamed.example/v1".to_owned(),
    };
    let script = answering()
        .with_rule(Rule::always(redirect).for_share(0.2).after(10))
        .with_rule(Rule::always(named).for_share(0.2).after(10));
    let server = FakeServer::start(script);
    let bed = Bed::new(0);
    bed.write("suite/suite.toml", &manifest("public", "choice"));
    let lines: String = (0..100)
        .map(|number| {
            format!(
                "{{\"id\":\"s{number}\",\"input\":\"Number {number}: what is on http://pictures.example/{number}.png?\",\
                 \"target\":\"billing\",\"metadata\":{{\"schema\":{{\"$ref\":\"http://schemas.example/a.json\"}},\
                 \"image\":\"http://pictures.example/{number}.png\"}}}}\n"
            )
        })
        .collect();
    bed.write("suite/data.jsonl", &lines);
    bed.models(&server.url(), "");
    let mut command = bed.command(&[
        "run",
        "suite",
        "-m",
        MODEL,
        "-o",
        "out",
        "-j",
        "8",
        "--max-retries",
        "0",
    ]);
    for variable in PROXY_VARIABLES {
        command.env(variable, format!("http://{PROXY}"));
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(server.totals().requests >= 100, "{stderr}");
    for more in [&["verify", "out"][..], &["check", "suite"]] {
        bed.run(more);
    }
    refused_references(&bed);
    assert_eq!(sink.seen(), Vec::<String>::new(), "somebody was called");
    prove(&sink);
}

/// A reference out of a schema and a picture's address in a suite are refused before anything is sent.
fn refused_references(bed: &Bed) {
    let base = manifest("public", "choice");
    bed.write(
        "schema/data.jsonl",
        "{\"id\":\"a\",\"input\":\"x\",\"target\":\"billing\"}\n",
    );
    bed.write(
        "schema/answer.json",
        "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"http://schemas.example/a.json\"}}}",
    );
    let format = "response_format = { type = \"json_schema\", schema_file = \"answer.json\" }\n";
    bed.write("schema/suite.toml", &format!("{base}{format}"));
    let done = bed
        .run(&["run", "schema", "-m", MODEL, "-o", "out2"])
        .expect(65);
    assert!(done.stderr.contains("$ref"), "{}", done.stderr);
    bed.write("picture/suite.toml", &base);
    bed.write(
        "picture/data.jsonl",
        "{\"id\":\"a\",\"input\":\"x\",\"target\":\"billing\",\"images\":[\"http://pictures.example/a.png\"]}\n",
    );
    bed.run(&["run", "picture", "-m", MODEL, "-o", "out3"])
        .expect(65);
}

/// The sink does see what is called: otherwise its silence would say nothing.
fn prove(sink: &Sink) {
    let mut called = TcpStream::connect(REDIRECTED).unwrap();
    called
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    drop(called.read(&mut [0]));
    drop(TcpStream::connect(PROXY).unwrap());
    drop(("control.example", 80).to_socket_addrs());
    wait_until("the sink wrote it down", || {
        let seen = sink.seen();
        ["tcp 80", "tcp 3128"]
            .iter()
            .all(|one| seen.iter().any(|line| line == one))
            && seen
                .iter()
                .any(|line| line.starts_with("name control.example"))
    });
}

#[test]
fn proxy_variables_are_ignored() {
    let (bed, server) = bed_with(20, answering());
    bed.models(&server.url(), "timeouts = { idle = 2 }");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let arguments = [
        "run",
        "suite",
        "-m",
        MODEL,
        "-o",
        "out",
        "--max-retries",
        "0",
    ];
    let mut command = bed.command(&arguments);
    for variable in PROXY_VARIABLES {
        command.env(variable, &proxy);
    }
    assert_eq!(command.output().unwrap().status.code(), Some(0));
    assert_eq!(server.totals().requests, 20);
    assert!(listener.accept().is_err(), "the proxy was called");
}

#[test]
fn a_named_proxy_is_asked_and_nobody_else() {
    // The fake server minds the path alone, so it can stand for a proxy: requests to a host that does
    // not exist reach it.
    let (bed, proxy) = bed_with(20, answering());
    let root = proxy.url().trim_end_matches("/v1").to_owned();
    bed.models("http://llm.invalid/v1", &format!("proxy = \"{root}/\""));
    bed.write("suite/suite.toml", &manifest("public", "choice"));
    let done = bed.run_suite("out", &[]).expect(0);
    let host = root.trim_start_matches("http://");
    assert!(
        done.stderr.contains(&format!("through the proxy {host}")),
        "{}",
        done.stderr
    );
    assert_eq!(proxy.totals().requests, 20);
    let run = bed.only_run("out");
    assert!(
        crate::bed::read(&run, "run.json").contains(&root),
        "it is on record"
    );
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}

#[test]
fn https_is_tunnelled_through_a_named_proxy() {
    let (bed, _server) = bed_with(1, answering());
    bed.write("suite/suite.toml", &manifest("public", "choice"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = listener.local_addr().unwrap();
    bed.models(
        "https://llm.invalid/v1",
        &format!("proxy = \"http://{proxy}\""),
    );
    let heard = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut head = [0; 512];
        let length = connection.read(&mut head).unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let done = bed.run_suite("out", &["--max-retries", "0"]);
    let head = heard.join().unwrap();
    assert!(
        head.starts_with("CONNECT llm.invalid:443 HTTP/1.1"),
        "{head}"
    );
    assert!(
        !head.contains("Number"),
        "no question is in the open: {head}"
    );
    assert!(
        done.stderr
            .contains(&format!("llm.invalid:443 through the proxy {proxy}")),
        "{}",
        done.stderr
    );
}

#[test]
fn a_proxy_elsewhere_must_not_see_what_may_not_leave() {
    let (bed, server) = bed_with(1, answering());
    bed.models(&server.url(), "proxy = \"http://203.0.113.8:3128\"");
    let done = bed.run_suite("out", &[]).expect(66);
    assert!(done.stderr.contains("is private"), "{}", done.stderr);
    for (proxy, words) in [
        ("https://p.example:1", "must begin with http://"),
        ("socks5://p.example:1", "must begin with http"),
        ("http://u:p@p.example:1", "user name or password"),
        ("http://p.example:1/path", "must end after its port"),
    ] {
        bed.models(&server.url(), &format!("proxy = \"{proxy}\""));
        let done = bed.run_suite("out", &[]).expect(66);
        assert!(done.stderr.contains(words), "{proxy}: {}", done.stderr);
        assert!(done.stderr.contains("models.toml:"), "{}", done.stderr);
        assert!(!done.stderr.contains("u:p@"), "{}", done.stderr);
    }
    assert_eq!(server.totals().requests, 0);
}

#[test]
fn without_ca_certificates_http_works_and_https_says_why_not() {
    let (bed, server) = bed_with(5, answering());
    let without = |arguments: &[&str]| {
        let mut command = bed.command(arguments);
        command
            .env("SSL_CERT_FILE", "/nonexistent")
            .env("SSL_CERT_DIR", "/nonexistent");
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), stderr)
    };
    let (code, stderr) = without(&["run", "suite", "-m", MODEL, "-o", "out"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(server.totals().requests, 5);
    bed.models(&server.url().replace("http://", "https://"), "");
    let (code, stderr) = without(&["run", "suite", "-m", MODEL, "-o", "tls"]);
    assert_eq!(code, Some(66), "{stderr}");
    assert!(stderr.contains("CA certificates"), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(server.totals().requests, 5, "nothing more was asked");
}
