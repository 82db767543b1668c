//! How probes ask and read. Runs keep the protocol that they were planned with, so that their tables stay as they were.

/// Number of the protocol of new runs.
pub const PROTOCOL: u32 = 4;

/// The first protocol that asks what today's asks: answers to it may be read by today's.
pub const ASKED_ALIKE: u32 = 3;

/// Number of the protocol by which answers to what protocol `asked` asked are read today.
pub fn read_by(asked: u32) -> u32 {
    if (ASKED_ALIKE..=PROTOCOL).contains(&asked) {
        PROTOCOL
    } else {
        asked
    }
}

/// How a probe asks and reads.
#[derive(Debug, Clone, Copy)]
pub enum Protocol {
    /// Two tokens a word, whatever the script; an answer that says nothing is a miss; options are picked by the
    /// position of their item.
    First,
    /// Room by the bytes of what is expected; an answer that says nothing is invalid; options are picked by what their
    /// item says, at the same place in both items of a pair.
    Second(Declining),
    /// As the second; and an answer that says something has a measure beside its score.
    Third(Declining),
    /// As the third; and what is disguised, or stands in the reasoning alone, was restored, and a short answer that has
    /// nothing of its item is no attempt.
    Fourth(Declining),
}

/// Whether a text declines to answer, in any language that the program reads.
pub type Declining = fn(&str) -> bool;

impl Protocol {
    /// The protocol called `number`, with what tells refusals; `None` for one that is not known here.
    pub fn numbered(number: u32, declines: Declining) -> Option<Self> {
        match number {
            1 => Some(Self::First),
            2 => Some(Self::Second(declines)),
            3 => Some(Self::Third(declines)),
            PROTOCOL => Some(Self::Fourth(declines)),
            _ => None,
        }
    }

    /// Its number, as runs record it.
    pub fn number(self) -> u32 {
        match self {
            Self::First => 1,
            Self::Second(_) => 2,
            Self::Third(_) => 3,
            Self::Fourth(_) => PROTOCOL,
        }
    }

    /// Whether an answer that says something has a measure beside its score.
    pub(crate) fn measures(self) -> bool {
        matches!(self, Self::Third(_) | Self::Fourth(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_has_the_number_by_which_it_is_found() {
        for number in 1..=PROTOCOL {
            let found = Protocol::numbered(number, |_| false).unwrap();
            assert_eq!(found.number(), number);
        }
        assert!(Protocol::numbered(PROTOCOL + 1, |_| false).is_none());
        assert_eq!([1, 2, 3, 4, 5].map(read_by), [1, 2, 4, 4, 5]);
    }
}
