//! Difficulty and discrimination of single items.
//!
//! Methods: difficulty is the mean score over respondents (in test theory, the item's p), with Wilson's
//! interval. Discrimination is the correlation of the item's score with the respondent's mean over all
//! *other* items of the task (point-biserial against the rest score), with Fisher's interval. An item is called
//! negative by Student's t for that correlation, adjusted over the items of its task.

use std::collections::HashMap;

use cleanbench_core::Digest;
use cleanbench_stats::correlation::{is_negative, pearson};
use cleanbench_stats::multiplicity::benjamini_hochberg;
use cleanbench_stats::{Confidence, mean, sum, wilson};
use serde::Serialize;

use super::Answers;
use cleanbench_items::{Filling, Item, Rules};

/// An item that says nothing about the respondents, because all made the same of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Always {
    /// Every epoch of every respondent is right.
    Right,
    /// Every epoch of every respondent is wrong.
    Wrong,
}

/// How hard an item is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difficulty {
    /// Mean score over respondents: 1 is easy, 0 is hard.
    pub score: f64,
    /// Ends of Wilson's 95 % interval over respondents.
    pub interval: Option<(f64, f64)>,
    /// Respondents with an answer.
    pub n: u64,
}

/// How an item separates respondents.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Discrimination {
    /// Correlation with the rest score.
    pub r: f64,
    /// Ends of its 95 % interval; `None` for fewer than four respondents.
    pub interval: Option<(f64, f64)>,
    /// Respondents with an answer.
    pub n: u64,
}

/// An item over all respondents.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemReport {
    /// Its id, as a table cell.
    pub id: String,
    /// Keyed digest of its input.
    pub input_digest: Digest,
    /// `None` where no respondent answered.
    pub difficulty: Option<Difficulty>,
    /// `None` where respondents are too few or do not differ.
    pub discrimination: Option<Discrimination>,
    /// Whether all made the same of it.
    pub always: Option<Always>,
    /// Whether better respondents get it wrong more often than worse ones, beyond what chance makes of as many
    /// items: its target may be wrong.
    pub is_negative: bool,
}

/// The share of false alarms among items that are called negative.
const FALSE_ALARMS: f64 = 0.05;

/// Tells which of `items` better respondents get wrong more often than worse ones. Of hundreds of items some do by
/// chance: the p-values of all that may are adjusted together (Benjamini and Hochberg).
fn find_negative(items: &mut [ItemReport], rules: Rules) {
    if rules == Rules::Earlier {
        for item in items {
            let interval = item.discrimination.and_then(|found| found.interval);
            item.is_negative = interval.is_some_and(|(_, high)| high < 0.0);
        }
        return;
    }
    let p = |item: &ItemReport| {
        item.discrimination
            .map(|found| is_negative(found.r, found.n))
    };
    let adjusted = benjamini_hochberg(&items.iter().filter_map(p).collect::<Vec<_>>());
    let tested = items
        .iter_mut()
        .filter(|item| item.discrimination.is_some());
    for (item, adjusted) in tested.zip(adjusted) {
        item.is_negative = adjusted < FALSE_ALARMS;
    }
}

/// What a respondent scored on all items.
struct Total {
    sum: f64,
    count: usize,
}

impl Total {
    /// By the present rules the order of items does not show in the last bit of their sum.
    fn of(mut scores: Vec<f64>, rules: Rules) -> Self {
        if rules == Rules::Now {
            scores.sort_unstable_by(f64::total_cmp);
        }
        Self {
            count: scores.len(),
            sum: sum(scores),
        }
    }

    /// The mean of the others; `None` where there is none.
    fn without(&self, score: f64) -> Option<f64> {
        (self.count > 1).then(|| (self.sum - score) / real(self.count - 1))
    }
}

/// One item at all respondents.
struct Gathered<'a> {
    first: &'a Item,
    /// (position of the respondent, its score).
    scores: Vec<(usize, f64)>,
    all_right: bool,
    all_wrong: bool,
}

/// Every item of a task, in the order in which respondents have them.
pub(super) fn of_task(answers: &[Answers<'_>], rules: Rules) -> Vec<ItemReport> {
    let (mut places, mut gathered) = (HashMap::new(), Vec::new());
    let mut scored = vec![Vec::new(); answers.len()];
    for (respondent, answers) in answers.iter().enumerate() {
        for item in answers.items.iter().copied() {
            let key = (item.identity.input_digest, &*item.identity.id);
            let place = *places.entry(key).or_insert_with(|| {
                gathered.push(Gathered {
                    first: item,
                    scores: Vec::new(),
                    all_right: true,
                    all_wrong: true,
                });
                gathered.len() - 1
            });
            let Some(score) = item.score(answers.reducer, Filling::LeftOut) else {
                continue;
            };
            gathered[place].add(respondent, item, score);
            scored[respondent].push(score);
        }
    }
    let totals: Vec<_> = scored
        .into_iter()
        .map(|scores| Total::of(scores, rules))
        .collect();
    let mut items: Vec<_> = gathered.iter().map(|one| one.report(&totals)).collect();
    find_negative(&mut items, rules);
    items
}

impl Gathered<'_> {
    fn add(&mut self, respondent: usize, item: &Item, score: f64) {
        self.scores.push((respondent, score));
        let each =
            |fits: fn(f64) -> bool| item.trials.iter().filter_map(|trial| trial.score).all(fits);
        self.all_right &= each(|score| score >= 1.0);
        self.all_wrong &= each(|score| score <= 0.0);
    }

    fn report(&self, totals: &[Total]) -> ItemReport {
        let scores: Vec<_> = self.scores.iter().map(|(_, score)| *score).collect();
        let always = match (scores.is_empty(), self.all_right, self.all_wrong) {
            (false, true, _) => Some(Always::Right),
            (false, _, true) => Some(Always::Wrong),
            _ => None,
        };
        ItemReport {
            id: self.first.identity.id.to_string(),
            input_digest: self.first.identity.input_digest,
            difficulty: difficulty(&scores),
            discrimination: self.discrimination(&scores, totals),
            always,
            is_negative: false,
        }
    }

    fn discrimination(&self, scores: &[f64], totals: &[Total]) -> Option<Discrimination> {
        let rest = |(respondent, score): &(usize, f64)| totals[*respondent].without(*score);
        let rests: Vec<f64> = self.scores.iter().map(rest).collect::<Option<_>>()?;
        let found = pearson(scores, &rests, Confidence::PERCENT_95)?;
        (found.n > 2).then_some(Discrimination {
            r: found.r,
            interval: found.interval,
            n: found.n,
        })
    }
}

fn difficulty(scores: &[f64]) -> Option<Difficulty> {
    let score = mean(scores.iter().copied())?;
    let n = u64::try_from(scores.len()).unwrap_or(u64::MAX);
    let interval = wilson(scores.iter().sum(), n, Confidence::PERCENT_95);
    Some(Difficulty {
        score,
        interval: interval.map(|found| (found.low, found.high)),
        n,
    })
}

#[expect(clippy::cast_precision_loss, reason = "no suite has 2^53 samples")]
fn real(count: usize) -> f64 {
    count as f64
}
