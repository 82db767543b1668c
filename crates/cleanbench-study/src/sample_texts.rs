//! What samples ask and what is right, read from a run directory.
//!
//! Invariant: these texts are shown to whoever has the run, and are in no result over several runs: a comparison may be
//! kept where the suite must not be.

use std::collections::HashMap;

use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Role, Sensitivity};
use cleanbench_items::ItemTable;
use cleanbench_ledger::{LedgerError, PayloadReader, RunDirectory, SampleRows, samples};
use cleanbench_text::cell;
use serde_json::Value;

use crate::compare::Flip;

/// What a sample asks, and what is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleText {
    /// The question, without what the task puts around it.
    pub question: String,
    /// The target, where there is one.
    pub target: Option<String>,
}

/// The texts of these flips, whose baseline is `run`; nothing of those that were erased.
///
/// # Errors
/// When the run is damaged.
pub fn of_flips(
    run: &RunDirectory,
    table: &ItemTable,
    flips: &[&Flip],
) -> Result<Vec<Option<SampleText>>, LedgerError> {
    let mut texts = vec![None; flips.len()];
    let wanted = flips.iter().enumerate();
    let wanted: HashMap<_, _> = wanted
        .map(|(place, flip)| ((flip.task.as_str(), flip.input_digest.as_str()), place))
        .map(|(key, place)| ((key, flips[place].sample.as_str()), place))
        .collect();
    let tasks = &table.manifest.plan.tasks;
    let payloads = PayloadReader::new(run.path());
    for row in SampleRows::open(run)? {
        let row = row?;
        let Some(task) = tasks.get(row.task as usize) else {
            continue;
        };
        // What is secret is shown by `show` alone.
        if task.sensitivity == Sensitivity::Secret {
            continue;
        }
        let digest = row.input_digest.to_string();
        let id = cell::text(&row.id);
        let key = ((task.name.as_str(), digest.as_str()), id.as_str());
        if let Some(place) = wanted.get(&key).copied() {
            let content = samples::content(&payloads, &row)?;
            texts[place] = content.map(|content| SampleText {
                question: question(&content.sample.input),
                target: content.sample.target.as_ref().map(said),
            });
        }
    }
    Ok(texts)
}

fn question(input: &SampleInput) -> String {
    match input {
        SampleInput::Input(text) => text.clone(),
        SampleInput::Messages(messages) => {
            let asked = messages.iter().rev().find(|one| one.role == Role::User);
            asked.map_or_else(String::new, |one| one.content.clone())
        }
    }
}

fn said(target: &Value) -> String {
    match target {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
