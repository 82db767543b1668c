//! The commands: each reads its arguments, calls the libraries, and prints.

mod calibrate;
mod check;
mod compare;
mod derived;
mod drift;
mod export;
mod from_logs;
mod import;
mod init;
mod items;
mod list;
mod merge;
mod models;
mod probe;
mod report;
mod rerun;
mod run;
mod score;
mod show;
mod trust;
mod verify;

use std::path::Path;

use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _};
use cleanbench_core::Exit;

use crate::arguments::{Arguments, Command, DEFAULT_OUT};
use crate::clock;
use crate::environment::name_variables;
use crate::failure::Failure;
use crate::github;
use crate::printer::{self, Printer};

/// Parses the command line, runs the command, prints its failure, and says how it ended.
pub(crate) fn main() -> Exit {
    let (arguments, is_out_named) = match parse() {
        Ok(parsed) => parsed,
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
    let checked = if is_out_named || !writes_to_out(&arguments.command) {
        Ok(())
    } else {
        refuse_linked(Path::new(DEFAULT_OUT))
    };
    match checked.and_then(|()| dispatch(&arguments.command, printer)) {
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

/// What was typed, and whether that names the output folder.
fn parse() -> Result<(Arguments, bool), clap::Error> {
    let matches = Arguments::command().try_get_matches()?;
    let is_out_named = matches.subcommand().is_some_and(|(_, own)| {
        let is_known = own.try_contains_id("out").is_ok();
        is_known && own.value_source("out") == Some(ValueSource::CommandLine)
    });
    Ok((Arguments::from_arg_matches(&matches)?, is_out_named))
}

/// Whether a command makes folders in the output folder, or goes on with what is there.
fn writes_to_out(command: &Command) -> bool {
    matches!(
        command,
        Command::Run(_)
            | Command::Probe(_)
            | Command::Score(_)
            | Command::Rerun(_)
            | Command::Merge(_)
            | Command::Compare(_)
            | Command::Items(_)
            | Command::Drift(_)
            | Command::Import(_)
    )
}

/// Refuses the output folder `out` that nobody named where it is a link: whoever sent the working folder may have put
/// it there.
fn refuse_linked(out: &Path) -> Result<(), Failure> {
    let is_link = |path: &Path| {
        path.symlink_metadata()
            .is_ok_and(|present| present.is_symlink())
    };
    if !is_link(out) {
        return Ok(());
    }
    let to = out.read_link().unwrap_or_default();
    let what = format!(
        "`{}`, the output folder here, is a link to `{}`",
        out.display(),
        to.display()
    );
    Err(Failure::new(Exit::CannotWrite, what)
        .hint("if runs are to be written there, name it with `-o DIR`"))
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
            | Command::Export(_)
    )
}

fn dispatch(command: &Command, printer: Printer) -> Result<Exit, Failure> {
    if records_times(command) {
        clock::check()?;
    }
    match command {
        Command::Check(arguments) => check::check(arguments, printer),
        Command::Run(arguments) => run::run(arguments, printer).inspect_err(github::failed),
        Command::Probe(arguments) => probe::probe(arguments, printer).inspect_err(github::failed),
        Command::Score(arguments) => score::score(arguments, printer),
        Command::Rerun(arguments) => rerun::rerun(arguments, printer),
        Command::Report(arguments) => report::report(arguments, printer),
        Command::Verify(arguments) => verify::verify(arguments, printer),
        Command::Show(arguments) => show::show(arguments, printer),
        Command::Calibrate(arguments) => calibrate::calibrate(arguments),
        Command::Merge(arguments) => merge::merge(arguments, printer),
        Command::Export(arguments) => export::export(arguments),
        Command::Import(arguments) => import::import(arguments, printer),
        Command::Init(arguments) => init::init(arguments, printer),
        Command::List(arguments) => list::list(arguments, printer),
        Command::Compare(arguments) => compare::compare(arguments, printer),
        Command::Items(arguments) => items::items(arguments, printer),
        Command::Drift(arguments) => drift::drift(arguments, printer),
        Command::Models(arguments) => models::models(arguments, printer),
        Command::Trust(arguments) => trust::trust(arguments),
    }
}
