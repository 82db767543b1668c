//! `item-order-quiz`: which of four items comes next in the published file?
//!
//! The local order quiz of Samuel et al. (2024), with others that are chosen like what comes next, see
//! [`mod@crate::neighbours`]. Where it stands among them is drawn by what the item says, and is the same for both items of
//! a pair, whose others are the controls of its own. A model that has seen nothing names it one time in four, unless it
//! tells subjects better than words do: what that comes to is measured on the controls, whose order is theirs.
//!
//! It refuses files of which some items are missing, and tasks of several files.

use std::collections::HashMap;

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeContext, ProbeForm, ProbeItem, Published};
use cleanbench_core::{Completion, Sample};

use crate::neighbours::{OTHERS, Question, UNKNOWN, questions, shown};
use crate::quiz::Quiz;
use crate::recall::{Ask, Asked, Asking, Pick, Recall, pick_by_content};

/// The items that are shown.
const ITEMS: Quiz = Quiz {
    shown: 1 + OTHERS,
    called: "item",
};

/// The probe.
#[derive(Debug)]
pub(crate) struct ItemOrderQuiz;

impl Recall for ItemOrderQuiz {
    fn id(&self) -> &'static str {
        "item-order-quiz"
    }

    fn version(&self) -> u32 {
        1
    }

    fn instruction(&self) -> &'static str {
        "Below stands an item of a published test, and four other items of the same test with numbers. One of the four comes right after it in the file in which the test was published. Which one? Answer with its number alone.\n\n{text}"
    }

    fn ask(&self, _sample: &Sample, _form: ProbeForm, _pick: Pick) -> Result<Ask, &'static str> {
        Err(UNKNOWN)
    }

    fn places(&self, _sample: &Sample, _asking: &Asking<'_>) -> Result<Vec<usize>, &'static str> {
        Err(UNKNOWN)
    }

    fn ask_at(&self, _sample: &Sample, _form: ProbeForm, _place: usize) -> Ask {
        Ask::default()
    }

    fn among_others(&self, context: &ProbeContext<'_>) -> Option<Asked> {
        let unknown = |items: &[ProbeItem]| items.iter().map(|_| Err(UNKNOWN)).collect();
        let Some(published) = context.published else {
            return Some([context.suspects, context.controls].map(unknown));
        };
        Some(if context.kind.paired() {
            of_pairs(context, published)
        } else {
            let others: Vec<_> = published.controls.iter().flatten().cloned().collect();
            [
                of_file(&published.suspects, context.suspects),
                of_file(&others, context.controls),
            ]
        })
    }

    /// An answer that names an item is judged by it, wherever it stands among words.
    fn restores_texts(&self) -> bool {
        false
    }

    fn restored(&self, call: &ProbeCall, completion: &Completion) -> Option<RecordedScore> {
        ITEMS.judged(call, completion)
    }

    /// One that names none says nothing.
    fn not_restored(
        &self,
        _call: &ProbeCall,
        _completion: &Completion,
        _form: ProbeForm,
    ) -> RecordedScore {
        Quiz::says_nothing()
    }

    /// An item is named or not.
    fn measure(&self, _call: &ProbeCall, _completion: &Completion) -> Option<f64> {
        None
    }

    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
        self.restored(call, completion)
            .unwrap_or_else(Quiz::says_nothing)
    }
}

/// What is asked about each of `items`, which stand in `file`.
fn of_file(file: &[ProbeItem], items: &[ProbeItem]) -> Vec<Result<Ask, &'static str>> {
    let meant = Places::of(items);
    let questions = questions(file, None, |item| meant.has(item));
    let places = Places::of(file);
    let asked = items.iter().map(|item| {
        let question = questions[places.place(item)?]?;
        Ok(ask(question.map(|place| &file[place]), &item.sample))
    });
    asked.collect()
}

/// The same of pairs: about a control what is asked about its suspect, with the controls of all that is shown.
fn of_pairs(context: &ProbeContext<'_>, published: &Published) -> Asked {
    let Published { suspects, controls } = published;
    let meant = Places::of(context.suspects);
    let questions = questions(suspects, Some(controls), |item| meant.has(item));
    let places = Places::of(suspects);
    let asked: Vec<Result<(&ProbeItem, Question), &'static str>> = context
        .suspects
        .iter()
        .map(|item| Ok((item, questions[places.place(item)?]?)))
        .collect();
    let of_suspect = |asked: &Result<(&ProbeItem, Question), _>| {
        let (item, question) = (*asked)?;
        Ok(ask(question.map(|place| &suspects[place]), &item.sample))
    };
    let of_control = |asked: &Result<(&ProbeItem, Question), _>| {
        let (item, question) = (*asked)?;
        // All that is shown has a control.
        let control = |place: usize| controls[place].as_ref().unwrap_or(&suspects[place]);
        Ok(ask(question.map(control), &item.sample))
    };
    [
        asked.iter().map(of_suspect).collect(),
        asked.iter().map(of_control).collect(),
    ]
}

/// Asks which of the others comes next to the first of `items`, which is the one behind it, and stands where `decides` says.
fn ask(items: [&ProbeItem; 2 + OTHERS], decides: &Sample) -> Ask {
    let [own, others @ ..] = items.map(shown);
    let place = pick_by_content(decides, &ITEMS.places()).unwrap_or_default();
    Ask {
        beginning: format!("Item: {own}\n\n{}", ITEMS.lines(&others, place)),
        expected: (place + 1).to_string(),
        ..Ask::default()
    }
}

/// Where items of one task stand, by their identity.
struct Places<'a>(HashMap<&'a str, usize>);

impl<'a> Places<'a> {
    fn of(items: &'a [ProbeItem]) -> Self {
        let places = items.iter().enumerate();
        Self(
            places
                .map(|(place, item)| (item.sample.id.as_str(), place))
                .collect(),
        )
    }

    fn has(&self, item: &ProbeItem) -> bool {
        self.0.contains_key(item.sample.id.as_str())
    }

    fn place(&self, item: &ProbeItem) -> Result<usize, &'static str> {
        self.0.get(item.sample.id.as_str()).copied().ok_or(UNKNOWN)
    }
}
