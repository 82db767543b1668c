//! In which order the calls of a model are made.
//!
//! Invariant: whenever a run stops, every stratum (a task, or one arm of a probe) has the same share of
//! its calls taken up, to within a call for each stratum, and the samples taken are a random draw from
//! it. So a run that was stopped by a cap, an outage or by hand stays a fair sample of the whole.
//!
//! Epochs follow one another within a stratum: no sample is asked a second time before every sample was
//! asked once, because a new sample says more than a repeat. The order follows from the run's seed alone,
//! and results do not depend on it; a task that a gate may end early, where they would, has an order in which the
//! place of a sample in its file has no say ([`cleanbench_ledger::Turns`]).

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use cleanbench_core::event::Place;
use cleanbench_core::seed::{order_of, shuffle};

/// A call in the order, whichever model it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ordered {
    /// Line of the sample.
    pub(crate) line: u32,
    /// Repeat of the sample, from 1.
    pub(crate) epoch: u32,
}

impl Ordered {
    /// Its position as a call of the model at position `model`.
    pub(crate) fn of(self, model: u32) -> Place {
        Place::planned(model, self.line.into(), self.epoch)
    }
}

/// Samples that are drawn from together: four bytes a sample.
#[derive(Debug, Clone)]
struct Stratum {
    lines: Vec<u32>,
    epochs: u32,
}

impl Stratum {
    fn calls(&self) -> u64 {
        self.lines.len() as u64 * u64::from(self.epochs)
    }

    /// Call `number`.
    fn call(&self, number: u64) -> Ordered {
        let samples = self.lines.len() as u64;
        let line = usize::try_from(number % samples).unwrap_or(usize::MAX);
        let epoch = u32::try_from(number / samples).unwrap_or(u32::MAX);
        Ordered {
            line: self.lines[line],
            epoch: epoch + 1,
        }
    }
}

/// The order of the calls of each model; the same for all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    strata: Vec<Stratum>,
}

impl Order {
    /// Adds the stratum called `name` with the samples at `lines`, each asked `epochs` times.
    pub(crate) fn add(&mut self, name: &str, mut lines: Vec<u32>, epochs: u32, run_seed: u64) {
        if lines.is_empty() || epochs == 0 {
            return;
        }
        shuffle(&mut lines, order_of(run_seed, name));
        self.strata.push(Stratum { lines, epochs });
    }

    /// Adds a stratum whose samples have their turns: `order` is their distances from the line `first`.
    pub(crate) fn add_in_turn(&mut self, order: &[u32], first: u32, epochs: u32) {
        if order.is_empty() || epochs == 0 {
            return;
        }
        let lines = order.iter().map(|offset| first + offset).collect();
        self.strata.push(Stratum { lines, epochs });
    }

    /// Number of calls.
    pub(crate) fn len(&self) -> u64 {
        self.strata.iter().map(Stratum::calls).sum()
    }

    /// The beginning of the order.
    pub(crate) fn turns(&self) -> Turns {
        let starts = self.strata.iter().enumerate().map(|(stratum, samples)| {
            Reverse(Turn {
                taken: 0,
                calls: samples.calls(),
                stratum,
            })
        });
        Turns(starts.collect())
    }

    /// The call that comes next.
    pub(crate) fn next(&self, Turns(turns): &mut Turns) -> Option<Ordered> {
        let Reverse(turn) = turns.pop()?;
        let next = Turn {
            taken: turn.taken + 1,
            ..turn
        };
        if next.taken < next.calls {
            turns.push(Reverse(next));
        }
        Some(self.strata[turn.stratum].call(turn.taken))
    }
}

/// How far an order was followed.
#[derive(Debug)]
pub(crate) struct Turns(BinaryHeap<Reverse<Turn>>);

/// A stratum and how far it is. The one that is least far comes first.
#[derive(Debug, Clone, Copy)]
struct Turn {
    taken: u64,
    calls: u64,
    stratum: usize,
}

impl Turn {
    /// (taken + ½) / calls of both, compared without rounding.
    fn compare(&self, other: &Self) -> Ordering {
        let half = |turn: &Self| 2 * u128::from(turn.taken) + 1;
        let own = half(self) * u128::from(other.calls);
        own.cmp(&(half(other) * u128::from(self.calls)))
            .then(self.stratum.cmp(&other.stratum))
    }
}

impl PartialEq for Turn {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other).is_eq()
    }
}

impl Eq for Turn {}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Turn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strata of these (samples, epochs), their lines one after the other.
    fn order(strata: &[(u32, u32)], seed: u64) -> Order {
        let mut order = Order::default();
        let mut first = 0;
        for (number, (samples, epochs)) in strata.iter().enumerate() {
            let lines = (first..first + samples).collect();
            order.add(&format!("task {number}"), lines, *epochs, seed);
            first += samples;
        }
        order
    }

    /// All calls in their order.
    fn all(order: &Order) -> Vec<Ordered> {
        let mut turns = order.turns();
        std::iter::from_fn(|| order.next(&mut turns)).collect()
    }

    #[test]
    fn every_call_comes_once_and_the_seed_decides_when() {
        let strata = [(5, 2), (0, 3), (300, 1), (1, 4)];
        let calls: Vec<_> = all(&order(&strata, 1));
        let mut sorted = calls.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((calls.len(), sorted.len()), (314, 314));
        assert_eq!(calls, all(&order(&strata, 1)));
        assert_ne!(calls, all(&order(&strata, 2)));
    }

    #[test]
    fn at_any_stop_every_stratum_has_the_same_share_done() {
        for sizes in [[1000, 10, 77, 500], [1, 1, 1, 2000], [40, 40, 40, 40]] {
            let strata: Vec<_> = sizes.iter().map(|size| (*size, 1)).collect();
            let total: u32 = sizes.iter().sum();
            let mut ends = vec![0; sizes.len()];
            for (position, size) in sizes.iter().enumerate() {
                ends[position] = sizes[..position].iter().sum::<u32>() + size;
            }
            let mut done = vec![0_u32; sizes.len()];
            for (taken, call) in (1_u32..).zip(all(&order(&strata, 9))) {
                done[ends.partition_point(|end| *end <= call.line)] += 1;
                for (size, done) in sizes.iter().zip(&done) {
                    let fair = f64::from(taken) * f64::from(*size) / f64::from(total);
                    let distance = (f64::from(*done) - fair).abs();
                    assert!(
                        distance <= 2.0,
                        "{sizes:?} after {taken}: {done} not {fair}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_sample_is_repeated_before_all_were_asked() {
        let calls: Vec<_> = all(&order(&[(50, 3)], 4));
        let epochs: Vec<_> = calls.iter().map(|call| call.epoch).collect();
        assert!(epochs.is_sorted());
        assert_ne!(calls[..50], calls[50..100]);
    }

    #[test]
    fn the_first_samples_are_drawn_from_the_whole_stratum() {
        let mut low = 0;
        for seed in 0..200 {
            low += all(&order(&[(1000, 1)], seed))
                .iter()
                .take(10)
                .filter(|call| call.line < 500)
                .count();
        }
        // 2000 draws of probability 1/2: five standard deviations are 112.
        assert!((888..=1112).contains(&low), "{low}");
    }
}
