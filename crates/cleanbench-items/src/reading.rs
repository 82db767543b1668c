//! `results.csv` to items, in one streaming pass that digests what it reads.
//!
//! Invariant: a row that is not where the plan says it must be is damage, never another item.

use std::collections::{HashMap, HashSet};
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use cleanbench_core::digest::FileHasher;
use cleanbench_core::{Digest, Outcome};
use cleanbench_ledger::files::{self, Lines, of_line};
use cleanbench_ledger::{Damage, LedgerError, Manifest, RunDirectory};
use cleanbench_text::cell;
use csv::ByteRecord;

use crate::error::ItemsError;
use crate::item::{Identity, Item, Slices, TaskItems, Trial};
use crate::policy::quarantine;

/// The file that holds the items of a run.
pub const RESULTS_FILE: &str = "results.csv";
/// The file that holds what is known of the contamination of tasks.
pub const SUMMARY_FILE: &str = "summary.csv";
/// Stands for the outcome of a call that another shard of the run makes.
pub const ELSEWHERE: &str = "not_in_shard";

/// Bytes read at once.
pub(crate) const BUFFER: usize = 1 << 18;

/// The items of the run whose tables lie in `folder`, and the SHA-256 of its `results.csv`.
pub(crate) fn read(
    folder: &Path,
    manifest: &Manifest,
) -> Result<(Vec<Vec<TaskItems>>, Digest), ItemsError> {
    let Some(end) = &manifest.end else {
        return Err(ItemsError::Unfinished(folder.to_owned()));
    };
    let mut file = Digesting::open(folder, RESULTS_FILE)?;
    let mut tasks = rows(&mut file, folder, manifest)?;
    let digest = file.finish(end.files.get(RESULTS_FILE), RESULTS_FILE)?;
    let mut file = Digesting::open(folder, SUMMARY_FILE)?;
    contamination(&mut file, folder, manifest, &mut tasks)?;
    file.finish(end.files.get(SUMMARY_FILE), SUMMARY_FILE)?;
    Ok((tasks, digest))
}

/// Whether the items of `run`, whose manifest this is, can be read: its table is the one that it recorded, and
/// says what the model saw.
///
/// # Errors
/// When it has not ended, its table is missing or another, or an early version made it.
pub fn check_table(run: &RunDirectory, manifest: &Manifest) -> Result<(), ItemsError> {
    let Some(end) = &manifest.end else {
        return Err(ItemsError::Unfinished(run.path().to_owned()));
    };
    let mut file = Digesting::open(run.path(), RESULTS_FILE)?;
    let mut table = csv::Reader::from_reader(BufReader::with_capacity(BUFFER, &mut file));
    let header = table.byte_headers()?.clone();
    drop(table);
    file.finish(end.files.get(RESULTS_FILE), RESULTS_FILE)?;
    Columns::find(&header, READ, run.path()).map(drop)
}

/// A file that is digested while it is read.
pub(crate) struct Digesting {
    file: Lines<fs_err::File>,
    hasher: FileHasher,
}

impl Digesting {
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Self, ItemsError> {
        Ok(Self {
            file: Lines::new(files::open(folder, name)?),
            hasher: FileHasher::default(),
        })
    }

    /// The digest of the whole file, which must be `recorded`.
    pub(crate) fn finish(
        mut self,
        recorded: Option<&Digest>,
        name: &str,
    ) -> Result<Digest, ItemsError> {
        let rest = std::io::copy(&mut self, &mut std::io::sink());
        rest.map_err(|error| of_line(name, error))?;
        let digest = self.hasher.finish();
        if recorded == Some(&digest) {
            return Ok(digest);
        }
        let what = "the file does not match its digest in run.json";
        Err(LedgerError::from(Damage::whole(name, what)).into())
    }
}

impl Read for Digesting {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        Ok(length)
    }
}

/// Where the columns of a table are.
pub(crate) struct Columns<const N: usize>([usize; N]);

impl<const N: usize> Columns<N> {
    pub(crate) fn find(
        header: &ByteRecord,
        names: [&'static str; N],
        folder: &Path,
    ) -> Result<Self, ItemsError> {
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(names) {
            let found = header.iter().position(|cell| cell == column.as_bytes());
            *place = found.ok_or_else(|| ItemsError::Old {
                run: folder.to_owned(),
                column,
            })?;
        }
        Ok(Self(places))
    }

    /// The cells of `record` in the order of the names.
    pub(crate) fn cells<'a>(&self, record: &'a ByteRecord) -> Option<[&'a str; N]> {
        let mut cells = [""; N];
        for (cell, place) in cells.iter_mut().zip(self.0) {
            *cell = std::str::from_utf8(record.get(place)?).ok()?;
        }
        Some(cells)
    }
}

const READ: [&str; 12] = [
    "model",
    "task",
    "sample",
    "epoch",
    "outcome",
    "score",
    "extraction_failure",
    "answer",
    "input_digest",
    "sample_digest",
    "cluster",
    "slices",
];

fn rows(
    file: &mut Digesting,
    folder: &Path,
    manifest: &Manifest,
) -> Result<Vec<Vec<TaskItems>>, ItemsError> {
    let mut table = csv::Reader::from_reader(BufReader::with_capacity(BUFFER, file));
    let header = table.byte_headers()?.clone();
    let columns = Columns::find(&header, READ, folder)?;
    let mut gathering = Gathering::new(manifest);
    let mut record = ByteRecord::new();
    while table.read_byte_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let added = columns
            .cells(&record)
            .and_then(|cells| gathering.add(cells));
        added.ok_or_else(|| {
            let what = "no row that run.json plans";
            LedgerError::from(Damage::at_line(RESULTS_FILE, line, what))
        })?;
    }
    Ok(gathering.tasks)
}

/// Items being put together; rows come in plan order.
struct Gathering {
    /// Names of the models and tasks as they stand in tables.
    models: Vec<String>,
    names: Vec<String>,
    probes: Vec<bool>,
    /// For each task the ids in quarantine, as they stand in tables.
    quarantine: Vec<HashSet<String>>,
    tasks: Vec<Vec<TaskItems>>,
    at: (usize, usize),
    clusters: HashMap<Box<str>, Arc<str>>,
    slices: HashMap<Box<str>, Slices>,
}

impl Gathering {
    fn new(manifest: &Manifest) -> Self {
        let plan = &manifest.plan;
        let models = plan.models.iter().map(|model| cell::text(&model.name));
        let models: Vec<_> = models.collect();
        let empty = TaskItems {
            contamination: "not_assessed".to_owned(),
            items: Vec::new(),
        };
        Self {
            tasks: vec![vec![empty; plan.tasks.len()]; models.len()],
            models,
            names: plan
                .tasks
                .iter()
                .map(|task| cell::text(&task.name))
                .collect(),
            probes: plan.tasks.iter().map(|task| task.probe.is_some()).collect(),
            quarantine: shown(&quarantine(plan)),
            at: (0, 0),
            clusters: HashMap::new(),
            slices: HashMap::new(),
        }
    }

    /// Takes in a row; `None` when it is none that the plan has.
    fn add(&mut self, cells: [&str; READ.len()]) -> Option<()> {
        let [
            model,
            task,
            id,
            epoch,
            outcome,
            score,
            failure,
            answer,
            input,
            whole,
            cluster,
            slices,
        ] = cells;
        self.go_to(model, task)?;
        if outcome == ELSEWHERE || self.probes[self.at.1] {
            return Some(());
        }
        let trial = Trial {
            outcome: outcome_of(outcome).ok()?,
            score: score_of(score).ok()?,
            extraction_failure: !failure.is_empty(),
            answer: answer.into(),
        };
        let epoch: usize = epoch.parse().ok()?;
        if epoch == 1 {
            let item = Item {
                identity: Identity {
                    id: id.into(),
                    input_digest: input.parse().ok()?,
                    sample_digest: whole.parse().ok()?,
                    is_quarantined: self.quarantine[self.at.1].contains(id),
                },
                cluster: (!cluster.is_empty()).then(|| self.shared_cluster(cluster)),
                slices: self.shared_slices(slices)?,
                trials: vec![trial],
            };
            self.items().push(item);
            return Some(());
        }
        let last = self.items().last_mut()?;
        (*last.identity.id == *id && last.trials.len() + 1 == epoch)
            .then(|| last.trials.push(trial))
    }

    fn items(&mut self) -> &mut Vec<Item> {
        &mut self.tasks[self.at.0][self.at.1].items
    }

    /// Finds model and task, which are mostly those of the row before.
    fn go_to(&mut self, model: &str, task: &str) -> Option<()> {
        if self.models.get(self.at.0)? != model {
            self.at.0 = self.models.iter().position(|name| name == model)?;
        }
        if self.names.get(self.at.1)? != task {
            self.at.1 = self.names.iter().position(|name| name == task)?;
        }
        Some(())
    }

    fn shared_cluster(&mut self, cluster: &str) -> Arc<str> {
        if let Some(known) = self.clusters.get(cluster) {
            return Arc::clone(known);
        }
        let new: Arc<str> = cluster.into();
        self.clusters.insert(cluster.into(), Arc::clone(&new));
        new
    }

    /// The slices that `text` says, a JSON object of texts, or nothing.
    fn shared_slices(&mut self, text: &str) -> Option<Slices> {
        if let Some(known) = self.slices.get(text) {
            return Some(Arc::clone(known));
        }
        let new: Slices = if text.is_empty() {
            Arc::default()
        } else {
            let fields: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(text).ok()?;
            let pair = |(field, value): (String, serde_json::Value)| {
                Some((field, value.as_str()?.to_owned()))
            };
            fields.into_iter().map(pair).collect::<Option<_>>()?
        };
        self.slices.insert(text.into(), Arc::clone(&new));
        Some(new)
    }
}

/// Ids as they stand in tables.
fn shown(ids: &[HashSet<String>]) -> Vec<HashSet<String>> {
    let of_task = |ids: &HashSet<String>| ids.iter().map(|id| cell::text(id)).collect();
    ids.iter().map(of_task).collect()
}

/// How a call ended, or nothing while it is open.
fn outcome_of(word: &str) -> Result<Option<Outcome>, Unplanned> {
    match Outcome::named(word) {
        None if word != "open" => Err(Unplanned),
        found => Ok(found),
    }
}

/// A score, or nothing where the cell is empty.
fn score_of(text: &str) -> Result<Option<f64>, Unplanned> {
    if text.is_empty() {
        return Ok(None);
    }
    let value: f64 = text.parse().map_err(|_| Unplanned)?;
    (0.0..=1.0)
        .contains(&value)
        .then_some(Some(value))
        .ok_or(Unplanned)
}

/// A cell that no table has which this program wrote.
struct Unplanned;

/// Notes what `summary.csv` says of contamination.
fn contamination(
    file: &mut Digesting,
    folder: &Path,
    manifest: &Manifest,
    tasks: &mut [Vec<TaskItems>],
) -> Result<(), ItemsError> {
    let mut table = csv::Reader::from_reader(file);
    let header = table.byte_headers()?.clone();
    let columns = Columns::find(&header, ["model", "task", "contamination"], folder)?;
    let plan = &manifest.plan;
    for record in table.byte_records() {
        let record = record?;
        let Some([model, task, class]) = columns.cells(&record) else {
            continue;
        };
        let model = plan
            .models
            .iter()
            .position(|one| cell::text(&one.name) == model);
        let task = plan
            .tasks
            .iter()
            .position(|one| cell::text(&one.name) == task);
        if let (Some(model), Some(task)) = (model, task) {
            class.clone_into(&mut tasks[model][task].contamination);
        }
    }
    Ok(())
}
