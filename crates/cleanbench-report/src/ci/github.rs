//! What a step tells GitHub Actions: annotations, outputs, and its part of the job's summary.
//!
//! The forms are those of GitHub's documentation of workflow commands. This module makes text; the caller
//! writes it, because where it goes stands in the environment. The runner reads commands from stdout and
//! stderr alike.

use std::fmt::Write as _;

use cleanbench_core::Exit;
use cleanbench_core::gate::{GateResult, GateVerdict};
use cleanbench_text::notation::{command_property, command_text};

use super::{Missing, label};
use crate::{Summary, cell};

/// GitHub shows at most this many annotations of a kind for one step.
const MOST_ANNOTATIONS: usize = 10;
/// Most bytes of a step's summary, 1 MiB; GitHub drops the whole of a longer one.
const SUMMARY_CAP: usize = 1024 * 1024;
/// Stands at the end of a summary that was cut.
const CUT: &str = "\n\n*Cut here: GitHub shows 1 MiB of a summary. `summary.md` in the run directory is whole.*\n";

/// A line that GitHub shows beside the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Warning,
}

/// Workflow commands for what is wrong with a run: gates that did not pass, and calls without an answer.
/// At most ten of each kind, the last of which counts the rest.
pub fn annotations(gates: &[GateResult], summary: &Summary) -> Vec<String> {
    let mut found: Vec<(Kind, String, String)> = Vec::new();
    for gate in gates
        .iter()
        .filter(|gate| gate.verdict != GateVerdict::Pass)
    {
        let kind = match gate.exit() {
            Exit::GateFailed | Exit::ContaminationGateFailed => Kind::Error,
            _ => Kind::Warning,
        };
        let verdict = gate.verdict.as_str().replace('_', " ");
        let title = format!("gate {verdict}: {}", label(&gate.gate));
        let message = format!("{} on {}: {}", gate.model, gate.task, gate.message);
        found.push((kind, title, message));
    }
    for row in &summary.rows {
        let Missing { failed, open, .. } = Missing::of(row);
        if failed + open > 0 {
            let message = format!(
                "{} on {}: {failed} ended without an answer, {open} were not made",
                row.model, row.task
            );
            found.push((Kind::Warning, "calls without an answer".to_owned(), message));
        }
    }
    [Kind::Error, Kind::Warning]
        .into_iter()
        .flat_map(|kind| of_kind(kind, &found))
        .collect()
}

fn of_kind(kind: Kind, found: &[(Kind, String, String)]) -> Vec<String> {
    let found: Vec<_> = found.iter().filter(|one| one.0 == kind).collect();
    let shown = if found.len() > MOST_ANNOTATIONS {
        MOST_ANNOTATIONS - 1
    } else {
        found.len()
    };
    let mut lines: Vec<_> = found[..shown]
        .iter()
        .map(|(kind, title, message)| command(*kind, title, message))
        .collect();
    if shown < found.len() {
        let more = format!("{} more; summary.md lists them", found.len() - shown);
        lines.push(command(kind, "and more", &more));
    }
    lines
}

/// An annotation for a command that could not go on.
pub fn failure(message: &str) -> String {
    command(Kind::Error, "cleanbench", message)
}

fn command(kind: Kind, title: &str, message: &str) -> String {
    let name = match kind {
        Kind::Error => "error",
        Kind::Warning => "warning",
    };
    let (title, message) = (command_property(title), command_text(message));
    format!("::{name} title={title}::{message}")
}

/// The run that a step made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRun<'a> {
    /// Its identity.
    pub id: &'a str,
    /// Its directory.
    pub directory: &'a str,
}

/// Lines for `$GITHUB_OUTPUT`: `verdict` (that of [`super::Verdict`], or `error`), `exit`, `run`, `run_directory`,
/// and for every gate `gate_N`, counted from 1 in the order of `summary.md`.
pub fn outputs(
    exit: Exit,
    verdict: &str,
    run: Option<StepRun<'_>>,
    gates: &[GateResult],
) -> String {
    let mut lines = format!("verdict={verdict}\nexit={}\n", exit.code());
    if let Some(run) = run {
        add(&mut lines, "run", run.id);
        add(&mut lines, "run_directory", run.directory);
    }
    for (gate, number) in gates.iter().zip(1..) {
        add(&mut lines, &format!("gate_{number}"), gate.verdict.as_str());
    }
    lines
}

/// One output. A value is one line: a second one would be another output.
fn add(lines: &mut String, key: &str, value: &str) {
    // Writing to a string cannot fail.
    let _infallible = writeln!(lines, "{key}={}", cell::safe(value));
}

/// `text` for `$GITHUB_STEP_SUMMARY`, of which `present` bytes are taken: whole, or cut after a line with
/// a note that says so.
pub fn step_summary(text: &str, present: u64) -> String {
    let present = usize::try_from(present).unwrap_or(usize::MAX);
    let room = SUMMARY_CAP.saturating_sub(present);
    if text.len() <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(CUT.len()) else {
        return String::new();
    };
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end));
    let kept = &text[..end.unwrap_or_default()];
    let end = kept.rfind('\n').map_or(0, |end| end + 1);
    format!("{}{CUT}", &kept[..end])
}

#[cfg(test)]
mod tests {
    use cleanbench_core::gate::OnInconclusive;

    use super::super::tests::result;
    use super::*;

    fn nothing() -> Summary {
        Summary {
            rows: Vec::new(),
            slices: Vec::new(),
        }
    }

    #[test]
    fn a_command_cannot_be_forged() {
        let mut gate = result(GateVerdict::Fail, OnInconclusive::Inconclusive);
        gate.model = "x\n::error::y, 100%: z\r::set-output".to_owned();
        let lines = annotations(&[gate], &nothing());
        assert_eq!(lines.len(), 1);
        assert!(!lines[0].contains(['\n', '\r']), "{}", lines[0]);
        assert!(lines[0].contains("100%25"), "{}", lines[0]);
        let (head, _) = lines[0]
            .strip_prefix("::error title=")
            .unwrap()
            .split_once("::")
            .unwrap();
        assert_eq!(
            head,
            "gate fail%3A accuracy not 0.0300 or more below the baseline"
        );
    }

    #[test]
    fn ten_of_a_kind_and_the_last_counts_the_rest() {
        let fail = vec![result(GateVerdict::Fail, OnInconclusive::Warn); 12];
        let open = vec![result(GateVerdict::Inconclusive, OnInconclusive::Warn); 10];
        let lines = annotations(&[fail, open].concat(), &nothing());
        let of = |kind| lines.iter().filter(|line| line.starts_with(kind)).count();
        assert_eq!((of("::error "), of("::warning ")), (10, 10));
        assert!(lines[9].contains("3 more"), "{}", lines[9]);
        assert!(!lines[19].contains("more;"), "{}", lines[19]);
    }

    #[test]
    fn a_summary_is_cut_after_a_line_within_the_cap() {
        let line = format!("| {} |\n", "é".repeat(100));
        let text = line.repeat(10_000);
        for present in [0, 1, 17, 1_000_000] {
            let cut = step_summary(&text, present);
            assert!(cut.len() as u64 + present <= SUMMARY_CAP as u64);
            assert!(cut.len() as u64 + present > SUMMARY_CAP as u64 - 300);
            let kept = cut.strip_suffix(CUT).unwrap();
            assert!(kept.ends_with(" |\n") && text.starts_with(kept));
        }
        assert_eq!(step_summary("short\n", 5), "short\n");
        assert_eq!(step_summary("short\n", SUMMARY_CAP as u64), "");
    }

    #[test]
    fn outputs_are_one_line_each() {
        let gates = [result(GateVerdict::Pass, OnInconclusive::Warn)];
        let run = StepRun {
            id: "abc",
            directory: "a\nverdict=fail",
        };
        let text = outputs(Exit::Done, "pass", Some(run), &gates);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "verdict=pass",
                "exit=0",
                "run=abc",
                "run_directory=a\\u{a}verdict=fail",
                "gate_1=pass"
            ]
        );
    }
}
