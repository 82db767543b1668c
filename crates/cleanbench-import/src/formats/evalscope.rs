//! Logs of `EvalScope`: `reviews/…/DATASET_SUBSET.jsonl`, a row for each sample, with the `predictions` and `reports`
//! that lie beside them.
//!
//! What the model saw is the conversation before its own turn. Refused: predictions without reviews, which have no
//! scores.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use cleanbench_core::{Form, Message, Role, Usage};
use cleanbench_model::imported::{ImportedAnswer, ImportedScore};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Found, Look};
use crate::error::ImportError;
use crate::gather::{At, Gathering, target};
use crate::json::{self, list};
use crate::log::Sample;
use crate::source::{COLLECTION, DOCUMENT, Source, ends_in};
use crate::stated::Claim;

const FORMAT: &str = "EvalScope reviews";
const REVIEWS: &str = "reviews";
const PREDICTIONS: &str = "predictions";
const REPORTS: &str = "reports";
/// Reports round to four digits.
const ROUNDED: f64 = 5.1e-5;
const NO_NUMBER: &str = "score that is no number; it is left out";

/// Whether `look` is a file of reviews or predictions.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    let is_review = look.has("sample_score") && look.has("index");
    let is_prediction = look.has("model_output") && look.has("index");
    (is_review || is_prediction).then(|| Found::new(FORMAT, read))
}

/// What came of a sample.
#[derive(Debug, Deserialize)]
struct Review {
    index: Value,
    #[serde(default)]
    target: Value,
    #[serde(default, deserialize_with = "list")]
    messages: Vec<Turn>,
    sample_score: SampleScore,
}

#[derive(Debug, Deserialize)]
struct SampleScore {
    score: Score,
    #[serde(default)]
    group_id: Value,
    #[serde(default)]
    sample_metadata: Option<Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Score {
    value: Map<String, Value>,
    extracted_prediction: Value,
    prediction: Value,
    main_score_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Turn {
    role: String,
    content: Value,
}

/// What a model wrote.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Prediction {
    index: Value,
    model: Option<String>,
    model_output: Option<Output>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Output {
    model: Option<String>,
    #[serde(deserialize_with = "list")]
    choices: Vec<Choice>,
    usage: Option<Counts>,
    error: Option<String>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Choice {
    stop_reason: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct Counts {
    #[serde(rename = "input_tokens")]
    input: Option<u64>,
    #[serde(rename = "output_tokens")]
    output: Option<u64>,
    #[serde(rename = "reasoning_tokens")]
    reasoning: Option<u64>,
}

/// What is stated of a data set.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    dataset_name: String,
    model_name: String,
    #[serde(deserialize_with = "list")]
    metrics: Vec<Metric>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metric {
    name: String,
    #[serde(deserialize_with = "list")]
    categories: Vec<Category>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Category {
    #[serde(deserialize_with = "list")]
    subsets: Vec<Subset>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Subset {
    name: String,
    score: Option<f64>,
    /// Of how many samples the score is.
    num: Option<usize>,
}

fn read(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    for part in [REVIEWS, PREDICTIONS] {
        if let Some(above) = source.seen_from_above(part)? {
            read_all(&above, gathering)?;
            source.adopt(&above);
            return Ok(());
        }
    }
    read_all(source, gathering)
}

fn read_all(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    gathering.written_by("evalscope", FORMAT);
    let is_review = |file: &&PathBuf| has_part(file, REVIEWS) || !has_part(file, PREDICTIONS);
    let reviews: Vec<_> = source.files.iter().filter(is_review).cloned().collect();
    if reviews.is_empty() {
        let place = source.shown(source.files.first().map_or(Path::new(""), PathBuf::as_path));
        let what = "predictions without reviews, which have no scores";
        return Err(
            ImportError::refused(place, what).hint("name the folder that has `reviews` in it")
        );
    }
    let reports = reports(source)?;
    for file in reviews {
        Reading::begin(source, &file, &reports, gathering)?.rows()?;
    }
    Ok(())
}

fn has_part(file: &Path, name: &str) -> bool {
    file.components().any(|part| part.as_os_str() == name)
}

/// All reports below a folder.
fn reports(source: &Source) -> Result<Vec<Report>, ImportError> {
    let all = source.below(|name| ends_in(Path::new(name), "json"));
    let found = all.into_iter().filter(|file| has_part(file, REPORTS));
    let each = found.map(|file| json::parse(&source.shown(&file), &source.take(&file, DOCUMENT)?));
    each.collect()
}

/// A file of reviews while it is read.
struct Reading<'a> {
    source: &'a Source,
    file: &'a Path,
    gathering: &'a mut Gathering,
    task: usize,
    model: usize,
    predictions: HashMap<String, Output>,
    /// How often each sample was answered.
    repeats: BTreeMap<String, u32>,
    /// The rows that were read, by their own number.
    seen: HashSet<String>,
    /// Of how many samples the report is.
    stated: Vec<usize>,
}

impl<'a> Reading<'a> {
    fn begin(
        source: &'a Source,
        file: &'a Path,
        reports: &[Report],
        gathering: &'a mut Gathering,
    ) -> Result<Self, ImportError> {
        let stem = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let written = predictions(source, file)?;
        let model = written.model.or_else(|| model_of(file));
        if model.is_none() {
            let what = "neither predictions nor a folder name the model";
            gathering.cannot_tell(format!("{}: {what}", file.display()));
        }
        let name = model.unwrap_or_default();
        let task = gathering.task(&stem);
        let model = gathering.model(&name, Form::Chat);
        let mut reading = Self {
            source,
            file,
            gathering,
            task,
            model,
            predictions: written.outputs,
            repeats: BTreeMap::new(),
            seen: HashSet::new(),
            stated: Vec::new(),
        };
        let own = reports.iter().filter(|report| report.model_name == name);
        own.for_each(|report| reading.claims(report, &stem));
        Ok(reading)
    }

    fn claims(&mut self, report: &Report, stem: &str) {
        for metric in &report.metrics {
            let subsets = metric
                .categories
                .iter()
                .flat_map(|category| &category.subsets);
            let own = |subset: &&Subset| format!("{}_{}", report.dataset_name, subset.name) == stem;
            for subset in subsets.filter(own) {
                self.stated.extend(subset.num);
                let Some(value) = subset.score else { continue };
                let scorer = metric.name.strip_prefix("mean_").unwrap_or(&metric.name);
                self.gathering.claim(Claim {
                    task: self.gathering.task_name(self.task).to_owned(),
                    model: self.model,
                    scorer: scorer.to_owned(),
                    metric: metric.name.clone(),
                    value,
                    tolerance: ROUNDED,
                    split: None,
                });
            }
        }
    }

    fn rows(mut self) -> Result<(), ImportError> {
        let place = self.source.shown(self.file);
        let bytes = self.source.take(self.file, COLLECTION)?;
        for line in json::lines(&bytes) {
            let review: Review = json::parse_at(&place, line.before, line.bytes)?;
            self.row(review, &format!("{place}:{}", line.before + 1))?;
        }
        self.compare_count();
        Ok(())
    }

    /// Says so where the report is of another number of samples; repeats may be counted there or not.
    fn compare_count(&mut self) {
        let samples = self.repeats.len();
        let answers: usize = self.repeats.values().map(|count| *count as usize).sum();
        let stated = std::mem::take(&mut self.stated).into_iter();
        for stated in stated.filter(|stated| *stated != samples && *stated != answers) {
            let task = self.gathering.task_name(self.task);
            let model = self.gathering.model_name(self.model);
            self.gathering.difference(format!(
                "task `{task}`, model `{model}`: the report is of {stated} samples, and {samples} are in the log"
            ));
        }
    }

    fn row(&mut self, review: Review, place: &str) -> Result<(), ImportError> {
        let index = json::word(&review.index).unwrap_or_default();
        let id = json::word(&review.sample_score.group_id).unwrap_or_else(|| index.clone());
        let own = if index.is_empty() {
            id.clone()
        } else {
            index.clone()
        };
        let is_new = self.seen.insert(own);
        let repeat = self.repeats.entry(id.clone()).or_default();
        *repeat += 1;
        let epoch = *repeat;
        let output = self.predictions.get(&index).cloned().unwrap_or_default();
        let score = review.sample_score.score;
        let sample = Sample {
            id,
            messages: question(&review.messages),
            target: target(review.target),
            metadata: review.sample_score.sample_metadata.unwrap_or_default(),
            ..Sample::default()
        };
        let sample = self.gathering.sample(self.task, sample, place)?;
        let at = At {
            task: self.task,
            sample,
            model: self.model,
            epoch,
        };
        if !is_new {
            return Err(self.gathering.twice(at, place));
        }
        let record = ImportedAnswer {
            scores: self.scores(&score),
            ..answer(&score, output)
        };
        self.gathering.answer(at, record, place)
    }

    fn scores(&mut self, score: &Score) -> Vec<ImportedScore> {
        let main = score.main_score_name.as_deref();
        let mut names: Vec<_> = score.value.keys().collect();
        names.sort_by_key(|name| Some(name.as_str()) != main);
        let mut scores = Vec::new();
        for name in names {
            let value = &score.value[name];
            let flag = || value.as_bool().map(|flag| f64::from(u8::from(flag)));
            let Some(value) = value.as_f64().or_else(flag) else {
                self.gathering.remark(NO_NUMBER);
                continue;
            };
            self.gathering.scored_by(self.task, name);
            scores.push(ImportedScore {
                scorer: name.clone(),
                value,
                said: None,
                answer: json::text(&score.extracted_prediction),
            });
        }
        scores
    }
}

fn question(messages: &[Turn]) -> Vec<Message> {
    let given = messages.iter().take_while(|turn| turn.role != "assistant");
    let each = given.map(|turn| {
        let role = match turn.role.as_str() {
            "system" => Role::System,
            _ => Role::User,
        };
        Message::new(role, json::text(&turn.content).unwrap_or_default())
    });
    each.collect()
}

fn answer(score: &Score, output: Output) -> ImportedAnswer {
    let counts = output.usage.unwrap_or_default();
    let stopped = output.choices.into_iter().next();
    ImportedAnswer {
        text: json::text(&score.prediction),
        finish: stopped.and_then(|choice| choice.stop_reason),
        model: output.model,
        usage: Usage {
            prompt: counts.input,
            completion: counts.output,
            reasoning: counts.reasoning,
            ..Usage::default()
        },
        error: output.error.filter(|error| !error.is_empty()),
        ..ImportedAnswer::default()
    }
}

/// What the predictions beside reviews say.
#[derive(Default)]
struct Predictions {
    model: Option<String>,
    outputs: HashMap<String, Output>,
}

fn predictions(source: &Source, reviews: &Path) -> Result<Predictions, ImportError> {
    let parts = reviews.components().map(|part| match part.as_os_str() {
        name if name == REVIEWS => Path::new(PREDICTIONS),
        name => Path::new(name),
    });
    let file: PathBuf = parts.collect();
    if file == reviews || !source.has(&file) {
        return Ok(Predictions::default());
    }
    let place = source.shown(&file);
    let bytes = source.take(&file, COLLECTION)?;
    let mut found = Predictions::default();
    for line in json::lines(&bytes) {
        let row: Prediction = json::parse_at(&place, line.before, line.bytes)?;
        found.model = found.model.or(row.model);
        let index = json::word(&row.index).unwrap_or_default();
        found
            .outputs
            .insert(index, row.model_output.unwrap_or_default());
    }
    Ok(found)
}

/// The folder between `reviews` and the file, which is called like the model.
fn model_of(file: &Path) -> Option<String> {
    let mut parts = file
        .components()
        .skip_while(|part| part.as_os_str() != REVIEWS);
    parts.next();
    let folder = parts.next()?;
    let is_folder = parts.next().is_some();
    is_folder.then(|| folder.as_os_str().to_string_lossy().into_owned())
}
