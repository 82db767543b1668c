//! Every judgement, with answers that should and should not pass.

use cleanbench_core::{ToolCall, Usage};
use serde_json::json;

use super::*;

fn said(text: &str) -> Completion {
    Completion {
        text: text.to_owned(),
        ..Completion::default()
    }
}

fn counted(text: &str, prompt: Option<u64>, completion: Option<u64>) -> Completion {
    Completion {
        usage: Usage {
            prompt,
            completion,
            ..Usage::default()
        },
        ..said(text)
    }
}

#[track_caller]
fn check(judged: &Assessment, verdict: Support, evidence: &str) {
    assert_eq!(judged.verdict, verdict, "{judged:?}");
    assert!(judged.evidence.contains(evidence), "{judged:?}");
    assert!(!judged.passing, "{judged:?}");
}

#[test]
fn usage_must_be_there_and_possible() {
    let of = |prompt, completion| usage(&counted("a", prompt, completion), Form::Chat);
    check(&of(Some(3), Some(1)), Support::Yes, "3 tokens");
    check(&of(None, Some(1)), Support::No, "prompt");
    check(&of(Some(0), Some(1)), Support::No, "0 tokens");
    check(&of(Some(3), None), Support::No, "answer");
    check(&of(Some(3), Some(0)), Support::No, "0 tokens");
    let mut contradictory = counted("a", Some(3), Some(1));
    contradictory.usage.inconsistent = true;
    check(
        &usage(&contradictory, Form::Chat),
        Support::No,
        "contradict",
    );
    let embedding = counted("", Some(3), None);
    check(&usage(&embedding, Form::Embedding), Support::Yes, "3");
}

#[test]
fn reasoning_is_seen_also_where_it_is_hidden() {
    check(
        &without_reasoning(&counted("7", Some(9), Some(2))),
        Support::Yes,
        "2 tokens",
    );
    check(&without_reasoning(&said("7")), Support::Yes, "no reasoning");
    check(
        &without_reasoning(&counted("7", Some(9), Some(400))),
        Support::No,
        "out of sight",
    );
    let shown = Completion {
        reasoning: Some("well".to_owned()),
        ..said("7")
    };
    check(&without_reasoning(&shown), Support::No, "well");
    let mut told = counted("7", Some(9), Some(2));
    told.usage.reasoning = Some(5);
    check(&without_reasoning(&told), Support::No, "5 tokens");
    told.usage.reasoning = Some(0);
    check(&without_reasoning(&told), Support::Yes, "");
}

#[test]
fn repeats_are_all_alike_or_not() {
    let texts = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    check(&repeats(&texts(&["a", "a", "a"])), Support::Yes, "3 times");
    check(
        &repeats(&texts(&["a", "b", "a"])),
        Support::No,
        "2 different answers in 3",
    );
    check(&repeats(&texts(&["", ""])), Support::Unclear, "empty");
    check(
        &seed(["a", "a"], &texts(&["a", "b"])),
        Support::Yes,
        "one seed",
    );
    check(
        &seed(["a", "a"], &texts(&["a", "a"])),
        Support::Unclear,
        "4 times",
    );
    check(
        &seed(["a", "b"], &texts(&["a", "a"])),
        Support::No,
        "two answers",
    );
}

#[test]
fn a_limit_is_kept_by_count_and_by_words() {
    let of = |text: &str, count, finish| {
        let completion = Completion {
            finish,
            ..counted(text, None, count)
        };
        limited(&completion, 4)
    };
    let long = "1 2 3 4 5 6 7 8 9 10";
    check(&of("1 2", Some(4), Finish::Length), Support::Yes, "4 of 4");
    check(&of(long, Some(5), Finish::Length), Support::No, "10 words");
    check(&of(long, Some(4), Finish::Length), Support::No, "10 words");
    check(&of("1 2", Some(5), Finish::Length), Support::No, "5 tokens");
    check(
        &of("1", Some(2), Finish::Stop),
        Support::Unclear,
        "by itself",
    );
    check(&of("1", None, Finish::Length), Support::Yes, "length");
    check(&of("1", None, Finish::Stop), Support::Unclear, "no count");
}

#[test]
fn an_answer_ends_at_the_stop_text_or_goes_on() {
    let sample = "The old tower shines over the bay at night";
    let stop = stop_word(sample).unwrap();
    assert_eq!((stop.word, stop.place), ("shines", 14));
    let of = |answer: &str| stopped(sample, stop, answer);
    check(&of("The old tower "), Support::Yes, "before");
    check(&of("The old tower shines"), Support::Yes, "after");
    check(&of(sample), Support::No, "goes on");
    check(&of("A young tower"), Support::Unclear, "another");
    for text in ["", "OK", "one one one", "a b c d e f"] {
        assert_eq!(stop_word(text), None, "{text}");
    }
}

#[test]
fn only_log_probabilities_count_as_such() {
    let chat = |entries: Value| json!({"choices": [{"logprobs": {"content": entries}}]});
    let entry = |logprob: Value, top: &[f64]| {
        let top: Vec<_> = top
            .iter()
            .map(|one| json!({"token": "t", "logprob": one}))
            .collect();
        json!({"token": "t", "logprob": logprob, "top_logprobs": top})
    };
    let of = |entries: Value| logprobs(&chat(entries));
    let good = json!([
        entry(json!(-0.5), &[-0.5, -1.5]),
        entry(json!(-0.1), &[-0.1])
    ]);
    check(&of(good.clone()), Support::Yes, "2 tokens, up to 2");
    assert!(ranks_fall(&chat(good)));
    check(&of(json!([])), Support::No, "none came back");
    check(
        &logprobs(&json!({"choices": [{"logprobs": null}]})),
        Support::No,
        "none came back",
    );
    check(
        &of(json!([entry(Value::Null, &[]), entry(json!(-1.0), &[])])),
        Support::No,
        "1 of 2",
    );
    let both = |number: f64| json!([entry(json!(number), &[]), entry(json!(number), &[])]);
    check(&of(both(0.0)), Support::No, "are 0");
    check(&of(both(-9999.0)), Support::No, "-9999");
    check(&of(both(0.5)), Support::No, "above 0");
    check(
        &of(json!([entry(json!(-0.1), &[-0.1, -0.2])])),
        Support::No,
        "together",
    );
    let unordered = json!([entry(json!(-2.0), &[-2.0, -0.5])]);
    check(&of(unordered.clone()), Support::Yes, "");
    assert!(!ranks_fall(&chat(unordered)));
    let columns = json!({"choices": [{"logprobs": {"token_logprobs": [-0.5, -0.25],
        "top_logprobs": [{"a": -0.5, "b": -1.0}, null]}}]});
    check(&logprobs(&columns), Support::Yes, "2 tokens, up to 2");
    let ollama = json!({"logprobs": [entry(json!(-0.5), &[-0.5])]});
    check(&logprobs(&ollama), Support::Yes, "1 tokens");
}

#[test]
fn json_must_fit_the_schema() {
    check(
        &fits_schema("{\"kind\":\"spoon\",\"millilitres\":5}"),
        Support::Yes,
        "spoon",
    );
    for text in [
        "A teaspoon stirs.",
        "```json\n{\"kind\":\"spoon\",\"millilitres\":5}\n```",
        "{\"kind\":\"fork\",\"millilitres\":5}",
        "{\"kind\":\"spoon\",\"millilitres\":\"5\"}",
        "{\"kind\":\"spoon\"}",
        "{\"kind\":\"spoon\",\"millilitres\":5,\"more\":1}",
    ] {
        check(&fits_schema(text), Support::No, "");
    }
}

#[test]
fn a_call_needs_the_tool_and_its_arguments() {
    let of = |name: &str, arguments: &str| {
        let call = ToolCall {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        };
        let completion = Completion {
            tool_calls: vec![call],
            ..Completion::default()
        };
        asks_for_tool(&completion, "t")
    };
    check(&of("t", "{\"city\":\"Oslo\"}"), Support::Yes, "Oslo");
    check(&of("u", "{\"city\":\"Oslo\"}"), Support::No, "no tool");
    check(&of("t", "{\"town\":\"Oslo\"}"), Support::No, "arguments");
    check(&of("t", "Oslo"), Support::No, "arguments");
    check(
        &asks_for_tool(&said("12 degrees"), "t"),
        Support::No,
        "text",
    );
}

#[test]
fn a_beginning_is_gone_on_with_or_not() {
    check(&goes_on("en, six"), Support::Yes, "en, six");
    check(&goes_on(", six, five"), Support::Yes, "six");
    check(&goes_on("Nine, eight, seven"), Support::No, "anew");
    check(&goes_on("nine, eight, seven"), Support::No, "anew");
    check(&goes_on("Sure! Nine"), Support::No, "anew");
    check(&goes_on("seven, six"), Support::Unclear, "seven");
    check(&goes_on(" "), Support::Unclear, "empty");
}

#[test]
fn a_sentence_must_be_likelier_than_its_words_in_disorder() {
    let nats = |total: f64| Likelihood {
        logprobs: vec![total / 2.0, total / 2.0],
        bytes: 9,
    };
    let of = |ordered, shuffled| weighed(&nats(ordered), &nats(shuffled));
    check(&of(-50.0, -90.0), Support::Yes, "-50.0 nats over 2 tokens");
    check(&of(-90.0, -50.0), Support::No, "not a model's");
    check(&of(-9.0, -9.0), Support::No, "not a model's");
}
