//! Which column is what: `fields`, names, and what is asked where neither says it.

use serde_json::json;

use crate::bed::Folder;

#[test]
fn fields_say_which_column_is_what_in_every_format() {
    let keys = "fields = { id = \"nr\", input = \"frage\", target = \"soll\", choices = [\"opt_a\", \"opt_b\"], metadata = [\"category\"] }\nprompt = \"{{ metadata.category }}: {{ input }}\"";
    let csv = "nr,frage,soll,opt_a,opt_b,category,answer\n7,q,no,yes,no,c,secret\n";
    let line = r#"{"nr": 7, "frage": "q", "soll": "no", "opt_a": "yes", "opt_b": "no", "category": "c", "answer": "secret"}"#;
    for (name, text) in [
        ("a.csv", csv.to_owned()),
        ("a.tsv", csv.replace(',', "\t")),
        ("a.jsonl", line.to_owned()),
        ("a.json", format!("[{line}]")),
    ] {
        let folder = Folder::new(name, text.as_bytes(), keys);
        let rendered = folder.rendered();
        let sample = &rendered[0].sample;
        assert_eq!(
            (sample.id.as_str(), &sample.target),
            ("7", &Some(json!("no"))),
            "{name}"
        );
        assert_eq!(sample.choices, ["yes", "no"], "{name}");
        assert_eq!(json!(sample.metadata), json!({"category": "c"}), "{name}");
        assert_eq!(rendered[0].messages[0].content, "c: q", "{name}");
        assert!(folder.faults().is_empty(), "{name}: {:?}", folder.faults());
    }
}

#[test]
fn dotted_paths_reach_into_rows_and_what_holds_the_target_is_no_metadata() {
    let line = r#"{"question": {"stem": "q", "choices": [{"text": "x", "label": "A"}, {"text": "y", "label": "B"}]}, "gold": {"text": ["B", "B", "A"], "at": [1]}, "meta": {"lang": "de"}, "left": null, "more": [1, {"a": 2}]}"#;
    let keys = "fields = { input = \"question.stem\", choices = \"question.choices\", target = \"gold.text.0\" }";
    let folder = Folder::new("a.jsonl", line.as_bytes(), keys);
    let sample = &folder.samples()[0];
    assert_eq!(sample.target, Some(json!("y")));
    assert_eq!(
        json!(sample.metadata),
        json!({"meta": {"lang": "de"}, "more": [1, {"a": 2}]})
    );
    let keys = "fields = { input = \"question.stem\", target = \"gold.text\", metadata = [\"meta.lang\", \"gold.at\"] }";
    let sample = &Folder::new("a.jsonl", line.as_bytes(), keys).samples()[0];
    assert_eq!(sample.target, Some(json!(["B", "B", "A"])));
    assert_eq!(json!(sample.metadata), json!({"lang": "de", "at": [1]}));
}

#[test]
fn metadata_that_is_named_is_all_that_is_kept_in_every_format() {
    let keys = "fields = { metadata = [\"answer\", \"lang\"] }";
    let csv = "question,answer,metadata.lang,more\nq,1,de,x\n";
    let lines =
        r#"{"question": "q", "answer": "1", "metadata": {"lang": "de", "other": 2}, "more": "x"}"#;
    for (name, text) in [("a.csv", csv), ("a.jsonl", lines)] {
        let folder = Folder::new(name, text.as_bytes(), keys);
        let sample = &folder.samples()[0];
        assert_eq!(sample.target, Some(json!("1")), "{name}");
        assert_eq!(
            json!(sample.metadata),
            json!({"answer": "1", "lang": "de"}),
            "{name}"
        );
    }
}

#[test]
fn a_column_that_is_no_field_is_metadata_and_a_slip_of_the_pen_is_told() {
    let line =
        r#"{"input": "q", "target": 1, "difficulty": 3, "inputs": "x", "metadata": {"a": 1}}"#;
    let folder = Folder::new("a.jsonl", format!("{line}\n{line}\n").as_bytes(), "");
    assert_eq!(
        json!(folder.samples()[0].metadata),
        json!({"difficulty": 3, "inputs": "x", "a": 1})
    );
    let shown = "a.jsonl:1:46: `inputs` is taken for metadata (and 1 more like it, line 2)";
    assert_eq!(folder.faults(), [shown]);
    let keys = "fields = { metadata = [\"inputs\"] }";
    assert!(
        Folder::new("a.jsonl", line.as_bytes(), keys)
            .faults()
            .is_empty()
    );
    for (line, expected) in [
        (
            r#"{"input": "q", "target": 1, "sensitivty": "secret"}"#,
            "a.jsonl:1:29: `sensitivty` protects no sample",
        ),
        (
            r#"{"input": "q", "target": 1, "a": 1, "metadata": {"a": 2}}"#,
            "a.jsonl:1:49: the metadata `a` is given twice",
        ),
        (
            r#"{"input": "q", "answer": "1", "label": "1"}"#,
            "a.jsonl:1:31: `answer` and `label` both give the target",
        ),
    ] {
        assert_eq!(
            Folder::new("a.jsonl", line.as_bytes(), "").faults(),
            [expected]
        );
    }
}

#[test]
fn what_is_not_there_is_asked_for_with_what_is() {
    let rows = "frage;antwort;thema\na;b;c\nd;e;f\n";
    let folder = Folder::new("a.csv", rows.as_bytes(), "");
    assert_eq!(
        folder.faults(),
        ["a.csv:1:1: no column `input` in the header"]
    );
    let hint = &folder.hints()[0];
    assert!(
        hint.contains("`frage`, `antwort`, `thema`; which is the input"),
        "{hint}"
    );

    let keys = "fields = { input = \"frage\" }";
    let folder = Folder::new("a.csv", rows.as_bytes(), keys);
    let expected = "a.csv:2:1: scorer `any`: the sample has no target (and 1 more like it, line 3)";
    assert_eq!(folder.faults(), [expected]);
    let hint = &folder.hints()[0];
    assert!(
        hint.contains("`antwort`, `thema`; which is the target"),
        "{hint}"
    );

    let keys = "fields = { input = \"frage\", target = \"antwrt\" }";
    let faults = Folder::new("a.csv", rows.as_bytes(), keys).faults();
    assert_eq!(faults, ["a.csv:1:1: no column `antwrt` in the header"]);

    let line = r#"{"frage": "a", "antwort": "b"}"#;
    let keys = "fields = { input = \"frage\", target = \"antwort\", metadata = [\"thma\"] }";
    let faults = Folder::new("a.jsonl", line.as_bytes(), keys).faults();
    assert_eq!(faults, ["suite.toml:6:61: no sample has the column `thma`"]);
    let folder = Folder::new("a.jsonl", line.as_bytes(), "");
    assert_eq!(folder.faults()[0], "a.jsonl:1:1: a sample without `input`");
    assert!(folder.hints()[0].contains("the columns are `frage`, `antwort`"));
}

#[test]
fn faults_in_fields() {
    for (fields, expected) in [
        (
            "{ inputs = \"x\" }",
            "suite.toml:6:12: no sample has a field `inputs`",
        ),
        (
            "{ choices = [\"x\"] }",
            "suite.toml:6:22: `choices` needs at least two columns, each an option",
        ),
        (
            "{ target = { form = \"leter\" } }",
            "suite.toml:6:30: unknown form of targets `leter`",
        ),
        (
            "{ target = { colum = \"x\" } }",
            "suite.toml:6:23: unknown key `colum` in `target`",
        ),
        (
            "{ metadata = [\"a.x\", \"b.x\"] }",
            "suite.toml:6:31: two columns would be the metadata `x`",
        ),
        (
            "[\"x\"]",
            "suite.toml:6:10: `fields` must be a table, found an array",
        ),
    ] {
        let keys = format!("fields = {fields}");
        let faults = Folder::new("a.jsonl", b"{\"input\": \"q\", \"target\": 1}", &keys).faults();
        assert_eq!(
            faults.first().map(String::as_str),
            Some(expected),
            "{faults:#?}"
        );
    }
}

#[test]
fn a_target_that_is_a_number_is_compared_as_its_file_writes_it() {
    let texts = "scorers = [\"texts\"]";
    for (name, bytes, keys) in [
        (
            "a.csv",
            "input,target\na,100.0\nb,1.50\nc,1e2\nd,007\n".as_bytes(),
            texts,
        ),
        (
            "a.jsonl",
            br#"{"input": "a", "target": 100.0}
{"input": "b", "target": 1.50}
{"input": "c", "target": 1e2}
{"input": "d", "target": "007"}"#,
            texts,
        ),
        (
            "a.json",
            br#"[{"input": "a", "target": 100.0}, {"input": "b", "target": 1.50},
 {"input": "c", "target": 1e2}, {"input": "d", "target": "007"}]"#,
            texts,
        ),
    ] {
        let pairs = Folder::new(name, bytes, keys).pairs();
        assert_eq!(pairs, ["a -> 100.0", "b -> 1.50", "c -> 1e2", "d -> 007"]);
    }
    let types = include_bytes!("parquet/types.parquet");
    assert_eq!(
        Folder::new("a.parquet", types, texts).pairs(),
        [
            "What does it cost? -> 100.00",
            "And that? -> 2.50",
            "And this? -> -0.05"
        ]
    );
    // Where one of the scorers wants a number, it gets one.
    let mixed = Folder::new(
        "a.jsonl",
        b"{\"input\": \"a\", \"target\": 9.500}",
        "scorers = [\"number\", \"texts\"]",
    );
    assert_eq!(mixed.samples()[0].target, Some(json!(9.5)));
    let options = Folder::new(
        "a.jsonl",
        b"{\"input\": \"a\", \"choices\": [1.5, 1.50], \"target\": 1.50}",
        "",
    );
    assert_eq!(options.pairs(), ["a -> 1.50"]);
}

#[test]
fn answers_in_boxes_without_braces_are_read() {
    let rows = br#"{"problem": "p", "solution": "so $\\boxed 3$."}
{"problem": "q", "solution": "so $\\boxed\\frac12$ of it"}
{"problem": "r", "solution": "\\fbox{7}"}"#;
    let keys = "fields = { input = \"problem\", target = { column = \"solution\", boxed = true } }";
    let folder = Folder::new("a.jsonl", rows, keys);
    assert_eq!(folder.pairs(), ["p -> 3", "q -> \\frac12", "r -> 7"]);
    let unclear = br#"{"problem": "p", "solution": "so \\boxed 3 apples"}"#;
    assert_eq!(
        Folder::new("a.jsonl", unclear, keys).faults(),
        ["a.jsonl:1:30: what the last box of the target holds cannot be told"]
    );
}
