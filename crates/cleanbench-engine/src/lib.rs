//! The engine: plan, call, record, judge.
//!
//! The only code that makes a model do something. It works from the run directory alone: a new run is
//! first written down as a plan with all its samples ([`prepare`]), a resumed one is read back
//! ([`reopen`]), and from there on both go the same way ([`execute`]).
//!
//! Invariants: an attempt is on record before it is sent; a reply is on record before it is read; a
//! call that has ended is never made again; a panic in one call becomes a record, not a hang.
//!
//! It does not print, does not know where a model runs, and does not know how files look.

mod admission;
mod attempt;
mod attempt_end;
mod billing;
mod budget;
mod burst;
mod cache;
mod call;
mod call_order;
mod context;
mod durations;
mod early;
mod error;
mod follow_up;
mod hands;
mod health;
mod imported;
mod kept;
mod lag;
mod lateness;
mod limiter;
mod load;
pub mod merge;
mod monitor;
mod open_call;
mod order;
mod pace;
mod places;
mod plan;
mod reading;
mod recorded;
mod refusals;
mod replay;
mod resume;
mod round;
mod schedule;
mod settle;
mod slot;
mod spending;
mod stop;
mod watch;
mod wording;
mod work;

pub use billing::{Billing, PICTURE_TOKENS, TEMPLATE_TOKENS};
pub use budget::{Bound, Spent};
pub use cache::ModelCache;
pub use early::{EarlyStop, Rule, Scored};
pub use error::{EngineError, PlannerError};
pub use follow_up::Planner;
pub use imported::{Answers, ModelAnswers};
pub use limiter::{EndpointLimiter, EndpointStatus};
pub use monitor::{ModelStatus, Monitor};
pub use pace::Rates;
pub use places::Oldest;
pub use plan::{PrepareError, prepare, prepare_noting};
pub use replay::ModelReplay;
pub use resume::{Opened, Pending, ResumeError, begin, reopen};
pub use schedule::execute;
pub use slot::ModelSlot;
pub use spending::Allowance;
pub use stop::{StopHandle, StopLevel, StopSignal, stop_pair};
pub use work::{Ending, GivenUp, Settings, Work};
