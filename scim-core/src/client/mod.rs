//! A SCIM client over any [`Transport`].
//!
//! [`ScimClient`] builds every request from its own base URL, stamps its own token, reads what real
//! servers send (see `docs/deviations.md`), learns what the server can do, and ends on servers that
//! lie or break (see `docs/faults.md`).
//!
#![cfg_attr(feature = "provider", doc = "```")]
#![cfg_attr(not(feature = "provider"), doc = "```ignore")]
//! # use scim_core::{provider::ServiceProvider, transport::TransportExt};
//! use scim_core::client::ScimClient;
//! use scim_core::filter::attr;
//! use scim_core::resource::{Group, User};
//!
//! # let transport = ServiceProvider::in_memory("/scim/v2").shared();
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! let scim = ScimClient::new("https://scim.example.com/scim/v2".parse()?, Some("token".into()), transport);
//!
//! // Get or create; an answer that gets lost is settled by a look-up, never by a second POST.
//! let users = scim.users();
//! let user = users.entry(attr("userName").eq("bjensen")).or_create(|| User::new("bjensen")).await?.into_resource();
//! let user_id = user.id.as_ref().ok_or("a user without id")?;
//!
//! // Read, change, compare, PATCH under the version that was read.
//! users.edit(user_id, |user| user.title = Some("Guide".into())).await?;
//!
//! let guides = scim.groups().create(&Group::new("Guides")).await?;
//! let guides = guides.id.as_ref().ok_or("a group without id")?;
//! scim.members(guides).add([user_id]).await?;
//! scim.members(guides).remove([user_id]).await?;
//!
//! // A list is complete or an error.
//! assert_eq!(scim.users().list().filter(attr("title").eq("Guide")).all().await?.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod bulk;
mod discovery;
mod edit;
mod endpoint;
mod entry;
mod error;
mod list;
mod me;
mod members;
mod request;
mod search;
mod settle;
mod versions;
mod walk;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

pub use bulk::{Bulk, BulkOutcome, BulkState};
pub use discovery::Capabilities;
pub use edit::Edited;
pub use endpoint::Endpoint;
pub use entry::{Entry, EntryOutcome};
pub use error::{Accepted, Error, ErrorKind};
pub use list::ListRequest;
pub use me::Me;
pub use members::Members;
pub use versions::{Version, Versioned};

use crate::patch::DiffOptions;
use crate::resource::{Group, ResourceId, ScimResource, User};
use crate::transport::{BaseUrl, Deadline, Transport};
use error::Reply;
use request::Request;

/// The media type of SCIM messages (RFC 7644 §8.1).
pub const MEDIA_TYPE: &str = "application/scim+json";

/// A client of one SCIM service provider. Cheap to clone; clones share what was learned.
#[derive(Clone)]
pub struct ScimClient {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    base: BaseUrl,
    token: Option<SecretString>,
    transport: Arc<dyn Transport>,
    deadline: Option<Duration>,
    diff: DiffOptions,
    cache: Arc<discovery::Cache>,
    search_by_post: Arc<AtomicBool>,
}

impl ScimClient {
    /// A client of the provider at `base` (for example `https://example.com/scim/v2`) that
    /// authenticates with a bearer token (RFC 6750 §2.1), or not at all.
    pub fn new(base: BaseUrl, token: Option<SecretString>, transport: Arc<dyn Transport>) -> Self {
        let inner = Inner {
            base,
            token,
            transport,
            deadline: None,
            diff: DiffOptions::new(),
            cache: Arc::new(discovery::Cache::new(None)),
            search_by_post: Arc::new(AtomicBool::new(false)),
        };
        Self { inner: Arc::new(inner) }
    }

    fn with(&self, set: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = (*self.inner).clone();
        set(&mut inner);
        Self { inner: Arc::new(inner) }
    }

    /// The same client with a bound on every single request, retries and waits included.
    #[must_use]
    pub fn with_call_deadline(&self, limit: Duration) -> Self {
        self.with(|inner| inner.deadline = Some(limit))
    }

    /// The same client, which searches by POST to `/.search` only (RFC 7644 §3.4.3): filters, which
    /// hold personal data, stand in no URL and in no access log. Not every server has it.
    #[must_use]
    pub fn with_search_by_post(&self) -> Self {
        self.with(|inner| inner.search_by_post = Arc::new(AtomicBool::new(true)))
    }

    /// The same client with other limits and forms for the PATCHes that [`Endpoint::edit`] and
    /// [`members`](Self::members) write: how many operations (Google: 20) and values (AWS: 100) one
    /// may have, and how members are removed.
    #[must_use]
    pub fn with_diff_options(&self, options: DiffOptions) -> Self {
        self.with(|inner| inner.diff = options)
    }

    /// The same client, which believes for so long what the server says about itself. Default an hour.
    #[must_use]
    pub fn with_discovery_lifetime(&self, lifetime: Duration) -> Self {
        self.with(|inner| inner.cache = Arc::new(discovery::Cache::new(Some(lifetime))))
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

    /// The members of a group, to be added and removed.
    pub fn members(&self, group: &ResourceId) -> Members {
        Members::new(self.clone(), group.clone())
    }

    /// The resource of whoever the token belongs to (`/Me`, RFC 7644 §3.11).
    pub fn me<R: ScimResource>(&self) -> Me<R> {
        Me::new(self.clone())
    }

    /// Several writes in as few requests as the server's limits allow (RFC 7644 §3.7).
    pub fn bulk(&self) -> Bulk {
        Bulk::new(self.clone())
    }

    fn cache(&self) -> &discovery::Cache {
        &self.inner.cache
    }

    fn diff_options(&self) -> DiffOptions {
        self.inner.diff
    }

    fn searches_by_post(&self) -> bool {
        self.inner.search_by_post.load(Ordering::Relaxed)
    }

    fn learn_search_by_post(&self) {
        self.inner.search_by_post.store(true, Ordering::Relaxed);
    }

    /// Sends a request; an answer outside 2xx is an error.
    async fn call(&self, request: Request<'_>) -> Result<Reply, Error> {
        let operation = request.operation.clone();
        let sent = request.sent();
        let mut http = request.build(&self.inner.base, self.inner.token.as_ref())?;
        if let Some(limit) = self.inner.deadline {
            http.extensions_mut().insert(Deadline(tokio::time::Instant::now() + limit));
        }
        match self.inner.transport.send(http).await {
            Ok(response) => Reply::check(operation, sent, response.into()),
            Err(error) => Err(Error::transport(operation, &sent, error)),
        }
    }

    /// The id in a URL that a server sent, if it is one of that endpoint here. The URL itself is
    /// never followed: a request for the id is built from the client's own base URL.
    fn id_in(&self, location: &str, endpoint: &str) -> Option<ResourceId> {
        let base = self.base_url().as_str();
        let base_path = base.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
        let below = |prefix: &str| location.strip_prefix(prefix).filter(|rest| rest.starts_with('/'));
        let path = match below(base) {
            Some(path) => path,
            None if location.contains("://") || location.starts_with("//") => return None,
            None => base_path.and_then(below).unwrap_or(location),
        };
        let id = path.strip_prefix('/').unwrap_or(path).strip_prefix(endpoint)?.strip_prefix('/')?;
        let id = id.split(['?', '#']).next().filter(|id| !id.contains('/'))?;
        percent_decode_str(id).decode_utf8().ok()?.parse().ok()
    }
}

impl fmt::Debug for ScimClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimClient").field("base", &self.inner.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{TransportExt, from_fn};

    #[test]
    fn only_an_own_url_names_an_id() {
        let transport = from_fn(|_| async { Ok(http::Response::new(bytes::Bytes::new())) }).shared();
        let scim = ScimClient::new("https://h/scim/v2".parse().unwrap(), None, transport);
        let id = |text| scim.id_in(text, "Users").map(ResourceId::into_string);
        for own in ["https://h/scim/v2/Users/a%2Fb", "/scim/v2/Users/a%2Fb", "/Users/a%2Fb?x=1", "Users/a%2Fb#f"] {
            assert_eq!(id(own).as_deref(), Some("a/b"), "{own}");
        }
        for other in [
            "https://evil/scim/v2/Users/1",
            "https://h.evil/scim/v2/Users/1",
            "https://h/scim/v2evil/Users/1",
            "//evil/Users/1",
            "https://h/scim/v2/Groups/1",
            "https://h/scim/v2/Users/",
            "https://h/scim/v2/Users/1/../2",
            "Users/%ff",
            "",
        ] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}
