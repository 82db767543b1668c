//! A value that knows where it stands, so that a fault of it can be shown there.

/// A value and its byte offset in the text it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: usize,
}
