//! The loss of a batch and its gradient, by hand: forward as [`super::network`], and back.
//!
//! A million parameters and some hundred tokens are so little work that a general library spends most of its time on
//! what is around it. Invariant: the gradient is that of [`super::Network`]; a test compares them.

use std::ops::Range;

use super::batch::Row;
use super::network::Shape;
use super::product::{Multiplier, Out, View};
use crate::number::{real, single};

/// A matrix among the parameters, with a row for each output.
#[derive(Debug)]
struct Matrix {
    places: Range<usize>,
    inputs: usize,
}

/// Where the parameters of a layer stand.
#[derive(Debug)]
struct LayerPlaces {
    attention_norm: Range<usize>,
    /// Queries, keys and values, below one another.
    attention: Matrix,
    output: Matrix,
    mlp_norm: Range<usize>,
    /// Gate and up, below one another.
    gated: Matrix,
    down: Matrix,
}

/// Rows before and after root mean square normalisation, and by what each was multiplied.
#[derive(Debug)]
struct Normed {
    before: Vec<f32>,
    scales: Vec<f32>,
    after: Vec<f32>,
}

/// What forward leaves to back, of one layer.
#[derive(Debug)]
struct LayerTrace {
    attended: Normed,
    /// Queries and keys, turned, and values, side by side.
    heads: Vec<f32>,
    /// For each row of the batch and each head: how much each token attends to each.
    weights: Vec<f32>,
    mixed: Vec<f32>,
    fed: Normed,
    gated: Vec<f32>,
    units: Vec<f32>,
}

/// What is known of the models and batches before any of them.
#[derive(Debug)]
pub(super) struct Plan {
    shape: Shape,
    /// Tokens of a row.
    length: usize,
    embedding: Matrix,
    layers: Vec<LayerPlaces>,
    final_norm: Range<usize>,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Plan {
    /// For models of `shape` and rows of `length` tokens.
    pub(super) fn new(shape: Shape, length: usize) -> Self {
        let mut next = 0;
        let mut take = |count: usize| {
            next += count;
            next - count..next
        };
        let (dim, hidden) = (shape.dim, shape.hidden);
        let half = dim / shape.heads / 2;
        let matrix = |places, inputs| Matrix { places, inputs };
        let embedding = matrix(take(shape.vocabulary * dim), dim);
        let layers = (0..shape.layers).map(|_| LayerPlaces {
            attention_norm: take(dim),
            attention: matrix(take(3 * dim * dim), dim),
            output: matrix(take(dim * dim), dim),
            mlp_norm: take(dim),
            gated: matrix(take(2 * hidden * dim), dim),
            down: matrix(take(hidden * dim), hidden),
        });
        let layers = layers.collect();
        let angle = |place: usize| {
            let (position, pair) = (place / half, place % half);
            real(position) * shape.rope_base.powf(-real(pair) / real(half))
        };
        let table = |of: fn(f64) -> f64| -> Vec<f32> {
            let angles = (0..length * half).map(angle);
            angles.map(|angle| single(of(angle))).collect()
        };
        Self {
            shape,
            length,
            embedding,
            layers,
            final_norm: take(dim),
            cos: table(f64::cos),
            sin: table(f64::sin),
        }
    }
}

/// One way there and back.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    pub(super) plan: &'a Plan,
    /// All parameters.
    pub(super) all: &'a [f32],
    /// Of the loss, by each of them.
    pub(super) gradient: &'a mut [f32],
    pub(super) multiplier: &'a mut Multiplier,
}

impl Pass<'_> {
    /// The loss of `rows`, whose gradient is put in its place.
    pub(super) fn loss(&mut self, rows: &[Row]) -> f64 {
        let plan = self.plan;
        self.gradient.fill(0.0);
        let dim = plan.shape.dim;
        let tokens = rows.iter().flat_map(|row| &row.tokens[..plan.length]);
        let tokens: Vec<_> = tokens.map(|token| *token as usize * dim).collect();
        let embedded = tokens.iter().flat_map(|start| &self.all[*start..][..dim]);
        let mut x: Vec<_> = embedded.copied().collect();
        let mut traces = Vec::new();
        for layer in &plan.layers {
            traces.push(self.layer(layer, &mut x));
        }
        let last = self.norm(x, &plan.final_norm);
        let mut errors = self.map(&last.after, &plan.embedding);
        let loss = errors_of(&mut errors, rows, plan.shape.vocabulary);
        let mut back = self.map_back(&errors, &last.after, &plan.embedding);
        back = self.norm_back(&back, &last, &plan.final_norm);
        for (layer, trace) in plan.layers.iter().zip(&traces).rev() {
            self.layer_back(layer, trace, &mut back);
        }
        for (start, back) in tokens.iter().zip(back.chunks_exact(dim)) {
            add(&mut self.gradient[*start..][..dim], back);
        }
        loss
    }

    /// Applies a layer to `x`.
    fn layer(&mut self, layer: &LayerPlaces, x: &mut Vec<f32>) -> LayerTrace {
        let attended = self.norm(std::mem::take(x), &layer.attention_norm);
        let mut heads = self.map(&attended.after, &layer.attention);
        self.plan.turn(&mut heads, 1.0);
        let (weights, mixed) = self.attend(&heads);
        let mut between = self.map(&mixed, &layer.output);
        add(&mut between, &attended.before);
        let fed = self.norm(between, &layer.mlp_norm);
        let gated = self.map(&fed.after, &layer.gated);
        let units = units(&gated, self.plan.shape.hidden);
        *x = self.map(&units, &layer.down);
        add(x, &fed.before);
        LayerTrace {
            attended,
            heads,
            weights,
            mixed,
            fed,
            gated,
            units,
        }
    }

    /// Turns `errors` of what a layer gave into those of what it was given.
    fn layer_back(&mut self, layer: &LayerPlaces, trace: &LayerTrace, errors: &mut [f32]) {
        let hidden = self.plan.shape.hidden;
        let back = self.map_back(errors, &trace.units, &layer.down);
        let back = units_back(&back, &trace.gated, hidden);
        let back = self.map_back(&back, &trace.fed.after, &layer.gated);
        add(errors, &self.norm_back(&back, &trace.fed, &layer.mlp_norm));
        let back = self.map_back(errors, &trace.mixed, &layer.output);
        let mut back = self.attend_back(&back, trace);
        self.plan.turn(&mut back, -1.0);
        let back = self.map_back(&back, &trace.attended.after, &layer.attention);
        let back = self.norm_back(&back, &trace.attended, &layer.attention_norm);
        add(errors, &back);
    }

    fn map(&mut self, x: &[f32], matrix: &Matrix) -> Vec<f32> {
        let (rows, outputs) = (x.len() / matrix.inputs, matrix.outputs());
        let mut out = vec![0.0; rows * outputs];
        let x = View::new(x, rows, matrix.inputs);
        let weights = matrix.of(self.all).transposed();
        let out_rows = Out::set(&mut out, outputs);
        self.multiplier.product(x, weights, out_rows);
        out
    }

    /// From the `errors` of what [`Self::map`] made of `x` those of `x`.
    fn map_back(&mut self, errors: &[f32], x: &[f32], matrix: &Matrix) -> Vec<f32> {
        let (rows, inputs) = (x.len() / matrix.inputs, matrix.inputs);
        let errors = View::new(errors, rows, matrix.outputs());
        let gradient = Out::add(&mut self.gradient[matrix.places.clone()], inputs);
        let of_x = View::new(x, rows, inputs);
        self.multiplier.product(errors.transposed(), of_x, gradient);
        let mut out = vec![0.0; x.len()];
        let out_rows = Out::set(&mut out, inputs);
        self.multiplier
            .product(errors, matrix.of(self.all), out_rows);
        out
    }

    fn norm(&self, before: Vec<f32>, places: &Range<usize>) -> Normed {
        let weights = &self.all[places.clone()];
        let epsilon = self.plan.shape.norm_epsilon;
        let rows = before.chunks_exact(weights.len());
        let scale = |row: &[f32]| {
            let mean = f64::from(dot(row, row)) / real(row.len());
            single(1.0 / (mean + epsilon).sqrt())
        };
        let scales: Vec<_> = rows.clone().map(scale).collect();
        let mut after = before.clone();
        for (row, scale) in after.chunks_exact_mut(weights.len()).zip(&scales) {
            for (value, weight) in row.iter_mut().zip(weights) {
                *value *= scale * weight;
            }
        }
        Normed {
            before,
            scales,
            after,
        }
    }

    /// From the `errors` of what [`Self::norm`] gave those of what it was given.
    fn norm_back(&mut self, errors: &[f32], trace: &Normed, places: &Range<usize>) -> Vec<f32> {
        let weights = &self.all[places.clone()];
        let gradient = &mut self.gradient[places.clone()];
        let dim = weights.len();
        let mut out = errors.to_vec();
        let rows = out
            .chunks_exact_mut(dim)
            .zip(trace.before.chunks_exact(dim));
        for ((back, x), scale) in rows.zip(&trace.scales) {
            for ((sum, error), x) in gradient.iter_mut().zip(&*back).zip(x) {
                *sum += error * x * scale;
            }
            for (error, weight) in back.iter_mut().zip(weights) {
                *error *= weight;
            }
            let common = dot(back, x) * scale * scale / single(real(dim));
            for (error, x) in back.iter_mut().zip(x) {
                *error = (*error - common * x) * scale;
            }
        }
        out
    }

    /// For each row of the batch and each head the weights of attention; and the values, mixed by them.
    fn attend(&mut self, heads: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let plan = self.plan;
        let (length, width) = (plan.length, plan.head());
        let (dim, wide) = (plan.shape.dim, 3 * plan.shape.dim);
        let rows = heads.len() / wide / length;
        let mut weights = vec![0.0; rows * plan.shape.heads * length * length];
        let mut mixed = vec![0.0; rows * length * dim];
        let scale = single(1.0 / real(width).sqrt());
        for (at, weights) in weights.chunks_exact_mut(length * length).enumerate() {
            let Spot { start, mixed: to } = plan.spot(at);
            let part =
                |which: usize| View::within(&heads[start + which * dim..], length, width, wide);
            let out = Out::set(&mut *weights, length);
            self.multiplier.product(part(0), part(1).transposed(), out);
            for (position, row) in weights.chunks_exact_mut(length).enumerate() {
                let (seen, later) = row.split_at_mut(position + 1);
                softmax(seen, scale);
                later.fill(0.0);
            }
            let out = Out::set(&mut mixed[to..], dim);
            let weights = View::new(weights, length, length);
            self.multiplier.product(weights, part(2), out);
        }
        (weights, mixed)
    }

    /// From the `errors` of what [`Self::attend`] mixed those of queries, keys and values.
    fn attend_back(&mut self, errors: &[f32], trace: &LayerTrace) -> Vec<f32> {
        let plan = self.plan;
        let (length, width) = (plan.length, plan.head());
        let (dim, wide) = (plan.shape.dim, 3 * plan.shape.dim);
        let mut out = vec![0.0; trace.heads.len()];
        let mut back = vec![0.0; length * length];
        let scale = single(1.0 / real(width).sqrt());
        for (at, weights) in trace.weights.chunks_exact(length * length).enumerate() {
            let Spot { start, mixed } = plan.spot(at);
            let part = |which: usize| {
                View::within(&trace.heads[start + which * dim..], length, width, wide)
            };
            let errors = View::within(&errors[mixed..], length, width, dim);
            let of_weights = Out::set(&mut back, length);
            self.multiplier
                .product(errors, part(2).transposed(), of_weights);
            let rows = back.chunks_exact_mut(length);
            for (back, weights) in rows.zip(weights.chunks_exact(length)) {
                let common = dot(back, weights);
                for (back, weight) in back.iter_mut().zip(weights) {
                    *back = weight * (*back - common) * scale;
                }
            }
            let back = View::new(&back, length, length);
            let weights = View::new(weights, length, length).transposed();
            let products = [
                (back, part(1)),
                (back.transposed(), part(0)),
                (weights, errors),
            ];
            for (which, (one, other)) in products.into_iter().enumerate() {
                let out = Out::set(&mut out[start + which * dim..], wide);
                self.multiplier.product(one, other, out);
            }
        }
        out
    }
}

/// Where the numbers of one head in one row of the batch begin.
struct Spot {
    start: usize,
    mixed: usize,
}

impl Plan {
    fn head(&self) -> usize {
        self.shape.dim / self.shape.heads
    }

    fn spot(&self, at: usize) -> Spot {
        let (row, head) = (at / self.shape.heads, at % self.shape.heads);
        let (first, within) = (row * self.length, head * self.head());
        Spot {
            start: first * 3 * self.shape.dim + within,
            mixed: first * self.shape.dim + within,
        }
    }

    /// Turns queries and keys by their positions, or, with a `sign` of -1, back.
    fn turn(&self, heads: &mut [f32], sign: f32) {
        let (dim, width) = (self.shape.dim, self.head());
        let half = width / 2;
        for (position, row) in heads.chunks_exact_mut(3 * dim).enumerate() {
            let angles = position % self.length * half..;
            let (cos, sin) = (&self.cos[angles.clone()], &self.sin[angles]);
            for head in row[..2 * dim].chunks_exact_mut(width) {
                let (first, second) = head.split_at_mut(half);
                for place in 0..half {
                    let (x, y) = (first[place], second[place]);
                    let (cos, sin) = (cos[place], sign * sin[place]);
                    first[place] = x * cos - y * sin;
                    second[place] = y * cos + x * sin;
                }
            }
        }
    }
}

impl Matrix {
    fn outputs(&self) -> usize {
        self.places.len() / self.inputs
    }

    fn of<'a>(&self, all: &'a [f32]) -> View<'a> {
        View::new(&all[self.places.clone()], self.outputs(), self.inputs)
    }
}

fn add(sum: &mut [f32], other: &[f32]) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum += other;
    }
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    crate::kernel::dot(one, other)
}

/// Of gates and ups, side by side, what passes.
fn units(gated: &[f32], hidden: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(gated.len() / 2);
    for row in gated.chunks_exact(2 * hidden) {
        let (gates, ups) = row.split_at(hidden);
        let passed = gates.iter().zip(ups);
        out.extend(passed.map(|(gate, up)| gate * sigmoid(*gate) * up));
    }
    out
}

fn units_back(errors: &[f32], gated: &[f32], hidden: usize) -> Vec<f32> {
    let mut out = gated.to_vec();
    let rows = out.chunks_exact_mut(2 * hidden);
    for (row, errors) in rows.zip(errors.chunks_exact(hidden)) {
        let (gates, ups) = row.split_at_mut(hidden);
        for ((gate, up), error) in gates.iter_mut().zip(ups).zip(errors) {
            let open = sigmoid(*gate);
            let passed = *gate * open;
            *gate = error * *up * (open + passed * (1.0 - open));
            *up = error * passed;
        }
    }
    out
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exponential(-x))
}

/// Makes weights that sum to 1 of `scores`, each times `scale`. Gives their logarithmic sum.
fn softmax(scores: &mut [f32], scale: f32) -> f32 {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for score in scores.iter_mut() {
        *score = exponential((*score - highest) * scale);
    }
    let sum: f32 = scores.iter().sum();
    let share = 1.0 / sum;
    for score in scores {
        *score *= share;
    }
    highest * scale + sum.ln()
}

/// e to the power of `x`, in a way that is compiled for many at once; a ten-millionth of it may be wrong, times `x`.
fn exponential(x: f32) -> f32 {
    /// Adding it rounds to whole numbers, which then are the last bits.
    const ROUNDS: f32 = 12_582_912.0;
    let power = (x * std::f32::consts::LOG2_E).clamp(-126.0, 126.0);
    let rounded = power + ROUNDS;
    let rest = (power - (rounded - ROUNDS)) * std::f32::consts::LN_2;
    let terms = [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let series = terms.into_iter().fold(0.0, |sum, term| sum * rest + term);
    series * f32::from_bits(rounded.to_bits().wrapping_add(127).wrapping_shl(23))
}

/// The mean loss of `logits` by the weights of `rows`; makes of the logits the gradient of it.
fn errors_of(logits: &mut [f32], rows: &[Row], vocabulary: usize) -> f64 {
    let targets = rows.iter().flat_map(|row| &row.tokens[1..]);
    let weights = rows.iter().flat_map(|row| &row.weights[1..]);
    let all: f32 = weights.clone().sum();
    let mut loss = 0.0;
    let logits = logits.chunks_exact_mut(vocabulary);
    for (logits, (target, weight)) in logits.zip(targets.zip(weights)) {
        let target = *target as usize;
        let share = weight / all;
        let of_target = logits[target];
        loss += f64::from(share * (softmax(logits, 1.0) - of_target));
        logits[target] -= 1.0;
        for logit in logits {
            *logit *= share;
        }
    }
    loss
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::testing::random_model;
    use crate::train::Network;
    use crate::world::Random;

    fn rows(vocabulary: usize) -> Vec<Row> {
        let mut random = Random::new(4, "rows");
        let row = |random: &mut Random| Row {
            tokens: (0..10)
                .map(|_| u32::try_from(random.below(vocabulary)).unwrap())
                .collect(),
            weights: (0..10).map(|place| [0.0, 0.5, 4.0][place % 3]).collect(),
        };
        (0..3).map(|_| row(&mut random)).collect()
    }

    #[test]
    fn the_gradient_is_that_of_candle() {
        let network = Network::from_file(&random_model(3)).unwrap();
        let rows = rows(network.shape.vocabulary);
        let variables = network.variables();
        let all: Vec<f32> = variables
            .iter()
            .flat_map(|one| one.flatten_all().unwrap().to_vec1::<f32>().unwrap())
            .collect();
        let mut gradient = vec![1.0; all.len()];
        let loss = Pass {
            plan: &Plan::new(network.shape, 9),
            all: &all,
            gradient: &mut gradient,
            multiplier: &mut Multiplier::default(),
        }
        .loss(&rows);

        let flat = |from: usize| -> Vec<u32> {
            let tokens = rows.iter().map(|row| row.tokens[from..from + 9].to_vec());
            tokens.flatten().collect()
        };
        let input = Tensor::from_vec(flat(0), (3, 9), &Device::Cpu).unwrap();
        let target = Tensor::from_vec(flat(1), (27, 1), &Device::Cpu).unwrap();
        let weights: Vec<f32> = rows
            .iter()
            .flat_map(|row| row.weights[1..].to_vec())
            .collect();
        let sum: f32 = weights.iter().sum();
        let weights = Tensor::from_vec(weights, (27, 1), &Device::Cpu).unwrap();
        let logits = network.forward(&input).unwrap();
        let logprobs = candle_nn::ops::log_softmax(&logits, 1).unwrap();
        let weighed = (logprobs.gather(&target, 1).unwrap() * weights).unwrap();
        let expected = (weighed.sum_all().unwrap() * (-1.0 / f64::from(sum))).unwrap();
        let grads = expected.backward().unwrap();
        let expected = f64::from(expected.to_scalar::<f32>().unwrap());
        assert!(
            (loss - expected).abs() < 1e-4 * expected,
            "{loss} {expected}"
        );
        let mut start = 0;
        for (number, variable) in variables.iter().enumerate() {
            let wanted = grads.get(variable).unwrap().flatten_all().unwrap();
            let wanted: Vec<f32> = wanted.to_vec1().unwrap();
            let largest = wanted
                .iter()
                .fold(0.0_f32, |one, other| one.max(other.abs()));
            let found = &gradient[start..start + wanted.len()];
            for (found, wanted) in found.iter().zip(&wanted) {
                let off = (found - wanted).abs();
                assert!(off <= 1e-3 * largest, "{number}: {found} for {wanted}");
            }
            start += wanted.len();
        }
    }

    #[test]
    fn powers_are_those_of_the_library() {
        for place in -800..800 {
            let x = 0.05 * single(f64::from(place));
            let expected = x.exp();
            let most = 1e-7 * (2.0 + x.abs()) * expected;
            assert!((exponential(x) - expected).abs() <= most, "{x}");
        }
        assert!(exponential(-1e9) < 1e-30);
    }
}
