//! From a name to the folder that holds what it stands for, step by step, each by the descriptor of the one before.
//!
//! Invariant: no step follows a link that was not read and resolved here, so that it is known where one has come to;
//! nothing but folders is opened on the way.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, readlinkat, statat};
use rustix::io::Errno;

use crate::error::FileError;
use crate::kind::Kind;
use crate::status::{SEARCH, Status};

/// Most links on the way to one file, as the system has it.
const MOST_LINKS: u32 = 40;

/// Most folders above one another.
const MOST_ABOVE: u32 = 4_096;

/// An open folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) open: Arc<OwnedFd>,
    /// Where it is, links resolved as far as they were walked through.
    pub(crate) at: PathBuf,
}

impl Folder {
    /// Opens the folder at `path`, which the user or this program named.
    pub(crate) fn named(path: &Path) -> Result<Self, FileError> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        check_name(path)?;
        let open = openat(CWD, path, SEARCH, Mode::empty());
        let open = open.map_err(|errno| FileError::of(path, errno))?;
        Ok(Self {
            open: Arc::new(open),
            at: path.canonicalize().unwrap_or_else(|_| path.to_owned()),
        })
    }

    fn root() -> Result<Self, Errno> {
        Ok(Self {
            open: Arc::new(openat(CWD, "/", SEARCH, Mode::empty())?),
            at: PathBuf::from("/"),
        })
    }

    fn up(&mut self) -> Result<(), Errno> {
        self.open = Arc::new(openat(&*self.open, "..", SEARCH, Mode::empty())?);
        self.at.pop();
        Ok(())
    }

    fn down(&mut self, name: &OsStr) -> Result<(), Errno> {
        let how = SEARCH.union(OFlags::NOFOLLOW);
        self.open = Arc::new(openat(&*self.open, name, how, Mode::empty())?);
        self.at.push(name);
        Ok(())
    }

    /// Whether one of `folders` is this one or above it.
    pub(crate) fn is_within(&self, folders: &[Folder]) -> Result<bool, Errno> {
        let identities = folders.iter().map(|folder| Status::of(&*folder.open));
        let identities: Vec<_> = identities
            .map(|status| status.map(|status| status.identity))
            .collect::<Result<_, _>>()?;
        let mut here = self.clone();
        let mut own = Status::of(&*here.open)?.identity;
        for _ in 0..MOST_ABOVE {
            if identities.contains(&own) {
                return Ok(true);
            }
            here.up()?;
            let above = Status::of(&*here.open)?.identity;
            if above == own {
                return Ok(false);
            }
            own = above;
        }
        Ok(false)
    }
}

/// What a name leads to.
#[derive(Debug)]
pub(crate) struct Found {
    /// The folder that holds it; for a folder, itself.
    pub(crate) folder: Folder,
    /// Its name there; `None` for a folder.
    pub(crate) name: Option<OsString>,
    /// What it is; `None` where nothing is there.
    pub(crate) kind: Option<Kind>,
    /// Whether the way led through a link, upwards, or from the top: it may be anywhere.
    pub(crate) strayed: bool,
}

impl Found {
    /// Where it is.
    pub(crate) fn at(&self) -> PathBuf {
        match &self.name {
            Some(name) => self.folder.at.join(name),
            None => self.folder.at.clone(),
        }
    }
}

/// One step of a way.
enum Step {
    Top,
    Up,
    Into(OsString),
}

/// What comes after a step.
enum Next {
    On,
    /// The way ends at this, or at a name that nothing has.
    End(Option<Kind>),
}

/// Puts the steps of `path` on top of `rest`, the first one last.
fn push_steps(rest: &mut Vec<Step>, path: &Path) {
    let steps = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(Step::Into(name.to_owned())),
        Component::ParentDir => Some(Step::Up),
        Component::RootDir => Some(Step::Top),
        Component::CurDir | Component::Prefix(_) => None,
    });
    rest.extend(steps);
}

/// Refuses what no file can be called.
pub(crate) fn check_name(path: &Path) -> Result<(), FileError> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(FileError::BadName {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Whether a link at the end of a name is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastLink {
    Follow,
    Keep,
}

/// Where `path` leads from `base`.
pub(crate) fn resolve(base: &Folder, path: &Path, last: LastLink) -> Result<Found, FileError> {
    check_name(path)?;
    let mut walk = Walk {
        here: base.clone(),
        rest: Vec::new(),
        links: 0,
        strayed: false,
        last,
    };
    push_steps(&mut walk.rest, path);
    let found = walk.go();
    found.map_err(|errno| FileError::of(path, errno))
}

struct Walk {
    here: Folder,
    /// The steps that are left, the next one last.
    rest: Vec<Step>,
    links: u32,
    strayed: bool,
    last: LastLink,
}

impl Walk {
    fn go(mut self) -> Result<Found, Errno> {
        while let Some(step) = self.rest.pop() {
            match step {
                Step::Top => {
                    self.here = Folder::root()?;
                    self.strayed = true;
                }
                Step::Up => {
                    self.here.up()?;
                    self.strayed = true;
                }
                Step::Into(name) => {
                    if let Next::End(kind) = self.enter(&name)? {
                        return Ok(self.found(Some(name), kind));
                    }
                }
            }
        }
        Ok(self.found(None, Some(Kind::Folder)))
    }

    fn found(self, name: Option<OsString>, kind: Option<Kind>) -> Found {
        Found {
            folder: self.here,
            name,
            kind,
            strayed: self.strayed,
        }
    }

    /// Goes on to `name`.
    fn enter(&mut self, name: &OsStr) -> Result<Next, Errno> {
        let is_last = self.rest.is_empty();
        let kind = match statat(&*self.here.open, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Status::new(&stat).kind,
            Err(Errno::NOENT) if is_last => return Ok(Next::End(None)),
            Err(errno) => return Err(errno),
        };
        match kind {
            Kind::Link if is_last && self.last == LastLink::Keep => {
                return Ok(Next::End(Some(kind)));
            }
            Kind::Link => self.link(name)?,
            Kind::Folder => self.here.down(name)?,
            _ if is_last => return Ok(Next::End(Some(kind))),
            _ => return Err(Errno::NOTDIR),
        }
        Ok(Next::On)
    }

    fn link(&mut self, name: &OsStr) -> Result<(), Errno> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(Errno::LOOP);
        }
        let target = readlinkat(&*self.here.open, name, Vec::new())?;
        let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
        push_steps(&mut self.rest, &target);
        self.strayed = true;
        Ok(())
    }
}
