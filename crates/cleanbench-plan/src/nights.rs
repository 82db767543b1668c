//! How soon a suite that is asked every night would show that a model has become worse, before anything is asked.
//!
//! Invariant: what is assumed is on the page beside the figures: this share of right answers, this many nights
//! before, and nights that differ by chance alone. Real nights differ by more, and then it takes longer.

use std::collections::BTreeMap;

use cleanbench_stats::drift::{Delay, Expected, FEWEST_NIGHTS, Stakes, Terms, delays};

/// The share of right answers that is assumed.
pub const ASSUMED_SCORE: f64 = 0.9;
/// Nights of the baseline that are assumed.
pub const ASSUMED_NIGHTS: usize = FEWEST_NIGHTS;
/// The share of years with a false alarm that `drift` accepts where nothing else is said.
const ALPHA: f64 = 0.05;
/// Different numbers of samples of the tasks of a suite for which delays are computed.
const MOST_FIGURES: usize = 100;

/// The delays of the tasks of one suite: tasks with as many samples as another share its figures.
#[derive(Debug)]
pub(crate) struct Nights {
    tasks: usize,
    known: BTreeMap<u64, Vec<Delay>>,
}

impl Nights {
    /// Of `tasks` tasks, which share the error rate.
    pub(crate) fn of_tasks(tasks: usize) -> Self {
        Self {
            tasks,
            known: BTreeMap::new(),
        }
    }

    /// After how many nights drops are found with `samples`. Only so many different numbers of samples are worth
    /// the time that each takes; there are no figures for the others.
    pub(crate) fn delays(&mut self, samples: u64) -> Vec<Delay> {
        if self.known.len() >= MOST_FIGURES && !self.known.contains_key(&samples) {
            return Vec::new();
        }
        let delays = self.known.entry(samples);
        delays
            .or_insert_with(|| delays_of(samples, self.tasks))
            .clone()
    }
}

/// After how many nights drops are found with `samples` of one of `tasks` tasks, which share the error rate.
fn delays_of(samples: u64, tasks: usize) -> Vec<Delay> {
    let expected = Expected::ByChance {
        score: ASSUMED_SCORE,
        samples,
        nights: ASSUMED_NIGHTS,
    };
    let terms = Terms {
        alpha: ALPHA / f64::from(u32::try_from(tasks).unwrap_or(u32::MAX)),
        allowance: 0.0,
        stakes: Stakes::EarlyToo,
    };
    delays(expected, terms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_samples_and_many_tasks_find_drops_later() {
        let nights = |samples, tasks| -> Vec<_> {
            let found = delays_of(samples, tasks);
            found.iter().map(|delay| delay.nights).collect()
        };
        assert_eq!(nights(1000, 1)[2], Some(3));
        assert_eq!(nights(10, 1)[0], None);
        assert!(nights(1000, 20)[2] > nights(1000, 1)[2]);
    }
}
