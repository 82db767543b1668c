//! The power of a finding's test as a small curve: for how much was seen, and how much of that a model restores.
//!
//! Invariant: a point is the exact power of the test that the finding had, at the level and with the controls' rate that
//! it had. How much a model restores of what it saw is assumed, never measured here: no point says what this model is like.

use cleanbench_core::probe::{Finding, ProbeForm};
use serde::Serialize;

use super::family::level;
use super::power::power_at;
use crate::registry::{is_confirmatory, is_primary};

/// Shares of the items that were seen, 0 to 1.
const SEEN: [f64; 4] = [0.05, 0.1, 0.2, 0.4];
/// Shares of these that a model restores, 0 to 1.
const RECALL: [f64; 3] = [0.25, 0.5, 0.9];
/// The columns of a table of a curve, for people.
pub const COLUMNS: [&str; 4] = ["seen", "25 % restored", "50 % restored", "90 % restored"];
/// What every curve is labelled with.
const OF: &str = "assumed_recall_not_of_this_model";

/// The power of a primary probe's test, over what may have been seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PowerCurve {
    /// Name of the probe.
    pub probe: String,
    /// Its form.
    pub form: ProbeForm,
    /// The level of its test within the family.
    pub level: f64,
    /// Says that the recall is assumed.
    pub of: &'static str,
    /// The points, by share seen and then by recall.
    pub points: Vec<PowerPoint>,
}

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PowerPoint {
    /// Share of the items that were seen, 0 to 1.
    pub seen: f64,
    /// Share of these that is restored, 0 to 1.
    pub recall: f64,
    /// The power to find it, 0 to 1.
    pub power: f64,
}

/// A curve for every primary probe of `findings` that was judged, in their order.
pub fn curves(findings: &[Finding]) -> Vec<PowerCurve> {
    let is_judged = |one: &&Finding| is_confirmatory(&one.probe) && one.contrast.is_some();
    let judged = findings.iter().filter(is_judged);
    let tests = judged.map(|one| 1 + usize::from(one.values.is_some()));
    let level = level(tests.sum());
    let primary = findings.iter().filter(|one| is_primary(&one.probe));
    primary.filter_map(|one| curve(one, level)).collect()
}

fn curve(finding: &Finding, level: f64) -> Option<PowerCurve> {
    let each = SEEN
        .into_iter()
        .flat_map(|seen| RECALL.map(|recall| [seen, recall]));
    let points = each.map(|[seen, recall]| {
        Some(PowerPoint {
            seen,
            recall,
            power: power_at(finding, level, seen * recall)?,
        })
    });
    Some(PowerCurve {
        probe: finding.probe.clone(),
        form: finding.form,
        level: level * finding.weight(),
        of: OF,
        points: points.collect::<Option<_>>()?,
    })
}

impl PowerCurve {
    /// What the curve is of, for people.
    pub fn label(&self) -> String {
        format!(
            "Power of {} ({}), by the share of the items that was seen and the share of these that is restored; how much is \
             restored is assumed, not measured on this model",
            self.probe,
            self.form.as_str()
        )
    }

    /// The rows of a table of it, under [`COLUMNS`].
    pub fn rows(&self) -> impl Iterator<Item = [String; 4]> {
        self.points.chunks_exact(RECALL.len()).map(|row| {
            let power = |place: usize| format!("{:.2}", row[place].power);
            let seen = format!("{:.0} %", row[0].seen * 100.0);
            [seen, power(0), power(1), power(2)]
        })
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::{ArmCount, ControlKind};

    use super::*;
    use crate::arm_difference::{paired, unpaired};

    fn arm(hits: u64, valid: u64) -> ArmCount {
        ArmCount {
            items: valid,
            valid,
            hits,
            ..ArmCount::default()
        }
    }

    fn of_pairs(probe: &str, n: u64) -> Finding {
        Finding {
            suspects: arm(0, n),
            controls: arm(0, n),
            contrast: paired([0, 0, 0, n]),
            ..Finding::new(probe, ProbeForm::Raw, ControlKind::Rewording)
        }
    }

    fn at(curve: &PowerCurve, seen: f64, recall: f64) -> f64 {
        let is_near = |one: f64, other: f64| (one - other).abs() < 1e-9;
        let is_it =
            |point: &&PowerPoint| is_near(point.seen, seen) && is_near(point.recall, recall);
        curve.points.iter().find(is_it).unwrap().power
    }

    #[test]
    fn only_primary_probes_have_one_and_the_family_sets_its_level() {
        let exploratory = of_pairs("completion-second-cut", 200);
        let all = [
            of_pairs("completion", 200),
            of_pairs("ts-guessing", 200),
            exploratory,
        ];
        let found = curves(&all);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].probe, "completion");
        assert!((found[0].level - 0.025).abs() < 1e-12);
        assert_eq!(found[0].points.len(), 12);
        let rows: Vec<_> = found[0].rows().collect();
        assert_eq!(rows.len(), SEEN.len());
        assert_eq!(rows[3][0], "40 %");
        let columns = RECALL.map(|recall| format!("{:.0} % restored", recall * 100.0));
        assert_eq!(COLUMNS[1..], columns);
        assert!(
            curves(&[Finding {
                contrast: None,
                ..of_pairs("completion", 200)
            }])
            .is_empty()
        );
    }

    /// The same sums over exact binomial probabilities, by Python 3.11's `math.comb` in floating point: discordant pairs
    /// first, then those of them in which the suspect alone is restored.
    #[test]
    fn points_are_exact_powers() {
        let curve = &curves(&[of_pairs("completion", 200)])[0];
        for (seen, recall, expected) in [
            (0.05, 0.25, 0.121_041_590_067_807_8),
            (0.2, 0.5, 0.999_838_570_150_533_3),
            (0.4, 0.9, 1.0),
        ] {
            let found = at(curve, seen, recall);
            assert!((found - expected).abs() < 1e-9, "{seen} {recall}: {found}");
        }
    }

    #[test]
    fn more_seen_or_better_recalled_is_found_more_easily() {
        let arms = Finding {
            suspects: arm(3, 150),
            controls: arm(2, 150),
            contrast: unpaired([3, 150, 2, 150]),
            ..Finding::new("completion", ProbeForm::Raw, ControlKind::Sibling)
        };
        let curve = &curves(&[arms])[0];
        for row in curve.points.chunks(RECALL.len()) {
            assert!(
                row.is_sorted_by(|one, next| one.power <= next.power),
                "{row:?}"
            );
        }
        for column in 0..RECALL.len() {
            let points = curve.points.iter().skip(column).step_by(RECALL.len());
            assert!(points.is_sorted_by(|one, next| one.power <= next.power));
        }
    }
}
