//! Every exit code of the table in `--help`, and which one wins where several apply.

use std::path::Path;
use std::process::Command;

use cleanbench_testkit::{FakeServer, Fault, Latency, Rule, Script};

use crate::bed::{Bed, MODEL, answering, bed_with, copy, signal, wait, wait_until};
use crate::gates::gate;

const FLOOR: &str = "metric = \"accuracy\"; test = \"floor\"; min = ";
const SLOWEST: &str = "metric = \"latency_p95\"; test = \"ceiling\"; max = 0.001";
const EXPOSED: &str = "metric = \"contamination\"; at_most = \"no_evidence\"";

/// A server that refuses this share of all samples for good.
fn refusing(share: f64) -> Script {
    let refused = Rule::always(Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    });
    answering().with_rule(refused.for_share(share))
}

#[test]
fn help_lists_the_codes_and_usage_is_2() {
    let bed = Bed::new(1);
    let help = bed.run(&["--help"]).expect(0);
    for code in [
        "0", "1", "2", "3", "4", "65", "66", "69", "73", "75", "100", "101", "102", "130",
    ] {
        let listed = help
            .stdout
            .lines()
            .any(|line| line.split_whitespace().next() == Some(code));
        assert!(listed, "{code}");
    }
    bed.run(&["run", "--no-such-flag"]).expect(2);
    bed.run(&["run", "suite", "--baseline-model", "m"])
        .expect(2);
}

/// No input leads to a panic, but a machine that gives no threads does: the pool that draws tables cannot
/// be made then. It ends with 1, not with the code of a panicking Rust program, which would be 101 and mean
/// a failed gate.
#[test]
fn a_bug_is_1_and_looks_like_no_gate() {
    let (bed, _server) = bed_with(5, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 600000; exec \"$0\" report \"$1\""])
        .arg(env!("CARGO_BIN_EXE_cleanbench"))
        .arg(&run)
        .env("RAYON_NUM_THREADS", "4000")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("internal error"), "{said}");
}

#[test]
fn what_forbids_a_run_has_codes_of_its_own() {
    let (bed, server) = bed_with(5, answering());
    bed.run_suite("out", &["-t", "no-such-task"]).expect(4);
    bed.run(&["run", "suite", "-m", "no-such-model"]).expect(66);
    bed.write("file", "");
    bed.run_suite("file", &[]).expect(73);
    gate(&bed, &[&format!("{FLOOR}80")]);
    bed.run_suite("out", &[]).expect(65);
    assert_eq!(server.totals().requests, 0);
}

#[test]
fn all_that_one_run_can_end_with_is_ranked() {
    // 0: everything is answered and the gate passes.
    let (bed, server) = bed_with(120, answering());
    let passes = format!("{FLOOR}0.5");
    let (open, fails) = (format!("{FLOOR}0.8"), format!("{FLOOR}0.99"));
    gate(&bed, &[&passes]);
    bed.run_suite("done", &[]).expect(0);
    // 3 beats 0: some are unanswered, and the gate passes all the same.
    server.set_script(refusing(0.05));
    bed.run_suite("unanswered", &["--no-cache"]).expect(3);
    // 75 beats 3.
    gate(&bed, &[&passes, &open]);
    bed.run_suite("inconclusive", &["--no-cache"]).expect(75);
    // 75 for a cap, whatever the gates.
    gate(&bed, &[&format!("{FLOOR}0.01")]);
    bed.run_suite("capped", &["--no-cache", "--max-requests", "60"])
        .expect(75);
    // 100 beats 75 and 3.
    gate(&bed, &[&open, &fails]);
    bed.run_suite("failed", &["--no-cache"]).expect(100);
    // 100 beats 75 for a cap.
    gate(&bed, &[SLOWEST]);
    bed.run_suite("slow", &["--no-cache", "--max-requests", "100"])
        .expect(100);
    // 69 beats 100: one model fails its gate, the other's endpoint is not there.
    let gone = FakeServer::start(answering());
    let url = gone.url();
    drop(gone);
    let models = format!(
        "[models.{MODEL}]\nbase_url = \"{}\"\nmodel = \"m\"\n[models.gone]\nbase_url = \"{url}\"\nmodel = \"m\"\n",
        server.url()
    );
    bed.write("models.toml", &models);
    bed.run_suite(
        "refused",
        &["--no-cache", "-m", "gone", "--max-retries", "0"],
    )
    .expect(69);
}

#[test]
fn an_interruption_beats_a_failed_gate_and_verification_has_102() {
    let latency = Latency {
        fixed_ms: 4,
        ..Latency::default()
    };
    let (bed, server) = bed_with(
        3000,
        Script {
            latency,
            ..answering()
        },
    );
    gate(&bed, &[SLOWEST]);
    let child = bed.start(&["run", "suite", "-m", MODEL, "-o", "out", "-j", "8"]);
    wait_until("some are answered", || server.totals().requests > 300);
    signal(&child, "INT");
    let done = wait(child).expect(130);
    let run = bed.only_run("out");
    assert!(
        done.stdout.contains("fail"),
        "the gate is judged all the same: {}",
        done.stdout
    );
    let gates = crate::bed::read(&run, "gates.json");
    assert!(gates.contains("\"verdict\": \"fail\""), "{gates}");
    fs_err::write(
        run.join("gates.json"),
        gates.replace("\"fail\"", "\"pass\""),
    )
    .unwrap();
    bed.run(&["verify", run.to_str().unwrap()]).expect(102);
}

#[test]
fn a_leaked_model_fails_its_own_gate_and_every_other_failure_stands_above_it() {
    let bed = Bed::new(1);
    let tasks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tasks/quickstart");
    copy(&tasks, &bed.path("quickstart"));
    let suite = fs_err::read_to_string(bed.path("quickstart/suite.toml")).unwrap();
    let run = |out: &str, gates: &[&str], more: &[&str]| {
        let tables: String = gates
            .iter()
            .map(|gate| format!("\n[[gate]]\n{}\n", gate.replace("; ", "\n")))
            .collect();
        bed.write("quickstart/suite.toml", &format!("{suite}{tables}"));
        bed.run(
            &[
                &["run", "quickstart", "-o", out, "-m", "embedded/leaked"],
                more,
            ]
            .concat(),
        )
    };
    let exposed = format!("task = \"benchmark\"; {EXPOSED}");
    // 101 beats 75: a task without probes is not assessed, which is no pass.
    run(
        "both",
        &[&exposed, &format!("task = \"siblings\"; {EXPOSED}")],
        &[],
    )
    .expect(101);
    let asked = bed.only_run("both");
    // 100 beats 101. The same answers, as it takes long to work them out.
    run(
        "failed",
        &[&exposed, &format!("task = \"benchmark\"; {FLOOR}0.999")],
        &["--replay", asked.to_str().unwrap()],
    )
    .expect(100);
}
