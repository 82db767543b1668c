//! Many patterns of which a text is seldom like any: each is tried only where the text has a word that every match of it
//! needs.
//!
//! Together in one automaton, patterns of 30 languages are met in ever new states, and a text takes milliseconds; to
//! compile them all takes a third of a second, which a program that judges a few answers would spend on nothing else.
//!
//! Invariant: a text is found that one of the patterns matches, and no other; the words only tell which to try. They are
//! taken from the patterns themselves. It refuses nothing.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex::Regex;
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use super::compiled;

/// Patterns without regard to case.
#[derive(Debug)]
pub(super) struct Sought {
    words: AhoCorasick,
    /// For each word the pattern that needs it, or another.
    of_word: Vec<usize>,
    /// Patterns that need no word.
    always: Vec<usize>,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    source: &'static str,
    regex: OnceLock<Regex>,
}

impl Pattern {
    fn is_match(&self, text: &str) -> bool {
        let compile = || compiled(&format!("(?i){}", self.source));
        self.regex.get_or_init(compile).is_match(text)
    }
}

impl Sought {
    pub(super) fn new(sources: &[&'static str]) -> Self {
        let needed: Vec<_> = sources.iter().map(|source| needed(source)).collect();
        let words = needed.iter().flatten().flatten();
        let places = needed.iter().enumerate();
        Self {
            words: AhoCorasick::new(words).expect("the patterns are fixed and have few words"),
            of_word: places
                .clone()
                .flat_map(|(place, words)| vec![place; words.as_ref().map_or(0, BTreeSet::len)])
                .collect(),
            always: places
                .filter(|(_, words)| words.is_none())
                .map(|(place, _)| place)
                .collect(),
            patterns: sources.iter().copied().map(Pattern::new).collect(),
        }
    }

    /// Whether one of the patterns matches in `text`.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let folded = folded(text);
        let found = self.words.find_overlapping_iter(&folded);
        let to_try = found.map(|found| self.of_word[found.pattern().as_usize()]);
        let to_try: BTreeSet<_> = to_try.chain(self.always.iter().copied()).collect();
        let mut to_try = to_try.into_iter();
        to_try.any(|place| self.patterns[place].is_match(text))
    }
}

impl Pattern {
    fn new(source: &'static str) -> Self {
        Self {
            source,
            regex: OnceLock::new(),
        }
    }
}

/// Texts of which every match of `source` has one; `None` where there are none.
fn needed(source: &str) -> Option<BTreeSet<String>> {
    let parsed =
        regex_syntax::parse(source).expect("the patterns are fixed and the tests compile them");
    of_parsed(&parsed)
}

fn of_parsed(parsed: &Hir) -> Option<BTreeSet<String>> {
    match parsed.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            Some([folded(text)].into())
        }
        HirKind::Capture(capture) => of_parsed(&capture.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => of_parsed(&repeated.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(of_parsed).max_by_key(shortest),
        HirKind::Alternation(ways) => {
            let ways: Option<Vec<_>> = ways.iter().map(of_parsed).collect();
            Some(ways?.into_iter().flatten().collect())
        }
        _ => None,
    }
}

/// Bytes of the shortest of `words`: the longer, the fewer texts have one.
fn shortest(words: &BTreeSet<String>) -> usize {
    words.iter().map(String::len).min().unwrap_or(0)
}

/// `text` with each letter by the first of those that are the same but for case, as regular expressions have it.
fn folded(text: &str) -> String {
    let fold = |letter: char| {
        if letter.is_ascii() {
            letter.to_ascii_uppercase()
        } else {
            first_of_case(letter)
        }
    };
    text.chars().map(fold).collect()
}

fn first_of_case(letter: char) -> char {
    let mut same = ClassUnicode::new([ClassUnicodeRange::new(letter, letter)]);
    same.case_fold_simple();
    same.ranges()
        .first()
        .map_or(letter, ClassUnicodeRange::start)
}
