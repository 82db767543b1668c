//! Words that make a number negative without a sign: "a loss of $500", "he owes 20", "($500)".
//!
//! Whether 500 or -500 is asked for cannot be told from the number: the target -500 says so, and so does a question that
//! speaks of a loss itself. Elsewhere a number that such words lead in is not read as a positive one.
//!
//! Invariant: looks at bounded stretches around a number.

use std::sync::LazyLock;

use regex::Regex;

use cleanbench_text::number::Number;
use cleanbench_text::scan::window;

/// What words make of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing.
    Plain,
    /// It may be meant as a negative one: "a decrease of 5".
    Lowered,
    /// It is less than nothing: "a loss of 5".
    Lost,
}

const LOSS: &str = "loss|losses|deficit|shortfall|owe|owes|owed|owing|debt|overdrawn|overdraft|in the red|verlust|\
    defizit|fehlbetrag|schulden|schuldet|perte|déficit|pérdida|perdita|prejuízo|verlies|förlust|strata|ztráta|убыток|\
    долг|збиток|ζημία|zarar";

const LOWERED: &str = "decrease|decreased|decreases|drop|dropped|drops|decline|declined|fell|fallen|reduction|reduced|\
    lower|lowered|down|shrank|abnahme|rückgang|gesunken|baisse|diminution|disminución|queda";

static LOST: LazyLock<Regex> = LazyLock::new(|| before(LOSS));
static LESS: LazyLock<Regex> = LazyLock::new(|| before(LOWERED));

static AFTER: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)^[\s*_$€%]{0,6}(?:(?:dollars?|euros?|pounds|percent|points?|degrees)\s)?(?:loss|deficit|shortfall|in debt|in the red|below zero|overdrawn|verlust|perte)(?:$|[^\p{L}])",
    )
});

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed and the tests compile it")
}

/// What stands right before a number, with at most three words between.
fn before(words: &str) -> Regex {
    compiled(&format!(
        r"(?i)(?:^|[^\p{{L}}])(?P<word>{words})(?:\s+[\p{{L}}']{{1,12}}){{0,3}}[\s:*_$€£¥~≈]{{0,6}}$"
    ))
}

/// What the words around `number` make of it.
pub(super) fn of(text: &str, number: &Number) -> Sign {
    let from = text.ceil_char_boundary(number.start.saturating_sub(64));
    let head = &text[from..number.start];
    let head = head
        .rsplit(['.', '!', '?', ';', '\n'])
        .next()
        .unwrap_or(head);
    if leads(&LOST, head)
        || AFTER.is_match(window(text, number.end, 40))
        || is_in_brackets(text, number)
    {
        Sign::Lost
    } else if leads(&LESS, head) {
        Sign::Lowered
    } else {
        Sign::Plain
    }
}

/// Whether such a word leads in what follows `head`, and nothing denies it.
fn leads(words: &Regex, head: &str) -> bool {
    const DENIED: [&str; 10] = [
        "no", "not", "without", "profit", "gain", "from", "to", "than", "kein", "sans",
    ];
    let Some(word) = words.captures(head).and_then(|found| found.name("word")) else {
        return false;
    };
    let earlier = head[..word.start()].split_whitespace().rev().take(2);
    let mut around = head[word.end()..].split_whitespace().chain(earlier);
    !around.any(|word| DENIED.contains(&word.to_lowercase().as_str()))
}

/// Whether the answer is money in brackets and nothing else, as in accounts.
fn is_in_brackets(text: &str, number: &Number) -> bool {
    let inner = text
        .trim()
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'));
    let own = &text[number.start..number.end];
    inner == Some(own) && own.starts_with(['$', '€', '£', '¥'])
}

/// Whether a question asks for a loss itself, so that its amount is the answer.
pub(super) fn asks_for_loss(question: &str) -> bool {
    static ASKED: LazyLock<Regex> = LazyLock::new(|| {
        compiled(&format!(
            r"(?i)(?:^|[^\p{{L}}])(?:{LOSS}|lose|loses|lost|short)(?:$|[^\p{{L}}])"
        ))
    });
    ASKED.is_match(window(question, 0, 1 << 14))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cleanbench_text::number::{Form, numbers};

    #[test]
    fn words_for_less_than_nothing() {
        for (text, expected) in [
            ("a loss of $500", Sign::Lost),
            ("He owes his brother $500", Sign::Lost),
            ("a $500 loss", Sign::Lost),
            ("($500)", Sign::Lost),
            ("a decrease of 500", Sign::Lowered),
            ("no loss: 500", Sign::Plain),
            ("a profit of 500", Sign::Plain),
            ("the loss fell to 500", Sign::Plain),
            ("(500)", Sign::Plain),
            ("loss. 500", Sign::Plain),
        ] {
            let number = numbers(text, Form::default())[0];
            assert_eq!(of(text, &number), expected, "{text}");
        }
        assert!(asks_for_loss("How much does he owe?"));
        assert!(!asks_for_loss("What is the balance?"));
    }
}
