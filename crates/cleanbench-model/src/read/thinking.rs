//! Reasoning inside the content: `<think>…</think>` before the answer, and whatever stands in marks that a profile or an
//! entry of the models file names.
//!
//! Invariant: a content whose reasoning cannot be told apart for certain is left whole. What somebody named is certain,
//! wherever it stands. Linear in the length of the content.

use crate::provider::Marks;

pub(super) const OPEN: &str = "<think>";
pub(super) const CLOSE: &str = "</think>";

/// The answer and its reasoning. Reasoning that came in a field of its own is taken as it is, and
/// the content then is the answer, but for what stands in `marks`, which somebody said are of reasoning.
pub(super) fn split(content: String, field: String, marks: &[Marks]) -> (String, Option<String>) {
    let mut thoughts = Vec::new();
    let content = marks.iter().fold(content, |content, marks| {
        without(content, marks, &mut thoughts)
    });
    if !field.is_empty() {
        thoughts.insert(0, field);
        return (content, Some(thoughts.join("\n\n")));
    }
    let parts = match content.trim_start().strip_prefix(OPEN) {
        Some(rest) => Some(opened(rest)),
        None => opened_by_the_template(&content),
    };
    let content = match parts {
        Some((reasoning, answer)) => {
            let reasoning = reasoning.trim().to_owned();
            thoughts.extend(Some(reasoning).filter(|text| !text.is_empty()));
            answer.trim_start().to_owned()
        }
        None => content,
    };
    let reasoning = thoughts.join("\n\n");
    (content, Some(reasoning).filter(|text| !text.is_empty()))
}

/// `content` without all that stands between `marks`, which is added to `thoughts`: with none that begins it, from the
/// start; with none that ends it, to the end.
fn without(content: String, marks: &Marks, thoughts: &mut Vec<String>) -> String {
    let (open, close) = (marks.open.as_str(), marks.close.as_str());
    if open.is_empty() || close.is_empty() || !(content.contains(open) || content.contains(close)) {
        return content;
    }
    let mut think = |text: &str| {
        let text = text.trim();
        if !text.is_empty() {
            thoughts.push(text.to_owned());
        }
    };
    let mut rest = content.as_str();
    let first = rest.find(open).unwrap_or(rest.len());
    if let Some(end) = rest[..first].find(close) {
        think(&rest[..end]);
        rest = &rest[end + close.len()..];
    }
    let mut answer = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once(open) {
        answer.push_str(before);
        let (thought, behind) = after.split_once(close).unwrap_or((after, ""));
        think(thought);
        rest = behind;
    }
    answer.push_str(rest);
    answer.trim_start().to_owned()
}

/// Without an end of its reasoning there is no answer, whatever the model says it ended for.
fn opened(rest: &str) -> (&str, &str) {
    rest.split_once(CLOSE).unwrap_or((rest, ""))
}

/// Templates that open the tag in the prompt leave only its end in the answer.
fn opened_by_the_template(content: &str) -> Option<(&str, &str)> {
    let (before, after) = content.split_once(CLOSE)?;
    let certain = !after.contains(CLOSE) && !content.contains(OPEN);
    certain.then_some((before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_is_told_apart() {
        let check = |content: &str, field: &str, expect: (&str, Option<&str>)| {
            let (text, reasoning) = split(content.to_owned(), field.to_owned(), &[]);
            assert_eq!((text.as_str(), reasoning.as_deref()), expect, "{content:?}");
        };
        check("42", "", ("42", None));
        check("<think>\nhm\n</think>\n\n42\n", "", ("42\n", Some("hm")));
        check(" <think></think>42", "", ("42", None));
        check("hm\n</think>\n\n42", "", ("42", Some("hm")));
        check("<think>hm", "", ("", Some("hm")));
        check("<think>hm", "", ("", Some("hm")));
        check("<think>maybe 42", "", ("", Some("maybe 42")));
        check("a</think>b</think>c", "", ("a</think>b</think>c", None));
        check("say <think>x</think>", "", ("say <think>x</think>", None));
        check(
            "<think>x</think>42",
            "own",
            ("<think>x</think>42", Some("own")),
        );
        check("", "own", ("", Some("own")));
    }

    #[test]
    fn marks_that_were_named_are_of_reasoning_wherever_they_stand() {
        let marks = [["<x>", "</x>"], ["[T]", "[/T]"]].map(|pair| pair.map(str::to_owned).into());
        let check = |content: &str, field: &str, expect: (&str, Option<&str>)| {
            let (text, reasoning) = split(content.to_owned(), field.to_owned(), &marks);
            assert_eq!((text.as_str(), reasoning.as_deref()), expect, "{content:?}");
        };
        check("42", "", ("42", None));
        check("<x>hm</x>\n42", "", ("42", Some("hm")));
        check("So: <x>hm</x>42", "", ("So: 42", Some("hm")));
        check("<x>a</x>4<x>b</x>2", "", ("42", Some("a\n\nb")));
        check("<x>a</x>[T]b[/T]42", "", ("42", Some("a\n\nb")));
        check("hm</x>42", "", ("42", Some("hm")));
        check("a <x>hm", "", ("a ", Some("hm")));
        check("<x>a</x><think>b</think>42", "", ("42", Some("a\n\nb")));
        check("<x>a</x>42", "own", ("42", Some("own\n\na")));
        check("<x></x>42", "", ("42", None));
    }
}
