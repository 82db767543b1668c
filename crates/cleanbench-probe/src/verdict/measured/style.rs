//! Whether a difference between arms of other texts may be one of style.
//!
//! Invariant: what nobody can tell excuses nobody, and accuses nobody.

use cleanbench_core::probe::{Bias, BiasSource, Finding};

use super::MEASURED;
use crate::blind::tells_nothing;
use crate::registry::weighs_likelihoods;

/// Area under the curve of a classifier of texts above which independent arms differ in style.
const TOLD_APART: f64 = 0.6;

/// Whether suspects can be told from controls without a model, or nobody can tell, so that a difference of which `biases`
/// were measured may be one of style.
pub(super) fn is_told_apart(finding: &Finding, biases: impl Iterator<Item = Bias>) -> bool {
    let is_excused = |bias: Bias| bias.items >= MEASURED && holds_for(finding, bias.source);
    let blind = finding.blind;
    let is_apart = blind.is_some_and(|blind| blind.low > TOLD_APART || tells_nothing(blind));
    is_apart && !biases.into_iter().any(is_excused)
}

/// Whether a bias that `source` measured is that of the style of the arms, too. How often references restore texts tells how
/// often they are guessed; how likely they find them does not. Never-sent items are pairs by the same writer, and tell
/// nothing of independent arms.
fn holds_for(finding: &Finding, source: BiasSource) -> bool {
    match source {
        BiasSource::References => !weighs_likelihoods(&finding.probe),
        BiasSource::NeverSent => finding.control.paired(),
    }
}

pub(super) fn told_apart(finding: &Finding) -> String {
    match finding.blind {
        Some(blind) if tells_nothing(blind) => format!(
            "; of {} families an arm nobody can tell whether suspects differ from controls in style: this may be such a difference",
            blind.suspects.min(blind.controls)
        ),
        blind => format!(
            "; suspects are told from controls by their text alone, with an area under the curve of at least {:.2}: this may be a difference of style",
            blind.map_or(0.0, |blind| blind.low)
        ),
    }
}
