//! A suite after loading.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cleanbench_core::probe::{ControlKind, ProbeForm};
use cleanbench_core::{
    Constraints, Digest, Gate, Method, Reducer, Sampling, ScorerSpec, Sensitivity,
};
use cleanbench_files::Roots;
use serde_json::{Map, Value, json};

use crate::data_file::DataFile;
use crate::draft::Rules;
use crate::fewshot::{self, FewShot};
use crate::fields::Fields;
use crate::folder::SuiteFolder;
use crate::messages::role_name;
use crate::number_form::{Convention, Readers};
use crate::prompt::{Origin, Prompts, TEMPLATE_ENGINE};
use crate::tally::Tally;
use crate::target_form::Shown;

/// A validated suite.
#[derive(Debug)]
pub struct Suite {
    /// Name, fit to be part of a file name.
    pub name: String,
    /// The author's version of it; `unversioned` where none is given.
    pub version: String,
    /// What it is for.
    pub description: Option<String>,
    /// Models to use when none is named.
    pub models: Vec<String>,
    /// Reference models to use when none is named: they cannot have seen the items.
    pub references: Vec<String>,
    /// Contamination probes that a run puts besides the tasks.
    pub probes: Option<ProbeUse>,
    /// Conditions on a run, as they stand in the manifest; their tasks are tasks of the suite.
    pub gates: Vec<Gate>,
    /// Samples that are in no score and in no gate.
    pub quarantine: Quarantine,
    /// The suite's folder, to which its paths are relative.
    pub dir: PathBuf,
    /// The manifest.
    pub file: PathBuf,
    /// The bytes of the manifest that were read.
    pub manifest_bytes: Vec<u8>,
    /// The tasks as they stand in the manifest; at least one.
    pub tasks: Vec<Task>,
    /// Digest of everything the suite says: the manifest, the prompt files, the schema files, the files
    /// of examples, the data files and their images, in the order of tasks. Paths are not part of it, so a suite may be moved.
    pub digest: Digest,
    pub(crate) folder: SuiteFolder,
}

impl Suite {
    /// What may be read of the suite: its folder, and what the user allowed besides.
    pub fn roots(&self) -> &Roots {
        self.folder.roots()
    }
}

/// What `quarantine.toml` says; nothing where there is no such file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quarantine {
    /// Its entries, whether their day has passed or not. Each names a sample of the suite, none twice.
    pub samples: Vec<QuarantinedSample>,
    /// The bytes of the file that were read.
    pub bytes: Vec<u8>,
}

/// A sample that is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedSample {
    /// Name of its task.
    pub task: String,
    /// Its id.
    pub sample: String,
    /// Why.
    pub reason: String,
    /// The last day, `YYYY-MM-DD`.
    pub until: String,
}

/// Items that a model cannot have seen, for the probes of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Name of the task that holds them.
    pub task: String,
    /// Why the model cannot have seen them: [`ControlKind::Sibling`], [`ControlKind::PostCutoff`] or
    /// [`ControlKind::Private`].
    pub kind: ControlKind,
}

/// What `[probes]` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeUse {
    /// Names of the probes, each once; at least one.
    pub names: Vec<String>,
    /// Most items of a task that are put to a probe.
    pub items: u64,
    /// The forms in which probes are put, as far as they have them; at least one.
    pub forms: Vec<ProbeForm>,
    /// Instruction prompts that replace the shipped ones: name of the probe, text.
    pub prompts: BTreeMap<String, String>,
    /// Whether a probe asks about no more items once a leak is clear.
    pub early_stop: bool,
}

/// One kind of question: prompt, scorers, samples.
#[derive(Debug)]
pub struct Task {
    /// Name, unique in the suite.
    pub name: String,
    /// How often each sample is put; at least 1.
    pub epochs: u32,
    /// How answers are had.
    pub method: Method,
    /// Items that a model cannot have seen, if the task names some.
    pub control: Option<Control>,
    /// The task whose items were never sent anywhere and have controls by the same writer: what its probes find is the
    /// bias of this task's.
    pub never_sent: Option<String>,
    /// Sampling parameters that the task asks for.
    pub sampling: Sampling,
    /// What its answers must look like, and what they may come with.
    pub constraints: Constraints,
    /// The task's label. A task that gives none is private: what is not declared public stays here. At
    /// least that of its examples, which are sent with every sample.
    pub sensitivity: Sensitivity,
    /// The strictest label among its samples; at least the task's own.
    pub strictest: Sensitivity,
    /// When its items could first be seen, `YYYY-MM-DD`.
    pub released: Option<String>,
    /// Its scorers, at least one, all known to the catalog it was loaded with; the primary one first.
    pub scorers: Vec<ScorerSpec>,
    /// How the scores of a sample's epochs become its score; it needs no more epochs than there are.
    pub reducer: Reducer,
    /// The field of the metadata that gives the cluster of samples that name none of their own.
    pub cluster: Option<String>,
    /// Fields of the metadata by whose values scores are reported besides.
    pub slices: Vec<String>,
    /// Examples that stand before every question.
    pub fewshot: Option<FewShot>,
    /// Free words to select it by.
    pub tags: Vec<String>,
    /// Options of samples that give none of their own; empty or at least two.
    pub choices: Vec<String>,
    /// How many samples it has; at least 1.
    pub samples: u64,
    /// What all of them come to; `None` where examples stand before the questions.
    pub tally: Option<Tally>,
    /// Its data files, sorted by path.
    pub files: Vec<DataFile>,
    pub(crate) prompts: Prompts,
    pub(crate) folder: SuiteFolder,
    pub(crate) fields: Arc<Fields>,
    /// In which form targets name options, as the data shows, where that was looked for.
    pub(crate) form: Shown,
    pub(crate) readers: Readers,
    pub(crate) convention: Convention,
    /// The seed by which choices are shuffled, where they are.
    pub(crate) shuffle: Option<u64>,
    /// Whether all its scorers compare texts.
    pub(crate) compares_texts: bool,
}

impl Task {
    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules {
            choices: &self.choices,
            sensitivity: self.sensitivity,
            folder: &self.folder,
            images: &self.prompts.images,
            cluster: self.cluster.as_deref(),
            said: self.fields.target.form,
            shown: self.form,
            readers: self.readers,
            convention: self.convention,
            shuffle: self.shuffle,
            compares_texts: self.compares_texts,
            columns: &[],
            fields: Some(&self.fields),
        }
    }

    /// Everything that was resolved, as an object for a run's record: which data, which prompt,
    /// which parameters. File paths within the suite's folder are relative to it.
    pub fn describe(&self) -> Value {
        let files = self.files.iter().map(|file| {
            let mut described = json!({
                "path": relative(self.folder.dir(), &file.path),
                "digest": file.digest,
                "samples": file.samples,
            });
            if let Some(digest) = file.images.digest {
                described["images"] =
                    json!({"count": file.images.count, "bytes": file.images.bytes, "digest": digest});
            }
            described
        });
        let mut fields = json!({
            "name": self.name,
            "epochs": self.epochs,
            "method": self.method,
            "control": self.control.as_ref().map(|control| json!({"task": control.task, "kind": control.kind})),
            "sampling": self.sampling,
            "sensitivity": self.sensitivity,
            "strictest": self.strictest,
            "released": self.released,
            "scorers": self.scorers,
            "tags": self.tags,
            "choices": self.choices,
            "template_engine": TEMPLATE_ENGINE,
            "files": files.collect::<Vec<_>>(),
            "samples": self.samples,
        });
        if let Value::Object(fields) = &mut fields {
            if !self.constraints.is_plain() {
                fields.insert("constraints".to_owned(), json!(self.constraints));
            }
            if let Some(task) = &self.never_sent {
                fields.insert("never_sent".to_owned(), json!(task));
            }
            self.describe_columns(fields);
            let path = |path: &Path| relative(self.folder.dir(), path);
            fewshot::describe(fields, self.fewshot.as_ref(), path);
            self.describe_prompts(fields);
        }
        fields
    }

    /// How the data was read, where that does not follow from names alone.
    fn describe_columns(&self, fields: &mut Map<String, Value>) {
        if let Some(form) = self.fields.target.form.or(self.form.form) {
            fields.insert("target_form".to_owned(), json!(form.as_str()));
        }
        let decimal = self.convention.word();
        if let Some(word) = decimal.filter(|_| self.readers == Readers::All) {
            fields.insert("target_decimals".to_owned(), json!(word));
        }
        if let Some(seed) = self.shuffle {
            fields.insert("shuffle_choices".to_owned(), json!({"seed": seed}));
        }
        let columns: Vec<_> = self
            .fields
            .columns()
            .map(|column| &column.name.value)
            .collect();
        if !columns.is_empty() {
            fields.insert("columns".to_owned(), json!(columns));
        }
    }

    fn describe_prompts(&self, fields: &mut Map<String, Value>) {
        let system = self.prompts.system.as_ref();
        fields.insert(
            "system".to_owned(),
            json!(system.map(|template| &template.text)),
        );
        if let [(_, only)] = self.prompts.turns.as_slice()
            && only.name == "prompt"
        {
            fields.insert("prompt".to_owned(), json!(only.text));
            if let Origin::File(path) = &only.origin {
                fields.insert(
                    "prompt_file".to_owned(),
                    json!(relative(self.folder.dir(), path)),
                );
            }
            return;
        }
        let turns = self.prompts.turns.iter().zip(0..);
        let turns = turns.map(|((role, template), position)| {
            let mut turn = json!({"role": role_name(*role), "content": template.text});
            let images = self.prompts.images.iter();
            let images: Vec<_> = images
                .filter(|image| image.message == Some(position))
                .map(|image| image.written.as_str())
                .collect();
            if !images.is_empty() {
                turn["images"] = json!(images);
            }
            turn
        });
        fields.insert("messages".to_owned(), turns.collect());
    }
}

fn relative(dir: &Path, path: &Path) -> String {
    let path = path.strip_prefix(dir).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}
