//! Where a sample and the records of its calls are, and `show.index`, by which one is found without reading the rest.
//!
//! The file is made in a pass over the run by whoever looks for a sample first; it can be removed at any time. It is
//! never trusted: it holds for the `run.json` that it names and for no other, and what it leads to counts only where a
//! row of that name and records of that call stand. For everything else there is a pass over the run, which alone can
//! say that there is no such sample. What cannot be seen in one place, an earlier attempt instead of the last, is found
//! by `verify`, which makes the file anew and compares.
//!
//! ```text
//! CBSHOW1\n · SHA-256 of run.json · number of names
//! each name, ascending: hash of the id · offset and number of its line · first call · batch · model
//! each call: offsets of its records: started, replied, ended, judged · how it ended
//! ```
//!
//! All numbers are little-endian.

use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt as _;

use cleanbench_core::digest::FileHasher;
use cleanbench_core::event::Place;
use cleanbench_core::{CallId, Digest, Event, Outcome};
use cleanbench_ledger::directory::file_digest;
use cleanbench_ledger::reader::RecordReader;
use cleanbench_ledger::{Location, RunDirectory, SampleRow, SampleRows, Tail, samples};

use crate::scan::{Index, Trace, scan};
use crate::{Recording, ReportError, cell};

/// Name of the file.
pub(crate) const FILE: &str = "show.index";
const MAGIC: &[u8; 8] = b"CBSHOW1\n";
const HEADER: u64 = 48;
const OF_NAME: u64 = 40;
const OF_CALL: u64 = 33;

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
    let file = IndexFile::open(recording).ok()??;
    let records = RecordReader::open(&recording.run).ok()?;
    let mut names = file.names(recording, word).ok()?;
    names.sort_unstable_by_key(|name| (name.batch, name.line));
    names.dedup();
    let mut found = Vec::new();
    for name in names {
        let row = samples::row_at(&recording.run, name.batch, name.offset).ok()?;
        if is_named(recording, &row, word) {
            let calls = file.calls(recording, &row, name).ok()??;
            let sound = calls.iter().all(|call| is_sound(&records, call));
            found.push(sound.then_some(Located { row, calls })?);
        }
    }
    (!found.is_empty()).then_some(found)
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
    // An index is a convenience: who may not write here reads the run each time.
    let leave = || keep(recording, &index, names);
    drop(manifest.end.is_some().then(leave));
    Ok(found)
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

fn hash(name: &str) -> u64 {
    let digest = Digest::of("cleanbench/show-index/1", &[name.as_bytes()]);
    u64::from_le_bytes(digest.0.first_chunk().copied().unwrap_or_default())
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

/// Puts the file into the run directory, whole or not at all.
fn keep(recording: &Recording, index: &Index, names: Vec<Name>) -> io::Result<()> {
    let draft = recording.run.file(&format!("{FILE}.new"));
    let manifest = file_digest(&recording.run.file("run.json"))?;
    let mut out = BufWriter::new(fs_err::File::create(&draft)?);
    let written = write(&mut out, manifest, index, names);
    let kept = written.and_then(|()| {
        out.flush()?;
        fs_err::rename(&draft, recording.run.file(FILE))
    });
    kept.inspect_err(|_| drop(fs_err::remove_file(&draft)))
}

fn write(
    out: &mut impl Write,
    manifest: Digest,
    index: &Index,
    mut names: Vec<Name>,
) -> io::Result<()> {
    names.sort_unstable();
    out.write_all(MAGIC)?;
    out.write_all(&manifest.0)?;
    out.write_all(&(names.len() as u64).to_le_bytes())?;
    for name in names {
        out.write_all(&name.to_bytes())?;
    }
    for call in 0..index.table.space().calls() {
        out.write_all(&index.trace(call).unwrap_or_default().to_bytes())?;
    }
    Ok(())
}

/// Whether the file of `recording` is the one that the run gives, if there is one for its `run.json`; no other is used.
///
/// # Errors
/// When the run or the file cannot be read.
pub(crate) fn is_right(recording: &Recording, index: &Index) -> Result<bool, ReportError> {
    if !matches!(IndexFile::open(recording), Ok(Some(_))) {
        return Ok(true);
    }
    let manifest = file_digest(&recording.run.file("run.json"))?;
    let names = names(&recording.run, index, |_, _| ())?;
    let mut expected = FileHasher::default();
    write(&mut expected, manifest, index, names)?;
    Ok(file_digest(&recording.run.file(FILE))? == expected.finish())
}

/// A name of a sample, and where the sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    hash: u64,
    /// Of its line, in bytes.
    offset: u64,
    /// Its number, from 0.
    line: u64,
    /// Number of its first call: of the first model, if several are asked.
    call: u64,
    batch: u32,
    model: u32,
}

impl Name {
    fn to_bytes(self) -> [u8; OF_NAME as usize] {
        let mut bytes = [0; OF_NAME as usize];
        let long = [self.hash, self.offset, self.line, self.call];
        let short = [self.batch, self.model].map(u32::to_le_bytes);
        let parts = long.map(u64::to_le_bytes);
        bytes[..32].copy_from_slice(parts.as_flattened());
        bytes[32..].copy_from_slice(short.as_flattened());
        bytes
    }

    fn of_bytes(bytes: &[u8; OF_NAME as usize]) -> Self {
        let (long, short) = (bytes[..32].as_chunks().0, bytes[32..].as_chunks().0);
        let long = |at: usize| u64::from_le_bytes(long[at]);
        let short = |at: usize| u32::from_le_bytes(short[at]);
        Self {
            hash: long(0),
            offset: long(1),
            line: long(2),
            call: long(3),
            batch: short(0),
            model: short(1),
        }
    }
}

impl Trace {
    fn to_bytes(self) -> [u8; OF_CALL as usize] {
        let mut bytes = [0; OF_CALL as usize];
        let locations = [self.started, self.replied, self.ended, self.judged];
        let locations = locations.map(|location| location.to_bits().to_le_bytes());
        bytes[..32].copy_from_slice(locations.as_flattened());
        let all = Outcome::ALL.iter();
        let code = self
            .outcome
            .and_then(|how| (1..).zip(all).find(|(_, one)| **one == how));
        bytes[32] = code.map_or(0, |(code, _)| code);
        bytes
    }

    fn of_bytes(bytes: &[u8; OF_CALL as usize]) -> Self {
        let locations = bytes[..32].as_chunks().0;
        let location = |at: usize| Location::of_bits(u64::from_le_bytes(locations[at]));
        let code = usize::from(bytes[32]).checked_sub(1);
        Self {
            started: location(0),
            replied: location(1),
            ended: location(2),
            judged: location(3),
            outcome: code.and_then(|code| Outcome::ALL.get(code)).copied(),
        }
    }
}

/// The file, opened.
struct IndexFile {
    file: fs_err::File,
    names: u64,
}

impl IndexFile {
    /// Opens that of `recording`; `None` where there is none for this `run.json`.
    fn open(recording: &Recording) -> io::Result<Option<Self>> {
        let file = fs_err::File::open(recording.run.file(FILE))?;
        let mut header = [0; HEADER as usize];
        file.file().read_exact_at(&mut header, 0)?;
        let manifest = file_digest(&recording.run.file("run.json"))?;
        let names = header.last_chunk().copied().unwrap_or_default();
        let is_its = header.starts_with(MAGIC) && header[MAGIC.len()..][..32] == manifest.0;
        let names = u64::from_le_bytes(names);
        Ok((is_its && recording.manifest.end.is_some()).then_some(Self { file, names }))
    }

    /// The names of samples that `word` may mean.
    fn names(&self, recording: &Recording, word: &str) -> io::Result<Vec<Name>> {
        let tasks = recording.manifest.plan.tasks.iter();
        let ids = tasks.filter_map(|task| word.strip_prefix(&task.name)?.strip_prefix(':'));
        let mut found = Vec::new();
        for id in std::iter::once(word).chain(ids) {
            self.with_hash(hash(id), &mut found)?;
        }
        Ok(found)
    }

    fn with_hash(&self, hash: u64, found: &mut Vec<Name>) -> io::Result<()> {
        let (mut low, mut high) = (0, self.names);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.name(middle)?.hash < hash {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for position in low..self.names {
            let name = self.name(position)?;
            if name.hash != hash {
                break;
            }
            found.push(name);
        }
        Ok(())
    }

    fn name(&self, position: u64) -> io::Result<Name> {
        let mut bytes = [0; OF_NAME as usize];
        self.read(&mut bytes, position.checked_mul(OF_NAME))?;
        Ok(Name::of_bytes(&bytes))
    }

    /// The calls of the sample of `row`, which has the name `name`.
    fn calls(
        &self,
        recording: &Recording,
        row: &SampleRow,
        name: Name,
    ) -> io::Result<Option<Vec<LocatedCall>>> {
        let mut fault = Ok(());
        let calls = calls_of(recording, row, name, |call| {
            let trace = self.trace(call);
            trace.map_err(|error| fault = Err(error)).ok()
        });
        fault.map(|()| calls)
    }

    fn trace(&self, call: u64) -> io::Result<Trace> {
        let mut bytes = [0; OF_CALL as usize];
        let names = self.names.checked_mul(OF_NAME);
        let offset = names.and_then(|names| names.checked_add(call.checked_mul(OF_CALL)?));
        self.read(&mut bytes, offset)?;
        Ok(Trace::of_bytes(&bytes))
    }

    /// Fills `bytes` from `offset` on behind the header.
    fn read(&self, bytes: &mut [u8], offset: Option<u64>) -> io::Result<()> {
        let offset = offset.and_then(|offset| offset.checked_add(HEADER));
        let offset = offset.ok_or(io::ErrorKind::InvalidData)?;
        self.file.file().read_exact_at(bytes, offset)
    }
}
