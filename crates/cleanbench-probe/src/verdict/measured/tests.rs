//! What verdicts come to.

use cleanbench_core::probe::{
    ArmCount, Bias, Blind, Contrast, ControlKind, Families, ValueContrast, Values,
};
use cleanbench_stats::power::smallest_paired;

use super::beyond::{Effect, beyond, beyond_bias};
use super::*;
use crate::arm_difference::{paired, unpaired};

pub(super) fn arm(hits: u64, valid: u64, invalid: u64) -> ArmCount {
    ArmCount {
        items: valid + invalid,
        valid,
        hits,
        invalid,
        ..ArmCount::default()
    }
}

/// A finding with paired controls.
pub(super) fn pairs(probe: &str, table: [u64; 4]) -> Finding {
    let n = table.iter().sum();
    Finding {
        suspects: arm(table[0] + table[1], n, 0),
        controls: arm(table[0] + table[2], n, 0),
        contrast: paired(table),
        ..Finding::new(probe, ProbeForm::Raw, ControlKind::Rewording)
    }
}

fn measured(upper: f64, items: u64, finding: Finding) -> Finding {
    let source = BiasSource::NeverSent;
    Finding {
        bias: Some(Bias {
            upper,
            effect: None,
            upper_of_valid: None,
            items,
            source,
        }),
        ..finding
    }
}

fn beside_references(finding: Finding) -> Finding {
    Finding {
        beside_references: true,
        ..finding
    }
}

/// From scipy 1.17: `norm.sf(0.19 / hypot(0.06 / norm.ppf(0.975), 0.13 / norm.ppf(0.95)))`.
#[test]
fn to_be_beyond_the_bias_is_a_test_of_its_own() {
    let bias = Bias {
        upper: 0.19,
        effect: Some(0.06),
        upper_of_valid: None,
        items: 80,
        source: BiasSource::NeverSent,
    };
    let effect = |low| Effect {
        estimate: 0.25,
        low,
    };
    let p = |effects: &[Effect]| beyond(effects, bias, 0.0).unwrap();
    assert!((p(&[effect(0.19)]) - 0.012_489_434_480_651_292).abs() < 1e-9);
    assert!(p(&[effect(0.19), effect(0.1)]) > p(&[effect(0.19)]));
    let below = Bias {
        effect: Some(-0.1),
        upper_of_valid: None,
        ..bias
    };
    let zero = Bias {
        effect: Some(0.0),
        upper_of_valid: None,
        upper: 0.29,
        ..bias
    };
    let at = |bias| beyond(&[effect(0.19)], bias, 0.0).unwrap();
    let helped = at(below) - at(zero);
    assert!(helped.abs() < 1e-12, "a bias below 0 helps nobody");
    let earlier = Bias {
        effect: None,
        upper_of_valid: None,
        ..bias
    };
    assert_eq!(beyond(&[effect(0.19)], earlier, 0.0), None);
}

/// The bounds are apart, and yet the difference of six findings may be the bias.
#[test]
fn bounds_that_are_apart_are_no_proof() {
    let bias = |effect| Bias {
        upper: 0.14,
        upper_of_valid: None,
        effect,
        items: 80,
        source: BiasSource::NeverSent,
    };
    let of = |effect| {
        let found = Finding {
            bias: Some(bias(effect)),
            ..pairs("completion", [0, 50, 0, 190])
        };
        let others = (0..5).map(|_| measured(0.14, 80, pairs("ts-guessing", [0, 20, 18, 202])));
        let family: Vec<_> = std::iter::once(found).chain(others).collect();
        verdict(&family, &passed()).class
    };
    assert_eq!(of(None), Class::Strong);
    assert_eq!(of(Some(0.06)), Class::Suspected);
    assert_eq!(
        of(Some(0.12)),
        Class::Strong,
        "the bias is as good as known"
    );
    assert_eq!(of(Some(-0.2)), Class::NotIdentifiable);
}

/// A wide interval around a small bias has the larger bound, a narrow one around a larger bias the larger p.
#[test]
fn the_worst_of_several_biases_decides_by_bound_and_by_test() {
    let bias = |upper, effect| Bias {
        upper,
        effect: Some(effect),
        upper_of_valid: None,
        items: 80,
        source: BiasSource::References,
    };
    let [wide, narrow] = [bias(0.061, 0.0), bias(0.0605, 0.0604)];
    let beside = |biases: &[Bias]| {
        let mut found = pairs("completion", [0, 24, 0, 216]);
        crate::verdict::bias::add(&mut found, biases, &[]);
        found
    };
    let p = |biases: &[Bias]| beyond_bias(&beside(biases)).unwrap();
    assert!(p(&[narrow]) > p(&[wide]));
    for order in [[wide, narrow], [narrow, wide]] {
        assert_eq!(beside(&order).bias, Some(wide));
        assert!((p(&order) - p(&[narrow])).abs() < 1e-15);
    }
    let few = Bias {
        items: 49,
        ..narrow
    };
    assert!((p(&[wide, few]) - p(&[wide])).abs() < 1e-15);
}

fn in_form(form: ProbeForm, finding: Finding) -> Finding {
    Finding { form, ..finding }
}

/// The first has too few items; that nothing was found rests on the second.
#[test]
fn no_evidence_names_the_finding_that_it_rests_on() {
    let few = pairs("completion", [0, 0, 0, 90]);
    let many = in_form(ProbeForm::Instruction, none());
    let aside = pairs("completion-second-cut", [0, 0, 0, 500]);
    let found = verdict(&[aside, few, many, leak_of_none()], &passed());
    assert_eq!((found.class, found.rests_on), (Class::NoEvidence, Some(2)));
    assert!(found.reasons[0].contains("completion (instruction)"));
    assert_eq!(verdict(&[leak()], &passed()).rests_on, None);
}

pub(super) fn leak_of_none() -> Finding {
    pairs("option-completion", [0, 0, 0, 300])
}

/// What a family of eight tests would not see, and not what one test alone would.
/// `finding` with measures that do not differ.
pub(super) fn with_measures(finding: Finding) -> Finding {
    Finding {
        values: Some(Values {
            contrast: ValueContrast {
                superiority: 0.5,
                low: 0.4,
                high: 0.6,
                upper: 0.58,
                items: 240,
                interval: String::new(),
                p: 0.5,
                test: String::new(),
            },
            at_worst: None,
            upper_at_most: None,
            bias: None,
            further_biases: Vec::new(),
        }),
        ..finding
    }
}

#[test]
fn what_goes_unseen_is_told_at_the_level_of_the_family() {
    let told_of = |found: &Verdict| {
        let (_, told) = found.reasons[0].split_once("fewer than ").unwrap();
        told.split(' ').next().unwrap().parse::<u32>().unwrap()
    };
    let told = |findings: &[Finding]| told_of(&verdict(findings, &passed()));
    let alone = none().contrast.unwrap().smallest_detectable.unwrap();
    let expected = smallest_paired(240, 0.0, 0.05 / 8.0, 0.8).unwrap();
    let of_eight = told(&vec![with_measures(none()); 4]);
    let percent = |share: f64| format!("{:.0}", share * 100.0);
    assert_eq!(of_eight.to_string(), percent(expected));
    let earlier = verdict_by(Rules::Eighth, &vec![none(); 8], &passed());
    let earlier = told_of(&earlier);
    assert_eq!(earlier.to_string(), percent(alone));
    assert!(of_eight > earlier);
}

fn blind(low: f64, families: u64) -> Blind {
    Blind {
        auc: low + 0.05,
        low,
        high: low + 0.1,
        suspects: families,
        controls: families,
    }
}

/// Independent arms, or pairs of another content, with what a classifier makes of them.
#[test]
fn what_nobody_can_tell_apart_from_style_accuses_nobody() {
    let leak = |control, blind| Finding {
        control,
        blind: Some(blind),
        ..pairs("completion", [0, 60, 0, 180])
    };
    let few = Blind {
        low: 0.0,
        high: 1.0,
        ..blind(0.5, 19)
    };
    let by = |source, finding: Finding| {
        let mut finding = measured(0.02, 60, finding);
        finding
            .bias
            .iter_mut()
            .for_each(|bias| bias.source = source);
        finding
    };
    for control in [ControlKind::Sibling, ControlKind::Isomorph] {
        let class = |finding: Finding| verdict(&[finding], &passed()).class;
        assert_eq!(class(leak(control, blind(0.5, 80))), Class::Suspected);
        for apart in [blind(0.7, 80), few] {
            let of = |source| class(by(source, leak(control, apart)));
            assert_eq!(class(leak(control, apart)), Class::NotIdentifiable);
            assert_eq!(of(BiasSource::References), Class::Strong);
            let of_pairs = of(BiasSource::NeverSent);
            assert_eq!(of_pairs == Class::Strong, control.paired(), "{of_pairs:?}");
        }
        let nothing = Finding {
            control,
            blind: Some(few),
            ..none()
        };
        assert_eq!(class(nothing), Class::NoEvidence);
    }
    let found = verdict(&[leak(ControlKind::Sibling, few)], &passed());
    assert!(found.reasons[0].contains("of 19 families an arm nobody can tell"));
}

/// `finding`, where so many answers of suspects and of controls say nothing.
pub(super) fn with_silent([suspects, controls]: [u64; 2], finding: Finding) -> Finding {
    let [a, b] = [finding.suspects, finding.controls];
    let worst = [
        a.hits,
        a.valid + suspects,
        b.hits + controls,
        b.valid + controls,
    ];
    Finding {
        suspects: arm(a.hits, a.valid, suspects),
        controls: arm(b.hits, b.valid, controls),
        at_worst: unpaired(worst),
        ..finding
    }
}

/// Every answer says nothing.
fn mute(probe: &str) -> Finding {
    Finding {
        suspects: arm(0, 0, 240),
        controls: arm(0, 0, 240),
        contrast: None,
        ..pairs(probe, [0, 0, 0, 240])
    }
}

/// No call was made.
fn unasked(probe: &str) -> Finding {
    let arm = ArmCount {
        items: 240,
        missing: 240,
        ..ArmCount::default()
    };
    Finding {
        suspects: arm,
        controls: arm,
        ..mute(probe)
    }
}

pub(super) fn passed() -> BTreeMap<ProbeForm, Grounds> {
    let all = Grounds {
        complies: Some(true),
        remembers: Some(true),
    };
    [(ProbeForm::Raw, all), (ProbeForm::Instruction, all)].into()
}

pub(super) fn leak() -> Finding {
    pairs("completion", [0, 60, 0, 180])
}

pub(super) fn none() -> Finding {
    pairs("completion", [0, 0, 0, 240])
}

#[track_caller]
fn check<const N: usize>(cases: [(&str, Vec<Finding>, Class); N]) {
    for (name, findings, class) in cases {
        let found = verdict(&findings, &passed());
        assert_eq!(found.class, class, "{name}: {:?}", found.reasons);
        let first = found.reasons.first();
        assert!(first.is_some_and(|reason| !reason.is_empty()), "{name}");
    }
}

#[test]
fn cases() {
    let small = || pairs("completion", [0, 24, 0, 216]);
    let likely = || pairs("forced-likelihood", [20, 120, 20, 80]);
    check([
        ("nobody asked", vec![], Class::NotAssessed),
        (
            "bias measured",
            vec![measured(0.02, 60, leak())],
            Class::Strong,
        ),
        (
            "too few for the bias",
            vec![measured(0.02, 49, leak())],
            Class::Suspected,
        ),
        ("bias not measured", vec![leak()], Class::Suspected),
        ("and little found", vec![small()], Class::NotIdentifiable),
        (
            "little beyond the bias",
            vec![measured(0.02, 60, small())],
            Class::Strong,
        ),
        (
            "bias explains it",
            vec![measured(0.3, 60, leak())],
            Class::NotIdentifiable,
        ),
        ("nothing", vec![none()], Class::NoEvidence),
        (
            "likelihoods alone",
            vec![likely(), none()],
            Class::NotIdentifiable,
        ),
        (
            "likelihoods beside references",
            vec![beside_references(likely()), none()],
            Class::NotIdentifiable,
        ),
        (
            "and with their bias",
            vec![measured(0.02, 60, beside_references(likely())), none()],
            Class::Strong,
        ),
        (
            "likelihoods beside another",
            vec![likely(), small()],
            Class::NotIdentifiable,
        ),
        (
            "likelihoods with bias measured",
            vec![measured(0.1, 60, likely()), none()],
            Class::Strong,
        ),
    ]);
}

/// Nobody guesses so many words: controls that are restored were seen, or are the suspects.
#[test]
fn controls_that_are_restored_let_nothing_be_called_clean() {
    let of = |table| vec![with_measures(pairs("completion", table))];
    let earlier = pairs("completion", [0, 0, 20, 400]);
    check([
        (
            "a few controls alone",
            of([0, 0, 20, 400]),
            Class::NotIdentifiable,
        ),
        (
            "as many of both",
            of([10, 30, 30, 350]),
            Class::NotIdentifiable,
        ),
        ("hardly any", of([0, 2, 4, 414]), Class::NoEvidence),
        (
            "without measures",
            vec![earlier.clone()],
            Class::NotIdentifiable,
        ),
        (
            "as often as controls are known to be",
            vec![Finding {
                bias: Some(Bias {
                    effect: Some(-0.05),
                    upper: -0.01,
                    upper_of_valid: None,
                    items: 80,
                    source: BiasSource::NeverSent,
                }),
                ..with_measures(pairs("completion", [0, 0, 20, 400]))
            }],
            Class::NoEvidence,
        ),
    ]);
    let by_earlier = verdict_by(Rules::Eighth, &[earlier], &passed());
    assert_eq!(by_earlier.class, Class::NoEvidence, "of tables 7");
}

/// What is missing, hidden or asked otherwise certifies nothing.
#[test]
fn nothing_that_is_missing_certifies() {
    check([
        (
            "nobody answered another probe",
            vec![
                none(),
                Finding {
                    unanswered: true,
                    ..unasked("ts-guessing")
                },
            ],
            Class::NotTestable,
        ),
        (
            "of few suspects alone nothing is said",
            vec![with_measures(with_silent([8, 0], none()))],
            Class::NotTestable,
        ),
        (
            "of as few of both",
            vec![with_measures(with_silent([8, 5], none()))],
            Class::NoEvidence,
        ),
        (
            "an instruction of its own",
            vec![Finding {
                own_instruction: true,
                ..none()
            }],
            Class::Underpowered,
        ),
    ]);
}

/// What silence makes of it.
#[test]
fn silent_cases() {
    check([
        (
            "found in what says something alone",
            vec![measured(0.02, 60, with_silent([0, 70], leak()))],
            Class::NotTestable,
        ),
        (
            "arms that say nothing unevenly",
            vec![measured(
                0.02,
                60,
                with_silent([30, 0], pairs("completion", [0, 120, 0, 120])),
            )],
            Class::Suspected,
        ),
        (
            "6 % say nothing",
            vec![with_silent([0, 15], none())],
            Class::NotTestable,
        ),
        (
            "another probe says nothing",
            vec![
                none(),
                with_silent([200, 200], pairs("ts-guessing", [0, 0, 0, 40])),
            ],
            Class::NotTestable,
        ),
        (
            "another probe says nothing at all",
            vec![none(), mute("ts-guessing")],
            Class::NotTestable,
        ),
        (
            "another probe was not put",
            vec![none(), unasked("ts-guessing")],
            Class::NoEvidence,
        ),
        (
            "references restore suspects alone",
            vec![Finding {
                left_out_gap: Some(0.08),
                ..none()
            }],
            Class::Underpowered,
        ),
        (
            "5 % say nothing",
            vec![with_silent([12, 12], none())],
            Class::NoEvidence,
        ),
        (
            "too few",
            vec![pairs("completion", [0, 0, 0, 99])],
            Class::Underpowered,
        ),
    ]);
}

#[test]
fn nothing_found_is_worth_what_the_checks_are() {
    let none = [pairs("completion", [0, 0, 0, 240])];
    let checked = |complies, remembers| {
        let grounds = [(
            ProbeForm::Raw,
            Grounds {
                complies,
                remembers,
            },
        )]
        .into();
        verdict(&none, &grounds).class
    };
    assert_eq!(checked(Some(true), Some(true)), Class::NoEvidence);
    assert_eq!(checked(Some(false), Some(true)), Class::NotTestable);
    assert_eq!(checked(Some(true), Some(false)), Class::Underpowered);
    assert_eq!(checked(Some(true), None), Class::Underpowered);
    assert_eq!(checked(None, Some(true)), Class::Underpowered);
    assert_eq!(verdict(&none, &BTreeMap::new()).class, Class::Underpowered);
    let in_the_other = [(ProbeForm::Instruction, passed()[&ProbeForm::Raw])].into();
    assert_eq!(verdict(&none, &in_the_other).class, Class::Underpowered);
}

#[test]
fn items_that_hang_together_count_once() {
    let families = |suspects| Finding {
        families: Some(Families {
            suspects,
            controls: suspects,
        }),
        ..pairs("completion", [0, 0, 0, 240])
    };
    assert_eq!(
        verdict(&[families(99)], &passed()).class,
        Class::Underpowered
    );
    assert_eq!(
        verdict(&[families(120)], &passed()).class,
        Class::NoEvidence
    );
}

/// Whatever was answered: silence never makes a model clean.
#[test]
fn there_is_no_way_around_the_conditions() {
    let mut random = cleanbench_stats::random::Random::new(3);
    let mut clean = 0;
    for _ in 0..4_000 {
        let n = 20 + random.below(400);
        let silent = [random.below(30), random.below(30)];
        let rate = 0.02 * random.unit();
        let hits = (0..n).filter(|_| random.unit() < rate).count() as u64;
        let table = [0, hits / 2, hits - hits / 2, n - hits];
        let word = |random: &mut cleanbench_stats::random::Random| {
            [None, Some(false), Some(true), Some(true)][random.index(4)]
        };
        let grounds = Grounds {
            complies: word(&mut random),
            remembers: word(&mut random),
        };
        let name = ["completion", "ts-guessing"][random.index(2)];
        let finding = with_silent(silent, pairs(name, table));
        let found = verdict(&[finding], &[(ProbeForm::Raw, grounds)].into());
        if found.class == Class::NoEvidence {
            clean += 1;
            let most = silent[0].max(silent[1]);
            assert!(n >= 100 && most * 20 <= n + most && name == "completion");
            assert_eq!(
                (grounds.complies, grounds.remembers),
                (Some(true), Some(true))
            );
        }
    }
    assert!(clean > 50, "{clean}");
}

#[test]
fn what_is_outside_of_the_family_changes_nothing() {
    let other = pairs("completion-second-cut", [0, 200, 0, 40]);
    let none = pairs("completion", [0, 0, 0, 240]);
    let alone = verdict(std::slice::from_ref(&none), &passed());
    let beside = verdict(&[other.clone(), none], &passed());
    assert_eq!(
        (beside.class, &beside.reasons),
        (alone.class, &alone.reasons)
    );
    assert_eq!(beside.adjusted, [None, alone.adjusted[0]]);
    assert_eq!(verdict(&[other], &passed()).class, Class::NotAssessed);
}

#[test]
fn what_decides_is_the_worse_of_two() {
    let contrast = |low, p| Contrast {
        low,
        p,
        ..paired([0, 60, 0, 180]).unwrap()
    };
    let finding = Finding {
        contrast: Some(contrast(0.2, 1e-9)),
        at_worst: Some(contrast(0.1, 1e-3)),
        ..pairs("completion", [0, 60, 0, 180])
    };
    let found = verdict(&[measured(0.05, 80, finding)], &passed());
    assert_eq!(
        (found.class, found.adjusted[0]),
        (Class::Strong, Some(1e-3))
    );
}
