//! One run of a program: input in, output out, within a time and a size.
//!
//! Invariant: it returns by the end of the time, whatever the program does; on failure the program and all
//! of its process group are killed. What a program moved out of its group is not found.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Process groups of the programs that run.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every program that a scorer runs at the moment, with what it started: for a process that ends without waiting
/// for them.
pub fn end_programs() {
    running().iter().copied().for_each(kill_group);
}

/// How often the end of a program is looked for.
const PAUSE: Duration = Duration::from_millis(2);

/// Runs `command` in an empty folder and gives what it wrote.
///
/// # Errors
/// A fragment that goes on after the program's name.
pub(super) fn run(
    mut command: Command,
    input: Vec<u8>,
    limit: Duration,
    most: usize,
) -> Result<Vec<u8>, String> {
    let folder =
        tempfile::tempdir().map_err(|error| format!("has no folder to run in: {error}"))?;
    command
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let deadline = Instant::now() + limit;
    let mut child = command
        .spawn()
        .map_err(|error| format!("could not be started: {error}"))?;
    running().insert(child.id());
    let result = converse(&mut child, input, deadline, most);
    if result.is_err() {
        kill(&mut child);
    }
    let status = ended(&mut child, deadline);
    running().remove(&child.id());
    let late = || format!("took longer than {} s", limit.as_secs_f64());
    match (result, status) {
        (Err(Failure::Late), _) => Err(late()),
        (Err(Failure::Long), _) => Err(format!("wrote more than {most} bytes")),
        (Ok(_), None) => {
            kill(&mut child);
            Err(late())
        }
        (Ok(output), Some(status)) if status.success() => Ok(output),
        (Ok(_), Some(status)) => Err(match status.code() {
            Some(code) => format!("ended with exit code {code}"),
            None => "was ended by a signal".to_owned(),
        }),
    }
}

/// Why there is no output.
enum Failure {
    Late,
    Long,
}

/// Writes the input and reads the output, each in a thread of its own, so that neither waits for the other.
fn converse(
    child: &mut Child,
    input: Vec<u8>,
    deadline: Instant,
    most: usize,
) -> Result<Vec<u8>, Failure> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    thread::spawn(move || {
        if let Some(mut stdin) = stdin {
            // A program need not read what it is given.
            drop(stdin.write_all(&input));
        }
    });
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut output = Vec::new();
        if let Some(stdout) = stdout {
            let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
            drop(stdout.take(limit).read_to_end(&mut output));
        }
        drop(sender.send(output));
    });
    let left = deadline.saturating_duration_since(Instant::now());
    match receiver.recv_timeout(left) {
        Ok(output) if output.len() > most => Err(Failure::Long),
        Ok(output) => Ok(output),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Failure::Late),
    }
}

/// How the program ended, if it did before `deadline`.
fn ended(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(PAUSE),
            _ => return None,
        }
    }
}

/// Kills the program with its process group, and takes note of its end.
fn kill(child: &mut Child) {
    kill_group(child.id());
    drop(child.kill());
    drop(child.wait());
}

fn kill_group(id: u32) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(id)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        // It fails where nothing of the group is left.
        let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}
