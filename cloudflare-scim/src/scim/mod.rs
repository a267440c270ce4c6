//! The account's SCIM endpoint: `…/accounts/{account}/scim/v2`.
//!
//! A deliberately small SCIM: it filters by `userName eq` and `displayName eq` alone, shows no members
//! in lists, and `groups` of a user as plain texts. What it has can be written here; what it has not
//! needs [`Scim::client`].

mod groups;
mod id;
mod list;
mod users;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use scim_core::client::ScimClient;
use scim_core::message::ListResponse;
use scim_core::schema::{ResourceType, Schema, ServiceProviderConfig};
use scim_core::transport::{Deadline, Transport, TransportError};
use tokio::time::Instant;

pub use groups::{GroupPatch, NewGroup, ScimGroups};
pub use id::{GroupId, GroupKey, UserKey};
pub use list::ScimList;
pub use users::{NewUser, ScimUsers, UserPatch};

use crate::call::{Call, Needs};
use crate::client::another;
use crate::{Cloudflare, Error};

/// The account's SCIM endpoint. Called with the SCIM token.
#[derive(Debug, Clone)]
pub struct Scim {
    pub(crate) cloudflare: Cloudflare,
    client: ScimClient,
}

impl Cloudflare {
    /// The account's SCIM endpoint.
    pub fn scim(&self) -> Scim {
        let transport = Stamp { inner: Arc::clone(self.transport()), deadline: self.deadline() };
        let client = ScimClient::new(self.scim_base_url(), Some(self.scim_token().secret()), Arc::new(transport));
        Scim { cloudflare: self.clone(), client }
    }
}

impl Scim {
    /// The people of the account (`/Users`).
    pub fn users(&self) -> ScimUsers {
        ScimUsers::new(self.clone())
    }

    /// The groups of the account (`/Groups`): custom ones, and system groups that stand for permission
    /// groups.
    pub fn groups(&self) -> ScimGroups {
        ScimGroups::new(self.clone())
    }

    /// The plain SCIM client beneath: for requests that Cloudflare does not document.
    pub fn client(&self) -> &ScimClient {
        &self.client
    }

    /// What the endpoint says it can do.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn service_provider_config(&self) -> Result<ServiceProviderConfig, Error> {
        self.read(self.client.service_provider_config().await)
    }

    /// The resource types: User and Group.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn resource_types(&self) -> Result<Vec<ResourceType>, Error> {
        self.discover("read the resource types", "ResourceTypes").await
    }

    /// The schemas: core User and core Group.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn schemas(&self) -> Result<Vec<Schema>, Error> {
        self.discover("read the schemas", "Schemas").await
    }

    /// One resource type: `User` or `Group`.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that name.
    pub async fn resource_type(&self, name: &str) -> Result<ResourceType, Error> {
        let id = |it: &ResourceType| it.id.as_ref().or(it.name.as_ref()).map(ToString::to_string);
        self.discover_one("read a resource type", ["ResourceTypes", name], id).await
    }

    /// One schema: `urn:ietf:params:scim:schemas:core:2.0:User` or `…:Group`.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that URN.
    pub async fn schema(&self, urn: &str) -> Result<Schema, Error> {
        self.discover_one("read a schema", ["Schemas", urn], |it: &Schema| it.id.as_ref().map(ToString::to_string))
            .await
    }

    /// Discovery takes no query parameters, so it has no pages.
    async fn discover<T: serde::de::DeserializeOwned>(&self, name: &'static str, what: &str) -> Result<Vec<T>, Error> {
        let segments = ["accounts", self.cloudflare.account(), "scim", "v2", what];
        let call = Call::new(Method::GET, name, Needs::Read, &segments);
        let answer = self.cloudflare.send_as(&call, self.cloudflare.scim_token()).await?;
        let list: ListResponse<T> = call.plain(&answer, &|text| self.cloudflare.redact(text))?;
        Ok(list.resources)
    }

    /// The outcome of a reading call as this crate's.
    fn read<T>(&self, outcome: Result<T, scim_core::client::Error>) -> Result<T, Error> {
        outcome.map_err(|error| self.error(error, &Method::GET))
    }

    /// One resource of discovery, which must be that one.
    async fn discover_one<T: serde::de::DeserializeOwned>(
        &self,
        name: &'static str,
        path: [&str; 2],
        id: impl Fn(&T) -> Option<String>,
    ) -> Result<T, Error> {
        let segments = ["accounts", self.cloudflare.account(), "scim", "v2", path[0], path[1]];
        let call = Call::new(Method::GET, name, Needs::Read, &segments);
        let answer = self.cloudflare.send_as(&call, self.cloudflare.scim_token()).await?;
        let found: T = call.plain(&answer, &|text| self.cloudflare.redact(text))?;
        match id(&found) {
            Some(own) if !own.eq_ignore_ascii_case(path[1]) => {
                Err(Error::unreadable(&call.operation, &call.method, &answer, another(&own)))
            }
            _ => Ok(found),
        }
    }

    /// The outcome of a writing call as this crate's.
    fn written<T>(&self, outcome: Result<T, scim_core::client::Error>) -> Result<T, Error> {
        outcome.map_err(|error| self.error(error, &Method::POST))
    }

    fn error(&self, error: scim_core::client::Error, method: &Method) -> Error {
        self.cloudflare.scim_error(method, error)
    }

    /// A write that answered without the resource: Cloudflare's documents know none.
    fn shown<T>(&self, outcome: Result<Option<T>, scim_core::client::Error>, name: &'static str) -> Result<T, Error> {
        self.written(outcome)?.ok_or_else(|| {
            let operation = scim_core::transport::Operation::new(name, "scim/v2");
            Error::not_applied(&operation, "the answer has no resource")
        })
    }
}

/// What this crate adds to every SCIM request.
#[derive(Debug)]
struct Stamp {
    inner: Arc<dyn Transport>,
    deadline: Option<Instant>,
}

#[async_trait]
impl Transport for Stamp {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(crate::USER_AGENT));
        if let Some(deadline) = self.deadline {
            request.extensions_mut().insert(Deadline(deadline));
        }
        self.inner.send(request).await
    }
}
