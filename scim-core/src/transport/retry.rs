use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use tokio::time::Instant;

use super::{Answer, Attempts, Deadline, Operation, Transport, TransportError, TransportErrorKind};

/// When and how often an exchange is repeated.
///
/// What is repeated:
///
/// | outcome | repeated |
/// |---|---|
/// | no connection | always: nothing was sent |
/// | time-out, connection cut | if sending it twice is harmless ([`Operation::may_repeat`]) |
/// | 429 | always: the server says that it did nothing |
/// | 503 with `Retry-After` | always, for the same reason |
/// | 408, 500, 502, 503, 504 | if sending it twice is harmless |
/// | anything else, 409 above all | never |
///
/// Waits are random between zero and an exponentially growing bound ("full jitter"), but never
/// shorter than a `Retry-After`. A wait that would pass the total time or the request's
/// [`Deadline`] is not begun: the last outcome is returned instead.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a request is sent at most, the first time included. Default 4; 0 counts as 1.
    pub attempts: u32,
    /// The bound of the first wait. Default 250 ms.
    pub base: Duration,
    /// No bound of a wait grows beyond this. Default 8 s.
    pub cap: Duration,
    /// No repetition begins later than this after the first attempt. Default 10 minutes: long enough
    /// for Cloudflare's block of 300 s.
    pub total: Duration,
    /// How many repetitions all calls of one transport may use up beyond what successes give back
    /// (one for ten successes): a dying server is not hammered. Default 100.
    pub budget: u32,
    /// Seeds the jitter, for tests. `None`: random.
    pub seed: Option<u64>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(8),
            total: Duration::from_secs(600),
            budget: 100,
            seed: None,
        }
    }
}

impl RetryPolicy {
    /// Never repeats anything.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// Sends a request at most `attempts` times.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Bounds the waits: the first by `base`, all by `cap`.
    #[must_use]
    pub fn with_backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.base = base;
        self.cap = cap;
        self
    }

    /// Begins no repetition later than `total` after the first attempt.
    #[must_use]
    pub fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Makes the jitter reproducible.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    fn bound(&self, attempt: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        self.base.saturating_mul(factor).min(self.cap)
    }
}

/// Repeats exchanges: see [`RetryPolicy`].
#[derive(Debug)]
pub struct Retry<T> {
    inner: T,
    policy: RetryPolicy,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    random: fastrand::Rng,
    /// Tenths of a repetition left.
    budget: u32,
}

impl<T> Retry<T> {
    pub(super) fn new(inner: T, policy: RetryPolicy) -> Self {
        let random = policy.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let budget = policy.budget.saturating_mul(10);
        Self { inner, policy, state: Mutex::new(State { random, budget }) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is two numbers: a panic elsewhere cannot have left it half-written.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn succeeded(&self) {
        let mut state = self.state();
        state.budget = state.budget.saturating_add(1).min(self.policy.budget.saturating_mul(10));
    }

    /// The wait before the next attempt; `None` when the budget is used up.
    fn wait(&self, attempt: u32, asked: Option<Duration>) -> Option<Duration> {
        let mut state = self.state();
        state.budget = state.budget.checked_sub(10)?;
        let bound = self.policy.bound(attempt);
        let jitter = bound.mul_f64(state.random.f64());
        Some(asked.map_or(jitter, |asked| asked.saturating_add(jitter.min(Duration::from_secs(1)))))
    }
}

enum Verdict {
    Done,
    Again { asked: Option<Duration> },
}

fn judge(result: &Result<http::Response<Bytes>, TransportError>, repeatable: bool) -> Verdict {
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            let again = match error.kind() {
                TransportErrorKind::Connect => true,
                kind => kind.is_transient() && repeatable,
            };
            return if again { Verdict::Again { asked: None } } else { Verdict::Done };
        }
    };
    let asked = || {
        let answer =
            Answer { status: response.status(), headers: response.headers().clone(), body: Bytes::new(), attempts: 1 };
        answer.retry_after()
    };
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS => Verdict::Again { asked: asked() },
        StatusCode::SERVICE_UNAVAILABLE => match asked() {
            Some(asked) => Verdict::Again { asked: Some(asked) },
            None if repeatable => Verdict::Again { asked: None },
            None => Verdict::Done,
        },
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::INTERNAL_SERVER_ERROR
        | StatusCode::BAD_GATEWAY
        | StatusCode::GATEWAY_TIMEOUT
            if repeatable =>
        {
            Verdict::Again { asked: asked() }
        }
        _ => Verdict::Done,
    }
}

#[async_trait]
impl<T: Transport> Transport for Retry<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let repeatable = Operation::may_repeat(&request);
        let deadline = request.extensions().get::<Deadline>().map(|deadline| deadline.0);
        let end = Instant::now() + self.policy.total;
        let end = deadline.map_or(end, |deadline| deadline.min(end));
        let mut attempt = 1;
        loop {
            let mut result = self.inner.send(request.clone()).await;
            let verdict = judge(&result, repeatable);
            if let Ok(response) = &mut result {
                response.extensions_mut().insert(Attempts(attempt));
            }
            let Verdict::Again { asked } = verdict else {
                if result.is_ok() {
                    self.succeeded();
                }
                return result;
            };
            if attempt >= self.policy.attempts {
                return result;
            }
            let Some(wait) = self.wait(attempt, asked) else { return result };
            if Instant::now() + wait > end {
                return result;
            }
            tracing::debug!(attempt, wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), "trying again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::{TransportExt, from_fn};
    use super::*;

    type Outcome = Result<http::Response<Bytes>, TransportError>;

    // The tests' servers answer with an outcome, whichever it is.
    #[allow(clippy::unnecessary_wraps)]
    fn status(code: u16, retry_after: Option<&'static str>) -> Outcome {
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = StatusCode::from_u16(code).unwrap();
        if let Some(value) = retry_after {
            response.headers_mut().insert("retry-after", http::HeaderValue::from_static(value));
        }
        Ok(response)
    }

    fn error(kind: TransportErrorKind) -> Outcome {
        Err(TransportError::new(kind))
    }

    /// Sends one request to a server that answers `first` once and 200 afterwards.
    async fn attempts(method: http::Method, policy: RetryPolicy, first: impl Fn() -> Outcome + Send + Sync) -> u32 {
        let sent = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&sent);
        let first = &first;
        let leaf = from_fn(move |_| {
            let n = seen.fetch_add(1, Ordering::SeqCst);
            async move { if n == 0 { first() } else { status(200, None) } }
        });
        let retry = Retry::new(leaf, policy);
        let mut request = http::Request::new(Bytes::new());
        *request.method_mut() = method;
        let _outcome = retry.send(request).await;
        sent.load(Ordering::SeqCst)
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_safe_to_repeat_is_repeated() {
        use TransportErrorKind as Kind;
        use http::Method;
        let policy = RetryPolicy::default;
        let count = async |method, first: fn() -> Outcome| attempts(method, policy(), first).await;

        assert_eq!(count(Method::POST, || error(Kind::Connect)).await, 2);
        assert_eq!(count(Method::POST, || error(Kind::Timeout)).await, 1);
        assert_eq!(count(Method::GET, || error(Kind::Timeout)).await, 2);
        assert_eq!(count(Method::PUT, || error(Kind::Interrupted)).await, 2);
        assert_eq!(count(Method::PATCH, || error(Kind::Interrupted)).await, 1);
        assert_eq!(count(Method::GET, || error(Kind::Tls)).await, 1);
        assert_eq!(count(Method::POST, || status(429, None)).await, 2);
        assert_eq!(count(Method::POST, || status(503, Some("1"))).await, 2);
        assert_eq!(count(Method::POST, || status(503, None)).await, 1);
        assert_eq!(count(Method::POST, || status(500, None)).await, 1);
        assert_eq!(count(Method::GET, || status(502, None)).await, 2);
        assert_eq!(count(Method::PUT, || status(409, None)).await, 1);
        assert_eq!(count(Method::GET, || status(501, None)).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_servers_word_is_a_lower_bound_of_the_wait() {
        let before = Instant::now();
        assert_eq!(attempts(http::Method::GET, RetryPolicy::default(), || status(429, Some("30"))).await, 2);
        let waited = before.elapsed();
        assert!(waited >= Duration::from_secs(30) && waited <= Duration::from_secs(31), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_not_begun() {
        let before = Instant::now();
        let policy = RetryPolicy::default().with_total(Duration::from_secs(20));
        assert_eq!(attempts(http::Method::GET, policy, || status(429, Some("30"))).await, 1);
        assert_eq!(before.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_and_budget_are_bounds() {
        let sent = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&sent);
        let leaf = from_fn(move |_| {
            seen.fetch_add(1, Ordering::SeqCst);
            async { status(500, None) }
        });
        let policy = RetryPolicy { budget: 5, ..RetryPolicy::default() };
        let transport = leaf.retry(policy);
        for _ in 0..10 {
            let response = transport.send(http::Request::new(Bytes::new())).await.unwrap();
            assert_eq!(response.status(), 500);
        }
        // Ten first attempts and five repetitions.
        assert_eq!(sent.load(Ordering::SeqCst), 15);
    }
}
