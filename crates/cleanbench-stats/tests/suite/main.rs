//! Every public function against values computed by others, and against simulation.
//!
//! Invariant: the expected values come from other programs (the first lines of each file in `golden/`
//! say which); the simulations use fixed seeds, so that a failure repeats.
//!
//! It refuses an empty or malformed list of values: reading one panics.

#[path = "../../examples/simulate/coverage.rs"]
mod coverage;
#[path = "../../examples/simulate/decisions.rs"]
mod decisions;
#[path = "../../examples/simulate/discoveries.rs"]
mod discoveries;
#[path = "../../examples/simulate/drift.rs"]
mod drift;
#[path = "../../examples/simulate/means.rs"]
mod means;
#[path = "../../examples/simulate/peeking.rs"]
mod peeking;
#[path = "../../examples/simulate/sizes.rs"]
mod sizes;
#[path = "../../examples/simulate/table.rs"]
mod table;

mod edges;
mod golden_intervals;
mod golden_paired;
mod golden_power;
mod golden_special;
mod golden_streams;
mod reference;
mod refusals;
mod simulated;
mod simulation;
