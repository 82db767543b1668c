//! Random numbers that are the same on every machine and in every version.
//!
//! Method: the stream cipher `ChaCha` with eight rounds (D. J. Bernstein, 2008), a 256-bit key, a zero
//! nonce and a 64-bit block counter; whole numbers below a bound by D. Lemire, "Fast Random Integer
//! Generation in an Interval", 2019; permutations by Fisher and Yates.
//!
//! Invariant: what is drawn depends on the key and on how often was drawn, and on nothing else. It is
//! part of what results can be recomputed from, so it never changes.
//!
//! It refuses nothing. It is no source of secrets.

/// Words of a block.
const WORDS: usize = 16;
/// "expand 32-byte k", the constant of the cipher for keys of 256 bits.
const CONSTANT: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
/// Double rounds: eight rounds are four of columns and four of diagonals.
const DOUBLE_ROUNDS: usize = 4;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random {
    key: [u32; 8],
    counter: u64,
    block: [u32; WORDS],
    used: usize,
}

impl Random {
    /// The stream of a key of 256 bits, such as a digest of what it is drawn for.
    pub fn from_key(key: [u8; 32]) -> Self {
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(key.chunks_exact(4)) {
            *word = bytes
                .iter()
                .rev()
                .fold(0, |word, &byte| word << 8 | u32::from(byte));
        }
        Self {
            key: words,
            counter: 0,
            block: [0; WORDS],
            used: WORDS,
        }
    }

    /// The stream of a number: the key's first eight bytes, least significant first; the rest is 0.
    pub fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Self::from_key(key)
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == WORDS {
            self.block = block(self.key, self.counter);
            self.counter = self.counter.wrapping_add(1);
            self.used = 0;
        }
        let word = self.block[self.used];
        self.used += 1;
        word
    }

    /// The next 64 bits: two words, the less significant first.
    pub fn next_u64(&mut self) -> u64 {
        let low = u64::from(self.next_u32());
        u64::from(self.next_u32()) << 32 | low
    }

    /// A number from 0 up to but not including 1, a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits, so exact")]
        let high = (self.next_u64() >> 11) as f64;
        high / 9_007_199_254_740_992.0
    }

    /// A whole number below `bound`, each as likely; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let mut product = u128::from(self.next_u64()) * u128::from(bound);
        // The lowest products are drawn once too often for some results; such draws are repeated. All of them are below
        // the bound, so that nearly no draw needs the division.
        if low_half(product) < bound {
            let least = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
            while low_half(product) < least {
                product = u128::from(self.next_u64()) * u128::from(bound);
            }
        }
        u64::try_from(product >> 64).unwrap_or(u64::MAX)
    }

    /// A place among `len`, each as likely; 0 when there is none.
    pub fn index(&mut self, len: usize) -> usize {
        let bound = u64::try_from(len).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// Puts `values` into a random order, each as likely.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for end in (1..values.len()).rev() {
            values.swap(end, self.index(end + 1));
        }
    }
}

fn low_half(product: u128) -> u64 {
    u64::try_from(product & u128::from(u64::MAX)).unwrap_or_default()
}

/// One block of the cipher.
fn block(key: [u32; 8], counter: u64) -> [u32; WORDS] {
    let mut input = [0; WORDS];
    input[..4].copy_from_slice(&CONSTANT);
    input[4..12].copy_from_slice(&key);
    input[12] = u32::try_from(counter & 0xffff_ffff).unwrap_or_default();
    input[13] = u32::try_from(counter >> 32).unwrap_or_default();
    let mut state = input;
    for _ in 0..DOUBLE_ROUNDS {
        for column in 0..4 {
            quarter(&mut state, [column, column + 4, column + 8, column + 12]);
        }
        for row in 0..4 {
            let diagonal = |by: usize| 4 * by + (row + by) % 4;
            quarter(&mut state, [row, diagonal(1), diagonal(2), diagonal(3)]);
        }
    }
    for (word, start) in state.iter_mut().zip(input) {
        *word = word.wrapping_add(start);
    }
    state
}

fn quarter(state: &mut [u32; WORDS], [a, b, c, d]: [usize; 4]) {
    for (near, far, rotations) in [(b, d, [16, 12]), (b, d, [8, 7])] {
        state[a] = state[a].wrapping_add(state[near]);
        state[far] = (state[far] ^ state[a]).rotate_left(rotations[0]);
        state[c] = state[c].wrapping_add(state[far]);
        state[near] = (state[near] ^ state[c]).rotate_left(rotations[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stream for a key of zeros, from the test vectors of the cipher's submission to eSTREAM.
    #[test]
    fn the_stream_is_that_of_the_cipher() {
        let mut random = Random::from_key([0; 32]);
        let expected = "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e\
                        984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42";
        for word in expected.as_bytes().chunks(8) {
            let word = std::str::from_utf8(word).unwrap();
            assert_eq!(format!("{:08x}", random.next_u32().swap_bytes()), word);
        }
    }

    /// These results are part of what other results can be recomputed from.
    #[test]
    fn what_is_drawn_never_changes() {
        let mut random = Random::new(42);
        let numbers: Vec<u64> = (0..6).map(|_| random.below(1000)).collect();
        let mut order: Vec<u8> = (0..10).collect();
        random.shuffle(&mut order);
        assert_eq!(numbers, [348, 285, 493, 367, 825, 67]);
        assert_eq!(order, [0, 8, 6, 1, 9, 7, 5, 3, 2, 4]);
    }

    #[test]
    fn each_result_is_as_likely() {
        let mut random = Random::new(7);
        let mut counts = [0_u32; 6];
        let mut orders = std::collections::BTreeMap::new();
        for _ in 0..60_000 {
            counts[random.index(6)] += 1;
            let mut three = [0_u8, 1, 2];
            random.shuffle(&mut three);
            *orders.entry(three).or_insert(0_u32) += 1;
        }
        // Five standard deviations of a count around 10,000.
        let fair = |count: &u32| count.abs_diff(10_000) < 457;
        assert!(counts.iter().all(fair), "{counts:?}");
        assert!(orders.len() == 6 && orders.values().all(fair), "{orders:?}");
        assert_eq!(
            (random.below(0), random.below(1), random.index(0)),
            (0, 0, 0)
        );
    }
}
