//! What an interrupt (Ctrl-C), a termination or a hang-up does, whatever the program is doing.
//!
//! While calls are made the first lets those in flight end, and a second drops them; while the tables of a run are
//! written the first is an announcement. Everywhere else the first ends the program. The last signal ends it at once or
//! after [`GRACE`], by itself and without the help of what it was doing: what is on disk is whole at any time.
//!
//! Invariant: from the last signal to the end nothing is waited for: no lock, no stream, no thread.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use cleanbench_core::{Exit, RunId};
use cleanbench_engine::{StopHandle, StopLevel};
use cleanbench_ledger::RunDirectory;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::printer::{self, Printer};

/// How long dropped calls have to be put on record, and last words to be written.
const GRACE: Duration = Duration::from_millis(800);

/// What the program is doing.
enum Doing {
    /// What can be begun anew at no loss.
    Anything,
    /// Writing down the run of this id in this folder; nothing was asked.
    Planning(PathBuf, RunId),
    /// Something with a run that is on disk.
    Running(Run),
}

/// A run that is on disk.
struct Run {
    folder: PathBuf,
    printer: Printer,
    stage: Stage,
    /// Whether a signal was taken note of.
    is_told: bool,
}

enum Stage {
    Opened,
    Calling(StopHandle),
    Concluding,
}

static DOING: Mutex<Doing> = Mutex::new(Doing::Anything);

fn doing() -> MutexGuard<'static, Doing> {
    DOING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on a run of this id is written down in `out`.
pub(crate) fn planning(out: &Path, id: &RunId) {
    *doing() = Doing::Planning(out.to_owned(), id.clone());
}

/// From now on `run` is on disk.
pub(crate) fn written_down(run: &RunDirectory, printer: Printer) {
    *doing() = Doing::Running(Run {
        folder: run.path().to_owned(),
        printer,
        stage: Stage::Opened,
        is_told: false,
    });
}

/// From now on calls of the run are made, which `stop` ends.
pub(crate) fn calling(stop: StopHandle) {
    enter(Stage::Calling(stop));
}

/// From now on the tables of the run are written.
pub(crate) fn concluding() {
    enter(Stage::Concluding);
}

/// The tables are written.
pub(crate) fn concluded() {
    *doing() = Doing::Anything;
}

fn enter(stage: Stage) {
    if let Doing::Running(run) = &mut *doing() {
        run.stage = stage;
    }
}

/// Never returns where a signal is just ending the program: what fails meanwhile fails because of that.
pub(crate) fn yield_to_the_last() {
    drop(doing());
}

/// Listens from now on.
pub(crate) fn listen() {
    let mut wanted = vec![SIGINT, SIGTERM];
    if !is_ignored(SIGHUP) {
        wanted.push(SIGHUP);
    }
    // Where nobody can listen, signals do what they do by themselves.
    let Ok(mut signals) = Signals::new(wanted) else {
        return;
    };
    let listener = thread::Builder::new().name("signals".to_owned());
    drop(listener.spawn(move || {
        for _ in signals.forever() {
            answer();
        }
    }));
}

/// Whether whoever started the program, such as `nohup`, wants it to ignore `signal`.
fn is_ignored(signal: i32) -> bool {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

fn answer() {
    match &mut *doing() {
        Doing::Anything => end(Duration::ZERO, || ()),
        Doing::Planning(out, id) => end(GRACE, || {
            // Another thread writes there still, until it ends with the program.
            while !discard(out, id) {}
            printer::verbatim("interrupted; nothing was asked, and nothing is left of the run");
        }),
        Doing::Running(run) => run.answer(),
    }
}

impl Run {
    fn answer(&mut self) {
        let printer = self.printer;
        let resume = format!("cleanbench run --resume {}", self.folder.display());
        let was_told = std::mem::replace(&mut self.is_told, true);
        match &self.stage {
            Stage::Calling(stop) => match stop.escalate() {
                StopLevel::Drain => say_aside(
                    printer,
                    format!(
                        "stopping: waiting for the calls in flight (once more to drop them); go on with: {resume}"
                    ),
                ),
                StopLevel::Abort | StopLevel::Run => {
                    end_after(GRACE);
                    say_aside(
                        printer,
                        format!(
                            "dropping the calls in flight; their outcome is unknown, possibly billed; go on with: {resume}"
                        ),
                    );
                }
            },
            Stage::Concluding if !was_told => say_aside(
                printer,
                format!(
                    "the tables are being written (once more to end at once); then go on with: {resume}"
                ),
            ),
            Stage::Opened | Stage::Concluding => end(GRACE, move || {
                printer.say(format!("interrupted; go on with: {resume}"));
            }),
        }
    }
}

/// Does `last` and ends; but ends after `grace` whatever becomes of it.
fn end(grace: Duration, last: impl FnOnce()) -> ! {
    if grace.is_zero() {
        leave();
    }
    end_after(grace);
    last();
    leave()
}

/// Ends the program in the time of `grace`, whatever happens meanwhile.
fn end_after(grace: Duration) {
    let waiting = thread::Builder::new().spawn(move || {
        thread::sleep(grace);
        leave();
    });
    if waiting.is_err() {
        leave();
    }
}

/// Says `text` where nobody waits until it is said: whoever reads may have stopped.
fn say_aside(printer: Printer, text: String) {
    drop(thread::Builder::new().spawn(move || printer.say(text)));
}

/// Ends the program now. Programs that judge for it end with it.
fn leave() -> ! {
    cleanbench_score::end_programs();
    signal_hook::low_level::exit(i32::from(Exit::Interrupted.code()))
}

/// Removes what a run that was not planned to the end left behind: nothing was asked, nothing is lost. Whether nothing
/// is left.
pub(crate) fn discard(out: &Path, id: &RunId) -> bool {
    let Ok(entries) = fs_err::read_dir(out) else {
        return true;
    };
    let mut is_gone = true;
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str());
        let is_its = name.is_some_and(|name| name.ends_with(&format!("-{id}")));
        if is_its && !path.join("run.json").exists() {
            is_gone &= fs_err::remove_dir_all(path).is_ok();
        }
    }
    is_gone
}
