//! `manifest.json` of a result over several runs: what was computed from what.
//!
//! Invariant: the manifest holds a digest over the rest of itself, the SHA-256 of every input and of
//! every file that was computed from them, so that no byte of the folder can change unnoticed.

use std::collections::BTreeMap;
use std::path::Path;

use cleanbench_core::{Digest, RunId, canonical};
use cleanbench_items::Rules;
use cleanbench_ledger::files::{self, LONGEST_WHOLE, is_below};
use cleanbench_ledger::record::readable;
use cleanbench_ledger::{Damage, LedgerError};
use serde::{Deserialize, Serialize};

use super::What;

/// Latest format that this program reads: 1.1 adds `policy` of the options, and inputs that are facts, 1.2 the
/// `rules` of the policy.
pub const FORMAT: &str = "cleanbench-derived/1.2";
/// The format without what 1.2 adds.
const POLICY_FORMAT: &str = "cleanbench-derived/1.1";
/// The format without what 1.1 adds.
const FIRST_FORMAT: &str = "cleanbench-derived/1.0";
/// Name of the file.
pub const MANIFEST_FILE: &str = "manifest.json";

/// The whole of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DerivedManifest {
    /// [`DerivedManifest::lowest_format`].
    pub format: String,
    /// Name and version of the program.
    pub tool: String,
    /// Identity of the result.
    pub id: RunId,
    /// When it was computed, UTC.
    pub created: String,
    /// What was computed, with all options.
    pub what: What,
    /// What it was computed from, in order.
    pub inputs: Vec<Input>,
    /// SHA-256 of the files that were computed, by name.
    pub files: BTreeMap<String, Digest>,
    /// Digest over all of the above.
    pub digest: Digest,
}

/// Of a `manifest.json` the format alone.
#[derive(Deserialize)]
struct Named {
    format: Option<String>,
}

/// What a result was computed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// A run.
    Run(InputRun),
    /// A recorded fact: a price table, a scan.
    Fact(InputFact),
}

/// A file that a result was computed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputFact {
    /// What it is for.
    pub role: String,
    /// Where its copy is, within the result's folder.
    pub path: String,
    /// SHA-256 of it.
    pub digest: Digest,
}

/// A run that a result was computed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputRun {
    /// What it is for: the name of its folder in `inputs/`.
    pub role: String,
    /// Identity of the run.
    pub run: RunId,
    /// SHA-256 of the files that were copied, by name.
    pub files: BTreeMap<String, Digest>,
}

impl Input {
    /// Every file that was copied, within the result's folder.
    pub fn files(&self) -> BTreeMap<String, Digest> {
        match self {
            Self::Run(run) => {
                let name = |name: &String| format!("inputs/{}/{name}", run.role);
                let files = run.files.iter();
                files.map(|(file, digest)| (name(file), *digest)).collect()
            }
            Self::Fact(fact) => BTreeMap::from([(fact.path.clone(), fact.digest)]),
        }
    }

    /// The run, if it is one.
    pub fn run(&self) -> Option<&InputRun> {
        match self {
            Self::Run(run) => Some(run),
            Self::Fact(_) => None,
        }
    }
}

impl DerivedManifest {
    /// The lowest format that has every field of this manifest. A file names no later one, so that an
    /// earlier program reads whatever it can.
    pub fn lowest_format(&self) -> &'static str {
        let has_facts = self.inputs.iter().any(|input| input.run().is_none());
        match self.what.policy() {
            Some(policy) if policy.rules != Rules::Earlier => FORMAT,
            None if !has_facts => FIRST_FORMAT,
            _ => POLICY_FORMAT,
        }
    }

    /// The digest over everything but itself.
    pub(super) fn own_digest(&self) -> Result<Digest, serde_json::Error> {
        let rest = (
            (&self.format, &self.tool, &self.id, &self.created),
            (&self.what, &self.inputs, &self.files),
        );
        let rest = canonical::of(&rest)?;
        Ok(Digest::of("cleanbench/derived/1", &[&rest]))
    }

    /// The bytes of the file: indented, one line feed at the end.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads the manifest in `folder`.
    ///
    /// # Errors
    /// When there is none, or it is damaged or of a later format.
    pub fn read(folder: &Path) -> Result<Self, LedgerError> {
        let bytes = files::read(folder, MANIFEST_FILE, LONGEST_WHOLE)?;
        files::check_values(MANIFEST_FILE, &bytes)?;
        let damaged = |error: &serde_json::Error| {
            let what = format!("unreadable: {error}");
            LedgerError::from(Damage::at_line(MANIFEST_FILE, error.line() as u64, what))
        };
        let named: Named = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
        if let Some(found) = named.format.filter(|format| !readable(format, FORMAT)) {
            return Err(LedgerError::too_new(MANIFEST_FILE, found, FORMAT));
        }
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
        manifest.check_names()?;
        Ok(manifest)
    }

    /// Every file lies in its place, and every run has been copied with all that it is read from.
    fn check_names(&self) -> Result<(), Damage> {
        let is_plain = |name: &str| is_below(name) && !name.contains('/');
        let damage = |what: String| Err(Damage::whole(MANIFEST_FILE, what));
        if let Some(name) = self.files.keys().find(|name| !is_plain(name)) {
            return damage(format!("a file lies outside of the folder: {name:?}"));
        }
        let outside = |input: &&Input| input.files().keys().any(|name| !is_below(name));
        if let Some(input) = self.inputs.iter().find(outside) {
            let names: Vec<_> = input.files().into_keys().collect();
            return damage(format!(
                "an input lies outside of the folder: {}",
                names.join(", ")
            ));
        }
        let mut copied = self.what.copied().to_vec();
        copied.sort_unstable();
        for run in self.inputs.iter().filter_map(Input::run) {
            if !is_plain(&run.role) || !run.files.keys().eq(&copied) {
                return damage(format!("the input {:?} is not a copy of a run", run.role));
            }
        }
        Ok(())
    }
}
