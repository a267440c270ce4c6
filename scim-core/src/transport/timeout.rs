use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use super::{Deadline, Transport, TransportError, TransportErrorKind};

/// Gives up one attempt after a time, or when the request's [`Deadline`] passes: see
/// [`TransportExt::timeout`](super::TransportExt::timeout).
#[derive(Debug)]
pub struct Timeout<T> {
    inner: T,
    limit: Duration,
}

impl<T> Timeout<T> {
    pub(super) fn new(inner: T, limit: Duration) -> Self {
        Self { inner, limit }
    }
}

#[async_trait]
impl<T: Transport> Transport for Timeout<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let now = Instant::now();
        let left = request.extensions().get::<Deadline>().map(|deadline| deadline.0.saturating_duration_since(now));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(TransportError::new(TransportErrorKind::DeadlineExceeded)
                .with_detail("not sent: it had passed before")
                .not_sent());
        }
        let (limit, kind) = match left {
            Some(left) if left < self.limit => (left, TransportErrorKind::DeadlineExceeded),
            _ => (self.limit, TransportErrorKind::Timeout),
        };
        tokio::time::timeout(limit, self.inner.send(request)).await.unwrap_or_else(|_| {
            Err(TransportError::new(kind).with_detail(format!("nothing within {} s", limit.as_secs_f32())))
        })
    }
}
