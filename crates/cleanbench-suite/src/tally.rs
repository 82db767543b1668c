//! What the samples of a task come to, counted while they are read.

use std::collections::BTreeMap;

use cleanbench_core::{Message, Sample, Sensitivity};

/// What samples come to, with what is sent for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Samples by their label.
    pub labels: BTreeMap<Sensitivity, u64>,
    /// Length of all prompts together, in bytes.
    pub prompt_bytes: u64,
    /// Pictures that go along.
    pub images: u64,
    /// Their size together, in bytes.
    pub image_bytes: u64,
}

impl Tally {
    /// Counts `sample`, for which `messages` are sent.
    pub fn add(&mut self, sample: &Sample, messages: &[Message]) {
        *self.labels.entry(sample.sensitivity).or_default() += 1;
        let lengths = messages.iter();
        let lengths = lengths.map(|message| message.content.len() as u64);
        self.prompt_bytes += lengths.sum::<u64>();
        self.images += sample.images.len() as u64;
        self.image_bytes += sample.images.iter().map(|image| image.bytes).sum::<u64>();
    }
}
