//! Memory is bounded by concurrency, plus at most 48 bytes a sample.

use std::time::Duration;

use crate::bed::{MODEL, answering, bed_with, wait};

const SAMPLES: usize = 200_000;

/// Peak resident memory of a process in KiB, while it runs.
pub(crate) fn peak_kib(process: u32) -> Option<u64> {
    let status = fs_err::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn two_hundred_thousand_samples_need_little_memory() {
    let (bed, server) = bed_with(SAMPLES, answering());
    let mut child = bed.start(&["run", "suite", "-m", MODEL, "-o", "out", "-j", "64", "-q"]);
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(peak_kib(child.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    wait(child).expect(0);
    assert_eq!(server.totals().requests, SAMPLES as u64);
    let bound = 64 * 1024 + SAMPLES as u64 * 48 / 1024;
    assert!(peak > 0 && peak < bound, "{peak} KiB, bound {bound} KiB");
}
