//! A key that comes back: found whatever it is dressed in, and overwritten where it stands.
//!
//! An endpoint may repeat the key in an answer, an error or a header: as it is, escaped as JSON, percent, HTML or several
//! of these in one another have it, in base64 or hexadecimal, or cut in two over the events of a stream. What is recorded
//! is what every table, page and check is made of, so the key is overwritten there and nowhere later: byte for byte with
//! `*`, before anything is stored or read. What is assembled from the record then has no key in it, and whoever
//! assembles it again needs none to get the same.
//!
//! Invariants: no byte but those of the key changes, and no length; JSON stays JSON. Total over hostile input, in time
//! linear in it.

mod disguise;
mod strands;

use std::ops::Range;

use secrecy::{ExposeSecret, SecretString};

/// Keys shorter than this, in bytes, are not searched for in replies: words like `none` or `x`,
/// which local servers take for a key, occur in ordinary text, and overwriting them there would
/// falsify the answer.
const SHORTEST: usize = 8;

/// The forms of a key that are searched for. Their memory is cleared when they are dropped.
pub(crate) struct Forms(Vec<SecretString>);

impl Forms {
    /// Those of `key`; none where it is too short to be told from ordinary text.
    pub(crate) fn of(key: &str) -> Self {
        if key.len() < SHORTEST {
            return Self(Vec::new());
        }
        let forms = disguise::forms(key).into_iter();
        let forms = forms.filter(|form| form.len() >= SHORTEST);
        Self(forms.map(SecretString::from).collect())
    }

    /// Overwrites them in `body`, also where they are cut over the texts of several events.
    pub(crate) fn overwrite(&self, body: &mut [u8]) {
        let Some(key) = self.0.first() else { return };
        let mut found = self.find(body);
        found.extend(strands::find(body, self));
        for place in found {
            let escaped = is_escaped(body, place.start);
            body[place.start - usize::from(escaped)..place.end].fill(b'*');
        }
        // An answer that breaks off within the key.
        let key = key.expose_secret().as_bytes();
        let cut = (SHORTEST..key.len())
            .rev()
            .find(|length| body.ends_with(&key[..*length]));
        if let Some(length) = cut {
            let start = body.len() - length;
            body[start..].fill(b'*');
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

    /// Where in `text` one of them stands.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        let mut next_escape = 0;
        while at < text.len() {
            if next_escape < at || (next_escape == at && !disguise::may_escape(text, at)) {
                let ahead = text[at..]
                    .iter()
                    .position(|byte| disguise::is_escape(*byte));
                next_escape = ahead.map_or(usize::MAX, |ahead| at + ahead);
            }
            match self.end_at(text, at, next_escape) {
                Some(end) => {
                    found.push(at..end);
                    at = end;
                }
                None => at += 1,
            }
        }
        found
    }

    /// Where a form ends that begins at `at`; the next sign that may begin an escape stands at `next_escape`.
    fn end_at(&self, text: &[u8], at: usize, next_escape: usize) -> Option<usize> {
        let each = self.0.iter().map(|form| form.expose_secret().as_bytes());
        each.filter_map(|form| {
            if text[at..].starts_with(form) {
                return Some(at + form.len());
            }
            let is_escaped = next_escape < at + form.len();
            let begins = is_escaped && (text[at] == form[0] || next_escape == at);
            begins.then(|| disguise::end_of(text, at, form)).flatten()
        })
        .max()
    }

    /// Length of the longest, in bytes.
    fn longest(&self) -> usize {
        let lengths = self.0.iter().map(|form| form.expose_secret().len());
        lengths.max().unwrap_or_default()
    }
}

/// Whether the byte at `place` is the second of an escape, which must not be left without it.
fn is_escaped(body: &[u8], place: usize) -> bool {
    let before = body[..place].iter().rev();
    before.take_while(|byte| **byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests;
