//! Reading the files of settings: a models file, a file of variables.
//!
//! Invariant: each is read once, whole, up to a bound, and is a regular file on a disk. One that was found lies in the
//! folder in which it was found, whatever links lead there: a link out of it could put any file of the user's into what
//! is said of the folder. One that the user named may be anywhere. Pipes, devices and files of the kernel are refused.

use std::path::Path;

use cleanbench_files::{FileError, Kind, Limit, Roots, open_named};

use crate::{ErrorKind, PlanError};

/// A models file may hold that much.
pub const MODELS_LIMIT: Limit = Limit::mebibytes(4);
/// A file of variables may hold that much.
pub const ENV_LIMIT: Limit = Limit::mebibytes(1);

/// What the file `name` in `folder` holds; `None` where there is none. A folder of that name is none.
///
/// # Errors
/// When it is no regular file in that folder, too large, or cannot be read.
pub fn read_found(folder: &Path, name: &str, limit: Limit) -> Result<Option<Vec<u8>>, PlanError> {
    let path = folder.join(name);
    let read =
        Roots::new(folder_or_here(folder)).and_then(|roots| roots.read(Path::new(name), limit));
    match read.map_err(|error| error.named(&path)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(
            FileError::Missing { .. }
            | FileError::NotRegular {
                kind: Kind::Folder, ..
            },
        ) => Ok(None),
        Err(error) => Err(refused(&error).hint(format!(
            "remove `{}`, or make it a file of its own in that folder",
            path.display()
        ))),
    }
}

/// What the file at `path` holds, which the user named.
///
/// # Errors
/// When it is no regular file, too large, or cannot be read.
pub fn read_named(path: &Path, limit: Limit) -> Result<Vec<u8>, PlanError> {
    let read = open_named(path, limit).and_then(cleanbench_files::Opened::read_whole);
    read.map_err(|error| refused(&error))
}

fn refused(error: &FileError) -> PlanError {
    PlanError::new(ErrorKind::ConfigInvalid, error)
}

/// `folder`, so that it can be named in a sentence.
pub(crate) fn folder_or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}
