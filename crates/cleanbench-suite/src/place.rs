//! Where a record stands, and why no more of a file can be read.

use std::io;

use crate::diagnostic::Fault;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Line at which it starts, from 1; of what has no lines, its number.
    pub(crate) line: u32,
    /// Characters that stand before it on that line.
    pub(crate) column: u32,
    /// What tells it apart from the other records of its file: its line, or its number where several may stand on one.
    pub(crate) number: u32,
}

impl Place {
    /// A record at the beginning of `line`.
    pub(crate) fn of_line(line: u32) -> Self {
        Self {
            line,
            column: 0,
            number: line,
        }
    }

    /// The record `number` of a file without lines.
    pub(crate) fn of_number(number: u32) -> Self {
        Self::of_line(number)
    }
}

/// Why the rest of a file is not read.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) place: Place,
    /// What can be shown of it.
    pub(crate) text: String,
    pub(crate) fault: Fault,
}

impl Stop {
    /// The file cannot be read on from `place`.
    pub(crate) fn of(error: &io::Error, place: Place) -> Self {
        Self::with(Fault::new(0, format!("cannot read on: {error}")), place)
    }

    /// What is wrong at `place`, where there is no text to show.
    pub(crate) fn with(fault: Fault, place: Place) -> Self {
        Self {
            place,
            text: String::new(),
            fault,
        }
    }
}
