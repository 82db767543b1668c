//! How long the calls of a model at a task took.
//!
//! Population: attempts that ended a call as answered and were sent to the endpoint. An attempt that
//! failed, and an answer that was not asked for anew (one from a cache), has no time here; `Clock::add`
//! is the only place that decides. Times run from the moment at which the request was handed to the
//! client; the wait before it is `queued`, and waits between attempts are in none of them.
//!
//! Percentiles are those of [`cleanbench_stats::durations`].

use cleanbench_core::{Outcome, Timing};
use cleanbench_stats::durations::Durations;

pub use cleanbench_stats::durations::Distribution;

use crate::attempt::AttemptRow;

/// Times of one answer, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// To the first byte of any generated token; only of streamed replies.
    pub(crate) first_any: Option<u64>,
    /// To the first byte of the answer; only of streamed replies.
    pub(crate) first_answer: Option<u64>,
}

impl Times {
    /// The times to the first tokens of an attempt with `timing`. A reply that came whole has none: its
    /// first byte says nothing of when a token was generated.
    pub(crate) fn of(timing: &Timing, streamed: bool) -> Self {
        if !streamed {
            return Self::default();
        }
        let first = [timing.first_reasoning, timing.first_answer];
        Self {
            first_any: first.into_iter().flatten().min().or(timing.first_byte),
            first_answer: timing.first_answer,
        }
    }
}

/// How long the answered calls of one model at one task took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Latency {
    /// From sending to the last byte.
    pub end_to_end: Distribution,
    /// To the first generated token of any kind, of streamed replies.
    pub first_any: Distribution,
    /// To the first token of the answer, of streamed replies.
    pub first_answer: Distribution,
    /// From being due to being sent.
    pub queued: Distribution,
}

/// Gathers the times of one model at one task.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    end_to_end: Durations,
    first_any: Durations,
    first_answer: Durations,
    queued: Durations,
}

impl Clock {
    /// Takes in an attempt, if it is one that is timed.
    pub(crate) fn add(&mut self, row: &AttemptRow) {
        if row.outcome != Some(Outcome::Answered) {
            return;
        }
        let Some(timing) = &row.timing else {
            return;
        };
        let times = Times::of(timing, row.streamed);
        self.end_to_end.add(Some(timing.end));
        self.first_any.add(times.first_any);
        self.first_answer.add(times.first_answer);
        self.queued.add(timing.queued);
    }

    pub(crate) fn finish(self) -> Latency {
        Latency {
            end_to_end: self.end_to_end.finish(),
            first_any: self.first_any.finish(),
            first_answer: self.first_answer.finish(),
            queued: self.queued.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_streams_have_a_first_token() {
        let timing = Timing {
            first_byte: Some(5),
            first_reasoning: Some(7),
            first_answer: Some(9),
            end: 20,
            ..Timing::default()
        };
        let times = |first_any, first_answer| Times {
            first_any,
            first_answer,
        };
        assert_eq!(Times::of(&timing, true), times(Some(7), Some(9)));
        assert_eq!(Times::of(&timing, false), times(None, None));
        let answer_only = Timing {
            first_reasoning: None,
            ..timing
        };
        assert_eq!(Times::of(&answer_only, true), times(Some(9), Some(9)));
        let early_version = Timing {
            first_reasoning: None,
            first_answer: None,
            ..timing
        };
        assert_eq!(Times::of(&early_version, true), times(Some(5), None));
    }
}
