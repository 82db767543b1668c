//! An answer as it reads where it is shown: what only dresses a text hides nothing.
//!
//! Entities of HTML are the characters that they stand for, also where they were written out twice. Characters without
//! width are left out, or divide words: either may be meant, so both are read. So is a low line between words.
//!
//! Invariant: linear in the length of the text; the text as it was given is the first reading. It refuses to search
//! beyond [`SEARCHED`] bytes: such an answer is told by [`is_too_long`].

use std::borrow::Cow;

use cleanbench_text::is_hidden;
use cleanbench_text::scan::window;

/// Bytes of an answer that are searched. No probe has room for a hundredth of it.
const SEARCHED: usize = 1 << 18;
/// Bytes of the longest entity that is known here, `&ZeroWidthSpace;`.
const LONGEST: usize = 16;
/// Times that an entity may have been written out.
const TIMES: usize = 2;

const ENTITIES: [(&str, char); 22] = [
    ("amp", '&'),
    ("quot", '"'),
    ("apos", '\''),
    ("lt", '<'),
    ("gt", '>'),
    ("nbsp", '\u{a0}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("shy", '\u{ad}'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
    ("ZeroWidthSpace", '\u{200b}'),
    ("NoBreak", '\u{2060}'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("hellip", '…'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("lowbar", '_'),
];

/// Whether an answer is longer than what is searched.
pub(crate) fn is_too_long(text: &str) -> bool {
    text.len() > SEARCHED
}

/// The ways in which `text` may be read, each once; the first is the text as it stands.
pub(crate) fn readings(text: &str) -> Vec<Cow<'_, str>> {
    let text = window(text, 0, SEARCHED);
    let mut decoded = Cow::Borrowed(text);
    for _ in 0..TIMES {
        decoded = Cow::Owned(without_entities(&decoded));
    }
    let joined: String = decoded.chars().filter(|one| !is_hidden(*one)).collect();
    let parted: String = decoded.chars().map(parting).collect();
    let mut readings = vec![Cow::Borrowed(text)];
    for reading in [joined, parted] {
        if !readings.contains(&Cow::Borrowed(reading.as_str())) {
            readings.push(Cow::Owned(reading));
        }
    }
    readings
}

/// A space for what may divide words.
fn parting(one: char) -> char {
    if is_hidden(one) || one == '_' {
        ' '
    } else {
        one
    }
}

/// `text` with characters for entities.
fn without_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = window(rest, 0, LONGEST).find(';');
        let meant = end.and_then(|end| Some((entity(&rest[1..end])?, end + 1)));
        let (one, length) = meant.unwrap_or(('&', 1));
        out.push(one);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// The character that the entity called `name` stands for.
fn entity(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        let found = ENTITIES.iter().find(|(known, _)| *known == name);
        return found.map(|(_, one)| *one);
    };
    let number = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    char::from_u32(number.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_characters() {
        for (text, expected) in [
            ("a &amp; b", "a & b"),
            ("&quot;it&#39;s&quot;", "\"it's\""),
            ("&lt;b&gt;&nbsp;x", "<b>\u{a0}x"),
            ("&#114;&#x65;&#X64;", "red"),
            (
                "R&D; AT&T &; &#; &#x110000; &unknown; &",
                "R&D; AT&T &; &#; &#x110000; &unknown; &",
            ),
            ("水&amp;火", "水&火"),
        ] {
            assert_eq!(without_entities(text), expected, "{text}");
        }
        assert!(readings("&amp;#114;ed").iter().any(|one| one == "red"));
    }

    #[test]
    fn what_has_no_width_joins_or_parts() {
        for hidden in ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'] {
            let text = format!("r{hidden}ed{hidden}fox");
            let found = readings(&text);
            assert_eq!(found[0], text);
            assert!(found.iter().any(|one| one == "redfox"));
            assert!(found.iter().any(|one| one == "r ed fox"));
        }
        assert_eq!(readings("the red fox"), ["the red fox"]);
        assert!(
            readings("the_red_fox")
                .iter()
                .any(|one| one == "the red fox")
        );
    }

    #[test]
    fn no_more_is_read_than_is_searched() {
        let long = "é&amp;\u{200b}".repeat(SEARCHED);
        let began = std::time::Instant::now();
        assert!(is_too_long(&long) && !is_too_long(&long[..SEARCHED]));
        assert!(readings(&long).iter().all(|one| one.len() <= SEARCHED));
        assert!(began.elapsed().as_secs() < 5);
    }
}
