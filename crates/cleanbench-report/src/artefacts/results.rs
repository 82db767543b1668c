//! `results.csv`: one line a call of the plan, in plan order, with what follows from the answers alone.

use std::io::Write;

use cleanbench_ledger::Plan;
use serde_json::Value;

use super::{Artefact, Maker, always};
use crate::columns::{Cell, Column, CsvTable, Table};
use crate::findings::Report;
use crate::rows::{Answer, Belongs, Row};
use crate::sink::TableSink;
use crate::{Recording, ReportError, cell};

pub(super) const MAKER: Maker = Maker {
    files: &[Results::FILE],
    belongs: always,
    begin: |recording, sink| {
        let plan = &recording.manifest.plan;
        let table = CsvTable::new(sink.open(Results::FILE)?, plan.tables)?;
        Ok(Box::new(ResultsFile { plan, table }))
    },
};

struct ResultsFile<'a> {
    plan: &'a Plan,
    table: CsvTable<Results, Box<dyn Write>>,
}

impl Artefact for ResultsFile<'_> {
    fn row(&mut self, row: &Row) -> Result<(), ReportError> {
        let plan = self.plan;
        self.table.line(&Line { plan, row })
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
pub(crate) struct Results;

/// A call and the plan that it is of.
pub(crate) struct Line<'a> {
    plan: &'a Plan,
    row: &'a Row,
}

type ColumnOf = Column<Results>;

impl Table for Results {
    type Line<'a> = Line<'a>;
    const FILE: &'static str = "results.csv";
    const LINE: &'static str = "each call of the plan, in the order of models, samples and epochs; \
        the same bytes for the same answers, whatever the concurrency";
    const COLUMNS: &'static [Column<Self>] = &[
        ColumnOf::new("model", "Name of the model.", |line| {
            Cell::Text(&line.plan.models[line.row.place.model as usize].name)
        }),
        ColumnOf::new("task", "Name of the task.", |line| {
            Cell::Text(&line.plan.tasks[line.row.task].name)
        }),
        ColumnOf::new("sample", "Identity of the sample within its task.", |line| {
            Cell::Text(&line.row.sample)
        }),
        ColumnOf::new("epoch", "Repeat of the sample, from 1.", |line| {
            Cell::Count(line.row.place.epoch.into())
        }),
        ColumnOf::new(
            "outcome",
            "How the call ended: `answered`, `refused`, `censored`, `unsupported`, `exhausted` or `skipped`; \
             `open` while it has not, `not_in_shard` where another shard makes it.",
            |line| Cell::word(line.row.how()),
        ),
        ColumnOf::new(
            "finish",
            "Why the model stopped writing, in its own word where that is not a known one.",
            |line| Cell::text(line.row.reading.as_ref().map(|reading| reading.finish.as_str())),
        ),
        ColumnOf::new("scorer", "The first scorer of the task, or its probe.", |line| {
            let mut judges = line.plan.tasks[line.row.task].judges();
            judges.next().map_or(Cell::Missing, |name| Cell::word(name.into_owned()))
        }),
        ColumnOf::new("score", "What the first scorer gives, from 0 to 1.", |line| {
            Cell::number(line.row.scores.first().map(|score| score.value))
        }),
        ColumnOf::new(
            "extraction_failure",
            "Why the scorer found nothing to judge in the answer.",
            |line| {
                let score = line.row.scores.first();
                Cell::text(score.and_then(|score| score.extraction_failure.as_deref()))
            },
        ),
        ColumnOf::new(
            "answer",
            "What the first scorer took for the answer, at most 200 characters of it; `[erased]` where reply or \
             sample were erased.",
            |line| match &line.row.answer {
                Answer::Text(answer) => Cell::Text(answer),
                Answer::Drawn(cell) => Cell::Word(cell.as_str().into()),
                Answer::None => Cell::Missing,
                Answer::Erased => Cell::word("[erased]"),
            },
        ),
        ColumnOf::new(
            "other_scores",
            "What the other scorers give, as `scorer=score` with spaces between.",
            |line| other_scores(line.plan, line.row),
        ),
        ColumnOf::new(
            "input_digest",
            "Keyed digest of what the model saw of the sample, as in `samples.jsonl`.",
            |line| Cell::Digest(line.row.input_digest),
        )
        .since(2),
        ColumnOf::new(
            "sample_digest",
            "Keyed digest of the whole sample with its target, as in `samples.jsonl`.",
            |line| Cell::Digest(line.row.sample_digest),
        )
        .since(2),
        ColumnOf::new(
            "cluster",
            "The samples that this one hangs together with; empty where it was erased.",
            |line| Cell::text(line.row.belongs.cluster.as_deref()),
        )
        .since(2),
        ColumnOf::new(
            "slices",
            "Values of the sample in the fields that its task reports by, as a JSON object; empty where it was \
             erased.",
            |line| slices(&line.row.belongs),
        )
        .since(2),
        ColumnOf::new(
            "rule",
            "The rule by which the first scorer read the answer; empty where it read none, or has no rules.",
            |line| {
                let score = line.row.scores.first();
                Cell::text(score.and_then(|score| score.rule.as_deref()))
            },
        )
        .since(6),
        ColumnOf::new(
            "measure",
            "Of an answer to a probe, how much of what was asked for is in it: the share of the words that the prompt does \
             not hold, or by how many nats a token a wording is likelier than others; empty where it says nothing.",
            |line| {
                let score = line.row.scores.first();
                Cell::number(score.and_then(|score| score.measure))
            },
        )
        .since(8),
    ];
}

fn other_scores(plan: &Plan, row: &Row) -> Cell<'static> {
    let scorers = plan.tasks[row.task].judges();
    let others = scorers.zip(&row.scores).skip(1);
    let others = others.map(|(scorer, score)| format!("{scorer}={}", score.value));
    Cell::word(others.collect::<Vec<_>>().join(" "))
}

fn slices(belongs: &Belongs) -> Cell<'static> {
    if belongs.slices.is_empty() {
        return Cell::Missing;
    }
    let pairs = belongs.slices.iter();
    let pairs = pairs.map(|(field, value)| (field.clone(), Value::from(cell::safe(value))));
    Cell::word(Value::Object(pairs.collect()).to_string())
}
