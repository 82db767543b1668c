//! What each model made of each sample: the one reader of `results.csv`, the one way to pair the samples
//! of two runs, the one answer to whether they can be compared, the estimate of a mean score, and bounds of a
//! difference.
//!
//! Gates, flips, comparisons, item analysis and drift ask here, so that none of them can say what another
//! denies.
//!
//! | question | where |
//! |---|---|
//! | what did a run record of each sample? | [`ItemTable`] |
//! | which sample is which of the other run? | [`Pairing`] |
//! | what if its suite judges otherwise by now? | [`JudgedAnew`] |
//! | what becomes of one that changed, is in quarantine or was not asked? | [`Policy`] |
//! | was the same asked of the same model, and judged alike? | [`Comparability`] |
//! | what is the mean of their scores, and how sure is that? | [`Tally`] |
//! | how large is the difference, whatever the missing answers are? | [`Pairs`] |
//! | what does a solved sample cost? | [`Spending`] |
//!
//! Invariant: pure functions of a run's files and of a [`Policy`]. No network, no clock, no runtime; nothing
//! is drawn here, and no gate is decided.

mod amounts;
mod anew;
mod average;
mod both;
mod bounds;
mod calls;
mod comparable;
mod error;
mod item;
mod judging;
mod limit;
mod paired;
mod pairing;
mod policy;
mod reading;
mod reduce;
mod rules;
mod side;
mod span;
mod table;
mod tally;
pub mod testing;

pub use amounts::{Outlay, Spending, quantile};
pub use anew::{JudgedAnew, take_scorers};
pub use average::{Average, Range};
pub use both::Both;
pub use bounds::{Bounds, Shares, named};
pub use calls::{CALLS_FILE, Calls, Spent};
pub use comparable::{
    AskedTask, Comparability, Difference, ModelTask, NoCounterpart, Planned, Terms, Wording,
    counterpart, wording,
};
pub use error::ItemsError;
pub use item::{Filling, Identified, Identity, Item, Slices, Standing, TaskItems, Trial};
pub use limit::Limit;
pub use paired::{Evidence, Extreme, Pair, Pairs};
pub use pairing::{PairAside, PairKey, Pairing, Partner};
pub use policy::{EqualInputs, Policy, Treatment, quarantine};
pub use reading::{ELSEWHERE, RESULTS_FILE, SUMMARY_FILE, check_table};
pub use reduce::reduce;
pub use rules::Rules;
pub use side::{Side, Who, identity};
pub use span::{Epochs, Span};
pub use table::ItemTable;
pub use tally::{Estimated, TOO_FEW_CLUSTERS, Tally};
