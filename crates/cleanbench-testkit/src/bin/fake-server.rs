//! `fake-server`: the fake endpoint as a process of its own, for runs across processes and for load.
//!
//! Invariant: it prints one line, the base URL, once it listens, and then serves until it is killed.
//! It refuses a script that does not parse or cannot be served.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cleanbench_testkit::{Answers, FakeServer, Options, Script};

/// A fake OpenAI-compatible server on 127.0.0.1.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Port to listen on; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// JSON file with the script; the flags below go before it.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Milliseconds before the first byte of an answer.
    #[arg(long, value_name = "MS")]
    latency_ms: Option<u64>,
    /// Answer this text always.
    #[arg(long, value_name = "TEXT", conflicts_with = "choices")]
    answer: Option<String>,
    /// Answer one of these, picked by the prompt's hash.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    choices: Option<Vec<String>>,
    /// Worker threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

impl Arguments {
    fn script(&self) -> Result<Script, cleanbench_testkit::ScriptError> {
        let mut script = match &self.script {
            Some(path) => Script::load(path)?,
            None => Script::default(),
        };
        if let Some(ms) = self.latency_ms {
            script.latency.fixed_ms = ms;
        }
        if let Some(text) = &self.answer {
            script.answers = Answers::Fixed(text.clone());
        }
        if let Some(choices) = &self.choices {
            script.answers = Answers::Hash {
                choices: choices.clone(),
                right_share: 1.0,
            };
        }
        Ok(script)
    }

    fn start(&self) -> Result<FakeServer, Box<dyn std::error::Error>> {
        let (port, threads) = (self.port, self.threads);
        Ok(FakeServer::start_with(
            self.script()?,
            Options { port, threads },
        )?)
    }
}

#[expect(clippy::print_stderr, reason = "this is where the process speaks")]
fn main() -> ExitCode {
    match Arguments::parse().start() {
        Ok(server) => {
            announce(&server);
            server.serve_on();
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("fake-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the base URL. Whoever started the process may not read it, so a closed pipe is no failure.
fn announce(server: &FakeServer) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "listening on {}", server.url()).and_then(|()| out.flush()));
}
