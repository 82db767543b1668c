//! From a plan to a run directory, and what is said on the way.

use std::path::Path;

use cleanbench_core::{Exit, Shard};
use cleanbench_engine::{Opened, PrepareError, prepare_noting};
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_ledger::note::Note;
use cleanbench_model::Endpoint;
use cleanbench_plan::earlier_run::EarlierRun;
use cleanbench_plan::endpoints::unusable_of;
use cleanbench_plan::options::{RunOptions, Surroundings};
use cleanbench_plan::run::{NewRun, plan};
use cleanbench_plan::suite::LoadedSuite;

use crate::environment::{WhenNeeded, here, trust};
use crate::failure::Failure;
use crate::grant_arguments::GrantArguments;
use crate::kept::KeptFindings;
use crate::loading::load_bounded;
use crate::printer::{self, Printer};
use crate::session::TOOL;
use crate::signals;

/// Loads the suite that was named and prints what looks odd in it.
pub(crate) fn load(named: Option<&Path>, grants: &GrantArguments) -> Result<LoadedSuite, Failure> {
    let loaded = load_bounded(named, here(), grants.grants())?;
    loaded.warnings.iter().for_each(printer::verbatim);
    Ok(loaded)
}

/// A run that is written down and not begun.
pub(crate) struct Started {
    pub(crate) opened: Opened,
    pub(crate) endpoints: Vec<Endpoint>,
    /// What was said of it.
    pub(crate) told: Vec<Note>,
}

/// Plans a run and writes it down; `notes` were said before.
pub(crate) fn start(
    options: &RunOptions,
    earlier: &EarlierRun,
    loaded: &LoadedSuite,
    mut notes: Vec<Note>,
    printer: Printer,
) -> Result<Started, Failure> {
    let around = Surroundings {
        folder: here(),
        variables: &WhenNeeded,
        trust: trust(),
        supported: &KeptFindings,
        today: &today(),
        tool: TOOL,
    };
    notes.extend(loaded.notes());
    let before = notes.len();
    let planned = plan(options, earlier, &loaded.suite, around, &mut notes);
    say(&notes[before..], printer);
    let planned = planned?;
    for entry in unusable_of(&options.models, &loaded.suite, around) {
        printer::warn(entry);
    }
    if earlier.asks() {
        remember(&planned.named);
    }
    if let Some(path) = &planned.made_key {
        say_made(path, options.shard, printer);
    }
    let counted = |tasks: &[TaskPlan]| earlier.uncommon(&loaded.suite, tasks);
    let started = write_down(planned, counted, printer)?;
    say(&started.told[notes.len()..], printer);
    Ok(started)
}

/// Prints `notes`.
pub(crate) fn say(notes: &[Note], printer: Printer) {
    for note in notes {
        printer::note(note, None, printer);
    }
}

/// What cannot be remembered is asked for again when the run is gone on with. A host alone is only told of again.
fn remember(endpoints: &[Endpoint]) {
    let remembered = trust().remember(endpoints);
    let mut asking = endpoints.iter().filter(|one| !one.asks().is_empty());
    if let Err(error) = remembered
        && asking.next().is_some()
    {
        printer::warn(format!(
            "what these models were granted cannot be remembered ({error}): `run --resume` and `rerun` of this run need the same `--models FILE` or `--allow-private HOST` again"
        ));
    }
}

fn say_made(path: &Path, shard: Option<Shard>, printer: Printer) {
    match shard {
        Some(_) => printer::warn(made_key(path, shard)),
        None => printer.say(made_key(path, shard)),
    }
}

/// What to do with a key that was made in `path`.
pub(crate) fn made_key(path: &Path, shard: Option<Shard>) -> String {
    let path = path.display();
    match shard {
        Some(shard) => format!(
            "made `{path}`; shards can be merged only if all are made under this key: copy the file into the suite's folder on the other machines before they start (this is shard {shard})"
        ),
        None => format!("made `{path}`; keep it with the suite, runs pair only under the same key"),
    }
}

/// The day it is, UTC, `YYYY-MM-DD`.
fn today() -> String {
    let now = jiff::Timestamp::now().to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

fn write_down(
    planned: NewRun<'_>,
    counted: impl FnOnce(&[TaskPlan]) -> Vec<Note>,
    printer: Printer,
) -> Result<Started, Failure> {
    let out = planned.draft.out.clone();
    let id = planned.draft.run.clone();
    signals::planning(&out, &id);
    let prepared = prepare_noting(planned.draft, planned.samples, counted);
    signals::yield_to_the_last();
    match &prepared {
        Ok(opened) => signals::written_down(&opened.run, printer),
        Err(_) => drop(signals::discard(&out, &id)),
    }
    let opened = prepared.map_err(|error| match error {
        PrepareError::Sample(error) => error.into(),
        PrepareError::Ledger(error) => {
            let what = format!(
                "cannot write a run directory in `{}`: {error}",
                out.display()
            );
            Failure::new(Exit::CannotWrite, what).hint(
                "nothing was asked; make room there, or choose another output folder with `-o DIR`, and start again",
            )
        }
    })?;
    Ok(Started {
        told: opened.manifest.plan.notes.clone(),
        opened,
        endpoints: planned.endpoints,
    })
}
