//! `models.toml` and the `-m` argument: who is asked, where, and what may be sent there.
//!
//! Invariant: what comes out is an [`Endpoint`] that holds no secret and needs no further reading of
//! files or the environment. Every fault of a file is reported, each with its place. It refuses
//! unknown keys, values out of range, and options that would do nothing.

mod allow;
mod endpoint;
mod entry;
pub(crate) mod error;
mod fields;
mod price;
pub(crate) mod provider;
mod resolve;
mod shared_keys;
mod target;

use std::collections::BTreeMap;
use std::path::Path;

use crate::provider::Profile;
use fields::{Diagnostics, Fields};

pub use endpoint::{Endpoint, Limits, Timeouts};
pub use error::{ConfigError, FilePlace};
pub use resolve::{Overrides, resolve};

/// The models and providers that a `models.toml` names.
#[derive(Debug, Clone, Default)]
pub struct ModelsFile {
    endpoints: BTreeMap<String, Endpoint>,
    providers: BTreeMap<String, Profile>,
}

impl ModelsFile {
    /// Parses and checks the text of the file at `path`; the path is only named in errors.
    ///
    /// # Errors
    /// Every fault that was found, in the order of the file.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Vec<ConfigError>> {
        let mut found = Diagnostics::new(text, path);
        let (document, errors) = toml::de::DeTable::parse_recoverable(text);
        for error in &errors {
            found.push(error.span().unwrap_or_default(), error.message());
        }
        let mut file = Self::default();
        if errors.is_empty() {
            let mut top = Fields::new(document.get_ref(), document.span());
            let models = top.table("models", &mut found);
            if let Some(providers) = top.table("providers", &mut found) {
                file.providers = provider::read_all(&providers, &mut found);
            }
            if let Some(models) = models {
                file.endpoints = read_models(&models, &file.providers, &mut found);
            }
            top.finish(&mut found);
        }
        found.into_result(file)
    }

    /// A file that names no model.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.endpoints.keys().map(String::as_str)
    }

    /// The endpoints, sorted by their names.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.values()
    }

    /// The providers that the file describes, sorted by their names.
    pub fn providers(&self) -> impl Iterator<Item = &Profile> {
        self.providers.values()
    }

    /// The provider that the file calls `name`.
    pub(crate) fn provider(&self, name: &str) -> Option<&Profile> {
        self.providers.get(name)
    }

    /// The endpoint called `name`, before anything that the command line says.
    pub(crate) fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.get(name)
    }
}

fn read_models(
    models: &Fields<'_, '_>,
    providers: &BTreeMap<String, Profile>,
    found: &mut Diagnostics<'_>,
) -> BTreeMap<String, Endpoint> {
    let mut endpoints = BTreeMap::new();
    for (name, fields) in models.tables(found) {
        if name.is_empty() || name.chars().any(char::is_control) {
            found.push(
                fields.span(),
                "a model needs a name without control characters",
            );
        } else if let Some(endpoint) = entry::read(name, fields, providers, found) {
            endpoints.insert(name.to_owned(), endpoint);
        }
    }
    endpoints
}

#[cfg(test)]
mod tests;
