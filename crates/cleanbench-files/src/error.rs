//! Why a file cannot be used: one variant for each cause.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::kind::Kind;

/// Why a file cannot be used. Each says what and where; what to do next depends on who named the file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is nothing of that name; also where a link leads nowhere.
    #[error("there is no file `{}`", .path.display())]
    Missing {
        /// The name, as it was given.
        path: PathBuf,
    },
    /// It is there, and is no regular file.
    #[error("`{}` is {kind}, not a file", .path.display())]
    NotRegular {
        /// The name, as it was given.
        path: PathBuf,
        /// What it is.
        kind: Kind,
    },
    /// A file that the kernel makes up while it is read: it may hold secrets of this process, and has no end.
    #[error("`{}` is made up by the kernel, and is not a file on a disk", .path.display())]
    OfKernel {
        /// The name, as it was given.
        path: PathBuf,
    },
    /// It is larger than it may be.
    #[error("`{}` is larger than {}", .path.display(), size(*.most))]
    TooLarge {
        /// The name, as it was given.
        path: PathBuf,
        /// How large it is at least.
        bytes: u64,
        /// How large it may be.
        most: u64,
    },
    /// It has become larger since it was opened.
    #[error("`{}` grows while it is read: it had {bytes} bytes when it was opened", .path.display())]
    Grew {
        /// The name, as it was given.
        path: PathBuf,
        /// How large it was.
        bytes: u64,
    },
    /// It is in no allowed folder.
    #[error("`{}` is outside of `{}`{}", .path.display(), .root.display(), by_link(.path, .to))]
    Outside {
        /// The name, as it was given.
        path: PathBuf,
        /// Where it leads, links followed.
        to: PathBuf,
        /// The first allowed folder.
        root: PathBuf,
    },
    /// Links lead in a circle, or on and on.
    #[error("`{}` is a chain of links without end", .path.display())]
    Loop {
        /// The name, as it was given.
        path: PathBuf,
    },
    /// This user may not read or write it.
    #[error("permission denied for `{}`", .path.display())]
    Denied {
        /// The name, as it was given.
        path: PathBuf,
    },
    /// No file can have that name: it is too long, empty, or holds a NUL.
    #[error("`{}` cannot be the name of a file", shortened(.path))]
    BadName {
        /// The name, as it was given.
        path: PathBuf,
    },
    /// What should be a folder is none.
    #[error("`{}` is no folder", .path.display())]
    NotAFolder {
        /// The name, as it was given.
        path: PathBuf,
    },
    /// A folder holds more than is looked through.
    #[error("more than {most} files and folders in `{}`", .path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// How many are looked through.
        most: usize,
    },
    /// Folders lie within folders deeper than is looked through.
    #[error("folders within folders, deeper than {most}, at `{}`", .path.display())]
    TooDeep {
        /// The folder.
        path: PathBuf,
        /// How deep is looked.
        most: usize,
    },
    /// What was to be created is there already.
    #[error("`{}` is there already", .path.display())]
    There {
        /// The name, as it was given.
        path: PathBuf,
    },
    /// A packed file unpacks to more than its size may stand for.
    #[error("it unpacks to more than {bytes} bytes, out of {packed} packed ones")]
    Bomb {
        /// How many bytes it gave.
        bytes: u64,
        /// How many bytes of the packed file that took.
        packed: u64,
    },
    /// Anything else that the system says.
    #[error("`{}`: {source}", .path.display())]
    Io {
        /// The name, as it was given.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
}

fn by_link(path: &Path, to: &Path) -> String {
    if path == to {
        return String::new();
    }
    format!(": it leads to `{}`", to.display())
}

fn shortened(path: &Path) -> String {
    const MOST: usize = 80;
    let text = path.display().to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A number of bytes in words.
fn size(bytes: u64) -> String {
    let whole = |shift: u32| bytes >= 1 << shift && bytes.trailing_zeros() >= shift;
    if whole(30) {
        format!("{} GiB", bytes >> 30)
    } else if whole(20) {
        format!("{} MiB", bytes >> 20)
    } else {
        format!("{bytes} bytes")
    }
}

impl FileError {
    /// What the system said of `path`.
    pub(crate) fn of(path: &Path, errno: Errno) -> Self {
        let path = path.to_owned();
        match errno {
            Errno::NOENT => Self::Missing { path },
            Errno::ACCESS | Errno::PERM => Self::Denied { path },
            Errno::LOOP => Self::Loop { path },
            Errno::NOTDIR => Self::NotAFolder { path },
            Errno::NAMETOOLONG | Errno::INVAL => Self::BadName { path },
            Errno::EXIST => Self::There { path },
            other => Self::Io {
                path,
                source: other.into(),
            },
        }
    }

    /// The same, naming `path`.
    #[must_use]
    pub fn named(mut self, other: &Path) -> Self {
        match &mut self {
            Self::Missing { path }
            | Self::NotRegular { path, .. }
            | Self::OfKernel { path }
            | Self::TooLarge { path, .. }
            | Self::Grew { path, .. }
            | Self::Outside { path, .. }
            | Self::Loop { path }
            | Self::Denied { path }
            | Self::BadName { path }
            | Self::NotAFolder { path }
            | Self::TooMany { path, .. }
            | Self::TooDeep { path, .. }
            | Self::There { path }
            | Self::Io { path, .. } => other.clone_into(path),
            Self::Bomb { .. } => {}
        }
        self
    }

    /// Whether there is nothing of that name.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Missing { .. } => io::ErrorKind::NotFound,
            Self::Denied { .. } | Self::Outside { .. } | Self::OfKernel { .. } => {
                io::ErrorKind::PermissionDenied
            }
            Self::There { .. } => io::ErrorKind::AlreadyExists,
            Self::NotAFolder { .. } => io::ErrorKind::NotADirectory,
            Self::BadName { .. } => io::ErrorKind::InvalidFilename,
            Self::TooLarge { .. } => io::ErrorKind::FileTooLarge,
            Self::Io { source, .. } => source.kind(),
            _ => io::ErrorKind::Other,
        }
    }
}

impl From<FileError> for io::Error {
    /// Keeps the error within, and a kind that fits.
    fn from(error: FileError) -> Self {
        Self::new(error.kind(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_and_where() {
        let path = || PathBuf::from("a/b");
        for (error, expected) in [
            (
                FileError::Missing { path: path() },
                "there is no file `a/b`",
            ),
            (
                FileError::NotRegular {
                    path: path(),
                    kind: Kind::Pipe,
                },
                "`a/b` is a named pipe, not a file",
            ),
            (
                FileError::TooLarge {
                    path: path(),
                    bytes: 5 << 20,
                    most: 4 << 20,
                },
                "`a/b` is larger than 4 MiB",
            ),
            (
                FileError::Outside {
                    path: path(),
                    to: PathBuf::from("/etc/passwd"),
                    root: PathBuf::from("suite"),
                },
                "`a/b` is outside of `suite`: it leads to `/etc/passwd`",
            ),
            (
                FileError::Outside {
                    path: path(),
                    to: path(),
                    root: PathBuf::from("suite"),
                },
                "`a/b` is outside of `suite`",
            ),
        ] {
            assert_eq!(error.to_string(), expected);
        }
        let long = FileError::BadName {
            path: PathBuf::from("x".repeat(5_000)),
        };
        assert!(long.to_string().chars().count() < 130);
    }

    #[test]
    fn an_error_of_the_standard_library_keeps_the_cause() {
        let error = io::Error::from(FileError::of(Path::new("x"), Errno::NOENT));
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let within = error.get_ref().and_then(|error| error.downcast_ref());
        assert!(within.is_some_and(FileError::is_missing));
        assert_eq!(
            FileError::of(Path::new("x"), Errno::ISDIR).to_string(),
            "`x`: Is a directory (os error 21)"
        );
    }
}
