//! What an endpoint is and says: who is asked, how the question is worded, and what the answer means.
//!
//! - [`config`]: `models.toml` and the `-m` argument become an [`Endpoint`]. No I/O, no secret.
//! - [`Reader`] and [`request_body`]: the languages of servers ([`Protocol`]) and the habits of their
//!   makers ([`Profile`]), pure in both directions. [`Reader`] reads recorded replies years later exactly as
//!   it read them on the day.
//! - [`likelihood`]: the likelihood of given texts, which takes a conversation.
//! - [`capability`]: what a server was found to support.
//! - [`imported`]: answers that no server gave, but another harness's log.
//!
//! Invariants: everything is pure; no part of a prompt ever stands in an error. It refuses to open a socket,
//! to hold a key and to read the environment: who sends is another crate's matter.
//!
//! ```
//! use cleanbench_model::{ModelsFile, Overrides, resolve};
//!
//! let endpoint = resolve("ollama/llama3.2", &ModelsFile::empty(), &Overrides::default())?;
//! assert_eq!(endpoint.host(), "127.0.0.1:11434");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod capability;
pub mod config;
pub mod imported;
pub mod likelihood;

mod body;
mod offline;
mod provider;
mod read;
mod shipped;
mod sse;
mod usage;

pub use body::{check_sampling, effective, request_body};
pub use config::{
    Ask, Asking, ConfigError, Endpoint, Faulty, FilePlace, Limits, ModelsFile, Overrides,
    SystemRole, Timeouts, resolve,
};
pub use likelihood::LikelihoodMethod;
pub use offline::OfflineModel;
pub use provider::{
    FinishMeaning, KeyHeader, Marks, Prefill, Profile, Protocol, RateLimitHeaders, ReasoningTokens,
};
pub use read::{FirstSeen, FirstToken, Reader, reader};
pub use shipped::profiles;
