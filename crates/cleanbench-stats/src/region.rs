//! The outcomes of paired arms for which Tango's statistic is large, and how likely they are.
//!
//! Invariant: with one more success in the first arm alone at least as many in the second alone are still
//! inside, so that the region is one limit for each number of the former.
//!
//! It refuses nothing: callers check that rates are rates.

use crate::binomial::{Chance, likely, upper_tail_of};
use crate::elementary::real;
use crate::pairs::{Pairs, z};
use crate::search::first_at_least;
use crate::sum::Sum;

/// Shares of discordant pairs that are tried for the largest chance, before it is searched more closely.
const TRIED: u64 = 64;

/// Where the statistic for a first rate that is lower by `margin` is at least some value.
pub(crate) struct Region {
    n: u64,
    margin: f64,
    /// The number of successes in the first arm alone to which the first limit belongs.
    offset: u64,
    /// From there on, for each number of successes in the first arm alone: the outcomes with fewer than this
    /// number in the second alone are inside.
    limits: Vec<u64>,
}

impl Region {
    pub(crate) fn new(n: u64, margin: f64, least: f64) -> Self {
        Self::rows(n, margin, least, 0, n)
    }

    /// Only those outcomes that are not too rare to matter when a pair succeeds in the first arm alone with
    /// this probability.
    pub(crate) fn likely(n: u64, margin: f64, least: f64, only_first: f64) -> Self {
        let rows = likely(n, Chance::new(only_first));
        let of = |row: Option<&(u64, f64)>| row.map_or(0, |row| row.0);
        Self::rows(n, margin, least, of(rows.first()), of(rows.last()))
    }

    fn rows(n: u64, margin: f64, least: f64, offset: u64, last: u64) -> Self {
        let mut from = 0;
        let limit = |first: u64| {
            let end = n - first + 1;
            from = first_at_least(from.min(end), end, |second| {
                Pairs::new(n, first, second).is_none_or(|pairs| z(pairs, -margin) < least)
            });
            from
        };
        Self {
            n,
            margin,
            offset,
            limits: (offset..=last).map(limit).collect(),
        }
    }

    /// How many successes in the second arm alone are inside.
    fn limit(&self, first: u64) -> u64 {
        let row = first
            .checked_sub(self.offset)
            .and_then(|row| usize::try_from(row).ok());
        row.and_then(|row| self.limits.get(row).copied())
            .unwrap_or(0)
    }

    /// The chance of an outcome inside, when a pair succeeds in the first arm alone with probability
    /// `only_first` and in the second alone with probability `only_second`.
    pub(crate) fn chance(&self, only_first: f64, only_second: f64) -> f64 {
        let left = (1.0 - only_first).max(f64::MIN_POSITIVE);
        let second = Chance {
            success: (only_second / left).min(1.0),
            failure: ((1.0 - only_first - only_second) / left).max(0.0),
        };
        let mut total = Sum::new();
        for (first, weight) in likely(self.n, Chance::new(only_first)) {
            let rest = self.n - first;
            let limit = self.limit(first);
            // P(second < limit) = P(rest - second ≥ rest - limit + 1).
            if limit > 0 {
                let swapped = Chance {
                    success: second.failure,
                    failure: second.success,
                };
                total.add(weight * upper_tail_of((rest + 1).saturating_sub(limit), rest, swapped));
            }
        }
        total.value().min(1.0)
    }

    /// The largest chance where the first rate is lower by just the margin, over a grid of shares of
    /// discordant pairs and then ever closer around the best of them.
    pub(crate) fn largest_chance(&self) -> f64 {
        let widest = (1.0 - self.margin) / 2.0;
        let at = |first: f64| self.chance(first, first + self.margin);
        // Finer near 0, where the chance changes fast.
        let grid = |step: u64| {
            let part = real(step) / real(TRIED);
            widest * part * part
        };
        let mut best = (0, 0.0);
        for step in 0..=TRIED {
            let found = at(grid(step));
            if found > best.1 {
                best = (step, found);
            }
        }
        let (mut low, mut high) = (
            grid(best.0.saturating_sub(1)),
            grid((best.0 + 1).min(TRIED)),
        );
        let mut largest = best.1;
        for _ in 0..16 {
            let third = (high - low) / 3.0;
            let (left, right) = (at(low + third), at(high - third));
            largest = largest.max(left).max(right);
            if left < right {
                low += third;
            } else {
                high -= third;
            }
        }
        largest
    }
}
