//! `cleanbench score`: the recorded answers of a run, judged by the scorers that its suite has now, and what that
//! changes.

use cleanbench_core::Exit;
use cleanbench_plan::score::score as rescored;
use cleanbench_report::Recording;
use cleanbench_study::reread::changed;

use crate::arguments::ScoreArguments;
use crate::failure::Failure;
use crate::format::Format;
use crate::printer::{self, Printer};
use crate::reread_table;
use crate::session::{self, Session};
use crate::starting::{load, start};

/// Judges what a run recorded anew.
pub(super) fn score(arguments: &ScoreArguments, printer: Printer) -> Result<Exit, Failure> {
    let earlier = rescored(&arguments.out.out, &arguments.run)?;
    let loaded = load(arguments.suite.as_deref(), &arguments.grants)?;
    let options = arguments.options();
    let started = start(&options, &earlier, &loaded, Vec::new(), printer)?;
    let session = Session {
        endpoints: &started.endpoints,
        source: earlier.replay.as_ref(),
        imported: None,
        conduct: arguments.conduct(),
        told: &started.told,
        printer,
    };
    let directory = started.opened.run.clone();
    let exit = session::run(started.opened, session)?;
    if let Some(source) = &earlier.replay {
        let before = Recording::open(source.run.clone())?;
        let now = Recording::open(directory)?;
        let table = reread_table::text(&changed(&before, &now)?);
        match arguments.out.format {
            Format::Text => printer::result(table),
            Format::Json => printer.say(table),
        }
    }
    Ok(exit)
}
