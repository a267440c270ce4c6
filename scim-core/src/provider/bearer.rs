use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::SecretString;

use crate::message::ScimError;
use crate::provider::keys::Keys;
use crate::provider::{ServiceProvider, Store, Subject};
use crate::resource::ResourceId;
use crate::transport::{Transport, TransportError};

/// A provider as a transport: a client in the same process, or [`serve`](crate::serve).
#[async_trait]
impl<S: Store + std::fmt::Debug + Send + Sync> Transport for ServiceProvider<S> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        Ok(self.handle(request))
    }
}

/// Lets requests with a known bearer token through (RFC 6750), and answers others 401 in the form of
/// RFC 7644 §3.12. Tokens are compared in a time that does not depend on where they differ.
///
/// A GET whose path ends in `/ServiceProviderConfig` needs no token, so that a client can learn how to authenticate
/// (RFC 7643 §5); what stands before that is for the transport behind to judge.
///
/// ```
/// use scim_core::provider::{BearerAuth, ServiceProvider};
/// use scim_core::transport::{Transport, TransportExt};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let provider = ServiceProvider::in_memory("/scim/v2");
/// let service = BearerAuth::new(provider).with_token("s3cret".into()).shared();
/// let request = http::Request::get("http://localhost/scim/v2/Users").body(Default::default())?;
/// assert_eq!(service.send(request).await?.status(), 401);
/// let request = http::Request::get("http://localhost/scim/v2/Users").header("authorization", "Bearer s3cret");
/// assert_eq!(service.send(request.body(Default::default())?).await?.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct BearerAuth<T> {
    inner: T,
    keys: Keys<Option<ResourceId>>,
}

impl<T> BearerAuth<T> {
    /// Lets nobody in yet.
    pub fn new(inner: T) -> Self {
        Self { inner, keys: Keys::new() }
    }

    /// Lets the bearer of that token in.
    pub fn with_token(mut self, token: SecretString) -> Self {
        self.keys.add(token, None);
        self
    }

    /// Lets the bearer of that token in as that user: whom `/Me` stands for.
    pub fn with_user_token(mut self, token: SecretString, user: ResourceId) -> Self {
        self.keys.add(token, Some(user));
        self
    }

    /// The transport behind.
    pub fn inner(&self) -> &T {
        &self.inner
    }
}

#[async_trait]
impl<T: Transport> Transport for BearerAuth<T> {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let public = request.method() == http::Method::GET && request.uri().path().ends_with("/ServiceProviderConfig");
        match self.keys.opened_by(request.headers()).cloned() {
            Some(user) => drop(user.map(|user| request.extensions_mut().insert(Subject(user)))),
            None if public => {}
            None => return Ok(unauthorized(request.headers())),
        }
        self.inner.send(request).await
    }
}

/// 401 in the form of RFC 7644 §3.12, with the challenge of RFC 6750 §3.
pub(super) fn unauthorized(headers: &HeaderMap) -> http::Response<Bytes> {
    let (challenge, detail) = if headers.contains_key(AUTHORIZATION) {
        (r#"Bearer realm="scim", error="invalid_token""#, "the bearer token is not known here")
    } else {
        (r#"Bearer realm="scim""#, "a bearer token is needed")
    };
    let body = serde_json::to_vec(&ScimError::new(401, detail)).unwrap_or_default();
    let mut response = http::Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    response
}
