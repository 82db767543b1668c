//! A number that takes the place of the one given before it, without a word that takes that back: "The answer is 41.
//! Actually, 42.", "41, er, 42", "… So it is 42."
//!
//! It is one where nothing but words of [`TURNS`], of [`CONCLUDES`] and of [`BESIDE`] leads it in, and nothing but the same
//! unit or the end of the clause follows. Where a turn leads it in and more follows ("Actually, 3 remain"), which of the
//! two is the answer cannot be told. A denial turns only before a pause: "42, no 41" is Spanish for "not 41".
//!
//! Invariant: looks at the next [`MOST`] numbers within [`NEAR`] bytes. It refuses to take conclusions about something else
//! ("So 2 remain") for the answer.

use cleanbench_text::number::Number;
use cleanbench_text::scan::window;

use super::candidates::is_refuted;

/// What becomes of a number that was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Revision {
    /// It stands.
    None,
    /// This one takes its place.
    By(Number),
    /// It, or another.
    Doubtful,
}

const NEAR: usize = 600;
const MOST: usize = 16;

/// Words that turn to something else than what was said.
const TURNS: &str = "actually rather hmm hm hmmm er uh um erm oops sorry correction corrected updated revised edit mean meant \
    again thinking reflection rechecking thought second wrong mistake bad doch stopp halt vielmehr \
    besser korrektur eigentlich plutôt pardon mejor anzi scusa aliás eigenlijk förlåt jednak raczej точнее вернее нет \
    wacht moment";

/// Denials, which turn before a pause only.
const DENIALS: &str = "no nope non nein nie nej nee nei não ne nu";

/// Words of a conclusion.
const CONCLUDES: &str =
    "so thus therefore hence also somit donc entonces quindi logo dus итак значит";

/// What may stand beside them.
const BESIDE: &str = "it is it's that that's this must be should was has have to the answer result i my upon on after further \
    about more or and but checking dicho bien más es ist sind c'est est son è sono é w a of value total number final made checked let's go with";

/// What leads a number in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Turn,
    Conclusion,
}

/// What becomes of `given` by what follows it; `numbers` are all of `text`.
pub(super) fn revision(text: &str, numbers: &[Number], given: &Number) -> Revision {
    let next = numbers.partition_point(|number| number.start < given.end);
    let later = numbers[next..].iter().take(MOST);
    let near = later.take_while(|number| number.start - given.end < NEAR);
    near.map(|number| of(text, given, number))
        .filter(|found| *found != Revision::None)
        .last()
        .unwrap_or(Revision::None)
}

fn of(text: &str, given: &Number, number: &Number) -> Revision {
    let between = text.get(given.end..number.start).unwrap_or_default();
    let Some(lead) = lead(between).filter(|_| given.value != number.value) else {
        return Revision::None;
    };
    let tail = window(text, number.end, 80);
    if is_refuted(tail) {
        return Revision::None;
    }
    let unit = unit(window(text, given.end, 40));
    let rest = clause(tail);
    let alone = rest.is_empty() || rest == unit || affirms(rest);
    match lead {
        _ if alone && number.is_known() => Revision::By(*number),
        Lead::Turn if rest.split_whitespace().count() <= 4 => Revision::Doubtful,
        Lead::Turn | Lead::Conclusion => Revision::None,
    }
}

/// The rest of a clause, without decoration.
fn clause(tail: &str) -> &str {
    let end = tail.find([',', '!', '?', ';', '\n', ')', '(', '—', '–', '。']);
    let clause = &tail[..end.unwrap_or(tail.len())];
    let end = clause.find(". ").unwrap_or(clause.len());
    clause[..end].trim_matches(|c: char| c.is_whitespace() || "*_$.%}\"".contains(c))
}

/// The words right behind a number.
fn unit(tail: &str) -> &str {
    clause(tail)
}

/// Whether words say that the number before them is the one.
fn affirms(rest: &str) -> bool {
    const SAID: [&str; 6] = ["right", "correct", "better", "answer", "result", "richtig"];
    let mut words = rest.split_whitespace();
    let is = words
        .next()
        .is_some_and(|word| ["is", "ist", "est", "es"].contains(&word));
    is && rest.split_whitespace().count() <= 5 && words.any(|word| SAID.contains(&word))
}

/// Whether what stands between two numbers says that the second takes the place of the first.
pub(in crate::scorers) fn revises(between: &str) -> bool {
    between.len() < NEAR && lead(between) == Some(Lead::Turn)
}

/// What leads in a number after what `between` says since the one that was given.
fn lead(between: &str) -> Option<Lead> {
    let breaks = [",", ".", "!", "?", ";", "\n", "…", "—", "–", " - ", "("];
    let first = breaks.iter().filter_map(|sign| between.find(sign)).min()?;
    let ends = [". ", "! ", "? ", "\n", "… "];
    let last = ends.iter().filter_map(|end| between.rfind(end)).max();
    let words = |from: usize| between.get(from..).and_then(leading);
    words(first).or_else(|| words(last?))
}

/// What `text` leads in, where it holds nothing but words that do.
fn leading(text: &str) -> Option<Lead> {
    let lower = text.to_lowercase().replace('’', "'");
    let separates = |c: char| !c.is_alphabetic() && c != '\'';
    let rest = lower.trim_matches(separates);
    let bounded =
        lower.len() <= 80 && !lower.contains(|c: char| c.is_numeric() || "=+×".contains(c));
    let mut lead = None;
    for word in rest.split(separates).filter(|word| !word.is_empty()) {
        let is_in = |list: &str| list.split_whitespace().any(|known| known == word);
        match () {
            () if is_in(TURNS) => lead = Some(Lead::Turn),
            () if is_in(DENIALS) && is_before_pause(&lower, word) => lead = Some(Lead::Turn),
            () if is_in(CONCLUDES) => lead = lead.or(Some(Lead::Conclusion)),
            () if is_in(BESIDE) => {}
            () => return None,
        }
    }
    lead.filter(|_| bounded)
}

/// Whether a pause follows `word`, or words that it leads in.
fn is_before_pause(lead: &str, word: &str) -> bool {
    let Some(at) = lead.find(word) else {
        return false;
    };
    let rest = lead[at + word.len()..].trim_start_matches(' ');
    rest.starts_with(|c: char| !c.is_whitespace() && c != '*' && c != '$')
}

#[cfg(test)]
mod tests {
    use super::*;
    use cleanbench_text::number::{Form, numbers};

    fn read(text: &str) -> Revision {
        let numbers = numbers(text, Form::default());
        revision(text, &numbers, &numbers[0])
    }

    #[test]
    fn what_takes_the_place_of_a_number() {
        for text in [
            "It is 17. Actually, 19.",
            "It is 17 cents. No, 19 cents.",
            "It is 17, er, 19.",
            "It is 17.\n\nHmm, 19 is the right number, no, 19 is correct.",
            "It is 17. Let me double check: 20 - 1 = 19. So it is 19.",
            "It is 17. Nein, doch 19.",
            "It is 17 (rather, 19)",
        ] {
            let by = match read(text) {
                Revision::By(number) => number.value,
                _ => None,
            };
            assert_eq!(by, Some(19.0), "{text}");
        }
    }

    #[test]
    fn what_does_not() {
        for text in [
            "It is 17. So 2 remain.",
            "It is 17, no 19.",
            "It is 17. So it is 17.",
            "It is 17. In 19 cases it was less.",
            "It is 17. Actually, 19 is wrong.",
            "It is 17, rather than 19.",
        ] {
            assert_eq!(read(text), Revision::None, "{text}");
        }
        assert_eq!(read("It is 17. Actually, 3 remain."), Revision::Doubtful);
    }
}
