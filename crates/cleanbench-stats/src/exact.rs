//! Exact tests for two rates, and `McNemar`'s test with mid-p.
//!
//! Sources: A. Agresti, "Categorical Data Analysis" (2013); M. W. Fagerland, S. Lydersen and P. Laake,
//! "The `McNemar` test for binary matched-pairs data: mid-p and asymptotic are better than exact
//! conditional", BMC Medical Research Methodology 13 (2013).
//!
//! Invariant: a p-value is the probability, given the margins, of a table at least as much in favour
//! of the first arm (or as unlikely); under equal rates it is at most α with a probability of at most α.
//! Mid-p alone may exceed that: [`mid_p_is_in_domain`] tells by how little.
//!
//! It refuses to reject without data: an empty arm, or no discordant pair, gives exactly 1.

use crate::binomial::{Chance, probability, sum_of_terms, upper_tail};
use crate::elementary::real;
use crate::search::first_at_least;
use crate::sum::Sum;

/// One-sided exact `McNemar` test that the first of two paired rates is the greater.
///
/// `only_first` pairs succeeded in the first arm alone and `only_second` in the second alone: the
/// result is P(X >= `only_first`) for X binomial with all discordant pairs as trials and chance ½.
pub fn mcnemar_greater(only_first: u64, only_second: u64) -> f64 {
    upper_tail(only_first, only_first.saturating_add(only_second), 0.5)
}

/// Two-sided exact `McNemar` test that two paired rates differ: twice the smaller one-sided p-value.
pub fn mcnemar_two_sided(only_first: u64, only_second: u64) -> f64 {
    (2.0 * mcnemar_greater(only_first.max(only_second), only_first.min(only_second))).min(1.0)
}

/// [`mcnemar_greater`] with half the probability of what was observed left out, which makes up for the
/// test's caution; 1 without discordant pairs.
pub fn mcnemar_mid_p_greater(only_first: u64, only_second: u64) -> f64 {
    let pairs = only_first.saturating_add(only_second);
    if pairs == 0 {
        return 1.0;
    }
    let observed = probability(only_first, pairs, Chance::new(0.5));
    mcnemar_greater(only_first, only_second) - observed / 2.0
}

/// Two-sided `McNemar` test with mid-p: twice the smaller one-sided p-value; 1 where both are alike.
pub fn mcnemar_mid_p_two_sided(only_first: u64, only_second: u64) -> f64 {
    if only_first == only_second {
        return 1.0;
    }
    2.0 * mcnemar_mid_p_greater(only_first.max(only_second), only_first.min(only_second))
}

/// Whether [`mcnemar_mid_p_greater`] rejects equal rates at level `alpha` with a probability of at most
/// 1.3 `alpha`, given this number of `discordant` pairs. For the two-sided test ask with half of its level.
pub fn mid_p_is_in_domain(discordant: u64, alpha: f64) -> bool {
    let critical = first_at_least(0, discordant.saturating_add(1), |count| {
        mcnemar_mid_p_greater(count, discordant - count) <= alpha
    });
    upper_tail(critical, discordant, 0.5) <= 1.3 * alpha
}

/// Fisher's two-sided exact test that the rates of two arms differ: the probability of all tables with
/// these margins that are no more likely than this one, up to a relative 1e-7.
///
/// 1 for an empty arm; NaN when an arm has more hits than trials.
pub fn fisher_two_sided(hits_a: u64, n_a: u64, hits_b: u64, n_b: u64) -> f64 {
    if hits_a > n_a || hits_b > n_b {
        return f64::NAN;
    }
    let (hits, trials) = (hits_a.saturating_add(hits_b), n_a.saturating_add(n_b));
    let of = |hits_a: u64| {
        Table {
            hits_a,
            n_a,
            hits_b: hits - hits_a,
            n_b,
        }
        .probability()
    };
    if hits == 0 || hits == trials {
        return 1.0;
    }
    let limit = of(hits_a) * (1.0 + 1e-7);
    let tables = hits.saturating_sub(n_b)..=hits.min(n_a);
    let mut total = Sum::new();
    for probability in tables.map(of).filter(|probability| *probability <= limit) {
        total.add(probability);
    }
    total.value().min(1.0)
}

/// Fisher's one-sided exact test that the rate of arm a exceeds that of arm b.
///
/// The probability of at least `hits_a` of all hits among the `n_a` trials, were the hits spread over
/// both arms at random (hypergeometric). NaN when an arm has more hits than trials.
pub fn fisher_greater(hits_a: u64, n_a: u64, hits_b: u64, n_b: u64) -> f64 {
    if hits_a > n_a || hits_b > n_b {
        return f64::NAN;
    }
    // The smallest count that the margins allow is always reached; this holds for an empty arm too.
    if hits_a == 0 || hits_b == n_b {
        return 1.0;
    }
    let table = Table {
        hits_a,
        n_a,
        hits_b,
        n_b,
    };
    if table.favours_a() {
        table.at_least()
    } else {
        1.0 - table.swapped_beyond()
    }
}

/// Two arms of a table.
#[derive(Clone, Copy)]
struct Table {
    hits_a: u64,
    n_a: u64,
    hits_b: u64,
    n_b: u64,
}

impl Table {
    /// Whether arm a has more hits than its share of all.
    fn favours_a(self) -> bool {
        u128::from(self.hits_a) * u128::from(self.n_b)
            > u128::from(self.hits_b) * u128::from(self.n_a)
    }

    /// P(hits in a >= `hits_a`), from the margins; `hits_a` is above 0 and `hits_b` below `n_b`.
    fn at_least(self) -> f64 {
        let (hits, spare) = (self.hits_a, self.n_b - self.hits_b);
        let last = self.hits_b.min(self.n_a - hits);
        let ratio = |step: u64| {
            real(self.n_a - hits - step) / real(hits + step + 1) * real(self.hits_b - step)
                / real(spare + step + 1)
        };
        sum_of_terms(self.probability(), (0..last).map(ratio))
    }

    /// P(hits in a < `hits_a`): one hit is moved to arm b, and the arms change places.
    fn swapped_beyond(self) -> f64 {
        Self {
            hits_a: self.hits_b + 1,
            n_a: self.n_b,
            hits_b: self.hits_a - 1,
            n_b: self.n_a,
        }
        .at_least()
    }

    /// The probability of this very table: two binomials, given their sum. Any rate would do; the
    /// common one makes each factor a large one.
    fn probability(self) -> f64 {
        let (hits, trials) = (self.hits_a + self.hits_b, self.n_a + self.n_b);
        let common = Chance {
            success: real(hits) / real(trials),
            failure: real(trials - hits) / real(trials),
        };
        probability(self.hits_a, self.n_a, common) * probability(self.hits_b, self.n_b, common)
            / probability(hits, trials, common)
    }
}
