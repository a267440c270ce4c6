use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;

use super::answer::request_id;
use super::{Attempts, Operation, Transport, TransportError};

/// Wraps every exchange in a span: see [`TransportExt::trace`](super::TransportExt::trace).
///
/// The span `http` (level debug) holds `operation`, `resource_type`, `method`, `host`, and when the
/// answer has come `status`, `request_id`, `attempts`, `elapsed_ms`, or else `error`. Never a query
/// string, a header's value or a body; a resource's id only after [`with_ids`](Self::with_ids),
/// because some services make ids of people's names.
///
/// Outside of the retry layer it spans a call, inside an attempt.
#[derive(Debug)]
pub struct Trace<T> {
    inner: T,
    ids: bool,
}

impl<T> Trace<T> {
    /// Puts the layer around `inner`.
    pub fn new(inner: T) -> Self {
        Self { inner, ids: false }
    }

    /// Adds the field `resource` with the ids of what is acted on.
    #[must_use]
    pub fn with_ids(mut self) -> Self {
        self.ids = true;
        self
    }
}

#[async_trait]
impl<T: Transport> Transport for Trace<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let operation = request.extensions().get::<Operation>();
        let span = tracing::debug_span!(
            "http",
            operation = operation.map_or("", |operation| operation.name),
            resource_type = operation.map_or_else(String::new, Operation::resource_type),
            resource = Empty,
            method = %request.method(),
            host = request.uri().authority().map_or("", http::uri::Authority::as_str),
            status = Empty,
            request_id = Empty,
            attempts = Empty,
            elapsed_ms = Empty,
            error = Empty,
        );
        if let (true, Some(operation)) = (self.ids, operation) {
            span.record("resource", operation.resource.as_ref());
        }
        let outer = span.clone();
        async move {
            let start = Instant::now();
            let result = self.inner.send(request).await;
            let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            outer.record("elapsed_ms", elapsed_ms);
            match &result {
                Ok(response) => {
                    let status = response.status().as_u16();
                    let request_id = request_id(response.headers()).unwrap_or_default();
                    let attempts = response.extensions().get::<Attempts>().map_or(1, |attempts| attempts.0);
                    outer.record("status", status);
                    outer.record("request_id", request_id);
                    outer.record("attempts", attempts);
                    tracing::debug!(status, request_id, attempts, elapsed_ms, "answered");
                }
                Err(error) => {
                    outer.record("error", tracing::field::display(error));
                    outer.record("attempts", error.attempts());
                    tracing::debug!(%error, attempts = error.attempts(), elapsed_ms, "no answer");
                }
            }
            result
        }
        .instrument(span)
        .await
    }
}
