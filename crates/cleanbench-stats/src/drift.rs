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
//! allowance to it: a part of the old nights' standard deviation ([`SPREAD_ALLOWED`]), and no less than
//! what the caller allows. Ranks only become higher by it, so for exchangeable nights all stays valid; how
//! much correlation it bears was measured by simulation (`simulated/drift.csv`).
//!
//! Epochs of one night say nothing of how nights differ. With such a baseline the allowance is at least
//! [`EPOCHS_ALLOW`].
//!
//! Invariant: without correlation the alarm is false in at most α of years, whatever the distribution of
//! scores, ties included, for as many as [`YEAR`] nights.
//!
//! It refuses a baseline that is too short, and passes over nights that were scored on another number of
//! samples.

use crate::elementary::real;
use crate::sum::{mean, sum};

/// Fewest nights of a baseline of nights.
pub const FEWEST_NIGHTS: usize = 14;
/// Fewest epochs of a baseline of epochs.
pub const FEWEST_EPOCHS: usize = 10;
/// Later nights for which the alarm is meant; afterwards take a new baseline.
pub const YEAR: usize = 365;
/// Allowance for correlation, in standard deviations of the old nights.
pub const SPREAD_ALLOWED: f64 = 0.3;
/// By how much that grows with the correlation of neighbouring old nights.
pub const CORRELATION_ALLOWED: f64 = 8.0;
/// Least allowance where the baseline is epochs of one night, in score (0 to 1).
pub const EPOCHS_ALLOW: f64 = 0.02;

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
    let (before, needed, are_epochs) = match baseline {
        Baseline::Nights(nights) => (nights, FEWEST_NIGHTS, false),
        Baseline::Epochs(epochs) => (epochs, FEWEST_EPOCHS, true),
    };
    if before
        .iter()
        .chain(later)
        .any(|night| !night.score.is_finite())
    {
        return Err(NotWatched::NotFinite);
    }
    let size = usual_size(before);
    let usual = |night: &&Night| Some(night.n) == size;
    let before: Vec<f64> = before
        .iter()
        .filter(usual)
        .map(|night| night.score)
        .collect();
    if before.len() < needed {
        let found = before.len();
        return Err(NotWatched::BaselineTooShort { found, needed });
    }
    let mut bets = Bets {
        epochs: if are_epochs { before.len() } else { 0 },
        nights: before,
        allowance,
        starts: Vec::new(),
    };
    let mut watch = Watch {
        alarm: None,
        path: Vec::with_capacity(later.len()),
        passed_over: Vec::new(),
    };
    for (place, night) in later.iter().enumerate() {
        if Some(night.n) == size && bets.starts.len() < YEAR {
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

/// The most frequent number of samples, the larger of two that are as frequent.
fn usual_size(nights: &[Night]) -> Option<u64> {
    let mut counts = std::collections::BTreeMap::new();
    for night in nights {
        *counts.entry(night.n).or_insert(0_usize) += 1;
    }
    let most = counts.iter().max_by_key(|(size, count)| (**count, **size));
    most.map(|(size, _)| *size)
}

/// All nights so far, and the bets on each possible beginning.
struct Bets {
    nights: Vec<f64>,
    /// How many of them are epochs of one night.
    epochs: usize,
    allowance: f64,
    starts: Vec<Start>,
}

impl Bets {
    /// By how much a night must be lower than old ones. What depends on earlier nights alone may be
    /// anything from 0 on.
    fn allowance(&self) -> f64 {
        let nights = &self.nights[self.epochs..];
        let own = if nights.len() < FEWEST_NIGHTS {
            spread(&self.nights).max(EPOCHS_ALLOW)
        } else {
            spread(nights)
        };
        own.max(self.allowance)
    }

    /// Settles all bets on the next night, after placing one on its being the first of a drop.
    fn place(&mut self, score: f64) {
        self.starts.push(Start::new(&self.nights, self.allowance()));
        for start in &mut self.starts {
            start.settle(score);
        }
        self.nights.push(score);
    }

    /// The mean over all beginnings of the year; those that are still to come hold their stake.
    fn wealth(&self) -> f64 {
        let year = real(YEAR as u64);
        let waiting = year - real(self.starts.len() as u64);
        sum(self.starts.iter().map(Start::wealth).chain([waiting])) / year
    }
}

/// Bets on a drop that began at a certain night.
struct Start {
    /// Ascending.
    old: Vec<f64>,
    /// Ascending.
    new: Vec<f64>,
    allowance: f64,
    wealth: [f64; BETS.len()],
}

impl Start {
    fn new(nights: &[f64], allowance: f64) -> Self {
        let mut old = nights.to_vec();
        old.sort_by(f64::total_cmp);
        Self {
            allowance,
            old,
            new: Vec::new(),
            wealth: [1.0; BETS.len()],
        }
    }

    /// Ties count as lower nights, so that they never make a rank lower than it is.
    fn settle(&mut self, score: f64) {
        let old = self
            .old
            .partition_point(|other| *other <= score + self.allowance);
        let new = self.new.partition_point(|other| *other <= score);
        let rank = real((old + new + 1) as u64);
        let nights = real((self.old.len() + self.new.len() + 1) as u64);
        for (wealth, (share, kept)) in self.wealth.iter_mut().zip(BETS) {
            let reach =
                (share * real(self.old.len() as u64)).floor() + real(self.new.len() as u64 + 1);
            let won = if rank <= reach {
                (1.0 - kept) * nights / reach
            } else {
                0.0
            };
            *wealth *= kept + won;
        }
        self.new.insert(new, score);
    }

    fn wealth(&self) -> f64 {
        sum(self.wealth) / real(BETS.len() as u64)
    }
}

/// The standard deviation of nights, times what is allowed of it; more when neighbours are alike.
fn spread(nights: &[f64]) -> f64 {
    let n = real(nights.len() as u64);
    let centre = mean(nights.iter().copied()).unwrap_or_default();
    let squares = sum(nights
        .iter()
        .map(|night| (night - centre) * (night - centre)));
    let products = sum(nights
        .windows(2)
        .map(|pair| (pair[0] - centre) * (pair[1] - centre)));
    // The usual estimate of the correlation of neighbours is too low by about 1 / n.
    let alike = if squares > 0.0 {
        (products / squares + 1.0 / n).max(0.0)
    } else {
        0.0
    };
    let deviation = (squares / (n - 1.0).max(1.0)).sqrt();
    SPREAD_ALLOWED * (1.0 + CORRELATION_ALLOWED * alike) * deviation
}
