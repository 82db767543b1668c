//! Runs of HELM: a folder with `scenario_state.json`, what was asked and answered, `per_instance_stats.json`, the
//! scores, `run_spec.json`, what was meant, and `stats.json`, what it came to.
//!
//! A perturbed instance is a sample of its own. Refused: runs that weighed each option by a request of its own, whose
//! requests are no answers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use cleanbench_core::{Form, Message, Role, Usage};
use cleanbench_model::imported::{ImportedAnswer, ImportedScore};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Found, Look};
use crate::error::ImportError;
use crate::gather::{At, Gathering};
use crate::json::{self, list};
use crate::log::Sample;
use crate::source::{COLLECTION, DOCUMENT, Source, file_name};
use crate::stated::{Claim, EXACT};

const FORMAT: &str = "HELM run";
const STATE: &str = "scenario_state.json";
/// What a run calls the number of its instances, trials apart.
const INSTANCES: &str = "num_instances";
/// How the names of statistics begin that count and time a request, and how they end.
const COUNTS: [&str; 6] = [
    "num_",
    "finish_reason_",
    "training_",
    "inference_",
    "batch_",
    "prompt_truncated",
];
const TIMES: [&str; 3] = ["_runtime", "_time", "_cost"];
/// Statistics of the likelihood of what was written.
const LIKELIHOODS: [&str; 5] = [
    "logprob",
    "max_prob",
    "perplexity",
    "bits_per_byte",
    "logprob_per_byte",
];
const MORE: &str = "answer with several completions; the first stands for them";

/// Whether `look` is the file of a run that names all others.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    let is_state = look.has("request_states") && look.has("adapter_spec");
    let is_spec = look.has("adapter_spec") && look.has("scenario_spec");
    if is_state || is_spec {
        return Some(Found::new(FORMAT, read).of_folder());
    }
    None
}

#[derive(Debug, Deserialize)]
struct RunSpec {
    name: String,
    #[serde(default, deserialize_with = "list")]
    metric_specs: Vec<MetricSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MetricSpec {
    args: MetricNames,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MetricNames {
    #[serde(deserialize_with = "list")]
    names: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct State {
    adapter_spec: Adapter,
    #[serde(deserialize_with = "list")]
    request_states: Vec<Asked>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Adapter {
    method: String,
    model: String,
}

/// A request and what came back.
#[derive(Debug, Deserialize)]
struct Asked {
    instance: Instance,
    #[serde(default)]
    train_trial_index: u32,
    #[serde(default)]
    reference_index: Option<u64>,
    #[serde(default)]
    output_mapping: Option<Map<String, Value>>,
    request: Request,
    #[serde(default)]
    result: Option<Answered>,
}

#[derive(Debug, Deserialize)]
struct Instance {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    input: Texted,
    #[serde(default, deserialize_with = "list")]
    references: Vec<Reference>,
    #[serde(default)]
    split: Option<String>,
    #[serde(default)]
    perturbation: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Texted {
    text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    output: Texted,
    #[serde(deserialize_with = "list")]
    tags: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    prompt: String,
    messages: Option<Vec<Turn>>,
}

#[derive(Debug, Deserialize)]
struct Turn {
    role: Role,
    content: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answered {
    success: bool,
    error: Option<String>,
    #[serde(deserialize_with = "list")]
    completions: Vec<Completed>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Completed {
    text: String,
    thinking: Option<Texted>,
    finish_reason: Option<Map<String, Value>>,
}

/// The scores of an instance.
#[derive(Debug, Deserialize)]
struct Judged {
    instance_id: Value,
    #[serde(default)]
    train_trial_index: u32,
    #[serde(default)]
    perturbation: Option<Value>,
    #[serde(default, deserialize_with = "list")]
    stats: Vec<Stat>,
}

#[derive(Debug, Deserialize)]
struct Stat {
    name: StatName,
    #[serde(default)]
    mean: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct StatName {
    name: String,
    #[serde(default)]
    split: Option<String>,
    #[serde(default)]
    perturbation: Option<Value>,
}

fn read(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    gathering.written_by("HELM", FORMAT);
    let states = source.beside(|name| name == STATE);
    if states.is_empty() {
        let place = source.shown(source.files.first().map_or(Path::new(""), PathBuf::as_path));
        return Err(
            ImportError::refused(place, format!("there is no `{STATE}` beside it"))
                .hint("name the folder of a run, with all of its files"),
        );
    }
    for state in states {
        Reading::begin(source, &state, gathering)?.requests()?;
    }
    Ok(())
}

/// Whether the statistic `name` says how good an answer is.
fn is_score(name: &str) -> bool {
    let is_count = COUNTS.iter().any(|start| name.starts_with(start));
    let is_time = TIMES.iter().any(|end| name.ends_with(end));
    !is_count && !is_time && !LIKELIHOODS.contains(&name)
}

fn judged_twice(place: &str, id: &str) -> ImportError {
    let what =
        format!("`per_instance_stats.json` beside it has the scores of instance `{id}` twice");
    ImportError::refused(place, what)
        .hint("leave one of them out; the log does not say which of them holds")
}

/// What tells an answer of a run from any other.
type Key = (String, u32);

fn key(instance: &Value, trial: u32, perturbation: Option<&Value>) -> Key {
    let id = json::word(instance).unwrap_or_default();
    let perturbed = perturbation.filter(|it| !it.is_null());
    let id = match perturbed.map(|it| {
        it.get("name")
            .and_then(Value::as_str)
            .unwrap_or("perturbed")
    }) {
        Some(name) => format!("{id}+{name}"),
        None => id,
    };
    (id, trial)
}

/// A run while it is read.
struct Reading<'a> {
    source: &'a Source,
    folder: PathBuf,
    place: String,
    gathering: &'a mut Gathering,
    state: State,
    spec: Option<RunSpec>,
    scores: HashMap<Key, Vec<Stat>>,
    /// The samples that are no perturbed ones, by their split.
    asked: BTreeMap<String, HashSet<usize>>,
}

impl<'a> Reading<'a> {
    fn begin(
        source: &'a Source,
        file: &Path,
        gathering: &'a mut Gathering,
    ) -> Result<Self, ImportError> {
        let place = source.shown(file);
        let state: State = json::parse(&place, &source.take(file, DOCUMENT)?)?;
        let mut reading = Self {
            source,
            folder: file.parent().map(Path::to_owned).unwrap_or_default(),
            place,
            gathering,
            state,
            spec: None,
            scores: HashMap::new(),
            asked: BTreeMap::new(),
        };
        reading.spec = reading.beside("run_spec.json")?;
        let judged: Option<Vec<Judged>> = reading.beside("per_instance_stats.json")?;
        for one in judged.into_iter().flatten() {
            let key = key(
                &one.instance_id,
                one.train_trial_index,
                one.perturbation.as_ref(),
            );
            let id = key.0.clone();
            if reading.scores.insert(key, one.stats).is_some() {
                return Err(judged_twice(&reading.place, &id));
            }
        }
        Ok(reading)
    }

    fn beside<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ImportError> {
        let file = self.folder.join(name);
        if !self.source.has(&file) {
            return Ok(None);
        }
        let bytes = self.source.take(&file, COLLECTION)?;
        json::parse(&self.source.shown(&file), &bytes).map(Some)
    }

    /// Name of the scenario, without the model.
    fn task_name(&self) -> String {
        let folder = file_name(&self.folder);
        let name = self.spec.as_ref().map_or(folder, |spec| spec.name.clone());
        let (scenario, arguments) = name.split_once(':').unwrap_or((&name, ""));
        let own = arguments
            .split(',')
            .filter(|part| !part.starts_with("model"));
        let own: Vec<_> = own.filter(|part| !part.is_empty()).collect();
        if own.is_empty() {
            scenario.to_owned()
        } else {
            format!("{scenario}:{}", own.join(","))
        }
    }

    fn requests(mut self) -> Result<(), ImportError> {
        let adapter = &self.state.adapter_spec;
        if adapter.method.starts_with("multiple_choice_separate")
            || self
                .state
                .request_states
                .iter()
                .any(|one| one.reference_index.is_some())
        {
            let what = "each option was weighed by a request of its own, and no answer was written";
            return Err(ImportError::refused(&self.place, what));
        }
        let model = adapter.model.clone();
        let model = self.gathering.model(&model, Form::Completion);
        let name = self.task_name();
        let task = self.gathering.task(&name);
        self.name_scorers(task);
        for asked in std::mem::take(&mut self.state.request_states) {
            self.request(asked, task, model)?;
        }
        self.compare_scores(task, model);
        self.claims(task, model)
    }

    /// The scorers that the run was to have, and that gave scores. Where a metric does not name its scores, they are all
    /// statistics of an instance that are no counts, times or likelihoods.
    fn name_scorers(&mut self, task: usize) {
        let stats = self.scores.values().flatten();
        let given: BTreeSet<String> = stats.map(|stat| stat.name.name.clone()).collect();
        let metrics = self.spec.iter().flat_map(|spec| &spec.metric_specs);
        let meant = metrics.clone().flat_map(|metric| &metric.args.names);
        let meant: Vec<_> = meant
            .filter(|name| given.contains(*name))
            .cloned()
            .collect();
        let all_are_named = metrics.clone().all(|metric| !metric.args.names.is_empty());
        let (others, counts): (Vec<_>, Vec<_>) = given
            .into_iter()
            .filter(|name| !meant.contains(name))
            .partition(|name| is_score(name));
        for name in &meant {
            self.gathering.scored_by(task, name);
        }
        if self.spec.is_some() && all_are_named || others.is_empty() {
            return;
        }
        for name in &others {
            self.gathering.scored_by(task, name);
        }
        self.tell_unnamed(task, &others, &counts);
    }

    fn tell_unnamed(&mut self, task: usize, taken: &[String], counts: &[String]) {
        let left_out = match counts {
            [] => String::new(),
            counts => format!(
                "; left out as counts, times and likelihoods: {}",
                counts.join(", ")
            ),
        };
        let what = format!(
            "task `{}`: a metric does not name its scores; taken for such: {}{left_out}",
            self.gathering.task_name(task),
            taken.join(", ")
        );
        self.gathering.cannot_tell(what);
    }

    fn request(&mut self, asked: Asked, task: usize, model: usize) -> Result<(), ImportError> {
        let instance = &asked.instance;
        let key = key(
            &instance.id,
            asked.train_trial_index,
            instance.perturbation.as_ref(),
        );
        let stats = self.scores.remove(&key).unwrap_or_default();
        let id = key.0.clone();
        let sample = self
            .gathering
            .sample(task, sample(&asked, id), &self.place)?;
        let at = At {
            task,
            sample,
            model,
            epoch: key.1.saturating_add(1),
        };
        if asked.instance.perturbation.is_none() {
            let split = asked.instance.split.unwrap_or_default();
            self.asked.entry(split).or_default().insert(sample);
        }
        let Some(result) = asked.result else {
            return Ok(());
        };
        if result.completions.len() > 1 {
            self.gathering.remark(MORE);
        }
        let scorers = self.gathering.task_mut(task).recorded.clone();
        let record = answer(result, &stats, &scorers);
        self.gathering.answer(at, record, &self.place)
    }

    /// Says so where there are scores of instances that nobody asked.
    fn compare_scores(&mut self, task: usize, model: usize) {
        let left = self.scores.len();
        if left > 0 {
            let name = self.gathering.task_name(task);
            let model = self.gathering.model_name(model);
            self.gathering.difference(format!(
                "task `{name}`, model `{model}`: the log has scores of {left} instances that it has no request of"
            ));
        }
    }

    /// Says so where the run states another number of instances of a split than were asked.
    fn compare_instances(&mut self, stat: &Stat, task: usize, model: usize) {
        let is_plain = stat.name.perturbation.as_ref().is_none_or(Value::is_null);
        let Some(stated) = stat
            .mean
            .filter(|_| is_plain && stat.name.name == INSTANCES)
        else {
            return;
        };
        let split = stat.name.split.as_deref().unwrap_or_default();
        let here = self.asked.get(split).map_or(0, HashSet::len);
        if format!("{stated:.0}") != here.to_string() {
            let name = self.gathering.task_name(task);
            let model = self.gathering.model_name(model);
            self.gathering.difference(format!(
                "task `{name}` of split `{split}`, model `{model}`: the log states {stated} instances, and {here} are in it"
            ));
        }
    }

    fn claims(&mut self, task: usize, model: usize) -> Result<(), ImportError> {
        let stats: Option<Vec<Stat>> = self.beside("stats.json")?;
        for stat in stats.iter().flatten() {
            self.compare_instances(stat, task, model);
        }
        let known = self.gathering.task_mut(task).recorded.clone();
        let plain = stats.into_iter().flatten().filter(|stat| {
            let is_plain = stat.name.perturbation.as_ref().is_none_or(Value::is_null);
            is_plain && known.contains(&stat.name.name)
        });
        for stat in plain {
            let Some(value) = stat.mean else { continue };
            self.gathering.claim(Claim {
                task: self.gathering.task_name(task).to_owned(),
                model,
                scorer: stat.name.name,
                metric: "mean".to_owned(),
                value,
                tolerance: EXACT,
                split: stat.name.split,
            });
        }
        Ok(())
    }
}

fn sample(asked: &Asked, id: String) -> Sample {
    let instance = &asked.instance;
    let right = instance.references.iter();
    let right = right.filter(|reference| reference.tags.iter().any(|tag| tag == "correct"));
    let right: Vec<_> = right
        .map(|reference| Value::from(reference.output.text.as_str()))
        .collect();
    let options = asked.output_mapping.iter().flat_map(Map::values);
    let mut metadata = Map::new();
    metadata.insert(
        "input".to_owned(),
        Value::from(instance.input.text.as_str()),
    );
    if let Some(split) = &instance.split {
        metadata.insert("split".to_owned(), Value::from(split.as_str()));
    }
    Sample {
        id,
        messages: messages(&asked.request),
        target: crate::gather::target(Value::Array(right)),
        choices: options
            .filter_map(|option| option.as_str().map(str::to_owned))
            .collect(),
        metadata,
        answers: Vec::new(),
    }
}

fn messages(request: &Request) -> Vec<Message> {
    match request.messages.as_deref() {
        None | Some([]) => vec![Message::new(Role::User, request.prompt.clone())],
        Some(turns) => {
            let each = turns.iter();
            each.map(|turn| Message::new(turn.role, turn.content.clone()))
                .collect()
        }
    }
}

fn answer(result: Answered, stats: &[Stat], scorers: &[String]) -> ImportedAnswer {
    if !result.success {
        let said = result
            .error
            .unwrap_or_else(|| "the request failed".to_owned());
        return ImportedAnswer {
            error: Some(said),
            ..ImportedAnswer::default()
        };
    }
    let first = result.completions.into_iter().next().unwrap_or_default();
    let finish = first
        .finish_reason
        .and_then(|reason| reason.get("reason")?.as_str().map(str::to_owned));
    ImportedAnswer {
        text: Some(first.text),
        reasoning: first.thinking.map(|thinking| thinking.text),
        finish: finish.filter(|word| word != "unknown"),
        usage: Usage {
            prompt: count(stats, "num_prompt_tokens"),
            completion: count(stats, "num_output_tokens"),
            ..Usage::default()
        },
        scores: scorers
            .iter()
            .filter_map(|name| score(stats, name))
            .collect(),
        ..ImportedAnswer::default()
    }
}

fn mean(stats: &[Stat], name: &str) -> Option<f64> {
    stats.iter().find(|stat| stat.name.name == name)?.mean
}

fn score(stats: &[Stat], name: &str) -> Option<ImportedScore> {
    Some(ImportedScore {
        scorer: name.to_owned(),
        value: mean(stats, name)?,
        ..ImportedScore::default()
    })
}

/// A count, which stands there as the mean of one.
fn count(stats: &[Stat], name: &str) -> Option<u64> {
    let mean = mean(stats, name).filter(|mean| mean.fract() == 0.0)?;
    format!("{mean:.0}").parse().ok()
}
