//! A clock beyond the last year that can be written down is named, and nothing is begun under it.
//!
//! The clock of a machine is not ours to set: a library in front of the C library shifts it for the program alone. Where
//! there is no compiler for that, nothing is tested.

use std::path::PathBuf;
use std::process::{Command, Output};

use cleanbench_testkit::FakeServer;

use crate::bed::{Bed, MODEL, answering, bed_with, read};
use crate::replay::text;

/// Seconds by which the clock is ahead.
const AHEAD: &str = "AHEAD_BY";

const SHIM: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    long failed = syscall(SYS_clock_gettime, clock, time);
    const char *ahead = getenv("AHEAD_BY");
    if (failed == 0 && clock == CLOCK_REALTIME && ahead)
        time->tv_sec += atoll(ahead);
    return (int)failed;
}
"#;

/// The library, where it can be made.
fn shim(bed: &Bed) -> Option<PathBuf> {
    bed.write("shim.c", SHIM);
    let library = bed.path("shim.so");
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &bed.path("shim.c")])
        .output();
    made.is_ok_and(|made| made.status.success())
        .then_some(library)
}

struct Shifted {
    bed: Bed,
    server: FakeServer,
    shim: PathBuf,
}

impl Shifted {
    fn run(&self, seconds: &str, out: &str) -> Output {
        let mut command = self.bed.command(&["run", "suite", "-m", MODEL, "-o", out]);
        command.env("LD_PRELOAD", &self.shim).env(AHEAD, seconds);
        command.output().unwrap()
    }
}

#[test]
fn nothing_is_begun_under_a_clock_that_no_record_can_hold() {
    let (bed, server) = bed_with(3, answering());
    let Some(shim) = shim(&bed) else {
        assert!(
            Command::new("cc").arg("--version").output().is_err(),
            "`cc` makes no library"
        );
        return;
    };
    let shifted = Shifted { bed, server, shim };
    for (seconds, year) in [
        ("260000000000", "the year 10"),
        ("300000000000", "the year 11"),
        ("9000000000000", "the year 287"),
    ] {
        let output = shifted.run(seconds, "never");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(66), "{said}");
        for words in ["the clock of this machine says", year, "set the clock"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!said.contains("panicked"), "{said}");
        assert!(!shifted.bed.path("never").exists());
    }
    assert_eq!(shifted.server.totals().connections, 0);
    // The last of the years that can be is one like any other.
    let output = shifted.run("250000000000", "late");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let run = shifted.bed.only_run("late");
    assert!(read(&run, "journal/00000.jsonl").contains("\"at\":\"99"));
    shifted.bed.run(&["verify", text(&run)]).expect(0);
}
