//! Marks of a final answer, and the number that follows one.
//!
//! Marks are `####` ("hashes"), `\boxed{…}` ("boxed"), `<answer>…</answer>` ("tag") and statements ("stated", see
//! [`crate::statement`]); the last that is followed by a number counts. A calculation after a mark counts by its
//! result ("calculation"): "Answer: 3 + 4 = 7" is 7, "Answer: 3 + 4" is unclear. Several numbers after a mark, and an
//! expression in a box that is none, are not read. What follows a question that the answer goes on with is no part of
//! the answer.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::another::{self, Next};
use super::calculation::result;
use super::candidates::{self, Take};
use super::{CUT_OFF, Failure, NO_NUMBER, REFUSED, Read, SEVERAL, UNCLEAR, aftermath};
use crate::statement::{Statement, statements};
use cleanbench_text::number::Number;
use cleanbench_text::scan::{is_word, window};
use cleanbench_text::spelled::{self, spelled};

/// Kinds of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boxed,
    Said,
    Hashes,
    Tag,
}

impl Kind {
    fn rule(self) -> &'static str {
        match self {
            Self::Boxed => "boxed",
            Self::Said => "stated",
            Self::Hashes => "hashes",
            Self::Tag => "tag",
        }
    }
}

/// Where an answer may start.
#[derive(Debug, Clone, Copy)]
pub(in crate::scorers) struct Mark {
    pub(in crate::scorers) at: usize,
    kind: Kind,
}

impl Mark {
    /// The name of the rule that reads what follows.
    pub(in crate::scorers) fn rule(self) -> &'static str {
        self.kind.rule()
    }
}

static RUN_ON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?imx) ^ [\ \t>*\#_]{0,8}
        (?: q | question | passage | instruction | problem | exercise | human | user | frage | aufgabe | pregunta | question | 问题 | 問題 | 题目 | 題目 )
        [\ \t]{0,2} [0-9]{0,4} [*_]{0,2} [\ \t]{0,2} [:：]",
    )
    .expect("the pattern is fixed and its tests compile it")
});

static TAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)<(?:final[ _-]?)?(?:answer|result|solution)>|\\boxed *(?:[0-9]|\$)")
        .expect("the pattern is fixed and its tests compile it")
});

/// Where a question starts that the answer goes on with after it has been given, else the end.
pub(in crate::scorers) fn end_of_answer(text: &str) -> usize {
    match another::next(text) {
        Next::From(from) => from,
        Next::Own | Next::Doubtful(_) => end_before_question(text),
    }
}

/// Where a question starts that is called one, after an answer, else the end.
fn end_before_question(text: &str) -> usize {
    let mut questions = RUN_ON
        .find_iter(text)
        .map(|found| found.start())
        .filter(|start| *start > 1);
    let Some(first) = questions.next() else {
        return text.len();
    };
    let own = text.trim_start().lines().next().unwrap_or_default();
    let own = own.len() <= 64 && own.bytes().any(|byte| byte.is_ascii_digit());
    let given = if own { Some(0) } else { first_mark(text) };
    let Some(given) = given else {
        return text.len();
    };
    let from = text[given..].bytes().position(|byte| byte.is_ascii_digit());
    let from = from.map_or(text.len(), |at| given + at);
    let all = std::iter::once(first).chain(questions);
    all.into_iter()
        .find(|start| *start > from)
        .unwrap_or(text.len())
}

/// The longest answer that is read from end to end.
const READ_WHOLE: usize = 1 << 18;

/// The parts of an answer in which numbers are looked for: all of it, or of a very long one the beginning, the end
/// and what follows its last marks.
pub(in crate::scorers) fn regions(text: &str, marks: &[Mark]) -> Vec<Range<usize>> {
    if text.len() <= READ_WHOLE {
        return std::iter::once(0..text.len()).collect();
    }
    let end = |at: usize, len: usize| text.floor_char_boundary((at + len).min(text.len()));
    let tail = text.ceil_char_boundary(text.len() - READ_WHOLE / 4);
    let marked = marks
        .iter()
        .rev()
        .take(64)
        .rev()
        .map(|mark| mark.at..end(mark.at, 1024));
    let first = std::iter::once(0..end(0, READ_WHOLE / 4));
    let mut all: Vec<Range<usize>> = first.chain(marked).collect();
    all.push(tail..text.len());
    all.sort_by_key(|region| region.start);
    all
}

fn first_mark(text: &str) -> Option<usize> {
    let stated = statements(text).next().map(|found| found.at);
    let tag = TAG.find(text).map(|found| found.start());
    [stated, text.find("####"), tag].into_iter().flatten().min()
}

/// Every mark in `text`, in order.
pub(in crate::scorers) fn marks(text: &str) -> Vec<Mark> {
    let stated = statements(text).map(|Statement { at, boxed }| Mark {
        at,
        kind: if boxed { Kind::Boxed } else { Kind::Said },
    });
    let hashes = text
        .rmatch_indices("####")
        .take(MOST)
        .map(|(at, hashes)| Mark {
            at: at + hashes.len(),
            kind: Kind::Hashes,
        });
    let mut marks: Vec<Mark> = stated.chain(hashes).chain(tags(text)).collect();
    marks.sort_by_key(|mark| mark.at);
    if marks.is_empty() {
        marks.extend(keyed(text));
    }
    marks
}

/// The value of JSON under the only key that is called a result.
fn keyed(text: &str) -> Option<Mark> {
    static KEY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?i)"(?:final[ _-]?)?(?:result|value|total|output|number|sum|ergebnis|résultat|resultado|risultato|resultaat|wynik|sonuç|hasil|результат|итог|结果|結果)"\s{0,4}[:：]\s{0,4}"?"#,
        )
        .expect("the pattern is fixed and its tests compile it")
    });
    let mut found = text.contains('{').then(|| KEY.find_iter(text))?;
    let at = found.next()?.end();
    let kind = Kind::Said;
    found.next().is_none().then_some(Mark { at, kind })
}

/// Most marks of a kind, the last ones.
const MOST: usize = 2048;
/// Most signs that may begin a tag and are looked at, the last ones.
const LOOKED_AT: usize = 1 << 16;

/// Tags, and boxes without braces.
fn tags(text: &str) -> impl Iterator<Item = Mark> + '_ {
    let tags = text
        .rmatch_indices('<')
        .take(LOOKED_AT)
        .filter_map(|(at, _)| {
            let found = TAG
                .find(window(text, at, 24))
                .filter(|found| found.start() == 0)?;
            Some(Mark {
                at: at + found.end(),
                kind: Kind::Tag,
            })
        });
    let boxes = text.rmatch_indices("\\boxed").take(LOOKED_AT);
    let bare = boxes.filter_map(|(at, name)| {
        let rest = window(text, at + name.len(), 24).trim_start_matches(' ');
        let starts = rest.starts_with(|c: char| c.is_ascii_digit() || c == '$');
        starts.then_some(Mark {
            at: at + name.len(),
            kind: Kind::Boxed,
        })
    });
    tags.take(MOST).chain(bare.take(MOST))
}

/// Why an answer gives no number, if it says so or stops before one.
pub(in crate::scorers) fn none_given(text: &str, marks: &[Mark], marked: bool) -> Option<Failure> {
    let hard = marks.iter().any(|mark| mark.kind != Kind::Said);
    if !(marked && hard) && aftermath::is_refused(text) {
        return Some(REFUSED);
    }
    (!marked && aftermath::is_cut_off(text)).then_some(CUT_OFF)
}

/// The number after the last mark that is followed by one.
pub(super) fn marked(
    text: &str,
    numbers: &[Number],
    marks: &[Mark],
) -> Option<Result<Read, Failure>> {
    // What no mark is followed by is looked for a bounded number of times.
    let mut tried = marks.iter().enumerate().rev().take(1_000);
    let (at, read) = tried.find_map(|(at, mark)| Some((at, after_mark(text, numbers, *mark)?)))?;
    let several = is_other_part(text, &marks[..=at]);
    Some(if several { Err(SEVERAL) } else { read })
}

static PART: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?im)(?:\b(?:part|case|teil|fall|partie|parte)[ ]?\(?|(?:^|[.;,}$]\s)[ \t*_]{0,6}\()([a-h]|[0-9]{1,2}|i{1,3})\)?[*_]{0,2}[:,]?[ *_]{0,3}(?:(?:is|ist|est|es|gives|we get)[ :*]{1,3})?\$?(?:\\boxed\{)?$",
    )
    .expect("the pattern is fixed and its tests compile it")
});

static CASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(first|second|third|fourth|last|other|1st|2nd|3rd|4th)[ ](?:case|part|question|scenario|equation|problem|situation)\b[ \w',]{0,32}?[ :,*$]{0,6}(?:\\boxed\{)?$",
    )
    .expect("the pattern is fixed and the tests compile it")
});

/// The part or case of a question of which what begins at `at` is the answer.
pub(in crate::scorers) fn part_of(text: &str, at: usize) -> Option<String> {
    let from = text.ceil_char_boundary(at.saturating_sub(64));
    let head = text.get(from..at)?;
    let found = PART.captures(head).or_else(|| CASE.captures(head))?;
    Some(found.get(1)?.as_str().to_lowercase())
}

/// Whether the last mark is about one part of a question and one of the few before it about another.
fn is_other_part(text: &str, marks: &[Mark]) -> bool {
    let part = |mark: &Mark| part_of(text, mark.at);
    let mut parts = marks.iter().rev().take(8).map(part);
    let own = parts.next().flatten();
    own.is_some() && parts.flatten().any(|other| own != Some(other))
}

/// The number that belongs to a mark; `None` when none does.
fn after_mark(text: &str, numbers: &[Number], mark: Mark) -> Option<Result<Read, Failure>> {
    let near = window(text, mark.at, 96);
    let at = mark.at + near.len() - skip_filler(near).len();
    let next = numbers.partition_point(|number| number.end <= mark.at);
    let first = numbers.get(next).filter(|first| first.start <= at);
    let Some(first) = first else {
        return in_words(text, at, mark.kind).or_else(|| further(text, numbers, next, mark));
    };
    let (last, value) = result(text, numbers, next);
    let rule = if last > next {
        "calculation"
    } else {
        mark.kind.rule()
    };
    if mark.kind == Kind::Hashes && is_heading(text, first.end)
        || mark.kind == Kind::Said && is_worked_out(text, mark.at..first.start, numbers[last].end)
    {
        return None;
    }
    if mark.kind == Kind::Said && candidates::is_refuted(window(text, first.end, 48)) {
        return further(text, numbers, next, mark);
    }
    let after = numbers.get(last + 1);
    if mark.kind == Kind::Boxed && goes_on(text, box_end(text, mark.at)) {
        return Some(Err(UNCLEAR));
    }
    let several = match mark.kind {
        Kind::Boxed => after.is_some_and(|after| after.start < box_end(text, mark.at)),
        _ => after.is_some_and(|after| {
            candidates::are_listed(text, &numbers[last], after, true)
                || candidates::is_other_variable(text, &numbers[last], after)
        }),
    };
    Some(if several {
        Err(SEVERAL)
    } else {
        value.map(|number| Read { number, rule })
    })
}

/// The number in words at `at`.
fn in_words(text: &str, at: usize, kind: Kind) -> Option<Result<Read, Failure>> {
    let read = spelled(&text[at..])?;
    let end = at + read.len;
    let tail = window(text, end, 96);
    let line = tail.lines().next().unwrap_or_default();
    let is_english = text[at..end].bytes().all(|byte| byte.is_ascii()) && !line.starts_with(" of");
    let short = line
        .split(['.', '。', '，', ',', '<', '*', '}'])
        .next()
        .unwrap_or_default();
    let short = short.split_whitespace().count() <= 1 && short.chars().count() <= 16;
    let bounded = !tail.trim_start_matches('_').starts_with(is_word);
    let digits = line.contains(|c: char| c.is_ascii_digit());
    let fits = bounded && !digits && (short || is_english && spelled::is_english(&text[at..end]));
    fits.then(|| {
        Ok(Read {
            number: Number::in_words(text, at, read),
            rule: kind.rule(),
        })
    })
}

/// What is read where no number follows directly: none in a box that holds an expression, else the number of the line.
fn further(
    text: &str,
    numbers: &[Number],
    next: usize,
    mark: Mark,
) -> Option<Result<Read, Failure>> {
    let first = numbers.get(next);
    match mark.kind {
        Kind::Boxed => {
            let end = box_end(text, mark.at);
            let inside = &text[mark.at..end];
            let holds = first.is_some_and(|first| first.start < end);
            (holds || is_expression(inside)).then_some(Err(UNCLEAR))
        }
        Kind::Hashes => None,
        Kind::Said | Kind::Tag => {
            let rest = &text[mark.at..];
            let rest = &rest[..rest.find(['\n', '<']).unwrap_or(rest.len())];
            let end = mark.at + rest.find(". ").unwrap_or(rest.len());
            let last = next
                + numbers[next..]
                    .iter()
                    .take(64)
                    .take_while(|number| number.start < end)
                    .count();
            let within = &numbers[next..last];
            if within.is_empty() {
                return is_expression(rest).then_some(Err(NO_NUMBER));
            }
            let read = candidates::chosen(text, within, Take::Last)?;
            Some(read.map(|read| Read {
                rule: mark.kind.rule(),
                ..read
            }))
        }
    }
}

/// Whether what a mark holds is an answer without a number: infinity, or a formula.
fn is_expression(inside: &str) -> bool {
    let inside = inside.trim().trim_end_matches(['.', '$']);
    let short = inside.len() <= 24;
    ["\\infty", "∞", "\\emptyset", "∅"]
        .iter()
        .any(|sign| inside.starts_with(sign))
        || short && inside.contains(['=', '^', '<', '>']) && !inside.contains("</")
}

/// Where the braces close that are open at `at`.
fn box_end(text: &str, at: usize) -> usize {
    let near = window(text, at, 400);
    let mut level = 0_u32;
    let end = near.char_indices().find(|(_, character)| {
        level += u32::from(*character == '{');
        let closes = *character == '}' && level == 0;
        level = level.saturating_sub(u32::from(*character == '}'));
        closes || *character == '\n'
    });
    let end = at + end.map_or(near.len(), |(end, _)| end);
    // `\boxed{\text{5} + 6}` goes on after the inner brace.
    let tail = window(text, end, 80);
    let more = tail
        .strip_prefix('}')
        .map(|rest| rest.find(['}', '\n', '$', '.']).unwrap_or(0));
    match more {
        Some(more)
            if text[..at].ends_with("{\\text{")
                || text[..at].ends_with("bf{")
                || text[..at].ends_with("rm{") =>
        {
            end + 1 + more
        }
        _ => end,
    }
}

/// Whether what a box holds is a part of the formula that goes on after it, as in `\boxed{2}\sqrt{3}`; `end` is where it ends.
pub(in crate::scorers) fn goes_on(text: &str, end: usize) -> bool {
    const SIGNS: [&str; 9] = [
        "\\sqrt", "\\pi", "\\frac", "\\cdot", "\\times", "^", "!", "/", "\\left(",
    ];
    let tail = window(text, end, 24);
    let Some(tail) = tail.strip_prefix('}') else {
        return false;
    };
    let raised = ["^\\circ", "^{\\circ", "! ", "!\n", "!$"]
        .iter()
        .any(|sign| tail.starts_with(sign));
    !raised && tail != "!" && SIGNS.iter().any(|sign| tail.starts_with(sign))
}

/// Whether lines of a calculation follow a mark, as after "Solution:", and another one after the number that ends at `end`.
fn is_worked_out(text: &str, head: Range<usize>, end: usize) -> bool {
    let from = text.floor_char_boundary(head.start.saturating_sub(8));
    let before = text.get(from..head.end).unwrap_or_default();
    let own_line = before.contains('\n') || text[..head.start].ends_with('\n');
    let rest = window(text, end, 160);
    let mut lines = rest
        .lines()
        .skip(1)
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let goes_on = lines.next().is_some_and(|line| line.contains('='));
    // A number may begin before a mark that stands within it.
    let equation = text
        .get(head.start..end)
        .is_some_and(|inside| inside.contains('='));
    own_line && equation && goes_on
}

/// Whether `#### 3. Title` or `#### 3: Title` goes on after the number, so that it is a heading.
fn is_heading(text: &str, end: usize) -> bool {
    let line = window(text, end, 64).lines().next().unwrap_or_default();
    line.starts_with(['.', ')', ':'])
        && line[1..].starts_with(char::is_whitespace)
        && !line[1..].trim().is_empty()
}

/// The rest of `text` after what may stand between a mark and its number: decoration, "about", `x =`.
fn skip_filler(text: &str) -> &str {
    const WORDS: &str = "approximately|approx.|about|roughly|around|exactly|nearly|equal to|equals|indeed|a total of|\
        simply|just|ungefähr|etwa|rund|genau|environ|aproximadamente|unos|circa|ongeveer|примерно|около|约|大约|\
        \\text{\\$}|\\pounds|\\text{Option }|\\(|\\[|\\{|\\approx|\\left|\\text{|\\mathbf{|\\textbf{|\\mathrm{|\
        \\boldsymbol{|\\,|\\displaystyle";
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| {
            c.is_whitespace() || "*_`\"'“”„«([{~≈$€£¥:：=".contains(c)
        });
        if let Some(quoted) = rest.strip_prefix("> ").filter(|_| is_line(text, rest)) {
            rest = quoted;
            continue;
        }
        let word = WORDS.split('|').find_map(|word| {
            let start = rest.get(..word.len())?;
            let after = &rest[word.len()..];
            let ends = !word.ends_with(char::is_alphabetic)
                || !after.starts_with(char::is_alphabetic)
                || !word.is_ascii();
            (ends && start.eq_ignore_ascii_case(word)).then_some(after)
        });
        match word.or_else(|| skip_variable(rest)) {
            Some(after) => rest = after,
            None => return rest,
        }
    }
}

/// Whether `rest`, an end of `text`, may start a line.
fn is_line(text: &str, rest: &str) -> bool {
    let head = text[..text.len() - rest.len()].trim_end_matches(' ');
    head.is_empty() || head.ends_with('\n')
}

/// The rest after `x =`, `f(2) =` and `x_1 =`.
fn skip_variable(text: &str) -> Option<&str> {
    let signs = ["=", "\\approx", "≈"].iter();
    let found = signs.filter_map(|sign| Some((text.get(..24).unwrap_or(text).find(sign)?, sign)));
    let (at, sign) = found
        .min_by_key(|(at, _)| *at)
        .filter(|(at, _)| *at <= 12)?;
    let (head, after) = text.split_at_checked(at)?;
    let first = head.starts_with(|c: char| c.is_alphabetic() || c == '\\');
    let letters = head.bytes().filter(u8::is_ascii_alphabetic).count();
    let plain = head
        .chars()
        .all(|c| c.is_alphanumeric() || " _()\\{}".contains(c));
    (first && plain && (letters <= 2 || head.starts_with('\\'))).then(|| &after[sign.len()..])
}
