//! `cleanbench score`: the recorded answers of a run, judged by the scorers that its suite has now.

use cleanbench_core::Exit;
use cleanbench_plan::score::score as rescored;

use crate::arguments::ScoreArguments;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session::{self, Session};
use crate::starting::{Started, load, say, start};

/// Judges what a run recorded anew.
pub(super) fn score(arguments: &ScoreArguments, printer: Printer) -> Result<Exit, Failure> {
    let earlier = rescored(&arguments.out.out, &arguments.run)?;
    let loaded = load(arguments.suite.as_deref())?;
    let options = arguments.options();
    let Started { opened, endpoints } = start(&options, &earlier, &loaded.suite, printer)?;
    let tasks = &opened.manifest.plan.tasks;
    say(&earlier.uncommon(&loaded.suite, tasks), printer);
    let session = Session {
        endpoints: &endpoints,
        source: earlier.replay.as_ref(),
        conduct: arguments.conduct(),
        printer,
    };
    session::run(opened, session)
}
