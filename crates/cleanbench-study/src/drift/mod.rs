//! Has a model become worse over the nights?
//!
//! Method: `cleanbench_stats::drift`, which ranks each night among those before it. Nights are never
//! compared with one frozen baseline over and over, whose luck would be counted again every night. With
//! several tasks the error rate is shared out between them, so that it holds for all together.
//!
//! A night of which answers are missing is watched like any other: for an alarm with what is missing at its best for
//! the model, and once more with all of it as wrong, which tells a lack of answers from a lack of evidence. What
//! silence is worth, [`State`] says.
//!
//! Invariant: nights are in the order in which their runs were planned, and asked alike: the same model,
//! samples, scorers and effective sampling. Neither a missing answer nor a night that is passed over is good news.
//!
//! It refuses a baseline of fewer than 14 nights, unless the first run has at least 10 epochs.

mod judged;
mod kept;
mod nights;

use cleanbench_stats::drift::{
    Delay, FEWEST_EPOCHS, FEWEST_NIGHTS, Night as Point, Stakes, Terms, WITHIN, Watch,
};
use serde::{Deserialize, Serialize};

use crate::compare::{Missing, NotComparable, Options, alike};
use cleanbench_core::SetAside;
use cleanbench_items::{Both, Policy, Rules, Side, Who};
use judged::{Series, Watching};
use kept::kept;
use nights::{Measure, Measured, Samples, usual};

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
    /// How answers that are missing count: as wrong, or ([`Missing::Bounds`]) at their best for an alarm and as
    /// wrong for an all-clear. [`Missing::Complete`] is the same now; in results by earlier rules a sample without
    /// an answer is left out, and a night is passed over if most have more.
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
            missing: Missing::Bounds,
            tasks: Vec::new(),
            policy: Some(Policy::default()),
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
    /// It is of other samples than most of the baseline, or comes after a year.
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
    /// The evidence after it, for nights after the baseline: an alarm at 1/α.
    pub e_value: Option<f64>,
    /// What earlier versions do not say.
    #[serde(flatten)]
    pub gaps: Option<Gaps>,
}

/// What is missing of a night, and what that may make of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gaps {
    /// Share of its answers that are missing.
    pub missing: f64,
    /// Its mean score if these were wrong; `None` where no sample was asked.
    pub lowest: Option<f64>,
    /// And if they were right.
    pub highest: Option<f64>,
    /// The evidence after it if the missing answers of all nights were wrong.
    pub e_value_if_wrong: Option<f64>,
}

/// What the watch found in a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The model has become worse, whatever the missing answers would have been.
    Alarm,
    /// No alarm; by the present rules only where a fall to nothing would have been found, up to the newest night.
    NoAlarm,
    /// The baseline is too short.
    TooShort,
    /// There would be an alarm if missing answers were wrong.
    Availability,
    /// A fall to nothing would not have been found: too few nights were watched, the newest one was not, or too much
    /// of them is missing.
    NotWatched,
}

impl State {
    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::NoAlarm => "no_alarm",
            Self::TooShort => "baseline_too_short",
            Self::Availability => "availability",
            Self::NotWatched => "not_watched",
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
    /// Why there is neither alarm nor all-clear, where that is so.
    pub reason: Option<String>,
    /// Position of the night of the alarm.
    pub alarm: Option<usize>,
    /// Whether the baseline is epochs of the first night.
    pub baseline_epochs: Option<usize>,
    /// The evidence that raises an alarm: 1/α of this task.
    pub threshold: f64,
    /// After how many nights a drop that begins right after the baseline is found; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delays: Option<Vec<Found>>,
    /// Samples that are left out of every night; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<SetAside>,
    /// The nights, in order.
    pub nights: Vec<Night>,
}

/// After how many nights a drop is found, in the median.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Found {
    /// The drop, in score.
    pub drop: f64,
    /// Nights from its beginning to the alarm; `None` where there are more than `within`.
    pub nights: Option<usize>,
    /// Nights within which it was looked for.
    pub within: usize,
}

impl From<Delay> for Found {
    fn from(delay: Delay) -> Self {
        Self {
            drop: delay.drop,
            nights: delay.nights,
            within: WITHIN,
        }
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let delay = Delay {
            drop: self.drop,
            nights: self.nights,
        };
        delay.fmt(f)
    }
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
    /// The worst that was found: an alarm before whatever is neither alarm nor all-clear.
    pub fn state(&self) -> State {
        let states = self.tasks.iter().map(|task| task.state);
        let rank = |state: &State| match state {
            State::Alarm => 0,
            State::Availability => 1,
            State::TooShort => 2,
            State::NotWatched => 3,
            State::NoAlarm => 4,
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
    let measure = Measure::of(plan.reducer, options);
    let measured: Vec<_> = kept
        .nights
        .iter()
        .map(|items| measure.night(items))
        .collect();
    let mut drift = TaskDrift {
        task: plan.name.clone(),
        state: State::TooShort,
        reason: None,
        alarm: None,
        baseline_epochs: None,
        threshold: 1.0 / alpha,
        delays: None,
        set_aside: options.policy.map(|_| kept.aside),
        nights: measured
            .iter()
            .zip(nights)
            .map(|(measured, side)| night(side, measured))
            .collect(),
    };
    let epochs = measure.epochs(&kept.nights[0]);
    // By the present rules the epochs stay what is compared with: nights that were watched are no baseline afterwards.
    let may_be = nights.len() <= options.baseline || measure.rules == Rules::Now;
    let by_epochs = may_be && epochs.len() >= FEWEST_EPOCHS;
    let old = if by_epochs {
        1
    } else {
        options.baseline.min(nights.len())
    };
    let before = if by_epochs {
        drift.baseline_epochs = Some(epochs.len());
        &epochs
    } else {
        &measured[..old]
    };
    let usual = usual(before);
    let watching = Watching {
        baseline: points(before, usual),
        by_epochs,
        terms: terms(alpha, options),
    };
    let series = Series {
        nights: &measured,
        old,
        usual,
    };
    drift.watch(&watching, &series, measure.rules);
    drift
}

/// How the nights of a task are watched.
fn terms(alpha: f64, options: &DriftOptions) -> Terms {
    Terms {
        alpha,
        allowance: options.allowance,
        stakes: match options.policy().rules {
            Rules::Earlier => Stakes::Even,
            Rules::Now => Stakes::EarlyToo,
        },
    }
}

/// What there is to rank of nights with these samples.
fn points(nights: &[Measured], usual: Option<Samples>) -> Vec<Point> {
    let usual = nights.iter().filter(|night| Some(night.samples) == usual);
    usual.filter_map(|night| night.point).collect()
}

impl TaskDrift {
    /// Watches the later nights of `series`, and says what was found.
    fn watch(&mut self, watching: &Watching, series: &Series<'_>, rules: Rules) {
        let ranked = series.ranked();
        let later: Vec<_> = ranked
            .iter()
            .filter_map(|position| series.nights[*position].point)
            .collect();
        let found = match watching.watch(&later) {
            Ok(found) => found,
            Err(reason) => return self.reason = Some(reason.to_string()),
        };
        self.take(&found, series, rules);
        self.alarm = found.alarm.map(|place| ranked[place]);
        self.state = match self.alarm {
            Some(_) => State::Alarm,
            None => State::NoAlarm,
        };
        if rules == Rules::Now {
            self.judge(watching, series, &later[..found.ranked]);
        }
    }

    /// Takes over the evidence after each night. Where one is passed over it stands still.
    fn take(&mut self, found: &Watch, series: &Series<'_>, rules: Rules) {
        let ranked = series.ranked();
        let later = self.nights.iter_mut().enumerate().skip(series.old);
        let mut known = rules == Rules::Now;
        let mut e_value = 1.0;
        for (position, night) in later {
            let has_point = series.nights[position].point.is_some();
            // By earlier rules nights before the first with a score were never told from the baseline.
            known |= has_point;
            if known {
                night.part = Part::PassedOver;
            }
            if let Ok(place) = ranked.binary_search(&position) {
                e_value = found.path[place];
                if place < found.ranked {
                    night.part = Part::Watched;
                }
            }
            night.e_value = has_point.then_some(e_value);
        }
    }
}
fn night(side: &Side<'_>, measured: &Measured) -> Night {
    let who = side.who();
    Night {
        run: who.run,
        created: who.created,
        score: measured.score,
        n: measured.n,
        part: Part::Baseline,
        e_value: None,
        gaps: measured.missing.map(|missing| Gaps {
            missing,
            lowest: measured.point.map(|point| point.low),
            highest: measured.point.map(|point| point.high),
            e_value_if_wrong: None,
        }),
    }
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
        watched_as(tables, &DriftOptions::default())
    }

    fn watched_as(tables: &[ItemTable], options: &DriftOptions) -> TaskDrift {
        let sides: Vec<_> = tables
            .iter()
            .map(|table| Side { table, model: 0 })
            .collect();
        let mut found = drift(&sides, options).unwrap();
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
        let nights = vec![table(&[epochs]); 6];
        let found = watched(&nights);
        assert_eq!(
            (found.state, found.baseline_epochs),
            (State::NoAlarm, Some(10))
        );
        assert_eq!(watched(&nights[..3]).state, State::NotWatched);
    }

    #[track_caller]
    fn says(found: &TaskDrift, state: State, words: &str) {
        let reason = found.reason.clone().unwrap_or_default();
        assert_eq!(found.state, state, "{reason}");
        assert!(reason.contains(words), "{reason}");
    }

    #[test]
    fn a_night_is_watched_without_all_answers_and_passed_over_with_other_samples() {
        let mut tables = nights(&[18; 20]);
        tables[16] = table(&[items(&format!("-{}00", "1".repeat(17)))]);
        tables[17] = table(&[items(&"1".repeat(19))]);
        tables[3] = tables[17].clone();
        tables.insert(3, tables[2].clone());
        let options = DriftOptions {
            baseline: 15,
            ..DriftOptions::default()
        };
        let found = watched_as(&tables, &options);
        let parts = [3, 4, 17, 18, 19].map(|night: usize| found.nights[night].part);
        let words = parts.map(Part::as_str);
        let expected = [
            "baseline",
            "passed_over",
            "watched",
            "passed_over",
            "watched",
        ];
        assert_eq!(words, expected);
        let gap = &found.nights[17];
        let gaps = gap.gaps.unwrap();
        assert_eq!((gap.n, gaps.missing), (19, 0.05));
        assert_eq!((gaps.lowest, gaps.highest), (Some(0.85), Some(0.9)));
        assert_eq!(found.state, State::NoAlarm);
        assert_eq!(found.nights[18].e_value, found.nights[17].e_value);
        says(
            &watched_as(&tables[..19], &options),
            State::NotWatched,
            "newest night was passed over",
        );
    }

    /// Fourteen nights at nine of ten, then nights of this pattern: state and words.
    #[test]
    fn silence_is_no_good_news() {
        let after = |patterns: &[&str]| {
            let mut tables = nights(&[18; 14]);
            tables.extend(patterns.iter().map(|pattern| table(&[items(pattern)])));
            watched(&tables)
        };
        let good = "11111111111111111100";
        let fallen = "-0000000000000000000";
        let lost = "--------------------";
        let half = "1111111111----------";
        assert_eq!(after(&[fallen; 4]).state, State::Alarm);
        says(
            &after(&[]),
            State::NotWatched,
            "no night after the baseline",
        );
        says(&after(&[good]), State::NotWatched, "last 1 nights");
        says(&after(&[fallen]), State::NotWatched, "last 1 nights");
        says(
            &after(&[lost; 6]),
            State::Availability,
            "missing answers as wrong",
        );
        says(
            &after(&[half; 6]),
            State::Availability,
            "missing answers as wrong",
        );
        assert_eq!(after(&[good; 6]).state, State::NoAlarm);
        says(
            &after(&[good, good, good, good, lost]),
            State::NotWatched,
            "no evidence",
        );
        says(
            &after(&[good, good, good, good, "1"]),
            State::NotWatched,
            "not those of the baseline",
        );
        let mut passed = vec!["1"; 20];
        passed.splice(..0, [good; 20]);
        passed.push(good);
        says(
            &after(&passed),
            State::NotWatched,
            "13 more being passed over",
        );
        let as_wrong = DriftOptions {
            missing: Missing::ErrorAsWrong,
            ..DriftOptions::default()
        };
        let mut tables = nights(&[18; 14]);
        tables.extend(vec![table(&[items(half)]); 6]);
        assert_eq!(watched_as(&tables, &as_wrong).state, State::Alarm);
        // An outage in the baseline allows for none later.
        let mut tables = nights(&[18; 14]);
        tables[5] = table(&[items(lost)]);
        tables.extend(vec![table(&[items("111111111111111-----")]); 8]);
        says(
            &watched(&tables),
            State::Availability,
            "missing answers as wrong",
        );
        // Whoever never scores cannot fall.
        says(&watched(&nights(&[0; 30])), State::NotWatched, "no alarm");
        let drops = after(&[good; 6]).delays.unwrap();
        let told: Vec<_> = drops.iter().map(ToString::to_string).collect();
        assert_eq!(
            told.join(", "),
            "5 points after 3 nights, 10 points after 3 nights, 20 points after 3 nights"
        );
    }
}
