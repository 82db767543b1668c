//! `cleanbench merge`: one run from the shards that several machines made.

use cleanbench_core::{Exit, gate};
use cleanbench_engine::merge::{Difference, MergeError, merge as merge_runs};
use cleanbench_ledger::{LedgerError, directory};
use cleanbench_report::Recording;
use cleanbench_report::tables::write_all;

use super::report::unwritten;
use crate::arguments::MergeArguments;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session::{is_answered, print_result, say_notes, say_tables};

/// Merges shards, draws the tables, and prints the summary of the whole.
pub(super) fn merge(arguments: &MergeArguments, printer: Printer) -> Result<Exit, Failure> {
    let mut runs = Vec::new();
    for word in &arguments.runs {
        runs.push(directory::find(&arguments.out.out, word)?);
    }
    let merged = merge_runs(runs, &arguments.out.out, arguments.partial)?;
    let folder = merged.path().display().to_string();
    printer.say(format!("run: {folder}"));
    let recording = Recording::open(merged)?;
    let report = write_all(&recording).map_err(|error| unwritten(error, &recording))?;
    let is_open = report.summary.rows.iter().any(|row| row.open > 0);
    let exit = match is_answered(&report.summary) {
        _ if is_open => Exit::Inconclusive,
        true => Exit::Done,
        false => Exit::Unanswered,
    };
    let exit = exit.worst(gate::exit_of(&report.gates));
    print_result(&recording, &report, arguments.out.format, Some(exit));
    say_notes(&recording, &report, &[], printer);
    say_tables(&recording, printer);
    Ok(exit)
}

impl From<MergeError> for Failure {
    fn from(error: MergeError) -> Self {
        let usage = |error: &MergeError| Self::new(Exit::Usage, error);
        match &error {
            MergeError::Ledger(inner @ LedgerError::Io(_)) => Self::new(Exit::CannotWrite, inner)
                .hint("nothing is merged, and the shards are as they were; make room, or choose another output folder with `-o DIR`"),
            MergeError::Ledger(inner) => inner.clone().into(),
            MergeError::NotAShard(_) => usage(&error)
                .hint("shards are made with: cleanbench run SUITE --shard 1/2, --shard 2/2"),
            MergeError::NotEnded(run) => Self::new(Exit::CannotWrite, &error).hint(format!(
                "let it end, or go on with: cleanbench run --resume {}",
                run.display()
            )),
            MergeError::Differs {
                one,
                difference: Difference::Key,
                ..
            } => Self::new(Exit::ConfigInvalid, &error).hint(format!(
                "copy `{}` as `suite.key` into the suite's folder on every machine, and make the shards that were under another key again",
                one.join("inputs/suite.key").display()
            )),
            MergeError::Differs { .. } => Self::new(Exit::ConfigInvalid, &error).hint(
                "all shards need the same suite, options and version of cleanbench; only `-j` may differ",
            ),
            MergeError::Twice { .. } => usage(&error).hint("name every shard once"),
            MergeError::Missing { .. } => usage(&error)
                .hint("name the missing shards too, or pass `--partial` and leave their calls open"),
        }
    }
}
