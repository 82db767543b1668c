//! Why a script cannot be served.

/// Why a script cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The script or its lookup file cannot be read; the source names the path.
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// Not a script, or not a line of a lookup file.
    #[error("cannot parse {place}: {source}")]
    Parse {
        /// File, or file and line.
        place: String,
        /// What the JSON parser says.
        source: serde_json::Error,
    },
    /// A share outside 0 to 1.
    #[error("the {what} is {share}; use a number from 0 to 1")]
    Share {
        /// Which share.
        what: &'static str,
        /// Its value.
        share: f64,
    },
    /// A status that cannot end a response.
    #[error("the status {0} cannot end a response; use 200 to 599")]
    Status(u16),
    /// Another value that has no meaning.
    #[error("{0}")]
    Meaningless(&'static str),
}

/// Refuses what is not a share; NaN is none.
pub(crate) fn check_share(what: &'static str, share: f64) -> Result<(), ScriptError> {
    if (0.0..=1.0).contains(&share) {
        Ok(())
    } else {
        Err(ScriptError::Share { what, share })
    }
}
