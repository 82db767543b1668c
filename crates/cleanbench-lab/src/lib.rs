//! What is known of the probes themselves: their error rates on models whose contamination is known.
//!
//! [`quickstart`] makes a suite of a world; [`calibration`] holds the recorded answers of models that were
//! or were not trained on such suites, and computes from them what each probe found; [`error_rates`] counts it.
//! [`null_grid`] draws models that saw nothing and counts how often the rules of verdicts accuse them.
//!
//! Invariant: nothing here is used to judge a model; members and doses are known to this crate alone.

pub mod calibration;
pub mod error_rates;
pub mod null_grid;
pub mod quickstart;
