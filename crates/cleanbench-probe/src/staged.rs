//! A probe that asks about new items only as long as no leak is clear.
//!
//! It looks at the answers about a part of the items, and asks about the rest only where these leave anything open. What
//! it finds is what the probe that it puts finds at that look, which spends its own share of the error rate alone.
//!
//! Invariant: whether it goes on is a pure function of its own answers, so a run that is resumed, and whoever verifies
//! it, come to the same; nothing that is known besides (bias, references) has a say. It never stops because nothing was
//! found: silence takes all items.
//!
//! It refuses nothing: where there are too few items for an early look, all are asked at once.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{Finding, ProbeCall, ProbeContext, ProbeForm, Seen, Step, StepScope};
use cleanbench_core::{Completion, Probe};

use crate::compared::Hanging;
use crate::looks::{Looks, Made};
use crate::recall::{Put, Recall};
use crate::spending::{NOT_NEEDED, NOT_REACHED, Spending};

/// A way of asking that stops early, as a probe.
#[derive(Debug)]
pub(crate) struct Staged<R> {
    pub(crate) put: Put<R>,
}

impl<R: Recall> Staged<R> {
    /// Whether nothing more is asked once the look at `place` has seen what was `made`.
    fn is_over(&self, looks: &Looks, place: usize, hanging: &Hanging, made: Made<'_>) -> bool {
        looks.is_last(place) || looks.is_clear(place, hanging, self.put.form, made)
    }
}

impl<R: Recall> Probe for Staged<R> {
    fn id(&self) -> &'static str {
        self.put.id()
    }

    fn form(&self) -> ProbeForm {
        self.put.form
    }

    fn version(&self) -> u32 {
        self.put.version()
    }

    fn later_steps(&self) -> Option<StepScope> {
        Some(StepScope::Global)
    }

    fn next(&self, context: &ProbeContext<'_>, seen: &[Seen]) -> Step {
        let all = self.put.plan(context).calls;
        let hanging = Hanging::of(context);
        let looks = Looks::of(context, &hanging, &all);
        let made_for = |place| -> Vec<ProbeCall> {
            looks
                .made_for(place)
                .map(|call| all[call].clone())
                .collect()
        };
        let calls = if seen.is_empty() {
            made_for(0)
        } else if let Some(place) = looks.with(seen.len()) {
            let calls: Vec<_> = (0..=place).flat_map(made_for).collect();
            let made = Made {
                calls: &calls,
                seen,
            };
            if self.is_over(&looks, place, &hanging, made) {
                Vec::new()
            } else {
                made_for(place + 1)
            }
        } else {
            Vec::new()
        };
        if calls.is_empty() {
            Step::Done
        } else {
            Step::Calls(calls)
        }
    }

    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
        self.put.score(call, completion)
    }

    fn judge(&self, context: &ProbeContext<'_>, calls: &[ProbeCall], seen: &[Seen]) -> Finding {
        let mut planned = self.put.plan(context);
        let hanging = Hanging::of(context);
        let looks = Looks::of(context, &hanging, &planned.calls);
        let place = looks.reached(&planned.calls, calls);
        let not_asked = planned.calls.len() - calls.len().min(planned.calls.len());
        if not_asked > 0 {
            // What references take out of the test later had no say in whether it went on.
            let own: Vec<_> = seen.iter().cloned().map(Seen::left_in).collect();
            let made = Made { calls, seen: &own };
            let reason = if self.is_over(&looks, place, &hanging, made) {
                NOT_NEEDED
            } else {
                NOT_REACHED
            };
            planned.filters.insert(reason.to_owned(), not_asked as u64);
        }
        let spending = Spending(looks.at(place));
        self.put.found(context, planned, calls, seen, spending)
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::{Arm, Bias, BiasSource, ControlKind, Look, ProbeItem};

    use super::*;
    use crate::Class;
    use crate::protocol::Protocol;
    use crate::recall::scored;
    use crate::registry::testing::order;
    use crate::registry::{Order, build};
    use crate::testing::usable;
    use crate::verdict::measured::{Grounds, verdict};

    fn probe(name: &str, early_stop: bool) -> Box<dyn Probe> {
        build(&Order {
            protocol: Protocol::Third(|_| false),
            early_stop,
            ..order(name, ProbeForm::Raw)
        })
        .unwrap()
    }

    /// A hundred items with rewordings.
    struct Scene {
        suspects: Vec<ProbeItem>,
        controls: Vec<ProbeItem>,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                suspects: (0..100).map(usable).collect(),
                controls: (100..200).map(usable).collect(),
            }
        }

        fn context(&self) -> ProbeContext<'_> {
            ProbeContext {
                suspects: &self.suspects,
                controls: &self.controls,
                kind: ControlKind::Rewording,
                seed: 4,
                published: None,
            }
        }

        /// All steps of `probe` at a model that answers like this: their calls, and how these ended.
        fn asked(&self, probe: &dyn Probe, answer: impl Fn(&ProbeCall) -> bool) -> Asked {
            let mut asked = Asked::default();
            while let Step::Calls(calls) = probe.next(&self.context(), &asked.seen) {
                let seen = calls
                    .iter()
                    .map(|call| Seen::answered(scored(answer(call))));
                asked.seen.extend(seen);
                asked.calls.extend(calls);
                asked.steps += 1;
            }
            asked
        }

        fn judged(&self, probe: &dyn Probe, asked: &Asked) -> Finding {
            probe.judge(&self.context(), &asked.calls, &asked.seen)
        }
    }

    #[derive(Default)]
    struct Asked {
        calls: Vec<ProbeCall>,
        seen: Vec<Seen>,
        steps: usize,
    }

    fn knows(call: &ProbeCall) -> bool {
        call.arm == Arm::Suspect
    }

    #[test]
    fn a_clear_leak_is_asked_a_quarter_and_nothing_all() {
        let scene = Scene::new();
        let stops = probe("completion", true);
        let leaked = scene.asked(&*stops, knows);
        assert_eq!((leaked.calls.len(), leaked.steps), (50, 1));
        let found = scene.judged(&*stops, &leaked);
        let look = found.look.unwrap();
        assert_eq!(
            (look.number, look.of, look.asked, look.items),
            (1, 3, 50, 200)
        );
        assert_eq!((found.suspects.valid, found.suspects.hits), (25, 25));
        assert_eq!((found.suspects.filtered, found.suspects.missing), (75, 0));
        assert_eq!(found.filters[NOT_NEEDED], 150);
        let contrast = found.contrast.unwrap();
        assert!(contrast.p < 1e-6 && contrast.low > 0.3, "{contrast:?}");

        let clean = scene.asked(&*stops, |_| false);
        assert_eq!((clean.calls.len(), clean.steps), (200, 3));
        let found = scene.judged(&*stops, &clean);
        assert!(found.look.unwrap().is_last() && found.filters.is_empty());
        assert_eq!(found.suspects.valid, 100);
    }

    #[test]
    fn it_asks_what_the_whole_probe_asks_and_finds_the_same_but_for_what_it_spends() {
        let scene = Scene::new();
        let [whole, stops] = [false, true].map(|early_stop| probe("ts-guessing", early_stop));
        let answer = |call: &ProbeCall| call.arm == Arm::Suspect && call.item.is_multiple_of(5);
        let [all, looked] = [&whole, &stops].map(|probe| scene.asked(&**probe, answer));
        assert_eq!((all.steps, looked.steps), (1, 3));
        let about = |asked: &Asked| {
            let mut about: Vec<_> = asked.calls.iter().map(|call| format!("{call:?}")).collect();
            about.sort();
            about
        };
        assert_eq!(about(&all), about(&looked));
        let [one, other] = [scene.judged(&*whole, &all), scene.judged(&*stops, &looked)];
        assert_eq!(
            (one.suspects, one.controls),
            (other.suspects, other.controls)
        );
        let [one, other] = [one, other].map(|finding| finding.contrast.unwrap());
        assert_eq!(one.effect.to_bits(), other.effect.to_bits());
        assert!((other.p / one.p - 1.25).abs() < 1e-9, "a weight of .8");
        assert!(other.low < one.low && one.high < other.high);
    }

    #[test]
    fn what_references_take_out_does_not_change_why_it_stopped() {
        let scene = Scene::new();
        let stops = probe("completion", true);
        let mut leaked = scene.asked(&*stops, knows);
        for seen in &mut leaked.seen {
            seen.left_out = Some(crate::beside::GUESSED);
        }
        let found = scene.judged(&*stops, &leaked);
        assert!(found.contrast.is_none() && found.filters.contains_key(NOT_NEEDED));
        // A run that ended after its first step, at a model that shows nothing.
        let Step::Calls(first) = stops.next(&scene.context(), &[]) else {
            panic!("it asks nothing");
        };
        let seen = vec![Seen::answered(scored(false)); first.len()];
        let found = stops.judge(&scene.context(), &first, &seen);
        assert_eq!(found.filters[NOT_REACHED], 150);
    }

    /// What was found where probes stopped is told with how far they came, and rules nothing out.
    #[test]
    fn only_a_probe_that_asked_everything_rules_anything_out() {
        let items = |from: usize| (from..from + 120).map(usable).collect();
        let scene = Scene {
            suspects: items(0),
            controls: items(120),
        };
        let stops = probe("completion", true);
        let passed = Grounds {
            complies: Some(true),
            remembers: Some(true),
        };
        let judged = |finding: Finding| verdict(&[finding], &[(ProbeForm::Raw, passed)].into());
        let clean = scene.judged(&*stops, &scene.asked(&*stops, |_| false));
        assert_eq!(judged(clean.clone()).class, Class::NoEvidence);
        let look = clean.look.map(|look| Look { number: 1, ..look });
        let early = judged(Finding { look, ..clean });
        assert_eq!(early.class, Class::Underpowered);
        let told = "nothing is ruled out before all are asked";
        assert!(early.reasons[0].contains(told), "{:?}", early.reasons);
        let mut leaked = scene.judged(&*stops, &scene.asked(&*stops, knows));
        leaked.bias = Some(Bias {
            upper: 0.05,
            effect: Some(0.01),
            upper_of_valid: None,
            items: 100,
            source: BiasSource::NeverSent,
        });
        let found = judged(leaked);
        assert_eq!(found.class, Class::Strong, "{:?}", found.reasons);
        let told = "; stopped after 60 of 240 items: the leak was clear";
        assert!(found.reasons[0].contains(told), "{:?}", found.reasons);
    }

    #[test]
    fn likelihoods_and_earlier_protocols_stop_nowhere() {
        for name in ["forced-likelihood", "option-order", "completion-second-cut"] {
            let order = Order {
                protocol: Protocol::Third(|_| false),
                early_stop: true,
                ..order(name, ProbeForm::Raw)
            };
            let later = build(&order).unwrap().later_steps();
            assert_ne!(later, Some(StepScope::Global), "{name}");
        }
        let first = build(&Order {
            early_stop: true,
            ..order("completion", ProbeForm::Raw)
        });
        assert_eq!(first.unwrap().later_steps(), None);
    }
}
