//! Reference models: who cannot have seen the items, and is asked the same as the models under test.
//!
//! Refused: one that is under test too, and one that is named where no probe is put, because nothing would come of it.

use cleanbench_ledger::manifest::{Plan, Role};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_suite::Suite;

use crate::endpoints::Placed;
use crate::options::ModelOptions;
use crate::{ErrorKind, PlanError};

/// Refuses a model that is under test and a reference, also under another name, and a reference that is named twice: one
/// that happens to guess in both arms alike would be two.
///
/// # Errors
/// Which.
pub(crate) fn check_roles(placed: &[Placed]) -> Result<(), PlanError> {
    let of = |role| placed.iter().filter(move |one| one.role == role);
    for reference in of(Role::Reference) {
        let own = &reference.endpoint;
        let is_same = |one: &&Placed| {
            let other = &one.endpoint;
            other.name == own.name || other.model == own.model && other.url == own.url
        };
        let Some(subject) = of(Role::Subject).find(is_same) else {
            continue;
        };
        let what = format!(
            "model `{}` is under test, and cannot be a reference{}",
            subject.endpoint.name,
            also_called(subject, reference)
        );
        return Err(PlanError::new(ErrorKind::Usage, what)
            .hint("a reference (`-R`) is a model that cannot have seen the items"));
    }
    check_different(&of(Role::Reference).collect::<Vec<_>>())
}

/// Refuses two names of one reference.
fn check_different(references: &[&Placed]) -> Result<(), PlanError> {
    for (place, one) in references.iter().enumerate() {
        let (own, before) = (&one.endpoint, &references[..place]);
        let is_same =
            |other: &&&Placed| other.endpoint.model == own.model && other.endpoint.url == own.url;
        if let Some(other) = before.iter().find(is_same) {
            let what = format!(
                "the references `{}` and `{}` are the same model at the same endpoint",
                other.endpoint.name, own.name
            );
            return Err(PlanError::new(ErrorKind::Usage, what)
                .hint("bias is measured by two models that are not alike: leave one out"));
        }
    }
    Ok(())
}

fn also_called(subject: &Placed, reference: &Placed) -> String {
    let (name, other) = (&subject.endpoint.name, &reference.endpoint.name);
    if name == other {
        String::new()
    } else {
        format!(", as `{other}`, too: both are the same model at the same endpoint")
    }
}

/// `placed` with the roles that the models of `plan`, in the same order, had.
pub(crate) fn with_roles(mut placed: Vec<Placed>, plan: &Plan) -> Vec<Placed> {
    for (one, model) in placed.iter_mut().zip(&plan.models) {
        one.role = model.role;
    }
    placed
}

/// Refuses reference models that were named beside the models of an earlier run, which has its own.
///
/// # Errors
/// When `options` name any.
pub(crate) fn check_unnamed(options: &ModelOptions) -> Result<(), PlanError> {
    if options.references.is_empty() {
        return Ok(());
    }
    let what = "reference models are named, and the models under test are not";
    Err(PlanError::new(ErrorKind::Usage, what)
        .hint("name those with `-m`, too; without either the models of the earlier run are taken"))
}

/// What it takes for a probe to be put to what is selected of `suite`.
fn way_to_probes(suite: &Suite) -> &'static str {
    if suite.probes.is_none() {
        "the suite has no `[probes]`: `cleanbench probe SUITE -m MODEL -R REFERENCE` puts the primary probes all the same, and \
         `[probes]` with `use = [\"completion\"]` in suite.toml lets `check` and `run` know them; or leave `-R` out"
    } else {
        "no task that is selected has controls: rows with `rewording_of` or `isomorph_of`, or a task that `control` names; \
         select or add one, or leave `-R` out"
    }
}

/// Of `placed` those that are asked where no probe is put: no reference, which is said.
///
/// # Errors
/// When `options` name references.
pub(crate) fn without_probes(
    placed: Vec<Placed>,
    options: &ModelOptions,
    suite: &Suite,
    notes: &mut Vec<Note>,
) -> Result<Vec<Placed>, PlanError> {
    let (references, subjects): (Vec<_>, Vec<_>) = placed
        .into_iter()
        .partition(|one| one.role == Role::Reference);
    let Some(first) = references.first() else {
        return Ok(subjects);
    };
    let why =
        "no probe is put: reference models show what can be guessed of items that a probe asks for";
    if !options.references.is_empty() {
        let what = format!("`-R {}`: {why}", first.endpoint.name);
        return Err(PlanError::new(ErrorKind::Usage, what).hint(way_to_probes(suite)));
    }
    let names: Vec<_> = references
        .iter()
        .map(|one| format!("`{}`", one.endpoint.name))
        .collect();
    let text = format!("{} not asked: {why}", names.join(", "));
    notes.push(Note::new(NoteKind::NoProbes, text));
    Ok(subjects)
}
