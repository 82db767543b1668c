//! Seeds derived per (run seed, sample, purpose), so that neither order nor concurrency matters.

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
