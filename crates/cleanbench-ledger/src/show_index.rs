//! `show.index`: where the line of a sample and the records of its calls are, so that one is found without reading
//! the rest.
//!
//! ```text
//! CBSHOW1\n · SHA-256 of run.json · number of names
//! each name, ascending: hash of the name · offset and number of its line in samples.jsonl
//! each call: places of its last records: started, replied, ended, judged · how it ended
//! ```
//!
//! All numbers are little-endian. The file can be made anew at any time and is no part of the run. It refuses to serve
//! another `run.json` than the one that it was made for; whether it leads to the right place is for the reader to check.

use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write};
use std::os::unix::fs::FileExt as _;

use cleanbench_core::{Digest, Outcome};

use crate::files;
use crate::manifest::MANIFEST_FILE;
use crate::{LedgerError, Location, RunDirectory};

/// Name of the file.
pub const FILE: &str = "show.index";
const MAGIC: &[u8; 8] = b"CBSHOW1\n";
const HEADER: usize = 48;
const OF_NAME: usize = 24;
const OF_CALL: usize = 33;

/// Where the last records of a call are, and how it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trace {
    /// The record of the request.
    pub started: Location,
    /// The record of the reply.
    pub replied: Location,
    /// The record of the attempt's end.
    pub ended: Location,
    /// The record of the judgement.
    pub judged: Location,
    /// `None` while it has not ended.
    pub outcome: Option<Outcome>,
}

/// A name of a sample, and where the sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// See [`hash`].
    pub hash: u64,
    /// Of its line, in bytes.
    pub offset: u64,
    /// Its number, from 0.
    pub line: u64,
}

impl Name {
    fn to_bytes(self) -> [u8; OF_NAME] {
        let parts = [self.hash, self.offset, self.line].map(u64::to_le_bytes);
        let mut bytes = [0; OF_NAME];
        bytes.copy_from_slice(parts.as_flattened());
        bytes
    }

    fn of_bytes(bytes: &[u8; OF_NAME]) -> Self {
        let (parts, _) = bytes.as_chunks();
        let [hash, offset, line] = [0, 1, 2].map(|at: usize| u64::from_le_bytes(parts[at]));
        Self { hash, offset, line }
    }
}

impl Trace {
    fn to_bytes(self) -> [u8; OF_CALL] {
        let mut bytes = [0; OF_CALL];
        let locations = [self.started, self.replied, self.ended, self.judged];
        let locations = locations.map(|location| location.to_bits().to_le_bytes());
        bytes[..32].copy_from_slice(locations.as_flattened());
        let all = Outcome::ALL.iter();
        let code = self
            .outcome
            .and_then(|how| (1..).zip(all).find(|(_, one)| **one == how));
        bytes[32] = code.map_or(0, |(code, _)| code);
        bytes
    }

    fn of_bytes(bytes: &[u8; OF_CALL]) -> Self {
        let locations = bytes[..32].as_chunks().0;
        let location = |at: usize| Location::of_bits(u64::from_le_bytes(locations[at]));
        let code = usize::from(bytes[32]).checked_sub(1);
        Self {
            started: location(0),
            replied: location(1),
            ended: location(2),
            judged: location(3),
            outcome: code.and_then(|code| Outcome::ALL.get(code)).copied(),
        }
    }
}

/// What names are ordered by: the first eight bytes of a digest.
pub fn hash(name: &str) -> u64 {
    let digest = Digest::of("cleanbench/show-index/1", &[name.as_bytes()]);
    u64::from_le_bytes(digest.0.first_chunk().copied().unwrap_or_default())
}

/// What the file holds.
#[derive(Debug)]
pub struct Contents<I> {
    /// SHA-256 of the `run.json` that it is made for.
    pub manifest: Digest,
    /// The names of all samples, in any order.
    pub names: Vec<Name>,
    /// All calls, by number.
    pub calls: I,
}

impl<I: Iterator<Item = Trace>> Contents<I> {
    /// Puts the file into `run`, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written there.
    pub fn keep(self, run: &RunDirectory) -> Result<(), LedgerError> {
        run.holds(FILE)?;
        // Two at once must not write into one file.
        let draft = format!("{FILE}.{}", std::process::id());
        let mut out = BufWriter::new(files::create(run.path(), &draft)?);
        let draft = run.file(&draft);
        let kept = self.write(&mut out).and_then(|()| {
            out.flush()?;
            fs_err::rename(&draft, run.file(FILE))
        });
        Ok(kept.inspect_err(|_| drop(fs_err::remove_file(&draft)))?)
    }

    /// Whether the file in `run` holds this.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn are_in(self, run: &RunDirectory) -> Result<bool, LedgerError> {
        let mut compared = Compared {
            file: BufReader::new(run.open(FILE)?),
            differs: false,
        };
        self.write(&mut compared)?;
        let ends = compared.file.fill_buf()?.is_empty();
        Ok(ends && !compared.differs)
    }

    fn write(mut self, out: &mut impl Write) -> io::Result<()> {
        self.names.sort_unstable();
        out.write_all(MAGIC)?;
        out.write_all(&self.manifest.0)?;
        out.write_all(&(self.names.len() as u64).to_le_bytes())?;
        let mut names = self.names.iter();
        names.try_for_each(|name| out.write_all(&name.to_bytes()))?;
        let mut calls = self.calls;
        calls.try_for_each(|trace| out.write_all(&trace.to_bytes()))
    }
}

/// Reads along in a file what is written.
struct Compared {
    file: BufReader<fs_err::File>,
    differs: bool,
}

impl Write for Compared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut present = vec![0; bytes.len()];
        self.differs =
            self.differs || self.file.read_exact(&mut present).is_err() || present != bytes;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file, opened.
#[derive(Debug)]
pub struct IndexFile {
    file: fs_err::File,
    names: u64,
}

impl IndexFile {
    /// Opens that of `run`; `None` where there is none for its `run.json`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(run: &RunDirectory) -> Result<Option<Self>, LedgerError> {
        if !run.holds(FILE)? {
            return Ok(None);
        }
        let file = run.open(FILE)?;
        let mut header = [0; HEADER];
        file.file().read_exact_at(&mut header, 0)?;
        let manifest = run.digest(MANIFEST_FILE)?;
        let names = header.last_chunk().copied().unwrap_or_default();
        let is_its = header.starts_with(MAGIC) && header[MAGIC.len()..][..32] == manifest.0;
        let names = u64::from_le_bytes(names);
        Ok(is_its.then_some(Self { file, names }))
    }

    /// Everything that has the name `name`, or another of the same hash.
    ///
    /// # Errors
    /// When the file ends too early.
    pub fn named(&self, name: &str) -> io::Result<Vec<Name>> {
        let hash = hash(name);
        let mut found = Vec::new();
        let (mut low, mut high) = (0, self.names);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.name(middle)?.hash < hash {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for position in low..self.names {
            let name = self.name(position)?;
            if name.hash != hash {
                break;
            }
            found.push(name);
        }
        Ok(found)
    }

    fn name(&self, position: u64) -> io::Result<Name> {
        let mut bytes = [0; OF_NAME];
        self.read(&mut bytes, position.checked_mul(OF_NAME as u64))?;
        Ok(Name::of_bytes(&bytes))
    }

    /// What is known of the call of that number.
    ///
    /// # Errors
    /// When the file ends too early.
    pub fn trace(&self, call: u64) -> io::Result<Trace> {
        let mut bytes = [0; OF_CALL];
        let names = self.names.checked_mul(OF_NAME as u64);
        let offset = names.and_then(|names| names.checked_add(call.checked_mul(OF_CALL as u64)?));
        self.read(&mut bytes, offset)?;
        Ok(Trace::of_bytes(&bytes))
    }

    /// Fills `bytes` from `offset` on behind the header.
    fn read(&self, bytes: &mut [u8], offset: Option<u64>) -> io::Result<()> {
        let offset = offset.and_then(|offset| offset.checked_add(HEADER as u64));
        let offset = offset.ok_or(io::ErrorKind::InvalidData)?;
        self.file.file().read_exact_at(bytes, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str, line: u64) -> Name {
        Name {
            hash: hash(text),
            offset: 100 * line,
            line,
        }
    }

    fn run(manifest: &str) -> (tempfile::TempDir, RunDirectory) {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("run.json"), manifest).unwrap();
        let run = RunDirectory::at(folder.path());
        (folder, run)
    }

    fn contents() -> Contents<impl Iterator<Item = Trace>> {
        let names = (0..100).map(|line| name(&line.to_string(), line));
        let twice = [name("7", 200), name("x", 201)];
        let calls = (0..300).map(|call| Trace {
            ended: Location::of_bits(call + 1),
            outcome: Outcome::ALL
                .into_iter()
                .cycle()
                .nth(usize::try_from(call).unwrap()),
            ..Trace::default()
        });
        Contents {
            manifest: Digest::of_file_bytes(b"{}"),
            names: names.chain(twice).collect(),
            calls,
        }
    }

    #[test]
    fn what_was_kept_is_found() {
        let (_folder, run) = run("{}");
        assert!(IndexFile::open(&run).unwrap().is_none());
        contents().keep(&run).unwrap();
        let file = IndexFile::open(&run).unwrap().unwrap();
        let lines = |name| {
            let found = file.named(name).unwrap().into_iter();
            found.map(|name| name.line).collect::<Vec<_>>()
        };
        assert_eq!(
            (lines("7"), lines("x"), lines("y")),
            (vec![7, 200], vec![201], vec![])
        );
        for (call, expected) in (0..300).zip(contents().calls) {
            assert_eq!(file.trace(call).unwrap(), expected);
        }
        assert!(file.trace(300).is_err() && file.trace(u64::MAX).is_err());
        assert!(contents().are_in(&run).unwrap());
    }

    #[test]
    fn it_serves_no_other_run() {
        let (_folder, run) = run("{}");
        contents().keep(&run).unwrap();
        fs_err::write(run.file("run.json"), "{ }").unwrap();
        assert!(IndexFile::open(&run).unwrap().is_none());
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error_and_never_another_call() {
        let (_folder, run) = run("{}");
        contents().keep(&run).unwrap();
        let whole = fs_err::read(run.file(FILE)).unwrap();
        let traces: Vec<_> = contents().calls.collect();
        for length in (0..whole.len()).step_by(97) {
            fs_err::write(run.file(FILE), &whole[..length]).unwrap();
            let Ok(Some(file)) = IndexFile::open(&run) else {
                continue;
            };
            drop(file.named("7"));
            for (call, expected) in (0..300).zip(&traces) {
                let found = file.trace(call);
                assert!(found.is_err() || found.unwrap() == *expected);
            }
        }
    }
}
