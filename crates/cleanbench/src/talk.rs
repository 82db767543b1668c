//! The only code that prints: results to stdout, everything else to stderr.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is this module's one job"
)]

use std::fmt::Display;
use std::io::IsTerminal as _;

use crate::failure::Failure;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Quiet,
    Default,
    Verbose,
}

/// Prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Talk {
    level: Level,
}

impl Talk {
    pub(crate) fn new(quiet: bool, verbose: bool) -> Self {
        let level = match (quiet, verbose) {
            (true, _) => Level::Quiet,
            (false, true) => Level::Verbose,
            (false, false) => Level::Default,
        };
        Self { level }
    }

    /// Part of the result.
    pub(crate) fn result(self, text: impl Display) {
        println!("{text}");
    }

    /// Something the user should know.
    pub(crate) fn say(self, text: impl Display) {
        if self.level >= Level::Default {
            eprintln!("{text}");
        }
    }

    /// Something only a curious user wants to know.
    pub(crate) fn detail(self, text: impl Display) {
        if self.level >= Level::Verbose {
            eprintln!("{text}");
        }
    }

    /// Something that may be wrong.
    pub(crate) fn warn(self, text: impl Display) {
        eprintln!("warning: {text}");
    }

    /// Why the command cannot go on.
    pub(crate) fn fail(self, failure: &Failure) {
        for message in &failure.messages {
            eprintln!("error: {message}");
        }
        let mut said: Vec<&str> = Vec::new();
        for hint in &failure.hints {
            if !said.contains(&hint.as_str()) {
                eprintln!("hint: {hint}");
                said.push(hint);
            }
        }
    }

    /// Text that is complete in itself, such as a diagnostic.
    pub(crate) fn verbatim(self, text: impl Display) {
        eprintln!("{text}");
    }

    /// Whether progress lines are wanted and can be drawn.
    pub(crate) fn shows_progress(self) -> bool {
        self.level == Level::Default && std::io::stderr().is_terminal()
    }
}
