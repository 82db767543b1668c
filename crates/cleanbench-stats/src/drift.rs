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
//! Defence against correlation: nights that resemble their neighbours are not exchangeable, and ranks of a
//! few low ones in a row look like a drop. A night is therefore compared with old ones after adding an
//! allowance to it: a part of the old nights' standard deviation ([`SPREAD_ALLOWED`]) that grows with the
//! correlation of neighbours among them ([`CORRELATION_ALLOWED`]), and no less than what the caller allows.
//! Ranks only become higher by it, so for exchangeable nights all stays valid.
//!
//! In 2,000 simulated years for each of 108 settings (`simulated/drift.csv`; α = 0.05, nights' states with
//! a standard deviation of up to a point and a correlation of up to 0.6 with the night before) at most 1 %
//! of years had a false alarm, and with a correlation of 0.8 at most 2.6 %. A drop of five points was found
//! in the median after 3 to 31 nights with 100 samples, 3 to 9 with 300 and 3 to 6 with 1,000. A drop
//! within the allowance is not found, and a decline as slow as the nights' own wandering is taken for it.
//!
//! Epochs of one night say nothing of how nights differ. Of such a baseline only the first ten are taken,
//! for more of them would make one night's luck certain, not the usual night; and until as many later
//! nights are known as a baseline of nights needs, the allowance is at least [`EPOCHS_ALLOW`].
//!
//! Invariant: without correlation the alarm is false in at most α of years, whatever the distribution of
//! scores, ties included, for as many as [`YEAR`] nights.
//!
//! It refuses a baseline that is too short, and passes over nights that were scored on another number of
//! samples.

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

/// The score of a suite in one night (or one epoch).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Night {
    /// Mean score, higher is better.
    pub score: f64,
    /// Number of samples that it is from.
    pub n: u64,
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

/// Why there is no alarm and no all-clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWatched {
    /// The baseline is too short.
    BaselineTooShort {
        /// Nights or epochs with the same number of samples that there are.
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
    /// Places of later nights that were passed over, since they had another number of samples than most of
    /// the baseline, or came after [`YEAR`] nights.
    pub passed_over: Vec<usize>,
}

/// Watches `later` nights for a drop below the `baseline`, with a false alarm in at most `alpha` of years.
///
/// `allowance` is the difference between nights, in score, that is not to be called a drift; 0 leaves the
/// allowances that this module makes itself.
///
/// # Errors
/// When the baseline is too short, a score is not finite, or `alpha` or `allowance` is out of range.
pub fn watch(
    baseline: Baseline<'_>,
    later: &[Night],
    alpha: f64,
    allowance: f64,
) -> Result<Watch, NotWatched> {
    if !(alpha > 0.0 && alpha < 1.0 && allowance >= 0.0 && allowance.is_finite()) {
        return Err(NotWatched::NoLevel);
    }
    if !later.iter().all(|night| night.score.is_finite()) {
        return Err(NotWatched::NotFinite);
    }
    let (mut bets, size) = Bets::new(baseline, allowance)?;
    let mut watch = Watch {
        alarm: None,
        path: Vec::with_capacity(later.len()),
        passed_over: Vec::new(),
    };
    for (place, night) in later.iter().enumerate() {
        if night.n == size && bets.begun < YEAR {
            bets.place(night.score);
        } else {
            watch.passed_over.push(place);
        }
        let wealth = bets.wealth();
        watch.path.push(wealth);
        if wealth >= 1.0 / alpha && watch.alarm.is_none() {
            watch.alarm = Some(place);
        }
    }
    Ok(watch)
}

/// The most frequent number of samples, the larger of two that are as frequent; 0 without nights.
fn usual_size(nights: &[Night]) -> u64 {
    let mut counts = std::collections::BTreeMap::new();
    for night in nights {
        *counts.entry(night.n).or_insert(0_usize) += 1;
    }
    let most = counts.iter().max_by_key(|(size, count)| (**count, **size));
    most.map_or(0, |(size, _)| *size)
}

/// All nights so far, and the bets on each possible beginning.
struct Bets {
    nights: Vec<f64>,
    /// The same, ascending.
    ascending: Vec<f64>,
    /// How the baseline and the nights since vary, and the nights alone.
    all: Spread,
    alone: Spread,
    allowance: f64,
    /// How many beginnings there have been; those that have lost are in it, but not among the starts.
    begun: usize,
    starts: Vec<Start>,
}

impl Bets {
    /// No bets yet, and the number of samples that a night must have.
    fn new(baseline: Baseline<'_>, allowance: f64) -> Result<(Self, u64), NotWatched> {
        let (before, needed, are_epochs) = match baseline {
            Baseline::Nights(nights) => (nights, FEWEST_NIGHTS, false),
            Baseline::Epochs(epochs) => (epochs, FEWEST_EPOCHS, true),
        };
        if !before.iter().all(|night| night.score.is_finite()) {
            return Err(NotWatched::NotFinite);
        }
        let size = usual_size(before);
        let usual = before.iter().filter(|night| night.n == size);
        let mut nights: Vec<f64> = usual.map(|night| night.score).collect();
        if nights.len() < needed {
            let found = nights.len();
            return Err(NotWatched::BaselineTooShort { found, needed });
        }
        if are_epochs {
            nights.truncate(FEWEST_EPOCHS);
        }
        let mut ascending = nights.clone();
        ascending.sort_by(f64::total_cmp);
        let of = |nights: &[f64]| {
            let mut spread = Spread::default();
            for &night in nights {
                spread.add(night);
            }
            spread
        };
        let bets = Self {
            all: of(&nights),
            alone: of(if are_epochs { &[] } else { &nights }),
            nights,
            ascending,
            allowance,
            begun: 0,
            starts: Vec::new(),
        };
        Ok((bets, size))
    }

    /// By how much a night must be lower than old ones. What depends on earlier nights alone may be
    /// anything from 0 on.
    fn allowance(&self) -> f64 {
        let own = if self.alone.count < FEWEST_NIGHTS {
            self.all.allowed().max(EPOCHS_ALLOW)
        } else {
            self.alone.allowed()
        };
        own.max(self.allowance)
    }

    /// Settles all bets on the next night, after placing one on its being the first of a drop.
    fn place(&mut self, score: f64) {
        self.begun += 1;
        self.starts.push(Start {
            old: self.ascending.clone(),
            allowance: self.allowance(),
            wealth: [1.0; BETS.len()],
        });
        let mut counted = self.nights.len();
        let mut new = 0;
        // From the latest beginning back, so that the nights since are counted once.
        for start in self.starts.iter_mut().rev() {
            let since = &self.nights[start.old.len()..counted];
            new += since.iter().filter(|other| **other <= score).count();
            counted = start.old.len();
            start.settle(score, new, self.nights.len() - start.old.len());
        }
        self.starts.retain(|start| start.wealth() > LOST);
        self.nights.push(score);
        let place = self.ascending.partition_point(|other| *other < score);
        self.ascending.insert(place, score);
        self.all.add(score);
        self.alone.add(score);
    }

    /// The mean over all beginnings of the year; those that are still to come hold their stake.
    fn wealth(&self) -> f64 {
        let waiting = number(YEAR - self.begun.min(YEAR));
        sum(self.starts.iter().map(Start::wealth).chain([waiting])) / number(YEAR)
    }
}

/// Bets on a drop that began at a certain night.
struct Start {
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
    fn add(&mut self, night: f64) {
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
        let n = number(self.count).max(2.0);
        let centre = self.sum / n;
        let squares = (self.squares - n * centre * centre).max(0.0);
        // The sum over neighbours of both gaps from the mean; the first gap is 0.
        let ends = 2.0 * self.sum - self.last;
        let products = self.products - centre * ends + (n - 1.0) * centre * centre;
        // The usual estimate of the correlation of neighbours is too low by about 1 / n.
        let alike = if squares > 0.0 {
            (products / squares + 1.0 / n).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let deviation = (squares / (n - 1.0)).sqrt();
        SPREAD_ALLOWED * (1.0 + CORRELATION_ALLOWED * alike) * deviation
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
