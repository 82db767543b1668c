//! Texts that belong together although they are apart: the pieces of an answer in the events of a stream, or in a list.
//!
//! A reader puts the pieces that stand under the same names one behind the other. So does this, without knowing any
//! language of servers: every text of every JSON document in the body joins the strand of the names above it, once with
//! and once without the `index` fields that tell several answers apart; and all together are one strand, in their order.
//!
//! Invariant: memory is bounded by the number of strands, of which there are at most [`MOST`]; what is beyond them
//! shares one.

use std::collections::HashMap;
use std::ops::Range;

use super::Forms;

/// Names of facts about an answer. No reader puts them together, and every event repeats them.
const FACTS: [&[u8]; 8] = [
    b"created_at",
    b"finish_reason",
    b"id",
    b"model",
    b"object",
    b"role",
    b"system_fingerprint",
    b"type",
];
/// Most strands that are kept apart.
const MOST: usize = 1_024;
/// Symbols that one letter may be written in within a text: `\\u0041` and the like.
const SYMBOLS: usize = 12;

/// Where in `body` the key stands cut in pieces.
pub(super) fn find(body: &[u8], forms: &Forms) -> Vec<Range<usize>> {
    let mut scan = Scan {
        body,
        at: 0,
        frames: Vec::new(),
        strands: HashMap::new(),
        window: forms.longest() * SYMBOLS,
        forms,
        found: Vec::new(),
    };
    scan.run();
    scan.found
}

/// One text after the other, without its escapes of JSON.
#[derive(Default)]
struct Strand {
    /// The first text, which needs no more than a search of the body while it is the only one.
    first: Option<Range<usize>>,
    letters: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Strand {
    /// Appends the text that stands at `place` in `body`.
    fn push(&mut self, body: &[u8], place: Range<usize>) {
        let mut at = place.start;
        while at < place.end {
            let (letter, length) = letter(&body[at..place.end]);
            self.letters.push(letter);
            self.places.push(at..at + length);
            at += length;
        }
    }

    /// Notes where the key stands in it, and forgets what cannot be part of one any more.
    fn settle(&mut self, forms: &Forms, window: usize, found: &mut Vec<Range<usize>>) {
        for place in forms.find(&self.letters) {
            found.extend(self.places[place].iter().cloned());
        }
        let gone = self.letters.len().saturating_sub(window);
        self.letters.drain(..gone);
        self.places.drain(..gone);
    }
}

/// What stands under a name.
#[derive(Default, PartialEq, Eq)]
enum Kind {
    /// Texts that a reader may put together.
    #[default]
    Pieces,
    /// A number that tells several answers apart.
    Mark,
    /// One of [`FACTS`].
    Fact,
}

impl Kind {
    fn of(name: &[u8]) -> Self {
        if name.ends_with(b"index") {
            Self::Mark
        } else if FACTS.contains(&name) {
            Self::Fact
        } else {
            Self::Pieces
        }
    }
}

/// An object or a list that is open.
#[derive(Default)]
struct Frame {
    is_object: bool,
    /// Whether the next text of an object is a name.
    wants_name: bool,
    /// Of the name that was read last.
    name: u64,
    /// Of all names above.
    above: u64,
    kind: Kind,
    /// Of the numbers under such names, here and above.
    marks: u64,
}

struct Scan<'a> {
    body: &'a [u8],
    at: usize,
    frames: Vec<Frame>,
    strands: HashMap<u64, Strand>,
    window: usize,
    forms: &'a Forms,
    found: Vec<Range<usize>>,
}

/// The strand of every text, whatever stands above it: pieces that lie side by side under different names.
const EVERY: u64 = 1;

/// Most objects within one another that are told apart.
const DEEPEST: usize = 64;

impl Scan<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.body.get(self.at) {
            match byte {
                b'{' | b'[' if self.frames.len() < DEEPEST => self.open(*byte == b'{'),
                b'}' | b']' => drop(self.frames.pop()),
                b',' => self.name_next(true),
                b':' => self.name_next(false),
                b'0'..=b'9' => self.mark(),
                b'"' => self.text(),
                b'\n' if self.is_blank_line() => self.frames.clear(),
                _ => {}
            }
            self.at += 1;
        }
        let (forms, window) = (self.forms, self.window);
        #[expect(
            clippy::iter_over_hash_type,
            reason = "places are overwritten in any order"
        )]
        for strand in self.strands.values_mut() {
            strand.settle(forms, window, &mut self.found);
        }
    }

    fn open(&mut self, is_object: bool) {
        let (above, marks) = self.frames.last().map_or((START, 0), |frame| {
            (mixed(frame.above, frame.name), frame.marks)
        });
        self.frames.push(Frame {
            is_object,
            wants_name: is_object,
            above,
            marks,
            ..Frame::default()
        });
    }

    fn name_next(&mut self, wanted: bool) {
        if let Some(frame) = self.frames.last_mut() {
            frame.wants_name = wanted && frame.is_object;
        }
    }

    /// Whether the line that ends here is empty: then an event ends.
    fn is_blank_line(&self) -> bool {
        let before = &self.body[..self.at];
        before.ends_with(b"\n") || before.ends_with(b"\n\r")
    }

    /// Takes in a number, which may be an index.
    fn mark(&mut self) {
        let rest = &self.body[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if let Some(frame) = self
            .frames
            .last_mut()
            .filter(|frame| frame.kind == Kind::Mark)
        {
            frame.marks = mixed(mixed(frame.marks, frame.name), hash(&rest[..length]));
        }
        self.at += length.max(1) - 1;
    }

    /// Takes in a text, up to its closing quote.
    fn text(&mut self) {
        let start = self.at + 1;
        let mut end = start;
        while let Some(ahead) = self
            .body
            .get(end..)
            .and_then(|rest| memchr::memchr3(b'"', b'\\', b'\n', rest))
        {
            end += ahead;
            if self.body[end] != b'\\' {
                break;
            }
            end += 2;
        }
        if !matches!(self.body.get(end), Some(b'"' | b'\n')) {
            end = self.body.len();
        }
        self.at = end;
        if self.body.get(end) == Some(&b'\n') {
            // No text goes over a line: the document is broken.
            self.at -= 1;
            self.frames.clear();
        }
        match self.frames.last_mut() {
            Some(frame) if frame.wants_name => {
                let name = &self.body[start..end];
                frame.name = hash(family(name));
                frame.kind = Kind::of(name);
            }
            Some(frame) if frame.kind == Kind::Fact => {}
            _ => self.join(start..end),
        }
    }

    /// Joins the text at `place` to its strands.
    fn join(&mut self, place: Range<usize>) {
        let (names, marks) = self.frames.last().map_or((START, 0), |frame| {
            (mixed(frame.above, frame.name), frame.marks)
        });
        self.join_strand(EVERY, place.clone());
        self.join_strand(names, place.clone());
        if marks != 0 {
            self.join_strand(mixed(names, marks), place);
        }
    }

    fn join_strand(&mut self, id: u64, place: Range<usize>) {
        let id = if self.strands.len() >= MOST && !self.strands.contains_key(&id) {
            0
        } else {
            id
        };
        let body = self.body;
        let Some(strand) = self.strands.get_mut(&id) else {
            let first = Some(place);
            let strand = Strand {
                first,
                ..Strand::default()
            };
            self.strands.insert(id, strand);
            return;
        };
        if let Some(first) = strand.first.take() {
            strand.push(body, first);
        }
        strand.push(body, place);
        if strand.letters.len() > 4 * self.window {
            strand.settle(self.forms, self.window, &mut self.found);
        }
    }
}

/// Names under which the same text is sent: readers put their pieces together.
fn family(name: &[u8]) -> &[u8] {
    match name {
        b"reasoning_content" | b"reasoning" | b"thinking" => b"reasoning",
        other => other,
    }
}

/// The first letter of a JSON text, and how long it is written. What is no letter of a key is given as a byte that none
/// has.
fn letter(text: &[u8]) -> (u8, usize) {
    const OTHER: u8 = 0xff;
    match text {
        [b'\\', b'u', a, b, c, d, ..] => {
            let digits = [a, b, c, d].map(|digit| char::from(*digit).to_digit(16));
            let value = digits
                .into_iter()
                .try_fold(0, |value, digit| Some(value * 16 + digit?));
            let letter = value.and_then(|value: u32| u8::try_from(value).ok());
            (letter.unwrap_or(OTHER), 6)
        }
        [b'\\', escaped @ (b'"' | b'\\' | b'/'), ..] => (*escaped, 2),
        [b'\\', _, ..] => (OTHER, 2),
        [other, ..] => (*other, 1),
        [] => (OTHER, 1),
    }
}

/// What the hash of no name at all is (FNV-1a, as the two below).
const START: u64 = 0xcbf2_9ce4_8422_2325;
const FACTOR: u64 = 0x0100_0000_01b3;

fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(FACTOR);
    bytes.iter().fold(START, step)
}

fn mixed(one: u64, other: u64) -> u64 {
    (one.rotate_left(17) ^ other).wrapping_mul(FACTOR)
}
