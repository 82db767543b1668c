//! `cleanbench export`: a run in the format of another harness.
//!
//! It refuses to write over anything. Samples leave the run directory with it, answers and targets too.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cleanbench_core::Exit;
use cleanbench_files::{Mode, create_new};
use cleanbench_import::{Exported, ExportedFile, every_eval_ever, has_no_score, inspect, left_out};
use cleanbench_ledger::directory;
use cleanbench_report::Recording;
use cleanbench_study::exported::{Outgoing, exported};

use crate::arguments::{ExportArguments, ExportFormat};
use crate::failure::Failure;
use crate::printer;

/// Writes a run down as others have it.
pub(super) fn export(arguments: &ExportArguments) -> Result<Exit, Failure> {
    let run = directory::find(&arguments.runs, &arguments.run)?;
    let recording = Recording::open(run)?;
    let plan = &recording.manifest.plan;
    let created: Option<jiff::Timestamp> = plan.created.parse().ok();
    let seconds = created.and_then(|created| u64::try_from(created.as_second()).ok());
    let Outgoing { run, absent } = exported(&recording)?;
    let run = Exported {
        run,
        absent,
        id: recording.manifest.run.to_string(),
        created: plan.created.clone(),
        created_seconds: seconds.unwrap_or_default(),
        tool: plan.tool.clone(),
        suite: plan.suite.digest,
    };
    let files = match arguments.format {
        ExportFormat::Inspect => inspect(&run)?,
        ExportFormat::EveryEvalEver => every_eval_ever(&run),
    };
    for path in write(&files, &arguments.output)? {
        printer::result(format!("wrote {}", path.display()));
    }
    tell_left_out(&run, arguments.format);
    Ok(Exit::Done)
}

/// Says what is not in the files, so that nobody counts it as wrong or forgets it.
fn tell_left_out(run: &Exported, format: ExportFormat) {
    let unscored = match format {
        ExportFormat::Inspect => Vec::new(),
        ExportFormat::EveryEvalEver => has_no_score(run),
    };
    for what in unscored.iter().chain(&left_out(run)) {
        printer::warn(what);
    }
}

/// Writes the files where `output` says; none if one is there already.
fn write(files: &[ExportedFile], output: &Path) -> Result<Vec<PathBuf>, Failure> {
    let paths = places(files, output)?;
    if let Some(taken) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        let what = format!(
            "`{}` is there already, and nothing is written over",
            taken.display()
        );
        return Err(Failure::new(Exit::CannotWrite, what).hint("name another with `-o PATH`"));
    }
    for (file, path) in files.iter().zip(&paths) {
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        create_new(path, Mode::Owner)
            .map_err(std::io::Error::from)?
            .write_all(&file.bytes)?;
    }
    Ok(paths)
}

/// Where each file goes: the only one to `output` where that ends as it has to, else all into the folder `output`.
fn places(files: &[ExportedFile], output: &Path) -> Result<Vec<PathBuf>, Failure> {
    let [first, others @ ..] = files else {
        let what = "the run has no answers to write";
        return Err(Failure::new(Exit::NothingSelected, what));
    };
    let ending = Path::new(&first.name).extension();
    let is_folder = output.is_dir() || output.as_os_str().as_encoded_bytes().ends_with(b"/");
    match output.extension().filter(|_| !is_folder) {
        None => Ok(files.iter().map(|file| output.join(&file.name)).collect()),
        found if found != ending => Err(other_ending(output, ending)),
        Some(_) if others.is_empty() => Ok(vec![output.to_owned()]),
        Some(_) => Err(too_many(files.len(), output)),
    }
}

fn other_ending(output: &Path, ending: Option<&OsStr>) -> Failure {
    let ending = ending.unwrap_or_default().to_string_lossy();
    let what = format!(
        "`{}` looks like a file that does not end in `.{ending}`, and no program would know it",
        output.display()
    );
    Failure::new(Exit::Usage, what).hint(format!("end it in `.{ending}`, or in `/` for a folder"))
}

fn too_many(count: usize, output: &Path) -> Failure {
    let what = format!(
        "the run comes to {count} files, and `{}` looks like one",
        output.display()
    );
    Failure::new(Exit::Usage, what).hint("name a folder with `-o DIR/`")
}
