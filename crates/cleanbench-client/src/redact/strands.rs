//! Texts that belong together although they are apart: the pieces of an answer in the events of a stream, or in a list.
//!
//! A reader puts the pieces that stand under the same names one behind the other. So does this, without knowing any
//! language of servers: every text of every JSON document in the body joins the strand of the names above it, once with
//! and once without the `index` fields that tell several answers apart.
//!
//! Invariant: memory is bounded by the number of strands, of which there are at most [`MOST`]; what is beyond them
//! shares one.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::ops::Range;

use super::Forms;

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
    letters: Vec<u8>,
    places: Vec<Range<usize>>,
    /// How many texts it is made of.
    pieces: usize,
}

impl Strand {
    /// Notes where the key stands in it, and forgets what cannot be part of one any more.
    fn settle(&mut self, forms: &Forms, window: usize, found: &mut Vec<Range<usize>>) {
        if self.pieces > 1 {
            for place in forms.find(&self.letters) {
                found.extend(self.places[place].iter().cloned());
            }
        }
        let gone = self.letters.len().saturating_sub(window);
        self.letters.drain(..gone);
        self.places.drain(..gone);
    }
}

/// An object or a list that is open.
#[derive(Default)]
struct Frame {
    is_object: bool,
    /// Whether the next text of an object is a name.
    wants_name: bool,
    name: u64,
    /// Whether the name is one that tells several answers apart.
    is_mark: bool,
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

/// Most objects within one another that are told apart.
const DEEPEST: usize = 64;

impl Scan<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.body.get(self.at) {
            match byte {
                b'{' | b'[' if self.frames.len() < DEEPEST => {
                    let is_object = *byte == b'{';
                    self.frames.push(Frame {
                        is_object,
                        wants_name: is_object,
                        ..Frame::default()
                    });
                }
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
        if let Some(frame) = self.frames.last_mut().filter(|frame| frame.is_mark) {
            frame.marks = hash(&(frame.marks, frame.name, &rest[..length]));
        }
        self.at += length.max(1) - 1;
    }

    /// Takes in a text, up to its closing quote.
    fn text(&mut self) {
        let start = self.at + 1;
        let mut end = start;
        while let Some(byte) = self.body.get(end) {
            match byte {
                b'"' | b'\n' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let end = end.min(self.body.len());
        self.at = end;
        if self.body.get(end) == Some(&b'\n') {
            // No text goes over a line: the document is broken.
            self.at -= 1;
            self.frames.clear();
        }
        match self.frames.last_mut() {
            Some(frame) if frame.wants_name => {
                let name = &self.body[start..end];
                frame.name = hash(&family(name));
                frame.is_mark = name.ends_with(b"index");
            }
            _ => self.join(start..end),
        }
    }

    /// Joins the text at `place` to its strands.
    fn join(&mut self, place: Range<usize>) {
        let names = self.frames.iter().map(|frame| frame.name);
        let names = hash(&names.collect::<Vec<_>>());
        let marks = self.frames.iter().map(|frame| frame.marks);
        let marks: Vec<_> = marks.filter(|marks| *marks != 0).collect();
        self.join_strand(names, place.clone());
        if !marks.is_empty() {
            self.join_strand(hash(&(names, marks)), place);
        }
    }

    fn join_strand(&mut self, id: u64, place: Range<usize>) {
        let id = if self.strands.len() >= MOST && !self.strands.contains_key(&id) {
            0
        } else {
            id
        };
        let strand = self.strands.entry(id).or_default();
        strand.pieces += 1;
        let mut at = place.start;
        while at < place.end {
            let (letter, length) = letter(&self.body[at..place.end]);
            strand.letters.push(letter);
            strand.places.push(at..at + length);
            at += length;
        }
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

fn hash(value: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
