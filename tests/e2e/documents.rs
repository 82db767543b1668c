//! The documents: their links lead somewhere, and the overview stays one.

use std::path::{Path, PathBuf};

use cleanbench_core::ScorerSpec;
use serde_json::json;

/// Most bytes of ARCHITECTURE.md: what is longer is not read. Details belong in `docs/`.
const LONGEST_OVERVIEW: usize = 12_000;
/// Documents at the root of the project.
const AT_ROOT: [&str; 4] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All documents in `folder` and below.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
    found
}

/// Where the links of `text` lead that stay within the project: `[words](path#place)`, code left out.
fn links(text: &str) -> Vec<&str> {
    let outside_code = text.split("```").step_by(2);
    let targets = outside_code.flat_map(|text| text.split("](").skip(1));
    targets
        .filter_map(|rest| rest.split([')', '#']).next())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

#[test]
fn every_link_within_the_project_leads_somewhere() {
    let mut all: Vec<_> = AT_ROOT.iter().map(|name| root().join(name)).collect();
    all.extend(documents(&root().join("docs")));
    let mut checked = 0;
    for document in all {
        let text = fs_err::read_to_string(&document).unwrap();
        for target in links(&text) {
            let there = document.parent().unwrap().join(target);
            assert!(there.exists(), "{}: {target}", document.display());
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked} links were found");
}

#[test]
fn every_page_of_docs_is_named_in_the_list_of_its_folder() {
    for folder in ["docs/format", "docs/decisions"] {
        let folder = root().join(folder);
        let list = fs_err::read_to_string(folder.join("README.md")).unwrap();
        for page in documents(&folder) {
            let name = page.file_name().unwrap().to_str().unwrap();
            let named = name == "README.md" || links(&list).contains(&name);
            assert!(named, "{} is not in the list of its folder", page.display());
        }
    }
}

#[test]
fn the_overview_stays_one() {
    let text = fs_err::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(text.len() <= LONGEST_OVERVIEW, "{} bytes", text.len());
}

#[test]
fn links_are_found_and_addresses_are_not() {
    let text = "[a](b.md) [c](d/e.md#f) [g](https://h) [i](#j)\n```\n[k](l.md)\n```\n[m](n.md)";
    assert_eq!(links(text), ["b.md", "d/e.md", "n.md"]);
}

/// The keys of the scorer `kind`: those that an error names which is about none of them.
fn keys_of(kind: &str) -> Vec<String> {
    const STRANGE: &str = "qqqqqqqqqqqqqqqq";
    // What a scorer asks for before anything else is given, so that it asks for all.
    let given =
        json!({STRANGE: 1, "pattern": "x", "program": "x", "fixture": "", "scorers": ["exact"]});
    let needed = match kind {
        "regex" => "pattern",
        "command" => "program",
        "sql" => "fixture",
        "weighted" => "scorers",
        _ => STRANGE,
    };
    let spec = ScorerSpec {
        kind: kind.to_owned(),
        params: [STRANGE, needed]
            .map(|name| (name.to_owned(), given[name].clone()))
            .into_iter()
            .collect(),
    };
    let faults = cleanbench_score::build(&spec).unwrap_err();
    let mut strange = faults
        .into_iter()
        .filter(|fault| fault.param.as_deref() == Some(STRANGE));
    let hint = strange.next().and_then(|fault| fault.hint).unwrap();
    let listed = hint.strip_prefix("known parameters: ").unwrap_or_default();
    let keys = listed.split(", ").filter(|key| !key.is_empty());
    keys.map(str::to_owned).collect()
}

#[test]
fn every_scorer_and_each_of_its_keys_is_documented_with_an_example() {
    let text = fs_err::read_to_string(root().join("docs/scorers.md")).unwrap();
    let common = text.split("\n## ").nth(1).unwrap();
    let mut checked = 0;
    for kind in cleanbench_score::names() {
        let head = format!("\n## `{kind}`\n");
        let section = text
            .split(&head)
            .nth(1)
            .unwrap_or_else(|| panic!("no section {kind}"));
        let section = section.split("\n## ").next().unwrap();
        for key in keys_of(kind) {
            let named = format!("`{key}`");
            assert!(
                section.contains(&named) || common.contains(&named),
                "{kind}: {key} is not named"
            );
            checked += 1;
        }
        let example = section
            .split('`')
            .find(|part| part.starts_with("scorers = ["));
        let example = example.unwrap_or_else(|| panic!("no example of {kind}"));
        let name = example.split("type = \"").nth(1).unwrap_or(example);
        let mut quoted = name.trim_start_matches("scorers = [\"").split('"');
        let name = quoted.next();
        assert_eq!(name, Some(kind));
    }
    assert!(checked > 60, "{checked} keys were found");
}
