//! Exact one-sided tests for two rates.
//!
//! Invariant: a p-value is the probability, given the margins, of a table at least as much in favour
//! of the first arm; under equal rates it is at most α with a probability of at most α.
//!
//! It refuses to reject without data: an empty arm, or no discordant pair, gives exactly 1.

use crate::binomial::{Chance, probability, sum_of_terms, upper_tail};
use crate::elementary::real;

/// One-sided exact `McNemar` test that the first of two paired rates is the greater.
///
/// `only_first` pairs succeeded in the first arm alone and `only_second` in the second alone: the
/// result is P(X >= `only_first`) for X binomial with all discordant pairs as trials and chance ½.
pub fn mcnemar_greater(only_first: u64, only_second: u64) -> f64 {
    upper_tail(only_first, only_first.saturating_add(only_second), 0.5)
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

/// Two arms of a table with `hits_a` above 0 and `hits_b` below `n_b`.
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

    /// P(hits in a >= `hits_a`), from the margins.
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
