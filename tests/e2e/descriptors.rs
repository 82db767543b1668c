//! A process that may open few files says so, and does not ask whether the server is up.

use std::process::{Command, Stdio};

use cleanbench_testkit::{Latency, Script};

use crate::bed::{MODEL, answering, bed_with, read};

#[test]
fn a_want_of_descriptors_is_named_with_its_remedy() {
    let script = Script {
        latency: Latency {
            fixed_ms: 300,
            ..Latency::default()
        },
        ..answering()
    };
    let (bed, server) = bed_with(200, script);
    for host in ["127.0.0.1", "localhost"] {
        let port = server.url().rsplit(':').next().unwrap().to_owned();
        bed.models(&format!("http://{host}:{port}"), "");
        let output = Command::new("sh")
            .args([
                "-c",
                "ulimit -n 40; exec \"$0\" \"$@\"",
                env!("CARGO_BIN_EXE_cleanbench"),
            ])
            .args([
                "run",
                "suite",
                "-m",
                MODEL,
                "-o",
                host,
                "-j",
                "100",
                "--max-time",
                "20s",
            ])
            .current_dir(bed.path(""))
            .env_clear()
            .env("HOME", bed.path(""))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let calls = read(&bed.only_run(host), "calls.csv");
        let all = format!("{said}\n{calls}");
        assert!(all.contains("may open no more files"), "{host}: {all}");
        assert!(all.contains("`ulimit -n`"), "{host}: {all}");
        assert!(all.contains("`-j`"), "{host}: {all}");
        assert!(!all.contains("is the server up"), "{host}: {all}");
    }
}
