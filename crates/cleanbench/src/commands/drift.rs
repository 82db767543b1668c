//! `cleanbench drift`: has a model become worse over the nights?

use cleanbench_core::Exit;
use cleanbench_items::Policy;
use cleanbench_study::derived::{ModelOf, Outcome, What};
use cleanbench_study::drift::{DriftOptions, State};

use super::compare::{choose, missing};
use super::derived::{make, open, role};
use crate::arguments::DriftArguments;
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
            missing: missing(arguments.missing),
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
    Ok(match found.state() {
        State::Alarm => Exit::GateFailed,
        State::NoAlarm => Exit::Done,
        State::TooShort => {
            printer.say(
                "with more nights, or a first run with `--epochs 10`, the model can be watched",
            );
            Exit::Inconclusive
        }
    })
}
