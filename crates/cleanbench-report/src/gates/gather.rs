//! What gates look at, gathered while the tables are drawn.
//!
//! Memory: up to 48 bytes a sample of the tasks that have gates, and nothing of the others.

use std::collections::BTreeMap;

use cleanbench_core::event::Unasked;
use cleanbench_core::gate::Metric;
use cleanbench_core::{Outcome, Usd};
use cleanbench_items::{Epochs, Rules, Span};
use cleanbench_ledger::Plan;

use crate::attempt::AttemptRow;
use crate::rows::Row;

/// Picodollars of a dollar.
const PICO: f64 = 1e12;

/// One sample of one model, over its epochs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Its line in `samples.jsonl`.
    pub(crate) line: u64,
    /// Which samples it hangs together with, if it says so.
    pub(crate) cluster: Option<u32>,
    /// Its score, made of those of its answers as the task says, and what missing answers may make of it.
    pub(crate) score: Span,
    /// Calls that ended without an answer. A sample has at most 10,000 epochs.
    failed: u16,
    answered: u16,
    /// Answers in which nothing was found to judge.
    unread: u16,
    /// Whether a call of it could not be asked: no answer is on record, or the sample was erased.
    unaskable: bool,
}

impl Asked {
    /// Share of its calls that end without an answer, where it is asked `epochs` times. By earlier rules those that
    /// have not ended did not count.
    pub(crate) fn error_share(&self, epochs: u32, rules: Rules) -> Span {
        let of = |failed: u32, calls: u32| f64::from(failed) / f64::from(calls);
        let (failed, calls) = (u32::from(self.failed), self.calls());
        let seen = (calls > 0).then(|| of(failed, calls));
        if rules == Rules::Earlier {
            return Span::of_score(seen);
        }
        let all = epochs.max(calls).max(1);
        Span::between(seen, of(failed, all), of(failed + (all - calls), all))
    }

    /// Share of its answers in which nothing was found; `None` without an answer.
    pub(crate) fn unread_share(&self) -> Option<f64> {
        (self.answered > 0).then(|| f64::from(self.unread) / f64::from(self.answered))
    }

    /// Whether it was put to the model, or is to be; not where all that is known is that it cannot be.
    pub(crate) fn was_asked(&self) -> bool {
        !self.unaskable || self.calls() > 0
    }

    /// Number of its calls that have ended.
    pub(crate) fn calls(&self) -> u32 {
        u32::from(self.failed) + u32::from(self.answered)
    }
}

/// What is known of one model at one task.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    /// Its samples in plan order; those that were deliberately not asked are left out.
    pub(crate) samples: Vec<Asked>,
    /// Lines of those that were asked and are in quarantine, of tasks that may end early.
    pub(crate) aside: Vec<u64>,
    /// Samples that were deliberately not asked.
    pub(crate) skipped: u64,
    /// What each sample cost, by line: whole picodollars, whose sum knows no order, and dollars by earlier rules.
    costs: BTreeMap<u64, f64>,
    /// Attempts whose cost is not known.
    pub(crate) unpriced: u64,
    /// Answers of earlier runs, which cost and took nothing here.
    pub(crate) from_cache: u64,
    /// How long each answered call took.
    pub(crate) times: Vec<Timed>,
}

/// How long a call took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timed {
    /// The line of its sample.
    pub(crate) line: u64,
    pub(crate) milliseconds: f64,
}

impl Measured {
    /// Dollars that the sample at `line` cost.
    pub(crate) fn cost(&self, line: u64, rules: Rules) -> f64 {
        let cost = self.costs.get(&line).copied().unwrap_or_default();
        match rules {
            Rules::Now => cost / PICO,
            Rules::Earlier => cost,
        }
    }

    /// Calls without an answer, where each sample is asked so many times.
    pub(crate) fn unanswered(&self, epochs: u32) -> u64 {
        let lacks = |sample: &Asked| u64::from(epochs.saturating_sub(u32::from(sample.answered)));
        self.samples.iter().map(lacks).sum()
    }

    /// Whether the sample at `line` counts: it was asked, and is not in quarantine.
    pub(crate) fn counts(&self, line: u64) -> bool {
        let found = self
            .samples
            .binary_search_by_key(&line, |sample| sample.line);
        found.is_ok()
    }
}

/// Gathers attempts in any order, and rows in plan order.
#[derive(Debug)]
pub(crate) struct Gatherer {
    /// For each task of the plan, what its gates look at.
    wanted: Vec<Vec<Metric>>,
    /// For each task, whether it may end early, so that its gates are looked at in the order of asking.
    in_turn: Vec<bool>,
    cells: BTreeMap<(u32, usize), Measured>,
    /// The clusters of each task, numbered as they come.
    clusters: BTreeMap<(usize, String), u32>,
    /// How each task makes one score of several, and of how many.
    reducers: Vec<Epochs>,
    rules: Rules,
    /// Scores of the sample that is being read.
    scores: Vec<f64>,
    nothing: Measured,
}

impl Gatherer {
    /// Ready for the run of `plan`.
    pub(crate) fn new(plan: &Plan) -> Self {
        let wanted = plan.tasks.iter().map(|task| {
            let gates = plan.gates.iter();
            let own = gates.filter(|gate| task.probe.is_none() && gate.tasks.contains(&task.name));
            own.map(|gate| gate.metric).collect()
        });
        let in_turn = plan.tasks.iter();
        let in_turn = in_turn.map(|task| plan.tables >= 3 && plan.may_end_early(task));
        Self {
            wanted: wanted.collect(),
            in_turn: in_turn.collect(),
            cells: BTreeMap::new(),
            clusters: BTreeMap::new(),
            reducers: plan.tasks.iter().map(Epochs::of).collect(),
            rules: Rules::of_tables(plan.tables),
            scores: Vec::new(),
            nothing: Measured::default(),
        }
    }

    /// What was gathered of the model and task at these positions.
    pub(crate) fn get(&self, model: usize, task: usize) -> &Measured {
        let model = u32::try_from(model).unwrap_or(u32::MAX);
        self.cells.get(&(model, task)).unwrap_or(&self.nothing)
    }

    /// Takes in an attempt of the task at position `task`.
    pub(crate) fn add_attempt(&mut self, task: usize, row: &AttemptRow) {
        let wants = |metric| self.wanted[task].contains(&metric);
        let (cost, time) = (wants(Metric::CostPerSolved), wants(Metric::LatencyP95));
        if !cost && !time {
            return;
        }
        let cell = self.cells.entry((row.place.model, task)).or_default();
        if row.cached.is_some() {
            cell.from_cache += 1;
            return;
        }
        if cost {
            match row.cost {
                Some(cost) => {
                    let amount = match self.rules {
                        Rules::Now => picodollars(cost),
                        Rules::Earlier => picodollars(cost) / PICO,
                    };
                    *cell.costs.entry(row.place.sample).or_default() += amount;
                }
                None => cell.unpriced += 1,
            }
        }
        if let (true, Some(Outcome::Answered), Some(timing)) = (time, row.outcome, &row.timing) {
            let time = std::time::Duration::from_micros(timing.end);
            cell.times.push(Timed {
                line: row.place.sample,
                milliseconds: time.as_secs_f64() * 1e3,
            });
        }
    }

    /// Takes in the next row. A sample that could not be asked is missing (by earlier rules only in a task that may
    /// end early, where it had its turn); whatever else was skipped is left out.
    pub(crate) fn add(&mut self, row: &Row) {
        if self.wanted[row.task].is_empty() || row.quarantined && !self.in_turn[row.task] {
            return;
        }
        let is_told = self.in_turn[row.task] || self.rules == Rules::Now;
        let is_missing = is_told && row.unasked == Some(Unasked::CannotBeAsked);
        let is_left_out = row.outcome == Some(Outcome::Skipped) && !is_missing;
        let key = (row.place.model, row.task);
        let cell = self.cells.entry(key).or_default();
        if row.quarantined {
            if !is_left_out {
                cell.aside.push(row.place.sample);
            }
            return;
        }
        let is_new = cell
            .samples
            .last()
            .is_none_or(|last| last.line != row.place.sample);
        if is_left_out {
            cell.skipped += u64::from(is_new && row.place.epoch == 1);
            return;
        }
        if is_new {
            let next = u32::try_from(self.clusters.len()).unwrap_or(u32::MAX);
            let name = row.belongs.cluster.clone();
            let cluster = name.map(|name| *self.clusters.entry((row.task, name)).or_insert(next));
            self.scores.clear();
            cell.samples.push(Asked {
                line: row.place.sample,
                cluster,
                ..Asked::default()
            });
        }
        if let Some(sample) = cell.samples.last_mut() {
            sample.count(row);
            if let Some(score) = row.scores.first() {
                self.scores.push(score.value);
                sample.score = self.reducers[row.task].span(&self.scores, self.rules);
            }
        }
    }
}

impl Asked {
    fn count(&mut self, row: &Row) {
        match row.outcome {
            None => return,
            Some(Outcome::Skipped) => {
                self.unaskable = true;
                return;
            }
            Some(Outcome::Answered) => self.answered += 1,
            Some(_) => self.failed += 1,
        }
        if let Some(score) = row.scores.first() {
            self.unread += u16::from(score.extraction_failure.is_some());
        }
    }
}

/// An amount as a number, for statistics only.
#[expect(
    clippy::cast_precision_loss,
    reason = "no call costs more than 9,000 dollars"
)]
fn picodollars(amount: Usd) -> f64 {
    amount.pico() as f64
}

/// The cluster of each sample, where any has one; a sample without one is a cluster of its own.
pub(crate) fn units(clusters: &[Option<u32>]) -> Vec<u32> {
    if clusters.iter().all(Option::is_none) {
        return Vec::new();
    }
    let own = (0..=u32::MAX).rev();
    let named = clusters.iter().zip(own);
    named.map(|(cluster, own)| cluster.unwrap_or(own)).collect()
}
