//! Live progress: one line for each model and task, fed by journal events.
//!
//! A consumer like any other: it can be absent, and nothing it does can change a result.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use cleanbench_core::event::Place;
use cleanbench_core::history::{Batch, CallSpace, CallTable};
use cleanbench_core::{CallId, Event, EventSink, Outcome, Usd};
use cleanbench_ledger::Plan;
use cleanbench_price::Price;
use cleanbench_report::{cell, foreign};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Redraws a second.
const RATE: u8 = 8;

/// The progress lines of a run.
pub(crate) struct Progress {
    space: RwLock<CallSpace>,
    tasks: usize,
    lines: Vec<Mutex<Line>>,
    bars: MultiProgress,
    started: Instant,
}

struct Line {
    bar: ProgressBar,
    price: Option<Price>,
    in_flight: i64,
    /// Calls in flight whose answer is of an earlier run.
    kept: BTreeSet<CallId>,
    errors: u64,
    retries: u64,
    tokens: u64,
    cost: Option<Usd>,
}

impl Progress {
    /// Lines for every model and task of `plan`, beginning where `table` stands.
    pub(crate) fn new(plan: &Plan, table: &CallTable, prices: &[Option<Price>]) -> Self {
        let space = table.space().clone();
        let mut lengths = vec![0; plan.models.len() * plan.tasks.len()];
        for place in space.places().filter(|place| !table.is_elsewhere(*place)) {
            let task = space.task_of(place).unwrap_or_default();
            lengths[place.model as usize * plan.tasks.len() + task] += 1;
        }
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(RATE));
        let style = ProgressStyle::with_template("{prefix} {bar:20} {pos}/{len} {msg} eta {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let mut lines = Vec::new();
        for (model, price) in plan.models.iter().zip(prices) {
            for task in &plan.tasks {
                let length = lengths[lines.len()];
                let bar = bars.add(ProgressBar::new(length).with_style(style.clone()));
                let name = format!("{} · {}", model.name, task.name);
                bar.set_prefix(foreign::line(&cell::visible(&name)));
                lines.push(Mutex::new(Line {
                    bar,
                    price: price.clone(),
                    in_flight: 0,
                    kept: BTreeSet::new(),
                    errors: 0,
                    retries: 0,
                    tokens: 0,
                    cost: None,
                }));
            }
        }
        let progress = Self {
            tasks: plan.tasks.len(),
            space: RwLock::new(space),
            lines,
            bars,
            started: Instant::now(),
        };
        progress.count_ended(table);
        progress
    }

    fn count_ended(&self, table: &CallTable) {
        for place in table.space().places() {
            if table
                .state(place)
                .is_some_and(|state| state.outcome.is_some())
            {
                self.at(place, |line| line.bar.inc(1));
            }
        }
        for line in &self.lines {
            if let Ok(line) = line.lock() {
                line.bar.reset_eta();
            }
        }
    }

    fn at(&self, place: Place, change: impl FnOnce(&mut Line)) {
        let task = self
            .space
            .read()
            .ok()
            .and_then(|space| space.task_of(place));
        let Some(task) = task else {
            return;
        };
        let Some(line) = self.lines.get(place.model as usize * self.tasks + task) else {
            return;
        };
        if let Ok(mut line) = line.lock() {
            change(&mut line);
            let message = line.message(self.started.elapsed());
            line.bar.set_message(message);
        }
    }

    /// Takes in calls that were planned just now.
    fn follow(&self, batch: Batch) {
        let first = batch.places().next();
        let samples = batch.samples;
        let added = self
            .space
            .write()
            .is_ok_and(|mut space| space.add(batch).is_ok());
        if let (true, Some(first)) = (added, first) {
            self.at(first, |line| line.bar.inc_length(samples));
        }
    }

    /// Takes the lines off the screen.
    pub(crate) fn clear(&self) {
        for line in &self.lines {
            if let Ok(line) = line.lock() {
                line.bar.finish_and_clear();
            }
        }
        // A terminal that is gone has nothing to clear.
        drop(self.bars.clear());
    }
}

impl Line {
    fn message(&self, elapsed: Duration) -> String {
        let mut text = format!(
            "err {} retry {} in flight {}",
            self.errors,
            self.retries,
            self.in_flight.max(0)
        );
        if self.tokens > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a rate for the eye")]
            let rate = self.tokens as f64 / elapsed.as_secs_f64().max(0.001);
            // Writing to a string cannot fail.
            let _infallible = write!(text, " {rate:.0} tok/s");
        }
        if let Some(cost) = self.cost {
            let _infallible = write!(text, " ${cost}");
        }
        text
    }
}

impl EventSink for Progress {
    fn event(&self, event: &Event) {
        match event {
            Event::AttemptStarted {
                call,
                place,
                attempt,
                cached,
                ..
            } => self.at(*place, |line| {
                if cached.is_some() {
                    line.kept.insert(*call);
                }
                line.in_flight += 1;
                line.retries += u64::from(*attempt > 1);
            }),
            Event::AttemptEnded {
                call,
                place,
                reading,
                outcome,
                ..
            } => self.at(*place, |line| {
                line.in_flight -= 1;
                if let Some(outcome) = outcome {
                    line.bar.inc(1);
                    line.errors += u64::from(*outcome != Outcome::Answered);
                }
                if line.kept.remove(call) {
                    return;
                }
                let Some(reading) = reading else { return };
                line.tokens = line
                    .tokens
                    .saturating_add(reading.usage.completion.unwrap_or_default());
                if let Some(cost) = line
                    .price
                    .as_ref()
                    .and_then(|price| price.cost(&reading.usage))
                {
                    line.cost = Some(line.cost.unwrap_or(Usd::ZERO) + cost);
                }
            }),
            Event::BatchPlanned { .. } => {
                if let Some(batch) = Batch::planned_by(event) {
                    self.follow(batch);
                }
            }
            _ => {}
        }
    }
}
