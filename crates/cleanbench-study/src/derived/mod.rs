//! Results over several runs: a folder of their own, with copies of what they were computed from.
//!
//! ```text
//! <UTC time>-compare-<suite>-<id>/
//!   manifest.json          what was computed, from what, and the digests of all files
//!   comparison.json …      the result
//!   summary.md             the same for people
//!   inputs/<role>/         run.json, results.csv and summary.csv of each run; calls.csv where times and costs are told
//! ```
//!
//! Invariant: every file but the manifest and the inputs is a pure function of these ([`compute`]), so
//! that [`verify`] recomputes it byte for byte and [`redraw`] gives the same bytes again.
//!
//! That an input follows from the replies of its run cannot be told from here; verifying the run does.

mod checking;
mod comparison_files;
mod comparison_summary;
mod drift_files;
mod items_files;
mod manifest;
pub mod markdown;
pub mod number;
mod ranking_files;
pub mod sentence;
mod writing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cleanbench_ledger::LedgerError;
use serde::{Deserialize, Serialize};

pub use checking::{read, redraw, verify};
pub use comparison_files::{aside as aside_of, lost_first, told};
pub use comparison_summary::told_shortly;
pub use drift_files::{aside, delays, evidence, missing, statement};
pub use items_files::{gap, items_aside, slice_name};
pub use manifest::{DerivedManifest, FORMAT, Input, InputFact, InputRun, MANIFEST_FILE};
pub use ranking_files::{level, places};
pub use writing::{Source, Stamp, write};

use crate::compare::{Comparison, NotComparable, Options, Ranking, compare, rank};
use crate::drift::{Drift, DriftOptions, drift};
use crate::item_analysis::{Analysis, AnalysisOptions, analyse};
use cleanbench_items::{Both, ItemTable, ItemsError, Policy, Side};
use cleanbench_items::{CALLS_FILE, RESULTS_FILE, SUMMARY_FILE};
use cleanbench_ledger::manifest::MANIFEST_FILE as RUN_FILE;
use cleanbench_report::ReportError;

/// What is computed, with everything that decides its bytes beside the inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// Two models compared.
    Compare {
        /// The baseline.
        base: ModelOf,
        /// The candidate.
        candidate: ModelOf,
        /// How.
        options: Options,
    },
    /// All models of a run in order.
    Rank {
        /// How.
        options: Options,
    },
    /// What the samples of a suite are worth.
    Items {
        /// The models that answered them.
        respondents: Vec<ModelOf>,
        /// How.
        options: AnalysisOptions,
    },
    /// A model over the nights.
    Drift {
        /// The model in each night, in order.
        nights: Vec<ModelOf>,
        /// How.
        options: DriftOptions,
    },
}

/// A model of one of the inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelOf {
    /// Position of the run among the inputs.
    pub input: usize,
    /// Name of the model.
    pub model: String,
}

/// What was computed.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The result.
    pub outcome: Outcome,
    /// Its files, by name.
    pub files: BTreeMap<&'static str, Vec<u8>>,
}

impl Derived {
    /// The file that holds the whole result as JSON.
    pub fn document(&self) -> Option<&[u8]> {
        let name = match self.outcome {
            Outcome::Comparison(_) => "comparison.json",
            Outcome::Ranking(_) => "ranking.json",
            Outcome::Items(_) => "items.json",
            Outcome::Drift(_) => "drift.json",
        };
        self.files.get(name).map(Vec::as_slice)
    }
}

/// The result itself.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Two models compared.
    Comparison(Box<Comparison>),
    /// All models of a run in order.
    Ranking(Box<Ranking>),
    /// What the samples of a suite are worth.
    Items(Box<Analysis>),
    /// A model over the nights.
    Drift(Box<Drift>),
}

/// Why a result cannot be computed or written.
#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    /// An input cannot be read.
    #[error(transparent)]
    Items(#[from] ItemsError),
    /// The sides cannot be compared.
    #[error(transparent)]
    NotComparable(#[from] NotComparable),
    /// A run has no model of that name.
    #[error("run `{run}` has no model `{model}`")]
    NoSuchModel {
        /// The run.
        run: String,
        /// The name.
        model: String,
    },
    /// A folder or file cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A table cannot be put together.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl From<std::io::Error> for DeriveError {
    fn from(error: std::io::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl What {
    /// The word for it in names of folders.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Compare { .. } => "compare",
            Self::Rank { .. } => "rank",
            Self::Items { .. } => "items",
            Self::Drift { .. } => "drift",
        }
    }

    /// Files of a run that are copied; the last one only where it tells what was used up.
    pub(crate) fn copied(&self) -> &'static [&'static str] {
        const COPIED: [&str; 4] = [RUN_FILE, RESULTS_FILE, SUMMARY_FILE, CALLS_FILE];
        if self.tells_spending() {
            &COPIED
        } else {
            &COPIED[..3]
        }
    }

    /// Whether it tells what the calls of its runs used up.
    pub fn tells_spending(&self) -> bool {
        matches!(self, Self::Compare { .. }) && number::by_rules_of_now(self.policy())
    }

    /// What becomes of pairs for which something speaks against comparing them, where it says so.
    pub fn policy(&self) -> Option<Policy> {
        match self {
            Self::Compare { options, .. } | Self::Rank { options } => options.policy,
            Self::Items { options, .. } => options.policy,
            Self::Drift { options, .. } => options.policy,
        }
    }
}

/// Computes `what` from the runs' items: the result, and the bytes of its files.
///
/// # Errors
/// When the runs cannot be compared, or lack a model.
pub fn compute(what: &What, tables: &[ItemTable]) -> Result<Derived, DeriveError> {
    let (outcome, files) = match what {
        What::Compare {
            base,
            candidate,
            options,
        } => {
            let sides = Both {
                base: side(tables, base)?,
                candidate: side(tables, candidate)?,
            };
            let comparison = compare(sides, options)?;
            let mut files = comparison_files::draw(&comparison)?;
            if number::by_rules_of_now(comparison.policy) {
                let summary = comparison_summary::draw(&comparison);
                files.insert("summary.md", summary.into_bytes());
            }
            (Outcome::Comparison(Box::new(comparison)), files)
        }
        What::Rank { options } => {
            let table = tables.first().ok_or(NotComparable::NothingInCommon)?;
            let ranking = rank(table, options)?;
            let files = ranking_files::draw(&ranking)?;
            (Outcome::Ranking(Box::new(ranking)), files)
        }
        What::Items {
            respondents,
            options,
        } => {
            let analysis = analyse(&sides(tables, respondents)?, options)?;
            let files = items_files::draw(&analysis)?;
            (Outcome::Items(Box::new(analysis)), files)
        }
        What::Drift { nights, options } => {
            let drift = drift(&sides(tables, nights)?, options)?;
            let files = drift_files::draw(&drift)?;
            (Outcome::Drift(Box::new(drift)), files)
        }
    };
    Ok(Derived { outcome, files })
}

fn sides<'a>(tables: &'a [ItemTable], of: &[ModelOf]) -> Result<Vec<Side<'a>>, DeriveError> {
    of.iter().map(|of| side(tables, of)).collect()
}

fn side<'a>(tables: &'a [ItemTable], of: &ModelOf) -> Result<Side<'a>, DeriveError> {
    let missing = |run: String| DeriveError::NoSuchModel {
        run,
        model: of.model.clone(),
    };
    let table = tables.get(of.input).ok_or_else(|| missing(String::new()))?;
    let model = table
        .model_named(&of.model)
        .ok_or_else(|| missing(table.manifest.run.to_string()))?;
    Ok(Side { table, model })
}

/// Whether `folder` holds a result over several runs.
pub fn is_derived(folder: &Path) -> bool {
    let stands = |name: &str| fs_err::symlink_metadata(folder.join(name)).is_ok();
    folder.is_dir() && stands(MANIFEST_FILE) && !stands(RUN_FILE)
}

/// All results over several runs in `out`, oldest first.
///
/// # Errors
/// When the folder exists and cannot be listed.
pub fn list(out: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    if !out.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs_err::read_dir(out)? {
        let path = entry?.path();
        if is_derived(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The results that `word` may mean: a folder, or those in `out` whose id or name begins with it.
///
/// # Errors
/// When `out` exists and cannot be listed.
pub fn find(out: &Path, word: &str) -> Result<Vec<PathBuf>, std::io::Error> {
    if is_derived(Path::new(word)) {
        return Ok(vec![PathBuf::from(word)]);
    }
    let mut found = list(out)?;
    found.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        let id = name.rsplit('-').next().unwrap_or_default();
        name.starts_with(word) || id.starts_with(word)
    });
    Ok(found)
}
