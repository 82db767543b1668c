//! Dated prices; usage to money.
//!
//! Invariant: money is exact decimal and never invented. A token count that the endpoint did not
//! report, or counts that contradict each other, give `None`: an unknown cost is not a cost of 0.
//!
//! It refuses prices that are negative or above 1,000,000 USD per million tokens, dates that are not
//! `YYYY-MM-DD`, and keys it does not know, so that a misspelt `cached_imput` is an error and not a
//! silent full price.

use cleanbench_core::{Usage, Usd};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// What a million tokens cost, in US dollars, and where that is written.
///
/// Amounts are decimal strings (`"0.15"`), so that no binary rounding enters them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// USD per million tokens of the prompt.
    #[serde(deserialize_with = "amount")]
    pub input: Usd,
    /// USD per million generated tokens, those of reasoning included.
    #[serde(deserialize_with = "amount")]
    pub output: Usd,
    /// USD per million tokens of the prompt that were read from the endpoint's cache; `input` where
    /// it is not given.
    #[serde(
        default,
        deserialize_with = "optional_amount",
        skip_serializing_if = "Option::is_none"
    )]
    pub cached_input: Option<Usd>,
    /// USD per million tokens of the prompt that were written to the endpoint's cache; `input` where
    /// it is not given.
    #[serde(
        default,
        deserialize_with = "optional_amount",
        skip_serializing_if = "Option::is_none"
    )]
    pub cache_write: Option<Usd>,
    /// Where the price was read, for example an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When it was read, `YYYY-MM-DD`.
    #[serde(
        default,
        deserialize_with = "optional_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub date: Option<String>,
}

impl Price {
    /// What a call with this `usage` costs, rounded up to a picodollar for each kind of token.
    ///
    /// `None` when the prompt's or the completion's count is not reported, when the counts contradict
    /// each other, or when more tokens are said to be cached than the prompt has. Where the cached
    /// count alone is missing, the whole prompt is charged at the full price, so that a cost is never
    /// understated.
    pub fn cost(&self, usage: &Usage) -> Option<Usd> {
        if usage.inconsistent {
            return None;
        }
        let (prompt, completion) = (usage.prompt?, usage.completion?);
        let (read, written) = (usage.cached.unwrap_or(0), usage.cache_write.unwrap_or(0));
        let rest = prompt.checked_sub(read)?.checked_sub(written)?;
        let read = self.cached_input.unwrap_or(self.input).per_million(read);
        let written = self.cache_write.unwrap_or(self.input).per_million(written);
        Some(self.estimate(rest, completion) + read + written)
    }

    /// The most that a call with at most `prompt_tokens` and `completion_tokens` can cost, whichever
    /// part of the prompt the endpoint's cache holds.
    pub fn worst(&self, prompt_tokens: u64, completion_tokens: u64) -> Usd {
        let special = [self.cached_input, self.cache_write];
        let dearest = special.into_iter().flatten().fold(self.input, Usd::max);
        // A cost rounds up each of the prompt's three kinds by itself.
        let rounding = Usd::from_pico(2);
        dearest.per_million(prompt_tokens) + rounding + self.output.per_million(completion_tokens)
    }

    /// What a call with `prompt_tokens`, none of them cached, and `completion_tokens` would cost.
    pub fn estimate(&self, prompt_tokens: u64, completion_tokens: u64) -> Usd {
        self.input.per_million(prompt_tokens) + self.output.per_million(completion_tokens)
    }
}

/// The largest price that is read. It is absurdly high, and low enough that no token count an
/// endpoint can report makes the cost of a call overflow.
const HIGHEST: Usd = Usd::from_pico(1_000_000 * 1_000_000_000_000);

fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Usd, D::Error> {
    let amount = Usd::deserialize(deserializer)?;
    if amount < Usd::ZERO || amount > HIGHEST {
        return Err(D::Error::custom(format_args!(
            "price {amount} is not between 0 and {HIGHEST} US dollars per million tokens"
        )));
    }
    Ok(amount)
}

fn optional_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Usd>, D::Error> {
    /// Lets the check run inside an `Option`.
    #[derive(Deserialize)]
    struct Amount(#[serde(deserialize_with = "amount")] Usd);
    Ok(Option::<Amount>::deserialize(deserializer)?.map(|amount| amount.0))
}

fn optional_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let date = Option::<String>::deserialize(deserializer)?;
    match date {
        Some(text) if !is_date(&text) => Err(D::Error::custom(format_args!(
            "`{text}` is not a date such as \"2026-10-01\""
        ))),
        date => Ok(date),
    }
}

/// Whether `text` is `YYYY-MM-DD` with a month of 1 to 12 and a day of 1 to 31.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let within = |part: &str, digits: usize, highest: u32| {
        part.len() == digits
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part
                .parse()
                .is_ok_and(|value: u32| (1..=highest).contains(&value))
    };
    within(year, 4, 9999) && within(month, 2, 12) && within(day, 2, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(cached_input: Option<&str>) -> Price {
        Price {
            input: "0.15".parse().unwrap(),
            output: "0.60".parse().unwrap(),
            cached_input: cached_input.map(|text| text.parse().unwrap()),
            cache_write: None,
            source: None,
            date: None,
        }
    }

    fn usage(prompt: Option<u64>, completion: Option<u64>, cached: Option<u64>) -> Usage {
        Usage {
            prompt,
            completion,
            cached,
            ..Usage::default()
        }
    }

    fn check(cached_input: Option<&str>, usage: Usage, expected: Option<&str>) {
        let found = price(cached_input)
            .cost(&usage)
            .map(|cost| cost.to_string());
        assert_eq!(found.as_deref(), expected, "{usage:?}");
    }

    #[test]
    fn costs_are_exact() {
        check(
            None,
            usage(Some(1_000_000), Some(1_000_000), None),
            Some("0.75"),
        );
        check(None, usage(Some(1), Some(0), None), Some("0.00000015"));
        check(
            None,
            usage(Some(1_234), Some(567), Some(0)),
            Some("0.0005253"),
        );
        check(None, usage(Some(0), Some(0), None), Some("0.00"));
        // 1000 at 0.15, 9000 at 0.003, 500 at 0.60 a million.
        check(
            Some("0.003"),
            usage(Some(10_000), Some(500), Some(9_000)),
            Some("0.000477"),
        );
        check(
            Some("0.003"),
            usage(Some(10_000), Some(500), None),
            Some("0.0018"),
        );
        check(
            None,
            usage(Some(10_000), Some(500), Some(9_000)),
            Some("0.0018"),
        );
        check(
            Some("0.00"),
            usage(Some(10), Some(0), Some(10)),
            Some("0.00"),
        );
    }

    #[test]
    fn what_is_written_to_the_cache_has_its_own_price() {
        let usage = Usage {
            prompt: Some(10_000),
            completion: Some(0),
            cached: Some(5_000),
            cache_write: Some(4_000),
            ..Usage::default()
        };
        let cost = |price: &Price| price.cost(&usage).map(|cost| cost.to_string());
        // 1000 and 4000 at 0.15, 5000 at 0.003 a million.
        let mut price = price(Some("0.003"));
        assert_eq!(cost(&price).as_deref(), Some("0.000765"));
        price.cache_write = Some("0.1875".parse().unwrap());
        assert_eq!(cost(&price).as_deref(), Some("0.000915"));
        let mut more = usage;
        more.cache_write = Some(6_000);
        assert_eq!(price.cost(&more), None);
        more = usage;
        more.inconsistent = true;
        assert_eq!(price.cost(&more), None);
    }

    #[test]
    fn what_is_not_reported_is_not_free() {
        check(None, usage(None, Some(5), None), None);
        check(None, usage(Some(5), None, None), None);
        check(None, usage(None, None, Some(5)), None);
    }

    #[test]
    fn counts_that_contradict_each_other_have_no_cost() {
        check(Some("0.003"), usage(Some(5), Some(5), Some(6)), None);
        check(None, usage(Some(0), Some(5), Some(u64::MAX)), None);
    }

    #[test]
    fn an_estimate_is_the_cost_without_a_cache() {
        let price = price(Some("0.003"));
        let cost = price.cost(&usage(Some(777), Some(33), None));
        assert_eq!(cost, Some(price.estimate(777, 33)));
        assert_eq!(price.estimate(777, 33).to_string(), "0.00013635");
    }

    #[test]
    fn the_highest_price_and_count_do_not_overflow() {
        let price = Price {
            input: HIGHEST,
            output: HIGHEST,
            ..price(None)
        };
        let cost = price.estimate(u64::MAX, u64::MAX);
        assert_eq!(cost.to_string(), "36893488147419103230.00");
    }

    #[test]
    fn a_price_reads_as_it_was_written() {
        let text = r#"{"input":"0.15","output":"0.60","cached_input":"0.003","cache_write":"0.1875","source":"https://example.org/prices","date":"2026-10-01"}"#;
        let price: Price = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&price).unwrap(), text);
        let short: Price = serde_json::from_str(r#"{"input":"1","output":"0"}"#).unwrap();
        assert_eq!((short.cached_input, short.date), (None, None));
    }

    fn refused(text: &str, reason: &str) {
        let error = serde_json::from_str::<Price>(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for (text, reason) in [
            (r#"{"output":"1"}"#, "missing field `input`"),
            (r#"{"input":0.15,"output":"1"}"#, "expected a text"),
            (r#"{"input":"0,15","output":"1"}"#, "not a decimal amount"),
            (
                r#"{"input":"-1","output":"1"}"#,
                "price -1.00 is not between",
            ),
            (
                r#"{"input":"1","output":"1000000.01"}"#,
                "price 1000000.01 is not between",
            ),
            (
                r#"{"input":"1","output":"1","cached_input":"-0.1"}"#,
                "price -0.10 is not",
            ),
            (
                r#"{"input":"1","output":"1","cached_imput":"0"}"#,
                "unknown field `cached_imput`",
            ),
            (
                r#"{"input":"1","output":"1","date":"1.10.2026"}"#,
                "`1.10.2026` is not a date",
            ),
            (
                r#"{"input":"1","output":"1","date":"2026-13-01"}"#,
                "is not a date",
            ),
            (
                r#"{"input":"1","output":"1","date":"2026-1-01"}"#,
                "is not a date",
            ),
        ] {
            refused(text, reason);
        }
    }
}
