//! The rules of verdicts since tables 7: what decides is beyond the bias that was measured, and silence is no innocence.
//!
//! | class | rule |
//! |---|---|
//! | `strong` | bias measured on at least 50 items; adjusted p of at most .01, also for "no more than the bias", with a lower bound above the bias and 5 points, and missing and invalid shares that differ by less than 5 points |
//! | `suspected` | adjusted p of at most .05, also for "no more than the bias", and a lower bound above it; where it was not measured, above 15 points |
//! | `not_testable` | what was found hangs on answers that say nothing; or nothing was found, and more than 5 % of an arm say nothing or are missing, or suspects do so more often than chance has it, or the endpoint does not do what it is asked |
//! | `not_identifiable` | a difference that bias may explain; or nothing was found, and controls are restored, more often than suspects or at least in 5 % (tables 8) |
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
//! that its bounds are apart is no test of many findings at once. Of several measurements of a bias the bound that counts
//! is the largest, and the p-value that counts the largest too, which may be of another of them.
//!
//! Where controls are other texts (tables 8), a difference between arms that are told apart by their text alone, or of which
//! too few families tell nothing, is `not_identifiable`, but for one of which a bias was measured that holds for it.
//!
//! Since tables 9 also [`Rules::Ninth`].
//!
//! Likelihoods of given texts never decide alone: without a measured bias they count only beside a probe of another
//! kind that accuses by itself, because natural wording is likelier than its synonyms without any leak.
//!
//! Invariant: there is no way to `no_evidence` with more than 5 % of answers that say nothing, without a passed check of
//! memory, or with fewer than 100 items.

use std::collections::BTreeMap;

use cleanbench_core::probe::{Bias, BiasSource, Finding, ProbeForm};

use super::{Class, FEWEST_ITEMS, LEAST_POWER, Verdict, bare, describe, doses};
use crate::beside::nothing_left;
use crate::registry::{compares_wordings, is_confirmatory, is_primary};

mod beyond;
mod controls;
pub mod curve;
mod family;
mod power;
pub mod reach;
mod silence;
mod style;
pub mod values;
mod weight;

use beyond::few;
pub use beyond::{bias, bias_at_most};
use family::{Adjusted, Family};
use power::{declared_power, fewest, tell_nothing};
pub use silence::is_silent;
use silence::{hides_suspects, mute, tell_hidden, tell_silent};
use style::{is_told_apart, told_apart};
use weight::{Difference, Weight, is_natural, is_sorted_apart};

/// Name of these rules, under which the decision about them stands in `docs/decisions`.
pub const RULES: &str = "silence-and-bias";

/// Fewest items of an arm from which bias counts as measured.
pub(super) const MEASURED: u64 = 50;

/// What the checks of an endpoint's validity came to, in one form; `None` where a check was not made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grounds {
    /// Whether it does what it is asked: repeats a text, goes on with one.
    pub complies: Option<bool>,
    /// Whether it restores famous passages.
    pub remembers: Option<bool>,
}

/// By which tables' rules a verdict is given. Runs keep those of their tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// Those of tables 7 and 8. A finding is of the former where it has no measures.
    Eighth,
    /// Today's. Of what hangs on answers that say nothing both p-values are told. Nothing is clean where any finding was
    /// stopped or left out what references restored more often of suspects; measures whose bias may be anything are no
    /// reason to call a model clean; what too few never-sent items show, or hide, excuses; and what controls show beyond
    /// suspects is looked at in every finding, by its measures too.
    Ninth,
}

impl Rules {
    /// The p-value in words of what has this `weight`.
    fn p(self, adjusted: Adjusted, weight: Weight) -> String {
        let Adjusted { p, of_valid, .. } = adjusted;
        match (self, weight) {
            (Self::Ninth, Weight::Unsound) => {
                format!("{of_valid:.2e} of what says something, {p:.2e} at worst")
            }
            _ => format!("{p:.2e}"),
        }
    }

    /// As much as too few items show that nobody saw, or may hide, of a difference that is `none` without one.
    fn excuse(self, biases: impl Iterator<Item = Bias>, none: f64) -> Option<f64> {
        Some(self.few(biases, none)?.upper)
    }

    fn few(self, biases: impl Iterator<Item = Bias>, none: f64) -> Option<Bias> {
        few(biases, none).filter(|_| self == Self::Ninth)
    }

    /// Whether the rules since tables 8 hold for `finding`.
    fn is_later(self, finding: &Finding) -> bool {
        self == Self::Ninth || finding.values.is_some()
    }
}

/// The verdict on one model and task whose endpoint was checked as `grounds` say. `findings` are all probes that were
/// asked for, also those that could not be judged, and those outside of the family, which change nothing.
pub fn verdict(findings: &[Finding], grounds: &BTreeMap<ProbeForm, Grounds>) -> Verdict {
    verdict_by(Rules::Ninth, findings, grounds)
}

/// The same by the `rules` of a run's tables.
pub fn verdict_by(
    rules: Rules,
    findings: &[Finding],
    grounds: &BTreeMap<ProbeForm, Grounds>,
) -> Verdict {
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
        bare(Class::NotTestable, &nothing_judged(&family))
    } else {
        Weighed::new(rules, &judged, &adjusted, grounds).decide(&family)
    };
    let place = |one: &Finding| judged.iter().position(|other| std::ptr::eq(*other, one));
    let level = adjusted.level();
    let rests_on = |judged: usize| findings.iter().position(|one| place(one) == Some(judged));
    Verdict {
        rests_on: decided.rests_on.and_then(rests_on),
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

/// Why none of `family` could be judged.
fn nothing_judged(family: &[&Finding]) -> String {
    let left_out = family.iter().find_map(|one| nothing_left(one));
    let why = left_out.map_or_else(String::new, |why| format!(": {why}"));
    format!("no probe could be judged{why}")
}

/// The findings of a family with what each amounts to, by its hits and by its measures.
struct Weighed<'a> {
    findings: Vec<(&'a Finding, Adjusted, Weight)>,
    values: Vec<(&'a Finding, Adjusted, Weight)>,
    level: f64,
    grounds: &'a BTreeMap<ProbeForm, Grounds>,
    rules: Rules,
}

impl<'a> Weighed<'a> {
    fn new(
        rules: Rules,
        judged: &[&'a Finding],
        adjusted: &Family,
        grounds: &'a BTreeMap<ProbeForm, Grounds>,
    ) -> Self {
        let measured = judged.iter().zip(&adjusted.values);
        let measured: Vec<_> = measured
            .filter_map(|(one, adjusted)| Some((*one, (*adjusted)?)))
            .collect();
        let of_another_kind = judged.iter().zip(&adjusted.hits).any(|(one, adjusted)| {
            !compares_wordings(&one.probe)
                && Difference::of_hits(one, rules)
                    .weigh(*adjusted, false)
                    .accuses()
        }) || measured.iter().any(|(one, adjusted)| {
            !compares_wordings(&one.probe)
                && values::difference(one, rules)
                    .weigh(*adjusted, false)
                    .accuses()
        });
        let weighed = judged.iter().zip(&adjusted.hits);
        let weighed = weighed.map(|(one, adjusted)| {
            (
                *one,
                *adjusted,
                Difference::of_hits(one, rules).weigh(*adjusted, of_another_kind),
            )
        });
        let measured = measured.into_iter().map(|(one, adjusted)| {
            let weight = values::difference(one, rules).weigh(adjusted, of_another_kind);
            (one, adjusted, weight)
        });
        Self {
            findings: weighed.collect(),
            values: measured.collect(),
            level: adjusted.level(),
            grounds,
            rules,
        }
    }

    /// Sentences about the findings of this weight.
    fn of(&self, weight: Weight) -> Vec<String> {
        let own = self
            .findings
            .iter()
            .filter(|(_, _, found)| *found == weight);
        let own = own.map(|(one, adjusted, _)| {
            let p = self.rules.p(*adjusted, weight);
            format!("{}{}", describe(one, &p), beside(one, weight, self.rules))
        });
        let values = self.values.iter().filter(|(_, _, found)| *found == weight);
        own.chain(values.map(|(one, adjusted, _)| {
            values::tell(one, &self.rules.p(*adjusted, weight), weight, self.rules)
        }))
        .collect()
    }

    /// `family` are all findings of it, those among them that could not be judged.
    fn decide(&self, family: &[&Finding]) -> Verdict {
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
        self.nothing_found(family)
    }

    fn grounds(&self, finding: &Finding) -> Grounds {
        self.grounds.get(&finding.form).copied().unwrap_or_default()
    }

    /// Nothing was found: whether anything would have been.
    fn nothing_found(&self, family: &[&Finding]) -> Verdict {
        let complying = || {
            let findings = self.findings.iter().map(|(one, _, _)| *one);
            findings.filter(|one| self.grounds(one).complies != Some(false))
        };
        if complying().next().is_none() {
            let what = "no probe found anything, and the endpoint does not do what it is asked: it neither repeats a text nor goes on with one";
            return bare(Class::NotTestable, what);
        }
        let mute = mute(family).into_iter();
        let mute = mute.filter(|one| self.grounds(one).complies != Some(false));
        let silent = complying().filter(|one| is_silent(one)).chain(mute);
        let silent = silent.map(tell_silent);
        let hidden = complying()
            .filter(|one| self.rules.is_later(one) && hides_suspects(one))
            .map(tell_hidden);
        let level = self.level;
        let suspicious = complying().filter_map(|one| controls::suspicious(one, level, self.rules));
        let open = family.iter().filter(|_| self.rules == Rules::Ninth);
        let open = open.filter_map(|one| Some(found_nothing(one, &open_end(one)?)));
        for (class, reasons) in [
            (Class::NotTestable, silent.collect::<Vec<_>>()),
            (Class::NotTestable, hidden.collect()),
            (Class::NotIdentifiable, suspicious.collect()),
            (Class::Underpowered, open.collect()),
        ] {
            if !reasons.is_empty() {
                return Verdict {
                    reasons,
                    ..bare(class, "")
                };
            }
        }
        let primary = complying().filter(|one| is_primary(&one.probe));
        let lacking: Vec<_> = primary.map(|one| (one, self.lacks(one, level))).collect();
        if let Some((one, _)) = lacking.iter().find(|(_, lacks)| lacks.is_none()) {
            let unseen = doses::unseen(&one.probe, one.form);
            let unseen = unseen.filter(|_| self.rules.is_later(one));
            let mut judged = self.findings.iter();
            return Verdict {
                rests_on: judged.position(|(other, _, _)| std::ptr::eq(*other, *one)),
                reasons: std::iter::once(tell_nothing(one, level, self.rules))
                    .chain(unseen)
                    .chain(self.within_bias())
                    .collect(),
                ..bare(Class::NoEvidence, "")
            };
        }
        let reasons = lacking
            .iter()
            .filter_map(|(one, lacks)| Some(found_nothing(one, lacks.as_ref()?)));
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
            *weight == Weight::Nothing && values::difference(one, self.rules).is_there(*adjusted)
        });
        within
            .map(|(one, adjusted, weight)| {
                let told =
                    values::tell(one, &self.rules.p(*adjusted, *weight), *weight, self.rules);
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
        } else if let Some(open) = open_end(finding) {
            Some(open)
        } else if finding.own_instruction {
            Some("and it was asked by an instruction of the suite's own, of which no check says whether it asks for what was seen".to_owned())
        } else if complies.is_none() || remembers.is_none() {
            Some("and it was not checked whether the model can restore a text at all".to_owned())
        } else {
            let forgets = remembers == Some(false);
            forgets.then(|| "and the model restores hardly a famous passage: it recalls little word for word, whatever it saw".to_owned())
        }
    }
}

fn found_nothing(finding: &Finding, why: &str) -> String {
    format!(
        "{} ({}) found nothing, {why}",
        finding.probe,
        finding.form.as_str()
    )
}

/// Why a finding leaves open whether there is something, whatever the others say.
fn open_end(finding: &Finding) -> Option<String> {
    if let Some(look) = finding.look.filter(|look| !look.is_last()) {
        return Some(format!(
            "and stopped after {} of {} items; nothing is ruled out before all are asked",
            look.asked, look.items
        ));
    }
    let gap = finding.left_out_gap?;
    Some(format!(
        "and what reference models restore, which is left out, is of suspects by at least {:.0} points more often than of controls: it may have been seen",
        gap * 100.0
    ))
}

/// By what the bias was measured.
fn told_bias(bias: Bias) -> String {
    let Bias { upper, items, .. } = bias;
    let source = bias.source.as_str();
    match bias.source {
        BiasSource::NeverSent => format!("; bias at most {upper:.3} by {items} {source}"),
        BiasSource::References => format!("; bias at most {upper:.3} by {source} on {items} items"),
    }
}

/// Whether `few` explains more than what was measured.
fn is_larger(few: Bias, measured: Option<Bias>) -> bool {
    measured.is_none_or(|bias| few.upper > bias.upper)
}

fn told_few(few: Bias) -> String {
    format!(
        "{}: too few to measure it, and it may explain this",
        told_bias(few)
    )
}

/// Why a finding weighs no more than it does.
fn beside(finding: &Finding, weight: Weight, rules: Rules) -> String {
    let few = rules.few(finding.biases(), 0.0);
    match (weight, finding.bias.filter(|bias| bias.items >= MEASURED)) {
        (Weight::Unsound, _) => "; not so if answers of suspects that say nothing are misses, and those of controls hits".to_owned(),
        (Weight::Explained, _) if is_told_apart(finding, finding.biases()) => told_apart(finding),
        (Weight::Explained, bias) if few.is_some_and(|few| is_larger(few, bias)) => few.map_or_else(String::new, told_few),
        (_, Some(bias)) => told_bias(bias),
        (Weight::Explained, None) if is_sorted_apart(finding) => {
            "; bias not measured: the order of a file that is sorted by subject is guessed without any leak".to_owned()
        }
        (Weight::Explained, None) if is_natural(finding) => {
            "; bias not measured: a natural wording is likelier than its synonyms without any leak".to_owned()
        }
        (Weight::Explained, None) => "; bias not measured: a lower bound of at most .15 may come of what originals are like".to_owned(),
        (_, None) => "; bias not measured".to_owned(),
    }
}

#[cfg(test)]
mod ninth;
#[cfg(test)]
mod tests;
