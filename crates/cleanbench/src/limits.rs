//! What a run has used up, and how hard its endpoints may be asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cleanbench_core::{DigestKey, Usd};
use cleanbench_engine::{Billing, Ending, EndpointLimiter, ModelCache, Rates};
use cleanbench_ledger::RunDirectory;
use cleanbench_model::Endpoint;

/// Calls in flight for a model whose limit nobody set.
const DEFAULT_CONCURRENCY: u32 = 16;

/// Calls of `endpoint` in flight at most, which has so many `slots` if that is known.
pub(crate) fn concurrency(endpoint: &Endpoint, slots: Option<u32>) -> usize {
    let number = endpoint.limits.concurrency.or(slots);
    number.unwrap_or(DEFAULT_CONCURRENCY) as usize
}

/// One limiter for each host and key, in the order of `endpoints`: models that share both share what
/// the endpoint bears. Its ceiling is the sum of theirs, which is `at_once`, but where that is the number of the
/// server's `slots`, which they share too.
pub(crate) fn limiters(
    endpoints: &[Endpoint],
    at_once: &[usize],
    slots: &[Option<u32>],
) -> Vec<EndpointLimiter> {
    let place = |endpoint: &Endpoint| {
        let own = endpoint.is_embedded().then(|| endpoint.name.clone());
        (endpoint.host(), endpoint.key_env.clone(), own)
    };
    let mut ceilings = BTreeMap::new();
    for ((endpoint, at_once), slots) in endpoints.iter().zip(at_once).zip(slots) {
        let ceiling = ceilings.entry(place(endpoint)).or_insert(0);
        *ceiling = match slots {
            Some(_) => (*ceiling).max(*at_once),
            None => *ceiling + at_once,
        };
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

/// The folder of kept answers: beside the runs, for they are as private as those.
pub(crate) fn cache_folder(run: &RunDirectory) -> Option<PathBuf> {
    Some(run.path().parent()?.join(".answers"))
}

/// Where answers are kept, and what they are sealed with.
pub(crate) struct KeptAnswers {
    pub(crate) folder: PathBuf,
    pub(crate) secret: DigestKey,
}

/// Where answers of `endpoint` are kept, among all that are `kept`.
pub(crate) fn cache(endpoint: &Endpoint, kept: &KeptAnswers) -> Option<ModelCache> {
    let identity = endpoint.cache_identity()?;
    Some(ModelCache::new(&kept.folder, identity, kept.secret.clone()))
}

/// What the tokens of `endpoint` cost.
pub(crate) fn billing(endpoint: &Endpoint) -> Billing {
    match &endpoint.price {
        _ if endpoint.is_embedded() => Billing::Free,
        Some(price) => Billing::Price(price.clone()),
        None => Billing::Unknown,
    }
}

/// What a run that was stopped by a cap has used up; `None` where none stopped it.
pub(crate) fn spent_of_cap(ending: &Ending, folder: &str) -> Option<String> {
    let flag = ending.cap?.flag();
    let spent = &ending.spent;
    // What has no price is not free.
    let cost = if spent.cost == Usd::ZERO {
        String::new()
    } else {
        format!(", ${}", spent.cost)
    };
    Some(format!(
        "{} requests, {} tokens{cost} are spent or reserved; go on with: cleanbench run --resume {folder} {flag} MORE",
        spent.requests, spent.tokens
    ))
}
