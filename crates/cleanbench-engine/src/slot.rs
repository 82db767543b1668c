//! A model with everything that limits how it is asked.

use std::sync::Arc;
use std::time::Duration;

use cleanbench_core::Model;

use crate::billing::Billing;
use crate::cache::ModelCache;
use crate::hands::Hands;
use crate::health::Health;
use crate::imported::ModelAnswers;
use crate::limiter::EndpointLimiter;
use crate::monitor::Monitor;
use crate::pace::{Pace, Rates};
use crate::replay::ModelReplay;

/// The models of a run, in plan order.
pub(crate) type Slots = Vec<Arc<ModelSlot>>;

/// A model with its own limits.
#[derive(Debug)]
pub struct ModelSlot {
    pub(crate) model: Arc<dyn Model>,
    pub(crate) health: Health,
    pub(crate) limiter: EndpointLimiter,
    pub(crate) hands: Hands,
    pub(crate) pace: Pace,
    pub(crate) billing: Billing,
    pub(crate) attempt_limit: Option<Duration>,
    pub(crate) cache: Option<ModelCache>,
    pub(crate) replay: Option<ModelReplay>,
    pub(crate) imported: Option<ModelAnswers>,
}

impl ModelSlot {
    /// `model`, asked at most `concurrency` times at once (at least 1).
    pub fn new(model: Arc<dyn Model>, concurrency: usize) -> Self {
        Self {
            model,
            health: Health::default(),
            limiter: EndpointLimiter::new(concurrency),
            hands: Hands::new(concurrency),
            pace: Pace::default(),
            billing: Billing::Unknown,
            attempt_limit: None,
            cache: None,
            replay: None,
            imported: None,
        }
    }

    /// What can be seen of it while it is asked.
    pub fn monitor(&self) -> Monitor {
        Monitor {
            limiter: self.limiter.clone(),
            hands: self.hands.clone(),
        }
    }

    /// The same, sharing what its endpoint bears with other models there.
    #[must_use]
    pub fn behind(mut self, limiter: &EndpointLimiter) -> Self {
        self.limiter = limiter.clone();
        self
    }

    /// The same, asked no faster than `rates`.
    #[must_use]
    pub fn paced(mut self, rates: Rates) -> Self {
        self.pace = Pace::new(rates);
        self
    }

    /// The same, whose tokens cost what `billing` says.
    #[must_use]
    pub fn billed(mut self, billing: Billing) -> Self {
        self.billing = billing;
        self
    }

    /// The same, whose attempts take no longer than `limit`, nor than [`Settings::attempt_limit`](crate::Settings::attempt_limit).
    #[must_use]
    pub fn within(mut self, limit: Option<Duration>) -> Self {
        self.attempt_limit = limit;
        self
    }

    /// The same, asked only what `cache` has no answer to.
    #[must_use]
    pub fn cached(mut self, cache: Option<ModelCache>) -> Self {
        self.cache = cache;
        self
    }

    /// The same, never asked, where there are `answers` of it.
    #[must_use]
    pub fn answered(mut self, answers: Option<ModelAnswers>) -> Self {
        self.imported = answers;
        self
    }

    /// The same, not asked what `replay` has an answer to.
    #[must_use]
    pub fn replaying(mut self, replay: Option<ModelReplay>) -> Self {
        self.replay = replay;
        self
    }
}
