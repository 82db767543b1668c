//! Numbers that scenarios are drawn from.
//!
//! Invariant: a distribution is tabulated once and the same on every machine; what is drawn from it hangs on the stream
//! of random numbers alone.
//!
//! It refuses nothing: a mean of 0 or less is always 0, one of 1 or more always 1.

use cleanbench_stats::beta::incomplete_beta;
use cleanbench_stats::random::Random;

/// Places at which a distribution is tabulated.
const PLACES: u32 = 1_024;
/// Halvings of the interval in which a quantile is looked for.
const HALVINGS: u32 = 60;

/// The quantiles of a Beta distribution.
#[derive(Debug, Clone)]
pub struct BetaQuantiles(Vec<f64>);

impl BetaQuantiles {
    /// Of the distribution with this mean, 0 to 1, and `concentration` = a + b: the smaller, the more items differ.
    pub fn new(mean: f64, concentration: f64) -> Self {
        if mean <= 0.0 || mean >= 1.0 {
            return Self(vec![mean.clamp(0.0, 1.0)]);
        }
        let [a, b] = [mean * concentration, (1.0 - mean) * concentration];
        let at = |place: u32| quantile((f64::from(place) + 0.5) / f64::from(PLACES), a, b);
        Self((0..PLACES).map(at).collect())
    }

    /// The quantile of `share`, 0 to 1: that of the nearest place of the table.
    pub fn at(&self, share: f64) -> f64 {
        let last = self.0.len() - 1;
        #[expect(clippy::cast_precision_loss, reason = "a thousand places")]
        let place = share.clamp(0.0, 1.0) * self.0.len() as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounded down to a place of the table"
        )]
        let place = (place as usize).min(last);
        self.0[place]
    }
}

fn quantile(share: f64, a: f64, b: f64) -> f64 {
    let [mut low, mut high] = [0.0, 1.0];
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if incomplete_beta(middle, a, b) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// A standard normal number (Box and Muller 1958).
pub fn normal(random: &mut Random) -> f64 {
    let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.unit()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles from `scipy.stats.beta.ppf(q, a, b)`.
    #[test]
    fn quantiles_are_those_of_the_distribution() {
        for (share, a, b, expected) in [
            (0.5, 0.3, 1.2, 0.078_813_213_577_355_52),
            (0.9, 0.3, 1.2, 0.620_317_615_312_797_4),
            (0.25, 2.0, 5.0, 0.161_162_916_790_326_52),
        ] {
            let found = quantile(share, a, b);
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn draws_have_the_mean_that_was_asked_for() {
        let mut random = Random::new(4);
        for (mean, concentration) in [(0.0, 2.0), (0.15, 1.5), (0.3, 20.0), (1.0, 1.5)] {
            let levels = BetaQuantiles::new(mean, concentration);
            let sum: f64 = (0..20_000).map(|_| levels.at(random.unit())).sum();
            assert!((sum / 20_000.0 - mean).abs() < 0.01, "{mean}: {sum}");
        }
    }

    #[test]
    fn normal_numbers_have_mean_and_spread() {
        let mut random = Random::new(5);
        let drawn: Vec<_> = (0..40_000).map(|_| normal(&mut random)).collect();
        let mean = drawn.iter().sum::<f64>() / 40_000.0;
        let squares = drawn.iter().map(|one| one * one).sum::<f64>() / 40_000.0;
        // Five standard errors.
        assert!(
            mean.abs() < 0.025 && (squares - 1.0).abs() < 0.036,
            "{mean} {squares}"
        );
    }
}
