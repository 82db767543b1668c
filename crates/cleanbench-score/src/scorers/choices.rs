//! `choices`: which of the sample's options the answer names, where several are right.
//!
//! Parameters: `score` (`"exact"`: 1 only for the right set; `"jaccard"`: those named and right over those
//! named or right; `"f1"`), `accept` (`"both"`, `"letter"`, `"text"`, as for `choice`).
//!
//! Looked for in this order: the whole answer is a list of options ("A, C", "ACD", "salt and pepper");
//! the last statement that leads such a list in ("the answers are A and C", "Answer: AC"); the lines
//! at the end that are such lists; any lines that are, by bullet, letter or text. A list names options only, in
//! any order, divided by commas, semicolons, slashes, ampersands or "and".
//!
//! It refuses to guess: an answer that names no option in these forms is not extracted, and a list with
//! something else in it is no list. The target is an option or a list of options.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cleanbench_core::{Sample, Score};
use regex::Regex;

use crate::params::Params;
use crate::rule::Rule;
use crate::scorers::choice::label::{Style, label_at};
use crate::scorers::choice::options::{Accept, NO_CHOICE, Options};
use crate::statement::statements;
use crate::target;
use crate::text::{is_blank, window};

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

fn read(text: &str, options: &Options) -> Option<Named> {
    listed(text, options)
        .or_else(|| stated(text, options))
        .or_else(|| {
            let lines = text.lines().rev().filter(|line| !is_blank(line));
            together_at_end(lines.map(|line| listed(line, options)))
        })
        .or_else(|| {
            let lines = text.lines().filter_map(|line| listed(line, options));
            let named: Named = lines.flatten().collect();
            (!named.is_empty()).then_some(named)
        })
}

/// What the lines name that end the text and are lists, as far up as they go.
fn together_at_end(lines: impl Iterator<Item = Option<Named>>) -> Option<Named> {
    let named: Named = lines.map_while(|line| line).flatten().collect();
    (!named.is_empty()).then_some(named)
}

/// What the last statement leads in. "The answers are" is a statement here too.
fn stated(text: &str, options: &Options) -> Option<Named> {
    static PLURAL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:answers|options|choices)(?:\s{1,4}are)?[\s*_]{0,4}(?:[:：]|\bare\b)[\s*_]{0,4}")
            .expect("the pattern is fixed and its tests compile it")
    });
    let mut places: Vec<(usize, bool)> = statements(text)
        .map(|found| (found.at, found.boxed))
        .chain(PLURAL.find_iter(text).map(|found| (found.end(), false)))
        .collect();
    places.sort_unstable();
    places.into_iter().rev().find_map(|(at, boxed)| {
        let reach = window(text, at, options.reach());
        let line = reach.lines().next().unwrap_or_default();
        let end = if boxed { '}' } else { '\n' };
        listed(line.split(end).next().unwrap_or(line), options)
    })
}

/// The options of which `text` is a list; `None` where anything else stands in it.
fn listed(text: &str, options: &Options) -> Option<Named> {
    if text.len() > options.reach() {
        return None;
    }
    if let Some(named) = together(text, options) {
        return Some(named);
    }
    let mut named = Named::new();
    let mut rest = after_joints(text);
    while !rest.is_empty() {
        let (position, after) = option_at_start(rest, options)?;
        named.insert(position);
        let next = after_joints(after);
        if next.len() == after.len() && !next.is_empty() {
            return None;
        }
        rest = next;
    }
    (!named.is_empty()).then_some(named)
}

/// Letters written as one word: "ACD".
fn together(text: &str, options: &Options) -> Option<Named> {
    let word = text.trim_matches(|c: char| !c.is_alphanumeric());
    let several = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    if !several || options.by_text(word).is_some() {
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

/// The option that begins `text`, by its text, or by its letter and possibly its text, and what follows.
fn option_at_start<'a>(text: &'a str, options: &Options) -> Option<(usize, &'a str)> {
    if let Some(found) = options.text_at_start(text) {
        return Some(found);
    }
    let mut letters = text.chars();
    if let (Some(letter), Some('、' | '；' | '和' | '与')) = (letters.next(), letters.next())
        && letter.is_ascii_alphabetic()
    {
        return Some((options.by_letter(letter).ok()?, &text[1..]));
    }
    let label = label_at(text, 0)?;
    let position = options.by_letter(label.letter).ok()?;
    let after = &text[label.end..];
    if !matches!(label.style, Style::Bracketed | Style::Punctuated) {
        return Some((position, after));
    }
    let own = after.trim_start_matches(|c: char| c.is_whitespace() || ".:)]*_-–—".contains(c));
    match options.text_at_start(own) {
        Some((same, after)) if same == position => Some((position, after)),
        _ => Some((position, after)),
    }
}

/// `text` after white space, decoration, bullets, and what joins the items of a list.
fn after_joints(text: &str) -> &str {
    const WORDS: [&str; 6] = ["and", "und", "both", "options", "option", "与"];
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| {
            c.is_whitespace() || "*_`\"'-•,;/&+、，；。.!)]}”“和".contains(c)
        });
        let word = WORDS.iter().find_map(|word| {
            let start = rest.get(..word.len())?;
            let after = &rest[word.len()..];
            let ends = after.is_empty() || after.starts_with([' ', ':', '\n']);
            (ends && start.eq_ignore_ascii_case(word)).then_some(after)
        });
        match word {
            Some(after) => rest = after,
            None => return rest,
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
    fn version(&self) -> u32 {
        1
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
        let Some(named) = read(text, &Options::of(sample, self.accept)) else {
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
