//! A run of contamination probes alone: its tasks keep their items, which probes and reports plan their calls from,
//! and are not asked.
//!
//! Invariant: nothing of such a run stands for a score. It refuses a suite in which no probe can be put.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cleanbench_core::probe::ProbeForm;
use cleanbench_core::{Gate, Metric, OnInconclusive};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_probe::registry;
use cleanbench_suite::{DEFAULT_ITEMS, ProbeUse, Suite};

use crate::selection::Selected;
use crate::{ErrorKind, PlanError};

/// Has none of `selected` asked.
pub(crate) fn leave_unasked(selected: &mut [Selected<'_>]) {
    for chosen in selected {
        chosen.epochs = 0;
    }
}

/// The probes that are put: those of the suite; where it names none and probes alone are put, the primary ones.
pub(crate) fn wanted(suite: &Suite, probes_only: bool) -> Option<Cow<'_, ProbeUse>> {
    let own = suite.probes.as_ref().map(Cow::Borrowed);
    own.or_else(|| probes_only.then(|| Cow::Owned(usual())))
}

/// Of these the ones whose questions are known beforehand, and answered by a text.
///
/// # Errors
/// When there is none.
pub(crate) fn put_elsewhere(suite: &Suite) -> Result<ProbeUse, PlanError> {
    let mut wanted = suite.probes.clone().unwrap_or_else(usual);
    wanted.names.retain(|name| is_put_elsewhere(name));
    // All questions are written out before anything is answered.
    wanted.early_stop = false;
    if wanted.names.is_empty() {
        let what = "no probe of the suite can be put elsewhere: they weigh likelihoods, or ask again by what was answered";
        return Err(PlanError::new(ErrorKind::SuiteInvalid, what)
            .hint("add `completion` or `option-completion` to `use` of `[probes]`"));
    }
    Ok(wanted)
}

/// What people must know of the probes that are not.
pub(crate) fn not_elsewhere(suite: &Suite) -> Option<Note> {
    let names = suite.probes.iter().flat_map(|wanted| &wanted.names);
    let left: Vec<_> = names
        .filter(|name| !is_put_elsewhere(name))
        .cloned()
        .collect();
    let text = format!(
        "not put elsewhere, because they weigh likelihoods or ask again by what was answered: {}",
        left.join(", ")
    );
    (!left.is_empty()).then(|| Note::new(NoteKind::ProbesAlone, text))
}

fn is_put_elsewhere(name: &str) -> bool {
    !registry::weighs_likelihoods(name) && registry::is_confirmatory(name)
}

/// The primary probes in both forms.
fn usual() -> ProbeUse {
    ProbeUse {
        names: registry::primary().map(str::to_owned).collect(),
        items: DEFAULT_ITEMS,
        forms: vec![ProbeForm::Raw, ProbeForm::Instruction],
        prompts: BTreeMap::new(),
        early_stop: false,
    }
}

/// What people must know of such a run.
pub(crate) fn notes(suite: &Suite) -> impl Iterator<Item = Note> + use<> {
    let note = |text: String| Note::new(NoteKind::ProbesAlone, text);
    let alone = note(
        "probes alone are put: the tasks are not asked and have no score, and gates on scores are not evaluated"
            .to_owned(),
    );
    let usual = suite.probes.is_none().then(|| {
        let names: Vec<_> = registry::primary().collect();
        note(format!(
            "the suite has no `[probes]`: the primary ones are put ({}), in every form that they have",
            names.join(", ")
        ))
    });
    std::iter::once(alone).chain(usual)
}

/// Why no probe can be put to any of `selected`, and what would let one be.
pub(crate) fn no_controls(selected: &[Selected<'_>]) -> PlanError {
    let tasks = selected.iter().map(|one| format!("`{}`", one.task.name));
    let tasks: Vec<_> = tasks.collect();
    let what = format!(
        "no probe can be put: what a model restores shows memory only beside controls, items of the same kind that it cannot have seen, and the selected tasks have none ({})",
        tasks.join(", ")
    );
    PlanError::new(ErrorKind::SuiteInvalid, what)
        .hint("name in the data of a task, or of another one, which item each rewords: `\"rewording_of\": \"ID\"`; or which it is an isomorph of, the same skill with new content: `\"isomorph_of\": \"ID\"`")
        .hint("or name a task of other items of the same shape: `control = { task = \"NAME\", kind = \"sibling\" }` (or \"post_cutoff\", \"private\"), and select both")
}

/// Lets no gate on scores decide how the run ends: it is told as not evaluated.
pub(crate) fn decide_nothing_by_scores(gates: &mut [Gate]) {
    let of_scores = gates
        .iter_mut()
        .filter(|gate| gate.metric != Metric::Contamination);
    for gate in of_scores {
        gate.on_inconclusive = OnInconclusive::Warn;
    }
}
