//! Has a model become worse over the nights?
//!
//! Method: `cleanbench_stats::drift`, which ranks each night among those before it. Nights are never
//! compared with one frozen baseline over and over, whose luck would be counted again every night. With
//! several tasks the error rate is shared out between them, so that it holds for all together.
//!
//! Invariant: nights are in the order in which their runs were planned, and asked alike: the same model,
//! samples, scorers and effective sampling.
//!
//! It refuses a baseline of fewer than 14 nights, unless the first run has at least 10 epochs.

mod kept;

use cleanbench_core::Reducer;
use cleanbench_stats::drift::{Baseline, FEWEST_EPOCHS, FEWEST_NIGHTS, Night as Point, watch};
use serde::{Deserialize, Serialize};

use crate::compare::{Missing, NotComparable, Options, alike};
use cleanbench_core::SetAside;
use cleanbench_items::{Both, Filling, Identified as _, Item, Policy, Side, Treatment, Who};
use kept::kept;

/// How nights are watched; all of it is on record with the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftOptions {
    /// Nights of the baseline, at least 14.
    pub baseline: usize,
    /// The share of years with a false alarm that is accepted, above 0 and below 1.
    pub alpha: f64,
    /// The difference between nights, in score, that is not to be called a drift.
    pub allowance: f64,
    /// Whether a sample without an answer counts as wrong; otherwise it is left out, and the night is passed
    /// over if most have more.
    pub missing: Missing,
    /// Only these tasks; all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// What becomes of samples that changed, are in quarantine or were not asked; results of earlier versions
    /// do not say, and leave none out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
}

impl DriftOptions {
    /// What becomes of samples, said or not.
    fn policy(&self) -> Policy {
        self.policy.unwrap_or(Policy::OF_EARLIER_GATES)
    }
}

impl Default for DriftOptions {
    fn default() -> Self {
        Self {
            baseline: FEWEST_NIGHTS,
            alpha: 0.05,
            allowance: 0.0,
            missing: Missing::Complete,
            tasks: Vec::new(),
            policy: None,
        }
    }
}

/// What a night was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It is one of the baseline.
    Baseline,
    /// It was ranked among those before it.
    Watched,
    /// It has another number of answers than most, or comes after a year.
    PassedOver,
}

impl Part {
    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Watched => "watched",
            Self::PassedOver => "passed_over",
        }
    }
}

/// A night of a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Night {
    /// The run.
    pub run: String,
    /// When it was planned, UTC.
    pub created: String,
    /// Mean score of its samples; `None` without answers.
    pub score: Option<f64>,
    /// Number of samples that it is from.
    pub n: u64,
    /// What it was for.
    pub part: Part,
    /// The evidence after it, for watched nights: an alarm at 1/α.
    pub e_value: Option<f64>,
}

/// What the watch found in a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The model has become worse.
    Alarm,
    /// No alarm.
    NoAlarm,
    /// The baseline is too short.
    TooShort,
}

impl State {
    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::NoAlarm => "no_alarm",
            Self::TooShort => "baseline_too_short",
        }
    }
}

/// The nights of a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskDrift {
    /// Name of the task.
    pub task: String,
    /// What was found.
    pub state: State,
    /// Why nothing was, where the baseline is too short.
    pub reason: Option<String>,
    /// Position of the night of the alarm.
    pub alarm: Option<usize>,
    /// Whether the baseline is epochs of the first night.
    pub baseline_epochs: Option<usize>,
    /// The evidence that raises an alarm: 1/α of this task.
    pub threshold: f64,
    /// Samples that are left out of every night; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<SetAside>,
    /// The nights, in order.
    pub nights: Vec<Night>,
}

/// The nights of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// Name of the suite.
    pub suite: String,
    /// The model, as it was in the first night.
    pub first: Who,
    /// Accepted share of years with a false alarm in any task.
    pub alpha: f64,
    /// The name of the method.
    pub method: &'static str,
    /// What became of samples that changed, are in quarantine or were not asked; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// One entry a task.
    pub tasks: Vec<TaskDrift>,
}

impl Drift {
    /// The worst that was found: an alarm before a baseline that is too short.
    pub fn state(&self) -> State {
        let states = self.tasks.iter().map(|task| task.state);
        let rank = |state: &State| match state {
            State::Alarm => 0,
            State::TooShort => 1,
            State::NoAlarm => 2,
        };
        states.min_by_key(rank).unwrap_or(State::TooShort)
    }
}

/// Watches a model over `nights`, which must be in order.
///
/// # Errors
/// When the nights were not asked alike, or there are none.
pub fn drift(nights: &[Side<'_>], options: &DriftOptions) -> Result<Drift, NotComparable> {
    let first = *nights.first().ok_or(NotComparable::NothingInCommon)?;
    let mut positions: Vec<Vec<usize>> = Vec::new();
    let compared = Options {
        tasks: options.tasks.clone(),
        policy: options.policy,
        ..Options::default()
    };
    for night in nights {
        let sides = Both {
            base: first,
            candidate: *night,
        };
        let shared = alike(sides, &compared)?;
        if positions.is_empty() {
            positions = vec![Vec::new(); shared.len()];
        }
        for (task, at) in positions.iter_mut().zip(shared) {
            task.push(at.candidate);
        }
    }
    let count = u32::try_from(positions.len()).unwrap_or(u32::MAX).max(1);
    let alpha = options.alpha / f64::from(count);
    let tasks = positions
        .iter()
        .map(|at| task_drift(nights, at, alpha, options));
    Ok(Drift {
        suite: first.table.manifest.plan.suite.name.clone(),
        first: first.who(),
        alpha: options.alpha,
        method: "conformal_ranks",
        policy: options.policy,
        tasks: tasks.collect(),
    })
}

/// Watches one task, which stands at position `at[i]` in night `i`.
fn task_drift(nights: &[Side<'_>], at: &[usize], alpha: f64, options: &DriftOptions) -> TaskDrift {
    let plan = &nights[0].table.manifest.plan.tasks[at[0]];
    let items = nights.iter().zip(at).map(|(night, at)| night.items(*at));
    let kept = kept(&items.collect::<Vec<_>>(), options.policy());
    let points: Vec<_> = kept
        .nights
        .iter()
        .map(|items| point(items, plan.reducer, options))
        .collect();
    let mut drift = TaskDrift {
        task: plan.name.clone(),
        state: State::TooShort,
        reason: None,
        alarm: None,
        baseline_epochs: None,
        threshold: 1.0 / alpha,
        set_aside: options.policy.map(|_| kept.aside),
        nights: points
            .iter()
            .zip(nights)
            .map(|(point, side)| night(side, *point))
            .collect(),
    };
    let epochs = epochs(&kept.nights[0], options.missing);
    let by_epochs = nights.len() <= options.baseline && epochs.len() >= FEWEST_EPOCHS;
    let old = if by_epochs {
        1
    } else {
        options.baseline.min(nights.len())
    };
    let known = |points: &[Option<Point>]| points.iter().copied().flatten().collect::<Vec<_>>();
    let before = if by_epochs {
        epochs
    } else {
        known(&points[..old])
    };
    let baseline = if by_epochs {
        drift.baseline_epochs = Some(before.len());
        Baseline::Epochs(&before)
    } else {
        Baseline::Nights(&before)
    };
    let later: Vec<_> = (old..nights.len())
        .filter(|night| points[*night].is_some())
        .collect();
    match watch(baseline, &known(&points[old..]), alpha, options.allowance) {
        Ok(found) => drift.take(&found, &later),
        Err(reason) => drift.reason = Some(reason.to_string()),
    }
    drift
}

impl TaskDrift {
    /// Takes over what was found; `later` are the positions of the nights that were watched.
    fn take(&mut self, found: &cleanbench_stats::drift::Watch, later: &[usize]) {
        for night in self
            .nights
            .iter_mut()
            .skip(later.first().copied().unwrap_or(usize::MAX))
        {
            night.part = Part::PassedOver;
        }
        for (place, (position, e_value)) in later.iter().zip(&found.path).enumerate() {
            let night = &mut self.nights[*position];
            night.e_value = Some(*e_value);
            if !found.passed_over.contains(&place) {
                night.part = Part::Watched;
            }
        }
        self.alarm = found.alarm.and_then(|place| later.get(place).copied());
        self.state = if self.alarm.is_some() {
            State::Alarm
        } else {
            State::NoAlarm
        };
    }
}

fn night(side: &Side<'_>, point: Option<Point>) -> Night {
    let who = side.who();
    Night {
        run: who.run,
        created: who.created,
        score: point.map(|point| point.score),
        n: point.map_or(0, |point| point.n),
        part: Part::Baseline,
        e_value: None,
    }
}

fn filling(missing: Missing) -> Filling {
    match missing {
        Missing::Complete => Filling::LeftOut,
        // Against a model that is watched for a drop, what is missing speaks as a wrong answer does.
        Missing::ErrorAsWrong | Missing::Bounds => Filling::As(0.0),
    }
}

/// The score of a night.
fn point(items: &[&Item], reducer: Reducer, options: &DriftOptions) -> Option<Point> {
    let filling = filling(options.missing);
    let leaves_out = options.policy().not_asked == Treatment::SetAside;
    let scores: Vec<_> = items
        .iter()
        .filter(|item| item.was_asked() || !leaves_out)
        .filter_map(|item| item.score(reducer, filling))
        .collect();
    of_scores(&scores)
}

fn of_scores(scores: &[f64]) -> Option<Point> {
    let score = cleanbench_stats::mean(scores.iter().copied())?;
    let n = u64::try_from(scores.len()).unwrap_or(u64::MAX);
    Some(Point { score, n })
}

/// The score of each epoch of a night.
fn epochs(items: &[&Item], missing: Missing) -> Vec<Point> {
    let count = items.first().map_or(0, |item| item.trials.len());
    let filled = match filling(missing) {
        Filling::LeftOut => None,
        Filling::As(value) => Some(value),
    };
    let of_epoch = |epoch: usize| {
        let trials = items.iter().filter_map(|item| item.trials.get(epoch));
        let scores: Vec<_> = trials.filter_map(|trial| trial.score.or(filled)).collect();
        of_scores(&scores)
    };
    (0..count).filter_map(of_epoch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cleanbench_items::ItemTable;
    use cleanbench_items::testing::{item, items, table};

    /// Nights of 20 samples of which so many are right.
    fn nights(right: &[usize]) -> Vec<ItemTable> {
        let night = |right: &usize| {
            let pattern = format!("{}{}", "1".repeat(*right), "0".repeat(20 - right));
            table(&[items(&pattern)])
        };
        right.iter().map(night).collect()
    }

    fn watched(tables: &[ItemTable]) -> TaskDrift {
        let sides: Vec<_> = tables
            .iter()
            .map(|table| Side { table, model: 0 })
            .collect();
        let mut found = drift(&sides, &DriftOptions::default()).unwrap();
        found.tasks.remove(0)
    }

    #[test]
    fn a_lasting_drop_raises_an_alarm_and_steady_nights_do_not() {
        let steady: Vec<usize> = (0..40).map(|night| 17 + (night * 7) % 3).collect();
        let found = watched(&nights(&steady));
        assert_eq!((found.state, found.alarm), (State::NoAlarm, None));
        let parts = |part| {
            found
                .nights
                .iter()
                .filter(|night| night.part == part)
                .count()
        };
        assert_eq!((parts(Part::Baseline), parts(Part::Watched)), (14, 26));
        let mut dropped = steady;
        dropped[20..].iter_mut().for_each(|right| *right -= 12);
        let found = watched(&nights(&dropped));
        assert_eq!(found.state, State::Alarm);
        assert!(
            (21..40).contains(&found.alarm.unwrap()),
            "{:?}",
            found.alarm
        );
    }

    #[test]
    fn a_short_baseline_says_so_unless_it_has_epochs() {
        let found = watched(&nights(&[18; 10]));
        assert_eq!(found.state, State::TooShort);
        assert!(
            found
                .reason
                .as_ref()
                .is_some_and(|text| text.contains("10 of 14"))
        );
        let epochs: Vec<_> = (0..5)
            .map(|sample| item(&format!("s{sample}"), &[Some(1.0); 10]))
            .collect();
        let first = table(&[epochs]);
        let found = watched(&[first.clone(), first]);
        assert_eq!(
            (found.state, found.baseline_epochs),
            (State::NoAlarm, Some(10))
        );
    }

    #[test]
    fn a_night_without_all_answers_is_passed_over() {
        let mut tables = nights(&[18; 20]);
        tables[16] = table(&[items(&format!("-{}", "1".repeat(19)))]);
        let found = watched(&tables);
        assert_eq!(found.nights[16].part, Part::PassedOver);
        assert_eq!(found.nights[16].n, 19);
        assert_eq!(found.nights[17].part, Part::Watched);
    }
}
