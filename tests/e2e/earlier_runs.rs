//! Runs that earlier versions of the program wrote are read, drawn and verified as they are.
//!
//! The folder `run_of_version_1_0` was written by the program before `cleanbench-run/1.2`, with three
//! samples and two epochs on a fake server, its `suite.key` included: it protects nothing.

use std::path::Path;

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
        ("\"plan\": {", "\"plan\": {\"tables\": 9,", "`tables 9`"),
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
