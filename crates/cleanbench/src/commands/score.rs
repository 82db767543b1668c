//! `cleanbench score`: the recorded answers of a run, judged by the scorers that its suite has now.

use cleanbench_core::Exit;
use cleanbench_plan::score::score as rescored;

use crate::arguments::ScoreArguments;
use crate::failure::Failure;
use crate::printer::Printer;
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
        conduct: arguments.conduct(),
        told: &started.told,
        printer,
    };
    session::run(started.opened, session)
}
