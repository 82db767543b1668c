//! What the table of a run says was read, where another version of the scorers judged: it cannot be computed again, for
//! what this version reads in an answer may be something else.
//!
//! Invariant: taken over is what stands in the `results.csv` whose digest `run.json` has, of the same call, and in the
//! form in which cells are written. Where there is no such table, this version's reading stands.

use std::io::BufReader;

use csv::{Reader, StringRecord};
use fs_err::File;

use crate::rows::{Answer, Row};
use crate::{Recording, ReportError, cell};

const FILE: &str = "results.csv";

/// The rows of the table, in plan order; nothing where all tasks are judged as they were.
pub(crate) struct DrawnAnswers<'a> {
    recording: &'a Recording,
    lines: Option<Lines>,
}

struct Lines {
    table: Reader<BufReader<File>>,
    places: [usize; COLUMNS.len()],
    line: StringRecord,
}

const COLUMNS: [&str; 5] = ["model", "task", "sample", "epoch", "answer"];

impl<'a> DrawnAnswers<'a> {
    /// The answers in the table of `recording`.
    ///
    /// # Errors
    /// When the table is there and is no regular file.
    pub(crate) fn open(recording: &'a Recording) -> Result<Self, ReportError> {
        let lines = if is_needed(recording)? {
            Lines::open(recording)?
        } else {
            None
        };
        Ok(Self { recording, lines })
    }

    /// Gives the next row the answer that the table has for it.
    pub(crate) fn put(&mut self, row: &mut Row) {
        let Some(lines) = &mut self.lines else { return };
        let Some(answer) = lines.next(self.recording, row) else {
            self.lines = None;
            return;
        };
        let is_read = matches!(row.answer, Answer::Text(_));
        if is_read && !self.recording.judges_alike(row.task) && cell::is_cell(answer) {
            row.answer = Answer::Drawn(answer.to_owned());
        }
    }
}

/// Whether some task was judged by other scorers than now, and the table is the one that the run ended with.
fn is_needed(recording: &Recording) -> Result<bool, ReportError> {
    let plan = &recording.manifest.plan;
    let is_other = |task| !recording.judges_alike(task);
    let end = recording.manifest.end.as_ref();
    let Some(digest) = end.and_then(|end| end.files.get(FILE)) else {
        return Ok(false);
    };
    Ok((0..plan.tasks.len()).any(is_other)
        && recording.run.holds(FILE)?
        && recording.run.digest(FILE)? == *digest)
}

impl Lines {
    fn open(recording: &Recording) -> Result<Option<Self>, ReportError> {
        let mut table = Reader::from_reader(BufReader::new(recording.run.open(FILE)?));
        let header = table.headers()?;
        let places = COLUMNS.map(|name| header.iter().position(|column| column == name));
        let places: Option<Vec<_>> = places.into_iter().collect();
        let places = places.and_then(|places| places.try_into().ok());
        Ok(places.map(|places| Self {
            table,
            places,
            line: StringRecord::new(),
        }))
    }

    /// The answer in the next line, if that is about the call of `row`.
    fn next(&mut self, recording: &Recording, row: &Row) -> Option<&str> {
        let is_there = self.table.read_record(&mut self.line).ok()?;
        let mut cells = [""; COLUMNS.len()];
        for (cell, place) in cells.iter_mut().zip(self.places) {
            *cell = self.line.get(place)?;
        }
        let [model, task, sample, epoch, answer] = cells;
        let plan = &recording.manifest.plan;
        let is_its = is_there
            && cell::text(&plan.models[row.place.model as usize].name) == model
            && cell::text(&plan.tasks[row.task].name) == task
            && cell::text(&row.sample) == sample
            && epoch.parse() == Ok(row.place.epoch);
        is_its.then_some(answer)
    }
}
