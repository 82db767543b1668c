//! Are the tables, and the end of `run.json`, what the recorded replies give?
//!
//! They are drawn anew and compared while they are drawn; nothing is written.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write};
use std::rc::Rc;

use cleanbench_core::Digest;
use cleanbench_core::event::RecordedScore;
use cleanbench_ledger::directory::file_digest;
use cleanbench_ledger::{Damage, Manifest, RunDirectory, Tail, show_index};

use super::{Verification, line_feeds};
use crate::findings::Report;
use crate::follow_up::wrong_batches;
use crate::lookup;
use crate::pass::draw;
use crate::rows::Row;
use crate::sink::TableSink;
use crate::tables::{closed_manifest, tables};
use crate::{Recording, ReportError};

/// Compares the tables of `run`, if it has ended.
///
/// # Errors
/// When the run is damaged.
pub(super) fn check_tables(
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
    let mut cut_off = 0_u64;
    let report = draw(&recording, &mut sink, Tail::Whole, |row| {
        judgements += u64::from(row.recomputed);
        cut_off += u64::from(!row.scores.iter().all(RecordedScore::is_recomputable));
        wrong.extend(misjudged(&recording, row));
    })?;
    found.judgements = judgements;
    if cut_off > 0 {
        found.notes.push(format!(
            "judging {cut_off} answers was ended by a limit of the machine: recorded, not recomputable"
        ));
    }
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
    if !lookup::is_right(&recording, &report.index)? {
        let what = "not what the journal gives; remove it, `show` makes it anew";
        found.damage(Damage::whole(show_index::FILE, what));
    }
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
