//! A suite from one's own chats: logs in, a private suite of samples out.
//!
//! [`from_logs`] reads logs in whatever format, leaves out duplicates, finds families of chats that are one template,
//! draws samples by stratum, and says what in them looks personal. It writes nothing and alters no text.
//!
//! Invariants: pure but for reading the files that were named, by `cleanbench-files` alone; time is linear in what is
//! read; memory is that of a line (or of a document of at most 64 MiB), some hundred bytes a chat, and the samples;
//! nothing panics, whatever the bytes. A broken line is counted with its place and left out.
//!
//! It refuses logs of which no record is recognised, logs without chats, and files that change while they are read.

mod alike;
mod chat;
mod conversation;
mod formats;
mod input;
mod mix;
mod passes;
mod personal;
mod request;
mod strata;
mod stream;
#[cfg(test)]
mod tests;
mod values;
mod written;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

pub use formats::LogFormat;
pub use passes::{LeftOut, LogFile};
pub use personal::Personal;
pub use strata::{Stratum, StratumCount};

use crate::error::ImportError;
use crate::suite::SuiteFile;
use passes::{Census, Drawn, draw};
use written::{Made, Sample};

/// Most places that are told of a kind of what looks personal.
const MOST_PLACES: usize = 3;

/// What is wanted of logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Most samples, at least 1.
    pub samples: usize,
    /// Which of all possible samples are drawn.
    pub seed: u64,
    /// What all files are, instead of what they look like.
    pub format: Option<LogFormat>,
}

/// A suite of recorded chats, and how it came about.
#[derive(Debug, Clone)]
pub struct RecordedChats {
    /// The files of the suite, the manifest first.
    pub suite: Vec<SuiteFile>,
    /// The logs.
    pub files: Vec<LogFile>,
    /// Chats in the logs.
    pub chats: u64,
    /// Those that ask the same as one before.
    pub duplicates: u64,
    /// Families of at least two chats.
    pub families: usize,
    /// Chats in them.
    pub in_families: usize,
    /// Samples.
    pub samples: usize,
    /// Samples of which the answer is on record.
    pub answered: usize,
    /// The strata, in the order of their names.
    pub strata: Vec<StratumCount>,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
    /// What the recorded requests asked for besides texts, with the number of samples.
    pub besides: Vec<String>,
    /// What in the samples looks personal, by kind.
    pub personal: Vec<PersonalCount>,
}

/// How often something of a kind stands in the samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalCount {
    /// The kind.
    pub kind: Personal,
    /// How often it was found.
    pub count: u64,
    /// In how many samples.
    pub samples: u64,
    /// The first of them: place in the log, field, and the shape of the value.
    pub places: Vec<String>,
}

/// Draws a suite from the chats in the files at `paths`.
///
/// # Errors
/// When a file cannot be read, is no log, or has changed meanwhile; when there is no chat in them.
pub fn from_logs(paths: &[PathBuf], wanted: &Wanted) -> Result<RecordedChats, ImportError> {
    input::distinct(paths)?;
    let mut census = Census::of(paths, wanted.format)?;
    if census.numbers.is_empty() {
        return Err(no_chats(paths, &census.left_out()));
    }
    let positions = 0..u32::try_from(census.numbers.len()).unwrap_or(u32::MAX);
    let families: Vec<_> = positions.map(|at| census.alike.family(at)).collect();
    let chosen = census.strata.choose(wanted.samples, wanted.seed, &families);
    let drawn = draw(&census, &chosen.chats)?;
    let sizes = sizes(&families);
    let samples = chosen.chats.iter().zip(&drawn).map(|(at, drawn)| {
        let at = *at as usize;
        Sample {
            drawn,
            kind: &chosen.kinds[at],
            number: census.numbers[at] + 1,
            family: Some(families[at]).filter(|family| sizes[family] > 1),
        }
    });
    let samples: Vec<_> = samples.collect();
    let made = Made {
        files: &census.files,
        samples: &samples,
        chats: census.numbers.len(),
        seed: wanted.seed,
    };
    let shared = families.iter().filter(|family| sizes[*family] > 1);
    Ok(RecordedChats {
        suite: written::files(&made),
        chats: census.chats,
        duplicates: census.chats - census.numbers.len() as u64,
        families: sizes.values().filter(|size| **size > 1).count(),
        in_families: shared.count(),
        samples: samples.len(),
        answered: drawn.iter().filter(|one| one.chat.answer.is_some()).count(),
        strata: chosen.strata,
        left_out: census.left_out(),
        besides: written::besides(&samples),
        personal: personal(&drawn),
        files: census.files,
    })
}

/// The number of chats of each family.
fn sizes(families: &[u32]) -> HashMap<u32, usize> {
    let mut sizes = HashMap::new();
    for family in families {
        *sizes.entry(*family).or_default() += 1;
    }
    sizes
}

fn no_chats(paths: &[PathBuf], left_out: &[LeftOut]) -> ImportError {
    let shown: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let error = ImportError::refused(shown.join(", "), "there is no chat in it");
    let why = left_out.iter().map(|one| {
        let place = one.places.first();
        let place = place.map_or(String::new(), |place| format!(", the first at {place}"));
        format!("{} × {}{place}", one.count, one.what)
    });
    let why = why.collect::<Vec<_>>().join("; ");
    error.hint(if why.is_empty() {
        "none of its records is of a call of a model".to_owned()
    } else {
        format!("what is there: {why}")
    })
}

/// What in the texts of samples looks personal.
fn personal(drawn: &[Drawn]) -> Vec<PersonalCount> {
    let mut counts: BTreeMap<Personal, PersonalCount> = BTreeMap::new();
    let mut last: HashMap<Personal, usize> = HashMap::new();
    for (position, one) in drawn.iter().enumerate() {
        for (field, text) in texts(one) {
            for sighting in personal::sightings(text) {
                let kind = sighting.kind;
                let count = counts.entry(kind).or_insert_with(|| PersonalCount {
                    kind,
                    count: 0,
                    samples: 0,
                    places: Vec::new(),
                });
                count.count += 1;
                count.samples += u64::from(last.insert(kind, position) != Some(position));
                if count.places.len() < MOST_PLACES {
                    let place = &one.place;
                    let shape = &sighting.shape;
                    count.places.push(format!("{place}, {field}: {shape}"));
                }
            }
        }
    }
    counts.into_values().collect()
}

/// The texts of a chat, each with the name of its field.
fn texts(one: &Drawn) -> impl Iterator<Item = (String, &str)> {
    let messages = one.chat.messages.iter().enumerate();
    let messages = messages.map(|(at, message)| (format!("message {}", at + 1), &*message.content));
    let answer = one
        .chat
        .answer
        .as_deref()
        .map(|text| ("answer".to_owned(), text));
    messages.chain(answer)
}
