//! `cleanbench score`: the recorded answers of a run, judged by the scorers that its suite has now.
//!
//! A re-score is a run like any other, whose calls are all answered from the earlier one. Nothing is sent.

use cleanbench_core::Exit;
use cleanbench_ledger::manifest::Missing;

use super::basis::{Basis, Narrowed, samples_of};
use super::run;
use crate::arguments::{RunArguments, ScoreArguments};
use crate::failure::Failure;
use crate::replaying::Source;
use crate::session;
use crate::talk::Talk;

/// Judges what a run recorded anew.
pub(super) fn score(arguments: &ScoreArguments, talk: Talk) -> Result<Exit, Failure> {
    let source = Source::open(&arguments.out.out, &arguments.run, Missing::Skip)?;
    let narrowed = Narrowed {
        samples: Some(samples_of(&source.run, &source.manifest)?),
        manifest: source.manifest.clone(),
        selection: None,
    };
    let basis = Basis {
        replay: Some(source),
        narrowed: Some(narrowed),
    };
    let arguments = RunArguments {
        suite: arguments.suite.clone(),
        out: arguments.out.clone(),
        no_cache: true,
        attempt_timeout: 1,
        ..RunArguments::default()
    };
    let (opened, endpoints) = run::start(&arguments, &basis, talk)?;
    session::run(opened, &endpoints, basis.replay.as_ref(), &arguments, talk)
}
