//! `cleanbench run`: write the plan down, make the calls, draw the tables.

use cleanbench_core::Exit;
use cleanbench_engine::reopen;
use cleanbench_plan::earlier_run::EarlierRun;
use cleanbench_plan::options::{ResumeOptions, Surroundings};
use cleanbench_plan::resume::{self, Resumed};

use crate::anew::rejudge;
use crate::arguments::RunArguments;
use crate::conduct::Conduct;
use crate::environment::{WhenNeeded, here, trust};
use crate::failure::Failure;
use crate::kept::KeptFindings;
use crate::printer::Printer;
use crate::session::{self, Session, TOOL};
use crate::starting::{load, say, start};

/// Runs a suite, or goes on with a run.
pub(super) fn run(arguments: &RunArguments, printer: Printer) -> Result<Exit, Failure> {
    if let Some(word) = &arguments.resume {
        let options = arguments.resume_options(word);
        return go_on(&options, arguments.conduct(), printer);
    }
    if arguments.retry_errors {
        // The parser drops a requirement whose own conflicts are met.
        return Err(Failure::new(
            Exit::Usage,
            "`--retry-errors` goes on with a run, and none is named",
        )
        .hint("add `--resume RUN`, or `--resume` for the latest"));
    }
    let mut options = arguments.options();
    let earlier = match &arguments.replay {
        Some(word) => EarlierRun::replayed(&options, word)?,
        None => EarlierRun::default(),
    };
    let loaded = load(arguments.suite.as_deref(), &arguments.grants)?;
    let rejudged = rejudge(&options, &loaded, arguments.out.format)?;
    if let Some(rejudged) = &rejudged {
        rejudged.enter(&mut options);
    }
    let started = start(&options, &earlier, &loaded, Vec::new(), printer)?;
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

/// Makes the calls of a run that have not ended.
pub(super) fn go_on(
    options: &ResumeOptions,
    conduct: Conduct,
    printer: Printer,
) -> Result<Exit, Failure> {
    let run = resume::find(options)?;
    printer.detail(format!("resuming {}", run.path().display()));
    let opened = reopen(run)?;
    let around = Surroundings {
        folder: here(),
        variables: &WhenNeeded,
        trust: trust(),
        supported: &KeptFindings,
        today: "",
        tool: TOOL,
    };
    let mut notes = Vec::new();
    let resumed = resume::resume(options, &opened.run, &opened.manifest, around, &mut notes);
    say(&notes, printer);
    let Resumed { endpoints, source } = resumed?;
    let session = Session {
        endpoints: &endpoints,
        source: source.as_ref(),
        imported: None,
        conduct,
        told: &notes,
        printer,
    };
    session::run(opened, session)
}
