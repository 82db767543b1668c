//! Bias as several sources measure it.
//!
//! A bound may be too high and not too low: of several models the largest counts, of several sources the larger.

use cleanbench_core::probe::{Bias, BiasSource, Finding};

use super::measured::{MEASURED, bias, is_silent, values};

/// Models that it takes to measure bias: one alone may be one that happens to guess in both arms alike.
pub const FEWEST_REFERENCES: usize = 2;

/// The bias of hits that `findings` show, each of a model that cannot have seen the items; `None` of too few models.
pub fn of_references(findings: &[&Finding]) -> Option<Bias> {
    let all = findings.iter();
    largest(all.filter_map(|one| bias(one, BiasSource::References)))
}

/// The same of what was measured beside hits, as a superiority.
pub fn of_references_measures(findings: &[&Finding]) -> Option<Bias> {
    let all = findings.iter().filter(|one| !is_silent(one));
    largest(all.filter_map(|one| values::bias(one, BiasSource::References)))
}

/// The largest of `all`, on the fewest items.
fn largest(all: impl Iterator<Item = Bias>) -> Option<Bias> {
    let all: Vec<_> = all.collect();
    let largest = all
        .iter()
        .max_by(|one, other| one.upper.total_cmp(&other.upper))?;
    let items = all.iter().map(|one| one.items).min()?;
    (all.len() >= FEWEST_REFERENCES).then_some(Bias { items, ..*largest })
}

/// The one of two measurements that counts: the larger of those on items enough.
pub fn larger(one: Option<Bias>, other: Option<Bias>) -> Option<Bias> {
    let (Some(first), Some(second)) = (one, other) else {
        return one.or(other);
    };
    let is_enough = |bias: Bias| bias.items >= MEASURED;
    let is_second = match (is_enough(first), is_enough(second)) {
        (true, false) => false,
        (false, true) => true,
        _ => second.upper > first.upper,
    };
    Some(if is_second { second } else { first })
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::{ArmCount, ControlKind, ProbeForm, ValueContrast, Values};

    use super::*;
    use crate::arm_difference::paired;

    fn measured(upper: f64, items: u64, source: BiasSource) -> Bias {
        Bias {
            upper,
            effect: None,
            upper_of_valid: None,
            items,
            source,
        }
    }

    fn pairs(table: [u64; 4], superiority: f64) -> Finding {
        let n = table.iter().sum();
        let arm = |hits| ArmCount {
            items: n,
            valid: n,
            hits,
            ..ArmCount::default()
        };
        let contrast = ValueContrast {
            superiority,
            low: superiority - 0.05,
            high: superiority + 0.05,
            upper: superiority + 0.04,
            items: n,
            interval: "an interval".to_owned(),
            p: 0.5,
            test: "a test".to_owned(),
        };
        Finding {
            suspects: arm(table[0] + table[1]),
            controls: arm(table[0] + table[2]),
            contrast: paired(table),
            values: Some(Values {
                contrast,
                at_worst: None,
                upper_at_most: None,
                bias: None,
            }),
            ..Finding::new("completion", ProbeForm::Raw, ControlKind::Rewording)
        }
    }

    #[test]
    fn of_two_references_the_larger_difference_counts() {
        let [low, high] = [
            pairs([10, 12, 10, 168], 0.52),
            pairs([10, 40, 20, 120], 0.61),
        ];
        let bias = of_references(&[&low, &high]).unwrap();
        let alone = super::bias(&high, BiasSource::References).unwrap();
        assert_eq!(
            (bias.upper, bias.source),
            (alone.upper, BiasSource::References)
        );
        assert_eq!(bias.items, 190);
        let of_measures = of_references_measures(&[&low, &high]).unwrap();
        assert!((of_measures.upper - 0.65).abs() < 1e-12);
    }

    #[test]
    fn one_reference_measures_nothing_and_neither_does_a_silent_one() {
        let one = pairs([10, 12, 10, 168], 0.5);
        assert_eq!(of_references(&[&one]), None);
        assert_eq!(of_references_measures(&[&one]), None);
        let mut silent = one.clone();
        silent.suspects.invalid = 40;
        assert_eq!(of_references(&[&one, &silent]), None);
        assert_eq!(of_references_measures(&[&one, &silent]), None);
    }

    #[test]
    fn the_larger_of_two_sources_rules_if_it_rests_on_items_enough() {
        let never_sent = measured(0.08, 60, BiasSource::NeverSent);
        let references = measured(0.12, 190, BiasSource::References);
        let few = measured(0.3, 49, BiasSource::References);
        for (one, other, expected) in [
            (Some(never_sent), Some(references), Some(references)),
            (Some(references), Some(never_sent), Some(references)),
            (Some(never_sent), Some(few), Some(never_sent)),
            (Some(few), Some(never_sent), Some(never_sent)),
            (None, Some(references), Some(references)),
            (Some(never_sent), None, Some(never_sent)),
            (None, None, None),
        ] {
            assert_eq!(larger(one, other), expected, "{one:?} {other:?}");
        }
    }
}
