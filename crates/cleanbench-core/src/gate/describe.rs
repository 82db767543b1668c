//! Gates and their numbers in words, the same wherever they are told.

use super::{GateTest, Metric};

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
        GateTest::NonInferiority { margin } => {
            format!("{name} not {} or more below the baseline", amount(margin))
        }
        GateTest::MaxDrop { drop } => {
            format!("{name} no more than {} below the baseline", amount(drop))
        }
    }
}
