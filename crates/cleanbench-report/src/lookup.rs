//! Where a sample and the records of its calls are.
//!
//! It is known from `show.index`, or else from a pass over the run, which leaves that file behind. The file is never
//! trusted: what it leads to counts only where a row of that name and records of that call stand, and only the pass can
//! say that there is no such sample. What cannot be seen in one place, an earlier attempt instead of the last, is found
//! by `verify`, which makes the file anew and compares.

use cleanbench_core::event::Place;
use cleanbench_core::{CallId, Event, Outcome};
use cleanbench_ledger::reader::RecordReader;
use cleanbench_ledger::show_index::{Contents, IndexFile, Name, Trace, hash};
use cleanbench_ledger::{Location, RunDirectory, SampleRow, SampleRows, Tail, samples};

use crate::scan::{Index, scan};
use crate::{Recording, ReportError, cell};

/// A sample and where its calls are.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) row: SampleRow,
    /// In the order of models and epochs.
    pub(crate) calls: Vec<LocatedCall>,
}

/// A call and where its records are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocatedCall {
    pub(crate) place: Place,
    pub(crate) trace: Trace,
}

/// Every sample that `word` names: by its id, by its id as tables have it, or by its task and id with a colon between.
///
/// # Errors
/// When the run is damaged.
pub(crate) fn find(recording: &Recording, word: &str) -> Result<Vec<Located>, ReportError> {
    match by_file(recording, word) {
        Some(found) => Ok(found),
        None => by_pass(recording, word),
    }
}

fn is_named(recording: &Recording, row: &SampleRow, word: &str) -> bool {
    let task = recording.manifest.plan.tasks.get(row.task as usize);
    task.is_some_and(|task| {
        row.id == word || cell::text(&row.id) == word || format!("{}:{}", task.name, row.id) == word
    })
}

/// What the file has; `None` where it has nothing or is not sound.
fn by_file(recording: &Recording, word: &str) -> Option<Vec<Located>> {
    let file = IndexFile::open(&recording.run).ok()??;
    recording.manifest.end.as_ref()?;
    let records = RecordReader::open(&recording.run).ok()?;
    let mut names = names_of(recording, &file, word)?;
    names.sort_unstable_by_key(|name| (name.batch, name.line));
    names.dedup();
    let mut found = Vec::new();
    for name in names {
        let row = samples::row_at(&recording.run, name.batch, name.offset).ok()?;
        if is_named(recording, &row, word) {
            let calls = calls_of(recording, &row, name, |call| file.trace(call).ok())?;
            let sound = calls.iter().all(|call| is_sound(&records, call));
            found.push(sound.then_some(Located { row, calls })?);
        }
    }
    (!found.is_empty()).then_some(found)
}

/// The names of samples that `word` may mean.
fn names_of(recording: &Recording, file: &IndexFile, word: &str) -> Option<Vec<Name>> {
    let tasks = recording.manifest.plan.tasks.iter();
    let ids = tasks.filter_map(|task| word.strip_prefix(&task.name)?.strip_prefix(':'));
    let mut found = Vec::new();
    for id in std::iter::once(word).chain(ids) {
        found.extend(file.named(id).ok()?);
    }
    Some(found)
}

/// Whether the records of `call` are records of one call at its place.
fn is_sound(records: &RecordReader, call: &LocatedCall) -> bool {
    let trace = call.trace;
    let mut id = None;
    let mut is_its = |location: Location, of: fn(&Event) -> Option<Mark>| {
        if !location.is_some() {
            return true;
        }
        let event = records.read(location).ok().map(|record| record.event);
        let mark = event.as_ref().and_then(of);
        mark.is_some_and(|mark| {
            let same_end = mark
                .outcome
                .is_none_or(|how| trace.outcome.is_none_or(|is| is == how));
            mark.place == call.place && *id.get_or_insert(mark.call) == mark.call && same_end
        })
    };
    is_its(trace.started, Mark::started)
        && is_its(trace.replied, Mark::replied)
        && is_its(trace.ended, Mark::ended)
        && is_its(trace.judged, Mark::judged)
}

/// What a record says of which call it is.
struct Mark {
    call: CallId,
    place: Place,
    outcome: Option<Outcome>,
}

impl Mark {
    fn of(call: CallId, place: Place) -> Self {
        Self {
            call,
            place,
            outcome: None,
        }
    }

    fn started(event: &Event) -> Option<Self> {
        match event {
            Event::AttemptStarted { call, place, .. } => Some(Self::of(*call, *place)),
            _ => None,
        }
    }

    fn replied(event: &Event) -> Option<Self> {
        match event {
            Event::ReplyReceived { call, place, .. } => Some(Self::of(*call, *place)),
            _ => None,
        }
    }

    fn ended(event: &Event) -> Option<Self> {
        match event {
            Event::AttemptEnded {
                call,
                place,
                outcome,
                ..
            } => Some(Self {
                outcome: *outcome,
                ..Self::of(*call, *place)
            }),
            _ => None,
        }
    }

    fn judged(event: &Event) -> Option<Self> {
        match event {
            Event::Judged { call, place, .. } => Some(Self::of(*call, *place)),
            _ => None,
        }
    }
}

/// What a pass over the run has; it leaves the file behind where it can.
fn by_pass(recording: &Recording, word: &str) -> Result<Vec<Located>, ReportError> {
    recording.check_samples()?;
    let tail = Tail::MayBeTorn;
    let (run, manifest) = (&recording.run, &recording.manifest);
    let index = scan(run, manifest, &recording.prices, tail, |_| Ok(()))?;
    let mut found = Vec::new();
    let names = names(run, &index, |row, name| {
        if is_named(recording, &row, word) {
            let calls = calls_of(recording, &row, name, |call| index.trace(call));
            found.extend(calls.map(|calls| Located { row, calls }));
        }
    })?;
    if manifest.end.is_some() {
        // An index is a convenience: who may not write here reads the run each time.
        drop(contents(&index, names).keep(run));
    }
    Ok(found)
}

fn contents(index: &Index, names: Vec<Name>) -> Contents<impl Iterator<Item = Trace>> {
    let calls = 0..index.table.space().calls();
    let calls = calls.map(|call| index.trace(call).unwrap_or_default());
    Contents { names, calls }
}

/// All names of the samples of `run`, in no order; `each` sees every row.
fn names(
    run: &RunDirectory,
    index: &Index,
    mut each: impl FnMut(SampleRow, Name),
) -> Result<Vec<Name>, ReportError> {
    let mut names = Vec::new();
    let space = index.table.space();
    let batches = space.batches().map(|batch| (batch.number, batch.model));
    for (batch, model) in std::iter::once((0, 0)).chain(batches) {
        let mut rows = SampleRows::of_batch(run, batch)?;
        let mut line = 0;
        while let Some(row) = rows.next().transpose()? {
            let place = Place {
                batch,
                ..Place::planned(model, line, 1)
            };
            let name = Name {
                hash: 0,
                offset: rows.offset(),
                line,
                call: space.index(place).unwrap_or(usize::MAX) as u64,
                batch,
                model,
            };
            names.extend(spellings(&row.id).map(|hash| Name { hash, ..name }));
            each(row, name);
            line += 1;
        }
    }
    Ok(names)
}

/// The hashes of what people call a sample with the identity `id`.
fn spellings(id: &str) -> impl Iterator<Item = u64> {
    let shown = cell::text(id);
    let shown = (shown != id).then(|| hash(&shown));
    [Some(hash(id)), shown].into_iter().flatten()
}

/// The calls of the sample of `row`, each with what `trace` says of the call of a number.
fn calls_of(
    recording: &Recording,
    row: &SampleRow,
    name: Name,
    mut trace: impl FnMut(u64) -> Option<Trace>,
) -> Option<Vec<LocatedCall>> {
    let plan = &recording.manifest.plan;
    let place = |model, epoch| Place {
        batch: name.batch,
        ..Place::planned(model, name.line, epoch)
    };
    let mut located = |place, number| trace(number).map(|trace| LocatedCall { place, trace });
    if name.batch != 0 {
        return Some(vec![located(place(name.model, 1), name.call)?]);
    }
    let epochs = plan.tasks.get(row.task as usize)?.epochs;
    let of_model = plan.call_space().calls_per_model();
    let mut calls = Vec::new();
    for model in 0..u32::try_from(plan.models.len()).ok()? {
        for epoch in 1..=epochs {
            let number = name.call + u64::from(model) * of_model + u64::from(epoch - 1);
            calls.push(located(place(model, epoch), number)?);
        }
    }
    Some(calls)
}

/// Whether the `show.index` of `recording` is the one that the run gives, if there is one for its `run.json`; no other
/// is used.
///
/// # Errors
/// When the run or the file cannot be read.
pub(crate) fn is_right(recording: &Recording, index: &Index) -> Result<bool, ReportError> {
    if !matches!(IndexFile::open(&recording.run), Ok(Some(_))) {
        return Ok(true);
    }
    let names = names(&recording.run, index, |_, _| ())?;
    Ok(contents(index, names).are_in(&recording.run)?)
}
