//! The test cases of `junit.xml`, gathered while the run is read: calls without an answer, calls that
//! needed another attempt, and, where the plan asks for it, every sample.
//!
//! Memory: at most [`MOST_CASES`] cases a model and task; what is beyond is counted.

use std::collections::BTreeMap;

use cleanbench_core::Outcome;
use cleanbench_core::event::Place;
use cleanbench_ledger::Plan;
use cleanbench_ledger::reporting::JunitCases;

use crate::attempt::AttemptRow;
use crate::cell;
use crate::rows::{Answer, Row};

/// Most cases of calls and samples in one test suite. With more samples than this only those are listed
/// that are wrong or met an error.
pub(crate) const MOST_CASES: usize = 1_000;
/// Failed attempts told of one call; of more, the last ones.
const MOST_ATTEMPTS: usize = 5;

/// The type of what was cut off with its writer.
const UNKNOWN: &str = "outcome_unknown";

/// How a test case came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status {
    Passed,
    Failed { kind: String, message: String },
    Error { kind: String, message: String },
    Skipped { message: String },
}

/// A test case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) status: Status,
    /// Attempts that failed before the one that decided, in order.
    pub(super) earlier: Vec<FailedAttempt>,
    /// Position of the sample, where the case is one's.
    pub(super) sample: Option<u64>,
    /// What was read as the answer, where the plan wants content.
    pub(super) answer: Option<String>,
}

impl Case {
    /// A case that is no sample's.
    pub(super) fn of(name: String, status: Status) -> Self {
        Self {
            name,
            status,
            earlier: Vec::new(),
            sample: None,
            answer: None,
        }
    }
}

/// An attempt that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailedAttempt {
    pub(super) number: u32,
    pub(super) kind: String,
    pub(super) status: Option<u16>,
    /// What the endpoint said, cut. It may quote the question.
    pub(super) message: String,
}

impl FailedAttempt {
    fn of(row: &AttemptRow) -> Option<Self> {
        let (kind, message) = match &row.error {
            Some(error) => (error.kind.as_str(), error.message.as_str()),
            None if row.unknown => (UNKNOWN, ""),
            None => return None,
        };
        Some(Self {
            number: row.attempt,
            kind: kind.to_owned(),
            status: row.status,
            message: cell::visible(message),
        })
    }

    /// Kind and HTTP status, without anything that the endpoint wrote.
    pub(super) fn brief(&self) -> String {
        match self.status {
            Some(status) => format!("{} (HTTP {status})", self.kind),
            None => self.kind.clone(),
        }
    }
}

/// The cases of one model at one task.
#[derive(Debug, Default)]
pub(super) struct Cases {
    pub(super) listed: Vec<Case>,
    /// Cases that found no room.
    pub(super) left_out: u64,
    retried: usize,
}

/// Gathers cases: attempts in the order of the journal, then rows in plan order.
#[derive(Debug)]
pub(crate) struct CaseGatherer {
    pub(super) cases: Vec<Cases>,
    failed: BTreeMap<Place, Vec<FailedAttempt>>,
    tasks: usize,
}

impl CaseGatherer {
    pub(crate) fn new(plan: &Plan) -> Self {
        let tasks = plan.tasks.len();
        let cases = std::iter::repeat_with(Cases::default).take(plan.models.len() * tasks);
        Self {
            cases: cases.collect(),
            failed: BTreeMap::new(),
            tasks,
        }
    }

    /// The cases of the model and task at these positions.
    pub(super) fn of(&self, model: usize, task: usize) -> &Cases {
        &self.cases[model * self.tasks + task]
    }

    /// Takes in an attempt of a call of the task at position `task`.
    pub(crate) fn attempt(&mut self, task: usize, row: &AttemptRow) {
        let Some(failed) = FailedAttempt::of(row) else {
            return;
        };
        let key = row.place;
        let cases = &mut self.cases[row.place.model as usize * self.tasks + task];
        if !self.failed.contains_key(&key) {
            if cases.retried == MOST_CASES {
                return;
            }
            cases.retried += 1;
        }
        let attempts = self.failed.entry(key).or_default();
        if attempts.len() == MOST_ATTEMPTS {
            attempts.remove(0);
        }
        attempts.push(failed);
    }

    /// Takes in a row.
    pub(crate) fn row(&mut self, plan: &Plan, row: &Row) {
        let Some(outcome) = row.outcome else { return };
        let task = &plan.tasks[row.task];
        let mut earlier = self.failed.remove(&row.place).unwrap_or_default();
        let items = plan.junit.cases == JunitCases::Items && task.probe.is_none();
        let status = match outcome {
            Outcome::Answered if items => judged(plan, row),
            Outcome::Answered => Status::Passed,
            // The task's own case counts these.
            Outcome::Skipped => return,
            Outcome::Unsupported if task.probe.is_some() => return,
            _ => unanswered(outcome, earlier.pop()),
        };
        let is_plain = status == Status::Passed && earlier.is_empty();
        let all = task.samples.saturating_mul(u64::from(task.epochs));
        if is_plain && !(items && all <= MOST_CASES as u64) {
            return;
        }
        let content = plan.junit.content;
        let case = Case {
            name: name(task.epochs, row),
            status,
            earlier,
            sample: (row.place.batch == 0).then_some(row.place.sample),
            answer: content.then(|| answer(row)).flatten(),
        };
        self.cases[row.place.model as usize * self.tasks + row.task].push(case);
    }
}

impl Cases {
    fn push(&mut self, case: Case) {
        if self.listed.len() < MOST_CASES {
            self.listed.push(case);
        } else {
            self.left_out += 1;
        }
    }
}

fn name(epochs: u32, row: &Row) -> String {
    if epochs > 1 {
        format!("{} (epoch {})", row.sample, row.place.epoch)
    } else {
        row.sample.clone()
    }
}

fn answer(row: &Row) -> Option<String> {
    match &row.answer {
        Answer::Text(text) | Answer::Drawn(text) => Some(text.clone()),
        Answer::None => None,
        Answer::Erased => Some("[erased]".to_owned()),
    }
}

/// An answer that was judged: a score below 1 is a failure.
fn judged(plan: &Plan, row: &Row) -> Status {
    if row.quarantined {
        return Status::Skipped {
            message: aside(plan, row),
        };
    }
    let Some(score) = row.scores.first() else {
        let message = "the answer was not judged".to_owned();
        return Status::Skipped { message };
    };
    let kind = match score.extraction_failure {
        Some(_) => "extraction_failure",
        None if score.value < 1.0 => "wrong",
        None => return Status::Passed,
    };
    Status::Failed {
        kind: kind.to_owned(),
        message: format!("score {}", score.value),
    }
}

/// Until when a sample is in quarantine, and why.
fn aside(plan: &Plan, row: &Row) -> String {
    let task = &plan.tasks[row.task].name;
    let mut list = plan.quarantine.iter();
    let entry = list.find(|one| one.task == *task && one.sample == row.sample);
    entry.map_or_else(String::new, |one| {
        format!("in quarantine until {}: {}", one.until, one.reason)
    })
}

fn unanswered(outcome: Outcome, last: Option<FailedAttempt>) -> Status {
    let outcome = outcome.as_str();
    match last {
        Some(last) => Status::Error {
            message: format!("{outcome} after attempt {}: {}", last.number, last.brief()),
            kind: last.kind,
        },
        None => Status::Error {
            kind: outcome.to_owned(),
            message: outcome.to_owned(),
        },
    }
}
