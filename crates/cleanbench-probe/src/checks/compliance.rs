//! `compliance`: does the endpoint do what a probe asks of it, be it to write a given text or to go on with its own?

use cleanbench_core::Completion;
use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeForm};
use cleanbench_text::rouge_l;

use super::asking::Checked;
use crate::answer::{nearest, plain_words, restored};

/// Similarity at which nearly all of a text came back: one word of ten may differ.
const NEARLY_ALL: f64 = 0.9;

/// The check.
#[derive(Debug)]
pub(crate) struct Compliance;

impl Checked for Compliance {
    fn id(&self) -> &'static str {
        "compliance"
    }

    fn instruction(&self) -> &'static str {
        "Repeat the text below, word for word, and write nothing else.\n\n{text}"
    }

    fn passed(
        &self,
        call: &ProbeCall,
        form: ProbeForm,
        completion: &Completion,
    ) -> Option<RecordedScore> {
        let expected = plain_words(&call.expected);
        let found = plain_words(&completion.text);
        match form {
            ProbeForm::Instruction => {
                let nearest = nearest(&expected, &found);
                (nearest.similarity >= NEARLY_ALL).then(|| restored(nearest.word))
            }
            ProbeForm::Raw => {
                let start = &found[..found.len().min(expected.len())];
                let goes_on = begins_alike(&call.expected, &completion.text)
                    && rouge_l(start, &expected) >= NEARLY_ALL;
                goes_on.then(|| restored(0))
            }
        }
    }
}

/// Whether both begin with the same character, spaces left out. A server that ignores what the assistant began lets the
/// model begin anew: with a role mark, a preamble or a word, but with no comma.
fn begins_alike(expected: &str, found: &str) -> bool {
    let first = |text: &str| text.trim_start().chars().next();
    first(expected) == first(found)
}
