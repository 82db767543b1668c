//! Imports from outside: small logs of every format, real ones where they are there, and hostile ones.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test by panicking"
)]

#[path = "import/apart.rs"]
mod apart;
#[path = "import/bed.rs"]
mod bed;
#[path = "import/dropped.rs"]
mod dropped;
#[path = "import/formats.rs"]
mod formats;
#[path = "import/hostile.rs"]
mod hostile;
#[path = "import/real.rs"]
mod real;
#[path = "import/suites.rs"]
mod suites;
