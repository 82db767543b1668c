//! Gates that may stop early, by the bets that gates take, looked at after every 20 of 400 samples.

use super::law::{Kind, pair, score, seen};
use super::table::{Effort, Row, Table, each, share, three_errors};
use cleanbench_stats::random::Random;
use cleanbench_stats::sequential::MeanAbove;

const KINDS: [Kind; 5] = [
    Kind::Binary,
    Kind::Fractional,
    Kind::Skewed,
    Kind::Gaps,
    Kind::FractionalGaps,
];
const SAMPLES: usize = 400;
const BATCH: usize = 20;
const MARGIN: f64 = 0.05;

/// Whether some look shows that the mean of `values` is above `bound`.
fn passes(values: impl Iterator<Item = f64>, bound: f64, low: f64, alpha: f64) -> bool {
    let Some(mut test) = MeanAbove::new(bound, low, 1.0, alpha) else {
        return false;
    };
    (1..).zip(values.take(SAMPLES)).any(|(number, value)| {
        test.add(value);
        number % BATCH == 0 && test.p_value() <= alpha
    })
}

pub(crate) fn table(effort: Effort) -> Table {
    let rows = each(&effort.some(&KINDS), |kind| {
        [0.05, 0.01].map(|alpha| {
            [
                floor(effort.samples, *kind, alpha),
                non_inferiority(effort.samples, *kind, alpha),
            ]
        })
    });
    Table::new(
        "gate,setting,alpha,sets,passes wrongly at the boundary,at most,better truth,passes there",
        rows.into_iter().flatten().flatten().collect(),
    )
}

fn floor(sets: u32, kind: Kind, alpha: f64) -> Row {
    let (limit, better) = if kind == Kind::Skewed {
        (0.98, 0.995)
    } else {
        (0.85, 0.93)
    };
    let mut random = Random::new(55);
    let mut pass = |sets: u32, mean: f64| {
        share(sets, || {
            let values = std::iter::from_fn(|| {
                let score = score(&mut random, kind, mean);
                Some(seen(&mut random, kind, score).low())
            });
            passes(values, limit, 0.0, alpha)
        })
    };
    let (wrong, power) = (pass(sets, limit), pass(sets / 10, better));
    row("floor of accuracy", kind, alpha, sets, wrong, better, power)
}

fn non_inferiority(sets: u32, kind: Kind, alpha: f64) -> Row {
    let mut random = Random::new(56);
    let mut pass = |sets: u32, effect: f64| {
        share(sets, || {
            let values = std::iter::from_fn(|| {
                let (base, new) = pair(&mut random, kind, effect);
                let base = seen(&mut random, kind, base).high();
                Some(seen(&mut random, kind, new).low() - base)
            });
            passes(values, -MARGIN, -1.0, alpha)
        })
    };
    let (wrong, power) = (pass(sets, -MARGIN), pass(sets / 10, 0.0));
    row(
        "non_inferiority by 0.05",
        kind,
        alpha,
        sets,
        wrong,
        0.0,
        power,
    )
}

fn row(gate: &str, kind: Kind, alpha: f64, sets: u32, wrong: f64, better: f64, power: f64) -> Row {
    let most = alpha + three_errors(alpha, sets);
    let setting = format!(
        "{}; looked at after every {BATCH} of {SAMPLES}",
        kind.name()
    );
    Row::checked(
        format!("{gate},{setting},{alpha},{sets},{wrong:.5},{most:.5},{better},{power:.4}"),
        wrong <= most,
    )
}
