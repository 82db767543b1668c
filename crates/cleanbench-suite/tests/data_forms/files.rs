//! What files look like: separators, line ends, encodings, documents.

use std::io::Write as _;

use crate::bed::Folder;

const EXPECTED: [&str; 2] = [
    "Was kostet ein Kaffee, bitte? -> 3,50 €",
    "Two\nlines -> \"x\"",
];

fn utf16(text: &str, is_big: bool) -> Vec<u8> {
    let units = format!("\u{feff}{text}");
    let units = units.encode_utf16();
    if is_big {
        units.flat_map(u16::to_be_bytes).collect()
    } else {
        units.flat_map(u16::to_le_bytes).collect()
    }
}

#[test]
fn a_table_is_taken_as_programs_write_it() {
    let table = |between: char, end: &str| {
        let rows = [
            ["question", " Expected Answer ", "category"],
            ["\"Was kostet ein Kaffee, bitte?\"", "\"3,50 €\"", "a"],
            ["\"Two\nlines\"", "\"\"\"x\"\"\"", "b"],
        ];
        let rows = rows.map(|row| row.join(&between.to_string()) + end);
        rows.concat()
    };
    let semicolons = format!("\u{feff}{}", table(';', "\r\n"));
    let old = table(';', "\r").replace('\n', "\r");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(table(',', "\n").as_bytes()).unwrap();
    let tabs = utf16(&table('\t', "\r\n"), false);
    for (name, bytes) in [
        ("comma.csv", table(',', "\n").into_bytes()),
        ("excel.csv", semicolons.into_bytes()),
        ("old.csv", old.into_bytes()),
        (
            "said.csv",
            format!("sep=;\r\n{}", table(';', "\r\n")).into_bytes(),
        ),
        ("bars.csv", table('|', "\n").into_bytes()),
        ("tabs.tsv", table('\t', "\n").into_bytes()),
        ("unicode.csv", tabs.clone()),
        ("big.tsv", utf16(&table('\t', "\n"), true)),
        ("packed.csv.gz", gzip.finish().unwrap()),
        ("packed.csv.zst", zstd::encode_all(&tabs[..], 1).unwrap()),
    ] {
        let folder = Folder::new(name, &bytes, "");
        assert_eq!(folder.pairs(), EXPECTED, "{name}");
        assert_eq!(folder.samples()[1].metadata["category"], "b", "{name}");
        assert!(folder.faults().is_empty(), "{name}: {:?}", folder.faults());
    }
}

#[test]
fn a_document_is_taken_whatever_its_outer_form() {
    let one = "{\"question\": \"Was kostet ein Kaffee, bitte?\", \"answer\": \"3,50 €\"}";
    let two = "{\"question\": \"Two\\nlines\",\n  \"answer\": \"\\\"x\\\"\"}";
    let flat = two.replace('\n', "");
    for (name, text) in [
        ("array.json", format!("[{one}, {two}]")),
        ("array.jsonl", format!("\u{feff}[\n{one},\n{two}\n]\n")),
        ("lines.json", format!("{one}\n{flat}\n")),
        ("lines.ndjson", format!("{one}\n\n{flat}")),
        ("pretty.json", format!("{one}\n\n{two}\n")),
        (
            "held.json",
            format!("{{\"version\": 1, \"data\": [{one},\n {two}], \"splits\": [\"a\"]}}"),
        ),
    ] {
        let folder = Folder::new(name, text.as_bytes(), "");
        assert_eq!(folder.pairs(), EXPECTED, "{name}");
    }
    let big = utf16(&format!("[{one}, {two}]"), false);
    assert_eq!(Folder::new("utf16.json", &big, "").pairs(), EXPECTED);
    let single = Folder::new("single.json", one.as_bytes(), "");
    assert_eq!(single.pairs(), EXPECTED[..1]);
}

#[test]
fn an_object_that_asks_is_a_sample_whatever_lists_it_holds() {
    let similar = "{\"input\": \"q\", \"target\": \"a\", \"similar\": [{\"input\": \"x\", \"target\": \"y\"}]}";
    let folder = Folder::new("one.json", similar.as_bytes(), "");
    assert_eq!(folder.pairs(), ["q -> a"]);
    let mapped =
        "{\"q\": \"q\", \"target\": \"a\", \"similar\": [{\"q\": \"x\", \"target\": \"y\"}]}";
    let folder = Folder::new("one.json", mapped.as_bytes(), "fields = { input = \"q\" }");
    assert_eq!(folder.pairs(), ["q -> a"]);
}

#[test]
fn what_a_sample_may_say_is_not_lost_beside_the_list_of_samples() {
    for (key, line) in [("sensitivity", 1), ("sensitivty", 1), ("created", 1)] {
        let text = format!(
            "{{\"{key}\": \"secret\",\n \"samples\": [{{\"input\": \"q\", \"target\": \"a\"}}]}}"
        );
        let faults = Folder::new("a.json", text.as_bytes(), "").faults();
        let expected = format!(
            "a.json:{line}:2: `{key}` beside the list of samples `samples` says nothing of any of them"
        );
        assert_eq!(faults, [expected]);
    }
}

#[test]
fn an_integer_that_no_number_keeps_stays_the_digits_that_it_is() {
    let text = "[{\"input\": \"q\", \"target\": 123456789012345678901}]";
    let folder = Folder::new("a.json", text.as_bytes(), "");
    assert_eq!(folder.pairs(), ["q -> 123456789012345678901"]);
}

#[test]
fn faults_in_documents_have_their_line_and_column() {
    for (name, text, expected) in [
        (
            "a.json",
            "[{\"input\": \"é\", \"target\": 1}, {\"input\": 5, \"target\": 1}]",
            "1:41: `input` must be a string, found a number",
        ),
        (
            "a.json",
            "[{\"input\": \"q\", \"target\": 1},\n  {\"target\": 1,\n   \"input\": 5}]",
            "3:13: `input` must be a string, found a number",
        ),
        (
            "a.json",
            "[{\"input\": \"q\", \"target\": 1}\n {\"input\": \"q\"}]",
            "2:2: invalid JSON: no comma between this value and the one before",
        ),
        (
            "a.json",
            "[{\"input\": \"q\", \"target\": 1}",
            "1:29: the array is never closed",
        ),
        (
            "a.json",
            "{\"d\": [{\"input\": \"q\", \"target\": 1},\n {\"input\": 7}]}",
            "2:12: `input` must be a string, found a number",
        ),
        (
            "a.json",
            "{\"a\": [{\"input\": \"q\"}],\n \"b\": [{}]}",
            "2:2: an object with several lists of objects: `a`, `b`",
        ),
        (
            "a.json",
            "{\"input\": \"q\",\n \"target\" 1}",
            "2:11: invalid JSON: expected `:`",
        ),
        (
            "a.json",
            "[{\"id\": \"x\", \"input\": \"q\", \"target\": 1}, {\"id\": \"x\", \"input\": \"q\", \"target\": 1}]",
            "1:49: duplicate id `x`; the first is at record 1",
        ),
        (
            "a.csv",
            "input;target\nq;\"1\n",
            "2:3: this quote is never closed",
        ),
        (
            "a.tsv",
            "input\ttarget\nq\t1\tx\n",
            "2:5: expected 2 cells, found 3",
        ),
    ] {
        let faults = Folder::new(name, text.as_bytes(), "").faults();
        assert_eq!(
            faults.first().map(String::as_str),
            Some(&*format!("{name}:{expected}")),
            "{text}\n{faults:#?}"
        );
    }
    let half = Folder::new("a.csv", b"\xff\xfea\0\0\xd8", "").faults();
    assert_eq!(
        half,
        ["a.csv:1:1: cannot read the file: invalid UTF-16 at byte 4; save the file as UTF-8"]
    );
}

#[test]
fn a_table_named_in_place_of_a_suite_is_told_what_is_missing() {
    let folder = Folder::new("mine.csv", b"frage;antwort\na;b\n", "");
    let catalog = cleanbench_suite::Catalog {
        scorers: &crate::bed::Any,
        probes: &[],
    };
    let path = folder.path().join("mine.csv");
    let pulse = cleanbench_suite::Pulse::default();
    let loaded =
        cleanbench_suite::load(&path, catalog, &cleanbench_suite::Grants::default(), &pulse);
    assert!(loaded.suite.is_none());
    let [only] = &loaded.diagnostics[..] else {
        panic!("{:?}", loaded.diagnostics);
    };
    assert_eq!(
        only.message,
        "`mine.csv` is data, and what to ask of it is missing"
    );
    let hint = only.hint.as_deref().unwrap();
    for part in [
        "suite.toml",
        "[[task]]",
        "'data = \"mine.csv\"'",
        "'scorers = [\"exact\"]' > ",
        " && cleanbench check ",
        "`frage`, `antwort`",
    ] {
        assert!(hint.contains(part), "{part}: {hint}");
    }
}
