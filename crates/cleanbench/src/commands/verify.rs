//! `cleanbench verify`: is everything that a run directory says true?

use cleanbench_core::Exit;
use cleanbench_report::verify::{Verification, verify as check_run};
use cleanbench_study::derived;
use serde_json::json;

use super::derived::{Located, locate};
use crate::arguments::VerifyArguments;
use crate::failure::Failure;
use crate::format::Format;
use crate::printer;

/// Verifies a run and names every damaged place.
pub(super) fn verify(arguments: &VerifyArguments) -> Result<Exit, Failure> {
    let (found, folder) = match locate(&arguments.out, &arguments.run)? {
        Located::Run(run) => (check_run(&run)?, run.path().to_owned()),
        Located::Derived(folder) => (derived::verify(&folder)?, folder),
    };
    match arguments.out.format {
        Format::Text if derived::is_derived(&folder) => {
            let checked = "every file computed anew from its inputs";
            print_text(&found, &folder.display().to_string(), checked);
        }
        Format::Text => {
            let checked = format!(
                "{} journal records, {} payloads, {} judgements recomputed",
                found.records, found.payloads, found.judgements
            );
            print_text(&found, &folder.display().to_string(), &checked);
        }
        Format::Json => printer::json(&json!({
            "verified": found.passed(),
            "damages": found.damages.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "more": found.more,
            "notes": found.notes,
            "records": found.records,
            "payloads": found.payloads,
            "judgements": found.judgements,
        })),
    }
    Ok(if found.passed() {
        Exit::Done
    } else {
        Exit::VerifyFailed
    })
}

fn print_text(found: &Verification, run: &str, checked: &str) {
    for damage in &found.damages {
        printer::result(format!("damaged: {damage}"));
    }
    if found.more > 0 {
        printer::result(format!("damaged: {} further places", found.more));
    }
    for note in &found.notes {
        printer::result(format!("note: {note}"));
    }
    let verdict = if found.passed() {
        "verified"
    } else {
        "NOT VERIFIED"
    };
    printer::result(format!("{verdict}: {run} ({checked})"));
}
