//! How often tests reject where they should not, by summing over all outcomes.
//!
//! Exact tests must never exceed α, asymptotic ones 1.3 α where they say that they may be used.

use super::table::{Effort, Row, Table, each, length, real};
use cleanbench_stats::binomial::{ln_factorial, upper_tail};
use cleanbench_stats::cluster::Units;
use cleanbench_stats::exact::{
    fisher_greater, fisher_two_sided, mcnemar_greater, mcnemar_mid_p_greater, mcnemar_two_sided,
    mid_p_is_in_domain,
};
use cleanbench_stats::proportion::exceeds_floor;
use cleanbench_stats::resample::sign_flip;
use cleanbench_stats::tango::{self, Pairs};

const LEVELS: [f64; 4] = [0.1, 0.05, 0.01, 0.005];
/// What rounding may add.
const ROUNDING: f64 = 1e-9;

pub(crate) fn table(effort: Effort) -> Table {
    let mut rows = Vec::new();
    for alpha in LEVELS {
        rows.extend(mcnemar(effort, alpha));
        rows.push(floor(effort, alpha));
    }
    rows.extend(fisher(effort));
    rows.extend(exact_non_inferiority(effort));
    rows.push(sign_flips(effort));
    rows.extend(tangos(effort));
    Table::new("test,setting,alpha,largest,at,at_most", rows)
}

/// The largest value and where it is.
fn largest(found: impl IntoIterator<Item = (String, f64)>) -> (String, f64) {
    let worse = |worst: (String, f64), next: (String, f64)| {
        if next.1 > worst.1 { next } else { worst }
    };
    found.into_iter().fold((String::new(), 0.0), worse)
}

fn row(test: &str, setting: &str, alpha: f64, found: (String, f64), most: f64) -> Row {
    let (at, size) = found;
    let cells = format!("{test},{setting},{alpha},{size:.8},{at},{most:.8}");
    Row::checked(cells, size <= most + ROUNDING)
}

/// The chance of a p-value of at most α, over the binomial outcomes of `n` trials.
fn rejected(n: u64, chance: f64, alpha: f64, p_value: impl Fn(u64) -> f64) -> f64 {
    let weight = |k: u64| upper_tail(k, n, chance) - upper_tail(k + 1, n, chance);
    (0..=n).filter(|&k| p_value(k) <= alpha).map(weight).sum()
}

fn mcnemar(effort: Effort, alpha: f64) -> Vec<Row> {
    let most = if effort.thorough { 400 } else { 60 };
    let over = |p_value: &dyn Fn(u64, u64) -> f64, counts: &dyn Fn(u64) -> bool| {
        largest((1..=most).filter(|&m| counts(m)).map(|m| {
            let size = rejected(m, 0.5, alpha, |k| p_value(k, m - k));
            (format!("discordant={m}"), size)
        }))
    };
    let setting = format!("discordant pairs 1 to {most}");
    let inside = |m: u64| mid_p_is_in_domain(m, alpha);
    let domain = format!("{setting} and in its domain");
    vec![
        row(
            "mcnemar_greater",
            &setting,
            alpha,
            over(&mcnemar_greater, &|_| true),
            alpha,
        ),
        row(
            "mcnemar_two_sided",
            &setting,
            alpha,
            over(&mcnemar_two_sided, &|_| true),
            alpha,
        ),
        row(
            "mcnemar_mid_p_greater",
            &domain,
            alpha,
            over(&mcnemar_mid_p_greater, &inside),
            1.3 * alpha,
        ),
    ]
}

fn floor(effort: Effort, alpha: f64) -> Row {
    let most = if effort.thorough { 300 } else { 40 };
    let found = largest(
        [0.01, 0.1, 0.5, 0.8, 0.95, 0.99]
            .into_iter()
            .flat_map(|floor| {
                (1..=most).map(move |n| {
                    let size = rejected(n, floor, alpha, |k| exceeds_floor(k, n, floor));
                    (format!("n={n} floor={floor}"), size)
                })
            }),
    );
    let setting = format!("1 to {most} trials; floors 0.01 to 0.99");
    row("exceeds_floor", &setting, alpha, found, alpha)
}

fn fisher(effort: Effort) -> Vec<Row> {
    let arms = effort.some(&[(5, 5), (10, 20), (30, 30), (7, 60), (50, 40), (80, 80)]);
    each(&arms, |&(n, m)| {
        let p = |two_sided: bool| -> Vec<Vec<f64>> {
            let test = |a, b| {
                if two_sided {
                    fisher_two_sided(a, n, b, m)
                } else {
                    fisher_greater(a, n, b, m)
                }
            };
            (0..=n)
                .map(|a| (0..=m).map(|b| test(a, b)).collect())
                .collect()
        };
        [("fisher_greater", p(false)), ("fisher_two_sided", p(true))].map(|(name, p)| {
            LEVELS.map(|alpha| {
                let found = largest((1..20_u32).map(|step| {
                    let rate = f64::from(step) / 20.0;
                    (format!("rate={rate}"), fisher_size(&p, rate, alpha))
                }));
                row(name, &format!("arms of {n} and {m}"), alpha, found, alpha)
            })
        })
    })
    .into_iter()
    .flatten()
    .flatten()
    .collect()
}

/// The chance of a p-value of at most α when both arms have this rate.
fn fisher_size(p: &[Vec<f64>], rate: f64, alpha: f64) -> f64 {
    let weights = |n: u64| -> Vec<f64> {
        let tail = |k| upper_tail(k, n, rate);
        (0..=n).map(|k| tail(k) - tail(k + 1)).collect()
    };
    let of_a = weights(p.len() as u64 - 1);
    let of_b = weights(p[0].len() as u64 - 1);
    let rows = p.iter().zip(&of_a).map(|(row, weight)| {
        let inside = row.iter().zip(&of_b).filter(|(p, _)| **p <= alpha);
        weight * inside.map(|(_, weight)| weight).sum::<f64>()
    });
    rows.sum()
}

fn exact_non_inferiority(effort: Effort) -> Vec<Row> {
    let settings = effort.some(&[
        (5, 0.1),
        (10, 0.2),
        (12, 0.05),
        (20, 0.1),
        (25, 0.2),
        (30, 0.05),
    ]);
    each(&settings, |&(n, margin)| {
        let outcomes: Vec<([u64; 3], f64)> = (0..=n)
            .flat_map(|first| {
                (0..=n - first).map(move |second| [first, second, n - first - second])
            })
            .filter_map(|outcome| {
                let pairs = Pairs::new(n, outcome[0], outcome[1])?;
                Some((outcome, tango::exact_non_inferiority(pairs, margin)))
            })
            .collect();
        LEVELS.map(|alpha| {
            let found = largest((0..=200_u32).map(|step| {
                let first = (1.0 - margin) / 2.0 * f64::from(step) / 200.0;
                let inside = outcomes.iter().filter(|(_, p)| *p <= alpha);
                let size = inside
                    .map(|(outcome, _)| trinomial(*outcome, first, margin))
                    .sum();
                (format!("only_first={first:.3}"), size)
            }));
            row(
                "exact_non_inferiority",
                &format!("{n} pairs; margin {margin}"),
                alpha,
                found,
                alpha,
            )
        })
    })
    .into_iter()
    .flatten()
    .collect()
}

fn trinomial(outcome: [u64; 3], first: f64, margin: f64) -> f64 {
    let chances = [first, first + margin, (1.0 - 2.0 * first - margin).max(0.0)];
    let mut log = ln_factorial(outcome.iter().sum());
    for (count, chance) in outcome.into_iter().zip(chances) {
        if count > 0 {
            log += real(count) * chance.ln();
        }
        log -= ln_factorial(count);
    }
    log.exp()
}

/// All patterns of signs of some values, which symmetry makes as likely.
fn sign_flips(effort: Effort) -> Row {
    let sizes = [1.0, 1.0, 1.0, 2.0, 3.0, 0.5, 0.25, 7.0, 1.0, 2.0];
    let units = if effort.thorough { 10 } else { 7 };
    let p: Vec<f64> = (0..1_u32 << units)
        .filter_map(|pattern| {
            let values: Vec<f64> = (0..units)
                .map(|unit| {
                    if pattern >> unit & 1 == 1 {
                        -sizes[unit]
                    } else {
                        sizes[unit]
                    }
                })
                .collect();
            sign_flip(&Units::single(&values), 0, 0)
                .ok()
                .map(|found| found.greater)
        })
        .collect();
    let found = largest(LEVELS.map(|alpha| {
        let rejected: Vec<&f64> = p.iter().filter(|p| **p <= alpha).collect();
        (
            format!("alpha={alpha}"),
            length(&rejected) / length(&p) / alpha,
        )
    }));
    row(
        "sign_flip",
        "all signs of some values; size over alpha",
        1.0,
        found,
        1.0,
    )
}

fn tangos(effort: Effort) -> Vec<Row> {
    let numbers = effort.some(&[
        50, 100, 200, 210, 223, 240, 260, 290, 330, 400, 450, 500, 650, 800, 1000, 1400, 2000, 5000,
    ]);
    let settings: Vec<(u64, f64)> = numbers
        .into_iter()
        .flat_map(|n| {
            [0.00001, 0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1].map(|alpha| (n, alpha))
        })
        .collect();
    each(&settings, |&(n, alpha)| {
        let found = largest(
            [0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2].map(|margin| {
                (
                    format!("margin={margin}"),
                    tango::score_size(n, margin, alpha),
                )
            }),
        );
        let setting = format!("{n} pairs");
        if tango::is_in_domain(n, 0.1, alpha) {
            return row("tango_score", &setting, alpha, found, 1.3 * alpha);
        }
        Row::told(format!(
            "tango_score,{setting} (exact test instead),{alpha},{:.8},{},",
            found.1, found.0
        ))
    })
}
