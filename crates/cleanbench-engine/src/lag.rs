//! How late the program's own timers fire: what a busy machine adds to every measured time.
//!
//! Memory does not grow with the run: counts are kept in classes a sixteenth of an octave wide, so a
//! quantile is at most 6.25 % above the true one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cleanbench_core::event::Lag;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Time between two measurements. A timer of the runtime is up to a millisecond late by its design.
const INTERVAL: Duration = Duration::from_millis(20);
/// Classes in one octave.
const STEPS: u64 = 16;

/// Counts of lateness in classes of microseconds.
#[derive(Debug)]
struct Histogram {
    classes: Vec<u64>,
    n: u64,
    max: u64,
}

impl Histogram {
    fn new() -> Self {
        Self {
            classes: vec![0; class(u64::MAX) + 1],
            n: 0,
            max: 0,
        }
    }

    fn add(&mut self, microseconds: u64) {
        self.classes[class(microseconds)] += 1;
        self.n += 1;
        self.max = self.max.max(microseconds);
    }

    /// The smallest class end that at least `percent` of the counts do not exceed.
    fn quantile(&self, percent: u64) -> u64 {
        let wanted = (self.n * percent).div_ceil(100);
        let mut seen = 0;
        for (number, count) in self.classes.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return last_of(number).min(self.max);
            }
        }
        self.max
    }

    fn summary(&self) -> Option<Lag> {
        (self.n > 0).then(|| Lag {
            n: self.n,
            p50: self.quantile(50),
            p99: self.quantile(99),
            max: self.max,
        })
    }
}

/// The class of a count: exact below 16, then 16 classes an octave.
fn class(microseconds: u64) -> usize {
    let number = match microseconds.checked_ilog2() {
        Some(octave) if octave >= 4 => {
            let step = (microseconds >> (octave - 4)) & (STEPS - 1);
            u64::from(octave - 3) * STEPS + step
        }
        _ => microseconds,
    };
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The largest count in class `number`.
fn last_of(number: usize) -> u64 {
    let number = number as u64;
    if number < STEPS {
        return number;
    }
    let shift = number / STEPS - 1;
    let first = u128::from(STEPS + number % STEPS) << shift;
    u64::try_from(first + (1 << shift) - 1).unwrap_or(u64::MAX)
}

/// Measures until it is asked for the result.
#[derive(Debug)]
pub(crate) struct Sampler {
    histogram: Arc<Mutex<Histogram>>,
    task: JoinHandle<()>,
}

impl Sampler {
    /// Starts measuring on the runtime that makes the calls.
    pub(crate) fn start() -> Self {
        let histogram = Arc::new(Mutex::new(Histogram::new()));
        let counts = Arc::clone(&histogram);
        let task = tokio::spawn(async move {
            loop {
                let due = Instant::now() + INTERVAL;
                tokio::time::sleep_until(due).await;
                let late = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
                counts
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .add(late);
            }
        });
        Self { histogram, task }
    }

    /// What was measured; `None` if the run was too short.
    pub(crate) fn finish(self) -> Option<Lag> {
        self.task.abort();
        self.histogram
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .summary()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_no_wider_than_a_sixteenth() {
        for value in (0..5_000).chain([u64::MAX / 3, u64::MAX]) {
            let end = last_of(class(value));
            assert!(end >= value && end - value <= value / 16, "{value} {end}");
        }
    }

    #[test]
    fn quantiles_and_the_largest() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.summary(), None);
        for value in 1..=10 {
            histogram.add(value);
        }
        histogram.add(1_000_000);
        let lag = histogram.summary().unwrap();
        assert_eq!(
            (lag.n, lag.p50, lag.p99, lag.max),
            (11, 6, 1_000_000, 1_000_000)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn timers_on_time_have_no_lag() {
        let sampler = Sampler::start();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let lag = sampler.finish().unwrap();
        assert!(lag.n >= 45 && lag.max <= 1_000, "{lag:?}");
    }
}
