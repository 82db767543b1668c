//! By which rules numbers become bounds: those of the version of a run's tables.
//!
//! Invariant: a run or a result that was drawn by earlier rules is drawn and verified by them for ever.

use serde::{Deserialize, Serialize};

/// By which rules numbers become bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Rules {
    /// Those of tables before version 5: what Student's t cannot be trusted with is bet on in the order of rows,
    /// clusters are always trusted to it, a sample is known by the epochs that have a score, and one epoch is
    /// compared with several.
    #[serde(rename = "before_tables_5")]
    Earlier,
    /// Order has no say, clusters are judged as strictly as samples, an epoch without a score is missing, and
    /// both sides have as many epochs.
    #[default]
    #[serde(rename = "tables_5")]
    Now,
}

impl Rules {
    /// Those of tables of version `tables`.
    pub const fn of_tables(tables: u32) -> Self {
        if tables < 5 { Self::Earlier } else { Self::Now }
    }

    /// The mean of `values`; by the present rules its last bit does not depend on their order.
    pub fn mean(self, values: impl IntoIterator<Item = f64>) -> Option<f64> {
        match self {
            Self::Earlier => cleanbench_stats::mean(values),
            Self::Now => cleanbench_stats::mean_in_no_order(values),
        }
    }

    /// Those of a result that does not say which.
    pub(crate) const fn unsaid() -> Self {
        Self::Earlier
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    pub(crate) fn are_unsaid(&self) -> bool {
        *self == Self::unsaid()
    }
}
