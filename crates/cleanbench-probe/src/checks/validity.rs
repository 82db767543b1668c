//! What an endpoint did with the checks that were put to it in one form.
//!
//! Invariant: nothing that is missing helps to pass. A call that was planned and has no answer counts as asked.

use cleanbench_core::Outcome;
use cleanbench_core::probe::{ProbeForm, Seen};
use serde::{Deserialize, Serialize};

use super::judges;

/// Least share of the texts, in a hundred, that an endpoint that complies gives back. One text of five may be beyond a
/// small model, for its script or for a slip; an endpoint that fails at two of five would leave more answers to probes
/// without meaning than the verdict bears.
const COMPLIES_PERCENT: u64 = 80;
/// Least share of the passages, in a hundred, of a model that recalls at all. Who has not read a passage restores none
/// of them, as free wordings stay far below the similarity that is asked for; who has read little beside English
/// restores the most copied ones of it, and 4 of 16 are fewer than half of those. Of embedded models' statements
/// guessing gives one in sixteen.
const REMEMBERS_PERCENT: u64 = 25;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The form in which it was put.
    pub form: ProbeForm,
    /// Texts that came as they should.
    pub restored: u64,
    /// Texts that were asked for, answered or not.
    pub asked: u64,
    /// Answers that say nothing: declined, empty, cut off.
    pub invalid: u64,
    /// Texts that were asked for and have no answer; not told before tables version 8.
    #[serde(default, skip_serializing_if = "is_none")]
    pub missing: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Check {
    /// Of a model, embedded or not, whose calls ended as `seen`; `names` are those of their samples, in the same order.
    /// `None` where it was asked for nothing: no call was made, or the endpoint has no such form.
    pub fn of<'a>(
        form: ProbeForm,
        names: impl IntoIterator<Item = &'a str>,
        seen: &[Seen],
        is_embedded: bool,
    ) -> Option<Self> {
        let mut check = Self {
            form,
            restored: 0,
            asked: 0,
            invalid: 0,
            missing: 0,
        };
        let mut put = 0;
        let own = names.into_iter().enumerate();
        for (position, _) in own.filter(|(_, name)| judges(name, is_embedded)) {
            check.asked += 1;
            let Some(seen) = seen.get(position).filter(|seen| was_put(seen)) else {
                check.missing += 1;
                continue;
            };
            put += 1;
            let answered = seen.outcome == Outcome::Answered;
            if let Some(score) = seen.score.as_ref().filter(|_| answered) {
                check.restored += u64::from(score.value >= 1.0);
                check.invalid += u64::from(score.extraction_failure.is_some());
            } else {
                check.missing += 1;
            }
        }
        (put > 0).then_some(check)
    }

    fn reaches(self, percent: u64) -> bool {
        self.asked > 0 && self.restored * 100 >= self.asked * percent
    }

    /// Whether that many came back; `None` where that hangs on what says nothing or is missing. An endpoint that fails
    /// by wrong answers cannot do it; of one that declines it is not known.
    fn reaches_surely(self, percent: u64) -> Option<bool> {
        let at_most = Self {
            restored: self.restored + self.invalid + self.missing,
            ..self
        };
        let [least, most] = [self, at_most].map(|check| check.reaches(percent));
        (least == most).then_some(least)
    }
}

fn was_put(seen: &Seen) -> bool {
    !matches!(seen.outcome, Outcome::Unsupported | Outcome::Skipped)
}

/// What the checks say of one endpoint in one form. What was not checked certifies nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// Whether it does what is asked; `None` where that was not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance: Option<Check>,
    /// Whether it restores what it must have met; `None` where that was not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Check>,
}

impl Validity {
    /// Whether the endpoint does what probes ask of it: at least 80 % of the texts came back. `None` where that was not
    /// checked, or hangs on answers that say nothing or are missing.
    pub fn complies(&self) -> Option<bool> {
        self.compliance?.reaches_surely(COMPLIES_PERCENT)
    }

    /// The same by the rules of tables before version 8: what says nothing fails.
    pub fn complies_by_earlier_rules(&self) -> Option<bool> {
        Some(self.compliance?.reaches(COMPLIES_PERCENT))
    }

    /// Whether the model recalls at all: at least one passage in four was restored. `None` where that was not checked.
    pub fn remembers(&self) -> Option<bool> {
        Some(self.memory?.reaches(REMEMBERS_PERCENT))
    }
}
