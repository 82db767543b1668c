//! One file for each scorer.

pub(crate) mod choice;
pub(crate) mod contains;
pub(crate) mod exact;
pub(crate) mod json_fields;
pub(crate) mod likelihood;
pub(crate) mod numeric;
pub(crate) mod regex;
