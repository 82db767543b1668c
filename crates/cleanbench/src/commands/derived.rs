//! What the commands over several runs share: names, printing, and the commands that also take runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cleanbench_core::{Exit, GateMode, RunId};
use cleanbench_items::{Difference, ItemTable};
use cleanbench_ledger::RunDirectory;
use cleanbench_ledger::directory::{self, FindError};
use cleanbench_ledger::files;
use cleanbench_report::cell;
use cleanbench_study::compare::NotComparable;
use cleanbench_study::derived::{
    self, DeriveError, Derived, ModelOf, Outcome, Source, Stamp, What, compute, lost_first,
};
use cleanbench_study::sample_texts;
use serde_json::Value;

use crate::arguments::OutArguments;
use crate::comparison_table::ShownFlip;
use crate::failure::Failure;
use crate::format::Format;
use crate::printer::{self, Printer};
use crate::session::TOOL;
use crate::{analysis_table, comparison_table};

/// A result on disk.
struct Made<'a> {
    folder: &'a Path,
    derived: &'a Derived,
}

/// A run, and what its models made of its samples.
pub(super) struct Opened {
    pub(super) run: RunDirectory,
    pub(super) table: ItemTable,
}

/// Runs by what they are for.
pub(super) type Inputs = Vec<(String, Opened)>;

impl Opened {
    /// Runs are in the order in which they were planned.
    pub(super) fn order(&self) -> (&str, &str) {
        let manifest = &self.table.manifest;
        (&manifest.plan.created, manifest.run.as_str())
    }
}

/// Opens the run that `word` means.
pub(super) fn open(out: &OutArguments, word: &str) -> Result<Opened, Failure> {
    let run = directory::find(&out.out, word)?;
    let table = ItemTable::of_run(&run)?;
    Ok(Opened { run, table })
}

/// The name of the folder of the input at `position` of `count`.
pub(super) fn role(word: &str, position: usize, count: usize) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}-{:03}", position + 1)
    }
}

/// Computes `what`, writes it with its inputs, and prints it.
pub(super) fn make(
    what: &What,
    inputs: Inputs,
    out: &OutArguments,
    flips: usize,
    printer: Printer,
) -> Result<Derived, Failure> {
    let (named, tables): (Vec<_>, Vec<_>) = inputs
        .into_iter()
        .map(|(role, Opened { run, table })| ((role, run), table))
        .unzip();
    let derived = compute(what, &tables).map_err(|error| {
        let runs = named.iter().map(|(_, run)| run.path());
        explain(&runs.collect::<Vec<_>>(), what, &tables, error)
    })?;
    let inputs = named.iter().zip(&tables);
    let inputs: Vec<_> = inputs
        .map(|((role, run), table)| Source::Run { role, run, table })
        .collect();
    let folder = derived::write(&out.out, what, &derived, &inputs, &stamp()?)?;
    let made = Made {
        folder: &folder,
        derived: &derived,
    };
    let texts = match out.format {
        Format::Text => texts(what, &derived, &named, &tables, flips),
        Format::Json => Vec::new(),
    };
    print(&made, out.format, &texts);
    warn_of_early_ends(&tables);
    printer.say(format!("result: {}", folder.display()));
    let head = files::digest(&folder, derived::MANIFEST_FILE)?;
    printer.say(format!("head: {head}"));
    Ok(derived)
}

/// Says which tasks may have ended early: tests and intervals over several runs know nothing of it.
fn warn_of_early_ends(tables: &[ItemTable]) {
    let plans = tables.iter().map(|table| &table.manifest.plan);
    let names: BTreeSet<_> = plans
        .flat_map(|plan| plan.tasks.iter().filter(|task| plan.may_end_early(task)))
        .map(|task| cell::visible(&task.name))
        .collect();
    for name in names {
        printer::warn(format_args!(
            "a gate could end task `{name}` early; here its number of samples counts as fixed"
        ));
    }
}

/// What can be done about two sides that are not comparable, beside making them alike.
fn explain(runs: &[&Path], what: &What, tables: &[ItemTable], error: DeriveError) -> Failure {
    let hint = match (what, &error) {
        (
            What::Compare {
                base, candidate, ..
            },
            DeriveError::NotComparable(NotComparable::Differ { mode, found }),
        ) => {
            let side = |of: &ModelOf| format!("{}#{}", runs[of.input].display(), of.model);
            Some(other_ways(*mode, found, &side(base), &side(candidate)))
        }
        _ => None,
    };
    let of_import = of_import(runs, what, tables, &error);
    let failure = Failure::from(error);
    if let Some(way) = of_import {
        // Nothing else helps where the scores of a log stand against those of a scorer.
        return Failure {
            hints: vec![way],
            ..failure
        };
    }
    match hint {
        None => failure,
        Some(hint) => failure.hint(hint),
    }
}

/// How an imported run, which has the scores of its log, comes to be compared with one that this program judged.
fn of_import(
    runs: &[&Path],
    what: &What,
    tables: &[ItemTable],
    error: &DeriveError,
) -> Option<String> {
    let What::Compare {
        base, candidate, ..
    } = what
    else {
        return None;
    };
    let plan = |side: &ModelOf| &tables[side.input].manifest.plan;
    let has_scores_of_log = |side: &ModelOf| {
        let plan = plan(side);
        let mut scorers = plan.tasks.iter().flat_map(|task| &task.scorers);
        plan.imported.is_some() && scorers.any(|scorer| scorer.kind == "recorded")
    };
    let (import, other) = match (has_scores_of_log(base), has_scores_of_log(candidate)) {
        (true, false) => (base, candidate),
        (false, true) => (candidate, base),
        _ => return None,
    };
    let (import, other) = (runs[import.input].display(), runs[other.input].display());
    match error {
        DeriveError::NotComparable(NotComparable::Differ { .. }) => Some(format!(
            "run `{import}` has the scores of its log: judge its answers by the suite of the other run first, and compare what that makes: cleanbench score {import} SUITE, then cleanbench compare SCORED {other}"
        )),
        DeriveError::NotComparable(NotComparable::Keys) => Some(format!(
            "run `{import}` was imported under a key of its own: import its log again with `--suite-out SUITE`, run that suite (cleanbench run SUITE -m MODEL), judge the import by it (cleanbench score {import} SUITE), and compare those two"
        )),
        _ => None,
    }
}

/// Other questions that the two sides may answer.
fn other_ways(mode: GateMode, found: &[Difference], base: &str, candidate: &str) -> String {
    let common = "`--common` compares only what both have";
    let is_other_model = found.iter().any(|one| one.what == "model");
    let is_reworded = found.iter().any(Difference::is_wording);
    match mode {
        GateMode::Regression if is_reworded && !is_other_model => format!(
            "to compare the two wordings: cleanbench compare {base} {candidate} --mode prompt; {common}"
        ),
        GateMode::Regression => {
            format!("{common}; `--mode choice` lists differences of sampling instead")
        }
        GateMode::Choice => common.to_owned(),
        GateMode::Prompt => format!(
            "two wordings are compared on the same model, asked with the same sampling and judged alike: change one thing \
             at a time; {common}"
        ),
    }
}

/// When, who, and under which name a result is written.
fn stamp() -> Result<Stamp, Failure> {
    let mut random = [0; 5];
    getrandom::fill(&mut random).map_err(std::io::Error::other)?;
    let now = jiff::Timestamp::now();
    Ok(Stamp {
        tool: TOOL.to_owned(),
        id: RunId::from_random(random),
        created: format!("{now:.0}"),
        time: now.strftime("%Y%m%dT%H%M%SZ").to_string(),
    })
}

/// What a word on the command line means.
pub(super) enum Located {
    Run(RunDirectory),
    Derived(PathBuf),
}

/// The run, or the result over several runs, that `word` means.
pub(super) fn locate(out: &OutArguments, word: &str) -> Result<Located, Failure> {
    if derived::is_derived(Path::new(word)) {
        return Ok(Located::Derived(PathBuf::from(word)));
    }
    let error = match directory::find(&out.out, word) {
        Ok(run) => return Ok(Located::Run(run)),
        Err(error @ FindError::None { .. }) => error,
        Err(error) => return Err(error.into()),
    };
    let mut found = derived::find(&out.out, word)?;
    match found.len() {
        0 => Err(error.into()),
        1 => Ok(Located::Derived(found.remove(0))),
        _ => {
            let found = found.iter().take(5).map(|path| path.display().to_string());
            let word = word.to_owned();
            let found = found.collect();
            Err(FindError::Several { word, found }.into())
        }
    }
}

/// The first `most` flips with the texts of their samples, which are read from the run of the baseline: no result holds
/// them.
fn texts<'a>(
    what: &What,
    derived: &'a Derived,
    named: &[(String, RunDirectory)],
    tables: &[ItemTable],
    most: usize,
) -> Vec<ShownFlip<'a>> {
    let (Outcome::Comparison(comparison), What::Compare { base, .. }) = (&derived.outcome, what)
    else {
        return Vec::new();
    };
    let flips = lost_first(comparison, most);
    let run = &named[base.input].1;
    // A run may have been copied without what was asked: its flips are told without it.
    let texts = sample_texts::of_flips(run, &tables[base.input], &flips);
    let texts = texts.unwrap_or_else(|_| vec![None; flips.len()]);
    let shown = flips.into_iter().zip(texts);
    shown.map(|(flip, text)| ShownFlip { flip, text }).collect()
}

/// The same without the texts, where the runs are not at hand.
fn without_texts(derived: &Derived) -> Vec<ShownFlip<'_>> {
    match &derived.outcome {
        Outcome::Comparison(comparison) => {
            let flips = lost_first(comparison, SHOWN_AGAIN).into_iter();
            flips.map(|flip| ShownFlip { flip, text: None }).collect()
        }
        _ => Vec::new(),
    }
}

/// Prints a result; of its flips only those `shown` where people read it.
fn print(made: &Made<'_>, format: Format, shown: &[ShownFlip<'_>]) {
    match (format, &made.derived.outcome) {
        (Format::Json, _) => printer::json(&json(made)),
        (Format::Text, Outcome::Comparison(comparison)) => {
            printer::result(comparison_table::comparison(comparison, shown));
        }
        (Format::Text, Outcome::Ranking(ranking)) => {
            printer::result(comparison_table::ranking(ranking));
        }
        (Format::Text, Outcome::Items(analysis)) => {
            printer::result(analysis_table::items(analysis));
        }
        (Format::Text, Outcome::Drift(drift)) => printer::result(analysis_table::drift(drift)),
    }
}

/// The result's own document, with the folder and, for a comparison, all flips.
fn json(made: &Made<'_>) -> Value {
    let document = made.derived.document();
    let document = document.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let mut document: Value = document.unwrap_or_default();
    document["directory"] = made.folder.display().to_string().into();
    if let Outcome::Comparison(comparison) = &made.derived.outcome {
        document["flips"] = serde_json::to_value(&comparison.flips).unwrap_or_default();
    }
    document
}

/// Draws a result's files again and prints it.
pub(super) fn redraw(folder: &Path, format: Format) -> Result<Exit, Failure> {
    let derived = &derived::redraw(folder)?;
    print(&Made { folder, derived }, format, &without_texts(derived));
    Ok(Exit::Done)
}

/// Prints a result without touching its files.
pub(super) fn print_again(folder: &Path, format: Format) -> Result<Exit, Failure> {
    let derived = &derived::read(folder)?;
    print(&Made { folder, derived }, format, &without_texts(derived));
    Ok(Exit::Done)
}

/// Flips that are shown where no number was given.
const SHOWN_AGAIN: usize = 10;
