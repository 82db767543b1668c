//! Why calls ended without an answer: the commonest reasons, each with how often.
//!
//! Invariant: reasons that differ in numbers and identifiers alone are one, shown with an ellipsis where they differ; the
//! status of HTTP is none of those. Every call that failed is in exactly one reason. Bounded, whatever servers say: reasons
//! past [`MOST_GROUPS`] are one. The text is a server's, and not escaped.

use std::collections::HashMap;

use cleanbench_core::{CallErrorKind, Outcome};
use cleanbench_ledger::Plan;

use crate::rows::Row;

/// So many reasons are told apart.
const MOST_GROUPS: usize = 1_000;
/// So much of a reason is looked at, in bytes.
const LONGEST: usize = 2_000;

/// A reason, and the calls that ended for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Position of the model in the plan.
    pub model: usize,
    /// What was said, as far as it is the same for all of the calls.
    pub text: String,
    /// How many calls ended so.
    pub count: u64,
    /// Whether asking them again as they are may bring an answer, or may once the user has put right what the reason
    /// names outside of the calls: a key, an address.
    pub may_pass: bool,
}

/// Groups what was said of calls that failed.
#[derive(Debug, Default)]
pub(crate) struct Gatherer {
    by_key: HashMap<Key, usize>,
    groups: Vec<Group>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    model: u32,
    may_pass: bool,
    /// The text without what may differ.
    text: String,
}

#[derive(Debug)]
struct Group {
    model: u32,
    may_pass: bool,
    parts: Vec<Part>,
    count: u64,
}

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Same(String),
    /// A number or an identifier.
    Varying(String),
    /// One that was not the same each time.
    Different,
}

impl Gatherer {
    /// Takes in the next row.
    pub(crate) fn add(&mut self, plan: &Plan, row: &Row) {
        let Some(outcome) = row.outcome.filter(|_| !row.elsewhere) else {
            return;
        };
        let is_probe = plan
            .tasks
            .get(row.task)
            .is_some_and(|task| task.probe.is_some());
        let is_expected = is_probe && outcome == Outcome::Unsupported;
        if matches!(outcome, Outcome::Answered | Outcome::Skipped) || is_expected {
            return;
        }
        let said = row
            .error
            .as_deref()
            .unwrap_or("a content filter cut off the answer");
        let may_pass = match row.error_kind {
            Some(CallErrorKind::Auth | CallErrorKind::NotFound | CallErrorKind::Forbidden) => true,
            _ => outcome == Outcome::Exhausted,
        };
        self.count(row.place.model, may_pass, said);
    }

    fn count(&mut self, model: u32, may_pass: bool, said: &str) {
        let mut parts = parts(without_host(said));
        let mut key = Key {
            model,
            may_pass,
            text: parts.iter().map(Part::in_key).collect(),
        };
        if self.groups.len() >= MOST_GROUPS && !self.by_key.contains_key(&key) {
            key.text.clear();
            parts = vec![Part::Same("for other reasons (see calls.csv)".to_owned())];
        }
        let groups = &mut self.groups;
        let position = *self.by_key.entry(key).or_insert_with(|| {
            groups.push(Group {
                model,
                may_pass,
                parts: parts.clone(),
                count: 0,
            });
            groups.len() - 1
        });
        let group = &mut groups[position];
        group.count += 1;
        for (known, part) in group.parts.iter_mut().zip(parts) {
            if *known != part {
                *known = Part::Different;
            }
        }
    }

    /// The commonest first; of equally common ones that which came first.
    pub(crate) fn finish(self) -> Vec<Reason> {
        let each = self.groups.into_iter().map(|group| Reason {
            model: group.model as usize,
            text: group.parts.iter().map(Part::shown).collect(),
            count: group.count,
            may_pass: group.may_pass,
        });
        let mut reasons: Vec<_> = each.collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        reasons
    }
}

impl Part {
    fn in_key(&self) -> &str {
        match self {
            Self::Same(text) => text,
            Self::Varying(_) | Self::Different => "\u{0}",
        }
    }

    fn shown(&self) -> &str {
        match self {
            Self::Same(text) | Self::Varying(text) => text,
            Self::Different => "…",
        }
    }
}

/// `said` without the host that it begins with: that is the model's.
fn without_host(said: &str) -> &str {
    match said.split_once(": ") {
        Some((host, rest)) if host.contains(':') && !host.contains(char::is_whitespace) => rest,
        _ => said,
    }
}

/// `text` as what is the same and what may differ, in turns.
fn parts(text: &str) -> Vec<Part> {
    let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    let mut rest = &text[..text.floor_char_boundary(LONGEST)];
    let mut parts = Vec::new();
    let mut same = String::new();
    while let Some(first) = rest.chars().next() {
        let is_word = is_of_word(first);
        let end = rest
            .find(|letter| is_of_word(letter) != is_word)
            .unwrap_or(rest.len());
        let (stretch, behind) = rest.split_at(end);
        let is_number = is_word && stretch.bytes().any(|byte| byte.is_ascii_digit());
        if is_number && !same.ends_with("HTTP ") {
            parts.push(Part::Same(std::mem::take(&mut same)));
            parts.push(Part::Varying(stretch.to_owned()));
        } else {
            same.push_str(stretch);
        }
        rest = behind;
    }
    parts.push(Part::Same(same));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(said: &[&str]) -> Vec<String> {
        let mut gathered = Gatherer::default();
        for text in said {
            gathered.count(0, false, text);
        }
        let reasons = gathered.finish();
        let shown = reasons
            .iter()
            .map(|one| format!("{} {}", one.count, one.text));
        shown.collect()
    }

    #[test]
    fn what_differs_in_numbers_and_identifiers_is_one_reason() {
        assert_eq!(
            reasons(&[
                "127.0.0.1:80: HTTP 400, limit 4096, you have 5001 (request req_9a)",
                "127.0.0.1:80: HTTP 400, limit 4096, you have 5002 (request req_7c)",
                "127.0.0.1:80: HTTP 500, limit 4096, you have 5002 (request req_7c)",
            ]),
            [
                "2 HTTP 400, limit 4096, you have … (request …)",
                "1 HTTP 500, limit 4096, you have 5002 (request req_7c)",
            ]
        );
        assert_eq!(reasons(&["a", "b", "b"]), ["2 b", "1 a"]);
        assert_eq!(reasons(&[""]), ["1 "]);
        assert_eq!(reasons(&["what: is this"]), ["1 what: is this"]);
    }

    #[test]
    fn there_are_only_so_many() {
        let words = |number: usize| -> String {
            let letters = number.to_string().into_bytes();
            letters.iter().map(|digit| char::from(digit + 49)).collect()
        };
        let said: Vec<_> = (0..5_000).map(words).collect();
        let said: Vec<_> = said.iter().map(String::as_str).collect();
        let reasons = reasons(&said);
        assert_eq!(reasons.len(), MOST_GROUPS + 1);
        assert_eq!(reasons[0], "4000 for other reasons (see calls.csv)");
    }
}
