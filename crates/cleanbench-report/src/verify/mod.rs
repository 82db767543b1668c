//! Is everything that a run directory says true?
//!
//! Every byte of a finished run is covered: the chain covers the journal, references cover the
//! payloads without gaps, the plan's digest covers the plan, its digests cover the samples and inputs,
//! and tables and the end of `run.json` are recomputed from the recorded replies and compared byte by
//! byte. Verification needs no network and no key.

mod coverage;
mod journal;
mod order;
mod present;
mod samples;
mod tables;

use std::io;

use cleanbench_core::Digest;
use cleanbench_ledger::manifest::MANIFEST_FILE;
use cleanbench_ledger::{Damage, LedgerError, Manifest, RunDirectory};

use self::coverage::Coverage;
use self::journal::check_journal;
pub use self::present::check_folder;
use self::present::check_present;
use self::samples::check_samples;
use self::tables::{check_recorded_tables, check_tables};
use crate::ReportError;

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
    /// Files that no version of the program writes, and that are none of the run's.
    pub added: Vec<String>,
    /// How far the checks went.
    standing: Standing,
    /// The digest from which everything is covered; `None` where there is none yet.
    pub head: Option<Digest>,
    /// Journal records whose chain was checked.
    pub records: u64,
    /// Payloads that were read and digested.
    pub payloads: u64,
    /// Judgements that were recomputed from the recorded replies.
    pub judgements: u64,
}

/// How far the checks went, the least first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Everything was computed anew.
    #[default]
    Whole,
    /// Something is recorded and cannot be computed anew.
    InPart,
    /// What was asked and answered was left out, so that nothing can be computed anew.
    WithoutPayloads,
    /// The run has not ended, and may still grow.
    NotEnded,
}

/// What a verification comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Something is not as it was recorded.
    Damaged,
    /// Nothing is damaged, as far as it could be checked.
    Holds(Standing),
}

impl Verification {
    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        if self.passed() {
            Verdict::Holds(self.standing)
        } else {
            Verdict::Damaged
        }
    }

    /// Notes that the checks went no further than `standing`, and why.
    pub fn weaken(&mut self, standing: Standing, why: impl Into<String>) {
        self.standing = self.standing.max(standing);
        self.notes.push(why.into());
    }

    /// Takes in the name of a file that is none of the run's.
    pub(crate) fn add(&mut self, name: String) {
        if self.added.len() < MOST {
            self.added.push(name);
        } else if self.added.len() == MOST {
            self.added.push("and more".to_owned());
        }
    }

    /// Compares the head with the one that was noted elsewhere: all of its digits, or the first of them.
    pub fn compare_head(&mut self, noted: &str) {
        let wrong = match &self.head {
            Some(head) if head.to_string().starts_with(noted) => return,
            Some(head) => format!("the head is {head}, not {noted}: this is another record"),
            None => format!("there is no head to compare with {noted}: the run has not ended"),
        };
        self.damage(Damage::whole(MANIFEST_FILE, wrong));
    }

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
            // What this user may not read, nobody has verified.
            Err(ReportError::Ledger(LedgerError::Io(error)))
                if error.kind() == io::ErrorKind::PermissionDenied =>
            {
                self.damage(Damage::whole("the folder", error.to_string()));
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
    let checked = check(run, &mut found);
    found.absorb(checked)?;
    Ok(found)
}

fn check(run: &RunDirectory, found: &mut Verification) -> Result<(), ReportError> {
    let manifest = Manifest::read(run)?;
    let form = check_form(run, &manifest, found);
    found.absorb(form)?;
    found.head = manifest.head().map_err(io::Error::from)?;
    check_inputs(run, &manifest, found)?;
    check_present(run, &manifest, found)?;
    let has_payloads = found.absorb(run.has_payloads().map_err(ReportError::from))?;
    let Some(has_payloads) = has_payloads else {
        return Ok(());
    };
    let mut coverage = Coverage::new(run, has_payloads);
    let samples = check_samples(run, &manifest, &mut coverage, found);
    found.absorb(samples)?;
    let journal = check_journal(run, &manifest, &mut coverage, found);
    let journal = found.absorb(journal)?;
    if journal.is_some() {
        let closed = coverage.close(run, manifest.end.is_some(), found);
        found.absorb(closed)?;
    }
    if !found.passed() {
        found.notes.push(
            "the tables were not recomputed, because what they come from is damaged".to_owned(),
        );
        return Ok(());
    }
    let tables = if has_payloads {
        check_tables(run, &manifest, found)
    } else {
        check_recorded_tables(run, &manifest, found)
    };
    found.absorb(tables)?;
    note_gaps(&manifest, found);
    Ok(())
}

/// Says what a run that holds does not have.
fn note_gaps(manifest: &Manifest, found: &mut Verification) {
    if let Some(imported) = &manifest.plan.imported {
        found.notes.push(format!(
            "{}: that these answers were given, and their scores by `recorded`, is that harness's word; what is verified is what was made of its log",
            imported.told()
        ));
    }
    let open = manifest.end.as_ref().and_then(|end| end.calls.get("open"));
    if let Some(open) = open.filter(|open| **open > 0) {
        let what = format!("{open} calls are open: the run was stopped before they had ended");
        found.notes.push(what);
    }
    for shard in manifest.lacking() {
        found
            .notes
            .push(format!("shard {shard} of the run is not in it"));
    }
}

/// `run.json` must be in exactly the form in which it is written.
fn check_form(
    run: &RunDirectory,
    manifest: &Manifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let bytes = run.read(MANIFEST_FILE)?;
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
        let held = run.holds(path).map_err(ReportError::from);
        let held = found.absorb(held)?;
        if held == Some(false) && path == KEY_FILE {
            let what = format!("{path} was removed: sample digests are recorded, not recomputable");
            found.weaken(Standing::InPart, what);
            continue;
        }
        let read = held.map(|_| run.digest(path).map_err(ReportError::from));
        let Some(read) = read else { continue };
        if found.absorb(read)?.is_some_and(|read| read != *digest) {
            found.damage(Damage::whole(path, "the file was changed"));
        }
    }
    Ok(())
}
