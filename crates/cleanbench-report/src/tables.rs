//! `results.csv`, `calls.csv`, `summary.csv`, `slices.csv`, `flakes.csv`, and the end of `run.json`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{BufWriter, Write};

use cleanbench_core::digest::FileHasher;
use cleanbench_core::event::{Place, RecordedScore};
use cleanbench_core::{Digest, GateResult, Outcome};
use cleanbench_ledger::manifest::End;
use cleanbench_ledger::note::Note;
use cleanbench_ledger::{Damage, LedgerError, Manifest, Plan, RunDirectory, SampleRows, Tail};
use csv::Writer;
use serde_json::Value;

use crate::contamination::Gatherer;
use crate::flakes::{Flake, FlakeGatherer, Skipped};
use crate::rows::{Answer, Belongs, ELSEWHERE, Row, for_each};
use crate::scan::{AttemptRow, Index, scan};
use crate::summary::{Summarizer, Summary, SummaryRow};
use crate::times::{Latency, Times};
use crate::{
    Contamination, Recording, ReportError, cell, ci, flakes, gates, notes, slices, verdicts,
};

/// Names of the tables of every run.
const TABLES: [&str; 3] = ["results.csv", "calls.csv", "summary.csv"];
/// Names of the tables of a run with probes.
const OF_PROBES: [&str; 2] = ["contamination.csv", "verdicts.json"];

/// Names of the tables of the run with `manifest`.
pub fn tables(manifest: &Manifest) -> Vec<&'static str> {
    let plan = &manifest.plan;
    let mut names = TABLES.to_vec();
    if is_sliced(plan) {
        names.push(slices::FILE);
    }
    if plan.tasks.iter().any(|task| task.probe.is_some()) {
        names.extend(OF_PROBES);
    }
    if has_flakes(plan) {
        names.push(flakes::FILE);
    }
    if is_gated(manifest) {
        names.push(gates::FILE);
    }
    if has_ci(plan) {
        names.extend(ci::FILES);
    }
    names
}

/// Whether it has what build servers read: runs planned before there was such a thing have not.
fn has_ci(plan: &Plan) -> bool {
    plan.tables >= 2
}

/// Whether gates are judged here. A shard has part of the samples alone; its gates are judged when the
/// shards have been merged.
pub fn is_gated(manifest: &Manifest) -> bool {
    !manifest.plan.gates.is_empty() && manifest.shard.is_none()
}

/// Whether some task reports by slices.
fn is_sliced(plan: &Plan) -> bool {
    plan.tasks.iter().any(|task| !task.slices.is_empty())
}

/// Whether a table names flaky samples; runs have none whose tables are of version 1.
fn has_flakes(plan: &Plan) -> bool {
    plan.tables > 1
}

const RESULTS: [&str; 15] = [
    "model",
    "task",
    "sample",
    "epoch",
    "outcome",
    "finish",
    "scorer",
    "score",
    "extraction_failure",
    "answer",
    "other_scores",
    "input_digest",
    "sample_digest",
    "cluster",
    "slices",
];
/// How many of the columns of `results.csv` runs have whose tables are of version 1.
const FIRST_RESULTS: usize = 11;
const CALLS: [&str; 23] = [
    "model",
    "task",
    "sample",
    "epoch",
    "call",
    "attempt",
    "started_at",
    "ended_at",
    "status",
    "queued_ms",
    "headers_ms",
    "first_byte_ms",
    "ttft_any_ms",
    "ttft_answer_ms",
    "end_ms",
    "error",
    "outcome",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "cost_usd",
    "from_cache",
];
const SUMMARY: [&str; 65] = [
    "model",
    "task",
    "scorer",
    "score",
    "interval_low",
    "interval_high",
    "confidence",
    "method",
    "n",
    "samples",
    "epochs",
    "answered",
    "unanswered",
    "refused",
    "censored",
    "unsupported",
    "exhausted",
    "skipped",
    "open",
    "empty",
    "truncated",
    "extraction_failures",
    "attempts",
    "attempts_unknown",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cost_usd",
    "attempts_priced",
    "contamination",
    "answers_read",
    "truncated_thinking",
    "truncated_thinking_rate",
    "answer_in_reasoning",
    "answer_in_reasoning_rate",
    "empty_content",
    "empty_content_rate",
    "looping",
    "looping_rate",
    "reasoned",
    "reasoned_rate",
    "with_tool_calls",
    "with_tool_calls_rate",
    "latency_n",
    "latency_p50_ms",
    "latency_p90_ms",
    "latency_p99_ms",
    "ttft_any_n",
    "ttft_any_p50_ms",
    "ttft_answer_n",
    "ttft_answer_p50_ms",
    "queued_n",
    "queued_p99_ms",
    "cached_tokens",
    "cache_share_n",
    "cache_share",
    "usage_inconsistent",
    "usage_estimated",
    "from_cache",
    "reducer",
    "clusters",
    "flaky_model",
    "flaky_infrastructure",
    "flaky_scorer",
    "quarantined",
];
/// How many of the columns of `summary.csv` runs have whose tables are of version 1.
const FIRST_SUMMARY: usize = 59;

/// Where the tables go: files for a report, a comparison for a verification.
pub trait TableSink {
    /// A destination for the table `name`.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open(&mut self, name: &'static str) -> Result<Box<dyn Write + '_>, ReportError>;
}

/// Everything that a pass over the run gives.
#[derive(Debug)]
pub struct Report {
    /// What the journal says.
    pub index: Index,
    /// The summary.
    pub summary: Summary,
    /// What the probes show.
    pub contamination: Contamination,
    /// How the gates came out.
    pub gates: Vec<GateResult>,
    /// Samples that do not come out the same each time, in plan order.
    pub flakes: Vec<Flake>,
    /// What people must know besides.
    pub notes: Vec<Note>,
}

/// Draws all tables of `recording` into `sink`; `each` sees every row of `results.csv`.
///
/// # Errors
/// When the run is damaged or `sink` fails.
pub fn draw(
    recording: &Recording,
    sink: &mut dyn TableSink,
    tail: Tail,
    mut each: impl FnMut(&Row),
) -> Result<Report, ReportError> {
    let plan = &recording.manifest.plan;
    let mut measures = is_gated(&recording.manifest).then(|| gates::Gatherer::new(plan));
    let reports = has_ci(plan).then(|| ci::Reports::new(recording));
    let mut reports = reports.transpose()?;
    let mut noted = notes::Gatherer::default();
    let index = draw_calls(recording, sink, tail, |task, attempt| {
        noted.add_attempt(attempt);
        if let Some(measures) = &mut measures {
            measures.add_attempt(task, attempt);
        }
        if let Some(reports) = &mut reports {
            reports.add_attempt(task, attempt);
        }
    })?;
    let mut readers = Readers {
        summarizer: Summarizer::new(recording, &index),
        probes: Gatherer::new(plan),
        measures,
        reports,
        flakes: FlakeGatherer::default(),
        skipped: Skipped::default(),
        noted,
    };
    draw_results(recording, &index, sink, |row| {
        readers.read(plan, row);
        each(row);
    })?;
    let Readers {
        summarizer,
        probes,
        measures,
        reports,
        flakes,
        skipped,
        noted,
    } = readers;
    let mut summary = summarizer.finish();
    let contamination = match probes {
        Some(probes) => {
            let contamination = probes.assess(recording)?;
            verdicts::write_csv(&contamination, sink.open("contamination.csv")?)?;
            verdicts::write_json(&contamination, sink.open("verdicts.json")?)?;
            contamination
        }
        None => Contamination::default(),
    };
    summary.classify(&contamination);
    let flakes = flakes.finish();
    summary.count_flakes(plan.tasks.len(), &flakes);
    draw_summary(plan, &summary, sink)?;
    if has_flakes(plan) {
        flakes::write_csv(plan, &flakes, sink.open(flakes::FILE)?)?;
    }
    let gates = match &measures {
        Some(measures) => {
            let results = gates::evaluate(recording, measures, &contamination)?;
            gates::write_json(&results, sink.open(gates::FILE)?)?;
            results
        }
        None => Vec::new(),
    };
    let notes = notes::Source {
        manifest: &recording.manifest,
        index: &index,
        summary: &summary,
        gates: &gates,
        skipped: &skipped,
        gathered: &noted,
    };
    let notes = notes.notes();
    if let Some(reports) = reports {
        let source = ci::Source {
            recording,
            index: &index,
            summary: &summary,
            gates: &gates,
            notes: &notes,
        };
        reports.draw(&source, sink)?;
    }
    Ok(Report {
        index,
        summary,
        contamination,
        gates,
        flakes,
        notes,
    })
}

/// Whatever looks at every row of `results.csv`.
struct Readers {
    summarizer: Summarizer,
    probes: Option<Gatherer>,
    measures: Option<gates::Gatherer>,
    reports: Option<ci::Reports>,
    flakes: FlakeGatherer,
    skipped: Skipped,
    noted: notes::Gatherer,
}

impl Readers {
    fn read(&mut self, plan: &Plan, row: &Row) {
        self.summarizer.add(row);
        if let Some(probes) = &mut self.probes {
            probes.add(plan, row);
        }
        if let Some(measures) = &mut self.measures {
            measures.add(row);
        }
        if let Some(reports) = &mut self.reports {
            reports.add(plan, row);
        }
        self.flakes.add(plan, row);
        self.skipped.add(plan, row);
        self.noted.add(row);
    }
}

fn draw_results(
    recording: &Recording,
    index: &Index,
    sink: &mut dyn TableSink,
    mut each: impl FnMut(&Row),
) -> Result<(), ReportError> {
    let columns = columns(&recording.manifest.plan, FIRST_RESULTS, RESULTS.len());
    let mut table = Writer::from_writer(sink.open("results.csv")?);
    table.write_record(&RESULTS[..columns])?;
    for_each(recording, index, |row| {
        each(&row);
        Ok(table.write_record(&result_cells(recording, &row)[..columns])?)
    })?;
    Ok(table.flush()?)
}

/// How many columns a table of `plan` has: the `first` ones where its tables are of version 1.
fn columns(plan: &Plan, first: usize, all: usize) -> usize {
    if plan.tables == 1 { first } else { all }
}

fn draw_summary(
    plan: &Plan,
    summary: &Summary,
    sink: &mut dyn TableSink,
) -> Result<(), ReportError> {
    let columns = columns(plan, FIRST_SUMMARY, SUMMARY.len());
    let mut table = Writer::from_writer(sink.open("summary.csv")?);
    table.write_record(&SUMMARY[..columns])?;
    for row in summary.tasks() {
        table.write_record(&summary_cells(row)[..columns])?;
    }
    table.flush()?;
    drop(table);
    if is_sliced(plan) {
        slices::write_csv(summary, sink.open(slices::FILE)?)?;
    }
    Ok(())
}

fn draw_calls(
    recording: &Recording,
    sink: &mut dyn TableSink,
    tail: Tail,
    mut each: impl FnMut(usize, &AttemptRow),
) -> Result<Index, ReportError> {
    let names = SampleNames::read(&recording.run)?;
    let mut table = Writer::from_writer(sink.open("calls.csv")?);
    table.write_record(CALLS)?;
    let index = scan(
        &recording.run,
        &recording.manifest,
        &recording.prices,
        tail,
        |attempt| {
            each(names.task(attempt.place), attempt);
            Ok(table.write_record(call_cells(recording, &names, attempt))?)
        },
    )?;
    table.flush()?;
    Ok(index)
}

/// The names of all samples, of the plan and of the batches.
struct SampleNames {
    by_batch: BTreeMap<u32, BatchNames>,
}

/// The ids of the samples of a batch in one string, eight bytes a sample beside the text itself.
#[derive(Default)]
struct BatchNames {
    text: String,
    ends: Vec<u32>,
    /// First line of each task.
    tasks: Vec<(u64, u32)>,
}

impl SampleNames {
    fn read(run: &RunDirectory) -> Result<Self, ReportError> {
        let mut by_batch = BTreeMap::new();
        for batch in std::iter::once(0).chain(run.batches()?) {
            by_batch.insert(batch, BatchNames::read(run, batch)?);
        }
        Ok(Self { by_batch })
    }

    fn name(&self, place: Place) -> &str {
        let names = self.by_batch.get(&place.batch);
        names.map_or("", |names| names.name(place.sample))
    }

    fn task(&self, place: Place) -> usize {
        let names = self.by_batch.get(&place.batch);
        names.map_or(0, |names| names.task(place.sample))
    }
}

impl BatchNames {
    fn read(run: &RunDirectory, batch: u32) -> Result<Self, ReportError> {
        let mut names = Self::default();
        for row in SampleRows::of_batch(run, batch)? {
            let row = row?;
            if names.tasks.last().is_none_or(|(_, task)| *task != row.task) {
                names.tasks.push((names.ends.len() as u64, row.task));
            }
            names.text.push_str(&row.id);
            names
                .ends
                .push(u32::try_from(names.text.len()).unwrap_or(u32::MAX));
        }
        Ok(names)
    }

    fn name(&self, sample: u64) -> &str {
        let Ok(position) = usize::try_from(sample) else {
            return "";
        };
        let start = position
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        let end = self.ends.get(position).copied().unwrap_or(start);
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    fn task(&self, sample: u64) -> usize {
        let position = self.tasks.partition_point(|(first, _)| *first <= sample);
        position
            .checked_sub(1)
            .map_or(0, |position| self.tasks[position].1 as usize)
    }
}

fn number(value: Option<impl Display>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn milliseconds(micros: Option<u64>) -> String {
    number(micros.map(|micros| format!("{}.{:03}", micros / 1000, micros % 1000)))
}

/// Microseconds as milliseconds to the nearest microsecond.
fn rounded(micros: Option<f64>) -> String {
    number(micros.map(|micros| format!("{:.3}", micros / 1_000.0)))
}

fn result_cells(recording: &Recording, row: &Row) -> [String; RESULTS.len()] {
    let plan = &recording.manifest.plan;
    let task = &plan.tasks[row.task];
    let score = row.scores.first();
    let failure = score
        .and_then(|score| score.extraction_failure.as_deref())
        .unwrap_or_default();
    let others = task.scorers.iter().zip(&row.scores).skip(1);
    let others: Vec<_> = others
        .map(|(scorer, score)| format!("{}={}", scorer.kind, score.value))
        .collect();
    [
        cell::text(&plan.models[row.place.model as usize].name),
        cell::text(&task.name),
        cell::text(&row.sample),
        row.place.epoch.to_string(),
        row.how().to_owned(),
        cell::text(
            row.reading
                .as_ref()
                .map_or("", |reading| reading.finish.as_str()),
        ),
        task.judges().next().unwrap_or_default().to_owned(),
        number(score.map(|score: &RecordedScore| score.value)),
        cell::text(failure),
        match &row.answer {
            Answer::Text(answer) => cell::text(answer),
            Answer::None => String::new(),
            Answer::Erased => "[erased]".to_owned(),
        },
        others.join(" "),
        row.input_digest.to_string(),
        row.sample_digest.to_string(),
        cell::text(row.belongs.cluster.as_deref().unwrap_or_default()),
        slices_cell(&row.belongs),
    ]
}

/// A sample's values in the fields that its task reports by, as a JSON object; empty without any.
fn slices_cell(belongs: &Belongs) -> String {
    if belongs.slices.is_empty() {
        return String::new();
    }
    let pairs = belongs.slices.iter();
    let pairs = pairs.map(|(field, value)| (field.clone(), Value::from(cell::safe(value))));
    Value::Object(pairs.collect()).to_string()
}

fn call_cells(
    recording: &Recording,
    names: &SampleNames,
    row: &AttemptRow,
) -> [String; CALLS.len()] {
    let plan = &recording.manifest.plan;
    let usage = row
        .reading
        .as_ref()
        .map(|reading| reading.usage)
        .unwrap_or_default();
    let error = row.error.as_ref().map(|error| cell::text(&error.message));
    let timing = row.timing.as_ref();
    let first = timing.map(|timing| Times::of(timing, row.streamed));
    let unknown = row
        .unknown
        .then(|| cleanbench_core::event::UNKNOWN_NOTE.to_owned());
    [
        cell::text(&plan.models[row.place.model as usize].name),
        cell::text(&plan.tasks[names.task(row.place)].name),
        cell::text(names.name(row.place)),
        row.place.epoch.to_string(),
        row.call.to_string(),
        row.attempt.to_string(),
        row.started_at.clone(),
        row.ended_at.clone(),
        number(row.status),
        milliseconds(timing.and_then(|timing| timing.queued)),
        milliseconds(timing.and_then(|timing| timing.headers)),
        milliseconds(timing.and_then(|timing| timing.first_byte)),
        milliseconds(first.and_then(|first| first.first_any)),
        milliseconds(first.and_then(|first| first.first_answer)),
        milliseconds(timing.map(|timing| timing.end)),
        error.or(unknown).unwrap_or_default(),
        row.outcome.map_or("", Outcome::as_str).to_owned(),
        number(usage.prompt),
        number(usage.completion),
        number(usage.reasoning),
        number(usage.cached),
        number(row.cost),
        number(row.cached.as_ref()),
    ]
}

fn summary_cells(row: &SummaryRow) -> Vec<String> {
    let mut cells = score_cells(row).to_vec();
    cells.push(row.answers.n.to_string());
    for (_, count) in row.answers.named() {
        cells.extend([count.to_string(), number(row.answers.rate(count))]);
    }
    cells.extend(time_cells(&row.latency));
    let totals = &row.totals;
    cells.extend([
        number(totals.cached.known()),
        totals.cached.reported.to_string(),
        number(totals.cache_share()),
        totals.inconsistent.to_string(),
        totals.estimated.to_string(),
        totals.from_cache.to_string(),
        row.reducer.to_string(),
        row.estimated.clusters.to_string(),
        row.flakes.model.to_string(),
        row.flakes.infrastructure.to_string(),
        row.flakes.scorer.to_string(),
        row.quarantined.to_string(),
    ]);
    cells
}

fn time_cells(latency: &Latency) -> [String; 10] {
    let Latency {
        end_to_end,
        first_any,
        first_answer,
        queued,
    } = latency;
    [
        end_to_end.n.to_string(),
        rounded(end_to_end.p50),
        rounded(end_to_end.p90),
        rounded(end_to_end.p99),
        first_any.n.to_string(),
        rounded(first_any.p50),
        first_answer.n.to_string(),
        rounded(first_answer.p50),
        queued.n.to_string(),
        rounded(queued.p99),
    ]
}

fn score_cells(row: &SummaryRow) -> [String; 30] {
    let interval = row.estimated.interval.as_ref();
    let totals = &row.totals;
    [
        cell::text(&row.model),
        cell::text(&row.task),
        row.scorer.clone(),
        number(row.estimated.score),
        number(interval.map(|interval| interval.low)),
        number(interval.map(|interval| interval.high)),
        number(interval.map(|_| "0.95")),
        number(row.estimated.method),
        row.estimated.n.to_string(),
        row.samples.to_string(),
        row.epochs.to_string(),
        row.count(Outcome::Answered).to_string(),
        row.unanswered().to_string(),
        row.count(Outcome::Refused).to_string(),
        row.count(Outcome::Censored).to_string(),
        row.count(Outcome::Unsupported).to_string(),
        row.count(Outcome::Exhausted).to_string(),
        row.count(Outcome::Skipped).to_string(),
        row.open.to_string(),
        row.empty.to_string(),
        row.truncated.to_string(),
        row.extraction_failures.to_string(),
        totals.attempts.to_string(),
        totals.unknown.to_string(),
        number(totals.prompt.known()),
        number(totals.completion.known()),
        number(totals.reasoning.known()),
        number((totals.priced > 0).then_some(totals.cost)),
        totals.priced.to_string(),
        row.contamination.to_owned(),
    ]
}

/// Writes all tables of `recording` and closes `run.json`. Called twice, it writes the same bytes.
///
/// # Errors
/// When the run is damaged or its folder cannot be written.
pub fn write_all(recording: &Recording) -> Result<Report, ReportError> {
    let mut sink = FileSink {
        run: &recording.run,
    };
    let drawn = draw(recording, &mut sink, Tail::MayBeTorn, |_| {});
    let report = drawn.inspect_err(|_| discard_drafts(recording))?;
    if let Some(end) = &recording.manifest.end
        && end
            .segments
            .iter()
            .zip(&report.index.heads)
            .any(|(recorded, found)| found.records < recorded.records)
    {
        let what = "the journal is shorter than run.json says; the tables were left as they are";
        return Err(LedgerError::from(Damage::whole("journal", what)).into());
    }
    let mut files = BTreeMap::new();
    for name in tables(&recording.manifest) {
        let draft = recording.run.file(&format!("{name}.new"));
        // Some file systems find only now that there is no room.
        fs_err::File::open(&draft)?.sync_all()?;
        files.insert(name.to_owned(), file_digest(&draft)?);
        fs_err::rename(draft, recording.run.file(name))?;
    }
    if let Some(manifest) = closed_manifest(recording, &report, files) {
        manifest.write(&recording.run)?;
    }
    recording.run.sync()?;
    Ok(report)
}

/// `run.json` as it must be after a writer has stopped in order; `None` when none has.
pub(crate) fn closed_manifest(
    recording: &Recording,
    report: &Report,
    files: BTreeMap<String, Digest>,
) -> Option<Manifest> {
    let index = &report.index;
    let mut calls = BTreeMap::new();
    for row in &report.summary.rows {
        for (outcome, count) in &row.outcomes {
            *calls.entry(outcome.as_str().to_owned()).or_insert(0) += count;
        }
        *calls.entry("open".to_owned()).or_insert(0) += row.open;
        if row.elsewhere > 0 {
            *calls.entry(ELSEWHERE.to_owned()).or_insert(0) += row.elsewhere;
        }
    }
    let judged = index
        .table
        .space()
        .places()
        .filter(|place| index.table.state(*place).is_some_and(|state| state.judged));
    let end = End {
        stopped: index.stopped?,
        at: index.last_at.clone(),
        segments: index.heads.clone(),
        calls,
        attempts_unknown: index
            .totals
            .iter()
            .flatten()
            .map(|totals| totals.unknown)
            .sum(),
        judged: judged.count() as u64,
        files,
    };
    Some(Manifest {
        end: Some(end),
        ..recording.manifest.clone()
    })
}

/// Half a table is of no use, and takes space.
fn discard_drafts(recording: &Recording) {
    for name in tables(&recording.manifest) {
        drop(fs_err::remove_file(
            recording.run.file(&format!("{name}.new")),
        ));
    }
}

struct FileSink<'a> {
    run: &'a RunDirectory,
}

impl TableSink for FileSink<'_> {
    fn open(&mut self, name: &'static str) -> Result<Box<dyn Write + '_>, ReportError> {
        let file = fs_err::File::create(self.run.file(&format!("{name}.new")))?;
        Ok(Box::new(BufWriter::new(file)))
    }
}

/// SHA-256 of a file.
///
/// # Errors
/// When it cannot be read.
pub fn file_digest(path: &std::path::Path) -> Result<Digest, ReportError> {
    let mut hasher = FileHasher::default();
    std::io::copy(&mut fs_err::File::open(path)?, &mut hasher)?;
    Ok(hasher.finish())
}
