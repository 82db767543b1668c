//! The decoder in candle, for training and as the reference of the kernels.
//!
//! Llama-shaped: `RMSNorm`, rotary positions (halves of a head are paired), causal attention, `SwiGLU`, the
//! embedding tied to the output, no biases. Invariant: [`Network::variables`] are in the order of a
//! model file.

use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::ops::softmax;

use crate::file::{Header, ModelFile};
use crate::number::{real, single};
use crate::world::{Lexicon, Random};

/// Sizes of a model.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Number of tokens.
    pub vocabulary: usize,
    /// Width of the residual stream.
    pub dim: usize,
    /// Number of layers.
    pub layers: usize,
    /// Number of attention heads; divides `dim`.
    pub heads: usize,
    /// Width of the feed-forward part.
    pub hidden: usize,
    /// Base of the rotary angles.
    pub rope_base: f64,
    /// Added to the mean square before its root.
    pub norm_epsilon: f64,
}

impl Shape {
    /// The shape of the shipped models, about a million parameters.
    pub fn tiny(vocabulary: usize) -> Self {
        Self {
            vocabulary,
            dim: 128,
            layers: 4,
            heads: 4,
            hidden: 384,
            rope_base: 10_000.0,
            norm_epsilon: 1e-5,
        }
    }
}

#[derive(Debug)]
struct Layer {
    attention_norm: Var,
    query: Var,
    key: Var,
    value: Var,
    output: Var,
    mlp_norm: Var,
    gate: Var,
    up: Var,
    down: Var,
}

/// A decoder whose parameters can be trained.
#[derive(Debug)]
pub struct Network {
    /// Its sizes.
    pub shape: Shape,
    embedding: Var,
    layers: Vec<Layer>,
    final_norm: Var,
}

fn normal(random: &mut Random, dims: &[usize], deviation: f64) -> Result<Var> {
    let count = dims.iter().product();
    let values: Vec<f32> = (0..count)
        .map(|_| single(random.normal() * deviation))
        .collect();
    Var::from_tensor(&Tensor::from_vec(values, dims, &Device::Cpu)?)
}

fn ones(count: usize) -> Result<Var> {
    Var::from_tensor(&Tensor::ones(count, candle_core::DType::F32, &Device::Cpu)?)
}

impl Network {
    /// A network with random parameters (normal, deviation 0.02, smaller where a layer writes to the
    /// residual stream).
    ///
    /// # Errors
    /// When candle cannot allocate.
    pub fn new(shape: Shape, random: &mut Random) -> Result<Self> {
        let deviation = 0.02;
        let residual = deviation / (2.0 * real(shape.layers)).sqrt();
        let (dim, hidden) = (shape.dim, shape.hidden);
        let embedding = normal(random, &[shape.vocabulary, dim], deviation)?;
        let layers = (0..shape.layers)
            .map(|_| {
                Ok(Layer {
                    attention_norm: ones(dim)?,
                    query: normal(random, &[dim, dim], deviation)?,
                    key: normal(random, &[dim, dim], deviation)?,
                    value: normal(random, &[dim, dim], deviation)?,
                    output: normal(random, &[dim, dim], residual)?,
                    mlp_norm: ones(dim)?,
                    gate: normal(random, &[hidden, dim], deviation)?,
                    up: normal(random, &[hidden, dim], deviation)?,
                    down: normal(random, &[dim, hidden], residual)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            shape,
            embedding,
            layers,
            final_norm: ones(dim)?,
        })
    }

    /// All parameters, in the order of a model file. They share memory with the network.
    pub fn variables(&self) -> Vec<Var> {
        let mut all = vec![self.embedding.clone()];
        for layer in &self.layers {
            let Layer {
                attention_norm,
                query,
                key,
                value,
                output,
                mlp_norm,
                gate,
                up,
                down,
            } = layer;
            all.extend(
                [
                    attention_norm,
                    query,
                    key,
                    value,
                    output,
                    mlp_norm,
                    gate,
                    up,
                    down,
                ]
                .into_iter()
                .cloned(),
            );
        }
        all.push(self.final_norm.clone());
        all
    }

    /// All parameters, tensor after tensor.
    pub(super) fn parameters(&self) -> Result<Vec<f32>> {
        let mut all = Vec::new();
        for variable in self.variables() {
            all.extend(variable.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok(all)
    }

    /// Replaces all parameters.
    pub(super) fn set_parameters(&self, all: &[f32]) -> Result<()> {
        let mut rest = all;
        for variable in self.variables() {
            let (own, others) = rest.split_at(variable.elem_count());
            variable.set(&Tensor::from_slice(own, variable.shape(), &Device::Cpu)?)?;
            rest = others;
        }
        Ok(())
    }

    /// The network as a model file called `name`, for the vocabulary of `lexicon`, rounded to half
    /// precision. `context` is the most tokens of a sequence.
    ///
    /// # Errors
    /// When a parameter is not finite, or candle fails.
    pub fn to_file(&self, name: &str, lexicon: &Lexicon, context: usize) -> Result<ModelFile> {
        let shape = self.shape;
        let header = Header {
            name: name.to_owned(),
            dim: shape.dim,
            layers: shape.layers,
            heads: shape.heads,
            hidden: shape.hidden,
            context,
            rope_base: shape.rope_base,
            norm_epsilon: shape.norm_epsilon,
            words: lexicon.words(),
        };
        let tensors = self
            .variables()
            .iter()
            .map(|variable| variable.flatten_all()?.to_vec1())
            .collect::<Result<Vec<_>>>()?;
        ModelFile::new(header, &tensors).map_err(candle_core::Error::wrap)
    }

    /// A network with the parameters of `file`, which can be trained on.
    ///
    /// # Errors
    /// When candle fails.
    pub fn from_file(file: &ModelFile) -> Result<Self> {
        let header = file.header();
        let shape = Shape {
            vocabulary: header.words.len() + 257,
            dim: header.dim,
            layers: header.layers,
            heads: header.heads,
            hidden: header.hidden,
            rope_base: header.rope_base,
            norm_epsilon: header.norm_epsilon,
        };
        let network = Self::new(shape, &mut Random::new(0, "overwritten"))?;
        for (variable, tensor) in network.variables().iter().zip(file.weights().tensors()) {
            variable.set(&Tensor::from_slice(tensor, variable.shape(), &Device::Cpu)?)?;
        }
        Ok(network)
    }

    /// Logits, `rows × length` by `vocabulary`, of `tokens`, `rows` by `length`.
    ///
    /// # Errors
    /// When `tokens` has another shape or names tokens that do not exist.
    pub fn forward(&self, tokens: &Tensor) -> Result<Tensor> {
        let (rows, length) = tokens.dims2()?;
        let shape = self.shape;
        let head = shape.dim / shape.heads;
        let (cos, sin) = rotation(length, head, shape.rope_base)?;
        let mask = mask(length)?;
        let mut x = self
            .embedding
            .as_tensor()
            .index_select(&tokens.flatten_all()?, 0)?;
        for layer in &self.layers {
            let inner = norm(&x, &layer.attention_norm, shape.norm_epsilon)?;
            let split = |weight: &Var| -> Result<Tensor> {
                inner
                    .matmul(&weight.t()?)?
                    .reshape((rows, length, shape.heads, head))?
                    .transpose(1, 2)?
                    .contiguous()
            };
            let query = rotate(&split(&layer.query)?, &cos, &sin)?;
            let key = rotate(&split(&layer.key)?, &cos, &sin)?;
            let value = split(&layer.value)?;
            let scores =
                (query.matmul(&key.transpose(2, 3)?.contiguous()?)? * (1.0 / real(head).sqrt()))?;
            let weights = softmax(&scores.broadcast_add(&mask)?, D::Minus1)?;
            let mixed = weights
                .matmul(&value)?
                .transpose(1, 2)?
                .contiguous()?
                .reshape((rows * length, shape.dim))?;
            x = (x + mixed.matmul(&layer.output.t()?)?)?;
            let inner = norm(&x, &layer.mlp_norm, shape.norm_epsilon)?;
            let gated =
                (inner.matmul(&layer.gate.t()?)?.silu()? * inner.matmul(&layer.up.t()?)?)?;
            x = (x + gated.matmul(&layer.down.t()?)?)?;
        }
        norm(&x, &self.final_norm, shape.norm_epsilon)?.matmul(&self.embedding.t()?)
    }
}

fn norm(x: &Tensor, weight: &Var, epsilon: f64) -> Result<Tensor> {
    let mean_square = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(mean_square + epsilon)?.sqrt()?)?
        .broadcast_mul(weight.as_tensor())
}

fn rotation(length: usize, head: usize, base: f64) -> Result<(Tensor, Tensor)> {
    let angle = |place: usize| {
        let (position, pair) = (place / (head / 2), place % (head / 2));
        real(position) * base.powf(-2.0 * real(pair) / real(head))
    };
    let table = |f: fn(f64) -> f64| {
        let values: Vec<f32> = (0..length * head / 2)
            .map(|place| single(f(angle(place))))
            .collect();
        Tensor::from_vec(values, (1, 1, length, head / 2), &Device::Cpu)
    };
    Ok((table(f64::cos)?, table(f64::sin)?))
}

fn rotate(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
    let half = x.dim(D::Minus1)? / 2;
    let (first, second) = (
        x.narrow(D::Minus1, 0, half)?,
        x.narrow(D::Minus1, half, half)?,
    );
    let real = (first.broadcast_mul(cos)? - second.broadcast_mul(sin)?)?;
    let imaginary = (second.broadcast_mul(cos)? + first.broadcast_mul(sin)?)?;
    Tensor::cat(&[real, imaginary], D::Minus1)
}

fn mask(length: usize) -> Result<Tensor> {
    let values: Vec<f32> = (0..length * length)
        .map(|place| {
            if place % length > place / length {
                -1e9
            } else {
                0.0
            }
        })
        .collect();
    Tensor::from_vec(values, (1, 1, length, length), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::{Decoder, Segment, Wanted};
    use crate::testing::random_model;

    #[test]
    fn the_kernels_agree_with_candle() {
        let file = random_model(1);
        let tokens = [256_u32, 104, 258, 259, 260, 257, 261, 0, 255, 262, 264, 263];
        let input = Tensor::new(&[tokens], &Device::Cpu).unwrap();
        let expected = Network::from_file(&file).unwrap().forward(&input).unwrap();
        let expected: Vec<Vec<f32>> = expected.to_vec2().unwrap();
        let decoder = Decoder::new(&file);
        let mut session = decoder.session();
        let segment = Segment {
            session: &mut session,
            tokens: &tokens,
            wanted: Wanted::All,
        };
        let found = decoder.read(&mut [segment]).remove(0);
        let largest = found
            .iter()
            .flatten()
            .zip(expected.iter().flatten())
            .map(|(found, expected)| (found - expected).abs())
            .fold(0.0, f32::max);
        assert!(largest < 1e-4, "{largest}");
    }

    #[test]
    fn a_file_and_a_network_are_the_same_parameters() {
        let file = random_model(2);
        let network = Network::from_file(&file).unwrap();
        let words = file.header().words.clone();
        let again: Vec<Vec<f32>> = network
            .variables()
            .iter()
            .map(|variable| variable.flatten_all().unwrap().to_vec1().unwrap())
            .collect();
        assert_eq!(again, file.weights().tensors());
        assert_eq!(network.shape.vocabulary, words.len() + 257);
    }
}
