//! Whether answers stand under the items that they were given about.
//!
//! An answer that holds eight words in a row of what one other item of the same probe, form and arm is asked for, and that
//! neither its own prompt nor what its own item is asked for holds, was given about that one. A model that remembers gives
//! its own items' texts; a file in which others' are more was put together wrongly.
//!
//! Invariant: time is by the length of the texts, of each answer no more than [`LOOKED_AT`]. It refuses to say so of fewer
//! than three answers.

use std::collections::{HashMap, HashSet};

use cleanbench_core::probe::{Arm, ProbeForm};
use cleanbench_text::scan::window;
use cleanbench_text::words;

use super::ProbeQuestion;

const RUN: usize = 8;
/// Answers astray from which on it is told.
const FEWEST: usize = 3;
/// Bytes of an answer that are looked at.
const LOOKED_AT: usize = 1 << 16;

/// Where a run stands: in what one question asks for, or in what several do.
#[derive(Clone, Copy)]
enum Asked {
    By(usize),
    BySeveral,
}

/// What questions have in common that are compared.
type Group<'a> = (&'a str, ProbeForm, Arm);

fn group(question: &ProbeQuestion) -> Group<'_> {
    (&question.probe, question.form, question.arm)
}

/// Why the answers, by question and text, seem to be about other items; `None` where they do not.
pub(super) fn astray<'a>(
    questions: &[ProbeQuestion],
    answers: impl Iterator<Item = (usize, &'a str)>,
) -> Option<String> {
    let asked = asked(questions);
    let mut own = 0;
    let mut others = Vec::new();
    for (question, text) in answers {
        let said = words(window(text, 0, LOOKED_AT));
        let held = said.windows(RUN).map(|run| run.join(" "));
        let key = |run: String| (group(&questions[question]), run);
        let found: Vec<_> = held
            .map(key)
            .filter_map(|key| match asked.get(&key)? {
                Asked::By(other) => Some((*other, key.1)),
                Asked::BySeveral => None,
            })
            .collect();
        if found.iter().any(|(other, _)| *other == question) {
            own += 1;
        } else if let Some(other) = beyond_prompt(&questions[question], &found) {
            others.push((question, other));
        }
    }
    let (question, other) = *others.first()?;
    (others.len() >= FEWEST && others.len() > own).then(|| {
        let [about, of] = [question, other].map(|place| &questions[place]);
        format!(
            "{} hold what another item asks for, and {own} what their own does; the answer about the {} {:?} holds the text of {:?}",
            others.len(),
            about.arm.as_str(),
            about.item,
            of.item
        )
    })
}

/// The first question of `found` whose run the prompt of `question` does not hold.
fn beyond_prompt(question: &ProbeQuestion, found: &[(usize, String)]) -> Option<usize> {
    if found.is_empty() {
        return None;
    }
    let prompts = question.messages.iter().map(|one| words(&one.content));
    let shown: HashSet<String> = prompts
        .flat_map(|said| {
            said.windows(RUN)
                .map(|run| run.join(" "))
                .collect::<Vec<_>>()
        })
        .collect();
    let beyond = found.iter().find(|(_, run)| !shown.contains(run));
    beyond.map(|(other, _)| *other)
}

/// Every run of what the questions ask for.
fn asked(questions: &[ProbeQuestion]) -> HashMap<(Group<'_>, String), Asked> {
    let mut asked = HashMap::new();
    for (place, question) in questions.iter().enumerate() {
        let text = words(&question.expected);
        for run in text.windows(RUN) {
            let by = asked
                .entry((group(question), run.join(" ")))
                .or_insert(Asked::By(place));
            if !matches!(by, Asked::By(first) if questions[*first].item == question.item) {
                *by = Asked::BySeveral;
            }
        }
    }
    asked
}
