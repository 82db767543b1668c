//! What all probes here have in common: one call an item, a hit or none, two arms.

use std::collections::BTreeMap;

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{
    Arm, Finding, ProbeCall, ProbeContext, ProbeForm, ProbeItem, Seen, Step, StepScope,
};
use cleanbench_core::seed::derive;
use cleanbench_core::{Completion, Message, Outcome, Probe, Role, Sample};
use cleanbench_text::{rouge_l, words};

use crate::answer::{invalid, room, says_so, why_invalid};
use crate::arm_difference::{arm_difference, count, is_hit};
use crate::attempt;
use crate::beside::{left_out, unit};
use crate::beyond::Beyond;
use crate::compared::Compared;
use crate::disguise::{self, Reading};
use crate::layout::{self, without_labels};
use crate::measure::{beyond_prompt, rounded};
use crate::plain::{is_too_long, readings};
use crate::protocol::{Declining, Protocol};
use crate::recurring::Recurring;
use crate::spending::Spending;
use crate::unwilling::is_unwilling;

/// Examples that a finding names.
const EXAMPLES: usize = 3;

/// What the rule of a restored text says of where it stands.
const DISGUISED: &str = " in disguise";
const REASONED: &str = " of the reasoning";

/// What is asked about one item.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ask {
    /// The beginning of the item's own text.
    pub(crate) beginning: String,
    /// What the instruction form shows instead, if it is not the beginning.
    pub(crate) shown: Option<String>,
    pub(crate) continuations: Vec<String>,
    pub(crate) stop: Vec<String>,
    pub(crate) expected: String,
}

/// Where a probe's free choices come from: the same for the two items of a pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pick {
    seed: u64,
    position: usize,
}

impl Pick {
    pub(crate) const fn new(seed: u64, position: usize) -> Self {
        Self { seed, position }
    }

    /// One of `options`; `None` when there is none.
    pub(crate) fn one(self, options: &[usize]) -> Option<usize> {
        let drawn = derive(self.seed, "", &self.position.to_string(), "pick");
        let place = usize::try_from(drawn).ok()?.checked_rem(options.len())?;
        options.get(place).copied()
    }
}

/// For each suspect and for each control what is asked about it, or why nothing is.
pub(crate) type Asked = [Vec<Result<Ask, &'static str>>; 2];

/// One way of asking for what only memory can give.
pub(crate) trait Recall: Send + Sync + std::fmt::Debug {
    /// Name.
    fn id(&self) -> &'static str;

    /// Raised whenever the same input may give another plan or judgement than before.
    fn version(&self) -> u32;

    /// The instruction, with `{text}` where the text belongs; empty for a probe that has none.
    fn instruction(&self) -> &'static str;

    /// What is asked about `sample`, or why it is left out.
    fn ask(&self, sample: &Sample, form: ProbeForm, pick: Pick) -> Result<Ask, &'static str>;

    /// 1 for a hit; less for none, how near it came where that decides whether it is asked again.
    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore;

    /// By the second protocol: the places of `sample` that may be asked about, at least one, or why there is none.
    fn places(&self, sample: &Sample, asking: &Asking<'_>) -> Result<Vec<usize>, &'static str>;

    /// By the second protocol: what is asked about the place `place`, which is one of [`Recall::places`].
    fn ask_at(&self, sample: &Sample, form: ProbeForm, place: usize) -> Ask;

    /// What is asked where that hangs on other items than the one that it is about; `None` where it does not.
    fn among_others(&self, _context: &ProbeContext<'_>) -> Option<Asked> {
        None
    }

    /// By the second protocol: how an answer with what was expected is judged; `None` where it is not in it.
    fn restored(&self, call: &ProbeCall, completion: &Completion) -> Option<RecordedScore>;

    /// By the third protocol: the same, however far behind in the answer it stands.
    fn restored_anywhere(
        &self,
        call: &ProbeCall,
        completion: &Completion,
    ) -> Option<RecordedScore> {
        self.restored(call, completion)
    }

    /// By the second protocol: how an answer is judged that is an attempt and not what was expected.
    fn not_restored(
        &self,
        _call: &ProbeCall,
        completion: &Completion,
        form: ProbeForm,
    ) -> RecordedScore {
        crate::answer::another(form, &completion.text)
    }

    /// By the third protocol: how much of what was asked for is in an answer that says something, larger for more.
    fn measure(&self, call: &ProbeCall, completion: &Completion) -> Option<f64> {
        beyond_prompt(call, completion)
    }

    /// Whether the answer is a text that the model writes.
    fn is_generated(&self) -> bool {
        true
    }

    /// Whether what is asked for is a text of the item, and not which of several it is.
    fn restores_texts(&self) -> bool {
        self.is_generated()
    }

    /// Whether some items are asked about again, see [`Recall::again`].
    fn asks_again(&self) -> bool {
        false
    }

    /// What is asked about `sample` a second time, where the answer to the first question was judged as
    /// `first`; `None` where nothing is.
    fn again(&self, _sample: &Sample, _first: &RecordedScore, _protocol: Protocol) -> Option<Ask> {
        None
    }
}

/// What the places of an item depend on besides the item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) form: ProbeForm,
    pub(crate) recurring: &'a Recurring,
    /// Whether the item may have been seen: what a control's partner is long enough for cannot be guessed, and a
    /// control that is guessed speaks against a leak.
    pub(crate) is_suspect: bool,
}

/// A way of asking in one form, as a probe.
#[derive(Debug)]
pub(crate) struct Put<R> {
    pub(crate) recall: R,
    pub(crate) form: ProbeForm,
    /// The instruction that is used.
    pub(crate) instruction: String,
    pub(crate) protocol: Protocol,
}

/// The first step of a probe.
pub(crate) struct Planned {
    pub(crate) calls: Vec<ProbeCall>,
    /// Items that are left out, by reason.
    pub(crate) filters: BTreeMap<String, u64>,
}

impl Planned {
    fn leave_out(&mut self, reason: &str) {
        *self.filters.entry(reason.to_owned()).or_insert(0) += 1;
    }
}

impl<R: Recall> Put<R> {
    pub(crate) fn plan(&self, context: &ProbeContext<'_>) -> Planned {
        let mut planned = Planned {
            calls: Vec::new(),
            filters: BTreeMap::new(),
        };
        let [suspects, controls] = self.asked(context);
        for (arm, items, asked) in [
            (Arm::Suspect, context.suspects, suspects),
            (Arm::Control, context.controls, controls),
        ] {
            for ((position, item), asked) in items.iter().enumerate().zip(asked) {
                match asked {
                    Ok(ask) => planned.calls.push(self.call(arm, position, item, ask)),
                    Err(reason) => planned.leave_out(reason),
                }
            }
        }
        planned
    }

    fn asked(&self, context: &ProbeContext<'_>) -> Asked {
        if let Some(asked) = self.recall.among_others(context) {
            return asked;
        }
        let arms = [context.suspects, context.controls];
        if matches!(self.protocol, Protocol::First) {
            let ask = |(position, item): (usize, &ProbeItem)| {
                let pick = Pick::new(context.seed, position);
                self.recall.ask(&item.sample, self.form, pick)
            };
            return arms.map(|items| items.iter().enumerate().map(ask).collect());
        }
        let mut places = self.places(context).into_iter();
        arms.map(|items| {
            let places = places.next().unwrap_or_default();
            let asked = items.iter().zip(places).map(|(item, place)| {
                place.map(|place| self.recall.ask_at(&item.sample, self.form, place))
            });
            asked.collect()
        })
    }

    /// By the second protocol, for each item of the suspects and of the controls: the place that is asked about, or
    /// why none is. In pairs both items are asked about the same place, or neither is.
    fn places(&self, context: &ProbeContext<'_>) -> Vec<Vec<Result<usize, &'static str>>> {
        let recurring = Recurring::among(context.suspects.iter().chain(context.controls));
        let of = |items: &[ProbeItem], is_suspect: bool| -> Vec<_> {
            let asking = Asking {
                form: self.form,
                recurring: &recurring,
                is_suspect: is_suspect || !context.kind.paired(),
            };
            let items = items.iter();
            items
                .map(|item| self.recall.places(&item.sample, &asking))
                .collect()
        };
        let mut arms = vec![of(context.suspects, true), of(context.controls, false)];
        if context.kind.paired() {
            let (suspects, controls) = arms.split_at_mut(1);
            for (suspect, control) in suspects[0].iter_mut().zip(&mut controls[0]) {
                keep_common(suspect, control);
            }
        }
        let named_after = |side: usize, position: usize| {
            let items = [context.suspects, context.controls][side];
            let items = if context.kind.paired() {
                context.suspects
            } else {
                items
            };
            items.get(position)
        };
        let picked = |(side, places): (usize, Vec<Result<Vec<usize>, &'static str>>)| {
            let picked = places.into_iter().enumerate().map(|(position, places)| {
                let item = named_after(side, position).ok_or("without a partner")?;
                pick_by_content(&item.sample, &places?).ok_or("no common option")
            });
            picked.collect()
        };
        let mut picked: Vec<Vec<_>> = arms.into_iter().enumerate().map(picked).collect();
        let parts = self.recall.restores_texts() && self.protocol.measures();
        if context.kind.paired() && parts {
            self.part_pairs(context, &mut picked);
        }
        picked
    }

    /// Leaves pairs out of which one answer restores both items: what was seen of the one cannot be told by the other.
    fn part_pairs(
        &self,
        context: &ProbeContext<'_>,
        picked: &mut [Vec<Result<usize, &'static str>>],
    ) {
        const SAME: &str = "both items of the pair ask for the same";
        let [suspects, controls] = picked else { return };
        let items = context.suspects.iter().zip(context.controls);
        for ((suspect, control), items) in suspects.iter_mut().zip(controls).zip(items) {
            let (Ok(own), Ok(other)) = (&*suspect, &*control) else {
                continue;
            };
            let own = self.recall.ask_at(&items.0.sample, self.form, *own);
            let other = self.recall.ask_at(&items.1.sample, self.form, *other);
            if self.is_restored_by(items.1, other, own.expected) {
                (*suspect, *control) = (Err(SAME), Err(SAME));
            }
        }
    }

    /// Whether `text` restores what `ask` asks for about `item`.
    fn is_restored_by(&self, item: &ProbeItem, ask: Ask, text: String) -> bool {
        let call = self.call(Arm::Control, 0, item, ask);
        let completion = Completion {
            text,
            ..Completion::default()
        };
        self.recall.restored(&call, &completion).is_some()
    }

    /// The second questions, where the `first` ones ended as `seen`.
    fn second(
        &self,
        context: &ProbeContext<'_>,
        first: &[ProbeCall],
        seen: &[Seen],
    ) -> Vec<ProbeCall> {
        let again = |(call, seen): (&ProbeCall, &Seen)| {
            let items = match call.arm {
                Arm::Suspect => context.suspects,
                Arm::Control => context.controls,
            };
            let item = items.get(call.item)?;
            let score = seen.score.as_ref()?;
            let ask = self.recall.again(&item.sample, score, self.protocol)?;
            Some(self.call(call.arm, call.item, item, ask))
        };
        first.iter().zip(seen).filter_map(again).collect()
    }

    /// For each of the `first` calls the one that says how its item came out: the second about the item where
    /// there is one.
    fn deciding(first: usize, calls: &[ProbeCall]) -> Vec<usize> {
        let mut deciding: Vec<_> = (0..first.min(calls.len())).collect();
        for (position, call) in calls.iter().enumerate().skip(first) {
            let is_about = |at: &usize| {
                let other = &calls[*at];
                other.arm == call.arm && other.item == call.item
            };
            if let Some(place) = (0..deciding.len()).find(is_about) {
                deciding[place] = position;
            }
        }
        deciding
    }

    fn call(&self, arm: Arm, position: usize, item: &ProbeItem, ask: Ask) -> ProbeCall {
        let message = match self.form {
            ProbeForm::Raw => Message::new(Role::Assistant, ask.beginning),
            ProbeForm::Instruction => {
                let shown = ask.shown.as_ref().unwrap_or(&ask.beginning);
                Message::new(Role::User, self.instruction.replace("{text}", shown))
            }
        };
        ProbeCall {
            arm,
            item: position,
            messages: vec![message],
            continuations: ask.continuations,
            max_tokens: match self.protocol {
                Protocol::First => max_tokens(&ask.expected),
                Protocol::Second(_) | Protocol::Third(_) | Protocol::Fourth(_) => {
                    room(&ask.expected)
                }
            },
            stop: ask.stop,
            right: item
                .sample
                .target
                .as_ref()
                .and_then(|target| target.as_str())
                .map(str::to_owned),
            expected: ask.expected,
        }
    }
}

/// By the first protocol, room for `expected`: two tokens a word and some more, and enough for scripts without words.
fn max_tokens(expected: &str) -> u32 {
    let most = words(expected).len() * 2 + 8;
    u32::try_from(most).unwrap_or(u32::MAX)
}

impl<R: Recall> Probe for Put<R> {
    fn id(&self) -> &'static str {
        self.recall.id()
    }

    fn form(&self) -> ProbeForm {
        self.form
    }

    fn version(&self) -> u32 {
        self.recall.version() + self.protocol.number() - 1
    }

    fn later_steps(&self) -> Option<StepScope> {
        self.recall.asks_again().then_some(StepScope::Local)
    }

    fn next(&self, context: &ProbeContext<'_>, seen: &[Seen]) -> Step {
        let first = self.plan(context).calls;
        let calls = if seen.is_empty() {
            first
        } else if seen.len() == first.len() && self.recall.asks_again() {
            self.second(context, &first, seen)
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
        match self.protocol {
            Protocol::First => self.recall.score(call, completion),
            Protocol::Second(declines) => self.read(call, completion, declines),
            Protocol::Third(declines) => self.read_and_measured(call, completion, declines),
            Protocol::Fourth(declines) => self.read_wherever(call, completion, declines),
        }
    }

    fn judge(&self, context: &ProbeContext<'_>, calls: &[ProbeCall], seen: &[Seen]) -> Finding {
        self.found(context, self.plan(context), calls, seen, Spending::ALL)
    }
}

impl<R: Recall> Put<R> {
    /// What is found where `calls` of what was `planned` ended as `seen`, of the error rate what is spent.
    pub(crate) fn found(
        &self,
        context: &ProbeContext<'_>,
        planned: Planned,
        calls: &[ProbeCall],
        seen: &[Seen],
        spending: Spending,
    ) -> Finding {
        let Planned {
            calls: first,
            filters,
        } = planned;
        let deciding = Self::deciding(first.len(), calls);
        let is_paired = context.kind.paired();
        let left_out = left_out(is_paired, calls, seen);
        let hit = |position: &usize| {
            let unit = unit(is_paired, &calls[*position]);
            is_hit(seen.get(*position)) == Some(true) && !left_out.contains_key(&unit)
        };
        let suspects = deciding.iter().copied();
        let suspects = suspects.filter(|place| calls[*place].arm == Arm::Suspect);
        let suspects = suspects.filter(hit);
        let is_reasoned = |position: &usize| seen.get(*position).is_some_and(is_reasoned);
        let in_reasoning = suspects.clone().filter(is_reasoned).count() as u64;
        let examples = suspects.take(EXAMPLES);
        let examples = examples.map(|position| position as u64).collect();
        let calls: Vec<_> = deciding.iter().map(|place| calls[*place].clone()).collect();
        let unseen = || Seen::ended(Outcome::Skipped, None);
        let seen = deciding.iter().map(|place| seen.get(*place).cloned());
        let seen: Vec<_> = seen.map(|seen| seen.unwrap_or_else(unseen)).collect();
        let (calls, seen) = (calls.as_slice(), seen.as_slice());
        let mut finding = Finding {
            suspects: count(Arm::Suspect, context.suspects.len(), calls, seen),
            controls: count(Arm::Control, context.controls.len(), calls, seen),
            filters,
            examples,
            in_reasoning,
            look: spending.0,
            ..Finding::new(self.recall.id(), self.form, context.kind)
        };
        match self.protocol {
            Protocol::First => finding.contrast = arm_difference(context, calls, seen),
            Protocol::Second(_) | Protocol::Third(_) | Protocol::Fourth(_) => {
                let compared = Compared::new(context, self.form, calls, seen);
                compared.spending(spending).tell(&mut finding);
            }
        }
        finding
    }
}

/// Of the places of both items of a pair those that both have. Where one has none, neither is asked.
fn keep_common(
    suspect: &mut Result<Vec<usize>, &'static str>,
    control: &mut Result<Vec<usize>, &'static str>,
) {
    const PARTNER: &str = "its partner cannot be used";
    match (&mut *suspect, &mut *control) {
        (Ok(own), Ok(other)) => {
            own.retain(|place| other.contains(place));
            other.retain(|place| own.contains(place));
        }
        (Ok(_), Err(_)) => *suspect = Err(PARTNER),
        (Err(_), Ok(_)) => *control = Err(PARTNER),
        (Err(_), Err(_)) => {}
    }
}

/// One of `places`, by what the item says and by nothing else: the same item is the same question in every suite.
pub(crate) fn pick_by_content(sample: &Sample, places: &[usize]) -> Option<usize> {
    let text = layout::item(sample, sample.choices.iter().map(String::as_str));
    let drawn = derive(0, "", &text, "pick");
    let place = usize::try_from(drawn % u64::try_from(places.len()).ok()?.max(1)).ok()?;
    places.get(place).copied()
}

impl<R: Recall> Put<R> {
    fn read(
        &self,
        call: &ProbeCall,
        completion: &Completion,
        declines: Declining,
    ) -> RecordedScore {
        if !self.recall.is_generated() {
            return self.recall.score(call, completion);
        }
        if let Some(restored) = self.recall.restored(call, completion) {
            return restored;
        }
        match why_invalid(call, self.form, completion, declines) {
            Some(reason) => crate::answer::invalid(reason),
            None => self.recall.not_restored(call, completion, self.form),
        }
    }

    /// By the third protocol: what an answer shows, however it is read, with its measure.
    fn read_and_measured(
        &self,
        call: &ProbeCall,
        completion: &Completion,
        declines: Declining,
    ) -> RecordedScore {
        if !self.recall.is_generated() {
            let score = self.recall.score(call, completion);
            return self.measured(score, &[Read::new(call, completion)]);
        }
        let readings = Read::all(call, completion);
        let mut restored = readings
            .iter()
            .filter_map(|read| self.recall.restored_anywhere(&read.call, &read.completion));
        let score = restored
            .next()
            .unwrap_or_else(|| self.without_what_was_asked(call, &readings, completion, declines));
        self.measured(score, &readings)
    }

    /// By the third protocol: how an answer is judged that holds what was asked for in none of `readings`.
    fn without_what_was_asked(
        &self,
        call: &ProbeCall,
        readings: &[Read],
        completion: &Completion,
        declines: Declining,
    ) -> RecordedScore {
        if is_too_long(&completion.text) {
            return invalid("too long to be read");
        }
        for read in readings {
            let reason = why_invalid(&read.call, self.form, &read.completion, declines);
            if let Some(reason) = reason {
                return invalid(reason);
            }
        }
        let beyond: Vec<_> = readings.iter().map(Read::beyond).collect();
        let is_declined = |one: &Beyond| is_unwilling(&one.text) || says_so(&one.text, declines);
        if beyond.iter().any(is_declined) {
            return invalid("declined");
        }
        // The second reading is without what nobody sees, where there is any.
        let plain = usize::from(readings.len() > 1);
        let Some((read, beyond)) = readings.get(plain).zip(beyond.get(plain)) else {
            return invalid("empty");
        };
        let score = self
            .recall
            .not_restored(&read.call, &read.completion, self.form);
        let score = beyond.kept_in(score);
        match self.protocol {
            Protocol::Fourth(_) => attempt::kept_in(score, call, &beyond.words),
            _ => score,
        }
    }

    /// By the fourth protocol: the same, and what is restored in disguise or in the reasoning alone.
    fn read_wherever(
        &self,
        call: &ProbeCall,
        completion: &Completion,
        declines: Declining,
    ) -> RecordedScore {
        let score = self.read_and_measured(call, completion, declines);
        if score.value >= 1.0 || !self.recall.restores_texts() {
            return score;
        }
        let hidden = self.disguised(call, completion);
        if let Some(restored) = hidden.or_else(|| self.in_reasoning(call, completion)) {
            return restored;
        }
        let is_miss = score.extraction_failure.is_none();
        if is_miss && disguise::is_worn(&completion.text) {
            return invalid("in disguise");
        }
        score
    }

    /// How an answer is judged that holds what was asked for in disguise.
    fn disguised(&self, call: &ProbeCall, completion: &Completion) -> Option<RecordedScore> {
        let readings = disguise::readings(&call.expected, &completion.text);
        let mut restored = readings
            .into_iter()
            .filter_map(|reading| self.restored_as(call, reading));
        restored.next().map(|score| noted(score, DISGUISED))
    }

    /// How an answer is judged whose reasoning holds what was asked for.
    fn in_reasoning(&self, call: &ProbeCall, completion: &Completion) -> Option<RecordedScore> {
        let reasoned = Completion {
            text: completion.reasoning.clone()?,
            ..Completion::default()
        };
        let readings = Read::all(call, &reasoned);
        let mut restored = readings
            .iter()
            .filter_map(|read| self.recall.restored_anywhere(&read.call, &read.completion));
        restored.next().map(|score| noted(score, REASONED))
    }

    fn restored_as(&self, call: &ProbeCall, reading: Reading) -> Option<RecordedScore> {
        let call = ProbeCall {
            expected: reading.expected,
            ..call.clone()
        };
        let completion = Completion {
            text: reading.said,
            ..Completion::default()
        };
        self.recall.restored_anywhere(&call, &completion)
    }

    /// `score` with the measure of an answer that says something, the largest of its readings.
    fn measured(&self, score: RecordedScore, readings: &[Read]) -> RecordedScore {
        if score.extraction_failure.is_some() {
            return score;
        }
        let measures = readings
            .iter()
            .filter_map(|read| self.recall.measure(&read.call, &read.completion));
        RecordedScore {
            measure: measures.reduce(f64::max).and_then(rounded),
            ..score
        }
    }
}

/// One way to read an answer, and what was asked for read in the same way.
struct Read {
    call: ProbeCall,
    completion: Completion,
}

impl Read {
    fn new(call: &ProbeCall, completion: &Completion) -> Self {
        Self {
            call: call.clone(),
            completion: completion.clone(),
        }
    }

    /// All ways to read what `completion` says.
    fn all(call: &ProbeCall, completion: &Completion) -> Vec<Self> {
        let expected = readings(&call.expected);
        let said = readings(&completion.text).into_iter().enumerate();
        let read = said.map(|(place, text)| Self {
            call: ProbeCall {
                expected: expected[place.min(expected.len() - 1)].to_string(),
                ..call.clone()
            },
            completion: Completion {
                text: text.into_owned(),
                reasoning: None,
                finish: completion.finish.clone(),
                ..Completion::default()
            },
        });
        read.collect()
    }

    fn beyond(&self) -> Beyond {
        Beyond::of(&self.call, &self.completion.text)
    }
}

/// `score` of what was restored whole, with a `note` of where.
fn noted(score: RecordedScore, note: &str) -> RecordedScore {
    let rule = score.rule.as_deref().unwrap_or_default();
    RecordedScore {
        rule: Some(format!("{rule}{note}").into()),
        measure: Some(1.0),
        ..score
    }
}

/// Whether an answer was restored in the reasoning alone.
pub(crate) fn is_reasoned(seen: &Seen) -> bool {
    let rule = seen.score.as_ref().and_then(|score| score.rule.as_deref());
    rule.is_some_and(|rule| rule.ends_with(REASONED))
}

pub(crate) fn scored(hit: bool) -> RecordedScore {
    RecordedScore::of(f64::from(u8::from(hit)))
}

pub(crate) fn missed(reason: &str) -> RecordedScore {
    RecordedScore {
        extraction_failure: Some(reason.to_owned()),
        ..RecordedScore::of(0.0)
    }
}

/// How near an answer is to what was expected: ROUGE-L of the words, labels left out, the answer cut to
/// the length of what was expected. 0 to 1. For probes that ask for a text.
pub fn similarity(call: &ProbeCall, completion: &Completion) -> f64 {
    let expected = words(&without_labels(&call.expected));
    let mut found = words(&without_labels(&completion.text));
    found.truncate(expected.len());
    rouge_l(&found, &expected)
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::ControlKind;

    use super::*;
    use crate::registry::testing::{order, probe_of};
    use crate::registry::{self, Order};
    use crate::testing::usable;

    #[test]
    fn choices_depend_on_seed_and_position_alone() {
        let pick = |seed, position| Pick::new(seed, position).one(&[3, 5, 8]);
        assert_eq!(pick(1, 2), pick(1, 2));
        assert_eq!(Pick::new(1, 1).one(&[]), None);
        let drawn: Vec<_> = (0..300).filter_map(|position| pick(7, position)).collect();
        for option in [3, 5, 8] {
            let count = drawn.iter().filter(|one| **one == option).count();
            // Five standard errors of 100.
            assert!((60..140).contains(&count), "{option}: {count}");
        }
    }

    const OPTIONS: [&str; 3] = ["option-completion", "ts-guessing", "forced-likelihood"];

    /// What is asked for of each item by the second protocol, by arm and position.
    fn asked(name: &str, context: &ProbeContext<'_>) -> BTreeMap<(Arm, usize), String> {
        let probe = probe_of(order(name, ProbeForm::Raw), |_| false);
        let Step::Calls(calls) = probe.next(context, &[]) else {
            return BTreeMap::new();
        };
        let asked = calls
            .into_iter()
            .map(|call| ((call.arm, call.item), call.expected));
        asked.collect()
    }

    fn context<'a>(
        suspects: &'a [ProbeItem],
        controls: &'a [ProbeItem],
        kind: ControlKind,
    ) -> ProbeContext<'a> {
        ProbeContext {
            suspects,
            controls,
            kind,
            seed: 4,
            published: None,
        }
    }

    /// Who knows the one item of such a pair restores the other: nothing can be told by it.
    #[test]
    fn copies_are_no_controls() {
        let suspects = [usable(0), usable(1), usable(2)];
        let controls = [usable(0), usable(11), usable(2)];
        for name in ["completion", "option-completion", "ts-guessing"] {
            let context = context(&suspects, &controls, ControlKind::Rewording);
            let order = Order {
                protocol: Protocol::Third(|_| false),
                ..order(name, ProbeForm::Raw)
            };
            let probe = registry::build(&order).unwrap();
            let Step::Calls(calls) = probe.next(&context, &[]) else {
                panic!("{name} asks for nothing")
            };
            assert!(calls.iter().all(|call| call.item == 1), "{name}: {calls:?}");
            let finding = probe.judge(&context, &calls, &[]);
            assert_eq!(
                finding.filters["both items of the pair ask for the same"],
                4
            );
        }
    }

    fn place_of(item: &ProbeItem, option: &str) -> usize {
        let mut choices = item.sample.choices.iter();
        choices.position(|choice| choice == option).unwrap()
    }

    #[test]
    fn both_items_of_a_pair_are_asked_about_the_same_option() {
        let suspects: Vec<_> = (0..40).map(usable).collect();
        // The right option of a control stands elsewhere than that of its suspect.
        let controls: Vec<_> = (41..81).map(usable).collect();
        for name in OPTIONS {
            let asked = asked(name, &context(&suspects, &controls, ControlKind::Rewording));
            assert!(asked.len() >= 40, "{name}: {}", asked.len());
            for place in 0..40 {
                let option = asked.get(&(Arm::Suspect, place));
                let other = asked.get(&(Arm::Control, place));
                assert_eq!(option.is_some(), other.is_some(), "{name}");
                if let (Some(option), Some(other)) = (option, other) {
                    let places = [
                        place_of(&suspects[place], option),
                        place_of(&controls[place], other),
                    ];
                    assert_eq!(places[0], places[1], "{name}");
                }
            }
        }
    }

    #[test]
    fn the_same_item_is_the_same_question_in_every_suite() {
        let items: Vec<_> = (0..30).map(usable).collect();
        let mut turned = items.clone();
        turned.reverse();
        for item in &mut turned {
            item.task = "another".to_owned();
            item.sample.id.push_str("-here");
        }
        for name in OPTIONS {
            let here = asked(name, &context(&items, &items, ControlKind::Sibling));
            let there = ProbeContext {
                seed: 99,
                ..context(&turned, &turned, ControlKind::Sibling)
            };
            let there = asked(name, &there);
            for place in 0..30 {
                let found = [
                    here.get(&(Arm::Suspect, place)),
                    there.get(&(Arm::Suspect, 29 - place)),
                ];
                assert!(found[0] == found[1], "{name}: {found:?}");
            }
        }
    }

    #[test]
    fn an_option_that_three_items_share_is_left_out() {
        let mut items: Vec<_> = (0..12).map(usable).collect();
        let label = "It follows from what is said and from nothing else in it";
        for item in &mut items {
            let wrong = (1..4).find(|place| {
                *place != place_of(item, item.sample.target.as_ref().unwrap().as_str().unwrap())
            });
            item.sample.choices[wrong.unwrap()] = label.to_owned();
        }
        for name in ["option-completion", "ts-guessing"] {
            let asked = asked(name, &context(&items, &items[..0], ControlKind::Sibling));
            assert!(
                !asked.is_empty() && asked.values().all(|option| option != label),
                "{name}"
            );
        }
    }

    /// How the probe `name` judges `answer`, which is made of what was asked for, by the third protocol and the second.
    fn judged(name: &str, answer: &dyn Fn(&str) -> String) -> [RecordedScore; 2] {
        let protocols: [Protocol; 2] = [Protocol::Third(|_| false), Protocol::Second(|_| false)];
        protocols.map(|protocol| {
            let order = crate::registry::Order {
                protocol,
                ..order(name, ProbeForm::Instruction)
            };
            let probe = crate::registry::build(&order).unwrap();
            let call = crate::registry::testing::only_call(&*probe, usable(1));
            let answer = answer(&call.expected);
            probe.score(&call, &crate::testing::completion(&answer))
        })
    }

    #[test]
    fn what_was_asked_for_is_found_however_it_is_dressed() {
        let each = |text: &str, between: &str| {
            let letters = text.chars().map(|one| format!("{one}{between}"));
            letters.collect::<String>()
        };
        let dressed: [&dyn Fn(&str) -> String; 7] = [
            &|text| "stone river lamp ".repeat(400) + text,
            &|text| each(text, "\u{200b}"),
            &|text| each(text, "\u{2060}"),
            &|text| text.replace(' ', "\u{200b}"),
            &|text| text.replace(' ', "&nbsp;").replace('w', "&#119;"),
            &|text| text.replace(' ', "&amp;nbsp;").replace('w', "&amp;#x77;"),
            &|text| text.replace(' ', "_"),
        ];
        for name in [
            "completion",
            "option-completion",
            "ts-guessing",
            "completion-second-cut",
        ] {
            for (number, dress) in dressed.iter().enumerate() {
                let [now, _] = judged(name, dress);
                assert!(now.value >= 1.0, "{name} {number}: {now:?}");
                assert_eq!(now.measure, Some(1.0), "{name} {number}");
            }
        }
    }

    #[test]
    fn the_second_protocol_reads_as_it_did() {
        let [now, before] = judged("completion", &|text| "stone river lamp ".repeat(400) + text);
        assert!(now.value >= 1.0 && before.value < 1.0, "{before:?}");
        let [now, before] = judged("completion", &|_| {
            "I would rather not go on with a text that is no text of mine to give".to_owned()
        });
        assert_eq!(now.extraction_failure.as_deref(), Some("declined"));
        let rule = before.rule.unwrap();
        assert!(
            before.extraction_failure.is_none() && !rule.contains("runs"),
            "{rule}"
        );
    }

    #[test]
    fn what_is_too_long_to_be_read_is_no_miss() {
        let long = "stone river lamp candle ".repeat(300_000);
        let began = std::time::Instant::now();
        let [now, _] = judged("option-completion", &|_| long.clone());
        assert_eq!(
            now.extraction_failure.as_deref(),
            Some("too long to be read")
        );
        let [now, _] = judged("option-completion", &|text| format!("{text} {long}"));
        assert!(now.value >= 1.0, "{now:?}");
        assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    }
}
