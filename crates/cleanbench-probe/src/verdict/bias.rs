//! Bias as several sources measure it.
//!
//! A bound may be too high and not too low: of several measurements the largest counts. But a larger bound may be the
//! wider one, and a smaller one the nearer to the difference: whether a difference is beyond the bias is tested against
//! each of them, see [`super::measured`].
//!
//! Invariant: where one source rests on items enough, no other that does not has a say; since tables 9 it may excuse, where
//! it shows a bias or says too little.

use cleanbench_core::probe::{Bias, BiasSource, Finding, Values};

use super::measured::{MEASURED, bias, is_silent, values};

/// Models that it takes to measure bias: one alone may be one that happens to guess in both arms alike.
pub const FEWEST_REFERENCES: usize = 2;

/// The biases of hits that `findings` show, each of a model that cannot have seen the items; none of too few models.
pub fn of_references(findings: &[&Finding]) -> Vec<Bias> {
    let all = findings.iter();
    of_enough(all.filter_map(|one| bias(one, BiasSource::References)))
}

/// The same of what was measured beside hits, as superiorities.
pub fn of_references_measures(findings: &[&Finding]) -> Vec<Bias> {
    let all = findings.iter().filter(|one| !is_silent(one));
    of_enough(all.filter_map(|one| values::bias(one, BiasSource::References)))
}

/// All of them where they are of models enough, each on the fewest items.
fn of_enough(all: impl Iterator<Item = Bias>) -> Vec<Bias> {
    let all: Vec<_> = all.collect();
    match all.iter().map(|one| one.items).min() {
        Some(items) if all.len() >= FEWEST_REFERENCES => {
            let all = all.into_iter();
            all.map(|one| Bias { items, ..one }).collect()
        }
        _ => Vec::new(),
    }
}

/// Adds measurements as [`add`] does, and keeps what rests on too few items beside what does not.
pub fn add_and_keep(finding: &mut Finding, of_hits: &[Bias], of_measures: &[Bias]) {
    let few = |bias: &Bias| bias.items < MEASURED;
    let hits: Vec<_> = finding.biases().filter(few).collect();
    let values = finding.values.iter().flat_map(Values::biases);
    let values: Vec<_> = values.filter(few).collect();
    add(finding, of_hits, of_measures);
    let is_measured = |bias: Option<Bias>| bias.is_some_and(|bias| !few(&bias));
    if is_measured(finding.bias) {
        finding.further_biases.extend(hits);
    }
    if let Some(measures) = finding.values.as_mut().filter(|one| is_measured(one.bias)) {
        measures.further_biases.extend(values);
    }
}

/// Adds measurements of the bias of hits, and of that of measures, to those of `finding`.
pub fn add(finding: &mut Finding, of_hits: &[Bias], of_measures: &[Bias]) {
    let all = Biases::of(finding.biases().chain(of_hits.iter().copied()));
    finding.bias = all.largest;
    finding.further_biases = all.further;
    if let Some(values) = &mut finding.values {
        let all = Biases::of(values.biases().chain(of_measures.iter().copied()));
        values.bias = all.largest;
        values.further_biases = all.further;
    }
}

/// Measurements of one bias.
struct Biases {
    largest: Option<Bias>,
    /// The others that rest on items enough, the larger first.
    further: Vec<Bias>,
}

impl Biases {
    fn of(all: impl Iterator<Item = Bias>) -> Self {
        let all: Vec<_> = all.collect();
        let enough = all.iter().filter(|one| one.items >= MEASURED);
        let enough: Vec<_> = enough.copied().collect();
        let is_measured = !enough.is_empty();
        let mut counting = if is_measured { enough } else { all };
        counting.sort_by(|one, other| other.upper.total_cmp(&one.upper));
        let mut counting = counting.into_iter();
        Self {
            largest: counting.next(),
            further: counting.filter(|_| is_measured).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::{ArmCount, ControlKind, ProbeForm, ValueContrast};

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
                further_biases: Vec::new(),
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
        let biases = of_references(&[&low, &high]);
        let alone = super::bias(&high, BiasSource::References).unwrap();
        let mut finding = high.clone();
        add(
            &mut finding,
            &biases,
            &of_references_measures(&[&low, &high]),
        );
        let bias = finding.bias.unwrap();
        assert_eq!(
            (bias.upper, bias.source),
            (alone.upper, BiasSource::References)
        );
        assert_eq!(bias.items, 190);
        assert_eq!(finding.further_biases.len(), 1);
        let of_measures = finding.values.unwrap();
        assert!((of_measures.bias.unwrap().upper - 0.65).abs() < 1e-12);
        assert!((of_measures.further_biases[0].upper - 0.56).abs() < 1e-12);
    }

    #[test]
    fn one_reference_measures_nothing_and_neither_does_a_silent_one() {
        let one = pairs([10, 12, 10, 168], 0.5);
        assert_eq!(of_references(&[&one]), []);
        assert_eq!(of_references_measures(&[&one]), []);
        let mut silent = one.clone();
        silent.suspects.invalid = 40;
        assert_eq!(of_references(&[&one, &silent]), []);
        assert_eq!(of_references_measures(&[&one, &silent]), []);
    }

    #[test]
    fn the_larger_of_two_sources_rules_if_it_rests_on_items_enough() {
        let never_sent = measured(0.08, 60, BiasSource::NeverSent);
        let references = measured(0.12, 190, BiasSource::References);
        let few = measured(0.3, 49, BiasSource::References);
        for (own, others, expected, further) in [
            (
                Some(never_sent),
                &[references][..],
                Some(references),
                &[never_sent][..],
            ),
            (
                Some(references),
                &[never_sent],
                Some(references),
                &[never_sent],
            ),
            (Some(never_sent), &[few], Some(never_sent), &[]),
            (Some(few), &[never_sent], Some(never_sent), &[]),
            (Some(few), &[few], Some(few), &[]),
            (None, &[references], Some(references), &[]),
            (Some(never_sent), &[], Some(never_sent), &[]),
            (None, &[], None, &[]),
        ] {
            let mut finding = pairs([10, 12, 10, 168], 0.5);
            finding.bias = own;
            add(&mut finding, others, &[]);
            assert_eq!(finding.bias, expected, "{own:?} {others:?}");
            assert_eq!(finding.further_biases, further, "{own:?} {others:?}");
        }
    }
}
