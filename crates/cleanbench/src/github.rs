//! What a run tells GitHub Actions, when it runs there: annotations, outputs, and the step's summary.
//!
//! A file that cannot be written is warned of and changes no exit code: the run and its verdict stand in
//! the run directory.

use std::io::Write as _;
use std::path::Path;

use cleanbench_core::Exit;
use cleanbench_report::Recording;
use cleanbench_report::Report;
use cleanbench_report::ci::{Verdict, github};

use crate::environment::{GitHub, github as at_github};
use crate::failure::Failure;
use crate::printer;

/// Tells of a run that has ended with `exit`.
pub(crate) fn ended(recording: &Recording, report: &Report, exit: Exit) {
    let Some(step) = at_github() else { return };
    for line in github::annotations(&report.gates, &report.summary) {
        printer::command(&line);
    }
    let directory = recording.run.path().display().to_string();
    let run = github::StepRun {
        id: recording.manifest.run.as_str(),
        directory: &directory,
    };
    let verdict = Verdict::of(&report.gates);
    output(
        &step,
        &github::outputs(exit, verdict.as_str(), Some(run), &report.gates),
    );
    let Some(file) = &step.summary else { return };
    let summary = recording.run.read("summary.md");
    let summary = summary.map_err(std::io::Error::other);
    let told = summary.and_then(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        let present = fs_err::metadata(file).map_or(0, |file| file.len());
        append(file, &github::step_summary(&text, present))
    });
    told.unwrap_or_else(|error| printer::warn(format!("no summary for the step: {error}")));
}

/// Tells of a run that could not be made or could not end.
pub(crate) fn failed(failure: &Failure) {
    let Some(step) = at_github() else { return };
    printer::command(&github::failure(&failure.messages.join("; ")));
    output(&step, &github::outputs(failure.exit, "error", None, &[]));
}

fn output(step: &GitHub, text: &str) {
    let Some(file) = &step.output else { return };
    let told = append(file, text);
    told.unwrap_or_else(|error| printer::warn(format!("no outputs of the step: {error}")));
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs_err::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    file.write_all(text.as_bytes())
}
