//! Are the samples those that were planned?
//!
//! The digest of a file of samples stands in the plan, or in the record of its batch. Every row must lead to a payload
//! with the digests that it holds, so far as the suite's key is there.

use std::io;

use cleanbench_core::merkle::MerkleTree;
use cleanbench_core::{Digest, DigestKey, Event};
use cleanbench_ledger::ahead::{chunks, in_order};
use cleanbench_ledger::samples::{self, push_leaf};
use cleanbench_ledger::{
    Damage, LedgerError, Manifest, PayloadReader, RunDirectory, SampleRow, SampleRows,
};
use rayon::prelude::*;

use super::coverage::Coverage;
use super::{KEY_FILE, Verification};
use crate::ReportError;

/// Rows that are checked at once.
const CHUNK: usize = 256;

/// Checks `samples.jsonl` and what it refers to.
///
/// # Errors
/// [`Damage`] of a row that cannot be read.
pub(super) fn check_samples(
    run: &RunDirectory,
    manifest: &Manifest,
    coverage: &mut Coverage,
    found: &mut Verification,
) -> Result<(), ReportError> {
    const FILE: &str = "samples.jsonl";
    let rows = SampleRows::open(run)?;
    if run.digest(FILE)? != manifest.plan.samples_digest {
        coverage.samples_damaged = true;
        found.damage(first_wrong_row(run, FILE, rows, coverage.payloads.as_ref()));
        return Ok(());
    }
    coverage.extents.open(0);
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

/// Checks the samples of the batch that `event` records, if it records one.
///
/// # Errors
/// When the run cannot be read; damage is a finding.
pub(super) fn check_batch(
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
    if run.digest(&name)? != *file {
        coverage.samples_damaged = true;
        found.damage(first_wrong_row(
            run,
            &name,
            rows,
            coverage.payloads.as_ref(),
        ));
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
    let Coverage {
        payloads,
        extents,
        erasures,
        ..
    } = coverage;
    let payloads = payloads.as_ref();
    let are_there = payloads.is_some();
    let check = |rows: Vec<Result<SampleRow, LedgerError>>| {
        let rows = rows.into_par_iter();
        let checked = rows.map(|row| {
            let row = row?;
            let content = match payloads {
                Some(payloads) => content(&row, key.as_ref(), payloads),
                None => Ok(Content::Same),
            };
            Ok::<_, ReportError>(CheckedRow { row, content })
        });
        checked.collect::<Vec<_>>()
    };
    in_order(chunks(rows, CHUNK), check, |checked| {
        checked.into_iter().try_for_each(|checked| {
            let CheckedRow { row, content } = checked?;
            samples += 1;
            push_leaf(&mut tree, &row);
            if let Some(gap) = extents.extend(&row.payload) {
                found.damage(gap);
            }
            found.payloads += u64::from(are_there);
            match content? {
                Content::Same => {}
                Content::Erased => erasures.note(&row.payload),
                Content::Wrong(what) => found.damage(Damage::at_line(name, samples, what)),
            }
            Ok::<_, ReportError>(())
        })
    })?;
    Ok(ReadRows {
        root: tree.root(),
        samples,
    })
}

/// A row and what was found of its payload.
struct CheckedRow {
    row: SampleRow,
    content: Result<Content, ReportError>,
}

/// What the payload of a sample is.
enum Content {
    /// The sample, or as far as that can be told without the suite's key.
    Same,
    /// Nothing any more.
    Erased,
    /// Something else, a lowercase fragment.
    Wrong(&'static str),
}

/// Whether the payload that `row` refers to is the sample whose digests it holds.
fn content(
    row: &SampleRow,
    key: Option<&DigestKey>,
    payloads: &PayloadReader,
) -> Result<Content, ReportError> {
    let Some(content) = samples::content(payloads, row)? else {
        return Ok(Content::Erased);
    };
    if content.sample.id != row.id {
        return Ok(Content::Wrong("the payload is that of another sample"));
    }
    let Some(key) = key else {
        return Ok(Content::Same);
    };
    let json = |error: serde_json::Error| io::Error::from(error);
    let same = content.input_digest(key).map_err(json)? == row.input_digest
        && content.sample_digest(key).map_err(json)? == row.sample_digest;
    Ok(if same {
        Content::Same
    } else {
        Content::Wrong("the digests do not match the sample")
    })
}

/// Where a changed file of samples first goes wrong. A row that cannot be read, or does not lead to
/// its payload, is the place; else only the whole file can be named.
fn first_wrong_row(
    run: &RunDirectory,
    name: &str,
    rows: SampleRows,
    payloads: Option<&PayloadReader>,
) -> Damage {
    let key = read_key(run);
    for (row, line) in rows.zip(1..) {
        let wrong = match row
            .map_err(ReportError::from)
            .and_then(|row| match payloads {
                Some(payloads) => content(&row, key.as_ref(), payloads),
                None => Ok(Content::Same),
            }) {
            Ok(Content::Same | Content::Erased) => continue,
            Ok(Content::Wrong(what)) => what.to_owned(),
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
    let bytes = run.read(KEY_FILE).ok()?;
    str::from_utf8(&bytes).ok()?.trim().parse().ok()
}
