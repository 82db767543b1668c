//! From the models that were named and the models file to endpoints, and what they may see.

use std::path::{Path, PathBuf};

use cleanbench_core::Sensitivity;
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_model::{Endpoint, ModelsFile, Overrides, resolve};
use cleanbench_suite::Suite;

use crate::options::ModelOptions;
use crate::{ErrorKind, PlanError};

/// Name of the models file that is found without being named.
const MODELS_FILE: &str = "models.toml";

/// The endpoints that `options`, else the suite, name.
///
/// # Errors
/// When a model is not known, is named twice, or its entry of the models file has faults.
pub fn resolve_all(
    options: &ModelOptions,
    concurrency: Option<u32>,
    suite: &Suite,
    folder: &Path,
) -> Result<Vec<Endpoint>, PlanError> {
    let specs = if options.models.is_empty() {
        &suite.models
    } else {
        &options.models
    };
    let file = match models_path(options, suite, folder) {
        Some(path) => read_models_file(&path)?,
        None => ModelsFile::empty(),
    };
    let overrides = Overrides {
        base_url: options.base_url.clone(),
        allow_private: options.allow_private.clone(),
        concurrency,
    };
    resolve_each(specs, &file, &overrides)
}

fn resolve_each(
    specs: &[String],
    file: &ModelsFile,
    overrides: &Overrides,
) -> Result<Vec<Endpoint>, PlanError> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    let mut errors = Vec::new();
    for spec in specs {
        match resolve(spec, file, overrides) {
            Ok(endpoint) if endpoints.iter().any(|other| other.name == endpoint.name) => {
                let what = format!("model `{spec}` is named twice");
                return Err(PlanError::new(ErrorKind::Usage, what));
            }
            Ok(endpoint) => {
                check_embedded(&endpoint)?;
                endpoints.push(endpoint);
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(endpoints)
    } else {
        Err(PlanError::config(&errors))
    }
}

/// What must be said of where `endpoints` are asked.
pub fn proxies(endpoints: &[Endpoint]) -> impl Iterator<Item = Note> + '_ {
    endpoints.iter().filter_map(|endpoint| {
        let proxy = endpoint.proxy_host()?;
        let text = format!(
            "model `{}` ({}) is asked through the proxy {proxy}",
            endpoint.name,
            endpoint.host()
        );
        Some(Note::new(NoteKind::Proxy, text))
    })
}

/// An embedded model must be one that is shipped.
///
/// # Errors
/// Which are.
pub fn check_embedded(endpoint: &Endpoint) -> Result<(), PlanError> {
    if !endpoint.is_embedded() || cleanbench_embedded::shipped(&endpoint.model).is_some() {
        return Ok(());
    }
    let known = cleanbench_embedded::SHIPPED.iter();
    let known: Vec<_> = known.map(|name| format!("`embedded/{name}`")).collect();
    let what = format!("there is no embedded model `{}`", endpoint.model);
    Err(PlanError::new(ErrorKind::ConfigInvalid, what)
        .hint(format!("the embedded models are {}", known.join(", "))))
}

/// The models file that was named, else the one in `folder`, if there is one.
///
/// # Errors
/// When it cannot be read or has faults.
pub fn models_file_in(folder: &Path, named: Option<&Path>) -> Result<ModelsFile, PlanError> {
    let here = folder.join(MODELS_FILE);
    match named.or_else(|| here.is_file().then_some(&*here)) {
        Some(path) => read_models_file(path),
        None => Ok(ModelsFile::empty()),
    }
}

fn read_models_file(path: &Path) -> Result<ModelsFile, PlanError> {
    let text = fs_err::read_to_string(path)
        .map_err(|error| PlanError::unreadable(path, ErrorKind::ConfigInvalid, &error))?;
    ModelsFile::parse(&text, path).map_err(|errors| PlanError::config(&errors))
}

fn models_path(options: &ModelOptions, suite: &Suite, folder: &Path) -> Option<PathBuf> {
    let beside = [suite.dir.join(MODELS_FILE), folder.join(MODELS_FILE)];
    let found = || beside.into_iter().find(|path| path.is_file());
    options.models_file.clone().or_else(found)
}

/// Refuses what a label forbids, before anything is sent: task or sample, and host, are named.
///
/// # Errors
/// Which of `endpoints` may not see `what`, and what would allow it.
pub fn check_label(
    endpoints: &[Endpoint],
    sensitivity: Sensitivity,
    what: impl Fn() -> String,
) -> Result<(), PlanError> {
    let mut forbidden = endpoints.iter();
    let Some(endpoint) = forbidden.find(|endpoint| !endpoint.may_see(sensitivity)) else {
        return Ok(());
    };
    let (host, name) = (endpoint.host(), &endpoint.name);
    let message = format!(
        "{} is {sensitivity} and must not be sent to `{host}` (model `{name}`)",
        what()
    );
    let hint = match sensitivity {
        Sensitivity::Secret => format!(
            "if it may, put `allow = [\"secret\"]` into `{name}`'s entry of the models file"
        ),
        _ => format!(
            "if it may, pass `--allow-private {host}` or put `allow = [\"private\"]` into the model's entry of the models file"
        ),
    };
    Err(PlanError::new(ErrorKind::ConfigInvalid, message).hint(hint))
}
