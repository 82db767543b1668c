//! `cleanbench show`: a run at a glance, or some of its samples in full.
//!
//! Invariant: every line of what somebody else wrote begins with a mark that no line of the program's own begins with, so
//! that an answer of several lines cannot pass for an outcome or a score.

use cleanbench_core::{Completion, Exit, Judgement};
use cleanbench_ledger::Tail;
use cleanbench_ledger::samples::SampleContent;
use cleanbench_report::cell::safe;
use cleanbench_report::detail::{CallDetail, SampleDetail, ScoreDetail, find};
use cleanbench_report::pass::draw;
use cleanbench_report::rows::how;
use cleanbench_report::{Nowhere, Recording};
use serde_json::{Value, json};

use super::derived::{Located, locate, print_again};
use crate::arguments::ShowArguments;
use crate::failure::Failure;
use crate::format::Format;
use crate::printer::{self, Printer};
use crate::session::print_result;

/// Shows a run or samples.
pub(super) fn show(arguments: &ShowArguments, printer: Printer) -> Result<Exit, Failure> {
    let run = match locate(&arguments.out, &arguments.run)? {
        Located::Run(run) => run,
        Located::Derived(folder) if arguments.samples.is_empty() => {
            return print_again(&folder, arguments.out.format);
        }
        Located::Derived(folder) => {
            let what = format!("`{}` holds no samples", folder.display());
            return Err(Failure::new(Exit::Usage, what).hint("name one of its runs"));
        }
    };
    if arguments.samples.is_empty() {
        return show_run(&Recording::open(run)?, arguments.out.format, printer);
    }
    let recording = Recording::of_plan(run)?;
    let found = arguments.samples.iter().map(|word| named(&recording, word));
    let found: Vec<_> = found.collect::<Result<_, _>>()?;
    let found: Vec<SampleDetail> = found.into_iter().flatten().collect();
    show_samples(&found, arguments.out.format);
    Ok(Exit::Done)
}

fn show_run(recording: &Recording, format: Format, printer: Printer) -> Result<Exit, Failure> {
    let report = draw(recording, &mut Nowhere, Tail::MayBeTorn, |_| {})?;
    let plan = &recording.manifest.plan;
    printer.say(format!(
        "run {} of suite `{}` version {}, planned {}",
        recording.manifest.run, plan.suite.name, plan.suite.version, plan.created
    ));
    if let Some(imported) = &plan.imported {
        printer.say(imported.told());
    }
    if let Some(shard) = recording.manifest.shard {
        printer.say(format!(
            "shard {shard}: calls of the others are not counted"
        ));
    }
    if let Some(merged) = &recording.manifest.merged {
        printer.say(format!(
            "merged from {} of {} shards",
            merged.shards.len(),
            merged.count
        ));
    }
    print_result(recording, &report, format, None);
    Ok(Exit::Done)
}

/// The samples that `word` names: one of each task that has such a one.
fn named(recording: &Recording, word: &str) -> Result<Vec<SampleDetail>, Failure> {
    let found = find(recording, word)?;
    if found.is_empty() {
        return Err(Failure::new(
            Exit::NothingSelected,
            format!("the run has no sample `{word}`"),
        )
        .hint("ids stand in the column `sample` of results.csv; `TASK:ID` names one of several"));
    }
    Ok(found)
}

fn show_samples(found: &[SampleDetail], format: Format) {
    match format {
        Format::Json => printer::json(&found.iter().map(sample_json).collect::<Value>()),
        Format::Text => found.iter().for_each(print_sample),
    }
}

fn print_sample(sample: &SampleDetail) {
    printer::result(format!(
        "sample {}:{}",
        safe(&sample.task),
        safe(&sample.id)
    ));
    match &sample.content {
        None => printer::result("[erased: the bytes of the sample are zeros]"),
        Some(content) => {
            for line in message_lines(content) {
                printer::result(line);
            }
            if let Some(call) = &content.probe {
                printer::result(format!(
                    "--- what a model that has seen the item would write\n{}",
                    marked(&call.expected)
                ));
            }
            if let Some(target) = &content.sample.target {
                printer::result(format!("--- target\n{}", marked(&target.to_string())));
            }
        }
    }
    for call in &sample.calls {
        let texts = sample.content.as_ref();
        print_call(call, texts.map_or(&[], |content| &content.continuations));
    }
}

/// The messages of a sample, with a line for each picture that they carry.
fn message_lines(content: &SampleContent) -> Vec<String> {
    let mut pictures = content.sample.images.iter();
    let mut shown = Vec::new();
    for message in &content.messages {
        shown.push(format!(
            "--- {:?}\n{}",
            message.role,
            marked(&message.content)
        ));
        for image in &message.images {
            let picture = pictures.next();
            shown.push(format!(
                "[image {}, {}, {} bytes]",
                picture.map_or("without a name".to_owned(), |picture| safe(&picture.file)),
                safe(&image.media_type),
                picture.map_or(0, |picture| picture.bytes),
            ));
        }
    }
    shown
}

/// What a model answered; `texts` are what was weighed, if anything was.
fn completion_lines(completion: &Completion, texts: &[String]) -> Vec<String> {
    let mut shown = Vec::new();
    if let Some(reasoning) = &completion.reasoning {
        shown.push(format!("--- reasoning\n{}", marked(reasoning)));
    }
    if completion.likelihoods.is_empty() {
        shown.push(format!("--- answer\n{}", marked(&completion.text)));
    } else {
        shown.push("--- log probability of each text, in nats".to_owned());
    }
    let weighed = completion.likelihoods.iter().zip(texts);
    shown.extend(weighed.map(|(one, text)| format!("{:.4} {}", one.total(), safe(text))));
    shown.extend(completion.tool_calls.iter().map(|call| {
        format!(
            "--- tool call {}\n{}",
            safe(&call.name),
            marked(&call.arguments)
        )
    }));
    shown
}

/// Prints a call; `texts` are what was weighed, if anything was.
fn print_call(call: &CallDetail, texts: &[String]) {
    let outcome = how(call.outcome, call.elsewhere).replace('_', " ");
    printer::result(format!(
        "=== {} epoch {}: {outcome}",
        safe(&call.model),
        call.epoch
    ));
    if let Some(error) = &call.error {
        printer::result(format!("error: {}", safe(error)));
    }
    if let Some(completion) = &call.completion {
        for line in completion_lines(completion, texts) {
            printer::result(line);
        }
    }
    if call.erased {
        printer::result("[erased: the bytes of the request or of the reply are zeros]");
    }
    if let Some(raw) = &call.raw {
        printer::result(format!("--- reply as received\n{}", marked(raw)));
    }
    if let Some(reason) = &call.unjudged {
        printer::result(format!("no score: {}", safe(reason)));
    }
    for line in call.scores.iter().flat_map(score_lines) {
        printer::result(line);
    }
}

/// How one scorer judged: its score, what it is made of, and what another version of the scorer makes of the answer.
fn score_lines(score: &ScoreDetail) -> Vec<String> {
    let (scorer, judgement) = (&score.scorer, &score.judgement);
    let mut lines = vec![format!("score {scorer}: {}", judged_as(judgement))];
    let parts = judgement.parts.iter();
    lines.extend(parts.map(|(name, value)| format!("  {}: {value}", safe(name))));
    if let Some(now) = &score.now {
        lines.push(format!(
            "  judged by another version of the scorer; this one gives {}",
            judged_as(now)
        ));
    }
    lines
}

/// The score, and what it was given for or why nothing was read.
fn judged_as(judgement: &Judgement) -> String {
    let score = &judgement.score;
    let read = judgement
        .answer
        .as_ref()
        .map(|answer| format!("read as {:?}", safe(answer)));
    let rule = score
        .rule
        .as_ref()
        .map(|rule| format!("read by: {}", safe(rule)));
    let what = match &score.extraction_failure {
        Some(reason) => format!("no answer found: {}", safe(reason)),
        None => read.into_iter().chain(rule).collect::<Vec<_>>().join("; "),
    };
    let what = Some(what).filter(|what| !what.is_empty());
    let what = what.map(|what| format!(" ({what})")).unwrap_or_default();
    format!("{}{what}", score.value)
}

/// Hostile characters made visible, line feeds kept, nothing cut, and each line marked.
fn marked(text: &str) -> String {
    let text = cleanbench_report::foreign::lines(text);
    let lines = text.split('\n').map(|line| format!("| {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn sample_json(sample: &SampleDetail) -> Value {
    json!({
        "task": sample.task,
        "sample": sample.id,
        "messages": sample.content.as_ref().map(messages_json),
        "target": sample.content.as_ref().and_then(|content| content.sample.target.clone()),
        "calls": sample.calls.iter().map(|call| json!({
            "model": call.model,
            "epoch": call.epoch,
            "outcome": how(call.outcome, call.elsewhere),
            "error": call.error,
            "likelihoods": call.completion.as_ref().map(|completion| completion.likelihoods.iter().map(|one| json!({"logprobs": one.logprobs, "bytes": one.bytes})).collect::<Vec<_>>()),
            "reasoning": call.completion.as_ref().and_then(|completion| completion.reasoning.clone()),
            "answer": call.completion.as_ref().map(|completion| completion.text.clone()),
            "tool_calls": call.completion.as_ref().map(|completion| completion.tool_calls.iter().map(|one| json!({"name": one.name, "arguments": one.arguments})).collect::<Vec<_>>()),
            "reply": call.raw,
            "erased": call.erased,
            "unjudged": call.unjudged,
            "scores": call.scores.iter().map(score_json).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn score_json(score: &ScoreDetail) -> Value {
    let mut shown = judgement_json(&score.judgement);
    shown["scorer"] = Value::from(score.scorer.as_str());
    if let Some(now) = &score.now {
        shown["now"] = judgement_json(now);
    }
    shown
}

fn judgement_json(judgement: &Judgement) -> Value {
    let parts = judgement.parts.iter();
    let parts = parts.map(|(name, value)| json!({"name": name, "value": value}));
    json!({
        "value": judgement.score.value,
        "answer": judgement.answer,
        "extraction_failure": judgement.score.extraction_failure,
        "rule": judgement.score.rule,
        "parts": parts.collect::<Vec<_>>(),
    })
}

/// The messages of a sample; its pictures by name and digest, without their bytes.
fn messages_json(content: &SampleContent) -> Value {
    let mut pictures = content.sample.images.iter();
    let messages = content.messages.iter().map(|message| {
        let images = message.images.iter().map(|image| {
            let picture = pictures.next();
            json!({
                "file": picture.map(|picture| &picture.file),
                "media_type": image.media_type,
                "bytes": picture.map(|picture| picture.bytes),
                "sha256": picture.map(|picture| picture.digest),
            })
        });
        let images: Vec<_> = images.collect();
        let mut shown = json!({"role": message.role, "content": message.content});
        if !images.is_empty() {
            shown["images"] = Value::from(images);
        }
        shown
    });
    messages.collect()
}

#[cfg(test)]
mod tests {
    use cleanbench_core::ToolCall;

    use super::*;

    #[test]
    fn tools_and_reasoning_are_shown_and_harmless() {
        let completion = Completion {
            reasoning: Some("hm\n\u{1b}[2J".to_owned()),
            tool_calls: vec![ToolCall {
                name: "look\u{202e}up".to_owned(),
                arguments: "{\"id\":\u{7}1}".to_owned(),
            }],
            ..Completion::default()
        };
        assert_eq!(
            completion_lines(&completion, &[]),
            [
                "--- reasoning\n| hm\n| \\u{1b}[2J",
                "--- answer\n| ",
                "--- tool call look\\u{202e}up\n| {\"id\":\\u{7}1}",
            ]
        );
    }
}
