//! Item tables for tests, without runs. Always here: a feature would have the program built a second time for its tests.

use cleanbench_core::{Digest, Outcome};
use cleanbench_ledger::Manifest;
use serde_json::{Value, json};

use crate::item::{Identity, Item, TaskItems, Trial};
use crate::table::ItemTable;

/// A sample named `id`, whose input is its id, with one epoch a score.
pub fn item(id: &str, scores: &[Option<f64>]) -> Item {
    let trial = |score: &Option<f64>| Trial {
        outcome: score.map(|_| Outcome::Answered),
        score: *score,
        extraction_failure: false,
        answer: score
            .map_or(String::new(), |score| format!("answer {score}"))
            .into(),
    };
    Item {
        identity: Identity {
            id: id.into(),
            input_digest: Digest::of("input", &[id.as_bytes()]),
            sample_digest: Digest::of("sample", &[id.as_bytes()]),
            is_quarantined: false,
        },
        cluster: None,
        slices: [].into(),
        trials: scores.iter().map(trial).collect(),
    }
}

/// Samples `s0`, `s1`, … with one epoch each: `1` right, `0` wrong, `5` half right, `-` without answer.
pub fn items(pattern: &str) -> Vec<Item> {
    let score = |letter| match letter {
        '1' => Some(1.0),
        '0' => Some(0.0),
        '5' => Some(0.5),
        _ => None,
    };
    let numbered = pattern.chars().enumerate();
    numbered
        .map(|(number, letter)| item(&format!("s{number}"), &[score(letter)]))
        .collect()
}

/// The description of a model called `name`.
pub fn model(name: &str, tasks: usize) -> Value {
    json!({
        "name": name,
        "endpoint": {"name": name, "provider": "p", "model": name, "url": "http://127.0.0.1:1/v1"},
        "sampling": vec![json!({"temperature": 0.0}); tasks],
        "effective": vec![json!({"sent": {"temperature": 0.0}, "seed": null}); tasks],
    })
}

/// The description of a task called `name`.
pub fn task(name: &str) -> Value {
    json!({
        "name": name, "epochs": 1, "samples": 1, "sensitivity": "public",
        "scorers": [{"type": "choice"}], "scorers_digest": Digest([1; 32]),
        "definition": {"prompt": "{{ input }}"},
    })
}

/// A finished run of `models` and `tasks`.
#[expect(clippy::unwrap_used, reason = "it is called by tests alone")]
pub fn manifest(models: &[Value], tasks: &[Value]) -> Manifest {
    let manifest = json!({
        "format": "cleanbench-run/1.2",
        "run": "00000000",
        "plan": {
            "tool": "cleanbench", "created": "2026-01-01T00:00:00Z",
            "suite": {"name": "s", "version": "1", "digest": Digest([2; 32])},
            "models": models, "tasks": tasks, "tables": 2, "seed": 0,
            "samples_digest": Digest([3; 32]), "samples_root": Digest([4; 32]),
            "inputs": {"inputs/suite.key": Digest([5; 32])},
        },
    });
    serde_json::from_value(manifest).unwrap()
}

/// A run of one task `t` and a model for each of `columns`, named `a`, `b`, …
pub fn table(columns: &[Vec<Item>]) -> ItemTable {
    let names = ["a", "b", "c", "d"];
    let models: Vec<_> = names[..columns.len()]
        .iter()
        .map(|name| model(name, 1))
        .collect();
    let tasks = columns.iter().map(|items| {
        vec![TaskItems {
            contamination: "not_assessed".to_owned(),
            items: items.clone(),
        }]
    });
    ItemTable::from_parts(manifest(&models, &[task("t")]), tasks.collect())
}
