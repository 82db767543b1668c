//! Counting the arms, and the difference between them.

use cleanbench_core::Outcome;
use cleanbench_core::probe::{Arm, ArmCount, Contrast, ProbeCall, ProbeContext, Seen};
use cleanbench_stats::{difference, exact, power};

use crate::spending::{ALPHA, Spending};

/// Power for which the smallest detectable effect is given.
pub(crate) const POWER: f64 = 0.8;

/// Counts of one arm of `items` items.
pub(crate) fn count(arm: Arm, items: usize, calls: &[ProbeCall], seen: &[Seen]) -> ArmCount {
    let mut counts = ArmCount {
        items: items as u64,
        ..ArmCount::default()
    };
    let mut asked = 0;
    for (position, _) in calls.iter().enumerate().filter(|(_, call)| call.arm == arm) {
        asked += 1;
        match is_hit(answered(seen.get(position))) {
            Some(hit) => {
                counts.valid += 1;
                counts.hits += u64::from(hit);
            }
            None => counts.missing += 1,
        }
    }
    counts.filtered = counts.items - asked;
    counts
}

/// Whether a call was answered with a hit; `None` for a call without an answer.
pub(crate) fn is_hit(seen: Option<&Seen>) -> Option<bool> {
    let score = seen?.score.as_ref()?;
    Some(score.value >= 1.0)
}

fn answered(seen: Option<&Seen>) -> Option<&Seen> {
    seen.filter(|seen| seen.outcome == Outcome::Answered)
}

/// The difference between the arms; `None` when an arm has no answer, or no pair has two.
pub(crate) fn arm_difference(
    context: &ProbeContext<'_>,
    calls: &[ProbeCall],
    seen: &[Seen],
) -> Option<Contrast> {
    if context.kind.paired() {
        return paired(table(context, calls, seen));
    }
    let suspects = count(Arm::Suspect, context.suspects.len(), calls, seen);
    let controls = count(Arm::Control, context.controls.len(), calls, seen);
    unpaired([suspects.hits, suspects.valid, controls.hits, controls.valid])
}

/// Pairs whose both items were answered: both hit, only the suspect, only the control, neither.
fn table(context: &ProbeContext<'_>, calls: &[ProbeCall], seen: &[Seen]) -> [u64; 4] {
    let mut hits = vec![[None; 2]; context.suspects.len()];
    for (position, call) in calls.iter().enumerate() {
        let side = usize::from(call.arm == Arm::Control);
        if let Some(pair) = hits.get_mut(call.item) {
            pair[side] = is_hit(answered(seen.get(position)));
        }
    }
    let mut table = [0; 4];
    for pair in hits {
        let cell = match pair {
            [Some(true), Some(true)] => 0,
            [Some(true), Some(false)] => 1,
            [Some(false), Some(true)] => 2,
            [Some(false), Some(false)] => 3,
            _ => continue,
        };
        table[cell] += 1;
    }
    table
}

/// The difference over pairs: both hit, only the suspect, only the control, neither. `None` without pairs.
pub fn paired(pairs: [u64; 4]) -> Option<Contrast> {
    let n = pairs.iter().sum();
    Some(Contrast {
        smallest_detectable: power::smallest_paired(n, share(pairs[2], n), ALPHA, POWER),
        ..test_of_pairs(pairs, Spending::ALL)?
    })
}

/// The same without the smallest effect that it would have seen, with an interval of what is spent.
pub(crate) fn test_of_pairs(pairs: [u64; 4], spending: Spending) -> Option<Contrast> {
    let (effect, low, high) = difference::newcombe_paired(pairs, spending.confidence())?;
    Some(Contrast {
        effect,
        low,
        high,
        interval: "newcombe paired".to_owned(),
        p: exact::mcnemar_greater(pairs[1], pairs[2]),
        test: "mcnemar exact".to_owned(),
        smallest_detectable: None,
        pairs: Some(pairs),
    })
}

/// The difference of `[hits, n]` of the suspects and `[hits, n]` of independent controls.
pub(crate) fn unpaired([hits, n, control_hits, control_n]: [u64; 4]) -> Option<Contrast> {
    let rate = share(control_hits, control_n);
    Some(Contrast {
        smallest_detectable: power::smallest_unpaired(n, control_n, rate, ALPHA, POWER),
        ..test_of_arms([hits, n, control_hits, control_n], Spending::ALL)?
    })
}

/// The same without the smallest effect that it would have seen, with an interval of what is spent.
pub(crate) fn test_of_arms(
    [hits, n, control_hits, control_n]: [u64; 4],
    spending: Spending,
) -> Option<Contrast> {
    let (effect, low, high) =
        difference::newcombe(hits, n, control_hits, control_n, spending.confidence())?;
    Some(Contrast {
        effect,
        low,
        high,
        interval: "newcombe".to_owned(),
        p: exact::fisher_greater(hits, n, control_hits, control_n),
        test: "fisher exact".to_owned(),
        smallest_detectable: None,
        pairs: None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
pub(crate) fn share(hits: u64, n: u64) -> f64 {
    if n == 0 { 0.0 } else { hits as f64 / n as f64 }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::ControlKind;

    use super::*;
    use crate::recall::scored;
    use crate::testing::usable;

    fn call(arm: Arm, item: usize) -> ProbeCall {
        ProbeCall {
            arm,
            item,
            messages: Vec::new(),
            continuations: Vec::new(),
            max_tokens: 1,
            stop: Vec::new(),
            expected: String::new(),
            right: None,
        }
    }

    fn answer(hit: bool) -> Seen {
        Seen::answered(scored(hit))
    }

    #[test]
    fn a_pair_counts_only_where_both_were_answered() {
        let items: Vec<_> = (0..4).map(usable).collect();
        let context = ProbeContext {
            suspects: &items,
            controls: &items,
            kind: ControlKind::Rewording,
            seed: 0,
            published: None,
        };
        // Item 2 has no suspect call (left out), the control of item 3 was refused.
        let calls = [
            call(Arm::Suspect, 0),
            call(Arm::Suspect, 1),
            call(Arm::Suspect, 3),
            call(Arm::Control, 0),
            call(Arm::Control, 1),
            call(Arm::Control, 2),
            call(Arm::Control, 3),
        ];
        let mut seen: Vec<_> = [true, false, true, false, false, true]
            .map(answer)
            .into_iter()
            .collect();
        seen.push(Seen::ended(Outcome::Refused, None));
        assert_eq!(table(&context, &calls, &seen), [0, 1, 0, 1]);
        let suspects = count(Arm::Suspect, 4, &calls, &seen);
        assert_eq!(
            [
                suspects.items,
                suspects.valid,
                suspects.hits,
                suspects.filtered,
                suspects.missing
            ],
            [4, 3, 2, 1, 0]
        );
        let controls = count(Arm::Control, 4, &calls, &seen);
        assert_eq!([controls.valid, controls.hits, controls.missing], [3, 1, 1]);
        let found = arm_difference(&context, &calls, &seen).unwrap();
        assert_eq!((found.pairs, found.p), (Some([0, 1, 0, 1]), 0.5));
        let unpaired = ProbeContext {
            kind: ControlKind::Sibling,
            ..context
        };
        let found = arm_difference(&unpaired, &calls, &seen).unwrap();
        assert!((found.effect - 1.0 / 3.0).abs() < 1e-12 && found.test == "fisher exact");
        assert_eq!(arm_difference(&context, &calls, &[]), None);
        assert_eq!(
            count(Arm::Suspect, 4, &calls, &[]).missing,
            3,
            "calls still open"
        );
    }

    #[test]
    fn a_censored_answer_is_missing_even_with_a_score() {
        let censored = Seen::ended(Outcome::Censored, Some(scored(true)));
        let counts = count(Arm::Suspect, 1, &[call(Arm::Suspect, 0)], &[censored]);
        assert_eq!((counts.valid, counts.missing), (0, 1));
    }
}
