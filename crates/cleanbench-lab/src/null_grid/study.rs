//! Models of a scenario: what they answer, and what runs make of it.
//!
//! Everything that texts decide is found once for a scenario; a model is then a list of answers, and its findings, bias and
//! verdict come from the code that runs use.
//!
//! Invariant: a model is a function of scenario, seed and its number. Its references meet the same difficulties.
//!
//! It refuses a scenario of which a probe can ask nothing.

use std::collections::BTreeMap;

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{
    Arm, Bias, BiasSource, ControlKind, Finding, ProbeContext, ProbeForm, Seen,
};
use cleanbench_core::seed::derive;
use cleanbench_probe::registry::Order;
use cleanbench_probe::verdict::measured::{self, Grounds};
use cleanbench_probe::{Arms, Design, Protocol, Verdict};
use cleanbench_stats::random::Random;

use super::draws::{BetaQuantiles, normal};
use super::items::{OTHERS, Part, items, shared};
use super::scenario::{ByArm, Controls, Rule, Scenario};

/// The probes that are put, in both forms.
pub const TEXTS: [&str; 3] = ["completion", "option-completion", "ts-guessing"];
/// The probe that is put where likelihoods are drawn.
const LIKELIHOODS: &str = "forced-likelihood";
/// Probes that ask for an option, which may recur.
const OF_OPTIONS: [&str; 2] = ["option-completion", "ts-guessing"];
const FORMS: [ProbeForm; 2] = [ProbeForm::Raw, ProbeForm::Instruction];

/// Why a scenario cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StudyError {
    /// A probe is none.
    #[error("{0}")]
    Probe(String),
    /// A probe can ask nothing of its items.
    #[error("the probe `{0}` can ask nothing of the items")]
    Nothing(String),
}

/// An answer to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// What was asked for.
    Restored,
    /// Another text.
    Another,
    /// One that says nothing.
    Declined,
}

impl Answer {
    fn seen(self, is_guessed: bool) -> Seen {
        let score = match self {
            Self::Restored => RecordedScore::of(1.0),
            Self::Another => RecordedScore::of(0.0),
            Self::Declined => RecordedScore {
                extraction_failure: Some("declined".to_owned()),
                ..RecordedScore::of(0.0)
            },
        };
        Seen {
            is_guessed,
            ..Seen::answered(score)
        }
    }
}

/// For each probe and form, an answer for each call.
pub type Answers = Vec<Vec<Answer>>;

/// What a simulated model and its references answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// To what was asked of suspects and controls.
    pub answers: Answers,
    /// To what was asked of never-sent items, if there are any.
    pub never_sent: Answers,
    /// What each reference answered to the same as the model.
    pub references: Vec<Answers>,
}

/// What runs make of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessed {
    /// Findings of all probes and forms.
    pub findings: Vec<Finding>,
    /// What they amount to.
    pub verdict: Verdict,
}

/// A scenario with its items and calls.
#[derive(Debug)]
pub struct Study {
    scenario: Scenario,
    main: Set,
    never_sent: Option<Set>,
    levels: Vec<[BetaQuantiles; 2]>,
    grounds: BTreeMap<ProbeForm, Grounds>,
    without: Option<Rule>,
}

/// Items of two arms and what is asked about them.
#[derive(Debug)]
pub struct Set {
    /// The items.
    pub arms: Arms,
    /// For each item of an arm, the number of its template.
    strata: [Vec<usize>; 2],
    designs: Vec<Design>,
}

/// The place of an arm in pairs of arms.
fn side(arm: Arm) -> usize {
    usize::from(arm == Arm::Control)
}

impl Set {
    fn new(
        scenario: &Scenario,
        names: [Part<'_>; 2],
        count: usize,
        without: Option<Rule>,
    ) -> Result<Self, StudyError> {
        let of_suspects = strata(scenario, count, |share| share.suspects);
        let of_controls = match scenario.controls {
            Controls::Rewordings => of_suspects.clone(),
            Controls::Siblings => strata(scenario, count, |share| share.controls),
        };
        let mut arms = Arms {
            suspects: items(scenario, names[0], &of_suspects),
            controls: items(scenario, names[1], &of_controls),
            kind: match names[1].reworded {
                Some(_) => ControlKind::Rewording,
                None => ControlKind::Sibling,
            },
        };
        if without == Some(Rule::Families) {
            let all = arms.suspects.iter_mut().chain(&mut arms.controls);
            all.for_each(|item| item.sample.cluster = None);
        }
        let context = arms.context(0);
        let designs: Result<Vec<_>, _> = probes(scenario)
            .into_iter()
            .map(|(name, form)| design(name, form, &context))
            .collect();
        Ok(Self {
            designs: designs?,
            strata: [of_suspects, of_controls],
            arms,
        })
    }

    /// The probes as they are put to the items.
    pub fn designs(&self) -> &[Design] {
        &self.designs
    }
}

fn design(
    name: &str,
    form: ProbeForm,
    context: &ProbeContext<'_>,
) -> Result<Design, StudyError> {
    let order = Order {
        name,
        form,
        prompt: None,
        // Answers are drawn, not read: none declines in words.
        protocol: Protocol::Second(|_| false),
    };
    let built = Design::new(&order, context);
    let built = built.map_err(|error| StudyError::Probe(error.to_string()))?;
    built.ok_or_else(|| StudyError::Nothing(name.to_owned()))
}

/// The probes of a scenario, each in its forms.
fn probes(scenario: &Scenario) -> Vec<(&'static str, ProbeForm)> {
    let texts = TEXTS
        .into_iter()
        .flat_map(|name| FORMS.map(|form| (name, form)));
    let likelihoods = scenario.offset.map(|_| (LIKELIHOODS, ProbeForm::Raw));
    texts.chain(likelihoods).collect()
}

/// For each of `count` items the number of its template, by the shares of an arm.
fn strata(scenario: &Scenario, count: usize, of: fn(&ByArm) -> f64) -> Vec<usize> {
    let at = |place: usize| {
        // Items of a family are of one template.
        let first = place / scenario.family * scenario.family;
        #[expect(clippy::cast_precision_loss, reason = "items are few")]
        let share = (first as f64 + 0.5) / count as f64;
        let mut reached = 0.0;
        let within = |stratum: &super::scenario::Stratum| {
            reached += of(&stratum.share);
            share < reached
        };
        let found = scenario.strata.iter().position(within);
        found.unwrap_or(scenario.strata.len() - 1)
    };
    (0..count).map(at).collect()
}

impl Study {
    /// The items and calls of `scenario`, judged without the rule `without`.
    ///
    /// # Errors
    /// When one of its probes can ask nothing.
    pub fn new(scenario: &Scenario, without: Option<Rule>) -> Result<Self, StudyError> {
        let part = |task, letter, reworded| Part {
            task,
            letter,
            reworded,
        };
        let controls = match scenario.controls {
            Controls::Rewordings => part("suspects", 'r', Some('o')),
            Controls::Siblings => part("siblings", 's', None),
        };
        let own = [part("suspects", 'o', None), controls];
        let main = Set::new(scenario, own, scenario.items, without)?;
        let own = [
            part("never-sent", 'n', None),
            part("never-sent", 'w', Some('n')),
        ];
        let never_sent = (scenario.never_sent > 0)
            .then(|| Set::new(scenario, own, scenario.never_sent, without))
            .transpose()?;
        let levels = scenario.strata.iter().map(|stratum| {
            let rates = [stratum.guess.suspects, stratum.guess.controls];
            rates.map(|rate| BetaQuantiles::new(rate, scenario.concentration))
        });
        // Every model does what it is told and restores famous passages.
        let passed = Grounds {
            complies: Some(true),
            remembers: Some(true),
        };
        Ok(Self {
            levels: levels.collect(),
            grounds: FORMS.map(|form| (form, passed)).into(),
            scenario: scenario.clone(),
            main,
            never_sent,
            without,
        })
    }

    /// Suspects and controls.
    pub fn main(&self) -> &Set {
        &self.main
    }

    /// What measures bias, if never-sent items do.
    pub fn never_sent(&self) -> Option<&Set> {
        self.never_sent.as_ref()
    }

    /// The model `number` of the seed.
    pub fn model(&self, seed: u64, number: u64) -> Model {
        let key = derive(seed, &format!("{:?}", self.scenario), &number.to_string(), "model");
        let mut random = Random::new(key);
        let levels = self.levels(&self.main, &mut random);
        let recalled = self.recalled(&mut random);
        let model = Teller {
            factor: self.scenario.factor,
            declined: self.scenario.declined,
            recalled,
        };
        let answers = self.answers(&self.main, &levels, &model, &mut random);
        let references = (0..self.scenario.references)
            .map(|_| self.answers(&self.main, &levels, &Teller::reference(), &mut random))
            .collect();
        let never_sent = self.never_sent.as_ref().map(|set| {
            let levels = self.levels(set, &mut random);
            let model = Teller {
                factor: self.scenario.factor,
                ..Teller::reference()
            };
            self.answers(set, &levels, &model, &mut random)
        });
        Model {
            answers,
            never_sent: never_sent.unwrap_or_default(),
            references,
        }
    }

    /// How likely each item of both arms is guessed by whoever never saw it.
    fn levels(&self, set: &Set, random: &mut Random) -> [Vec<f64>; 2] {
        let family = self.scenario.family;
        let mut draw = |count: usize| -> Vec<f64> {
            let families = (0..count.div_ceil(family)).map(|_| random.unit());
            families.collect()
        };
        let own = draw(set.arms.suspects.len());
        let other = match set.arms.kind {
            ControlKind::Rewording => own.clone(),
            _ => draw(set.arms.controls.len()),
        };
        let of = |side: usize, difficulties: &[f64]| -> Vec<f64> {
            let strata = set.strata[side].iter().enumerate();
            let level = |(place, stratum): (usize, &usize)| {
                self.levels[*stratum][side].at(difficulties[place / family])
            };
            strata.map(level).collect()
        };
        [of(0, &own), of(1, &other)]
    }

    /// Which suspects the model saw and restores.
    fn recalled(&self, random: &mut Random) -> Vec<bool> {
        let leak = self.scenario.leak;
        let items = self.main.arms.suspects.len();
        (0..items)
            .map(|_| random.unit() < leak.share && random.unit() < leak.recall)
            .collect()
    }

    /// What `teller` answers to all calls about `set`, whose items are guessed at `levels`.
    fn answers(
        &self,
        set: &Set,
        levels: &[Vec<f64>; 2],
        teller: &Teller,
        random: &mut Random,
    ) -> Answers {
        let counts = [set.arms.suspects.len(), set.arms.controls.len()];
        let mut luck = self.luck(counts, random);
        let mut all = Vec::new();
        for (place, design) in set.designs.iter().enumerate() {
            if place > 0 && !self.scenario.together {
                luck = self.luck(counts, random);
            }
            let name = design.probe().id();
            all.push(if name == LIKELIHOODS {
                self.weighed(design, counts, random)
            } else {
                let asks_options = OF_OPTIONS.contains(&name);
                let calls = design.calls().iter();
                let answer = |call: &cleanbench_core::probe::ProbeCall| {
                    let side = side(call.arm);
                    let level = levels[side][call.item] * teller.factor;
                    let level = level.max(self.recurring(call.arm, call.item, asks_options));
                    let is_guessed = luck[side][call.item / self.scenario.family] < level;
                    let declined = [teller.declined.suspects, teller.declined.controls][side];
                    if declined > 0.0 && random.unit() < declined {
                        Answer::Declined
                    } else if is_guessed || teller.recalls(call.arm, call.item) {
                        Answer::Restored
                    } else {
                        Answer::Another
                    }
                };
                calls.map(answer).collect()
            });
        }
        all
    }

    /// A number for each family of both arms: it is guessed where that is below how likely it is.
    fn luck(&self, counts: [usize; 2], random: &mut Random) -> [Vec<f64>; 2] {
        let families = |count: usize| count.div_ceil(self.scenario.family);
        counts.map(|count| (0..families(count)).map(|_| random.unit()).collect())
    }

    /// How often an option of the item is guessed because another item has it too.
    fn recurring(&self, arm: Arm, item: usize, asks_options: bool) -> f64 {
        let recurring = self.scenario.recurring.filter(|recurring| {
            asks_options && arm == Arm::Suspect && shared(*recurring, item).is_some()
        });
        recurring.map_or(0.0, |recurring| recurring.guess)
    }

    /// Whether the likelihood of each original is the largest, family by family.
    fn weighed(&self, design: &Design, counts: [usize; 2], random: &mut Random) -> Vec<Answer> {
        let margins = counts.map(|count| {
            let families = (0..count.div_ceil(self.scenario.family)).map(|_| {
                let others = (0..OTHERS).map(|_| normal(random));
                let most = others.fold(f64::NEG_INFINITY, f64::max);
                normal(random) - most
            });
            families.collect::<Vec<_>>()
        });
        let offset = self.scenario.offset.unwrap_or(0.0);
        let calls = design.calls().iter();
        let answer = |call: &cleanbench_core::probe::ProbeCall| {
            let own = if call.arm == Arm::Suspect { offset } else { 0.0 };
            if margins[side(call.arm)][call.item / self.scenario.family] + own > 0.0 {
                Answer::Restored
            } else {
                Answer::Another
            }
        };
        calls.map(answer).collect()
    }

    /// What runs make of `model`.
    pub fn assess(&self, model: &Model) -> Assessed {
        let places = 0..self.main.designs.len();
        let findings: Vec<_> = places.map(|place| self.finding(model, place)).collect();
        let verdict = match self.without {
            Some(Rule::Holm) => worst_alone(&findings, &self.grounds),
            _ => measured::verdict(&findings, &self.grounds),
        };
        Assessed { findings, verdict }
    }

    /// What the probe at `place` finds.
    fn finding(&self, model: &Model, place: usize) -> Finding {
        let design = &self.main.designs[place];
        let references: Vec<_> = model.references.iter().map(|all| &all[place]).collect();
        let filters = self.without != Some(Rule::GuessFilter);
        let seen = model.answers[place].iter().enumerate();
        let seen = seen.map(|(call, answer)| {
            let restores = |answers: &&Vec<Answer>| answers[call] == Answer::Restored;
            answer.seen(filters && references.iter().any(restores))
        });
        let mut finding = design.judge(&seen.collect::<Vec<_>>());
        finding.bias = match self.without {
            Some(Rule::Bias) => None,
            Some(Rule::Measuring) => Some(self.known_bias()),
            _ => self.bias(model, place),
        };
        if self.without == Some(Rule::Worst) {
            finding.at_worst = None;
        }
        finding
    }

    /// The largest bias that anything measured for the probe at `place`.
    fn bias(&self, model: &Model, place: usize) -> Option<Bias> {
        let of = |design: &Design, answers: &[Answer], source| {
            let seen: Vec<_> = answers.iter().map(|answer| answer.seen(false)).collect();
            measured::bias(&design.measure(&seen), source)
        };
        let never_sent = self.never_sent.as_ref().and_then(|set| {
            let answers = &model.never_sent[place];
            of(&set.designs[place], answers, BiasSource::NeverSent)
        });
        let references = model.references.iter();
        let references = references
            .filter_map(|all| of(&self.main.designs[place], &all[place], BiasSource::References));
        let all = never_sent.into_iter().chain(references);
        all.max_by(|one, other| one.upper.total_cmp(&other.upper))
    }

    /// The bias that the scenario has, as if measured on a million items.
    fn known_bias(&self) -> Bias {
        let ByArm { suspects, controls } = self.scenario.guess();
        Bias {
            upper: suspects - controls,
            effect: Some(suspects - controls),
            items: 1_000_000,
            source: BiasSource::NeverSent,
        }
    }
}

/// The worst verdict that a finding alone gives.
fn worst_alone(findings: &[Finding], grounds: &BTreeMap<ProbeForm, Grounds>) -> Verdict {
    let alone = findings
        .iter()
        .map(|one| measured::verdict(std::slice::from_ref(one), grounds));
    let worst = alone.min_by_key(|verdict| verdict.class);
    worst.unwrap_or_else(|| measured::verdict(findings, grounds))
}

/// Whoever answers.
struct Teller {
    factor: f64,
    declined: ByArm,
    /// Suspects that it saw and restores.
    recalled: Vec<bool>,
}

impl Teller {
    /// One that saw nothing, answers always, and guesses at the rates of the scenario.
    fn reference() -> Self {
        Self {
            factor: 1.0,
            declined: ByArm::default(),
            recalled: Vec::new(),
        }
    }

    fn recalls(&self, arm: Arm, item: usize) -> bool {
        arm == Arm::Suspect && self.recalled.get(item).copied().unwrap_or(false)
    }
}
