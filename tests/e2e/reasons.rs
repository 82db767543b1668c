//! Why calls got no answer is told at the end of a run: grouped, counted, and with no advice that cannot help.

use cleanbench_testkit::{Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Done, answering, bed_with, read};

fn said(code: u16, message: &str) -> Fault {
    let body = serde_json::json!({"error": {"message": message, "type": "invalid_request_error"}});
    Fault::Verbatim {
        code,
        content_type: "application/json".to_owned(),
        pieces: vec![body.to_string()],
    }
}

fn too_long(tokens: usize) -> Fault {
    let message = format!(
        "This model's maximum context length is 4096 tokens. However, you requested {tokens} tokens (request req-{tokens}x)."
    );
    said(400, &message)
}

/// A script that answers, but for the questions of `numbers`, each of which gets its own `fault`.
fn failing(numbers: &[usize], fault: fn(usize) -> Fault) -> Script {
    numbers.iter().fold(answering(), |script, number| {
        let text = format!("Ticket {number}:");
        let rule = Rule::always(fault(5_000 + number));
        script.with_rule(rule.when_prompt_contains(&text))
    })
}

#[track_caller]
fn check(done: &Done, words: &[&str], absent: &[&str]) {
    for word in words {
        assert!(done.stderr.contains(word), "{word}: {}", done.stderr);
    }
    for word in absent {
        assert!(!done.stderr.contains(word), "{word}: {}", done.stderr);
    }
}

#[test]
fn the_reason_of_one_three_and_sixty_failed_calls_is_told_once() {
    let sixty: Vec<usize> = (0..60).collect();
    let one = "× HTTP 400, the prompt does not fit the model's context: \"This model's maximum context length is 4096 tokens. \
               However, you requested ";
    for (numbers, varying) in [
        (&[7][..], "5007 tokens (request req-5007x)"),
        (&[7, 8, 9][..], "… tokens (request …)"),
        (&sixty[..], "… tokens (request …)"),
    ] {
        for quiet in [&[][..], &["-q"]] {
            let (bed, _server) = bed_with(70, failing(numbers, too_long));
            let done = bed.run_suite("out", quiet).expect(3);
            let count = numbers.len();
            let line = format!("warning: {count} {one}{varying}");
            check(
                &done,
                &[&line, "the same way"],
                &["--retry-errors", "more reason"],
            );
            assert_eq!(done.stderr.matches(" × ").count(), 1, "{}", done.stderr);
        }
    }
}

#[test]
fn the_longest_groups_come_first_and_the_others_are_counted() {
    let script = |number: usize| match number % 5_000 {
        0..6 => said(400, "the picture is broken"),
        6..11 => said(422, "no such tool"),
        11..15 => said(500, "the disk is full"),
        15..18 => said(418, "the pot is empty"),
        _ => said(400, "\u{1b}[31mthe \u{202e}ink is out"),
    };
    let numbers: Vec<usize> = (0..20).collect();
    let (bed, _server) = bed_with(40, failing(&numbers, script));
    let done = bed.run_suite("out", &["--max-retries", "0"]).expect(3);
    check(
        &done,
        &[
            "6 × HTTP 400, it rejects the request: \"the picture is broken\"",
            "5 × HTTP 422",
            "4 × HTTP 500",
            "and 2 more reasons, of 5 calls",
            "--retry-errors (16 of them would end the same way",
        ],
        &["ink", "pot", "\u{1b}", "\u{202e}"],
    );
    let order = ["6 × ", "5 × ", "4 × "].map(|word| done.stderr.find(word).unwrap());
    assert!(order.is_sorted(), "{}", done.stderr);
}

#[test]
fn foreign_words_in_a_reason_are_escaped_and_none_are_told_where_nothing_failed() {
    let hostile = |_| said(400, "\u{1b}[31mred \u{202e}ink\n::error::bad");
    let (bed, _server) = bed_with(5, failing(&[1], hostile));
    let done = bed.run_suite("out", &["--format", "json"]).expect(3);
    check(
        &done,
        &["1 × HTTP 400"],
        &["\u{1b}", "\u{202e}", "\n::error"],
    );
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(document["failures"][0]["count"], 1);
    assert_eq!(document["failures"][0]["may_pass"], false);
    let (bed, _server) = bed_with(5, answering());
    let done = bed.run_suite("out", &[]).expect(0);
    check(&done, &[], &[" × "]);
    // Nothing of it is in the tables, which earlier versions wrote without it.
    assert!(!read(&bed.only_run("out"), "summary.md").contains(" × "));
}
