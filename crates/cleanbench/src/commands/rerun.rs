//! `cleanbench rerun`: put some samples of a run again, picked by what the run says of them.
//!
//! Calls that got no answer are asked again in the run itself, as by `run --resume RUN --retry-errors`:
//! nothing was decided by their result. Whatever else is picked goes into a run of its own, so that first
//! and second results never mix.

use cleanbench_core::Exit;
use cleanbench_ledger::RunDirectory;
use cleanbench_ledger::manifest::Only;
use cleanbench_plan::rerun::{self as plan, Picked};
use cleanbench_report::Recording;
use cleanbench_study::rerun::beside;

use super::run;
use crate::arguments::{RerunArguments, RerunOnly};
use crate::failure::Failure;
use crate::format::Format;
use crate::printer::{self, Printer};
use crate::rerun_table;
use crate::session::{self, Session};
use crate::starting::{load, say, start};

/// Puts some samples of a run again.
pub(super) fn rerun(arguments: &RerunArguments, printer: Printer) -> Result<Exit, Failure> {
    match arguments.only {
        RerunOnly::Errors => errors(arguments, printer),
        RerunOnly::Failed => picked(arguments, Only::Failed, printer),
        RerunOnly::Flaky => picked(arguments, Only::Flaky, printer),
        RerunOnly::Changed => changed(arguments, printer),
    }
}

fn errors(arguments: &RerunArguments, printer: Printer) -> Result<Exit, Failure> {
    if arguments.suite.is_some() || !arguments.grants.is_empty() {
        let what = "`--only errors` goes on with the run itself and reads no suite";
        return Err(Failure::new(Exit::Usage, what)
            .hint("leave the suite out, and what may be read besides it"));
    }
    run::go_on(&arguments.resume_options(), arguments.conduct(), printer)
}

/// Asks the samples of a run again that its results pick.
fn picked(arguments: &RerunArguments, only: Only, printer: Printer) -> Result<Exit, Failure> {
    let Picked { of, start: earlier } = plan::picked(&arguments.out.out, &arguments.run, only)?;
    let loaded = load(arguments.suite.as_deref(), &arguments.grants)?;
    let options = arguments.options();
    let started = start(&options, &earlier, &loaded, Vec::new(), printer)?;
    let directory = started.opened.run.clone();
    let session = Session {
        endpoints: &started.endpoints,
        source: None,
        imported: None,
        conduct: arguments.conduct(),
        told: &started.told,
        printer,
    };
    let exit = session::run(started.opened, session)?;
    print_beside(&of, directory, arguments.out.format, printer)?;
    Ok(exit)
}

/// Prints every second score beside the first one.
fn print_beside(
    earlier: &Recording,
    later: RunDirectory,
    format: Format,
    printer: Printer,
) -> Result<(), Failure> {
    let later = Recording::open(later)?;
    let table = rerun_table::text(&beside(earlier, &later)?);
    match format {
        Format::Text => printer::result(table),
        Format::Json => printer.say(table),
    }
    Ok(())
}

/// Asks what has changed since a run, and takes everything else from it.
fn changed(arguments: &RerunArguments, printer: Printer) -> Result<Exit, Failure> {
    let loaded = load(arguments.suite.as_deref(), &arguments.grants)?;
    let mut notes = Vec::new();
    let out = &arguments.out.out;
    let earlier = plan::changed(out, &arguments.run, &loaded.suite, &mut notes)?;
    say(&notes, printer);
    let options = arguments.options();
    let started = start(&options, &earlier, &loaded, notes, printer)?;
    let session = Session {
        endpoints: &started.endpoints,
        source: earlier.replay.as_ref(),
        imported: None,
        conduct: arguments.conduct(),
        told: &started.told,
        printer,
    };
    session::run(started.opened, session)
}
