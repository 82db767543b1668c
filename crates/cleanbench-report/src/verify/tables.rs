//! Are the tables, and the end of `run.json`, what the recorded replies give?
//!
//! They are drawn anew and compared while they are drawn; nothing is written.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write};
use std::rc::Rc;

use cleanbench_core::Digest;
use cleanbench_ledger::manifest::End;
use cleanbench_ledger::{Damage, LedgerError, Manifest, RunDirectory, Tail, show_index};

use super::{Standing, Verification, line_feeds};
use crate::findings::Report;
use crate::follow_up::wrong_batches;
use crate::lookup;
use crate::pass::draw;
use crate::rows::{Repeated, Row, UNJUDGED};
use crate::sink::TableSink;
use crate::tables::{closed_manifest, tables};
use crate::{Recording, ReportError};

/// Compares the tables of `run`. One that has not ended may have some: those that its record gives, and no others.
///
/// # Errors
/// When the run is damaged.
pub(super) fn check_tables(
    run: &RunDirectory,
    manifest: &Manifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let tail = match &manifest.end {
        Some(_) => Tail::Whole,
        None => Tail::MayBeTorn,
    };
    let recording = Recording::open(run.clone())?;
    for (task, plan) in manifest.plan.tasks.iter().enumerate() {
        if !recording.judge(task).repeatable() {
            let what = format!(
                "task `{}` was judged by a foreign program, which is not run again: those scores are recorded, not recomputable",
                plan.name
            );
            found.weaken(Standing::InPart, what);
        }
        if !recording.judges_alike(task) {
            let what = format!(
                "task `{}` was judged by another version of its scorers: judgements are recorded, not recomputable",
                plan.name
            );
            found.weaken(Standing::InPart, what);
        }
    }
    let mut sink = CompareSink {
        run,
        may_lack: manifest.end.is_none(),
        differences: Rc::default(),
    };
    let mut wrong = Vec::new();
    let mut judgements = 0;
    let mut taken_over = 0_u64;
    let report = draw(&recording, &mut sink, tail, |row| {
        judgements += u64::from(row.repeated == Repeated::Whole);
        taken_over += u64::from(row.repeated == Repeated::TakenOver);
        wrong.extend(misjudged(&recording, row));
    })?;
    found.judgements = judgements;
    if taken_over > 0 {
        let what = format!(
            "{taken_over} judgements were ended by a limit or failed, when they were made or here: recorded, not recomputable"
        );
        found.weaken(Standing::InPart, what);
    }
    let differences = sink.differences.take();
    let batches = found
        .absorb(wrong_batches(run, manifest, tail))?
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
    if !lookup::is_right(&recording, &report.index)? {
        let what = "not what the journal gives; remove it, `show` makes it anew";
        found.damage(Damage::whole(show_index::FILE, what));
    }
    let Some(end) = &manifest.end else {
        if !found.passed() {
            let what = "tables of a run without an end may be those of an earlier writer; `cleanbench report` draws them anew";
            found.notes.push(what.to_owned());
        }
        found.weaken(Standing::NotEnded, not_ended(&report));
        return Ok(());
    };
    check_end(run, &recording, &report, end, found)
}

/// Why there is no end in `run.json`.
fn not_ended(report: &Report) -> &'static str {
    if report.index.stopped.is_some() {
        "run.json does not say how the run ended, though its writer stopped in order, as after a kill while the tables \
         were written; `cleanbench report` closes it"
    } else {
        "the run has not ended in order; resume it with `--resume`"
    }
}

/// Compares the tables of `run`, of which nothing can be computed anew, with the digests at its end.
///
/// # Errors
/// When a table cannot be read.
pub(super) fn check_recorded_tables(
    run: &RunDirectory,
    manifest: &Manifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let Some(end) = &manifest.end else {
        let what = "the run has not ended in order, and its payloads are missing: nothing of it can be checked";
        found.weaken(Standing::NotEnded, what);
        return Ok(());
    };
    if !end
        .files
        .keys()
        .map(String::as_str)
        .eq(sorted(tables(manifest)))
    {
        let what = "its end does not name the tables of the run";
        found.damage(Damage::whole("run.json", what));
    }
    for (name, digest) in &end.files {
        let read = found.absorb(run.digest(name).map_err(ReportError::from))?;
        if read.is_some_and(|read| read != *digest) {
            let what = "the file does not match its digest in run.json";
            found.damage(Damage::whole(name, what));
        }
    }
    let what = "payloads/ was left out: the tables are those that run.json names, and what they say is recorded, not \
                recomputable; the head tells whether this is the record that you were told of (--head)";
    found.weaken(Standing::WithoutPayloads, what);
    Ok(())
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

/// What is recorded of a call must be what its recorded reply gives.
fn misjudged(recording: &Recording, row: &Row) -> Option<Damage> {
    let is_ended = recording.manifest.end.is_some();
    // Who was killed had not judged everything.
    let wrong = row
        .wrong
        .as_ref()
        .filter(|wrong| is_ended || *wrong != UNJUDGED)?;
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
    end: &End,
    found: &mut Verification,
) -> Result<(), ReportError> {
    // What was damaged is named already, and its digest tells no more.
    if !found.passed() {
        return Ok(());
    }
    let mut files: BTreeMap<String, Digest> = BTreeMap::new();
    for name in tables(&recording.manifest) {
        files.insert(name.to_owned(), run.digest(name)?);
    }
    let expected = closed_manifest(recording, report, files).and_then(|manifest| manifest.end);
    if expected.as_ref() != Some(end) {
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
    /// Whether a table may be missing: a writer that was killed wrote none.
    may_lack: bool,
    differences: Differences,
}

/// What all comparisons have found so far.
type Differences = Rc<RefCell<Vec<Damage>>>;

impl TableSink for CompareSink<'_> {
    fn open(&mut self, name: &'static str) -> Result<Box<dyn Write>, ReportError> {
        let file = match self.run.open(name) {
            Ok(file) => file,
            Err(LedgerError::Damaged(damage)) => {
                if !self.may_lack || self.run.holds(name).is_err() {
                    self.differences.borrow_mut().push(damage);
                }
                return Ok(Box::new(io::sink()));
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Box::new(Compare {
            name,
            file: BufReader::new(file),
            line: 1,
            differs: None,
            differences: Rc::clone(&self.differences),
        }))
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
