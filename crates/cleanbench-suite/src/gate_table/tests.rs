//! Every kind of gate, and every mistake with its place.

use std::path::Path;

use super::*;
use crate::diagnostic::Document;
use crate::log::Log;
use crate::manifest;

/// A suite of two tasks with these gates. Places count from the first line of `gates`.
fn read(gates: &str) -> (Vec<Gate>, Vec<String>) {
    let task = |name: &str| {
        format!("[[task]]\nname = \"{name}\"\ndata = \"{name}.jsonl\"\nscorers = [\"exact\"]\n")
    };
    let text = format!(
        "name = \"s\"\nversion = \"1\"\n{}{}{gates}",
        task("routing"),
        task("summary")
    );
    let document = Document {
        path: Path::new("suite.toml"),
        text: &text,
        line: 1,
        column: 0,
    };
    let mut log = Log::default();
    let manifest = manifest::read(document, &mut log).unwrap();
    let faults = log.finish().into_iter().map(|fault| {
        let hint = fault.hint.unwrap_or_default();
        let place = format!("{}:{}", fault.line - 10, fault.column);
        format!("{place}: {} ({hint})", fault.message)
    });
    (manifest.gates, faults.collect())
}

#[test]
fn every_kind_of_gate_is_read_with_its_defaults() {
    let (gates, faults) = read(
        "[[gate]]\ntask = \"routing\"\nmetric = \"score\"\ntest = \"floor\"\nmin = 0.8\n\
         [[gate]]\ntask = [\"summary\", \"routing\"]\nmetric = \"accuracy\"\ntest = \"non_inferiority\"\nmargin = 0.03\nalpha = 0.025\nmin_items = 200\nmode = \"choice\"\non_inconclusive = \"warn\"\n\
         [[gate]]\nmetric = \"accuracy\"\ntest = \"max_drop\"\ndrop = 0.05\non_inconclusive = \"fail\"\n\
         [[gate]]\nmetric = \"accuracy\"\ntest = \"superiority\"\n\
         [[gate]]\nmetric = \"cost_per_solved\"\ntest = \"ceiling\"\nmax = 2\n\
         [[gate]]\nmetric = \"latency_p95\"\ntest = \"ceiling\"\nmax = 8000\n\
         [[gate]]\nmetric = \"error_rate\"\ntest = \"ceiling\"\nmax = 0.02\n\
         [[gate]]\nmetric = \"extraction_failure_rate\"\ntest = \"ceiling\"\nmax = 0.01\n\
         [[gate]]\nmetric = \"contamination\"\nat_most = \"no_evidence\"\n",
    );
    assert_eq!(faults, Vec::<String>::new());
    let tests: Vec<_> = gates.iter().map(|gate| (gate.metric, gate.test)).collect();
    let worst = WorstExposure::NoEvidence;
    let expected = [
        (Metric::Accuracy, GateTest::Floor { min: 0.8 }),
        (Metric::Accuracy, GateTest::non_inferiority(0.03)),
        (Metric::Accuracy, GateTest::max_drop(0.05)),
        (Metric::Accuracy, GateTest::Superiority),
        (Metric::CostPerSolved, GateTest::Ceiling { max: 2.0 }),
        (Metric::LatencyP95, GateTest::Ceiling { max: 8000.0 }),
        (Metric::ErrorRate, GateTest::Ceiling { max: 0.02 }),
        (
            Metric::ExtractionFailureRate,
            GateTest::Ceiling { max: 0.01 },
        ),
        (Metric::Contamination, GateTest::AtMost { worst }),
    ];
    assert_eq!(tests, expected);
    assert_eq!(gates[0].tasks, ["routing"]);
    assert_eq!((gates[0].alpha, gates[0].min_items), (0.05, 0));
    let second = Gate {
        tasks: vec!["summary".to_owned(), "routing".to_owned()],
        metric: Metric::Accuracy,
        test: GateTest::non_inferiority(0.03),
        alpha: 0.025,
        min_items: 200,
        mode: GateMode::Choice,
        on_inconclusive: OnInconclusive::Warn,
        early_stop: false,
        tier: Tier::Critical,
        min_coverage: USUAL_COVERAGE,
    };
    assert_eq!(gates[1], second);
    assert_eq!(gates[2].on_inconclusive, OnInconclusive::Fail);
    assert_eq!(
        gates[3].tasks,
        ["routing", "summary"],
        "left out: every task"
    );
}

#[test]
fn a_gate_may_say_how_much_hangs_on_it_and_measure_from_the_baseline() {
    let (gates, faults) = read(
        "[[gate]]\nmetric = \"accuracy\"\ntest = \"max_drop\"\ndrop = 0.05\nrelative = true\ntier = \"supporting\"\nmin_coverage = 1\n",
    );
    assert_eq!(faults, Vec::<String>::new());
    let drop = GateTest::MaxDrop {
        drop: 0.05,
        relative: true,
    };
    assert_eq!(gates[0].test, drop);
    assert_eq!(
        (gates[0].tier, gates[0].min_coverage),
        (Tier::Supporting, 1.0)
    );
}

/// A gate with one mistake, and what is said of it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "metric = \"accuracy\"",
        "1:1: the gate has no `test` (for this metric: floor, max_drop, superiority, non_inferiority)",
    ),
    (
        "test = \"floor\"\nmin = 0.8",
        "1:1: the gate has no `metric` (it is one of accuracy, cost_per_solved, latency_p95, error_rate, extraction_failure_rate, contamination)",
    ),
    (
        "metric = \"acuracy\"\ntest = \"floor\"\nmin = 0.8",
        "2:10: unknown `metric` `acuracy` (it is one of accuracy, cost_per_solved, latency_p95, error_rate, extraction_failure_rate, contamination, score)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"flor\"\nmin = 0.8",
        "3:8: unknown `test` `flor` (it is one of floor, ceiling, max_drop, superiority, non_inferiority, at_most)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"ceiling\"\nmax = 0.8",
        "3:8: `ceiling` does not go with `accuracy` (tests of `accuracy`: floor, max_drop, superiority, non_inferiority)",
    ),
    (
        "metric = \"error_rate\"\ntest = \"floor\"\nmin = 0.1",
        "3:8: `floor` does not go with `error_rate` (tests of `error_rate`: ceiling)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"floor\"",
        "3:8: `test = \"floor\"` needs `min` (as in `min = 0.8`)",
    ),
    (
        "metric = \"latency_p95\"\ntest = \"ceiling\"",
        "3:8: `test = \"ceiling\"` needs `max` (in milliseconds, as in `max = 8000`)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"floor\"\nmin = 80",
        "4:7: `min` must be above 0 and below 1, found 80 (a share, not a percentage: 80 % is 0.8)",
    ),
    (
        "metric = \"error_rate\"\ntest = \"ceiling\"\nmax = 0",
        "4:7: `max` must be above 0 and below 1, found 0 (no number of samples can show that a rate is exactly 0 or 1)",
    ),
    (
        "metric = \"cost_per_solved\"\ntest = \"ceiling\"\nmax = -1",
        "4:7: `max` must be above 0, found -1 ()",
    ),
    (
        "metric = \"accuracy\"\ntest = \"floor\"\nmin = \"80%\"",
        "4:7: `min` must be a number, found a string ()",
    ),
    (
        "metric = \"accuracy\"\ntest = \"floor\"\nmin = 0.8\nmargin = 0.1",
        "5:10: `margin` does nothing with `test = \"floor\"` (it belongs to `test = \"non_inferiority\"`)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"superiority\"\nalpha = 0.7",
        "4:9: `alpha` must be above 0 and below 0.5, found 0.7 ()",
    ),
    (
        "metric = \"accuracy\"\ntest = \"floor\"\nmin = 0.8\nmode = \"choice\"",
        "5:1: `mode` does nothing with `test = \"floor\"` (it is for tests that compare with a baseline: max_drop, superiority, non_inferiority)",
    ),
    (
        "metric = \"error_rate\"\ntest = \"ceiling\"\nmax = 0.1\nearly_stop = true",
        "5:1: `early_stop` does nothing with `test = \"ceiling\"` (it is for floor, superiority and non_inferiority of the accuracy)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"floor\"\nmin = 0.8\nmin_coverage = 0.9",
        "5:1: `min_coverage` does nothing with `test = \"floor\"` (it is for tests that compare with a baseline: max_drop, superiority, non_inferiority)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"superiority\"\nmin_coverage = 0",
        "4:16: `min_coverage` must be above 0 and at most 1, found 0 ()",
    ),
    (
        "metric = \"accuracy\"\ntest = \"superiority\"\nrelative = true",
        "4:1: `relative` does nothing with `test = \"superiority\"` (it makes the `drop` or `margin` of max_drop and non_inferiority a share of the baseline's score)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"non_inferiority\"\nmargin = 0.05\nrelative = true\nearly_stop = true",
        "5:1: `relative` does not go with `early_stop` (a gate that stops early has a margin in points of score)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"superiority\"\ntier = \"vital\"",
        "4:8: unknown `tier` `vital` (it is one of critical, supporting, advisory)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"superiority\"\ntier = \"advisory\"\non_inconclusive = \"fail\"",
        "5:1: `on_inconclusive` does nothing with `tier = \"advisory\"` (an advisory gate is told and never changes the exit code)",
    ),
    (
        "metric = \"contamination\"",
        "2:10: a gate on contamination needs `at_most` (the worst class that passes, as in `at_most = \"no_evidence\"`)",
    ),
    (
        "metric = \"contamination\"\nat_most = \"not_assessed\"",
        "3:11: unknown `at_most` `not_assessed` (it is one of no_evidence, suspected, strong)",
    ),
    (
        "metric = \"contamination\"\nat_most = \"strong\"\nalpha = 0.1",
        "4:1: `alpha` does nothing with `test = \"at_most\"` (the classes of exposure have error rates of their own)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"superiority\"\non_inconclusive = \"rerun\"",
        "4:19: unknown `on_inconclusive` `rerun` (it is one of fail, warn)",
    ),
    (
        "metric = \"accuracy\"\ntest = \"superiority\"\nmin_items = 0",
        "4:13: `min_items` must be from 1 to 4294967295, found 0 ()",
    ),
    (
        "metric = \"accuracy\"\ntest = \"superiority\"\nmargn = 0.1",
        "4:1: unknown key `margn` in a gate (did you mean `margin`?)",
    ),
    (
        "task = \"rooting\"\nmetric = \"accuracy\"\ntest = \"superiority\"",
        "2:8: the suite has no task `rooting` (did you mean `routing`? its tasks: `routing`, `summary`)",
    ),
    (
        "task = [\"routing\", \"routing\"]\nmetric = \"accuracy\"\ntest = \"superiority\"",
        "2:20: the task `routing` stands there twice ()",
    ),
    (
        "task = []\nmetric = \"accuracy\"\ntest = \"superiority\"",
        "2:8: `task` is empty (leave it out for all tasks)",
    ),
    (
        "task = 3\nmetric = \"accuracy\"\ntest = \"superiority\"",
        "2:8: `task` must be a string, found an integer ()",
    ),
];

#[test]
fn every_mistake_has_its_place_and_a_way_out() {
    for (gate, expected) in MISTAKES {
        let (_, faults) = read(&format!("[[gate]]\n{gate}\n"));
        assert_eq!(faults, [*expected], "{gate}");
    }
    let twice = "[[gate]]\nmetric = \"accuracy\"\ntest = \"superiority\"\n".repeat(2);
    let (_, faults) = read(&twice);
    assert_eq!(
        faults,
        ["4:1: the same gate stands there twice (remove one of them)"]
    );
    let (_, faults) = read(
        "[[gate]]\nmetric = \"accuracy\"\ntest = \"superiority\"\nearly_stop = true\n[[gate]]\ntask = \"summary\"\nmetric = \"error_rate\"\ntest = \"ceiling\"\nmax = 0.1\n",
    );
    assert_eq!(
        faults,
        [
            "5:1: the task `summary` ends early by another gate (this gate needs all of its samples: put `early_stop` into both, or into none)"
        ]
    );
    let (_, faults) = read("gate = 1\n");
    assert!(faults[0].contains("gate"), "{faults:?}");
}
