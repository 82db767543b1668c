//! A folder with a suite, a models file and a fake server, and the program to run there.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use cleanbench_testkit::{FakeServer, right_choice};

/// The answers that suites made here choose from.
pub(crate) const CHOICES: [&str; 4] = ["billing", "network", "hardware", "account"];

/// Name of the model in the models file, so that results do not depend on the server's port.
pub(crate) const MODEL: &str = "fake";

/// No program that is tested takes as long, however busy the machine is.
const LONGEST: Duration = Duration::from_mins(8);

pub(crate) struct Bed {
    dir: tempfile::TempDir,
}

/// What a finished program left.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Panics with everything that was printed unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

/// The question of sample `number`; what the fake server answers depends on it alone.
pub(crate) fn question(number: usize) -> String {
    format!("Ticket {number}: which queue?")
}

impl Bed {
    /// A folder with a private suite of `samples` samples in `suite/`.
    pub(crate) fn new(samples: usize) -> Self {
        let bed = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        bed.write("suite/suite.toml", &manifest("private", "choice"));
        bed.write("suite/data.jsonl", &data(samples));
        bed
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    /// Names `url` as the model [`MODEL`], with `more` lines of its entry.
    pub(crate) fn models(&self, url: &str, more: &str) {
        self.write(
            "models.toml",
            &format!("[models.{MODEL}]\nbase_url = \"{url}\"\nmodel = \"m\"\n{more}\n"),
        );
        self.trust();
    }

    /// Answers for the models file and `.env` in the folder as they are now. Where one has faults, nobody does.
    pub(crate) fn trust(&self) {
        self.run(&["trust", "."]);
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cleanbench"));
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        wait(self.start(arguments))
    }

    /// Runs the suite on the model of the models file, into the folder `out`.
    pub(crate) fn run_suite(&self, out: &str, more: &[&str]) -> Done {
        let mut arguments = vec!["run", "suite", "-m", MODEL, "-o", out];
        arguments.extend(more);
        self.run(&arguments)
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// The only run directory in `out`.
    #[track_caller]
    pub(crate) fn only_run(&self, out: &str) -> PathBuf {
        let mut runs: Vec<_> = fs_err::read_dir(self.path(out))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.remove(0)
    }
}

pub(crate) fn manifest(sensitivity: &str, scorer: &str) -> String {
    format!(
        "name = \"tickets\"\nversion = \"1\"\n\n[[task]]\nname = \"routing\"\ndata = \"data.jsonl\"\n\
         sensitivity = \"{sensitivity}\"\nprompt = \"{{{{ input }}}}\"\nchoices = {CHOICES:?}\n\
         scorers = [\"{scorer}\"]\ngenerate = {{ temperature = 0, max_tokens = 16 }}\n"
    )
}

/// `samples` lines whose target is what a fake server that is always right answers.
pub(crate) fn data(samples: usize) -> String {
    let choices: Vec<String> = CHOICES.iter().map(ToString::to_string).collect();
    (0..samples)
        .map(|number| {
            let input = question(number);
            let target = right_choice(&choices, &input).unwrap();
            format!("{{\"id\":\"s{number}\",\"input\":\"{input}\",\"target\":\"{target}\"}}\n")
        })
        .collect()
}

/// A server that answers with the right choice four times out of five.
pub(crate) fn answering() -> cleanbench_testkit::Script {
    let choices = CHOICES.iter().map(ToString::to_string).collect();
    cleanbench_testkit::Script::answering(cleanbench_testkit::Answers::Hash {
        choices,
        right_share: 0.8,
    })
}

pub(crate) fn read(path: &Path, name: &str) -> String {
    fs_err::read_to_string(path.join(name)).unwrap()
}

/// Copies a run directory.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs_err::copy(entry.path(), target).unwrap();
        }
    }
}

/// Copies a run directory to `to`, without what was asked and answered: nothing in it can be judged again.
pub(crate) fn copy_without_payloads(from: &Path, to: &Path) {
    copy(from, to);
    fs_err::remove_dir_all(to.join("payloads")).unwrap();
}

/// Waits until `done` holds; panics after ten seconds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Rows of a CSV file as maps from column to cell.
pub(crate) fn table(run: &Path, name: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(run.join(name)).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// Sends a signal by name to a child.
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(status.success());
}

/// Waits for the end of a program; one that has no end is killed, and what it printed is shown.
#[track_caller]
pub(crate) fn wait(child: Child) -> Done {
    let id = child.id().to_string();
    let (ended, end) = mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let output = child.wait_with_output();
        // Nobody listens where it took too long.
        ended.send(()).ok();
        output
    });
    let has_ended = end.recv_timeout(LONGEST).is_ok();
    if !has_ended {
        Command::new("kill").args(["-ABRT", &id]).status().unwrap();
    }
    let done = Done::of(&waiting.join().unwrap().unwrap());
    assert!(
        has_ended,
        "it had not ended after {LONGEST:?}:\n{}\n{}",
        done.stdout, done.stderr
    );
    done
}

/// A server and a bed whose models file names it.
pub(crate) fn bed_with(samples: usize, script: cleanbench_testkit::Script) -> (Bed, FakeServer) {
    let server = FakeServer::start(script);
    let bed = Bed::new(samples);
    bed.models(&server.url(), "");
    (bed, server)
}
