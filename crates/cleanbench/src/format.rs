//! The form of what is printed on stdout.
//!
//! Commands that can be typed offer it, and whatever prints a result obeys it; it knows neither.

use clap::ValueEnum;

/// Form of what is printed on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    #[value(alias = "table")]
    Text,
    /// For programs; stable
    Json,
}
