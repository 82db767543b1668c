//! The children that judge: as many as there are processors, each in the hands of one thread.
//!
//! Invariants: a child outlives its request only if it has answered it; a thread outlives its child, because the end
//! of the thread that started a child ends the child too.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

/// Most children.
const MOST: usize = 8;

/// Where requests go; nowhere before [`start`].
static POOL: OnceLock<Pool> = OnceLock::new();

/// Why a request has no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// Its seconds of the processor were used up.
    Time,
    /// The child ended in another way.
    BrokeOff,
    /// No child could be started.
    NotStarted,
}

#[derive(Debug)]
struct Request {
    line: String,
    reply: Sender<Result<String, Lost>>,
}

#[derive(Debug)]
struct Pool {
    requests: Mutex<Sender<Request>>,
}

/// How a child is started.
#[derive(Debug, Clone)]
struct Program {
    path: PathBuf,
    argument: &'static str,
}

/// From now on what may take long is judged by children: `path` started with `argument` alone, which must come to
/// [`super::serve`]. Only the first call counts.
pub fn start(path: PathBuf, argument: &'static str) {
    POOL.get_or_init(|| Pool::of(&Program { path, argument }));
}

/// Whether there are children to judge.
pub(super) fn is_on() -> bool {
    POOL.get().is_some()
}

/// What a child replies to `line`.
pub(super) fn ask(line: String) -> Result<String, Lost> {
    let (reply, replied) = channel();
    let request = Request { line, reply };
    let pool = POOL.get().ok_or(Lost::NotStarted)?;
    let requests = pool.requests.lock().unwrap_or_else(PoisonError::into_inner);
    requests.send(request).map_err(|_| Lost::NotStarted)?;
    drop(requests);
    replied.recv().unwrap_or(Err(Lost::NotStarted))
}

impl Pool {
    fn of(program: &Program) -> Self {
        let (requests, received) = channel();
        let received = Arc::new(Mutex::new(received));
        let threads = thread::available_parallelism().map_or(2, |number| number.get().min(MOST));
        for _ in 0..threads {
            let (received, program) = (Arc::clone(&received), program.clone());
            // Without a single thread requests are not taken, and that is said.
            drop(
                thread::Builder::new()
                    .name("judging".to_owned())
                    .spawn(move || work(&received, &program)),
            );
        }
        Self {
            requests: Mutex::new(requests),
        }
    }
}

/// Takes requests as long as there are any.
fn work(requests: &Mutex<Receiver<Request>>, program: &Program) {
    let mut judging = None;
    loop {
        let next = requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(Request { line, reply }) = next else {
            return;
        };
        // Whoever asked may be gone.
        drop(reply.send(answer(&mut judging, program, &line)));
    }
}

fn answer(judging: &mut Option<Judging>, program: &Program, line: &str) -> Result<String, Lost> {
    let mut child = match judging.take().and_then(Judging::if_alive) {
        Some(child) => child,
        None => Judging::started(program).ok_or(Lost::NotStarted)?,
    };
    match child.ask(line) {
        Some(reply) => {
            *judging = Some(child);
            Ok(reply)
        }
        None => Err(child.end()),
    }
}

/// A child with what leads in and out of it.
struct Judging {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Judging {
    fn started(program: &Program) -> Option<Self> {
        let mut command = Command::new(&program.path);
        command
            .arg(program.argument)
            .env_clear()
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // What a terminal sends to stop this program is for this program to answer.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().ok()?;
        let (input, output) = (child.stdin.take()?, child.stdout.take()?);
        Some(Self {
            child,
            input,
            output: BufReader::new(output),
        })
    }

    /// Itself, unless it ended while nobody asked.
    fn if_alive(mut self) -> Option<Self> {
        let is_alive = self.child.try_wait().is_ok_and(|ended| ended.is_none());
        is_alive.then_some(self)
    }

    /// One line for one line; `None` where the child ends meanwhile.
    fn ask(&mut self, line: &str) -> Option<String> {
        self.input.write_all(line.as_bytes()).ok()?;
        self.input.write_all(b"\n").ok()?;
        let mut reply = String::new();
        self.output.read_line(&mut reply).ok()?;
        reply.ends_with('\n').then_some(reply)
    }

    /// Why it ended.
    fn end(mut self) -> Lost {
        drop(self.child.kill());
        match self.child.wait() {
            Ok(status) if was_out_of_time(status) => Lost::Time,
            _ => Lost::BrokeOff,
        }
    }
}

#[cfg(unix)]
fn was_out_of_time(status: std::process::ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    let signal = status
        .signal()
        .and_then(rustix::process::Signal::from_named_raw);
    signal == Some(rustix::process::Signal::XCPU)
}

#[cfg(not(unix))]
fn was_out_of_time(_: std::process::ExitStatus) -> bool {
    false
}
