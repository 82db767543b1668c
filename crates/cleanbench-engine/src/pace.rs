//! How many requests and tokens an endpoint gets a minute.
//!
//! Invariant: in no minute are more attempts begun than the models file allows requests, whenever the
//! minute begins. An attempt is one request, but for one that weighs texts, which sends its requests one after
//! the other. Tokens are counted by an estimate when an attempt is sent and corrected by what the endpoint
//! reports, so their limit holds as far as the endpoint counts alike.
//!
//! Requests follow the generic cell rate algorithm (ITU-T I.371): a burst of one second's worth, then
//! evenly spaced. Tokens come from a bucket that holds a twentieth of a minute's worth.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);

/// Limits by the minute; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// Requests, at least 1.
    pub requests_per_minute: Option<u32>,
    /// Tokens of prompts and answers together, at least 1.
    pub tokens_per_minute: Option<u32>,
}

/// Spaces the attempts at one model.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    requests: Option<Mutex<Spacing>>,
    tokens: Option<Mutex<Bucket>>,
    /// Held by the attempt whose turn it is; the others wait in order.
    turn: tokio::sync::Mutex<()>,
}

impl Pace {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            requests: rates
                .requests_per_minute
                .map(|rate| Mutex::new(Spacing::new(rate.max(1)))),
            tokens: rates
                .tokens_per_minute
                .map(|rate| Mutex::new(Bucket::new(rate.max(1)))),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Waits until an attempt of about `tokens` may be sent. In order of asking.
    pub(crate) async fn admit(&self, tokens: u64) {
        if self.requests.is_none() && self.tokens.is_none() {
            return;
        }
        let _turn = self.turn.lock().await;
        if let Some(bucket) = &self.tokens {
            while let Some(until) = locked(bucket, |bucket| bucket.wait(tokens)) {
                tokio::time::sleep_until(until).await;
            }
        }
        if let Some(spacing) = &self.requests {
            let until = locked(spacing, Spacing::take);
            tokio::time::sleep_until(until).await;
        }
        if let Some(bucket) = &self.tokens {
            locked(bucket, |bucket| bucket.take(tokens));
        }
    }

    /// Replaces the estimate of an attempt by the count that was reported.
    pub(crate) fn correct(&self, estimate: u64, reported: Option<u64>) {
        if let (Some(bucket), Some(reported)) = (&self.tokens, reported) {
            locked(bucket, |bucket| bucket.correct(estimate, reported));
        }
    }
}

fn locked<T, R>(mutex: &Mutex<T>, change: impl FnOnce(&mut T) -> R) -> R {
    change(&mut mutex.lock().unwrap_or_else(PoisonError::into_inner))
}

/// When the next request may be sent.
#[derive(Debug)]
struct Spacing {
    gap: Duration,
    burst: Duration,
    /// When the next request would be due if all were evenly spaced.
    due: Option<Instant>,
}

impl Spacing {
    fn new(rate: u32) -> Self {
        let burst = (rate / 60).max(1);
        // A burst and the evenly spaced requests after it fit into one minute together.
        let gap = MINUTE / (rate - burst + 1);
        Self {
            gap,
            burst: gap * (burst - 1),
            due: None,
        }
    }

    /// Takes the next place in the sequence; the moment of it.
    fn take(&mut self) -> Instant {
        let now = Instant::now();
        let due = self.due.map_or(now, |due| due.max(now));
        self.due = Some(due + self.gap);
        due.checked_sub(self.burst)
            .map_or(now, |early| early.max(now))
    }
}

/// Tokens that may be used at once. Falls below zero after a request larger than the bucket.
#[derive(Debug)]
struct Bucket {
    level: f64,
    size: f64,
    per_second: f64,
    filled: Option<Instant>,
}

impl Bucket {
    fn new(rate: u32) -> Self {
        let rate = f64::from(rate);
        let size = rate / 20.0;
        Self {
            level: size,
            size,
            per_second: (rate - size) / 60.0,
            filled: None,
        }
    }

    fn fill(&mut self) {
        let now = Instant::now();
        let elapsed = self.filled.map_or(0.0, |then| (now - then).as_secs_f64());
        self.level = (self.level + elapsed * self.per_second).min(self.size);
        self.filled = Some(now);
    }

    /// When there are enough; `None` if there are now. More than the bucket holds need a full one.
    fn wait(&mut self, tokens: u64) -> Option<Instant> {
        self.fill();
        let missing = as_level(tokens).min(self.size) - self.level;
        // A wait shorter than the timer can measure is none.
        (missing > 1e-6).then(|| {
            let wait = Duration::from_secs_f64(missing / self.per_second);
            Instant::now() + wait.max(Duration::from_millis(1))
        })
    }

    fn take(&mut self, tokens: u64) {
        self.fill();
        self.level -= as_level(tokens);
    }

    fn correct(&mut self, estimate: u64, reported: u64) {
        self.fill();
        self.level = (self.level + as_level(estimate) - as_level(reported)).min(self.size);
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 tokens")]
fn as_level(tokens: u64) -> f64 {
    tokens as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(requests: Option<u32>, tokens: Option<u32>) -> Pace {
        Pace::new(Rates {
            requests_per_minute: requests,
            tokens_per_minute: tokens,
        })
    }

    /// Most of `sizes` summed within any minute.
    fn most_in_a_minute(sent: &[(Instant, u64)]) -> u64 {
        let starts = sent.iter().map(|(start, _)| *start);
        starts
            .map(|start| {
                sent.iter()
                    .filter(|(at, _)| *at >= start && *at < start + MINUTE)
                    .map(|(_, size)| size)
                    .sum()
            })
            .max()
            .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_requests_than_allowed_and_few_fewer() {
        for rate in [1, 2, 59, 60, 600, 5_000] {
            let pace = rates(Some(rate), None);
            let mut sent = Vec::new();
            for _ in 0..rate * 3 {
                pace.admit(0).await;
                sent.push((Instant::now(), 1));
            }
            let most = most_in_a_minute(&sent);
            assert!(most <= u64::from(rate), "{rate}: {most}");
            assert!(most * 100 >= u64::from(rate) * 95, "{rate}: {most}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_minute_is_not_saved_up() {
        let pace = rates(Some(60), None);
        pace.admit(0).await;
        tokio::time::sleep(MINUTE * 10).await;
        let before = Instant::now();
        for _ in 0..60 {
            pace.admit(0).await;
        }
        assert_eq!(before.elapsed().as_secs(), 59);
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_tokens_than_allowed_and_few_fewer() {
        let pace = rates(None, Some(60_000));
        let mut sent = Vec::new();
        for number in 0..900_u64 {
            let tokens = 50 + number * 37 % 400;
            pace.admit(tokens).await;
            sent.push((Instant::now(), tokens));
        }
        let most = most_in_a_minute(&sent);
        assert!((54_000..=60_000).contains(&most), "{most}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_larger_than_the_bucket_is_sent_and_paid_back() {
        let pace = rates(None, Some(6_000));
        pace.admit(3_000).await;
        let before = Instant::now();
        pace.admit(300).await;
        // 3,000 tokens at 95 a second, then a full bucket of 300.
        assert_eq!(before.elapsed().as_secs(), 31);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_estimated_is_corrected_by_the_report() {
        let pace = rates(None, Some(6_000));
        pace.admit(300).await;
        pace.correct(300, Some(10));
        let before = Instant::now();
        pace.admit(290).await;
        assert_eq!(before.elapsed().as_millis(), 0);
        pace.correct(290, Some(1_240));
        pace.admit(95).await;
        assert_eq!(before.elapsed().as_secs(), 11);
        pace.correct(95, None);
    }
}
