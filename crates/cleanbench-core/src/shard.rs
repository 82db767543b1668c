//! A part of a run's calls that one machine makes, and the numbers under which it writes.
//!
//! A sample belongs to a shard by its position among the samples of its task, round robin, so that
//! every shard is a stratified part of the plan. All models and epochs of a sample are in one shard.
//!
//! Invariant: the segment numbers of two shards, of the samples, and of a merged run's own writers never
//! overlap, so that files of all shards can stand side by side unchanged. Refused are more shards than
//! there are numbers for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most shards of a run: a reader keeps a few files of each open.
pub const MOST_SHARDS: u32 = 256;
/// Journal segments that a shard may write; a resume opens a new one.
pub const JOURNAL_STRIDE: u32 = 1000;
/// Payload segments that a shard may write.
const PAYLOAD_STRIDE: u32 = 1_000_000;
/// First payload segment of all batches.
const BATCH_PAYLOADS: u32 = 1 << 31;
/// Payload segments of a batch, as a power of two.
const BATCH_PAYLOAD_BITS: u32 = 6;

/// First payload segment of the samples of batch `batch`.
pub fn batch_payload_segment(batch: u32) -> u32 {
    BATCH_PAYLOADS | batch << BATCH_PAYLOAD_BITS
}

/// The batch whose samples are in payload segment `segment`; `None` where it holds others.
pub fn batch_of_payload_segment(segment: u32) -> Option<u32> {
    (segment >= BATCH_PAYLOADS).then_some((segment ^ BATCH_PAYLOADS) >> BATCH_PAYLOAD_BITS)
}

/// Part `index` of `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which part, from 1.
    pub index: u32,
    /// Number of parts.
    pub count: u32,
}

impl Shard {
    /// Part `index` of `count`; `None` where there is no such part.
    pub fn new(index: u32, count: u32) -> Option<Self> {
        let shard = Self { index, count };
        shard.is_valid().then_some(shard)
    }

    /// Whether there is such a part.
    pub fn is_valid(self) -> bool {
        (1..=MOST_SHARDS).contains(&self.count) && (1..=self.count).contains(&self.index)
    }

    /// Whether the sample at `position` (from 0) among the samples of its task belongs to this part.
    pub fn holds(self, position: u64) -> bool {
        position % u64::from(self.count) == u64::from(self.index - 1)
    }

    /// Number of `samples` samples of a task that belong to this part.
    pub fn share_of(self, samples: u64) -> u64 {
        let before = u64::from(self.index - 1);
        samples
            .saturating_sub(before)
            .div_ceil(u64::from(self.count))
    }

    /// Its first journal segment.
    pub fn first_segment(self) -> u32 {
        self.index * JOURNAL_STRIDE
    }

    /// Its first payload segment; those of the samples come before.
    pub fn first_payload_segment(self) -> u32 {
        self.index * PAYLOAD_STRIDE
    }

    /// Whether its writers number a journal segment so.
    pub fn has_segment(self, segment: u32) -> bool {
        segment / JOURNAL_STRIDE == self.index
    }

    /// Whether its writers number a batch so: as they do journal segments, from one above the first.
    pub fn has_batch(self, batch: u32) -> bool {
        self.has_segment(batch)
    }

    /// Whether its writers number a payload segment so.
    pub fn has_payload_segment(self, segment: u32) -> bool {
        segment / PAYLOAD_STRIDE == self.index
    }

    /// Whether a payload segment of that number holds samples.
    pub fn is_of_samples(segment: u32) -> bool {
        segment < PAYLOAD_STRIDE
    }

    /// First journal and payload segment of those who go on with a run merged from `count` parts.
    pub fn after_all(count: u32) -> (u32, u32) {
        ((count + 1) * JOURNAL_STRIDE, (count + 1) * PAYLOAD_STRIDE)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// The text names no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a shard is written `I/N`, for example `2/4`: part I from 1 to N of N, at most 256, parts")]
pub struct ParseShardError;

impl FromStr for Shard {
    type Err = ParseShardError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (index, count) = text.split_once('/').ok_or(ParseShardError)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(index) || !digits(count) {
            return Err(ParseShardError);
        }
        let number = |text: &str| text.parse().map_err(|_| ParseShardError);
        Self::new(number(index)?, number(count)?).ok_or(ParseShardError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_in_exactly_one_part() {
        for count in 1..=7 {
            for samples in 0..30 {
                let parts: Vec<_> = (1..=count)
                    .map(|index| Shard::new(index, count).unwrap())
                    .collect();
                for position in 0..samples {
                    let holders = parts.iter().filter(|part| part.holds(position));
                    assert_eq!(holders.count(), 1);
                }
                for part in parts {
                    let held = (0..samples).filter(|position| part.holds(*position));
                    assert_eq!(part.share_of(samples), held.count() as u64);
                }
            }
        }
    }

    #[test]
    fn numbers_of_segments_never_overlap() {
        let last = Shard::new(MOST_SHARDS, MOST_SHARDS).unwrap();
        let (journal, payload) = Shard::after_all(MOST_SHARDS);
        assert!(last.has_segment(last.first_segment()) && !last.has_segment(journal));
        assert!(last.has_payload_segment(last.first_payload_segment()));
        assert!(!last.has_payload_segment(payload));
        let batch = batch_payload_segment(257_999);
        assert_eq!(batch_of_payload_segment(batch + 63), Some(257_999));
        assert_eq!(batch_of_payload_segment(batch + 64), Some(258_000));
        assert_eq!(batch_of_payload_segment(payload), None);
        assert!(!last.has_payload_segment(batch));
        let first = Shard::new(1, 2).unwrap();
        assert!(!Shard::is_of_samples(first.first_payload_segment()));
        assert!(!first.has_segment(Shard::new(2, 2).unwrap().first_segment()));
    }

    #[test]
    fn only_a_part_of_the_whole_is_one() {
        assert_eq!("2/4".parse(), Ok(Shard { index: 2, count: 4 }));
        assert_eq!("2/4".parse::<Shard>().unwrap().to_string(), "2/4");
        for wrong in [
            "", "2", "0/4", "5/4", "1/0", "1/257", "+1/2", "1/2/3", "a/b", "/",
        ] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
