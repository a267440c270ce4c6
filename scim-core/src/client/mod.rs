//! A SCIM client over any [`Transport`].
//!
//! [`ScimClient`] builds every request from its own base URL, stamps its own token, reads what real
//! servers send (see `docs/deviations.md`), and ends on servers that lie about their paging.
//!
//! ```
//! # use bytes::Bytes;
//! # use scim_core::transport::{from_fn, TransportExt};
//! use scim_core::client::ScimClient;
//! use scim_core::resource::User;
//!
//! # let transport = from_fn(|request: http::Request<Bytes>| async move {
//! #     let body = match request.method().as_str() {
//! #         "POST" => r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","userName":"bjensen"}"#,
//! #         _ => r#"{"totalResults":1,"Resources":[{"id":"1","userName":"bjensen"}]}"#,
//! #     };
//! #     Ok(http::Response::new(Bytes::from_static(body.as_bytes())))
//! # }).shared();
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! let scim = ScimClient::new("https://scim.example.com/scim/v2".parse()?, Some("token".into()), transport);
//! let created = scim.users().create(&User::new("bjensen")).await?;
//! let all = scim.users().list().all().await?;
//! assert_eq!(all.len(), 1);
//! assert_eq!(all[0].id, created.id);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod endpoint;
mod error;
mod list;
mod request;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde::de::DeserializeOwned;

pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind};
pub use list::ListRequest;

use crate::resource::{Group, ScimResource, User};
use crate::schema::ServiceProviderConfig;
use crate::transport::{Answer, BaseUrl, Deadline, Operation, Transport};
use request::Request;

/// The media type of SCIM messages (RFC 7644 §8.1).
pub const MEDIA_TYPE: &str = "application/scim+json";

/// A client of one SCIM service provider. Cheap to clone.
#[derive(Clone)]
pub struct ScimClient {
    inner: Arc<Inner>,
}

struct Inner {
    base: BaseUrl,
    token: Option<SecretString>,
    transport: Arc<dyn Transport>,
    deadline: Option<Duration>,
}

impl ScimClient {
    /// A client of the provider at `base` (for example `https://example.com/scim/v2`) that
    /// authenticates with a bearer token (RFC 6750 §2.1), or not at all.
    pub fn new(base: BaseUrl, token: Option<SecretString>, transport: Arc<dyn Transport>) -> Self {
        Self { inner: Arc::new(Inner { base, token, transport, deadline: None }) }
    }

    /// The same client with a bound on every single call, retries and waits included.
    #[must_use]
    pub fn with_call_deadline(&self, limit: Duration) -> Self {
        let Inner { base, token, transport, .. } = &*self.inner;
        Self {
            inner: Arc::new(Inner {
                base: base.clone(),
                token: token.clone(),
                transport: Arc::clone(transport),
                deadline: Some(limit),
            }),
        }
    }

    /// Where the provider lives.
    pub fn base_url(&self) -> &BaseUrl {
        &self.inner.base
    }

    /// The users of the provider (`/Users`).
    pub fn users(&self) -> Endpoint<User> {
        self.endpoint()
    }

    /// The groups of the provider (`/Groups`).
    pub fn groups(&self) -> Endpoint<Group> {
        self.endpoint()
    }

    /// The resources of one type, at that type's own endpoint.
    pub fn endpoint<R: ScimResource>(&self) -> Endpoint<R> {
        Endpoint::new(self.clone())
    }

    /// What the provider says it can do (RFC 7644 §4).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn service_provider_config(&self) -> Result<ServiceProviderConfig, Error> {
        let operation = Operation::new("read the service provider configuration", "ServiceProviderConfig");
        self.read(Request::get(operation, &["ServiceProviderConfig"], &[])).await
    }

    async fn read<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<T, Error> {
        let operation = request.operation.clone();
        let answer = self.call(request).await?;
        error::decode(operation, answer)
    }

    /// Sends a request; an answer outside 2xx is an error.
    async fn call(&self, request: Request<'_>) -> Result<Answer, Error> {
        let operation = request.operation.clone();
        let mut http = request.build(&self.inner.base, self.inner.token.as_ref())?;
        if let Some(limit) = self.inner.deadline {
            http.extensions_mut().insert(Deadline(tokio::time::Instant::now() + limit));
        }
        match self.inner.transport.send(http).await {
            Ok(response) => error::check(operation, response.into()),
            Err(error) => Err(Error::transport(operation, error)),
        }
    }
}

impl fmt::Debug for ScimClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimClient").field("base", &self.inner.base).finish_non_exhaustive()
    }
}
