//! Gates against a baseline: non-inferiority, the largest drop, and superiority, by [`Pairs`].

use std::collections::HashMap;

use super::law::{Kind, each, pair, seen};
use super::table::{Effort, Row, Table, each as on_all_cores, three_errors};
use cleanbench_items::{Evidence, Extreme, Pair, Pairs, Rules};
use cleanbench_stats::random::Random;

/// A gate on a difference, and a better truth.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Gate {
    NonInferiority,
    MaxDrop,
    Superiority,
}

impl Gate {
    const ALL: [Self; 3] = [Self::NonInferiority, Self::MaxDrop, Self::Superiority];

    fn name(self) -> &'static str {
        match self {
            Self::NonInferiority => "non_inferiority by 0.05",
            Self::MaxDrop => "max_drop of 0.1",
            Self::Superiority => "superiority",
        }
    }

    fn margin(self) -> f64 {
        match self {
            Self::NonInferiority => 0.05,
            Self::MaxDrop => 0.1,
            Self::Superiority => 0.0,
        }
    }

    fn better(self) -> f64 {
        match self {
            Self::NonInferiority | Self::MaxDrop => 0.0,
            Self::Superiority => 0.1,
        }
    }

    fn p(self, evidence: &Evidence, alpha: f64) -> f64 {
        match self {
            Self::Superiority => evidence.better(alpha).0,
            _ => evidence.not_inferior(self.margin(), alpha).0,
        }
    }

    /// Independent rates of fewer than 200 pairs have exact tests, and superiority always has.
    fn is_exact(self, kind: Kind, samples: u32) -> bool {
        kind.is_exact() && (samples < 200 || self == Self::Superiority)
    }
}

/// A gate, with the p-values of rates that were met before: exact ones take their time.
struct Judge {
    gate: Gate,
    alpha: f64,
    known: HashMap<(u64, u64), f64>,
}

impl Judge {
    fn new(gate: Gate, alpha: f64) -> Self {
        Self {
            gate,
            alpha,
            known: HashMap::new(),
        }
    }

    fn passes(&mut self, pairs: &Pairs) -> bool {
        let Ok(evidence) = pairs.evidence(Extreme::Worst, self.alpha) else {
            return false;
        };
        let p = || self.gate.p(&evidence, self.alpha);
        let p = match &evidence {
            Evidence::Rates(rates) => {
                let key = (rates.only_first(), rates.only_second());
                *self.known.entry(key).or_insert_with(p)
            }
            Evidence::Differences(_) => p(),
        };
        p < self.alpha
    }
}

fn draw(random: &mut Random, kind: Kind, samples: u32, effect: f64) -> Pairs {
    let clusters = kind.clusters(samples);
    let scores = each(&clusters, samples, || pair(random, kind, effect));
    let all = scores.into_iter().map(|(base, new)| Pair {
        base: seen(random, kind, base),
        new: seen(random, kind, new),
    });
    Pairs {
        all: all.collect(),
        clusters,
        alone: 0,
        rules: Rules::Now,
    }
}

pub(crate) fn table(effort: Effort) -> Table {
    let kinds = effort.some(&Kind::ALL);
    let numbers: &[u32] = if effort.thorough { &[60, 300] } else { &[60] };
    let settings = kinds.iter().flat_map(|kind| {
        let each = |number: &u32| Gate::ALL.map(|gate| (gate, *kind, *number));
        numbers.iter().flat_map(each)
    });
    let rows = on_all_cores(&settings.collect::<Vec<_>>(), |&(gate, kind, samples)| {
        [0.05, 0.01].map(|alpha| row(effort.samples, Judge::new(gate, alpha), kind, samples))
    });
    Table::new(
        "gate,setting,alpha,sets,passes wrongly at the boundary,at most,better truth,passes there",
        rows.into_iter().flatten().collect(),
    )
}

fn row(sets: u32, mut judge: Judge, kind: Kind, samples: u32) -> Row {
    let (gate, alpha) = (judge.gate, judge.alpha);
    let mut random = Random::new(52);
    let mut passes = |sets: u32, effect: f64| {
        super::table::share(sets, || {
            judge.passes(&draw(&mut random, kind, samples, effect))
        })
    };
    let wrong = passes(sets, -gate.margin());
    let power = passes(sets / 10, gate.better());
    let allowed = if gate.is_exact(kind, samples) {
        alpha
    } else {
        1.3 * alpha
    };
    let most = allowed + three_errors(allowed, sets);
    Row::checked(
        format!(
            "{},{}; n={samples},{alpha},{sets},{wrong:.5},{most:.5},{},{power:.4}",
            gate.name(),
            kind.name(),
            gate.better()
        ),
        wrong <= most,
    )
}
