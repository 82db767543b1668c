//! The identity of a prompt, and the draws that decide about it.
//!
//! Invariant: everything here is a pure function of the prompt's text, so two servers with the same
//! script give the same answers and the same faults, whatever the order and the concurrency.
//! It refuses to be a source of randomness: the same text always draws the same number.

use sha2::{Digest, Sha256};

/// What the server remembers of a prompt instead of its text: the first eight bytes (big-endian) of
/// the SHA-256 of its UTF-8 bytes.
pub type PromptKey = u64;

/// The key under which `text` is counted; the same value that `GET /__prompts` writes in
/// hexadecimal.
pub fn prompt_key(text: &str) -> PromptKey {
    Draws::of(text).key()
}

/// The choice that a [`crate::Answers::Hash`] script with `right_share = 1` answers to `text`; a
/// suite built for it uses this as the sample's target. An empty list gives `None`.
pub fn right_choice<'a>(choices: &'a [String], text: &str) -> Option<&'a str> {
    Draws::of(text).pick(choices)
}

/// The independent numbers drawn from one prompt's hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws([u64; 4]);

impl Draws {
    /// Hashes `text`.
    pub(crate) fn of(text: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let (words, _) = digest.as_chunks::<8>();
        Self(std::array::from_fn(|index| {
            u64::from_be_bytes(words[index])
        }))
    }

    /// The prompt's identity.
    pub(crate) fn key(self) -> PromptKey {
        self.0[0]
    }

    /// The element of `list` that this prompt draws.
    pub(crate) fn pick<T: AsRef<str>>(self, list: &[T]) -> Option<&str> {
        list.get(below(self.0[1], list.len()))
            .map(std::convert::AsRef::as_ref)
    }

    /// Another element of `list` than [`Self::pick`] gives; the same one where there is no other.
    pub(crate) fn pick_other<T: AsRef<str>>(self, list: &[T]) -> Option<&str> {
        let count = list.len();
        if count < 2 {
            return self.pick(list);
        }
        let step = 1 + below(scramble(self.0[1]), count - 1);
        let index = (below(self.0[1], count) + step) % count;
        list.get(index).map(std::convert::AsRef::as_ref)
    }

    /// Whether the prompt lies in the `share` that is answered rightly.
    pub(crate) fn is_right(self, share: f64) -> bool {
        unit(self.0[2]) < share
    }

    /// A number from 0 to `most`, both included.
    pub(crate) fn jitter(self, most: u64) -> u64 {
        match most.checked_add(1) {
            Some(span) => self.0[3] % span,
            None => self.0[3],
        }
    }

    /// A number in [0, 1).
    pub(crate) fn uniform(self) -> f64 {
        unit(scramble(self.0[3] ^ 1))
    }

    /// A standard normal number (Box and Muller 1958).
    pub(crate) fn normal(self) -> f64 {
        let radius = (-2.0 * (1.0 - unit(scramble(self.0[3] ^ 2))).ln()).sqrt();
        radius * (std::f64::consts::TAU * unit(scramble(self.0[3] ^ 3))).cos()
    }

    /// Whether the prompt lies in the `share` that rule number `rule` strikes. Every rule draws for
    /// itself: two rules of 10 % strike different tenths.
    pub(crate) fn is_struck(self, rule: usize, share: f64) -> bool {
        let salt = (rule as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        unit(scramble(self.0[0] ^ salt)) < share
    }
}

/// `word` scaled to an index below `count`; 0 for an empty range.
fn below(word: u64, count: usize) -> usize {
    let scaled = (u128::from(word) * count as u128) >> 64;
    usize::try_from(scaled).unwrap_or(0)
}

/// `word` as a number in [0, 1).
fn unit(word: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "the 53 bits that are kept fit exactly"
    )]
    let kept = (word >> 11) as f64;
    kept * (0.5_f64).powi(53)
}

/// A bijective mix of all bits, so that salted words are unrelated.
fn scramble(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Draws, prompt_key, right_choice};

    fn share_of(holds: impl Fn(Draws) -> bool) -> f64 {
        let hits = (0..20_000)
            .filter(|index| holds(Draws::of(&format!("prompt {index}"))))
            .count();
        f64::from(u32::try_from(hits).unwrap()) / 20_000.0
    }

    #[test]
    fn the_key_is_the_head_of_the_sha256() {
        assert_eq!(prompt_key("abc"), 0xba78_16bf_8f01_cfea);
        assert_ne!(prompt_key("abc"), prompt_key("abd"));
    }

    #[test]
    fn shares_are_met_and_rules_draw_apart() {
        let check = |got: f64, expect: f64| assert!((got - expect).abs() < 0.01, "{got}");
        check(share_of(|draws| draws.is_right(0.7)), 0.7);
        check(share_of(|draws| draws.is_struck(0, 0.1)), 0.1);
        check(share_of(|draws| draws.is_struck(0, 0.0)), 0.0);
        check(share_of(|draws| draws.is_struck(5, 1.0)), 1.0);
        let both = |draws: Draws| draws.is_struck(0, 0.1) && draws.is_struck(1, 0.1);
        check(share_of(both), 0.01);
        check(share_of(|draws| draws.jitter(9) == 9), 0.1);
        check(share_of(|draws| draws.uniform() < 0.3), 0.3);
        // Φ(0), Φ(1) and Φ(-1.96) of the standard normal law.
        check(share_of(|draws| draws.normal() < 0.0), 0.5);
        check(share_of(|draws| draws.normal() < 1.0), 0.8413);
        check(share_of(|draws| draws.normal() < -1.96), 0.025);
    }

    #[test]
    fn the_other_pick_differs_and_covers_the_rest() {
        let list: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        for index in 0..1_000 {
            let draws = Draws::of(&format!("prompt {index}"));
            assert_ne!(draws.pick(&list), draws.pick_other(&list));
        }
        let both =
            |draws: Draws| draws.pick(&list) == Some("a") && draws.pick_other(&list) == Some("b");
        assert!((share_of(both) - 1.0 / 6.0).abs() < 0.01);
        assert_eq!(Draws::of("x").pick_other(&list[..1]), Some("a"));
        assert_eq!(right_choice(&[], "x"), None);
    }
}
