//! Tiny models whose contamination is known, because we trained them.
//!
//! A world is invented from a seed ([`world`]); a base model learns it, and arms continue from the base
//! with or without documents of the world's own benchmark (`train`, behind the feature of that name).
//! The result is a model file ([`mod@file`]), which [`EmbeddedModel`] runs in this process. Whoever judges
//! such a model gets its answers and nothing else of this.
//!
//! Invariants: a seed gives the same world, the same members and the same documents on every machine; a
//! model file and a prompt give the same logits, bit for bit, on every machine, in every build profile,
//! on any number of threads and in any company.
//!
//! It refuses whatever would need a server: there is no network here.

mod decoder;
pub mod file;
mod generate;
mod kernel;
mod model;
mod number;
mod shipped;
#[cfg(feature = "train")]
pub mod train;
mod vocabulary;
pub mod world;

#[cfg(test)]
mod testing;

pub use decoder::{Decoder, Segment, Session, Wanted};
pub use model::{EmbeddedModel, read};
pub use shipped::{SHIPPED, shipped};
pub use vocabulary::{END, Vocabulary};
