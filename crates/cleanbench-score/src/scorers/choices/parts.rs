//! Lists of options that are marked: check lists, and lists under heads that say which are right and which wrong.
//!
//! Invariant: one pass over the lines. It refuses a text in which only the wrong ones are listed: what is left over
//! was not said.

use std::sync::LazyLock;

use regex::Regex;

use crate::scorers::choice::judged::boxes;

use super::words::{says_right, says_wrong};
use super::{Named, Options, found, on_line};
use cleanbench_text::scan::is_blank;

/// Bytes of a head.
const HEAD: usize = 60;

/// What is under a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Right,
    Wrong,
}

/// The options that are ticked in a check list.
pub(super) fn ticked(text: &str, options: &Options) -> Option<Named> {
    let mut named = Named::new();
    for (_, line) in boxes(text).filter(|(ticked, _)| *ticked) {
        named.extend(on_line(line, options)?);
    }
    (!named.is_empty()).then_some(named)
}

/// What is made of heads.
#[derive(Debug)]
pub(super) enum Heads {
    /// No head says that a list is wrong.
    None,
    /// These stand under heads that say "right".
    Right(Named),
    /// Only wrong ones are listed.
    OnlyWrong,
}

/// The lists under heads, where some head says that its list is wrong and no statement follows.
pub(super) fn headed(text: &str, options: &Options) -> Heads {
    let divided = divided(text);
    let mut right = Named::new();
    let mut wrong = false;
    let mut side = None;
    let mut last = 0;
    let mut at = 0;
    for line in divided.split_inclusive('\n') {
        at += line.len();
        if is_blank(line) {
            continue;
        }
        let (new, rest) = head(line.trim());
        side = new.or(side);
        if rest.is_empty() {
            continue;
        }
        match (side, on_line(rest, options)) {
            (Some(Side::Right), Some(named)) => right.extend(named),
            (Some(Side::Wrong), Some(_)) => wrong = true,
            _ => {
                side = None;
                continue;
            }
        }
        last = at;
    }
    if !wrong || !found(&divided[last..]).is_empty() {
        Heads::None
    } else if right.is_empty() {
        Heads::OnlyWrong
    } else {
        Heads::Right(right)
    }
}

/// `text` with what a head begins in the midst of a line on a line of its own: "Correct: A. Incorrect: B".
fn divided(text: &str) -> String {
    static NEXT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[.;。；][ \t]{0,4}([^\s:：.;。；][^:：.;。；\n]{1,40}[:：])")
            .expect("the pattern is fixed and the tests compile it")
    });
    NEXT.replace_all(text, "\n$1").into_owned()
}

/// What the head of a line says, and the rest of the line.
fn head(line: &str) -> (Option<Side>, &str) {
    let Some(at) = line.find([':', '：']).filter(|at| *at <= HEAD) else {
        return (None, line);
    };
    let (before, rest) = line.split_at(at);
    let rest = rest.trim_start_matches([':', '：', ' ', '*', '_', '\t']);
    if before.split_whitespace().count() > 6 {
        (None, line)
    } else if says_wrong(before) {
        (Some(Side::Wrong), rest)
    } else if says_right(before).is_some() {
        (Some(Side::Right), rest)
    } else {
        (None, line)
    }
}
