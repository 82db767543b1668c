//! What an answer states, in a box, in a tag or in words, and what corrects it.
//!
//! Invariant: what follows each statement is read within bounds. It refuses a statement about a part of the question
//! only where others differ.

use std::sync::LazyLock;

use regex::Regex;

use super::label::{Label, Style};
use super::options::{DISAGREE, NO_CHOICE, Options, Reading, SEVERAL};
use super::{
    FAR, LEADS, Read, by, concluded, is_rest_empty, only, only_of, ordinal, own_line, read_label,
    rest_of_line, text_at_start, whole,
};
use crate::languages::{affirms, after_turn, joint, refutes, turns};
use crate::statement::{Found, Kind, found};
use cleanbench_text::scan::window;

/// The last statement that names an option, or what corrects it.
pub(super) fn stated(text: &str, options: &Options) -> Option<Read> {
    let found = found(text);
    let named = |found: &Found| {
        let reading = read_found(text, *found, options)?;
        let rule = match found.kind {
            Kind::Boxed => "boxed",
            Kind::Tag => "tag",
            _ => "stated",
        };
        Some((found.at, by(rule)(reading)))
    };
    let right = found.iter().rev().filter(|found| is_right_one(text, found));
    let graded = found.iter().any(|found| is_given(text, found));
    let (at, read) = (graded.then_some(right).into_iter().flatten())
        .chain(found.iter().rev())
        .find_map(named)?;
    if let Ok(last) = read.reading
        && (is_qualified(text, &found, at) || holds_both(text, at))
        && others(text, &found, last, options)
    {
        return Some(by("stated")(Err(SEVERAL)));
    }
    match corrected(text, past(text, at, options), options) {
        Some(reading) if reading != read.reading => Some(by("corrected")(reading)),
        _ => Some(read),
    }
}

/// The options of which a statement says that they are not the answer.
pub(super) fn denied(text: &str, options: &Options) -> Vec<usize> {
    let denied = found(text)
        .into_iter()
        .filter(|found| found.kind == Kind::Denied);
    let named = denied
        .take(LEADS)
        .filter_map(|found| read_at(text, found.at, options)?.ok());
    named.collect()
}

/// Whether it is the "correct answer" of a form that holds a given one too.
fn is_right_one(text: &str, found: &Found) -> bool {
    let head = tail(&text[..found.from]);
    head.ends_with("correct") || head.ends_with("right")
}

fn is_given(text: &str, found: &Found) -> bool {
    let head = tail(&text[..found.from]);
    ["your", "student's", "given", "user's"]
        .iter()
        .any(|word| head.ends_with(word))
}

/// The end of `text` in lower case.
fn tail(text: &str) -> String {
    let text = text.trim_end();
    text[text.ceil_char_boundary(text.len().saturating_sub(16))..].to_lowercase()
}

/// Whether the statement at `at` is about a part of the question only: "For the largest city the answer is".
fn is_qualified(text: &str, all: &[Found], at: usize) -> bool {
    static PART: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s*_(]{0,4}(?:for|as for|regarding|für|pour|para|per|voor|för|dla|для)\s[^.!?]+$")
            .expect("the pattern is fixed and its tests compile it")
    });
    all.iter()
        .find(|found| found.at == at)
        .is_some_and(|found| {
            let start = text.ceil_char_boundary(found.from.saturating_sub(200));
            let head = &text[start..found.from];
            let sentence = head
                .rsplit(['.', '!', '?', '\n', ';'])
                .next()
                .unwrap_or(head);
            let asked = ["question", "reason", "problem", "task"];
            PART.is_match(sentence) && !asked.iter().any(|word| sentence.contains(word))
        })
}

/// Whether what follows the statement at `at` says that several are right.
fn holds_both(text: &str, at: usize) -> bool {
    static BOTH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:both|all|either|each) (?:of them )?(?:hold|apply|work|is|are) ?(?:right|correct|true|valid|fine|acceptable|possible)?[.!]")
            .expect("the pattern is fixed and its tests compile it")
    });
    BOTH.is_match(window(text, at, 400))
}

/// Whether an earlier statement names another option.
fn others(text: &str, all: &[Found], named: usize, options: &Options) -> bool {
    let mut readings = all
        .iter()
        .rev()
        .take(LEADS)
        .filter_map(|found| read_found(text, *found, options));
    readings.any(|other| other.is_ok_and(|other| !options.same(other, named)))
}

/// Where the text goes on after the label or text that stands at `at`.
pub(super) fn past(text: &str, at: usize, options: &Options) -> usize {
    let rest = &text[at..];
    let bare = rest.trim_start_matches(['*', '_', '"', '\'', '`', ' ', '>', '#', '“', '‘']);
    match (options.text_at_start(bare), options.label_at(rest, 0)) {
        (Some((_, after)), _) => text.len() - after.len(),
        (None, Some(label)) => at + label.end,
        (None, None) => at,
    }
}

/// What a word of correction after `at` leads in; several, where it is unclear what.
pub(super) fn corrected(text: &str, at: usize, options: &Options) -> Option<Reading> {
    let rest = window(text, at, FAR);
    let turns = turns(rest);
    let first = *turns.first()?;
    let mut stands = turns
        .iter()
        .rev()
        .filter_map(|&turn| turned(rest, turn, options));
    if let Some(reading) = stands.next() {
        return Some(reading);
    }
    let rest = &rest[first..];
    let read = concluded(rest, 0, options).or_else(|| own_line(rest, options));
    if read.is_some() {
        return read;
    }
    let last = &rest[turns.last().map_or(0, |last| last - first)..];
    let empty = is_rest_empty(last.trim_matches(['.', '…', '—', '–', '-', '?']));
    match only(rest, options) {
        Err(NO_CHOICE) => empty.then_some(Err(SEVERAL)),
        reading => Some(reading.and(Err(SEVERAL))),
    }
}

/// The label or text that stands right after the turn that ends at `turn`, but for words that lead it in.
fn turned(text: &str, turn: usize, options: &Options) -> Option<Reading> {
    let at = turn + after_turn(&text[turn..]);
    let rest = &text[at..];
    let label = options.label_at(rest, 0);
    if let Some(label) = label
        && (!label.name.is_small() || label.style == Style::Bracketed)
    {
        let after = &rest[label.end..];
        let next = after.trim_start_matches(['*', '_', '"', '\'', '`']);
        let ends = label.style != Style::Bare
            || next.starts_with([',', ';', '!', '<', '—', '–', '(', '（', '，', '；'])
            || ["です", "だ", "である", "입니다", "이다", "と", "を選"]
                .iter()
                .any(|end| next.starts_with(end))
            || next.trim_start().starts_with("after all")
            || affirms(next);
        if refutes(window(after, 0, 64)) || next.trim_start().starts_with(['?', '？']) || !ends {
            return None;
        }
        return Some(read_label(rest, &label, options));
    }
    let line = rest_of_line(rest, 0, options);
    line.trim().chars().nth(1)?;
    if refutes_text(line, options) || line.trim_end().ends_with('?') {
        return None;
    }
    text_at_start(line, options)
}

/// Whether the text with which `line` begins is denied right after it.
fn refutes_text(line: &str, options: &Options) -> bool {
    let bare = line.trim_start_matches(['*', '_', '"', '\'', '`', ' ']);
    let after = options.text_at_start(bare).map(|(_, after)| after);
    after.is_some_and(|after| refutes(window(after, 0, 64)))
}

fn read_found(text: &str, found: Found, options: &Options) -> Option<Reading> {
    match found.kind {
        Kind::Boxed | Kind::Tag => {
            let inner = enclosed(text, found, options);
            whole(inner, options)
                .or_else(|| {
                    // Boxes in boxes are read on their own.
                    let inner = if inner.contains("\\boxed") { "" } else { inner };
                    let nested = crate::statement::found(inner);
                    nested
                        .iter()
                        .rev()
                        .find_map(|nested| read_at(inner, nested.at, options))
                })
                .or_else(|| several(inner, options))
        }
        Kind::Denied => instead(text, past_list(text, found, options), options),
        Kind::Plural | Kind::Lead | Kind::Disowned => None,
        Kind::Stated => {
            read_at(text, found.at, options).or_else(|| instead(text, found.at, options))
        }
    }
}

/// After the list of options that a statement denies, as in "The answer is not A, C or D".
fn past_list(text: &str, found: Found, options: &Options) -> usize {
    let mut at = found.at;
    let mut from = found.from;
    for count in 0.. {
        let end = past(text, at, options);
        if end == at {
            break;
        }
        let rest = text[end..].trim_start_matches([' ', ',', '、', '，', '*', '_', ')']);
        let next = rest.get(joint(rest)..).unwrap_or(rest);
        if count > 0 {
            from = end;
        }
        if next.len() == text[end..].len() {
            break;
        }
        at = text.len() - next.len();
    }
    from
}

/// What stands in the braces or the tag.
fn enclosed<'a>(text: &'a str, found: Found, options: &Options) -> &'a str {
    let reach = window(text, found.at, 4 * options.longest() + 256);
    if found.kind == Kind::Tag {
        return reach
            .split(['<', '['])
            .find(|part| !part.trim().is_empty())
            .unwrap_or(reach);
    }
    let mut depth = 0_usize;
    for (at, character) in reach.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return &reach[..at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    reach.lines().next().unwrap_or_default()
}

/// That several options are named, where `text` joins them.
fn several(text: &str, options: &Options) -> Option<Reading> {
    let label = options.label_at(text, 0)?;
    options.is_joined(text, label.end).then_some(Err(SEVERAL))
}

/// What the text at `at` names: an option's text, or a label.
fn read_at(text: &str, at: usize, options: &Options) -> Option<Reading> {
    let line = rest_of_line(text, at, options);
    if let Some(reading) = ordinal(line, options) {
        return Some(reading);
    }
    if line.trim().chars().nth(1).is_some()
        && let Some(reading) = text_at_start(line, options)
    {
        return Some(if names_another(line, options) {
            Err(DISAGREE)
        } else {
            reading
        });
    }
    let label = options.label_at(text, at)?;
    if refutes(window(text, label.end, 64)) {
        return None;
    }
    Some(read_label(text, &label, options))
}

/// Whether the label in brackets behind the text with which `line` begins is that of another option.
fn names_another(line: &str, options: &Options) -> bool {
    let bare = line.trim_start_matches(['*', '_', '"', '\'', '`', ' ']);
    let Some((named, after)) = options.text_at_start(bare) else {
        return false;
    };
    let label = options
        .label_at(after, 0)
        .filter(|label| label.style == Style::Bracketed);
    let other = label.map(|label| options.by_label(&label));
    other.is_some_and(|other| other.is_ok_and(|other| !options.same(other, named)))
}

/// The only option that the line from `at` on names and does not deny.
fn instead(text: &str, at: usize, options: &Options) -> Option<Reading> {
    let line = rest_of_line(text, at, options);
    let label = options.label_at(line, 0);
    if label.is_some_and(|label| {
        options.is_joined(line, label.end) && !refutes_all(line, &label, options)
    }) {
        return Some(Err(SEVERAL));
    }
    match only_of(line, options, true) {
        Err(NO_CHOICE) => None,
        reading => Some(reading),
    }
}

/// Whether what follows several joined labels denies all of them, as in "A and B are wrong".
pub(super) fn refutes_all(line: &str, label: &Label, options: &Options) -> bool {
    let rest = &line[label.end..];
    let next = rest.trim_start_matches([' ', ',']);
    let length = joint(next);
    let after = next.get(length..).unwrap_or_default();
    let other = options.label_at(after, 0);
    other.is_some_and(|other| refutes(&after[other.end..]))
}
