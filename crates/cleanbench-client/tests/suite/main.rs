//! The client against real sockets on this machine.

#![expect(
    clippy::unwrap_used,
    clippy::format_collect,
    reason = "an integration test, helpers included"
)]

mod check;
mod http;
mod likelihood;
