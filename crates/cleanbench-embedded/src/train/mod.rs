//! Training of the tiny models: a base once per seed, arms as continued training.

mod batch;
mod network;
mod plan;

pub use network::{Network, Shape};
pub use plan::{Arm, DOSES, Membership, Progress, train_arm, train_base};
