//! Paired outcomes and Tango's statistic of them; [`crate::tango`] says where it comes from.
//!
//! Invariant: the statistic falls as the tested difference rises.
//!
//! It refuses more discordant pairs than pairs.

use crate::elementary::real;

/// The outcomes of two arms on the same items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairs {
    n: u64,
    only_first: u64,
    only_second: u64,
}

impl Pairs {
    /// `n` pairs, of which `only_first` succeeded in the first arm alone and `only_second` in the second
    /// alone. `None` without pairs, or with fewer than these.
    pub fn new(n: u64, only_first: u64, only_second: u64) -> Option<Self> {
        let discordant = only_first.checked_add(only_second)?;
        (n > 0 && discordant <= n).then_some(Self {
            n,
            only_first,
            only_second,
        })
    }

    /// Number of pairs, at least 1.
    pub const fn n(self) -> u64 {
        self.n
    }

    /// Pairs that succeeded in the first arm alone.
    pub const fn only_first(self) -> u64 {
        self.only_first
    }

    /// Pairs that succeeded in the second arm alone.
    pub const fn only_second(self) -> u64 {
        self.only_second
    }

    /// Pairs with different outcomes.
    pub const fn discordant(self) -> u64 {
        self.only_first + self.only_second
    }

    /// The rate of the first arm minus that of the second, -1 to 1.
    pub fn difference(self) -> f64 {
        (real(self.only_first) - real(self.only_second)) / real(self.n)
    }

    /// The arms in the other order.
    #[must_use]
    pub const fn swapped(self) -> Self {
        Self {
            n: self.n,
            only_first: self.only_second,
            only_second: self.only_first,
        }
    }
}

/// Tango's statistic for the hypothesis that the first rate minus the second is `difference`: large when
/// the observed difference is larger. Approximately standard normal where the hypothesis holds.
///
/// NaN unless `difference` lies between -1 and 1; at those ends, and at 0 without discordant pairs, the
/// variance is 0 and the result infinite, or 0 when the observed difference is the same.
pub fn z(pairs: Pairs, difference: f64) -> f64 {
    if !(-1.0..=1.0).contains(&difference) {
        return f64::NAN;
    }
    let gap = real(pairs.only_first) - real(pairs.only_second) - real(pairs.n) * difference;
    let variance = real(pairs.n) * spread(pairs, difference).max(0.0);
    if gap.abs() <= 0.0 {
        return 0.0;
    }
    if variance <= 0.0 {
        return f64::INFINITY.copysign(gap);
    }
    gap / variance.sqrt()
}

/// The variance of one pair's difference, with the chance of success in the second arm alone that is
/// most likely under the hypothesis: the root q of 2n x² + B x + C = 0.
fn spread(pairs: Pairs, difference: f64) -> f64 {
    let (n, first, second) = (
        real(pairs.n),
        real(pairs.only_first),
        real(pairs.only_second),
    );
    let linear = -first - second + (2.0 * n - first + second) * difference;
    let constant = -second * difference * (1.0 - difference);
    let root = (linear * linear - 8.0 * n * constant).max(0.0).sqrt();
    // Of two equal formulas the one in which nothing cancels.
    let chance = if linear > 0.0 {
        -2.0 * constant / (root + linear)
    } else {
        (root - linear) / (4.0 * n)
    };
    2.0 * chance + difference * (1.0 - difference)
}
