//! What a watch without an alarm is worth: silence is no good news.
//!
//! "No alarm" is said only where a fall to nothing would have been found. It is not said, but
//!
//! - `availability`, where the evidence after the newest night reaches an alarm once missing answers count as wrong
//!   in all nights: the model is worse, or its answers did not arrive. With as many nights of answers as it takes for
//!   that evidence to go down, the state ends by itself;
//! - `not_watched`, where the newest night was passed over (no later night, other samples than the baseline's, after
//!   a year), or would not have raised the evidence had all of its answers been wrong; or where no alarm would
//!   have come had all answers of the newest [`RECENT`] nights been wrong: there are too few of them, too many were
//!   passed over or are without answers, or the model's score is as good as nothing.
//!
//! Invariant: all three are asked of the same watch, with nights that are changed.

use cleanbench_stats::drift::{
    Baseline, Delay, Expected, FEWEST_NIGHTS, Night as Point, NotWatched, Terms, Watch, YEAR,
    delays, watch,
};

use super::nights::{Measured, Samples};
use super::{Part, State, TaskDrift};

/// The newest nights in which a fall to nothing must have been found for "no alarm".
const RECENT: usize = FEWEST_NIGHTS;

/// A baseline, and how nights are watched after it.
#[derive(Debug, Clone)]
pub(super) struct Watching {
    pub(super) baseline: Vec<Point>,
    pub(super) by_epochs: bool,
    pub(super) terms: Terms,
}

impl Watching {
    fn baseline(&self) -> Baseline<'_> {
        if self.by_epochs {
            Baseline::Epochs(&self.baseline)
        } else {
            Baseline::Nights(&self.baseline)
        }
    }

    pub(super) fn watch(&self, later: &[Point]) -> Result<Watch, NotWatched> {
        watch(self.baseline(), later, self.terms)
    }

    /// The same, and these nights, with all that is missing as wrong.
    fn watch_at_least(&self, later: &[Point]) -> Result<Watch, NotWatched> {
        let at_least = |nights: &[Point]| nights.iter().map(|night| night.at_least()).collect();
        let (baseline, later): (Vec<_>, Vec<_>) = (at_least(&self.baseline), at_least(later));
        let baseline = Self {
            baseline,
            ..self.clone()
        };
        baseline.watch(&later)
    }

    /// Whether an alarm is raised.
    fn finds(&self, later: &[Point]) -> bool {
        self.watch(later).is_ok_and(|found| found.alarm.is_some())
    }

    /// The evidence after the last night.
    fn evidence(&self, later: &[Point]) -> f64 {
        let found = self.watch(later).ok();
        found
            .and_then(|found| found.path.last().copied())
            .unwrap_or(1.0)
    }

    fn delays(&self) -> Vec<Delay> {
        delays(Expected::Like(self.baseline()), self.terms).unwrap_or_default()
    }
}

/// All nights of a task, and which of them may be ranked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series<'a> {
    pub(super) nights: &'a [Measured],
    /// How many belong to the baseline.
    pub(super) old: usize,
    pub(super) usual: Option<Samples>,
}

impl Series<'_> {
    fn is_usual(&self, position: usize) -> bool {
        let night = &self.nights[position];
        night.point.is_some() && Some(night.samples) == self.usual
    }

    /// Positions of the later nights that are of the baseline's samples.
    pub(super) fn ranked(&self) -> Vec<usize> {
        (self.old..self.nights.len())
            .filter(|position| self.is_usual(*position))
            .collect()
    }
}

impl TaskDrift {
    /// Says what the absence of an alarm is worth; `later` are the nights that were ranked.
    pub(super) fn judge(&mut self, watching: &Watching, series: &Series<'_>, later: &[Point]) {
        for (position, night) in self.nights.iter_mut().enumerate().take(series.old) {
            if !watching.by_epochs && !series.is_usual(position) {
                night.part = Part::PassedOver;
            }
        }
        self.delays = Some(watching.delays().into_iter().map(Into::into).collect());
        let Ok(if_wrong) = watching.watch_at_least(later) else {
            return;
        };
        let mut path = if_wrong.path.iter().copied();
        for night in &mut self.nights {
            if let (Part::Watched, Some(gaps)) = (night.part, &mut night.gaps) {
                gaps.e_value_if_wrong = path.next();
            }
        }
        if self.state == State::Alarm {
            return;
        }
        let at_worst = if_wrong.path.last().copied().unwrap_or(1.0);
        if at_worst >= self.threshold {
            self.state = State::Availability;
            let at_best = watching.evidence(later);
            self.reason = Some(format!(
                "availability: with missing answers as wrong the evidence is {at_worst:.3} of {:.0}, as right it is \
                 {at_best:.3}: the model is worse, or its answers did not arrive",
                self.threshold
            ));
        } else if let Some(reason) = self.unseen(watching, series, later) {
            self.state = State::NotWatched;
            self.reason = Some(reason);
        }
    }

    /// Why a fall to nothing would not have been found; `None` where it would have been.
    fn unseen(&self, watching: &Watching, series: &Series<'_>, later: &[Point]) -> Option<String> {
        let why = self
            .newest_passed_over(series)
            .or_else(|| self.unfound(watching, series, later))
            .or_else(|| without_say(watching, later))?;
        Some(format!("not watched: {why}"))
    }

    /// Why the newest night has no rank.
    fn newest_passed_over(&self, series: &Series<'_>) -> Option<String> {
        let newest = self.nights.len() - 1;
        if newest < series.old {
            return Some("there is no night after the baseline".to_owned());
        }
        if self.nights[newest].part == Part::Watched {
            return None;
        }
        let why = if series.is_usual(newest) {
            format!("it is more than {YEAR} nights after the baseline; take a new baseline")
        } else if series.nights[newest].point.is_none() {
            "no sample was asked".to_owned()
        } else {
            "its samples are not those of the baseline".to_owned()
        };
        Some(format!("the newest night was passed over: {why}"))
    }

    /// Why wrong answers alone in the newest nights would have been no alarm.
    fn unfound(&self, watching: &Watching, series: &Series<'_>, later: &[Point]) -> Option<String> {
        let from = self.nights.len().saturating_sub(RECENT).max(series.old);
        let recent = &self.nights[from..];
        let watched = recent.iter().filter(|night| night.part == Part::Watched);
        let watched = watched.count();
        let mut fallen = later.to_vec();
        for night in fallen.iter_mut().rev().take(watched) {
            *night = night.all_wrong();
        }
        if watching.finds(&fallen) {
            return None;
        }
        let passed = match recent.len() - watched {
            0 => String::new(),
            passed => format!(", {passed} more being passed over"),
        };
        Some(format!(
            "even if all answers of the last {watched} nights were wrong{passed}, there would be no alarm"
        ))
    }
}

/// Why the newest night is no evidence, whatever its answers.
fn without_say(watching: &Watching, later: &[Point]) -> Option<String> {
    let (newest, before) = later.split_last()?;
    let fallen = [before, &[newest.all_wrong()]].concat();
    let has_say = watching.evidence(&fallen) > watching.evidence(before);
    (!has_say).then(|| {
        "so much of the newest night is missing that it would be no evidence if all of its answers were wrong".to_owned()
    })
}
