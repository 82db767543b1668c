//! The file of a model: a short description, then its parameters in half precision.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `cbmodel1` |
//! | 4 | length of the description, little-endian |
//! | … | the description: one JSON object, a [`Header`] |
//! | … | parameters, little-endian IEEE 754 binary16, in the order of [`Weights::tensors`] |
//!
//! Refused: files that are too short or too long, sizes that do not fit together, parameters that are
//! no numbers.

use half::f16;
use serde::{Deserialize, Serialize};

use crate::vocabulary::Vocabulary;

const MAGIC: &[u8; 8] = b"cbmodel1";
/// Longest description that is read, in bytes.
const LONGEST_HEADER: usize = 1 << 20;
/// Most parameters that are read.
const MOST_PARAMETERS: usize = 1 << 26;

/// What a model is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Name.
    pub name: String,
    /// Width of the residual stream.
    pub dim: usize,
    /// Number of layers.
    pub layers: usize,
    /// Number of attention heads; divides `dim` into even parts.
    pub heads: usize,
    /// Width of the feed-forward part.
    pub hidden: usize,
    /// Most tokens of a sequence, end mark included.
    pub context: usize,
    /// Base of the rotary angles (Su et al. 2021).
    pub rope_base: f64,
    /// Added to the mean square before its root.
    pub norm_epsilon: f64,
    /// The words of the vocabulary; see [`Vocabulary`].
    pub words: Vec<String>,
}

impl Header {
    /// Length of each tensor, in the order of the file. `None` when the sizes are absurd.
    fn lengths(&self) -> Option<Vec<usize>> {
        let (dim, hidden) = (self.dim, self.hidden);
        let vocabulary = self.words.len().checked_add(257)?;
        let square = dim.checked_mul(dim)?;
        let wide = dim.checked_mul(hidden)?;
        let layer = [dim, square, square, square, square, dim, wide, wide, wide];
        let mut lengths = vec![vocabulary.checked_mul(dim)?];
        for _ in 0..self.layers {
            lengths.extend(layer);
            if lengths.len() > 1_000 {
                return None;
            }
        }
        lengths.push(dim);
        let total = lengths
            .iter()
            .try_fold(0_usize, |sum, length| sum.checked_add(*length))?;
        (total <= MOST_PARAMETERS).then_some(lengths)
    }

    fn check(&self) -> Result<Vec<usize>, FileError> {
        let positive = [self.dim, self.layers, self.heads, self.hidden, self.context];
        if positive.contains(&0) || !self.dim.is_multiple_of(2 * self.heads) {
            return Err(FileError::Sizes(
                "widths, layers and heads do not fit together",
            ));
        }
        let fine = |number: f64| number.is_finite() && number > 0.0;
        if !fine(self.rope_base) || !fine(self.norm_epsilon) {
            return Err(FileError::Sizes("a base or an epsilon is not above 0"));
        }
        self.lengths()
            .ok_or(FileError::Sizes("too many parameters"))
    }
}

/// Why a file is no model.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Too short, or another kind of file.
    #[error("no model file: it does not begin with `cbmodel1` and a description")]
    NotAModel,
    /// The description is no JSON of the right shape.
    #[error("the description is unreadable: {0}")]
    Header(#[from] serde_json::Error),
    /// Sizes that no model can have.
    #[error("the description is wrong: {0}")]
    Sizes(&'static str),
    /// Parameters are missing or left over.
    #[error("{found} bytes of parameters where the description needs {needed}")]
    Length {
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// A parameter is infinite or no number.
    #[error("parameter {0} is not finite")]
    NotFinite(usize),
}

/// The parameters of a model, tensor after tensor, each row-major with a row for each output.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    tensors: Vec<Vec<f32>>,
}

/// The parameters of one layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LayerWeights<'a> {
    pub(crate) attention_norm: &'a [f32],
    pub(crate) query: &'a [f32],
    pub(crate) key: &'a [f32],
    pub(crate) value: &'a [f32],
    pub(crate) output: &'a [f32],
    pub(crate) mlp_norm: &'a [f32],
    pub(crate) gate: &'a [f32],
    pub(crate) up: &'a [f32],
    pub(crate) down: &'a [f32],
}

impl Weights {
    /// The tensors: the embedding; for each layer the norm of the attention, query, key, value and
    /// output, the norm of the feed-forward part, gate, up and down; the last norm.
    pub fn tensors(&self) -> &[Vec<f32>] {
        &self.tensors
    }

    pub(crate) fn embedding(&self) -> &[f32] {
        &self.tensors[0]
    }

    pub(crate) fn layer(&self, number: usize) -> LayerWeights<'_> {
        let at = |place: usize| self.tensors[1 + 9 * number + place].as_slice();
        LayerWeights {
            attention_norm: at(0),
            query: at(1),
            key: at(2),
            value: at(3),
            output: at(4),
            mlp_norm: at(5),
            gate: at(6),
            up: at(7),
            down: at(8),
        }
    }

    pub(crate) fn final_norm(&self) -> &[f32] {
        &self.tensors[self.tensors.len() - 1]
    }
}

/// A model as it stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    header: Header,
    weights: Weights,
}

impl ModelFile {
    /// A model of `tensors`, in the order of [`Weights::tensors`], rounded to half precision.
    ///
    /// # Errors
    /// When sizes do not fit together or a parameter is not finite in half precision.
    pub fn new(header: Header, tensors: &[Vec<f32>]) -> Result<Self, FileError> {
        let lengths = header.check()?;
        let found: usize = tensors.iter().map(Vec::len).sum();
        if !lengths
            .iter()
            .eq(tensors.iter().map(Vec::len).collect::<Vec<_>>().iter())
        {
            let needed = lengths.iter().sum::<usize>() * 2;
            return Err(FileError::Length {
                found: found * 2,
                needed,
            });
        }
        let round = |value: &f32| f16::from_f32(*value).to_f32();
        let rounded = tensors
            .iter()
            .map(|tensor| tensor.iter().map(round).collect());
        let weights = Weights {
            tensors: rounded.collect(),
        };
        check_finite(&weights)?;
        Ok(Self { header, weights })
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// When they are no model.
    pub fn read(bytes: &[u8]) -> Result<Self, FileError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(FileError::NotAModel)?;
        let (length, rest) = rest.split_first_chunk().ok_or(FileError::NotAModel)?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > LONGEST_HEADER.min(rest.len()) {
            return Err(FileError::NotAModel);
        }
        let (header, parameters) = rest.split_at(length);
        let header: Header = serde_json::from_slice(header)?;
        let lengths = header.check()?;
        let needed = lengths.iter().sum::<usize>() * 2;
        if parameters.len() != needed {
            return Err(FileError::Length {
                found: parameters.len(),
                needed,
            });
        }
        let (pairs, _) = parameters.as_chunks();
        let mut values = pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32());
        let tensors = lengths
            .into_iter()
            .map(|length| values.by_ref().take(length).collect());
        let weights = Weights {
            tensors: tensors.collect(),
        };
        check_finite(&weights)?;
        Ok(Self { header, weights })
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Never for a header that was checked.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FileError> {
        let header = serde_json::to_vec(&self.header)?;
        let length = u32::try_from(header.len()).map_err(|_| FileError::Sizes("too many words"))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(length.to_le_bytes());
        bytes.extend(header);
        for value in self.weights.tensors.iter().flatten() {
            bytes.extend(f16::from_f32(*value).to_le_bytes());
        }
        Ok(bytes)
    }

    /// What the model is.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its parameters.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Its tokens.
    pub fn vocabulary(&self) -> Vocabulary {
        Vocabulary::new(self.header.words.clone())
    }
}

fn check_finite(weights: &Weights) -> Result<(), FileError> {
    let mut values = weights.tensors.iter().flatten();
    match values.position(|value| !value.is_finite()) {
        Some(place) => Err(FileError::NotFinite(place)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random_model;

    #[test]
    fn a_file_that_is_read_and_written_keeps_every_byte() {
        let file = random_model(1);
        let bytes = file.to_bytes().unwrap();
        let again = ModelFile::read(&bytes).unwrap();
        assert_eq!(again, file);
        assert_eq!(again.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn broken_files_are_refused() {
        let bytes = random_model(1).to_bytes().unwrap();
        for length in [0, 7, 8, 11, 12, 100, bytes.len() - 1] {
            assert!(ModelFile::read(&bytes[..length]).is_err(), "{length} bytes");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(matches!(
            ModelFile::read(&longer),
            Err(FileError::Length { .. })
        ));
        let mut infinite = bytes.clone();
        let last = infinite.len() - 2;
        infinite[last..].copy_from_slice(&0x7c00_u16.to_le_bytes());
        assert!(matches!(
            ModelFile::read(&infinite),
            Err(FileError::NotFinite(_))
        ));
    }

    #[test]
    fn sizes_that_do_not_fit_together_are_refused() {
        let file = random_model(1);
        let change = |change: fn(&mut Header)| {
            let mut header = file.header().clone();
            change(&mut header);
            ModelFile::new(header, file.weights().tensors())
        };
        assert!(change(|_| {}).is_ok());
        assert!(change(|header| header.heads = 3).is_err());
        assert!(change(|header| header.layers = 0).is_err());
        assert!(change(|header| header.dim = usize::MAX).is_err());
        assert!(change(|header| header.layers = usize::MAX).is_err());
        assert!(change(|header| header.hidden += 1).is_err());
        assert!(change(|header| header.norm_epsilon = f64::NAN).is_err());
    }
}
