//! The documents: their links lead somewhere, and the overview stays one.

use std::path::{Path, PathBuf};

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
