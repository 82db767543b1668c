//! The one table of probes.
//!
//! To add a probe: one file in `probes/` that is called like it, one line here, one table of cases in that
//! file. Everything else is drawn from the line, so that nothing can know a probe under one name and build
//! another; a test fails on a file without a line.

use cleanbench_core::probe::ProbeForm;
use cleanbench_core::{Digest, Probe};

use crate::checks::{self, Asking, Compliance, Memory};
use crate::probes::completion::Completed;
use crate::probes::completion_second_cut::SecondCut;
use crate::probes::forced_likelihood::ForcedLikelihood;
use crate::probes::item_order_quiz::ItemOrderQuiz;
use crate::probes::option_completion::NextOption;
use crate::probes::option_order::OptionOrder;
use crate::probes::option_order_quiz::OptionOrderQuiz;
use crate::probes::ts_guessing::MaskedOption;
use crate::protocol::Protocol;
use crate::recall::{Put, Recall};
use crate::staged::Staged;

/// What a probe weighs in the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// "No evidence" rests on its power.
    Primary,
    /// What it finds counts; that it finds nothing does not.
    Confirmatory,
    /// It is shown, and changes no class.
    Exploratory,
    /// It is about the endpoint and no task, see [`mod@crate::checks`].
    Check,
}

/// What is usual of those who write items, and found by a probe without any leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// Nothing that controls do not have too.
    None,
    /// A natural wording is likelier than its synonyms.
    Wording,
    /// A file that is sorted by subject is continued by its subject.
    Sorting,
}

/// A line of the table.
struct Entry {
    name: &'static str,
    standing: Standing,
    weighs_likelihoods: bool,
    habit: Habit,
    /// Whether its answers have a measure beside the hit.
    is_measured: bool,
    /// The forms in which it can be put, each once.
    forms: &'static [ProbeForm],
    /// Builds it in a form of `forms`.
    build: fn(&Order<'_>) -> Box<dyn Probe>,
}

/// What a probe is built from.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Its name.
    pub name: &'a str,
    /// The form in which it is put.
    pub form: ProbeForm,
    /// What replaces the shipped instruction; the text goes where it says `{text}`.
    pub prompt: Option<&'a str>,
    /// How it asks and reads.
    pub protocol: Protocol,
    /// Whether it stops once a leak is clear, where it [`can_stop`].
    pub early_stop: bool,
}

const BOTH: &[ProbeForm] = &[ProbeForm::Raw, ProbeForm::Instruction];
const RAW: &[ProbeForm] = &[ProbeForm::Raw];
const INSTRUCTION: &[ProbeForm] = &[ProbeForm::Instruction];

/// Every probe, in the order of the documentation.
const PROBES: &[Entry] = &[
    Entry {
        name: "completion",
        standing: Standing::Primary,
        weighs_likelihoods: false,
        habit: Habit::None,
        is_measured: true,
        forms: BOTH,
        build: |order| put(Completed, order),
    },
    Entry {
        name: "option-completion",
        standing: Standing::Primary,
        weighs_likelihoods: false,
        habit: Habit::None,
        is_measured: true,
        forms: BOTH,
        build: |order| put(NextOption, order),
    },
    Entry {
        name: "ts-guessing",
        standing: Standing::Confirmatory,
        weighs_likelihoods: false,
        habit: Habit::None,
        is_measured: true,
        forms: BOTH,
        build: |order| put(MaskedOption, order),
    },
    Entry {
        name: "forced-likelihood",
        standing: Standing::Confirmatory,
        weighs_likelihoods: true,
        habit: Habit::Wording,
        is_measured: true,
        forms: RAW,
        build: |order| put(ForcedLikelihood, order),
    },
    Entry {
        name: "option-order",
        standing: Standing::Confirmatory,
        weighs_likelihoods: true,
        habit: Habit::None,
        is_measured: true,
        forms: RAW,
        build: |order| put(OptionOrder, order),
    },
    Entry {
        name: "option-order-quiz",
        standing: Standing::Confirmatory,
        weighs_likelihoods: false,
        habit: Habit::None,
        is_measured: false,
        forms: INSTRUCTION,
        build: |order| put(OptionOrderQuiz, order),
    },
    Entry {
        name: "item-order-quiz",
        standing: Standing::Confirmatory,
        weighs_likelihoods: false,
        habit: Habit::Sorting,
        is_measured: false,
        forms: INSTRUCTION,
        build: |order| put(ItemOrderQuiz, order),
    },
    Entry {
        name: "completion-second-cut",
        standing: Standing::Exploratory,
        weighs_likelihoods: false,
        habit: Habit::None,
        is_measured: true,
        forms: BOTH,
        build: |order| put(SecondCut, order),
    },
];

/// The checks of validity. No suite names them: they are put wherever probes are.
const CHECKS: &[Entry] = &[
    Entry {
        name: checks::NAMES[0],
        standing: Standing::Check,
        weighs_likelihoods: false,
        habit: Habit::None,
        is_measured: false,
        forms: BOTH,
        build: |order| Box::new(Asking::new(Compliance, order.form, order.protocol)),
    },
    Entry {
        name: checks::NAMES[1],
        standing: Standing::Check,
        weighs_likelihoods: false,
        habit: Habit::None,
        is_measured: false,
        forms: BOTH,
        build: |order| Box::new(Asking::new(Memory, order.form, order.protocol)),
    },
];

/// Names of all probes, in the order of the documentation.
pub const NAMES: [&str; PROBES.len()] = {
    let mut names = [""; PROBES.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = PROBES[place].name;
        place += 1;
    }
    names
};

fn entry(name: &str) -> Option<&'static Entry> {
    let mut entries = PROBES.iter().chain(CHECKS);
    entries.find(|entry| entry.name == name)
}

/// Names of the primary probes: the ones on whose power "no evidence" rests.
pub fn primary() -> impl Iterator<Item = &'static str> {
    PROBES
        .iter()
        .filter(|entry| entry.standing == Standing::Primary)
        .map(|entry| entry.name)
}

/// Whether "no evidence" may rest on the probe called `name`.
pub fn is_primary(name: &str) -> bool {
    primary().any(|primary| primary == name)
}

/// Whether the probe called `name` weighs given texts by their likelihood.
pub fn weighs_likelihoods(name: &str) -> bool {
    entry(name).is_some_and(|entry| entry.weighs_likelihoods)
}

/// Whether the probe called `name` weighs wordings against one another: a natural one is likelier than its synonyms.
pub fn compares_wordings(name: &str) -> bool {
    entry(name).is_some_and(|entry| entry.habit == Habit::Wording)
}

/// Whether answers to the probe called `name` have a measure beside the hit, which is a test of its own.
pub fn is_measured(name: &str) -> bool {
    entry(name).is_some_and(|entry| entry.is_measured)
}

/// Whether the probe called `name` asks about the order of the file in which items stand, see [`crate::arms::published`].
pub fn asks_file_order(name: &str) -> bool {
    entry(name).is_some_and(|entry| entry.habit == Habit::Sorting)
}

/// Whether the class of a task rests on the probe called `name`, among others.
pub fn is_confirmatory(name: &str) -> bool {
    let told_only = [Standing::Exploratory, Standing::Check];
    entry(name).is_none_or(|entry| !told_only.contains(&entry.standing))
}

/// Whether the probe called `name` can stop once a leak is clear: a class rests on it, and what it finds stands by itself.
/// How likely texts are tells nothing before it is known how likely they are elsewhere.
pub fn can_stop(name: &str) -> bool {
    is_confirmatory(name) && !weighs_likelihoods(name)
}

/// Whether `name` is a check of validity: it is about an endpoint, and no task has it.
pub fn is_check(name: &str) -> bool {
    entry(name).is_some_and(|entry| entry.standing == Standing::Check)
}

/// The forms in which the probe called `name` can be put, or none if there is no such probe.
pub fn forms(name: &str) -> &'static [ProbeForm] {
    entry(name).map_or(&[], |entry| entry.forms)
}

/// Why a probe cannot be built: a lowercase fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError(pub String);

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The probe that `order` names.
///
/// # Errors
/// When there is no such probe, it has no such form, or the prompt has no place for the text.
pub fn build(order: &Order<'_>) -> Result<Box<dyn Probe>, BuildError> {
    let Order { name, form, .. } = *order;
    let Some(entry) = entry(name).filter(|entry| entry.forms.contains(&form)) else {
        let known = NAMES.join(", ");
        let message = format!(
            "there is no probe `{name}` in the {} form; known probes: {known}",
            form.as_str()
        );
        return Err(BuildError(message));
    };
    if let Some(prompt) = order.prompt {
        check_prompt(entry, prompt)?;
    }
    Ok((entry.build)(order))
}

fn check_prompt(entry: &Entry, prompt: &str) -> Result<(), BuildError> {
    let name = entry.name;
    if !prompt.contains("{text}") {
        let message = format!("the prompt of probe `{name}` has no `{{text}}`");
        return Err(BuildError(message));
    }
    if entry.standing == Standing::Check || !entry.forms.contains(&ProbeForm::Instruction) {
        return Err(BuildError(format!("probe `{name}` has no prompt")));
    }
    Ok(())
}

fn put<R: Recall + 'static>(recall: R, order: &Order<'_>) -> Box<dyn Probe> {
    let instruction = order.prompt.unwrap_or(recall.instruction()).to_owned();
    let put = Put {
        recall,
        form: order.form,
        instruction,
        protocol: order.protocol,
    };
    if order.early_stop && can_stop(order.name) && order.protocol.measures() {
        Box::new(Staged { put })
    } else {
        Box::new(put)
    }
}

/// Identity of a probe: changes with its name, form, version and prompt.
pub fn digest(probe: &dyn Probe, prompt: Option<&str>) -> Digest {
    Digest::of(
        "cleanbench/probe/1",
        &[
            probe.id().as_bytes(),
            probe.form().as_str().as_bytes(),
            &probe.version().to_le_bytes(),
            prompt.unwrap_or_default().as_bytes(),
        ],
    )
}

#[cfg(test)]
pub(crate) mod testing {
    use cleanbench_core::probe::{ControlKind, ProbeCall, ProbeContext, ProbeItem, Step};

    use super::*;
    use crate::recall::Pick;

    pub(crate) const PICK: Pick = Pick::new(1, 0);

    pub(crate) fn order(name: &str, form: ProbeForm) -> Order<'_> {
        Order {
            name,
            form,
            prompt: None,
            protocol: Protocol::First,
            early_stop: false,
        }
    }

    pub(crate) fn probe(name: &str, form: ProbeForm) -> Box<dyn Probe> {
        build(&order(name, form)).unwrap()
    }

    /// By the second protocol.
    pub(crate) fn probe_of(
        order: Order<'_>,
        declines: crate::protocol::Declining,
    ) -> Box<dyn Probe> {
        let protocol = Protocol::Second(declines);
        build(&Order { protocol, ..order }).unwrap()
    }

    /// The call about a single suspect.
    pub(crate) fn only_call(probe: &dyn Probe, item: ProbeItem) -> ProbeCall {
        let context = ProbeContext {
            suspects: &[item],
            controls: &[],
            kind: ControlKind::Sibling,
            seed: 5,
            published: None,
        };
        match probe.next(&context, &[]) {
            Step::Calls(mut calls) if calls.len() == 1 => calls.remove(0),
            other => panic!("{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::{Arm, ControlKind, ProbeContext, Seen, Step};

    use super::*;
    use crate::recall::scored;
    use crate::testing::{choice_sample, item, usable};

    fn all() -> Vec<Box<dyn Probe>> {
        let named = |name: &'static str| forms(name).iter().map(move |form| (name, *form));
        NAMES
            .into_iter()
            .filter(|name| !asks_file_order(name))
            .flat_map(named)
            .map(|(name, form)| testing::probe(name, form))
            .collect()
    }

    /// What counts as tests of a family beforehand is what a run brings.
    #[test]
    fn what_is_measured_is_what_the_table_says() {
        for name in NAMES.into_iter().filter(|name| !asks_file_order(name)) {
            let form = forms(name)[0];
            let order = Order {
                protocol: Protocol::Third(|_| false),
                ..testing::order(name, form)
            };
            let probe = build(&order).unwrap();
            let call = testing::only_call(&*probe, usable(0));
            let answer = if call.continuations.is_empty() {
                crate::testing::completion(&format!("1 {}", call.expected))
            } else {
                let texts = vec![&[-1.0][..]; call.continuations.len()];
                crate::testing::weighed(&texts)
            };
            let score = probe.score(&call, &answer);
            assert_eq!(
                score.measure.is_some(),
                is_measured(name),
                "{name}: {score:?}"
            );
            assert_eq!(score.extraction_failure, None, "{name}");
        }
    }

    /// A file that nobody builds, or a line that builds the probe of another line.
    #[test]
    fn every_file_is_a_probe_under_its_own_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/probes");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|path| {
                path.file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('_', "-")
            })
            .filter(|name| name != "mod")
            .collect();
        files.sort_unstable();
        let mut names = NAMES.to_vec();
        names.sort_unstable();
        assert_eq!(
            files, names,
            "each file in src/probes/ has one line in registry.rs, under its own name"
        );
        for name in NAMES {
            assert!(!forms(name).is_empty(), "{name} can be put in no form");
            for form in forms(name) {
                let probe = testing::probe(name, *form);
                assert_eq!((probe.id(), probe.form()), (name, *form));
            }
        }
    }

    #[test]
    fn every_probe_plans_judges_and_ends() {
        let suspects: Vec<_> = (0..40).map(usable).collect();
        let mut controls: Vec<_> = (40..80).map(usable).collect();
        controls[7] = item(choice_sample("short", "?", &["a", "b"], 0));
        for probe in all() {
            let name = format!("{} {:?}", probe.id(), probe.form());
            assert!(NAMES.contains(&probe.id()), "{name}");
            let context = ProbeContext {
                suspects: &suspects,
                controls: &controls,
                kind: ControlKind::Isomorph,
                seed: 9,
                published: None,
            };
            let Step::Calls(calls) = probe.next(&context, &[]) else {
                panic!("{name} plans nothing");
            };
            assert_eq!(
                probe.next(&context, &[]),
                Step::Calls(calls.clone()),
                "{name}"
            );
            assert_eq!(calls.len(), 79, "{name}: one control cannot be used");
            let seen: Vec<_> = calls
                .iter()
                .map(|call| Seen::answered(scored(call.arm == Arm::Suspect && call.item < 20)))
                .collect();
            assert_eq!(probe.next(&context, &seen), Step::Done, "{name}");
            let finding = probe.judge(&context, &calls, &seen);
            assert_eq!(
                (finding.probe.as_str(), finding.form),
                (probe.id(), probe.form())
            );
            assert_eq!(finding.filters.values().sum::<u64>(), 1);
            assert_eq!(
                (finding.suspects.hits, finding.controls.valid),
                (20, 39),
                "{name}"
            );
            let contrast = finding.contrast.unwrap();
            assert_eq!(
                contrast.pairs,
                Some([0, 19, 0, 20]),
                "{name}: pair 7 has no control"
            );
            assert!(contrast.p < 1e-5 && contrast.low > 0.3);
            assert_eq!(finding.examples, [0, 1, 2]);
        }
    }

    #[test]
    fn prompts_can_be_replaced() {
        let own = build(&Order {
            prompt: Some("Sag es: {text}"),
            ..testing::order("ts-guessing", ProbeForm::Instruction)
        });
        let own = own.unwrap();
        let call = testing::only_call(&*own, usable(1));
        assert!(call.messages[0].content.starts_with("Sag es: Question:"));
        let shipped = testing::probe("ts-guessing", ProbeForm::Instruction);
        assert_ne!(
            digest(&*own, Some("Sag es: {text}")),
            digest(&*shipped, None)
        );
        for (name, form, prompt, reason) in [
            (
                "ts-guesing",
                ProbeForm::Raw,
                None,
                "known probes: completion",
            ),
            (
                "forced-likelihood",
                ProbeForm::Instruction,
                None,
                "instruction form",
            ),
            (
                "completion",
                ProbeForm::Raw,
                Some("no place"),
                "has no `{text}`",
            ),
            (
                "forced-likelihood",
                ProbeForm::Raw,
                Some("{text}"),
                "has no prompt",
            ),
        ] {
            let order = testing::order(name, form);
            let error = build(&Order { prompt, ..order }).unwrap_err();
            assert!(error.0.contains(reason), "{error}");
        }
    }
}
