//! Gates on one run: floors of the accuracy, and ceilings of the error rate, by [`Shares`].

use super::law::{Kind, each, score, seen};
use super::table::{Effort, Row, Table, each as on_all_cores, share, three_errors};
use cleanbench_items::{Rules, Shares};
use cleanbench_stats::random::Random;

/// A gate on a mean from 0 to 1, its boundary, and a better truth.
#[derive(Debug, Clone, Copy)]
struct Gate {
    name: &'static str,
    limit: f64,
    better: f64,
    /// Whether what is judged must be low.
    is_ceiling: bool,
}

impl Gate {
    fn all(kind: Kind) -> [Self; 2] {
        let (limit, better) = if kind == Kind::Skewed {
            (0.98, 0.995)
        } else {
            (0.85, 0.93)
        };
        [
            Self {
                name: "floor of accuracy",
                limit,
                better,
                is_ceiling: false,
            },
            Self {
                name: "ceiling of error_rate",
                limit: 1.0 - limit,
                better: 1.0 - better,
                is_ceiling: true,
            },
        ]
    }

    fn passes(self, shares: &Shares, alpha: f64) -> bool {
        shares.bounds(alpha).is_ok_and(|bounds| {
            if self.is_ceiling {
                bounds.high <= self.limit
            } else {
                bounds.low >= self.limit
            }
        })
    }

    fn draw(self, random: &mut Random, kind: Kind, samples: u32, truth: f64) -> Shares {
        let clusters = kind.clusters(samples);
        let right = if self.is_ceiling { 1.0 - truth } else { truth };
        let scores = each(&clusters, samples, || score(random, kind, right));
        let scores = scores
            .into_iter()
            .map(|score| if self.is_ceiling { 1.0 - score } else { score });
        let spans = scores.map(|score| seen(random, kind, score));
        Shares::new(spans.collect(), clusters, Rules::Now)
    }
}

pub(crate) fn table(effort: Effort) -> Table {
    let kinds = effort.some(&Kind::ALL);
    let numbers: &[u32] = if effort.thorough { &[60, 300] } else { &[60] };
    let settings = kinds.iter().flat_map(|kind| {
        let each = |number: &u32| Gate::all(*kind).map(|gate| (gate, *kind, *number));
        numbers.iter().flat_map(each)
    });
    let rows = on_all_cores(&settings.collect::<Vec<_>>(), |&(gate, kind, samples)| {
        rows(effort.samples, gate, kind, samples)
    });
    Table::new(
        "gate,setting,alpha,sets,passes wrongly at the boundary,at most,better truth,passes there",
        rows.into_iter().flatten().collect(),
    )
}

fn rows(sets: u32, gate: Gate, kind: Kind, samples: u32) -> Vec<Row> {
    let mut random = Random::new(51);
    let drawn: Vec<_> = (0..sets)
        .map(|_| gate.draw(&mut random, kind, samples, gate.limit))
        .collect();
    let better: Vec<_> = (0..sets / 10)
        .map(|_| gate.draw(&mut random, kind, samples, gate.better))
        .collect();
    let row = |alpha: f64| {
        let passes = |drawn: &[Shares], sets| {
            let mut drawn = drawn.iter();
            share(sets, || {
                drawn.next().is_some_and(|one| gate.passes(one, alpha))
            })
        };
        let (wrong, power) = (passes(&drawn, sets), passes(&better, sets / 10));
        let allowed = if kind.is_exact() { alpha } else { 1.3 * alpha };
        let most = allowed + three_errors(allowed, sets);
        Row::checked(
            format!(
                "{},{}; n={samples}; limit {:.3},{alpha},{sets},{wrong:.5},{most:.5},{:.3},{power:.4}",
                gate.name,
                kind.name(),
                gate.limit,
                gate.better
            ),
            wrong <= most,
        )
    };
    [0.05, 0.01].map(row).into()
}
