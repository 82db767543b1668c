//! Answers to a question with numbered texts: which of them is named.
//!
//! Invariant: an answer that names none says nothing, and is no miss. It refuses numbers that nothing announces.

use std::borrow::Cow;

use cleanbench_core::Completion;
use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::ProbeCall;
use cleanbench_text::segments;

use crate::recall::missed;

/// Words of an answer in which a number is looked for.
const WITHIN: usize = 60;
/// Words after which a number is the answer, whatever is numbered.
const ANNOUNCES: [&str; 6] = ["list", "number", "order", "option", "is", "answer"];

/// A question with so many numbered texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quiz {
    /// Texts that are shown.
    pub(crate) shown: usize,
    /// What one of them is called.
    pub(crate) called: &'static str,
}

impl Quiz {
    /// `texts` with the first one moved to `place`, each on a line of its own behind its number.
    pub(crate) fn lines<T: AsRef<str>>(self, texts: &[T], place: usize) -> String {
        let mut texts: Vec<_> = texts.iter().take(self.shown).map(AsRef::as_ref).collect();
        if place < texts.len() {
            texts[..=place].rotate_left(1);
        }
        let texts = texts.iter().enumerate();
        let lines: Vec<_> = texts
            .map(|(at, text)| format!("{}: {text}", at + 1))
            .collect();
        lines.join("\n")
    }

    /// The places at which what is asked for may be shown.
    pub(crate) fn places(self) -> Vec<usize> {
        (0..self.shown).collect()
    }

    /// A hit where an answer names what was expected; `None` where it names nothing.
    pub(crate) fn judged(self, call: &ProbeCall, completion: &Completion) -> Option<RecordedScore> {
        let named = self.named(&completion.text)?;
        Some(RecordedScore {
            rule: Some(Cow::Owned(format!("{} {named}", self.called))),
            ..RecordedScore::of(f64::from(u8::from(named.to_string() == call.expected)))
        })
    }

    /// What an answer is that names nothing.
    pub(crate) fn says_nothing() -> RecordedScore {
        missed("not in form")
    }

    /// What an answer names first: by a number at its beginning, or after a word that announces one. "I cannot say which
    /// of these 4 lists it is" names none.
    fn named(self, answer: &str) -> Option<usize> {
        let start = cleanbench_text::scan::window(answer.trim_start(), 0, WITHIN * 8);
        let words: Vec<_> = segments(start)
            .into_iter()
            .take(WITHIN)
            .map(|one| one.word)
            .collect();
        words.iter().enumerate().find_map(|(place, word)| {
            let number: usize = word.parse().ok()?;
            let before = place.checked_sub(1).map(|before| words[before].as_str());
            let announces = |word: &str| ANNOUNCES.contains(&word) || word == self.called;
            let is_announced = before.is_none_or(announces);
            ((1..=self.shown).contains(&number) && is_announced).then_some(number)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_an_answer_where_something_announces_it() {
        let quiz = Quiz {
            shown: 4,
            called: "item",
        };
        for (answer, named) in [
            ("2", Some(2)),
            ("  **3**", Some(3)),
            ("Item 4 comes next.", Some(4)),
            ("I believe the answer is 1.", Some(1)),
            ("5", None),
            ("0", None),
            ("I cannot say which of these 4 items it is.", None),
            ("entry 2", None),
            ("", None),
        ] {
            assert_eq!(quiz.named(answer), named, "{answer}");
        }
    }

    #[test]
    fn what_is_asked_for_is_shown_at_its_place() {
        let quiz = Quiz {
            shown: 3,
            called: "list",
        };
        let texts = ["own", "one", "two", "not shown"];
        assert_eq!(quiz.lines(&texts, 0), "1: own\n2: one\n3: two");
        assert_eq!(quiz.lines(&texts, 2), "1: one\n2: two\n3: own");
    }
}
