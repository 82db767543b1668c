//! What is told apart, what stands in a log twice, and what nobody judged: none of it becomes another answer or score.

use serde_json::{Value, json};

use crate::bed::{Bed, inspect_log, lines, of, told};

/// A row of promptfoo in the column and row of its table.
fn cell(column: u64, row: u64, success: bool) -> Value {
    json!({
        "prompt": {"raw": format!("Say {row}"), "label": "Say {{n}}"}, "vars": {"n": row},
        "provider": {"id": "a", "label": "", "config": {"temperature": column}}, "response": {"output": "x"},
        "success": success, "score": f64::from(u8::from(success)), "promptIdx": column, "testIdx": row, "promptId": "p",
        "gradingResult": {"pass": success, "reason": "", "componentResults": [{"pass": success}]},
    })
}

fn promptfoo(rows: &[Value], config: &Value) -> String {
    let prompt = json!({"label": "Say {{n}}", "provider": "a", "metrics": {"testPassCount": 1, "testFailCount": 1}});
    let prompts = [prompt.clone(), prompt];
    json!({"evalId": "e", "config": config, "results": {"version": 3, "prompts": prompts, "results": rows}}).to_string()
}

#[test]
fn two_configurations_of_a_provider_are_two_models() {
    // The rows stand there as they came back, and not in the order of the columns.
    let rows = [
        cell(1, 0, false),
        cell(0, 0, true),
        cell(0, 1, false),
        cell(1, 1, true),
    ];
    let imported = of("output.json", promptfoo(&rows, &json!({}))).unwrap();
    assert_eq!(
        told(&imported),
        [
            "prompt-1 test-1 a 1 1",
            "prompt-1 test-1 a (2) 1 0",
            "prompt-1 test-2 a 1 0",
            "prompt-1 test-2 a (2) 1 1",
        ]
    );
    assert_eq!((imported.agreeing, imported.differences.len()), (2, 0));
    let cannot = imported.cannot_tell.join("\n");
    let what =
        "model `a (2)` is `a` in another column of the same prompt, with {\"temperature\":1}";
    assert!(cannot.contains(what), "{cannot}");
}

#[test]
fn a_test_without_assertions_has_no_score() {
    let hollow = |row: u64| {
        let mut cell = cell(0, row, true);
        cell["gradingResult"] = json!({"pass": true, "score": 1, "reason": "No assertions"});
        cell
    };
    let rows = [hollow(0), hollow(1)];
    let mut document: Value = serde_json::from_str(&promptfoo(&rows, &json!({}))).unwrap();
    document["results"]["prompts"] = json!([{"label": "Say {{n}}", "provider": "a", "metrics": {"testPassCount": 2, "testFailCount": 0}}]);
    let imported = of("output.json", document.to_string()).unwrap();
    assert_eq!(
        told(&imported),
        [
            "prompt-1 test-1 a 1 unscored",
            "prompt-1 test-2 a 1 unscored"
        ]
    );
    assert!(imported.tasks[0].recorded.is_empty());
    assert!(
        imported.differences.is_empty(),
        "{:?}",
        imported.differences
    );
    let cannot = imported.cannot_tell.join("\n");
    assert!(
        cannot.contains("2 × answer to a test without assertions"),
        "{cannot}"
    );
    let mixed = [hollow(0), cell(0, 1, false)];
    let imported = of("output.json", promptfoo(&mixed, &json!({}))).unwrap();
    assert_eq!(
        told(&imported),
        ["prompt-1 test-1 a 1 unscored", "prompt-1 test-2 a 1 0"]
    );
}

#[test]
fn a_scorer_that_grades_beyond_one_is_left_out_with_all_of_its_values() {
    let mut log = inspect_log();
    let sample = |id: u32, grade: f64| {
        let mut sample = log["samples"][0].clone();
        sample["id"] = json!(id);
        sample["scores"] = json!({"grade": {"value": grade}});
        sample
    };
    let graded = [sample(1, 1.0), sample(2, 2.0), sample(3, 5.0)];
    let modest = [sample(1, 1.0), sample(2, 0.0)];
    log["results"] =
        json!({"scores": [{"name": "grade", "metrics": {"mean": {"value": 8.0 / 3.0}}}]});
    log["samples"] = json!(graded);
    let bed = Bed::new().with("a.json", log.to_string());
    let imported = bed.import("a.json").unwrap();
    let expected = [1, 2, 3].map(|id| format!("sums-easy {id} maker/m 1 unscored"));
    assert_eq!(told(&imported), expected);
    let task = &imported.tasks[0];
    let mut answers = task.samples.iter().flat_map(|sample| &sample.answers);
    assert!(answers.all(|answer| answer.record.scores.is_empty()));
    assert!(task.recorded.is_empty());
    assert_eq!((imported.agreeing, imported.differences.len()), (1, 0));
    let cannot = imported.cannot_tell.join("\n");
    assert!(
        cannot.contains("`grade` are left out: 2 of 3 in the log"),
        "{cannot}"
    );
    assert!(cannot.contains("none of its scorers is left"), "{cannot}");
    // Elsewhere the same scorer gave what looks like shares, and they are grades all the same.
    log["eval"]["task"] = json!("other");
    log["samples"] = json!(modest);
    log["results"] = Value::Null;
    let bed = bed.with("b.json", log.to_string());
    let both = cleanbench_import::read(&[bed.path("a.json"), bed.path("b.json")]).unwrap();
    assert!(both.tasks.iter().all(|task| task.recorded.is_empty()));
}

#[test]
fn an_answer_that_a_log_has_twice_is_refused_in_every_format() {
    let row = |score: f64| json!({"doc_id": 0, "doc": {}, "target": "4", "arguments": [["q", {}]], "resps": [[" 4"]], "filter": "none", "metrics": ["acc"], "acc": score});
    let event = |id: u32, kind: &str, data: Value| json!({"run_id": "r", "event_id": id, "sample_id": "s", "type": kind, "data": data});
    let sampled = event(0, "sampling", json!({"prompt": "q", "sampled": ["4"]}));
    let judged = |correct: bool| event(1, "match", json!({"correct": correct, "expected": ["4"]}));
    let review = |index: u32| json!({"index": index, "messages": [{"role": "user", "content": "q"}], "sample_score": {"score": {"value": {"acc": 1}, "prediction": "x"}, "group_id": 1}});
    let cells = [cell(0, 0, true), cell(0, 0, true)];
    let cells = promptfoo(&cells, &json!({}));
    let files = [
        ("samples_t_2026-01-01.jsonl", lines(&[row(0.0), row(1.0)])),
        (
            "events.jsonl",
            lines(&[sampled, judged(false), judged(true)]),
        ),
        ("reviews.jsonl", lines(&[review(1), review(1)])),
        ("output.json", cells),
    ];
    for (name, text) in files {
        let error = of(name, text).unwrap_err();
        assert_eq!(
            error.kind,
            cleanbench_import::ErrorKind::Refused,
            "{name}: {error}"
        );
        assert!(error.message.ends_with("twice"), "{name}: {error}");
    }
    // What a format numbers as repeats are repeats.
    let imported = of("reviews.jsonl", lines(&[review(1), review(2)])).unwrap();
    assert_eq!(imported.tasks[0].epochs(), 2);
    let config = json!({"evaluateOptions": {"repeat": 2}});
    let cells = promptfoo(&[cell(0, 0, true), cell(0, 0, false)], &config);
    let imported = of("output.json", cells).unwrap();
    assert_eq!(imported.tasks[0].epochs(), 2);
}

#[test]
fn two_files_of_one_task_and_model_of_lm_eval_are_not_mixed() {
    let row = |filter: &str| json!({"doc_id": 0, "doc": {}, "target": "4", "arguments": [["q", {}]], "resps": [[" 4"]], "filter": filter, "metrics": ["acc"], "acc": 1.0});
    let bed = Bed::new()
        .with("samples_t_2026-01-01.jsonl", lines(&[row("a")]))
        .with("samples_t_2026-01-02.jsonl", lines(&[row("b")]));
    let error = bed.import("").unwrap_err();
    assert!(error.message.ends_with("in epoch 1 twice"), "{error}");
}

#[test]
fn a_stated_number_of_samples_that_are_not_there_is_a_difference() {
    let review = json!({"index": 7, "messages": [{"role": "user", "content": "q"}], "sample_score": {"score": {"value": {"acc": 1.0}, "prediction": "3"}, "group_id": 7}});
    let report = json!({"dataset_name": "sums", "model_name": "m", "metrics": [{"name": "mean_acc", "num": 10, "categories": [{"subsets": [{"name": "main", "score": 1.0, "num": 10}]}]}]});
    let bed = Bed::new()
        .with("out/reviews/m/sums_main.jsonl", lines(&[review]))
        .with("out/reports/m/sums.json", report.to_string());
    let imported = bed.import("out").unwrap();
    assert_eq!(
        imported.differences,
        ["task `sums_main`, model `m`: the report is of 10 samples, and 1 are in the log"]
    );
}

#[test]
fn instances_of_helm_that_nobody_asked_are_a_difference() {
    let adapter = json!({"method": "generation", "model": "m"});
    let asked = json!({"instance": {"id": "i1", "split": "test", "input": {"text": "q"}}, "request": {"prompt": "q"}, "result": {"success": true, "completions": [{"text": "x"}]}});
    let judged = |id: &str| json!({"instance_id": id, "stats": [{"name": {"name": "exact_match"}, "mean": 1.0}]});
    let stated = |count: f64| {
        json!([{"name": {"name": "num_instances", "split": "test"}, "mean": count}]).to_string()
    };
    let bed = Bed::new()
        .with(
            "run/scenario_state.json",
            json!({"adapter_spec": adapter, "request_states": [asked]}).to_string(),
        )
        .with(
            "run/per_instance_stats.json",
            json!([judged("i1"), judged("i2")]).to_string(),
        )
        .with("run/stats.json", stated(2.0));
    let imported = bed.import("run").unwrap();
    let told = imported.differences.join("\n");
    assert!(
        told.contains("scores of 1 instances that it has no request of"),
        "{told}"
    );
    assert!(
        told.contains("the log states 2 instances, and 1 are in it"),
        "{told}"
    );
    let bed = bed
        .with(
            "run/per_instance_stats.json",
            json!([judged("i1")]).to_string(),
        )
        .with("run/stats.json", stated(1.0));
    assert!(bed.import("run").unwrap().differences.is_empty());
    let bed = bed.with(
        "run/per_instance_stats.json",
        json!([judged("i1"), judged("i1")]).to_string(),
    );
    let error = bed.import("run").unwrap_err();
    assert!(
        error.message.ends_with("scores of instance `i1` twice"),
        "{error}"
    );
}

#[test]
fn logs_that_disagree_about_what_is_right_are_refused() {
    let mut log = inspect_log();
    log["samples"][0]["choices"] = json!(["4", "5"]);
    let mut other = log.clone();
    other["eval"]["model"] = json!("maker/n");
    let bed = Bed::new().with("a.json", log.to_string());
    let both = |bed: &Bed| cleanbench_import::read(&[bed.path("a.json"), bed.path("b.json")]);
    let bed = bed.with("b.json", other.to_string());
    assert_eq!(both(&bed).unwrap().models.len(), 2);
    other["samples"][0]["target"] = json!("5");
    let bed = bed.with("b.json", other.to_string());
    let error = both(&bed).unwrap_err();
    assert!(
        error
            .message
            .contains("sample `1` has another right answer than"),
        "{error}"
    );
    other["samples"][0]["target"] = json!("4");
    other["samples"][0]["choices"] = json!(["4", "6"]);
    let bed = bed.with("b.json", other.to_string());
    let error = both(&bed).unwrap_err();
    assert!(
        error.message.contains("sample `1` has other choices than"),
        "{error}"
    );
    // The log of an answer that failed may lack what is right.
    other["samples"][0]["choices"] = json!(["4", "5"]);
    other["samples"][0]["target"] = Value::Null;
    let bed = bed.with("b.json", other.to_string());
    assert_eq!(
        both(&bed).unwrap().tasks[0].samples[0].target,
        Some(json!("4"))
    );
}
