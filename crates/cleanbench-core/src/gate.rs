//! Gates: conditions on a run that its author fixed before the first call, and how they came out.
//!
//! A gate has four outcomes, and only one of them is a pass: too little data, or no baseline to compare
//! with, is never one. Each pass and each failure is a statement with a stated chance of error (`alpha`):
//!
//! | test | pass | fail |
//! |---|---|---|
//! | `floor` | the lower bound is at least `min` | the upper bound is below `min` |
//! | `ceiling` | the upper bound is at most `max` | the lower bound is above `max` |
//! | `at_most` | the exposure class is `worst` or better | it is worse |
//! | `superiority` | the one-sided p of "not better than the baseline" is below `alpha` | the upper bound of the difference is at most 0 |
//! | `non_inferiority` | the difference is shown to be above −`margin` | it is shown to be below −`margin` |
//! | `max_drop` | the same with `drop` for `margin` | the same |
//!
//! Everything between is inconclusive. Bounds are one-sided, each with confidence 1 − `alpha`. The last
//! three tests compare with a baseline, item by item; what they show is shown after Holm's correction over
//! all such gates of the run (those of the tier `advisory`, which decide nothing, over themselves), and passes only
//! where enough of the samples are in a pair ([`Coverage`]).
//!
//! Refused by design: a gate that passes because nothing was measured.

mod describe;

use serde::{Deserialize, Serialize};

pub use describe::{amount, condition, in_a_line, p_value, percent};

use crate::Exit;
use crate::aside::{Coverage, SetAside};

/// The share of the samples that must be in a pair for a comparison with a baseline to pass, where a gate says none.
pub const USUAL_COVERAGE: f64 = 0.95;
/// Fewest independent units (samples, or clusters where samples hang together) from which an interval
/// that relies on a normal or t distribution is trusted.
pub const FEWEST_UNITS: u64 = 10;

/// What a gate looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The score of the task's first scorer, 0 to 1.
    Accuracy,
    /// US dollars for each sample that was solved.
    CostPerSolved,
    /// 95th percentile of the time from request to last byte, in milliseconds.
    LatencyP95,
    /// Share of calls that ended without an answer.
    ErrorRate,
    /// Share of answers in which the scorer found nothing to judge.
    ExtractionFailureRate,
    /// The class of exposure that the probes came to.
    Contamination,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 6] = [
        Self::Accuracy,
        Self::CostPerSolved,
        Self::LatencyP95,
        Self::ErrorRate,
        Self::ExtractionFailureRate,
        Self::Contamination,
    ];

    /// The word used in manifests and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::CostPerSolved => "cost_per_solved",
            Self::LatencyP95 => "latency_p95",
            Self::ErrorRate => "error_rate",
            Self::ExtractionFailureRate => "extraction_failure_rate",
            Self::Contamination => "contamination",
        }
    }
}

/// The worst class of exposure that a gate lets pass. Classes that say nothing (`underpowered`,
/// `not_testable`, `not_assessed` and so on) are never a pass and cannot be named here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorstExposure {
    /// Nothing was found, with power to find it.
    NoEvidence,
    /// Recall that controls hardly explain is tolerated.
    Suspected,
    /// Recall that controls do not explain is tolerated.
    Strong,
}

impl WorstExposure {
    /// All, best first.
    pub const ALL: [Self; 3] = [Self::NoEvidence, Self::Suspected, Self::Strong];

    /// The word used in manifests and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoEvidence => "no_evidence",
            Self::Suspected => "suspected",
            Self::Strong => "strong",
        }
    }
}

/// How a gate decides. The module's table says what each passes and fails.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum GateTest {
    /// The metric must be at least `min`.
    Floor {
        /// In the metric's unit.
        min: f64,
    },
    /// The metric must be at most `max`.
    Ceiling {
        /// In the metric's unit.
        max: f64,
    },
    /// The exposure class must be `worst` or better.
    AtMost {
        /// The worst class that passes.
        worst: WorstExposure,
    },
    /// Better than the baseline.
    Superiority,
    /// Not worse than the baseline by `margin` or more.
    NonInferiority {
        /// Largest loss that is accepted, as a difference of scores; above 0.
        margin: f64,
        /// Whether it is a share of the baseline's score instead.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        relative: bool,
    },
    /// The same, said as the drop below the baseline that is accepted; before tables 5 it passed where no drop was
    /// shown and one of `drop` would have been.
    MaxDrop {
        /// Largest drop that is accepted, as a difference of scores; 0 or more, of which 0 is never shown.
        drop: f64,
        /// Whether it is a share of the baseline's score instead.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        relative: bool,
    },
}

impl GateTest {
    /// Not worse by this difference of scores.
    pub const fn non_inferiority(margin: f64) -> Self {
        Self::NonInferiority {
            margin,
            relative: false,
        }
    }

    /// No drop by more than this difference of scores.
    pub const fn max_drop(drop: f64) -> Self {
        Self::MaxDrop {
            drop,
            relative: false,
        }
    }

    /// The word used in manifests and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Floor { .. } => "floor",
            Self::Ceiling { .. } => "ceiling",
            Self::AtMost { .. } => "at_most",
            Self::Superiority => "superiority",
            Self::NonInferiority { .. } => "non_inferiority",
            Self::MaxDrop { .. } => "max_drop",
        }
    }

    /// Whether it compares with a baseline.
    pub fn is_paired(self) -> bool {
        matches!(
            self,
            Self::Superiority | Self::NonInferiority { .. } | Self::MaxDrop { .. }
        )
    }
}

/// What a comparison with the baseline is about.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateMode {
    /// The same model before and after a change: all else must be the same.
    #[default]
    Regression,
    /// One model or another: only suite, inputs and scorers must be the same.
    Choice,
    /// One wording or another, for the same model asked with the same sampling: samples, and what is right, must be
    /// the same.
    Prompt,
}

impl GateMode {
    /// The word used in manifests and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Choice => "choice",
            Self::Prompt => "prompt",
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Regression, Self::Choice, Self::Prompt];
}

/// How much hangs on a gate.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// A run is as good as its critical gates: one that cannot decide leaves the run undecided.
    #[default]
    Critical,
    /// One that fails fails the run; one that cannot decide is a warning, unless the gate says otherwise.
    Supporting,
    /// It is judged and told, and never changes the exit code.
    Advisory,
}

impl Tier {
    /// All, the one on which most hangs first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Supporting, Self::Advisory];

    /// The word used in manifests and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Supporting => "supporting",
            Self::Advisory => "advisory",
        }
    }
}

/// What becomes of a gate that could not decide.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInconclusive {
    /// [`Exit::Inconclusive`].
    #[default]
    Inconclusive,
    /// The same as a gate that failed.
    Fail,
    /// A warning, and [`Exit::Done`].
    Warn,
}

/// A condition as it is fixed in the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// The tasks that it holds for, each on its own, for each model of the run.
    pub tasks: Vec<String>,
    /// What it looks at.
    pub metric: Metric,
    /// How it decides.
    pub test: GateTest,
    /// Chance of a wrong pass, and of a wrong failure; above 0 and below ½.
    pub alpha: f64,
    /// Fewest samples (calls for rates and times) with which it decides; 0 where none is set.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub min_items: u64,
    /// What a comparison with the baseline is about.
    #[serde(default, skip_serializing_if = "is_regression")]
    pub mode: GateMode,
    /// What becomes of it when it cannot decide.
    #[serde(default, skip_serializing_if = "is_inconclusive")]
    pub on_inconclusive: OnInconclusive,
    /// Whether a task ends early once this gate is decided, by a method that is valid whenever one looks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub early_stop: bool,
    /// How much hangs on it.
    #[serde(default, skip_serializing_if = "is_critical")]
    pub tier: Tier,
    /// For a comparison with a baseline, the share of the samples that must be in a pair for a pass; above 0, at
    /// most 1. Runs whose tables are of a version before 5 have none.
    #[serde(default = "usual_coverage", skip_serializing_if = "is_usual_coverage")]
    pub min_coverage: f64,
}

impl Gate {
    /// Whether it says something that gates could not say before version 1.4 of `run.json`.
    pub fn has_later_keys(&self) -> bool {
        let is_relative = match self.test {
            GateTest::NonInferiority { relative, .. } | GateTest::MaxDrop { relative, .. } => {
                relative
            }
            _ => false,
        };
        is_relative
            || self.mode == GateMode::Prompt
            || !is_critical(&self.tier)
            || !is_usual_coverage(&self.min_coverage)
    }

    /// What becomes of it when it cannot decide.
    pub fn when_inconclusive(&self) -> OnInconclusive {
        match (self.tier, self.on_inconclusive) {
            (Tier::Advisory, _) | (Tier::Supporting, OnInconclusive::Inconclusive) => {
                OnInconclusive::Warn
            }
            (_, said) => said,
        }
    }
}

const fn usual_coverage() -> f64 {
    USUAL_COVERAGE
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_usual_coverage(share: &f64) -> bool {
    share.to_bits() == USUAL_COVERAGE.to_bits()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_critical(tier: &Tier) -> bool {
    *tier == Tier::Critical
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_regression(mode: &GateMode) -> bool {
    *mode == GateMode::Regression
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_inconclusive(what: &OnInconclusive) -> bool {
    *what == OnInconclusive::Inconclusive
}

/// How a gate came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateVerdict {
    /// The condition is shown to hold.
    Pass,
    /// It is shown not to hold.
    Fail,
    /// Neither is shown.
    Inconclusive,
    /// There was nothing to judge: no baseline, or no baseline that can be compared with.
    NotEvaluated,
}

impl GateVerdict {
    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::NotEvaluated => "not_evaluated",
        }
    }
}

/// How one gate came out for one model and task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateResult {
    /// The condition, as the plan has it.
    pub gate: Gate,
    /// Name of the model.
    pub model: String,
    /// Name of the task.
    pub task: String,
    /// How it came out.
    pub verdict: GateVerdict,
    /// The metric, or for a paired test its difference from the baseline (candidate − baseline); in the
    /// metric's unit. `None` where nothing could be estimated.
    pub estimate: Option<f64>,
    /// Lower bound, one-sided at [`GateResult::confidence`]; `None` where there is none.
    pub low: Option<f64>,
    /// Upper bound, likewise.
    pub high: Option<f64>,
    /// Confidence of each bound on its own: 1 − `alpha`.
    pub confidence: f64,
    /// Samples, or calls for rates and times, that it rests on.
    pub n: u64,
    /// How interval and p were found.
    pub method: String,
    /// One-sided p of the hypothesis whose rejection the test asks for (`max_drop`: "no drop"); paired
    /// tests only.
    pub p: Option<f64>,
    /// [`GateResult::p`] after Holm's correction over the paired gates of the run.
    pub adjusted_p: Option<f64>,
    /// For the exposure gate the class that was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Samples that are in no pair; comparisons with a baseline only. Runs whose tables are of a version
    /// before 4 do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<SetAside>,
    /// How much of both runs is compared; comparisons with a baseline only. Runs whose tables are of a version
    /// before 5 do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Samples that were not asked because the gate was decided earlier, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_early: Option<StoppedEarly>,
    /// A sentence for people: why, and what would decide it.
    pub message: String,
}

/// How much of a task was asked before it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoppedEarly {
    /// Samples that were asked.
    pub samples: u64,
    /// Samples that were planned.
    pub planned: u64,
}

impl GateResult {
    /// What the result means for the exit code of a run.
    pub fn exit(&self) -> Exit {
        match (self.verdict, self.gate.when_inconclusive()) {
            _ if self.gate.tier == Tier::Advisory => Exit::Done,
            (GateVerdict::Pass, _) => Exit::Done,
            (GateVerdict::Fail, _) | (_, OnInconclusive::Fail) => self.failed(),
            (_, OnInconclusive::Warn) => Exit::Done,
            (_, OnInconclusive::Inconclusive) => Exit::Inconclusive,
        }
    }

    fn failed(&self) -> Exit {
        if self.gate.metric == Metric::Contamination {
            Exit::ContaminationGateFailed
        } else {
            Exit::GateFailed
        }
    }
}

/// The exit code of a run with these gates, by [`Exit::worst`].
pub fn exit_of(results: &[GateResult]) -> Exit {
    let exits = results.iter().map(GateResult::exit);
    exits.fold(Exit::Done, Exit::worst)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(verdict: GateVerdict, metric: Metric, on_inconclusive: OnInconclusive) -> GateResult {
        GateResult {
            gate: Gate {
                tasks: vec!["routing".to_owned()],
                metric,
                test: GateTest::Floor { min: 0.8 },
                alpha: 0.05,
                min_items: 0,
                mode: GateMode::Regression,
                on_inconclusive,
                early_stop: false,
                tier: Tier::Critical,
                min_coverage: USUAL_COVERAGE,
            },
            model: "m".to_owned(),
            task: "routing".to_owned(),
            verdict,
            estimate: Some(0.9),
            low: Some(0.85),
            high: Some(0.95),
            confidence: 0.95,
            n: 200,
            method: "clopper_pearson".to_owned(),
            p: None,
            adjusted_p: None,
            class: None,
            set_aside: None,
            coverage: None,
            stopped_early: None,
            message: String::new(),
        }
    }

    #[test]
    fn only_a_pass_is_done_unless_a_warning_was_asked_for() {
        use {GateVerdict as V, OnInconclusive as On};
        let exit = |verdict, on| result(verdict, Metric::Accuracy, on).exit();
        for on in [On::Inconclusive, On::Fail, On::Warn] {
            assert_eq!(exit(V::Pass, on), Exit::Done);
            assert_eq!(exit(V::Fail, on), Exit::GateFailed);
        }
        for open in [V::Inconclusive, V::NotEvaluated] {
            assert_eq!(exit(open, On::Inconclusive), Exit::Inconclusive);
            assert_eq!(exit(open, On::Fail), Exit::GateFailed);
            assert_eq!(exit(open, On::Warn), Exit::Done);
        }
        let exposed = result(V::Fail, Metric::Contamination, On::Inconclusive);
        assert_eq!(exposed.exit(), Exit::ContaminationGateFailed);
    }

    #[test]
    fn a_tier_says_how_much_hangs_on_a_gate() {
        use {GateVerdict as V, OnInconclusive as On};
        let exit = |verdict, tier, on| {
            let mut result = result(verdict, Metric::Accuracy, on);
            result.gate.tier = tier;
            result.exit()
        };
        for verdict in [V::Pass, V::Fail, V::Inconclusive, V::NotEvaluated] {
            assert_eq!(exit(verdict, Tier::Advisory, On::Inconclusive), Exit::Done);
        }
        let supporting = |verdict, on| exit(verdict, Tier::Supporting, on);
        assert_eq!(supporting(V::Fail, On::Inconclusive), Exit::GateFailed);
        assert_eq!(supporting(V::Inconclusive, On::Inconclusive), Exit::Done);
        assert_eq!(supporting(V::Inconclusive, On::Fail), Exit::GateFailed);
    }

    #[test]
    fn a_line_says_what_became_of_the_gates_of_each_tier() {
        use GateVerdict as V;
        let of = |verdict, tier| {
            let mut result = result(verdict, Metric::Accuracy, OnInconclusive::Inconclusive);
            result.gate.tier = tier;
            result
        };
        let results = [
            of(V::Pass, Tier::Advisory),
            of(V::Pass, Tier::Critical),
            of(V::Inconclusive, Tier::Critical),
            of(V::Fail, Tier::Critical),
        ];
        assert_eq!(
            in_a_line(&results),
            "gates passed: critical 1 of 3 (1 failed, 1 inconclusive), advisory 1 of 1"
        );
    }

    #[test]
    fn a_failed_gate_stands_above_an_exposed_task_and_that_above_an_open_gate() {
        use {GateVerdict as V, OnInconclusive as On};
        let open = result(V::Inconclusive, Metric::Accuracy, On::Inconclusive);
        let exposed = result(V::Fail, Metric::Contamination, On::Inconclusive);
        let failed = result(V::Fail, Metric::ErrorRate, On::Inconclusive);
        let all = [open.clone(), exposed.clone(), failed];
        assert_eq!(exit_of(&all), Exit::GateFailed);
        assert_eq!(exit_of(&all[..2]), Exit::ContaminationGateFailed);
        assert_eq!(exit_of(&[open]), Exit::Inconclusive);
        assert_eq!(exit_of(&[]), Exit::Done);
    }

    #[test]
    fn a_gate_reads_back_what_it_writes_and_leaves_defaults_out() {
        let gate = result(
            GateVerdict::Pass,
            Metric::Accuracy,
            OnInconclusive::Inconclusive,
        )
        .gate;
        let text = serde_json::to_string(&gate).unwrap();
        assert_eq!(
            text,
            r#"{"tasks":["routing"],"metric":"accuracy","test":{"name":"floor","min":0.8},"alpha":0.05}"#
        );
        assert_eq!(serde_json::from_str::<Gate>(&text).unwrap(), gate);
    }
}
