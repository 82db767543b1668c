//! The formats: one file for each harness, and the one table by which a file is recognised.
//!
//! Invariant: a file is what it holds and not what it is called; a name decides only what holds alone cannot tell.

mod conversation;
mod evalscope;
mod helm;
mod inspect;
mod inspect_archive;
mod inspect_content;
mod inspect_log;
mod inspect_results;
mod inspect_score;
mod lm_eval;
mod lm_eval_suite;
mod openai_log;
mod openai_suite;
mod promptfoo;
mod promptfoo_suite;
mod refusals;

use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use crate::error::{ErrorKind, ImportError};
use crate::gather::Gathering;
use crate::json;
use crate::log::Imported;
use crate::source::{COLLECTION, Source, ends_in};

/// What reads a format.
type Reader = fn(&Source, &mut Gathering) -> Result<(), ImportError>;
/// Whether a file is of a format, and what reads it.
type Find = fn(&Look<'_>) -> Option<Found>;

/// A format.
struct Format {
    /// What it is called, with the files by which it is told.
    name: &'static str,
    find: Find,
}

/// The formats, in the order in which they are tried.
const FORMATS: &[Format] = &[
    Format {
        name: "Inspect (.eval, .json)",
        find: inspect::find,
    },
    Format {
        name: "lm-evaluation-harness (samples_*.jsonl, results_*.json)",
        find: lm_eval::find,
    },
    Format {
        name: "promptfoo (output.json, output.yaml)",
        find: promptfoo::find,
    },
    Format {
        name: "OpenAI evals (the log of events)",
        find: openai_log::find,
    },
    Format {
        name: "EvalScope (reviews with predictions and reports)",
        find: evalscope::find,
    },
    Format {
        name: "HELM (the folder of a run)",
        find: helm::find,
    },
    Format {
        name: "suites of promptfoo (promptfooconfig.yaml, tests.csv)",
        find: promptfoo_suite::find,
    },
    Format {
        name: "suites of OpenAI evals (registry .yaml, samples .jsonl)",
        find: openai_suite::find,
    },
    Format {
        name: "tasks of lm-evaluation-harness (.yaml with data beside it)",
        find: lm_eval_suite::find,
    },
];

/// Most files of a folder that are looked at.
const MOST_LOOKED_AT: usize = 10_000;
/// Most bytes of a file that is no JSON in which something is looked for.
const LOOKED_AT: usize = 256 << 10;
/// Most files that are named where several are left out.
const MOST_TOLD: usize = 20;

/// What is known of a file before it is read.
struct Look<'a> {
    /// Its name, from its folder.
    path: &'a Path,
    /// Its bytes.
    bytes: &'a [u8],
    /// The keys of the document that it is, or of the first of its lines; none where it is neither.
    keys: Vec<String>,
}

impl<'a> Look<'a> {
    fn of(path: &'a Path, bytes: &'a [u8]) -> Self {
        Self {
            path,
            keys: keys(path, bytes),
            bytes,
        }
    }

    fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|one| one == key)
    }

    fn starts_with(&self, start: &[u8]) -> bool {
        self.bytes.trim_ascii_start().starts_with(start)
    }

    /// Whether `part` is in the beginning of the file.
    fn holds(&self, part: &[u8]) -> bool {
        let start = &self.bytes[..self.bytes.len().min(LOOKED_AT)];
        start.windows(part.len()).any(|window| window == part)
    }

    /// Whether a line of the beginning begins with `start`.
    fn has_line(&self, start: &[u8]) -> bool {
        let beginning = &self.bytes[..self.bytes.len().min(LOOKED_AT)];
        beginning
            .split(|byte| *byte == b'\n')
            .any(|line| line.starts_with(start))
    }

    fn first_line_holds(&self, part: &[u8]) -> bool {
        let first = self
            .bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        first.windows(part.len()).any(|window| window == part)
    }
}

/// What a file was found to be.
struct Found {
    name: &'static str,
    read: Reader,
    /// Whether a folder of such files is read at once, by the file that was found.
    is_of_folder: bool,
    /// Whether such a file is only ever refused.
    is_refused: bool,
}

impl Found {
    fn new(name: &'static str, read: Reader) -> Self {
        Self {
            name,
            read,
            is_of_folder: false,
            is_refused: false,
        }
    }

    /// What is known and cannot be imported; `read` says why.
    fn refused(name: &'static str, read: Reader) -> Self {
        Self {
            is_refused: true,
            ..Self::new(name, read)
        }
    }

    /// The same, where one file of a folder stands for all.
    fn of_folder(self) -> Self {
        Self {
            is_of_folder: true,
            ..self
        }
    }
}

/// Names of the formats that are known.
pub fn names() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.name)
}

/// Reads what `paths` name, each a file or a folder, as one import.
///
/// # Errors
/// When one is of no known format, broken, or cannot be made a run or a suite, or two have answers to the same.
pub fn read(paths: &[PathBuf]) -> Result<Imported, ImportError> {
    let mut gathering = Gathering::default();
    for path in paths {
        let source = Source::open(path)?;
        let found = recognise(&source, path)?;
        (found.read)(&found.source, &mut gathering)?;
        tell_passed_over(&found.passed_over, &mut gathering);
        gathering.read(&found.source);
    }
    let shown: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    gathering.finish(&shown.join(", "))
}

fn tell_passed_over(files: &[String], gathering: &mut Gathering) {
    for file in files.iter().take(MOST_TOLD) {
        gathering.cannot_tell(format!("a file is left out: {file}"));
    }
    if files.len() > MOST_TOLD {
        let more = files.len() - MOST_TOLD;
        gathering.cannot_tell(format!("{more} more files are left out"));
    }
}

/// What is to be read, and how.
struct Recognised {
    source: Source,
    read: Reader,
    /// Files of a folder that look like logs and cannot be read as any, each with the reason.
    passed_over: Vec<String>,
}

fn recognise(source: &Source, path: &Path) -> Result<Recognised, ImportError> {
    if source.files.len() > MOST_LOOKED_AT {
        let what = format!("there are more than {MOST_LOOKED_AT} files in it");
        return Err(ImportError::refused(path.display(), what).hint("name the files to import"));
    }
    let mut found: Option<Found> = None;
    let mut files = Vec::new();
    let mut passed_over = Vec::new();
    for file in &source.files {
        let one = match of_file(source, file)? {
            Seen::Known(one) => one,
            Seen::Broken(broken) if source.named.is_some() => return Err(broken.error(path)),
            Seen::Broken(Broken { at, what }) => {
                passed_over.push(format!("`{}`{at}: {what}", file.display()));
                continue;
            }
            Seen::Other => continue,
        };
        match &found {
            // A folder has more in it than what a run is made of.
            Some(first) if one.is_refused && !first.is_refused => continue,
            Some(first) if first.is_refused && !one.is_refused => {
                files.clear();
                found = Some(one);
            }
            Some(first) if first.name != one.name => return Err(two(path, first.name, one.name)),
            Some(_) => {}
            None => found = Some(one),
        }
        files.push(file.clone());
    }
    let Some(found) = found else {
        return Err(unknown(source, path, &passed_over));
    };
    let mut source = Source::open(path)?;
    if !found.is_of_folder {
        source.files = files;
    }
    Ok(Recognised {
        source,
        read: found.read,
        passed_over,
    })
}

/// What a look at a file says.
enum Seen {
    Known(Found),
    /// What is called like a log and is no whole one.
    Broken(Broken),
    /// None of the log's: a folder may hold anything.
    Other,
}

/// What is wrong with a file that is no whole log.
struct Broken {
    /// `:line:column`, where that is known.
    at: String,
    what: String,
}

impl Broken {
    fn whole(what: impl Into<String>) -> Self {
        Self {
            at: String::new(),
            what: what.into(),
        }
    }

    fn error(self, path: &Path) -> ImportError {
        let place = format!("{}{}", path.display(), self.at);
        ImportError::damaged(place, self.what)
            .hint("copy the file again, or let its harness write it anew; a log that is still being written is not whole")
    }
}

fn of_file(source: &Source, file: &Path) -> Result<Seen, ImportError> {
    let is_named = source.named.is_some();
    let bytes = match source.look(file, COLLECTION) {
        Ok(bytes) => bytes,
        Err(error) if is_named => return Err(error),
        Err(error) if is_called_like_a_log(file) => {
            return Ok(Seen::Broken(Broken::whole(error.message)));
        }
        Err(_) => return Ok(Seen::Other),
    };
    let look = Look::of(file, &bytes);
    let found = FORMATS.iter().find_map(|format| (format.find)(&look));
    let found = found.or_else(|| refusals::find(&look));
    Ok(match found {
        Some(found) => Seen::Known(found),
        // A folder may have empty files in it, which nobody takes for a log.
        None if is_named && bytes.trim_ascii().is_empty() => {
            Seen::Broken(Broken::whole("it is empty"))
        }
        None if is_named || is_called_like_a_log(file) => {
            broken(&look).map_or(Seen::Other, Seen::Broken)
        }
        None => Seen::Other,
    })
}

fn is_called_like_a_log(file: &Path) -> bool {
    let endings = ["eval", "json", "jsonl"];
    endings.iter().any(|ending| ends_in(file, ending))
}

/// What is wrong with what is called like a log, or begins like one, where it is not a whole document.
fn broken(look: &Look<'_>) -> Option<Broken> {
    if ends_in(look.path, "eval") {
        let what = "it is no archive, as an `.eval` is: damaged, or another file";
        return Some(Broken::whole(what));
    }
    let line = json::lines(look.bytes).next()?;
    let (before, bytes) = if ends_in(look.path, "jsonl") {
        (line.before, line.bytes)
    } else {
        (0, look.bytes)
    };
    let may_be_one = is_called_like_a_log(look.path) || look.starts_with(b"{");
    if !look.keys.is_empty() || !may_be_one {
        return None;
    }
    let parsed = json::parse_at::<IgnoredAny>("", before, bytes);
    let fault = parsed.err()?.message;
    let (at, what) = fault.split_once(": ").unwrap_or(("", &fault));
    Some(Broken {
        at: at.to_owned(),
        what: what.to_owned(),
    })
}

fn keys(file: &Path, bytes: &[u8]) -> Vec<String> {
    if ends_in(file, "jsonl") {
        let first = json::lines(bytes).next();
        return first
            .and_then(|line| json::keys(line.bytes))
            .unwrap_or_default();
    }
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Vec::new();
    }
    let document = json::keys(bytes);
    let first = || json::keys(json::lines(bytes).next()?.bytes);
    document.or_else(first).unwrap_or_default()
}

fn two(path: &Path, first: &str, other: &str) -> ImportError {
    let what = format!("there are files of two formats in it: {first} and {other}");
    ImportError::refused(path.display(), what).hint("name the files of one of them")
}

fn unknown(source: &Source, path: &Path, passed_over: &[String]) -> ImportError {
    let what = match &source.named {
        None => format!(
            "none of its {} files is of a format that is known",
            source.files.len()
        ),
        Some(_) => "it is of no format that is known".to_owned(),
    };
    let told = std::iter::once(what).chain(passed_over.iter().take(MOST_TOLD).cloned());
    let what = told.collect::<Vec<_>>().join("; ");
    let known: Vec<_> = names().collect();
    ImportError::new(ErrorKind::Unknown, format!("{}: {what}", path.display()))
        .hint(format!("what can be imported: {}", known.join("; ")))
}
