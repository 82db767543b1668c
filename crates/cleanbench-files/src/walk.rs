//! Looking through folders within folders, bounded.
//!
//! Invariants: nothing outside of the roots is entered; a folder is never entered from within itself, so that links in
//! a circle do no harm; what is found is in the order of its names.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, Mode, OFlags, openat};

use crate::error::FileError;
use crate::kind::Kind;
use crate::resolve::{Found, LastLink, resolve};
use crate::roots::{Roots, is_hidden};
use crate::status::{Identity, Status};

/// How much is looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkBound {
    /// Most names in all.
    pub names: usize,
    /// Most folders within one another.
    pub depth: usize,
}

/// Something in a folder that is looked through.
#[derive(Debug, Clone, Copy)]
pub struct Walked<'a> {
    /// Its name, from the first root.
    pub path: &'a Path,
    /// What it is, links followed. What cannot be followed is a [`Kind::Link`].
    pub kind: Kind,
    /// Whether its own name begins with a dot.
    pub is_hidden: bool,
}

impl Roots {
    /// Looks through `folder`: `visit` is shown everything in it, and says of each folder whether that is looked
    /// through as well.
    ///
    /// # Errors
    /// When a folder cannot be read, `visit` asks for one that is outside, or there is more than `bound` allows.
    pub fn walk(
        &self,
        folder: &Path,
        bound: WalkBound,
        visit: &mut dyn FnMut(Walked<'_>) -> bool,
    ) -> Result<(), FileError> {
        let mut walk = Walk {
            roots: self,
            bound,
            visit,
            seen: 0,
            above: Vec::new(),
        };
        let found = walk.found(folder)?;
        walk.folder(folder, &found)
    }

    /// All regular files below `folder` whose names do not begin with a dot, from the first root and in order.
    ///
    /// # Errors
    /// As for [`Roots::walk`].
    pub fn files_below(&self, folder: &Path, bound: WalkBound) -> Result<Vec<PathBuf>, FileError> {
        let mut files = Vec::new();
        self.walk(folder, bound, &mut |walked| {
            if walked.kind == Kind::File && !walked.is_hidden {
                files.push(walked.path.to_owned());
            }
            !walked.is_hidden
        })?;
        Ok(files)
    }
}

struct Walk<'a> {
    roots: &'a Roots,
    bound: WalkBound,
    visit: &'a mut dyn FnMut(Walked<'_>) -> bool,
    seen: usize,
    /// The folders that one is in.
    above: Vec<Identity>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, found: &Found) -> Result<(), FileError> {
        if found.kind != Some(Kind::Folder) {
            let path = path.to_owned();
            return Err(match found.kind {
                None => FileError::Missing { path },
                Some(_) => FileError::NotAFolder { path },
            });
        }
        self.roots.check_within(path, found)?;
        let status = Status::of(&*found.folder.open).map_err(|errno| FileError::of(path, errno))?;
        if self.above.contains(&status.identity) {
            return Ok(());
        }
        if self.above.len() >= self.bound.depth {
            return Err(FileError::TooDeep {
                path: path.to_owned(),
                most: self.bound.depth,
            });
        }
        let names = self.names(path, found)?;
        self.above.push(status.identity);
        for name in names {
            self.entry(&path.join(&name), &name, found)?;
        }
        self.above.pop();
        Ok(())
    }

    fn entry(&mut self, path: &Path, name: &OsStr, within: &Found) -> Result<(), FileError> {
        // What leads nowhere is shown as the link that it is.
        let found = resolve(&within.folder, Path::new(name), LastLink::Follow).ok();
        let kind = found.as_ref().and_then(|found| found.kind);
        let enter = (self.visit)(Walked {
            path,
            kind: kind.unwrap_or(Kind::Link),
            is_hidden: is_hidden(name),
        });
        match found {
            Some(mut found) if enter && kind == Some(Kind::Folder) => {
                found.strayed |= within.strayed;
                self.folder(path, &found)
            }
            _ => Ok(()),
        }
    }

    fn found(&self, path: &Path) -> Result<Found, FileError> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        self.roots.resolve(path, LastLink::Follow)
    }

    /// The names in a folder, sorted.
    fn names(&mut self, path: &Path, found: &Found) -> Result<Vec<OsString>, FileError> {
        let of = |errno| FileError::of(path, errno);
        let how = OFlags::RDONLY
            .union(OFlags::DIRECTORY)
            .union(OFlags::CLOEXEC);
        let open = openat(&*found.folder.open, ".", how, Mode::empty()).map_err(of)?;
        let mut names = Vec::new();
        for entry in Dir::new(open).map_err(of)? {
            let entry = entry.map_err(of)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            self.seen += 1;
            if self.seen > self.bound.names {
                return Err(FileError::TooMany {
                    path: path.to_owned(),
                    most: self.bound.names,
                });
            }
            names.push(name.to_owned());
        }
        names.sort();
        Ok(names)
    }
}
