//! What the refusals of an endpoint mean: mishaps, too much at once, or nobody there.
//!
//! Big services turn away some requests whatever the load, and how many is not known beforehand. So every refusal
//! is weighed against the usual share, that is the share of attempts turned away while load was not the cause:
//!
//! - a *burst*, which is nobody there: refusals with nobody served between, so many that chance at the usual share
//!   would bring them once in a hundred thousand times; and so many of calls that had not failed before, that not even
//!   chance among calls that are turned away whatever happens would bring them;
//! - *too much at once*: more among the last 64 attempts than chance would bring at the usual share.
//!
//! Invariant: no clock, and the same answers in the same order give the same judgement.

use cleanbench_stats::binomial::upper_tail;

/// Chance below which refusals are no mishaps.
const CHANCE: f64 = 1e-5;
/// Chance below which the refusals of a single call are no chance: it is turned away whatever happens.
const HOPELESS: f64 = 1e-7;
/// Chance below which refusals are taken neither for usual nor for too many.
const DOUBT: f64 = 0.01;
/// Fewest refusals in a row that are a burst.
const SHORTEST_BURST: u32 = 4;
/// Fewest of them whose calls had not failed before.
const FEWEST_FRESH: u32 = 4;
/// Fewest refusals among the last attempts that say anything of load.
const FEWEST: u32 = 4;
/// Fewest attempts that say anything of it.
const FEWEST_SEEN: u32 = 8;
/// Rounds of as many attempts as may be made at once that say something of it.
const ROUNDS: u32 = 4;
/// What is assumed before anything is seen: half a refusal in ten attempts.
const ASSUMED: (f64, f64) = (0.5, 10.0);
/// A larger share than this is never taken for usual.
const LARGEST_USUAL: f64 = 0.5;
/// Attempts after which older ones count half in the usual share.
const MEMORY: f64 = 2048.0;
/// The odds of being turned away fall at least to this part where half the attempts at once are made and their
/// number was the cause: with n at once where c are served they are (n - c) / c.
const RELIEF: f64 = 0.707;
/// Where they fall to this part, that is clear before 64 attempts are seen.
const CLEAR_RELIEF: f64 = 0.3;

/// What came of making half as many attempts at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relief {
    /// They were turned away as often: their number is not the cause.
    None,
    /// They were turned away less often.
    Some,
    /// Too few are seen.
    Unknown,
}

/// The last outcomes, and the usual share before them.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    usual: Share,
    /// The share of attempts that were turned away, whatever the cause.
    all: Share,
    /// Calls that were turned away again after others had been served, among all calls.
    hopeless: Share,
    recent: Recent,
}

impl Refusals {
    /// Whether `length` refusals in a row, with nobody served between, are a burst; `fresh` of them are of calls that
    /// had not failed before.
    pub(crate) fn is_burst(&self, length: u32, fresh: u32) -> bool {
        length >= SHORTEST_BURST
            && fresh >= FEWEST_FRESH
            && self.usual.never_brings(length)
            && self.hopeless.never_brings(fresh)
    }

    /// A call makes its first attempt.
    pub(crate) fn note_call(&mut self) {
        self.hopeless.add(0, 1);
    }

    /// A call was turned away again, after others had been served.
    pub(crate) fn note_again(&mut self) {
        self.hopeless.add(1, 0);
    }

    /// Takes in how an attempt ended. What is older than the last 64 joins the usual share if `learns`.
    pub(crate) fn note(&mut self, refused: bool, learns: bool) {
        self.all.add(u32::from(refused), 1);
        let oldest = self.recent.push(refused);
        if let Some(refused) = oldest.filter(|_| learns && !self.are_in_doubt()) {
            self.usual.add(u32::from(refused), 1);
        }
    }

    /// Whether chance alone may turn a call away so often: at the share of attempts of others that were.
    pub(crate) fn may_be_chance(&self, times: u32) -> bool {
        f64::from(times) * self.all.without(times).ln() >= HOPELESS.ln()
    }

    /// Whether more of the last attempts were turned away than chance explains.
    pub(crate) fn is_beyond_chance(&self) -> bool {
        self.recent.refused >= FEWEST && self.chance() < CHANCE
    }

    /// Whether more seem to be turned away than is usual, though it may be chance.
    pub(crate) fn are_in_doubt(&self) -> bool {
        self.recent.refused > 0 && self.chance() < DOUBT
    }

    /// The chance that at least as many of the last attempts were turned away at the usual share.
    fn chance(&self) -> f64 {
        let Recent { refused, seen, .. } = self.recent;
        upper_tail(refused.into(), seen.into(), self.usual.estimate())
    }

    /// Begins anew with the last attempts, and gives those so far.
    pub(crate) fn take_recent(&mut self) -> Recent {
        std::mem::take(&mut self.recent)
    }

    /// Whether enough have been seen for an endpoint that is asked `at_once`: of fewer, those of one round that ended
    /// first would be too many.
    pub(crate) fn are_enough(&self, at_once: usize) -> bool {
        let rounds = u32::try_from(at_once)
            .unwrap_or(u64::BITS)
            .saturating_mul(ROUNDS);
        self.recent.seen >= rounds.clamp(FEWEST_SEEN, u64::BITS)
    }

    /// Whether the share of refusals is none that is never usual.
    pub(crate) fn may_be_usual(&self) -> bool {
        self.recent.odds() <= LARGEST_USUAL / (1.0 - LARGEST_USUAL)
    }

    /// What came of making half as many at once as in `before`.
    pub(crate) fn relief(&self, before: Recent) -> Relief {
        let part = self.recent.odds() / before.odds();
        let is_full = self.recent.seen == u64::BITS;
        match is_full {
            _ if part < CLEAR_RELIEF => Relief::Some,
            false => Relief::Unknown,
            true if part > RELIEF => Relief::None,
            true => Relief::Some,
        }
    }

    /// Takes `attempts` for usual.
    pub(crate) fn learn(&mut self, attempts: Recent) {
        self.usual.add(attempts.refused, attempts.seen);
    }
}

/// A share of attempts that were turned away.
#[derive(Debug, Default)]
struct Share {
    refused: f64,
    seen: f64,
}

impl Share {
    fn add(&mut self, refused: u32, seen: u32) {
        self.refused += f64::from(refused);
        self.seen += f64::from(seen);
        if self.seen > MEMORY {
            self.refused /= 2.0;
            self.seen /= 2.0;
        }
    }

    /// Whether chance at this share does not bring `length` refusals in a row.
    fn never_brings(&self, length: u32) -> bool {
        f64::from(length) * self.estimate().ln() < CHANCE.ln()
    }

    /// The share without so many refusals; nothing is assumed where nothing else was seen.
    fn without(&self, refusals: u32) -> f64 {
        let refused = (self.refused - f64::from(refusals)).max(0.0);
        let seen = (self.seen - f64::from(refusals)).max(1.0);
        (refused / seen).min(LARGEST_USUAL)
    }

    fn estimate(&self) -> f64 {
        let (refused, seen) = ASSUMED;
        ((self.refused + refused) / (self.seen + seen)).min(LARGEST_USUAL)
    }
}

/// At most 64 attempts, the latest in the lowest bit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Recent {
    bits: u64,
    refused: u32,
    seen: u32,
}

impl Recent {
    /// Adds an attempt; gives the one that falls out.
    fn push(&mut self, refused: bool) -> Option<bool> {
        let is_full = self.seen == u64::BITS;
        let oldest = is_full.then_some(self.bits >> (u64::BITS - 1) == 1);
        self.refused += u32::from(refused);
        self.refused -= u32::from(oldest == Some(true));
        self.bits = (self.bits << 1) | u64::from(refused);
        self.seen += u32::from(!is_full);
        oldest
    }

    /// Odds of being turned away; half an attempt is added to both sides, so that they are never 0 nor without end.
    fn odds(self) -> f64 {
        let served = f64::from(self.seen - self.refused);
        (f64::from(self.refused) + 0.5) / (served + 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One in so many of 64 attempts was turned away, and that was learnt.
    fn after(one_in: u32) -> Refusals {
        let mut refusals = Refusals::default();
        (1..=64_u32).for_each(|number| refusals.note(number.is_multiple_of(one_in), true));
        for _ in 0..10 {
            refusals.learn(refusals.recent);
        }
        refusals
    }

    #[test]
    fn how_long_a_burst_is_depends_on_what_is_usual() {
        for (refusals, shortest) in [
            (Refusals::default(), 4),
            (after(65), 4),
            (after(12), 5),
            (after(3), 11),
            (after(1), 17),
        ] {
            let found = (1..100).find(|length| refusals.is_burst(*length, *length));
            assert_eq!(found, Some(shortest), "{refusals:?}");
        }
    }

    #[test]
    fn a_call_is_turned_away_by_chance_as_often_as_others_are() {
        for (one_in, most) in [(2, 22), (6, 8), (12, 6), (400, 2)] {
            let mut refusals = Refusals::default();
            (0..1280_u32).for_each(|number| refusals.note(number.is_multiple_of(one_in), true));
            let found = (1..100).find(|times| !refusals.may_be_chance(*times));
            assert_eq!(found, Some(most + 1), "one in {one_in}");
        }
        let mut alone = Refusals::default();
        (0..3).for_each(|_| alone.note(true, true));
        assert!(!alone.may_be_chance(3), "nobody else was turned away");
    }

    #[test]
    fn the_more_calls_are_hopeless_the_more_must_be_turned_away_for_the_first_time() {
        for (hopeless, fewest) in [(0, 4), (1, 4), (4, 6), (7, 7), (40, 17)] {
            let mut refusals = Refusals::default();
            (0..30).for_each(|_| refusals.note_call());
            (0..hopeless).for_each(|_| refusals.note_again());
            let found = (0..100).find(|fresh| refusals.is_burst(100, *fresh));
            assert_eq!(found, Some(fewest), "{hopeless}");
        }
    }

    #[test]
    fn a_usual_share_is_never_beyond_chance_and_a_sudden_one_is() {
        for one_in in [3, 4, 12, 50] {
            let mut refusals = after(one_in);
            assert!(!refusals.is_beyond_chance(), "one in {one_in}");
            (0..64).for_each(|number| refusals.note(number % 4 != 0, true));
            assert!(refusals.is_beyond_chance(), "one in {one_in}");
        }
    }

    #[test]
    fn what_fell_out_of_the_last_attempts_is_usual_only_where_it_is_learnt() {
        let mut refusals = Refusals::default();
        (0..128).for_each(|_| refusals.note(true, false));
        assert!((refusals.usual.estimate() - 0.05).abs() < 1e-12);
        (0..64).for_each(|_| refusals.note(false, true));
        assert!((refusals.usual.estimate() - 0.5).abs() < 1e-12);
        assert_eq!(refusals.recent.refused, 0);
    }

    #[test]
    fn relief_is_seen_where_the_number_at_once_was_the_cause() {
        // 32 and 16 at once where ten are served; one in three whatever the number; a mishap.
        let cases = [
            (44, 24, Relief::Some),
            (21, 21, Relief::None),
            (20, 0, Relief::Some),
        ];
        for (before, now, expected) in cases {
            let seen = |refused| {
                let mut refusals = Refusals::default();
                (0..64).for_each(|number| refusals.note(number < refused, true));
                refusals
            };
            let before = seen(before).take_recent();
            assert_eq!(seen(now).relief(before), expected, "{now}");
        }
    }
}
