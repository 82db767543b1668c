//! Classes of simulated models, counted, and the table of all rows.
//!
//! Rates stand with their exact one-sided 95 % upper bound (Clopper and Pearson 1934); a promise is held where the rate is at
//! most what was promised and three standard errors of a simulation at that rate.
//!
//! Invariant: a table is a function of rows, tallies and seed.

use cleanbench_probe::Class;
use cleanbench_stats::{Confidence, clopper_pearson};

use super::rows::{Promise, Row};

/// Rates of models that saw nothing: at most this share is `strong`, and this `suspected` or worse.
pub const STRONG: f64 = 0.01;
/// See [`STRONG`].
pub const SUSPECTED: f64 = 0.05;
/// Standard errors of the simulation that a promise leaves.
const ERRORS: f64 = 3.0;
/// Chance that a true rate is above its upper bound.
const ALPHA: f64 = 0.05;

/// How many models got which class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally([u64; Class::ALL.len()]);

impl Tally {
    /// With one more model.
    #[must_use]
    pub fn with(mut self, class: Class) -> Self {
        let place = Class::ALL.iter().position(|one| *one == class);
        self.0[place.unwrap_or(0)] += 1;
        self
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += other;
        }
        self
    }

    /// Models of this class.
    pub fn count(self, class: Class) -> u64 {
        let place = Class::ALL.iter().position(|one| *one == class);
        place.map_or(0, |place| self.0[place])
    }

    /// Models of this class or a worse one.
    pub fn at_least(self, class: Class) -> Rate {
        let worse = Class::ALL.into_iter().filter(|one| *one <= class);
        Rate {
            count: worse.map(|one| self.count(one)).sum(),
            models: self.0.iter().sum(),
        }
    }
}

/// A share of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Models that count.
    pub count: u64,
    /// All models.
    pub models: u64,
}

impl Rate {
    /// The share, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "models are few")]
    pub fn share(self) -> f64 {
        self.count as f64 / self.models.max(1) as f64
    }

    /// Its exact one-sided 95 % upper bound.
    pub fn upper(self) -> f64 {
        let confidence = Confidence::one_sided(ALPHA);
        let interval =
            confidence.and_then(|confidence| clopper_pearson(self.count, self.models, confidence));
        interval.map_or(1.0, |interval| interval.high)
    }

    /// Whether it may be one of at most `promised`.
    pub fn is_at_most(self, promised: f64) -> bool {
        self.share() <= promised + ERRORS * self.error(promised)
    }

    /// Whether it may be one of at least `promised`.
    pub fn is_at_least(self, promised: f64) -> bool {
        self.share() >= promised - ERRORS * self.error(promised)
    }

    /// Standard error of the simulation of a rate.
    #[expect(clippy::cast_precision_loss, reason = "models are few")]
    fn error(self, rate: f64) -> f64 {
        (rate * (1.0 - rate) / self.models.max(1) as f64).sqrt()
    }
}

/// Whether a row keeps its promise; `None` where nothing is promised.
pub fn holds(row: &Row, tally: Tally) -> Option<bool> {
    let strong = tally.at_least(Class::Strong);
    match row.promise {
        Promise::Null => {
            let suspected = tally.at_least(Class::Suspected);
            Some(strong.is_at_most(STRONG) && suspected.is_at_most(SUSPECTED))
        }
        Promise::Unmeasured => Some(strong.count == 0),
        Promise::Told => None,
        Promise::Power { class, share } => Some(tally.at_least(class).is_at_least(share)),
    }
}

/// A column: its name and what stands in it.
struct Column {
    name: &'static str,
    cell: fn(&Row, Tally) -> String,
}

const COLUMNS: &[Column] = &[
    Column {
        name: "row",
        cell: |row, _| row.name.to_owned(),
    },
    Column {
        name: "promise",
        cell: |row, _| promise(row.promise),
    },
    Column {
        name: "without",
        cell: |row, _| {
            row.without
                .map_or_else(String::new, |rule| rule.as_str().to_owned())
        },
    },
    Column {
        name: "controls",
        cell: |row, _| row.scenario.controls.as_str().to_owned(),
    },
    Column {
        name: "items",
        cell: |row, _| row.scenario.items.to_string(),
    },
    Column {
        name: "family",
        cell: |row, _| row.scenario.family.to_string(),
    },
    Column {
        name: "guess_suspects",
        cell: |row, _| number(row.scenario.guess().suspects),
    },
    Column {
        name: "guess_controls",
        cell: |row, _| number(row.scenario.guess().controls),
    },
    Column {
        name: "concentration",
        cell: |row, _| number(row.scenario.concentration),
    },
    Column {
        name: "templates",
        cell: |row, _| row.scenario.strata.len().to_string(),
    },
    Column {
        name: "declined_suspects",
        cell: |row, _| number(row.scenario.declined.suspects),
    },
    Column {
        name: "declined_controls",
        cell: |row, _| number(row.scenario.declined.controls),
    },
    Column {
        name: "recurring_share",
        cell: |row, _| {
            row.scenario
                .recurring
                .map_or_else(String::new, |one| number(one.share))
        },
    },
    Column {
        name: "recurring_items",
        cell: |row, _| {
            row.scenario
                .recurring
                .map_or_else(String::new, |one| one.items.to_string())
        },
    },
    Column {
        name: "offset_sd",
        cell: |row, _| row.scenario.offset.map_or_else(String::new, number),
    },
    Column {
        name: "never_sent",
        cell: |row, _| row.scenario.never_sent.to_string(),
    },
    Column {
        name: "references",
        cell: |row, _| row.scenario.references.to_string(),
    },
    Column {
        name: "factor",
        cell: |row, _| number(row.scenario.factor),
    },
    Column {
        name: "seen",
        cell: |row, _| number(row.scenario.leak.share),
    },
    Column {
        name: "recall",
        cell: |row, _| number(row.scenario.leak.recall),
    },
    Column {
        name: "models",
        cell: |_, tally| tally.at_least(Class::NotAssessed).models.to_string(),
    },
    Column {
        name: "strong",
        cell: |_, tally| tally.count(Class::Strong).to_string(),
    },
    Column {
        name: "suspected",
        cell: |_, tally| tally.count(Class::Suspected).to_string(),
    },
    Column {
        name: "no_evidence",
        cell: |_, tally| tally.count(Class::NoEvidence).to_string(),
    },
    Column {
        name: "underpowered",
        cell: |_, tally| tally.count(Class::Underpowered).to_string(),
    },
    Column {
        name: "not_identifiable",
        cell: |_, tally| tally.count(Class::NotIdentifiable).to_string(),
    },
    Column {
        name: "not_testable",
        cell: |_, tally| tally.count(Class::NotTestable).to_string(),
    },
    Column {
        name: "strong_rate",
        cell: |_, tally| rate(tally.at_least(Class::Strong).share()),
    },
    Column {
        name: "strong_upper",
        cell: |_, tally| rate(tally.at_least(Class::Strong).upper()),
    },
    Column {
        name: "suspected_or_worse_rate",
        cell: |_, tally| rate(tally.at_least(Class::Suspected).share()),
    },
    Column {
        name: "suspected_or_worse_upper",
        cell: |_, tally| rate(tally.at_least(Class::Suspected).upper()),
    },
    Column {
        name: "holds",
        cell: |row, tally| told(holds(row, tally)).to_owned(),
    },
];

fn promise(promise: Promise) -> String {
    match promise {
        Promise::Power { class, share } => format!("{} in at least {share}", class.as_str()),
        other => other.as_str().to_owned(),
    }
}

fn told(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

/// A number of a scenario, without rounding errors.
fn number(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn rate(share: f64) -> String {
    format!("{share:.4}")
}

/// The first line of the table as CSV.
pub fn header() -> String {
    let names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
    format!("{},seed,words\n", names.join(","))
}

/// A row of the table as CSV.
pub fn line(row: &Row, tally: Tally, seed: u64) -> String {
    let cells: Vec<_> = COLUMNS
        .iter()
        .map(|column| (column.cell)(row, tally))
        .collect();
    let cells = cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>();
    format!("{},{seed},{}\n", cells.join(","), quoted(row.words))
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// A row for people.
pub fn told_line(row: &Row, tally: Tally) -> String {
    let share = |class| {
        let found = tally.at_least(class);
        format!(
            "{:>6} (at most {})",
            rate(found.share()),
            rate(found.upper())
        )
    };
    let without = row
        .without
        .map_or_else(String::new, |rule| format!(" without {}", rule.as_str()));
    let kept = match holds(row, tally) {
        Some(true) => "holds",
        Some(false) => "DOES NOT HOLD",
        None => "told",
    };
    format!(
        "{:<24} strong {}  suspected or worse {}  {kept}{without}",
        row.name,
        share(Class::Strong),
        share(Class::Suspected)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::null_grid::rows::rows;

    fn tally(strong: u64, suspected: u64, others: u64) -> Tally {
        let mut tally = Tally::default();
        for (class, times) in [
            (Class::Strong, strong),
            (Class::Suspected, suspected),
            (Class::Underpowered, others),
        ] {
            for _ in 0..times {
                tally = tally.with(class);
            }
        }
        tally
    }

    /// Upper bounds from `scipy.stats.beta.ppf(0.95, k + 1, n - k)`.
    #[test]
    fn rates_stand_with_their_exact_bound() {
        for (count, models, upper) in [
            (0, 5_000, 0.000_598_967_002_314_913_4),
            (50, 5_000, 0.012_640_571_638_739_075),
        ] {
            let found = Rate { count, models }.upper();
            assert!((found - upper).abs() < 1e-9, "{found} {upper}");
        }
        assert!(
            (Rate {
                count: 5,
                models: 5
            }
            .upper()
                - 1.0)
                .abs()
                < 1e-12
        );
    }

    /// 1 % and three standard errors of 5,000 models are 71; 5 % are 296.
    #[test]
    fn promises_leave_three_errors_of_the_simulation() {
        let rows = rows();
        let row =
            |promise: fn(&Promise) -> bool| rows.iter().find(|row| promise(&row.promise)).unwrap();
        let null = row(|promise| *promise == Promise::Null);
        for (strong, suspected, expected) in [
            (71, 0, true),
            (72, 0, false),
            (10, 286, true),
            (10, 287, false),
        ] {
            let found = tally(strong, suspected, 5_000 - strong - suspected);
            assert_eq!(holds(null, found), Some(expected), "{strong} {suspected}");
        }
        let unmeasured = row(|promise| *promise == Promise::Unmeasured);
        assert_eq!(holds(unmeasured, tally(0, 900, 100)), Some(true));
        assert_eq!(holds(unmeasured, tally(1, 0, 999)), Some(false));
        let power = row(|promise| matches!(promise, Promise::Power { .. }));
        assert_eq!(holds(power, tally(1_000, 0, 0)), Some(true));
        assert_eq!(holds(power, tally(900, 100, 0)), Some(false));
    }

    #[test]
    fn a_line_has_a_cell_for_each_column() {
        let rows = rows();
        let columns = header().matches(',').count();
        for row in &rows {
            let line = line(row, tally(1, 2, 3), 7);
            let mut inside = false;
            let commas = line.chars().filter(|letter| {
                inside ^= *letter == '"';
                *letter == ',' && !inside
            });
            assert_eq!(commas.count(), columns, "{line}");
        }
        assert_eq!(number(0.3), "0.3");
        assert_eq!(number(0.0), "0");
    }
}
