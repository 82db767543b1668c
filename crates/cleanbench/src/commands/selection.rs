//! From `SUITE -t … -n …` to the tasks that are meant.

use std::path::{Path, PathBuf};

use cleanbench_core::{Exit, Sampling};
use cleanbench_ledger::replay::SampleName;
use cleanbench_model::{ConfigError, Endpoint, check_sampling};
use cleanbench_suite::{Catalog, LoadError, Rendered, Severity, Suite, Task};

use crate::arguments::SelectArguments;
use crate::failure::Failure;
use crate::talk;

/// Loads the suite at `path`, else the one here. Every diagnostic is printed.
pub(super) fn load_suite(path: Option<&PathBuf>) -> Result<Suite, Failure> {
    let here = PathBuf::from(".");
    let path = match path {
        Some(path) => path,
        None if Path::new("suite.toml").is_file() => &here,
        None => {
            return Err(Failure::new(
                Exit::Usage,
                "no suite named, and there is no `suite.toml` in this folder",
            )
            .hint("name a suite's folder, for example `cleanbench check tasks/ticket-routing`"));
        }
    };
    let catalog = Catalog {
        scorers: &cleanbench_score::Registry,
        probes: &cleanbench_probe::registry::NAMES,
    };
    let loaded = cleanbench_suite::load(path, catalog);
    for diagnostic in &loaded.diagnostics {
        talk::verbatim(diagnostic);
    }
    loaded.suite.ok_or_else(|| {
        let errors = loaded
            .diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error)
            .count();
        let plural = if errors == 1 { "" } else { "s" };
        Failure::new(
            Exit::SuiteInvalid,
            format!("the suite `{}` has {errors} error{plural}", path.display()),
        )
    })
}

/// The tasks that `-t` and `--tag` leave, with the number of samples and epochs of each.
pub(super) struct Selected<'a> {
    pub(super) task: &'a Task,
    pub(super) samples: u64,
    pub(super) epochs: u32,
    /// The samples that are taken, ascending; `None` for all.
    pub(super) names: Option<Vec<SampleName>>,
}

impl Selected<'_> {
    /// Its samples, in the order of the suite.
    pub(super) fn rendered(&self) -> impl Iterator<Item = Result<Rendered, LoadError>> + '_ {
        let limit = usize::try_from(self.samples).unwrap_or(usize::MAX);
        let is_taken = |rendered: &Result<Rendered, LoadError>| match (&self.names, rendered) {
            (Some(names), Ok(rendered)) => {
                let name = SampleName::new(&self.task.name, &rendered.sample.id);
                names.binary_search(&name).is_ok()
            }
            _ => true,
        };
        self.task.samples().take(limit).filter(is_taken)
    }

    /// How `endpoint` samples here. What the user says of a model holds over what the suite says of a task: a
    /// model that reasons needs more tokens than the author of the suite had in mind.
    pub(super) fn sampling(&self, endpoint: &Endpoint) -> Sampling {
        endpoint.sampling.clone().or(&self.task.sampling)
    }
}

/// Refuses what `endpoint` cannot be asked for.
pub(super) fn check_samplings(
    endpoint: &Endpoint,
    selected: &[Selected<'_>],
) -> Result<(), Failure> {
    for chosen in selected {
        check_sampling(endpoint, &chosen.sampling(endpoint)).map_err(|error| {
            let (model, task) = (&endpoint.name, &chosen.task.name);
            let message = format!("model `{model}`, task `{task}`: {}", error.message);
            Failure::config(&[ConfigError { message, ..error }])
        })?;
    }
    Ok(())
}

/// Applies `-t`, `--tag`, `-n` and `--epochs`.
pub(super) fn select<'a>(
    suite: &'a Suite,
    select: &SelectArguments,
) -> Result<Vec<Selected<'a>>, Failure> {
    for name in &select.tasks {
        if !suite.tasks.iter().any(|task| task.name == *name) {
            let known: Vec<_> = suite
                .tasks
                .iter()
                .map(|task| format!("`{}`", task.name))
                .collect();
            return Err(Failure::new(
                Exit::NothingSelected,
                format!("the suite has no task `{name}`"),
            )
            .hint(format!("its tasks are {}", known.join(", "))));
        }
    }
    let wanted = |task: &&Task| {
        let by_name = select.tasks.is_empty() || select.tasks.contains(&task.name);
        let by_tag =
            select.tags.is_empty() || task.tags.iter().any(|tag| select.tags.contains(tag));
        by_name && by_tag
    };
    let selected: Vec<_> = suite
        .tasks
        .iter()
        .filter(wanted)
        .map(|task| Selected {
            task,
            samples: select
                .limit
                .map_or(task.samples, |limit| limit.min(task.samples)),
            epochs: select.epochs.unwrap_or(task.epochs),
            names: None,
        })
        .collect();
    if selected.is_empty() {
        return Err(
            Failure::new(Exit::NothingSelected, "no task of the suite is selected")
                .hint("`cleanbench check` lists tasks and tags"),
        );
    }
    selected.iter().try_for_each(check_epochs)?;
    Ok(selected)
}

/// `--epochs` holds over the suite's, and may leave fewer than a reducer needs.
fn check_epochs(selected: &Selected<'_>) -> Result<(), Failure> {
    let Selected { task, epochs, .. } = selected;
    let needed = task.reducer.epochs_needed();
    if *epochs >= needed {
        return Ok(());
    }
    let what = format!(
        "`--epochs {epochs}` is too few for task `{}`: its reducer `{}` needs {needed}",
        task.name, task.reducer
    );
    Err(Failure::new(Exit::Usage, what).hint("leave `--epochs` out, or raise it"))
}
