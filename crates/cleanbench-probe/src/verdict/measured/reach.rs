//! Which classes a plan can come to, before anything is asked.
//!
//! What a probe would find is supposed: every call is answered, and nothing is restored. From that come the items that
//! count, their families, and the power, by the same code that weighs a run.
//!
//! Invariant: it promises nothing. What is within reach may still fail for answers that say nothing, or for an endpoint
//! that does not pass its checks; what is out of reach here no run of the plan comes to.

use cleanbench_core::Probe;
use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{Bias, Finding, ProbeCall, ProbeContext, Seen, Values};
use cleanbench_stats::power;

use super::MEASURED;
use super::family::level;
use super::power::{declared_power, fewest};
use super::style::is_told_apart;
use super::weight::{UNMEASURED_FLOOR, is_sorted_apart};
use crate::blind::tells_nothing;
use crate::registry::{is_confirmatory, is_measured, is_primary, primary};
use crate::verdict::{DECLARED, FEWEST_ITEMS, LEAST_POWER};

/// More items an arm are not looked for.
const MOST_NEEDED: u64 = 20_000;

/// What `probe` would find if every one of `calls` were answered, and nothing restored: also no word of it, where it
/// measures that.
pub fn foreseen(probe: &dyn Probe, context: &ProbeContext<'_>, calls: &[ProbeCall]) -> Finding {
    let missed = |_: &ProbeCall| {
        Seen::answered(RecordedScore {
            measure: is_measured(probe.id()).then_some(0.0),
            ..RecordedScore::of(0.0)
        })
    };
    let seen: Vec<_> = calls.iter().map(missed).collect();
    probe.judge(context, calls, &seen)
}

/// What can come of the probes of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    /// One for each finding, in their order.
    pub probes: Vec<ProbeReach>,
    /// What the class is limited to, and by what: sentences for people.
    pub limits: Vec<String>,
}

/// What one probe could show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProbeReach {
    /// Items of the smaller arm that count, those that hang together once; of paired controls, pairs.
    pub items: u64,
    /// Power to see the declared effect at the level of the family, 0 to 1; `None` outside of the family, or where
    /// nothing can be asked.
    pub power: Option<f64>,
    /// Items an arm from which on that power is .8; `None` where no number of them is enough, or none was looked for.
    pub needed: Option<u64>,
}

/// What can come of `findings`, all probes of a task as they were [`foreseen`], each with the biases that would be
/// measured for it, and with what a classifier makes of its arms.
pub fn reach(findings: &[Finding]) -> Reach {
    let is_judged = |one: &&Finding| is_confirmatory(&one.probe) && one.contrast.is_some();
    let family: Vec<_> = findings.iter().filter(is_judged).collect();
    let tests = family
        .iter()
        .map(|one| 1 + usize::from(one.values.is_some()));
    let level = level(tests.sum());
    let probes = findings.iter().map(|one| ProbeReach {
        items: fewest(one),
        power: declared_power(one, level).filter(|_| is_judged(&one)),
        needed: is_confirmatory(&one.probe)
            .then(|| needed(one.control.paired(), level * one.weight()))
            .flatten(),
    });
    let limits = if family.is_empty() {
        vec![nothing_to_judge(findings)]
    } else {
        vec![of_guilt(&family), of_innocence(&family, level)]
    };
    Reach {
        probes: probes.collect(),
        limits,
    }
}

fn nothing_to_judge(findings: &[Finding]) -> String {
    if findings.iter().any(|one| is_confirmatory(&one.probe)) {
        "only `not_testable`: no probe can use an item of both arms".to_owned()
    } else {
        "only `not_assessed`: no class rests on these probes".to_owned()
    }
}

/// The worst class that can come of it.
fn of_guilt(family: &[&Finding]) -> String {
    if family.iter().all(|one| is_of_style(one)) {
        return told_of_style(family);
    }
    if family.iter().all(|one| is_sorted_apart(one)) {
        return told_of_sorting(family);
    }
    let items = family.iter().filter_map(|one| one.bias);
    match items.map(|bias| bias.items).max() {
        Some(items) if items >= MEASURED => {
            format!("up to `strong`: bias is measured on {items} items")
        }
        measured => {
            let why = match measured {
                None => "bias is not measured".to_owned(),
                Some(items) => {
                    format!("bias is measured on {items} items, and {MEASURED} are needed")
                }
            };
            format!(
                "at most `suspected`, from a difference of {:.0} points on: {why}; give `never_sent` or two `-R` models",
                UNMEASURED_FLOOR * 100.0
            )
        }
    }
}

/// Whether any difference that it finds may be one of style, of hits as of measures.
fn is_of_style(finding: &Finding) -> bool {
    let mut of_measures = finding.values.iter().flat_map(Values::biases);
    let of_measures = is_told_apart(finding, &mut of_measures) || finding.values.is_none();
    is_told_apart(finding, finding.biases()) && of_measures
}

/// Where all that can be found may be how two files are sorted.
fn told_of_sorting(family: &[&Finding]) -> String {
    let mut biases = family.iter().flat_map(|one| one.biases());
    let class = if biases.any(|bias| bias.items >= MEASURED) {
        "at most `suspected`"
    } else {
        "at most `not_identifiable`, whatever is found"
    };
    format!(
        "{class}: the order of a file that is sorted by subject is guessed without any leak; give rewordings, or a probe of another kind"
    )
}

fn told_of_style(family: &[&Finding]) -> String {
    let blind = family.iter().find_map(|one| one.blind);
    let why = match blind {
        Some(blind) if tells_nothing(blind) => format!(
            "of {} families an arm nobody can tell whether suspects differ from controls in style",
            blind.suspects.min(blind.controls)
        ),
        blind => format!(
            "suspects are told from controls by their text alone, with an area under the curve of at least {:.2}",
            blind.map_or(0.0, |blind| blind.low)
        ),
    };
    format!(
        "at most `not_identifiable`, whatever is found: {why}; give two `-R` models, or controls of the same source"
    )
}

/// Whether it can come to `no_evidence`.
fn of_innocence(family: &[&Finding], level: f64) -> String {
    let own: Vec<_> = family.iter().filter(|one| is_primary(&one.probe)).collect();
    let is_able = |one: &&&&Finding| {
        let power = declared_power(one, level).unwrap_or_default();
        fewest(one) >= FEWEST_ITEMS && power >= LEAST_POWER
    };
    if let Some(one) = own.iter().find(is_able) {
        return format!(
            "`no_evidence` is within reach of {} ({}), where the endpoint passes its checks and leaves at most 5 % unanswered{}",
            one.probe,
            one.form.as_str(),
            of_measures(family)
        );
    }
    let Some(most) = own.iter().map(|one| fewest(one)).max() else {
        let names: Vec<_> = primary().collect();
        return format!(
            "`no_evidence` is out of reach: it rests on {}, and none of these can be put",
            names.join(" or ")
        );
    };
    let wanted = own
        .iter()
        .filter_map(|one| needed(one.control.paired(), level * one.weight()));
    let wanted = wanted.min().unwrap_or(MOST_NEEDED).max(FEWEST_ITEMS);
    format!(
        "`no_evidence` is out of reach: at most {most} items an arm that do not hang together can be used, and {wanted} are needed"
    )
}

/// What measures may make of `no_evidence`, where their bias would not be measured: a difference that is the rule with
/// models that saw nothing is nothing found only within a measured bias.
fn of_measures(family: &[&Finding]) -> String {
    let is_unmeasured = |one: &&&Finding| {
        let is_enough = |bias: Bias| bias.items >= MEASURED;
        let values = one.values.as_ref();
        values.is_some_and(|values| !values.biases().any(is_enough))
    };
    let unmeasured: Vec<_> = family.iter().filter(is_unmeasured).collect();
    let Some(first) = unmeasured.first() else {
        return String::new();
    };
    let more = match unmeasured.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        ", and answers are no nearer to suspects than to controls: of measures bias is not measured ({} {}{more}), and any such difference, which is usual, is `not_identifiable`",
        first.probe,
        first.form.as_str()
    )
}

/// Items an arm, or pairs, from which on the declared effect is seen with a power of .8 at `level`, where no control is
/// restored. The power of an exact test falls a little from one number to the next; from this one on it is reached, and
/// below it is not.
fn needed(is_paired: bool, level: f64) -> Option<u64> {
    let is_enough = |items: u64| power_of(is_paired, items, level) >= LEAST_POWER;
    let mut high = 8;
    while !is_enough(high) {
        if high >= MOST_NEEDED {
            return None;
        }
        high = (2 * high).min(MOST_NEEDED);
    }
    let (mut low, mut high) = (high / 2, high);
    while low + 1 < high {
        let middle = low.midpoint(high);
        if is_enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

#[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
fn power_of(is_paired: bool, items: u64, level: f64) -> f64 {
    // Shrunk as in a run: that no control was restored is not believed to be a rate of 0.
    let control = 0.5 / (items as f64 + 1.0);
    let suspect = control + DECLARED * (1.0 - control);
    if is_paired {
        let only = [suspect * (1.0 - control), control * (1.0 - suspect)];
        power::paired(items, only[0], only[1], level)
    } else {
        power::unpaired(items, items, suspect, control, level)
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::{
        ArmCount, BiasSource, Blind, ControlKind, ProbeForm, ValueContrast,
    };

    use super::*;
    use crate::arm_difference::paired;

    fn of_pairs(probe: &str, n: u64) -> Finding {
        let arm = ArmCount {
            items: n,
            valid: n,
            ..ArmCount::default()
        };
        Finding {
            suspects: arm,
            controls: arm,
            contrast: paired([0, 0, 0, n]),
            ..Finding::new(probe, ProbeForm::Raw, ControlKind::Rewording)
        }
    }

    fn measured_on(items: u64, finding: Finding) -> Finding {
        let bias = Bias {
            upper: 0.02,
            effect: None,
            upper_of_valid: None,
            items,
            source: BiasSource::NeverSent,
        };
        Finding {
            bias: Some(bias),
            ..finding
        }
    }

    /// The first numbers of pairs with a power of .8, by Python 3.11's `math.comb`, of families of one, two and four.
    #[test]
    fn the_numbers_needed_are_those_of_exact_sums() {
        for (members, expected) in [(1, 75), (2, 87), (4, 98)] {
            assert_eq!(needed(true, level(members)), Some(expected));
        }
        let arms = needed(false, level(1)).unwrap();
        assert!(power_of(false, arms, level(1)) >= LEAST_POWER);
        assert!(power_of(false, arms - 1, level(1)) < LEAST_POWER);
    }

    #[test]
    fn classes_are_limited_by_bias_and_by_items() {
        for (findings, guilt, innocence) in [
            (
                vec![of_pairs("completion", 120)],
                "at most `suspected`",
                "within reach",
            ),
            (
                vec![measured_on(49, of_pairs("completion", 99))],
                "bias is measured on 49 items, and 50 are needed",
                "at most 99 items an arm that do not hang together can be used, and 100 are needed",
            ),
            (
                vec![measured_on(50, of_pairs("ts-guessing", 120))],
                "up to `strong`: bias is measured on 50 items",
                "it rests on completion or option-completion, and none of these can be put",
            ),
        ] {
            let found = reach(&findings);
            assert!(found.limits[0].contains(guilt), "{:?}", found.limits);
            assert!(found.limits[1].contains(innocence), "{:?}", found.limits);
            assert_eq!(found.probes.len(), findings.len());
        }
    }

    /// `finding` with measures in all of its items, and with so many items on which their bias was measured.
    fn with_measures(bias: Option<u64>, finding: Finding) -> Finding {
        let n = finding.suspects.valid;
        let contrast = ValueContrast {
            superiority: 0.5,
            low: 0.4,
            high: 0.6,
            upper: 0.58,
            items: n,
            interval: String::new(),
            p: 0.5,
            test: String::new(),
        };
        let values = Values {
            contrast,
            at_worst: None,
            upper_at_most: None,
            bias: bias.and_then(|items| measured_on(items, finding.clone()).bias),
            further_biases: Vec::new(),
        };
        Finding {
            values: Some(values),
            ..finding
        }
    }

    /// Three probes, two of which have measures, are a family of five.
    #[test]
    fn a_family_has_the_tests_that_a_run_brings() {
        let both = |name| with_measures(None, of_pairs(name, 120));
        let findings = [
            both("completion"),
            both("ts-guessing"),
            of_pairs("option-order-quiz", 120),
        ];
        let found = reach(&findings);
        assert_eq!(found.probes[0].needed, needed(true, level(5)));
        assert_eq!(
            found.probes[0].power,
            declared_power(&findings[0], level(5))
        );
    }

    #[test]
    fn no_evidence_is_promised_without_a_word_only_where_bias_of_measures_is_measured() {
        let limit = |bias| {
            let found = reach(&[with_measures(bias, of_pairs("completion", 120))]);
            found.limits[1].clone()
        };
        let told = "of measures bias is not measured (completion raw)";
        assert!(limit(None).contains(told), "{}", limit(None));
        assert!(limit(Some(49)).contains(told));
        assert!(!limit(Some(50)).contains("bias"), "{}", limit(Some(50)));
        assert!(limit(None).starts_with("`no_evidence` is within reach of completion (raw)"));
    }

    #[test]
    fn what_is_told_apart_accuses_nobody() {
        let apart = |low, families| Finding {
            control: ControlKind::Sibling,
            blind: Some(Blind {
                auc: low,
                low,
                high: 1.0,
                suspects: families,
                controls: families,
            }),
            ..with_measures(None, of_pairs("completion", 120))
        };
        for (finding, told) in [
            (apart(0.7, 90), "an area under the curve of at least 0.70"),
            (apart(0.0, 12), "of 12 families an arm nobody can tell"),
        ] {
            let found = reach(&[finding]);
            assert!(found.limits[0].starts_with("at most `not_identifiable`"));
            assert!(found.limits[0].contains(told), "{:?}", found.limits);
        }
        let found = reach(&[apart(0.5, 90)]);
        assert!(found.limits[0].starts_with("at most `suspected`"));
    }

    #[test]
    fn what_cannot_be_judged_comes_to_one_class_alone() {
        let unasked = Finding {
            contrast: None,
            ..of_pairs("completion", 0)
        };
        let found = reach(&[unasked]);
        assert!(found.limits[0].contains("only `not_testable`"));
        assert_eq!(found.probes[0].power, None);
        let shown_only = of_pairs("completion-second-cut", 200);
        let found = reach(&[shown_only]);
        assert!(found.limits[0].contains("only `not_assessed`"));
        assert_eq!(
            (found.probes[0].power, found.probes[0].needed),
            (None, None)
        );
    }
}
