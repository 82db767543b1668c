//! From recorded calls of probes to findings, verdicts, and the gap between a task and its pairs.
//!
//! The calls of every probe are planned again from the recorded samples, and must be the recorded ones.

use std::collections::BTreeMap;

use cleanbench_core::Outcome;
use cleanbench_core::probe::{ControlKind, Finding, ProbeCall, ProbeItem, Seen, Step};
use cleanbench_core::{Judge, Probe};
use cleanbench_ledger::manifest::{Plan, ProbePlan};
use cleanbench_ledger::{SampleRows, samples};
use cleanbench_probe::arms::{Arms, arms, paired_items};
use cleanbench_probe::{Verdict, paired_contrast, verdict};
use serde::Serialize;

use crate::rows::Row;
use crate::{Recording, ReportError};

/// Everything that the probes of a run show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contamination {
    /// One for each model and task that was probed, in plan order.
    pub verdicts: Vec<TaskVerdict>,
    /// The score on a task beside that on its rewordings or isomorphs.
    pub gaps: Vec<Gap>,
    /// Recorded calls that the recorded samples do not give, lowercase fragments.
    pub wrong: Vec<String>,
}

/// What is found of one model and task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskVerdict {
    /// Name of the model.
    pub model: String,
    /// Name of the task.
    pub task: String,
    /// The class and its reasons.
    pub verdict: Verdict,
    /// Every probe of the family, in plan order.
    pub findings: Vec<Judged>,
}

/// A finding with what was asked and why it may be missing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// Samples of this run that show it best, as `show` takes them.
    pub examples: Vec<String>,
    /// Why nothing could be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_testable: Option<String>,
}

/// The score on a task minus the score on the items that belong to its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gap {
    /// Name of the model.
    pub model: String,
    /// Name of the task.
    pub task: String,
    /// What the others are.
    pub kind: ControlKind,
    /// The difference: suspects are the task's own items, a hit is a right answer.
    pub finding: Finding,
}

/// Collects rows, which must come in plan order.
#[derive(Debug)]
pub(crate) struct Gatherer {
    models: Vec<Gathered>,
}

#[derive(Debug, Default, Clone)]
struct Gathered {
    /// First score of each sample, by line of `samples.jsonl`; of tasks put once only.
    scores: BTreeMap<u64, f64>,
    /// For each probe, by position in the plan: how its calls ended.
    seen: BTreeMap<usize, Vec<Seen>>,
    /// For each probe: the first error of a call that ended without an answer.
    errors: BTreeMap<usize, String>,
}

impl Gatherer {
    /// Ready for the rows of `plan`; `None` where there is nothing to probe.
    pub(crate) fn new(plan: &Plan) -> Option<Self> {
        let probed = plan.tasks.iter().any(|task| task.probe.is_some());
        probed.then(|| Self {
            models: vec![Gathered::default(); plan.models.len()],
        })
    }

    pub(crate) fn add(&mut self, plan: &Plan, row: &Row) {
        let model = &mut self.models[row.place.model as usize];
        let task = &plan.tasks[row.task];
        let score = row.scores.first();
        if task.probe.is_none() {
            if let (1, Some(score)) = (task.epochs, score) {
                model.scores.insert(row.place.sample, score.value);
            }
            return;
        }
        if let Some(error) = &row.error {
            model
                .errors
                .entry(row.task)
                .or_insert_with(|| error.clone());
        }
        model.seen.entry(row.task).or_default().push(Seen {
            outcome: row.outcome.unwrap_or(Outcome::Skipped),
            score: score.cloned(),
        });
    }

    /// Judges everything that was collected.
    pub(crate) fn assess(self, recording: &Recording) -> Result<Contamination, ReportError> {
        let plan = &recording.manifest.plan;
        let items = Items::read(recording)?;
        let mut wrong = Vec::new();
        let units: Vec<_> = plan
            .tasks
            .iter()
            .enumerate()
            .filter_map(|(place, task)| Some((place, task.probe.as_ref()?)))
            .map(|(place, probe)| Unit::new(recording, &items, place, probe, &mut wrong))
            .collect();
        let mut verdicts = Vec::new();
        let mut gaps = Vec::new();
        for (model, gathered) in plan.models.iter().zip(&self.models) {
            for task in plan.tasks.iter().filter(|task| task.probe.is_none()) {
                let judged: Vec<_> = units
                    .iter()
                    .filter(|unit| unit.plan.suspects == task.name)
                    .map(|unit| unit.judge(gathered))
                    .collect();
                if judged.is_empty() {
                    continue;
                }
                let findings: Vec<_> = judged.iter().map(|one| one.finding.clone()).collect();
                verdicts.push(TaskVerdict {
                    model: model.name.clone(),
                    task: task.name.clone(),
                    verdict: verdict(&findings),
                    findings: judged,
                });
                for kind in [ControlKind::Isomorph, ControlKind::Rewording] {
                    let finding = items.gap(&task.name, kind, gathered);
                    gaps.extend(finding.map(|finding| Gap {
                        model: model.name.clone(),
                        task: task.name.clone(),
                        kind,
                        finding,
                    }));
                }
            }
        }
        Ok(Contamination {
            verdicts,
            gaps,
            wrong,
        })
    }
}

/// The samples of a run as far as probes need them.
struct Items {
    /// Items of all tasks, in plan order; without those that were erased.
    all: Vec<ProbeItem>,
    /// Line of each item, by task and identity.
    lines: BTreeMap<(String, String), u64>,
    /// For each probe, by position in the plan: identities and calls.
    calls: BTreeMap<usize, (Vec<String>, Vec<ProbeCall>)>,
    /// Whether some sample was erased.
    erased: bool,
}

impl Items {
    fn read(recording: &Recording) -> Result<Self, ReportError> {
        let plan = &recording.manifest.plan;
        let mut read = Self {
            all: Vec::new(),
            lines: BTreeMap::new(),
            calls: BTreeMap::new(),
            erased: false,
        };
        for (row, line) in SampleRows::open(&recording.run)?.zip(0..) {
            let row = row?;
            let place = row.task as usize;
            let Some(content) = samples::content(&recording.payloads, &row)? else {
                read.erased = true;
                continue;
            };
            let task = &plan.tasks[place];
            if task.probe.is_none() {
                let key = (task.name.clone(), row.id.clone());
                read.lines.insert(key, line);
                read.all.push(ProbeItem {
                    task: task.name.clone(),
                    sample: content.sample,
                });
            } else if let Some(call) = content.probe {
                let (ids, calls) = read.calls.entry(place).or_default();
                ids.push(row.id);
                calls.push(call);
            }
        }
        Ok(read)
    }

    /// Score of an item, if it is simply right or wrong.
    fn right(&self, item: &ProbeItem, gathered: &Gathered) -> Option<bool> {
        let key = (item.task.clone(), item.sample.id.clone());
        let score = *gathered.scores.get(self.lines.get(&key)?)?;
        if score >= 1.0 {
            Some(true)
        } else {
            (score <= 0.0).then_some(false)
        }
    }

    /// The difference between `task` and the items of `kind` that belong to its own.
    fn gap(&self, task: &str, kind: ControlKind, gathered: &Gathered) -> Option<Finding> {
        let pairs = paired_items(task, &self.all, kind).ok()?;
        let mut table = [0; 4];
        for (own, other) in &pairs {
            let own = self.right(own, gathered);
            let other = self.right(other, gathered);
            if let (Some(own), Some(other)) = (own, other) {
                table[usize::from(!own) * 2 + usize::from(!other)] += 1;
            }
        }
        let contrast = paired_contrast(table)?;
        let arm = |hits| cleanbench_core::probe::ArmCount {
            items: pairs.len() as u64,
            valid: table.iter().sum(),
            hits,
            filtered: 0,
            missing: pairs.len() as u64 - table.iter().sum::<u64>(),
        };
        Some(Finding {
            probe: format!("{}-gap", kind.as_str()),
            form: cleanbench_core::probe::ProbeForm::Instruction,
            control: kind,
            suspects: arm(table[0] + table[1]),
            controls: arm(table[0] + table[2]),
            contrast: Some(contrast),
            filters: BTreeMap::new(),
            examples: Vec::new(),
        })
    }
}

/// A probe with its arms and calls.
struct Unit<'a> {
    place: usize,
    name: &'a str,
    plan: &'a ProbePlan,
    probe: &'a dyn Probe,
    arms: Option<Arms>,
    ids: Vec<String>,
    calls: Vec<ProbeCall>,
    erased: bool,
}

impl<'a> Unit<'a> {
    fn new(
        recording: &'a Recording,
        items: &Items,
        place: usize,
        plan: &'a ProbePlan,
        wrong: &mut Vec<String>,
    ) -> Self {
        let run = &recording.manifest.plan;
        let declared = plan
            .declared
            .as_ref()
            .map(|(task, kind)| (task.as_str(), *kind));
        let most = usize::try_from(plan.items).unwrap_or(usize::MAX);
        let arms = arms(&plan.suspects, &items.all, declared, most, run.seed)
            .ok()
            .flatten();
        let probe: &dyn Probe = match recording.judge(place) {
            Judge::Probe(probe) => &**probe,
            Judge::Scorers(_) => unreachable!("a plan with a probe is judged by it"),
        };
        let (ids, calls) = items.calls.get(&place).cloned().unwrap_or_default();
        let name = &run.tasks[place].name;
        if recording.judges_alike(place) && !items.erased {
            let planned = arms
                .as_ref()
                .map(|arms| probe.next(&arms.context(plan.seed), &[]));
            let planned = match planned {
                Some(Step::Calls(calls)) => calls,
                _ => Vec::new(),
            };
            if planned != calls {
                wrong.push(format!("the calls of `{name}` are not what its items give"));
            }
        }
        Self {
            place,
            name,
            plan,
            probe,
            arms,
            ids,
            calls,
            erased: items.erased,
        }
    }

    fn judge(&self, gathered: &Gathered) -> Judged {
        let empty = Vec::new();
        let seen = gathered.seen.get(&self.place).unwrap_or(&empty);
        let none = Arms {
            suspects: Vec::new(),
            controls: Vec::new(),
            kind: self.plan.control,
        };
        let complete = self.arms.as_ref().filter(|_| !self.erased);
        let (context, calls) = match complete {
            Some(arms) => (arms.context(self.plan.seed), self.calls.as_slice()),
            None => (none.context(self.plan.seed), &[][..]),
        };
        let finding = self.probe.judge(&context, calls, seen);
        let ids = finding.examples.iter().filter_map(|place| {
            let id = self.ids.get(usize::try_from(*place).ok()?)?;
            Some(format!("{}:{id}", self.name))
        });
        Judged {
            examples: ids.collect(),
            not_testable: finding.contrast.is_none().then(|| self.why_not(gathered)),
            finding,
        }
    }

    fn why_not(&self, gathered: &Gathered) -> String {
        if self.erased {
            "samples of the run were erased".to_owned()
        } else if self.calls.is_empty() {
            "no item of both arms can be used".to_owned()
        } else if let Some(error) = gathered.errors.get(&self.place) {
            error.clone()
        } else {
            "too few calls were answered".to_owned()
        }
    }
}
