//! Reading the journal: every record of every segment, each checked against the chain.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;

use cleanbench_core::event::ParentSegment;
use cleanbench_core::{Digest, Event, RunId, Shard};
use fs_err::File;
use memchr::memchr;

use crate::files::{self, LONGEST_LINE, SHORTEST_ROW};
use crate::parts::{Chain, lay_out};
use crate::record::SegmentHead;
use crate::record::{self, JOURNAL_FORMAT, Linked, Record, readable};
use crate::{Damage, LedgerError, Manifest, RunDirectory};

/// Where a record is; eight bytes, so that a table of them stays small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Location(u64);

const OFFSET_BITS: u32 = 44;

impl Location {
    fn new(segment: u32, offset: u64) -> Self {
        Self(u64::from(segment + 1) << OFFSET_BITS | offset)
    }

    /// The place as a number, for tables of places that are kept.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// The place that [`Location::to_bits`] gave.
    pub fn of_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Whether this is the place of a record, and not the default.
    pub fn is_some(self) -> bool {
        self.0 != 0
    }

    fn parts(self) -> (u32, u64) {
        let segment = u32::try_from(self.0 >> OFFSET_BITS).unwrap_or(u32::MAX);
        (segment.saturating_sub(1), self.0 & ((1 << OFFSET_BITS) - 1))
    }
}

/// What the end of the last segment may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// The writer stopped in order: an unfinished record is damage.
    Whole,
    /// The writer may have been killed: an unfinished last record is left out.
    MayBeTorn,
}

/// Streams the records of a run in order.
#[derive(Debug)]
pub struct JournalReader {
    run: RunDirectory,
    id: RunId,
    tail: Tail,
    chains: Vec<Chain>,
    /// The hash before the first record of each chain.
    origins: Vec<Digest>,
    /// Each segment with the position of its chain.
    segments: Vec<(u32, usize)>,
    next: usize,
    open: Option<OpenSegment>,
    heads: Vec<SegmentHead>,
    dropped: u64,
    last_at: String,
}

#[derive(Debug)]
struct OpenSegment {
    number: u32,
    chain: usize,
    lines: BufReader<File>,
    offset: u64,
    records: u64,
    head: Digest,
}

impl JournalReader {
    /// Opens the journal of the run of `manifest` in `run`.
    ///
    /// # Errors
    /// When there is no journal, or a segment is missing.
    pub fn open(run: &RunDirectory, manifest: &Manifest, tail: Tail) -> Result<Self, LedgerError> {
        let chains = manifest.chains();
        let segments = lay_out(&chains, &run.journal_segments()?)?;
        let origin = |chain: &Chain| manifest.origin(chain.part);
        Ok(Self {
            run: run.clone(),
            id: manifest.run.clone(),
            tail,
            origins: chains.iter().map(origin).collect(),
            chains,
            segments,
            next: 0,
            open: None,
            heads: Vec::new(),
            dropped: 0,
            last_at: String::new(),
        })
    }

    /// Heads of the segments read so far. A segment without a whole record has none.
    pub fn heads(&self) -> &[SegmentHead] {
        &self.heads
    }

    /// Bytes of the unfinished record at the end, known once the iterator has ended.
    pub fn dropped_bytes(&self) -> u64 {
        self.dropped
    }

    /// The shard that recorded what was read last; `None` where the run is whole.
    pub fn part(&self) -> Option<Shard> {
        self.chains[self.open.as_ref()?.chain].part
    }

    /// Time of the last record read, the latest where there are several chains.
    pub fn last_at(&self) -> &str {
        &self.last_at
    }

    /// Byte length of the whole records of the segment being read.
    pub fn valid_length(&self) -> u64 {
        self.open.as_ref().map_or(0, |segment| segment.offset)
    }

    /// Next record with its place.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first line that does not continue the chain.
    pub fn read(&mut self) -> Result<Option<(Location, Record)>, LedgerError> {
        loop {
            if self.open.is_none() && !self.open_next()? {
                self.check_chains_before(self.chains.len())?;
                return Ok(None);
            }
            let Some(segment) = self.open.as_mut() else {
                return Ok(None);
            };
            let mut line = Vec::new();
            let name = RunDirectory::journal_name(segment.number);
            if files::read_line(&name, &mut segment.lines, &mut line)? > 0 {
                return self.take(&line);
            }
            if self.next == self.segments.len() {
                self.check_chains_before(self.chains.len())?;
                return Ok(None);
            }
            self.open = None;
        }
    }

    /// What `line` of the open segment says; `None` for what a killed writer left.
    fn take(&mut self, line: &[u8]) -> Result<Option<(Location, Record)>, LedgerError> {
        let is_in_last = self.next == self.segments.len();
        let Some(segment) = self.open.as_mut() else {
            return Ok(None);
        };
        let name = RunDirectory::journal_name(segment.number);
        let length = line.len() as u64;
        let damage = |records: u64, what| Damage::at_line(name, records + 1, what);
        let Linked { record, hash } = match decode(line, segment) {
            Ok(linked) => linked,
            Err(what) => {
                let is_last = is_in_last && segment.lines.fill_buf()?.is_empty();
                if !is_last || self.tail == Tail::Whole {
                    return Err(damage(segment.records, what).into());
                }
                self.dropped = length;
                self.check_chains_before(self.chains.len())?;
                return Ok(None);
            }
        };
        check_batch(&self.run, &record.event)?;
        let first = self.chains[segment.chain].first;
        let before = before_in_chain(&self.heads, segment, first);
        check_opening(&self.id, before, segment, &record)
            .map_err(|what| damage(segment.records, what))?;
        let location = Location::new(segment.number, segment.offset);
        segment.offset += length;
        segment.records += 1;
        segment.head = hash;
        self.note(&record);
        Ok(Some((location, record)))
    }

    fn open_next(&mut self) -> Result<bool, LedgerError> {
        let Some(&(number, chain)) = self.segments.get(self.next) else {
            return Ok(false);
        };
        self.check_chains_before(chain)?;
        let file = self.run.open(&RunDirectory::journal_name(number))?;
        let before = self.heads.last().map(|head| head.head);
        let head = before
            .filter(|_| number != self.chains[chain].first)
            .unwrap_or(self.origins[chain]);
        self.open = Some(OpenSegment {
            number,
            chain,
            lines: BufReader::with_capacity(128 * 1024, file),
            offset: 0,
            records: 0,
            head,
        });
        self.next += 1;
        Ok(true)
    }

    /// The chains before `position` that are closed must have ended where `run.json` says.
    fn check_chains_before(&self, position: usize) -> Result<(), LedgerError> {
        for chain in &self.chains[..position] {
            let Some(expected) = &chain.heads else {
                continue;
            };
            let past = chain.first + u32::try_from(expected.len()).unwrap_or(u32::MAX);
            let mine = |head: &&SegmentHead| (chain.first..past).contains(&head.segment);
            if !self.heads.iter().filter(mine).eq(expected) {
                let name = RunDirectory::journal_name(past - 1);
                let what = "the journal does not end where run.json says";
                return Err(Damage::whole(name, what).into());
            }
        }
        Ok(())
    }

    fn note(&mut self, record: &Record) {
        let Some(segment) = &self.open else { return };
        // Chains were written at the same time and are read one after the other.
        if self.chains.len() == 1 || record.at > self.last_at {
            record.at.clone_into(&mut self.last_at);
        }
        let head = SegmentHead {
            segment: segment.number,
            records: segment.records,
            head: segment.head,
        };
        match self.heads.last_mut() {
            Some(last) if last.segment == segment.number => *last = head,
            _ => self.heads.push(head),
        }
    }
}

impl Iterator for JournalReader {
    type Item = Result<(Location, Record), LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// A batch has no more calls than its file has rows: tables of that size are made in memory.
fn check_batch(run: &RunDirectory, event: &Event) -> Result<(), LedgerError> {
    let Event::BatchPlanned { batch, samples, .. } = event else {
        return Ok(());
    };
    let name = RunDirectory::batch_name(*batch);
    if *samples <= files::held(&run.open(&name)?)? / SHORTEST_ROW {
        return Ok(());
    }
    Err(Damage::whole(name, "holds fewer samples than the journal recorded").into())
}

/// The record of `line`, which must continue `segment`.
fn decode(line: &[u8], segment: &OpenSegment) -> Result<Linked, String> {
    let text = line
        .strip_suffix(b"\n")
        .ok_or("the last record is cut off")?;
    let linked = record::decode(text, segment.head)?;
    let (stands, named) = (segment.records, linked.record.seq);
    if named == stands {
        return Ok(linked);
    }
    Err(format!("record {named} stands at position {stands}"))
}

/// The segment before `open` in its chain, whose first segment is `first`.
fn before_in_chain<'a>(
    heads: &'a [SegmentHead],
    open: &OpenSegment,
    first: u32,
) -> Option<&'a SegmentHead> {
    let before = |head: &SegmentHead| head.segment >= first && head.segment < open.number;
    heads.iter().rev().find(|head| before(head))
}

/// The first record of a segment must open it and name its parent; no other record may.
fn check_opening(
    id: &RunId,
    before: Option<&SegmentHead>,
    open: &OpenSegment,
    record: &Record,
) -> Result<(), String> {
    let Event::SegmentOpened {
        format,
        run,
        segment,
        parent,
        ..
    } = &record.event
    else {
        return if open.records == 0 {
            Err("the segment has no header".to_owned())
        } else {
            Ok(())
        };
    };
    if open.records != 0 {
        return Err("a header inside a segment".to_owned());
    }
    if !readable(format, JOURNAL_FORMAT) {
        return Err(format!(
            "format `{format}` is later than `{JOURNAL_FORMAT}`; use a later cleanbench"
        ));
    }
    let expected = before.map(|last| ParentSegment {
        segment: last.segment,
        head: last.head,
        records: last.records,
    });
    if run != id || *segment != open.number || *parent != expected {
        return Err("the header belongs to another run or place".to_owned());
    }
    Ok(())
}

/// Reads single records again by their place. The chain was checked when the place was found. Safe to
/// share between threads.
#[derive(Debug)]
pub struct RecordReader {
    run: RunDirectory,
    /// The first segments, kept open.
    files: BTreeMap<u32, File>,
    /// The others, each opened whenever it is read: a run may have more of them than a process may have open.
    others: BTreeSet<u32>,
}

/// Segments that are kept open. A run has one for each time that it was gone on with.
const MOST_OPEN: usize = 64;

/// A segment that is open, for now or for long.
enum Held<'a> {
    Kept(&'a File),
    Own(File),
}

impl Held<'_> {
    fn file(&self) -> &File {
        match self {
            Self::Kept(file) => file,
            Self::Own(file) => file,
        }
    }
}

/// Bytes read at once; most records are shorter.
const READ_AHEAD: usize = 1024;

impl RecordReader {
    /// A reader for the journal of `run`.
    ///
    /// # Errors
    /// When a segment cannot be opened.
    pub fn open(run: &RunDirectory) -> Result<Self, LedgerError> {
        let open = |segment| {
            let file = run.open(&RunDirectory::journal_name(segment))?;
            Ok::<_, LedgerError>((segment, file))
        };
        let mut segments = run.journal_segments()?.into_iter();
        let first = segments.by_ref().take(MOST_OPEN);
        Ok(Self {
            run: run.clone(),
            files: first.map(open).collect::<Result<_, _>>()?,
            others: segments.collect(),
        })
    }

    /// The segment `segment`, if there is such a one.
    fn segment(&self, segment: u32) -> Result<Option<Held<'_>>, LedgerError> {
        if let Some(file) = self.files.get(&segment) {
            return Ok(Some(Held::Kept(file)));
        }
        if !self.others.contains(&segment) {
            return Ok(None);
        }
        let file = self.run.open(&RunDirectory::journal_name(segment))?;
        Ok(Some(Held::Own(file)))
    }

    /// The record at `location`.
    ///
    /// # Errors
    /// When the file has changed meanwhile.
    pub fn read(&self, location: Location) -> Result<Record, LedgerError> {
        let (segment, offset) = location.parts();
        let damage =
            |what: String| Damage::at_byte(RunDirectory::journal_name(segment), offset, what);
        let held = self.segment(segment)?;
        let held = held.ok_or_else(|| damage("no such segment".to_owned()))?;
        let file = held.file();
        let read = |line: &[u8]| {
            let record = record::read(line);
            record.map_err(|error| damage(format!("unreadable record: {error}")).into())
        };
        let mut chunk = [0; READ_AHEAD];
        let count = file.file().read_at(&mut chunk, offset)?;
        match memchr(b'\n', &chunk[..count]) {
            Some(end) => read(&chunk[..end]),
            None => read(&read_line(file, offset)?),
        }
    }

    /// Whether the record at `location` continues the one before it and leads to the one behind it. What is farther away
    /// only a pass over the chain can tell.
    pub fn is_linked(&self, location: Location) -> bool {
        let (segment, offset) = location.parts();
        let held = self.segment(segment).ok().flatten();
        held.is_some_and(|held| is_linked(held.file(), offset).is_some())
    }

    /// The run that is read.
    pub fn run(&self) -> &RunDirectory {
        &self.run
    }
}

/// Checks the links of the record of `file` at `offset` to those beside it; `None` where one does not hold.
fn is_linked(file: &File, offset: u64) -> Option<()> {
    let mut end = [0; record::HASH_TO_END];
    let before = offset.checked_sub(end.len() as u64)?;
    file.file().read_exact_at(&mut end, before).ok()?;
    let line = read_line(file, offset).ok()?;
    let own = record::decode(&line, record::hash_of_end(&end)?).ok()?;
    let next = read_line(file, offset + line.len() as u64 + 1).ok()?;
    // The last record leads nowhere.
    (next.is_empty() || record::decode(&next, own.hash).is_ok()).then_some(())
}

/// The line of `file` that begins at `offset`, without its line feed.
pub(crate) fn read_line(file: &File, offset: u64) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut chunk = [0; READ_AHEAD];
    loop {
        let count = file
            .file()
            .read_at(&mut chunk, offset + line.len() as u64)?;
        let end = chunk[..count].iter().position(|byte| *byte == b'\n');
        line.extend_from_slice(&chunk[..end.unwrap_or(count)]);
        if end.is_some() || count == 0 || line.len() as u64 > LONGEST_LINE {
            return Ok(line);
        }
    }
}
