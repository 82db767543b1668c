//! The lines of a long file, decoded a block at a time.
//!
//! A line is decoded from its own bytes and those of the line before it, so lines are decoded apart from each other; what
//! must hold from one to the next is for the reader to check. They are decoded by the one who reads: records made by
//! other threads and freed by this one cost more memory than a run may take.
//!
//! Invariant: lines come in the order of the file, and what is made of each depends on the file alone. Memory is bounded by a few blocks, or by a few times the longest line. It refuses nothing: every line comes
//! with its own fault.

use std::fmt;
use std::io::{self, Read as _};
use std::iter::Flatten;
use std::vec;

use fs_err::File;
use memchr::{memchr, memchr_iter, memrchr};

/// Bytes that are decoded at once; whoever waits for the first line waits for all of them.
const BLOCK: usize = 32 << 10;
/// Bytes of a piece: its lines stand in a list of their own.
const PIECE: usize = 8 << 10;
/// Lines that a block has at most: what is made of an empty one takes far more room than its byte.
const MOST_LINES: usize = BLOCK / 64;

/// A line of a file.
#[derive(Debug)]
pub(crate) struct Line<T> {
    /// Its bytes, the line feed included.
    pub(crate) length: u64,
    /// What was made of it.
    pub(crate) decoded: T,
    /// Whether the file ends with it.
    pub(crate) is_last: bool,
}

/// The bytes of a line, without its line feed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    /// Its own.
    pub(crate) own: &'a [u8],
    /// Those of the line before; `None` for the first line.
    pub(crate) before: Option<&'a [u8]>,
    /// Whether a line feed ends it.
    pub(crate) is_whole: bool,
}

/// What makes a value of a line.
type Decode<T> = Box<dyn Fn(Text<'_>) -> T + Send + Sync>;

/// Streams the lines of a file.
#[derive(Debug)]
pub(crate) struct Lines<T> {
    source: Source<T>,
    block: Flatten<vec::IntoIter<Vec<Line<T>>>>,
}

impl<T: Send + 'static> Lines<T> {
    /// The lines of `file`, of each of which `decode` makes a value.
    pub(crate) fn of(file: File, decode: impl Fn(Text<'_>) -> T + Send + Sync + 'static) -> Self {
        let source = Source {
            file,
            decode: Box::new(decode),
            before: None,
            carried: Vec::new(),
            has_ended: false,
        };
        Self {
            source,
            block: Vec::new().into_iter().flatten(),
        }
    }

    /// The next line; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<T>>> {
        loop {
            if let Some(line) = self.block.next() {
                return Ok(Some(line));
            }
            match self.source.next()? {
                Some(block) => self.block = block.into_iter().flatten(),
                None => return Ok(None),
            }
        }
    }
}

/// Lines by the piece of a block that they are in.
type Block<T> = Vec<Vec<Line<T>>>;

/// A file whose lines are decoded a block at a time.
struct Source<T> {
    file: File,
    decode: Decode<T>,
    /// The line before the next one.
    before: Option<Vec<u8>>,
    /// What was read of the lines after the last block.
    carried: Vec<u8>,
    has_ended: bool,
}

impl<T> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut source = f.debug_struct("Source");
        source.field("file", &self.file).finish_non_exhaustive()
    }
}

impl<T: Send> Source<T> {
    fn next(&mut self) -> io::Result<Option<Block<T>>> {
        let bytes = self.read()?;
        let pieces = pieces_of(&bytes, self.before.as_deref());
        let Some(last) = pieces.last() else {
            return Ok(None);
        };
        let before = last_line(last.bytes).to_vec();
        let decode = |piece: &Piece<'_>| piece.decode(&self.decode);
        let mut block: Block<T> = pieces.iter().map(decode).collect();
        if let Some(last) = block.last_mut().and_then(|piece| piece.last_mut()) {
            last.is_last = self.has_ended && self.carried.is_empty();
        }
        self.before = Some(before);
        Ok(Some(block))
    }

    /// The bytes of the next lines; none when all were read.
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = std::mem::take(&mut self.carried);
        loop {
            if let Some(end) = end_of_block(&bytes, self.has_ended) {
                self.carried = bytes.split_off(end);
                return Ok(bytes);
            }
            // As much again, so that a long line is not looked through again for each part of it.
            let wanted = bytes.len().max(BLOCK);
            let part = (&mut self.file).take(wanted as u64);
            self.has_ended = { part }.read_to_end(&mut bytes)? < wanted;
        }
    }
}

/// Where the block ends that begins with `bytes`; `None` if more must be read. Before the file has ended one line at
/// least is left over, so that the last one is known to be the last.
fn end_of_block(bytes: &[u8], has_ended: bool) -> Option<usize> {
    let before_last = &bytes[..bytes.len().saturating_sub(1)];
    let most = memchr_iter(b'\n', before_last).nth(MOST_LINES - 1);
    match most.map(|end| end + 1) {
        None if has_ended => Some(bytes.len()),
        None if bytes.len() < BLOCK => None,
        None => memrchr(b'\n', before_last).map(|end| end + 1),
        most => most,
    }
}

/// Whole lines that follow each other.
struct Piece<'a> {
    bytes: &'a [u8],
    before: Option<&'a [u8]>,
}

impl Piece<'_> {
    fn decode<T>(&self, decode: &Decode<T>) -> Vec<Line<T>> {
        let mut before = self.before;
        // Lines are large once they are decoded; a list that grows would move them several times.
        let count = memchr_iter(b'\n', self.bytes).count() + 1;
        let mut lines = Vec::with_capacity(count);
        lines.extend(lines_of(self.bytes).map(|line| {
            let own = line.strip_suffix(b"\n").unwrap_or(line);
            let text = Text {
                own,
                before: before.replace(own),
                is_whole: own.len() < line.len(),
            };
            Line {
                length: line.len() as u64,
                decoded: decode(text),
                is_last: false,
            }
        }));
        lines
    }
}

/// `bytes`, which follow the line `before`, cut at ends of lines, about every [`PIECE`] bytes.
fn pieces_of<'a>(mut bytes: &'a [u8], mut before: Option<&'a [u8]>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let beyond = bytes.get(PIECE..).unwrap_or_default();
        let end = memchr(b'\n', beyond).map_or(bytes.len(), |end| PIECE + end + 1);
        let (piece, rest) = bytes.split_at(end);
        let last = before.replace(last_line(piece));
        pieces.push(Piece {
            bytes: piece,
            before: last,
        });
        bytes = rest;
    }
    pieces
}

/// The lines of `bytes`, each with its line feed, and what follows the last line feed.
fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr_iter(b'\n', bytes).map(|end| end + 1);
    let mut start = 0;
    let lines = ends.chain([bytes.len()]).map(move |end| {
        let line = &bytes[start..end];
        start = end;
        line
    });
    lines.filter(|line| !line.is_empty())
}

/// The last of the lines of `bytes`, without its line feed.
fn last_line(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let start = memrchr(b'\n', bytes).map_or(0, |end| end + 1);
    &bytes[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number for each line, of which the one at `long` fills two blocks.
    fn numbers(lines: usize, long: usize) -> Vec<u8> {
        let line = |number: usize| {
            let spaces = if number == long { 2 * BLOCK } else { 300 };
            format!("{number}{}\n", " ".repeat(spaces))
        };
        (0..lines).map(line).collect::<String>().into_bytes()
    }

    fn number(text: &[u8]) -> Option<usize> {
        str::from_utf8(text).ok()?.trim().parse().ok()
    }

    /// The number of a line and that of the line before.
    type Numbers = [Option<usize>; 2];

    fn read(bytes: &[u8]) -> Vec<Line<Numbers>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        fs_err::write(&path, bytes).unwrap();
        let decode = |text: Text<'_>| [number(text.own), text.before.and_then(number)];
        let mut lines = Lines::of(File::open(&path).unwrap(), decode);
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    #[test]
    fn lines_come_in_order_whoever_decodes_them() {
        let bytes = numbers(9_000, 5_000);
        let check = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(|| read(&bytes))
        };
        for lines in [read(&bytes), check(1), check(3)] {
            assert_eq!(lines.len(), 9_000);
            let lengths: u64 = lines.iter().map(|line| line.length).sum();
            assert_eq!(lengths, bytes.len() as u64);
            for (position, line) in lines.iter().enumerate() {
                let expected = [Some(position), position.checked_sub(1)];
                assert_eq!(line.decoded, expected);
                assert_eq!(line.is_last, position == 8_999);
            }
        }
    }

    #[test]
    fn a_file_may_end_with_a_block() {
        for length in BLOCK - 1..BLOCK + 3 {
            let lines = read(&vec![b'\n'; length]);
            assert_eq!(lines.len(), length);
            let last = lines.iter().position(|line| line.is_last);
            assert_eq!(last, Some(length - 1));
        }
        assert!(read(b"").is_empty());
    }

    #[test]
    fn a_block_has_no_more_lines_than_there_is_room_for() {
        let bytes = vec![b'\n'; 3 * MOST_LINES];
        let mut start = 0;
        for expected in [MOST_LINES, MOST_LINES, MOST_LINES] {
            let end = end_of_block(&bytes[start..], true).unwrap();
            assert_eq!(end, expected);
            start += end;
        }
        assert_eq!(end_of_block(&bytes[..MOST_LINES], false), None);
        assert_eq!(read(&bytes).iter().filter(|line| line.is_last).count(), 1);
    }

    #[test]
    fn a_panic_is_not_the_end_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        fs_err::write(&path, numbers(9_000, 9_000)).unwrap();
        let decode = |text: Text<'_>| assert_ne!(number(text.own), Some(8_000));
        let mut lines = Lines::of(File::open(&path).unwrap(), decode);
        let read = std::panic::AssertUnwindSafe(|| while lines.next().unwrap().is_some() {});
        assert!(std::panic::catch_unwind(read).is_err());
    }

    #[test]
    fn a_line_may_lack_its_end() {
        for bytes in [b"1".as_slice(), b"1\n", b"0\n1"] {
            let lines = read(bytes);
            let last = lines.last().unwrap();
            assert_eq!((last.decoded[0], last.is_last), (Some(1), true));
        }
        let text = |line: &[u8]| {
            let decode: Decode<bool> = Box::new(|text: Text<'_>| text.is_whole);
            pieces_of(line, None)[0].decode(&decode)[0].decoded
        };
        assert!(text(b"1\n") && !text(b"1"));
    }
}
