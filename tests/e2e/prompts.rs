//! Two wordings of a task on the same model: compared by `compare` and judged by gates.

use std::path::{Path, PathBuf};

use cleanbench_testkit::{Answers, FakeServer, Script, right_choice};
use serde_json::Value;

use crate::bed::{Bed, CHOICES, Done, bed_with, manifest, question, read, table};

/// A server that is right on this share of samples, always the same ones, whatever stands around their questions.
pub(crate) fn right(share: f64) -> Script {
    let choices = CHOICES.map(str::to_owned);
    let pair = |number: usize| {
        let input = question(number);
        let target = right_choice(&choices, &input).unwrap();
        let is_right = f64::from(u32::try_from(number * 37 % 100).unwrap()) < share * 100.0;
        let mut others = CHOICES.iter().filter(|choice| **choice != target);
        let answer = if is_right {
            target
        } else {
            others.next().unwrap()
        };
        let answer = answer.to_owned();
        (input, answer)
    };
    Script::answering(Answers::Map {
        pairs: (0..200).map(pair).collect(),
        default: "nothing".to_owned(),
    })
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).unwrap()
}

/// A suite whose prompt is `prompt` and whose tables end with `more`.
fn write_suite(bed: &Bed, prompt: &str, more: &str) {
    let suite = manifest("private", "choice").replace("{{ input }}", prompt);
    bed.write("suite/suite.toml", &(suite + more));
}

/// Runs the suite into `out`, with a server that is right on `share`.
fn run(bed: &Bed, server: &FakeServer, out: &str, share: f64) -> PathBuf {
    server.set_script(right(share));
    bed.run_suite(out, &[]).expect(0);
    bed.only_run(out)
}

fn compare(bed: &Bed, sides: [&str; 2], out: &str, more: &[&str]) -> Done {
    bed.run(&[&["compare", sides[0], sides[1], "-o", out], more].concat())
}

const BEFORE: &str = "{{ input }}";
const AFTER: &str = "Answer with one word.\\n{{ input }}";

/// A run in one wording and one in another, right on these shares.
fn two_wordings(samples: usize, before: f64, after: f64) -> (Bed, FakeServer, PathBuf, PathBuf) {
    let (bed, server) = bed_with(samples, right(1.0));
    write_suite(&bed, BEFORE, "");
    let base = run(&bed, &server, "base", before);
    write_suite(&bed, AFTER, "");
    let candidate = run(&bed, &server, "candidate", after);
    (bed, server, base, candidate)
}

/// Share of right answers.
pub(crate) fn share(run: &Path) -> f64 {
    let rows = table(run, "results.csv");
    let right = rows.iter().filter(|row| row["score"] == "1").count();
    f64::from(u32::try_from(right).unwrap()) / f64::from(u32::try_from(rows.len()).unwrap())
}

#[test]
fn two_prompts_are_compared_sample_by_sample_and_their_difference_is_shown() {
    let (bed, _server, base, candidate) = two_wordings(120, 0.6, 0.9);
    let done = compare(&bed, [text(&base), text(&candidate)], "cmp", &[]).expect(0);
    let mut lines = done.stdout.lines();
    assert_eq!(
        lines.next(),
        Some("prompt mode, because the same model was asked in other words")
    );
    for part in [
        "--- prompt of routing, baseline",
        "+++ prompt of routing, candidate",
        "+Answer with one word.",
    ] {
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
    }
    let folder = bed.only_run("cmp");
    let found = &table(&folder, "comparison.csv")[0];
    let truth = share(&candidate) - share(&base);
    assert_eq!(found["n"], "120");
    let delta: f64 = found["delta"].parse().unwrap();
    assert!((delta - truth).abs() < 1e-12, "{delta} {truth}");
    assert!(truth > 0.15, "{truth}");
    assert_eq!(found["verdict"], "better");
    let summary = read(&folder, "summary.md");
    assert!(summary.contains("```diff\n@@ -1,1 +1,2 @@\n"), "{summary}");
    let document: Value = serde_json::from_str(&read(&folder, "comparison.json")).unwrap();
    assert_eq!(document["format"], "cleanbench-comparison/1.2");
    assert_eq!(
        (&document["mode"], &document["reason"]),
        (&"prompt".into(), &"other_wording".into())
    );
    assert_eq!(document["rewordings"][0]["part"], "prompt");
    bed.run(&["verify", text(&folder)]).expect(0);
}

#[test]
fn regression_refuses_two_wordings_and_names_the_command_that_compares_them() {
    let (bed, _server, base, candidate) = two_wordings(12, 1.0, 1.0);
    let sides = [text(&base), text(&candidate)];
    let refused = compare(&bed, sides, "cmp", &["--mode", "regression"]).expect(66);
    let (_, command) = refused.stderr.split_once("cleanbench compare ").unwrap();
    let (command, _) = command.split_once(';').unwrap();
    assert!(command.ends_with("--mode prompt"), "{command}");
    let mut arguments = vec!["compare"];
    arguments.extend(command.split(' '));
    arguments.extend(["-o", "named"]);
    let done = bed.run(&arguments).expect(0);
    assert!(
        done.stdout.starts_with("prompt mode, as asked for\n"),
        "{}",
        done.stdout
    );
    let refused = compare(&bed, sides, "cmp", &["--mode", "choice"]).expect(66);
    assert!(refused.stderr.contains("prompt: "), "{}", refused.stderr);
}

#[test]
fn what_the_same_model_is_asked_alike_stays_a_regression_and_another_model_a_choice() {
    let (bed, server) = bed_with(12, right(1.0));
    let base = run(&bed, &server, "base", 1.0);
    let again = run(&bed, &server, "again", 1.0);
    let done = compare(&bed, [text(&base), text(&again)], "same", &[]).expect(0);
    let first = "regression mode, because the same was asked of the same model\n";
    assert!(done.stdout.starts_with(first), "{}", done.stdout);
    assert!(!done.stdout.contains("---"), "{}", done.stdout);
    bed.write(
        "models.toml",
        &format!(
            "[models.fake]\nbase_url = \"{}\"\nmodel = \"n\"\n",
            server.url()
        ),
    );
    let other = run(&bed, &server, "other", 1.0);
    let done = compare(&bed, [text(&base), text(&other)], "two", &[]).expect(0);
    let first = "choice mode, because another model answered\n";
    assert!(done.stdout.starts_with(first), "{}", done.stdout);
}

#[test]
fn sampling_model_and_what_is_right_must_be_the_same_where_wordings_are_compared() {
    let (bed, server) = bed_with(12, right(1.0));
    write_suite(&bed, BEFORE, "");
    let base = run(&bed, &server, "base", 1.0);
    let suite = manifest("private", "choice").replace(BEFORE, AFTER);
    let accept = suite.replace("[\"choice\"]", "[{ type = \"choice\", accept = \"text\" }]");
    for (name, text_of_suite, code, said) in [
        (
            "warm",
            suite.replace("temperature = 0", "temperature = 0.7"),
            66,
            "sampling.temperature: 0.0 against 0.7",
        ),
        (
            "judged",
            suite.replace("[\"choice\"]", "[\"exact\"]"),
            66,
            "scorers",
        ),
        (
            "other",
            suite.replace("\"tickets\"", "\"letters\""),
            66,
            "suite",
        ),
        ("read", accept, 0, "--- scorers of routing, baseline"),
    ] {
        bed.write("suite/suite.toml", &text_of_suite);
        let candidate = run(&bed, &server, name, 1.0);
        let out = format!("cmp-{name}");
        let done = compare(
            &bed,
            [text(&base), text(&candidate)],
            &out,
            &["--mode", "prompt"],
        )
        .expect(code);
        let all = done.stdout + &done.stderr;
        assert!(all.contains(said), "{name}: {all}");
    }
}

#[test]
fn a_corrected_target_is_set_aside_between_two_wordings_and_a_reworded_question_too() {
    let (bed, server) = bed_with(20, right(1.0));
    write_suite(&bed, BEFORE, "");
    let base = run(&bed, &server, "base", 1.0);
    write_suite(&bed, AFTER, "");
    let data = read(&bed.path("suite"), "data.jsonl");
    let mut lines: Vec<_> = data.lines().map(str::to_owned).collect();
    lines[0] = lines[0].replace("Ticket 0:", "Ticket zero:");
    let (start, target) = lines[1].rsplit_once("\"target\":").unwrap();
    let other = CHOICES
        .iter()
        .find(|choice| !target.contains(*choice))
        .unwrap();
    lines[1] = format!("{start}\"target\":\"{other}\"}}");
    lines.reverse();
    bed.write("suite/data.jsonl", &(lines.join("\n") + "\n"));
    let candidate = run(&bed, &server, "candidate", 1.0);
    let done = compare(
        &bed,
        [text(&base), text(&candidate)],
        "cmp",
        &["--format", "json"],
    )
    .expect(0);
    let counts = &json(&done)["tasks"][0]["counts"];
    assert_eq!(
        (&counts["pairs"], &counts["changed"]),
        (&18.into(), &2.into()),
        "{counts}"
    );
}

#[test]
fn a_hostile_prompt_is_harmless_and_a_long_one_is_cut_with_a_note() {
    let (bed, server) = bed_with(6, right(1.0));
    write_suite(&bed, BEFORE, "");
    let base = run(&bed, &server, "base", 1.0);
    let long: String = (0..90).map(|number| format!("Rule {number}.\\n")).collect();
    let wide = "word ".repeat(60);
    let hostile = format!("\\u001b[2J``` <img src=x>\\n{wide}\\n{long}{BEFORE}");
    write_suite(&bed, &hostile, "");
    let candidate = run(&bed, &server, "candidate", 1.0);
    let done = compare(&bed, [text(&base), text(&candidate)], "cmp", &[]).expect(0);
    let markdown = read(&bed.only_run("cmp"), "summary.md");
    for shown in [&done.stdout, &markdown] {
        assert!(
            !shown.contains('\u{1b}') && shown.contains("\\u{1b}[2J"),
            "{shown}"
        );
        assert!(
            shown.contains("more lines; the whole wording is in both"),
            "{shown}"
        );
    }
    assert!(markdown.contains("````diff\n"), "{markdown}");
    let diff = done
        .stdout
        .lines()
        .filter(|line| line.starts_with(['+', '-']));
    assert!(diff.clone().count() > 60);
    for line in diff {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

/// One server under two names, of which the second asks with another temperature.
#[test]
fn two_names_of_one_model_are_two_candidates() {
    let server = FakeServer::start(right(0.8));
    let bed = Bed::new(40);
    let entry = |name: &str, temperature: f64| {
        format!(
            "[models.{name}]\nbase_url = \"{}\"\nmodel = \"m\"\ngenerate = {{ temperature = {temperature:.1} }}\n",
            server.url()
        )
    };
    bed.write("models.toml", &(entry("cold", 0.0) + &entry("warm", 0.9)));
    bed.run(&["run", "suite", "-m", "cold", "-m", "warm", "-o", "out"])
        .expect(0);
    let run = bed.only_run("out");
    let side = |name: &str| format!("{}#{name}", text(&run));
    let (cold, warm) = (side("cold"), side("warm"));
    let done = compare(&bed, [&cold, &warm], "cmp", &[]).expect(0);
    let first = "choice mode, because the model stands under two names\n";
    assert!(done.stdout.starts_with(first), "{}", done.stdout);
    assert!(
        done.stdout
            .contains("sampling.temperature: 0.0 against 0.9"),
        "{}",
        done.stdout
    );
    let regression = compare(&bed, [&cold, &warm], "no", &["--mode", "regression"]).expect(66);
    assert!(
        regression.stderr.contains("--mode choice"),
        "{}",
        regression.stderr
    );
    compare(&bed, [&cold, &cold], "no", &[]).expect(2);
    let both = compare(&bed, [&cold, &warm], "no", &["--base-model", "warm"]).expect(2);
    assert!(both.stderr.contains("names another"), "{}", both.stderr);
    // The same over two runs, each with one of them.
    for name in ["cold", "warm"] {
        bed.run(&["run", "suite", "-m", name, "-o", name]).expect(0);
    }
    let [one, two] = ["cold", "warm"].map(|name| bed.only_run(name));
    let done = compare(&bed, [text(&one), text(&two)], "two", &[]).expect(0);
    assert!(done.stdout.starts_with(first), "{}", done.stdout);
}

/// What a gate of a second run says: its verdict, pairs and estimate.
fn gated(run: &Path) -> (String, u64, f64) {
    let gates: Value = serde_json::from_str(&read(run, "gates.json")).unwrap();
    let gate = &gates["gates"][0];
    (
        gate["verdict"].as_str().unwrap().to_owned(),
        gate["n"].as_u64().unwrap(),
        gate["estimate"].as_f64().unwrap(),
    )
}

#[test]
fn a_gate_judges_a_new_prompt_as_compare_does() {
    let gate = |mode: &str, margin: f64| {
        format!(
            "\n[[gate]]\nmetric = \"accuracy\"\ntest = \"non_inferiority\"\nmargin = {margin}\n{mode}"
        )
    };
    let prompt = "mode = \"prompt\"\n";
    let (bed, server) = bed_with(150, right(1.0));
    write_suite(&bed, BEFORE, "");
    let base = run(&bed, &server, "base", 0.9);
    let against = |out: &str, margin: f64, share: f64, mode: &str, code: i32| {
        write_suite(&bed, AFTER, &gate(mode, margin));
        server.set_script(right(share));
        let done = bed
            .run_suite(out, &["--baseline", text(&base)])
            .expect(code);
        (code != 66).then(|| bed.only_run(out)).ok_or(done.stderr)
    };
    let better = against("better", 0.1, 0.95, prompt, 0).unwrap();
    let (verdict, n, estimate) = gated(&better);
    assert_eq!((verdict.as_str(), n), ("pass", 150));
    let worse = against("worse", 0.1, 0.4, prompt, 100).unwrap();
    assert_eq!(gated(&worse).0, "fail");
    let unsure = against("unsure", 0.01, 0.9, prompt, 75).unwrap();
    assert_eq!(gated(&unsure).0, "inconclusive");
    let refused = against("refused", 0.1, 0.9, "", 66).unwrap_err();
    assert!(refused.contains("mode = \"prompt\""), "{refused}");
    let done = compare(
        &bed,
        [text(&base), text(&better)],
        "cmp",
        &["--format", "json"],
    )
    .expect(0);
    let delta = json(&done)["tasks"][0]["measured"]["complete"]["delta"]
        .as_f64()
        .unwrap();
    assert!((delta - estimate).abs() < 1e-12, "{delta} {estimate}");
    // The flips of the summary are of the same pairs.
    let summary = read(&worse, "summary.md");
    assert!(
        summary.contains("of 150 that both have an answer to"),
        "{summary}"
    );
    for run in [&better, &worse, &unsure] {
        bed.run(&["verify", text(run)]).expect(0);
    }
}

/// The baseline's answers are read as they were: they are answers to the other wording.
#[test]
fn a_gate_takes_a_new_prompt_with_a_new_way_to_read_its_answers() {
    let (bed, server) = bed_with(60, right(1.0));
    write_suite(&bed, BEFORE, "");
    let base = run(&bed, &server, "base", 0.5);
    let gate = "\n[[gate]]\nmetric = \"accuracy\"\ntest = \"superiority\"\nmode = \"prompt\"\n";
    let suite = manifest("private", "choice").replace(BEFORE, AFTER) + gate;
    let scorer = "[{ type = \"choice\", accept = \"text\" }]";
    bed.write("suite/suite.toml", &suite.replace("[\"choice\"]", scorer));
    server.set_script(right(0.9));
    bed.run_suite("out", &["--baseline", text(&base)]).expect(0);
    let run = bed.only_run("out");
    let (verdict, n, estimate) = gated(&run);
    assert_eq!((verdict.as_str(), n), ("pass", 60));
    let truth = share(&run) - share(&base);
    assert!((estimate - truth).abs() < 1e-12, "{estimate} {truth}");
    bed.run(&["verify", text(&run)]).expect(0);
}
