//! Answers of earlier runs to the same requests.
//!
//! Invariants: a key covers everything that makes an answer what it is (the endpoint, the version of its
//! model, the bytes of the request, the epoch), so repeats of a sample never share an answer; only what
//! was read as a whole answer is kept; an answer from here is on record as such, sends nothing, is
//! never timed and costs nothing.

use std::path::Path;

use cleanbench_core::event::{Cached, Reading};
use cleanbench_core::{Completion, Digest, DigestKey, Finish, Model, RunId};
use cleanbench_ledger::LedgerError;
use cleanbench_ledger::answers::{AnswerCache, KeptAnswer};
use cleanbench_ledger::writer::timestamp;

use crate::kept::Kept;
use crate::reading::read;
use crate::recorded::Recorded;

/// The kept answers of one model.
#[derive(Debug, Clone)]
pub struct ModelCache {
    answers: AnswerCache,
    identity: Vec<u8>,
}

impl ModelCache {
    /// Answers in `folder` of the model that `identity` stands for: two models with the same identity
    /// give the same answers. Those of whoever has another `secret` are none.
    pub fn new(folder: &Path, identity: Vec<u8>, secret: DigestKey) -> Self {
        Self {
            answers: AnswerCache::at(folder, secret),
            identity,
        }
    }

    fn key(&self, body: &[u8], epoch: u32) -> Digest {
        let parts: [&[u8]; 3] = [&self.identity, body, &epoch.to_be_bytes()];
        Digest::of("cleanbench/answer-key/1", &parts)
    }

    /// The answer that is kept for `body`, if there is one that `model` still reads as an answer.
    pub(crate) fn look_up(&self, model: &dyn Model, body: &[u8], epoch: u32) -> Option<Kept> {
        let key = self.key(body, epoch);
        let KeptAnswer { run, at, reply } = self.answers.get(&key)?;
        let is_whole = read(model, body, &reply).is_ok_and(|completion| is_whole(&completion));
        let cached = Cached {
            key,
            run,
            at,
            judged: None,
        };
        is_whole.then(|| Kept::new(cached, Some(reply), None))
    }

    /// Keeps the reply of `recorded`, a call of `run`, which was read as `completion`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn keep(
        &self,
        run: &RunId,
        recorded: &Recorded<'_>,
        completion: &Completion,
    ) -> Result<(), LedgerError> {
        let reply = recorded.reply.as_ref().filter(|_| !recorded.is_cached);
        let Some(reply) = reply.filter(|_| is_whole(completion)) else {
            return Ok(());
        };
        let answer = KeptAnswer {
            run: run.clone(),
            at: timestamp(),
            reply: reply.clone(),
        };
        let epoch = recorded.attempt.call.place.epoch;
        self.answers.put(&self.key(recorded.body, epoch), &answer)
    }
}

/// An empty answer is often a fault of the moment, and a filtered one is none.
fn is_whole(completion: &Completion) -> bool {
    completion.finish != Finish::ContentFilter && !Reading::from(completion).empty
}
