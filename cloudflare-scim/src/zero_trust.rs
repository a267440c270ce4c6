//! Zero Trust's SCIM, to be read. **Another thing than the account's SCIM endpoint**
//! ([`Cloudflare::scim`](crate::Cloudflare::scim)): there an identity provider pushes into an *Access
//! identity provider*. Its people are those who pass through Access, not members of the account; the two
//! share no ids. It takes seats and sessions away and feeds policy groups, and never makes users.
//!
//! Reached from [`Cloudflare::zero_trust`](crate::Cloudflare::zero_trust). The tokens that provisioning
//! needs may not do this: each call names its own permission.

use std::borrow::Cow;

use http::Method;
use jiff::Timestamp;
use scim_core::resource::{Group, ResourceId, User};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::{Call, Needs};
use crate::page::{Entry, List, Paging};
use crate::{AccessUserId, Cloudflare, Direction, Error, IdentityProviderId, lenient};

/// Zero Trust's SCIM, to be read.
#[derive(Debug, Clone)]
pub struct ZeroTrust(Cloudflare);

impl Cloudflare {
    /// Zero Trust's SCIM, to be read: not the SCIM endpoint of the account.
    pub fn zero_trust(&self) -> ZeroTrust {
        ZeroTrust(self.clone())
    }
}

impl ZeroTrust {
    fn call(&self, name: &'static str, needs: Needs, path: &[&str]) -> Call {
        let mut segments = vec!["accounts", self.0.account(), "access"];
        segments.extend(path);
        Call::new(Method::GET, name, needs, &segments)
    }

    /// The people whom an identity provider has pushed. 100 a page, the documented default; a bound is
    /// not documented. Needs `Access: Organizations, Identity Providers, and Groups: Read`.
    pub fn scim_users(&self, provider: &IdentityProviderId) -> List<User> {
        let path = ["identity_providers", provider.as_str(), "scim", "users"];
        let call = self.call("list SCIM users of an Access identity provider", Needs::AccessRead, &path);
        List::new(&self.0, call, Paging::Numbers { per_page: 100 })
    }

    /// The groups that an identity provider has pushed. As [`scim_users`](Self::scim_users).
    pub fn scim_groups(&self, provider: &IdentityProviderId) -> List<Group> {
        let path = ["identity_providers", provider.as_str(), "scim", "groups"];
        let call = self.call("list SCIM groups of an Access identity provider", Needs::AccessRead, &path);
        List::new(&self.0, call, Paging::Numbers { per_page: 100 })
    }

    /// What identity providers have pushed, request by request. 20 a page, the documented default: a page
    /// that the server cuts shorter than asked would pass for the last. Needs `Access: SCIM Logs: Read`.
    pub fn scim_logs(&self, query: &ScimLogQuery) -> List<ScimUpdate> {
        let mut call = self.call("list Access SCIM update logs", Needs::AccessScimLogs, &["logs", "scim", "updates"]);
        for provider in &query.providers {
            call = call.query("idp_id", provider.as_str());
        }
        for (name, value) in &query.filters {
            call = call.query(name, value.clone());
        }
        List::new(&self.0, call, Paging::Numbers { per_page: 20 }).narrowed(!query.filters.is_empty())
    }

    /// Everybody whom Zero Trust knows. 1,000 a page, the documented default. Needs
    /// `Access: Audit Logs: Read`.
    pub fn users(&self) -> List<AccessUser> {
        let call = self.call("list Access users", Needs::AccessAudit, &["users"]);
        List::new(&self.0, call, Paging::Numbers { per_page: 1000 })
    }

    /// One of them.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that id.
    pub async fn user(&self, id: &AccessUserId) -> Result<AccessUser, Error> {
        self.0.one(&self.call("get Access user", Needs::AccessAudit, &["users", id.as_str()]), id.as_str()).await
    }
}

/// A person of Zero Trust.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccessUser {
    /// The id.
    pub id: AccessUserId,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The name.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the person has logged in to Access, which takes a seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_seat: Option<bool>,
    /// Whether the person has logged in to the WARP client, which takes a seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_seat: Option<bool>,
    /// Devices that the person uses.
    #[serde(default, deserialize_with = "lenient::count", skip_serializing_if = "Option::is_none")]
    pub active_device_count: Option<u64>,
    /// When the person logged in last, as the server writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_successful_login: Option<String>,
    /// Members that this crate does not know (`uid`, `seat_uid`, `created_at`, `updated_at`).
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

words! {
    /// How a pushed request ended.
    UpdateStatus {
        /// It was applied.
        Success = "SUCCESS",
        /// It was refused: see [`ScimUpdate::error_description`].
        Failure = "FAILURE",
    }
}

words! {
    /// What a pushed request was about.
    UpdateResource {
        /// A person.
        User = "USER",
        /// A group.
        Group = "GROUP",
    }
}

/// One request that an identity provider pushed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScimUpdate {
    /// When, as the server writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged_at: Option<String>,
    /// Which identity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp_id: Option<IdentityProviderId>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UpdateStatus>,
    /// What it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<UpdateResource>,
    /// The method.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub request_method: Option<String>,
    /// The body, as text. Personal data.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// Why it was refused.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// The id of the person or group at Cloudflare.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub cf_resource_id: Option<String>,
    /// Its id at the identity provider.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub idp_resource_id: Option<String>,
    /// The person's e-mail address.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub resource_user_email: Option<String>,
    /// The group's name.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub resource_group_name: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl ScimUpdate {
    /// When; `None` if the entry does not say, or not readably.
    pub fn time(&self) -> Option<Timestamp> {
        self.logged_at.as_deref()?.parse().ok()
    }
}

/// Which pushed requests: the identity providers, which the API demands, and what else they have to be.
///
/// ```
/// use cloudflare_scim::zero_trust::{ScimLogQuery, UpdateStatus};
///
/// let query = ScimLogQuery::of("df7e2b5f-02b7-4d9d-af26-8d1988fca630".parse()?).status(&UpdateStatus::Failure);
/// # Ok::<(), cloudflare_scim::InvalidId>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimLogQuery {
    providers: Vec<IdentityProviderId>,
    filters: Vec<(&'static str, String)>,
}

impl ScimLogQuery {
    /// Everything that one identity provider pushed.
    pub fn of(provider: IdentityProviderId) -> Self {
        Self { providers: vec![provider], filters: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.filters.push((name, value.into()));
        self
    }

    /// And another identity provider.
    #[must_use]
    pub fn and(mut self, provider: IdentityProviderId) -> Self {
        self.providers.push(provider);
        self
    }

    /// Only requests that ended so; several are alternatives.
    #[must_use]
    pub fn status(self, status: &UpdateStatus) -> Self {
        self.with("status", status.as_str())
    }

    /// Only requests about such; several are alternatives.
    #[must_use]
    pub fn resource_type(self, kind: &UpdateResource) -> Self {
        self.with("resource_type", kind.as_str())
    }

    /// Only requests of this method; several are alternatives.
    #[must_use]
    pub fn method(self, method: &Method) -> Self {
        self.with("request_method", method.as_str())
    }

    /// Only requests about the person with this e-mail address.
    #[must_use]
    pub fn user_email(self, email: impl Into<String>) -> Self {
        self.with("resource_user_email", email)
    }

    /// Only requests about the group of this name.
    #[must_use]
    pub fn group_name(self, name: impl Into<String>) -> Self {
        self.with("resource_group_name", name)
    }

    /// Only requests about the person or group of this id at Cloudflare.
    #[must_use]
    pub fn cf_resource_id(self, id: impl Into<String>) -> Self {
        self.with("cf_resource_id", id)
    }

    /// Only requests about the person or group of this id at the identity provider.
    #[must_use]
    pub fn idp_resource_id(self, id: impl Into<String>) -> Self {
        self.with("idp_resource_id", id)
    }

    /// Only requests of that span.
    #[must_use]
    pub fn between(self, since: Timestamp, until: Timestamp) -> Self {
        self.with("since", since.to_string()).with("until", until.to_string())
    }

    /// Oldest or newest first. The API's default is newest first.
    #[must_use]
    pub fn direction(self, direction: Direction) -> Self {
        self.with("direction", direction.as_str())
    }
}

impl Entry for User {
    fn key(&self) -> Option<Cow<'_, str>> {
        self.id.as_ref().map(|id| id.as_str().into())
    }
}

impl Entry for Group {
    fn key(&self) -> Option<Cow<'_, str>> {
        self.id.as_ref().map(|id| id.as_str().into())
    }
}

impl Entry for AccessUser {
    fn key(&self) -> Option<Cow<'_, str>> {
        Some(self.id.as_str().into())
    }
}

impl Entry for ScimUpdate {
    /// An entry has no id: when, where and what have to do.
    fn key(&self) -> Option<Cow<'_, str>> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let parts = [
            text(&self.logged_at),
            self.idp_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            text(&self.cf_resource_id),
            text(&self.idp_resource_id),
            text(&self.request_method),
            text(&self.request_body),
        ];
        self.logged_at.as_ref().map(|_| parts.join("\u{0}").into())
    }
}

impl List<User> {
    /// Only the person of this id at Cloudflare.
    pub fn cf_resource_id(self, id: &ResourceId) -> Self {
        self.filter("cf_resource_id", id.as_str())
    }

    /// Only the person of this id at the identity provider.
    pub fn idp_resource_id(self, id: impl Into<String>) -> Self {
        self.filter("idp_resource_id", id)
    }

    /// Only the person of this user name.
    pub fn username(self, name: impl Into<String>) -> Self {
        self.filter("username", name)
    }

    /// Only the person with this e-mail address.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.filter("email", email)
    }

    /// Only people of this name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.filter("name", name)
    }
}

impl List<Group> {
    /// Only the group of this id at Cloudflare.
    pub fn cf_resource_id(self, id: &ResourceId) -> Self {
        self.filter("cf_resource_id", id.as_str())
    }

    /// Only the group of this id at the identity provider.
    pub fn idp_resource_id(self, id: impl Into<String>) -> Self {
        self.filter("idp_resource_id", id)
    }

    /// Only the group of this name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.filter("name", name)
    }
}

impl List<AccessUser> {
    /// Only the person with this e-mail address.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.filter("email", email)
    }

    /// Only people of this name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.filter("name", name)
    }

    /// Only people in whose name or address this text stands.
    pub fn search(self, text: impl Into<String>) -> Self {
        self.filter("search", text)
    }
}
