//! Live progress: one line for each model and task, fed by journal events.
//!
//! Where there is no terminal, a line now and then says how the run stands.
//!
//! A consumer like any other: it can be absent, and nothing it does can change a result.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use cleanbench_core::event::Place;
use cleanbench_core::history::{Batch, CallSpace, CallTable};
use cleanbench_core::{CallId, Event, EventSink, Outcome, Usd};
use cleanbench_engine::{ModelStatus, Monitor};
use cleanbench_ledger::Plan;
use cleanbench_price::Price;
use cleanbench_report::{cell, foreign};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::status::{Status, pause};

/// Time between two drawings when nothing happens.
const TICK: Duration = Duration::from_millis(500);

/// Time between two lines where none can be drawn anew.
const SILENCE: Duration = Duration::from_secs(30);

/// A call that takes so long is named.
const LONG: Duration = Duration::from_secs(10);

/// Longest name that is shown whole, in characters.
const LONGEST_NAME: usize = 24;

/// Redraws a second.
const RATE: u8 = 8;

/// The progress lines of a run.
pub(crate) struct Progress {
    watched: Vec<Watched>,
    space: RwLock<CallSpace>,
    tasks: usize,
    lines: Vec<Mutex<Line>>,
    bars: MultiProgress,
    screen: Screen,
    /// Calls that ended before.
    before: u64,
    started: Instant,
}

/// Where progress is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    /// A terminal, on which lines are drawn anew.
    Terminal,
    /// A log, which gets a line now and then.
    Log,
}

struct Line {
    /// Position of its model.
    model: usize,
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
    pub(crate) fn new(
        plan: &Plan,
        table: &CallTable,
        prices: &[Option<Price>],
        monitors: Vec<Monitor>,
        screen: Screen,
    ) -> Self {
        let space = table.space().clone();
        let mut lengths = vec![0; plan.models.len() * plan.tasks.len()];
        for place in space.places().filter(|place| !table.is_elsewhere(*place)) {
            let task = space.task_of(place).unwrap_or_default();
            lengths[place.model as usize * plan.tasks.len() + task] += 1;
        }
        let bars = MultiProgress::with_draw_target(match screen {
            Screen::Terminal => ProgressDrawTarget::stderr_with_hz(RATE),
            Screen::Log => ProgressDrawTarget::hidden(),
        });
        let style =
            ProgressStyle::with_template("{prefix} {bar:10} {pos}/{len} eta {eta} {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
        let mut lines = Vec::new();
        for (model, price) in plan.models.iter().zip(prices) {
            for task in &plan.tasks {
                let length = lengths[lines.len()];
                let bar = bars.add(ProgressBar::new(length).with_style(style.clone()));
                let (name, task) = (shortened(&model.name), shortened(&task.name));
                bar.set_prefix(foreign::line(&cell::visible(&format!("{name} · {task}"))));
                lines.push(Mutex::new(Line {
                    model: lines.len() / plan.tasks.len(),
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
        let names = plan.models.iter().map(|model| shortened(&model.name));
        let watched = names.zip(monitors).map(|(name, monitor)| Watched {
            name: foreign::line(&cell::visible(&name)),
            monitor,
            line: Mutex::default(),
        });
        let mut progress = Self {
            watched: watched.collect(),
            tasks: plan.tasks.len(),
            space: RwLock::new(space),
            lines,
            bars,
            screen,
            before: 0,
            started: Instant::now(),
        };
        progress.count_ended(table);
        progress.before = progress.status().done;
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
            if self.screen == Screen::Terminal {
                self.draw(&line);
            }
        }
    }

    fn draw(&self, line: &Line) {
        let watched = self.watched.get(line.model);
        let waiting = watched.map_or(0, |watched| watched.monitor.status().waiting);
        let message = line.message(self.started.elapsed(), waiting);
        line.bar.set_message(message);
    }

    /// Draws the lines anew twice a second, until nobody holds `progress` any more: a call that takes long brings no
    /// event.
    pub(crate) fn tick(progress: &Arc<Self>) {
        let progress = Arc::downgrade(progress);
        // Without it the lines change with events alone.
        drop(std::thread::Builder::new().spawn(move || {
            loop {
                std::thread::sleep(TICK);
                let Some(progress) = progress.upgrade() else {
                    return;
                };
                progress.draw_busy();
            }
        }));
    }

    /// Hands a line to `say` now and then, until nobody holds `progress` any more.
    pub(crate) fn report(progress: &Arc<Self>, say: impl Fn(String) + Send + 'static) {
        let progress = Arc::downgrade(progress);
        // Without it nothing is said until the end.
        drop(std::thread::Builder::new().spawn(move || {
            let mut said = Instant::now();
            while progress.strong_count() > 0 {
                std::thread::sleep(TICK);
                if said.elapsed() < SILENCE {
                    continue;
                }
                let Some(progress) = progress.upgrade() else {
                    return;
                };
                said = Instant::now();
                say(progress.status().line());
            }
        }));
    }

    /// How the run stands.
    fn status(&self) -> Status {
        let mut status = Status {
            before: self.before,
            elapsed: self.started.elapsed(),
            ..Status::default()
        };
        for line in &self.lines {
            if let Ok(line) = line.lock() {
                status.total += line.bar.length().unwrap_or_default();
                status.done += line.bar.position();
                status.failed += line.errors;
                status.in_flight += u64::try_from(line.in_flight).unwrap_or_default();
            }
        }
        for watched in &self.watched {
            let model = watched.monitor.status();
            status.waiting += model.waiting;
            let waits = waits(&model).map(|waits| format!("{}: {waits}", watched.name));
            status.pauses.extend(waits);
        }
        status
    }

    /// Draws the lines of calls in flight, and what they wait for.
    fn draw_busy(&self) {
        for watched in &self.watched {
            watched.draw(&self.bars);
        }
        for line in &self.lines {
            if let Ok(line) = line.lock()
                && line.in_flight > 0
                && !line.bar.is_finished()
            {
                self.draw(&line);
            }
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
        self.watched.iter().for_each(Watched::clear);
        // A terminal that is gone has nothing to clear.
        drop(self.bars.clear());
    }
}

impl Line {
    fn message(&self, elapsed: Duration, waiting: usize) -> String {
        let mut text = format!(
            "err {} retry {} in flight {}",
            self.errors,
            self.retries,
            self.in_flight.max(0)
        );
        if waiting > 0 {
            // Writing to a string cannot fail.
            let _infallible = write!(text, " waiting {waiting}");
        }
        if self.tokens > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a rate for the eye")]
            let rate = self.tokens as f64 / elapsed.as_secs_f64().max(0.001);
            let _infallible = write!(text, " {rate:.0} tok/s");
        }
        if let Some(cost) = self.cost {
            let _infallible = write!(text, " ${cost}");
        }
        text
    }
}

/// A model that is watched, and the line that says what its calls wait for.
struct Watched {
    name: String,
    monitor: Monitor,
    line: Mutex<Option<ProgressBar>>,
}

impl Watched {
    /// Says what is waited for, on a line of its own that is there only meanwhile.
    fn draw(&self, bars: &MultiProgress) {
        let Ok(mut line) = self.line.lock() else {
            return;
        };
        match (waits(&self.monitor.status()), line.take()) {
            (Some(waits), shown) => {
                let shown = shown.unwrap_or_else(|| bars.add(notice()));
                shown.set_message(format!("{}: {waits}", self.name));
                *line = Some(shown);
            }
            (None, Some(shown)) => shown.finish_and_clear(),
            (None, None) => {}
        }
    }

    fn clear(&self) {
        if let Ok(mut line) = self.line.lock()
            && let Some(shown) = line.take()
        {
            shown.finish_and_clear();
        }
    }
}

fn notice() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_msg}");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// What the calls of a model wait for, if they do.
fn waits(status: &ModelStatus) -> Option<String> {
    let is_idle = status.endpoint.oldest.is_none();
    if status.endpoint.absence.is_some() || status.endpoint.pause.is_some() || is_idle {
        // While others are answered, those that wait hold nobody up.
        return pause(status);
    }
    let oldest = status.endpoint.oldest.as_ref();
    let oldest = oldest.filter(|oldest| oldest.age >= LONG)?;
    let (name, age) = (cell::visible(&oldest.name), oldest.age.as_secs());
    let name = foreign::line(&name);
    Some(format!("sample `{name}` is being answered for {age} s"))
}

/// `name`, without its middle where it is long.
fn shortened(name: &str) -> String {
    let characters: Vec<_> = name.chars().collect();
    if characters.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let half = LONGEST_NAME / 2;
    let (start, end) = (&characters[..half], &characters[characters.len() - half..]);
    start.iter().chain(&['…']).chain(end).collect()
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
