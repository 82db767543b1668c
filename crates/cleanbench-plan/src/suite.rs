//! Loading the suite that was named.

use std::path::{Path, PathBuf};

use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_suite::{Catalog, Diagnostic, MANIFEST, Severity, Suite};

use crate::{ErrorKind, PlanError};

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

/// Loads the suite at `named`, else the one in `folder`.
///
/// # Errors
/// When there is none, or it has errors, which are then among the diagnostics.
pub fn load_suite(named: Option<&Path>, folder: &Path) -> Result<LoadedSuite, PlanError> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => here(folder)?,
    };
    let catalog = Catalog {
        scorers: &cleanbench_score::Registry,
        probes: &cleanbench_probe::registry::NAMES,
    };
    let loaded = cleanbench_suite::load(&path, catalog);
    match loaded.suite {
        Some(suite) => Ok(LoadedSuite {
            suite,
            warnings: loaded.diagnostics,
        }),
        None => Err(broken(&path, loaded.diagnostics)),
    }
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
