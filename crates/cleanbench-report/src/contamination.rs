//! From recorded calls of probes to findings, verdicts, and the gap between a task and its pairs.
//!
//! The calls of the first step of every probe are planned again from the recorded samples, and must be the recorded
//! ones; those of later steps are checked where the order of the journal is known, see [`crate::follow_up`].
//! A finding rests on the calls of all steps, in the order of their rows.

pub mod references;
pub mod validity;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use cleanbench_core::Outcome;
use cleanbench_core::event::Place;
use cleanbench_core::probe::{
    Bias, BiasSource, ControlKind, Finding, ProbeCall, ProbeForm, ProbeItem, Seen, Step,
};
use cleanbench_core::{Judge, Probe};
use cleanbench_ledger::manifest::{Plan, ProbePlan};
use cleanbench_ledger::{SampleRow, SampleRows, samples};
use cleanbench_probe::alike::Manner;
use cleanbench_probe::arms::{Arms, Declared, arms, paired_items, published};
use cleanbench_probe::beside::nothing_left;
use cleanbench_probe::blind::blind;
use cleanbench_probe::registry::{is_check, weighs_likelihoods};
use cleanbench_probe::verdict::measured::curve::{PowerCurve, curves};
use cleanbench_probe::verdict::measured::{self, Grounds, Rules};
use cleanbench_probe::{Verdict, paired_difference, verdict};
use serde::Serialize;

use crate::recording::probe_of;
use crate::rows::Row;
use crate::{Recording, ReportError};
use references::{Alike, OnControls, REFERENCES_SINCE, Referenced, References};
use validity::ModelValidity;

/// Tables from this version on weigh findings by the bias that was measured.
pub(crate) const MEASURED_SINCE: u32 = 7;
/// Tables from this version on ask for a difference that is beyond the bias by a test.
const BEYOND_SINCE: u32 = 8;

/// Tables from this version on take nothing that is missing for harmless.
const SILENCE_SINCE: u32 = 8;

/// Tables from this version on have the rules [`Rules::Ninth`].
const NINTH_SINCE: u32 = 9;

/// Tables from this version on tell power as a curve.
const CURVES_SINCE: u32 = 8;

/// Everything that the probes of a run show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contamination {
    /// One for each model and task that was probed, in plan order.
    pub verdicts: Vec<TaskVerdict>,
    /// The score on a task beside that on its rewordings or isomorphs.
    pub gaps: Vec<Gap>,
    /// What the checks of validity say of each model, in plan order; none where they were not put.
    pub validity: Vec<ModelValidity>,
    /// What the probes show of each reference model, in plan order of probes; none where there is none.
    pub references: Vec<Referenced>,
    /// Reference models that count as one, because they say the same.
    pub alike: Vec<Alike>,
    /// How often each model is right on the controls, task by task; none where there is no reference.
    pub on_controls: Vec<OnControls>,
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
    /// The power of the tests on which `no_evidence` rests, over what may have been seen; none in runs of earlier tables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub power_curve: Vec<PowerCurve>,
}

impl TaskVerdict {
    /// Where nothing was found, the power of the test on which that rests.
    pub fn power_of_nothing(&self) -> Option<&PowerCurve> {
        let judged = self.findings.get(self.verdict.rests_on?)?;
        let finding = &judged.finding;
        let mut told = self.power_curve.iter();
        told.find(|curve| curve.probe == finding.probe && curve.form == finding.form)
    }
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
    /// For each probe: the places of the calls of its later steps, in the order of their rows.
    later: BTreeMap<usize, Vec<Place>>,
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
        if row.place.batch != 0 {
            model.later.entry(row.task).or_default().push(row.place);
        }
        model.seen.entry(row.task).or_default().push(Seen::ended(
            row.outcome.unwrap_or(Outcome::Skipped),
            score.cloned(),
        ));
    }

    /// Judges everything that was collected.
    pub(crate) fn assess(self, recording: &Recording) -> Result<Contamination, ReportError> {
        let plan = &recording.manifest.plan;
        let items = Items::read(recording)?;
        let units = units(recording, &items);
        let wrong = units.iter().filter_map(|unit| unit.wrong(recording));
        let wrong = wrong.collect();
        let validity = validity::of_models(recording, &units, &self.models);
        let on_controls = references::on_controls(recording, &items, &units, &self.models);
        let references =
            References::read(recording, &units, &self.models, &validity, &on_controls)?;
        let mut verdicts = Vec::new();
        let mut gaps = Vec::new();
        for (position, model) in plan.subjects() {
            let gathered = &self.models[position];
            let checked = validity.iter().find(|one| one.model == model.name);
            let grounds = checked
                .map(|one| one.grounds(plan.tables))
                .unwrap_or_default();
            for task in plan.tasks.iter().filter(|task| task.probe.is_none()) {
                let judged = judge_task(
                    &task.name,
                    &model.name,
                    &units,
                    recording,
                    gathered,
                    &references,
                )?;
                if judged.is_empty() {
                    continue;
                }
                let findings: Vec<_> = judged.iter().map(|one| one.finding.clone()).collect();
                verdicts.push(TaskVerdict {
                    model: model.name.clone(),
                    task: task.name.clone(),
                    verdict: weigh(&findings, &grounds, plan),
                    findings: judged,
                    power_curve: power_curve(&findings, plan),
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
            validity,
            alike: references.alike(),
            references: references.shown(),
            on_controls,
            wrong,
        })
    }
}

/// The verdict by the rules that the run has.
fn weigh(findings: &[Finding], grounds: &BTreeMap<ProbeForm, Grounds>, plan: &Plan) -> Verdict {
    let by = |rules| measured::verdict_by(rules, findings, grounds);
    if plan.tables >= NINTH_SINCE {
        by(Rules::Ninth)
    } else if plan.tables >= CURVES_SINCE {
        by(Rules::Eighth)
    } else if plan.tables >= MEASURED_SINCE {
        Verdict {
            rests_on: None,
            ..by(Rules::Eighth)
        }
    } else {
        verdict(findings)
    }
}

/// The power of its tests as a curve, where the tables of the run tell it.
fn power_curve(findings: &[Finding], plan: &Plan) -> Vec<PowerCurve> {
    if plan.tables >= CURVES_SINCE {
        curves(findings)
    } else {
        Vec::new()
    }
}

/// The probes of the task `task` as `subject` answered them, each with the bias that was measured for it.
fn judge_task(
    task: &str,
    subject: &str,
    units: &[Unit<'_>],
    recording: &Recording,
    gathered: &Gathered,
    references: &References,
) -> Result<Vec<Judged>, ReportError> {
    let own = units.iter().filter(|unit| unit.is_of(task));
    let is_later = recording.manifest.plan.tables >= REFERENCES_SINCE;
    let apart = own.clone().find_map(|unit| unit.arms.as_ref());
    let apart = apart.filter(|_| is_later);
    let apart = apart.and_then(|arms| blind(&arms.context(0)));
    let judge = |unit: &Unit<'_>| {
        let mut judged = unit.judge(recording, gathered, |calls, seen| {
            references.adjust(unit.place, calls, seen);
        })?;
        let measures = |other: &&Unit<'_>| {
            let (own, other) = (unit.plan, other.plan);
            // Rewordings measure nothing of controls that are none.
            let is_alike = !is_later || other.control == own.control;
            let is_meant = other.bias_of.as_deref() == Some(task) && is_alike;
            is_meant && (&other.id, other.form) == (&own.id, own.form)
        };
        if let Some(measure) = units.iter().find(measures) {
            let shown = measure.judge(recording, gathered, |calls, seen| {
                if weighs_likelihoods(&measure.plan.id) {
                    references.adjust(measure.place, calls, seen);
                }
            })?;
            let shown = shown.finding;
            let weighs_effect = recording.manifest.plan.tables >= BEYOND_SINCE;
            let bias = if recording.manifest.plan.tables >= NINTH_SINCE {
                measured::bias_at_most(&shown)
            } else {
                measured::bias(&shown, BiasSource::NeverSent)
            };
            judged.finding.bias = bias.map(|bias| Bias {
                effect: bias.effect.filter(|_| weighs_effect),
                ..bias
            });
            if let Some(values) = &mut judged.finding.values {
                values.bias = measured::values::bias(&shown, BiasSource::NeverSent);
            }
        }
        references.tell(unit, subject, &mut judged.finding);
        judged.finding.blind = apart;
        Ok(judged)
    };
    own.map(judge).collect()
}

/// The samples of a run's plan as far as probes need them.
#[derive(Debug)]
pub(crate) struct Items {
    /// Items of all tasks, in plan order; without those that were erased.
    all: Vec<ProbeItem>,
    /// Line of each item, by task and identity.
    lines: BTreeMap<(String, String), u64>,
    /// For each probe, by position in the plan: the calls of its first step.
    calls: BTreeMap<usize, Vec<Planned>>,
    /// Whether some sample of the plan was erased.
    pub(crate) erased: bool,
}

/// A call of a probe as it was planned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    /// Identity of its sample.
    pub(crate) id: String,
    /// Line of its sample.
    pub(crate) line: u64,
    pub(crate) call: ProbeCall,
}

impl Items {
    pub(crate) fn read(recording: &Recording) -> Result<Self, ReportError> {
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
                let id = row.id;
                let calls = read.calls.entry(place).or_default();
                calls.push(Planned { id, line, call });
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
        let contrast = paired_difference(table)?;
        let arm = |hits| cleanbench_core::probe::ArmCount {
            items: pairs.len() as u64,
            valid: table.iter().sum(),
            hits,
            missing: pairs.len() as u64 - table.iter().sum::<u64>(),
            ..cleanbench_core::probe::ArmCount::default()
        };
        Some(Finding {
            suspects: arm(table[0] + table[1]),
            controls: arm(table[0] + table[2]),
            contrast: Some(contrast),
            ..Finding::new(
                &format!("{}-gap", kind.as_str()),
                cleanbench_core::probe::ProbeForm::Instruction,
                kind,
            )
        })
    }
}

/// A probe with its arms and the calls of its first step.
#[derive(Debug)]
pub(crate) struct Unit<'a> {
    /// Position of its task.
    pub(crate) place: usize,
    pub(crate) name: &'a str,
    pub(crate) plan: &'a ProbePlan,
    pub(crate) probe: &'a dyn Probe,
    /// The same where it stops nowhere, of a probe that stops early.
    whole: Option<Box<dyn Probe>>,
    pub(crate) arms: Option<Arms>,
    pub(crate) first: Vec<Planned>,
    erased: bool,
}

/// The probes of a run, in plan order.
pub(crate) fn units<'a>(recording: &'a Recording, items: &Items) -> Vec<Unit<'a>> {
    let tasks = recording.manifest.plan.tasks.iter().enumerate();
    let probes = tasks.filter_map(|(place, task)| Some((place, task.probe.as_ref()?)));
    probes
        .map(|(place, probe)| Unit::new(recording, items, place, probe))
        .collect()
}

/// `arms` with the files in which their items stand, where the probe of `plan` asks about these.
fn in_file_order(
    arms: Arms,
    plan: &ProbePlan,
    items: &Items,
    declared: Option<Declared<'_>>,
) -> Arms {
    let found = || published(&plan.suspects, &items.all, declared, arms.kind).ok();
    Arms {
        published: plan.file_order.then(found).flatten(),
        ..arms
    }
}

impl<'a> Unit<'a> {
    fn new(recording: &'a Recording, items: &Items, place: usize, plan: &'a ProbePlan) -> Self {
        let run = &recording.manifest.plan;
        let declared = plan
            .declared
            .as_ref()
            .map(|(task, kind)| Declared { task, kind: *kind });
        let most = usize::try_from(plan.items).unwrap_or(usize::MAX);
        let arms = if is_check(&plan.id) {
            Some(validity::arms(recording, plan))
        } else {
            let found = arms(&plan.suspects, &items.all, declared, most, run.seed);
            let found = found.ok().flatten();
            found.map(|arms| in_file_order(arms, plan, items, declared))
        };
        let probe: &dyn Probe = match recording.judge(place) {
            Judge::Probe(probe) => &**probe,
            Judge::Scorers(_) => unreachable!("a plan with a probe is judged by it"),
        };
        let whole = || {
            let whole = ProbePlan {
                early_stop: false,
                ..plan.clone()
            };
            // It was built for the run already.
            probe_of(&whole).ok()
        };
        Self {
            place,
            name: &run.tasks[place].name,
            plan,
            probe,
            whole: plan.early_stop.then(whole).flatten(),
            arms,
            first: items.calls.get(&place).cloned().unwrap_or_default(),
            erased: items.erased,
        }
    }

    /// What is wrong with the calls of its first step, where they can be planned again.
    fn wrong(&self, recording: &Recording) -> Option<String> {
        if !recording.judges_alike(self.place) || self.erased {
            return None;
        }
        let planned = match self.step(&[]) {
            Some(Step::Calls(calls)) => calls,
            _ => Vec::new(),
        };
        let recorded = self.first.iter().map(|planned| &planned.call);
        let same = planned.iter().eq(recorded);
        (!same).then(|| format!("the calls of `{}` are not what its items give", self.name))
    }

    /// The step that comes after the calls that ended as `seen`; `None` where there are no two arms.
    pub(crate) fn step(&self, seen: &[Seen]) -> Option<Step> {
        let arms = self.arms.as_ref()?;
        Some(self.probe.next(&arms.context(self.plan.seed), seen))
    }

    /// All its calls to one model: those of the first step, then the later ones; `None` where the sample of a
    /// later one was erased.
    fn calls(
        &self,
        recording: &Recording,
        gathered: &Gathered,
    ) -> Result<Option<Vec<Planned>>, ReportError> {
        let mut calls = self.first.clone();
        let empty = Vec::new();
        let mut files: BTreeMap<u32, Vec<SampleRow>> = BTreeMap::new();
        for place in gathered.later.get(&self.place).unwrap_or(&empty) {
            let rows = match files.entry(place.batch) {
                Entry::Occupied(rows) => rows.into_mut(),
                Entry::Vacant(none) => {
                    let rows = SampleRows::of_batch(&recording.run, place.batch)?;
                    none.insert(rows.collect::<Result<_, _>>()?)
                }
            };
            let line = usize::try_from(place.sample).unwrap_or(usize::MAX);
            let Some(row) = rows.get(line) else {
                return Ok(None);
            };
            let content = samples::content(&recording.payloads, row)?;
            let Some(call) = content.and_then(|content| content.probe) else {
                return Ok(None);
            };
            calls.push(Planned {
                id: row.id.clone(),
                line: place.sample,
                call,
            });
        }
        Ok(Some(calls))
    }

    /// Adds what the model of `gathered` said to it to its `manner`.
    fn add_manner(
        &self,
        recording: &Recording,
        gathered: &Gathered,
        manner: &mut Manner,
    ) -> Result<(), ReportError> {
        let Some(planned) = self.calls(recording, gathered)? else {
            return Ok(());
        };
        let calls: Vec<_> = planned.into_iter().map(|planned| planned.call).collect();
        let seen = gathered
            .seen
            .get(&self.place)
            .map_or(&[][..], Vec::as_slice);
        manner.add(self.place, weighs_likelihoods(&self.plan.id), &calls, seen);
        Ok(())
    }

    /// Whether it is a probe of the items of `task`, and not of what measures its bias.
    fn is_of(&self, task: &str) -> bool {
        self.plan.suspects == task && self.plan.bias_of.is_none()
    }

    /// What it finds of the model of `gathered`, where `adjust` was applied to how its calls ended.
    fn judge(
        &self,
        recording: &Recording,
        gathered: &Gathered,
        adjust: impl FnOnce(&[ProbeCall], &mut [Seen]),
    ) -> Result<Judged, ReportError> {
        self.judge_by(self.probe, recording, gathered, adjust)
    }

    /// The same of a reference model, which stops nowhere.
    fn judge_reference(
        &self,
        recording: &Recording,
        gathered: &Gathered,
        adjust: impl FnOnce(&[ProbeCall], &mut [Seen]),
    ) -> Result<Judged, ReportError> {
        let probe = self.whole.as_deref().unwrap_or(self.probe);
        self.judge_by(probe, recording, gathered, adjust)
    }

    fn judge_by(
        &self,
        probe: &dyn Probe,
        recording: &Recording,
        gathered: &Gathered,
        adjust: impl FnOnce(&[ProbeCall], &mut [Seen]),
    ) -> Result<Judged, ReportError> {
        let mut seen = gathered.seen.get(&self.place).cloned().unwrap_or_default();
        let none = Arms {
            suspects: Vec::new(),
            controls: Vec::new(),
            kind: self.plan.control,
            published: None,
        };
        let planned = self.calls(recording, gathered)?;
        let erased = self.erased || planned.is_none();
        let planned = planned.unwrap_or_default();
        let calls: Vec<_> = planned.iter().map(|planned| planned.call.clone()).collect();
        let (context, calls) = match self.arms.as_ref().filter(|_| !erased) {
            Some(arms) => (arms.context(self.plan.seed), calls.as_slice()),
            None => (none.context(self.plan.seed), &[][..]),
        };
        adjust(calls, &mut seen);
        let finding = probe.judge(&context, calls, &seen);
        let finding = if recording.manifest.plan.tables >= SILENCE_SINCE {
            self.with_reserves(finding, &seen)
        } else {
            finding
        };
        let ids = finding.examples.iter().filter_map(|place| {
            let planned = planned.get(usize::try_from(*place).ok()?)?;
            Some(format!("{}:{}", self.name, planned.id))
        });
        Ok(Judged {
            examples: ids.collect(),
            not_testable: finding
                .contrast
                .is_none()
                .then(|| self.why_not(gathered, &finding, erased)),
            finding,
        })
    }

    /// `finding` with what it may rest on: whether answers are missing that could have been given, and whether the suite
    /// asked in its own words.
    fn with_reserves(&self, finding: Finding, seen: &[Seen]) -> Finding {
        let can_be_asked = seen.iter().any(|one| one.outcome != Outcome::Unsupported);
        Finding {
            unanswered: finding.contrast.is_none() && can_be_asked && measured::is_silent(&finding),
            own_instruction: self.plan.prompt.is_some() && self.plan.form == ProbeForm::Instruction,
            ..finding
        }
    }

    fn why_not(&self, gathered: &Gathered, finding: &Finding, erased: bool) -> String {
        if erased {
            "samples of the run were erased".to_owned()
        } else if self.first.is_empty() {
            "no item of both arms can be used".to_owned()
        } else if let Some(why) = nothing_left(finding) {
            why
        } else if let Some(error) = gathered.errors.get(&self.place) {
            error.clone()
        } else {
            "too few calls were answered".to_owned()
        }
    }
}
