//! Paired rates: intervals for their difference, non-inferiority and equivalence.
//!
//! Method: T. Tango, "Equivalence test and confidence interval for the difference in proportions for the
//! paired-sample design", Statistics in Medicine 17 (1998): a score statistic whose variance is taken at
//! the tested difference, so that it holds where few pairs are discordant and Wald's does not. The exact
//! test is unconditional: the largest chance, over the unknown share of discordant pairs, of a statistic
//! as large as the one observed.
//!
//! Invariant: the statistic falls as the tested difference rises, so that the interval and the tests agree.
//!
//! It refuses more discordant pairs than pairs, and a margin outside 0 to 1.

use crate::interval::{Confidence, Estimate, Interval, Method};
use crate::normal::{normal_quantile, normal_upper_tail};
use crate::region::Region;

pub use crate::pairs::{Pairs, z};

/// Tango's score interval for the rate of the first arm minus that of the second.
pub fn interval(pairs: Pairs, confidence: Confidence) -> Estimate {
    let errors = confidence.standard_errors();
    Estimate {
        value: pairs.difference(),
        interval: Interval {
            low: lower_limit(pairs, errors),
            high: -lower_limit(pairs.swapped(), errors),
            n: pairs.n(),
            method: Method::Tango,
        },
    }
}

/// P-value of the two-sided score test that the rates differ: it is at most α just where [`interval`] with a
/// confidence of 1 - α excludes 0, up to the rounding of its ends. Asymptotic.
pub fn differs(pairs: Pairs) -> f64 {
    (2.0 * normal_upper_tail(z(pairs, 0.0).abs())).min(1.0)
}

/// The difference below the observed one at which the statistic is `errors`.
fn lower_limit(pairs: Pairs, errors: f64) -> f64 {
    let (mut low, mut high) = (-1.0, pairs.difference());
    // Halved until no double lies between; 1100 halvings would do even for the smallest.
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if z(pairs, middle) > errors {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// P-value of Tango's one-sided test of non-inferiority: that the first rate is not lower than the second
/// by `margin` or more. NaN unless `margin` lies strictly between 0 and 1.
///
/// Asymptotic: see [`is_in_domain`], and [`non_inferiority`] for the test that picks the exact one.
pub fn score_non_inferiority(pairs: Pairs, margin: f64) -> f64 {
    if margin > 0.0 && margin < 1.0 {
        normal_upper_tail(z(pairs, -margin))
    } else {
        f64::NAN
    }
}

/// P-value of the exact unconditional test of non-inferiority, with Tango's statistic: the largest chance,
/// over all shares of discordant pairs at which the first rate is lower by just `margin`, of a statistic at
/// least as large. It takes time in proportion to the number of pairs, some 0.1 s for a thousand.
///
/// NaN unless `margin` lies strictly between 0 and 1.
pub fn exact_non_inferiority(pairs: Pairs, margin: f64) -> f64 {
    if !(margin > 0.0 && margin < 1.0) {
        return f64::NAN;
    }
    // A pair as extreme as the observed one must count, however its statistic is rounded.
    let observed = z(pairs, -margin);
    let least = observed - 1e-9 * observed.abs().max(1.0);
    Region::new(pairs.n(), margin, least).largest_chance()
}

/// The larger of both one-sided p-values: the test that the rates differ by less than `margin` either way.
/// [`non_inferiority`] is asked for both. NaN unless `margin` lies strictly between 0 and 1.
pub fn equivalence(pairs: Pairs, margin: f64, alpha: f64) -> f64 {
    non_inferiority(pairs, margin, alpha).max(non_inferiority(pairs.swapped(), margin, alpha))
}

/// P-value of the test of non-inferiority: Tango's where [`is_in_domain`] says so, else the exact one.
pub fn non_inferiority(pairs: Pairs, margin: f64, alpha: f64) -> f64 {
    if is_in_domain(pairs.n(), margin, alpha) {
        score_non_inferiority(pairs, margin)
    } else {
        exact_non_inferiority(pairs, margin)
    }
}

/// Whether Tango's one-sided test at level `alpha` wrongly finds non-inferiority with a probability of at
/// most 1.3 `alpha`, whatever the share of discordant pairs ([`score_size`], over margins up to 0.2): from
/// 200 pairs on for an `alpha` from 0.005 to 0.05, from 1,000 on for one from 0.001 to 0.1, from 5,000 on for
/// one from 0.00001 to 0.1.
pub fn is_in_domain(n: u64, margin: f64, alpha: f64) -> bool {
    let usual = n >= 200 && (0.005..=0.05).contains(&alpha);
    let many = n >= 1000 && (0.001..=0.1).contains(&alpha);
    let most = n >= 5000 && (0.00001..=0.1).contains(&alpha);
    margin > 0.0 && margin <= 0.2 && (usual || many || most)
}

/// The value of [`z`] from which on [`non_inferiority`] rejects at level `alpha`.
pub(crate) fn critical(n: u64, margin: f64, alpha: f64) -> f64 {
    let asymptotic = -normal_quantile(alpha);
    if is_in_domain(n, margin, alpha) {
        return asymptotic;
    }
    // The exact test rejects from the smallest value on whose size is at most α.
    let (mut low, mut high) = (asymptotic - 1.0, asymptotic + 4.0);
    for _ in 0..22 {
        let middle = low + (high - low) / 2.0;
        if Region::new(n, margin, middle).largest_chance() <= alpha {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// The largest probability, over all shares of discordant pairs, with which Tango's test at level `alpha`
/// finds non-inferiority where the first rate is lower by just `margin`.
pub fn score_size(n: u64, margin: f64, alpha: f64) -> f64 {
    Region::new(n, margin, -normal_quantile(alpha)).largest_chance()
}
