//! `cleanbench export`: a run in the format of another harness.
//!
//! It refuses to write over anything. Samples leave the run directory with it, answers and targets too.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use cleanbench_core::Exit;
use cleanbench_files::{Mode, create_new};
use cleanbench_import::{Exported, ExportedFile, every_eval_ever, inspect};
use cleanbench_ledger::directory;
use cleanbench_report::Recording;
use cleanbench_study::exported::exported;

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
    let run = Exported {
        run: exported(&recording)?,
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
    Ok(Exit::Done)
}

/// Writes the only file as `output`, or several into it.
fn write(files: &[ExportedFile], output: &Path) -> Result<Vec<PathBuf>, Failure> {
    if output.symlink_metadata().is_ok() {
        let what = format!(
            "`{}` is there already, and nothing is written over",
            output.display()
        );
        return Err(Failure::new(Exit::CannotWrite, what).hint("name another with `-o PATH`"));
    }
    let paths: Vec<_> = match files {
        [] => {
            let what = "the run has no answers to write";
            return Err(Failure::new(Exit::NothingSelected, what));
        }
        [_] => vec![output.to_owned()],
        several if output.extension().is_some() => return Err(too_many(several.len(), output)),
        several => several.iter().map(|file| output.join(&file.name)).collect(),
    };
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

fn too_many(count: usize, output: &Path) -> Failure {
    let what = format!(
        "the run comes to {count} files, and `{}` looks like one",
        output.display()
    );
    Failure::new(Exit::Usage, what).hint("name a folder with `-o DIR`")
}
