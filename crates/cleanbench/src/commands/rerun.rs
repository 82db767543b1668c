//! `cleanbench rerun`: put some samples of a run again, picked by what the run says of them.
//!
//! Calls that got no answer are asked again in the run itself, as by `run --resume RUN --retry-errors`:
//! nothing was decided by their result. Whatever else is picked goes into a run of its own, so that first
//! and second results never mix.

use std::collections::HashMap;

use cleanbench_core::{Digest, DigestKey, Exit};
use cleanbench_ledger::manifest::{Missing, Only, SelectionPlan};
use cleanbench_ledger::replay::SampleName;
use cleanbench_ledger::{LedgerError, Manifest, RunDirectory, SampleRows, directory};
use cleanbench_report::Recording;
use cleanbench_report::rerun::{beside, failed, flaky};
use cleanbench_report::verify::KEY_FILE;
use cleanbench_suite::Suite;

use super::basis::{Basis, Narrowed};
use super::run;
use super::selection::{Selected, load_suite, select};
use crate::arguments::{Format, RerunArguments, RerunOnly, RunArguments};
use crate::failure::Failure;
use crate::replaying::Source;
use crate::talk::{self, Talk};
use crate::{rerun_table, session};

/// Puts some samples of a run again.
pub(super) fn rerun(arguments: &RerunArguments, talk: Talk) -> Result<Exit, Failure> {
    match arguments.only {
        RerunOnly::Errors => errors(arguments, talk),
        RerunOnly::Failed => picked(arguments, Only::Failed, talk),
        RerunOnly::Flaky => picked(arguments, Only::Flaky, talk),
        RerunOnly::Changed => changed(arguments, talk),
    }
}

/// What `run` would be told.
fn as_run(arguments: &RerunArguments) -> RunArguments {
    RunArguments {
        suite: arguments.suite.clone(),
        out: arguments.out.clone(),
        max_concurrency: arguments.max_concurrency,
        max_retries: arguments.max_retries,
        attempt_timeout: arguments.attempt_timeout,
        caps: arguments.caps.clone(),
        // An answer of before is what is in doubt.
        no_cache: true,
        ..RunArguments::default()
    }
}

fn errors(arguments: &RerunArguments, talk: Talk) -> Result<Exit, Failure> {
    if arguments.suite.is_some() {
        let what = "`--only errors` goes on with the run itself and reads no suite";
        return Err(Failure::new(Exit::Usage, what).hint("leave the suite out"));
    }
    let arguments = RunArguments {
        resume: Some(arguments.run.clone()),
        retry_errors: true,
        ..as_run(arguments)
    };
    run::run(&arguments, talk)
}

/// Asks the samples of a run again that its results pick.
fn picked(arguments: &RerunArguments, only: Only, talk: Talk) -> Result<Exit, Failure> {
    let earlier = Recording::open(directory::find(&arguments.out.out, &arguments.run)?)?;
    let names = match only {
        Only::Failed => failed(&earlier)?,
        Only::Flaky | Only::Changed => flaky(&earlier)?,
    };
    if names.is_empty() {
        let what = format!(
            "no sample of run `{}` is {}",
            earlier.manifest.run,
            only.as_str()
        );
        return Err(Failure::new(Exit::NothingSelected, what));
    }
    let arguments_of_run = as_run(arguments);
    let basis = Basis {
        replay: None,
        narrowed: Some(narrowed(&earlier.manifest, only, names)),
    };
    let suite = load_suite(arguments.suite.as_ref())?;
    let (opened, endpoints) = run::plan(&arguments_of_run, &basis, &suite, talk)?;
    let directory = opened.run.clone();
    let exit = session::run(opened, &endpoints, None, &arguments_of_run, talk)?;
    let later = Recording::open(directory)?;
    let table = rerun_table::text(&beside(&earlier, &later)?);
    match arguments.out.format {
        Format::Text => talk::result(table),
        Format::Json => talk.say(table),
    }
    talk::warn(format!(
        "these samples were picked because they were {}: asked again they do better on average even where nothing has changed, so their scores cannot be compared with those of a full run",
        only.as_str()
    ));
    Ok(exit)
}

fn narrowed(manifest: &Manifest, only: Only, names: Vec<SampleName>) -> Narrowed {
    Narrowed {
        manifest: manifest.clone(),
        selection: Some(SelectionPlan {
            from: manifest.run.clone(),
            only,
            samples: names.len() as u64,
        }),
        samples: Some(names),
    }
}

/// Asks what has changed since a run, and takes everything else from it.
fn changed(arguments: &RerunArguments, talk: Talk) -> Result<Exit, Failure> {
    let source = Source::open(&arguments.out.out, &arguments.run, Missing::Ask)?;
    let manifest = source.manifest.clone();
    let whole = Basis {
        replay: None,
        narrowed: Some(Narrowed {
            manifest: manifest.clone(),
            samples: None,
            selection: None,
        }),
    };
    let suite = load_suite(arguments.suite.as_ref())?;
    let arguments = as_run(arguments);
    let selected = whole.narrow(select(&suite, &arguments.select)?, talk)?;
    let changes = Changes::since(&source.run, &manifest, &selected)?;
    if changes.is_empty() {
        let what = format!("nothing has changed since run `{}`", manifest.run);
        return Err(Failure::new(Exit::NothingSelected, what));
    }
    talk.say(changes.text());
    let basis = Basis {
        replay: Some(source),
        narrowed: Some(Narrowed {
            selection: Some(SelectionPlan {
                from: manifest.run.clone(),
                only: Only::Changed,
                samples: changes.samples(),
            }),
            manifest,
            samples: None,
        }),
    };
    ask_changed(&arguments, &basis, &suite, talk)
}

fn ask_changed(
    arguments: &RunArguments,
    basis: &Basis,
    suite: &Suite,
    talk: Talk,
) -> Result<Exit, Failure> {
    let (opened, endpoints) = run::plan(arguments, basis, suite, talk)?;
    session::run(opened, &endpoints, basis.replay.as_ref(), arguments, talk)
}

/// How the samples of a suite differ from those of a run.
#[derive(Debug, Default)]
struct Changes {
    new: u64,
    input: u64,
    target: u64,
    gone: u64,
    same: u64,
}

impl Changes {
    /// Compares digests under the key that the run had.
    fn since(
        run: &RunDirectory,
        manifest: &Manifest,
        selected: &[Selected<'_>],
    ) -> Result<Self, Failure> {
        let key = key_of(run)?;
        let mut before = digests(run, manifest)?;
        let mut changes = Self::default();
        for item in run::samples(selected, &[]) {
            let (task, content) = item?;
            let task = &selected[task as usize].task.name;
            let json = |error: serde_json::Error| Failure::from(std::io::Error::from(error));
            let input = content.input_digest(&key).map_err(json)?;
            let sample = content.sample_digest(&key).map_err(json)?;
            match before.remove(&SampleName::new(task, &content.sample.id)) {
                None => changes.new += 1,
                Some((earlier, _)) if earlier != input => changes.input += 1,
                Some((_, earlier)) if earlier != sample => changes.target += 1,
                Some(_) => changes.same += 1,
            }
        }
        changes.gone = before.len() as u64;
        Ok(changes)
    }

    /// Samples that are not what they were.
    fn samples(&self) -> u64 {
        self.new + self.input + self.target
    }

    fn is_empty(&self) -> bool {
        self.samples() + self.gone == 0
    }

    fn text(&self) -> String {
        let Self {
            new,
            input,
            target,
            gone,
            same,
        } = self;
        format!(
            "changed since the run: {input} inputs, {target} targets or fields alone, {new} new, {gone} gone; {same} are as they were. What the run has no answer to is asked, everything else is replayed"
        )
    }
}

/// The key under which the samples of `run` are digested.
fn key_of(run: &RunDirectory) -> Result<DigestKey, Failure> {
    let path = run.file(KEY_FILE);
    let text = fs_err::read_to_string(&path).map_err(|error| {
        Failure::unreadable(&path, Exit::Usage, &error)
            .hint("without its key nobody can tell what has changed since; run the whole suite")
    })?;
    let unreadable = |error| Failure::new(Exit::VerifyFailed, format!("{KEY_FILE}: {error}"));
    text.trim().parse().map_err(unreadable)
}

/// Input digest and sample digest of every sample of a task of the run.
fn digests(
    run: &RunDirectory,
    manifest: &Manifest,
) -> Result<HashMap<SampleName, (Digest, Digest)>, LedgerError> {
    let tasks = &manifest.plan.tasks;
    let mut digests = HashMap::new();
    for row in SampleRows::open(run)? {
        let row = row?;
        let task = tasks.get(row.task as usize);
        if let Some(task) = task.filter(|task| task.probe.is_none()) {
            let name = SampleName::new(&task.name, &row.id);
            digests.insert(name, (row.input_digest, row.sample_digest));
        }
    }
    Ok(digests)
}
