//! Logs of lm-evaluation-harness: `samples_TASK_DATE.jsonl`, a row for each document and filter, with the
//! `results_DATE.json` that lies beside.
//!
//! Where choices were weighed by their likelihood nothing was written; the choice that came out likeliest stands for
//! the answer. Refused: results without samples.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use cleanbench_core::Form;
use cleanbench_model::imported::{ImportedAnswer, ImportedScore};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::conversation::messages;
use super::{Found, Look};
use crate::choices::Named;
use crate::error::ImportError;
use crate::gather::{At, Gathering, target};
use crate::json::{self, list};
use crate::log::Sample;
use crate::source::{COLLECTION, DOCUMENT, Source, file_name};
use crate::stated::{Claim, EXACT};

const FORMAT: &str = "lm-eval samples";
const RESULTS: &str = "lm-eval results";
const TOOL: &str = "lm-evaluation-harness";
const WEIGHED: &str =
    "answer of which the log has likelihoods and no text; the likeliest choice stands for it";
const UNNAMED: &str = "answer of which the log has a likelihood and neither a text nor options; it is empty here, its score is the log's";
const REPEATS: &str =
    "document with several answers that were scored as one; the first stands for them";
const LOST: &str = "answer that the log does not have; it is missing and no 0";
/// What a row without a filter is judged by.
const NO_FILTER: &str = "none";
const NO_NUMBER: &str =
    "score that is no number (a whole data set was judged at once); it is left out";

/// Whether `look` is a file of such a log.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    if look.has("doc_id") && look.has("resps") {
        return Some(Found::new(FORMAT, read));
    }
    let is_results = look.has("results") && look.has("versions") && !look.has("eval");
    is_results.then(|| Found::new(FORMAT, read))
}

/// A row: what came of a document, by one filter.
#[derive(Debug, Deserialize)]
struct Row {
    doc_id: Value,
    #[serde(default)]
    doc: Value,
    #[serde(default)]
    target: Value,
    #[serde(default)]
    arguments: Value,
    #[serde(default, deserialize_with = "list")]
    resps: Vec<Value>,
    #[serde(default)]
    filter: Option<String>,
    /// Which of the other fields are scores; older versions do not say.
    #[serde(default)]
    metrics: Option<Vec<String>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What is said of a whole run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Results {
    #[serde(rename = "results")]
    tasks: BTreeMap<String, Map<String, Value>>,
    model_name: Option<String>,
    config: Option<Map<String, Value>>,
    lm_eval_version: Option<String>,
    #[serde(rename = "n-samples")]
    counts: BTreeMap<String, Counts>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Counts {
    effective: Option<usize>,
}

impl Results {
    fn model(&self) -> Option<String> {
        let config = |name: &str| self.config.as_ref()?.get(name).and_then(json::text);
        let named = self.model_name.clone().filter(|name| !name.is_empty());
        named
            .or_else(|| config("model_args"))
            .or_else(|| config("model"))
    }
}

fn read(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    let samples = samples(source);
    if samples.is_empty() {
        let place = source.shown(source.files.first().map_or(Path::new(""), PathBuf::as_path));
        let what = "results without samples, and scores without answers are no run";
        return Err(ImportError::refused(place, what).hint(
            "run lm-eval with `--log_samples`, and put the `samples_*.jsonl` beside the results",
        ));
    }
    for file in samples {
        let results = results_of(source, &file)?;
        Reading::begin(source, &file, &results, gathering).rows()?;
    }
    Ok(())
}

/// The files of samples: those that were named, or those beside the results that were.
fn samples(source: &Source) -> Vec<PathBuf> {
    let is_samples = |file: &&PathBuf| !is_results(&file_name(file));
    let named: Vec<_> = source.files.iter().filter(is_samples).cloned().collect();
    if !named.is_empty() || source.named.is_none() {
        return named;
    }
    let date = source.named.as_deref().and_then(date_of);
    let of_date = |name: &str| {
        let of = date_of(Path::new(name));
        name.starts_with("samples_") && of.is_some() && of == date
    };
    source.beside(of_date)
}

fn is_results(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "json")
}

/// The date at the end of the name of `file`.
fn date_of(file: &Path) -> Option<String> {
    let stem = file.file_stem()?.to_string_lossy();
    let date = stem.rsplit_once('_')?.1;
    let is_date = date.len() >= 10 && date.starts_with("20");
    is_date.then(|| date.to_owned())
}

/// The results that belong to the samples in `file`.
fn results_of(source: &Source, file: &Path) -> Result<Results, ImportError> {
    let Some(date) = date_of(file) else {
        return Ok(Results::default());
    };
    let name = format!("results_{date}.json");
    let beside = file.with_file_name(&name);
    if !source.has(&beside) {
        return Ok(Results::default());
    }
    let bytes = source.take(&beside, DOCUMENT)?;
    json::parse(&source.shown(&beside), &bytes)
}

/// The name of the task in `file`.
fn task_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.strip_prefix("samples_").unwrap_or(&stem);
    let end = date_of(file).map_or(0, |date| date.len() + 1);
    stem[..stem.len() - end.min(stem.len())].to_owned()
}

/// A file of samples while it is read.
struct Reading<'a> {
    source: &'a Source,
    file: &'a Path,
    results: &'a Results,
    gathering: &'a mut Gathering,
    task: usize,
    model: usize,
    /// The filters by which each sample was judged, by the position of the sample.
    filters: HashMap<usize, HashSet<String>>,
}

impl<'a> Reading<'a> {
    fn begin(
        source: &'a Source,
        file: &'a Path,
        results: &'a Results,
        gathering: &'a mut Gathering,
    ) -> Self {
        let version = results.lm_eval_version.as_deref().unwrap_or_default();
        gathering.written_by(format!("{TOOL} {version}").trim_end(), FORMAT);
        let name = task_of(file);
        let task = gathering.task(&name);
        let model = results.model();
        if model.is_none() {
            let what =
                format!("there is no {RESULTS} beside it: neither model nor version is known");
            gathering.cannot_tell(format!("{}: {what}", file.display()));
        }
        gathering.targets_are(task, Named::Position);
        let model = gathering.model(&model.unwrap_or_default(), Form::Completion);
        Self {
            source,
            file,
            results,
            gathering,
            task,
            model,
            filters: HashMap::new(),
        }
    }

    fn rows(mut self) -> Result<(), ImportError> {
        let place = self.source.shown(self.file);
        let bytes = self.source.take(self.file, COLLECTION)?;
        for line in json::lines(&bytes) {
            let row: Row = json::parse_at(&place, line.before, line.bytes)?;
            self.row(row, &format!("{place}:{}", line.before + 1))?;
        }
        self.claims();
        self.count();
        Ok(())
    }

    /// Says so where the log has fewer documents than its results are of.
    fn count(&mut self) {
        let stated = self.results.counts.get(&task_of(self.file));
        let here = self.gathering.task_mut(self.task).samples.len();
        if let Some(stated) = stated
            .and_then(|counts| counts.effective)
            .filter(|it| *it != here)
        {
            let task = self.gathering.task_name(self.task);
            let what = format!(
                "task `{task}`: the results are of {stated} documents, and {here} are in the log"
            );
            self.gathering.cannot_tell(what);
        }
    }

    fn row(&mut self, row: Row, place: &str) -> Result<(), ImportError> {
        let asked = Asked::of(&row);
        let scores = self.scores(&row);
        let sample = Sample {
            id: json::word(&row.doc_id).unwrap_or_default(),
            messages: messages(&asked.prompt),
            target: target(row.target.clone()),
            choices: asked.choices.clone(),
            metadata: scalars(row.doc),
            answers: Vec::new(),
        };
        let sample = self.gathering.sample(self.task, sample, place)?;
        let at = At {
            task: self.task,
            sample,
            model: self.model,
            epoch: 1,
        };
        let filters = self.filters.entry(sample).or_default();
        let is_further = !filters.is_empty();
        if !filters.insert(row.filter.unwrap_or_default()) {
            return Err(self.gathering.twice(at, place));
        }
        if let Some(known) = self.gathering.answered(at).filter(|_| is_further) {
            // Another filter on the same answer.
            known.scores.extend(scores);
            return Ok(());
        }
        match self.answer(&row.resps, &asked) {
            None => self.gathering.remark(LOST),
            Some(record) => {
                let record = ImportedAnswer { scores, ..record };
                self.gathering.answer(at, record, place)?;
            }
        }
        Ok(())
    }

    fn scores(&mut self, row: &Row) -> Vec<ImportedScore> {
        let filter = row.filter.as_deref().unwrap_or(NO_FILTER);
        let mut scores = Vec::new();
        for metric in self.metrics(row) {
            let value = row.rest.get(&metric);
            let value = value.and_then(|value| value.as_f64().or_else(|| of_flag(value)));
            let Some(value) = value else {
                self.gathering.remark(NO_NUMBER);
                continue;
            };
            let scorer = format!("{metric},{filter}");
            self.gathering.scored_by(self.task, &scorer);
            scores.push(ImportedScore {
                scorer,
                value,
                ..ImportedScore::default()
            });
        }
        scores
    }

    /// Which fields of `row` are scores: those that it names, else those that the results beside it have, else all that
    /// are numbers.
    fn metrics(&self, row: &Row) -> Vec<String> {
        if let Some(named) = &row.metrics {
            return named.clone();
        }
        let stated = self.results.tasks.get(&task_of(self.file));
        let stated = stated.into_iter().flatten().filter_map(|(name, _)| {
            let metric = name.split(',').next().unwrap_or(name);
            row.rest.contains_key(metric).then(|| metric.to_owned())
        });
        let mut metrics: Vec<_> = stated.collect();
        metrics.dedup();
        if metrics.is_empty() {
            let is_number = |value: &Value| value.is_number() || value.is_boolean();
            let numbers = row.rest.iter().filter(|(_, value)| is_number(value));
            metrics.extend(numbers.map(|(name, _)| name.clone()));
        }
        metrics
    }

    /// What was answered: the text of the first response, the likeliest of the choices, or where the likelihood is of
    /// no choice, nothing.
    fn answer(&mut self, resps: &[Value], asked: &Asked) -> Option<ImportedAnswer> {
        let text = match written(resps.first()?, asked.is_weighed) {
            Some(Written { text, repeats }) => {
                if repeats > 1 {
                    self.gathering.remark(REPEATS);
                }
                text
            }
            None if !asked.choices.is_empty() => {
                let text = likeliest(resps, &asked.choices)?;
                self.gathering.remark(WEIGHED);
                text
            }
            None => {
                likelihood(resps.first()?)?;
                self.gathering.remark(UNNAMED);
                String::new()
            }
        };
        Some(ImportedAnswer {
            text: Some(text),
            ..ImportedAnswer::default()
        })
    }

    fn claims(&mut self) {
        let task = task_of(self.file);
        let stated = self.results.tasks.get(&task).into_iter().flatten();
        let known = &self.gathering.task_mut(self.task).recorded.clone();
        let name = self.gathering.task_name(self.task).to_owned();
        for (metric, value) in stated {
            let scorer = if metric.contains(',') {
                metric.clone()
            } else {
                format!("{metric},{NO_FILTER}")
            };
            if let Some(value) = value.as_f64().filter(|_| known.contains(&scorer)) {
                self.gathering.claim(Claim {
                    task: name.clone(),
                    model: self.model,
                    scorer,
                    metric: "mean".to_owned(),
                    value,
                    tolerance: EXACT,
                    split: None,
                });
            }
        }
    }
}

fn of_flag(value: &Value) -> Option<f64> {
    value.as_bool().map(|flag| f64::from(u8::from(flag)))
}

/// What was asked of a document.
struct Asked {
    prompt: String,
    /// What was weighed after one prompt, where several continuations were.
    choices: Vec<String>,
    /// Whether likelihoods were asked for, and no text.
    is_weighed: bool,
}

impl Asked {
    fn of(row: &Row) -> Self {
        let requests: Vec<&Value> = match &row.arguments {
            Value::Object(named) => named.values().collect(),
            Value::Array(requests) => requests.iter().collect(),
            _ => Vec::new(),
        };
        let prompt = requests.first().and_then(|request| argument(request, 0));
        let weighed: Vec<_> = requests.iter().map_while(|one| Weighed::of(one)).collect();
        let is_whole = weighed.len() == requests.len() && row.resps.len() == requests.len();
        Self {
            prompt: prompt.and_then(json::text).unwrap_or_default(),
            choices: if is_whole {
                choices(&weighed)
            } else {
                Vec::new()
            },
            is_weighed: requests.first().is_some_and(|one| is_weighed(one)),
        }
    }
}

fn argument(request: &Value, index: usize) -> Option<&Value> {
    let named = request.get(format!("arg_{index}"));
    named.or_else(|| request.get(index))
}

/// Whether `request` asks for a likelihood: of a continuation, or of a text as a whole; what is to be written has
/// settings there.
fn is_weighed(request: &Value) -> bool {
    argument(request, 0).is_some() && argument(request, 1).is_none_or(Value::is_string)
}

/// A continuation that was weighed.
struct Weighed {
    prompt: String,
    continuation: String,
}

impl Weighed {
    fn of(request: &Value) -> Option<Self> {
        Some(Self {
            prompt: json::text(argument(request, 0)?)?,
            continuation: argument(request, 1)?.as_str()?.to_owned(),
        })
    }
}

/// The continuations of one prompt. Weighed once more without any prompt they are the same; of several prompts none
/// is an option of another.
fn choices(weighed: &[Weighed]) -> Vec<String> {
    let first = weighed.first().map_or("", |one| one.prompt.as_str());
    let of_first: Vec<_> = weighed
        .iter()
        .take_while(|one| one.prompt == first)
        .collect();
    let rest = &weighed[of_first.len()..];
    if of_first.len() < 2 || rest.iter().any(|one| !one.prompt.is_empty()) {
        return Vec::new();
    }
    let each = of_first.into_iter();
    each.map(|one| one.continuation.trim().to_owned()).collect()
}

/// A text that was written, and how many were.
struct Written {
    text: String,
    repeats: usize,
}

fn written(resp: &Value, is_weighed: bool) -> Option<Written> {
    let (first, repeats) = match resp {
        Value::Array(repeats) => (repeats.first()?, repeats.len()),
        one => (one, 1),
    };
    let text = first.as_str()?;
    // The likelihood of a text as a whole stands there as a text too.
    let is_text = !is_weighed || text.parse::<f64>().is_err();
    is_text.then(|| Written {
        text: text.to_owned(),
        repeats,
    })
}

/// The log probability that stands first in a response.
fn likelihood(resp: &Value) -> Option<f64> {
    let first = resp.get(0)?;
    let value = first.get(0).unwrap_or(first);
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// The likeliest of `choices`.
fn likeliest(resps: &[Value], choices: &[String]) -> Option<String> {
    let mut best: Option<(f64, &String)> = None;
    for (resp, choice) in resps.iter().zip(choices) {
        let weight = likelihood(resp)?;
        if best.is_none_or(|(least, _)| weight > least) {
            best = Some((weight, choice));
        }
    }
    best.map(|(_, choice)| choice.clone())
}

/// The plain fields of a document.
fn scalars(doc: Value) -> Map<String, Value> {
    let Value::Object(doc) = doc else {
        return Map::new();
    };
    let is_plain = |value: &Value| !value.is_array() && !value.is_object() && !value.is_null();
    doc.into_iter()
        .filter(|(_, value)| is_plain(value))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_files_give_task_and_date() {
        let file = Path::new("a/samples_arc_easy_2026-01-21T03-44-18.458309.jsonl");
        assert_eq!(task_of(file), "arc_easy");
        assert_eq!(date_of(file).as_deref(), Some("2026-01-21T03-44-18.458309"));
        let bare = Path::new("samples_mmlu_law.jsonl");
        assert_eq!((task_of(bare).as_str(), date_of(bare)), ("mmlu_law", None));
    }

    #[test]
    fn a_weighed_document_has_choices_and_the_likeliest_is_its_answer() {
        let row: Row = serde_json::from_value(json!({
            "doc_id": 3, "doc": {"q": "?", "list": [1]}, "target": "1",
            "arguments": {"gen_args_0": {"arg_0": "Q", "arg_1": " no"}, "gen_args_1": {"arg_0": "Q", "arg_1": " yes"}},
            "resps": [[["-2.5", "False"]], [[-1.5, true]]], "filter": "none", "metrics": ["acc"], "acc": 1.0,
        }))
        .unwrap();
        let asked = Asked::of(&row);
        assert_eq!(asked.choices, ["no", "yes"]);
        assert_eq!(
            likeliest(&row.resps, &asked.choices).as_deref(),
            Some("yes")
        );
        assert_eq!(scalars(row.doc).len(), 1);
    }
}
