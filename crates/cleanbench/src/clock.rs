//! The clock of the machine, where a command records times.
//!
//! Invariant: nothing is begun under a clock whose times cannot be written down.

use std::time::{SystemTime, UNIX_EPOCH};

use cleanbench_core::Exit;

use crate::failure::Failure;

/// Seconds of a year, about.
const YEAR: u64 = 31_556_952;

/// Refuses a clock that is set to a time which no record can hold.
pub(crate) fn check() -> Result<(), Failure> {
    check_time(SystemTime::now())
}

fn check_time(now: SystemTime) -> Result<(), Failure> {
    if jiff::Timestamp::try_from(now).is_ok() {
        return Ok(());
    }
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let year = 1970 + since.as_secs() / YEAR;
    let what =
        format!("the clock of this machine says the year {year}; times up to 9999 can be recorded");
    Err(Failure::new(Exit::ConfigInvalid, what).hint("set the clock, and start again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_clock_beyond_all_records_is_an_error_that_says_so() {
        let after = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        for (time, expected) in [
            (after(0), None),
            (UNIX_EPOCH - Duration::from_secs(10_000_000_000), None),
            (after(1_800_000_000), None),
            (after(300_000_000_000), Some("the year 11476")),
        ] {
            let said = check_time(time).map_err(|failure| failure.messages.join("; "));
            match expected {
                None => assert_eq!(said, Ok(()), "{time:?}"),
                Some(expected) => {
                    let said = said.unwrap_err();
                    assert!(said.contains(expected), "{said}");
                }
            }
        }
    }
}
