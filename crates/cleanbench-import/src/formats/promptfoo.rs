//! Results of promptfoo: `output.json` or `output.yaml` of its versions 1 to 3, a row for each test, prompt and
//! provider.
//!
//! A prompt is a task, a test a sample, a provider a model; another row of the same is another epoch. Whether a test
//! passed is the first score. Refused: results without rows.

use std::collections::HashMap;

use cleanbench_core::{Form, Message, Role, Usage};
use cleanbench_model::imported::{ImportedAnswer, ImportedScore};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Found, Look};
use crate::error::ImportError;
use crate::gather::{At, Gathering};
use crate::json::{self, list};
use crate::log::Sample;
use crate::source::{DOCUMENT, Source, ends_in};
use crate::stated::{Claim, EXACT};
use crate::yaml;

const FORMAT: &str = "promptfoo results";
const PASS: &str = "pass";
const SCORE: &str = "score";
const REWORDED: &str =
    "answer to a prompt that was worded otherwise for the same test; it is a sample of its own";
const NO_PROVIDER: &str = "the results name no provider; whatever answered is called `unnamed`";
const CACHED: &str =
    "answer from promptfoo's cache, whose token counts are not of this answer and are left out";
/// The reason of a failure that is none of an assertion.
const ERROR: u64 = 2;

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
    Within { results: Results },
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
        let (Output::Within { results } | Output::Top(results)) = output;
        if results.rows.is_empty() {
            return Err(ImportError::refused(
                place,
                "there are no rows of results in it",
            ));
        }
        let stem = file.parent().and_then(|folder| folder.file_name());
        gathering.called(&stem.unwrap_or_default().to_string_lossy());
        Reading::begin(gathering, &place, results.version).all(results)?;
    }
    Ok(())
}

/// A file of results while it is read.
struct Reading<'a> {
    gathering: &'a mut Gathering,
    place: &'a str,
    /// The number of each prompt, from 1.
    prompts: HashMap<String, usize>,
    /// The number of each test, by its variables.
    tests: HashMap<String, usize>,
    /// How each prompt was worded for each test: a program may word it otherwise every time.
    wordings: HashMap<String, HashMap<String, usize>>,
    /// How often each model answered each sample: positions of task, sample and model.
    repeats: HashMap<[usize; 3], u32>,
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
        let stated: Vec<Prompted> = results.prompts.into_iter().chain(heads).collect();
        for row in results.rows {
            self.row(row)?;
        }
        for prompted in &stated {
            self.claim(prompted);
        }
        Ok(())
    }

    /// The task that a prompt is.
    fn task(&mut self, prompt: &Prompted) -> usize {
        let words = prompt
            .label
            .as_ref()
            .or(prompt.display.as_ref())
            .or(prompt.raw.as_ref());
        let words = words.cloned().unwrap_or_default();
        let next = self.prompts.len() + 1;
        let number = *self.prompts.entry(words).or_insert(next);
        self.gathering.task(&format!("prompt-{number}"))
    }

    fn row(&mut self, row: Row) -> Result<(), ImportError> {
        let task = self.task(&row.prompt);
        let named = row.provider.as_ref().and_then(provider_name);
        if named.is_none() {
            self.gathering.cannot_tell(NO_PROVIDER);
        }
        let model = self.gathering.model(&named.unwrap_or_default(), Form::Chat);
        let id = self.sample_id(task, &row);
        let sample = Sample {
            id,
            messages: messages(row.prompt.raw.as_deref().unwrap_or_default()),
            target: row.test_case.as_ref().and_then(expected),
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
        let record = self.answer(row, task);
        self.gathering.answer(at, record, self.place)
    }

    /// The identity of what was asked: the test, and how the prompt was worded for it.
    fn sample_id(&mut self, task: usize, row: &Row) -> String {
        let next = self.tests.len() + 1;
        let vars = Value::Object(row.vars.clone()).to_string();
        let test = *self.tests.entry(vars).or_insert(next);
        let raw = row.prompt.raw.clone().unwrap_or_default();
        let known = self.wordings.entry(format!("{task}/{test}")).or_default();
        let next = known.len();
        let position = *known.entry(raw).or_insert(next);
        if position == 0 {
            return format!("test-{test}");
        }
        self.gathering.remark(REWORDED);
        format!("test-{test}.{}", position + 1)
    }

    fn answer(&mut self, row: Row, task: usize) -> ImportedAnswer {
        let scores = scores(&row);
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
        for score in &scores {
            self.gathering.scored_by(task, &score.scorer);
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

    /// The share of tests that passed, as a prompt's own counts have it.
    fn claim(&mut self, prompted: &Prompted) {
        let counts = prompted.metrics.clone().unwrap_or_default();
        let (Some(passed), Some(provider)) = (counts.test_pass_count, &prompted.provider) else {
            return;
        };
        let all = passed + counts.test_fail_count.unwrap_or(0.0);
        if all > 0.0 {
            let task = self.task(prompted);
            let claim = Claim {
                task: self.gathering.task_name(task).to_owned(),
                model: self.gathering.model(provider, Form::Chat),
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

fn provider_name(provider: &Provider) -> Option<String> {
    let name = match provider {
        Provider::Named(name) => Some(name),
        Provider::Described { id, label } => label
            .as_ref()
            .filter(|label| !label.is_empty())
            .or(id.as_ref()),
    };
    name.filter(|name| !name.is_empty()).cloned()
}

/// A prompt that is a conversation in JSON is one; any other is a text.
pub(super) fn messages(prompt: &str) -> Vec<Message> {
    #[derive(Deserialize)]
    struct Turn {
        role: Role,
        content: String,
    }
    let turns = prompt.trim_start().starts_with('[');
    let turns = turns
        .then(|| serde_json::from_str::<Vec<Turn>>(prompt).ok())
        .flatten();
    match turns.filter(|turns| !turns.is_empty()) {
        None => vec![Message::new(Role::User, prompt)],
        Some(turns) => {
            let each = turns.into_iter();
            each.map(|turn| Message::new(turn.role, turn.content))
                .collect()
        }
    }
}

/// What is right, where the only assertion says it word for word.
fn expected(test: &TestCase) -> Option<Value> {
    match test.assert.as_slice() {
        [Assertion { r#type, value }] if r#type == "equals" => json::word(value)
            .filter(|text| !text.trim().is_empty())
            .map(Value::from),
        _ => None,
    }
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
    scores.extend(named.filter_map(|(name, value)| Some(score(name, value.as_f64()?))));
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_may_be_a_conversation() {
        let chat =
            r#"[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]"#;
        assert_eq!(messages(chat)[0].role, Role::System);
        assert_eq!(messages("[1] is a note").len(), 1);
        assert_eq!(messages("[]")[0].content, "[]");
    }
}
