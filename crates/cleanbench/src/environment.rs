//! The environment: the process's own variables, then those of `.env` in the working folder.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is where the environment is read"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cleanbench_plan::connect::Variables;
use cleanbench_plan::{ErrorKind, PlanError};

/// Variables by name. `Debug` shows no value.
pub(crate) struct Environment {
    file: BTreeMap<String, String>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

impl Environment {
    /// Reads `.env` if there is one. The process's own environment is never changed.
    pub(crate) fn load() -> Result<Self, PlanError> {
        let path = Path::new(".env");
        if !path.is_file() {
            return Ok(Self {
                file: BTreeMap::new(),
            });
        }
        // The library's own error text quotes the line, which may hold a key.
        let broken = || {
            PlanError::new(
                ErrorKind::ConfigInvalid,
                "`.env` cannot be read: expected lines of `NAME=value`",
            )
        };
        let lines = dotenvy::from_path_iter(path).map_err(|_| broken())?;
        let file = lines.collect::<Result<_, _>>().map_err(|_| broken())?;
        Ok(Self { file })
    }

    /// The value of `name`, unless it is unset or empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let own = std::env::var(name).ok();
        own.or_else(|| self.file.get(name).cloned())
            .filter(|value| !value.is_empty())
    }
}

/// The environment for plans, read when the first key is wanted: what needs none does not mind an `.env` that is
/// no such file.
#[derive(Debug)]
pub(crate) struct WhenNeeded;

impl Variables for WhenNeeded {
    fn get(&self, name: &str) -> Result<Option<String>, PlanError> {
        Ok(Environment::load()?.get(name))
    }
}

/// The folders in which programs are looked for. `.env` has no say in what is run.
pub(crate) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// The folder for what can be found out again: `$XDG_CACHE_HOME`, else `~/.cache`, else
/// `%LOCALAPPDATA%`; with a folder of our own in it. `.env` has no say in where files are written.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .or_else(|| absolute("LOCALAPPDATA"))?;
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
