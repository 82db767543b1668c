//! What is read in recorded replies, and how requests are worded.

#![expect(clippy::unwrap_used, reason = "an integration test, helpers included")]
#![expect(clippy::print_stderr, reason = "a test says what it did not compare")]

mod recordings;
