//! How often intervals hold the truth, by summing over all outcomes.

use super::table::{Effort, Row, Table, each, real};
use cleanbench_stats::binomial::upper_tail;
use cleanbench_stats::percentile::positions;
use cleanbench_stats::tango::{self, Pairs};
use cleanbench_stats::{Confidence, Interval, clopper_pearson, normal_quantile, wilson};

const LEVEL: Confidence = Confidence::PERCENT_95;

pub(crate) fn table(effort: Effort) -> Table {
    let numbers = effort.some(&[5_u64, 10, 20, 30, 50, 100, 200, 300, 500, 1000]);
    let mut rows: Vec<Row> = each(&numbers, |&n| rates(effort, n))
        .into_iter()
        .flatten()
        .collect();
    rows.extend(each(&numbers, |&n| quantiles(n)).into_iter().flatten());
    rows.extend(against_wald());
    Table::new("method,setting,level,least,average,must", rows)
}

/// Exact intervals cover at least as stated for each rate, Wilson's on average over rates.
fn rates(effort: Effort, n: u64) -> Vec<Row> {
    let steps = if effort.thorough { 1000 } else { 200 };
    let exact: Vec<Interval> = (0..=n)
        .filter_map(|k| clopper_pearson(k, n, LEVEL))
        .collect();
    let score: Vec<Interval> = (0..=n).filter_map(|k| wilson(real(k), n, LEVEL)).collect();
    let (least, average) = covered(&exact, steps);
    let cells =
        format!("clopper_pearson,{n} trials,0.95,{least:.5},{average:.5},least at least 0.95");
    let first = Row::checked(cells, least >= 0.95 - 1e-9);
    let (least, average) = covered(&score, steps);
    let cells = format!("wilson,{n} trials,0.95,{least:.5},{average:.5},average 0.94 to 0.96");
    vec![first, Row::checked(cells, (0.94..=0.96).contains(&average))]
}

/// Least and average chance of holding the rate, over rates from 0 to 1.
fn covered(intervals: &[Interval], steps: u32) -> (f64, f64) {
    let n = intervals.len() as u64 - 1;
    let chances: Vec<f64> = (0..steps)
        .map(|step| {
            let rate = (f64::from(step) + 0.5) / f64::from(steps);
            let holds = |interval: &Interval| interval.low <= rate && rate <= interval.high;
            // Ends rise with the successes, so that those which hold the rate are a run.
            let from = intervals
                .iter()
                .take_while(|interval| !holds(interval))
                .count();
            let run = intervals[from..]
                .iter()
                .take_while(|interval| holds(interval))
                .count();
            upper_tail(from as u64, n, rate) - upper_tail((from + run) as u64, n, rate)
        })
        .collect();
    let least = chances.iter().copied().fold(1.0, f64::min);
    (least, chances.iter().sum::<f64>() / f64::from(steps))
}

/// Whatever the distribution, the number of values below a quantile is binomial.
fn quantiles(n: u64) -> Vec<Row> {
    [0.5, 0.9, 0.95, 0.99]
        .into_iter()
        .map(|quantile| {
            let Some((low, high)) = positions(n, quantile, LEVEL) else {
                return Row::told(format!("order_statistics,{n} values; quantile {quantile},0.95,,,no interval"));
            };
            let chance = upper_tail(low + 1, n, quantile) - upper_tail(high + 1, n, quantile);
            let cells = format!(
                "order_statistics,{n} values; quantile {quantile},0.95,{chance:.5},{chance:.5},least at least 0.95"
            );
            Row::checked(cells, chance >= 0.95 - 1e-9)
        })
        .collect()
}

/// One-sided bounds of Tango and Wald for the difference of paired rates, at α = 0.05: how often they are
/// above a difference of just minus the margin.
fn against_wald() -> Vec<Row> {
    [
        (495, 0.2, 0.05),
        (248, 0.1, 0.05),
        (124, 0.05, 0.05),
        (100, 0.1, 0.1),
    ]
    .into_iter()
    .flat_map(|(n, discordant, margin)| {
        let first = (discordant - margin) / 2.0;
        let (mut tangos, mut walds) = (0.0, 0.0);
        outcomes(
            n,
            first,
            first + margin,
            |only_first, only_second, weight| {
                let Some(pairs) = Pairs::new(n, only_first, only_second) else {
                    return;
                };
                let critical = -normal_quantile(0.05);
                tangos += if tango::z(pairs, -margin) > critical {
                    weight
                } else {
                    0.0
                };
                walds += if wald(pairs, margin) > critical {
                    weight
                } else {
                    0.0
                };
            },
        );
        let setting = format!("{n} pairs; {discordant} discordant; margin {margin}");
        [
            Row::checked(
                format!(
                    "tango,{setting},0.95,{:.5},,misses at most 1.3 of 0.05",
                    1.0 - tangos
                ),
                tangos <= 0.065,
            ),
            Row::told(format!(
                "wald (not in the crate),{setting},0.95,{:.5},,for comparison",
                1.0 - walds
            )),
        ]
    })
    .collect()
}

/// The estimate plus the margin in standard errors of the observed rates.
fn wald(pairs: Pairs, margin: f64) -> f64 {
    let n = real(pairs.n());
    let difference = pairs.difference();
    let variance = (real(pairs.discordant()) / n - difference * difference) / n;
    (difference + margin) / variance.max(0.0).sqrt()
}

/// Calls `visit` with each outcome that matters and its chance.
fn outcomes(n: u64, first: f64, second: f64, mut visit: impl FnMut(u64, u64, f64)) {
    let point = |k, n, p| upper_tail(k, n, p) - upper_tail(k + 1, n, p);
    for only_first in 0..=n {
        let weight = point(only_first, n, first);
        if weight < 1e-12 {
            continue;
        }
        for only_second in 0..=n - only_first {
            visit(
                only_first,
                only_second,
                weight * point(only_second, n - only_first, second / (1.0 - first)),
            );
        }
    }
}
