//! Gates and their numbers in words, the same wherever they are told.

use super::{GateResult, GateTest, GateVerdict, Metric, Tier};

/// A value of `metric` for people.
pub fn amount(metric: Metric, value: f64) -> String {
    match metric {
        Metric::CostPerSolved => format!("${}", significant(value)),
        Metric::LatencyP95 => format!("{value:.0} ms"),
        _ => format!("{value:.4}"),
    }
}

/// An amount with four decimals, or with three digits where it is smaller.
fn significant(value: f64) -> String {
    let (mut decimals, mut scaled) = (4, value.abs());
    while scaled > 0.0 && scaled < 0.1 && decimals < 15 {
        scaled *= 10.0;
        decimals += 1;
    }
    format!("{value:.decimals$}")
}

/// A p-value for people.
pub fn p_value(value: f64) -> String {
    if value < 0.0001 {
        format!("{value:.0e}")
    } else {
        format!("{value:.4}")
    }
}

/// What a gate asks for.
pub fn condition(metric: Metric, test: GateTest) -> String {
    let amount = |value| amount(metric, value);
    let name = metric.as_str();
    match test {
        GateTest::Floor { min } => format!("{name} at least {}", amount(min)),
        GateTest::Ceiling { max } => format!("{name} at most {}", amount(max)),
        GateTest::AtMost { worst } => format!("{name} at most {}", worst.as_str()),
        GateTest::Superiority => format!("{name} better than the baseline"),
        GateTest::NonInferiority { margin, relative } => {
            let below = below(metric, margin, relative);
            format!("{name} not {below} or more below the baseline")
        }
        GateTest::MaxDrop { drop, relative } => {
            let below = below(metric, drop, relative);
            format!("{name} no more than {below} below the baseline")
        }
    }
}

/// A share as a percentage, of at most four decimals.
pub fn percent(share: f64) -> String {
    format!("{} %", (share * 1e6).round() / 1e4)
}

/// A distance from the baseline.
fn below(metric: Metric, distance: f64, is_relative: bool) -> String {
    if is_relative {
        percent(distance)
    } else {
        amount(metric, distance)
    }
}

/// How `results` came out, in a line: for each tier how many of its gates passed, and what became of the others.
pub fn in_a_line(results: &[GateResult]) -> String {
    let of_tier = |tier: Tier| {
        let own: Vec<_> = results.iter().filter(|one| one.gate.tier == tier).collect();
        (!own.is_empty()).then(|| format!("{} {}", tier.as_str(), passed(&own)))
    };
    let tiers: Vec<_> = Tier::ALL.into_iter().filter_map(of_tier).collect();
    format!("gates passed: {}", tiers.join(", "))
}

/// "2 of 3 (1 inconclusive)".
fn passed(results: &[&GateResult]) -> String {
    let count = |verdict| results.iter().filter(|one| one.verdict == verdict).count();
    let others = [
        (GateVerdict::Fail, "failed"),
        (GateVerdict::Inconclusive, "inconclusive"),
        (GateVerdict::NotEvaluated, "not evaluated"),
    ];
    let others = others.map(|(verdict, word)| (count(verdict), word));
    let others: Vec<_> = others
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let rest = match others.as_slice() {
        [] => String::new(),
        others => format!(" ({})", others.join(", ")),
    };
    format!("{} of {}{rest}", count(GateVerdict::Pass), results.len())
}
