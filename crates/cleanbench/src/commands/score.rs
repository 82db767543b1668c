//! `cleanbench score`: the recorded answers of a run, judged by the scorers that its suite has now.
//!
//! A re-score is a run like any other, whose calls are all answered from the earlier one. Nothing is sent.

use cleanbench_core::Exit;
use cleanbench_ledger::Plan;
use cleanbench_ledger::manifest::Missing;
use cleanbench_suite::Suite;

use super::basis::{Basis, Narrowed, samples_of};
use super::run;
use super::selection::load_suite;
use crate::arguments::{RunArguments, ScoreArguments};
use crate::failure::Failure;
use crate::replaying::Source;
use crate::session;
use crate::talk::{self, Talk};

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
    let suite = load_suite(arguments.suite.as_ref())?;
    let (opened, endpoints) = run::plan(&arguments, &basis, &suite, talk)?;
    say_uncommon(&suite, &opened.manifest.plan, &basis, talk);
    session::run(opened, &endpoints, basis.replay.as_ref(), &arguments, talk)
}

/// Says how many samples only the suite has, and how many only the run.
fn say_uncommon(suite: &Suite, plan: &Plan, basis: &Basis, talk: Talk) {
    let (mut new, mut gone) = (0, 0);
    for task in &plan.tasks {
        let now = suite.tasks.iter().find(|now| now.name == task.name);
        new += now.map_or(0, |now| now.samples.saturating_sub(task.samples));
        let earlier = basis
            .replay
            .iter()
            .flat_map(|source| &source.manifest.plan.tasks);
        let before = earlier.filter(|before| before.name == task.name);
        gone += before
            .map(|before| before.samples.saturating_sub(task.samples))
            .sum::<u64>();
    }
    if new > 0 {
        talk.say(format!(
            "{new} samples of the suite are not in the run; they are left out"
        ));
    }
    if gone > 0 {
        talk::warn(format!(
            "{gone} samples of the run are not in the suite any more; they are left out"
        ));
    }
}
