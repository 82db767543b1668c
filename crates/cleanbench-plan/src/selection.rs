//! From the options to the tasks that are meant, and from those to their samples.

use std::collections::BTreeMap;
use std::sync::Arc;

use cleanbench_core::request::choice_continuations;
use cleanbench_core::{Method, Sampling};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_ledger::replay::SampleName;
use cleanbench_ledger::samples::SampleContent;
use cleanbench_model::{ConfigError, Endpoint, check_sampling};
use cleanbench_suite::{LoadError, Rendered, Suite, Tally, Task};

use crate::endpoints::{check_label, left_out_of};
use crate::options::SelectOptions;
use crate::{ErrorKind, PlanError};

/// A task that is meant, with the number of samples and epochs.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    /// The task.
    pub task: &'a Task,
    /// The first so many of its samples.
    pub samples: u64,
    /// Repeats of each; 0 where the task is not asked.
    pub epochs: u32,
    /// Those of them that are taken, ascending; `None` for all.
    pub names: Option<Arc<[SampleName]>>,
}

impl<'a> Selected<'a> {
    /// Whether its samples are put to models, and not there for probes alone.
    pub fn is_asked(&self) -> bool {
        self.epochs > 0
    }

    /// Its samples, in the order of the suite.
    pub fn rendered(&self) -> impl Iterator<Item = Result<Rendered, LoadError>> + use<'a> {
        let limit = usize::try_from(self.samples).unwrap_or(usize::MAX);
        let (task, names) = (self.task, self.names.clone());
        let is_taken = move |rendered: &Result<Rendered, LoadError>| match (&names, rendered) {
            (Some(names), Ok(rendered)) => {
                let name = SampleName::new(&task.name, &rendered.sample.id);
                names.binary_search(&name).is_ok()
            }
            _ => true,
        };
        task.samples().take(limit).filter(is_taken)
    }

    /// Whether they are the first ones of a single file, none between them left out.
    ///
    /// # Errors
    /// When a sample cannot be read.
    pub fn is_in_file_order(&self) -> Result<bool, LoadError> {
        if self.task.files.len() != 1 {
            return Ok(false);
        }
        if self.names.is_none() {
            return Ok(true);
        }
        for (taken, all) in self.rendered().zip(self.task.samples()) {
            if taken?.sample.id != all?.sample.id {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What its samples come to, where they are all of the task and were counted.
    pub fn tally(&self) -> Option<&'a Tally> {
        let is_whole = self.names.is_none() && self.samples == self.task.samples;
        self.task.tally.as_ref().filter(|_| is_whole)
    }

    /// How `endpoint` samples here. What the user says of a model holds over what the suite says of a task: a
    /// model that reasons needs more tokens than the author of the suite had in mind.
    pub fn sampling(&self, endpoint: &Endpoint) -> Sampling {
        let mut sampling = endpoint.sampling.clone().or(&self.task.sampling);
        if endpoint.clears_stop {
            sampling.stop.clear();
        }
        sampling
    }

    /// Its samples as they are recorded, each refused if one of `asked` may not see it.
    pub fn contents(
        &self,
        asked: Arc<[Endpoint]>,
    ) -> impl Iterator<Item = Result<SampleContent, PlanError>> + use<'a> {
        let task = self.task;
        self.rendered().map(move |rendered| {
            let rendered = rendered?;
            let sample = &rendered.sample;
            check_label(&asked, sample.sensitivity, || {
                format!("sample `{}` of task `{}`", sample.id, task.name)
            })?;
            Ok(SampleContent {
                continuations: continuations(task.method, &rendered),
                messages: rendered.messages,
                sample: rendered.sample,
                probe: None,
            })
        })
    }
}

/// The texts that a task of `method` has weighed.
fn continuations(method: Method, rendered: &Rendered) -> Vec<String> {
    match method {
        Method::Generate => Vec::new(),
        Method::Likelihood => choice_continuations(&rendered.messages, &rendered.sample.choices),
    }
}

/// Refuses what `endpoint` cannot be asked for.
///
/// # Errors
/// Which parameter of which task.
pub fn check_samplings(endpoint: &Endpoint, selected: &[Selected<'_>]) -> Result<(), PlanError> {
    for chosen in selected {
        check_sampling(endpoint, &chosen.sampling(endpoint)).map_err(|error| {
            let (model, task) = (&endpoint.name, &chosen.task.name);
            let message = format!("model `{model}`, task `{task}`: {}", error.message);
            PlanError::config(&[ConfigError { message, ..error }])
        })?;
    }
    Ok(())
}

/// What must be said of parameters of `selected` that are not sent to `endpoints`.
pub(crate) fn left_out(endpoints: &[Endpoint], selected: &[Selected<'_>]) -> Vec<Note> {
    let mut notes = Vec::new();
    for endpoint in endpoints {
        let mut tasks: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
        for chosen in selected {
            let left_out = left_out_of(endpoint, &chosen.sampling(endpoint));
            if !left_out.is_empty() {
                let task = format!("`{}`", chosen.task.name);
                tasks.entry(left_out).or_default().push(task);
            }
        }
        for (names, tasks) in tasks {
            let text = format!(
                "model `{}` is asked without {} in task {}: it refuses that while it reasons{}",
                endpoint.name,
                names.join(", "),
                tasks.join(", "),
                insisting(endpoint)
            );
            notes.push(Note::new(NoteKind::LeftOut, text));
        }
    }
    notes
}

/// How to send it all the same, where that is left to the user.
fn insisting(endpoint: &Endpoint) -> &'static str {
    match endpoint.profile.reasons_by_name(&endpoint.model) {
        Some(true) => {
            "; what the `generate` of its own entry in the models file sets is sent all the same"
        }
        _ => "",
    }
}

/// The tasks of `suite` that `options` mean.
///
/// # Errors
/// When one that is named is not there, none is left, or epochs are too few for a reducer.
pub fn select<'a>(
    suite: &'a Suite,
    options: &SelectOptions,
) -> Result<Vec<Selected<'a>>, PlanError> {
    check_names(suite, &options.tasks)?;
    let tasks = suite.tasks.iter().filter(|task| is_wanted(task, options));
    let selected: Vec<_> = tasks
        .map(|task| Selected {
            task,
            samples: options.limit.unwrap_or(u64::MAX).min(task.samples),
            epochs: options.epochs.unwrap_or(task.epochs),
            names: None,
        })
        .collect();
    if selected.is_empty() {
        let what = "no task of the suite is selected";
        return Err(PlanError::new(ErrorKind::NothingSelected, what)
            .hint("`cleanbench check` lists tasks and tags"));
    }
    selected.iter().try_for_each(check_epochs)?;
    Ok(selected)
}

fn check_names(suite: &Suite, names: &[String]) -> Result<(), PlanError> {
    let is_unknown = |name: &&String| !suite.tasks.iter().any(|task| task.name == **name);
    let Some(name) = names.iter().find(is_unknown) else {
        return Ok(());
    };
    let known = suite.tasks.iter().map(|task| format!("`{}`", task.name));
    let known: Vec<_> = known.collect();
    let what = format!("the suite has no task `{name}`");
    Err(PlanError::new(ErrorKind::NothingSelected, what)
        .hint(format!("its tasks are {}", known.join(", "))))
}

fn is_wanted(task: &Task, options: &SelectOptions) -> bool {
    let SelectOptions { tasks, tags, .. } = options;
    let by_name = tasks.is_empty() || tasks.contains(&task.name);
    let by_tag = tags.is_empty() || task.tags.iter().any(|tag| tags.contains(tag));
    by_name && by_tag
}

/// `--epochs` holds over the suite's, and may leave fewer than a reducer needs.
fn check_epochs(selected: &Selected<'_>) -> Result<(), PlanError> {
    let Selected { task, epochs, .. } = selected;
    let needed = task.reducer.epochs_needed();
    if *epochs >= needed {
        return Ok(());
    }
    let what = format!(
        "`--epochs {epochs}` is too few for task `{}`: its reducer `{}` needs {needed}",
        task.name, task.reducer
    );
    Err(PlanError::new(ErrorKind::Usage, what).hint("leave `--epochs` out, or raise it"))
}
