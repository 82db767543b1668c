//! What every scorer of a text reads the same way: which part of a reply is its answer.
//!
//! Parameters of each of them: `reasoning_marks` (`[["<x>", "</x>"]]`: further marks of reasoning, besides the known
//! ones of [`cleanbench_text::reasoning`]), `extract` (`{ after = "FINAL:" }`: what follows the last such mark is the answer;
//! `{ pattern = "…" }`: the first group of the last match is), and, where texts are compared, `normal_form` (true;
//! see [`crate::normal`]).
//!
//! It refuses wrong values before any call. Where the mark is absent, nothing is read.

use std::borrow::Cow;

use cleanbench_core::score::TOO_LONG;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::params::Params;
use cleanbench_text::reasoning::{Marks, Pair};
use cleanbench_text::scan::is_blank;

/// Why there is no answer where the mark before it is absent.
pub(crate) const NO_MARK: &str = "mark not found";

/// Bytes that the search for the last match of a pattern may go over.
const MOST_STEPS: usize = 1 << 30;

/// Most marks that a scorer may add.
const MOST_MARKS: usize = 32;

/// How a scorer finds the answer in a reply.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    marks: Marks,
    extract: Option<Extract>,
    /// Whether texts are compared in normal form.
    pub(crate) normal: bool,
}

/// What precedes the answer.
#[derive(Debug)]
enum Extract {
    After(String),
    Pattern(Regex),
}

impl Reading {
    /// The parameters that all scorers of texts have; `normal_form` only for those that compare texts.
    pub(crate) fn of(params: &mut Params<'_>, compares_texts: bool) -> Self {
        Self {
            marks: marks(params),
            extract: extract(params),
            normal: compares_texts && params.flag("normal_form", true),
        }
    }

    /// The answer in `reply`, in which something is visible.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn answer<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, &'static str> {
        let answer = self.marks.answer(reply)?;
        match &self.extract {
            None => Ok(answer),
            Some(extract) => {
                let found = extract.find(&answer)?;
                if is_blank(found) {
                    return Err("nothing follows the mark");
                }
                Ok(Cow::Owned(found.to_owned()))
            }
        }
    }
}

impl Extract {
    fn find<'a>(&self, answer: &'a str) -> Result<&'a str, &'static str> {
        match self {
            Self::After(mark) => {
                let at = answer.rfind(mark.as_str()).ok_or(NO_MARK)?;
                Ok(&answer[at + mark.len()..])
            }
            Self::Pattern(pattern) => last_match(pattern, answer),
        }
    }
}

/// The first group that took part in the last match in which any did.
fn last_match<'a>(pattern: &Regex, answer: &'a str) -> Result<&'a str, &'static str> {
    let mut steps = 0;
    let mut last = None;
    for captures in pattern.captures_iter(answer) {
        let start = captures.get(0).map_or(0, |whole| whole.start());
        steps += answer.len() - start;
        if steps > MOST_STEPS {
            return Err(TOO_LONG);
        }
        last = captures.iter().skip(1).flatten().next().or(last);
    }
    last.map(|found| found.as_str()).ok_or(NO_MARK)
}

fn marks(params: &mut Params<'_>) -> Marks {
    const NAME: &str = "reasoning_marks";
    let Some(value) = params.value(NAME) else {
        return Marks::default();
    };
    let pairs = value
        .as_array()
        .filter(|pairs| pairs.len() <= MOST_MARKS)
        .and_then(|pairs| pairs.iter().map(pair).collect());
    let marks = pairs.and_then(Marks::with);
    if marks.is_none() {
        let must =
            "must be a list of at most 32 pairs of texts that differ, as in [[\"<x>\", \"</x>\"]]";
        params.wrong(NAME, must, value);
    }
    marks.unwrap_or_default()
}

fn pair(value: &Value) -> Option<Pair> {
    let texts = value.as_array().filter(|texts| texts.len() == 2)?;
    let text = |at: usize| {
        texts[at]
            .as_str()
            .filter(|text| !is_blank(text) && text.len() <= 200)
    };
    let (begin, end) = (text(0)?.to_owned(), text(1)?.to_owned());
    (begin.to_lowercase() != end.to_lowercase()).then_some(Pair { begin, end })
}

fn extract(params: &mut Params<'_>) -> Option<Extract> {
    const NAME: &str = "extract";
    let value = params.value(NAME)?;
    let only = value.as_object().filter(|table| table.len() == 1);
    let text = |key: &str| {
        let text = only?.get(key)?.as_str()?;
        (!text.is_empty()).then_some(text)
    };
    match (text("after"), text("pattern")) {
        (Some(mark), _) => Some(Extract::After(mark.to_owned())),
        (None, Some(pattern)) => compiled(params, pattern),
        (None, None) => {
            let must = "must be { after = \"mark\" } or { pattern = \"pattern with a group\" }";
            params.wrong(NAME, must, value);
            None
        }
    }
}

fn compiled(params: &mut Params<'_>, pattern: &str) -> Option<Extract> {
    let built = RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 21)
        .build();
    match built {
        Ok(regex) if regex.captures_len() > 1 => Some(Extract::Pattern(regex)),
        Ok(_) => {
            let hint = "put what is the answer in parentheses, as in `FINAL: (.*)`".to_owned();
            params.fault(
                "extract",
                "the pattern of `extract` has no group".to_owned(),
                Some(hint),
            );
            None
        }
        Err(error) => {
            let text = error.to_string();
            let reason = text.lines().next_back().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            params.fault(
                "extract",
                format!("the pattern of `extract` is not valid: {reason}"),
                None,
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Expect::{Nothing, Right, Wrong};
    use crate::testing::{check, faulty, sample, spec};

    #[test]
    fn the_answer_follows_a_mark() {
        let after = spec("exact", json!({"extract": {"after": "FINAL:"}}));
        let pattern = spec("exact", json!({"extract": {"pattern": r"<<(\w+)>>"}}));
        for (spec, text, expect) in [
            (&after, "FINAL: a\nFINAL: b", Right("b")),
            (&after, "b", Nothing("mark not found")),
            (&after, "FINAL: ", Nothing("nothing follows the mark")),
            (&pattern, "<<a>> or <<b>>.", Right("b")),
            (&pattern, "<<b>> or <<a>>.", Wrong("a")),
            (&pattern, "b", Nothing("mark not found")),
            (&pattern, "<think><<a>></think>b", Nothing("mark not found")),
        ] {
            check(spec, &sample(json!("b"), &[]), text, expect);
        }
    }

    #[test]
    fn marks_and_forms() {
        let marked = spec("exact", json!({"reasoning_marks": [["<x>", "</x>"]]}));
        let target = sample(json!("b"), &[]);
        check(&marked, &target, "<x>a</x>b", Right("b"));
        check(
            &marked,
            &target,
            "<X>a",
            Nothing("reasoning that never ends"),
        );
        check(
            &marked,
            &target,
            "<think>a</think>",
            Nothing("nothing but reasoning"),
        );
        let own = spec("exact", json!({"normal_form": false}));
        check(&own, &sample(json!("it's"), &[]), "it’s", Wrong("it’s"));
        check(
            &spec("exact", json!({})),
            &sample(json!("it's"), &[]),
            "it’s",
            Right("it's"),
        );
        check(
            &spec("exact", json!({})),
            &sample(json!("it’s"), &[]),
            "it's",
            Right("it's"),
        );
    }

    #[test]
    fn parameters_that_are_refused() {
        for (params, name, reason) in [
            (json!({"extract": "FINAL"}), "extract", "must be { after"),
            (
                json!({"extract": {"before": "x"}}),
                "extract",
                "must be { after",
            ),
            (json!({"extract": {"pattern": "x"}}), "extract", "no group"),
            (
                json!({"extract": {"pattern": "("}}),
                "extract",
                "is not valid",
            ),
            (
                json!({"reasoning_marks": [["<x>"]]}),
                "reasoning_marks",
                "pairs of texts",
            ),
            (
                json!({"reasoning_marks": [["a", "A"]]}),
                "reasoning_marks",
                "that differ",
            ),
            (json!({"normal_form": 1}), "normal_form", "true or false"),
        ] {
            faulty(&spec("exact", params), name, reason);
        }
        faulty(
            &spec("bleu", json!({"normal_form": true})),
            "normal_form",
            "unknown",
        );
    }
}
