//! Adapters to and from [`tower`](https://docs.rs/tower): middleware that somebody has already, around
//! or inside of a [`Transport`].
//!
//! ```
//! use bytes::Bytes;
//! use scim_core::transport::tower::{ServiceTransport, TransportService};
//! use scim_core::transport::{Transport, TransportExt, from_fn};
//! use tower::ServiceBuilder;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # runtime.block_on(async {
//! let leaf = from_fn(|request: http::Request<Bytes>| async move {
//!     let tagged = request.headers().contains_key("x-tag");
//!     Ok(http::Response::new(Bytes::from(tagged.to_string())))
//! });
//! // A transport as a service, tower's layers around it, and the whole as a transport again.
//! let service = ServiceBuilder::new()
//!     .map_request(|mut request: http::Request<Bytes>| {
//!         request.headers_mut().insert("x-tag", http::HeaderValue::from_static("a"));
//!         request
//!     })
//!     .timeout(std::time::Duration::from_secs(30))
//!     .service(TransportService::new(leaf.shared()));
//! let transport = ServiceTransport::new(service).shared();
//! let answer = transport.send(http::Request::new(Bytes::new())).await?;
//! assert_eq!(answer.body().as_ref(), b"true");
//! # Ok::<(), scim_core::transport::TransportError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use tower_service::Service;

use super::{Transport, TransportError, TransportErrorKind};

/// A tower service as a transport.
///
/// The service is cloned for each exchange and waited for until it is ready, as tower asks for.
#[derive(Clone)]
pub struct ServiceTransport<S>(S);

impl<S> ServiceTransport<S> {
    /// Takes a service from request to complete response.
    ///
    /// Its error becomes a [`TransportError`]: one that is a `TransportError` in a box stays what it
    /// is; any other counts as [`TransportErrorKind::Interrupted`] with it as the source, because the
    /// server may have acted. Errors of such a service must hold no secret in their text.
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S> fmt::Debug for ServiceTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceTransport")
    }
}

#[async_trait]
impl<S> Transport for ServiceTransport<S>
where
    S: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone + Send + Sync,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send,
{
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let mut service = self.0.clone();
        // What fails before the call has sent nothing.
        poll_fn(|context| service.poll_ready(context)).await.map_err(|source| error(source.into()).not_sent())?;
        service.call(request).await.map_err(|source| error(source.into()))
    }
}

fn error(source: Box<dyn std::error::Error + Send + Sync>) -> TransportError {
    match source.downcast::<TransportError>() {
        Ok(error) => *error,
        Err(source) => TransportError::new(TransportErrorKind::Interrupted).with_source(source),
    }
}

/// A transport as a tower service: always ready, without a buffer.
#[derive(Debug, Clone)]
pub struct TransportService(Arc<dyn Transport>);

impl TransportService {
    /// Takes a transport.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self(transport)
    }
}

impl Service<http::Request<Bytes>> for TransportService {
    type Response = http::Response<Bytes>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        let transport = Arc::clone(&self.0);
        Box::pin(async move { transport.send(request).await })
    }
}
