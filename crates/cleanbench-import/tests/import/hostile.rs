//! Logs of strangers: broken, mutated and made to take up memory. Nothing panics, everything ends within bounds.

use std::time::{Duration, Instant};

use cleanbench_import::{ErrorKind, suite_files};
use serde_json::{Value, json};
use zip::CompressionMethod;

use crate::bed::{Bed, inspect_log, lines, of, zipped};

/// A file of each format, by name.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut header = inspect_log();
    let samples = header.as_object_mut().unwrap().remove("samples").unwrap();
    let entries = [
        ("header.json", header.to_string()),
        ("samples/1_epoch_1.json", samples[0].to_string()),
    ];
    let row = json!({"doc_id": 0, "doc": {}, "target": "a", "arguments": [["p", " a"], ["p", " b"]], "resps": [[["-1", "True"]], [["-2", "False"]]], "metrics": ["acc"], "acc": 1.0});
    let review = json!({"index": 1, "messages": [{"role": "user", "content": "q"}], "sample_score": {"score": {"value": {"acc": 1}, "prediction": "x"}, "group_id": 1}});
    let output = json!({"version": 1, "results": [{"prompt": {"raw": "p", "display": "p"}, "vars": {}, "response": {"output": "x"}, "success": true}], "stats": {}, "table": {"head": {"prompts": ["p"]}}});
    let state = json!({"adapter_spec": {"method": "generation", "model": "m"}, "request_states": [{"instance": {"id": "i"}, "request": {"prompt": "p"}, "result": {"success": true, "completions": [{"text": "x"}]}}]});
    let event = json!({"run_id": "r", "event_id": 1, "sample_id": "s", "type": "sampling", "data": {"prompt": "p", "sampled": ["x"]}});
    vec![
        ("log.json", inspect_log().to_string().into_bytes()),
        ("log.eval", zipped(&entries, CompressionMethod::Deflated)),
        ("samples_t_2026-01-01.jsonl", lines(&[row]).into_bytes()),
        ("reviews.jsonl", lines(&[review]).into_bytes()),
        ("output.json", output.to_string().into_bytes()),
        ("scenario_state.json", state.to_string().into_bytes()),
        ("events.jsonl", lines(&[event]).into_bytes()),
        ("samples.jsonl", lines(&[json!({"input": "q", "ideal": "a"})]).into_bytes()),
        ("promptfooconfig.yaml", b"prompts: ['a {{b}}']\ntests:\n  - vars: {b: c}\n    assert: [{type: equals, value: d}]\n".to_vec()),
        ("task.yaml", b"task: t\ndataset_path: json\ndataset_kwargs: {data_files: task.yaml}\ndoc_to_text: q\n".to_vec()),
        ("evals.yaml", b"a:\n  class: evals.elsuite.basic.match:Match\n  args: {samples_jsonl: a}\n".to_vec()),
        ("tests.csv", b"a,__expected\nb,c\n".to_vec()),
    ]
}

/// Numbers that are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

const PARTS: [&[u8]; 14] = [
    b"null",
    b"[]",
    b"{}",
    b"-1",
    b"1e999",
    b"\"\"",
    b"NaN",
    b"\xff",
    b"[[[[",
    b"\n",
    b"18446744073709551615",
    b"\\u0000",
    b",",
    b"true",
];

fn mutated(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len().max(1)).min(bytes.len());
        let end = (at + numbers.below(12)).min(bytes.len());
        let part = PARTS[numbers.below(PARTS.len())];
        match numbers.below(3) {
            0 => drop(bytes.splice(at..end, part.iter().copied())),
            1 => drop(bytes.splice(at..at, part.iter().copied())),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

/// Values put in the place of others keep a document whole, so that they come through to the readers.
fn swapped(value: &mut Value, numbers: &mut Numbers) {
    let others = [
        json!(null),
        json!([]),
        json!({}),
        json!("x"),
        json!(-1),
        json!(1e300),
        json!(true),
        json!([{"a": 1}]),
        json!(u64::MAX),
    ];
    let count = match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    if count == 0 || numbers.below(6) == 0 {
        *value = others[numbers.below(others.len())].clone();
        return;
    }
    let at = numbers.below(count);
    match value {
        Value::Array(items) => swapped(&mut items[at], numbers),
        Value::Object(fields) => {
            let inner = fields.values_mut().nth(at).unwrap();
            swapped(inner, numbers);
        }
        _ => {}
    }
}

fn imported(name: &str, bytes: &[u8]) {
    if let Ok(imported) = of(name, bytes) {
        drop(suite_files(&imported));
    }
}

#[test]
fn mutations_of_every_format_neither_panic_nor_hang() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for (name, bytes) in seeds() {
        imported(name, &bytes);
        let begun = Instant::now();
        for _ in 0..150 {
            imported(name, &mutated(&bytes, &mut numbers));
        }
        let document: Option<Value> = serde_json::from_slice(&bytes).ok();
        for _ in 0..150 {
            if let Some(mut document) = document.clone() {
                swapped(&mut document, &mut numbers);
                swapped(&mut document, &mut numbers);
                imported(name, format!("{document}\n").as_bytes());
            }
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "{name}");
    }
}

#[test]
fn seeds_are_what_they_seem() {
    for (name, bytes) in seeds() {
        let came = of(name, bytes).err().map(|error| error.kind);
        let is_known = came != Some(ErrorKind::Unknown);
        assert!(is_known, "{name} is recognised");
    }
}

#[test]
fn an_entry_that_unpacks_without_end_is_refused_before_it_is_there() {
    let zeros = " ".repeat(80 << 20);
    let header = inspect_log().to_string();
    let entries = [("header.json", header), ("samples/1_epoch_1.json", zeros)];
    let bomb = zipped(&entries, CompressionMethod::Deflated);
    assert!(bomb.len() < 1 << 20);
    let error = of("log.eval", bomb).unwrap_err();
    assert!(
        error
            .message
            .contains("samples/1_epoch_1.json: it unpacks to more than 64 MiB"),
        "{error}"
    );
}

#[test]
fn many_entries_of_values_are_not_kept() {
    let samples: Vec<_> = (0..6)
        .map(|id| {
            let free = format!("{{\"a\": [{}0]}}", "0,".repeat(1_000_000));
            let name = format!("samples/{id}_epoch_1.json");
            (
                name,
                format!("{{\"id\": {id}, \"input\": \"q\", \"metadata\": {free}}}"),
            )
        })
        .collect();
    let mut header = inspect_log();
    header.as_object_mut().unwrap().remove("samples");
    let mut entries = vec![("header.json", header.to_string())];
    entries.extend(
        samples
            .iter()
            .map(|(name, text)| (name.as_str(), text.clone())),
    );
    let imported = of("log.eval", zipped(&entries, CompressionMethod::Deflated)).unwrap();
    assert!(
        imported.tasks[0]
            .samples
            .iter()
            .all(|sample| sample.metadata.is_empty())
    );
    assert!(
        imported
            .cannot_tell
            .join("")
            .contains("6 × sample whose free fields are larger")
    );
}

#[test]
fn names_in_an_archive_lead_nowhere() {
    let sample = inspect_log()["samples"][0].to_string();
    let entries = [
        ("header.json", inspect_log().to_string()),
        ("samples/../../../tmp/evil_epoch_1.json", sample.clone()),
        ("/samples/x_epoch_1.json", "no JSON at all".to_owned()),
    ];
    let bed = Bed::new().with(
        "a/b/c/log.eval",
        zipped(&entries, CompressionMethod::Stored),
    );
    let imported = bed.import("a/b/c/log.eval").unwrap();
    assert_eq!(imported.tasks[0].samples.len(), 1);
    assert!(!bed.path("tmp").exists() && !bed.path("a/tmp").exists());
}

#[test]
fn an_archive_of_too_many_entries_is_refused_before_they_are_read() {
    let mut bytes = b"PK\x03\x04".to_vec();
    bytes.extend(b"PK\x01\x02".repeat(1_000_001));
    let error = of("log.eval", bytes).unwrap_err();
    assert!(
        error.message.contains("more than 1000000 entries"),
        "{error}"
    );
}

#[test]
fn depth_size_and_repeats_are_bounded() {
    let deep = format!("{{\"eval\": {}", "[".repeat(1 << 20));
    assert_eq!(of("log.json", deep).unwrap_err().kind, ErrorKind::Damaged);
    let mut log = inspect_log();
    log["samples"][0]["epoch"] = json!(u32::MAX);
    let error = of("log.json", log.to_string()).unwrap_err();
    assert!(error.message.contains("epoch 4294967295"), "{error}");
    let mut header = inspect_log();
    let mut shell = header.as_object_mut().unwrap().remove("samples").unwrap()[0].clone();
    shell["messages"] = json!([]);
    shell["message_refs"] = json!(vec![[0, 1000]; 10_000]);
    let pool = vec![json!({"role": "user", "content": "x"}); 1000];
    let entries = [
        ("header.json", header.to_string()),
        ("samples/1_epoch_1/sample.json", shell.to_string()),
        ("samples/1_epoch_1/messages/0.json", json!(pool).to_string()),
    ];
    let error = of("log.eval", zipped(&entries, CompressionMethod::Deflated)).unwrap_err();
    assert!(
        error.message.contains("repeats its messages over and over"),
        "{error}"
    );
}

#[test]
fn what_is_said_once_and_meant_many_times_is_bounded() {
    let mut log = inspect_log();
    log["samples"][0]["attachments"] = json!({"q": "x".repeat(1 << 20)});
    log["samples"][0]["messages"] = json!(vec![
        json!({"role": "user", "content": "attachment://q"});
        5_000
    ]);
    let imported = of("log.json", log.to_string()).unwrap();
    let said = imported.tasks[0].samples[0]
        .messages
        .iter()
        .map(|message| message.content.len());
    assert!(said.sum::<usize>() < 65 << 20);
    let many = vec!["'{{a}}'"; 1_000].join(", ");
    let tests = "\n  - vars: {a: b}".repeat(1_000);
    let config = format!("prompts: [{many}]\ntests:{tests}\n");
    let error = of("promptfooconfig.yaml", config).unwrap_err();
    assert!(
        error.message.contains("1000000 prompts times tests"),
        "{error}"
    );
    let wide = format!(
        "prompts: ['{}']\ntests:\n  - vars: {{a: '{}'}}\n    assert: [{{type: equals, value: x}}]\n",
        "{{a}}".repeat(2_000),
        "y".repeat(20_000)
    );
    let error = of("promptfooconfig.yaml", wide).unwrap_err();
    assert!(
        error.message.contains("a text of more than 16 MiB"),
        "{error}"
    );
    let row = json!({"prompt": {"raw": "p", "label": "p"}, "vars": {}, "provider": "m", "response": {"output": "x"}, "success": true});
    let rows = vec![row; 20_000];
    let begun = Instant::now();
    let error = of(
        "output.json",
        json!({"evalId": 1, "config": {}, "results": {"results": rows}}).to_string(),
    )
    .unwrap_err();
    assert!(error.message.contains("epoch 10001"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_broken_line_has_its_place_and_an_unknown_file_is_told_what_is_known() {
    let good = json!({"doc_id": 0, "resps": [["a"]], "metrics": [], "target": "a", "arguments": [["p", {}]]});
    let error = of("s.jsonl", format!("{good}\n\n{{\"doc_id\": 1, oops}}\n")).unwrap_err();
    assert!(
        error
            .message
            .ends_with("s.jsonl:3:15: key must be a string"),
        "{error}"
    );
    let error = of("x.bin", [0, 1, 2]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unknown);
    assert!(error.hint.unwrap().contains("Inspect (.eval, .json)"));
    let bed = Bed::new();
    assert_eq!(
        bed.import("nothing").unwrap_err().kind,
        ErrorKind::Unreadable
    );
    assert_eq!(bed.import("").unwrap_err().kind, ErrorKind::Unknown);
}
