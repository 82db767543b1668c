//! What the checks of validity say of each model of a run.
//!
//! Invariant: a model is judged by the texts that its kind is asked for, whatever other models are in the run.

use std::collections::BTreeMap;

use cleanbench_core::probe::ProbeForm;
use cleanbench_ledger::manifest::ProbePlan;
use cleanbench_probe::arms::Arms;
use cleanbench_probe::checks::{self, Audience};
use cleanbench_probe::registry::is_check;
use cleanbench_probe::verdict::measured::Grounds;
use cleanbench_probe::{Check, Validity};
use serde::Serialize;

use super::{Gathered, Unit};
use crate::Recording;

/// Tables from this version on take an endpoint that declines a check for none that cannot do it.
const SURELY_SINCE: u32 = 8;

/// What the checks say of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelValidity {
    /// Name of the model.
    pub model: String,
    /// In each form that was checked.
    pub forms: BTreeMap<ProbeForm, Validity>,
}

/// What the check of `plan` asked the models of the run.
pub(super) fn arms(recording: &Recording, plan: &ProbePlan) -> Arms {
    let audience = Audience::of(recording.embedded());
    checks::arms(&plan.id, plan.form, audience)
}

/// What is found of each model that `gathered` has, in plan order; nothing where no check was put.
pub(super) fn of_models(
    recording: &Recording,
    units: &[Unit<'_>],
    gathered: &[Gathered],
) -> Vec<ModelValidity> {
    let checks: Vec<_> = units
        .iter()
        .filter(|unit| is_check(&unit.plan.id))
        .collect();
    if checks.is_empty() {
        return Vec::new();
    }
    let models = recording.manifest.plan.models.iter();
    let models = models.zip(recording.embedded()).zip(gathered);
    let of_model = models.map(|((model, is_embedded), gathered)| ModelValidity {
        model: model.name.clone(),
        forms: of_model(&checks, gathered, is_embedded),
    });
    of_model.collect()
}

fn of_model(
    checks: &[&Unit<'_>],
    gathered: &Gathered,
    is_embedded: bool,
) -> BTreeMap<ProbeForm, Validity> {
    let mut forms: BTreeMap<ProbeForm, Validity> = BTreeMap::new();
    for unit in checks {
        let seen = gathered.seen.get(&unit.place);
        let seen = seen.map_or(&[][..], Vec::as_slice);
        let names = names(unit);
        let names = names.iter().map(String::as_str);
        let check = Check::of(unit.plan.form, names, seen, is_embedded);
        let form = forms.entry(unit.plan.form).or_default();
        match unit.plan.id.as_str() {
            "compliance" => form.compliance = check,
            _ => form.memory = check,
        }
    }
    forms
}

/// Names of the samples of its calls: those that were recorded, or, where samples were erased, those that this version
/// plans.
fn names(unit: &Unit<'_>) -> Vec<String> {
    if unit.erased {
        let items = unit.arms.iter().flat_map(|arms| &arms.suspects);
        items.map(|item| item.sample.id.clone()).collect()
    } else {
        unit.first.iter().map(|call| call.id.clone()).collect()
    }
}

impl ModelValidity {
    /// What a verdict may rest on, in each form, by the rules of `tables`.
    pub(super) fn grounds(&self, tables: u32) -> BTreeMap<ProbeForm, Grounds> {
        let grounds = |(form, found): (&ProbeForm, &Validity)| {
            let grounds = Grounds {
                complies: if tables >= SURELY_SINCE {
                    found.complies()
                } else {
                    found.complies_by_earlier_rules()
                },
                remembers: found.remembers(),
            };
            (*form, grounds)
        };
        self.forms.iter().map(grounds).collect()
    }

    /// A line for people about each form, in the words of the summary.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.forms.iter().map(|(form, found)| {
            let compliance = found.compliance.map(|check| {
                let what = match form {
                    ProbeForm::Raw => "goes on as it must",
                    ProbeForm::Instruction => "repeats texts",
                };
                format!("{what} {}", counts(check))
            });
            let memory = found.memory;
            let memory = memory.map(|check| format!("restores passages {}", counts(check)));
            let told: Vec<_> = compliance.into_iter().chain(memory).collect();
            let told = if told.is_empty() {
                "not testable".to_owned()
            } else {
                told.join(", ")
            };
            format!("checks: {told} ({})", form.as_str())
        })
    }
}

/// How many came, and how many answers said nothing.
fn counts(check: Check) -> String {
    let of = format!("{} of {}", check.restored, check.asked);
    let told = [(check.invalid, "invalid"), (check.missing, "not answered")];
    let told = told.iter().filter(|(count, _)| *count > 0);
    let told: Vec<_> = told
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if told.is_empty() {
        of
    } else {
        format!("{of} ({})", told.join(", "))
    }
}
