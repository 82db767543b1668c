//! `choice`: which of the sample's options the answer names, by letter or by text.
//!
//! Parameter `accept`: `"both"`, `"letter"` or `"text"`. The forms, tried in this order:
//!
//! 1. The whole answer is an option: its text, its letter (`B`, `b`, `(B)`, `B.`, `**B**`,
//!    "Option B"), or its letter and its own text.
//! 2. The answer says so (see [`crate::statement`]): "the answer is B", "Answer: billing",
//!    `\boxed{B}`. The last statement that names an option counts.
//! 3. The answer opens with a letter that is set off (`B) text`, `B. text`, `**B** text`, "B because",
//!    "B is correct"), and no other line opens with another one. A lower-case letter counts here in brackets only.
//! 4. One option stands on a line of its own, by letter or text, and no other does.
//! 5. One option's text occurs as whole words, and no other does. Text inside that of a longer option
//!    does not count ("network" in "network hardware"), nor text right after "not".
//!
//! Texts are compared without case, quotes, emphasis and punctuation at the end. A letter is no label
//! where it reads as an article, a pronoun or a part of something longer ([`label`]).
//! It refuses to guess: several options, a letter beyond the options, and a letter whose text belongs
//! to another option are not extracted.

pub(in crate::scorers) mod label;
pub(in crate::scorers) mod options;

use cleanbench_core::{Sample, Score};

use self::label::{Label, Style, is_joined, label_at};
use self::options::{Accept, BEYOND, DISAGREE, NO_CHOICE, Options, Reading, SEVERAL};
use crate::params::Params;
use crate::rule::Rule;
use crate::statement::{Statement, statements};
use crate::target;
use crate::text::window;

/// Reads multiple-choice answers.
#[derive(Debug)]
pub(crate) struct Choice {
    accept: Accept,
}

pub(crate) fn build(params: &mut Params<'_>) -> Choice {
    let words = [
        ("both", Accept::Both),
        ("letter", Accept::Letter),
        ("text", Accept::Text),
    ];
    Choice {
        accept: params.word("accept", &words),
    }
}

fn read(text: &str, options: &Options) -> Reading {
    whole(text, options)
        .or_else(|| stated(text, options))
        .or_else(|| opening(text, options))
        .or_else(|| own_line(text, options))
        .unwrap_or_else(|| options.by_occurrence(text))
}

/// Form 1, also used on single lines.
fn whole(text: &str, options: &Options) -> Option<Reading> {
    let text = text.trim();
    let is_letter = || label_at(text, 0).filter(|label| is_rest_empty(&text[label.end..]));
    if let Some(label) = is_letter() {
        return Some(options.by_letter(label.letter));
    }
    options.by_text(text).or_else(|| {
        let label = label_at(text, 0).filter(|label| label.style != Style::Bare)?;
        let named = options.by_letter(label.letter).ok()?;
        let own = options.by_text(after_label(text, &label))?;
        (own == Ok(named)).then_some(own)
    })
}

fn is_rest_empty(rest: &str) -> bool {
    rest.chars()
        .all(|c| c.is_whitespace() || ".:,;!?*_`\"'$})]。".contains(c))
}

/// What follows a label, without what sets it off.
fn after_label<'a>(text: &'a str, label: &Label) -> &'a str {
    text[label.end..].trim_start_matches([' ', '\t', '.', ':', ')', ']', '-', '–', '—', '*', '_'])
}

/// Form 2.
fn stated(text: &str, options: &Options) -> Option<Reading> {
    let found: Vec<Statement> = statements(text).collect();
    found
        .into_iter()
        .rev()
        .find_map(|statement| read_statement(text, statement, options))
}

fn read_statement(text: &str, statement: Statement, options: &Options) -> Option<Reading> {
    let line = rest_of_line(text, statement.at, options);
    let line = if statement.boxed {
        line.split('}').next().unwrap_or(line)
    } else {
        line
    };
    if line.trim().chars().nth(1).is_some()
        && let Some(reading) = text_at_start(line, options)
    {
        return Some(reading);
    }
    let label = label_at(text, statement.at)?;
    Some(read_label(text, &label, options))
}

/// The rest of the line from `at` on, as far as an option could reach. Bounded, so that a text of
/// nothing but statements takes linear time.
fn rest_of_line<'a>(text: &'a str, at: usize, options: &Options) -> &'a str {
    let reach = window(text, at, 2 * options.longest() + 64);
    reach.lines().next().unwrap_or_default()
}

/// The option that a line consists of, or its first sentence or clause.
fn text_at_start(line: &str, options: &Options) -> Option<Reading> {
    let whole = options.by_text(line);
    whole.or_else(|| {
        [". ", ", ", "; ", " because ", " since ", " ("]
            .iter()
            .filter_map(|end| line.split_once(end))
            .find_map(|(clause, _)| {
                let is_letter = clause.trim().chars().nth(1).is_none();
                (!is_letter).then(|| options.by_text(clause)).flatten()
            })
    })
}

/// What a label names, if it stands alone and no other option's text follows it.
fn read_label(text: &str, label: &Label, options: &Options) -> Reading {
    if is_joined(text, label.end) {
        return Err(SEVERAL);
    }
    let named = options.by_letter(label.letter)?;
    let line = rest_of_line(text, label.end, options);
    let from = Label { end: 0, ..*label };
    match options.by_text(after_label(line, &from)) {
        Some(Ok(other)) if !options.same(other, named) => Err(DISAGREE),
        _ => Ok(named),
    }
}

/// Form 3.
fn opening(text: &str, options: &Options) -> Option<Reading> {
    let text = text.trim_start();
    let label = label_at(text, 0).filter(opens)?;
    if options.begins(rest_of_line(text, 0, options)) || lists_others(text, label.letter) {
        return None;
    }
    match read_label(text, &label, options) {
        // "J. Smith says" with four options is a name; "J) all of them" is a letter.
        Err(BEYOND | NO_CHOICE) if label.style != Style::Bracketed => None,
        Err(NO_CHOICE) => None,
        reading => Some(reading),
    }
}

fn opens(label: &Label) -> bool {
    match label.style {
        Style::Bracketed => true,
        Style::Bare => false,
        _ => label.letter.is_ascii_uppercase(),
    }
}

/// Whether another line opens with another letter, as where the options are repeated.
fn lists_others(text: &str, letter: char) -> bool {
    text.lines().skip(1).any(|line| {
        label_at(line, 0).is_some_and(|label| {
            matches!(label.style, Style::Bracketed | Style::Punctuated) && label.letter != letter
        })
    })
}

/// Form 4.
fn own_line(text: &str, options: &Options) -> Option<Reading> {
    let mut named: Option<usize> = None;
    for position in text.lines().filter_map(|line| whole(line, options)?.ok()) {
        match named {
            Some(other) if !options.same(other, position) => return Some(Err(SEVERAL)),
            _ => named = Some(position),
        }
    }
    named.map(Ok)
}

impl Rule for Choice {
    fn version(&self) -> u32 {
        1
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        let choices = &sample.choices;
        if choices.len() < 2 {
            return Err("the sample needs at least two choices".to_owned());
        }
        if let Some(position) = choices.iter().position(|choice| choice.trim().is_empty()) {
            return Err(format!("choice {} is empty", position + 1));
        }
        if self.accept == Accept::Letter && choices.len() > 26 {
            return Err(format!(
                "{} choices are more than there are letters",
                choices.len()
            ));
        }
        let target = target::required(sample)?;
        match target::text_of(target) {
            Some(text) if choices.contains(&text) => Ok(()),
            _ => Err(format!("the target {target} is not one of the choices")),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        match read(text, &Options::of(sample, self.accept)) {
            Ok(position) => {
                let named = &sample.choices[position];
                let target = sample.target.as_ref().and_then(target::text_of);
                Score::verdict(target.as_ref() == Some(named), named)
            }
            Err(reason) => Score::not_extracted(reason),
        }
    }
}

#[cfg(test)]
mod tests;
