//! Identities: runs, and calls within a run.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Digest;
use crate::digest::{deserialize_from_str, hex_in, parse_hex};

/// Identity of a run: eight characters of Crockford-like base 32 (40 random bits), unique among the
/// runs of one output folder. It is the tail of the run directory's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RunId(String);

const ID_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl RunId {
    /// The identity for five random bytes.
    pub fn from_random(bytes: [u8; 5]) -> Self {
        let bits = bytes
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letter = |shift: u32| char::from(ID_ALPHABET[(bits >> shift & 31) as usize]);
        Self((0..8).rev().map(|position| letter(position * 5)).collect())
    }

    /// The identity that parties who share nothing but `digest` agree on: its first 40 bits.
    pub fn from_digest(digest: Digest) -> Self {
        let [one, two, three, four, five, ..] = digest.0;
        Self::from_random([one, two, three, four, five])
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a run identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a run id has eight characters of 0-9 and a-z without i, l, o, u")]
pub struct ParseRunIdError;

impl FromStr for RunId {
    type Err = ParseRunIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 8 && text.bytes().all(|byte| ID_ALPHABET.contains(&byte)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseRunIdError)
        }
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_from_str(deserializer)
    }
}

/// Why a call is made. The text form (`task`, `probe:ID`, `judge:ID`, `execution:ID`) is part of a call's
/// identity, and stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Purpose<'a> {
    /// A sample of a task, put to a model to be scored.
    Task,
    /// A call of the contamination probe of this name.
    Probe(Cow<'a, str>),
    /// A judge of this name is asked about an answer.
    Judge(Cow<'a, str>),
    /// A program of this name is run on an answer.
    Execution(Cow<'a, str>),
}

impl fmt::Display for Purpose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task => f.write_str("task"),
            Self::Probe(id) => write!(f, "probe:{id}"),
            Self::Judge(id) => write!(f, "judge:{id}"),
            Self::Execution(id) => write!(f, "execution:{id}"),
        }
    }
}

/// The text is not why a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a purpose is `task`, or `probe:`, `judge:` or `execution:` and a name")]
pub struct ParsePurposeError;

impl FromStr for Purpose<'static> {
    type Err = ParsePurposeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = |id: &str| Cow::Owned(id.to_owned());
        match text.split_once(':') {
            None if text == "task" => Ok(Self::Task),
            Some(("probe", name)) => Ok(Self::Probe(id(name))),
            Some(("judge", name)) => Ok(Self::Judge(id(name))),
            Some(("execution", name)) => Ok(Self::Execution(id(name))),
            _ => Err(ParsePurposeError),
        }
    }
}

impl Serialize for Purpose<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for Purpose<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_from_str(deserializer)
    }
}

/// The coordinates of a call within a run; positions refer to the plan in `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallKey<'a> {
    /// The run.
    pub run: &'a RunId,
    /// Name of the model as the user wrote it.
    pub model: &'a str,
    /// Name of the task.
    pub task: &'a str,
    /// Identity of the sample within the task.
    pub sample: &'a str,
    /// Repeat of the sample, from 1.
    pub epoch: u32,
    /// Why the call is made.
    pub purpose: Purpose<'a>,
    /// Position among the calls of a stepwise plan, from 0.
    pub step: u32,
}

/// Identity of a call: the first 128 bits of a digest of its [`CallKey`], as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub [u8; 16]);

impl CallId {
    /// The identity of the call at `key`.
    pub fn of(key: &CallKey<'_>) -> Self {
        let digest = Digest::of(
            "cleanbench/call/1",
            &[
                key.run.as_str().as_bytes(),
                key.model.as_bytes(),
                key.task.as_bytes(),
                key.sample.as_bytes(),
                &key.epoch.to_le_bytes(),
                key.purpose.to_string().as_bytes(),
                &key.step.to_le_bytes(),
            ],
        );
        let mut id = [0; 16];
        id.copy_from_slice(&digest.0[..16]);
        Self(id)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex_in(&self.0, &mut [0; 64]))
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallId({self})")
    }
}

impl FromStr for CallId {
    type Err = crate::digest::ParseHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex(text).map(Self)
    }
}

impl Serialize for CallId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hex_in(&self.0, &mut [0; 64]))
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_from_str(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_its_bits() {
        assert_eq!(RunId::from_random([0; 5]).as_str(), "00000000");
        assert_eq!(RunId::from_random([255; 5]).as_str(), "zzzzzzzz");
        assert_eq!(RunId::from_random([0, 0, 0, 0, 33]).as_str(), "00000011");
        assert!("0000000i".parse::<RunId>().is_err());
    }

    #[test]
    fn a_purpose_is_its_word() {
        for word in ["task", "probe:completion", "judge:a:b", "execution:tests"] {
            assert_eq!(word.parse::<Purpose<'_>>().unwrap().to_string(), word);
        }
        for wrong in ["", "tasks", "probe", "score:x"] {
            assert!(wrong.parse::<Purpose<'_>>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_coordinate_is_part_of_a_call() {
        let run = RunId::from_random([1; 5]);
        let key = CallKey {
            run: &run,
            model: "m",
            task: "t",
            sample: "s",
            epoch: 1,
            purpose: Purpose::Task,
            step: 0,
        };
        let id = CallId::of(&key);
        assert_eq!(id.to_string().parse::<CallId>().unwrap(), id);
        let other_run = RunId::from_random([2; 5]);
        for changed in [
            CallKey {
                run: &other_run,
                ..key.clone()
            },
            CallKey {
                model: "n",
                ..key.clone()
            },
            CallKey {
                task: "u",
                ..key.clone()
            },
            CallKey {
                sample: "r",
                ..key.clone()
            },
            CallKey {
                epoch: 2,
                ..key.clone()
            },
            CallKey {
                step: 1,
                ..key.clone()
            },
        ] {
            assert_ne!(CallId::of(&changed), id);
        }
    }
}
