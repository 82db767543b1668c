//! A key that comes back: found whatever it is dressed in, and overwritten where it stands.
//!
//! An endpoint may repeat the key in an answer, an error or a header: as it is, escaped as JSON, percent, HTML or several
//! of these in one another have it, in letters of the other case, in base64 or hexadecimal, or cut in two over the events of a stream. What is recorded
//! is what every table, page and check is made of, so the key is overwritten there and nowhere later: byte for byte with
//! `*`, before anything is stored or read. What is assembled from the record then has no key in it, and whoever
//! assembles it again needs none to get the same.
//!
//! Invariants: no byte but those of the key changes, and no length; JSON stays JSON. Total over hostile input, in time
//! linear in it.

mod disguise;
mod strands;
mod traces;

use std::ops::Range;

use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};

/// Keys shorter than this, in bytes, are not searched for in replies: words like `none` or `x`,
/// which local servers take for a key, occur in ordinary text, and overwriting them there would
/// falsify the answer.
const SHORTEST: usize = 8;

/// What people write where a local server wants a key and takes any. They are no secrets, and are ordinary words or nearly
/// so: overwriting them would falsify answers. Those that are too short anyway (`EMPTY`, `none`, `ollama`, `dummy`) need
/// no entry. In lower case; `README.md` lists them too.
const PLACEHOLDERS: [&str; 18] = [
    "anything",
    "dummy-key",
    "fake-key",
    "llama-cpp",
    "llama.cpp",
    "lm-studio",
    "lm_studio",
    "lmstudio",
    "localhost",
    "no-api-key",
    "no-key-required",
    "not-needed",
    "not-required",
    "not_needed",
    "placeholder",
    "sk-no-key-required",
    "token-abc123",
    "your-api-key",
];

fn is_placeholder(key: &str) -> bool {
    PLACEHOLDERS.contains(&key.to_ascii_lowercase().as_str())
}

/// The forms of a key that are searched for, in lower case. Their memory is cleared when they are dropped.
pub(crate) struct Forms {
    forms: Vec<SecretString>,
    /// Which bytes stand in any of them.
    letters: [bool; 256],
}

impl Forms {
    /// Those of `key`; none where it is too short to be told from ordinary text, or is a well-known word.
    pub(crate) fn of(key: &str) -> Self {
        let mut letters = [false; 256];
        let mut forms = Vec::new();
        if key.len() >= SHORTEST && !is_placeholder(key) {
            forms = disguise::forms(key);
        }
        forms.retain(|form| form.len() >= SHORTEST);
        for letter in forms.iter().flat_map(|form| form.bytes()) {
            letters[usize::from(letter)] = true;
        }
        Self {
            forms: forms.into_iter().map(SecretString::from).collect(),
            letters,
        }
    }

    /// Overwrites them in `body`, also where they are cut over the texts of several events.
    pub(crate) fn overwrite(&self, body: &mut [u8]) {
        let Some(key) = self.forms.first() else {
            return;
        };
        if let Some(rest) = compressed(body) {
            // It cannot be searched, and is of no use: what begins so is no answer.
            rest.fill(b'*');
            return;
        }
        let mut found = self.find(body);
        found.extend(strands::find(body, self));
        let mut is_found = !found.is_empty();
        for place in found {
            let start = place.start - usize::from(is_escaped(body, place.start));
            let end = place.end + usize::from(is_escaped(body, place.end));
            let end = end.min(body.len());
            body[start..end].fill(b'*');
        }
        // An answer that breaks off within the key.
        let key = key.expose_secret().as_bytes();
        let cut = (SHORTEST..key.len())
            .rev()
            .find(|length| ends_with(body, &key[..*length]));
        if let Some(length) = cut {
            let start = body.len() - length;
            body[start..].fill(b'*');
            is_found = true;
        }
        if is_found {
            traces::overwrite(body);
        }
    }

    /// The same in a text.
    pub(crate) fn overwrite_text(&self, text: &mut String) {
        let found = self.find(text.as_bytes());
        if found.is_empty() {
            return;
        }
        let mut bytes = std::mem::take(text).into_bytes();
        for place in found {
            bytes[place].fill(b'*');
        }
        *text = String::from_utf8_lossy(&bytes).into_owned();
    }

    /// Whether one of them stands in `text`.
    pub(crate) fn stand_in(&self, text: &str) -> bool {
        !self.find(text.as_bytes()).is_empty()
    }

    /// Where in `text` one of them stands, in letters of either case.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let text = &text.to_ascii_lowercase();
        let mut found = Vec::new();
        for form in self
            .forms
            .iter()
            .map(|form| form.expose_secret().as_bytes())
        {
            let places = memmem::find_iter(text, form);
            found.extend(places.map(|at| at..at + form.len()));
        }
        for at in memchr::memchr3_iter(b'\\', b'%', b'&', text) {
            found.extend(self.around(text, at));
        }
        found
    }

    /// In a text in lower case: where a form stands whose first escaped letter is at `at`.
    fn around(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let meant = (1..=disguise::DEPTH).rev().filter_map(|depth| {
            let (letter, end) = disguise::symbol(text, at, depth)?;
            let is_meant = end > at + 1 && self.letters[usize::from(letter)];
            is_meant.then_some((depth, letter, end))
        });
        let forms = || {
            self.forms
                .iter()
                .map(|form| form.expose_secret().as_bytes())
        };
        let mut fitting = meant.flat_map(|(depth, letter, end)| {
            forms().filter_map(move |form| {
                let places = memchr::memchr_iter(letter, form);
                let mut starts = places.filter(|place| text[..at].ends_with(&form[..*place]));
                starts.find_map(|place| {
                    let end = disguise::end_of(text, end, &form[place + 1..], depth)?;
                    Some(at - place..end)
                })
            })
        });
        fitting.next()
    }

    /// Length of the longest, in bytes.
    fn longest(&self) -> usize {
        let lengths = self.forms.iter().map(|form| form.expose_secret().len());
        lengths.max().unwrap_or_default()
    }
}

/// Whether `body` ends with `letters`, of either case.
fn ends_with(body: &[u8], letters: &[u8]) -> bool {
    let tail = body.len().checked_sub(letters.len());
    tail.is_some_and(|start| body[start..].eq_ignore_ascii_case(letters))
}

/// What stands behind the mark of a body that is compressed with gzip (RFC 1952) or zstd (RFC 8878).
fn compressed(body: &mut [u8]) -> Option<&mut [u8]> {
    let is_compressed =
        body.starts_with(&[0x1f, 0x8b]) || body.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    body.get_mut(4..).filter(|_| is_compressed)
}

/// Whether the byte at `place` is the second of an escape, which must not be left without it.
fn is_escaped(body: &[u8], place: usize) -> bool {
    let before = body[..place].iter().rev();
    before.take_while(|byte| **byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests;
