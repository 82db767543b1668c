//! Writes a result with its inputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cleanbench_core::{Digest, RunId};
use cleanbench_ledger::RunDirectory;

use super::{DeriveError, Derived, DerivedManifest, FORMAT, InputRun, MANIFEST_FILE, What};
use crate::items::{ItemTable, RESULTS_FILE, SUMMARY_FILE};
use crate::tables::file_digest;

/// Files of a run that are copied.
pub(super) const COPIED: [&str; 3] = ["run.json", RESULTS_FILE, SUMMARY_FILE];

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

/// Writes `derived` and the runs it was computed from into a new folder in `out`; gives the folder. What
/// was asked and answered is private, and so is the folder.
///
/// # Errors
/// When the folder cannot be written, and nothing is left of it then; or when a run changed since it was
/// read.
pub fn write(
    out: &Path,
    what: &What,
    derived: &Derived,
    inputs: &[(String, &RunDirectory, &ItemTable)],
    stamp: &Stamp,
) -> Result<PathBuf, DeriveError> {
    let suite = inputs
        .first()
        .map_or("", |(_, _, table)| &table.manifest.plan.suite.name);
    let label = format!("{}-{suite}", what.kind());
    let folder = out.join(RunDirectory::name(&stamp.time, &label, "", &stamp.id));
    fs_err::create_dir_all(out)?;
    make_private(&folder)?;
    let written = fill(&folder, what, derived, inputs, stamp);
    if written.is_err() {
        drop(fs_err::remove_dir_all(&folder));
    }
    written.map(|()| folder)
}

fn make_private(folder: &Path) -> Result<(), std::io::Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().mode(0o700).create(folder);
    made.map_err(|error| {
        let text = format!("cannot make `{}`: {error}", folder.display());
        std::io::Error::new(error.kind(), text)
    })
}

fn fill(
    folder: &Path,
    what: &What,
    derived: &Derived,
    inputs: &[(String, &RunDirectory, &ItemTable)],
    stamp: &Stamp,
) -> Result<(), DeriveError> {
    let mut runs = Vec::new();
    for (role, run, table) in inputs {
        runs.push(copy_run(folder, role, run, table)?);
    }
    let mut files = BTreeMap::new();
    for (name, bytes) in &derived.files {
        fs_err::write(folder.join(name), bytes)?;
        files.insert((*name).to_owned(), Digest::of_file_bytes(bytes));
    }
    let mut manifest = DerivedManifest {
        format: FORMAT.to_owned(),
        tool: stamp.tool.clone(),
        id: stamp.id.clone(),
        created: stamp.created.clone(),
        what: what.clone(),
        inputs: runs,
        files,
        digest: Digest([0; 32]),
    };
    manifest.digest = manifest.own_digest().map_err(std::io::Error::from)?;
    // Last, so that a folder with a manifest is whole.
    let bytes = manifest.to_bytes().map_err(std::io::Error::from)?;
    fs_err::write(folder.join(MANIFEST_FILE), bytes)?;
    Ok(())
}

fn copy_run(
    folder: &Path,
    role: &str,
    run: &RunDirectory,
    table: &ItemTable,
) -> Result<InputRun, DeriveError> {
    let into = folder.join("inputs").join(role);
    fs_err::create_dir_all(&into)?;
    let mut files = BTreeMap::new();
    for name in COPIED {
        let digest = copy(&run.file(name), &into.join(name))?;
        files.insert(name.to_owned(), digest);
    }
    if files.get(RESULTS_FILE) != Some(&table.results) {
        let what = format!("`{}` changed while it was read", run.path().display());
        return Err(std::io::Error::other(what).into());
    }
    Ok(InputRun {
        role: role.to_owned(),
        run: table.manifest.run.clone(),
        files,
    })
}

/// Copies a file and gives its SHA-256.
fn copy(from: &Path, to: &Path) -> Result<Digest, DeriveError> {
    fs_err::copy(from, to)?;
    Ok(file_digest(to)?)
}
