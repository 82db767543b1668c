//! Results over several runs: two models on the same samples, all models of a run in order, what samples are
//! worth, a model over the nights. Each is a folder of its own that verifies ([`derived`]), but for what a [`rerun`]
//! or a second reading ([`reread`]) changed, which is only told.
//!
//! Invariant: a result is a pure function of its inputs and of options that are on record with it; the same
//! gives the same bytes. No network, no clock, no runtime: time and identity come from the caller.
//!
//! It refuses to compare what was not asked alike, and says in what it differs.

pub mod compare;
pub mod derived;
pub mod drift;
pub mod exported;
pub mod item_analysis;
pub mod reread;
pub mod rerun;
pub mod sample_texts;
