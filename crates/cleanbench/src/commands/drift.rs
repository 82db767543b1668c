//! `cleanbench drift`: has a model become worse over the nights?

use cleanbench_core::Exit;
use cleanbench_items::Policy;
use cleanbench_study::compare::Missing;
use cleanbench_study::derived::{ModelOf, Outcome, What};
use cleanbench_study::drift::{DriftOptions, State};

use super::compare::choose;
use super::derived::{make, open, role};
use crate::arguments::{DriftArguments, MissingOfNights};
use crate::failure::Failure;
use crate::printer::Printer;

/// Watches a model over runs in the order in which they were planned, writes the result with its inputs,
/// and prints it.
pub(super) fn drift(arguments: &DriftArguments, printer: Printer) -> Result<Exit, Failure> {
    let mut nights = Vec::new();
    for word in &arguments.runs {
        nights.push(open(&arguments.out, word)?);
    }
    nights.sort_by(|one, other| one.order().cmp(&other.order()));
    if let Some(twice) = nights
        .windows(2)
        .find(|pair| pair[0].order() == pair[1].order())
    {
        let what = format!("run `{}` is named twice", twice[0].table.manifest.run);
        return Err(Failure::new(Exit::Usage, what).hint("name every night once"));
    }
    let mut sides = Vec::new();
    for (input, night) in nights.iter().enumerate() {
        let model = choose(&night.table, arguments.model.as_deref(), "--model")?;
        sides.push(ModelOf { input, model });
    }
    let what = What::Drift {
        nights: sides,
        options: DriftOptions {
            baseline: arguments.baseline,
            alpha: arguments.alpha,
            allowance: arguments.allowance,
            missing: match arguments.missing {
                MissingOfNights::Bounds => Missing::Bounds,
                MissingOfNights::ErrorAsWrong => Missing::ErrorAsWrong,
            },
            tasks: arguments.tasks.clone(),
            policy: Some(Policy::default()),
        },
    };
    let count = nights.len();
    let nights = nights.into_iter().enumerate();
    let nights = nights.map(|(position, night)| (role("night", position, count), night));
    let made = make(&what, nights.collect(), &arguments.out, 0, printer)?;
    let Outcome::Drift(found) = made.outcome else {
        return Ok(Exit::Done);
    };
    let state = found.state();
    if let Some(hint) = hint(state) {
        printer.say(hint);
    }
    Ok(match state {
        State::Alarm => Exit::GateFailed,
        State::NoAlarm => Exit::Done,
        State::TooShort | State::Availability | State::NotWatched => Exit::Inconclusive,
    })
}

/// What to do about a state that is neither alarm nor all-clear.
fn hint(state: State) -> Option<&'static str> {
    match state {
        State::Alarm | State::NoAlarm => None,
        State::TooShort => {
            Some("with more nights, or a first run with `--epochs 10`, the model can be watched")
        }
        State::Availability => Some(
            "`cleanbench rerun RUN --only errors` asks again for what is missing; with `--missing error-as-wrong` an \
             outage is an alarm",
        ),
        State::NotWatched => {
            Some("no alarm is no all-clear here: a fall of all the score would not have been found")
        }
    }
}
