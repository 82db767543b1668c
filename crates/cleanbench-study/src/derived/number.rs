//! Numbers as people and tables read them.

use crate::compare::Finding;

/// A number for a CSV cell, shortest form that reads back the same; empty where there is none.
pub(super) fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// A difference with its sign.
pub(super) fn signed(value: f64) -> String {
    format!("{value:+.3}")
}

/// A p-value.
pub fn p_value(p: Option<f64>) -> String {
    match p {
        None => "-".to_owned(),
        Some(p) if p < 0.0001 => "<.0001".to_owned(),
        Some(p) => format!("{p:.4}"),
    }
}

/// A difference with its 95 % interval, or why there is none.
pub fn delta(finding: &Finding) -> String {
    let Some(delta) = finding.delta else {
        return "no pairs".to_owned();
    };
    let middle = match finding.delta_at_best {
        Some(best) => format!("{} … {}", signed(delta), signed(best)),
        None => signed(delta),
    };
    match (finding.low, finding.high) {
        (Some(low), Some(high)) => format!("{middle} [{}, {}]", signed(low), signed(high)),
        _ => format!(
            "{middle} (no interval: {})",
            finding.method.replace('_', " ")
        ),
    }
}

/// What is concluded; beside "no difference" the smallest that could have been found.
pub fn verdict(finding: &Finding) -> String {
    use crate::compare::Verdict;
    match (finding.verdict, finding.smallest_detectable) {
        (Verdict::NoDifference, Some(smallest)) => {
            format!("no difference found (could have found {smallest:.3})")
        }
        (Verdict::NoDifference, None) => "no difference found (too few to find any)".to_owned(),
        (Verdict::Inconclusive, _) => {
            format!("inconclusive ({})", finding.method.replace('_', " "))
        }
        (verdict, _) => verdict.as_str().to_owned(),
    }
}
