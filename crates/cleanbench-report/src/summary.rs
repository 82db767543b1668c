//! One line for each model and task: the score with its interval, and everything that qualifies it.

use std::sync::Arc;

use cleanbench_core::event::{Reading, Unasked};
use cleanbench_core::{Finish, Outcome, Reducer};

use crate::flakes::{Flake, FlakeCounts};
use crate::gates;
use crate::rows::{Belongs, Row};
use crate::scan::{Index, Totals};
use crate::slices::SliceTallies;
use crate::times::Latency;
use crate::unread::{Unread, UnreadGatherer};
use crate::{Contamination, Recording, ReportError};
use cleanbench_items::{Estimated, Rules, Tally, reduce};
use cleanbench_ledger::Turns;
use cleanbench_ledger::manifest::Role;

pub use crate::slices::SliceRow;

/// Printed where nothing is known of contamination.
pub const NOT_ASSESSED: &str = "not_assessed";

/// A model at a task.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryRow {
    /// Name of the model.
    pub model: String,
    /// What the model is asked for.
    pub role: Role,
    /// Name of the task.
    pub task: String,
    /// Whether the line is of a probe's calls and not of a task.
    pub probe: bool,
    /// Whether a gate may end the task early.
    pub may_spare: bool,
    /// The scorer whose score this is.
    pub scorer: String,
    /// Class of exposure.
    pub contamination: &'static str,
    /// Samples of the task; of a shard, those that are its own.
    pub samples: u64,
    /// Repeats of each.
    pub epochs: u32,
    /// Calls by how they ended; those that have not ended are left out.
    pub outcomes: Vec<(Outcome, u64)>,
    /// Skipped calls that could not be asked, as far as that is on record.
    pub unaskable: u64,
    /// Calls that have not ended.
    pub open: u64,
    /// Calls that other shards of the run make; neither open nor unanswered.
    pub elsewhere: u64,
    /// Answers without text, likelihoods and calls of tools, whatever the reason.
    pub empty: u64,
    /// Answers that the token limit cut off.
    pub truncated: u64,
    /// Answers in which the scorer found nothing to judge; scored 0.
    pub extraction_failures: u64,
    /// The answers that were judged, and why some could not be read.
    pub unread: Unread,
    /// Samples in quarantine, which are in no score.
    pub quarantined: u64,
    /// How the scores of a sample's epochs become its score.
    pub reducer: Reducer,
    /// The mean over the samples with a score: at least one judged answer, or as many as the reducer
    /// needs.
    pub estimated: Estimated,
    /// The score that guessing gives on average over the same samples, from 0 to 1; `None` where they are not judged by
    /// their options, and in runs of earlier tables.
    pub chance: Option<f64>,
    /// What the answers were like.
    pub answers: AnswerCounts,
    /// Sums over attempts.
    pub totals: Totals,
    /// How long the answered calls took.
    pub latency: Latency,
    /// Samples that did not come out the same each time.
    pub flakes: FlakeCounts,
}

/// What the answers of one model at one task were like. Counts of calls, so that with several epochs a
/// sample is in them several times; they describe this run and estimate nothing, hence no interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnswerCounts {
    /// Answers of which all of this is on record: the n of the rates. Earlier versions did not record it.
    pub n: u64,
    /// Cut off by the token limit within the reasoning, without any answer.
    pub truncated_thinking: u64,
    /// Ended otherwise with reasoning and without any answer.
    pub answer_in_reasoning: u64,
    /// Without text, reasoning, likelihoods and calls of tools.
    pub empty_content: u64,
    /// Whose text or reasoning ends in a loop.
    pub looping: u64,
    /// With reasoning.
    pub reasoned: u64,
    /// With calls of tools.
    pub with_tool_calls: u64,
}

impl AnswerCounts {
    fn add(&mut self, reading: &Reading) {
        let Some(reasoned) = reading.reasoned else {
            return;
        };
        self.n += 1;
        self.truncated_thinking += u64::from(reading.truncated_thinking());
        self.answer_in_reasoning += u64::from(reading.answer_in_reasoning());
        self.empty_content += u64::from(reading.empty_content());
        self.looping += u64::from(reading.looping);
        self.reasoned += u64::from(reasoned);
        self.with_tool_calls += u64::from(reading.tool_calls > 0);
    }

    /// `count` as a share of the answers; `None` without answers.
    pub fn rate(&self, count: u64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "no run has 2^53 calls")]
        (self.n > 0).then(|| count as f64 / self.n as f64)
    }
}

impl SummaryRow {
    /// The model's name, a reference marked as such: for people.
    pub fn model_told(&self) -> String {
        match self.role {
            Role::Subject => self.model.clone(),
            Role::Reference => format!("{} (reference)", self.model),
        }
    }

    /// Number of calls that ended as `outcome`.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes
            .iter()
            .find(|(kind, _)| *kind == outcome)
            .map_or(0, |(_, count)| *count)
    }

    /// Calls that another attempt may bring an answer for: those without one, but for a probe's that
    /// the endpoint does not support, and those that were not needed.
    pub fn missing(&self) -> u64 {
        let unsupported = if self.probe {
            self.count(Outcome::Unsupported)
        } else {
            0
        };
        self.unanswered() - unsupported - self.spared()
    }

    /// Calls that were not made because a gate had been decided, or that an imported log never made.
    pub fn spared(&self) -> u64 {
        if self.may_spare {
            self.count(Outcome::Skipped) - self.unaskable
        } else {
            0
        }
    }

    /// Calls without an answer: every end but an answer, and those that have not ended.
    pub fn unanswered(&self) -> u64 {
        let failed: u64 = self
            .outcomes
            .iter()
            .filter(|(kind, _)| *kind != Outcome::Answered)
            .map(|(_, count)| count)
            .sum();
        failed + self.open
    }
}

/// All lines of a run, in plan order.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The lines.
    pub rows: Vec<SummaryRow>,
    /// Parts of them: by line, the task's order of fields, and value.
    pub slices: Vec<SliceRow>,
}

/// Gathers rows, which must come in plan order, into a [`Summary`].
#[derive(Debug)]
pub struct Summarizer {
    rows: Vec<SummaryRow>,
    slices: Vec<SliceRow>,
    /// The fields by which each task reports.
    fields: Vec<Vec<String>>,
    /// Of each task its first sample, and the turns of all of them if it may end early.
    turns: Vec<(u64, Option<Vec<u32>>)>,
    /// Version of the tables.
    tables: u32,
    /// The line whose samples come now.
    open: Option<OpenLine>,
    sample: Option<OpenSample>,
}

/// A line while its samples come.
#[derive(Debug)]
struct OpenLine {
    line: usize,
    tally: Tally,
    slices: SliceTallies,
    /// `None` once a sample was met that is not judged by its options.
    chance: Option<Chance>,
}

/// A sample while its epochs come.
#[derive(Debug)]
struct OpenSample {
    line: usize,
    sample: u64,
    belongs: Arc<Belongs>,
    scores: Vec<f64>,
}

/// The first version of tables that say what guessing gives.
const TABLES_WITH_CHANCE: u32 = 6;

/// What guessing gives, over samples so far.
#[derive(Debug, Clone, Copy, Default)]
struct Chance {
    sum: f64,
    samples: u64,
}

impl Chance {
    fn with(self, chance: f64) -> Self {
        Self {
            sum: self.sum + chance,
            samples: self.samples + 1,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "no suite has 2^53 samples")]
    fn mean(self) -> Option<f64> {
        (self.samples > 0).then(|| self.sum / self.samples as f64)
    }
}

impl Summary {
    /// The lines of tasks, without those of probes.
    pub fn tasks(&self) -> impl Iterator<Item = &SummaryRow> {
        self.rows.iter().filter(|row| !row.probe)
    }

    /// Counts `flakes`, of a plan of `tasks` tasks.
    pub(crate) fn count_flakes(&mut self, tasks: usize, flakes: &[Flake]) {
        for flake in flakes {
            if let Some(row) = self.rows.get_mut(flake.model * tasks + flake.task) {
                row.flakes.count(flake.kind);
            }
        }
    }

    /// Notes what the first scorer of each task could not read, of a plan of `tasks` tasks.
    pub(crate) fn count_unread(&mut self, tasks: usize, found: &UnreadGatherer) {
        for (line, row) in self.rows.iter_mut().enumerate() {
            let unread = found.of_first(line / tasks, line % tasks);
            row.unread = unread.cloned().unwrap_or_default();
        }
    }

    /// Notes the class of every task that was probed.
    pub(crate) fn classify(&mut self, contamination: &Contamination) {
        for row in self.rows.iter_mut().filter(|row| !row.probe) {
            let mut verdicts = contamination.verdicts.iter();
            let found = verdicts.find(|one| one.model == row.model && one.task == row.task);
            if let Some(found) = found {
                row.contamination = found.verdict.class.as_str();
            }
        }
    }
}

impl Summarizer {
    /// An empty summary of every model and task of the plan.
    ///
    /// # Errors
    /// When the samples of a task that may end early cannot be read.
    pub fn new(recording: &Recording, index: &Index) -> Result<Self, ReportError> {
        let plan = &recording.manifest.plan;
        let in_turn = Turns::open(&recording.run, plan)?;
        let mut rows = Vec::new();
        let models = plan
            .models
            .iter()
            .zip(index.totals.iter().zip(&index.latency));
        for (model, (totals, latency)) in models {
            for (task, (totals, latency)) in plan.tasks.iter().zip(totals.iter().zip(latency)) {
                rows.push(SummaryRow {
                    model: model.name.clone(),
                    role: model.role,
                    task: task.name.clone(),
                    probe: task.probe.is_some(),
                    may_spare: plan.may_end_early(task) || plan.imported.is_some(),
                    scorer: task.judges().next().unwrap_or_default().into_owned(),
                    contamination: NOT_ASSESSED,
                    samples: recording
                        .manifest
                        .shard
                        .map_or(task.samples, |shard| shard.share_of(task.samples)),
                    epochs: task.epochs,
                    outcomes: Vec::new(),
                    unaskable: 0,
                    open: 0,
                    elsewhere: 0,
                    empty: 0,
                    truncated: 0,
                    extraction_failures: 0,
                    unread: Unread::default(),
                    quarantined: 0,
                    reducer: task.reducer,
                    estimated: Tally::default().estimate(1, Rules::Now),
                    chance: None,
                    answers: AnswerCounts::default(),
                    totals: totals.clone(),
                    latency: *latency,
                    flakes: FlakeCounts::default(),
                });
            }
        }
        let mut first = 0_u64;
        let turns = plan.tasks.iter().enumerate().map(|(position, task)| {
            let begin = first;
            first = begin.saturating_add(task.samples);
            (begin, gates::turns(plan, position, in_turn.order(position)))
        });
        Ok(Self {
            rows,
            slices: Vec::new(),
            turns: turns.collect(),
            fields: plan.tasks.iter().map(|task| task.slices.clone()).collect(),
            tables: plan.tables,
            open: None,
            sample: None,
        })
    }

    /// Takes in the next row.
    pub fn add(&mut self, row: &Row) {
        let line = row.place.model as usize * self.fields.len() + row.task;
        let summary = &mut self.rows[line];
        let is_first = row.place.epoch == 1 && row.place.batch == 0 && !row.elsewhere;
        summary.quarantined += u64::from(row.quarantined && is_first);
        let is_unaskable = row.unasked == Some(Unasked::CannotBeAsked);
        summary.unaskable += u64::from(is_unaskable);
        match row.outcome {
            None if row.elsewhere => summary.elsewhere += 1,
            None => summary.open += 1,
            Some(outcome) => match summary
                .outcomes
                .iter_mut()
                .find(|(kind, _)| *kind == outcome)
            {
                Some((_, count)) => *count += 1,
                None => summary.outcomes.push((outcome, 1)),
            },
        }
        if let (Some(Outcome::Answered), Some(reading)) = (row.outcome, &row.reading) {
            summary.empty += u64::from(reading.empty);
            summary.truncated += u64::from(reading.finish == Finish::Length);
            summary.answers.add(reading);
        }
        let Some(score) = row.scores.first() else {
            return;
        };
        summary.extraction_failures += u64::from(score.extraction_failure.is_some());
        let value = score.value;
        // A task's score is that of its samples as they were planned, whatever was asked about them later.
        if !row.quarantined && row.place.batch == 0 {
            self.add_score(line, row, value);
        }
    }

    fn add_score(&mut self, line: usize, row: &Row, value: f64) {
        match &mut self.sample {
            Some(open) if open.line == line && open.sample == row.place.sample => {
                open.scores.push(value);
            }
            _ => {
                self.close_sample();
                self.sample = Some(OpenSample {
                    line,
                    sample: row.place.sample,
                    belongs: Arc::clone(&row.belongs),
                    scores: vec![value],
                });
            }
        }
    }

    fn close_sample(&mut self) {
        let Some(done) = self.sample.take() else {
            return;
        };
        if self.open.as_ref().is_none_or(|open| open.line != done.line) {
            self.close_line();
            self.open = Some(OpenLine {
                line: done.line,
                tally: Tally::with_capacity(self.rows[done.line].samples),
                slices: SliceTallies::default(),
                chance: Some(Chance::default()),
            });
        }
        let score = reduce(self.rows[done.line].reducer, &done.scores);
        let (first, turns) = &self.turns[done.line % self.fields.len()];
        let offset = usize::try_from(done.sample.saturating_sub(*first)).unwrap_or(usize::MAX);
        let turn = turns.as_ref().and_then(|turns| turns.get(offset)).copied();
        if let (Some(open), Some(score)) = (&mut self.open, score) {
            let known = open.chance.zip(done.belongs.chance);
            open.chance = known.map(|(before, chance)| before.with(chance));
            let cluster = done.belongs.cluster.as_deref();
            let add = |tally: &mut Tally| match turn {
                Some(turn) => tally.add_in_turn(score, turn),
                None => tally.add(score, cluster),
            };
            add(&mut open.tally);
            open.slices.add(&done.belongs, add);
        }
    }

    fn close_line(&mut self) {
        let Some(OpenLine {
            line,
            tally,
            slices,
            chance,
        }) = self.open.take()
        else {
            return;
        };
        let rules = Rules::of_tables(self.tables);
        let row = &mut self.rows[line];
        row.estimated = match self.tables {
            1 => tally.proportion(),
            _ => tally.estimate(row.epochs, rules),
        };
        let chance = chance.filter(|_| self.tables >= TABLES_WITH_CHANCE);
        row.chance = chance.and_then(Chance::mean);
        let fields = &self.fields[line % self.fields.len()];
        self.slices
            .extend(slices.finish(line, row.epochs, fields, rules));
    }

    /// The summary of all rows taken in.
    pub fn finish(mut self) -> Summary {
        self.close_sample();
        self.close_line();
        Summary {
            rows: self.rows,
            slices: self.slices,
        }
    }
}
