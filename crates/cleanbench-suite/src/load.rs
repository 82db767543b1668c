//! Loading: the manifest, then each task's templates, scorers and data, collecting all faults.
//!
//! Invariant: a suite is handed on only when the log holds no error at all.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cleanbench_core::{Digest, Scorer, ScorerCatalog, Sensitivity};
use cleanbench_files::{FileError, open_named};

use crate::MANIFEST;
use crate::at::At;
use crate::balance::Balance;
use crate::diagnostic::{Diagnostic, Document, Fault};
use crate::effort::Effort;
use crate::files::{self, Globs};
use crate::folder::{DataSource, Grants, MANIFEST_LIMIT, PathFault, SuiteFolder};
use crate::grouping::Grouping;
use crate::identities::Identities;
use crate::log::Log;
use crate::manifest;
use crate::named_data;
use crate::number_form::{Convention, Readers};
use crate::probe_table::ProbeTable;
use crate::pulse::Pulse;
use crate::reading::Reading;
use crate::reading_keys;
use crate::scorer_entry::ScorerEntry;
use crate::suite::{ProbeUse, Suite};
use crate::tally::Tally;
use crate::target_form::ColumnForm;
use crate::task_table::TaskTable;
use crate::words::{did_you_mean, shown, shown_list};

/// Most names that all globs of a suite look through together.
const MOST_NAMES: usize = 1_000_000;

/// What a suite may name.
#[derive(Clone, Copy)]
pub struct Catalog<'a> {
    /// The scorers.
    pub scorers: &'a dyn ScorerCatalog,
    /// Names of the probes.
    pub probes: &'a [&'a str],
}

/// What a suite is loaded with.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    catalog: Catalog<'a>,
    grants: &'a Grants,
    /// Beats with every record.
    pub(crate) pulse: &'a Pulse,
}

/// The result of [`load`].
#[derive(Debug)]
pub struct Loaded {
    /// The suite; None when there is any error.
    pub suite: Option<Suite>,
    /// All faults: files in the order of reading, each by line and column; at most 1,000 a file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads and validates the suite at `path`, a folder with `suite.toml` or a TOML file.
///
/// Streams all data files once. Memory: about 24 bytes per sample while loading.
///
/// Nothing is opened but what lies in the suite's folder, and what `grants` name.
pub fn load(path: &Path, catalog: Catalog<'_>, grants: &Grants, pulse: &Pulse) -> Loaded {
    let named = Named::locate(path);
    let mut log = Log::default();
    log.mention(&named.file);
    if let Some(fault) = named_data::fault_of(path) {
        log.error(whole(path), fault);
        return Loaded {
            suite: None,
            diagnostics: log.finish(),
        };
    }
    let suite = match named.read(grants) {
        Ok((folder, bytes)) => {
            let given = Given {
                catalog,
                grants,
                pulse,
            };
            load_bytes(folder, named.file, bytes, given, &mut log)
        }
        Err(error) => {
            log.error(whole(&named.file), unreadable(&error, &named));
            None
        }
    };
    Loaded {
        suite,
        diagnostics: log.finish(),
    }
}

/// A suite that was named by its folder or its manifest.
struct Named {
    dir: PathBuf,
    file: PathBuf,
    /// Whether it is the manifest that was named: then it may be a link to anywhere.
    is_file: bool,
}

impl Named {
    fn locate(path: &Path) -> Self {
        let is_file = !path.is_dir();
        let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
        Self {
            dir: if is_file {
                parent.unwrap_or(Path::new(".")).to_owned()
            } else {
                path.to_owned()
            },
            file: if is_file {
                path.to_owned()
            } else {
                path.join(MANIFEST)
            },
            is_file,
        }
    }

    fn read(&self, grants: &Grants) -> Result<(SuiteFolder, Vec<u8>), FileError> {
        let folder = SuiteFolder::open(&self.dir, &grants.folders)?;
        let bytes = if self.is_file {
            open_named(&self.file, MANIFEST_LIMIT)?.read_whole()?
        } else {
            folder.read(&self.file, MANIFEST_LIMIT)?
        };
        Ok((folder, bytes))
    }
}

/// What is not there: what was named, or the manifest in it.
fn not_there(named: &Named) -> Fault {
    if named.is_file || !named.dir.is_dir() {
        let path = if named.is_file {
            &named.file
        } else {
            &named.dir
        };
        let message = format!("no such file or folder: `{}`", path.display());
        return Fault::new(0, message).hint(format!(
            "name the folder of a suite, which has a `{MANIFEST}` in it, or a TOML file; `cleanbench init DIR` makes one to start from"
        ));
    }
    let message = format!("the folder `{}` has no `{MANIFEST}`", named.dir.display());
    Fault::new(0, message).hint(
        "write one, name the TOML file of the suite itself, or start from the one that `cleanbench init DIR` makes",
    )
}

fn unreadable(error: &FileError, named: &Named) -> Fault {
    let hint = format!("give a folder with a `{MANIFEST}`, or a TOML file");
    match error {
        FileError::Missing { .. } => not_there(named),
        error => {
            let written = if named.is_file {
                named.file.to_string_lossy()
            } else {
                MANIFEST.into()
            };
            let fault = PathFault::of(error, &written, &named.dir);
            Fault::new(0, fault.message)
                .hint(hint)
                .maybe_hint(fault.hint)
        }
    }
}

/// The faults of columns that a task names and no sample has.
fn unmet(reading: &Reading) -> Vec<Fault> {
    let fields = reading.fields();
    let unmet = fields
        .columns()
        .filter(|column| reading.met & (1 << column.position) == 0);
    let there = || reading.columns.iter().map(String::as_str);
    let faults = unmet.map(|column| {
        let name = &column.name;
        let message = format!("no sample has the column {}", shown(&name.value));
        Fault::new(name.at, message)
            .hint(format!("the columns are {}", shown_list(there(), 20)))
            .maybe_hint(did_you_mean(&name.value, there()))
    });
    faults.collect()
}

/// The parameter of a scorer that says how numbers are written.
const LOCALE: &str = "locale";

/// A document for faults of a file that has no text to show.
pub(crate) fn whole(path: &Path) -> Document<'_> {
    Document {
        path,
        text: "",
        line: 1,
        column: 0,
    }
}

fn load_bytes(
    folder: SuiteFolder,
    file: PathBuf,
    bytes: Vec<u8>,
    given: Given<'_>,
    log: &mut Log,
) -> Option<Suite> {
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let document = Document {
        path: &file,
        text: &text,
        line: 1,
        column: 0,
    };
    if let Err(error) = std::str::from_utf8(&bytes) {
        let at = error.valid_up_to();
        let message = format!("invalid UTF-8: byte 0x{:02x}", bytes[at]);
        log.error(document, Fault::new(at, message));
        return None;
    }
    let mut manifest = manifest::read(document, log)?;
    let mut loader = Loader {
        log,
        manifest: document,
        folder: &folder,
        given,
        globs: Globs::new(MOST_NAMES),
        effort: Effort::default(),
        identities: Identities::default(),
        defaults_known: HashSet::new(),
        parts: vec![bytes.clone()],
    };
    let tables = std::mem::take(&mut manifest.tasks);
    let mut read = Vec::with_capacity(tables.len());
    for (at, table) in tables {
        read.push(loader.task(at, table));
        if loader.gives_up() {
            return None;
        }
    }
    loader.check_references(&read);
    loader.check_controls(&read);
    loader.check_default_keys(&read);
    let probes = manifest
        .probes
        .take()
        .and_then(|table| loader.probes(&table));
    let digest = loader.digest();
    let names = read.iter().map(|task| task.table.name.as_ref());
    let names: Vec<_> = names
        .map(|name| name.map_or("", |name| name.value.as_str()))
        .collect();
    let quarantine = loader.quarantine(&names);
    let tasks: Option<Vec<_>> = read
        .into_iter()
        .map(|task| task.complete(&folder))
        .collect();
    if log.errors() > 0 {
        return None;
    }
    Some(Suite {
        name: manifest.name,
        version: manifest.version,
        description: manifest.description,
        models: manifest.models,
        references: manifest.references,
        probes,
        gates: manifest.gates,
        quarantine,
        dir: folder.dir().to_owned(),
        folder,
        file,
        manifest_bytes: bytes,
        tasks: tasks?,
        digest,
    })
}

/// Collects what a suite says and what is wrong with it.
pub(crate) struct Loader<'a> {
    pub(crate) log: &'a mut Log,
    pub(crate) manifest: Document<'a>,
    pub(crate) folder: &'a SuiteFolder,
    /// What globs of all tasks have found.
    pub(crate) globs: Globs,
    /// What the suite makes of what it holds.
    pub(crate) effort: Effort,
    pub(crate) given: Given<'a>,
    pub(crate) identities: Identities,
    /// Keys about reading that some scorer knows.
    pub(crate) defaults_known: HashSet<&'static str>,
    /// What the suite's digest is over.
    pub(crate) parts: Vec<Vec<u8>>,
}

impl Loader<'_> {
    fn task(&mut self, at: usize, mut table: TaskTable) -> Reading {
        let name = table.name.as_ref().map_or("", |name| name.value.as_str());
        self.parts.push([b"task ", name.as_bytes()].concat());
        self.protect_named_data(&mut table);
        self.put_primary_first(&mut table);
        self.give_reading_keys(&mut table);
        self.check_reducer(&table);
        let prompts = self.prompts(&table);
        let constraints = self.constraints(&table);
        let scorers = self.scorers(table.scorers.as_deref().unwrap_or_default());
        let readers = self.readers(&table);
        self.check_method(&table, &scorers);
        let sources = self.data_files(&table);
        let mut reading = Reading {
            strictest: table.sensitivity.unwrap_or(Sensitivity::Private),
            examples: None,
            grouping: Grouping::of(&table),
            table,
            prompts,
            constraints,
            scorers,
            files: Vec::new(),
            samples: 0,
            template_faults: HashSet::new(),
            sources: sources.clone(),
            counted: Vec::new(),
            columns: Arc::new([]),
            met: 0,
            form: ColumnForm::default(),
            readers,
            convention: Convention::default(),
            balance: Balance::default(),
            tally: Tally::default(),
        };
        reading.examples = self.examples(&mut reading);
        self.identities.begin_task();
        let errors = self.log.errors();
        let mut lines = 0;
        for source in &sources {
            if self.gives_up() {
                break;
            }
            self.identities.begin_file(lines);
            lines = self.data_file(&mut reading, source);
        }
        if !sources.is_empty() && self.log.errors() == errors {
            self.check_as_a_whole(&reading, at);
        }
        reading
    }

    /// What only all samples of a task together show.
    fn check_as_a_whole(&mut self, reading: &Reading, at: usize) {
        let at = reading.table.data.as_ref().map_or(at, |data| data.at);
        if reading.samples == 0 {
            let fault = Fault::new(at, "empty data: there is no sample in it");
            self.log.error(self.manifest, fault);
            return;
        }
        for fault in reading.grouping.faults().into_iter().chain(unmet(reading)) {
            self.log.error(self.manifest, fault);
        }
        let of_task = reading.table.choices.as_deref().unwrap_or_default();
        if let Some(message) = reading.balance.warning(of_task) {
            let is_own = of_task.is_empty() && reading.table.shuffle_choices.is_none();
            let hint = is_own.then(|| "write `shuffle_choices = true` in the task".to_owned());
            let fault = Fault::new(at, message).maybe_hint(hint);
            self.log.warn(self.manifest, fault);
        }
        if let Some(message) = reading.balance.kept_in_order() {
            self.log.warn(self.manifest, Fault::new(at, message));
        }
    }

    /// Scorers get what the task says of how its answers are read.
    fn give_reading_keys(&mut self, table: &mut TaskTable) {
        let mut none = Vec::new();
        let scorers = table.scorers.as_mut().unwrap_or(&mut none);
        for key in &table.reading {
            let is_known = reading_keys::give(key, scorers, self.given.catalog.scorers);
            if is_known {
                self.defaults_known.insert(key.name);
            } else if !key.is_default {
                self.log
                    .error(self.manifest, reading_keys::unknown(key, scorers));
            }
        }
    }

    /// Who reads the numbers of the targets of `table` and is not told how they are written.
    fn readers(&self, table: &TaskTable) -> Readers {
        let scorers = table.scorers.as_deref().unwrap_or_default();
        let catalog = self.given.catalog.scorers;
        let reads = |entry: &&ScorerEntry| reading_keys::lacks(&entry.spec, LOCALE, catalog);
        let is_whole = |entry: &&ScorerEntry| catalog.knows(&entry.spec, LOCALE);
        match scorers.iter().filter(reads).count() {
            0 => Readers::None,
            some if some == scorers.iter().filter(is_whole).count() && some == scorers.len() => {
                Readers::All
            }
            _ => Readers::Some,
        }
    }

    /// A default that no task has a use for is a mistake.
    fn check_default_keys(&mut self, tasks: &[Reading]) {
        let keys = tasks.iter().flat_map(|task| &task.table.reading);
        let mut unused: Vec<_> = keys
            .filter(|key| key.is_default && !self.defaults_known.contains(key.name))
            .collect();
        unused.sort_by_key(|key| key.value.at);
        unused.dedup_by_key(|key| key.value.at);
        for key in unused {
            let message = format!("no task has a scorer that reads answers by `{}`", key.name);
            let fault = Fault::new(key.value.at, message).hint("remove it");
            self.log.error(self.manifest, fault);
        }
    }

    /// What the user named as data, or let the suite read elsewhere, is the user's own: no word of a suite makes it public.
    fn protect_named_data(&self, table: &mut TaskTable) {
        if !self.named_data(table).is_empty() || !self.given.grants.folders.is_empty() {
            let label = table.sensitivity.unwrap_or(Sensitivity::Private);
            table.sensitivity = Some(label.max(Sensitivity::Private));
        }
    }

    /// Whether the suite has made too much of what it holds. That is a fault, which is logged, and nothing more is read.
    pub(crate) fn gives_up(&mut self) -> bool {
        let Some(fault) = self.effort.fault() else {
            return false;
        };
        self.log.error(self.manifest, fault);
        true
    }

    /// The first scorer is the one that counts.
    fn put_primary_first(&mut self, table: &mut TaskTable) {
        let (Some(primary), Some(scorers)) = (&table.primary, &mut table.scorers) else {
            return;
        };
        let mut named =
            (0..scorers.len()).filter(|place| scorers[*place].spec.kind == primary.value);
        let shown = shown(&primary.value);
        let fault = match (named.next(), named.next()) {
            (Some(place), None) => {
                scorers[..=place].rotate_right(1);
                return;
            }
            (None, _) => {
                let kinds = scorers.iter().map(|scorer| scorer.spec.kind.as_str());
                let message =
                    format!("`primary` is {shown}, which is not among the task's scorers");
                let kinds: Vec<_> = kinds.collect();
                Fault::new(primary.at, message)
                    .hint(format!(
                        "they are {}",
                        shown_list(kinds.iter().copied(), 10)
                    ))
                    .maybe_hint(did_you_mean(&primary.value, kinds.iter().copied()))
            }
            (Some(_), Some(_)) => {
                let message = format!("`primary` is {shown}, and two of the task's scorers are");
                Fault::new(primary.at, message)
                    .hint("remove `primary`, and write the one that counts first in `scorers`")
            }
        };
        self.log.error(self.manifest, fault);
    }

    /// A reducer may need more epochs than a task has.
    fn check_reducer(&mut self, table: &TaskTable) {
        let Some(reducer) = &table.reducer else {
            return;
        };
        let (has, needs) = (table.epochs.unwrap_or(1), reducer.value.epochs_needed());
        if has < needs {
            let name = reducer.value;
            let message = format!("`{name}` needs {needs} epochs, the task has {has}");
            let hint = format!("write `epochs = {needs}`, or more");
            self.log
                .error(self.manifest, Fault::new(reducer.at, message).hint(hint));
        }
    }

    fn data_files(&mut self, table: &TaskTable) -> Vec<DataSource> {
        let named = self.named_data(table);
        let files = match &table.data {
            _ if !named.is_empty() => named,
            None => Vec::new(),
            Some(data) => self.files_of_manifest(data),
        };
        for file in &files {
            self.log.mention(&file.path);
        }
        files
    }

    /// What the user named in place of what the manifest names.
    fn named_data(&self, table: &TaskTable) -> Vec<DataSource> {
        let task = table.name.as_ref().map(|name| &name.value);
        let named = self.given.grants.data.iter();
        let named = named.filter(|named| Some(&named.task) == task);
        let sources = named.map(|named| DataSource {
            path: named.path.clone(),
            is_named: true,
        });
        sources.collect()
    }

    fn files_of_manifest(&mut self, data: &At<String>) -> Vec<DataSource> {
        match files::all(self.folder, &data.value, &mut self.globs) {
            Ok(paths) => {
                self.effort.found(paths.len());
                let sources = paths.iter().map(|path| DataSource {
                    path: path.clone(),
                    is_named: false,
                });
                sources.collect()
            }
            Err(fault) => {
                self.path_fault(data.at, fault);
                Vec::new()
            }
        }
    }

    pub(crate) fn path_fault(&mut self, at: usize, fault: PathFault) {
        let fault = Fault::new(at, fault.message).maybe_hint(fault.hint);
        self.log.error(self.manifest, fault);
    }

    /// Reports that the file at `path`, which every suite may have and which is called `written`, cannot be read.
    pub(crate) fn file_fault(&mut self, path: &Path, written: &str, error: &FileError) {
        let fault = PathFault::of(error, written, self.folder.dir());
        let fault = Fault::new(0, fault.message).maybe_hint(fault.hint);
        self.log.error(whole(path), fault);
    }

    fn scorers(&mut self, entries: &[ScorerEntry]) -> Vec<(String, Box<dyn Scorer>)> {
        let mut scorers = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.given.catalog.scorers.build(&entry.spec) {
                Ok(scorer) => scorers.push((entry.spec.kind.clone(), scorer)),
                Err(errors) => {
                    for error in errors {
                        let at = entry.place_of(error.param.as_deref());
                        let fault = Fault::new(at, error.message).maybe_hint(error.hint);
                        self.log.error(self.manifest, fault);
                    }
                }
            }
        }
        scorers
    }

    /// A task's scorers must judge what its method brings.
    fn check_method(&mut self, table: &TaskTable, scorers: &[(String, Box<dyn Scorer>)]) {
        let method = table.method.as_ref().map(|method| method.value);
        let method = method.unwrap_or_default();
        for (kind, scorer) in scorers {
            if scorer.reads() == method {
                continue;
            }
            let entries = table.scorers.as_deref().unwrap_or_default();
            let entry = entries.iter().find(|entry| entry.spec.kind == *kind);
            let message = format!(
                "scorer `{kind}` is for tasks with `method = \"{}\"`, this one has `{}`",
                scorer.reads().as_str(),
                method.as_str()
            );
            let fault = Fault::new(entry.map_or(0, |entry| entry.at), message);
            self.log.error(self.manifest, fault);
        }
    }

    /// A control, and what was never sent, is another task of the suite.
    fn check_controls(&mut self, tasks: &[Reading]) {
        let name_of = |task: &Reading| task.table.name.as_ref().map(|name| name.value.clone());
        let names: HashSet<_> = tasks.iter().filter_map(name_of).collect();
        for task in tasks {
            let table = &task.table;
            let control = table.control.as_ref();
            let control = control.map(|control| (&control.value.task, control.at, "control"));
            let never_sent = table.never_sent.as_ref();
            let never_sent = never_sent.map(|task| (&task.value, task.at, "measure of bias"));
            for (wanted, at, what) in control.into_iter().chain(never_sent) {
                let fault = if name_of(task).as_ref() == Some(wanted) {
                    format!("a task cannot be its own {what}")
                } else if names.contains(wanted) {
                    continue;
                } else {
                    format!("the suite has no task {}", shown(wanted))
                };
                self.log.error(self.manifest, Fault::new(at, fault));
            }
        }
    }

    /// Looks up the probes and reads their prompts.
    fn probes(&mut self, table: &ProbeTable) -> Option<ProbeUse> {
        let faults = table.faults(self.given.catalog.probes);
        let fine = faults.is_empty();
        for fault in faults {
            self.log.error(self.manifest, fault);
        }
        let mut prompts = BTreeMap::new();
        for (name, path) in &table.prompts {
            let (_, bytes, text) = self.text_file(path)?;
            let label = format!("probe prompt {} ", name.value);
            self.parts.push([label.as_bytes(), &bytes].concat());
            prompts.insert(name.value.clone(), text);
        }
        let names = table.names.iter().map(|name| name.value.clone());
        fine.then(|| ProbeUse {
            names: names.collect(),
            items: table.items,
            forms: table.forms.clone(),
            prompts,
            early_stop: table.early_stop,
        })
    }

    fn digest(&self) -> Digest {
        let parts: Vec<&[u8]> = self.parts.iter().map(Vec::as_slice).collect();
        Digest::of("cleanbench/suite/1", &parts)
    }
}
