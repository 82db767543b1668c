//! `cleanbench init --from-logs`: a private suite from recorded chats.
//!
//! It refuses to write over anything: the suite's folder must not be there. Whatever it writes is the owner's alone, and
//! half a suite is never left. It prints no text of a chat: of what looks personal, where it stands and what shape it has.

use std::path::{Path, PathBuf};

use cleanbench_core::Exit;
use cleanbench_import::chats::{RecordedChats, StratumCount, Wanted, from_logs};
use cleanbench_plan::suite_key;
use cleanbench_suite::suite_key_path;
use cleanbench_text::counted;

use crate::ci_arguments::InitArguments;
use crate::failure::Failure;
use crate::plain_table::plain_table;
use crate::printer::{self, Printer};
use crate::starting::made_key;
use crate::suite_folder;

/// Most strata that are printed, unless details are wanted.
const MOST_STRATA: usize = 20;

/// Makes the suite `suite` in the folder `dir`.
pub(super) fn write(
    arguments: &InitArguments,
    dir: &Path,
    suite: &str,
    printer: Printer,
) -> Result<Exit, Failure> {
    let folder = dir.join(suite);
    refuse_present(&folder)?;
    let wanted = Wanted {
        samples: arguments.samples as usize,
        seed: arguments.seed,
        format: arguments.log_format.map(Into::into),
    };
    let chats = from_logs(&arguments.from_logs, &wanted)?;
    if !dir.as_os_str().is_empty() {
        fs_err::create_dir_all(dir)?;
    }
    suite_folder::write(&folder, &chats.suite, || {
        Ok(suite_key::make(&suite_key_path(&folder))?)
    })?;
    say_found(&chats, printer);
    say_warnings(&chats, printer);
    say_written(&folder, &chats, printer);
    Ok(Exit::Done)
}

fn refuse_present(folder: &Path) -> Result<(), Failure> {
    if folder.symlink_metadata().is_err() {
        return Ok(());
    }
    let folder = folder.display();
    let what = format!("`{folder}` is there already, and nothing is written over");
    Err(Failure::new(Exit::CannotWrite, what)
        .hint("name another folder: cleanbench init DIR --from-logs FILE"))
}

fn say_found(chats: &RecordedChats, printer: Printer) {
    printer::result(format!(
        "{} in the log, duplicates among them: {}; families of one template or conversation: {}, with {}",
        counted(chats.chats, "chat", "chats"),
        chats.duplicates,
        chats.families,
        counted(chats.in_families as u64, "chat", "chats")
    ));
    let mut strata: Vec<_> = chats.strata.iter().collect();
    strata.sort_by_key(|one| std::cmp::Reverse(one.chats));
    let shown = if printer.tells_details() {
        strata.len()
    } else {
        MOST_STRATA
    };
    let (shown, others) = strata.split_at(shown.min(strata.len()));
    let header = [
        "system prompt",
        "model",
        "turns",
        "characters",
        "script",
        "in the log",
        "kept",
    ];
    let rows = shown.iter().map(|one| row(one));
    printer::result(plain_table(header, rows.chain(rest(others))));
}

fn row(one: &StratumCount) -> [String; 7] {
    let stratum = &one.stratum;
    [
        stratum.system.clone(),
        stratum.model.clone(),
        stratum.turns.to_owned(),
        stratum.length.to_owned(),
        stratum.script.to_owned(),
        one.chats.to_string(),
        one.kept.to_string(),
    ]
}

/// The strata that are not shown, as one row.
fn rest(others: &[&StratumCount]) -> Option<[String; 7]> {
    let chats: usize = others.iter().map(|one| one.chats).sum();
    let kept: usize = others.iter().map(|one| one.kept).sum();
    let label = format!("{} more (-v)", others.len());
    let nothing = String::new;
    (!others.is_empty()).then(|| {
        let [chats, kept] = [chats, kept].map(|count| count.to_string());
        [
            label,
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            chats,
            kept,
        ]
    })
}

fn say_warnings(chats: &RecordedChats, printer: Printer) {
    for one in &chats.left_out {
        let places = match one.places.as_slice() {
            [] => String::new(),
            places => format!(", for example {}", places.join(", ")),
        };
        printer::warn(format!("left out: {} × {}{places}", one.count, one.what));
    }
    let empty = chats.strata.iter().filter(|one| one.kept == 0);
    let empty = empty.count();
    if empty > 0 {
        printer::warn(format!(
            "{empty} of {} strata have no sample; `--samples` of at least {} gives each of them one",
            chats.strata.len(),
            chats.strata.len()
        ));
    }
    for one in &chats.personal {
        printer::warn(format!(
            "looks personal: {} × {} in {}, for example {}",
            one.count,
            one.kind.name(),
            counted(one.samples, "sample", "samples"),
            one.places.join("; ")
        ));
    }
    if !chats.personal.is_empty() {
        printer::warn(
            "nothing was altered or removed; names and postal addresses are not looked for. Samples are private: no host but this machine gets them unless you allow it",
        );
    }
    if !chats.besides.is_empty() {
        printer.say(format!(
            "not taken over from the requests, in how many samples: {}",
            chats.besides.join(", ")
        ));
    }
}

fn say_written(folder: &Path, chats: &RecordedChats, printer: Printer) {
    let names = chats.suite.iter().map(|file| folder.join(&file.name));
    let names: Vec<PathBuf> = names.collect();
    for name in names {
        printer::result(format!("wrote {}", name.display()));
    }
    printer.say(made_key(&suite_key_path(folder), None));
    printer.say(format!(
        "{}, {} with the recorded answer as metadata; there is no target, so that scores say only whether a model answers: see the beginning of {}",
        counted(chats.samples as u64, "sample", "samples"),
        chats.answered,
        folder.join("suite.toml").display()
    ));
    printer.say(format!("look at it: cleanbench check {}", folder.display()));
}
