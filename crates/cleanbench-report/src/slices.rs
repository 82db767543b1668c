//! Scores by the values of the fields that a task names, gathered for `slices.csv`.
//!
//! Invariant: a slice has a line where one of its samples has a score; samples without a value in a field
//! are in no slice of it.

use std::collections::BTreeMap;

use cleanbench_items::{Estimated, Rules, Tally};

use crate::rows::Belongs;

/// A model at the samples of a task that share a value.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceRow {
    /// Position of the line of the model at the whole task.
    pub line: usize,
    /// The field of the samples' metadata.
    pub field: String,
    /// Their value in it.
    pub value: String,
    /// The mean over those with a score.
    pub estimated: Estimated,
}

/// The scores of every slice of one line, by field in the task's order and value.
#[derive(Debug, Default)]
pub(crate) struct SliceTallies {
    fields: Vec<(String, BTreeMap<String, Tally>)>,
}

impl SliceTallies {
    /// Has `add` add the score of a sample that belongs there to each of its slices.
    pub(crate) fn add(&mut self, belongs: &Belongs, add: impl Fn(&mut Tally)) {
        for (field, value) in &belongs.slices {
            let tallies = self.of(field);
            if let Some(tally) = tallies.get_mut(value) {
                add(tally);
            } else {
                let mut tally = Tally::default();
                add(&mut tally);
                tallies.insert(value.clone(), tally);
            }
        }
    }

    fn of(&mut self, field: &str) -> &mut BTreeMap<String, Tally> {
        let known = self.fields.iter().position(|(name, _)| name == field);
        let place = known.unwrap_or_else(|| {
            self.fields.push((field.to_owned(), BTreeMap::new()));
            self.fields.len() - 1
        });
        &mut self.fields[place].1
    }

    /// The slices of `line`, whose samples have `epochs` answers each, in the order of `fields`.
    pub(crate) fn finish(
        self,
        line: usize,
        epochs: u32,
        fields: &[String],
        rules: Rules,
    ) -> Vec<SliceRow> {
        let mut found = self.fields;
        found.sort_by_key(|(name, _)| fields.iter().position(|field| field == name));
        let rows = found.into_iter().flat_map(|(field, values)| {
            values.into_iter().map(move |(value, tally)| SliceRow {
                line,
                field: field.clone(),
                value,
                estimated: tally.estimate(epochs, rules),
            })
        });
        rows.collect()
    }
}
