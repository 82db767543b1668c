//! What in a text looks personal or secret: addresses, numbers, keys.
//!
//! | kind | what is checked |
//! |---|---|
//! | e-mail address | its form |
//! | phone number | `+` and 8 to 15 digits, or 7 to 12 digits in groups that are no date |
//! | bank account (IBAN) | length and check digits (ISO 13616, ISO 7064 MOD 97-10) |
//! | payment card | 13 to 19 digits, first digit, check digit (Luhn, ISO/IEC 7812-1) |
//! | IP address | IPv4 or IPv6, those of this machine left out |
//! | social security number (US) | its form, numbers that were never given out left out |
//! | key or token | beginnings that providers use, JSON web tokens, private keys |
//!
//! Names, addresses of houses, and whatever has no form of its own are not found; and a number that fits by chance is
//! found though it is none. Invariants: time is linear in the text; nothing is altered; what is shown of a value is its
//! shape.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A kind of what looks personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Personal {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// An international bank account number.
    Iban,
    /// The number of a payment card.
    Card,
    /// An IP address.
    Ip,
    /// A social security number of the United States.
    SocialSecurity,
    /// A key, a token or a private key.
    Secret,
}

impl Personal {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "e-mail address",
            Self::Phone => "phone number",
            Self::Iban => "bank account (IBAN)",
            Self::Card => "payment card",
            Self::Ip => "IP address",
            Self::SocialSecurity => "social security number",
            Self::Secret => "key or token",
        }
    }
}

/// Longest shape that is shown, in characters.
const LONGEST_SHAPE: usize = 24;

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed and its tests compile it")
}

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
});

static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----",
        r"|\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,200}|\bgh[pousr]_[A-Za-z0-9]{30,200}|\bgithub_pat_[A-Za-z0-9_]{30,200}",
        r"|\bglpat-[A-Za-z0-9_-]{20,64}|\bhf_[A-Za-z0-9]{30,64}|\bAKIA[0-9A-Z]{16}\b|\bAIza[A-Za-z0-9_-]{35}",
        r"|\bxox[abeprs]-[A-Za-z0-9-]{10,200}|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
        r"|\b[Bb]earer [A-Za-z0-9._~+/-]{20,200}"
    ))
});

static IBAN: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"));

/// Digits and what may stand between those of one number.
static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"\+?\(?[0-9](?:[ .()/-]{0,3}[0-9]){6,24}"));

static IPV4: LazyLock<Regex> = LazyLock::new(|| compiled(r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b"));

static IPV6: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}"));

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) kind: Personal,
    /// Letters as `x`, digits as `9`.
    pub(super) shape: String,
}

/// What in `text` looks personal; what is one thing is not another too.
pub(super) fn sightings(text: &str) -> Vec<Sighting> {
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut found = Vec::new();
    for (kind, range) in candidates(text) {
        let is_free = !taken
            .iter()
            .rev()
            .take(64)
            .any(|other| overlap(other, &range));
        if is_free {
            let shape = shape(&text[range.clone()]);
            found.push(Sighting { kind, shape });
            taken.push(range);
        }
    }
    found
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// What fits, by where it begins, the surer kinds first.
fn candidates(text: &str) -> Vec<(Personal, Range<usize>)> {
    let all = |pattern: &'static LazyLock<Regex>, kind: fn(&str) -> Option<Personal>| {
        let found = pattern
            .find_iter(text)
            .filter(|found| stands_alone(text, found.range()));
        found.filter_map(move |found| Some((kind(found.as_str())?, found.range())))
    };
    let mut found: Vec<_> = all(&SECRET, |_| Some(Personal::Secret)).collect();
    found.extend(all(&EMAIL, |_| Some(Personal::Email)));
    found.extend(all(&IBAN, |text| is_iban(text).then_some(Personal::Iban)));
    found.extend(all(&IPV4, |text| is_ip(text).then_some(Personal::Ip)));
    found.extend(all(&IPV6, |text| is_ip(text).then_some(Personal::Ip)));
    found.extend(all(&NUMBER, number));
    // Stable: where two begin alike, the one that is looked for first.
    found.sort_by_key(|(_, range)| range.start);
    found
}

/// Whether what stands in `range` is no part of a longer word or number.
fn stands_alone(text: &str, range: Range<usize>) -> bool {
    let is_part = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    !is_part(text[..range.start].chars().next_back()) && !is_part(text[range.end..].chars().next())
}

fn digits(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter(u8::is_ascii_digit);
    digits.map(|digit| digit - b'0').collect()
}

/// What a number with separators is, if it is anything of somebody's.
fn number(text: &str) -> Option<Personal> {
    let digits = digits(text);
    if is_social_security(text) {
        Some(Personal::SocialSecurity)
    } else if is_card(text, &digits) {
        Some(Personal::Card)
    } else if is_phone(text, &digits) {
        Some(Personal::Phone)
    } else {
        None
    }
}

/// `AAA-GG-SSSS`; areas 000, 666 and from 900 on, and zeros alone, were never given out.
fn is_social_security(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let [area, group, serial] = parts[..] else {
        return false;
    };
    let has_form = [area.len(), group.len(), serial.len()] == [3, 2, 4];
    let is_given = !matches!(area, "000" | "666") && !area.starts_with('9');
    has_form && is_given && group != "00" && serial != "0000" && text.is_ascii()
}

fn is_card(text: &str, digits: &[u8]) -> bool {
    let separated = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b' ' || byte == b'-');
    let begins = matches!(digits.first(), Some(2..=6));
    let varies = digits.iter().any(|digit| Some(digit) != digits.first());
    separated && begins && varies && (13..=19).contains(&digits.len()) && passes_luhn(digits)
}

fn passes_luhn(digits: &[u8]) -> bool {
    let weighted = digits.iter().rev().enumerate().map(|(at, digit)| {
        let doubled = u32::from(*digit) * if at % 2 == 1 { 2 } else { 1 };
        if doubled > 9 { doubled - 9 } else { doubled }
    });
    weighted.sum::<u32>() % 10 == 0
}

fn is_phone(text: &str, digits: &[u8]) -> bool {
    if text.starts_with('+') {
        return (8..=15).contains(&digits.len());
    }
    let is_separator = |c: char| !c.is_ascii_digit();
    let groups: Vec<_> = text
        .split(is_separator)
        .filter(|group| !group.is_empty())
        .collect();
    let longest = groups.iter().map(|group| group.len()).max().unwrap_or(0);
    let begins = text.starts_with(['0', '('])
        || matches!(groups[..], [a, b, c] if [a.len(), b.len(), c.len()] == [3, 3, 4]);
    begins
        && groups.len() >= 2
        && longest >= 3
        && (7..=12).contains(&digits.len())
        && !is_date(&groups)
}

/// Day, month and year in any order.
fn is_date(groups: &[&str]) -> bool {
    let lengths: Vec<_> = groups.iter().map(|group| group.len()).collect();
    matches!(lengths[..], [4, 2 | 1, 2 | 1, ..] | [2 | 1, 2 | 1, 4, ..])
}

/// Whether `text`, or its beginning up to a space, is one: what is in capitals may follow.
fn is_iban(text: &str) -> bool {
    let spaces = text.match_indices(' ').map(|(at, _)| at);
    let mut ends = spaces.chain(std::iter::once(text.len()));
    ends.any(|end| has_check_digits(&text[..end]))
}

fn has_check_digits(text: &str) -> bool {
    let compact: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let rotated = compact.iter().cycle().skip(4).take(compact.len());
    let rest = rotated.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        other => (rest * 100 + u32::from(other.wrapping_sub(b'A')) + 10) % 97,
    });
    (15..=34).contains(&compact.len()) && rest == 1
}

/// An address of a machine that is not this one.
fn is_ip(text: &str) -> bool {
    match text.parse() {
        Ok(IpAddr::V4(address)) => {
            let is_own = address.is_loopback() || address.is_unspecified();
            !is_own && address != Ipv4Addr::BROADCAST && !text.starts_with("0.")
        }
        // `::` and a clock's `12:30:00` are none; three groups at least are said.
        Ok(IpAddr::V6(address)) => {
            let said = text.split(':').filter(|group| !group.is_empty()).count();
            address != Ipv6Addr::LOCALHOST && said >= 3
        }
        Err(_) => false,
    }
}

/// `value` with its letters and digits covered.
fn shape(value: &str) -> String {
    let mut shape: String = value.chars().take(LONGEST_SHAPE).map(covered).collect();
    if value.chars().nth(LONGEST_SHAPE).is_some() {
        shape.push('…');
    }
    shape
}

fn covered(letter: char) -> char {
    match letter {
        _ if letter.is_numeric() => '9',
        _ if letter.is_alphabetic() => 'x',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Personal> {
        sightings(text).into_iter().map(|one| one.kind).collect()
    }

    #[test]
    fn what_looks_personal() {
        use Personal::{Card, Email, Iban, Ip, Phone, Secret, SocialSecurity};
        for (text, expected) in [
            ("write to jo.doe+x@mail.example.org, please", &[Email][..]),
            ("call +49 (30) 1234-5678 now", &[Phone]),
            ("call 030 / 1234567", &[Phone]),
            ("call (555) 123-4567 or 555-123-4567", &[Phone, Phone]),
            ("IBAN DE89 3704 0044 0532 0130 00.", &[Iban]),
            ("GB82WEST12345698765432", &[Iban]),
            ("DE89 3704 0044 0532 0130 00 BIC", &[Iban]),
            ("card 4111 1111 1111 1111, exp 12/27", &[Card]),
            ("5500-0000-0000-0004", &[Card]),
            ("from 203.0.113.7 and 2001:db8::8a2e:370:7334", &[Ip, Ip]),
            ("SSN 123-45-6789", &[SocialSecurity]),
            ("key sk-abcdefghijklmnopqrstuvwx", &[Secret]),
            ("AKIAABCDEFGHIJKLMNOP", &[Secret]),
            ("-----BEGIN RSA PRIVATE KEY-----", &[Secret]),
            ("eyJhbGciOiJI.eyJzdWIiOiIx.abcdefghij", &[Secret]),
        ] {
            assert_eq!(kinds(text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_resembles_it() {
        for text in [
            "on 2024-01-31 at 12:30:00, or 31.01.2024",
            "version 1.2.3 of 2024",
            "DE89 3704 0044 0532 0130 01",
            "4111 1111 1111 1112",
            "0000 0000 0000 0000",
            "127.0.0.1, ::1, 0.0.0.0 and 999.1.1.1",
            "666-12-3456 and 912-34-5678",
            "a @b and user@localhost",
            "total 1234567890123 units, 3.14159265358979",
            "std::collections::HashMap",
            "order 12345678",
            "sk-short",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    #[test]
    fn a_value_is_shown_as_its_shape_alone() {
        let found = sightings("jo.doe7@mail.example");
        assert_eq!(found[0].shape, "xx.xxx9@xxxx.xxxxxxx");
        let found = sightings(&format!("sk-{}", "a".repeat(60)));
        assert_eq!(found[0].shape.chars().count(), LONGEST_SHAPE + 1);
    }
}
