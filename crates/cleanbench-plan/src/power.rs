//! The power of a gate before anything is asked, and the number of samples that it needs.
//!
//! Every number rests on assumptions, which stand beside it. They are for scores of 0 and 1 of samples that
//! do not hang together; partial scores usually need fewer, clusters more.

use std::collections::BTreeMap;

use cleanbench_core::gate::Metric;
use cleanbench_core::{Gate, GateTest};
use cleanbench_report::gates::ENOUGH;
use cleanbench_stats::percentile::position_above;
use cleanbench_stats::power::{
    above_floor, approximate_pairs, needed_above_floor, needed_non_inferiority, needed_paired,
    non_inferiority, paired,
};

/// The rate that is assumed of a score where no baseline says.
const USUAL_RATE: f64 = 0.8;
/// Share of samples that two runs of a model are assumed to differ in.
const USUAL_DISCORDANCE: f64 = 0.2;
/// The improvement that a test of superiority is assumed to be about, in points of score.
const USUAL_GAIN: f64 = 0.05;
/// Pairs beyond which the exact power takes too long to be worth it.
const MOST_PAIRS: u64 = 20_000;

/// How likely a gate is to tell, and what that takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Power {
    /// The chance that it passes where all is as assumed; `None`
    /// where that cannot be foretold.
    pub power: Option<f64>,
    /// Samples (calls for times) with which that chance is [`ENOUGH`]; `None` where it is not known.
    pub needed: Option<u64>,
    /// What was assumed, a lowercase fragment.
    pub assumed: String,
}

/// The power of one gate on several tasks. What does not depend on the number of samples is computed once.
#[derive(Debug)]
pub struct Powers<'a> {
    gate: &'a Gate,
    family: usize,
    score: Option<f64>,
    needed: Needed,
    known: BTreeMap<u64, Power>,
}

impl<'a> Powers<'a> {
    /// Of `gate`, one of a `family` of gates that compare with a baseline. `score` is what the baseline scored, if there
    /// is one.
    pub fn new(gate: &'a Gate, family: usize, score: Option<f64>) -> Self {
        Self {
            gate,
            family,
            score,
            needed: Needed::default(),
            known: BTreeMap::new(),
        }
    }

    /// With `n` samples.
    pub fn at(&mut self, n: u64) -> Power {
        let Self {
            gate,
            family,
            score,
            needed,
            known,
        } = self;
        let found = known.entry(n);
        found
            .or_insert_with(|| {
                let shown = power(gate, n, *family, *score, *needed);
                *needed = Needed::Known(shown.needed);
                shown
            })
            .clone()
    }
}

/// The samples that a gate needs, where that was computed already.
#[derive(Debug, Clone, Copy, Default)]
enum Needed {
    #[default]
    Unknown,
    Known(Option<u64>),
}

impl Needed {
    fn or(self, compute: impl FnOnce() -> Option<u64>) -> Option<u64> {
        match self {
            Self::Unknown => compute(),
            Self::Known(needed) => needed,
        }
    }
}

fn power(gate: &Gate, n: u64, family: usize, score: Option<f64>, needed: Needed) -> Power {
    match gate.test {
        GateTest::Floor { min } => floor(n, min, gate.alpha, score, needed),
        GateTest::Ceiling { max } => ceiling(gate, n, max, needed),
        GateTest::AtMost { .. } => unknown("what the probes could see is in their own verdict"),
        _ => versus(gate, n, family, score, needed),
    }
}

fn unknown(assumed: &str) -> Power {
    Power {
        power: None,
        needed: None,
        assumed: assumed.to_owned(),
    }
}

fn floor(n: u64, min: f64, alpha: f64, score: Option<f64>, needed: Needed) -> Power {
    let (rate, source) = match score {
        Some(score) => (score, "the baseline's"),
        None if min < USUAL_RATE => (USUAL_RATE, "assumed"),
        None => (
            f64::midpoint(min, 1.0),
            "halfway from the floor to 1, assumed",
        ),
    };
    if rate <= min {
        return unknown(&format!(
            "a true score of {rate:.3} ({source}) is not above the floor: it would not pass"
        ));
    }
    Power {
        power: Some(above_floor(n, min, rate, alpha)),
        needed: needed.or(|| needed_above_floor(min, rate, alpha, ENOUGH)),
        assumed: format!("a true score of {rate:.3} ({source})"),
    }
}

fn ceiling(gate: &Gate, n: u64, max: f64, needed: Needed) -> Power {
    match gate.metric {
        Metric::ErrorRate | Metric::ExtractionFailureRate => {
            let rate = max / 2.0;
            // The rate of what did not fail is above a floor.
            let (least, likely) = (1.0 - max, 1.0 - rate);
            Power {
                power: Some(above_floor(n, least, likely, gate.alpha)),
                needed: needed.or(|| needed_above_floor(least, likely, gate.alpha, ENOUGH)),
                assumed: format!("a true rate of {rate:.3}, half of what is allowed"),
            }
        }
        Metric::LatencyP95 => {
            let bounded = |calls: &u64| position_above(*calls, 0.95, gate.alpha).is_some();
            Power {
                power: None,
                needed: needed.or(|| (1..MOST_PAIRS).find(bounded)),
                assumed: "the fewest calls with which the largest time bounds the percentile"
                    .to_owned(),
            }
        }
        _ => unknown("costs are not foretold"),
    }
}

fn versus(gate: &Gate, n: u64, family: usize, score: Option<f64>, needed: Needed) -> Power {
    // The level at which Holm's method tests the smallest p.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a family has a handful of members"
    )]
    let alpha = gate.alpha / family.max(1) as f64;
    let pairs = n.min(MOST_PAIRS);
    let half = USUAL_DISCORDANCE / 2.0;
    match gate.test {
        GateTest::NonInferiority {
            margin,
            relative: true,
        }
        | GateTest::MaxDrop {
            drop: margin,
            relative: true,
        } => {
            let absolute = GateTest::non_inferiority(margin * score.unwrap_or(USUAL_RATE));
            let gate = Gate {
                test: absolute,
                ..gate.clone()
            };
            let shown = versus(&gate, n, family, score, needed);
            let base = score.map_or_else(
                || format!("a baseline at {USUAL_RATE}"),
                |score| format!("the baseline's {score:.3}"),
            );
            Power {
                assumed: format!("{base}, {}", shown.assumed),
                ..shown
            }
        }
        GateTest::NonInferiority { margin, .. } | GateTest::MaxDrop { drop: margin, .. } => Power {
            power: Some(non_inferiority(pairs, half, half, margin, alpha)),
            needed: needed.or(|| {
                needed_pairs(0.0, margin, alpha, || {
                    needed_non_inferiority(half, half, margin, alpha, ENOUGH)
                })
            }),
            assumed: format!(
                "no true difference, and {USUAL_DISCORDANCE} of the samples coming out differently"
            ),
        },
        _ => {
            let shown = shift(pairs, USUAL_GAIN, alpha, needed);
            Power {
                assumed: format!("a true gain of {USUAL_GAIN}; {}", shown.assumed),
                ..shown
            }
        }
    }
}

/// The power of the exact test for a true difference of `shift`.
fn shift(pairs: u64, shift: f64, alpha: f64, needed: Needed) -> Power {
    let discordant = USUAL_DISCORDANCE.max(shift);
    let (more, less) = (f64::midpoint(discordant, shift), (discordant - shift) / 2.0);
    Power {
        power: Some(paired(pairs, more, less, alpha)),
        needed: needed.or(|| {
            needed_pairs(shift, 0.0, alpha, || {
                needed_paired(more, less, alpha, ENOUGH)
            })
        }),
        assumed: format!("{discordant} of the samples coming out differently"),
    }
}

/// The number of pairs by `exact`, or by the usual formula where that is beyond what is worth computing.
fn needed_pairs(
    difference: f64,
    margin: f64,
    alpha: f64,
    exact: impl Fn() -> Option<u64>,
) -> Option<u64> {
    let discordant = USUAL_DISCORDANCE.max(difference);
    let about = approximate_pairs(discordant, difference, margin, alpha, ENOUGH)?;
    if about > MOST_PAIRS / 4 {
        return Some(about);
    }
    exact()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cleanbench_core::gate::USUAL_COVERAGE;
    use cleanbench_core::{GateMode, OnInconclusive, Tier};

    fn gate(metric: Metric, test: GateTest) -> Gate {
        Gate {
            tasks: Vec::new(),
            metric,
            test,
            alpha: 0.05,
            min_items: 0,
            mode: GateMode::Regression,
            on_inconclusive: OnInconclusive::Inconclusive,
            early_stop: false,
            tier: Tier::Critical,
            min_coverage: USUAL_COVERAGE,
        }
    }

    fn power(gate: &Gate, n: u64, family: usize, score: Option<f64>) -> Power {
        Powers::new(gate, family, score).at(n)
    }

    #[test]
    fn many_tasks_share_what_does_not_depend_on_them() {
        for test in [
            GateTest::non_inferiority(0.03),
            GateTest::Floor { min: 0.7 },
        ] {
            let gate = gate(Metric::Accuracy, test);
            let mut shared = Powers::new(&gate, 3, None);
            for n in [50, 400, 50] {
                assert_eq!(shared.at(n), power(&gate, n, 3, None));
            }
        }
    }

    fn non_inferiority_by(margin: f64) -> Gate {
        gate(Metric::Accuracy, GateTest::non_inferiority(margin))
    }

    #[test]
    fn a_relative_margin_is_a_share_of_the_baseline() {
        let relative = gate(
            Metric::Accuracy,
            GateTest::MaxDrop {
                drop: 0.1,
                relative: true,
            },
        );
        let of_half = power(&relative, 400, 1, Some(0.5));
        let absolute = power(&non_inferiority_by(0.05), 400, 1, Some(0.5));
        assert_eq!(of_half.power, absolute.power);
        assert!(of_half.assumed.starts_with("the baseline's 0.500, "));
    }

    #[test]
    fn power_and_need_agree_with_the_tables_of_the_literature() {
        // One-sided .05, power .8, a fifth discordant: 495 pairs for a margin of 5 points, 1374 for 3.
        for (margin, pairs) in [(0.05, 495), (0.03, 1374)] {
            let gate = non_inferiority_by(margin);
            let found = power(&gate, pairs, 1, None);
            let needed = found.needed.unwrap();
            assert!(needed.abs_diff(pairs) * 20 < pairs, "{needed} {pairs}");
            assert!((found.power.unwrap() - ENOUGH).abs() < 0.03, "{found:?}");
            let of_three = power(&gate, pairs, 3, None);
            assert!(of_three.power < found.power && of_three.needed > found.needed);
        }
        let few = non_inferiority_by(0.03);
        assert!(power(&few, 50, 1, None).power.unwrap() < 0.2);
    }

    #[test]
    fn floors_rates_and_times_have_a_power_and_classes_have_none() {
        let floor = |min| gate(Metric::Accuracy, GateTest::Floor { min });
        let found = power(&floor(0.7), 200, 1, None);
        assert!(
            found.power.unwrap() > 0.9 && found.needed.unwrap() < 200,
            "{found:?}"
        );
        assert!(found.assumed.contains("0.800"), "{found:?}");
        let hopeless = power(&floor(0.7), 200, 1, Some(0.6));
        assert_eq!((hopeless.power, hopeless.needed), (None, None));
        // With no failure at all in n calls the bound is 1 - .05^(1/n): 149 calls for .02.
        let rate = gate(Metric::ErrorRate, GateTest::Ceiling { max: 0.02 });
        assert!(power(&rate, 100, 1, None).power.unwrap() < 1e-9);
        assert!(power(&rate, 100, 1, None).needed.unwrap() > 149);
        // 1 - .95^n reaches .95 at n = 59.
        let time = gate(Metric::LatencyP95, GateTest::Ceiling { max: 1.0 });
        assert_eq!(power(&time, 10, 1, None).needed, Some(59));
    }
}
