//! Exchanges with a real server, kept in a file and played back.
//!
//! A recording is a text of one JSON document a line, so that it can be read, compared and edited.
//! [`Record`] writes it as it passes requests on; [`Replay`] answers from it. What must not be in a
//! file is replaced by placeholders ([`Redaction`]): `{{secret-1}}`, `{{person-1}}`. In a replay a
//! placeholder stands for whatever value the request has in its place, the same everywhere, and the
//! answers come with that value: the program under test notices nothing.
//!
//! ```
//! use bytes::Bytes;
//! use scim_core::client::ScimClient;
//! use scim_core::resource::User;
//! use scim_core::transport::{Redaction, Replay, TransportExt, from_fn};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # runtime.block_on(async {
//! # let path = std::env::temp_dir().join(format!("scim-record-{}.jsonl", std::process::id()));
//! // In place of a server: it gives every resource an id.
//! let server = from_fn(|request: http::Request<Bytes>| async move {
//!     let mut user: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
//!     user["id"] = "1".into();
//!     let mut answer = http::Response::new(Bytes::from(user.to_string()));
//!     *answer.status_mut() = http::StatusCode::CREATED;
//!     Ok(answer)
//! });
//! let file = std::fs::File::create(&path)?;
//! let recorded = server.record(file, Redaction::secrets().personal_data()).shared();
//! let client = ScimClient::new("https://scim.example.com/v2".parse()?, Some("token-8571".into()), recorded);
//! client.users().create(&User::new("ann@example.com")).await?;
//!
//! let text = std::fs::read_to_string(&path)?;
//! # std::fs::remove_file(&path)?;
//! assert!(text.contains(r#""userName":"{{person-1}}""#));
//! assert!(!text.contains("ann@example.com") && !text.contains("token-8571"));
//!
//! // Nobody of that name was recorded, but somebody who was treated like that.
//! let replay = Replay::parse(&text)?.shared();
//! let client = ScimClient::new("https://scim.example.com/v2".parse()?, Some("token-0000".into()), replay);
//! let user = client.users().create(&User::new("bob@example.com")).await?;
//! # let user: User = user.into();
//! assert_eq!(user.user_name.as_deref(), Some("bob@example.com"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod exchange;
mod known;
mod redact;
mod redaction;
mod replay;
mod template;

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Transport, TransportError};
use exchange::{Exchange, Head, Outcome, VERSION};
use redact::Redactor;

pub use redaction::Redaction;
pub use replay::{InvalidRecording, Replay};

/// Writes every exchange to a recording: see [the module](self) and
/// [`TransportExt::record`](super::TransportExt::record).
///
/// It belongs next to the leaf, so that the recording shows every attempt. Each exchange is written
/// when it ends, as one line in one call, and flushed. A write that fails ends the recording and not
/// the program: see [`failure`](Self::failure).
pub struct Record<T> {
    inner: T,
    state: Mutex<State>,
}

struct State {
    writer: Box<dyn Write + Send>,
    redactor: Redactor,
    begun: bool,
    failure: Option<std::io::Error>,
}

impl<T> Record<T> {
    /// Puts the layer around `inner`.
    pub fn new(inner: T, writer: impl Write + Send + 'static, redaction: Redaction) -> Self {
        let state = State { writer: Box::new(writer), redactor: Redactor::new(redaction), begun: false, failure: None };
        Self { inner, state: Mutex::new(state) }
    }

    /// Why the recording ended early, if it did.
    pub fn failure(&self) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failure.as_ref().map(ToString::to_string)
    }
}

impl State {
    fn write(
        &mut self,
        parts: &http::request::Parts,
        body: &Bytes,
        result: &Result<http::Response<Bytes>, TransportError>,
    ) {
        if self.failure.is_some() {
            return;
        }
        let exchange = self.redact(parts, body, result);
        // Once more: what the answer made known may stand in the request too.
        let exchange =
            if exchange == self.redact(parts, body, result) { exchange } else { self.redact(parts, body, result) };
        if let Err(error) = self.append(&exchange) {
            tracing::warn!(%error, "the recording ends here");
            self.failure = Some(error);
        }
    }

    fn redact(
        &mut self,
        parts: &http::request::Parts,
        body: &Bytes,
        result: &Result<http::Response<Bytes>, TransportError>,
    ) -> Exchange {
        let request = self.redactor.request(&parts.method, &parts.uri, &parts.headers, body);
        let outcome = match result {
            Ok(answer) => {
                Outcome::Response(self.redactor.response(answer.status().as_u16(), answer.headers(), answer.body()))
            }
            Err(error) => Outcome::Error(error.kind().into()),
        };
        Exchange { request, outcome }
    }

    fn append(&mut self, exchange: &Exchange) -> std::io::Result<()> {
        let mut line = Vec::new();
        if !self.begun {
            serde_json::to_writer(&mut line, &Head { exchanges: VERSION })?;
            line.push(b'\n');
            self.begun = true;
        }
        serde_json::to_writer(&mut line, exchange)?;
        line.push(b'\n');
        self.writer.write_all(&line)?;
        self.writer.flush()
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Record<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: Transport> Transport for Record<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let (parts, body) = request.into_parts();
        let result = self.inner.send(http::Request::from_parts(parts.clone(), body.clone())).await;
        self.state.lock().unwrap_or_else(PoisonError::into_inner).write(&parts, &body, &result);
        result
    }
}
