//! Staying below Cloudflare's rate limits instead of running into them.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use scim_core::transport::{Deadline, RateWord, Transport, TransportError, TransportErrorKind};
use tokio::time::Instant;

/// How many requests are allowed (Cloudflare, "API rate limits").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests per [`window`](Self::window) and token.
    pub quota: usize,
    /// The window. Somewhat longer than the server's, because requests arrive later than they are sent.
    pub window: Duration,
    /// Requests per second of all tokens together.
    pub per_second: usize,
    /// How long a 429 without `Retry-After` stops a token.
    pub block: Duration,
}

impl RateLimit {
    /// 1,200 requests per five minutes and token, 200 per second and address; whoever runs over is
    /// blocked for five minutes.
    pub fn cloudflare() -> Self {
        Self { quota: 1200, window: Duration::from_secs(302), per_second: 200, block: Duration::from_secs(300) }
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::cloudflare()
    }
}

/// A layer that waits before a request would run over the limit.
///
/// It counts what it sends, per token, and believes the server where that knows better (others use
/// the token too): `Ratelimit: …;r=0;t=…`, the older `x-ratelimit-remaining` and `-reset`, and
/// `Retry-After` of a 429, which stops every call of that token until its time. A wait that would pass
/// the request's [`Deadline`] is not begun: the call fails unsent.
///
/// ```
/// use std::sync::Arc;
/// use cloudflare_scim::{Cloudflare, Pace, RateLimit};
/// use cloudflare_scim::embedded::EmbeddedAccount;
/// use scim_core::transport::{RetryPolicy, TransportExt};
///
/// let account = EmbeddedAccount::new();
/// let paced = Pace::new(account.clone(), RateLimit::cloudflare()).on_wait(|wait| println!("waiting {wait:?}"));
/// let cloudflare = Cloudflare::builder(account.account_id().clone())
///     .api_token(account.tokens().api.clone())
///     .transport(paced.retry(RetryPolicy::default()).shared())
///     .build()?;
/// # Ok::<(), cloudflare_scim::Error>(())
/// ```
pub struct Pace<T> {
    inner: T,
    limit: RateLimit,
    state: Mutex<State>,
    on_wait: Option<Arc<dyn Fn(Duration) + Send + Sync>>,
}

#[derive(Debug, Default)]
struct State {
    /// By a hash of the `Authorization` header: the token itself is not kept.
    tokens: HashMap<u64, Token>,
    second: VecDeque<Instant>,
}

#[derive(Debug, Default)]
struct Token {
    sent: VecDeque<Instant>,
    blocked_until: Option<Instant>,
}

impl<T: Transport> Pace<T> {
    /// Puts the layer around a transport. It belongs inside the retry layer, so that every attempt is
    /// counted.
    pub fn new(inner: T, limit: RateLimit) -> Self {
        Self { inner, limit, state: Mutex::new(State::default()), on_wait: None }
    }

    /// Calls `event` before each wait with its length.
    #[must_use]
    pub fn on_wait(mut self, event: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        self.on_wait = Some(Arc::new(event));
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place now, or says when the next one may be free.
    fn take(&self, token: u64, now: Instant) -> Result<(), Instant> {
        let mut guard = self.state();
        let state = &mut *guard;
        let entry = state.tokens.entry(token).or_default();
        forget(&mut entry.sent, now, self.limit.window);
        forget(&mut state.second, now, Duration::from_secs(1));
        let blocked = entry.blocked_until.filter(|until| *until > now);
        let window = full_until(&entry.sent, self.limit.quota, self.limit.window);
        let second = full_until(&state.second, self.limit.per_second, Duration::from_secs(1));
        if let Some(until) = [blocked, window, second].into_iter().flatten().max() {
            return Err(until);
        }
        entry.sent.push_back(now);
        state.second.push_back(now);
        Ok(())
    }

    /// Learns from an answer.
    fn learn(&self, token: u64, response: &http::Response<Bytes>, now: Instant) {
        let word = RateWord::read(response.status(), response.headers());
        let until = if response.status() == StatusCode::TOO_MANY_REQUESTS {
            Some(now + word.wait.unwrap_or(self.limit.block))
        } else {
            let spent = word.windows.iter().filter(|window| window.remaining == 0);
            spent.map(|window| now + window.reset).max()
        };
        if let Some(until) = until {
            let mut state = self.state();
            let entry = state.tokens.entry(token).or_default();
            entry.blocked_until = entry.blocked_until.max(Some(until));
        }
    }
}

/// Drops what is older than the window.
fn forget(sent: &mut VecDeque<Instant>, now: Instant, window: Duration) {
    while sent.front().is_some_and(|at| now.saturating_duration_since(*at) >= window) {
        sent.pop_front();
    }
}

/// When the next place is free, if all are taken.
fn full_until(sent: &VecDeque<Instant>, quota: usize, window: Duration) -> Option<Instant> {
    let over = sent.len().checked_sub(quota.max(1))?;
    sent.get(over).map(|at| *at + window)
}

#[async_trait]
impl<T: Transport> Transport for Pace<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let token = key(request.headers());
        let deadline = request.extensions().get::<Deadline>().map(|deadline| deadline.0);
        loop {
            let now = Instant::now();
            let Err(until) = self.take(token, now) else { break };
            if deadline.is_some_and(|deadline| until > deadline) {
                let seconds = until.saturating_duration_since(now).as_secs();
                return Err(TransportError::new(TransportErrorKind::DeadlineExceeded)
                    .with_detail(format!("not sent: the rate limit asks to wait {seconds} s"))
                    .not_sent());
            }
            let wait = until.saturating_duration_since(now);
            tracing::info!(wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), "waiting for the rate limit");
            if let Some(event) = &self.on_wait {
                event(wait);
            }
            tokio::time::sleep_until(until).await;
        }
        let response = self.inner.send(request).await?;
        self.learn(token, &response, Instant::now());
        Ok(response)
    }
}

fn key(headers: &HeaderMap) -> u64 {
    let mut hasher = DefaultHasher::new();
    headers.get(header::AUTHORIZATION).map(http::HeaderValue::as_bytes).hash(&mut hasher);
    hasher.finish()
}

impl<T: fmt::Debug> fmt::Debug for Pace<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("inner", &self.inner).field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use scim_core::transport::from_fn;

    use super::*;

    fn answering(headers: &'static [(&'static str, &'static str)], status: u16) -> impl Transport {
        from_fn(move |_| async move {
            let mut response = http::Response::new(Bytes::new());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            for (name, value) in headers {
                response.headers_mut().insert(*name, http::HeaderValue::from_static(value));
            }
            Ok(response)
        })
    }

    async fn second_call_waits(headers: &'static [(&'static str, &'static str)], status: u16) -> Duration {
        let pace = Pace::new(answering(headers, status), RateLimit::cloudflare());
        pace.send(http::Request::new(Bytes::new())).await.unwrap();
        let start = Instant::now();
        pace.send(http::Request::new(Bytes::new())).await.unwrap();
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn the_servers_word_counts() {
        let seconds = async |headers, status| second_call_waits(headers, status).await.as_secs();
        assert_eq!(seconds(&[("ratelimit", "\"default\";r=5;t=30")], 200).await, 0);
        assert_eq!(seconds(&[("ratelimit", "\"burst\";r=9;t=1, \"default\";r=0;t=30")], 200).await, 30);
        assert_eq!(seconds(&[("retry-after", "240")], 429).await, 240);
        assert_eq!(seconds(&[], 429).await, 300);
        let old = &[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("date", "Sun, 06 Nov 1994 08:49:27 GMT"),
        ];
        assert_eq!(seconds(old, 200).await, 10);
        assert_eq!(seconds(&[("ratelimit", "nonsense")], 200).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_calls_take_as_long_as_the_limit_allows() {
        let pace = Pace::new(answering(&[], 200), RateLimit::cloudflare());
        let start = Instant::now();
        for _ in 0..10_000 {
            pace.send(http::Request::new(Bytes::new())).await.unwrap();
        }
        // Eight windows of 300 s, and not 2 % more.
        let taken = start.elapsed();
        assert!(taken >= Duration::from_secs(2400) && taken <= Duration::from_secs(2448), "{taken:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_have_their_own_allowance_and_the_address_has_one() {
        let limit = RateLimit { quota: 1, ..RateLimit::cloudflare() };
        let pace = Pace::new(answering(&[], 200), limit);
        let with = |token: &'static str| {
            let mut request = http::Request::new(Bytes::new());
            request.headers_mut().insert(header::AUTHORIZATION, http::HeaderValue::from_static(token));
            request
        };
        let start = Instant::now();
        pace.send(with("a")).await.unwrap();
        pace.send(with("b")).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        pace.send(with("a")).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(302));

        let pace = Pace::new(answering(&[], 200), RateLimit { quota: 100_000, ..RateLimit::cloudflare() });
        let start = Instant::now();
        for _ in 0..1000 {
            pace.send(with("a")).await.unwrap();
        }
        assert_eq!(start.elapsed().as_secs(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_not_begun_and_waits_are_told() {
        let waits = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&waits);
        let pace = Pace::new(answering(&[("retry-after", "60")], 429), RateLimit::cloudflare())
            .on_wait(move |wait| seen.lock().unwrap().push(wait.as_secs()));
        pace.send(http::Request::new(Bytes::new())).await.unwrap();
        let mut hurried = http::Request::new(Bytes::new());
        hurried.extensions_mut().insert(Deadline(Instant::now() + Duration::from_secs(5)));
        let error = pace.send(hurried).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::DeadlineExceeded);
        pace.send(http::Request::new(Bytes::new())).await.unwrap();
        assert_eq!(*waits.lock().unwrap(), [60]);
    }
}
