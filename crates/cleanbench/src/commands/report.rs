//! `cleanbench report`: the tables again, from what was recorded.

use cleanbench_core::Exit;
use cleanbench_report::tables::write_all;
use cleanbench_report::{Recording, ReportError};

use super::derived::{Located, locate, redraw};
use crate::arguments::ReportArguments;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session::{print_result, say_notes};

/// What to do next where the tables cannot be written.
pub(super) fn unwritten(error: ReportError, recording: &Recording) -> Failure {
    let failure = Failure::from(error);
    if failure.exit != Exit::CannotWrite {
        return failure;
    }
    let folder = recording.run.path().display();
    let what = failure.messages.join("; ");
    Failure::new(failure.exit, format!("cannot write to `{folder}`: {what}")).hint(format!(
        "the run is kept as it was; make room there, then draw its tables with: cleanbench report {folder}"
    ))
}

/// Draws the tables of a run again and prints its summary.
pub(super) fn report(arguments: &ReportArguments, printer: Printer) -> Result<Exit, Failure> {
    let run = match locate(&arguments.out, &arguments.run)? {
        Located::Run(run) => run,
        Located::Derived(folder) => return redraw(&folder, arguments.out.format),
    };
    let lock = run.lock()?;
    let recording = Recording::open(run)?;
    let report = write_all(&recording).map_err(|error| unwritten(error, &recording))?;
    drop(lock);
    print_result(&recording, &report, arguments.out.format, None);
    say_notes(&recording, &report, &[], printer);
    printer.say(format!("tables: {}", recording.run.path().display()));
    Ok(Exit::Done)
}
