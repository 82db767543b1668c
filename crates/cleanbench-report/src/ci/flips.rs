//! Samples whose score is another than in the baseline, for `summary.md`: the first thing to look at when
//! a gate fails.
//!
//! Samples pair as in gates and in `compare`. Samples that only one side has, or has an answer to, are no
//! flips.
//!
//! Memory: the baseline's items, and at most [`MOST_FLIPS`] flips a model and task; what is beyond is
//! counted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use cleanbench_core::{Aside, Outcome, Sensitivity, SetAside};
use cleanbench_items::{Filling, Item, ModelTask, Partner, reduce};
use cleanbench_ledger::Plan;
use cleanbench_ledger::manifest::TaskPlan;

use crate::gates::{Before, Facing};
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
    /// Samples that are in no pair; not counted in runs whose tables are of a version before 4.
    pub(super) aside: SetAside,
}

/// Compares rows, which come in plan order, with the baseline.
#[derive(Debug)]
pub(crate) struct Comparer {
    before: Arc<Before>,
    /// Whether what is set aside is told.
    tells_aside: bool,
    /// The task under way.
    open: Option<OpenTask>,
    sample: Option<Sample>,
    pub(super) flips: HashMap<ModelTask, Flips>,
}

/// A task while its samples come.
#[derive(Debug)]
struct OpenTask {
    at: ModelTask,
    /// Line of its first sample.
    first: u64,
    /// `None` where the baseline has nothing that it can be compared with.
    facing: Option<Facing>,
}

/// A sample of the run over its epochs.
#[derive(Debug)]
struct Sample {
    line: u64,
    name: String,
    scores: Vec<f64>,
    /// Whether it was put to the model in some epoch, or was to be.
    was_asked: bool,
    answer: String,
}

impl Comparer {
    /// Ready for the rows of `recording`; `None` for a run without a baseline.
    ///
    /// # Errors
    /// When the copy of the baseline is damaged.
    pub(crate) fn new(recording: &Recording) -> Result<Option<Self>, ReportError> {
        let before = recording.before()?.map(|before| Self {
            before: Arc::clone(before),
            tells_aside: recording.manifest.plan.tables >= 4,
            open: None,
            sample: None,
            flips: HashMap::new(),
        });
        Ok(before)
    }

    /// Takes in the next row.
    pub(crate) fn add(&mut self, plan: &Plan, row: &Row) {
        let model = &plan.models[row.place.model as usize];
        let is_of_task = plan.tasks[row.task].probe.is_none() && row.place.batch == 0;
        if !is_of_task || row.elsewhere || model.is_reference() {
            return;
        }
        let at = ModelTask {
            model: row.place.model as usize,
            task: row.task,
        };
        let line = row.place.sample;
        if self.sample.as_ref().is_none_or(|open| open.line != line) || !self.is_open(at) {
            self.close(plan);
            self.go_to(plan, at);
            self.sample = Some(Sample::of(row));
        }
        if let Some(sample) = &mut self.sample {
            sample.was_asked |= row.outcome != Some(Outcome::Skipped);
            sample
                .scores
                .extend(row.scores.first().map(|score| score.value));
        }
    }

    fn is_open(&self, at: ModelTask) -> bool {
        self.open.as_ref().is_some_and(|open| open.at == at)
    }

    fn go_to(&mut self, plan: &Plan, at: ModelTask) {
        if self.is_open(at) {
            return;
        }
        let facing = self.before.facing_for_flips(plan, at);
        if let (Some(facing), true) = (&facing, self.tells_aside) {
            self.flips.entry(at).or_default().aside.base_alone = facing.base_alone();
        }
        self.open = Some(OpenTask {
            at,
            first: plan.tasks[..at.task].iter().map(|task| task.samples).sum(),
            facing,
        });
    }

    /// Ends the sample under way.
    pub(crate) fn close(&mut self, plan: &Plan) {
        let (Some(sample), Some(open)) = (self.sample.take(), &self.open) else {
            return;
        };
        let Some(facing) = &open.facing else {
            return;
        };
        let offset = sample.line.checked_sub(open.first);
        let offset = offset
            .and_then(|offset| usize::try_from(offset).ok())
            .unwrap_or(usize::MAX);
        let base = match facing.partner(offset) {
            Partner::At(_) if !sample.was_asked => Err(Aside::NotAsked),
            Partner::At(place) => Ok(self.before.item(facing, place)),
            Partner::Aside(why) => Err(why),
            Partner::Alone => {
                if self.tells_aside {
                    self.flips.entry(open.at).or_default().aside.candidate_alone += 1;
                }
                return;
            }
        };
        match base {
            Ok(base) => {
                let flips = self.flips.entry(open.at);
                note(flips, &plan.tasks[open.at.task], base, sample);
            }
            Err(why) if self.tells_aside => {
                self.flips.entry(open.at).or_default().aside.count(why);
            }
            Err(_) => {}
        }
    }
}

/// Notes a pair that has an answer on both sides.
fn note(flips: Entry<'_, ModelTask, Flips>, task: &TaskPlan, base: &Item, sample: Sample) {
    let before = base.score(task.reducer, Filling::LeftOut);
    let now = reduce(task.reducer, &sample.scores);
    let (Some(before), Some(now)) = (before, now) else {
        return;
    };
    let flips = flips.or_default();
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

impl Sample {
    fn of(row: &Row) -> Self {
        Self {
            line: row.place.sample,
            name: row.sample.clone(),
            scores: Vec::new(),
            was_asked: false,
            answer: match &row.answer {
                Answer::Text(text) => cell::text(text),
                Answer::Drawn(cell) => cell.clone(),
                Answer::None => "[no answer found]".to_owned(),
                Answer::Erased => "[erased]".to_owned(),
            },
        }
    }
}

/// Whether every sample of `task` may be seen by everybody. Where that is not on record, it is not.
pub(crate) fn is_public(task: &TaskPlan) -> bool {
    task.sensitivity == Sensitivity::Public && task.definition["strictest"] == "public"
}
