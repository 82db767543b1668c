//! Is everything that a run directory says true?
//!
//! Every byte of a finished run is covered: the chain covers the journal, references cover the
//! payloads without gaps, the plan's digest covers the plan, its digests cover the samples and inputs,
//! and tables and the end of `run.json` are recomputed from the recorded replies and compared byte by
//! byte. Verification needs no network and no key.

mod coverage;
mod journal;
mod samples;
mod tables;

use std::io;

use cleanbench_ledger::directory::file_digest;
use cleanbench_ledger::{Damage, LedgerError, Manifest, RunDirectory};

use self::coverage::Coverage;
use self::journal::check_journal;
use self::samples::check_samples;
use self::tables::check_tables;
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
