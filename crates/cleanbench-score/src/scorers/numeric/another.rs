//! Another item that an answer goes on with: a model that was not told to stop writes the next question, and answers that.
//!
//! It begins after an answer that is complete in the first paragraph, where a head of [`HEADS`], a phrase of [`PHRASES`], a
//! counted question or one before the next answer opens the next one. Where a second answer follows unrelated prose
//! without any of these, which is the item's own cannot be told.
//!
//! Invariant: linear, and a bounded part behind the first paragraph is looked at. It refuses to see another item in an
//! explanation ("Step 1", "Let me check") or behind words that take the answer back.

use cleanbench_text::scan::window;

use super::aftermath::withdrawal;
use crate::statement::statements;

/// What follows a complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scorers) enum Next {
    /// Nothing, or more about it.
    Own,
    /// Another item from here on.
    From(usize),
    /// A second answer, which may be that of another item, from here on.
    Doubtful(usize),
}

/// Heads before a number or a colon.
const HEADS: &str = "question q problem exercise example task item puzzle quiz passage context premise text input prompt \
    instruction instructions scenario story document article frage aufgabe beispiel übung pregunta ejercicio ejemplo problema \
    exercice exemple domanda esercizio esempio pergunta exercício exemplo vraag opgave voorbeeld fråga uppgift pytanie zadanie \
    soru вопрос задача пример";

/// Phrases that open another item.
const PHRASES: &str = "here is another|here's another|here is the next|here's the next|another question|\
    another problem|another example|next question|next problem|next:|the following is a|the following are|\
    consider the following|now consider|read the following|answer the following";

/// Words with which an explanation of the answer begins.
const EXPLAINS: &str = "explanation reasoning because since let let's to we first step steps check checking so therefore wait \
    actually sorry hmm no correction here note working workings solution calculation this that it i as by using hence thus \
    then now given explication erklärung begründung denn weil rechnung explicación verification proof if you but however \
    final answer ####";

/// Bytes of the first paragraph of an answer that is complete.
const SHORT: usize = 80;
/// Bytes behind it that are looked at.
const NEAR: usize = 1 << 12;

/// What `text` goes on with after its first paragraph.
pub(in crate::scorers) fn next(text: &str) -> Next {
    let Some(end) = first_paragraph(text) else {
        return Next::Own;
    };
    let rest = window(text, end, NEAR);
    let body = rest.trim_start();
    let from = end + rest.len() - body.len();
    let line = body
        .lines()
        .next()
        .unwrap_or_default()
        .trim_matches(|c: char| c.is_whitespace() || "*_#>".contains(c));
    let first = first_word(line);
    if opens(line, &first) {
        return Next::From(from);
    }
    let Some(said) = answer_line(body) else {
        return Next::Own;
    };
    let before = &body[..said];
    let explains = EXPLAINS.split_whitespace().any(|word| word == first);
    let taken_back = withdrawal(before, 0).is_some();
    if explains || taken_back || before.trim().is_empty() {
        return Next::Own;
    }
    match before.trim_end().ends_with('?') {
        true => Next::From(from),
        false if before.contains('=') => Next::Own,
        false => Next::Doubtful(from),
    }
}

/// Where the first paragraph ends, if it is one line that gives a complete answer.
fn first_paragraph(text: &str) -> Option<usize> {
    let start = text.len() - text.trim_start().len();
    let near = window(text, start, SHORT + 8);
    let line = near.lines().next().filter(|line| line.len() < near.len())?;
    let end = start + line.len();
    let blank = window(text, end, 16)
        .trim_start_matches([' ', '\t', '\r'])
        .strip_prefix('\n')?;
    let parted = blank
        .trim_start_matches([' ', '\t', '\r'])
        .starts_with('\n');
    (parted && is_complete(line)).then_some(end)
}

/// Whether a line gives an answer and says nothing else.
fn is_complete(line: &str) -> bool {
    let body = line.trim().trim_matches(['*', '_', '#', ' ', '$']);
    let digits = body.bytes().any(|byte| byte.is_ascii_digit());
    let words = body
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphabetic));
    let listed = body.contains(". ") || body.contains(") ") || body.ends_with(['?', ':']);
    let figure = body.trim_start_matches(['-', '+', '−', '$', '€', '£', '≈', '~']);
    let opens = figure.starts_with(|c: char| c.is_ascii_digit());
    let sole = opens && words.count() <= 2 && !body.contains(['=', ':']);
    digits && !listed && (sole || statements(line).next().is_some())
}

fn first_word(line: &str) -> String {
    let word = line
        .split(|c: char| c.is_whitespace() || ":.,!?…)：".contains(c))
        .next();
    word.unwrap_or_default().to_lowercase()
}

/// Whether a line opens another item.
fn opens(line: &str, first: &str) -> bool {
    let lower = window(line, 0, 64).to_lowercase();
    let after = lower
        .strip_prefix(first)
        .unwrap_or_default()
        .trim_start_matches([' ', '#']);
    let counted = after.trim_start_matches(|c: char| c.is_ascii_digit());
    let ends = counted.is_empty() || counted.starts_with([':', '.', ')', '：', '*', '—', '–']);
    let headed = HEADS.split_whitespace().any(|head| head == first) && !after.is_empty() && ends;
    let number =
        !first.is_empty() && first.len() <= 2 && first.bytes().all(|byte| byte.is_ascii_digit());
    headed
        || PHRASES.split('|').any(|phrase| lower.starts_with(phrase))
        || number && line.ends_with('?')
}

/// Where a line of `body` begins that states an answer.
fn answer_line(body: &str) -> Option<usize> {
    const SAID: &str = "answer|the answer|ans|the final answer|final answer|a:|####|antwort|die antwort|la réponse|\
        la respuesta|respuesta|réponse";
    let said = statements(body).map(|found| found.at);
    let hashes = body.find("####");
    let mut starts = said
        .chain(hashes)
        .map(|at| body[..at].rfind('\n').map_or(0, |at| at + 1));
    starts.find(|at| {
        let line = body[*at..]
            .trim_start_matches(['*', '_', ' ', '>'])
            .to_lowercase();
        SAID.split('|').any(|head| line.starts_with(head))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_item_begins() {
        for (text, expected) in [
            ("17\n\nExample 2\nA sum.\nAnswer: 3", Next::From(4)),
            ("17\n\nContext: A bus.\nAnswer: 3", Next::From(4)),
            ("17 km\n\nHere is another question:\nWhat?", Next::From(7)),
            (
                "Answer: 17\n\nAnn has 3 pens. How many?\nAnswer: 3",
                Next::From(12),
            ),
            ("17\n\n2. What is 1 + 2?\nAnswer: 3", Next::From(4)),
            ("17\n\nA bus drives 3 miles.\nAnswer: 3", Next::Doubtful(4)),
        ] {
            assert_eq!(next(text), expected, "{text}");
        }
    }

    #[test]
    fn the_same_item_goes_on() {
        for text in [
            "17\n\nExplanation: there are 17.\nAnswer: 17",
            "17\n\nLet me check: that is 18.\nAnswer: 18",
            "17\n\nThat was wrong, a pen is missing.\nThe answer is 18.",
            "First, 17 pens.\n\nA pen is missing.\nThe answer is 18.",
            "Problem 1: 17 pens\n\nThe answer is 18.",
            "17",
            "",
        ] {
            assert_eq!(next(text), Next::Own, "{text}");
        }
    }
}
