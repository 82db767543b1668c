//! From `[probes]` of a suite to the probes of a run and their calls.

use cleanbench_core::probe::{Arm, ProbeCall, ProbeForm, ProbeItem, Step};
use cleanbench_core::seed::derive;
use cleanbench_core::{Digest, Exit, Probe, Reducer, Sensitivity};
use cleanbench_ledger::manifest::{ProbePlan, TaskPlan};
use cleanbench_ledger::samples::SampleContent;
use cleanbench_probe::arms::{Arms, arms};
use cleanbench_probe::registry;
use cleanbench_suite::{ProbeUse, Suite};
use serde_json::json;

use super::selection::Selected;
use crate::failure::Failure;

/// A probe of a run with its calls.
pub(super) struct Planned {
    pub(super) task: TaskPlan,
    pub(super) calls: Vec<SampleContent>,
}

/// The probes that the suite asks for, of every selected task that has controls.
pub(super) fn plan(
    suite: &Suite,
    selected: &[Selected<'_>],
    seed: u64,
) -> Result<Vec<Planned>, Failure> {
    let Some(wanted) = &suite.probes else {
        return Ok(Vec::new());
    };
    let probes = build(wanted)?;
    let items = items(selected)?;
    let mut planned = Vec::new();
    for chosen in selected {
        let task = chosen.task;
        let control = task.control.as_ref();
        let declared = control.map(|control| (control.task.as_str(), control.kind));
        let most = usize::try_from(wanted.items).unwrap_or(usize::MAX);
        let found = arms(&task.name, &items, declared, most, seed)
            .map_err(|error| Failure::new(Exit::SuiteInvalid, error))?;
        let Some(arms) = found else { continue };
        for (probe, prompt) in &probes {
            let mut plan = ProbePlan {
                id: probe.id().to_owned(),
                form: probe.form(),
                suspects: task.name.clone(),
                declared: control.map(|control| (control.task.clone(), control.kind)),
                control: arms.kind,
                items: wanted.items,
                prompt: prompt.clone(),
                seed: 0,
            };
            plan.seed = derive(seed, &task.name, "", &format!("probe/{}", plan.id));
            planned.push(unit(plan, &**probe, &arms));
        }
    }
    Ok(planned)
}

/// A probe with the prompt that replaces its own.
type Prompted = (Box<dyn Probe>, Option<String>);

/// Every probe that is asked for, in all its forms, with the prompt that replaces its own.
fn build(wanted: &ProbeUse) -> Result<Vec<Prompted>, Failure> {
    let mut probes = Vec::new();
    for name in &wanted.names {
        for form in registry::forms(name) {
            let prompt = match form {
                ProbeForm::Instruction => wanted.prompts.get(name),
                ProbeForm::Raw => None,
            };
            let probe = registry::build(name, *form, prompt.map(String::as_str))
                .map_err(|error| Failure::new(Exit::SuiteInvalid, error))?;
            probes.push((probe, prompt.cloned()));
        }
    }
    Ok(probes)
}

/// The samples of all selected tasks. They are held in memory, as probes compare them.
fn items(selected: &[Selected<'_>]) -> Result<Vec<ProbeItem>, Failure> {
    let mut items = Vec::new();
    for chosen in selected {
        for rendered in chosen.rendered() {
            let rendered = rendered.map_err(|error| Failure::new(Exit::SuiteInvalid, error))?;
            items.push(ProbeItem {
                task: chosen.task.name.clone(),
                sample: rendered.sample,
            });
        }
    }
    Ok(items)
}

fn unit(plan: ProbePlan, probe: &dyn Probe, arms: &Arms) -> Planned {
    let calls = match probe.next(&arms.context(plan.seed), &[]) {
        Step::Calls(calls) => calls,
        Step::Done => Vec::new(),
    };
    let calls: Vec<_> = calls.into_iter().map(|call| content(call, arms)).collect();
    let labels = calls.iter().map(|call| call.sample.sensitivity);
    Planned {
        task: TaskPlan {
            name: format!("{}/{}.{}", plan.suspects, plan.id, plan.form.as_str()),
            epochs: 1,
            samples: 0,
            sensitivity: labels.max().unwrap_or(Sensitivity::Public),
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
    }
}

fn digest(probe: &dyn Probe, plan: &ProbePlan) -> Digest {
    registry::digest(probe, plan.prompt.as_deref())
}

/// A call as a sample of its own, named after its arm and item.
fn content(call: ProbeCall, arms: &Arms) -> SampleContent {
    let items = match call.arm {
        Arm::Suspect => &arms.suspects,
        Arm::Control => &arms.controls,
    };
    let item = &items[call.item];
    let mut sample = item.sample.clone();
    sample.id = format!("{}/{}/{}", call.arm.as_str(), item.task, sample.id);
    SampleContent {
        messages: call.messages.clone(),
        continuations: call.continuations.clone(),
        sample,
        probe: Some(call),
    }
}
