//! The folder of a suite that the program writes.
//!
//! Invariants: nothing is written over, what is written is the owner's alone, and half a suite is never left.

use std::io::Write as _;
use std::path::Path;

use cleanbench_core::Exit;
use cleanbench_files::{Mode, create_folder, create_new};
use cleanbench_import::SuiteFile;

use crate::failure::Failure;

/// Writes `files` into `folder`, which is made for them, and does what is left to do; where anything of that fails,
/// nothing is left.
///
/// # Errors
/// When the folder is there already, or something cannot be written.
pub(crate) fn write(
    folder: &Path,
    files: &[SuiteFile],
    finish: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    refuse_orphan(folder)?;
    create_folder(folder, Mode::Owner).map_err(|error| cannot(&error))?;
    let written = put_all(folder, files).and_then(|()| finish());
    if written.is_err() {
        // What cannot be removed is named by the error beside it.
        drop(fs_err::remove_dir_all(folder));
    }
    written
}

/// Names the folder that `folder` would lie in, where there is none.
fn refuse_orphan(folder: &Path) -> Result<(), Failure> {
    let above = folder.parent().filter(|above| *above != Path::new(""));
    let Some(above) = above.filter(|above| !above.exists()) else {
        return Ok(());
    };
    let (folder, above) = (folder.display(), above.display());
    let what = format!("`{folder}` cannot be made: there is no folder `{above}`");
    Err(Failure::new(Exit::CannotWrite, what).hint(format!("make it first: mkdir -p {above}")))
}

/// The same into a folder that is there, and that somebody else takes away.
pub(crate) fn put_all(folder: &Path, files: &[SuiteFile]) -> Result<(), Failure> {
    let mut each = files.iter();
    let written = each.try_for_each(|file| put(&folder.join(&file.name), &file.bytes));
    written.map_err(|error| cannot(&error))
}

/// Makes the file `path` of `bytes`.
///
/// # Errors
/// When it is there already, or cannot be written.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = create_new(path, Mode::Owner)?;
    file.write_all(bytes)
}

fn cannot(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::CannotWrite, error)
}
