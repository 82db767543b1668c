//! Answers to probes from an endpoint that only somebody else can reach: the questions as a file, and the answers in one.
//!
//! Invariants: every answer belongs to a question of the plan, and a question has one answer of a model at most; what is
//! not there is missing, and nothing stands for it. Refused, with the line: an answer to no question, one that may answer
//! several different ones, a second one, a model beyond [`MOST_MODELS`], one whose own words for the question (`messages`,
//! `max_tokens`, `stop`) are not those that were asked, and an end that nobody knows. Refused too: a file without any text,
//! and one whose answers hold what other items ask for more often than what their own does.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use cleanbench_core::probe::{Arm, ProbeForm};
use cleanbench_core::{Finish, Message};
use cleanbench_model::imported::ImportedAnswer;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::ImportError;
use crate::json;
use crate::log::SourceFile;
use crate::source::{COLLECTION, Source, ends_in};

mod asked;
mod filed;

/// Name of the form of the file of answers.
pub const ANSWERS_FORMAT: &str = "cleanbench-answers/1";
/// Most models that one file has answers of.
const MOST_MODELS: usize = 100;
/// What every answer says.
const NEEDED: [&str; 4] = ["item", "arm", "form", "text"];

/// A question of a probe. What is expected is not in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeQuestion {
    /// Identity of the item.
    pub item: String,
    /// Which group of items it is about.
    pub arm: Arm,
    /// The task whose items are suspect; of a check of the endpoint, the word for those.
    pub task: String,
    /// Name of the probe.
    pub probe: String,
    /// Its form: what is to be continued, or an instruction.
    pub form: ProbeForm,
    /// What the model is to get; in the raw form a beginning, which it is to go on with.
    pub messages: Vec<Message>,
    /// Most tokens that may be generated.
    pub max_tokens: u32,
    /// Texts at which generation is to end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// The task of the plan that it is a sample of.
    #[serde(skip)]
    pub planned: String,
    /// Identity of that sample.
    #[serde(skip)]
    pub sample: String,
    /// What the item itself says there; empty where nothing is to be found.
    #[serde(skip)]
    pub expected: String,
}

impl ProbeQuestion {
    /// Whether an answer to one is an answer to the other.
    fn is_like(&self, other: &Self) -> bool {
        let asks = |one: &Self| (one.max_tokens, one.stop.clone());
        self.messages == other.messages && asks(self) == asks(other)
    }
}

/// The file of `questions`: JSON lines.
///
/// # Errors
/// Never for questions that were planned.
pub fn written(questions: &[ProbeQuestion]) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::new();
    for question in questions {
        serde_json::to_writer(&mut bytes, question)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Answers that were recorded elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswersElsewhere {
    /// The file.
    pub source: SourceFile,
    /// The models that answered, in the order in which they appear.
    pub models: Vec<String>,
    /// The answers.
    pub answers: Vec<AnswerElsewhere>,
    /// What the file does not tell, a sentence each.
    pub cannot_tell: Vec<String>,
}

/// An answer that was recorded elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerElsewhere {
    /// Position of the question.
    pub question: usize,
    /// Position of the model.
    pub model: usize,
    /// What was answered.
    pub record: ImportedAnswer,
}

/// The answers to `questions` in the file `path`: CSV where its name ends so, else JSON lines. Columns beside those that
/// mean something are passed over, so that a file of questions with `text` added to each is one of answers.
///
/// # Errors
/// When it cannot be read, or an answer is not to be told apart, with its line.
pub fn answers_elsewhere(
    path: &Path,
    questions: &[ProbeQuestion],
) -> Result<AnswersElsewhere, ImportError> {
    let source = Source::open(path)?;
    let file = source.named.clone().ok_or_else(|| {
        ImportError::refused(path.display(), "it is a folder; answers are in one file")
    })?;
    let bytes = source.take(&file, COLLECTION)?;
    let place = source.shown(&file);
    let rows = if ends_in(&file, "csv") {
        rows_of_csv(&place, &bytes)?
    } else {
        rows_of_lines(&place, &bytes)?
    };
    if rows.is_empty() {
        return Err(ImportError::refused(&place, "it holds no answer"));
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut matching = Matching::new(questions, &stem);
    for row in &rows {
        matching.take(&place, row)?;
    }
    matching.check(&place)?;
    let source = source.sources().into_iter().next();
    source
        .map(|source| matching.finish(source))
        .ok_or_else(|| ImportError::refused(&place, "it was not read"))
}

/// What one line or record says.
struct Row {
    /// Its line, from 1.
    line: u64,
    said: Map<String, Value>,
}

impl Row {
    fn word(&self, name: &str) -> Option<String> {
        let said = self.said.get(name).and_then(json::word);
        said.filter(|word| !word.is_empty())
    }

    fn needed(&self, at: &str, name: &str) -> Result<String, ImportError> {
        self.word(name)
            .ok_or_else(|| ImportError::refused(at, format!("the answer does not say `{name}`")))
    }
}

fn rows_of_lines(place: &str, bytes: &[u8]) -> Result<Vec<Row>, ImportError> {
    let each = json::lines(bytes).map(|line| {
        Ok(Row {
            line: line.before as u64 + 1,
            said: json::parse_at(place, line.before, line.bytes)?,
        })
    });
    each.collect()
}

fn rows_of_csv(place: &str, bytes: &[u8]) -> Result<Vec<Row>, ImportError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        ImportError::damaged(format!("{place}:{line}"), error)
    };
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().map_err(broken)?.clone();
    if let Some(lacking) = NEEDED
        .iter()
        .find(|name| !header.iter().any(|own| own == **name))
    {
        let what = format!("there is no column `{lacking}`");
        return Err(
            ImportError::refused(format!("{place}:1"), what).hint(format!(
                "the first line names the columns: {}",
                NEEDED.join(",")
            )),
        );
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let cells = header.iter().zip(&record);
        let said = cells.map(|(name, cell)| (name.to_owned(), Value::from(cell)));
        rows.push(Row {
            line: record.position().map_or(0, csv::Position::line),
            said: said.collect(),
        });
    }
    Ok(rows)
}

/// A question as an answer names it.
type Named = (String, Arm, ProbeForm);

/// Answers while they find their questions.
struct Matching<'a> {
    questions: &'a [ProbeQuestion],
    by_name: HashMap<Named, Vec<usize>>,
    /// The line that answered a question, by question and model.
    answered: BTreeMap<(usize, usize), u64>,
    models: Vec<String>,
    /// The model where none is named.
    unnamed: String,
    answers: Vec<AnswerElsewhere>,
    /// Answers that do not say how they ended.
    endless: u64,
}

impl<'a> Matching<'a> {
    fn new(questions: &'a [ProbeQuestion], unnamed: &str) -> Self {
        let mut by_name: HashMap<Named, Vec<usize>> = HashMap::new();
        for (place, question) in questions.iter().enumerate() {
            let name = (question.item.clone(), question.arm, question.form);
            by_name.entry(name).or_default().push(place);
        }
        Self {
            questions,
            by_name,
            answered: BTreeMap::new(),
            models: Vec::new(),
            unnamed: unnamed.to_owned(),
            answers: Vec::new(),
            endless: 0,
        }
    }

    fn take(&mut self, place: &str, row: &Row) -> Result<(), ImportError> {
        let at = format!("{place}:{}", row.line);
        let found = self.meant(&at, row)?;
        if let Some(first) = found.first() {
            asked::check(&at, &row.said, &self.questions[*first])?;
        }
        let Some(text) = row.said.get("text").and_then(json::word) else {
            return match row.said.get("text") {
                Some(Value::Null) => Ok(()),
                _ => Err(ImportError::refused(at, "the answer has no `text`")),
            };
        };
        let model = self.model(&at, row.word("model"))?;
        let finish = finish(&at, row.word("finish"))?;
        self.endless += u64::from(finish.is_none());
        for question in found {
            let before = self.answered.insert((question, model), row.line);
            if let Some(before) = before {
                let what = format!("the question was answered before, in line {before}");
                return Err(ImportError::refused(at, what));
            }
            self.answers.push(AnswerElsewhere {
                question,
                model,
                record: ImportedAnswer {
                    text: Some(text.clone()),
                    finish: finish.clone(),
                    ..ImportedAnswer::default()
                },
            });
        }
        Ok(())
    }

    /// The questions that the answer is one to: several where they are word for word the same.
    fn meant(&self, at: &str, row: &Row) -> Result<Vec<usize>, ImportError> {
        let item = row.needed(at, "item")?;
        let arm: Arm = one_of(at, "arm", &row.needed(at, "arm")?)?;
        let form: ProbeForm = one_of(at, "form", &row.needed(at, "form")?)?;
        let (task, probe) = (row.word("task"), row.word("probe"));
        let is_meant = |place: &&usize| {
            let question = &self.questions[**place];
            task.as_ref().is_none_or(|task| *task == question.task)
                && probe.as_ref().is_none_or(|probe| *probe == question.probe)
        };
        let named = self.by_name.get(&(item.clone(), arm, form));
        let found: Vec<_> = named
            .into_iter()
            .flatten()
            .filter(is_meant)
            .copied()
            .collect();
        let Some((first, more)) = found.split_first() else {
            let (arm, form) = (arm.as_str(), form.as_str());
            let what = format!(
                "it answers no question: nothing is asked about the {arm} {item:?} in the {form} form"
            );
            let beside = task.or(probe).map_or("", |_| " under this task and probe");
            return Err(ImportError::refused(at, format!("{what}{beside}"))
                .hint("`cleanbench probe SUITE --questions FILE` writes what is asked, under the names that answers have to give"));
        };
        let differs = |place: &usize| !self.questions[*place].is_like(&self.questions[*first]);
        if more.iter().any(differs) {
            let what = format!("it may answer {} different questions", found.len());
            return Err(ImportError::refused(at, what)
                .hint("say `task` and `probe` too, as the questions do"));
        }
        Ok(found)
    }

    /// Position of the model called `name`.
    fn model(&mut self, at: &str, name: Option<String>) -> Result<usize, ImportError> {
        let name = name.unwrap_or_else(|| self.unnamed.clone());
        if let Some(found) = self.models.iter().position(|model| *model == name) {
            return Ok(found);
        }
        if self.models.len() == MOST_MODELS {
            let what = format!("there are answers of more than {MOST_MODELS} models");
            return Err(ImportError::refused(at, what).hint("put them into several files"));
        }
        self.models.push(name);
        Ok(self.models.len() - 1)
    }

    /// Refuses answers that say nothing at all, and those that seem to be filed under other items.
    fn check(&self, place: &str) -> Result<(), ImportError> {
        if self.answers.is_empty() {
            let what = "it has no text: `text` is null in every line";
            return Err(ImportError::refused(place, what)
                .hint("write down what was answered as `text`; an empty answer is \"\""));
        }
        for (model, name) in self.models.iter().enumerate() {
            let of_model = self.answers.iter().filter(|one| one.model == model);
            let told = of_model.filter_map(|one| {
                let text = one.record.text.as_deref()?;
                Some((one.question, text))
            });
            if let Some(what) = filed::astray(self.questions, told) {
                let what =
                    format!("answers of {name:?} seem to be filed under other items: {what}");
                return Err(ImportError::refused(place, what)
                    .hint("see that every answer stands with the `item` that it was given about"));
            }
        }
        Ok(())
    }

    fn finish(self, source: SourceFile) -> AnswersElsewhere {
        let mut cannot_tell = vec![
            "whether the questions were put word for word, with no more than their `max_tokens`, and at temperature 0"
                .to_owned(),
            "whether the model reasoned, or looked anything up, before it answered".to_owned(),
        ];
        if self.endless > 0 {
            cannot_tell.push(format!(
                "how {} of {} answers ended (`finish`): one that was cut off counts as whole",
                self.endless,
                self.answers.len()
            ));
        }
        AnswersElsewhere {
            source,
            models: self.models,
            answers: self.answers,
            cannot_tell,
        }
    }
}

/// How an answer ended, in lower case.
fn finish(at: &str, word: Option<String>) -> Result<Option<String>, ImportError> {
    let Some(word) = word.map(|word| word.to_ascii_lowercase()) else {
        return Ok(None);
    };
    if let Finish::Other(_) = Finish::from_wire(Some(&word)) {
        let what = format!("`finish` is `stop`, `length` or `content_filter`, not {word:?}");
        return Err(ImportError::refused(at, what)
            .hint("leave it out where it is not known how the answer ended"));
    }
    Ok(Some(word))
}

/// What `word` means.
fn one_of<T: serde::de::DeserializeOwned>(
    at: &str,
    name: &str,
    word: &str,
) -> Result<T, ImportError> {
    serde_json::from_value(Value::from(word)).map_err(|_| {
        let known = match name {
            "arm" => "`suspect` or `control`",
            _ => "`raw` or `instruction`",
        };
        ImportError::refused(at, format!("`{name}` is {known}, not {word:?}"))
    })
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Role;

    use super::*;

    fn question(item: &str, probe: &str, shown: &str) -> ProbeQuestion {
        ProbeQuestion {
            item: item.to_owned(),
            arm: Arm::Suspect,
            task: "t".to_owned(),
            probe: probe.to_owned(),
            form: ProbeForm::Raw,
            messages: vec![Message::new(Role::Assistant, shown.to_owned())],
            max_tokens: 8,
            stop: Vec::new(),
            planned: format!("t/{probe}.raw"),
            sample: format!("suspect/t/{item}"),
            expected: format!(
                "{item} {item}a {item}b {item}c {item}d {item}e {item}f {item}g {item}h"
            ),
        }
    }

    fn questions() -> Vec<ProbeQuestion> {
        vec![
            question("1", "completion", "one"),
            question("1", "option-completion", "another"),
            question("2", "completion", "two"),
            question("3", "completion", "three"),
            question("3", "option-completion", "three"),
        ]
    }

    fn read(name: &str, text: &str) -> Result<AnswersElsewhere, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs_err::write(&path, text).unwrap();
        let found = answers_elsewhere(&path, &questions());
        let shown = folder.path().display().to_string();
        found.map_err(|error| error.message.replace(&format!("{shown}/"), ""))
    }

    #[test]
    fn answers_find_their_questions_in_either_form_of_file() {
        let csv = "item,arm,form,text,probe\n1,suspect,raw,\"a\nb\",completion\n2,suspect,raw,,\n";
        let found = read("mine.csv", csv).unwrap();
        assert_eq!(found.models, ["mine"]);
        let told: Vec<_> = found
            .answers
            .iter()
            .map(|one| (one.question, one.record.text.as_deref().unwrap()))
            .collect();
        assert_eq!(told, [(0, "a\nb"), (2, "")]);
        assert!(found.cannot_tell[2].starts_with("how 2 of 2 answers ended"));
        let lines = "{\"item\":1,\"arm\":\"suspect\",\"form\":\"raw\",\"probe\":\"completion\",\"text\":\"a\",\"model\":\"x\",\"finish\":\"stop\"}\n\n\
             {\"item\":\"2\",\"arm\":\"suspect\",\"form\":\"raw\",\"text\":null}\n\
             {\"item\":\"3\",\"arm\":\"suspect\",\"form\":\"raw\",\"text\":\"c\",\"model\":\"y\",\"messages\":[{\"role\":\"assistant\",\"content\":\"three\"}],\"max_tokens\":8}\n";
        let found = read("a.jsonl", lines).unwrap();
        assert_eq!(found.models, ["x", "y"]);
        let told: Vec<_> = found
            .answers
            .iter()
            .map(|one| (one.question, one.model))
            .collect();
        assert_eq!(
            told,
            [(0, 0), (3, 1), (4, 1)],
            "the same words are the same question"
        );
    }

    #[test]
    fn what_answers_no_question_or_several_is_refused_with_its_line() {
        let head = "item,arm,form,text";
        for (rows, told) in [
            (
                "9,suspect,raw,x",
                "a.csv:2: it answers no question: nothing is asked about the suspect \"9\" in the raw form",
            ),
            (
                "2,suspect,raw,x\n2,control,raw,x",
                "a.csv:3: it answers no question",
            ),
            (
                "2,suspect,raw,x\n2,suspect,raw,y",
                "a.csv:3: the question was answered before, in line 2",
            ),
            (
                "1,suspect,raw,x",
                "a.csv:2: it may answer 2 different questions",
            ),
            (
                "2,both,raw,x",
                "a.csv:2: `arm` is `suspect` or `control`, not \"both\"",
            ),
            (
                "2,suspect,chat,x",
                "a.csv:2: `form` is `raw` or `instruction`, not \"chat\"",
            ),
            (",suspect,raw,x", "a.csv:2: the answer does not say `item`"),
            ("2,suspect", "a.csv:2: "),
            ("", "a.csv: it holds no answer"),
        ] {
            let found = read("a.csv", &format!("{head}\n{rows}\n")).unwrap_err();
            assert!(found.starts_with(told), "{rows}: {found}");
        }
        let many = |line: usize| format!("2,suspect,raw,x,{line}\n");
        let many: String = (0..=MOST_MODELS).map(many).collect();
        let found = read("a.csv", &format!("{head},model\n{many}")).unwrap_err();
        assert_eq!(
            found,
            "a.csv:102: there are answers of more than 100 models"
        );
        let found = read("a.csv", "item,arm,text\n").unwrap_err();
        assert_eq!(found, "a.csv:1: there is no column `form`");
        let found = read("a.jsonl", "{\"item\":1,\n").unwrap_err();
        assert!(found.starts_with("a.jsonl:1:"), "{found}");
    }

    #[test]
    fn questions_do_not_say_what_is_expected_nor_where_they_stand() {
        let bytes = written(&questions()[..1]).unwrap();
        let line: Value = serde_json::from_slice(&bytes).unwrap();
        let keys: Vec<_> = line.as_object().unwrap().keys().cloned().collect();
        let mut expected = [
            "item",
            "arm",
            "task",
            "probe",
            "form",
            "messages",
            "max_tokens",
        ];
        expected.sort_unstable();
        let mut keys: Vec<_> = keys.iter().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, expected);
    }

    fn line(item: u32, more: &str) -> String {
        format!(
            "{{\"item\":{item},\"arm\":\"suspect\",\"form\":\"raw\",\"probe\":\"completion\",{more}}}\n"
        )
    }

    #[test]
    fn what_was_asked_otherwise_is_refused_with_its_line() {
        for (more, told) in [
            (
                "\"text\":\"x\",\"max_tokens\":9",
                "a.jsonl:1: `max_tokens` is 8 in the question, and 9 here",
            ),
            (
                "\"text\":\"x\",\"max_tokens\":\"8\",\"stop\":[\"\\n\"]",
                "a.jsonl:1: `stop` is not that of the question",
            ),
            (
                "\"text\":\"x\",\"messages\":[{\"role\":\"assistant\",\"content\":\"another\"}]",
                "a.jsonl:1: `messages` are not those of the question: message 1 is another text",
            ),
            (
                "\"text\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"two\"}]",
                "a.jsonl:1: `messages` are not those of the question: message 1 has another role",
            ),
            (
                "\"text\":\"x\",\"messages\":[]",
                "a.jsonl:1: `messages` are not those of the question: 0 in place of 1",
            ),
            (
                "\"text\":\"x\",\"messages\":7",
                "a.jsonl:1: `messages` are no messages",
            ),
            (
                "\"text\":\"x\",\"finish\":\"kaput\"",
                "a.jsonl:1: `finish` is `stop`, `length` or `content_filter`, not \"kaput\"",
            ),
            (
                "\"text\":null",
                "a.jsonl: it has no text: `text` is null in every line",
            ),
        ] {
            let found = read("a.jsonl", &line(2, more)).unwrap_err();
            assert!(found.starts_with(told), "{more}: {found}");
        }
        let same = "\"text\":\"x\",\"finish\":\"STOP\",\"stop\":[],\"max_tokens\":8,\"messages\":\"[{\\\"role\\\":\\\"assistant\\\",\\\"content\\\":\\\"two\\\"}]\"";
        assert!(read("a.jsonl", &line(2, same)).is_ok());
    }

    #[test]
    fn answers_under_other_items_are_told() {
        let text = |item: u32| {
            format!(
                "\"text\":\"so: {item} {item}a {item}b {item}c {item}d {item}e {item}f {item}g {item}h\""
            )
        };
        let file = |texts: [u32; 3]| -> String {
            [1, 2, 3]
                .iter()
                .zip(texts)
                .map(|(item, of)| line(*item, &text(of)))
                .collect()
        };
        assert!(read("a.jsonl", &file([1, 2, 3])).is_ok());
        assert!(
            read("a.jsonl", &file([1, 3, 2])).is_ok(),
            "two may be chance"
        );
        let found = read("a.jsonl", &file([2, 3, 1])).unwrap_err();
        let told = "a.jsonl: answers of \"a\" seem to be filed under other items: 3 hold what another item asks for, and 0 what their own does; the answer about the suspect \"1\" holds the text of \"2\"";
        assert_eq!(found, told);
    }
}
