//! Journal events: what a run is made of.
//!
//! Events hold no text of a prompt or a completion: those are payloads, which can be erased while the
//! chain of events stays valid. Positions (`model`, `task`, `sample`) refer to the plan in `run.json`
//! and to the lines of `samples.jsonl`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::completion::{Finish, Usage};
use crate::looping::ends_in_loop;
use crate::model::{CallError, Timing};
use crate::outcome::Outcome;
use crate::{CallId, Digest, Purpose, RunId};

/// Where the bytes of a payload are, and what they must hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadRef {
    /// SHA-256 over the payload's own salt and its bytes.
    pub digest: Digest,
    /// Number of the payload segment.
    pub segment: u32,
    /// Offset of the frame in the segment, in bytes.
    pub offset: u64,
    /// Length of the frame, in bytes.
    pub length: u32,
    /// CRC-32 of the frame as stored, so that no bit of the file is without a check.
    pub crc: u32,
}

/// Why nobody was asked, where a call ended as [`Outcome::Skipped`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unasked {
    /// A gate had been decided without it.
    NotNeeded,
    /// There is no way to ask: its sample was erased, or the run that is replayed has no answer. It is
    /// missing where answers are counted.
    CannotBeAsked,
    /// The sample was never put to this model: of the logs that were imported together, those of other models alone have
    /// it. It is no answer, no error, and not missing.
    NeverAsked,
}

impl Unasked {
    /// How a call ends that nobody was asked for.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::NotNeeded | Self::CannotBeAsked | Self::NeverAsked => Outcome::Skipped,
        }
    }
}

/// Position of a call in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Position of the model in `run.json`, from 0.
    pub model: u32,
    /// Line of the sample among the samples of its batch, from 0: of the plan in `samples.jsonl`.
    pub sample: u64,
    /// Repeat of the sample, from 1.
    pub epoch: u32,
    /// The batch that planned the call; 0 is the plan itself.
    #[serde(default, skip_serializing_if = "is_plan")]
    pub batch: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_plan(batch: &u32) -> bool {
    *batch == 0
}

impl Place {
    /// The call of the plan at these positions.
    pub fn planned(model: u32, sample: u64, epoch: u32) -> Self {
        Self {
            model,
            sample,
            epoch,
            batch: 0,
        }
    }

    /// The call about the sample at line `sample` of batch `batch`, of the model at position `model`.
    pub fn followed(batch: u32, model: u32, sample: u64) -> Self {
        Self {
            batch,
            ..Self::planned(model, sample, 1)
        }
    }
}

/// Where an answer comes from that was not asked for anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cached {
    /// Digest over the endpoint, the version of its model, the request and the epoch.
    pub key: Digest,
    /// The run in which it was asked.
    pub run: RunId,
    /// When it was recorded there (RFC 3339).
    pub at: String,
    /// How it was judged in the run that it was replayed from; `None` where it was not, or is a kept answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<JudgedBefore>,
}

/// How another run judged an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgedBefore {
    /// Digest over the digests of the scorers, in order.
    pub scorers: Digest,
    /// The score of the first of them, 0 to 1.
    pub value: f64,
}

/// What the adapter read in a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Why generation ended.
    pub finish: Finish,
    /// Whether the answer has neither text nor likelihoods nor calls of tools.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty: bool,
    /// Whether there was reasoning. `None` in journals of versions that recorded neither this nor the
    /// two fields below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoned: Option<bool>,
    /// Whether the answer or its reasoning ends in a loop, see [`crate::looping`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looping: bool,
    /// Number of tools that the model asked for.
    #[serde(default, skip_serializing_if = "is_none_called")]
    pub tool_calls: u32,
    /// Reported token counts.
    #[serde(default)]
    pub usage: Usage,
    /// The model name that the endpoint reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The fingerprint that the endpoint reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl Reading {
    /// Whether the token limit ended the answer before it left its reasoning.
    pub fn truncated_thinking(&self) -> bool {
        self.empty && self.reasoned == Some(true) && self.finish == Finish::Length
    }

    /// Whether the model ended of its own accord, and wrote everything into its reasoning.
    pub fn answer_in_reasoning(&self) -> bool {
        self.empty && self.reasoned == Some(true) && self.finish != Finish::Length
    }

    /// Whether nothing came at all: no text, no reasoning, no calls of tools, no likelihoods.
    pub fn empty_content(&self) -> bool {
        self.empty && self.reasoned == Some(false)
    }

    /// Whether this reading, which is on record, is what the same reply gives now. A reading of a
    /// version that recorded less is compared as far as it goes.
    pub fn agrees_with(&self, now: &Self) -> bool {
        if self.reasoned.is_some() {
            return self == now;
        }
        let as_then = Self {
            empty: now.empty || (self.empty && now.tool_calls > 0),
            reasoned: None,
            looping: false,
            tool_calls: 0,
            usage: Usage {
                cache_write: self.usage.cache_write,
                inconsistent: self.usage.inconsistent,
                estimated: self.usage.estimated,
                ..now.usage
            },
            ..now.clone()
        };
        *self == as_then
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_none_called(calls: &u32) -> bool {
    *calls == 0
}

/// Longest word of an endpoint's own that goes into the journal, in characters.
const LONGEST_WORD: usize = 100;

impl From<&crate::Completion> for Reading {
    /// What is kept of a completion. Words of the endpoint's own are cut and cleaned: the journal can
    /// not be erased, and must not become a place where a server can leave texts.
    fn from(completion: &crate::Completion) -> Self {
        let finish = match &completion.finish {
            Finish::Other(word) => Finish::Other(short_word(word)),
            known => known.clone(),
        };
        let has_text = !completion.text.trim().is_empty();
        let reasoning = completion.reasoning.as_deref().unwrap_or_default();
        Self {
            finish,
            empty: !has_text
                && completion.likelihoods.is_empty()
                && completion.tool_calls.is_empty(),
            reasoned: Some(!reasoning.trim().is_empty()),
            looping: ends_in_loop(&completion.text) || ends_in_loop(reasoning),
            tool_calls: u32::try_from(completion.tool_calls.len()).unwrap_or(u32::MAX),
            usage: completion.usage,
            model: completion.model.as_deref().map(short_word),
            fingerprint: completion.fingerprint.as_deref().map(short_word),
        }
    }
}

/// The first characters of `word`, without control characters.
pub fn short_word(word: &str) -> String {
    word.chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_WORD)
        .collect()
}

/// The score of one scorer, without the text it was drawn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedScore {
    /// 0 to 1.
    pub value: f64,
    /// Why no answer could be read out, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extraction_failure: Option<String>,
    /// The rule by which the answer was read, see [`crate::Score::rule`]. `None` where nothing was read, where what
    /// judged has no rules, and in journals of versions that did not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Cow<'static, str>>,
    /// Of a probe's answer, how much of what was asked for is in it, as the probe says: larger for more. `None` where
    /// the answer says nothing, and of everything but probes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<f64>,
}

impl RecordedScore {
    /// The score `value`, of what has neither rules nor a reason.
    pub fn of(value: f64) -> Self {
        Self {
            value,
            extraction_failure: None,
            rule: None,
            measure: None,
        }
    }

    /// Whether it is the same but for a rule that is not on record here.
    pub fn agrees_with(&self, now: &Self) -> bool {
        let known = Self {
            rule: self.rule.clone().or_else(|| now.rule.clone()),
            ..self.clone()
        };
        known == *now
    }

    /// Whether computing it again may give the same: not where judging was ended by a limit of the machine.
    pub fn is_recomputable(&self) -> bool {
        !self.failed_for(&[crate::score::RAN_OUT, crate::score::BROKE_OFF])
    }

    /// Whether it says something of a score that is on record: not where a limit ended or forbade the judging, which
    /// another machine or an earlier version may have done to its end.
    pub fn is_evidence(&self) -> bool {
        self.is_recomputable()
            && !self.failed_for(&[crate::score::TOO_MUCH, crate::score::TOO_LONG])
    }

    fn failed_for(&self, reasons: &[&str]) -> bool {
        let failure = self.extraction_failure.as_deref();
        failure.is_some_and(|failure| reasons.contains(&failure))
    }
}

impl From<crate::Score> for RecordedScore {
    fn from(score: crate::Score) -> Self {
        let is_read = matches!(score.extraction, crate::Extraction::Found(_));
        let extraction_failure = match score.extraction {
            crate::Extraction::Found(_) => None,
            crate::Extraction::Failed(reason) => Some(reason.to_owned()),
            crate::Extraction::Broken(reason) => Some(reason),
        };
        Self {
            value: score.value,
            extraction_failure,
            rule: Some(score.rule).filter(|rule| is_read && !rule.is_empty()),
            measure: None,
        }
    }
}

/// Why a writer stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Every planned call has ended.
    Complete,
    /// The user asked to stop.
    Interrupted,
    /// An endpoint never answered.
    EndpointRefused,
    /// An endpoint stopped answering.
    Outage,
    /// An internal error.
    Internal,
    /// The next attempt could have exceeded a cap of the run.
    Budget,
}

/// What a run may use up at most, over all its resumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cap {
    /// Money, in US dollars.
    Cost,
    /// Tokens, of prompts and answers together.
    Tokens,
    /// Time in which a writer was at work.
    Time,
    /// Attempts that were sent.
    Requests,
}

impl Cap {
    /// The flag that sets it.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Cost => "--max-cost",
            Self::Tokens => "--max-tokens",
            Self::Time => "--max-time",
            Self::Requests => "--max-requests",
        }
    }
}

/// How late timers of the program itself fired while calls were made, in microseconds. What is late
/// here is late in every measured time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// Number of measurements.
    pub n: u64,
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

impl StopReason {
    /// The more serious of two reasons, where several writers have stopped.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        let rank = |reason| match reason {
            Self::Complete => 0,
            Self::Budget => 1,
            Self::Outage => 2,
            Self::EndpointRefused => 3,
            Self::Internal => 4,
            Self::Interrupted => 5,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

/// The segment before this one, whose head this one continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentSegment {
    /// Number of the segment.
    pub segment: u32,
    /// Hash of its last record.
    pub head: Digest,
    /// Number of its records.
    pub records: u64,
}

/// One thing that happened. In the journal an event is an object with one key, its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// First record of a segment: who writes, and what it continues.
    SegmentOpened {
        /// Format of the journal, for example `cleanbench-journal/1.0`.
        format: String,
        /// The run.
        run: RunId,
        /// Number of this segment.
        segment: u32,
        /// Payload segment that this writer starts with.
        payload_segment: u32,
        /// Version of the tool.
        tool: String,
        /// The segment it continues, `None` for the first.
        parent: Option<ParentSegment>,
        /// Bytes of an unfinished record that were cut off the parent's end.
        #[serde(default, skip_serializing_if = "is_zero")]
        dropped_bytes: u64,
    },
    /// The plan was fixed. Written before the first call.
    Planned {
        /// Digest of the plan in `run.json`.
        plan: Digest,
    },
    /// A foreign fact was copied to `inputs/`.
    InputAdded {
        /// Path in the run directory.
        path: String,
        /// SHA-256 of the file.
        digest: Digest,
        /// What it is, for example `suite`.
        role: String,
    },
    /// Calls were planned from the answers to earlier ones. Written before the first of them, and after
    /// their samples: whatever file of a batch has no such record was left by a killed writer.
    BatchPlanned {
        /// Number of the batch, from 1; those of a shard and of a merged run's own writers have ranges of
        /// their own, like journal segments.
        batch: u32,
        /// Position of the model that is asked.
        model: u32,
        /// Position of the task that its calls belong to.
        task: u32,
        /// Position of its calls among the steps of the task, from 1; the plan is step 0.
        step: u32,
        /// Why its calls are made.
        purpose: Purpose<'static>,
        /// Number of its calls, one for each of its samples.
        samples: u64,
        /// SHA-256 of the file of its samples.
        file: Digest,
        /// Merkle root over its samples, as that of `samples.jsonl`.
        root: Digest,
        /// The generation in which it was planned.
        generation: u32,
    },
    /// Calls that had ended without an answer are opened again.
    GenerationOpened {
        /// Number of the generation, from 1; the first run is 0.
        generation: u32,
    },
    /// An attempt is about to be sent.
    AttemptStarted {
        /// The call.
        call: CallId,
        /// Number of the attempt within the call, from 1, over all generations.
        attempt: u32,
        /// Position of the call.
        place: Place,
        /// The body that is sent. A retry refers to the payload of the first attempt. `None` when the
        /// endpoint has no way to express the request.
        request: Option<PayloadRef>,
        /// Set where nothing is sent, because the same request was answered before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cached: Option<Cached>,
    },
    /// Whatever came back was stored; nobody has interpreted it yet.
    ReplyReceived {
        /// The call.
        call: CallId,
        /// Number of the attempt.
        attempt: u32,
        /// Position of the call.
        place: Place,
        /// HTTP status, if a reply came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// `Content-Type` of the reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content_type: Option<String>,
        /// The wait that the endpoint asked for, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// The body as received, if a reply came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        response: Option<PayloadRef>,
        /// Why the reply is missing or incomplete.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<CallError>,
        /// When things happened.
        timing: Timing,
    },
    /// An attempt ended: its reply was read, or there was none.
    AttemptEnded {
        /// The call.
        call: CallId,
        /// Number of the attempt.
        attempt: u32,
        /// Position of the call.
        place: Place,
        /// What was read in the reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reading: Option<Reading>,
        /// Why the attempt failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<CallError>,
        /// How the call ended, unless it stays open: for a retry, or because the run stops.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<Outcome>,
        /// Why nobody was asked, of a call that was skipped. `None` for other ends, and in journals of
        /// versions that did not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unasked: Option<Unasked>,
    },
    /// Found at resume: an attempt without an end. Its outcome is unknown and it was possibly billed.
    AttemptUnknown {
        /// The call.
        call: CallId,
        /// Number of the attempt.
        attempt: u32,
        /// Position of the call.
        place: Place,
        /// Always [`UNKNOWN_NOTE`]; for those who read the journal with their eyes.
        note: String,
    },
    /// An answer was judged.
    Judged {
        /// The call.
        call: CallId,
        /// Position of the call.
        place: Place,
        /// Digest over the digests of the task's scorers, in order.
        scorers: Digest,
        /// One score for each scorer of the task, in order.
        scores: Vec<RecordedScore>,
        /// Why the judgement failed, if a scorer panicked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A payload was zeroed on purpose.
    Erased {
        /// Which.
        payload: PayloadRef,
    },
    /// Last record of a writer that stopped in order.
    Stopped {
        /// Why.
        reason: StopReason,
        /// The cap that stopped it, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cap: Option<Cap>,
        /// How late the program's own timers were; `None` where nothing was measured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lag: Option<Lag>,
    },
}

impl Event {
    /// Where the event keeps the reference of a payload that is stored with it; `None` for events
    /// that have none.
    pub fn payload_slot(&mut self) -> Option<&mut Option<PayloadRef>> {
        match self {
            Self::AttemptStarted { request, .. } => Some(request),
            Self::ReplyReceived { response, .. } => Some(response),
            Self::SegmentOpened { .. }
            | Self::Planned { .. }
            | Self::InputAdded { .. }
            | Self::BatchPlanned { .. }
            | Self::GenerationOpened { .. }
            | Self::AttemptEnded { .. }
            | Self::AttemptUnknown { .. }
            | Self::Judged { .. }
            | Self::Erased { .. }
            | Self::Stopped { .. } => None,
        }
    }

    /// The payload that the event brought with it or, for a retry, repeats.
    pub fn payload(&self) -> Option<PayloadRef> {
        match self {
            Self::AttemptStarted { request, .. } => *request,
            Self::ReplyReceived { response, .. } => *response,
            _ => None,
        }
    }
}

/// The note of [`Event::AttemptUnknown`].
pub const UNKNOWN_NOTE: &str = "outcome unknown, possibly billed";

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A consumer of events: progress, a report in the making, a test. Called in journal order, only for
/// events that the journal has taken; must not block.
pub trait EventSink: Send + Sync {
    /// Takes in one event.
    fn event(&self, event: &Event);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Completion, Likelihood, ToolCall};

    fn answer(text: &str, reasoning: &str, finish: Finish) -> Completion {
        Completion {
            text: text.to_owned(),
            reasoning: Some(reasoning.to_owned()).filter(|text| !text.is_empty()),
            finish,
            ..Completion::default()
        }
    }

    #[test]
    fn what_an_answer_without_text_is_has_one_cause() {
        let tools = Completion {
            tool_calls: vec![ToolCall::default()],
            ..answer("", "", Finish::ToolCalls)
        };
        let weighed = Completion {
            likelihoods: vec![Likelihood::default()],
            ..Completion::default()
        };
        // empty, truncated thinking, answer in reasoning, nothing at all
        for (completion, expected) in [
            (answer("a", "hm", Finish::Length), [false; 4]),
            (
                answer(" ", "hm", Finish::Length),
                [true, true, false, false],
            ),
            (answer("", "hm", Finish::Stop), [true, false, true, false]),
            (
                answer("", "hm", Finish::Unreported),
                [true, false, true, false],
            ),
            (
                answer("\n", " ", Finish::Length),
                [true, false, false, true],
            ),
            (answer("", "", Finish::Stop), [true, false, false, true]),
            (tools, [false; 4]),
            (weighed, [false; 4]),
        ] {
            let reading = Reading::from(&completion);
            let found = [
                reading.empty,
                reading.truncated_thinking(),
                reading.answer_in_reasoning(),
                reading.empty_content(),
            ];
            assert_eq!(found, expected, "{completion:?}");
        }
    }

    #[test]
    fn loops_and_calls_of_tools_are_read() {
        let again = "Wait, let me check that again. ".repeat(5);
        assert!(Reading::from(&answer(&again, "", Finish::Length)).looping);
        assert!(Reading::from(&answer("7", &again, Finish::Stop)).looping);
        let mut tools = answer("", "hm", Finish::ToolCalls);
        tools.tool_calls = vec![ToolCall::default(), ToolCall::default()];
        let reading = Reading::from(&tools);
        assert_eq!((reading.tool_calls, reading.reasoned), (2, Some(true)));
        assert!(!reading.looping);
    }

    #[test]
    fn a_reading_of_an_earlier_version_says_nothing_that_it_did_not_look_for() {
        let line = r#"{"finish":"length","empty":true,"usage":{"prompt":3},"model":"m"}"#;
        let old: Reading = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&old).unwrap(), line);
        assert!(old.empty && !old.truncated_thinking() && !old.empty_content());
        let mut completion = answer("", "hm", Finish::Length);
        completion.usage.prompt = Some(3);
        completion.usage.estimated = true;
        completion.model = Some("m".to_owned());
        let now = Reading::from(&completion);
        assert!(old.agrees_with(&now) && now.agrees_with(&now));
        assert!(!now.agrees_with(&old));
        completion.text = "7".to_owned();
        assert!(!old.agrees_with(&Reading::from(&completion)));
        completion.text = String::new();
        completion.usage.prompt = Some(4);
        assert!(!old.agrees_with(&Reading::from(&completion)));
        let forged = Reading {
            reasoned: Some(false),
            ..now.clone()
        };
        assert!(!forged.agrees_with(&now));
    }
}
