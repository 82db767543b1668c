//! Everything that can be known of a run without making it: what would be sent where, and about how much.

use std::collections::{BTreeSet, HashSet};

use cleanbench_core::{Gate, Message, Role, Sensitivity, Tier, Usd};
use cleanbench_ledger::manifest;
use cleanbench_ledger::note::Note;
use cleanbench_model::{Endpoint, FilePlace};
use cleanbench_stats::drift::Delay;
use cleanbench_suite::{Suite, Tally};

use crate::endpoints::{proxies, resolve_all, unnamed_hosts, untested};
use crate::gates::gates;
use crate::nights::Nights;
use crate::options::CheckOptions;
use crate::power::{Power, Powers};
use crate::probes::{self, PlannedProbe};
use crate::references::{check_roles, without_probes};
use crate::selection::{Selected, check_samplings, left_out, select};
use crate::support::use_found;
use crate::{PlanError, Surroundings};

/// Bytes that one token stands for in an estimate. English text has about four; other languages fewer.
pub const BYTES_PER_TOKEN: u64 = 4;

/// What a run of a suite would be.
#[derive(Debug)]
pub struct Check<'a> {
    /// The tasks that are selected.
    pub tasks: Vec<CheckedTask<'a>>,
    /// The probes that would be put.
    pub probes: Vec<PlannedProbe>,
    /// What each gate could tell of each task.
    pub gates: Vec<CheckedGate>,
    /// Comparisons with a baseline that share their error rate.
    pub family: usize,
    /// Whom it would ask; may be empty.
    pub endpoints: Vec<Endpoint>,
    /// Where each of them stands in a models file, if it does.
    pub places: Vec<Option<FilePlace>>,
    /// What each of them is asked for.
    pub roles: Vec<manifest::Role>,
}

/// A task, and what a pass over its samples gives.
#[derive(Debug)]
pub struct CheckedTask<'a> {
    /// The task.
    pub selected: Selected<'a>,
    /// What its samples come to.
    pub tally: Tally,
    /// The first prompt, for people; `None` without samples.
    pub first: Option<String>,
    /// How soon drops would be found if it were asked every night, as far as can be assumed.
    pub delays: Vec<Delay>,
}

/// What a gate could tell of a task before anything is asked.
#[derive(Debug)]
pub struct CheckedGate {
    /// The gate.
    pub gate: Gate,
    /// Name of the task.
    pub task: String,
    /// Samples of the task.
    pub samples: u64,
    /// Its power, and the samples it needs.
    pub power: Power,
}

/// Looks at what a run of `suite` would be. What people must know of it is added to `notes`.
///
/// # Errors
/// Where a run would be refused for what was asked of tasks, models, probes and gates. What a label forbids is
/// no error here, see [`CheckedTask::refused_by`].
pub fn check<'a>(
    options: &CheckOptions,
    suite: &'a Suite,
    around: Surroundings<'_>,
    notes: &mut Vec<Note>,
) -> Result<Check<'a>, PlanError> {
    let selected = select(suite, &options.select)?;
    let mut placed = resolve_all(&options.models, None, suite, around)?;
    check_roles(&placed)?;
    notes.extend(use_found(&mut placed, suite, around.supported));
    let mut probes = probes::foresee(suite.probes.as_ref(), &selected, 0)?;
    if probes.is_empty() {
        placed = without_probes(placed, &options.models, suite, notes)?;
    }
    notes.extend(unnamed_hosts(&placed, &suite.file));
    let roles: Vec<_> = placed.iter().map(|one| one.role).collect();
    let subjects = roles
        .iter()
        .filter(|role| **role == manifest::Role::Subject)
        .count();
    let each = placed.into_iter().map(|one| (one.endpoint, one.place));
    let (endpoints, places): (Vec<_>, Vec<_>) = each.unzip();
    notes.extend(proxies(&endpoints).chain(untested(&endpoints)));
    notes.extend(left_out(&endpoints, &selected));
    for endpoint in &endpoints {
        check_samplings(endpoint, &selected)?;
    }
    probes.extend(probes::checks_beside(&probes, &endpoints)?);
    let gates = gates(suite, &selected)?;
    let family = |tier| family(&gates, subjects, tier);
    let mut nights = Nights::of_tasks(selected.len());
    let census = |chosen| census(chosen, &mut nights);
    Ok(Check {
        gates: powers(&gates, &selected, family),
        tasks: selected.into_iter().map(census).collect::<Result<_, _>>()?,
        probes,
        family: family(Tier::Critical),
        endpoints,
        places,
        roles,
    })
}

impl Check<'_> {
    /// Models that cannot have seen the items.
    pub fn references(&self) -> usize {
        let roles = self.roles.iter();
        roles
            .filter(|role| **role == manifest::Role::Reference)
            .count()
    }
}

/// How many comparisons share their error rate with one of `tier`: those that are only told are a family of their own.
fn family(gates: &[Gate], models: usize, tier: Tier) -> usize {
    let is_told = |tier: Tier| tier == Tier::Advisory;
    let paired = gates
        .iter()
        .filter(|gate| gate.test.is_paired() && is_told(gate.tier) == is_told(tier));
    paired.map(|gate| gate.tasks.len()).sum::<usize>() * models.max(1)
}

fn powers(
    gates: &[Gate],
    selected: &[Selected<'_>],
    family: impl Fn(Tier) -> usize,
) -> Vec<CheckedGate> {
    let most = (MOST_SIZES / gates.len().max(1)).max(FEWEST_SIZES);
    let own = gates.iter().flat_map(|gate| {
        let tasks: HashSet<&str> = gate.tasks.iter().map(String::as_str).collect();
        let is_own = |chosen: &&Selected<'_>| tasks.contains(chosen.task.name.as_str());
        let own: Vec<_> = selected.iter().filter(is_own).collect();
        let sizes = Sizes::of(own.iter().map(|chosen| chosen.samples), most);
        let mut powers = Powers::new(gate, family(gate.tier), None);
        let checked = own.into_iter().map(|chosen| CheckedGate {
            gate: gate.clone(),
            task: chosen.task.name.clone(),
            samples: chosen.samples,
            power: at(&mut powers, chosen.samples, &sizes),
        });
        checked.collect::<Vec<_>>()
    });
    own.collect()
}

/// Different numbers of samples for which the gates of a suite are computed, all together and each at least.
const MOST_SIZES: usize = 24;
const FEWEST_SIZES: usize = 16;

/// The numbers of samples for which a gate is computed.
struct Sizes(Vec<u64>);

impl Sizes {
    /// All of `samples`; of more than `most` different ones `most`, among them the smallest.
    fn of(samples: impl Iterator<Item = u64>, most: usize) -> Self {
        let all: Vec<_> = samples.collect::<BTreeSet<_>>().into_iter().collect();
        if all.len() <= most {
            return Self(all);
        }
        let picked = (0..most).map(|place| all[place * all.len() / most]);
        Self(picked.collect())
    }

    /// The largest one that is not above `samples`: the power there is no more than that of `samples`.
    fn below(&self, samples: u64) -> u64 {
        let place = self.0.partition_point(|size| *size <= samples);
        self.0
            .get(place.saturating_sub(1))
            .copied()
            .unwrap_or(samples)
    }
}

fn at(powers: &mut Powers<'_>, samples: u64, sizes: &Sizes) -> Power {
    let size = sizes.below(samples);
    let found = powers.at(size);
    if size == samples {
        return found;
    }
    Power {
        assumed: format!("{}; power for {size} samples", found.assumed),
        ..found
    }
}

/// What is known of a task. Where all of its samples are meant they were counted when the suite was loaded; they are not
/// read again but for the first.
fn census<'a>(selected: Selected<'a>, nights: &mut Nights) -> Result<CheckedTask<'a>, PlanError> {
    let counted = selected.tally().cloned();
    let delays = nights.delays(selected.samples);
    let most = if counted.is_some() { 1 } else { usize::MAX };
    let (mut tally, mut first) = (Tally::default(), None);
    for rendered in selected.rendered().take(most) {
        let rendered = rendered?;
        tally.add(&rendered.sample, &rendered.messages);
        first.get_or_insert_with(|| shown(&rendered.messages));
    }
    Ok(CheckedTask {
        selected,
        tally: counted.unwrap_or(tally),
        first,
        delays,
    })
}

impl CheckedTask<'_> {
    /// Its calls at one model.
    pub fn calls(&self) -> u64 {
        self.selected.samples * u64::from(self.selected.epochs)
    }

    /// Labels of its samples that `endpoint` may not see.
    pub fn refused_by(&self, endpoint: &Endpoint) -> Vec<Sensitivity> {
        let labels = self.tally.labels.keys().copied();
        labels.filter(|label| !endpoint.may_see(*label)).collect()
    }

    /// Whether more goes along than text.
    fn has_more(&self) -> bool {
        self.tally.images > 0 || !self.selected.task.constraints.is_plain()
    }
}

fn shown(messages: &[Message]) -> String {
    let lines = messages.iter().map(|message| {
        let speaker = match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let images = match message.images.len() {
            0 => String::new(),
            count => format!(" [{count} images]"),
        };
        format!("[{speaker}] {}{images}", message.content)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// About how much a model would be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Tokens of all prompts, by [`BYTES_PER_TOKEN`].
    pub prompt: u64,
    /// Whether more goes along than was counted: pictures, tools, schemas.
    pub is_partial: bool,
    /// Most tokens that can be generated; `None` where nothing limits them.
    pub most: Option<u64>,
    /// What it would cost; `None` where no price is known.
    pub cost: Option<CostRange>,
}

/// About how much probes ask a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProbeTokens {
    /// Tokens of all prompts, by [`BYTES_PER_TOKEN`].
    pub prompt: u64,
    /// Most tokens that can be generated.
    pub most: u64,
}

impl ProbeTokens {
    /// Of one probe.
    pub fn of(probe: &PlannedProbe) -> Self {
        Self {
            prompt: probe.prompt_bytes().div_ceil(BYTES_PER_TOKEN),
            most: probe.most_tokens(),
        }
    }
}

/// From least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostRange {
    /// Where every answer is empty, in US dollars.
    pub least: Usd,
    /// Where every answer is as long as it may be, in US dollars; `None` where nothing limits them.
    pub most: Option<Usd>,
}

impl Check<'_> {
    /// Calls of the tasks at one model.
    pub fn calls(&self) -> u64 {
        self.tasks.iter().map(CheckedTask::calls).sum()
    }

    /// Calls of the probes at one model, at most.
    pub fn probe_calls(&self) -> usize {
        let probes = self.probes.iter();
        probes.map(|probe| probe.all_calls().count()).sum()
    }

    /// The same where every probe that stops early finds a leak clear at its first look.
    pub fn probe_calls_of_clear_leak(&self) -> usize {
        self.probes.iter().map(|probe| probe.calls.len()).sum()
    }

    /// About how much every model would be asked by the probes; what is asked by how an answer came out is left out.
    pub fn probe_tokens(&self) -> ProbeTokens {
        let prompts = self.probes.iter().map(ProbeTokens::of);
        prompts.fold(ProbeTokens::default(), |sum, one| ProbeTokens {
            prompt: sum.prompt + one.prompt,
            most: sum.most + one.most,
        })
    }

    /// About how much `endpoint` would be asked by the tasks.
    pub fn estimate(&self, endpoint: &Endpoint) -> Estimate {
        let prompts = self.tasks.iter().map(|task| {
            task.tally.prompt_bytes.div_ceil(BYTES_PER_TOKEN) * u64::from(task.selected.epochs)
        });
        let prompt: u64 = prompts.sum();
        let limits = self.tasks.iter().map(|task| {
            let limit = task.selected.sampling(endpoint).max_tokens;
            limit.map(|limit| u64::from(limit) * task.calls())
        });
        let most: Option<u64> = limits.sum();
        let cost = endpoint.price.as_ref().map(|price| CostRange {
            least: rounded(price.estimate(prompt, 0)),
            most: most.map(|most| rounded(price.estimate(prompt, most))),
        });
        Estimate {
            prompt,
            is_partial: self.tasks.iter().any(CheckedTask::has_more),
            most,
            cost,
        }
    }
}

/// An estimate needs no more than a hundredth of a cent.
fn rounded(amount: Usd) -> Usd {
    const STEP: i128 = 100_000_000;
    Usd::from_pico((amount.pico() + STEP - 1).div_euclid(STEP) * STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_sizes_are_stood_for_by_smaller_ones_and_few_by_themselves() {
        let few = Sizes::of([30, 10, 20, 10].into_iter(), 3);
        assert_eq!(few.0, [10, 20, 30]);
        let many = Sizes::of(1..=100, 4);
        assert_eq!(many.0, [1, 26, 51, 76]);
        for (samples, expected) in [(1, 1), (25, 1), (26, 26), (100, 76)] {
            assert_eq!(many.below(samples), expected);
        }
    }
}
