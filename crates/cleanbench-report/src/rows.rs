//! One row for each call, in plan order: model, task, sample, epoch. Behind the calls of a task stand those that
//! followed from them, in the order of what they follow, so that they stand there in the same order whichever
//! machine planned them.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cleanbench_core::event::{JudgedBefore, Place, Reading, RecordedScore, Unasked};
use cleanbench_core::history::Batch;
use cleanbench_core::score::{BROKE_OFF, RAN_OUT};
use cleanbench_core::{
    CallError, CallErrorKind, CallId, Completion, Digest, Event, Finish, Judge, Judgement, Outcome,
    Sample, Score,
};
use cleanbench_ledger::ahead::{chunks, in_order};
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_ledger::reader::RecordReader;
use cleanbench_ledger::samples::SampleContent;
use cleanbench_ledger::{Location, SampleRow, SampleRows, samples};
use rayon::prelude::*;
use serde_json::Value;

use crate::drawn::DrawnAnswers;
use crate::scan::Index;
use crate::{Recording, ReportError, cell};

/// Rows worked on at once.
const CHUNK: usize = 64;
/// Characters of an answer that could not be read.
const QUOTED: usize = 80;

/// A call of the plan and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Position of the call.
    pub place: Place,
    /// Position of its task.
    pub task: usize,
    /// Identity of its sample.
    pub sample: String,
    /// Keyed digest of what the model saw of the sample.
    pub input_digest: Digest,
    /// Keyed digest of the whole sample.
    pub sample_digest: Digest,
    /// Where the sample belongs; the same for all its rows.
    pub belongs: Arc<Belongs>,
    /// Whether its sample is in quarantine: it is in no score and in no gate.
    pub quarantined: bool,
    /// Whether another shard of the run makes it.
    pub elsewhere: bool,
    /// How it ended; `None` while it has not.
    pub outcome: Option<Outcome>,
    /// Why nobody was asked, where it was skipped and that is on record.
    pub unasked: Option<Unasked>,
    /// What was read in its last reply.
    pub reading: Option<Reading>,
    /// Why its last attempt failed, or why its answer has no judgement.
    pub error: Option<String>,
    /// What kind of failure that was, where its last attempt failed.
    pub error_kind: Option<CallErrorKind>,
    /// Attempts that were sent for it and failed, at most 255.
    pub failed_attempts: u8,
    /// How its answer was judged in the run that it is replayed from.
    pub judged_before: Option<JudgedBefore>,
    /// Its scores, one for each scorer of the task; empty when it was not judged.
    pub scores: Vec<RecordedScore>,
    /// What the first scorer took for the answer.
    pub answer: Answer,
    /// The beginning of an answer that some scorer of its task could not read.
    pub unread: Option<String>,
    /// Whether the judgement was computed again from the recorded reply.
    pub repeated: Repeated,
    /// What is on record and does not follow from the recorded reply, a lowercase fragment.
    pub wrong: Option<String>,
}

/// Whether a judgement was computed again from the recorded reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// There is none, its reply is gone, or its scorers cannot be repeated.
    No,
    /// All of it was.
    Whole,
    /// It is taken over, though its scorers can be repeated: judging was ended by a limit, there or here, or failed
    /// there alone.
    TakenOver,
}

/// Where a sample belongs. Nothing, too, where the sample was erased.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Belongs {
    /// The samples that it hangs together with.
    pub cluster: Option<String>,
    /// Its value in each field that the task reports by, in the order of the task; fields that the sample
    /// does not have are left out.
    pub slices: Vec<(String, String)>,
    /// The score that guessing among its options gives on average, where it has some and they are judged as such.
    pub chance: Option<f64>,
}

/// Scorers for which one option is right or wrong as a whole.
const OF_ONE_OPTION: [&str; 2] = ["choice", "likelihood"];

/// The share of the options of `sample` that are right, where the first scorer of `task` asks for one.
#[expect(clippy::cast_precision_loss, reason = "no sample has 2^53 options")]
fn chance(sample: &Sample, task: &TaskPlan) -> Option<f64> {
    let scorer = task.judges().next()?;
    if sample.choices.is_empty() || !OF_ONE_OPTION.contains(&&*scorer) {
        return None;
    }
    let is_right = |choice: &&String| match sample.target.as_ref() {
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(choice)),
        Some(one) => one.as_str() == Some(choice),
        None => false,
    };
    let right = sample.choices.iter().filter(is_right).count();
    Some(right as f64 / sample.choices.len() as f64)
}

impl Belongs {
    fn of(sample: &Sample, task: &TaskPlan) -> Self {
        let value = |field: &String| {
            let text = slice_text(sample.metadata.get(field)?)?;
            Some((field.clone(), text))
        };
        Self {
            cluster: sample.cluster.clone(),
            slices: task.slices.iter().filter_map(value).collect(),
            chance: chance(sample, task),
        }
    }
}

/// A value of a sample's metadata as text; `None` for one that is no text, number or truth value.
fn slice_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

pub use cleanbench_items::ELSEWHERE;

/// The word for how a call ended, or for why it has not.
pub fn how(outcome: Option<Outcome>, elsewhere: bool) -> &'static str {
    match outcome {
        Some(outcome) => outcome.as_str(),
        None if elsewhere => ELSEWHERE,
        None => "open",
    }
}

impl Row {
    /// The word for how it ended, or for why it has not.
    pub(crate) fn how(&self) -> &'static str {
        how(self.outcome, self.elsewhere)
    }
}

/// What the first scorer took for the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// This text.
    Text(String),
    /// What the table of the run has, as a cell has it: another version of the scorers read the answer.
    Drawn(String),
    /// Nothing could be read out, or the call was not answered.
    None,
    /// The reply or the sample was erased.
    Erased,
}

/// Hands every row to `each`, in plan order.
///
/// # Errors
/// When the run is damaged, or `each` fails.
pub fn for_each(
    recording: &Recording,
    index: &Index,
    mut each: impl FnMut(Row) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let records = RecordReader::open(&recording.run)?;
    let mut drawn_before = DrawnAnswers::open(recording)?;
    let mut each = |mut row: Row| {
        let drawn = drawn_before.next(row.place, row.task, &row.sample);
        let is_read = matches!(row.answer, Answer::Text(_));
        if let Some(drawn) = drawn.filter(|_| is_read && !recording.judges_alike(row.task)) {
            row.answer = Answer::Drawn(drawn.to_owned());
        }
        each(row)
    };
    let plan = &recording.manifest.plan;
    let epochs = plan.tasks.iter().map(|task| task.epochs).max();
    let size = (CHUNK / epochs.unwrap_or(1).max(1) as usize).max(1);
    let drawing = Drawing {
        recording,
        index,
        records: &records,
    };
    for model in 0..u32::try_from(plan.models.len()).unwrap_or(u32::MAX) {
        let mut later = Later::read(recording, index, model)?;
        let samples = SampleRows::open(&recording.run)?.zip(0..);
        let draw = |samples: Vec<_>| {
            let samples = samples.into_par_iter();
            let drawn = samples.map(|(row, line)| {
                let row: SampleRow = row?;
                let rows = drawing.sample(&row, model, line);
                let task = row.task;
                Ok::<_, ReportError>(DrawnSample { task, rows })
            });
            drawn.collect::<Vec<_>>()
        };
        in_order(chunks(samples, size), draw, |drawn| {
            drawn.into_iter().try_for_each(|sample| {
                let DrawnSample { task, rows } = sample?;
                later.rows_before(task, |row, place| each(drawing.row_of_batch(row, place)?))?;
                rows?.into_iter().try_for_each(&mut each)
            })
        })?;
        later.rows_before(u32::MAX, |row, place| {
            each(drawing.row_of_batch(row, place)?)
        })?;
    }
    Ok(())
}

/// The rows of a sample of the plan.
struct DrawnSample {
    task: u32,
    rows: Result<Vec<Row>, ReportError>,
}

/// The samples of the batches of one model, in the order of their rows.
struct Later(VecDeque<LaterSample>);

struct LaterSample {
    row: SampleRow,
    place: Place,
    step: u32,
}

impl Later {
    fn read(recording: &Recording, index: &Index, model: u32) -> Result<Self, ReportError> {
        let mut samples = Vec::new();
        let batches = index.table.space().batches();
        for batch in batches.filter(|batch| batch.model == model) {
            let rows = SampleRows::of_batch(&recording.run, batch.number)?;
            for (row, place) in rows.zip(batch.places()) {
                samples.push(LaterSample {
                    row: row?,
                    place,
                    step: batch.step,
                });
            }
        }
        samples.sort_by_key(LaterSample::order);
        Ok(Self(samples.into()))
    }

    /// Hands on what stands before the first row of the plan of the task at position `task`.
    fn rows_before(
        &mut self,
        task: u32,
        mut each: impl FnMut(&SampleRow, Place) -> Result<(), ReportError>,
    ) -> Result<(), ReportError> {
        while let Some(first) = self.0.pop_front_if(|first| first.row.task < task) {
            each(&first.row, first.place)?;
        }
        Ok(())
    }
}

impl LaterSample {
    fn order(&self) -> (u32, u32, u64, Place) {
        let follows = self.row.follows.unwrap_or(u64::MAX);
        (self.row.task, self.step, follows, self.place)
    }
}

/// What rows are drawn from.
#[derive(Clone, Copy)]
struct Drawing<'a> {
    recording: &'a Recording,
    index: &'a Index,
    records: &'a RecordReader,
}

impl Drawing<'_> {
    fn row_of_batch(&self, row: &SampleRow, place: Place) -> Result<Row, ReportError> {
        self.row(&OfSample::read(self.recording, row)?, place)
    }

    /// The rows of `model` at the sample of `row`, which stands at `line`.
    fn sample(&self, row: &SampleRow, model: u32, line: u64) -> Result<Vec<Row>, ReportError> {
        let Some(task) = self.recording.manifest.plan.tasks.get(row.task as usize) else {
            return Ok(Vec::new());
        };
        let of_sample = OfSample::read(self.recording, row)?;
        let places = (1..=task.epochs).map(|epoch| Place::planned(model, line, epoch));
        places.map(|place| self.row(&of_sample, place)).collect()
    }
}

/// What all rows of a sample share.
struct OfSample<'a> {
    row: &'a SampleRow,
    belongs: Arc<Belongs>,
    /// `None` where it was erased.
    content: Option<SampleContent>,
}

impl<'a> OfSample<'a> {
    fn read(recording: &Recording, row: &'a SampleRow) -> Result<Self, ReportError> {
        let content = samples::content(&recording.payloads, row)?;
        let task = recording.manifest.plan.tasks.get(row.task as usize);
        let belongs = content
            .as_ref()
            .zip(task)
            .map(|(content, task)| Belongs::of(&content.sample, task));
        Ok(Self {
            row,
            belongs: Arc::new(belongs.unwrap_or_default()),
            content,
        })
    }
}

impl Drawing<'_> {
    /// The row of the call at `place`, which is about `of_sample`.
    fn row(&self, of_sample: &OfSample<'_>, place: Place) -> Result<Row, ReportError> {
        let Self {
            recording,
            index,
            records,
        } = *self;
        let row = of_sample.row;
        let state = index.table.state(place).unwrap_or_default();
        let mut result = Row {
            place,
            task: row.task as usize,
            sample: row.id.clone(),
            input_digest: row.input_digest,
            sample_digest: row.sample_digest,
            belongs: Arc::clone(&of_sample.belongs),
            quarantined: recording.is_quarantined(row.task, &row.id),
            elsewhere: index.table.is_elsewhere(place),
            outcome: state.outcome,
            unasked: state.unasked,
            reading: None,
            error: None,
            error_kind: None,
            failed_attempts: 0,
            judged_before: None,
            scores: Vec::new(),
            answer: Answer::None,
            unread: None,
            repeated: Repeated::No,
            wrong: None,
        };
        let (Some(outcome), Some(call)) = (state.outcome, index.table.space().index(place)) else {
            return Ok(result);
        };
        result.failed_attempts = index.failed[call];
        result.judged_before = judged_before(recording, records, index.started[call])?;
        let ended = Ended::read(&records.read(index.ended[call])?.event);
        result.reading.clone_from(&ended.reading);
        result.error = ended.error.as_ref().map(|error| error.message.clone());
        result.error_kind = ended.error.as_ref().map(|error| error.kind);
        let judged = if state.judged {
            Some(records.read(index.judged[call])?.event)
        } else {
            None
        };
        if let Some(Event::Judged { scores, error, .. }) = &judged {
            result.scores.clone_from(scores);
            result.error = result.error.or_else(|| error.clone());
        }
        let reply = ReplyOnRecord::read(self, place, ended.attempt)?;
        let batch = index.table.space().batch(place.batch);
        result.wrong = wrong_call(recording, row, place, batch, &ended, judged.as_ref())
            .or_else(|| wrong_ending(&ended, outcome, &reply))
            .or_else(|| wrong_judgement(recording, result.task, outcome, judged.as_ref()));
        match reply {
            ReplyOnRecord::Answer(completion) if outcome == Outcome::Answered => {
                judge_again(
                    recording,
                    of_sample.content.as_ref(),
                    &completion,
                    judged.as_ref(),
                    &mut result,
                );
            }
            ReplyOnRecord::Erased => result.answer = Answer::Erased,
            _ => {}
        }
        Ok(result)
    }
}

/// How the run that is replayed judged the answer of the attempt begun at `started`.
fn judged_before(
    recording: &Recording,
    records: &RecordReader,
    started: Location,
) -> Result<Option<JudgedBefore>, ReportError> {
    if recording.manifest.plan.replay.is_none() || !started.is_some() {
        return Ok(None);
    }
    Ok(match records.read(started)?.event {
        Event::AttemptStarted { cached, .. } => cached.and_then(|cached| cached.judged),
        _ => None,
    })
}

/// The end of an attempt as the journal has it.
struct Ended {
    call: Option<CallId>,
    attempt: u32,
    reading: Option<Reading>,
    error: Option<CallError>,
}

impl Ended {
    fn read(event: &Event) -> Self {
        match event {
            Event::AttemptEnded {
                call,
                attempt,
                reading,
                error,
                ..
            } => Self {
                call: Some(*call),
                attempt: *attempt,
                reading: reading.clone(),
                error: error.clone(),
            },
            _ => Self {
                call: None,
                attempt: 0,
                reading: None,
                error: None,
            },
        }
    }
}

/// What this version reads in the reply to the attempt that ended a call.
enum ReplyOnRecord {
    Answer(Box<Completion>),
    /// An error of this kind: in the reply, or instead of one.
    Error(CallErrorKind),
    /// The attempt has no reply on record.
    None,
    Erased,
}

impl ReplyOnRecord {
    fn read(drawing: &Drawing<'_>, place: Place, attempt: u32) -> Result<Self, ReportError> {
        let index = drawing.index;
        let call = index.table.space().index(place);
        let Some(call) = call.filter(|call| index.replied[*call].is_some()) else {
            return Ok(Self::None);
        };
        let event = drawing.records.read(index.replied[call])?.event;
        match &event {
            Event::ReplyReceived {
                attempt: number, ..
            } if *number != attempt => Ok(Self::None),
            Event::ReplyReceived {
                error: Some(error), ..
            } => Ok(Self::Error(error.kind)),
            Event::ReplyReceived { response: None, .. } => Ok(Self::None),
            _ => Self::again(drawing, place, index.started[call], event),
        }
    }

    /// What this version reads in the reply that `event` records, to the request recorded at `started`.
    fn again(
        drawing: &Drawing<'_>,
        place: Place,
        started: Location,
        event: Event,
    ) -> Result<Self, ReportError> {
        let recording = drawing.recording;
        let body = recording.request_body(drawing.records, started)?;
        let (Some(body), Some(reply)) = (body, recording.reply_of(event)?) else {
            return Ok(Self::Erased);
        };
        Ok(match recording.read(place.model, &body, &reply) {
            Ok(completion) => Self::Answer(Box::new(completion)),
            Err(error) => Self::Error(error.kind),
        })
    }
}

/// Records must carry the identity of the call at their place.
fn wrong_call(
    recording: &Recording,
    row: &SampleRow,
    place: Place,
    batch: Option<&Batch>,
    ended: &Ended,
    judged: Option<&Event>,
) -> Option<String> {
    let expected = recording.call_id(row, place, batch);
    let judged = match judged {
        Some(Event::Judged { call, .. }) => *call,
        _ => expected,
    };
    let same = ended.call == Some(expected) && judged == expected;
    (!same).then(|| "a record has the identity of another call".to_owned())
}

/// How the call ended must follow from its reply.
fn wrong_ending(ended: &Ended, outcome: Outcome, reply: &ReplyOnRecord) -> Option<String> {
    let kind = ended.error.as_ref().map(|error| error.kind);
    let right = match reply {
        ReplyOnRecord::Erased => true,
        ReplyOnRecord::Answer(completion) => {
            let censored = completion.finish == Finish::ContentFilter;
            let expected = if censored {
                Outcome::Censored
            } else {
                Outcome::Answered
            };
            outcome == expected
                && kind.is_none()
                && ended
                    .reading
                    .as_ref()
                    .is_some_and(|reading| reading.agrees_with(&Reading::from(&**completion)))
        }
        ReplyOnRecord::Error(found) => {
            let panicked = kind == Some(CallErrorKind::Panic);
            (kind == Some(*found) || panicked) && kind.is_some_and(|kind| kind.outcome() == outcome)
        }
        ReplyOnRecord::None => {
            outcome == Outcome::Skipped || kind.is_some_and(|kind| kind.outcome() == outcome)
        }
    };
    (!right).then(|| {
        format!(
            "the call is recorded as {}, and its reply is not",
            outcome.as_str()
        )
    })
}

/// What is wrong with an answer that nobody judged; a writer that was killed leaves some.
pub(crate) const UNJUDGED: &str = "the answer has no judgement on record";

/// An answer has exactly one judgement, by the planned scorers; nothing else has any.
fn wrong_judgement(
    recording: &Recording,
    task: usize,
    outcome: Outcome,
    judged: Option<&Event>,
) -> Option<String> {
    match (outcome, judged) {
        (Outcome::Answered, None) => Some(UNJUDGED.to_owned()),
        (
            Outcome::Answered,
            Some(Event::Judged {
                scorers,
                scores,
                error,
                ..
            }),
        ) => {
            let planned = recording.manifest.plan.tasks[task].scorers_digest;
            if *scorers != planned {
                return Some("the judgement is by other scorers than planned".to_owned());
            }
            (error.is_some() && !scores.is_empty())
                .then(|| "the judgement failed and has a score all the same".to_owned())
        }
        (_, Some(_)) => Some("a judgement of what is no answer".to_owned()),
        (_, None) => None,
    }
}

/// Whether `again` is what this version finds, on a machine that lets it, by the scorers that judged.
fn settles(recording: &Recording, task: usize, again: &Judgement) -> bool {
    recording.judges_alike(task) && again.score.is_evidence()
}

/// Whether `first`, the recorded score of the first scorer of `task`, says that there is no answer, and no other
/// version says otherwise.
fn found_nothing(recording: &Recording, task: usize, first: &RecordedScore) -> bool {
    let settled = recording.judge(task).repeatable() || !first.is_recomputable();
    settled && first.extraction_failure.is_some()
}

/// What the first scorer took for the answer, as `judgements` repeat it.
fn answer_of(
    recording: &Recording,
    content: &SampleContent,
    completion: &Completion,
    judgements: &[Option<Judgement>],
    result: &Row,
) -> Option<String> {
    let judge = recording.judge(result.task);
    let first = result.scores.first();
    let read_out = || judge.read_out(completion);
    // A probe has an answer where its score says that it is none, and so may a scorer.
    let is_settled =
        |again: &Judgement| content.probe.is_some() || settles(recording, result.task, again);
    match judgements.first() {
        Some(Some(again)) if is_settled(again) => again.answer.clone(),
        // Nothing was found by a scorer that may find something in its present version, or was ended by a limit.
        _ if first.is_some_and(|first| found_nothing(recording, result.task, first)) => None,
        // What a scorer that cannot be repeated took for the answer is not on record; all of it is.
        Some(None) => Some(completion.text.clone()),
        // Found where more was done than is done here.
        Some(Some(again)) if again.answer.is_none() && !settles(recording, result.task, again) => {
            read_out().or_else(|| Some(completion.text.trim().to_owned()))
        }
        Some(Some(first)) => first.answer.clone(),
        None => None,
    }
}

/// The beginning of `completion`, if there is any and one of `scores` says that it could not be read.
fn beginning_of_unread(scores: &[RecordedScore], completion: &Completion) -> Option<String> {
    let is_unread = scores
        .iter()
        .any(|score| score.extraction_failure.is_some());
    let text = completion.text.trim();
    (is_unread && !text.is_empty()).then(|| text.chars().take(QUOTED).collect())
}

fn judge_again(
    recording: &Recording,
    content: Option<&SampleContent>,
    completion: &Completion,
    judged: Option<&Event>,
    result: &mut Row,
) {
    let Some(content) = content else {
        result.answer = Answer::Erased;
        return;
    };
    result.unread = beginning_of_unread(&result.scores, completion);
    let judge = recording.judge(result.task);
    // A scorer that panicked in the run may panic again; the run has that on record.
    let judgements = catch_unwind(AssertUnwindSafe(|| {
        judge.repeat(
            &content.sample,
            content.probe.as_ref(),
            completion,
            &result.scores,
        )
    }));
    let failed = matches!(judged, Some(Event::Judged { error: Some(_), .. }));
    let Ok(Ok(judgements)) = judgements else {
        if !failed {
            result
                .wrong
                .get_or_insert("the recorded judgement cannot be repeated".to_owned());
        }
        return;
    };
    if let Some(answer) = answer_of(recording, content, completion, &judgements, result) {
        result.answer = Answer::Text(answer.chars().take(cell::LONGEST + 1).collect());
    }
    let is_evidence = |again: &Judgement| again.score.is_evidence();
    let tells_rules = recording.manifest.plan.tells_rules();
    let is_same = |recorded: &RecordedScore, again: &Judgement| {
        let is_told = tells_rules || recorded.rule.is_some();
        recorded.agrees_with(&again.score) && (!is_told || recorded.rule == again.score.rule)
    };
    // What is refused by rules that are the same everywhere is computed again by being refused again.
    let is_computed = |(again, recorded): (&Option<Judgement>, &RecordedScore)| {
        again.as_ref().is_some_and(|again| {
            is_evidence(again) || (again.score.is_recomputable() && is_same(recorded, again))
        })
    };
    let is_whole = judgements.iter().zip(&result.scores).all(is_computed);
    let same = judgements.len() == result.scores.len()
        && judgements
            .iter()
            .zip(&result.scores)
            .all(|(again, recorded)| {
                let again = again.as_ref().filter(|again| is_evidence(again));
                again.is_none_or(|again| is_same(recorded, again))
            });
    let alike = recording.judges_alike(result.task);
    if failed && alike && judge.repeatable() && fails_never(judge, content, completion, &judgements)
    {
        result
            .wrong
            .get_or_insert("judging is said to have failed, and does not".to_owned());
    }
    if alike && !failed && !same {
        result
            .wrong
            .get_or_insert("the recorded score is not what its reply gives".to_owned());
    }
    result.repeated = match (is_whole, judge.repeatable()) {
        (_, true) if alike && (failed || !is_whole) => Repeated::TakenOver,
        (true, _) => Repeated::Whole,
        (false, _) => Repeated::No,
    };
    if alike && judge.repeatable() {
        let forged = forged_end(judge, content, completion, &result.scores);
        result.wrong = result.wrong.take().or(forged);
    }
}

/// Whether judging that gave `judgements` here gives them everywhere: nothing in it depends on what a machine can bear.
fn fails_never(
    judge: &Judge,
    content: &SampleContent,
    completion: &Completion,
    judgements: &[Option<Judgement>],
) -> bool {
    let is_certain = |(position, again): (usize, &Option<Judgement>)| {
        let is_evidence = again
            .as_ref()
            .is_some_and(|again| again.score.is_evidence());
        is_evidence && !judge.may_be_ended(position, &content.sample, completion)
    };
    !judgements.is_empty() && judgements.iter().enumerate().all(is_certain)
}

/// What is wrong with a score of which it is on record that a limit of the machine ended the judging.
fn forged_end(
    judge: &Judge,
    content: &SampleContent,
    completion: &Completion,
    scores: &[RecordedScore],
) -> Option<String> {
    let ended = scores
        .iter()
        .enumerate()
        .filter(|(_, score)| !score.is_recomputable());
    for (position, score) in ended {
        if !judge.may_be_ended(position, &content.sample, completion) {
            return Some("judging is said to have been ended, and takes no time".to_owned());
        }
        let reason = score.extraction_failure.as_deref();
        let as_written = [RAN_OUT, BROKE_OFF].into_iter().any(|known| {
            reason == Some(known) && *score == RecordedScore::from(Score::not_extracted(known))
        });
        if !as_written {
            return Some(
                "judging is said to have been ended, and has a score all the same".to_owned(),
            );
        }
    }
    None
}
