//! Is everything that a run directory says true?
//!
//! Every byte of a finished run is covered: the chain covers the journal, references cover the
//! payloads without gaps, the plan's digest covers the plan, its digests cover the samples and inputs,
//! and tables and the end of `run.json` are recomputed from the recorded replies and compared byte by
//! byte. Verification needs no network and no key.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Write};
use std::rc::Rc;

use cleanbench_core::event::PayloadRef;
use cleanbench_core::merkle::MerkleTree;
use cleanbench_core::shard::batch_of_payload_segment;
use cleanbench_core::{Digest, DigestKey, Event, RunId};
use cleanbench_ledger::parts::RecordedPlans;
use cleanbench_ledger::payload::{MAGIC, Payload, segment_name};
use cleanbench_ledger::record::{decode, genesis};
use cleanbench_ledger::samples::{self, push_leaf};
use cleanbench_ledger::{
    Damage, JournalReader, LedgerError, Manifest, PayloadReader, RunDirectory, SampleRow,
    SampleRows, Tail,
};

use crate::findings::Report;
use crate::follow_up::wrong_batches;
use crate::pass::draw;
use crate::rows::Row;
use crate::sink::TableSink;
use crate::tables::{closed_manifest, file_digest, tables};
use crate::{Recording, ReportError};

/// The suite's key in a run directory.
pub const KEY_FILE: &str = "inputs/suite.key";
/// Places named before the rest is only counted.
const MOST: usize = 100;

/// What a verification found.
#[derive(Debug, Default)]
pub struct Verification {
    /// Places that do not hold what was recorded, in the order of the checks.
    pub damages: Vec<Damage>,
    /// Further damages that are not listed.
    pub more: u64,
    /// What could not be checked, and why; no damage.
    pub notes: Vec<String>,
    /// Journal records whose chain was checked.
    pub records: u64,
    /// Payloads that were read and digested.
    pub payloads: u64,
    /// Judgements that were recomputed from the recorded replies.
    pub judgements: u64,
}

impl Verification {
    /// Whether nothing is damaged.
    pub fn passed(&self) -> bool {
        self.damages.is_empty()
    }

    /// Takes in a damaged place; beyond the most that are listed they are counted.
    pub fn damage(&mut self, damage: Damage) {
        if self.damages.len() < MOST {
            self.damages.push(damage);
        } else {
            self.more += 1;
        }
    }

    /// Turns damage met on the way into a finding; passes other errors on.
    ///
    /// # Errors
    /// When `result` is another error than damage.
    pub fn absorb<T>(&mut self, result: Result<T, ReportError>) -> Result<Option<T>, ReportError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(ReportError::Ledger(LedgerError::Damaged(damage))) => {
                self.damage(damage);
                Ok(None)
            }
            Err(ReportError::Ledger(
                error @ (LedgerError::TooNew { .. } | LedgerError::NotARun(..)),
            )) => {
                self.damage(Damage::whole("run.json", error.to_string()));
                Ok(None)
            }
            Err(ReportError::Unplanned(error)) => {
                self.damage(Damage::whole("journal", error.to_string()));
                Ok(None)
            }
            Err(ReportError::Plan(what)) => {
                self.damage(Damage::whole("run.json", what));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Checks everything in `run`.
///
/// # Errors
/// When the folder cannot be read at all; damage is not an error but a finding.
pub fn verify(run: &RunDirectory) -> Result<Verification, ReportError> {
    let mut found = Verification::default();
    let read = Manifest::read(run).map_err(ReportError::from);
    let Some(manifest) = found.absorb(read)? else {
        return Ok(found);
    };
    check_form(run, &manifest, &mut found)?;
    check_inputs(run, &manifest, &mut found)?;
    let mut coverage = Coverage::new(run);
    let samples = check_samples(run, &manifest, &mut coverage, &mut found);
    found.absorb(samples)?;
    let journal = check_journal(run, &manifest, &mut coverage, &mut found);
    let journal = found.absorb(journal)?;
    if journal.is_some() {
        coverage.close(run, manifest.end.is_some(), &mut found)?;
    }
    if !found.passed() {
        found.notes.push(
            "the tables were not recomputed, because what they come from is damaged".to_owned(),
        );
        return Ok(found);
    }
    let tables = check_tables(run, &manifest, &mut found);
    found.absorb(tables)?;
    Ok(found)
}

/// `run.json` must be in exactly the form in which it is written.
fn check_form(
    run: &RunDirectory,
    manifest: &Manifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let bytes = fs_err::read(run.file("run.json"))?;
    let expected = Manifest {
        format: manifest.lowest_format().to_owned(),
        ..manifest.clone()
    };
    let expected = expected.to_bytes().map_err(io::Error::from)?;
    if let Some(line) = first_difference(&bytes, &expected) {
        found.damage(Damage::at_line(
            "run.json",
            line,
            "not in the form in which it was written",
        ));
    }
    Ok(())
}

fn first_difference(one: &[u8], other: &[u8]) -> Option<u64> {
    if one == other {
        return None;
    }
    let common = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    Some(line_feeds(&one[..common]) + 1)
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

fn check_inputs(
    run: &RunDirectory,
    manifest: &Manifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    for (path, digest) in &manifest.plan.inputs {
        if !run.file(path).is_file() {
            if path == KEY_FILE {
                found.notes.push(format!(
                    "{path} was removed: sample digests are recorded, not recomputable"
                ));
            } else {
                found.damage(Damage::whole(path, "the file is missing"));
            }
        } else if file_digest(&run.file(path))? != *digest {
            found.damage(Damage::whole(path, "the file was changed"));
        }
    }
    Ok(())
}

fn check_samples(
    run: &RunDirectory,
    manifest: &Manifest,
    coverage: &mut Coverage,
    found: &mut Verification,
) -> Result<(), ReportError> {
    const FILE: &str = "samples.jsonl";
    let rows = SampleRows::open(run)?;
    if file_digest(&run.file(FILE))? != manifest.plan.samples_digest {
        coverage.samples_damaged = true;
        found.damage(first_wrong_row(run, FILE, rows, coverage));
        return Ok(());
    }
    coverage.open(0);
    let read = check_rows(run, FILE, rows, coverage, found)?;
    if read.root != manifest.plan.samples_root {
        found.damage(Damage::whole(
            "run.json",
            "the root of samples.jsonl is not the planned one",
        ));
    }
    let planned = manifest.plan.tasks.iter().map(|task| task.samples);
    if read.samples != planned.sum::<u64>() {
        found.damage(Damage::whole(
            FILE,
            "the number of samples is not the planned one",
        ));
    }
    Ok(())
}

/// What a file of samples holds.
struct ReadRows {
    root: Digest,
    samples: u64,
}

/// Checks every row of the file `name` against its payload.
fn check_rows(
    run: &RunDirectory,
    name: &str,
    rows: SampleRows,
    coverage: &mut Coverage,
    found: &mut Verification,
) -> Result<ReadRows, ReportError> {
    let key = read_key(run);
    let mut tree = MerkleTree::default();
    let mut samples = 0;
    for row in rows {
        let row = row?;
        samples += 1;
        push_leaf(&mut tree, &row);
        coverage.extend(&row.payload, found);
        found.payloads += 1;
        if let Some(what) = wrong_with(&row, key.as_ref(), coverage)? {
            found.damage(Damage::at_line(name, samples, what));
        }
    }
    Ok(ReadRows {
        root: tree.root(),
        samples,
    })
}

/// Checks the samples of the batch that `event` records, if it records one.
fn check_batch(
    run: &RunDirectory,
    event: &Event,
    coverage: &mut Coverage,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let Event::BatchPlanned {
        batch,
        samples,
        file,
        root,
        ..
    } = event
    else {
        return Ok(());
    };
    coverage.batches.insert(*batch);
    let name = RunDirectory::batch_name(*batch);
    let Some(rows) = found.absorb(SampleRows::of_batch(run, *batch).map_err(ReportError::from))?
    else {
        return Ok(());
    };
    if file_digest(&run.file(&name))? != *file {
        coverage.samples_damaged = true;
        found.damage(first_wrong_row(run, &name, rows, coverage));
        return Ok(());
    }
    let read = check_rows(run, &name, rows, coverage, found);
    let Some(read) = found.absorb(read)? else {
        return Ok(());
    };
    if read.root != *root || read.samples != *samples {
        let what = "its samples are not the ones that the journal recorded";
        found.damage(Damage::whole(name, what));
    }
    Ok(())
}

/// Whether the payload that `row` refers to is the sample whose digests it holds.
fn wrong_with(
    row: &SampleRow,
    key: Option<&DigestKey>,
    coverage: &mut Coverage,
) -> Result<Option<&'static str>, ReportError> {
    let Some(content) = samples::content(&coverage.payloads, row)? else {
        coverage.note_erased(&row.payload);
        return Ok(None);
    };
    if content.sample.id != row.id {
        return Ok(Some("the payload is that of another sample"));
    }
    let Some(key) = key else { return Ok(None) };
    let json = |error: serde_json::Error| io::Error::from(error);
    let same = content.input_digest(key).map_err(json)? == row.input_digest
        && content.sample_digest(key).map_err(json)? == row.sample_digest;
    Ok((!same).then_some("the digests do not match the sample"))
}

/// Where a changed `samples.jsonl` first goes wrong. A row that cannot be read, or does not lead to
/// its payload, is the place; else only the whole file can be named.
fn first_wrong_row(
    run: &RunDirectory,
    name: &str,
    rows: SampleRows,
    coverage: &mut Coverage,
) -> Damage {
    let key = read_key(run);
    for (row, line) in rows.zip(1..) {
        let wrong = match row
            .map_err(ReportError::from)
            .and_then(|row| wrong_with(&row, key.as_ref(), coverage))
        {
            Ok(None) => continue,
            Ok(Some(what)) => what.to_owned(),
            Err(error) => error.to_string(),
        };
        return Damage::at_line(name, line, wrong);
    }
    let what = if name == "samples.jsonl" {
        "the file does not match its digest in run.json"
    } else {
        "the file does not match its digest in the journal"
    };
    Damage::whole(name, what)
}

fn read_key(run: &RunDirectory) -> Option<DigestKey> {
    fs_err::read_to_string(run.file(KEY_FILE))
        .ok()?
        .trim()
        .parse()
        .ok()
}

fn check_journal(
    run: &RunDirectory,
    manifest: &Manifest,
    coverage: &mut Coverage,
    found: &mut Verification,
) -> Result<(), ReportError> {
    if let Some(owner) = owner(run)?
        && owner != manifest.run
    {
        let what = format!(
            "names run `{}`, but the journal is that of run `{owner}`",
            manifest.run
        );
        found.damage(Damage::whole("run.json", what));
        return Ok(());
    }
    let tail = if manifest.end.is_some() {
        Tail::Whole
    } else {
        Tail::MayBeTorn
    };
    let mut reader = JournalReader::open(run, manifest, tail)?;
    let mut plans = RecordedPlans::default();
    let mut begun = manifest.end.is_some();
    while let Some((_, record)) = reader.read()? {
        found.records += 1;
        plans.note(&record.event, reader.part());
        if let Some(reference) = record.event.payload() {
            coverage.extend(&reference, found);
            coverage.check(&reference, found)?;
        }
        check_batch(run, &record.event, coverage, found)?;
        match record.event {
            Event::SegmentOpened {
                payload_segment, ..
            } => coverage.open(payload_segment),
            Event::AttemptStarted { .. } => begun = true,
            Event::Erased { payload } => coverage.allow_erased(&payload),
            _ => {}
        }
    }
    // A writer may be killed, or find no room, before it has written its plan down; nothing is asked
    // before it has.
    if !plans.agree(manifest)? || (begun && !plans.are_whole(manifest)) {
        found.damage(Damage::whole(
            "run.json",
            "the plan is not the one that the journal recorded",
        ));
    }
    match &manifest.end {
        Some(end) if end.segments != reader.heads() => {
            let last =
                RunDirectory::journal_name(reader.heads().last().map_or(0, |head| head.segment));
            found.damage(Damage::whole(
                last,
                "the journal does not end where run.json says",
            ));
        }
        Some(_) => {}
        None => found
            .notes
            .push("the run has not ended in order; resume it with `--resume`".to_owned()),
    }
    Ok(())
}

/// The run that the journal's first record says it belongs to, if that record is whole under this id.
fn owner(run: &RunDirectory) -> Result<Option<RunId>, ReportError> {
    let segments = run.journal_segments()?;
    Ok(segments.first().and_then(|first| owner_of(run, *first)))
}

fn owner_of(run: &RunDirectory, segment: u32) -> Option<RunId> {
    let file = fs_err::File::open(run.file(&RunDirectory::journal_name(segment))).ok()?;
    let mut line = Vec::new();
    BufReader::new(file).read_until(b'\n', &mut line).ok()?;
    let value: serde_json::Value = serde_json::from_slice(&line).ok()?;
    let id: RunId = value
        .pointer("/event/segment_opened/run")?
        .as_str()?
        .parse()
        .ok()?;
    decode(line.strip_suffix(b"\n")?, genesis(&id)).ok()?;
    Some(id)
}

/// Checks that references cover the payload segments without a gap, and that each payload is whole.
struct Coverage {
    payloads: PayloadReader,
    ends: BTreeMap<u32, u64>,
    erased: BTreeMap<(u32, u64), bool>,
    /// Batches that are on record.
    batches: BTreeSet<u32>,
    /// References in `samples.jsonl` cannot be trusted, so gaps mean nothing.
    samples_damaged: bool,
}

impl Coverage {
    fn new(run: &RunDirectory) -> Self {
        Self {
            payloads: PayloadReader::new(run.path()),
            ends: BTreeMap::new(),
            erased: BTreeMap::new(),
            batches: BTreeSet::new(),
            samples_damaged: false,
        }
    }

    fn open(&mut self, segment: u32) {
        self.ends.entry(segment).or_insert(MAGIC.len() as u64);
    }

    /// The payload must follow the one before it, or be one that was seen already.
    fn extend(&mut self, reference: &PayloadRef, found: &mut Verification) {
        self.open(reference.segment);
        let Some(end) = self.ends.get_mut(&reference.segment) else {
            return;
        };
        if reference.offset > *end {
            found.damage(Damage::at_byte(
                segment_name(reference.segment),
                *end,
                "bytes that no record refers to",
            ));
        }
        *end = (*end).max(reference.offset + u64::from(reference.length));
    }

    fn check(
        &mut self,
        reference: &PayloadRef,
        found: &mut Verification,
    ) -> Result<(), ReportError> {
        found.payloads += 1;
        let read = self.payloads.read(reference).map_err(ReportError::from);
        if found.absorb(read)? == Some(Payload::Erased) {
            self.note_erased(reference);
        }
        Ok(())
    }

    fn note_erased(&mut self, reference: &PayloadRef) {
        self.erased
            .entry((reference.segment, reference.offset))
            .or_insert(false);
    }

    fn allow_erased(&mut self, reference: &PayloadRef) {
        self.erased
            .insert((reference.segment, reference.offset), true);
    }

    /// A file of a batch that no record names: left by a killed writer, or by somebody else.
    fn note_stray(name: String, ended: bool, found: &mut Verification) {
        if ended {
            found.damage(Damage::whole(name, "no record refers to this file"));
        } else {
            let what = "the killed writer left samples that were not planned";
            found
                .notes
                .push(format!("{name}: {what}; `--resume` removes them"));
        }
    }

    /// Nothing may follow the last payload of a segment, and every erasure must be on record.
    fn close(
        &self,
        run: &RunDirectory,
        ended: bool,
        found: &mut Verification,
    ) -> Result<(), ReportError> {
        for batch in run.batches()? {
            if !self.batches.contains(&batch) {
                Self::note_stray(RunDirectory::batch_name(batch), ended, found);
            }
        }
        if self.samples_damaged {
            return Ok(());
        }
        for segment in run.payload_segments()? {
            let name = segment_name(segment);
            let (length, magic) = self.payloads.segment(segment)?;
            if !magic && (ended || length >= MAGIC.len() as u64) {
                found.damage(Damage::at_byte(name.clone(), 0, "not a payload segment"));
            }
            let own = |segment: &u32| batch_of_payload_segment(*segment).is_none();
            let last = self.ends.keys().rev().find(|segment| own(segment));
            let last = last.is_none_or(|last| segment >= *last) && own(&segment);
            match self.ends.get(&segment) {
                Some(end) if *end == length => {}
                None if !own(&segment) => Self::note_stray(name, ended, found),
                end if last && !ended && end.is_none_or(|end| *end < length) => found.notes.push(format!(
                    "{name}: the killed writer left a payload that no record refers to; `--resume` cuts it off"
                )),
                Some(end) => found.damage(Damage::at_byte(
                    name,
                    *end,
                    "bytes that no record refers to",
                )),
                None => found.damage(Damage::whole(name, "no record refers to this segment")),
            }
        }
        for ((segment, offset), recorded) in &self.erased {
            if !recorded {
                let what = "the payload was zeroed without a record of it";
                found.damage(Damage::at_byte(segment_name(*segment), *offset, what));
            }
        }
        if self.erased.values().any(|recorded| *recorded) {
            found.notes.push(
                "erased payloads: their judgements are recorded, not recomputable".to_owned(),
            );
        }
        Ok(())
    }
}

fn check_tables(
    run: &RunDirectory,
    manifest: &Manifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    if manifest.end.is_none() {
        return Ok(());
    }
    let recording = Recording::open(run.clone())?;
    for (task, plan) in manifest.plan.tasks.iter().enumerate() {
        if !recording.judge(task).repeatable() {
            found.notes.push(format!(
                "task `{}` was judged by a foreign program, which is not run again: those scores are recorded, not recomputable",
                plan.name
            ));
        }
        if !recording.judges_alike(task) {
            found.notes.push(format!(
                "task `{}` was judged by another version of its scorers: judgements are recorded, not recomputable",
                plan.name
            ));
        }
    }
    let mut sink = CompareSink {
        run,
        differences: Rc::default(),
    };
    let mut wrong = Vec::new();
    let mut judgements = 0;
    let report = draw(&recording, &mut sink, Tail::Whole, |row| {
        judgements += u64::from(row.recomputed);
        wrong.extend(misjudged(&recording, row));
    })?;
    found.judgements = judgements;
    let differences = sink.differences.take();
    let batches = found
        .absorb(wrong_batches(run, manifest))?
        .unwrap_or_default();
    let replanned = report.contamination.wrong.iter();
    wrong
        .into_iter()
        .chain(replanned.map(|what| Damage::whole("samples.jsonl", what.clone())))
        .chain(
            batches
                .into_iter()
                .map(|what| Damage::whole("journal", what)),
        )
        .chain(differences)
        .for_each(|damage| found.damage(damage));
    check_end(run, &recording, &report, found)
}

/// What is recorded of a call must be what its recorded reply gives.
fn misjudged(recording: &Recording, row: &Row) -> Option<Damage> {
    let wrong = row.wrong.as_ref()?;
    let task = &recording.manifest.plan.tasks[row.task].name;
    Some(Damage::whole(
        "journal",
        format!("sample `{}` of task `{task}`: {wrong}", row.sample),
    ))
}

fn check_end(
    run: &RunDirectory,
    recording: &Recording,
    report: &Report,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let mut files: BTreeMap<String, Digest> = BTreeMap::new();
    for name in tables(&recording.manifest) {
        if run.file(name).is_file() {
            files.insert(name.to_owned(), file_digest(&run.file(name))?);
        }
    }
    let expected = closed_manifest(recording, report, files);
    if expected.and_then(|manifest| manifest.end) != recording.manifest.end && found.passed() {
        found.damage(Damage::whole(
            "run.json",
            "its end is not what the other files give",
        ));
    }
    Ok(())
}

/// Compares tables with the files instead of writing them.
struct CompareSink<'a> {
    run: &'a RunDirectory,
    differences: Differences,
}

/// What all comparisons have found so far.
type Differences = Rc<RefCell<Vec<Damage>>>;

impl TableSink for CompareSink<'_> {
    fn open(&mut self, name: &'static str) -> Result<Box<dyn Write>, ReportError> {
        if let Ok(file) = fs_err::File::open(self.run.file(name)) {
            Ok(Box::new(Compare {
                name,
                file: BufReader::new(file),
                line: 1,
                differs: None,
                differences: Rc::clone(&self.differences),
            }))
        } else {
            let missing = Damage::whole(name, "the file is missing");
            self.differences.borrow_mut().push(missing);
            Ok(Box::new(io::sink()))
        }
    }
}

/// A writer that reads along in a file and notes the first line that differs.
struct Compare {
    name: &'static str,
    file: BufReader<fs_err::File>,
    line: u64,
    differs: Option<u64>,
    differences: Differences,
}

impl Write for Compare {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.differs.is_some() {
            return Ok(bytes.len());
        }
        let present = self.file.fill_buf()?;
        let compared = present.len().min(bytes.len());
        let same = present
            .iter()
            .zip(bytes)
            .take_while(|(a, b)| a == b)
            .count();
        self.line += line_feeds(&bytes[..same]);
        if same < compared || present.is_empty() {
            self.differs = Some(self.line);
            return Ok(bytes.len());
        }
        self.file.consume(compared);
        Ok(compared)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Compare {
    fn drop(&mut self) {
        let is_longer = self.file.fill_buf().map_or(true, |rest| !rest.is_empty());
        let line = self.differs.or(is_longer.then_some(self.line));
        if let Some(line) = line {
            let what = "not what the recorded replies give";
            let damage = Damage::at_line(self.name, line, what);
            self.differences.borrow_mut().push(damage);
        }
    }
}
