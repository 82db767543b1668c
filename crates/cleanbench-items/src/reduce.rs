//! A sample's one score from the scores of its epochs.
//!
//! Invariant: epochs without a score are left out, never counted as 0; where too few are left for what
//! was asked, the sample has no score.

use cleanbench_core::Reducer;
use cleanbench_stats::mean;
use cleanbench_stats::percentile::percentile;
use cleanbench_stats::repeats::{pass_at_k, pass_power_k};

/// The score that `scores`, each from 0 to 1, make by `reducer`. For `pass@k` and `pass^k` a score of 1
/// has passed and any other has not. `None` without scores, or with fewer than `reducer` needs.
pub fn reduce(reducer: Reducer, scores: &[f64]) -> Option<f64> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let passed = scores.iter().filter(|score| **score >= 1.0).count() as u64;
    let n = scores.len() as u64;
    match reducer {
        Reducer::Mean => mean(scores.iter().copied()),
        Reducer::Median => percentile(sorted.len(), 50, |place| sorted[place]),
        Reducer::Min => sorted.first().copied(),
        Reducer::Max => sorted.last().copied(),
        Reducer::Mode => most_frequent(&sorted),
        Reducer::PassAtK(k) => pass_at_k(n, passed, u64::from(k)),
        Reducer::PassHatK(k) => pass_power_k(n, passed, u64::from(k)),
    }
}

/// The most frequent of `sorted` scores; the lowest of several that are equally frequent.
fn most_frequent(sorted: &[f64]) -> Option<f64> {
    let runs = sorted.chunk_by(|one, other| one.total_cmp(other).is_eq());
    let longest = runs.reduce(|best, run| if run.len() > best.len() { run } else { best })?;
    longest.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reducer_by_hand() {
        let scores = [1.0, 0.0, 1.0, 0.25];
        for (reducer, expected) in [
            (Reducer::Mean, Some(0.5625)),
            (Reducer::Median, Some(0.625)),
            (Reducer::Min, Some(0.0)),
            (Reducer::Max, Some(1.0)),
            (Reducer::Mode, Some(1.0)),
            // 2 of 4 passed: 1 − C(2,1)/C(4,1), 1 − C(2,2)/C(4,2), and none of three can all fail.
            (Reducer::PassAtK(1), Some(0.5)),
            (Reducer::PassAtK(2), Some(1.0 - 1.0 / 6.0)),
            (Reducer::PassAtK(3), Some(1.0)),
            (Reducer::PassHatK(1), Some(0.5)),
            (Reducer::PassHatK(2), Some(1.0 / 6.0)),
            (Reducer::PassHatK(3), Some(0.0)),
            (Reducer::PassAtK(5), None),
            (Reducer::PassHatK(5), None),
        ] {
            let found = reduce(reducer, &scores);
            let near = |(a, b): (f64, f64)| (a - b).abs() < 1e-15;
            assert_eq!(found.is_some(), expected.is_some(), "{reducer}");
            assert!(found.zip(expected).is_none_or(near), "{reducer}: {found:?}");
        }
        assert_eq!(reduce(Reducer::Mean, &[]), None);
        // As frequent as each other.
        assert_eq!(reduce(Reducer::Mode, &[1.0, 0.0, 0.0, 1.0]), Some(0.0));
    }
}
