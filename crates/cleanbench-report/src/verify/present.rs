//! Is there anything in a run directory that does not belong to the run?
//!
//! A file under one of the program's own names that this run does not have would be taken for the run's: it is damage.
//! So is a link, a named pipe or a device, wherever it stands. Any other file is named, and is none of the run's.

use std::collections::BTreeSet;
use std::path::Path;

use cleanbench_ledger::files::{DRAFT, kind_of};
use cleanbench_ledger::manifest::MANIFEST_FILE;
use cleanbench_ledger::{Damage, Manifest, RunDirectory, show_index};

use super::Verification;
use crate::ReportError;
use crate::artefacts::every_file;
use crate::tables::tables;

/// Names that the program gives to files beside the tables of a run: those of a run, of its inputs, and of results over
/// several runs.
const OWN: [&str; 19] = [
    MANIFEST_FILE,
    "samples.jsonl",
    "suite.toml",
    "suite.key",
    "quarantine.toml",
    "replayed.run.json",
    "manifest.json",
    "comparison.json",
    "comparison.csv",
    "flips.csv",
    "spending.csv",
    "ranking.json",
    "ranking.csv",
    "items.json",
    "items.csv",
    "drift.json",
    "drift.csv",
    "report.html",
    "report.json",
];
/// Folders of which every file with the right name is looked at by those who read it.
const READ: [&str; 3] = ["journal", "payloads", "batches"];
/// Held by who writes; it is empty.
const LOCK: &str = "lock";
/// Deeper folders are those of nobody.
const DEEPEST: usize = 8;

/// Names what is in `run` and not of it.
///
/// # Errors
/// When a folder cannot be listed.
pub(super) fn check_present(
    run: &RunDirectory,
    manifest: &Manifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let mut expected: BTreeSet<String> = manifest.plan.inputs.keys().cloned().collect();
    let own = [MANIFEST_FILE, "samples.jsonl", LOCK, show_index::FILE];
    let names = own.into_iter().chain(tables(manifest));
    expected.extend(names.map(str::to_owned));
    // It was planned with one, and may have been taken out.
    let folders = READ.into_iter().chain(["inputs"]);
    check_folder(run.path(), &expected, &folders.collect::<Vec<_>>(), found)?;
    let lock = found.absorb(run.holds(LOCK).map_err(ReportError::from))?;
    if lock == Some(true) && run.open(LOCK)?.metadata()?.len() > 0 {
        found.damage(Damage::whole(
            LOCK,
            "holds something, and nobody writes into it",
        ));
    }
    Ok(())
}

/// Names what is in the folder `root` beside the files `expected`; `folders` are those that belong there.
///
/// # Errors
/// When a folder cannot be listed.
pub fn check_folder(
    root: &Path,
    expected: &BTreeSet<String>,
    folders: &[&str],
    found: &mut Verification,
) -> Result<(), ReportError> {
    let walk = Walk {
        root,
        expected,
        folders,
    };
    walk.look("", 0, found)
}

struct Walk<'a> {
    root: &'a Path,
    expected: &'a BTreeSet<String>,
    folders: &'a [&'a str],
}

impl Walk<'_> {
    fn look(
        &self,
        folder: &str,
        depth: usize,
        found: &mut Verification,
    ) -> Result<(), ReportError> {
        let mut entries = Vec::new();
        for entry in fs_err::read_dir(self.root.join(folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            entries.push((name, entry.file_type()?));
        }
        // The order of a folder is the file system's own.
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (name, kind) in entries {
            let path = if folder.is_empty() {
                name.clone()
            } else {
                format!("{folder}/{name}")
            };
            if kind.is_dir() {
                self.take_folder(&path, &name, depth, found)?;
            } else if kind.is_file() {
                self.take_file(&path, &name, found);
            } else {
                let what = format!("{} stands there; no run holds one", kind_of(kind));
                found.damage(Damage::whole(path, what));
            }
        }
        Ok(())
    }

    fn take_folder(
        &self,
        path: &str,
        name: &str,
        depth: usize,
        found: &mut Verification,
    ) -> Result<(), ReportError> {
        let is_of_run = self.folders.contains(&path)
            || self.expected.iter().any(|file| {
                file.strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with('/'))
            });
        if self.expected.contains(path) || is_own(name) {
            let what = "a folder stands where a file belongs";
            found.damage(Damage::whole(path, what));
        } else if !is_of_run {
            found.add(format!("{path}/"));
        }
        if depth < DEEPEST {
            self.look(path, depth + 1, found)?;
        }
        Ok(())
    }

    fn take_file(&self, path: &str, name: &str, found: &mut Verification) {
        let is_read = path.split_once('/').is_some_and(|(folder, name)| {
            READ.contains(&folder) && self.folders.contains(&folder) && is_numbered(name)
        });
        if is_read || self.expected.contains(path) {
            return;
        }
        let draft = path.strip_suffix(DRAFT);
        if draft.is_some_and(|file| self.expected.contains(file)) {
            let what = "a writer that was killed left it; the next one removes it";
            found.notes.push(format!("{path}: {what}"));
        } else if is_own(name) {
            let what = "added: the record has no file of this name, which cleanbench gives to files of its own";
            found.damage(Damage::whole(path, what));
        } else {
            found.add(path.to_owned());
        }
    }
}

/// Whether somebody could take a file of the name `name` for one that the program wrote.
fn is_own(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    OWN.contains(&name.as_str()) || every_file().any(|file| file == name)
}

/// Whether a file has the name of a segment or a batch, which is looked at by its number.
fn is_numbered(name: &str) -> bool {
    let stem = name
        .strip_suffix(".jsonl")
        .or_else(|| name.strip_suffix(".seg"));
    stem.is_some_and(|stem| stem.len() >= 4 && stem.bytes().all(|byte| byte.is_ascii_digit()))
}
