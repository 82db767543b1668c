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
pub use endpoint::{Endpoint, Limits, SystemRole, Timeouts};
pub use error::{ConfigError, FilePlace};
pub use resolve::{Overrides, resolve};

/// So many models and so many providers a models file may have.
const MOST_ENTRIES: usize = 1_000;

/// The models and providers that a `models.toml` names.
#[derive(Debug, Clone, Default)]
pub struct ModelsFile {
    endpoints: BTreeMap<String, Entry<Endpoint>>,
    /// The models whose entries have faults.
    faulty: BTreeMap<String, Entry<()>>,
    providers: BTreeMap<String, Entry<Profile>>,
}

/// An entry of a models file that cannot be used, and why.
#[derive(Debug, Clone, Copy)]
pub struct Faulty<'a> {
    /// What it is: `model`, or `provider`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'a str,
    /// What is wrong with it; at least one fault.
    pub faults: &'a [ConfigError],
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
    /// The faults of one entry cost that entry: see [`ModelsFile::faulty`].
    ///
    /// # Errors
    /// The first faults that are of no single entry, in the order of the file, and how many more there are.
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
                file.read_models(&models, &mut found);
            }
            top.finish(&mut found);
        }
        found.into_result(file)
    }

    /// A file that names no model.
    pub fn empty() -> Self {
        Self::default()
    }

    fn read_models(&mut self, models: &Fields<'_, '_>, found: &mut Diagnostics<'_>) {
        for (name, fields) in models.tables(found) {
            if name.is_empty() || name.chars().any(char::is_control) {
                let what = "a model needs a name without control characters";
                found.push(fields.span(), what);
                continue;
            }
            let place = found.place(fields.span().start);
            // What was found before is of no entry.
            let before = std::mem::take(found.errors());
            let entry = entry::read(name, fields, &self.providers, found);
            let faults = found.take();
            *found.errors() = before;
            if let Some(entry) = entry.filter(|_| faults.is_empty()) {
                self.endpoints.insert(name.to_owned(), entry);
            } else {
                let entry = Entry::new((), place, Vec::new()).with(faults);
                self.faulty.insert(name.to_owned(), entry);
            }
        }
    }

    /// The entries that cannot be used, models before providers, sorted by their names.
    pub fn faulty(&self) -> impl Iterator<Item = Faulty<'_>> {
        let models = self.faulty.iter().map(|(name, entry)| Faulty {
            kind: "model",
            name,
            faults: &entry.faults,
        });
        let providers = self.providers.iter().map(|(name, entry)| Faulty {
            kind: "provider",
            name,
            faults: &entry.faults,
        });
        models.chain(providers.filter(|one| !one.faults.is_empty()))
    }

    /// Why the entry that `spec` is resolved by cannot be used; empty where it can, or where none is.
    pub fn faults_of(&self, spec: &str) -> &[ConfigError] {
        let model = self.faulty.get(spec).map(|entry| entry.faults.as_slice());
        let of_provider = || {
            let (provider, _) = spec.split_once('/')?;
            let entry = self.providers.get(provider)?;
            Some(entry.faults.as_slice()).filter(|_| !self.endpoints.contains_key(spec))
        };
        model.or_else(of_provider).unwrap_or_default()
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
        let usable = self
            .providers
            .values()
            .filter(|entry| entry.faults.is_empty());
        usable.map(|entry| &entry.value)
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
        // What one file calls a model is that, usable or not.
        let mut beneath = lower.endpoints;
        beneath.retain(|name, _| !self.faulty.contains_key(name));
        stack(&mut self.endpoints, beneath, "model");
        let mut beneath = lower.faulty;
        beneath.retain(|name, _| !self.endpoints.contains_key(name));
        stack(&mut self.faulty, beneath, "model");
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
        let model = model.or_else(|| Some(&self.faulty.get(spec)?.place));
        model.or_else(|| {
            let (provider, _) = spec.split_once('/')?;
            self.providers.get(provider).map(|entry| &entry.place)
        })
    }

    /// Whether nobody answers for the file of the entry that `spec` is resolved by; false where there is none.
    pub fn is_withheld(&self, spec: &str) -> bool {
        let model = self.endpoints.get(spec).map(|entry| entry.is_withheld);
        let provider = || {
            let (provider, _) = spec.split_once('/')?;
            Some(self.providers.get(provider)?.is_withheld)
        };
        model.or_else(provider).unwrap_or_default()
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
        if let Some(fault) = self.faulty.get(name).and_then(|entry| entry.faults.first()) {
            return Err(fault.clone());
        }
        let entry = self.endpoints.get(name);
        let granted = entry.map(|entry| entry.granted(&format!("model `{name}`")));
        granted.transpose()
    }
}

fn asking<T>(entries: &BTreeMap<String, Entry<T>>) -> Vec<Asking<'_>> {
    let usable = entries.iter().filter(|(_, entry)| entry.faults.is_empty());
    let each = usable.map(|(name, entry)| Asking {
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

#[cfg(test)]
mod tests;
