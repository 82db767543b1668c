//! No two files of a crate import each other, but for a module and what lies within it.
//!
//! Files that import each other can only be read together. The few pairs that do stand below, and in
//! ARCHITECTURE.md with the reason of each. Code of tests does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Pairs of files under `crates/` that import each other, for reasons that ARCHITECTURE.md gives.
const KNOWN: &[[&str; 2]] = &[
    [
        "cleanbench-ledger/src/manifest.rs",
        "cleanbench-ledger/src/parts.rs",
    ],
    [
        "cleanbench-ledger/src/queue.rs",
        "cleanbench-ledger/src/writer.rs",
    ],
    [
        "cleanbench-math/src/equal.rs",
        "cleanbench-math/src/spans.rs",
    ],
    [
        "cleanbench-model/src/likelihood.rs",
        "cleanbench-model/src/read.rs",
    ],
];
/// Most pairs that may stand there.
const MOST_KNOWN: usize = 6;

/// A module by the names from the crate's root down to it; the root has none.
type Module = Vec<String>;

/// The source files of one crate by the module that each of them is.
fn modules(src: &Path) -> BTreeMap<Module, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(src.to_owned(), Module::new())];
    while let Some((folder, within)) = folders.pop() {
        for entry in fs_err::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let module = [&within[..], std::slice::from_ref(&name)].concat();
            if path.is_dir() {
                // Programs of their own.
                if name != "bin" {
                    folders.push((path, module));
                }
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                match name.as_str() {
                    "lib" | "main" | "mod" => found.insert(within.clone(), path),
                    _ => found.insert(module, path),
                };
            }
        }
    }
    found
}

/// `text` without comments, and without what is compiled for tests alone: a file's last part.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path that begins with `crate` or `super`, groups in braces taken apart.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_none_or(|before| !before.is_alphanumeric() && !"_:$".contains(before)) {
                expand(&mut &code[at..], &[], &mut found);
            }
        }
    }
    found
}

/// Reads one path or group at the beginning of `rest`, after the names in `prefix`.
fn expand(rest: &mut &str, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    loop {
        *rest = rest.trim_start();
        if let Some(inside) = rest.strip_prefix('{') {
            *rest = inside;
            while !rest.is_empty() && !rest.starts_with('}') {
                expand(rest, &path, found);
                *rest = rest.trim_start();
                *rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
            }
            *rest = rest.strip_prefix('}').unwrap_or(rest);
            return;
        }
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
        path.push(name.to_owned());
        *rest = after;
        match rest.strip_prefix("::") {
            Some(after) => *rest = after,
            None => break,
        }
    }
    // What is not understood is passed over up to the end of this member of a group.
    if !prefix.is_empty() {
        let end = rest.find([',', '}']).unwrap_or(rest.len());
        *rest = &rest[end..];
    }
    found.push(path);
}

/// What a crate's root names for others, by its name there: the path to where it is.
fn named_by_root(root: &str) -> BTreeMap<String, Module> {
    let mut found = Vec::new();
    for (at, _) in root.match_indices("pub use ") {
        expand(&mut &root[at + "pub use ".len()..], &[], &mut found);
    }
    let name = |path: Vec<String>| Some((path.last()?.clone(), path));
    found.into_iter().filter_map(name).collect()
}

/// Where paths of a crate lead.
struct Map {
    modules: BTreeMap<Module, PathBuf>,
    /// What the root names, so that an import by way of the root is not overlooked.
    named: BTreeMap<String, Module>,
}

impl Map {
    /// The module that `path` leads into, seen from `from`; the longest one that is a file.
    fn target(&self, from: &Module, path: &[String]) -> Module {
        let mut names = match path.first().map(String::as_str) {
            Some("super") => from[..from.len().saturating_sub(1)].to_vec(),
            _ => Module::new(),
        };
        for name in &path[1..] {
            match name.as_str() {
                "super" => drop(names.pop()),
                "self" => {}
                name => names.push(name.to_owned()),
            }
        }
        if let Some(first) = names.first()
            && !self.modules.contains_key(&names[..1])
        {
            names = self.named.get(first).cloned().unwrap_or(names);
        }
        while !self.modules.contains_key(&names) {
            names.pop();
        }
        names
    }
}

/// Pairs of files of the crate at `src` that import each other.
fn mutual(src: &Path) -> Vec<[PathBuf; 2]> {
    let modules = modules(src);
    let text = |path: &PathBuf| code(&fs_err::read_to_string(path).unwrap());
    let root = modules.get(&Module::new()).map(text);
    let named = named_by_root(&root.unwrap_or_default());
    let map = Map { modules, named };
    let mut imports = BTreeSet::new();
    for (module, path) in &map.modules {
        for path in paths(&text(path)) {
            imports.insert((module.clone(), map.target(module, &path)));
        }
    }
    let back = |pair: &&(Module, Module)| {
        let (from, to) = pair;
        let related = from.starts_with(to) || to.starts_with(from);
        from < to && !related && imports.contains(&(to.clone(), from.clone()))
    };
    let pairs = imports.iter().filter(back);
    pairs
        .map(|(from, to)| [map.modules[from].clone(), map.modules[to].clone()])
        .collect()
}

/// Pairs of files of all crates that import each other, as paths below `crates`.
fn all_mutual(crates: &Path) -> Vec<[String; 2]> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(crates).unwrap() {
        for pair in mutual(&entry.unwrap().path().join("src")) {
            found.push(pair.map(|path| {
                let short = path.strip_prefix(crates).unwrap();
                short.to_str().unwrap().to_owned()
            }));
        }
    }
    found
}

#[test]
fn only_the_named_files_import_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = all_mutual(&root.join("crates").canonicalize().unwrap());
    let new: Vec<_> = found
        .iter()
        .filter(|pair| !KNOWN.iter().any(|known| pair == &known))
        .collect();
    assert!(new.is_empty(), "files import each other: {new:?}");
    let stale: Vec<_> = KNOWN
        .iter()
        .filter(|known| !found.iter().any(|pair| pair == *known))
        .collect();
    assert!(
        stale.is_empty(),
        "no longer so, take them out here and in ARCHITECTURE.md: {stale:?}"
    );
    assert!(KNOWN.len() <= MOST_KNOWN, "too many exceptions");
}

#[test]
fn every_exception_has_its_reason_in_the_architecture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs_err::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    for [one, other] in KNOWN {
        let short = |path: &str| path.replace("cleanbench-", "").replace("/src", "");
        let named = format!("`{}`, `{}`", short(one), short(other));
        assert!(text.contains(&named), "{named} is not in ARCHITECTURE.md");
    }
}

#[test]
fn files_that_import_each_other_are_found() {
    let crate_folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (
            "lib.rs",
            "mod a; mod b; mod c; mod d; pub use a::{One, inner::Two}; pub use b::Three;",
        ),
        ("a/mod.rs", "pub mod inner; use crate::b::{self, of::X, Y};"),
        (
            "a/inner.rs",
            "use super::One; use crate::c::{\n  Z,\n  other::{V, W},\n};",
        ),
        (
            "b.rs",
            "//! See [`crate::c::Z`].\nfn f() { super::a::g(); crate::d::h(); }",
        ),
        ("d.rs", "use crate::Three;"),
        (
            "c.rs",
            "fn f(x: crate::a::inner::Two) {}\n#[cfg(test)]\nmod tests { use crate::b; }",
        ),
    ] {
        let path = crate_folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    let found = mutual(crate_folder.path());
    let short = |path: &PathBuf| {
        let short = path.strip_prefix(crate_folder.path()).unwrap();
        short.to_str().unwrap().to_owned()
    };
    let found: Vec<_> = found
        .iter()
        .map(|pair| pair.each_ref().map(short))
        .collect();
    let expected = [
        ["a/mod.rs", "b.rs"],
        ["a/inner.rs", "c.rs"],
        ["b.rs", "d.rs"],
    ];
    assert_eq!(found, expected);
}
