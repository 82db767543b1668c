//! Bootstrap and sign-flip permutation of the mean of paired differences (or of any values).
//!
//! Methods: the percentile bootstrap of B. Efron (1979), which draws whole units, with the percentiles of
//! [`crate::percentile`]; the sign-flip test of R. A. Fisher (1935), which is exact when the differences of
//! two equal arms are as likely to have either sign, and where p-values of random flips are
//! (1 + as extreme) / (1 + flips) (B. Phipson and G. K. Smyth, 2010).
//!
//! Invariant: units are drawn and flipped whole, clusters as well as single values; the same seed gives the
//! same bits.
//!
//! It refuses fewer than [`crate::cluster::FEWEST`] clusters. Percentiles of a bootstrap are asymptotic, and
//! no better than t for few or skewed units: [`Units::is_in_domain`] tells for both.

use crate::cluster::Units;
use crate::elementary::real;
use crate::interval::{Confidence, Estimate, Interval, Method, NoInterval};
use crate::percentile::quantile_of;
use crate::random::Random;
use crate::sum::{Sum, sum};

/// Resamples that make the ends of a 95 % interval steady to about a fiftieth of its width.
pub const USUAL_RESAMPLES: usize = 10_000;

/// Up to this many units that are not 0, all flips of signs are gone through: 65,536.
pub const MOST_FLIPPED_EXACTLY: usize = 16;

/// The mean over all values with the interval from `resamples` bootstrap samples of units.
///
/// Each draws as many units as there are, by [`Random::index`] in the stream of `seed`. A hundred million draws
/// take some seconds; from ten thousand units on t is as good, and at once.
///
/// # Errors
/// As [`Units::robust_mean`].
pub fn bootstrap(
    units: &Units,
    seed: u64,
    resamples: usize,
    confidence: Confidence,
) -> Result<Estimate, NoInterval> {
    let mut random = Random::new(seed);
    let count = units.len();
    let draw = |_| resampled(units, (0..count).map(|_| random.index(count)));
    interval(units, (0..resamples).map(draw).collect(), confidence)
}

/// [`bootstrap`] with given resamples, each a list of places of units.
///
/// # Errors
/// As [`bootstrap`]; [`NoInterval::NoValues`] too when a resample is empty or names a unit that is not.
pub fn bootstrap_given(
    units: &Units,
    resamples: &[Vec<usize>],
    confidence: Confidence,
) -> Result<Estimate, NoInterval> {
    let known = |resample: &Vec<usize>| {
        !resample.is_empty() && resample.iter().all(|&unit| unit < units.len())
    };
    if !resamples.iter().all(known) {
        return Err(NoInterval::NoValues);
    }
    let means = resamples
        .iter()
        .map(|resample| resampled(units, resample.iter().copied()));
    interval(units, means.collect(), confidence)
}

/// A statistic of `resamples` bootstrap samples of as many units as there are, in the stream of `seed`, ascending. It
/// is given how often each unit was drawn.
pub fn drawn(
    units: usize,
    seed: u64,
    resamples: usize,
    statistic: impl Fn(&[u32]) -> f64,
) -> Vec<f64> {
    let mut random = Random::new(seed);
    let mut counts = vec![0_u32; units];
    let draw = |_| {
        counts.fill(0);
        for _ in 0..units {
            counts[random.index(units)] += 1;
        }
        statistic(&counts)
    };
    let mut found: Vec<f64> = (0..resamples).map(draw).collect();
    found.sort_by(f64::total_cmp);
    found
}

/// The mean over the values of the units at these places.
fn resampled(units: &Units, places: impl Iterator<Item = usize>) -> f64 {
    let (mut total, mut size) = (Sum::new(), Sum::new());
    for place in places {
        total.add(units.sums()[place]);
        size.add(units.sizes()[place]);
    }
    total.value() / size.value()
}

fn interval(
    units: &Units,
    mut means: Vec<f64>,
    confidence: Confidence,
) -> Result<Estimate, NoInterval> {
    let robust = units.robust_mean()?;
    means.sort_by(f64::total_cmp);
    let end = |p: f64| quantile_of(&means, p).ok_or(NoInterval::NoValues);
    Ok(Estimate {
        value: robust.value,
        interval: Interval {
            low: end(confidence.tail())?,
            high: end(1.0 - confidence.tail())?,
            n: robust.n,
            method: if units.are_clusters() {
                Method::ClusterBootstrap
            } else {
                Method::Bootstrap
            },
        },
    })
}

/// What a sign-flip test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    /// P-value of the test that the mean is above 0.
    pub greater: f64,
    /// P-value of the test that the mean is not 0.
    pub two_sided: f64,
    /// How many flips of random signs it is from; `None` when all were gone through.
    pub flips: Option<u64>,
    /// Number of units.
    pub n: u64,
}

/// Sign-flip permutation test of the sum over units.
///
/// All flips are gone through where at most [`MOST_FLIPPED_EXACTLY`] units are not 0; else `flips` random
/// ones in the stream of `seed`, one bit a unit. Units that are 0 change nothing either way.
///
/// # Errors
/// Without units, when a value is not finite, and with fewer than [`crate::cluster::FEWEST`] clusters.
pub fn sign_flip(units: &Units, seed: u64, flips: u64) -> Result<SignFlip, NoInterval> {
    units.mean()?;
    let moving: Vec<f64> = units
        .sums()
        .iter()
        .copied()
        .filter(|sum| *sum != 0.0)
        .collect();
    let observed = sum(moving.iter().copied());
    let tally = if moving.len() <= MOST_FLIPPED_EXACTLY {
        all_flips(&moving, observed)
    } else {
        random_flips(&moving, observed, seed, flips)
    };
    Ok(tally.result(units))
}

/// [`sign_flip`] with given flips: for each, which units change their sign.
///
/// # Errors
/// As [`sign_flip`]; [`NoInterval::NoValues`] too when a flip has another length than there are units.
pub fn sign_flip_given(units: &Units, flips: &[Vec<bool>]) -> Result<SignFlip, NoInterval> {
    units.mean()?;
    if flips.iter().any(|flip| flip.len() != units.len()) {
        return Err(NoInterval::NoValues);
    }
    let mut tally = Tally::new(units.sums(), sum(units.sums().iter().copied()), false);
    for flip in flips {
        tally.count(flipped(units.sums(), flip.iter().copied()));
    }
    Ok(tally.result(units))
}

/// How many flips were as extreme as what was observed.
struct Tally {
    observed: f64,
    slack: f64,
    flips: u64,
    greater: u64,
    two_sided: u64,
    all: bool,
}

impl Tally {
    /// Flips that differ from what was observed by rounding alone count as the same.
    fn new(values: &[f64], observed: f64, all: bool) -> Self {
        Self {
            observed,
            slack: 1e-12 * sum(values.iter().map(|value| value.abs())),
            flips: 0,
            greater: 0,
            two_sided: 0,
            all,
        }
    }

    fn count(&mut self, flipped: f64) {
        self.flips += 1;
        self.greater += u64::from(flipped >= self.observed - self.slack);
        self.two_sided += u64::from(flipped.abs() >= self.observed.abs() - self.slack);
    }

    /// All flips have what was observed among them; to random ones it is added.
    fn result(&self, units: &Units) -> SignFlip {
        let added = u64::from(!self.all);
        let share = |extreme: u64| real(extreme + added) / real(self.flips + added);
        SignFlip {
            greater: share(self.greater),
            two_sided: share(self.two_sided),
            flips: (!self.all).then_some(self.flips),
            n: u64::try_from(units.len()).unwrap_or(u64::MAX),
        }
    }
}

fn all_flips(values: &[f64], observed: f64) -> Tally {
    let mut tally = Tally::new(values, observed, true);
    for pattern in 0..1_u32 << values.len() {
        let bits = (0..values.len()).map(|unit| pattern >> unit & 1 == 1);
        tally.count(flipped(values, bits));
    }
    tally
}

fn random_flips(values: &[f64], observed: f64, seed: u64, flips: u64) -> Tally {
    let mut tally = Tally::new(values, observed, false);
    let mut random = Random::new(seed);
    for _ in 0..flips {
        let (mut word, mut left) = (0, 0);
        let bits = std::iter::from_fn(|| {
            if left == 0 {
                (word, left) = (random.next_u32(), 32);
            }
            let bit = word & 1 == 1;
            (word, left) = (word >> 1, left - 1);
            Some(bit)
        });
        tally.count(flipped(values, bits));
    }
    tally
}

/// The sum with the signs of some values changed.
fn flipped(values: &[f64], flips: impl Iterator<Item = bool>) -> f64 {
    let signed = values.iter().zip(flips);
    sum(signed.map(|(value, flip)| if flip { -value } else { *value }))
}
