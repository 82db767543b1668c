//! The commands: each reads its arguments, calls the libraries, and prints.

mod calibrate;
mod check;
mod compare;
mod derived;
mod drift;
mod init;
mod items;
mod list;
mod merge;
mod models;
mod report;
mod rerun;
mod run;
mod score;
mod show;
mod trust;
mod verify;

use clap::Parser as _;
use cleanbench_core::Exit;

use crate::arguments::{Arguments, Command};
use crate::clock;
use crate::environment::name_variables;
use crate::failure::Failure;
use crate::github;
use crate::printer::{self, Printer};

/// Parses the command line, runs the command, prints its failure, and says how it ended.
pub(crate) fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            if error.use_stderr() {
                // It quotes what was typed, which a script may have taken from elsewhere.
                printer::verbatim(error.render().to_string().trim_end());
                return Exit::Usage;
            }
            // Printing fails only when nobody listens.
            drop(error.print());
            return Exit::Done;
        }
    };
    let printer = Printer::new(arguments.quiet, arguments.verbose);
    name_variables(arguments.env_file.as_deref());
    match dispatch(&arguments.command, printer) {
        Ok(exit) if printer::result_is_lost() => {
            printer::fail(&Failure::new(
                Exit::CannotWrite,
                "the result could not be written to stdout",
            ));
            exit.worst(Exit::CannotWrite)
        }
        Ok(exit) => exit,
        Err(failure) => {
            printer::fail(&failure);
            failure.exit
        }
    }
}

/// Whether a command writes down when it was carried out.
fn records_times(command: &Command) -> bool {
    !matches!(
        command,
        Command::Init(_)
            | Command::Report(_)
            | Command::Verify(_)
            | Command::Show(_)
            | Command::Calibrate(_)
            | Command::List(_)
    )
}

fn dispatch(command: &Command, printer: Printer) -> Result<Exit, Failure> {
    if records_times(command) {
        clock::check()?;
    }
    match command {
        Command::Check(arguments) => check::check(arguments, printer),
        Command::Run(arguments) => run::run(arguments, printer).inspect_err(github::failed),
        Command::Score(arguments) => score::score(arguments, printer),
        Command::Rerun(arguments) => rerun::rerun(arguments, printer),
        Command::Report(arguments) => report::report(arguments, printer),
        Command::Verify(arguments) => verify::verify(arguments, printer),
        Command::Show(arguments) => show::show(arguments, printer),
        Command::Calibrate(arguments) => calibrate::calibrate(arguments),
        Command::Merge(arguments) => merge::merge(arguments, printer),
        Command::Init(arguments) => init::init(arguments, printer),
        Command::List(arguments) => list::list(arguments, printer),
        Command::Compare(arguments) => compare::compare(arguments, printer),
        Command::Items(arguments) => items::items(arguments, printer),
        Command::Drift(arguments) => drift::drift(arguments, printer),
        Command::Models(arguments) => models::models(arguments, printer),
        Command::Trust(arguments) => trust::trust(arguments),
    }
}
