//! Loading the suite that was named.

use std::path::{Path, PathBuf};

use cleanbench_files::Roots;
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_suite::{Catalog, Diagnostic, Grants, MANIFEST, NamedData, Pulse, Severity, Suite};

use crate::{ErrorKind, PlanError};

/// Most names of tasks that a hint lists.
const MOST_SHOWN: usize = 20;

/// A suite that can be used.
#[derive(Debug)]
pub struct LoadedSuite {
    /// The suite.
    pub suite: Suite,
    /// What looks odd in it.
    pub warnings: Vec<Diagnostic>,
}

impl LoadedSuite {
    /// The warnings as notes: without the line at hand, which may be private, and with the file as seen from the
    /// suite's folder, so that all machines that have the suite say the same.
    pub fn notes(&self) -> impl Iterator<Item = Note> + '_ {
        self.warnings.iter().map(|warning| {
            let path = &warning.path;
            let inner = path.strip_prefix(&self.suite.dir).unwrap_or(path);
            let text = format!("{}:{}: {}", inner.display(), warning.line, warning.message);
            Note::new(NoteKind::Suite, text)
        })
    }
}

/// Loads the suite at `named`, else the one in `folder`. It reads nothing outside of its own folder but what `grants`
/// name; `pulse` beats with every record.
///
/// # Errors
/// When there is none, or it has errors, which are then among the diagnostics.
pub fn load_suite(
    named: Option<&Path>,
    folder: &Path,
    grants: &Grants,
    pulse: &Pulse,
) -> Result<LoadedSuite, PlanError> {
    grants.folders.iter().try_for_each(|it| check_folder(it))?;
    let path = match named {
        Some(path) => path.to_owned(),
        None => here(folder)?,
    };
    let catalog = Catalog {
        scorers: &cleanbench_score::Registry,
        probes: &cleanbench_probe::registry::NAMES,
    };
    let loaded = cleanbench_suite::load(&path, catalog, grants, pulse);
    let Some(suite) = loaded.suite else {
        return Err(broken(&path, loaded.diagnostics));
    };
    for NamedData { task, .. } in &grants.data {
        check_task(&suite, task)?;
    }
    Ok(LoadedSuite {
        suite,
        warnings: loaded.diagnostics,
    })
}

fn check_folder(folder: &Path) -> Result<(), PlanError> {
    let found = Roots::new(folder).map(drop);
    found.map_err(|error| {
        PlanError::new(ErrorKind::Usage, format!("`--allow-path`: {error}"))
            .hint("name a folder that is there")
    })
}

fn check_task(suite: &Suite, named: &str) -> Result<(), PlanError> {
    let names = suite.tasks.iter().map(|task| task.name.as_str());
    let names: Vec<_> = names.collect();
    if names.contains(&named) {
        return Ok(());
    }
    let what = format!("`--data` names the task `{named}`, which the suite does not have");
    let shown = names[..names.len().min(MOST_SHOWN)].join(", ");
    let more = if names.len() > MOST_SHOWN {
        ", …"
    } else {
        ""
    };
    Err(PlanError::new(ErrorKind::Usage, what).hint(format!("its tasks are {shown}{more}")))
}

fn here(folder: &Path) -> Result<PathBuf, PlanError> {
    if folder.join(MANIFEST).is_file() {
        let is_working_folder = folder.as_os_str().is_empty();
        return Ok(if is_working_folder {
            PathBuf::from(".")
        } else {
            folder.to_owned()
        });
    }
    let what = "no suite named, and there is no `suite.toml` in this folder";
    Err(PlanError::new(ErrorKind::Usage, what)
        .hint("name a suite's folder, for example `cleanbench check tasks/ticket-routing`"))
}

fn broken(path: &Path, diagnostics: Vec<Diagnostic>) -> PlanError {
    let errors = diagnostics.iter();
    let errors = errors.filter(|found| found.severity == Severity::Error);
    let errors = errors.count();
    let plural = if errors == 1 { "" } else { "s" };
    let what = format!("the suite `{}` has {errors} error{plural}", path.display());
    PlanError {
        diagnostics,
        ..PlanError::new(ErrorKind::SuiteInvalid, what)
    }
}
