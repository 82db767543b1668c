//! Where the head and the body of an answer end (RFC 9112, sections 4 to 7).
//!
//! Invariant: pure, and total over hostile input. What could be read in two ways is refused or ends
//! the connection: the bytes of one answer are never taken for another's.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

/// Longest head, and longest line or trailer within a chunked body, in bytes.
pub(super) const LARGEST_HEAD: usize = 64 << 10;
/// Most fields of a head.
const MOST_FIELDS: usize = 128;

/// What cannot be read as HTTP/1.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotHttp;

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    /// The status.
    pub(crate) status: u16,
    minor_version: u8,
    fields: &'a [Header<'a>],
}

/// Reads the head at the beginning of `bytes` and puts it to `read`; its length and the result, or `None`
/// when it has not come whole yet.
pub(super) fn head<T>(
    bytes: &[u8],
    read: impl FnOnce(&Head<'_>) -> T,
) -> Result<Option<(usize, T)>, NotHttp> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut response = Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        &mut fields,
    );
    match parsed {
        Ok(Status::Complete(length)) => {
            let head = Head {
                status: response.code.ok_or(NotHttp)?,
                minor_version: response.version.ok_or(NotHttp)?,
                fields: response.headers,
            };
            Ok(Some((length, read(&head))))
        }
        Ok(Status::Partial) if bytes.len() < LARGEST_HEAD => Ok(None),
        _ => Err(NotHttp),
    }
}

/// Whether `bytes` begin with the whole head of a final answer, or with no head at all.
pub(super) fn is_final(bytes: &[u8]) -> bool {
    match head(bytes, |head| head.status >= 200) {
        Ok(Some((_, is_final))) => is_final,
        Ok(None) => false,
        Err(NotHttp) => true,
    }
}

impl<'a> Head<'a> {
    /// The first value of the field `name`, in whichever case.
    pub(crate) fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let fields = self.fields.iter();
        fields
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    }

    /// The members of the list that the fields `name` make together.
    fn members(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
    }

    /// How the body is delimited (RFC 9112, section 6.3), and whether the connection can serve another
    /// request after it.
    pub(super) fn framing(&self) -> Result<(Framing, bool), NotHttp> {
        let body = self.body()?;
        let says = |word: &str| {
            let mut options = self.members("connection");
            options.any(|option| option.eq_ignore_ascii_case(word.as_bytes()))
        };
        let stays = if self.minor_version == 0 {
            says("keep-alive")
        } else {
            !says("close")
        };
        // Both lengths at once are how one answer is smuggled into another.
        let is_doubtful =
            self.get("transfer-encoding").is_some() && self.get("content-length").is_some();
        let keeps = stays && !is_doubtful && !body.ends_with_connection();
        Ok((body, keeps))
    }

    fn body(&self) -> Result<Framing, NotHttp> {
        if self.status == 101 {
            // Nobody asked for another protocol.
            return Err(NotHttp);
        }
        if matches!(self.status, 204 | 304) {
            return Ok(Framing::Sized(0));
        }
        if let Some(last) = self.members("transfer-encoding").last() {
            return Ok(if last.eq_ignore_ascii_case(b"chunked") {
                Framing::Chunked(Chunk::Size)
            } else {
                Framing::UntilClose
            });
        }
        let mut lengths = self.members("content-length");
        let Some(first) = lengths.next() else {
            return Ok(Framing::UntilClose);
        };
        if lengths.any(|other| other != first) {
            return Err(NotHttp);
        }
        Ok(Framing::Sized(number(first)?))
    }
}

/// Digits and nothing else; a sign is none.
fn number(text: &[u8]) -> Result<u64, NotHttp> {
    if !text.iter().all(u8::is_ascii_digit) {
        return Err(NotHttp);
    }
    let text = std::str::from_utf8(text).map_err(|_| NotHttp)?;
    text.parse().map_err(|_| NotHttp)
}

/// What is still to come of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Sized(u64),
    /// Chunks.
    Chunked(Chunk),
    /// Everything until the connection closes.
    UntilClose,
}

/// What comes next in a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    /// The line with the size of the next chunk.
    Size,
    /// So many bytes of a chunk.
    Bytes(u64),
    /// The end of a chunk's last line.
    End,
    /// Trailer fields, of which so many bytes were read.
    Trailer(usize),
}

/// What to do with the bytes that have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FramingStep {
    /// After `skip` bytes of framing there are `length` bytes of the body, at least one.
    Bytes { skip: usize, length: usize },
    /// After `skip` bytes of framing the body ends.
    End { skip: usize },
    /// After `skip` bytes of framing more must come.
    More { skip: usize },
}

impl Framing {
    /// Whether nothing but the end of the connection ends it.
    pub(super) fn ends_with_connection(self) -> bool {
        self == Self::UntilClose
    }

    /// The next step with `bytes`, of which whatever it names counts as taken.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Result<FramingStep, NotHttp> {
        match self {
            Self::Sized(0) => Ok(FramingStep::End { skip: 0 }),
            Self::Sized(left) => Ok(take(left, bytes, 0)),
            Self::UntilClose if bytes.is_empty() => Ok(FramingStep::More { skip: 0 }),
            Self::UntilClose => Ok(FramingStep::Bytes {
                skip: 0,
                length: bytes.len(),
            }),
            Self::Chunked(chunk) => {
                let step = chunk.step(bytes)?;
                if matches!(step, FramingStep::End { .. }) {
                    *self = Self::Sized(0);
                }
                Ok(step)
            }
        }
    }
}

impl Chunk {
    fn step(&mut self, bytes: &[u8]) -> Result<FramingStep, NotHttp> {
        let mut skip = 0;
        loop {
            let rest = &bytes[skip..];
            match self {
                Self::Bytes(0) => *self = Self::End,
                Self::Bytes(left) => return Ok(take(left, rest, skip)),
                Self::Size => match httparse::parse_chunk_size(rest) {
                    Ok(Status::Complete((length, size))) => {
                        skip += length;
                        *self = if size == 0 {
                            Self::Trailer(0)
                        } else {
                            Self::Bytes(size)
                        };
                    }
                    Ok(Status::Partial) if rest.len() < LARGEST_HEAD => {
                        return Ok(FramingStep::More { skip });
                    }
                    _ => return Err(NotHttp),
                },
                Self::End => match rest {
                    [b'\r', b'\n', ..] => {
                        skip += 2;
                        *self = Self::Size;
                    }
                    [] | [b'\r'] => return Ok(FramingStep::More { skip }),
                    _ => return Err(NotHttp),
                },
                Self::Trailer(read) => {
                    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                        let fits = *read + rest.len() < LARGEST_HEAD;
                        return fits.then_some(FramingStep::More { skip }).ok_or(NotHttp);
                    };
                    skip += end + 1;
                    if matches!(&rest[..end], [] | [b'\r']) {
                        return Ok(FramingStep::End { skip });
                    }
                    *read += end + 1;
                    if *read > LARGEST_HEAD {
                        return Err(NotHttp);
                    }
                }
            }
        }
    }
}

/// As many of `bytes` as are `left`.
fn take(left: &mut u64, bytes: &[u8], skip: usize) -> FramingStep {
    let length = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
    *left -= length as u64;
    if length == 0 {
        return FramingStep::More { skip };
    }
    FramingStep::Bytes { skip, length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method by its name is not general enough"
    )]
    /// What a connection that brings `bytes`, cut at every multiple of `cut`, and then ends is read as:
    /// the body, and whether another request may follow. `None` if it is no answer, or no whole one.
    fn read(bytes: &[u8], cut: usize) -> Option<(Vec<u8>, bool)> {
        let mut pieces = bytes.chunks(cut);
        let mut received = Vec::new();
        let (length, framing) = loop {
            match head(&received, |head| head.framing()) {
                Ok(Some(found)) => break found,
                Ok(None) => received.extend_from_slice(pieces.next()?),
                Err(NotHttp) => return None,
            }
        };
        let (mut body, keeps) = framing.ok()?;
        received.drain(..length);
        let mut taken = Vec::new();
        loop {
            match body.step(&received).ok()? {
                FramingStep::Bytes { skip, length } => {
                    assert!(length > 0);
                    taken.extend_from_slice(&received[skip..skip + length]);
                    received.drain(..skip + length);
                }
                FramingStep::End { skip } => return Some((taken, keeps && received.len() == skip)),
                FramingStep::More { skip } => {
                    received.drain(..skip);
                    match pieces.next() {
                        Some(piece) => received.extend_from_slice(piece),
                        None if body.ends_with_connection() => return Some((taken, false)),
                        None => return None,
                    }
                }
            }
        }
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        let table: &[(&str, Option<(&str, bool)>)] = &[
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
                Some(("abc", true)),
            ),
            (
                "HTTP/1.1 200 OK\ncontent-length:3\n\nabc",
                Some(("abc", true)),
            ),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", None),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\n\r\nabc",
                Some(("abc", true)),
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
                None,
            ),
            ("HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\nabc", None),
            ("HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\nabc", None),
            ("HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nabc", None),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nabc",
                None,
            ),
            (
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc",
                Some(("abc", false)),
            ),
            (
                "HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc",
                Some(("abc", false)),
            ),
            (
                "HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 3\r\n\r\nabc",
                Some(("abc", true)),
            ),
            (
                "HTTP/1.1 200 OK\r\n\r\nuntil the end",
                Some(("until the end", false)),
            ),
            ("HTTP/1.1 200 OK\r\n\r\n", Some(("", false))),
            ("HTTP/1.1 204 No Content\r\n\r\n", Some(("", true))),
            (
                "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
                Some(("", true)),
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
                Some(("abcde", true)),
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\ntrailer: x\r\n\r\n",
                Some(("a", true)),
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
                None,
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
                None,
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
                None,
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 9\r\n\r\n1\r\na\r\n0\r\n\r\n",
                Some(("a", false)),
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nabc",
                Some(("abc", false)),
            ),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", None),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab",
                Some(("a", false)),
            ),
            ("<html>", None),
            ("", None),
        ];
        for (bytes, expected) in table {
            let expected = expected.map(|(body, keeps)| (body.as_bytes().to_vec(), keeps));
            for cut in 1..=bytes.len().max(1) {
                let found = read(bytes.as_bytes(), cut);
                // Whether more came than was announced shows only once it has come.
                let body = |read: &Option<(Vec<u8>, bool)>| read.clone().map(|read| read.0);
                assert_eq!(body(&found), body(&expected), "{bytes:?} cut at {cut}");
                if cut == bytes.len() {
                    assert_eq!(found, expected, "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn heads_and_lines_without_end_are_refused() {
        let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(LARGEST_HEAD));
        assert_eq!(read(endless.as_bytes(), 4096), None);
        for line in [
            "1;".to_owned(),
            "0\r\nx: ".to_owned(),
            "0\r\nx: y\r\n".repeat(9_000),
        ] {
            let mut body = Framing::Chunked(Chunk::Size);
            let bytes = format!("{line}{}", "z".repeat(LARGEST_HEAD));
            assert_eq!(body.step(bytes.as_bytes()), Err(NotHttp), "{line:.9}");
        }
        let many = "a: b\r\n".repeat(MOST_FIELDS + 1);
        let many = format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n");
        assert_eq!(read(many.as_bytes(), 4096), None);
    }

    #[test]
    fn any_bytes_have_an_end() {
        let mut state = 1_u64;
        let alphabet = b"0123456789abcdef\r\n\r\n:; HTTP/1.chunkedtransfer-encoding";
        for _ in 0..20_000 {
            let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            for _ in 0..40 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let place = usize::try_from(state >> 33).unwrap() % alphabet.len();
                bytes.push(alphabet[place]);
            }
            let whole = read(&bytes, bytes.len()).map(|read| read.0);
            assert_eq!(read(&bytes, 1).map(|read| read.0), whole, "{bytes:?}");
        }
    }
}
