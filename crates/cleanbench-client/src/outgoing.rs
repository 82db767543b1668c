//! A request as it leaves.

use url::Url;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    /// Where, on the endpoint's host.
    pub(crate) url: &'a Url,
    /// The body of a POST; none for a GET.
    pub(crate) body: Option<&'a [u8]>,
}
