//! Who may see a sample.
//!
//! A label is given by the suite; what it allows is for those who open connections.

use serde::{Deserialize, Serialize};

/// Who may see a sample. Ordered: the later, the more protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// May be sent anywhere.
    Public,
    /// May be sent to this machine, and to hosts that were allowed private samples.
    Private,
    /// May be sent to this machine, and to hosts that were allowed secret samples.
    Secret,
}

impl Sensitivity {
    /// All labels, least protected first.
    pub const ALL: [Self; 3] = [Self::Public, Self::Private, Self::Secret];

    /// The word used in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Secret => "secret",
        }
    }
}

impl std::fmt::Display for Sensitivity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
