//! What a prompt shows of a known text.
//!
//! Invariant: everything here is a pure function of the texts. It refuses to recognise a text by fewer than
//! [`FEWEST`] characters, which any prompt may have by chance.

/// Labels that options may have.
pub(crate) const LABELS: [char; 26] = [
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S',
    'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
];

/// Fewest characters (of a passage, bytes) by which a text is recognised.
const FEWEST: usize = 16;
/// Characters at the end of a beginning that are looked for in a passage.
const TAIL: usize = 40;
const MASK: &str = "[MASK]";

/// How much of an item a prompt shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The item up to a place.
    UpTo {
        /// Bytes of the item.
        end: usize,
        /// Whether what the prompt shows ends there: nothing follows, or another paragraph.
        ends: bool,
    },
    /// All of it, but for one option.
    Masked {
        /// Bytes of the item before the mask.
        end: usize,
        /// The option's label.
        label: char,
    },
}

impl Shown {
    /// Bytes of the item that are shown at its beginning.
    pub(crate) fn length(self) -> usize {
        let (Self::UpTo { end, .. } | Self::Masked { end, .. }) = self;
        end
    }
}

/// What `prompt` shows of `item`: the longest beginning of it that stands anywhere.
pub(crate) fn shown(item: &str, prompt: &str) -> Option<Shown> {
    let head = head(item)?;
    let places = prompt.match_indices(head).map(|(place, _)| place);
    let longest = places.max_by_key(|place| common(item, &prompt[*place..]))?;
    let end = common(item, &prompt[longest..]);
    let left = &prompt[longest + end..];
    let label = item[..end]
        .trim_end()
        .strip_suffix('.')
        .and_then(|line| line.chars().last());
    match label {
        Some(label) if left.starts_with(MASK) => Some(Shown::Masked { end, label }),
        _ => Some(Shown::UpTo {
            end,
            ends: left.trim().is_empty() || left.starts_with("\n\n"),
        }),
    }
}

/// The first characters of a text, by which it is recognised.
fn head(text: &str) -> Option<&str> {
    let mut ends = text.char_indices().skip(FEWEST);
    ends.next().map(|(end, _)| &text[..end])
}

/// Bytes that both texts begin with.
fn common(one: &str, other: &str) -> usize {
    let pairs = one.chars().zip(other.chars());
    pairs
        .take_while(|(one, other)| one == other)
        .map(|(one, _)| one.len_utf8())
        .sum()
}

/// What follows in `passage` upon the end of `prompt`, or of what it quotes last.
pub(crate) fn after_passage<'a>(passage: &'a str, prompt: &str) -> Option<&'a str> {
    let paragraph = prompt.trim().rsplit("\n\n").next()?;
    if let Some(rest) = after(passage, paragraph) {
        return Some(rest);
    }
    let quoted = paragraph.strip_suffix(QUOTES)?.trim_end();
    after(passage, &quoted[quoted.rfind(QUOTES)? + 1..]).map(str::trim_start)
}

/// What follows in `passage` upon the last characters of `beginning`.
fn after<'a>(passage: &'a str, beginning: &str) -> Option<&'a str> {
    if beginning.len() < FEWEST {
        return None;
    }
    let skipped = beginning.chars().count().saturating_sub(TAIL);
    let tail: String = beginning.chars().skip(skipped).collect();
    let place = passage.find(&tail)? + tail.len();
    Some(&passage[place..])
}

/// What may stand around a quotation; each is one byte long.
const QUOTES: [char; 2] = ['"', '`'];

/// The text that `prompt` asks to repeat: the longest that it quotes, or else its last paragraph.
pub(crate) fn to_repeat(prompt: &str) -> Option<&str> {
    let plain = prompt.to_lowercase();
    let asks = ["repeat", "copy", "wiederhol"]
        .iter()
        .any(|word| plain.contains(word));
    if !asks {
        return None;
    }
    let quoted = prompt.split(QUOTES).skip(1).step_by(2);
    let quoted = quoted.max_by_key(|text| text.len());
    let paragraph = || prompt.trim().rsplit("\n\n").next();
    let text = quoted.filter(|text| text.chars().count() >= FEWEST);
    text.or_else(paragraph).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::{Shown, after_passage, shown, to_repeat};

    const ITEM: &str = "Question: Which of the doors is open?\nA. the first\nB. the second";

    #[test]
    fn the_longest_beginning_counts() {
        let up_to = |end, ends| Some(Shown::UpTo { end, ends });
        for (prompt, expected) in [
            (ITEM, up_to(ITEM.len(), true)),
            ("x\n\nQuestion: Which of the doors\n", up_to(28, true)),
            ("Question: Which of the doors and windows", up_to(29, false)),
            ("Question: Which of the rooms", up_to(23, false)),
            ("Question: Which", None),
        ] {
            assert_eq!(shown(ITEM, prompt), expected, "{prompt}");
        }
        let masked = ITEM.replace("the first", "[MASK]");
        let end = ITEM.find("the first").unwrap();
        assert_eq!(
            shown(ITEM, &masked),
            Some(Shown::Masked { end, label: 'A' })
        );
    }

    #[test]
    fn passages_go_on_and_texts_are_found() {
        let passage = "In the beginning was the word of the old king, and the word was short.";
        let check = |prompt: &str, expected: Option<&str>| {
            assert_eq!(after_passage(passage, prompt), expected, "{prompt}");
        };
        check(
            "In the beginning was the word of the old king,",
            Some(" and the word was short."),
        );
        check(
            "Go on: \"was the word of the old king,\"",
            Some("and the word was short."),
        );
        check("In the end was the silence of the king", None);
        check("the word", None);
        let lunyu = "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？";
        let asked = "Write how it goes on.\n\n学而时习之，不亦说乎？";
        assert_eq!(
            after_passage(lunyu, asked),
            Some("有朋自远方来，不亦乐乎？")
        );
        assert_eq!(
            to_repeat("Repeat this: \"ten green bottles on a wall\""),
            Some("ten green bottles on a wall")
        );
        assert_eq!(to_repeat("Copy it.\n\nten green"), Some("ten green"));
        assert_eq!(to_repeat("Sing it.\n\nten green"), None);
    }
}
