//! What the reference models of a run show: models that cannot have seen the items, and are asked the same.
//!
//! What one of them restores is guessable and leaves the test; where texts are weighed, what is compared is how much more
//! a model shows than they do. With two or more, the differences that they show between the arms, with nothing left out, are
//! the bias of the controls. Two that are one model, by what they say, count as one. Nothing is decided about a reference.
//!
//! Invariant: a reference that does not do what it is asked, restores no famous passage, or whose answers say nothing
//! filters nothing and measures nothing, and is said to.

use std::collections::{BTreeMap, BTreeSet};

use cleanbench_core::probe::{BiasSource, Finding, ProbeCall, Seen};
use cleanbench_ledger::manifest::Role;
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_probe::alike::{Likeness, Manner};
use cleanbench_probe::beside::{self, About};
use cleanbench_probe::paired_difference;
use cleanbench_probe::registry::{is_check, weighs_likelihoods};
use cleanbench_probe::verdict::bias::{self, of_references, of_references_measures};
use cleanbench_probe::verdict::measured::{self, Grounds};
use cleanbench_stats::{Confidence, wilson};
use serde::Serialize;

use super::{Contamination, Gathered, Items, ModelValidity, Unit};
use crate::{Recording, ReportError};

/// Tables from this version on have references.
pub(crate) const REFERENCES_SINCE: u32 = 8;

/// Tables from this version on measure the bias of a model by references that are about as able as it.
const ABLE_SINCE: u32 = 9;

/// What a probe found of a reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Referenced {
    /// Name of the reference.
    pub model: String,
    /// Name of the task.
    pub task: String,
    /// What it shows, with nothing left out.
    pub finding: Finding,
    /// Why that says nothing, where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says_nothing: Option<String>,
}

/// How often a model answers the controls of a task rightly.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnControls {
    /// Name of the model.
    pub model: String,
    /// What it is asked for.
    pub role: Role,
    /// Name of the task.
    pub task: String,
    /// Controls with a score of 1.
    pub right: u64,
    /// Controls with a score of 0 or 1.
    pub n: u64,
    /// Lower end of the 95 % interval of the share.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Name of the interval's method.
    pub interval: &'static str,
    /// Models under test that are clearly better at the same controls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub less_able_than: Vec<String>,
    /// Models under test whose bias it does not measure, because it is less able than they; not told before tables
    /// version 9.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measures_no_bias_of: Vec<String>,
}

/// By how much the lower bound says a reference is worse at controls before it counts as clearly less able; by how much it
/// is worse, certain or not, before it measures no bias.
const LESS_ABLE: f64 = 0.1;

/// What the references of a run show of each probe.
#[derive(Debug, Default)]
pub(super) struct References {
    /// By position of the probe in the plan.
    of_probe: BTreeMap<usize, OfProbe>,
    alike: Vec<Alike>,
    /// How able they are at controls.
    on_controls: Vec<OnControls>,
    /// Whether the run has tables of [`ABLE_SINCE`] or later.
    is_later: bool,
}

/// Two references that say the same, as one model at two addresses does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alike {
    /// Names of both, in plan order.
    pub models: [String; 2],
    /// Answers to items that neither restores which are the same, each once.
    pub alike: u64,
    /// Answers to items that neither restores which were compared.
    pub of: u64,
    /// Whether the second one is a model under test; not told before tables version 9.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub of_subject: bool,
}

/// What they show of one probe.
#[derive(Debug, Default)]
struct OfProbe {
    shown: Vec<Referenced>,
    guessed: BTreeSet<About>,
    /// What they show on average of each item, where they weigh texts; empty elsewhere.
    weighed: BTreeMap<About, f64>,
    /// What each of them, those that are one model once, shows between the arms.
    telling: Vec<Told>,
    /// The most by which one of them surely restores suspects more often, see [`Finding::left_out_gap`].
    gap: Option<f64>,
}

/// What a reference shows, with its name.
#[derive(Debug)]
struct Told {
    model: String,
    finding: Finding,
}

/// A reference at a probe.
struct Answering<'a> {
    name: &'a str,
    /// What it is like, by all that it said; the same of two that are one.
    group: usize,
    gathered: &'a Gathered,
    says_nothing: Option<String>,
    finding: Finding,
    restored: BTreeSet<About>,
    weighed: BTreeMap<About, f64>,
}

impl References {
    /// Those of `recording`, as `gathered` and `validity` say in plan order.
    pub(super) fn read(
        recording: &Recording,
        units: &[Unit<'_>],
        gathered: &[Gathered],
        validity: &[ModelValidity],
        on_controls: &[OnControls],
    ) -> Result<Self, ReportError> {
        let plan = &recording.manifest.plan;
        let is_put = |unit: &&Unit<'_>| {
            let probe = unit.plan;
            // Never-sent items are put beside references where the items under suspicion are.
            let is_meant = probe.bias_of.is_none() || weighs_likelihoods(&probe.id);
            !is_check(&probe.id) && is_meant && probe.protocol > 1
        };
        if plan.tables < REFERENCES_SINCE || plan.models.iter().all(|one| !one.is_reference()) {
            return Ok(Self::default());
        }
        let models = plan.models.iter().zip(gathered);
        let references: Vec<_> = models.filter(|(model, _)| model.is_reference()).collect();
        let mut manners: Vec<_> = references.iter().map(|_| Manner::default()).collect();
        let mut put = Vec::new();
        for unit in units.iter().filter(is_put) {
            let answering = references.iter().zip(&mut manners);
            let answering = answering.map(|((model, gathered), manner)| {
                let checked = validity.iter().find(|one| one.model == model.name);
                let grounds = checked
                    .map(|one| one.grounds(plan.tables))
                    .unwrap_or_default();
                let grounds = grounds.get(&unit.plan.form).copied().unwrap_or_default();
                let asked = Asked { recording, unit };
                Answering::of(asked, &model.name, gathered, grounds, manner)
            });
            put.push((unit, answering.collect::<Result<Vec<_>, _>>()?));
        }
        let names: Vec<_> = references.iter().map(|(model, _)| &*model.name).collect();
        let is_later = plan.tables >= ABLE_SINCE;
        let alike = alike(&names, &manners, is_later);
        let of_subjects = if is_later {
            let put: Vec<_> = put.iter().map(|(unit, _)| *unit).collect();
            subjects_alike(
                recording,
                &put,
                gathered,
                &Manners {
                    names: &names,
                    all: &manners,
                },
            )?
        } else {
            Vec::new()
        };
        let groups = groups(&names, &alike);
        let mut of_probe = BTreeMap::new();
        for (unit, mut answering) in put {
            for (one, group) in answering.iter_mut().zip(&groups) {
                one.group = *group;
            }
            let mut own = OfProbe::of(recording, unit, answering)?;
            if unit.plan.bias_of.is_some() {
                own.shown.clear();
            }
            of_probe.insert(unit.place, own);
        }
        Ok(Self {
            of_probe,
            alike: alike.into_iter().chain(of_subjects).collect(),
            on_controls: on_controls.to_vec(),
            is_later,
        })
    }

    /// Takes what references show of the probe at `place` out of what a model's `calls` to it showed.
    pub(super) fn adjust(&self, place: usize, calls: &[ProbeCall], seen: &mut [Seen]) {
        let Some(own) = self.of_probe.get(&place) else {
            return;
        };
        if own.weighed.is_empty() {
            beside::leave_out(&own.guessed, calls, seen);
        } else {
            beside::set_against(&own.weighed, calls, seen);
        }
    }

    /// Puts the bias that references measured for the probe of `unit` into `finding` of the model called `subject`.
    pub(super) fn tell(&self, unit: &Unit<'_>, subject: &str, finding: &mut Finding) {
        let Some(own) = self.of_probe.get(&unit.place) else {
            return;
        };
        finding.beside_references = !own.weighed.is_empty();
        finding.left_out_gap = own.gap;
        let able = own.telling.iter();
        let able = able.filter(|told| !self.is_feeble(&told.model, subject, &unit.plan.suspects));
        let able: Vec<_> = able.map(|told| &told.finding).collect();
        let add = if self.is_later {
            bias::add_and_keep
        } else {
            bias::add
        };
        add(
            finding,
            &of_references(&able),
            &of_references_measures(&able),
        );
    }

    /// Whether the reference called `model` is `subject`, or measures no bias of it at `task`.
    fn is_feeble(&self, model: &str, subject: &str, task: &str) -> bool {
        let mut alike = self.alike.iter();
        if alike.any(|pair| pair.of_subject && pair.models == [model, subject]) {
            return true;
        }
        let mut own = self.on_controls.iter();
        let own = own.find(|one| one.model == model && one.task == task);
        own.is_some_and(|one| one.measures_no_bias_of.iter().any(|name| name == subject))
    }

    /// Which of them are one model.
    pub(super) fn alike(&self) -> Vec<Alike> {
        self.alike.clone()
    }

    /// What every reference shows, in plan order of probes.
    pub(super) fn shown(self) -> Vec<Referenced> {
        let all = self.of_probe.into_values();
        all.flat_map(|one| one.shown).collect()
    }
}

/// What references said, beside their names.
struct Manners<'a> {
    names: &'a [&'a str],
    all: &'a [Manner],
}

/// The references that are a model under test, by what that one says to the probes `put`.
fn subjects_alike(
    recording: &Recording,
    put: &[&Unit<'_>],
    gathered: &[Gathered],
    references: &Manners<'_>,
) -> Result<Vec<Alike>, ReportError> {
    let mut all = Vec::new();
    for (position, model) in recording.manifest.plan.subjects() {
        let mut own = Manner::default();
        for unit in put {
            unit.add_manner(recording, &gathered[position], &mut own)?;
        }
        for (name, manner) in references.names.iter().zip(references.all) {
            let Likeness { alike, of } = own.likeness(manner);
            if (Likeness { alike, of }).is_of_one() {
                all.push(Alike {
                    models: [(*name).to_owned(), model.name.clone()],
                    alike,
                    of,
                    of_subject: true,
                });
            }
        }
    }
    Ok(all)
}

/// The pairs of `names` whose `manners` are those of one model; of which nobody can tell, too, where `unknown_is_one`.
fn alike(names: &[&str], manners: &[Manner], unknown_is_one: bool) -> Vec<Alike> {
    let mut all = Vec::new();
    for (place, own) in manners.iter().enumerate() {
        for (before, other) in manners[..place].iter().enumerate() {
            let Likeness { alike, of } = own.likeness(other);
            let likeness = Likeness { alike, of };
            if likeness.is_of_one() || unknown_is_one && !likeness.is_known() {
                all.push(Alike {
                    models: [names[before], names[place]].map(str::to_owned),
                    alike,
                    of,
                    of_subject: false,
                });
            }
        }
    }
    all
}

/// For each of `names` the place of the first one that is the same model, directly or by way of others.
fn groups(names: &[&str], alike: &[Alike]) -> Vec<usize> {
    let mut groups: Vec<_> = (0..names.len()).collect();
    let place = |name: &String| names.iter().position(|own| own == name);
    for pair in alike {
        let [Some(one), Some(other)] = pair.models.each_ref().map(place) else {
            continue;
        };
        let [kept, joined] = [
            groups[one].min(groups[other]),
            groups[one].max(groups[other]),
        ];
        for group in groups.iter_mut().filter(|group| **group == joined) {
            *group = kept;
        }
    }
    groups
}

/// A probe as references were asked.
#[derive(Clone, Copy)]
struct Asked<'a> {
    recording: &'a Recording,
    unit: &'a Unit<'a>,
}

impl<'a> Answering<'a> {
    /// What it said is added to its `manner`.
    fn of(
        Asked { recording, unit }: Asked<'_>,
        name: &'a str,
        gathered: &'a Gathered,
        grounds: Grounds,
        manner: &mut Manner,
    ) -> Result<Self, ReportError> {
        let mut own = Self {
            name,
            group: 0,
            gathered,
            says_nothing: None,
            finding: Finding::new(&unit.plan.id, unit.plan.form, unit.plan.control),
            restored: BTreeSet::new(),
            weighed: BTreeMap::new(),
        };
        let judged = unit.judge_reference(recording, gathered, |calls, seen| {
            own.restored = beside::restored(calls, seen);
            let weighs = weighs_likelihoods(&unit.plan.id);
            manner.add(unit.place, weighs, calls, seen);
            if weighs {
                own.weighed = beside::measured(calls, seen);
            }
        })?;
        own.finding = judged.finding;
        own.says_nothing = says_nothing(&own.finding, grounds, judged.not_testable);
        Ok(own)
    }

    /// What it shows beside the others, where texts are weighed and there are others.
    fn beside(
        &self,
        recording: &Recording,
        unit: &Unit<'_>,
        others: &BTreeMap<About, f64>,
    ) -> Result<Finding, ReportError> {
        if others.is_empty() {
            return Ok(self.finding.clone());
        }
        let against = |calls: &[ProbeCall], seen: &mut [Seen]| {
            beside::set_against(others, calls, seen);
        };
        Ok(unit
            .judge_reference(recording, self.gathered, against)?
            .finding)
    }
}

/// One of each model of `all`.
fn telling<'a, 'b>(all: impl Iterator<Item = &'b Answering<'a>>) -> Vec<&'b Answering<'a>>
where
    'a: 'b,
{
    let mut telling: Vec<&Answering<'_>> = Vec::new();
    for one in all {
        if telling.iter().all(|other| other.group != one.group) {
            telling.push(one);
        }
    }
    telling
}

/// A difference of rates from which on what references restore of suspects alone is too much to leave out unsaid.
const GAP: f64 = 0.05;

/// The largest lower bound of the difference that one of `findings` shows, where it is above [`GAP`].
fn gap<'a>(findings: impl Iterator<Item = &'a Finding>) -> Option<f64> {
    let lows = findings.filter_map(|one| Some(one.contrast.as_ref()?.low));
    lows.reduce(f64::max).filter(|low| *low > GAP)
}

/// What several references show as one: what each of them restores of suspects alone may be little, and all of it is left
/// out.
fn together(
    recording: &Recording,
    unit: &Unit<'_>,
    telling: &[&Answering<'_>],
    guessed: &BTreeSet<About>,
) -> Result<Option<Finding>, ReportError> {
    let [first, _, ..] = telling else {
        return Ok(None);
    };
    let judged = unit.judge_reference(recording, first.gathered, |calls, seen| {
        beside::as_restored(guessed, calls, seen);
    })?;
    Ok(Some(judged.finding))
}

/// Why `finding` of a reference whose endpoint was checked as `grounds` say tells nothing.
fn says_nothing(
    finding: &Finding,
    grounds: Grounds,
    not_testable: Option<String>,
) -> Option<String> {
    let why = match (grounds.complies, grounds.remembers) {
        (Some(false), _) => "it does not do what it is asked",
        (_, Some(false)) => "it restores hardly a famous passage",
        (None, _) | (_, None) => "it was not checked whether it can restore a text",
        _ if measured::is_silent(finding) => {
            "more than 5 % of its answers say nothing or are missing"
        }
        _ => return not_testable,
    };
    Some(why.to_owned())
}

impl OfProbe {
    fn of(
        recording: &Recording,
        unit: &Unit<'_>,
        answering: Vec<Answering<'_>>,
    ) -> Result<Self, ReportError> {
        let saying = || answering.iter().filter(|one| one.says_nothing.is_none());
        let telling = telling(saying());
        let guessed = saying().flat_map(|one| &one.restored);
        let mut own = Self {
            guessed: guessed.copied().collect(),
            weighed: beside::mean_of(telling.iter().map(|one| &one.weighed)),
            ..Self::default()
        };
        if own.weighed.is_empty() {
            let together = together(recording, unit, &telling, &own.guessed)?;
            own.gap = gap(saying().map(|one| &one.finding).chain(&together));
        }
        for (place, one) in telling.iter().enumerate() {
            let others = telling.iter().enumerate();
            let others = others.filter(|(other, _)| *other != place);
            let others = beside::mean_of(others.map(|(_, other)| &other.weighed));
            own.telling.push(Told {
                model: one.name.to_owned(),
                finding: one.beside(recording, unit, &others)?,
            });
        }
        own.shown = answering
            .into_iter()
            .map(|one| one.shown(&unit.plan.suspects))
            .collect();
        Ok(own)
    }
}

impl Answering<'_> {
    fn shown(self, task: &str) -> Referenced {
        let mut finding = self.finding;
        if self.says_nothing.is_none() {
            finding.bias = measured::bias(&finding, BiasSource::References);
        }
        Referenced {
            model: self.name.to_owned(),
            task: task.to_owned(),
            finding,
            says_nothing: self.says_nothing,
        }
    }
}

/// How often each model is right on the controls of each task that was probed; nothing without references.
pub(super) fn on_controls(
    recording: &Recording,
    items: &Items,
    units: &[Unit<'_>],
    gathered: &[Gathered],
) -> Vec<OnControls> {
    let plan = &recording.manifest.plan;
    let mut all = Vec::new();
    if plan.models.iter().all(|model| !model.is_reference()) {
        return all;
    }
    for task in plan.tasks.iter().filter(|task| task.probe.is_none()) {
        let mut own = units.iter().filter(|unit| unit.is_of(&task.name));
        let Some(arms) = own.find_map(|unit| unit.arms.as_ref()) else {
            continue;
        };
        let answers = gathered.iter().map(|gathered| {
            let controls = arms.controls.iter();
            controls
                .map(|item| items.right(item, gathered))
                .collect::<Vec<_>>()
        });
        let answers: Vec<_> = answers.collect();
        for (position, model) in plan.models.iter().enumerate() {
            let better = plan.subjects().filter(|(subject, _)| {
                model.is_reference() && is_better(&answers[*subject], &answers[position])
            });
            let better = better.map(|(_, subject)| subject.name.clone()).collect();
            let abler = plan.subjects().filter(|(subject, _)| {
                let is_weighed = model.is_reference() && plan.tables >= ABLE_SINCE;
                is_weighed && is_abler(&answers[*subject], &answers[position])
            });
            let abler: Vec<_> = abler.map(|(_, subject)| subject.name.clone()).collect();
            let silent = (!abler.is_empty()).then(OnControls::none);
            all.extend(
                OnControls::of(&answers[position])
                    .or(silent)
                    .map(|found| OnControls {
                        model: model.name.clone(),
                        role: model.role,
                        task: task.name.clone(),
                        less_able_than: better,
                        measures_no_bias_of: abler,
                        ..found
                    }),
            );
        }
    }
    all
}

impl OnControls {
    fn of(answers: &[Option<bool>]) -> Option<Self> {
        let right = answers.iter().filter(|one| **one == Some(true)).count() as u64;
        let n = answers.iter().flatten().count() as u64;
        #[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
        let interval = wilson(right as f64, n, Confidence::new(0.95)?)?;
        Some(Self {
            right,
            n,
            low: interval.low,
            high: interval.high,
            ..Self::none()
        })
    }

    /// Of a model that answers no control.
    fn none() -> Self {
        Self {
            model: String::new(),
            role: Role::Subject,
            task: String::new(),
            right: 0,
            n: 0,
            low: 0.0,
            high: 1.0,
            interval: "wilson",
            less_able_than: Vec::new(),
            measures_no_bias_of: Vec::new(),
        }
    }

    /// For people.
    fn line(&self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
        let share = self.right as f64 / self.n.max(1) as f64;
        let mark = match self.role {
            Role::Subject => "",
            Role::Reference => "reference ",
        };
        format!(
            "{mark}{} {share:.3} [{:.3}, {:.3}]",
            self.model, self.low, self.high
        )
    }
}

/// Whether who gave the answers `one` to some items is more able at them than who gave `other`, or that one answers less than
/// half as many: what it does not know it cannot guess.
fn is_abler(one: &[Option<bool>], other: &[Option<bool>]) -> bool {
    let both = one.iter().zip(other);
    let both: Vec<_> = both
        .filter_map(|(one, other)| Some([(*one)?, (*other)?]))
        .collect();
    let asked = one.iter().flatten().count();
    if 2 * both.len() < asked {
        return true;
    }
    let [own, others] = [0, 1].map(|place| both.iter().filter(|right| right[place]).count());
    #[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
    let [own, others, all] = [own, others, both.len()].map(|count| count as f64);
    own - others > LESS_ABLE * all
}

/// Whether who gave the answers `one` to some items is clearly better at them than who gave `other`.
fn is_better(one: &[Option<bool>], other: &[Option<bool>]) -> bool {
    let mut table = [0; 4];
    for (one, other) in one.iter().zip(other) {
        if let (Some(one), Some(other)) = (one, other) {
            table[usize::from(!one) * 2 + usize::from(!other)] += 1;
        }
    }
    paired_difference(table).is_some_and(|found| found.low > LESS_ABLE)
}

impl Contamination {
    /// Lines for people about references: how able each model is at the controls of a task, and what probes show.
    pub fn reference_lines(&self) -> impl Iterator<Item = String> {
        let mut tasks: Vec<&OnControls> = Vec::new();
        for one in &self.on_controls {
            if tasks.iter().all(|other| other.task != one.task) {
                tasks.push(one);
            }
        }
        let accuracies = tasks.into_iter().map(|first| {
            let own = self.on_controls.iter();
            let own = own.filter(|one| one.task == first.task);
            let models: Vec<_> = own.map(OnControls::line).collect();
            let (task, n) = (&first.task, first.n);
            format!(
                "accuracy on controls of {task}: {} (n {n}, 95 % Wilson)",
                models.join(", ")
            )
        });
        let unknown = self.tasks_of_unknown_ability();
        let unknown = unknown.into_iter().map(|task| {
            format!("accuracy on controls of {task}: not known, because its items were not asked")
        });
        let feeble = self.on_controls.iter().filter_map(OnControls::feeble_line);
        let accuracies = accuracies.chain(feeble).chain(unknown);
        let references = self.references.iter().map(Referenced::line);
        accuracies
            .chain(self.alike.iter().map(Alike::line))
            .chain(references)
    }

    /// Tasks with references of which nobody knows how able these are: a run of probes alone asks no item.
    fn tasks_of_unknown_ability(&self) -> Vec<&str> {
        let mut tasks: Vec<&str> = Vec::new();
        for one in &self.references {
            let is_known = self.on_controls.iter().any(|other| other.task == one.task);
            if !is_known && !tasks.contains(&one.task.as_str()) {
                tasks.push(&one.task);
            }
        }
        tasks
    }

    /// What must be said of references.
    pub(crate) fn reference_notes(&self) -> Vec<Note> {
        let mut notes = silent(&self.references);
        let models: BTreeSet<_> = self.references.iter().map(|one| &one.model).collect();
        let is_measured = |verdict: &super::TaskVerdict| {
            let mut findings = verdict.findings.iter();
            findings.any(|judged| judged.finding.bias.is_some())
        };
        if models.len() == 1 && !self.verdicts.iter().all(is_measured) {
            let text = "one reference model alone measures no bias: what it restores is left out, and a class is at most `suspected` where never-sent items measured none; name a second one with `-R`";
            notes.push(Note::new(NoteKind::OneReference, text));
        }
        let alike = self.alike.iter();
        notes.extend(alike.map(|pair| Note::new(NoteKind::ReferencesAlike, pair.text())));
        let unknown = self.tasks_of_unknown_ability();
        if !unknown.is_empty() {
            let tasks: Vec<_> = unknown.iter().map(|task| format!("`{task}`")).collect();
            let text = format!(
                "how able reference models are is not known, because the items of {} were not asked: one that is less able than the model under test cannot guess what that one guesses",
                tasks.join(", ")
            );
            notes.push(Note::new(NoteKind::ReferenceAbilityUnknown, text));
        }
        let less_able = self.on_controls.iter().filter_map(OnControls::note);
        notes.extend(less_able);
        notes
    }
}

/// `models` as they are named in a sentence.
fn named(models: &[String]) -> String {
    let models: Vec<_> = models.iter().map(|model| format!("`{model}`")).collect();
    models.join(", ")
}

impl OnControls {
    /// What must be said where it is less able than a model under test.
    fn note(&self) -> Option<Note> {
        let [abler, better] = [&self.measures_no_bias_of, &self.less_able_than];
        let than = match (abler.is_empty(), better.is_empty()) {
            (true, true) => return None,
            (_, false) => format!("clearly fewer than {}: it", named(better)),
            (false, true) => format!("and less able than {}: it", named(abler)),
        };
        let measures = if abler.is_empty() {
            String::new()
        } else {
            format!(" measures no bias of {}, because it", named(abler))
        };
        let Self {
            model,
            right,
            n,
            task,
            ..
        } = self;
        let text = format!(
            "reference model `{model}` is right on {right} of {n} controls of `{task}`, {than}{measures} cannot guess what a more able model guesses"
        );
        Some(Note::new(NoteKind::ReferenceLessAble, text))
    }

    /// A line for people where it measures no bias of some model.
    fn feeble_line(&self) -> Option<String> {
        let (model, task) = (&self.model, &self.task);
        let of = self.measures_no_bias_of.join(", ");
        (!of.is_empty()).then(|| {
            format!("reference {model} measures no bias of {of} at {task}: right on {} of {} controls, it is less able", self.right, self.n)
        })
    }
}

impl Alike {
    fn likeness(&self) -> Likeness {
        let Self { alike, of, .. } = *self;
        Likeness { alike, of }
    }

    fn line(&self) -> String {
        let [one, other] = &self.models;
        let Self { alike, of, .. } = self;
        if self.of_subject {
            return format!(
                "reference {one} and {other} under test: {alike} of {of} answers are the same, it measures no bias"
            );
        }
        if !self.likeness().is_known() {
            return format!(
                "references {one} and {other}: only {of} answers could tell them apart, counted as one model"
            );
        }
        format!(
            "references {one} and {other}: {alike} of {of} answers are the same, counted as one model"
        )
    }

    fn text(&self) -> String {
        let [one, other] = &self.models;
        let Self { alike, of, .. } = self;
        if self.of_subject {
            return format!(
                "the reference model `{one}` gave the same answer {alike} of {of} times as `{other}` under test to items that neither restored: it is that model, and measures no bias of it"
            );
        }
        if !self.likeness().is_known() {
            return format!(
                "only {of} answers of the reference models `{one}` and `{other}` are long enough to tell two models apart: they count as one model, and bias is measured by two that are known to be two"
            );
        }
        format!(
            "the reference models `{one}` and `{other}` gave the same answer {alike} of {of} times to items that neither restored: they count as one model, and bias is measured by two that are not alike"
        )
    }
}

/// Which references say nothing, why and about what.
fn silent(all: &[Referenced]) -> Vec<Note> {
    let mut probes: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for one in all {
        if let Some(why) = &one.says_nothing {
            let told = probes.entry((&one.model, why)).or_default();
            told.push(one.probe());
        }
    }
    let notes = probes.into_iter().map(|((model, why), probes)| {
        let text = format!(
            "reference model `{model}` says nothing, because {why}: it leaves no item out and measures no bias ({})",
            probes.join(", ")
        );
        Note::new(NoteKind::ReferenceSilent, text)
    });
    notes.collect()
}

impl Referenced {
    fn probe(&self) -> String {
        let finding = &self.finding;
        format!("{}/{}.{}", self.task, finding.probe, finding.form.as_str())
    }

    fn line(&self) -> String {
        let finding = &self.finding;
        let shown = match (&self.says_nothing, finding.bias) {
            (Some(why), _) => format!("says nothing, because {why}"),
            (None, bias) => {
                let [suspects, controls] = [finding.suspects, finding.controls];
                let upper = bias.map_or_else(String::new, |bias| {
                    format!(", at most {:+.3} more (one-sided 95 %)", bias.upper)
                });
                format!(
                    "restores {} of {}, of controls {} of {}{upper}",
                    suspects.hits, suspects.valid, controls.hits, controls.valid
                )
            }
        };
        format!("reference {} at {}: {shown}", self.model, self.probe())
    }
}
