//! `regex`: what a pattern captures equals the target, or the pattern merely matches.
//!
//! Parameters: `pattern` (required), `group` (number or name; by default group 1 if the pattern has
//! one, else the whole match), `compare` (`"target"`; `"match"`, which needs no target; or `"groups"`: each
//! named group against the field of that name in the target, an object, where the value is the share of
//! equal ones and each is a part), `case` (upper and lower case differ, in the pattern and in the
//! comparison; true).
//!
//! The leftmost match counts. The captured text and the targets are compared without white space at
//! the ends. It refuses patterns that are invalid, or compile to more than 1 MiB; matching is linear
//! in the length of the answer, because look-around and back references do not exist here; where a large pattern
//! could take more than [`MOST_STEPS`] steps, nothing is extracted.

use cleanbench_core::score::{TOO_LONG, linear_work};
use cleanbench_core::{Sample, Score};
use cleanbench_text::closest;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::params::Params;
use crate::rule::Rule;
use crate::schema_work::states;
use crate::target;
use cleanbench_text::scan::fold_case;

/// States of a pattern times bytes of an answer, a second's work or so where all of them are met.
const MOST_STEPS: u64 = 4_000_000_000;

/// What is done with a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Target,
    Match,
    Groups,
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
        &[
            ("target", Compare::Target),
            ("match", Compare::Match),
            ("groups", Compare::Groups),
        ],
    );
    let group = params.value("group");
    let pattern = params.required_text("pattern")?;
    let regex = compile(params, pattern, case)?;
    if compare == Compare::Groups {
        check_groups(params, &regex, group);
    }
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

/// Comparing groups takes named ones, and all of them.
fn check_groups(params: &mut Params<'_>, regex: &Regex, group: Option<&Value>) {
    if regex.capture_names().flatten().next().is_none() {
        let message = "`compare = \"groups\"` needs a pattern with named groups".to_owned();
        let hint = "name a group by `(?<name>…)`".to_owned();
        params.fault("pattern", message, Some(hint));
    }
    if group.is_some() {
        let message = "`group` chooses one group, and `compare = \"groups\"` takes all".to_owned();
        params.fault("group", message, None);
    }
}

impl Pattern {
    /// Steps of a search in which every state of the pattern is met at every character.
    fn states_met(&self, text: &str) -> u64 {
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        states(self.regex.as_str()).saturating_mul(bytes)
    }

    /// Each named group that the target has a field for, with whether both are equal.
    fn groups(&self, sample: &Sample, captures: &regex::Captures<'_>) -> Vec<(String, f64)> {
        let fields = sample.target.as_ref().and_then(Value::as_object);
        let names = self.regex.capture_names().flatten();
        names
            .filter_map(|name| {
                let expected = target::text_of(fields?.get(name)?)?;
                let found = captures.name(name);
                let equal = found.is_some_and(|found| self.equal(found.as_str().trim(), &expected));
                Some((name.to_owned(), f64::from(u8::from(equal))))
            })
            .collect()
    }

    fn judge_groups(&self, sample: &Sample, text: &str) -> Score {
        let Some(captures) = self.regex.captures(text) else {
            return Score::not_extracted("the pattern did not match");
        };
        let parts = self.groups(sample, &captures);
        let sum: f64 = parts.iter().map(|(_, equal)| equal).sum();
        let count = u32::try_from(parts.len()).unwrap_or(u32::MAX).max(1);
        Score {
            value: sum / f64::from(count),
            parts,
            ..Score::verdict(false, captures[0].trim())
        }
    }

    /// The target of groups: an object whose every key is a group and every value a scalar.
    fn check_fields(&self, sample: &Sample) -> Result<(), String> {
        let target = target::required(sample)?;
        let Some(fields) = target.as_object().filter(|fields| !fields.is_empty()) else {
            return Err(format!(
                "the target must be a JSON object with a field for a group, not {target}"
            ));
        };
        let known = |name: &String| {
            self.regex
                .capture_names()
                .flatten()
                .any(|group| group == name)
        };
        if let Some(name) = fields.keys().find(|name| !known(name)) {
            return Err(format!(
                "`pattern` has no group for the target's field `{name}`"
            ));
        }
        match fields
            .iter()
            .find(|(_, value)| target::text_of(value).is_none())
        {
            Some((name, _)) => Err(format!(
                "the target's field `{name}` is no text, number or boolean"
            )),
            None => Ok(()),
        }
    }

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
        2
    }

    fn work(&self, sample: &Sample, text: &str) -> u64 {
        let _ = sample;
        linear_work(text.len()).saturating_add(self.states_met(text) / 4)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        match self.compare {
            Compare::Match => Ok(()),
            Compare::Target => target::check_texts(sample),
            Compare::Groups => self.check_fields(sample),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        if self.states_met(text) > MOST_STEPS {
            return Score::not_extracted(TOO_LONG);
        }
        if self.compare == Compare::Groups {
            return self.judge_groups(sample, text);
        }
        let captures = self.regex.captures(text);
        let group = captures.as_ref().and_then(|found| found.get(self.group));
        let answer = group.map(|found| found.as_str().trim());
        match (self.compare, answer) {
            (Compare::Match, Some(answer)) => Score::verdict(true, answer),
            (Compare::Match, None) => Score::verdict(false, text.trim()),
            (_, None) => Score::not_extracted("the pattern did not match"),
            (_, Some(answer)) => {
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
    use crate::testing::Expect::{self, Nothing, Part, Right, Wrong};
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
    fn named_groups_against_fields() {
        let groups = json!({"pattern": r"(?<day>\d+)\.(?<month>\w+)(?: (?<year>\d+))?", "compare": "groups", "case": false});
        let target = json!({"day": 3, "month": "May", "year": "2026"});
        case(
            groups.clone(),
            target.clone(),
            "on 3.may 2026!",
            Right("3.may 2026"),
        );
        case(
            groups.clone(),
            target.clone(),
            "on 3.May",
            Part(2.0 / 3.0, "3.May"),
        );
        case(groups.clone(), target.clone(), "on 4.June", Wrong("4.June"));
        case(groups.clone(), json!({"day": 3}), "3.June", Right("3.June"));
        case(
            groups.clone(),
            target,
            "in May",
            Nothing("the pattern did not match"),
        );
        let scored = spec("regex", groups.clone());
        refused(&scored, &sample(json!("3"), &[]), "a JSON object");
        refused(
            &scored,
            &sample(json!({"hour": 3}), &[]),
            "no group for the target's field `hour`",
        );
        refused(&scored, &sample(json!({"day": [3]}), &[]), "is no text");
        let unnamed = json!({"pattern": "(a)", "compare": "groups"});
        faulty(&spec("regex", unnamed), "pattern", "named groups");
        let one = json!({"pattern": "(?<a>a)", "compare": "groups", "group": 1});
        faulty(&spec("regex", one), "group", "takes all");
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
            "knows `target`, `match`, `groups`",
        );
    }
}
