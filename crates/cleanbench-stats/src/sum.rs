//! Compensated sums and means.
//!
//! Invariant: the result depends on the values and their order alone; a small value added to a large
//! sum is not lost, because the rounding error of each step is carried along (Neumaier's variant of
//! Kahan summation).
//!
//! It refuses nothing: an infinite or NaN value makes the result NaN or infinite, which a caller sees.

/// A running sum whose error does not grow with the number of values.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    total: f64,
    compensation: f64,
}

impl Sum {
    /// An empty sum: 0.
    pub const fn new() -> Self {
        Self {
            total: 0.0,
            compensation: 0.0,
        }
    }

    /// Adds `value`, which should be finite.
    pub fn add(&mut self, value: f64) {
        let total = self.total + value;
        // What rounding took away sits in the smaller of the two operands.
        self.compensation += if self.total.abs() >= value.abs() {
            (self.total - total) + value
        } else {
            (value - total) + self.total
        };
        self.total = total;
    }

    /// The sum of everything added so far.
    pub fn value(self) -> f64 {
        self.total + self.compensation
    }
}

/// Compensated sum of `values` in the order given; 0 without any.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sum = Sum::new();
    for value in values {
        sum.add(value);
    }
    sum.value()
}

/// Arithmetic mean of `values` in the order given; `None` when there are none.
pub fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sum = Sum::new();
    let mut count = 0_u64;
    for value in values {
        sum.add(value);
        count += 1;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact below 2^53 values, more than can be held"
    )]
    (count > 0).then(|| sum.value() / count as f64)
}

/// Arithmetic mean of `values`, whose last bit does not depend on their order; `None` when there are none.
pub fn mean_in_no_order(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    mean(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], expected: Option<f64>) {
        assert_eq!(mean(values.iter().copied()), expected, "{values:?}");
    }

    #[test]
    fn means_are_exact_where_plain_addition_is_not() {
        check(&[], None);
        check(&[0.5], Some(0.5));
        check(&[1.0, 0.0, 0.0, 1.0], Some(0.5));
        check(&[1e100, 1.0, -1e100, 1.0], Some(0.5));
        check(&[0.1; 10], Some(0.1));
        check(&[1.0 / 3.0; 300], Some(1.0 / 3.0));
    }

    /// A compensated sum may round otherwise in another order; a mean in no order may not.
    #[test]
    fn a_mean_in_no_order_knows_none() {
        let (tiny, most) = (2_f64.powi(-53), 2_f64.powi(54));
        let values = [-tiny, -1.0, most, tiny / 2.0, -tiny];
        let turned = [-tiny, -tiny, -1.0, most, tiny / 2.0];
        let bits = |mean: Option<f64>| mean.map(f64::to_bits);
        assert_ne!(bits(mean(values)), bits(mean(turned)));
        assert_eq!(
            bits(mean_in_no_order(values)),
            bits(mean_in_no_order(turned))
        );
    }

    #[test]
    fn an_empty_sum_is_zero_and_order_is_kept() {
        let mut sum = Sum::new();
        assert_eq!(sum.value().to_bits(), 0.0_f64.to_bits());
        for _ in 0..1_000_000 {
            sum.add(0.1);
        }
        // math.fsum([0.1] * 1_000_000) in Python 3.
        assert_eq!(sum.value().to_bits(), 100_000.0_f64.to_bits());
    }
}
