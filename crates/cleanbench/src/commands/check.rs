//! `cleanbench check`: everything that can be known of a run without making it.

use cleanbench_core::gate::condition;
use cleanbench_core::{Constraints, Exit, Reasoning, ResponseFormat, Sensitivity, ToolChoice};
use cleanbench_ledger::manifest::Role;
use cleanbench_model::{Endpoint, FilePlace};
use cleanbench_plan::check::{
    BYTES_PER_TOKEN, Check, CheckedGate, CheckedTask, Estimate, ProbeTokens, check as looked_at,
};
use cleanbench_plan::endpoints::{left_out_of, unusable_of};
use cleanbench_plan::nights::{ASSUMED_NIGHTS, ASSUMED_SCORE};
use cleanbench_plan::options::Surroundings;
use cleanbench_plan::probes::PlannedProbe;
use cleanbench_plan::reach::of_tasks;
use cleanbench_report::gates::ENOUGH;
use cleanbench_report::{cell, is_check};
use cleanbench_score::programs;
use cleanbench_suite::Suite;

use crate::arguments::CheckArguments;
use crate::environment::{WhenNeeded, here, trust};
use crate::failure::Failure;
use crate::kept::KeptFindings;
use crate::plain_table::plain_table;
use crate::printer::{self, Printer};
use crate::reach_table;
use crate::session::TOOL;
use crate::starting::{load, say};

/// Validates a suite and prints what a run would do.
pub(super) fn check(arguments: &CheckArguments, printer: Printer) -> Result<Exit, Failure> {
    let suite = load(arguments.suite.as_deref(), &arguments.grants)?.suite;
    let around = Surroundings {
        folder: here(),
        variables: &WhenNeeded,
        trust: trust(),
        supported: &KeptFindings,
        today: "",
        tool: TOOL,
    };
    let mut notes = Vec::new();
    let check = looked_at(&arguments.options(), &suite, around, &mut notes);
    say(&notes, printer);
    let check = check?;
    for entry in unusable_of(&arguments.options().models, &suite, around) {
        printer::warn(entry);
    }
    print_suite(&suite, &check);
    print_probes(&suite, &check);
    print_gates(&check);
    print_nights(&check);
    if check.endpoints.is_empty() {
        printer::result("\nno model named: pass `-m` to see what would be sent where");
        return Ok(Exit::Done);
    }
    let mut exit = Exit::Done;
    let asked = check.endpoints.iter().zip(&check.roles);
    for ((endpoint, role), place) in asked.zip(&check.places) {
        if print_endpoint(endpoint, *role, place.as_ref(), &check) {
            exit = Exit::ConfigInvalid;
        }
    }
    Ok(exit)
}

fn print_suite(suite: &Suite, check: &Check<'_>) {
    printer::result(format!(
        "suite {} version {}, digest {}",
        cell::safe(&suite.name),
        cell::safe(&suite.version),
        suite.digest
    ));
    printer::result(task_table(&check.tasks));
    for task in &check.tasks {
        if let Some(more) = besides_text(task, task.selected.task.sampling.reasoning) {
            printer::result(format!("task {} asks with {more}", name(task)));
        }
    }
    check.tasks.iter().for_each(print_programs);
    for task in &check.tasks {
        if let Some(first) = &task.first {
            let (name, first) = (name(task), indent(first));
            printer::result(format!("\nfirst prompt of task {name}:\n{first}"));
        }
    }
    data_files(suite);
}

/// The name of a task for a terminal.
fn name(task: &CheckedTask<'_>) -> String {
    cell::safe(&task.selected.task.name)
}

fn print_programs(task: &CheckedTask<'_>) {
    for program in task.selected.task.scorers.iter().flat_map(programs) {
        printer::result(format!(
            "task {} has its answers judged by a program on this machine, if `run` gets `--allow-commands`: {}",
            name(task),
            cell::safe(&program)
        ));
    }
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {}", cell::safe(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn labels(task: &CheckedTask<'_>) -> String {
    let parts = task.tally.labels.iter();
    let parts = parts.map(|(label, count)| format!("{count} {label}"));
    parts.collect::<Vec<_>>().join(", ")
}

fn task_table(tasks: &[CheckedTask<'_>]) -> String {
    let rows = tasks.iter().map(|checked| {
        let task = checked.selected.task;
        let scorers = task.scorers.iter().map(|scorer| scorer.kind.as_str());
        [
            name(checked),
            checked.selected.samples.to_string(),
            checked.selected.epochs.to_string(),
            labels(checked),
            scorers.collect::<Vec<_>>().join(", "),
            task.tags.join(", "),
        ]
    });
    plain_table(
        ["task", "samples", "epochs", "labels", "scorers", "tags"],
        rows,
    )
}

fn data_files(suite: &Suite) {
    printer::result("\ndata:");
    for fewshot in suite.tasks.iter().filter_map(|task| task.fewshot.as_ref()) {
        let drawn = match fewshot.seed {
            Some(_) => "drawn for each sample",
            None => "in the order of the file",
        };
        printer::result(format!(
            "  {} ({}, {} before each question, {drawn}, {}, SHA-256 {})",
            fewshot.file.path.display(),
            cleanbench_text::counted(fewshot.file.samples, "example", "examples"),
            fewshot.count,
            fewshot.sensitivity,
            fewshot.file.digest
        ));
    }
    for file in suite.tasks.iter().flat_map(|task| &task.files) {
        printer::result(format!(
            "  {} ({}, SHA-256 {})",
            file.path.display(),
            cleanbench_text::counted(file.samples, "sample", "samples"),
            file.digest
        ));
    }
}

/// What the probes would ask, of every task that has controls.
fn print_probes(suite: &Suite, check: &Check<'_>) {
    let probes = &check.probes;
    if suite.probes.is_none() {
        return;
    }
    if probes.is_empty() {
        printer::result(
            "\nprobes: none, because no selected task has controls (`rewording_of`, `isomorph_of` or `control`)",
        );
        return;
    }
    let rows = probes.iter().filter_map(|planned| {
        let probe = planned.task.probe.as_ref()?;
        let is_check = is_check(&probe.id);
        let or_none = |text: &str| {
            if is_check {
                "-".to_owned()
            } else {
                text.to_owned()
            }
        };
        let tokens = ProbeTokens::of(planned);
        Some([
            or_none(&probe.suspects),
            probe.id.clone(),
            probe.form.as_str().to_owned(),
            or_none(probe.control.as_str()),
            calls(planned),
            tokens.prompt.to_string(),
            tokens.most.to_string(),
        ])
    });
    let header = [
        "task",
        "probe",
        "form",
        "controls",
        "calls",
        "tokens in",
        "tokens out",
    ];
    printer::result(format!(
        "\nprobes (without a task: checks of the endpoint itself; tokens in about, {BYTES_PER_TOKEN} bytes each, out at most):\n{}",
        plain_table(header, rows)
    ));
    printer::result(reach_table::text(&of_tasks(probes, check.references())));
}

/// The calls of a probe; of one that stops early those of a clear leak besides.
fn calls(planned: &PlannedProbe) -> String {
    let all = planned.all_calls().count();
    if planned.later.is_empty() {
        all.to_string()
    } else {
        format!("{all}; {} if clear", planned.calls.len())
    }
}

/// What each gate could tell with the selected samples.
fn print_gates(check: &Check<'_>) {
    if check.gates.is_empty() {
        return;
    }
    let header = ["gate", "task", "n", "power", "n needed", "assuming"];
    let shared = match check.family {
        0 | 1 => String::new(),
        family => format!("; {family} comparisons share their error rate"),
    };
    printer::result(format!(
        "\ngates (power to pass at the assumed truth, n needed for {ENOUGH}; scores of 0 and 1, independent samples{shared}):\n{}",
        plain_table(header, check.gates.iter().map(gate_row))
    ));
}

fn gate_row(checked: &CheckedGate) -> [String; 6] {
    let found = &checked.power;
    let known = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
    [
        condition(checked.gate.metric, checked.gate.test),
        cell::safe(&checked.task),
        checked.samples.to_string(),
        known(found.power.map(|power| format!("{power:.2}"))),
        known(found.needed.map(|needed| needed.to_string())),
        found.assumed.clone(),
    ]
}

/// How soon `drift` would find that the model has become worse.
fn print_nights(check: &Check<'_>) {
    let rows = check.tasks.iter().map(|task| {
        let told: Vec<_> = task.delays.iter().map(ToString::to_string).collect();
        [
            name(task),
            task.selected.samples.to_string(),
            told.join(", "),
        ]
    });
    printer::result(format!(
        "\nasked every night, `drift` would find a drop (median nights; assuming {ASSUMED_NIGHTS} nights at \
         {ASSUMED_SCORE} before, nights that differ by chance alone, no missing answers):\n{}",
        plain_table(["task", "samples", "drop found"], rows)
    ));
}

/// Prints what `endpoint` would be asked, and says whether any of it is refused.
fn print_endpoint(
    endpoint: &Endpoint,
    role: Role,
    at: Option<&FilePlace>,
    check: &Check<'_>,
) -> bool {
    let what = match role {
        Role::Subject => "model",
        Role::Reference => "reference model",
    };
    let place = if endpoint.loopback {
        "this machine"
    } else {
        "remote"
    };
    printer::result(format!(
        "\n{what} {}: {} ({place}), {} calls planned",
        cell::safe(&endpoint.name),
        endpoint.url,
        check.calls()
    ));
    printer::result(format!("  {}", granted(endpoint, at)));
    if endpoint.profile.untested {
        let profile = cell::safe(&endpoint.profile.name);
        printer::result(format!("  profile {profile}: untested"));
    }
    let mut is_refused = false;
    for task in &check.tasks {
        let refused = task.refused_by(endpoint);
        is_refused |= !refused.is_empty();
        print_task(task, endpoint, &refused);
    }
    printer::result(format!("  {}", estimate(&check.estimate(endpoint))));
    if !check.probes.is_empty() {
        let tokens = check.probe_tokens();
        let calls = check.probe_calls();
        let clear = check.probe_calls_of_clear_leak();
        let saved = if role == Role::Reference || clear == calls {
            String::new()
        } else {
            format!(" at most, {clear} where every leak is clear at once")
        };
        printer::result(format!(
            "  and {calls} calls of probes{saved}: about {} tokens in, at most {} out",
            tokens.prompt, tokens.most
        ));
    }
    is_refused
}

/// What `endpoint` is given, and by which file.
fn granted(endpoint: &Endpoint, at: Option<&FilePlace>) -> String {
    let key = match &endpoint.key_env {
        Some(variable) => format!("key in `{variable}`"),
        None => "no key".to_owned(),
    };
    let labels: Vec<_> = endpoint.allow.iter().map(|label| label.as_str()).collect();
    let proxy = endpoint
        .proxy_host()
        .map_or_else(String::new, |proxy| format!(", proxy {proxy}"));
    let by = at.map_or_else(
        || "no models file".to_owned(),
        |place| format!("{}:{}", place.path.display(), place.line),
    );
    format!(
        "host {}, {key}, may receive {}{proxy}; from {by}",
        endpoint.host(),
        labels.join(", ")
    )
}

fn print_task(task: &CheckedTask<'_>, endpoint: &Endpoint, refused: &[Sensitivity]) {
    let refused: Vec<_> = refused.iter().map(|label| label.as_str()).collect();
    let verdict = if refused.is_empty() {
        "would be sent".to_owned()
    } else {
        let labels = refused.join(" or ");
        format!("REFUSED: this host may not see {labels} samples")
    };
    printer::result(format!(
        "  task {}: {} to {}: {verdict}",
        name(task),
        labels(task),
        endpoint.host()
    ));
    let sampling = task.selected.sampling(endpoint);
    if let Some(more) = besides_text(task, sampling.reasoning) {
        printer::result(format!("    with {more}"));
    }
    let left_out = left_out_of(endpoint, &sampling);
    if !left_out.is_empty() {
        let left_out = left_out.join(", ");
        printer::result(format!(
            "    without {left_out}, which it refuses while it reasons"
        ));
    }
}

/// What goes along with the text of a task's prompts; `None` where nothing does.
fn besides_text(task: &CheckedTask<'_>, reasoning: Option<Reasoning>) -> Option<String> {
    let Constraints {
        tools,
        tool_choice,
        response_format,
        logprobs,
    } = &task.selected.task.constraints;
    let mut parts = Vec::new();
    if task.tally.images > 0 {
        let bytes = task.tally.image_bytes;
        parts.push(format!("{} images ({bytes} bytes)", task.tally.images));
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

fn estimate(estimate: &Estimate) -> String {
    let prompt = estimate.prompt;
    let generated = estimate.most.map_or(
        "no limit on generated tokens (`max_tokens` is not set)".to_owned(),
        |most| format!("at most {most} generated"),
    );
    let uncounted = if estimate.is_partial {
        ", images, tools and schemas not counted"
    } else {
        ""
    };
    let cost = match estimate.cost {
        None => "unknown (no price in the models file)".to_owned(),
        Some(cost) => match cost.most {
            None => format!("at least ${}", cost.least),
            Some(most) => format!("between ${} and ${most}", cost.least),
        },
    };
    format!(
        "estimate: about {prompt} prompt tokens (1 token = {BYTES_PER_TOKEN} bytes{uncounted}), {generated}; cost {cost}"
    )
}
