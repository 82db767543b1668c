//! Seeds derived per (run seed, sample, purpose), so that neither order nor concurrency matters, and the order
//! that a seed stands for.

use crate::Digest;

/// The seed for `purpose` on the sample named `sample` of `task`: the first eight bytes of a digest,
/// cut to 53 bits so that every JSON reader keeps it exactly.
pub fn derive(run_seed: u64, task: &str, sample: &str, purpose: &str) -> u64 {
    let digest = Digest::of(
        "cleanbench/seed/1",
        &[
            &run_seed.to_le_bytes(),
            task.as_bytes(),
            sample.as_bytes(),
            purpose.as_bytes(),
        ],
    );
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest.0[..8]);
    u64::from_le_bytes(bytes) >> 11
}

/// The seed of the order in which the samples of `stratum` are asked: a task, or one arm of a probe.
pub fn order_of(run_seed: u64, stratum: &str) -> u64 {
    derive(run_seed, stratum, "", "order")
}

/// Shuffles by Fisher and Yates, drawing from a counter that is mixed as in `SplitMix64` (Steele, Lea
/// and Flood 2014).
pub fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let drawn = (u128::from(mixed) * (last as u128 + 1)) >> 64;
        items.swap(last, usize::try_from(drawn).unwrap_or(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_matters_and_the_value_is_fixed() {
        let seed = derive(1, "t", "s", "epoch/1");
        assert_eq!(seed, 4_456_616_649_213_609);
        assert!(seed < 1 << 53);
        assert_ne!(seed, derive(2, "t", "s", "epoch/1"));
        assert_ne!(seed, derive(1, "u", "s", "epoch/1"));
        assert_ne!(seed, derive(1, "t", "r", "epoch/1"));
        assert_ne!(seed, derive(1, "t", "s", "epoch/2"));
    }
}
