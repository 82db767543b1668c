//! What decides knows no order of rows, and nothing that is missing helps to pass.
//!
//! Each test passed a gate, or printed bounds that shut out their own estimate, before tables 5.

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, Done, bed_with, read, table};

/// How a sample is answered.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// As its target says.
    Right,
    /// With one of the two words of its target: F1 is 2/3.
    Half,
    /// With neither.
    Wrong,
    /// Not at all: the call fails.
    Lost,
    /// The first call fails, and later ones are answered right.
    LostOnce,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Right => "plainly",
            Self::Half => "partly",
            Self::Wrong => "wrongly",
            Self::Lost => "never",
            Self::LostOnce => "later",
        }
    }
}

/// A server that answers by the word of a sample's kind.
fn script() -> Script {
    let answer = |kind: Kind, answer: &str| (kind.word().to_owned(), answer.to_owned());
    let answers = Answers::Map {
        pairs: vec![answer(Kind::Half, "north"), answer(Kind::Wrong, "south")],
        default: "north gate".to_owned(),
    };
    let fails = || {
        Rule::always(Fault::Status {
            code: 400,
            retry_after: None,
            error: None,
        })
    };
    let once = fails().when_prompt_contains(Kind::LostOnce.word());
    Script::answering(answers)
        .with_rule(fails().when_prompt_contains(Kind::Lost.word()))
        .with_rule(once.times_per_prompt(1))
}

/// A sample: how it is answered, and the customer that it is of.
type Sample = (Kind, Option<usize>);

fn alone(kinds: &[Kind]) -> Vec<Sample> {
    kinds.iter().map(|kind| (*kind, None)).collect()
}

/// So many of each kind, in this order.
fn blocks(counts: &[(Kind, usize)]) -> Vec<Sample> {
    let kinds = counts.iter().flat_map(|(kind, count)| vec![*kind; *count]);
    alone(&kinds.collect::<Vec<_>>())
}

/// A suite over `samples`; `order` says at which place each stands in the file. A sample is known by its place
/// in `samples`.
fn suite(bed: &Bed, samples: &[Sample], order: &[usize], keys: &str) {
    let manifest = format!(
        "name = \"gates\"\nversion = \"1\"\n\n[[task]]\nname = \"t\"\ndata = \"data.jsonl\"\n\
         sensitivity = \"private\"\nprompt = \"{{{{ input }}}}\"\nscorers = [\"f1\"]\n{keys}\n"
    );
    bed.write("suite/suite.toml", &manifest);
    let line = |number: &usize| {
        let (kind, customer) = samples[*number];
        let of = customer.map_or(String::new(), |of| {
            format!(", \"metadata\": {{\"customer\": \"c{of}\"}}")
        });
        format!(
            "{{\"id\": \"s{number}\", \"input\": \"Answer {number} {}.\", \
             \"target\": \"north gate\"{of}}}\n",
            kind.word()
        )
    };
    bed.write(
        "suite/data.jsonl",
        &order.iter().map(line).collect::<String>(),
    );
}

fn in_place(samples: &[Sample]) -> Vec<usize> {
    (0..samples.len()).collect()
}

/// Runs the suite into `out`, verifies it, and gives its first gate.
fn judged(bed: &Bed, out: &str, more: &[&str]) -> Value {
    let Done { code, stderr, .. } = bed.run_suite(out, more);
    assert!([0, 3, 75, 100].contains(&code), "{code}: {stderr}");
    let run = bed.only_run(out);
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    let gates: Value = serde_json::from_str(&read(&run, "gates.json")).unwrap();
    gates["gates"][0].clone()
}

fn with(samples: &[Sample], keys: &str) -> (Bed, FakeServer) {
    let (bed, server) = bed_with(1, script());
    suite(&bed, samples, &in_place(samples), keys);
    (bed, server)
}

#[track_caller]
fn holds_its_estimate(gate: &Value) {
    let [low, estimate, high] =
        ["low", "estimate", "high"].map(|name| gate[name].as_f64().unwrap());
    assert!(low <= estimate && estimate <= high, "{gate}");
}

fn floor(min: &str) -> String {
    format!("\n[[gate]]\nmetric = \"accuracy\"\ntest = \"floor\"\nmin = {min}")
}

/// 79 right, one in part, 20 wrong: at .797 no floor of .85 is passed, however the file is sorted.
#[test]
fn the_order_of_a_file_decides_nothing() {
    let samples = blocks(&[(Kind::Right, 79), (Kind::Half, 1), (Kind::Wrong, 20)]);
    let (bed, _server) = bed_with(1, script());
    let forth = in_place(&samples);
    let back: Vec<_> = forth.iter().rev().copied().collect();
    let mixed: Vec<_> = forth.iter().map(|at| at * 37 % 100).collect();
    let mut found: Vec<(Value, Vec<_>)> = Vec::new();
    for (order, out) in [(forth, "forth"), (back, "back"), (mixed, "mixed")] {
        suite(&bed, &samples, &order, &floor("0.85"));
        let gate = judged(&bed, out, &[]);
        holds_its_estimate(&gate);
        assert_ne!(gate["verdict"], "pass", "{out}: {gate}");
        let summary = table(&bed.only_run(out), "summary.csv").remove(0);
        let cells = ["score", "interval_low", "interval_high", "method"];
        found.push((gate, cells.map(|name| summary[name].clone()).to_vec()));
    }
    assert!(found.iter().all(|one| *one == found[0]), "{found:#?}");
}

/// 80 answered and 20 lost are no .85, wherever the lost ones stand.
#[test]
fn lost_answers_help_nobody_to_pass() {
    for counts in [
        [(Kind::Right, 79), (Kind::Half, 1), (Kind::Lost, 20)],
        [(Kind::Lost, 20), (Kind::Half, 1), (Kind::Right, 79)],
    ] {
        let samples = blocks(&counts);
        let (bed, _server) = with(&samples, &floor("0.85"));
        let gate = judged(&bed, "out", &[]);
        assert_ne!(gate["verdict"], "pass", "{gate}");
        assert!(gate["low"].as_f64().unwrap() < 0.8, "{gate}");
        let method = gate["method"].as_str().unwrap();
        assert!(method.contains("20 missing counted either way"), "{gate}");
    }
}

/// The last forty of four hundred are lost: a loss of a tenth, where a twentieth is asked for.
#[test]
fn a_candidate_that_lost_the_last_answers_is_not_shown_to_be_no_worse() {
    let whole = blocks(&[(Kind::Right, 360), (Kind::Half, 40)]);
    let gate = "\n[[gate]]\nmetric = \"accuracy\"\ntest = \"non_inferiority\"\nmargin = 0.05";
    let (bed, server) = with(&whole, gate);
    bed.run_suite("base", &["-q"]);
    let base = bed.only_run("base");
    let fails = Rule::always(Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    });
    server.set_script(script().with_rule(fails.when_prompt_contains(Kind::Half.word())));
    let gate = judged(&bed, "out", &["--baseline", base.to_str().unwrap()]);
    assert_ne!(gate["verdict"], "pass", "{gate}");
    assert!(gate["low"].as_f64().unwrap() < -0.05, "{gate}");
}

/// Of two epochs the first is lost, of every sample: what is known is half of it.
#[test]
fn an_epoch_that_is_lost_is_missing() {
    let samples = blocks(&[(Kind::LostOnce, 60)]);
    let (bed, _server) = with(&samples, &format!("epochs = 2\n{}", floor("0.9")));
    let gate = judged(&bed, "out", &[]);
    assert_eq!(gate["verdict"], "inconclusive", "{gate}");
    assert_eq!(gate["estimate"], 1.0);
    assert!(gate["low"].as_f64().unwrap() < 0.5, "{gate}");
    let method = gate["method"].as_str().unwrap();
    assert!(method.contains("60 missing counted either way"), "{gate}");
}

/// Half of all answers are of one customer, and another twelve have a few each.
#[test]
fn one_large_cluster_passes_nothing() {
    let of = |customer: usize, kind: Kind, count: usize| vec![(kind, Some(customer)); count];
    let small = (1..13).flat_map(|customer| {
        let kind = if customer == 1 {
            Kind::Wrong
        } else {
            Kind::Right
        };
        of(customer, kind, 2)
    });
    let samples: Vec<_> = of(0, Kind::Right, 24).into_iter().chain(small).collect();
    let keys = format!("cluster = \"customer\"\n{}", floor("0.8"));
    let (bed, _server) = with(&samples, &keys);
    let gate = judged(&bed, "out", &[]);
    assert_eq!(gate["verdict"], "inconclusive", "{gate}");
    holds_its_estimate(&gate);
}

/// A tenth of the calls is never answered, so the 95th percentile has no upper bound.
#[test]
fn calls_without_an_answer_are_not_quick() {
    let samples = blocks(&[(Kind::Right, 180), (Kind::Lost, 20)]);
    let gate = "\n[[gate]]\nmetric = \"latency_p95\"\ntest = \"ceiling\"\nmax = 60000";
    let (bed, _server) = with(&samples, gate);
    let gate = judged(&bed, "out", &[]);
    assert_eq!(gate["verdict"], "inconclusive", "{gate}");
    assert!(gate["high"].is_null(), "{gate}");
}

/// A cap ended the run after 120 of 200 calls: what the others would have cost is not nothing.
#[test]
fn calls_that_were_never_made_cost_something() {
    let kinds = [Kind::Right, Kind::Right, Kind::Right, Kind::Wrong].repeat(50);
    let samples = alone(&kinds);
    let gate = "\n[[gate]]\nmetric = \"cost_per_solved\"\ntest = \"ceiling\"\nmax = 1";
    let (bed, server) = with(&samples, gate);
    let price = "price = { input = \"1\", output = \"1\", source = \"s\", date = \"2026-01-01\" }";
    bed.models(&server.url(), price);
    let whole = judged(&bed, "whole", &[]);
    assert_eq!(whole["verdict"], "pass", "{whole}");
    let part = judged(&bed, "part", &["--max-requests", "120"]);
    assert_eq!(part["verdict"], "inconclusive", "{part}");
    let message = part["message"].as_str().unwrap();
    assert!(
        message.contains("80 samples have calls that have not been made"),
        "{part}"
    );
}

/// Seventy answers are on record, and thirty samples came later: they cannot be asked, and are missing.
#[test]
fn what_a_replay_cannot_ask_is_missing() {
    let samples = blocks(&[(Kind::Right, 100)]);
    let (bed, _server) = with(&samples[..70], &floor("0.9"));
    bed.run_suite("base", &["-q"]).expect(0);
    let base = bed.only_run("base");
    suite(&bed, &samples, &in_place(&samples), &floor("0.9"));
    let gate = judged(&bed, "out", &["--replay", base.to_str().unwrap()]);
    assert_eq!(gate["verdict"], "inconclusive", "{gate}");
    let method = gate["method"].as_str().unwrap();
    assert!(method.contains("30 missing counted either way"), "{gate}");
}

/// The best of five is not the best of one.
#[test]
fn another_number_of_epochs_is_not_compared() {
    let samples = blocks(&[(Kind::Right, 60)]);
    let gate = "\n[[gate]]\nmetric = \"accuracy\"\ntest = \"superiority\"";
    let keys = |epochs: u32| format!("epochs = {epochs}\nreducer = \"max\"\n{gate}");
    let (bed, _server) = with(&samples, &keys(1));
    bed.run_suite("base", &["-q"]).expect(75);
    let base = bed.only_run("base");
    let base = base.to_str().unwrap();
    suite(&bed, &samples, &in_place(&samples), &keys(5));
    let refused = bed.run_suite("out", &["--baseline", base]);
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("epochs"), "{}", refused.stderr);
    assert!(!bed.path("out").exists() || fs_err::read_dir(bed.path("out")).unwrap().count() == 0);
    // And `compare` names it.
    suite(
        &bed,
        &samples,
        &in_place(&samples),
        &keys(5).replace(gate, ""),
    );
    bed.run_suite("five", &["-q"]).expect(0);
    let five = bed.only_run("five");
    let compared = bed.run(&["compare", base, five.to_str().unwrap()]);
    assert_ne!(compared.code, 0);
    assert!(
        compared.stderr.contains("epochs: 1 against 5"),
        "{}",
        compared.stderr
    );
}
