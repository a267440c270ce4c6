//! The account's SCIM endpoint: `…/accounts/{id}/scim/v2`.
//!
//! It stands on [`ScimClient`]; what differs is the error, because the gateway in front of the endpoint
//! answers with v4's envelope and the endpoint itself with SCIM errors.

use std::sync::Arc;

use http::Method;
use scim_core::client::{Endpoint, ListRequest, ScimClient};
use scim_core::resource::{Group, ResourceId, ScimResource, User};
use scim_core::schema::ServiceProviderConfig;

use crate::{Cloudflare, Error};

/// The SCIM endpoint of the account.
#[derive(Debug, Clone)]
pub struct Scim {
    cloudflare: Cloudflare,
    client: ScimClient,
}

impl Cloudflare {
    /// The account's SCIM endpoint, with the SCIM token.
    pub fn scim(&self) -> Scim {
        let token = Some(self.scim_token().secret());
        let mut client = ScimClient::new(self.scim_base_url(), token, Arc::clone(self.transport()));
        if let Some(deadline) = self.deadline() {
            client = client.with_call_deadline(deadline.saturating_duration_since(tokio::time::Instant::now()));
        }
        Scim { cloudflare: self.clone(), client }
    }
}

impl Scim {
    /// The SCIM users: every member of the account.
    pub fn users(&self) -> Resources<User> {
        Resources { cloudflare: self.cloudflare.clone(), endpoint: self.client.users() }
    }

    /// The SCIM groups: the system's and the custom ones.
    pub fn groups(&self) -> Resources<Group> {
        Resources { cloudflare: self.cloudflare.clone(), endpoint: self.client.groups() }
    }

    /// What the endpoint says it can do. The cheapest question of all: whether it is there.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn service_provider_config(&self) -> Result<ServiceProviderConfig, Error> {
        let result = self.client.service_provider_config().await;
        result.map_err(|error| self.cloudflare.scim_error(&Method::GET, error))
    }
}

/// The SCIM resources of one kind.
#[derive(Debug, Clone)]
pub struct Resources<R> {
    cloudflare: Cloudflare,
    endpoint: Endpoint<R>,
}

/// SCIM resources to be read.
#[derive(Debug)]
#[must_use = "a list does nothing until it is read"]
pub struct ScimList<R> {
    cloudflare: Cloudflare,
    request: ListRequest<R>,
}

impl<R: ScimResource> Resources<R> {
    /// All of them. A list of groups shows no members: read each group for them.
    pub fn list(&self) -> ScimList<R> {
        ScimList { cloudflare: self.cloudflare.clone(), request: self.endpoint.list() }
    }

    /// One of them; a custom group with its members.
    ///
    /// # Errors
    /// If the call fails; [`Error::is_not_found`] when there is none.
    pub async fn get(&self, id: &ResourceId) -> Result<R, Error> {
        self.endpoint.get(id).await.map_err(|error| self.cloudflare.scim_error(&Method::GET, error))
    }
}

impl<R: ScimResource> ScimList<R> {
    /// Every one, each once; an error if the list cannot be read to its end.
    ///
    /// # Errors
    /// If a call fails or the pages contradict each other.
    pub async fn all(self) -> Result<Vec<R>, Error> {
        self.request.all().await.map_err(|error| self.cloudflare.scim_error(&Method::GET, error))
    }
}
