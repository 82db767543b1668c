//! When a call lends its place to another, because it is far older than those that are answered.
//!
//! None is cut off because others were faster: that would censor the hardest samples. A call that lends its place is
//! waited for as before, so what is risked is only one more call in flight. Invariant: a call that others outran lends at
//! ten times the 99th percentile, and at four times only where the last ones of this age all came to ten times without an
//! answer. An endpoint that has become slow for all answers some of them between, and then lends no sooner than before;
//! and its answers raise the percentile.

use std::time::Duration;

use crate::durations::Durations;

/// Answers that must be known before a call is called older than others.
const FEWEST_KNOWN: usize = 50;
/// So many times the 99th percentile is far older.
const FAR_OLDER: u32 = 10;
/// No call is far older before this.
const OLD: Duration = Duration::from_secs(30);
/// The same where such calls hold an eighth of all places, and so hold up all others.
const OLD_AND_MANY: Duration = Duration::from_millis(500);
const MANY: usize = 8;
/// So many times the 99th percentile is older, which suffices where the last calls of this age were not answered.
const OLDER: u32 = 4;
/// No call is older before this.
const OLD_AND_HOPELESS: Duration = Duration::from_millis(200);
/// So many in a row are no chance: were half of them answered between, it would be one in thirty.
const HOPELESS: u32 = 5;

/// Ages at which a call is older than nearly all that were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ages {
    pub(crate) older: Duration,
    pub(crate) far: Duration,
}

impl Ages {
    /// Where answers took as long as `durations`; `None` where too few are known.
    pub(crate) fn of(durations: &Durations) -> Option<Self> {
        let usual = durations.percentile(99)?;
        (durations.known() >= FEWEST_KNOWN).then(|| Self {
            older: (usual * OLDER).max(OLD_AND_HOPELESS),
            far: (usual * FAR_OLDER).max(OLD_AND_MANY),
        })
    }
}

/// What became of the calls that were older than others.
#[derive(Debug, Default)]
pub(crate) struct Lateness {
    /// So many of the last ones, in a row, became far older without an answer.
    hopeless: u32,
    /// How long nobody had been answered when a place was last lent to see.
    looked: Duration,
}

impl Lateness {
    /// One has become far older without an answer.
    pub(crate) fn note_far(&mut self) {
        self.hopeless = self.hopeless.saturating_add(1);
    }

    /// One was answered after `time`, where answers before took as long as `durations`.
    pub(crate) fn note_answered(&mut self, time: Duration, durations: &Durations) {
        self.looked = Duration::ZERO;
        // Most are quick, and need no percentile.
        if self.hopeless == 0 || time < OLD_AND_HOPELESS {
            return;
        }
        let is_between = |ages: Ages| (ages.older..ages.far).contains(&time);
        if Ages::of(durations).is_some_and(is_between) {
            self.hopeless = 0;
        }
    }

    fn are_hopeless(&self) -> bool {
        self.hopeless >= HOPELESS
    }

    /// Whether one place is lent although nobody has been answered for `silence`, which is as old as a call has to be:
    /// all calls under way may be such as are not answered. Each time after twice as long, so that an endpoint that
    /// hangs as a whole gets a handful more.
    pub(crate) fn looks(&mut self, silence: Duration) -> bool {
        let is_due = self.are_hopeless() && silence >= self.looked * 2;
        if is_due {
            self.looked = silence;
        }
        is_due
    }

    /// The age at which a call lends its place, where `far` calls that are far older hold one of `places`.
    pub(crate) fn lends_at(&self, ages: Ages, far: usize, places: usize) -> Duration {
        if self.are_hopeless() {
            ages.older
        } else if far * MANY >= places {
            ages.far
        } else {
            ages.far.max(OLD)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durations(milliseconds: u64) -> Durations {
        let mut durations = Durations::default();
        (0..50).for_each(|_| durations.add(Duration::from_millis(milliseconds)));
        durations
    }

    #[test]
    fn a_call_lends_sooner_where_those_before_were_not_answered() {
        let usual = durations(200);
        let ages = Ages::of(&usual).unwrap();
        let (older, far) = (Duration::from_millis(800), Duration::from_secs(2));
        assert_eq!(ages, Ages { older, far });
        let mut lateness = Lateness::default();
        assert_eq!(lateness.lends_at(ages, 1, 16), OLD);
        assert_eq!(lateness.lends_at(ages, 2, 16), far);
        assert!(!lateness.looks(far));
        (0..HOPELESS).for_each(|_| lateness.note_far());
        assert_eq!(lateness.lends_at(ages, 0, 16), older);
        for (silence, expected) in [(800, true), (1599, false), (1600, true), (3000, false)] {
            assert_eq!(lateness.looks(Duration::from_millis(silence)), expected);
        }
        // One that was quick or came after all says nothing of how soon it is known that none comes.
        lateness.note_answered(older / 2, &usual);
        lateness.note_answered(far, &usual);
        assert!(lateness.looks(older), "somebody was answered");
        assert_eq!(lateness.lends_at(ages, 0, 16), older);
        lateness.note_answered(older, &usual);
        assert_eq!(lateness.lends_at(ages, 2, 16), far);
    }

    #[test]
    fn of_few_answers_and_quick_ones_little_follows() {
        let mut few = Durations::default();
        (0..49).for_each(|_| few.add(Duration::from_millis(200)));
        assert_eq!(Ages::of(&few), None);
        let ages = Ages::of(&durations(1)).unwrap();
        assert_eq!((ages.older, ages.far), (OLD_AND_HOPELESS, OLD_AND_MANY));
    }
}
