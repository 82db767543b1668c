//! What the rules of tables 9 make of what those of tables 8 let pass.

use cleanbench_core::probe::Look;

use super::tests::{arm, leak, leak_of_none, none, pairs, passed, with_measures, with_silent};
use super::*;

/// The class by the rules of tables 8, and by those of tables 9.
fn classes(findings: &[Finding]) -> [Class; 2] {
    [Rules::Eighth, Rules::Ninth].map(|rules| verdict_by(rules, findings, &passed()).class)
}

fn reason(findings: &[Finding]) -> String {
    verdict(findings, &passed()).reasons.join("\n")
}

/// `finding` whose measures have this superiority, with a narrow interval, and perhaps a bias.
fn superior(superiority: f64, bias: Option<Bias>, finding: Finding) -> Finding {
    let mut finding = with_measures(finding);
    let values = finding.values.as_mut().unwrap();
    let contrast = &mut values.contrast;
    contrast.superiority = superiority;
    [contrast.low, contrast.high] = [superiority - 0.01, superiority + 0.01];
    contrast.p = if superiority > 0.5 { 1e-9 } else { 1.0 };
    values.bias = bias;
    finding
}

fn shows(effect: f64, upper: f64, items: u64) -> Bias {
    Bias {
        upper,
        effect: Some(effect),
        upper_of_valid: None,
        items,
        source: BiasSource::NeverSent,
    }
}

/// What references restored of suspects was left out of another probe than the one on which the certificate would rest,
/// or all of it was, so that nothing was left to compare.
#[test]
fn what_any_finding_leaves_open_certifies_nothing() {
    let gap = Finding {
        left_out_gap: Some(0.9),
        ..leak_of_none()
    };
    let emptied = Finding {
        contrast: None,
        suspects: arm(0, 0, 0),
        controls: arm(0, 0, 0),
        ..gap.clone()
    };
    for open in [gap, emptied] {
        let findings = [none(), open];
        assert_eq!(classes(&findings), [Class::NoEvidence, Class::Underpowered]);
        assert!(reason(&findings).contains("90 points more often"));
    }
    let stopped = Finding {
        look: Some(Look {
            number: 1,
            of: 3,
            asked: 60,
            items: 240,
            weight: 0.1,
        }),
        ..leak_of_none()
    };
    let findings = [none(), stopped];
    assert_eq!(classes(&findings), [Class::NoEvidence, Class::Underpowered]);
    assert!(reason(&findings).contains("stopped after 60 of 240"));
}

#[test]
fn measures_whose_bias_may_be_anything_find_nothing_and_clear_nobody() {
    let all = [superior(0.99, Some(shows(0.99, 1.0, 120)), none())];
    assert_eq!(classes(&all), [Class::NoEvidence, Class::NotIdentifiable]);
    for [effect, upper] in [[0.63, 0.7], [0.9, 0.95]] {
        let usual = [superior(
            effect - 0.01,
            Some(shows(effect, upper, 120)),
            none(),
        )];
        assert_eq!(classes(&usual), [Class::NoEvidence; 2]);
    }
}

/// The arms are exchanged, and half of each text is remembered: no hit, and every control has the larger measure.
#[test]
fn measures_of_controls_that_are_always_larger_clear_nobody() {
    let exchanged = |bias| [superior(0.0, bias, none())];
    assert_eq!(
        classes(&exchanged(None)),
        [Class::NoEvidence, Class::NotIdentifiable]
    );
    assert!(reason(&exchanged(None)).contains("exchanged"));
    let as_usual = exchanged(Some(shows(0.01, 0.05, 80)));
    assert_eq!(classes(&as_usual), [Class::NoEvidence; 2]);
}

#[test]
fn controls_that_another_probe_restores_clear_nobody() {
    let words = with_measures(pairs("ts-guessing", [0, 0, 240, 0]));
    let findings = [none(), words];
    assert_eq!(
        classes(&findings),
        [Class::NoEvidence, Class::NotIdentifiable]
    );
    for chosen in ["forced-likelihood", "item-order-quiz"] {
        let chosen = with_measures(pairs(chosen, [0, 0, 240, 0]));
        assert_eq!(classes(&[none(), chosen]), [Class::NoEvidence; 2]);
    }
}

/// Where prompts hold all of what is asked for there are no measures.
#[test]
fn what_has_no_measures_is_looked_at_as_carefully() {
    let hidden = with_silent([9, 0], none());
    assert_eq!(classes(&[hidden]), [Class::NoEvidence, Class::NotTestable]);
    assert!(reason(&[none()]).contains("go unseen"));
}

#[test]
fn what_too_few_items_show_excuses() {
    let biased = |bias| {
        [Finding {
            bias: Some(bias),
            ..leak()
        }]
    };
    let few = biased(shows(0.45, 0.59, 49));
    assert_eq!(classes(&few), [Class::Suspected, Class::NotIdentifiable]);
    assert!(reason(&few).contains("by 49 never-sent items: too few"));
    let chance = biased(shows(0.02, 0.3, 12));
    assert_eq!(classes(&chance), [Class::Suspected; 2]);
}

/// Beside two references whose bias is small.
#[test]
fn too_few_items_excuse_beside_references_too() {
    let references = Bias {
        source: BiasSource::References,
        ..shows(0.0, 0.02, 200)
    };
    let of = |add: fn(&mut Finding, &[Bias], &[Bias])| {
        let mut finding = Finding {
            bias: Some(shows(0.45, 0.59, 49)),
            ..leak()
        };
        add(&mut finding, &[references, references], &[]);
        verdict(&[finding], &passed()).class
    };
    assert_eq!(of(crate::verdict::bias::add), Class::Strong);
    assert_eq!(
        of(crate::verdict::bias::add_and_keep),
        Class::NotIdentifiable
    );
}

/// Six of a hundred never-sent items that say nothing erased the bias that the others show.
#[test]
fn silence_of_never_sent_items_makes_their_bias_larger_and_not_unknown() {
    let shown = pairs("completion", [0, 40, 0, 54]);
    let silent = with_silent([6, 0], shown.clone());
    assert_eq!(bias(&silent, BiasSource::NeverSent), None);
    let [all, most] = [&shown, &silent].map(|one| bias_at_most(one).unwrap());
    assert_eq!(Some(all), bias(&shown, BiasSource::NeverSent));
    assert!((most.upper - (all.upper * 94.0 + 6.0) / 100.0).abs() < 1e-12);
    assert_eq!(most.items, 94);
    let shift = most.effect.unwrap() - (all.effect.unwrap() * 94.0 + 6.0) / 100.0;
    assert!(shift.abs() < 1e-12);
    let mute = Finding {
        contrast: None,
        ..with_silent([94, 94], pairs("completion", [0, 0, 0, 0]))
    };
    assert!((bias_at_most(&mute).unwrap().upper - 1.0).abs() < 1e-12);
    let unasked = Finding {
        suspects: arm(0, 0, 0),
        controls: arm(0, 0, 0),
        ..mute.clone()
    };
    assert_eq!(bias_at_most(&unasked), None);
    let accused = Finding {
        bias: bias_at_most(&mute),
        ..leak()
    };
    assert_eq!(classes(&[accused])[1], Class::NotIdentifiable);
}

/// 62 of 1,000 in both arms: what goes unseen is a difference.
#[test]
fn what_was_restored_is_told_with_what_goes_unseen() {
    let findings = [with_measures(pairs("completion", [1, 11, 11, 417]))];
    assert_eq!(classes(&findings), [Class::NoEvidence; 2]);
    let reason = reason(&findings);
    assert!(
        reason.contains("12 of 440 suspects were restored, and 12 of 440 controls: fewer than"),
        "{reason}"
    );
}
