//! Judging in a child: this program, started anew to judge for the one that started it.
//!
//! Invariant: a child reads questions and writes replies, and does nothing else.

use std::io::{stdin, stdout};
use std::process::ExitCode;

use cleanbench_core::Exit;
use cleanbench_score::confine;

/// The one argument of such a child. No command, so that nobody comes upon it.
const WORD: &str = "__judge";

/// Whether this process was started to judge.
pub(crate) fn is_asked() -> bool {
    let mut words = std::env::args_os().skip(1);
    words.next().is_some_and(|word| word == WORD) && words.next().is_none()
}

/// Judges until nobody asks any more.
pub(crate) fn serve() -> ExitCode {
    // The parent may be gone, and then nobody hears of it.
    drop(confine::serve(stdin().lock(), stdout().lock()));
    ExitCode::from(Exit::Done.code())
}

/// From now on what may take long is judged in children. Where this program cannot be found, it is judged here.
pub(crate) fn confine() {
    if let Ok(program) = std::env::current_exe() {
        confine::start(program, WORD);
    }
}
