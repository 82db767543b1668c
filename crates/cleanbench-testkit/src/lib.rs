//! A fake OpenAI-compatible server with scripted faults, for tests and load.
//!
//! [`FakeServer`] answers `POST /v1/chat/completions` and `POST /v1/completions` as a [`Script`] says,
//! streamed or whole, and counts what it was asked. Where the script has [`Scored`] texts, it gives the
//! log-probabilities of their tokens, also at `POST /generate`. `GET /v1/models` and `GET /health` answer as real
//! servers do. Servers in another process are checked and steered by `GET /__counts` (JSON),
//! `GET /__prompts` (JSONL of prompt hash and count) and `POST /__script`.
//!
//! A [`Memory`] imitates a model that knows items by heart or guesses them, with the habits of real ones.
//!
//! Invariant: an answer, and a fault by share, follow from the prompt's text alone, so the same script
//! gives the same bytes on every server and in any order. It refuses to listen anywhere but on the
//! loopback address.
//!
//! Start reading at [`Script`]: it says all that the server can do.

mod answer;
mod body;
mod counts;
mod fault;
mod key;
mod memory;
mod question;
mod quiz;
mod reply;
mod said;
mod scored;
mod script;
mod script_error;
mod server;
mod service;
mod shown;
mod wire;

pub use answer::Answers;
pub use counts::{ReceivedRequest, ServerCounts};
pub use fault::{Fault, Rule};
pub use key::{PromptKey, prompt_key, right_choice};
pub use memory::{Asked, Declines, ItemList, KnownItem, Memory, Preamble, Tokens};
pub use scored::{ScoreForm, Scored, ScoredText, ScoredToken, Spoiled};
pub use script::{Latency, Law, Reasoning, Script, Usage};
pub use script_error::ScriptError;
pub use server::{FakeServer, Options, StartError};
