//! A run from its first call to its last.
//!
//! What an earlier writer left is settled first; then every model makes its calls, and whoever plans follow-up
//! calls is asked for more until there are none.

use std::sync::Arc;

use cleanbench_core::event::StopReason;
use cleanbench_core::history::{CallSpace, CallTable};
use cleanbench_core::{Constraints, Event};
use cleanbench_ledger::{PayloadReader, Plan};

use crate::budget::{Budget, Spent};
use crate::call_order::CallOrder;
use crate::context::{Context, Mishaps};
use crate::early::EarlyStops;
use crate::error::EngineError;
use crate::follow_up::{self, Planner};
use crate::lag::Sampler;
use crate::resume::Pending;
use crate::round::Round;
use crate::settle::Left;
use crate::slot::{ModelSlot, Slots};
use crate::spending::Allowance;
use crate::stop::StopLevel;
use crate::watch::watch;
use crate::wording::{Worded, Wording};
use crate::work::{Ending, GivenUp, Work};

/// Makes every call that has not ended, those that follow from its answers included, and records why it
/// stopped.
///
/// # Errors
/// When the run directory cannot be read or written; calls in flight are then dropped.
pub async fn execute(mut work: Work) -> Result<Ending, EngineError> {
    let planner = work.planner.take();
    let run = Underway::open(work)?;
    let lag = Sampler::start();
    let mut round = Some(run.settle().await?);
    while let Some(now) = round {
        tokio::select! {
            made = now.make(&run.context, &run.slots) => made?,
            () = watch(&run.slots, run.context.settings.patience) => {}
        }
        round = run.next_round(planner.as_ref(), &now).await?;
    }
    let ending = Ending {
        lag: lag.finish(),
        ..ending(&run.context, &run.slots)
    };
    let stopped = Event::Stopped {
        reason: ending.reason,
        cap: ending.cap,
        lag: ending.lag,
    };
    run.context.ledger.append(stopped).written().await?;
    Ok(ending)
}

/// A run that is under way.
struct Underway {
    context: Arc<Context>,
    slots: Slots,
    calls: Arc<CallOrder>,
    /// What had ended when it was opened.
    table: Arc<CallTable>,
    pending: Vec<Pending>,
}

impl Underway {
    fn open(work: Work) -> Result<Self, EngineError> {
        let plan = &work.manifest.plan;
        let batches = work.table.space().batches();
        let calls = CallOrder::open(&work.run, plan, work.index, batches)?;
        let slots: Slots = work.models.into_iter().map(Arc::new).collect();
        let payloads = PayloadReader::new(work.run.path());
        let constraints = constraints(plan);
        let unsettled = Unsettled {
            wording: Wording {
                plan,
                constraints: &constraints,
            },
            space: work.table.space(),
            calls: &calls,
            payloads: &payloads,
            slots: &slots,
        };
        let spent = unsettled.at_worst(&work.allowance)?;
        greet(&slots, &work.table);
        let context = Context {
            budget: Budget::new(work.allowance.caps, spent),
            early: EarlyStops::new(work.early, calls.planned(), &work.table, &work.scores),
            constraints,
            payloads,
            run: work.run,
            manifest: work.manifest,
            ledger: work.ledger,
            judges: work.judges,
            settings: work.settings,
            stop: work.stop,
            mishaps: Mishaps::default(),
        };
        Ok(Self {
            context: Arc::new(context),
            slots,
            calls: Arc::new(calls),
            table: Arc::new(work.table),
            pending: work.pending,
        })
    }

    /// Ends what the last writer left under way, and says what is to be made then.
    async fn settle(&self) -> Result<Round, EngineError> {
        let left = Left {
            context: &self.context,
            slots: &self.slots,
            calls: &self.calls,
            space: self.table.space(),
        };
        Ok(Round {
            settled: left.settle(&self.pending).await?.into(),
            table: Arc::clone(&self.table),
            calls: Arc::clone(&self.calls),
        })
    }

    /// The calls that are due after those of `round`; `None` where there are none, or nothing is asked any
    /// more.
    async fn next_round(
        &self,
        planner: Option<&Planner>,
        round: &Round,
    ) -> Result<Option<Round>, EngineError> {
        let context = &self.context;
        let Some(planner) = planner.filter(|_| !context.is_halted()) else {
            return Ok(None);
        };
        let mut table = (*round.table).clone();
        let planned = follow_up::plan(context, planner, &mut table).await?;
        if planned.is_empty() {
            return Ok(None);
        }
        let calls = CallOrder::of_batches(&context.run, context.plan(), planned.iter())?;
        Ok(Some(Round {
            table: Arc::new(table),
            settled: Arc::default(),
            calls: Arc::new(calls),
        }))
    }
}

/// Tells each model's slot whether it was answered before.
fn greet(slots: &Slots, table: &CallTable) {
    for (slot, model) in slots.iter().zip(0..) {
        if table.has_answers(model) {
            slot.health.note_answer();
            slot.limiter.greet();
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
