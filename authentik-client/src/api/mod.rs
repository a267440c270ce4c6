//! The client and its handles: one per kind of object, all made of the same four verbs.

mod directory;
mod links;
mod list;
mod objects;
mod providers;
mod scope;
mod tasks;
mod tokens;

use std::sync::Arc;

use http::Method;
use scim_core::transport::{BaseUrl, InvalidBaseUrl, Operation, Transport};
use secrecy::SecretString;

pub use directory::{Groups, Users};
pub use links::{ScimGroupLinks, ScimUserLinks};
pub use list::List;
pub use providers::{ScimMappings, ScimProviders};
pub use scope::{Applications, PolicyBindings};
pub use tasks::{Events, Schedules, Tasks};
pub use tokens::ApiTokens;

use crate::call::{Call, Core};
use crate::error::{Error, ErrorKind};
use crate::model::{Me, Version};
use objects::Objects;

/// A client of one authentik. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Authentik {
    core: Core,
}

/// Builds an [`Authentik`].
#[derive(Debug)]
pub struct AuthentikBuilder {
    base: BaseUrl,
    token: SecretString,
    transport: Option<Arc<dyn Transport>>,
}

impl AuthentikBuilder {
    /// How requests are sent. Default (feature `reqwest`): a [`ReqwestTransport`] with retries.
    ///
    /// [`ReqwestTransport`]: scim_core::transport::Transport
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// If the base URL cannot hold `/api/v3`, or no transport was given and none can be made.
    pub fn build(self) -> Result<Authentik, Error> {
        let operation = || Operation::new("set up the client", "authentik");
        let base = with_api_path(&self.base)
            .map_err(|error| Error::new(operation(), ErrorKind::InvalidRequest).with_detail(error.to_string()))?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport(&operation)?,
        };
        Ok(Authentik { core: Core { base, token: self.token, transport } })
    }
}

#[cfg(feature = "reqwest")]
fn default_transport(operation: &dyn Fn() -> Operation) -> Result<Arc<dyn Transport>, Error> {
    use scim_core::transport::{ReqwestTransport, RetryPolicy, TransportExt};
    let leaf = ReqwestTransport::new().map_err(|error| Error::transport(operation(), error))?;
    Ok(leaf.retry(RetryPolicy::default()).shared())
}

#[cfg(not(feature = "reqwest"))]
fn default_transport(operation: &dyn Fn() -> Operation) -> Result<Arc<dyn Transport>, Error> {
    Err(Error::new(operation(), ErrorKind::InvalidRequest).with_detail("no transport was given"))
}

fn with_api_path(base: &BaseUrl) -> Result<BaseUrl, InvalidBaseUrl> {
    if base.as_str().ends_with("/api/v3") { Ok(base.clone()) } else { base.join(&["api", "v3"]) }
}

impl Authentik {
    /// A client of the authentik at `base` (with or without `/api/v3`), with a token of intent "API".
    pub fn builder(base: BaseUrl, token: SecretString) -> AuthentikBuilder {
        AuthentikBuilder { base, token, transport: None }
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Where the API lives: ends in `/api/v3`.
    pub fn base_url(&self) -> &BaseUrl {
        &self.core.base
    }

    /// Which authentik this is.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn version(&self) -> Result<Version, Error> {
        self.core
            .read(Call::new(Operation::new("read the version", "admin/version"), Method::GET, ["admin", "version"]))
            .await
    }

    /// Whose token this client uses: the check of a token.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_unauthenticated`] for a bad token.
    pub async fn me(&self) -> Result<Me, Error> {
        let operation = Operation::new("check the token", "core/users/me");
        self.core.read(Call::new(operation, Method::GET, ["core", "users", "me"])).await
    }

    /// SCIM providers.
    pub fn scim_providers(&self) -> ScimProviders {
        ScimProviders(Objects::new(self, &["providers", "scim"]))
    }

    /// SCIM property mappings.
    pub fn scim_mappings(&self) -> ScimMappings {
        ScimMappings(Objects::new(self, &["propertymappings", "provider", "scim"]))
    }

    /// Applications.
    pub fn applications(&self) -> Applications {
        Applications(Objects::new(self, &["core", "applications"]))
    }

    /// Policy bindings.
    pub fn policy_bindings(&self) -> PolicyBindings {
        PolicyBindings(Objects::new(self, &["policies", "bindings"]))
    }

    /// Groups.
    pub fn groups(&self) -> Groups {
        Groups(Objects::new(self, &["core", "groups"]))
    }

    /// Users.
    pub fn users(&self) -> Users {
        Users(Objects::new(self, &["core", "users"]))
    }

    /// Schedules.
    pub fn schedules(&self) -> Schedules {
        Schedules(Objects::new(self, &["tasks", "schedules"]))
    }

    /// Tasks.
    pub fn tasks(&self) -> Tasks {
        Tasks(Objects::new(self, &["tasks", "tasks"]))
    }

    /// Links between users and SCIM resources.
    pub fn scim_user_links(&self) -> ScimUserLinks {
        ScimUserLinks(Objects::new(self, &["providers", "scim_users"]))
    }

    /// Links between groups and SCIM resources.
    pub fn scim_group_links(&self) -> ScimGroupLinks {
        ScimGroupLinks(Objects::new(self, &["providers", "scim_groups"]))
    }

    /// Tokens of the API's users.
    pub fn tokens(&self) -> ApiTokens {
        ApiTokens(Objects::new(self, &["core", "tokens"]))
    }

    /// Events.
    pub fn events(&self) -> Events {
        Events(Objects::new(self, &["events", "events"]))
    }
}
