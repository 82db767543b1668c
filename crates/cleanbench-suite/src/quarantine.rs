//! `quarantine.toml` beside the manifest: samples that are known to be broken and not yet repaired.
//!
//! ```toml
//! [[quarantine]]
//! task = "routing"
//! sample = "t17"
//! reason = "the target is disputed"
//! until = "2026-12-31"
//! ```
//!
//! Such a sample is asked and recorded like any other, and is in no score and in no gate, up to and
//! including its day. Every entry has such a day, so that none is forgotten. It is no part of the suite's
//! digest: what is asked is the same.
//!
//! It refuses an entry without reason or day, and one that names no sample.

use std::path::Path;

use toml::de::DeTable;

use crate::at::At;
use crate::diagnostic::{Document, Fault};
use crate::draft::date;
use crate::folder::QUARANTINE_LIMIT;
use crate::load::Loader;
use crate::log::Log;
use crate::suite::{Quarantine, QuarantinedSample};
use crate::toml_read::{Node, Reader};
use crate::words::shown;

/// Name of the list within a suite's folder.
pub const QUARANTINE: &str = "quarantine.toml";

const KEYS: [&str; 4] = ["task", "sample", "reason", "until"];

/// An entry with the places of its names.
#[derive(Debug, Default)]
struct Entry {
    task: Option<At<String>>,
    sample: Option<At<String>>,
    reason: Option<At<String>>,
    until: Option<String>,
}

impl Loader<'_> {
    /// Reads the list of the suite whose tasks have these `names`, once all samples are known.
    pub(crate) fn quarantine(&mut self, names: &[&str]) -> Quarantine {
        let path = self.folder.dir().join(QUARANTINE);
        let bytes = match self.folder.read(&path, QUARANTINE_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => {
                return Quarantine::default();
            }
            Err(error) => {
                self.file_fault(&path, QUARANTINE, &error);
                return Quarantine::default();
            }
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let samples = self.entries(&path, &text, names);
        Quarantine { samples, bytes }
    }

    fn entries(&mut self, path: &Path, text: &str, names: &[&str]) -> Vec<QuarantinedSample> {
        let document = Document {
            path,
            text,
            line: 1,
            column: 0,
        };
        let mut found: Vec<QuarantinedSample> = Vec::new();
        for (at, entry) in read(document, self.log) {
            let Some(sample) = entry.complete(document, at, self.log) else {
                continue;
            };
            let twice = found
                .iter()
                .any(|other| other.task == sample.task && other.sample == sample.sample);
            if let Some(fault) = self.wrong_with(&sample, at, names, twice) {
                self.log.error(document, fault);
            } else {
                found.push(sample);
            }
        }
        found
    }

    fn wrong_with(
        &self,
        entry: &QuarantinedSample,
        at: usize,
        names: &[&str],
        twice: bool,
    ) -> Option<Fault> {
        let (task, sample) = (shown(&entry.task), shown(&entry.sample));
        let Some(position) = names.iter().position(|name| *name == entry.task) else {
            return Some(Fault::new(at, format!("there is no task {task}")));
        };
        if !self.identities.contains(position, &entry.sample) {
            let message = format!("task {task} has no sample {sample}");
            return Some(Fault::new(at, message).hint("remove the entry, or correct the id"));
        }
        twice.then(|| Fault::new(at, format!("sample {sample} is in the list twice")))
    }
}

/// The entries of the list with the offset of each.
fn read(document: Document<'_>, log: &mut Log) -> Vec<(usize, Entry)> {
    let (root, errors) = DeTable::parse_recoverable(document.text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        log.error(document, Fault::new(at, error.message().to_owned()));
    }
    if !errors.is_empty() {
        return Vec::new();
    }
    let mut reader = Reader { document, log };
    let mut entries = Vec::new();
    for (key, node) in root.get_ref() {
        match key.get_ref().as_ref() {
            name @ "quarantine" => {
                let elements = reader.array(name, node).into_iter().flatten();
                entries.extend(elements.filter_map(|element| read_entry(&mut reader, element)));
            }
            name => reader.unknown_key(name, key.span().start, "this list", &["quarantine"]),
        }
    }
    entries
}

fn read_entry(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<(usize, Entry)> {
    let table = reader.table("each of quarantine", node)?;
    let mut entry = Entry::default();
    for (key, node) in table {
        match key.get_ref().as_ref() {
            name @ "task" => entry.task = reader.text(name, node),
            name @ "sample" => entry.sample = reader.text(name, node),
            name @ "reason" => entry.reason = reader.text(name, node),
            name @ "until" => {
                let text = reader.text(name, node);
                let day = text.and_then(|text| reader.accept(date(name, text.value, text.at)));
                entry.until = day;
            }
            name => reader.unknown_key(name, key.span().start, "an entry", &KEYS),
        }
    }
    Some((node.span().start, entry))
}

impl Entry {
    /// The entry; `None` when something is missing, which is logged unless it was there and wrong.
    fn complete(
        self,
        document: Document<'_>,
        at: usize,
        log: &mut Log,
    ) -> Option<QuarantinedSample> {
        let present = [
            self.task.is_some(),
            self.sample.is_some(),
            self.reason.is_some(),
            self.until.is_some(),
        ];
        for (key, _) in KEYS
            .into_iter()
            .zip(present)
            .filter(|(_, present)| !present)
        {
            let fault = Fault::new(at, format!("the entry has no valid `{key}`"));
            log.error(document, fault);
        }
        Some(QuarantinedSample {
            task: self.task?.value,
            sample: self.sample?.value,
            reason: self.reason?.value,
            until: self.until?,
        })
    }
}
