//! A text that was restored and does not read as one: letters that look alike, letters apart, words or letters backwards,
//! letters moved by thirteen places, Base64, a word put between all others.
//!
//! Whoever is told to answer so shows memory, and hides it from everything that compares words. Each way is undone in what
//! was said, and where both sides are needed for it, in what was expected too, so that languages are no matter.
//!
//! Invariant: linear in the length of the text. It refuses to guess at other ciphers: what looks like one and was not undone
//! is told by [`is_worn`].

use std::collections::HashMap;

use cleanbench_text::look_alike;
use cleanbench_text::scan::window;

use crate::layout::without_labels;

/// Bytes of an answer that are undone.
const SEARCHED: usize = 1 << 16;
/// Letters of a piece where letters stand apart: three have little in common by chance.
const PIECE: usize = 3;
/// Fewest tokens by which letters that stand apart are told.
const FEWEST: usize = 10;
/// Fewest characters of what may be Base64.
const ENCODED: usize = 24;

/// What was expected and what was said, as both are compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) expected: String,
    pub(crate) said: String,
}

/// The ways in which `said` may be `expected` in disguise.
pub(crate) fn readings(expected: &str, said: &str) -> Vec<Reading> {
    let said = window(said, 0, SEARCHED);
    let plain = |said: String| Reading {
        expected: expected.to_owned(),
        said,
    };
    let mut readings = vec![
        plain(words_backwards(said)),
        plain(said.chars().rev().collect()),
        plain(letters_backwards(said)),
        plain(said.chars().map(moved).collect()),
    ];
    readings.extend(without_filler(said).map(plain));
    readings.extend(decoded(said).map(plain));
    if are_apart(said, char::is_alphanumeric) {
        readings.push(Reading {
            expected: pieces(&without_labels(expected)),
            said: pieces(&without_labels(said)),
        });
    }
    readings.push(Reading {
        // In lower case labels are none, and would be words in common.
        expected: look_alike(&without_labels(expected)),
        said: look_alike(&without_labels(said)),
    });
    readings
}

/// Whether `said` is in a disguise that nobody wears by chance.
pub(crate) fn is_worn(said: &str) -> bool {
    let said = window(said, 0, SEARCHED);
    let mixes = tokens(said).filter(|token| mixes_scripts(token)).count();
    are_apart(said, char::is_alphabetic)
        || decoded(said).any(|text| !text.chars().any(char::is_control))
        || 2 * mixes > tokens(said).count()
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|one: char| !one.is_alphanumeric());
    parts.filter(|part| !part.is_empty())
}

/// Whether most tokens of `text` are single ones of such letters that one and the same character or two of them part, as no formula has it.
fn are_apart(text: &str, is_letter: fn(char) -> bool) -> bool {
    let letters: Vec<_> = text.chars().collect();
    let is_apart = |four: &[char]| {
        let [before, letter, after, next] = four else {
            return false;
        };
        !before.is_alphanumeric()
            && is_letter(*letter)
            && parts(*after)
            && (is_letter(*next) || parts(*next))
    };
    let apart = letters.windows(4).filter(|four| is_apart(four)).count();
    let all = tokens(text).count();
    all >= FEWEST && 2 * apart > all
}

/// Whether `one` may part the letters of a word.
fn parts(one: char) -> bool {
    matches!(one, ' ' | '-' | '.' | '_' | '\u{a0}' | '·' | '*')
}

/// The letters of `text`, in overlapping pieces.
fn pieces(text: &str) -> String {
    let letters: Vec<_> = tokens(text).flat_map(str::chars).collect();
    let pieces = letters.windows(PIECE);
    let pieces: Vec<String> = pieces.map(|piece| piece.iter().collect()).collect();
    pieces.join(" ")
}

fn words_backwards(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().rev().collect();
    words.join(" ")
}

fn letters_backwards(text: &str) -> String {
    let words = text.split_whitespace();
    let words: Vec<String> = words.map(|word| word.chars().rev().collect()).collect();
    words.join(" ")
}

/// A letter of the Latin alphabet thirteen places on.
fn moved(one: char) -> char {
    let first = match one {
        'a'..='z' => b'a',
        'A'..='Z' => b'A',
        _ => return one,
    };
    u8::try_from(one).map_or(one, |byte| char::from(first + (byte - first + 13) % 26))
}

/// `text` without the word that stands most often in it, where that is a third of it; of several the first one by name.
fn without_filler(text: &str) -> Option<String> {
    let words: Vec<_> = text.split_whitespace().collect();
    let mut times: HashMap<&str, usize> = HashMap::new();
    for word in &words {
        *times.entry(word).or_default() += 1;
    }
    let most = times.values().copied().max()?;
    let often = times.into_iter();
    let often = often.filter(|(_, times)| *times == most && 3 * most >= words.len());
    let filler = often.map(|(word, _)| word).min()?;
    let others: Vec<_> = words.into_iter().filter(|word| *word != filler).collect();
    Some(others.join(" "))
}

/// What stands in Base64 in `text`.
fn decoded(text: &str) -> impl Iterator<Item = String> {
    encoded(text).filter_map(|token| String::from_utf8(bytes_of(token)).ok())
}

/// Parts of `text` that may be Base64: letters of both cases and figures, longer than words are.
fn encoded(text: &str) -> impl Iterator<Item = &str> {
    let is_known = |one: char| one.is_ascii_alphanumeric() || matches!(one, '+' | '/' | '-' | '_');
    let parts = text.split(move |one: char| !is_known(one));
    parts.filter(|part| {
        let has = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
        let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        part.len() >= ENCODED && is_mixed && has(u8::is_ascii_digit)
    })
}

/// The bytes that `token` stands for, six bits a character.
fn bytes_of(token: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(token.len());
    let (mut bits, mut held) = (0_u32, 0);
    for one in token.bytes() {
        bits = bits << 6 & 0xffff | u32::from(value(one));
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff).to_le_bytes()[0]);
        }
    }
    bytes
}

/// The six bits of a character of Base64.
fn value(one: u8) -> u8 {
    match one {
        b'A'..=b'Z' => one - b'A',
        b'a'..=b'z' => one - b'a' + 26,
        b'0'..=b'9' => one - b'0' + 52,
        b'+' | b'-' => 62,
        _ => 63,
    }
}

/// Whether letters of the Latin alphabet stand in one word with others that look like them.
fn mixes_scripts(token: &str) -> bool {
    let has_latin = token.chars().any(|one| one.is_ascii_alphabetic());
    let is_other = |one: char| matches!(one, '\u{370}'..='\u{58f}');
    has_latin && token.chars().any(is_other)
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::ProbeForm;

    use super::*;
    use crate::protocol::Protocol;
    use crate::registry::testing::{only_call, order};
    use crate::registry::{Order, build};
    use crate::testing::{completion, usable};

    fn in_base64(text: &str) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits: Vec<u8> = text
            .bytes()
            .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1))
            .collect();
        let letter = |six: &[u8]| {
            let number = (0..6).fold(0, |sum, at| {
                sum * 2 + usize::from(six.get(at).copied().unwrap_or(0))
            });
            char::from(LETTERS[number])
        };
        bits.chunks(6).map(letter).collect()
    }

    fn cyrillic(text: &str) -> String {
        let like = |one: char| match one {
            'a' => 'а',
            'e' => 'е',
            'o' => 'о',
            'c' => 'с',
            'x' => 'х',
            _ => one,
        };
        text.chars().map(like).collect()
    }

    type Hiding = fn(&str) -> String;

    const WAYS: [(&str, Hiding); 8] = [
        ("other letters", cyrillic),
        ("letters apart", |text| {
            let letters: Vec<_> = text
                .chars()
                .filter(|one| !one.is_whitespace())
                .map(String::from)
                .collect();
            letters.join(" ")
        }),
        ("letters parted by hyphens", |text| {
            let letters: Vec<_> = text.chars().map(String::from).collect();
            letters.join("-")
        }),
        ("words backwards", words_backwards),
        ("all backwards", |text| text.chars().rev().collect()),
        ("letters backwards", letters_backwards),
        ("moved", |text| text.chars().map(moved).collect()),
        ("in Base64", |text| {
            format!("Here it is: {}=", in_base64(text))
        }),
    ];

    #[test]
    fn what_is_restored_in_disguise_is_restored() {
        for name in ["completion", "option-completion"] {
            for form in [ProbeForm::Raw, ProbeForm::Instruction] {
                let [before, now] = [Protocol::Third, Protocol::Fourth].map(|protocol| {
                    let protocol = protocol(|_| false);
                    build(&Order {
                        protocol,
                        ..order(name, form)
                    })
                    .unwrap()
                });
                let call = only_call(&*now, usable(1));
                let filled = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" uh ");
                for (way, hide) in WAYS
                    .into_iter()
                    .chain([("a word between", filled as Hiding)])
                {
                    let said = completion(&hide(&call.expected));
                    let score = now.score(&call, &said);
                    assert!(
                        score.value >= 1.0,
                        "{name} {form:?} {way}: {score:?} {said:?}"
                    );
                    assert!(score.rule.unwrap().ends_with(" in disguise"), "{way}");
                    assert!(
                        before.score(&call, &said).value < 1.0,
                        "{name} {form:?} {way}"
                    );
                    let other =
                        completion(&hide(&usable(900).sample.choices.join(" and also the ")));
                    assert!(
                        now.score(&call, &other).value < 1.0,
                        "{name} {form:?} {way}"
                    );
                }
            }
        }
    }

    /// What an answer has in common with what was asked for, but for labels, is too little.
    #[test]
    fn labels_are_no_words_in_common() {
        let expected = "abbey\nB. one sacred tuba beyond the oily jetty\nC. one lively flute near the drowsy palace";
        let said = "abbey\nB. one sacred tuba beyond the crooked jetty\nC. one crooked flute near the bashful vault";
        for reading in readings(expected, said) {
            let words = |text: &str| crate::answer::plain_words(text);
            let found = crate::answer::nearest(&words(&reading.expected), &words(&reading.said));
            assert!(found.similarity < 0.75, "{reading:?}: {found:?}");
        }
    }

    #[test]
    fn a_disguise_that_was_not_undone_is_no_miss() {
        for (text, is_so) in [
            ("n o t h i n g o f i t h e r e", true),
            ("аnоthеr tехt is hеrе", true),
            ("aGVsbG8gd29ybGQgYW5kIG1vcmUgb2YgaXQ5", true),
            (
                "let getElementByIdAndReturn2Values = documentOfOwner(42)",
                false,
            ),
            ("another text is here, in plain words and letters", false),
            ("другой текст стоит здесь, без букв другого языка", false),
            ("水は冷たいので飲みません、ここで待っています", false),
            ("x = y + z and a = b, so that c = d + e", false),
            ("https://example.org/what/stands/here", false),
            ("", false),
        ] {
            assert_eq!(is_worn(text), is_so, "{text}");
        }
    }

    /// An answer is judged again, and must come to the same.
    #[test]
    fn of_several_words_that_stand_as_often_the_same_one_leaves() {
        for _ in 0..20 {
            assert_eq!(without_filler("b a b a c c").as_deref(), Some("b b c c"));
        }
        assert_eq!(without_filler("b a d e"), None);
    }
}
