//! `slices.csv`: scores by the values of the fields that a task names.

use super::{Artefact, Maker, when_done};
use crate::columns::{CONFIDENCE, Cell, Column, CsvTable, Table};
use crate::findings::Report;
use crate::summary::{SliceRow, Summary, SummaryRow};
use crate::sink::TableSink;
use crate::{Recording, ReportError};

pub(super) const MAKER: Maker = Maker {
    files: &[Slices::FILE],
    belongs: |manifest| {
        let mut tasks = manifest.plan.tasks.iter();
        tasks.any(|task| !task.slices.is_empty())
    },
    begin: when_done::<SlicesFile>,
};

#[derive(Default)]
struct SlicesFile;

impl Artefact for SlicesFile {
    fn write(
        self: Box<Self>,
        recording: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        let out = sink.open(Slices::FILE)?;
        let mut table = CsvTable::<Slices, _>::new(out, recording.manifest.plan.tables)?;
        let mut lines = report.summary.slices.iter();
        lines.try_for_each(|slice| table.line(&Line::of(&report.summary, slice)))?;
        table.finish()
    }
}

/// The table.
pub(crate) struct Slices;

/// A slice, and the line of its whole task.
pub(crate) struct Line<'a> {
    row: &'a SummaryRow,
    slice: &'a SliceRow,
}

impl<'a> Line<'a> {
    fn of(summary: &'a Summary, slice: &'a SliceRow) -> Self {
        let row = &summary.rows[slice.line];
        Self { row, slice }
    }
}

type ColumnOf = Column<Slices>;

impl Table for Slices {
    type Line<'a> = Line<'a>;
    const FILE: &'static str = "slices.csv";
    const LINE: &'static str = "each model, task, field and value that a sample with a score has. Intervals \
        are each for itself, not corrected for their number";
    const COLUMNS: &'static [Column<Self>] = &[
        ColumnOf::new("model", "Name of the model.", |line| Cell::Text(&line.row.model)),
        ColumnOf::new("task", "Name of the task.", |line| Cell::Text(&line.row.task)),
        ColumnOf::new("scorer", "The scorer whose score this is.", |line| {
            Cell::word(&*line.row.scorer)
        }),
        ColumnOf::new("reducer", "How the scores of a sample's epochs become its score.", |line| {
            Cell::word(line.row.reducer.to_string())
        }),
        ColumnOf::new("field", "The field of the samples' metadata.", |line| {
            Cell::Text(&line.slice.field)
        }),
        ColumnOf::new("value", "Their value in it.", |line| Cell::Text(&line.slice.value)),
        ColumnOf::new("n", "Samples with a score.", |line| {
            Cell::Count(line.slice.estimated.n)
        }),
        ColumnOf::new("score", "Mean over them, from 0 to 1.", |line| {
            Cell::number(line.slice.estimated.score)
        }),
        ColumnOf::new("interval_low", "Lower end of its interval.", |line| {
            Cell::number(line.slice.estimated.interval.map(|interval| interval.low))
        }),
        ColumnOf::new("interval_high", "Upper end of its interval.", |line| {
            Cell::number(line.slice.estimated.interval.map(|interval| interval.high))
        }),
        ColumnOf::new("confidence", "Confidence of the interval.", |line| {
            let interval = line.slice.estimated.interval;
            interval.map_or(Cell::Missing, |_| CONFIDENCE)
        }),
        ColumnOf::new(
            "method",
            "How the interval was computed, or why there is none.",
            |line| Cell::shown(line.slice.estimated.method),
        ),
        ColumnOf::new(
            "clusters",
            "Clusters of samples, a sample without one being its own; 0 where no sample names one.",
            |line| Cell::Count(line.slice.estimated.clusters),
        ),
    ];
}
