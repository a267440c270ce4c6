//! An authentik in this process: its API, its scheduler and tasks, and its sync engine, which sends
//! real SCIM requests to whatever URL a provider names.
//!
//! Everything that it does is recorded from authentik 2026.8.0-rc1 or documented for later versions;
//! what differs by version is a [switch](Switches). `docs/embedded-authentik.md` lists the rules.
//!
//! ```
//! use std::sync::Arc;
//! use authentik_client::embedded::EmbeddedAuthentik;
//! use bytes::Bytes;
//! use scim_core::transport::{from_fn, Transport, TransportExt};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! // Where the sync's requests go: here nowhere; `ReqwestTransport` for real servers.
//! let scim = from_fn(|_| async { Ok(http::Response::new(Bytes::new())) }).shared();
//! let authentik = EmbeddedAuthentik::builder(scim).build();
//!
//! let request = http::Request::get("http://authentik/api/v3/core/users/me/")
//!     .header("authorization", format!("Bearer {}", authentik.token()))
//!     .body(Bytes::new())
//!     .unwrap();
//! let answer = authentik.send(request).await.unwrap();
//! assert_eq!(answer.status(), 200);
//! # });
//! ```

mod api;
mod clock;
mod engine;
mod fault;
mod ids;
mod inner;
mod json;
mod log;
mod mapping;
mod scope;
mod state;
mod switches;
mod users;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use scim_core::serve::{ServeOptions, Server, serve};
use scim_core::transport::{Transport, TransportError, TransportErrorKind};

use clock::Clock;
use inner::Inner;
use mapping::Closures;
use state::State;

pub use fault::{Fault, FaultKind};
pub use log::{LoggedRequest, RequestCount, Side};
pub use mapping::{MappingFn, MappingInput, MappingOutcome, MappingUser};
pub use switches::{Profile, SwitchInfo, Switches, UnknownSwitch};

/// An authentik on loopback, or without a socket as a [`Transport`]. Clones share one state; with the
/// last of them its worker ends.
#[derive(Clone)]
pub struct EmbeddedAuthentik {
    inner: Arc<Inner>,
    token: Arc<str>,
    _guard: Arc<Guard>,
}

/// Stops the worker with the last handle.
struct Guard(Arc<Inner>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl fmt::Debug for EmbeddedAuthentik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedAuthentik").finish_non_exhaustive()
    }
}

/// Settings of an [`EmbeddedAuthentik`].
pub struct EmbeddedAuthentikBuilder {
    scim: Arc<dyn Transport>,
    switches: Switches,
    closures: Closures,
    start: Option<Timestamp>,
    time_scale: u32,
    seed: u64,
    token: Option<String>,
}

impl fmt::Debug for EmbeddedAuthentikBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedAuthentikBuilder").field("switches", &self.switches).finish_non_exhaustive()
    }
}

impl EmbeddedAuthentikBuilder {
    /// The switches; the default is [`Profile::Rc1`].
    #[must_use]
    pub fn switches(mut self, switches: Switches) -> Self {
        self.switches = switches;
        self
    }

    /// A profile with its defaults.
    #[must_use]
    pub fn profile(self, profile: Profile) -> Self {
        self.switches(Switches::new(profile))
    }

    /// Evaluates property mappings with this expression by a closure. Layout (white space, comment
    /// lines) does not matter to the comparison.
    #[must_use]
    pub fn mapping(
        mut self,
        expression: &str,
        stand_in: impl Fn(&MappingInput) -> MappingOutcome + Send + Sync + 'static,
    ) -> Self {
        self.closures.insert(expression, Arc::new(stand_in));
        self
    }

    /// The date at the start; the default is the system's. From then on tokio's clock counts.
    #[must_use]
    pub fn start_at(mut self, start: Timestamp) -> Self {
        self.start = Some(start);
        self
    }

    /// Timers (scheduler period, retry back-off) run this many times faster; at least 1. What waits
    /// for a server (`sync/object`, page timeouts) does not.
    #[must_use]
    pub fn time_scale(mut self, scale: u32) -> Self {
        self.time_scale = scale;
        self
    }

    /// The seed of ids and retry delays; the default is random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The superuser's API token; the default is made from the seed.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// A fresh authentik. Its worker starts with the first request.
    pub fn build(self) -> EmbeddedAuthentik {
        let start = self.start.unwrap_or_else(Timestamp::now);
        let clock = Clock::new(start, self.time_scale);
        let state = State::fresh(self.switches, self.seed, clock.now(), self.token);
        let token = state.tokens.first().map_or_else(|| Arc::from(""), |token| Arc::from(token.key.as_str()));
        let inner = Arc::new(Inner::new(state, clock, self.scim, self.closures));
        EmbeddedAuthentik { _guard: Arc::new(Guard(Arc::clone(&inner))), inner, token }
    }
}

impl EmbeddedAuthentik {
    /// Settings for an authentik whose sync sends its requests through `scim`.
    pub fn builder(scim: Arc<dyn Transport>) -> EmbeddedAuthentikBuilder {
        EmbeddedAuthentikBuilder {
            scim,
            switches: Switches::default(),
            closures: Closures::default(),
            start: None,
            time_scale: 1,
            seed: fastrand::u64(..),
            token: None,
        }
    }

    /// The bootstrap superuser's API token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Serves the API on `address` (port 0: any free one), below `/api/v3`.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn serve(&self, address: SocketAddr) -> std::io::Result<Server> {
        // The scheduler's minutes count from here.
        self.inner.start();
        serve(address, Arc::new(self.clone()), ServeOptions::default()).await
    }

    /// The switches as they stand.
    pub fn switches(&self) -> Switches {
        self.inner.with(|state| state.switches.clone())
    }

    /// Sets one switch while the server runs.
    ///
    /// # Errors
    /// If the name or the value is unknown.
    pub fn set_switch(&self, name: &str, value: &str) -> Result<(), UnknownSwitch> {
        self.inner.with(|state| state.switches.set(name, value))
    }

    /// How many requests there were on one side so far.
    pub fn requests(&self, side: Side) -> RequestCount {
        self.inner.log.count(side)
    }

    /// The latest 50,000 requests of both sides, oldest first.
    pub fn request_log(&self) -> Vec<LoggedRequest> {
        self.inner.log.entries()
    }

    /// Injects a fault into the API's side.
    pub fn fault(&self, fault: Fault) {
        self.inner.with(|state| state.faults.add(fault));
    }

    /// Kills the worker: tasks under way are cut off, locks are free, nothing is taken from the queue
    /// until [`start_worker`](Self::start_worker).
    pub fn kill_worker(&self) {
        self.inner.with(|state| state.queue.down = true);
        self.inner.kill();
    }

    /// Delays the queue: for so long the worker takes no task, as when it is busy with others. Tasks
    /// under way go on.
    pub fn hold_worker(&self, delay: Duration) {
        self.inner.with(|state| state.queue.held_until = Some(tokio::time::Instant::now() + delay));
        self.inner.changed();
    }

    /// Starts the worker again; what it was killed in begins anew.
    pub fn start_worker(&self) {
        self.inner.with(|state| state.queue.down = false);
        self.inner.changed();
    }

    /// Waits until no task is ready or running; delayed retries and the scheduler's next tick do not
    /// count. Ends after `limit` at the latest and says whether it became idle.
    pub async fn idle(&self, limit: Duration) -> bool {
        let mut changes = self.inner.changes.subscribe();
        let idle = async {
            while !self.inner.with(|state| state.is_idle()) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(limit, idle).await.is_ok()
    }

    /// The server's date and time.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
}

#[async_trait]
impl Transport for EmbeddedAuthentik {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let fault = self.inner.with(|state| state.faults.take(request.method(), request.uri().path()));
        let lost = || TransportError::new(TransportErrorKind::Interrupted);
        match fault {
            None => Ok(api::handle(&self.inner, request).await),
            Some(FaultKind::Status(status)) => {
                let mut response = http::Response::new(Bytes::new());
                *response.status_mut() = status;
                let html = http::HeaderValue::from_static("text/html; charset=utf-8");
                response.headers_mut().insert(http::header::CONTENT_TYPE, html);
                Ok(response)
            }
            Some(FaultKind::Slow(delay)) => {
                let response = api::handle(&self.inner, request).await;
                tokio::time::sleep(delay).await;
                Ok(response)
            }
            Some(FaultKind::LostAnswer) => {
                api::handle(&self.inner, request).await;
                Err(lost())
            }
            Some(FaultKind::NoAnswer) => Err(lost()),
        }
    }
}
