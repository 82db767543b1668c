//! Where in an answer its formula is.
//!
//! Invariant: one pass over the text for each kind of mark, and a bounded number of bounded formulas tried.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::languages::denies;
use crate::scorers::numeric::aftermath::withdrawal;
use crate::scorers::numeric::marks::{end_of_answer, goes_on, part_of};
use crate::statement::{disowns, run_on, statements};
use cleanbench_text::scan::{after, before, window};
use cleanbench_text::spelled::spelled;

/// A part of an answer that may be its formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) text: String,
    /// The name of the rule.
    pub(super) rule: &'static str,
    /// Whether it is the answer, so that nothing else is looked for where it cannot be read.
    pub(super) firm: bool,
    /// The word after it.
    pub(super) word: String,
}

/// Most marks that are tried, from the last on.
const MARKS: usize = 8;
/// Most bytes of an answer that are read, from its end.
const READ: usize = 1 << 18;
/// Most boxes that are looked at, from the last on.
const BOXES: usize = 64;
/// Most bytes at the end of an answer in which formulas and numbers are looked for.
const TAIL: usize = 1 << 15;
/// Most bytes of a formula in delimiters.
const FORMULA: usize = 2048;
/// Most bytes of a box, and of a statement.
const REACH: usize = 4096;
/// Most bytes of an answer that may be a formula as a whole.
const WHOLE: usize = 512;

/// A place that marks the final answer.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: usize,
    rule: &'static str,
}

/// A part of a text by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    /// With its delimiters.
    start: usize,
    end: usize,
    /// Without them.
    from: usize,
    to: usize,
}

/// What may be the formula of an answer of bounded length, see [`own`]; the first that can be read counts.
pub(super) fn candidates(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let boxes = meant(text, boxes(text));
    let marks = marks(text, &boxes);
    if let Some(last) = marks.last()
        && is_withdrawn(text, &boxes, *last)
    {
        found.push(Found {
            firm: true,
            ..soft("", last.rule)
        });
        return found;
    }
    if is_one_case(text, &boxes) {
        found.push(Found {
            firm: true,
            ..soft("", "boxed")
        });
        return found;
    }
    for mark in marks.into_iter().rev().take(MARKS) {
        match mark.rule {
            "boxed" => found.extend(boxed(text, &boxes, mark.at)),
            "hashes" => found.push(soft(line(text, mark.at), "hashes")),
            _ => stated(text, mark.at, &mut found),
        }
    }
    found.extend(unmarked(text));
    found
}

static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:if|when|for|falls|wenn|si|para|für|pour)\s([^.;:\n]{1,40}?)[\s,]{0,4}(?:then|we get|we have|it is|the answer is)?[\s:,$]{0,6}$")
        .expect("the pattern is fixed and the tests compile it")
});

/// Whether the last box is about one case or part, and one of the few before it with another value about another.
fn is_one_case(text: &str, boxes: &[Part]) -> bool {
    let case = |part: &Part| {
        let from = text.ceil_char_boundary(part.start.saturating_sub(64));
        let condition = || CONDITION.captures(&text[from..part.start]);
        let found = || Some(condition()?.get(1)?.as_str().to_lowercase());
        part_of(text, part.start).or_else(found)
    };
    let Some((last, earlier)) = boxes.split_last() else {
        return false;
    };
    let value = |part: &Part| text[part.from..part.to].trim();
    let Some(own) = case(last).filter(|_| !earlier.is_empty()) else {
        return false;
    };
    let mut earlier = earlier.iter().rev().take(8);
    earlier.any(|part| value(part) != value(last) && case(part).is_some_and(|other| other != own))
}

/// Whether an answer takes back what its last mark leads in.
fn is_withdrawn(text: &str, boxes: &[Part], last: Mark) -> bool {
    let boxed = boxes.iter().find(|part| part.start == last.at);
    let end = boxed.map_or(last.at + sentence(&text[last.at..]).len(), |part| part.end);
    let end = text.floor_char_boundary(end);
    withdrawal(text, end).is_some_and(|found| found.is_final)
}

/// The end of `text` that is read, up to where it goes on with another question after it has given an answer.
pub(super) fn own(text: &str) -> &str {
    let text = &text[text.ceil_char_boundary(text.len().saturating_sub(READ))..];
    let text = &text[..end_of_answer(text)];
    let given = |end: usize| {
        let marked = statements(text).next().is_some_and(|said| said.at <= end);
        marked || text[..end].contains("\\boxed")
    };
    match run_on(text) {
        Some(end) if given(end) => &text[..end],
        _ => text,
    }
}

static SUPPOSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:whereas|would (?:be|have|give|yield|get|obtain)|instead of|rather than)\b[^.!?\n]{0,64}$",
    )
    .expect("the pattern is fixed and its tests compile it")
});

/// The boxes that are not denied; and of others but the first, those that say what would be.
fn meant(text: &str, boxes: Vec<Part>) -> Vec<Part> {
    let mut kept: Vec<Part> = Vec::new();
    for part in boxes {
        let from = text.ceil_char_boundary(part.start.saturating_sub(96));
        let from = kept.last().map_or(from, |last| from.max(last.end));
        let before = &text[from.min(part.start)..part.start];
        let supposed = !kept.is_empty() && SUPPOSED.is_match(before);
        if !supposed && !denies(before) && !disowns(before) {
            kept.push(part);
        }
    }
    kept
}

/// What a calculation in several rows ends with: the last row of `aligned` and its kin, from its sign of equality on where
/// nothing stands before that.
pub(super) fn last_row(text: &str) -> Cow<'_, str> {
    let rows = ["{aligned}", "{align*}", "{align}", "{split}", "{gathered}"];
    let inner = rows.iter().find_map(|name| {
        let (_, inner) = text.split_once(&format!("\\begin{name}"))?;
        inner.split_once(&format!("\\end{name}"))
    });
    let Some((inner, after)) = inner else {
        return Cow::Borrowed(text);
    };
    let row = inner.rsplit("\\\\").find(|row| !row.trim().is_empty());
    let row = row.unwrap_or_default().replace('&', "");
    let row = row.trim().trim_start_matches(['=', ' ']);
    let alone = after.chars().all(|c| c.is_whitespace() || ".$".contains(c));
    Cow::Owned(if alone { row.to_owned() } else { String::new() })
}

/// What may be the formula of a target.
pub(super) fn of_target(text: &str) -> Vec<Found> {
    let boxes = boxes(text);
    if let Some(last) = boxes.last() {
        return boxed(text, &boxes, last.start).into_iter().collect();
    }
    let mut found = vec![soft(text, "whole answer")];
    found.extend(last_formula(text));
    found
}

/// The end of an answer.
fn tail(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(TAIL))..]
}

static LEAD: LazyLock<Regex> = LazyLock::new(|| {
    let words = "therefore|thus|so|hence|then|also|consequently|finally|accordingly|we (?:get|have|find|obtain)|\
        this gives|it follows that|daher|somit|folglich|deshalb|donc|alors|ainsi|por (?:lo )?tanto|entonces|así|\
        luego|quindi|dunque|portanto|logo|dus|поэтому|следовательно|значит|итак";
    let asian = "所以|因此|故|则|于是|よって|したがって|ゆえに|따라서";
    Regex::new(&format!(
        r"(?i)^[\s*_]{{0,8}}(?:(?:(?:{words})\b(?:\s*,|\s*:|\s)|(?:{asian})[,，、:：]?)\s*){{1,3}}"
    ))
    .expect("the pattern is fixed and its tests compile it")
});

/// A part that may be the formula, without a word such as "therefore" before it.
fn soft(text: &str, rule: &'static str) -> Found {
    let lead = LEAD.find(text).map_or(0, |lead| lead.end());
    let led = &text[lead..];
    let kept = led.trim().is_empty() || led.contains(['$', '\\']);
    let text = if kept { text } else { led };
    Found {
        text: text.to_owned(),
        rule,
        firm: false,
        word: String::new(),
    }
}

/// What counts where nothing marks an answer.
fn unmarked(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    if text.len() <= WHOLE {
        found.push(soft(text.trim(), "whole answer"));
        let words = in_words(text.trim().trim_end_matches(['.', '!']));
        found.extend(words.map(|found| Found {
            rule: "whole answer",
            ..found
        }));
    }
    found.extend(last_formula(before_check(tail(text))));
    let line = text.trim_end().lines().next_back().unwrap_or_default();
    if line.len() > WHOLE {
        return found;
    }
    found.extend(bold(line));
    if line.len() < text.trim().len() {
        found.push(soft(line, "last line"));
    }
    found.extend(said_to_be(line));
    found
}

/// The bold part of a line, where there is one and it is no heading or word.
fn bold(line: &str) -> Option<Found> {
    let parts: Vec<&str> = line.split("**").collect();
    let [_, inner, _] = parts.as_slice() else {
        return None;
    };
    is_formula_like(inner).then(|| soft(inner, "bold"))
}

/// Whether it may be a formula rather than words.
fn is_formula_like(text: &str) -> bool {
    let text = text.trim();
    let signs = |c: char| c.is_numeric() || "=<>√π∞^\\".contains(c);
    !text.ends_with(':') && (text.contains(signs) || text.chars().count() <= 2 && !text.is_empty())
}

static SUPPOSES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:if|when|where|suppose|let|assum\w+|unless|not|never|no|wrong|incorrect|check)\b|n't")
        .expect("the pattern is fixed and its tests compile it")
});

static IS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\s(?:is|are|equals|ist|est|es|é|è)\s+(?:equal to\s+|also\s+|therefore\s+|then\s+)?",
    )
    .expect("the pattern is fixed and its tests compile it")
});

/// What something is said to be in the last sentence of a line: after "is", or from the name before the first `=`.
fn said_to_be(line: &str) -> Vec<Found> {
    let line = line.trim().trim_end_matches(['.', '*', '!', ' ']);
    let last = line.rfind(". ").map_or(line, |at| &line[at + 2..]);
    if SUPPOSES.is_match(last) || last.contains('$') {
        return Vec::new();
    }
    let mut found: Vec<&str> = IS
        .find_iter(last)
        .take(1)
        .map(|is| &last[is.end()..])
        .collect();
    found.extend(labelled(last).filter(|_| found.is_empty()));
    if let (true, Some(at)) = (found.is_empty(), last.find('=')) {
        let name = last[..at].trim_end();
        let word = name.rsplit(char::is_whitespace).next().unwrap_or_default();
        found.push(last[name.len() - word.len()..].trim());
    }
    let like = found.into_iter().filter(|text| is_formula_like(text));
    like.map(|text| soft(text, "last line")).collect()
}

/// What follows a few words and a colon: `Slope: 3/5`.
fn labelled(line: &str) -> Option<&str> {
    let (label, value) = line.split_once(": ")?;
    let words = label.split_whitespace().count() <= 4;
    let plain = label
        .chars()
        .all(|c| c.is_alphabetic() || c == ' ' || c == '*');
    (words && plain && !value.contains(": ")).then(|| value.trim_matches(['*', ' ']))
}

/// All marks in order.
fn marks(text: &str, boxes: &[Part]) -> Vec<Mark> {
    let hashes = text.rmatch_indices("####").take(MARKS);
    let hashes = hashes.map(|(at, _)| Mark {
        at: at + 4,
        rule: "hashes",
    });
    let said = statements(text).filter(|said| !said.boxed);
    let mut marks: Vec<Mark> = said
        .map(|said| Mark {
            at: said.at,
            rule: "stated",
        })
        .collect();
    marks.extend(hashes);
    marks.extend(boxes.iter().map(|part| Mark {
        at: part.start,
        rule: "boxed",
    }));
    marks.sort_by_key(|mark| mark.at);
    marks
}

fn line(text: &str, at: usize) -> &str {
    window(text, at, WHOLE).lines().next().unwrap_or_default()
}

/// The last of `\boxed{…}`, outermost ones alone.
fn boxes(text: &str) -> Vec<Part> {
    let mut found: Vec<Part> = Vec::new();
    let named = |name| text.rmatch_indices(name).take(BOXES);
    for (at, name) in named("\\boxed").chain(named("\\fbox")) {
        let from = at + name.len();
        let inner = window(text, from, REACH);
        let spaces = inner.len() - inner.trim_start().len();
        let braced = inner.trim_start().starts_with('{');
        let from = from + spaces + usize::from(braced);
        let length = if braced {
            braces(&inner[spaces..])
        } else {
            Some(spaces_end(&inner[spaces..]))
        };
        let width = usize::from(braced);
        let open_end = || from + line(text, from).len();
        let to = length.map_or_else(open_end, |length| from + length - width);
        let end = if length.is_some() { to + width } else { to };
        found.push(Part {
            start: at,
            end,
            from,
            to,
        });
    }
    found.sort_by_key(|part| part.start);
    found.dedup_by(|inner, outer| inner.start < outer.to);
    found
}

/// Where the first word ends.
fn spaces_end(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || "$.,\\".contains(c))
        .unwrap_or(text.len())
}

/// Where the braces that `text` opens with close.
fn braces(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            '\\' => escaped = !escaped,
            '{' if !escaped => depth += 1,
            '}' if !escaped => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        escaped &= character == '\\';
    }
    None
}

/// The box at `at`, with those before it that it is joined to.
fn boxed(text: &str, boxes: &[Part], at: usize) -> Option<Found> {
    let last = boxes.iter().position(|part| part.start == at)?;
    let found = joined(text, &boxes[..=last], "boxed", is_between_boxes);
    Some(if goes_on(text, boxes[last].to) {
        Found {
            text: String::new(),
            ..found
        }
    } else {
        found
    })
}

/// The last of `parts` and those that come just before it, as a list.
fn joined(text: &str, parts: &[Part], rule: &'static str, joins: fn(&str) -> bool) -> Found {
    let mut first = parts.len() - 1;
    while first > 0 && parts.len() - first < 32 {
        let gap = parts[first - 1].end..parts[first].start;
        if gap.len() > 48 || !text.get(gap).is_some_and(joins) {
            break;
        }
        first -= 1;
    }
    let pieces: Vec<&str> = parts[first..]
        .iter()
        .map(|part| &text[part.from..part.to])
        .collect();
    let end = parts[parts.len() - 1].end;
    let same = pieces.iter().all(|piece| piece.trim() == pieces[0].trim());
    let mut inner = if same {
        pieces[0].to_owned()
    } else {
        pieces.join(", ")
    };
    if is_percent_after(text, end) {
        inner.push_str(" \\%");
    }
    Found {
        text: inner,
        rule,
        firm: true,
        word: word_after(text, end),
    }
}

fn is_between_boxes(gap: &str) -> bool {
    let gap = gap.replace("\\quad", "").replace("\\text", "");
    let gap: String = gap
        .chars()
        .filter(|c| !c.is_whitespace() && !"$\\{}()[],;&".contains(*c))
        .collect();
    matches!(gap.as_str(), "" | "and" | "or" | "und" | "et" | "y")
}

fn is_between_formulas(gap: &str) -> bool {
    let gap = gap.trim();
    matches!(
        gap,
        "," | "and" | "or" | ", and" | ", or" | ";" | "und" | "et" | "y" | "or else"
    )
}

/// Whether a percent sign or word follows outside of a formula.
fn is_percent_after(text: &str, end: usize) -> bool {
    let rest = window(text, end, 32).trim_start_matches([' ', '$', '\\', ')', ']', '*', '~']);
    let rest = rest.to_ascii_lowercase();
    ["%", "percent", "pct"]
        .iter()
        .any(|sign| rest.starts_with(sign))
}

fn word_after(text: &str, end: usize) -> String {
    let rest = window(text, end, 48).trim_start_matches([' ', '$', ')', '*', '\\']);
    rest.chars()
        .take_while(|c| c.is_alphabetic() || "°€£".contains(*c))
        .collect()
}

/// Formulas in delimiters: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.
fn formulas(text: &str) -> Vec<Part> {
    let mut found = Vec::new();
    let closing = ["$", "\\)", "\\]"]
        .into_iter()
        .filter_map(|close| text.rfind(close));
    let last = closing.max().unwrap_or(0);
    let mut at = 0;
    while let Some(next) = text[at..].find(['$', '\\']) {
        let start = at + next;
        if start >= last {
            break;
        }
        match formula_at(text, start) {
            Some(part) => {
                at = part.end;
                found.push(part);
            }
            None => at = start + skipped(&text[start..]),
        }
    }
    found
}

/// How far to go on where no formula starts.
fn skipped(text: &str) -> usize {
    let escaped = text.starts_with('\\') && text[1..].starts_with('$');
    1 + usize::from(escaped)
}

fn formula_at(text: &str, start: usize) -> Option<Part> {
    const DELIMITERS: [[&str; 2]; 6] = [
        ["$$", "$$"],
        ["$", "$"],
        ["\\\\(", "\\\\)"],
        ["\\\\[", "\\\\]"],
        ["\\(", "\\)"],
        ["\\[", "\\]"],
    ];
    let rest = &text[start..];
    let [open, close] = DELIMITERS
        .into_iter()
        .find(|pair| rest.starts_with(pair[0]))?;
    let from = start + open.len();
    let inner = window(text, from, FORMULA);
    let mut ends = inner.match_indices(close);
    let is_escaped = |at: usize| close.starts_with('$') && inner[..at].ends_with('\\');
    let to = from + ends.find(|(at, _)| !is_escaped(*at))?.0;
    let blank = text[from..to].trim().is_empty() || text[from..to].contains("\n\n");
    let price = open == "$" && after(text, to + 1).is_some_and(|c| c.is_ascii_digit());
    (!blank && !price).then_some(Part {
        start,
        end: to + close.len(),
        from,
        to,
    })
}

/// The last formula in delimiters, with those that it is joined to; not firm where another number follows it.
fn last_formula(text: &str) -> Option<Found> {
    let tail = tail(text);
    let mut parts = formulas(tail);
    while let [.., exact, about] = parts.as_slice()
        && is_about(&tail[exact.end..about.start])
    {
        parts.pop();
    }
    let last = *parts.last()?;
    let found = joined(tail, &parts, "formula", is_between_formulas);
    if is_beside(tail, &parts) {
        return Some(Found {
            text: String::new(),
            ..found
        });
    }
    let rest = &tail[last.end..];
    let about = formulas(rest).pop().map_or(0, |part| part.end);
    let later = numbers(&rest[about..]).pop();
    match later {
        Some(Number::Free(number)) if number != found.text.trim() => Some(Found {
            text: String::new(),
            ..found
        }),
        _ => Some(found),
    }
}

/// Whether the formula after `gap` says only about what the one before it is: "or approximately".
fn is_about(gap: &str) -> bool {
    let gap = gap.trim_matches(|c: char| c.is_whitespace() || ",(".contains(c));
    let gap = gap.strip_prefix("or").map_or(gap, str::trim_start);
    let gap = gap.strip_prefix("which is").map_or(gap, str::trim_start);
    ["approximately", "approx.", "about", "roughly", "≈"].contains(&gap)
}

static BESIDE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:since|because|when|where|if|at|for|in|between|which has degree)[\s(]*$")
        .expect("the pattern is fixed and its tests compile it")
});

/// Whether the last formula only says when or where the one before it in its sentence holds.
fn is_beside(text: &str, parts: &[Part]) -> bool {
    let ends = parts.windows(2).rev().take(32);
    let mut gaps = ends.map(|two| &text[two[0].end..two[1].start]);
    let gap = gaps.find(|gap| !is_between_formulas(gap));
    gap.is_some_and(|gap| gap.len() < 256 && !gap.contains(['\n', '.']) && BESIDE.is_match(gap))
}

static CHECK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:check|checking|verification|verify|probe|vérification|comprobación)\b[ *_]{0,4}[:,]")
        .expect("the pattern is fixed and its tests compile it")
});

/// `text` up to a check of what is in it.
fn before_check(text: &str) -> &str {
    let given = |at: &usize| !formulas(&text[..*at]).is_empty();
    let mut check = CHECK.find_iter(text).take(8).map(|found| found.start());
    let at = check.find(given);
    at.map_or(text, |at| {
        text[..at].trim_end_matches([' ', '\n', '*', '_', '#'])
    })
}

/// What a statement of the answer that ends at `at` is followed by.
fn stated(text: &str, at: usize, out: &mut Vec<Found>) {
    let rest = window(text, at, REACH);
    let opening = rest.trim_start_matches(|c: char| c.is_whitespace() || "*_\"“`\\".contains(c));
    let escaped = rest.len() - opening.len();
    let escaped = escaped
        - rest[..escaped]
            .bytes()
            .rev()
            .take_while(|&byte| byte == b'\\')
            .count();
    if let Some(part) = formula_at(rest, escaped) {
        let parts = formulas(&rest[part.start..]);
        let run = parts.iter().enumerate().skip(1).take_while(|(at, part)| {
            is_between_formulas(&rest[escaped..][parts[at - 1].end..part.start])
        });
        let length = 1 + run.count();
        out.push(joined(
            &rest[part.start..],
            &parts[..length],
            "stated",
            is_between_formulas,
        ));
        return;
    }
    let said = enclosed(sentence(rest));
    out.push(soft(said, "stated"));
    out.extend(in_words(said));
    // A denial, or the first words of a solution that is worked out.
    let negated = "not |never |no |wrong|incorrect|to find |to solve |to determine |let |first|we can |we need |\
        we use ";
    if negated
        .split('|')
        .any(|word| said.trim_start().to_ascii_lowercase().starts_with(word))
    {
        return;
    }
    let parts = formulas(said);
    match (parts.as_slice(), numbers(said).as_slice()) {
        ([part], _) => out.push(joined(said, &[*part], "stated", is_between_formulas)),
        ([], [Number::Free(number)]) => out.push(soft(number, "stated")),
        ([], []) => {}
        _ => out.push(Found {
            firm: true,
            ..soft("", "stated")
        }),
    }
}

/// What is said up to the end of the tag or of the JSON that it stands in.
fn enclosed(said: &str) -> &str {
    let said = said.split("</").next().unwrap_or(said);
    let closed = said.trim_end_matches(['}', ',', ' ']);
    let open = said.contains('{') || closed.is_empty();
    if open { said } else { closed.trim_matches('"') }
}

/// A whole number in words that is all that is said.
fn in_words(said: &str) -> Option<Found> {
    let said = said.trim_matches(|c: char| c.is_whitespace() || "*_\"“”".contains(c));
    let read = spelled(said).filter(|read| read.len == said.len() && read.value.fract() == 0.0)?;
    Some(soft(&read.value.to_string(), "stated"))
}

/// The first sentence or line.
fn sentence(text: &str) -> &str {
    let line = text.trim_start().lines().next().unwrap_or_default();
    let end = line.match_indices(['.', '!', '?']).find(|(at, sign)| {
        let next = after(line, at + sign.len());
        *sign != "!" && next.is_none_or(char::is_whitespace)
    });
    end.map_or(line, |(at, _)| &line[..at])
}

/// A number in prose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    Free(String),
    /// A part of something else, as in `3x`.
    Bound,
}

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"[-+−]?(?:\d(?:[\d,.'’\u{a0}\u{202f}]{0,60}\d)?|\.\d{1,60})(?:[ ]?/[ ]?\d{1,30})?(?:[ ]?(?:%|percent\b|pct\b))?",
    )
    .expect("the pattern is fixed and its tests compile it")
});

/// Every number in prose that is no part of a word.
fn numbers(text: &str) -> Vec<Number> {
    let found = NUMBER
        .find_iter(text)
        .filter_map(|found| number(text, found.start(), found.end()));
    found.collect()
}

fn number(text: &str, start: usize, end: usize) -> Option<Number> {
    let whole = &text[start..end];
    let signed = whole.starts_with(['-', '+', '−']);
    let previous = before(text, start);
    let next = after(text, end);
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let own_sign = previous.is_none_or(|c| c.is_whitespace() || "(:$€£*=".contains(c));
    if !signed && is_word(previous)
        || signed && is_word(previous) && previous.is_some_and(char::is_alphabetic)
    {
        return None;
    }
    let operator = |c: Option<char>| c.is_some_and(|c| "^/\\{}*×+=<>".contains(c) && c != '*');
    let denied = ["not", "n't", "n’t", "never"]
        .iter()
        .any(|word| text[..start].trim_end().ends_with(word));
    let nested = text[..start].ends_with("((") || text[end..].starts_with("))");
    if denied
        || nested
        || operator(next)
        || is_word(next)
        || previous.is_some_and(|c| "^/\\{+".contains(c))
        || signed && !own_sign
    {
        return Some(Number::Bound);
    }
    Some(Number::Free(whole.to_owned()))
}

/// The last number in prose, where it stands alone and no formula is in the text.
pub(super) fn last_number(text: &str) -> Option<Found> {
    let tail = tail(text);
    match numbers(tail).pop()? {
        Number::Free(number) => Some(soft(&number, "last number")),
        Number::Bound => None,
    }
}
