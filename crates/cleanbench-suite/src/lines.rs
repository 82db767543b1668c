//! The lines of a text, or several of them as one record.
//!
//! Refused: blank lines without end.

use std::io;

use crate::place::{Place, Stop};
use crate::source::Source;

/// Most blank lines of a file.
const MOST_BLANK: u64 = 1_000_000;

/// Reads lines.
pub(crate) struct Lines {
    pub(crate) source: Source,
    /// Number of lines read so far.
    read: u32,
    /// Number of blank ones among them.
    blank: u64,
}

impl Lines {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            read: 0,
            blank: 0,
        }
    }

    /// How many lines were read.
    pub(crate) fn count(&self) -> u32 {
        self.read
    }

    /// Puts the next line that is not blank into `buffer`; `None` at the end.
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Place>, Stop> {
        self.read_by(buffer, Self::append)
    }

    /// Puts the next record that is not blank into `buffer`, as `one` reads it; `None` at the end.
    pub(crate) fn read_by(
        &mut self,
        buffer: &mut Vec<u8>,
        mut one: impl FnMut(&mut Self, &mut Vec<u8>) -> io::Result<bool>,
    ) -> Result<Option<Place>, Stop> {
        loop {
            buffer.clear();
            let place = Place::of_line(self.read.saturating_add(1));
            let found = one(self, buffer).map_err(|error| Stop::of(&error, place))?;
            if !found {
                return Ok(None);
            }
            if !buffer.trim_ascii().is_empty() {
                return Ok(Some(place));
            }
            self.blank += 1;
            if self.blank > MOST_BLANK {
                let message = format!("more than {MOST_BLANK} lines are blank");
                return Err(Stop::of(&io::Error::other(message), place));
            }
        }
    }

    /// Appends the next line to `buffer`; false at the end.
    pub(crate) fn append(&mut self, buffer: &mut Vec<u8>) -> io::Result<bool> {
        let found = self.source.line(buffer)?;
        self.read = self.read.saturating_add(u32::from(found));
        Ok(found)
    }
}
