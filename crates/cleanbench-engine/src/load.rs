//! What an attempt says of its endpoint's load.

use std::time::Duration;

use cleanbench_core::CallErrorKind;
use cleanbench_core::model::Sent;

/// What an attempt says of the endpoint's load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// It was served.
    Served,
    /// The endpoint was there and judged the request: nothing was served, and nothing turned away.
    Judged,
    /// It was turned away for now, with the pause that was asked for if one was.
    TurnedAway(Option<Duration>),
    /// Nobody was there.
    Unreachable,
    /// It says nothing: time ran out, the answer broke off, or the server failed.
    Unknown,
}

impl Load {
    /// What came back says.
    pub(crate) fn of(sent: &Sent) -> Self {
        match (&sent.reply, &sent.error) {
            (Some(reply), error) => match Self::of_status(reply.status, reply.retry_after) {
                Self::Served if error.is_some() => Self::Unknown,
                load => load,
            },
            (None, Some(error)) if sent.timing.headers.is_none() => Self::of_silence(error.kind),
            (None, _) => Self::Unknown,
        }
    }

    /// What the HTTP `status` of a reply says; `retry_after` in milliseconds. The 52x are a gateway's word for a
    /// server that it cannot reach.
    fn of_status(status: u16, retry_after: Option<u64>) -> Self {
        match status {
            429 | 503 | 529 => Self::TurnedAway(retry_after.map(Duration::from_millis)),
            502 | 504 | 520..=523 => Self::Unreachable,
            0 | 200..=299 => Self::Served,
            408 | 409 | 425 => Self::Unknown,
            300..=499 => Self::Judged,
            _ => Self::Unknown,
        }
    }

    /// What it says that no reply came, for an error of `kind`.
    fn of_silence(kind: CallErrorKind) -> Self {
        match kind {
            CallErrorKind::Connect | CallErrorKind::Dns | CallErrorKind::Broken => {
                Self::Unreachable
            }
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::{CallError, Reply, Timing};

    use super::*;

    #[test]
    fn a_status_says_whether_an_attempt_was_turned_away() {
        let turned_away = Load::TurnedAway(Some(Duration::from_millis(250)));
        for (status, expected) in [
            (200, Load::Served),
            (0, Load::Served),
            (429, turned_away),
            (502, Load::Unreachable),
            (503, turned_away),
            (529, turned_away),
            (500, Load::Unknown),
            (408, Load::Unknown),
            (400, Load::Judged),
            (401, Load::Judged),
        ] {
            let reply = Reply {
                status,
                content_type: None,
                retry_after: Some(250),
                body: Vec::new(),
            };
            let sent = Sent {
                reply: Some(reply),
                error: None,
                timing: Timing::default(),
            };
            assert_eq!(Load::of(&sent), expected, "{status}");
        }
    }

    #[test]
    fn where_no_connection_was_made_nobody_was_there() {
        for (kind, expected) in [
            (CallErrorKind::Connect, Load::Unreachable),
            (CallErrorKind::Broken, Load::Unreachable),
            (CallErrorKind::Timeout, Load::Unknown),
            (CallErrorKind::Panic, Load::Unknown),
        ] {
            let sent = Sent {
                reply: None,
                error: Some(CallError::new(kind, "no")),
                timing: Timing::default(),
            };
            assert_eq!(Load::of(&sent), expected, "{kind:?}");
        }
    }
}
