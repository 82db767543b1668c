//! From a call to the request that it sends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cleanbench_core::event::Place;
use cleanbench_core::{CallError, CallErrorKind, Constraints, Model, Request, Sampling, seed};
use cleanbench_ledger::Plan;
use cleanbench_ledger::samples::SampleContent;

use crate::slot::ModelSlot;

/// What the words of a request are taken from.
pub(crate) struct Wording<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) constraints: &'a [Arc<Constraints>],
}

impl Wording<'_> {
    /// The request of the call at `place`, whose task is at position `task`.
    pub(crate) fn request(
        &self,
        model: &dyn Model,
        place: Place,
        task: usize,
        content: &SampleContent,
    ) -> Request {
        let sampling = self.sampling(place, task, content);
        Request {
            form: Request::form_for(model.form(), &content.messages),
            messages: content.messages.clone(),
            seed: self.seed(&sampling, place, task, content),
            sampling,
            continuations: content.continuations.clone(),
            constraints: Arc::clone(&self.constraints[task]),
            sensitivity: content.sample.sensitivity,
        }
    }

    fn sampling(&self, place: Place, task: usize, content: &SampleContent) -> Sampling {
        let planned = &self.plan.models[place.model as usize].sampling[task];
        let Some(call) = &content.probe else {
            return planned.clone();
        };
        // What is remembered is the likeliest text, and a probe knows how long it is.
        Sampling {
            temperature: Some(0.0),
            top_p: None,
            max_tokens: Some(call.max_tokens),
            stop: call.stop.clone(),
            // Thinking would end before what is remembered comes out.
            reasoning: planned.reasoning,
        }
    }

    fn seed(
        &self,
        sampling: &Sampling,
        place: Place,
        task: usize,
        content: &SampleContent,
    ) -> Option<u64> {
        // Greedy decoding needs no seed, and some endpoints reject one.
        if sampling.temperature == Some(0.0) {
            return None;
        }
        let purpose = format!("epoch/{}", place.epoch);
        let task = &self.plan.tasks[task].name;
        Some(seed::derive(
            self.plan.seed,
            task,
            &content.sample.id,
            &purpose,
        ))
    }
}

/// A request and the bytes that say it, or why there are none.
pub(crate) struct Worded {
    pub(crate) request: Request,
    pub(crate) body: Result<Vec<u8>, CallError>,
}

impl Worded {
    /// `request` in the words of `slot`.
    pub(crate) fn new(slot: &ModelSlot, request: Request) -> Self {
        let body = catch_unwind(AssertUnwindSafe(|| slot.model.body(&request)));
        let panicked = || {
            let what = "wording the request panicked";
            Err(CallError::new(CallErrorKind::Panic, what))
        };
        Self {
            body: body.unwrap_or_else(|_| panicked()),
            request,
        }
    }

    /// The bytes; none where there is no way to say it.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default()
    }
}
