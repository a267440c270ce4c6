use serde::{Deserialize, Serialize};

use super::Extra;
use crate::id::{ApplicationPk, BindingUuid, GroupUuid, UserPk};

/// A policy binding (`/policies/bindings/`): who passes an application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PolicyBinding {
    /// The id in URLs.
    pub pk: BindingUuid,
    /// The application (or another target: a flow's stage).
    pub target: ApplicationPk,
    /// The policy, if it binds one.
    #[serde(default)]
    pub policy: Option<String>,
    /// The group, if it binds one: its members and those of its children pass.
    #[serde(default)]
    pub group: Option<GroupUuid>,
    /// The user, if it binds one.
    #[serde(default)]
    pub user: Option<UserPk>,
    /// Whether it counts at all. An application with disabled bindings only lets everybody pass (H42).
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether its result is inverted.
    #[serde(default)]
    pub negate: bool,
    /// Its place.
    #[serde(default)]
    pub order: i64,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

fn yes() -> bool {
    true
}

/// Whom a new binding lets pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum BindingSubject {
    /// The members of a group and of its children.
    Group(GroupUuid),
    /// One user.
    User(UserPk),
}

/// The body that creates a binding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewPolicyBinding {
    /// The application.
    pub target: ApplicationPk,
    /// Its place among the application's bindings.
    pub order: i64,
    /// Whom it lets pass.
    #[serde(flatten)]
    pub subject: BindingSubject,
}

impl NewPolicyBinding {
    /// Lets the members of `group` pass.
    pub fn group(target: ApplicationPk, group: GroupUuid) -> Self {
        Self { target, order: 0, subject: BindingSubject::Group(group) }
    }

    /// Lets one user pass.
    pub fn user(target: ApplicationPk, user: UserPk) -> Self {
        Self { target, order: 0, subject: BindingSubject::User(user) }
    }
}
