//! One line for each model and task: the score with its interval, and everything that qualifies it.

use cleanbench_core::event::Reading;
use cleanbench_core::{Finish, Outcome};
use cleanbench_stats::{Confidence, Interval, wilson};

use crate::rows::Row;
use crate::scan::{Index, Totals};
use crate::times::Latency;
use crate::{Contamination, Recording};

/// Printed where nothing is known of contamination.
pub const NOT_ASSESSED: &str = "not_assessed";

/// A model at a task.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryRow {
    /// Name of the model.
    pub model: String,
    /// Name of the task.
    pub task: String,
    /// Whether the line is of a probe's calls and not of a task.
    pub probe: bool,
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
    /// Samples with at least one judged answer: the n of the score.
    pub n: u64,
    /// Mean over these samples of the mean over their epochs.
    pub score: Option<f64>,
    /// Wilson interval at 95 %.
    pub interval: Option<Interval>,
    /// What the answers were like.
    pub answers: AnswerCounts,
    /// Sums over attempts.
    pub totals: Totals,
    /// How long the answered calls took.
    pub latency: Latency,
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

    /// Every count with its name, in the order of the columns.
    pub fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("truncated_thinking", self.truncated_thinking),
            ("answer_in_reasoning", self.answer_in_reasoning),
            ("empty_content", self.empty_content),
            ("looping", self.looping),
            ("reasoned", self.reasoned),
            ("with_tool_calls", self.with_tool_calls),
        ]
    }

    /// `count` as a share of the answers; `None` without answers.
    pub fn rate(&self, count: u64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "no run has 2^53 calls")]
        (self.n > 0).then(|| count as f64 / self.n as f64)
    }
}

impl SummaryRow {
    /// Number of calls that ended as `outcome`.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes
            .iter()
            .find(|(kind, _)| *kind == outcome)
            .map_or(0, |(_, count)| *count)
    }

    /// Calls that another attempt may bring an answer for: those without one, but for a probe's that
    /// the endpoint does not support.
    pub fn missing(&self) -> u64 {
        let unsupported = if self.probe {
            self.count(Outcome::Unsupported)
        } else {
            0
        };
        self.unanswered() - unsupported
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
}

/// Gathers rows, which must come in plan order, into a [`Summary`].
#[derive(Debug)]
pub struct Summarizer {
    rows: Vec<SummaryRow>,
    tasks: usize,
    sums: Vec<cleanbench_stats::Sum>,
    sample: Option<SampleSum>,
}

#[derive(Debug)]
struct SampleSum {
    line: usize,
    sample: u64,
    total: f64,
    count: u32,
}

impl Summary {
    /// The lines of tasks, without those of probes.
    pub fn tasks(&self) -> impl Iterator<Item = &SummaryRow> {
        self.rows.iter().filter(|row| !row.probe)
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
    pub fn new(recording: &Recording, index: &Index) -> Self {
        let plan = &recording.manifest.plan;
        let mut rows = Vec::new();
        let models = plan
            .models
            .iter()
            .zip(index.totals.iter().zip(&index.latency));
        for (model, (totals, latency)) in models {
            for (task, (totals, latency)) in plan.tasks.iter().zip(totals.iter().zip(latency)) {
                rows.push(SummaryRow {
                    model: model.name.clone(),
                    task: task.name.clone(),
                    probe: task.probe.is_some(),
                    scorer: task.judges().next().unwrap_or_default().to_owned(),
                    contamination: NOT_ASSESSED,
                    samples: recording
                        .manifest
                        .shard
                        .map_or(task.samples, |shard| shard.share_of(task.samples)),
                    epochs: task.epochs,
                    outcomes: Vec::new(),
                    open: 0,
                    elsewhere: 0,
                    empty: 0,
                    truncated: 0,
                    extraction_failures: 0,
                    n: 0,
                    score: None,
                    interval: None,
                    answers: AnswerCounts::default(),
                    totals: totals.clone(),
                    latency: *latency,
                });
            }
        }
        let sums = vec![cleanbench_stats::Sum::default(); rows.len()];
        Self {
            rows,
            tasks: plan.tasks.len(),
            sums,
            sample: None,
        }
    }

    /// Takes in the next row.
    pub fn add(&mut self, row: &Row) {
        let line = row.place.model as usize * self.tasks + row.task;
        let summary = &mut self.rows[line];
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
        self.add_score(line, row.place.sample, score.value);
    }

    fn add_score(&mut self, line: usize, sample: u64, value: f64) {
        match &mut self.sample {
            Some(open) if open.line == line && open.sample == sample => {
                open.total += value;
                open.count += 1;
            }
            _ => {
                self.close_sample();
                self.sample = Some(SampleSum {
                    line,
                    sample,
                    total: value,
                    count: 1,
                });
            }
        }
    }

    fn close_sample(&mut self) {
        if let Some(done) = self.sample.take() {
            self.sums[done.line].add(done.total / f64::from(done.count));
            self.rows[done.line].n += 1;
        }
    }

    /// The summary of all rows taken in.
    pub fn finish(mut self) -> Summary {
        self.close_sample();
        for (row, sum) in self.rows.iter_mut().zip(&self.sums) {
            if row.n > 0 {
                #[expect(clippy::cast_precision_loss, reason = "no suite has 2^53 samples")]
                let n = row.n as f64;
                row.score = Some(sum.value() / n);
                row.interval = wilson(sum.value(), row.n, Confidence::PERCENT_95);
            }
        }
        Summary { rows: self.rows }
    }
}
