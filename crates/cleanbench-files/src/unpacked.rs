//! Bounds what a packed file unpacks to.
//!
//! Invariant: whoever reads through it gets an error long before a small file has become an endless one.

use std::io::{self, BufRead, Read};

use crate::error::FileError;
use crate::opened::Taken;

/// How much may come out of a packed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedBound {
    /// Most bytes in all.
    pub most: u64,
    /// Most bytes for each byte of the packed file, beyond `free`.
    pub ratio: u64,
    /// Bytes that may come however small the packed file is.
    pub free: u64,
}

impl PackedBound {
    /// How many bytes may have come when `packed` were read.
    #[must_use]
    pub fn allowed(self, packed: u64) -> u64 {
        let by_ratio = self.free.saturating_add(packed.saturating_mul(self.ratio));
        by_ratio.min(self.most)
    }
}

/// A reader of what `R` unpacks.
#[derive(Debug)]
pub struct Unpacked<R> {
    inner: R,
    taken: Taken,
    bound: PackedBound,
    given: u64,
}

impl<R> Unpacked<R> {
    /// Bounds `inner`, which unpacks a file of which `taken` tells how much was read.
    pub fn new(inner: R, taken: Taken, bound: PackedBound) -> Self {
        Self {
            inner,
            taken,
            bound,
            given: 0,
        }
    }

    fn count(&mut self, more: usize) {
        self.given = self.given.saturating_add(more as u64);
    }

    fn check(&self) -> io::Result<()> {
        let packed = self.taken.bytes();
        if self.given <= self.bound.allowed(packed) {
            return Ok(());
        }
        Err(FileError::Bomb {
            bytes: self.given,
            packed,
        }
        .into())
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count(count);
        self.check()?;
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Unpacked<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count(amount);
        self.inner.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: PackedBound = PackedBound {
        most: 1_000,
        ratio: 10,
        free: 100,
    };

    fn unpack(packed: u64, unpacked: u64) -> io::Result<u64> {
        let taken = Taken::default();
        taken.add(packed);
        let mut reader = Unpacked::new(io::repeat(7).take(unpacked), taken, BOUND);
        io::copy(&mut reader, &mut io::sink())
    }

    #[test]
    fn what_unpacks_is_bounded_by_its_size_and_in_all() {
        for (packed, unpacked, fits) in [
            (1, 110, true),
            (1, 111, false),
            (10, 200, true),
            (10, 201, false),
            (1_000, 1_000, true),
            (1_000, 1_001, false),
        ] {
            let found = unpack(packed, unpacked);
            assert_eq!(found.is_ok(), fits, "{packed} {unpacked}: {found:?}");
        }
        let error = unpack(1, 500).unwrap_err();
        assert!(error.to_string().contains("out of 1 packed"), "{error}");
    }

    #[test]
    fn lines_are_bounded_too() {
        let lines = "\n".repeat(500);
        let mut reader = Unpacked::new(lines.as_bytes(), Taken::default(), BOUND);
        let mut line = Vec::new();
        let mut count = 0;
        let error = loop {
            match reader.read_until(b'\n', &mut line) {
                Ok(0) => panic!("the end was reached"),
                Ok(_) => count += 1,
                Err(error) => break error,
            }
        };
        assert!((100..=102).contains(&count), "{count} {error}");
    }
}
