//! `cleanbench verify`: is everything that a run directory says true?

use cleanbench_core::Exit;
use cleanbench_report::cell;
use cleanbench_report::verify::{Standing, Verdict, Verification, verify as check_run};
use cleanbench_study::derived;
use serde_json::json;

use super::derived::{Located, locate};
use crate::arguments::VerifyArguments;
use crate::failure::Failure;
use crate::format::Format;
use crate::printer::{self, Printer};

/// Verifies a run and names every damaged place.
pub(super) fn verify(arguments: &VerifyArguments, printer: Printer) -> Result<Exit, Failure> {
    let located = locate(&arguments.out, &arguments.run)?;
    let (mut found, folder) = match &located {
        Located::Run(run) => (check_run(run)?, run.path()),
        Located::Derived(folder) => (derived::verify(folder)?, folder.as_path()),
    };
    if let Some(noted) = &arguments.head {
        found.compare_head(noted);
    }
    match arguments.out.format {
        Format::Text => {
            let checked = match located {
                Located::Derived(_) => "every file computed anew from its inputs".to_owned(),
                Located::Run(_) => format!(
                    "{} journal records, {} payloads, {} judgements recomputed",
                    found.records, found.payloads, found.judgements
                ),
            };
            print_text(&found, &folder.display().to_string(), &checked);
            say_head(&found, arguments.head.is_some(), printer);
        }
        Format::Json => printer::json(&json!({
            "verified": found.verdict() == Verdict::Holds(Standing::Whole),
            "verdict": word(found.verdict()),
            "head": found.head.filter(|_| found.passed()),
            "damages": found.damages.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "more": found.more,
            "notes": found.notes,
            "added": found.added,
            "records": found.records,
            "payloads": found.payloads,
            "judgements": found.judgements,
        })),
    }
    Ok(exit_of(found.verdict()))
}

/// What a verification comes to, for programs.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Damaged => "damaged",
        Verdict::Holds(Standing::Whole) => "verified",
        Verdict::Holds(Standing::InPart) => "recorded",
        Verdict::Holds(Standing::WithoutPayloads) => "not_recomputable",
        Verdict::Holds(Standing::NotEnded) => "not_ended",
    }
}

fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Damaged => Exit::VerifyFailed,
        Verdict::Holds(Standing::Whole | Standing::InPart) => Exit::Done,
        Verdict::Holds(Standing::WithoutPayloads | Standing::NotEnded) => Exit::Inconclusive,
    }
}

/// The verdict in the words of its line.
fn told(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Damaged => "NOT VERIFIED",
        Verdict::Holds(Standing::Whole) => "verified",
        Verdict::Holds(Standing::InPart) => "whole, and recorded in part, not recomputable",
        Verdict::Holds(Standing::WithoutPayloads) => "NOT RECOMPUTABLE",
        Verdict::Holds(Standing::NotEnded) => "NOT ENDED",
    }
}

/// Names in it are of whoever made the folder.
fn print_text(found: &Verification, run: &str, checked: &str) {
    for damage in &found.damages {
        printer::result(format!("damaged: {}", cell::safe(&damage.to_string())));
    }
    if found.more > 0 {
        printer::result(format!("damaged: {} further places", found.more));
    }
    for name in &found.added {
        printer::result(format!(
            "warning: added: {}; no version of cleanbench writes it, and nothing is told from it",
            cell::safe(name)
        ));
    }
    for note in &found.notes {
        printer::result(format!("note: {}", cell::safe(note)));
    }
    let verdict = told(found.verdict());
    printer::result(format!("{verdict}: {run} ({checked})"));
}

/// Prints the head, and says what it is good for.
fn say_head(found: &Verification, is_compared: bool, printer: Printer) {
    let Some(head) = found.head.filter(|_| found.passed()) else {
        return;
    };
    if is_compared {
        printer::result(format!("head: {head}, the one that was given"));
        return;
    }
    printer::result(format!("head: {head}"));
    printer.say(
        "this shows that the record is whole from its head on, and what follows from it. Whoever can rewrite all of it can make \
         another record, with another head: compare it with the one that was printed when it was made, by `--head HASH`",
    );
}
