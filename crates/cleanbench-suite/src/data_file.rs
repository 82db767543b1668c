//! One data file, as it was read.

use std::path::PathBuf;

use cleanbench_core::Digest;

use crate::images::ImageSet;

/// One data file of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// The file, as it was opened.
    pub path: PathBuf,
    /// Whether it is the user who named it, in place of what the manifest names.
    pub is_named: bool,
    /// Plain SHA-256 of its bytes as stored (compressed, if it is).
    pub digest: Digest,
    /// Samples in it.
    pub samples: u64,
    /// Pictures that its samples name.
    pub images: ImageSet,
}
