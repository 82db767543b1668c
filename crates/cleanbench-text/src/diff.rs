//! What differs between two texts, line by line, in unified style.
//!
//! Method: the longest common subsequence of lines between what begins and ends alike; where that would take too long,
//! all of the middle is replaced.
//!
//! Invariant: every line of the result is harmless on a terminal. What is cut is said.

use crate::cell;

/// Lines that stay the same around what differs.
const CONTEXT: usize = 2;
/// Most pairs of lines that are looked at; more are replaced as a whole.
const MOST_WORK: usize = 4_000_000;
/// Most lines of a difference.
const MOST_LINES: usize = 60;
/// Longest line, in characters.
const LONGEST_LINE: usize = 800;

/// A difference, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unified {
    /// Its lines: `@@ … @@`, then lines that begin with a space, `-` or `+`.
    pub lines: Vec<String>,
    /// Lines that were left out at the end.
    pub left_out: usize,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit<'a> {
    Same(&'a str),
    Removed(&'a str),
    Added(&'a str),
}

impl Edit<'_> {
    fn is_same(self) -> bool {
        matches!(self, Self::Same(_))
    }

    fn shown(self) -> String {
        let (sign, text) = match self {
            Self::Same(text) => (' ', text),
            Self::Removed(text) => ('-', text),
            Self::Added(text) => ('+', text),
        };
        let Some((end, _)) = text.char_indices().nth(LONGEST_LINE) else {
            return format!("{sign}{}", cell::safe(text));
        };
        let more = text[end..].chars().count();
        format!(
            "{sign}{} … ({more} more characters)",
            cell::safe(&text[..end])
        )
    }
}

/// The difference of `candidate` from `base`; no lines where there is none.
pub fn unified(base: &str, candidate: &str) -> Unified {
    let edits = edits(&lines(base), &lines(candidate));
    let mut lines = Vec::new();
    for hunk in hunks(&edits) {
        lines.push(heading(&edits, &hunk));
        lines.extend(edits[hunk].iter().map(|edit| edit.shown()));
    }
    let left_out = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    Unified { lines, left_out }
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// The places of edits that are shown together.
fn hunks(edits: &[Edit<'_>]) -> Vec<std::ops::Range<usize>> {
    let mut hunks: Vec<std::ops::Range<usize>> = Vec::new();
    let changed = edits.iter().enumerate().filter(|(_, edit)| !edit.is_same());
    for (at, _) in changed {
        let (start, end) = (
            at.saturating_sub(CONTEXT),
            (at + 1 + CONTEXT).min(edits.len()),
        );
        match hunks.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => hunks.push(start..end),
        }
    }
    hunks
}

/// Where a hunk lies in both texts.
fn heading(edits: &[Edit<'_>], hunk: &std::ops::Range<usize>) -> String {
    let count = |edits: &[Edit<'_>], added: bool| {
        let other = |edit: &&Edit<'_>| match edit {
            Edit::Same(_) => true,
            Edit::Added(_) => added,
            Edit::Removed(_) => !added,
        };
        edits.iter().filter(other).count()
    };
    let side = |added| {
        let (before, within) = (
            count(&edits[..hunk.start], added),
            count(&edits[hunk.clone()], added),
        );
        format!("{},{within}", before + usize::from(within > 0))
    };
    format!("@@ -{} +{} @@", side(false), side(true))
}

/// Every line of both texts, with what becomes of it.
fn edits<'a>(base: &[&'a str], candidate: &[&'a str]) -> Vec<Edit<'a>> {
    let pairs = base.iter().zip(candidate);
    let start = pairs.take_while(|(one, other)| one == other).count();
    let (base_rest, candidate_rest) = (&base[start..], &candidate[start..]);
    let pairs = base_rest.iter().rev().zip(candidate_rest.iter().rev());
    let end = pairs.take_while(|(one, other)| one == other).count();
    let base_middle = &base_rest[..base_rest.len() - end];
    let candidate_middle = &candidate_rest[..candidate_rest.len() - end];
    let mut edits: Vec<_> = base[..start].iter().map(|line| Edit::Same(line)).collect();
    edits.extend(middle(base_middle, candidate_middle));
    let last = &base_rest[base_rest.len() - end..];
    edits.extend(last.iter().map(|line| Edit::Same(line)));
    edits
}

/// What becomes of lines between those that are alike at both ends.
fn middle<'a>(base: &[&'a str], candidate: &[&'a str]) -> Vec<Edit<'a>> {
    let removed = base.iter().map(|line| Edit::Removed(line));
    if base.len().saturating_mul(candidate.len()) > MOST_WORK {
        let added = candidate.iter().map(|line| Edit::Added(line));
        return removed.chain(added).collect();
    }
    let common = common(base, candidate);
    let width = candidate.len() + 1;
    let (mut one, mut other) = (0, 0);
    let mut edits = Vec::new();
    while one < base.len() || other < candidate.len() {
        if one < base.len() && other < candidate.len() && base[one] == candidate[other] {
            edits.push(Edit::Same(base[one]));
            (one, other) = (one + 1, other + 1);
            continue;
        }
        let without_base = common.get((one + 1) * width + other);
        let without_candidate = common.get(one * width + other + 1);
        // Removed lines stand before added ones.
        if one < base.len() && (other == candidate.len() || without_base >= without_candidate) {
            edits.push(Edit::Removed(base[one]));
            one += 1;
        } else {
            edits.push(Edit::Added(candidate[other]));
            other += 1;
        }
    }
    edits
}

/// For every two places, how many lines both texts have in common from there on.
fn common(base: &[&str], candidate: &[&str]) -> Vec<u32> {
    let width = candidate.len() + 1;
    let mut common = vec![0_u32; (base.len() + 1) * width];
    for one in (0..base.len()).rev() {
        for other in (0..candidate.len()).rev() {
            common[one * width + other] = if base[one] == candidate[other] {
                common[(one + 1) * width + other + 1] + 1
            } else {
                common[(one + 1) * width + other].max(common[one * width + other + 1])
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_stands_with_what_is_around_it() {
        let found = unified("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nD\nd2\ne\nf");
        let expected = ["@@ -2,5 +2,6 @@", " b", " c", "-d", "+D", "+d2", " e", " f"];
        assert_eq!(found.lines, expected);
        assert_eq!(unified("a\nb", "a\nb").lines, [""; 0]);
        assert_eq!(unified("", "x").lines, ["@@ -0,0 +1,1 @@", "+x"]);
    }

    #[test]
    fn every_line_of_both_texts_is_there_once() {
        let texts = ["a\nb\na\nc", "b\na\nd\nc\na", "", "c\nc\nc", "a\nc"];
        for base in texts {
            for candidate in texts {
                let (one, other) = (lines(base), lines(candidate));
                let edits = edits(&one, &other);
                let of = |skip: fn(&Edit<'_>) -> bool| -> Vec<&str> {
                    let kept = edits.iter().filter(|edit| !skip(edit));
                    kept.map(|edit| match edit {
                        Edit::Same(text) | Edit::Removed(text) | Edit::Added(text) => *text,
                    })
                    .collect()
                };
                assert_eq!(of(|edit| matches!(edit, Edit::Added(_))), one);
                assert_eq!(of(|edit| matches!(edit, Edit::Removed(_))), other);
            }
        }
    }

    #[test]
    fn what_is_long_is_cut_and_hostile_text_is_seen() {
        let found = unified(&"x\n".repeat(100), "\u{1b}[2J");
        assert_eq!((found.lines.len(), found.left_out), (MOST_LINES, 42));
        let found = unified("", "\u{1b}[2J");
        assert_eq!(found.lines[1], "+\\u{1b}[2J");
        let found = unified("", &"y".repeat(900));
        assert!(found.lines[1].ends_with("y … (100 more characters)"));
    }
}
