//! What is written into a run directory: anew, beside its place, for the owner alone.
//!
//! Invariant: nothing is written through a link, and nothing but a draft that a killed writer left is removed.

use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use cleanbench_files::{Mode, create_folder, create_new};
use fs_err::os::unix::fs::OpenOptionsExt as _;
use fs_err::{File, OpenOptions};
use rustix::fs::OFlags;

use super::{check_is_file, found, holds, holds_folder, place};
use crate::{Damage, LedgerError};

/// What a file is called while it is written.
pub const DRAFT: &str = ".new";

/// Opens the file `name` in `root`, which must be there, to change it where it is.
///
/// # Errors
/// [`Damage`] where it is missing or no regular file, or has another name elsewhere that would be changed with it.
pub(crate) fn open_to_change(root: &Path, name: &str) -> Result<File, LedgerError> {
    let path = place(root, name)?;
    let Some(present) = found(&path)? else {
        return Err(Damage::whole(name, "the file is missing").into());
    };
    check_is_file(name, &present)?;
    if present.nlink() > 1 {
        let what = "the same file has another name elsewhere (a hard link); copy the run directory and go on with the copy";
        return Err(Damage::whole(name, what).into());
    }
    open_plain(&path, name, OpenOptions::new().write(true))
}

/// Opens the file `name` in `root` for writing, and makes it where it is not there. Nothing of it is lost.
///
/// # Errors
/// [`Damage`] where something else stands there.
pub(crate) fn open_or_create(root: &Path, name: &str) -> Result<File, LedgerError> {
    if !holds(root, name)? {
        match create(root, name) {
            // Somebody else was quicker.
            Err(LedgerError::Io(error)) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made,
        }
    }
    open_plain(&place(root, name)?, name, OpenOptions::new().write(true))
}

/// Makes the new file `name` in `root`; nothing may stand there.
///
/// # Errors
/// When it cannot be made.
pub fn create(root: &Path, name: &str) -> Result<File, LedgerError> {
    let path = place(root, name)?;
    let made = create_new(&path, Mode::Owner).map_err(io::Error::from)?;
    Ok(File::from_parts(made, path))
}

/// Makes the new file `name` in `root`, which is written at its end only.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn create_log(root: &Path, name: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true).mode(0o600);
    options.open(root.join(name))
}

/// Starts what will be the file `name` in `root`. One that a killed writer left is begun anew.
///
/// # Errors
/// [`Damage`] where something that is no file stands in its place, or in that of its draft.
pub fn draft(root: &Path, name: &str) -> Result<File, LedgerError> {
    holds(root, name)?;
    let draft = format!("{name}{DRAFT}");
    if holds(root, &draft)? {
        // The name goes, whatever else it may be a name of.
        fs_err::remove_file(root.join(&draft))?;
    }
    create(root, &draft)
}

/// Puts the draft of `name` into its place.
///
/// # Errors
/// When the folder cannot be written.
pub fn finish_draft(root: &Path, name: &str) -> Result<(), LedgerError> {
    holds(root, name)?;
    fs_err::rename(root.join(format!("{name}{DRAFT}")), root.join(name))?;
    Ok(())
}

/// Removes the draft of `name`, where there is one. Half a file is of no use, and takes space.
pub fn discard_draft(root: &Path, name: &str) {
    let draft = format!("{name}{DRAFT}");
    if holds(root, &draft).is_ok_and(|held| held) {
        drop(fs_err::remove_file(root.join(draft)));
    }
}

/// Puts `bytes` into the place of the file `name` in `root`, in one step.
///
/// # Errors
/// When the folder cannot be written; the old file is then as it was.
pub fn replace(root: &Path, name: &str, bytes: &[u8]) -> Result<(), LedgerError> {
    let mut file = draft(root, name)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        discard_draft(root, name);
        return Err(error.into());
    }
    finish_draft(root, name)
}

/// Makes the folder `name` in `root` with all above it, for its owner alone, where they are not there.
///
/// # Errors
/// [`Damage`] where something else stands there.
pub fn make_folders(root: &Path, name: &str) -> Result<(), LedgerError> {
    let mut path = PathBuf::new();
    for part in Path::new(name).components() {
        path.push(part);
        let shown = path.to_string_lossy();
        if !holds_folder(root, &shown)? {
            let made = make_folder(&root.join(&path));
            // Somebody else may have made it meanwhile.
            if !holds_folder(root, &shown)? {
                made?;
            }
        }
    }
    Ok(())
}

/// Makes the folder `path`, for its owner alone.
///
/// # Errors
/// When it is there, or cannot be made.
pub fn make_folder(path: &Path) -> io::Result<()> {
    Ok(create_folder(path, Mode::Owner)?)
}

/// Makes the folder `path` with all above it; those that are made are for their owner alone, those that are there stay
/// as they are.
///
/// # Errors
/// When it cannot be made.
pub fn make_all_folders(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    made.map_err(|error| {
        let text = format!("cannot make `{}`: {error}", path.display());
        io::Error::new(error.kind(), text)
    })
}

fn open_plain(path: &Path, name: &str, options: &mut OpenOptions) -> Result<File, LedgerError> {
    // Whatever came into its place meanwhile is neither followed nor waited for.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = options.custom_flags(flags.cast_signed()).open(path)?;
    check_is_file(name, &file.metadata()?)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_begun_anew_and_nothing_else_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs_err::write(root.join("x.new"), "left").unwrap();
        replace(root, "x", b"now").unwrap();
        assert_eq!(fs_err::read(root.join("x")).unwrap(), b"now");
        assert!(!root.join("x.new").exists());
        std::os::unix::fs::symlink("elsewhere", root.join("x.new")).unwrap();
        assert!(matches!(
            replace(root, "x", b"then"),
            Err(LedgerError::Damaged(_))
        ));
        assert!(!root.join("elsewhere").exists());
        assert_eq!(fs_err::read(root.join("x")).unwrap(), b"now");
    }
}
