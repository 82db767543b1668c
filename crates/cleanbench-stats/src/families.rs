//! Two arms whose items hang together in families.
//!
//! Tests: in pairs, every family keeps or changes the sign of its sum of differences, all sign patterns alike likely
//! (the randomisation test of Fisher 1935 on families), summed over exactly. In independent arms, families change
//! arms, by [`DRAWS`] drawn permutations (p = (1 + as extreme) / (1 + drawn), Phipson and Smyth 2010). Intervals: Student's t over
//! families, as in [`crate::cluster`]; of independent arms with the fewer families' degrees of freedom.
//!
//! Invariant: nothing depends on the order of families: they are sorted before anything is drawn or summed.
//!
//! It refuses nothing: with fewer than [`FEWEST`] families an interval says nothing, -1 to 1.

use crate::elementary::real;
use crate::random::Random;
use crate::student::student_quantile;

/// Permutations that are drawn for independent arms.
pub const DRAWS: u32 = 19_999;
/// With fewer families an interval is from -1 to 1.
pub const FEWEST: usize = 5;
/// What the usual intervals leave outside, on both sides together.
pub const ALPHA: f64 = 0.05;

/// A family: the sum of its items' outcomes (in pairs, of their differences), and how many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Family {
    /// The sum.
    pub sum: i64,
    /// Items.
    pub items: u64,
}

impl Family {
    /// Takes in an item.
    pub fn add(&mut self, value: i64) {
        self.sum += value;
        self.items += 1;
    }
}

/// A difference over families.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// Lower end of the two-sided 95 % interval of the difference of rates, at least -1.
    pub low: f64,
    /// Upper end, at most 1.
    pub high: f64,
    /// One-sided p-value for "the first arm has more".
    pub p: f64,
    /// Name of the test.
    pub test: &'static str,
}

/// The difference over families of pairs; `None` where each family is a single pair, for which there are exact tests.
pub fn paired(families: &[Family]) -> Option<Compared> {
    paired_at(families, ALPHA)
}

/// The same with an interval that leaves `alpha` outside.
pub fn paired_at(families: &[Family], alpha: f64) -> Option<Compared> {
    if families.iter().all(|family| family.items <= 1) {
        return None;
    }
    let [low, high] = around(rate(families), alpha);
    Some(Compared {
        low,
        high,
        p: sign_flips(families),
        test: "sign flips of families, exact",
    })
}

/// The difference between independent arms; `None` where each family is a single item.
pub fn unpaired(first: &[Family], second: &[Family]) -> Option<Compared> {
    unpaired_at(first, second, 1.0, ALPHA)
}

/// The same where a p-value above `most` is told as 1, which spares most of the drawing, and with an interval that
/// leaves `alpha` outside.
pub fn unpaired_at(first: &[Family], second: &[Family], most: f64, alpha: f64) -> Option<Compared> {
    let mut both = first.iter().chain(second);
    if both.all(|family| family.items <= 1) {
        return None;
    }
    let [low, high] = around(difference_of_arms(first, second), alpha);
    Some(Compared {
        low,
        high,
        p: permuted(first, second, most),
        test: "permutation of families",
    })
}

/// An estimate with its standard error.
#[derive(Debug, Clone, Copy)]
struct Spread {
    estimate: f64,
    /// Square of the standard error; `None` with too few families.
    variance: Option<f64>,
    degrees: f64,
}

/// The ends of the interval around an estimate that leaves `alpha` outside.
fn around(spread: Spread, alpha: f64) -> [f64; 2] {
    let Some(variance) = spread.variance else {
        return [-1.0, 1.0];
    };
    let reach = student_quantile(1.0 - alpha / 2.0, spread.degrees) * variance.sqrt();
    [
        (spread.estimate - reach).max(-1.0),
        (spread.estimate + reach).min(1.0),
    ]
}

fn items(families: &[Family]) -> f64 {
    real(families.iter().map(|family| family.items).sum())
}

/// Mean and squared standard error of the outcome of an item.
fn rate(families: &[Family]) -> Spread {
    let n = items(families);
    let sum: i64 = families.iter().map(|family| family.sum).sum();
    let estimate = signed(sum) / n;
    let count = real(families.len() as u64);
    let mut residuals: Vec<_> = families
        .iter()
        .map(|family| {
            let residual = signed(family.sum) - real(family.items) * estimate;
            residual * residual
        })
        .collect();
    residuals.sort_by(f64::total_cmp);
    let squares: f64 = residuals.iter().sum();
    let enough = families.len() >= FEWEST;
    Spread {
        estimate,
        variance: enough.then(|| count / (count - 1.0) * squares / (n * n)),
        degrees: count - 1.0,
    }
}

fn difference_of_arms(first: &[Family], second: &[Family]) -> Spread {
    let [first, second] = [rate(first), rate(second)];
    let variance = first.variance.zip(second.variance);
    Spread {
        estimate: first.estimate - second.estimate,
        variance: variance.map(|(first, second)| first + second),
        degrees: first.degrees.min(second.degrees),
    }
}

#[expect(clippy::cast_precision_loss, reason = "sums are far below 2^52")]
fn signed(sum: i64) -> f64 {
    sum as f64
}

/// The share of all sign patterns whose sum is at least the one observed.
fn sign_flips(families: &[Family]) -> f64 {
    let observed: i64 = families.iter().map(|family| family.sum).sum();
    let mut sums: Vec<u64> = families.iter().map(|one| one.sum.unsigned_abs()).collect();
    sums.sort_unstable();
    let all: u64 = sums.iter().sum();
    // chances[k]: that the families with a positive sign sum to k; then the total is 2k - all.
    let mut chances = vec![0.0; place(all) + 1];
    chances[0] = 1.0;
    let mut reached = 0;
    for sum in sums.into_iter().map(place).filter(|sum| *sum > 0) {
        for k in (0..=reached).rev() {
            let half = chances[k] / 2.0;
            chances[k] = half;
            chances[k + sum] += half;
        }
        reached += sum;
    }
    let least = observed
        .saturating_add_unsigned(all)
        .max(0)
        .unsigned_abs()
        .div_ceil(2);
    let tail: f64 = chances.iter().skip(place(least)).rev().sum();
    tail.min(1.0)
}

fn place(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// p of the difference of rates among permutations of families over the arms; 1 where it is above `most`.
fn permuted(first: &[Family], second: &[Family], most: f64) -> f64 {
    let p = |extreme: u32| f64::from(extreme + 1) / f64::from(DRAWS + 1);
    let split = first.len();
    let [own, other] = [total(first), total(second)];
    let observed = difference(own, other);
    let both = Family {
        sum: own.sum + other.sum,
        items: own.items + other.items,
    };
    let mut all = [first, second].concat();
    all.sort_unstable();
    let mut random = Random::new(0);
    let mut extreme = 0_u32;
    for _ in 0..DRAWS {
        if p(extreme) > most {
            return 1.0;
        }
        // The first `split` places are a random choice of all families.
        for place in 0..split.min(all.len() - 1) {
            let other = place + random.index(all.len() - place);
            all.swap(place, other);
        }
        let drawn = total(&all[..split]);
        let rest = Family {
            sum: both.sum - drawn.sum,
            items: both.items - drawn.items,
        };
        let drawn = difference(drawn, rest);
        extreme += u32::from(drawn >= observed - 1e-12);
    }
    let p = p(extreme);
    if p > most { 1.0 } else { p }
}

/// All items of `families`, as of one.
fn total(families: &[Family]) -> Family {
    Family {
        sum: families.iter().map(|family| family.sum).sum(),
        items: families.iter().map(|family| family.items).sum(),
    }
}

/// Difference of the rates of two arms.
fn difference(first: Family, second: Family) -> f64 {
    let rate = |arm: Family| signed(arm.sum) / real(arm.items).max(1.0);
    rate(first) - rate(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(sum: i64, items: u64) -> Family {
        Family { sum, items }
    }

    #[test]
    fn sign_flips_of_single_pairs_are_mcnemar() {
        let mut families = vec![family(1, 1); 9];
        families.extend([family(-1, 1); 3]);
        families.extend([family(0, 1); 20]);
        let exact = crate::exact::mcnemar_greater(9, 3);
        assert!((sign_flips(&families) - exact).abs() < 1e-12);
        assert_eq!(paired(&families), None);
        assert!((sign_flips(&[]) - 1.0).abs() < 1e-12);
    }

    /// All 16 patterns of 3, 2, 2 and 1 with sum 8 observed 6: only +all (8) and without the 1 (6).
    #[test]
    fn sign_flips_are_summed_exactly() {
        let families = [family(3, 4), family(2, 2), family(2, 3), family(-1, 1)];
        assert!((sign_flips(&families) - 2.0 / 16.0).abs() < 1e-12);
        let found = paired(&families).unwrap();
        assert!((found.low, found.high) == (-1.0, 1.0), "four families");
    }

    #[test]
    fn a_permutation_of_families_agrees_with_the_exact_test_of_single_items() {
        let arm = |hits: u64, n: u64| -> Vec<Family> {
            (0..n)
                .map(|place| family(i64::from(place < hits), 1))
                .collect()
        };
        let p = permuted(&arm(12, 40), &arm(4, 40), 1.0);
        let exact = crate::exact::fisher_greater(12, 40, 4, 40);
        // Four standard errors of the draws.
        assert!(
            (p - exact).abs() < 4.0 * (exact / f64::from(DRAWS)).sqrt(),
            "{p} {exact}"
        );
        assert_eq!(unpaired(&arm(1, 4), &arm(1, 4)), None);
    }

    #[test]
    fn only_p_values_above_the_most_are_told_as_1() {
        let mut random = Random::new(6);
        let mut seen = [0, 0];
        for _ in 0..40 {
            let mut arm = |rate: f64| -> Vec<Family> {
                (0..20)
                    .map(|_| family(3 * i64::from(random.unit() < rate), 3))
                    .collect()
            };
            let [first, second] = [arm(0.5), arm(0.3)];
            let whole = unpaired(&first, &second).unwrap();
            let short = unpaired_at(&first, &second, 0.05, ALPHA).unwrap();
            let expected = if whole.p > 0.05 { 1.0 } else { whole.p };
            assert!((short.p - expected).abs() < 1e-15);
            assert!((short.low - whole.low).abs() < 1e-15);
            seen[usize::from(whole.p > 0.05)] += 1;
        }
        assert!(seen[0] > 3 && seen[1] > 3, "{seen:?}");
    }

    #[test]
    fn order_has_no_say() {
        let first: Vec<_> = (0..20).map(|place| family(place % 4, 4)).collect();
        let second: Vec<_> = (0..25).map(|place| family(place % 2, 3)).collect();
        let turned = |families: &[Family]| families.iter().rev().copied().collect::<Vec<_>>();
        assert_eq!(
            unpaired(&first, &second),
            unpaired(&turned(&first), &turned(&second))
        );
        assert_eq!(paired(&first), paired(&turned(&first)));
    }

    /// 25 families of 11 items, guessed together at .2 in both arms: the test of single pairs is wrong in many.
    #[test]
    fn families_that_are_guessed_together_are_rarely_taken_for_a_leak() {
        let mut random = Random::new(5);
        let mut draw = || -> Vec<Family> {
            let guessed = |_| family(11 * i64::from(random.unit() < 0.2), 11);
            (0..25).map(guessed).collect()
        };
        let (mut pairs, mut plain) = (0, 0);
        for _ in 0..2_000 {
            let [first, second] = [draw(), draw()];
            let [more, fewer] = [(&first, &second), (&second, &first)].map(|(one, other)| {
                let won = one
                    .iter()
                    .zip(other)
                    .filter(|(one, other)| one.sum > other.sum);
                11 * won.count() as u64
            });
            plain += u32::from(crate::exact::mcnemar_greater(more, fewer) <= 0.05);
            let differences = first.iter().zip(&second);
            let differences: Vec<_> = differences
                .map(|(one, other)| family(one.sum - other.sum, 11))
                .collect();
            pairs += u32::from(sign_flips(&differences) <= 0.05);
        }
        // Three standard errors above 5 %.
        assert!(pairs <= 129 && plain > 500, "{pairs}, {plain} of 2,000");
        let rounds = 200;
        let arms = (0..rounds).filter(|_| permuted(&draw(), &draw(), 1.0) <= 0.05);
        assert!(arms.count() <= 19, "of {rounds}");
    }
}
