//! Gates that are looked at while a run goes on, and end a task once they decide.
//!
//! Method: a test by betting (Waudby-Smith and Ramdas 2024) over the samples in their seeded order, whose error
//! rate holds however often one looks, and a confidence sequence in place of an interval. Missing answers are
//! taken as everywhere: against a pass and against a failure. Samples in quarantine are asked in their turn and
//! decide nothing.
//!
//! Invariant: [`rules`], by which the engine stops, and [`judge`], by which the gate is judged afterwards,
//! are the same function of the same prefix.

use std::collections::HashSet;
use std::sync::Arc;

use cleanbench_core::gate::{StoppedEarly, amount, p_value as shown_p};
use cleanbench_core::{Coverage, Gate, GateResult, GateTest, GateVerdict};
use cleanbench_items::{ModelTask, Span, Standing, quarantine};
use cleanbench_ledger::{Manifest, Plan, RunDirectory, SampleRows, Turns};
use cleanbench_stats::Confidence;
use cleanbench_stats::sequential::{ConfidenceSequence, MeanAbove};

use super::baseline::Before;
use super::family::family_of;
use super::result::{between, count_aside, is_too_small, least_coverage, left_out, need_coverage};
use crate::ReportError;

/// Fewest samples between two looks.
const SMALLEST_BATCH: u64 = 20;
/// Looks at a task at most.
const LOOKS: u64 = 20;

/// Whether the scores of the first samples of a task, in its order, decide.
pub type Decides = Arc<dyn Fn(&[Option<f64>]) -> bool + Send + Sync>;

/// When a task may end early for one model, as the engine takes it.
#[derive(Clone)]
pub struct EarlyRule {
    /// Position of the model.
    pub model: u32,
    /// Position of the task.
    pub task: usize,
    /// Samples between two looks.
    pub batch: usize,
    /// The rule.
    pub decides: Decides,
}

/// The rules of a run that is planned in `run`: one for each model and task with gates that stop early, as
/// long as all of them can be judged.
///
/// # Errors
/// When the samples or the copy of the baseline are damaged.
pub fn rules(run: &RunDirectory, manifest: &Manifest) -> Result<Vec<EarlyRule>, ReportError> {
    let plan = &manifest.plan;
    let stops = plan.gates.iter().any(|gate| gate.early_stop);
    if !stops || manifest.shard.is_some() {
        return Ok(Vec::new());
    }
    let before = Before::open(run, plan)?;
    let turns = Turns::open(run, plan)?;
    let aside = set_aside(run, plan, &turns)?;
    let mut rules = Vec::new();
    for (model, _) in plan.subjects() {
        let number = u32::try_from(model).unwrap_or(u32::MAX);
        for (task, planned) in plan.tasks.iter().enumerate() {
            let gates = plan.gates.iter();
            let gates = gates.filter(|gate| gate.early_stop && gate.tasks.contains(&planned.name));
            let looks: Option<Vec<_>> = gates
                .map(|gate| {
                    let look = Look::new(
                        plan,
                        before.as_ref(),
                        gate,
                        ModelTask { model, task },
                        turns.order(task),
                    )
                    .ok()?;
                    let aside = aside[task].clone();
                    Some(Look { aside, ..look })
                })
                .collect();
            let Some(looks) = looks.filter(|looks| !looks.is_empty() && planned.probe.is_none())
            else {
                continue;
            };
            rules.push(EarlyRule {
                model: number,
                task,
                batch: batch(planned.samples),
                decides: Arc::new(move |scores| looks.iter().all(|look| look.decides(scores))),
            });
        }
    }
    Ok(rules)
}

/// For each task, which of its samples are in quarantine, in the order in which they are asked; nothing where
/// none is.
fn set_aside(
    run: &RunDirectory,
    plan: &Plan,
    turns: &Turns,
) -> Result<Vec<Vec<bool>>, ReportError> {
    let names = quarantine(plan);
    let mut lines = vec![Vec::new(); plan.tasks.len()];
    if plan.tables < 3 || names.iter().all(HashSet::is_empty) {
        return Ok(lines);
    }
    for row in SampleRows::open(run)? {
        let row = row?;
        let task = row.task as usize;
        if let (Some(names), Some(lines)) = (names.get(task), lines.get_mut(task)) {
            lines.push(names.contains(&row.id));
        }
    }
    let in_order = lines.iter().enumerate().map(|(task, lines)| {
        let is_aside = |offset: &u32| lines.get(*offset as usize).copied().unwrap_or_default();
        turns.order(task).iter().map(is_aside).collect()
    });
    Ok(in_order.collect())
}

fn batch(samples: u64) -> usize {
    let size = samples.div_ceil(LOOKS).max(SMALLEST_BATCH);
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// A gate with what it needs to be looked at.
struct Look {
    gate: Gate,
    /// Error rate of each side of the decision.
    level: f64,
    base: Option<Opposite>,
    /// Which samples are in quarantine, in the same order; the others where it ends.
    aside: Vec<bool>,
}

/// For a comparison what the baseline knows.
struct Opposite {
    /// Of the samples, in the order of the task.
    standings: Vec<Standing>,
    /// Samples that it alone has.
    alone: u64,
    /// Whether a gate of its own may have ended the task.
    may_have_ended: bool,
    /// The share of the samples that must be in a pair for a pass; by earlier rules none had to.
    least: f64,
}

impl Opposite {
    /// Whether the sample at `position`, which is in no pair, counts against the share that is.
    fn misses(&self, position: usize) -> bool {
        match self.standings.get(position) {
            Some(Standing::Aside(why)) => !why.is_excused(self.may_have_ended),
            _ => true,
        }
    }
}

/// Numbers in the order of a task, with missing ones taken for the worst and for the best.
#[derive(Default)]
struct Series {
    known: Vec<f64>,
    /// Samples that were asked and count against the share that is in a pair.
    missed: u64,
    worst: Vec<f64>,
    best: Vec<f64>,
}

impl Look {
    fn new(
        plan: &Plan,
        before: Option<&Before>,
        gate: &Gate,
        at: ModelTask,
        order: &[u32],
    ) -> Result<Self, String> {
        let (family, base) = if gate.test.is_paired() {
            let before = before.ok_or("there is no baseline; name one with `--baseline RUN`")?;
            let facing = before.facing(plan, at, gate.mode)?;
            facing.check()?;
            let standing = |offset: &u32| before.standing(&facing, *offset as usize);
            let in_order = order.iter().map(standing);
            let opposite = Opposite {
                standings: in_order.collect(),
                alone: facing.base_alone(),
                may_have_ended: facing.may_have_ended(),
                least: least_coverage(plan, gate),
            };
            (family_of(plan, gate.tier), Some(opposite))
        } else {
            (1, None)
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "a family has a handful of members"
        )]
        let level = gate.alpha / family as f64;
        Ok(Self {
            gate: gate.clone(),
            level,
            base,
            aside: Vec::new(),
        })
    }

    /// Whether the gate passes or fails with these scores.
    fn decides(&self, scores: &[Option<f64>]) -> bool {
        let series = self.series(scores);
        let enough = series.worst.len() as u64 >= self.gate.min_items;
        let (shown, refuted) = self.p_values(&series);
        let passes = shown <= self.level && self.covers(&series);
        enough && (passes || refuted <= self.level)
    }

    /// Whether enough of the samples so far are in a pair.
    fn covers(&self, series: &Series) -> bool {
        let coverage = self.coverage(series);
        self.base
            .as_ref()
            .is_none_or(|base| coverage.is_enough(base.least))
    }

    fn coverage(&self, series: &Series) -> Coverage {
        let pairs = series.worst.len() as u64;
        let alone = self.base.as_ref().map_or(0, |base| base.alone);
        Coverage {
            pairs,
            of: pairs + series.missed + alone,
        }
    }

    fn series(&self, scores: &[Option<f64>]) -> Series {
        let mut series = Series::default();
        for (position, new) in scores.iter().enumerate() {
            if self.aside.get(position) == Some(&true) {
                continue;
            }
            let Some(opposite) = &self.base else {
                series.known.extend(*new);
                series.worst.push(new.unwrap_or(0.0));
                series.best.push(new.unwrap_or(1.0));
                continue;
            };
            let base = opposite.standings.get(position);
            let Some(base) = base.and_then(|base| base.span()) else {
                series.missed += u64::from(opposite.misses(position));
                continue;
            };
            series
                .known
                .extend(new.zip(base.seen()).map(|(new, base)| new - base));
            series.worst.push(new.unwrap_or(0.0) - base.high());
            series.best.push(new.unwrap_or(1.0) - base.low());
        }
        series
    }

    /// The bound that the mean must be above, and the range of the values.
    fn bound(&self) -> (f64, (f64, f64)) {
        match self.gate.test {
            GateTest::Floor { min } => (min, (0.0, 1.0)),
            GateTest::NonInferiority { margin, .. } => (-margin, (-1.0, 1.0)),
            _ => (0.0, (-1.0, 1.0)),
        }
    }

    /// P-values, valid at every time, that the mean is above the bound at worst and below it at best.
    fn p_values(&self, series: &Series) -> (f64, f64) {
        let (bound, (low, high)) = self.bound();
        let test = |values: &mut dyn Iterator<Item = f64>, bound, low, high| {
            let Some(mut test) = MeanAbove::new(bound, low, high, self.level) else {
                return 1.0;
            };
            for value in values {
                test.add(value);
            }
            test.p_value()
        };
        let shown = test(&mut series.worst.iter().copied(), bound, low, high);
        let mirrored = &mut series.best.iter().map(|value| -value);
        (shown, test(mirrored, -bound, -high, -low))
    }

    fn interval(&self, series: &Series) -> Option<(f64, f64)> {
        let (_, (low, high)) = self.bound();
        let confidence = Confidence::one_sided(self.gate.alpha)?;
        let ends = |values: &[f64]| {
            let mut sequence = ConfidenceSequence::new(low, high, confidence)?;
            for value in values {
                sequence.add(*value);
            }
            Some(sequence.interval())
        };
        Some((ends(&series.worst)?.low, ends(&series.best)?.high))
    }
}

/// The turn of each sample of a task that is asked in this `order`, by its distance from the task's first line, where
/// the task may end early and its tables say so.
pub(crate) fn turns(plan: &Plan, task: usize, order: &[u32]) -> Option<Vec<u32>> {
    if plan.tables < 3 || !plan.may_end_early(&plan.tasks[task]) {
        return None;
    }
    let mut turns = vec![0; order.len()];
    for (turn, offset) in (0..).zip(order) {
        turns[*offset as usize] = turn;
    }
    Some(turns)
}

/// Judges a gate that stops early. `scores` are those of all samples of the task by their distance from its
/// first line, and `order` is that in which they were asked.
pub(crate) fn judge(
    result: &mut GateResult,
    plan: &Plan,
    before: Option<&Before>,
    at: ModelTask,
    order: &[u32],
    scores: &[Standing],
) {
    if let (Some(before), true) = (before, result.gate.test.is_paired())
        && let Ok(facing) = before.facing(plan, at, result.gate.mode)
    {
        let was_asked = |offset: usize| scores.get(offset) != Some(&Standing::Absent);
        count_aside(plan, &facing, result, was_asked);
    }
    let mut look = match Look::new(plan, before, &result.gate, at, order) {
        Ok(look) => look,
        Err(reason) => {
            result.verdict = GateVerdict::NotEvaluated;
            result.message = reason;
            return;
        }
    };
    let in_order: Vec<_> = order
        .iter()
        .map(|offset| {
            scores
                .get(*offset as usize)
                .copied()
                .unwrap_or(Standing::Absent)
        })
        .collect();
    look.aside = in_order
        .iter()
        .map(|known| matches!(known, Standing::Aside(_)))
        .collect();
    let was_asked = |known: &&Standing| **known != Standing::Absent;
    let asked = in_order.iter().take_while(was_asked);
    let asked: Vec<_> = asked
        .map(|known| known.span().and_then(Span::seen))
        .collect();
    let skipped = in_order.len() - asked.len();
    let series = look.series(&asked);
    result.n = series.worst.len() as u64;
    result.estimate = cleanbench_stats::mean(series.known.iter().copied());
    if let Some((low, high)) = look.interval(&series) {
        (result.low, result.high) = (Some(low), Some(high));
    }
    let left_out = left_out(result, 0);
    result.method = format!("betting, valid whenever one looks{left_out}");
    if skipped > 0 {
        result.stopped_early = Some(StoppedEarly {
            samples: asked.len() as u64,
            planned: in_order.len() as u64,
        });
    }
    if in_order[asked.len()..]
        .iter()
        .any(|known| was_asked(&known))
    {
        "samples were skipped before others that were asked".clone_into(&mut result.message);
        return;
    }
    decide(result, &look, &series);
}

fn decide(result: &mut GateResult, look: &Look, series: &Series) {
    let (shown, refuted) = look.p_values(series);
    if look.base.is_some() {
        result.p = Some(shown);
        result.adjusted_p = Some((shown * result.gate.alpha / look.level).min(1.0));
    }
    if look.base.as_ref().is_some_and(|base| base.least > 0.0) {
        result.coverage = Some(look.coverage(series));
    }
    if is_too_small(result) {
        return;
    }
    let range = between(result);
    let limit = amount(result.gate.metric, look.bound().0);
    let saved = result
        .stopped_early
        .map_or_else(String::new, |early| format!("; {}", saving(early)));
    let p = |value| shown_p(value);
    (result.verdict, result.message) = if shown <= look.level {
        let message = format!("{range}: above {limit} is shown (p {}){saved}", p(shown));
        (GateVerdict::Pass, message)
    } else if refuted <= look.level {
        let message = format!("{range}: below {limit} is shown (p {}){saved}", p(refuted));
        (GateVerdict::Fail, message)
    } else {
        let message = format!("{range}: it may be on either side of {limit}{saved}");
        (GateVerdict::Inconclusive, message)
    };
    need_coverage(result);
}

/// How much was saved, for people.
pub fn saving(early: StoppedEarly) -> String {
    let saved = (early.planned - early.samples) * 100 / early.planned.max(1);
    format!(
        "stopped after {} of {} samples: {saved} % saved",
        early.samples, early.planned
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use cleanbench_core::gate::{Metric, Tier, USUAL_COVERAGE};
    use cleanbench_core::{GateMode, OnInconclusive};
    use cleanbench_items::{Rules, Tally};

    fn look(test: GateTest, base: Option<Vec<Standing>>) -> Look {
        Look {
            gate: Gate {
                tasks: Vec::new(),
                metric: Metric::Accuracy,
                test,
                alpha: 0.05,
                min_items: 0,
                mode: GateMode::Regression,
                on_inconclusive: OnInconclusive::Inconclusive,
                early_stop: true,
                tier: Tier::Critical,
                min_coverage: USUAL_COVERAGE,
            },
            level: 0.05,
            base: base.map(|standings| Opposite {
                standings,
                alone: 0,
                may_have_ended: false,
                least: USUAL_COVERAGE,
            }),
            aside: Vec::new(),
        }
    }

    /// The true rate is the floor itself, and it is looked at after every 20 of 400: a pass is wrong in at
    /// most α of all runs (four standard errors of a share of .05 in 500 are .039).
    #[test]
    fn looking_often_makes_no_more_wrong_passes() {
        let mut random = cleanbench_stats::random::Random::new(7);
        let look = look(GateTest::Floor { min: 0.7 }, None);
        let mut wrong = 0;
        for _ in 0..500 {
            let scores: Vec<_> = (0..400)
                .map(|_| Some(f64::from(u8::from(random.unit() < 0.7))))
                .collect();
            let passes = (20..=400).step_by(20).any(|n| {
                let (shown, _) = look.p_values(&look.series(&scores[..n]));
                shown <= 0.05
            });
            wrong += u32::from(passes);
        }
        assert!(wrong <= 44, "{wrong} of 500");
    }

    /// The interval of a task that ends once a floor below its true rate is shown: 95 % must hold wherever it
    /// ends (four standard errors of a share of .05 in 400 are .044). That of a fixed number of samples does not:
    /// it ends where the scores happen to be high.
    #[test]
    fn the_interval_of_a_task_that_ended_early_holds() {
        const TRUE_RATE: f64 = 0.55;
        let look = look(GateTest::Floor { min: 0.5 }, None);
        let mut random = cleanbench_stats::random::Random::new(11);
        let (mut missed, mut missed_by_wilson) = (0, 0);
        for _ in 0..400 {
            let scores: Vec<_> = (0..400)
                .map(|_| Some(f64::from(u8::from(random.unit() < TRUE_RATE))))
                .collect();
            let mut looks = (20..=400).step_by(20);
            let asked = looks.find(|n| look.decides(&scores[..*n])).unwrap_or(400);
            let mut tally = Tally::default();
            let mut fixed = tally.clone();
            for (turn, score) in (0..).zip(scores[..asked].iter().flatten()) {
                tally.add_in_turn(*score, turn);
                fixed.add(*score, None);
            }
            let misses = |tally: Tally| {
                let interval = tally.estimate(1, Rules::Now).interval.unwrap();
                u32::from(!(interval.low..=interval.high).contains(&TRUE_RATE))
            };
            missed += misses(tally);
            missed_by_wilson += misses(fixed);
        }
        assert!(missed <= 37, "{missed} of 400");
        assert!(missed_by_wilson > 37, "{missed_by_wilson} of 400");
    }

    #[test]
    fn samples_in_quarantine_decide_nothing_and_count_for_nothing() {
        let mut floor = look(GateTest::Floor { min: 0.5 }, None);
        floor.gate.min_items = 40;
        let scores = [[Some(0.0); 40], [Some(1.0); 40]].concat();
        let sides = |look: &Look| {
            let (shown, refuted) = look.p_values(&look.series(&scores));
            (shown <= 0.05, refuted <= 0.05)
        };
        assert_eq!(sides(&floor), (false, true), "forty wrong ones came first");
        floor.aside = vec![true; 40];
        assert_eq!(sides(&floor), (true, false), "forty right ones are left");
        assert!(floor.decides(&scores));
        assert!(!floor.decides(&scores[..79]), "fewer than `min_items`");
        let paired = look(
            GateTest::Superiority,
            Some(vec![Standing::Asked(Span::whole(0.0)); 80]),
        );
        let aside = [[true; 40], [false; 40]].concat();
        let series = Look { aside, ..paired }.series(&scores);
        assert_eq!(series.known, [1.0; 40], "each against its own partner");
    }

    #[test]
    fn missing_answers_and_samples_without_a_partner_decide_nothing() {
        let floor = look(GateTest::Floor { min: 0.5 }, None);
        assert!(floor.decides(&[Some(1.0); 40]) && floor.decides(&[Some(0.0); 40]));
        assert!(!floor.decides(&[None; 40]) && !floor.decides(&[]));
        let base = [
            [Standing::Asked(Span::whole(0.0)); 40],
            [Standing::Absent; 40],
        ]
        .concat();
        let better = look(GateTest::Superiority, Some(base));
        assert!(better.decides(&[Some(1.0); 40]));
        let series = better.series(&[Some(1.0); 80]);
        assert_eq!(
            series.worst.len(),
            40,
            "those without a partner are left out"
        );
        let alone = look(GateTest::Superiority, Some(vec![Standing::Absent; 40]));
        assert!(!alone.decides(&[Some(1.0); 40]));
    }
}
