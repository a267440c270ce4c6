use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Transport, TransportError, TransportErrorKind};

/// Gives up one attempt after a time: see [`TransportExt::timeout`](super::TransportExt::timeout).
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
        tokio::time::timeout(self.limit, self.inner.send(request)).await.unwrap_or_else(|_| {
            Err(TransportError::new(TransportErrorKind::Timeout)
                .with_detail(format!("nothing within {} s", self.limit.as_secs_f32())))
        })
    }
}
