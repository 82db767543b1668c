//! A task while it is being read: what its table says, and what was met in its data so far.
//!
//! Invariant: a task is never labelled weaker than its table or its examples say.

use std::collections::HashSet;
use std::sync::Arc;

use cleanbench_core::{Constraints, Scorer, ScorerSpec, Sensitivity};

use crate::balance::Balance;
use crate::data_file::DataFile;
use crate::draft::Rules;
use crate::fewshot::Examples;
use crate::fields::Fields;
use crate::folder::{DataSource, SuiteFolder};
use crate::grouping::Grouping;
use crate::number_form::{Convention, Readers};
use crate::prompt::Prompts;
use crate::suite::Task;
use crate::tally::Tally;
use crate::target_form::ColumnForm;
use crate::task_table::{Shuffle, TaskTable};

/// A task while it is being read.
pub(crate) struct Reading {
    pub(crate) table: TaskTable,
    pub(crate) prompts: Option<Prompts>,
    pub(crate) constraints: Option<Constraints>,
    pub(crate) scorers: Vec<(String, Box<dyn Scorer>)>,
    pub(crate) files: Vec<DataFile>,
    pub(crate) strictest: Sensitivity,
    pub(crate) samples: u64,
    /// Faults of templates that were met while rendering, so that each is reported once.
    pub(crate) template_faults: HashSet<String>,
    pub(crate) examples: Option<Examples>,
    pub(crate) grouping: Grouping,
    /// Its data files, as they will be read.
    pub(crate) sources: Vec<DataSource>,
    /// Whether each file that was read counts its records.
    pub(crate) counted: Vec<bool>,
    /// Names of the columns of the file at hand.
    pub(crate) columns: Arc<[String]>,
    /// Which of the columns that the task names were met.
    pub(crate) met: u64,
    /// In which form the column of targets names options.
    pub(crate) form: ColumnForm,
    /// Who reads the numbers of targets, and what the column shows of how they are written.
    pub(crate) readers: Readers,
    pub(crate) convention: Convention,
    pub(crate) balance: Balance,
    pub(crate) tally: Tally,
}

impl Reading {
    /// What the task says of its columns.
    pub(crate) fn fields(&self) -> Arc<Fields> {
        self.table.fields.clone().unwrap_or_default()
    }

    /// The label that the task's table gives.
    pub(crate) fn sensitivity(&self) -> Sensitivity {
        self.table.sensitivity.unwrap_or(Sensitivity::Private)
    }

    /// The task's label: its own, or that of its examples where it is the stricter one.
    fn label(&self) -> Sensitivity {
        let examples = self.examples.as_ref();
        let of_examples = examples.map(|examples| examples.fewshot.sensitivity);
        self.sensitivity()
            .max(of_examples.unwrap_or(Sensitivity::Public))
    }

    /// What the task lends to its samples.
    pub(crate) fn rules<'a>(&'a self, folder: &'a SuiteFolder) -> Rules<'a> {
        Rules {
            choices: self.table.choices.as_deref().unwrap_or_default(),
            sensitivity: self.label(),
            folder,
            images: self.prompts.as_ref().map_or(&[], |prompts| &prompts.images),
            cluster: self
                .table
                .cluster
                .as_ref()
                .map(|field| field.value.as_str()),
            said: self
                .table
                .fields
                .as_ref()
                .and_then(|fields| fields.target.form),
            shown: self.form.shown(),
            readers: self.readers,
            convention: self.convention,
            shuffle: self.table.shuffle_choices.and_then(Shuffle::seed),
            compares_texts: self.compares_texts(),
            columns: &self.columns,
            fields: self.table.fields.as_deref(),
        }
    }

    /// Whether all its scorers compare texts.
    fn compares_texts(&self) -> bool {
        let mut scorers = self.scorers.iter();
        !self.scorers.is_empty() && scorers.all(|(_, scorer)| scorer.compares_texts())
    }

    pub(crate) fn complete(self, folder: &SuiteFolder) -> Option<Task> {
        let compares_texts = self.compares_texts();
        let sensitivity = self.label();
        let fields = self.fields();
        let slices = self.table.slices.unwrap_or_default();
        let scorers: Vec<ScorerSpec> = self
            .table
            .scorers?
            .into_iter()
            .map(|entry| entry.spec)
            .collect();
        Some(Task {
            name: self.table.name?.value,
            epochs: self.table.epochs.unwrap_or(1),
            method: self
                .table
                .method
                .map(|method| method.value)
                .unwrap_or_default(),
            control: self.table.control.map(|control| control.value),
            never_sent: self.table.never_sent.map(|task| task.value),
            sampling: self.table.sampling,
            constraints: self.constraints?,
            sensitivity,
            strictest: self.strictest.max(sensitivity),
            released: self.table.released,
            scorers,
            reducer: self
                .table
                .reducer
                .map(|reducer| reducer.value)
                .unwrap_or_default(),
            cluster: self.table.cluster.map(|field| field.value),
            // Which examples are sent depends on the sample, and was not asked.
            tally: self.examples.is_none().then_some(self.tally),
            slices: slices.into_iter().map(|field| field.value).collect(),
            fewshot: self.examples.map(|examples| examples.fewshot),
            tags: self.table.tags.unwrap_or_default(),
            choices: self.table.choices.unwrap_or_default(),
            samples: self.samples,
            files: self.files,
            shuffle: self.table.shuffle_choices.and_then(Shuffle::seed),
            compares_texts,
            form: self.form.shown(),
            readers: self.readers,
            convention: self.convention,
            fields,
            prompts: self.prompts?,
            folder: folder.clone(),
        })
    }
}
