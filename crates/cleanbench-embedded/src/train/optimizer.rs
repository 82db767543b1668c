//! Steps down a gradient: its norm bounded, then `AdamW` (Loshchilov and Hutter 2019).

use crate::number::single;

const FIRST: f32 = 0.9;
const SECOND: f32 = 0.95;
const EPSILON: f32 = 1e-8;
const DECAY: f32 = 0.01;
/// Largest norm of a gradient.
const LONGEST: f64 = 1.0;

/// What is remembered from step to step.
#[derive(Debug)]
pub(super) struct Optimizer {
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

impl Optimizer {
    pub(super) fn new(parameters: usize) -> Self {
        Self {
            first: vec![0.0; parameters],
            second: vec![0.0; parameters],
            steps: 0,
        }
    }

    /// Changes `all` parameters by their `gradient`.
    pub(super) fn step(&mut self, all: &mut [f32], gradient: &[f32], rate: f64) {
        self.steps += 1;
        let rate = single(rate);
        let shorten = single((LONGEST / norm(gradient)).min(1.0));
        let corrected = |beta: f32| 1.0 / (1.0 - beta.powi(self.steps));
        let (of_first, of_second) = (corrected(FIRST), corrected(SECOND));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, slope), (first, second)) in all.iter_mut().zip(gradient).zip(moments) {
            let slope = slope * shorten;
            *first = FIRST * *first + (1.0 - FIRST) * slope;
            *second = SECOND * *second + (1.0 - SECOND) * slope * slope;
            let down = *first * of_first / ((*second * of_second).sqrt() + EPSILON);
            *value = *value * (1.0 - rate * DECAY) - rate * down;
        }
    }
}

fn norm(gradient: &[f32]) -> f64 {
    let parts = gradient.chunks(4096);
    let squares = parts.map(|part| f64::from(crate::kernel::dot(part, part)));
    squares.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor, Var};
    use candle_nn::{AdamW, Optimizer as _, ParamsAdamW};

    use super::*;

    #[test]
    fn steps_are_those_of_candle() {
        let device = Device::Cpu;
        let start = [0.3_f32, -0.2, 0.05];
        let variable = Var::new(&start, &device).unwrap();
        let params = ParamsAdamW {
            lr: 0.01,
            beta1: f64::from(FIRST),
            beta2: f64::from(SECOND),
            eps: f64::from(EPSILON),
            weight_decay: f64::from(DECAY),
        };
        let mut theirs = AdamW::new(vec![variable.clone()], params).unwrap();
        let mut ours = Optimizer::new(3);
        let mut all = start.to_vec();
        for gradient in [[0.1_f32, -0.3, 0.0], [0.6, 0.0, -0.2], [3.0, 4.0, 0.0]] {
            let length = norm(&gradient);
            let bounded = gradient.map(|slope| slope * single((1.0 / length).min(1.0)));
            let slopes = Tensor::new(&bounded, &device).unwrap();
            let loss = (variable.as_tensor() * slopes).unwrap().sum_all().unwrap();
            theirs.step(&loss.backward().unwrap()).unwrap();
            ours.step(&mut all, &gradient, 0.01);
            let expected: Vec<f32> = variable.to_vec1().unwrap();
            for (found, expected) in all.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-6, "{all:?} {expected:?}");
            }
        }
    }
}
