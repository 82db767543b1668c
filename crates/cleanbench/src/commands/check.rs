//! `cleanbench check`: everything that can be known of a run without making it.

use std::collections::BTreeMap;

use cleanbench_core::{
    Constraints, Exit, Reasoning, ResponseFormat, Role, Sensitivity, ToolChoice, Usd,
};
use cleanbench_model::Endpoint;
use cleanbench_report::cell;
use cleanbench_suite::Suite;

use super::gating;
use super::probing::{self, Planned};
use super::selection::{Selected, check_samplings, load_suite, select};
use crate::arguments::CheckArguments;
use crate::endpoints::resolve_all;
use crate::failure::Failure;
use crate::plain_table::plain_table;
use crate::talk;

/// Bytes that one token stands for in an estimate. English text has about four; other languages fewer.
const BYTES_PER_TOKEN: u64 = 4;

/// What a pass over the samples of one task gives.
#[derive(Debug, Default)]
struct Census {
    labels: BTreeMap<Sensitivity, u64>,
    prompt_bytes: u64,
    images: u64,
    image_bytes: u64,
    first: Option<String>,
}

/// Validates a suite and prints what a run would do.
pub(super) fn check(arguments: &CheckArguments) -> Result<Exit, Failure> {
    let suite = load_suite(arguments.suite.as_ref())?;
    let selected = select(&suite, &arguments.select)?;
    let endpoints = resolve_all(&arguments.models, None, &suite)?;
    endpoints
        .iter()
        .try_for_each(|endpoint| check_samplings(endpoint, &selected))?;
    talk::result(format!(
        "suite {} version {}, digest {}",
        cell::safe(&suite.name),
        cell::safe(&suite.version),
        suite.digest
    ));
    let censuses = selected.iter().map(census).collect::<Result<Vec<_>, _>>()?;
    talk::result(task_table(&selected, &censuses));
    for (chosen, census) in selected.iter().zip(&censuses) {
        if let Some(more) = besides_text(chosen, census, chosen.task.sampling.reasoning) {
            let name = cell::safe(&chosen.task.name);
            talk::result(format!("task {name} asks with {more}"));
        }
    }
    for chosen in &selected {
        for program in chosen
            .task
            .scorers
            .iter()
            .flat_map(cleanbench_score::programs)
        {
            talk::result(format!(
                "task {} has its answers judged by a program on this machine, if `run` gets `--allow-commands`: {}",
                cell::safe(&chosen.task.name),
                cell::safe(&program)
            ));
        }
    }
    for (chosen, census) in selected.iter().zip(&censuses) {
        if let Some(first) = &census.first {
            talk::result(format!(
                "\nfirst prompt of task {}:\n{}",
                cell::safe(&chosen.task.name),
                indent(first)
            ));
        }
    }
    data_files(&suite);
    let probes = probing::plan(&suite, &selected, 0)?;
    print_probes(&suite, &probes);
    let gates = gating::gates(&suite, &selected)?;
    gating::print_outlook(&gates, &selected, endpoints.len());
    if endpoints.is_empty() {
        talk::result("\nno model named: pass `-m` to see what would be sent where");
        return Ok(Exit::Done);
    }
    let mut exit = Exit::Done;
    for endpoint in &endpoints {
        exit = print_endpoint(endpoint, &selected, &censuses, exit);
        if !probes.is_empty() {
            talk::result(format!(
                "  and {} calls of probes",
                probes.iter().map(|probe| probe.calls.len()).sum::<usize>()
            ));
        }
    }
    Ok(exit)
}

fn census(selected: &Selected<'_>) -> Result<Census, Failure> {
    let mut census = Census::default();
    let limit = usize::try_from(selected.samples).unwrap_or(usize::MAX);
    for rendered in selected.task.samples().take(limit) {
        let rendered = rendered.map_err(|error| Failure::new(Exit::SuiteInvalid, error))?;
        *census
            .labels
            .entry(rendered.sample.sensitivity)
            .or_default() += 1;
        census.prompt_bytes += rendered
            .messages
            .iter()
            .map(|message| message.content.len() as u64)
            .sum::<u64>();
        let images = &rendered.sample.images;
        census.images += images.len() as u64;
        census.image_bytes += images.iter().map(|image| image.bytes).sum::<u64>();
        census.first.get_or_insert_with(|| {
            let speaker = |role| match role {
                Role::System => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            let lines = rendered.messages.iter().map(|message| {
                let images = match message.images.len() {
                    0 => String::new(),
                    count => format!(" [{count} images]"),
                };
                format!("[{}] {}{images}", speaker(message.role), message.content)
            });
            lines.collect::<Vec<_>>().join("\n")
        });
    }
    Ok(census)
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {}", cell::safe(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn labels(census: &Census) -> String {
    let parts = census
        .labels
        .iter()
        .map(|(label, count)| format!("{count} {label}"));
    parts.collect::<Vec<_>>().join(", ")
}

fn task_table(selected: &[Selected<'_>], censuses: &[Census]) -> String {
    let rows = selected.iter().zip(censuses).map(|(chosen, census)| {
        let scorers: Vec<_> = chosen
            .task
            .scorers
            .iter()
            .map(|scorer| scorer.kind.as_str())
            .collect();
        [
            cell::safe(&chosen.task.name),
            chosen.samples.to_string(),
            chosen.epochs.to_string(),
            labels(census),
            scorers.join(", "),
            chosen.task.tags.join(", "),
        ]
    });
    plain_table(
        ["task", "samples", "epochs", "labels", "scorers", "tags"],
        rows,
    )
}

fn data_files(suite: &Suite) {
    talk::result("\ndata:");
    for fewshot in suite.tasks.iter().filter_map(|task| task.fewshot.as_ref()) {
        let drawn = match fewshot.seed {
            Some(_) => "drawn for each sample",
            None => "in the order of the file",
        };
        talk::result(format!(
            "  {} ({} examples, {} before each question, {drawn}, {}, SHA-256 {})",
            fewshot.file.path.display(),
            fewshot.file.samples,
            fewshot.count,
            fewshot.sensitivity,
            fewshot.file.digest
        ));
    }
    for file in suite.tasks.iter().flat_map(|task| &task.files) {
        talk::result(format!(
            "  {} ({} samples, SHA-256 {})",
            file.path.display(),
            file.samples,
            file.digest
        ));
    }
}

/// What the probes would ask, of every task that has controls.
fn print_probes(suite: &Suite, probes: &[Planned]) {
    if suite.probes.is_none() {
        return;
    }
    if probes.is_empty() {
        talk::result(
            "\nprobes: none, because no selected task has controls (`rewording_of`, `isomorph_of` or `control`)",
        );
        return;
    }
    let rows = probes.iter().filter_map(|planned| {
        let probe = planned.task.probe.as_ref()?;
        Some([
            probe.suspects.clone(),
            probe.id.clone(),
            probe.form.as_str().to_owned(),
            probe.control.as_str().to_owned(),
            planned.calls.len().to_string(),
        ])
    });
    talk::result(format!(
        "\nprobes:\n{}",
        plain_table(["task", "probe", "form", "controls", "calls"], rows)
    ));
}

fn print_endpoint(
    endpoint: &Endpoint,
    selected: &[Selected<'_>],
    censuses: &[Census],
    exit: Exit,
) -> Exit {
    let calls: u64 = selected
        .iter()
        .map(|chosen| chosen.samples * u64::from(chosen.epochs))
        .sum();
    let place = if endpoint.loopback {
        "this machine"
    } else {
        "remote"
    };
    talk::result(format!(
        "\nmodel {}: {} ({place}), {calls} calls planned",
        cell::safe(&endpoint.name),
        endpoint.url
    ));
    let mut exit = exit;
    for (chosen, census) in selected.iter().zip(censuses) {
        let refused: Vec<_> = census
            .labels
            .keys()
            .filter(|label| !endpoint.may_see(**label))
            .copied()
            .collect();
        let verdict = if refused.is_empty() {
            "would be sent".to_owned()
        } else {
            exit = Exit::ConfigInvalid;
            let labels: Vec<_> = refused.iter().map(|label| label.as_str()).collect();
            format!(
                "REFUSED: this host may not see {} samples",
                labels.join(" or ")
            )
        };
        talk::result(format!(
            "  task {}: {} to {}: {verdict}",
            cell::safe(&chosen.task.name),
            labels(census),
            endpoint.host()
        ));
        let reasoning = chosen.sampling(endpoint).reasoning;
        if let Some(more) = besides_text(chosen, census, reasoning) {
            talk::result(format!("    with {more}"));
        }
    }
    talk::result(format!("  {}", estimate(endpoint, selected, censuses)));
    exit
}

/// What goes along with the text of a task's prompts; `None` where nothing does.
fn besides_text(
    chosen: &Selected<'_>,
    census: &Census,
    reasoning: Option<Reasoning>,
) -> Option<String> {
    let Constraints {
        tools,
        tool_choice,
        response_format,
        logprobs,
    } = &chosen.task.constraints;
    let mut parts = Vec::new();
    if census.images > 0 {
        let bytes = census.image_bytes;
        parts.push(format!("{} images ({bytes} bytes)", census.images));
    }
    if !tools.is_empty() {
        let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
        parts.push(format!("tools {}", names.join(", ")));
    }
    parts.extend(tool_choice.as_ref().map(|choice| match choice {
        ToolChoice::Auto => "tool choice auto".to_owned(),
        ToolChoice::None => "tool choice none".to_owned(),
        ToolChoice::Required => "tool choice required".to_owned(),
        ToolChoice::Tool(name) => format!("tool choice {name}"),
    }));
    parts.extend(response_format.as_ref().map(|format| match format {
        ResponseFormat::JsonObject => "answers as a JSON object".to_owned(),
        ResponseFormat::JsonSchema { name, strict, .. } => {
            let how = if *strict { ", strict" } else { "" };
            format!("answers by the JSON schema {name}{how}")
        }
    }));
    parts.extend(logprobs.map(|count| format!("log probabilities and {count} alternatives")));
    parts.extend(reasoning.map(|level| format!("reasoning {}", level.as_str())));
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn estimate(endpoint: &Endpoint, selected: &[Selected<'_>], censuses: &[Census]) -> String {
    let mut prompt = 0;
    let mut most = Some(0);
    for (chosen, census) in selected.iter().zip(censuses) {
        prompt += census.prompt_bytes.div_ceil(BYTES_PER_TOKEN) * u64::from(chosen.epochs);
        let limit = chosen
            .sampling(endpoint)
            .max_tokens
            .map(|limit| u64::from(limit) * chosen.samples * u64::from(chosen.epochs));
        most = most.zip(limit).map(|(sum, limit)| sum + limit);
    }
    let generated = most.map_or(
        "no limit on generated tokens (`max_tokens` is not set)".to_owned(),
        |most| format!("at most {most} generated"),
    );
    let more = selected
        .iter()
        .zip(censuses)
        .any(|(chosen, census)| census.images > 0 || !chosen.task.constraints.is_plain());
    let uncounted = if more {
        ", images, tools and schemas not counted"
    } else {
        ""
    };
    let tokens = format!(
        "estimate: about {prompt} prompt tokens (1 token = {BYTES_PER_TOKEN} bytes{uncounted}), {generated}"
    );
    match (&endpoint.price, most) {
        (None, _) => format!("{tokens}; cost unknown (no price in the models file)"),
        (Some(price), None) => format!(
            "{tokens}; cost at least ${}",
            rounded(price.estimate(prompt, 0))
        ),
        (Some(price), Some(most)) => format!(
            "{tokens}; cost between ${} and ${}",
            rounded(price.estimate(prompt, 0)),
            rounded(price.estimate(prompt, most))
        ),
    }
}

/// An estimate needs no more than a hundredth of a cent.
fn rounded(amount: Usd) -> Usd {
    const STEP: i128 = 100_000_000;
    Usd::from_pico((amount.pico() + STEP - 1).div_euclid(STEP) * STEP)
}
