//! Which scorers a task has: those of the log, and those of this program that its suite is judged by.

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

/// Leaves out what of the log's scorers cannot be a score of every answer, and chooses what judges the suites.
pub(crate) fn settle(tasks: &mut [Task]) -> Vec<String> {
    let ranges = Range::of_all(tasks);
    let each = tasks.iter_mut().flat_map(|task| {
        let mut remarks = settle_recorded(task, &ranges);
        if task.scorers.is_empty() {
            task.scorers = vec![fitting(&task.samples)];
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
