//! From `-m` and the models file to endpoints, and from endpoints to models that can be asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cleanbench_core::{Exit, Model, Sensitivity};
use cleanbench_embedded::EmbeddedModel;
use cleanbench_model::{ApiKey, ClientFactory, Endpoint, ModelsFile, Overrides, resolve};
use cleanbench_suite::Suite;

use crate::arguments::ModelArguments;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::talk;

/// The endpoints that the command line, else the suite, names.
pub(crate) fn resolve_all(
    arguments: &ModelArguments,
    concurrency: Option<u32>,
    suite: &Suite,
) -> Result<Vec<Endpoint>, Failure> {
    let specs = if arguments.models.is_empty() {
        &suite.models
    } else {
        &arguments.models
    };
    let file = models_file(arguments, suite)?;
    let overrides = Overrides {
        base_url: arguments.base_url.clone(),
        allow_private: arguments.allow_private.clone(),
        concurrency,
    };
    let mut endpoints: Vec<Endpoint> = Vec::new();
    let mut errors = Vec::new();
    for spec in specs {
        match resolve(spec, &file, &overrides) {
            Ok(endpoint) if endpoints.iter().any(|other| other.name == endpoint.name) => {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("model `{spec}` is named twice"),
                ));
            }
            Ok(endpoint) => match check_embedded(&endpoint) {
                Ok(()) => endpoints.push(endpoint),
                Err(failure) => return Err(failure),
            },
            Err(error) => errors.push(error),
        }
    }
    for endpoint in &endpoints {
        if let Some(proxy) = endpoint.proxy_host() {
            talk::warn(format!(
                "model `{}` ({}) is asked through the proxy {proxy}",
                endpoint.name,
                endpoint.host()
            ));
        }
    }
    if errors.is_empty() {
        Ok(endpoints)
    } else {
        Err(Failure::config(&errors))
    }
}

/// An embedded model must be one that is shipped.
pub(crate) fn check_embedded(endpoint: &Endpoint) -> Result<(), Failure> {
    if !endpoint.is_embedded() || cleanbench_embedded::shipped(&endpoint.model).is_some() {
        return Ok(());
    }
    let known: Vec<_> = cleanbench_embedded::SHIPPED
        .iter()
        .map(|name| format!("`embedded/{name}`"))
        .collect();
    let message = format!("there is no embedded model `{}`", endpoint.model);
    Err(Failure::new(Exit::ConfigInvalid, message)
        .hint(format!("the embedded models are {}", known.join(", "))))
}

fn models_file(arguments: &ModelArguments, suite: &Suite) -> Result<ModelsFile, Failure> {
    match models_path(arguments, suite) {
        Some(path) => read_models_file(&path),
        None => Ok(ModelsFile::empty()),
    }
}

/// The models file that was named, else the one here, if there is one.
pub(crate) fn models_file_here(named: Option<&Path>) -> Result<ModelsFile, Failure> {
    let here = Path::new("models.toml");
    match named.or_else(|| here.is_file().then_some(here)) {
        Some(path) => read_models_file(path),
        None => Ok(ModelsFile::empty()),
    }
}

fn read_models_file(path: &Path) -> Result<ModelsFile, Failure> {
    let text = fs_err::read_to_string(path)
        .map_err(|error| Failure::unreadable(path, Exit::ConfigInvalid, &error))?;
    ModelsFile::parse(&text, path).map_err(|errors| Failure::config(&errors))
}

fn models_path(arguments: &ModelArguments, suite: &Suite) -> Option<PathBuf> {
    let beside = [
        suite.dir.join("models.toml"),
        Path::new("models.toml").to_owned(),
    ];
    arguments
        .models_file
        .clone()
        .or_else(|| beside.into_iter().find(|path| path.is_file()))
}

/// Refuses before any socket opens what a label forbids: task or sample, and host, are named.
pub(crate) fn check_label(
    endpoints: &[Endpoint],
    sensitivity: Sensitivity,
    what: impl Fn() -> String,
) -> Result<(), Failure> {
    let Some(endpoint) = endpoints
        .iter()
        .find(|endpoint| !endpoint.may_see(sensitivity))
    else {
        return Ok(());
    };
    let host = endpoint.host();
    let message = format!(
        "{} is {sensitivity} and must not be sent to `{host}` (model `{}`)",
        what(),
        endpoint.name
    );
    let hint = match sensitivity {
        Sensitivity::Secret => format!(
            "if it may, put `allow = [\"secret\"]` into `{}`'s entry of the models file",
            endpoint.name
        ),
        _ => format!(
            "if it may, pass `--allow-private {host}` or put `allow = [\"private\"]` into the model's entry of the models file"
        ),
    };
    Err(Failure::new(Exit::ConfigInvalid, message).hint(hint))
}

/// Makes models of endpoints. Opens no socket yet.
pub(crate) fn connect(
    endpoints: &[Endpoint],
    environment: &Environment,
) -> Result<Vec<Arc<dyn Model>>, Failure> {
    let remote: Vec<_> = endpoints
        .iter()
        .filter(|endpoint| !endpoint.is_embedded())
        .cloned()
        .collect();
    let factory = ClientFactory::new(&remote);
    let mut models: Vec<Arc<dyn Model>> = Vec::new();
    for endpoint in endpoints {
        if endpoint.is_embedded() {
            models.push(embedded(endpoint)?);
            continue;
        }
        let key = key_of(endpoint, environment)?;
        let model = factory
            .connect(endpoint, key)
            .map_err(|error| Failure::new(Exit::ConfigInvalid, error))?;
        models.push(Arc::new(model));
    }
    Ok(models)
}

/// The key of `endpoint`, if there is one; warns where it goes without.
pub(crate) fn key_of(
    endpoint: &Endpoint,
    environment: &Environment,
) -> Result<Option<ApiKey>, Failure> {
    let Some(name) = &endpoint.key_env else {
        return Ok(None);
    };
    if let Some(key) = environment.get(name) {
        return Ok(Some(ApiKey::new(&key)));
    }
    if endpoint.key_required {
        let message = format!(
            "model `{}` needs a key, and `{name}` is not set",
            endpoint.name
        );
        return Err(Failure::new(Exit::ConfigInvalid, message).hint(format!(
            "export `{name}`, or write it into `.env` in this folder"
        )));
    }
    talk::warn(format!(
        "`{name}` is not set; model `{}` is asked without a key",
        endpoint.name
    ));
    Ok(None)
}

/// A model that is shipped.
pub(crate) fn embedded(endpoint: &Endpoint) -> Result<Arc<dyn Model>, Failure> {
    check_embedded(endpoint)?;
    let bytes = cleanbench_embedded::shipped(&endpoint.model).unwrap_or_default();
    let model = EmbeddedModel::load(bytes).map_err(|error| {
        Failure::new(
            Exit::Internal,
            format!("the embedded model `{}`: {error}", endpoint.name),
        )
    })?;
    Ok(Arc::new(model))
}
