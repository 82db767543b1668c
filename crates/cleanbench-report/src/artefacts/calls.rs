//! `calls.csv`: one line an attempt, with its times, its tokens and its cost. Two runs differ in it.

use std::io::Write;

use cleanbench_core::Usage;
use cleanbench_core::event::UNKNOWN_NOTE;
use cleanbench_ledger::Plan;

use super::{Artefact, Attempt, Maker, always};
use crate::columns::{Cell, Column, CsvTable, Table};
use crate::findings::Report;
use crate::sink::TableSink;
use crate::times::Times;
use crate::{Recording, ReportError};

pub(super) const MAKER: Maker = Maker {
    files: &[Calls::FILE],
    belongs: always,
    begin: |recording, sink| {
        let plan = &recording.manifest.plan;
        let table = CsvTable::new(sink.open(Calls::FILE)?, plan.tables)?;
        Ok(Box::new(CallsFile { plan, table }))
    },
};

struct CallsFile<'a> {
    plan: &'a Plan,
    table: CsvTable<Calls, Box<dyn Write>>,
}

impl Artefact for CallsFile<'_> {
    fn attempt(&mut self, attempt: &Attempt<'_>) -> Result<(), ReportError> {
        let timing = attempt.row.timing.as_ref();
        let first = timing.map(|timing| Times::of(timing, attempt.row.streamed));
        self.table.line(&Line {
            plan: self.plan,
            attempt: *attempt,
            first: first.unwrap_or_default(),
        })
    }

    fn write(
        self: Box<Self>,
        _: &Recording,
        _: &Report,
        _: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        self.table.finish()
    }
}

/// The table.
pub(crate) struct Calls;

/// An attempt, the plan that it is of, and the times to its first tokens.
pub(crate) struct Line<'a> {
    plan: &'a Plan,
    attempt: Attempt<'a>,
    first: Times,
}

impl Line<'_> {
    fn usage(&self) -> Usage {
        let reading = self.attempt.row.reading.as_ref();
        reading.map(|reading| reading.usage).unwrap_or_default()
    }
}

type ColumnOf = Column<Calls>;

impl Table for Calls {
    type Line<'a> = Line<'a>;
    const FILE: &'static str = "calls.csv";
    const LINE: &'static str = "each attempt, in the order of their ends. Times are in milliseconds after \
        the request was handed to the client, token counts as reported";
    const COLUMNS: &'static [Column<Self>] = &[
        ColumnOf::new("model", "Name of the model.", |line| {
            Cell::Text(&line.plan.models[line.attempt.row.place.model as usize].name)
        }),
        ColumnOf::new("task", "Name of the task.", |line| {
            Cell::Text(&line.plan.tasks[line.attempt.task].name)
        }),
        ColumnOf::new("sample", "Identity of the sample within its task.", |line| {
            Cell::Text(line.attempt.sample)
        }),
        ColumnOf::new("epoch", "Repeat of the sample, from 1.", |line| {
            Cell::Count(line.attempt.row.place.epoch.into())
        }),
        ColumnOf::new("call", "Identity of the call.", |line| {
            Cell::word(line.attempt.row.call.to_string())
        }),
        ColumnOf::new("attempt", "Number of the attempt within its call, from 1.", |line| {
            Cell::Count(line.attempt.row.attempt.into())
        }),
        ColumnOf::new("started_at", "When it was sent, UTC.", |line| {
            Cell::word(&*line.attempt.row.started_at)
        }),
        ColumnOf::new(
            "ended_at",
            "When it ended, or was found without an end, UTC.",
            |line| Cell::word(&*line.attempt.row.ended_at),
        ),
        ColumnOf::new("status", "HTTP status.", |line| {
            Cell::count(line.attempt.row.status.map(u64::from))
        }),
        ColumnOf::new(
            "queued_ms",
            "How long the call had been due before it was handed to the client.",
            |line| time(line, |timing| timing.queued),
        ),
        ColumnOf::new("headers_ms", "Response headers complete.", |line| {
            time(line, |timing| timing.headers)
        }),
        ColumnOf::new("first_byte_ms", "First byte of the body.", |line| {
            time(line, |timing| timing.first_byte)
        }),
        ColumnOf::new(
            "ttft_any_ms",
            "First token of any kind: the earlier of the first reasoning and the first part of the answer, or else \
             the first byte; of streamed replies only, as the first byte of a whole one says nothing of tokens.",
            |line| Cell::whole_micros(line.first.first_any),
        ),
        ColumnOf::new(
            "ttft_answer_ms",
            "First part of the answer, of streamed replies only.",
            |line| Cell::whole_micros(line.first.first_answer),
        ),
        ColumnOf::new("end_ms", "Last byte, or failure.", |line| {
            time(line, |timing| Some(timing.end))
        }),
        ColumnOf::new(
            "error",
            "Why it failed, in the words of the endpoint where it had some.",
            |line| match &line.attempt.row.error {
                Some(error) => Cell::Text(&error.message),
                None if line.attempt.row.unknown => Cell::word(UNKNOWN_NOTE),
                None => Cell::Missing,
            },
        ),
        ColumnOf::new("outcome", "How the call ended with it; empty where it did not.", |line| {
            Cell::shown(line.attempt.row.outcome.map(cleanbench_core::Outcome::as_str))
        }),
        ColumnOf::new("prompt_tokens", "Tokens of the prompt.", |line| {
            Cell::count(line.usage().prompt)
        }),
        ColumnOf::new("completion_tokens", "Generated tokens.", |line| {
            Cell::count(line.usage().completion)
        }),
        ColumnOf::new("reasoning_tokens", "Tokens of reasoning among the generated ones.", |line| {
            Cell::count(line.usage().reasoning)
        }),
        ColumnOf::new(
            "cached_tokens",
            "Tokens of the prompt that came from the endpoint's cache.",
            |line| Cell::count(line.usage().cached),
        ),
        ColumnOf::new("cost_usd", "What it cost in US dollars, where usage and price are known.", |line| {
            Cell::shown(line.attempt.row.cost)
        }),
        ColumnOf::new(
            "from_cache",
            "The run in which it was asked, where that was an earlier one: it costs nothing here.",
            |line| Cell::shown(line.attempt.row.cached.as_ref()),
        ),
    ];
}

fn time<'a>(
    line: &Line<'a>,
    of: fn(&cleanbench_core::Timing) -> Option<u64>,
) -> Cell<'a> {
    Cell::whole_micros(line.attempt.row.timing.as_ref().and_then(of))
}
