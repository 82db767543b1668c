//! Where a completion goes on with another item after it has answered.
//!
//! A model that is not stopped writes the next question of its own and answers that. What stands before the first blank
//! line is then the answer, if it is a complete one. Another item begins where the next line is a head for one
//! ("Example 2:", "Passage:", "3."), or where a list of options follows whose texts are not the sample's.
//!
//! Invariant: one pass over the lines. It refuses to choose where it only may be another item.

use super::label::{Name, Style};
use super::options::Options;
use cleanbench_text::scan::{is_blank, window};

/// What follows a complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scorers) enum Next {
    /// Another item.
    Item,
    /// More about this one, or another item: it is not told.
    Unclear,
}

/// Bytes of what follows that are looked at.
const REACH: usize = 1 << 14;

/// The first paragraph of `text`, and what follows it.
pub(in crate::scorers) fn paragraphs(text: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && is_blank(line) {
            let rest = text[at..].trim_start();
            return (!rest.is_empty()).then_some((text[..at].trim(), rest));
        }
        at += line.len();
    }
    None
}

/// Whether no more stands before a statement at `from` than belongs to it: "The correct".
pub(in crate::scorers) fn opens(text: &str, from: usize) -> bool {
    text[..from].len() <= 32 && !text[..from].contains(['\n', '.', '!', '?', '。'])
}

/// What `rest` is, which follows a complete answer.
pub(in crate::scorers) fn next(rest: &str, options: &Options) -> Next {
    let first = rest.lines().next().unwrap_or_default();
    if is_head(first) || !is_reason(first) && lists_others(rest, options) {
        Next::Item
    } else {
        Next::Unclear
    }
}

/// Whether a text says at its beginning that an answer is given anew.
pub(in crate::scorers) fn revises(rest: &str) -> bool {
    const WORDS: &str = "revised|updated|corrected|correction|apologize|apologise|apologies|confusion|mistake|mistaken|wrong|sorry";
    let start = window(rest, 0, 160).to_lowercase();
    start
        .split(|c: char| !c.is_alphabetic())
        .any(|word| WORDS.split('|').any(|known| known == word))
}

/// Heads of items, in lower case; a number or a colon may follow.
const HEADS: &str = "example|question|q|problem|exercise|task|passage|text|context|premise|item|sample|input|instruction|\
    scenario|beispiel|frage|aufgabe|exemple|exercice|ejemplo|pregunta|ejercicio|esempio|domanda|exemplo|pergunta|voorbeeld|\
    vraag|przykład|pytanie|пример|вопрос";

/// Beginnings of a line that says that questions follow, in lower case.
const OPENINGS: [&str; 8] = [
    "the following are ",
    "the following is a ",
    "here is another ",
    "here's another ",
    "next question",
    "another question",
    "next:",
    "below is a ",
];

/// Whether a line is a head under which another item stands.
fn is_head(line: &str) -> bool {
    let line = window(line, 0, 160).to_lowercase();
    let line = line.trim_start_matches(['#', '*', '_', '>', ' ']);
    let word = line
        .find(|c: char| !c.is_alphabetic())
        .map_or(line, |end| &line[..end]);
    let rest = line[word.len()..].trim_start_matches([' ', '*', '_']);
    let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < rest.len();
    let ends =
        digits.trim_matches(['*', '_', ' ']).is_empty() || digits.starts_with([':', '.', ')']);
    if word.is_empty() {
        return numbered
            && !rest.starts_with("1.")
            && digits.starts_with(['.', ')'])
            && asks(digits);
    }
    let head = HEADS.split('|').any(|head| head == word);
    head && ends && (numbered || rest.starts_with(':'))
        || OPENINGS.iter().any(|opening| line.starts_with(opening))
}

/// Whether a numbered line is a question, or only the number of one.
fn asks(line: &str) -> bool {
    let line = line.trim_end_matches([' ', '*', '_']);
    line.len() < 2 || line.ends_with(['?', '？', ':'])
}

/// Whether a line says that it is told why, so that the list under it speaks of the options.
fn is_reason(line: &str) -> bool {
    const WORDS: &str = "explanation|reason|reasons|reasoning|analysis|because|why|since|let|let's|step|steps|here's|others|other|\
        options|option|choices|rationale|justification|check|checking|verification|elimination|evaluating|looking|first|\
        erklärung|begründung|explication|explicación|spiegazione|weil";
    let line = window(line, 0, 120).to_lowercase();
    line.split(|c: char| !c.is_alphabetic() && c != '\'')
        .any(|word| WORDS.split('|').any(|reason| reason == word))
}

/// Whether a list of options stands under a line of `rest`, and holds no text of the sample's.
fn lists_others(rest: &str, options: &Options) -> bool {
    let mut wanted = 0;
    for line in window(rest, 0, REACH).lines().skip(1) {
        if is_blank(line) {
            continue;
        }
        let Some(own) = item(line, wanted, options) else {
            if wanted > 1 {
                return true;
            }
            wanted = 0;
            continue;
        };
        if !options.occurring(own, true).is_empty() {
            return false;
        }
        wanted += 1;
    }
    wanted > 1
}

/// The text behind the label of the `wanted`th option with which `line` begins.
fn item<'a>(line: &'a str, wanted: usize, options: &Options) -> Option<&'a str> {
    let label = options.label_at(line, 0)?;
    let set_off = matches!(label.style, Style::Bracketed | Style::Punctuated);
    let letter = matches!(label.name, Name::Letter(_)) && label.name.position() == wanted;
    (set_off && letter).then(|| &line[label.end..])
}
