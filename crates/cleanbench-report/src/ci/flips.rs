//! Samples whose score is another than in the baseline, for `summary.md`: the first thing to look at when
//! a gate fails.
//!
//! A sample is the same where the model saw the same, whatever became of its target since. Samples that
//! only one side has, or has an answer to, are no flips.
//!
//! Memory: the baseline's items, and at most [`MOST_FLIPS`] flips a model and task; what is beyond is
//! counted.

use std::collections::HashMap;

use cleanbench_core::{Digest, GateMode, Sensitivity};
use cleanbench_ledger::Plan;
use cleanbench_ledger::manifest::TaskPlan;

use crate::gates::{BASELINE_FOLDER, Side, counterpart};
use crate::items::{Filling, Item, ItemTable, ItemsError};
use crate::reduce::reduce;
use crate::rows::{Answer, Row};
use crate::{Recording, ReportError, cell};

/// Most flips that are told of a model at a task, each way.
const MOST_FLIPS: usize = 200;

/// A sample whose score changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Flip {
    pub(super) sample: String,
    pub(super) before: f64,
    pub(super) now: f64,
    /// Both answers, where everybody may see them.
    pub(super) answers: Option<[String; 2]>,
}

/// The flips of one model at one task.
#[derive(Debug, Default)]
pub(super) struct Flips {
    pub(super) worse: Vec<Flip>,
    pub(super) better: Vec<Flip>,
    /// All of them, told or not.
    pub(super) count: [u64; 2],
    /// Samples with an answer on both sides.
    pub(super) pairs: u64,
}

/// Compares rows, which come in plan order, with the baseline.
#[derive(Debug)]
pub(crate) struct Comparer {
    base: ItemTable,
    /// The partner of each model and task that has one.
    partners: HashMap<(usize, usize), Partner>,
    sample: Option<Sample>,
    pub(super) flips: HashMap<(usize, usize), Flips>,
}

/// A model and a task of the baseline.
#[derive(Debug)]
struct Partner {
    model: usize,
    task: usize,
    /// Positions of the samples that have not found a partner yet, by what the model saw.
    left: HashMap<Digest, Vec<usize>>,
}

/// A sample of the run over its epochs.
#[derive(Debug)]
struct Sample {
    at: (usize, usize),
    line: u64,
    name: String,
    input: Digest,
    scores: Vec<f64>,
    answer: String,
}

impl Comparer {
    /// Ready for the rows of `recording`; `None` for a run without a baseline.
    ///
    /// # Errors
    /// When the copy of the baseline is damaged.
    pub(crate) fn new(recording: &Recording) -> Result<Option<Self>, ReportError> {
        let plan = &recording.manifest.plan;
        let Some(baseline) = &plan.baseline else {
            return Ok(None);
        };
        let base = ItemTable::of_files(&recording.run.file(BASELINE_FOLDER));
        let base = base.map_err(|error| match error {
            ItemsError::Report(error) => error,
            other => ReportError::Plan(format!("baseline: {other}")),
        })?;
        let mut partners = HashMap::new();
        for model in 0..plan.models.len() {
            for (task, _) in tasks(plan) {
                let place = (model, task);
                let partner = partner(&base, plan, place, baseline.model.as_deref());
                partners.extend(partner.map(|partner| (place, partner)));
            }
        }
        Ok(Some(Self {
            base,
            partners,
            sample: None,
            flips: HashMap::new(),
        }))
    }

    /// Takes in the next row.
    pub(crate) fn add(&mut self, plan: &Plan, row: &Row) {
        if row.quarantined || row.place.batch != 0 {
            return;
        }
        let at = (row.place.model as usize, row.task);
        let is_new = self
            .sample
            .as_ref()
            .is_none_or(|sample| sample.at != at || sample.line != row.place.sample);
        if is_new {
            self.close(plan);
            self.sample = self.partners.contains_key(&at).then(|| Sample::of(at, row));
        }
        if let (Some(sample), Some(score)) = (&mut self.sample, row.scores.first()) {
            sample.scores.push(score.value);
        }
    }

    /// Ends the sample under way.
    pub(crate) fn close(&mut self, plan: &Plan) {
        let Some(sample) = self.sample.take() else {
            return;
        };
        let task = &plan.tasks[sample.at.1];
        let Some(partner) = self.partners.get_mut(&sample.at) else {
            return;
        };
        let left = partner.left.get_mut(&sample.input);
        let Some(position) = left.filter(|left| !left.is_empty()) else {
            return;
        };
        let base = &self.base.items(partner.model, partner.task)[position.remove(0)];
        let now = reduce(task.reducer, &sample.scores);
        let (Some(before), Some(now)) = (base.score(task.reducer, Filling::LeftOut), now) else {
            return;
        };
        let flips = self.flips.entry(sample.at).or_default();
        flips.pairs += 1;
        let (list, count) = match now.total_cmp(&before) {
            std::cmp::Ordering::Less => (&mut flips.worse, 0),
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => (&mut flips.better, 1),
        };
        flips.count[count] += 1;
        if list.len() < MOST_FLIPS {
            let answers = is_public(task).then(|| [base.answer().to_owned(), sample.answer]);
            list.push(Flip {
                sample: sample.name,
                before,
                now,
                answers,
            });
        }
    }
}

impl Sample {
    fn of(at: (usize, usize), row: &Row) -> Self {
        Self {
            at,
            line: row.place.sample,
            name: row.sample.clone(),
            input: row.input_digest,
            scores: Vec::new(),
            answer: match &row.answer {
                Answer::Text(text) => cell::text(text),
                Answer::None => "[no answer found]".to_owned(),
                Answer::Erased => "[erased]".to_owned(),
            },
        }
    }
}

fn tasks(plan: &Plan) -> impl Iterator<Item = (usize, &TaskPlan)> {
    let tasks = plan.tasks.iter().enumerate();
    tasks.filter(|(_, task)| task.probe.is_none())
}

/// The model and task of the baseline that correspond; what may differ between them was decided when the
/// run was planned.
fn partner(
    base: &ItemTable,
    plan: &Plan,
    place: (usize, usize),
    named: Option<&str>,
) -> Option<Partner> {
    let [before, new] = [&base.manifest.plan, plan].map(|plan| Side {
        models: &plan.models,
        tasks: &plan.tasks,
    });
    let found = counterpart(before, new, place, GateMode::Choice, named);
    let (model, task) = found.ok()?;
    Some(Partner {
        model,
        task,
        left: by_input(base.items(model, task)),
    })
}

fn by_input(items: &[Item]) -> HashMap<Digest, Vec<usize>> {
    let mut positions: HashMap<Digest, Vec<usize>> = HashMap::new();
    for (position, item) in items.iter().enumerate() {
        positions
            .entry(item.input_digest)
            .or_default()
            .push(position);
    }
    positions
}

/// Whether every sample of `task` may be seen by everybody. Where that is not on record, it is not.
fn is_public(task: &TaskPlan) -> bool {
    task.sensitivity == Sensitivity::Public && task.definition["strictest"] == "public"
}
