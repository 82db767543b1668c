//! Whether a task still separates the models that were asked.
//!
//! Method: every two respondents are compared on the same samples; p-values are adjusted by Holm over the
//! pairs. The task is saturated if each difference is shown to lie within ± [`EQUIVALENT`]: its 95 %
//! interval does, which is a test of equivalence at 2.5 %.

use cleanbench_stats::multiplicity::holm;
use serde::Serialize;

use super::Answers;
use cleanbench_core::GateMode;
use cleanbench_items::Both;

use crate::compare::{Finding, NotComparable, Options, Verdict, adjust_family, compare_alone};

/// Scores that differ by less are the same for what a task is asked for: 5 points.
pub const EQUIVALENT: f64 = 0.05;

/// What is known of how a task separates respondents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Separation {
    /// At least two respondents differ.
    Separates,
    /// Every two are shown to lie within 5 points of each other.
    Saturated,
    /// Neither is shown: more samples would tell.
    Unclear,
    /// There are fewer than two respondents.
    OneRespondent,
}

impl Separation {
    /// The statement for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Separates => "separates these models",
            Self::Saturated => {
                "no longer separates these models: all within 5 points of each other (95 %)"
            }
            Self::Unclear => "cannot tell whether it separates these models: too few samples",
            Self::OneRespondent => "one model alone: nothing to separate",
        }
    }
}

/// Whether a task separates respondents, and by which pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Saturation {
    /// What is known.
    pub separation: Separation,
    /// Pairs that were compared.
    pub pairs: u64,
    /// Pairs that differ.
    pub differing: u64,
    /// Pairs that are shown to be within 5 points.
    pub equivalent: u64,
    /// The largest distance from 0 that an end of an interval has.
    pub widest: Option<f64>,
}

/// Compares every two respondents of a task.
pub(super) fn of_task(
    answers: &[Answers<'_>],
    options: &Options,
) -> Result<Saturation, NotComparable> {
    let mut findings = Vec::new();
    for (position, one) in answers.iter().enumerate() {
        for other in &answers[position + 1..] {
            findings.push(finding(one, other, options)?);
        }
    }
    let mut family: Vec<_> = findings.iter_mut().collect();
    adjust_family(&mut family, holm, options.policy().rules);
    let number = |fits: &dyn Fn(&Finding) -> bool| {
        u64::try_from(findings.iter().filter(|one| fits(one)).count()).unwrap_or(u64::MAX)
    };
    let differing = number(&|one| matches!(one.verdict, Verdict::Better | Verdict::Worse));
    let equivalent = number(&|one| reach(one).is_some_and(|reach| reach < EQUIVALENT));
    let pairs = number(&|_| true);
    let widest = findings.iter().map(reach).collect::<Option<Vec<_>>>();
    Ok(Saturation {
        separation: match pairs {
            0 => Separation::OneRespondent,
            _ if differing > 0 => Separation::Separates,
            _ if equivalent == pairs => Separation::Saturated,
            _ => Separation::Unclear,
        },
        pairs,
        differing,
        equivalent,
        widest: widest.and_then(|all| all.into_iter().max_by(f64::total_cmp)),
    })
}

fn finding(
    one: &Answers<'_>,
    other: &Answers<'_>,
    options: &Options,
) -> Result<Finding, NotComparable> {
    let options = Options {
        mode: Some(GateMode::Choice),
        ..options.clone()
    };
    let sides = Both {
        base: one.side,
        candidate: other.side,
    };
    let mut found = compare_alone(sides, &options)?;
    Ok(found.tasks.remove(0).finding)
}

/// The larger distance of the ends of the interval from 0.
fn reach(finding: &Finding) -> Option<f64> {
    Some(finding.low?.abs().max(finding.high?.abs()))
}
