use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use tokio::time::Instant;

use super::{Attempts, Deadline, OpenAttempt, Operation, Transport, TransportError, TransportErrorKind, retry_after};

/// When and how often an exchange is repeated.
///
/// What is repeated:
///
/// | outcome | repeated |
/// |---|---|
/// | no connection | always: nothing was sent |
/// | time-out, connection cut | if sending it twice is harmless ([`Operation::may_repeat`]) |
/// | 429 | always: the server says that it did nothing |
/// | 408, 500, 502, 503, 504, with or without `Retry-After` | if sending it twice is harmless |
/// | anything else, 409 above all | never |
///
/// Waits are random between zero and an exponentially growing bound ("full jitter"), but never
/// shorter than a `Retry-After`. A wait that is longer than [`max_wait`](Self::max_wait), or that would
/// pass the total time or the request's [`Deadline`], is not begun: the last outcome is returned
/// instead.
///
/// An outcome never forgets what came before it: if an earlier attempt at a write may have been
/// applied, [`TransportError::may_have_been_applied`] or [`Answer::open`](super::Answer::open) of the
/// last one says so, even if the last attempt itself found no connection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a request is sent at most, the first time included. Default 4; 0 counts as 1.
    pub attempts: u32,
    /// The bound of the first wait. Default 250 ms.
    pub base: Duration,
    /// No bound of a wait grows beyond this. Default 8 s.
    pub cap: Duration,
    /// No repetition begins later than this after the first attempt. Default 20 minutes: long enough
    /// for two of Cloudflare's blocks of 300 s.
    pub total: Duration,
    /// No single wait is longer than this: a server that asks for more gets no repetition. Default 10
    /// minutes.
    pub max_wait: Duration,
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
            total: Duration::from_secs(1200),
            max_wait: Duration::from_secs(600),
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

    /// Begins no single wait longer than `max_wait`.
    #[must_use]
    pub fn with_max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// Lets all calls of one transport use up at most `budget` repetitions beyond what successes give
    /// back.
    #[must_use]
    pub fn with_budget(mut self, budget: u32) -> Self {
        self.budget = budget;
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
    /// Puts the layer around `inner`; [`TransportExt::retry`](super::TransportExt::retry) is the shorter
    /// way.
    pub fn new(inner: T, policy: RetryPolicy) -> Self {
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

    /// The wait before the next attempt; `None` when it would be too long or the budget is used up.
    fn wait(&self, attempt: u32, asked: Option<Duration>, end: Option<Instant>) -> Option<Duration> {
        let mut state = self.state();
        let bound = self.policy.bound(attempt);
        let jitter = bound.mul_f64(state.random.f64());
        // The server's word is kept to the letter; the jitter on top only spreads those who wait for
        // the same moment, so it is short, and it is no reason to give up.
        let (least, most) = match asked {
            Some(asked) if asked > self.policy.max_wait => return None,
            Some(asked) => (asked, asked.saturating_add(jitter.min(Duration::from_secs(1)))),
            None => (jitter.min(self.policy.max_wait), jitter.min(self.policy.max_wait)),
        };
        let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
        if least > left {
            return None;
        }
        let wait = most.min(left);
        state.budget = state.budget.checked_sub(10)?;
        Some(wait)
    }
}

#[derive(Clone, Copy)]
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
    let asked = || retry_after(response.headers());
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS => Verdict::Again { asked: asked() },
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::INTERNAL_SERVER_ERROR
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT
            if repeatable =>
        {
            Verdict::Again { asked: asked() }
        }
        _ => Verdict::Done,
    }
}

/// Whether the server may have acted on a write that ended like this.
fn is_open(result: &Result<http::Response<Bytes>, TransportError>) -> bool {
    match result {
        Err(error) => error.may_have_been_applied(),
        Ok(response) => response.status().is_server_error() || response.status() == StatusCode::REQUEST_TIMEOUT,
    }
}

#[async_trait]
impl<T: Transport> Transport for Retry<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let repeatable = Operation::may_repeat(&request);
        let deadline = request.extensions().get::<Deadline>().map(|deadline| deadline.0);
        // A total that no clock can reach is none.
        let end = [Instant::now().checked_add(self.policy.total), deadline].into_iter().flatten().min();
        let mut attempt = 1;
        let mut open = false;
        loop {
            let mut result = self.inner.send(request.clone()).await;
            let verdict = judge(&result, repeatable);
            let wait = match verdict {
                Verdict::Again { asked } if attempt < self.policy.attempts => self.wait(attempt, asked, end),
                _ => None,
            };
            let Some(wait) = wait else {
                if matches!(verdict, Verdict::Done) && result.is_ok() {
                    self.succeeded();
                }
                if let Ok(response) = &mut result {
                    response.extensions_mut().insert(Attempts(attempt));
                    if open {
                        response.extensions_mut().insert(OpenAttempt);
                    }
                }
                return result.map_err(|error| {
                    let error = error.after_attempts(attempt);
                    if open { error.after_open_attempt() } else { error }
                });
            };
            open |= !request.method().is_safe() && is_open(&result);
            tracing::debug!(attempt, wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), "trying again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }
}
