//! What a build server reads: `junit.xml`, `summary.md`, and what GitHub is told.
//!
//! A wrong answer is a measurement and no broken test, so by default only gates fail; what is an error is
//! a call that got no answer, and what is skipped was not asked or could not be judged. Both files are
//! artefacts of the run directory: pure, and covered by `verify`.
//!
//! These files travel further than the run directory: to a build server, into a pull request. Questions,
//! targets and answers are left out of them unless the plan says otherwise, and whatever a model or an
//! endpoint wrote is escaped.

mod cases;
mod exposure_page;
mod flips;
pub mod github;
mod junit;
mod markdown;

use cleanbench_core::gate::{Gate, GateResult, GateVerdict, exit_of};
use cleanbench_core::{Exit, Outcome, Tier};

use crate::findings::Report;
use crate::{Recording, SummaryRow};
use cleanbench_core::gate::condition;

pub(crate) use cases::CaseGatherer;
pub(crate) use flips::{Comparer, is_public};
pub(crate) use junit::write as write_junit;
pub(crate) use markdown::write as write_summary;

/// What both files are drawn from.
pub(crate) struct Source<'a> {
    pub(crate) recording: &'a Recording,
    pub(crate) report: &'a Report,
}

/// What the gates of a run say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every gate passed.
    Pass,
    /// None that counts failed, and those that could not decide are to be warned of only.
    Warn,
    /// None failed, and one could not decide.
    Inconclusive,
    /// One failed.
    Fail,
    /// There are none.
    NoGates,
}

impl Verdict {
    /// The verdict over `gates`, by the exit code that they give.
    pub fn of(gates: &[GateResult]) -> Self {
        if gates.is_empty() {
            return Self::NoGates;
        }
        match exit_of(gates) {
            Exit::Done if gates.iter().all(|gate| gate.verdict == GateVerdict::Pass) => Self::Pass,
            Exit::Done => Self::Warn,
            Exit::Inconclusive => Self::Inconclusive,
            _ => Self::Fail,
        }
    }

    /// The word used in `$GITHUB_OUTPUT` and `summary.md`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
            Self::NoGates => "no_gates",
        }
    }
}

/// Calls of a task that brought no answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Missing {
    /// They ended otherwise, and another attempt may bring one.
    failed: u64,
    /// It was decided not to make them.
    skipped: u64,
    /// They have not been made, or not ended.
    open: u64,
}

impl Missing {
    fn of(row: &SummaryRow) -> Self {
        let is_failure = |outcome: Outcome| match outcome {
            Outcome::Answered | Outcome::Skipped => false,
            Outcome::Unsupported => !row.probe,
            Outcome::Refused | Outcome::Censored | Outcome::Exhausted => true,
        };
        let failed = row.outcomes.iter().filter(|(kind, _)| is_failure(*kind));
        Self {
            failed: failed.map(|(_, count)| count).sum(),
            skipped: row.count(Outcome::Skipped),
            open: row.open,
        }
    }
}

/// What `gate` asks for, for example `accuracy at least 0.8000`.
fn label(gate: &Gate) -> String {
    let condition = condition(gate.metric, gate.test);
    match gate.tier {
        Tier::Critical => condition,
        tier => format!("{condition} ({})", tier.as_str()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use cleanbench_core::gate::{GateMode, GateTest, Metric, OnInconclusive, USUAL_COVERAGE};

    use super::*;

    /// A gate of task `routing` that came out as `verdict`.
    pub(crate) fn result(verdict: GateVerdict, on_inconclusive: OnInconclusive) -> GateResult {
        GateResult {
            gate: Gate {
                tasks: vec!["routing".to_owned()],
                metric: Metric::Accuracy,
                test: GateTest::non_inferiority(0.03),
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
            estimate: Some(-0.1),
            low: Some(-0.2),
            high: None,
            confidence: 0.95,
            n: 40,
            method: "tango".to_owned(),
            p: Some(0.5),
            adjusted_p: Some(1.0),
            class: None,
            set_aside: None,
            coverage: None,
            stopped_early: None,
            message: "10 of 40 samples flipped".to_owned(),
        }
    }

    #[test]
    fn a_gate_that_did_not_decide_is_never_a_plain_pass() {
        use {GateVerdict as V, OnInconclusive as On};
        let pass = result(V::Pass, On::Inconclusive);
        for (other, expected) in [
            (pass.clone(), Verdict::Pass),
            (result(V::NotEvaluated, On::Warn), Verdict::Warn),
            (
                result(V::Inconclusive, On::Inconclusive),
                Verdict::Inconclusive,
            ),
            (result(V::Inconclusive, On::Fail), Verdict::Fail),
            (result(V::Fail, On::Warn), Verdict::Fail),
        ] {
            assert_eq!(Verdict::of(&[pass.clone(), other]), expected);
        }
        assert_eq!(Verdict::of(&[]), Verdict::NoGates);
    }
}
