//! How often t tests and bootstraps of means err, over samples that are drawn.
//!
//! Where a test says that it may be used it must not reject the truth in more than 1.3 α of samples.

use super::table::{Effort, Row, Table, each, normal, three_errors};
use cleanbench_stats::cluster::Units;
use cleanbench_stats::mean::{Mean, is_in_domain};
use cleanbench_stats::random::Random;
use cleanbench_stats::resample::bootstrap;
use cleanbench_stats::{Confidence, NoInterval};

/// How a value is drawn, by name, and its mean.
type Law = (&'static str, f64, fn(&mut Random) -> f64);
const LAWS: [Law; 9] = [
    ("normal", 0.0, normal),
    ("uniform", 0.5, Random::unit),
    ("coin 0.5", 0.5, |random| coin(random, 0.5)),
    ("coin 0.8", 0.8, |random| coin(random, 0.8)),
    ("coin 0.95", 0.95, |random| coin(random, 0.95)),
    ("exponential", 1.0, |random| -(1.0 - random.unit()).ln()),
    ("square of uniform", 1.0 / 3.0, |random| {
        random.unit().powi(2)
    }),
    ("pairs 10 % and 10 %", 0.0, |random| pair(random, 0.1, 0.1)),
    ("pairs 2 % and 7 %", -0.05, |random| {
        pair(random, 0.02, 0.07)
    }),
];

fn coin(random: &mut Random, chance: f64) -> f64 {
    f64::from(u8::from(random.unit() < chance))
}

fn pair(random: &mut Random, first: f64, second: f64) -> f64 {
    match random.unit() {
        unit if unit < first => 1.0,
        unit if unit < first + second => -1.0,
        _ => 0.0,
    }
}

pub(crate) fn table(effort: Effort) -> Table {
    let laws = effort.some(&LAWS);
    let numbers: &[usize] = if effort.thorough {
        &[30, 100, 300, 1000]
    } else {
        &[30, 200]
    };
    let settings: Vec<(Law, usize)> = laws
        .iter()
        .flat_map(|law| numbers.iter().map(move |n| (*law, *n)))
        .collect();
    let mut rows: Vec<Row> = each(&settings, |&(law, n)| single(effort.samples, law, n))
        .into_iter()
        .flatten()
        .collect();
    let clusters = effort.some(&CLUSTERS);
    rows.extend(
        each(&clusters, |setting| clustered(effort.samples, *setting))
            .into_iter()
            .flatten(),
    );
    rows.push(too_few());
    rows.extend(each(
        &[(30, false), (100, false), (30, true)],
        |&(n, clusters)| bootstrapped(effort.samples / 10, n, clusters),
    ));
    Table::new(
        "test,setting,alpha,samples,in_domain,rejected_in_domain,rejected,at_most",
        rows,
    )
}

/// What happened to the samples of one setting.
#[derive(Default)]
struct Tally {
    inside: u32,
    rejected_inside: u32,
    rejected: u32,
}

impl Tally {
    fn count(&mut self, inside: bool, rejected: bool) {
        self.inside += u32::from(inside);
        self.rejected += u32::from(rejected);
        self.rejected_inside += u32::from(inside && rejected);
    }

    /// In its domain the test must keep 1.3 α, as a share of all samples; a domain that next to no sample
    /// is in says nothing.
    fn row(&self, test: &str, setting: &str, alpha: f64, samples: u32) -> Row {
        let of = |count: u32| f64::from(count) / f64::from(samples);
        let most = 1.3 * alpha + three_errors(1.3 * alpha, samples);
        let cells = format!(
            "{test},{setting},{alpha},{samples},{:.4},{:.5},{:.5},{most:.5}",
            of(self.inside),
            of(self.rejected_inside),
            of(self.rejected),
        );
        Row::checked(cells, of(self.rejected_inside) <= most)
    }
}

const LEVELS: [f64; 2] = [0.05, 0.01];

fn single(samples: u32, (name, truth, draw): Law, n: usize) -> Vec<Row> {
    let mut random = Random::new(31);
    let mut tallies: [[Tally; 2]; 2] = Default::default();
    for _ in 0..samples {
        let values: Vec<f64> = (0..n).map(|_| draw(&mut random)).collect();
        // Without variation there is no test, hence nothing is rejected.
        let Ok(mean) = Mean::new(&values) else {
            continue;
        };
        for (alpha, tallies) in LEVELS.into_iter().zip(&mut tallies) {
            let inside = is_in_domain(&values, alpha);
            tallies[0].count(inside, mean.exceeds(truth) <= alpha);
            tallies[1].count(inside, mean.is_below(truth) <= alpha);
        }
    }
    let named = LEVELS
        .into_iter()
        .zip(&tallies)
        .flat_map(|(alpha, tallies)| {
            ["exceeds", "is_below"]
                .into_iter()
                .zip(tallies)
                .map(move |(test, tally)| {
                    tally.row(
                        &format!("t {test}"),
                        &format!("{name}; n={n}"),
                        alpha,
                        samples,
                    )
                })
        });
    named.collect()
}

/// (Name, clusters, size of the clusters by place, correlation within clusters, coins instead of normal).
type Clusters = (&'static str, usize, fn(usize) -> usize, f64, bool);
const CLUSTERS: [Clusters; 8] = [
    ("equal sizes", 10, |_| 5, 0.3, false),
    ("equal sizes", 30, |_| 5, 0.3, false),
    ("equal sizes; coins", 30, |_| 10, 0.2, true),
    ("equal sizes; coins", 100, |_| 4, 0.5, true),
    ("sizes 1 to 9", 40, |place| 1 + place % 9, 0.3, false),
    ("sizes 1 to 9; coins", 100, |place| 1 + place % 9, 0.3, true),
    (
        "one of 200 and others of 2",
        50,
        |place| if place == 0 { 200 } else { 2 },
        0.3,
        false,
    ),
    ("sizes 1 2 4 … 64", 28, |place| 1 << (place % 7), 0.5, false),
];

fn clustered(samples: u32, (name, clusters, size, correlation, coins): Clusters) -> Vec<Row> {
    let mut random = Random::new(32);
    let mut tallies: [Tally; 2] = Default::default();
    let names: Vec<usize> = (0..clusters)
        .flat_map(|place| vec![place; size(place)])
        .collect();
    for _ in 0..samples {
        let values = clustered_values(&mut random, clusters, size, correlation, coins);
        let Some(units) = Units::clustered(&values, &names) else {
            continue;
        };
        let Ok(mean) = units.robust_mean() else {
            continue;
        };
        let truth = if coins { 0.5 } else { 0.0 };
        for (alpha, tally) in LEVELS.into_iter().zip(&mut tallies) {
            tally.count(units.is_in_domain(alpha), mean.exceeds(truth) <= alpha);
        }
    }
    let setting = format!("{name}; {clusters} clusters; correlation {correlation}");
    let rows = LEVELS.into_iter().zip(&tallies);
    rows.map(|(alpha, tally)| tally.row("cluster t exceeds", &setting, alpha, samples))
        .collect()
}

fn clustered_values(
    random: &mut Random,
    clusters: usize,
    size: fn(usize) -> usize,
    correlation: f64,
    coins: bool,
) -> Vec<f64> {
    let mut values = Vec::new();
    for place in 0..clusters {
        let shared = normal(random) * correlation.sqrt();
        for _ in 0..size(place) {
            let value = shared + normal(random) * (1.0 - correlation).sqrt();
            values.push(if coins {
                f64::from(u8::from(value > 0.0))
            } else {
                value
            });
        }
    }
    values
}

/// Nine clusters have no interval, whatever is in them.
fn too_few() -> Row {
    let values: Vec<f64> = (0..90_u32).map(|place| f64::from(place % 7)).collect();
    let names: Vec<u32> = (0..90).map(|place| place % 9).collect();
    let found = Units::clustered(&values, &names).map(|units| units.robust_mean());
    let inconclusive = matches!(found, Some(Err(NoInterval::TooFewClusters { clusters: 9 })));
    Row::checked(
        "cluster t,9 clusters: inconclusive,,,,,,".to_owned(),
        inconclusive,
    )
}

/// Misses of a 90 % interval on either side together, which must stay within 1.3 of 0.1.
fn bootstrapped(samples: u32, n: usize, clusters: bool) -> Row {
    let mut random = Random::new(33);
    let Some(confidence) = Confidence::new(0.9) else {
        return Row::told(String::new());
    };
    let names: Vec<usize> = (0..n).flat_map(|place| [place; 4]).collect();
    let mut missed = 0_u32;
    for seed in 0..samples {
        let units = if clusters {
            Units::clustered(&clustered_values(&mut random, n, |_| 4, 0.3, false), &names)
        } else {
            Some(Units::single(
                &(0..n).map(|_| random.unit()).collect::<Vec<_>>(),
            ))
        };
        let truth = if clusters { 0.0 } else { 0.5 };
        let found =
            units.and_then(|units| bootstrap(&units, u64::from(seed), 500, confidence).ok());
        missed += u32::from(
            found.is_none_or(|found| found.interval.low > truth || found.interval.high < truth),
        );
    }
    let (rate, most) = (
        f64::from(missed) / f64::from(samples),
        0.13 + three_errors(0.13, samples),
    );
    let kind = if clusters {
        "normal in clusters of 4"
    } else {
        "uniform"
    };
    let cells = format!("bootstrap misses,{kind}; {n} units,0.1,{samples},,,{rate:.5},{most:.5}");
    Row::checked(cells, rate <= most)
}
