//! A process that may open few files says so, and does not ask whether the server is up.

use std::process::{Command, Stdio};

use cleanbench_testkit::{Latency, Script};

use crate::bed::{MODEL, answering, bed_with};
use crate::replay::text;

#[test]
fn a_want_of_descriptors_is_named_with_its_remedy() {
    let script = Script {
        latency: Latency {
            fixed_ms: 20,
            ..Latency::default()
        },
        ..answering()
    };
    let (bed, server) = bed_with(120, script);
    for host in ["127.0.0.1", "localhost"] {
        let port = server.url().rsplit(':').next().unwrap().to_owned();
        bed.models(&format!("http://{host}:{port}"), "");
        for files in [24, 64] {
            let limit = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
            let out = format!("{host}-{files}");
            let output = Command::new("sh")
                .args(["-c", &limit, env!("CARGO_BIN_EXE_cleanbench")])
                .args(["run", "suite", "-m", MODEL, "-o", &out, "-j", "100"])
                .current_dir(bed.path(""))
                .env_clear()
                .env("HOME", bed.path(""))
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            for part in ["may open no more files than", "`ulimit -n`", "`-j`"] {
                assert!(said.contains(part), "{out}: {said}");
            }
            assert!(!said.contains("is the server up"), "{out}: {said}");
            assert_eq!(output.status.code(), Some(0), "{out}: {said}");
            bed.run(&["verify", text(&bed.only_run(&out))]).expect(0);
        }
    }
    assert_eq!(
        server.counts().max_per_prompt,
        4,
        "each question once a run"
    );
}
