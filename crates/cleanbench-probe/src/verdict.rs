//! What all findings of one model and task amount to.
//!
//! These are the rules of tables before version 7, interim ones, and [`measured`] holds those that came after: the bias that a control cannot remove is not yet measured, and a floor of
//! five points stands in for it; every verdict says so.
//!
//! The family is every probe of the model and task that could be judged; its p-values are adjusted by
//! Holm's method (1979).
//!
//! | class | rule |
//! |---|---|
//! | `strong` | an adjusted p of at most .01, with a lower bound above 5 points and missing rates that differ by less than 5 points |
//! | `suspected` | an adjusted p of at most .05, with a lower bound above 0 |
//! | `no_evidence` | neither, and a primary probe with at least 100 items in each arm had a power of at least .8 |
//! | `underpowered` | neither, and no primary probe had that |
//! | `not_testable` | no probe could be judged |
//! | `not_assessed` | no probe was asked for |
//!
//! The power is exact, at the level that Holm's method gives the smallest p-value, for the declared
//! effect: 20 % of the items seen, and each of those restored half the time.
//!
//! It refuses to say that a task is clean: there is no such class.

use cleanbench_core::probe::{ArmCount, Finding};
use cleanbench_stats::{multiplicity, power};
use serde::{Deserialize, Serialize};

use crate::registry::{is_confirmatory, primary};
use crate::spending::NOT_NEEDED;

pub mod bias;
pub mod doses;
pub mod measured;

const STRONG: f64 = 0.01;
const SUSPECTED: f64 = 0.05;
/// Floor of the lower bound for `strong`, as a difference of rates.
const FLOOR: f64 = 0.05;
/// Largest difference of the arms' missing rates for `strong`.
const MISSING: f64 = 0.05;
/// Fewest items of an arm for `no_evidence`.
pub const FEWEST_ITEMS: u64 = 100;
/// Least power for `no_evidence`.
pub const LEAST_POWER: f64 = 0.8;
/// Share of items that the declared effect supposes seen and restored.
const DECLARED: f64 = 0.2 * 0.5;

/// Classes of exposure, exactly these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A randomisation that we hold the record of was detected.
    Proven,
    /// Recall that controls do not explain.
    Strong,
    /// Recall that controls hardly explain.
    Suspected,
    /// Nothing was found, and a leak of the declared size would have been.
    NoEvidence,
    /// Nothing was found, and a leak of the declared size could have been missed.
    Underpowered,
    /// The design cannot tell memory from other differences.
    NotIdentifiable,
    /// No probe could be judged.
    NotTestable,
    /// No probe was asked for.
    NotAssessed,
}

impl Class {
    /// All classes, worst first.
    pub const ALL: [Self; 8] = [
        Self::Proven,
        Self::Strong,
        Self::Suspected,
        Self::NoEvidence,
        Self::Underpowered,
        Self::NotIdentifiable,
        Self::NotTestable,
        Self::NotAssessed,
    ];

    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Strong => "strong",
            Self::Suspected => "suspected",
            Self::NoEvidence => "no_evidence",
            Self::Underpowered => "underpowered",
            Self::NotIdentifiable => "not_identifiable",
            Self::NotTestable => "not_testable",
            Self::NotAssessed => "not_assessed",
        }
    }
}

/// A class and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The class.
    pub class: Class,
    /// Why, in sentences for people.
    pub reasons: Vec<String>,
    /// For each finding its p-value adjusted for the family; `None` where it was not judged.
    pub adjusted: Vec<Option<f64>>,
    /// For each finding the power to see the declared effect; `None` where it was not judged.
    pub power: Vec<Option<f64>>,
    /// For each finding the p-value of its measures adjusted for the family; empty where there are none at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjusted_values: Vec<Option<f64>>,
    /// Of `no_evidence`, the position of the finding whose power it rests on; `None` by the rules of earlier tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rests_on: Option<usize>,
}

/// The verdict on one model and task. `findings` are all probes that were asked for, also those that
/// could not be judged, and those outside of the family, which change nothing.
pub fn verdict(findings: &[Finding]) -> Verdict {
    if findings.is_empty() {
        return bare(Class::NotAssessed, "no probe was asked for");
    }
    let in_family = |one: &&Finding| is_confirmatory(&one.probe);
    let family: Vec<_> = findings.iter().filter(in_family).cloned().collect();
    let of_family = of_family(&family);
    let mut adjusted = of_family.adjusted.into_iter();
    let mut power = of_family.power.into_iter();
    let at = |values: &mut std::vec::IntoIter<Option<f64>>, one: &Finding| {
        let value = in_family(&one).then(|| values.next());
        value.flatten().flatten()
    };
    Verdict {
        adjusted: findings.iter().map(|one| at(&mut adjusted, one)).collect(),
        power: findings.iter().map(|one| at(&mut power, one)).collect(),
        ..bare_of(of_family.class, of_family.reasons)
    }
}

/// The verdict that rests on the probes of the family.
fn of_family(findings: &[Finding]) -> Verdict {
    if findings.is_empty() {
        let what = "only probes on which no class rests were asked for";
        return bare(Class::NotAssessed, what);
    }
    let p: Vec<_> = findings
        .iter()
        .filter_map(|one| Some(one.contrast.as_ref()?.p))
        .collect();
    if p.is_empty() {
        let mut verdict = bare(Class::NotTestable, "no probe could be judged");
        verdict.adjusted = vec![None; findings.len()];
        verdict.power = verdict.adjusted.clone();
        return verdict;
    }
    let mut corrected = multiplicity::holm(&p).into_iter();
    let adjusted: Vec<_> = findings
        .iter()
        .map(|one| one.contrast.as_ref().and_then(|_| corrected.next()))
        .collect();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a family has a handful of members"
    )]
    let level = SUSPECTED / p.len() as f64;
    let power: Vec<_> = findings
        .iter()
        .map(|one| declared_power(one, level))
        .collect();
    let (class, mut reasons) = classify(findings, &adjusted, &power);
    reasons.push(
        "interim rules: the bias of the controls is not measured; a floor of 5 points stands in for it"
            .to_owned(),
    );
    Verdict {
        adjusted,
        power,
        ..bare_of(class, reasons)
    }
}

fn bare(class: Class, reason: &str) -> Verdict {
    bare_of(class, vec![reason.to_owned()])
}

fn bare_of(class: Class, reasons: Vec<String>) -> Verdict {
    Verdict {
        class,
        reasons,
        adjusted: Vec::new(),
        power: Vec::new(),
        adjusted_values: Vec::new(),
        rests_on: None,
    }
}

fn classify(
    findings: &[Finding],
    adjusted: &[Option<f64>],
    power: &[Option<f64>],
) -> (Class, Vec<String>) {
    let judged = || {
        findings
            .iter()
            .zip(adjusted)
            .filter_map(|(one, p)| Some((one, (*p)?)))
    };
    let strong: Vec<_> = judged()
        .filter(|(one, p)| is_strong(one, *p))
        .map(|(one, p)| describe(one, &format!("{p:.2e}")))
        .collect();
    if !strong.is_empty() {
        return (Class::Strong, strong);
    }
    let suspected: Vec<_> = judged()
        .filter(|(one, p)| *p <= SUSPECTED && low(one) > 0.0)
        .map(|(one, p)| describe(one, &format!("{p:.2e}")))
        .collect();
    if !suspected.is_empty() {
        return (Class::Suspected, suspected);
    }
    let able = findings.iter().zip(power).find(|(one, power)| {
        primary().any(|name| name == one.probe)
            && fewest(one) >= FEWEST_ITEMS
            && power.is_some_and(|power| power >= LEAST_POWER)
    });
    if let Some((one, power)) = able {
        let reason = format!(
            "no probe found anything; {} ({}) with {} items an arm had a power of {:.2} to see that 20 % of the items were seen and restored half the time",
            one.probe,
            one.form.as_str(),
            fewest(one),
            power.unwrap_or_default()
        );
        return (Class::NoEvidence, vec![reason]);
    }
    let reason = format!(
        "no probe found anything, and none of {} had both {FEWEST_ITEMS} items an arm and a power of {LEAST_POWER} to see that 20 % of the items were seen and restored half the time",
        primary().collect::<Vec<_>>().join(", ")
    );
    (Class::Underpowered, vec![reason])
}

fn is_strong(finding: &Finding, adjusted: f64) -> bool {
    let missing = missing_rate(finding.suspects) - missing_rate(finding.controls);
    adjusted <= STRONG && low(finding) > FLOOR && missing.abs() < MISSING
}

fn low(finding: &Finding) -> f64 {
    finding
        .contrast
        .as_ref()
        .map_or(-1.0, |contrast| contrast.low)
}

/// Answered items of the smaller arm; of paired designs, pairs.
fn fewest(finding: &Finding) -> u64 {
    match finding
        .contrast
        .as_ref()
        .and_then(|contrast| contrast.pairs)
    {
        Some(pairs) => pairs.iter().sum(),
        None => finding.suspects.valid.min(finding.controls.valid),
    }
}

fn describe(finding: &Finding, adjusted: &str) -> String {
    let [suspects, controls] =
        [finding.suspects, finding.controls].map(|arm| format!("{} of {}", arm.hits, arm.valid));
    let (effect, low, high) = finding
        .contrast
        .as_ref()
        .map_or((0.0, 0.0, 0.0), |contrast| {
            (contrast.effect, contrast.low, contrast.high)
        });
    format!(
        "{} ({}): {suspects} suspects and {controls} controls restored, difference {effect:.3} [{low:.3}, {high:.3}], adjusted p {adjusted}{}{}",
        finding.probe,
        finding.form.as_str(),
        reasoned(finding),
        stopped(finding)
    )
}

/// How many suspects are restored in the reasoning alone.
fn reasoned(finding: &Finding) -> String {
    match finding.in_reasoning {
        0 => String::new(),
        count => format!("; {count} suspects in the reasoning of the answer alone"),
    }
}

/// Where a finding stopped before all items were asked.
fn stopped(finding: &Finding) -> String {
    let Some(look) = finding.look.filter(|look| !look.is_last()) else {
        return String::new();
    };
    let why = if finding.filters.contains_key(NOT_NEEDED) {
        ": the leak was clear"
    } else {
        ""
    };
    format!(
        "; stopped after {} of {} items{why}",
        look.asked, look.items
    )
}

fn missing_rate(arm: ArmCount) -> f64 {
    let asked = arm.valid + arm.unpaired + arm.invalid + arm.missing;
    count_share(arm.missing, asked)
}

/// `count` of `all`, 0 to 1; 0 of none.
#[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
fn count_share(count: u64, all: u64) -> f64 {
    if all == 0 {
        0.0
    } else {
        count as f64 / all as f64
    }
}

/// Power of the finding's own test at `level` to see the declared effect above the controls' rate.
#[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
fn declared_power(finding: &Finding, level: f64) -> Option<f64> {
    let contrast = finding.contrast.as_ref()?;
    let controls = finding.controls;
    // Shrunk, so that a rate of exactly 0 or 1 is not believed.
    let control = (controls.hits as f64 + 0.5) / (controls.valid as f64 + 1.0);
    let suspect = control + DECLARED * (1.0 - control);
    Some(match contrast.pairs {
        Some(pairs) => power::paired(
            pairs.iter().sum(),
            suspect * (1.0 - control),
            control * (1.0 - suspect),
            level,
        ),
        None => power::unpaired(
            finding.suspects.valid,
            controls.valid,
            suspect,
            control,
            level,
        ),
    })
}

#[cfg(test)]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of items are small"
)]
mod tests {
    use cleanbench_core::probe::{ControlKind, ProbeForm};
    use cleanbench_stats::exact;

    use super::*;
    use crate::arm_difference::{paired, unpaired};

    fn arm(hits: u64, valid: u64, missing: u64) -> ArmCount {
        ArmCount {
            items: valid + missing,
            valid,
            hits,
            missing,
            ..ArmCount::default()
        }
    }

    /// A finding with paired controls, from its table.
    fn pairs(probe: &str, table: [u64; 4]) -> Finding {
        let n = table.iter().sum();
        Finding {
            suspects: arm(table[0] + table[1], n, 0),
            controls: arm(table[0] + table[2], n, 0),
            contrast: paired(table),
            ..Finding::new(probe, ProbeForm::Raw, ControlKind::Rewording)
        }
    }

    /// A finding with independent controls.
    fn groups(probe: &str, hits: u64, n: u64, control_hits: u64, control_n: u64) -> Finding {
        Finding {
            control: ControlKind::Sibling,
            suspects: arm(hits, n, 0),
            controls: arm(control_hits, control_n, 0),
            contrast: unpaired([hits, n, control_hits, control_n]),
            ..pairs(probe, [0, 0, 0, 1])
        }
    }

    fn untestable(probe: &str) -> Finding {
        Finding {
            suspects: arm(0, 0, 240),
            controls: arm(0, 0, 240),
            contrast: None,
            ..pairs(probe, [0, 0, 0, 1])
        }
    }

    #[test]
    fn probes_outside_of_the_family_change_nothing() {
        let family = [
            groups("completion", 20, 40, 1, 40),
            groups("ts-guessing", 9, 40, 8, 40),
        ];
        let other = groups("completion-second-cut", 39, 40, 0, 40);
        let alone = verdict(&family);
        let [one, two] = family;
        let beside = verdict(&[one, other.clone(), two]);
        assert_eq!(
            (beside.class, &beside.reasons),
            (alone.class, &alone.reasons)
        );
        assert_eq!(
            beside.adjusted,
            [alone.adjusted[0], None, alone.adjusted[1]]
        );
        assert_eq!(beside.power, [alone.power[0], None, alone.power[1]]);
        let only = verdict(&[other]);
        assert_eq!(
            (only.class, only.adjusted),
            (Class::NotAssessed, vec![None])
        );
    }

    #[test]
    fn cases() {
        let censored = Finding {
            suspects: arm(40, 240, 60),
            ..pairs("completion", [0, 40, 0, 200])
        };
        let cases: Vec<(&str, Vec<Finding>, Class)> = vec![
            ("none", vec![], Class::NotAssessed),
            (
                "no answers",
                vec![untestable("completion")],
                Class::NotTestable,
            ),
            (
                "a leak",
                vec![pairs("completion", [0, 40, 0, 200])],
                Class::Strong,
            ),
            (
                "a leak in groups",
                vec![groups("completion", 40, 240, 1, 120)],
                Class::Strong,
            ),
            (
                "a leak, many more refusals",
                vec![censored],
                Class::Suspected,
            ),
            (
                "certain but small",
                vec![pairs("completion", [0, 30, 0, 1970])],
                Class::Suspected,
            ),
            (
                "a few hits",
                vec![pairs("completion", [0, 6, 0, 234])],
                Class::Suspected,
            ),
            (
                "a few hits in a family",
                vec![
                    pairs("completion", [0, 6, 0, 234]),
                    pairs("option-completion", [0, 0, 0, 240]),
                    pairs("ts-guessing", [0, 0, 0, 240]),
                    pairs("forced-likelihood", [5, 30, 29, 176]),
                ],
                Class::NoEvidence,
            ),
            (
                "nothing",
                vec![pairs("completion", [0, 0, 0, 240])],
                Class::NoEvidence,
            ),
            (
                "nothing, few",
                vec![pairs("completion", [0, 0, 0, 99])],
                Class::Underpowered,
            ),
            (
                "nothing, no primary probe",
                vec![pairs("ts-guessing", [0, 0, 0, 2000])],
                Class::Underpowered,
            ),
            (
                "nothing, few controls",
                vec![groups("completion", 0, 2000, 0, 60)],
                Class::Underpowered,
            ),
            (
                "nothing, controls hit as often by chance",
                vec![groups("option-completion", 60, 120, 60, 120)],
                Class::Underpowered,
            ),
            (
                "the other probe is untestable",
                vec![
                    untestable("forced-likelihood"),
                    pairs("completion", [0, 40, 0, 200]),
                ],
                Class::Strong,
            ),
        ];
        for (name, findings, class) in cases {
            let found = verdict(&findings);
            assert_eq!(found.class, class, "{name}: {:?}", found.reasons);
            assert!(!found.reasons.is_empty());
            if class != Class::NotAssessed {
                assert_eq!(found.adjusted.len(), findings.len(), "{name}");
            }
        }
    }

    #[test]
    fn every_class_has_its_own_word() {
        let words: std::collections::BTreeSet<_> = Class::ALL.map(Class::as_str).into();
        assert_eq!(words.len(), Class::ALL.len());
        for class in Class::ALL {
            let json = serde_json::to_string(&class).unwrap();
            assert_eq!(json, format!("\"{}\"", class.as_str()));
        }
    }

    struct Random(u64);

    impl Random {
        fn unit(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = self.0;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            f64::from(u32::try_from((bits ^ (bits >> 31)) >> 32).unwrap()) / 4_294_967_296.0
        }

        fn hits(&mut self, n: u64, rate: f64) -> u64 {
            (0..n).filter(|_| self.unit() < rate).count() as u64
        }

        fn table(&mut self, n: u64, suspect: f64, control: f64) -> [u64; 4] {
            let mut table = [0; 4];
            for _ in 0..n {
                let cell = match (self.unit() < suspect, self.unit() < control) {
                    (true, true) => 0,
                    (true, false) => 1,
                    (false, true) => 2,
                    (false, false) => 3,
                };
                table[cell] += 1;
            }
            table
        }
    }

    /// Whatever the counts: `no_evidence` needs 100 items and the power, computed here anew by
    /// simulation of the test itself.
    #[test]
    fn no_evidence_needs_items_and_power() {
        let mut random = Random(11);
        let mut seen = [0; 2];
        for round in 0..400_u64 {
            let n = 5 + (random.unit() * random.unit() * 1_996.0) as u64;
            let rate = random.unit() * 0.6;
            let others = round % 4;
            let mut findings = vec![if round % 2 == 0 {
                pairs("completion", random.table(n, rate, rate))
            } else {
                let control_n = 5 + (random.unit() * 1_996.0) as u64;
                groups(
                    "completion",
                    random.hits(n, rate),
                    n,
                    random.hits(control_n, rate),
                    control_n,
                )
            }];
            findings.extend((0..others).map(|_| pairs("ts-guessing", random.table(n, rate, rate))));
            let found = verdict(&findings);
            if found.class != Class::NoEvidence {
                continue;
            }
            seen[usize::try_from(round % 2).unwrap()] += 1;
            // The promised numbers, not the constants.
            assert!(fewest(&findings[0]) >= 100);
            let level = SUSPECTED / findings.len() as f64;
            let power = simulated_power(&findings[0], level, &mut random);
            // 200 simulations: four standard errors at .8 are .113.
            assert!(power >= 0.8 - 0.113, "{power} {:?}", findings[0]);
        }
        assert!(
            seen[0] > 20 && seen[1] > 20,
            "both designs were met: {seen:?}"
        );
    }

    fn simulated_power(finding: &Finding, level: f64, random: &mut Random) -> f64 {
        let controls = finding.controls;
        let control = (controls.hits as f64 + 0.5) / (controls.valid as f64 + 1.0);
        let suspect = control + 0.1 * (1.0 - control);
        let rejects = (0..200)
            .filter(|_| {
                let p = match finding.contrast.as_ref().unwrap().pairs {
                    Some(_) => {
                        let table = random.table(fewest(finding), suspect, control);
                        exact::mcnemar_greater(table[1], table[2])
                    }
                    None => exact::fisher_greater(
                        random.hits(finding.suspects.valid, suspect),
                        finding.suspects.valid,
                        random.hits(controls.valid, control),
                        controls.valid,
                    ),
                };
                p <= level
            })
            .count();
        rejects as f64 / 200.0
    }

    /// Without a leak at most 5 % of families are suspected, and at most 1 % strong.
    #[test]
    fn null_families_are_rarely_suspected() {
        let mut random = Random(12);
        let rounds = 1_000;
        let (mut suspected, mut strong) = (0, 0);
        for round in 0..rounds {
            let n = [40, 120, 240, 600][round % 4];
            let rate = [0.02, 0.15, 0.4][round % 3];
            let findings = [
                pairs("completion", random.table(n, rate, rate)),
                pairs("option-completion", random.table(n, rate / 2.0, rate / 2.0)),
                groups(
                    "ts-guessing",
                    random.hits(n, rate),
                    n,
                    random.hits(n, rate),
                    n,
                ),
            ];
            match verdict(&findings).class {
                Class::Strong => strong += 1,
                Class::Suspected => suspected += 1,
                _ => {}
            }
        }
        // Three standard errors above 5 % and 1 % of 1,000.
        assert!(suspected + strong <= 70, "{suspected} + {strong}");
        assert!(strong <= 19, "{strong}");
    }
}
