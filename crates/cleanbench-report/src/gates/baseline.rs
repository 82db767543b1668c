//! The run that another is compared with, as it was copied into `inputs/baseline/`.
//!
//! Its scores are taken from its `results.csv`, which must be the one that its `run.json` names.

use std::collections::HashMap;

use cleanbench_core::{Digest, Reducer};
use cleanbench_ledger::{Damage, LedgerError, Manifest, RunDirectory};

use crate::reduce::reduce;
use crate::tables::file_digest;
use crate::{ReportError, cell};

/// Folder of a run directory that holds its baseline.
pub const BASELINE_FOLDER: &str = "inputs/baseline";
/// What is copied of a baseline.
pub const BASELINE_FILES: [&str; 3] = ["run.json", "results.csv", "summary.csv"];

/// Name of the copy of the file `name`, within the run directory.
pub fn baseline_file(name: &str) -> String {
    format!("{BASELINE_FOLDER}/{name}")
}

/// Whether `run`, whose manifest this is, can be compared with: it has ended, is whole, and its table of
/// results is the one that it recorded.
///
/// # Errors
/// Why it cannot, a lowercase fragment.
pub fn check_baseline(run: &RunDirectory, manifest: &Manifest) -> Result<(), String> {
    if let Some(shard) = manifest.shard {
        return Err(format!(
            "it is shard {shard} of a run; merge the shards first"
        ));
    }
    let Some(end) = &manifest.end else {
        return Err("it has not ended in order; go on with it by `--resume`".to_owned());
    };
    let digest = file_digest(&run.file(RESULTS)).map_err(|error| error.to_string())?;
    if end.files.get(RESULTS) != Some(&digest) {
        return Err(format!(
            "its {RESULTS} is not the one that it recorded; see what `cleanbench verify` says"
        ));
    }
    let header = columns(&run.file(RESULTS)).map_err(|error| error.to_string())?;
    header.map(drop).ok_or_else(|| TOO_OLD.to_owned())
}

const RESULTS: &str = "results.csv";
const TOO_OLD: &str =
    "it does not say what the model saw; make the baseline again with this version";

/// Columns that are read.
const COLUMNS: [&str; 5] = ["model", "task", "sample", "score", "input_digest"];

/// What is known of one sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Known {
    /// It was not put to the model.
    Absent,
    /// It was, and is in quarantine.
    Aside,
    /// There is no score of it.
    Unanswered,
    /// Its score.
    Score(f64),
}

impl Known {
    /// A sample that was put to the model.
    pub(crate) fn of(score: Option<f64>) -> Self {
        score.map_or(Self::Unanswered, Self::Score)
    }

    /// Its score, if there is one.
    pub(crate) fn score(self) -> Option<f64> {
        match self {
            Self::Score(score) => Some(score),
            Self::Absent | Self::Aside | Self::Unanswered => None,
        }
    }
}

/// A baseline opened for reading.
#[derive(Debug)]
pub(crate) struct Baseline {
    /// Its plan.
    pub(crate) manifest: Manifest,
    /// Its scores by model, task and what the model saw; samples that look the same stand in their order.
    scores: HashMap<(String, String), Seen>,
}

/// The scores of a task by the digest of what the model saw.
type Seen = HashMap<String, Vec<BaseSample>>;

/// The scores of a sample of the baseline, over its epochs.
type BaseSample = Vec<f64>;

impl Baseline {
    /// Reads the copy in `run`.
    ///
    /// # Errors
    /// When it is damaged, or of a version that did not record what the model saw.
    pub(crate) fn open(run: &RunDirectory) -> Result<Self, ReportError> {
        let copy = RunDirectory::at(run.file(BASELINE_FOLDER));
        let manifest = Manifest::parse(&fs_err::read(copy.file("run.json"))?)?;
        let path = copy.file(RESULTS);
        let recorded = manifest.end.as_ref().and_then(|end| end.files.get(RESULTS));
        if recorded != Some(&file_digest(&path)?) {
            let what = "not the table that the baseline's run.json names";
            return Err(damage(what).into());
        }
        let scores = read_scores(&path)?;
        Ok(Self { manifest, scores })
    }

    /// What it knows of the samples with these digests, in their order.
    pub(crate) fn look_up(
        &self,
        model: &str,
        task: &str,
        reducer: Reducer,
        digests: impl Iterator<Item = Digest>,
    ) -> Vec<Known> {
        let key = (cell::text(model), cell::text(task));
        let Some(seen) = self.scores.get(&key) else {
            return digests.map(|_| Known::Absent).collect();
        };
        let mut taken: HashMap<String, usize> = HashMap::new();
        let look = |digest: Digest| {
            let digest = digest.to_string();
            let position = taken.entry(digest.clone()).or_default();
            let sample = seen.get(&digest).and_then(|samples| samples.get(*position));
            *position += 1;
            sample.map_or(Known::Absent, |scores| Known::of(reduce(reducer, scores)))
        };
        digests.map(look).collect()
    }
}

fn damage(what: &str) -> LedgerError {
    Damage::whole(baseline_file(RESULTS), what).into()
}

/// Where the columns are that are read; `None` where one is missing.
fn columns(path: &std::path::Path) -> Result<Option<Vec<usize>>, ReportError> {
    let mut reader = csv::Reader::from_reader(fs_err::File::open(path)?);
    let header = reader.headers()?;
    let column = |name: &&str| header.iter().position(|column| column == *name);
    Ok(COLUMNS.iter().map(column).collect())
}

fn read_scores(path: &std::path::Path) -> Result<HashMap<(String, String), Seen>, ReportError> {
    let columns = columns(path)?.ok_or_else(|| damage(TOO_OLD))?;
    let mut reader = csv::Reader::from_reader(fs_err::File::open(path)?);
    let mut scores: HashMap<_, Seen> = HashMap::new();
    let mut last = [String::new(), String::new(), String::new()];
    for record in reader.records() {
        let record = record?;
        let cell = |number: usize| record.get(columns[number]).unwrap_or_default();
        let seen = scores
            .entry((cell(0).to_owned(), cell(1).to_owned()))
            .or_default();
        let samples = seen.entry(cell(4).to_owned()).or_default();
        if last
            .iter()
            .zip(0..)
            .any(|(last, number)| last != cell(number))
        {
            samples.push(BaseSample::default());
            last = [0, 1, 2].map(|number| cell(number).to_owned());
        }
        let score: Option<f64> = cell(3).parse().ok();
        if let (Some(score), Some(sample)) = (score, samples.last_mut()) {
            sample.push(score);
        }
    }
    Ok(scores)
}
