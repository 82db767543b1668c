//! At which error rate each difference of a family is judged.
//!
//! Method: the differences of all tasks (of all pairs of models in all tasks) are one family, and each has its share of the
//! error rate: intervals that hold all at once, and a verdict from the same level (Bonferroni). Slices have Benjamini
//! and Hochberg's adjustment, and beside it the intervals that go with what it selects: of m slices of which R are
//! found, each at the level 1 - α R / m (Y. Benjamini and D. Yekutieli, "False Discovery Rate-Adjusted Multiple
//! Confidence Intervals for Selected Parameters", Journal of the American Statistical Association 100, 2005).
//!
//! Invariant: an interval excludes 0 just where a difference was found, by the construction of both. The size of a family
//! is known before anything is looked at. By earlier rules every interval was at 95 %, whatever became of p.

use cleanbench_items::Rules;
use cleanbench_stats::Confidence;

/// The error rate of all tests of a family together, two-sided, and the complement of the confidence of its intervals.
pub const ALPHA: f64 = 0.05;

/// By which rules and at which error rates a difference is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rates {
    pub(crate) rules: Rules,
    /// Two-sided, of its interval and of what could have been found.
    pub(crate) alpha: f64,
    /// The smallest that its interval may come to have: where t cannot be trusted at it, it is not trusted at all.
    pub(crate) strictest: f64,
    /// How many share the error rate.
    pub(crate) family: usize,
}

impl Rates {
    /// A difference of its own.
    pub(crate) const fn alone(rules: Rules) -> Self {
        Self {
            rules,
            alpha: ALPHA,
            strictest: ALPHA,
            family: 1,
        }
    }

    /// One of a family of so many; by earlier rules its interval knew nothing of the others.
    pub(crate) fn of_family(rules: Rules, size: usize) -> Self {
        let alone = Self::alone(rules);
        match rules {
            Rules::Earlier => alone,
            Rules::Now => alone.shared(1, size),
        }
    }

    /// The same where `found` of a family of this size were.
    pub(crate) fn selected(self, found: usize, size: usize) -> Self {
        match self.rules {
            Rules::Earlier => self,
            Rules::Now => Self {
                alpha: Self::alone(self.rules).shared(found, size).alpha,
                ..self
            },
        }
    }

    fn shared(self, found: usize, size: usize) -> Self {
        let share = number(found.max(1)) / number(size.max(1));
        let alpha = ALPHA * share;
        Self {
            alpha,
            strictest: alpha,
            family: size.max(1),
            ..self
        }
    }

    /// The confidence of its interval.
    pub(crate) fn confidence(self) -> Confidence {
        Confidence::new(1.0 - self.alpha).unwrap_or(Confidence::PERCENT_95)
    }

    /// The error rate of each end, at which t must be good.
    pub(crate) fn each_end(self) -> f64 {
        self.strictest / 2.0
    }
}

#[expect(clippy::cast_precision_loss, reason = "no family has 2^53 members")]
pub(crate) fn number(count: usize) -> f64 {
    count as f64
}
