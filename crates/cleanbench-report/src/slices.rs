//! Scores by the values of the fields that a task names: `slices.csv`.
//!
//! Invariant: a slice has a line where one of its samples has a score; samples without a value in a field
//! are in no slice of it.

use std::collections::BTreeMap;
use std::io::Write;

use csv::Writer;

use crate::rows::Belongs;
use crate::summary::{SliceRow, Summary};
use crate::tally::Tally;
use crate::{ReportError, cell};

/// The table's name.
pub(crate) const FILE: &str = "slices.csv";

const COLUMNS: [&str; 13] = [
    "model",
    "task",
    "scorer",
    "reducer",
    "field",
    "value",
    "n",
    "score",
    "interval_low",
    "interval_high",
    "confidence",
    "method",
    "clusters",
];

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
    pub(crate) fn finish(self, line: usize, epochs: u32, fields: &[String]) -> Vec<SliceRow> {
        let mut found = self.fields;
        found.sort_by_key(|(name, _)| fields.iter().position(|field| field == name));
        let rows = found.into_iter().flat_map(|(field, values)| {
            values.into_iter().map(move |(value, tally)| SliceRow {
                line,
                field: field.clone(),
                value,
                estimated: tally.estimate(epochs),
            })
        });
        rows.collect()
    }
}

/// Writes the table.
///
/// # Errors
/// When `sink` fails.
pub(crate) fn write_csv(summary: &Summary, sink: impl Write) -> Result<(), ReportError> {
    let mut table = Writer::from_writer(sink);
    table.write_record(COLUMNS)?;
    for slice in &summary.slices {
        table.write_record(cells(summary, slice))?;
    }
    table.flush()?;
    Ok(())
}

fn cells(summary: &Summary, slice: &SliceRow) -> [String; COLUMNS.len()] {
    let row = &summary.rows[slice.line];
    let found = &slice.estimated;
    let bound = |bound: Option<f64>| bound.map_or_else(String::new, |bound| bound.to_string());
    [
        cell::text(&row.model),
        cell::text(&row.task),
        row.scorer.clone(),
        row.reducer.to_string(),
        cell::text(&slice.field),
        cell::text(&slice.value),
        found.n.to_string(),
        bound(found.score),
        bound(found.interval.map(|interval| interval.low)),
        bound(found.interval.map(|interval| interval.high)),
        found.interval.map_or("", |_| "0.95").to_owned(),
        found.method.unwrap_or_default().to_owned(),
        found.clusters.to_string(),
    ]
}
