//! Programs that scorers run: which they are, and whether they may.

use cleanbench_core::{Exit, ScorerSpec};
use cleanbench_score::{Commands, programs};

use crate::environment::search_path;
use crate::failure::Failure;

/// The permission to run programs, where `--allow-commands` was given.
pub(crate) fn permission(allowed: bool) -> Option<Commands> {
    allowed.then(|| Commands::allowed(search_path()))
}

/// Refuses tasks that run programs, unless that is `allowed`.
///
/// # Errors
/// Which task runs which program, and what allows it.
pub(crate) fn check_commands<'a>(
    tasks: impl Iterator<Item = (&'a str, &'a [ScorerSpec])>,
    allowed: bool,
) -> Result<(), Failure> {
    if allowed {
        return Ok(());
    }
    for (task, scorers) in tasks {
        if let Some(program) = scorers.iter().flat_map(programs).next() {
            let program = cleanbench_report::cell::safe(&program);
            return Err(Failure::new(
                Exit::ConfigInvalid,
                format!(
                    "task `{task}` has its answers judged by a program on this machine: {program}"
                ),
            )
            .hint("if you trust the suite, allow that with `--allow-commands`"));
        }
    }
    Ok(())
}
