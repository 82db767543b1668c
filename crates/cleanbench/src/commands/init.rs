//! `cleanbench init`: a suite to start from, and a job for a build server; or a suite of recorded chats.
//!
//! It refuses to touch a file that is there, unless it is told to, and to write through a folder that is a link; a suite's key is never replaced,
//! because no earlier run would pair with a later one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cleanbench_core::Exit;
use cleanbench_files::{FileError, Mode, Roots};
use cleanbench_plan::suite_key;
use cleanbench_plan::trust::MODELS_FILE;
use cleanbench_suite::suite_key_path;

use super::from_logs;
use crate::arguments::DEFAULT_OUT;
use crate::ci_arguments::{BuildServer, InitArguments};
use crate::environment::trust;
use crate::failure::Failure;
use crate::printer::{self, Printer};
use crate::starting::made_key;

/// The suite's folder, within the folder that is set up.
const SUITE: &str = "suite";

const SUITE_FILES: [(&str, &str); 4] = [
    (
        "suite/suite.toml",
        include_str!("../../templates/suite.toml"),
    ),
    (
        "suite/models.toml",
        include_str!("../../templates/models.toml"),
    ),
    (
        "suite/data.jsonl",
        include_str!("../../templates/data.jsonl"),
    ),
    // Run directories hold samples and answers, and do not belong into a repository.
    ("reports/.gitignore", "*\n"),
];

const GITHUB: (&str, &str) = (
    ".github/workflows/cleanbench.yml",
    include_str!("../../templates/github.yml"),
);
const GITLAB: (&str, &str) = (".gitlab-ci.yml", include_str!("../../templates/gitlab.yml"));

/// Writes the files and says what to do next.
pub(super) fn init(arguments: &InitArguments, printer: Printer) -> Result<Exit, Failure> {
    let dir = arguments.dir.clone().unwrap_or_default();
    if !arguments.from_logs.is_empty() {
        return from_logs::write(arguments, &dir, SUITE, printer);
    }
    let job = arguments.ci.map(|server| match server {
        BuildServer::Github => GITHUB,
        BuildServer::Gitlab => GITLAB,
    });
    let files: Vec<_> = SUITE_FILES.into_iter().chain(job).collect();
    refuse_linked(&dir, &files)?;
    if !arguments.force {
        refuse_present(&dir, &files)?;
    }
    for (name, text) in &files {
        write(&dir, name, text)?;
        printer::result(format!("wrote {}", dir.join(name).display()));
    }
    trust_written(&dir);
    let key = suite_key_path(&dir.join(SUITE));
    if !key.exists() {
        suite_key::make(&key)?;
        printer.say(made_key(&key, None));
    }
    let suite = dir.join(SUITE);
    printer.say(format!("try it: cleanbench run {}", suite.display()));
    if let Some((name, _)) = job {
        printer.say(format!(
            "read the beginning of {} before it runs; commit it with the suite and its suite.key",
            dir.join(name).display()
        ));
    }
    Ok(Exit::Done)
}

/// Trusts the models file as it was written, as its author does. Where that cannot be kept, the file asks for nothing
/// that would need it.
fn trust_written(dir: &Path) {
    let own = format!("{SUITE}/{MODELS_FILE}");
    let written = SUITE_FILES.iter().find(|(name, _)| *name == own);
    if let Some((_, text)) = written {
        drop(trust().add(&dir.join(SUITE), &[(MODELS_FILE, text.as_bytes())]));
    }
}

/// Names every file that is in the way, not only the first.
fn refuse_present(dir: &Path, files: &[(&str, &str)]) -> Result<(), Failure> {
    let paths = files.iter().map(|(name, _)| dir.join(name));
    let present = paths.filter(|path| path.symlink_metadata().is_ok());
    let messages: Vec<_> = present
        .map(|path| format!("`{}` is there already", path.display()))
        .collect();
    if messages.is_empty() {
        return Ok(());
    }
    Err(Failure::of_all(Exit::CannotWrite, messages)
        .hint("nothing was written; name another folder, or replace these files with `--force`"))
}

/// Refuses folders that are links, even where files may be replaced: whoever sent the folder says where they lead.
fn refuse_linked(dir: &Path, files: &[(&str, &str)]) -> Result<(), Failure> {
    let folders: BTreeSet<_> = files
        .iter()
        .flat_map(|(name, _)| folders_of(name))
        .collect();
    let is_link = |path: &PathBuf| path.symlink_metadata().is_ok_and(|kind| kind.is_symlink());
    let linked = folders.iter().map(|folder| dir.join(folder));
    let messages: Vec<_> = linked
        .filter(is_link)
        .map(|path| format!("`{}` is a link, not a folder", path.display()))
        .collect();
    if messages.is_empty() {
        return Ok(());
    }
    Err(Failure::of_all(Exit::CannotWrite, messages)
        .hint("nothing was written; name another folder, or remove the link"))
}

/// The folders within the folder that is set up in which the file `name` lies, the outermost first.
fn folders_of(name: &str) -> Vec<&Path> {
    let above = Path::new(name).ancestors().skip(1);
    let mut folders: Vec<_> = above.filter(|path| !path.as_os_str().is_empty()).collect();
    folders.reverse();
    folders
}

/// Writes the file `name` in the folder `dir`, with the folders in which it lies, and follows no link out of it.
fn write(dir: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let written = write_within(dir, name, text);
    written.map_err(|error| Failure::new(Exit::CannotWrite, error))
}

fn write_within(dir: &Path, name: &str, text: &str) -> std::io::Result<()> {
    if !dir.as_os_str().is_empty() {
        fs_err::create_dir_all(dir)?;
    }
    let roots = Roots::new(dir)?;
    for folder in folders_of(name) {
        // Runs are private, whatever the umask; a suite is for those who work on it.
        let is_for_runs = folder.starts_with(DEFAULT_OUT);
        let mode = if is_for_runs {
            Mode::Owner
        } else {
            Mode::Shared
        };
        match roots.create_folder(folder, mode) {
            Err(FileError::There { .. }) => {}
            made => made.map_err(|error| error.named(&dir.join(folder)))?,
        }
    }
    let replaced = roots.replace(Path::new(name), text.as_bytes(), Mode::Shared);
    Ok(replaced.map_err(|error| error.named(&dir.join(name)))?)
}
