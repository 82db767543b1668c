//! A probe put to items once, and judged for many models.
//!
//! What the items decide (the calls, what is left out, which items hang together) is found once; it takes far longer
//! than judging the answers of a model. For simulations, where thousands of models answer the same calls.
//!
//! Invariant: a class that rests on these findings is the one that rests on those of [`Probe::judge`]. Examples and the
//! smallest effect that would have been seen are left out, on which no class hangs, and a p-value of permutations that
//! is above .05 is 1: Holm's method gives the same classes.
//!
//! It refuses probes of several steps, those of the first protocol, and items of which nothing can be asked.

use cleanbench_core::Probe;
use cleanbench_core::probe::{Finding, ProbeCall, ProbeContext, Seen, Step};

use crate::compared::{Compared, Hanging, Wanted};
use crate::registry::{self, BuildError, Order};

/// A probe with the calls that its items give.
#[derive(Debug)]
pub struct Design {
    probe: Box<dyn Probe>,
    /// What is found where nothing was answered.
    unanswered: Finding,
    calls: Vec<ProbeCall>,
    hanging: Hanging,
}

impl Design {
    /// The probe that `order` names, put to the items of `context`; `None` where it cannot be judged this way.
    ///
    /// # Errors
    /// When there is no such probe, see [`registry::build`].
    pub fn new(order: &Order<'_>, context: &ProbeContext<'_>) -> Result<Option<Self>, BuildError> {
        let probe = registry::build(order)?;
        let is_later = order.protocol.number() > 1;
        let calls = match probe.next(context, &[]) {
            Step::Calls(calls) if is_later && probe.later_steps().is_none() => calls,
            _ => return Ok(None),
        };
        Ok(Some(Self {
            unanswered: probe.judge(context, &calls, &[]),
            hanging: Hanging::of(context),
            calls,
            probe,
        }))
    }

    /// The probe.
    pub fn probe(&self) -> &dyn Probe {
        &*self.probe
    }

    /// The calls, in plan order.
    pub fn calls(&self) -> &[ProbeCall] {
        &self.calls
    }

    /// What is found where the calls ended as `seen`, in their order.
    pub fn judge(&self, seen: &[Seen]) -> Finding {
        self.found(seen, Wanted::Class)
    }

    /// The same for what measures a bias, which has no use for a p-value.
    pub fn measure(&self, seen: &[Seen]) -> Finding {
        self.found(seen, Wanted::Bias)
    }

    fn found(&self, seen: &[Seen], wanted: Wanted) -> Finding {
        let mut finding = self.unanswered.clone();
        let form = self.probe.form();
        let compared = Compared::of(&self.hanging, form, &self.calls, seen);
        compared.only(wanted).tell(&mut finding);
        finding
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Outcome;
    use cleanbench_core::probe::{Contrast, ControlKind, ProbeForm};

    use super::*;
    use crate::answer::invalid;
    use crate::protocol::Protocol;
    use crate::recall::scored;
    use crate::testing::usable;

    fn order(name: &str, form: ProbeForm, protocol: Protocol) -> Order<'_> {
        Order {
            name,
            form,
            prompt: None,
            protocol,
        }
    }

    /// Hits, misses, refusals and answers that are missing, in both arms.
    fn answers(calls: usize) -> Vec<Seen> {
        let answer = |place: usize| match place * 7 % 11 {
            0 | 3 => Seen::answered(scored(true)),
            5 => Seen::answered(invalid("declined")),
            8 => Seen::ended(Outcome::Exhausted, None),
            _ => Seen::answered(scored(false)),
        };
        (0..calls).map(answer).collect()
    }

    /// What [`Probe::judge`] finds, without what a design leaves out.
    fn judged(design: &Design, context: &ProbeContext<'_>, seen: &[Seen]) -> Finding {
        let without = |contrast: Contrast| Contrast {
            smallest_detectable: None,
            p: match contrast.test.as_str() {
                "permutation of families" if contrast.p > 0.05 => 1.0,
                _ => contrast.p,
            },
            ..contrast
        };
        let finding = design.probe().judge(context, design.calls(), seen);
        assert!(!finding.examples.is_empty());
        Finding {
            contrast: finding.contrast.map(without),
            at_worst: finding.at_worst.map(without),
            examples: Vec::new(),
            ..finding
        }
    }

    #[test]
    fn a_design_finds_what_the_probe_finds() {
        let items = |from: usize| {
            let mut items: Vec<_> = (from..from + 60).map(usable).collect();
            for (number, item) in items.iter_mut().enumerate() {
                item.sample.cluster = (number % 3 == 0).then(|| format!("c{}", number / 9));
            }
            items
        };
        let [suspects, controls] = [items(0), items(60)];
        for kind in [ControlKind::Rewording, ControlKind::Sibling] {
            let context = ProbeContext {
                suspects: &suspects,
                controls: &controls,
                kind,
                seed: 3,
            };
            for name in ["completion", "ts-guessing", "forced-likelihood"] {
                let order = order(name, ProbeForm::Raw, Protocol::Second(|_| false));
                let design = Design::new(&order, &context).unwrap().unwrap();
                let seen = answers(design.calls().len());
                let found = design.judge(&seen);
                assert_eq!(found, judged(&design, &context, &seen), "{name} {kind:?}");
                let bounds = |finding: &Finding| {
                    let contrast = finding.contrast.clone().unwrap();
                    (contrast.effect, contrast.low, contrast.high)
                };
                assert_eq!(bounds(&design.measure(&seen)), bounds(&found), "{name}");
                assert!(
                    found.families.is_some() && found.at_worst.is_some(),
                    "{name}"
                );
                assert!(found.contrast.is_some(), "{name}");
            }
        }
    }

    #[test]
    fn what_a_design_cannot_judge_is_none() {
        let items = [usable(0), usable(1)];
        let context = ProbeContext {
            suspects: &items,
            controls: &items,
            kind: ControlKind::Rewording,
            seed: 3,
        };
        for (name, protocol) in [
            ("completion", Protocol::First),
            ("completion-second-cut", Protocol::Second(|_| false)),
        ] {
            let order = order(name, ProbeForm::Raw, protocol);
            assert!(Design::new(&order, &context).unwrap().is_none(), "{name}");
        }
        let order = order("no-such", ProbeForm::Raw, Protocol::First);
        assert!(Design::new(&order, &context).is_err());
    }
}
