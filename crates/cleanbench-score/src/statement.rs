//! Where an answer says what its final answer is.
//!
//! Recognised, in any case: `answer is`, `answer:`, `answer =` and `answer - ` (with a space: the
//! hyphen of "answer -5" is a sign), also with `would be`,
//! `should be` or `must be`, with `to …`/`for …` before the verb, and with `correct`, `right`, `best`,
//! `final` or `my` before `option` or `choice` instead of `answer`; then `\boxed{`. What follows is
//! the caller's to read: "the answer is not B" is found here too, and names nothing.
//!
//! Invariant: linear in the length of the text, since every part of the pattern is bounded.

use std::sync::LazyLock;

use regex::Regex;

/// A place at which a final answer may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Where the answer would start, after decoration.
    pub(crate) at: usize,
    /// Whether it stands in the braces of `\boxed{…}`.
    pub(crate) boxed: bool,
}

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?xi)
        (?<boxed> \\ (?:boxed|fbox) \s{0,4} \{ (?: \s{0,4} \\ (?:text|textbf|mathrm|mathbf|textrm) \s{0,4} \{ )? )
        |
        \b (?: answer | (?:correct|right|best|final|my) [\ \t]{1,4} (?:option|choice) )
        (?: [\ \t]{1,4} (?:to|for) \b [^.:\n]{1,80}? )?
        [\s*_`"']{0,8}
        (?: : | ： | = | [-–—] [\ \t] | \b (?: is | (?:would|should|must) [\ \t]{1,4} be) \b [\s]{0,4} (?: : | ： )? )
        [\s*_`"']{0,8}
        (?: (?:the [\ \t]{1,4})? (?:option|choice|letter) \b [\s*_`"']{1,8} )?
        "#,
    )
    .expect("the pattern is fixed and its tests compile it")
});

/// Every statement in `text`, in order.
pub(crate) fn statements(text: &str) -> impl Iterator<Item = Statement> + '_ {
    PATTERN.captures_iter(text).filter_map(|found| {
        let whole = found.get(0)?;
        Some(Statement {
            at: whole.end(),
            boxed: found.name("boxed").is_some(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = statements(text).map(|found| &text[found.at..]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_follows_a_statement() {
        check("The answer is B.", &["B."]);
        check("**Answer:** (C)", &["(C)"]);
        check("ANSWER : option D", &["D"]);
        check("answer\n\n**B**", &[]);
        check("Final answer:\n**B**", &["B**"]);
        check("the correct option is the letter B", &["B"]);
        check("The answer to question 3 is: (C)", &["(C)"]);
        check("The answer for 3: 7", &["7"]);
        check("so \\boxed{\\text{B}}", &["B}}"]);
        check("\\boxed {5}", &["5}"]);
        check("The answer isn't B", &[]);
        check("The answers: A, B", &[]);
        check("The answered is A", &[]);
        check("answer is 5. Answer: 6", &["5. Answer: 6", "6"]);
        check("The answer would be - 5", &["- 5"]);
        check("answer - 5, answer -5", &["5, answer -5"]);
        check("答え：B answer：B", &["B"]);
    }
}
