//! Arithmetic in a fixed order.
//!
//! Invariant: every number that comes out depends on the numbers and shapes that go in and on nothing
//! else: not on how many rows are worked on at once, nor on threads, build profile or processor. Each
//! sum is taken in an order that the shape alone decides, a product and a sum are always rounded apart,
//! and functions beyond the four operations and the square root come from a library in plain Rust.

use pulp::Arch;

/// Outputs that are worked on at once.
const LANES: usize = 16;
/// Rows that are worked on at once.
const ROWS: usize = 4;

/// A matrix that maps `inputs` numbers to `outputs`, cut into panels of 16 outputs each; in a panel the
/// weights of one input stand side by side. What is missing in the last panel is 0.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    inputs: usize,
    pub(crate) outputs: usize,
    panels: Vec<f32>,
}

impl Matrix {
    /// Packs `weights`, row-major with a row for each output.
    pub(crate) fn pack(weights: &[f32], inputs: usize, outputs: usize) -> Self {
        let mut panels = vec![0.0; outputs.div_ceil(LANES) * inputs * LANES];
        for (output, row) in weights.chunks_exact(inputs).take(outputs).enumerate() {
            let start = output / LANES * inputs * LANES + output % LANES;
            for (input, weight) in row.iter().enumerate() {
                panels[start + input * LANES] = *weight;
            }
        }
        Self {
            inputs,
            outputs,
            panels,
        }
    }

    /// Maps every row of `x`.
    pub(crate) fn map(&self, x: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; x.len() / self.inputs * self.outputs];
        // The widest registers that the processor has; the order of operations stays the same.
        Arch::new().dispatch(
            #[inline(always)]
            || self.map_into(x, &mut out),
        );
        out
    }

    #[expect(
        clippy::inline_always,
        reason = "only inlined code is compiled for the wide registers"
    )]
    #[inline(always)]
    fn map_into(&self, x: &[f32], out: &mut [f32]) {
        let size = self.inputs * LANES;
        for (number, panel) in self.panels.chunks_exact(size).enumerate() {
            let first = number * LANES;
            let width = LANES.min(self.outputs - first);
            let mut tiles = x.chunks_exact(ROWS * self.inputs);
            let mut row = 0;
            for tile in &mut tiles {
                let rows =
                    std::array::from_fn(|row| &tile[row * self.inputs..(row + 1) * self.inputs]);
                for sums in multiply::<ROWS>(rows, panel) {
                    let start = row * self.outputs + first;
                    out[start..start + width].copy_from_slice(&sums[..width]);
                    row += 1;
                }
            }
            for single in tiles.remainder().chunks_exact(self.inputs) {
                let [sums] = multiply([single], panel);
                let start = row * self.outputs + first;
                out[start..start + width].copy_from_slice(&sums[..width]);
                row += 1;
            }
        }
    }
}

/// Each of `rows` with the 16 columns of `panel`, summed from the first input to the last.
#[expect(
    clippy::inline_always,
    reason = "only inlined code is compiled for the wide registers"
)]
#[inline(always)]
fn multiply<const COUNT: usize>(rows: [&[f32]; COUNT], panel: &[f32]) -> [[f32; LANES]; COUNT] {
    let mut sums = [[0.0; LANES]; COUNT];
    let (weights, _) = panel.as_chunks::<LANES>();
    let rows = rows.map(|row| &row[..weights.len()]);
    for (input, weights) in weights.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let value = row[input];
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
    }
    sums
}

/// The scalar product of two vectors of the same length: eight sums, one for every eighth number, then
/// those in pairs.
#[inline]
pub(crate) fn dot(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let ((one, one_rest), (other, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    for (one, other) in one.iter().zip(other) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += one * other;
        }
    }
    for (sum, (one, other)) in sums.iter_mut().zip(one_rest.iter().zip(other_rest)) {
        *sum += one * other;
    }
    let pair = |place| sums[place] + sums[place + 1];
    (pair(0) + pair(2)) + (pair(4) + pair(6))
}

/// Adds `factor` times `x` to `sum`.
#[inline]
pub(crate) fn add_scaled(sum: &mut [f32], factor: f32, x: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(x) {
        *sum += factor * value;
    }
}

/// Root mean square normalisation (Zhang and Sennrich 2019) of every row of `x`.
pub(crate) fn norm(x: &[f32], weight: &[f32], epsilon: f32) -> Vec<f32> {
    let mut out = Vec::with_capacity(x.len());
    for row in x.chunks_exact(weight.len()) {
        #[expect(clippy::cast_precision_loss, reason = "rows are short")]
        let mean = dot(row, row) / row.len() as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        out.extend(
            row.iter()
                .zip(weight)
                .map(|(value, weight)| value * scale * weight),
        );
    }
    out
}

/// Makes weights that sum to 1 of `scores`.
pub(crate) fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = libm::expf(*score - highest);
        sum += *score;
    }
    let scale = 1.0 / sum;
    for score in scores {
        *score *= scale;
    }
}

/// The gated unit: `gate` becomes silu(`gate`) times `up` (Shazeer 2020).
pub(crate) fn gate(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + libm::expf(-*gate)) * up;
    }
}

/// Natural logarithms of the probabilities that `logits` stand for, in double precision.
pub(crate) fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let highest = f64::from(highest);
    let mut sum = 0.0;
    for logit in logits {
        sum += libm::exp(f64::from(*logit) - highest);
    }
    let log_sum = libm::log(sum) + highest;
    logits
        .iter()
        .map(|logit| f64::from(*logit) - log_sum)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::single;
    use crate::world::Random;

    fn numbers(count: usize, random: &mut Random) -> Vec<f32> {
        (0..count).map(|_| single(random.normal())).collect()
    }

    /// The documented order, written the plain way.
    fn plain(x: &[f32], weights: &[f32], inputs: usize) -> Vec<f32> {
        let mut out = Vec::new();
        for row in x.chunks(inputs) {
            for weights in weights.chunks(inputs) {
                let mut sum = 0.0;
                for (value, weight) in row.iter().zip(weights) {
                    sum += value * weight;
                }
                out.push(sum);
            }
        }
        out
    }

    #[test]
    fn any_number_of_rows_gives_the_same_bits() {
        let mut random = Random::new(3, "kernel");
        for (inputs, outputs) in [(128, 128), (7, 5), (33, 17), (1, 40)] {
            let weights = numbers(inputs * outputs, &mut random);
            let matrix = Matrix::pack(&weights, inputs, outputs);
            for rows in [1, 2, 3, 4, 5, 9] {
                let x = numbers(rows * inputs, &mut random);
                let bits =
                    |numbers: Vec<f32>| numbers.into_iter().map(f32::to_bits).collect::<Vec<_>>();
                assert_eq!(
                    bits(matrix.map(&x)),
                    bits(plain(&x, &weights, inputs)),
                    "{rows} rows, {inputs} to {outputs}"
                );
            }
        }
    }

    #[test]
    fn probabilities_sum_to_one() {
        let mut random = Random::new(4, "kernel");
        let mut scores = numbers(100, &mut random);
        let logprobs = log_softmax(&scores);
        let total: f64 = logprobs.iter().map(|logprob| logprob.exp()).sum();
        assert!((total - 1.0).abs() < 1e-12);
        softmax(&mut scores);
        let largest = scores
            .iter()
            .zip(&logprobs)
            .map(|(share, logprob)| (f64::from(*share) - logprob.exp()).abs())
            .fold(0.0, f64::max);
        assert!(largest < 1e-7, "{largest}");
        let mut certain = [1e30, -1e30];
        softmax(&mut certain);
        assert_eq!(certain.map(f32::to_bits), [1.0, 0.0].map(f32::to_bits));
    }
}
