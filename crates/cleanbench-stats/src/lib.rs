//! Statistics of evaluation: intervals, tests of one and of two arms, their power, sequential tests, a
//! drift alarm, multiplicity, the area under the ROC curve, and sums that do not lose small terms.
//!
//! | question | where |
//! |---|---|
//! | how sure is a rate, a mean, a quantile? | [`proportion`], [`mod@mean`], [`cluster`], [`percentile`], [`resample`] |
//! | is a new arm better, no worse, the same? | [`exact`], [`tango`], [`mod@mean`], [`resample`], [`difference`] |
//! | how many samples does that need? | [`power`] |
//! | a mean that t cannot be trusted with? | [`bounded`] |
//! | may I stop now? | [`sequential`] |
//! | has it become worse over the nights? | [`drift`] |
//! | several questions at once? | [`multiplicity`] |
//! | repeats, ratios, ranks? | [`repeats`], [`ratio`], [`auc`] |
//! | are values of one arm above those of another, items in families? | [`superiority`] |
//!
//! A method that is not exact has a function that says where it may be used (`is_in_domain`): there its error
//! rate is at most 1.3 times what it is meant to be. What was found by simulation and by summing over all
//! outcomes is in the folder `simulated`; `just simulate` computes it again.
//!
//! Invariant: every function is a pure function of its arguments that uses only IEEE 754 addition,
//! multiplication, division and square root, in a fixed order. The logarithm and the exponential
//! function are therefore computed here, not by the platform's library, so that the same input gives
//! the same bits on every machine.
//!
//! It refuses to estimate from nothing: no trials or no values give `None`, never 0 or NaN. A test
//! without data rejects nothing: its p-value is 1. Where more than one reason is possible, [`NoInterval`]
//! says which. Only arguments that are no counts of anything, such
//! as more hits than trials, give NaN.
//!
//! ```
//! use cleanbench_stats::{Confidence, wilson};
//!
//! let interval = wilson(812.0, 1000, Confidence::PERCENT_95).expect("there are trials");
//! assert_eq!(interval.method.as_str(), "wilson");
//! assert!((interval.low - 0.7866).abs() < 1e-4 && (interval.high - 0.8350).abs() < 1e-4);
//! ```

pub mod auc;
pub mod beta;
pub mod binomial;
pub mod bounded;
pub mod cluster;
pub mod correlation;
pub mod difference;
pub mod drift;
pub mod durations;
mod elementary;
pub mod exact;
pub mod families;
pub mod gamma;
mod interval;
pub mod mean;
pub mod multiplicity;
mod normal;
mod pairs;
pub mod percentile;
pub mod power;
pub mod proportion;
pub mod random;
pub mod ratio;
mod region;
pub mod repeats;
pub mod resample;
mod search;
pub mod sequential;
pub mod student;
mod sum;
pub mod superiority;
pub mod tango;

pub use interval::{Confidence, Estimate, Interval, Method, NoInterval};
pub use normal::{normal_quantile, normal_upper_tail};
pub use proportion::{clopper_pearson, wilson};
pub use sum::{Sum, mean, mean_in_no_order, sum};
