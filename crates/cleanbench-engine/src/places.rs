//! Places at an endpoint: how many there are, who is in them, and when nobody may be sent.
//!
//! Invariant: the number of places lies between 1 and a ceiling, at which it starts, so an endpoint that never says
//! "too much" is asked at full speed from the first call. It is halved where more was turned away than chance explains
//! (`refusals.rs`), at most once for all attempts that were under way together, and grows by one for every round of
//! answers (additive increase, multiplicative decrease; Chiu and Jain 1989). Near the number at which the endpoint was
//! last overrun it grows twenty times more slowly: what it could not serve a moment ago, it hardly can now. Where
//! halving did not lower the share of refusals their number was not the cause, and it is undone.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::burst::{Burst, Past, PastBursts, Refused, Streak};
use crate::durations::Durations;
use crate::hands::{Hands, Lent};
use crate::lateness::{Ages, Lateness};
use crate::load::Load;
use crate::refusals::{Recent, Refusals, Relief};

/// Places that a round of answers adds where the endpoint was overrun before.
const NEAR_STEP: f64 = 0.05;
/// An endpoint that nobody reached for so long was away. One that turned everybody away for less had too much in too
/// short a time, as where so many a second are allowed.
const OUTAGE: Duration = Duration::from_secs(2);

/// An attempt on its way.
#[derive(Debug)]
struct InFlight {
    asker: Asker,
    begun: Instant,
    /// What it lent its place for.
    lent: Option<Lent>,
    /// Whether it was counted among those that have become far older than others.
    is_far: bool,
}

impl InFlight {
    /// Whether it has been under way for `age`.
    fn is_older(&self, age: Duration, now: Instant) -> bool {
        now - self.begun >= age
    }

    fn holds_place(&self) -> bool {
        self.lent.is_none()
    }
}

/// An attempt that was answered.
#[derive(Debug, Clone, Copy)]
struct Answered {
    /// The highest number of all that were.
    number: u64,
    /// When the last of them was.
    at: Instant,
}

/// Who asks for a place.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// The sample, as the user calls it.
    pub(crate) name: String,
    /// What came of the attempts of its call before.
    pub(crate) past: Past,
    /// Who makes the calls of its model.
    pub(crate) hands: Hands,
}

/// An attempt that was turned away, and is weighed when an answer to it would have come: refusals are quick, and
/// would seem to be more than they are.
#[derive(Debug)]
struct Refusal {
    number: u64,
    streak: u64,
    begun: Instant,
}

/// A halving that is being watched.
#[derive(Debug, Clone, Copy)]
struct Trial {
    limit: f64,
    overrun: f64,
    before: Recent,
}

/// The call that has been under way longest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oldest {
    /// Its sample.
    pub name: String,
    /// How long its attempt has been under way.
    pub age: Duration,
}

#[derive(Debug)]
pub(crate) struct Places {
    limit: f64,
    ceiling: usize,
    /// The limit at which the endpoint last was overrun.
    overrun: f64,
    /// Places that exist, taken or free. Follows the limit down only as they are given back.
    existing: usize,
    /// Attempts sent so far.
    sent: u64,
    /// Attempts up to this one say nothing of the load as it is now.
    heard_until: u64,
    refusals: Refusals,
    /// Refusals that are not weighed yet.
    unweighed: VecDeque<Refusal>,
    trial: Option<Trial>,
    streak: Streak,
    burst: Option<Burst>,
    /// Since when nobody was served, where attempts are turned away; known throughout a burst.
    away_since: Option<Instant>,
    past: PastBursts,
    in_flight: BTreeMap<u64, InFlight>,
    durations: Durations,
    lateness: Lateness,
    latest: Option<Answered>,
    /// Whether anybody was ever served.
    was_there: bool,
}

impl Places {
    /// `ceiling` places, at least one.
    pub(crate) fn new(ceiling: usize) -> Self {
        Self {
            limit: as_limit(ceiling),
            ceiling,
            overrun: f64::INFINITY,
            existing: ceiling,
            sent: 0,
            heard_until: 0,
            refusals: Refusals::default(),
            unweighed: VecDeque::new(),
            trial: None,
            streak: Streak::first(),
            burst: None,
            away_since: None,
            past: PastBursts::default(),
            in_flight: BTreeMap::new(),
            durations: Durations::default(),
            lateness: Lateness::default(),
            latest: None,
            was_there: false,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and a ceiling that was a whole number"
    )]
    pub(crate) fn limit(&self) -> usize {
        self.limit as usize
    }

    /// The end of the pause, if there is one now.
    pub(crate) fn pause(&self, now: Instant) -> Option<Instant> {
        let until = self.burst.as_ref()?.until();
        (until > now).then_some(until)
    }

    /// How long the endpoint has turned everybody away, if it does.
    pub(crate) fn absence(&self, now: Instant) -> Option<Duration> {
        self.burst.as_ref()?;
        Some(now - self.away_since?)
    }

    /// Whether nobody was served for `patience`, and nobody seems to be being served.
    pub(crate) fn is_gone(&self, patience: Duration, now: Instant) -> bool {
        let after = self.streak.accepted_after();
        let is_busy = self
            .in_flight
            .values()
            .any(|flight| now - flight.begun >= after);
        !is_busy && self.absence(now).is_some_and(|time| time >= patience)
    }

    /// Whether what failed in `streak` never costs a call a retry.
    pub(crate) fn is_forgiven(&self, streak: u64) -> bool {
        self.past.has(streak)
    }

    /// The number under which an attempt sets off, from 1; `None` in a pause.
    pub(crate) fn depart(&mut self, asker: &Asker, now: Instant) -> Option<u64> {
        if self.pause(now).is_some() {
            return None;
        }
        self.look_for_accepted(None, now);
        if let Some(burst) = &mut self.burst {
            burst.probe(now);
        }
        if asker.past == Past::New {
            self.refusals.note_call();
        }
        self.sent += 1;
        let flight = InFlight {
            asker: asker.clone(),
            begun: now,
            lent: None,
            is_far: false,
        };
        self.in_flight.insert(self.sent, flight);
        Some(self.sent)
    }

    /// Attempt `number` is no longer on its way; whether its place is free again, because it was not lent.
    pub(crate) fn land(&mut self, number: u64) -> bool {
        let flight = self.in_flight.remove(&number);
        flight.is_none_or(|flight| flight.lent.is_none())
    }

    /// Takes in what attempt `number` says. Gives the streak of refusals that it failed in, if it did.
    pub(crate) fn hear(&mut self, number: u64, load: Load, now: Instant) -> Option<u64> {
        match load {
            Load::Served => {
                if let Some(time) = self.time_of(number, now) {
                    self.lateness.note_answered(time, &self.durations);
                    self.durations.add(time);
                }
                let highest = self.latest.map_or(0, |latest| latest.number);
                self.latest = Some(Answered {
                    number: highest.max(number),
                    at: now,
                });
                self.served(number, now);
                self.grow();
                None
            }
            Load::Judged => {
                self.served(number, now);
                None
            }
            Load::TurnedAway(asked) => Some(self.turned_away(number, asked, now)),
            // Who was never there is not waited for: its address may be wrong.
            Load::Unreachable if !self.was_there => None,
            Load::Unreachable => Some(self.turned_away(number, None, now)),
            Load::Unknown => self.failed_otherwise(number, now),
        }
    }

    /// Attempt `number` failed in a way that says nothing of load. In a burst it costs nothing; one that was sent to see
    /// whether somebody is there has shown that.
    fn failed_otherwise(&mut self, number: u64, now: Instant) -> Option<u64> {
        let is_probe = self.burst.as_ref()?.is_probe(number);
        if !is_probe {
            return Some(self.streak.number);
        }
        let is_outage = self.absence(now).is_some_and(|time| time >= OUTAGE);
        self.end_streak(true, is_outage, now);
        None
    }

    /// How long attempt `number` has been under way.
    fn time_of(&self, number: u64, now: Instant) -> Option<Duration> {
        let flight = self.in_flight.get(&number)?;
        Some(now - flight.begun)
    }

    /// Somebody has been served before.
    pub(crate) fn greet(&mut self) {
        self.was_there = true;
    }

    fn served(&mut self, number: u64, now: Instant) {
        self.was_there = true;
        let away = self.away_since.take();
        if number > self.streak.first {
            let is_outage = away.is_some_and(|since| now - since >= OUTAGE);
            let is_probe = self
                .burst
                .as_ref()
                .is_some_and(|burst| burst.is_probe(number));
            self.end_streak(is_probe, is_outage, now);
        } else if self.streak.length > 0 {
            self.streak.is_serving = true;
            if let Some(burst) = &mut self.burst {
                burst.let_one_go(now);
                self.away_since = Some(now);
            }
        }
        self.weigh_due(now);
        self.note(number, false);
        self.weigh();
    }

    /// An attempt that was sent after others were turned away was not: the streak of refusals is over. Those cost
    /// nothing if they are `forgiven`.
    fn end_streak(&mut self, forgiven: bool, is_outage: bool, now: Instant) {
        let next = self.streak.next(self.away_since.is_some());
        let ended = std::mem::replace(&mut self.streak, next);
        self.burst = None;
        if forgiven {
            self.past.add(ended.number);
            if is_outage && !ended.is_serving {
                // It was away and is back: that says nothing of how much it bears.
                self.unweighed.retain(|one| one.streak != ended.number);
            }
        }
        self.weigh_due(now);
    }

    /// Ends the streak where an attempt that was sent in it, another than `but`, has been under way for so long that it
    /// was accepted.
    fn look_for_accepted(&mut self, but: Option<u64>, now: Instant) {
        if self.streak.length == 0 {
            return;
        }
        let after = self.streak.accepted_after();
        let later = self.in_flight.range(self.streak.first.saturating_add(1)..);
        let mut others = later.filter(|(number, _)| Some(**number) != but);
        if others.any(|(_, flight)| now - flight.begun >= after) {
            let is_outage = self.absence(now).is_some_and(|time| time >= OUTAGE);
            // Whether it will be answered is not known, so nobody is charged for what failed until then.
            self.end_streak(self.burst.is_some(), is_outage, now);
        }
    }

    fn turned_away(&mut self, number: u64, asked: Option<Duration>, now: Instant) -> u64 {
        if self.burst.is_none() {
            self.look_for_accepted(Some(number), now);
        }
        let flight = self.in_flight.get(&number);
        let time = flight.map_or(Duration::ZERO, |flight| now - flight.begun);
        let past = flight.map_or(Past::New, |flight| flight.asker.past);
        self.streak.add(Refused {
            number,
            begun: now - time,
            time,
            asked,
            past,
        });
        if past.is_again_in(self.streak.number) {
            self.refusals.note_again();
        }
        self.unweighed.push_back(Refusal {
            number,
            streak: self.streak.number,
            begun: now - time,
        });
        match &mut self.burst {
            Some(burst) => burst.turned_away(number, asked, now),
            None if self
                .refusals
                .is_burst(self.streak.length, self.streak.fresh) =>
            {
                let since = *self.away_since.get_or_insert(self.streak.since);
                self.burst = Some(Burst::new(&self.streak, self.sent, since, now));
            }
            None => {}
        }
        self.streak.number
    }

    /// Whether `streak` may still turn out to be a burst.
    pub(crate) fn is_undecided(&self, streak: u64) -> bool {
        self.burst.is_none() && self.streak.number == streak
    }

    /// Whether what failed in `streak` costs a call a retry.
    pub(crate) fn costs(&self, streak: u64) -> bool {
        let is_now = self.burst.is_some() && self.streak.number == streak;
        !is_now && !self.past.has(streak)
    }

    /// Whether chance alone may turn a call away so often.
    pub(crate) fn may_be_chance(&self, times: u32) -> bool {
        self.refusals.may_be_chance(times)
    }

    /// Takes in the refusals of attempts that would have been answered by now.
    fn weigh_due(&mut self, now: Instant) {
        let answer = self.typical().unwrap_or_default();
        while let Some(one) = self.unweighed.front()
            && (one.streak != self.streak.number || self.streak.is_serving)
            && one.begun + answer <= now
        {
            let number = one.number;
            self.unweighed.pop_front();
            self.note(number, true);
        }
    }

    fn note(&mut self, number: u64, refused: bool) {
        if number > self.heard_until {
            self.refusals.note(refused, self.learns());
        }
    }

    /// Whether refusals now are usual, rather than by too much at once.
    fn learns(&self) -> bool {
        self.trial.is_none() && (self.overrun.is_infinite() || self.limit + 1.5 < self.overrun)
    }

    /// Halves the limit where too much was turned away, and undoes it where that was in vain.
    fn weigh(&mut self) {
        if !self.refusals.are_enough(self.limit()) {
            return;
        }
        let trial = self.trial.take();
        // With more than half turned away it is halved again, and not known before whether that helps.
        let is_over = self.limit() == 1 || self.refusals.may_be_usual();
        match trial {
            Some(trial) if is_over => match self.refusals.relief(trial.before) {
                Relief::Unknown => self.trial = Some(trial),
                Relief::None => self.undo(trial),
                Relief::Some => self.halve_if_needed(None),
            },
            earlier => self.halve_if_needed(earlier),
        }
    }

    fn halve_if_needed(&mut self, earlier: Option<Trial>) {
        if self.limit() > 1 && self.refusals.is_beyond_chance() {
            self.halve(earlier);
        } else {
            self.trial = earlier;
        }
    }

    fn undo(&mut self, trial: Trial) {
        self.limit = trial.limit;
        self.overrun = trial.overrun;
        self.refusals.learn(trial.before);
        let now = self.refusals.take_recent();
        self.refusals.learn(now);
    }

    /// Halves the limit; whether that helps is seen against what was before the first halving.
    fn halve(&mut self, earlier: Option<Trial>) {
        let before = self.refusals.take_recent();
        self.trial = Some(earlier.unwrap_or(Trial {
            limit: self.limit,
            overrun: self.overrun,
            before,
        }));
        self.overrun = self.limit;
        self.limit = (self.limit / 2.0).max(1.0);
        self.heard_until = self.sent;
    }

    /// One more place for every round of answers, unless more seems to be turned away than is usual.
    fn grow(&mut self) {
        let is_at_ceiling = self.limit >= as_limit(self.ceiling);
        if is_at_ceiling || self.trial.is_some() || self.refusals.are_in_doubt() {
            return;
        }
        if self.limit >= self.overrun + 1.0 {
            self.overrun = f64::INFINITY;
        }
        let near = self.limit + 1.5 >= self.overrun;
        let step = if near { NEAR_STEP } else { 1.0 } / self.limit;
        self.limit = (self.limit + step).min(as_limit(self.ceiling));
    }

    /// Places that are to be added so that there are as many as may be.
    pub(crate) fn add_missing(&mut self) -> usize {
        let added = self.limit().saturating_sub(self.existing);
        self.existing += added;
        added
    }

    /// Places that are too many.
    pub(crate) fn surplus(&self) -> usize {
        self.existing.saturating_sub(self.limit())
    }

    /// So many places are no more.
    pub(crate) fn remove(&mut self, places: usize) {
        self.existing -= places;
    }

    /// How long an answer takes, typically.
    pub(crate) fn typical(&self) -> Option<Duration> {
        self.durations.percentile(50)
    }

    /// Lends the places of calls that are far older than others which were sent after them and answered; how many.
    ///
    /// Where nobody is answered hardly any is lent: it would only bring more calls to an endpoint that hangs.
    pub(crate) fn lend(&mut self, now: Instant) -> usize {
        let (Some(ages), Some(latest)) = (Ages::of(&self.durations), self.latest) else {
            return 0;
        };
        self.count_far(ages, latest, now);
        let held_up = self.in_flight.range(..latest.number);
        let far =
            held_up.filter(|(_, flight)| flight.holds_place() && flight.is_older(ages.far, now));
        let age = self.lateness.lends_at(ages, far.count(), self.limit());
        let silence = now - latest.at;
        if silence < age.min(ages.far) {
            let held_up = self.in_flight.range_mut(..latest.number);
            lend_older(held_up, age, now)
        } else if self.lateness.looks(silence) {
            let holding = self.in_flight.iter_mut();
            let holding = holding.filter(|(_, flight)| flight.holds_place());
            lend_older(holding.take(1), age, now)
        } else {
            0
        }
    }

    /// Notes the calls that have become far older than others which were sent after them and answered.
    fn count_far(&mut self, ages: Ages, latest: Answered, now: Instant) {
        for (_, flight) in self.in_flight.range_mut(..latest.number) {
            if !flight.is_far && flight.is_older(ages.far, now) {
                flight.is_far = true;
                self.lateness.note_far();
            }
        }
    }

    /// The attempt that has been under way longest.
    pub(crate) fn oldest(&self, now: Instant) -> Option<Oldest> {
        let (_, flight) = self.in_flight.first_key_value()?;
        Some(Oldest {
            name: flight.asker.name.clone(),
            age: now - flight.begun,
        })
    }
}

/// Lends the places of those of `flights` that have been under way for `age`; how many.
fn lend_older<'a>(
    flights: impl Iterator<Item = (&'a u64, &'a mut InFlight)>,
    age: Duration,
    now: Instant,
) -> usize {
    let mut lent = 0;
    for (_, flight) in flights {
        let is_due = flight.holds_place() && flight.is_older(age, now);
        if is_due && flight.asker.hands.may_wait() {
            flight.lent = Some(flight.asker.hands.lend());
            lent += 1;
        }
    }
    lent
}

#[expect(
    clippy::cast_precision_loss,
    reason = "far fewer than 2^52 attempts are in flight"
)]
fn as_limit(ceiling: usize) -> f64 {
    ceiling as f64
}
