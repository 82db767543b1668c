//! A suite's folder: the one way to whatever a suite names.
//!
//! Invariant: what a suite names is opened only within its folder, or within a folder that the user allowed; what the
//! user named is opened wherever it is. A manifest can grant nothing.

use std::path::{Path, PathBuf};

use cleanbench_files::{FileError, Kind, Limit, Opened, Roots, WalkBound, Walked, open_named};

use crate::data_file::DataFile;
use crate::words::shown;

/// Most bytes of a manifest.
pub(crate) const MANIFEST_LIMIT: Limit = Limit::mebibytes(4);
/// Most bytes of a list of samples in quarantine.
pub(crate) const QUARANTINE_LIMIT: Limit = Limit::mebibytes(4);
/// Most bytes of a prompt, of a schema, of a tool's parameters.
pub(crate) const TEXT_LIMIT: Limit = Limit::mebibytes(16);
/// Data is streamed, so that a file may have any size; it must not grow meanwhile.
const DATA_LIMIT: Limit = Limit::any().steady();

/// Most names that one glob looks through, and folders within one another.
const GLOB_BOUND: WalkBound = WalkBound {
    names: 100_000,
    depth: 32,
};

/// What the user named besides the suite itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Folders in which files of the suite may lie besides its own.
    pub folders: Vec<PathBuf>,
    /// Files that take the place of what the manifest names as data of a task.
    pub data: Vec<NamedData>,
}

/// A data file that the user named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedData {
    /// Name of the task.
    pub task: String,
    /// The file, wherever it is. Several for one task are read one after the other.
    pub path: PathBuf,
}

/// A suite's folder, and what else may be read.
#[derive(Debug, Clone)]
pub(crate) struct SuiteFolder {
    dir: PathBuf,
    roots: Roots,
}

impl SuiteFolder {
    /// The folder `dir`, and those that were allowed besides.
    pub(crate) fn open(dir: &Path, allowed: &[PathBuf]) -> Result<Self, FileError> {
        let own = Roots::new(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            roots: allowed
                .iter()
                .try_fold(own, |roots, folder| roots.with(folder))?,
        })
    }

    /// As it was named.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn roots(&self) -> &Roots {
        &self.roots
    }

    /// `path`, which begins with the folder as it was named, or is absolute, as the roots take it.
    fn inner<'a>(&self, path: &'a Path) -> &'a Path {
        let inner = path.strip_prefix(&self.dir).unwrap_or(path);
        if inner.as_os_str().is_empty() {
            Path::new(".")
        } else {
            inner
        }
    }

    /// Opens what the suite names.
    pub(crate) fn file(&self, path: &Path, limit: Limit) -> Result<Opened, FileError> {
        self.roots.open(self.inner(path), limit)
    }

    /// Everything in what the suite names.
    pub(crate) fn read(&self, path: &Path, limit: Limit) -> Result<Vec<u8>, FileError> {
        self.file(path, limit)?.read_whole()
    }

    /// Opens a data file, whoever named it.
    pub(crate) fn data(&self, source: &DataSource) -> Result<Opened, FileError> {
        if source.is_named {
            open_named(&source.path, DATA_LIMIT)
        } else {
            self.file(&source.path, DATA_LIMIT)
        }
    }

    pub(crate) fn kind(&self, path: &Path) -> Result<Kind, FileError> {
        self.roots.kind(self.inner(path))
    }

    /// Looks through the folder `start`, at no more than `left` names, of which those that were seen are taken.
    pub(crate) fn walk(
        &self,
        start: &Path,
        left: &mut usize,
        visit: &mut dyn FnMut(Walked<'_>) -> bool,
    ) -> Result<(), FileError> {
        let bound = WalkBound {
            names: GLOB_BOUND.names.min(*left),
            ..GLOB_BOUND
        };
        self.roots.walk(start, bound, &mut |walked| {
            *left = left.saturating_sub(1);
            visit(walked)
        })
    }
}

/// A data file, and whether it is the user who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataSource {
    pub(crate) path: PathBuf,
    pub(crate) is_named: bool,
}

impl DataSource {
    /// Where `file` was read from.
    pub(crate) fn of(file: &DataFile) -> Self {
        Self {
            path: file.path.clone(),
            is_named: file.is_named,
        }
    }
}

/// Why a path cannot be used: a lowercase fragment, and what to do instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathFault {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl PathFault {
    pub(crate) fn new(message: String, hint: &str) -> Self {
        Self {
            message,
            hint: Some(hint.to_owned()),
        }
    }

    /// The fault of `written`, which the suite in `dir` names, by what came of opening it.
    pub(crate) fn of(error: &FileError, written: &str, dir: &Path) -> Self {
        let name = shown(written);
        match error {
            FileError::Missing { .. } => Self::new(
                format!("there is no file {name}"),
                "a path is relative to the suite's folder; `*.jsonl` matches several files",
            ),
            FileError::NotRegular {
                kind: Kind::Folder, ..
            } => Self::new(format!("{name} is a folder"), "name a file in it"),
            FileError::NotRegular { kind, .. } => Self::new(
                format!("{name} is {kind}, not a file"),
                "nothing but files is opened; write what it gives into one",
            ),
            FileError::OfKernel { .. } => Self::new(
                format!("{name} is made up by the kernel, and is never opened"),
                "it may tell secrets of this machine; name a file on a disk",
            ),
            FileError::TooLarge { .. } | FileError::Grew { .. } => Self {
                message: error_of(error, written),
                hint: None,
            },
            FileError::Outside { to, .. } => outside(written, to, dir),
            FileError::Loop { .. } => Self::new(
                format!("{name} is a chain of links without end"),
                "put the file itself in the place of the link",
            ),
            FileError::Denied { .. } => Self::new(
                format!("permission denied for {name}"),
                "let the user who runs this read the file",
            ),
            FileError::BadName { .. } => Self {
                message: format!("no file can be called {name}"),
                hint: None,
            },
            FileError::TooMany { .. } | FileError::TooDeep { .. } => Self::new(
                format!("{name} looks through {error}"),
                "write a glob that begins in the folder of the data",
            ),
            other => Self {
                message: format!("cannot read {}", error_of(other, written)),
                hint: None,
            },
        }
    }
}

/// What `error` says of `written`.
fn error_of(error: &FileError, written: &str) -> String {
    let text = error.to_string();
    let rest = text
        .strip_prefix('`')
        .and_then(|text| text.split_once("` "));
    match rest {
        Some((_, rest)) => format!("{} {rest}", shown(written)),
        None => text,
    }
}

fn outside(written: &str, to: &Path, dir: &Path) -> PathFault {
    let name = shown(written);
    let folder = shown(&dir.to_string_lossy());
    let led = shown(&to.to_string_lossy());
    let message = if Path::new(written) == to {
        format!("{name} is outside of the suite's folder {folder}")
    } else if Path::new(written).starts_with("..") {
        format!("{name} leaves the suite's folder")
    } else {
        format!("{name} leads out of the suite's folder {folder}, to {led}")
    };
    let parent = to.parent().unwrap_or(to).display().to_string();
    let hint = format!(
        "copy it into {}; or, if you trust the suite with what lies there, pass `--allow-path {parent}`",
        dir.display()
    );
    PathFault {
        message,
        hint: Some(hint),
    }
}
