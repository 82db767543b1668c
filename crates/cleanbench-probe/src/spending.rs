//! What one of several looks at the answers of a probe may spend of the error rate.
//!
//! A p-value is divided by the weight of its look, and an interval leaves as much less outside. The chance that any look
//! errs is at most the sum of what all may, so both hold at whichever look a probe stops, and whatever made it stop: a
//! Bonferroni bound over fixed looks, and intervals that form a confidence sequence over them.
//!
//! Invariant: without looks nothing changes, to the last bit.

use cleanbench_core::probe::{Contrast, Look, ValueContrast};
use cleanbench_stats::Confidence;

/// The error rate of a test, of an interval, and for which the smallest detectable effect is given.
pub(crate) const ALPHA: f64 = 0.05;
/// Why an item is not asked about once the leak is clear.
pub(crate) const NOT_NEEDED: &str = "not needed, the leak was clear";
/// Why one is not asked about where a run ended between two looks.
pub(crate) const NOT_REACHED: &str = "not reached";

/// The share of the error rate that is spent; all of it where there are no looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spending(pub(crate) Option<Look>);

impl Spending {
    /// All of it at once.
    pub(crate) const ALL: Self = Self(None);

    /// The error rate of tests and of intervals.
    pub(crate) fn alpha(self) -> f64 {
        ALPHA * self.0.map_or(1.0, |look| look.weight)
    }

    /// The confidence of two-sided intervals.
    pub(crate) fn confidence(self) -> Confidence {
        Confidence::new(1.0 - self.alpha()).unwrap_or(Confidence::PERCENT_95)
    }

    /// `contrast`, whose interval has that confidence, with its p-value as it stands over all looks.
    pub(crate) fn of(self, contrast: Contrast) -> Contrast {
        let Some(look) = self.0 else {
            return contrast;
        };
        Contrast {
            p: over_all(contrast.p, look),
            interval: named(&contrast.interval, look),
            test: named(&contrast.test, look),
            ..contrast
        }
    }

    /// The same of measures.
    pub(crate) fn of_values(self, contrast: ValueContrast) -> ValueContrast {
        let Some(look) = self.0 else {
            return contrast;
        };
        ValueContrast {
            p: over_all(contrast.p, look),
            interval: named(&contrast.interval, look),
            test: named(&contrast.test, look),
            ..contrast
        }
    }
}

fn over_all(p: f64, look: Look) -> f64 {
    (p / look.weight).min(1.0)
}

/// The name of a method that holds at all looks.
fn named(method: &str, look: Look) -> String {
    format!("{method}, at look {} of {}", look.number, look.of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm_difference::test_of_pairs;

    #[test]
    fn a_look_pays_by_its_weight_and_all_at_once_pays_nothing() {
        let table = [3, 20, 4, 33];
        let whole = test_of_pairs(table, Spending::ALL).unwrap();
        assert_eq!(Spending::ALL.of(whole.clone()), whole);
        let look = Spending(Some(Look {
            number: 1,
            of: 3,
            weight: 0.1,
            asked: 120,
            items: 480,
        }));
        let looked = look.of(test_of_pairs(table, look).unwrap());
        assert!((looked.p / whole.p - 10.0).abs() < 1e-9);
        assert!(looked.low < whole.low && looked.high > whole.high);
        assert_eq!(looked.interval, "newcombe paired, at look 1 of 3");
        assert!((look.confidence().level() - 0.995).abs() < 1e-12);
        assert!((look.of(test_of_pairs([0, 1, 1, 9], look).unwrap()).p - 1.0).abs() < 1e-12);
    }
}
