//! What a finding alone amounts to, by its hits or by its measures.
//!
//! Both are weighed by the same rules on scales of their own: a difference of rates, 0 without one, and a superiority, .5
//! without one.
//!
//! Invariant: a difference that may be what originals are like accuses nobody.

use cleanbench_core::probe::{Bias, Finding};

use super::beyond::low;
use super::family::Adjusted;
use super::silence::is_even;
use super::style::is_told_apart;
use super::{MEASURED, Rules};
use crate::registry::{asks_file_order, compares_wordings};
use crate::verdict::{FLOOR, STRONG, SUSPECTED};

/// Floor of the lower bound where bias was not measured, as a difference of rates.
pub(super) const UNMEASURED_FLOOR: f64 = 0.15;

/// What a finding alone amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Strong,
    Suspected,
    /// It hangs on answers that say nothing.
    Unsound,
    /// Bias may explain it.
    Explained,
    Nothing,
}

impl Weight {
    pub(super) fn accuses(self) -> bool {
        matches!(self, Self::Strong | Self::Suspected)
    }

    fn at_most_suspected(self) -> Self {
        match self {
            Self::Strong => Self::Suspected,
            other => other,
        }
    }
}

/// On what a difference is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// Where there is none.
    pub(super) none: f64,
    /// Floor of the lower bound for `strong`.
    pub(super) floor: f64,
    /// Floor of the lower bound for `suspected` where bias was not measured.
    pub(super) unmeasured_floor: f64,
    /// Whether models that saw nothing show one as a rule, so that one within the measured bias is nothing found.
    pub(super) is_usual: bool,
}

const RATES: Scale = Scale {
    none: 0.0,
    floor: FLOOR,
    unmeasured_floor: UNMEASURED_FLOOR,
    is_usual: false,
};

/// The difference that is weighed of a finding.
pub(super) struct Difference<'a> {
    pub(super) finding: &'a Finding,
    pub(super) scale: Scale,
    /// The lower bound that decides.
    pub(super) low: f64,
    /// That of the answers that say something alone.
    pub(super) low_of_valid: f64,
    /// The largest bias that enough items measured.
    pub(super) bias: Option<Bias>,
    pub(super) is_told_apart: bool,
    /// As much as too few items show that nobody saw, or may hide: no measurement, and an excuse. `None` of none.
    pub(super) excuse: Option<f64>,
    /// The largest lower bound that so many items can have.
    pub(super) most: f64,
    pub(super) rules: Rules,
}

impl<'a> Difference<'a> {
    pub(super) fn of_hits(finding: &'a Finding, rules: Rules) -> Self {
        let of_valid = finding.contrast.as_ref().map(|contrast| contrast.low);
        Self {
            finding,
            scale: RATES,
            low: low(finding),
            low_of_valid: of_valid.unwrap_or(-1.0),
            bias: finding.bias.filter(|bias| bias.items >= MEASURED),
            is_told_apart: is_told_apart(finding, finding.biases()),
            excuse: rules.excuse(finding.biases(), RATES.none),
            most: 1.0,
            rules,
        }
    }

    /// Whether there is one beyond chance, whatever the reason.
    pub(super) fn is_there(&self, adjusted: Adjusted) -> bool {
        adjusted.p <= SUSPECTED && self.low > self.scale.none
    }

    /// What it amounts to. `of_another_kind` is whether a probe that compares no wordings accuses by itself.
    pub(super) fn weigh(&self, adjusted: Adjusted, of_another_kind: bool) -> Weight {
        if !self.is_there(adjusted) {
            let fell = adjusted.of_valid <= SUSPECTED && self.low_of_valid > self.usual();
            return if fell {
                Weight::Unsound
            } else {
                Weight::Nothing
            };
        }
        if self.is_told_apart {
            return Weight::Explained;
        }
        match self.bias {
            // A model that is abler than references tells subjects that they do not.
            Some(bias) if is_sorted_apart(self.finding) => {
                self.excused(self.beside(bias, adjusted).at_most_suspected())
            }
            Some(bias) => self.excused(self.beside(bias, adjusted)),
            None if self.is_excused() => Weight::Explained,
            None if is_natural(self.finding) && !of_another_kind => Weight::Explained,
            None if self.low > self.scale.unmeasured_floor => Weight::Suspected,
            None => Weight::Explained,
        }
    }

    /// As much as models show that saw nothing, where they do as a rule.
    fn usual(&self) -> f64 {
        let bias = self.bias.filter(|_| self.scale.is_usual);
        bias.map_or(self.scale.none, Bias::shown)
            .max(self.scale.none)
    }

    fn is_excused(&self) -> bool {
        self.excuse.is_some_and(|excuse| self.low <= excuse)
    }

    /// `weight`, where nothing excuses the difference that too few items show.
    fn excused(&self, weight: Weight) -> Weight {
        if weight.accuses() && self.is_excused() {
            Weight::Explained
        } else {
            weight
        }
    }

    /// What a difference within the bias amounts to: nothing can be found beyond one that no lower bound of so many items
    /// exceeds.
    fn within_usual(&self) -> Weight {
        match self.rules {
            Rules::Ninth if self.usual() >= self.most => Weight::Explained,
            _ => Weight::Nothing,
        }
    }

    fn beside(&self, bias: Bias, adjusted: Adjusted) -> Weight {
        let Scale {
            none,
            floor,
            is_usual,
            ..
        } = self.scale;
        if is_usual && self.low <= self.usual() {
            return self.within_usual();
        }
        // Of measures: what never-sent items did not say may be as much bias as this.
        if self.low <= bias.upper.max(none) || adjusted.beyond > SUSPECTED {
            return Weight::Explained;
        }
        let is_certain = adjusted.p.max(adjusted.beyond) <= STRONG;
        if is_certain && self.low > bias.upper.max(floor) && is_even(self.finding) {
            Weight::Strong
        } else {
            Weight::Suspected
        }
    }
}

/// Whether what the texts are like may alone make the difference: also beside a single reference, which measures no bias.
pub(super) fn is_natural(finding: &Finding) -> bool {
    compares_wordings(&finding.probe) || is_sorted_apart(finding)
}

/// Whether what is compared are the orders of two files: one that is sorted by subject is guessed more often.
pub(super) fn is_sorted_apart(finding: &Finding) -> bool {
    asks_file_order(&finding.probe) && !finding.control.paired()
}
