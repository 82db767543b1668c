//! The two passes over logs: what chats there are, and those that were drawn.
//!
//! Both read every file from its beginning and number the chats alike; the first keeps some hundred bytes of each chat,
//! the second the texts of those that were drawn. Invariant: the second sees the bytes that the first saw, or says that a
//! file has changed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use cleanbench_core::Digest;
use serde_json::{Map, Value};

use super::alike::Alike;
use super::chat::{Chat, Found, Reply, Skip};
use super::formats::LogFormat;
use super::input::{NO_JSON, Place, each};
use super::mix::digest_of;
use super::strata::Strata;
use crate::error::{ErrorKind, ImportError};

/// Most chats of all logs together, duplicates left out.
const MOST_CHATS: usize = 2_000_000;
/// Most bytes of the texts of a chat.
const LONGEST_CHAT: usize = 1 << 20;
/// Most bytes of all chats that are drawn.
const MOST_DRAWN: usize = 512 << 20;
/// Most places that are told of a reason.
const MOST_PLACES: usize = 3;

const OTHER_FORMAT: Skip = "records that are not of the format of their file";
const TOO_LONG: Skip = "chats of more than 1 MiB";

/// Records that were left out, for one reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// What they are.
    pub what: String,
    /// How many.
    pub count: u64,
    /// Where the first of them stand.
    pub places: Vec<String>,
}

/// A log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Its path, as it was named.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// What it was found to be.
    pub format: LogFormat,
}

/// Hands every chat and answer in the file at `path` to `take`.
///
/// # Errors
/// When it cannot be read, or none of its records is of a format that is known.
fn read(
    path: &Path,
    named: Option<LogFormat>,
    take: &mut dyn FnMut(Place<'_>, Result<Found, Skip>),
) -> Result<LogFile, ImportError> {
    let mut format = named;
    let mut broken = None;
    let digest = each(path, &mut |place, record| match record {
        Err(why) => {
            if why == NO_JSON && broken.is_none() {
                broken = Some(place.to_string());
            }
            take(place, Err(why));
        }
        Ok(record) => {
            let found = LogFormat::of(&record);
            format = format.or(found);
            if format.is_none() || named.is_none() && format != found {
                return take(place, Err(OTHER_FORMAT));
            }
            if let Some(format) = format {
                hand_on(format, &record, &mut |found| take(place, found));
            }
        }
    })?;
    match format {
        Some(format) => Ok(LogFile {
            path: path.to_owned(),
            digest,
            format,
        }),
        None => Err(unknown(path, broken.as_deref())),
    }
}

fn hand_on(
    format: LogFormat,
    record: &Map<String, Value>,
    take: &mut dyn FnMut(Result<Found, Skip>),
) {
    format.read(record, &mut |found| match found {
        Ok(Found::Chat(chat)) if bytes_of(&chat) > LONGEST_CHAT => take(Err(TOO_LONG)),
        found => take(found),
    });
}

fn bytes_of(chat: &Chat) -> usize {
    let messages = chat.messages.iter().map(|message| message.content.len());
    messages.sum::<usize>() + chat.answer.as_ref().map_or(0, String::len)
}

fn unknown(path: &Path, broken: Option<&str>) -> ImportError {
    let broken = broken.map(|place| format!("; {place} is no whole JSON, broken or cut off"));
    let names: Vec<_> = LogFormat::ALL.into_iter().map(LogFormat::as_str).collect();
    let what = format!(
        "{}: it is no log of chats that is known{}",
        path.display(),
        broken.unwrap_or_default()
    );
    ImportError::new(ErrorKind::Unknown, what).hint(format!(
        "a log is lines of JSON: an OpenAI batch (`custom_id`), chats (`messages`, or `request` and `response`), or OpenTelemetry spans (`resourceSpans`); `--log-format` says which ({})",
        names.join(", ")
    ))
}

/// What the first pass finds.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// What the files are said to be. The second pass has to see them as the first did.
    named: Option<LogFormat>,
    pub(super) files: Vec<LogFile>,
    /// Chats, duplicates included.
    pub(super) chats: u64,
    pub(super) alike: Alike,
    pub(super) strata: Strata,
    /// For each chat that is no duplicate, its number among all.
    pub(super) numbers: Vec<u64>,
    left_out: BTreeMap<Skip, LeftOut>,
    /// What batches call their questions, and what their answers.
    asked: HashSet<u64>,
    answered: HashSet<u64>,
    /// What several questions or several answers are called. Which belong together, nobody can tell.
    shared: HashSet<u64>,
}

impl Census {
    /// Reads all of `paths`.
    ///
    /// # Errors
    /// When one cannot be read or is no log, or there are too many chats.
    pub(super) fn of(paths: &[PathBuf], named: Option<LogFormat>) -> Result<Self, ImportError> {
        let mut census = Self {
            named,
            ..Self::default()
        };
        for path in paths {
            let file = read(path, named, &mut |place, found| census.take(place, found))?;
            census.files.push(file);
            if census.numbers.len() > MOST_CHATS {
                let what = format!("more than {MOST_CHATS} different chats");
                return Err(ImportError::refused(path.display(), what).hint("name fewer files"));
            }
        }
        Ok(census)
    }

    fn take(&mut self, place: Place<'_>, found: Result<Found, Skip>) {
        match found {
            Ok(Found::Chat(chat)) => self.chat(&chat),
            Ok(Found::Reply(reply)) => {
                let name = digest_of(reply.custom_id.as_bytes());
                if !self.answered.insert(name) {
                    self.shared.insert(name);
                }
            }
            Err(why) => self.leave_out(why, place),
        }
    }

    fn chat(&mut self, chat: &Chat) {
        let number = self.chats;
        self.chats += 1;
        if let Some(id) = &chat.custom_id {
            let name = digest_of(id.as_bytes());
            if !self.asked.insert(name) {
                self.shared.insert(name);
            }
        }
        if self.numbers.len() > MOST_CHATS {
            return;
        }
        if let Some(identity) = self.alike.add(&chat.messages) {
            self.numbers.push(number);
            self.strata
                .add(&chat.messages, chat.model.as_deref(), identity);
        }
    }

    fn leave_out(&mut self, why: Skip, place: Place<'_>) {
        let entry = self.left_out.entry(why).or_default();
        entry.count += 1;
        if entry.places.len() < MOST_PLACES {
            entry.places.push(place.to_string());
        }
    }

    /// What was left out, the most frequent reason first.
    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        let named = self.left_out.iter().map(|(why, found)| LeftOut {
            what: (*why).to_owned(),
            ..found.clone()
        });
        let alone = self.answered.difference(&self.asked).count();
        let alone = (alone > 0).then(|| LeftOut {
            what: "answers of a batch whose questions are in no file (name both)".to_owned(),
            count: alone as u64,
            places: Vec::new(),
        });
        let shared = self.answered.intersection(&self.shared).count();
        let shared = (shared > 0).then(|| LeftOut {
            what: "answers of batches in which several questions or answers have one `custom_id`, so that nobody can tell which belong together (name the files of one batch at a time)".to_owned(),
            count: shared as u64,
            places: Vec::new(),
        });
        let mut all: Vec<_> = named.chain(alone).chain(shared).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.count));
        all
    }
}

/// A chat that was drawn.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) chat: Chat,
    /// Where it stands in the log.
    pub(super) place: String,
}

/// Reads the files of `census` once more, and keeps the chats at `positions`, in their order.
///
/// # Errors
/// When a file cannot be read or has changed, or the chats are too large together.
pub(super) fn draw(census: &Census, positions: &[u32]) -> Result<Vec<Drawn>, ImportError> {
    let numbers = positions.iter().map(|at| census.numbers[*at as usize]);
    let mut drawing = Drawing {
        wanted: numbers.collect(),
        shared: Some(&census.shared),
        ..Drawing::default()
    };
    for file in &census.files {
        let again = read(&file.path, census.named, &mut |place, found| {
            if let Ok(found) = found {
                drawing.take(place, found);
            }
        })?;
        if again.digest != file.digest {
            let what = "it changed while it was read";
            return Err(ImportError::refused(file.path.display(), what)
                .hint("copy the log, and name the copy"));
        }
        drawing.check(&file.path)?;
    }
    // Answers may come before their questions.
    if drawing.lacks_answers() {
        for file in census
            .files
            .iter()
            .filter(|file| file.format == LogFormat::Batch)
        {
            read(&file.path, census.named, &mut |_, found| {
                if let Ok(Found::Reply(reply)) = found {
                    drawing.answer(reply);
                }
            })?;
            drawing.check(&file.path)?;
        }
    }
    Ok(drawing.drawn)
}

#[derive(Debug, Default)]
struct Drawing<'a> {
    /// Numbers of the chats, ascending.
    wanted: Vec<u64>,
    /// What several questions or answers are called.
    shared: Option<&'a HashSet<u64>>,
    /// Chats so far, drawn or not.
    chats: u64,
    drawn: Vec<Drawn>,
    /// Positions of the chats that wait for an answer, by what the batch calls them.
    waiting: HashMap<String, usize>,
    bytes: usize,
}

impl Drawing<'_> {
    fn take(&mut self, place: Place<'_>, found: Found) {
        match found {
            Found::Reply(reply) => self.answer(reply),
            Found::Chat(chat) => {
                let number = self.chats;
                self.chats += 1;
                if self.wanted.get(self.drawn.len()) == Some(&number) && self.has_room() {
                    self.keep(*chat, place.to_string());
                }
            }
        }
    }

    fn is_shared(&self, id: &str) -> bool {
        let shared = self
            .shared
            .map(|shared| shared.contains(&digest_of(id.as_bytes())));
        shared.unwrap_or(false)
    }

    fn has_room(&self) -> bool {
        self.bytes <= MOST_DRAWN
    }

    fn keep(&mut self, chat: Chat, place: String) {
        self.bytes += bytes_of(&chat);
        if let (Some(id), None) = (&chat.custom_id, &chat.answer)
            && !self.is_shared(id)
        {
            self.waiting.insert(id.clone(), self.drawn.len());
        }
        self.drawn.push(Drawn { chat, place });
    }

    fn answer(&mut self, reply: Reply) {
        if reply
            .answer
            .as_ref()
            .is_some_and(|text| text.len() > LONGEST_CHAT)
        {
            return;
        }
        if let Some(at) = self.waiting.remove(&reply.custom_id) {
            let chat = &mut self.drawn[at].chat;
            self.bytes += reply.answer.as_ref().map_or(0, String::len);
            chat.answer = reply.answer;
            chat.model = chat.model.take().or(reply.model);
            chat.created = chat.created.take().or(reply.created);
        }
    }

    fn lacks_answers(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn check(&self, path: &Path) -> Result<(), ImportError> {
        if self.has_room() {
            return Ok(());
        }
        let what = format!(
            "the chats that are drawn have more than {} MiB",
            MOST_DRAWN >> 20
        );
        Err(ImportError::refused(path.display(), what).hint("take fewer with `--samples N`"))
    }
}
