//! Refusals in a row, and what is done while they last.
//!
//! While nobody is there the endpoint is left alone: for as long as it asked for, or for an eighth of the time that it
//! has been away, whichever is longer; then one attempt goes out to see. So an endpoint that is back is found within an
//! eighth of its absence, and is asked some fifty times in ten minutes.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The longest pause, whatever an endpoint asks for.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// The shortest pause of an endpoint that is not there.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
/// The longest that it is left alone without having asked for it.
const LONGEST_OWN_PAUSE: Duration = Duration::from_secs(15);
/// Part of its absence that passes until it is asked again.
const PART: u32 = 8;
/// An attempt is not called accepted before, however quickly others were turned away.
const ACCEPTED: Duration = Duration::from_millis(50);
/// Bursts that are remembered, so that what failed in them costs no retry.
const REMEMBERED: usize = 256;

/// What came of the attempts that a call had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Past {
    /// There were none.
    #[default]
    New,
    /// They were turned away, all in the streak called so.
    TurnedAwayIn(u64),
    /// They failed in another way, or were turned away with others served between.
    Failed,
}

impl Past {
    /// The same after an attempt that failed: turned away in `streak`, or in another way.
    pub(crate) fn after(self, streak: Option<u64>) -> Self {
        match (self, streak) {
            (Self::New, Some(now)) => Self::TurnedAwayIn(now),
            (Self::TurnedAwayIn(before), Some(now)) if before == now => self,
            _ => Self::Failed,
        }
    }

    /// Whether a call of this past that is turned away in `streak` meets that again, for the first time, after others
    /// were served.
    pub(crate) fn is_again_in(self, streak: u64) -> bool {
        matches!(self, Self::TurnedAwayIn(before) if before != streak)
    }
}

/// An attempt that was turned away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused {
    pub(crate) number: u64,
    /// When it set off.
    pub(crate) begun: Instant,
    /// How long it took to be turned away.
    pub(crate) time: Duration,
    /// The pause that it was asked for.
    pub(crate) asked: Option<Duration>,
    /// What came of the attempts of its call before.
    pub(crate) past: Past,
}

/// Attempts in a row, in the order in which they were sent, that were all turned away.
#[derive(Debug)]
pub(crate) struct Streak {
    /// Tells streaks apart.
    pub(crate) number: u64,
    pub(crate) length: u32,
    /// The first of them.
    pub(crate) first: u64,
    /// When the first of them set off.
    pub(crate) since: Instant,
    /// Whether attempts that had been sent before were served meanwhile: the endpoint is there, and turns away.
    pub(crate) is_serving: bool,
    /// How many were of calls that had not failed before, not even in a burst. Calls that are turned away whatever the
    /// endpoint does come last in a run, one after the other, and are no outage.
    pub(crate) fresh: u32,
    /// The longest that it took to be turned away.
    slowest: Duration,
    /// The longest pause that was asked for.
    asked: Duration,
}

impl Streak {
    /// The first streak, still without a refusal.
    pub(crate) fn first() -> Self {
        Self {
            number: 1,
            length: 0,
            first: u64::MAX,
            since: Instant::now(),
            is_serving: false,
            fresh: 0,
            slowest: Duration::ZERO,
            asked: Duration::ZERO,
        }
    }

    /// The streak after this one. While nobody is served it is known how long it takes to be turned away.
    pub(crate) fn next(&self, is_away: bool) -> Self {
        let known = if is_away {
            self.slowest
        } else {
            Duration::ZERO
        };
        Self {
            number: self.number + 1,
            slowest: known,
            ..Self::first()
        }
    }

    /// One refusal more.
    pub(crate) fn add(&mut self, refused: Refused) {
        if self.length == 0 {
            self.since = refused.begun;
        }
        self.length += 1;
        self.fresh += u32::from(refused.past == Past::New);
        self.first = self.first.min(refused.number);
        self.slowest = self.slowest.max(refused.time);
        self.asked = self.asked.max(refused.asked.unwrap_or_default());
    }

    /// How long an attempt must have been under way to be called accepted.
    pub(crate) fn accepted_after(&self) -> Duration {
        (self.slowest * 2).max(ACCEPTED)
    }
}

/// A streak that is no chance: nobody is there.
#[derive(Debug)]
pub(crate) struct Burst {
    /// When it began.
    since: Instant,
    /// Attempts up to this one were sent before it was known.
    known_after: u64,
    /// No attempt is sent before, unless the endpoint serves one.
    until: Instant,
    /// No attempt is sent before, because the endpoint asked for it.
    asked_until: Instant,
}

impl Burst {
    /// What `streak` has become, after `sent` attempts; nobody has been served `since` then.
    pub(crate) fn new(streak: &Streak, sent: u64, since: Instant, now: Instant) -> Self {
        let mut burst = Self {
            since,
            known_after: sent,
            until: now,
            asked_until: now,
        };
        burst.ask_for(streak.asked, now);
        burst.probe(now);
        burst
    }

    /// When the next attempt may be sent.
    pub(crate) fn until(&self) -> Instant {
        self.until.max(self.asked_until)
    }

    /// Whether attempt `number` was sent to see whether somebody is there again.
    pub(crate) fn is_probe(&self, number: u64) -> bool {
        number > self.known_after
    }

    /// Sends an attempt to see; another may follow after as long as is waited anyway, should it not return.
    pub(crate) fn probe(&mut self, now: Instant) {
        let own = (now - self.since) / PART;
        self.until = now + own.clamp(SHORTEST_PAUSE, LONGEST_OWN_PAUSE);
    }

    /// Lets one attempt go at once, unless the endpoint asked for a pause: one was served, and what was its place may
    /// be free.
    pub(crate) fn let_one_go(&mut self, now: Instant) {
        self.until = now;
    }

    /// Attempt `number` was turned away too, and asked for a pause of `asked`.
    pub(crate) fn turned_away(&mut self, number: u64, asked: Option<Duration>, now: Instant) {
        self.ask_for(asked.unwrap_or_default(), now);
        if self.is_probe(number) {
            self.probe(now);
        }
    }

    fn ask_for(&mut self, asked: Duration, now: Instant) {
        self.asked_until = self.asked_until.max(now + asked.min(LONGEST_PAUSE));
    }
}

/// The streaks that were bursts.
#[derive(Debug, Default)]
pub(crate) struct PastBursts(VecDeque<u64>);

impl PastBursts {
    pub(crate) fn add(&mut self, streak: u64) {
        self.0.push_back(streak);
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    pub(crate) fn has(&self, streak: u64) -> bool {
        self.0.contains(&streak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_with_the_absence_and_follow_what_was_asked() {
        let start = Instant::now();
        let mut streak = Streak::first();
        for number in 1..=4 {
            streak.add(Refused {
                number,
                begun: start,
                time: Duration::ZERO,
                asked: None,
                past: Past::New,
            });
        }
        assert_eq!(streak.fresh, 4);
        let mut burst = Burst::new(&streak, 4, start, start);
        let mut probes = Vec::new();
        while burst.until() - start < Duration::from_mins(10) {
            let now = burst.until();
            probes.push(now - start);
            burst.probe(now);
            burst.turned_away(5, None, now);
        }
        assert!(probes.windows(2).all(|pair| {
            let gap = pair[1].saturating_sub(pair[0]);
            gap <= LONGEST_OWN_PAUSE && gap <= SHORTEST_PAUSE.max(pair[0] / 8)
        }));
        assert!((50..90).contains(&probes.len()), "{}", probes.len());
        let now = burst.until();
        burst.turned_away(6, Some(Duration::from_secs(40)), now);
        assert_eq!(burst.until() - now, Duration::from_secs(40));
        burst.turned_away(7, Some(Duration::from_hours(1)), now);
        assert_eq!(burst.until() - now, LONGEST_PAUSE);
    }

    #[test]
    fn a_call_meets_a_refusal_again_where_others_were_served_between() {
        let once = Past::New.after(Some(3));
        assert_eq!(once, Past::TurnedAwayIn(3));
        assert_eq!(once.after(Some(3)), once);
        assert!(!once.is_again_in(3) && once.is_again_in(4));
        for past in [once.after(Some(4)), once.after(None), Past::New.after(None)] {
            assert_eq!(past, Past::Failed);
            assert!(!past.is_again_in(5), "it is counted once");
        }
    }
}
