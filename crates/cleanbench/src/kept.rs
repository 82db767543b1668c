//! What checks found before, in the user's cache folder.
//!
//! Invariant: a kept report is used for exactly the endpoint and version that it is about. No key is in
//! it, nor in its name. A folder that cannot be written costs a warning, and a file that cannot be read
//! costs asking again.

use std::path::{Path, PathBuf};

use cleanbench_ledger::LedgerError;
use cleanbench_ledger::files::{self, LONGEST_WHOLE};
use cleanbench_model::capability::{CapabilityReport, identity};
use cleanbench_model::{Endpoint, LikelihoodMethod};
use cleanbench_plan::support::Supported;
use serde::{Deserialize, Serialize};

use crate::environment::cache_folder;
use crate::printer;

/// A report and when it was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// RFC 3339, in UTC.
    pub(crate) measured: String,
    pub(crate) report: CapabilityReport,
}

impl Kept {
    /// A report made now.
    pub(crate) fn now(report: CapabilityReport) -> Self {
        let measured = format!("{:.0}", jiff::Timestamp::now());
        Self { measured, report }
    }

    /// What is kept of `endpoint`.
    pub(crate) fn find(endpoint: &Endpoint) -> Option<Self> {
        let path = place(endpoint)?;
        let name = path.file_name()?.to_str()?;
        let bytes = files::read(path.parent()?, name, LONGEST_WHOLE).ok()?;
        let kept: Self = serde_json::from_slice(&bytes).ok()?;
        kept.report.fits(endpoint).then_some(kept)
    }

    /// Keeps it, in one step, so that a reader sees all of it or what was there before.
    pub(crate) fn keep(&self, endpoint: &Endpoint) {
        let Some(path) = place(endpoint) else {
            printer::warn("neither `XDG_CACHE_HOME` nor `HOME` is set; the result is not kept");
            return;
        };
        if let Err(error) = self.write(&path) {
            printer::warn(format!("the result is not kept: {error}"));
        }
    }

    fn write(&self, path: &Path) -> Result<(), LedgerError> {
        let name = path.file_name().and_then(|name| name.to_str());
        let (Some(folder), Some(name)) = (path.parent(), name) else {
            return Ok(());
        };
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::from)?;
        files::make_all_folders(folder)?;
        files::replace(folder, name, &text)
    }
}

/// What is kept, for plans.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeptFindings;

impl Supported for KeptFindings {
    fn likelihood(&self, endpoint: &Endpoint) -> Option<LikelihoodMethod> {
        Kept::find(endpoint)?.report.likelihood_method()
    }
}

fn place(endpoint: &Endpoint) -> Option<PathBuf> {
    // What is in this process is quickly asked again.
    if endpoint.is_embedded() {
        return None;
    }
    let name = format!("{}.json", identity(endpoint));
    Some(cache_folder()?.join("models").join(name))
}
