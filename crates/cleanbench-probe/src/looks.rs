//! Looks at the answers of a probe that stops where a leak is clear: which items are asked by when, and what is clear.
//!
//! Items come in an order that their names and the seed of the probe draw, so that what a look sees is a random part of
//! all. A family is asked as a whole, and so is a pair.
//!
//! What is clear was found with a margin that nothing learnt later takes away: the bias of the controls and what
//! references restore are not known to a probe. So bounds and p-value are far beyond what a class takes, with silent
//! answers at their worst, and hardly an answer may be silent. Stopping itself needs no such caution to be valid, see
//! `spending.rs`.
//!
//! Invariant: which item belongs to which look depends on no answer and on no order of rows.
//!
//! It refuses to look early at fewer than [`FEWEST`] families of an arm: all are asked at once then.

use std::collections::BTreeMap;

use cleanbench_core::probe::{
    Arm, ArmCount, ControlKind, Finding, Look, ProbeCall, ProbeContext, ProbeForm, Seen,
};
use cleanbench_core::seed::derive;

use crate::beside::About;
use crate::compared::{Compared, Hanging, Wanted};
use crate::spending::Spending;

/// Shares of the items of an arm at which an early look stands.
const EARLY: [f64; 2] = [0.25, 0.5];
/// What an early look spends of the error rate. It takes little, so that a probe that does not stop loses little: a
/// clear leak passes at any level.
const WEIGHT: f64 = 0.1;
/// Fewest families of an arm at an early look.
pub const FEWEST: usize = 20;
/// The p-value of a clear leak over all looks, at most: sixteen tests of a family leave it below .01, and drawn
/// permutations, of which there are 19,999, reach it at an early look.
const CLEAR_P: f64 = 6e-4;
/// The lower bound of a clear leak: twice the largest bias of controls that the null grid simulates.
const CLEAR_LOW: f64 = 0.3;
/// Share of the answers of an arm that may be silent where a leak is clear.
const SILENT: f64 = 0.05;

/// The looks at the answers to some calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looks {
    /// For each call, in plan order, the place of the look before which it is made.
    of_call: Vec<usize>,
    count: usize,
}

/// Calls, and how they ended.
#[derive(Clone, Copy)]
pub(crate) struct Made<'a> {
    pub(crate) calls: &'a [ProbeCall],
    pub(crate) seen: &'a [Seen],
}

impl Looks {
    /// Those at `calls`, which are all that can be made in `context`, one an item, where items are `hanging` together.
    pub(crate) fn of(context: &ProbeContext<'_>, hanging: &Hanging, calls: &[ProbeCall]) -> Self {
        let hanging = hanging.clone().of_pairs();
        let turns = Turns::of(context, &hanging, calls);
        let mut cuts: Vec<Vec<usize>> = vec![vec![0; turns.len()]];
        for share in EARLY {
            let cut: Vec<_> = turns.iter().map(|arm| arm.until(share)).collect();
            let before = &cuts[cuts.len() - 1];
            let may_be = |(arm, turns): (usize, &Turns)| {
                let rest = cut[arm]..turns.families.len();
                cut[arm] >= FEWEST && cut[arm] > before[arm] && !rest.is_empty()
            };
            if turns.iter().enumerate().all(may_be) {
                cuts.push(cut);
            }
        }
        let mut look_of = BTreeMap::new();
        for (arm, turns) in turns.iter().enumerate() {
            for (turn, (family, _)) in turns.families.iter().enumerate() {
                let look = cuts[1..].iter().filter(|cut| cut[arm] <= turn).count();
                look_of.insert((arm, *family), look);
            }
        }
        let of = |call: &ProbeCall| {
            let arm = side(call.arm).min(turns.len() - 1);
            look_of.get(&(arm, hanging.family(call))).copied()
        };
        Self {
            of_call: calls.iter().map(|call| of(call).unwrap_or(0)).collect(),
            count: cuts.len(),
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether no other comes after the one at `place`.
    pub(crate) fn is_last(&self, place: usize) -> bool {
        place + 1 >= self.count
    }

    /// The one at `place`; `None` where it is the only one.
    pub(crate) fn at(&self, place: usize) -> Option<Look> {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let weight = if self.is_last(place) {
            1.0 - f64::from(number(self.count - 1)) * WEIGHT
        } else {
            WEIGHT
        };
        (self.count > 1).then(|| Look {
            number: number(place + 1),
            of: number(self.count),
            weight,
            asked: self.until(place) as u64,
            items: self.of_call.len() as u64,
        })
    }

    /// Places of the calls that are made for the look at `place` and were not made before.
    pub(crate) fn made_for(&self, place: usize) -> impl Iterator<Item = usize> {
        let all = self.of_call.iter().enumerate();
        all.filter_map(move |(call, look)| (*look == place).then_some(call))
    }

    /// The look that sees the answers to so many `calls`; `None` where none does.
    pub(crate) fn with(&self, calls: usize) -> Option<usize> {
        (0..self.count).find(|place| self.until(*place) == calls)
    }

    /// How many calls the look at `place` sees.
    fn until(&self, place: usize) -> usize {
        self.of_call.iter().filter(|look| **look <= place).count()
    }

    /// The look that the calls `made` reach, of `all` that can be made.
    pub(crate) fn reached(&self, all: &[ProbeCall], made: &[ProbeCall]) -> usize {
        let of: BTreeMap<_, _> = all.iter().map(About::of).zip(&self.of_call).collect();
        let reached = made.iter().filter_map(|call| of.get(&About::of(call)));
        reached.map(|look| **look).max().unwrap_or(0)
    }

    /// Whether a leak is clear at the look at `place`, which sees what was `made` of items as they are `hanging`
    /// together.
    pub(crate) fn is_clear(
        &self,
        place: usize,
        hanging: &Hanging,
        form: ProbeForm,
        made: Made<'_>,
    ) -> bool {
        let compared = Compared::of(hanging, form, made.calls, made.seen);
        let mut finding = Finding::new("", form, ControlKind::Sibling);
        compared
            .only(Wanted::Class)
            .spending(Spending(self.at(place)))
            .tell_hits(&mut finding);
        is_clear(&finding)
    }
}

fn is_clear(finding: &Finding) -> bool {
    let mut all = finding.contrast.iter().chain(&finding.at_worst);
    finding.contrast.is_some()
        && !is_silent(finding.suspects)
        && !is_silent(finding.controls)
        && all.all(|contrast| contrast.p <= CLEAR_P && contrast.low > CLEAR_LOW)
}

#[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
fn is_silent(arm: ArmCount) -> bool {
    let silent = arm.invalid + arm.missing;
    let asked = silent + arm.valid + arm.unpaired;
    silent as f64 > SILENT * asked as f64
}

/// The place of an arm in pairs of arms.
fn side(arm: Arm) -> usize {
    usize::from(arm == Arm::Control)
}

/// The families of an arm in the order in which they are asked, each with its calls; in pairs, of the suspects.
struct Turns {
    families: Vec<(usize, usize)>,
}

impl Turns {
    /// Of the arms, or of the pairs.
    fn of(context: &ProbeContext<'_>, hanging: &Hanging, calls: &[ProbeCall]) -> Vec<Self> {
        let arms = [
            (Arm::Suspect, context.suspects),
            (Arm::Control, context.controls),
        ];
        let apart = if context.kind.paired() { 1 } else { 2 };
        let of_arm = |(arm, items): &(Arm, &[cleanbench_core::probe::ProbeItem])| {
            let mut families: BTreeMap<usize, (u64, usize)> = BTreeMap::new();
            for call in calls.iter().filter(|call| call.arm == *arm) {
                let item = &items[call.item];
                let drawn = derive(context.seed, &item.task, &item.sample.id, "look");
                let (turn, size) = families.entry(hanging.family(call)).or_insert((drawn, 0));
                *turn = drawn.min(*turn);
                *size += 1;
            }
            let mut families: Vec<_> = families.into_iter().collect();
            families.sort_by_key(|(family, (turn, _))| (*turn, *family));
            let families = families.into_iter();
            Self {
                families: families.map(|(family, (_, size))| (family, size)).collect(),
            }
        };
        arms[..apart].iter().map(of_arm).collect()
    }

    /// How many families are at least a `share` of all calls.
    #[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
    fn until(&self, share: f64) -> usize {
        let all: usize = self.families.iter().map(|(_, size)| size).sum();
        let enough = share * all as f64;
        let mut asked = 0;
        let before = self.families.iter().take_while(|(_, size)| {
            let goes_on = (asked as f64) < enough;
            asked += size;
            goes_on
        });
        before.count()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cleanbench_core::event::RecordedScore;
    use cleanbench_core::probe::{Contrast, ProbeItem};
    use cleanbench_stats::random::Random;

    use super::*;
    use crate::answer::invalid;
    use crate::testing::usable;

    const FORM: ProbeForm = ProbeForm::Raw;

    /// So many items and controls, in families of `family`, and a call about each.
    struct Scene {
        suspects: Vec<ProbeItem>,
        controls: Vec<ProbeItem>,
        kind: ControlKind,
        calls: Vec<ProbeCall>,
    }

    impl Scene {
        fn new(items: usize, family: usize, kind: ControlKind) -> Self {
            let arm = |from: usize| -> Vec<_> {
                let item = |number: usize| {
                    let mut item = usable(from + number);
                    item.sample.cluster = Some(format!("c{}", number / family));
                    item
                };
                (0..items).map(item).collect()
            };
            let mut scene = Self {
                suspects: arm(0),
                controls: arm(items),
                kind,
                calls: Vec::new(),
            };
            scene.call();
            scene
        }

        fn call(&mut self) {
            let call = |arm, item| ProbeCall {
                arm,
                item,
                messages: Vec::new(),
                continuations: Vec::new(),
                max_tokens: 1,
                stop: Vec::new(),
                expected: String::new(),
                right: None,
            };
            let items = 0..self.suspects.len();
            let suspects = items.clone().map(|item| call(Arm::Suspect, item));
            let controls = items.map(|item| call(Arm::Control, item));
            self.calls = suspects.chain(controls).collect();
        }

        fn context(&self) -> ProbeContext<'_> {
            ProbeContext {
                suspects: &self.suspects,
                controls: &self.controls,
                kind: self.kind,
                seed: 4,
                published: None,
            }
        }

        fn looks(&self) -> Looks {
            Looks::of(&self.context(), &Hanging::of(&self.context()), &self.calls)
        }

        /// Names of the items that are asked for the look at `place`.
        fn names(&self, place: usize) -> BTreeSet<String> {
            let looks = self.looks();
            let called = looks.made_for(place).map(|call| &self.calls[call]);
            let name = |call: &ProbeCall| match call.arm {
                Arm::Suspect => call.name(&self.suspects[call.item]),
                Arm::Control => call.name(&self.controls[call.item]),
            };
            called.map(name).collect()
        }
    }

    fn sizes(items: usize, family: usize, kind: ControlKind) -> Vec<usize> {
        let looks = Scene::new(items, family, kind).looks();
        (0..looks.count()).map(|place| looks.until(place)).collect()
    }

    #[test]
    fn looks_stand_at_a_quarter_and_at_half_of_either_arm() {
        for kind in [ControlKind::Rewording, ControlKind::Sibling] {
            assert_eq!(sizes(200, 1, kind), [100, 200, 400], "{kind:?}");
            assert_eq!(sizes(240, 3, kind), [120, 240, 480], "{kind:?}");
            assert_eq!(sizes(60, 1, kind), [60, 120], "a quarter is too few");
            assert_eq!(sizes(200, 8, kind), [400], "too few families");
            assert_eq!(sizes(0, 1, kind), [0]);
        }
    }

    #[test]
    fn weights_add_up_to_one() {
        for items in [200, 60, 20] {
            let looks = Scene::new(items, 1, ControlKind::Sibling).looks();
            let weights = (0..looks.count()).map(|place| looks.at(place));
            let sum: f64 = weights
                .map(|look| look.map_or(1.0, |look| look.weight))
                .sum();
            assert!((sum - 1.0).abs() < 1e-12, "{items}");
        }
        assert_eq!(Scene::new(20, 1, ControlKind::Sibling).looks().at(0), None);
    }

    #[test]
    fn families_and_pairs_are_asked_as_wholes_whatever_the_order_of_rows() {
        for kind in [ControlKind::Rewording, ControlKind::Sibling] {
            let mut scene = Scene::new(240, 3, kind);
            let before: Vec<_> = (0..3).map(|place| scene.names(place)).collect();
            let looks = scene.looks();
            let look_of: BTreeMap<_, _> = scene
                .calls
                .iter()
                .map(About::of)
                .zip(looks.of_call.clone())
                .collect();
            for (about, look) in &look_of {
                let item = about.item / 3 * 3;
                assert_eq!(look_of[&About { item, ..*about }], *look, "{kind:?}");
                if kind.paired() {
                    let arm = Arm::Suspect;
                    assert_eq!(look_of[&About { arm, ..*about }], *look, "{kind:?}");
                }
            }
            scene.suspects.reverse();
            scene.controls.reverse();
            scene.call();
            let after: Vec<_> = (0..3).map(|place| scene.names(place)).collect();
            assert_eq!(before, after, "{kind:?}");
        }
    }

    /// Whether a leak is clear at the first look at 200 pairs, of whose 50 so many were restored in either arm, and in
    /// either arm so many answers are silent.
    fn is_clear_of(restored: [usize; 2], silent: usize) -> bool {
        let scene = Scene::new(200, 1, ControlKind::Rewording);
        let looks = scene.looks();
        let calls: Vec<_> = looks.made_for(0).collect();
        let calls: Vec<_> = calls
            .iter()
            .map(|call| scene.calls[*call].clone())
            .collect();
        let mut counted = [0, 0];
        let answer = |call: &ProbeCall| {
            let place = side(call.arm);
            counted[place] += 1;
            if counted[place] > 50 - silent {
                return Seen::answered(invalid("declined"));
            }
            let hit = counted[place] <= restored[place];
            Seen::answered(RecordedScore::of(f64::from(u8::from(hit))))
        };
        let seen: Vec<_> = calls.iter().map(answer).collect();
        let made = Made {
            calls: &calls,
            seen: &seen,
        };
        looks.is_clear(0, &Hanging::of(&scene.context()), FORM, made)
    }

    #[test]
    fn a_leak_is_clear_far_beyond_what_a_class_takes() {
        assert!(is_clear_of([50, 0], 0) && is_clear_of([36, 2], 0));
        assert!(!is_clear_of([20, 2], 0), "the bound is not far enough");
        assert!(!is_clear_of([50, 40], 0) && !is_clear_of([0, 0], 0) && !is_clear_of([0, 50], 0));
        assert!(
            is_clear_of([48, 0], 2) && !is_clear_of([45, 0], 5),
            "too much is silent"
        );
        let finding = Finding::new("completion", FORM, ControlKind::Rewording);
        assert!(!is_clear(&finding), "nothing was answered");
    }

    /// What a model that saw nothing shows at each look: its families are guessed together, at these rates.
    fn drawn(scene: &Scene, family: usize, rates: [f64; 2], random: &mut Random) -> Vec<Seen> {
        let families = scene.suspects.len() / family;
        let guessed = rates
            .map(|rate| -> Vec<bool> { (0..families).map(|_| random.unit() < rate).collect() });
        let calls = scene.calls.iter();
        let answer = |call: &ProbeCall| {
            let hit = guessed[side(call.arm)][call.item / family];
            Seen::answered(RecordedScore::of(f64::from(u8::from(hit))))
        };
        calls.map(answer).collect()
    }

    /// A scene that many models are put to.
    struct Many {
        scene: Scene,
        family: usize,
        hanging: Hanging,
        looks: Looks,
        at: Vec<Vec<usize>>,
    }

    impl Many {
        fn new(items: usize, family: usize, kind: ControlKind) -> Self {
            let scene = Scene::new(items, family, kind);
            let looks = scene.looks();
            let seen_at =
                |place: usize| (0..=place).flat_map(|look| looks.made_for(look)).collect();
            Self {
                hanging: Hanging::of(&scene.context()),
                at: (0..looks.count()).map(seen_at).collect(),
                looks,
                scene,
                family,
            }
        }

        /// The difference that a model shows at each look; with `spends`, as it stands over all of them.
        fn found(&self, rates: [f64; 2], random: &mut Random, spends: bool) -> Vec<Contrast> {
            let seen = drawn(&self.scene, self.family, rates, random);
            let at_look = |place: usize| {
                let calls: Vec<_> = self.at[place]
                    .iter()
                    .map(|call| self.scene.calls[*call].clone())
                    .collect();
                let seen: Vec<_> = self.at[place]
                    .iter()
                    .map(|call| seen[*call].clone())
                    .collect();
                let spending = Spending(self.looks.at(place).filter(|_| spends));
                let mut finding = Finding::new("completion", FORM, self.scene.kind);
                Compared::of(&self.hanging, FORM, &calls, &seen)
                    .only(Wanted::Class)
                    .spending(spending)
                    .tell(&mut finding);
                finding.contrast.unwrap()
            };
            (0..self.looks.count()).map(at_look).collect()
        }

        /// Shares of `models` models whose least p is at most .01 and .05, and whose true difference is outside of an
        /// interval at some look.
        fn rates(&self, models: u32, rates: [f64; 2], spends: bool) -> [f64; 3] {
            let mut random = Random::new(17);
            let mut counts = [0_u32; 3];
            let truth = rates[0] - rates[1];
            for _ in 0..models {
                let found = self.found(rates, &mut random, spends);
                let least = found.iter().map(|one| one.p).fold(1.0, f64::min);
                let is_missed = found.iter().any(|one| one.low > truth || one.high < truth);
                for (count, is_so) in
                    counts
                        .iter_mut()
                        .zip([least <= 0.01, least <= 0.05, is_missed])
                {
                    *count += u32::from(is_so);
                }
            }
            counts.map(|count| f64::from(count) / f64::from(models))
        }
    }

    /// `rate` and three standard errors of a simulation with so many models.
    fn at_most(rate: f64, models: u32) -> f64 {
        rate + 3.0 * (rate * (1.0 - rate) / f64::from(models)).sqrt()
    }

    /// Whoever stops wherever it looks worst errs no more often than was promised.
    #[test]
    fn whatever_stops_it_tests_and_intervals_hold() {
        let models = 4_000;
        let pairs = Many::new(320, 4, ControlKind::Rewording);
        let [strong, suspected, missed] = pairs.rates(models, [0.2, 0.2], true);
        assert!(strong <= at_most(0.01, models), "{strong}");
        assert!(suspected <= at_most(0.05, models), "{suspected}");
        assert!(missed <= at_most(0.05, models), "{missed}");
        // Originals that are easier to guess: their difference is what the interval must hold.
        let [_, _, missed] = pairs.rates(models, [0.3, 0.15], true);
        assert!(missed <= at_most(0.05, models), "{missed}");
        let models = 1_000;
        let arms = Many::new(320, 4, ControlKind::Sibling);
        let [strong, suspected, missed] = arms.rates(models, [0.2, 0.2], true);
        assert!(strong <= at_most(0.01, models), "{strong}");
        assert!(suspected <= at_most(0.05, models), "{suspected}");
        assert!(missed <= at_most(0.05, models), "{missed}");
    }

    #[test]
    fn looks_that_spend_everything_each_would_err_more_often() {
        let pairs = Many::new(320, 4, ControlKind::Rewording);
        let [_, suspected, missed] = pairs.rates(4_000, [0.2, 0.2], false);
        assert!(suspected > at_most(0.05, 4_000), "{suspected}");
        assert!(missed > at_most(0.05, 4_000), "{missed}");
    }
}
