//! The only code that prints: results to stdout, everything else to stderr.
//!
//! Invariant: whatever is printed goes through [`foreign`], wherever it came from; but for the commands that a build
//! server is given on purpose.
//!
//! A reader that goes away (`cleanbench list | head -1`) ends nothing: what it no longer reads is
//! dropped, and the run goes on.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use cleanbench_ledger::note::{Note, Weight};
use cleanbench_report::{cell, foreign};
use serde_json::Value;

use crate::failure::Failure;
use crate::progress::Screen;
use crate::wrap;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Silent,
    Quiet,
    Default,
    Verbose,
}

/// Prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    level: Level,
}

/// Nobody may be listening any more, which is no reason to stop.
fn emit(mut stream: impl Write, text: impl Display) {
    drop(writeln!(stream, "{}", foreign::lines(&text.to_string())));
}

/// The same of prose, at the width of the terminal.
fn emit_prose(text: impl Display) {
    let told = foreign::lines(&text.to_string());
    let told = at_width(&told, wrap::columns(&stderr()));
    drop(writeln!(stderr(), "{told}"));
}

fn at_width(text: &str, columns: Option<usize>) -> String {
    columns.map_or_else(|| text.to_owned(), |columns| wrap::prose(text, columns))
}

impl Printer {
    pub(crate) fn new(quiet: bool, verbose: bool) -> Self {
        let level = match (quiet, verbose) {
            (true, _) => Level::Quiet,
            (false, true) => Level::Verbose,
            (false, false) => Level::Default,
        };
        Self { level }
    }

    /// Says nothing, not even a result: for what is done on the way to something else.
    pub(crate) fn silent() -> Self {
        let level = Level::Silent;
        Self { level }
    }

    /// Whether not even a result is printed.
    pub(crate) fn is_silent(self) -> bool {
        self.level == Level::Silent
    }

    /// Something the user should know.
    pub(crate) fn say(self, text: impl Display) {
        if self.level >= Level::Default {
            emit(stderr(), text);
        }
    }

    /// Something only a curious user wants to know.
    pub(crate) fn detail(self, text: impl Display) {
        if self.level >= Level::Verbose {
            emit(stderr(), text);
        }
    }

    /// Whether what only a curious user wants to know is printed.
    pub(crate) fn tells_details(self) -> bool {
        self.level >= Level::Verbose
    }

    /// Where progress is shown; `None` where it is not wanted.
    pub(crate) fn screen(self) -> Option<Screen> {
        let is_terminal = stderr().is_terminal();
        match self.level {
            Level::Default if is_terminal => Some(Screen::Terminal),
            // What is told in detail would break lines that are drawn anew.
            Level::Default | Level::Verbose if !is_terminal => Some(Screen::Log),
            _ => None,
        }
    }
}

/// Set when a part of the result could not be written, for another reason than a reader that left.
static LOST: AtomicBool = AtomicBool::new(false);

/// Part of the result. Printed however quiet.
pub(crate) fn result(text: impl Display) {
    put(&foreign::lines(&text.to_string()));
}

/// Part of the result that has sentences, at the width of the terminal. Printed however quiet.
pub(crate) fn told(text: impl Display) {
    let told = foreign::lines(&text.to_string());
    put(&at_width(&told, wrap::columns(&stdout())));
}

/// The result as a document. Printed however quiet.
pub(crate) fn json(document: &Value) {
    put(&foreign::json(&document.to_string()));
}

fn put(text: &str) {
    let mut stream = stdout();
    let written = writeln!(stream, "{text}").and_then(|()| stream.flush());
    if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Whether a part of the result could not be written.
pub(crate) fn result_is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Something that may be wrong. Printed however quiet.
pub(crate) fn warn(text: impl Display) {
    emit_prose(format_args!("warning: {text}"));
}

/// What must be known of a run, and what to do about it: warnings however quiet, remarks as [`Printer::say`]
/// does.
pub(crate) fn note(note: &Note, advice: Option<&str>, printer: Printer) {
    if printer.is_silent() {
        return;
    }
    // Names in it are of the suite's or the endpoint's choice.
    let mut text = cell::safe(&note.text);
    if let Some(advice) = advice {
        text = format!("{text}; {advice}");
    }
    match note.kind.weight() {
        Weight::Warning => warn(text),
        Weight::Remark if printer.level >= Level::Default => emit_prose(text),
        Weight::Remark => {}
    }
}

/// Text for stderr that is complete in itself, such as a diagnostic.
pub(crate) fn verbatim(text: impl Display) {
    emit(stderr(), text);
}

/// A command for the build server, made harmless but for what it is.
pub(crate) fn command(line: &str) {
    drop(writeln!(stderr(), "{line}"));
}

/// Why a command cannot go on. A hint that several faults share is said once.
pub(crate) fn fail(failure: &Failure) {
    for diagnostic in &failure.diagnostics {
        verbatim(diagnostic);
    }
    for message in &failure.messages {
        emit_prose(format_args!("error: {message}"));
    }
    for (position, hint) in failure.hints.iter().enumerate() {
        if !failure.hints[..position].contains(hint) {
            emit_prose(format_args!("hint: {hint}"));
        }
    }
}
