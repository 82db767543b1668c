//! What people must be told of a run besides its numbers.
//!
//! Invariant: a note is written once, in plain text, and is the same wherever it is shown. Its text may quote
//! names that a suite, an endpoint or a model chose: whoever shows it escapes it for the place where it goes.

use serde::{Deserialize, Serialize};

/// Something that a reader of the results must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// A sentence without its full stop, in plain text, not escaped.
    pub text: String,
}

impl Note {
    /// A note of `kind`.
    pub fn new(kind: NoteKind, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { kind, text }
    }
}

/// How much a note weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Something may be wrong. It is shown however quiet.
    Warning,
    /// Something that explains the numbers.
    Remark,
}

impl Weight {
    /// The word used in files and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Remark => "remark",
        }
    }
}

/// Makes the enumeration, its words and its weights from one table, so that no note lacks either.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $weight:ident;)*) => {
        /// What a note is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum NoteKind {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl NoteKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word used in files and in JSON.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// How much a note of it weighs.
            pub fn weight(self) -> Weight {
                match self {
                    $(Self::$name => Weight::$weight,)*
                }
            }
        }
    };
}

kinds! {
    /// The loader found something odd in the suite.
    Suite = "suite", Warning;
    /// The suite asks for probes, and no selected task has controls.
    NoProbes = "no_probes", Warning;
    /// Probes alone are put.
    ProbesAlone = "probes_alone", Remark;
    /// The answers of a reference model say nothing.
    ReferenceSilent = "reference_silent", Warning;
    /// One reference model alone measures no bias.
    OneReference = "one_reference", Remark;
    /// Two reference models say the same, and count as one.
    ReferencesAlike = "references_alike", Warning;
    /// A reference model is clearly less able than a model under test.
    ReferenceLessAble = "reference_less_able", Remark;
    /// Nobody knows how able reference models are, because tasks were not asked.
    ReferenceAbilityUnknown = "reference_ability_unknown", Remark;
    /// Gates are not judged, because the samples were picked by how they came out.
    GatesLeftOut = "gates_left_out", Warning;
    /// Gates are not judged, because none of their tasks is selected.
    GatesOfOthers = "gates_of_others", Warning;
    /// Gates that compare with a baseline are not evaluated, because none is named.
    NoBaseline = "no_baseline", Warning;
    /// The recorded answers of the baseline were judged by the suite as it is now.
    BaselineJudgedAnew = "baseline_judged_anew", Remark;
    /// The suite judges otherwise than at the baseline, whose answers cannot be judged again.
    BaselineNotJudgedAnew = "baseline_not_judged_anew", Warning;
    /// A sample's quarantine has ended.
    QuarantineExpired = "quarantine_expired", Warning;
    /// A task of an earlier run is not in the suite any more.
    TaskGone = "task_gone", Warning;
    /// Tasks of the suite are not in the earlier run.
    TasksNew = "tasks_new", Remark;
    /// Samples of an earlier run are not in the suite any more.
    SamplesGone = "samples_gone", Warning;
    /// Samples of the suite are not in the earlier run.
    SamplesNew = "samples_new", Remark;
    /// A task is judged otherwise than by the scorer of the log that it was imported from.
    ScorersReplaced = "scorers_replaced", Warning;
    /// How the samples of the suite differ from those of the earlier run.
    Changed = "changed", Remark;
    /// The samples were picked by how they came out in an earlier run.
    PickedByResult = "picked_by_result", Warning;
    /// The run has a suite key of its own.
    OwnKey = "own_key", Warning;
    /// A cap counts only what is known.
    BestEffortCap = "best_effort_cap", Warning;
    /// A model is asked through a proxy.
    Proxy = "proxy", Warning;
    /// A model is asked at a host elsewhere that only a file which came along names.
    UnnamedHost = "unnamed_host", Warning;
    /// A model is asked by a profile that was never tried on its endpoint.
    Untested = "untested", Warning;
    /// A model is asked for likelihoods as a check found to work.
    LikelihoodFound = "likelihood_found", Remark;
    /// Parameters are not sent, because the model refuses them while it reasons.
    LeftOut = "left_out", Remark;
    /// A model is asked without a key.
    NoKey = "no_key", Warning;
    /// A gate did not decide, and was told not to fail for that.
    GateUndecided = "gate_undecided", Warning;
    /// A gate was decided before all samples were asked.
    GateDecidedEarly = "gate_decided_early", Remark;
    /// A cap ended the run before its last call.
    CapReached = "cap_reached", Warning;
    /// Something else ended the run before its last call.
    Stopped = "stopped", Warning;
    /// Attempts failed by a bug in cleanbench.
    Panicked = "panicked", Warning;
    /// Answers have no score because a scorer failed.
    Unjudged = "unjudged", Warning;
    /// The machine was busy, so that times are too long.
    Busy = "busy", Warning;
    /// Answers are of earlier runs.
    FromEarlier = "from_earlier", Remark;
    /// Answers and scores are those of another harness's log.
    Imported = "imported", Remark;
    /// Something that such a log does not tell.
    CannotTell = "cannot_tell", Remark;
    /// Results that such a log states are not those of its samples.
    StatedOtherwise = "stated_otherwise", Warning;
    /// Samples did not come out the same each time.
    Flaky = "flaky", Remark;
    /// Calls ended without an answer.
    Unanswered = "unanswered", Warning;
    /// Calls were not made.
    Open = "open", Remark;
    /// Calls were decided not to be made.
    Skipped = "skipped", Warning;
    /// Answers came back without any text.
    Empty = "empty", Warning;
    /// Answers were cut off by the token limit.
    Truncated = "truncated", Warning;
    /// Answers were cut off within their reasoning.
    TruncatedThinking = "truncated_thinking", Warning;
    /// Answers stand in the reasoning alone.
    AnswerInReasoning = "answer_in_reasoning", Warning;
    /// A scorer could not read many of the answers.
    Unread = "unread", Warning;
    /// Answers end in a loop.
    Looping = "looping", Warning;
    /// Token counts contradict each other.
    UsageInconsistent = "usage_inconsistent", Warning;
    /// The outcome of attempts is unknown.
    OutcomeUnknown = "outcome_unknown", Remark;
    /// Calls are not in this shard.
    Shard = "shard", Remark;
    /// Shards of a merged run are missing.
    ShardsMissing = "shards_missing", Warning;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_files_and_no_two_are_alike() {
        let mut words = Vec::new();
        for kind in NoteKind::ALL {
            let word = serde_json::to_string(kind).unwrap();
            assert_eq!(word, format!("\"{}\"", kind.as_str()));
            assert_eq!(serde_json::from_str::<NoteKind>(&word).unwrap(), *kind);
            words.push(word);
        }
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), NoteKind::ALL.len());
    }
}
