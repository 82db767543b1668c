//! Gates that look at one run alone: floor, ceiling, and the class of exposure.

use cleanbench_core::gate::{WorstExposure, amount};
use cleanbench_core::{GateResult, GateTest, GateVerdict, Metric};
use cleanbench_items::Bounds;
use cleanbench_probe::Class;
use cleanbench_stats::power::needed_above_floor;

use super::ENOUGH;
use super::result::{between, is_too_small};
use crate::Contamination;

/// Compares bounds with the limit.
pub(crate) fn decide(result: &mut GateResult, bounds: &Bounds) {
    if is_too_small(result) {
        return;
    }
    let (shown, refuted, limit) = match result.gate.test {
        GateTest::Floor { min } => (bounds.low >= min, bounds.high < min, min),
        GateTest::Ceiling { max } => (bounds.high <= max, bounds.low > max, max),
        _ => return,
    };
    let limit = amount(result.gate.metric, limit);
    let range = between(result);
    (result.verdict, result.message) = if shown {
        (
            GateVerdict::Pass,
            format!("{range}: on the right side of {limit}"),
        )
    } else if refuted {
        (
            GateVerdict::Fail,
            format!("{range}: on the wrong side of {limit}"),
        )
    } else {
        let message = format!(
            "{range}: it may be on either side of {limit}{}",
            enough(result)
        );
        (GateVerdict::Inconclusive, message)
    };
}

/// How many samples would decide, if the estimate is the truth; empty where that is not known.
fn enough(result: &GateResult) -> String {
    let is_share = !matches!(
        result.gate.metric,
        Metric::CostPerSolved | Metric::LatencyP95
    );
    let limit = match result.gate.test {
        GateTest::Floor { min: limit } | GateTest::Ceiling { max: limit } if is_share => limit,
        _ => return String::new(),
    };
    let needed = result.estimate.and_then(|estimate| {
        let (floor, rate) = if estimate > limit {
            (limit, estimate)
        } else {
            (1.0 - limit, 1.0 - estimate)
        };
        needed_above_floor(floor, rate, result.gate.alpha, ENOUGH)
    });
    needed.map_or_else(String::new, |needed| {
        format!("; about {needed} samples would decide if the estimate is right")
    })
}

/// Judges the class of exposure.
pub(crate) fn exposure(
    result: &mut GateResult,
    worst: WorstExposure,
    contamination: &Contamination,
) {
    let mut verdicts = contamination.verdicts.iter();
    let found = verdicts.find(|one| one.model == result.model && one.task == result.task);
    let class = found.map_or(Class::NotAssessed, |found| found.verdict.class);
    result.class = Some(class.as_str().to_owned());
    "contamination_verdict".clone_into(&mut result.method);
    result.n = found.map_or(0, |found| {
        let items = found.findings.iter().map(|one| one.finding.suspects.valid);
        items.max().unwrap_or(0)
    });
    let (class_name, limit) = (class.as_str(), worst.as_str());
    (result.verdict, result.message) = match severity(class) {
        None => (
            GateVerdict::Inconclusive,
            format!("{class_name}: nothing is known of the exposure, which is no pass"),
        ),
        Some(found) if found <= tolerated(worst) => (
            GateVerdict::Pass,
            format!("{class_name} is no worse than {limit}"),
        ),
        Some(_) => (
            GateVerdict::Fail,
            format!("{class_name} is worse than {limit}"),
        ),
    };
}

/// How bad a class is; `None` for those that say nothing.
fn severity(class: Class) -> Option<u8> {
    match class {
        Class::NoEvidence => Some(0),
        Class::Suspected => Some(1),
        Class::Strong => Some(2),
        Class::Proven => Some(3),
        Class::Underpowered | Class::NotIdentifiable | Class::NotTestable | Class::NotAssessed => {
            None
        }
    }
}

fn tolerated(worst: WorstExposure) -> u8 {
    match worst {
        WorstExposure::NoEvidence => 0,
        WorstExposure::Suspected => 1,
        WorstExposure::Strong => 2,
    }
}
