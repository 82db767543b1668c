//! How much a suite makes of what it holds: work and memory beyond what its own size explains.
//!
//! A short manifest can name one file in a thousand tasks, and one long prompt goes to every sample. Invariant: what is
//! counted is the same on every machine, so that a suite that is refused once is always refused; what a suite says
//! once may be of any length.
//!
//! Refused: a suite whose tasks together read again, send or hold too much.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cleanbench_core::{Message, Sample};

use crate::diagnostic::Fault;
use crate::rows::FileIdentity;

/// Steps that every suite may make. About a nanosecond each.
const FREE: u64 = 3_000_000_000;
/// Steps that a record allows where its file is read for the first time.
const OF_RECORD: u64 = 20_000;
/// Steps to read a record again.
const RECORD_AGAIN: u64 = 5_000;
/// Steps to read a byte again.
const BYTE_AGAIN: u64 = 10;
/// Steps to open a file that a glob found.
const FILE: u64 = 50_000;
/// Steps to read a byte of a picture again.
const PICTURE_AGAIN: u64 = 2;
/// Bytes of a text that are sent with one step.
const BYTES_SENT: u64 = 4;
/// Steps to make a message.
const MESSAGE: u64 = 1_000;
/// Steps to hand an option to a sample.
const OPTION: u64 = 400;
/// Steps of reading again what is there that a byte on the disk explains: so many that fifty tasks may share a file of
/// questions.
const OF_BYTE: u64 = 2_500;
/// Messages and options of a sample that count as reading it again, rather than as what a suite makes of it.
const USUAL_MESSAGES: u64 = 8;
const USUAL_OPTIONS: u64 = 20;
/// Most bytes that prompts, schemas and examples of all tasks take in memory.
const MOST_HELD: u64 = 256 << 20;

/// What a suite has made so far.
#[derive(Debug, Default)]
pub(crate) struct Effort {
    steps: u64,
    allowed: u64,
    /// Steps of reading again, and those of them that data on the disk explains.
    again: u64,
    explained: u64,
    held: u64,
    files: BTreeSet<FileIdentity>,
    /// Files of which a column was looked at before they were read.
    looked_at: BTreeSet<FileIdentity>,
    /// Hashes of the names of pictures.
    pictures: BTreeSet<u64>,
}

impl Effort {
    fn spend(&mut self, count: u64, each: u64) {
        self.steps = self.steps.saturating_add(count.saturating_mul(each));
    }

    /// A glob has found `count` files.
    pub(crate) fn found(&mut self, count: usize) {
        self.spend(count as u64, FILE);
    }

    /// Whether `file` is read for the first time.
    pub(crate) fn begins(&mut self, file: FileIdentity) -> bool {
        self.files.insert(file)
    }

    /// Whether a column of `file` is looked at for the first time: that is half of a reading, and costs nothing.
    pub(crate) fn looks_at(&mut self, file: FileIdentity) -> bool {
        self.looked_at.insert(file)
    }

    /// A record of `bytes` bytes was read.
    pub(crate) fn record(&mut self, bytes: usize, is_first: bool) {
        if is_first {
            self.allowed = self.allowed.saturating_add(OF_RECORD);
        } else {
            let read = (bytes as u64).saturating_mul(BYTE_AGAIN);
            self.read_again(RECORD_AGAIN.saturating_add(read));
        }
    }

    fn read_again(&mut self, steps: u64) {
        self.again = self.again.saturating_add(steps);
    }

    /// A file was read for the first time, of which so many bytes lie on the disk.
    pub(crate) fn holds(&mut self, bytes: u64) {
        let steps = bytes.saturating_mul(OF_BYTE);
        self.explained = self.explained.saturating_add(steps);
    }

    /// `sample` is sent as `messages`, with `more` bytes besides.
    pub(crate) fn send(&mut self, sample: &Sample, messages: &[Message], more: u64) {
        let bytes = messages.iter().map(|message| message.content.len() as u64);
        self.spend(bytes.sum::<u64>().saturating_add(more) / BYTES_SENT, 1);
        let usual = (messages.len() as u64).min(USUAL_MESSAGES);
        self.spend(messages.len() as u64 - usual, MESSAGE);
        let few = (sample.choices.len() as u64).min(USUAL_OPTIONS);
        self.spend(sample.choices.len() as u64 - few, OPTION);
        self.read_again(usual * MESSAGE + few * OPTION);
        for image in &sample.images {
            let mut hasher = DefaultHasher::new();
            image.file.hash(&mut hasher);
            if !self.pictures.insert(hasher.finish()) {
                self.spend(image.bytes, PICTURE_AGAIN);
            }
        }
    }

    /// `bytes` bytes are read and held, each as `each` bytes.
    pub(crate) fn hold(&mut self, bytes: usize, each: u64) {
        let bytes = (bytes as u64).saturating_mul(each);
        self.held = self.held.saturating_add(bytes);
        self.spend(bytes, BYTE_AGAIN);
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        if self.held > MOST_HELD {
            let most = MOST_HELD >> 20;
            let message = format!(
                "prompts, schemas and examples of all tasks together take more than {most} MiB of memory"
            );
            return Some(Fault::new(0, message).hint("make several suites of it, or shorten them"));
        }
        let unexplained = self.again.saturating_sub(self.explained);
        let steps = self.steps.saturating_add(unexplained);
        (steps > FREE.saturating_add(self.allowed)).then(|| {
            let message =
                "the tasks make far more work than the data explains, and the rest is not read";
            Fault::new(0, message).hint(
                "name a data file in few tasks, send short prompts and few examples, or make several suites of it",
            )
        })
    }
}
