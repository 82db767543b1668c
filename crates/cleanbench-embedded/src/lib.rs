//! Tiny models whose contamination is known, because we trained them.
//!
//! A world is invented from a seed ([`world`]); a base model learns it, and arms continue from the base
//! with or without documents of the world's own benchmark (`train`, behind the feature of that name).
//! Whoever judges such a model gets its answers and nothing of
//! this.
//!
//! Invariant: a seed gives the same world, the same members and the same documents on every machine.

#[cfg(feature = "train")]
pub mod train;
pub mod world;
