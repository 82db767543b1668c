//! What a comparison says, in sentences that take no statistics to read.
//!
//! Invariant: a sentence says no more than the finding: no difference found is not equality, and what is missing is said.

use crate::compare::{Finding, TaskComparison, Verdict};

/// The verdict on a task in a sentence or two.
pub fn verdict(task: &TaskComparison) -> String {
    let finding = &task.finding;
    let missing = match task.counts.base_missing + task.counts.candidate_missing {
        0 => "",
        _ => match finding.missing {
            crate::compare::Missing::Bounds => ", whatever the missing answers are",
            crate::compare::Missing::Complete => " on what both answered",
            crate::compare::Missing::ErrorAsWrong => ", missing answers being wrong",
        },
    };
    match (finding.verdict, finding.low, finding.high) {
        (Verdict::Better, Some(low), Some(high)) => format!(
            "The candidate is better: it scores {} to {} points of 100 more{missing}.",
            points(low),
            points(high)
        ),
        (Verdict::Worse, Some(low), Some(high)) => format!(
            "The candidate is worse: it scores {} to {} points of 100 less{missing}.",
            points(-high),
            points(-low)
        ),
        (Verdict::NoDifference, Some(low), Some(high)) => format!(
            "No difference was found: the candidate may be anything from {} to {}{missing}. {}",
            way(low),
            way(high),
            could_have(finding)
        ),
        _ => format!(
            "Nothing can be concluded ({}).",
            finding.method.replace('_', " ")
        ),
    }
}

/// What would have been found, for all that is known.
fn could_have(finding: &Finding) -> String {
    match finding.smallest_detectable {
        Some(smallest) => format!(
            "One of {} points or more would have been found in 4 of 5 such comparisons.",
            points(smallest)
        ),
        None => {
            "How large one must be to be found is not known; more samples would tell.".to_owned()
        }
    }
}

fn points(share: f64) -> String {
    format!("{:.1}", 100.0 * share.abs())
}

fn way(share: f64) -> String {
    let word = if share < 0.0 { "worse" } else { "better" };
    format!("{} points {word}", points(share))
}

/// How many answers are missing, and what share that is.
pub fn missing(task: &TaskComparison) -> String {
    let counts = &task.counts;
    if counts.base_missing + counts.candidate_missing == 0 {
        return "none".to_owned();
    }
    let side = |name: &str, missing: u64| {
        format!(
            "{name} {missing} of {} ({})",
            counts.pairs,
            share(missing, counts.pairs)
        )
    };
    format!(
        "{}, {}",
        side("baseline", counts.base_missing),
        side("candidate", counts.candidate_missing)
    )
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn share(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}
