use std::fmt;
use std::future::Future;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Transport, TransportError};

/// A closure as a transport: made by [`from_fn`].
pub struct FnTransport<F>(F);

/// Makes a transport of an async closure: the shortest way to a fake server.
pub fn from_fn<F, Fut>(send: F) -> FnTransport<F>
where
    F: Fn(http::Request<Bytes>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<http::Response<Bytes>, TransportError>> + Send,
{
    FnTransport(send)
}

impl<F> fmt::Debug for FnTransport<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnTransport")
    }
}

#[async_trait]
impl<F, Fut> Transport for FnTransport<F>
where
    F: Fn(http::Request<Bytes>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<http::Response<Bytes>, TransportError>> + Send,
{
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        (self.0)(request).await
    }
}
