//! Results of promptfoo: `output.json` or `output.yaml` of its versions 1 to 3, a row for each test, prompt and
//! provider.
//!
//! A prompt is a task, a test a sample, a provider a model, and in another configuration another; another row of the
//! same is another epoch where the rows are not numbered. Whether a test passed is the first score, and a test that
//! asserts nothing has none. Refused: results without rows, rows that stand there twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cleanbench_core::{Digest, Form, Usage};
use cleanbench_model::imported::{ImportedAnswer, ImportedScore};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::conversation::messages;
use super::{Found, Look};
use crate::error::ImportError;
use crate::gather::{At, Gathering};
use crate::json::{self, list};
use crate::log::Sample;
use crate::source::{DOCUMENT, Source, ends_in};
use crate::stated::{Claim, EXACT};
use crate::template;
use crate::yaml;

const FORMAT: &str = "promptfoo results";
const PASS: &str = "pass";
const SCORE: &str = "score";
const REWORDED: &str =
    "answer to a prompt that was worded otherwise for the same test; it is a sample of its own";
const NO_PROVIDER: &str = "the results name no provider; whatever answered is called `unnamed`";
const CACHED: &str =
    "answer from promptfoo's cache, whose token counts are not of this answer and are left out";
const UNJUDGED: &str =
    "answer to a test without assertions, which passes whatever it says; it has no score";
/// What promptfoo says of a test without assertions.
const NO_ASSERTIONS: &str = "No assertions";
/// The reason of a failure that is none of an assertion.
const ERROR: u64 = 2;
/// Digits of a digest that name a test.
const SHORT: usize = 12;

/// Whether `look` is such a file.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    let is_early = look.has("results") && look.has("stats") && look.has("table");
    let is_later = look.has("results") && (look.has("config") || look.has("evalId"));
    let is_other = look.has("eval") || look.has("versions");
    let is_yaml = ends_in(look.path, "yaml") || ends_in(look.path, "yml");
    let is_yaml = is_yaml && look.has_line(b"results:") && look.has_line(b"config:");
    let is_one = is_yaml || (is_early || is_later) && !is_other;
    is_one.then(|| Found::new(FORMAT, read))
}

/// The whole file: early versions had the results at its top.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Output {
    Within {
        results: Results,
        #[serde(default)]
        config: Value,
    },
    Top(Results),
}

#[derive(Debug, Deserialize)]
struct Results {
    #[serde(default)]
    version: Option<u64>,
    #[serde(default, rename = "results", deserialize_with = "list")]
    rows: Vec<Row>,
    #[serde(default, deserialize_with = "list")]
    prompts: Vec<Prompted>,
    #[serde(default)]
    table: Option<Table>,
}

#[derive(Debug, Deserialize)]
struct Table {
    head: Head,
}

#[derive(Debug, Deserialize)]
struct Head {
    #[serde(default, deserialize_with = "list")]
    prompts: Vec<Value>,
}

/// A prompt with what a provider came to on it.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Prompted {
    label: Option<String>,
    display: Option<String>,
    raw: Option<String>,
    provider: Option<String>,
    metrics: Option<Metrics>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metrics {
    test_pass_count: Option<f64>,
    test_fail_count: Option<f64>,
}

/// What came of a test.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Row {
    prompt: Prompted,
    vars: Map<String, Value>,
    provider: Option<Provider>,
    response: Option<Response>,
    success: bool,
    score: Option<f64>,
    named_scores: Option<Map<String, Value>>,
    failure_reason: Option<u64>,
    error: Option<String>,
    test_case: Option<TestCase>,
    grading_result: Option<Grading>,
    /// Which column of the table it is in: one for each provider and prompt.
    prompt_idx: Option<u64>,
    /// Which row of the table it is in: one for each test, and each repeat of it.
    test_idx: Option<u64>,
    prompt_id: Option<String>,
}

/// How an answer was judged.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Grading {
    reason: Value,
    #[serde(deserialize_with = "list")]
    component_results: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Provider {
    Named(String),
    Described {
        #[serde(default)]
        id: Option<String>,
        #[serde(default)]
        label: Option<String>,
        #[serde(default)]
        config: Value,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Response {
    output: Value,
    error: Option<String>,
    token_usage: Option<TokenUsage>,
    cached: Option<bool>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct TokenUsage {
    prompt: Option<u64>,
    completion: Option<u64>,
    cached: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TestCase {
    #[serde(deserialize_with = "list")]
    assert: Vec<Assertion>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Assertion {
    r#type: String,
    value: Value,
}

fn read(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    for file in &source.files {
        let place = source.shown(file);
        let bytes = source.take(file, DOCUMENT)?;
        let is_yaml = ends_in(file, "yaml") || ends_in(file, "yml");
        let output: Output = if is_yaml {
            yaml::parse(&place, &bytes)?
        } else {
            json::parse(&place, &bytes)?
        };
        let repeat = output.repeat();
        let (Output::Within { results, .. } | Output::Top(results)) = output;
        if results.rows.is_empty() {
            return Err(ImportError::refused(
                place,
                "there are no rows of results in it",
            ));
        }
        let stem = file.parent().and_then(|folder| folder.file_name());
        gathering.called(&stem.unwrap_or_default().to_string_lossy());
        let mut reading = Reading::begin(gathering, &place, results.version);
        reading.repeat = repeat;
        reading.all(results)?;
    }
    Ok(())
}

impl Output {
    /// How often each test was repeated, as far as it says.
    fn repeat(&self) -> u32 {
        let Self::Within { config, .. } = self else {
            return 1;
        };
        let each = ["evaluateOptions", "commandLineOptions"].iter();
        let each = each.filter_map(|options| config.get(options)?.get("repeat")?.as_u64());
        each.max()
            .map_or(1, |repeat| u32::try_from(repeat).unwrap_or(u32::MAX).max(1))
    }
}

/// A column of the table, as far as one provider is in it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Column {
    index: u64,
    provider: String,
}

/// A cell of the table.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Cell {
    column: u64,
    row: u64,
    model: usize,
}

/// What the model of each column is called: a provider that has several columns for one prompt is a model in each,
/// because its configuration is another there.
fn columns(rows: &[Row]) -> HashMap<Column, String> {
    let mut found: BTreeMap<[&str; 3], BTreeSet<u64>> = BTreeMap::new();
    let names: Vec<_> = rows.iter().map(Row::provider_name).collect();
    for (row, name) in rows.iter().zip(&names) {
        if let Some(index) = row.prompt_idx {
            let prompt = row.prompt_id.as_deref().unwrap_or_default();
            let key = [words(&row.prompt), prompt, name.as_str()];
            found.entry(key).or_default().insert(index);
        }
    }
    let mut columns = HashMap::new();
    for ([_, _, provider], indexes) in found {
        for (rank, index) in indexes.into_iter().enumerate() {
            let provider = provider.to_owned();
            let name = match rank {
                0 => provider.clone(),
                _ => format!("{provider} ({})", rank + 1),
            };
            columns.insert(Column { index, provider }, name);
        }
    }
    columns
}

/// What tells a prompt from others.
fn words(prompt: &Prompted) -> &str {
    let words = prompt.label.as_ref().or(prompt.display.as_ref());
    words.or(prompt.raw.as_ref()).map_or("", String::as_str)
}

impl Row {
    /// The name of the provider; empty where there is none.
    fn provider_name(&self) -> String {
        let named = self.provider.as_ref().and_then(provider_name);
        named.unwrap_or_default()
    }

    /// What is right, where the only assertion says it word for word, with the variables of the test put in.
    fn expected(&self) -> Option<Value> {
        let [Assertion { r#type, value }] = self.test_case.as_ref()?.assert.as_slice() else {
            return None;
        };
        let text = json::word(value).filter(|_| r#type == "equals")?;
        let text = template::render(&text, &self.vars).ok()?;
        (!text.trim().is_empty()).then(|| Value::from(text))
    }

    /// Whether anything was asserted of the answer, as far as the row says.
    fn is_judged(&self) -> bool {
        let grading = self.grading_result.as_ref();
        if grading.is_some_and(|grading| !grading.component_results.is_empty()) {
            return true;
        }
        match (grading, &self.test_case) {
            (Some(grading), _) => grading.reason.as_str() != Some(NO_ASSERTIONS),
            (None, Some(test)) => !test.assert.is_empty(),
            (None, None) => true,
        }
    }
}

/// A file of results while it is read.
struct Reading<'a> {
    gathering: &'a mut Gathering,
    place: &'a str,
    /// The number of each prompt, from 1.
    prompts: HashMap<String, usize>,
    /// What each test is called, by its variables.
    tests: HashMap<String, String>,
    /// How each prompt was worded for each test: a program may word it otherwise every time.
    wordings: HashMap<String, HashMap<String, usize>>,
    /// How often each model answered each sample: positions of task, sample and model.
    repeats: HashMap<[usize; 3], u32>,
    /// What the model of each column is called.
    columns: HashMap<Column, String>,
    /// How often a row was of each cell of the table.
    cells: HashMap<Cell, u32>,
    /// How many rows of a cell may be.
    repeat: u32,
    /// How many answers of a model nothing was asserted of: positions of task and model.
    unjudged: HashMap<[usize; 2], f64>,
}

impl<'a> Reading<'a> {
    fn begin(gathering: &'a mut Gathering, place: &'a str, version: Option<u64>) -> Self {
        let version = version.map_or_else(String::new, |version| format!(" {version}"));
        gathering.written_by("promptfoo", &format!("{FORMAT}{version}"));
        Self {
            gathering,
            place,
            prompts: HashMap::new(),
            tests: HashMap::new(),
            wordings: HashMap::new(),
            repeats: HashMap::new(),
            columns: HashMap::new(),
            cells: HashMap::new(),
            repeat: 1,
            unjudged: HashMap::new(),
        }
    }

    fn all(mut self, results: Results) -> Result<(), ImportError> {
        let heads = results
            .table
            .map(|table| table.head.prompts)
            .unwrap_or_default();
        let heads = heads
            .into_iter()
            .filter_map(|head| serde_json::from_value(head).ok());
        let heads: Vec<Prompted> = heads.collect();
        self.columns = columns(&results.rows);
        let mut rows = results.rows;
        // They stand there in the order in which answers came.
        rows.sort_by_key(|row| (row.test_idx, row.prompt_idx));
        for row in rows {
            self.row(row)?;
        }
        for stated in [results.prompts, heads] {
            for (index, prompted) in (0..).zip(&stated) {
                self.claim(prompted, index);
            }
        }
        Ok(())
    }

    /// The task that a prompt is.
    fn task(&mut self, prompt: &Prompted) -> usize {
        let next = self.prompts.len() + 1;
        let number = *self.prompts.entry(words(prompt).to_owned()).or_insert(next);
        self.gathering.task(&format!("prompt-{number}"))
    }

    /// The model that answered in the column of `row`.
    fn model(&mut self, row: &Row) -> usize {
        let provider = row.provider_name();
        if provider.is_empty() {
            self.gathering.cannot_tell(NO_PROVIDER);
        }
        let index = row.prompt_idx.unwrap_or_default();
        let column = Column { index, provider };
        let known = self.columns.get(&column).cloned();
        let name = known.unwrap_or_else(|| column.provider.clone());
        if name != column.provider {
            let what = configured(&name, &column, row.provider.as_ref());
            self.gathering.cannot_tell(what);
        }
        self.gathering.model(&name, Form::Chat)
    }

    /// # Errors
    /// When the log has the cell of the table that `row` is already, more often than tests were repeated.
    fn count(&mut self, row: &Row, at: At) -> Result<(), ImportError> {
        let (Some(column), Some(number)) = (row.prompt_idx, row.test_idx) else {
            return Ok(());
        };
        let cell = Cell {
            column,
            row: number,
            model: at.model,
        };
        let count = self.cells.entry(cell).or_default();
        *count = count.saturating_add(1);
        if *count > self.repeat {
            return Err(self.gathering.twice(at, self.place));
        }
        Ok(())
    }

    fn row(&mut self, row: Row) -> Result<(), ImportError> {
        let task = self.task(&row.prompt);
        let model = self.model(&row);
        let id = self.sample_id(task, &row);
        let sample = Sample {
            id,
            messages: messages(row.prompt.raw.as_deref().unwrap_or_default()),
            target: row.expected(),
            metadata: row.vars.clone(),
            ..Sample::default()
        };
        let sample = self.gathering.sample(task, sample, self.place)?;
        let repeat = self.repeats.entry([task, sample, model]).or_default();
        *repeat = repeat.saturating_add(1);
        let at = At {
            task,
            sample,
            model,
            epoch: *repeat,
        };
        self.count(&row, at)?;
        let record = self.answer(row, at);
        self.gathering.answer(at, record, self.place)
    }

    /// The identity of what was asked: the test, and how the prompt was worded for it.
    fn sample_id(&mut self, task: usize, row: &Row) -> String {
        let test = self.test(row);
        let raw = row.prompt.raw.clone().unwrap_or_default();
        let known = self.wordings.entry(format!("{task}/{test}")).or_default();
        let next = known.len();
        let position = *known.entry(raw).or_insert(next);
        if position == 0 {
            return test;
        }
        self.gathering.remark(REWORDED);
        format!("{test}.{}", position + 1)
    }

    /// What the test of `row` is called, in whichever order the rows stand: by its row of the table, of which each
    /// repeat has one of its own, or where rows are not numbered, by its variables.
    fn test(&mut self, row: &Row) -> String {
        let vars: BTreeMap<_, _> = row.vars.iter().collect();
        let mut test = json!(vars).to_string();
        // Tests of the same variables with another right answer are two.
        if let Some(right) = row.expected() {
            test.push_str(&right.to_string());
        }
        let next = self.tests.len() as u64;
        let name = match row.test_idx {
            None => Digest::of_file_bytes(test.as_bytes()).to_string()[..SHORT].to_owned(),
            Some(index) if self.repeat == 1 => index.saturating_add(1).to_string(),
            Some(_) => (next + 1).to_string(),
        };
        let known = self.tests.entry(test);
        known.or_insert_with(|| format!("test-{name}")).clone()
    }

    fn answer(&mut self, row: Row, at: At) -> ImportedAnswer {
        let is_judged = row.is_judged();
        let scores = if is_judged { scores(&row) } else { Vec::new() };
        let response = row.response.unwrap_or_default();
        let text = json::text(&response.output);
        let failed = row.failure_reason == Some(ERROR) || text.is_none();
        if failed || response.error.is_some() {
            let said = response.error.or(row.error);
            return ImportedAnswer {
                error: Some(said.unwrap_or_else(|| "there is no output".to_owned())),
                ..ImportedAnswer::default()
            };
        }
        if !is_judged {
            self.gathering.remark(UNJUDGED);
            *self.unjudged.entry([at.task, at.model]).or_default() += 1.0;
        }
        for score in &scores {
            self.gathering.scored_by(at.task, &score.scorer);
        }
        ImportedAnswer {
            text,
            usage: self.usage(response.token_usage, response.cached),
            scores,
            ..ImportedAnswer::default()
        }
    }

    fn usage(&mut self, counts: Option<TokenUsage>, cached: Option<bool>) -> Usage {
        let counts = counts.unwrap_or_default();
        if cached == Some(true) || counts.cached.is_some_and(|cached| cached > 0) {
            self.gathering.remark(CACHED);
            return Usage::default();
        }
        Usage {
            prompt: counts.prompt,
            completion: counts.completion,
            ..Usage::default()
        }
    }

    /// The share of tests that passed, as the own counts of the column at `index` have it. Tests without assertions
    /// are counted as passed there.
    fn claim(&mut self, prompted: &Prompted, index: u64) {
        let counts = prompted.metrics.clone().unwrap_or_default();
        let (Some(passed), Some(provider)) = (counts.test_pass_count, &prompted.provider) else {
            return;
        };
        let provider = provider.clone();
        let column = Column { index, provider };
        let name = self.columns.get(&column).unwrap_or(&column.provider);
        let model = self.gathering.model(name, Form::Chat);
        let task = self.task(prompted);
        let unjudged = self.unjudged.get(&[task, model]).copied();
        let passed = passed - unjudged.unwrap_or(0.0);
        let all = passed + counts.test_fail_count.unwrap_or(0.0);
        if all > 0.0 {
            let claim = Claim {
                task: self.gathering.task_name(task).to_owned(),
                model,
                scorer: PASS.to_owned(),
                metric: "share of tests passed".to_owned(),
                value: passed / all,
                tolerance: EXACT,
                split: None,
            };
            self.gathering.claim(claim);
        }
    }
}

/// Says what the model `name` is, which `column` is named after.
fn configured(name: &str, column: &Column, provider: Option<&Provider>) -> String {
    let config = match provider {
        Some(Provider::Described { config, .. }) if !config.is_null() => config.to_string(),
        _ => "a configuration that the log does not tell".to_owned(),
    };
    format!(
        "model `{name}` is `{}` in another column of the same prompt, with {}",
        column.provider,
        json::shown(&config)
    )
}

fn provider_name(provider: &Provider) -> Option<String> {
    let name = match provider {
        Provider::Named(name) => Some(name),
        Provider::Described { id, label, .. } => label
            .as_ref()
            .filter(|label| !label.is_empty())
            .or(id.as_ref()),
    };
    name.filter(|name| !name.is_empty()).cloned()
}

fn scores(row: &Row) -> Vec<ImportedScore> {
    let score = |scorer: &str, value: f64| ImportedScore {
        scorer: scorer.to_owned(),
        value,
        ..ImportedScore::default()
    };
    let mut scores = vec![score(PASS, f64::from(u8::from(row.success)))];
    scores.extend(row.score.map(|value| score(SCORE, value)));
    let named = row.named_scores.iter().flatten();
    scores.extend(named.filter_map(|(name, value)| Some(score(&name_of(name), value.as_f64()?))));
    scores
}

/// What a named score is called: a name that is taken stands behind `named/`.
fn name_of(name: &str) -> String {
    match name {
        PASS | SCORE => format!("named/{name}"),
        _ => name.to_owned(),
    }
}
