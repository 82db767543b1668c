//! The answers of a baseline, judged by the suite as it is now.
//!
//! Invariant: nothing is asked, and nothing is left behind: what is taken of it is copied into the run that wants it.

use std::path::{Path, PathBuf};

use cleanbench_core::Exit;
use cleanbench_plan::gates::may_judge_anew;
use cleanbench_plan::options::{Anew, BaselineOptions, RunOptions};
use cleanbench_plan::score::score;
use cleanbench_plan::suite::LoadedSuite;

use crate::conduct::Conduct;
use crate::failure::Failure;
use crate::format::Format;
use crate::printer::Printer;
use crate::session::{self, Session};
use crate::starting::start;

/// A folder that is gone when this is.
pub(crate) struct Rejudged {
    _folder: tempfile::TempDir,
    anew: Anew,
}

/// Judges the answers of the baseline that `options` name by `loaded`, where that may say something new.
pub(crate) fn rejudge(
    options: &RunOptions,
    loaded: &LoadedSuite,
    format: Format,
) -> Result<Option<Rejudged>, Failure> {
    let Some(named) = &options.baseline else {
        return Ok(None);
    };
    if !may_judge_anew(options, &loaded.suite)? {
        return Ok(None);
    }
    let folder = tempfile::tempdir().map_err(|error| {
        Failure::new(
            Exit::CannotWrite,
            format!("cannot make a temporary folder: {error}"),
        )
    })?;
    let anew = if options.shard.is_some() {
        // Each shard would make a run of its own of it, and they could not be merged.
        Anew::Failed("a shard judges nothing but its own answers".to_owned())
    } else {
        match into(folder.path(), options, named, loaded, format) {
            Ok(run) => Anew::Judged(run),
            Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
            Err(failure) => Anew::Failed(failure.messages.join("; ")),
        }
    };
    Ok(Some(Rejudged {
        _folder: folder,
        anew,
    }))
}

/// Judges them in a run of its own in the folder `out`; where it is.
fn into(
    out: &Path,
    options: &RunOptions,
    named: &BaselineOptions,
    loaded: &LoadedSuite,
    format: Format,
) -> Result<PathBuf, Failure> {
    let earlier = score(&options.out, &named.run)?;
    let printer = Printer::silent();
    let scored = RunOptions {
        out: out.to_owned(),
        allow_commands: options.allow_commands,
        ..RunOptions::default()
    };
    let started = start(&scored, &earlier, loaded, Vec::new(), printer)?;
    let run = started.opened.run.path().to_owned();
    let session = Session {
        endpoints: &started.endpoints,
        source: earlier.replay.as_ref(),
        imported: None,
        conduct: Conduct {
            allow_commands: options.allow_commands,
            ..Conduct::of_recorded(format)
        },
        told: &started.told,
        printer,
    };
    match session::run(started.opened, session)? {
        Exit::Interrupted => Err(Failure::new(Exit::Interrupted, "interrupted")),
        _ => Ok(run),
    }
}

impl Rejudged {
    /// Says so in `options`.
    pub(crate) fn enter(&self, options: &mut RunOptions) {
        if let Some(baseline) = &mut options.baseline {
            baseline.anew = Some(self.anew.clone());
        }
    }
}
