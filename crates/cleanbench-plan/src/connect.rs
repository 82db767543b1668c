//! From endpoints to models that can be asked: the keys, and what stands in the way of a connection.
//!
//! Invariant: no socket is opened here, and a key goes nowhere but into the model that it is for.

use std::fmt::Debug;
use std::sync::Arc;

use cleanbench_client::{ApiKey, ClientFactory, slots};
use cleanbench_core::Model;
use cleanbench_embedded::EmbeddedModel;
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_model::Endpoint;

use crate::endpoints::check_embedded;
use crate::{ErrorKind, PlanError};

/// Where keys stand: the environment of a process, or what a server keeps for a user. `Debug` shows no value.
pub trait Variables: Debug {
    /// The value of `name`, unless it is unset or empty.
    ///
    /// # Errors
    /// When variables cannot be read at all.
    fn get(&self, name: &str) -> Result<Option<String>, PlanError>;
}

/// Makes models of endpoints, in their order; those that go without a key are noted. Opens no socket yet.
///
/// # Errors
/// When a key is missing or cannot be one, or TLS cannot be set up.
pub fn connect(
    endpoints: &[Endpoint],
    variables: &dyn Variables,
    notes: &mut Vec<Note>,
) -> Result<Vec<Arc<dyn Model>>, PlanError> {
    if let Some(imported) = endpoints.iter().find(|endpoint| endpoint.is_imported()) {
        return Err(nowhere(imported));
    }
    let remote = endpoints.iter().filter(|endpoint| !endpoint.is_embedded());
    let remote: Vec<_> = remote.cloned().collect();
    let factory = ClientFactory::new(&remote);
    let mut models: Vec<Arc<dyn Model>> = Vec::new();
    for endpoint in endpoints {
        if endpoint.is_embedded() {
            models.push(embedded(endpoint)?);
            continue;
        }
        let key = key_of(endpoint, variables)?;
        notes.extend(key.note(endpoint));
        let model = factory
            .connect(endpoint, key.value)
            .map_err(|error| PlanError::new(ErrorKind::ConfigInvalid, error))?;
        models.push(Arc::new(model));
    }
    Ok(models)
}

fn nowhere(endpoint: &Endpoint) -> PlanError {
    let what = format!(
        "model `{}` is known from an imported log alone, and nobody can be asked",
        endpoint.name
    );
    PlanError::new(ErrorKind::Usage, what).hint(
        "write the log's suite with `cleanbench import LOG --suite-out DIR`, and run it with `-m MODEL`",
    )
}

/// How many calls the server behind `endpoint` answers at once, if it is on this machine and says so. Where it cannot
/// be asked it does not say, and why is said when it is called.
pub async fn slots_of(endpoint: &Endpoint, variables: &dyn Variables) -> Option<u32> {
    if endpoint.is_embedded() || !endpoint.loopback {
        return None;
    }
    let key = key_of(endpoint, variables).ok()?;
    let factory = ClientFactory::new(std::slice::from_ref(endpoint));
    let model = factory.connect(endpoint, key.value).ok()?;
    slots(&model).await
}

/// The key of an endpoint.
#[derive(Debug)]
pub struct Key {
    /// The key, if there is one.
    pub value: Option<ApiKey>,
}

impl Key {
    /// What must be said where `endpoint` names a key and is asked without one.
    pub fn note(&self, endpoint: &Endpoint) -> Option<Note> {
        let name = endpoint.key_env.as_ref()?;
        let text = format!(
            "`{name}` is not set; model `{}` is asked without a key",
            endpoint.name
        );
        self.value
            .is_none()
            .then(|| Note::new(NoteKind::NoKey, text))
    }
}

/// The key of `endpoint`, if there is one.
///
/// # Errors
/// When it needs one and there is none.
pub fn key_of(endpoint: &Endpoint, variables: &dyn Variables) -> Result<Key, PlanError> {
    let Some(name) = &endpoint.key_env else {
        return Ok(Key { value: None });
    };
    let value = variables.get(name)?;
    if value.is_none() && endpoint.key_required {
        let what = format!(
            "model `{}` needs a key, and `{name}` is not set",
            endpoint.name
        );
        return Err(PlanError::new(ErrorKind::ConfigInvalid, what).hint(format!(
            "export `{name}`, or write it into a file and name that with `--env-file`"
        )));
    }
    let value = value.as_deref().map(ApiKey::new);
    Ok(Key { value })
}

/// A model that is shipped.
///
/// # Errors
/// When there is none of that name.
pub fn embedded(endpoint: &Endpoint) -> Result<Arc<dyn Model>, PlanError> {
    check_embedded(endpoint)?;
    let bytes = cleanbench_embedded::shipped(&endpoint.model).unwrap_or_default();
    let model = EmbeddedModel::load(bytes).map_err(|error| {
        let what = format!("the embedded model `{}`: {error}", endpoint.name);
        PlanError::new(ErrorKind::Internal, what)
    })?;
    Ok(Arc::new(model))
}
