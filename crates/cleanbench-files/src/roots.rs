//! The folders that may be read, and opening what lies in them.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, statat};

use crate::error::FileError;
use crate::kind::Kind;
use crate::limit::Limit;
use crate::opened::Opened;
use crate::resolve::{Folder, Found, LastLink, check_name, resolve};
use crate::status::{READ, Status, is_of_kernel};

/// The folders that may be read. Relative names are of the first one.
///
/// The folders themselves may be reached through links: whoever names one means what it leads to.
#[derive(Debug, Clone)]
pub struct Roots {
    /// The first folder as it was named.
    named: PathBuf,
    folders: Vec<Folder>,
}

impl Roots {
    /// What lies in `folder`.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn new(folder: &Path) -> Result<Self, FileError> {
        Ok(Self {
            named: folder.to_owned(),
            folders: vec![Folder::named(folder)?],
        })
    }

    /// And what lies in `folder`.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn with(mut self, folder: &Path) -> Result<Self, FileError> {
        self.folders.push(Folder::named(folder)?);
        Ok(self)
    }

    /// The first folder, as it was named.
    pub fn first(&self) -> &Path {
        &self.named
    }

    pub(crate) fn base(&self) -> &Folder {
        &self.folders[0]
    }

    /// Opens the regular file `path` for reading: relative to the first folder, or absolute.
    ///
    /// # Errors
    /// When it is not there, no regular file, too large, in none of the folders, or cannot be read.
    pub fn open(&self, path: &Path, limit: Limit) -> Result<Opened, FileError> {
        let found = self.resolve(path, LastLink::Follow)?;
        let (Some(name), Some(kind)) = (&found.name, found.kind) else {
            return Err(self.nothing_to_read(path, &found));
        };
        check_kind(path, kind)?;
        check_disk(path, &found.folder)?;
        self.check_within(path, &found)?;
        let open = openat(&*found.folder.open, name.as_os_str(), READ, Mode::empty());
        checked(
            path,
            open.map_err(|errno| FileError::of(path, errno))?,
            limit,
        )
    }

    /// Everything in the regular file `path`.
    ///
    /// # Errors
    /// As for [`Roots::open`], and when it holds more than `limit`.
    pub fn read(&self, path: &Path, limit: Limit) -> Result<Vec<u8>, FileError> {
        self.open(path, limit)?.read_whole()
    }

    /// What `path` is, links followed.
    ///
    /// # Errors
    /// When it is not there, or in none of the folders.
    pub fn kind(&self, path: &Path) -> Result<Kind, FileError> {
        let found = self.resolve(path, LastLink::Follow)?;
        self.check_within(path, &found)?;
        let kind = found.kind.ok_or_else(|| missing(path))?;
        Ok(kind)
    }

    /// Whoever asks for what is outside is not told whether it is there.
    fn nothing_to_read(&self, path: &Path, found: &Found) -> FileError {
        match (self.check_within(path, found), found.kind) {
            (_, Some(kind)) => FileError::NotRegular {
                path: path.to_owned(),
                kind,
            },
            (Err(error), None) => error,
            (Ok(()), None) => missing(path),
        }
    }

    pub(crate) fn resolve(&self, path: &Path, last: LastLink) -> Result<Found, FileError> {
        resolve(self.base(), path, last)
    }

    pub(crate) fn check_within(&self, path: &Path, found: &Found) -> Result<(), FileError> {
        let is_within = !found.strayed
            || found
                .folder
                .is_within(&self.folders)
                .map_err(|errno| FileError::of(path, errno))?;
        if is_within {
            return Ok(());
        }
        Err(FileError::Outside {
            path: path.to_owned(),
            to: found.at(),
            root: self.named.clone(),
        })
    }
}

/// Opens the regular file `path` that the user named: wherever it is, and whatever links lead there.
///
/// # Errors
/// When it is not there, no regular file, too large, or cannot be read.
pub fn open_named(path: &Path, limit: Limit) -> Result<Opened, FileError> {
    check_name(path)?;
    let of = |errno| FileError::of(path, errno);
    let stat = statat(CWD, path, AtFlags::empty()).map_err(of)?;
    check_kind(path, Status::new(&stat).kind)?;
    // The user may name a link; what is opened is asked once more.
    let how = READ.difference(OFlags::NOFOLLOW);
    checked(
        path,
        openat(CWD, path, how, Mode::empty()).map_err(of)?,
        limit,
    )
}

fn missing(path: &Path) -> FileError {
    FileError::Missing {
        path: path.to_owned(),
    }
}

fn check_kind(path: &Path, kind: Kind) -> Result<(), FileError> {
    match kind {
        Kind::File => Ok(()),
        kind => Err(FileError::NotRegular {
            path: path.to_owned(),
            kind,
        }),
    }
}

fn check_disk(path: &Path, folder: &Folder) -> Result<(), FileError> {
    match is_of_kernel(&*folder.open) {
        Ok(false) => Ok(()),
        Ok(true) => Err(FileError::OfKernel {
            path: path.to_owned(),
        }),
        Err(errno) => Err(FileError::of(path, errno)),
    }
}

/// Asks the open file what it is: between a look and an opening anything may happen.
fn checked(path: &Path, open: std::os::fd::OwnedFd, limit: Limit) -> Result<Opened, FileError> {
    let of = |errno| FileError::of(path, errno);
    let status = Status::of(&open).map_err(of)?;
    check_kind(path, status.kind)?;
    if is_of_kernel(&open).map_err(of)? {
        return Err(FileError::OfKernel {
            path: path.to_owned(),
        });
    }
    Opened::new(File::from(open), path, status.bytes, limit)
}

/// Whether a name begins with a dot.
pub(crate) fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
