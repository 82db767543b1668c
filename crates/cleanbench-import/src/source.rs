//! What was named on the command line: a file, or a folder with all that is below.
//!
//! Invariants: nothing outside of the folder is read (of a file: of the folder it lies in); every file that an import
//! rests on is named with its digest; whatever is read is bounded before it is. Refused: pipes, devices, links that
//! lead out, and files that are too large.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cleanbench_core::Digest;
use cleanbench_files::{Kind, Limit, Roots, WalkBound, open_named};

use crate::error::ImportError;

/// Most bytes of a file that is one document.
pub(crate) const DOCUMENT: Limit = Limit::mebibytes(64);
/// Most bytes of a file of many lines, or of an archive.
pub(crate) const COLLECTION: Limit = Limit::mebibytes(256);
/// How far a folder is looked through.
const BOUND: WalkBound = WalkBound {
    names: 100_000,
    depth: 8,
};

/// A file that an import rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name, within the folder that was named.
    pub file: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

/// A file or a folder that was named.
#[derive(Debug)]
pub(crate) struct Source {
    roots: Roots,
    /// What was named.
    path: PathBuf,
    /// The folder of the files, as it was named.
    folder: PathBuf,
    /// The file that was named, from its folder; `None` where a folder was.
    pub(crate) named: Option<PathBuf>,
    /// The files, from the folder, in the order of their names; of a file it alone.
    pub(crate) files: Vec<PathBuf>,
    taken: RefCell<BTreeMap<PathBuf, Digest>>,
}

impl Source {
    /// Opens what `path` names.
    ///
    /// # Errors
    /// When it is not there, or a folder cannot be looked through.
    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        let of = |error| ImportError::of_file(path, error);
        if path.is_dir() {
            let roots = Roots::new(path).map_err(of)?;
            let files = roots.files_below(Path::new(""), BOUND);
            let files = files.or_else(|_| roots.files_below(Path::new("."), BOUND));
            return Ok(Self::of(path, roots, None, files.map_err(of)?));
        }
        open_named(path, COLLECTION).map_err(of)?;
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let roots = Roots::new(folder.unwrap_or(Path::new("."))).map_err(of)?;
        let name = PathBuf::from(path.file_name().unwrap_or_default());
        Ok(Self::of(path, roots, Some(name.clone()), vec![name]))
    }

    fn of(path: &Path, roots: Roots, named: Option<PathBuf>, files: Vec<PathBuf>) -> Self {
        let plain = |file: PathBuf| file.strip_prefix(".").map(Path::to_owned).unwrap_or(file);
        let folder = match &named {
            None => path.to_owned(),
            Some(_) => path.parent().map(Path::to_owned).unwrap_or_default(),
        };
        Self {
            roots,
            path: path.to_owned(),
            folder,
            named,
            files: files.into_iter().map(plain).collect(),
            taken: RefCell::default(),
        }
    }

    /// The same file seen from the folder that holds the folder `part`, where it lies in one of that name: what
    /// belongs to it lies in the neighbours of that.
    ///
    /// # Errors
    /// When that folder cannot be read.
    pub(crate) fn seen_from_above(&self, part: &str) -> Result<Option<Self>, ImportError> {
        let of = |error| ImportError::of_file(&self.path, error);
        let Some(inner) = self.named.as_ref().and_then(|_| below(&self.path, part)) else {
            return Ok(None);
        };
        let levels = inner.components().count();
        let above = self
            .path
            .ancestors()
            .nth(levels)
            .filter(|it| *it != Path::new(""));
        let above = above.unwrap_or(Path::new("."));
        let roots = Roots::new(above).map_err(of)?;
        let named = Some(inner.clone());
        Ok(Some(Self {
            folder: above.to_owned(),
            ..Self::of(&self.path, roots, named, vec![inner])
        }))
    }

    /// How `file` is called in messages.
    pub(crate) fn shown(&self, file: &Path) -> String {
        match &self.named {
            Some(named) if named == file => self.path.display().to_string(),
            _ => self.folder.join(file).display().to_string(),
        }
    }

    /// The bytes of `file`, to find out what it is.
    ///
    /// # Errors
    /// When it cannot be read, or has more bytes than `limit`.
    pub(crate) fn look(&self, file: &Path, limit: Limit) -> Result<Vec<u8>, ImportError> {
        let of = |error| ImportError::of_file(&PathBuf::from(self.shown(file)), error);
        if self.named.as_deref() == Some(file) {
            let opened = open_named(&self.path, limit).map_err(of)?;
            return opened.read_whole().map_err(of);
        }
        self.roots.read(file, limit).map_err(of)
    }

    /// The same, as a part of what is imported: the file and its digest are on record.
    pub(crate) fn take(&self, file: &Path, limit: Limit) -> Result<Vec<u8>, ImportError> {
        let bytes = self.look(file, limit)?;
        let digest = Digest::of_file_bytes(&bytes);
        self.taken.borrow_mut().insert(file.to_owned(), digest);
        Ok(bytes)
    }

    /// Whether there is a file `name` in the folder.
    pub(crate) fn has(&self, name: &Path) -> bool {
        self.roots.kind(name).is_ok_and(|kind| kind == Kind::File)
    }

    /// The names in the folder `below` that `wanted` accepts, whether they were named or lie beside what was.
    pub(crate) fn beside(&self, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        if self.named.is_none() {
            let name = |file: &&PathBuf| wanted(&file_name(file));
            return self.files.iter().filter(name).cloned().collect();
        }
        let mut found = Vec::new();
        let walked = self.roots.walk(Path::new("."), BOUND, &mut |walked| {
            if walked.kind == Kind::File && wanted(&file_name(walked.path)) {
                let path = walked.path;
                found.push(path.strip_prefix(".").unwrap_or(path).to_owned());
            }
            false
        });
        if walked.is_err() {
            // What cannot be looked through has nothing to add to the file that was named.
            found.clear();
        }
        found
    }

    /// The same, in folders below too.
    pub(crate) fn below(&self, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let files = self.roots.files_below(Path::new("."), BOUND);
        let files = files.unwrap_or_else(|_| self.files.clone()).into_iter();
        let plain = files.map(|file| file.strip_prefix(".").map(Path::to_owned).unwrap_or(file));
        plain.filter(|file| wanted(&file_name(file))).collect()
    }

    /// Takes what was read of `other` for its own.
    pub(crate) fn adopt(&self, other: &Self) {
        self.taken
            .borrow_mut()
            .append(&mut other.taken.borrow_mut());
    }

    /// The files that were taken so far.
    pub(crate) fn sources(&self) -> Vec<SourceFile> {
        let taken = self.taken.borrow();
        let each = taken.iter().map(|(file, digest)| SourceFile {
            file: file.display().to_string(),
            digest: *digest,
        });
        each.collect()
    }
}

/// `path` from its last folder `part` on.
fn below(path: &Path, part: &str) -> Option<PathBuf> {
    let parts: Vec<_> = path.components().collect();
    let folders = &parts[..parts.len().checked_sub(1)?];
    let at = folders.iter().rposition(|one| one.as_os_str() == part)?;
    Some(parts[at..].iter().collect())
}

/// The name of `path` without its folder.
pub(crate) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Whether the name of `path` ends in `.ending`, in any case.
pub(crate) fn ends_in(path: &Path, ending: &str) -> bool {
    let found = path.extension().unwrap_or_default();
    found.eq_ignore_ascii_case(ending)
}
