//! How often what decides is wrong at the boundary: Student's t where it may be used, else bets in no order, as gates
//! and intervals take them.
//!
//! A pass or a failure at the boundary is wrong. It must come in at most 1.3 α of samples; where bets decide alone, in
//! at most α.

use super::table::{Effort, Row, Table, each, share, three_errors};
use cleanbench_stats::bounded::BoundedMean;
use cleanbench_stats::cluster::Units;
use cleanbench_stats::random::Random;

/// How a score is drawn, by name, its mean, and the bounds of scores.
#[derive(Clone, Copy)]
struct Law {
    name: &'static str,
    mean: f64,
    low: f64,
    draw: fn(&mut Random) -> f64,
}

const fn scores(name: &'static str, mean: f64, draw: fn(&mut Random) -> f64) -> Law {
    let low = 0.0;
    Law {
        name,
        mean,
        low,
        draw,
    }
}

const LAWS: [Law; 8] = [
    scores("uniform", 0.5, Random::unit),
    scores("coin 0.95 in halves", 0.975, |random| {
        f64::midpoint(1.0, coin(random, 0.95))
    }),
    scores("0; 2/3; 1 at 5; 15; 80 %", 0.9, |random| {
        match random.unit() {
            unit if unit < 0.05 => 0.0,
            unit if unit < 0.2 => 2.0 / 3.0,
            _ => 1.0,
        }
    }),
    scores("one in fifty is 0.1", 0.982, |random| {
        if random.unit() < 0.02 { 0.1 } else { 1.0 }
    }),
    scores("three epochs; half of all always right", 0.75, |random| {
        if random.unit() < 0.5 {
            return 1.0;
        }
        (0..3).map(|_| coin(random, 0.5)).sum::<f64>() / 3.0
    }),
    scores("ninth root of uniform", 0.9, |random| {
        random.unit().powf(1.0 / 9.0)
    }),
    scores("a tenth missing counts as 0", 0.81, |random| {
        coin(random, 0.9) * random.unit().powf(1.0 / 9.0)
    }),
    Law {
        name: "differences: 2 % up by half; 7 % down",
        mean: -0.06,
        low: -1.0,
        draw: |random| match random.unit() {
            unit if unit < 0.02 => 0.5,
            unit if unit < 0.09 => -1.0,
            _ => 0.0,
        },
    },
];

fn coin(random: &mut Random, chance: f64) -> f64 {
    f64::from(u8::from(random.unit() < chance))
}

/// Clusters of which one in ten is wrong throughout.
#[derive(Clone, Copy)]
struct Clusters {
    name: &'static str,
    count: usize,
    size: fn(usize) -> usize,
}

const fn clusters(name: &'static str, count: usize, size: fn(usize) -> usize) -> Clusters {
    Clusters { name, count, size }
}

const CLUSTERS: [Clusters; 7] = [
    clusters("equal sizes", 12, |_| 5),
    clusters("equal sizes", 40, |_| 5),
    clusters("equal sizes", 200, |_| 5),
    clusters("sizes 1 to 9", 40, |place| 1 + place % 9),
    clusters("sizes 1 to 9", 300, |place| 1 + place % 9),
    clusters("one of 200 and others of 2", 60, |place| {
        if place == 0 { 200 } else { 2 }
    }),
    clusters("sizes 1 2 4 … 64", 56, |place| 1 << (place % 7)),
];

/// One set of scores at the boundary, and the bounds of scores.
struct Drawn {
    units: Units,
    mean: f64,
    low: f64,
}

/// Whether the true mean is said to be above, and below, what it is.
struct Said {
    above: bool,
    below: bool,
}

impl Drawn {
    fn decided(&self, alpha: f64) -> Said {
        if self.units.is_in_domain(alpha)
            && let Ok(mean) = self.units.robust_mean()
        {
            return Said {
                above: mean.exceeds(self.mean) <= alpha,
                below: mean.is_below(self.mean) <= alpha,
            };
        }
        self.bet(alpha)
    }

    fn bet(&self, alpha: f64) -> Said {
        let bets = BoundedMean::new(&self.units, self.low, 1.0);
        let rejects = |p: fn(&BoundedMean, f64) -> f64| {
            bets.as_ref()
                .is_some_and(|bets| p(bets, self.mean) <= alpha)
        };
        Said {
            above: rejects(BoundedMean::exceeds),
            below: rejects(BoundedMean::is_below),
        }
    }
}

pub(crate) fn table(effort: Effort) -> Table {
    let numbers: &[usize] = if effort.thorough {
        &[12, 40, 150, 600]
    } else {
        &[40]
    };
    let laws = effort.some(&LAWS);
    let alone = laws
        .iter()
        .flat_map(|law| numbers.iter().map(move |n| (*law, *n)));
    let alone: Vec<_> = alone.collect();
    let mut rows = each(&alone, |&(law, n)| {
        let mut random = Random::new(41);
        let setting = format!("{}; n={n}", law.name);
        rows(effort.samples, &setting, || {
            let values: Vec<_> = (0..n).map(|_| (law.draw)(&mut random)).collect();
            Some(Drawn {
                units: Units::single(&values),
                mean: law.mean,
                low: law.low,
            })
        })
    });
    rows.extend(each(&effort.some(&CLUSTERS), |&setting| {
        in_clusters(effort.samples, setting)
    }));
    Table::new(
        "decided by,setting,alpha,samples,wrongly above,wrongly below,at most",
        rows.into_iter().flatten().collect(),
    )
}

fn in_clusters(samples: u32, setting: Clusters) -> Vec<Row> {
    let mut random = Random::new(42);
    let sizes = (0..setting.count).map(setting.size);
    let names: Vec<_> = sizes
        .enumerate()
        .flat_map(|(place, size)| vec![place; size])
        .collect();
    let named = format!("{}; {} clusters", setting.name, setting.count);
    rows(samples, &named, || {
        let right: Vec<_> = (0..setting.count).map(|_| coin(&mut random, 0.9)).collect();
        let values: Vec<_> = names.iter().map(|place| right[*place]).collect();
        Some(Drawn {
            units: Units::clustered(&values, &names)?,
            mean: 0.9,
            low: 0.0,
        })
    })
}

/// Its name, how often it may be wrong, and what it says.
type Way = (&'static str, f64, fn(&Drawn, f64) -> Said);

/// How often each of the two ways, and each level, is wrong.
fn rows(samples: u32, setting: &str, mut draw: impl FnMut() -> Option<Drawn>) -> Vec<Row> {
    let drawn: Vec<_> = (0..samples).filter_map(|_| draw()).collect();
    let mut rows = Vec::new();
    for alpha in [0.05, 0.01] {
        let ways: [Way; 2] = [
            ("t or bets", 1.3 * alpha, Drawn::decided),
            ("bets", alpha, Drawn::bet),
        ];
        for (way, allowed, decide) in ways {
            let said: Vec<_> = drawn.iter().map(|drawn| decide(drawn, alpha)).collect();
            let of = |wrong: fn(&Said) -> bool| {
                let mut said = said.iter();
                share(samples, || said.next().is_some_and(wrong))
            };
            let (above, below) = (of(|said| said.above), of(|said| said.below));
            let most = allowed + three_errors(allowed, samples);
            rows.push(Row::checked(
                format!("{way},{setting},{alpha},{samples},{above:.5},{below:.5},{most:.5}"),
                above.max(below) <= most,
            ));
        }
    }
    rows
}
