//! How much of a file may be read.

/// How much of a file may be read, and whether it may grow meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub(crate) most: u64,
    pub(crate) is_steady: bool,
}

impl Limit {
    /// At most `most` bytes. A file that grows while it is read may grow up to that.
    pub const fn bytes(most: u64) -> Self {
        Self {
            most,
            is_steady: false,
        }
    }

    /// At most `most` mebibytes.
    pub const fn mebibytes(most: u64) -> Self {
        Self::bytes(most << 20)
    }

    /// Of any size: for what is streamed and bounded by the record.
    pub const fn any() -> Self {
        Self::bytes(u64::MAX)
    }

    /// The same for a file that must not be larger at its end than when it was opened. Whoever writes on while
    /// it is read could keep the reader for ever.
    #[must_use]
    pub const fn steady(self) -> Self {
        Self {
            is_steady: true,
            ..self
        }
    }
}
