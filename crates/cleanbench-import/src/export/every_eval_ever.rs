//! A record of Every Eval Ever for each model, as its schemas of version 0.3.0 have them: the scores of each task and
//! scorer, and beside it a line for each answer.

use cleanbench_core::Digest;
use serde_json::{Value, json};

use super::{Exported, ExportedFile, mean, sample_scores, standard_error};
use crate::gather::plain;
use crate::json;
use crate::log::{Answer, Sample, Task};

/// The version of the schemas.
const SCHEMA: &str = "0.3.0";
/// What is not known.
const UNKNOWN: &str = "unknown";

/// The records of `exported`, for each model the record and its answers.
pub fn every_eval_ever(exported: &Exported) -> Vec<ExportedFile> {
    let models = 0..exported.run.models.len();
    models
        .flat_map(|model| {
            let record = Record { exported, model };
            record.files()
        })
        .collect()
}

/// What is told of one model.
struct Record<'a> {
    exported: &'a Exported,
    model: usize,
}

impl Record<'_> {
    fn name(&self) -> &str {
        &self.exported.run.models[self.model].name
    }

    /// Where the files lie in the store of that project, without their endings. The last part looks like a random
    /// UUID, as it must; it is drawn from the run and the model, so that the same run gives the same files.
    fn stem(&self) -> String {
        let parts = [self.exported.id.as_bytes(), self.name().as_bytes()];
        let mut digits = Digest::of("cleanbench/every-eval-ever/1", &parts).to_string();
        digits.replace_range(12..13, "4");
        digits.replace_range(16..17, "8");
        let uuid = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
        format!(
            "data/{}/{}/{}/{}",
            self.exported.run.name,
            plain(developer(self.name()), UNKNOWN),
            plain(self.name().rsplit('/').next().unwrap_or_default(), "model"),
            uuid.join("-")
        )
    }

    fn files(&self) -> [ExportedFile; 2] {
        let stem = self.stem();
        let samples = ExportedFile {
            name: format!("{stem}_samples.jsonl"),
            bytes: self.lines(),
        };
        let record = self.record(&samples).to_string();
        [
            ExportedFile {
                name: format!("{stem}.json"),
                bytes: format!("{record}\n").into_bytes(),
            },
            samples,
        ]
    }

    fn id(&self) -> String {
        let (suite, seconds) = (&self.exported.run.name, self.exported.created_seconds);
        format!("{suite}/{}/{seconds}", plain(self.name(), "model"))
    }

    fn record(&self, samples: &ExportedFile) -> Value {
        let seconds = self.exported.created_seconds.to_string();
        let rows = samples.bytes.split(|byte| *byte == b'\n').count() - 1;
        let tasks = self.exported.run.tasks.iter();
        json!({
            "schema_version": SCHEMA,
            "evaluation_id": self.id(),
            "evaluation_timestamp": seconds,
            "retrieved_timestamp": seconds,
            "source_metadata": {
                "source_name": "cleanbench",
                "source_type": "evaluation_run",
                "source_organization_name": UNKNOWN,
                "evaluator_relationship": "other",
            },
            "eval_library": library(&self.exported.tool, self.exported),
            "model_info": {
                "name": self.name(),
                "id": self.name(),
                "developer": developer(self.name()),
                "additional_details": {"deployment_type": UNKNOWN, "model_availability": UNKNOWN},
            },
            "evaluation_results": tasks.filter_map(|task| self.result(task)).collect::<Vec<_>>(),
            "detailed_evaluation_results": {
                "format": "jsonl",
                "file_path": samples.name,
                "hash_algorithm": "sha256",
                "checksum": Digest::of_file_bytes(&samples.bytes).to_string(),
                "total_rows": rows,
            },
        })
    }

    /// What the model came to at `task`; `None` where it has no score.
    fn result(&self, task: &Task) -> Option<Value> {
        let scores = sample_scores(task, self.model);
        let mut details = json!({"score": mean(&scores)?});
        details["uncertainty"] = json!({"num_samples": scores.len()});
        if let Some(error) = standard_error(&scores) {
            details["uncertainty"]["standard_error"] = json!({"value": error});
        }
        let scorer = task.recorded.first()?;
        Some(json!({
            "evaluation_result_id": result_id(task),
            "evaluation_name": task.name,
            "source_data": {"dataset_name": self.exported.run.name, "source_type": "other"},
            "metric_config": {
                "evaluation_description": format!("mean of `{scorer}` over samples, each the mean of its epochs"),
                "metric_id": scorer,
                "metric_name": scorer,
                "lower_is_better": false,
                "score_type": "continuous",
                "min_score": 0.0,
                "max_score": 1.0,
            },
            "score_details": details,
        }))
    }

    fn lines(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for task in &self.exported.run.tasks {
            for sample in &task.samples {
                let answers = sample.answers.iter();
                for answer in answers.filter(|answer| answer.model == self.model) {
                    if let Some(line) = self.line(task, sample, answer) {
                        bytes.extend_from_slice(line.to_string().as_bytes());
                        bytes.push(b'\n');
                    }
                }
            }
        }
        bytes
    }

    /// An answer; `None` where it has no score, which a line must have.
    fn line(&self, task: &Task, sample: &Sample, answer: &Answer) -> Option<Value> {
        let record = &answer.record;
        let first = task.recorded.first()?;
        let score = record.scores.iter().find(|score| score.scorer == *first)?;
        let text = record.text.as_deref().unwrap_or_default();
        let asked = sample
            .messages
            .iter()
            .map(|message| message.content.as_str());
        let asked = asked.collect::<Vec<_>>().join("\n\n");
        let mut line = json!({
            "schema_version": SCHEMA,
            "evaluation_id": self.id(),
            "model_id": self.name(),
            "evaluation_name": task.name,
            "evaluation_result_id": result_id(task),
            "sample_id": sample.id,
            "interaction_type": "single_turn",
            "input": {"raw": asked, "reference": references(sample)},
            "output": {"raw": [text]},
            "answer_attribution": [{
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": score.answer.as_deref().unwrap_or(text),
                "extraction_method": score.scorer,
                "is_terminal": true,
            }],
            "evaluation": {"score": score.value, "is_correct": score.value >= 1.0},
            "metadata": {"epoch": answer.epoch.to_string()},
        });
        if !sample.choices.is_empty() {
            line["input"]["choices"] = json!(sample.choices);
        }
        if let Some(reasoning) = &record.reasoning {
            line["output"]["reasoning_trace"] = json!([reasoning]);
        }
        if let (Some(input), Some(output)) = (record.usage.prompt, record.usage.completion) {
            let total = input.saturating_add(output);
            line["token_usage"] =
                json!({"input_tokens": input, "output_tokens": output, "total_tokens": total});
        }
        Some(line)
    }
}

fn result_id(task: &Task) -> String {
    format!(
        "{}.{}",
        task.name,
        task.recorded.first().map_or("", String::as_str)
    )
}

/// What asked: the harness of the log that was imported, else this program.
fn library(tool: &str, exported: &Exported) -> Value {
    let asked = if exported.run.tool.is_empty() {
        tool
    } else {
        &exported.run.tool
    };
    let (name, version) = asked.split_once(' ').unwrap_or((asked, UNKNOWN));
    json!({"name": name, "version": version})
}

/// The part of a model's name that is before its last, which is usually who made it.
fn developer(name: &str) -> &str {
    let before = name.rsplit_once('/').map(|(before, _)| before);
    before
        .and_then(|before| before.rsplit('/').next())
        .unwrap_or(UNKNOWN)
}

fn references(sample: &Sample) -> Vec<String> {
    match &sample.target {
        None => Vec::new(),
        Some(Value::Array(several)) => several.iter().filter_map(json::text).collect(),
        Some(one) => json::text(one).into_iter().collect(),
    }
}
