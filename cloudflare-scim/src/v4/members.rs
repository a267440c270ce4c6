use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::policy::Ref;
use super::{Direction, NewPolicy, Policy, Role, same_policies};
use crate::call::{Call, Needs};
use crate::client::settled;
use crate::page::{Entry, List, Paging};
use crate::{Cloudflare, Error, MembershipId, RoleId, UserTag, lenient};

words! {
    /// Where a membership stands.
    MemberStatus {
        /// The person is a member.
        Accepted = "accepted",
        /// The person has been invited.
        Pending = "pending",
        /// The person has refused.
        Rejected = "rejected",
    }
}

/// A member of the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Member {
    /// The membership (not the user tag that SCIM goes by: that is [`user_tag`](Self::user_tag)).
    pub id: MembershipId,
    /// The e-mail address, where it stands beside `user`.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where the membership stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MemberStatus>,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<MemberUser>,
    /// Roles given directly.
    #[serde(default, deserialize_with = "lenient::null_default")]
    pub roles: Vec<Role>,
    /// Policies given directly; those of the person's groups are not shown here.
    #[serde(default, deserialize_with = "lenient::null_default")]
    pub policies: Vec<Policy>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The person behind a membership.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MemberUser {
    /// The tag that SCIM goes by; `null` for an invitation not yet taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserTag>,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The first name.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Whether the person has set up a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_factor_authentication_enabled: Option<bool>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Member {
    /// The person's tag: joins SCIM's id space with this one.
    pub fn user_tag(&self) -> Option<&UserTag> {
        self.user.as_ref()?.id.as_ref()
    }

    /// The e-mail address, wherever it stands.
    pub fn email(&self) -> Option<&str> {
        self.user.as_ref().and_then(|user| user.email.as_deref()).or(self.email.as_deref())
    }

    /// Whether the person holds that role directly.
    pub fn has_role(&self, role: &RoleId) -> bool {
        self.roles.iter().any(|held| &held.id == role)
    }
}

impl Entry for Member {
    fn key(&self) -> Option<Cow<'_, str>> {
        Some(self.id.as_str().into())
    }
}

/// Somebody to be invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewMember {
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<RoleId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<Vec<NewPolicy>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<MemberStatus>,
}

impl NewMember {
    /// With roles.
    pub fn with_roles(email: impl Into<String>, roles: impl IntoIterator<Item = RoleId>) -> Self {
        Self { email: email.into(), roles: Some(roles.into_iter().collect()), policies: None, status: None }
    }

    /// With policies.
    pub fn with_policies(email: impl Into<String>, policies: impl IntoIterator<Item = NewPolicy>) -> Self {
        Self { email: email.into(), roles: None, policies: Some(policies.into_iter().collect()), status: None }
    }

    /// As a member at once (`accepted`, for accounts that may) or as an invitation (`pending`).
    #[must_use]
    pub fn status(mut self, status: MemberStatus) -> Self {
        self.status = Some(status);
        self
    }
}

/// What is to change in a membership: its roles or its policies, as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberPatch {
    /// These roles and no others.
    Roles(Vec<RoleId>),
    /// These policies and no others.
    Policies(Vec<NewPolicy>),
}

impl Serialize for MemberPatch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Roles(roles) => {
                let roles: Vec<Ref<'_>> = roles.iter().map(|id| Ref { id: id.as_str() }).collect();
                map.serialize_entry("roles", &roles)?;
            }
            Self::Policies(policies) => map.serialize_entry("policies", policies)?,
        }
        map.end()
    }
}

/// The members of the account: `…/members`.
#[derive(Debug, Clone)]
pub struct Members(Cloudflare);

impl Cloudflare {
    /// The members of the account.
    pub fn members(&self) -> Members {
        Members(self.clone())
    }
}

impl Members {
    fn call(&self, method: Method, name: &'static str, needs: Needs, id: Option<&MembershipId>) -> Call {
        let mut segments = vec!["accounts", self.0.account(), "members"];
        segments.extend(id.map(MembershipId::as_str));
        Call::new(method, name, needs, &segments)
    }

    /// All of them, in no particular order. 50 a page, which is the most there is.
    pub fn list(&self) -> List<Member> {
        let call = self.call(Method::GET, "list members", Needs::Read, None);
        List::new(&self.0, call, Paging::Numbers { per_page: 50 })
    }

    /// One of them.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that id.
    pub async fn get(&self, id: &MembershipId) -> Result<Member, Error> {
        self.0.one(&self.call(Method::GET, "get member", Needs::Read, Some(id)), id.as_str()).await
    }

    /// One of them, if it exists.
    ///
    /// # Errors
    /// If the call fails for another reason.
    pub async fn get_opt(&self, id: &MembershipId) -> Result<Option<Member>, Error> {
        self.0.one_opt(&self.call(Method::GET, "get member", Needs::Read, Some(id)), id.as_str()).await
    }

    /// Invites somebody.
    ///
    /// # Errors
    /// If the call fails. Where the outcome is open (500, no answer) the member is looked up by the address
    /// (v4 has no filter for it: the list is read), and is the answer if the rights are those asked for.
    pub async fn create(&self, member: &NewMember) -> Result<Member, Error> {
        let call = self.call(Method::POST, "invite member", Needs::Write, None).json(member);
        settled(self.0.result(&call).await, async || {
            let email = member.email.to_lowercase();
            let same = |found: &Member| found.email().is_some_and(|own| own.to_lowercase() == email);
            let rights = |found: &Member| match (&member.roles, &member.policies) {
                (Some(roles), _) => roles.iter().all(|role| found.has_role(role)),
                (None, Some(policies)) => same_policies(&found.policies, policies, &[]),
                (None, None) => true,
            };
            Ok(self.list().all().await?.into_iter().find(|found| same(found) && rights(found)))
        })
        .await
    }

    /// Replaces somebody's roles or policies.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn update(&self, id: &MembershipId, patch: &MemberPatch) -> Result<Member, Error> {
        self.0.one(&self.call(Method::PUT, "update member", Needs::Write, Some(id)).json(patch), id.as_str()).await
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn delete(&self, id: &MembershipId) -> Result<(), Error> {
        self.0.done(&self.call(Method::DELETE, "remove member", Needs::Write, Some(id))).await
    }
}

impl List<Member> {
    /// Only those whose membership stands so.
    pub fn status(self, status: &MemberStatus) -> Self {
        self.filter("status", status.as_str())
    }

    /// By e-mail address, up or down.
    pub fn by_email(self, direction: Direction) -> Self {
        self.option("order", "user.email").option("direction", direction.as_str())
    }

    /// Entries a page, 5 to 50.
    pub fn per_page(self, entries: u32) -> Self {
        self.with_per_page(entries.clamp(5, 50))
    }
}
