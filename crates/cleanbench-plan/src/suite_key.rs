//! The suite's key: under it, and only under it, digests of two runs can be compared.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use cleanbench_core::{Digest, DigestKey, Shard};
use cleanbench_files::{FileError, Limit, Mode, create_new};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_suite::{Suite, suite_key_path};

use crate::{ErrorKind, PlanError};

/// Most bytes of a key.
const LIMIT: Limit = Limit::bytes(4_096);

/// The key of a suite, and where it comes from.
#[derive(Debug)]
pub struct SuiteKey {
    /// The key.
    pub key: DigestKey,
    /// The file that was made for it just now; `None` where it was there, or could not be written.
    pub made: Option<PathBuf>,
    /// What must be said where it could not be written.
    pub note: Option<Note>,
}

/// Reads the key of `suite`, or makes one on first use. All shards of a run need the same one.
///
/// # Errors
/// When it is there and is no key, or when a shard would have one of its own.
pub fn load_or_make(suite: &Suite, shard: Option<Shard>) -> Result<SuiteKey, PlanError> {
    let path = suite_key_path(&suite.dir);
    match suite.roots().read(&in_folder(&path), LIMIT) {
        Ok(bytes) => parse(&path, &String::from_utf8_lossy(&bytes)),
        Err(error) if error.is_missing() => new(path, shard),
        Err(error) => Err(unreadable(&path, error)),
    }
}

/// The key's file as seen from the suite's folder.
fn in_folder(path: &Path) -> PathBuf {
    path.file_name().map_or_else(PathBuf::new, PathBuf::from)
}

fn unreadable(path: &Path, error: FileError) -> PlanError {
    let is_outside = matches!(error, FileError::Outside { .. });
    let what = format!("cannot read the suite's key: {}", error.named(path));
    let found = PlanError::new(ErrorKind::ConfigInvalid, what);
    if is_outside {
        found.hint("put the key itself into the folder, or pass `--allow-path DIR` with the folder that it lies in")
    } else {
        found
    }
}

fn parse(path: &Path, text: &str) -> Result<SuiteKey, PlanError> {
    let key = text.trim().parse().map_err(|error| {
        let what = format!("`{}`: {error}", path.display());
        PlanError::new(ErrorKind::ConfigInvalid, what)
            .hint("remove the file to have a new key made; runs under the old key no longer pair with new ones")
    })?;
    Ok(SuiteKey {
        key,
        made: None,
        note: None,
    })
}

fn new(path: PathBuf, shard: Option<Shard>) -> Result<SuiteKey, PlanError> {
    let key = random()?;
    let (made, note) = match (write(&key, &path), shard) {
        (Ok(()), _) => (Some(path), None),
        (Err(error), Some(_)) => return Err(of_its_own(&path, &error)),
        (Err(error), None) => (None, Some(unwritten(&error))),
    };
    Ok(SuiteKey { key, made, note })
}

fn of_its_own(path: &Path, error: &std::io::Error) -> PlanError {
    let what = format!(
        "cannot write `{}` ({error}), and a shard under a key of its own can never be merged",
        path.display()
    );
    PlanError::new(ErrorKind::CannotWrite, what)
        .hint("put one and the same `suite.key` into the suite's folder on all machines")
}

/// Without the path: what is said of a run must not tell where it was made.
fn unwritten(error: &std::io::Error) -> Note {
    let text = format!(
        "cannot write `suite.key` beside the suite ({}); this run has a key of its own and will not pair with others",
        error.kind()
    );
    Note::new(NoteKind::OwnKey, text)
}

/// Makes a key in the file `path`, which must not be there.
///
/// # Errors
/// When it cannot be written; half a key is never left.
pub fn make(path: &Path) -> Result<(), PlanError> {
    Ok(write(&random()?, path)?)
}

/// Makes a key in the file `path`, unless one is there by then: whoever reads it finds a whole one.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn make_whole(path: &Path) -> std::io::Result<()> {
    let key = random().map_err(|error| std::io::Error::other(error.to_string()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(&file_bytes(&key))?;
    match draft.persist_noclobber(path) {
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        persisted => persisted.map(drop).map_err(|error| error.error),
    }
}

fn random() -> Result<DigestKey, PlanError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(DigestKey::new(bytes))
}

fn write(key: &DigestKey, path: &Path) -> std::io::Result<()> {
    let mut file = create_new(path, Mode::Owner)?;
    let written = file.write_all(&file_bytes(key));
    // Half a key would be in the way of every later run.
    written.inspect_err(|_| drop(fs_err::remove_file(path)))
}

/// The key as it stands in a file.
pub(crate) fn file_bytes(key: &DigestKey) -> Vec<u8> {
    format!("{}\n", key.reveal_hex()).into_bytes()
}

/// SHA-256 of that file, by which a run names its key.
pub(crate) fn file_digest(key: &DigestKey) -> Digest {
    Digest::of_file_bytes(&file_bytes(key))
}
