//! What controls show that nobody should have seen.
//!
//! Invariant: where controls are restored, word for word and by so many words that nobody guesses them, or oftener than
//! suspects, nothing is said to be clean by them: they were seen too, or the arms were exchanged.

use cleanbench_core::probe::{Bias, Finding};
use cleanbench_stats::{Confidence, normal_quantile, normal_upper_tail, wilson};

use super::{MEASURED, Rules};
use crate::registry::{asks_file_order, compares_wordings, is_primary};

/// Share of the controls above which, by its lower bound, being restored is no accident.
const RESTORED: f64 = 0.05;
/// Superiority below which, by its upper bound, controls have the larger measures beyond what texts are like: as far below
/// .5 as that above which a difference of unmeasured bias accuses.
const EXCHANGED: f64 = 0.2;
/// What is left beyond an end of the interval of a difference, and above the upper bound of a bias.
const INTERVAL_TAIL: f64 = 0.025;
const BIAS_TAIL: f64 = 0.05;

/// Why `finding`, tested at `level`, lets nothing be called clean; `None` where it does, and of runs of earlier tables,
/// whose findings have no measures.
pub(super) fn suspicious(finding: &Finding, level: f64, rules: Rules) -> Option<String> {
    let is_primary = is_primary(&finding.probe);
    // A wording that somebody chose may be likelier than the published one, and the order of their file be guessed.
    let is_chosen = compares_wordings(&finding.probe) || asks_file_order(&finding.probe);
    let is_compared = is_primary || rules == Rules::Ninth && !is_chosen;
    if !rules.is_later(finding) || !is_compared {
        return None;
    }
    let why = if is_exceeded(finding, level)? {
        "controls are restored more often than suspects: the arms are exchanged, or the controls were seen"
    } else if rules == Rules::Ninth && is_exceeded_by_measures(finding) {
        return Some(tell_measures(finding));
    } else if is_primary && lowest(finding)? > RESTORED {
        "the controls are restored as well: they can be guessed, or were seen, and only reference models tell which"
    } else {
        return None;
    };
    let [suspects, controls] = [finding.suspects, finding.controls];
    Some(format!(
        "{} ({}): {} of {} suspects and {} of {} controls restored; {why}",
        finding.probe,
        finding.form.as_str(),
        suspects.hits,
        suspects.valid,
        controls.hits,
        controls.valid
    ))
}

/// Whether controls are restored more often than suspects, by more than the bias that was measured.
fn is_exceeded(finding: &Finding, level: f64) -> Option<bool> {
    let contrast = finding.contrast.as_ref()?;
    let own = (contrast.high - contrast.effect) / normal_quantile(1.0 - INTERVAL_TAIL);
    let measured = finding.biases().filter(|bias| bias.items >= MEASURED);
    let shown = measured.filter_map(|bias: Bias| Some([bias.effect?, bias.upper]));
    let least = shown.reduce(|one, other| if other[0] < one[0] { other } else { one });
    let [bias, upper] = least.filter(|bias| bias[0] < 0.0).unwrap_or_default();
    let error = (upper - bias) / normal_quantile(1.0 - BIAS_TAIL);
    let z = (bias - contrast.effect) / own.hypot(error).max(f64::MIN_POSITIVE);
    Some(normal_upper_tail(z) <= level)
}

/// Whether controls have the larger measures nearly always, and nothing that nobody saw shows that they do.
fn is_exceeded_by_measures(finding: &Finding) -> bool {
    finding.values.as_ref().is_some_and(|values| {
        let high = values.contrast.high;
        let mut biases = values.biases().filter(|bias| bias.items >= MEASURED);
        let is_usual = biases.any(|bias| bias.effect.is_some_and(|effect| effect <= high));
        high < EXCHANGED && !is_usual
    })
}

fn tell_measures(finding: &Finding) -> String {
    let contrast = finding.values.as_ref().map(|values| &values.contrast);
    let [superiority, high] =
        contrast.map_or([0.5; 2], |contrast| [contrast.superiority, contrast.high]);
    format!(
        "{} ({}): measures of suspects above those of controls in {superiority:.3} (at most {high:.3}); the arms are exchanged, or the controls were seen",
        finding.probe,
        finding.form.as_str(),
    )
}

/// Lower end of the 95 % interval of the share of controls that are restored.
fn lowest(finding: &Finding) -> Option<f64> {
    let controls = finding.controls;
    #[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
    let share = wilson(controls.hits as f64, controls.valid, Confidence::PERCENT_95)?;
    Some(share.low)
}
