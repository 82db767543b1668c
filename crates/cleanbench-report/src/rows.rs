//! One row for each call of the plan, in plan order: model, task, sample, epoch.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cleanbench_core::event::{Place, Reading, RecordedScore};
use cleanbench_core::{Event, Extraction, Outcome};
use cleanbench_ledger::reader::RecordReader;
use cleanbench_ledger::{SampleRow, SampleRows, samples};
use rayon::prelude::*;

use crate::scan::Index;
use crate::{Recording, ReportError};

/// Rows worked on at once.
const CHUNK: usize = 2048;

/// A call of the plan and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Position of the call.
    pub place: Place,
    /// Position of its task.
    pub task: usize,
    /// Identity of its sample.
    pub sample: String,
    /// How it ended; `None` while it has not.
    pub outcome: Option<Outcome>,
    /// What was read in its last reply.
    pub reading: Option<Reading>,
    /// Its scores, one for each scorer of the task; empty when it was not judged.
    pub scores: Vec<RecordedScore>,
    /// What the first scorer took for the answer.
    pub answer: Answer,
    /// What this version makes of the recorded reply; `None` when it cannot be told.
    pub recomputed: Option<Vec<RecordedScore>>,
}

/// What the first scorer took for the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// This text.
    Text(String),
    /// Nothing could be read out, or the call was not answered.
    None,
    /// The reply or the sample was erased.
    Erased,
}

/// Hands every row to `each`, in plan order.
///
/// # Errors
/// When the run is damaged, or `each` fails.
pub fn for_each(
    recording: &Recording,
    index: &Index,
    mut each: impl FnMut(Row) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let records = RecordReader::open(&recording.run)?;
    for model in 0..u32::try_from(recording.manifest.plan.models.len()).unwrap_or(u32::MAX) {
        let mut rows = SampleRows::open(&recording.run)?.zip(0..);
        loop {
            let chunk: Vec<(SampleRow, u64)> = rows
                .by_ref()
                .take(CHUNK)
                .map(|(row, sample)| Ok((row?, sample)))
                .collect::<Result<_, ReportError>>()?;
            if chunk.is_empty() {
                break;
            }
            let done: Vec<_> = chunk
                .par_iter()
                .map(|(row, sample)| {
                    rows_of_sample(recording, index, &records, model, row, *sample)
                })
                .collect();
            for rows in done {
                rows?.into_iter().try_for_each(&mut each)?;
            }
        }
    }
    Ok(())
}

fn rows_of_sample(
    recording: &Recording,
    index: &Index,
    records: &RecordReader,
    model: u32,
    row: &SampleRow,
    sample: u64,
) -> Result<Vec<Row>, ReportError> {
    let epochs = recording
        .manifest
        .plan
        .tasks
        .get(row.task as usize)
        .map_or(0, |task| task.epochs);
    (1..=epochs)
        .map(|epoch| {
            one_row(
                recording,
                index,
                records,
                row,
                Place {
                    model,
                    sample,
                    epoch,
                },
            )
        })
        .collect()
}

fn one_row(
    recording: &Recording,
    index: &Index,
    records: &RecordReader,
    row: &SampleRow,
    place: Place,
) -> Result<Row, ReportError> {
    let state = index.table.state(place).unwrap_or_default();
    let mut result = Row {
        place,
        task: row.task as usize,
        sample: row.id.clone(),
        outcome: state.outcome,
        reading: None,
        scores: Vec::new(),
        answer: Answer::None,
        recomputed: None,
    };
    let (Some(_), Some(call)) = (state.outcome, index.table.space().index(place)) else {
        return Ok(result);
    };
    if let Event::AttemptEnded { reading, .. } = records.read(index.ended[call])?.event {
        result.reading = reading;
    }
    if state.judged
        && let Event::Judged { scores, .. } = records.read(index.judged[call])?.event
    {
        result.scores = scores;
        judge_again(recording, index, records, row, &mut result)?;
    }
    Ok(result)
}

fn judge_again(
    recording: &Recording,
    index: &Index,
    records: &RecordReader,
    row: &SampleRow,
    result: &mut Row,
) -> Result<(), ReportError> {
    let content = samples::content(&recording.payloads, row)?;
    let completion = recording.completion(records, index, result.place)?;
    let (Some(content), Some(completion)) = (content, completion) else {
        result.answer = Answer::Erased;
        return Ok(());
    };
    let scorers = recording.scorers(result.task);
    // A scorer that panicked in the run may panic again; the run has that on record.
    let scores = catch_unwind(AssertUnwindSafe(|| {
        scorers
            .iter()
            .map(|scorer| scorer.score(&content.sample, &completion))
            .collect::<Vec<_>>()
    }));
    let Ok(scores) = scores else { return Ok(()) };
    if let Some(Extraction::Found(answer)) = scores.first().map(|score| &score.extraction) {
        result.answer = Answer::Text(answer.clone());
    }
    result.recomputed = Some(scores.into_iter().map(RecordedScore::from).collect());
    Ok(())
}
