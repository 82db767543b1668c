//! Numbers as people and tables read them.

use cleanbench_items::{Policy, Rules};
use cleanbench_stats::Method;

use crate::compare::{Amount, Finding, Level};

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

/// A confidence in percent, as exactly as it takes to tell it from 100.
pub fn percent(confidence: f64) -> String {
    let percent = format!("{:.3}", 100.0 * confidence);
    let short = percent.trim_end_matches('0').trim_end_matches('.');
    format!("{short} %")
}

/// A difference with its interval and, where that is not always 95 %, its level; or why there is none.
pub fn delta(finding: &Finding) -> String {
    let Some(delta) = finding.delta else {
        return "no pairs".to_owned();
    };
    let is_range = |best: &f64| finding.confidence.is_none() || signed(*best) != signed(delta);
    let middle = match finding.delta_at_best.filter(is_range) {
        Some(best) => format!("{} … {}", signed(delta), signed(best)),
        None => signed(delta),
    };
    let level = finding
        .confidence
        .map(|level| format!(" {}", percent(level)));
    match (finding.low, finding.high) {
        (Some(low), Some(high)) => format!(
            "{middle} [{}, {}]{}",
            signed(low),
            signed(high),
            level.unwrap_or_default()
        ),
        _ => format!(
            "{middle} (no interval: {})",
            finding.method.replace('_', " ")
        ),
    }
}

/// What is concluded; beside "no difference" the smallest that could have been found.
pub fn verdict(finding: &Finding) -> String {
    use crate::compare::Verdict;
    let bets = finding.confidence.is_some() && finding.method.contains(Method::Portfolio.as_str());
    match (finding.verdict, finding.smallest_detectable) {
        (Verdict::NoDifference, None) if bets => {
            "no difference found (what could have been is not known)".to_owned()
        }
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

/// A score with its interval and the method.
pub fn level(level: &Level) -> String {
    match (level.low, level.high) {
        (Some(low), Some(high)) => {
            format!("{:.3} [{low:.3}, {high:.3}] {}", level.score, level.method)
        }
        _ => format!(
            "{:.3} (no interval: {})",
            level.score,
            level.method.replace('_', " ")
        ),
    }
}

/// An amount to three digits; what is very small with its power of ten.
pub fn amount(value: f64) -> String {
    let (mut size, mut decimals) = (value.abs(), 0);
    if size <= 0.0 {
        return "0".to_owned();
    }
    if size < 0.001 {
        return format!("{value:.2e}");
    }
    while size < 100.0 {
        size *= 10.0;
        decimals += 1;
    }
    format!("{value:.decimals$}")
}

/// The difference of two amounts with its interval, as far as it has one.
pub fn change(amounts: &Amount) -> String {
    let signed = |value: f64| {
        let sign = if value > 0.0 { "+" } else { "" };
        format!("{sign}{}", amount(value))
    };
    match (amounts.difference, amounts.low, amounts.high) {
        (Some(difference), Some(low), Some(high)) => {
            format!("{} [{}, {}]", signed(difference), signed(low), signed(high))
        }
        (Some(difference), ..) => format!("{} (no interval)", signed(difference)),
        _ => "-".to_owned(),
    }
}

/// How p is adjusted over the tasks, and the pairs of models.
pub fn adjustment(policy: Option<Policy>) -> &'static str {
    if by_rules_of_now(policy) {
        "Bonferroni"
    } else {
        "Holm"
    }
}

/// The head of a column of differences with their intervals.
pub fn interval_head(policy: Option<Policy>) -> &'static str {
    if by_rules_of_now(policy) {
        "Δ [interval] level"
    } else {
        "Δ [95 %]"
    }
}

/// Whether a result was drawn by the rules of tables 5.
pub fn by_rules_of_now(policy: Option<Policy>) -> bool {
    policy.is_some_and(|policy| policy.rules == Rules::Now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_three_digits() {
        let told = [0.0, 0.000_123_4, 1.5, 123.4, 1234.5, -0.25].map(amount);
        assert_eq!(told, ["0", "1.23e-4", "1.50", "123", "1234", "-0.250"]);
    }

    #[test]
    fn a_level_is_told_as_exactly_as_it_takes() {
        let told = [0.95, 1.0 - 0.05 / 7.0, 0.975, 0.99995].map(percent);
        assert_eq!(told, ["95 %", "99.286 %", "97.5 %", "99.995 %"]);
    }
}
