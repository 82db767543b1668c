//! The nouns and the seams of cleanbench.
//!
//! Everything the other crates exchange is defined here: identities and digests, samples, requests,
//! completions, scores, journal events, exit codes, and the traits at which implementations are
//! swapped ([`Model`], [`Scorer`], [`Probe`], [`EventSink`]).
//!
//! Invariant: nothing here does I/O, reads a clock or the environment, or needs a runtime, so every
//! function is a pure function of its arguments and can be checked against golden vectors.
//!
//! Start reading at [`event::Event`]: it is what a run is made of.

pub mod aside;
pub mod canonical;
pub mod caps;
pub mod completion;
pub mod digest;
pub mod event;
pub mod exit;
pub mod gate;
pub mod history;
pub mod ids;
pub mod judge;
pub mod looping;
pub mod merkle;
pub mod model;
pub mod money;
mod outcome;
pub mod probe;
pub mod reducer;
pub mod request;
pub mod sample;
pub mod score;
pub mod seed;
mod sensitivity;
pub mod shard;

pub use aside::{Aside, Coverage, SetAside};
pub use caps::Caps;
pub use completion::{
    Completion, Finish, ForeignScore, GeneratedToken, Likelihood, ToolCall, Usage,
};
pub use digest::{Digest, DigestKey};
pub use event::{Event, EventSink};
pub use exit::Exit;
pub use gate::{Gate, GateMode, GateResult, GateTest, GateVerdict, Metric, OnInconclusive, Tier};
pub use ids::{CallId, CallKey, Purpose, RunId};
pub use judge::{Judge, Judgement};
pub use model::{BoxFuture, CallError, CallErrorKind, Model, Reply, Timing};
pub use money::Usd;
pub use outcome::Outcome;
pub use probe::Probe;
pub use reducer::Reducer;
pub use request::{
    Constraints, Form, Image, Message, Reasoning, Request, ResponseFormat, Role, Sampling, Tool,
    ToolChoice,
};
pub use sample::{Sample, SampleImage};
pub use score::{Extraction, Method, Score, Scorer, ScorerCatalog, ScorerSpec, SpecError};
pub use sensitivity::Sensitivity;
pub use shard::Shard;
