//! How long the last answers took.

use std::time::Duration;

/// Answers that are remembered.
const MEMORY: usize = 256;

/// How long the last answers took, the latest 256.
#[derive(Debug, Default)]
pub(crate) struct Durations {
    /// In the order of arrival, and over the oldest once there are so many.
    latest: Vec<Duration>,
    next: usize,
}

impl Durations {
    /// Takes in an answer that took `duration`.
    pub(crate) fn add(&mut self, duration: Duration) {
        if self.latest.len() < MEMORY {
            self.latest.push(duration);
        } else {
            self.latest[self.next] = duration;
            self.next = (self.next + 1) % MEMORY;
        }
    }

    /// How many are known.
    pub(crate) fn known(&self) -> usize {
        self.latest.len()
    }

    /// The smallest that `percent` of them do not exceed; `None` where none is known.
    pub(crate) fn percentile(&self, percent: usize) -> Option<Duration> {
        let mut sorted = self.latest.clone();
        let rank = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
        let (_, found, _) = sorted.select_nth_unstable(rank);
        Some(*found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_count() {
        let mut durations = Durations::default();
        assert_eq!(durations.percentile(50), None);
        (0..1000).for_each(|number| durations.add(Duration::from_millis(number)));
        assert_eq!(durations.known(), 256);
        assert_eq!(durations.percentile(50), Some(Duration::from_millis(871)));
        assert_eq!(durations.percentile(99), Some(Duration::from_millis(997)));
        assert_eq!(durations.percentile(100), Some(Duration::from_millis(999)));
    }
}
