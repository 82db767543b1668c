//! Models of a scenario: what they answer, and what runs make of it.
//!
//! Everything that texts decide is found once for a scenario; a model is then a list of answers, and its findings, bias and
//! verdict come from the code that runs use.
//!
//! Invariant: a model is a function of scenario, seed and its number. Its references meet the same difficulties.
//!
//! It refuses a scenario of which a probe can ask nothing.

use std::collections::{BTreeMap, BTreeSet};

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{
    Arm, Bias, BiasSource, ControlKind, Finding, ProbeCall, ProbeContext, ProbeForm, Seen,
};
use cleanbench_core::seed::derive;
use cleanbench_probe::beside::{self, About};
use cleanbench_probe::registry::Order;
use cleanbench_probe::verdict::bias::{self, of_references, of_references_measures};
use cleanbench_probe::verdict::measured::{self, Grounds, values};
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

/// What an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// What was asked for.
    Restored,
    /// Another text.
    Another,
    /// Nothing: it declines.
    Nothing,
}

/// An answer to one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// What it shows.
    pub shown: Shown,
    /// How much of what was asked for is in it, 0 to 1; of likelihoods, by how many standard deviations the original is
    /// above the mean of its rewordings.
    pub measure: f64,
}

impl Answer {
    fn seen(self) -> Seen {
        let score = match self.shown {
            Shown::Restored => RecordedScore::of(1.0),
            Shown::Another => RecordedScore::of(0.0),
            Shown::Nothing => RecordedScore {
                extraction_failure: Some("declined".to_owned()),
                ..RecordedScore::of(0.0)
            },
        };
        let measure = (self.shown != Shown::Nothing).then_some(self.measure);
        Seen::answered(RecordedScore { measure, ..score })
    }
}

fn seen(answers: &[Answer]) -> Vec<Seen> {
    answers.iter().map(|answer| answer.seen()).collect()
}

/// For each probe and form, an answer for each call.
pub type Answers = Vec<Vec<Answer>>;

/// What a simulated model and its references answered.
#[derive(Debug, Clone, PartialEq)]
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
    /// For each template and arm, how likely an item is guessed.
    guessed: Vec<[BetaQuantiles; 2]>,
    /// For each arm, how much of an item stands in an answer that does not restore it.
    overlap: [BetaQuantiles; 2],
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
        rules: Rules,
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
            published: None,
        };
        if rules.without == Some(Rule::Families) {
            let all = arms.suspects.iter_mut().chain(&mut arms.controls);
            all.for_each(|item| item.sample.cluster = None);
        }
        let context = arms.context(0);
        let designs: Result<Vec<_>, _> = probes(scenario)
            .into_iter()
            .map(|(name, form)| design(name, form, &context, rules.stops))
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

/// How a study judges, where it differs from the usual.
#[derive(Debug, Clone, Copy)]
struct Rules {
    without: Option<Rule>,
    /// Whether probes stop once a leak is clear.
    stops: bool,
}

fn design(
    name: &str,
    form: ProbeForm,
    context: &ProbeContext<'_>,
    early_stop: bool,
) -> Result<Design, StudyError> {
    let order = Order {
        name,
        form,
        prompt: None,
        // Answers are drawn, not read: none declines in words.
        protocol: Protocol::Fourth(|_| false),
        early_stop,
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
        Self::by(
            scenario,
            Rules {
                without,
                stops: false,
            },
        )
    }

    /// The same where probes stop once a leak is clear.
    ///
    /// # Errors
    /// The same.
    pub fn stopping(scenario: &Scenario, without: Option<Rule>) -> Result<Self, StudyError> {
        Self::by(
            scenario,
            Rules {
                without,
                stops: true,
            },
        )
    }

    fn by(scenario: &Scenario, rules: Rules) -> Result<Self, StudyError> {
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
        let main = Set::new(scenario, own, scenario.items, rules)?;
        let own = [
            part("never-sent", 'n', None),
            part("never-sent", 'w', Some('n')),
        ];
        let asked_in_full = Rules {
            stops: false,
            ..rules
        };
        let never_sent = (scenario.never_sent > 0)
            .then(|| Set::new(scenario, own, scenario.never_sent, asked_in_full))
            .transpose()?;
        let around = |means: ByArm| {
            let means = [means.suspects, means.controls];
            means.map(|mean| BetaQuantiles::new(mean, scenario.concentration))
        };
        let guessed = scenario.strata.iter().map(|stratum| around(stratum.guess));
        // Every model does what it is told and restores famous passages.
        let passed = Grounds {
            complies: Some(true),
            remembers: Some(true),
        };
        Ok(Self {
            guessed: guessed.collect(),
            overlap: around(scenario.overlap),
            grounds: FORMS.map(|form| (form, passed)).into(),
            scenario: scenario.clone(),
            main,
            never_sent,
            without: rules.without,
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
        let key = derive(
            seed,
            &format!("{:?}", self.scenario),
            &number.to_string(),
            "model",
        );
        let mut random = Random::new(key);
        let met = self.meet(&self.main, &mut random);
        let model = Teller {
            factor: self.scenario.factor,
            declined: self.scenario.declined,
            recalled: self.recalled(&mut random),
        };
        let answers = self.answers(&self.main, &met, &model, &mut random);
        let references = (0..self.scenario.references)
            .map(|_| self.answers(&self.main, &met, &Teller::reference(), &mut random))
            .collect();
        let never_sent = self.never_sent.as_ref().map(|set| {
            let met = self.meet(set, &mut random);
            let model = Teller {
                factor: self.scenario.factor,
                ..Teller::reference()
            };
            self.answers(set, &met, &model, &mut random)
        });
        Model {
            answers,
            never_sent: never_sent.unwrap_or_default(),
            references,
        }
    }

    /// Draws how difficult the items of `set` are, to all models alike.
    fn meet(&self, set: &Set, random: &mut Random) -> Met {
        let [suspects, controls] = self.families(set);
        let uniform = |count: usize, random: &mut Random| -> Vec<f64> {
            (0..count).map(|_| random.unit()).collect()
        };
        let own = uniform(suspects, random);
        let other = match set.arms.kind {
            ControlKind::Rewording => own.clone(),
            _ => uniform(controls, random),
        };
        let natural = if self.scenario.offset.is_some() {
            [suspects, controls].map(|count| (0..count).map(|_| normal(random)).collect())
        } else {
            [Vec::new(), Vec::new()]
        };
        Met {
            difficulty: [own, other],
            natural,
        }
    }

    /// Families of either arm.
    fn families(&self, set: &Set) -> [usize; 2] {
        let counts = [set.arms.suspects.len(), set.arms.controls.len()];
        counts.map(|count| count.div_ceil(self.scenario.family))
    }

    /// Which suspects the model saw and restores.
    fn recalled(&self, random: &mut Random) -> Vec<bool> {
        let leak = self.scenario.leak;
        let items = self.main.arms.suspects.len();
        (0..items)
            .map(|_| random.unit() < leak.share && random.unit() < leak.recall)
            .collect()
    }

    /// What `teller` answers to all calls about `set`, whose items are as `met`.
    fn answers(&self, set: &Set, met: &Met, teller: &Teller, random: &mut Random) -> Answers {
        let families = self.families(set);
        let mut luck = self.luck(set, random);
        let mut all = Vec::new();
        for (place, design) in set.designs.iter().enumerate() {
            if place > 0 && !self.scenario.together {
                luck = self.luck(set, random);
            }
            all.push(if design.probe().id() == LIKELIHOODS {
                self.weighed(design, families, met, random)
            } else {
                let put = Put {
                    set,
                    design,
                    met,
                    luck: &luck,
                };
                self.told(&put, teller)
            });
        }
        all
    }

    /// Draws what decides about the answers to a probe.
    fn luck(&self, set: &Set, random: &mut Random) -> Luck {
        let mut draw = |counts: [usize; 2]| {
            counts.map(|count| (0..count).map(|_| random.unit()).collect::<Vec<_>>())
        };
        let families = self.families(set);
        let items = [set.arms.suspects.len(), set.arms.controls.len()];
        let is_declined = self.scenario.declined != ByArm::default();
        Luck {
            guess: draw(families),
            overlap: draw(families),
            declines: draw(if is_declined { items } else { [0, 0] }),
        }
    }

    /// What `teller` answers to a probe that asks for texts.
    fn told(&self, put: &Put<'_>, teller: &Teller) -> Vec<Answer> {
        let asks_options = OF_OPTIONS.contains(&put.design.probe().id());
        let calls = put.design.calls().iter();
        let answer = |call: &ProbeCall| {
            let (side, family) = (side(call.arm), call.item / self.scenario.family);
            let difficulty = put.met.difficulty[side][family];
            let stratum = put.set.strata[side][call.item];
            let level = self.guessed[stratum][side].at(difficulty) * teller.factor;
            let level = level.max(self.recurring(call.arm, call.item, asks_options));
            let declined = [teller.declined.suspects, teller.declined.controls][side];
            let is_guessed = put.luck.guess[side][family] < level;
            let luck = put.luck.declines[side].get(call.item);
            let shown = if luck.is_some_and(|luck| *luck < declined) {
                Shown::Nothing
            } else if is_guessed || teller.recalls(call.arm, call.item) {
                Shown::Restored
            } else {
                Shown::Another
            };
            let share = self.overlap[side].at(difficulty) * teller.factor;
            let measure = match shown {
                Shown::Restored => 1.0,
                _ => binomial_share(put.luck.overlap[side][family], share.min(1.0)),
            };
            Answer { shown, measure }
        };
        calls.map(answer).collect()
    }

    /// How often an option of the item is guessed because another item has it too.
    fn recurring(&self, arm: Arm, item: usize, asks_options: bool) -> f64 {
        let recurring = self.scenario.recurring.filter(|recurring| {
            asks_options && arm == Arm::Suspect && shared(*recurring, item).is_some()
        });
        recurring.map_or(0.0, |recurring| recurring.guess)
    }

    /// Whether the likelihood of each original is the largest, family by family. Half of how natural an original is all
    /// models find alike.
    fn weighed(
        &self,
        design: &Design,
        families: [usize; 2],
        met: &Met,
        random: &mut Random,
    ) -> Vec<Answer> {
        let offset = [self.scenario.offset.unwrap_or(0.0), 0.0];
        let mut weigh = |side: usize, family: usize| {
            let own =
                (met.natural[side][family] + normal(random)) * std::f64::consts::FRAC_1_SQRT_2;
            let original = own + offset[side];
            let others: [f64; OTHERS] = std::array::from_fn(|_| normal(random));
            let is_likeliest = others.iter().all(|other| original > *other);
            let mean = others.iter().sum::<f64>() / real(OTHERS);
            Answer {
                shown: if is_likeliest {
                    Shown::Restored
                } else {
                    Shown::Another
                },
                measure: original - mean,
            }
        };
        let drawn: [Vec<Answer>; 2] = [0, 1].map(|side| {
            let families = 0..families[side];
            families.map(|family| weigh(side, family)).collect()
        });
        let calls = design.calls().iter();
        calls
            .map(|call| drawn[side(call.arm)][call.item / self.scenario.family])
            .collect()
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
        let mut own = seen(&model.answers[place]);
        let look = design.stops_at(&own);
        let references = self.references(model, place);
        if self.without != Some(Rule::GuessFilter) {
            references.adjust(design, &mut own);
        }
        let mut finding = design.judge_at(look, &own);
        finding.beside_references = !references.weighed.is_empty();
        let never_sent = self.never_sent_shown(model, place);
        let never_sent = never_sent.as_ref();
        let own = never_sent.and_then(|shown| measured::bias(shown, BiasSource::NeverSent));
        let of_hits: Vec<_> = match self.without {
            Some(Rule::Bias) => Vec::new(),
            Some(Rule::Measuring) => vec![self.known_bias()],
            _ => own.into_iter().chain(references.biases).collect(),
        };
        let own = never_sent.and_then(|shown| values::bias(shown, BiasSource::NeverSent));
        let of_measures: Vec<_> = own.into_iter().chain(references.biases_of_values).collect();
        bias::add(&mut finding, &of_hits, &of_measures);
        if self.without == Some(Rule::Measures) {
            finding.values = None;
        }
        if self.without == Some(Rule::Worst) {
            finding.at_worst = None;
        }
        finding
    }

    /// What the probe at `place` shows of never-sent items.
    fn never_sent_shown(&self, model: &Model, place: usize) -> Option<Finding> {
        let design = &self.never_sent.as_ref()?.designs[place];
        Some(design.measure(&seen(&model.never_sent[place])))
    }

    /// What references show of the probe at `place`; all of them pass the checks of validity.
    fn references(&self, model: &Model, place: usize) -> References {
        let design = &self.main.designs[place];
        let all: Vec<_> = model
            .references
            .iter()
            .map(|one| seen(&one[place]))
            .collect();
        let weighs = design.probe().id() == LIKELIHOODS;
        let weighed = |seen: &Vec<Seen>| {
            if weighs {
                beside::measured(design.calls(), seen)
            } else {
                BTreeMap::new()
            }
        };
        let weighed: Vec<_> = all.iter().map(weighed).collect();
        let findings = all.iter().enumerate().map(|(place, own)| {
            let others = weighed.iter().enumerate();
            let others = others.filter(|(other, _)| weighs && *other != place);
            let others = beside::mean_of(others.map(|(_, one)| one));
            let mut own = own.clone();
            if !others.is_empty() {
                beside::set_against(&others, design.calls(), &mut own);
            }
            design.measure(&own)
        });
        let findings: Vec<_> = findings.collect();
        let guessed = all
            .iter()
            .flat_map(|seen| beside::restored(design.calls(), seen));
        let findings: Vec<_> = findings.iter().collect();
        References {
            guessed: guessed.collect(),
            weighed: beside::mean_of(&weighed),
            biases: of_references(&findings),
            biases_of_values: of_references_measures(&findings),
        }
    }

    /// The bias that the scenario has, as if measured on a million items.
    fn known_bias(&self) -> Bias {
        let ByArm { suspects, controls } = self.scenario.guess();
        Bias {
            upper: suspects - controls,
            effect: Some(suspects - controls),
            upper_of_valid: None,
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

/// What references show of a probe.
struct References {
    guessed: BTreeSet<About>,
    /// What they show on average of each item, where they weigh texts; empty elsewhere.
    weighed: BTreeMap<About, f64>,
    biases: Vec<Bias>,
    biases_of_values: Vec<Bias>,
}

impl References {
    /// Takes what they show out of what a model's answers show.
    fn adjust(&self, design: &Design, seen: &mut [Seen]) {
        if self.weighed.is_empty() {
            beside::leave_out(&self.guessed, design.calls(), seen);
        } else {
            beside::set_against(&self.weighed, design.calls(), seen);
        }
    }
}

/// A probe as it is put to the items of a set.
struct Put<'a> {
    set: &'a Set,
    design: &'a Design,
    met: &'a Met,
    luck: &'a Luck,
}

/// How difficult and how natural the families of either arm are.
struct Met {
    difficulty: [Vec<f64>; 2],
    /// Empty where no likelihoods are drawn.
    natural: [Vec<f64>; 2],
}

/// Numbers from 0 to 1 for each family of either arm: what is guessed, and how much of what is not; and for each item,
/// what is declined.
struct Luck {
    guess: [Vec<f64>; 2],
    overlap: [Vec<f64>; 2],
    /// Empty where nothing is.
    declines: [Vec<f64>; 2],
}

/// Words of an answer that is compared with what was asked for.
const WORDS: usize = 10;

/// The quantile of `luck` of the share of [`WORDS`] words that each are the same with the chance `share`.
fn binomial_share(luck: f64, share: f64) -> f64 {
    if share >= 1.0 {
        return 1.0;
    }
    let mut term = (1.0 - share).powi(10);
    let mut reached = term;
    let mut count = 0;
    while reached <= luck && count < WORDS {
        term *= share / (1.0 - share) * real(WORDS - count) / real(count + 1);
        reached += term;
        count += 1;
    }
    real(count) / real(WORDS)
}

#[expect(clippy::cast_precision_loss, reason = "a handful")]
fn real(count: usize) -> f64 {
    count as f64
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
