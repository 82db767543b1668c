//! One file for each probe.

pub(crate) mod completion;
pub(crate) mod completion_second_cut;
pub(crate) mod forced_likelihood;
pub(crate) mod item_order_quiz;
pub(crate) mod option_completion;
pub(crate) mod option_order;
pub(crate) mod option_order_quiz;
pub(crate) mod ts_guessing;
