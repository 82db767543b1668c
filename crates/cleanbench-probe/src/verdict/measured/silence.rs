//! How much of a finding says nothing.
//!
//! Invariant: an answer that says nothing is neither a hit nor a miss here.

use cleanbench_core::probe::{ArmCount, Finding};
use cleanbench_stats::exact;

use crate::verdict::{MISSING, count_share, missing_rate, reasoned};

/// Largest share of answers that say nothing for `no_evidence`.
const SILENT: f64 = 0.05;
/// Chance below which it is none that suspects say nothing more often.
const UNEVEN: f64 = 0.01;

/// Of `family` what no test is about, because too many answers of an arm say nothing or are missing. What the endpoint
/// cannot be asked is none of them.
pub(super) fn mute<'a>(family: &[&'a Finding]) -> Vec<&'a Finding> {
    let says_nothing = |arm: ArmCount| arm.invalid_share() > SILENT;
    let family = family.iter().copied();
    let mute = family.filter(|one| one.contrast.is_none());
    mute.filter(|one| one.unanswered || says_nothing(one.suspects) || says_nothing(one.controls))
        .collect()
}

/// Whether as much is missing and says nothing in one arm as in the other.
pub(super) fn is_even(finding: &Finding) -> bool {
    let [suspects, controls] = [finding.suspects, finding.controls];
    let missing = missing_rate(suspects) - missing_rate(controls);
    let invalid = suspects.invalid_share() - controls.invalid_share();
    missing.abs() < MISSING && invalid.abs() < MISSING
}

/// Whether suspects say nothing, or are missing, more often than chance has it beside the controls: few as they may be,
/// they may be those that were seen.
pub(super) fn hides_suspects(finding: &Finding) -> bool {
    let silent = |arm: ArmCount| arm.invalid + arm.missing;
    let asked = |arm: ArmCount| arm.valid + arm.unpaired + silent(arm);
    let [own, others] = [finding.suspects, finding.controls];
    let p = exact::fisher_greater(silent(own), asked(own), silent(others), asked(others));
    p <= UNEVEN
}

/// Whether too much of an arm says nothing, or is not there.
pub fn is_silent(finding: &Finding) -> bool {
    let is_silent = |arm: ArmCount| silent_share(arm) > SILENT;
    is_silent(finding.suspects) || is_silent(finding.controls)
}

fn silent_share(arm: ArmCount) -> f64 {
    let asked = arm.valid + arm.unpaired + arm.invalid + arm.missing;
    count_share(arm.invalid + arm.missing, asked)
}

pub(super) fn tell_hidden(finding: &Finding) -> String {
    let [own, others] = [finding.suspects, finding.controls].map(|arm| arm.invalid + arm.missing);
    format!(
        "{} ({}): answers about {own} suspects and {others} controls say nothing or are missing, more of suspects than chance has it: they may be those that were seen",
        finding.probe,
        finding.form.as_str()
    )
}

pub(super) fn tell_silent(finding: &Finding) -> String {
    let share = |arm: ArmCount| {
        let asked = arm.valid + arm.unpaired + arm.invalid + arm.missing;
        format!("{} of {asked}", arm.invalid + arm.missing)
    };
    let reasons = finding
        .invalid
        .iter()
        .map(|(reason, count)| format!("{reason} {count}"));
    let reasons: Vec<_> = reasons.collect();
    let told = if reasons.is_empty() {
        String::new()
    } else {
        format!(" ({})", reasons.join(", "))
    };
    format!(
        "{} ({}): the answers about {} suspects and {} controls say nothing or are missing{told}; at most 5 % may{}",
        finding.probe,
        finding.form.as_str(),
        share(finding.suspects),
        share(finding.controls),
        reasoned(finding)
    )
}
