//! The options of a sample, and which of them a letter or a text names.

use cleanbench_core::Sample;

use crate::text::{before, collapse, fold_case, is_word, word_occurrences};

/// Why no option was read.
pub(in crate::scorers) type Failure = &'static str;

pub(in crate::scorers) const NO_CHOICE: Failure = "no choice named";
pub(in crate::scorers) const SEVERAL: Failure = "several choices named";
pub(in crate::scorers) const BEYOND: Failure = "letter beyond the options";
pub(in crate::scorers) const DISAGREE: Failure = "letter and text name different choices";
pub(in crate::scorers) const AMBIGUOUS: Failure = "letter is a label and another choice's text";

/// Position of the option that was named, or why none was.
pub(in crate::scorers) type Reading = Result<usize, Failure>;

/// In which way options may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scorers) enum Accept {
    Both,
    Letter,
    Text,
}

/// The options of one sample, prepared for comparison.
pub(in crate::scorers) struct Options {
    accept: Accept,
    /// Each option without decoration, white space collapsed.
    bare: Vec<String>,
    /// The same in lower case.
    folded: Vec<String>,
}

impl Options {
    pub(in crate::scorers) fn of(sample: &Sample, accept: Accept) -> Self {
        let bare: Vec<String> = sample
            .choices
            .iter()
            .map(|choice| undecorated(choice))
            .collect();
        let folded = bare.iter().map(|choice| fold_case(choice)).collect();
        Self {
            accept,
            bare,
            folded,
        }
    }

    /// Length in bytes of the longest option.
    pub(in crate::scorers) fn longest(&self) -> usize {
        self.bare.iter().map(String::len).max().unwrap_or(0)
    }

    /// What `letter` names, as a label or as an option's whole text.
    pub(in crate::scorers) fn by_letter(&self, letter: char) -> Reading {
        let position = usize::from(letter.to_ascii_uppercase() as u8 - b'A');
        let label = (self.accept != Accept::Text && position < self.bare.len()).then_some(position);
        let text = self.by_text(letter.encode_utf8(&mut [0; 4]));
        match (label, text) {
            (Some(label), Some(Ok(text))) if self.folded[label] != self.folded[text] => {
                Err(AMBIGUOUS)
            }
            (Some(label), _) => Ok(label),
            (None, Some(text)) => text,
            (None, None) if self.accept == Accept::Text => Err(NO_CHOICE),
            (None, None) => Err(BEYOND),
        }
    }

    /// The option whose text `text` is, decoration and case aside. Where options differ by case
    /// alone, case decides.
    pub(in crate::scorers) fn by_text(&self, text: &str) -> Option<Reading> {
        if self.accept == Accept::Letter {
            return None;
        }
        let bare = undecorated(text);
        let folded = fold_case(&bare);
        let first = self.folded.iter().position(|choice| *choice == folded)?;
        if !self.has_twin(first) {
            return Some(Ok(first));
        }
        let exact = self.bare.iter().position(|choice| *choice == bare);
        Some(exact.ok_or(SEVERAL))
    }

    /// Bytes within which a list of all options could stand.
    pub(in crate::scorers) fn reach(&self) -> usize {
        let all: usize = self.bare.iter().map(String::len).sum();
        2 * all + 64 * self.bare.len()
    }

    /// The longest option with which `text` begins, case aside and as whole words, and what follows it.
    pub(in crate::scorers) fn text_at_start<'a>(&self, text: &'a str) -> Option<(usize, &'a str)> {
        if self.accept == Accept::Letter {
            return None;
        }
        let found = self
            .folded
            .iter()
            .enumerate()
            .filter_map(|(position, choice)| {
                let after = without_start(text, choice)?;
                let whole = !after.starts_with(is_word) || !choice.ends_with(is_word);
                whole.then_some((position, after))
            });
        found.min_by_key(|(_, after)| after.len())
    }

    /// Whether two positions hold the same option.
    pub(in crate::scorers) fn same(&self, a: usize, b: usize) -> bool {
        self.bare[a] == self.bare[b]
    }

    /// Whether another option differs from this one by case alone.
    fn has_twin(&self, position: usize) -> bool {
        let mut twins = self.folded.iter().zip(&self.bare);
        twins.any(|(folded, bare)| *folded == self.folded[position] && *bare != self.bare[position])
    }

    /// Whether an option of more than one character begins `text`, so that a letter there is its
    /// first word and no label ("E. coli").
    pub(in crate::scorers) fn begins(&self, text: &str) -> bool {
        let folded = fold_case(&undecorated(text));
        self.accept != Accept::Letter
            && self.folded.iter().any(|choice| {
                choice.chars().nth(1).is_some() && folded.starts_with(choice.as_str())
            })
    }

    /// The one option whose text occurs in `text` as whole words. An occurrence inside that of a
    /// longer option, or right after "not", does not count; neither do options of one character that
    /// is a letter, which occur in any text.
    pub(in crate::scorers) fn by_occurrence(&self, text: &str) -> Reading {
        if self.accept == Accept::Letter {
            return Err(NO_CHOICE);
        }
        let text = fold_case(&collapse(text));
        let mut order: Vec<usize> = (0..self.folded.len()).collect();
        order.sort_by_key(|&position| std::cmp::Reverse(self.folded[position].len()));
        let mut covered = Spans::default();
        let mut named: Option<usize> = None;
        for position in order {
            let choice = &self.folded[position];
            if is_single_letter(choice) || named.is_some_and(|other| self.folded[other] == *choice)
            {
                continue;
            }
            let found = covered.outside(&text, choice);
            if found.iter().any(|&start| !is_negated(&text, start)) {
                if named.is_some() || self.has_twin(position) {
                    return Err(SEVERAL);
                }
                named = Some(position);
            }
            covered.add(found, choice.len());
        }
        named.ok_or(NO_CHOICE)
    }
}

/// What follows `folded`, which is in lower case, where `text` begins with it in any case.
fn without_start<'a>(text: &'a str, folded: &str) -> Option<&'a str> {
    let mut expected = folded.chars();
    let mut letters = text.chars();
    while !expected.as_str().is_empty() {
        for lower in letters.next()?.to_lowercase() {
            if expected.next() != Some(lower) {
                return None;
            }
        }
    }
    Some(letters.as_str())
}

fn is_single_letter(choice: &str) -> bool {
    let mut characters = choice.chars();
    characters.next().is_some_and(char::is_alphabetic) && characters.next().is_none()
}

fn is_negated(text: &str, start: usize) -> bool {
    let head = text[..start].trim_end_matches([' ', '*', '_', '`', '"', '\'']);
    head.strip_suffix("not")
        .is_some_and(|rest| !before(rest, rest.len()).is_some_and(char::is_alphanumeric))
}

/// Stretches of text that longer options take up.
#[derive(Default)]
struct Spans {
    /// Start, and the furthest end of this span and all before it; sorted by start.
    spans: Vec<(usize, usize)>,
}

impl Spans {
    /// Occurrences of `choice` in `text` that do not lie within a span.
    fn outside(&self, text: &str, choice: &str) -> Vec<usize> {
        word_occurrences(text, choice)
            .filter(|&start| {
                let before = self.spans.partition_point(|(other, _)| *other <= start);
                let furthest = before.checked_sub(1).map_or(0, |last| self.spans[last].1);
                furthest < start + choice.len()
            })
            .collect()
    }

    fn add(&mut self, starts: Vec<usize>, length: usize) {
        self.spans
            .extend(starts.into_iter().map(|start| (start, start + length)));
        self.spans.sort_unstable();
        let mut furthest = 0;
        for (_, end) in &mut self.spans {
            furthest = furthest.max(*end);
            *end = furthest;
        }
    }
}

/// `text` without quotes, emphasis and a bullet around it and without punctuation after it, white
/// space collapsed; unchanged but for white space where nothing else would be left.
pub(in crate::scorers) fn undecorated(text: &str) -> String {
    const DECORATION: &[char] = &['*', '_', '`', '"', '\'', '“', '”', '‘', '’', '«', '»'];
    const ENDING: &[char] = &['.', ',', ';', ':', '!', '?', '。', '，'];
    let collapsed = collapse(text);
    let bare = ["- ", "* ", "• "]
        .iter()
        .find_map(|bullet| collapsed.strip_prefix(bullet))
        .unwrap_or(&collapsed)
        .trim_start_matches(DECORATION)
        .trim_end_matches(|c| DECORATION.contains(&c) || ENDING.contains(&c))
        .trim();
    if bare.is_empty() {
        collapsed
    } else {
        bare.to_owned()
    }
}
