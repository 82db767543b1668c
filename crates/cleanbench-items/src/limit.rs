//! Above what a difference from a baseline has to be shown.

use cleanbench_core::GateTest;
use cleanbench_core::gate::{Metric, amount, percent};

use crate::paired::{Evidence, Extreme, Pairs};

/// Above what a difference has to be shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// By how much it may be below 0.
    pub margin: f64,
    /// The share of the baseline's score that it is measured from, where it is not from all of it.
    kept: Option<f64>,
}

impl Limit {
    /// That of `test`.
    pub fn of(test: GateTest) -> Self {
        match test {
            GateTest::NonInferiority { margin, relative } => Self::below(margin, relative),
            GateTest::MaxDrop { drop, relative } => Self::below(drop, relative),
            _ => Self::below(0.0, false),
        }
    }

    fn below(margin: f64, is_relative: bool) -> Self {
        if is_relative {
            Self {
                margin: 0.0,
                kept: Some(1.0 - margin),
            }
        } else {
            Self { margin, kept: None }
        }
    }

    /// What `pairs` show against it if missing answers are as in `case`, by a method that is good at `level`.
    ///
    /// # Errors
    /// Why nothing is shown, a lowercase fragment.
    pub fn evidence(self, pairs: &Pairs, case: Extreme, level: f64) -> Result<Evidence, String> {
        match self.kept {
            Some(kept) => pairs.evidence_of_share(case, kept, level),
            None => pairs.evidence(case, level),
        }
    }

    /// In words.
    pub fn shown(self, metric: Metric) -> String {
        match self.kept {
            Some(kept) => format!("{} of the baseline's score", percent(kept)),
            None => amount(metric, -self.margin),
        }
    }
}
