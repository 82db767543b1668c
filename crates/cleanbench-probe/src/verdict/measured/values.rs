//! What the measures of a finding amount to, beside its hits.
//!
//! The figures are superiorities: how often the measure of a suspect is above that of a control, .5 without a
//! difference. The rules are those of [`super`], with p and lower bound as the worse ones of what says something and of
//! all, suspects that say nothing taken for the least and controls for the most. But a difference within the measured
//! bias is nothing found here: that measures of originals are larger is the rule and not the exception, also of models
//! that saw nothing. What silence of never-sent items may hide is no such excuse: there nothing can be told.
//!
//! Invariant: a difference that may be what originals are like accuses nobody. It refuses to take the silence of
//! never-sent items for a small bias: at most, it is as large as silence lets it be.

use cleanbench_core::probe::{Bias, BiasSource, Finding, ValueContrast, Values};
use cleanbench_stats::{Confidence, wilson};

use super::beyond::{Effect, beyond_all, over_looks};

use super::style::told_apart;
use super::weight::{Difference, Scale, Weight, is_natural};
use super::{MEASURED, Rules, is_larger, style, told_bias, told_few};

/// Superiority without a difference.
const EVEN: f64 = 0.5;
/// The scale of superiorities. Without a measured bias `suspected` begins so high because measures of a shipped model that
/// saw nothing were above those of the rewordings in .69 [.65, .73] of 228 pairs (`completion`), and never-sent items showed
/// the same of all probes.
const SUPERIORITIES: Scale = Scale {
    none: EVEN,
    floor: 0.55,
    unmeasured_floor: 0.8,
    is_usual: true,
};

/// The p-value of the answers that say something.
pub(super) fn p_of_valid(finding: &Finding) -> Option<f64> {
    Some(finding.values.as_ref()?.contrast.p)
}

/// The worse p-value.
pub(super) fn p(finding: &Finding) -> Option<f64> {
    worse(finding, |contrast| contrast.p, f64::max)
}

/// The worse p-value, also of "no more than the bias that was measured".
pub(super) fn p_beyond(finding: &Finding) -> Option<f64> {
    let p = p(finding)?;
    let values = finding.values.as_ref()?;
    let all = [Some(&values.contrast), values.at_worst.as_ref()];
    let all = all.into_iter().flatten();
    let effects = all.map(|contrast| Effect::of(finding, contrast.superiority, contrast.low));
    let of_bias = beyond_all(&effects.collect::<Vec<_>>(), values.biases(), EVEN);
    let of_bias = over_looks(finding, of_bias);
    Some(p.max(of_bias.unwrap_or(0.0)))
}

/// The worse one of a figure of the answers that say something and of all.
fn worse(
    finding: &Finding,
    of: fn(&ValueContrast) -> f64,
    worse: fn(f64, f64) -> f64,
) -> Option<f64> {
    let values = finding.values.as_ref()?;
    let valid = of(&values.contrast);
    let all = values.at_worst.as_ref().map(of);
    Some(all.map_or(valid, |all| worse(valid, all)))
}

/// The bias of measures that `finding` shows, which is of items that nobody saw, at most; `None` where it has none.
pub fn bias(finding: &Finding, source: BiasSource) -> Option<Bias> {
    let values = finding.values.as_ref()?;
    let upper = values.contrast.upper;
    Some(Bias {
        upper: values.upper_at_most.map_or(upper, |most| most.max(upper)),
        upper_of_valid: values.upper_at_most.map(|_| upper),
        effect: Some(values.contrast.superiority),
        items: values.contrast.items,
        source,
    })
}

/// The bias of the finding's measures, where enough items measured it.
fn measured(finding: &Finding) -> Option<Bias> {
    let bias = finding.values.as_ref()?.bias;
    bias.filter(|bias| bias.items >= MEASURED)
}

/// Whether a difference of measures may be one of style, by what measured the bias of measures.
fn is_told_apart(finding: &Finding) -> bool {
    style::is_told_apart(finding, biases(finding))
}

/// All that was measured of the bias of its measures.
fn biases(finding: &Finding) -> impl Iterator<Item = Bias> {
    finding.values.iter().flat_map(Values::biases)
}

/// The lower bound that decides.
fn low(finding: &Finding) -> f64 {
    worse(finding, |contrast| contrast.low, f64::min).unwrap_or(0.0)
}

/// The difference that measures of `finding` show.
pub(super) fn difference(finding: &Finding, rules: Rules) -> Difference<'_> {
    let of_valid = finding.values.as_ref().map(|values| values.contrast.low);
    Difference {
        finding,
        scale: SUPERIORITIES,
        low: low(finding),
        low_of_valid: of_valid.unwrap_or(0.0),
        bias: measured(finding),
        is_told_apart: is_told_apart(finding),
        excuse: rules.excuse(biases(finding), EVEN),
        most: most(finding),
        rules,
    }
}

/// The lower bound of the superiority where every suspect is above its control.
fn most(finding: &Finding) -> f64 {
    let items = finding
        .values
        .as_ref()
        .map_or(0, |values| values.contrast.items);
    #[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
    let share = wilson(items as f64, items, Confidence::PERCENT_95);
    share.map_or(EVEN, |share| share.low)
}

/// A sentence about the measures of `finding`, which amount to `weight`, with their p-value as it is told.
pub(super) fn tell(finding: &Finding, adjusted: &str, weight: Weight, rules: Rules) -> String {
    let Some(values) = &finding.values else {
        return String::new();
    };
    let ValueContrast {
        superiority,
        low,
        high,
        items,
        ..
    } = &values.contrast;
    let of = if finding.control.paired() {
        format!("of {items} pairs")
    } else {
        format!("of all comparisons of {items} or more an arm")
    };
    format!(
        "{} ({}): measures of suspects above those of controls in {superiority:.3} [{low:.3}, {high:.3}] {of}, adjusted p {adjusted}{}",
        finding.probe,
        finding.form.as_str(),
        beside(finding, weight, rules)
    )
}

/// Why they weigh no more than they do.
fn beside(finding: &Finding, weight: Weight, rules: Rules) -> String {
    let few = rules.few(biases(finding), EVEN);
    match (weight, measured(finding)) {
        (Weight::Unsound, _) => "; not so if answers of suspects that say nothing have less than all others, and those of controls more".to_owned(),
        (Weight::Explained, _) if is_told_apart(finding) => told_apart(finding),
        (Weight::Explained, bias) if few.is_some_and(|few| is_larger(few, bias)) => {
            few.map_or_else(String::new, told_few)
        }
        (_, Some(bias)) => told_bias(bias),
        (Weight::Explained, None) if is_natural(finding) => {
            "; bias not measured: a natural wording is likelier than its synonyms without any leak".to_owned()
        }
        (Weight::Explained, None) => "; bias not measured: a lower bound of at most .8 may come of what originals are like".to_owned(),
        (_, None) => "; bias not measured".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cleanbench_core::probe::{ArmCount, Blind, ControlKind, ProbeForm};

    use super::super::{Grounds, verdict};
    use super::*;
    use crate::arm_difference::paired;
    use crate::verdict::{Class, Verdict};

    fn contrast(low: f64, p: f64) -> ValueContrast {
        ValueContrast {
            superiority: low + 0.05,
            low,
            high: low + 0.1,
            upper: low + 0.09,
            items: 240,
            interval: String::new(),
            p,
            test: String::new(),
        }
    }

    /// No hits of 240 pairs, and measures that differ so much.
    fn finding(probe: &str, low: f64, p: f64) -> Finding {
        let arm = ArmCount {
            items: 240,
            valid: 240,
            ..ArmCount::default()
        };
        Finding {
            suspects: arm,
            controls: arm,
            contrast: paired([0, 0, 0, 240]),
            values: Some(Values {
                contrast: contrast(low, p),
                at_worst: None,
                upper_at_most: None,
                bias: None,
                further_biases: Vec::new(),
            }),
            ..Finding::new(probe, ProbeForm::Raw, ControlKind::Rewording)
        }
    }

    /// `finding` with its bias measured on so many items.
    fn biased(upper: f64, items: u64, mut finding: Finding) -> Finding {
        if let Some(values) = &mut finding.values {
            values.bias = Some(Bias {
                upper,
                effect: None,
                upper_of_valid: None,
                items,
                source: BiasSource::NeverSent,
            });
        }
        finding
    }

    fn at_worst(low: f64, p: f64, mut finding: Finding) -> Finding {
        if let Some(values) = &mut finding.values {
            values.at_worst = Some(contrast(low, p));
        }
        finding
    }

    fn judged(findings: &[Finding]) -> Verdict {
        let passed = Grounds {
            complies: Some(true),
            remembers: Some(true),
        };
        verdict(findings, &[(ProbeForm::Raw, passed)].into())
    }

    #[test]
    fn cases() {
        let completion = |low, p| finding("completion", low, p);
        let likely = |low, p| finding("forced-likelihood", low, p);
        for (name, findings, class) in [
            ("nothing", vec![completion(0.48, 0.3)], Class::NoEvidence),
            (
                "found beyond the bias",
                vec![biased(0.53, 50, completion(0.56, 1e-4))],
                Class::Strong,
            ),
            (
                "not beyond five points",
                vec![biased(0.53, 50, completion(0.549, 1e-4))],
                Class::Suspected,
            ),
            (
                "p after Holm above .01",
                vec![biased(0.53, 50, completion(0.6, 0.006))],
                Class::Suspected,
            ),
            (
                "explained by the bias",
                vec![biased(0.57, 50, completion(0.56, 1e-4))],
                Class::NoEvidence,
            ),
            (
                "too few for the bias",
                vec![biased(0.53, 49, completion(0.79, 1e-4))],
                Class::NotIdentifiable,
            ),
            (
                "bias not measured",
                vec![completion(0.81, 1e-4)],
                Class::Suspected,
            ),
            (
                "hangs on silence",
                vec![biased(0.5, 90, at_worst(0.49, 0.2, completion(0.7, 1e-4)))],
                Class::NotTestable,
            ),
            (
                "holds at worst",
                vec![biased(0.5, 90, at_worst(0.6, 1e-3, completion(0.7, 1e-4)))],
                Class::Strong,
            ),
            (
                "likelihoods alone",
                vec![likely(0.9, 1e-4), completion(0.48, 0.4)],
                Class::NotIdentifiable,
            ),
            (
                "likelihoods beside what bias may explain",
                vec![likely(0.9, 1e-4), completion(0.7, 1e-4)],
                Class::NotIdentifiable,
            ),
            (
                "likelihoods beside what is found",
                vec![likely(0.9, 1e-4), completion(0.85, 1e-4)],
                Class::Suspected,
            ),
            (
                "likelihoods with bias measured",
                vec![biased(0.6, 60, likely(0.9, 1e-4))],
                Class::Strong,
            ),
            (
                "outside of the family",
                vec![
                    finding("completion-second-cut", 0.9, 1e-4),
                    completion(0.48, 0.5),
                ],
                Class::NoEvidence,
            ),
        ] {
            let found = judged(&findings);
            assert_eq!(found.class, class, "{name}: {:?}", found.reasons);
        }
    }

    /// References measured how often texts are guessed, and nothing of measures; or the other way round.
    #[test]
    fn style_is_excused_by_what_measured_the_bias_of_measures() {
        let apart = Blind {
            auc: 0.8,
            low: 0.7,
            high: 0.9,
            suspects: 90,
            controls: 90,
        };
        let found = |of_hits: Option<BiasSource>, of_measures: Option<BiasSource>| {
            let mut finding = biased(0.53, 60, finding("completion", 0.9, 1e-4));
            finding.blind = Some(apart);
            finding.control = ControlKind::Sibling;
            let of_values = finding.values.as_mut().unwrap();
            let bias = of_values.bias.take();
            let by = |source: BiasSource| Bias {
                source,
                ..bias.unwrap()
            };
            of_values.bias = of_measures.map(by);
            finding.bias = of_hits.map(by);
            judged(&[finding]).class
        };
        let references = Some(BiasSource::References);
        assert_eq!(found(references, references), Class::Strong);
        assert_eq!(found(None, references), Class::Strong);
        assert_eq!(found(references, None), Class::NotIdentifiable);
    }

    #[test]
    fn the_worst_of_several_biases_is_tested_against() {
        let bias = |upper, effect| Bias {
            upper,
            effect: Some(effect),
            upper_of_valid: None,
            items: 80,
            source: BiasSource::References,
        };
        let [wide, narrow] = [bias(0.629, 0.5), bias(0.6285, 0.628)];
        let p = |biases: &[Bias]| {
            let mut finding = finding("completion", 0.63, 1e-6);
            crate::verdict::bias::add(&mut finding, &[], biases);
            p_beyond(&finding).unwrap()
        };
        assert!(p(&[narrow]) > p(&[wide]));
        assert!((p(&[wide, narrow]) - p(&[narrow])).abs() < 1e-15);
    }

    #[test]
    fn uneven_silence_is_not_strong() {
        let mut finding = biased(0.53, 90, finding("completion", 0.7, 1e-4));
        assert_eq!(judged(std::slice::from_ref(&finding)).class, Class::Strong);
        finding.suspects.invalid = 30;
        assert_eq!(judged(&[finding]).class, Class::Suspected);
    }

    /// Hits and measures are one family: with six tests in all, .01 is not found, and hits have the level of all.
    #[test]
    fn all_tests_of_the_family_are_adjusted_together() {
        let three = ["completion", "option-completion", "ts-guessing"];
        let mut findings: Vec<_> = three.map(|name| finding(name, 0.4, 0.8)).into();
        findings[1] = finding("option-completion", 0.7, 0.01);
        let found = judged(&findings);
        let adjusted = found.adjusted_values[1].unwrap();
        assert!((adjusted - 0.06).abs() < 1e-12, "{adjusted}");
        assert_eq!(found.class, Class::NoEvidence, "{:?}", found.reasons);
        let bare = |one: &Finding| Finding {
            values: None,
            ..one.clone()
        };
        let without: Vec<_> = findings.iter().map(bare).collect();
        let without = judged(&without);
        assert_eq!(without.adjusted_values, []);
        assert!(without.power[0] > found.power[0]);
    }

    #[test]
    fn a_bias_is_as_large_as_silence_lets_it_be() {
        let mut shown = finding("completion", 0.46, 0.4);
        let found = bias(&shown, BiasSource::NeverSent).unwrap();
        assert!((found.upper - 0.55).abs() < 1e-12 && found.items == 240);
        if let Some(values) = &mut shown.values {
            values.upper_at_most = Some(0.7);
        }
        let found = bias(&shown, BiasSource::NeverSent).unwrap();
        assert!((found.upper - 0.7).abs() < 1e-12);
        shown.values = None;
        assert_eq!(bias(&shown, BiasSource::NeverSent), None);
    }

    #[test]
    fn a_reason_has_its_figures() {
        let found = judged(&[biased(0.53, 120, finding("completion", 0.64, 1e-4))]);
        assert_eq!(
            found.reasons,
            [
                "completion (raw): measures of suspects above those of controls in 0.690 [0.640, 0.740] of 240 pairs, \
                 adjusted p 2.00e-4; bias at most 0.530 by 120 never-sent items"
            ]
        );
        let grounds = BTreeMap::new();
        let unsure = verdict(&[finding("completion", 0.6, 1e-4)], &grounds);
        assert!(unsure.reasons[0].contains("not measured"), "{unsure:?}");
    }
}
