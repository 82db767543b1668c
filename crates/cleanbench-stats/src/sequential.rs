//! Tests and intervals that hold however often one looks at them, so that one may stop when they decide.
//!
//! Methods: for paired outcomes the likelihood of the discordant pairs, mixed over their chance with a
//! Beta distribution, against a fair coin (A. Wald, 1945; H. Robbins, 1970); for bounded means the hedged
//! capital process of I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by
//! betting", Journal of the Royal Statistical Society B 86 (2024).
//!
//! Invariant: under the hypothesis an e-value has a mean of at most 1 at whatever time one stops, and ever
//! reaches 1/α with a probability of at most α (J. Ville, 1939). Items must come in an order that does not
//! depend on their results, such as a random one; of items that hang together, one mean for each cluster.
//!
//! It refuses values outside their bounds.

use crate::beta::Share;
use crate::beta::distribution;
use crate::elementary::{exponential, natural_logarithm, real};
use crate::gamma::ln_gamma;
use crate::interval::{Confidence, Interval, Method};

/// Parameter of the Beta mixture: Jeffreys' prior.
const MIXTURE: f64 = 0.5;
/// The largest part of the capital that a bet may lose.
const MOST_AT_STAKE: f64 = 0.5;
/// Means between the bounds that a confidence sequence tells apart.
const GRID: usize = 1000;

/// E-value against equal paired rates, for either difference: how much more likely the discordant pairs
/// are under unequal rates than under equal ones. 1 without discordant pairs.
pub fn mcnemar_e_value(only_first: u64, only_second: u64) -> f64 {
    exponential(ln_mixture(only_first, only_second)).min(f64::MAX)
}

/// E-value against the first of two paired rates being no greater than the second. It is small, not
/// large, when the second is the greater.
pub fn mcnemar_e_value_greater(only_first: u64, only_second: u64) -> f64 {
    // The mixture's part above ½, where half of the prior lies.
    let (first, second) = (real(only_first) + MIXTURE, real(only_second) + MIXTURE);
    let above = distribution(Share::new(0.5), second, first);
    (2.0 * above * exponential(ln_mixture(only_first, only_second))).min(f64::MAX)
}

/// ln [2^(b+c) B(b + a, c + a) / B(a, a)].
fn ln_mixture(only_first: u64, only_second: u64) -> f64 {
    let (first, second) = (real(only_first), real(only_second));
    let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    (first + second) * natural_logarithm(2.0) + ln_beta(first + MIXTURE, second + MIXTURE)
        - ln_beta(MIXTURE, MIXTURE)
}

/// How much to bet next, from the values so far: large when they vary little.
#[derive(Debug, Clone, Copy)]
struct Stake {
    /// 2 ln(2/α) or 2 ln(1/α).
    aim: f64,
    count: u64,
    sum: f64,
    squares: f64,
}

impl Stake {
    fn new(alpha: f64, sides: f64) -> Self {
        Self {
            aim: 2.0 * natural_logarithm(sides / alpha),
            count: 0,
            sum: 0.0,
            squares: 0.0,
        }
    }

    /// The next bet, before it is cut off so that it cannot lose everything.
    fn next(&self) -> f64 {
        let time = real(self.count + 1);
        let variance = (0.25 + self.squares) / time;
        (self.aim / (variance * time * natural_logarithm(1.0 + time))).sqrt()
    }

    /// Takes note of a value from 0 to 1.
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        let mean = (0.5 + self.sum) / (real(self.count) + 1.0);
        self.squares += (value - mean) * (value - mean);
    }
}

/// Values from `low` to `high` as values from 0 to 1.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    low: f64,
    high: f64,
}

impl Bounds {
    fn new(low: f64, high: f64) -> Option<Self> {
        (low < high && (high - low).is_finite()).then_some(Self { low, high })
    }

    /// `None` outside of the bounds.
    fn inside(self, value: f64) -> Option<f64> {
        (self.low..=self.high)
            .contains(&value)
            .then(|| ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0))
    }
}

/// A test, to be looked at after every value, that the mean of bounded values is above a bound.
///
/// For paired differences between -1 and 1 and a bound of -margin it is a test of non-inferiority that may
/// stop at any time.
#[derive(Debug, Clone)]
pub struct MeanAbove {
    bounds: Bounds,
    bound: f64,
    stake: Stake,
    capital: f64,
    most: f64,
}

impl MeanAbove {
    /// A test against a mean of at most `bound`, for values from `low` to `high`, which bets so as to reach
    /// 1 / `alpha` soon. `None` unless `low` < `bound` < `high` and `alpha` lies strictly between 0 and 1.
    pub fn new(bound: f64, low: f64, high: f64, alpha: f64) -> Option<Self> {
        let bounds = Bounds::new(low, high)?;
        (bound > low && bound < high && alpha > 0.0 && alpha < 1.0).then_some(Self {
            bounds,
            bound: (bound - low) / (high - low),
            stake: Stake::new(alpha, 1.0),
            capital: 1.0,
            most: 1.0,
        })
    }

    /// Adds a value; `false`, and no change, when it is outside of the bounds or NaN.
    pub fn add(&mut self, value: f64) -> bool {
        let Some(value) = self.bounds.inside(value) else {
            return false;
        };
        let bet = self.stake.next().min(MOST_AT_STAKE / self.bound);
        self.capital = settled(self.capital, bet * (value - self.bound));
        self.most = self.most.max(self.capital);
        self.stake.add(value);
        true
    }

    /// The e-value now. Reject when it ever reaches 1/α.
    pub const fn e_value(&self) -> f64 {
        self.capital
    }

    /// A p-value that is valid at every time: 1 over the largest e-value so far.
    pub fn p_value(&self) -> f64 {
        1.0 / self.most
    }

    /// Number of values.
    pub const fn n(&self) -> u64 {
        self.stake.count
    }
}

/// Capital after a bet that gains a multiple of it, kept within what a double holds.
fn settled(capital: f64, gain: f64) -> f64 {
    (capital * (1.0 + gain)).clamp(f64::MIN_POSITIVE, 1e300)
}

/// An interval for the mean of bounded values that holds at all times at once.
#[derive(Debug, Clone)]
pub struct ConfidenceSequence {
    bounds: Bounds,
    stake: Stake,
    threshold: f64,
    /// For each mean of the grid, the capital of those who bet that the true one is above and below it.
    above: Vec<f64>,
    below: Vec<f64>,
    /// Places of the grid that are not ruled out lie between these two, both included.
    first: usize,
    last: usize,
}

impl ConfidenceSequence {
    /// A sequence for values from `low` to `high`; `None` unless `low` < `high`, both finite.
    pub fn new(low: f64, high: f64, confidence: Confidence) -> Option<Self> {
        let alpha = 2.0 * confidence.tail();
        Some(Self {
            bounds: Bounds::new(low, high)?,
            stake: Stake::new(alpha, 2.0),
            // Each side stakes half.
            threshold: 2.0 / alpha,
            above: vec![1.0; GRID + 1],
            below: vec![1.0; GRID + 1],
            first: 0,
            last: GRID,
        })
    }

    /// Adds a value; `false`, and no change, when it is outside of the bounds or NaN.
    pub fn add(&mut self, value: f64) -> bool {
        let Some(value) = self.bounds.inside(value) else {
            return false;
        };
        let bet = self.stake.next();
        for place in self.first..=self.last {
            let mean = grid(place);
            let up = bet.min(MOST_AT_STAKE / mean.max(f64::MIN_POSITIVE));
            let down = bet.min(MOST_AT_STAKE / (1.0 - mean).max(f64::MIN_POSITIVE));
            self.above[place] = settled(self.above[place], up * (value - mean));
            self.below[place] = settled(self.below[place], -down * (value - mean));
        }
        self.stake.add(value);
        // Capital above falls with the mean and capital below rises, so that only ends are ruled out.
        while self.first < self.last && self.above[self.first] >= self.threshold {
            self.first += 1;
        }
        while self.last > self.first && self.below[self.last] >= self.threshold {
            self.last -= 1;
        }
        true
    }

    /// The interval now: within all those before it. Ends are rounded outward to a thousandth of the bounds'
    /// distance; without values it is the bounds.
    pub fn interval(&self) -> Interval {
        let width = self.bounds.high - self.bounds.low;
        Interval {
            low: self.bounds.low + grid(self.first.saturating_sub(1)) * width,
            high: self.bounds.low + grid((self.last + 1).min(GRID)) * width,
            n: self.stake.count,
            method: Method::Betting,
        }
    }

    /// The mean of the values; `None` without any.
    pub fn mean(&self) -> Option<f64> {
        let width = self.bounds.high - self.bounds.low;
        (self.stake.count > 0)
            .then(|| self.bounds.low + self.stake.sum / real(self.stake.count) * width)
    }
}

fn grid(place: usize) -> f64 {
    real(place as u64) / real(GRID as u64)
}
