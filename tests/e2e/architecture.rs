//! The house as ARCHITECTURE.md draws it: crates use only lower layers.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const LAYERS: [(&str, u8); 21] = [
    ("cleanbench-core", 0),
    ("cleanbench-files", 0),
    ("cleanbench-math", 0),
    ("cleanbench-stats", 0),
    ("cleanbench-text", 0),
    ("cleanbench-suite", 1),
    ("cleanbench-ledger", 1),
    ("cleanbench-price", 1),
    ("cleanbench-embedded", 2),
    ("cleanbench-items", 2),
    ("cleanbench-model", 2),
    ("cleanbench-probe", 2),
    ("cleanbench-score", 2),
    ("cleanbench-client", 3),
    ("cleanbench-engine", 3),
    ("cleanbench-import", 3),
    ("cleanbench-report", 3),
    ("cleanbench-lab", 4),
    ("cleanbench-plan", 4),
    ("cleanbench-study", 4),
    ("cleanbench", 5),
];
const READS_ONLY: &[&str] = &["reqwest", "hyper", "tokio", "socket2", "cleanbench-client"];
/// What a crate must not use, nor anything that it uses, however far away.
const OUT_OF_REACH: [(&str, &[&str]); 6] = [
    ("cleanbench-model", READS_ONLY),
    ("cleanbench-import", READS_ONLY),
    ("cleanbench-items", READS_ONLY),
    ("cleanbench-report", READS_ONLY),
    ("cleanbench-study", READS_ONLY),
    ("cleanbench-plan", &["clap", "indicatif"]),
];
/// Used by tests alone.
const TESTKIT: &str = "cleanbench-testkit";

/// That a crate of the workspace uses another, not only in its tests.
#[derive(Debug)]
struct Edge {
    from: String,
    to: String,
}

/// Every edge of the workspace that the table of layers forbids.
fn forbidden(edges: &[Edge]) -> Vec<String> {
    let layers: BTreeMap<_, _> = LAYERS.into_iter().collect();
    let mut wrong = Vec::new();
    for Edge { from, to } in edges {
        // Crates of the lowest layer stand side by side but for the nouns themselves.
        let allowed = match (layers.get(from.as_str()), layers.get(to.as_str())) {
            (Some(from), Some(to)) => from > to,
            _ => false,
        };
        if !allowed {
            wrong.push(format!("{from} -> {to}"));
        }
    }
    wrong
}

/// The crates of the workspace, as cargo describes them.
fn packages() -> Vec<Value> {
    let found = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--no-deps", "--format-version=1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&found.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn edges() -> Vec<Edge> {
    let mut edges = Vec::new();
    for package in packages() {
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = dependency["name"].as_str().unwrap();
            if dependency["kind"].is_null() && to.starts_with("cleanbench") {
                edges.push(Edge {
                    from: package["name"].as_str().unwrap().to_owned(),
                    to: to.to_owned(),
                });
            }
        }
    }
    edges
}

#[test]
fn arrows_point_down() {
    let edges = edges();
    assert!(edges.len() > 15, "the workspace was read");
    assert_eq!(forbidden(&edges), Vec::<String>::new());
}

/// What `cargo tree` says with `arguments`: one line for each package.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let found = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix", "none"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(found.status.success(), "{arguments:?}");
    let text = String::from_utf8(found.stdout).unwrap();
    let lines = text.lines().map(|line| line.trim_end_matches(" (*)"));
    lines.map(str::to_owned).collect()
}

/// Names of everything that the package `name` is built with here, however far away.
fn reach(name: &str) -> BTreeSet<String> {
    let packages = tree(&["--edges", "normal", "--format", "{p}", "--package", name]);
    let names = packages.iter().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

#[test]
fn what_is_tested_is_what_is_shipped_and_is_built_once() {
    let features = ["--format", "{p}: {f}"];
    let shipped = tree(&[&features[..], &["--edges", "normal,build"]].concat());
    let tested = [
        &features[..],
        &["--edges", "normal,build,dev", "--workspace"],
    ]
    .concat();
    let tested = tree(&tested);
    assert!(shipped.len() > 100, "the tree was read");
    let otherwise: Vec<_> = shipped.difference(&tested).collect();
    assert_eq!(
        otherwise,
        Vec::<&String>::new(),
        "a crate asks for features in its tests alone: these would be built a second time"
    );
}

#[test]
fn what_is_out_of_reach_is_used_by_nothing_that_is_used() {
    let of_the_program = reach("cleanbench");
    for (from, beyond) in OUT_OF_REACH {
        let reached = reach(from);
        for name in beyond {
            assert!(!reached.contains(*name), "{from} reaches {name}");
            assert!(of_the_program.contains(*name), "{name} would be found");
        }
    }
}

#[test]
fn an_upward_edge_is_found() {
    let edge = |from: &str, to: &str| Edge {
        from: from.to_owned(),
        to: to.to_owned(),
    };
    assert_eq!(
        forbidden(&[edge("cleanbench-core", "cleanbench-suite")]).len(),
        1,
        "up"
    );
    assert_eq!(
        forbidden(&[edge("cleanbench-engine", "cleanbench-report")]).len(),
        1,
        "sideways"
    );
    assert_eq!(
        forbidden(&[edge("cleanbench", TESTKIT)]).len(),
        1,
        "the testkit is for tests"
    );
}

#[test]
fn every_crate_has_a_layer_and_a_place_in_the_architecture() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let text = fs_err::read_to_string(format!("{root}/ARCHITECTURE.md")).unwrap();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let known = name == TESTKIT || LAYERS.iter().any(|(known, _)| *known == name);
        assert!(known, "{name} has no layer");
        assert!(
            text.contains(&format!("`{name}`")),
            "{name} is not in ARCHITECTURE.md"
        );
    }
}
