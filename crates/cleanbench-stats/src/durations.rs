//! What is kept of many durations.
//!
//! Percentiles are by linear interpolation ([`crate::percentile`]); the 99th is not given for fewer than
//! [`LEAST_FOR_99`] values. Nothing is estimated: they describe the durations that were taken in.

use crate::percentile::{LEAST_FOR_99, percentile};

/// Numbers of microseconds, four bytes each up to 71 minutes.
#[derive(Debug, Clone, Default)]
pub struct Durations {
    short: Vec<u32>,
    long: Vec<u64>,
}

impl Durations {
    /// Takes in a duration, if there is one.
    pub fn add(&mut self, micros: Option<u64>) {
        match micros.map(u32::try_from) {
            Some(Ok(micros)) => self.short.push(micros),
            Some(Err(_)) => self.long.extend(micros),
            None => {}
        }
    }

    /// The distribution; frees the numbers.
    pub fn finish(mut self) -> Distribution {
        self.short.sort_unstable();
        self.long.sort_unstable();
        let count = self.short.len() + self.long.len();
        #[expect(
            clippy::cast_precision_loss,
            reason = "285 years have 2^53 microseconds"
        )]
        let at = |position: usize| match self.short.get(position) {
            Some(micros) => f64::from(*micros),
            None => self.long[position - self.short.len()] as f64,
        };
        let of = |percent| percentile(count, percent, at);
        Distribution {
            n: count as u64,
            p50: of(50),
            p90: of(90),
            p99: if count < LEAST_FOR_99 { None } else { of(99) },
        }
    }
}

/// What is kept of a number of durations, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Distribution {
    /// How many there were.
    pub n: u64,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 99th percentile, of at least 300 durations.
    pub p99: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_durations_come_after_short_ones() {
        let hour = 3_600_000_000;
        let mut durations = Durations::default();
        for micros in [2 * hour, 10, hour, 3 * hour, 30] {
            durations.add(Some(micros));
        }
        durations.add(None);
        let found = durations.finish();
        assert_eq!((found.n, found.p50, found.p99), (5, Some(3.6e9), None));
        assert_eq!(found.p90, Some(2.6 * 3.6e9));
    }

    #[test]
    fn the_99th_percentile_needs_300_values() {
        let distribution = |count: u64| {
            let mut durations = Durations::default();
            (0..count).for_each(|micros| durations.add(Some(micros)));
            durations.finish()
        };
        assert_eq!(distribution(299).p99, None);
        assert_eq!(distribution(300).p99, Some(296.01));
        assert_eq!(distribution(0), Distribution::default());
    }
}
