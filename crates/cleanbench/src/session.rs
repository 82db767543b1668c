//! A run from its opened directory to its tables: writer, models, signals, progress, result.

use std::sync::Arc;
use std::time::Duration;

use cleanbench_core::event::StopReason;
use cleanbench_core::history::CallTable;
use cleanbench_core::{EventSink, Exit, Judge, Scorer, ScorerSpec, gate};
use cleanbench_engine::{
    Allowance, EarlyStop, Ending, ModelSlot, Opened, Settings, StopHandle, StopLevel, StopSignal,
    Work, begin, execute, stop_pair,
};
use cleanbench_ledger::manifest::{Missing, ReplayPlan, TaskPlan};
use cleanbench_ledger::{Ledger, RunDirectory};
use cleanbench_model::Endpoint;
use cleanbench_probe::registry;
use cleanbench_report::flakes::{FlakeCounts, Skipped};
use cleanbench_report::tables::{Report, tables, write_all};
use cleanbench_report::{Recording, Summary, SummaryRow, cell, gates};
use cleanbench_score::Commands;
use serde_json::json;

use crate::arguments::{Format, RunArguments};
use crate::contamination_table;
use crate::endpoints::connect;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::foreign::{check_commands, permission};
use crate::gate_results;
use crate::github;
use crate::limits;
use crate::progress::Progress;
use crate::replaying::{self, Source};
use crate::result_table;
use crate::talk::{self, Talk};

/// Name and version of the program, as recorded.
pub(crate) const TOOL: &str = concat!("cleanbench ", env!("CARGO_PKG_VERSION"));
const BACKOFF: Duration = Duration::from_millis(500);

/// Says which key is missing before anything is written.
pub(crate) fn check_keys(endpoints: &[Endpoint]) -> Result<(), Failure> {
    connect(endpoints, &Environment::load()?).map(drop)
}

/// The scorers that `specs` name; they were checked when the suite was loaded.
pub(crate) fn build_scorers(
    specs: &[ScorerSpec],
    commands: Option<&Commands>,
) -> Result<Vec<Box<dyn Scorer>>, Failure> {
    let build = |spec| {
        let built = match commands {
            Some(commands) => cleanbench_score::build_allowing(spec, commands),
            None => cleanbench_score::build(spec),
        };
        built.map_err(|errors| {
            let messages = errors.iter().map(ToString::to_string).collect();
            Failure {
                exit: Exit::SuiteInvalid,
                messages,
                hints: Vec::new(),
            }
        })
    };
    specs.iter().map(build).collect()
}

fn build_judge(task: &TaskPlan, commands: Option<&Commands>) -> Result<Judge, Failure> {
    match &task.probe {
        None => build_scorers(&task.scorers, commands).map(Judge::Scorers),
        Some(plan) => registry::build(&plan.id, plan.form, plan.prompt.as_deref())
            .map(Judge::Probe)
            .map_err(|error| Failure::new(Exit::SuiteInvalid, error)),
    }
}

/// Makes every call of `opened` that has not ended, and prints the result.
pub(crate) fn run(
    opened: Opened,
    endpoints: &[Endpoint],
    source: Option<&Source>,
    arguments: &RunArguments,
    talk: Talk,
) -> Result<Exit, Failure> {
    if !arguments.retry_errors && has_ended(&opened) {
        talk.say("every call of this run has ended; nothing is asked");
        let ending = Ending::complete();
        return conclude(&ending, opened.run, arguments.out.format, talk);
    }
    let scored = opened.manifest.plan.tasks.iter();
    check_commands(
        scored.map(|task| (task.name.as_str(), task.scorers.as_slice())),
        arguments.allow_commands,
    )?;
    let directory = opened.run.clone();
    ask(opened, endpoints, source, arguments, talk)
        .map_err(|failure| unwritten(failure, &directory))
}

/// What to do next where the run directory of a run under way cannot be written.
fn unwritten(failure: Failure, run: &RunDirectory) -> Failure {
    if failure.exit != Exit::CannotWrite {
        return failure;
    }
    let folder = run.path().display();
    Failure::new(
        Exit::CannotWrite,
        format!("cannot write to `{folder}`: {}", failure.messages.join("; ")),
    )
    .hint(format!(
        "what was recorded is kept; make room there, then go on with: cleanbench run --resume {folder}"
    ))
}

fn ask(
    mut opened: Opened,
    endpoints: &[Endpoint],
    source: Option<&Source>,
    arguments: &RunArguments,
    talk: Talk,
) -> Result<Exit, Failure> {
    let models = replaying::models(endpoints, source)?;
    let replays = match source {
        Some(source) => source.of_models(endpoints)?.into_iter().map(Some).collect(),
        None => vec![None; endpoints.len()],
    };
    let prices: Vec<_> = endpoints
        .iter()
        .map(|endpoint| endpoint.price.clone())
        .collect();
    let directory = opened.run.clone();
    talk.say(format!("run: {}", directory.path().display()));
    let progress = talk
        .shows_progress()
        .then(|| Arc::new(Progress::new(&opened.manifest.plan, &opened.table, &prices)));
    let sinks = progress
        .iter()
        .map(|progress| Arc::clone(progress) as Arc<dyn EventSink>)
        .collect();
    let billing: Vec<_> = endpoints.iter().map(limits::billing).collect();
    let caps = arguments.caps.caps();
    let allowance = Allowance::of(caps, &opened.run, &opened.manifest, &billing)?;
    let (ledger, writer) = begin(&mut opened, TOOL, arguments.retry_errors, sinks)?;
    let limiters = limits::limiters(endpoints);
    let caches = !arguments.no_cache && source.is_none();
    let slots = models.into_iter().zip(endpoints).zip(&limiters);
    let slots = slots
        .zip(replays)
        .map(|(((model, endpoint), limiter), replay)| {
            ModelSlot::new(model, limits::concurrency(endpoint))
                .behind(limiter)
                .paced(limits::rates(endpoint))
                .billed(limits::billing(endpoint))
                .within(endpoint.timeouts.total)
                .replaying(replay)
                .cached(
                    caches
                        .then(|| limits::cache(endpoint, &directory))
                        .flatten(),
                )
        });
    let settings = Settings {
        max_retries: arguments.max_retries,
        backoff: BACKOFF,
        attempt_limit: Duration::from_secs(arguments.attempt_timeout),
    };
    let (stop, signal) = stop_pair();
    let ended = {
        let slots = slots.collect();
        let commands = permission(arguments.allow_commands);
        let judges = judges(&opened.manifest.plan.tasks, commands.as_ref())?;
        let (work, lock) = work(
            opened,
            ledger,
            (slots, judges),
            settings,
            (signal, allowance),
        )?;
        let ended = drive(work, stop, &directory, talk);
        let written = writer.join();
        drop(lock);
        // A write that failed is why calls could not go on.
        written.map_err(Failure::from).and(ended)
    };
    if let Some(progress) = &progress {
        progress.clear();
    }
    conclude(&ended?, directory, arguments.out.format, talk)
}

/// Whether the run is complete, down to the last record that `run.json` names.
fn has_ended(opened: &Opened) -> bool {
    let Some(end) = &opened.manifest.end else {
        return false;
    };
    let is_whole = match (&opened.continuation.parent, &opened.manifest.merged) {
        (Some(parent), _) => end.segments.last().map(|last| last.head) == Some(parent.head),
        // Nobody has gone on since the shards were put together, and their ends are checked.
        (None, Some(merged)) => end.segments.iter().eq(merged.heads()),
        (None, None) => end.segments.is_empty(),
    };
    if !is_whole {
        return false;
    }
    let ended = |place| {
        let state = opened.table.state(place);
        opened.table.is_elsewhere(place) || state.is_some_and(|state| state.outcome.is_some())
    };
    opened.pending.is_empty() && opened.table.space().places().all(ended)
}

fn judges(tasks: &[TaskPlan], commands: Option<&Commands>) -> Result<Vec<Judge>, Failure> {
    tasks
        .iter()
        .map(|task| build_judge(task, commands))
        .collect()
}

fn work(
    opened: Opened,
    ledger: Ledger,
    (models, judges): (Vec<ModelSlot>, Vec<Judge>),
    settings: Settings,
    (stop, allowance): (StopSignal, Allowance),
) -> Result<(Work, impl Sized), Failure> {
    let rules = gates::rules(&opened.run, &opened.manifest)?;
    let early = rules.into_iter().map(|rule| EarlyStop {
        model: rule.model,
        task: rule.task,
        batch: rule.batch,
        rule: rule.decides,
    });
    let table: CallTable = opened.table;
    let work = Work {
        early: early.collect(),
        scores: opened.scores,
        index: opened.index,
        run: opened.run,
        manifest: opened.manifest,
        table,
        pending: opened.pending,
        ledger,
        models,
        judges,
        settings,
        stop,
        allowance,
    };
    Ok((work, opened.lock))
}

fn drive(work: Work, stop: StopHandle, run: &RunDirectory, talk: Talk) -> Result<Ending, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let resume = format!("cleanbench run --resume {}", run.path().display());
    runtime.block_on(async {
        let signals = tokio::spawn(listen(stop, talk, resume));
        let ending = execute(work).await;
        signals.abort();
        Ok(ending?)
    })
}

/// The first Ctrl-C or termination lets calls in flight end, the second drops them.
async fn listen(stop: StopHandle, talk: Talk, resume: String) {
    loop {
        interrupted().await;
        match stop.escalate() {
            StopLevel::Drain => talk.say(format!(
                "stopping: waiting for the calls in flight (once more to drop them); go on with: {resume}"
            )),
            StopLevel::Abort => talk.say("dropping the calls in flight; their outcome is unknown, possibly billed"),
            StopLevel::Run => {}
        }
    }
}

async fn interrupted() {
    let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        result = tokio::signal::ctrl_c() => if result.is_err() { std::future::pending().await },
        _ = terminate.recv() => {}
    }
}

fn conclude(
    ending: &Ending,
    run: RunDirectory,
    format: Format,
    talk: Talk,
) -> Result<Exit, Failure> {
    let recording = Recording::open(run)?;
    let report = write_all(&recording)?;
    let exit = exit_of(ending, &report.summary).worst(gate::exit_of(&report.gates));
    print_result(&recording, &report, format, Some(exit));
    gate_results::warn(&report.gates);
    gate_results::say_saved(&report.gates, talk);
    github::ended(&recording, &report, exit);
    explain(ending, &recording, &report.summary, talk);
    say_skipped(&report.skipped);
    Ok(exit)
}

/// Prints the summary in the form that was asked for.
pub(crate) fn print_result(
    recording: &Recording,
    report: &Report,
    format: Format,
    exit: Option<Exit>,
) {
    match format {
        Format::Text => {
            talk::result(result_table::text(&report.summary));
            if let Some(text) = contamination_table::text(&report.contamination) {
                talk::result(text);
            }
            if let Some(text) = gate_results::text(&report.gates) {
                talk::result(text);
            }
        }
        Format::Json => talk::result(json!({
            "run": recording.manifest.run,
            "directory": recording.run.path(),
            "shard": recording.manifest.shard.map(|shard| shard.to_string()),
            "exit": exit.map(Exit::code),
            "summary": result_table::json(&report.summary),
            "verdicts": report.contamination.verdicts,
            "gaps": report.contamination.gaps,
            "gates": report.gates,
        })),
    }
}

/// How the run ended, by what stopped it and by what is missing.
fn exit_of(ending: &Ending, summary: &Summary) -> Exit {
    let stopped = match ending.reason {
        StopReason::Complete => Exit::Done,
        StopReason::Interrupted => Exit::Interrupted,
        StopReason::EndpointRefused => Exit::EndpointRefused,
        StopReason::Outage | StopReason::Budget => Exit::Inconclusive,
        StopReason::Internal => Exit::Internal,
    };
    stopped.worst(if is_answered(summary) && ending.unjudged == 0 {
        Exit::Done
    } else {
        Exit::Unanswered
    })
}

/// Whether every call has an answer, and every answer of a task a text.
pub(crate) fn is_answered(summary: &Summary) -> bool {
    let lacks =
        |row: &cleanbench_report::SummaryRow| row.missing() > 0 || (row.empty > 0 && !row.probe);
    !summary.rows.iter().any(lacks)
}

/// The lag of the scheduler, in microseconds, above which it is worth a warning.
const MOST_LAG: u64 = 5_000;

fn milliseconds(microseconds: u64) -> f64 {
    std::time::Duration::from_micros(microseconds).as_secs_f64() * 1e3
}

pub(crate) fn explain(ending: &Ending, recording: &Recording, summary: &Summary, talk: Talk) {
    let plan = &recording.manifest.plan;
    for (model, _, error) in &ending.given_up {
        talk::fail(&Failure::new(
            Exit::EndpointRefused,
            format!("model `{}` was given up: {error}", plan.models[*model].name),
        ));
    }
    if ending.panics > 0 {
        talk::warn(format!(
            "{} calls or judgements failed by a bug in cleanbench; they are on record",
            ending.panics
        ));
    }
    let folder = recording.run.path().display();
    if ending.unjudged > 0 {
        talk::warn(format!(
            "{} answers have no score because a scorer failed; see why with: cleanbench show {folder} SAMPLE",
            ending.unjudged
        ));
    }
    if let Some(message) = limits::stopped_by_cap(ending, &folder.to_string()) {
        talk::warn(message);
    }
    if let Some(lag) = ending.lag.filter(|lag| lag.p99 > MOST_LAG) {
        talk::warn(format!(
            "this machine was busy: timers were up to {:.1} ms late (p99 of {}, median {:.1} ms); measured times are too long by that",
            milliseconds(lag.p99),
            lag.n,
            milliseconds(lag.p50)
        ));
    }
    let replay = plan.replay.as_ref();
    say_cached(ending, summary, replay, talk);
    say_flakes(summary, talk);
    let open: u64 = summary.rows.iter().map(|row| row.open).sum();
    let unanswered: u64 = summary.rows.iter().map(SummaryRow::missing).sum();
    let empty: u64 = summary.tasks().map(|row| row.empty).sum();
    // What was not recorded cannot be had by asking again where nothing is asked.
    let asks = replay.is_none_or(|replay| replay.missing == Missing::Ask);
    if unanswered > open && asks {
        talk::warn(format!(
            "{} calls ended without an answer (see `{folder}/calls.csv`); ask them again with: cleanbench run --resume {folder} --retry-errors",
            unanswered - open
        ));
    }
    if open > 0 && ending.cap.is_none() {
        talk.say(format!(
            "{open} calls were not made; go on with: cleanbench run --resume {folder}"
        ));
    }
    if empty > 0 {
        talk::warn(format!(
            "{empty} answers came back without any text; they are scored 0 and counted as `empty`"
        ));
    }
    let truncated: u64 = summary.tasks().map(|row| row.truncated).sum();
    if truncated > 0 {
        talk::warn(format!(
            "{truncated} answers were cut off at `max_tokens`; `generate = {{ max_tokens = … }}` in the models file allows more"
        ));
    }
    warn_of_answers(summary);
    let unknown: u64 = summary.rows.iter().map(|row| row.totals.unknown).sum();
    if unknown > 0 {
        talk.say(format!(
            "{unknown} attempts: {}",
            cleanbench_core::event::UNKNOWN_NOTE
        ));
    }
    let elsewhere: u64 = summary.rows.iter().map(|row| row.elsewhere).sum();
    if let Some(shard) = recording.manifest.shard {
        talk.say(format!(
            "shard {shard}: {elsewhere} calls are not in this shard; when all shards have ended, put them together with: cleanbench merge RUN RUN..."
        ));
    }
    let tables = tables(&recording.manifest).join(", ");
    talk.say(format!(
        "tables: {folder}/{tables}; `cleanbench verify {folder}` recomputes them"
    ));
}

/// Says which calls were decided not to be made, and why.
fn say_skipped(skipped: &Skipped) {
    for (reason, calls) in &skipped.0 {
        let named: Vec<_> = calls.first.iter().map(|name| cell::visible(name)).collect();
        let rest = if calls.n > named.len() as u64 {
            ", …"
        } else {
            ""
        };
        talk::warn(format!(
            "{} calls were skipped: {reason} ({}{rest})",
            calls.n,
            named.join(", ")
        ));
    }
}

/// Says how many samples did not come out the same each time, by what is to blame.
fn say_flakes(summary: &Summary, talk: Talk) {
    let sum = |count: fn(&FlakeCounts) -> u64| -> u64 {
        summary.rows.iter().map(|row| count(&row.flakes)).sum()
    };
    let model = sum(|flakes| flakes.model);
    let infrastructure = sum(|flakes| flakes.infrastructure);
    let scorer = sum(|flakes| flakes.scorer);
    if model + infrastructure + scorer > 0 {
        talk.say(format!(
            "flaky samples: {model} by the model (epochs disagree), {infrastructure} by the infrastructure (failed, then answered), {scorer} by the scorer (same answer, other score); see flakes.csv"
        ));
    }
}

/// Says which answers are not of this run.
fn say_cached(ending: &Ending, summary: &Summary, replay: Option<&ReplayPlan>, talk: Talk) {
    let kept: u64 = summary.rows.iter().map(|row| row.totals.from_cache).sum();
    if let Some(replay) = replay {
        talk.say(format!(
            "{kept} calls are replayed from run {} (`from_cache` in calls.csv): nothing was sent for them, and they are not timed",
            replay.run
        ));
    } else if kept > 0 {
        talk.say(format!(
            "{kept} answers are of earlier runs (`from_cache` in calls.csv): nothing was sent for them, and they are not timed; `--no-cache` asks anew"
        ));
    }
    if ending.unkept > 0 {
        talk::warn(format!(
            "{} answers could not be kept for later runs; they are in this run all the same",
            ending.unkept
        ));
    }
}

/// Says what is odd about answers and their token counts.
fn warn_of_answers(summary: &Summary) {
    let sum = |count: fn(&SummaryRow) -> u64| summary.tasks().map(count).sum::<u64>();
    for (count, what) in [
        (
            sum(|row| row.answers.truncated_thinking),
            "answers were cut off at `max_tokens` while the model was still reasoning; allow more, or less reasoning with `generate = { reasoning = … }`",
        ),
        (
            sum(|row| row.answers.answer_in_reasoning),
            "answers stand in the reasoning alone; they are scored 0, because reasoning is not judged",
        ),
        (
            sum(|row| row.answers.looping),
            "answers end in a passage that is repeated over and over",
        ),
        (
            sum(|row| row.totals.inconsistent),
            "replies report token counts that contradict each other; costs drawn from them are doubtful",
        ),
    ] {
        if count > 0 {
            talk::warn(format!("{count} {what}"));
        }
    }
}
