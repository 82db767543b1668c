//! `models.toml` and the `-m` argument: who is asked, where, and what may be sent there.
//!
//! Invariant: what comes out is an [`Endpoint`] that holds no secret and needs no further reading of
//! files or the environment. The first faults of a file are reported, each with its place, and the others counted.
//! It refuses unknown keys, values out of range, options that would do nothing, and more entries than anybody writes.

mod allow;
mod asks;
mod endpoint;
mod entry;
pub(crate) mod error;
mod fields;
mod price;
pub(crate) mod provider;
mod resolve;
mod secrets;
mod shared_keys;
mod target;

use std::collections::BTreeMap;
use std::path::Path;

use crate::provider::Profile;
use asks::Entry;
use fields::{Diagnostics, Fields};

pub use asks::Ask;
pub use endpoint::{Endpoint, Limits, Timeouts};
pub use error::{ConfigError, FilePlace};
pub use resolve::{Overrides, resolve};

/// So many models and so many providers a models file may have.
const MOST_ENTRIES: usize = 1_000;

/// The models and providers that a `models.toml` names.
#[derive(Debug, Clone, Default)]
pub struct ModelsFile {
    endpoints: BTreeMap<String, Entry<Endpoint>>,
    providers: BTreeMap<String, Entry<Profile>>,
}

/// A model or a provider of a models file, and what it asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it stands.
    pub place: &'a FilePlace,
    /// What it asks for; empty for most servers on this machine.
    pub asks: &'a [Ask],
    /// Whether that is withheld, so that the entry cannot be used.
    pub is_withheld: bool,
}

impl ModelsFile {
    /// Parses and checks the text of the file at `path`; the path is only named in errors. Everything that it asks for
    /// is granted; see [`ModelsFile::withheld`].
    ///
    /// # Errors
    /// The first faults that were found, in the order of the file, and how many more there are.
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
            let models = models.filter(|all| all.has_at_most(MOST_ENTRIES, "models", &mut found));
            let providers = top.table("providers", &mut found);
            if let Some(providers) =
                providers.filter(|all| all.has_at_most(MOST_ENTRIES, "providers", &mut found))
            {
                file.providers = provider::read_all(&providers, asks::of_provider, &mut found);
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
        self.endpoints.values().map(|entry| &entry.value)
    }

    /// The providers that the file describes, sorted by their names.
    pub fn providers(&self) -> impl Iterator<Item = &Profile> {
        self.providers.values().map(|entry| &entry.value)
    }

    /// The same for a file that nobody answers for: what asks for more than an address cannot be used, and
    /// [`resolve`] says what it asks for.
    #[must_use]
    pub fn withheld(mut self) -> Self {
        let models = self.endpoints.values_mut();
        models.for_each(|entry| entry.is_withheld = true);
        let providers = self.providers.values_mut();
        providers.for_each(|entry| entry.is_withheld = true);
        self
    }

    /// The same, with what `lower` has besides. Names that both have mean what they mean here; where this file's are
    /// withheld, that is one more thing that they ask for.
    #[must_use]
    pub fn over(mut self, lower: Self) -> Self {
        for (name, entry) in &mut self.endpoints {
            let provider = name.split_once('/').map_or("", |(provider, _)| provider);
            if lower.providers.contains_key(provider) {
                let meant = format!("`{name}`, a model of the provider `{provider}`");
                entry.asks.push(Ask::Name(meant));
            }
        }
        stack(&mut self.endpoints, lower.endpoints, "model");
        stack(&mut self.providers, lower.providers, "provider");
        self
    }

    /// The models, then the providers, each with what it asks for.
    pub fn asking(&self) -> (Vec<Asking<'_>>, Vec<Asking<'_>>) {
        (asking(&self.endpoints), asking(&self.providers))
    }

    /// Where the entry stands that `spec` is resolved by; `None` where none is.
    pub fn place_of(&self, spec: &str) -> Option<&FilePlace> {
        let model = self.endpoints.get(spec).map(|entry| &entry.place);
        model.or_else(|| {
            let (provider, _) = spec.split_once('/')?;
            self.providers.get(provider).map(|entry| &entry.place)
        })
    }

    /// The provider that the file calls `name`.
    ///
    /// # Errors
    /// What it asks for, where that is withheld.
    pub(crate) fn provider(&self, name: &str) -> Result<Option<&Profile>, ConfigError> {
        let entry = self.providers.get(name);
        let granted = entry.map(|entry| entry.granted(&format!("provider `{name}`")));
        granted.transpose()
    }

    /// The endpoint called `name`, before anything that the command line says.
    ///
    /// # Errors
    /// What it asks for, where that is withheld.
    pub(crate) fn endpoint(&self, name: &str) -> Result<Option<&Endpoint>, ConfigError> {
        let entry = self.endpoints.get(name);
        let granted = entry.map(|entry| entry.granted(&format!("model `{name}`")));
        granted.transpose()
    }
}

fn asking<T>(entries: &BTreeMap<String, Entry<T>>) -> Vec<Asking<'_>> {
    let each = entries.iter().map(|(name, entry)| Asking {
        name,
        place: &entry.place,
        asks: &entry.asks,
        is_withheld: entry.is_withheld && !entry.asks.is_empty(),
    });
    each.collect()
}

/// Puts `upper` over `lower`; `kind` is what its entries are.
fn stack<T>(upper: &mut BTreeMap<String, Entry<T>>, lower: BTreeMap<String, Entry<T>>, kind: &str) {
    for (name, beneath) in lower {
        match upper.get_mut(&name) {
            Some(entry) => {
                let path = beneath.place.path.display();
                entry
                    .asks
                    .push(Ask::Name(format!("the {kind} `{name}` of {path}")));
            }
            None => {
                upper.insert(name, beneath);
            }
        }
    }
}

fn read_models(
    models: &Fields<'_, '_>,
    providers: &BTreeMap<String, Entry<Profile>>,
    found: &mut Diagnostics<'_>,
) -> BTreeMap<String, Entry<Endpoint>> {
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
