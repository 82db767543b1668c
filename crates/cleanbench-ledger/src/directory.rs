//! Where things are in a run directory, and which run a prefix means.

use std::path::{Path, PathBuf};

use cleanbench_core::{Digest, RunId};
use fs_err::File;

use crate::LedgerError;
use crate::files::{self, LONGEST_WHOLE};
use crate::payload::segment_name;

/// Folder of the samples of batches.
const BATCHES: &str = "batches";
/// Folder of the payloads.
const PAYLOADS: &str = "payloads";
/// The manifest; its name stands in `manifest.rs` too, which reads this file.
const MANIFEST_FILE: &str = "run.json";
/// Held by who writes.
const LOCK: &str = "lock";

/// A run directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// The run directory at `path`; nothing is read yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Name of a run directory: `<time>-<suite>-<run>`, or `<time>-<suite>-<kind>-<run>` where `kind` is
    /// not empty. `time` is a compact UTC time.
    pub fn name(time: &str, suite: &str, kind: &str, run: &RunId) -> String {
        let dash = if kind.is_empty() { "" } else { "-" };
        format!("{time}-{}{dash}{kind}-{run}", folder_name(suite))
    }

    /// Makes the folder `name` in `out` with its subfolders.
    ///
    /// # Errors
    /// When the folder exists or cannot be made.
    pub fn create(out: &Path, name: &str) -> Result<Self, LedgerError> {
        files::make_all_folders(out)?;
        let path = out.join(name);
        // What was asked and answered is private, whatever the user's umask.
        files::make_folder(&path)?;
        for folder in ["journal", "payloads", "inputs"] {
            files::make_folder(&path.join(folder))?;
        }
        Ok(Self { path })
    }

    /// Gives the folder another name.
    ///
    /// # Errors
    /// When a folder of that name exists.
    pub fn rename(self, name: &str) -> Result<Self, LedgerError> {
        let path = self.path.with_file_name(name);
        fs_err::rename(&self.path, &path)?;
        Ok(Self { path })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of the file `name` in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Opens the file `name` for reading.
    ///
    /// # Errors
    /// [`crate::Damage`] where it is missing, or no regular file of this folder stands there.
    pub fn open(&self, name: &str) -> Result<File, LedgerError> {
        files::open(&self.path, name)
    }

    /// The bytes of the file `name`, which is one that is taken into memory whole.
    ///
    /// # Errors
    /// As of [`RunDirectory::open`], and where it is longer than any such file.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, LedgerError> {
        files::read(&self.path, name, LONGEST_WHOLE)
    }

    /// The bytes of the table `name`, however many were written.
    ///
    /// # Errors
    /// As of [`RunDirectory::open`], and where it is longer than what was written into it.
    pub fn read_table(&self, name: &str) -> Result<Vec<u8>, LedgerError> {
        let most = files::held(&self.open(name)?)?;
        files::read(&self.path, name, most)
    }

    /// Whether the file `name` is there.
    ///
    /// # Errors
    /// [`crate::Damage`] where no regular file of this folder stands there.
    pub fn holds(&self, name: &str) -> Result<bool, LedgerError> {
        files::holds(&self.path, name)
    }

    /// Removes the file `name`, where it is there.
    ///
    /// # Errors
    /// [`crate::Damage`] where no regular file of this folder stands there.
    pub fn remove(&self, name: &str) -> Result<(), LedgerError> {
        if self.holds(name)? {
            fs_err::remove_file(self.file(name))?;
        }
        Ok(())
    }

    /// SHA-256 of the text `name`.
    ///
    /// # Errors
    /// As of [`RunDirectory::open`], and where it has a line that nobody writes.
    pub fn digest(&self, name: &str) -> Result<Digest, LedgerError> {
        files::digest(&self.path, name)
    }

    /// Name of journal segment `segment`, relative to the folder.
    pub fn journal_name(segment: u32) -> String {
        format!("journal/{segment:05}.jsonl")
    }

    /// Makes what was created or renamed in the folder durable.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn sync(&self) -> Result<(), LedgerError> {
        File::open(&self.path)?.sync_all()?;
        for folder in ["journal", PAYLOADS, BATCHES] {
            if files::holds_folder(&self.path, folder)? {
                File::open(self.path.join(folder))?.sync_all()?;
            }
        }
        Ok(())
    }

    /// Locks the run for writing; the lock ends with the returned guard or the process.
    ///
    /// # Errors
    /// [`LedgerError::Locked`] when another process writes this run.
    pub fn lock(&self) -> Result<RunLock, LedgerError> {
        let file = files::open_or_create(&self.path, LOCK)?;
        match file.file().try_lock() {
            Ok(()) => Ok(RunLock { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(LedgerError::Locked(self.path.clone())),
            Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Numbers of the journal segments present, ascending.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn journal_segments(&self) -> Result<Vec<u32>, LedgerError> {
        self.numbered("journal", Self::journal_name)
    }

    /// Whether there is a folder of payloads: who passes a run on without what was asked and answered leaves it out.
    ///
    /// # Errors
    /// [`crate::Damage`] where something else stands there.
    pub fn has_payloads(&self) -> Result<bool, LedgerError> {
        files::holds_folder(&self.path, PAYLOADS)
    }

    /// Numbers of the payload segments present, ascending.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn payload_segments(&self) -> Result<Vec<u32>, LedgerError> {
        self.numbered(PAYLOADS, segment_name)
    }

    /// Name of the file with the samples of batch `batch`, relative to the folder.
    pub fn batch_name(batch: u32) -> String {
        format!("{BATCHES}/{batch:05}.jsonl")
    }

    /// Numbers of the batches whose files are present, ascending; none where there is no folder for them.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn batches(&self) -> Result<Vec<u32>, LedgerError> {
        if !files::holds_folder(&self.path, BATCHES)? {
            return Ok(Vec::new());
        }
        self.numbered(BATCHES, Self::batch_name)
    }

    /// The numbers of the files in `folder` that have the name of their number.
    fn numbered(&self, folder: &str, name: fn(u32) -> String) -> Result<Vec<u32>, LedgerError> {
        if !files::holds_folder(&self.path, folder)? {
            return Err(LedgerError::NotARun(
                self.path.clone(),
                format!("there is no `{folder}` folder in it"),
            ));
        }
        let mut numbers = Vec::new();
        for entry in fs_err::read_dir(self.path.join(folder))? {
            let found = entry?.file_name();
            let stem = found.to_str().and_then(|found| found.split('.').next());
            let number = stem.and_then(|stem| stem.parse::<u32>().ok());
            let is_its = |number: &u32| {
                let own = name(*number);
                Path::new(&own).file_name() == Some(found.as_os_str())
            };
            numbers.extend(number.filter(is_its));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// Holds the lock on a run.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// Letters, digits, `-`, `_` and `.` stay; anything else becomes `-`, so that a suite's name is never
/// a path.
fn folder_name(suite: &str) -> String {
    let safe = |letter: char| {
        if letter.is_ascii_alphanumeric() || "-_.".contains(letter) {
            letter
        } else {
            '-'
        }
    };
    suite.chars().take(60).map(safe).collect()
}

/// Every run's name begins with nothing.
///
/// # Errors
/// When `word` is empty.
pub fn check_word(word: &str) -> Result<(), FindError> {
    if word.trim().is_empty() {
        return Err(FindError::Empty);
    }
    Ok(())
}

/// Why a word does not name a run.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Nothing was named; a variable that is not set, perhaps.
    #[error("the name of a run is empty")]
    Empty,
    /// Nothing matches.
    #[error("no run in `{}` matches `{word}`", out.display())]
    None {
        /// Where was looked.
        out: PathBuf,
        /// What was looked for.
        word: String,
    },
    /// Several match.
    #[error("`{word}` matches several runs: {}", found.join(", "))]
    Several {
        /// What was looked for.
        word: String,
        /// The first few that match.
        found: Vec<String>,
    },
    /// The output folder cannot be listed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// All run directories in `out`, oldest first.
///
/// # Errors
/// When the folder exists and cannot be listed.
pub fn list(out: &Path) -> Result<Vec<RunDirectory>, std::io::Error> {
    if !out.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(out)? {
        let path = entry?.path();
        // Whatever stands there, a link or a named pipe too: it is looked at when it is opened.
        if path.is_dir() && fs_err::symlink_metadata(path.join(MANIFEST_FILE)).is_ok() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths.into_iter().map(RunDirectory::at).collect())
}

/// Folders in `out` of runs that were not written down to the end, and that nobody is writing: nothing was asked.
///
/// # Errors
/// When the folder cannot be listed.
pub fn cut_off(out: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    if !out.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs_err::read_dir(out)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && is_cut_off(&entry.path()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Whether the folder at `path` is one of a run, without what makes it a run.
fn is_cut_off(path: &Path) -> bool {
    let is_folder = |name: &str| path.join(name).is_dir();
    let is_begun = ["journal", "payloads"].into_iter().all(is_folder);
    is_begun && !path.join("run.json").exists() && !is_locked(path)
}

/// Whether another process writes in the folder at `path`.
fn is_locked(path: &Path) -> bool {
    let Ok(file) = files::open_to_change(path, LOCK) else {
        return false;
    };
    matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock))
}

/// The run that `word` means: a path, or the beginning of a run's id or folder name in `out`.
///
/// # Errors
/// When none or several match.
pub fn find(out: &Path, word: &str) -> Result<RunDirectory, FindError> {
    check_word(word)?;
    let stands = |name: &str| fs_err::symlink_metadata(Path::new(word).join(name)).is_ok();
    if stands("journal") || stands(MANIFEST_FILE) {
        return Ok(RunDirectory::at(word));
    }
    let matches = |run: &RunDirectory| {
        let name = run
            .path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let id = name.rsplit('-').next().unwrap_or_default();
        name.starts_with(word) || id.starts_with(word)
    };
    let mut found: Vec<_> = list(out)?.into_iter().filter(matches).collect();
    match found.len() {
        0 => Err(FindError::None {
            out: out.to_owned(),
            word: word.to_owned(),
        }),
        1 => Ok(found.remove(0)),
        _ => {
            let names = found
                .iter()
                .take(5)
                .map(|run| run.path.display().to_string())
                .collect();
            Err(FindError::Several {
                word: word.to_owned(),
                found: names,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_prefix_of_the_id_or_the_name_finds_a_run() {
        let out = tempfile::tempdir().unwrap();
        for name in ["20260101T000000Z-a-abcd1234", "20260102T000000Z-a-abzz1234"] {
            let path = out.path().join(name);
            fs_err::create_dir_all(path.join("journal")).unwrap();
            fs_err::write(path.join("run.json"), "{}").unwrap();
        }
        assert!(find(out.path(), "abc").is_ok());
        assert!(find(out.path(), "20260102").is_ok());
        assert!(matches!(
            find(out.path(), "ab"),
            Err(FindError::Several { .. })
        ));
        assert!(matches!(find(out.path(), "x"), Err(FindError::None { .. })));
    }

    #[test]
    fn the_kind_of_a_run_stands_before_its_identity() {
        let id = RunId::from_random([0; 5]);
        assert_eq!(RunDirectory::name("t", "s", "", &id), "t-s-00000000");
        let shard = RunDirectory::name("t", "s", "shard2of4", &id);
        assert_eq!(shard, "t-s-shard2of4-00000000");
    }

    #[test]
    fn a_suite_name_is_never_a_path() {
        assert_eq!(folder_name("../ü x"), "..---x");
    }

    #[test]
    fn a_second_writer_is_refused() {
        let out = tempfile::tempdir().unwrap();
        let run = RunDirectory::create(out.path(), "t-s-00000000").unwrap();
        let lock = run.lock().unwrap();
        assert!(matches!(run.lock(), Err(LedgerError::Locked(_))));
        drop(lock);
        assert!(run.lock().is_ok());
    }
}
