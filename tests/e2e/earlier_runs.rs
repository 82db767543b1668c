//! Runs that earlier versions of the program wrote are read, drawn and verified as they are.
//!
//! The folder `run_of_version_1_0` was written by the program before `cleanbench-run/1.2`, with three
//! samples and two epochs on a fake server. `run_of_tables_2`, `run_of_tables_3` and `run_of_tables_4` were written
//! by the last programs that gave new runs these versions of the tables: gates against a baseline with other targets
//! and inputs, a task that ended early, samples in quarantine, clusters, slices, two epochs, a probe; in the last of
//! them what its gates passed wrongly. `run_of_tables_5` is of the last program that did not tell by which rule an answer
//! was read: answers that it misread, in two epochs, and with several scorers. `run_of_tables_8` is of the last program that took
//! short refusals for misses, told of what hangs on silence the worst p alone, and let any reference measure bias. Their
//! `suite.key` is included: it protects nothing.

use std::path::Path;

use serde_json::Value;

use crate::bed::{Bed, copy, read, table};

#[test]
fn a_run_of_format_1_0_verifies_and_its_tables_stay_as_they_were() {
    let bed = Bed::new(1);
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/e2e/run_of_version_1_0");
    let run = bed.path("run");
    copy(&written, &run);
    assert!(read(&run, "run.json").contains("\"cleanbench-run/1.0\""));
    bed.run(&["verify", "run"]).expect(0);
    bed.run(&["report", "run"]).expect(0);
    for name in ["results.csv", "calls.csv", "summary.csv", "run.json"] {
        assert_eq!(read(&run, name), read(&written, name), "{name}");
    }
    // Two epochs: a new run would have Student's t.
    let summary = table(&run, "summary.csv").remove(0);
    assert_eq!(
        (summary["epochs"].as_str(), summary["method"].as_str()),
        ("2", "wilson")
    );
    assert!(!summary.contains_key("reducer"));
    bed.run(&["verify", "run"]).expect(0);
}

/// `report` leaves every file of a run as it is, and `verify` finds nothing.
#[track_caller]
fn stays_as_it_was(folder: &str) -> (Bed, std::path::PathBuf) {
    let bed = Bed::new(1);
    let written = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/e2e")
        .join(folder);
    let run = bed.path("run");
    copy(&written, &run);
    bed.run(&["verify", "run"]).expect(0);
    bed.run(&["report", "run"]).expect(0);
    for entry in fs_err::read_dir(&written).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            let name = entry.file_name();
            let name = name.to_str().unwrap();
            assert_eq!(read(&run, name), read(&written, name), "{folder}: {name}");
        }
    }
    bed.run(&["verify", "run"]).expect(0);
    (bed, run)
}

#[test]
fn runs_of_earlier_tables_verify_and_keep_every_file() {
    // The task that ended early after twenty samples, one of them in quarantine: its interval, and what its
    // gate made of it.
    for (folder, tables, method, verdict, n) in [
        ("run_of_tables_2", 2, "wilson", "inconclusive", 10),
        ("run_of_tables_3", 3, "betting", "pass", 19),
    ] {
        let (_bed, run) = stays_as_it_was(folder);
        let manifest: Value = serde_json::from_str(&read(&run, "run.json")).unwrap();
        assert_eq!(manifest["plan"]["tables"], tables, "{folder}");
        let rows = table(&run, "summary.csv");
        let early = rows.iter().find(|row| row["task"] == "early").unwrap();
        let cells = ["method", "n", "quarantined", "skipped"].map(|name| early[name].as_str());
        assert_eq!(cells, [method, "19", "1", "24"], "{folder}");
        let gates: Value = serde_json::from_str(&read(&run, "gates.json")).unwrap();
        let gates = gates["gates"].as_array().unwrap();
        let of_early = gates.iter().find(|gate| gate["task"] == "early").unwrap();
        assert_eq!(
            (&of_early["verdict"], &of_early["n"]),
            (&verdict.into(), &n.into()),
            "{folder}"
        );
    }
}

/// What tables 5 no longer do: bets in the order of a sorted file, whose bounds shut out the estimate; epochs that
/// were lost and helped to pass; times of the calls that were answered alone; one large cluster trusted to t.
#[test]
fn a_run_of_tables_4_keeps_its_verdicts() {
    let (_bed, run) = stays_as_it_was("run_of_tables_4");
    let gates: Value = serde_json::from_str(&read(&run, "gates.json")).unwrap();
    let gates = gates["gates"].as_array().unwrap();
    let methods = [
        "betting",
        "betting (betting)",
        "clopper_pearson",
        "order_statistics",
        "cluster_t",
    ];
    for (gate, method) in gates.iter().zip(methods) {
        assert_eq!(
            (&gate["verdict"], &gate["method"]),
            (&"pass".into(), &method.into())
        );
    }
    let sorted = &gates[0];
    assert!(
        sorted["low"].as_f64() > sorted["estimate"].as_f64(),
        "{sorted}"
    );
}

/// Its answers stay as they were read, whatever is read in them now.
#[test]
fn a_run_of_tables_5_keeps_what_it_read() {
    let (_bed, run) = stays_as_it_was("run_of_tables_5");
    let rows = table(&run, "results.csv");
    let misread = rows.iter().find(|row| row["sample"] == "l1").unwrap();
    assert_eq!(
        (misread["answer"].as_str(), misread["score"].as_str()),
        ("billing", "0")
    );
    assert!(!misread.contains_key("rule"));
    let summary = table(&run, "summary.csv").remove(0);
    assert!(!summary.contains_key("unread_share"));
    assert!(!read(&run, "summary.md").contains("could not read"));
}

/// Answers of two words ("No thanks.") stay misses, and references of unknown ability measure bias.
#[test]
fn a_run_of_tables_8_keeps_its_verdicts() {
    let (_bed, run) = stays_as_it_was("run_of_tables_8");
    let row = table(&run, "contamination.csv").remove(0);
    let cells = ["class", "controls_valid", "controls_invalid", "bias_items"]
        .map(|name| row[name].as_str());
    assert_eq!(cells, ["not_testable", "32", "16", "50"], "{row:?}");
    assert!(read(&run, "verdicts.json").contains("adjusted p 5.22e-2; not so if"));
}

#[test]
fn a_run_of_a_later_version_is_refused_by_the_name_of_what_is_newer() {
    let bed = Bed::new(1);
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/e2e/run_of_version_1_0");
    for (known, later, named) in [
        (
            "\"cleanbench-run/1.0\"",
            "\"cleanbench-run/2.0\"",
            "`cleanbench-run/2.0`",
        ),
        ("\"plan\": {", "\"plan\": {\"tables\": 10,", "`tables 10`"),
    ] {
        let run = bed.path("run");
        copy(&written, &run);
        let manifest = read(&run, "run.json");
        let changed = manifest.replacen(known, later, 1);
        assert_ne!(manifest, changed);
        bed.write("run/run.json", &changed);
        for (command, exit) in [("report", 2), ("verify", 102)] {
            let refused = bed.run(&[command, "run"]).expect(exit);
            let said = refused.stdout + &refused.stderr;
            assert!(said.contains(named), "{said}");
            assert!(said.contains("use a later cleanbench"), "{said}");
        }
        std::fs::remove_dir_all(&run).unwrap();
    }
}
