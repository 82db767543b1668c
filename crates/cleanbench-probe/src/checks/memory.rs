//! `memory`: a passage that every model has met, cut after about half; does the rest come?

use cleanbench_core::Completion;
use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeForm};

use super::asking::Checked;
use crate::answer::{nearest, plain_words, restored};
use crate::probes::completion::RESTORED;

/// The check.
#[derive(Debug)]
pub(crate) struct Memory;

impl Checked for Memory {
    fn id(&self) -> &'static str {
        "memory"
    }

    fn instruction(&self) -> &'static str {
        "Below is the beginning of a well-known text. Write how it goes on, word for word, and nothing else.\n\n{text}"
    }

    fn passed(
        &self,
        call: &ProbeCall,
        _form: ProbeForm,
        completion: &Completion,
    ) -> Option<RecordedScore> {
        let found = nearest(&plain_words(&call.expected), &plain_words(&completion.text));
        (found.similarity >= RESTORED).then(|| restored(found.word))
    }
}
