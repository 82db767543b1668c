//! Whether a difference is beyond the bias that was measured.
//!
//! Invariant: what decides is the worst of all: of what says something and of all answers, and of all measurements.

use cleanbench_core::probe::{Bias, BiasSource, Contrast, Finding};
use cleanbench_stats::{Confidence, difference, normal_quantile, normal_upper_tail};

use super::MEASURED;
use super::power::fewest;
use super::silence::is_silent;
use crate::arm_difference::share;

/// What is left above the upper bound of a bias, and below the lower end of an interval.
const BIAS_TAIL: f64 = 0.05;
const INTERVAL_TAIL: f64 = 0.025;

/// The worse one of a figure of the valid answers and of all.
pub(super) fn at_worst(
    finding: &Finding,
    of: fn(&Contrast) -> f64,
    worse: fn(f64, f64) -> f64,
) -> Option<f64> {
    let valid = finding.contrast.as_ref().map(of)?;
    let all = finding.at_worst.as_ref().map(of);
    Some(all.map_or(valid, |all| worse(valid, all)))
}

/// The lower bound that decides.
pub(super) fn low(finding: &Finding) -> f64 {
    at_worst(finding, |contrast| contrast.low, f64::min).unwrap_or(-1.0)
}

/// One-sided p-value for "no more than the bias that was measured", the worst of all measurements; `None` where there is
/// none, or by the rules of tables before version 8.
pub(super) fn beyond_bias(finding: &Finding) -> Option<f64> {
    let all = finding.contrast.iter().chain(&finding.at_worst);
    let effects = all.map(|contrast| Effect::of(finding, contrast.effect, contrast.low));
    let p = beyond_all(&effects.collect::<Vec<_>>(), finding.biases(), 0.0);
    over_looks(finding, p)
}

/// `p`, computed at the finding's look, as it stands over all looks.
pub(super) fn over_looks(finding: &Finding, p: Option<f64>) -> Option<f64> {
    match finding.look {
        Some(look) => p.map(|p| (p / look.weight).min(1.0)),
        None => p,
    }
}

/// The worst p-value of [`beyond`] for those of `biases` that rest on items enough.
pub(super) fn beyond_all(
    effects: &[Effect],
    biases: impl Iterator<Item = Bias>,
    none: f64,
) -> Option<f64> {
    let measured = biases.filter(|bias| bias.items >= MEASURED);
    let p = measured.filter_map(|bias| beyond(effects, bias, none));
    p.reduce(f64::max)
}

/// An effect and the lower end of its two-sided 95 % interval.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect {
    pub(super) estimate: f64,
    pub(super) low: f64,
}

impl Effect {
    /// One of `finding`, whose interval reaches down to `low`: further than that of 95 % where there are several looks.
    pub(super) fn of(finding: &Finding, estimate: f64, low: f64) -> Self {
        let Some(look) = finding.look else {
            return Self { estimate, low };
        };
        let [usual, own] =
            [1.0, look.weight].map(|weight| normal_quantile(1.0 - INTERVAL_TAIL * weight));
        Self {
            estimate,
            low: estimate - (estimate - low) * usual / own,
        }
    }
}

/// The worst one-sided p-value of `effects` for "no more than `bias`", or than `none` where the bias is less: of the
/// difference between both, whose standard error is recovered from the distances to the bounds of either (Zou and Donner
/// 2008). That a lower bound is above an upper one is no test of a family: among six findings that all have a bias of 15
/// points, in one model of twenty one is.
pub(super) fn beyond(effects: &[Effect], bias: Bias, none: f64) -> Option<f64> {
    let of_bias = bias.effect?;
    let error = (bias.upper - of_bias) / normal_quantile(1.0 - BIAS_TAIL);
    let z = effects.iter().map(|effect| {
        let own = (effect.estimate - effect.low) / normal_quantile(1.0 - INTERVAL_TAIL);
        (effect.estimate - of_bias.max(none)) / own.hypot(error).max(f64::MIN_POSITIVE)
    });
    z.reduce(f64::min).map(normal_upper_tail)
}

/// The largest of `biases` that rests on too few items to measure one, and of which they show that it is there, or say too
/// little: no measurement, and an excuse.
pub(super) fn few(biases: impl Iterator<Item = Bias>, none: f64) -> Option<Bias> {
    let is_shown = |bias: &Bias| {
        let effect = bias.effect.unwrap_or(none);
        2.0 * effect - bias.shown() > none || bias.upper_of_valid.is_some()
    };
    let few = biases.filter(|bias| bias.items < MEASURED && is_shown(bias));
    few.reduce(|one, other| if other.upper > one.upper { other } else { one })
}

/// The bias of hits that `finding` shows, which is of never-sent items, and as much more as its silence may hide, where more
/// than 5 % of an arm say nothing: as if every suspect that says nothing were a hit and its control a miss. Those that say
/// nothing at all may hide anything; `None` where none was asked.
pub fn bias_at_most(finding: &Finding) -> Option<Bias> {
    let source = BiasSource::NeverSent;
    let [suspects, controls] = [finding.suspects, finding.controls];
    let lost = [suspects, controls].map(|arm| arm.invalid + arm.missing);
    let lost = lost.iter().sum::<u64>() * u64::from(is_silent(finding));
    let Some(bias) = shown(finding, source) else {
        return (lost > 0).then_some(Bias {
            upper: 1.0,
            effect: None,
            upper_of_valid: Some(1.0),
            items: 0,
            source,
        });
    };
    let hidden = share(lost, bias.items + lost);
    let with_hidden = |difference: f64| difference * (1.0 - hidden) + hidden;
    Some(Bias {
        upper: with_hidden(bias.upper),
        effect: bias.effect.map(with_hidden),
        upper_of_valid: (lost > 0).then_some(bias.upper),
        ..bias
    })
}

/// The bias that `finding` shows, which is of items that nobody saw; `None` where too much of it says nothing.
pub fn bias(finding: &Finding, source: BiasSource) -> Option<Bias> {
    shown(finding, source).filter(|_| !is_silent(finding))
}

/// The same of the answers that say something, however few.
fn shown(finding: &Finding, source: BiasSource) -> Option<Bias> {
    let contrast = finding.contrast.as_ref()?;
    let [suspects, controls] = [finding.suspects, finding.controls];
    // Two-sided 90 % is one-sided 95 %; over families the wider one is taken.
    let ninety = Confidence::new(0.9)?;
    let ends = match (contrast.pairs, finding.families) {
        (_, Some(_)) => None,
        (Some(pairs), None) => difference::newcombe_paired(pairs, ninety),
        (None, None) => difference::newcombe(
            suspects.hits,
            suspects.valid,
            controls.hits,
            controls.valid,
            ninety,
        ),
    };
    Some(Bias {
        upper: ends.map_or(contrast.high, |(_, _, high)| high),
        effect: Some(contrast.effect),
        upper_of_valid: None,
        items: fewest(finding),
        source,
    })
}
