//! The archive `.eval`: a zip whose entries are JSON, deflated or as zstd.
//!
//! Invariants: an entry is unpacked only up to a bound, whatever it says of its size, and all together only up to
//! another; a name is looked up and never made a path. A sample is one entry, or in chunks a folder of entries, which
//! is told by the names alone. Where a name stands there twice, the last entry holds, as Inspect has it.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::{Cursor, Read as _};

use cleanbench_files::PackedBound;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use zip::ZipArchive;

use super::inspect_log::{Log, RawMessage, RawSample};
use crate::error::ImportError;
use crate::json;

/// Most bytes of an entry, unpacked.
const ENTRY: u64 = 64 << 20;
/// What all entries that are read may unpack to.
const ALL: PackedBound = PackedBound {
    most: 1 << 30,
    ratio: 100,
    free: 64 << 20,
};
/// Most entries.
const MOST_ENTRIES: usize = 1_000_000;
/// What every entry of the directory of a zip begins with.
const ENTRY_MARK: &[u8] = b"PK\x01\x02";
/// What the end of a zip begins with.
const END_MARK: &[u8] = b"PK\x05\x06";
const SAMPLES: &str = "samples/";
const SHELL: &str = "/sample.json";
/// What the header was called before a log was finished.
const HEADERS: [&str; 2] = ["header.json", "_journal/start.json"];

/// An archive that is open.
pub(super) struct Archive {
    place: String,
    zip: ZipArchive<Cursor<Vec<u8>>>,
    /// Names of its entries; those that are no text are none of a log's.
    names: BTreeSet<String>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl Archive {
    /// Opens the archive that `bytes` are, found at `place`.
    ///
    /// # Errors
    /// When they are none, or it has too many entries.
    pub(super) fn open(place: &str, bytes: Vec<u8>) -> Result<Self, ImportError> {
        let size = bytes.len() as u64;
        if entries_at_most(&bytes) > MOST_ENTRIES {
            let what = format!("an archive of more than {MOST_ENTRIES} entries");
            return Err(ImportError::damaged(place, what));
        }
        let is_cut = !has_end(&bytes);
        let zip = ZipArchive::new(Cursor::new(bytes));
        let zip = zip.map_err(|error| not_whole(place, is_cut, size, &error))?;
        let names = zip.file_names().filter_map(Result::ok);
        Ok(Self {
            place: place.to_owned(),
            names: names.map(Cow::into_owned).collect(),
            zip,
            left: ALL.allowed(size),
        })
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// When it says nothing, or that cannot be read.
    pub(super) fn header(&mut self) -> Result<Log, ImportError> {
        let found = HEADERS.iter().find(|name| self.names.contains(**name));
        let Some(name) = found else {
            let what = "an archive without `header.json`: no log of Inspect, or one that broke off";
            return Err(ImportError::damaged(&self.place, what));
        };
        self.parsed(name)
    }

    /// Names of the entries that samples are, in order; of samples in chunks that of their shell. An id may hold `/`,
    /// so that folders alone tell nothing.
    pub(super) fn samples(&self) -> Vec<String> {
        let is_sample = |name: &&String| {
            let inner = name.strip_prefix(SAMPLES).unwrap_or_default();
            inner.strip_suffix(".json").is_some() && !self.is_chunk(name)
        };
        let mut found: Vec<_> = self.names.iter().filter(is_sample).cloned().collect();
        found.sort_by_cached_key(|name| Order::of(name));
        found
    }

    /// Whether the entry `name` is a part of a sample whose shell is another entry.
    fn is_chunk(&self, name: &str) -> bool {
        let folders = name.match_indices('/').map(|(at, _)| &name[..at]);
        let mut shells = folders.map(|folder| format!("{folder}{SHELL}"));
        shells.any(|shell| shell != name && self.names.contains(&shell))
    }

    /// The sample in the entry `name`.
    ///
    /// # Errors
    /// When it is broken or too large.
    pub(super) fn sample(&mut self, name: &str) -> Result<RawSample, ImportError> {
        let mut sample: RawSample = self.parsed(name)?;
        if let Some(folder) = name.strip_suffix(SHELL) {
            self.put_together(folder, &mut sample)?;
        }
        Ok(sample)
    }

    /// Adds to the shell of a sample what stands in entries of its own.
    fn put_together(&mut self, folder: &str, sample: &mut RawSample) -> Result<(), ImportError> {
        let metadata = format!("{folder}/metadata.json");
        if self.names.contains(&metadata) {
            sample.metadata = Some(self.parsed::<Map<String, Value>>(&metadata)?);
        }
        let texts: Vec<String> = self.sequence(folder, "attachments")?;
        let texts = texts.into_iter().enumerate();
        let named: HashMap<_, _> = texts
            .map(|(index, text)| (index.to_string(), text))
            .collect();
        sample.attachments = Some(named);
        let pool: Vec<RawMessage> = self.sequence(folder, "messages")?;
        let refs = std::mem::take(&mut sample.message_refs);
        let mut room = pool.len().saturating_mul(4).saturating_add(64);
        for range in refs {
            let (Some(start), Some(end)) = (range.first(), range.get(1)) else {
                continue;
            };
            let part = pool.get(*start..*end).unwrap_or_default();
            room = room
                .checked_sub(part.len())
                .ok_or_else(|| self.too_much(folder))?;
            sample.messages.extend_from_slice(part);
        }
        Ok(())
    }

    fn too_much(&self, folder: &str) -> ImportError {
        let place = format!("{}!{folder}", self.place);
        ImportError::damaged(place, "its conversation repeats its messages over and over")
    }

    /// The items of a sequence of a sample, whose entries are named by the index of their first item.
    fn sequence<T: DeserializeOwned>(
        &mut self,
        folder: &str,
        sequence: &str,
    ) -> Result<Vec<T>, ImportError> {
        let start = format!("{folder}/{sequence}/");
        let below = self.names.range(start.clone()..);
        let below = below.take_while(|name| name.starts_with(&start));
        let numbered = below.filter_map(|name| {
            let number = name[start.len()..].strip_suffix(".json")?;
            Some((number.parse::<u64>().ok()?, name.clone()))
        });
        let mut chunks: Vec<_> = numbered.collect();
        chunks.sort_unstable();
        let mut items = Vec::new();
        for (_, name) in chunks {
            items.extend(self.parsed::<Vec<T>>(&name)?);
        }
        Ok(items)
    }

    fn parsed<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ImportError> {
        let bytes = self.unpack(name)?;
        json::parse_packed(&format!("{}!{name}", self.place), &bytes)
    }

    fn unpack(&mut self, name: &str) -> Result<Vec<u8>, ImportError> {
        let place = format!("{}!{name}", self.place);
        let most = ENTRY.min(self.left);
        let entry = self.zip.by_name(name);
        let entry = entry.map_err(|error| ImportError::damaged(&place, error))?;
        let mut bytes = Vec::new();
        let read = entry.take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| ImportError::damaged(&place, error))?;
        let size = bytes.len() as u64;
        if size > most {
            let what = if most == ENTRY {
                format!("it unpacks to more than {} MiB", ENTRY >> 20)
            } else {
                "the archive unpacks to far more than any real log does".to_owned()
            };
            return Err(ImportError::damaged(place, what));
        }
        self.left -= size;
        Ok(bytes)
    }
}

/// Whether a zip has its end, behind which nothing but a comment stands.
fn has_end(bytes: &[u8]) -> bool {
    let mut marks = bytes.windows(END_MARK.len()).rev();
    marks.any(|window| window == END_MARK)
}

fn not_whole(place: &str, is_cut: bool, size: u64, error: &zip::result::ZipError) -> ImportError {
    if is_cut {
        let what = format!(
            "it is cut off after {size} bytes: an archive without its directory, which stands at its end"
        );
        return ImportError::damaged(place, what)
            .hint("copy the file again; a log that is still being written has no directory yet");
    }
    ImportError::damaged(place, format!("the archive is damaged: {error}"))
}

/// As many entries as a zip can have at most, whatever its end says: reading its directory takes memory for each.
fn entries_at_most(bytes: &[u8]) -> usize {
    let marks = bytes.windows(ENTRY_MARK.len());
    marks.filter(|window| *window == ENTRY_MARK).count()
}

/// Numbers before texts, and among them by value: the order in which Inspect sorts samples.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    is_text: bool,
    number: u64,
    name: String,
}

impl Order {
    fn of(name: &str) -> Self {
        let inner = name.strip_prefix(SAMPLES).unwrap_or(name);
        let id = inner.rsplit_once("_epoch_").map_or(inner, |(id, _)| id);
        let number = id.parse().ok();
        Self {
            is_text: number.is_none(),
            number: number.unwrap_or_default(),
            name: name.to_owned(),
        }
    }
}
