//! Tests and bounds for the mean of bounded values, whatever their distribution is and in whatever order they
//! stand.
//!
//! Method: of every unit (a value, or the values of a cluster) those who bet that the mean is above a bound
//! stake a fixed part of what they have; their capital is a product, and an even mixture of capitals over parts
//! from 1/√n to nearly everything is a capital too. This is the universal portfolio (T. Cover, Mathematical
//! Finance 1, 1991), by which F. Orabona and K.-S. Jun bound means in "Tight concentrations and confidence
//! sequences from the regret of universal portfolio", IEEE Transactions on Information Theory 70 (2024). One over
//! the capital is a p-value (Markov's inequality).
//!
//! Invariant: it is valid for independent units, alike or not: by the inequality of means Π (1 + f mᵢ) is at most
//! 1 wherever the mean of mᵢ is at most 0. A product knows no order, and units are sorted before their
//! logarithms are added up, so that the last bit does not know it either.
//!
//! It refuses values outside their bounds. Unlike [`crate::sequential`] it is not to be looked at twice.

use crate::cluster::Units;
use crate::elementary::{exponential, natural_logarithm, real};
use crate::interval::{Confidence, Interval, Method};
use crate::sum::Sum;

/// The largest part that is staked.
const LARGEST_PART: f64 = 0.99;
/// Each part is that much smaller than the one before.
const STEP: f64 = std::f64::consts::SQRT_2;
/// Halvings in the search for an end, which is rounded outward to 2^-30 of the distance between the bounds.
const HALVINGS: u32 = 30;

/// Units that are alike: how much their values add up to, as values from 0 to 1, of how many values.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Group {
    sum: f64,
    size: f64,
    count: f64,
}

impl Group {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        let by_size = self.size.total_cmp(&other.size);
        by_size.then(self.sum.total_cmp(&other.sum))
    }

    /// The same with every value taken from 1.
    fn mirrored(self) -> Self {
        Self {
            sum: self.size - self.sum,
            ..self
        }
    }
}

/// Independent units of values between two bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundedMean {
    /// Sorted, each kind once.
    groups: Vec<Group>,
    units: u64,
    /// Size of the largest unit.
    largest: f64,
    low: f64,
    high: f64,
}

impl BoundedMean {
    /// The values of `units`, all from `low` to `high`; `None` without values, or where one is outside.
    pub fn new(units: &Units, low: f64, high: f64) -> Option<Self> {
        if units.is_empty()
            || !(low < high && (high - low).is_finite())
            || !units.are_within(low, high)
        {
            return None;
        }
        let sums = units.sums().iter().zip(units.sizes());
        let mut groups: Vec<_> = sums
            .map(|(sum, &size)| Group {
                sum: ((sum - size * low) / (high - low)).clamp(0.0, size),
                size,
                count: 1.0,
            })
            .collect();
        groups.sort_unstable_by(Group::order);
        groups.dedup_by(|next, kept| {
            let is_alike = kept.order(next).is_eq();
            kept.count += if is_alike { next.count } else { 0.0 };
            is_alike
        });
        Some(Self {
            groups,
            units: u64::try_from(units.len()).unwrap_or(u64::MAX),
            largest: units.sizes().iter().copied().fold(1.0, f64::max),
            low,
            high,
        })
    }

    /// Number of units.
    pub const fn n(&self) -> u64 {
        self.units
    }

    /// The mean of all values.
    pub fn value(&self) -> f64 {
        let total = |of: fn(&Group) -> f64| {
            crate::sum(self.groups.iter().map(|group| of(group) * group.count))
        };
        let share = total(|group| group.sum) / total(|group| group.size);
        self.low + share * (self.high - self.low)
    }

    /// One-sided p-value that the true mean is above `bound`; 1 for a bound outside of the values' bounds.
    pub fn exceeds(&self, bound: f64) -> f64 {
        p_value(self.capital(self.place(bound)))
    }

    /// One-sided p-value that the true mean is below `bound`; 1 for a bound outside of the values' bounds.
    pub fn is_below(&self, bound: f64) -> f64 {
        self.mirrored().exceeds(-bound)
    }

    /// The bounds that each are wrong with a chance of at most half of 1 minus `confidence`.
    pub fn interval(&self, confidence: Confidence) -> Interval {
        let least = -natural_logarithm(confidence.tail());
        let width = self.high - self.low;
        Interval {
            low: self.low + self.lowest(least) * width,
            high: self.high - self.mirrored().lowest(least) * width,
            n: self.units,
            method: Method::Portfolio,
        }
    }

    /// The same with the sign of every value turned.
    fn mirrored(&self) -> Self {
        let mut groups: Vec<_> = self.groups.iter().map(|group| group.mirrored()).collect();
        groups.sort_unstable_by(Group::order);
        Self {
            groups,
            low: -self.high,
            high: -self.low,
            ..*self
        }
    }

    /// Where `bound` lies from 0 to 1 between the values' bounds.
    fn place(&self, bound: f64) -> f64 {
        (bound - self.low) / (self.high - self.low)
    }

    /// The largest mean from 0 to 1 that is ruled out as too low, by a capital whose logarithm is `least`.
    /// Capital falls while the mean rises.
    fn lowest(&self, least: f64) -> f64 {
        let (mut out, mut inside) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(out, inside);
            if self.capital(middle) >= least {
                out = middle;
            } else {
                inside = middle;
            }
        }
        out
    }

    /// Logarithm of the capital of those who bet that the mean is above `mean`; 0 where none is to be won.
    fn capital(&self, mean: f64) -> f64 {
        if !(mean > 0.0 && mean < 1.0) {
            return 0.0;
        }
        let parts = parts(self.units);
        let capitals: Vec<_> = parts.iter().map(|part| self.staked(*part, mean)).collect();
        let most = capitals.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shares = capitals.iter().map(|capital| exponential(capital - most));
        most + natural_logarithm(crate::sum(shares) / real(parts.len() as u64))
    }

    /// Logarithm of the capital of those who always stake `part`. Of a unit of size s with the sum S the gain is
    /// part · (S - s · mean) / (largest · mean), which never takes more than the part.
    fn staked(&self, part: f64, mean: f64) -> f64 {
        let mut total = Sum::new();
        for group in &self.groups {
            let gain = (group.sum / mean - group.size) / self.largest;
            total.add(group.count * natural_logarithm(1.0 + part * gain));
        }
        total.value()
    }
}

/// The parts that are staked on each of `units`: smaller ones pay where there are many.
fn parts(units: u64) -> Vec<f64> {
    let least = 1.0 / real(units).sqrt();
    let parts = std::iter::successors(Some(LARGEST_PART), |part| Some(part / STEP));
    let mut parts: Vec<_> = parts.take_while(|part| *part >= least).collect();
    if parts.is_empty() {
        parts.push(LARGEST_PART);
    }
    parts
}

/// From the logarithm of a capital.
fn p_value(capital: f64) -> f64 {
    exponential(-capital).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::{Chance, probability};

    fn of(values: &[f64]) -> BoundedMean {
        BoundedMean::new(&Units::single(values), 0.0, 1.0).unwrap()
    }

    /// Under the hypothesis the capital has a mean of 1, over all outcomes of 40 trials.
    #[test]
    fn the_bet_is_fair() {
        for rate in [0.05, 0.5, 0.85, 0.99] {
            let mut mean = Sum::new();
            for right in 0..=40 {
                let values: Vec<_> = (0..40).map(|at| f64::from(u8::from(at < right))).collect();
                let chance = probability(right, 40, Chance::new(rate));
                mean.add(chance * exponential(of(&values).capital(rate)));
            }
            assert!(
                (mean.value() - 1.0).abs() < 1e-9,
                "{rate}: {}",
                mean.value()
            );
        }
    }

    #[test]
    fn order_has_no_say_to_the_last_bit() {
        let values: Vec<f64> = (0..99).map(|at| f64::from(at * at % 17) / 17.0).collect();
        let names: Vec<u64> = (0..99).map(|at| at * at % 13).collect();
        let mut turned: Vec<_> = values.iter().copied().zip(names.iter().copied()).collect();
        turned.sort_by(|one, other| one.1.cmp(&other.1).then(other.0.total_cmp(&one.0)));
        let (other, other_names): (Vec<_>, Vec<_>) = turned.into_iter().unzip();
        for (one, other) in [
            (Units::single(&values), Units::single(&other)),
            (
                Units::clustered(&values, &names).unwrap(),
                Units::clustered(&other, &other_names).unwrap(),
            ),
        ] {
            let found = [one, other].map(|units| {
                let mean = BoundedMean::new(&units, 0.0, 1.0).unwrap();
                (
                    mean.interval(Confidence::PERCENT_95),
                    mean.exceeds(0.4),
                    mean.is_below(0.6),
                )
            });
            assert_eq!(found[0], found[1]);
        }
    }

    /// A test at level α rejects a bound just where the interval excludes it.
    #[test]
    fn tests_and_bounds_agree() {
        let values: Vec<f64> = (0..60)
            .map(|at| if at % 7 == 0 { 0.3 } else { 0.95 })
            .collect();
        let mean = of(&values);
        let found = mean.interval(Confidence::one_sided(0.05).unwrap());
        for (p, is_rejected) in [
            (mean.exceeds(found.low - 1e-6), true),
            (mean.exceeds(found.low + 1e-6), false),
            (mean.is_below(found.high + 1e-6), true),
            (mean.is_below(found.high - 1e-6), false),
        ] {
            assert_eq!(p <= 0.05, is_rejected, "{p}");
        }
        assert!(found.low < mean.value() && mean.value() < found.high);
    }

    /// One cluster that is larger than all the others together decides nothing.
    #[test]
    fn a_cluster_is_one_bet() {
        let names: Vec<u32> = (0..200).map(|at| if at < 150 { 0 } else { at }).collect();
        let units = Units::clustered(&[1.0; 200], &names).unwrap();
        let clustered = BoundedMean::new(&units, 0.0, 1.0).unwrap();
        let single = of(&[1.0; 200]);
        assert!(single.exceeds(0.8) < 1e-9);
        assert!(clustered.exceeds(0.8) > 0.5, "{}", clustered.exceeds(0.8));
        assert_eq!((clustered.n(), single.n()), (51, 200));
    }

    #[test]
    fn what_cannot_be_judged_says_nothing() {
        let units = Units::single(&[0.5, 1.5]);
        assert_eq!(BoundedMean::new(&units, 0.0, 1.0), None);
        assert_eq!(BoundedMean::new(&Units::single(&[]), 0.0, 1.0), None);
        assert_eq!(
            BoundedMean::new(&Units::single(&[f64::NAN]), 0.0, 1.0),
            None
        );
        let all_right = of(&[1.0; 50]);
        for bound in [-1.0, 0.0, 1.0, 2.0, f64::NAN] {
            assert!(all_right.exceeds(bound) >= 1.0, "{bound}");
        }
        let found = all_right.interval(Confidence::PERCENT_95);
        assert!(found.low > 0.9 && found.high >= 1.0, "{found:?}");
    }
}
