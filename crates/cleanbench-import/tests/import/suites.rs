//! Suites of other harnesses, and what of them cannot be expressed.

use cleanbench_import::{Imported, suite_files};
use serde_json::json;

use crate::bed::{Bed, lines};

/// For each task its scorer, and for each of its samples the last message and the target.
fn asked(imported: &Imported) -> Vec<String> {
    let mut told = Vec::new();
    for task in &imported.tasks {
        for sample in &task.samples {
            let last = &sample.messages.last().unwrap().content;
            let target = sample.target.as_ref().unwrap();
            told.push(format!(
                "{} {} {last} {target}",
                task.name, task.scorers[0].kind
            ));
        }
    }
    told
}

#[test]
fn a_configuration_of_promptfoo_is_prompts_times_tests_as_far_as_they_can_be_judged() {
    let config = "\
description: Greetings
prompts:
  - 'Greet {{name}}'
  - file://prompts/second.txt
  - '{{ name | upper }}'
providers: [openai:gpt-x]
defaultTest:
  vars: {tone: kind}
tests:
  - vars: {name: Yes}
    assert: [{type: equals, value: Hi Yes}]
  - vars: {name: Bo}
    assert: [{type: icontains, value: bo}]
  - vars: {name: Al}
    assert: [{type: javascript, value: 'output.length'}]
  - vars: {name: Cy}
  - file://more.csv
";
    let bed = Bed::new()
        .with("s/promptfooconfig.yaml", config)
        .with("s/prompts/second.txt", "Say hi to {{name}}, be {{tone}}")
        .with(
            "s/more.csv",
            "name,__expected\nDee,contains:Dee\nEve,grade:be kind\n",
        );
    let imported = bed.import("s/promptfooconfig.yaml").unwrap();
    assert_eq!(
        asked(&imported),
        [
            "prompt-1-equals exact Greet Yes \"Hi Yes\"",
            "prompt-2-equals exact Say hi to Yes, be kind \"Hi Yes\"",
            "prompt-1-icontains contains Greet Bo \"bo\"",
            "prompt-2-icontains contains Say hi to Bo, be kind \"bo\"",
            "prompt-1-contains contains Greet Dee \"Dee\"",
            "prompt-2-contains contains Say hi to Dee, be kind \"Dee\"",
        ]
    );
    assert!(!imported.is_run());
    assert_eq!(imported.name, "Greetings");
    let cannot = imported.cannot_tell.join("\n");
    for what in [
        "test 3: the assertion `javascript`",
        "test 4: no assertion",
        "test 6: the assertion `grade`",
        "test 1, prompt 3: the expression `name | upper`",
    ] {
        assert!(cannot.contains(what), "{cannot}");
    }
    let manifest = String::from_utf8(suite_files(&imported)[0].bytes.clone()).unwrap();
    assert!(
        manifest.contains("scorers = [{ type = \"contains\", case = false }]"),
        "{manifest}"
    );
    assert_eq!(imported.sources.len(), 3);
}

#[test]
fn tests_of_promptfoo_need_their_configuration_and_files_must_be_there() {
    let tests = "name,__expected\nBo,Hi Bo\n";
    let error = Bed::new()
        .with("tests.csv", tests)
        .import("tests.csv")
        .unwrap_err();
    assert!(
        error
            .message
            .ends_with("tests of promptfoo without their prompts, which stand in another file"),
        "{error}"
    );
    let config = "prompts: [file://../out.txt]\ntests: file://tests.csv\n";
    let bed = Bed::new()
        .with("s/tests.csv", tests)
        .with("out.txt", "secret");
    let bed = bed.with("s/promptfooconfig.yaml", config);
    let error = bed.import("s/promptfooconfig.yaml").unwrap_err();
    assert!(
        error.message.contains("`../out.txt`, which is not there"),
        "{error}"
    );
    let config =
        "prompts: [file://prompt.js, hi]\ntests:\n  - assert: [{type: python, value: x}]\n";
    let error = Bed::new()
        .with("c.yaml", config)
        .import("c.yaml")
        .unwrap_err();
    assert!(
        error
            .message
            .contains("`file://prompt.js`, which is no file of data"),
        "{error}"
    );
    assert!(
        error.message.contains("test 1: the assertion `python`"),
        "{error}"
    );
}

#[test]
fn a_registry_of_openai_evals_names_what_it_cannot_express() {
    let registry = "\
sums:
  id: sums.dev.v0
  metrics: [accuracy]
sums.dev.v0:
  class: evals.elsuite.basic.includes:Includes
  args: {samples_jsonl: sums/samples.jsonl, ignore_case: true, few_shot_jsonl: sums/few.jsonl, num_few_shot: 1}
judged.dev.v0:
  class: evals.elsuite.modelgraded.classify:ModelBasedClassify
  args: {samples_jsonl: sums/samples.jsonl}
lost.dev.v0:
  class: evals.elsuite.basic.match:Match
  args: {samples_jsonl: ../../etc/passwd}
";
    let row = json!({"input": [{"role": "system", "content": "s"}, {"role": "user", "content": "2+2"}], "ideal": ["4", "four"]});
    let example = json!({"sample": [{"role": "system", "content": "1+1", "name": "example_user"}]});
    let bed = Bed::new()
        .with("reg/evals/sums.yaml", registry)
        .with("reg/data/sums/samples.jsonl", lines(&[row]))
        .with(
            "reg/data/sums/few.jsonl",
            lines(&[example.clone(), example]),
        );
    let imported = bed.import("reg/evals/sums.yaml").unwrap();
    assert_eq!(
        asked(&imported),
        ["sums.dev.v0 contains 2+2 [\"4\",\"four\"]"]
    );
    assert_eq!(imported.tasks[0].scorers[0].params["case"], json!(false));
    let said: Vec<_> = imported.tasks[0].samples[0]
        .messages
        .iter()
        .map(|it| it.content.as_str())
        .collect();
    assert_eq!(said, ["s", "1+1", "2+2"]);
    let cannot = imported.cannot_tell.join("\n");
    for what in [
        "`judged.dev.v0`: it is judged by `evals.elsuite.modelgraded.classify:ModelBasedClassify`",
        "`lost.dev.v0`: there is no `data/../../etc/passwd`",
    ] {
        assert!(cannot.contains(what), "{cannot}");
    }
    let alone = bed.import("reg/data/sums/samples.jsonl").unwrap();
    assert_eq!(asked(&alone), ["samples contains 2+2 [\"4\",\"four\"]"]);
    assert!(
        bed.import("reg/data/sums/few.jsonl")
            .unwrap_err()
            .message
            .contains("examples of a suite")
    );
}

#[test]
fn a_task_of_lm_eval_needs_data_beside_it_and_no_python() {
    let task = |more: &str| {
        format!(
            "task: sums\ndataset_path: json\ndataset_kwargs:\n  data_files: {{test: d.jsonl}}\ntest_split: test\ndoc_to_text: \"Q: {{{{question}}}}\\nA:\"\n{more}"
        )
    };
    let docs = lines(&[json!({"question": "2+2", "options": ["3", "4"], "answer": 1})]);
    let import = |more: &str| {
        let bed = Bed::new()
            .with("t/sums.yaml", task(more))
            .with("t/d.jsonl", &docs);
        bed.import("t/sums.yaml")
    };
    let chosen =
        import("output_type: multiple_choice\ndoc_to_choice: options\ndoc_to_target: answer\n")
            .unwrap();
    assert_eq!(asked(&chosen), ["sums choice Q: 2+2\nA: \"4\""]);
    let written = import("doc_to_target: \"{{answer}}\"\n").unwrap();
    assert_eq!(asked(&written), ["sums numeric Q: 2+2\nA: \"1\""]);
    for (more, what) in [
        (
            "doc_to_target: !function utils.target\n",
            "it needs Python: doc_to_target: !function utils.target",
        ),
        (
            "process_docs: x\ndoc_to_target: answer\n",
            "it sets `process_docs`",
        ),
        (
            "output_type: loglikelihood_rolling\n",
            "its `output_type` is `loglikelihood_rolling`",
        ),
        (
            "doc_to_target: \"{{answer | int}}\"\n",
            "it needs the expression `answer | int`",
        ),
    ] {
        let error = import(more).unwrap_err();
        assert!(error.message.contains(what), "{error}");
    }
    let part = "\"dataset_name\": \"a\"\n\"include\": \"_template_yaml\"\n\"task\": \"x_a\"\n";
    let error = Bed::new()
        .with("x.yaml", part)
        .import("x.yaml")
        .unwrap_err();
    assert!(error.message.contains("it sets `include`"), "{error}");
    let hub = "task: x\ndataset_path: org/set\ndoc_to_text: q\n";
    let error = Bed::new().with("x.yaml", hub).import("x.yaml").unwrap_err();
    assert!(
        error.message.contains("its data are `org/set` of a hub"),
        "{error}"
    );
}
