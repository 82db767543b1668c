//! What a log has and could get lost on the way: each thing arrives, or is named among what does not.

use cleanbench_import::Imported;
use serde_json::{Value, json};
use zip::CompressionMethod;

use crate::bed::{Bed, inspect_log, lines, of, told, zipped};

fn remarks(imported: &Imported) -> String {
    imported.cannot_tell.join("\n")
}

fn ids(imported: &Imported) -> Vec<&str> {
    let samples = imported.tasks.iter().flat_map(|task| &task.samples);
    samples.map(|sample| sample.id.as_str()).collect()
}

/// The first sample of [`inspect_log`] under another id, with `changes`.
fn inspect_sample(id: &str, changes: &Value) -> Value {
    let mut sample = inspect_log()["samples"][0].clone();
    sample["id"] = json!(id);
    for (name, value) in changes.as_object().unwrap() {
        sample[name] = value.clone();
    }
    sample
}

#[test]
fn samples_of_an_archive_whose_ids_hold_slashes_are_read() {
    let mut header = inspect_log();
    header.as_object_mut().unwrap().remove("samples");
    header["results"]["total_samples"] = json!(4);
    let shell = inspect_sample("c/d", &json!({"messages": [], "input": "q"}));
    let entries = [
        ("header.json", header.to_string()),
        (
            "samples/HumanEval/0_epoch_1.json",
            inspect_sample("HumanEval/0", &json!({})).to_string(),
        ),
        (
            "samples/b_epoch_1.json",
            inspect_sample("b", &json!({})).to_string(),
        ),
        ("samples/c/d_epoch_1/sample.json", shell.to_string()),
        ("samples/c/d_epoch_1/messages/0.json", "[]".to_owned()),
        (
            "samples/c/d_epoch_1/metadata.json",
            "{\"kept\": 1}".to_owned(),
        ),
    ];
    let imported = of("log.eval", zipped(&entries, CompressionMethod::Deflated)).unwrap();
    assert_eq!(ids(&imported), ["HumanEval/0", "b", "c/d"]);
    assert_eq!(imported.tasks[0].samples[2].metadata["kept"], 1);
    assert_eq!(
        imported.differences,
        ["task `sums-easy`, model `maker/m`: the log states 4 samples, and 3 are in it"]
    );
}

#[test]
fn one_sample_with_odd_options_does_not_change_how_the_others_are_judged() {
    let of_options = |id: &str, choices: Value, target: &str| {
        inspect_sample(id, &json!({"choices": choices, "target": target}))
    };
    let mut log = inspect_log();
    log["samples"] = json!([
        of_options("a", json!(["x", "y"]), "B"),
        of_options("alike", json!(["x", "x", "y"]), "C"),
        of_options("letters", json!(["B", "C", "A"]), "B"),
        of_options("none", json!(["x", "y"]), "F"),
        of_options("single", json!(["x"]), "A"),
    ]);
    let imported = of("log.json", log.to_string()).unwrap();
    assert_eq!(imported.tasks[0].scorers[0].kind, "choice");
    assert_eq!(ids(&imported), ["a", "alike", "letters"]);
    let targets = imported.tasks[0]
        .samples
        .iter()
        .map(|sample| sample.target.clone().unwrap());
    assert_eq!(targets.collect::<Vec<_>>(), ["y", "y", "C"]);
    let remarks = remarks(&imported);
    for what in [
        "none of its options: `none`",
        "fewer than two options: `single`",
    ] {
        assert!(remarks.contains(what), "{remarks}");
    }
}

#[test]
fn scores_of_one_name_by_two_scorers_are_two_scores() {
    let both =
        json!({"scores": {"s1": {"value": {"correct": 1}}, "s2": {"value": {"correct": 0}}}});
    let mut log = inspect_log();
    log["samples"] = json!([inspect_sample("a", &both)]);
    let mean = |scorer: &str, value: f64| json!({"name": "correct", "scorer": scorer, "metrics": {"mean": {"value": value}}});
    log["results"]["scores"] = json!([mean("s2", 0.0), mean("s1", 1.0)]);
    let imported = of("log.json", log.to_string()).unwrap();
    assert_eq!(imported.tasks[0].recorded, ["s1/correct", "correct"]);
    assert_eq!(
        (imported.agreeing, imported.differences.len()),
        (2, 0),
        "{:?}",
        imported.differences
    );
}

#[test]
fn a_folder_names_the_logs_in_it_that_are_broken() {
    let whole = inspect_log().to_string();
    let bed = Bed::new()
        .with("logs/a.json", &whole)
        .with("logs/cut.json", &whole[..whole.len() - 9])
        .with("logs/half.eval", "PK")
        .with("logs/lines.jsonl", "{\"doc_id\": 1, ")
        .with("logs/notes.txt", "{ whatever")
        .with("logs/other.json", "[1, 2]");
    let large = fs_err::File::create(bed.path("logs/large.json")).unwrap();
    large.set_len(300 << 20).unwrap();
    let remarks = remarks(&bed.import("logs").unwrap());
    for name in ["cut.json", "half.eval", "large.json", "lines.jsonl"] {
        assert!(
            remarks.contains(&format!("a file is left out: `{name}`")),
            "{remarks}"
        );
    }
    assert!(
        !remarks.contains("notes.txt") && !remarks.contains("other.json"),
        "{remarks}"
    );
    let alone = Bed::new().with("logs/cut.json", &whole[..whole.len() - 9]);
    let error = alone.import("logs").unwrap_err();
    assert!(
        error.message.contains("`cut.json`:1:") && error.message.contains("it is cut off here"),
        "{error}"
    );
}

#[test]
fn a_folder_of_too_many_files_is_refused() {
    let mut bed = Bed::new().with("logs/zz.json", inspect_log().to_string());
    for number in 0..10_000 {
        bed = bed.with(&format!("logs/{number}.txt"), "");
    }
    let error = bed.import("logs").unwrap_err();
    assert!(error.message.contains("more than 10000 files"), "{error}");
}

const CONFIG: &str = r#"
prompts: ["Capital of {{country}}?"]
providers: [p]
scenarios: [{config: [], tests: []}]
defaultTest:
  assert: [{type: equals, value: "{{expected}}"}]
  options: {prefix: "In one word. "}
tests:
  - vars: {country: France, expected: Paris}
  - vars: {country: Spain}
  - vars: {country: Peru, expected: Lima}
    options: {suffix: " Please.", transform: output.trim()}
  - vars: {country: Chile, expected: Santiago}
    options: {suffix: " Please.", prefix: ""}
"#;

#[test]
fn a_suite_of_promptfoo_is_worded_whole_or_left_out_by_name() {
    let imported = of("promptfooconfig.yaml", CONFIG).unwrap();
    let asked: Vec<_> = imported.tasks[0]
        .samples
        .iter()
        .map(|sample| {
            (
                sample.messages[0].content.as_str(),
                sample.target.clone().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        asked,
        [
            ("In one word. Capital of France?", json!("Paris")),
            ("Capital of Chile? Please.", json!("Santiago")),
        ]
    );
    let remarks = remarks(&imported);
    for what in [
        "`scenarios`",
        "test 2: the value of an assertion needs the field `expected`, which is not there",
        "test 3: it sets `options.transform`",
    ] {
        assert!(remarks.contains(what), "{remarks}");
    }
}

#[test]
fn columns_of_a_table_of_tests_that_are_no_variables_count() {
    let table = "country,__expected,__prefix,__threshold,__provider\nFrance,contains:{{country}},Hi. ,,\nSpain,Madrid,,0,\nPeru,Lima,,,x\n";
    let config = "prompts: ['Of {{country}}?']\ntests: tests.csv\n";
    let bed = Bed::new()
        .with("promptfooconfig.yaml", config)
        .with("tests.csv", table);
    let imported = bed.import("promptfooconfig.yaml").unwrap();
    let sample = &imported.tasks[0].samples[0];
    assert_eq!(sample.messages[0].content, "Hi. Of France?");
    assert_eq!(sample.target, Some(json!("France")));
    let remarks = remarks(&imported);
    for what in [
        "test 2: it sets `threshold`",
        "test 3: it sets `__provider`",
    ] {
        assert!(remarks.contains(what), "{remarks}");
    }
}

fn promptfoo_row(test: u32, country: &str, right: &str) -> Value {
    json!({
        "prompt": {"raw": format!("Capital of {country}?"), "label": "P"},
        "vars": {"country": country, "right": right}, "provider": "p", "promptIdx": 0, "testIdx": test,
        "response": {"output": "x"}, "success": true, "namedScores": {"pass": 0.5, "tone": 0.25},
        "testCase": {"assert": [{"type": "equals", "value": "{{right}}"}]},
    })
}

#[test]
fn results_of_promptfoo_are_numbered_by_their_tests_in_whichever_order_they_came() {
    let rows = [
        promptfoo_row(0, "France", "Paris"),
        promptfoo_row(1, "Spain", "Madrid"),
    ];
    for order in [[0, 1], [1, 0]] {
        let rows = order.map(|index: usize| rows[index].clone());
        let document =
            json!({"evalId": "e", "results": {"version": 3, "results": rows}, "config": {}});
        let imported = of("output.json", document.to_string()).unwrap();
        let samples = &imported.tasks[0].samples;
        assert_eq!(
            (samples[0].id.as_str(), &samples[0].target),
            ("test-1", &Some(json!("Paris")))
        );
        assert_eq!(
            (samples[1].id.as_str(), &samples[1].target),
            ("test-2", &Some(json!("Madrid")))
        );
        assert_eq!(imported.tasks[0].recorded, ["pass", "named/pass", "tone"]);
    }
}

const SAMPLES: &str = "samples_t_2026-01-21T03-44-18.458309.jsonl";

fn lm_eval_row(arguments: &Value, resps: &Value, more: &Value) -> Value {
    let mut row =
        json!({"doc_id": 0, "doc": {}, "target": " w", "arguments": arguments, "resps": resps});
    for (name, value) in more.as_object().unwrap() {
        row[name] = value.clone();
    }
    row
}

#[test]
fn older_rows_of_lm_eval_keep_their_scores() {
    let row = lm_eval_row(
        &json!([["q", {"until": []}]]),
        &json!([["2"]]),
        &json!({"exact_match": 1.0, "tokens": 7, "doc_hash": "x"}),
    );
    let alone = of(SAMPLES, lines(std::slice::from_ref(&row))).unwrap();
    assert_eq!(told(&alone), ["t 0 unnamed 1 1"]);
    assert_eq!(alone.tasks[0].recorded, ["exact_match,none"]);
    assert!(remarks(&alone).contains("`tokens,none` are left out"));
    let results = json!({"results": {"t": {"exact_match": 1.0, "exact_match_stderr": 0.1}}, "versions": {}, "model_name": "m"});
    let bed = Bed::new().with(SAMPLES, lines(&[row])).with(
        "results_2026-01-21T03-44-18.458309.json",
        results.to_string(),
    );
    let beside = bed.import("").unwrap();
    assert_eq!(told(&beside), ["t 0 m 1 1"]);
    assert_eq!(
        (beside.agreeing, remarks(&beside).contains("tokens")),
        (1, false)
    );
}

#[test]
fn a_likelihood_without_options_is_no_text_and_keeps_its_score() {
    let score = json!({"metrics": ["acc"], "acc": 1.0, "filter": "none"});
    let one = json!({"gen_args_0": {"arg_0": "ctx", "arg_1": " w"}});
    let rolling = json!({"gen_args_0": {"arg_0": "a whole text"}});
    for (arguments, resps) in [
        (one, json!([[["-1.5", "True"]]])),
        (rolling.clone(), json!([["-123.4"]])),
        (rolling, json!([[["-123.4"]]])),
    ] {
        let imported = of(SAMPLES, lines(&[lm_eval_row(&arguments, &resps, &score)])).unwrap();
        assert_eq!(told(&imported), ["t 0 unnamed 1 1"]);
        let answer = &imported.tasks[0].samples[0].answers[0].record;
        assert_eq!(answer.text.as_deref(), Some(""));
        let remarks = remarks(&imported);
        assert!(remarks.contains("neither a text nor options"), "{remarks}");
        assert!(!remarks.contains("likeliest choice"), "{remarks}");
    }
    let number = lm_eval_row(&json!([["q", {"until": []}]]), &json!([["-123.4"]]), &score);
    let imported = of(SAMPLES, lines(&[number])).unwrap();
    let answer = &imported.tasks[0].samples[0].answers[0].record;
    assert_eq!(answer.text.as_deref(), Some("-123.4"));
}

#[test]
fn what_was_weighed_after_several_prompts_is_no_list_of_options() {
    let score = json!({"metrics": ["acc"], "acc": 0.0, "filter": "none", "target": "0"});
    let weighed = json!([
        [["-1", "True"]],
        [["-2", "False"]],
        [["-3", "False"]],
        [["-4", "False"]]
    ]);
    let once_more = json!([["q", " a"], ["q", " b"], ["", " a"], ["", " b"]]);
    let imported = of(SAMPLES, lines(&[lm_eval_row(&once_more, &weighed, &score)])).unwrap();
    assert_eq!(imported.tasks[0].samples[0].choices, ["a", "b"]);
    let two = json!([["x", " is"], ["y", " is"]]);
    let weighed = json!([[["-1", "True"]], [["-2", "False"]]]);
    let imported = of(SAMPLES, lines(&[lm_eval_row(&two, &weighed, &score)])).unwrap();
    assert!(imported.tasks[0].samples[0].choices.is_empty());
    assert_eq!(told(&imported), ["t 0 unnamed 1 0"]);
}

#[test]
fn scores_that_helm_does_not_name_beforehand_are_taken() {
    let state = json!({"adapter_spec": {"method": "chat", "model": "x/y"}, "request_states": [{"instance": {"id": "i", "split": "test"}, "request": {"prompt": "p"}, "result": {"success": true, "completions": [{"text": "x"}]}}]});
    let stat = |name: &str, mean: f64| json!({"name": {"name": name, "split": "test"}, "mean": mean, "count": 1});
    let judged = json!([{"instance_id": "i", "stats": [stat("strict", 1.0), stat("num_output_tokens", 1.0), stat("inference_runtime", 0.5)]}]);
    let spec = json!({"name": "ifeval:model=x_y", "adapter_spec": {}, "scenario_spec": {}, "metric_specs": [{"class_name": "m", "args": {}}]});
    let bed = Bed::new()
        .with("run/scenario_state.json", state.to_string())
        .with("run/per_instance_stats.json", judged.to_string())
        .with("run/run_spec.json", spec.to_string())
        .with("run/stats.json", json!([stat("strict", 1.0)]).to_string());
    let imported = bed.import("run").unwrap();
    assert_eq!(imported.tasks[0].recorded, ["strict"]);
    assert_eq!(
        (told(&imported), imported.agreeing),
        (vec!["ifeval i x/y 1 1".to_owned()], 1)
    );
    let remarks = remarks(&imported);
    assert!(
        remarks.contains(
            "left out as counts, times and likelihoods: inference_runtime, num_output_tokens"
        ),
        "{remarks}"
    );
}

#[test]
fn a_review_without_a_prediction_has_no_answer() {
    let review = |index: u32, prediction: Value| json!({"index": index, "messages": [{"role": "user", "content": "q"}], "sample_score": {"score": {"value": {"acc": 0}, "prediction": prediction}, "group_id": index}});
    let rows = [review(1, json!("x")), review(2, Value::Null)];
    let imported = of("reviews.jsonl", lines(&rows)).unwrap();
    assert_eq!(told(&imported), ["reviews 1 unnamed 1 0"]);
    assert!(remarks(&imported).contains("1 × answer that the log does not have"));
}

const TASK: &str = r#"
task: t
dataset_path: json
dataset_kwargs: {data_files: d.jsonl}
description: "About {{topic}}.\n"
doc_to_text: "{{q}} {{- mark }}"
doc_to_target: "{{right}}"
doc_to_choice: opts
filter_list: [{name: x}]
generation_kwargs: {until: ["\n"]}
tag: sums
"#;

#[test]
fn a_task_of_lm_eval_is_worded_as_there_and_says_what_is_left_out() {
    let row =
        json!({"topic": "sums", "q": "1 + 1", "mark": "=", "right": 1, "opts": ["1", "2", "3"]});
    let bed = Bed::new()
        .with("t.yaml", TASK)
        .with("d.jsonl", lines(&[row]));
    let imported = bed.import("t.yaml").unwrap();
    let sample = &imported.tasks[0].samples[0];
    assert_eq!(sample.messages[0].content, "About sums.\n1 + 1=");
    // Digits that a template comes to are a position there.
    assert_eq!(sample.target, Some(json!("2")));
    let remarks = remarks(&imported);
    assert!(
        remarks.contains("left out of the task: `filter_list`, `generation_kwargs`"),
        "{remarks}"
    );
    let flag = json!({"topic": true, "q": "1 + 1", "mark": "=", "right": 1, "opts": ["1", "2"]});
    let bed = Bed::new()
        .with("t.yaml", TASK)
        .with("d.jsonl", lines(&[flag]));
    let error = bed.import("t.yaml").unwrap_err();
    assert!(
        error
            .message
            .contains("the field `topic`, which is a truth value"),
        "{error}"
    );
}
