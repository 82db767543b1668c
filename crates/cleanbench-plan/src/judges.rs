//! From the scorers and probes of a plan to what judges answers, and the programs that they would run.

use cleanbench_core::{Digest, Judge, Scorer, ScorerSpec, SpecError};
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_score::{Commands, programs};

use crate::{ErrorKind, PlanError};

/// What judges the answers of `task`; with `commands`, a program may.
///
/// # Errors
/// When a scorer or a probe is not known here.
pub fn judge(task: &TaskPlan, commands: Option<&Commands>) -> Result<Judge, PlanError> {
    match &task.probe {
        None => scorers(&task.scorers, commands).map(Judge::Scorers),
        Some(plan) => cleanbench_report::probe_of(plan)
            .map(Judge::Probe)
            .map_err(|error| PlanError::new(ErrorKind::SuiteInvalid, error)),
    }
}

/// The scorers that `specs` name; they were checked when the suite was loaded.
fn scorers(
    specs: &[ScorerSpec],
    commands: Option<&Commands>,
) -> Result<Vec<Box<dyn Scorer>>, PlanError> {
    let build = |spec| {
        let built = match commands {
            Some(commands) => cleanbench_score::build_allowing(spec, commands),
            None => cleanbench_score::build(spec),
        };
        built.map_err(|errors| unbuilt(&errors))
    };
    specs.iter().map(build).collect()
}

/// Why there is no scorer.
fn unbuilt(errors: &[SpecError]) -> PlanError {
    let kind = if errors.iter().all(|error| error.may_pass) {
        ErrorKind::Undecided
    } else {
        ErrorKind::SuiteInvalid
    };
    let what = errors.iter().map(ToString::to_string).collect();
    let hints = errors.iter().filter_map(|error| error.hint.clone());
    PlanError {
        hints: hints.collect(),
        ..PlanError::of_all(kind, what)
    }
}

/// Digest over the scorers that `specs` name, with their versions.
pub(crate) fn digest(specs: &[ScorerSpec]) -> Result<Digest, PlanError> {
    let built = scorers(specs, None)?;
    Ok(cleanbench_score::digest_of(specs, &built))
}

/// What judges the answers of a task, by name.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// Name of the task.
    pub task: &'a str,
    /// Its scorers.
    pub scorers: &'a [ScorerSpec],
}

/// Refuses tasks whose answers a program judges, unless that is `allowed`.
///
/// # Errors
/// Which task runs which program, and what allows it.
pub fn check_commands<'a>(
    tasks: impl Iterator<Item = Judged<'a>>,
    allowed: bool,
) -> Result<(), PlanError> {
    if allowed {
        return Ok(());
    }
    for Judged { task, scorers } in tasks {
        if let Some(program) = scorers.iter().flat_map(programs).next() {
            let program = cleanbench_report::cell::safe(&program);
            let what = format!(
                "task `{task}` has its answers judged by a program on this machine: {program}"
            );
            return Err(PlanError::new(ErrorKind::ConfigInvalid, what)
                .hint("if you trust the suite, allow that with `--allow-commands`"));
        }
    }
    Ok(())
}
