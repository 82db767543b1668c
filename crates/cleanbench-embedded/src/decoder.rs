//! The forward pass: tokens in, logits out.
//!
//! Llama-shaped: RMS norms, rotary positions that pair the halves of a head, causal attention, a gated
//! feed-forward part, the embedding tied to the output, no biases.
//!
//! Invariant: the logits of a position depend on the tokens up to it and on nothing else, to the last
//! bit: not on how the tokens were divided into calls, nor on what else was worked on at the same time.

use crate::file::{Header, LayerWeights, ModelFile};
use crate::kernel::{Matrix, add_scaled, dot, gate, norm, softmax};
use crate::number::{real, single};

#[derive(Debug)]
struct Layer {
    attention_norm: Vec<f32>,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
    mlp_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

/// A model that can be run.
#[derive(Debug)]
pub struct Decoder {
    header: Header,
    embedding: Vec<f32>,
    unembedding: Matrix,
    layers: Vec<Layer>,
    final_norm: Vec<f32>,
    /// Cosine and sine of every position and pair.
    angles: Vec<(f32, f32)>,
}

/// What a layer keeps of the positions so far, a row for each.
#[derive(Debug, Clone, Default)]
struct Past {
    keys: Vec<f32>,
    values: Vec<f32>,
}

/// What has been read of a sequence so far. A copy of it is a fork: both can go on apart.
#[derive(Debug, Clone)]
pub struct Session {
    /// For each layer the keys and the values of all positions.
    layers: Vec<Past>,
    length: usize,
}

impl Session {
    /// Tokens read.
    pub fn length(&self) -> usize {
        self.length
    }
}

/// Which positions of a segment need logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The last one.
    Last,
    /// All.
    All,
}

/// Tokens with which a sequence goes on.
#[derive(Debug)]
pub struct Segment<'a> {
    /// The sequence.
    pub session: &'a mut Session,
    /// At least one token; together with the session at most the model's context.
    pub tokens: &'a [u32],
    /// Positions whose logits are needed.
    pub wanted: Wanted,
}

impl Decoder {
    /// Makes `file` ready to run.
    pub fn new(file: &ModelFile) -> Self {
        let header = file.header().clone();
        let weights = file.weights();
        let layers = (0..header.layers)
            .map(|number| Layer::new(&header, weights.layer(number)))
            .collect();
        let embedding = weights.embedding().to_vec();
        let vocabulary = embedding.len() / header.dim;
        Self {
            unembedding: Matrix::pack(&embedding, header.dim, vocabulary),
            embedding,
            layers,
            final_norm: weights.final_norm().to_vec(),
            angles: angles(&header),
            header,
        }
    }

    /// What the model is.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// A sequence of which nothing has been read.
    pub fn session(&self) -> Session {
        Session {
            layers: vec![Past::default(); self.layers.len()],
            length: 0,
        }
    }

    /// Reads on in several sequences at once. Gives for each segment the logits of the positions that
    /// are wanted, one row of the vocabulary's size each.
    ///
    /// # Panics
    /// When a segment is empty, or longer than the context allows, or names a token that there is not.
    pub fn read(&self, segments: &mut [Segment<'_>]) -> Vec<Vec<Vec<f32>>> {
        let dim = self.header.dim;
        let mut x = Vec::new();
        for segment in segments.iter() {
            let end = segment.session.length + segment.tokens.len();
            assert!(!segment.tokens.is_empty() && end <= self.header.context);
            for token in segment.tokens {
                let start = *token as usize * dim;
                x.extend_from_slice(&self.embedding[start..start + dim]);
            }
        }
        for (number, layer) in self.layers.iter().enumerate() {
            let mixed = self.attend(layer, number, segments, &x);
            add(&mut x, &layer.output.map(&mixed));
            let inner = norm(&x, &layer.mlp_norm, self.epsilon());
            let mut gated = layer.gate.map(&inner);
            gate(&mut gated, &layer.up.map(&inner));
            add(&mut x, &layer.down.map(&gated));
        }
        for segment in segments.iter_mut() {
            segment.session.length += segment.tokens.len();
        }
        self.logits(segments, &x)
    }

    fn epsilon(&self) -> f32 {
        single(self.header.norm_epsilon)
    }

    /// Values mixed by attention, for all rows of `x`. Adds keys and values to the sessions.
    fn attend(
        &self,
        layer: &Layer,
        number: usize,
        segments: &mut [Segment<'_>],
        x: &[f32],
    ) -> Vec<f32> {
        let dim = self.header.dim;
        let inner = norm(x, &layer.attention_norm, self.epsilon());
        let mut queries = layer.query.map(&inner);
        let mut keys = layer.key.map(&inner);
        let values = layer.value.map(&inner);
        let mut mixed = vec![0.0; x.len()];
        let mut scores = Vec::with_capacity(self.header.context);
        let mut row = 0;
        for segment in segments {
            let before = segment.session.length;
            let past = &mut segment.session.layers[number];
            for position in before..before + segment.tokens.len() {
                let place = row * dim..(row + 1) * dim;
                self.rotate(&mut queries[place.clone()], position);
                self.rotate(&mut keys[place.clone()], position);
                past.keys.extend_from_slice(&keys[place.clone()]);
                past.values.extend_from_slice(&values[place.clone()]);
                self.mix(
                    &queries[place.clone()],
                    past,
                    &mut scores,
                    &mut mixed[place],
                );
                row += 1;
            }
        }
        mixed
    }

    /// Turns the pairs of every head by the angles of `position`.
    fn rotate(&self, row: &mut [f32], position: usize) {
        let half = self.header.dim / self.header.heads / 2;
        let angles = &self.angles[position * half..(position + 1) * half];
        for head in row.chunks_exact_mut(2 * half) {
            let (first, second) = head.split_at_mut(half);
            for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(angles) {
                (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
            }
        }
    }

    /// One row of attention over all positions so far.
    fn mix(&self, query: &[f32], past: &Past, scores: &mut Vec<f32>, out: &mut [f32]) {
        let (dim, width) = (self.header.dim, self.header.dim / self.header.heads);
        let scale = single(1.0 / real(width).sqrt());
        for start in (0..dim).step_by(width) {
            let place = start..start + width;
            let query = &query[place.clone()];
            scores.clear();
            scores.extend(
                past.keys
                    .chunks_exact(dim)
                    .map(|key| dot(query, &key[place.clone()]) * scale),
            );
            softmax(scores);
            for (share, value) in scores.iter().zip(past.values.chunks_exact(dim)) {
                add_scaled(&mut out[place.clone()], *share, &value[place.clone()]);
            }
        }
    }

    fn logits(&self, segments: &[Segment<'_>], x: &[f32]) -> Vec<Vec<Vec<f32>>> {
        let dim = self.header.dim;
        let mut row = 0;
        let mut wanted = Vec::new();
        let mut counts = Vec::new();
        for segment in segments {
            let skipped = match segment.wanted {
                Wanted::Last => segment.tokens.len() - 1,
                Wanted::All => 0,
            };
            let end = row + segment.tokens.len();
            wanted.extend_from_slice(&x[(row + skipped) * dim..end * dim]);
            counts.push(end - row - skipped);
            row = end;
        }
        let last = norm(&wanted, &self.final_norm, self.epsilon());
        let logits = self.unembedding.map(&last);
        let mut rows = logits.chunks_exact(self.unembedding.outputs);
        counts
            .into_iter()
            .map(|count| rows.by_ref().take(count).map(<[f32]>::to_vec).collect())
            .collect()
    }
}

impl Layer {
    fn new(header: &Header, weights: LayerWeights<'_>) -> Self {
        let (dim, hidden) = (header.dim, header.hidden);
        Self {
            attention_norm: weights.attention_norm.to_vec(),
            query: Matrix::pack(weights.query, dim, dim),
            key: Matrix::pack(weights.key, dim, dim),
            value: Matrix::pack(weights.value, dim, dim),
            output: Matrix::pack(weights.output, dim, dim),
            mlp_norm: weights.mlp_norm.to_vec(),
            gate: Matrix::pack(weights.gate, dim, hidden),
            up: Matrix::pack(weights.up, dim, hidden),
            down: Matrix::pack(weights.down, hidden, dim),
        }
    }
}

fn add(x: &mut [f32], other: &[f32]) {
    for (x, other) in x.iter_mut().zip(other) {
        *x += other;
    }
}

fn angles(header: &Header) -> Vec<(f32, f32)> {
    let width = header.dim / header.heads;
    let mut angles = Vec::with_capacity(header.context * width / 2);
    for position in 0..header.context {
        for pair in 0..width / 2 {
            let power = -2.0 * real(pair) / real(width);
            let angle = real(position) * libm::pow(header.rope_base, power);
            angles.push((single(libm::cos(angle)), single(libm::sin(angle))));
        }
    }
    angles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random_model;
    use crate::world::Random;

    const TOKENS: [u32; 12] = [256, 104, 258, 259, 260, 257, 261, 0, 255, 262, 264, 263];

    fn bits(rows: &[Vec<f32>]) -> Vec<Vec<u32>> {
        rows.iter()
            .map(|row| row.iter().map(|logit| logit.to_bits()).collect())
            .collect()
    }

    fn whole(decoder: &Decoder, tokens: &[u32]) -> Vec<Vec<f32>> {
        let mut session = decoder.session();
        let segment = Segment {
            session: &mut session,
            tokens,
            wanted: Wanted::All,
        };
        decoder.read(&mut [segment]).remove(0)
    }

    /// The same model in double precision, without a cache, straight from the definition.
    fn reference(file: &ModelFile, tokens: &[u32]) -> Vec<Vec<f64>> {
        let header = file.header();
        let dim = header.dim;
        let width = dim / header.heads;
        let map = |weights: &[f32], x: &[f64]| -> Vec<f64> {
            weights
                .chunks(x.len())
                .map(|row| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum())
                .collect()
        };
        let normed = |x: &[f64], weight: &[f32]| -> Vec<f64> {
            let mean = x.iter().map(|x| x * x).sum::<f64>() / real(x.len());
            let root = (mean + header.norm_epsilon).sqrt();
            x.iter()
                .zip(weight)
                .map(|(x, w)| x / root * f64::from(*w))
                .collect()
        };
        let turned = |x: &[f64], position: usize| -> Vec<f64> {
            (0..dim)
                .map(|place| {
                    let (head, inner) = (place / width, place % width);
                    let pair = inner % (width / 2);
                    let exponent = -2.0 * real(pair) / real(width);
                    let angle = real(position) * header.rope_base.powf(exponent);
                    let first = x[head * width + pair];
                    let second = x[head * width + pair + width / 2];
                    if inner < width / 2 {
                        first * angle.cos() - second * angle.sin()
                    } else {
                        second * angle.cos() + first * angle.sin()
                    }
                })
                .collect()
        };
        let embedding = file.weights().embedding();
        let mut x: Vec<Vec<f64>> = tokens
            .iter()
            .map(|token| {
                let start = *token as usize * dim;
                embedding[start..start + dim]
                    .iter()
                    .map(|e| f64::from(*e))
                    .collect()
            })
            .collect();
        for number in 0..header.layers {
            let layer = file.weights().layer(number);
            let inner: Vec<_> = x.iter().map(|x| normed(x, layer.attention_norm)).collect();
            let at = |weights: &[f32], row: usize| map(weights, &inner[row]);
            let keys: Vec<_> = (0..x.len())
                .map(|row| turned(&at(layer.key, row), row))
                .collect();
            let values: Vec<_> = (0..x.len()).map(|row| at(layer.value, row)).collect();
            for row in 0..x.len() {
                let query = turned(&at(layer.query, row), row);
                let mut mixed = vec![0.0; dim];
                for head in 0..header.heads {
                    let place = head * width..(head + 1) * width;
                    let exps: Vec<f64> = (0..=row)
                        .map(|other| {
                            let product: f64 =
                                place.clone().map(|i| query[i] * keys[other][i]).sum();
                            (product / real(width).sqrt()).exp()
                        })
                        .collect();
                    let total: f64 = exps.iter().sum();
                    for (other, exp) in exps.iter().enumerate() {
                        for i in place.clone() {
                            mixed[i] += exp / total * values[other][i];
                        }
                    }
                }
                for (x, out) in x[row].iter_mut().zip(map(layer.output, &mixed)) {
                    *x += out;
                }
            }
            for x in &mut x {
                let inner = normed(x, layer.mlp_norm);
                let up = map(layer.up, &inner);
                let gated: Vec<_> = map(layer.gate, &inner)
                    .into_iter()
                    .zip(up)
                    .map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up)
                    .collect();
                for (x, out) in x.iter_mut().zip(map(layer.down, &gated)) {
                    *x += out;
                }
            }
        }
        x.iter()
            .map(|x| map(embedding, &normed(x, file.weights().final_norm())))
            .collect()
    }

    #[test]
    fn it_computes_what_the_definition_says() {
        for seed in [1, 2, 3] {
            let file = random_model(seed);
            let found = whole(&Decoder::new(&file), &TOKENS);
            let expected = reference(&file, &TOKENS);
            let largest = found
                .iter()
                .flatten()
                .zip(expected.iter().flatten())
                .map(|(found, expected)| (f64::from(*found) - expected).abs())
                .fold(0.0, f64::max);
            assert!(largest < 1e-4, "{largest}");
        }
    }

    #[test]
    fn the_division_into_calls_changes_no_bit() {
        let decoder = Decoder::new(&random_model(4));
        let expected = bits(&whole(&decoder, &TOKENS));
        for cut in 1..TOKENS.len() {
            let mut session = decoder.session();
            let mut found = Vec::new();
            for tokens in [&TOKENS[..cut], &TOKENS[cut..]] {
                let segment = Segment {
                    session: &mut session,
                    tokens,
                    wanted: Wanted::All,
                };
                found.extend(decoder.read(&mut [segment]).remove(0));
            }
            assert_eq!(bits(&found), expected, "cut at {cut}");
        }
    }

    #[test]
    fn company_changes_no_bit() {
        let decoder = Decoder::new(&random_model(5));
        let mut random = Random::new(5, "company");
        let texts: Vec<Vec<u32>> = (0..7)
            .map(|_| {
                let length = 1 + random.below(9);
                (0..length)
                    .map(|_| u32::try_from(random.below(265)).unwrap())
                    .collect()
            })
            .collect();
        let mut sessions: Vec<_> = texts.iter().map(|_| decoder.session()).collect();
        let mut segments: Vec<_> = texts
            .iter()
            .zip(&mut sessions)
            .map(|(tokens, session)| Segment {
                session,
                tokens,
                wanted: Wanted::All,
            })
            .collect();
        let together = decoder.read(&mut segments);
        for (tokens, rows) in texts.iter().zip(&together) {
            assert_eq!(bits(rows), bits(&whole(&decoder, tokens)));
        }
    }

    #[test]
    fn a_fork_goes_on_as_if_alone() {
        let decoder = Decoder::new(&random_model(6));
        let mut session = decoder.session();
        let start = Segment {
            session: &mut session,
            tokens: &TOKENS[..5],
            wanted: Wanted::Last,
        };
        let last = decoder.read(&mut [start]);
        assert_eq!(bits(&last[0]), bits(&whole(&decoder, &TOKENS[..5])[4..]));
        for end in [[1_u32, 2], [258, 3]] {
            let mut fork = session.clone();
            let segment = Segment {
                session: &mut fork,
                tokens: &end,
                wanted: Wanted::Last,
            };
            let found = decoder.read(&mut [segment]).remove(0);
            let all = [&TOKENS[..5], &end].concat();
            assert_eq!(bits(&found), bits(&whole(&decoder, &all)[6..]));
            assert_eq!(fork.length(), 7);
        }
        assert_eq!(session.length(), 5);
    }

    /// Taken on x86-64; any machine, build profile and number of threads must give the same.
    #[test]
    fn the_bits_are_the_same_everywhere() {
        let decoder = Decoder::new(&random_model(7));
        let bytes: Vec<u8> = bits(&whole(&decoder, &TOKENS))
            .into_iter()
            .flatten()
            .flat_map(u32::to_le_bytes)
            .collect();
        let digest = cleanbench_core::Digest::of_file_bytes(&bytes);
        assert_eq!(
            digest.to_string(),
            "01d1194373c25847dbb8d79e142d431e593576892dae6f70fb9810feaf2756a3"
        );
    }
}
