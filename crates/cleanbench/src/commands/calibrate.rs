//! `cleanbench calibrate`: what the probes do on models whose contamination is known.

use cleanbench_core::Exit;
use cleanbench_lab::calibration::{assess_all, committed};
use cleanbench_lab::error_rates::{Table, tables};
use serde_json::{Value, json};

use crate::arguments::CalibrateArguments;
use crate::failure::Failure;
use crate::format::Format;
use crate::plain_table::plain_rows;
use crate::printer;

/// What the numbers are, before any of them.
const UNITS: &str = "Recorded answers of small models that this project trained, some of them on their \
benchmark, judged anew by the probes of this version. The rates are those of these models; they are \
not the rates on yours.";

/// Judges the committed answers and prints the tables.
pub(super) fn calibrate(arguments: &CalibrateArguments) -> Result<Exit, Failure> {
    let failure = |error| Failure::new(Exit::Internal, error);
    let models = assess_all(&committed().map_err(failure)?).map_err(failure)?;
    let tables = tables(&models);
    match arguments.format {
        Format::Text => {
            printer::result(UNITS);
            for table in &tables {
                printer::result(format!(
                    "\n{}\n{}",
                    table.title,
                    plain_rows(&table.header, &table.rows)
                ));
            }
        }
        Format::Json => printer::json(&tables.iter().map(json_table).collect::<Value>()),
    }
    Ok(Exit::Done)
}

fn json_table(table: &Table) -> Value {
    json!({"title": table.title, "header": table.header, "rows": table.rows})
}
