//! Whom a SCIM provider sends, and what its first sync would adopt or delete.
//!
//! Both are computed here because authentik shows neither: its dry run logs writes but no deletion
//! (H10), and what discovery matched is linked and dropped again.

mod guard;
mod provider;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::id::{GroupUuid, UserPk};
use crate::model::{Group, PolicyBinding, PolicyEngineMode, User};

pub use guard::{RemoteGroup, Verdict, discovers, first_sync_groups, first_sync_users};
pub use provider::{of_provider, with_default_access};

/// What scope needs to know of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeUser {
    /// The user.
    pub pk: UserPk,
    /// The username.
    pub username: String,
    /// The e-mail address; may be empty.
    pub email: String,
    /// Whether it is a service account of either kind.
    pub service_account: bool,
    /// The groups whose direct member the user is.
    pub groups: BTreeSet<GroupUuid>,
}

impl From<&User> for ScopeUser {
    fn from(user: &User) -> Self {
        Self {
            pk: user.pk,
            username: user.username.clone(),
            email: user.email.clone(),
            service_account: user.user_type.is_service_account(),
            groups: user.groups.iter().cloned().collect(),
        }
    }
}

/// What scope needs to know of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeGroup {
    /// The group.
    pub pk: GroupUuid,
    /// Its name.
    pub name: String,
    /// The groups that it is a child of.
    pub parents: Vec<GroupUuid>,
}

impl From<&Group> for ScopeGroup {
    fn from(group: &Group) -> Self {
        let mut parents = group.parents.clone();
        // Before 2025.12 a group has one parent.
        let parent = group.extra.get("parent").and_then(serde_json::Value::as_str);
        parents.extend(parent.and_then(|parent| parent.parse().ok()));
        Self { pk: group.pk.clone(), name: group.name.clone(), parents }
    }
}

/// What scope needs to know of a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeBinding {
    /// Whom it names.
    pub subject: ScopeSubject,
    /// Whether its result is inverted.
    pub negate: bool,
    /// Whether it counts.
    pub enabled: bool,
}

/// Whom a binding names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeSubject {
    /// The members of a group and of its children.
    Group(GroupUuid),
    /// One user.
    User(UserPk),
    /// A policy, which only authentik can evaluate.
    Policy,
}

impl From<&PolicyBinding> for ScopeBinding {
    fn from(binding: &PolicyBinding) -> Self {
        let subject = match (&binding.group, binding.user) {
            (Some(group), _) => ScopeSubject::Group(group.clone()),
            (None, Some(user)) => ScopeSubject::User(user),
            (None, None) => ScopeSubject::Policy,
        };
        Self { subject, negate: binding.negate, enabled: binding.enabled }
    }
}

/// Why a user is sent or not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// In: the application has no enabled binding, so everybody passes (H40, H42); see
    /// [`NoDefaultAccess`](Self::NoDefaultAccess).
    NoBindings,
    /// Out: the application has no enabled binding, and this authentik lets nobody pass then: its flag
    /// `core_default_app_access` (since 2026.5) is off.
    NoDefaultAccess,
    /// In: the bindings let the user pass.
    Bound,
    /// Out: a service account, and the provider leaves those out.
    ServiceAccount,
    /// Out: no binding lets the user pass.
    NotBound,
    /// Unknown: a policy decides, and only authentik can evaluate it.
    Policy,
}

impl Reason {
    /// Whether the user is sent. A policy's verdict is unknown and counts as "sent" here, which is
    /// the side on which nothing is forgotten; see [`is_certain`](Self::is_certain).
    pub fn is_in(&self) -> bool {
        matches!(self, Self::NoBindings | Self::Bound | Self::Policy)
    }

    /// Whether it was computed rather than assumed.
    pub fn is_certain(&self) -> bool {
        *self != Self::Policy
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoBindings => "in scope: the application has no enabled binding, which means everybody",
            Self::NoDefaultAccess => {
                "out of scope: the application has no enabled binding, and core_default_app_access is off"
            }
            Self::Bound => "in scope: the bindings let the user pass",
            Self::ServiceAccount => "out of scope: a service account, and the provider leaves those out",
            Self::NotBound => "out of scope: no binding lets the user pass",
            Self::Policy => "unknown: a policy decides, and only authentik can evaluate it",
        })
    }
}

/// Who is sent and who is not, each with the reason.
pub fn users(
    users: &[ScopeUser],
    groups: &[ScopeGroup],
    bindings: &[ScopeBinding],
    mode: &PolicyEngineMode,
    exclude_service_accounts: bool,
) -> BTreeMap<UserPk, Reason> {
    let enabled: Vec<&ScopeBinding> = bindings.iter().filter(|binding| binding.enabled).collect();
    let below: Vec<BTreeSet<&GroupUuid>> = enabled
        .iter()
        .map(|binding| match &binding.subject {
            ScopeSubject::Group(group) => with_children(group, groups),
            _ => BTreeSet::new(),
        })
        .collect();
    let reason = |user: &ScopeUser| {
        if exclude_service_accounts && user.service_account {
            return Reason::ServiceAccount;
        }
        if enabled.is_empty() {
            return Reason::NoBindings;
        }
        let mut verdicts = enabled.iter().zip(&below).map(|(binding, below)| {
            let passes = match &binding.subject {
                ScopeSubject::Group(_) => Some(user.groups.iter().any(|group| below.contains(group))),
                ScopeSubject::User(pk) => Some(*pk == user.pk),
                ScopeSubject::Policy => None,
            };
            passes.map(|passes| passes != binding.negate)
        });
        let all = *mode == PolicyEngineMode::All;
        // In `any` a pass decides, in `all` a refusal; an unknown verdict leaves the rest open.
        let decisive = !all;
        let mut unknown = false;
        for verdict in &mut verdicts {
            match verdict {
                Some(verdict) if verdict == decisive => return if all { Reason::NotBound } else { Reason::Bound },
                Some(_) => {}
                None => unknown = true,
            }
        }
        match (unknown, all) {
            (true, _) => Reason::Policy,
            (false, true) => Reason::Bound,
            (false, false) => Reason::NotBound,
        }
    };
    users.iter().map(|user| (user.pk, reason(user))).collect()
}

/// A group, its children, their children and so on; loops are accepted by authentik and end here.
fn with_children<'a>(group: &'a GroupUuid, groups: &'a [ScopeGroup]) -> BTreeSet<&'a GroupUuid> {
    let mut found = BTreeSet::from([group]);
    let mut open = vec![group];
    while let Some(parent) = open.pop() {
        for child in groups.iter().filter(|child| child.parents.contains(parent)) {
            if found.insert(&child.pk) {
                open.push(&child.pk);
            }
        }
    }
    found
}

/// A user as a SCIM server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteUser {
    /// The id that the server gave.
    pub id: String,
    /// The userName.
    pub user_name: String,
    /// The values of all e-mails.
    pub emails: Vec<String>,
}

/// The users that discovery takes a remote one for: userName equals the username, or an e-mail equals
/// the username or the e-mail address; with case, in scope or not, active or not.
pub fn matches<'a>(remote: &RemoteUser, users: &'a [ScopeUser]) -> Vec<&'a ScopeUser> {
    let same = |user: &&ScopeUser| {
        remote.user_name == user.username
            || remote.emails.iter().any(|email| *email == user.username || (*email == user.email && !email.is_empty()))
    };
    users.iter().filter(same).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(n: u8) -> GroupUuid {
        format!("00000000-0000-0000-0000-0000000000{n:02x}").parse().unwrap()
    }

    fn user(pk: i64, groups: &[u8]) -> ScopeUser {
        ScopeUser {
            pk: UserPk::new(pk),
            username: format!("u{pk}"),
            email: format!("u{pk}@x"),
            service_account: pk == 9,
            groups: groups.iter().map(|n| uuid(*n)).collect(),
        }
    }

    fn group(n: u8, parents: &[u8]) -> ScopeGroup {
        let parents = parents.iter().map(|n| uuid(*n)).collect();
        ScopeGroup { pk: uuid(n), name: format!("g{n}"), parents }
    }

    fn bound(n: u8) -> ScopeBinding {
        ScopeBinding { subject: ScopeSubject::Group(uuid(n)), negate: false, enabled: true }
    }

    fn sent(users: &[ScopeUser], bindings: &[ScopeBinding], mode: &PolicyEngineMode) -> Vec<i64> {
        // 2 is a child of 1, 3 of 2, and 1 of 3: a loop.
        let groups = [group(1, &[3]), group(2, &[1]), group(3, &[2]), group(4, &[])];
        let reasons = super::users(users, &groups, bindings, mode, true);
        reasons.iter().filter(|(_, reason)| reason.is_in()).map(|(pk, _)| pk.get()).collect()
    }

    #[test]
    fn scope_follows_the_recorded_rules() {
        use PolicyEngineMode::{All, Any};
        let all = [user(1, &[1]), user(2, &[3]), user(4, &[4]), user(5, &[]), user(9, &[1])];
        // H40: no binding means everybody, service accounts left out.
        assert_eq!(sent(&all, &[], &Any), [1, 2, 4, 5]);
        // H42: disabled ones do not count.
        assert_eq!(sent(&all, &[ScopeBinding { enabled: false, ..bound(4) }], &Any), [1, 2, 4, 5]);
        // H41: children's members pass.
        assert_eq!(sent(&all, &[bound(1)], &Any), [1, 2]);
        assert_eq!(sent(&all, &[bound(1), bound(4)], &Any), [1, 2, 4]);
        assert_eq!(sent(&all, &[bound(1), bound(4)], &All), [0_i64; 0]);
        // `negate` in `any` lets in all others.
        assert_eq!(sent(&all, &[ScopeBinding { negate: true, ..bound(4) }], &Any), [1, 2, 5]);
        let one = ScopeBinding { subject: ScopeSubject::User(UserPk::new(5)), negate: false, enabled: true };
        assert_eq!(sent(&all, &[one], &Any), [5]);
    }

    #[test]
    fn a_policy_makes_the_verdict_uncertain() {
        let policy = ScopeBinding { subject: ScopeSubject::Policy, negate: false, enabled: true };
        let reasons =
            super::users(&[user(1, &[4]), user(2, &[])], &[], &[bound(4), policy], &PolicyEngineMode::Any, true);
        assert_eq!(reasons[&UserPk::new(1)], Reason::Bound);
        assert!(!reasons[&UserPk::new(2)].is_certain());
    }

    #[test]
    fn discovery_matches_by_name_and_by_mail_with_case() {
        let users = [user(1, &[]), user(2, &[])];
        let remote = |user_name: &str, email: &str| RemoteUser {
            id: "x".to_owned(),
            user_name: user_name.to_owned(),
            emails: vec![email.to_owned()],
        };
        let found = |remote| matches(&remote, &users).iter().map(|user| user.pk.get()).collect::<Vec<_>>();
        assert_eq!(found(remote("u1", "")), [1]);
        assert_eq!(found(remote("z", "u2@x")), [2]);
        assert_eq!(found(remote("z", "u2")), [2]);
        assert_eq!(found(remote("U1", "U1@x")), [0_i64; 0]);
        assert_eq!(found(remote("u1", "u2@x")), [1, 2]);
    }
}
