//! Merging the shards of a run.
//!
//! What is merged must be one run: the same plan, the same samples under the same key, cut into the same
//! number of shards, each of them once and ended in order. Anything else is refused before a byte is
//! copied.

use std::path::{Path, PathBuf};

use cleanbench_ledger::merge::{Ended, copy_shards};
use cleanbench_ledger::writer::timestamp;
use cleanbench_ledger::{Damage, JournalReader, LedgerError, Manifest, RunDirectory, Tail};

use crate::plan::compact;

/// In which point two shards are not of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Number of shards.
    Count,
    /// The suite's key.
    Key,
    /// The suite's files.
    Suite,
    /// Name or version of the program.
    Tool,
    /// The seed.
    Seed,
    /// The models, their endpoints or their sampling parameters.
    Models,
    /// The tasks, their number of samples or epochs.
    Tasks,
    /// The samples as the models see them.
    Samples,
    /// A file of `inputs/`.
    Inputs,
}

impl Difference {
    /// What differs, in the plural or as a thing of its own.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "the number of shards",
            Self::Key => "the suite's key",
            Self::Suite => "the suite",
            Self::Tool => "the version of cleanbench",
            Self::Seed => "the seed",
            Self::Models => "the models or their settings",
            Self::Tasks => "the selected tasks",
            Self::Samples => "the samples",
            Self::Inputs => "the files in `inputs`",
        }
    }
}

/// Why runs cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A directory cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A run was not made with `--shard`.
    #[error("`{0}` is no shard of a run")]
    NotAShard(PathBuf),
    /// A shard is still running, or was killed.
    #[error("`{0}` has not ended in order")]
    NotEnded(PathBuf),
    /// Two shards are of different runs.
    #[error("`{one}` and `{other}` are not of one run: {} differs", difference.as_str())]
    Differs {
        /// One shard.
        one: PathBuf,
        /// Another one.
        other: PathBuf,
        /// What differs first.
        difference: Difference,
    },
    /// A shard is named twice.
    #[error("`{one}` and `{other}` are both shard {index}")]
    Twice {
        /// One directory.
        one: PathBuf,
        /// Another one.
        other: PathBuf,
        /// Number of the shard.
        index: u32,
    },
    /// Shards are missing.
    #[error("shard {} of {count} is missing", numbers(missing))]
    Missing {
        /// Their numbers.
        missing: Vec<u32>,
        /// Number of shards of the run.
        count: u32,
    },
}

fn numbers(missing: &[u32]) -> String {
    let words: Vec<_> = missing.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// Makes a run directory in `out` from the shards `runs`. With `partial`, some may be missing: their
/// calls are then open. The tables are not drawn.
///
/// # Errors
/// When the shards are not all of one run, or a folder cannot be read or written; nothing is then left
/// in `out`.
pub fn merge(
    runs: Vec<RunDirectory>,
    out: &Path,
    partial: bool,
) -> Result<RunDirectory, MergeError> {
    let shards = read(runs)?;
    check_alike(&shards)?;
    check_each_once(&shards)?;
    if !partial {
        check_all(&shards)?;
    }
    let mut locks = Vec::new();
    for (run, _) in &shards {
        locks.push(run.lock()?);
    }
    // What was read before the lock may have been about to change.
    let shards = read(shards.into_iter().map(|(run, _)| run).collect())?;
    check_alike(&shards)?;
    shards.iter().try_for_each(check_ended)?;
    let target = create(out, &shards)?;
    copy_shards(&target, &shards)?;
    drop(locks);
    Ok(target)
}

fn create(out: &Path, shards: &[Ended]) -> Result<RunDirectory, MergeError> {
    let (_, first) = &shards[0];
    let suite = &first.plan.suite.name;
    let name = RunDirectory::name(&compact(&timestamp()), suite, "merged", &first.run);
    Ok(RunDirectory::create(out, &name)?)
}

/// The manifests, by number of the shard.
fn read(runs: Vec<RunDirectory>) -> Result<Vec<Ended>, MergeError> {
    let mut shards = Vec::new();
    for run in runs {
        let manifest = Manifest::read(&run)?;
        if manifest.shard.is_none() {
            return Err(MergeError::NotAShard(run.path().to_owned()));
        }
        shards.push((run, manifest));
    }
    shards.sort_by_key(|(_, manifest)| manifest.shard);
    Ok(shards)
}

fn check_alike(shards: &[Ended]) -> Result<(), MergeError> {
    for pair in shards.windows(2) {
        let [(one, this), (other, next)] = pair else {
            continue;
        };
        if let Some(difference) = difference(this, next) {
            return Err(MergeError::Differs {
                one: one.path().to_owned(),
                other: other.path().to_owned(),
                difference,
            });
        }
    }
    Ok(())
}

/// The suite's key in a run directory.
const KEY_FILE: &str = "inputs/suite.key";

/// The first point in which two shards are not of one run; a cause comes before what follows from it.
fn difference(one: &Manifest, other: &Manifest) -> Option<Difference> {
    let count = |manifest: &Manifest| manifest.shard.map(|shard| shard.count);
    let key = |manifest: &Manifest| manifest.plan.inputs.get(KEY_FILE).copied();
    let (this, next) = (one.plan.common(), other.plan.common());
    let points = [
        (count(one) == count(other), Difference::Count),
        (this.suite == next.suite, Difference::Suite),
        (key(one) == key(other), Difference::Key),
        (this.tool == next.tool, Difference::Tool),
        (this.seed == next.seed, Difference::Seed),
        (this.models == next.models, Difference::Models),
        (this.tasks == next.tasks, Difference::Tasks),
        (this.inputs == next.inputs, Difference::Inputs),
        (this == next && one.run == other.run, Difference::Samples),
    ];
    let found = points.into_iter().find(|(same, _)| !same);
    found.map(|(_, difference)| difference)
}

fn check_each_once(shards: &[Ended]) -> Result<(), MergeError> {
    for pair in shards.windows(2) {
        let [(one, this), (other, next)] = pair else {
            continue;
        };
        if let (true, Some(shard)) = (this.shard == next.shard, this.shard) {
            return Err(MergeError::Twice {
                one: one.path().to_owned(),
                other: other.path().to_owned(),
                index: shard.index,
            });
        }
    }
    Ok(())
}

fn check_all(shards: &[Ended]) -> Result<(), MergeError> {
    let here: Vec<_> = shards.iter().filter_map(|(_, one)| one.shard).collect();
    let count = here.first().map_or(0, |shard| shard.count);
    let missing: Vec<_> = (1..=count)
        .filter(|index| here.iter().all(|shard| shard.index != *index))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(MergeError::Missing { missing, count })
    }
}

/// The shard has ended, and its journal is whole down to the end that `run.json` names.
fn check_ended((run, manifest): &Ended) -> Result<(), MergeError> {
    let Some(end) = &manifest.end else {
        return Err(MergeError::NotEnded(run.path().to_owned()));
    };
    let mut reader = JournalReader::open(run, manifest, Tail::Whole)?;
    while reader.read()?.is_some() {}
    if reader.heads() == end.segments {
        return Ok(());
    }
    let name = run.path().join("journal").display().to_string();
    let what = "the journal does not end where run.json says";
    Err(LedgerError::from(Damage::whole(name, what)).into())
}
