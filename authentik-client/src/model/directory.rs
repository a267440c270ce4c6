use serde::{Deserialize, Serialize};

use super::{Extra, open_enum};
use crate::id::{GroupUuid, UserPk, UserUid};

open_enum! {
    /// What kind of account a user is. A SCIM provider can leave both kinds of service accounts out.
    UserType {
        /// An employee.
        Internal = "internal",
        /// A customer or guest.
        External = "external",
        /// An account of a program.
        ServiceAccount = "service_account",
        /// An account of authentik's own outposts.
        InternalServiceAccount = "internal_service_account",
    }
}

impl UserType {
    /// Whether `exclude_users_service_account` leaves it out.
    pub fn is_service_account(&self) -> bool {
        matches!(self, Self::ServiceAccount | Self::InternalServiceAccount)
    }
}

/// A user (`/core/users/`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The id in URLs.
    pub pk: UserPk,
    /// The username; unique, compared with case.
    pub username: String,
    /// The full name; may be empty.
    #[serde(default)]
    pub name: String,
    /// The e-mail address; may be empty and need not be unique.
    #[serde(default)]
    pub email: String,
    /// Whether the account may sign in. Inactive users stay in a provider's scope.
    #[serde(default = "yes")]
    pub is_active: bool,
    /// What kind of account it is.
    #[serde(rename = "type", default = "internal")]
    pub user_type: UserType,
    /// The groups whose direct member the user is.
    #[serde(default)]
    pub groups: Vec<GroupUuid>,
    /// The id that authentik sends as `externalId`.
    pub uid: UserUid,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

fn yes() -> bool {
    true
}

fn internal() -> UserType {
    UserType::Internal
}

/// The body that creates a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewUser {
    /// The username; at most 150 characters.
    pub username: String,
    /// The full name.
    pub name: String,
    /// The e-mail address; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Whether the account may sign in.
    #[serde(default = "yes")]
    pub is_active: bool,
    /// What kind of account it is.
    #[serde(rename = "type", default = "internal")]
    pub user_type: UserType,
    /// Where the user stands in authentik's tree of users. Default `users`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Free attributes.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub attributes: Extra,
}

impl NewUser {
    /// An active employee.
    pub fn new(username: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            name: name.into(),
            email: String::new(),
            is_active: true,
            user_type: UserType::Internal,
            path: None,
            attributes: Extra::new(),
        }
    }

    /// Sets the e-mail address.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = email.into();
        self
    }

    /// Says whether the account may sign in.
    #[must_use]
    pub fn active(mut self, active: bool) -> Self {
        self.is_active = active;
        self
    }

    /// Says what kind of account it is.
    #[must_use]
    pub fn user_type(mut self, user_type: UserType) -> Self {
        self.user_type = user_type;
        self
    }
}

/// A partial change of a user: what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserPatch {
    /// The username.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the account may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// What kind of account it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub user_type: Option<UserType>,
    /// Where the user stands in authentik's tree of users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The whole of the free attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Extra>,
}

/// A group (`/core/groups/`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// The id in URLs, and the `externalId` that authentik sends.
    pub pk: GroupUuid,
    /// The name; unique, compared with case.
    pub name: String,
    /// Whether its members are superusers.
    #[serde(default)]
    pub is_superuser: bool,
    /// The groups that it is a child of. A binding to a parent lets its members pass as well.
    #[serde(default)]
    pub parents: Vec<GroupUuid>,
    /// Its direct members.
    #[serde(default)]
    pub users: Vec<UserPk>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The body that creates a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewGroup {
    /// The name.
    pub name: String,
    /// The direct members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserPk>,
    /// The groups that it becomes a child of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<GroupUuid>,
    /// Free attributes.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub attributes: Extra,
}

impl NewGroup {
    /// A group without members.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), users: Vec::new(), parents: Vec::new(), attributes: Extra::new() }
    }
}

/// A partial change of a group: what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupPatch {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The whole set of direct members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<UserPk>>,
    /// The whole set of parents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parents: Option<Vec<GroupUuid>>,
}
