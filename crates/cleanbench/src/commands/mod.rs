//! The commands: each reads its arguments, calls the libraries, and prints.

mod basis;
mod calibrate;
mod check;
mod compare;
mod derived;
mod drift;
mod gating;
mod init;
mod items;
mod list;
mod merge;
mod models;
mod probing;
mod quarantine;
mod report;
mod rerun;
mod run;
mod score;
mod selection;
mod show;
mod verify;

use clap::Parser as _;
use cleanbench_core::Exit;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use crate::github;
use crate::talk::{self, Talk};

/// Parses the command line, runs the command, prints its failure, and says how it ended.
pub(crate) fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Printing fails only when nobody listens.
            drop(error.print());
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
        }
    };
    let talk = Talk::new(arguments.quiet, arguments.verbose);
    match dispatch(&arguments.command, talk) {
        Ok(exit) if talk::result_is_lost() => {
            talk::fail(&Failure::new(
                Exit::CannotWrite,
                "the result could not be written to stdout",
            ));
            exit.worst(Exit::CannotWrite)
        }
        Ok(exit) => exit,
        Err(failure) => {
            talk::fail(&failure);
            failure.exit
        }
    }
}

fn dispatch(command: &Command, talk: Talk) -> Result<Exit, Failure> {
    match command {
        Command::Check(arguments) => check::check(arguments),
        Command::Run(arguments) => run::run(arguments, talk).inspect_err(github::failed),
        Command::Score(arguments) => score::score(arguments, talk),
        Command::Rerun(arguments) => rerun::rerun(arguments, talk),
        Command::Report(arguments) => report::report(arguments, talk),
        Command::Verify(arguments) => verify::verify(arguments),
        Command::Show(arguments) => show::show(arguments, talk),
        Command::Calibrate(arguments) => calibrate::calibrate(arguments),
        Command::Merge(arguments) => merge::merge(arguments, talk),
        Command::Init(arguments) => init::init(arguments, talk),
        Command::List(arguments) => list::list(arguments, talk),
        Command::Compare(arguments) => compare::compare(arguments, talk),
        Command::Items(arguments) => items::items(arguments, talk),
        Command::Drift(arguments) => drift::drift(arguments, talk),
        Command::Models(arguments) => models::models(arguments, talk),
    }
}
