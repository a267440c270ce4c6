//! One HTTP exchange as a trait, and the layers around it.
//!
//! A [`Transport`] sends one request and returns one complete response. Clients hold an
//! `Arc<dyn Transport>` and know nothing else about HTTP, so the same client talks to a real
//! service through [`ReqwestTransport`], to an embedded server without a socket, to a closure in a
//! test ([`from_fn`]), or to any of these behind layers. [`TransportExt`] puts them on, innermost first:
//!
//! | from outside | layer | what for |
//! |---|---|---|
//! | 1 | [`trace`](TransportExt::trace), `metrics` | one span, one count per call |
//! | 2 | [`retry`](TransportExt::retry) | repeats what a repetition may mend: [`RetryPolicy`] |
//! | 3 | [`rate_limit`](TransportExt::rate_limit) | keeps within the server's limit: [`RateLimit`] |
//! | 4 | [`timeout`](TransportExt::timeout) | gives up one attempt |
//! | 5 | [`trace`](TransportExt::trace) | one span per attempt |
//! | 6 | `record` | writes each exchange to a file without secrets (feature `test-util`) |
//! | 7 | `faults` | lets exchanges go wrong by a script (feature `test-util`) |
//! | 8 | the leaf | [`ReqwestTransport`], [`HostRouter`], an embedded server, [`from_fn`], `Replay`, a tower service |
//!
//! The rate limit stands inside of the retry layer because every attempt counts, the timeout inside of
//! the rate limit because waiting for one's turn is no failure of the server.
//!
//! ```
//! use std::time::Duration;
//! use scim_core::client::ScimClient;
//! use scim_core::resource::User;
//! use scim_core::transport::{Quota, RatePolicy, RetryPolicy, TransportExt, from_fn};
//! # use bytes::Bytes;
//! # let attempts = std::sync::atomic::AtomicU32::new(0);
//! # let server = from_fn(move |_request: http::Request<Bytes>| {
//! #     let first = attempts.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
//! #     async move {
//! #         let mut answer = http::Response::new(Bytes::from_static(br#"{"id":"1","userName":"ann"}"#));
//! #         if first {
//! #             *answer.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
//! #             answer.headers_mut().insert("retry-after", http::HeaderValue::from_static("30"));
//! #         }
//! #         Ok(answer)
//! #     }
//! # });
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! // `server` asks for 30 seconds' peace first; `ReqwestTransport::new()?` is the usual leaf.
//! let transport = server
//!     .trace()
//!     .timeout(Duration::from_secs(30))
//!     .rate_limit(RatePolicy::new().quota(Quota::new(1200, Duration::from_secs(300))))
//!     .retry(RetryPolicy::default())
//!     .trace()
//!     .shared();
//! let scim = ScimClient::new("https://scim.example.com/v2".parse()?, Some("token".into()), transport);
//! let user: User = scim.users().get(&"1".parse()?).await?;
//! assert_eq!(user.user_name.as_deref(), Some("ann"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a layer must know about a request (its operation's name, whether it may be repeated, until
//! when an answer is of use) travels in [`http::Extensions`]: see [`Operation`] and [`Deadline`]. What a
//! client must know about the attempts comes back the same way: see [`Answer::attempts`] and
//! [`Answer::open`]. No layer writes twice by accident: a write whose answer was lost is repeated only
//! if its operation says that this is harmless.
//!
//! No layer logs a URL's query, a header's value or a body, and no error text holds one.

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
