//! Logs of Inspect (`inspect_ai`): one `.json` document, or an archive `.eval` whose samples are files of their own,
//! whole or in chunks.
//!
//! What the model saw is what its conversation holds before its first own turn; its answer is the output of the
//! sample. Scores are numbers by the rule of Inspect's own `value_to_float`. Refused: logs without samples.

use cleanbench_core::{Form, Message, Role};
use cleanbench_model::imported::{ImportedAnswer, ImportedCall};
use serde_json::Value;

use super::inspect_archive::Archive;
use super::inspect_content::{Attachments, Said, said};
use super::inspect_log::{Log, RawCall, RawMessage, RawSample, RawUsage};
use super::inspect_results::Scored;
use super::inspect_score::scores;
use super::{Found, Look};
use crate::choices::Named;
use crate::error::ImportError;
use crate::gather::{At, Gathering, target};
use crate::json;
use crate::log::Sample;
use crate::source::{COLLECTION, DOCUMENT, Source, ends_in};

/// What a log is called in messages.
const FORMAT: &str = "Inspect log";
const ARCHIVE: &str = "Inspect .eval";
const UNFINISHED: &str = "answer that the log does not have; it is missing and no 0";
const LATER_TURNS: &str = "answer after several turns or tools: the question is what came before the first turn, the answer the last output";
const PICTURES: &str = "text beside pictures or files, which are left out";

/// Whether `look` is a log, and in which form.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    if look.bytes.starts_with(b"PK\x03\x04") && ends_in(look.path, "eval") {
        return Some(Found::new(ARCHIVE, read_archive));
    }
    let is_log =
        look.has("eval") && (look.has("plan") || look.has("status") || look.has("version"));
    is_log.then(|| Found::new(FORMAT, read_document))
}

fn read_document(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    for file in &source.files {
        let place = source.shown(file);
        let bytes = source.take(file, DOCUMENT)?;
        let mut log: Log = json::parse(&place, &bytes)?;
        let samples = std::mem::take(&mut log.samples);
        if samples.is_empty() {
            return Err(without_samples(&place));
        }
        let mut reading = Reading::begin(&log, FORMAT, gathering, &place);
        for sample in samples {
            reading.sample(sample)?;
        }
        reading.end(&log);
    }
    Ok(())
}

fn read_archive(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    for file in &source.files {
        let place = source.shown(file);
        let mut archive = Archive::open(&place, source.take(file, COLLECTION)?)?;
        let log = archive.header()?;
        let names = archive.samples();
        if names.is_empty() {
            return Err(without_samples(&place));
        }
        let mut reading = Reading::begin(&log, ARCHIVE, gathering, &place);
        for name in names {
            let sample = archive.sample(&name)?;
            reading.sample(sample)?;
        }
        reading.end(&log);
    }
    Ok(())
}

fn without_samples(place: &str) -> ImportError {
    ImportError::refused(
        place,
        "the log has no samples, and scores without answers are no run",
    )
    .hint("log samples (`--log-samples`, not `--no-log-samples`), and copy the log with them")
}

/// A log while its samples are read.
struct Reading<'a> {
    gathering: &'a mut Gathering,
    place: &'a str,
    task: usize,
    model: usize,
    /// How many samples were read, each repeat for itself.
    read: u64,
}

impl<'a> Reading<'a> {
    fn begin(log: &Log, format: &str, gathering: &'a mut Gathering, place: &'a str) -> Self {
        let version = log.eval.packages.get("inspect_ai").and_then(json::word);
        let tool = format!("inspect_ai {}", version.unwrap_or_default());
        gathering.written_by(tool.trim_end(), format);
        let task = gathering.task(&log.eval.task);
        gathering.targets_are(task, Named::Letter);
        if let Some(first) = log.eval.scorers.first() {
            gathering.task_mut(task).options = first.options.clone().unwrap_or_default();
        }
        if let Some(results) = &log.results {
            // In the order of the results, so that all logs of a task have the same names.
            for scored in results.all() {
                results.name_of(&scored, task, gathering);
            }
        }
        let model = gathering.model(&log.eval.model, Form::Chat);
        if let Some(status) = log.status.as_deref().filter(|status| *status != "success") {
            gathering.cannot_tell(format!(
                "task `{}`: the evaluation ended as `{}`, so samples may be missing",
                gathering.task_name(task),
                json::shown(status)
            ));
        }
        Self {
            gathering,
            place,
            task,
            model,
            read: 0,
        }
    }

    fn sample(&mut self, raw: RawSample) -> Result<(), ImportError> {
        self.read += 1;
        let attachments = Attachments::new(raw.attachments.as_ref());
        let question = question(&raw, &attachments);
        let RawSample { id, epoch, .. } = &raw;
        let epoch = epoch.unwrap_or(1);
        let answer = answer(&raw, &attachments);
        if question.has_more {
            self.gathering.remark(PICTURES);
        }
        let sample = Sample {
            id: json::word(id).unwrap_or_default(),
            messages: question.messages,
            target: target(raw.target),
            choices: raw.choices,
            metadata: raw.metadata.unwrap_or_default(),
            answers: Vec::new(),
        };
        let sample = self.gathering.sample(self.task, sample, self.place)?;
        let at = At {
            task: self.task,
            sample,
            model: self.model,
            epoch,
        };
        match answer {
            None => self.gathering.remark(UNFINISHED),
            Some(mut record) => {
                if question.has_turns {
                    self.gathering.remark(LATER_TURNS);
                }
                record.scores = scores(raw.scores, raw.score, self.task, self.gathering);
                self.name_scorers(&record);
                self.gathering.answer(at, record, self.place)?;
            }
        }
        Ok(())
    }

    fn name_scorers(&mut self, record: &ImportedAnswer) {
        for score in &record.scores {
            self.gathering.scored_by(self.task, &score.scorer);
        }
    }

    fn end(mut self, log: &Log) {
        let task = self.gathering.task_name(self.task).to_owned();
        if let Some(results) = &log.results {
            for scored in results.all().filter(Scored::is_mean) {
                let scorer = results.name_of(&scored, self.task, self.gathering);
                for claim in scored.claims(&task, self.model, &scorer) {
                    self.gathering.claim(claim);
                }
            }
            self.compare_count(&task, results.total_samples);
        }
    }

    /// Says so where the log states another number of samples than it has.
    fn compare_count(&mut self, task: &str, stated: Option<u64>) {
        if let Some(stated) = stated.filter(|stated| *stated != self.read) {
            let model = self.gathering.model_name(self.model);
            self.gathering.difference(format!(
                "task `{task}`, model `{model}`: the log states {stated} samples, and {} are in it",
                self.read
            ));
        }
    }
}

/// What a model saw.
struct Question {
    messages: Vec<Message>,
    /// Whether there were pictures or files in it.
    has_more: bool,
    /// Whether more than one turn followed.
    has_turns: bool,
}

fn question(raw: &RawSample, attachments: &Attachments<'_>) -> Question {
    let is_own = |message: &RawMessage| {
        let is_given = message.source.as_deref() == Some("input");
        message.role == "tool" || message.role == "assistant" && !is_given
    };
    let end = raw.messages.iter().position(is_own);
    let turns = raw.messages.len() - end.unwrap_or(raw.messages.len());
    let before = &raw.messages[..end.unwrap_or(raw.messages.len())];
    let mut question = Question {
        messages: Vec::new(),
        has_more: false,
        has_turns: turns > 1,
    };
    question.add(before, attachments);
    if question.messages.is_empty() {
        question.add(&input(&raw.input), attachments);
    }
    question
}

impl Question {
    fn add(&mut self, messages: &[RawMessage], attachments: &Attachments<'_>) {
        for message in messages {
            let Said { text, has_more, .. } = said(&message.content, attachments);
            self.has_more |= has_more;
            self.messages.push(Message::new(role(&message.role), text));
        }
    }
}

fn role(word: &str) -> Role {
    match word {
        "system" | "developer" => Role::System,
        "assistant" => Role::Assistant,
        _ => Role::User,
    }
}

/// The input of a sample: a text, or a conversation.
fn input(input: &Value) -> Vec<RawMessage> {
    match input {
        Value::Array(_) => serde_json::from_value(input.clone()).unwrap_or_default(),
        other => vec![RawMessage {
            role: "user".to_owned(),
            content: Value::from(json::text(other).unwrap_or_default()),
            ..RawMessage::default()
        }],
    }
}

/// What was answered; `None` where nothing is known of it.
fn answer(raw: &RawSample, attachments: &Attachments<'_>) -> Option<ImportedAnswer> {
    if let Some(error) = raw.error.as_ref().filter(|error| !error.is_null()) {
        return Some(failed(&error_text(error)));
    }
    let output = raw.output.as_ref()?;
    if let Some(error) = &output.error {
        return Some(failed(error));
    }
    let choice = output.choices.first();
    if choice.is_none() && output.completion.is_none() {
        return None;
    }
    let message = choice.map(|choice| &choice.message);
    let content = message.map(|message| said(&message.content, attachments));
    let content = content.unwrap_or_default();
    let text = match message {
        Some(_) => content.text,
        None => attachments.resolved(output.completion.as_deref().unwrap_or_default()),
    };
    let calls = message.and_then(|message| message.tool_calls.as_ref());
    Some(ImportedAnswer {
        text: Some(text),
        reasoning: content
            .reasoning
            .or_else(|| message.and_then(|message| message.reasoning.clone())),
        finish: choice.and_then(|choice| finish(choice.stop_reason.as_deref())),
        model: output.model.clone(),
        usage: output.usage.map(RawUsage::usage).unwrap_or_default(),
        tool_calls: calls.into_iter().flatten().map(call).collect(),
        ..ImportedAnswer::default()
    })
}

fn call(raw: &RawCall) -> ImportedCall {
    ImportedCall {
        name: raw.function.clone(),
        arguments: json::text(&raw.arguments).unwrap_or_default(),
    }
}

fn failed(error: &str) -> ImportedAnswer {
    ImportedAnswer {
        error: Some(error.to_owned()),
        ..ImportedAnswer::default()
    }
}

fn error_text(error: &Value) -> String {
    let message = error.get("message").and_then(json::text);
    message.or_else(|| json::text(error)).unwrap_or_default()
}

/// Inspect's word in the words that all use. An answer that was filtered was judged there, and is here: its own word.
fn finish(word: Option<&str>) -> Option<String> {
    let word = match word? {
        "unknown" => return None,
        "model_length" => "length",
        "content_filter" => "filtered",
        other => other,
    };
    Some(word.to_owned())
}
