//! Answers that no rule could read: how many of those that were judged, why, and the first of them, by model, task and
//! scorer.
//!
//! Invariants: what a model wrote is kept of public tasks alone, and only its beginning; in memory are at most
//! [`MOST_REASONS`] reasons and [`EXAMPLES`] answers a scorer, whatever a record holds.

use std::collections::BTreeMap;

use cleanbench_ledger::Plan;
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_ledger::note::{Note, NoteKind};

use crate::ci::is_public;
use crate::rows::Row;
use crate::{cell, foreign};

/// The share of judged answers above which unread ones are warned of.
const MOST_UNREAD: f64 = 0.05;
/// Unread answers that are named.
const EXAMPLES: usize = 3;
/// Reasons that are counted apart.
const MOST_REASONS: usize = 12;
/// Reasons that are told.
const TOLD: usize = 4;
/// Characters of a reason.
const REASON: usize = 60;
/// Warnings of a run; the others are counted.
const MOST_NOTES: usize = 10;

/// Judged answers of one scorer, and those of them that it could not read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unread {
    /// Answers with a score.
    pub judged: u64,
    /// Those in which nothing was found to judge.
    pub unread: u64,
    reasons: BTreeMap<String, u64>,
    examples: Vec<Example>,
}

/// An answer that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Example {
    sample: String,
    reason: String,
    /// Its beginning, where everybody may see it.
    quote: Option<String>,
}

impl Unread {
    /// Unread answers as a share of the judged ones; `None` without any.
    pub fn share(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "no run has 2^53 calls")]
        (self.judged > 0).then(|| self.unread as f64 / self.judged as f64)
    }

    /// Why they were not read, the commonest reason first: `no choice named: 12; several choices named: 3`.
    pub fn reasons(&self) -> String {
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by(|one, other| other.1.cmp(one.1).then_with(|| one.0.cmp(other.0)));
        let rest: u64 = reasons.iter().skip(TOLD).map(|(_, count)| **count).sum();
        let told = reasons.iter().take(TOLD);
        let mut told: Vec<_> = told.map(|(reason, n)| format!("{reason}: {n}")).collect();
        if rest > 0 {
            told.push(format!("for other reasons: {rest}"));
        }
        told.join("; ")
    }

    fn add(&mut self, row: &Row, failure: Option<&str>, is_public: bool) {
        self.judged += 1;
        let Some(failure) = failure else { return };
        self.unread += 1;
        let reason: String = failure.chars().take(REASON).collect();
        if let Some(count) = self.reasons.get_mut(&reason) {
            *count += 1;
        } else if self.reasons.len() < MOST_REASONS {
            self.reasons.insert(reason.clone(), 1);
        } else {
            *self.reasons.entry("other".to_owned()).or_default() += 1;
        }
        let is_named = |example: &Example| example.sample == row.sample;
        if self.examples.len() < EXAMPLES && !self.examples.iter().any(is_named) {
            self.examples.push(Example {
                sample: row.sample.clone(),
                reason,
                quote: row.unread.clone().filter(|_| is_public),
            });
        }
    }

    /// The commonest reason; none where nothing is unread.
    fn commonest(&self) -> &str {
        let mut reasons = self.reasons.iter().rev();
        let first = reasons.next();
        let most = reasons.fold(first, |most, one| {
            most.filter(|most| most.1 > one.1).or(Some(one))
        });
        most.map_or("", |(reason, _)| reason)
    }

    fn is_worth_a_warning(&self) -> bool {
        self.share().is_some_and(|share| share > MOST_UNREAD)
    }
}

impl Example {
    fn text(&self) -> String {
        let Self { sample, reason, .. } = self;
        let sample = foreign::line(&cell::visible(sample));
        match &self.quote {
            Some(quote) => format!("{sample} ({reason}) {:?}", foreign::line(quote)),
            None => format!("{sample} ({reason})"),
        }
    }
}

/// Which scorer of which task judged the answers of which model, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    model: usize,
    task: usize,
    scorer: usize,
}

/// Counts the answers of tasks.
#[derive(Debug, Default)]
pub(crate) struct UnreadGatherer(BTreeMap<Place, Unread>);

impl UnreadGatherer {
    /// Takes in the next row of `plan`.
    pub(crate) fn add(&mut self, plan: &Plan, row: &Row) {
        let task = &plan.tasks[row.task];
        if task.probe.is_some() {
            return;
        }
        for (scorer, score) in row.scores.iter().enumerate() {
            let place = Place {
                model: row.place.model as usize,
                task: row.task,
                scorer,
            };
            let failure = score.extraction_failure.as_deref();
            let counted = self.0.entry(place).or_default();
            counted.add(row, failure, is_public(task));
        }
    }

    /// What the first scorer of a task made of the answers of a model.
    pub(crate) fn of_first(&self, model: usize, task: usize) -> Option<&Unread> {
        let scorer = 0;
        self.0.get(&Place {
            model,
            task,
            scorer,
        })
    }

    /// A warning for every scorer that left more than a twentieth of the answers unread.
    pub(crate) fn notes(&self, plan: &Plan) -> Vec<Note> {
        let found = self.0.iter().filter(|(_, one)| one.is_worth_a_warning());
        let mut texts: Vec<_> = found
            .map(|(place, one)| warning(plan, *place, one))
            .collect();
        let more = texts.len().saturating_sub(MOST_NOTES);
        texts.truncate(MOST_NOTES);
        if more > 0 {
            texts.push(format!(
                "{more} more scorers could not read above 5 % of the answers; see `unread_share` in summary.csv"
            ));
        }
        let note = |text| Note::new(NoteKind::Unread, text);
        texts.into_iter().map(note).collect()
    }
}

fn warning(plan: &Plan, place: Place, found: &Unread) -> String {
    let (model, task) = (&plan.models[place.model], &plan.tasks[place.task]);
    let scorer = task.judges().nth(place.scorer).unwrap_or_default();
    let examples: Vec<_> = found.examples.iter().map(Example::text).collect();
    format!(
        "{} at task {}: `{scorer}` could not read {} of {} answers ({:.0} %), which are scored 0 ({}), such as {}; {}",
        cell::visible(&model.name),
        cell::visible(&task.name),
        found.unread,
        found.judged,
        found.share().unwrap_or_default() * 100.0,
        found.reasons(),
        examples.join(", "),
        remedy(found.commonest(), locale_of(task, place.scorer)),
    )
}

/// How numbers are written, where the task says it to its scorer at `position`.
fn locale_of(task: &TaskPlan, position: usize) -> Option<&str> {
    let said = task.scorers.get(position)?.params.get("locale")?.as_str()?;
    (said != "auto").then_some(said)
}

/// What may help where answers are not read for `reason` by a scorer that is told `locale`.
fn remedy(reason: &str, locale: Option<&str>) -> String {
    if let ("unclear number", Some(locale)) = (reason, locale) {
        return format!(
            "these numbers are not written as `locale = {locale:?}` of the task says: let the prompt ask for numbers that are, \
             or leave `locale` out, so that whatever can be one number only is read"
        );
    }
    remedy_of(reason).to_owned()
}

fn remedy_of(reason: &str) -> &'static str {
    match reason {
        "empty completion" => {
            "look at `max_tokens` and at how much the model may reason: nothing was left to judge"
        }
        "reasoning that never ends" | "nothing but reasoning" => {
            "let the model write more (`max_tokens`) or reason less; `reasoning_marks` name further marks of reasoning"
        }
        "mark not found" | "nothing follows the mark" => {
            "the task's `extract` names what does not stand in these answers, and without it nothing is read"
        }
        "unclear number" => "`locale` in the task says how numbers are written",
        _ => {
            "where every answer ends in the same words before the result, `extract` in the task names them; an answer \
             without them is then not read"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_in_the_order_of_how_often_they_occur() {
        let mut found = Unread::default();
        assert_eq!((found.share(), found.reasons().as_str()), (None, ""));
        found.judged = 40;
        found.unread = 15;
        for (reason, count) in [("several choices named", 3), ("no choice named", 12)] {
            found.reasons.insert(reason.to_owned(), count);
        }
        assert_eq!(
            found.reasons(),
            "no choice named: 12; several choices named: 3"
        );
        assert_eq!(found.share(), Some(0.375));
        assert!(found.is_worth_a_warning());
        for number in 0..9 {
            found.reasons.insert(format!("reason {number}"), 1);
        }
        assert!(found.reasons().ends_with("; for other reasons: 7"));
    }

    #[test]
    fn a_twentieth_is_no_warning() {
        let found = Unread {
            judged: 40,
            unread: 2,
            ..Unread::default()
        };
        assert!(!found.is_worth_a_warning());
    }

    #[test]
    fn whoever_says_a_locale_is_not_told_to_say_one() {
        let told = |locale| remedy("unclear number", locale);
        assert_eq!(
            told(None),
            "`locale` in the task says how numbers are written"
        );
        assert!(told(Some("de")).contains("are not written as `locale = \"de\"` of the task says"));
        assert_eq!(remedy("no number", Some("de")), remedy("no number", None));
    }

    #[test]
    fn an_example_is_one_harmless_line() {
        let mut example = Example {
            sample: "s\n1".to_owned(),
            reason: "no number".to_owned(),
            quote: Some("well\n\u{1b}[2Jno".to_owned()),
        };
        let text = example.text();
        assert!(!text.chars().any(char::is_control), "{text}");
        assert!(
            text.contains("well") && text.contains("(no number)"),
            "{text}"
        );
        example.quote = None;
        assert!(example.text().ends_with("(no number)"));
    }
}
