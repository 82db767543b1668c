//! What a Parquet file says of itself, looked at before any of it is decoded.
//!
//! The library that decodes trusts lengths: a claim of a few bytes would make it reserve gigabytes, and types within
//! types without end would exhaust the stack. Here the footer and the headers of pages are gone through as they are
//! written (Thrift's compact protocol), and nothing is reserved.
//!
//! Invariant: what passes here makes the decoder reserve no more than [`MOST_PAGE`] for a page, and write no more
//! than a packed file may unpack to. Refused: footers, types, lists and pages beyond any real data.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::source::{FREE_LINES, UNPACKED};

/// Most bytes of a footer.
const MOST_FOOTER: u64 = 16 << 20;
/// Most elements of a list in a footer: columns of all parts, pages, statistics.
const MOST_LIST: u64 = 100_000;
/// How deep what a footer holds is nested, and how deep types are.
const DEEPEST: usize = 32;
/// Most bytes of a page, packed or not.
pub(crate) const MOST_PAGE: i64 = 64 << 20;
/// Most bytes that the pages of all columns take that are open at once.
const MOST_OPEN: i64 = 512 << 20;
/// Most values of a page, or of a row, of a column that holds lists.
pub(crate) const MOST_VALUES: i64 = 1_000_000;
/// How much is read for a header of a page at first, and at most.
const HEADER: [usize; 2] = [1 << 10, 1 << 20];

const MAGIC: &[u8] = b"PAR1";

// Kinds of the compact protocol.
const INTEGER_32: u8 = 5;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

fn broken(message: impl Into<String>) -> io::Error {
    io::Error::other(message.into())
}

/// What is written in the compact protocol.
struct Compact<'a> {
    rest: &'a [u8],
}

/// A field of a struct: its number and kind.
struct FieldOf {
    number: i64,
    kind: u8,
}

impl Compact<'_> {
    fn byte(&mut self) -> io::Result<u8> {
        let (first, rest) = self.rest.split_first().ok_or_else(cut)?;
        self.rest = rest;
        Ok(*first)
    }

    fn pass(&mut self, count: u64) -> io::Result<()> {
        let count = usize::try_from(count).map_err(|_| cut())?;
        self.rest = self.rest.get(count..).ok_or_else(cut)?;
        Ok(())
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(broken("a number of more than 64 bits"))
    }

    /// A signed number.
    fn integer(&mut self) -> io::Result<i64> {
        let value = self.varint()?;
        let half = i64::try_from(value >> 1).unwrap_or(i64::MAX);
        Ok(if value & 1 == 0 { half } else { -half - 1 })
    }

    /// The next field of a struct after the one with the number `last`.
    fn field(&mut self, last: i64) -> io::Result<Option<FieldOf>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        let number = match i64::from(byte >> 4) {
            0 => self.integer()?,
            step => last.saturating_add(step),
        };
        Ok(Some(FieldOf {
            number,
            kind: byte & 0xf,
        }))
    }

    /// How many elements of which kind a list has.
    fn list(&mut self) -> io::Result<FieldOf> {
        let byte = self.byte()?;
        let size = match u64::from(byte >> 4) {
            15 => self.varint()?,
            size => size,
        };
        if size > MOST_LIST || size > self.rest.len() as u64 {
            return Err(broken(format!("a list of {size} elements in the footer")));
        }
        Ok(FieldOf {
            number: i64::try_from(size).unwrap_or(0),
            kind: byte & 0xf,
        })
    }

    fn skip(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        if depth > DEEPEST {
            return Err(broken("the footer is nested too deeply"));
        }
        match kind {
            1 | 2 => Ok(()),
            3 => self.pass(1),
            4..=6 => self.varint().map(drop),
            7 => self.pass(8),
            8 => {
                let length = self.varint()?;
                self.pass(length)
            }
            LIST | 10 => self.skip_list(depth),
            STRUCT => self.fields(|compact, field| compact.skip(field.kind, depth + 1)),
            other => Err(broken(format!("a value of the unknown kind {other}"))),
        }
    }

    fn skip_list(&mut self, depth: usize) -> io::Result<()> {
        let list = self.list()?;
        for _ in 0..list.number {
            match list.kind {
                1 | 2 => self.pass(1)?,
                kind => self.skip(kind, depth + 1)?,
            }
        }
        Ok(())
    }

    /// Calls `each` with every field of a struct, which it must take.
    fn fields(
        &mut self,
        mut each: impl FnMut(&mut Self, FieldOf) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut last = 0;
        while let Some(field) = self.field(last)? {
            last = field.number;
            each(self, field)?;
        }
        Ok(())
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends in the middle")
}

/// Checks the footer of `file`, of `bytes` bytes.
///
/// # Errors
/// When it cannot be read, is no footer, or claims what no real file holds.
pub(crate) fn check_footer(file: &File, bytes: u64) -> io::Result<()> {
    let no_parquet = || broken("it is no Parquet file");
    let end = bytes.checked_sub(8).ok_or_else(no_parquet)?;
    let mut tail = [0; 8];
    file.read_exact_at(&mut tail, end)?;
    if &tail[4..] != MAGIC {
        let is_locked = &tail[4..] == b"PARE";
        return Err(if is_locked {
            broken("it is encrypted")
        } else {
            no_parquet()
        });
    }
    let mut length = [0; 4];
    length.copy_from_slice(&tail[..4]);
    let length = u64::from(u32::from_le_bytes(length));
    if length > MOST_FOOTER.min(end) {
        return Err(broken(format!("its footer claims {length} bytes")));
    }
    let mut footer = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut footer, end - length)?;
    check_structure(&footer)
}

fn check_structure(footer: &[u8]) -> io::Result<()> {
    let mut children = Vec::new();
    let mut footer = Compact { rest: footer };
    footer.fields(|compact, field| match (field.number, field.kind) {
        (2, LIST) => {
            let list = compact.list()?;
            for _ in 0..list.number {
                children.push(element(compact)?);
            }
            Ok(())
        }
        (_, kind) => compact.skip(kind, 0),
    })?;
    check_types(&children)
}

/// How many children an element of the schema says that it has.
fn element(compact: &mut Compact<'_>) -> io::Result<i64> {
    let mut children = 0;
    compact.fields(|compact, field| match (field.number, field.kind) {
        (5, INTEGER_32) => {
            children = compact.integer()?;
            Ok(())
        }
        (_, kind) => compact.skip(kind, 0),
    })?;
    Ok(children)
}

/// Types are listed with their children behind them.
fn check_types(children: &[i64]) -> io::Result<()> {
    let mut open: Vec<i64> = Vec::new();
    for (position, count) in children.iter().enumerate() {
        match open.last_mut() {
            Some(left) => *left -= 1,
            None if position == 0 => {}
            None => return Err(broken("its schema has several roots")),
        }
        if usize::try_from(*count).is_ok_and(|count| count > children.len()) || *count < 0 {
            return Err(broken(format!("its schema claims {count} columns in one")));
        }
        if *count > 0 {
            open.push(*count);
        }
        if open.len() > DEEPEST {
            return Err(broken("its columns are nested too deeply"));
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err(broken("its schema lacks columns"))
    }
}

/// A column of a part of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk {
    pub(crate) start: i64,
    pub(crate) bytes: i64,
    /// Rows of its part.
    pub(crate) rows: i64,
    /// Whether a row may hold several values.
    pub(crate) is_list: bool,
}

/// What was claimed of a file so far.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    unpacked: u64,
    rows: u64,
}

impl Claims {
    /// Takes in a part of `rows` rows of a file of `bytes` bytes.
    ///
    /// # Errors
    /// When there are more rows than any real file has.
    pub(crate) fn add_rows(&mut self, rows: i64, bytes: u64) -> io::Result<()> {
        let rows = u64::try_from(rows).map_err(|_| broken("a part of fewer than 0 rows"))?;
        self.rows = self.rows.saturating_add(rows);
        if self.rows > FREE_LINES.saturating_add(bytes) || self.rows > u64::from(u32::MAX) {
            let message = format!(
                "{bytes} bytes hold {} rows, which no real data does",
                self.rows
            );
            return Err(broken(message));
        }
        Ok(())
    }

    /// Checks the pages of the columns of a part of `file`, of `bytes` bytes.
    ///
    /// # Errors
    /// When a header cannot be read, or claims more than any real page holds.
    pub(crate) fn add_pages(
        &mut self,
        file: &File,
        bytes: u64,
        chunks: &[Chunk],
    ) -> io::Result<()> {
        let mut open = 0_i64;
        for chunk in chunks {
            let pages = self.pages(file, bytes, chunk)?;
            open = open.saturating_add(pages);
        }
        if open > MOST_OPEN {
            let message = format!("its columns together take {} MiB at once", open >> 20);
            return Err(broken(message));
        }
        Ok(())
    }

    /// The size of the largest page and of the dictionary of a column.
    fn pages(&mut self, file: &File, bytes: u64, chunk: &Chunk) -> io::Result<i64> {
        let end = chunk.start.checked_add(chunk.bytes);
        let fits = |end: &i64| chunk.start >= 0 && chunk.bytes >= 0 && end.unsigned_abs() <= bytes;
        let end = end
            .filter(fits)
            .ok_or_else(|| broken("a column lies outside of the file"))?;
        let (mut at, mut largest, mut dictionaries) = (chunk.start, 0, 0);
        while at < end {
            let page = page_header(file, at, end)?;
            page.check(chunk)?;
            self.unpack(page.unpacked, bytes)?;
            if page.is_dictionary {
                dictionaries = page.unpacked.max(dictionaries);
            } else {
                largest = (page.unpacked + page.packed).max(largest);
            }
            at = page.end;
        }
        Ok(largest + dictionaries)
    }

    fn unpack(&mut self, more: i64, bytes: u64) -> io::Result<()> {
        self.unpacked = self.unpacked.saturating_add(more.unsigned_abs());
        let allowed = UNPACKED
            .free
            .saturating_add(bytes.saturating_mul(UNPACKED.ratio));
        if self.unpacked <= allowed.min(UNPACKED.most) {
            return Ok(());
        }
        let message = format!(
            "{bytes} bytes unpack to {}, which no real data does",
            self.unpacked
        );
        Err(broken(message))
    }
}

/// What the header of a page says.
#[derive(Debug, Default)]
struct Page {
    packed: i64,
    unpacked: i64,
    values: i64,
    is_dictionary: bool,
    /// Where the next one begins.
    end: i64,
}

impl Page {
    fn check(&self, chunk: &Chunk) -> io::Result<()> {
        let sizes = 0..=MOST_PAGE;
        if !sizes.contains(&self.packed) || !sizes.contains(&self.unpacked) {
            let message = format!(
                "a page of {} bytes, packed {}; at most {} MiB are read",
                self.unpacked,
                self.packed,
                MOST_PAGE >> 20
            );
            return Err(broken(message));
        }
        let most = match (self.is_dictionary, chunk.is_list) {
            // A value of a dictionary takes a byte of it at least, but one of no bytes at all.
            (true, _) => self.unpacked.max(1),
            (false, true) => MOST_VALUES,
            (false, false) => chunk.rows,
        };
        if !(0..=most).contains(&self.values) {
            return Err(broken(format!("a page of {} values", self.values)));
        }
        Ok(())
    }
}

/// The header of the page at `at`, which ends before `end`.
fn page_header(file: &File, at: i64, end: i64) -> io::Result<Page> {
    let room = usize::try_from(end - at).unwrap_or(usize::MAX);
    for most in HEADER {
        let mut bytes = vec![0; most.min(room)];
        file.read_exact_at(&mut bytes, at.unsigned_abs())?;
        match read_page_header(&bytes, at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && most < room => {}
            Ok(page) if page.end > end => return Err(broken("a page ends behind its column")),
            found => return found,
        }
    }
    Err(broken("a page has an endless header"))
}

fn read_page_header(bytes: &[u8], at: i64) -> io::Result<Page> {
    let mut page = Page::default();
    let mut compact = Compact { rest: bytes };
    compact.fields(|compact, field| match (field.number, field.kind) {
        (1..=3, INTEGER_32) => {
            let value = compact.integer()?;
            match field.number {
                1 => page.is_dictionary = value == 2,
                2 => page.unpacked = value,
                _ => page.packed = value,
            }
            Ok(())
        }
        (5 | 7 | 8, STRUCT) => {
            page.values = first_number(compact)?;
            Ok(())
        }
        (_, kind) => compact.skip(kind, 0),
    })?;
    let header = bytes.len() - compact.rest.len();
    let header = i64::try_from(header).unwrap_or(i64::MAX);
    page.end = at.saturating_add(header).saturating_add(page.packed.max(0));
    Ok(page)
}

/// The field 1 of a struct, which is how many values a page has.
fn first_number(compact: &mut Compact<'_>) -> io::Result<i64> {
    let mut found = 0;
    compact.fields(|compact, field| match (field.number, field.kind) {
        (1, INTEGER_32) => {
            found = compact.integer()?;
            Ok(())
        }
        (_, kind) => compact.skip(kind, 0),
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_beyond_what_is_there_are_refused() {
        for (footer, message) in [
            (
                &[0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f][..],
                "a list of 4294967295 elements",
            ),
            // A schema whose root claims 2,147,483,647 columns.
            (
                &[0x29, 0x1c, 0x55, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0],
                "its schema claims 2147483647",
            ),
            (&[0x29, 0x1c, 0x55, 0x02, 0, 0], "its schema lacks columns"),
            (&[0x18, 0xff], "it ends in the middle"),
            (&[0x1f], "unknown kind 15"),
        ] {
            let error = check_structure(footer).unwrap_err().to_string();
            assert!(error.contains(message), "{footer:?}: {error}");
        }
        let deep: Vec<u8> = std::iter::repeat_n(0x1c, 100).collect();
        let error = check_structure(&deep).unwrap_err().to_string();
        assert!(error.contains("nested too deeply"), "{error}");
        let chain = vec![1; 40];
        assert!(check_types(&chain).is_err());
        assert!(check_types(&[2, 1, 0, 0]).is_ok());
        assert!(check_types(&[1, 0, 0]).is_err());
    }
}
