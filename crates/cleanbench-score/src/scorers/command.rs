//! `command`: a program of your own judges the answer.
//!
//! Parameters: `program` (required: a name that is looked for in `PATH`, or an absolute path), `args` (a
//! list of texts; no shell reads them), `timeout` (seconds, 1 to 3600; 60), `revision` (any text or number:
//! change it when the program changes, so that scores of before and after are not taken for the same).
//!
//! For each answer the program is started anew, in an empty folder of its own, with no environment but
//! `PATH`. It reads one JSON object from standard input: `{"version": 1, "sample": …, "completion": {"text",
//! "finish", "tool_calls"}}`, where `sample` is as in the run directory. It writes one JSON object to
//! standard output, at most [`MOST_OUTPUT`] bytes: `{"score": 0 to 1, "answer": text, "reason": text}`. Without
//! `answer` all of the answer counts as what was judged; `null` says that nothing could be read out, and the
//! score is then 0. A `score` of `null` says that the program could not judge, and why in `reason`, of
//! which 100 characters are recorded. Standard error is dropped.
//!
//! Whatever else happens is a recorded error and no score: a program that is not there, ends with another
//! code than 0, takes too long (it and what it started are then killed), writes too much or something else.
//!
//! Programs run only where the run was given `--allow-commands`. They are not confined in any other way: run
//! only what you trust, with the thought that it reads what a model wrote. Scores are recorded and never
//! computed again: reports and verification run nothing.

mod process;

pub use process::end_programs;

use std::time::Duration;

use cleanbench_core::event::short_word;
use cleanbench_core::{Completion, Sample, Score, Scorer};
use serde_json::{Map, Value, json};

use crate::commands::Commands;
use crate::params::Params;
use cleanbench_text::scan::is_blank;

/// Most bytes that a program may write.
const MOST_OUTPUT: usize = 1 << 20;

/// Runs a program.
#[derive(Debug)]
pub(crate) struct Command {
    program: String,
    args: Vec<String>,
    timeout: Duration,
    commands: Option<Commands>,
}

pub(crate) fn build(params: &mut Params<'_>) -> Option<Command> {
    let args = args(params);
    let timeout = Duration::from_secs(params.whole("timeout", 1..=3600, 60));
    if let Some(revision) = params.value("revision")
        && !revision.is_string()
        && !revision.is_number()
    {
        params.wrong("revision", "must be a text or a number", revision);
    }
    let program = params.required_text("program")?;
    if program.contains(['/', '\\']) && !std::path::Path::new(program).is_absolute() {
        let message = format!("`program` must be a name or an absolute path, not {program:?}");
        let hint = "the program runs in an empty folder, where a relative path leads nowhere";
        params.fault("program", message, Some(hint.to_owned()));
        return None;
    }
    Some(Command {
        program: program.to_owned(),
        args,
        timeout,
        commands: params.commands().cloned(),
    })
}

fn args(params: &mut Params<'_>) -> Vec<String> {
    let Some(given) = params.value("args") else {
        return Vec::new();
    };
    let texts = given.as_array().and_then(|list| {
        let texts = list.iter().map(|one| one.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>()
    });
    texts.unwrap_or_else(|| {
        params.wrong("args", "must be a list of texts", given);
        Vec::new()
    })
}

/// What the program reads. The reasoning is not judged.
fn question(sample: &Sample, completion: &Completion) -> Value {
    let calls: Vec<Value> = completion
        .tool_calls
        .iter()
        .map(|call| json!({"name": call.name, "arguments": call.arguments}))
        .collect();
    json!({
        "version": 1,
        "sample": sample,
        "completion": {
            "text": completion.text,
            "finish": completion.finish.as_str(),
            "tool_calls": calls,
        },
    })
}

/// Reads what the program wrote.
fn verdict(output: &[u8], completion: &Completion) -> Result<Score, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(output).map_err(|_| "wrote no JSON object".to_owned())?;
    if let Some(key) = object
        .keys()
        .find(|key| !["score", "answer", "reason"].contains(&key.as_str()))
    {
        return Err(format!("wrote the unknown key {:?}", short_word(key)));
    }
    let value = match object.get("score") {
        Some(Value::Null) => {
            let reason = object.get("reason").and_then(Value::as_str);
            let reason = short_word(reason.unwrap_or("without a reason"));
            return Err(format!("gives no score: {reason}"));
        }
        score => score
            .and_then(Value::as_f64)
            .filter(|value| (0.0..=1.0).contains(value))
            .ok_or("wrote no `score` from 0 to 1")?,
    };
    match object.get("answer") {
        None => Ok(Score::share(value, completion.text.trim())),
        Some(Value::String(answer)) => Ok(Score::share(value, answer.as_str())),
        Some(Value::Null) if value == 0.0 => {
            Ok(Score::not_extracted("the command found no answer"))
        }
        Some(Value::Null) => Err("gives a score for no answer".to_owned()),
        Some(_) => Err("wrote an `answer` that is no text".to_owned()),
    }
}

impl Scorer for Command {
    fn version(&self) -> u32 {
        1
    }

    fn repeatable(&self) -> bool {
        false
    }

    fn check_sample(&self, _: &Sample) -> Result<(), String> {
        Ok(())
    }

    fn score(&self, sample: &Sample, completion: &Completion) -> Score {
        if is_blank(&completion.text) && completion.tool_calls.is_empty() {
            return Score::not_extracted("empty completion");
        }
        let Some(commands) = &self.commands else {
            return Score::broken("running programs is not allowed here");
        };
        let mut command = std::process::Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .env("PATH", commands.path());
        let input = question(sample, completion).to_string().into_bytes();
        process::run(command, input, self.timeout, MOST_OUTPUT)
            .and_then(|output| verdict(&output, completion))
            .unwrap_or_else(|what| Score::broken(format!("`{}` {what}", self.program)))
    }
}

#[cfg(test)]
mod tests;
