//! What the system says of an open file or folder.

use std::os::fd::AsFd;

use rustix::fs::{FileType, OFlags, Stat, fstat};
use rustix::io::Errno;

use crate::kind::Kind;

/// How a folder is opened to go on from it: where the system allows, without the right to list it.
#[cfg(target_os = "linux")]
pub(crate) const SEARCH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
pub(crate) const SEARCH: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// How a file is opened to be read: nothing blocks, no link is followed, no terminal is taken over.
pub(crate) const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Which file or folder it is, by whatever name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: i128,
    number: i128,
}

/// What a name stands for, and which it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Status {
    pub(crate) kind: Kind,
    pub(crate) identity: Identity,
    pub(crate) bytes: u64,
}

impl Status {
    pub(crate) fn new(stat: &Stat) -> Self {
        // The width of these fields is that of the system.
        let identity = Identity {
            device: i128::from(stat.st_dev),
            number: i128::from(stat.st_ino),
        };
        Self {
            kind: Kind::of(FileType::from_raw_mode(stat.st_mode)),
            identity,
            bytes: u64::try_from(stat.st_size).unwrap_or(0),
        }
    }

    pub(crate) fn of(open: impl AsFd) -> Result<Self, Errno> {
        Ok(Self::new(&fstat(open)?))
    }
}

/// Whether `open` is on a file system whose files the kernel makes up.
#[cfg(target_os = "linux")]
pub(crate) fn is_of_kernel(open: impl AsFd) -> Result<bool, Errno> {
    /// `/proc`, `/sys`, and what is mounted within `/sys`: debugfs, tracefs, securityfs, two kinds of cgroups, bpf, pstore.
    const MADE_UP: [u64; 9] = [
        0x9fa0,
        0x6265_6572,
        0x6462_6720,
        0x7472_6163,
        0x7363_6673,
        0x0027_e0eb,
        0x6367_7270,
        0xcafe_4a11,
        0x6165_676c,
    ];
    let found = rustix::fs::fstatfs(open)?.f_type;
    Ok(MADE_UP
        .iter()
        .any(|known| i128::from(*known) == i128::from(found)))
}

/// Other systems have no such files.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_of_kernel(_open: impl AsFd) -> Result<bool, Errno> {
    Ok(false)
}
