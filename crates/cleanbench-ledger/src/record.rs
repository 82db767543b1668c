//! One line of the journal, and the chain that links it to the line before.
//!
//! ```text
//! {"seq":7,"at":"2026-11-23T21:17:47.123Z","event":{…},"hash":"…64 hex…"}
//! ```
//!
//! `hash` = H(previous hash ‖ the line's bytes before `,"hash"`). The line's form is fixed to the byte,
//! so a change anywhere in it, the closing brace and the line feed included, is found.

mod quick;

use cleanbench_core::{Digest, Event, RunId};
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::compact;

/// Format of the journal. Major: readers must match; minor: later reads earlier. 1.2 adds `judged` of what
/// is replayed, and the error `not_recorded`; 1.3 adds `unasked`, why a call
/// was skipped, `batch_planned`, and `batch` in places; 1.4 adds `rule` of scores, by which the answer was read;
/// 1.5 adds the error `foreign`, and `never_asked` to `unasked`; 1.6 adds `measure` of scores of answers to probes.
pub const JOURNAL_FORMAT: &str = "cleanbench-journal/1.6";

const HASH_KEY: &[u8] = br#","hash":""#;
const CLOSE: &[u8] = br#""}"#;
const HASH_DIGITS: usize = 64;
/// Bytes from the hash of a line to its end, the line feed included.
pub(crate) const HASH_TO_END: usize = HASH_DIGITS + CLOSE.len() + 1;
const TRAILER: usize = HASH_KEY.len() + HASH_DIGITS + CLOSE.len();

/// The hash of a line of which this is the end.
pub(crate) fn hash_of_end(end: &[u8; HASH_TO_END]) -> Option<Digest> {
    let (digits, rest) = end.split_at(HASH_DIGITS);
    let is_end = rest == [CLOSE, b"\n"].concat();
    let digits = str::from_utf8(digits).ok().filter(|_| is_end)?;
    digits.parse().ok()
}

/// A decoded line.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Position in the segment, from 0.
    pub seq: u64,
    /// When it was written, UTC with milliseconds.
    pub at: String,
    /// What happened.
    pub event: Event,
}

/// The last record of a journal segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentHead {
    /// Number of the segment.
    pub segment: u32,
    /// Number of records.
    pub records: u64,
    /// Hash of the last one.
    pub head: Digest,
}

/// The hash before the first record of a run's first segment.
pub fn genesis(run: &RunId) -> Digest {
    Digest::of("cleanbench/journal/genesis/1", &[run.as_str().as_bytes()])
}

/// The hash before the first record of those who go on with a merged run: it stands on the ends of all
/// the journals that were put together.
pub fn merge_genesis<'a>(run: &RunId, heads: impl Iterator<Item = &'a SegmentHead>) -> Digest {
    let mut ends = Vec::new();
    for head in heads {
        ends.extend_from_slice(&head.segment.to_le_bytes());
        ends.extend_from_slice(&head.records.to_le_bytes());
        ends.extend_from_slice(&head.head.0);
    }
    Digest::of(
        "cleanbench/journal/merge/1",
        &[run.as_str().as_bytes(), &ends],
    )
}

/// Where and when a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp<'a> {
    /// Its position in its segment, from 0.
    pub seq: u64,
    /// The time, RFC 3339.
    pub at: &'a str,
}

/// A line in the making.
#[derive(Serialize)]
struct Line<'a> {
    seq: u64,
    at: &'a str,
    event: &'a Event,
}

/// Appends the record of `event` as a line to `out` and returns its hash.
///
/// # Errors
/// When the event cannot be written as JSON (a float that is no number).
pub fn encode(
    stamp: Stamp<'_>,
    event: &Event,
    previous: Digest,
    out: &mut Vec<u8>,
) -> Result<Digest, serde_json::Error> {
    let start = out.len();
    write_open(stamp, event, out)?;
    Ok(seal(&mut out[start..], previous))
}

/// The same, with zeros in place of the hash.
///
/// # Errors
/// As those of [`encode`].
pub(crate) fn write_open(
    stamp: Stamp<'_>,
    event: &Event,
    out: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    let Stamp { seq, at } = stamp;
    compact::write(&Line { seq, at, event }, out)?;
    // The brace that closes the object makes room for the hash.
    out.pop();
    out.extend_from_slice(HASH_KEY);
    out.extend_from_slice(&[b'0'; HASH_DIGITS]);
    out.extend_from_slice(CLOSE);
    out.push(b'\n');
    Ok(())
}

/// Puts its hash into `line`, which [`write_open`] wrote, as the one after the record with hash `previous`.
pub(crate) fn seal(line: &mut [u8], previous: Digest) -> Digest {
    let (body, trailer) = line.split_at_mut(line.len() - TRAILER - 1);
    let hash = link(previous, body);
    let digits = &mut trailer[HASH_KEY.len()..][..HASH_DIGITS];
    digits.copy_from_slice(hash.digits(&mut [0; HASH_DIGITS]).as_bytes());
    hash
}

/// A record that continues the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Linked {
    /// What the line says.
    pub record: Record,
    /// The line's hash, which the next line follows.
    pub hash: Digest,
}

/// Decodes one line (without its line feed) that follows the record with hash `previous`.
///
/// # Errors
/// A lowercase fragment that says which check failed.
pub fn decode(line: &[u8], previous: Digest) -> Result<Linked, String> {
    let (body, hash) = split(line).ok_or("not a journal record")?;
    if link(previous, body) != hash {
        return Err("the hash does not continue the chain".to_owned());
    }
    let record = read(line).map_err(|error| format!("unreadable record: {error}"))?;
    Ok(Linked { record, hash })
}

/// The record of a line whose hash was checked before.
pub(crate) fn read(line: &[u8]) -> Result<Record, serde_json::Error> {
    // Checked as a whole it is checked faster than text by text.
    let line = str::from_utf8(line).map_err(serde_json::Error::custom)?;
    quick::record(line).map_or_else(|| by_serde(line), Ok)
}

fn by_serde(line: &str) -> Result<Record, serde_json::Error> {
    let Whole {
        seq,
        at,
        event,
        hash: IgnoredAny,
    } = serde_json::from_str(line)?;
    Ok(Record { seq, at, event })
}

/// A line as it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    seq: u64,
    at: String,
    event: Event,
    hash: IgnoredAny,
}

fn split(line: &[u8]) -> Option<(&[u8], Digest)> {
    let (body, trailer) = line.split_at(line.len().checked_sub(TRAILER)?);
    let digits = trailer.strip_prefix(HASH_KEY)?.strip_suffix(CLOSE)?;
    Some((body, std::str::from_utf8(digits).ok()?.parse().ok()?))
}

fn link(previous: Digest, body: &[u8]) -> Digest {
    Digest::of("cleanbench/journal/1", &[&previous.0, body])
}

/// Whether a file of format `found` can be read by a program that writes `known` (`name/major.minor`).
pub fn readable(found: &str, known: &str) -> bool {
    let parts = |format: &str| -> Option<(String, u32)> {
        let (major, minor) = format.rsplit_once('.')?;
        Some((major.to_owned(), minor.parse().ok()?))
    };
    match (parts(found), parts(known)) {
        (Some((found_major, found_minor)), Some((known_major, known_minor))) => {
            found_major == known_major && found_minor <= known_minor
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> (Vec<u8>, Digest) {
        let event = Event::GenerationOpened { generation: 2 };
        let mut out = Vec::new();
        let stamp = Stamp {
            seq: 3,
            at: "2026-01-02T03:04:05.678Z",
        };
        encode(stamp, &event, Digest([1; 32]), &mut out).unwrap();
        out.pop();
        (out, Digest([1; 32]))
    }

    #[test]
    fn what_was_written_is_read() {
        let (line, previous) = line();
        let linked = decode(&line, previous).unwrap();
        assert_eq!(
            linked.record.event,
            Event::GenerationOpened { generation: 2 }
        );
        assert!(
            decode(&line, Digest([2; 32])).is_err(),
            "another predecessor"
        );
    }

    #[test]
    fn a_change_of_any_bit_is_found() {
        let (line, previous) = line();
        for position in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.clone();
                changed[position] ^= 1 << bit;
                assert!(
                    decode(&changed, previous).is_err(),
                    "byte {position} bit {bit}"
                );
            }
        }
    }

    #[test]
    fn later_minor_versions_read_earlier_ones() {
        assert!(readable("cleanbench-journal/1.0", "cleanbench-journal/1.2"));
        assert!(!readable(
            "cleanbench-journal/1.3",
            "cleanbench-journal/1.2"
        ));
        assert!(!readable(
            "cleanbench-journal/2.0",
            "cleanbench-journal/1.2"
        ));
        assert!(!readable("something", "cleanbench-journal/1.2"));
    }
}
