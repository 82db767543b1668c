//! A row of a Parquet file as the text of a JSON object: nested groups are objects, lists are arrays.
//!
//! Columns hold values with two numbers each (Melnik et al. 2010, "Dremel"): the repetition level says in which list
//! the value goes on, the definition level how much of the path to it is there.
//!
//! Invariant: a row is written from the values of that row alone, and all of them; columns that disagree about how
//! long their lists are end it with an error. Refused: rows of more bytes than a record may have.

use parquet::data_type::ByteArray;

use crate::source::MOST_BYTES;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Atom {
    /// What is written as it stands: a number or a truth value.
    Plain(String),
    /// Bytes that it shares with the others of its page.
    Text(ByteArray),
    /// Bytes that are no text.
    NoText,
    /// A number that JSON has none for: no number at all, or an infinite one.
    NoNumber,
    /// What is there and cannot be said, and why: a fault of its row.
    Unsayable(&'static str),
}

/// The values of one column in one row.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    pub(crate) definitions: Vec<i16>,
    pub(crate) repetitions: Vec<i16>,
    pub(crate) atoms: Vec<Atom>,
    /// Whether what is no text is a fault.
    is_text: bool,
    /// Definition level of a value that is there.
    pub(crate) full: i16,
    level: usize,
    atom: usize,
    /// What of it was read as null, and was something.
    pub(crate) lost: Lost,
}

/// Values of a column that are there and have no place in a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) no_text: u64,
    pub(crate) no_number: u64,
    /// The row of the first, from 1.
    pub(crate) first: u32,
}

impl Lost {
    fn add(&mut self, is_number: bool, row: u32) {
        if *self == Self::default() {
            self.first = row;
        }
        if is_number {
            self.no_number += 1;
        } else {
            self.no_text += 1;
        }
    }

    /// What is said of it; `None` where nothing was lost.
    pub(crate) fn told(self, column: &str) -> Option<String> {
        let parts = [
            (
                self.no_text,
                "value of bytes that are no text",
                "values of bytes that are no text",
            ),
            (
                self.no_number,
                "number that is NaN or infinite",
                "numbers that are NaN or infinite",
            ),
        ];
        let parts = parts.into_iter().filter(|(count, ..)| *count > 0);
        let parts =
            parts.map(|(count, one, several)| cleanbench_text::counted(count, one, several));
        let parts: Vec<_> = parts.collect();
        (!parts.is_empty()).then(|| {
            format!(
                "column `{column}`: {} read as null, first in row {}",
                parts.join(" and "),
                self.first
            )
        })
    }
}

impl Cells {
    /// Of a column whose values, where they are there, have the definition level `full`.
    pub(crate) fn new(full: i16, is_text: bool) -> Self {
        Self {
            is_text,
            full,
            ..Self::default()
        }
    }

    /// Forgets the values of the row before.
    pub(crate) fn clear(&mut self) {
        self.definitions.clear();
        self.repetitions.clear();
        self.atoms.clear();
        self.level = 0;
        self.atom = 0;
    }

    fn definition(&self) -> Result<i16, String> {
        let found = self.definitions.get(self.level).copied();
        found.ok_or_else(|| DISAGREE.to_owned())
    }

    /// Whether the list of level `repetition` goes on with the next value.
    fn goes_on(&self, repetition: i16) -> bool {
        let next = self.repetitions.get(self.level);
        next.is_some_and(|next| *next >= repetition)
    }
}

const DISAGREE: &str = "its columns do not agree about how many values it has";

/// A column or a group of columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Position of the column.
    Leaf(usize),
    Group(Vec<Member>),
    /// There from this definition level on, else null.
    Optional(i16, Box<Node>),
    List(Level, Box<Node>),
}

/// A named part of a group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) node: Node,
}

/// The levels of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Level {
    pub(crate) definition: i16,
    pub(crate) repetition: i16,
}

impl Node {
    /// Positions of its first column and behind its last.
    fn span(&self) -> std::ops::Range<usize> {
        match self {
            Self::Leaf(leaf) => *leaf..leaf + 1,
            Self::Optional(_, inner) | Self::List(_, inner) => inner.span(),
            Self::Group(members) => {
                let first = members.first().map_or(0, |member| member.node.span().start);
                let last = members.last().map_or(0, |member| member.node.span().end);
                first..last
            }
        }
    }
}

/// A row while it is written.
pub(crate) struct Writer<'a> {
    /// Which row it is, from 1.
    pub(crate) number: u32,
    pub(crate) cells: &'a mut [Cells],
    pub(crate) out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    /// Writes the row of which `root` is the type.
    ///
    /// # Errors
    /// What is wrong with it, a lowercase fragment.
    pub(crate) fn row(&mut self, root: &Node) -> Result<(), String> {
        self.node(root)?;
        let is_over = |cells: &Cells| cells.level == cells.definitions.len();
        if self.cells.iter().all(is_over) {
            Ok(())
        } else {
            Err(DISAGREE.to_owned())
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), String> {
        if self.out.len() > MOST_BYTES {
            return Err(format!("it is longer than {} MiB", MOST_BYTES >> 20));
        }
        match node {
            Node::Leaf(leaf) => self.leaf(*leaf),
            Node::Group(members) => self.group(members),
            Node::Optional(definition, inner) => {
                if self.definition(inner)? < *definition {
                    self.out.extend_from_slice(b"null");
                    self.pass(inner);
                    return Ok(());
                }
                self.node(inner)
            }
            Node::List(level, inner) => self.list(*level, inner),
        }
    }

    fn definition(&self, node: &Node) -> Result<i16, String> {
        let first = self.cells.get(node.span().start);
        first.ok_or_else(|| DISAGREE.to_owned())?.definition()
    }

    /// Passes over what is not there.
    fn pass(&mut self, node: &Node) {
        for cells in &mut self.cells[node.span()] {
            cells.level += 1;
        }
    }

    fn group(&mut self, members: &[Member]) -> Result<(), String> {
        self.out.push(b'{');
        for (position, member) in members.iter().enumerate() {
            if position > 0 {
                self.out.push(b',');
            }
            self.text(&member.name);
            self.out.push(b':');
            self.node(&member.node)
                .map_err(|message| within(&member.name, &message))?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn list(&mut self, level: Level, inner: &Node) -> Result<(), String> {
        if self.definition(inner)? < level.definition {
            self.out.extend_from_slice(b"[]");
            self.pass(inner);
            return Ok(());
        }
        let first = inner.span().start;
        self.out.push(b'[');
        self.node(inner)?;
        while self.cells[first].goes_on(level.repetition) {
            self.out.push(b',');
            self.node(inner)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn leaf(&mut self, leaf: usize) -> Result<(), String> {
        let cells = &mut self.cells[leaf];
        let is_there = cells.definition()? == cells.full;
        cells.level += 1;
        if !is_there {
            return Err(DISAGREE.to_owned());
        }
        let atom = cells
            .atoms
            .get_mut(cells.atom)
            .map(|atom| std::mem::replace(atom, Atom::NoText));
        cells.atom += 1;
        let is_text = cells.is_text;
        match atom.ok_or_else(|| DISAGREE.to_owned())? {
            Atom::Plain(text) => self.out.extend_from_slice(text.as_bytes()),
            Atom::NoText => self.lose(leaf, false),
            Atom::NoNumber => self.lose(leaf, true),
            Atom::Unsayable(what) => return Err(format!("it holds {what}")),
            Atom::Text(bytes) => match std::str::from_utf8(bytes.data()) {
                Ok(text) => self.text(text),
                Err(_) if is_text => return Err("it is no UTF-8".to_owned()),
                Err(_) => self.lose(leaf, false),
            },
        }
        Ok(())
    }

    /// Writes nothing for a value that has no place in a sample, and counts it.
    fn lose(&mut self, leaf: usize, is_number: bool) {
        self.cells[leaf].lost.add(is_number, self.number);
        self.out.extend_from_slice(b"null");
    }

    fn text(&mut self, text: &str) {
        // Writing into memory does not fail.
        serde_json::to_writer(&mut *self.out, text).unwrap_or_default();
    }
}

/// A fault of a part, with the name of what holds it.
fn within(name: &str, message: &str) -> String {
    match message.strip_prefix("column `") {
        Some(rest) => format!("column `{name}.{rest}"),
        None => format!("column `{name}`: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(full: i16, levels: &[(i16, i16)], texts: &[&str]) -> Cells {
        Cells {
            definitions: levels.iter().map(|(definition, _)| *definition).collect(),
            repetitions: levels.iter().map(|(_, repetition)| *repetition).collect(),
            atoms: texts
                .iter()
                .map(|text| Atom::Text(ByteArray::from(*text)))
                .collect(),
            is_text: true,
            full,
            ..Cells::default()
        }
    }

    /// An optional group `c` of two optional lists of optional texts, as data sets have options and their labels.
    fn options() -> Node {
        let list = |leaf| {
            let element = Node::Optional(4, Box::new(Node::Leaf(leaf)));
            let level = Level {
                definition: 3,
                repetition: 1,
            };
            Node::Optional(2, Box::new(Node::List(level, Box::new(element))))
        };
        let member = |name: &str, node| Member {
            name: name.to_owned(),
            node,
        };
        let inner = Node::Group(vec![member("text", list(0)), member("label", list(1))]);
        Node::Group(vec![member("c", Node::Optional(1, Box::new(inner)))])
    }

    #[test]
    fn levels_say_what_is_there() {
        let row = |texts: Cells, labels: Cells| {
            let mut out = Vec::new();
            let mut cells = [texts, labels];
            let mut writer = Writer {
                number: 1,
                cells: &mut cells,
                out: &mut out,
            };
            writer.row(&options())?;
            Ok::<_, String>(String::from_utf8(out).unwrap())
        };
        for (texts, labels, expected) in [
            (
                cells(4, &[(4, 0), (3, 1), (4, 1)], &["x", "y"]),
                cells(4, &[(2, 0)], &[]),
                r#"{"c":{"text":["x",null,"y"],"label":[]}}"#,
            ),
            (
                cells(4, &[(0, 0)], &[]),
                cells(4, &[(0, 0)], &[]),
                r#"{"c":null}"#,
            ),
            (
                cells(4, &[(1, 0)], &[]),
                cells(4, &[(4, 0), (4, 1)], &["A", "B\""]),
                r#"{"c":{"text":null,"label":["A","B\""]}}"#,
            ),
        ] {
            assert_eq!(row(texts, labels).as_deref(), Ok(expected));
        }
        let wrong = row(
            cells(4, &[(4, 0), (4, 0)], &["x", "y"]),
            cells(4, &[(2, 0)], &[]),
        );
        assert!(wrong.is_err());
        let wrong = row(cells(4, &[(4, 0)], &[]), cells(4, &[(2, 0)], &[]));
        assert_eq!(wrong.unwrap_err(), format!("column `c.text`: {DISAGREE}"));
    }
}
