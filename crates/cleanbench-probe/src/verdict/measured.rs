//! The rules of verdicts since tables 7: what decides is beyond the bias that was measured, and silence is no innocence.
//!
//! | class | rule |
//! |---|---|
//! | `strong` | bias measured on at least 50 items; adjusted p of at most .01, also for "no more than the bias", with a lower bound above the bias and 5 points, and missing and invalid shares that differ by less than 5 points |
//! | `suspected` | adjusted p of at most .05, also for "no more than the bias", and a lower bound above it; where it was not measured, above 15 points |
//! | `not_testable` | what was found hangs on answers that say nothing; or nothing was found, and more than 5 % of an arm say nothing, or the endpoint does not do what it is asked |
//! | `not_identifiable` | a difference that bias may explain |
//! | `no_evidence` | none of these, and a primary probe in a form that passed the checks of validity with 100 items (families) an arm and a power of .8 |
//! | `underpowered` | none of these, and no primary probe had that |
//!
//! p and lower bound are the worse ones of two: of the answers that say something, and of all, those of suspects that
//! say nothing taken for misses and those of controls for hits. Adjusted by Holm's method over the family.
//!
//! Where answers have measures (tables 8), each finding brings a second test into the family: of how often measures of
//! suspects are above those of controls ([`values`]). Its bounds and its bias are of that superiority, which is .5 without a
//! difference: `strong` begins above .55 there, and where bias was not measured, `suspected` above .8. A difference of
//! measures within the measured bias is nothing found; where it was not measured, one up to .8 is `not_identifiable`.
//! Either test can give any class but `no_evidence`, which rests on hits, and on nothing being found in either.
//!
//! Since tables 8 a difference must also be beyond the bias by a test of its own, adjusted by Holm's method as p is:
//! that its bounds are apart is no test of many findings at once.
//!
//! Likelihoods of given texts never decide alone: without a measured bias they count only beside a probe of another
//! kind that accuses by itself, because natural wording is likelier than its synonyms without any leak.
//!
//! Invariant: there is no way to `no_evidence` with more than 5 % of answers that say nothing, without a passed check of
//! memory, or with fewer than 100 items.

use std::collections::BTreeMap;

use cleanbench_core::probe::{ArmCount, Bias, BiasSource, Finding, ProbeForm};
use cleanbench_stats::{
    Confidence, difference, multiplicity, normal_quantile, normal_upper_tail, power,
};

use super::{
    Class, DECLARED, FEWEST_ITEMS, FLOOR, LEAST_POWER, MISSING, STRONG, SUSPECTED, Verdict, bare,
    count_share, describe, doses, missing_rate,
};
use crate::registry::{compares_wordings, is_confirmatory, is_primary, weighs_likelihoods};

pub mod curve;
pub mod reach;
pub mod values;

/// Name of these rules, under which the decision about them stands in `docs/decisions`.
pub const RULES: &str = "silence-and-bias";

/// Fewest items of an arm from which bias counts as measured.
pub(super) const MEASURED: u64 = 50;
/// Floor of the lower bound where bias was not measured, as a difference of rates.
const UNMEASURED_FLOOR: f64 = 0.15;
/// Area under the curve of a classifier of texts above which independent arms differ in style.
const TOLD_APART: f64 = 0.6;
/// What is left above the upper bound of a bias, and below the lower end of an interval.
const BIAS_TAIL: f64 = 0.05;
const INTERVAL_TAIL: f64 = 0.025;
/// Largest share of answers that say nothing for `no_evidence`.
const SILENT: f64 = 0.05;

/// What the checks of an endpoint's validity came to, in one form; `None` where a check was not made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grounds {
    /// Whether it does what it is asked: repeats a text, goes on with one.
    pub complies: Option<bool>,
    /// Whether it restores famous passages.
    pub remembers: Option<bool>,
}

/// The verdict on one model and task whose endpoint was checked as `grounds` say. `findings` are all probes that were
/// asked for, also those that could not be judged, and those outside of the family, which change nothing.
pub fn verdict(findings: &[Finding], grounds: &BTreeMap<ProbeForm, Grounds>) -> Verdict {
    if findings.is_empty() {
        return bare(Class::NotAssessed, "no probe was asked for");
    }
    let family: Vec<_> = findings
        .iter()
        .filter(|one| is_confirmatory(&one.probe))
        .collect();
    let judged: Vec<_> = family
        .iter()
        .copied()
        .filter(|one| one.contrast.is_some())
        .collect();
    let adjusted = Family::adjusted(&judged);
    let decided = if family.is_empty() {
        bare(
            Class::NotAssessed,
            "only probes on which no class rests were asked for",
        )
    } else if judged.is_empty() {
        bare(Class::NotTestable, "no probe could be judged")
    } else {
        Weighed::new(&judged, &adjusted, grounds).decide(&mute(&family))
    };
    let place = |one: &Finding| judged.iter().position(|other| std::ptr::eq(*other, one));
    let level = adjusted.level();
    Verdict {
        adjusted: findings
            .iter()
            .map(|one| Some(adjusted.hits[place(one)?].p))
            .collect(),
        adjusted_values: adjusted.told_of_values(findings.iter().map(place)),
        power: findings
            .iter()
            .map(|one| declared_power(one, level).filter(|_| place(one).is_some()))
            .collect(),
        ..decided
    }
}

/// Of `family` what no test is about, because too many answers of an arm say nothing. What was not asked, or failed, is
/// none of them.
fn mute<'a>(family: &[&'a Finding]) -> Vec<&'a Finding> {
    let says_nothing = |arm: ArmCount| arm.invalid_share() > SILENT;
    let family = family.iter().copied();
    let mute = family.filter(|one| one.contrast.is_none());
    mute.filter(|one| says_nothing(one.suspects) || says_nothing(one.controls))
        .collect()
}

/// The adjusted p-values of a test.
#[derive(Debug, Clone, Copy)]
struct Adjusted {
    /// With what is missing taken for the worst.
    p: f64,
    /// Of the answers that say something alone.
    of_valid: f64,
    /// Of all, for "no more than the bias that was measured"; the same as `p` where none was.
    beyond: f64,
}

/// The level of the smallest p-value of a family of so many tests, by Holm's method.
#[expect(
    clippy::cast_precision_loss,
    reason = "a family has a handful of members"
)]
fn level(tests: usize) -> f64 {
    SUSPECTED / tests.max(1) as f64
}

/// The tests of a family: of the hits of each finding, and of its measures where it has them.
struct Family {
    hits: Vec<Adjusted>,
    values: Vec<Option<Adjusted>>,
}

impl Family {
    fn adjusted(judged: &[&Finding]) -> Self {
        let of_valid = |one: &&Finding| one.contrast.as_ref().map_or(1.0, |contrast| contrast.p);
        let worst = |one: &&Finding| at_worst(one, |contrast| contrast.p, f64::max).unwrap_or(1.0);
        let all = |hits: fn(&&Finding) -> f64, values: fn(&Finding) -> Option<f64>| {
            let values = judged.iter().filter_map(|one| values(one));
            multiplicity::holm(&judged.iter().map(hits).chain(values).collect::<Vec<_>>())
        };
        let beyond = |one: &&Finding| {
            let p = at_worst(one, |contrast| contrast.p, f64::max).unwrap_or(1.0);
            p.max(beyond_bias(one).unwrap_or(0.0))
        };
        let both = all(worst, values::p).into_iter();
        let both = both.zip(all(of_valid, values::p_of_valid));
        let three = both.zip(all(beyond, values::p_beyond));
        let mut both = three.map(|((p, of_valid), beyond)| Adjusted {
            p,
            of_valid,
            beyond,
        });
        Self {
            hits: both.by_ref().take(judged.len()).collect(),
            values: judged
                .iter()
                .map(|one| one.values.as_ref().and_then(|_| both.next()))
                .collect(),
        }
    }

    /// The level of its smallest p-value.
    fn level(&self) -> f64 {
        level(self.hits.len() + self.values.iter().flatten().count())
    }

    /// The p-values of measures of the findings at `places`; none at all where no finding has any.
    fn told_of_values(&self, places: impl Iterator<Item = Option<usize>>) -> Vec<Option<f64>> {
        if self.values.iter().all(Option::is_none) {
            return Vec::new();
        }
        let told = places.map(|place| Some(self.values[place?]?.p));
        told.collect()
    }
}

/// The worse one of a figure of the valid answers and of all.
fn at_worst(
    finding: &Finding,
    of: fn(&cleanbench_core::probe::Contrast) -> f64,
    worse: fn(f64, f64) -> f64,
) -> Option<f64> {
    let valid = finding.contrast.as_ref().map(of)?;
    let all = finding.at_worst.as_ref().map(of);
    Some(all.map_or(valid, |all| worse(valid, all)))
}

/// The lower bound that decides.
fn low(finding: &Finding) -> f64 {
    at_worst(finding, |contrast| contrast.low, f64::min).unwrap_or(-1.0)
}

/// One-sided p-value for "no more than the bias that was measured"; `None` where it was not, or by the rules of tables
/// before version 8.
fn beyond_bias(finding: &Finding) -> Option<f64> {
    let bias = finding.bias.filter(|bias| bias.items >= MEASURED)?;
    let all = finding.contrast.iter().chain(&finding.at_worst);
    let effects = all.map(|contrast| Effect::of(finding, contrast.effect, contrast.low));
    over_looks(finding, beyond(effects, bias, 0.0))
}

/// `p`, computed at the finding's look, as it stands over all looks.
fn over_looks(finding: &Finding, p: Option<f64>) -> Option<f64> {
    match finding.look {
        Some(look) => p.map(|p| (p / look.weight).min(1.0)),
        None => p,
    }
}

/// An effect and the lower end of its two-sided 95 % interval.
#[derive(Debug, Clone, Copy)]
struct Effect {
    estimate: f64,
    low: f64,
}

impl Effect {
    /// One of `finding`, whose interval reaches down to `low`: further than that of 95 % where there are several looks.
    fn of(finding: &Finding, estimate: f64, low: f64) -> Self {
        let Some(look) = finding.look else {
            return Self { estimate, low };
        };
        let [usual, own] =
            [1.0, look.weight].map(|weight| normal_quantile(1.0 - INTERVAL_TAIL * weight));
        Self {
            estimate,
            low: estimate - (estimate - low) * usual / own,
        }
    }
}

/// The worst one-sided p-value of `effects` for "no more than `bias`", or than `none` where the bias is less: of the
/// difference between both, whose standard error is recovered from the distances to the bounds of either (Zou and Donner
/// 2008). That a lower bound is above an upper one is no test of a family: among six findings that all have a bias of 15
/// points, in one model of twenty one is.
fn beyond(effects: impl Iterator<Item = Effect>, bias: Bias, none: f64) -> Option<f64> {
    let of_bias = bias.effect?;
    let error = (bias.upper - of_bias) / normal_quantile(1.0 - BIAS_TAIL);
    let z = effects.map(|effect| {
        let own = (effect.estimate - effect.low) / normal_quantile(1.0 - INTERVAL_TAIL);
        (effect.estimate - of_bias.max(none)) / own.hypot(error).max(f64::MIN_POSITIVE)
    });
    z.reduce(f64::min).map(normal_upper_tail)
}

/// The bias that `finding` shows, which is of items that nobody saw; `None` where too much of it says nothing.
pub fn bias(finding: &Finding, source: BiasSource) -> Option<Bias> {
    let contrast = finding.contrast.as_ref().filter(|_| !is_silent(finding))?;
    let [suspects, controls] = [finding.suspects, finding.controls];
    // Two-sided 90 % is one-sided 95 %; over families the wider one is taken.
    let ninety = Confidence::new(0.9)?;
    let ends = match (contrast.pairs, finding.families) {
        (_, Some(_)) => None,
        (Some(pairs), None) => difference::newcombe_paired(pairs, ninety),
        (None, None) => difference::newcombe(
            suspects.hits,
            suspects.valid,
            controls.hits,
            controls.valid,
            ninety,
        ),
    };
    Some(Bias {
        upper: ends.map_or(contrast.high, |(_, _, high)| high),
        effect: Some(contrast.effect),
        upper_of_valid: None,
        items: fewest(finding),
        source,
    })
}

/// What a finding alone amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    Strong,
    Suspected,
    /// It hangs on answers that say nothing.
    Unsound,
    /// Bias may explain it.
    Explained,
    Nothing,
}

impl Weight {
    fn accuses(self) -> bool {
        matches!(self, Self::Strong | Self::Suspected)
    }
}

/// The findings of a family with what each amounts to, by its hits and by its measures.
struct Weighed<'a> {
    findings: Vec<(&'a Finding, Adjusted, Weight)>,
    values: Vec<(&'a Finding, Adjusted, Weight)>,
    level: f64,
    grounds: &'a BTreeMap<ProbeForm, Grounds>,
}

impl<'a> Weighed<'a> {
    fn new(
        judged: &[&'a Finding],
        adjusted: &Family,
        grounds: &'a BTreeMap<ProbeForm, Grounds>,
    ) -> Self {
        let measured = judged.iter().zip(&adjusted.values);
        let measured: Vec<_> = measured
            .filter_map(|(one, adjusted)| Some((*one, (*adjusted)?)))
            .collect();
        let of_another_kind = judged.iter().zip(&adjusted.hits).any(|(one, adjusted)| {
            !compares_wordings(&one.probe) && weigh(one, *adjusted, false).accuses()
        }) || measured.iter().any(|(one, adjusted)| {
            !compares_wordings(&one.probe) && values::weigh(one, *adjusted, false).accuses()
        });
        let weighed = judged.iter().zip(&adjusted.hits);
        let weighed = weighed
            .map(|(one, adjusted)| (*one, *adjusted, weigh(one, *adjusted, of_another_kind)));
        let measured = measured.into_iter().map(|(one, adjusted)| {
            let weight = values::weigh(one, adjusted, of_another_kind);
            (one, adjusted, weight)
        });
        Self {
            findings: weighed.collect(),
            values: measured.collect(),
            level: adjusted.level(),
            grounds,
        }
    }

    /// Sentences about the findings of this weight.
    fn of(&self, weight: Weight) -> Vec<String> {
        let own = self
            .findings
            .iter()
            .filter(|(_, _, found)| *found == weight);
        let own = own.map(|(one, adjusted, _)| {
            format!("{}{}", describe(one, adjusted.p), beside(one, weight))
        });
        let values = self.values.iter().filter(|(_, _, found)| *found == weight);
        own.chain(values.map(|(one, adjusted, _)| values::tell(one, *adjusted, weight)))
            .collect()
    }

    /// `mute` findings could not be judged, because their answers say nothing.
    fn decide(&self, mute: &[&Finding]) -> Verdict {
        let found = [
            (Weight::Strong, Class::Strong),
            (Weight::Suspected, Class::Suspected),
            (Weight::Unsound, Class::NotTestable),
            (Weight::Explained, Class::NotIdentifiable),
        ];
        for (weight, class) in found {
            let reasons = self.of(weight);
            if !reasons.is_empty() {
                return Verdict {
                    reasons,
                    ..bare(class, "")
                };
            }
        }
        self.nothing_found(mute)
    }

    fn grounds(&self, finding: &Finding) -> Grounds {
        self.grounds.get(&finding.form).copied().unwrap_or_default()
    }

    /// Nothing was found: whether anything would have been.
    fn nothing_found(&self, mute: &[&Finding]) -> Verdict {
        let complying = || {
            let findings = self.findings.iter().map(|(one, _, _)| *one);
            findings.filter(|one| self.grounds(one).complies != Some(false))
        };
        if complying().next().is_none() {
            let what = "no probe found anything, and the endpoint does not do what it is asked: it neither repeats a text nor goes on with one";
            return bare(Class::NotTestable, what);
        }
        let mute = mute.iter().copied();
        let mute = mute.filter(|one| self.grounds(one).complies != Some(false));
        let silent = complying().filter(|one| is_silent(one)).chain(mute);
        let silent: Vec<_> = silent.map(tell_silent).collect();
        if !silent.is_empty() {
            return Verdict {
                reasons: silent,
                ..bare(Class::NotTestable, "")
            };
        }
        let level = self.level;
        let primary = complying().filter(|one| is_primary(&one.probe));
        let lacking: Vec<_> = primary.map(|one| (one, self.lacks(one, level))).collect();
        if let Some((one, _)) = lacking.iter().find(|(_, lacks)| lacks.is_none()) {
            let unseen = doses::unseen(&one.probe, one.form).filter(|_| one.values.is_some());
            return Verdict {
                reasons: std::iter::once(tell_nothing(one, level))
                    .chain(unseen)
                    .chain(self.within_bias())
                    .collect(),
                ..bare(Class::NoEvidence, "")
            };
        }
        let reasons = lacking.iter().filter_map(|(one, lacks)| {
            let form = one.form.as_str();
            Some(format!(
                "{} ({form}) found nothing, {}",
                one.probe,
                lacks.as_ref()?
            ))
        });
        let mut reasons: Vec<_> = reasons.collect();
        if reasons.is_empty() {
            reasons.push("no probe found anything, and none of those on which `no_evidence` rests could be judged".to_owned());
        }
        Verdict {
            reasons,
            ..bare(Class::Underpowered, "")
        }
    }

    /// Sentences about measures that differ no more than their bias: a leak that makes no larger difference goes unseen.
    fn within_bias(&self) -> Vec<String> {
        let values = self.values.iter();
        let within = values.filter(|(one, adjusted, weight)| {
            *weight == Weight::Nothing && values::differs(one, *adjusted)
        });
        within
            .map(|(one, adjusted, weight)| {
                let told = values::tell(one, *adjusted, *weight);
                format!("{told}; less goes unseen")
            })
            .collect()
    }

    /// What a primary probe that found nothing lacks to say that there is nothing.
    fn lacks(&self, finding: &Finding, level: f64) -> Option<String> {
        let items = fewest(finding);
        let power = declared_power(finding, level).unwrap_or(0.0);
        let Grounds {
            complies,
            remembers,
        } = self.grounds(finding);
        if items < FEWEST_ITEMS {
            Some(format!(
                "with {items} items an arm that do not hang together; {FEWEST_ITEMS} are needed"
            ))
        } else if power < LEAST_POWER {
            Some(format!(
                "with a power of {power:.2} to see that 20 % of the items were seen and restored half the time; {LEAST_POWER} is needed"
            ))
        } else if let Some(look) = finding.look.filter(|look| !look.is_last()) {
            Some(format!(
                "and stopped after {} of {} items; nothing is ruled out before all are asked",
                look.asked, look.items
            ))
        } else if let Some(gap) = finding.left_out_gap {
            Some(format!(
                "and what reference models restore, which is left out, is of suspects by at least {:.0} points more often than of controls: it may have been seen",
                gap * 100.0
            ))
        } else if complies.is_none() || remembers.is_none() {
            Some("and it was not checked whether the model can restore a text at all".to_owned())
        } else {
            let forgets = remembers == Some(false);
            forgets.then(|| "and the model restores hardly a famous passage: it recalls little word for word, whatever it saw".to_owned())
        }
    }
}

fn weigh(finding: &Finding, adjusted: Adjusted, of_another_kind: bool) -> Weight {
    let low = low(finding);
    if adjusted.p > SUSPECTED || low <= 0.0 {
        let of_valid = finding
            .contrast
            .as_ref()
            .map_or(-1.0, |contrast| contrast.low);
        let fell = adjusted.of_valid <= SUSPECTED && of_valid > 0.0;
        return if fell {
            Weight::Unsound
        } else {
            Weight::Nothing
        };
    }
    if is_told_apart(finding) {
        return Weight::Explained;
    }
    match finding.bias.filter(|bias| bias.items >= MEASURED) {
        Some(bias) if low <= bias.upper.max(0.0) || adjusted.beyond > SUSPECTED => {
            Weight::Explained
        }
        Some(bias) => {
            let is_strong = adjusted.p.max(adjusted.beyond) <= STRONG
                && low > bias.upper.max(FLOOR)
                && is_even(finding);
            if is_strong {
                Weight::Strong
            } else {
                Weight::Suspected
            }
        }
        None if is_natural(finding) && !of_another_kind => Weight::Explained,
        None if low > UNMEASURED_FLOOR => Weight::Suspected,
        None => Weight::Explained,
    }
}

/// Whether a natural wording alone may make the difference: also beside a single reference, which measures no bias.
fn is_natural(finding: &Finding) -> bool {
    compares_wordings(&finding.probe)
}

/// Whether suspects can be told from independent controls without a model, so that a difference may be one of style.
/// How often references restore texts tells how often they are guessed; how likely they find them does not.
fn is_told_apart(finding: &Finding) -> bool {
    let bias = finding.bias.filter(|bias| bias.items >= MEASURED);
    let by_references = bias.is_some_and(|bias| bias.source == BiasSource::References);
    let is_excused = by_references && !weighs_likelihoods(&finding.probe);
    let blind = finding.blind.filter(|_| !is_excused);
    blind.is_some_and(|blind| blind.low > TOLD_APART)
}

/// Whether as much is missing and says nothing in one arm as in the other.
fn is_even(finding: &Finding) -> bool {
    let [suspects, controls] = [finding.suspects, finding.controls];
    let missing = missing_rate(suspects) - missing_rate(controls);
    let invalid = suspects.invalid_share() - controls.invalid_share();
    missing.abs() < MISSING && invalid.abs() < MISSING
}

/// Whether too much of an arm says nothing, or is not there.
pub fn is_silent(finding: &Finding) -> bool {
    let is_silent = |arm: ArmCount| silent_share(arm) > SILENT;
    is_silent(finding.suspects) || is_silent(finding.controls)
}

fn silent_share(arm: ArmCount) -> f64 {
    let asked = arm.valid + arm.unpaired + arm.invalid + arm.missing;
    count_share(arm.invalid + arm.missing, asked)
}

fn tell_silent(finding: &Finding) -> String {
    let share = |arm: ArmCount| {
        let asked = arm.valid + arm.unpaired + arm.invalid + arm.missing;
        format!("{} of {asked}", arm.invalid + arm.missing)
    };
    let reasons = finding
        .invalid
        .iter()
        .map(|(reason, count)| format!("{reason} {count}"));
    let reasons: Vec<_> = reasons.collect();
    let told = if reasons.is_empty() {
        String::new()
    } else {
        format!(" ({})", reasons.join(", "))
    };
    format!(
        "{} ({}): the answers about {} suspects and {} controls say nothing or are missing{told}; at most 5 % may",
        finding.probe,
        finding.form.as_str(),
        share(finding.suspects),
        share(finding.controls)
    )
}

fn told_apart(finding: &Finding) -> String {
    let area = finding.blind.map_or(0.0, |blind| blind.low);
    format!(
        "; suspects are told from controls by their text alone, with an area under the curve of at least {area:.2}: this may be a difference of style"
    )
}

/// Why a finding weighs no more than it does.
fn beside(finding: &Finding, weight: Weight) -> String {
    match (weight, finding.bias.filter(|bias| bias.items >= MEASURED)) {
        (Weight::Unsound, _) => "; not so if answers of suspects that say nothing are misses, and those of controls hits".to_owned(),
        (Weight::Explained, _) if is_told_apart(finding) => told_apart(finding),
        (_, Some(bias)) => match bias.source {
            BiasSource::NeverSent => format!("; bias at most {:.3} by {} {}", bias.upper, bias.items, bias.source.as_str()),
            BiasSource::References => format!("; bias at most {:.3} by {} on {} items", bias.upper, bias.source.as_str(), bias.items),
        },
        (Weight::Explained, None) if is_natural(finding) => {
            "; bias not measured: a natural wording is likelier than its synonyms without any leak".to_owned()
        }
        (Weight::Explained, None) => "; bias not measured: a lower bound of at most .15 may come of what originals are like".to_owned(),
        (_, None) => "; bias not measured".to_owned(),
    }
}

/// Items of the smaller arm that count, families counted once; of paired designs, pairs.
pub(super) fn fewest(finding: &Finding) -> u64 {
    let counted = super::fewest(finding);
    match finding.families {
        Some(families) => counted.min(families.suspects).min(families.controls),
        None => counted,
    }
}

/// Power of the finding's own test at `level` to see the declared effect above the controls' rate, items that hang
/// together counted once.
fn declared_power(finding: &Finding, level: f64) -> Option<f64> {
    power_at(finding, level, DECLARED)
}

/// The same where a share `effect` of the items is restored because it was seen.
fn power_at(finding: &Finding, level: f64, effect: f64) -> Option<f64> {
    let contrast = finding.contrast.as_ref()?;
    let level = level * finding.weight();
    let [control, suspect] = rates(finding, effect);
    let families = finding.families;
    Some(match contrast.pairs {
        Some(_) => power::paired(
            fewest(finding),
            suspect * (1.0 - control),
            control * (1.0 - suspect),
            level,
        ),
        None => power::unpaired(
            families.map_or(finding.suspects.valid, |families| families.suspects),
            families.map_or(finding.controls.valid, |families| families.controls),
            suspect,
            control,
            level,
        ),
    })
}

/// The rate of the controls, shrunk so that exactly 0 or 1 is not believed, and the rate that `effect` makes of it.
#[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
fn rates(finding: &Finding, effect: f64) -> [f64; 2] {
    let controls = finding.controls;
    let control = (controls.hits as f64 + 0.5) / (controls.valid as f64 + 1.0);
    [control, control + effect * (1.0 - control)]
}

fn tell_nothing(finding: &Finding, level: f64) -> String {
    let smallest = finding
        .contrast
        .as_ref()
        .and_then(|contrast| contrast.smallest_detectable);
    let unseen = smallest.map_or_else(String::new, |smallest| {
        format!(
            "; fewer than {:.0} % restored would go unseen",
            smallest * 100.0
        )
    });
    format!(
        "no probe found anything; {} ({}) with {} items an arm had a power of {:.2} to see 20 % seen and half of these restored{unseen}",
        finding.probe,
        finding.form.as_str(),
        fewest(finding),
        declared_power(finding, level).unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::{Contrast, ControlKind, Families};

    use super::*;
    use crate::arm_difference::{paired, unpaired};

    fn arm(hits: u64, valid: u64, invalid: u64) -> ArmCount {
        ArmCount {
            items: valid + invalid,
            valid,
            hits,
            invalid,
            ..ArmCount::default()
        }
    }

    /// A finding with paired controls.
    fn pairs(probe: &str, table: [u64; 4]) -> Finding {
        let n = table.iter().sum();
        Finding {
            suspects: arm(table[0] + table[1], n, 0),
            controls: arm(table[0] + table[2], n, 0),
            contrast: paired(table),
            ..Finding::new(probe, ProbeForm::Raw, ControlKind::Rewording)
        }
    }

    fn measured(upper: f64, items: u64, finding: Finding) -> Finding {
        let source = BiasSource::NeverSent;
        Finding {
            bias: Some(Bias {
                upper,
                effect: None,
                upper_of_valid: None,
                items,
                source,
            }),
            ..finding
        }
    }

    fn beside_references(finding: Finding) -> Finding {
        Finding {
            beside_references: true,
            ..finding
        }
    }

    /// From scipy 1.17: `norm.sf(0.19 / hypot(0.06 / norm.ppf(0.975), 0.13 / norm.ppf(0.95)))`.
    #[test]
    fn to_be_beyond_the_bias_is_a_test_of_its_own() {
        let bias = Bias {
            upper: 0.19,
            effect: Some(0.06),
            upper_of_valid: None,
            items: 80,
            source: BiasSource::NeverSent,
        };
        let effect = |low| Effect {
            estimate: 0.25,
            low,
        };
        let p = |effects: &[Effect]| beyond(effects.iter().copied(), bias, 0.0).unwrap();
        assert!((p(&[effect(0.19)]) - 0.012_489_434_480_651_292).abs() < 1e-9);
        assert!(p(&[effect(0.19), effect(0.1)]) > p(&[effect(0.19)]));
        let below = Bias {
            effect: Some(-0.1),
            upper_of_valid: None,
            ..bias
        };
        let zero = Bias {
            effect: Some(0.0),
            upper_of_valid: None,
            upper: 0.29,
            ..bias
        };
        let at = |bias| beyond([effect(0.19)].into_iter(), bias, 0.0).unwrap();
        let helped = at(below) - at(zero);
        assert!(helped.abs() < 1e-12, "a bias below 0 helps nobody");
        let earlier = Bias {
            effect: None,
            upper_of_valid: None,
            ..bias
        };
        assert_eq!(beyond([effect(0.19)].into_iter(), earlier, 0.0), None);
    }

    /// The bounds are apart, and yet the difference of six findings may be the bias.
    #[test]
    fn bounds_that_are_apart_are_no_proof() {
        let bias = |effect| Bias {
            upper: 0.14,
            upper_of_valid: None,
            effect,
            items: 80,
            source: BiasSource::NeverSent,
        };
        let of = |effect| {
            let found = Finding {
                bias: Some(bias(effect)),
                ..pairs("completion", [0, 50, 0, 190])
            };
            let others = (0..5).map(|_| measured(0.14, 80, pairs("ts-guessing", [0, 20, 18, 202])));
            let family: Vec<_> = std::iter::once(found).chain(others).collect();
            verdict(&family, &passed()).class
        };
        assert_eq!(of(None), Class::Strong);
        assert_eq!(of(Some(0.06)), Class::Suspected);
        assert_eq!(
            of(Some(0.12)),
            Class::Strong,
            "the bias is as good as known"
        );
        assert_eq!(of(Some(-0.2)), Class::NotIdentifiable);
    }

    /// `finding`, where so many answers of suspects and of controls say nothing.
    fn with_silent([suspects, controls]: [u64; 2], finding: Finding) -> Finding {
        let [a, b] = [finding.suspects, finding.controls];
        let worst = [
            a.hits,
            a.valid + suspects,
            b.hits + controls,
            b.valid + controls,
        ];
        Finding {
            suspects: arm(a.hits, a.valid, suspects),
            controls: arm(b.hits, b.valid, controls),
            at_worst: unpaired(worst),
            ..finding
        }
    }

    /// Every answer says nothing.
    fn mute(probe: &str) -> Finding {
        Finding {
            suspects: arm(0, 0, 240),
            controls: arm(0, 0, 240),
            contrast: None,
            ..pairs(probe, [0, 0, 0, 240])
        }
    }

    /// No call was made.
    fn unasked(probe: &str) -> Finding {
        let arm = ArmCount {
            items: 240,
            missing: 240,
            ..ArmCount::default()
        };
        Finding {
            suspects: arm,
            controls: arm,
            ..mute(probe)
        }
    }

    fn passed() -> BTreeMap<ProbeForm, Grounds> {
        let all = Grounds {
            complies: Some(true),
            remembers: Some(true),
        };
        [(ProbeForm::Raw, all), (ProbeForm::Instruction, all)].into()
    }

    fn leak() -> Finding {
        pairs("completion", [0, 60, 0, 180])
    }

    fn none() -> Finding {
        pairs("completion", [0, 0, 0, 240])
    }

    #[track_caller]
    fn check<const N: usize>(cases: [(&str, Vec<Finding>, Class); N]) {
        for (name, findings, class) in cases {
            let found = verdict(&findings, &passed());
            assert_eq!(found.class, class, "{name}: {:?}", found.reasons);
            let first = found.reasons.first();
            assert!(first.is_some_and(|reason| !reason.is_empty()), "{name}");
        }
    }

    #[test]
    fn cases() {
        let small = || pairs("completion", [0, 24, 0, 216]);
        let likely = || pairs("forced-likelihood", [20, 120, 20, 80]);
        check([
            ("nobody asked", vec![], Class::NotAssessed),
            (
                "bias measured",
                vec![measured(0.02, 60, leak())],
                Class::Strong,
            ),
            (
                "too few for the bias",
                vec![measured(0.02, 49, leak())],
                Class::Suspected,
            ),
            ("bias not measured", vec![leak()], Class::Suspected),
            ("and little found", vec![small()], Class::NotIdentifiable),
            (
                "little beyond the bias",
                vec![measured(0.02, 60, small())],
                Class::Strong,
            ),
            (
                "bias explains it",
                vec![measured(0.3, 60, leak())],
                Class::NotIdentifiable,
            ),
            ("nothing", vec![none()], Class::NoEvidence),
            (
                "likelihoods alone",
                vec![likely(), none()],
                Class::NotIdentifiable,
            ),
            (
                "likelihoods beside references",
                vec![beside_references(likely()), none()],
                Class::NotIdentifiable,
            ),
            (
                "and with their bias",
                vec![measured(0.02, 60, beside_references(likely())), none()],
                Class::Strong,
            ),
            (
                "likelihoods beside another",
                vec![likely(), small()],
                Class::NotIdentifiable,
            ),
            (
                "likelihoods with bias measured",
                vec![measured(0.1, 60, likely()), none()],
                Class::Strong,
            ),
        ]);
    }

    /// What silence makes of it.
    #[test]
    fn silent_cases() {
        check([
            (
                "found in what says something alone",
                vec![measured(0.02, 60, with_silent([0, 70], leak()))],
                Class::NotTestable,
            ),
            (
                "arms that say nothing unevenly",
                vec![measured(
                    0.02,
                    60,
                    with_silent([30, 0], pairs("completion", [0, 120, 0, 120])),
                )],
                Class::Suspected,
            ),
            (
                "6 % say nothing",
                vec![with_silent([0, 15], none())],
                Class::NotTestable,
            ),
            (
                "another probe says nothing",
                vec![
                    none(),
                    with_silent([200, 200], pairs("ts-guessing", [0, 0, 0, 40])),
                ],
                Class::NotTestable,
            ),
            (
                "another probe says nothing at all",
                vec![none(), mute("ts-guessing")],
                Class::NotTestable,
            ),
            (
                "another probe was not put",
                vec![none(), unasked("ts-guessing")],
                Class::NoEvidence,
            ),
            (
                "references restore suspects alone",
                vec![Finding {
                    left_out_gap: Some(0.08),
                    ..none()
                }],
                Class::Underpowered,
            ),
            (
                "5 % say nothing",
                vec![with_silent([12, 12], none())],
                Class::NoEvidence,
            ),
            (
                "too few",
                vec![pairs("completion", [0, 0, 0, 99])],
                Class::Underpowered,
            ),
        ]);
    }

    #[test]
    fn nothing_found_is_worth_what_the_checks_are() {
        let none = [pairs("completion", [0, 0, 0, 240])];
        let checked = |complies, remembers| {
            let grounds = [(
                ProbeForm::Raw,
                Grounds {
                    complies,
                    remembers,
                },
            )]
            .into();
            verdict(&none, &grounds).class
        };
        assert_eq!(checked(Some(true), Some(true)), Class::NoEvidence);
        assert_eq!(checked(Some(false), Some(true)), Class::NotTestable);
        assert_eq!(checked(Some(true), Some(false)), Class::Underpowered);
        assert_eq!(checked(Some(true), None), Class::Underpowered);
        assert_eq!(checked(None, Some(true)), Class::Underpowered);
        assert_eq!(verdict(&none, &BTreeMap::new()).class, Class::Underpowered);
        let in_the_other = [(ProbeForm::Instruction, passed()[&ProbeForm::Raw])].into();
        assert_eq!(verdict(&none, &in_the_other).class, Class::Underpowered);
    }

    #[test]
    fn items_that_hang_together_count_once() {
        let families = |suspects| Finding {
            families: Some(Families {
                suspects,
                controls: suspects,
            }),
            ..pairs("completion", [0, 0, 0, 240])
        };
        assert_eq!(
            verdict(&[families(99)], &passed()).class,
            Class::Underpowered
        );
        assert_eq!(
            verdict(&[families(120)], &passed()).class,
            Class::NoEvidence
        );
    }

    /// Whatever was answered: silence never makes a model clean.
    #[test]
    fn there_is_no_way_around_the_conditions() {
        let mut random = cleanbench_stats::random::Random::new(3);
        let mut clean = 0;
        for _ in 0..4_000 {
            let n = 20 + random.below(400);
            let silent = [random.below(30), random.below(30)];
            let rate = 0.02 * random.unit();
            let hits = (0..n).filter(|_| random.unit() < rate).count() as u64;
            let table = [0, hits / 2, hits - hits / 2, n - hits];
            let word = |random: &mut cleanbench_stats::random::Random| {
                [None, Some(false), Some(true), Some(true)][random.index(4)]
            };
            let grounds = Grounds {
                complies: word(&mut random),
                remembers: word(&mut random),
            };
            let name = ["completion", "ts-guessing"][random.index(2)];
            let finding = with_silent(silent, pairs(name, table));
            let found = verdict(&[finding], &[(ProbeForm::Raw, grounds)].into());
            if found.class == Class::NoEvidence {
                clean += 1;
                let most = silent[0].max(silent[1]);
                assert!(n >= 100 && most * 20 <= n + most && name == "completion");
                assert_eq!(
                    (grounds.complies, grounds.remembers),
                    (Some(true), Some(true))
                );
            }
        }
        assert!(clean > 50, "{clean}");
    }

    #[test]
    fn what_is_outside_of_the_family_changes_nothing() {
        let other = pairs("completion-second-cut", [0, 200, 0, 40]);
        let none = pairs("completion", [0, 0, 0, 240]);
        let alone = verdict(std::slice::from_ref(&none), &passed());
        let beside = verdict(&[other.clone(), none], &passed());
        assert_eq!(
            (beside.class, &beside.reasons),
            (alone.class, &alone.reasons)
        );
        assert_eq!(beside.adjusted, [None, alone.adjusted[0]]);
        assert_eq!(verdict(&[other], &passed()).class, Class::NotAssessed);
    }

    #[test]
    fn what_decides_is_the_worse_of_two() {
        let contrast = |low, p| Contrast {
            low,
            p,
            ..paired([0, 60, 0, 180]).unwrap()
        };
        let finding = Finding {
            contrast: Some(contrast(0.2, 1e-9)),
            at_worst: Some(contrast(0.1, 1e-3)),
            ..pairs("completion", [0, 60, 0, 180])
        };
        let found = verdict(&[measured(0.05, 80, finding)], &passed());
        assert_eq!(
            (found.class, found.adjusted[0]),
            (Class::Strong, Some(1e-3))
        );
    }
}
