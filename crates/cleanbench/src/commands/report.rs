//! `cleanbench report`: the tables again, from what was recorded.

use cleanbench_core::Exit;
use cleanbench_ledger::directory;
use cleanbench_report::Recording;
use cleanbench_report::tables::write_all;

use crate::arguments::ReportArguments;
use crate::failure::Failure;
use crate::session::print_result;
use crate::talk::Talk;

/// Draws the tables of a run again and prints its summary.
pub(super) fn report(arguments: &ReportArguments, talk: Talk) -> Result<Exit, Failure> {
    let run = directory::find(&arguments.out.out, &arguments.run)?;
    let lock = run.lock()?;
    let recording = Recording::open(run)?;
    let report = write_all(&recording)?;
    drop(lock);
    print_result(&recording, &report, arguments.out.format, None);
    talk.say(format!("tables: {}", recording.run.path().display()));
    Ok(Exit::Done)
}
