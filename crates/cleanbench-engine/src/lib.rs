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
mod agenda;
mod billing;
mod budget;
mod cache;
mod call;
mod conclude;
mod early;
mod health;
mod lag;
mod limiter;
pub mod merge;
mod order;
mod pace;
mod plan;
mod replay;
mod resume;
mod schedule;
mod spending;
mod stop;

pub use billing::{Billing, PICTURE_TOKENS, TEMPLATE_TOKENS};
pub use budget::{Bound, Spent};
pub use cache::ModelCache;
pub use early::{EarlyStop, Rule};
pub use limiter::EndpointLimiter;
pub use pace::Rates;
pub use plan::{PrepareError, prepare};
pub use replay::ModelReplay;
pub use resume::{Opened, Pending, ResumeError, begin, reopen};
pub use schedule::{Ending, EngineError, ModelSlot, Settings, Work, execute};
pub use spending::Allowance;
pub use stop::{StopHandle, StopLevel, StopSignal, stop_pair};
