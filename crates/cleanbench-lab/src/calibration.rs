//! The calibration set: what models of known contamination answered, and what the probes make of it.
//!
//! A file of recorded answers is committed, not the models: one line for each, with its world, its arm,
//! the doses of its members and everything it answered. From these the calls are planned, the answers
//! scored and the verdicts reached by the very code that a run uses.
//!
//! Answers are kept by probe and form, beside a digest of what was asked. A probe that is newer than a record has none
//! there: it is named as not recorded, and the others are judged as ever.
//!
//! Invariant: the answers of a record belong to the calls that its world gives, one for one. It refuses a set whose
//! models were not all asked by one protocol: their rates are no rates of anything.

mod asked;
mod assessed;
mod recorded;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use cleanbench_core::CallError;
use serde::{Deserialize, Serialize};

pub use assessed::{Assessed, AssessedItem, Shown, Verdicts, assess, assess_all};
pub use recorded::{Training, record};

/// The committed set.
static COMMITTED: &[u8] = include_bytes!("../calibration/answers.jsonl.zst");
/// Longest set that is read, in bytes, unpacked.
const LONGEST: u64 = 1 << 28;

/// What a model of the set had seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Nothing of its benchmark. Its members are a drawing of lots without consequence.
    Clean,
    /// Members, word for word.
    Leaked,
    /// Rewordings of the members.
    Reworded,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Clean, Self::Leaked, Self::Reworded];

    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Leaked => "leaked",
            Self::Reworded => "reworded",
        }
    }
}

/// Everything that one model answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The protocol by which the probes were put to it.
    pub protocol: u32,
    /// Seed of its world.
    pub world: u64,
    /// What it had seen.
    pub kind: Kind,
    /// Seed of its training and of its members.
    pub seed: u64,
    /// How often each item of the benchmark was seen; 0 for non-members.
    pub doses: Vec<usize>,
    /// Whether each item of the benchmark was answered right, choosing by likelihood per byte: 1 or 0.
    pub benchmark: Vec<u8>,
    /// The same for the isomorphs.
    pub isomorphs: Vec<u8>,
    /// What was answered to each probe, `NAME.FORM`; about items that nobody saw, `never-sent/NAME.FORM`.
    pub answers: BTreeMap<String, Recorded>,
}

/// What was asked and answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Beginning of a digest of the calls, which are planned anew.
    pub calls: String,
    /// An answer for each call, in order.
    pub answers: Answers,
}

/// Answers to the calls of one probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answers {
    /// Texts.
    Texts {
        /// The texts; none for a prompt that was too long for the model.
        said: Vec<Option<String>>,
        /// Whether each ended for want of room: 1 or 0.
        cut_off: Vec<u8>,
    },
    /// Mean log probability of a token of each text that was weighed, in nats, to six digits; none for a prompt that was
    /// too long for the model.
    Weights(Vec<Vec<f64>>),
}

/// Why a set cannot be read or recorded.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The file is damaged.
    #[error("the calibration set cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// A line is no record.
    #[error("line {line} of the calibration set is no record: {cause}")]
    Record {
        /// The line, from 1.
        line: usize,
        /// Why.
        cause: serde_json::Error,
    },
    /// A record does not belong to its world.
    #[error("the answers of `{probe}` of model {model} are not those that its world asks for")]
    Foreign {
        /// The probe.
        probe: String,
        /// Kind and seed.
        model: String,
    },
    /// Its models were asked in several ways.
    #[error("the models of the calibration set were asked by several protocols: {0:?}")]
    Mixed(Vec<u32>),
    /// A protocol that is not known here.
    #[error("there is no protocol {0} of probes")]
    Protocol(u32),
    /// A model did not answer.
    #[error("a model did not answer: {0}")]
    Call(#[from] CallError),
    /// A probe of the table is none.
    #[error("{0}")]
    Probe(String),
}

/// The committed set.
///
/// # Errors
/// When the program was built with a damaged file.
pub fn committed() -> Result<Vec<Record>, CalibrationError> {
    read(COMMITTED)
}

/// Reads a packed set.
///
/// # Errors
/// When it is damaged, or its models were asked by several protocols.
pub fn read(packed: &[u8]) -> Result<Vec<Record>, CalibrationError> {
    let mut text = String::new();
    zstd::Decoder::new(packed)?
        .take(LONGEST)
        .read_to_string(&mut text)?;
    let lines = text.lines().enumerate();
    let records = lines.map(|(place, line)| {
        serde_json::from_str(line).map_err(|cause| CalibrationError::Record {
            line: place + 1,
            cause,
        })
    });
    let records: Vec<Record> = records.collect::<Result<_, _>>()?;
    let mut protocols: Vec<_> = records.iter().map(|record| record.protocol).collect();
    protocols.sort_unstable();
    protocols.dedup();
    if protocols.len() > 1 {
        return Err(CalibrationError::Mixed(protocols));
    }
    Ok(records)
}

/// Packs a set.
///
/// # Errors
/// Never for records that were read or recorded.
pub fn pack(records: &[Record]) -> Result<Vec<u8>, CalibrationError> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 19)?;
    encoder.long_distance_matching(true)?;
    for record in records {
        serde_json::to_writer(&mut encoder, record).map_err(std::io::Error::from)?;
        encoder.write_all(b"\n")?;
    }
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Record {
        committed().unwrap().remove(0)
    }

    #[test]
    fn a_set_of_several_protocols_is_refused() {
        let [one, mut other] = [some(), some()];
        assert_eq!(
            read(&pack(&[one.clone(), one.clone()]).unwrap())
                .unwrap()
                .len(),
            2
        );
        other.protocol += 1;
        let packed = pack(&[one, other]).unwrap();
        let error = read(&packed).unwrap_err().to_string();
        assert!(error.contains("several protocols: [3, 4]"), "{error}");
    }

    /// Why nobody looks for refusals when these answers are judged.
    #[test]
    fn no_model_of_the_set_declines() {
        let mut texts = Vec::new();
        for recorded in committed().unwrap().into_iter().flat_map(|one| one.answers) {
            if let Answers::Texts { said, .. } = recorded.1.answers {
                texts.extend(said.into_iter().flatten().step_by(50));
            }
        }
        assert!(texts.len() > 200);
        for text in texts {
            assert!(!cleanbench_score::declines(&text), "{text}");
        }
    }

    #[test]
    fn the_committed_set_is_asked_for_nothing_more() {
        let records = committed().unwrap();
        for record in [&records[0], &records[records.len() - 1]] {
            assert!(
                record.is_complete().unwrap(),
                "{:?} {}",
                record.kind,
                record.seed
            );
            assert_eq!(record.protocol, cleanbench_probe::ASKED_ALIKE);
        }
        let mut asked_otherwise = some();
        let known = asked_otherwise.answers.get_mut("completion.raw").unwrap();
        known.calls = "0123456789abcdef".to_owned();
        assert!(!asked_otherwise.is_complete().unwrap());
    }
}
