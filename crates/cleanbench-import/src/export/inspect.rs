//! An Inspect log `.eval` for each task and each model that was asked it: a header, samples, and what sums them up, as version 2 has them.

use std::io::{Cursor, Write as _};

use cleanbench_core::{Message, Role, Usage};
use cleanbench_model::imported::{ImportedAnswer, ImportedCall};
use serde_json::{Map, Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Exported, ExportedFile, mean, sample_scores, scored, standard_error};
use crate::gather::plain;
use crate::log::{Answer, Sample, Task};

/// The logs of `exported`, one for each task and model.
///
/// # Errors
/// When one would be larger than an archive can be.
pub fn inspect(exported: &Exported) -> std::io::Result<Vec<ExportedFile>> {
    let mut files: Vec<ExportedFile> = Vec::new();
    for task in &exported.run.tasks {
        for (model, described) in exported.run.models.iter().enumerate() {
            let log = Log {
                exported,
                task,
                model,
                name: &described.name,
            };
            if log.is_empty() {
                continue;
            }
            let name = format!("{}_{}", task.name, plain(&described.name, "model"));
            files.push(ExportedFile {
                name: free_name(&name, &files),
                bytes: log.archive()?,
            });
        }
    }
    Ok(files)
}

/// `wanted` as the name of a log that is none of `files`, and that stands behind them in the order of names: two models
/// may be called alike as far as names of files go.
fn free_name(wanted: &str, files: &[ExportedFile]) -> String {
    let numbered = (2_u64..).map(|number| format!("{wanted}_{number}.eval"));
    let mut names = std::iter::once(format!("{wanted}.eval")).chain(numbered);
    let is_free = |name: &String| !files.iter().any(|file| file.name == *name);
    names.find(is_free).unwrap_or_default()
}

/// A log of one task and model.
struct Log<'a> {
    exported: &'a Exported,
    task: &'a Task,
    model: usize,
    name: &'a str,
}

impl Log<'_> {
    /// Whether the model was never asked anything of the task.
    fn is_empty(&self) -> bool {
        let mut samples = self.task.samples.iter();
        samples.all(|sample| self.answers(sample).next().is_none())
    }

    fn archive(&self) -> std::io::Result<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let mut put = |name: &str, value: &Value| -> std::io::Result<()> {
            let options = SimpleFileOptions::default();
            let options = options.compression_method(CompressionMethod::Deflated);
            zip.start_file(name, options)?;
            zip.write_all(value.to_string().as_bytes())
        };
        let header = self.header();
        put("_journal/start.json", &start(&header))?;
        for sample in &self.task.samples {
            for answer in self.answers(sample) {
                let name = format!("samples/{}_epoch_{}.json", sample.id, answer.epoch);
                put(&name, &self.sample(sample, answer))?;
            }
        }
        let summaries = self.summaries();
        put("_journal/summaries/1.json", &summaries)?;
        put("summaries.json", &summaries)?;
        put("reductions.json", &self.reductions())?;
        put("header.json", &header)?;
        Ok(zip.finish()?.into_inner())
    }

    fn answers<'s>(&self, sample: &'s Sample) -> impl Iterator<Item = &'s Answer> {
        let model = self.model;
        sample
            .answers
            .iter()
            .filter(move |answer| answer.model == model)
    }

    fn header(&self) -> Value {
        let Exported { created, run, .. } = self.exported;
        let scorers = self.task.recorded.iter();
        let scorers: Vec<_> = scorers
            .map(|name| json!({"name": name, "options": {}}))
            .collect();
        let ids = self.task.samples.iter().map(|sample| sample.id.as_str());
        json!({
            "version": 2,
            "status": self.status(),
            "eval": {
                "run_id": self.exported.id,
                "created": created,
                "task": self.task.name,
                "task_id": format!("{}-{}", self.exported.id, self.task.name),
                "task_version": 0,
                "task_attribs": {},
                "task_args": {},
                "dataset": {
                    "name": run.name,
                    "location": format!("sha256:{}", self.exported.suite),
                    "samples": self.task.samples.len(),
                    "sample_ids": ids.collect::<Vec<_>>(),
                    "shuffled": false,
                },
                "model": self.name,
                "model_args": {},
                "config": {"epochs": self.task.epochs(), "epochs_reducer": ["mean"]},
                "packages": {},
                "metadata": {"written_by": self.exported.tool},
                "scorers": scorers,
            },
            "plan": {"name": "plan", "steps": [], "config": {}},
            "results": self.results(),
            "stats": {"started_at": created, "completed_at": created, "model_usage": {}},
        })
    }

    /// All answers: those that the run lacks count.
    fn wanted(&self) -> usize {
        self.task.samples.len() * self.task.epochs() as usize
    }

    fn all_answers(&self) -> impl Iterator<Item = &Answer> {
        let samples = self.task.samples.iter();
        samples.flat_map(|sample| self.answers(sample))
    }

    /// Inspect's word for how it ended.
    fn status(&self) -> &'static str {
        if self.all_answers().count() < self.wanted() {
            "cancelled"
        } else if self
            .all_answers()
            .any(|answer| answer.record.error.is_some())
        {
            "error"
        } else {
            "success"
        }
    }

    fn results(&self) -> Value {
        let completed = self.all_answers();
        let completed = completed.filter(|answer| answer.record.error.is_none());
        let completed = completed.count();
        let scores = sample_scores(self.task, self.model);
        let mut metrics = Map::new();
        let measured = [
            ("accuracy", mean(&scores)),
            ("stderr", standard_error(&scores)),
        ];
        for (name, value) in measured {
            if let Some(value) = value {
                metrics.insert(
                    name.to_owned(),
                    json!({"name": name, "value": value, "params": {}}),
                );
            }
        }
        let scorer = self.task.recorded.first();
        let scored = scorer.map(|name| {
            json!({"name": name, "scorer": name, "scored_samples": scores.len(), "params": {}, "metrics": metrics})
        });
        json!({
            "total_samples": self.wanted(),
            "completed_samples": completed,
            "scores": scored.into_iter().collect::<Vec<_>>(),
        })
    }

    fn sample(&self, sample: &Sample, answer: &Answer) -> Value {
        let record = &answer.record;
        let mut messages: Vec<Value> = sample.messages.iter().map(message).collect();
        if record.error.is_none() {
            messages.push(said(record));
        }
        let mut document = json!({
            "id": sample.id,
            "epoch": answer.epoch,
            "input": input(sample),
            "target": target(sample),
            "messages": messages,
            "output": self.output(record),
            "scores": scores(record),
            "metadata": sample.metadata,
            "store": {},
            "events": [],
            "model_usage": {},
            "attachments": {},
        });
        if !sample.choices.is_empty() {
            document["choices"] = json!(sample.choices);
        }
        if let Some(error) = &record.error {
            document["error"] = json!({"message": error, "traceback": "", "traceback_ansi": ""});
        }
        document
    }

    fn output(&self, record: &ImportedAnswer) -> Value {
        let model = record.model.as_deref().unwrap_or(self.name);
        if record.error.is_some() {
            return json!({"model": model, "choices": []});
        }
        let mut output = json!({
            "model": model,
            "choices": [{"message": said(record), "stop_reason": stop_reason(record.finish.as_deref())}],
            "completion": record.text,
        });
        if let Some(usage) = usage(record.usage) {
            output["usage"] = usage;
        }
        output
    }

    fn summaries(&self) -> Value {
        let samples = self.task.samples.iter();
        let each = samples.flat_map(|sample| {
            self.answers(sample).map(|answer| {
                let error = answer.record.error.as_deref();
                let mut summary = json!({
                    "id": sample.id,
                    "epoch": answer.epoch,
                    "input": input(sample),
                    "target": target(sample),
                    "scores": scores(&answer.record),
                    "metadata": {},
                    "completed": error.is_none(),
                });
                if let Some(error) = error {
                    summary["error"] = Value::from(error);
                }
                summary
            })
        });
        each.collect()
    }

    fn reductions(&self) -> Value {
        let Some(scorer) = self.task.recorded.first() else {
            return json!([]);
        };
        let samples = self.task.samples.iter().filter_map(|sample| {
            let value = mean(&scored(self.task, sample, self.model))?;
            Some(json!({"value": value, "sample_id": sample.id}))
        });
        json!([{"scorer": scorer, "samples": samples.collect::<Vec<_>>()}])
    }
}

/// What a log says when it begins.
fn start(header: &Value) -> Value {
    json!({"version": 2, "eval": header["eval"], "plan": header["plan"]})
}

fn input(sample: &Sample) -> Value {
    match sample.messages.as_slice() {
        [only] if only.role == Role::User => Value::from(only.content.as_str()),
        several => several.iter().map(message).collect(),
    }
}

fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    json!({"role": role, "content": message.content, "source": "input"})
}

/// What the model said, its reasoning as a part of its own.
fn said(record: &ImportedAnswer) -> Value {
    let text = record.text.as_deref().unwrap_or_default();
    let content = match &record.reasoning {
        None => Value::from(text),
        Some(reasoning) => json!([
            {"type": "reasoning", "reasoning": reasoning},
            {"type": "text", "text": text},
        ]),
    };
    let mut said = json!({"role": "assistant", "content": content, "source": "generate"});
    if !record.tool_calls.is_empty() {
        let calls = (1..).zip(&record.tool_calls);
        said["tool_calls"] = calls.map(|(number, one)| call(number, one)).collect();
    }
    said
}

/// A tool that was asked for. Arguments are an object there; what is none is told as what could not be read.
fn call(number: usize, call: &ImportedCall) -> Value {
    let arguments = serde_json::from_str::<Map<String, Value>>(&call.arguments);
    let mut value = json!({
        "id": format!("call_{number}"),
        "type": "function",
        "function": call.name,
        "arguments": {},
    });
    match arguments {
        Ok(arguments) => value["arguments"] = Value::Object(arguments),
        Err(_) => value["parse_error"] = Value::from(call.arguments.as_str()),
    }
    value
}

/// A target is a text or a list of texts there.
fn target(sample: &Sample) -> Value {
    let word = |value: &Value| crate::json::text(value).unwrap_or_default();
    match &sample.target {
        None => Value::from(""),
        Some(Value::Array(several)) => several.iter().map(word).collect(),
        Some(one) => Value::from(word(one)),
    }
}

fn scores(record: &ImportedAnswer) -> Value {
    let each = record.scores.iter().map(|score| {
        let mut value = json!({"value": score.value});
        if let Some(answer) = &score.answer {
            value["answer"] = Value::from(answer.as_str());
        }
        (score.scorer.clone(), value)
    });
    Value::Object(each.collect())
}

/// The word that Inspect has for it.
fn stop_reason(finish: Option<&str>) -> &'static str {
    match finish {
        Some("stop") => "stop",
        Some("length") => "max_tokens",
        Some("tool_calls") => "tool_calls",
        Some("content_filter") => "content_filter",
        _ => "unknown",
    }
}

fn usage(usage: Usage) -> Option<Value> {
    let (input, output) = (usage.prompt?, usage.completion?);
    let mut counts = json!({
        "input_tokens": input,
        "output_tokens": output,
        "total_tokens": input.saturating_add(output),
    });
    if let Some(reasoning) = usage.reasoning {
        counts["reasoning_tokens"] = Value::from(reasoning);
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Imported, Model};

    fn exported(answers: Vec<ImportedAnswer>) -> Exported {
        let answers = answers.into_iter().map(|record| Answer {
            model: 0,
            epoch: 1,
            record,
        });
        let each = answers.map(|answer| vec![answer]);
        let samples = (1..).zip(each.chain([Vec::new()]));
        let samples = samples.map(|(id, answers): (u32, _)| Sample {
            id: id.to_string(),
            answers,
            ..Sample::default()
        });
        let task = Task {
            name: "t".to_owned(),
            samples: samples.collect(),
            ..Task::default()
        };
        let model = |name: &str| Model {
            name: name.to_owned(),
            form: cleanbench_core::Form::Chat,
        };
        Exported {
            absent: Vec::new(),
            run: Imported {
                tasks: vec![task],
                models: vec![model("a/b"), model("a:b")],
                ..Imported::default()
            },
            id: "r".to_owned(),
            created: String::new(),
            created_seconds: 0,
            tool: String::new(),
            suite: cleanbench_core::Digest::of_file_bytes(b""),
        }
    }

    fn log(exported: &Exported) -> Log<'_> {
        Log {
            exported,
            task: &exported.run.tasks[0],
            model: 0,
            name: "m",
        }
    }

    #[test]
    fn how_a_run_ended_is_told_and_no_two_models_share_a_log() {
        let right = ImportedAnswer {
            text: Some("x".to_owned()),
            ..ImportedAnswer::default()
        };
        let failed = ImportedAnswer {
            error: Some("it broke".to_owned()),
            ..ImportedAnswer::default()
        };
        let mut run = exported(vec![right, failed]);
        assert_eq!(log(&run).status(), "cancelled");
        run.run.tasks[0].samples.pop();
        assert_eq!(log(&run).status(), "error");
        let summaries = log(&run).summaries();
        assert_eq!(summaries[0]["completed"], true);
        assert_eq!(
            (&summaries[1]["completed"], &summaries[1]["error"]),
            (&json!(false), &json!("it broke"))
        );
        let names = |run: &Exported| -> Vec<String> {
            let files = inspect(run).unwrap().into_iter();
            files.map(|file| file.name).collect()
        };
        assert_eq!(names(&run), ["t_a-b.eval"], "the other one was never asked");
        run.run.tasks[0].samples[0].answers.push(Answer {
            model: 1,
            epoch: 1,
            record: ImportedAnswer::default(),
        });
        assert_eq!(names(&run), ["t_a-b.eval", "t_a-b_2.eval"]);
        run.run.tasks[0].samples.pop();
        assert_eq!(log(&run).status(), "success");
    }

    #[test]
    fn tools_that_were_asked_for_are_written() {
        let asked = |arguments: &str| ImportedCall {
            name: "search".to_owned(),
            arguments: arguments.to_owned(),
        };
        let record = ImportedAnswer {
            tool_calls: vec![asked("{\"q\": 1}"), asked("no object")],
            ..ImportedAnswer::default()
        };
        assert_eq!(
            said(&record)["tool_calls"],
            json!([
                {"id": "call_1", "type": "function", "function": "search", "arguments": {"q": 1}},
                {"id": "call_2", "type": "function", "function": "search", "arguments": {}, "parse_error": "no object"},
            ])
        );
    }
}
