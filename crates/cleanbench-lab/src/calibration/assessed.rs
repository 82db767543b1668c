//! What the probes of this version make of recorded answers, by the rules of verdicts that a run of today has.
//!
//! Bias is measured on items that nobody saw, and what silence is worth by the checks of validity, as
//! `cleanbench-report` does it for runs.
//!
//! Invariant: what a verdict rests on is what the model was asked; doses are looked at only to choose suspects.

use std::collections::{BTreeMap, BTreeSet};

use cleanbench_core::probe::{Arm, BiasSource, Finding, ProbeCall, ProbeForm, ProbeItem, Seen};
use cleanbench_core::{Completion, Finish, Likelihood, Outcome};
use cleanbench_embedded::world::World;
use cleanbench_probe::verdict::measured::{self, Grounds};
use cleanbench_probe::{Arms, Check, Validity, Verdict, checks};
use rayon::prelude::*;

use super::asked::{About, Asked, Unit, digest};
use super::{Answers, CalibrationError, Kind, Record, Recorded};

/// What the probes make of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessed {
    /// What it had seen.
    pub kind: Kind,
    /// Seed of its world.
    pub world: u64,
    /// Seed of its training.
    pub seed: u64,
    /// By which the probes were put.
    pub protocol: u32,
    /// The verdicts that a run would reach.
    pub verdicts: Verdicts,
    /// The same with the items of one dose alone as suspects, for every dose but 0.
    pub by_dose: BTreeMap<usize, Verdicts>,
    /// Findings of the probes that were put to it, in the order of the family.
    pub findings: Vec<Finding>,
    /// What the checks of validity say, in each form.
    pub validity: BTreeMap<ProbeForm, Validity>,
    /// `NAME.FORM` of probes that are newer than the record.
    pub not_recorded: Vec<String>,
    /// Every item of the benchmark.
    pub items: Vec<AssessedItem>,
    /// Whether each isomorph was answered right.
    pub isomorphs: Vec<bool>,
}

/// Verdicts on one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdicts {
    /// Of the probes in every form.
    pub all: Verdict,
    /// Of the raw form alone, as `tasks/quickstart` asks: no model here was taught to follow an instruction.
    pub raw: Verdict,
}

/// What is known of one item of the benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct AssessedItem {
    /// How often it was seen.
    pub dose: usize,
    /// Whether it was answered right.
    pub right: bool,
    /// For each probe, `NAME.FORM`. Absent where the probe could not use the item.
    pub probes: BTreeMap<String, Shown>,
}

/// What an answer shows of an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// Whether the item was restored.
    pub hit: bool,
    /// Whether the answer says nothing.
    pub is_silent: bool,
    /// How much of it was restored, where the probe has a measure.
    pub measure: Option<f64>,
}

/// Judges all records, on all cores.
///
/// # Errors
/// When a record's answers are not those of its world.
pub fn assess_all(records: &[Record]) -> Result<Vec<Assessed>, CalibrationError> {
    let worlds: BTreeSet<_> = records
        .iter()
        .map(|one| (one.protocol, one.world))
        .collect();
    let protocols: BTreeSet<_> = worlds.iter().map(|(protocol, _)| *protocol).collect();
    let asked = protocols.into_iter().map(|one| Ok((one, Asked::by(one)?)));
    let asked = asked.collect::<Result<BTreeMap<_, _>, CalibrationError>>()?;
    // Calls take most of the time, and models of one world share them.
    let planned = worlds.into_par_iter().map(|key| {
        let units = asked[&key.0].units(&World::new(key.1));
        (key, units.into_iter().map(Planned::new).collect())
    });
    let planned: BTreeMap<_, Vec<Planned<'_>>> = planned.collect();
    let records = records.par_iter();
    records
        .map(|one| assess_with(&planned[&(one.protocol, one.world)], one))
        .collect()
}

/// Judges one record as a run would.
///
/// # Errors
/// When its answers are not those of its world.
pub fn assess(record: &Record) -> Result<Assessed, CalibrationError> {
    let asked = Asked::by(record.protocol)?;
    let units = asked.units(&World::new(record.world)).into_iter();
    assess_with(&units.map(Planned::new).collect::<Vec<_>>(), record)
}

fn assess_with(planned: &[Planned<'_>], record: &Record) -> Result<Assessed, CalibrationError> {
    let mut answered = Vec::new();
    let mut not_recorded = Vec::new();
    for one in planned {
        match record.answers.get(&one.name) {
            Some(known) => answered.push(Answered::of(one, known, record)?),
            None if one.unit.about == About::Benchmark => not_recorded.push(one.name.clone()),
            None => {}
        }
    }
    let judged = Judged::new(answered);
    let seen = record.doses.iter().copied().filter(|dose| *dose > 0);
    let seen: BTreeSet<_> = seen.collect();
    let of_dose = |dose: usize| {
        let suspects = |item: usize| record.doses.get(item) == Some(&dose);
        (dose, judged.verdicts(&judged.findings(suspects)))
    };
    let findings = judged.findings(|_| true);
    Ok(Assessed {
        kind: record.kind,
        world: record.world,
        seed: record.seed,
        protocol: record.protocol,
        verdicts: judged.verdicts(&findings),
        by_dose: seen.into_iter().map(of_dose).collect(),
        findings,
        items: judged.items(record)?,
        validity: judged.validity,
        not_recorded,
        isomorphs: record.isomorphs.iter().map(|right| *right == 1).collect(),
    })
}

/// A unit with its calls.
struct Planned<'a> {
    name: String,
    unit: Unit<'a>,
    calls: Vec<ProbeCall>,
    digest: String,
}

impl<'a> Planned<'a> {
    fn new(unit: Unit<'a>) -> Self {
        let calls = unit.calls();
        Self {
            name: unit.name(),
            digest: digest(&calls),
            calls,
            unit,
        }
    }
}

/// What was answered to the calls of a unit.
struct Answered<'a> {
    unit: &'a Unit<'a>,
    calls: &'a [ProbeCall],
    seen: Vec<Seen>,
}

impl<'a> Answered<'a> {
    fn of(
        planned: &'a Planned<'a>,
        known: &Recorded,
        record: &Record,
    ) -> Result<Self, CalibrationError> {
        let Planned {
            name, unit, calls, ..
        } = planned;
        let completions = known.answers.completions();
        if known.calls != planned.digest || completions.len() != calls.len() {
            return Err(record.foreign(name));
        }
        let answered = calls.iter().zip(&completions);
        let seen = answered.map(|(call, answer)| match answer {
            Some(answer) => Seen::answered(unit.probe.score(call, answer)),
            None => Seen::ended(Outcome::Refused, None),
        });
        Ok(Self {
            seen: seen.collect(),
            unit,
            calls,
        })
    }

    /// What is found of the pairs in `chosen`.
    fn judge(&self, chosen: impl Fn(usize) -> bool) -> Finding {
        let arms = &self.unit.arms;
        let kept: Vec<_> = (0..arms.suspects.len())
            .filter(|place| chosen(*place))
            .collect();
        let of = |items: &[ProbeItem]| kept.iter().map(|place| items[*place].clone()).collect();
        let arms = Arms {
            suspects: of(&arms.suspects),
            controls: of(&arms.controls),
            kind: arms.kind,
            published: None,
        };
        let place = |item: usize| kept.iter().position(|kept| *kept == item);
        let answered = self
            .calls
            .iter()
            .zip(&self.seen)
            .filter_map(|(call, seen)| {
                let item = place(call.item)?;
                let call = ProbeCall {
                    item,
                    ..call.clone()
                };
                Some((call, seen.clone()))
            });
        let (calls, seen): (Vec<_>, Vec<_>) = answered.unzip();
        let context = arms.context(self.unit.seed());
        self.unit.probe.judge(&context, &calls, &seen)
    }

    /// How a check came out.
    fn check(&self) -> Option<Check> {
        let items = &self.unit.arms.suspects;
        let names = self
            .calls
            .iter()
            .map(|call| items[call.item].sample.id.as_str());
        Check::of(self.unit.probe.form(), names, &self.seen, true)
    }
}

/// Everything that one model answered, with what holds for all verdicts on it.
struct Judged<'a> {
    answered: Vec<Answered<'a>>,
    /// What each probe finds where nobody saw anything, by `NAME.FORM`.
    never_sent: BTreeMap<String, Finding>,
    validity: BTreeMap<ProbeForm, Validity>,
}

impl<'a> Judged<'a> {
    fn new(answered: Vec<Answered<'a>>) -> Self {
        let about = |about: About| answered.iter().filter(move |one| one.unit.about == about);
        let shown = about(About::NeverSent);
        let never_sent = shown.map(|one| (one.unit.probe_name(), one.judge(|_| true)));
        let never_sent = never_sent.collect();
        let mut validity: BTreeMap<_, Validity> = BTreeMap::new();
        for one in about(About::Model) {
            let form = validity.entry(one.unit.probe.form()).or_default();
            if one.unit.probe.id() == checks::NAMES[0] {
                form.compliance = one.check();
            } else {
                form.memory = one.check();
            }
        }
        Self {
            answered,
            never_sent,
            validity,
        }
    }

    /// What the probes find of the `chosen` items of the benchmark, each with the bias that was measured for it.
    fn findings(&self, chosen: impl Fn(usize) -> bool) -> Vec<Finding> {
        let own = self.answered.iter();
        let own = own.filter(|one| one.unit.about == About::Benchmark);
        let found = own.map(|one| {
            let mut finding = one.judge(&chosen);
            let Some(shown) = self.never_sent.get(&one.unit.probe_name()) else {
                return finding;
            };
            finding.bias = measured::bias(shown, BiasSource::NeverSent);
            if let Some(values) = &mut finding.values {
                values.bias = measured::values::bias(shown, BiasSource::NeverSent);
            }
            finding
        });
        found.collect()
    }

    fn verdicts(&self, findings: &[Finding]) -> Verdicts {
        let grounds = self.validity.iter().map(|(form, found)| {
            let grounds = Grounds {
                complies: found.complies(),
                remembers: found.remembers(),
            };
            (*form, grounds)
        });
        let grounds = grounds.collect();
        let raw = findings.iter().filter(|one| one.form == ProbeForm::Raw);
        let raw: Vec<_> = raw.cloned().collect();
        Verdicts {
            all: measured::verdict(findings, &grounds),
            raw: measured::verdict(&raw, &grounds),
        }
    }

    /// The items of the benchmark with what each probe showed of them.
    fn items(&self, record: &Record) -> Result<Vec<AssessedItem>, CalibrationError> {
        let mut items = record.items()?;
        let own = self.answered.iter();
        for one in own.filter(|one| one.unit.about == About::Benchmark) {
            let name = one.unit.probe_name();
            for (call, seen) in one.calls.iter().zip(&one.seen) {
                if call.arm == Arm::Suspect {
                    let shown = Shown::of(seen);
                    items[call.item].probes.insert(name.clone(), shown);
                }
            }
        }
        Ok(items)
    }
}

impl Record {
    /// The items of its benchmark, before any probe.
    fn items(&self) -> Result<Vec<AssessedItem>, CalibrationError> {
        let items = cleanbench_embedded::world::ITEMS;
        let lengths = [self.doses.len(), self.benchmark.len(), self.isomorphs.len()];
        if lengths != [items; 3] {
            return Err(self.foreign("benchmark"));
        }
        let items = self.doses.iter().zip(&self.benchmark);
        let items = items.map(|(dose, right)| AssessedItem {
            dose: *dose,
            right: *right == 1,
            probes: BTreeMap::new(),
        });
        Ok(items.collect())
    }

    fn foreign(&self, probe: &str) -> CalibrationError {
        CalibrationError::Foreign {
            probe: probe.to_owned(),
            model: format!("{} {}", self.kind.as_str(), self.seed),
        }
    }
}

impl Shown {
    fn of(seen: &Seen) -> Self {
        let score = seen.score.as_ref();
        Self {
            hit: score.is_some_and(|score| score.value >= 1.0),
            is_silent: score.is_none_or(|score| score.extraction_failure.is_some()),
            measure: score.and_then(|score| score.measure),
        }
    }
}

impl Answers {
    fn completions(&self) -> Vec<Option<Completion>> {
        match self {
            Self::Texts { said, cut_off } => {
                let said = said.iter().zip(cut_off);
                said.map(|(text, cut_off)| Some(written(text.as_ref()?, *cut_off == 1)))
                    .collect()
            }
            Self::Weights(all) => {
                let weighed = |weights: &Vec<f64>| (!weights.is_empty()).then(|| weighed(weights));
                all.iter().map(weighed).collect()
            }
        }
    }
}

fn written(text: &str, is_cut_off: bool) -> Completion {
    Completion {
        text: text.to_owned(),
        finish: if is_cut_off {
            Finish::Length
        } else {
            Finish::Stop
        },
        ..Completion::default()
    }
}

fn weighed(weights: &[f64]) -> Completion {
    let likelihood = |weight: &f64| Likelihood {
        logprobs: vec![*weight],
        bytes: 1,
    };
    Completion {
        finish: Finish::Stop,
        likelihoods: weights.iter().map(likelihood).collect(),
        ..Completion::default()
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Probe;
    use cleanbench_core::event::RecordedScore;
    use cleanbench_core::probe::{ProbeContext, Step};
    use cleanbench_probe::registry;

    use super::*;
    use crate::calibration::committed;

    /// A probe that came after the answers were recorded.
    #[derive(Debug)]
    struct Newer(Box<dyn Probe>);

    impl Probe for Newer {
        fn id(&self) -> &'static str {
            "newer"
        }

        fn form(&self) -> ProbeForm {
            self.0.form()
        }

        fn version(&self) -> u32 {
            1
        }

        fn next(&self, context: &ProbeContext<'_>, seen: &[Seen]) -> Step {
            self.0.next(context, seen)
        }

        fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
            self.0.score(call, completion)
        }

        fn judge(&self, context: &ProbeContext<'_>, calls: &[ProbeCall], seen: &[Seen]) -> Finding {
            self.0.judge(context, calls, seen)
        }
    }

    fn leaked() -> Record {
        let mut records = committed().unwrap().into_iter();
        records.find(|one| one.kind == Kind::Leaked).unwrap()
    }

    #[test]
    fn recorded_answers_serve_whatever_probes_come_later() {
        let record = leaked();
        let known = assess(&record).unwrap();
        assert_eq!(known.not_recorded, Vec::<String>::new());
        let again = || Asked::by(record.protocol).unwrap().probes.remove(0);
        for place in [0, known.findings.len()] {
            let mut more = Asked::by(record.protocol).unwrap();
            more.probes.insert(place, Box::new(Newer(again())));
            let units = more.units(&World::new(record.world)).into_iter();
            let planned: Vec<_> = units.map(Planned::new).collect();
            let mut assessed = assess_with(&planned, &record).unwrap();
            assert_eq!(assessed.not_recorded, ["newer.raw"]);
            assessed.not_recorded.clear();
            assert_eq!(assessed, known, "at {place}");
        }
    }

    #[test]
    fn answers_of_another_world_are_refused() {
        let mut record = leaked();
        let probe = "completion.raw";
        let refused = |record: &Record| assess(record).unwrap_err().to_string();
        let recorded = record.answers.get_mut(probe).unwrap();
        let Answers::Texts { said, .. } = &mut recorded.answers else {
            panic!("{probe} gives texts");
        };
        said.pop();
        assert!(refused(&record).contains(probe));
        let mut record = leaked();
        record.world += 1;
        assert!(refused(&record).contains("`completion.raw`"));
        let mut record = leaked();
        record.doses.pop();
        assert!(refused(&record).contains("`benchmark`"));
    }

    /// As `cleanbench-report` judges a run: bias of what nobody saw, and checks of each form.
    #[test]
    fn verdicts_rest_on_measured_bias_and_on_checks() {
        let record = leaked();
        let whole = assess(&record).unwrap();
        let raw = whole.validity[&ProbeForm::Raw];
        assert_eq!((raw.complies(), raw.remembers()), (Some(true), Some(true)));
        let primary = |finding: &&Finding| {
            finding.form == ProbeForm::Raw && registry::is_primary(&finding.probe)
        };
        for finding in whole.findings.iter().filter(primary) {
            let bias = finding.bias.unwrap();
            assert!(bias.items >= 50, "{finding:?}");
            assert!(bias.effect.is_some());
            assert!(finding.values.as_ref().unwrap().bias.is_some());
        }
        assert!(!whole.verdicts.all.adjusted_values.is_empty());
        assert!(whole.verdicts.raw.adjusted.len() < whole.verdicts.all.adjusted.len());
        let mut without = record;
        without
            .answers
            .retain(|name, _| !name.starts_with("never-sent/"));
        let without = assess(&without).unwrap();
        assert!(without.findings.iter().all(|one| one.bias.is_none()));
    }

    #[test]
    fn a_dose_alone_is_judged_by_its_own_items() {
        let record = leaked();
        let asked = Asked::by(record.protocol).unwrap();
        let units = asked.units(&World::new(record.world));
        let unit = units.into_iter().find(|one| one.name() == "completion.raw");
        let planned = Planned::new(unit.unwrap());
        let known = &record.answers["completion.raw"];
        let answered = Answered::of(&planned, known, &record).unwrap();
        let whole = answered.judge(|_| true);
        let mut hits = 0;
        let doses: BTreeSet<_> = record.doses.iter().copied().collect();
        for dose in &doses {
            let found = answered.judge(|item| record.doses[item] == *dose);
            let items = record.doses.iter().filter(|one| *one == dose).count();
            assert_eq!(found.suspects.items, items as u64);
            hits += found.suspects.hits;
        }
        assert!(hits > 0 && hits == whole.suspects.hits);
        let assessed = assess(&record).unwrap();
        let told: Vec<_> = assessed.by_dose.keys().copied().collect();
        assert_eq!(told, doses.into_iter().skip(1).collect::<Vec<_>>());
    }
}
