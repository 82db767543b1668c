//! SHA-256 digests with a domain, and the suite's key.
//!
//! Invariant: two different kinds of thing never share a digest, because every digest starts from a
//! domain string, and no two lists of parts collide, because each part is preceded by its length.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Digest of `parts` in `domain`: SHA-256 over the length-prefixed domain and parts
    /// (lengths are 64-bit little-endian byte counts).
    pub fn of(domain: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        absorb(&mut hasher, domain.as_bytes());
        for part in parts {
            absorb(&mut hasher, part);
        }
        Self(hasher.finalize().into())
    }

    /// The 64 digits, written into `room`.
    pub fn digits<'a>(&self, room: &'a mut [u8; 64]) -> &'a str {
        hex_in(&self.0, room)
    }

    /// Plain SHA-256 of `bytes`, as `sha256sum` prints it; for whole files.
    pub fn of_file_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

fn absorb(hasher: &mut Sha256, part: &[u8]) {
    hasher.update((part.len() as u64).to_le_bytes());
    hasher.update(part);
}

/// Plain SHA-256 of a stream of bytes, as `sha256sum` prints it.
#[derive(Debug, Default, Clone)]
pub struct FileHasher(Sha256);

impl FileHasher {
    /// Takes in the next bytes of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Digest of everything taken in so far.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl std::io::Write for FileHasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The suite's own secret key: without it a digest of a private item confirms no guess.
///
/// `Debug` never shows the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct DigestKey([u8; 32]);

impl DigestKey {
    /// A key from 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Keyed digest of `bytes` in `domain`. The message is hashed first, so that both inputs of the
    /// outer hash have a fixed length and length extension has nothing to extend.
    pub fn digest(&self, domain: &str, bytes: &[u8]) -> Digest {
        let inner = Digest::of(domain, &[bytes]);
        Digest::of("cleanbench/keyed/1", &[&self.0, &inner.0])
    }

    /// The key as 64 hexadecimal digits, for its own file and nowhere else.
    pub fn reveal_hex(&self) -> String {
        hex(&self.0)
    }
}

impl FromStr for DigestKey {
    type Err = ParseHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex(text).map(Self)
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey(..)")
    }
}

/// Lower-case hexadecimal text of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.chunks(32) {
        text.push_str(hex_in(chunk, &mut [0; 64]));
    }
    text
}

/// The same in `room`, for at most 32 bytes: every record of a run has several digests.
pub(crate) fn hex_in<'a>(bytes: &[u8], room: &'a mut [u8; 64]) -> &'a str {
    const PAIRS: [[u8; 2]; 256] = {
        let digits = b"0123456789abcdef";
        let mut pairs = [[0; 2]; 256];
        let mut byte = 0;
        while byte < 256 {
            pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
            byte += 1;
        }
        pairs
    };
    let mut length = 0;
    for (pair, byte) in room.as_chunks_mut().0.iter_mut().zip(bytes) {
        *pair = PAIRS[usize::from(*byte)];
        length += 2;
    }
    str::from_utf8(&room[..length]).unwrap_or_default()
}

/// The text is not exactly the expected number of lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} lower-case hexadecimal digits")]
pub struct ParseHexError {
    expected: usize,
}

/// Parses exactly `2 * N` lower-case hexadecimal digits. Upper case is refused so that a flipped
/// case bit in a stored digest does not go unnoticed.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseHexError> {
    let error = ParseHexError { expected: N * 2 };
    if text.len() != N * 2 {
        return Err(error);
    }
    let mut bytes = [0; N];
    let mut any = 0;
    // Without an early end: four records a call are read, and each has several digests.
    for (byte, [high, low]) in bytes.iter_mut().zip(text.as_bytes().as_chunks().0) {
        let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
        any |= high | low;
        *byte = high << 4 | low & 0xf;
    }
    if any & NO_DIGIT == 0 {
        Ok(bytes)
    } else {
        Err(error)
    }
}

/// What [`VALUES`] has for what is no digit; no value of a digit has a bit of it.
const NO_DIGIT: u8 = 0xf0;

/// The value of each hexadecimal digit.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let digits = b"0123456789abcdef";
    let mut value = 0;
    while value < 16 {
        values[digits[value as usize] as usize] = value;
        value += 1;
    }
    values
};

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex_in(&self.0, &mut [0; 64]))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = ParseHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex(text).map(Self)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hex_in(&self.0, &mut [0; 64]))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_from_str(deserializer)
    }
}

/// Deserialises any `FromStr` type from a JSON string.
pub(crate) fn deserialize_from_str<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: fmt::Display,
{
    deserializer.deserialize_str(TextOf(std::marker::PhantomData))
}

/// Parses a text where it stands; a run directory has millions of digests.
struct TextOf<T>(std::marker::PhantomData<T>);

impl<T> serde::de::Visitor<'_> for TextOf<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_vectors_computed_with_python_hashlib() {
        // hashlib.sha256(struct.pack("<Q",1)+b"d"+struct.pack("<Q",2)+b"ab"+struct.pack("<Q",0))
        assert_eq!(
            Digest::of("d", &[b"ab", b""]).to_string(),
            "738bfb43292a47751bdc5d9f7f0333d72b3255835b58dc8230abeec7f93dcd85"
        );
        let key = DigestKey::new([7; 32]);
        assert_eq!(
            key.digest("d", b"x").to_string(),
            "4c39a32a4c63fd201982d3db4782f66781f50a056b717ebbffc40b9ef8938955"
        );
        assert_eq!(
            Digest::of_file_bytes(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn parts_are_not_interchangeable() {
        assert_ne!(
            Digest::of("d", &[b"ab", b"c"]),
            Digest::of("d", &[b"a", b"bc"])
        );
        assert_ne!(Digest::of("d", &[b"a"]), Digest::of("e", &[b"a"]));
    }

    #[test]
    fn upper_case_and_short_hex_are_refused() {
        let text = Digest([0xab; 32]).to_string();
        assert_eq!(text.parse::<Digest>(), Ok(Digest([0xab; 32])));
        assert!(text.to_uppercase().parse::<Digest>().is_err());
        assert!(text[1..].parse::<Digest>().is_err());
    }

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?}", DigestKey::new([9; 32])), "DigestKey(..)");
    }
}
