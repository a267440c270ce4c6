use async_trait::async_trait;
use bytes::Bytes;
use tracing::Instrument;

use super::{Answer, Operation, Transport, TransportError};

/// Wraps every exchange in a span: see [`TransportExt::trace`](super::TransportExt::trace).
///
/// The span holds operation, resource, method, host, status, request id and attempts; never a query
/// string, a header or a body.
#[derive(Debug)]
pub struct Trace<T> {
    inner: T,
}

impl<T> Trace<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner }
    }
}

#[async_trait]
impl<T: Transport> Transport for Trace<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let operation = request.extensions().get::<Operation>();
        let span = tracing::debug_span!(
            "http",
            operation = operation.map_or("", |operation| operation.name),
            resource = operation.map_or("", |operation| operation.resource.as_ref()),
            method = %request.method(),
            host = request.uri().authority().map_or("", http::uri::Authority::as_str),
        );
        async {
            let result = self.inner.send(request).await;
            match &result {
                Ok(response) => {
                    // An `Answer` knows where a request id stands; cloning the headers is the price.
                    let answer = Answer {
                        status: response.status(),
                        headers: response.headers().clone(),
                        body: Bytes::new(),
                        attempts: response.extensions().get::<super::Attempts>().map_or(1, |attempts| attempts.0),
                    };
                    tracing::debug!(
                        status = answer.status.as_u16(),
                        request_id = answer.request_id().unwrap_or_default(),
                        attempts = answer.attempts,
                        "answered"
                    );
                }
                Err(error) => tracing::debug!(%error, "no answer"),
            }
            result
        }
        .instrument(span)
        .await
    }
}
