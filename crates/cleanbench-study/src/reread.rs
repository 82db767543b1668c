//! What another reading of the same answers changes: a run, and the run in which `score` judged its answers anew.
//!
//! Invariant: both sides are of the same call, with the same answer; what differs is how it was read, and by which target
//! it was judged. A scorer that only one of them has is in none of the lines.

use std::collections::HashMap;

use cleanbench_core::ScorerSpec;
use cleanbench_core::event::RecordedScore;
use cleanbench_ledger::Plan;
use cleanbench_report::rows::{Answer, Row};
use cleanbench_report::{Recording, ReportError, every_row};

/// Changes that are listed one by one.
pub const LISTED: usize = 10;
/// Characters of an answer that are kept.
const KEPT: usize = 60;

/// What a scorer makes of the answers of a task now, beside what it made of them before.
#[derive(Debug, Clone, PartialEq)]
pub struct RereadRow {
    /// Name of the task.
    pub task: String,
    /// Name of the scorer.
    pub scorer: String,
    /// Answers that both judged.
    pub judged: u64,
    /// Those of them that were judged wrong and are right now.
    pub became_right: u64,
    /// Those that were right and are wrong now.
    pub became_wrong: u64,
    /// Those whose score is another one in any way, the unread ones among them.
    pub score_changed: u64,
    /// Those that were read and are unread now.
    pub became_unread: u64,
    /// Those that were unread and are read now.
    pub became_read: u64,
}

/// How an answer was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The score.
    pub score: f64,
    /// What was taken for the answer, where that is known: of the first scorer.
    pub answer: Option<String>,
    /// The rule that read it, where it is known.
    pub rule: Option<String>,
    /// Why it was not read, if it was not.
    pub unread: Option<String>,
}

/// An answer that is read or judged otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Name of the model.
    pub model: String,
    /// Name of the task.
    pub task: String,
    /// Identity of the sample.
    pub sample: String,
    /// Repeat, from 1.
    pub epoch: u32,
    /// Name of the scorer.
    pub scorer: String,
    /// How it was read.
    pub before: Reading,
    /// How it is read.
    pub now: Reading,
}

/// All that another reading changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reread {
    /// In the order of tasks and scorers.
    pub rows: Vec<RereadRow>,
    /// The first [`LISTED`] changes, in plan order.
    pub changes: Vec<Change>,
}

/// What the judgements of `later` change, which judged the answers of `earlier` anew.
///
/// # Errors
/// When a run is damaged.
pub fn changed(earlier: &Recording, later: &Recording) -> Result<Reread, ReportError> {
    let mut before = HashMap::new();
    let plan = &earlier.manifest.plan;
    every_row(earlier, |row| {
        if let Some(key) = Key::of(plan, row) {
            before.insert(key, Judged::of(row));
        }
    })?;
    let pairs = Pairs::of(plan, &later.manifest.plan);
    let mut found = Reread {
        rows: pairs.lines(&later.manifest.plan),
        changes: Vec::new(),
    };
    every_row(later, |row| {
        let key = Key::of(&later.manifest.plan, row);
        if let Some(old) = key.and_then(|key| before.get(&key)) {
            pairs.add(&later.manifest.plan, row, old, &mut found);
        }
    })?;
    Ok(found)
}

/// An answer that was judged, by the names of its call.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    model: Box<str>,
    task: Box<str>,
    sample: Box<str>,
    epoch: u32,
}

impl Key {
    fn of(plan: &Plan, row: &Row) -> Option<Self> {
        let task = &plan.tasks[row.task];
        let is_judged = task.probe.is_none() && !row.scores.is_empty();
        is_judged.then(|| Self {
            model: plan.models[row.place.model as usize].name.as_str().into(),
            task: task.name.as_str().into(),
            sample: row.sample.as_str().into(),
            epoch: row.place.epoch,
        })
    }
}

/// What is on record of an answer.
struct Judged {
    scores: Box<[RecordedScore]>,
    answer: Option<Box<str>>,
}

impl Judged {
    fn of(row: &Row) -> Self {
        Self {
            scores: row.scores.as_slice().into(),
            answer: answer_of(row).map(Into::into),
        }
    }

    fn reading(&self, scorer: usize) -> Option<Reading> {
        let answer = self.answer.as_deref().filter(|_| scorer == 0);
        self.scores.get(scorer).map(|score| reading(score, answer))
    }
}

fn answer_of(row: &Row) -> Option<String> {
    match &row.answer {
        Answer::Text(text) | Answer::Drawn(text) => Some(text.chars().take(KEPT).collect()),
        Answer::None | Answer::Erased => None,
    }
}

fn reading(score: &RecordedScore, answer: Option<&str>) -> Reading {
    let is_read = score.extraction_failure.is_none();
    Reading {
        score: score.value,
        answer: answer.filter(|_| is_read).map(str::to_owned),
        rule: score.rule.as_deref().map(str::to_owned),
        unread: score.extraction_failure.clone(),
    }
}

/// Which scorers of tasks both runs have.
struct Pairs(Vec<Pair>);

/// A scorer by its position in the task of the later run, and by that in the earlier one.
struct Pair {
    task: usize,
    before: usize,
    now: usize,
}

impl Pairs {
    fn of(earlier: &Plan, later: &Plan) -> Self {
        let mut pairs = Vec::new();
        for (position, task) in later.tasks.iter().enumerate() {
            let old = earlier.tasks.iter().find(|old| old.name == task.name);
            let Some(old) = old.filter(|_| task.probe.is_none()) else {
                continue;
            };
            for now in 0..task.scorers.len() {
                let before = counterpart(&task.scorers, now, &old.scorers);
                pairs.extend(before.map(|before| Pair {
                    task: position,
                    before,
                    now,
                }));
            }
        }
        Self(pairs)
    }

    fn lines(&self, plan: &Plan) -> Vec<RereadRow> {
        let line = |pair: &Pair| RereadRow {
            task: plan.tasks[pair.task].name.clone(),
            scorer: plan.tasks[pair.task].scorers[pair.now].kind.clone(),
            judged: 0,
            became_right: 0,
            became_wrong: 0,
            score_changed: 0,
            became_unread: 0,
            became_read: 0,
        };
        self.0.iter().map(line).collect()
    }

    /// Takes in `row` of the later run, whose answer was judged as `old` before.
    fn add(&self, plan: &Plan, row: &Row, old: &Judged, found: &mut Reread) {
        let answer = answer_of(row);
        let pairs = self.0.iter().zip(&mut found.rows);
        for (pair, line) in pairs.filter(|(pair, _)| pair.task == row.task) {
            let answer = answer.as_deref().filter(|_| pair.now == 0);
            let now = row.scores.get(pair.now).map(|score| reading(score, answer));
            let (Some(before), Some(now)) = (old.reading(pair.before), now) else {
                continue;
            };
            line.add(&before, &now);
            if before.is_other(&now) && found.changes.len() < LISTED {
                found.changes.push(Change {
                    model: plan.models[row.place.model as usize].name.clone(),
                    task: line.task.clone(),
                    sample: row.sample.clone(),
                    epoch: row.place.epoch,
                    scorer: line.scorer.clone(),
                    before,
                    now,
                });
            }
        }
    }
}

/// The scorer among `old` that the one at `position` of `now` was: of the same type, the first with the first.
fn counterpart(now: &[ScorerSpec], position: usize, old: &[ScorerSpec]) -> Option<usize> {
    let kind = &now[position].kind;
    let earlier = now[..position].iter().filter(|one| one.kind == *kind);
    let mut same = (0..old.len()).filter(|place| old[*place].kind == *kind);
    same.nth(earlier.count())
}

impl Reading {
    /// Whether it differs from `now` in the score, or in whether the answer was read.
    fn is_other(&self, now: &Self) -> bool {
        self.score.total_cmp(&now.score).is_ne() || self.unread.is_some() != now.unread.is_some()
    }
}

impl RereadRow {
    fn add(&mut self, before: &Reading, now: &Reading) {
        let rises = |from: &Reading, to: &Reading| from.score < 1.0 && to.score >= 1.0;
        let loses = |from: &Reading, to: &Reading| from.unread.is_none() && to.unread.is_some();
        self.judged += 1;
        self.became_right += u64::from(rises(before, now));
        self.became_wrong += u64::from(rises(now, before));
        self.score_changed += u64::from(before.score.total_cmp(&now.score).is_ne());
        self.became_unread += u64::from(loses(before, now));
        self.became_read += u64::from(loses(now, before));
    }

    /// Whether nothing is another than before.
    pub fn is_as_before(&self) -> bool {
        self.score_changed == 0 && self.became_unread == 0 && self.became_read == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(value: f64, unread: Option<&str>) -> RecordedScore {
        RecordedScore {
            extraction_failure: unread.map(str::to_owned),
            rule: unread.is_none().then(|| "stated".into()),
            ..RecordedScore::of(value)
        }
    }

    fn line() -> RereadRow {
        let (before, now) = (Vec::new(), 0);
        let spec = |kind: &str| ScorerSpec {
            kind: kind.to_owned(),
            params: serde_json::Map::new(),
        };
        assert_eq!(counterpart(&[spec("exact")], now, &before), None);
        let twice = [spec("f1"), spec("exact"), spec("exact")];
        assert_eq!(counterpart(&twice, 2, &twice[1..]), Some(1));
        RereadRow {
            task: "t".to_owned(),
            scorer: "choice".to_owned(),
            judged: 0,
            became_right: 0,
            became_wrong: 0,
            score_changed: 0,
            became_unread: 0,
            became_read: 0,
        }
    }

    #[test]
    fn every_way_to_change_is_counted() {
        let mut line = line();
        for (before, now) in [
            (judged(0.0, None), judged(1.0, None)),
            (judged(1.0, None), judged(0.0, Some("no choice named"))),
            (judged(0.0, Some("no choice named")), judged(1.0, None)),
            (judged(0.0, Some("no choice named")), judged(0.0, None)),
            (judged(0.5, None), judged(0.25, None)),
            (judged(1.0, None), judged(1.0, None)),
        ] {
            let (before, now) = (reading(&before, Some("A")), reading(&now, Some("B")));
            assert_eq!(before.answer.is_some(), before.unread.is_none());
            line.add(&before, &now);
        }
        let counted = [
            line.judged,
            line.became_right,
            line.became_wrong,
            line.score_changed,
            line.became_unread,
            line.became_read,
        ];
        assert_eq!(counted, [6, 2, 1, 4, 1, 2]);
        assert!(!line.is_as_before());
    }
}
