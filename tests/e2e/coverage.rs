//! A comparison with a baseline passes only where enough is compared, and says how much that is.
//!
//! Each of the first tests passed a gate before tables 5.

use cleanbench_testkit::{Answers, FakeServer, Script};
use serde_json::Value;

use crate::bed::{Bed, Done, bed_with, read, table};

/// A suite of so many samples, each with its own target; the targets of those of which `is_corrected` holds are other
/// ones than the model gives.
fn suite(bed: &Bed, samples: usize, is_corrected: impl Fn(usize) -> bool, gate: &str) {
    bed.write(
        "suite/suite.toml",
        &format!(
            "name = \"s\"\nversion = \"1\"\n\n[[task]]\nname = \"t\"\ndata = \"data.jsonl\"\nsensitivity = \"private\"\n\
             prompt = \"{{{{ input }}}}\"\nscorers = [\"exact\"]\n\n[[gate]]\nmetric = \"accuracy\"\n{gate}\n"
        ),
    );
    let line = |number: usize| {
        let target = if is_corrected(number) { "gate" } else { "door" };
        format!(
            "{{\"id\": \"s{number}\", \"input\": \"Sample {number}.\", \"target\": \"{target}\"}}\n"
        )
    };
    bed.write(
        "suite/data.jsonl",
        &(0..samples).map(line).collect::<String>(),
    );
}

const NO_WORSE: &str = "test = \"non_inferiority\"\nmargin = 0.1";

/// Answers "door", but "wall" to the samples with these ids.
fn wrong_on(ids: &[String]) -> Script {
    let of = |id: &String| (format!("Sample {}.", &id[1..]), "wall".to_owned());
    Script::answering(Answers::Map {
        pairs: ids.iter().map(of).collect(),
        default: "door".to_owned(),
    })
}

/// A baseline in `base` that is right on all samples, with more arguments.
fn with_base(samples: usize, gate: &str, more: &[&str]) -> (Bed, FakeServer, String) {
    let (bed, server) = bed_with(1, wrong_on(&[]));
    suite(&bed, samples, |_| false, gate);
    let mut arguments = vec!["-q"];
    arguments.extend(more);
    bed.run_suite("base", &arguments).expect(75);
    let base = bed.only_run("base").to_str().unwrap().to_owned();
    (bed, server, base)
}

/// Runs the suite into `out` against `base` and verifies it; its first gate, and the exit code.
fn judged(bed: &Bed, out: &str, base: &str, more: &[&str]) -> (Value, i32) {
    let mut arguments = vec!["--baseline", base];
    arguments.extend(more);
    let Done { code, .. } = bed.run_suite(out, &arguments);
    let run = bed.only_run(out);
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    let gates: Value = serde_json::from_str(&read(&run, "gates.json")).unwrap();
    (gates["gates"][0].clone(), code)
}

/// The baseline asked forty of four hundred, and the candidate is wrong on all others.
#[test]
fn a_small_part_of_a_suite_does_not_speak_for_the_rest() {
    let (bed, server, base) = with_base(400, NO_WORSE, &["-n", "40"]);
    let asked: Vec<_> = table(&bed.only_run("base"), "results.csv")
        .into_iter()
        .map(|row| row["sample"].clone())
        .collect();
    let others = (0..400).map(|number| format!("s{number}"));
    let others: Vec<_> = others.filter(|id| !asked.contains(id)).collect();
    assert_eq!(others.len(), 360);
    server.set_script(wrong_on(&others));
    let (gate, code) = judged(&bed, "out", &base, &[]);
    assert_eq!(
        (&gate["verdict"], code),
        (&"inconclusive".into(), 75),
        "{gate}"
    );
    assert_eq!(
        gate["coverage"],
        serde_json::json!({"pairs": 40, "of": 400})
    );
    let message = gate["message"].as_str().unwrap();
    assert!(
        message.contains("40 of 400 samples are compared"),
        "{message}"
    );
    // And the other way round: what was dropped since the baseline counts as well.
    suite(&bed, 400, |_| false, NO_WORSE);
    bed.run_suite("whole", &["-q"]).expect(75);
    let whole = bed.only_run("whole").to_str().unwrap().to_owned();
    let (gate, _) = judged(&bed, "part", &whole, &["-n", "40"]);
    assert_eq!(gate["verdict"], "inconclusive", "{gate}");
    // Who says that a tenth is enough is believed.
    let enough = format!("{NO_WORSE}\nmin_coverage = 0.1");
    suite(&bed, 400, |_| false, &enough);
    let (gate, code) = judged(&bed, "enough", &base, &[]);
    assert_eq!((&gate["verdict"], code), (&"pass".into(), 0), "{gate}");
}

/// Thirty answers are on record of a hundred that the baseline has: the others cannot be asked.
#[test]
fn what_a_replay_cannot_ask_counts_against_what_is_compared() {
    let (bed, _server, base) = with_base(100, NO_WORSE, &[]);
    bed.run_suite("part", &["-q", "-n", "70"]).expect(75);
    let part = bed.only_run("part").to_str().unwrap().to_owned();
    let (gate, _) = judged(&bed, "out", &base, &["--replay", &part]);
    assert_eq!(gate["verdict"], "inconclusive", "{gate}");
    assert_eq!(gate["coverage"]["pairs"], 70, "{gate}");
}

/// The baseline replays 60 of 192 answers, and its suite has a gate that might have ended it: it did not.
#[test]
fn a_gate_that_might_have_ended_a_task_excuses_no_replay() {
    let early = format!("{NO_WORSE}\nearly_stop = true");
    let (bed, _server, part) = with_base(192, &early, &["-n", "60"]);
    bed.run_suite("replayed", &["-q", "--replay", &part])
        .expect(75);
    let base = bed.only_run("replayed").to_str().unwrap().to_owned();
    for (gate, out) in [(NO_WORSE, "whole"), (early.as_str(), "early")] {
        suite(&bed, 192, |_| false, gate);
        let (gate, code) = judged(&bed, out, &base, &[]);
        assert_eq!(
            (&gate["verdict"], code),
            (&"inconclusive".into(), 75),
            "{gate}"
        );
        assert_eq!(
            gate["coverage"],
            serde_json::json!({"pairs": 60, "of": 192})
        );
    }
}

/// A gate that stops early does not stop on a part either, and one that did is no gap.
#[test]
fn a_task_that_ended_early_is_compared_with_what_was_reached() {
    let early = format!("{NO_WORSE}\nearly_stop = true");
    let (bed, _server, base) = with_base(400, &early, &["-n", "100"]);
    let (gate, code) = judged(&bed, "out", &base, &[]);
    assert_eq!(
        (&gate["verdict"], code),
        (&"inconclusive".into(), 75),
        "{gate}"
    );
    let (bed, _server, base) = with_base(400, &early, &[]);
    let (gate, code) = judged(&bed, "out", &base, &[]);
    assert_eq!((&gate["verdict"], code), (&"pass".into(), 0), "{gate}");
    let asked = gate["stopped_early"]["samples"].as_u64().unwrap();
    assert!(asked < 400, "{gate}");
    // That run is a baseline for the next: what neither reached is no gap.
    let first = bed.only_run("out").to_str().unwrap().to_owned();
    let (gate, code) = judged(&bed, "next", &first, &[]);
    assert_eq!((&gate["verdict"], code), (&"pass".into(), 0), "{gate}");
}

/// Eighty of two hundred targets were wrong and are corrected: both sides are judged by the right ones.
#[test]
fn a_corrected_target_judges_the_recorded_answers_of_the_baseline() {
    let (bed, server, base) = with_base(200, NO_WORSE, &[]);
    let corrected = |number: usize| number < 80;
    suite(&bed, 200, corrected, NO_WORSE);
    let (gate, code) = judged(&bed, "same", &base, &[]);
    assert_eq!((&gate["verdict"], code), (&"pass".into(), 0), "{gate}");
    assert_eq!(gate["estimate"], 0.0);
    assert_eq!(
        gate["coverage"],
        serde_json::json!({"pairs": 200, "of": 200})
    );
    let words = "the target or metadata of 80 samples changed; its recorded answers are judged by the suite as it is now";
    let run = bed.only_run("same");
    assert!(
        read(&run, "run.json").contains(words),
        "{}",
        read(&run, "run.json")
    );
    assert!(read(&run, "summary.md").contains("80 samples changed"));
    // A candidate that gives the corrected answers has won those eighty.
    let won = (0..80).map(|number| (format!("Sample {number}."), "gate".to_owned()));
    server.set_script(Script::answering(Answers::Map {
        pairs: won.collect(),
        default: "door".to_owned(),
    }));
    let (gate, _) = judged(&bed, "won", &base, &[]);
    assert_eq!(gate["estimate"], 0.4, "{gate}");
    // Another scorer is no obstacle either.
    let manifest = read(&bed.path("suite"), "suite.toml");
    bed.write("suite/suite.toml", &manifest.replace("exact", "contains"));
    let (gate, _) = judged(&bed, "scored", &base, &[]);
    assert_eq!(gate["estimate"], 0.4, "{gate}");
    let text = read(&bed.only_run("scored"), "run.json");
    assert!(text.contains("and the scorers of t changed"), "{text}");
}

/// Its payloads were left out when the baseline was copied: what cannot be judged again counts as a gap.
#[test]
fn a_baseline_that_cannot_be_judged_anew_says_so_and_passes_nothing() {
    let (bed, _server, base) = with_base(100, NO_WORSE, &[]);
    fs_err::remove_dir_all(std::path::Path::new(&base).join("payloads")).unwrap();
    suite(&bed, 100, |number| number < 20, NO_WORSE);
    let (gate, code) = judged(&bed, "out", &base, &[]);
    assert_eq!(
        (&gate["verdict"], code),
        (&"inconclusive".into(), 75),
        "{gate}"
    );
    assert_eq!(
        gate["coverage"],
        serde_json::json!({"pairs": 80, "of": 100})
    );
    let message = gate["message"].as_str().unwrap();
    assert!(
        message.contains("cleanbench score BASELINE SUITE"),
        "{message}"
    );
    let manifest = read(&bed.path("suite"), "suite.toml");
    bed.write("suite/suite.toml", &manifest.replace("exact", "contains"));
    let refused = bed.run_suite("refused", &["--baseline", &base]).expect(66);
    assert!(
        refused.stderr.contains("cleanbench score "),
        "{}",
        refused.stderr
    );
}

/// The candidate is wrong on a fifth.
#[test]
fn a_tier_says_what_a_failure_does_and_a_line_sums_up() {
    let gates = "test = \"max_drop\"\ndrop = 0.1\ntier = \"advisory\"\n\n[[gate]]\nmetric = \"accuracy\"\n\
                 test = \"max_drop\"\ndrop = 0.5\nrelative = true";
    let (bed, server, base) = with_base(200, gates, &[]);
    let lost: Vec<_> = (0..40).map(|number| format!("s{number}")).collect();
    server.set_script(wrong_on(&lost));
    let (gate, code) = judged(&bed, "out", &base, &[]);
    assert_eq!((&gate["verdict"], code), (&"fail".into(), 0), "{gate}");
    // The advisory gate is a family of its own: the other one is not corrected for it.
    let gates: Value = serde_json::from_str(&read(&bed.only_run("out"), "gates.json")).unwrap();
    let deciding = &gates["gates"][1];
    assert_eq!(deciding["verdict"], "pass", "{deciding}");
    assert_eq!(deciding["p"], deciding["adjusted_p"]);
    let message = deciding["message"].as_str().unwrap();
    assert!(
        message.contains("above 50 % of the baseline's score is shown"),
        "{message}"
    );
    let line = "gates passed: critical 1 of 1, advisory 0 of 1 (1 failed)";
    let summary = read(&bed.only_run("out"), "summary.md");
    assert!(summary.contains(line), "{summary}");
    assert!(
        summary.starts_with("# s 1: only gates that are advisory failed"),
        "{summary}"
    );
    let out = bed.run(&[
        "run",
        "suite",
        "-m",
        "fake",
        "-o",
        "again",
        "--baseline",
        &base,
    ]);
    assert!(out.stdout.contains(line), "{}", out.stdout);
    let failing = "test = \"max_drop\"\ndrop = 0.1\nrelative = true\ntier = \"supporting\"";
    suite(&bed, 200, |_| false, failing);
    let (gate, code) = judged(&bed, "failing", &base, &[]);
    assert_eq!((&gate["verdict"], code), (&"fail".into(), 100), "{gate}");
}
