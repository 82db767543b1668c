//! What a run may use up, and how hard its endpoints may be asked.
//!
//! Refuses a cap that could not be kept: where a price or a longest answer is missing, the worst case of
//! a call has no bound.

use std::collections::BTreeMap;

use cleanbench_core::{Exit, event::Cap};
use cleanbench_engine::{Billing, Caps, Ending, EndpointLimiter, ModelCache, Rates};
use cleanbench_ledger::RunDirectory;
use cleanbench_ledger::manifest::{ModelPlan, TaskPlan};
use cleanbench_model::Endpoint;

use crate::failure::Failure;
use crate::talk;

/// Calls in flight for a model whose limit nobody set.
const DEFAULT_CONCURRENCY: u32 = 16;

/// Calls of `endpoint` in flight at most.
pub(crate) fn concurrency(endpoint: &Endpoint) -> usize {
    endpoint.limits.concurrency.unwrap_or(DEFAULT_CONCURRENCY) as usize
}

/// One limiter for each host and key, in the order of `endpoints`: models that share both share what
/// the endpoint bears. Its ceiling is the sum of theirs.
pub(crate) fn limiters(endpoints: &[Endpoint]) -> Vec<EndpointLimiter> {
    let place = |endpoint: &Endpoint| {
        let own = endpoint.is_embedded().then(|| endpoint.name.clone());
        (endpoint.host(), endpoint.key_env.clone(), own)
    };
    let mut ceilings = BTreeMap::new();
    for endpoint in endpoints {
        *ceilings.entry(place(endpoint)).or_insert(0) += concurrency(endpoint);
    }
    let shared: BTreeMap<_, _> = ceilings
        .into_iter()
        .map(|(place, ceiling)| (place, EndpointLimiter::new(ceiling)))
        .collect();
    endpoints
        .iter()
        .map(|endpoint| shared[&place(endpoint)].clone())
        .collect()
}

/// What the models file allows by the minute.
pub(crate) fn rates(endpoint: &Endpoint) -> Rates {
    Rates {
        requests_per_minute: endpoint.limits.requests_per_minute,
        tokens_per_minute: endpoint.limits.tokens_per_minute,
    }
}

/// Where answers of `endpoint` are kept: beside the runs, for they are as private as those.
pub(crate) fn cache(endpoint: &Endpoint, run: &RunDirectory) -> Option<ModelCache> {
    let identity = endpoint.cache_identity()?;
    let folder = run.path().parent()?.join(".answers");
    Some(ModelCache::new(&folder, identity))
}

/// What the tokens of `endpoint` cost.
pub(crate) fn billing(endpoint: &Endpoint) -> Billing {
    match &endpoint.price {
        _ if endpoint.is_embedded() => Billing::Free,
        Some(price) => Billing::Price(price.clone()),
        None => Billing::Unknown,
    }
}

/// Refuses a cap that could not be kept, before anything is sent.
pub(crate) fn check_caps(
    caps: &Caps,
    (models, tasks): (&[ModelPlan], &[TaskPlan]),
    endpoints: &[Endpoint],
) -> Result<(), Failure> {
    let mut failure = Failure {
        exit: Exit::ConfigInvalid,
        messages: Vec::new(),
        hints: Vec::new(),
    };
    let flag = match (caps.cost, caps.tokens) {
        (Some(_), _) => Cap::Cost.flag(),
        (None, Some(_)) => Cap::Tokens.flag(),
        (None, None) => return Ok(()),
    };
    for (model, endpoint) in models.iter().zip(endpoints) {
        if caps.cost.is_some() && billing(endpoint) == Billing::Unknown {
            failure.messages.push(format!(
                "`{}` cannot be kept: model `{}` has no price",
                Cap::Cost.flag(),
                model.name
            ));
            failure.hints.push(format!(
                "put `price = {{ input = \"…\", output = \"…\" }}` (US dollars per million tokens, \"0\" if it costs nothing) into the entry of `{}` in the models file",
                model.name
            ));
        }
        let endless = |(task, sampling): &(&TaskPlan, &cleanbench_core::Sampling)| {
            task.probe.is_none() && !is_weighed(task) && sampling.max_tokens.is_none()
        };
        if caps.tokens.is_none() && billing(endpoint) == Billing::Free {
            continue;
        }
        let mut pairs = tasks.iter().zip(&model.sampling);
        if let Some((task, _)) = pairs.find(endless) {
            failure.messages.push(format!(
                "`{flag}` cannot be kept: `max_tokens` is not set for task `{}` at model `{}`",
                task.name, model.name
            ));
            failure.hints.push(format!(
                "put `generate = {{ max_tokens = … }}` into the task, or into the entry of `{}` in the models file",
                model.name
            ));
        }
    }
    if failure.messages.is_empty() {
        return Ok(());
    }
    if caps.best_effort {
        for message in &failure.messages {
            talk::warn(format!("{message}; only what is known is counted"));
        }
        return Ok(());
    }
    Err(failure.hint("`--best-effort-cap` counts only what is known, and may exceed the cap"))
}

/// Whether the answers of `task` are given and only weighed.
fn is_weighed(task: &TaskPlan) -> bool {
    task.definition["method"] == "likelihood"
}

/// Which cap stopped the run, and what the run has used up; `None` if none did.
pub(crate) fn stopped_by_cap(ending: &Ending, folder: &str) -> Option<String> {
    let flag = ending.cap?.flag();
    let spent = &ending.spent;
    Some(format!(
        "stopped by `{flag}`: {} requests, {} tokens, ${} are spent or reserved; go on with: cleanbench run --resume {folder} {flag} MORE",
        spent.requests, spent.tokens, spent.cost
    ))
}
