//! `cleanbench import`: the log of another harness as a run, its questions as a suite.
//!
//! It refuses to write over anything: a run is a folder of its own, and the suite's folder must not be there. Runs that
//! are imported into one output folder are under one key, so that they pair.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cleanbench_core::Exit;
use cleanbench_engine::Answers;
use cleanbench_import::{ErrorKind, ImportError, Imported, read, recorded, suite_files};
use cleanbench_ledger::manifest::{ImportedPlan, ImportedSource};
use cleanbench_model::Endpoint;
use cleanbench_plan::earlier_run::{EarlierRun, ImportedLog};
use cleanbench_plan::options::RunOptions;
use cleanbench_plan::suite::LoadedSuite;
use cleanbench_plan::suite_key;
use cleanbench_suite::suite_key_path;

use crate::arguments::ImportArguments;
use crate::conduct::Conduct;
use crate::failure::Failure;
use crate::grant_arguments::GrantArguments;
use crate::imported::ImportedAnswers;
use crate::printer::Printer;
use crate::session::{self, Session};
use crate::starting::{load, start};
use crate::suite_folder;

/// The key of all runs that are imported into a folder, in that folder.
const KEY: &str = "imported.key";

/// Imports what was named.
pub(super) fn import(arguments: &ImportArguments, printer: Printer) -> Result<Exit, Failure> {
    let imported = read(&arguments.paths)?;
    let suite = Written::of(&imported, arguments)?;
    if let Some(folder) = &suite.kept {
        printer.say(format!(
            "suite: {}; its scorers are this program's choice, see {}/suite.toml",
            folder.display(),
            folder.display()
        ));
        let replaced = imported.tasks.iter();
        for what in replaced.filter_map(|task| task.replaced.as_ref()) {
            crate::printer::warn(what);
        }
    }
    if !imported.is_run() {
        return Ok(say_suite(&imported, &suite, printer));
    }
    run(&imported, &suite, arguments, printer)
}

fn say_suite(imported: &Imported, suite: &Written, printer: Printer) -> Exit {
    for what in &imported.cannot_tell {
        crate::printer::warn(what);
    }
    let folder = suite.folder.display();
    printer.say(format!("look at it: cleanbench check {folder}"));
    Exit::Done
}

/// A suite that was written down.
struct Written {
    folder: PathBuf,
    /// The same, where the user is to have it.
    kept: Option<PathBuf>,
    /// What takes it away again where not.
    _temporary: Option<tempfile::TempDir>,
}

impl Written {
    fn of(imported: &Imported, arguments: &ImportArguments) -> Result<Self, Failure> {
        let named = arguments.suite_out.clone();
        let wanted = named.or_else(|| (!imported.is_run()).then(|| PathBuf::from(&imported.name)));
        let files = suite_files(imported);
        let share = |folder: &Path| {
            let is_run = imported.is_run();
            if is_run {
                share_key(&arguments.out.out, folder)?;
            }
            Ok(())
        };
        let (folder, temporary) = if let Some(folder) = &wanted {
            refuse_present(folder)?;
            suite_folder::write(folder, &files, || share(folder))?;
            (folder.clone(), None)
        } else {
            let temporary = tempfile::tempdir()?;
            suite_folder::put_all(temporary.path(), &files)?;
            share(temporary.path())?;
            (temporary.path().to_owned(), Some(temporary))
        };
        Ok(Self {
            folder,
            kept: wanted,
            _temporary: temporary,
        })
    }
}

fn refuse_present(folder: &Path) -> Result<(), Failure> {
    if folder.symlink_metadata().is_err() {
        return Ok(());
    }
    let folder = folder.display();
    let what = format!("`{folder}` is there already, and nothing is written over");
    Err(Failure::new(Exit::CannotWrite, what).hint("name another folder with `--suite-out DIR`"))
}

/// Puts the key of the output folder `out` into the suite's `folder`; makes one on first use.
fn share_key(out: &Path, folder: &Path) -> Result<(), Failure> {
    let key = out.join(KEY);
    if key.symlink_metadata().is_err() {
        fs_err::create_dir_all(out)?;
        suite_key::make(&key)?;
    }
    let opened = cleanbench_files::open_named(&key, cleanbench_files::Limit::bytes(4_096));
    let bytes = opened.and_then(cleanbench_files::Opened::read_whole);
    let bytes = bytes.map_err(|error| Failure::new(Exit::ConfigInvalid, error))?;
    Ok(suite_folder::put(&suite_key_path(folder), &bytes)?)
}

/// Makes a run of what the models of `imported` answered.
fn run(
    imported: &Imported,
    suite: &Written,
    arguments: &ImportArguments,
    printer: Printer,
) -> Result<Exit, Failure> {
    let mut loaded = load(Some(&suite.folder), &GrantArguments::default())?;
    judge_as_recorded(&mut loaded, imported);
    let earlier = EarlierRun::imported(ImportedLog {
        plan: plan(imported),
        endpoints: endpoints(imported)?,
    });
    let options = RunOptions {
        out: arguments.out.out.clone(),
        ..RunOptions::default()
    };
    let started = start(&options, &earlier, &loaded, Vec::new(), printer)?;
    let answers = ImportedAnswers::of(imported);
    let answers = answers.map_err(|error| Failure::new(Exit::Internal, error))?;
    let answers: Arc<dyn Answers> = Arc::new(answers);
    let session = Session {
        endpoints: &started.endpoints,
        source: None,
        imported: Some(&answers),
        conduct: Conduct::of_recorded(arguments.out.format),
        told: &started.told,
        printer,
    };
    let folder = started.opened.run.path().display().to_string();
    let exit = session::run(started.opened, session)?;
    say_next(imported, suite, &folder, printer);
    Ok(exit)
}

fn say_next(imported: &Imported, suite: &Written, folder: &str, printer: Printer) {
    if imported.agreeing > 0 {
        printer.say(format!(
            "{} of {} results that the log states are those of its samples",
            imported.agreeing,
            imported.agreeing + imported.differences.len()
        ));
    }
    let next = match imported.models.len() {
        1 => format!("compare it with another import: cleanbench compare {folder} OTHER"),
        _ => format!("compare its models: cleanbench compare {folder}"),
    };
    printer.say(next);
    let suite = suite.kept.as_ref().map_or_else(
        || "SUITE (import again with `--suite-out SUITE`)".to_owned(),
        |suite| suite.display().to_string(),
    );
    printer.say(format!(
        "judge the same answers by this program, also to compare them with a run of the suite: cleanbench score {folder} {suite}"
    ));
}

/// Whatever the suite judges by, the run has the scores of the log.
fn judge_as_recorded(loaded: &mut LoadedSuite, imported: &Imported) {
    for task in &mut loaded.suite.tasks {
        let found = imported.tasks.iter().find(|one| one.name == task.name);
        if let Some(found) = found {
            task.scorers = recorded(found);
        }
    }
}

fn endpoints(imported: &Imported) -> Result<Vec<Endpoint>, Failure> {
    let each = imported.models.iter();
    let each = each.map(|model| Endpoint::imported(&model.name, model.form));
    let all: Result<Vec<_>, _> = each.collect();
    all.map_err(|error| Failure::config(&[error]))
}

fn plan(imported: &Imported) -> ImportedPlan {
    let sources = imported.sources.iter().map(|source| ImportedSource {
        file: source.file.clone(),
        digest: source.digest,
    });
    ImportedPlan {
        tool: imported.tool.clone(),
        format: imported.format.clone(),
        sources: sources.collect(),
        cannot_tell: imported.cannot_tell.clone(),
        differences: imported.differences.clone(),
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let exit = match error.kind {
            ErrorKind::Unreadable => Exit::Usage,
            ErrorKind::Unknown | ErrorKind::Damaged | ErrorKind::Refused => Exit::SuiteInvalid,
        };
        let failure = Self::new(exit, &error.message);
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
