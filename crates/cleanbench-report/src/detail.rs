//! What was asked and answered for one sample, in full.

use cleanbench_core::event::{Place, RecordedScore};
use cleanbench_core::{Completion, Event, Judgement, Outcome};
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_ledger::reader::RecordReader;
use cleanbench_ledger::samples::{self, SampleContent};
use cleanbench_ledger::{Location, SampleRow, SampleRows, Tail};

use crate::scan::{Index, scan};
use crate::{Recording, ReportError, cell};

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
    /// Why its last attempt failed.
    pub error: Option<String>,
    /// The last body that was received, where it is no answer.
    pub raw: Option<String>,
    /// The answer.
    pub completion: Option<Completion>,
    /// Name of each scorer or probe, and its judgement; one that cannot be repeated as it is on record,
    /// without an answer.
    pub scores: Vec<(String, Judgement)>,
    /// Why there is no judgement of the answer.
    pub unjudged: Option<String>,
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
    let index = scan(
        &recording.run,
        &recording.manifest,
        &recording.prices,
        Tail::MayBeTorn,
        |_| Ok(()),
    )?;
    let read = Read {
        recording,
        index,
        records: RecordReader::open(&recording.run)?,
    };
    let plan = &recording.manifest.plan;
    let mut found = Vec::new();
    for (row, line) in SampleRows::open(&recording.run)?.zip(0..) {
        let row = row?;
        let Some(task) = plan
            .tasks
            .get(row.task as usize)
            .filter(|task| is_named(&row, task, word))
        else {
            continue;
        };
        let models = 0..u32::try_from(plan.models.len()).unwrap_or(u32::MAX);
        let places = models.flat_map(|model| {
            (1..=task.epochs).map(move |epoch| Place::planned(model, line, epoch))
        });
        found.push(read.sample(row, task, places)?);
    }
    for batch in read.index.table.space().batches() {
        let rows = SampleRows::of_batch(&recording.run, batch.number)?;
        for (row, place) in rows.zip(batch.places()) {
            let row = row?;
            let task = plan.tasks.get(row.task as usize);
            if let Some(task) = task.filter(|task| is_named(&row, task, word)) {
                found.push(read.sample(row, task, std::iter::once(place))?);
            }
        }
    }
    Ok(found)
}

/// Whether `word` names the sample of `row`, with or without its task.
fn is_named(row: &SampleRow, task: &TaskPlan, word: &str) -> bool {
    row.id == word || cell::text(&row.id) == word || format!("{}:{}", task.name, row.id) == word
}

/// A run that was read once.
struct Read<'a> {
    recording: &'a Recording,
    index: Index,
    records: RecordReader,
}

impl Read<'_> {
    /// The sample of `row`, which belongs to `task`, with its calls at `places`.
    fn sample(
        &self,
        row: SampleRow,
        task: &TaskPlan,
        places: impl Iterator<Item = Place>,
    ) -> Result<SampleDetail, ReportError> {
        let content = samples::content(&self.recording.payloads, &row)?;
        let number = row.task as usize;
        let detail = |place| {
            let content = content.as_ref();
            call(
                self.recording,
                &self.index,
                &self.records,
                content,
                place,
                number,
            )
        };
        let calls = places.map(detail).collect::<Result<_, _>>()?;
        Ok(SampleDetail {
            task: task.name.clone(),
            id: row.id,
            calls,
            content,
        })
    }
}

fn call(
    recording: &Recording,
    index: &Index,
    records: &RecordReader,
    content: Option<&SampleContent>,
    place: Place,
    task: usize,
) -> Result<CallDetail, ReportError> {
    let plan = &recording.manifest.plan;
    let mut detail = CallDetail {
        model: plan.models[place.model as usize].name.clone(),
        epoch: place.epoch,
        elsewhere: index.table.is_elsewhere(place),
        outcome: index.table.state(place).and_then(|state| state.outcome),
        error: None,
        raw: None,
        completion: recording
            .read_again(records, index, place)?
            .and_then(Result::ok),
        scores: Vec::new(),
        unjudged: None,
    };
    let Some(call) = index.table.space().index(place) else {
        return Ok(detail);
    };
    if index.ended[call].is_some()
        && let Event::AttemptEnded { error, .. } = records.read(index.ended[call])?.event
    {
        detail.error = error.map(|error| error.message);
    }
    if let (Some(completion), Some(content), Some(Outcome::Answered)) =
        (&detail.completion, content, detail.outcome)
    {
        let (on_record, failure) = on_record(records, index.judged[call])?;
        let judge = recording.judge(task);
        match judge.repeat(&content.sample, content.probe.as_ref(), completion) {
            _ if failure.is_some() => detail.unjudged = failure,
            Err(reason) => detail.unjudged = Some(reason),
            Ok(repeated) => {
                let mut on_record = on_record.into_iter();
                let judgements = repeated.into_iter().filter_map(|judgement| {
                    let score = on_record.next();
                    judgement.or_else(|| score.map(recorded_judgement))
                });
                let names = plan.tasks[task].judges().map(str::to_owned);
                detail.scores = names.zip(judgements).collect();
            }
        }
    } else if let Some(reply) = recording.reply(records, index.replied[call])? {
        detail.raw = Some(String::from_utf8_lossy(&reply.body).into_owned());
    }
    Ok(detail)
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
