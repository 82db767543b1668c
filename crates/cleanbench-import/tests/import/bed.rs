//! A folder with files in it, and what importing them comes to.

use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use cleanbench_import::{ImportError, Imported, read};
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A folder.
pub(crate) struct Bed(TempDir);

impl Bed {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The same with the file `name`, which holds `bytes`.
    pub(crate) fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What importing `name` comes to; the folder itself where it is empty.
    pub(crate) fn import(&self, name: &str) -> Result<Imported, ImportError> {
        read(&[self.path(name)])
    }
}

/// One file that holds `bytes`, imported.
pub(crate) fn of(name: &str, bytes: impl AsRef<[u8]>) -> Result<Imported, ImportError> {
    Bed::new().with(name, bytes).import(name)
}

/// Rows, one a line.
pub(crate) fn lines(rows: &[Value]) -> String {
    let lines: Vec<_> = rows.iter().map(|row| format!("{row}\n")).collect();
    lines.concat()
}

/// A zip of `entries`.
pub(crate) fn zipped(entries: &[(&str, String)], how: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in entries {
        let options = SimpleFileOptions::default().compression_method(how);
        zip.start_file(*name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// For each answer its task, sample, model, epoch, and score of the first scorer, or what went wrong.
pub(crate) fn told(imported: &Imported) -> Vec<String> {
    let mut told = Vec::new();
    for task in &imported.tasks {
        for sample in &task.samples {
            for answer in &sample.answers {
                let scores = answer.record.scores.iter();
                let first = task.recorded.first();
                let mut scores = scores.filter(|score| Some(&score.scorer) == first);
                let came = match (&answer.record.error, scores.next()) {
                    (Some(error), _) => error.clone(),
                    (None, Some(score)) => score.value.to_string(),
                    (None, None) => "unscored".to_owned(),
                };
                let model = &imported.models[answer.model].name;
                let (name, id) = (&task.name, &sample.id);
                told.push(format!("{name} {id} {model} {} {came}", answer.epoch));
            }
        }
    }
    told
}

/// A log of Inspect about three samples: one right, one that failed, one without an answer.
pub(crate) fn inspect_log() -> Value {
    let sample = |id: Value, score: &str| {
        json!({
            "id": id, "epoch": 1, "input": "2 + 2?", "target": "4",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "attachment://q", "source": "input"},
                {"role": "assistant", "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "4"}]},
            ],
            "output": {
                "model": "m-1",
                "choices": [{"message": {"role": "assistant", "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "4"}]}, "stop_reason": "stop"}],
                "usage": {"input_tokens": 3, "output_tokens": 1, "total_tokens": 9, "input_tokens_cache_read": 5},
            },
            "scores": {"match": {"value": score, "answer": "4"}, "grade": {"value": 7}},
            "attachments": {"q": "2 + 2?"},
        })
    };
    let mut failed = sample(json!("b"), "I");
    failed["error"] = json!({"message": "it broke", "traceback": ""});
    let mut open = sample(json!("c"), "I");
    open["output"] = json!(null);
    json!({
        "version": 2, "status": "success",
        "eval": {"task": "sums/easy", "model": "maker/m", "packages": {"inspect_ai": "0.3.1"}},
        "plan": {},
        "results": {"scores": [{"name": "match", "scorer": "match", "metrics": {"accuracy": {"value": 1.0}, "stderr": {"value": 0.1}}}]},
        "samples": [sample(json!(1), "C"), failed, open],
    })
}
