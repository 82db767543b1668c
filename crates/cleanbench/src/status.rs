//! How a run stands, in one line: for a log, where no lines can be drawn anew.
//!
//! Invariant: what it says is of one moment, and names whatever holds the run up. Names in it are not escaped.

use std::fmt::Write as _;
use std::time::Duration;

use cleanbench_engine::ModelStatus;

/// How a run stands.
#[derive(Debug, Default)]
pub(crate) struct Status {
    /// Calls that are to be made, those that have ended included.
    pub(crate) total: u64,
    /// Calls that have ended.
    pub(crate) done: u64,
    /// Calls that ended before this process began.
    pub(crate) before: u64,
    /// Calls that ended without an answer since then.
    pub(crate) failed: u64,
    /// Calls in flight.
    pub(crate) in_flight: u64,
    /// Calls that wait until they may be tried again.
    pub(crate) waiting: usize,
    /// What the calls of a model wait for, in words, where they do.
    pub(crate) pauses: Vec<String>,
    /// Since when this process makes calls.
    pub(crate) elapsed: Duration,
}

impl Status {
    /// The line.
    pub(crate) fn line(&self) -> String {
        let ended = self.done.saturating_sub(self.before);
        let mut line = format!(
            "status: {}/{} done, {} answered, {} failed, {} in flight, {} waiting",
            self.done,
            self.total,
            ended.saturating_sub(self.failed),
            self.failed,
            self.in_flight,
            self.waiting
        );
        for pause in &self.pauses {
            // Writing to a string cannot fail.
            let _infallible = write!(line, "; {pause}");
        }
        if let Some(left) = self.left() {
            let _infallible = write!(line, "; about {} left", in_words(left));
        }
        line
    }

    /// How long it takes yet at the pace so far.
    fn left(&self) -> Option<Duration> {
        let ended = u32::try_from(self.done.saturating_sub(self.before)).ok()?;
        let open = u32::try_from(self.total.saturating_sub(self.done)).ok()?;
        let each = self.elapsed.checked_div(ended)?;
        each.checked_mul(open).filter(|_| open > 0)
    }
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..90 => format!("{seconds} s"),
        seconds @ 90..5_400 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{} h", (seconds + 1_800) / 3_600),
    }
}

/// What the calls of a model wait for as a whole, if they do.
pub(crate) fn pause(status: &ModelStatus) -> Option<String> {
    let again = status
        .endpoint
        .pause
        .map(|again| again.as_secs_f64().ceil());
    match (status.endpoint.absence, again) {
        (Some(absence), again) => Some(format!(
            "nobody was served for {} s; asked again in {} s",
            absence.as_secs(),
            again.unwrap_or_default()
        )),
        (None, Some(again)) => Some(format!("left alone for another {again} s")),
        (None, None) if status.waiting > 0 => Some(format!(
            "{} calls wait until they may be asked again",
            status.waiting
        )),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_engine::EndpointStatus;

    use super::*;

    #[test]
    fn the_line_says_how_far_it_is_and_what_it_waits_for() {
        let status = Status {
            total: 400,
            done: 150,
            before: 50,
            failed: 10,
            in_flight: 8,
            waiting: 3,
            pauses: vec!["a: nobody was served for 12 s; asked again in 4 s".to_owned()],
            elapsed: Duration::from_mins(1),
        };
        assert_eq!(
            status.line(),
            "status: 150/400 done, 90 answered, 10 failed, 8 in flight, 3 waiting; \
             a: nobody was served for 12 s; asked again in 4 s; about 3 min left"
        );
        let none = Status {
            total: 4,
            ..Status::default()
        };
        assert_eq!(
            none.line(),
            "status: 0/4 done, 0 answered, 0 failed, 0 in flight, 0 waiting"
        );
    }

    #[test]
    fn a_pause_has_its_reason() {
        let check = |absence: Option<u64>, pause_in: Option<u64>, waiting, expect: Option<&str>| {
            let status = ModelStatus {
                endpoint: EndpointStatus {
                    absence: absence.map(Duration::from_secs),
                    pause: pause_in.map(Duration::from_secs),
                    oldest: None,
                },
                waiting,
            };
            assert_eq!(pause(&status).as_deref(), expect);
        };
        check(None, None, 0, None);
        check(
            None,
            None,
            2,
            Some("2 calls wait until they may be asked again"),
        );
        check(None, Some(5), 0, Some("left alone for another 5 s"));
        let absent = "nobody was served for 9 s; asked again in 5 s";
        check(Some(9), Some(5), 1, Some(absent));
    }
}
