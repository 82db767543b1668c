//! How often items are called negative that are not: the correlation of an item's score with a model's score on all others,
//! Student's t for it, and Benjamini and Hochberg over the items, as item analysis does.
//!
//! The share of false discoveries (0 where there is none) must be at most .05 in the mean.

use super::table::{Effort, Row, Table, each, real};
use cleanbench_stats::Confidence;
use cleanbench_stats::correlation::{is_negative, pearson};
use cleanbench_stats::multiplicity::benjamini_hochberg;
use cleanbench_stats::random::Random;

/// Models by how often they are right, and items of which some are got wrong by those that are right elsewhere.
#[derive(Clone, Copy)]
struct Setting {
    name: &'static str,
    models: usize,
    items: usize,
    /// How often model `m` of `models` is right.
    rate: fn(usize, usize) -> f64,
    negative: usize,
}

const fn noise(models: usize, items: usize, rate: fn(usize, usize) -> f64) -> Setting {
    Setting {
        name: "nothing but noise",
        models,
        items,
        rate,
        negative: 0,
    }
}

const SETTINGS: [Setting; 6] = [
    noise(8, 400, |_, _| 0.6),
    noise(8, 100, |_, _| 0.9),
    noise(20, 400, |_, _| 0.6),
    Setting {
        name: "models of all strengths",
        models: 8,
        items: 400,
        rate: strength,
        negative: 0,
    },
    Setting {
        name: "two strengths; ten items the other way round",
        models: 8,
        items: 400,
        rate: two,
        negative: 10,
    },
    Setting {
        name: "two strengths; ten items the other way round",
        models: 20,
        items: 200,
        rate: two,
        negative: 10,
    },
];

fn strength(model: usize, models: usize) -> f64 {
    0.3 + 0.6 * length(model) / length(models - 1)
}

fn two(model: usize, models: usize) -> f64 {
    if 2 * model < models { 0.95 } else { 0.25 }
}

fn length(count: usize) -> f64 {
    real(u64::try_from(count).unwrap_or(u64::MAX))
}

pub(crate) fn table(effort: Effort) -> Table {
    // A set is hundreds of items.
    let sets = effort.samples / 20;
    let rows = each(&effort.some(&SETTINGS), |setting| setting.row(sets));
    Table::new(
        "setting,models,items,sets,share of false discoveries,standard error,at most,share of negative items found",
        rows,
    )
}

impl Setting {
    fn row(self, sets: u32) -> Row {
        let mut random = Random::new(43);
        let (mut false_share, mut squares, mut found) = (0.0, 0.0, 0.0);
        for _ in 0..sets {
            let called = called(&self.draw(&mut random));
            let right = called.iter().filter(|item| **item < self.negative).count();
            let wrong = length(called.len() - right) / length(called.len().max(1));
            false_share += wrong / f64::from(sets);
            squares += wrong * wrong / f64::from(sets);
            found += length(right) / length(self.negative.max(1)) / f64::from(sets);
        }
        let error = ((squares - false_share * false_share).max(0.0) / f64::from(sets)).sqrt();
        let most = 0.05 + 3.0 * error.max((0.05 * 0.95 / f64::from(sets)).sqrt());
        let Self {
            name,
            models,
            items,
            ..
        } = self;
        Row::checked(
            format!(
                "{name},{models},{items},{sets},{false_share:.5},{error:.5},{most:.5},{found:.4}"
            ),
            false_share <= most,
        )
    }

    /// The score of every item by every model.
    fn draw(self, random: &mut Random) -> Vec<Vec<f64>> {
        let mut score = |item: usize, model: usize| {
            let rate = (self.rate)(model, self.models);
            let rate = if item < self.negative {
                1.0 - rate
            } else {
                rate
            };
            f64::from(u8::from(random.unit() < rate))
        };
        (0..self.items)
            .map(|item| (0..self.models).map(|model| score(item, model)).collect())
            .collect()
    }
}

/// The items that are called negative.
fn called(items: &[Vec<f64>]) -> Vec<usize> {
    let models = items.first().map_or(0, Vec::len);
    let totals: Vec<f64> = (0..models)
        .map(|model| items.iter().map(|scores| scores[model]).sum())
        .collect();
    let p = |scores: &Vec<f64>| {
        let rest: Vec<_> = totals
            .iter()
            .zip(scores)
            .map(|(total, own)| total - own)
            .collect();
        let found = pearson(scores, &rest, Confidence::PERCENT_95)?;
        Some(is_negative(found.r, found.n))
    };
    // An item that all models made the same of is not tested.
    let tested = items.iter().enumerate();
    let (places, p): (Vec<_>, Vec<_>) = tested
        .filter_map(|(place, scores)| Some((place, p(scores)?)))
        .unzip();
    let adjusted = benjamini_hochberg(&p).into_iter();
    let called = places.into_iter().zip(adjusted).filter(|(_, p)| *p < 0.05);
    called.map(|(place, _)| place).collect()
}
