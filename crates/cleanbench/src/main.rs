//! The `cleanbench` command: what was typed, wired to the libraries, and what is printed.
//!
//! Invariant: stdout is the result, stderr is talk, and the process ends by returning from `main`, so
//! the journal's last bytes are always written.

mod analysis_table;
mod anew;
mod arguments;
mod ci_arguments;
mod clock;
mod commands;
mod comparison_table;
mod conduct;
mod contamination_table;
mod descriptors;
mod environment;
mod failure;
mod failures;
mod foreign;
mod format;
mod gate_results;
mod github;
mod grant_arguments;
mod imported;
mod judging;
mod kept;
mod limits;
mod loading;
mod memory;
mod plain_table;
mod printer;
mod progress;
mod reach_table;
mod reread_table;
mod rerun_table;
mod result_table;
mod retries;
mod session;
mod signals;
mod starting;
mod status;
mod suite_folder;
mod wrap;

use std::process::ExitCode;

use cleanbench_core::Exit;

/// A call allocates a hundred times, and what one thread asked for another gives back: with the allocator of
/// the C library that costs a tenth more, and a run of a million samples more memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A panic's own text may quote what a model wrote; its place is enough to find the bug.
    std::panic::set_hook(Box::new(|panic| {
        if cleanbench_suite::decodes_foreign_bytes() {
            return;
        }
        let place = panic
            .location()
            .map_or_else(String::new, |place| format!(" at {place}"));
        printer::verbatim(format_args!("internal error: a bug in cleanbench{place}"));
    }));
    memory::keep_out_of_core_files();
    if judging::is_asked() {
        return judging::serve();
    }
    signals::listen();
    judging::confine();
    let exit = std::panic::catch_unwind(commands::main).unwrap_or(Exit::Internal);
    signals::yield_to_the_last();
    ExitCode::from(exit.code())
}
