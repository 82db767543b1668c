//! The plan of a call: what `Model::body` gives where likelihoods are asked for.
//!
//! Invariant: the same endpoint and request give the same bytes. A plan names paths, never a host: what
//! is sent can only go to the endpoint's own.

use cleanbench_core::{CallError, CallErrorKind, Request};
use serde::{Deserialize, Serialize};
use url::Url;

use super::LikelihoodMethod;
use crate::Endpoint;

/// How the bytes of a plan begin; no body of a request begins so.
const BEGINNING: &[u8] = b"{\"likelihood_plan\":";
/// The version that is written, and the only one that is read.
const VERSION: u8 = 1;

/// What is asked, and how.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    #[serde(rename = "likelihood_plan")]
    version: u8,
    pub(super) method: LikelihoodMethod,
    pub(super) model: String,
    pub(super) paths: Paths,
    pub(super) prompt: String,
    pub(super) continuations: Vec<String>,
}

/// Paths on the endpoint's host.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paths {
    /// Where texts are put.
    pub(super) score: String,
    /// Where texts are cut into tokens, if that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tokenize: Option<String>,
}

/// Whether the bytes of a body are those of a plan.
pub fn is_plan(body: &[u8]) -> bool {
    body.starts_with(BEGINNING)
}

/// The bytes of the plan that `request` becomes at `endpoint`.
///
/// # Errors
/// [`CallErrorKind::Unsupported`] when the endpoint has no way to tell likelihoods, or there is no
/// prompt, so that a first token would have nothing before it.
pub(crate) fn plan_bytes(endpoint: &Endpoint, request: &Request) -> Result<Vec<u8>, CallError> {
    let unsupported = |what: &str| {
        let message = format!("{}: {what}", endpoint.host());
        CallError::new(CallErrorKind::Unsupported, message)
    };
    let method = LikelihoodMethod::of(endpoint);
    let contents: Vec<_> = request
        .messages
        .iter()
        .map(|message| message.content.as_str())
        .collect();
    let prompt = contents.join("\n\n");
    if prompt.is_empty() {
        return Err(unsupported(
            "a text whose likelihood is asked for needs a prompt before it",
        ));
    }
    if request
        .messages
        .iter()
        .any(|message| !message.images.is_empty())
    {
        return Err(unsupported(
            "a text whose likelihood is asked for cannot follow a picture",
        ));
    }
    let paths = paths(method, &endpoint.url).map_err(unsupported)?;
    let plan = Plan {
        version: VERSION,
        method,
        model: endpoint.model.clone(),
        paths,
        prompt,
        continuations: request.continuations.clone(),
    };
    serde_json::to_vec(&plan).map_err(|error| unsupported(&format!("the plan is no JSON: {error}")))
}

impl Plan {
    pub(super) fn parse(host: &str, body: &[u8]) -> Result<Self, CallError> {
        let plan: Self = serde_json::from_slice(body).map_err(|error| {
            let message = format!("{host}: the plan of a likelihood is unreadable: {error}");
            CallError::new(CallErrorKind::Malformed, message)
        })?;
        if plan.version == VERSION {
            return Ok(plan);
        }
        let message = format!(
            "{host}: the plan of a likelihood has version {}, and this cleanbench knows {VERSION}",
            plan.version
        );
        Err(CallError::new(CallErrorKind::Malformed, message))
    }

    /// Prompt and text as one.
    pub(super) fn whole(&self, continuation: &str) -> String {
        format!("{}{continuation}", self.prompt)
    }
}

fn paths(method: LikelihoodMethod, url: &Url) -> Result<Paths, &'static str> {
    let base = base_path(url);
    let root = base.strip_suffix("/v1").unwrap_or(base);
    let alone = |score| Paths {
        score,
        tokenize: None,
    };
    match method {
        LikelihoodMethod::Echo | LikelihoodMethod::Vllm => Ok(alone(format!("{base}/completions"))),
        LikelihoodMethod::Sglang => Ok(alone(format!("{root}/generate"))),
        LikelihoodMethod::Llamacpp => Ok(Paths {
            score: format!("{root}/completion"),
            tokenize: Some(format!("{root}/tokenize")),
        }),
        LikelihoodMethod::None => Err(
            "nothing is known of a way to ask it for the likelihood of a given text; \
             `cleanbench models check` finds out whether it has one: then \
             set `likelihood` to \"echo\", \"vllm\", \"sglang\" or \"llamacpp\" in the models file",
        ),
    }
}

/// Ends of paths under which an endpoint may be asked otherwise.
const ENDS: [&str; 5] = [
    "/chat/completions",
    "/completions",
    "/completion",
    "/responses",
    "/messages",
];

/// The path of `url` before that of chat or completions.
fn base_path(url: &Url) -> &str {
    let path = url.path().trim_end_matches('/');
    ENDS.iter()
        .find_map(|end| path.strip_suffix(end))
        .unwrap_or(path)
}
