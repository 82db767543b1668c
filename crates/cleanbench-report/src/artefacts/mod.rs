//! What a report leaves in the run directory: artefacts, each a file of this folder.
//!
//! To add one: a file here with its `MAKER`, and its name in the list of `artefacts!`. A file that is not in
//! the list is not compiled, and a test fails.
//!
//! Invariant: an artefact is a pure function of what the pass hands it, in the order in which it does:
//! attempts in journal order, then rows in plan order, then the whole report.

use std::io::Write;

use cleanbench_ledger::Manifest;
use serde_json::Value;

use crate::attempt::AttemptRow;
use crate::columns::{Table, page};
use crate::findings::Report;
use crate::rows::Row;
use crate::sink::TableSink;
use crate::{Recording, ReportError};

/// An attempt that has ended, with what the journal does not say of it.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) row: &'a AttemptRow,
    /// Position of its task.
    pub(crate) task: usize,
    /// Identity of its sample.
    pub(crate) sample: &'a str,
}

/// Something that a report writes.
pub(crate) trait Artefact {
    /// Takes in an attempt.
    ///
    /// # Errors
    /// When a destination fails.
    fn attempt(&mut self, _attempt: &Attempt<'_>) -> Result<(), ReportError> {
        Ok(())
    }

    /// Takes in a row.
    ///
    /// # Errors
    /// When a destination fails.
    fn row(&mut self, _row: &Row) -> Result<(), ReportError> {
        Ok(())
    }

    /// Writes what is left to be written, into `sink` where it has opened nothing yet.
    ///
    /// # Errors
    /// When a destination fails, or what is wanted of the run cannot be read.
    fn write(
        self: Box<Self>,
        recording: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError>;
}

/// How an artefact comes into being.
pub(crate) struct Maker {
    /// Names of its files.
    files: &'static [&'static str],
    /// Whether a run has it.
    belongs: fn(&Manifest) -> bool,
    begin: Begin,
}

type Begin =
    for<'a> fn(&'a Recording, &mut dyn TableSink) -> Result<Box<dyn Artefact + 'a>, ReportError>;

macro_rules! artefacts {
    ($($name:ident),* $(,)?) => {
        $(pub(crate) mod $name;)*
        const MAKERS: &[Maker] = &[$($name::MAKER),*];
        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

// In the order in which files are named to people and written.
artefacts! {
    results,
    calls,
    summary,
    slices,
    contamination,
    verdicts,
    contamination_document,
    flakes,
    gates,
    junit,
    summary_page,
}

/// Names of all files of the run of `manifest`.
pub(crate) fn files(manifest: &Manifest) -> Vec<&'static str> {
    let makers = MAKERS.iter().filter(|maker| (maker.belongs)(manifest));
    makers.flat_map(|maker| maker.files).copied().collect()
}

/// Names of all files that some run has.
pub(crate) fn every_file() -> impl Iterator<Item = &'static str> {
    MAKERS.iter().flat_map(|maker| maker.files).copied()
}

/// The artefacts of a run while it is read.
pub(crate) struct Artefacts<'a>(Vec<Box<dyn Artefact + 'a>>);

impl<'a> Artefacts<'a> {
    /// Those of `recording`, ready to be fed.
    ///
    /// # Errors
    /// When `sink` fails, or the run's copy of its baseline is damaged.
    pub(crate) fn begin(
        recording: &'a Recording,
        sink: &mut dyn TableSink,
    ) -> Result<Self, ReportError> {
        let makers = MAKERS.iter();
        let makers = makers.filter(|maker| (maker.belongs)(&recording.manifest));
        let begun = makers.map(|maker| (maker.begin)(recording, sink));
        begun.collect::<Result<_, _>>().map(Self)
    }

    /// Hands them an attempt.
    ///
    /// # Errors
    /// When one of them fails.
    pub(crate) fn attempt(&mut self, attempt: &Attempt<'_>) -> Result<(), ReportError> {
        let mut all = self.0.iter_mut();
        all.try_for_each(|artefact| artefact.attempt(attempt))
    }

    /// Hands them a row.
    ///
    /// # Errors
    /// When one of them fails.
    pub(crate) fn row(&mut self, row: &Row) -> Result<(), ReportError> {
        let mut all = self.0.iter_mut();
        all.try_for_each(|artefact| artefact.row(row))
    }

    /// Writes all of them.
    ///
    /// # Errors
    /// When one of them fails.
    pub(crate) fn write(
        self,
        recording: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        let mut all = self.0.into_iter();
        all.try_for_each(|artefact| artefact.write(recording, report, sink))
    }
}

/// An artefact that is drawn from the whole report alone.
#[expect(clippy::unnecessary_wraps, reason = "the form of all that begin one")]
fn when_done<'a, A: Artefact + Default + 'static>(
    _: &'a Recording,
    _: &mut dyn TableSink,
) -> Result<Box<dyn Artefact + 'a>, ReportError> {
    Ok(Box::new(A::default()))
}

/// Every run has it.
fn always(_: &Manifest) -> bool {
    true
}

/// A run with probes has it.
fn is_probed(manifest: &Manifest) -> bool {
    let mut tasks = manifest.plan.tasks.iter();
    tasks.any(|task| task.probe.is_some())
}

/// Runs have it that were planned since there is such a thing.
fn is_told_to_build_servers(manifest: &Manifest) -> bool {
    manifest.plan.tables >= 2
}

/// Writes `value` for programs, and for people who look into the file.
fn write_json(value: &Value, mut out: impl Write) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut out, value).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    // A buffer that is dropped keeps its error to itself.
    Ok(out.flush()?)
}

/// What is told of the columns of a file.
struct Described {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "what a test compares the artefacts with")
    )]
    file: &'static str,
    text: String,
}

fn described<T: Table>() -> Described {
    Described {
        file: T::FILE,
        text: page::<T>(),
    }
}

fn tables() -> [Described; 6] {
    [
        described::<results::Results>(),
        described::<calls::Calls>(),
        described::<summary::SummaryTable>(),
        described::<slices::Slices>(),
        described::<contamination::Findings>(),
        described::<flakes::Flakes>(),
    ]
}

/// The page about the columns of all tables, in Markdown: `docs/format/columns.md`.
pub fn columns_page() -> String {
    let start = include_str!("columns_page_start.md").to_owned();
    let parts = tables().into_iter().map(|table| table.text);
    [start].into_iter().chain(parts).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::columns::check;

    /// Takes everything and keeps it, but finds no room in the end.
    pub(super) struct Full;

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn json_that_finds_no_room_in_the_end_is_an_error() {
        assert!(write_json(&Value::Null, Full).is_err());
    }

    #[test]
    fn every_file_of_this_folder_is_in_the_list() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/artefacts");
        let entries = fs_err::read_dir(folder).unwrap();
        let stem = |entry: std::io::Result<fs_err::DirEntry>| {
            let path = entry.unwrap().path();
            path.file_stem().unwrap().to_str().unwrap().to_owned()
        };
        let mut found: Vec<_> = entries
            .map(stem)
            .filter(|stem| stem != "mod" && !stem.starts_with("columns_page"))
            .collect();
        found.sort();
        let mut listed = NAMES.to_vec();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }

    fn is_csv(file: &str) -> bool {
        std::path::Path::new(file)
            .extension()
            .is_some_and(|kind| kind == "csv")
    }

    #[test]
    fn every_csv_file_is_on_the_page() {
        let files = MAKERS.iter().flat_map(|maker| maker.files);
        let mut drawn: Vec<_> = files.filter(|file| is_csv(file)).collect();
        drawn.sort_unstable();
        let described = tables();
        let mut described: Vec<_> = described.iter().map(|table| &table.file).collect();
        described.sort_unstable();
        assert_eq!(drawn, described);
    }

    #[test]
    fn no_column_moves_another_one_and_each_is_explained() {
        check::<results::Results>();
        check::<calls::Calls>();
        check::<summary::SummaryTable>();
        check::<slices::Slices>();
        check::<contamination::Findings>();
        check::<flakes::Flakes>();
    }

    fn page_path() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/format/columns.md")
    }

    #[test]
    fn the_page_about_columns_is_what_the_tables_give() {
        let committed = fs_err::read_to_string(page_path()).unwrap_or_default();
        assert!(
            committed == columns_page(),
            "docs/format/columns.md is out of date; write it anew with:\n    \
             cargo test -p cleanbench-report write_the_page_about_columns -- --ignored"
        );
    }

    #[test]
    #[ignore = "writes docs/format/columns.md"]
    fn write_the_page_about_columns() {
        fs_err::create_dir_all(page_path().parent().unwrap()).unwrap();
        fs_err::write(page_path(), columns_page()).unwrap();
    }
}
