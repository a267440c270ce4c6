use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use super::gcra::{Cell, Quota, RateWaitReason};
use super::rate_word::RateWord;
use super::{Deadline, Operation, Transport, TransportError, TransportErrorKind};

/// From so many keys on, those that hold no knowledge are forgotten.
const KEYS: usize = 1024;

/// A request is about to wait for the rate limit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateWait {
    /// How long.
    pub wait: Duration,
    /// Why.
    pub reason: RateWaitReason,
    /// What the request is for, if its client says so.
    pub operation: Option<Operation>,
}

type OnWait = Arc<dyn Fn(&RateWait) + Send + Sync>;
type KeyOf = Arc<dyn Fn(&http::Request<Bytes>) -> String + Send + Sync>;

/// How a [`RateLimit`] paces.
#[derive(Clone)]
pub struct RatePolicy {
    quota: Option<Quota>,
    block: Duration,
    max_wait: Duration,
    on_wait: Option<OnWait>,
    key: Option<KeyOf>,
}

impl Default for RatePolicy {
    fn default() -> Self {
        Self {
            quota: None,
            block: Duration::from_secs(5),
            max_wait: Duration::from_secs(600),
            on_wait: None,
            key: None,
        }
    }
}

impl RatePolicy {
    /// No quota of its own: only the server's word counts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends at most this much per key, unless the server says that it takes less.
    #[must_use]
    pub fn quota(mut self, quota: Quota) -> Self {
        self.quota = Some(quota);
        self
    }

    /// How long a 429 without `Retry-After` stops its key. Default 5 s.
    #[must_use]
    pub fn block(mut self, block: Duration) -> Self {
        self.block = block;
        self
    }

    /// No wait longer than this is begun: the call fails unsent. Default 10 minutes.
    #[must_use]
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// Calls `event` before each wait.
    #[must_use]
    pub fn on_wait(mut self, event: impl Fn(&RateWait) + Send + Sync + 'static) -> Self {
        self.on_wait = Some(Arc::new(event));
        self
    }

    /// Which requests share an allowance: those with the same text. By default those to the same host
    /// with the same `Authorization`. Only a keyed hash of the text is kept.
    #[must_use]
    pub fn key(mut self, key: impl Fn(&http::Request<Bytes>) -> String + Send + Sync + 'static) -> Self {
        self.key = Some(Arc::new(key));
        self
    }
}

impl fmt::Debug for RatePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RatePolicy")
            .field("quota", &self.quota)
            .field("block", &self.block)
            .field("max_wait", &self.max_wait)
            .finish_non_exhaustive()
    }
}

/// Waits before a request would run over the rate limit: see
/// [`TransportExt::rate_limit`](super::TransportExt::rate_limit).
///
/// Requests of one key are paced by a [`Quota`] (GCRA), if there is one, and by what the server says
/// in each answer ([`RateWord`]): a refusal stops the key until its time, "3 left for 20 s" lets three
/// go, an announced rule slows the pace down. The layer belongs inside the retry layer, so that every
/// attempt counts.
///
/// Waits are told ([`RatePolicy::on_wait`], and a [`tracing`] event). One that would pass the request's
/// [`Deadline`], or that is longer than [`RatePolicy::max_wait`], is not begun: the call fails with
/// [`TransportErrorKind::DeadlineExceeded`], unsent.
///
/// ```
/// use std::time::Duration;
/// use bytes::Bytes;
/// use scim_core::transport::{Quota, RatePolicy, Transport, TransportExt, from_fn};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # runtime.block_on(async {
/// // A server that lets one request pass and then asks for peace.
/// let server = from_fn(|_| async {
///     let mut answer = http::Response::new(Bytes::new());
///     answer.headers_mut().insert("ratelimit", http::HeaderValue::from_static("\"default\";r=0;t=700"));
///     Ok(answer)
/// });
/// let policy = RatePolicy::new().quota(Quota::new(1200, Duration::from_secs(300)));
/// let transport = server.rate_limit(policy);
/// transport.send(http::Request::new(Bytes::new())).await?;
///
/// let refused = transport.send(http::Request::new(Bytes::new())).await.unwrap_err();
/// assert!(refused.to_string().contains("not sent: the rate limit asks to wait 700 s"), "{refused}");
/// # Ok::<(), scim_core::transport::TransportError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RateLimit<T> {
    inner: T,
    policy: RatePolicy,
    /// Keyed anew in each process: what is kept does not give a token away.
    hasher: RandomState,
    cells: Mutex<HashMap<u64, Cell>>,
}

/// What a request may do now.
enum Turn {
    Go,
    Wait { until: Instant, reason: RateWaitReason },
}

impl<T> RateLimit<T> {
    /// Puts the layer around `inner`.
    pub fn new(inner: T, policy: RatePolicy) -> Self {
        Self { inner, policy, hasher: RandomState::new(), cells: Mutex::default() }
    }

    fn cells(&self) -> MutexGuard<'_, HashMap<u64, Cell>> {
        // Each change of a cell is a few assignments: a panic elsewhere cannot have left it half-made.
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, request: &http::Request<Bytes>) -> u64 {
        match &self.policy.key {
            Some(key) => self.hasher.hash_one(key(request)),
            None => self.hasher.hash_one((
                request.uri().authority().map(|authority| authority.as_str().to_ascii_lowercase()),
                request.headers().get(http::header::AUTHORIZATION).map(http::HeaderValue::as_bytes),
            )),
        }
    }

    /// Works on the cell of a key, which is made if there is none.
    fn with_cell<R>(&self, key: u64, now: Instant, work: impl FnOnce(&mut Cell) -> R) -> R {
        let mut cells = self.cells();
        if cells.len() >= KEYS && !cells.contains_key(&key) {
            cells.retain(|_, cell| !cell.is_idle(now));
        }
        work(cells.entry(key).or_insert_with(|| Cell::new(self.policy.quota, now)))
    }

    /// Checks a wait before it is begun.
    fn bound(&self, until: Instant, now: Instant, deadline: Option<Instant>) -> Result<(), TransportError> {
        let wait = until.saturating_duration_since(now);
        let bound = if deadline.is_some_and(|deadline| until > deadline) {
            "the call's deadline".to_owned()
        } else if wait > self.policy.max_wait {
            format!("the longest wait allowed, {} s", self.policy.max_wait.as_secs())
        } else {
            return Ok(());
        };
        let wait = wait.as_secs_f64().ceil();
        Err(TransportError::new(TransportErrorKind::DeadlineExceeded)
            .with_detail(format!("not sent: the rate limit asks to wait {wait} s, beyond {bound}"))
            .not_sent())
    }

    async fn wait(&self, until: Instant, reason: RateWaitReason, operation: Option<&Operation>) {
        let wait = until.saturating_duration_since(Instant::now());
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(wait_ms, reason = ?reason, "waiting for the rate limit");
        if let Some(event) = &self.policy.on_wait {
            event(&RateWait { wait, reason, operation: operation.cloned() });
        }
        tokio::time::sleep_until(until).await;
    }

    /// Waits for this request's turn and counts it as sent.
    async fn admit(&self, key: u64, request: &http::Request<Bytes>) -> Result<(), TransportError> {
        let deadline = request.extensions().get::<Deadline>().map(|deadline| deadline.0);
        let operation = request.extensions().get::<Operation>();
        // A place in the pace is taken before the wait for it, so that those who wait go in turn. A
        // word of the server that comes meanwhile voids it: else all would go at once afterwards.
        let mut reserved = false;
        loop {
            let now = Instant::now();
            let turn = self.with_cell(key, now, |cell| {
                if let Some((until, reason)) = cell.forbidden(now) {
                    self.bound(until, now, deadline)?;
                    reserved = false;
                    return Ok(Turn::Wait { until, reason });
                }
                if !reserved {
                    let slot = cell.slot(now);
                    self.bound(slot, now, deadline)?;
                    cell.reserve(now);
                    reserved = true;
                    if slot > now {
                        return Ok(Turn::Wait { until: slot, reason: RateWaitReason::Pace });
                    }
                }
                cell.sent();
                Ok(Turn::Go)
            })?;
            match turn {
                Turn::Go => return Ok(()),
                Turn::Wait { until, reason } => self.wait(until, reason, operation).await,
            }
        }
    }
}

/// Ends a request's time in flight also when its future is dropped.
struct InFlight<'a, T> {
    layer: &'a RateLimit<T>,
    key: u64,
}

impl<T> Drop for InFlight<'_, T> {
    fn drop(&mut self) {
        if let Some(cell) = self.layer.cells().get_mut(&self.key) {
            cell.ended();
        }
    }
}

#[async_trait]
impl<T: Transport> Transport for RateLimit<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let key = self.key(&request);
        self.admit(key, &request).await?;
        let _in_flight = InFlight { layer: self, key };
        let response = self.inner.send(request).await?;
        let word = RateWord::read(response.status(), response.headers());
        let now = Instant::now();
        self.with_cell(key, now, |cell| cell.learn(&word, now, self.policy.block));
        Ok(response)
    }
}
