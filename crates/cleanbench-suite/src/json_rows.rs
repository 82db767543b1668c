//! The records of a JSON document: the elements of an array, objects that follow one another, or the one list of
//! objects that a single object holds.
//!
//! Invariant: of an array one element is in memory at a time; of a single object all of it, which is bounded like a
//! record. An object that asks something is a sample itself, whatever lists it holds. Refused: an object with several
//! lists of objects, because nothing says which is meant; what a sample may say, beside the list of samples, because
//! it would be lost.

use std::io::BufRead;
use std::ops::Range;

use serde::de::IgnoredAny;

use crate::diagnostic::Fault;
use crate::fields::Fields;
use crate::json::{self, Entry, Raw};
use crate::json_array::{Broken, Elements, Start};
use crate::place::{Place, Stop};
use crate::source::{Format, Source};
use crate::words::{kind_of_json, shown, shown_list};

/// Whether a file that begins with `head` is to be read as a document, and not line by line.
pub(crate) fn is_document(head: &[u8], format: Format) -> bool {
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut lines = lines.filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    if first.starts_with(b"[") || first == b"{" {
        return true;
    }
    if format != Format::Json {
        return false;
    }
    let is_whole = |line: &[u8]| serde_json::from_slice::<IgnoredAny>(line).is_ok();
    match lines.next() {
        // An object alone may hold all samples.
        None => true,
        Some(second) => !is_whole(first) || !is_whole(second),
    }
}

/// Reads a document.
pub(crate) struct JsonDocument {
    pub(crate) source: Source,
    elements: Elements,
    /// Records so far.
    number: u32,
    held: Option<Held>,
}

/// A list of objects within an object, which is held as a whole.
struct Held {
    text: String,
    /// The place of the byte `at`.
    start: Start,
    at: usize,
    parts: std::vec::IntoIter<Range<usize>>,
}

impl JsonDocument {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            elements: Elements::new(),
            number: 0,
            held: None,
        }
    }

    /// Puts the next record into `buffer`; `None` at the end.
    pub(crate) fn read(
        &mut self,
        buffer: &mut Vec<u8>,
        fields: &Fields,
    ) -> Result<Option<Place>, Stop> {
        self.number = self.number.saturating_add(1);
        if let Some(held) = &mut self.held {
            return Ok(held.next(buffer, self.number));
        }
        let found = self.elements.next(self.source.text(), buffer);
        let start = match found.map_err(|error| Stop::of(&error, self.here()))? {
            Ok(None) => return Ok(None),
            Ok(Some(start)) => start,
            Err(Broken { start, message }) => {
                let place = self.place(start);
                return Err(Stop::with(Fault::new(0, message), place));
            }
        };
        let counted = self.source.count_record();
        counted.map_err(|error| Stop::of(&error, self.place(start)))?;
        if self.number == 1 && self.is_single(buffer)? {
            self.hold(buffer, start, fields)?;
            if let Some(held) = &mut self.held {
                return Ok(held.next(buffer, self.number));
            }
        }
        Ok(Some(self.place(start)))
    }

    fn here(&self) -> Place {
        Place {
            line: self.elements.line(),
            column: 0,
            number: self.number,
        }
    }

    fn place(&self, start: Start) -> Place {
        Place {
            line: start.line,
            column: start.column,
            number: self.number,
        }
    }

    /// Whether `buffer` is an object and all of the document.
    fn is_single(&mut self, buffer: &[u8]) -> Result<bool, Stop> {
        let is_array = self.elements.is_in_array();
        if is_array || !buffer.starts_with(b"{") {
            return Ok(false);
        }
        let rest = self
            .elements
            .is_at_end(self.source.text() as &mut dyn BufRead);
        rest.map_err(|error| Stop::of(&error, self.here()))
    }

    /// Keeps the list of objects that the object in `buffer` holds, if it holds one.
    fn hold(&mut self, buffer: &[u8], start: Start, fields: &Fields) -> Result<(), Stop> {
        let Ok(text) = std::str::from_utf8(buffer) else {
            return Ok(());
        };
        if let Some(fault) = json::crowd_fault(text) {
            return Err(Stop::with(fault, self.place(start)));
        }
        // What is no JSON is told of as a record that is none.
        let entries = (Raw { text, at: 0 })
            .entries("the file")
            .unwrap_or_default();
        if fields.has_question(&entries) {
            return Ok(());
        }
        let refuse = |fault| Stop {
            text: text.to_owned(),
            ..Stop::with(fault, self.place(start))
        };
        let lists = entries.iter().filter(|entry| is_list_of_objects(entry.raw));
        let lists: Vec<_> = lists.collect();
        match lists[..] {
            [] => Ok(()),
            [one] => {
                if let Some(fault) = lost_field(&entries, one, fields) {
                    return Err(refuse(fault));
                }
                let elements = one.raw.elements("a list").unwrap_or_default();
                let parts = elements
                    .iter()
                    .map(|part| part.at..part.at + part.text.len());
                self.held = Some(Held {
                    parts: parts.collect::<Vec<_>>().into_iter(),
                    text: text.to_owned(),
                    start,
                    at: 0,
                });
                Ok(())
            }
            _ => {
                let names: Vec<_> = lists.iter().map(|entry| &*entry.key).collect();
                let message = format!(
                    "an object with several lists of objects: {}",
                    shown_list(names.into_iter(), 10)
                );
                let fault = Fault::new(lists[1].key_at, message)
                    .hint("keep the one that holds the samples, or write one sample a line");
                Err(refuse(fault))
            }
        }
    }
}

impl Held {
    fn next(&mut self, buffer: &mut Vec<u8>, number: u32) -> Option<Place> {
        let part = self.parts.next()?;
        buffer.clear();
        buffer.extend_from_slice(&self.text.as_bytes()[part.clone()]);
        // Told from the record before, so that all of them together are gone through once.
        self.start = self.start.behind(&self.text[self.at..part.start]);
        self.at = part.start;
        let start = self.start;
        Some(Place {
            line: start.line,
            column: start.column,
            number,
        })
    }
}

/// What stands beside the list of samples `list` and would be said of each of them within it.
fn lost_field(entries: &[Entry<'_>], list: &Entry<'_>, fields: &Fields) -> Option<Fault> {
    let mut beside = entries.iter().filter(|entry| entry.key_at != list.key_at);
    let lost = beside.find(|entry| fields.is_of_sample(&entry.key))?;
    let (name, list) = (shown(&lost.key), shown(&list.key));
    let message = format!("{name} beside the list of samples {list} says nothing of any of them");
    Some(Fault::new(lost.key_at, message).hint(
        "write it into each sample, or say it of the task (`sensitivity`); else give it another name or leave it out",
    ))
}

fn is_list_of_objects(raw: Raw<'_>) -> bool {
    if kind_of_json(raw.text) != "an array" {
        return false;
    }
    let elements = raw.elements("a list").unwrap_or_default();
    elements
        .first()
        .is_some_and(|first| kind_of_json(first.text) == "an object")
}
