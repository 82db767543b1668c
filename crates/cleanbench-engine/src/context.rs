//! What all calls of a run share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cleanbench_core::event::{Place, Unasked};
use cleanbench_core::history::Batch;
use cleanbench_core::{CallError, CallId, CallKey, Constraints, Event, Judge};
use cleanbench_ledger::{Ledger, Manifest, PayloadReader, Plan, Receipt, RunDirectory};

use crate::attempt::Call;
use crate::budget::Budget;
use crate::early::EarlyStops;
use crate::stop::{StopLevel, StopSignal};
use crate::wording::Wording;
use crate::work::Settings;

/// What all calls of a run share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) run: RunDirectory,
    pub(crate) manifest: Manifest,
    pub(crate) ledger: Ledger,
    pub(crate) payloads: PayloadReader,
    pub(crate) judges: Vec<Judge>,
    pub(crate) constraints: Vec<Arc<Constraints>>,
    pub(crate) settings: Settings,
    pub(crate) stop: StopSignal,
    pub(crate) budget: Budget,
    pub(crate) early: EarlyStops,
    pub(crate) mishaps: Mishaps,
}

/// How often something went wrong that is no endpoint's fault.
#[derive(Debug, Default)]
pub(crate) struct Mishaps {
    pub(crate) panics: Count,
    pub(crate) unjudged: Count,
    pub(crate) unkept: Count,
}

/// A number that calls raise side by side.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn raise(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Context {
    pub(crate) fn plan(&self) -> &Plan {
        &self.manifest.plan
    }

    pub(crate) fn wording(&self) -> Wording<'_> {
        Wording {
            plan: self.plan(),
            constraints: &self.constraints,
        }
    }

    /// Resolves when no new attempt may be sent, for whatever reason.
    pub(crate) async fn halted(&self) {
        tokio::select! {
            () = self.stop.reached(StopLevel::Drain) => {}
            () = self.budget.closed() => {}
        }
    }

    /// The same, now.
    pub(crate) fn is_halted(&self) -> bool {
        self.stop.level() >= StopLevel::Drain || self.budget.is_closed()
    }

    /// The call at `place` of the task at position `task`, about the sample called `name`; `batch` planned it,
    /// or the plan did.
    pub(crate) fn call(
        &self,
        place: Place,
        task: usize,
        batch: Option<&Batch>,
        name: &str,
    ) -> Call {
        let plan = self.plan();
        let of_plan = || plan.tasks[task].purpose();
        let id = CallId::of(&CallKey {
            run: &self.manifest.run,
            model: &plan.models[place.model as usize].name,
            task: &plan.tasks[task].name,
            sample: name,
            epoch: place.epoch,
            purpose: batch.map_or_else(of_plan, |batch| batch.purpose.clone()),
            step: batch.map_or(0, |batch| batch.step),
        });
        Call { id, place, task }
    }

    /// Records `event`, which may decide whether its task goes on.
    pub(crate) fn record(&self, event: Event) -> Receipt {
        self.early.note(&event);
        self.ledger.append(event)
    }

    /// Ends `call` without an attempt. Every call that ends so ends here.
    pub(crate) fn end_unasked(
        &self,
        call: Call,
        unasked: Unasked,
        error: Option<CallError>,
    ) -> Receipt {
        self.record(Event::AttemptEnded {
            call: call.id,
            attempt: 0,
            place: call.place,
            reading: None,
            error,
            outcome: Some(unasked.outcome()),
            unasked: Some(unasked),
        })
    }
}
