//! One file for each scorer.

pub(crate) mod bleu;
pub(crate) mod choice;
pub(crate) mod choices;
pub(crate) mod chrf;
pub(crate) mod command;
pub(crate) mod contains;
pub(crate) mod edit_similarity;
pub(crate) mod exact;
pub(crate) mod f1;
pub(crate) mod json_diff;
pub(crate) mod json_fields;
pub(crate) mod json_schema;
pub(crate) mod likelihood;
pub(crate) mod list;
pub(crate) mod math;
pub(crate) mod numeric;
pub(crate) mod quantity;
pub(crate) mod recorded;
pub(crate) mod refusal;
pub(crate) mod regex;
pub(crate) mod rouge_l;
pub(crate) mod sql;
pub(crate) mod tool_call;
pub(crate) mod weighted;
