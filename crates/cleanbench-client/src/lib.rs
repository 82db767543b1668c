//! The client: the only code of the product that opens sockets, and what asks endpoints what they do.
//!
//! - [`ClientFactory`] makes an [`HttpModel`], the implementation of [`cleanbench_core::Model`] over HTTP.
//! - [`check`] asks an endpoint what it really supports.
//!
//! Invariants: a connection goes to a host that was named, and only after the sample's label was checked;
//! one `send` is one attempt; the key is in one header and nowhere else, and what comes back is freed of it
//! before anyone sees it.
//!
//! ```
//! use cleanbench_client::ClientFactory;
//! use cleanbench_model::{ModelsFile, Overrides, resolve};
//!
//! let endpoint = resolve("ollama/llama3.2", &ModelsFile::empty(), &Overrides::default())?;
//! let factory = ClientFactory::new(std::slice::from_ref(&endpoint));
//! let model = factory.connect(&endpoint, None)?; // no socket is open yet
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It refuses to follow redirects, to use a proxy that the models file does not name, to decompress, to read
//! the environment and to retry.

pub mod check;

mod egress;
mod factory;
mod failure;
mod general;
mod http;
mod key;
mod outgoing;
mod plain;
mod redact;
mod slots;
mod wait;

pub use factory::{ClientFactory, ConnectError};
pub use http::HttpModel;
pub use key::ApiKey;
pub use slots::slots;

use std::time::Duration;

/// How long an idle connection is kept. Shorter than the five seconds after which common servers
/// close theirs, so that a request does not meet a connection that is just being closed.
const KEEP_IDLE: Duration = Duration::from_secs(4);

const USER_AGENT: &str = concat!("cleanbench/", env!("CARGO_PKG_VERSION"));
