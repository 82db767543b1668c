//! Writes a result with its inputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cleanbench_core::{Digest, RunId};
use cleanbench_ledger::RunDirectory;

use super::{
    DeriveError, Derived, DerivedManifest, Input, InputFact, InputRun, MANIFEST_FILE, What,
};
use cleanbench_items::{CALLS_FILE, ItemTable, RESULTS_FILE};
use cleanbench_ledger::files;

/// What the caller knows and nobody else: when, who, and under which name.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// Name and version of the program.
    pub tool: String,
    /// Identity of the result.
    pub id: RunId,
    /// Now, UTC, as it stands in the manifest.
    pub created: String,
    /// Now, UTC, compact, for the folder's name.
    pub time: String,
}

/// What a result was computed from, where it is now.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A run.
    Run {
        /// What it is for: the name of its folder in `inputs/`.
        role: &'a str,
        /// Where it is.
        run: &'a RunDirectory,
        /// Its items as they were read.
        table: &'a ItemTable,
    },
    /// A recorded fact.
    Fact {
        /// What it is for: the name of its folder in `inputs/`.
        role: &'a str,
        /// The file.
        file: &'a Path,
    },
}

impl<'a> Source<'a> {
    /// Name of its suite, where it is a run.
    fn suite(&self) -> Option<&'a str> {
        match self {
            Self::Run { table, .. } => Some(&table.manifest.plan.suite.name),
            Self::Fact { .. } => None,
        }
    }

    fn copy(&self, folder: &Path, files: &[&str]) -> Result<Input, DeriveError> {
        match self {
            Self::Run { role, run, table } => {
                copy_run(folder, &format!("inputs/{role}"), run, table, files).map(|files| {
                    Input::Run(InputRun {
                        role: (*role).to_owned(),
                        run: table.manifest.run.clone(),
                        files,
                    })
                })
            }
            Self::Fact { role, file } => copy_fact(folder, role, file).map(Input::Fact),
        }
    }
}

fn copy_fact(folder: &Path, role: &str, file: &Path) -> Result<InputFact, DeriveError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let path = format!("inputs/{role}/{name}");
    files::make_folders(folder, &format!("inputs/{role}"))?;
    let digest = copy(fs_err::File::open(file)?, folder, &path)?;
    Ok(InputFact {
        role: role.to_owned(),
        path,
        digest,
    })
}

/// Writes `derived` and what it was computed from into a new folder in `out`; gives the folder. What
/// was asked and answered is private, and so is the folder.
///
/// # Errors
/// When the folder cannot be written, and nothing is left of it then; or when a run changed since it was
/// read.
pub fn write(
    out: &Path,
    what: &What,
    derived: &Derived,
    inputs: &[Source<'_>],
    stamp: &Stamp,
) -> Result<PathBuf, DeriveError> {
    let suite = inputs.iter().find_map(Source::suite).unwrap_or_default();
    let label = format!("{}-{suite}", what.kind());
    let folder = out.join(RunDirectory::name(&stamp.time, &label, "", &stamp.id));
    files::make_all_folders(out)?;
    files::make_folder(&folder)?;
    let written = fill(&folder, what, derived, inputs, stamp);
    if written.is_err() {
        drop(fs_err::remove_dir_all(&folder));
    }
    written.map(|()| folder)
}

fn fill(
    folder: &Path,
    what: &What,
    derived: &Derived,
    inputs: &[Source<'_>],
    stamp: &Stamp,
) -> Result<(), DeriveError> {
    let mut copied = Vec::new();
    for input in inputs {
        copied.push(input.copy(folder, what.copied())?);
    }
    let mut drawn = BTreeMap::new();
    for (name, bytes) in &derived.files {
        files::replace(folder, name, bytes)?;
        drawn.insert((*name).to_owned(), Digest::of_file_bytes(bytes));
    }
    let mut manifest = DerivedManifest {
        format: String::new(),
        tool: stamp.tool.clone(),
        id: stamp.id.clone(),
        created: stamp.created.clone(),
        what: what.clone(),
        inputs: copied,
        files: drawn,
        digest: Digest([0; 32]),
    };
    manifest.lowest_format().clone_into(&mut manifest.format);
    manifest.digest = manifest.own_digest().map_err(std::io::Error::from)?;
    // Last, so that a folder with a manifest is whole.
    let bytes = manifest.to_bytes().map_err(std::io::Error::from)?;
    Ok(files::replace(folder, MANIFEST_FILE, &bytes)?)
}

/// Copies `files` of a run; gives their digests.
fn copy_run(
    folder: &Path,
    into: &str,
    run: &RunDirectory,
    table: &ItemTable,
    names: &[&str],
) -> Result<BTreeMap<String, Digest>, DeriveError> {
    files::make_folders(folder, into)?;
    let mut copied = BTreeMap::new();
    for name in names {
        let digest = copy(run.open(name)?, folder, &format!("{into}/{name}"))?;
        copied.insert((*name).to_owned(), digest);
    }
    let recorded = table.manifest.end.as_ref();
    let recorded = recorded.and_then(|end| end.files.get(CALLS_FILE));
    let is_same = |name: &str, digest: Option<&Digest>| {
        copied.get(name).is_none_or(|copied| Some(copied) == digest)
    };
    if !is_same(RESULTS_FILE, Some(&table.results)) || !is_same(CALLS_FILE, recorded) {
        let what = format!("`{}` changed while it was read", run.path().display());
        return Err(std::io::Error::other(what).into());
    }
    Ok(copied)
}

/// Copies a file and gives its SHA-256.
fn copy(mut from: fs_err::File, folder: &Path, name: &str) -> Result<Digest, DeriveError> {
    let mut to = files::create(folder, name)?;
    std::io::copy(&mut from, &mut to)?;
    Ok(files::digest(folder, name)?)
}

#[cfg(test)]
mod tests {

    use cleanbench_items::testing::{items, table};

    use super::super::checking::check_inputs;
    use super::*;
    use crate::compare::{Options, rank};
    use crate::derived::Outcome;
    use cleanbench_report::verify::Verification;

    #[test]
    fn a_recorded_fact_is_copied_digested_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let prices = folder.path().join("prices.toml");
        fs_err::write(&prices, "input = 1").unwrap();
        let options = Options::default();
        let ranking = rank(&table(&[items("1"), items("0")]), &options).unwrap();
        let derived = Derived {
            outcome: Outcome::Ranking(Box::new(ranking)),
            files: BTreeMap::new(),
        };
        let source = Source::Fact {
            role: "prices",
            file: &prices,
        };
        let stamp = Stamp {
            tool: "cleanbench".to_owned(),
            id: RunId::from_random([0; 5]),
            created: "2026-01-01T00:00:00Z".to_owned(),
            time: "20260101T000000Z".to_owned(),
        };
        let what = What::Rank { options };
        let made = write(folder.path(), &what, &derived, &[source], &stamp).unwrap();
        let manifest = DerivedManifest::read(&made).unwrap();
        assert_eq!(manifest.format, "cleanbench-derived/1.1");
        let checked = || {
            let mut found = Verification::default();
            check_inputs(&made, &manifest, &mut found).unwrap();
            found.passed()
        };
        assert!(checked());
        fs_err::write(made.join("inputs/prices/prices.toml"), "input = 2").unwrap();
        assert!(!checked(), "the copy was changed");
    }
}
