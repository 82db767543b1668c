//! What a value of a Parquet column says, written as JSON has it.
//!
//! Invariants: a number keeps all its digits: one that a 64-bit float would round is written as a text; points in time
//! are written by ISO 8601, with `Z` where the file says that they are in UTC. Refused: what no calendar and no number
//! of JSON can say, so that nothing that is there is read as missing.

use jiff::{SignedDuration, civil};
use parquet::data_type::ByteArray;

use crate::parquet_record::Atom;

/// Digits that every 64-bit float keeps.
const KEPT_DIGITS: usize = 15;
/// Digits that every 64-bit whole number keeps.
const KEPT_WHOLE: usize = 18;
/// Most bytes of a decimal number; writers use up to 32.
const MOST_DECIMAL: usize = 64;

/// In what a time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl Unit {
    fn duration(self, count: i64) -> SignedDuration {
        match self {
            Self::Milliseconds => SignedDuration::from_millis(count),
            Self::Microseconds => SignedDuration::from_micros(count),
            Self::Nanoseconds => SignedDuration::from_nanos(count),
        }
    }
}

/// A 64-bit float; what JSON has no number for is null.
pub(crate) fn real(value: Option<f64>) -> Atom {
    let number = value.and_then(serde_json::Number::from_f64);
    number.map_or(Atom::NoNumber, |number| Atom::Plain(number.to_string()))
}

/// The day `days` after 1970-01-01.
pub(crate) fn date(days: i64) -> Atom {
    let date = i32::try_from(days).ok().and_then(|days| {
        let span = jiff::Span::new().try_days(days).ok()?;
        civil::date(1970, 1, 1).checked_add(span).ok()
    });
    date.map_or(Atom::Unsayable("a day beyond the calendar"), |date| {
        text(&date.to_string())
    })
}

/// The moment `count` units after the beginning of 1970.
pub(crate) fn timestamp(count: i64, unit: Unit, is_utc: bool) -> Atom {
    moment(unit.duration(count), is_utc)
}

/// The moment `nanoseconds` into the day `days` after 1970-01-01, as old files have it, which say nothing of zones.
pub(crate) fn day_and_time(days: i64, nanoseconds: i64) -> Atom {
    let day = days.checked_mul(86_400).map(SignedDuration::from_secs);
    let whole = day.and_then(|day| day.checked_add(SignedDuration::from_nanos(nanoseconds)));
    whole.map_or(Atom::Unsayable(NO_MOMENT), |whole| moment(whole, false))
}

const NO_MOMENT: &str = "a moment beyond the calendar";

fn moment(since: SignedDuration, is_utc: bool) -> Atom {
    let start = civil::date(1970, 1, 1).at(0, 0, 0, 0);
    let Ok(found) = start.checked_add(since) else {
        return Atom::Unsayable(NO_MOMENT);
    };
    let zone = if is_utc { "Z" } else { "" };
    text(&format!("{found}{zone}"))
}

/// The time of a day `count` units after midnight.
pub(crate) fn time(count: i64, unit: Unit) -> Atom {
    let midnight = civil::time(0, 0, 0, 0);
    let found = midnight.checked_add(unit.duration(count));
    found.map_or(Atom::Unsayable("a time beyond the day"), |time| {
        text(&time.to_string())
    })
}

/// A whole number of `scale` decimals.
pub(crate) fn decimal(value: i64, scale: u32) -> Atom {
    decimal_of(value < 0, &value.unsigned_abs().to_string(), scale)
}

/// A whole number of `scale` decimals, in two's complement with its highest byte first.
pub(crate) fn decimal_of_bytes(bytes: &[u8], scale: u32) -> Atom {
    if bytes.is_empty() || bytes.len() > MOST_DECIMAL {
        return Atom::Unsayable("a decimal number of a length that no program writes");
    }
    let is_negative = bytes[0] >= 0x80;
    let mut magnitude = bytes.to_vec();
    if is_negative {
        negate(&mut magnitude);
    }
    decimal_of(is_negative, &digits(magnitude), scale)
}

/// Two's complement of a number with its highest byte first.
fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes.iter_mut().rev() {
        let (negated, overflows) = (!*byte).overflowing_add(u8::from(carry));
        *byte = negated;
        carry = overflows;
    }
}

/// The decimal digits of a number with its highest byte first.
fn digits(mut bytes: Vec<u8>) -> String {
    let mut found = Vec::new();
    while bytes.iter().any(|byte| *byte != 0) {
        let mut rest = 0_u16;
        for byte in &mut bytes {
            let value = rest << 8 | u16::from(*byte);
            *byte = u8::try_from(value / 10).unwrap_or(u8::MAX);
            rest = value % 10;
        }
        found.push(char::from_digit(u32::from(rest), 10).unwrap_or('0'));
    }
    found.iter().rev().collect()
}

fn decimal_of(is_negative: bool, digits: &str, scale: u32) -> Atom {
    let Ok(scale @ 0..=1_000) = usize::try_from(scale) else {
        return Atom::Unsayable("a decimal number of more than 1000 decimals");
    };
    let significant = digits.trim_start_matches('0').len();
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, part) = padded.split_at(padded.len() - scale);
    let sign = if is_negative { "-" } else { "" };
    if scale == 0 && significant <= KEPT_WHOLE {
        return Atom::Plain(format!("{sign}{whole}"));
    }
    let point = if scale == 0 { "" } else { "." };
    let written = format!("{sign}{whole}{point}{part}");
    if significant <= KEPT_DIGITS {
        Atom::Plain(written)
    } else {
        text(&written)
    }
}

/// A float of 16 bits, with its lowest byte first.
pub(crate) fn half(bytes: &[u8]) -> Atom {
    let [low, high] = *bytes else {
        return Atom::Unsayable("a number of 16 bits of another length");
    };
    let bits = u16::from_le_bytes([low, high]);
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let value = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
    };
    real(Some(sign * value))
}

/// An identifier of 16 bytes.
pub(crate) fn uuid(bytes: &[u8]) -> Atom {
    if bytes.len() != 16 {
        return Atom::Unsayable("an identifier that has not 16 bytes");
    }
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    let digits = digits.collect::<String>();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    text(&parts.join("-"))
}

fn text(text: &str) -> Atom {
    Atom::Text(ByteArray::from(text.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Atom {
        Atom::Plain(text.to_owned())
    }

    #[test]
    fn decimal_numbers_keep_every_digit() {
        assert_eq!(decimal(-1234, 2), plain("-12.34"));
        assert_eq!(decimal(5, 3), plain("0.005"));
        assert_eq!(decimal(7, 0), plain("7"));
        assert_eq!(decimal(10_000, 2), plain("100.00"));
        assert_eq!(decimal_of_bytes(&[0x04, 0xd2], 2), plain("12.34"));
        assert_eq!(decimal_of_bytes(&[0xff, 0xfb], 2), plain("-0.05"));
        assert_eq!(decimal_of_bytes(&[0], 1), plain("0.0"));
        assert_eq!(decimal_of_bytes(&[0x80], 0), plain("-128"));
        let long = 12_345_678_901_234_567_890_123_456_789_012_345_i128;
        assert_eq!(
            decimal_of_bytes(&long.to_be_bytes(), 5),
            text("123456789012345678901234567890.12345")
        );
        assert_eq!(
            decimal_of_bytes(&(-long).to_be_bytes(), 0),
            text("-12345678901234567890123456789012345")
        );
        assert!(matches!(decimal_of_bytes(&[], 0), Atom::Unsayable(_)));
    }

    #[test]
    fn points_in_time_are_written_by_the_calendar() {
        assert_eq!(date(20_000), text("2024-10-04"));
        assert!(matches!(date(i64::MAX), Atom::Unsayable(_)));
        let millis = 1_767_323_045_678;
        assert_eq!(
            timestamp(millis, Unit::Milliseconds, true),
            text("2026-01-02T03:04:05.678Z")
        );
        assert_eq!(
            timestamp(millis * 1_000, Unit::Microseconds, false),
            text("2026-01-02T03:04:05.678")
        );
        assert_eq!(
            timestamp(-1, Unit::Nanoseconds, true),
            text("1969-12-31T23:59:59.999999999Z")
        );
        assert!(matches!(
            timestamp(i64::MAX, Unit::Milliseconds, true),
            Atom::Unsayable(_)
        ));
        assert_eq!(time(3_723_000, Unit::Milliseconds), text("01:02:03"));
        assert!(matches!(
            time(i64::MAX, Unit::Microseconds),
            Atom::Unsayable(_)
        ));
        assert_eq!(
            day_and_time(20_000, 1_000_000_000),
            text("2024-10-04T00:00:01")
        );
    }

    #[test]
    fn other_values_are_written_as_json_has_them() {
        assert_eq!(real(Some(f64::NAN)), Atom::NoNumber);
        assert_eq!(real(Some(100.0)), plain("100.0"));
        assert_eq!(half(&[0x00, 0x3e]), plain("1.5"));
        assert_eq!(half(&[0x00, 0xc0]), plain("-2.0"));
        assert_eq!(half(&[0x01, 0x00]), plain("5.960464477539063e-8"));
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(uuid(&bytes), text("00010203-0405-0607-0809-0a0b0c0d0e0f"));
    }
}
