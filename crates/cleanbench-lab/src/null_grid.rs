//! The null grid: how often a verdict accuses a simulated model that saw nothing, and how often it finds one that did.
//!
//! [`scenario`] says what a world of items and models is like, [`rows`] which worlds are simulated, [`study`] draws
//! models and judges them, [`mod@table`] counts classes. Only the answers are drawn: the calls come from texts, and findings,
//! bias and verdicts from the code that runs use.
//!
//! Invariant: a row is a function of its scenario, the seed and the number of models; threads, other rows and their
//! order change nothing.
//!
//! It refuses to say anything about a real model: a simulated one guesses by the law that its scenario states.

use rayon::prelude::*;

pub mod draws;
pub mod items;
pub mod rows;
pub mod scenario;
pub mod study;
pub mod table;

use cleanbench_probe::Class;

use rows::Row;
use study::{Study, StudyError};
use table::Tally;

/// Classes of `models` models of `row`, drawn by `seed`.
///
/// # Errors
/// When a probe of the scenario is none, or can ask nothing.
pub fn simulate(row: &Row, models: u64, seed: u64) -> Result<Tally, StudyError> {
    let study = if row.stops {
        Study::stopping(&row.scenario, row.without)?
    } else {
        Study::new(&row.scenario, row.without)?
    };
    let class = |number: u64| -> Class {
        let model = study.model(seed, number);
        study.assess(&model).verdict.class
    };
    let none = Tally::default;
    let counted = (0..models).into_par_iter().map(class);
    Ok(counted.fold(none, Tally::with).reduce(none, Tally::and))
}

#[cfg(test)]
mod tests;
