//! A probe put to items once, and judged for many models.
//!
//! What the items decide (the calls, what is left out, which items hang together) is found once; it takes far longer
//! than judging the answers of a model. For simulations, where thousands of models answer the same calls.
//!
//! Invariant: a class that rests on these findings is the one that rests on those of [`Probe::judge`]. Examples and the
//! smallest effect that would have been seen are left out, on which no class hangs, and a p-value of permutations that
//! is above .05 is 1: Holm's method gives the same classes.
//!
//! It refuses probes of several steps, but for those that stop early, those of the first protocol, and items of which
//! nothing can be asked.

use cleanbench_core::Probe;
use cleanbench_core::probe::{Finding, ProbeCall, ProbeContext, Seen, Step};

use crate::compared::{Compared, Hanging, Wanted};
use crate::looks::{Looks, Made};
use crate::registry::{self, BuildError, Order, can_stop};
use crate::spending::Spending;

/// A probe with the calls that its items give.
#[derive(Debug)]
pub struct Design {
    probe: Box<dyn Probe>,
    /// What is found where nothing was answered.
    unanswered: Finding,
    calls: Vec<ProbeCall>,
    hanging: Hanging,
    /// What it looks at before it goes on; `None` where it asks everything at once.
    looks: Option<Looks>,
}

impl Design {
    /// The probe that `order` names, put to the items of `context`; `None` where it cannot be judged this way.
    ///
    /// # Errors
    /// When there is no such probe, see [`registry::build`].
    pub fn new(order: &Order<'_>, context: &ProbeContext<'_>) -> Result<Option<Self>, BuildError> {
        let probe = registry::build(&Order {
            early_stop: false,
            ..*order
        })?;
        let is_later = order.protocol.number() > 1;
        let calls = match probe.next(context, &[]) {
            Step::Calls(calls) if is_later && probe.later_steps().is_none() => calls,
            _ => return Ok(None),
        };
        let hanging = Hanging::of(context);
        Ok(Some(Self {
            looks: (order.early_stop && can_stop(order.name))
                .then(|| Looks::of(context, &hanging, &calls)),
            unanswered: probe.judge(context, &calls, &[]),
            hanging,
            calls,
            probe,
        }))
    }

    /// The probe.
    pub fn probe(&self) -> &dyn Probe {
        &*self.probe
    }

    /// The calls that can be made, in plan order.
    pub fn calls(&self) -> &[ProbeCall] {
        &self.calls
    }

    /// What is found where all calls ended as `seen`, in their order.
    pub fn judge(&self, seen: &[Seen]) -> Finding {
        self.found(&self.calls, seen, Wanted::Class, Spending::ALL)
    }

    /// The same for what measures a bias, which has no use for a p-value.
    pub fn measure(&self, seen: &[Seen]) -> Finding {
        self.found(&self.calls, seen, Wanted::Bias, Spending::ALL)
    }

    /// How many looks there are.
    pub fn looks(&self) -> usize {
        self.looks.as_ref().map_or(1, Looks::count)
    }

    /// The look, from 0, at which it stops where calls end as `seen`.
    pub fn stops_at(&self, seen: &[Seen]) -> usize {
        let Some(looks) = &self.looks else {
            return 0;
        };
        let is_over = |place: &usize| {
            let (calls, seen) = self.seen_at(*place, seen);
            let made = Made {
                calls: &calls,
                seen: &seen,
            };
            looks.is_last(*place) || looks.is_clear(*place, &self.hanging, self.probe.form(), made)
        };
        (0..looks.count()).find(is_over).unwrap_or(0)
    }

    /// How many calls are made by the look at `place`, from 0.
    pub fn calls_by(&self, place: usize) -> usize {
        self.seen_at(place, &[]).0.len()
    }

    /// What is found at the look at `place`, from 0, where calls end as `seen`.
    pub fn judge_at(&self, place: usize, seen: &[Seen]) -> Finding {
        let Some(look) = self.looks.as_ref().and_then(|looks| looks.at(place)) else {
            return self.judge(seen);
        };
        let (calls, seen) = self.seen_at(place, seen);
        self.found(&calls, &seen, Wanted::Class, Spending(Some(look)))
    }

    /// The calls that are made by the look at `place`, and how they ended, as far as `seen` says.
    fn seen_at(&self, place: usize, seen: &[Seen]) -> (Vec<ProbeCall>, Vec<Seen>) {
        let made: Vec<_> = match &self.looks {
            Some(looks) => (0..=place).flat_map(|look| looks.made_for(look)).collect(),
            None => (0..self.calls.len()).collect(),
        };
        let calls = made.iter().map(|call| self.calls[*call].clone());
        let seen = made.iter().filter_map(|call| seen.get(*call).cloned());
        (calls.collect(), seen.collect())
    }

    fn found(
        &self,
        calls: &[ProbeCall],
        seen: &[Seen],
        wanted: Wanted,
        spending: Spending,
    ) -> Finding {
        let mut finding = self.unanswered.clone();
        finding.look = spending.0;
        let form = self.probe.form();
        let compared = Compared::of(&self.hanging, form, calls, seen);
        compared.only(wanted).spending(spending).tell(&mut finding);
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
            early_stop: false,
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
                published: None,
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
            published: None,
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
