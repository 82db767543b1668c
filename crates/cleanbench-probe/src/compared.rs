//! The arms compared, where answers may say nothing and items may hang together.
//!
//! Whole families change places in the tests: in pairs, the sign of a family's sum of differences; in independent
//! arms, the arm of a family. Where every item is its own family these are the exact tests of `McNemar` and Fisher. The
//! interval is the wider of Newcombe's and one of Student's t over families.
//!
//! Invariant: the counts of a finding are those of its test. Neither depends on the order of items.

use std::collections::BTreeMap;

use cleanbench_core::probe::{
    Arm, ArmCount, Contrast, Families, ProbeCall, ProbeContext, ProbeForm, ProbeItem, Seen,
};
use cleanbench_core::{Outcome, probe::Finding};
use cleanbench_stats::families::{self, Family};
use cleanbench_stats::power;

use crate::answer::{invalid, told_by};
use crate::arm_difference::{POWER, share, test_of_arms, test_of_pairs};
use crate::attempt::no_attempts;
use crate::beside::LeftIn;
use crate::beyond::templates;
use crate::family::{Groups, families as families_of};
use crate::spending::{ALPHA, Spending};

mod values;

/// What the answer about an item shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Restored,
    Not,
    /// It says nothing.
    Invalid,
    /// There is none.
    Missing,
}

impl Shown {
    fn of(seen: Option<&Seen>) -> Self {
        let Some(seen) = seen else {
            return Self::Missing;
        };
        match seen.outcome {
            Outcome::Answered => {}
            Outcome::Refused | Outcome::Censored => return Self::Invalid,
            _ => return Self::Missing,
        }
        match &seen.score {
            None => Self::Missing,
            Some(score) if score.extraction_failure.is_some() => Self::Invalid,
            Some(score) if score.value >= 1.0 => Self::Restored,
            Some(_) => Self::Not,
        }
    }

    /// Whether it counts as restored; `None` where it does not count. An answer that says nothing counts as `invalid`.
    fn counts(self, invalid: Option<bool>) -> Option<bool> {
        match self {
            Self::Restored => Some(true),
            Self::Not => Some(false),
            Self::Invalid => invalid,
            Self::Missing => None,
        }
    }
}

/// One arm as it was answered.
struct ArmShown {
    /// For each item; `None` for one that was not asked about.
    items: Vec<Option<Shown>>,
    /// For each item the measure of its answer.
    measures: Vec<Option<f64>>,
    families: Vec<usize>,
}

impl ArmShown {
    fn new(arm: Arm, families: &[usize], calls: &[ProbeCall], seen: &[Seen]) -> Self {
        let mut shown = vec![None; families.len()];
        for (position, call) in calls.iter().enumerate().filter(|(_, call)| call.arm == arm) {
            if let Some(item) = shown.get_mut(call.item) {
                *item = Some(Shown::of(seen.get(position)));
            }
        }
        Self {
            items: shown,
            measures: values::measures(arm, families.len(), calls, seen),
            families: families.to_vec(),
        }
    }

    fn counts(&self, place: usize, invalid: Option<bool>) -> Option<bool> {
        self.items.get(place).copied().flatten()?.counts(invalid)
    }

    fn count(&self, used: impl Fn(usize) -> bool) -> ArmCount {
        let mut count = ArmCount {
            items: self.items.len() as u64,
            ..ArmCount::default()
        };
        for (place, shown) in self.items.iter().enumerate() {
            match shown {
                None => count.filtered += 1,
                Some(Shown::Missing) => count.missing += 1,
                Some(Shown::Invalid) => count.invalid += 1,
                Some(_) if !used(place) => count.unpaired += 1,
                Some(shown) => {
                    count.valid += 1;
                    count.hits += u64::from(*shown == Shown::Restored);
                }
            }
        }
        count
    }
}

/// Which items hang together: for each suspect and for each control the number of its family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hanging {
    suspects: Vec<usize>,
    controls: Vec<usize>,
    is_paired: bool,
}

impl Hanging {
    pub(crate) fn of(context: &ProbeContext<'_>) -> Self {
        let of = |items: &[ProbeItem]| families_of(&items.iter().collect::<Vec<_>>());
        Self {
            suspects: of(context.suspects),
            controls: of(context.controls),
            is_paired: context.kind.paired(),
        }
    }

    /// The same where pairs have families, and not each of their items.
    pub(crate) fn of_pairs(self) -> Self {
        if !self.is_paired {
            return self;
        }
        let pairs = joined(&self.suspects, &self.controls);
        Self {
            suspects: pairs.clone(),
            controls: pairs,
            ..self
        }
    }

    /// The number of the family that `call` is about, within its arm.
    pub(crate) fn family(&self, call: &ProbeCall) -> usize {
        let families = match call.arm {
            Arm::Suspect => &self.suspects,
            Arm::Control => &self.controls,
        };
        families.get(call.item).copied().unwrap_or(call.item)
    }
}

/// For each pair the number of its family: pairs hang together where their suspects or their controls do.
pub(crate) fn joined(suspects: &[usize], controls: &[usize]) -> Vec<usize> {
    let count = suspects.len();
    let mut groups = Groups::new(count);
    for families in [suspects, controls] {
        for (place, first) in families.iter().enumerate().take(count) {
            groups.join(place, *first);
        }
    }
    (0..count).map(|place| groups.root(place)).collect()
}

/// What is wanted of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    /// What a class hangs on: not the smallest effect that would have been seen, which takes longer than all the rest,
    /// and no p-value above the level of `suspected`, which is told as 1.
    Class,
    /// What a bias hangs on: no p-value by permutation.
    Bias,
}

impl Wanted {
    /// The largest p-value that must be exact.
    fn most(self) -> f64 {
        match self {
            Self::All => 1.0,
            Self::Class => ALPHA,
            Self::Bias => 0.0,
        }
    }
}

/// Both arms as they were answered.
pub(crate) struct Compared {
    suspects: ArmShown,
    controls: ArmShown,
    is_paired: bool,
    wanted: Wanted,
    spending: Spending,
    invalid: BTreeMap<String, u64>,
    /// Items that were asked about and are in no count but that of filters, by reason.
    left_out: BTreeMap<&'static str, u64>,
}

/// How invalid answers count: of suspects, of controls.
#[derive(Clone, Copy)]
struct Counted {
    suspects: Option<bool>,
    controls: Option<bool>,
}

const LEFT_OUT: Counted = Counted {
    suspects: None,
    controls: None,
};
const AT_WORST: Counted = Counted {
    suspects: Some(false),
    controls: Some(true),
};

impl Compared {
    pub(crate) fn new(
        context: &ProbeContext<'_>,
        form: ProbeForm,
        calls: &[ProbeCall],
        seen: &[Seen],
    ) -> Self {
        Self::of(&Hanging::of(context), form, calls, seen)
    }

    /// The same where it is known which items hang together.
    pub(crate) fn of(
        hanging: &Hanging,
        form: ProbeForm,
        calls: &[ProbeCall],
        seen: &[Seen],
    ) -> Self {
        let seen = without_repeats(calls, &seen[..seen.len().min(calls.len())], form);
        let LeftIn {
            calls,
            seen,
            left_out,
        } = LeftIn::of(hanging.is_paired, calls, seen);
        let (calls, seen) = (&*calls, seen.as_slice());
        let mut invalid = BTreeMap::new();
        for answer in seen {
            if Shown::of(Some(answer)) == Shown::Invalid {
                *invalid.entry(why_invalid(answer)).or_insert(0) += 1;
            }
        }
        let mut suspects = ArmShown::new(Arm::Suspect, &hanging.suspects, calls, seen);
        let mut controls = ArmShown::new(Arm::Control, &hanging.controls, calls, seen);
        values::give_ends(&mut suspects, &mut controls);
        Self {
            suspects,
            controls,
            is_paired: hanging.is_paired,
            wanted: Wanted::All,
            spending: Spending::ALL,
            invalid,
            left_out,
        }
    }

    /// The same where no more than this is wanted.
    pub(crate) fn only(self, wanted: Wanted) -> Self {
        Self { wanted, ..self }
    }

    /// The same at a look that may spend no more than this.
    pub(crate) fn spending(self, spending: Spending) -> Self {
        Self { spending, ..self }
    }

    /// Writes what is found into `finding`.
    pub(crate) fn tell(self, finding: &mut Finding) {
        self.tell_hits(finding);
        finding.values = self.values();
        finding.families = self.families();
        finding.invalid = self.invalid;
        for (reason, items) in self.left_out {
            *finding.filters.entry(reason.to_owned()).or_insert(0) += items;
        }
    }

    /// Writes into `finding` what is found of hits, and how many answers count.
    pub(crate) fn tell_hits(&self, finding: &mut Finding) {
        finding.suspects = self.suspects.count(|place| self.is_used(place));
        finding.controls = self.controls.count(|place| self.is_used(place));
        finding.contrast = self.contrast(LEFT_OUT);
        if !self.invalid.is_empty() {
            finding.at_worst = self.contrast(AT_WORST);
        }
    }

    /// Whether an answer about the item at `place` that counts is in the test.
    fn is_used(&self, place: usize) -> bool {
        !self.is_paired || self.pair(place, LEFT_OUT).is_some()
    }

    fn pair(&self, place: usize, counted: Counted) -> Option<[bool; 2]> {
        let suspect = self.suspects.counts(place, counted.suspects)?;
        Some([suspect, self.controls.counts(place, counted.controls)?])
    }

    fn contrast(&self, counted: Counted) -> Option<Contrast> {
        if self.is_paired {
            self.of_pairs(counted)
        } else {
            self.of_arms(counted)
        }
    }

    fn of_pairs(&self, counted: Counted) -> Option<Contrast> {
        let mut table = [0; 4];
        let groups = self.pair_families();
        let mut sums: BTreeMap<usize, Family> = BTreeMap::new();
        for (place, group) in groups.iter().enumerate() {
            let Some([suspect, control]) = self.pair(place, counted) else {
                continue;
            };
            table[usize::from(!suspect) * 2 + usize::from(!control)] += 1;
            sums.entry(*group)
                .or_default()
                .add(i64::from(suspect) - i64::from(control));
        }
        let plain = test_of_pairs(table, self.spending)?;
        let alpha = self.spending.alpha();
        let all: Vec<_> = sums.into_values().collect();
        let n = all.len() as u64;
        let rate = share(table[2], table.iter().sum());
        let smallest = || power::smallest_paired(n, rate, alpha, POWER);
        Some(self.spending.of(Contrast {
            smallest_detectable: (self.wanted == Wanted::All).then(smallest).flatten(),
            ..widened(plain, families::paired_at(&all, alpha))
        }))
    }

    fn of_arms(&self, counted: Counted) -> Option<Contrast> {
        let arms = [
            (&self.suspects, counted.suspects),
            (&self.controls, counted.controls),
        ];
        let [suspects, controls] = arms.map(|(arm, invalid)| {
            let mut sums: BTreeMap<usize, Family> = BTreeMap::new();
            for (place, family) in arm.families.iter().enumerate() {
                if let Some(hit) = arm.counts(place, invalid) {
                    sums.entry(*family).or_default().add(i64::from(hit));
                }
            }
            sums.into_values().collect::<Vec<_>>()
        });
        let [hits, n] = totals(&suspects);
        let [control_hits, control_n] = totals(&controls);
        let plain = test_of_arms([hits, n, control_hits, control_n], self.spending)?;
        let alpha = self.spending.alpha();
        let [n, others] = [&suspects, &controls].map(|families| families.len() as u64);
        let rate = share(control_hits, control_n);
        let smallest = || power::smallest_unpaired(n, others, rate, alpha, POWER);
        let by = families::unpaired_at(&suspects, &controls, self.wanted.most(), alpha);
        Some(self.spending.of(Contrast {
            smallest_detectable: (self.wanted == Wanted::All).then(smallest).flatten(),
            ..widened(plain, by)
        }))
    }

    /// For each pair the number of its family.
    fn pair_families(&self) -> Vec<usize> {
        joined(&self.suspects.families, &self.controls.families)
    }

    /// What the items amount to; `None` where each is its own family.
    fn families(&self) -> Option<Families> {
        let pairs = self.pair_families();
        let distinct = |families: &[usize], arm: &ArmShown| -> [u64; 2] {
            let used = families
                .iter()
                .enumerate()
                .filter(|(place, _)| arm.counts(*place, None).is_some() && self.is_used(*place));
            let numbers: Vec<_> = used.map(|(_, family)| *family).collect();
            let different: std::collections::BTreeSet<_> = numbers.iter().collect();
            [different.len() as u64, numbers.len() as u64]
        };
        let [suspects, controls] = if self.is_paired {
            [
                distinct(&pairs, &self.suspects),
                distinct(&pairs, &self.controls),
            ]
        } else {
            [&self.suspects, &self.controls].map(|arm| distinct(&arm.families, arm))
        };
        let hang_together = suspects[0] < suspects[1] || controls[0] < controls[1];
        hang_together.then_some(Families {
            suspects: suspects[0],
            controls: controls[0],
        })
    }
}

#[expect(clippy::cast_sign_loss, reason = "hits are counted from 0")]
fn totals(families: &[Family]) -> [u64; 2] {
    let hits = families.iter().map(|one| one.sum as u64).sum();
    [hits, families.iter().map(|one| one.items).sum()]
}

/// Items from which on one answer to all of them is an attempt at none.
const REPEATED: usize = 3;
/// The same of raw texts, as one in so many of all answers: a small model goes on in the same way wherever it knows
/// nothing.
const RAW_REPEATED: usize = 8;

/// `seen`, where an answer that several items got is invalid, be it word for word or but for what their prompts hold.
fn without_repeats(calls: &[ProbeCall], seen: &[Seen], form: ProbeForm) -> Vec<Seen> {
    let most = match form {
        ProbeForm::Raw => REPEATED.max(seen.len() / RAW_REPEATED),
        ProbeForm::Instruction => REPEATED,
    };
    let told = |answer: &Seen| answer.score.as_ref().and_then(told_by).map(str::to_owned);
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for digest in seen.iter().filter_map(told) {
        *times.entry(digest).or_default() += 1;
    }
    let templates = templates(calls, seen, most);
    let no_attempts = no_attempts(calls, seen);
    let of = |(place, answer): (usize, &Seen)| {
        let repeated = told(answer).is_some_and(|digest| times[&digest] >= most);
        Seen {
            score: if repeated || templates[place] {
                Some(invalid("the same answer to several items"))
            } else if no_attempts[place] {
                Some(invalid("no attempt"))
            } else {
                answer.score.clone()
            },
            ..answer.clone()
        }
    };
    seen.iter().enumerate().map(of).collect()
}

fn why_invalid(answer: &Seen) -> String {
    let reason = answer
        .score
        .as_ref()
        .and_then(|score| score.extraction_failure.clone());
    match answer.outcome {
        Outcome::Answered => reason.unwrap_or_default(),
        other => other.as_str().to_owned(),
    }
}

/// `plain`, as far as families leave it standing.
fn widened(plain: Contrast, by: Option<families::Compared>) -> Contrast {
    let Some(by) = by else { return plain };
    Contrast {
        low: plain.low.min(by.low),
        high: plain.high.max(by.high),
        interval: format!("{}, t over families", plain.interval),
        p: by.p,
        test: by.test.to_owned(),
        ..plain
    }
}
