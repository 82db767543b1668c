//! `exact`: the answer equals the target after a declared normalisation.
//!
//! Parameter `normalize`: a list of steps, by default `["trim"]`. Both sides go through the same
//! steps, always in the order of [`Step`], whatever the order in the list.
//!
//! It refuses targets that are empty, or become empty by the steps.

use cleanbench_core::{Sample, Score};

use crate::params::Params;
use crate::rule::Rule;
use crate::target;
use cleanbench_text::scan::{collapse, fold_case};

/// One step of the normalisation, in the order of application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// Unicode lower case.
    Case,
    /// Drops ASCII punctuation (all 32 signs, `$+<=>^|~` included) and the general punctuation of
    /// other scripts. It drops signs and decimal points of numbers too: use `numeric` for those.
    Punctuation,
    /// Drops the words a, an and the in any case, each with the white space after it.
    Articles,
    /// Makes every run of white space one space, and drops it at the ends.
    Whitespace,
    /// Drops white space at the ends.
    Trim,
}

const STEPS: &[(&str, Step)] = &[
    ("trim", Step::Trim),
    ("whitespace", Step::Whitespace),
    ("case", Step::Case),
    ("punctuation", Step::Punctuation),
    ("articles", Step::Articles),
];

/// Compares normalised texts.
#[derive(Debug)]
pub(crate) struct Exact {
    steps: Vec<Step>,
}

pub(crate) fn build(params: &mut Params<'_>) -> Exact {
    let mut steps = params.words("normalize", STEPS, &[Step::Trim]);
    steps.sort_unstable();
    Exact { steps }
}

impl Exact {
    fn normalise(&self, text: &str) -> String {
        self.steps
            .iter()
            .fold(text.to_owned(), |text, step| step.apply(&text))
    }
}

impl Step {
    fn apply(self, text: &str) -> String {
        match self {
            Self::Case => fold_case(text),
            Self::Punctuation => text.chars().filter(|&c| !is_punctuation(c)).collect(),
            Self::Articles => without_articles(text),
            Self::Whitespace => collapse(text),
            Self::Trim => text.trim().to_owned(),
        }
    }
}

fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation()
        || matches!(character,
            '¡' | '§' | '«' | '¶' | '·' | '»' | '¿'
            | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}'
            | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}'
            | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}'
            | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}')
}

fn without_articles(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .filter(|word| {
            let word = word.trim_end();
            !["a", "an", "the"]
                .iter()
                .any(|article| word.eq_ignore_ascii_case(article))
        })
        .collect()
}

impl Rule for Exact {
    const COMPARES_TEXTS: bool = true;

    fn version(&self) -> u32 {
        2
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        target::check_texts(sample)?;
        let mut answers = target::texts(sample).into_iter();
        match answers.find(|answer| self.normalise(answer).is_empty()) {
            Some(answer) => Err(format!(
                "nothing of the target {answer:?} is left by `normalize`"
            )),
            None => Ok(()),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let answer = self.normalise(text);
        let right = target::texts(sample)
            .iter()
            .any(|target| self.normalise(target) == answer);
        Score::verdict(right, answer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Expect::{self, Nothing, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    fn case(normalize: Value, target: Value, text: &str, expect: Expect) {
        let params = if normalize.is_null() {
            json!({})
        } else {
            Value::from_iter([("normalize", normalize)])
        };
        check(&spec("exact", params), &sample(target, &[]), text, expect);
    }

    #[test]
    fn cases() {
        let prose = json!(["articles", "trim", "case", "punctuation", "whitespace"]);
        case(json!(null), json!("Paris"), "  Paris\n", Right("Paris"));
        case(json!(null), json!("Paris"), "paris", Wrong("paris"));
        case(
            json!(null),
            json!("Paris"),
            " \u{feff} ",
            Nothing("empty completion"),
        );
        case(json!(null), json!("Paris"), "", Nothing("empty completion"));
        case(json!([]), json!("Paris"), "Paris ", Wrong("Paris "));
        case(json!(["case"]), json!("ÉTÉ"), "été", Right("été"));
        case(
            json!(["whitespace"]),
            json!("a b"),
            "a \n\u{a0}b ",
            Right("a b"),
        );
        case(json!(["trim"]), json!("a b"), "a  b", Wrong("a  b"));
        case(json!(["punctuation"]), json!("yes"), "«yes»…", Right("yes"));
        case(
            json!(["punctuation", "trim"]),
            json!("yes"),
            "...",
            Wrong(""),
        );
        case(
            json!(["articles"]),
            json!("in end"),
            "in the end",
            Right("in end"),
        );
        case(
            json!(["articles"]),
            json!("theme"),
            "A theme",
            Right("theme"),
        );
        case(
            prose.clone(),
            json!("The Beatles!"),
            "beatles",
            Right("beatles"),
        );
        case(
            prose.clone(),
            json!("cat on a mat"),
            "The cat, on  the mat.",
            Right("cat on mat"),
        );
        case(prose, json!("dog"), "a cat", Wrong("cat"));
        case(json!(null), json!(["yes", "y"]), "y", Right("y"));
        case(json!(null), json!(["yes", "y"]), "no", Wrong("no"));
        case(json!(null), json!(42), "42", Right("42"));
        case(json!(null), json!(true), "true", Right("true"));
        case(json!(null), json!([1, "one"]), "one", Right("one"));
    }

    #[test]
    fn the_order_in_the_list_does_not_matter() {
        for steps in [json!(["trim", "articles"]), json!(["articles", "trim"])] {
            case(steps, json!("end"), "end the ", Right("end"));
        }
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        let plain = spec("exact", json!({}));
        refused(&plain, &sample(json!(null), &[]), "no target");
        refused(&plain, &sample(json!([]), &[]), "empty list");
        refused(&plain, &sample(json!(" "), &[]), "empty text");
        refused(
            &plain,
            &sample(json!({"a": 1}), &[]),
            "no string, number or boolean",
        );
        let bare = spec("exact", json!({"normalize": ["punctuation"]}));
        refused(
            &bare,
            &sample(json!(["a", "?"]), &[]),
            "nothing of the target \"?\"",
        );
        faulty(
            &spec("exact", json!({"normalize": "trim"})),
            "normalize",
            "a list of words",
        );
        faulty(
            &spec("exact", json!({"normalize": ["tirm"]})),
            "normalize",
            "mean `trim`?",
        );
        faulty(
            &spec("exact", json!({"normalize": ["case", "case"]})),
            "normalize",
            "twice",
        );
        faulty(
            &spec("exact", json!({"normalise": ["case"]})),
            "normalise",
            "mean `normalize`?",
        );
    }
}
