//! `regex`: what a pattern captures equals the target, or the pattern merely matches.
//!
//! Parameters: `pattern` (required), `group` (number or name; by default group 1 if the pattern has
//! one, else the whole match), `compare` (`"target"`, or `"match"`, which needs no target), `case`
//! (upper and lower case differ, in the pattern and in the comparison; true).
//!
//! The leftmost match counts. The captured text and the targets are compared without white space at
//! the ends. It refuses patterns that are invalid, or compile to more than 1 MiB; matching is linear
//! in the length of the answer, because look-around and back references do not exist here.

use cleanbench_core::{Sample, Score};
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::params::Params;
use crate::rule::Rule;
use crate::suggest::closest;
use crate::target;
use crate::text::fold_case;

/// What is done with a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Target,
    Match,
}

/// Matches a pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    group: usize,
    compare: Compare,
    case: bool,
}

pub(crate) fn build(params: &mut Params<'_>) -> Option<Pattern> {
    let case = params.flag("case", true);
    let compare = params.word(
        "compare",
        &[("target", Compare::Target), ("match", Compare::Match)],
    );
    let group = params.value("group");
    let pattern = params.required_text("pattern")?;
    let regex = compile(params, pattern, case)?;
    let group = match group {
        None => Some(usize::from(regex.captures_len() > 1)),
        Some(group) => group_of(params, &regex, group),
    }?;
    Some(Pattern {
        regex,
        group,
        compare,
        case,
    })
}

fn compile(params: &mut Params<'_>, pattern: &str, case: bool) -> Option<Regex> {
    let compiled = RegexBuilder::new(pattern)
        .case_insensitive(!case)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 21)
        .build();
    compiled
        .map_err(|error| {
            let hint = match error {
                regex::Error::CompiledTooBig(_) => "make counted repetitions smaller",
                _ => "look-around and back references are not supported",
            };
            params.fault(
                "pattern",
                format!("`pattern` is not valid: {}", reason(&error)),
                Some(hint.to_owned()),
            );
        })
        .ok()
}

/// The library's own message draws the pattern over several lines; the last one says what is wrong.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().next_back().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

fn group_of(params: &mut Params<'_>, regex: &Regex, group: &Value) -> Option<usize> {
    let found = match group {
        Value::String(name) => regex.capture_names().position(|known| known == Some(name)),
        other => other
            .as_u64()
            .and_then(|index| usize::try_from(index).ok())
            .filter(|index| *index < regex.captures_len()),
    };
    if found.is_none() {
        let known = regex.capture_names().flatten();
        let near = group.as_str().and_then(|name| closest(name, known));
        params.fault(
            "group",
            format!("`pattern` has no group {group}"),
            Some(match near {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("its groups are 0 to {}", regex.captures_len() - 1),
            }),
        );
    }
    found
}

impl Pattern {
    fn equal(&self, answer: &str, target: &str) -> bool {
        let target = target.trim();
        if self.case {
            answer == target
        } else {
            fold_case(answer) == fold_case(target)
        }
    }
}

impl Rule for Pattern {
    fn version(&self) -> u32 {
        1
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        match self.compare {
            Compare::Match => Ok(()),
            Compare::Target => target::check_texts(sample),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let captures = self.regex.captures(text);
        let group = captures.as_ref().and_then(|found| found.get(self.group));
        let answer = group.map(|found| found.as_str().trim());
        match (self.compare, answer) {
            (Compare::Match, Some(answer)) => Score::verdict(true, answer),
            (Compare::Match, None) => Score::verdict(false, text.trim()),
            (Compare::Target, None) => Score::not_extracted("the pattern did not match"),
            (Compare::Target, Some(answer)) => {
                let targets = target::texts(sample);
                let right = targets.iter().any(|target| self.equal(answer, target));
                Score::verdict(right, answer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Expect::{self, Nothing, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    fn case(params: Value, target: Value, text: &str, expect: Expect) {
        check(&spec("regex", params), &sample(target, &[]), text, expect);
    }

    #[test]
    fn cases() {
        let tag = r"<a>(.*?)</a>";
        case(
            json!({"pattern": tag}),
            json!("x"),
            "so <a> x </a>",
            Right("x"),
        );
        case(
            json!({"pattern": tag}),
            json!("x"),
            "so <a>y</a>",
            Wrong("y"),
        );
        case(
            json!({"pattern": tag}),
            json!("x"),
            "so x",
            Nothing("the pattern did not match"),
        );
        case(
            json!({"pattern": tag}),
            json!("x"),
            "",
            Nothing("empty completion"),
        );
        case(
            json!({"pattern": tag, "group": 0}),
            json!("<a>x</a>"),
            "<a>x</a>",
            Right("<a>x</a>"),
        );
        case(
            json!({"pattern": r"\d+"}),
            json!(7),
            "it is 7 or 8",
            Right("7"),
        );
        case(
            json!({"pattern": r"\d+"}),
            json!(["8", "9"]),
            "it is 7 or 8",
            Wrong("7"),
        );
        let named = r"(?<key>\w+)=(?<value>\w+)";
        case(json!({"pattern": named}), json!("k"), "k=v", Right("k"));
        case(
            json!({"pattern": named, "group": "value"}),
            json!("v"),
            "k=v",
            Right("v"),
        );
        case(
            json!({"pattern": named, "group": 2}),
            json!("V"),
            "k=v",
            Wrong("v"),
        );
        case(
            json!({"pattern": "YES|no", "case": false}),
            json!("yes"),
            "Yes",
            Right("Yes"),
        );
        case(
            json!({"pattern": "YES|no"}),
            json!("yes"),
            "Yes",
            Nothing("the pattern did not match"),
        );
        case(
            json!({"pattern": "a(b)?c"}),
            json!("b"),
            "ac",
            Nothing("the pattern did not match"),
        );
    }

    #[test]
    fn a_mere_match_needs_no_target() {
        let matches = json!({"pattern": r"^\d{3}$", "compare": "match"});
        case(matches.clone(), json!(null), "123", Right("123"));
        case(matches.clone(), json!(null), "1234 ", Wrong("1234"));
        case(matches, json!(null), " ", Nothing("empty completion"));
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        refused(
            &spec("regex", json!({"pattern": "a"})),
            &sample(json!(null), &[]),
            "no target",
        );
        faulty(&spec("regex", json!({})), "pattern", "`pattern` is missing");
        faulty(
            &spec("regex", json!({"pattern": 3})),
            "pattern",
            "must be a string",
        );
        faulty(
            &spec("regex", json!({"pattern": "(a"})),
            "pattern",
            "unclosed group",
        );
        faulty(
            &spec("regex", json!({"pattern": "(?=a)"})),
            "pattern",
            "look-around",
        );
        faulty(
            &spec("regex", json!({"pattern": r"(\w{1000}){1000}"})),
            "pattern",
            "smaller",
        );
        faulty(
            &spec("regex", json!({"pattern": "(a)", "group": 2})),
            "group",
            "0 to 1",
        );
        let misspelt = json!({"pattern": "(?<value>a)", "group": "valeu"});
        faulty(&spec("regex", misspelt), "group", "mean `value`?");
        let unknown = json!({"pattern": "a", "compare": "equals"});
        faulty(
            &spec("regex", unknown),
            "compare",
            "knows `target`, `match`",
        );
    }
}
