//! One pass over the journal: where the records of each call are, and sums over attempts.

use std::collections::BTreeMap;

use cleanbench_core::event::{Cap, Lag, Reading, StopReason};
use cleanbench_core::history::CallTable;
use cleanbench_core::{Digest, Event, Shard, Usage, Usd};
use cleanbench_ledger::record::SegmentHead;
use cleanbench_ledger::show_index::Trace;
use cleanbench_ledger::{JournalReader, Location, Manifest, RunDirectory, Tail};
use cleanbench_price::Price;

use crate::ReportError;
use crate::attempt::{AttemptRow, follow};
use crate::times::{Clock, Latency};

/// What the journal says, in a form that rows can be drawn from. About 36 bytes a call, and while it is
/// read up to 16 more for its times.
#[derive(Debug)]
pub struct Index {
    /// The state of every call.
    pub table: CallTable,
    pub(crate) started: Vec<Location>,
    pub(crate) replied: Vec<Location>,
    pub(crate) ended: Vec<Location>,
    pub(crate) judged: Vec<Location>,
    /// Attempts of each call that were sent and failed, at most 255.
    pub(crate) failed: Vec<u8>,
    /// Sums over attempts, for each model and task.
    pub totals: Vec<Vec<Totals>>,
    /// How long answered calls took, for each model and task.
    pub latency: Vec<Vec<Latency>>,
    clocks: Vec<Vec<Clock>>,
    /// Heads of the journal's segments.
    pub heads: Vec<SegmentHead>,
    /// Time of the last record.
    pub last_at: String,
    /// Why the last writer stopped; `None` if it was killed.
    pub stopped: Option<StopReason>,
    /// The cap that the last writer stopped at, if it did.
    pub(crate) cap: Option<Cap>,
    /// How late timers fired, of the writer with whom they were latest.
    pub(crate) lag: Option<Lag>,
    /// Digest of the plan according to the journal.
    pub planned: Option<Digest>,
    /// Payloads that were zeroed on purpose.
    pub erased: Vec<cleanbench_core::event::PayloadRef>,
}

/// Sums over the attempts of one model at one task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Attempts started.
    pub attempts: u64,
    /// Attempts whose outcome is unknown and that were possibly billed.
    pub unknown: u64,
    /// Reported prompt tokens.
    pub prompt: Sum,
    /// Reported generated tokens.
    pub completion: Sum,
    /// Reported reasoning tokens.
    pub reasoning: Sum,
    /// Prompt tokens read from the endpoint's cache, of the attempts that reported both these and all
    /// prompt tokens, without contradiction.
    pub cached: Sum,
    /// All prompt tokens of the same attempts.
    pub cacheable: Sum,
    /// Attempts whose reported counts contradict each other.
    pub inconsistent: u64,
    /// Attempts of whose counts some were not reported but derived.
    pub estimated: u64,
    /// Cost of the attempts whose usage and price are known.
    pub cost: Usd,
    /// Attempts whose cost is known.
    pub priced: u64,
    /// Answers of earlier runs among the attempts. Their tokens are in no sum, and they cost nothing.
    pub from_cache: u64,
}

impl Totals {
    /// Notes what the counts of an attempt are worth, and how much of its prompt was cached.
    fn add_quality(&mut self, usage: &Usage) {
        self.inconsistent += u64::from(usage.inconsistent);
        self.estimated += u64::from(usage.estimated);
        if let (Some(_), Some(_), false) = (usage.cached, usage.prompt, usage.inconsistent) {
            self.cached.add(usage.cached);
            self.cacheable.add(usage.prompt);
        }
    }

    /// Adds the tokens that `reading` reports.
    fn add_reading(&mut self, reading: Option<&Reading>) {
        let Some(Reading { usage, .. }) = reading else {
            return;
        };
        self.prompt.add(usage.prompt);
        self.completion.add(usage.completion);
        self.reasoning.add(usage.reasoning);
        self.add_quality(usage);
    }

    /// Share of the prompt tokens that came from the endpoint's cache; `None` where nothing is known.
    pub fn cache_share(&self) -> Option<f64> {
        let all = self.cacheable.known().filter(|tokens| *tokens > 0)?;
        #[expect(clippy::cast_precision_loss, reason = "no run has 2^53 tokens")]
        Some(self.cached.total as f64 / all as f64)
    }
}

/// A sum of counts of which some were not reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Sum of those that were.
    pub total: u64,
    /// Number of those that were.
    pub reported: u64,
}

impl Sum {
    fn add(&mut self, count: Option<u64>) {
        if let Some(count) = count {
            self.total = self.total.saturating_add(count);
            self.reported += 1;
        }
    }

    /// The sum; `None` when nothing was reported, which is not 0.
    pub fn known(self) -> Option<u64> {
        (self.reported > 0).then_some(self.total)
    }
}

/// What tokens cost.
#[derive(Clone, Copy)]
struct Prices<'a> {
    /// Of each model.
    each: &'a [Option<Price>],
    /// Whether the answers were bought elsewhere: what was not asked for here is free only where this program paid
    /// for it before.
    is_imported: bool,
}

/// Reads the journal of `run` once, in its order: the calls of a batch have a place from the record on that
/// planned them, and of several records of a call the last one holds. `each` gets every attempt that has ended, in journal order.
pub(crate) fn scan(
    run: &RunDirectory,
    manifest: &Manifest,
    prices: &[Option<Price>],
    tail: Tail,
    mut each: impl FnMut(&AttemptRow) -> Result<(), ReportError>,
) -> Result<Index, ReportError> {
    let space = manifest.plan.call_space();
    let calls = usize::try_from(space.calls()).unwrap_or(usize::MAX);
    let mut index = Index {
        table: CallTable::new(space),
        started: vec![Location::default(); calls],
        replied: vec![Location::default(); calls],
        ended: vec![Location::default(); calls],
        judged: vec![Location::default(); calls],
        failed: vec![0; calls],
        totals: vec![
            vec![Totals::default(); manifest.plan.tasks.len()];
            manifest.plan.models.len()
        ],
        latency: Vec::new(),
        clocks: vec![vec![Clock::default(); manifest.plan.tasks.len()]; manifest.plan.models.len()],
        heads: Vec::new(),
        last_at: String::new(),
        stopped: None,
        cap: None,
        lag: None,
        planned: None,
        erased: Vec::new(),
    };
    let prices = Prices {
        each: prices,
        is_imported: manifest.plan.imported.is_some(),
    };
    let mut open = BTreeMap::new();
    let mut stops = Stops::default();
    let mut reader = JournalReader::open(run, manifest, tail)?;
    while let Some((location, record)) = reader.read()? {
        stops.note(&record.event, reader.part());
        index.table.narrow(reader.part());
        index.table.apply(&record.event)?;
        index.make_room();
        index.place(location, &record.event);
        if let Some(row) = follow(&mut open, record.at, record.event) {
            let row = index.total(row, prices);
            each(&row)?;
        }
    }
    // What a writer dropped or left behind has no end on record, and was possibly billed all the same.
    let left = std::mem::take(&mut open).into_values();
    for row in left.filter(|row| row.cached.is_none()) {
        let row = index.total(
            AttemptRow {
                unknown: true,
                ..row
            },
            prices,
        );
        each(&row)?;
    }
    let clocks = std::mem::take(&mut index.clocks).into_iter();
    index.latency = clocks
        .map(|of_model| of_model.into_iter().map(Clock::finish).collect())
        .collect();
    index.table.narrow(manifest.shard);
    index.stopped = stops.reason();
    index.heads = reader.heads().to_vec();
    reader.last_at().clone_into(&mut index.last_at);
    Ok(index)
}

/// Why the last writer of each shard stopped, and the last writer of all.
#[derive(Debug, Default)]
struct Stops(BTreeMap<Option<Shard>, Option<StopReason>>);

impl Stops {
    fn note(&mut self, event: &Event, part: Option<Shard>) {
        match event {
            Event::SegmentOpened { .. } => drop(self.0.insert(part, None)),
            Event::Stopped { reason, .. } => drop(self.0.insert(part, Some(*reason))),
            _ => {}
        }
    }

    /// Who went on with a merged run has the last word, else the shard that fared worst.
    fn reason(&self) -> Option<StopReason> {
        if let Some(last) = self.0.get(&None) {
            return *last;
        }
        let mut reasons = self.0.values().copied();
        let first = reasons.next().flatten();
        reasons.fold(first, |worst, reason| Some(worst?.worst(reason?)))
    }
}

impl Index {
    /// The records of the call of that number; `None` if there is no such call.
    pub(crate) fn trace(&self, call: u64) -> Option<Trace> {
        let call = usize::try_from(call).ok()?;
        Some(Trace {
            started: *self.started.get(call)?,
            replied: *self.replied.get(call)?,
            ended: *self.ended.get(call)?,
            judged: *self.judged.get(call)?,
            outcome: self.table.outcome(call),
        })
    }

    /// Makes room for the calls of a batch that was planned just now.
    fn make_room(&mut self) {
        let calls = usize::try_from(self.table.space().calls()).unwrap_or(usize::MAX);
        if calls == self.failed.len() {
            return;
        }
        for locations in [
            &mut self.started,
            &mut self.replied,
            &mut self.ended,
            &mut self.judged,
        ] {
            locations.resize(calls, Location::default());
        }
        self.failed.resize(calls, 0);
    }

    fn place(&mut self, location: Location, event: &Event) {
        let space = self.table.space();
        match event {
            Event::AttemptStarted { place, .. } => {
                set(&mut self.started, space.index(*place), location);
            }
            Event::ReplyReceived { place, .. } => {
                set(&mut self.replied, space.index(*place), location);
            }
            Event::AttemptEnded { place, .. } => {
                set(&mut self.ended, space.index(*place), location);
            }
            Event::Judged { place, .. } => set(&mut self.judged, space.index(*place), location),
            Event::Planned { plan } => self.planned = Some(*plan),
            Event::Erased { payload } => self.erased.push(*payload),
            Event::Stopped { cap, lag, .. } => {
                self.cap = *cap;
                self.lag = [self.lag, *lag]
                    .into_iter()
                    .flatten()
                    .max_by_key(|lag| lag.p99);
            }
            Event::InputAdded { .. }
            | Event::BatchPlanned { .. }
            | Event::SegmentOpened { .. }
            | Event::GenerationOpened { .. }
            | Event::AttemptUnknown { .. } => {}
        }
    }

    /// Adds an attempt to the sums and fills in its cost.
    fn total(&mut self, mut row: AttemptRow, prices: Prices<'_>) -> AttemptRow {
        let model = row.place.model as usize;
        let Some(task) = self.table.space().task_of(row.place) else {
            return row;
        };
        let price = prices.each.get(model).and_then(Option::as_ref);
        row.cost = price
            .zip(row.reading.as_ref())
            .and_then(|(price, reading)| price.cost(&reading.usage));
        let totals = &mut self.totals[model][task];
        totals.attempts += 1;
        if row.cached.is_some() {
            totals.from_cache += 1;
            if prices.is_imported {
                totals.add_reading(row.reading.as_ref());
            } else {
                totals.priced += 1;
                row.cost = Some(Usd::ZERO);
            }
            return row;
        }
        totals.unknown += u64::from(row.unknown);
        if let (Some(_), Some(call)) = (&row.error, self.table.space().index(row.place)) {
            self.failed[call] = self.failed[call].saturating_add(1);
        }
        totals.add_reading(row.reading.as_ref());
        if let Some(cost) = row.cost {
            totals.cost += cost;
            totals.priced += 1;
        }
        self.clocks[model][task].add(&row);
        row
    }
}

fn set(locations: &mut [Location], index: Option<usize>, location: Location) {
    if let Some(slot) = index.and_then(|index| locations.get_mut(index)) {
        *slot = location;
    }
}
