//! From `[probes]` of a suite to the probes of a run and their calls, with the checks of validity beside them.

use std::collections::BTreeSet;

use cleanbench_core::probe::{
    Arm, Finding, ProbeCall, ProbeForm, ProbeItem, Seen, Step, StepScope,
};
use cleanbench_core::seed::derive;
use cleanbench_core::{Digest, Outcome, Probe, Reducer, Sensitivity};
use cleanbench_ledger::manifest::{ProbePlan, TaskPlan};
use cleanbench_ledger::samples::SampleContent;
use cleanbench_model::Endpoint;
use cleanbench_probe::arms::{Arms, Declared, arms, published};
use cleanbench_probe::blind::blind;
use cleanbench_probe::checks::{self, Audience};
use cleanbench_probe::registry::{self, Order, asks_file_order};
use cleanbench_probe::verdict::measured::reach;
use cleanbench_probe::{PROTOCOL, Protocol};
use cleanbench_suite::ProbeUse;
use serde_json::json;

use crate::selection::Selected;
use crate::{ErrorKind, PlanError};

/// A probe of a run with its calls.
#[derive(Debug)]
pub struct PlannedProbe {
    /// The probe, as a task of the plan.
    pub task: TaskPlan,
    /// Its calls, each as a sample.
    pub calls: Vec<SampleContent>,
    /// Calls of later steps, where every one is needed: of a probe that stops early, about the items that a clear leak
    /// leaves out.
    pub later: Vec<SampleContent>,
    /// Of each call the identity of its item.
    pub items: Vec<String>,
    /// What it would find if every call were answered and nothing restored, where that was asked for.
    pub foreseen: Option<Finding>,
}

impl PlannedProbe {
    /// All calls that it can come to.
    pub fn all_calls(&self) -> impl Iterator<Item = &SampleContent> {
        self.calls.iter().chain(&self.later)
    }

    /// Length of everything that its calls send at most, in bytes. A text whose likelihood is asked for goes along with its
    /// beginning.
    pub fn prompt_bytes(&self) -> u64 {
        let of_call = |call: &SampleContent| {
            let shown: usize = call.messages.iter().map(|one| one.content.len()).sum();
            let weighed: usize = call.continuations.iter().map(String::len).sum();
            shown * call.continuations.len().max(1) + weighed
        };
        let bytes: usize = self.all_calls().map(of_call).sum();
        bytes as u64
    }

    /// Most tokens that can be generated.
    pub fn most_tokens(&self) -> u64 {
        let calls = self.all_calls().filter_map(|call| call.probe.as_ref());
        let written = calls.filter(|call| call.continuations.is_empty());
        written.map(|call| u64::from(call.max_tokens)).sum()
    }
}

/// The probes that are `wanted`, of every selected task that has controls.
///
/// # Errors
/// When a sample cannot be read, a probe refuses its prompt, or controls are declared that cannot serve.
pub fn plan(
    wanted: Option<&ProbeUse>,
    selected: &[Selected<'_>],
    seed: u64,
) -> Result<Vec<PlannedProbe>, PlanError> {
    plan_with(wanted, selected, seed, false)
}

/// The same, each with what it would find if nothing were restored.
///
/// # Errors
/// The same.
pub fn foresee(
    wanted: Option<&ProbeUse>,
    selected: &[Selected<'_>],
    seed: u64,
) -> Result<Vec<PlannedProbe>, PlanError> {
    plan_with(wanted, selected, seed, true)
}

fn plan_with(
    wanted: Option<&ProbeUse>,
    selected: &[Selected<'_>],
    seed: u64,
    foresees: bool,
) -> Result<Vec<PlannedProbe>, PlanError> {
    let Some(wanted) = wanted else {
        return Ok(Vec::new());
    };
    let probes = build(wanted)?;
    let items = items(selected)?;
    let in_order = if wanted.names.iter().any(|name| asks_file_order(name)) {
        in_file_order(selected)?
    } else {
        BTreeSet::new()
    };
    let planner = Planner {
        items: &items,
        in_order,
        most: wanted.items,
        seed,
        probes: &probes,
        foresees,
    };
    let never_sent: BTreeSet<_> = selected
        .iter()
        .filter_map(|one| one.task.never_sent.as_deref())
        .collect();
    let mut planned = Vec::new();
    for Selected { task, .. } in selected {
        if never_sent.contains(task.name.as_str()) {
            continue;
        }
        let control = task.control.as_ref();
        let declared = control.map(|control| Declared {
            task: control.task.as_str(),
            kind: control.kind,
        });
        let own = planner.put(&task.name, declared, None)?;
        let measure = task.never_sent.as_deref().filter(|_| !own.is_empty());
        planned.extend(own);
        if let Some(never_sent) = measure {
            planned.extend(planner.put(never_sent, None, Some(&task.name))?);
        }
    }
    Ok(planned)
}

/// What the probes of all tasks have in common.
struct Planner<'a> {
    items: &'a [ProbeItem],
    /// Names of the tasks whose items stand in the order of their file, where a probe asks about it.
    in_order: BTreeSet<&'a str>,
    /// Most items of an arm.
    most: u64,
    seed: u64,
    probes: &'a [Prompted],
    foresees: bool,
}

impl Planner<'_> {
    /// All probes of the items of the task `suspects`, to measure the bias of those of `bias_of` where that is given.
    fn put(
        &self,
        suspects: &str,
        declared: Option<Declared<'_>>,
        bias_of: Option<&str>,
    ) -> Result<Vec<PlannedProbe>, PlanError> {
        let most = usize::try_from(self.most).unwrap_or(usize::MAX);
        let found = arms(suspects, self.items, declared, most, self.seed).map_err(invalid)?;
        let Some(unordered) = found else {
            return Ok(Vec::new());
        };
        let ordered = self.ordered(suspects, declared, &unordered)?;
        let apart = self.foresees.then(|| blind(&unordered.context(0)));
        let apart = apart.flatten();
        let planned = self.probes.iter().map(|prompted| {
            let id = prompted.probe.id();
            // What measures bias is asked in full.
            let probe = match &prompted.stopping {
                Some(stopping) if bias_of.is_none() => stopping,
                _ => &prompted.probe,
            };
            let plan = ProbePlan {
                id: id.to_owned(),
                form: prompted.probe.form(),
                suspects: suspects.to_owned(),
                declared: declared.map(|declared| (declared.task.to_owned(), declared.kind)),
                control: unordered.kind,
                items: self.most,
                prompt: prompted.prompt.clone(),
                seed: derive(self.seed, suspects, "", &format!("probe/{id}")),
                protocol: PROTOCOL,
                bias_of: bias_of.map(str::to_owned),
                early_stop: prompted.stopping.is_some() && bias_of.is_none(),
                file_order: ordered.is_some() && asks_file_order(id),
            };
            let arms = ordered.as_ref().filter(|_| plan.file_order);
            let arms = arms.unwrap_or(&unordered);
            let mut planned = unit(plan, &**probe, arms, self.foresees);
            if let Some(foreseen) = &mut planned.foreseen {
                foreseen.blind = apart;
            }
            planned
        });
        Ok(planned.collect())
    }
}

impl Planner<'_> {
    /// `arms` with the files in which their items stand; `None` where no probe asks about these, or their order is not
    /// known.
    fn ordered(
        &self,
        suspects: &str,
        declared: Option<Declared<'_>>,
        arms: &Arms,
    ) -> Result<Option<Arms>, PlanError> {
        let others = declared.filter(|_| !arms.kind.paired());
        let mut tasks = std::iter::once(suspects).chain(others.map(|others| others.task));
        if !tasks.all(|task| self.in_order.contains(task)) {
            return Ok(None);
        }
        let published = published(suspects, self.items, declared, arms.kind).map_err(invalid)?;
        Ok(Some(Arms {
            published: Some(published),
            ..arms.clone()
        }))
    }
}

/// Names of the tasks of `selected` whose items stand in the order of their file.
fn in_file_order<'a>(selected: &[Selected<'a>]) -> Result<BTreeSet<&'a str>, PlanError> {
    let mut names = BTreeSet::new();
    for chosen in selected {
        if chosen.is_in_file_order()? {
            names.insert(chosen.task.name.as_str());
        }
    }
    Ok(names)
}

/// The checks of validity of `endpoints`, in every form that a probe of `planned` has. They ask the same whatever the
/// seed is.
///
/// # Errors
/// When there is no such check.
pub fn checks_beside(
    planned: &[PlannedProbe],
    endpoints: &[Endpoint],
) -> Result<Vec<PlannedProbe>, PlanError> {
    let probes = planned.iter().filter_map(|one| one.task.probe.as_ref());
    let forms: BTreeSet<_> = probes.map(|probe| probe.form).collect();
    let audience = if endpoints.is_empty() {
        Audience::of([false])
    } else {
        Audience::of(endpoints.iter().map(Endpoint::is_embedded))
    };
    let mut checks = Vec::new();
    for name in checks::NAMES {
        for form in &forms {
            checks.push(check(name, *form, audience)?);
        }
    }
    Ok(checks)
}

/// The check called `name` in `form`.
fn check(name: &str, form: ProbeForm, audience: Audience) -> Result<PlannedProbe, PlanError> {
    let arms = checks::arms(name, form, audience);
    let probe = registry::build(&Order {
        name,
        form,
        prompt: None,
        protocol: Protocol::Fourth(cleanbench_score::declines),
        early_stop: false,
    });
    let plan = ProbePlan {
        id: name.to_owned(),
        form,
        suspects: String::new(),
        declared: None,
        control: arms.kind,
        items: arms.suspects.len() as u64,
        prompt: None,
        seed: 0,
        protocol: PROTOCOL,
        bias_of: None,
        early_stop: false,
        file_order: false,
    };
    Ok(unit(plan, &*probe.map_err(invalid)?, &arms, false))
}

fn invalid(error: impl std::fmt::Display) -> PlanError {
    PlanError::new(ErrorKind::SuiteInvalid, error)
}

/// A probe with the prompt that replaces its own.
struct Prompted {
    probe: Box<dyn Probe>,
    /// The same that stops once a leak is clear, where that was asked for and is possible.
    stopping: Option<Box<dyn Probe>>,
    prompt: Option<String>,
}

/// Every probe that is asked for, in all its forms.
fn build(wanted: &ProbeUse) -> Result<Vec<Prompted>, PlanError> {
    let mut probes = Vec::new();
    for name in &wanted.names {
        let forms = registry::forms(name).iter();
        let forms: Vec<_> = forms.filter(|form| wanted.forms.contains(form)).collect();
        if forms.is_empty() {
            let wanted: Vec<_> = wanted.forms.iter().map(|form| form.as_str()).collect();
            let wanted = wanted.join(", ");
            return Err(invalid(format!("probe `{name}` has no {wanted} form")));
        }
        for form in forms {
            let prompt = match form {
                ProbeForm::Instruction => wanted.prompts.get(name).cloned(),
                ProbeForm::Raw => None,
            };
            let built = |early_stop| {
                let order = Order {
                    name,
                    form: *form,
                    prompt: prompt.as_deref(),
                    protocol: Protocol::Fourth(cleanbench_score::declines),
                    early_stop,
                };
                registry::build(&order).map_err(invalid)
            };
            let stops = wanted.early_stop && registry::can_stop(name);
            probes.push(Prompted {
                probe: built(false)?,
                stopping: stops.then(|| built(true)).transpose()?,
                prompt,
            });
        }
    }
    Ok(probes)
}

/// The samples of all selected tasks. They are held in memory, as probes compare them.
fn items(selected: &[Selected<'_>]) -> Result<Vec<ProbeItem>, PlanError> {
    let mut items = Vec::new();
    for chosen in selected {
        for rendered in chosen.rendered() {
            items.push(ProbeItem {
                task: chosen.task.name.clone(),
                sample: rendered?.sample,
            });
        }
    }
    Ok(items)
}

fn unit(plan: ProbePlan, probe: &dyn Probe, arms: &Arms, foresees: bool) -> PlannedProbe {
    let context = arms.context(plan.seed);
    let mut calls = Vec::new();
    let mut first = 0;
    // Nothing is clear of calls without an answer.
    let unanswered = Seen::ended(Outcome::Skipped, None);
    while let Step::Calls(step) = probe.next(&context, &vec![unanswered.clone(); calls.len()]) {
        if calls.is_empty() {
            first = step.len();
        }
        calls.extend(step);
        if probe.later_steps() != Some(StepScope::Global) {
            break;
        }
    }
    let foreseen = foresees.then(|| reach::foreseen(probe, &context, &calls));
    let items = calls[..first].iter();
    let items = items.map(|call| item(call, arms).sample.id.clone());
    let items = items.collect();
    let mut calls: Vec<_> = calls.into_iter().map(|call| content(call, arms)).collect();
    let labels = calls.iter().map(|call| call.sample.sensitivity);
    let label = labels.max().unwrap_or(Sensitivity::Public);
    let later = calls.split_off(first);
    PlannedProbe {
        task: TaskPlan {
            name: task_name(&plan),
            epochs: 1,
            samples: 0,
            sensitivity: label,
            scorers: Vec::new(),
            scorers_digest: digest(probe, &plan),
            reducer: Reducer::Mean,
            cluster: None,
            slices: Vec::new(),
            constraints: cleanbench_core::Constraints::default(),
            definition: json!({
                "probe": plan.id,
                "version": probe.version(),
                "suspects": arms.suspects.len(),
                "controls": arms.controls.len(),
            }),
            probe: Some(plan),
        },
        calls,
        later,
        items,
        foreseen,
    }
}

/// What the calls of a probe stand under in tables.
fn task_name(plan: &ProbePlan) -> String {
    let (id, form) = (&plan.id, plan.form.as_str());
    match &plan.bias_of {
        Some(task) => format!("{task}/{id}.{form}.bias"),
        None if registry::is_check(id) => format!("{}/{id}.{form}", checks::TASK),
        None => format!("{}/{id}.{form}", plan.suspects),
    }
}

fn digest(probe: &dyn Probe, plan: &ProbePlan) -> Digest {
    registry::digest(probe, plan.prompt.as_deref())
}

/// The item that `call` is about.
fn item<'a>(call: &ProbeCall, arms: &'a Arms) -> &'a ProbeItem {
    let items = match call.arm {
        Arm::Suspect => &arms.suspects,
        Arm::Control => &arms.controls,
    };
    &items[call.item]
}

/// A call as a sample of its own, named after its arm and item.
fn content(call: ProbeCall, arms: &Arms) -> SampleContent {
    let item = item(&call, arms);
    let mut sample = item.sample.clone();
    sample.id = call.name(item);
    SampleContent {
        messages: call.messages.clone(),
        continuations: call.continuations.clone(),
        sample,
        probe: Some(call),
    }
}
