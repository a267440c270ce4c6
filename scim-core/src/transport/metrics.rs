use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use super::{Attempts, Operation, Transport, TransportError};

/// Counts and times exchanges for the [`metrics`](https://docs.rs/metrics) facade: see
/// [`TransportExt::metrics`](super::TransportExt::metrics).
///
/// | name | kind | labels |
/// |---|---|---|
/// | `scim_client_requests_total` | counter | `operation`, `resource_type`, `outcome` |
/// | `scim_client_attempts_total` | counter | `operation`, `resource_type` |
/// | `scim_client_request_seconds` | histogram | `operation`, `resource_type` |
///
/// `outcome` is the status, or the kind of the [`TransportError`]. The labels have few values and hold
/// no ids, so neither people nor resources show. Outside of the retry layer it counts calls, and
/// attempts apart.
#[derive(Debug)]
pub struct Metrics<T> {
    inner: T,
}

impl<T> Metrics<T> {
    /// Puts the layer around `inner`.
    pub fn new(inner: T) -> Self {
        Self { inner }
    }
}

#[async_trait]
impl<T: Transport> Transport for Metrics<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let operation = request.extensions().get::<Operation>();
        let name = operation.map_or("", |operation| operation.name);
        let resource_type = operation.map(Operation::resource_type).unwrap_or_default();
        let start = Instant::now();
        let result = self.inner.send(request).await;
        let (outcome, attempts) = match &result {
            Ok(response) => (
                response.status().as_str().to_owned(),
                response.extensions().get::<Attempts>().map_or(1, |attempts| attempts.0),
            ),
            Err(error) => (format!("{:?}", error.kind()), error.attempts()),
        };
        let labels = || [("operation", name.to_owned()), ("resource_type", resource_type.clone())];
        let [operation, resource] = labels();
        let requests = [operation, resource, ("outcome", outcome)];
        ::metrics::counter!("scim_client_requests_total", &requests).increment(1);
        ::metrics::counter!("scim_client_attempts_total", &labels()).increment(u64::from(attempts));
        ::metrics::histogram!("scim_client_request_seconds", &labels()).record(start.elapsed().as_secs_f64());
        result
    }
}
