//! What the calls of each sample used up, read from `calls.csv` alone.
//!
//! Invariant: unknown is not 0. An attempt without a price or a reported number of tokens is counted as one, and answers of
//! earlier runs, which cost and took nothing here, are counted apart. No sum depends on the order of rows, which is that
//! in which attempts ended.

use std::collections::HashMap;
use std::io::BufReader;
use std::path::Path;

use cleanbench_core::{Outcome, Usd};
use cleanbench_ledger::{Damage, LedgerError, Manifest};
use cleanbench_text::cell;
use csv::ByteRecord;

use crate::error::ItemsError;
use crate::reading::{BUFFER, Columns, Digesting};

/// The file that holds the attempts of a run.
pub const CALLS_FILE: &str = "calls.csv";

/// What the calls of one sample of one model used up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    /// What its attempts cost, as far as that is known.
    pub cost: Usd,
    /// Attempts whose cost is not.
    pub unpriced: u32,
    /// Answers of earlier runs.
    pub from_cache: u32,
    /// Tokens of prompts, and generated ones, of the answers that report both.
    pub prompt: u64,
    /// See `prompt`.
    pub completion: u64,
    /// Answers that report both.
    pub counted: u32,
    /// Answers that do not.
    pub uncounted: u32,
    /// How long each answered call took, in milliseconds, ascending.
    pub times: Vec<f64>,
}

/// What the calls of a run used up, for each model, task and sample.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    /// Models in plan order, in each the tasks, in each the samples by their ids as tables have them.
    spent: Vec<Vec<HashMap<Box<str>, Spent>>>,
}

const READ: [&str; 9] = [
    "model",
    "task",
    "sample",
    "outcome",
    "end_ms",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "from_cache",
];

impl Calls {
    /// Reads the attempts of the run whose table lies in `folder`.
    ///
    /// # Errors
    /// When the table is not the one that the run recorded.
    pub(crate) fn read(folder: &Path, manifest: &Manifest) -> Result<Self, ItemsError> {
        let Some(end) = &manifest.end else {
            return Err(ItemsError::Unfinished(folder.to_owned()));
        };
        let mut file = Digesting::open(folder, CALLS_FILE)?;
        let calls = rows(&mut file, folder, manifest)?;
        file.finish(end.files.get(CALLS_FILE), CALLS_FILE)?;
        Ok(calls)
    }

    /// What the sample with this id used up; nothing where it has no calls.
    pub fn spent(&self, model: usize, task: usize, id: &str) -> Option<&Spent> {
        self.spent.get(model)?.get(task)?.get(id)
    }
}

fn rows(file: &mut Digesting, folder: &Path, manifest: &Manifest) -> Result<Calls, ItemsError> {
    let plan = &manifest.plan;
    let models: Vec<_> = plan
        .models
        .iter()
        .map(|one| cell::text(&one.name))
        .collect();
    let tasks: Vec<_> = plan.tasks.iter().map(|one| cell::text(&one.name)).collect();
    let mut spent = vec![vec![HashMap::new(); tasks.len()]; models.len()];
    let mut table = csv::Reader::from_reader(BufReader::with_capacity(BUFFER, file));
    let header = table.byte_headers()?.clone();
    let columns = Columns::find(&header, READ, folder)?;
    let mut record = ByteRecord::new();
    while table.read_byte_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let damage = || LedgerError::from(Damage::at_line(CALLS_FILE, line, "no row of a call"));
        let cells = columns.cells(&record).ok_or_else(damage)?;
        let place = |names: &[String], name: &str| names.iter().position(|one| one == name);
        let at = place(&models, cells[0]).zip(place(&tasks, cells[1]));
        let (model, task) = at.ok_or_else(damage)?;
        if plan.tasks[task].probe.is_none() {
            let own: &mut Spent = spent[model][task].entry(cells[2].into()).or_default();
            own.add(&cells).ok_or_else(damage)?;
        }
    }
    let all = spent.iter_mut().flatten().flat_map(HashMap::values_mut);
    all.for_each(|one: &mut Spent| one.times.sort_by(f64::total_cmp));
    Ok(Calls { spent })
}

impl Spent {
    /// Takes in an attempt; `None` where a cell is none.
    fn add(&mut self, cells: &[&str; READ.len()]) -> Option<()> {
        let [_, _, _, outcome, time, prompt, completion, cost, cached] = *cells;
        if !cached.is_empty() {
            self.from_cache += 1;
            return Some(());
        }
        match cost {
            "" => self.unpriced += 1,
            cost => self.cost += cost.parse::<Usd>().ok()?,
        }
        if Outcome::named(outcome) != Some(Outcome::Answered) {
            return Some(());
        }
        if let (Ok(prompt), Ok(completion)) = (prompt.parse::<u64>(), completion.parse::<u64>()) {
            // An endpoint may claim any number.
            self.prompt = self.prompt.saturating_add(prompt);
            self.completion = self.completion.saturating_add(completion);
            self.counted += 1;
        } else {
            self.uncounted += 1;
        }
        if !time.is_empty() {
            let time = time.parse::<f64>().ok()?;
            self.times.push(Some(time).filter(|time| time.is_finite())?);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_not_0() {
        let mut spent = Spent::default();
        for cells in [
            ["m", "t", "s", "", "5.0", "", "", "", ""],
            ["m", "t", "s", "answered", "7.5", "10", "3", "0.25", ""],
            ["m", "t", "s", "answered", "2.5", "10", "", "0.25", ""],
            ["m", "t", "s", "answered", "", "10", "3", "", "earlier"],
        ] {
            spent.add(&cells).unwrap();
        }
        assert_eq!((spent.unpriced, spent.from_cache), (1, 1));
        assert_eq!((spent.counted, spent.uncounted), (1, 1));
        assert_eq!((spent.prompt, spent.completion), (10, 3));
        assert_eq!(spent.times, [7.5, 2.5]);
        assert_eq!(spent.cost.to_string().parse(), "0.5".parse::<Usd>());
        assert!(
            spent
                .add(&["m", "t", "s", "answered", "x", "", "", "", ""])
                .is_none()
        );
    }
}
