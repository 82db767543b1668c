//! What stands between the cells of a table: a comma, a semicolon, a tab or a bar.
//!
//! Invariant: it follows from how the file begins, so that it is the same whenever the file is read. A first line
//! `sep=;`, as spreadsheets write it, says it.

use crate::csv::Splitter;
use crate::field::Field;

/// What may stand between cells, the likelier first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Most records that are looked at.
const MOST_RECORDS: usize = 20;

/// How a table begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) separator: u8,
    /// Whether its first line says the separator and is no record.
    pub(crate) is_said: bool,
}

impl Beginning {
    /// What the beginning `head` of a table shows.
    pub(crate) fn of(head: &[u8]) -> Self {
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] = line.trim_ascii_end()
            && separator.is_ascii_punctuation()
        {
            return Self {
                separator: *separator,
                is_said: true,
            };
        }
        // The last of equals is taken, and the likelier ones come first.
        let best = SEPARATORS
            .into_iter()
            .rev()
            .max_by_key(|separator| fit(head, *separator));
        Self {
            separator: best.unwrap_or(b','),
            is_said: false,
        }
    }
}

/// How well a table fits that has `separator` between its cells.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// Fields of samples that its first record names.
    fields: usize,
    /// Records with as many cells as the first, if that has several.
    alike: usize,
    cells: usize,
}

fn fit(head: &[u8], separator: u8) -> Fit {
    let mut fit = Fit::default();
    let mut splitter = Splitter::new(separator);
    let mut rest = head;
    for number in 0..MOST_RECORDS {
        let Some(length) = record(rest, &mut splitter) else {
            break;
        };
        if number == 0 {
            fit.cells = splitter.cells.len();
            let names = splitter.cells.iter().map(|cell| cell.lossy(rest));
            fit.fields = names.filter(|name| Field::named(name).is_some()).count();
        }
        fit.alike += usize::from(fit.cells > 1 && splitter.cells.len() == fit.cells);
        rest = &rest[length..];
    }
    fit
}

/// Splits the first record of `text`; its length, or none where it does not end there.
fn record(text: &[u8], splitter: &mut Splitter) -> Option<usize> {
    splitter.reset();
    let mut length = 0;
    while length < text.len() {
        let line = text[length..].iter().position(|byte| *byte == b'\n');
        length = line.map_or(text.len(), |at| length + at + 1);
        if splitter.feed(&text[..length]) {
            return Some(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_table_begins_with_shows_what_is_between_its_cells() {
        for (head, separator) in [
            ("question,answer\n1;2,3\n", b','),
            (
                "question;expected_answer;category\nHow much, in all?;1,5;x\n",
                b';',
            ),
            ("question\tanswer\na, b; c\td\n", b'\t'),
            ("question|answer\na,b|c\n", b'|'),
            ("\"question;of, all\";b;c\n1;2;3\n4;5;6\n", b';'),
            ("2 + 2?,3,4,5,6,B\n1;1?,1,2,3,4,B\n", b','),
            ("question\nonly one; really\n", b','),
            ("Frage;Antwort\n\"a\n,b\";c\n", b';'),
            ("", b','),
        ] {
            let found = Beginning::of(head.as_bytes());
            assert_eq!(
                (found.separator, found.is_said),
                (separator, false),
                "{head}"
            );
        }
        let said = Beginning::of(b"sep=;\r\na;b\r\n");
        assert_eq!((said.separator, said.is_said), (b';', true));
    }
}
