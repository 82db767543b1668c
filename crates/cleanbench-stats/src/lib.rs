//! Statistics of evaluation: intervals for proportions and their differences, exact tests and their
//! power, multiplicity, the area under the ROC curve, percentiles, and sums that do not lose small terms.
//!
//! Invariant: every function is a pure function of its arguments that uses only IEEE 754 addition,
//! multiplication, division and square root, in a fixed order. The logarithm and the exponential
//! function are therefore computed here, not by the platform's library, so that the same input gives
//! the same bits on every machine.
//!
//! It refuses to estimate from nothing: no trials or no values give `None`, never 0 or NaN. A test
//! without data rejects nothing: its p-value is 1. Only arguments that are no counts of anything, such
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
pub mod cluster;
pub mod difference;
pub mod drift;
mod elementary;
pub mod exact;
pub mod gamma;
mod interval;
pub mod mean;
pub mod multiplicity;
mod normal;
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
pub mod tango;

pub use interval::{Confidence, Estimate, Interval, Method, NoInterval};
pub use normal::{normal_quantile, normal_upper_tail};
pub use proportion::{clopper_pearson, wilson};
pub use sum::{Sum, mean, sum};
