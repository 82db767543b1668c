//! Suites of promptfoo: `promptfooconfig.yaml` with the prompts and tests that it names.
//!
//! A prompt and a kind of assertion are a task. Tests that nothing here judges alike (programs, judges, several
//! assertions at once) are left out, by name. Refused: tests alone, which have no prompt.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::conversation::messages;
use super::{Found, Look};
use crate::error::ImportError;
use crate::gather::Gathering;
use crate::json::{self, list};
use crate::log::Sample;
use crate::scorers::spec;
use crate::source::{DOCUMENT, Source, ends_in, file_name};
use crate::template;
use crate::yaml;

const FORMAT: &str = "promptfoo suite";
const CONFIG: &str = "promptfooconfig.yaml";
const FILE: &str = "file://";
/// Most samples: prompts times tests.
const MOST_SAMPLES: usize = 200_000;
/// Most reasons that are told for tests that are left out.
const MOST_TOLD: usize = 20;

/// Whether `look` is a configuration, or tests that one refers to.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    let is_yaml = ends_in(look.path, "yaml") || ends_in(look.path, "yml");
    if is_yaml
        && look.has_line(b"prompts:")
        && (look.has_line(b"tests:") || look.has_line(b"providers:"))
    {
        return Some(Found::new(FORMAT, read));
    }
    let is_csv = ends_in(look.path, "csv") && look.first_line_holds(b"__expected");
    let is_tests = look.has("vars") && (look.has("assert") || look.keys.len() == 1);
    (is_csv || is_tests).then(|| Found::new(FORMAT, read_tests))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    description: Option<String>,
    prompts: Value,
    tests: Value,
    scenarios: Value,
    default_test: Option<Test>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Test {
    vars: Map<String, Value>,
    #[serde(deserialize_with = "list")]
    assert: Vec<Assertion>,
    threshold: Option<f64>,
    options: Options,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// What is done to a prompt before it is put.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Options {
    prefix: Option<String>,
    suffix: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Assertion {
    r#type: String,
    value: Value,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Keys of a test, of its options and of an assertion that change neither what is asked nor how it is judged here.
const OF_TEST: [&str; 5] = ["description", "metadata", "author", "provider", "id"];
const OF_OPTIONS: [&str; 5] = [
    "provider",
    "rubricPrompt",
    "factuality",
    "runSerially",
    "storeOutputAs",
];
const OF_ASSERTION: [&str; 3] = ["metric", "provider", "rubricPrompt"];

/// The first of `keys` that is set and not among `harmless`.
fn unheeded(keys: &Map<String, Value>, harmless: &[&str]) -> Option<String> {
    let mut set = keys.iter().filter(|(_, value)| !value.is_null());
    let found = set.find(|(name, _)| !harmless.contains(&name.as_str()));
    found.map(|(name, _)| json::shown(name))
}

impl Test {
    /// What it wants that cannot be done here.
    fn unheeded(&self) -> Option<String> {
        let own = || unheeded(&self.others, &OF_TEST);
        let option = || {
            let name = unheeded(&self.options.others, &OF_OPTIONS)?;
            Some(format!("options.{name}"))
        };
        let mut asserted = self.assert.iter();
        let of_assertion = || {
            let name = asserted.find_map(|one| unheeded(&one.others, &OF_ASSERTION))?;
            Some(format!("assert.{name}"))
        };
        let of_threshold = || {
            let is_all = |threshold| 0.0 < threshold && threshold <= 1.0;
            let other = self.threshold.filter(|threshold| !is_all(*threshold));
            other.map(|_| "threshold".to_owned())
        };
        let found = own()
            .or_else(option)
            .or_else(of_threshold)
            .or_else(of_assertion);
        found.map(|name| format!("it sets `{name}`"))
    }
}

/// Tests without a prompt: the configuration beside them has it.
fn read_tests(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    let config = Path::new(CONFIG);
    if source.has(config) {
        return read_config(source, config, gathering);
    }
    let place = source.shown(
        source
            .files
            .first()
            .map_or(config, std::path::PathBuf::as_path),
    );
    let what = "tests of promptfoo without their prompts, which stand in another file";
    Err(ImportError::refused(place, what).hint(format!("name the `{CONFIG}` that refers to them")))
}

fn read(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    for file in &source.files {
        read_config(source, file, gathering)?;
    }
    Ok(())
}

fn read_config(source: &Source, file: &Path, gathering: &mut Gathering) -> Result<(), ImportError> {
    let place = source.shown(file);
    let config: Config = yaml::parse(&place, &source.take(file, DOCUMENT)?)?;
    gathering.written_by("promptfoo", FORMAT);
    gathering.called(config.description.as_deref().unwrap_or_default());
    let mut reading = Reading {
        source,
        folder: file.parent().unwrap_or(Path::new("")),
        place: &place,
        gathering,
        left_out: Vec::new(),
    };
    if !config.scenarios.is_null() {
        let what = "`scenarios`, whose tests are not put together here";
        reading.left_out.push(what.to_owned());
    }
    let prompts = reading.prompts(&config.prompts)?;
    let tests = reading.tests(&config.tests)?;
    let default = config.default_test.unwrap_or_default();
    let taken = reading.put(&prompts, &tests, &default)?;
    reading.finish(taken)
}

/// A configuration while it is read.
struct Reading<'a> {
    source: &'a Source,
    folder: &'a Path,
    place: &'a str,
    gathering: &'a mut Gathering,
    /// Why tests and prompts are left out.
    left_out: Vec<String>,
}

impl Reading<'_> {
    /// The bytes of the file that `reference` names; `None` for what is no data.
    fn file(&mut self, reference: &str) -> Result<Option<Vec<u8>>, ImportError> {
        let name = reference.strip_prefix(FILE).unwrap_or(reference);
        let data = ["txt", "md", "json", "jsonl", "csv", "yaml", "yml"];
        let is_data = data.iter().any(|ending| ends_in(Path::new(name), ending));
        if !is_data || name.contains('*') {
            self.left_out.push(format!(
                "`{}`, which is no file of data",
                json::shown(reference)
            ));
            return Ok(None);
        }
        let path = self.folder.join(name);
        if !self.source.has(&path) {
            let what = format!("refers to `{}`, which is not there", json::shown(name));
            return Err(ImportError::refused(self.place, what)
                .hint("copy the files that it refers to beside it"));
        }
        self.source.take(&path, DOCUMENT).map(Some)
    }

    fn prompts(&mut self, prompts: &Value) -> Result<Vec<String>, ImportError> {
        let mut found = Vec::new();
        let all = match prompts {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        for prompt in &all {
            let words = match prompt {
                Value::Object(described) => described.get("raw").or_else(|| described.get("id")),
                other => Some(other),
            };
            let words = words.and_then(Value::as_str).unwrap_or_default();
            if words.starts_with(FILE) {
                found.extend(self.prompts_of_file(words)?);
            } else if !words.is_empty() {
                found.push(words.to_owned());
            }
        }
        Ok(found)
    }

    fn prompts_of_file(&mut self, reference: &str) -> Result<Vec<String>, ImportError> {
        let Some(bytes) = self.file(reference)? else {
            return Ok(Vec::new());
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if !ends_in(Path::new(reference), "txt") {
            return Ok(vec![text]);
        }
        let parts = text.split("\n---").map(|part| part.trim().to_owned());
        Ok(parts.filter(|part| !part.is_empty()).collect())
    }

    fn tests(&mut self, tests: &Value) -> Result<Vec<Test>, ImportError> {
        let mut found = Vec::new();
        let all = match tests {
            Value::Array(all) => all.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        };
        for test in all {
            match test {
                Value::String(reference) => found.extend(self.tests_of_file(&reference)?),
                other => {
                    let test = serde_json::from_value(other);
                    found.push(test.map_err(|error| ImportError::damaged(self.place, error))?);
                }
            }
        }
        Ok(found)
    }

    fn tests_of_file(&mut self, reference: &str) -> Result<Vec<Test>, ImportError> {
        let Some(bytes) = self.file(reference)? else {
            return Ok(Vec::new());
        };
        let name = Path::new(reference);
        let place = format!("{} ({})", self.place, file_name(name));
        if ends_in(name, "csv") {
            return tests_of_csv(&place, &bytes);
        }
        if ends_in(name, "jsonl") {
            let lines = json::lines(&bytes);
            let each = lines.map(|line| json::parse_at(&place, line.before, line.bytes));
            return each.collect();
        }
        yaml::parse(&place, &bytes)
    }

    /// Puts every test to every prompt; how many samples that is.
    fn put(
        &mut self,
        prompts: &[String],
        tests: &[Test],
        default: &Test,
    ) -> Result<usize, ImportError> {
        let all = prompts.len().saturating_mul(tests.len());
        if all > MOST_SAMPLES {
            let what = format!("{all} prompts times tests; at most {MOST_SAMPLES} are imported");
            return Err(ImportError::refused(self.place, what));
        }
        let mut taken = 0;
        for (number, test) in (1..).zip(tests) {
            let test = merged(test, default);
            let judged = match test.unheeded().map_or_else(|| judged(&test), Err) {
                Ok(judged) => judged,
                Err(why) => {
                    self.left_out.push(format!("test {number}: {why}"));
                    continue;
                }
            };
            for (position, prompt) in (1..).zip(prompts) {
                match worded(prompt, &test) {
                    Ok(prompt) => {
                        let task = format!("prompt-{position}-{}", judged.name);
                        self.sample(&task, number, &prompt, &test, &judged)?;
                        taken += 1;
                    }
                    Err(why) => self
                        .left_out
                        .push(format!("test {number}, prompt {position}: {why}")),
                }
            }
        }
        Ok(taken)
    }

    fn sample(
        &mut self,
        task: &str,
        number: usize,
        prompt: &str,
        test: &Test,
        judged: &Judged,
    ) -> Result<(), ImportError> {
        let task = self.gathering.task(task);
        self.gathering.task_mut(task).scorers = vec![spec(judged.kind, judged.params.clone())];
        let sample = Sample {
            id: format!("test-{number}"),
            messages: messages(prompt),
            target: Some(judged.target.clone()),
            metadata: test.vars.clone(),
            ..Sample::default()
        };
        self.gathering.sample(task, sample, self.place).map(drop)
    }

    fn finish(self, taken: usize) -> Result<(), ImportError> {
        let told = self.left_out.iter().take(MOST_TOLD).cloned();
        let mut told: Vec<_> = told.collect();
        if self.left_out.len() > MOST_TOLD {
            told.push(format!("and {} more", self.left_out.len() - MOST_TOLD));
        }
        if taken == 0 {
            let what = match told.as_slice() {
                [] => "there are no prompts with tests in it".to_owned(),
                told => format!("nothing in it can be expressed here: {}", told.join("; ")),
            };
            return Err(ImportError::refused(self.place, what));
        }
        for what in told {
            self.gathering.cannot_tell(format!("left out: {what}"));
        }
        Ok(())
    }
}

/// `test` with what `default` says of all tests; what it says itself goes before.
fn merged(test: &Test, default: &Test) -> Test {
    let over = |own: &Map<String, Value>, default: &Map<String, Value>| {
        let mut all = default.clone();
        all.extend(own.clone());
        all
    };
    let assert = default.assert.iter().chain(&test.assert);
    let (own, options) = (&test.options, &default.options);
    Test {
        vars: over(&test.vars, &default.vars),
        assert: assert.cloned().collect(),
        threshold: test.threshold.or(default.threshold),
        options: Options {
            prefix: own.prefix.clone().or_else(|| options.prefix.clone()),
            suffix: own.suffix.clone().or_else(|| options.suffix.clone()),
            others: over(&own.others, &options.others),
        },
        others: over(&test.others, &default.others),
    }
}

fn worded(prompt: &str, test: &Test) -> Result<String, String> {
    let is_list = |value: &Value| value.is_array();
    if let Some((name, _)) = test.vars.iter().find(|(_, value)| is_list(value)) {
        return Err(format!(
            "the variable `{name}` is a list, which is one test for each of its values"
        ));
    }
    let begins = |value: &Value| value.as_str().is_some_and(|text| text.starts_with(FILE));
    if let Some((name, _)) = test.vars.iter().find(|(_, value)| begins(value)) {
        return Err(format!("the variable `{name}` is the content of a file"));
    }
    let is_template = |value: &Value| value.as_str().is_some_and(|text| text.contains("{{"));
    if let Some((name, _)) = test.vars.iter().find(|(_, value)| is_template(value)) {
        return Err(format!("the variable `{name}` is itself a template"));
    }
    let Options { prefix, suffix, .. } = &test.options;
    let parts = [prefix.as_deref(), Some(prompt), suffix.as_deref()];
    let whole: String = parts.into_iter().flatten().collect();
    template::render(&whole, &test.vars)
}

/// How a test is judged here.
struct Judged {
    /// The name that it gives a task.
    name: String,
    kind: &'static str,
    params: Value,
    target: Value,
}

fn judged(test: &Test) -> Result<Judged, String> {
    let [Assertion { r#type, value, .. }] = test.assert.as_slice() else {
        let kinds: Vec<_> = test.assert.iter().map(|one| one.r#type.as_str()).collect();
        return Err(match kinds.as_slice() {
            [] => "no assertion".to_owned(),
            kinds => format!("several assertions at once ({})", kinds.join(", ")),
        });
    };
    let known: BTreeMap<&str, (&'static str, Value)> = BTreeMap::from([
        ("equals", ("exact", Value::Null)),
        ("contains", ("contains", json!({"case": true}))),
        ("icontains", ("contains", json!({"case": false}))),
        ("contains-any", ("contains", json!({"case": true}))),
        ("icontains-any", ("contains", json!({"case": false}))),
    ]);
    let Some((kind, params)) = known.get(r#type.as_str()) else {
        return Err(format!("the assertion `{}`", json::shown(r#type)));
    };
    let target = if r#type.ends_with("-any") {
        texts(value, &test.vars)?
    } else {
        text(value, &test.vars)?
    };
    let target = target.ok_or_else(|| format!("the assertion `{type}` has no plain value"))?;
    Ok(Judged {
        name: r#type.clone(),
        kind,
        params: params.clone(),
        target,
    })
}

/// A value of an assertion with the variables of the test put in; `None` where it is no text.
fn text(value: &Value, vars: &Map<String, Value>) -> Result<Option<Value>, String> {
    let Some(text) = json::word(value) else {
        return Ok(None);
    };
    if text.starts_with(FILE) {
        return Err("the value of an assertion is the content of a file".to_owned());
    }
    let text = template::render(&text, vars)
        .map_err(|what| format!("the value of an assertion needs {what}"))?;
    Ok((!text.trim().is_empty()).then(|| Value::from(text)))
}

/// The same of a list; `None` where one of it is no text.
fn texts(value: &Value, vars: &Map<String, Value>) -> Result<Option<Value>, String> {
    let Some(values) = value.as_array().filter(|values| !values.is_empty()) else {
        return Ok(None);
    };
    values.iter().map(|value| text(value, vars)).collect()
}

/// Tests as rows: a column is a variable, but for those that begin with two underscores.
fn tests_of_csv(place: &str, bytes: &[u8]) -> Result<Vec<Test>, ImportError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let broken = |error: csv::Error| {
        let line = error.position().map_or(0, csv::Position::line);
        ImportError::damaged(format!("{place}:{line}"), error)
    };
    let names = reader.headers().map_err(broken)?.clone();
    let mut tests = Vec::new();
    for row in reader.records() {
        let row = row.map_err(broken)?;
        let mut test = Test::default();
        for (name, cell) in names.iter().zip(row.iter()) {
            set(&mut test, name, cell).map_err(|why| {
                let line = row.position().map_or(0, csv::Position::line);
                ImportError::damaged(format!("{place}:{line}"), why)
            })?;
        }
        tests.push(test);
    }
    Ok(tests)
}

/// Sets what the column `name` of a table of tests is for.
fn set(test: &mut Test, name: &str, cell: &str) -> Result<(), String> {
    let own = name.trim().strip_prefix("__").unwrap_or_default();
    match own {
        "" => {
            test.vars.insert(name.to_owned(), Value::from(cell));
        }
        _ if cell.trim().is_empty() => {}
        "prefix" => test.options.prefix = Some(cell.to_owned()),
        "suffix" => test.options.suffix = Some(cell.to_owned()),
        "description" | "metric" => {}
        "threshold" => {
            let number = cell.trim().parse::<f64>();
            test.threshold = Some(number.map_err(|_| "`__threshold` is no number")?);
        }
        _ if own.starts_with("expected") => test.assert.extend(assertion(cell)),
        _ if own.starts_with("metadata") => {}
        other => {
            let value = Value::from(cell);
            test.others.insert(format!("__{other}"), value);
        }
    }
    Ok(())
}

/// `type:value`; a text without a type is the whole answer.
fn assertion(cell: &str) -> Option<Assertion> {
    if cell.trim().is_empty() {
        return None;
    }
    let bare = ["is-json", "contains-json"];
    let is_type = |word: &str| {
        let mut chars = word.chars();
        !word.is_empty() && chars.all(|c| c.is_ascii_lowercase() || c == '-')
    };
    let split = cell.split_once(':').filter(|(word, _)| is_type(word));
    let (r#type, value) = match split {
        Some((word, value)) => (word, value.trim()),
        None if bare.contains(&cell) => (cell, ""),
        None => ("equals", cell),
    };
    Some(Assertion {
        r#type: r#type.to_owned(),
        value: Value::from(value),
        others: Map::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_assertions() {
        for (cell, kind, value) in [
            ("Bonjour", "equals", "Bonjour"),
            ("icontains: faim", "icontains", "faim"),
            ("grade:Be kind", "grade", "Be kind"),
            ("is-json", "is-json", ""),
            ("At 5:30", "equals", "At 5:30"),
        ] {
            let found = assertion(cell).unwrap();
            assert_eq!((found.r#type.as_str(), &found.value), (kind, &json!(value)));
        }
        assert!(assertion(" ").is_none());
    }
}
