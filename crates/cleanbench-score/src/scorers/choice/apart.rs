//! An option that is told apart from others: "Many think of B, but it is A", "It is A. B is larger, but not the one."
//!
//! Invariant: one pass over a bounded end or beginning of the text. It refuses a sentence in which the option is not
//! said to be something, and others that are not set against it.

use std::sync::LazyLock;

use regex::Regex;

use super::judged::equated;
use super::opening::sentences;
use super::options::{Options, Reading};
use super::{labels, only_of};
use crate::languages::{LANGUAGES, turns};

/// Longest text and longest sentence that are read so.
const LONGEST: usize = 600;

/// Verbs that say what something is.
const IS: &str = "is are was it's that's ist sind war est c'est son es era è sono é são waren är jest to er sunt είναι je jsou это makes macht rend hace fa faz maakt";

/// A sentence that grants something before it says what is so.
struct Granted<'a> {
    before: &'a str,
    after: &'a str,
    /// Whether what it says is in doubt too.
    is_open: bool,
}

/// The last sentence of `text`, where it is of that kind.
fn granted(text: &str) -> Option<Granted<'_>> {
    let line = text.lines().rfind(|line| !line.trim().is_empty())?.trim();
    let line = &line[line.ceil_char_boundary(line.len().saturating_sub(LONGEST))..];
    let start = sentences(line).filter(|end| *end < line.len()).last();
    let sentence = line[start.unwrap_or(0)..].trim();
    if sentence.ends_with(['?', ':', '？']) {
        return None;
    }
    LANGUAGES.iter().find_map(|language| {
        let turn = language.contrast().find_iter(sentence).last();
        let (before, after) = turn
            .map(|turn| (&sentence[..turn.start()], &sentence[turn.end()..]))
            .filter(|(before, _)| before.trim_end().ends_with([',', ';', '—', '–']))
            .or_else(|| {
                sentence
                    .split_once(", ")
                    .filter(|(before, _)| grants(before))
            })?;
        let is_open = language.doubt().is_match(after);
        let doubted = language.doubt().is_match(before);
        doubted.then_some(Granted {
            before,
            after,
            is_open,
        })
    })
}

/// What the last sentence says after it grants that others are thought of.
pub(super) fn conceded(text: &str, options: &Options) -> Option<Reading> {
    let granted = granted(text).filter(|granted| !granted.is_open && says(granted.after))?;
    let named = only_of(granted.after, options, true).ok()?;
    let last = granted
        .after
        .trim_end_matches(|c: char| !c.is_alphanumeric());
    let others = mentioned(granted.before, options);
    let apart = !others.is_empty() && others.iter().all(|other| !options.same(*other, named));
    (apart && options.ends(last, named)).then_some(Ok(named))
}

/// Whether the last sentence grants no more than that `named` is thought of.
pub(super) fn is_granted(text: &str, named: usize, options: &Options) -> bool {
    let holds = |clause: &str| mentioned(clause, options).contains(&named);
    granted(text).is_some_and(|granted| holds(granted.before) && !holds(granted.after))
}

/// Whether a clause begins as one does that grants something.
fn grants(clause: &str) -> bool {
    const WORDS: &str = "while although though obwohl obgleich bien aunque sebbene benché embora hoewel chociaż хотя";
    let first = clause
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_lowercase();
    WORDS.split(' ').any(|word| word == first)
}

fn says(clause: &str) -> bool {
    let folded = clause.to_lowercase();
    let mut words = folded.split(|c: char| !c.is_alphabetic() && c != '\'');
    words.any(|word| IS.split(' ').any(|verb| verb == word))
}

/// What the first sentence says, where every later one that names others says what those are not.
pub(super) fn set_against(text: &str, options: &Options) -> Option<Reading> {
    static BUT_NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[,;] (?:but|though|although|yet|aber|jedoch|mais|pero|aunque|ma|però|mas|maar|men|ale|но)\b[^.!?,;]{0,30}(?:\b(?:not|nicht|keine?|pas|no|non|não|niet|geen|inte|ikke|nie|не)\b|n't\b)[^.!?;]{0,60}[.!]?$")
            .expect("the pattern is fixed and its tests compile it")
    });
    let text = text.trim();
    if text.len() > LONGEST || !turns(text).is_empty() {
        return None;
    }
    let mut ends = sentences(text);
    let mut from = ends.next()?;
    let named = equated(&text[..from], options)?.ok()?;
    let mut denied = false;
    for end in ends {
        let sentence = text[from..end].trim();
        from = end;
        let others = mentioned(sentence, options);
        if others.is_empty() {
            continue;
        }
        let but = BUT_NOT.find(sentence)?;
        let apart = others.iter().all(|other| !options.same(*other, named));
        if !apart || !mentioned(but.as_str(), options).is_empty() {
            return None;
        }
        denied = true;
    }
    denied.then_some(Ok(named))
}

/// The options that a stretch of text names by text or by label.
fn mentioned(text: &str, options: &Options) -> Vec<usize> {
    let standing = labels(text, options, true);
    let mut named = options.occurring(text, false);
    named.extend(standing.named);
    named.extend(standing.rivals);
    named.extend(standing.denied);
    named
}
