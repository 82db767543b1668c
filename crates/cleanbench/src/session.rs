//! A run from its opened directory to its tables: writer, models, signals, progress, result.

use std::sync::Arc;
use std::time::Duration;

use cleanbench_core::event::StopReason;
use cleanbench_core::history::CallTable;
use cleanbench_core::{Caps, EventSink, Exit, Judge, Model, gate};
use cleanbench_engine::{
    Allowance, EarlyStop, Ending, ModelReplay, ModelSlot, Opened, Planner, PlannerError, Settings,
    StopHandle, StopLevel, StopSignal, Work, begin, execute, stop_pair,
};
use cleanbench_ledger::manifest::{Missing, ReplayPlan, TaskPlan};
use cleanbench_ledger::{Ledger, ReplaySource, RunDirectory};
use cleanbench_model::{Endpoint, OfflineModel};
use cleanbench_plan::connect::{connect, embedded};
use cleanbench_plan::judges::{Judged, check_commands, judge};
use cleanbench_plan::replay::Source;
use cleanbench_report::flakes::{FlakeCounts, Skipped};
use cleanbench_report::follow_up::FollowUps;
use cleanbench_report::tables::{Report, tables, write_all};
use cleanbench_report::{Recording, Summary, SummaryRow, cell, gates};
use serde_json::json;

use crate::arguments::Format;
use crate::contamination_table;
use crate::environment::WhenNeeded;
use crate::failure::Failure;
use crate::foreign::permission;
use crate::gate_results;
use crate::github;
use crate::limits;
use crate::printer::{self, Printer};
use crate::progress::Progress;
use crate::result_table;

/// Name and version of the program, as recorded.
pub(crate) const TOOL: &str = concat!("cleanbench ", env!("CARGO_PKG_VERSION"));
const BACKOFF: Duration = Duration::from_millis(500);

/// How a run is carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conduct {
    /// Whether calls that ended without an answer are asked again.
    pub(crate) retry_errors: bool,
    /// Whether programs that scorers name may be run.
    pub(crate) allow_commands: bool,
    /// Whether no answers of earlier runs are taken and none are kept.
    pub(crate) no_cache: bool,
    /// What it may use up.
    pub(crate) caps: Caps,
    /// Attempts after the first one, for errors that can pass.
    pub(crate) max_retries: u32,
    /// Longest time for one attempt.
    pub(crate) attempt_limit: Duration,
    /// Form of the result.
    pub(crate) format: Format,
}

/// What a run is carried out with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    /// The endpoints of its models, in plan order.
    pub(crate) endpoints: &'a [Endpoint],
    /// The run whose answers are taken.
    pub(crate) source: Option<&'a Source>,
    /// How.
    pub(crate) conduct: Conduct,
    /// Says what is going on.
    pub(crate) printer: Printer,
}

/// Makes every call of `opened` that has not ended, and prints the result.
pub(crate) fn run(opened: Opened, session: Session<'_>) -> Result<Exit, Failure> {
    let Session {
        conduct, printer, ..
    } = session;
    let planner = planner(&opened)?;
    let is_over = has_ended(&opened) && !is_anything_due(planner.as_ref())?;
    if !conduct.retry_errors && is_over {
        printer.say("every call of this run has ended; nothing is asked");
        let ending = Ending::complete();
        return conclude(&ending, opened.run, conduct.format, printer);
    }
    let judged = opened.manifest.plan.tasks.iter().map(|task| Judged {
        task: &task.name,
        scorers: &task.scorers,
    });
    check_commands(judged, conduct.allow_commands)?;
    let directory = opened.run.clone();
    ask(opened, planner, session).map_err(|failure| unwritten(failure, &directory))
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
    planner: Option<Planner>,
    session: Session<'_>,
) -> Result<Exit, Failure> {
    let Session {
        endpoints,
        conduct,
        printer,
        ..
    } = session;
    let directory = opened.run.clone();
    let slots = slots(&session, &directory)?;
    printer.say(format!("run: {}", directory.path().display()));
    let progress = printer
        .shows_progress()
        .then(|| Arc::new(progress(&opened, endpoints)));
    let sinks = progress
        .iter()
        .map(|progress| Arc::clone(progress) as Arc<dyn EventSink>)
        .collect();
    let billing: Vec<_> = endpoints.iter().map(limits::billing).collect();
    let allowance = Allowance::of(conduct.caps, &opened.run, &opened.manifest, &billing)?;
    let (ledger, writer) = begin(&mut opened, TOOL, conduct.retry_errors, sinks)?;
    let (stop, signal) = stop_pair();
    let ended = {
        let crew = Crew {
            models: slots,
            judges: judges(&opened.manifest.plan.tasks, conduct.allow_commands)?,
            settings: Settings {
                max_retries: conduct.max_retries,
                backoff: BACKOFF,
                attempt_limit: conduct.attempt_limit,
            },
            stop: signal,
            allowance,
            planner,
        };
        let (work, lock) = work(opened, ledger, crew)?;
        let ended = drive(work, stop, &directory, printer);
        let written = writer.join();
        drop(lock);
        // A write that failed is why calls could not go on.
        written.map_err(Failure::from).and(ended)
    };
    if let Some(progress) = &progress {
        progress.clear();
    }
    conclude(&ended?, directory, conduct.format, printer)
}

fn progress(opened: &Opened, endpoints: &[Endpoint]) -> Progress {
    let prices = endpoints.iter().map(|endpoint| endpoint.price.clone());
    let prices: Vec<_> = prices.collect();
    Progress::new(&opened.manifest.plan, &opened.table, &prices)
}

/// Each model with what bounds it.
fn slots(session: &Session<'_>, directory: &RunDirectory) -> Result<Vec<ModelSlot>, Failure> {
    let endpoints = session.endpoints;
    let models = models(session)?;
    let replays = replays(session)?;
    let limiters = limits::limiters(endpoints);
    let caches = !session.conduct.no_cache && session.source.is_none();
    let each = models.into_iter().zip(endpoints).zip(&limiters);
    let slots = each.zip(replays);
    let slots = slots.map(|(((model, endpoint), limiter), replay)| {
        let cache = caches.then(|| limits::cache(endpoint, directory));
        ModelSlot::new(model, limits::concurrency(endpoint))
            .behind(limiter)
            .paced(limits::rates(endpoint))
            .billed(limits::billing(endpoint))
            .within(endpoint.timeouts.total)
            .replaying(replay)
            .cached(cache.flatten())
    });
    Ok(slots.collect())
}

/// Models that can be asked, or where nothing is asked at all, such as cannot: then no client is made and no
/// key is read.
fn models(session: &Session<'_>) -> Result<Vec<Arc<dyn Model>>, Failure> {
    if session.source.is_none_or(Source::asks) {
        // What is to be said of keys was said when the run was planned.
        return Ok(connect(session.endpoints, &WhenNeeded, &mut Vec::new())?);
    }
    let offline = |endpoint: &Endpoint| {
        if endpoint.is_embedded() {
            return Ok(embedded(endpoint)?);
        }
        Ok(Arc::new(OfflineModel::new(endpoint)) as Arc<dyn Model>)
    };
    session.endpoints.iter().map(offline).collect()
}

/// What is replayed for each model.
fn replays(session: &Session<'_>) -> Result<Vec<Option<ModelReplay>>, Failure> {
    let Some(from) = session.source else {
        return Ok(vec![None; session.endpoints.len()]);
    };
    let source = Arc::new(ReplaySource::open(&from.run, &from.manifest)?);
    let positions = from.positions(session.endpoints)?;
    let replay = |model| {
        Some(ModelReplay {
            source: Arc::clone(&source),
            model,
            missing: from.missing,
        })
    };
    Ok(positions.into_iter().map(replay).collect())
}

/// Whether calls are due that are not planned yet.
fn is_anything_due(planner: Option<&Planner>) -> Result<bool, Failure> {
    let due = planner.map(|planner| planner()).transpose();
    let due = due.map_err(|error| Failure::new(Exit::VerifyFailed, error))?;
    Ok(due.is_some_and(|due| !due.is_empty()))
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

/// Who plans follow-up calls of `opened`; `None` where there are none to plan.
fn planner(opened: &Opened) -> Result<Option<Planner>, Failure> {
    let follow_ups = FollowUps::open(&opened.run, &opened.manifest)?;
    Ok(follow_ups.map(|follow_ups| -> Planner {
        Arc::new(move || {
            let due = follow_ups.due();
            due.map_err(|error| PlannerError(error.to_string()))
        })
    }))
}

fn judges(tasks: &[TaskPlan], allow_commands: bool) -> Result<Vec<Judge>, Failure> {
    let commands = permission(allow_commands);
    let judge = |task| Ok(judge(task, commands.as_ref())?);
    tasks.iter().map(judge).collect()
}

/// Who does the work, and what holds for all of it.
struct Crew {
    models: Vec<ModelSlot>,
    judges: Vec<Judge>,
    settings: Settings,
    stop: StopSignal,
    allowance: Allowance,
    planner: Option<Planner>,
}

fn work(opened: Opened, ledger: Ledger, crew: Crew) -> Result<(Work, impl Sized), Failure> {
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
        planner: crew.planner,
        run: opened.run,
        manifest: opened.manifest,
        table,
        pending: opened.pending,
        ledger,
        models: crew.models,
        judges: crew.judges,
        settings: crew.settings,
        stop: crew.stop,
        allowance: crew.allowance,
    };
    Ok((work, opened.lock))
}

fn drive(
    work: Work,
    stop: StopHandle,
    run: &RunDirectory,
    printer: Printer,
) -> Result<Ending, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let resume = format!("cleanbench run --resume {}", run.path().display());
    runtime.block_on(async {
        let signals = tokio::spawn(listen(stop, printer, resume));
        let ending = execute(work).await;
        signals.abort();
        Ok(ending?)
    })
}

/// The first Ctrl-C or termination lets calls in flight end, the second drops them.
async fn listen(stop: StopHandle, printer: Printer, resume: String) {
    loop {
        interrupted().await;
        match stop.escalate() {
            StopLevel::Drain => printer.say(format!(
                "stopping: waiting for the calls in flight (once more to drop them); go on with: {resume}"
            )),
            StopLevel::Abort => printer.say("dropping the calls in flight; their outcome is unknown, possibly billed"),
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
    printer: Printer,
) -> Result<Exit, Failure> {
    let recording = Recording::open(run)?;
    let report = write_all(&recording)?;
    let exit = exit_of(ending, &report.summary).worst(gate::exit_of(&report.gates));
    print_result(&recording, &report, format, Some(exit));
    gate_results::warn(&report.gates);
    gate_results::say_saved(&report.gates, printer);
    github::ended(&recording, &report, exit);
    explain(ending, &recording, &report.summary, printer);
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
            printer::result(result_table::text(&report.summary));
            if let Some(text) = contamination_table::text(&report.contamination) {
                printer::result(text);
            }
            if let Some(text) = gate_results::text(&report.gates) {
                printer::result(text);
            }
        }
        Format::Json => printer::result(json!({
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

pub(crate) fn explain(ending: &Ending, recording: &Recording, summary: &Summary, printer: Printer) {
    let plan = &recording.manifest.plan;
    for given_up in &ending.given_up {
        let (name, error) = (&plan.models[given_up.model].name, &given_up.error);
        printer::fail(&Failure::new(
            Exit::EndpointRefused,
            format!("model `{name}` was given up: {error}"),
        ));
    }
    if ending.panics > 0 {
        printer::warn(format!(
            "{} calls or judgements failed by a bug in cleanbench; they are on record",
            ending.panics
        ));
    }
    let folder = recording.run.path().display();
    if ending.unjudged > 0 {
        printer::warn(format!(
            "{} answers have no score because a scorer failed; see why with: cleanbench show {folder} SAMPLE",
            ending.unjudged
        ));
    }
    if let Some(message) = limits::stopped_by_cap(ending, &folder.to_string()) {
        printer::warn(message);
    }
    if let Some(lag) = ending.lag.filter(|lag| lag.p99 > MOST_LAG) {
        printer::warn(format!(
            "this machine was busy: timers were up to {:.1} ms late (p99 of {}, median {:.1} ms); measured times are too long by that",
            milliseconds(lag.p99),
            lag.n,
            milliseconds(lag.p50)
        ));
    }
    let replay = plan.replay.as_ref();
    say_cached(ending, summary, replay, printer);
    say_flakes(summary, printer);
    let open: u64 = summary.rows.iter().map(|row| row.open).sum();
    let unanswered: u64 = summary.rows.iter().map(SummaryRow::missing).sum();
    let empty: u64 = summary.tasks().map(|row| row.empty).sum();
    // What was not recorded cannot be had by asking again where nothing is asked.
    let asks = replay.is_none_or(|replay| replay.missing == Missing::Ask);
    if unanswered > open && asks {
        printer::warn(format!(
            "{} calls ended without an answer (see `{folder}/calls.csv`); ask them again with: cleanbench run --resume {folder} --retry-errors",
            unanswered - open
        ));
    }
    if open > 0 && ending.cap.is_none() {
        printer.say(format!(
            "{open} calls were not made; go on with: cleanbench run --resume {folder}"
        ));
    }
    if empty > 0 {
        printer::warn(format!(
            "{empty} answers came back without any text; they are scored 0 and counted as `empty`"
        ));
    }
    let truncated: u64 = summary.tasks().map(|row| row.truncated).sum();
    if truncated > 0 {
        printer::warn(format!(
            "{truncated} answers were cut off at `max_tokens`; `generate = {{ max_tokens = … }}` in the models file allows more"
        ));
    }
    warn_of_answers(summary);
    let unknown: u64 = summary.rows.iter().map(|row| row.totals.unknown).sum();
    if unknown > 0 {
        printer.say(format!(
            "{unknown} attempts: {}",
            cleanbench_core::event::UNKNOWN_NOTE
        ));
    }
    let elsewhere: u64 = summary.rows.iter().map(|row| row.elsewhere).sum();
    if let Some(shard) = recording.manifest.shard {
        printer.say(format!(
            "shard {shard}: {elsewhere} calls are not in this shard; when all shards have ended, put them together with: cleanbench merge RUN RUN..."
        ));
    }
    let tables = tables(&recording.manifest).join(", ");
    printer.say(format!(
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
        printer::warn(format!(
            "{} calls were skipped: {reason} ({}{rest})",
            calls.n,
            named.join(", ")
        ));
    }
}

/// Says how many samples did not come out the same each time, by what is to blame.
fn say_flakes(summary: &Summary, printer: Printer) {
    let sum = |count: fn(&FlakeCounts) -> u64| -> u64 {
        summary.rows.iter().map(|row| count(&row.flakes)).sum()
    };
    let model = sum(|flakes| flakes.model);
    let infrastructure = sum(|flakes| flakes.infrastructure);
    let scorer = sum(|flakes| flakes.scorer);
    if model + infrastructure + scorer > 0 {
        printer.say(format!(
            "flaky samples: {model} by the model (epochs disagree), {infrastructure} by the infrastructure (failed, then answered), {scorer} by the scorer (same answer, other score); see flakes.csv"
        ));
    }
}

/// Says which answers are not of this run.
fn say_cached(ending: &Ending, summary: &Summary, replay: Option<&ReplayPlan>, printer: Printer) {
    let kept: u64 = summary.rows.iter().map(|row| row.totals.from_cache).sum();
    if let Some(replay) = replay {
        printer.say(format!(
            "{kept} calls are replayed from run {} (`from_cache` in calls.csv): nothing was sent for them, and they are not timed",
            replay.run
        ));
    } else if kept > 0 {
        printer.say(format!(
            "{kept} answers are of earlier runs (`from_cache` in calls.csv): nothing was sent for them, and they are not timed; `--no-cache` asks anew"
        ));
    }
    if ending.unkept > 0 {
        printer::warn(format!(
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
            printer::warn(format!("{count} {what}"));
        }
    }
}
