//! Reasoning inside the content: `<think>…</think>` before the answer.
//!
//! Invariant: a content whose reasoning cannot be told apart for certain is left whole.

pub(super) const OPEN: &str = "<think>";
pub(super) const CLOSE: &str = "</think>";

/// The answer and its reasoning. Reasoning that came in a field of its own is taken as it is, and
/// the content then is the answer.
pub(super) fn split(content: String, field: String) -> (String, Option<String>) {
    if !field.is_empty() {
        return (content, Some(field));
    }
    let parts = match content.trim_start().strip_prefix(OPEN) {
        Some(rest) => Some(opened(rest)),
        None => opened_by_the_template(&content),
    };
    match parts {
        Some((reasoning, answer)) => {
            let reasoning = reasoning.trim().to_owned();
            let answer = answer.trim_start().to_owned();
            (answer, Some(reasoning).filter(|text| !text.is_empty()))
        }
        None => (content, None),
    }
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
            let (text, reasoning) = split(content.to_owned(), field.to_owned());
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
}
