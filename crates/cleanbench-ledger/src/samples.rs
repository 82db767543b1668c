//! `samples.jsonl`: one line a sample, written before the first call; and the files of the same form that
//! later batches have.
//!
//! A line holds two digests keyed with the suite's key: of what the model saw (pairs runs) and of the
//! whole sample with its target (a corrected label changes only this one). The content is a payload,
//! so a run can be resumed, judged again and verified without the suite's files.

use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;

use cleanbench_core::digest::FileHasher;
use cleanbench_core::event::PayloadRef;
use cleanbench_core::merkle::MerkleTree;
use cleanbench_core::probe::ProbeCall;
use cleanbench_core::{Digest, DigestKey, Message, Sample, canonical};
use fs_err::File;
use serde::{Deserialize, Serialize};

use crate::files::{self, Lines, of_line};
use crate::payload::{FramePlace, PayloadReader, PayloadWriter, SALT};
use crate::reader::read_line;
use crate::sync::SyncThread;
use crate::{Damage, Frame, LedgerError, RunDirectory};

const FILE: &str = "samples.jsonl";
/// Bytes after which a sync is asked for while samples are written.
const SYNC_BYTES: u64 = 4 << 20;
/// Payload bytes gathered before they are written out.
const BATCH: usize = 256 * 1024;

/// One line of `samples.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleRow {
    /// Position of the task in the plan.
    pub task: u32,
    /// Identity of the sample within its task.
    pub id: String,
    /// Keyed digest of the rendered messages.
    pub input_digest: Digest,
    /// Keyed digest of the sample with its target.
    pub sample_digest: Digest,
    /// The content, a [`SampleContent`].
    pub payload: PayloadRef,
    /// In a batch: line in `samples.jsonl` of the sample whose answer this one follows, if it follows a
    /// single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<u64>,
}

/// What a sample's payload holds, as canonical JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleContent {
    /// The messages as the model gets them.
    pub messages: Vec<Message>,
    /// Texts whose likelihood is asked for; empty where the model is to write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub continuations: Vec<String>,
    /// The call of a contamination probe, if this is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeCall>,
    /// The sample.
    pub sample: Sample,
}

impl SampleContent {
    /// Keyed digest of what the model sees.
    ///
    /// # Errors
    /// Never for messages, which are plain text.
    pub fn input_digest(&self, key: &DigestKey) -> Result<Digest, serde_json::Error> {
        let messages = canonical::of(&self.messages)?;
        if self.continuations.is_empty() {
            return Ok(key.digest("cleanbench/input/1", &messages));
        }
        let asked = canonical::of(&(&self.messages, &self.continuations))?;
        Ok(key.digest("cleanbench/input/2", &asked))
    }

    /// Keyed digest of the whole sample.
    ///
    /// # Errors
    /// Never for a sample that was read from JSON.
    pub fn sample_digest(&self, key: &DigestKey) -> Result<Digest, serde_json::Error> {
        Ok(key.digest("cleanbench/sample/1", &canonical::of(&self.sample)?))
    }
}

/// Adds one sample's digests to the tree whose root stands in `run.json`.
pub fn push_leaf(tree: &mut MerkleTree, row: &SampleRow) {
    let mut leaf = [0; 64];
    leaf[..32].copy_from_slice(&row.input_digest.0);
    leaf[32..].copy_from_slice(&row.sample_digest.0);
    tree.push(&leaf);
}

/// Writes `samples.jsonl` and the samples' payloads.
#[derive(Debug)]
pub struct SampleWriter {
    key: DigestKey,
    rows: BufWriter<File>,
    hasher: FileHasher,
    tree: MerkleTree,
    payloads: PayloadWriter,
    line: Vec<u8>,
    sync: SyncThread,
    unsynced: u64,
    index: SampleIndex,
}

/// What is known of the samples once they are written.
#[derive(Debug)]
pub struct WrittenSamples {
    /// SHA-256 of `samples.jsonl`.
    pub file: Digest,
    /// Merkle root over all samples.
    pub root: Digest,
    /// First payload segment that is free.
    pub next_payload_segment: u32,
    /// Where they are.
    pub index: SampleIndex,
}

impl SampleWriter {
    /// Starts `samples.jsonl` and payload segment 0 of a new run.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub fn create(run: &RunDirectory, key: DigestKey) -> Result<Self, LedgerError> {
        Self::create_at(run, FILE, 0, key)
    }

    /// The same for the file `name`, with payloads from segment `segment` on.
    pub(crate) fn create_at(
        run: &RunDirectory,
        name: &str,
        segment: u32,
        key: DigestKey,
    ) -> Result<Self, LedgerError> {
        Ok(Self {
            key,
            rows: BufWriter::new(files::create(run.path(), name)?),
            hasher: FileHasher::default(),
            tree: MerkleTree::default(),
            payloads: PayloadWriter::create(run.path(), segment)?,
            line: Vec::new(),
            sync: SyncThread::start()?,
            unsynced: 0,
            index: SampleIndex::default(),
        })
    }

    /// Appends one sample of the task at position `task`.
    ///
    /// # Errors
    /// When the disk is full, for example.
    pub fn push(&mut self, task: u32, content: &SampleContent) -> Result<(), LedgerError> {
        self.push_following(task, content, None)
    }

    /// The same for a sample that follows the answer to the one at line `follows`.
    pub(crate) fn push_following(
        &mut self,
        task: u32,
        content: &SampleContent,
        follows: Option<u64>,
    ) -> Result<(), LedgerError> {
        let json = |error: serde_json::Error| std::io::Error::from(error);
        let frame = Frame::new(&canonical::of(content).map_err(json)?)?;
        let row = SampleRow {
            task,
            id: content.sample.id.clone(),
            input_digest: content.input_digest(&self.key).map_err(json)?,
            sample_digest: content.sample_digest(&self.key).map_err(json)?,
            payload: self.payloads.push(&frame)?,
            follows,
        };
        if self.payloads.pending() > BATCH {
            self.payloads.flush()?;
        }
        self.index.push(&row)?;
        push_leaf(&mut self.tree, &row);
        self.line.clear();
        serde_json::to_writer(&mut self.line, &row).map_err(json)?;
        self.line.push(b'\n');
        self.hasher.update(&self.line);
        self.rows.write_all(&self.line)?;
        // Little is left to be made durable at the end, where the first call waits for it.
        self.unsynced += self.line.len() as u64 + u64::from(row.payload.length);
        if self.unsynced >= SYNC_BYTES {
            self.sync
                .request(self.payloads.handle()?, self.rows.get_ref())?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// When the disk is full, for example.
    pub fn finish(mut self) -> Result<WrittenSamples, LedgerError> {
        self.sync.check()?;
        self.payloads.flush()?;
        self.payloads.handle()?.sync_all()?;
        self.rows.flush()?;
        self.rows.get_ref().sync_all()?;
        Ok(WrittenSamples {
            file: self.hasher.finish(),
            root: self.tree.root(),
            next_payload_segment: self.payloads.next_segment(),
            index: self.index,
        })
    }
}

/// Streams the lines of `samples.jsonl`, or of the file of a batch.
#[derive(Debug)]
pub struct SampleRows {
    name: String,
    lines: BufReader<File>,
    buffer: Vec<u8>,
    line: u64,
    offset: u64,
    end: u64,
}

impl SampleRows {
    /// Opens the file of `run`.
    ///
    /// # Errors
    /// When it is missing.
    pub fn open(run: &RunDirectory) -> Result<Self, LedgerError> {
        Self::open_file(run, FILE.to_owned())
    }

    /// Opens those of the batch `batch`; 0 is the plan.
    ///
    /// # Errors
    /// When the file is missing.
    pub fn of_batch(run: &RunDirectory, batch: u32) -> Result<Self, LedgerError> {
        Self::open_file(run, file_of(batch))
    }

    /// Where the row that was read last begins in the file, in bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    fn open_file(run: &RunDirectory, name: String) -> Result<Self, LedgerError> {
        let lines = BufReader::new(run.open(&name)?);
        Ok(Self {
            name,
            lines,
            buffer: Vec::new(),
            line: 0,
            offset: 0,
            end: 0,
        })
    }

    fn read(&mut self) -> Result<Option<SampleRow>, LedgerError> {
        self.buffer.clear();
        let length = files::read_line(&self.name, &mut self.lines, &mut self.buffer)? as u64;
        if length == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.offset = self.end;
        self.end += length;
        let damage = |what| Damage::at_line(&self.name, self.line, what);
        Ok(Some(decode(&self.buffer).map_err(damage)?))
    }
}

fn decode(line: &[u8]) -> Result<SampleRow, String> {
    let text = line.strip_suffix(b"\n").ok_or("the last line is cut off")?;
    serde_json::from_slice(text).map_err(|error| format!("unreadable: {error}"))
}

impl Iterator for SampleRows {
    type Item = Result<SampleRow, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// The file of the samples of `batch`; 0 is the plan.
fn file_of(batch: u32) -> String {
    if batch == 0 {
        FILE.to_owned()
    } else {
        RunDirectory::batch_name(batch)
    }
}

/// The lines of `samples.jsonl`, or of the file of a batch, in any order: eight bytes of memory for each.
#[derive(Debug)]
pub struct SampleLines {
    name: String,
    file: File,
    /// Where each line begins, and the end of the file.
    offsets: Vec<u64>,
}

impl SampleLines {
    /// Finds the lines of the batch `batch` of `run`; 0 is the plan.
    ///
    /// # Errors
    /// When the file is missing.
    pub fn of_batch(run: &RunDirectory, batch: u32) -> Result<Self, LedgerError> {
        let name = file_of(batch);
        let mut lines = BufReader::with_capacity(1 << 20, Lines::new(run.open(&name)?));
        let mut offsets = vec![0];
        let mut offset = 0;
        loop {
            let length = lines
                .skip_until(b'\n')
                .map_err(|error| of_line(&name, error))?;
            if length == 0 {
                break;
            }
            offset += length as u64;
            offsets.push(offset);
        }
        Ok(Self {
            file: run.open(&name)?,
            name,
            offsets,
        })
    }

    /// The line `number`, from 0.
    ///
    /// # Errors
    /// When there is no such line, or it is unreadable.
    pub fn row(&self, number: u64) -> Result<SampleRow, LedgerError> {
        let name = || self.name.clone();
        let damage = |what: String| LedgerError::from(Damage::at_line(name(), number + 1, what));
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let Some([start, end]) = index
            .checked_add(2)
            .and_then(|end| self.offsets.get(index..end))
        else {
            return Err(damage("the line is missing".to_owned()));
        };
        let mut line = vec![0; usize::try_from(end - start).unwrap_or_default()];
        self.file.file().read_exact_at(&mut line, *start)?;
        serde_json::from_slice(&line).map_err(|error| damage(format!("unreadable: {error}")))
    }
}

/// The row that begins at `offset`, in bytes, of the file of the batch `batch`; 0 is the plan.
///
/// # Errors
/// When no row begins there.
pub fn row_at(run: &RunDirectory, batch: u32, offset: u64) -> Result<SampleRow, LedgerError> {
    let name = file_of(batch);
    let line = read_line(&run.open(&name)?, offset)?;
    let unreadable = |error| Damage::at_byte(name, offset, format!("unreadable: {error}"));
    Ok(serde_json::from_slice(&line).map_err(unreadable)?)
}

/// Where the contents of all samples are: sixteen bytes of memory for each. What it reads is checked for
/// chance errors and not against its digest, which `verify` does: a run reads it once for each call.
#[derive(Debug, Default)]
pub struct SampleIndex {
    /// The batch whose samples they are; 0 is the plan.
    batch: u32,
    places: Vec<FramePlace>,
}

impl SampleIndex {
    /// Reads the file of the batch `batch` of `run`; 0 is the plan.
    ///
    /// # Errors
    /// When it is missing or unreadable.
    pub fn of_batch(run: &RunDirectory, batch: u32) -> Result<Self, LedgerError> {
        let mut index = Self {
            batch,
            places: Vec::new(),
        };
        for row in SampleRows::of_batch(run, batch)? {
            index.push(&row?)?;
        }
        Ok(index)
    }

    fn push(&mut self, row: &SampleRow) -> Result<(), Damage> {
        self.places.push(FramePlace::of(&row.payload)?);
        Ok(())
    }

    /// The content of the sample of line `number`, from 0; `None` when it was erased.
    ///
    /// # Errors
    /// When there is no such line, or its payload is damaged.
    pub fn content(
        &self,
        payloads: &PayloadReader,
        number: u64,
    ) -> Result<Option<SampleContent>, LedgerError> {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let Some(place) = self.places.get(index) else {
            let name = file_of(self.batch);
            return Err(Damage::at_line(name, number + 1, "the line is missing").into());
        };
        let Some(salted) = payloads.salted(*place)? else {
            return Ok(None);
        };
        parse(&salted[SALT..], *place).map(Some)
    }
}

fn parse(bytes: &[u8], place: FramePlace) -> Result<SampleContent, LedgerError> {
    let unreadable = |error| place.damage(format!("the sample is unreadable: {error}"));
    Ok(serde_json::from_slice(bytes).map_err(unreadable)?)
}

/// Reads a sample's content; `None` when it was erased.
///
/// # Errors
/// When the payload is damaged.
pub fn content(
    payloads: &PayloadReader,
    row: &SampleRow,
) -> Result<Option<SampleContent>, LedgerError> {
    let Some(bytes) = payloads.read(&row.payload)?.present() else {
        return Ok(None);
    };
    parse(&bytes, FramePlace::of(&row.payload)?).map(Some)
}

#[cfg(test)]
mod tests {
    use cleanbench_core::{Image, SampleImage};

    use super::*;

    /// A sample as the loader of any version would hand it on.
    fn content() -> SampleContent {
        let text = r#"{"messages":[{"role":"user","content":"q"}],"sample":{"id":"s","input":{"input":"q"},"target":"x","sensitivity":"public"}}"#;
        serde_json::from_str(text).unwrap()
    }

    // Expected digests: Python's hashlib, over the canonical texts written out by hand.
    #[test]
    fn digests_cover_pictures_and_are_the_old_ones_without() {
        let key = DigestKey::new([7; 32]);
        let input = |content: &SampleContent| content.input_digest(&key).unwrap().to_string();
        let sample = |content: &SampleContent| content.sample_digest(&key).unwrap().to_string();
        let plain = content();
        assert_eq!(
            input(&plain),
            "be760b458b4afe1ef20a1f53efa9bedb446321149e39c84bdeaf06263f43fda6"
        );
        assert_eq!(
            sample(&plain),
            "6c19e220348fb5881b1cd255e494e10212f180714f502e7b15e1ed67e7969214"
        );
        let mut pictured = content();
        pictured.messages[0].images.push(Image {
            media_type: "image/png".to_owned(),
            data: "AA==".to_owned(),
        });
        assert_eq!(
            input(&pictured),
            "3292441378d81af5a046131b0bda82dbcfba0a3ae523db80241f52b03c7d6398"
        );
        assert_eq!(sample(&pictured), sample(&plain));
        pictured.sample.images.push(SampleImage {
            file: "x.png".to_owned(),
            message: None,
            bytes: 1,
            digest: Digest([0; 32]),
        });
        assert_ne!(sample(&pictured), sample(&plain));
    }
}
