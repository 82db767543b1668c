//! Model adapters: who is asked, how the question travels, and what the answer says.
//!
//! Three parts, each usable without the next:
//!
//! - [`config`]: `models.toml` and the `-m` argument become an [`Endpoint`]. No I/O, no secret.
//! - [`Reader`] and [`request_body`]: the languages of servers ([`Protocol`]) and the habits of their
//!   makers ([`Profile`]), pure in both directions. [`Reader`] reads recorded replies years later exactly as it read them on the day.
//! - [`ClientFactory`]: the only code of the product that opens a socket. It makes [`HttpModel`],
//!   the implementation of [`cleanbench_core::Model`].
//!
//! Beside them, [`capability`] asks a server what it really does.
//!
//! Invariants: nothing is sent to a host that was not named, or that may not see the sample; no key
//! and no part of a prompt ever stands in an error; one call of `send` is one attempt.
//!
//! ```
//! use cleanbench_model::{ClientFactory, ModelsFile, Overrides, resolve};
//!
//! let endpoint = resolve("ollama/llama3.2", &ModelsFile::empty(), &Overrides::default())?;
//! assert_eq!(endpoint.host(), "127.0.0.1:11434");
//! let factory = ClientFactory::new(std::slice::from_ref(&endpoint));
//! let model = factory.connect(&endpoint, None)?; // no socket is open yet
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It refuses to follow redirects, to use proxies, to read the environment and to retry.

pub mod capability;
pub mod config;

mod body;
mod client;
mod likelihood;
mod offline;
mod provider;
mod read;
mod sse;
mod usage;

pub use body::{check_sampling, effective, request_body};
pub use client::{ApiKey, ClientFactory, ConnectError, HttpModel};
pub use config::{ConfigError, Endpoint, Limits, ModelsFile, Overrides, Timeouts, resolve};
pub use likelihood::LikelihoodMethod;
pub use offline::OfflineModel;
pub use provider::{
    FinishMeaning, KeyHeader, Prefill, Profile, Protocol, RateLimitHeaders, ReasoningTokens,
    profiles,
};
pub use read::{Reader, reader};
