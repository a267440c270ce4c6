use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

use crate::provider::bearer::unauthorized;
use crate::provider::keys::Keys;
use crate::transport::{Transport, TransportError};

/// Several services behind one URL: the bearer token decides which of them answers, and nothing of a request
/// reaches another. Each tenant is a transport of its own, for example a
/// [`ServiceProvider`](crate::provider::ServiceProvider) with its store; tokens are compared in a time that does
/// not depend on where they differ.
///
/// Without a known token every request is answered 401, `/ServiceProviderConfig` as well: whose it would be
/// nobody has said.
///
/// ```
/// use bytes::Bytes;
/// use scim_core::provider::{ServiceProvider, Tenants};
/// use scim_core::transport::Transport;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let tenants = Tenants::new()
///     .with_tenant(ServiceProvider::in_memory("/scim/v2"), ["token-of-a".into()])?
///     .with_tenant(ServiceProvider::in_memory("/scim/v2"), ["token-of-b".into(), "next-token-of-b".into()])?;
/// let body = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Admins"}"#;
/// let made = http::Request::post("/scim/v2/Groups").header("authorization", "Bearer token-of-a");
/// assert_eq!(tenants.send(made.body(Bytes::from(body))?).await?.status(), 201);
///
/// let list = http::Request::get("/scim/v2/Groups").header("authorization", "Bearer token-of-b");
/// let list = tenants.send(list.body(Bytes::new())?).await?;
/// assert!(list.body().starts_with(br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Tenants {
    services: Vec<Box<dyn Transport>>,
    keys: Keys<usize>,
}

impl Default for Tenants {
    fn default() -> Self {
        Self::new()
    }
}

impl Tenants {
    /// Nobody yet.
    pub fn new() -> Self {
        Self { services: Vec::new(), keys: Keys::new() }
    }

    /// Adds a tenant that these tokens open; a second one lets the first be replaced without a gap.
    ///
    /// # Errors
    /// A token is empty, or opens a tenant already: one of the two would get the other's data.
    pub fn with_tenant(
        mut self,
        service: impl Transport + 'static,
        tokens: impl IntoIterator<Item = SecretString>,
    ) -> Result<Self, InvalidToken> {
        let tenant = self.services.len();
        for token in tokens {
            if token.expose_secret().is_empty() {
                return Err(InvalidToken::Empty);
            }
            if self.keys.contains(&token) {
                return Err(InvalidToken::Taken);
            }
            self.keys.add(token, tenant);
        }
        self.services.push(Box::new(service));
        Ok(self)
    }
}

/// Why a token cannot open a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidToken {
    /// It has no characters.
    Empty,
    /// It opens a tenant already.
    Taken,
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the token of a tenant is empty; give it one that nobody guesses",
            Self::Taken => "the token opens a tenant already; give each tenant its own",
        })
    }
}

impl std::error::Error for InvalidToken {}

#[async_trait]
impl Transport for Tenants {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        match self.keys.opened_by(request.headers()).and_then(|&tenant| self.services.get(tenant)) {
            Some(service) => service.send(request).await,
            None => Ok(unauthorized(request.headers())),
        }
    }
}
