//! What was asked and answered for one sample, in full.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::{Completion, Event, Judgement, Outcome};
use cleanbench_ledger::batches::suite_key;
use cleanbench_ledger::payload::Payload;
use cleanbench_ledger::reader::RecordReader;
use cleanbench_ledger::samples::{self, SampleContent};
use cleanbench_ledger::show_index::Trace;
use cleanbench_ledger::{Damage, LedgerError, Location, SampleRow};

use crate::lookup::{self, Located, LocatedCall};
use crate::verify::KEY_FILE;
use crate::{Recording, ReportError};

/// One call of a sample.
#[derive(Debug)]
pub struct CallDetail {
    /// Name of the model.
    pub model: String,
    /// Repeat, from 1.
    pub epoch: u32,
    /// Whether another shard of the run makes it.
    pub elsewhere: bool,
    /// How it ended; `None` while it has not.
    pub outcome: Option<Outcome>,
    /// Whether what was asked or came back was zeroed.
    pub erased: bool,
    /// Why its last attempt failed.
    pub error: Option<String>,
    /// The last body that was received, where it is no answer.
    pub raw: Option<String>,
    /// The answer.
    pub completion: Option<Completion>,
    /// By each scorer or probe.
    pub scores: Vec<ScoreDetail>,
    /// Why there is no judgement of the answer.
    pub unjudged: Option<String>,
}

/// How one scorer or probe judges an answer.
#[derive(Debug)]
pub struct ScoreDetail {
    /// Its name.
    pub scorer: String,
    /// Its judgement; one that cannot be repeated, or was made by another version, as it is on record, without an
    /// answer.
    pub judgement: Judgement,
    /// What the present version makes of the answer, where another one judged: no part of the run.
    pub now: Option<Judgement>,
}

/// A sample with all its calls.
#[derive(Debug)]
pub struct SampleDetail {
    /// Name of the task.
    pub task: String,
    /// Identity of the sample.
    pub id: String,
    /// The content; `None` when it was erased.
    pub content: Option<SampleContent>,
    /// Its calls, in plan order.
    pub calls: Vec<CallDetail>,
}

/// Every sample whose id is `word`, or whose task and id are `word` with a colon between.
///
/// # Errors
/// When the run is damaged.
pub fn find(recording: &Recording, word: &str) -> Result<Vec<SampleDetail>, ReportError> {
    let read = Read {
        recording,
        records: RecordReader::open(&recording.run)?,
    };
    let found = lookup::find(recording, word)?.into_iter();
    found.map(|located| read.sample(located)).collect()
}

/// A run whose records are read one by one.
struct Read<'a> {
    recording: &'a Recording,
    records: RecordReader,
}

impl Read<'_> {
    fn sample(&self, located: Located) -> Result<SampleDetail, ReportError> {
        let Located { row, calls } = located;
        let content = samples::content(&self.recording.payloads, &row)?;
        if content
            .as_ref()
            .is_some_and(|content| content.sample.id != row.id)
        {
            let what = format!("the payload of sample `{}` is that of another one", row.id);
            return Err(LedgerError::from(Damage::whole("samples.jsonl", what)).into());
        }
        self.check_digests(&row, content.as_ref())?;
        let task = row.task as usize;
        let calls = calls.into_iter();
        let calls = calls.map(|call| self.call(call, content.as_ref(), task));
        Ok(SampleDetail {
            task: self.recording.manifest.plan.tasks[task].name.clone(),
            id: row.id,
            calls: calls.collect::<Result<_, _>>()?,
            content,
        })
    }

    /// The digests of a sample must be those of its content, as far as the suite's key is there.
    fn check_digests(
        &self,
        row: &SampleRow,
        content: Option<&SampleContent>,
    ) -> Result<(), ReportError> {
        let run = &self.recording.run;
        let (Some(content), true) = (content, run.holds(KEY_FILE)?) else {
            return Ok(());
        };
        let key = suite_key(run)?;
        let json = std::io::Error::from;
        let same = content.input_digest(&key).map_err(json)? == row.input_digest
            && content.sample_digest(&key).map_err(json)? == row.sample_digest;
        if same {
            return Ok(());
        }
        let what = format!(
            "the digests of sample `{}` are not those of its content",
            row.id
        );
        Err(LedgerError::from(Damage::whole("samples.jsonl", what)).into())
    }

    /// A call about `content`, of the task at position `task`.
    fn call(
        &self,
        call: LocatedCall,
        content: Option<&SampleContent>,
        task: usize,
    ) -> Result<CallDetail, ReportError> {
        let LocatedCall { place, trace } = call;
        let completion = self
            .recording
            .read_again(&self.records, trace, place.model)?;
        let mut detail = CallDetail {
            model: self.recording.manifest.plan.models[place.model as usize]
                .name
                .clone(),
            epoch: place.epoch,
            elsewhere: self.recording.is_elsewhere(place),
            outcome: trace.outcome,
            erased: self.is_erased(trace)?,
            error: self.error(trace)?,
            raw: None,
            completion: completion.and_then(Result::ok),
            scores: Vec::new(),
            unjudged: None,
        };
        if let (Some(completion), Some(content), Some(Outcome::Answered)) =
            (&detail.completion, content, detail.outcome)
        {
            let judged = self.judge(trace, content, completion, task)?;
            (detail.scores, detail.unjudged) = (judged.scores, judged.failure);
        } else if let Some(reply) = self.recording.reply(&self.records, trace.replied)? {
            detail.raw = Some(String::from_utf8_lossy(&reply.body).into_owned());
        }
        Ok(detail)
    }

    /// Whether the request or the reply of a call was zeroed.
    fn is_erased(&self, trace: Trace) -> Result<bool, ReportError> {
        for location in [trace.started, trace.replied] {
            if !location.is_some() {
                continue;
            }
            let payload = self.records.read(location)?.event.payload();
            let read = payload.map(|payload| self.recording.payloads.read(&payload));
            if read.transpose()? == Some(Payload::Erased) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why the last attempt of a call failed.
    fn error(&self, trace: Trace) -> Result<Option<String>, ReportError> {
        if !trace.ended.is_some() {
            return Ok(None);
        }
        Ok(match self.records.read(trace.ended)?.event {
            Event::AttemptEnded { error, .. } => error.map(|error| error.message),
            _ => None,
        })
    }

    fn judge(
        &self,
        trace: Trace,
        content: &SampleContent,
        completion: &Completion,
        task: usize,
    ) -> Result<Judged, ReportError> {
        let (on_record, failure) = on_record(&self.records, trace.judged)?;
        let mut judged = Judged {
            scores: Vec::new(),
            failure,
        };
        let judge = self.recording.judge(task);
        let probe = content.probe.as_ref();
        match judge.repeat(&content.sample, probe, completion, &on_record) {
            _ if judged.failure.is_some() => {}
            Err(reason) => judged.failure = Some(reason),
            Ok(repeated) => {
                let alike = self.recording.judges_alike(task);
                let mut on_record = on_record.into_iter().map(recorded_judgement);
                let names = self.recording.manifest.plan.tasks[task].judges();
                let scores = names.zip(repeated).filter_map(|(scorer, again)| {
                    let (judgement, now) = match (on_record.next(), again) {
                        (Some(recorded), now) if !alike => (recorded, now),
                        (recorded, again) => (again.or(recorded)?, None),
                    };
                    let scorer = scorer.into_owned();
                    Some(ScoreDetail {
                        scorer,
                        judgement,
                        now,
                    })
                });
                judged.scores = scores.collect();
            }
        }
        Ok(judged)
    }
}

/// How an answer is judged.
struct Judged {
    /// By each scorer or probe.
    scores: Vec<ScoreDetail>,
    /// Why there is no judgement.
    failure: Option<String>,
}

/// The scores on record at `location`, and why there are none.
fn on_record(
    records: &RecordReader,
    location: Location,
) -> Result<(Vec<RecordedScore>, Option<String>), ReportError> {
    if !location.is_some() {
        return Ok((Vec::new(), None));
    }
    match records.read(location)?.event {
        Event::Judged { scores, error, .. } => Ok((scores, error)),
        _ => Ok((Vec::new(), None)),
    }
}

fn recorded_judgement(score: RecordedScore) -> Judgement {
    Judgement {
        score,
        answer: None,
        parts: Vec::new(),
    }
}
