//! A run from its first call to its last.
//!
//! What an earlier writer left is settled first; then every model makes its calls.

use std::sync::Arc;

use cleanbench_core::event::StopReason;
use cleanbench_core::history::{CallSpace, CallTable};
use cleanbench_core::{Constraints, Event};
use cleanbench_ledger::{PayloadReader, Plan};

use crate::budget::{Budget, Spent};
use crate::call_order::CallOrder;
use crate::context::{Context, Mishaps};
use crate::early::EarlyStops;
use crate::lag::Sampler;
use crate::round::Round;
use crate::settle::settle;
use crate::slot::{ModelSlot, Slots};
use crate::spending::Allowance;
use crate::stop::StopLevel;
use crate::wording::{Worded, Wording};
use crate::work::{Ending, EngineError, GivenUp, Work};

/// Makes every call of the plan that has not ended, and records why it stopped.
///
/// # Errors
/// When the run directory cannot be read or written; calls in flight are then dropped.
pub async fn execute(work: Work) -> Result<Ending, EngineError> {
    let calls = Arc::new(CallOrder::open(&work.run, &work.manifest.plan, work.index)?);
    let slots: Slots = work.models.into_iter().map(Arc::new).collect();
    let payloads = PayloadReader::new(work.run.path());
    let constraints = constraints(&work.manifest.plan);
    let unsettled = Unsettled {
        wording: Wording {
            plan: &work.manifest.plan,
            constraints: &constraints,
        },
        space: work.table.space(),
        calls: &calls,
        payloads: &payloads,
        slots: &slots,
    };
    let spent = unsettled.at_worst(&work.allowance)?;
    let context = Arc::new(Context {
        budget: Budget::new(work.allowance.caps, spent),
        early: EarlyStops::new(work.early, calls.calls(), &work.table, &work.scores),
        constraints,
        payloads,
        manifest: work.manifest,
        ledger: work.ledger,
        judges: work.judges,
        settings: work.settings,
        stop: work.stop,
        mishaps: Mishaps::default(),
    });
    let lag = Sampler::start();
    greet(&slots, &work.table);
    let settled = settle(&context, &slots, &calls, work.table.space(), work.pending).await?;
    let round = Round {
        table: Arc::new(work.table),
        settled: settled.into(),
        calls,
    };
    round.make(&context, &slots).await?;
    let ending = Ending {
        lag: lag.finish(),
        ..ending(&context, &slots)
    };
    let stopped = Event::Stopped {
        reason: ending.reason,
        cap: ending.cap,
        lag: ending.lag,
    };
    context.ledger.append(stopped).written().await?;
    Ok(ending)
}

/// Tells each model's slot whether it was answered before.
fn greet(slots: &Slots, table: &CallTable) {
    for (slot, model) in slots.iter().zip(0..) {
        if table.has_answers(model) {
            slot.health.note_answer();
        }
    }
}

fn constraints(plan: &Plan) -> Vec<Arc<Constraints>> {
    let tasks = plan.tasks.iter();
    tasks
        .map(|task| Arc::new(task.constraints.clone()))
        .collect()
}

fn ending(context: &Context, slots: &Slots) -> Ending {
    let given_up: Vec<_> = given_up(slots).collect();
    let reasons = given_up.iter().map(|one| one.reason);
    let cap = context.budget.hit();
    let panics = context.mishaps.panics.get();
    let stopped = context.stop.level() > StopLevel::Run;
    let more = [
        cap.is_some().then_some(StopReason::Budget),
        (panics > 0).then_some(StopReason::Internal),
        stopped.then_some(StopReason::Interrupted),
    ];
    let all = reasons.chain(more.into_iter().flatten());
    Ending {
        reason: all.fold(StopReason::Complete, StopReason::worst),
        given_up,
        panics,
        unjudged: context.mishaps.unjudged.get(),
        cap,
        spent: context.budget.spent(),
        lag: None,
        unkept: context.mishaps.unkept.get(),
    }
}

fn given_up(slots: &Slots) -> impl Iterator<Item = GivenUp> + '_ {
    slots.iter().enumerate().filter_map(|(model, slot)| {
        let (reason, error) = slot.health.given_up()?;
        Some(GivenUp {
            model,
            reason: *reason,
            error: error.clone(),
        })
    })
}

/// What is needed to bound the use of attempts whose use is not known.
struct Unsettled<'a> {
    wording: Wording<'a>,
    space: &'a CallSpace,
    calls: &'a CallOrder,
    payloads: &'a PayloadReader,
    slots: &'a Slots,
}

impl Unsettled<'_> {
    /// What is spent when every attempt whose use is not known is counted at its worst.
    fn at_worst(&self, allowance: &Allowance) -> Result<Spent, EngineError> {
        let mut spent = allowance.spent;
        for place in &allowance.unsettled {
            // What was erased cannot be asked again, but it was asked.
            let Some(content) = self.calls.content(self.payloads, *place)? else {
                continue;
            };
            let slot: &ModelSlot = &self.slots[place.model as usize];
            let task = self.space.task_of(*place).unwrap_or_default();
            let request = self.wording.request(&*slot.model, *place, task, &content);
            let worded = Worded::new(slot, request);
            let most = slot.billing.bound(&worded.request, worded.bytes().len());
            spent.add_unknown(most);
        }
        Ok(spent)
    }
}
