//! Answers that another run recorded, instead of calls.
//!
//! Invariants: where the plan says that what is missing is skipped, no call of the model reaches
//! [`cleanbench_core::Model::send`]; what is replayed is on record as such, is never timed, costs nothing,
//! and says nothing of how the endpoint is.

use std::sync::Arc;

use cleanbench_core::{CallError, CallErrorKind, Model, RunId};
use cleanbench_ledger::LedgerError;
use cleanbench_ledger::manifest::Missing;
use cleanbench_ledger::replay::{Absent, Asked, ReplaySource, Replayed, SampleName};

use crate::kept::Kept;
use crate::reading::read;

/// The run that a model's answers are taken from.
#[derive(Debug, Clone)]
pub struct ModelReplay {
    /// Its recorded answers.
    pub source: Arc<ReplaySource>,
    /// Position of the model in its plan.
    pub model: u32,
    /// What becomes of a call that it has no answer to.
    pub missing: Missing,
}

/// What a call is ended with, instead of being made.
pub(crate) enum Instead {
    /// What came back when another run asked the same.
    Recorded(Box<Kept>),
    /// Nothing: it cannot be asked, for this reason.
    Nothing(CallError),
    /// Nothing: where the answers come from this was never asked.
    NeverAsked(CallError),
}

impl ModelReplay {
    /// What the call of the sample `name` in its repeat `epoch` is ended with, which would send `body` to `model`;
    /// `None` where it is to be made.
    pub(crate) fn look_up(
        &self,
        model: &dyn Model,
        body: &[u8],
        epoch: u32,
        name: SampleName,
    ) -> Result<Option<Instead>, LedgerError> {
        let asked = Asked {
            model: self.model,
            body,
            epoch,
            name,
        };
        Ok(match (self.source.find(&asked)?, self.missing) {
            (Err(reason), Missing::Skip) => {
                Some(Instead::Nothing(not_recorded(self.source.run(), reason)))
            }
            (Err(_), Missing::Ask) => None,
            // An error is the end of a call, and no answer.
            (Ok(replayed), Missing::Ask) if !is_answer(model, body, &replayed) => None,
            (Ok(replayed), _) => Some(Instead::Recorded(Box::new(kept(replayed)))),
        })
    }
}

fn is_answer(model: &dyn Model, body: &[u8], replayed: &Replayed) -> bool {
    let reply = replayed.reply.as_ref().filter(|_| replayed.error.is_none());
    reply.is_some_and(|reply| read(model, body, reply).is_ok())
}

/// What `replayed` would have been, had it just arrived.
fn kept(replayed: Replayed) -> Kept {
    Kept::new(replayed.cached, replayed.reply, replayed.error)
}

/// Says why `run` has nothing to end a call with.
fn not_recorded(run: &RunId, reason: Absent) -> CallError {
    let message = match reason {
        Absent::Sample => format!("run {run} has no such sample"),
        Absent::Request => format!(
            "run {run} has no answer to this request: prompt, parameters or epoch are others, or it was never answered"
        ),
        Absent::Erased => format!("the answer was erased from run {run}"),
    };
    CallError::new(CallErrorKind::NotRecorded, message)
}
