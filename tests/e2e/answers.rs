//! What a run says of answers that are no plain text, of time and of token counts, and what a suite asks
//! for besides text.

use cleanbench_testkit::{Answers, Fault, Reasoning, Rule, Script};

use crate::bed::{Bed, MODEL, answering, bed_with, manifest, read, table};

/// Every kind of answer that a model which reasons may give, each by its question.
fn reasoning() -> Script {
    let again = "Wait, let me check that again. ".repeat(6);
    let pairs = [("Ticket 2:", again.as_str()), ("Ticket", "billing")];
    let script = Script {
        reasoning: Reasoning::ReasoningContent("hm".to_owned()),
        ..Script::answering(Answers::Map {
            pairs: pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
            default: String::new(),
        })
    };
    script
        .with_rule(Rule::always(Fault::Length { words: 0 }).when_prompt_contains("Ticket 0:"))
        .with_rule(Rule::always(Fault::EmptyContent).when_prompt_contains("Ticket 1:"))
}

#[test]
fn answers_without_text_are_told_apart() {
    let (bed, _server) = bed_with(5, reasoning());
    bed.write("suite/suite.toml", &manifest("private", "exact"));
    let done = bed.run_suite("out", &["--format", "json"]).expect(3);
    for words in [
        "1 answer was cut off at `max_tokens` while the model was still reasoning",
        "1 answer stands in the reasoning alone",
        "1 answer ends in a passage that is repeated",
        "2 answers came back without any text",
    ] {
        assert!(done.stderr.contains(words), "{words}: {}", done.stderr);
    }
    let run = bed.only_run("out");
    let summary = table(&run, "summary.csv").remove(0);
    for (column, expected) in [
        ("answered", "5"),
        ("empty", "2"),
        ("truncated", "1"),
        ("answers_read", "5"),
        ("truncated_thinking", "1"),
        ("truncated_thinking_rate", "0.2"),
        ("answer_in_reasoning", "1"),
        ("empty_content", "0"),
        ("empty_content_rate", "0"),
        ("looping", "1"),
        ("looping_rate", "0.2"),
        ("reasoned", "5"),
        ("reasoned_rate", "1"),
        ("with_tool_calls", "0"),
        ("usage_inconsistent", "0"),
        ("reasoning_tokens", "5"),
    ] {
        assert_eq!(summary[column], expected, "{column}");
    }
    let json: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let answers = &json["summary"][0]["answers"];
    assert_eq!(answers["n"], 5);
    assert_eq!(answers["looping"]["rate"], 0.2);
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}

#[test]
fn an_answer_of_nothing_at_all_has_a_count_of_its_own() {
    let script = answering().with_rule(Rule::always(Fault::EmptyContent));
    let (bed, _server) = bed_with(3, script);
    let done = bed.run_suite("out", &[]).expect(3);
    let summary = table(&bed.only_run("out"), "summary.csv").remove(0);
    assert_eq!(
        (&*summary["empty_content"], &*summary["reasoned"]),
        ("3", "0")
    );
    assert!(!done.stderr.contains("reasoning"), "{}", done.stderr);
}

#[test]
fn only_streamed_calls_have_a_first_token_and_few_calls_no_99th_percentile() {
    let (bed, server) = bed_with(300, answering());
    for (out, stream, limit) in [("whole", false, "300"), ("stream", true, "20")] {
        bed.models(&server.url(), &format!("stream = {stream}"));
        bed.run_suite(out, &["-n", limit]).expect(0);
        let run = bed.only_run(out);
        let calls = table(&run, "calls.csv");
        for call in &calls {
            assert_eq!(call["ttft_any_ms"].is_empty(), !stream, "{call:?}");
            assert_ne!(call["ttft_any_ms"], "0", "{call:?}");
            let [headers, end] =
                ["headers_ms", "end_ms"].map(|name| call[name].parse::<f64>().unwrap());
            assert!(headers <= end, "{call:?}");
        }
        let summary = table(&run, "summary.csv").remove(0);
        assert_eq!(summary["latency_n"], limit);
        assert_eq!(summary["ttft_any_n"], if stream { limit } else { "0" });
        assert_eq!(summary["ttft_any_p50_ms"].is_empty(), !stream);
        assert_eq!(summary["latency_p99_ms"].is_empty(), stream);
        let mut ends: Vec<f64> = calls
            .iter()
            .map(|call| call["end_ms"].parse().unwrap())
            .collect();
        ends.sort_by(f64::total_cmp);
        let middle = f64::midpoint(ends[(ends.len() - 1) / 2], ends[ends.len() / 2]);
        let median: f64 = summary["latency_p50_ms"].parse().unwrap();
        assert!((median - middle).abs() <= 0.001, "{median} {middle}");
        let header = read(&run, "results.csv");
        assert!(
            !header.lines().next().unwrap().contains("_ms"),
            "no times in results"
        );
    }
}

#[test]
fn failed_attempts_are_not_timed_and_cached_tokens_are_shared_out() {
    let limited = Rule::always(Fault::Status {
        code: 429,
        retry_after: Some(0),
        error: None,
    });
    let script = Script {
        usage: cleanbench_testkit::Usage::Cached(1),
        ..answering().with_rule(limited.times_per_prompt(1))
    };
    let (bed, _server) = bed_with(10, script);
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let summary = table(&run, "summary.csv").remove(0);
    assert_eq!(
        (&*summary["attempts"], &*summary["latency_n"]),
        ("20", "10")
    );
    assert_eq!(
        (&*summary["cached_tokens"], &*summary["cache_share_n"]),
        ("10", "10")
    );
    let share: f64 = summary["cache_share"].parse().unwrap();
    let prompt: f64 = summary["prompt_tokens"].parse().unwrap();
    assert!((share - 10.0 / prompt).abs() < 1e-12, "{share}");
}

/// The smallest picture that is one by its first bytes.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A bed whose suite asks for everything that can be asked for.
fn demanding(url: &str) -> Bed {
    let bed = Bed::new(1);
    let more = "response_format = { type = \"json_schema\", name = \"routing\", schema_file = \"s.json\", strict = true }\n\
        tools = [{ name = \"look_up\", parameters_file = \"s.json\" }]\ntool_choice = \"auto\"\nlogprobs = 2\n";
    let manifest = manifest("private", "exact")
        .replace("max_tokens = 16", "max_tokens = 16, reasoning = \"low\"");
    bed.write("suite/suite.toml", &format!("{manifest}{more}"));
    bed.write(
        "suite/s.json",
        "{\"type\": \"object\", \"properties\": {\"why\": {}, \"answer\": {}}}",
    );
    bed.write(
        "suite/data.jsonl",
        "{\"id\":\"s0\",\"input\":\"What is this?\",\"images\":[\"a\\u0007.png\"],\"target\":\"billing\"}\n",
    );
    fs_err::write(bed.path("suite/a\u{7}.png"), PNG).unwrap();
    bed.models(url, "provider = \"vllm\"\n");
    bed
}

#[test]
fn a_level_of_reasoning_that_a_provider_lacks_ends_the_run_before_it_begins() {
    let bed = demanding("http://127.0.0.1:1/v1");
    bed.models("http://127.0.0.1:1/v1", "");
    let run = bed.run_suite("out", &[]).expect(66);
    let check = bed.run(&["check", "suite", "-m", MODEL]).expect(66);
    for done in [run, check] {
        let words = "cannot be asked for `reasoning = \"low\"`";
        assert!(done.stderr.contains(words), "{}", done.stderr);
        assert!(done.stderr.contains("task `routing`"), "{}", done.stderr);
        assert!(done.stderr.contains("[providers.NAME]"), "{}", done.stderr);
    }
}

#[test]
fn check_lists_what_would_be_sent_besides_text() {
    let bed = demanding("http://127.0.0.1:1/v1");
    let done = bed.run(&["check", "suite", "-m", MODEL]).expect(0);
    let what = "1 images (8 bytes); tools look_up; tool choice auto; answers by the JSON schema routing, strict; log probabilities and 2 alternatives; reasoning low";
    for line in [
        format!("task routing asks with {what}"),
        format!("    with {what}"),
        "images, tools and schemas not counted".to_owned(),
    ] {
        assert!(done.stdout.contains(&line), "{line}:\n{}", done.stdout);
    }
    bed.write(
        "suite/data.jsonl",
        "{\"input\":\"x\",\"images\":[\"https://example.org/a.png\"],\"target\":\"billing\"}\n",
    );
    let done = bed.run(&["check", "suite"]).expect(65);
    assert!(
        done.stderr.contains("data.jsonl:1:24:")
            && done.stderr.contains("only files of the suite are sent"),
        "{}",
        done.stderr
    );
}

#[test]
fn the_plan_holds_what_is_asked_for_and_show_names_images() {
    let server = cleanbench_testkit::FakeServer::start(Script::answering(Answers::Fixed(
        "billing".to_owned(),
    )));
    let bed = demanding(&server.url());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let manifest: serde_json::Value = serde_json::from_str(&read(&run, "run.json")).unwrap();
    let model = &manifest["plan"]["models"][0];
    assert_eq!(model["effective"][0]["sent"]["reasoning_effort"], "low");
    assert_eq!(model["endpoint"]["profile"]["name"], "vllm");
    let task = &manifest["plan"]["tasks"][0];
    assert_eq!(task["constraints"], task["definition"]["constraints"]);
    assert_eq!(task["constraints"]["tools"][0]["name"], "look_up");
    assert_eq!(task["definition"]["files"][0]["images"]["count"], 1);
    let text = read(&run, "run.json");
    assert!(
        text.find("\"why\"").unwrap() < text.find("\"answer\"").unwrap(),
        "order of keys"
    );
    let shown = bed.run(&["show", run.to_str().unwrap(), "s0"]).expect(0);
    assert!(
        shown
            .stdout
            .contains("[image a\\u{7}.png, image/png, 8 bytes]"),
        "{}",
        shown.stdout
    );
    let shown = bed
        .run(&["show", run.to_str().unwrap(), "s0", "--format", "json"])
        .expect(0);
    let json: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(json[0]["messages"][0]["images"][0]["bytes"], 8);
    assert!(
        !shown.stdout.contains("iVBORw0KGgo"),
        "no bytes of images in what is printed"
    );
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}
