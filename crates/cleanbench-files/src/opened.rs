//! A file that is open for reading, and bounded.
//!
//! Invariant: no more bytes come out of it than its limit says; one more is an error, not an end.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::FileError;
use crate::limit::Limit;

/// A regular file that is open for reading. It implements [`Read`] and [`Seek`].
#[derive(Debug)]
pub struct Opened {
    file: File,
    path: PathBuf,
    /// Its size when it was opened.
    bytes: u64,
    limit: Limit,
    /// Where it is read next.
    position: u64,
    taken: Taken,
}

/// How many bytes of a file were read so far, also for whoever has handed the file on.
#[derive(Debug, Clone, Default)]
pub struct Taken(Arc<AtomicU64>);

impl Taken {
    /// The number.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts `more` bytes.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }
}

impl Opened {
    /// Takes over `file`, of `bytes` bytes.
    pub(crate) fn new(
        file: File,
        path: &Path,
        bytes: u64,
        limit: Limit,
    ) -> Result<Self, FileError> {
        if bytes > limit.most {
            return Err(FileError::TooLarge {
                path: path.to_owned(),
                bytes,
                most: limit.most,
            });
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            bytes,
            limit,
            position: 0,
            taken: Taken::default(),
        })
    }

    /// The name by which it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size when it was opened.
    pub fn bytes_at_opening(&self) -> u64 {
        self.bytes
    }

    /// How many bytes were read of it, now and later.
    pub fn taken(&self) -> Taken {
        self.taken.clone()
    }

    /// The file itself, for locks and times. What is read from it directly is not bounded.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Everything in it.
    ///
    /// # Errors
    /// When it cannot be read, or holds more than it may.
    pub fn read_whole(mut self) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.bytes).unwrap_or(0).min(1 << 24));
        match self.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.own(error)),
        }
    }

    /// The error that `error` holds, or one of the system.
    fn own(&self, error: io::Error) -> FileError {
        error
            .downcast::<FileError>()
            .unwrap_or_else(|source| FileError::Io {
                path: self.path.clone(),
                source,
            })
    }

    fn most(&self) -> u64 {
        if self.limit.is_steady {
            self.bytes
        } else {
            self.limit.most
        }
    }

    /// Nothing more may come.
    fn end(&mut self) -> io::Result<usize> {
        if self.file.read(&mut [0])? == 0 {
            return Ok(0);
        }
        let path = self.path.clone();
        Err(io::Error::from(if self.limit.is_steady {
            FileError::Grew {
                path,
                bytes: self.bytes,
            }
        } else {
            FileError::TooLarge {
                path,
                bytes: self.limit.most.saturating_add(1),
                most: self.limit.most,
            }
        }))
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let room = self.most().saturating_sub(self.position);
        if room == 0 {
            return self.end();
        }
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let width = buffer.len().min(room);
        let count = self.file.read(&mut buffer[..width])?;
        self.position += count as u64;
        self.taken.add(count as u64);
        Ok(count)
    }
}

impl Seek for Opened {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.file.seek(to)?;
        Ok(self.position)
    }
}
