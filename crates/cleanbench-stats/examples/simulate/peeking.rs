//! How often a test that is looked at after every value ever rejects where it should not.

use super::table::{Effort, Row, Table, each, share, three_errors};
use cleanbench_stats::Confidence;
use cleanbench_stats::random::Random;
use cleanbench_stats::sequential::{
    ConfidenceSequence, MeanAbove, mcnemar_e_value, mcnemar_e_value_greater,
};

const ALPHA: f64 = 0.05;

/// How a value from 0 to 1 is drawn, by name; each has the mean that stands beside it.
type Law = (&'static str, f64, fn(&mut Random) -> f64);
const LAWS: [Law; 6] = [
    ("coin 0.5", 0.5, |random| {
        f64::from(u8::from(random.unit() < 0.5))
    }),
    ("coin 0.9", 0.9, |random| {
        f64::from(u8::from(random.unit() < 0.9))
    }),
    ("coin 0.02", 0.02, |random| {
        f64::from(u8::from(random.unit() < 0.02))
    }),
    ("uniform", 0.5, Random::unit),
    ("cube of uniform", 0.25, |random| random.unit().powi(3)),
    ("0 or half or 1", 0.475, |random| match random.unit() {
        unit if unit < 0.05 => 0.0,
        unit if unit < 0.1 => 1.0,
        _ => 0.472_222_222_222_222_2,
    }),
];

pub(crate) fn table(effort: Effort) -> Table {
    let (pairs, values) = if effort.thorough {
        (2000, 1000)
    } else {
        (300, 100)
    };
    let mut rows: Vec<Row> = each(&[0.05, 0.2, 1.0], |&discordant| {
        paired(effort.samples, pairs, discordant)
    })
    .into_iter()
    .flatten()
    .collect();
    let laws = effort.some(&LAWS);
    rows.extend(each(&laws, |law| above(effort.samples, values, law)));
    rows.extend(each(&laws, |law| {
        sequence(effort.samples / 20, values / 2, law)
    }));
    Table::new(
        "test,setting,alpha,looks,samples,ever_rejected,at_most",
        rows,
    )
}

fn row(test: &str, setting: &str, looks: u32, samples: u32, rejected: f64) -> Row {
    let most = ALPHA + three_errors(ALPHA, samples);
    let cells = format!("{test},{setting},{ALPHA},{looks},{samples},{rejected:.5},{most:.5}");
    Row::checked(cells, rejected <= most)
}

/// Equal arms of which a share of the pairs is discordant.
fn paired(samples: u32, pairs: u32, discordant: f64) -> [Row; 2] {
    let tests = [
        ("mcnemar_e_value", mcnemar_e_value as fn(u64, u64) -> f64),
        ("mcnemar_e_value_greater", mcnemar_e_value_greater),
    ];
    tests.map(|(name, e_value)| {
        let mut random = Random::new(21);
        let rejected = share(samples / 5, || {
            let mut counts = [0, 0];
            (0..pairs).any(|_| {
                let unit = random.unit();
                if unit >= discordant {
                    return false;
                }
                counts[usize::from(unit < discordant / 2.0)] += 1;
                e_value(counts[0], counts[1]) >= 1.0 / ALPHA
            })
        });
        row(
            name,
            &format!("discordant {discordant}"),
            pairs,
            samples / 5,
            rejected,
        )
    })
}

fn above(samples: u32, looks: u32, &(name, mean, draw): &Law) -> Row {
    let mut random = Random::new(22);
    let rejected = share(samples, || {
        MeanAbove::new(mean, 0.0, 1.0, ALPHA).is_some_and(|mut test| {
            (0..looks).any(|_| {
                test.add(draw(&mut random));
                test.e_value() >= 1.0 / ALPHA
            })
        })
    });
    row("mean_above", name, looks, samples, rejected)
}

fn sequence(samples: u32, looks: u32, &(name, mean, draw): &Law) -> Row {
    let mut random = Random::new(23);
    let rejected = share(samples, || {
        ConfidenceSequence::new(0.0, 1.0, Confidence::PERCENT_95).is_some_and(|mut test| {
            for _ in 0..looks {
                test.add(draw(&mut random));
            }
            // The interval lies within all before it.
            let interval = test.interval();
            mean < interval.low || mean > interval.high
        })
    });
    row("confidence_sequence", name, looks, samples, rejected)
}
