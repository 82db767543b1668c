//! Where a sample and the records of its calls are.
//!
//! It is known from `show.index`, or else from a pass over the run, which leaves that file behind. The file is never
//! trusted: what it leads to counts only where a row of that name and records with the identity of that call stand, and
//! only the pass can say that there is no such sample, or that a call has not ended. What cannot be seen in one place, an
//! earlier attempt instead of the last, is found by `verify`, which makes the file anew and compares. The same holds of
//! the chain of the journal and the digest of the samples, which only the pass checks: here a record must continue the
//! one before it and lead to the one behind it, and the digests of a sample must be those of its content.
//!
//! A run whose calls were planned in several batches has no such file, for its samples lie in several files; nor has a
//! shard, for which most calls have no records.

use cleanbench_core::event::Place;
use cleanbench_core::{CallId, Digest, Event, Outcome};
use cleanbench_ledger::manifest::MANIFEST_FILE;
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

/// The file of `recording`, if there is one that may be used.
fn index_of(recording: &Recording) -> Option<IndexFile> {
    recording.manifest.end.as_ref()?;
    let batches = recording.run.batches().ok()?;
    let file = IndexFile::open(&recording.run).ok()??;
    let is_whole = batches.is_empty() && recording.manifest.shard.is_none();
    is_whole.then_some(file)
}

/// What the file has; `None` where it has nothing or is not sound.
fn by_file(recording: &Recording, word: &str) -> Option<Vec<Located>> {
    let file = index_of(recording)?;
    let records = RecordReader::open(&recording.run).ok()?;
    let space = recording.manifest.plan.call_space();
    let trace = |place| file.trace(space.index(place)? as u64).ok();
    let mut found = Vec::new();
    for name in names_of(recording, &file, word)? {
        let row = samples::row_at(&recording.run, 0, name.offset).ok()?;
        // Two names with one hash are not to be expected, a file of samples that was changed is.
        is_named(recording, &row, word).then_some(())?;
        let places = places(recording, &row, name.line);
        let call = |place| {
            Some(LocatedCall {
                place,
                trace: trace(place)?,
            })
        };
        let calls: Vec<_> = places.map(call).collect::<Option<_>>()?;
        let sound = calls
            .iter()
            .all(|call| is_sound(recording, &records, &row, call));
        found.push(sound.then_some(Located { row, calls })?);
    }
    (!found.is_empty()).then_some(found)
}

/// The names of samples that `word` may mean, in the order of the samples.
fn names_of(recording: &Recording, file: &IndexFile, word: &str) -> Option<Vec<Name>> {
    let tasks = recording.manifest.plan.tasks.iter();
    let ids = tasks.filter_map(|task| word.strip_prefix(&task.name)?.strip_prefix(':'));
    let mut found = Vec::new();
    for id in std::iter::once(word).chain(ids) {
        found.extend(file.named(id).ok()?);
    }
    found.sort_unstable_by_key(|name| name.line);
    found.dedup_by_key(|name| name.line);
    Some(found)
}

/// The calls of the plan about the sample of `row`, at `line`.
fn places(recording: &Recording, row: &SampleRow, line: u64) -> impl Iterator<Item = Place> {
    let plan = &recording.manifest.plan;
    let epochs = plan
        .tasks
        .get(row.task as usize)
        .map_or(0, |task| task.epochs);
    let models = 0..u32::try_from(plan.models.len()).unwrap_or(u32::MAX);
    models.flat_map(move |model| (1..=epochs).map(move |epoch| Place::planned(model, line, epoch)))
}

/// Whether the records of `call` are those of that call about the sample of `row`, and it has ended as they say.
fn is_sound(
    recording: &Recording,
    records: &RecordReader,
    row: &SampleRow,
    call: &LocatedCall,
) -> bool {
    let LocatedCall { place, trace } = *call;
    let call = recording.call_id(row, place, None);
    let event = |location| records.read(location).ok().map(|record| record.event);
    let is_its = |location: Location, kind: Kind| {
        let expected = Mark { kind, call, place };
        let is_expected = || event(location).and_then(|event| Mark::of(&event)) == Some(expected);
        !location.is_some() || (is_expected() && records.is_linked(location))
    };
    let has_ended = trace.outcome.is_some() && trace.ended.is_some();
    let of_answer = [trace.started, trace.replied, trace.judged];
    let is_whole =
        trace.outcome != Some(Outcome::Answered) || of_answer.iter().all(|at| at.is_some());
    has_ended
        && is_whole
        && event(trace.ended).and_then(|event| outcome(&event)) == trace.outcome
        && is_its(trace.started, Kind::Started)
        && is_its(trace.replied, Kind::Replied)
        && is_its(trace.ended, Kind::Ended)
        && is_its(trace.judged, Kind::Judged)
}

fn outcome(event: &Event) -> Option<Outcome> {
    match event {
        Event::AttemptEnded { outcome, .. } => *outcome,
        _ => None,
    }
}

/// What a record says of a call.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Started,
    Replied,
    Ended,
    Judged,
}

/// Of which call a record says what.
#[derive(Clone, Copy, PartialEq)]
struct Mark {
    kind: Kind,
    call: CallId,
    place: Place,
}

impl Mark {
    fn of(event: &Event) -> Option<Self> {
        let (kind, call, place) = match event {
            Event::AttemptStarted { call, place, .. } => (Kind::Started, call, place),
            Event::ReplyReceived { call, place, .. } => (Kind::Replied, call, place),
            Event::AttemptEnded { call, place, .. } => (Kind::Ended, call, place),
            Event::Judged { call, place, .. } => (Kind::Judged, call, place),
            _ => return None,
        };
        let (call, place) = (*call, *place);
        Some(Self { kind, call, place })
    }
}

/// What a pass over the run has; it leaves the file behind where it can.
fn by_pass(recording: &Recording, word: &str) -> Result<Vec<Located>, ReportError> {
    recording.check_samples()?;
    let manifest = recording.run.digest(MANIFEST_FILE)?;
    let tail = Tail::MayBeTorn;
    let index = scan(
        &recording.run,
        &recording.manifest,
        &recording.prices,
        tail,
        |_| Ok(()),
    )?;
    let trace = |place| {
        let call = index.table.space().index(place);
        call.and_then(|call| index.trace(call as u64))
            .unwrap_or_default()
    };
    let located = |place| LocatedCall {
        place,
        trace: trace(place),
    };
    let mut found = Vec::new();
    let names = names(&recording.run, &index, |row, line| {
        if is_named(recording, &row, word) {
            let calls = places(recording, &row, line).map(located).collect();
            found.push(Located { row, calls });
        }
    })?;
    for batch in index.table.space().batches() {
        let rows = SampleRows::of_batch(&recording.run, batch.number)?;
        for (row, place) in rows.zip(batch.places()) {
            let row = row?;
            if is_named(recording, &row, word) {
                let calls = vec![located(place)];
                found.push(Located { row, calls });
            }
        }
    }
    keep(recording, &index, contents(manifest, &index, names));
    Ok(found)
}

/// Leaves the file in a run that has ended as it was read. It is a convenience: who may not write there reads the run
/// each time.
fn keep(recording: &Recording, index: &Index, contents: Contents<impl Iterator<Item = Trace>>) {
    let end = recording.manifest.end.as_ref();
    let is_over = end.is_some_and(|end| end.segments == index.heads);
    let is_whole =
        recording.manifest.shard.is_none() && index.table.space().batches().next().is_none();
    if is_over && is_whole {
        drop(contents.keep(&recording.run));
    }
}

fn contents(
    manifest: Digest,
    index: &Index,
    names: Vec<Name>,
) -> Contents<impl Iterator<Item = Trace>> {
    let calls = 0..index.table.space().calls();
    Contents {
        manifest,
        names,
        calls: calls.map(|call| index.trace(call).unwrap_or_default()),
    }
}

/// All names of the samples of the plan, in no order; `each` sees every row with the number of its line.
fn names(
    run: &RunDirectory,
    index: &Index,
    mut each: impl FnMut(SampleRow, u64),
) -> Result<Vec<Name>, ReportError> {
    let most = usize::try_from(index.table.space().calls_per_model()).unwrap_or(0);
    let mut names = Vec::with_capacity(most);
    let mut rows = SampleRows::open(run)?;
    let mut line = 0;
    while let Some(row) = rows.next().transpose()? {
        let offset = rows.offset();
        names.extend(spellings(&row.id).map(|hash| Name { hash, offset, line }));
        each(row, line);
        line += 1;
    }
    Ok(names)
}

/// The hashes of what people call a sample with the identity `id`.
fn spellings(id: &str) -> impl Iterator<Item = u64> {
    let shown = cell::text(id);
    let shown = (shown != id).then(|| hash(&shown));
    [Some(hash(id)), shown].into_iter().flatten()
}

/// Whether the `show.index` of `recording` is the one that the run gives, if there is one that may be used.
///
/// # Errors
/// When the run or the file cannot be read.
pub(crate) fn is_right(recording: &Recording, index: &Index) -> Result<bool, ReportError> {
    if index_of(recording).is_none() {
        return Ok(true);
    }
    let manifest = recording.run.digest(MANIFEST_FILE)?;
    let names = names(&recording.run, index, |_, _| ())?;
    Ok(contents(manifest, index, names).are_in(&recording.run)?)
}
