//! One file for each probe.

pub(crate) mod completion;
pub(crate) mod completion_second_cut;
pub(crate) mod forced_likelihood;
pub(crate) mod option_completion;
pub(crate) mod ts_guessing;
