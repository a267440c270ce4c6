use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Direction, NewPolicy, Policy, same_policies};
use crate::call::{Call, Needs};
use crate::client::settled;
use crate::page::{Entry, List, Paging};
use crate::{Cloudflare, Error, UserGroupId, lenient};

/// A user group: what gives its members their rights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserGroup {
    /// The id; the same as the SCIM group's.
    pub id: UserGroupId,
    /// The name; the same as the SCIM group's `displayName`.
    #[serde(default, deserialize_with = "lenient::null_default")]
    pub name: String,
    /// When it was made, as the server writes it (`2024-03-01T12:21:02.0000Z`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_on: Option<String>,
    /// When it was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_on: Option<String>,
    /// What its members may do. A new group has none.
    #[serde(default, deserialize_with = "lenient::null_default")]
    pub policies: Vec<Policy>,
    /// Members that this crate does not know (`status`).
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl UserGroup {
    /// [`created_on`](Self::created_on) as a time; `None` if absent or unreadable.
    pub fn created_at(&self) -> Option<jiff::Timestamp> {
        self.created_on.as_deref()?.parse().ok()
    }

    /// [`modified_on`](Self::modified_on) as a time; `None` if absent or unreadable.
    pub fn modified_at(&self) -> Option<jiff::Timestamp> {
        self.modified_on.as_deref()?.parse().ok()
    }
}

impl Entry for UserGroup {
    fn key(&self) -> Option<Cow<'_, str>> {
        Some(self.id.as_str().into())
    }
}

/// A user group to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NewUserGroup {
    /// The name.
    pub name: String,
    /// Its policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<NewPolicy>,
}

impl NewUserGroup {
    /// A group without policies.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), policies: Vec::new() }
    }

    /// With these policies.
    #[must_use]
    pub fn with_policies(mut self, policies: impl IntoIterator<Item = NewPolicy>) -> Self {
        self.policies = policies.into_iter().collect();
        self
    }
}

/// What is to change in a user group; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UserGroupPatch {
    /// The new name. Refused where an identity provider manages the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The whole new set of policies; empty takes all away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<NewPolicy>>,
}

impl UserGroupPatch {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Renames it.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Replaces all of its policies.
    #[must_use]
    pub fn policies(mut self, policies: impl IntoIterator<Item = NewPolicy>) -> Self {
        self.policies = Some(policies.into_iter().collect());
        self
    }
}

/// The user groups of the account: `…/iam/user_groups`.
#[derive(Debug, Clone)]
pub struct UserGroups(pub(super) Cloudflare);

impl Cloudflare {
    /// The user groups of the account, synchronised ones and others.
    pub fn user_groups(&self) -> UserGroups {
        UserGroups(self.clone())
    }
}

impl UserGroups {
    fn call(&self, method: Method, name: &'static str, needs: Needs, id: Option<&UserGroupId>) -> Call {
        let mut segments = vec!["accounts", self.0.account(), "iam", "user_groups"];
        segments.extend(id.map(UserGroupId::as_str));
        Call::new(method, name, needs, &segments)
    }

    /// All of them. 500 a page, which is the most there is.
    pub fn list(&self) -> List<UserGroup> {
        let call = self.call(Method::GET, "list user groups", Needs::Read, None);
        List::new(&self.0, call, Paging::Numbers { per_page: 500 })
    }

    /// One of them.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that id.
    pub async fn get(&self, id: &UserGroupId) -> Result<UserGroup, Error> {
        self.0.one(&self.call(Method::GET, "get user group", Needs::Read, Some(id)), id.as_str()).await
    }

    /// One of them, if it exists.
    ///
    /// # Errors
    /// If the call fails for another reason.
    pub async fn get_opt(&self, id: &UserGroupId) -> Result<Option<UserGroup>, Error> {
        self.0.one_opt(&self.call(Method::GET, "get user group", Needs::Read, Some(id)), id.as_str()).await
    }

    /// The one of exactly this name.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn find(&self, name: &str) -> Result<Option<UserGroup>, Error> {
        Ok(self.list().name(name).all().await?.into_iter().find(|group| group.name == name))
    }

    /// Makes one.
    ///
    /// # Errors
    /// If the call fails. Where the outcome is open (500, no answer) the group is looked up by its name, and
    /// is the answer if it has these policies.
    pub async fn create(&self, group: &NewUserGroup) -> Result<UserGroup, Error> {
        let call = self.call(Method::POST, "create user group", Needs::Write, None).json(group);
        settled(self.0.result(&call).await, async || match self.find(&group.name).await? {
            Some(found) if self.has(&found, &group.policies).await? => Ok(Some(found)),
            _ => Ok(None),
        })
        .await
    }

    /// Whether a group has these policies and no others.
    async fn has(&self, group: &UserGroup, policies: &[NewPolicy]) -> Result<bool, Error> {
        let anonymous = group.policies.iter().flat_map(|policy| &policy.resource_groups).any(|it| it.id.is_none());
        // Only an answer that leaves ids out needs the list that tells them.
        let known = if anonymous { self.0.resource_groups().list().all().await? } else { Vec::new() };
        Ok(same_policies(&group.policies, policies, &known))
    }

    /// Changes one.
    ///
    /// # Errors
    /// If the call fails; a group that an identity provider manages refuses to be renamed.
    pub async fn update(&self, id: &UserGroupId, patch: &UserGroupPatch) -> Result<UserGroup, Error> {
        self.0.one(&self.call(Method::PUT, "update user group", Needs::Write, Some(id)).json(patch), id.as_str()).await
    }

    /// Removes one.
    ///
    /// # Errors
    /// If the call fails; a group that an identity provider manages refuses it.
    pub async fn delete(&self, id: &UserGroupId) -> Result<(), Error> {
        self.0.done(&self.call(Method::DELETE, "delete user group", Needs::Write, Some(id))).await
    }

    /// Replaces all policies of a group, reads the group back and compares, as sets. Works on groups
    /// that an identity provider manages too. An empty list takes all policies away.
    ///
    /// # Errors
    /// If a call fails; `NotApplied` if the group then has other policies than these.
    pub async fn set_policies(&self, id: &UserGroupId, policies: &[NewPolicy]) -> Result<UserGroup, Error> {
        let patch = UserGroupPatch::new().policies(policies.iter().cloned());
        self.update(id, &patch).await?;
        let group = self.get(id).await?;
        if self.has(&group, policies).await? {
            return Ok(group);
        }
        let operation = self.call(Method::PUT, "set policies of user group", Needs::Write, Some(id)).operation;
        let why = format!("wrote {} policies and read back {} others", policies.len(), group.policies.len());
        Err(Error::not_applied(&operation, why))
    }
}

impl List<UserGroup> {
    /// Only the one of this name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.filter("name", name)
    }

    /// Only those whose name holds this text.
    pub fn fuzzy_name(self, part: impl Into<String>) -> Self {
        self.filter("fuzzyName", part)
    }

    /// Only the one with this id.
    pub fn id(self, id: &UserGroupId) -> Self {
        self.filter("id", id.as_str())
    }

    /// By name, up or down.
    pub fn direction(self, direction: Direction) -> Self {
        self.option("direction", direction.as_str())
    }

    /// Entries a page, 1 to 500.
    pub fn per_page(self, entries: u32) -> Self {
        self.with_per_page(entries.clamp(1, 500))
    }
}
