//! A run from its opened directory to its tables: writer, models, signals, progress, result.

use std::sync::Arc;
use std::time::Duration;

use cleanbench_core::event::StopReason;
use cleanbench_core::history::CallTable;
use cleanbench_core::{EventSink, Exit, Judge, Model, gate};
use cleanbench_engine::{
    Allowance, Answers, EarlyStop, Ending, ModelAnswers, ModelReplay, ModelSlot, Monitor, Opened,
    Planner, PlannerError, Settings, StopSignal, Work, begin, execute, stop_pair,
};
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_ledger::{Ledger, Manifest, ReplaySource, RunDirectory};
use cleanbench_model::{Endpoint, OfflineModel};
use cleanbench_plan::connect::{connect, embedded, slots_of};
use cleanbench_plan::judges::{Judged, check_commands, judge};
use cleanbench_plan::replay::Source;
use cleanbench_report::follow_up::FollowUps;
use cleanbench_report::tables::{tables, write_all};
use cleanbench_report::{Reason, Recording, Report, Summary, gates};
use serde_json::{Value, json};

use crate::conduct::Conduct;
use crate::contamination_table;
use crate::descriptors;
use crate::environment::{WhenNeeded, trust};
use crate::failure::Failure;
use crate::failures;
use crate::foreign::permission;
use crate::format::Format;
use crate::gate_results;
use crate::github;
use crate::limits::{self, KeptAnswers};
use crate::printer::{self, Printer};
use crate::progress::{Progress, Screen};
use crate::result_table;
use crate::retries::Retries;
use crate::signals;

/// Name and version of the program, as recorded.
pub(crate) const TOOL: &str = concat!("cleanbench ", env!("CARGO_PKG_VERSION"));
const BACKOFF: Duration = Duration::from_millis(500);

/// What a run is carried out with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    /// The endpoints of its models, in plan order.
    pub(crate) endpoints: &'a [Endpoint],
    /// The run whose answers are taken.
    pub(crate) source: Option<&'a Source>,
    /// The log whose answers are taken.
    pub(crate) imported: Option<&'a Arc<dyn Answers>>,
    /// How.
    pub(crate) conduct: Conduct,
    /// What was said of it already.
    pub(crate) told: &'a [Note],
    /// Says what is going on.
    pub(crate) printer: Printer,
}

impl Session<'_> {
    /// Whether anybody is asked.
    fn asks(&self) -> bool {
        self.imported.is_none() && self.source.is_none_or(Source::asks)
    }
}

/// Makes every call of `opened` that has not ended, and prints the result.
pub(crate) fn run(opened: Opened, session: Session<'_>) -> Result<Exit, Failure> {
    let Session {
        conduct, printer, ..
    } = session;
    signals::written_down(&opened.run, printer);
    let planner = planner(&opened)?;
    let is_over = has_ended(&opened) && !is_anything_due(planner.as_ref())?;
    if !conduct.retry_errors && is_over {
        printer.say("every call of this run has ended; nothing is asked");
        let ending = Ending::complete();
        return conclude(&ending, opened.run, session);
    }
    let judged = opened.manifest.plan.tasks.iter();
    let judged = judged.filter(|task| task.is_asked());
    let judged = judged.map(|task| Judged {
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
    let what = failure.messages.join("; ");
    let remedy = if is_for_want_of_descriptors(&what) {
        "raise the limit of open files with `ulimit -n`, or ask fewer at once with `-j`"
    } else {
        "make room there"
    };
    Failure::new(
        Exit::CannotWrite,
        format!("cannot write to `{folder}`: {what}"),
    )
    .hint(format!(
        "what was recorded is kept; {remedy}, then go on with: cleanbench run --resume {folder}"
    ))
}

/// Whether the system said in `what` that no more files may be open: in this process, or in all.
fn is_for_want_of_descriptors(what: &str) -> bool {
    let codes = ["(os error 24)", "(os error 23)"];
    codes.iter().any(|code| what.contains(code))
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
    let slots = slots(&session, &opened)?;
    printer.say(format!("run: {}", directory.path().display()));
    let monitors = slots.iter().map(ModelSlot::monitor).collect();
    let screen = printer.screen();
    let progress = screen.map(|screen| {
        let progress = progress(&opened, endpoints, monitors, screen);
        match screen {
            Screen::Terminal => Progress::tick(&progress),
            Screen::Log => Progress::report(&progress, move |line| printer.say(line)),
        }
        progress
    });
    let sinks = sinks(progress.as_ref(), &opened, printer);
    let billing: Vec<_> = endpoints.iter().map(limits::billing).collect();
    let allowance = Allowance::of(conduct.caps, &opened.run, &opened.manifest, &billing)?;
    if opened.manifest.end.is_none() {
        // Of an earlier writer that was killed; whoever ended in order has named its own.
        let tables = tables(&opened.manifest);
        let removed = tables.iter().try_for_each(|name| directory.remove(name));
        removed.map_err(Failure::from)?;
    }
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
                patience: conduct.patience,
            },
            stop: signal,
            allowance,
            planner,
        };
        let (work, lock) = work(opened, ledger, crew)?;
        signals::calling(stop);
        let ended = drive(work);
        let written = writer.join();
        drop(lock);
        // A write that failed is why calls could not go on.
        written.map_err(Failure::from).and(ended)
    };
    if let Some(progress) = progress {
        progress.clear();
    }
    conclude(&ended?, directory, session)
}

fn progress(
    opened: &Opened,
    endpoints: &[Endpoint],
    monitors: Vec<Monitor>,
    screen: Screen,
) -> Arc<Progress> {
    let prices = endpoints.iter().map(|endpoint| endpoint.price.clone());
    let prices: Vec<_> = prices.collect();
    let plan = &opened.manifest.plan;
    Arc::new(Progress::new(
        plan,
        &opened.table,
        &prices,
        monitors,
        screen,
    ))
}

/// Who is told of every event.
fn sinks(
    progress: Option<&Arc<Progress>>,
    opened: &Opened,
    printer: Printer,
) -> Vec<Arc<dyn EventSink>> {
    let mut sinks: Vec<Arc<dyn EventSink>> = Vec::new();
    sinks.extend(progress.map(|progress| Arc::clone(progress) as Arc<dyn EventSink>));
    if printer.tells_details() {
        sinks.push(Arc::new(Retries::new(opened, printer)));
    }
    sinks
}

/// Each model with what bounds it.
fn slots(session: &Session<'_>, opened: &Opened) -> Result<Vec<ModelSlot>, Failure> {
    let endpoints = session.endpoints;
    let models = models(session)?;
    let replays = replays(session)?;
    let slots = known_slots(session);
    let at_once = at_once(session, &slots);
    let limiters = limits::limiters(endpoints, &at_once, &slots);
    let kept = kept_answers(session, &opened.run);
    let answers = answers(session, &opened.manifest);
    let each = models.into_iter().zip(endpoints).zip(&limiters);
    let slots = each.zip(replays).zip(at_once).zip(answers);
    let slots = slots.map(
        |(((((model, endpoint), limiter), replay), at_once), answers)| {
            let cache = kept.as_ref().map(|kept| limits::cache(endpoint, kept));
            ModelSlot::new(model, at_once)
                .behind(limiter)
                .paced(limits::rates(endpoint))
                .billed(limits::billing(endpoint))
                .within(endpoint.timeouts.total)
                .replaying(replay)
                .answered(answers)
                .cached(cache.flatten())
        },
    );
    Ok(slots.collect())
}

/// The kept answers, where any are taken and kept. A folder that is a link may lead anywhere, and is not used; one that
/// came along may hold anything, and only what this user sealed is taken.
fn kept_answers(session: &Session<'_>, directory: &RunDirectory) -> Option<KeptAnswers> {
    let mut endpoints = session.endpoints.iter();
    let is_any_kept = endpoints.any(|endpoint| endpoint.cache_identity().is_some());
    if session.conduct.no_cache || session.source.is_some() || !is_any_kept {
        return None;
    }
    let folder = limits::cache_folder(directory)?;
    let present = folder.symlink_metadata();
    if present.is_ok_and(|present| !present.is_dir()) {
        printer::warn(format!(
            "`{}` is not a folder, but a link or a file: answers are neither taken from there nor kept; remove it",
            folder.display()
        ));
        return None;
    }
    match trust().answers_key() {
        Ok(secret) => Some(KeptAnswers { folder, secret }),
        Err(error) => {
            printer::warn(format!(
                "answers are neither taken from earlier runs nor kept: {error}"
            ));
            None
        }
    }
}

/// Calls in flight for each model, whose servers have so many `slots` where that is known.
fn at_once(session: &Session<'_>, slots: &[Option<u32>]) -> Vec<usize> {
    let each = session.endpoints.iter().zip(slots);
    let wanted = each.map(|(endpoint, slots)| limits::concurrency(endpoint, *slots));
    let wanted: Vec<_> = wanted.collect();
    let room = descriptors::room(session.endpoints, &wanted);
    wanted.into_iter().map(|wanted| wanted.min(room)).collect()
}

/// The slots of servers on this machine that are asked and whose limit nobody set; people are told.
fn known_slots(session: &Session<'_>) -> Vec<Option<u32>> {
    if !session.asks() {
        return vec![None; session.endpoints.len()];
    }
    let found = found_slots(session.endpoints);
    for (endpoint, slots) in session.endpoints.iter().zip(&found) {
        if let Some(slots) = slots {
            let (host, name) = (endpoint.host(), &endpoint.name);
            session.printer.say(format!(
                "{host} has {slots} slots: as many calls of `{name}` at once (`-j N` for another number)"
            ));
        }
    }
    found
}

/// The slots of servers on this machine whose limit nobody set.
fn found_slots(endpoints: &[Endpoint]) -> Vec<Option<u32>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let find = |endpoint: &Endpoint| {
        if endpoint.limits.concurrency.is_some() {
            return None;
        }
        runtime
            .as_ref()
            .ok()?
            .block_on(slots_of(endpoint, &WhenNeeded))
    };
    endpoints.iter().map(find).collect()
}

/// Models that can be asked, or where nothing is asked at all, such as cannot: then no client is made and no
/// key is read.
fn models(session: &Session<'_>) -> Result<Vec<Arc<dyn Model>>, Failure> {
    if session.asks() {
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

/// What the log that is imported has of each model.
fn answers(session: &Session<'_>, manifest: &Manifest) -> Vec<Option<ModelAnswers>> {
    let models = 0_u32..;
    let each = models.take(session.endpoints.len()).map(|model| {
        Some(ModelAnswers {
            source: Arc::clone(session.imported?),
            model,
            run: manifest.run.clone(),
            at: manifest.plan.created.clone(),
        })
    });
    each.collect()
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

fn drive(work: Work) -> Result<Ending, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ending = runtime.block_on(execute(work));
    // A judgement that still goes on was given up.
    runtime.shutdown_background();
    Ok(ending?)
}

fn conclude(ending: &Ending, run: RunDirectory, session: Session<'_>) -> Result<Exit, Failure> {
    let Session { told, printer, .. } = session;
    signals::concluding();
    let recording = Recording::open(run)?;
    let report = write_all(&recording)?;
    signals::concluded();
    let exit = exit_of(ending, &report.summary).worst(gate::exit_of(&report.gates));
    if printer.is_silent() {
        return Ok(exit);
    }
    print_result(&recording, &report, session.conduct.format, Some(exit));
    github::ended(&recording, &report, exit);
    say_notes(&recording, &report, told, printer);
    say_ending(ending, &recording, printer);
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
                printer::told(text);
            }
            if let Some(text) = gate_results::text(&report.gates) {
                printer::result(text);
            }
        }
        Format::Json => printer::json(&json!({
            "run": recording.manifest.run,
            "directory": recording.run.path(),
            "shard": recording.manifest.shard.map(|shard| shard.to_string()),
            "exit": exit.map(Exit::code),
            "summary": cleanbench_report::summary_json(&report.summary),
            "verdicts": report.contamination.verdicts,
            "gaps": report.contamination.gaps,
            "validity": report.contamination.validity,
            "references": report.contamination.references,
            "references_alike": report.contamination.alike,
            "on_controls": report.contamination.on_controls,
            "gates": report.gates,
            "failures": failures::document(&report.reasons, &recording.manifest.plan),
            "notes": report.notes.iter().map(note_json).collect::<Value>(),
        })),
    }
}

fn note_json(note: &Note) -> Value {
    json!({"kind": note.kind, "weight": note.kind.weight().as_str(), "text": note.text})
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

/// What to do about a note, in the folder of its run.
fn advice(kind: NoteKind, folder: &str, reasons: &[Reason]) -> Option<String> {
    let what = match kind {
        NoteKind::Unanswered => failures::advice(reasons, folder),
        NoteKind::Open => format!("go on with: cleanbench run --resume {folder}"),
        NoteKind::Unread => format!(
            "see one with: cleanbench show {folder} SAMPLE; judge the recorded answers anew, once the suite was edited, with: cleanbench score {folder} SUITE"
        ),
        NoteKind::Unjudged => format!("see why with: cleanbench show {folder} SAMPLE"),
        _ => return None,
    };
    Some(what)
}

/// Says what is to be known of a run besides its tables, but for what was `told` before.
pub(crate) fn say_notes(recording: &Recording, report: &Report, told: &[Note], printer: Printer) {
    let folder = recording.run.path().display().to_string();
    let is_capped = report
        .notes
        .iter()
        .any(|note| note.kind == NoteKind::CapReached);
    let is_imported = recording.manifest.plan.imported.is_some();
    for note in report.notes.iter().filter(|note| !told.contains(note)) {
        // What a cap left open waits for more of what was capped.
        let is_waiting = is_capped && note.kind == NoteKind::Open;
        // Nobody can be asked for what a log does not have.
        let is_waiting = is_waiting || is_imported && note.kind == NoteKind::Unanswered;
        let advice = advice(note.kind, &folder, &report.reasons).filter(|_| !is_waiting);
        printer::note(note, advice.as_deref(), printer);
    }
    for line in failures::lines(&report.reasons, &recording.manifest.plan) {
        printer::warn(line);
    }
}

/// Says what only this process knows of how a run ended.
fn say_ending(ending: &Ending, recording: &Recording, printer: Printer) {
    let plan = &recording.manifest.plan;
    for given_up in &ending.given_up {
        let (name, error) = (&plan.models[given_up.model].name, &given_up.error);
        printer::fail(&Failure::new(
            Exit::EndpointRefused,
            format!("model `{name}` was given up: {error}"),
        ));
    }
    let folder = recording.run.path().display().to_string();
    if let Some(message) = limits::spent_of_cap(ending, &folder) {
        printer.say(message);
    }
    if ending.unkept > 0 {
        let one = "answer could not be kept for later runs; it is in this run all the same";
        let several = "answers could not be kept for later runs; they are in this run all the same";
        printer::warn(cleanbench_text::counted(ending.unkept, one, several));
    }
    say_tables(recording, printer);
    say_head(&recording.run, printer);
}

/// Says by what the record of a run that has ended is told from any other.
fn say_head(run: &RunDirectory, printer: Printer) {
    let manifest = Manifest::read(run).ok();
    let head = manifest.and_then(|manifest| manifest.head().ok().flatten());
    if let Some(head) = head {
        printer.say(format!(
            "head: {head}; note it elsewhere: `cleanbench verify {} --head HASH` tells whether this is still that record",
            run.path().display()
        ));
    }
}

/// Says where the tables are.
pub(crate) fn say_tables(recording: &Recording, printer: Printer) {
    let folder = recording.run.path().display();
    let tables = tables(&recording.manifest).join(", ");
    printer.say(format!(
        "tables: {folder}/{tables}; `cleanbench verify {folder}` recomputes them"
    ));
}
