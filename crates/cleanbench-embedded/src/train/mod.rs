//! Training of the tiny models: a base once per seed, arms as continued training.

mod batch;
mod gradient;
mod network;
mod optimizer;
mod plan;
mod product;

pub use network::{Network, Shape};
pub use plan::{Arm, Membership, Progress, SHIPPED_DOSES, train_arm, train_base};
