//! Reasoning inside the content: `<think>…</think>` before the answer.
//!
//! Invariant: a content whose reasoning cannot be told apart for certain is left whole.

use cleanbench_core::Finish;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// The answer and its reasoning. Reasoning that came in a field of its own is taken as it is, and
/// the content then is the answer.
pub(super) fn split(content: String, field: String, finish: &Finish) -> (String, Option<String>) {
    if !field.is_empty() {
        return (content, Some(field));
    }
    let parts = match content.trim_start().strip_prefix(OPEN) {
        Some(rest) => opened(rest, finish),
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

fn opened<'a>(rest: &'a str, finish: &Finish) -> Option<(&'a str, &'a str)> {
    match rest.split_once(CLOSE) {
        Some(parts) => Some(parts),
        // Cut off while it was thinking: there is no answer yet. A model that ended of its own
        // accord may mean the tag literally.
        None if *finish == Finish::Stop => None,
        None => Some((rest, "")),
    }
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
        let check = |content: &str, field: &str, finish: &Finish, expect: (&str, Option<&str>)| {
            let (text, reasoning) = split(content.to_owned(), field.to_owned(), finish);
            assert_eq!((text.as_str(), reasoning.as_deref()), expect, "{content:?}");
        };
        let stop = &Finish::Stop;
        check("42", "", stop, ("42", None));
        check(
            "<think>\nhm\n</think>\n\n42\n",
            "",
            stop,
            ("42\n", Some("hm")),
        );
        check(" <think></think>42", "", stop, ("42", None));
        check("hm\n</think>\n\n42", "", stop, ("42", Some("hm")));
        check("<think>hm", "", &Finish::Length, ("", Some("hm")));
        check("<think>hm", "", &Finish::Unreported, ("", Some("hm")));
        check("<think>", "", stop, ("<think>", None));
        check(
            "a</think>b</think>c",
            "",
            stop,
            ("a</think>b</think>c", None),
        );
        check(
            "say <think>x</think>",
            "",
            stop,
            ("say <think>x</think>", None),
        );
        check(
            "<think>x</think>42",
            "own",
            stop,
            ("<think>x</think>42", Some("own")),
        );
        check("", "own", &Finish::Length, ("", Some("own")));
    }
}
