//! The seam at which contamination probes are added.
//!
//! A probe is a thing that plans calls and a thing that judges what came back. It is stepwise and
//! pure: [`Probe::next`] depends on the items and on complete earlier batches in their own order,
//! never on the order of arrival, so a resumed run plans the same calls again. Every probe puts
//! suspect items and controls to the *same* model in the same way.
//!
//! Refused by design: a finding without a control arm.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::RecordedScore;
use crate::outcome::Outcome;
use crate::{Completion, Message, Sample};

/// In which form a recall probe is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeForm {
    /// The beginning of the item's own text, to be continued: the completion form, or the beginning
    /// of the assistant's answer.
    Raw,
    /// A chat message that says what to do.
    Instruction,
}

impl ProbeForm {
    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Instruction => "instruction",
        }
    }
}

/// To which group of items a call belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arm {
    /// Items that may have been seen.
    Suspect,
    /// Items that the model cannot have seen.
    Control,
}

impl Arm {
    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspect => "suspect",
            Self::Control => "control",
        }
    }
}

/// What the control items are to the suspect ones; it decides what a difference can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// The same content in other words; paired. Shows memory of the wording only.
    Rewording,
    /// The same skill with new content; paired. Shows memory of the content.
    Isomorph,
    /// Independent items of the same shape and source.
    Sibling,
    /// Independent items written after the model's training data end.
    PostCutoff,
    /// Independent items that were never published.
    Private,
}

impl ControlKind {
    /// Whether each control belongs to one suspect item.
    pub fn paired(self) -> bool {
        matches!(self, Self::Rewording | Self::Isomorph)
    }

    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rewording => "rewording",
            Self::Isomorph => "isomorph",
            Self::Sibling => "sibling",
            Self::PostCutoff => "post_cutoff",
            Self::Private => "private",
        }
    }
}

/// An item with the name of its task.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeItem {
    /// Name of the task.
    pub task: String,
    /// The item.
    pub sample: Sample,
}

/// The items of a task in the order of the file in which they stand, with their controls.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Published {
    /// All items of the task whose items are suspects.
    pub suspects: Vec<ProbeItem>,
    /// Where [`ControlKind::paired`] holds, for each of `suspects` its control; else all items of the controls' task.
    pub controls: Vec<Option<ProbeItem>>,
}

/// What a probe works on.
#[derive(Debug, Clone, Copy)]
pub struct ProbeContext<'a> {
    /// Items that may have been seen, in plan order.
    pub suspects: &'a [ProbeItem],
    /// Controls. Where [`ControlKind::paired`] holds, as many as suspects, and each belongs to the
    /// suspect at its own position.
    pub controls: &'a [ProbeItem],
    /// What the controls are.
    pub kind: ControlKind,
    /// Seed of this probe, derived from the run's seed.
    pub seed: u64,
    /// The files in which the items stand; `None` where nothing is asked about their order, or it is not known.
    pub published: Option<&'a Published>,
}

/// One call that a probe wants made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeCall {
    /// Which group of items it is about.
    pub arm: Arm,
    /// Position of the item in [`ProbeContext::suspects`] or [`ProbeContext::controls`].
    pub item: usize,
    /// What the model gets. In the raw form one assistant message, which it continues.
    pub messages: Vec<Message>,
    /// Texts whose likelihood is asked for; empty where the model is to generate.
    pub continuations: Vec<String>,
    /// Most tokens that may be generated.
    pub max_tokens: u32,
    /// Texts at which generation ends.
    pub stop: Vec<String>,
    /// What a model that has seen the item would answer.
    pub expected: String,
    /// The item's right answer, if it has one: giving it is answering the question, not remembering.
    pub right: Option<String>,
}

impl ProbeCall {
    /// Name of the first call about `item`, after its arm and item.
    pub fn name(&self, item: &ProbeItem) -> String {
        format!("{}/{}/{}", self.arm.as_str(), item.task, item.sample.id)
    }
}

/// What a later step of a probe is planned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepScope {
    /// A call from the answers about its own item alone: the parts of a run that is shared out plan it each for
    /// their own items.
    Local,
    /// From the answers about any items: it is planned where all of them are.
    Global,
}

/// What a probe wants next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// These calls; the next step is planned when all of them have ended.
    Calls(Vec<ProbeCall>),
    /// Nothing more.
    Done,
}

/// How one call of a probe ended, without its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// How it ended.
    pub outcome: Outcome,
    /// What [`Probe::score`] gave; `None` for a call without an answer.
    pub score: Option<RecordedScore>,
    /// Why the item leaves the test whatever was answered, where it does: a model that cannot have seen it answers
    /// alike, for example.
    pub left_out: Option<&'static str>,
}

impl Seen {
    /// An answer that was judged as `score`.
    pub fn answered(score: RecordedScore) -> Self {
        Self::ended(Outcome::Answered, Some(score))
    }

    /// A call that ended as `outcome`.
    pub fn ended(outcome: Outcome, score: Option<RecordedScore>) -> Self {
        Self {
            outcome,
            score,
            left_out: None,
        }
    }

    /// The same with its item in the test.
    #[must_use]
    pub fn left_in(self) -> Self {
        Self {
            left_out: None,
            ..self
        }
    }
}

/// Counts of one arm. `items` = `valid` + `filtered` + `missing` + `invalid` + `unpaired`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmCount {
    /// Items of the arm.
    pub items: u64,
    /// Items whose answer counts in the test: of paired controls, those whose partner's does too.
    pub valid: u64,
    /// Of these, items that the model restored.
    pub hits: u64,
    /// Items that this probe cannot use (too short, guessable from the question, and so on), or need not ask about.
    pub filtered: u64,
    /// Items whose call ended without an answer (refused, censored, failed).
    pub missing: u64,
    /// Items whose answer says nothing: declined, empty, cut off or not in form.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub invalid: u64,
    /// Items of paired controls with an answer that counts, whose partner has none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpaired: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl ArmCount {
    /// Share of the answered items whose answer says nothing, 0 to 1; 0 where none was answered.
    #[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
    pub fn invalid_share(self) -> f64 {
        let answered = self.valid + self.unpaired + self.invalid;
        if answered == 0 {
            0.0
        } else {
            self.invalid as f64 / answered as f64
        }
    }
}

/// One of the looks at the answers of a probe that may stop before all items are asked. Looks stand at fixed shares of
/// the items, and each spends a fixed share of the error rate: p-values are divided by it, and intervals leave as much
/// less on either side. So what is told holds at all looks at once, whichever a probe stops at and why.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Its number, from 1.
    pub number: u32,
    /// Looks that there are at most.
    pub of: u32,
    /// Its share of the error rate; those of all looks add up to 1.
    pub weight: f64,
    /// Items of both arms that were asked about by then.
    pub asked: u64,
    /// Items of both arms that can be asked about.
    pub items: u64,
}

impl Look {
    /// Whether nothing is asked after it.
    pub fn is_last(self) -> bool {
        self.number >= self.of
    }
}

/// Items that hang together (near-duplicates, one `cluster`), counted as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Families {
    /// Families of the suspects that count; of paired controls, of pairs.
    pub suspects: u64,
    /// Families of the controls that count.
    pub controls: u64,
}

/// What measured how much more often suspects are restored than controls where nothing was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BiasSource {
    /// Originals that were never sent anywhere, against rewordings by the same writer.
    NeverSent,
    /// Models that cannot have seen the items.
    References,
}

impl BiasSource {
    /// The words used for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeverSent => "never-sent items",
            Self::References => "reference models",
        }
    }
}

/// The bias that a control does not remove, as it was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bias {
    /// Upper end of its one-sided 95 % interval, as a difference of rates; of several, the largest.
    pub upper: f64,
    /// The difference itself; `None` where the verdict does not weigh it: in tables before version 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<f64>,
    /// The upper end of the answers that say something alone, where those that say nothing may hide more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper_of_valid: Option<f64>,
    /// Fewest items of an arm that it rests on.
    pub items: u64,
    /// What measured it.
    pub source: BiasSource,
}

impl Bias {
    /// As much of it as answers that say something show.
    pub fn shown(self) -> f64 {
        self.upper_of_valid.unwrap_or(self.upper)
    }
}

/// How well suspects can be told from controls with a content of their own by their text alone, without asking any model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Blind {
    /// Area under the curve, .5 where they cannot; of pairs, how often the suspect is the one that looks like it.
    pub auc: f64,
    /// Lower end of its two-sided 95 % interval; 0 where too few families tell nothing.
    pub low: f64,
    /// Upper end; 1 where too few families tell nothing.
    pub high: f64,
    /// Families of suspects; in pairs, of pairs.
    pub suspects: u64,
    /// Families of controls; in pairs, of pairs.
    pub controls: u64,
}

/// The arms' measures compared, see [`RecordedScore::measure`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Values {
    /// The difference between the arms' measures.
    pub contrast: ValueContrast,
    /// The same if every answer of a suspect that says nothing were below all others, and every such answer of a
    /// control above; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_worst: Option<ValueContrast>,
    /// The one-sided 95 % upper bound if every answer of a suspect that says nothing were above all others, and every
    /// such answer of a control below: how large the difference may be at most. `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper_at_most: Option<f64>,
    /// The bias of these controls for this measure, as a superiority; `None` where nothing measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<Bias>,
    /// What else measured it, on items enough: each of several reference models, and never-sent items beside them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_biases: Vec<Bias>,
}

impl Values {
    /// All that was measured of the bias of the measures, the largest first.
    pub fn biases(&self) -> impl Iterator<Item = Bias> + '_ {
        self.bias.iter().chain(&self.further_biases).copied()
    }
}

/// By how much the measures of suspects are above those of controls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueContrast {
    /// How often the measure of a suspect is above that of a control (in pairs, of its own), ties counted half:
    /// .5 where neither is. The area under the curve of independent arms.
    pub superiority: f64,
    /// Lower end of the two-sided 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The one-sided 95 % upper bound.
    pub upper: f64,
    /// Items with a measure in the smaller arm, those that hang together counted once; in pairs, pairs.
    pub items: u64,
    /// Name of the interval's method.
    pub interval: String,
    /// One-sided p-value for "measures of suspects are larger".
    pub p: f64,
    /// Name of the test.
    pub test: String,
}

/// A difference between the arms and how certain it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// Hit rate of suspects minus hit rate of controls, -1 to 1.
    pub effect: f64,
    /// Lower end of the two-sided 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Name of the interval's method.
    pub interval: String,
    /// One-sided p-value for "suspects are restored more often".
    pub p: f64,
    /// Name of the test.
    pub test: String,
    /// Smallest effect that the test at level .05 would have found with a power of .8; `None` when
    /// no effect would.
    pub smallest_detectable: Option<f64>,
    /// For paired controls: both restored, only the suspect, only the control, neither.
    pub pairs: Option<[u64; 4]>,
}

/// The result of one probe on one task and model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Name of the probe.
    pub probe: String,
    /// The form it was put in.
    pub form: ProbeForm,
    /// What the controls are.
    pub control: ControlKind,
    /// Suspect items.
    pub suspects: ArmCount,
    /// Controls.
    pub controls: ArmCount,
    /// The difference; `None` when an arm has no valid item.
    pub contrast: Option<Contrast>,
    /// The difference if every answer of a suspect that says nothing were a miss, and every such answer of a
    /// control a hit; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_worst: Option<Contrast>,
    /// What the items amount to, where some hang together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub families: Option<Families>,
    /// The bias of these controls for this probe; `None` where nothing measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<Bias>,
    /// What else measured it, on items enough: each of several reference models, and never-sent items beside them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_biases: Vec<Bias>,
    /// Whether what is compared is how much more the model shows of an item than models that cannot have seen it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub beside_references: bool,
    /// By how much, at least, a model that cannot have seen the items restores suspects more often than controls, as a
    /// difference of rates, where that is beyond chance: what it restores is left out here, and may have been seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out_gap: Option<f64>,
    /// The arms' measures; `None` where the probe takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Values>,
    /// How well the arms can be told apart without a model; `None` of rewordings, and where it was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blind: Option<Blind>,
    /// Whether more than 5 % of an arm has no answer, though the endpoint can be asked so, where that leaves nothing to
    /// compare; not told before tables version 8.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// Whether it was asked by an instruction of the suite's own, of which no check of validity says whether it asks for
    /// what was seen; not told before tables version 8.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_instruction: bool,
    /// Of the suspects that were restored, those that stand in the reasoning of the answer alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub in_reasoning: u64,
    /// Answers that say nothing, by reason, over both arms.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub invalid: BTreeMap<String, u64>,
    /// Items that were left out, by reason, over both arms.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<String, u64>,
    /// The look that it is of; `None` where all items were asked at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<Look>,
    /// Positions of calls that show it best, over all steps.
    pub examples: Vec<u64>,
}

impl Finding {
    /// One of which nothing is known yet.
    pub fn new(probe: &str, form: ProbeForm, control: ControlKind) -> Self {
        Self {
            probe: probe.to_owned(),
            form,
            control,
            suspects: ArmCount::default(),
            controls: ArmCount::default(),
            contrast: None,
            at_worst: None,
            families: None,
            bias: None,
            further_biases: Vec::new(),
            beside_references: false,
            left_out_gap: None,
            values: None,
            blind: None,
            unanswered: false,
            own_instruction: false,
            in_reasoning: 0,
            invalid: BTreeMap::new(),
            filters: BTreeMap::new(),
            look: None,
            examples: Vec::new(),
        }
    }

    /// All that was measured of the bias of its hits, the largest first.
    pub fn biases(&self) -> impl Iterator<Item = Bias> + '_ {
        self.bias.iter().chain(&self.further_biases).copied()
    }

    /// The share of the error rate that it may spend, 1 where there are no several looks.
    pub fn weight(&self) -> f64 {
        self.look.map_or(1.0, |look| look.weight)
    }
}

/// Plans the calls of a probe and judges what came back. Pure: no clock, no network, no random
/// number other than those derived from [`ProbeContext::seed`].
pub trait Probe: Send + Sync + std::fmt::Debug {
    /// Name, the same in both forms, for example `completion`.
    fn id(&self) -> &'static str;

    /// The form in which this one is put.
    fn form(&self) -> ProbeForm;

    /// Raised whenever the same input may give another plan or judgement than before.
    fn version(&self) -> u32;

    /// What its later steps are planned from; `None` for a probe that has a single one.
    fn later_steps(&self) -> Option<StepScope> {
        None
    }

    /// The next step, given how all calls of earlier steps ended, in their own order; a call that has not is
    /// skipped. The calls of a later step are about items that the first one asked about, or about new ones, one an
    /// item; those of a local step about the former alone, where what an answered call gives does not change when
    /// others are answered later.
    fn next(&self, context: &ProbeContext<'_>, seen: &[Seen]) -> Step;

    /// Judges one answer. [`RecordedScore::value`] is 1 for a hit and 0 for none; for likelihoods a
    /// number in nats may be kept instead, as the probe says.
    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore;

    /// Judges the whole, given all `calls` that were planned and how each ended.
    fn judge(&self, context: &ProbeContext<'_>, calls: &[ProbeCall], seen: &[Seen]) -> Finding;
}
