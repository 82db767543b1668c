//! The one pass over a run: attempts in journal order, then rows in plan order, then the whole.

use std::collections::BTreeMap;

use cleanbench_core::event::Place;
use cleanbench_ledger::{RunDirectory, SampleRows, Tail};

use crate::artefacts::{Artefacts, Attempt};
use crate::findings::{AttemptReaders, Report, RowReaders};
use crate::rows::{Row, for_each};
use crate::scan::scan;
use crate::sink::TableSink;
use crate::{Recording, ReportError};

/// Draws all artefacts of `recording` into `sink`; `each` sees every row.
///
/// # Errors
/// When the run is damaged or `sink` fails.
pub fn draw(
    recording: &Recording,
    sink: &mut dyn TableSink,
    tail: Tail,
    mut each: impl FnMut(&Row),
) -> Result<Report, ReportError> {
    let mut artefacts = Artefacts::begin(recording, sink)?;
    let names = SampleNames::read(&recording.run)?;
    let mut attempts = AttemptReaders::new(&recording.manifest);
    let index = scan(
        &recording.run,
        &recording.manifest,
        &recording.prices,
        tail,
        |row| {
            let (task, sample) = (names.task(row.place), names.name(row.place));
            attempts.add(task, row);
            artefacts.attempt(&Attempt { row, task, sample })
        },
    )?;
    let mut readers = RowReaders::new(recording, &index, attempts)?;
    for_each(recording, &index, |row| {
        readers.add(&row);
        each(&row);
        artefacts.row(&row)
    })?;
    let report = readers.finish(recording, index)?;
    artefacts.write(recording, &report, sink)?;
    Ok(report)
}

/// The names of all samples, of the plan and of the batches.
struct SampleNames {
    by_batch: BTreeMap<u32, BatchNames>,
}

/// The ids of the samples of a batch in one string, eight bytes a sample beside the text itself.
#[derive(Default)]
struct BatchNames {
    text: String,
    ends: Vec<u32>,
    /// First line of each task.
    tasks: Vec<(u64, u32)>,
}

impl SampleNames {
    fn read(run: &RunDirectory) -> Result<Self, ReportError> {
        let mut by_batch = BTreeMap::new();
        for batch in std::iter::once(0).chain(run.batches()?) {
            by_batch.insert(batch, BatchNames::read(run, batch)?);
        }
        Ok(Self { by_batch })
    }

    fn name(&self, place: Place) -> &str {
        let names = self.by_batch.get(&place.batch);
        names.map_or("", |names| names.name(place.sample))
    }

    fn task(&self, place: Place) -> usize {
        let names = self.by_batch.get(&place.batch);
        names.map_or(0, |names| names.task(place.sample))
    }
}

impl BatchNames {
    fn read(run: &RunDirectory, batch: u32) -> Result<Self, ReportError> {
        let mut names = Self::default();
        for row in SampleRows::of_batch(run, batch)? {
            let row = row?;
            if names.tasks.last().is_none_or(|(_, task)| *task != row.task) {
                names.tasks.push((names.ends.len() as u64, row.task));
            }
            names.text.push_str(&row.id);
            names
                .ends
                .push(u32::try_from(names.text.len()).unwrap_or(u32::MAX));
        }
        Ok(names)
    }

    fn name(&self, sample: u64) -> &str {
        let Ok(position) = usize::try_from(sample) else {
            return "";
        };
        let start = position
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        let end = self.ends.get(position).copied().unwrap_or(start);
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    fn task(&self, sample: u64) -> usize {
        let position = self.tasks.partition_point(|(first, _)| *first <= sample);
        position
            .checked_sub(1)
            .map_or(0, |position| self.tasks[position].1 as usize)
    }
}
