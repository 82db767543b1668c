//! Where hostile suites are built and looked at: a suite, a folder beside it that nobody allowed, a server that counts,
//! and a secret in the environment.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use cleanbench_testkit::FakeServer;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::bed::{Bed, Done, MODEL, answering};

/// What stands in the environment of the program, and must be found nowhere else.
pub(crate) const CANARY: &str = "sk-CANARY-51ab90e7";
/// What stands in the folder that nobody allowed.
pub(crate) const OUTSIDE: &str = "OUTSIDE-CANARY-77c2";
/// Most memory, in KiB.
const MOST_KIB: u64 = 512 << 10;
/// Most time of the processor, in seconds.
const MOST_SECONDS: f64 = 5.0;
/// After this time a program hangs, however busy the machine is.
const HANGS: Duration = Duration::from_mins(3);

/// The beginning of every manifest.
pub(crate) const HEAD: &str = "name = \"s\"\nversion = \"1\"\n";
/// A sample.
pub(crate) const ROW: &str = "{\"input\":\"q\",\"target\":\"a\"}\n";
/// A picture, as far as its first bytes say.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A task with `data` and `more` keys.
pub(crate) fn task(name: &str, data: &str, more: &str) -> String {
    format!(
        "[[task]]\nname = \"{name}\"\ndata = \"{data}\"\nsensitivity = \"public\"\nscorers = [\"exact\"]\n{more}\n"
    )
}

pub(crate) struct Yard {
    pub(crate) bed: Bed,
    pub(crate) server: FakeServer,
    /// What lay outside when everything was built.
    before: BTreeMap<PathBuf, Vec<u8>>,
}

impl Yard {
    /// `suite/` with a manifest and data that are fine, and `outside/`.
    pub(crate) fn new() -> Self {
        let server = FakeServer::start(answering());
        let bed = Bed::new(1);
        bed.models(&server.url(), "");
        let mut yard = Self {
            bed,
            server,
            before: BTreeMap::new(),
        };
        yard.write(
            "suite/suite.toml",
            HEAD.to_owned() + &task("t", "data.jsonl", ""),
        );
        yard.write("suite/data.jsonl", ROW);
        let row = format!("{{\"input\":\"{OUTSIDE}\",\"target\":\"a\"}}\n");
        yard.write("outside/x.jsonl", row);
        yard.write("outside/x.md", format!("{OUTSIDE} {{{{ input }}}}"));
        yard.write("outside/x.json", format!("{{\"title\":\"{OUTSIDE}\"}}"));
        yard.write("outside/x.png", [PNG, OUTSIDE.as_bytes()].concat());
        yard.write(
            "outside/x.toml",
            HEAD.to_owned() + &task(OUTSIDE, "x.jsonl", ""),
        );
        yard.write("outside/x.key", "ab".repeat(32));
        yard.before = files_of(&yard.path("outside"));
        yard
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.bed.path(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    }

    /// Makes `suite/suite.toml` the usual beginning and `text`.
    pub(crate) fn manifest(&self, text: &str) {
        self.write("suite/suite.toml", HEAD.to_owned() + text);
    }

    /// Makes `name` a link to `target`, whatever is there.
    pub(crate) fn link(&self, target: impl AsRef<Path>, name: &str) {
        let path = self.free(name);
        symlink(target, path).unwrap();
    }

    /// Makes `name` a pipe that nobody writes to.
    pub(crate) fn pipe(&self, name: &str) {
        let mode = Mode::from_raw_mode(0o600);
        mknodat(CWD, self.free(name), FileType::Fifo, mode, 0).unwrap();
    }

    fn free(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        if path.symlink_metadata().is_ok() {
            fs_err::remove_file(&path).unwrap();
        }
        path
    }

    /// Makes `name` a file of `bytes` bytes that takes no room on the disk.
    pub(crate) fn hole(&self, name: &str, bytes: u64) {
        let file = fs_err::File::create(self.free(name)).unwrap();
        file.set_len(bytes).unwrap();
    }

    /// Makes `name` what `pack` makes of `times` times `part`.
    pub(crate) fn gzip(&self, name: &str, part: &[u8], times: usize) {
        let file = fs_err::File::create(self.free(name)).unwrap();
        let mut packer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        (0..times).for_each(|_| packer.write_all(part).unwrap());
        packer.finish().unwrap();
    }

    pub(crate) fn zstd(&self, name: &str, part: &[u8], times: usize) {
        let file = fs_err::File::create(self.free(name)).unwrap();
        let mut packer = zstd::Encoder::new(file, 1).unwrap();
        (0..times).for_each(|_| packer.write_all(part).unwrap());
        packer.finish().unwrap();
    }

    /// What is wrong with how `check` and `run` take the suite, if anything is: they must refuse it, soon and cheaply, send
    /// nothing, tell nothing and touch nothing.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for arguments in [
            &["check", "suite", "-m", MODEL][..],
            &["run", "suite", "-m", MODEL, "-o", "out"],
        ] {
            let found = self.watched(arguments);
            let verb = arguments[0];
            faults.extend(found.into_iter().map(|fault| format!("{verb}: {fault}")));
        }
        faults
    }

    /// What a command comes to, and how many seconds the processor works for it.
    pub(crate) fn work_of(&self, arguments: &[&str]) -> (Done, f64) {
        let watched = watch(self.bed.command(arguments).spawn().unwrap());
        (watched.done, watched.seconds)
    }

    fn watched(&self, arguments: &[&str]) -> Vec<String> {
        let mut command = self.bed.command(arguments);
        let child = command.env("CANARY_KEY", CANARY).spawn().unwrap();
        let Watched {
            done,
            signal,
            kib,
            seconds,
            hung,
        } = watch(child);
        let mut faults = Vec::new();
        if hung {
            faults.push("hangs".to_owned());
        } else if let Some(signal) = signal {
            faults.push(format!("ended by signal {signal}: {}", done.stderr));
        } else if !matches!(done.code, 65 | 66) {
            faults.push(format!(
                "exit {}: {}{}",
                done.code, done.stdout, done.stderr
            ));
        }
        if kib > MOST_KIB {
            faults.push(format!("takes {kib} KiB"));
        }
        if seconds > MOST_SECONDS {
            faults.push(format!("takes {seconds} s of work"));
        }
        if self.server.totals().requests > 0 {
            faults.push("something was sent".to_owned());
        }
        let said = done.stdout + &done.stderr;
        for secret in [CANARY, OUTSIDE] {
            if said.contains(secret) {
                faults.push(format!("says {secret}"));
            }
            let mut written = files_of(&self.path("out"));
            written.extend(files_of(&self.path("suite")));
            written.retain(|_, bytes| String::from_utf8_lossy(bytes).contains(secret));
            faults.extend(
                written
                    .keys()
                    .map(|path| format!("{secret} in {}", path.display())),
            );
        }
        if files_of(&self.path("outside")) != self.before {
            faults.push("what lies outside was touched".to_owned());
        }
        faults
    }
}

/// How a program ended.
struct Watched {
    done: Done,
    /// Its signal, where it ended by one.
    signal: Option<i32>,
    kib: u64,
    seconds: f64,
    hung: bool,
}

fn watch(mut child: Child) -> Watched {
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |mut from: Box<dyn std::io::Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let (stdout, stderr) = (read(Box::new(stdout)), read(Box::new(stderr)));
    let end = Instant::now() + HANGS;
    let (mut kib, mut seconds, mut hung) = (0, 0.0, false);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        kib = peak_kib(child.id()).unwrap_or(0).max(kib);
        seconds = work(child.id()).unwrap_or(seconds);
        if Instant::now() > end {
            hung = true;
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Watched {
        done: Done {
            code: status.code().unwrap_or(-1),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        },
        signal: status.signal(),
        kib,
        seconds,
        hung,
    }
}

/// Peak resident memory of a process in KiB, while it runs.
fn peak_kib(process: u32) -> Option<u64> {
    let status = fs_err::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Seconds that the processor has worked for a process.
pub(crate) fn work(process: u32) -> Option<f64> {
    /// Parts of a second in which that is counted.
    const TICKS: f64 = 100.0;
    let stat = fs_err::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields = stat.rsplit_once(") ")?.1.split(' ');
    let ticks = fields
        .skip(11)
        .take(2)
        .map(|field| field.parse::<f64>().ok());
    Some(ticks.sum::<Option<f64>>()? / TICKS)
}

/// Everything that is written in a folder, by its path; small files only, pipes and links left out.
fn files_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    const LARGE: u64 = 1 << 20;
    let mut found = BTreeMap::new();
    let Ok(entries) = fs_err::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let meta = path.symlink_metadata().unwrap();
        if meta.is_dir() {
            found.extend(files_of(&path));
        } else if meta.is_file() && meta.len() < LARGE {
            let bytes = fs_err::read(&path).unwrap_or_default();
            found.insert(path, bytes);
        }
    }
    found
}
