//! The rows of the table: which worlds are simulated, and what is promised of each.
//!
//! Invariant: at most [`MOST_ROWS`] rows, each with a name of its own. Rows of one scenario meet the same models,
//! whatever rule they go without.
//!
//! It refuses nothing.

use cleanbench_probe::Class;

use super::scenario::{ByArm, Controls, Leak, Recurring, Rule, Scenario, Stratum};

/// Most rows.
pub const MOST_ROWS: usize = 60;

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What is simulated, for people.
    pub words: &'static str,
    /// The same in numbers.
    pub scenario: Scenario,
    /// What is promised.
    pub promise: Promise,
    /// The rule that it goes without.
    pub without: Option<Rule>,
    /// Whether probes stop once a leak is clear.
    pub stops: bool,
    /// Whether the tests repeat it with few models.
    pub is_repeated: bool,
}

/// What is promised of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Promise {
    /// Models that saw nothing: `strong` in at most 1 %, and `suspected` or worse in at most 5 %.
    Null,
    /// Models that saw nothing, and nothing measures bias: never `strong`; `suspected` is told.
    Unmeasured,
    /// Nothing: the row is told.
    Told,
    /// Models with a leak: at least this class in so large a share.
    Power {
        /// The class or a worse one.
        class: Class,
        /// The share, 0 to 1.
        share: f64,
    },
}

impl Promise {
    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unmeasured => "null, bias not measured",
            Self::Told => "told",
            Self::Power { .. } => "power",
        }
    }
}

impl Row {
    fn null(name: &'static str, words: &'static str, scenario: Scenario) -> Self {
        let promise = if scenario.is_measured() {
            Promise::Null
        } else {
            Promise::Unmeasured
        };
        Self {
            name,
            words,
            scenario,
            promise,
            without: None,
            stops: false,
            is_repeated: false,
        }
    }

    fn told(name: &'static str, words: &'static str, scenario: Scenario) -> Self {
        Self {
            promise: Promise::Told,
            ..Self::null(name, words, scenario)
        }
    }

    fn repeated(self) -> Self {
        Self {
            is_repeated: true,
            ..self
        }
    }

    fn stopping(self) -> Self {
        Self {
            stops: true,
            ..self
        }
    }

    fn without(self, rule: Rule) -> Self {
        Self {
            without: Some(rule),
            promise: Promise::Told,
            is_repeated: false,
            ..self
        }
    }
}

/// All rows.
pub fn rows() -> Vec<Row> {
    let mut rows = rewordings();
    rows.extend(with_references());
    rows.extend(of_siblings());
    rows.extend(families());
    rows.extend(refusals());
    rows.extend(options());
    rows.extend(likelihoods());
    rows.extend(styles());
    rows.extend(sizes());
    rows.extend(unmeasured());
    rows.extend(factors());
    rows.extend(leaks());
    rows.extend(stopping());
    rows
}

/// Rows with stopping on, each beside one of the same scenario without, but for the last.
fn stopping() -> Vec<Row> {
    let all = [families(), with_references(), of_siblings(), leaks()].concat();
    let of = |name: &'static str, words, other: &str| {
        let same = all.iter().find(|row| row.name == other);
        same.map(|row| {
            Row {
                name,
                words,
                is_repeated: false,
                ..row.clone()
            }
            .stopping()
        })
    };
    let pairs = [
        of(
            "stopping-families-12-biased",
            "stopping on: families of 12, originals easier by 15 points",
            "families-12-biased",
        ),
        of(
            "stopping-references-30-15",
            "stopping on: originals are easier by 15 points, two references",
            "references-30-15",
        ),
        of(
            "stopping-siblings-30-15",
            "stopping on: suspects are easier by 15 points",
            "siblings-30-15",
        ),
        of(
            "stopping-leak-40",
            "stopping on: share seen .4, recall .6; 200 + 200 items, two references",
            "leak-40",
        ),
    ];
    let strong = Row {
        promise: Promise::Power {
            class: Class::Strong,
            share: 0.97,
        },
        ..Row::null(
            "stopping-leak-90",
            "stopping on: share seen .9, recall .9; 200 + 200 items, two references",
            Scenario {
                leak: Leak {
                    share: 0.9,
                    recall: 0.9,
                },
                ..referenced(0.1, 0.1)
            },
        )
    };
    pairs
        .into_iter()
        .flatten()
        .chain([strong.stopping()])
        .collect()
}

/// 200 items with rewordings, bias measured on 100 never-sent pairs.
fn never_sent(suspects: f64, controls: f64) -> Scenario {
    Scenario {
        never_sent: 100,
        ..Scenario::new(suspects, controls)
    }
}

/// 200 items with rewordings and two references.
fn referenced(suspects: f64, controls: f64) -> Scenario {
    Scenario {
        references: 2,
        ..Scenario::new(suspects, controls)
    }
}

/// 200 items, 200 siblings and two references.
fn siblings(suspects: f64, controls: f64) -> Scenario {
    Scenario {
        controls: Controls::Siblings,
        ..referenced(suspects, controls)
    }
}

fn by_arm(suspects: f64, controls: f64) -> ByArm {
    ByArm { suspects, controls }
}

fn rewordings() -> Vec<Row> {
    let row =
        |name, words, suspects, controls| Row::null(name, words, never_sent(suspects, controls));
    vec![
        row("reworded-0-0", "nothing is guessed", 0.0, 0.0),
        row(
            "reworded-10-10",
            "a tenth is guessed in both arms",
            0.1,
            0.1,
        )
        .repeated(),
        row(
            "reworded-20-10",
            "originals are easier by 10 points",
            0.2,
            0.1,
        ),
        row(
            "reworded-15-00",
            "originals are easier by 15 points, rewordings never guessed",
            0.15,
            0.0,
        )
        .repeated(),
        row(
            "reworded-30-15",
            "originals are easier by 15 points",
            0.3,
            0.15,
        )
        .repeated(),
        row(
            "reworded-15-30",
            "rewordings are easier by 15 points",
            0.15,
            0.3,
        ),
        Row::null(
            "reworded-30-15-alike",
            "originals are easier by 15 points, all items almost alike",
            Scenario {
                concentration: 20.0,
                ..never_sent(0.3, 0.15)
            },
        ),
    ]
}

fn with_references() -> Vec<Row> {
    let row =
        |name, words, suspects, controls| Row::null(name, words, referenced(suspects, controls));
    vec![
        row(
            "references-30-30",
            "three tenths are guessed in both arms",
            0.3,
            0.3,
        ),
        row(
            "references-30-15",
            "originals are easier by 15 points",
            0.3,
            0.15,
        )
        .repeated(),
        Row::null(
            "both-30-15",
            "originals are easier by 15 points, two references and 100 never-sent pairs",
            Scenario {
                never_sent: 100,
                ..referenced(0.3, 0.15)
            },
        ),
    ]
}

/// Siblings of three templates, guessed at .5, .2 and 0, of which they have another mix.
fn mixed(suspects: [f64; 3], controls: [f64; 3]) -> Scenario {
    let strata = [0.5, 0.2, 0.0]
        .into_iter()
        .zip(suspects.into_iter().zip(controls));
    let strata = strata.map(|(rate, (suspects, controls))| Stratum {
        share: by_arm(suspects, controls),
        guess: by_arm(rate, rate),
    });
    Scenario {
        strata: strata.collect(),
        ..siblings(0.0, 0.0)
    }
}

fn of_siblings() -> Vec<Row> {
    let row =
        |name, words, suspects, controls| Row::null(name, words, siblings(suspects, controls));
    let thirds = [0.4, 0.3, 0.3];
    vec![
        row(
            "siblings-20-20",
            "a fifth is guessed in both arms",
            0.2,
            0.2,
        ),
        row(
            "siblings-30-15",
            "suspects are easier by 15 points",
            0.3,
            0.15,
        ),
        Row::null(
            "mixes-near",
            "siblings of the same three templates in another mix: 6 points",
            mixed(thirds, [0.3, 0.25, 0.45]),
        ),
        Row::null(
            "mixes-far",
            "siblings of the same three templates in another mix: 15 points",
            mixed(thirds, [0.16, 0.15, 0.69]),
        ),
    ]
}

fn families() -> Vec<Row> {
    let reworded = |family, items, suspects, controls| Scenario {
        items,
        family,
        never_sent: 60 * family,
        ..Scenario::new(suspects, controls)
    };
    let beside = |family, items, suspects, controls| Scenario {
        items,
        family,
        ..siblings(suspects, controls)
    };
    vec![
        Row::null(
            "families-4",
            "families of 4, a fifth guessed",
            reworded(4, 200, 0.2, 0.2),
        ),
        Row::null(
            "families-12",
            "families of 12, a fifth guessed",
            reworded(12, 300, 0.2, 0.2),
        )
        .repeated(),
        Row::null(
            "families-4-biased",
            "families of 4, originals easier by 10 points",
            reworded(4, 200, 0.2, 0.1),
        ),
        Row::null(
            "families-12-biased",
            "families of 12, originals easier by 15 points",
            reworded(12, 600, 0.3, 0.15),
        ),
        Row::null(
            "sibling-families-4",
            "siblings in families of 4, a fifth guessed",
            beside(4, 200, 0.2, 0.2),
        ),
        Row::null(
            "sibling-families-12",
            "siblings in families of 12, suspects easier by 15 points",
            beside(12, 600, 0.3, 0.15),
        ),
        Row::null(
            "families-12-single",
            "families of 12, a fifth guessed",
            reworded(12, 300, 0.2, 0.2),
        )
        .without(Rule::Families),
    ]
}

fn refusals() -> Vec<Row> {
    let row = |name, words, declined, scenario: Scenario| {
        Row::null(
            name,
            words,
            Scenario {
                declined,
                ..scenario
            },
        )
    };
    vec![
        row(
            "refused-suspects-4",
            "4 % of suspects refused",
            by_arm(0.04, 0.0),
            never_sent(0.2, 0.2),
        ),
        row(
            "refused-suspects-30",
            "30 % of suspects refused",
            by_arm(0.3, 0.0),
            never_sent(0.2, 0.2),
        )
        .repeated(),
        row(
            "refused-controls-15",
            "15 % of controls refused, originals easier by 10 points",
            by_arm(0.0, 0.15),
            never_sent(0.2, 0.1),
        ),
        row(
            "refused-siblings-30",
            "30 % of siblings refused, suspects easier by 15 points",
            by_arm(0.0, 0.3),
            siblings(0.3, 0.15),
        ),
    ]
}

fn options() -> Vec<Row> {
    let recurring = |share, items| {
        Some(Recurring {
            share,
            items,
            guess: 0.9,
        })
    };
    vec![
        Row::null(
            "options-of-40",
            "half the items have their wrong options in common with 39 others, which leave",
            Scenario {
                recurring: recurring(0.5, 40),
                ..never_sent(0.1, 0.1)
            },
        ),
        Row::null(
            "options-of-2",
            "a tenth of the items share their wrong options with one other; bias by never-sent items",
            Scenario {
                recurring: recurring(0.1, 2),
                ..never_sent(0.1, 0.1)
            },
        ),
        Row::null(
            "options-of-2-references",
            "a tenth of the items share their wrong options with one other; bias by references",
            Scenario {
                recurring: recurring(0.1, 2),
                ..referenced(0.1, 0.1)
            },
        ),
    ]
}

fn likelihoods() -> Vec<Row> {
    let row = |name, words, offset, scenario: Scenario| {
        let scenario = Scenario {
            offset: Some(offset),
            ..scenario
        };
        Row::null(name, words, scenario)
    };
    vec![
        row(
            "likelier-100",
            "originals likelier by one sd",
            1.0,
            never_sent(0.1, 0.1),
        )
        .repeated(),
        row(
            "likelier-100-references",
            "originals likelier by one sd, to references too",
            1.0,
            referenced(0.1, 0.1),
        ),
        row(
            "likelier-100-unmeasured",
            "originals likelier by one sd",
            1.0,
            Scenario::new(0.1, 0.1),
        ),
    ]
}

fn styles() -> Vec<Row> {
    let row = |name, words, scenario: Scenario| {
        let overlap = by_arm(0.25, 0.1);
        Row::null(
            name,
            words,
            Scenario {
                overlap,
                ..scenario
            },
        )
    };
    vec![
        row(
            "style",
            "answers have a quarter of the words of originals, a tenth of those of rewordings",
            never_sent(0.1, 0.1),
        )
        .repeated(),
        row(
            "style-references",
            "the same, bias by references",
            referenced(0.1, 0.1),
        ),
        row(
            "style-siblings",
            "the same of siblings, bias by references",
            siblings(0.1, 0.1),
        ),
        row(
            "style-unmeasured",
            "the same, bias not measured",
            Scenario::new(0.1, 0.1),
        ),
    ]
}

fn sizes() -> Vec<Row> {
    let row = |name, words, items, scenario: Scenario| {
        Row::null(name, words, Scenario { items, ..scenario })
    };
    vec![
        row(
            "items-30",
            "30 items, originals easier by 10 points",
            30,
            never_sent(0.2, 0.1),
        ),
        row(
            "items-60",
            "60 items and references, originals easier by 15 points",
            60,
            referenced(0.3, 0.15),
        )
        .repeated(),
        row(
            "items-600",
            "600 items, originals easier by 10 points",
            600,
            never_sent(0.2, 0.1),
        ),
        row(
            "items-2000",
            "2,000 items, originals easier by 15 points",
            2_000,
            never_sent(0.3, 0.15),
        ),
        row(
            "items-2000-by-50",
            "2,000 items, originals easier by 15 points, which 50 never-sent pairs measure",
            2_000,
            Scenario {
                never_sent: 50,
                ..never_sent(0.3, 0.15)
            },
        ),
    ]
}

fn unmeasured() -> Vec<Row> {
    vec![
        Row::null(
            "unmeasured-20-20",
            "a fifth is guessed in both arms, bias not measured",
            Scenario::new(0.2, 0.2),
        ),
        Row::null(
            "unmeasured-30-15",
            "originals easier by 15 points, bias not measured",
            Scenario::new(0.3, 0.15),
        ),
    ]
}

fn factors() -> Vec<Row> {
    let row = |name, words, factor| {
        let scenario = Scenario {
            factor,
            ..referenced(0.2, 0.1)
        };
        Row::told(name, words, scenario)
    };
    vec![
        row(
            "guesses-1.5",
            "the model guesses 1.5 times as often as its references",
            1.5,
        ),
        row(
            "guesses-2",
            "the model guesses twice as often as its references",
            2.0,
        ),
        row(
            "guesses-3",
            "the model guesses three times as often as its references",
            3.0,
        ),
    ]
}

fn leaks() -> Vec<Row> {
    let leaked = |items, share, scenario: Scenario| Scenario {
        items,
        leak: Leak { share, recall: 0.6 },
        ..scenario
    };
    let row = |name, words, class, share, scenario| Row {
        promise: Promise::Power { class, share },
        ..Row::null(name, words, scenario)
    };
    let large = row(
        "leak-40",
        "share seen .4, recall .6; 200 + 200 items, two references",
        Class::Strong,
        0.97,
        leaked(200, 0.4, referenced(0.1, 0.1)),
    );
    let small = row(
        "leak-10",
        "share seen .1, recall .6; 600 + 600 items, two references",
        Class::Suspected,
        0.70,
        leaked(600, 0.1, referenced(0.1, 0.1)),
    );
    let named = |name, row: &Row| Row {
        name,
        ..row.clone()
    };
    vec![
        Row {
            is_repeated: true,
            ..large.clone()
        },
        named("leak-40-known", &large).without(Rule::Measuring),
        named("leak-40-unfiltered", &large).without(Rule::GuessFilter),
        small.clone(),
        named("leak-10-known", &small).without(Rule::Measuring),
        named("leak-10-unfiltered", &small).without(Rule::GuessFilter),
        named("leak-10-each", &small).without(Rule::Holm),
        named("leak-10-hits", &small).without(Rule::Measures),
        Row::told(
            "leak-40-never-sent",
            "share seen .4, recall .6; 200 items with rewordings, 100 never-sent pairs",
            leaked(200, 0.4, never_sent(0.1, 0.1)),
        ),
        Row::told(
            "leak-40-refused",
            "share seen .4, recall .6; 200 + 200 items, two references, 15 % of suspects refused",
            Scenario {
                declined: by_arm(0.15, 0.0),
                ..leaked(200, 0.4, referenced(0.1, 0.1))
            },
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_few_and_their_shares_add_up() {
        let rows = rows();
        assert!(rows.len() <= MOST_ROWS, "{}", rows.len());
        let names: std::collections::BTreeSet<_> = rows.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), rows.len());
        for row in &rows {
            let sum = |of: fn(&ByArm) -> f64| -> f64 {
                row.scenario.strata.iter().map(|one| of(&one.share)).sum()
            };
            let sums = [sum(|arms| arms.suspects), sum(|arms| arms.controls)];
            assert!(
                sums.iter().all(|sum| (sum - 1.0).abs() < 1e-9),
                "{}",
                row.name
            );
            let ByArm { suspects, controls } = row.scenario.guess();
            assert!((suspects - controls).abs() < 0.151, "{}", row.name);
        }
        assert_eq!(rows.iter().filter(|row| row.is_repeated).count(), 10);
    }
}
