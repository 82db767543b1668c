//! A model beside others that cannot have seen the items: what they restore too is guessed, and what they find as
//! likely is no sign of memory.
//!
//! Invariant: an item that leaves the test leaves it whatever was answered about it, in pairs with its partner, and
//! stands in the counts of what was left out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use cleanbench_core::Outcome;
use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{Arm, Finding, ProbeCall, Seen};

/// Why an item leaves the test that a reference restores.
pub const GUESSED: &str = "a reference model restores it";
/// Why one leaves it that no reference has weighed.
pub const UNWEIGHED: &str = "no reference model weighs it";

/// Why `finding` is of no item of an arm, where that is for what references show; `None` where it is not.
pub fn nothing_left(finding: &Finding) -> Option<String> {
    let is_empty = finding.suspects.valid == 0 || finding.controls.valid == 0;
    let left_out = |reason: &str| finding.filters.get(reason).copied();
    let guessed = left_out(GUESSED).map(|items| {
        format!(
            "{items} items were left out because reference models restore them or their partners"
        )
    });
    let unweighed = || {
        let items = left_out(UNWEIGHED)?;
        Some(format!(
            "{items} items were left out because no reference model weighs them"
        ))
    };
    let told = guessed.or_else(unweighed);
    let told = told.filter(|_| is_empty && finding.contrast.is_none())?;
    Some(format!("nothing is left to test: {told}"))
}

/// An item that a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct About {
    /// Its arm.
    pub arm: Arm,
    /// Its position in it.
    pub item: usize,
}

impl About {
    /// What `call` is about.
    pub fn of(call: &ProbeCall) -> Self {
        Self {
            arm: call.arm,
            item: call.item,
        }
    }
}

/// The judgement that decides about each item: that of the last call about it, where it was answered in form.
pub(crate) fn decided<'a>(
    calls: &[ProbeCall],
    seen: &'a [Seen],
) -> BTreeMap<About, &'a RecordedScore> {
    let mut decided = BTreeMap::new();
    for (call, seen) in calls.iter().zip(seen) {
        let score = seen.score.as_ref();
        let score = score.filter(|score| score.extraction_failure.is_none());
        match score.filter(|_| seen.outcome == Outcome::Answered) {
            Some(score) => decided.insert(About::of(call), score),
            None => decided.remove(&About::of(call)),
        };
    }
    decided
}

/// The items that a model restored whose `calls` ended as `seen`.
pub fn restored(calls: &[ProbeCall], seen: &[Seen]) -> BTreeSet<About> {
    let decided = decided(calls, seen).into_iter();
    let restored = decided.filter(|(_, score)| score.value >= 1.0);
    restored.map(|(about, _)| about).collect()
}

/// Has the items that are `restored` restored and no other, whatever was answered: what several models show together.
pub fn as_restored(restored: &BTreeSet<About>, calls: &[ProbeCall], seen: &mut [Seen]) {
    for (call, seen) in calls.iter().zip(seen) {
        let is_restored = restored.contains(&About::of(call));
        *seen = Seen::answered(RecordedScore::of(f64::from(u8::from(is_restored))));
    }
}

/// What it showed of each item, as far as its probe measures that.
pub fn measured(calls: &[ProbeCall], seen: &[Seen]) -> BTreeMap<About, f64> {
    let decided = decided(calls, seen).into_iter();
    let measured = decided.filter_map(|(about, score)| Some((about, score.measure?)));
    measured.collect()
}

/// The mean of what several models showed of each item, over those that showed any.
pub fn mean_of<'a>(
    all: impl IntoIterator<Item = &'a BTreeMap<About, f64>>,
) -> BTreeMap<About, f64> {
    let mut each: BTreeMap<About, Vec<f64>> = BTreeMap::new();
    for (about, measure) in all.into_iter().flatten() {
        each.entry(*about).or_default().push(*measure);
    }
    let means = each.into_iter();
    let mean = |(about, all): (About, Vec<f64>)| Some((about, cleanbench_stats::mean(all)?));
    means.filter_map(mean).collect()
}

/// Leaves `guessed` out of the test, of the items that `calls` are about.
pub fn leave_out(guessed: &BTreeSet<About>, calls: &[ProbeCall], seen: &mut [Seen]) {
    for (call, seen) in calls.iter().zip(seen) {
        if guessed.contains(&About::of(call)) {
            seen.left_out = Some(GUESSED);
        }
    }
}

/// Puts the difference to what others showed on average in place of what was seen of each item: a hit is what shows
/// more of it than they do. What they did not weigh leaves the test.
pub fn set_against(others: &BTreeMap<About, f64>, calls: &[ProbeCall], seen: &mut [Seen]) {
    for (call, seen) in calls.iter().zip(seen) {
        let Some(other) = others.get(&About::of(call)) else {
            seen.left_out = Some(UNWEIGHED);
            continue;
        };
        let Some(score) = &mut seen.score else {
            continue;
        };
        if score.extraction_failure.is_some() {
            continue;
        }
        match score.measure {
            Some(own) => {
                score.value = f64::from(u8::from(own > *other));
                score.measure = Some(own - other);
            }
            None => seen.left_out = Some(UNWEIGHED),
        }
    }
}

/// What leaves the test with the item of `call`: in pairs both items.
pub(crate) fn unit(is_paired: bool, call: &ProbeCall) -> About {
    let about = About::of(call);
    let arm = if is_paired { Arm::Suspect } else { about.arm };
    About { arm, ..about }
}

/// What leaves the test, by [`unit`], and why: of `calls` that ended as `seen`.
pub(crate) fn left_out(
    is_paired: bool,
    calls: &[ProbeCall],
    seen: &[Seen],
) -> BTreeMap<About, &'static str> {
    let mut reasons = BTreeMap::new();
    for (call, seen) in calls.iter().zip(seen) {
        if let Some(reason) = seen.left_out {
            reasons.entry(unit(is_paired, call)).or_insert(reason);
        }
    }
    reasons
}

/// The calls that stay in the test.
pub(crate) struct LeftIn<'a> {
    pub(crate) calls: Cow<'a, [ProbeCall]>,
    pub(crate) seen: Vec<Seen>,
    /// Items that were left out, by reason.
    pub(crate) left_out: BTreeMap<&'static str, u64>,
}

impl<'a> LeftIn<'a> {
    /// Those of `calls`, one an item, that ended as `seen`; in pairs both or neither.
    pub(crate) fn of(is_paired: bool, calls: &'a [ProbeCall], seen: Vec<Seen>) -> Self {
        let reasons = left_out(is_paired, calls, &seen);
        let mut left_out = BTreeMap::new();
        if reasons.is_empty() {
            return Self {
                calls: Cow::Borrowed(calls),
                seen,
                left_out,
            };
        }
        let mut kept = (Vec::new(), Vec::new());
        // What has not ended is about an item all the same.
        let ended = seen.into_iter().map(Some).chain(std::iter::repeat(None));
        for (call, seen) in calls.iter().zip(ended) {
            if let Some(reason) = reasons.get(&unit(is_paired, call)) {
                *left_out.entry(*reason).or_insert(0) += 1;
                continue;
            }
            kept.0.push(call.clone());
            kept.1
                .push(seen.unwrap_or(Seen::ended(Outcome::Skipped, None)));
        }
        Self {
            calls: Cow::Owned(kept.0),
            seen: kept.1,
            left_out,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cleanbench_core::probe::{ControlKind, Finding, ProbeContext, ProbeForm, ProbeItem, Step};
    use cleanbench_core::seed::derive;

    use super::*;
    use crate::recall::scored;
    use crate::registry::testing::{order, probe_of};
    use crate::testing::usable;
    use crate::verdict::bias::{self, of_references};
    use crate::verdict::measured::{Grounds, verdict};
    use crate::{Class, Verdict};

    const FORM: ProbeForm = ProbeForm::Raw;

    /// Items, their controls and what is asked about them.
    struct Scene {
        suspects: Vec<ProbeItem>,
        controls: Vec<ProbeItem>,
        kind: ControlKind,
        probe: &'static str,
        calls: Vec<ProbeCall>,
    }

    impl Scene {
        fn new(probe: &'static str, items: usize, kind: ControlKind) -> Self {
            let mut scene = Self {
                suspects: (0..items).map(usable).collect(),
                controls: (items..2 * items).map(usable).collect(),
                kind,
                probe,
                calls: Vec::new(),
            };
            let probe = probe_of(order(probe, FORM), |_| false);
            if let Step::Calls(calls) = probe.next(&scene.context(), &[]) {
                scene.calls = calls;
            }
            scene
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

        fn seen(&self, answer: impl Fn(About) -> Seen) -> Vec<Seen> {
            self.calls
                .iter()
                .map(|call| answer(About::of(call)))
                .collect()
        }

        fn judge(&self, seen: &[Seen]) -> Finding {
            let probe = probe_of(order(self.probe, FORM), |_| false);
            probe.judge(&self.context(), &self.calls, seen)
        }
    }

    fn about(arm: Arm, item: usize) -> About {
        About { arm, item }
    }

    fn hit(is_hit: bool) -> Seen {
        Seen::answered(scored(is_hit))
    }

    fn weighed(measure: f64) -> Seen {
        Seen::answered(RecordedScore {
            measure: Some(measure),
            ..scored(measure > 0.0)
        })
    }

    /// Items 0 to 9 of the suspects are restored, and 5 to 9 guessed, as is control 20; control 7 says nothing.
    fn leave_out_some(kind: ControlKind) -> Finding {
        let scene = Scene::new("completion", 40, kind);
        let mut seen = scene.seen(|one| match (one.arm, one.item) {
            (Arm::Suspect, item) => hit(item < 10),
            (Arm::Control, 7) => Seen::ended(Outcome::Refused, None),
            (Arm::Control, _) => hit(false),
        });
        let guessed = (5..10).map(|item| about(Arm::Suspect, item));
        let guessed = guessed.chain([about(Arm::Control, 20)]).collect();
        leave_out(&guessed, &scene.calls, &mut seen);
        let finding = scene.judge(&seen);
        for arm in [finding.suspects, finding.controls] {
            let sum = arm.valid + arm.filtered + arm.missing + arm.invalid + arm.unpaired;
            assert_eq!(sum, arm.items, "{finding:?}");
        }
        finding
    }

    #[test]
    fn what_is_guessed_leaves_with_its_partner() {
        let found = leave_out_some(ControlKind::Rewording);
        assert_eq!(found.filters, [(GUESSED.to_owned(), 12)].into());
        assert_eq!([found.suspects.filtered, found.controls.filtered], [6, 6]);
        assert_eq!([found.suspects.valid, found.suspects.hits], [34, 5]);
        // What says nothing of an item that left is of no account.
        assert_eq!(found.invalid, BTreeMap::new());
        assert_eq!(found.contrast.unwrap().pairs, Some([0, 5, 0, 29]));
        assert_eq!(found.examples.len(), 3);
    }

    /// The suspect was restored and guessed by nobody, but its control was.
    #[test]
    fn what_leaves_with_its_partner_is_no_example() {
        for (kind, examples) in [
            (ControlKind::Rewording, vec![2]),
            (ControlKind::Sibling, vec![0, 2]),
        ] {
            let scene = Scene::new("completion", 4, kind);
            let mut seen = scene.seen(|one| hit(one.arm == Arm::Suspect && one.item % 2 == 0));
            let guessed = [about(Arm::Control, 0)].into();
            leave_out(&guessed, &scene.calls, &mut seen);
            assert_eq!(scene.judge(&seen).examples, examples, "{kind:?}");
        }
    }

    #[test]
    fn where_nothing_is_left_that_is_why() {
        let scene = Scene::new("completion", 30, ControlKind::Rewording);
        let mut seen = scene.seen(|_| hit(false));
        assert_eq!(nothing_left(&scene.judge(&seen)), None);
        let all = (0..30).map(|item| about(Arm::Control, item)).collect();
        leave_out(&all, &scene.calls, &mut seen);
        let found = scene.judge(&seen);
        let why = "nothing is left to test: 60 items were left out because reference models restore them or their partners";
        assert_eq!(nothing_left(&found).as_deref(), Some(why));
        let verdict = verdict(&[found], &BTreeMap::new());
        assert_eq!(verdict.class, Class::NotTestable);
        assert_eq!(
            verdict.reasons,
            [format!("no probe could be judged: {why}")]
        );
    }

    #[test]
    fn of_independent_arms_it_leaves_alone() {
        let found = leave_out_some(ControlKind::Sibling);
        assert_eq!(found.filters, [(GUESSED.to_owned(), 6)].into());
        assert_eq!([found.suspects.valid, found.suspects.hits], [35, 5]);
        assert_eq!([found.controls.valid, found.controls.invalid], [38, 1]);
    }

    #[test]
    fn nothing_guessed_is_as_if_nobody_stood_beside() {
        let scene = Scene::new("completion", 30, ControlKind::Rewording);
        let seen = scene.seen(|one| hit(one.arm == Arm::Suspect && one.item < 9));
        let mut beside = seen.clone();
        leave_out(&BTreeSet::new(), &scene.calls, &mut beside);
        assert_eq!(scene.judge(&beside), scene.judge(&seen));
    }

    /// The second call about an item decides, also where it has no answer.
    #[test]
    fn the_last_call_about_an_item_says_whether_it_was_restored() {
        let scene = Scene::new("completion", 3, ControlKind::Sibling);
        let first: Vec<_> = scene.calls[..3].to_vec();
        let calls = [&first[..], &first[1..]].concat();
        let mut invalid = hit(true);
        if let Some(score) = &mut invalid.score {
            score.extraction_failure = Some("cut off".to_owned());
        }
        let seen = [hit(true), hit(false), hit(true), hit(true), invalid];
        let suspects = |items: &[usize]| -> BTreeSet<_> {
            items
                .iter()
                .map(|item| about(Arm::Suspect, *item))
                .collect()
        };
        assert_eq!(restored(&calls, &seen), suspects(&[0, 1]));
        assert_eq!(restored(&calls, &seen[..3]), suspects(&[0, 2]));
        let refused = [hit(true), Seen::ended(Outcome::Refused, Some(scored(true)))];
        assert_eq!(restored(&calls, &refused), suspects(&[0]));
    }

    #[test]
    fn what_is_weighed_is_the_difference_to_the_mean_of_others() {
        let scene = Scene::new("forced-likelihood", 4, ControlKind::Rewording);
        let own = scene.seen(|one| match (one.arm, one.item) {
            (Arm::Suspect, 0) => weighed(3.0),
            (Arm::Suspect, 1) => hit(true),
            (Arm::Suspect, _) => weighed(1.0),
            (Arm::Control, _) => weighed(2.0),
        });
        let one = scene.seen(|_| weighed(1.0));
        let other = scene.seen(|one| {
            if one == about(Arm::Suspect, 0) {
                weighed(2.0)
            } else {
                hit(true)
            }
        });
        let of = |seen: &[Seen]| measured(&scene.calls, seen);
        let others = mean_of([&of(&one), &of(&other)]);
        let mut others = others;
        let apart = others.remove(&about(Arm::Control, 3));
        assert_eq!(apart, Some(1.0), "of the one that weighed it");
        assert_eq!(others.get(&about(Arm::Suspect, 0)), Some(&1.5));
        let mut beside = own.clone();
        set_against(&others, &scene.calls, &mut beside);
        let place = |arm, item| {
            let mut calls = scene.calls.iter();
            calls
                .position(|call| About::of(call) == about(arm, item))
                .unwrap()
        };
        let score = |arm, item| beside[place(arm, item)].score.clone().unwrap();
        let above = score(Arm::Suspect, 0);
        assert_eq!((above.value, above.measure), (1.0, Some(1.5)));
        let alike = score(Arm::Suspect, 2);
        assert_eq!((alike.value, alike.measure), (0.0, Some(0.0)));
        let left = |arm, item| beside[place(arm, item)].left_out;
        assert_eq!(left(Arm::Suspect, 1), Some(UNWEIGHED), "nothing of its own");
        assert_eq!(
            left(Arm::Control, 3),
            Some(UNWEIGHED),
            "nothing to compare with"
        );
        assert_eq!(left(Arm::Control, 2), None);
    }

    /// A model of which an item is restored with these shares, suspects and controls, by what `seed` draws.
    #[derive(Clone, Copy)]
    struct Guessing {
        shares: [f64; 2],
        seed: u64,
    }

    impl Guessing {
        fn restores(self, one: About) -> bool {
            let drawn = derive(self.seed, one.arm.as_str(), &one.item.to_string(), "guess");
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let drawn = drawn as f64 / 9_007_199_254_740_992.0;
            drawn.fract() < self.shares[usize::from(one.arm == Arm::Control)]
        }
    }

    /// The verdict on a model beside others, each of which passed its checks.
    fn weigh(scene: &Scene, model: Guessing, others: &[Guessing]) -> Verdict {
        let seen = |one: Guessing| scene.seen(|about| hit(one.restores(about)));
        let shown: Vec<_> = others.iter().map(|one| seen(*one)).collect();
        let guessed = shown.iter().flat_map(|seen| restored(&scene.calls, seen));
        let mut own = seen(model);
        leave_out(&guessed.collect(), &scene.calls, &mut own);
        let findings: Vec<_> = shown.iter().map(|seen| scene.judge(seen)).collect();
        let mut finding = scene.judge(&own);
        let biases = of_references(&findings.iter().collect::<Vec<_>>());
        bias::add(&mut finding, &biases, &[]);
        let passed = Grounds {
            complies: Some(true),
            remembers: Some(true),
        };
        verdict(&[finding], &[(FORM, passed)].into())
    }

    /// How `models` models beside `count` others come out.
    fn classes(shares: [[f64; 2]; 2], count: u64, models: u64) -> Vec<Class> {
        let scene = Scene::new("completion", 200, ControlKind::Rewording);
        let classes = (0..models).map(|number| {
            let of = |shares, place| Guessing {
                shares,
                seed: number * 10 + place,
            };
            let others: Vec<_> = (1..=count).map(|place| of(shares[1], place)).collect();
            weigh(&scene, of(shares[0], 0), &others).class
        });
        classes.collect()
    }

    fn times(class: Class, classes: &[Class]) -> usize {
        classes.iter().filter(|one| **one == class).count()
    }

    /// Four in ten of the items were seen and six in ten of these are restored; every model guesses a few of all.
    #[test]
    fn a_leak_is_strong_beside_two_references_and_not_beside_one() {
        let guess = 0.03;
        let shares = [[0.24 + guess * 0.76, guess], [guess; 2]];
        let two = classes(shares, 2, 40);
        assert!(times(Class::Strong, &two) >= 39, "{two:?}");
        let one = classes(shares, 1, 10);
        assert_eq!(times(Class::Strong, &one), 0, "{one:?}");
        assert!(times(Class::Suspected, &one) > 0, "{one:?}");
    }

    /// Originals are guessed in 30 % and their rewordings in 20 %, by models that saw nothing.
    #[test]
    fn what_all_models_guess_accuses_nobody() {
        let found = classes([[0.3, 0.2]; 2], 2, 40);
        let accused = [Class::Strong, Class::Suspected].map(|class| times(class, &found));
        assert_eq!(accused, [0, 0], "{found:?}");
    }
}
