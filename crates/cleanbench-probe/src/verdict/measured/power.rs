//! What the tests of a finding would have seen.
//!
//! Invariant: items that hang together count once.

use cleanbench_core::probe::Finding;
use cleanbench_stats::power;

use super::Rules;
use crate::arm_difference::share;
use crate::beside::GUESSED;
use crate::verdict::{DECLARED, LEAST_POWER};

/// Items of the smaller arm that count, families counted once; of paired designs, pairs.
pub(in crate::verdict) fn fewest(finding: &Finding) -> u64 {
    let counted = crate::verdict::fewest(finding);
    match finding.families {
        Some(families) => counted.min(families.suspects).min(families.controls),
        None => counted,
    }
}

/// Power of the finding's own test at `level` to see the declared effect above the controls' rate, items that hang
/// together counted once.
pub(super) fn declared_power(finding: &Finding, level: f64) -> Option<f64> {
    power_at(finding, level, DECLARED)
}

/// The same where a share `effect` of the items is restored because it was seen.
pub(super) fn power_at(finding: &Finding, level: f64, effect: f64) -> Option<f64> {
    let contrast = finding.contrast.as_ref()?;
    let level = level * finding.weight();
    let [control, suspect] = rates(finding, effect);
    if contrast.pairs.is_some() {
        let only = [suspect * (1.0 - control), control * (1.0 - suspect)];
        return Some(power::paired(fewest(finding), only[0], only[1], level));
    }
    let [own, others] = counted(finding);
    Some(power::unpaired(own, others, suspect, control, level))
}

/// The rate of the controls, shrunk so that exactly 0 or 1 is not believed, and the rate that `effect` makes of it.
#[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
fn rates(finding: &Finding, effect: f64) -> [f64; 2] {
    let controls = finding.controls;
    let control = (controls.hits as f64 + 0.5) / (controls.valid as f64 + 1.0);
    [control, control + effect * (1.0 - control)]
}

pub(super) fn tell_nothing(finding: &Finding, level: f64, rules: Rules) -> String {
    let unseen = smallest_seen(finding, level, rules).map_or_else(String::new, |smallest| {
        told_unseen(finding, smallest * 100.0, rules)
    });
    let guessed = finding.filters.get(GUESSED).copied().unwrap_or_default();
    let left_out = if guessed > 0 {
        format!(
            "; {guessed} items of both arms are left out because reference models restore them or their partners"
        )
    } else {
        String::new()
    };
    format!(
        "no probe found anything; {} ({}) with {} items an arm had a power of {:.2} to see 20 % seen and half of these restored{unseen}{left_out}",
        finding.probe,
        finding.form.as_str(),
        fewest(finding),
        declared_power(finding, level).unwrap_or_default()
    )
}

/// What went unseen, where a difference of at least `points` would have been seen.
fn told_unseen(finding: &Finding, points: f64, rules: Rules) -> String {
    let [own, others] = [finding.suspects, finding.controls];
    match rules {
        Rules::Ninth if own.hits > 0 => format!(
            "; {} of {} suspects were restored, and {} of {} controls: fewer than {points:.0} % more would go unseen",
            own.hits, own.valid, others.hits, others.valid
        ),
        _ => format!("; fewer than {points:.0} % restored would go unseen"),
    }
}

/// The smallest difference that the finding's own test sees at `level`, where it was wanted at all; at .05 in runs of
/// tables before version 8, which have no measures and keep their sentences.
fn smallest_seen(finding: &Finding, level: f64, rules: Rules) -> Option<f64> {
    let contrast = finding.contrast.as_ref()?;
    let alone = contrast.smallest_detectable?;
    let level = level * finding.weight();
    if !rules.is_later(finding) {
        return Some(alone);
    }
    if let Some(pairs) = contrast.pairs {
        let rate = share(pairs[2], pairs.iter().sum());
        return power::smallest_paired(fewest(finding), rate, level, LEAST_POWER);
    }
    let [own, others] = counted(finding);
    let rate = share(finding.controls.hits, finding.controls.valid);
    power::smallest_unpaired(own, others, rate, level, LEAST_POWER)
}

/// Items of either arm that count, those that hang together once.
fn counted(finding: &Finding) -> [u64; 2] {
    let valid = [finding.suspects, finding.controls].map(|arm| arm.valid);
    let families = finding.families;
    families.map_or(valid, |families| [families.suspects, families.controls])
}
