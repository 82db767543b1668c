//! Which scorers a task has: those of the log, and those of this program that its suite is judged by.
//!
//! Invariant: where a scorer of this program takes the place of one of the log and may judge otherwise, the task says so.

use std::collections::{BTreeMap, HashSet};

use cleanbench_core::ScorerSpec;
use serde_json::{Map, Value, json};

use crate::log::{Sample, Task};

/// Name of the scorer that takes the score of the log.
const RECORDED: &str = "recorded";

/// A scorer of this program with `params`, an object.
pub(crate) fn spec(kind: &str, params: Value) -> ScorerSpec {
    let params = match params {
        Value::Object(params) => params,
        _ => Map::new(),
    };
    ScorerSpec {
        kind: kind.to_owned(),
        params,
    }
}

/// What judges the answers of an imported run: the scores of its log, by name.
pub fn recorded(task: &Task) -> Vec<ScorerSpec> {
    let each = task.recorded.iter();
    let each = each.map(|name| spec(RECORDED, json!({"scorer": name})));
    let specs: Vec<_> = each.collect();
    if specs.is_empty() {
        vec![spec(RECORDED, Value::Null)]
    } else {
        specs
    }
}

/// A scorer of another harness, and what judges like it here.
struct Known {
    /// How the name of the harness begins.
    tool: &'static str,
    name: &'static str,
    kind: &'static str,
    params: fn(&Map<String, Value>) -> Value,
    /// In what the two differ; nothing where they judge alike.
    differs: &'static str,
}

const KNOWN: [Known; 8] = [
    Known {
        tool: "inspect_ai",
        name: "includes",
        kind: "contains",
        params: case_of,
        differs: "",
    },
    Known {
        tool: "inspect_ai",
        name: "match",
        kind: "contains",
        params: words_and_case_of,
        differs: "`match` wants the target at one place, by default at the end; `contains` takes it anywhere, as whole words",
    },
    Known {
        tool: "inspect_ai",
        name: "exact",
        kind: "exact",
        params: |_| json!({"normalize": ["case", "punctuation", "articles", "whitespace"]}),
        differs: "",
    },
    Known {
        tool: "inspect_ai",
        name: "f1",
        kind: "f1",
        params: |_| Value::Null,
        differs: "",
    },
    Known {
        tool: "HELM",
        name: "exact_match",
        kind: "exact",
        params: |_| Value::Null,
        differs: "",
    },
    Known {
        tool: "HELM",
        name: "quasi_exact_match",
        kind: "exact",
        params: |_| json!({"normalize": ["case", "punctuation", "articles", "whitespace"]}),
        differs: "",
    },
    Known {
        tool: "OpenAI evals",
        name: "includes",
        kind: "contains",
        params: |_| json!({"case": true}),
        differs: "",
    },
    Known {
        tool: "OpenAI evals",
        name: "match",
        kind: "contains",
        params: |_| json!({"case": true}),
        differs: "`match` accepts an answer that begins with an ideal one; `contains` accepts that anywhere",
    },
];

/// Inspect passes over the case of letters unless it is told not to.
fn case_of(options: &Map<String, Value>) -> Value {
    let ignored = options.get("ignore_case").and_then(Value::as_bool);
    match ignored {
        Some(false) => json!({"case": true}),
        _ => Value::Null,
    }
}

fn words_and_case_of(options: &Map<String, Value>) -> Value {
    let mut params = case_of(options);
    if params.is_null() {
        params = json!({});
    }
    params["words"] = Value::Bool(true);
    params
}

/// What judges the suite of `task`, of a log of `tool`, and what is said of it where the log's own scorer judges otherwise.
fn choose(task: &mut Task, tool: &str) {
    let fitting = fitting(&task.samples);
    let own = task.recorded.first();
    let known = own.and_then(|own| {
        let mut all = KNOWN.iter();
        all.find(|known| tool.starts_with(known.tool) && known.name == own)
    });
    // Options are read as options, and numbers as numbers unless the log compares them as texts too.
    let is_text = fitting.kind == "exact";
    let is_alike = |known: &&Known| fitting.kind == "numeric" && known.differs.is_empty();
    let known = known.filter(|known| is_text || is_alike(known));
    let chosen = known.map_or(fitting, |known| {
        spec(known.kind, (known.params)(&task.options))
    });
    task.replaced = own
        .filter(|_| chosen.kind != RECORDED && known.is_none_or(|known| !known.differs.is_empty()))
        .filter(|own| **own != chosen.kind || chosen.kind == "exact")
        .map(|own| {
            let why = known.map(|known| format!(": {}", known.differs));
            format!(
                "task `{}` is judged in the suite by `{}` in the place of the log's `{own}`, and its scores may differ{}",
                task.name,
                chosen.kind,
                why.unwrap_or_default()
            )
        });
    task.scorers = vec![chosen];
}

/// Leaves out what of the log's scorers cannot be a score of every answer, and chooses what judges the suites of a log
/// that `tool` wrote.
pub(crate) fn settle(tasks: &mut [Task], tool: &str) -> Vec<String> {
    let ranges = Range::of_all(tasks);
    let each = tasks.iter_mut().flat_map(|task| {
        let mut remarks = settle_recorded(task, &ranges);
        if task.scorers.is_empty() {
            choose(task, tool);
        } else {
            remarks.extend(drop_unanswerable(task));
        }
        remarks
    });
    each.collect()
}

/// The values of a scorer, in whichever task: one grade of 1 says nothing where others are 4 or 5.
#[derive(Default)]
struct Range {
    values: usize,
    outside: usize,
}

impl Range {
    fn of_all(tasks: &[Task]) -> BTreeMap<String, Self> {
        let mut ranges: BTreeMap<String, Self> = BTreeMap::new();
        let samples = tasks.iter().flat_map(|task| &task.samples);
        let answers = samples.flat_map(|sample| &sample.answers);
        for score in answers.flat_map(|answer| &answer.record.scores) {
            if !ranges.contains_key(&score.scorer) {
                ranges.insert(score.scorer.clone(), Self::default());
            }
            if let Some(range) = ranges.get_mut(&score.scorer) {
                range.values += 1;
                range.outside += usize::from(!(0.0..=1.0).contains(&score.value));
            }
        }
        ranges.retain(|_, range| range.outside > 0);
        ranges
    }
}

/// Chooses which scorers of the log a task keeps; the scores of the others are taken from its answers.
fn settle_recorded(task: &mut Task, ranges: &BTreeMap<String, Range>) -> Vec<String> {
    let recorded = std::mem::take(&mut task.recorded);
    let had_any = !recorded.is_empty();
    let mut remarks = Vec::new();
    for name in recorded {
        if let Some(Range { values, outside }) = ranges.get(&name) {
            remarks.push(format!(
                "task `{}`: the scores of `{name}` are left out: {outside} of {values} in the log are not from 0 to 1",
                task.name
            ));
            continue;
        }
        let standing = Standing::of(task, &name);
        if !task.recorded.is_empty() && standing.lacking > 0 {
            remarks.push(format!(
                "task `{}`: the scores of `{name}` are left out: {} of {} answers have none from 0 to 1",
                task.name, standing.lacking, standing.answers
            ));
            continue;
        }
        if standing.lacking > 0 {
            remarks.push(format!(
                "task `{}`: {} of {} answers have no score of `{name}` from 0 to 1; they stay without one",
                task.name, standing.lacking, standing.answers
            ));
        }
        task.recorded.push(name);
    }
    if had_any && task.recorded.is_empty() {
        remarks.push(format!(
            "task `{}`: none of its scorers is left, and its answers stay without a score",
            task.name
        ));
    }
    drop_others(task);
    remarks
}

/// Takes the scores of scorers that were left out from the answers, so that none of them is ever taken for another.
fn drop_others(task: &mut Task) {
    let kept: HashSet<&String> = task.recorded.iter().collect();
    let answers = task.samples.iter_mut();
    for answer in answers.flat_map(|sample| &mut sample.answers) {
        let scores = &mut answer.record.scores;
        scores.retain(|score| kept.contains(&score.scorer));
    }
}

/// Leaves out samples that the scorers of a suite cannot judge, because nothing is said to be right.
fn drop_unanswerable(task: &mut Task) -> Option<String> {
    let before = task.samples.len();
    task.samples
        .retain(|sample| is_text(sample) || is_texts(sample));
    let lost = before - task.samples.len();
    (lost > 0).then(|| {
        format!(
            "task `{}`: {lost} samples without a right answer are left out",
            task.name
        )
    })
}

/// How many answers a scorer of the log has judged.
#[derive(Default)]
struct Standing {
    answers: usize,
    lacking: usize,
}

impl Standing {
    fn of(task: &Task, name: &str) -> Self {
        let mut standing = Self::default();
        let answers = task.samples.iter().flat_map(|sample| &sample.answers);
        for answer in answers.filter(|answer| answer.record.error.is_none()) {
            let mut scores = answer.record.scores.iter();
            let score = scores.find(|score| score.scorer == name);
            let is_one = score.is_some_and(|score| (0.0..=1.0).contains(&score.value));
            standing.answers += 1;
            standing.lacking += usize::from(!is_one);
        }
        standing
    }
}

/// What fits the targets of `samples`; the scores of the log alone where there are no targets.
fn fitting(samples: &[Sample]) -> ScorerSpec {
    let all = |is: fn(&Sample) -> bool| samples.iter().all(is);
    let kind = if !all(|sample| sample.target.is_some()) {
        RECORDED
    } else if all(|sample| !sample.choices.is_empty() && is_text(sample)) {
        "choice"
    } else if all(|sample| !sample.choices.is_empty()) {
        "choices"
    } else if all(is_number) {
        "numeric"
    } else if all(|sample| is_text(sample) || is_texts(sample)) {
        "exact"
    } else {
        RECORDED
    };
    spec(kind, Value::Null)
}

fn is_text(sample: &Sample) -> bool {
    let target = sample.target.as_ref().and_then(Value::as_str);
    target.is_some_and(|target| !target.trim().is_empty())
}

fn is_texts(sample: &Sample) -> bool {
    let targets = sample.target.as_ref().and_then(Value::as_array);
    let is_one = |one: &Value| one.as_str().is_some_and(|text| !text.trim().is_empty());
    targets.is_some_and(|targets| !targets.is_empty() && targets.iter().all(is_one))
}

fn is_number(sample: &Sample) -> bool {
    match &sample.target {
        Some(Value::Number(_)) => true,
        Some(Value::String(text)) => is_plain_number(text.trim()),
        _ => false,
    }
}

/// Digits with a sign and a point at most.
fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits.len() <= 15 && digits.splitn(2, '.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scorer_of_the_log_is_replaced_by_one_that_judges_alike_or_it_is_said() {
        let both = |tool: &str, own: &str, options: Value, target: Value| {
            let mut task = Task {
                name: "t".to_owned(),
                recorded: vec![own.to_owned()],
                options: options.as_object().cloned().unwrap_or_default(),
                samples: vec![Sample {
                    target: Some(target),
                    ..Sample::default()
                }],
                ..Task::default()
            };
            choose(&mut task, tool);
            let scorer = task.scorers.remove(0);
            (scorer, task.replaced)
        };
        let inspect = "inspect_ai 0.3.1";
        for (tool, own, options, target, kind, params, is_told) in [
            (
                inspect,
                "match",
                json!({}),
                "Paris",
                "contains",
                json!({"words": true}),
                true,
            ),
            (
                inspect,
                "match",
                json!({"ignore_case": false}),
                "Paris",
                "contains",
                json!({"words": true, "case": true}),
                true,
            ),
            (inspect, "match", json!({}), "4", "numeric", json!({}), true),
            (
                inspect,
                "includes",
                json!({}),
                "4",
                "contains",
                json!({}),
                false,
            ),
            (
                inspect,
                "includes",
                json!({"ignore_case": false}),
                "a",
                "contains",
                json!({"case": true}),
                false,
            ),
            (
                inspect,
                "model_graded_qa",
                json!({}),
                "a",
                "exact",
                json!({}),
                true,
            ),
            (
                inspect,
                "exact",
                json!({}),
                "a",
                "exact",
                json!({"normalize": ["case", "punctuation", "articles", "whitespace"]}),
                false,
            ),
            (
                "HELM",
                "exact_match",
                json!({}),
                "a",
                "exact",
                json!({}),
                false,
            ),
            (
                "lm_eval 0.4",
                "exact_match,strict-match",
                json!({}),
                "a",
                "exact",
                json!({}),
                true,
            ),
        ] {
            let (scorer, told) = both(tool, own, options, json!(target));
            assert_eq!(
                (scorer.kind.as_str(), Value::Object(scorer.params)),
                (kind, params)
            );
            assert_eq!(told.is_some(), is_told, "{tool} {own}: {told:?}");
            assert!(told.is_none_or(|told| told.contains(own) && told.contains(kind)));
        }
    }

    #[test]
    fn what_judges_a_suite_fits_all_of_its_targets() {
        for (targets, expected) in [
            (vec![json!("3"), json!("-1.5"), json!(7)], "numeric"),
            (vec![json!("3"), json!("three")], "exact"),
            (vec![json!("a"), json!(["a", "b"])], "exact"),
            (vec![json!("a"), Value::Null], "recorded"),
            (vec![json!({"a": 1})], "recorded"),
        ] {
            let samples = targets.into_iter().map(|target| Sample {
                target: crate::gather::target(target),
                ..Sample::default()
            });
            let samples: Vec<_> = samples.collect();
            assert_eq!(fitting(&samples).kind, expected);
        }
    }
}
