//! `cleanbench compare`: two models on the same samples, or all models of a run in order.

use std::path::Path;

use cleanbench_core::{Exit, GateMode};
use cleanbench_items::{Both, ItemTable, ItemsError, Policy, Treatment};
use cleanbench_study::compare::{Missing, NotComparable, Options};
use cleanbench_study::derived::{DeriveError, ModelOf, What};

use super::derived::{Inputs, Opened, make, open};
use crate::arguments::{CompareArguments, MissingWord, ModeWord};
use crate::failure::Failure;
use crate::printer::Printer;

/// Compares, writes the result with its inputs, and prints it.
pub(super) fn compare(arguments: &CompareArguments, printer: Printer) -> Result<Exit, Failure> {
    let base = Named::of(&arguments.base, arguments.base_model.as_deref())?;
    let candidate = arguments.candidate.as_deref();
    let candidate_model = arguments.candidate_model.as_deref();
    let candidate = candidate.map(|word| Named::of(word, candidate_model));
    let candidate = candidate.transpose()?;
    let models = Both {
        base: base.model,
        candidate: candidate.map_or(candidate_model, |named| named.model),
    };
    let base = open(&arguments.out, base.run)?;
    let candidate = candidate.map(|named| open(&arguments.out, named.run));
    let (what, mut inputs) = plan(arguments, models, base, candidate.transpose()?)?;
    if what.tells_spending() {
        for (_, opened) in &mut inputs {
            opened.table.read_calls(opened.run.path())?;
        }
    }
    make(&what, inputs, &arguments.out, arguments.flips, printer)?;
    Ok(Exit::Done)
}

/// A run, and the model of it where one was named.
#[derive(Clone, Copy)]
struct Named<'a> {
    run: &'a str,
    model: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// `RUN` or `RUN#MODEL`; `option` is the model that was named apart.
    fn of(word: &'a str, option: Option<&'a str>) -> Result<Self, Failure> {
        let split = word.split_once('#').filter(|_| !Path::new(word).exists());
        let (run, model) = split.map_or((word, None), |(run, model)| (run, Some(model)));
        if model.is_some() && option.is_some_and(|option| Some(option) != model) {
            let what = format!("`{word}` names a model, and an option names another");
            return Err(Failure::new(Exit::Usage, what).hint("leave one of them out"));
        }
        Ok(Self {
            run,
            model: model.or(option),
        })
    }
}

/// What is to be compared, and the runs that it needs.
fn plan(
    arguments: &CompareArguments,
    models: Both<Option<&str>>,
    base: Opened,
    candidate: Option<Opened>,
) -> Result<(What, Inputs), Failure> {
    let options = options(arguments);
    let other = match candidate {
        Some(other) if other.table.manifest.run != base.table.manifest.run => other,
        other => {
            let is_alone = other.is_none();
            let what = match (models.base, models.candidate) {
                (Some(one), Some(two)) => within(&base.table, one, two, options)?,
                (None, None) if is_alone => rank_all(&base.table, options)?,
                _ => return Err(ambiguous(&base.table, "a model of the run on each side")),
            };
            return Ok((what, vec![("run".to_owned(), base)]));
        }
    };
    let what = What::Compare {
        base: ModelOf {
            input: 0,
            model: choose(&base.table, models.base, "--base-model")?,
        },
        candidate: ModelOf {
            input: 1,
            model: choose(&other.table, models.candidate, "--candidate-model")?,
        },
        options,
    };
    let inputs = vec![("base".to_owned(), base), ("candidate".to_owned(), other)];
    Ok((what, inputs))
}

fn within(table: &ItemTable, one: &str, two: &str, options: Options) -> Result<What, Failure> {
    let model = |name: &str, option| {
        let model = choose(table, Some(name), option)?;
        Ok::<_, Failure>(ModelOf { input: 0, model })
    };
    if one == two {
        return Err(ambiguous(table, "two different models of the run"));
    }
    Ok(What::Compare {
        base: model(one, "--base-model")?,
        candidate: model(two, "--candidate-model")?,
        options,
    })
}

fn rank_all(table: &ItemTable, options: Options) -> Result<What, Failure> {
    if table.manifest.plan.subjects().count() < 2 {
        return Err(NotComparable::OneModel.into());
    }
    Ok(What::Rank { options })
}

/// The model that is meant: the one named, or the only one, references aside.
pub(super) fn choose(
    table: &ItemTable,
    wanted: Option<&str>,
    option: &str,
) -> Result<String, Failure> {
    let subjects: Vec<_> = table.manifest.plan.subjects().collect();
    match (wanted, subjects.as_slice()) {
        (Some(name), _) if table.model_named(name).is_some() => Ok(name.to_owned()),
        (Some(name), _) => Err(Failure::new(
            Exit::Usage,
            format!("run `{}` has no model `{name}`", table.manifest.run),
        )
        .hint(models_hint(table))),
        (None, [(_, only)]) => Ok(only.name.clone()),
        (None, _) => Err(Failure::new(
            Exit::Usage,
            format!(
                "run `{}` has several models; say which with `{option}`",
                table.manifest.run
            ),
        )
        .hint(models_hint(table))),
    }
}

fn ambiguous(table: &ItemTable, wanted: &str) -> Failure {
    let what = format!(
        "a run is compared with itself only model by model: name {wanted}, as RUN#MODEL or with `--base-model` and `--candidate-model`"
    );
    Failure::new(Exit::Usage, what).hint(models_hint(table))
}

fn models_hint(table: &ItemTable) -> String {
    let models = table.manifest.plan.models.iter();
    let names: Vec<_> = models.map(|model| format!("`{}`", model.name)).collect();
    format!(
        "models of run `{}`: {}",
        table.manifest.run,
        names.join(", ")
    )
}

fn options(arguments: &CompareArguments) -> Options {
    Options {
        mode: arguments.mode.map(|word| match word {
            ModeWord::Regression => GateMode::Regression,
            ModeWord::Choice => GateMode::Choice,
            ModeWord::Prompt => GateMode::Prompt,
        }),
        missing: missing(arguments.missing),
        tasks: arguments.tasks.clone(),
        common: arguments.common,
        with_changed: false,
        policy: Some(policy(arguments)),
    }
}

fn policy(arguments: &CompareArguments) -> Policy {
    let changed = if arguments.pair_changed {
        Treatment::Compared
    } else {
        Treatment::SetAside
    };
    Policy {
        changed,
        ..Policy::default()
    }
}

/// The way to count samples without an answer that `word` names.
pub(super) fn missing(word: MissingWord) -> Missing {
    match word {
        MissingWord::Complete => Missing::Complete,
        MissingWord::ErrorAsWrong => Missing::ErrorAsWrong,
        MissingWord::Bounds => Missing::Bounds,
    }
}

impl From<ItemsError> for Failure {
    fn from(error: ItemsError) -> Self {
        match error {
            ItemsError::Ledger(error) => error.into(),
            ItemsError::Csv(_) => Self::new(Exit::VerifyFailed, &error)
                .hint("`cleanbench verify` lists every damaged place"),
            ItemsError::Unfinished(ref run) => Self::new(Exit::Inconclusive, &error).hint(format!(
                "let it end, or go on with: cleanbench run --resume {}",
                run.display()
            )),
            ItemsError::Old { .. } => {
                Self::new(Exit::ConfigInvalid, error).hint("make the run again with this version")
            }
        }
    }
}

impl From<NotComparable> for Failure {
    fn from(error: NotComparable) -> Self {
        let exit = match error {
            NotComparable::Keys | NotComparable::Differ { .. } => Exit::ConfigInvalid,
            NotComparable::NoSuchTask(_) | NotComparable::NothingInCommon => Exit::NothingSelected,
            NotComparable::OneModel => Exit::Usage,
        };
        let hint = match error {
            NotComparable::Keys => {
                "keep `suite.key` with the suite, on every machine and in every job; then make one of the runs again, since digests under one key cannot be turned into those under another"
            }
            NotComparable::Differ { .. } => "make the runs alike; `-t TASK` leaves other tasks out",
            NotComparable::NoSuchTask(_) | NotComparable::NothingInCommon => {
                "`cleanbench show RUN` lists the tasks of a run"
            }
            NotComparable::OneModel => "name a second run: cleanbench compare BASE CANDIDATE",
        };
        Self::new(exit, error).hint(hint)
    }
}

impl From<DeriveError> for Failure {
    fn from(error: DeriveError) -> Self {
        match error {
            DeriveError::Items(error) => error.into(),
            DeriveError::NotComparable(error) => error.into(),
            DeriveError::NoSuchModel { .. } => Self::new(Exit::Usage, error),
            DeriveError::Ledger(cleanbench_ledger::LedgerError::Io(error)) => {
                Self::new(Exit::CannotWrite, error)
                    .hint("the runs are as they were; choose another output folder with `-o DIR`, or make room")
            }
            DeriveError::Ledger(error) => error.into(),
            DeriveError::Report(error) => error.into(),
        }
    }
}
