//! At which positions the right options of a task stand.
//!
//! Invariant: what is counted is what a model is shown, after options were shuffled.

use cleanbench_core::Sample;

use crate::choices;
use crate::places::speaks_of_places;
use crate::words::shown;

/// Fewest samples of which anything is said.
const FEWEST: u64 = 20;
/// Share of the targets, in per cent, above which one position holds too many.
const MOST_SHARE: u64 = 60;

/// An option that speaks of others.
#[derive(Debug)]
struct OfPlaces {
    sample: String,
    option: String,
}

/// Counts of right options by their position.
#[derive(Debug, Default)]
pub(crate) struct Balance {
    counts: Vec<u64>,
    samples: u64,
    /// Options of the sample with the most.
    options: usize,
    /// Samples with options that speak of the places of others, which are not shuffled.
    of_places: u64,
    /// The first of these options, and the sample that has it.
    first_of_places: Option<OfPlaces>,
}

impl Balance {
    /// Takes in `sample`, if one of its options is right.
    pub(crate) fn add(&mut self, sample: &Sample, is_shuffled: bool) {
        if is_shuffled && let Some(option) = speaks_of_places(&sample.choices) {
            self.of_places += 1;
            self.first_of_places.get_or_insert_with(|| OfPlaces {
                sample: sample.id.clone(),
                option: option.to_owned(),
            });
        }
        let Some(target) = sample.target.as_ref().and_then(|target| target.as_str()) else {
            return;
        };
        let Some(position) = sample.choices.iter().position(|choice| choice == target) else {
            return;
        };
        if self.counts.len() <= position {
            self.counts.resize(position + 1, 0);
        }
        self.counts[position] += 1;
        self.samples += 1;
        self.options = self.options.max(sample.choices.len());
    }

    /// What must be said where samples of a task that is shuffled keep their order.
    pub(crate) fn kept_in_order(&self) -> Option<String> {
        let OfPlaces { sample, option } = self.first_of_places.as_ref()?;
        let keep = match self.of_places {
            1 => "1 sample keeps its options in their order: one of them speaks",
            _ => "samples keep their options in their order: one of them speaks",
        };
        let count = match self.of_places {
            1 => String::new(),
            several => format!("{several} "),
        };
        Some(format!(
            "{count}{keep} of others or has a letter of its own, as {} of sample {}",
            shown(option),
            shown(sample)
        ))
    }

    /// What must be said where one position holds too many, of a task with these options of its own.
    pub(crate) fn warning(&self, of_task: &[String]) -> Option<String> {
        let positions = self.counts.iter().enumerate();
        let (position, count) = positions.max_by_key(|(_, count)| **count)?;
        if self.samples < FEWEST || count * 100 <= self.samples * MOST_SHARE {
            return None;
        }
        let letter = choices::letter(position);
        let option = match of_task.get(position) {
            Some(text) => shown(text),
            None => format!("option {letter} of {}", self.options),
        };
        let share = count * 100 / self.samples;
        Some(format!(
            "{option} is right in {share} % of {} samples: whoever always says so scores as much",
            self.samples
        ))
    }
}
