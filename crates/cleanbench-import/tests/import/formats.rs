//! A small log of each format, and what of it arrives.

use serde_json::{Value, json};
use zip::CompressionMethod;

use crate::bed::{Bed, inspect_log, lines, of, told, zipped};

#[test]
fn an_inspect_log_keeps_scores_errors_and_what_is_missing_apart() {
    let imported = of("log.json", inspect_log().to_string()).unwrap();
    assert_eq!(imported.tool, "inspect_ai 0.3.1");
    assert_eq!(
        told(&imported),
        ["sums-easy 1 maker/m 1 1", "sums-easy b maker/m 1 it broke"]
    );
    let task = &imported.tasks[0];
    // A grade of 7 is no score from 0 to 1, and the scorer is none of this run.
    assert_eq!(task.recorded, ["match"]);
    assert_eq!(task.samples.len(), 3);
    let sample = &task.samples[0];
    let said: Vec<_> = sample
        .messages
        .iter()
        .map(|message| message.content.as_str())
        .collect();
    assert_eq!(said, ["Be brief.", "2 + 2?"]);
    let record = &sample.answers[0].record;
    assert_eq!(record.text.as_deref(), Some("4"));
    assert_eq!(record.reasoning.as_deref(), Some("hm"));
    assert_eq!(
        (record.usage.prompt, record.usage.cached),
        (Some(8), Some(5))
    );
    assert_eq!((imported.agreeing, imported.differences.len()), (1, 0));
    let cannot = imported.cannot_tell.join("\n");
    for what in [
        "1 × answer that the log does not have",
        "`grade` are left out: 2 of 2",
    ] {
        assert!(cannot.contains(what), "{cannot}");
    }
}

#[test]
fn an_archive_is_read_whole_and_in_chunks_deflated_and_as_zstd() {
    let log = inspect_log();
    let mut header = log.clone();
    header.as_object_mut().unwrap().remove("samples");
    let samples = log["samples"].as_array().unwrap();
    let mut shell = samples[0].clone();
    let messages = shell.as_object_mut().unwrap().remove("messages").unwrap();
    shell["message_refs"] = json!([[0, 1], [2, 3], [1, 2]]);
    shell.as_object_mut().unwrap().remove("attachments");
    let text = shell.to_string();
    let messages = messages
        .to_string()
        .replace("attachment://q", "attachment://0");
    let messages: Vec<Value> = serde_json::from_str(&messages).unwrap();
    let pool = [&messages[0], &messages[2], &messages[1]];
    for how in [
        CompressionMethod::Deflated,
        CompressionMethod::Zstd,
        CompressionMethod::Stored,
    ] {
        let entries = [
            ("header.json", header.to_string()),
            ("samples/1_epoch_1/sample.json", text.clone()),
            (
                "samples/1_epoch_1/messages/0.json",
                json!(pool[..2]).to_string(),
            ),
            (
                "samples/1_epoch_1/messages/2.json",
                json!(pool[2..]).to_string(),
            ),
            (
                "samples/1_epoch_1/attachments/0.json",
                json!(["2 + 2?"]).to_string(),
            ),
            ("samples/b_epoch_1.json", samples[1].to_string()),
        ];
        let imported = of("log.eval", zipped(&entries, how)).unwrap();
        assert_eq!(
            told(&imported),
            ["sums-easy 1 maker/m 1 1", "sums-easy b maker/m 1 it broke"]
        );
        let said = &imported.tasks[0].samples[0].messages;
        assert_eq!(said.last().unwrap().content, "2 + 2?");
    }
}

#[test]
fn what_a_log_states_otherwise_is_a_difference() {
    let mut log = inspect_log();
    log["results"]["scores"][0]["metrics"]["accuracy"]["value"] = json!(0.25);
    let imported = of("log.json", log.to_string()).unwrap();
    assert_eq!(
        imported.differences,
        [
            "task `sums-easy`, model `maker/m`: the log states accuracy 0.25 for `match`, its 1 samples give 1"
        ]
    );
}

#[test]
fn rows_of_lm_eval_are_answers_with_a_score_for_each_filter() {
    let row = |doc: u32, filter: &str, score: f64| {
        json!({
            "doc_id": doc, "doc": {"q": "x"}, "target": "4",
            "arguments": {"gen_args_0": {"arg_0": "Q: 2 + 2\nA:", "arg_1": {"until": ["\n"]}}},
            "resps": [[" 4"]], "filtered_resps": ["4"], "filter": filter,
            "metrics": ["exact_match"], "exact_match": score,
        })
    };
    let rows = [
        row(0, "strict", 0.0),
        row(1, "strict", 1.0),
        row(0, "loose", 1.0),
        row(1, "loose", 1.0),
    ];
    let results = json!({
        "results": {"sums": {"alias": "sums", "exact_match,strict": 0.5, "exact_match_stderr,strict": 0.1, "exact_match,loose": 0.75}},
        "versions": {}, "n-samples": {"sums": {"original": 9, "effective": 9}},
        "model_name": "m", "lm_eval_version": "0.4.9",
    });
    let bed = Bed::new()
        .with("out/m/samples_sums_2026-01-02T03-04-05.jsonl", lines(&rows))
        .with(
            "out/m/results_2026-01-02T03-04-05.json",
            results.to_string(),
        );
    for name in [
        "out",
        "out/m/results_2026-01-02T03-04-05.json",
        "out/m/samples_sums_2026-01-02T03-04-05.jsonl",
    ] {
        let imported = bed.import(name).unwrap();
        assert_eq!(told(&imported), ["sums 0 m 1 0", "sums 1 m 1 1"], "{name}");
        assert_eq!(
            imported.tasks[0].recorded,
            ["exact_match,strict", "exact_match,loose"]
        );
        assert_eq!(
            (imported.agreeing, imported.differences.len()),
            (1, 1),
            "{:?}",
            imported.differences
        );
        assert!(
            imported
                .cannot_tell
                .join("")
                .contains("of 9 documents, and 2 are")
        );
        assert_eq!(imported.sources.len(), 2);
    }
}

#[test]
fn promptfoo_is_read_in_its_early_and_its_late_form() {
    let row = |provider: Value, output: Value, success: bool, score: f64| {
        json!({
            "prompt": {"raw": "Say hi to Bo", "label": "Say hi to {{name}}"}, "vars": {"name": "Bo"},
            "provider": provider, "response": output, "success": success, "score": score, "namedScores": {},
            "testCase": {"assert": [{"type": "equals", "value": "Hi Bo"}]},
        })
    };
    let rows = json!([
        row(
            json!({"id": "a"}),
            json!({"output": "Hi Bo", "tokenUsage": {"prompt": 3, "completion": 2}}),
            true,
            1.0
        ),
        row(
            json!({"id": "b", "label": "B"}),
            json!({"output": "Hey", "cached": true, "tokenUsage": {"total": 5, "cached": 5}}),
            false,
            0.25
        ),
        row(json!("c"), json!({"error": "no such model"}), false, 0.0),
        row(json!({"id": "a"}), json!({"output": "Hi"}), false, 0.0),
    ]);
    let head = json!([{"label": "Say hi to {{name}}", "provider": "a", "metrics": {"testPassCount": 1, "testFailCount": 1}}]);
    let late = json!({"evalId": "e", "results": {"version": 3, "prompts": head, "results": rows}, "config": {}});
    let early = json!({"version": 2, "results": rows, "stats": {}, "table": {"head": {"prompts": head}, "body": []}});
    for document in [late, early] {
        let imported = of("output.json", document.to_string()).unwrap();
        assert_eq!(
            told(&imported),
            [
                "prompt-1 test-457d8da23083 a 1 1",
                "prompt-1 test-457d8da23083 B 1 0",
                "prompt-1 test-457d8da23083 c 1 no such model",
                "prompt-1 test-457d8da23083 a 2 0"
            ]
        );
        assert_eq!((imported.agreeing, imported.differences.len()), (1, 0));
        let sample = &imported.tasks[0].samples[0];
        assert_eq!(sample.target, Some(json!("Hi Bo")));
        assert_eq!(sample.answers[1].record.usage.prompt, None);
        assert_eq!(imported.tasks[0].recorded, ["pass", "score"]);
    }
}

#[test]
fn events_of_openai_evals_come_together_by_sample() {
    let event = |sample: &str, kind: &str, data: Value| json!({"run_id": "r", "event_id": 0, "sample_id": sample, "type": kind, "data": data});
    let rows = [
        json!({"spec": {"eval_name": "sums.dev.v0", "completion_fns": ["gpt-x"]}}),
        event(
            "sums.dev.0",
            "sampling",
            json!({"prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}], "sampled": ["4"]}),
        ),
        event(
            "sums.dev.0",
            "match",
            json!({"correct": true, "expected": ["4"], "picked": "4"}),
        ),
        event(
            "sums.dev.1",
            "sampling",
            json!({"prompt": "q2", "sampled": ["5"]}),
        ),
        event(
            "sums.dev.1",
            "match",
            json!({"correct": false, "expected": "6", "picked": null}),
        ),
        event("sums.dev.2", "error", json!({"type": "Timeout"})),
        json!({"final_report": {"accuracy": 0.5}}),
    ];
    let imported = of("log.jsonl", lines(&rows)).unwrap();
    assert_eq!(
        told(&imported),
        [
            "sums.dev.v0 sums.dev.0 gpt-x 1 1",
            "sums.dev.v0 sums.dev.1 gpt-x 1 0",
            "sums.dev.v0 sums.dev.2 gpt-x 1 {\"type\":\"Timeout\"}"
        ]
    );
    assert_eq!((imported.agreeing, imported.differences.len()), (1, 0));
}

#[test]
fn reviews_of_evalscope_find_their_neighbours_from_wherever_they_are_named() {
    let review = json!({
        "index": 7, "target": "3", "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "3"}],
        "sample_score": {"score": {"value": {"loose": 1.0, "acc": 1.0}, "extracted_prediction": "3", "prediction": "it is 3", "main_score_name": "acc"},
            "sample_id": 7, "group_id": 7, "sample_metadata": {}},
    });
    let prediction = json!({"index": 7, "model": "q-max", "model_output": {"model": "q-max", "choices": [{"stop_reason": "stop"}], "usage": {"input_tokens": 2, "output_tokens": 1}}});
    let report = json!({"dataset_name": "sums", "model_name": "q-max", "metrics": [{"name": "mean_acc", "categories": [{"subsets": [{"name": "main", "score": 1.0}]}]}]});
    let bed = Bed::new()
        .with("out/reviews/q-max/sums_main.jsonl", lines(&[review]))
        .with(
            "out/predictions/q-max/sums_main.jsonl",
            lines(&[prediction]),
        )
        .with("out/reports/q-max/sums.json", report.to_string());
    for name in ["out", "out/reviews/q-max/sums_main.jsonl"] {
        let imported = bed.import(name).unwrap();
        assert_eq!(told(&imported), ["sums_main 7 q-max 1 1"], "{name}");
        assert_eq!(imported.tasks[0].recorded, ["acc", "loose"]);
        assert_eq!(
            (imported.agreeing, imported.sources.len()),
            (1, 3),
            "{name}"
        );
        assert_eq!(
            imported.tasks[0].samples[0].answers[0].record.usage.prompt,
            Some(2)
        );
    }
    let error = bed.import("out/reports/q-max/sums.json").unwrap_err();
    assert!(error.message.contains("a report of EvalScope"), "{error}");
}

#[test]
fn a_run_of_helm_is_its_folder() {
    let asked = |id: &str, text: &str| {
        json!({
            "instance": {"id": id, "split": "test", "input": {"text": "q"},
                "references": [{"output": {"text": "x"}, "tags": []}, {"output": {"text": "y"}, "tags": ["correct"]}]},
            "train_trial_index": 0, "output_mapping": {"A": "x", "B": "y"},
            "request": {"prompt": "Q: q\nA. x\nB. y\nAnswer:"},
            "result": {"success": true, "completions": [{"text": text}]},
        })
    };
    let judged = |id: &str, score: f64| json!({"instance_id": id, "train_trial_index": 0, "stats": [{"name": {"name": "exact_match"}, "mean": score}, {"name": {"name": "num_prompt_tokens"}, "mean": 12.0}]});
    let mut failed = asked("i3", "");
    failed["result"] = json!({"success": false, "error": "timeout", "completions": []});
    let spec = json!({"name": "sums:kind=easy,model=org_m", "scenario_spec": {}, "adapter_spec": {"method": "multiple_choice_joint", "model": "org/m"}, "metric_specs": [{"args": {"names": ["exact_match", "f1_score"]}}]});
    let bed = Bed::new()
        .with("run/scenario_state.json", json!({"adapter_spec": spec["adapter_spec"], "request_states": [asked("i1", " B"), asked("i2", " A"), failed]}).to_string())
        .with("run/run_spec.json", spec.to_string())
        .with("run/per_instance_stats.json", json!([judged("i1", 1.0), judged("i2", 0.0)]).to_string())
        .with("run/stats.json", json!([{"name": {"name": "exact_match", "split": "test"}, "mean": 0.5}]).to_string());
    let imported = bed.import("run").unwrap();
    assert_eq!(
        told(&imported),
        [
            "sums-kind-easy i1 org/m 1 1",
            "sums-kind-easy i2 org/m 1 0",
            "sums-kind-easy i3 org/m 1 timeout"
        ]
    );
    assert_eq!((imported.agreeing, imported.differences.len()), (1, 0));
    let sample = &imported.tasks[0].samples[0];
    assert_eq!(
        (&sample.target, sample.choices.len()),
        (&Some(json!("y")), 2)
    );
    assert_eq!(sample.answers[0].record.usage.prompt, Some(12));
    let error = bed.import("run/stats.json").map(|_| ()).unwrap_err();
    assert!(
        error.message.contains("no format that is known")
            || error.message.contains("a part of a run of HELM")
    );
}

#[test]
fn two_logs_become_one_run_unless_they_answer_the_same() {
    let bed = Bed::new().with("a.json", inspect_log().to_string());
    let mut other = inspect_log();
    other["eval"]["model"] = json!("maker/n");
    let bed = bed.with("b.json", other.to_string());
    let both = cleanbench_import::read(&[bed.path("a.json"), bed.path("b.json")]).unwrap();
    assert_eq!((both.models.len(), both.sources.len()), (2, 2));
    let twice = cleanbench_import::read(&[bed.path("a.json"), bed.path("a.json")]).unwrap_err();
    assert!(
        twice
            .message
            .contains("has answered sample `1` in epoch 1 twice"),
        "{twice}"
    );
    other["samples"][0]["messages"][0]["content"] = json!("Be long.");
    let bed = bed.with("c.json", other.to_string());
    let error = cleanbench_import::read(&[bed.path("a.json"), bed.path("c.json")]).unwrap_err();
    assert!(error.message.contains("asks something else"), "{error}");
}
