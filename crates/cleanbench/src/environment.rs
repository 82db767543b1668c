//! The environment: the process's own variables, then those of the file that was named, or of `.env` in the working
//! folder.
//!
//! Invariant: an `.env` that was found sets nothing unless the user answers for it, as for a models file; where a
//! variable is wanted that only such a file sets, that is said, and nothing is sent.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is where the environment is read"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use cleanbench_plan::connect::Variables;
use cleanbench_plan::found::{ENV_LIMIT, read_found, read_named};
use cleanbench_plan::trust::{ENV_FILE, Trust};
use cleanbench_plan::{ErrorKind, PlanError};

/// The file of variables that was named, instead of the `.env` that is found.
static NAMED: OnceLock<PathBuf> = OnceLock::new();

/// For which files the user answers.
static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::in_folder(config_folder()));

/// Reads variables from `path` instead of the `.env` that is found. The first word counts.
pub(crate) fn name_variables(path: Option<&Path>) {
    if let Some(path) = path {
        NAMED.get_or_init(|| path.to_owned());
    }
}

/// For which files the user answers.
pub(crate) fn trust() -> &'static Trust {
    &TRUST
}

/// Variables by name. `Debug` shows no value.
pub(crate) struct Environment {
    path: PathBuf,
    text: Vec<u8>,
    file: BTreeMap<String, String>,
    /// Whether nobody answers for the file, so that it sets nothing.
    is_withheld: bool,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

impl Environment {
    /// Reads the file that was named, else `.env` if there is one. The process's own environment is never changed.
    pub(crate) fn load() -> Result<Self, PlanError> {
        let named = NAMED.get();
        let path = named.map_or(Path::new(ENV_FILE), PathBuf::as_path);
        let text = match named {
            Some(path) => read_named(path, ENV_LIMIT)?,
            None => read_found(here(), ENV_FILE, ENV_LIMIT)?.unwrap_or_default(),
        };
        let is_withheld = named.is_none() && !text.is_empty() && !trust().covers(path, &text)?;
        let file = match variables(path, &text) {
            // What sets nothing need not be legible.
            Err(_) if is_withheld => BTreeMap::new(),
            found => found?,
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            text,
            is_withheld,
        })
    }

    /// The value of `name`, unless it is unset or empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let own = std::env::var(name).ok();
        own.or_else(|| self.of_file(name).filter(|_| !self.is_withheld).cloned())
            .filter(|value| !value.is_empty())
    }

    fn of_file(&self, name: &str) -> Option<&String> {
        self.file.get(name).filter(|value| !value.is_empty())
    }

    /// Why `name` is not set although the file sets it.
    fn withheld(&self, name: &str) -> Option<PlanError> {
        self.of_file(name).filter(|_| self.is_withheld)?;
        let path = self.path.display();
        let text = String::from_utf8_lossy(&self.text);
        let sets = |line: &str| {
            let line = line.trim_start();
            let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
            line.strip_prefix(name)
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        let line = text
            .lines()
            .position(sets)
            .map_or(1, |position| position + 1);
        let what =
            format!("{path}:{line}: `{name}` is set by a file that was neither named nor trusted");
        Some(PlanError::new(ErrorKind::ConfigInvalid, what).hint(format!(
            "read it; if you want what it sets, name it with `--env-file {path}`, or trust this folder as it is now with `cleanbench trust .`; or export `{name}`"
        )))
    }
}

/// The variables of a file that holds `text`. A value may refer to variables of the process.
///
/// # Errors
/// When it is no such file. The line is not quoted: it may hold a key.
pub(crate) fn variables(path: &Path, text: &[u8]) -> Result<BTreeMap<String, String>, PlanError> {
    let lines = dotenvy::from_read_iter(text);
    lines.collect::<Result<_, _>>().map_err(|_| {
        let what = format!(
            "`{}` cannot be read: expected lines of `NAME=value`",
            path.display()
        );
        PlanError::new(ErrorKind::ConfigInvalid, what)
    })
}

/// The environment for plans, read when the first key is wanted: what needs none does not mind an `.env` that is
/// no such file.
#[derive(Debug)]
pub(crate) struct WhenNeeded;

impl Variables for WhenNeeded {
    fn get(&self, name: &str) -> Result<Option<String>, PlanError> {
        let environment = Environment::load()?;
        match environment.get(name) {
            Some(value) => Ok(Some(value)),
            None => environment.withheld(name).map_or(Ok(None), Err),
        }
    }
}

/// The folders in which programs are looked for. `.env` has no say in what is run.
pub(crate) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// The folder for what can be found out again: `$XDG_CACHE_HOME`, else `~/.cache`, else
/// `%LOCALAPPDATA%`; with a folder of our own in it. `.env` has no say in where files are written.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    folder("XDG_CACHE_HOME", ".cache", "LOCALAPPDATA")
}

/// The folder for what the user decided: `$XDG_CONFIG_HOME`, else `~/.config`, else `%APPDATA%`; with a folder of our
/// own in it.
fn config_folder() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config", "APPDATA")
}

fn folder(own: &str, within_home: &str, elsewhere: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let base = absolute(own)
        .or_else(|| absolute("HOME").map(|home| home.join(within_home)))
        .or_else(|| absolute(elsewhere))?;
    Some(base.join("cleanbench"))
}

/// Where a step of GitHub Actions leaves what it has to say.
#[derive(Debug)]
pub(crate) struct GitHub {
    /// `$GITHUB_STEP_SUMMARY`
    pub(crate) summary: Option<PathBuf>,
    /// `$GITHUB_OUTPUT`
    pub(crate) output: Option<PathBuf>,
}

/// The step of GitHub Actions that this process is part of, if it is. `.env` has no say in it.
pub(crate) fn github() -> Option<GitHub> {
    let there = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let file = |name: &str| {
        let path = std::env::var_os(name).filter(|path| !path.is_empty());
        path.map(PathBuf::from)
    };
    there.then(|| GitHub {
        summary: file("GITHUB_STEP_SUMMARY"),
        output: file("GITHUB_OUTPUT"),
    })
}

/// The working folder, so named that files in it are called by their names alone.
pub(crate) fn here() -> &'static Path {
    Path::new("")
}
