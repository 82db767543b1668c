//! Options and targets in the forms of the world.

use serde_json::json;

use crate::bed::Folder;

fn lines(rows: &[&str]) -> Vec<u8> {
    rows.join("\n").into_bytes()
}

#[test]
fn positions_are_told_apart_by_the_column_or_asked_for() {
    let row = |target: &str| {
        format!(
            "{{\"input\": \"q\", \"choices\": [\"w\", \"x\", \"y\", \"z\"], \"target\": {target}}}"
        )
    };
    for (targets, expected) in [
        (["1", "2", "0"], Some(["x", "y", "w"])),
        (["1", "2", "4"], Some(["w", "x", "z"])),
        (["\"1\"", "\"2\"", "\"0\""], Some(["x", "y", "w"])),
        (["\"b\"", "\"y\"", "\"D\""], Some(["x", "y", "z"])),
        (["1", "2", "3"], None),
    ] {
        let text = targets.map(row);
        let text = lines(&text.iter().map(String::as_str).collect::<Vec<_>>());
        let folder = Folder::new("a.jsonl", &text, "");
        let Some(expected) = expected else {
            let faults = folder.faults();
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert!(
                faults[0].starts_with(
                    "a.jsonl:1:59: target `1` is `x` by `index_from_0` and `w` by `index_from_1`"
                ),
                "{faults:?}"
            );
            let hint = &folder.hints()[0];
            assert!(hint.contains("`index_from_0` or `index_from_1`"), "{hint}");
            let keys = "fields = { target = { form = \"index_from_1\" } }";
            let said = Folder::new("a.jsonl", &text, keys);
            assert_eq!(said.pairs(), ["q -> w", "q -> x", "q -> y"]);
            assert_eq!(
                said.suite().tasks[0].describe()["target_form"],
                "index_from_1"
            );
            continue;
        };
        let expected = expected.map(|target| format!("q -> {target}"));
        assert_eq!(folder.pairs(), expected, "{targets:?}");
    }
}

#[test]
fn a_text_of_digits_among_letters_is_no_position() {
    let text = lines(&[
        r#"{"input": "q", "choices": ["1", "2", "3", "4"], "target": "3"}"#,
        r#"{"input": "r", "choices": ["w", "x"], "target": "B"}"#,
        r#"{"input": "s", "choices": ["w", "x"], "target": "w"}"#,
    ]);
    let folder = Folder::new("a.jsonl", &text, "");
    assert_eq!(folder.pairs(), ["q -> 3", "r -> x", "s -> w"]);
    let counted = [
        &text[..],
        b"\n{\"input\": \"t\", \"choices\": [\"w\", \"x\"], \"target\": 1}",
    ]
    .concat();
    let counted = Folder::new("a.jsonl", &counted, "");
    assert_eq!(counted.faults().len(), 2, "{:?}", counted.faults());
}

#[test]
fn the_position_is_told_from_examples_and_other_files_too() {
    let row = |input: &str, target: u8| {
        format!("{{\"input\": \"{input}\", \"choices\": [\"w\", \"x\"], \"target\": {target}}}\n")
    };
    let folder = Folder::new("a1.jsonl", row("q", 1).as_bytes(), "");
    folder.write("a2.jsonl", row("r", 1).as_bytes());
    folder.write("shots.jsonl", row("s", 0).as_bytes());
    let manifest = "name = \"s\"\n[[task]]\nname = \"t\"\ndata = \"a*.jsonl\"\nfewshot = \"shots.jsonl\"\nscorers = [\"any\"]\n";
    folder.write("suite.toml", manifest.as_bytes());
    assert_eq!(folder.pairs(), ["q -> x", "r -> x"]);
    assert_eq!(
        folder.suite().tasks[0].describe()["target_form"],
        "index_from_0"
    );
}

#[test]
fn labels_flags_truths_and_lists_name_options() {
    for (line, keys, target) in [
        (
            r#"{"input": "q", "choices": {"text": ["x", "y"], "label": ["1", "2"]}, "answerKey": "1"}"#,
            "",
            json!("x"),
        ),
        (
            r#"{"input": "q", "endings": ["x", "y"], "label": "B"}"#,
            "",
            json!("y"),
        ),
        (
            r#"{"input": "q", "options": {"A": "x", "B": "y"}, "answer": "B"}"#,
            "",
            json!("y"),
        ),
        (
            r#"{"input": "q", "A": "x", "B": "y", "C": "z", "answer": "C"}"#,
            "",
            json!("z"),
        ),
        (
            r#"{"input": "q", "mc": {"choices": ["x", "y", "z"], "labels": [0, 1, 0]}}"#,
            "fields = { choices = \"mc.choices\", target = { column = \"mc.labels\", form = \"flags\" } }",
            json!("y"),
        ),
        (
            r#"{"input": "q", "mc": {"choices": ["x", "y", "z"], "labels": [true, false, true]}}"#,
            "fields = { choices = \"mc.choices\", target = { column = \"mc.labels\", form = \"flags\" } }",
            json!(["x", "z"]),
        ),
        (
            r#"{"input": "q", "answer": true}"#,
            "choices = [\"no\", \"Yes\"]",
            json!("Yes"),
        ),
        (
            r#"{"input": "q", "choices": ["x", "y", "z"], "target": ["A", "C"]}"#,
            "",
            json!(["x", "z"]),
        ),
        (
            r#"{"input": "q", "right": "x", "wrong 1": "y", "wrong 2": "z"}"#,
            "fields = { target = \"right\", choices = [\"wrong 1\", \"right\", \"wrong 2\"] }",
            json!("x"),
        ),
    ] {
        let sample = &Folder::new("a.jsonl", line.as_bytes(), keys).samples()[0];
        assert_eq!(sample.target, Some(target), "{line}");
    }
}

#[test]
fn answers_behind_marks_are_asked_for_and_taken_out() {
    let line = r#"{"question": "q", "answer": "2 + 2 = 4\n#### 4"}"#;
    let folder = Folder::new("a.jsonl", line.as_bytes(), "scorers = [\"number\"]");
    assert_eq!(folder.faults().len(), 1);
    assert!(
        folder.hints()[0].contains("after = \"####\""),
        "{:?}",
        folder.hints()
    );
    let keys = "scorers = [\"number\"]\nfields = { target = { after = \"####\" } }";
    assert_eq!(
        Folder::new("a.jsonl", line.as_bytes(), keys).pairs(),
        ["q -> 4"]
    );
    let line = r#"{"problem": "q", "solution": "so $x = \\boxed{4}$."}"#;
    let keys =
        "scorers = [\"number\"]\nfields = { target = { column = \"solution\", boxed = true } }";
    assert_eq!(
        Folder::new("a.jsonl", line.as_bytes(), keys).pairs(),
        ["q -> 4"]
    );
    let line = r#"{"problem": "q", "solution": "so 4"}"#;
    let faults = Folder::new("a.jsonl", line.as_bytes(), keys).faults();
    assert_eq!(faults[0], "a.jsonl:1:30: the target has no `\\boxed{…}`");
}

#[test]
fn options_are_shuffled_by_the_suite_and_what_a_model_sees_is_what_is_kept() {
    let row = |id: usize| {
        format!(
            "{{\"id\": \"{id}\", \"input\": \"q\", \"choices\": [\"a{id}\", \"b\", \"c\", \"d\"], \"target\": 0}}"
        )
    };
    let rows: Vec<_> = (0..40).map(row).collect();
    let text = rows.join("\n").into_bytes();
    let plain = Folder::new("a.jsonl", &text, "");
    let faults = plain.faults();
    assert_eq!(
        faults,
        [
            "suite.toml:4:8: option A of 4 is right in 100 % of 40 samples: whoever always says so scores as much"
        ]
    );
    assert!(plain.hints()[0].contains("shuffle_choices = true"));

    let folder = Folder::new("a.jsonl", &text, "shuffle_choices = true");
    assert!(folder.faults().is_empty(), "{:?}", folder.faults());
    let rendered = folder.rendered();
    let mut at = [0; 4];
    for (rendered, id) in rendered.iter().zip(0..) {
        let sample = &rendered.sample;
        assert_eq!(sample.target, Some(json!(format!("a{id}"))));
        let place = sample
            .choices
            .iter()
            .position(|choice| choice.starts_with('a'));
        at[place.unwrap()] += 1;
        let shown = format!("A. {}\nB. {}", sample.choices[0], sample.choices[1]);
        assert!(rendered.messages[0].content.contains(&shown));
    }
    assert!(at.iter().all(|count| *count > 2), "{at:?}");
    assert_eq!(rendered, folder.rendered());
    let other = Folder::new("a.jsonl", &text, "shuffle_choices = { seed = 1 }");
    assert_ne!(rendered, other.rendered());
    assert_eq!(
        other.suite().tasks[0].describe()["shuffle_choices"],
        json!({"seed": 1})
    );
    assert_eq!(
        plain.suite().tasks[0].describe().get("shuffle_choices"),
        None
    );
}

#[test]
fn an_option_twice_is_told_and_counts_as_one_answer() {
    let line = r#"{"input": "q", "choices": ["x", "y", "x"], "target": "C"}"#;
    let folder = Folder::new("a.jsonl", line.as_bytes(), "");
    assert_eq!(
        folder.faults(),
        ["a.jsonl:1:27: the choice `x` stands there twice"]
    );
    assert_eq!(folder.pairs(), ["q -> x"]);
}

#[test]
fn samples_whose_options_speak_of_others_keep_their_order_and_are_told() {
    let row = |id: usize, last: &str| {
        format!(
            "{{\"id\": \"{id}\", \"input\": \"q\", \"choices\": [\"x{id}\", \"y\", \"z\", \"{last}\"], \"target\": \"y\"}}"
        )
    };
    let kept = ["A and C", "keine der genannten", "all three", "以上皆是"];
    let rows = kept.iter().zip(0..).map(|(last, id)| row(id, last));
    let rows: Vec<_> = rows.chain((4..30).map(|id| row(id, "w"))).collect();
    let folder = Folder::new(
        "a.jsonl",
        rows.join("\n").as_bytes(),
        "shuffle_choices = true",
    );
    assert_eq!(
        folder.faults(),
        [
            "suite.toml:4:8: 4 samples keep their options in their order: one of them speaks of others or has a letter of its own, as `A and C` of sample `0`"
        ]
    );
    let samples = folder.samples();
    for (sample, last) in samples.iter().zip(kept) {
        assert_eq!(sample.choices[1..], ["y", "z", last]);
    }
    let moved = samples[4..]
        .iter()
        .filter(|sample| sample.choices[1] != "y");
    assert!(moved.count() > 5);
}
