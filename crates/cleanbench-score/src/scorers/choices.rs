//! `choices`: which of the sample's options the answer names, where several are right.
//!
//! Parameters: `score` (`"exact"`: 1 only for the right set; `"jaccard"`: those named and right over those
//! named or right; `"f1"`), `accept` (`"both"`, `"letter"`, `"text"`, as for `choice`).
//!
//! The rules, in this order: "whole answer": it is a list of options ("A, C", "ACD", "A-C", "salt and pepper", one
//! on each line, "all of the above"); "json": a JSON list; "boxed", "tag", "stated": the last statement that leads
//! such a list in ("the answers are A and C"); "verdict": each option was judged; "concluded": "so A and C"; "last
//! line": the lines at the end that are such lists; "lines": any lines that are. A list names options only, in any
//! order, divided by commas, semicolons, slashes, "and" or "or"; each option on its own line is the question again.
//!
//! It refuses to guess: an answer that names no option in these forms is not extracted, and a list with
//! something else in it is no list. The target is an option or a list of options.

use std::collections::BTreeSet;

use cleanbench_core::{Sample, Score};
use serde_json::Value;

use crate::find_json::find_value;
use crate::languages::{joint, refutes};
use crate::params::Params;
use crate::rule::{Rule, WHOLE};
use crate::scorers::choice::label::Style;
use crate::scorers::choice::options::{Accept, NO_CHOICE, Options, undecorated};
use crate::scorers::choice::verdicts;
use crate::statement::{Kind, found, leads};
use crate::target;
use cleanbench_text::scan::{is_blank, window};

/// Bytes at the end of an answer in which lines are looked at one by one.
const FAR: usize = 1 << 15;

/// What is made of the two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Exact,
    Jaccard,
    F1,
}

/// Reads multiple-choice answers with several right options.
#[derive(Debug)]
pub(crate) struct Choices {
    accept: Accept,
    measure: Measure,
}

pub(crate) fn build(params: &mut Params<'_>) -> Choices {
    let accept = [
        ("both", Accept::Both),
        ("letter", Accept::Letter),
        ("text", Accept::Text),
    ];
    let measures = [
        ("exact", Measure::Exact),
        ("jaccard", Measure::Jaccard),
        ("f1", Measure::F1),
    ];
    Choices {
        accept: params.word("accept", &accept),
        measure: params.word("score", &measures),
    }
}

/// Positions of options.
type Named = BTreeSet<usize>;

/// What was read, and the rule by which it was.
type Read = Option<(Named, &'static str)>;

fn read(text: &str, options: &Options) -> Read {
    let end = &text[text.ceil_char_boundary(text.len().saturating_sub(FAR))..];
    let by = |rule| move |named| (named, rule);
    listed(text, options)
        .map(by(WHOLE))
        .or_else(|| in_json(text, options).map(by("json")))
        .or_else(|| stated(text, options))
        .or_else(|| judged(end, options).map(by("verdict")))
        .or_else(|| concluded(end, options).map(by("concluded")))
        .or_else(|| at_end(end, options).map(by("last line")))
        .or_else(|| any_line(end, options).map(by("lines")))
}

/// What the lines name that end the text and are lists, as far up as they go.
fn at_end(text: &str, options: &Options) -> Option<Named> {
    let lines = text.lines().rev().filter(|line| !is_blank(line));
    let lists: Vec<Named> = lines.map_while(|line| listed(line, options)).collect();
    let named: Named = lists.iter().flatten().copied().collect();
    let echo = lists.len() == options.count() && named.len() == options.count();
    (!named.is_empty() && !echo).then_some(named)
}

/// What any lines name that are lists, if not each option has its own.
fn any_line(text: &str, options: &Options) -> Option<Named> {
    let lists: Vec<Named> = text
        .lines()
        .filter_map(|line| listed(line, options))
        .collect();
    let named: Named = lists.iter().flatten().copied().collect();
    (!named.is_empty() && named.len() < options.count()).then_some(named)
}

/// The list in a JSON value: the whole of it, or under a key.
fn in_json(text: &str, options: &Options) -> Option<Named> {
    if text.len() > FAR || !text.contains(['{', '[']) || text.contains("\\boxed") {
        return None;
    }
    let value = find_value(text)?;
    let value = match &value {
        Value::Object(object) => {
            object
                .iter()
                .find(|(key, _)| {
                    let key = key.to_lowercase();
                    ["answer", "choice", "option", "selected", "correct", "label"]
                        .iter()
                        .any(|name| key.starts_with(name))
                })
                .or_else(|| object.iter().next().filter(|_| object.len() == 1))?
                .1
        }
        other => other,
    };
    match value {
        Value::Array(items) => {
            let each = items
                .iter()
                .map(|item| listed(&target::text_of(item)?, options));
            let named: Option<Vec<Named>> = each.collect();
            let named: Named = named?.into_iter().flatten().collect();
            (!named.is_empty()).then_some(named)
        }
        other => listed(&target::text_of(other)?, options),
    }
}

/// What the last statement leads in. "The answers are" is a statement here too.
fn stated(text: &str, options: &Options) -> Read {
    found(text).into_iter().rev().find_map(|found| {
        let rule = match found.kind {
            Kind::Boxed => "boxed",
            Kind::Tag => "tag",
            Kind::Stated | Kind::Plural => "stated",
            Kind::Denied | Kind::Lead | Kind::Disowned => return None,
        };
        let reach = window(text, found.at, options.reach());
        let named = match found.kind {
            Kind::Boxed => listed(in_braces(reach), options),
            Kind::Tag => listed(reach.split(['<']).next().unwrap_or(reach), options),
            _ => lines_from(reach, options),
        };
        Some((named?, rule))
    })
}

/// What stands before the closing brace of `text`.
fn in_braces(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return &text[..at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    text
}

/// The list with which `text` begins, over lines as long as they go on with it.
fn lines_from(text: &str, options: &Options) -> Option<Named> {
    let mut lines = text.lines();
    let mut named = listed(lines.next()?, options)?;
    for line in lines {
        match listed(line, options) {
            Some(more) => named.extend(more),
            None => break,
        }
    }
    Some(named)
}

/// The options that are found right where each is judged.
fn judged(text: &str, options: &Options) -> Option<Named> {
    let judged = verdicts(text, options);
    let right: Named = judged
        .iter()
        .filter(|(_, right)| *right)
        .map(|(named, _)| *named)
        .collect();
    (judged.len() > 1 && !right.is_empty() && right.len() < judged.len()).then_some(right)
}

/// What the last conclusion leads in.
fn concluded(text: &str, options: &Options) -> Option<Named> {
    leads(text).into_iter().rev().find_map(|found| {
        let line = text[found.at..].lines().next().unwrap_or_default();
        listed(line, options)
    })
}

/// The options of which `text` is a list, on one line or several; `None` where anything else stands in it.
fn listed(text: &str, options: &Options) -> Option<Named> {
    let text = text.trim();
    if text.len() > options.reach() {
        return None;
    }
    if !text.contains('\n') {
        return on_line(text, options);
    }
    let lines: Vec<&str> = text.lines().filter(|line| !is_blank(line)).collect();
    let lists: Option<Vec<Named>> = lines.iter().map(|line| on_line(line, options)).collect();
    let lists = lists?;
    let named: Named = lists.iter().flatten().copied().collect();
    // Each option on a line of its own is the question again.
    let echo = lists.len() == options.count() && named.len() == options.count();
    (!named.is_empty() && !echo).then_some(named)
}

/// The options that a line names, after a bullet or a number.
fn on_line(line: &str, options: &Options) -> Option<Named> {
    let line = line.trim();
    let bullet = without_bullet(line);
    bullet
        .and_then(|rest| names(rest, options))
        .or_else(|| names(line, options))
}

fn without_bullet(line: &str) -> Option<&str> {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = line.len() - digits.len();
    let rest = if (1..3).contains(&numbered) {
        digits.strip_prefix(['.', ')'])?
    } else {
        line.strip_prefix(['-', '*', '•', '–', '✓', '✔', '✅'])?
    };
    rest.starts_with([' ', '\t'])
        .then(|| rest.trim_start())
        .filter(|rest| !rest.is_empty())
}

/// The options in a list on one line.
fn names(text: &str, options: &Options) -> Option<Named> {
    let text = in_brackets(text.trim());
    if let Some(named) = together(text, options)
        .or_else(|| range(text, options))
        .or_else(|| all(text, options))
    {
        return Some(named);
    }
    let mut named = Named::new();
    let mut rest = after_joints(text);
    while !rest.is_empty() {
        let (position, after) = option_at_start(rest, options)?;
        if refutes(window(after, 0, 64)) {
            return None;
        }
        named.insert(position);
        let next = after_joints(after);
        if ends_list(next) && option_at_start(next, options).is_none() {
            break;
        }
        if next.len() == after.len() && !next.is_empty() {
            return None;
        }
        rest = next;
    }
    (!named.is_empty()).then_some(named)
}

/// Whether a list is over and a reason or a verdict follows.
fn ends_list(rest: &str) -> bool {
    const WORDS: [&str; 14] = [
        "because ",
        "since ",
        "are correct",
        "are right",
        "are the ",
        "is correct",
        "as they",
        "weil ",
        "car ",
        "porque ",
        "perché ",
        "sind richtig",
        "sont correct",
        "(",
    ];
    WORDS.iter().any(|word| rest.starts_with(word))
}

/// What stands in brackets that hold a list.
fn in_brackets(text: &str) -> &str {
    let pairs = [('{', '}'), ('[', ']'), ('(', ')'), ('【', '】'), ('$', '$')];
    let inner = pairs.iter().find_map(|(open, close)| {
        let inner = text
            .trim_end_matches('.')
            .strip_prefix(*open)?
            .strip_suffix(*close)?;
        (inner.contains([',', ';', '、', ' ']) && !inner.contains([*open, *close])).then_some(inner)
    });
    inner.unwrap_or(text)
}

/// Letters written as one word: "ACD".
fn together(text: &str, options: &Options) -> Option<Named> {
    let word = text.trim_matches(|c: char| !c.is_alphanumeric());
    let several = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    if !several || options.by_text(word).is_some() || options.count() > 26 {
        return None;
    }
    let mut named = Named::new();
    for letter in word.chars() {
        if !named.insert(options.by_letter(letter).ok()?) {
            return None;
        }
    }
    Some(named)
}

/// A run of letters: "A-C", "A to C".
fn range(text: &str, options: &Options) -> Option<Named> {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    let first = text.chars().next().filter(char::is_ascii_uppercase)?;
    let last = text.chars().next_back().filter(char::is_ascii_uppercase)?;
    let between = text.get(1..text.len().checked_sub(1)?)?.trim();
    if !["-", "–", "to", "through", "bis", "à", "~"].contains(&between) || first >= last {
        return None;
    }
    (first..=last)
        .map(|letter| options.by_letter(letter).ok())
        .collect()
}

/// Every option, where the answer says so.
fn all(text: &str, options: &Options) -> Option<Named> {
    const PHRASES: [&str; 18] = [
        "all of the above",
        "all of them",
        "all options",
        "all of these",
        "all the above",
        "all four",
        "alle",
        "alle genannten",
        "alle antworten",
        "toutes",
        "toutes les réponses",
        "todas las anteriores",
        "todas",
        "tutte",
        "以上都是",
        "以上皆是",
        "以上全部",
        "全部",
    ];
    let bare = undecorated(text).to_lowercase();
    let bare = bare.trim_end_matches(" are correct");
    PHRASES
        .contains(&bare)
        .then(|| (0..options.count()).collect())
}

/// The option that begins `text`, by its text, or by its label and possibly its text, and what follows.
fn option_at_start<'a>(text: &'a str, options: &Options) -> Option<(usize, &'a str)> {
    if let Some(found) = options.text_at_start(text) {
        return Some(found);
    }
    let label = options.label_at(text, 0)?;
    let position = options.by_label(&label).ok()?;
    let after = &text[label.end..];
    if label.style == Style::Bare && label.name.is_small() && after.starts_with(' ') {
        return None;
    }
    let own = after.trim_start_matches(|c: char| c.is_whitespace() || ".:)]*_-–—(：".contains(c));
    match options.text_at_start(own) {
        Some((same, after)) if same == position => Some((position, after)),
        _ => Some((position, after)),
    }
}

/// `text` after white space, decoration, bullets, and what joins the items of a list.
fn after_joints(text: &str) -> &str {
    const WORDS: [&str; 12] = [
        "both",
        "options",
        "option",
        "only",
        "choices",
        "so",
        "thus",
        "therefore",
        "also",
        "letters",
        "as well as",
        "sowie",
    ];
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| {
            c.is_whitespace() || "*_`\"'-•,;/&+、，；。.!)]}”“|∧∨$".contains(c)
        });
        let word = WORDS.iter().find_map(|word| {
            let start = rest.get(..word.len())?;
            let after = &rest[word.len()..];
            let ends = after.is_empty() || after.starts_with([' ', ':', '\n', '.', ',']);
            (ends && start.eq_ignore_ascii_case(word)).then_some(after)
        });
        match word {
            Some(after) => rest = after,
            None => match joint(rest) {
                0 => return rest,
                length => {
                    let at = rest.floor_char_boundary(length);
                    let opens = rest[..at].ends_with(['(', '[']);
                    rest = &rest[at - usize::from(opens)..];
                }
            },
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "samples have few choices")]
fn value(measure: Measure, named: &Named, right: &Named) -> f64 {
    let both = named.intersection(right).count() as f64;
    match measure {
        Measure::Exact => f64::from(u8::from(named == right)),
        Measure::Jaccard => both / named.union(right).count() as f64,
        Measure::F1 => 2.0 * both / (named.len() + right.len()) as f64,
    }
}

/// Positions of the right options.
fn right(sample: &Sample) -> Named {
    let texts = target::texts(sample);
    let position = |text: &String| sample.choices.iter().position(|choice| choice == text);
    texts.iter().filter_map(position).collect()
}

impl Rule for Choices {
    const COMPARES_TEXTS: bool = true;

    fn version(&self) -> u32 {
        3
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        if sample.choices.len() < 2 {
            return Err("the sample needs at least two choices".to_owned());
        }
        target::check_texts(sample)?;
        let texts = target::texts(sample);
        match texts.iter().find(|text| !sample.choices.contains(text)) {
            Some(text) => Err(format!("the target {text:?} is not one of the choices")),
            None if right(sample).len() < texts.len() => {
                Err("the target names a choice twice".to_owned())
            }
            None => Ok(()),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let options = Options::of(sample, self.accept);
        let read = read(&options.plain(text), &options);
        let Some((named, rule)) = read else {
            return Score::not_extracted(NO_CHOICE);
        };
        let texts: Vec<&str> = named
            .iter()
            .map(|position| sample.choices[*position].as_str())
            .collect();
        Score::share(
            value(self.measure, &named, &right(sample)),
            texts.join("; "),
        )
        .by(rule)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Expect::{self, Nothing, Part, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    const OPTIONS: [&str; 4] = ["salt", "salt and pepper", "Öl", "water, cold"];

    fn case(params: Value, target: Value, text: &str, expect: Expect) {
        check(
            &spec("choices", params),
            &sample(target, &OPTIONS),
            text,
            expect,
        );
    }

    #[test]
    fn forms_of_an_answer() {
        let target = json!(["salt", "Öl"]);
        for text in [
            "A, C",
            "AC",
            "(A) and (C)",
            "A and C.",
            "salt, öl",
            "A) salt\nC) Öl",
            "- salt\n- Öl",
            "The answers are A and C.",
            "Thinking of B first.\nAnswer: **A, C**",
            "so \\boxed{A, C}",
            "I would take these:\nA. salt\nC. Öl",
            "Options A & C",
            "A、C。",
        ] {
            case(json!({}), target.clone(), text, Right("salt; Öl"));
        }
        case(
            json!({}),
            json!(["salt and pepper", "water, cold"]),
            "salt and pepper and water, cold",
            Right("salt and pepper; water, cold"),
        );
        case(json!({}), json!("salt"), "A", Right("salt"));
        case(json!({}), target.clone(), "A", Wrong("salt"));
        for text in ["A good one", "E, F", "none of them", "AEC", "A, perhaps C"] {
            case(json!({}), target.clone(), text, Nothing("no choice named"));
        }
        case(json!({}), target, "", Nothing("empty completion"));
    }

    #[test]
    fn shares() {
        let target = json!(["salt", "Öl"]);
        case(
            json!({"score": "jaccard"}),
            target.clone(),
            "A, B",
            Part(1.0 / 3.0, "salt; salt and pepper"),
        );
        case(
            json!({"score": "f1"}),
            target.clone(),
            "A",
            Part(2.0 / 3.0, "salt"),
        );
        case(
            json!({"accept": "text"}),
            target.clone(),
            "A, C",
            Nothing("no choice named"),
        );
        case(
            json!({"accept": "letter"}),
            target,
            "salt, Öl",
            Nothing("no choice named"),
        );
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        let plain = spec("choices", json!({}));
        refused(
            &plain,
            &sample(json!(["a"]), &["a"]),
            "at least two choices",
        );
        refused(
            &plain,
            &sample(json!(["a", "x"]), &["a", "b"]),
            "not one of the choices",
        );
        refused(&plain, &sample(json!(["a", "a"]), &["a", "b"]), "twice");
        faulty(
            &spec("choices", json!({"score": "share"})),
            "score",
            "`jaccard`",
        );
    }
}
