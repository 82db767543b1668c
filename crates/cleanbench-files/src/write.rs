//! Writing: created anew, never through a link.
//!
//! Invariant: what is there already is replaced as a whole by a rename or not touched at all, and whoever has planted a
//! link under a name loses the link, not what it leads to.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode as Bits, OFlags, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;

use crate::error::FileError;
use crate::kind::Kind;
use crate::resolve::{Folder, LastLink, check_name, resolve};
use crate::roots::Roots;

/// Who may read what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The owner alone: 0600, folders 0700, whatever the umask.
    Owner,
    /// Whomever the umask lets.
    Shared,
}

impl Mode {
    fn of_file(self) -> Bits {
        Bits::from_raw_mode(match self {
            Self::Owner => 0o600,
            Self::Shared => 0o666,
        })
    }

    fn of_folder(self) -> Bits {
        Bits::from_raw_mode(match self {
            Self::Owner => 0o700,
            Self::Shared => 0o777,
        })
    }
}

/// What a draft is called between the name of the file and its own number.
const DRAFT: &str = ".new-";

/// How many names of drafts are tried.
const TRIES: u64 = 100;

const CREATE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Whether `name` is that of a draft which somebody has left: a [`Replacement`] that was neither finished nor
/// given up, because the program was killed.
pub fn is_draft(name: &str) -> bool {
    let number = name.rsplit_once(DRAFT).map(|(_, number)| number);
    number.is_some_and(|number| {
        number.len() == 16 && number.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// A name in an open folder.
#[derive(Debug, Clone)]
struct Target {
    folder: Folder,
    name: OsString,
    /// As it was given.
    path: PathBuf,
}

impl Target {
    /// The name `path`, which the user or this program chose.
    fn named(path: &Path) -> Result<Self, FileError> {
        check_name(path)?;
        Ok(Self {
            folder: Folder::named(path.parent().unwrap_or(Path::new(".")))
                .map_err(|error| error.named(path))?,
            name: last(path)?,
            path: path.to_owned(),
        })
    }

    /// The name `path`, whose folder must lie within `roots`.
    fn within(roots: &Roots, path: &Path) -> Result<Self, FileError> {
        let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let found = resolve(roots.base(), parent, LastLink::Follow)?;
        if found.kind != Some(Kind::Folder) {
            return Err(FileError::NotAFolder {
                path: parent.to_owned(),
            });
        }
        roots.check_within(path, &found)?;
        Ok(Self {
            folder: found.folder,
            name: last(path)?,
            path: path.to_owned(),
        })
    }

    fn create(&self, name: &OsStr, mode: Mode) -> Result<File, Errno> {
        openat(&*self.folder.open, name, CREATE, mode.of_file()).map(File::from)
    }

    fn create_new(&self, mode: Mode) -> Result<File, FileError> {
        let file = self.create(&self.name, mode);
        file.map_err(|errno| FileError::of(&self.path, errno))
    }

    /// A draft for what is to be there.
    fn draft(self, mode: Mode) -> Result<Replacement, FileError> {
        let random = RandomState::new();
        for number in 0..TRIES {
            let mut draft = self.name.clone();
            draft.push(format!("{DRAFT}{:016x}", random.hash_one(number)));
            match self.create(&draft, mode) {
                Ok(file) => {
                    return Ok(Replacement {
                        target: self,
                        draft: Some(draft),
                        file,
                    });
                }
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(FileError::of(&self.path, errno)),
            }
        }
        Err(FileError::There { path: self.path })
    }

    fn create_folder(&self, mode: Mode) -> Result<(), FileError> {
        let made = mkdirat(&*self.folder.open, self.name.as_os_str(), mode.of_folder());
        made.map_err(|errno| FileError::of(&self.path, errno))
    }
}

fn last(path: &Path) -> Result<OsString, FileError> {
    let name = path.file_name().map(OsStr::to_owned);
    name.ok_or_else(|| FileError::BadName {
        path: path.to_owned(),
    })
}

/// A file that is written beside the one that it is to replace. It implements [`Write`]; dropped without
/// [`Replacement::finish`] it is removed.
#[derive(Debug)]
pub struct Replacement {
    target: Target,
    /// Its name until then; `None` once it has replaced the other.
    draft: Option<OsString>,
    file: File,
}

impl Replacement {
    /// Begins to replace the file `path`, or to make it.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn begin(path: &Path, mode: Mode) -> Result<Self, FileError> {
        Target::named(path)?.draft(mode)
    }

    /// Puts it in the place of the other.
    ///
    /// # Errors
    /// When the system does not let it: for a folder of that name, for example.
    pub fn finish(mut self) -> Result<(), FileError> {
        let Some(draft) = self.draft.take() else {
            return Ok(());
        };
        let Target { folder, name, path } = &self.target;
        let moved = renameat(
            &*folder.open,
            draft.as_os_str(),
            &*folder.open,
            name.as_os_str(),
        );
        moved.map_err(|errno| {
            self.draft = Some(draft);
            FileError::of(path, errno)
        })
    }

    /// The file itself, for syncing it to the disk.
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some(draft) = &self.draft {
            // Nothing can be done about a draft that cannot be removed.
            let _: Result<(), Errno> = unlinkat(
                &*self.target.folder.open,
                draft.as_os_str(),
                AtFlags::empty(),
            );
        }
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Creates the file `path`, which must not be there, not even as a link that leads nowhere.
///
/// # Errors
/// When it is there, or cannot be created.
pub fn create_new(path: &Path, mode: Mode) -> Result<File, FileError> {
    Target::named(path)?.create_new(mode)
}

/// Makes `bytes` the contents of the file `path`, as a whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    fill(Replacement::begin(path, mode)?, path, bytes)
}

fn fill(mut draft: Replacement, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let written = draft.write_all(bytes);
    written.map_err(|source| FileError::Io {
        path: path.to_owned(),
        source,
    })?;
    draft.finish()
}

/// Creates the folder `path`; the one that holds it must be there.
///
/// # Errors
/// When something of that name is there, or it cannot be created.
pub fn create_folder(path: &Path, mode: Mode) -> Result<(), FileError> {
    Target::named(path)?.create_folder(mode)
}

impl Roots {
    /// As [`create_new`], in a folder that lies within the roots, links followed.
    ///
    /// # Errors
    /// When it is there, outside, or cannot be created.
    pub fn create_new(&self, path: &Path, mode: Mode) -> Result<File, FileError> {
        Target::within(self, path)?.create_new(mode)
    }

    /// As [`replace`], in a folder that lies within the roots, links followed.
    ///
    /// # Errors
    /// When it is outside, or cannot be written.
    pub fn replace(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
        fill(self.replacement(path, mode)?, path, bytes)
    }

    /// As [`Replacement::begin`], in a folder that lies within the roots, links followed.
    ///
    /// # Errors
    /// When it is outside, or nothing can be written there.
    pub fn replacement(&self, path: &Path, mode: Mode) -> Result<Replacement, FileError> {
        Target::within(self, path)?.draft(mode)
    }

    /// As [`create_folder`], in a folder that lies within the roots, links followed.
    ///
    /// # Errors
    /// When something of that name is there, or it is outside, or cannot be created.
    pub fn create_folder(&self, path: &Path, mode: Mode) -> Result<(), FileError> {
        Target::within(self, path)?.create_folder(mode)
    }
}
