//! Gates on amounts: ceilings of the cost of a solved sample, by [`Spending`], and of the 95th percentile of the latency, by
//! [`quantile`].
//!
//! Beside what the gate does stands Fieller's interval alone, to which it was left until tables 5. A dear call so rare
//! that a suite has seldom seen one shows in no sample of its costs: those rows tell, and need not hold.

use super::law::coin;
use super::table::{Effort, Row, Table, each, normal, share, three_errors};
use cleanbench_items::{Outlay, Rules, Spending, quantile};
use cleanbench_stats::cluster::Units;
use cleanbench_stats::random::Random;
use cleanbench_stats::ratio::fieller;
use cleanbench_stats::{Confidence, sum};

/// How what a sample costs is drawn: its name, the mean, and whether its skewness can be seen in as many as are drawn.
#[derive(Clone, Copy)]
struct Law {
    name: &'static str,
    mean: fn() -> f64,
    draw: fn(&mut Random) -> f64,
    /// From so many samples on it must hold.
    from: u32,
}

fn lognormal(random: &mut Random, sigma: f64) -> f64 {
    (sigma * normal(random)).exp()
}

fn rare(random: &mut Random, share: f64, times: f64) -> f64 {
    1.0 + (times - 1.0) * coin(random, share)
}

const LAWS: [Law; 7] = [
    Law {
        name: "costs even",
        mean: || 1.0,
        draw: |random| 0.5 + random.unit(),
        from: 0,
    },
    Law {
        name: "costs lognormal of sigma 0.5",
        mean: || (0.125_f64).exp(),
        draw: |random| lognormal(random, 0.5),
        from: 0,
    },
    Law {
        name: "costs lognormal of sigma 1",
        mean: || (0.5_f64).exp(),
        draw: |random| lognormal(random, 1.0),
        from: 0,
    },
    Law {
        name: "costs lognormal of sigma 1.5",
        mean: || (1.125_f64).exp(),
        draw: |random| lognormal(random, 1.5),
        from: 0,
    },
    Law {
        name: "one call in 20 costs 10 times as much",
        mean: || 1.45,
        draw: |random| rare(random, 0.05, 10.0),
        from: 0,
    },
    Law {
        name: "one call in 50 costs 20 times as much",
        mean: || 1.38,
        draw: |random| rare(random, 0.02, 20.0),
        from: 0,
    },
    Law {
        name: "one call in 200 costs 100 times as much",
        mean: || 1.495,
        draw: |random| rare(random, 0.005, 100.0),
        from: u32::MAX,
    },
];

const LEVELS: [f64; 2] = [0.05, 0.01];
/// One sample in five is wrong, and costs twice as much.
const RIGHT: f64 = 0.8;
const DEARER: f64 = 2.0;

impl Law {
    /// The true cost of a solved sample.
    fn truth(self) -> f64 {
        (self.mean)() * (RIGHT + (1.0 - RIGHT) * DEARER) / RIGHT
    }

    fn sample(self, random: &mut Random) -> Outlay {
        let solved = coin(random, RIGHT);
        let times = if solved > 0.5 { 1.0 } else { DEARER };
        Outlay {
            cost: times * (self.draw)(random),
            solved,
        }
    }
}

pub(crate) fn table(effort: Effort) -> Table {
    let numbers: &[u32] = if effort.thorough {
        &[50, 200, 500]
    } else {
        &[200]
    };
    let laws = effort.some(&LAWS);
    let costs = laws
        .iter()
        .flat_map(|law| numbers.iter().map(move |n| (*law, *n)));
    let mut rows = each(&costs.collect::<Vec<_>>(), |&(law, n)| {
        cost_rows(effort.samples, law, n)
    });
    rows.extend(each(
        &[(100, 0.0), (300, 0.0), (300, 0.03)],
        |&(n, lost)| vec![latency_row(effort.samples, n, lost)],
    ));
    Table::new(
        "gate,setting,alpha,sets,passes wrongly at the boundary,at most,by Fieller alone,left open,passes at a truth lower by a quarter",
        rows.into_iter().flatten().collect(),
    )
}

/// How many sets the gate passes, Fieller's interval alone would, and how many have no upper end.
#[derive(Default)]
struct Found {
    passes: u32,
    alone: u32,
    open: u32,
}

impl Found {
    fn add(&mut self, spent: &[Outlay], limit: f64, alpha: f64) {
        let spending = Spending::new(spent, &[], Rules::Now);
        let bounds = spending.and_then(|spending| spending.per_solved(alpha).ok());
        let high = bounds.map_or(f64::INFINITY, |bounds| bounds.high);
        self.passes += u32::from(high <= limit);
        self.open += u32::from(high.is_infinite());
        self.alone += u32::from(by_fieller(spent, alpha) <= limit);
    }
}

/// What is found at both levels.
fn found(sets: u32, law: Law, n: u32, limit: f64) -> [Found; 2] {
    let mut random = Random::new(53);
    let mut found = [Found::default(), Found::default()];
    for _ in 0..sets {
        let spent: Vec<_> = (0..n).map(|_| law.sample(&mut random)).collect();
        for (found, alpha) in found.iter_mut().zip(LEVELS) {
            found.add(&spent, limit, alpha);
        }
    }
    found
}

fn by_fieller(spent: &[Outlay], alpha: f64) -> f64 {
    let units = |of: fn(&Outlay) -> f64| Units::single(&spent.iter().map(of).collect::<Vec<_>>());
    let (costs, solved) = (units(|one| one.cost), units(|one| one.solved));
    Confidence::one_sided(alpha)
        .and_then(|level| fieller(&costs, &solved, level).ok())
        .map_or(f64::INFINITY, |found| found.interval.high)
}

fn cost_rows(sets: u32, law: Law, n: u32) -> Vec<Row> {
    let found_at = found(sets, law, n, law.truth());
    // The same as a limit that is higher by a third.
    let better = found(sets / 10, law, n, law.truth() / 0.75);
    let rows = found_at.iter().zip(&better).zip(LEVELS);
    let row = |((at, better), alpha): ((&Found, &Found), f64)| {
        let of = |count: u32, sets: u32| f64::from(count) / f64::from(sets);
        let (wrong, power) = (of(at.passes, sets), of(better.passes, sets / 10));
        let most = 1.3 * alpha + three_errors(1.3 * alpha, sets);
        let cells = format!(
            "ceiling of cost_per_solved,{}; n={n},{alpha},{sets},{wrong:.5},{most:.5},{:.5},{:.4},{power:.4}",
            law.name,
            of(at.alone, sets),
            of(at.open, sets)
        );
        if n >= law.from {
            Row::checked(cells, wrong <= most)
        } else {
            Row::told(cells)
        }
    };
    rows.map(row).collect()
}

/// Times are exponential, and a share of `lost` calls has no answer: those took for ever.
fn latency_row(sets: u32, n: u32, lost: f64) -> Row {
    const ALPHA: f64 = 0.05;
    let mut random = Random::new(54);
    // The time that 95 % of all calls, answered or not, do not exceed.
    let truth = -(1.0 - 0.95 / (1.0 - lost)).ln();
    let mut passes = |sets: u32, limit: f64| {
        share(sets, || {
            let answered = sum((0..n).map(|_| coin(&mut random, 1.0 - lost)));
            let calls = (0..n).map(f64::from).take_while(|call| *call < answered);
            let times: Vec<_> = calls.map(|_| -(1.0 - random.unit()).ln()).collect();
            let unanswered = u64::from(n) - times.len() as u64;
            quantile(times, unanswered, 0.95, ALPHA).is_ok_and(|bounds| bounds.high <= limit)
        })
    };
    let (wrong, power) = (passes(sets, truth), passes(sets / 10, truth / 0.75));
    let most = ALPHA + three_errors(ALPHA, sets);
    Row::checked(
        format!(
            "ceiling of latency_p95,exponential times; {lost} unanswered; n={n},{ALPHA},{sets},{wrong:.5},{most:.5},,,{power:.4}"
        ),
        wrong <= most,
    )
}
