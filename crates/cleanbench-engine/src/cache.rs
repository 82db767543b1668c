//! Answers of earlier runs to the same requests.
//!
//! Invariants: a key covers everything that makes an answer what it is (the endpoint, the version of its
//! model, the bytes of the request, the epoch), so repeats of a sample never share an answer; only what
//! was read as a whole answer is kept; an answer from here is on record as such, sends nothing, is
//! never timed and costs nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use cleanbench_core::event::{Cached, Reading};
use cleanbench_core::model::Sent;
use cleanbench_core::{Completion, Digest, Finish, Timing};
use cleanbench_ledger::answers::{AnswerCache, KeptAnswer};
use cleanbench_ledger::writer::timestamp;

use crate::attempt_end::Recorded;
use crate::call::{Kept, OpenCall};
use crate::slot::ModelSlot;

/// The kept answers of one model.
#[derive(Debug, Clone)]
pub struct ModelCache {
    answers: AnswerCache,
    identity: Vec<u8>,
}

impl ModelCache {
    /// Answers in `folder` of the model that `identity` stands for: two models with the same identity
    /// give the same answers.
    pub fn new(folder: &Path, identity: Vec<u8>) -> Self {
        Self {
            answers: AnswerCache::at(folder),
            identity,
        }
    }

    fn key(&self, body: &[u8], epoch: u32) -> Digest {
        let parts: [&[u8]; 3] = [&self.identity, body, &epoch.to_be_bytes()];
        Digest::of("cleanbench/answer-key/1", &parts)
    }
}

/// The answer that is kept for `body`, if there is one that is still read as an answer.
pub(crate) fn look_up(slot: &ModelSlot, body: &[u8], epoch: u32) -> Option<Kept> {
    let cache = slot.cache.as_ref()?;
    let key = cache.key(body, epoch);
    let KeptAnswer { run, at, reply } = cache.answers.get(&key)?;
    let read = catch_unwind(AssertUnwindSafe(|| slot.model.read(body, &reply)));
    let is_whole = matches!(read, Ok(Ok(completion)) if is_whole(&completion));
    let cached = Cached {
        key,
        run,
        at,
        judged: None,
    };
    let sent = Sent {
        reply: Some(reply),
        error: None,
        timing: Timing::default(),
    };
    is_whole.then_some(Kept { cached, sent })
}

/// Keeps the reply of `recorded`, which was read as `completion`, for later runs.
pub(crate) fn keep(call: &OpenCall<'_>, recorded: &Recorded<'_>, completion: &Completion) {
    let (Some(cache), Some(reply)) = (&call.slot.cache, &recorded.reply) else {
        return;
    };
    if recorded.is_cached || !is_whole(completion) {
        return;
    }
    let answer = KeptAnswer {
        run: call.context.manifest.run.clone(),
        at: timestamp(),
        reply: reply.clone(),
    };
    let key = cache.key(recorded.body, call.call.place.epoch);
    if cache.answers.put(&key, &answer).is_err() {
        call.context.mishaps.unkept.raise();
    }
}

/// An empty answer is often a fault of the moment, and a filtered one is none.
fn is_whole(completion: &Completion) -> bool {
    completion.finish != Finish::ContentFilter && !Reading::from(completion).empty
}
