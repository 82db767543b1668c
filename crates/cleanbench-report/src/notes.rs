//! What a report has to say to people besides its tables: what they were told when the run was planned, and
//! what its records show.
//!
//! Invariant: every note is a pure function of the run directory, and is written here and nowhere else, so that
//! a terminal, `--format json` and `summary.md` say the same.

use cleanbench_core::event::{StopReason, UNKNOWN_NOTE};
use cleanbench_core::{CallErrorKind, GateResult, GateVerdict, OnInconclusive, Outcome};
use cleanbench_ledger::Manifest;
use cleanbench_ledger::manifest::Missing;
use cleanbench_ledger::note::{Note, NoteKind};

use crate::attempt::AttemptRow;
use crate::flakes::{FlakeCounts, Skipped};
use crate::gates::saving;
use crate::rows::Row;
use crate::scan::Index;
use crate::unread::UnreadGatherer;
use crate::{Contamination, Summary, SummaryRow};

/// The lag of the scheduler, in microseconds, above which it is worth a warning.
const MOST_LAG: u64 = 5_000;

/// Counts what no table has.
#[derive(Debug, Default)]
pub(crate) struct Gatherer {
    panicked: u64,
    unjudged: u64,
}

impl Gatherer {
    /// Takes in the next attempt.
    pub(crate) fn add_attempt(&mut self, attempt: &AttemptRow) {
        let error = attempt.error.as_ref();
        let is_bug = error.is_some_and(|error| error.kind == CallErrorKind::Panic);
        self.panicked += u64::from(is_bug);
    }

    /// Takes in the next row.
    pub(crate) fn add(&mut self, row: &Row) {
        let is_answered = row.outcome == Some(Outcome::Answered);
        let is_unjudged = row.scores.is_empty() && row.error.is_some();
        self.unjudged += u64::from(is_answered && is_unjudged);
    }
}

/// What notes are drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) index: &'a Index,
    pub(crate) summary: &'a Summary,
    pub(crate) gates: &'a [GateResult],
    pub(crate) skipped: &'a Skipped,
    pub(crate) gathered: &'a Gatherer,
    pub(crate) unread: &'a UnreadGatherer,
    pub(crate) contamination: &'a Contamination,
}

impl Source<'_> {
    /// Everything that is to be said, what was said at planning first.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<_> = self.manifest.planning_notes().cloned().collect();
        notes.extend(self.gates.iter().filter_map(undecided));
        notes.extend(self.gates.iter().filter_map(decided_early));
        notes.extend(self.stopped());
        notes.extend(self.failures());
        notes.extend(self.busy());
        notes.extend(self.earlier_answers());
        notes.extend(self.flaky());
        notes.extend(self.contamination.reference_notes());
        notes.extend(self.unanswered());
        notes.extend(odd_answers(self.summary));
        notes.extend(self.unread.notes(&self.manifest.plan));
        notes.extend(self.unknown());
        notes.extend(self.shards());
        notes.extend(skipped(self.skipped));
        notes
    }

    fn sum(&self, count: fn(&SummaryRow) -> u64) -> u64 {
        self.summary.rows.iter().map(count).sum()
    }

    fn stopped(&self) -> Option<Note> {
        let (kind, text) = match self.index.stopped? {
            StopReason::Complete => return None,
            StopReason::Budget => {
                let flag = self.index.cap.map(|cap| format!("`{}`", cap.flag()));
                let cap = flag.as_deref().unwrap_or("a cap");
                (NoteKind::CapReached, format!("stopped by {cap}"))
            }
            reason => (NoteKind::Stopped, why(reason).to_owned()),
        };
        Some(Note::new(kind, text))
    }

    /// What is said of answers without a score; of a log's own scores nothing failed here.
    fn why_unjudged(&self) -> [&'static str; 2] {
        let tasks = self.manifest.plan.tasks.iter();
        let mut scorers = tasks.flat_map(|task| &task.scorers);
        if scorers.any(|spec| spec.kind == "recorded") {
            return [
                "answer has no score: the imported log has none from 0 to 1",
                "answers have no score: the imported log has none from 0 to 1",
            ];
        }
        [
            "answer has no score because a scorer failed",
            "answers have no score because a scorer failed",
        ]
    }

    fn failures(&self) -> impl Iterator<Item = Note> {
        let Gatherer { panicked, unjudged } = self.gathered;
        [
            counted(
                NoteKind::Panicked,
                *panicked,
                [
                    "attempt failed by a bug in cleanbench; it is on record",
                    "attempts failed by a bug in cleanbench; they are on record",
                ],
            ),
            counted(NoteKind::Unjudged, *unjudged, self.why_unjudged()),
        ]
        .into_iter()
        .flatten()
    }

    fn busy(&self) -> Option<Note> {
        // Nothing was timed where nobody was asked.
        let lag = self
            .index
            .lag
            .filter(|_| self.manifest.plan.imported.is_none());
        let lag = lag.filter(|lag| lag.p99 > MOST_LAG)?;
        let text = format!(
            "this machine was busy: timers were up to {:.1} ms late (p99 of {}, median {:.1} ms); measured times are too long by that",
            milliseconds(lag.p99),
            lag.n,
            milliseconds(lag.p50)
        );
        Some(Note::new(NoteKind::Busy, text))
    }

    /// Which answers are not of this run.
    fn earlier_answers(&self) -> Option<Note> {
        let kept = self.sum(|row| row.totals.from_cache);
        if self.manifest.plan.imported.is_some() {
            // What was told of it at planning says where from.
            return None;
        }
        let text = match &self.manifest.plan.replay {
            Some(replay) => format!(
                "{kept} calls are replayed from run {} (`from_cache` in calls.csv): nothing was sent for them, and they are not timed",
                replay.run
            ),
            None if kept > 0 => format!(
                "{kept} answers are of earlier runs (`from_cache` in calls.csv): nothing was sent for them, and they are not timed; `--no-cache` asks anew"
            ),
            None => return None,
        };
        Some(Note::new(NoteKind::FromEarlier, text))
    }

    /// How many samples did not come out the same each time, by what is to blame.
    fn flaky(&self) -> Option<Note> {
        let sum = |count: fn(&FlakeCounts) -> u64| -> u64 {
            self.summary.rows.iter().map(|row| count(&row.flakes)).sum()
        };
        let model = sum(|flakes| flakes.model);
        let infrastructure = sum(|flakes| flakes.infrastructure);
        let scorer = sum(|flakes| flakes.scorer);
        let text = format!(
            "flaky samples: {model} by the model (epochs disagree), {infrastructure} by the infrastructure (failed, then answered), {scorer} by the scorer (same answer, other score); see flakes.csv"
        );
        let any = model + infrastructure + scorer > 0;
        any.then(|| Note::new(NoteKind::Flaky, text))
    }

    /// Calls without an answer. What was not recorded cannot be had by asking again where nothing is asked.
    fn unanswered(&self) -> impl Iterator<Item = Note> {
        let open = self.sum(|row| row.open);
        let replay = self.manifest.plan.replay.as_ref();
        let asks = replay.is_none_or(|replay| replay.missing == Missing::Ask);
        let ended = if asks {
            self.sum(SummaryRow::missing) - open
        } else {
            0
        };
        [
            counted(
                NoteKind::Unanswered,
                ended,
                [
                    "call ended without an answer (see calls.csv)",
                    "calls ended without an answer (see calls.csv)",
                ],
            ),
            counted(
                NoteKind::Open,
                open,
                ["call was not made", "calls were not made"],
            ),
        ]
        .into_iter()
        .flatten()
    }

    fn unknown(&self) -> Option<Note> {
        let count = self.sum(|row| row.totals.unknown);
        let text = format!("{count} attempts: {UNKNOWN_NOTE}");
        (count > 0).then(|| Note::new(NoteKind::OutcomeUnknown, text))
    }

    fn shards(&self) -> Option<Note> {
        if let Some(shard) = self.manifest.shard {
            let elsewhere = self.sum(|row| row.elsewhere);
            let text = format!(
                "shard {shard}: {elsewhere} calls are not in this shard; when all shards have ended, put them together with: cleanbench merge RUN RUN..."
            );
            return Some(Note::new(NoteKind::Shard, text));
        }
        let lacking = self.manifest.lacking();
        let numbers: Vec<_> = lacking.iter().map(ToString::to_string).collect();
        let text = format!("without shard {}; its calls are open", numbers.join(", "));
        (!lacking.is_empty()).then(|| Note::new(NoteKind::ShardsMissing, text))
    }
}

fn milliseconds(microseconds: u64) -> f64 {
    std::time::Duration::from_micros(microseconds).as_secs_f64() * 1e3
}

/// `count` of what is said of one and of several; nothing where there are none.
fn counted(kind: NoteKind, count: u64, [one, several]: [&str; 2]) -> Option<Note> {
    (count > 0).then(|| Note::new(kind, cleanbench_text::counted(count, one, several)))
}

fn why(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Complete => "the run is complete",
        StopReason::Interrupted => "the run was interrupted before its last call",
        StopReason::EndpointRefused => {
            "the run was given up before its last call: an endpoint refused, or never answered"
        }
        StopReason::Outage => {
            "the run was given up before its last call: an endpoint stopped answering"
        }
        StopReason::Internal => "the run was stopped before its last call by a bug in cleanbench",
        StopReason::Budget => "the run was stopped by a cap before its last call",
    }
}

/// A gate that could not decide and was told not to fail for that.
fn undecided(result: &GateResult) -> Option<Note> {
    let open = [GateVerdict::Inconclusive, GateVerdict::NotEvaluated];
    let is_lenient = result.gate.when_inconclusive() == OnInconclusive::Warn;
    let text = format!(
        "the gate on {} of task `{}` is {}, which is no pass: {}",
        result.gate.metric.as_str(),
        result.task,
        result.verdict.as_str(),
        result.message
    );
    let is_undecided = open.contains(&result.verdict) && is_lenient;
    is_undecided.then(|| Note::new(NoteKind::GateUndecided, text))
}

/// How much was not asked because a gate was decided earlier.
fn decided_early(result: &GateResult) -> Option<Note> {
    let early = result.stopped_early?;
    let text = format!("{} at task {} {}", result.model, result.task, saving(early));
    Some(Note::new(NoteKind::GateDecidedEarly, text))
}

/// A count of answers that are odd in one way, and what that means, of one and of several.
struct Oddity {
    kind: NoteKind,
    count: fn(&SummaryRow) -> u64,
    what: [&'static str; 2],
}

const ODDITIES: [Oddity; 6] = [
    Oddity {
        kind: NoteKind::Empty,
        count: |row| row.empty,
        what: [
            "answer came back without any text; it is scored 0 and counted as `empty`",
            "answers came back without any text; they are scored 0 and counted as `empty`",
        ],
    },
    Oddity {
        kind: NoteKind::Truncated,
        count: |row| row.truncated,
        what: [
            "answer was cut off at `max_tokens`; `generate = { max_tokens = … }` in the models file allows more",
            "answers were cut off at `max_tokens`; `generate = { max_tokens = … }` in the models file allows more",
        ],
    },
    Oddity {
        kind: NoteKind::TruncatedThinking,
        count: |row| row.answers.truncated_thinking,
        what: [
            "answer was cut off at `max_tokens` while the model was still reasoning; allow more, or less reasoning with `generate = { reasoning = … }`",
            "answers were cut off at `max_tokens` while the model was still reasoning; allow more, or less reasoning with `generate = { reasoning = … }`",
        ],
    },
    Oddity {
        kind: NoteKind::AnswerInReasoning,
        count: |row| row.answers.answer_in_reasoning,
        what: [
            "answer stands in the reasoning alone; it is scored 0, because reasoning is not judged",
            "answers stand in the reasoning alone; they are scored 0, because reasoning is not judged",
        ],
    },
    Oddity {
        kind: NoteKind::Looping,
        count: |row| row.answers.looping,
        what: [
            "answer ends in a passage that is repeated over and over",
            "answers end in a passage that is repeated over and over",
        ],
    },
    Oddity {
        kind: NoteKind::UsageInconsistent,
        count: |row| row.totals.inconsistent,
        what: [
            "reply reports token counts that contradict each other; costs drawn from them are doubtful",
            "replies report token counts that contradict each other; costs drawn from them are doubtful",
        ],
    },
];

/// What is odd about the answers of tasks and their token counts.
fn odd_answers(summary: &Summary) -> impl Iterator<Item = Note> {
    ODDITIES.iter().filter_map(|odd| {
        let count = summary.tasks().map(odd.count).sum();
        counted(odd.kind, count, odd.what)
    })
}

/// Which calls were decided not to be made, and why.
fn skipped(skipped: &Skipped) -> impl Iterator<Item = Note> {
    skipped.0.iter().map(|(reason, calls)| {
        let is_all = calls.n <= calls.first.len() as u64;
        let rest = if is_all { "" } else { ", …" };
        let text = format!(
            "{}: {reason} ({}{rest})",
            cleanbench_text::counted(calls.n, "call was skipped", "calls were skipped"),
            calls.first.join(", ")
        );
        Note::new(NoteKind::Skipped, text)
    })
}
