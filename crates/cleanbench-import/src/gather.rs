//! Puts what is read together: one task of a name, one sample of an id, one answer of a model and repeat.
//!
//! Invariants: a sample that two files have is one only if it asks the same in both; an answer never takes the place
//! of another; names become such as a suite may have, and no two the same. Refused: more repeats than a run may have,
//! a sample that is two.

use std::collections::{BTreeMap, HashMap};

use cleanbench_core::Form;
use cleanbench_core::history::MOST_EPOCHS;
use cleanbench_model::imported::ImportedAnswer;
use serde_json::Value;

use crate::choices::{self, Named};
use crate::error::ImportError;
use crate::log::{Answer, Imported, Model, Sample, Task};
use crate::source::Source;
use crate::stated::{Claim, compare};
use crate::{json, scorers};

/// Longest name that a suite takes, in bytes.
const LONGEST_NAME: usize = 100;
/// Most tasks, and most models.
const MOST_NAMED: usize = 1_000;
/// Most scorers of a task that are taken, and most means that are stated of one.
const MOST_OF_TASK: usize = 100;
/// Most bytes of questions and answers: what a file says once may be meant many times.
const MOST_BYTES: usize = 512 << 20;
/// Most bytes of the free fields of a sample.
const MOST_METADATA: usize = 1 << 20;
/// What a message, a score or a call of a tool takes up besides its texts.
const PART: usize = 128;
/// Most choices, and most right answers, of a sample.
const MOST_PARTS: usize = 20_000;
/// Most scores of an answer.
const MOST_SCORES: usize = 1_000;
const SCORES_LEFT_OUT: &str =
    "answer with more than a thousand scores, of which the others are left out";
const METADATA_LEFT_OUT: &str =
    "sample whose free fields are larger than a megabyte, and are left out";
const UNANSWERED: &str = "answer that the log does not have; it is missing and no 0";
const SCORERS_LEFT_OUT: &str =
    "score of a scorer beyond the hundredth of a task, which is left out";
const CLAIMS_LEFT_OUT: &str =
    "result beyond the hundredth that is stated of a task, which is not compared";

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    imported: Imported,
    /// Position of each task by the log's own name of it.
    tasks: HashMap<String, usize>,
    /// Position of each sample by its task and id.
    samples: HashMap<(usize, String), usize>,
    /// Position of each answer among those of its sample.
    answers: HashMap<At, usize>,
    /// Position of each model by its name.
    models: HashMap<String, usize>,
    /// In which form the targets of each task name options.
    named: HashMap<usize, Named>,
    /// Which scorer of a task has a name for its score.
    score_names: HashMap<(usize, String), String>,
    claims: Vec<Claim>,
    /// How many means are stated of each task.
    claimed: HashMap<String, usize>,
    /// Bytes of questions and answers.
    bytes: usize,
    /// Whether there were more tasks or models than are taken.
    is_full: bool,
    /// How often each remark was made.
    remarks: BTreeMap<&'static str, u64>,
}

/// Where an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct At {
    pub(crate) task: usize,
    pub(crate) sample: usize,
    pub(crate) model: usize,
    pub(crate) epoch: u32,
}

impl Gathering {
    /// Notes which harness wrote the log, and in which format. The first word holds.
    pub(crate) fn written_by(&mut self, tool: &str, format: &str) {
        if self.imported.tool.is_empty() {
            tool.clone_into(&mut self.imported.tool);
            format.clone_into(&mut self.imported.format);
        }
    }

    /// Notes the name of the suite. The first one of which anything is left holds.
    pub(crate) fn called(&mut self, name: &str) {
        if self.imported.name.is_empty() {
            self.imported.name = plain(name, "");
        }
    }

    /// The task that the log calls `name`.
    pub(crate) fn task(&mut self, name: &str) -> usize {
        if let Some(known) = self.tasks.get(name) {
            return *known;
        }
        let position = self.imported.tasks.len();
        if position >= MOST_NAMED {
            self.is_full = true;
            return position - 1;
        }
        let wanted = plain(name, "task");
        let others = &self.imported.tasks;
        let is_free = |wanted: &String| !others.iter().any(|task| task.name == *wanted);
        let numbered = (2_u64..).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        let name_here = names.find(is_free).unwrap_or(wanted);
        if name_here != name {
            let what = format!("task `{name}` of the log is called `{name_here}` here");
            self.imported.cannot_tell.push(what);
        }
        self.imported.tasks.push(Task {
            name: name_here,
            ..Task::default()
        });
        self.tasks.insert(name.to_owned(), position);
        position
    }

    /// The name that the task at `position` has here.
    pub(crate) fn task_name(&self, position: usize) -> &str {
        &self.imported.tasks[position].name
    }

    /// The task at `position`.
    pub(crate) fn task_mut(&mut self, position: usize) -> &mut Task {
        &mut self.imported.tasks[position]
    }

    /// The model that the log calls `name`, which was asked in `form`.
    pub(crate) fn model(&mut self, name: &str, form: Form) -> usize {
        let name = if name.trim().is_empty() {
            "unnamed"
        } else {
            name
        };
        if let Some(known) = self.models.get(name) {
            return *known;
        }
        let models = &mut self.imported.models;
        if models.len() >= MOST_NAMED {
            self.is_full = true;
            return models.len() - 1;
        }
        models.push(Model {
            name: name.to_owned(),
            form,
        });
        self.models.insert(name.to_owned(), models.len() - 1);
        models.len() - 1
    }

    /// The name of the model at `position`.
    pub(crate) fn model_name(&self, position: usize) -> &str {
        &self.imported.models[position].name
    }

    /// Notes in which form the targets of the task at `task` name options.
    pub(crate) fn targets_are(&mut self, task: usize, named: Named) {
        self.named.insert(task, named);
    }

    /// What the score that `scorer` calls `name` is called in the task at `task`: the same for all of its samples, and
    /// no two scorers alike.
    pub(crate) fn score_name(&mut self, task: usize, scorer: &str, name: &str) -> String {
        let own = self.score_names.entry((task, name.to_owned()));
        if own.or_insert_with(|| scorer.to_owned()) == scorer {
            return name.to_owned();
        }
        format!("{scorer}/{name}")
    }

    /// Notes that the log has scores of `scorer` for the task at `task`; the first one is the one that it reports.
    pub(crate) fn scored_by(&mut self, task: usize, scorer: &str) {
        let known = &mut self.imported.tasks[task].recorded;
        if known.iter().any(|one| one == scorer) {
            return;
        }
        if known.len() < MOST_OF_TASK {
            known.push(scorer.to_owned());
        } else {
            self.remark(SCORERS_LEFT_OUT);
        }
    }

    /// Counts `bytes` more.
    fn weigh(&mut self, bytes: usize, place: &str) -> Result<(), ImportError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= MOST_BYTES {
            return Ok(());
        }
        let what = format!(
            "questions and answers of more than {} MiB",
            MOST_BYTES >> 20
        );
        Err(ImportError::damaged(place, what).hint("import fewer logs at a time"))
    }

    /// The sample of the task at `task` that is like `sample`, which `place` has.
    ///
    /// # Errors
    /// When another one has its id.
    pub(crate) fn sample(
        &mut self,
        task: usize,
        mut sample: Sample,
        place: &str,
    ) -> Result<usize, ImportError> {
        if sample.metadata.values().map(json::weight).sum::<usize>() > MOST_METADATA {
            sample.metadata.clear();
            self.remark(METADATA_LEFT_OUT);
        }
        if has_too_many_parts(&sample) {
            let what = format!(
                "sample `{}` has more than {MOST_PARTS} choices or right answers",
                json::shown(&sample.id)
            );
            return Err(ImportError::damaged(place, what));
        }
        self.weigh(weight_of_sample(&sample), place)?;
        let samples = &mut self.imported.tasks[task].samples;
        if sample.id.trim().is_empty() {
            sample.id = format!("sample-{}", samples.len() + 1);
        }
        let key = (task, sample.id.clone());
        if let Some(&known) = self.samples.get(&key) {
            if let Some(how) = otherwise(&samples[known], &sample) {
                return Err(two_samples(place, &sample.id, how));
            }
            complete(&mut samples[known], sample);
            return Ok(known);
        }
        self.samples.insert(key, samples.len());
        samples.push(sample);
        Ok(samples.len() - 1)
    }

    /// Puts down an answer that `place` has. A record without text, reasoning, tools and error is none, whatever score
    /// the log gives it.
    ///
    /// # Errors
    /// When there is one of the model already, or its repeat is none that a run may have.
    pub(crate) fn answer(
        &mut self,
        at: At,
        mut record: ImportedAnswer,
        place: &str,
    ) -> Result<(), ImportError> {
        if record.scores.len() > MOST_SCORES {
            // Of a task a hundred scorers are taken.
            record.scores.truncate(MOST_SCORES);
            record.scores.shrink_to_fit();
            self.remark(SCORES_LEFT_OUT);
        }
        let At { task, sample, .. } = at;
        let weight = weight_of_answer(&record);
        let sample = &mut self.imported.tasks[task].samples[sample];
        if at.epoch == 0 || at.epoch > MOST_EPOCHS {
            let what = format!(
                "epoch {} of sample `{}` is not from 1 to {MOST_EPOCHS}",
                at.epoch, sample.id
            );
            return Err(ImportError::damaged(place, what));
        }
        if self.answers.contains_key(&at) {
            let what = format!(
                "model `{}` has answered sample `{}` in epoch {} twice",
                self.imported.models[at.model].name, sample.id, at.epoch
            );
            return Err(ImportError::refused(place, what).hint(
                "of two logs import one at a time, each becomes a run of its own; of one log leave one of the answers out",
            ));
        }
        if is_empty(&record) {
            self.remark(UNANSWERED);
            return Ok(());
        }
        self.answers.insert(at, sample.answers.len());
        sample.answers.push(Answer {
            model: at.model,
            epoch: at.epoch,
            record,
        });
        self.weigh(weight, place)
    }

    /// The record of an answer that was put down already, if it was.
    pub(crate) fn answered(&mut self, at: At) -> Option<&mut ImportedAnswer> {
        let position = *self.answers.get(&at)?;
        let sample = &mut self.imported.tasks[at.task].samples[at.sample];
        sample
            .answers
            .get_mut(position)
            .map(|answer| &mut answer.record)
    }

    /// Why the answer at `at`, which one log has twice, is refused.
    pub(crate) fn twice(&self, at: At, place: &str) -> ImportError {
        let sample = &self.imported.tasks[at.task].samples[at.sample].id;
        let model = &self.imported.models[at.model].name;
        let what = format!("model `{model}` has answered sample `{sample}` twice");
        ImportError::refused(place, what)
            .hint("leave one of them out; the log does not say which of them holds")
    }

    /// Puts down what the log states otherwise than its samples have it.
    pub(crate) fn difference(&mut self, what: String) {
        if !self.imported.differences.contains(&what) {
            self.imported.differences.push(what);
        }
    }

    /// Makes a remark about one more sample or answer.
    pub(crate) fn remark(&mut self, what: &'static str) {
        *self.remarks.entry(what).or_default() += 1;
    }

    /// Says once what the log does not tell.
    pub(crate) fn cannot_tell(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.imported.cannot_tell.contains(&what) {
            self.imported.cannot_tell.push(what);
        }
    }

    /// Puts down a mean that the log states.
    pub(crate) fn claim(&mut self, claim: Claim) {
        let claimed = self.claimed.entry(claim.task.clone()).or_default();
        *claimed += 1;
        if *claimed <= MOST_OF_TASK {
            self.claims.push(claim);
        } else {
            self.remark(CLAIMS_LEFT_OUT);
        }
    }

    /// Notes which files were read.
    pub(crate) fn read(&mut self, source: &Source) {
        self.imported.sources.extend(source.sources());
    }

    /// What it all comes to.
    ///
    /// # Errors
    /// When there is no sample in it.
    pub(crate) fn finish(mut self, place: &str) -> Result<Imported, ImportError> {
        if self.is_full {
            let what = format!("more than {MOST_NAMED} tasks or models");
            return Err(ImportError::refused(place, what).hint("import fewer logs at a time"));
        }
        let imported = &mut self.imported;
        // What is stated of a scorer that is left out is compared all the same.
        compare(&std::mem::take(&mut self.claims), imported);
        for (position, task) in imported.tasks.iter_mut().enumerate() {
            let named = self.named.get(&position).copied().unwrap_or_default();
            imported.cannot_tell.extend(choices::settle(task, named));
        }
        let remarks = scorers::settle(&mut imported.tasks, &imported.tool);
        imported.cannot_tell.extend(remarks);
        imported.tasks.retain(|task| !task.samples.is_empty());
        if imported.tasks.is_empty() {
            return Err(ImportError::refused(place, "there is no sample in it"));
        }
        for (what, count) in &self.remarks {
            imported.cannot_tell.push(format!("{count} × {what}"));
        }
        if imported.name.is_empty() {
            imported.name = suite_name(imported);
        }
        Ok(self.imported)
    }
}

fn is_empty(record: &ImportedAnswer) -> bool {
    let texts = [&record.text, &record.reasoning, &record.error];
    texts.iter().all(|text| text.is_none()) && record.tool_calls.is_empty()
}

/// Whether a sample has more to choose from, or to be right, than any real one.
fn has_too_many_parts(sample: &Sample) -> bool {
    let right = sample.target.as_ref().and_then(Value::as_array);
    sample.choices.len().max(right.map_or(0, Vec::len)) > MOST_PARTS
}

/// Bytes that a sample takes up in memory, roughly.
fn weight_of_sample(sample: &Sample) -> usize {
    let said = sample
        .messages
        .iter()
        .map(|message| message.content.len() + PART);
    let chosen = sample.choices.iter().map(|choice| choice.len() + PART);
    let free = sample.metadata.values().map(json::weight);
    let right = sample.target.iter().map(json::weight);
    let parts = said.chain(chosen).chain(free).chain(right);
    parts.fold(PART, usize::saturating_add)
}

/// The same of an answer.
fn weight_of_answer(record: &ImportedAnswer) -> usize {
    let texts = [&record.text, &record.reasoning, &record.error]
        .into_iter()
        .flatten();
    let scores = record.scores.iter().map(|score| score.scorer.len() + PART);
    let calls = record
        .tool_calls
        .iter()
        .map(|call| call.arguments.len() + PART);
    let parts = texts.map(String::len).chain(scores).chain(calls);
    parts.fold(PART, usize::saturating_add)
}

/// A name for the suite: that of its only task, else that of the harness.
fn suite_name(imported: &Imported) -> String {
    let tool = imported.tool.split(' ').next().unwrap_or_default();
    match imported.tasks.as_slice() {
        [only] => only.name.clone(),
        _ => plain(tool, "imported"),
    }
}

/// In what `new` is another sample than `known`. What only one of them has is no difference.
fn otherwise(known: &Sample, new: &Sample) -> Option<&'static str> {
    let has_both = known.target.is_some() && new.target.is_some();
    let may_choose = !known.choices.is_empty() && !new.choices.is_empty();
    if known.messages != new.messages {
        Some("asks something else than")
    } else if may_choose && known.choices != new.choices {
        Some("has other choices than")
    } else if has_both && known.target != new.target {
        Some("has another right answer than")
    } else {
        None
    }
}

/// Adds to `known` what only `new` says of the same sample: the log of a failed answer may lack it.
fn complete(known: &mut Sample, new: Sample) {
    if known.target.is_none() {
        known.target = new.target;
    }
}

fn two_samples(place: &str, id: &str, how: &str) -> ImportError {
    let what = format!("sample `{id}` {how} the sample of that id before it");
    ImportError::refused(place, what)
        .hint("import one of the logs at a time; each becomes a run of its own")
}

/// `name` as a suite takes it: letters, digits, `-`, `_` and `.`; `otherwise` where nothing is left of it.
pub(crate) fn plain(name: &str, otherwise: &str) -> String {
    let mut plain = String::new();
    for c in name.chars() {
        let is_kept = c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
        let c = if is_kept { c } else { '-' };
        if plain.len() + c.len_utf8() > LONGEST_NAME - 10 {
            break;
        }
        if !(plain.is_empty() && !c.is_alphanumeric() || c == '-' && plain.ends_with('-')) {
            plain.push(c);
        }
    }
    let plain = plain.trim_end_matches(['-', '.']);
    if plain.is_empty() { otherwise } else { plain }.to_owned()
}

/// A target as a suite may have it: none where the log has none or an empty text.
pub(crate) fn target(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Array(mut items) if items.len() == 1 => items.pop().and_then(target),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_such_as_a_suite_takes() {
        for (name, expected) in [
            ("arc_easy", "arc_easy"),
            ("inspect_evals/arc_easy", "inspect_evals-arc_easy"),
            ("mmlu:subject=law,model=x", "mmlu-subject-law-model-x"),
            ("...", "task"),
            ("", "task"),
            ("Übung 1", "Übung-1"),
            ("\u{202e}x\n", "x"),
        ] {
            assert_eq!(plain(name, "task"), expected, "{name:?}");
        }
        assert!(plain(&"a".repeat(1000), "task").len() <= LONGEST_NAME);
    }

    #[test]
    fn tasks_that_would_be_called_alike_are_told_apart() {
        let mut gathering = Gathering::default();
        let tasks = ["a/b", "a:b", "a/b"].map(|name| gathering.task(name));
        assert_eq!(tasks, [0, 1, 0]);
        assert_eq!(gathering.task_name(1), "a-b-2");
    }
}
