//! Has a model become worse over the nights?
//!
//! The question is whether the later nights are exchangeable with those before, or lower. The unit is the
//! night: what all samples of one night share (a server's state, a batch size) is part of what nights
//! differ by, so it makes no alarm. Nothing is compared with one frozen baseline over and over, whose luck
//! would count again every night: each night is ranked among all nights before it.
//!
//! Method: a conformal test martingale (V. Vovk, A. Gammerman and G. Shafer, "Algorithmic Learning in a
//! Random World", 2005). Of t exchangeable nights each rank of the last is as likely, independently of
//! the ranks before. For each night at which a drop may have begun, a bet is placed on low ranks; while
//! the bets win their product grows, and a mean over all beginnings of a year stays below 1/α with
//! probability 1 - α for all the year (Ville's inequality). A bet on a drop after m old nights with j new
//! ones since pays t / (gm + j + 1) if at most that many nights are as low, for a few shares g of old
//! nights that reach down among the new.
//!
//! Stakes: half of what is bet is spread evenly over the beginnings of a year, half is the larger the sooner
//! after the baseline a drop begins ([`Stakes::EarlyToo`]). The first bets win little, since they have few old nights,
//! and with stakes spread evenly alone they would have to win 7,300 times theirs: a fall to nothing after 14 nights
//! was found in the seventh night. Now it is found by the fourth, whenever it begins, for at most twice the
//! evidence that a late one needs.
//!
//! Missing answers: a night is known by the least and the most that its score may be. The later of two nights is
//! taken at its most and the earlier at its least, so that a rank is never lower than the true one, whatever
//! the missing answers would have been; every bet wins less often then, and all stays valid even where
//! answers are missing because they are wrong. What becomes of the evidence if they are wrong, a second watch over
//! nights at their least tells ([`Night::at_least`]).
//!
//! Defence against correlation: nights that resemble their neighbours are not exchangeable, and ranks of a
//! few low ones in a row look like a drop. A night is therefore compared with old ones after adding an
//! allowance to it: a part of the old nights' standard deviation ([`SPREAD_ALLOWED`]) that grows with the
//! correlation of neighbours among them ([`CORRELATION_ALLOWED`]), and no less than what the caller allows.
//! Ranks only become higher by it, so for exchangeable nights all stays valid.
//!
//! In 2,000 simulated years for each setting (`simulated/drift.csv`; α = 0.05; nights' states with a standard
//! deviation of up to a point and a correlation of up to 0.6 with the night before; answers missing at random, more
//! where they are wrong, or in outages) at most 5 % of years have a false alarm, and a fall to nothing is found within
//! four nights in the median; how soon smaller drops are, stands beside it. A drop within the allowance, or hidden
//! by missing answers, is not found, and a decline as slow as the nights' own wandering is taken for it.
//!
//! Epochs of one night say nothing of how nights differ. Of such a baseline only the first ten are taken,
//! for more of them would make one night's luck certain, not the usual night; and until as many later
//! nights are known as a baseline of nights needs, the allowance is at least [`EPOCHS_ALLOW`].
//!
//! Invariant: without correlation the alarm is false in at most α of years, whatever the distribution of
//! scores, ties included, whichever answers are missing, for as many as [`YEAR`] nights.
//!
//! It refuses a baseline that is too short, and passes over nights after a year. That nights are of the same
//! samples is for the caller to see to.

mod delay;

pub use delay::{DROPS, Delay, Expected, WITHIN, delays};

use crate::elementary::real;
use crate::sum::sum;

/// Fewest nights of a baseline of nights.
pub const FEWEST_NIGHTS: usize = 14;
/// Fewest epochs of a baseline of epochs.
pub const FEWEST_EPOCHS: usize = 10;
/// Later nights for which the alarm is meant; afterwards take a new baseline.
pub const YEAR: usize = 365;
/// Allowance for correlation, in standard deviations of the old nights.
pub const SPREAD_ALLOWED: f64 = 0.6;
/// By how much that grows with the correlation of neighbouring old nights.
pub const CORRELATION_ALLOWED: f64 = 5.0;
/// Least allowance where the baseline is epochs of one night, in score (0 to 1).
pub const EPOCHS_ALLOW: f64 = 0.03;

/// (Share of the old nights that reach down among the new ones, part of a bet that is kept back.)
const BETS: [(f64, f64); 6] = [
    (0.0, 0.1),
    (0.0, 0.4),
    (0.1, 0.1),
    (0.1, 0.4),
    (0.25, 0.1),
    (0.25, 0.4),
];

/// Share of the stake that is the larger the sooner a drop begins, with [`Stakes::EarlyToo`].
const EARLY: f64 = 0.5;
/// How many nights have half of that.
const EARLY_NIGHTS: f64 = 3.0;

/// The score of a suite in one night (or one epoch), higher is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Night {
    /// Mean score if all that is missing were wrong.
    pub low: f64,
    /// Mean score if all that is missing were right.
    pub high: f64,
    /// Mean score of what is not missing; `None` where nothing is there.
    pub seen: Option<f64>,
}

impl Night {
    /// One of which nothing is missing.
    pub const fn whole(score: f64) -> Self {
        Self {
            low: score,
            high: score,
            seen: Some(score),
        }
    }

    /// The same with all that is missing as wrong. How nights vary stays what was seen of them, so that an outage
    /// among the old nights does not allow for one among the later.
    #[must_use]
    pub const fn at_least(self) -> Self {
        Self {
            high: self.low,
            ..self
        }
    }

    /// The same if every answer that is there had been wrong.
    #[must_use]
    pub fn all_wrong(self) -> Self {
        Self {
            low: 0.0,
            high: self.high - self.low,
            seen: self.seen.map(|_| 0.0),
        }
    }

    fn is_finite(self) -> bool {
        [self.low, self.high, self.seen.unwrap_or(0.0)]
            .iter()
            .all(|score| score.is_finite())
    }
}

/// How the stake is spread over the nights at which a drop may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stakes {
    /// Alike on every night of a year.
    Even,
    /// Half of it like that; of the other half, 3 / ((k + 2) (k + 3)) on the k-th night after the baseline.
    EarlyToo,
}

/// How nights are watched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Accepted share of years with a false alarm, above 0 and below 1.
    pub alpha: f64,
    /// The difference between nights, in score, that is not to be called a drift; 0 leaves the allowances that
    /// this module makes itself.
    pub allowance: f64,
    /// How the stake is spread.
    pub stakes: Stakes,
}

impl Terms {
    fn are_sound(self) -> bool {
        let is_share = self.alpha > 0.0 && self.alpha < 1.0;
        is_share && self.allowance >= 0.0 && self.allowance.is_finite()
    }

    /// The evidence that raises an alarm.
    pub const fn threshold(self) -> f64 {
        1.0 / self.alpha
    }
}

/// A bet with less than this of its stake is given up.
const LOST: f64 = 1e-6;

/// What later nights are compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Baseline<'nights> {
    /// One score for each night, at least [`FEWEST_NIGHTS`].
    Nights(&'nights [Night]),
    /// One score for each epoch of one night or a few, at least [`FEWEST_EPOCHS`].
    Epochs(&'nights [Night]),
}

impl<'nights> Baseline<'nights> {
    /// The nights or epochs that are taken.
    fn known(self) -> Result<&'nights [Night], NotWatched> {
        let (nights, needed) = match self {
            Self::Nights(nights) => (nights, FEWEST_NIGHTS),
            Self::Epochs(epochs) => (epochs, FEWEST_EPOCHS),
        };
        if !nights.iter().all(|night| night.is_finite()) {
            return Err(NotWatched::NotFinite);
        }
        let found = nights.len();
        match self {
            _ if found < needed => Err(NotWatched::BaselineTooShort { found, needed }),
            Self::Nights(_) => Ok(nights),
            Self::Epochs(_) => Ok(&nights[..FEWEST_EPOCHS]),
        }
    }
}

/// Why there is no alarm and no all-clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWatched {
    /// The baseline is too short.
    BaselineTooShort {
        /// Nights or epochs that there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A score is NaN or infinite.
    NotFinite,
    /// α does not lie strictly between 0 and 1, or the allowance is negative or no number.
    NoLevel,
}

impl std::fmt::Display for NotWatched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BaselineTooShort { found, needed } => {
                write!(f, "baseline too short: {found} of {needed}")
            }
            Self::NotFinite => f.write_str("a score is not finite"),
            Self::NoLevel => f.write_str("alpha or the allowance is out of range"),
        }
    }
}

impl std::error::Error for NotWatched {}

/// What the watch over the later nights found.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// Place among the later nights of the first at which the e-value reached 1/α.
    pub alarm: Option<usize>,
    /// The e-value after each later night; it goes on after an alarm.
    pub path: Vec<f64>,
    /// How many of the later nights were ranked; those after [`YEAR`] are passed over.
    pub ranked: usize,
}

/// Watches `later` nights for a drop below the `baseline`, with a false alarm in at most α of years.
///
/// # Errors
/// When the baseline is too short, a score is not finite, or the `terms` are out of range.
pub fn watch(baseline: Baseline<'_>, later: &[Night], terms: Terms) -> Result<Watch, NotWatched> {
    if !terms.are_sound() {
        return Err(NotWatched::NoLevel);
    }
    if !later.iter().all(|night| night.is_finite()) {
        return Err(NotWatched::NotFinite);
    }
    let mut bets = Bets::new(baseline, terms)?;
    let mut path = Vec::with_capacity(later.len());
    for night in later {
        if bets.begun < YEAR {
            bets.place(*night);
        }
        path.push(bets.wealth());
    }
    Ok(Watch {
        alarm: path.iter().position(|wealth| *wealth >= terms.threshold()),
        path,
        ranked: bets.begun,
    })
}

/// All nights so far, and the bets on each possible beginning.
#[derive(Debug, Clone)]
struct Bets {
    /// The nights at their least.
    nights: Vec<f64>,
    /// The same, ascending.
    ascending: Vec<f64>,
    /// How the baseline and the nights since vary, and the nights alone.
    all: Spread,
    alone: Spread,
    terms: Terms,
    /// How many beginnings there have been; those that have lost are in it, but not among the starts.
    begun: usize,
    starts: Vec<Start>,
}

impl Bets {
    /// No bets yet.
    fn new(baseline: Baseline<'_>, terms: Terms) -> Result<Self, NotWatched> {
        let known = baseline.known()?;
        let nights: Vec<f64> = known.iter().map(|night| night.low).collect();
        let mut ascending = nights.clone();
        ascending.sort_by(f64::total_cmp);
        let all = Spread::of(known);
        let alone = match baseline {
            Baseline::Nights(_) => all,
            Baseline::Epochs(_) => Spread::default(),
        };
        Ok(Self {
            nights,
            ascending,
            all,
            alone,
            terms,
            begun: 0,
            starts: Vec::new(),
        })
    }

    /// By how much a night must be lower than old ones. What depends on earlier nights alone may be
    /// anything from 0 on.
    fn allowance(&self) -> f64 {
        let own = if self.alone.count < FEWEST_NIGHTS {
            self.all.allowed().max(EPOCHS_ALLOW)
        } else {
            self.alone.allowed()
        };
        own.max(self.terms.allowance)
    }

    /// Settles all bets on the next night, after placing one on its being the first of a drop.
    fn place(&mut self, night: Night) {
        self.begun += 1;
        self.starts.push(Start {
            begun: self.begun,
            old: self.ascending.clone(),
            allowance: self.allowance(),
            wealth: [1.0; BETS.len()],
        });
        let mut counted = self.nights.len();
        let mut new = 0;
        // From the latest beginning back, so that the nights since are counted once.
        for start in self.starts.iter_mut().rev() {
            let since = &self.nights[start.old.len()..counted];
            new += since.iter().filter(|other| **other <= night.high).count();
            counted = start.old.len();
            start.settle(night.high, new, self.nights.len() - start.old.len());
        }
        self.starts.retain(|start| start.wealth() > LOST);
        self.nights.push(night.low);
        let place = self.ascending.partition_point(|other| *other < night.low);
        self.ascending.insert(place, night.low);
        self.all.add(night);
        self.alone.add(night);
    }

    /// The mean over all beginnings of the year; those that are still to come hold their stake.
    fn wealth(&self) -> f64 {
        let waiting = number(YEAR - self.begun.min(YEAR));
        let even = sum(self.starts.iter().map(Start::wealth).chain([waiting])) / number(YEAR);
        match self.terms.stakes {
            Stakes::Even => even,
            Stakes::EarlyToo => EARLY * self.early() + (1.0 - EARLY) * even,
        }
    }

    /// The same for stakes that are the larger the sooner a drop begins.
    fn early(&self) -> f64 {
        let starts = self.starts.iter();
        let staked =
            starts.map(|start| start.wealth() * (after(start.begun - 1) - after(start.begun)));
        sum(staked.chain([after(self.begun)]))
    }
}

/// The part of an early stake that is on all nights after the first so many.
fn after(nights: usize) -> f64 {
    EARLY_NIGHTS / (EARLY_NIGHTS + number(nights))
}

/// Bets on a drop that began at a certain night.
#[derive(Debug, Clone)]
struct Start {
    /// Which of the later nights that is, from 1.
    begun: usize,
    /// The nights before, ascending.
    old: Vec<f64>,
    allowance: f64,
    wealth: [f64; BETS.len()],
}

impl Start {
    /// Settles the bets on a night's score, which `as_low` of the `since` nights since the beginning do
    /// not exceed. Ties count as lower nights, so that they never make a rank lower than it is.
    fn settle(&mut self, score: f64, as_low: usize, since: usize) {
        let limit = score + self.allowance;
        let old = self.old.partition_point(|other| *other <= limit);
        let rank = number(old + as_low + 1);
        let nights = number(self.old.len() + since + 1);
        for (wealth, (share, kept)) in self.wealth.iter_mut().zip(BETS) {
            let reach = (share * number(self.old.len())).floor() + number(since + 1);
            let won = if rank <= reach {
                (1.0 - kept) * nights / reach
            } else {
                0.0
            };
            *wealth *= kept + won;
        }
    }

    fn wealth(&self) -> f64 {
        self.wealth.iter().sum::<f64>() / number(BETS.len())
    }
}

fn number(count: usize) -> f64 {
    real(u64::try_from(count).unwrap_or(u64::MAX))
}

/// How nights vary, and how alike neighbours are, from sums of what they differ from the first.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    count: usize,
    first: f64,
    last: f64,
    sum: f64,
    squares: f64,
    products: f64,
}

impl Spread {
    fn of(nights: &[Night]) -> Self {
        let mut spread = Self::default();
        for night in nights {
            spread.add(*night);
        }
        spread
    }

    /// Takes a night's score by what is there of it; one of which nothing is says nothing of how nights vary.
    fn add(&mut self, night: Night) {
        let Some(night) = night.seen else { return };
        if self.count == 0 {
            self.first = night;
        }
        let gap = night - self.first;
        self.products += gap * self.last;
        self.sum += gap;
        self.squares += gap * gap;
        self.last = gap;
        self.count += 1;
    }

    /// The standard deviation, times what is allowed of it; more when neighbours are alike.
    fn allowed(&self) -> f64 {
        let n = self.at_least_two();
        let centre = self.sum / n;
        let squares = self.squares_about_mean();
        // The sum over neighbours of both gaps from the mean; the first gap is 0.
        let ends = 2.0 * self.sum - self.last;
        let products = self.products - centre * ends + (n - 1.0) * centre * centre;
        // The usual estimate of the correlation of neighbours is too low by about 1 / n.
        let alike = if squares > 0.0 {
            (products / squares + 1.0 / n).clamp(0.0, 1.0)
        } else {
            0.0
        };
        SPREAD_ALLOWED * (1.0 + CORRELATION_ALLOWED * alike) * self.deviation()
    }

    fn at_least_two(&self) -> f64 {
        number(self.count).max(2.0)
    }

    fn squares_about_mean(&self) -> f64 {
        let n = self.at_least_two();
        let centre = self.sum / n;
        (self.squares - n * centre * centre).max(0.0)
    }

    fn deviation(&self) -> f64 {
        (self.squares_about_mean() / (self.at_least_two() - 1.0)).sqrt()
    }

    /// The mean; 0 of none.
    fn mean(&self) -> f64 {
        self.first + self.sum / number(self.count).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without an allowance a bet is fair: over all ranks of the next night, each as likely, its mean payment
    /// is what was staked. With ties, an allowance or both it is no more.
    #[test]
    fn bets_are_fair_over_all_ranks() {
        for (old, since) in [(14, 0), (14, 5), (60, 1), (200, 40)] {
            let nights: Vec<f64> = (0..old + since).map(number).collect();
            for allowance in [0.0, 2.5] {
                let mut means = [0.0; BETS.len()];
                for place in 0..=old + since {
                    let mut start = Start {
                        begun: 1,
                        old: nights[..old].to_vec(),
                        allowance,
                        wealth: [1.0; BETS.len()],
                    };
                    // Old nights come first here, so those since are the highest.
                    let score = number(place) - 0.5;
                    let as_low = nights[old..].iter().filter(|night| **night <= score);
                    start.settle(score, as_low.count(), since);
                    for (mean, wealth) in means.iter_mut().zip(start.wealth) {
                        *mean += wealth / number(old + since + 1);
                    }
                }
                for mean in means {
                    let fair = (mean - 1.0).abs() < 1e-12;
                    assert!(
                        fair || (allowance > 0.0 && mean < 1.0),
                        "{old} {since}: {mean}"
                    );
                }
            }
        }
    }
}
