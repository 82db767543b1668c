//! Text of other encodings and line ends as UTF-8 with line feeds, streaming.
//!
//! Invariant: what comes out has as many characters in the same order; halves of surrogate pairs are an error with
//! their place, and never replaced. Refused: UTF-16 without a byte order mark, which nothing tells apart for certain.

use std::io::{self, BufRead, Read};

/// Which of two bytes comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lower one.
    Little,
    /// The higher one.
    Big,
}

/// How characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with a byte order mark or without.
    Utf8,
    /// UTF-16, which begins with a byte order mark.
    Utf16(ByteOrder),
}

impl Encoding {
    /// The encoding that the first bytes of a file say.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0xff, 0xfe, ..] => Self::Utf16(ByteOrder::Little),
            [0xfe, 0xff, ..] => Self::Utf16(ByteOrder::Big),
            _ => Self::Utf8,
        }
    }
}

/// UTF-16 as UTF-8.
#[derive(Debug)]
pub struct Utf8<R> {
    inner: R,
    order: ByteOrder,
    /// Bytes of the file that were read.
    at: u64,
    /// What was written and not yet taken, from `taken`.
    ready: Vec<u8>,
    taken: usize,
    is_done: bool,
}

impl<R: BufRead> Utf8<R> {
    /// Reads `inner`, whose units have `order`.
    pub fn of(inner: R, order: ByteOrder) -> Self {
        Self {
            inner,
            order,
            at: 0,
            ready: Vec::new(),
            taken: 0,
            is_done: false,
        }
    }

    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut bytes = [0; 2];
        if self.inner.read(&mut bytes[..1])? == 0 {
            return Ok(None);
        }
        if self.inner.read(&mut bytes[1..])? == 0 {
            return Err(invalid(self.at));
        }
        self.at += 2;
        Ok(Some(match self.order {
            ByteOrder::Little => u16::from_le_bytes(bytes),
            ByteOrder::Big => u16::from_be_bytes(bytes),
        }))
    }

    /// Writes the next character.
    fn write_next(&mut self) -> io::Result<()> {
        let place = self.at;
        let Some(first) = self.unit()? else {
            self.is_done = true;
            return Ok(());
        };
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first) {
            units.extend(self.unit()?);
        }
        let text = String::from_utf16(&units).map_err(|_| invalid(place))?;
        self.ready.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn invalid(at: u64) -> io::Error {
    io::Error::other(format!(
        "invalid UTF-16 at byte {at}; save the file as UTF-8"
    ))
}

impl<R: BufRead> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() {
            self.ready.clear();
            self.taken = 0;
            while self.ready.len() < buffer.len() && !self.is_done {
                self.write_next()?;
            }
        }
        let count = (self.ready.len() - self.taken).min(buffer.len());
        buffer[..count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

/// A text whose carriage returns are line feeds.
#[derive(Debug)]
pub struct LineFeeds<R>(
    /// What is read.
    pub R,
);

impl<R: Read> Read for LineFeeds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        replace_returns(&mut buffer[..count]);
        Ok(count)
    }
}

/// Puts line feeds into the place of carriage returns.
pub fn replace_returns(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte == b'\r' {
            *byte = b'\n';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> io::Result<String> {
        let Encoding::Utf16(order) = Encoding::of(bytes) else {
            panic!("no mark");
        };
        let mut text = String::new();
        Utf8::of(bytes, order).read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn both_orders_give_the_same_text_and_halves_of_pairs_are_errors() {
        let text = "\u{feff}a;ü\r\n𝔘€";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decoded(&little).unwrap(), text);
        assert_eq!(decoded(&big).unwrap(), text);
        for (bytes, at) in [
            (&b"\xff\xfea\0\0"[..], 4),
            (b"\xff\xfe\0\xd8a\0", 2),
            (b"\xff\xfe\0\xdc", 2),
            (b"\xff\xfe\0\xd8", 2),
        ] {
            let error = decoded(bytes).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("invalid UTF-16 at byte {at};")),
                "{error}"
            );
        }
    }
}
