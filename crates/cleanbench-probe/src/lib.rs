//! Contamination probes: what to ask, what an answer shows, and what all of it amounts to.
//!
//! | probe | what is asked | a hit |
//! |---|---|---|
//! | `completion` | the rest of an item that is cut after 60 % of its words | ROUGE-L of at least .75 |
//! | `option-completion` | the next option, after the question and the options before it | the same words |
//! | `ts-guessing` | the text of one wrong option that is masked (Deng et al. 2024) | the same words |
//! | `completion-second-cut` | like `completion`, and where that came close once more after 75 % of the words | the same |
//! | `option-order` | how likely the options are in the published order, beside other orders | the published is the likeliest |
//! | `option-order-quiz` | which of four lists has the published order | that one |
//! | `item-order-quiz` | which of four items comes next in the published file | that one |
//! | `forced-likelihood` | how likely a wrong option is, beside rewordings of it | the original is the likeliest |
//!
//! Each is put to suspect items and to controls in the same way; [`mod@arms`] chooses the controls, the
//! probe's `judge` compares the arms, [`verdict()`] weighs all findings of one model and task.
//!
//! A probe of given texts may stop before all items are asked, where a leak is clear by then, see [`mod@looks`].
//!
//! [`mod@checks`] are put beside them: whether an endpoint can be probed at all.
//!
//! Invariants: no probe is ever scored against the right answer; no option that is right is ever masked
//! or asked for, so knowing the answer is not enough for a hit; the same items and seed give the same
//! calls; nothing is judged without a control.
//!
//! It refuses to call a task clean on fewer than 100 items, or without the power to see a leak.

pub mod alike;
mod answer;
mod arm_difference;
pub mod arms;
mod attempt;
pub mod beside;
mod beyond;
pub mod blind;
pub mod checks;
mod compared;
pub mod design;
mod disguise;
mod family;
mod filter;
mod layout;
pub mod looks;
mod measure;
mod neighbours;
mod options;
mod order;
mod plain;
mod probes;
pub mod protocol;
mod quiz;
mod recall;
mod recurring;
pub mod registry;
mod spending;
mod staged;
mod unwilling;
pub mod verdict;

#[cfg(test)]
mod testing;

pub use arm_difference::paired as paired_difference;
pub use arms::{Arms, arms};
pub use checks::{Check, Validity};
pub use design::Design;
pub use probes::forced_likelihood::advantage;
pub use protocol::{ASKED_ALIKE, PROTOCOL, Protocol, read_by};
pub use recall::similarity;
pub use verdict::{Class, Verdict, verdict};
