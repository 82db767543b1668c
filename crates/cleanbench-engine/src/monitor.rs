//! What can be seen of a model while it is asked.

use crate::hands::Hands;
use crate::limiter::{EndpointLimiter, EndpointStatus};

/// Looks at a model while it is asked.
#[derive(Debug, Clone)]
pub struct Monitor {
    pub(crate) limiter: EndpointLimiter,
    pub(crate) hands: Hands,
}

/// How a model is being asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelStatus {
    /// How its endpoint is, which it may share with others.
    pub endpoint: EndpointStatus,
    /// Calls that wait until they may be tried again.
    pub waiting: usize,
}

impl Monitor {
    /// How the model is being asked now.
    pub fn status(&self) -> ModelStatus {
        ModelStatus {
            endpoint: self.limiter.status(),
            waiting: self.hands.waiting(),
        }
    }
}
