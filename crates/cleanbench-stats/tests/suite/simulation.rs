//! Coverage, false positives and power by simulation.
//!
//! Invariant: the generator and its seeds are fixed, so that each run draws the same samples.
//!
//! It refuses nothing; tolerances are three standard errors of the simulated share.

use cleanbench_stats::auc::auc;
use cleanbench_stats::difference::{newcombe, newcombe_paired};
use cleanbench_stats::exact::{fisher_greater, mcnemar_greater};
use cleanbench_stats::{Confidence, power};

const LEVEL: Confidence = Confidence::PERCENT_95;

/// A Weyl sequence whose bits are mixed by two multiplications.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from((bits ^ (bits >> 31)) >> 32).expect("32 bits");
        (f64::from(high) + 0.5) / 4_294_967_296.0
    }

    fn hits(&mut self, n: u64, p: f64) -> u64 {
        (0..n).map(|_| u64::from(self.unit() < p)).sum()
    }

    /// How many of `n` items fall into each of four cells; the last has what the others leave.
    fn cells(&mut self, n: u64, [first, second, third]: [f64; 3]) -> [u64; 4] {
        let mut counts = [0; 4];
        for _ in 0..n {
            let unit = self.unit();
            let ends = [first, first + second, first + second + third];
            counts[ends.iter().filter(|end| unit >= **end).count()] += 1;
        }
        counts
    }
}

/// The share of `rounds` in which `holds`.
fn share(rounds: u32, mut holds: impl FnMut() -> bool) -> f64 {
    let held: u32 = (0..rounds).map(|_| u32::from(holds())).sum();
    f64::from(held) / f64::from(rounds)
}

fn standard_error(p: f64, rounds: u32) -> f64 {
    (p * (1.0 - p) / f64::from(rounds)).sqrt()
}

/// Each setting covers at least `least`, and together they average between 0.93 and 0.995.
fn check_coverage(covered: &[f64], least: f64, rounds: u32) {
    let slack = 3.0 * standard_error(least, rounds);
    let settings = u32::try_from(covered.len()).expect("a few");
    let average = covered.iter().sum::<f64>() / f64::from(settings);
    assert!((0.93..=0.995).contains(&average), "{average}: {covered:?}");
    assert!(
        covered.iter().all(|share| *share >= least - slack),
        "{covered:?}"
    );
}

#[test]
fn unpaired_differences_are_covered() {
    let (mut random, rounds) = (Random(11), 2_000);
    let settings = [
        (10, 10, 0.5, 0.5),
        (20, 15, 0.9, 0.6),
        (30, 30, 0.05, 0.02),
        (50, 100, 0.8, 0.7),
        (100, 100, 0.97, 0.95),
        (15, 60, 0.3, 0.9),
        (200, 200, 0.5, 0.45),
    ];
    let covered = settings.map(|(n, m, p, q)| {
        share(rounds, || {
            let (a, b) = (random.hits(n, p), random.hits(m, q));
            let (_, low, high) = newcombe(a, n, b, m, LEVEL).unwrap();
            (low..=high).contains(&(p - q))
        })
    });
    check_coverage(&covered, 0.92, rounds);
}

#[test]
fn paired_differences_are_covered() {
    let (mut random, rounds) = (Random(12), 2_000);
    let settings = [
        (20, [0.4, 0.2, 0.2]),
        (30, [0.6, 0.2, 0.05]),
        (50, [0.8, 0.05, 0.05]),
        (50, [0.25, 0.25, 0.25]),
        (100, [0.7, 0.12, 0.06]),
        (200, [0.1, 0.02, 0.01]),
        (40, [0.05, 0.5, 0.3]),
    ];
    let covered = settings.map(|(n, chances)| {
        share(rounds, || {
            let (_, low, high) = newcombe_paired(random.cells(n, chances), LEVEL).unwrap();
            (low..=high).contains(&(chances[1] - chances[2]))
        })
    });
    check_coverage(&covered, 0.92, rounds);
}

/// The greatest of k uniform values exceeds another uniform value with chance k / (k + 1).
#[test]
fn areas_are_covered() {
    let (mut random, rounds) = (Random(13), 600);
    let settings = [
        (20, 20, 1),
        (50, 30, 1),
        (40, 40, 3),
        (30, 100, 3),
        (60, 60, 9),
    ];
    let covered = settings.map(|(positives, negatives, k)| {
        share(rounds, || {
            let mut greatest = |k: u32| (0..k).map(|_| random.unit()).fold(0.0, f64::max);
            let positive: Vec<f64> = (0..positives).map(|_| greatest(k)).collect();
            let negative: Vec<f64> = (0..negatives).map(|_| greatest(1)).collect();
            let found = auc(&positive, &negative).unwrap();
            (found.low..=found.high).contains(&(f64::from(k) / f64::from(k + 1)))
        })
    });
    check_coverage(&covered, 0.92, rounds);
}

#[test]
fn equal_rates_are_rejected_no_more_often_than_alpha() {
    let (mut random, rounds) = (Random(14), 2_000);
    for (n, m, p, alpha) in [
        (10, 10, 0.5, 0.05),
        (40, 25, 0.8, 0.05),
        (100, 100, 0.9, 0.01),
        (60, 90, 0.3, 0.1),
    ] {
        let found = share(rounds, || {
            fisher_greater(random.hits(n, p), n, random.hits(m, p), m) <= alpha
        });
        assert!(
            found <= alpha + 3.0 * standard_error(alpha, rounds),
            "{n} {m} {p}: {found}"
        );
    }
    for (n, p, alpha) in [
        (20, 0.3, 0.05),
        (50, 0.1, 0.05),
        (200, 0.2, 0.01),
        (100, 0.5, 0.1),
    ] {
        let found = share(rounds, || {
            let [only_first, only_second, ..] = random.cells(n, [p / 2.0, p / 2.0, 0.0]);
            mcnemar_greater(only_first, only_second) <= alpha
        });
        assert!(
            found <= alpha + 3.0 * standard_error(alpha, rounds),
            "{n} {p}: {found}"
        );
    }
}

#[test]
fn power_is_the_share_of_rejections() {
    let (mut random, rounds) = (Random(15), 2_000);
    for (n, m, p, q, alpha) in [
        (20, 20, 0.8, 0.4, 0.05),
        (100, 50, 0.7, 0.5, 0.05),
        (150, 150, 0.95, 0.85, 0.01),
    ] {
        let expected = power::unpaired(n, m, p, q, alpha);
        let found = share(rounds, || {
            fisher_greater(random.hits(n, p), n, random.hits(m, q), m) <= alpha
        });
        assert!(
            (found - expected).abs() <= 3.0 * standard_error(expected, rounds),
            "{found} {expected}"
        );
    }
    for (n, p, q, alpha) in [
        (30, 0.4, 0.1, 0.05),
        (100, 0.15, 0.06, 0.05),
        (300, 0.1, 0.05, 0.01),
    ] {
        let expected = power::paired(n, p, q, alpha);
        let found = share(rounds, || {
            let [only_first, only_second, ..] = random.cells(n, [p, q, 0.0]);
            mcnemar_greater(only_first, only_second) <= alpha
        });
        assert!(
            (found - expected).abs() <= 3.0 * standard_error(expected, rounds),
            "{found} {expected}"
        );
    }
}
