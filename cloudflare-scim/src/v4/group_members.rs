use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::policy::Ref;
use super::{Direction, MemberStatus, MemberUser, UserGroups};
use crate::call::{Call, Needs};
use crate::page::{Entry, List, Paging};
use crate::{Cloudflare, Error, MembershipId, UserGroupId, UserTag, lenient};

/// A member of a user group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupMember {
    /// The membership of the account (not the user tag that SCIM goes by).
    pub id: MembershipId,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the person has accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MemberStatus>,
    /// When the person was added to the group; only where one member is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// The person; only where one member is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<MemberUser>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl GroupMember {
    /// The person's tag: with [`id`](Self::id) both id spaces in one answer. Only from
    /// [`GroupMembers::get`].
    pub fn user_tag(&self) -> Option<&UserTag> {
        self.user.as_ref()?.id.as_ref()
    }
}

impl Entry for GroupMember {
    fn key(&self) -> Option<Cow<'_, str>> {
        Some(self.id.as_str().into())
    }
}

/// The members of one user group: `…/iam/user_groups/{group}/members`.
///
/// Members of a group that an identity provider manages cannot be changed here.
#[derive(Debug, Clone)]
pub struct GroupMembers {
    client: Cloudflare,
    group: UserGroupId,
}

impl UserGroups {
    /// The members of one group.
    pub fn members(&self, group: &UserGroupId) -> GroupMembers {
        GroupMembers { client: self.0.clone(), group: group.clone() }
    }
}

impl GroupMembers {
    fn call(&self, method: Method, name: &'static str, needs: Needs, id: Option<&MembershipId>) -> Call {
        let mut segments =
            vec!["accounts", self.client.account(), "iam", "user_groups", self.group.as_str(), "members"];
        segments.extend(id.map(MembershipId::as_str));
        Call::new(method, name, needs, &segments)
    }

    /// All of them. 500 a page, which is the most there is.
    pub fn list(&self) -> List<GroupMember> {
        let call = self.call(Method::GET, "list members of user group", Needs::Read, None);
        List::new(&self.client, call, Paging::Numbers { per_page: 500 })
    }

    /// One of them, with the person's tag.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that id in the group.
    pub async fn get(&self, id: &MembershipId) -> Result<GroupMember, Error> {
        self.client.one(&self.call(Method::GET, "get member of user group", Needs::Read, Some(id)), id.as_str()).await
    }

    /// Adds members; who is one already stays one.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn add(&self, ids: &[MembershipId]) -> Result<Vec<GroupMember>, Error> {
        let call = self.call(Method::POST, "add members to user group", Needs::Write, None).json(&refs(ids));
        Ok(self.client.envelope::<Vec<GroupMember>>(&call.idempotent()).await?.result.unwrap_or_default())
    }

    /// Makes these the members, and nobody else.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn replace(&self, ids: &[MembershipId]) -> Result<Vec<GroupMember>, Error> {
        let call = self.call(Method::PUT, "replace members of user group", Needs::Write, None).json(&refs(ids));
        Ok(self.client.envelope::<Vec<GroupMember>>(&call).await?.result.unwrap_or_default())
    }

    /// Removes one.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn remove(&self, id: &MembershipId) -> Result<(), Error> {
        self.client.done(&self.call(Method::DELETE, "remove member from user group", Needs::Write, Some(id))).await
    }
}

/// The body is a bare list of references.
fn refs(ids: &[MembershipId]) -> Vec<Ref<'_>> {
    ids.iter().map(|id| Ref { id: id.as_str() }).collect()
}

impl List<GroupMember> {
    /// Only those whose e-mail address holds this text.
    pub fn fuzzy_email(self, part: impl Into<String>) -> Self {
        self.filter("fuzzyEmail", part)
    }

    /// By e-mail address, up or down.
    pub fn direction(self, direction: Direction) -> Self {
        self.option("direction", direction.as_str())
    }

    /// Entries a page, 1 to 500.
    pub fn per_page(self, entries: u32) -> Self {
        self.with_per_page(entries.clamp(1, 500))
    }
}
