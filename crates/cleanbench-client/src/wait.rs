//! How long an endpoint asks to be left alone.
//!
//! Read from what the reply itself says: a moment is compared with the reply's own `Date`, never with
//! this machine's clock, which may disagree with the server's.

use std::time::Duration;

use cleanbench_model::RateLimitHeaders;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

/// Finds the first value of a header field by its name.
pub(crate) type Fields<'a> = &'a dyn Fn(&str) -> Option<&'a [u8]>;

/// The wait asked for, in milliseconds: `Retry-After` (RFC 9110, section 10.2.3), as a number of seconds
/// or a moment, or in milliseconds as some write it; else, of a reply that turned the request away, the
/// time until the window begins anew of which nothing is left, where headers of the provider say so.
pub(crate) fn asked_for(headers: Fields<'_>, status: u16, known: &RateLimitHeaders) -> Option<u64> {
    let turned_away = matches!(status, 429 | 503 | 529);
    number(headers, "retry-after-ms")
        .or_else(|| Some(number(headers, "retry-after")? * 1e3))
        .or_else(|| {
            until(
                headers,
                rfc2822::parse(text(headers, "retry-after")?)
                    .ok()?
                    .timestamp(),
            )
        })
        .or_else(|| next_window(headers, known).filter(|_| turned_away))
        .and_then(whole)
}

fn text<'a>(headers: Fields<'a>, name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(headers(name)?).ok()?;
    Some(text.trim()).filter(|text| text.is_ascii())
}

fn number(headers: Fields<'_>, name: &str) -> Option<f64> {
    let number: f64 = text(headers, name)?.parse().ok()?;
    (0.0..=1e9).contains(&number).then_some(number)
}

/// Milliseconds from the reply's date to `moment`; 0 if that has passed.
fn until(headers: Fields<'_>, moment: Timestamp) -> Option<f64> {
    let date = rfc2822::parse(text(headers, "date")?).ok()?.timestamp();
    Some(milliseconds(moment.duration_since(date)))
}

fn milliseconds(duration: SignedDuration) -> f64 {
    duration.as_secs_f64().max(0.0) * 1e3
}

/// The longest of the waits until the windows of requests and tokens that are used up begin anew.
fn next_window(headers: Fields<'_>, known: &RateLimitHeaders) -> Option<f64> {
    let windows = [
        (&known.remaining_requests, &known.reset_requests),
        (&known.remaining_tokens, &known.reset_tokens),
    ];
    let waits = windows.into_iter().filter_map(|(remaining, reset)| {
        let left = number(headers, remaining.as_deref()?)?;
        let reset = text(headers, reset.as_deref()?).filter(|_| left < 1.0)?;
        reset_in(headers, reset)
    });
    waits.max_by(f64::total_cmp)
}

/// A reset as it is written: a duration (`6m0s`, `20ms`), a moment (RFC 3339), or seconds.
fn reset_in(headers: Fields<'_>, reset: &str) -> Option<f64> {
    if let Ok(seconds) = reset.parse::<f64>() {
        return (0.0..=1e9).contains(&seconds).then_some(seconds * 1e3);
    }
    if let Ok(duration) = reset.parse::<SignedDuration>() {
        return Some(milliseconds(duration));
    }
    until(headers, reset.parse().ok()?)
}

fn whole(milliseconds: f64) -> Option<u64> {
    let wait = Duration::try_from_secs_f64(milliseconds / 1e3).ok()?;
    u64::try_from(wait.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: (&str, &str) = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");

    fn wait(status: u16, headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let named = |name: &str| Some(name.to_owned());
        let known = RateLimitHeaders {
            remaining_requests: named("left-requests"),
            remaining_tokens: named("left-tokens"),
            reset_requests: named("reset-requests"),
            reset_tokens: named("reset-tokens"),
        };
        let find = |wanted: &str| {
            let mut found = headers.iter().filter(|(name, _)| *name == wanted);
            found.next().map(|(_, value)| value.as_bytes())
        };
        asked_for(&find, status, &known)
    }

    #[test]
    fn a_wait_is_read_as_number_or_moment() {
        for (name, value, expected) in [
            ("retry-after", "2", Some(2_000)),
            ("retry-after", " 0.25 ", Some(250)),
            ("retry-after-ms", "750", Some(750)),
            ("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT", Some(30_000)),
            ("retry-after", "Wed, 21 Oct 2026 07:27:00 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("retry-after", "-1", None),
            ("retry-after", "NaN", None),
            ("retry-after", "1e300", None),
            ("other", "2", None),
        ] {
            assert_eq!(
                wait(200, &[(name, value), DATE]),
                expected,
                "{name}: {value}"
            );
        }
        let moment = ("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT");
        assert_eq!(
            wait(429, &[moment]),
            None,
            "without a date it means nothing"
        );
    }

    #[test]
    fn a_used_up_window_is_waited_for() {
        let used_up = |reset| [("left-requests", "0"), ("reset-requests", reset), DATE];
        for (reset, expected) in [
            ("6m0s", Some(360_000)),
            ("1m30.5s", Some(90_500)),
            ("20ms", Some(20)),
            ("1.5", Some(1_500)),
            ("2026-10-21T07:28:05Z", Some(5_000)),
            ("2026-10-21T07:27:05Z", Some(0)),
            ("whenever", None),
            ("-5", None),
        ] {
            assert_eq!(wait(429, &used_up(reset)), expected, "{reset}");
        }
        assert_eq!(wait(200, &used_up("5s")), None, "it was served");
        let both = [
            ("left-requests", "0"),
            ("reset-requests", "1s"),
            ("left-tokens", "0"),
            ("reset-tokens", "9s"),
        ];
        assert_eq!(wait(429, &both), Some(9_000));
        let left = [("left-requests", "3"), ("reset-requests", "5s")];
        assert_eq!(wait(429, &left), None);
        let said = [
            ("retry-after", "1"),
            ("left-requests", "0"),
            ("reset-requests", "5s"),
        ];
        assert_eq!(wait(429, &said), Some(1_000), "what was said plainly holds");
    }
}
