use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Transport, TransportError, TransportErrorKind};

/// Sends each request to the transport of its host: several embedded servers without a socket.
#[derive(Debug, Default)]
pub struct HostRouter {
    routes: BTreeMap<String, Arc<dyn Transport>>,
    fallback: Option<Arc<dyn Transport>>,
}

impl HostRouter {
    /// A router that knows no host: every request fails as if the name did not exist.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests to `authority` (`host` or `host:port`, as in the URL) go to `transport`.
    #[must_use]
    pub fn route(mut self, authority: impl Into<String>, transport: Arc<dyn Transport>) -> Self {
        self.routes.insert(authority.into().to_ascii_lowercase(), transport);
        self
    }

    /// Requests to any other host go to `transport`.
    #[must_use]
    pub fn fallback(mut self, transport: Arc<dyn Transport>) -> Self {
        self.fallback = Some(transport);
        self
    }
}

#[async_trait]
impl Transport for HostRouter {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let authority = request.uri().authority().map_or("", http::uri::Authority::as_str);
        // Host names know no case (RFC 9110 §4.2.3).
        match self.routes.get(&authority.to_ascii_lowercase()).or(self.fallback.as_ref()) {
            Some(transport) => transport.send(request).await,
            None => Err(TransportError::new(TransportErrorKind::Connect).with_detail("no route to this host")),
        }
    }
}
