//! The fake server as clients meet it: every request goes over a plain TCP socket.
//!
//! Invariant: a test that has a server be quick takes the best of many tries, so a slow machine fails
//! no test.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod client;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod running;
