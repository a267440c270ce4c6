use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

use super::{Transport, TransportError, TransportErrorKind};

/// One way in which an exchange goes wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fault {
    /// No connection. The server sees nothing.
    Refuse,
    /// The TLS handshake fails. The server sees nothing.
    Tls,
    /// The connection is reset before the server has read the request. The client cannot know that.
    Reset,
    /// The server acts; the connection is reset before its answer arrives.
    LoseAnswer,
    /// The server acts; its body is cut to so many bytes, and the connection ends as if that were all
    /// (a body that is delimited by the end of the connection).
    CutBody(usize),
    /// The server acts; its body ends before its `Content-Length`.
    ShortBody,
    /// The answer comes so much later.
    Delay(Duration),
    /// The server sees nothing, and no answer ever comes.
    Hang,
    /// The server acts, and no answer ever comes.
    HangAfter,
    /// The server sees nothing: something in front of it answers with this status, an empty body and
    /// these headers.
    Status(StatusCode, Vec<(HeaderName, HeaderValue)>),
    /// The server acts; this status arrives with an empty body in place of its answer.
    StatusAfter(StatusCode),
    /// The server acts; its answer carries this header too (in place of one of the same name).
    Header(HeaderName, HeaderValue),
    /// The server acts; this body arrives in place of its own.
    Body(Bytes),
    /// The server acts; what arrives is not HTTP.
    Garbage,
    /// The server receives the request twice; the second answer arrives.
    Twice,
    /// The server sees nothing; the answer to the previous request arrives once more. A reset if there
    /// was none.
    PreviousAnswer,
}

impl Fault {
    /// Something in front of the server answers with this status.
    pub fn status(status: StatusCode) -> Self {
        Self::Status(status, Vec::new())
    }

    /// 429 with this `Retry-After`: seconds, an HTTP date or nonsense. Nothing if no header can hold it.
    pub fn too_many_requests(retry_after: &str) -> Self {
        let header = HeaderValue::try_from(retry_after).map(|value| (http::header::RETRY_AFTER, value));
        Self::Status(StatusCode::TOO_MANY_REQUESTS, header.into_iter().collect())
    }
}

type Which = Box<dyn Fn(&http::Request<Bytes>) -> bool + Send + Sync>;

struct Rule {
    which: Which,
    /// From the how-manieth request that fits, from 1.
    from: u64,
    /// How many in a row.
    times: u64,
    fault: Fault,
}

/// Which requests go wrong, and how. The first rule that fits a request decides.
#[derive(Default)]
pub struct FaultScript {
    rules: Vec<Rule>,
    random: Option<(u64, u32, Vec<Fault>)>,
}

impl FaultScript {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// Request number `n` (from 1) goes wrong.
    #[must_use]
    pub fn nth(self, n: u64, fault: Fault) -> Self {
        self.nth_of(n, |_| true, fault)
    }

    /// Number `n` (from 1) of the requests that `which` picks goes wrong.
    #[must_use]
    pub fn nth_of(
        self,
        n: u64,
        which: impl Fn(&http::Request<Bytes>) -> bool + Send + Sync + 'static,
        fault: Fault,
    ) -> Self {
        self.rule(which, n, 1, fault)
    }

    /// The first `times` of the requests that `which` picks go wrong.
    #[must_use]
    pub fn first_of(
        self,
        times: u64,
        which: impl Fn(&http::Request<Bytes>) -> bool + Send + Sync + 'static,
        fault: Fault,
    ) -> Self {
        self.rule(which, 1, times, fault)
    }

    /// All the requests that `which` picks go wrong, from number `n` (from 1) on.
    #[must_use]
    pub fn from_nth_of(
        self,
        n: u64,
        which: impl Fn(&http::Request<Bytes>) -> bool + Send + Sync + 'static,
        fault: Fault,
    ) -> Self {
        self.rule(which, n, u64::MAX, fault)
    }

    /// Of those that no rule fits, so many of a thousand go wrong in one of these ways, by chance that
    /// `seed` makes repeatable.
    #[must_use]
    pub fn random(mut self, seed: u64, per_mille: u32, faults: impl Into<Vec<Fault>>) -> Self {
        self.random = Some((seed, per_mille, faults.into()));
        self
    }

    fn rule(
        mut self,
        which: impl Fn(&http::Request<Bytes>) -> bool + Send + Sync + 'static,
        from: u64,
        times: u64,
        fault: Fault,
    ) -> Self {
        self.rules.push(Rule { which: Box::new(which), from, times, fault });
        self
    }
}

impl fmt::Debug for FaultScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rules.iter().map(|rule| (rule.from, rule.times, &rule.fault))).finish()
    }
}

/// A transport whose exchanges go wrong as a script says: see
/// [`TransportExt::faults`](super::TransportExt::faults).
///
/// ```
/// use bytes::Bytes;
/// use scim_core::transport::{Fault, FaultScript, RetryPolicy, Transport, TransportExt, from_fn};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # runtime.block_on(async {
/// let server = from_fn(|_| async { Ok(http::Response::new(Bytes::new())) });
/// let script = FaultScript::new().nth(1, Fault::Refuse).nth(2, Fault::too_many_requests("30"));
/// let transport = server.faults(script).retry(RetryPolicy::default());
/// let answer = transport.send(http::Request::post("https://h/Users").body(Bytes::new())?).await?;
/// assert_eq!(answer.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Faults<T> {
    inner: T,
    script: FaultScript,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How many requests fitted each rule.
    seen: Vec<u64>,
    random: fastrand::Rng,
    struck: u64,
    previous: Option<(StatusCode, http::HeaderMap, Bytes)>,
}

impl<T> Faults<T> {
    /// Puts the layer around `inner`.
    pub fn new(inner: T, script: FaultScript) -> Self {
        let seed = script.random.as_ref().map_or(0, |(seed, ..)| *seed);
        let state = State {
            seen: vec![0; script.rules.len()],
            random: fastrand::Rng::with_seed(seed),
            struck: 0,
            previous: None,
        };
        Self { inner, script, state: Mutex::new(state) }
    }

    /// How many exchanges went wrong so far.
    pub fn struck(&self) -> u64 {
        self.state().struck
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault_for(&self, request: &http::Request<Bytes>) -> Option<Fault> {
        let mut state = self.state();
        let mut fault = None;
        for (rule, seen) in self.script.rules.iter().zip(&mut state.seen) {
            // Each rule counts on its own, also behind one that struck.
            if (rule.which)(request) {
                *seen += 1;
                if fault.is_none() && *seen >= rule.from && *seen - rule.from < rule.times {
                    fault = Some(rule.fault.clone());
                }
            }
        }
        if let (None, Some((_, per_mille, faults))) = (&fault, &self.script.random)
            && state.random.u32(0..1000) < *per_mille
            && !faults.is_empty()
        {
            let at = state.random.usize(0..faults.len());
            fault = faults.get(at).cloned();
        }
        state.struck += u64::from(fault.is_some());
        fault
    }

    fn keep(&self, response: &http::Response<Bytes>) {
        self.state().previous = Some((response.status(), response.headers().clone(), response.body().clone()));
    }

    fn previous(&self) -> Option<http::Response<Bytes>> {
        let (status, headers, body) = self.state().previous.clone()?;
        let mut response = http::Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Some(response)
    }
}

fn error(kind: TransportErrorKind) -> TransportError {
    TransportError::new(kind).with_detail("as the script says")
}

#[async_trait]
impl<T: Transport> Transport for Faults<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        use TransportErrorKind::{Connect, Interrupted, Protocol, Tls};
        let fault = self.fault_for(&request);
        // First those that the server never sees.
        match &fault {
            Some(Fault::Refuse) => return Err(error(Connect)),
            Some(Fault::Tls) => return Err(error(Tls)),
            Some(Fault::Reset) => return Err(error(Interrupted)),
            Some(Fault::Hang) => return std::future::pending().await,
            Some(Fault::PreviousAnswer) => return self.previous().ok_or_else(|| error(Interrupted)),
            Some(Fault::Status(status, headers)) => {
                let mut response = http::Response::new(Bytes::new());
                *response.status_mut() = *status;
                response.headers_mut().extend(headers.iter().cloned());
                return Ok(response);
            }
            Some(Fault::Delay(delay)) => tokio::time::sleep(*delay).await,
            Some(Fault::Twice) => drop(self.inner.send(request.clone()).await),
            _ => {}
        }
        let mut response = self.inner.send(request).await?;
        self.keep(&response);
        match fault {
            Some(Fault::LoseAnswer | Fault::ShortBody) => return Err(error(Interrupted)),
            Some(Fault::Garbage) => return Err(error(Protocol)),
            Some(Fault::HangAfter) => return std::future::pending().await,
            Some(Fault::CutBody(length)) => response.body_mut().truncate(length),
            Some(Fault::StatusAfter(status)) => {
                response = http::Response::new(Bytes::new());
                *response.status_mut() = status;
            }
            Some(Fault::Header(name, value)) => drop(response.headers_mut().insert(name, value)),
            Some(Fault::Body(body)) => *response.body_mut() = body,
            _ => {}
        }
        Ok(response)
    }
}
