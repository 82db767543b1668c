//! The likelihood of given texts after a prompt, at servers that can tell it.
//!
//! No protocol has a field for it, so a call is a *plan* (how the endpoint tells it, prompt and texts),
//! which becomes several HTTP exchanges. Their requests and replies, as received, are one *transcript*:
//! the reply of the call. One pure function, `Method::weigh`, says what is asked next and, in the end,
//! what was found; sending and reading both run it, so that whatever is read was asked for.
//!
//! Invariants: every byte is on record before it is judged; while sending, a reply is looked at only to
//! word the next request. What a server counts, tokenises and returns must fit together; else the
//! reason is an error, and no number is used. It refuses to score a part of the prompt: where a token
//! spans the boundary and the server takes no tokens, it says so.
//!
//! Prompt and texts are put raw, joined as in [`cleanbench_core::Form::Completion`], also where the
//! endpoint is otherwise asked by chat.

mod conversation;
mod echo;
mod llamacpp;
mod pieces;
mod plan;
mod sglang;
mod tokens;
mod transcript;
mod values;
mod vllm;

use cleanbench_core::{CallError, CallErrorKind, Completion, Finish, Likelihood, Reply, Usage};
use serde::{Deserialize, Serialize};

use crate::{Endpoint, Reader};
use conversation::{Conversation, Stop};
use plan::Plan;

pub use conversation::Inquiry;
pub use plan::is_plan;
pub use transcript::{Exchange, encode, statuses};
pub use values::checked;

pub(crate) use plan::plan_bytes;
pub(crate) use transcript::is_transcript;

/// How an endpoint tells the likelihood of a given text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LikelihoodMethod {
    /// Completions with `echo`, `logprobs` and no token to generate.
    Echo,
    /// Completions with `prompt_logprobs`.
    Vllm,
    /// The native `/generate` with `return_logprob`.
    Sglang,
    /// The native `/completion` with a grammar that lets nothing but the text's own tokens pass.
    Llamacpp,
    /// Not at all.
    None,
}

impl LikelihoodMethod {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Echo,
        Self::Vllm,
        Self::Sglang,
        Self::Llamacpp,
        Self::None,
    ];

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
            Self::Llamacpp => "llamacpp",
            Self::None => "none",
        }
    }

    /// The one that `word` names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// How `endpoint` is asked: as its entry in the models file says, else as its provider is known to answer.
    pub fn of(endpoint: &Endpoint) -> Self {
        let said = endpoint.likelihood.or(endpoint.profile.likelihood);
        said.unwrap_or(Self::None)
    }

    /// Goes through a conversation with the server from its beginning: stops where something has yet
    /// to be asked, or with what was found.
    fn weigh(self, plan: &Plan, conversation: &mut Conversation<'_>) -> Result<Weighed, Stop> {
        match self {
            Self::Echo => echo::weigh(plan, conversation),
            Self::Vllm => vllm::weigh(plan, conversation),
            Self::Sglang => sglang::weigh(plan, conversation),
            Self::Llamacpp => llamacpp::weigh(plan, conversation),
            Self::None => Err(conversation.unsupported("the plan names no method")),
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
struct Weighed {
    likelihoods: Vec<Likelihood>,
    usage: Usage,
    model: Option<String>,
    fingerprint: Option<String>,
}

/// What comes after the exchanges so far.
#[derive(Debug)]
pub enum NextInquiry {
    /// This is to be asked.
    Ask(Inquiry),
    /// Nothing more is to be asked.
    Done,
}

/// What is to be asked next by the plan `body` after `exchanges` with `host`. An answer that cannot be gone on
/// from ends the conversation; reading says what was wrong with it.
///
/// # Errors
/// When `body` is no plan.
pub fn next(
    reader: &Reader,
    host: &str,
    body: &[u8],
    exchanges: &[Exchange],
) -> Result<NextInquiry, CallError> {
    let plan = Plan::parse(host, body)?;
    let mut conversation = Conversation::new(reader, host, plan.method, exchanges);
    Ok(match plan.method.weigh(&plan, &mut conversation) {
        Err(Stop::Ask(inquiry)) => NextInquiry::Ask(inquiry),
        Ok(_) | Err(Stop::Failed(_)) => NextInquiry::Done,
    })
}

/// Reads a transcript.
///
/// # Errors
/// When the server could not tell the likelihoods, or told something that cannot be.
pub(crate) fn read(
    reader: &Reader,
    host: &str,
    body: &[u8],
    reply: &Reply,
) -> Result<Completion, CallError> {
    let malformed = |what: &str| {
        CallError::new(
            CallErrorKind::Malformed,
            format!("{host}: the recorded exchanges {what}"),
        )
    };
    let plan = Plan::parse(host, body)?;
    let exchanges = transcript::decode(&reply.body)
        .map_err(|error| malformed(&format!("are unreadable: {error}")))?;
    let mut conversation = Conversation::new(reader, host, plan.method, &exchanges);
    let weighed = match plan.method.weigh(&plan, &mut conversation) {
        Ok(weighed) if conversation.is_over() => weighed,
        Ok(_) => return Err(malformed("go on after the last answer that was needed")),
        Err(Stop::Ask(_)) => return Err(malformed("break off before the last answer")),
        Err(Stop::Failed(error)) => return Err(error),
    };
    Ok(Completion {
        finish: Finish::Stop,
        usage: weighed.usage,
        model: weighed.model,
        fingerprint: weighed.fingerprint,
        likelihoods: weighed.likelihoods,
        ..Completion::default()
    })
}
