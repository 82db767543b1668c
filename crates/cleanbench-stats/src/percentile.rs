//! Percentiles of a sample, by linear interpolation between order statistics.
//!
//! Method: R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", The American
//! Statistician 50 (1996), definition 7: with values `x[0] ≤ … ≤ x[n-1]` and h = (n - 1)·p, the value
//! between `x[⌊h⌋]` and `x[⌊h⌋ + 1]` at the fraction of h. It is the default of R and of `NumPy`.

/// Values from which a 99th percentile is worth printing: with fewer than 299 no order statistic
/// bounds it from above with 95 % confidence (1 - 0.99^n ≥ 0.95).
pub const LEAST_FOR_99: usize = 300;

/// The `percent`th percentile (0 to 100) of `count` values, of which `at` gives those at positions in
/// ascending order. `None` without values, or above 100.
pub fn percentile(count: usize, percent: u8, at: impl Fn(usize) -> f64) -> Option<f64> {
    let last = count.checked_sub(1)?;
    if percent > 100 {
        return None;
    }
    // Whole numbers, so that no rounding of h picks the wrong neighbours.
    let hundredths = last * usize::from(percent);
    let (below, rest) = (hundredths / 100, hundredths % 100);
    let value = at(below);
    if rest == 0 {
        return Some(value);
    }
    #[expect(clippy::cast_precision_loss, reason = "below 100")]
    let fraction = rest as f64 / 100.0;
    Some(value + (at(below + 1) - value) * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values() {
        let check = |values: &[f64], percent: u8, expected: Option<f64>| {
            let found = percentile(values.len(), percent, |at| values[at]);
            match (found, expected) {
                (Some(found), Some(expected)) => {
                    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
                }
                (found, expected) => assert_eq!(found, expected),
            }
        };
        // By hand from the definition; numpy.percentile and R's quantile(type = 7) give the same.
        let four = [1.0, 2.0, 3.0, 4.0];
        for (percent, expected) in [
            (0, 1.0),
            (25, 1.75),
            (50, 2.5),
            (90, 3.7),
            (99, 3.97),
            (100, 4.0),
        ] {
            check(&four, percent, Some(expected));
        }
        check(&[15.0, 20.0, 35.0, 40.0, 50.0], 40, Some(29.0));
        check(&[7.0], 99, Some(7.0));
        check(&[], 50, None);
        check(&four, 101, None);
        let hundred: Vec<f64> = (1..=101).map(f64::from).collect();
        check(&hundred, 99, Some(100.0));
    }
}
