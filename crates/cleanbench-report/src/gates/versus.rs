//! Gates that compare with a baseline: superiority, and non-inferiority, of which the largest drop is another name.
//!
//! What has to be shown is shown by a p-value after Holm's correction over all such gates of the run. What
//! is shown to be false is shown by a bound whose error rate is `alpha` divided by their number.

use cleanbench_core::gate::{amount, p_value as shown_p};
use cleanbench_core::{GateResult, GateTest, GateVerdict};
use cleanbench_items::{Evidence, Extreme, Limit, Pairs, Rules};
use cleanbench_stats::Confidence;
use cleanbench_stats::power::approximate_pairs;

use super::ENOUGH;
use super::result::{between, fill, is_too_small, left_out};

/// A paired gate before the correction for the number of gates.
pub(crate) struct Claim {
    /// One-sided p of what the gate has to show.
    pub(crate) p: f64,
    /// The differences at their worst and at their best.
    worst: Evidence,
    best: Evidence,
    /// What the gate has to show.
    limit: Limit,
    rules: Rules,
}

/// Measures the difference; `None` where nothing can be shown, which is then written.
pub(crate) fn claim(result: &mut GateResult, pairs: &Pairs, family: usize) -> Option<Claim> {
    result.n = pairs.all.len() as u64;
    result.estimate = pairs.estimate();
    let alpha = result.gate.alpha;
    // A test must be good at the level at which Holm's correction may take it.
    let level = match pairs.rules {
        Rules::Now => alpha / count(family),
        Rules::Earlier => alpha,
    };
    let limit = Limit::of(result.gate.test);
    let evidence = |case| limit.evidence(pairs, case, level);
    let found = evidence(Extreme::Worst).and_then(|worst| {
        let best = evidence(Extreme::Best)?;
        Ok((worst, best, pairs.bounds(alpha)?))
    });
    let (worst, best, bounds) = match found {
        Ok(found) => found,
        Err(reason) => {
            result.message = reason;
            return None;
        }
    };
    fill(result, &bounds);
    let (p, test) = match (result.gate.test, pairs.rules) {
        (GateTest::Superiority, _) => worst.better(level),
        (GateTest::MaxDrop { .. }, Rules::Earlier) => best.worse(level),
        _ => worst.not_inferior(limit.margin, level),
    };
    result.p = Some(p);
    let left_out = left_out(result, pairs.alone);
    result.method = format!("{} ({test}){left_out}", result.method);
    if is_too_small(result) {
        return None;
    }
    Some(Claim {
        p,
        worst,
        best,
        limit,
        rules: pairs.rules,
    })
}

/// Gives the verdict on a claim whose p-value is `adjusted` among `family` gates.
pub(crate) fn decide(result: &mut GateResult, claim: &Claim, adjusted: f64, family: usize) {
    result.adjusted_p = Some(adjusted);
    let alpha = result.gate.alpha;
    let is_shown = adjusted < alpha;
    let high = upper_bound(claim, alpha, family);
    let range = format!("difference {}", between(result));
    let of_family = match family {
        1 => String::new(),
        _ => format!(" after Holm's correction over {family} gates"),
    };
    let p = shown_p(adjusted);
    let metric = result.gate.metric;
    (result.verdict, result.message) = match result.gate.test {
        GateTest::MaxDrop { drop, .. } if claim.rules == Rules::Earlier => {
            return decide_drop(result, claim, adjusted, drop, &of_family);
        }
        GateTest::NonInferiority { .. } | GateTest::MaxDrop { .. } => {
            let margin = claim.limit.margin;
            let limit = claim.limit.shown(metric);
            if is_shown {
                (
                    GateVerdict::Pass,
                    format!("{range}: above {limit} is shown (p {p}{of_family})"),
                )
            } else if high.is_some_and(|high| high < -margin) {
                (
                    GateVerdict::Fail,
                    format!("{range}: below {limit} is shown"),
                )
            } else {
                (
                    GateVerdict::Inconclusive,
                    format!(
                        "{range}: it may be on either side of {limit} (p {p}{of_family}){}",
                        enough(claim, margin, alpha, family)
                    ),
                )
            }
        }
        _ => {
            if is_shown {
                (
                    GateVerdict::Pass,
                    format!("{range}: better is shown (p {p}{of_family})"),
                )
            } else if high.is_some_and(|high| high <= 0.0) {
                (GateVerdict::Fail, format!("{range}: not better is shown"))
            } else {
                (
                    GateVerdict::Inconclusive,
                    format!(
                        "{range}: better is not shown (p {p}{of_family}){}",
                        enough(claim, 0.0, alpha, family)
                    ),
                )
            }
        }
    };
}

/// How many samples would show that the difference is above -`margin`, if it is what was found at worst;
/// empty where no number would, or where that is not known.
fn enough(claim: &Claim, margin: f64, alpha: f64, family: usize) -> String {
    let Evidence::Rates(pairs) = claim.worst else {
        return String::new();
    };
    #[expect(clippy::cast_precision_loss, reason = "no suite has 2^53 samples")]
    let discordant = pairs.discordant() as f64 / pairs.n() as f64;
    let (difference, level) = (pairs.difference(), alpha / count(family));
    let needed = approximate_pairs(discordant, difference, margin, level, ENOUGH);
    // The usual formula knows nothing of exact tests: fewer than there are did not do.
    let needed = needed.filter(|needed| claim.rules == Rules::Earlier || *needed > pairs.n());
    needed.map_or_else(String::new, |needed| {
        format!("; about {needed} samples would show it if the estimate is right")
    })
}

/// The upper bound of the difference at its best, wrong with a chance of `alpha` / `family`.
fn upper_bound(claim: &Claim, alpha: f64, family: usize) -> Option<f64> {
    let confidence = Confidence::one_sided(alpha / count(family))?;
    Some(claim.best.interval(confidence).1)
}

/// The members of a family, 1 at least, as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "a family has a handful of members"
)]
fn count(family: usize) -> f64 {
    family.max(1) as f64
}

/// By earlier rules a drop failed the gate when it was shown and too large; it passed when it would have been seen.
fn decide_drop(result: &mut GateResult, claim: &Claim, adjusted: f64, drop: f64, of_family: &str) {
    let alpha = result.gate.alpha;
    let range = format!("difference {}", between(result));
    let limit = amount(result.gate.metric, drop);
    let p = shown_p(adjusted);
    // At the worst that the missing answers could be, and without correction, nothing may be shown.
    let (p_worst, _) = claim.worst.worse(alpha);
    let may_fail = p_worst < alpha && -claim.worst.difference() > drop;
    let seen = claim.worst.smallest_drop(alpha, ENOUGH);
    (result.verdict, result.message) = if adjusted < alpha && -claim.best.difference() > drop {
        let message = format!("{range}: a drop is shown (p {p}{of_family}), by more than {limit}");
        (GateVerdict::Fail, message)
    } else if let (false, Some(seen)) = (may_fail, seen.filter(|seen| *seen <= drop)) {
        let seen = amount(result.gate.metric, seen);
        let message = format!(
            "{range}: no drop by more than {limit} is shown, and one of {seen} would have been (power {ENOUGH})"
        );
        (GateVerdict::Pass, message)
    } else {
        let seen = seen.map_or("none".to_owned(), |seen| amount(result.gate.metric, seen));
        let message = format!(
            "{range}: the smallest drop that would be seen (power {ENOUGH}) is {seen}, and {limit} is asked for"
        );
        (GateVerdict::Inconclusive, message)
    };
}
