//! `flakes.csv`: samples that do not come out the same each time. Runs of tables of version 1 have none.

use cleanbench_ledger::Plan;

use super::{Artefact, Maker, when_done};
use crate::columns::{Cell, Column, CsvTable, Table};
use crate::flakes::Flake;
use crate::findings::Report;
use crate::sink::TableSink;
use crate::{Recording, ReportError};

pub(super) const MAKER: Maker = Maker {
    files: &[Flakes::FILE],
    belongs: |manifest| manifest.plan.tables > 1,
    begin: when_done::<FlakesFile>,
};

#[derive(Default)]
struct FlakesFile;

impl Artefact for FlakesFile {
    fn write(
        self: Box<Self>,
        recording: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        let plan = &recording.manifest.plan;
        let mut table = CsvTable::<Flakes, _>::new(sink.open(Flakes::FILE)?, plan.tables)?;
        let mut flakes = report.flakes.iter();
        flakes.try_for_each(|flake| table.line(&Line { plan, flake }))?;
        table.finish()
    }
}

/// The table.
pub(crate) struct Flakes;

/// A flake and the plan that it is of.
pub(crate) struct Line<'a> {
    plan: &'a Plan,
    flake: &'a Flake,
}

type ColumnOf = Column<Flakes>;

impl Table for Flakes {
    type Line<'a> = Line<'a>;
    const FILE: &'static str = "flakes.csv";
    const LINE: &'static str = "each model, sample and kind of flake";
    const COLUMNS: &'static [Column<Self>] = &[
        ColumnOf::new("model", "Name of the model.", |line| {
            Cell::Text(&line.plan.models[line.flake.model].name)
        }),
        ColumnOf::new("task", "Name of the task.", |line| {
            Cell::Text(&line.plan.tasks[line.flake.task].name)
        }),
        ColumnOf::new("sample", "Identity of the sample within its task.", |line| {
            Cell::Text(&line.flake.sample)
        }),
        ColumnOf::new(
            "kind",
            "What is to blame: `model`, `infrastructure` or `scorer`.",
            |line| Cell::word(line.flake.kind.as_str()),
        ),
        ColumnOf::new("detail", "What was seen.", |line| {
            Cell::word(&*line.flake.detail)
        }),
    ];
}
