//! P-values adjusted for a family of several tests.
//!
//! Invariant: results are in input order, lie between 0 and 1, are never below the p-value they
//! adjust, and keep the order of the p-values.
//!
//! It refuses to drop a test that has no p-value: NaN counts as 1, so that the family keeps its size.

use crate::elementary::real;

/// Holm's step-down adjustment, which bounds the chance of any false rejection, whatever the
/// dependence between the tests (Scandinavian Journal of Statistics 6, 1979).
///
/// A p-value outside 0 to 1 is taken for the nearer end.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let (values, order) = ascending(p);
    let mut adjusted = values.clone();
    let mut floor = 0.0_f64;
    for (&index, left) in order.iter().zip((1..=size(p)).rev()) {
        floor = floor.max(values[index] * real(left)).min(1.0);
        adjusted[index] = floor;
    }
    adjusted
}

/// Benjamini and Hochberg's step-up adjustment, which bounds the expected share of false rejections
/// among all rejections of independent or positively dependent tests (Journal of the Royal
/// Statistical Society B 57, 1995).
///
/// A p-value outside 0 to 1 is taken for the nearer end.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let (values, order) = ascending(p);
    let mut adjusted = values.clone();
    let (count, mut ceiling) = (real(size(p)), 1.0_f64);
    for (&index, rank) in order.iter().rev().zip((1..=size(p)).rev()) {
        ceiling = ceiling.min(values[index] * (count / real(rank)));
        adjusted[index] = ceiling;
    }
    adjusted
}

/// The p-values made proper, and their indices in ascending order of value.
fn ascending(p: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let proper = |value: &f64| {
        if value.is_nan() {
            1.0
        } else {
            value.clamp(0.0, 1.0)
        }
    };
    let values: Vec<f64> = p.iter().map(proper).collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&left, &right| values[left].total_cmp(&values[right]));
    (values, order)
}

/// The number of p-values as a count.
fn size(p: &[f64]) -> u64 {
    u64::try_from(p.len()).unwrap_or(u64::MAX)
}
