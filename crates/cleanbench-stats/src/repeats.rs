//! Repeats of one sample: would it succeed at least once, or every time?
//!
//! Methods: pass@k of M. Chen et al., "Evaluating Large Language Models Trained on Code" (2021), and pass^k
//! of S. Yao et al., "τ-bench" (2024). Both are unbiased for `k` fresh attempts; raising the observed rate
//! to a power is not.
//!
//! Invariant: 0 ≤ pass^k ≤ successes / attempts ≤ pass@k ≤ 1.
//!
//! It refuses more attempts in `k` than there were.

use crate::elementary::real;

/// The chance that at least one of `k` attempts succeeds, from `successes` out of `attempts`.
///
/// 1 - C(attempts - successes, k) / C(attempts, k). `None` when `k` is 0 or above `attempts`, or there are
/// more successes than attempts.
pub fn pass_at_k(attempts: u64, successes: u64, k: u64) -> Option<f64> {
    Some(1.0 - all_of(attempts, attempts.checked_sub(successes)?, k)?)
}

/// The chance that all of `k` attempts succeed, from `successes` out of `attempts`.
///
/// C(successes, k) / C(attempts, k). `None` as for [`pass_at_k`].
pub fn pass_power_k(attempts: u64, successes: u64, k: u64) -> Option<f64> {
    all_of(attempts, successes, k)
}

/// The chance that `k` attempts drawn without replacement are all among the `chosen`.
fn all_of(attempts: u64, chosen: u64, k: u64) -> Option<f64> {
    if k == 0 || k > attempts || chosen > attempts {
        return None;
    }
    if k > chosen {
        return Some(0.0);
    }
    let factors = (0..k).map(|drawn| real(chosen - drawn) / real(attempts - drawn));
    Some(factors.product())
}
