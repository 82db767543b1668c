//! What checks of endpoints found before, where it decides how they are asked: the likelihood of given texts.
//!
//! Invariant: what a models file or a provider's profile says is never overruled, a run that weighs nothing stays as it
//! was, and what was found is recorded with the endpoint, so that a run that is gone on with asks as it began.

use std::fmt::Debug;

use cleanbench_core::Method;
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_model::{Endpoint, LikelihoodMethod};
use cleanbench_probe::registry::weighs_likelihoods;
use cleanbench_suite::Suite;

use crate::endpoints::Placed;

/// What is known of endpoints from before.
pub trait Supported: Debug {
    /// How `endpoint` was seen to tell the likelihood of given texts.
    fn likelihood(&self, endpoint: &Endpoint) -> Option<LikelihoodMethod>;
}

/// Nothing is known.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Supported for Nothing {
    fn likelihood(&self, _: &Endpoint) -> Option<LikelihoodMethod> {
        None
    }
}

/// Has endpoints that were seen to tell likelihoods asked for them so, where `suite` weighs any.
pub(crate) fn use_found(placed: &mut [Placed], suite: &Suite, known: &dyn Supported) -> Vec<Note> {
    if !weighs(suite) {
        return Vec::new();
    }
    let unknown = placed.iter_mut().map(|one| &mut one.endpoint);
    let unknown = unknown.filter(|one| LikelihoodMethod::of(one) == LikelihoodMethod::None);
    let found = unknown.filter_map(|endpoint| {
        let method = known.likelihood(endpoint)?;
        endpoint.likelihood = Some(method);
        Some(note(endpoint, method))
    });
    found.collect()
}

fn weighs(suite: &Suite) -> bool {
    let mut tasks = suite.tasks.iter();
    let mut probes = suite.probes.iter().flat_map(|probes| &probes.names);
    tasks.any(|task| task.method == Method::Likelihood)
        || probes.any(|name| weighs_likelihoods(name))
}

fn note(endpoint: &Endpoint, method: LikelihoodMethod) -> Note {
    let text = format!(
        "model `{}` is asked for likelihoods as \"{}\", which `models check` found to work; `likelihood` in the models file decides otherwise",
        endpoint.name,
        method.as_str()
    );
    Note::new(NoteKind::LikelihoodFound, text)
}
