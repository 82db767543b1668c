//! What the models of the set are asked, as a run by today's tables would ask them.
//!
//! Every confirmatory probe in every form is put to the benchmark and its rewordings, and once more to items that nobody
//! saw and theirs, which measure its bias; and the checks of validity in the forms of the probes.
//!
//! Invariant: a unit has a name of its own, which depends on neither what was answered nor what else is asked.

use std::sync::Arc;

use cleanbench_core::probe::{ControlKind, ProbeCall, ProbeForm, ProbeItem, Step};
use cleanbench_core::seed::derive;
use cleanbench_core::{Digest, Probe};
use cleanbench_embedded::world::{Cut, World};
use cleanbench_probe::checks::{self, Audience};
use cleanbench_probe::registry::{self, Order};
use cleanbench_probe::{Arms, Protocol, read_by};

use super::CalibrationError;
use crate::quickstart::{Quickstart, SEED, passage};

/// Statements, and questions, of a world that its models are asked for.
const PASSAGES: usize = 8;
/// Statements cut in the middle, where whoever goes on begins no text of its own. The shipped models go on with records;
/// those of other worlds name another thing there than the record does, as they copy nothing.
const BEGINNINGS: usize = 5;
/// Digits of a digest of calls.
const DIGITS: usize = 16;

/// What a probe is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Benchmark,
    /// Items that nobody saw.
    NeverSent,
    /// The model itself.
    Model,
}

/// A probe with its arms.
#[derive(Debug)]
pub(super) struct Unit<'a> {
    pub(super) probe: &'a dyn Probe,
    pub(super) about: About,
    pub(super) arms: Arc<Arms>,
}

impl Unit<'_> {
    /// `NAME.FORM` of its probe.
    pub(super) fn probe_name(&self) -> String {
        format!("{}.{}", self.probe.id(), self.probe.form().as_str())
    }

    /// Under which its answers are kept.
    pub(super) fn name(&self) -> String {
        let name = self.probe_name();
        match self.about {
            About::NeverSent => format!("never-sent/{name}"),
            About::Benchmark | About::Model => name,
        }
    }

    /// Seed of its free choices: fixed, as in a run with the seed 0.
    pub(super) fn seed(&self) -> u64 {
        derive(0, "benchmark", "", &format!("probe/{}", self.probe.id()))
    }

    pub(super) fn calls(&self) -> Vec<ProbeCall> {
        match self.probe.next(&self.arms.context(self.seed()), &[]) {
            Step::Calls(calls) => calls,
            Step::Done => Vec::new(),
        }
    }
}

/// The beginning of a digest of everything that `calls` say to a model.
pub(super) fn digest(calls: &[ProbeCall]) -> String {
    let said = calls.iter().map(|call| {
        let messages = call.messages.iter().map(|one| one.content.as_str());
        let texts = [&call.continuations[..], &call.stop[..]];
        let texts = texts.into_iter().flatten().map(String::as_str);
        let room = call.max_tokens.to_string();
        let all: Vec<_> = messages.chain(texts).chain([room.as_str()]).collect();
        all.join("\u{1f}")
    });
    let said: Vec<_> = said.collect();
    let parts: Vec<_> = said.iter().map(String::as_bytes).collect();
    let mut digest = Digest::of("cleanbench/calibration/1", &parts).to_string();
    digest.truncate(DIGITS);
    digest
}

/// Every probe and check that the set has, by one protocol.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) probes: Vec<Box<dyn Probe>>,
    checks: Vec<Box<dyn Probe>>,
}

impl Asked {
    /// By the protocol called `number`; answers to one that asks what today's asks are read by today's.
    pub(super) fn by(number: u32) -> Result<Self, CalibrationError> {
        let protocol = Protocol::numbered(read_by(number), declines);
        let protocol = protocol.ok_or(CalibrationError::Protocol(number))?;
        let family = registry::NAMES.into_iter();
        // A world has no file whose order its models could have learnt.
        let family = family
            .filter(|name| registry::is_confirmatory(name) && !registry::asks_file_order(name));
        Ok(Self {
            probes: built(family, protocol)?,
            checks: built(checks::NAMES.into_iter(), protocol)?,
        })
    }

    /// What a model of `world` is asked.
    pub(super) fn units(&self, world: &World) -> Vec<Unit<'_>> {
        let suite = Quickstart::new(world);
        let mut units = Vec::new();
        for (about, arms) in [
            (About::Benchmark, suite.arms()),
            (About::NeverSent, suite.never_sent()),
        ] {
            let arms = Arc::new(arms);
            units.extend(self.probes.iter().map(|probe| Unit {
                probe: &**probe,
                about,
                arms: Arc::clone(&arms),
            }));
        }
        units.extend(self.checks.iter().map(|check| Unit {
            probe: &**check,
            about: About::Model,
            arms: Arc::new(of_model(world, check.id(), check.form())),
        }));
        units
    }
}

/// No text that these models learnt declines, and to search what they write for it is most of the work.
fn declines(_text: &str) -> bool {
    false
}

/// The probes called `names`, each in every form.
fn built(
    names: impl Iterator<Item = &'static str>,
    protocol: Protocol,
) -> Result<Vec<Box<dyn Probe>>, CalibrationError> {
    let forms = names.flat_map(|name| registry::forms(name).iter().map(move |form| (name, *form)));
    let built = forms.map(|(name, form)| {
        let probe = registry::build(&Order {
            name,
            form,
            prompt: None,
            protocol,
            early_stop: false,
        });
        probe.map_err(|error| CalibrationError::Probe(error.to_string()))
    });
    built.collect()
}

/// What the check called `name` asks a model of `world`: texts of its own training, as the shipped models are asked for
/// those of theirs.
fn of_model(world: &World, name: &str, form: ProbeForm) -> Arms {
    let shipped = checks::arms(name, form, Audience::of([true]));
    let is_repeating = name == checks::NAMES[0] && form == ProbeForm::Instruction;
    if world.seed == SEED || is_repeating {
        return shipped;
    }
    let texts = if name == checks::NAMES[0] {
        world.beginnings(BEGINNINGS)
    } else {
        world.passages(PASSAGES)
    };
    let items = texts.iter().enumerate();
    let item = |(place, text): (usize, &Cut)| ProbeItem {
        task: checks::TASK.to_owned(),
        sample: passage(&format!("embedded/{name}-{}", place + 1), text),
    };
    Arms {
        suspects: items.map(item).collect(),
        controls: Vec::new(),
        kind: ControlKind::Sibling,
        published: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cleanbench_probe::PROTOCOL;

    use super::*;

    #[test]
    fn every_world_is_asked_as_many_questions_of_its_own() {
        let asked = Asked::by(PROTOCOL).unwrap();
        let [shipped, other] = [SEED, 201].map(|seed| asked.units(&World::new(seed)));
        let names: BTreeSet<_> = other.iter().map(Unit::name).collect();
        assert_eq!(names.len(), other.len(), "each name once");
        for name in [
            "option-order.raw",
            "never-sent/option-order-quiz.instruction",
        ] {
            assert!(names.contains(name), "{name}");
        }
        for (shipped, other) in shipped.iter().zip(&other) {
            let name = other.name();
            assert_eq!(shipped.name(), name);
            let [of_shipped, of_other] = [shipped.calls(), other.calls()];
            if other.about == About::Model {
                assert_eq!(of_shipped.len(), of_other.len(), "{name}");
            }
            let is_the_same = name == "compliance.instruction";
            assert_eq!(
                digest(&of_shipped) == digest(&of_other),
                is_the_same,
                "{name}"
            );
        }
    }

    #[test]
    fn protocols_that_nobody_knows_are_refused() {
        let error = Asked::by(PROTOCOL + 1).unwrap_err().to_string();
        assert!(error.contains(&(PROTOCOL + 1).to_string()), "{error}");
    }
}
