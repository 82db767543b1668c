//! Exact decimal money. Prices and costs are never floats.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::deserialize_from_str;

/// An amount of US dollars in whole picodollars (10⁻¹² USD).
///
/// A price of one micro-dollar a million tokens is one picodollar a token, so prices with up to six
/// decimals give exact costs. The range is ±1.7 × 10²⁶ USD.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i128);

const PICO: i128 = 1_000_000_000_000;

impl Usd {
    /// Nothing. Not the same as an unknown amount, which is `None`.
    pub const ZERO: Self = Self(0);

    /// An amount in picodollars.
    pub const fn from_pico(pico: i128) -> Self {
        Self(pico)
    }

    /// The amount in picodollars.
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// Cost of `tokens` at this price *per million tokens*, rounded up to a picodollar.
    #[must_use]
    pub fn per_million(self, tokens: u64) -> Self {
        let product = self.0 * i128::from(tokens);
        Self(product.div_euclid(1_000_000) + i128::from(product.rem_euclid(1_000_000) != 0))
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Usd {
    /// Plain decimal without trailing zeros, at least two decimals: `0.15`, `12.00`, `0.000003`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let pico = PICO.unsigned_abs();
        let fraction = format!("{:012}", magnitude % pico);
        let kept = fraction.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{}.{}", magnitude / pico, &fraction[..kept])
    }
}

/// The text is not a plain decimal amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a decimal amount of US dollars such as \"0.15\" (at most 12 decimals, no exponent)"
)]
pub struct ParseUsdError(String);

impl FromStr for Usd {
    type Err = ParseUsdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseUsdError(text.to_owned());
        let (negative, digits) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let dangling = digits.ends_with('.') || whole.is_empty();
        if dangling
            || whole.len() > 15
            || fraction.len() > 12
            || !all_digits(whole)
            || !all_digits(fraction)
        {
            return Err(error());
        }
        let pico: i128 = format!("{whole}{fraction:0<12}")
            .parse()
            .map_err(|_| error())?;
        Ok(Self(if negative { -pico } else { pico }))
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_from_str(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_value_agree() {
        for text in [
            "0.15",
            "12.00",
            "0.000003",
            "-1.50",
            "999999999999999.123456789012",
        ] {
            assert_eq!(text.parse::<Usd>().unwrap().to_string(), text);
        }
        assert_eq!("3".parse::<Usd>().unwrap().to_string(), "3.00");
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "1e3",
            "0,15",
            "NaN",
            "1.0000000000001",
            "+1",
            " 1",
        ] {
            assert!(text.parse::<Usd>().is_err(), "{text}");
        }
    }

    #[test]
    fn costs_are_exact() {
        let price: Usd = "0.15".parse().unwrap();
        assert_eq!(price.per_million(1), Usd::from_pico(150_000));
        assert_eq!(price.per_million(1_000_000), price);
        let tiny = Usd::from_pico(1);
        assert_eq!(
            tiny.per_million(1),
            Usd::from_pico(1),
            "rounded up, never to zero"
        );
    }
}
