//! A small model with random parameters.

use crate::file::{Header, ModelFile};
use crate::number::single;
use crate::world::Random;

/// The model of `seed`: 3 layers, 2 heads, words that overlap.
pub(crate) fn random_model(seed: u64) -> ModelFile {
    let words = ["the", " cat", " sat", " on", " mat", "\n", "cats", " the"];
    let header = Header {
        name: "random".to_owned(),
        dim: 32,
        layers: 3,
        heads: 2,
        hidden: 48,
        context: 64,
        rope_base: 10_000.0,
        norm_epsilon: 1e-5,
        words: words.map(str::to_owned).to_vec(),
    };
    let mut random = Random::new(seed, "parameters");
    let (dim, hidden) = (header.dim, header.hidden);
    let mut lengths = vec![(words.len() + 257) * dim];
    for _ in 0..header.layers {
        let square = dim * dim;
        let wide = dim * hidden;
        lengths.extend([dim, square, square, square, square, dim, wide, wide, wide]);
    }
    lengths.push(dim);
    let tensors: Vec<Vec<f32>> = lengths
        .into_iter()
        .map(|length| {
            let centre = if length == dim { 1.0 } else { 0.0 };
            (0..length)
                .map(|_| single(centre + 0.3 * random.normal()))
                .collect()
        })
        .collect();
    ModelFile::new(header, &tensors).unwrap()
}
