//! What the table of a run says was read, where another version of the scorers judged: it cannot be computed again, for
//! what this version reads in an answer may be something else.
//!
//! Invariant: taken over is what stands in the `results.csv` whose digest `run.json` has, of the same call, and in the
//! form in which cells are written. Where there is no such table, this version's reading stands.

use std::io::BufReader;

use cleanbench_core::event::Place;
use csv::{Reader, StringRecord};
use fs_err::File;

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

    /// The answer of the next row, which is about the call at `place` of the task at position `task` and `sample`.
    pub(crate) fn next(&mut self, place: Place, task: usize, sample: &str) -> Option<&str> {
        let lines = self.lines.as_mut()?;
        let plan = &self.recording.manifest.plan;
        let expected = [
            cell::text(&plan.models[place.model as usize].name),
            cell::text(&plan.tasks[task].name),
            cell::text(sample),
            place.epoch.to_string(),
        ];
        let is_its = lines.next(&expected);
        self.lines = self.lines.take().filter(|_| is_its);
        let answer = self.lines.as_ref()?.answer()?;
        cell::is_cell(answer).then_some(answer)
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

    /// Goes to the next line; whether it is about the call with the names `expected`.
    fn next(&mut self, expected: &[String; COLUMNS.len() - 1]) -> bool {
        let is_there = self.table.read_record(&mut self.line).unwrap_or(false);
        let mut names = expected.iter().zip(self.places);
        is_there && names.all(|(name, place)| self.line.get(place) == Some(name))
    }

    fn answer(&self) -> Option<&str> {
        self.line.get(self.places[COLUMNS.len() - 1])
    }
}
