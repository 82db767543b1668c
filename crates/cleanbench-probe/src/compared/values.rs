//! The measures of the arms compared, on the items whose hits are.
//!
//! Of pairs both answers must have a measure, else neither counts. A measure without end, of a text that a model thinks
//! impossible, has a rank and no value: it is a step below or above all that have one. At worst, an answer of a suspect that
//! says nothing is a step below all measures on record, and one of a control a step above; at most, it is the other way round.
//!
//! Invariant: no item is in this comparison that is not in that of hits. It refuses to compare where no answer has a
//! measure.

use cleanbench_core::probe::{Arm, ProbeCall, Seen, ValueContrast, Values};
use cleanbench_stats::superiority::{self, Pair, Superiority, Value};

use super::{ArmShown, Compared, Shown};
use crate::measure::is_endless;

/// By how much what says nothing is beyond all measures, which are rounded to as much.
const STEP: f64 = 1e-6;

/// For each of `items` items of an arm the measure of its answer.
pub(super) fn measures(
    arm: Arm,
    items: usize,
    calls: &[ProbeCall],
    seen: &[Seen],
) -> Vec<Option<f64>> {
    let mut measures = vec![None; items];
    let calls = calls.iter().zip(seen).filter(|(call, _)| call.arm == arm);
    for (call, seen) in calls {
        if let Some(measure) = measures.get_mut(call.item) {
            *measure = seen.score.as_ref().and_then(|score| score.measure);
        }
    }
    measures
}

/// Gives a value to every measure without end, in both arms: a step below or above all that have one.
pub(super) fn give_ends(suspects: &mut ArmShown, controls: &mut ArmShown) {
    let all = || suspects.measures.iter().chain(&controls.measures).flatten();
    if !all().copied().any(is_endless) {
        return;
    }
    let with_value = || all().copied().filter(|one| !is_endless(*one));
    let lowest = with_value().reduce(f64::min).unwrap_or(0.0) - STEP;
    let highest = with_value().reduce(f64::max).unwrap_or(0.0) + STEP;
    let all = suspects.measures.iter_mut().chain(&mut controls.measures);
    for measure in all.flatten() {
        *measure = measure.clamp(lowest, highest);
    }
}

/// What stands for an answer that says nothing, of suspects and of controls; `None` where it does not count.
#[derive(Clone, Copy)]
struct Silent {
    suspects: Option<f64>,
    controls: Option<f64>,
}

impl ArmShown {
    /// The measure of the item at `place`; `silent` of an answer that says nothing.
    fn measured(&self, place: usize, silent: Option<f64>) -> Option<f64> {
        match self.items.get(place).copied().flatten()? {
            Shown::Restored | Shown::Not => self.measures.get(place).copied().flatten(),
            Shown::Invalid => silent,
            Shown::Missing => None,
        }
    }

    fn values(&self, silent: Option<f64>) -> Vec<Value> {
        let families = self.families.iter().enumerate();
        let values = families.filter_map(|(place, family)| {
            Some(Value {
                value: self.measured(place, silent)?,
                family: *family,
            })
        });
        values.collect()
    }
}

impl Compared {
    /// The arms' measures; `None` where there is nothing to compare.
    pub(super) fn values(&self) -> Option<Values> {
        let left_out = Silent {
            suspects: None,
            controls: None,
        };
        let contrast = self.contrast_of_values(left_out)?;
        let beyond = self.beyond_all().filter(|_| !self.invalid.is_empty());
        let silent = |suspects, controls| {
            self.contrast_of_values(Silent {
                suspects: Some(suspects),
                controls: Some(controls),
            })
        };
        let at_worst = beyond.and_then(|[lowest, highest]| silent(lowest, highest));
        let at_most = beyond.and_then(|[lowest, highest]| silent(highest, lowest));
        Some(Values {
            contrast,
            at_worst,
            upper_at_most: at_most.map(|contrast| contrast.upper),
            bias: None,
            further_biases: Vec::new(),
        })
    }

    /// A step below all measures on record and a step above.
    fn beyond_all(&self) -> Option<[f64; 2]> {
        let arms = [&self.suspects, &self.controls];
        let all = || arms.iter().flat_map(|arm| arm.values(None));
        let lowest = all().map(|one| one.value).reduce(f64::min)?;
        let highest = all().map(|one| one.value).reduce(f64::max)?;
        Some([lowest - STEP, highest + STEP])
    }

    fn contrast_of_values(&self, silent: Silent) -> Option<ValueContrast> {
        let [most, alpha] = [self.wanted.most(), self.spending.alpha()];
        if !self.is_paired {
            let suspects = self.suspects.values(silent.suspects);
            let controls = self.controls.values(silent.controls);
            let found = superiority::unpaired_at(&suspects, &controls, most, alpha)?;
            return Some(self.spending.of_values(contrast(&found)));
        }
        let pairs = self.pair_families().into_iter().enumerate();
        let pairs = pairs.filter_map(|(place, family)| {
            Some(Pair {
                first: self.suspects.measured(place, silent.suspects)?,
                second: self.controls.measured(place, silent.controls)?,
                family,
            })
        });
        let found = superiority::paired_at(&pairs.collect::<Vec<_>>(), most, alpha)?;
        Some(self.spending.of_values(contrast(&found)))
    }
}

fn contrast(found: &Superiority) -> ValueContrast {
    ValueContrast {
        superiority: found.estimate,
        low: found.low,
        high: found.high,
        upper: found.upper,
        items: found.families,
        interval: found.interval.to_owned(),
        p: found.p,
        test: found.test.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::event::RecordedScore;
    use cleanbench_core::probe::{ControlKind, ProbeContext, ProbeForm};

    use super::*;
    use crate::answer::invalid;
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

    /// An answer with a measure; `None` says nothing.
    fn answer(measure: Option<f64>) -> Seen {
        let said = |measure| RecordedScore {
            measure: Some(measure),
            ..RecordedScore::of(0.0)
        };
        Seen::answered(measure.map_or_else(|| invalid("declined"), said))
    }

    /// The arms with these measures, in `kind`.
    fn compared(
        kind: ControlKind,
        suspects: &[Option<f64>],
        controls: &[Option<f64>],
    ) -> Option<Values> {
        let most = suspects.len().max(controls.len());
        let items: Vec<_> = (0..2 * most).map(usable).collect();
        let context = ProbeContext {
            suspects: &items[..suspects.len()],
            controls: &items[most..most + controls.len()],
            kind,
            seed: 0,
            published: None,
        };
        let arm = |arm, count| (0..count).map(move |item| call(arm, item));
        let calls = arm(Arm::Suspect, suspects.len()).chain(arm(Arm::Control, controls.len()));
        let calls: Vec<_> = calls.collect();
        let seen: Vec<_> = suspects
            .iter()
            .chain(controls)
            .map(|measure| answer(*measure))
            .collect();
        Compared::new(&context, ProbeForm::Raw, &calls, &seen).values()
    }

    fn superiority(contrast: &ValueContrast) -> f64 {
        contrast.superiority
    }

    #[test]
    fn silence_is_the_worst_that_it_may_be() {
        let suspects = [Some(0.2), Some(0.6), None, Some(0.7), Some(0.4), Some(0.5)];
        let controls = [Some(0.1), None, Some(0.2), Some(0.3), Some(0.4), Some(0.5)];
        let found = compared(ControlKind::Rewording, &suspects, &controls).unwrap();
        // Of pairs 0, 3, 4 and 5: two won, two tied.
        assert!((superiority(&found.contrast) - 0.75).abs() < 1e-12);
        assert_eq!(found.contrast.items, 4);
        // At worst pairs 1 and 2 are lost.
        let worst = found.at_worst.unwrap();
        assert!((superiority(&worst) - 0.5).abs() < 1e-12, "{worst:?}");
        assert!(worst.p > found.contrast.p && worst.items == 6);
        // At most both are won.
        let most = found.upper_at_most.unwrap();
        assert!(most > found.contrast.superiority && most <= 1.0);
        let found = compared(ControlKind::Sibling, &suspects, &controls).unwrap();
        let [valid, worst] = [found.contrast, found.at_worst.unwrap()];
        assert!(superiority(&worst) < superiority(&valid));
        assert_eq!((valid.items, worst.items), (5, 6));
    }

    /// It is the lowest or the highest, however far it is from the others, and silence is beyond it.
    #[test]
    fn a_measure_without_end_has_a_rank() {
        let plain = [0.2, 0.6, 0.9, 0.7, 0.4, 0.5].map(Some);
        let controls = [0.1, 0.3, 0.2, 0.3, 0.4, 0.6].map(Some);
        for kind in [ControlKind::Rewording, ControlKind::Sibling] {
            let at = |place: usize, measure: f64| {
                let mut suspects = plain;
                suspects[place] = Some(measure);
                compared(kind, &suspects, &controls).unwrap().contrast
            };
            for (endless, near) in [(-1e300, 0.0), (1e300, 2.0)] {
                let [found, expected] = [at(3, endless), at(3, near)];
                assert!((superiority(&found) - superiority(&expected)).abs() < 1e-12);
                assert!((found.low - expected.low).abs() < 1e-12);
                assert!(found.p < 1.0 && found.items == 6, "{found:?}");
            }
        }
        let mut suspects = plain;
        (suspects[0], suspects[1]) = (Some(-1e300), None);
        let mut controls = controls;
        controls[5] = None;
        let found = compared(ControlKind::Sibling, &suspects, &controls).unwrap();
        let worst = found.at_worst.unwrap();
        // What is impossible is above the silence of a suspect and below everything else.
        assert!(superiority(&worst) < superiority(&found.contrast));
    }

    #[test]
    fn without_measures_there_is_nothing_to_compare() {
        let items: Vec<_> = (0..8).map(usable).collect();
        let context = ProbeContext {
            suspects: &items[..4],
            controls: &items[4..],
            kind: ControlKind::Rewording,
            seed: 0,
            published: None,
        };
        let calls: Vec<_> = (0..8)
            .map(|place| call([Arm::Suspect, Arm::Control][place / 4], place % 4))
            .collect();
        let seen = vec![Seen::answered(RecordedScore::of(0.0)); 8];
        let found = Compared::new(&context, ProbeForm::Raw, &calls, &seen);
        assert!(found.values().is_none() && found.contrast(super::super::LEFT_OUT).is_some());
        let all = [Some(0.2); 6];
        let found = compared(ControlKind::Rewording, &all, &all).unwrap();
        assert!(found.at_worst.is_none() && found.upper_at_most.is_none());
        assert!((superiority(&found.contrast) - 0.5).abs() < 1e-12);
    }
}
