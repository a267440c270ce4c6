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

impl PolicyBinding {
    /// Whom it is about; `None` if it names nobody.
    pub fn subject(&self) -> Option<BindingSubject> {
        let policy = || self.policy.clone().map(BindingSubject::Policy);
        let user = || self.user.map(BindingSubject::User);
        self.group.clone().map(BindingSubject::Group).or_else(user).or_else(policy)
    }
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
    /// Whom a policy lets pass.
    Policy(String),
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
    /// Whether it counts at all. Default yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether its result is inverted. Default no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negate: Option<bool>,
}

impl NewPolicyBinding {
    /// Lets `subject` pass.
    pub fn new(target: ApplicationPk, subject: BindingSubject) -> Self {
        Self { target, order: 0, subject, enabled: None, negate: None }
    }

    /// The whole of an existing binding, to be changed and written back; `None` if it names nobody.
    pub fn from_existing(binding: &PolicyBinding) -> Option<Self> {
        Some(Self {
            target: binding.target.clone(),
            order: binding.order,
            subject: binding.subject()?,
            enabled: Some(binding.enabled),
            negate: Some(binding.negate),
        })
    }

    /// Makes it count, or not.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// Lets everybody else pass instead.
    #[must_use]
    pub fn negate(mut self, negate: bool) -> Self {
        self.negate = Some(negate);
        self
    }

    /// Lets the members of `group` pass.
    pub fn group(target: ApplicationPk, group: GroupUuid) -> Self {
        Self::new(target, BindingSubject::Group(group))
    }

    /// Lets one user pass.
    pub fn user(target: ApplicationPk, user: UserPk) -> Self {
        Self::new(target, BindingSubject::User(user))
    }
}
