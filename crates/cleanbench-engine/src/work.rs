//! What the engine is given, and what it gives back.

use std::time::Duration;

use cleanbench_core::event::{Cap, Lag, StopReason};
use cleanbench_core::history::CallTable;
use cleanbench_core::{CallError, Judge};
use cleanbench_ledger::samples::SampleIndex;
use cleanbench_ledger::{Ledger, Manifest, RunDirectory};

use crate::budget::Spent;
use crate::early::{EarlyStop, Scored};
use crate::follow_up::Planner;
use crate::resume::Pending;
use crate::slot::ModelSlot;
use crate::spending::Allowance;
use crate::stop::StopSignal;

/// Numbers that steer the engine.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Attempts after the first one, for errors that can pass.
    pub max_retries: u32,
    /// Wait before the first retry, doubled for each further one.
    pub backoff: Duration,
    /// How long an endpoint that turns everybody away is waited for.
    pub patience: Duration,
    /// Longest time for one attempt. An endpoint that keeps a connection alive without ever ending
    /// its answer must not keep the run from ending.
    pub attempt_limit: Duration,
}

/// Everything that [`execute`](crate::execute) needs.
pub struct Work {
    /// Where the run is.
    pub run: RunDirectory,
    /// Its plan.
    pub manifest: Manifest,
    /// What has ended.
    pub table: CallTable,
    /// Replies on record that nobody has read.
    pub pending: Vec<Pending>,
    /// Where events go.
    pub ledger: Ledger,
    /// The models, in plan order.
    pub models: Vec<ModelSlot>,
    /// What judges each task, in plan order.
    pub judges: Vec<Judge>,
    /// Numbers.
    pub settings: Settings,
    /// When to stop.
    pub stop: StopSignal,
    /// What the run may use up, and what is gone of it.
    pub allowance: Allowance,
    /// Tasks that may end early.
    pub early: Vec<EarlyStop>,
    /// What is known of how their calls ended.
    pub scores: Vec<Scored>,
    /// Where the samples are, if that is known.
    pub index: Option<SampleIndex>,
    /// Who plans follow-up calls; `None` in a run that has none.
    pub planner: Option<Planner>,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut work = f.debug_struct("Work");
        work.field("run", &self.run).finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Why it stopped.
    pub reason: StopReason,
    /// The models that were given up.
    pub given_up: Vec<GivenUp>,
    /// Calls and judgements that panicked.
    pub panics: u64,
    /// Answers that a scorer could not judge because it failed itself; they have no score.
    pub unjudged: u64,
    /// The cap that stopped it, if one did.
    pub cap: Option<Cap>,
    /// What the run has used up against its caps; nothing where it has none.
    pub spent: Spent,
    /// How late the program's own timers were.
    pub lag: Option<Lag>,
    /// Answers that could not be kept for later runs.
    pub unkept: u64,
}

/// A model that nobody asked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Its position.
    pub model: usize,
    /// Why.
    pub reason: StopReason,
    /// The error that decided it.
    pub error: CallError,
}

impl Ending {
    /// The end of a run in which nothing was left to do.
    pub fn complete() -> Self {
        Self {
            reason: StopReason::Complete,
            given_up: Vec::new(),
            panics: 0,
            unjudged: 0,
            cap: None,
            spent: Spent::default(),
            lag: None,
            unkept: 0,
        }
    }
}
