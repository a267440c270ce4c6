//! One HTTP exchange as a trait, and the layers around it.
//!
//! A [`Transport`] sends one request and returns one complete response. Clients hold an
//! `Arc<dyn Transport>` and know nothing else about HTTP, so the same client talks to a real
//! service through [`ReqwestTransport`], to an embedded server without a socket, to a closure in a
//! test ([`from_fn`]), or to any of these behind layers:
//!
//! ```text
//! trace(operation) → retry → timeout(attempt) → leaf
//! ```
//!
//! ```
//! use std::time::Duration;
//! use bytes::Bytes;
//! use scim_core::transport::{from_fn, RetryPolicy, Transport, TransportExt};
//!
//! let leaf = from_fn(|_request: http::Request<Bytes>| async {
//!     Ok(http::Response::new(Bytes::from_static(b"{}")))
//! });
//! let transport = leaf.timeout(Duration::from_secs(30)).retry(RetryPolicy::default()).shared();
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! let answer = transport.send(http::Request::new(Bytes::new())).await.unwrap();
//! assert_eq!(answer.body().as_ref(), b"{}");
//! # });
//! ```
//!
//! What a layer must know about a request (its operation's name, whether it may be repeated, until
//! when an answer is of use) travels in [`http::Extensions`]: see [`Operation`] and [`Deadline`].

mod answer;
mod base_url;
mod count;
mod error;
#[cfg(feature = "test-util")]
mod faults;
mod func;
mod gcra;
#[cfg(feature = "metrics")]
mod metrics;
mod operation;
mod rate_limit;
mod rate_word;
#[cfg(feature = "test-util")]
pub mod record;
#[cfg(feature = "reqwest")]
mod reqwest;
mod retry;
mod route;
mod timeout;
#[cfg(feature = "tower")]
pub mod tower;
mod trace;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use answer::{Answer, parse_retry_after, retry_after};
pub use base_url::{BaseUrl, InvalidBaseUrl};
pub use count::{Counted, Counter};
pub use error::{TransportError, TransportErrorKind};
#[cfg(feature = "test-util")]
pub use faults::{Fault, FaultScript, Faults};
pub use func::{FnTransport, from_fn};
pub use gcra::{Quota, RateWaitReason};
#[cfg(feature = "metrics")]
pub use metrics::Metrics;
pub use operation::{Attempts, Deadline, OpenAttempt, Operation};
pub use rate_limit::{RateLimit, RatePolicy, RateWait};
pub use rate_word::{RateRule, RateWindow, RateWord};
#[cfg(feature = "test-util")]
pub use record::{InvalidRecording, Record, Redaction, Replay};
#[cfg(feature = "reqwest")]
pub use reqwest::{ReqwestTransport, ReqwestTransportBuilder};
pub use retry::{Retry, RetryPolicy};
pub use route::HostRouter;
pub use timeout::Timeout;
pub use trace::Trace;

/// One HTTP exchange.
///
/// Every status is `Ok`, also 4xx and 5xx: a status is an answer. `Err` means that no complete
/// response arrived; [`TransportError::may_have_been_applied`] says whether the server may have
/// acted all the same.
///
/// Implementations do not follow redirects, bound the size of the body they read, and keep
/// nothing between two calls that would mix up two callers.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends `request` and waits for the whole response.
    ///
    /// # Errors
    /// A [`TransportError`] if no complete response arrived.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        (**self).send(request).await
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Box<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        (**self).send(request).await
    }
}

/// Puts layers around a transport, innermost first.
pub trait TransportExt: Transport + Sized + 'static {
    /// Repeats exchanges that failed in a way that a repetition may mend: see [`RetryPolicy`].
    fn retry(self, policy: RetryPolicy) -> Retry<Self> {
        Retry::new(self, policy)
    }

    /// Waits before a request would run over the rate limit: see [`RateLimit`].
    fn rate_limit(self, policy: RatePolicy) -> RateLimit<Self> {
        RateLimit::new(self, policy)
    }

    /// Gives up one attempt after `limit`.
    fn timeout(self, limit: Duration) -> Timeout<Self> {
        Timeout::new(self, limit)
    }

    /// Wraps every exchange in a [`tracing`] span without personal data.
    fn trace(self) -> Trace<Self> {
        Trace::new(self)
    }

    /// Counts the requests that pass.
    fn counted(self, counter: Arc<Counter>) -> Counted<Self> {
        Counted::new(self, counter)
    }

    /// Counts and times every exchange for the `metrics` facade: see [`Metrics`].
    #[cfg(feature = "metrics")]
    fn metrics(self) -> Metrics<Self> {
        Metrics::new(self)
    }

    /// Writes every exchange to a recording: see [`record`](mod@record).
    #[cfg(feature = "test-util")]
    fn record(self, writer: impl std::io::Write + Send + 'static, redaction: Redaction) -> Record<Self> {
        Record::new(self, writer, redaction)
    }

    /// Lets exchanges go wrong as a script says: see [`Faults`].
    #[cfg(feature = "test-util")]
    fn faults(self, script: FaultScript) -> Faults<Self> {
        Faults::new(self, script)
    }

    /// Erases the type: what clients hold.
    fn shared(self) -> Arc<dyn Transport> {
        Arc::new(self)
    }
}

impl<T: Transport + Sized + 'static> TransportExt for T {}
