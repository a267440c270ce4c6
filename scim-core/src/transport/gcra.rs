//! The generic cell rate algorithm, with a clock that a server's word moves.
//!
//! Own code, because the one well-kept crate (`governor` 0.10) can be asked and waited for, but not
//! told: its state has no way to take in "7 left for 30 s" or "blocked until then".

use std::time::Duration;

use tokio::time::Instant;

use super::rate_word::{RateRule, RateWindow, RateWord};

/// How many requests may be sent: at most `limit` in any `window`.
///
/// `burst` of them may go at once; the rest is spread over the window so that the sum of both keeps
/// within the limit, wherever the server's window begins.
///
/// ```
/// use std::time::Duration;
/// use scim_core::transport::Quota;
///
/// let quota = Quota::new(1200, Duration::from_secs(300));
/// assert_eq!((quota.burst(), quota.interval().as_millis()), (120, 277));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    limit: u32,
    window: Duration,
    burst: u32,
}

impl Quota {
    /// At most `limit` requests (0 counts as 1) in any `window`, a tenth of them at once.
    pub fn new(limit: u32, window: Duration) -> Self {
        Self { limit: limit.max(1), window, burst: 0 }.with_burst(limit / 10)
    }

    /// How many may go at once: from 1 to one less than the limit. The fewer, the faster is the steady
    /// pace.
    #[must_use]
    pub fn with_burst(mut self, burst: u32) -> Self {
        self.burst = burst.clamp(1, self.limit.saturating_sub(1).max(1));
        self
    }

    /// How many may go at once.
    pub fn burst(self) -> u32 {
        self.burst
    }

    /// The time between two requests once the burst is used up.
    pub fn interval(self) -> Duration {
        self.window / self.limit.saturating_sub(self.burst).max(1)
    }
}

impl From<RateRule> for Quota {
    fn from(rule: RateRule) -> Self {
        Self::new(u32::try_from(rule.quota).unwrap_or(u32::MAX), rule.window)
    }
}

/// Why a request has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RateWaitReason {
    /// The own quota, or the rule that the server announces.
    Pace,
    /// The server said that nothing is left until then.
    Remaining,
    /// The server refused a request (429, or 503 with `Retry-After`) and named the time.
    Refused,
}

/// The state of one key.
#[derive(Debug)]
pub(super) struct Cell {
    /// The theoretical arrival time of the next request.
    arrival: Instant,
    own: Option<Quota>,
    announced: Option<Quota>,
    /// What the server said is left, until when.
    windows: Vec<(u64, Instant)>,
    refused_until: Option<Instant>,
    in_flight: u64,
}

impl Cell {
    pub(super) fn new(own: Option<Quota>, now: Instant) -> Self {
        Self { arrival: now, own, announced: None, windows: Vec::new(), refused_until: None, in_flight: 0 }
    }

    /// The slower of the own and the announced quota: an announcement does not speed up a caller who
    /// knows that others use the token too.
    fn quota(&self) -> Option<Quota> {
        [self.own, self.announced].into_iter().flatten().max_by_key(|quota| quota.interval())
    }

    /// Until when the server's word forbids any request.
    pub(super) fn forbidden(&self, now: Instant) -> Option<(Instant, RateWaitReason)> {
        let refused = self.refused_until.map(|until| (until, RateWaitReason::Refused));
        let spent = self.windows.iter().filter(|(left, _)| *left == 0).map(|(_, until)| *until).max();
        let spent = spent.map(|until| (until, RateWaitReason::Remaining));
        [refused, spent].into_iter().flatten().filter(|(until, _)| *until > now).max_by_key(|(until, _)| *until)
    }

    /// When the next request may go by the quota alone.
    pub(super) fn slot(&self, now: Instant) -> Instant {
        let Some(quota) = self.quota() else { return now };
        let tolerance = quota.interval().saturating_mul(quota.burst() - 1);
        self.arrival.checked_sub(tolerance).map_or(now, |slot| slot.max(now))
    }

    /// Takes the place that [`slot`](Self::slot) named.
    pub(super) fn reserve(&mut self, now: Instant) {
        if let Some(quota) = self.quota() {
            let from = self.arrival.max(now);
            self.arrival = from.checked_add(quota.interval()).unwrap_or(from);
        }
    }

    /// A request leaves.
    pub(super) fn sent(&mut self) {
        self.in_flight += 1;
        for (left, _) in &mut self.windows {
            *left = left.saturating_sub(1);
        }
    }

    /// A request has ended, in whatever way.
    pub(super) fn ended(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Takes the server's word: the answer to one of the requests in flight. `block` is how long a
    /// refusal without a time counts.
    pub(super) fn learn(&mut self, word: &RateWord, now: Instant, block: Duration) {
        if word.refused {
            let until = now.checked_add(word.wait.unwrap_or(block));
            self.refused_until = self.refused_until.max(until);
        }
        if !word.windows.is_empty() {
            // The others in flight are not yet in the server's count, or were counted before: to
            // subtract them errs on the careful side until their own answers come.
            let others = self.in_flight.saturating_sub(1);
            let left =
                |window: &RateWindow| Some((window.remaining.saturating_sub(others), now.checked_add(window.reset)?));
            self.windows = word.windows.iter().filter_map(left).collect();
        }
        if !word.policies.is_empty() {
            let quotas = word.policies.iter().map(|rule| Quota::from(*rule));
            self.announced = quotas.max_by_key(|quota| quota.interval());
        }
    }

    /// Whether forgetting the cell would change nothing.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.in_flight == 0
            && self.arrival <= now
            && self.forbidden(now).is_none()
            && self.windows.iter().all(|(_, until)| *until <= now)
    }
}
