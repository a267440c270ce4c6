//! What the first real sync would do to what the SCIM server holds already.
//!
//! Discovery links every remote user whose userName or e-mail equals that of ANY authentik user, and
//! every remote group named like ANY authentik group; the clean-up then deletes what is linked and out
//! of scope (facts/authentik.md §0.2, H11). authentik's own dry run shows nothing of it (H10).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Reason, RemoteUser, ScopeGroup, ScopeUser};
use crate::id::{GroupUuid, UserPk};
use crate::model::ScimProvider;
use crate::profile::{Discovery, Profile};

/// A group as a SCIM server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteGroup {
    /// The id that the server gave.
    pub id: String,
    /// The displayName.
    pub display_name: String,
}

/// What a sync does with a resource that it did not create.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict<Twin> {
    /// authentik knows nobody like that, or does not look: it stays as it is.
    Untouched,
    /// authentik does not see it, and creates this object, which is in scope, under what seems to be the
    /// same name: a server that holds names unique answers 409, and the resource is adopted then and
    /// overwritten by the next sync; any other holds two.
    OnConflict {
        /// The object of authentik.
        twin: Twin,
    },
    /// It is taken for this object, which is in scope, and overwritten by it.
    Adopted {
        /// The object of authentik.
        twin: Twin,
    },
    /// It is taken for this object, which is out of scope, and deleted.
    Deleted {
        /// The object of authentik.
        twin: Twin,
    },
    /// It is taken for this user, and only authentik can say whether the user is in scope: a policy
    /// decides. Treat it as [`Deleted`](Self::Deleted) until `check_access` says otherwise.
    Uncertain {
        /// The object of authentik.
        twin: Twin,
    },
}

impl<Twin> Verdict<Twin> {
    /// The object that need not be created because of it.
    pub(crate) fn taken(&self) -> Option<&Twin> {
        match self {
            Self::Adopted { twin } | Self::Uncertain { twin } => Some(twin),
            _ => None,
        }
    }

    /// Whether a sync may delete the resource.
    pub fn is_dangerous(&self) -> bool {
        matches!(self, Self::Deleted { .. } | Self::Uncertain { .. })
    }
}

/// Whether a provider looks for what its SCIM server holds already.
pub fn discovers(profile: &Profile, provider: &ScimProvider) -> bool {
    profile.discovery != Discovery::Absent && provider.discovery_enabled != Some(false)
}

/// Users by what discovery looks them up by: ten thousand on each side are no reason to compare everybody
/// with everybody.
struct Index<'a> {
    users: &'a [ScopeUser],
    by_username: HashMap<&'a str, Vec<usize>>,
    by_email: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(users: &'a [ScopeUser]) -> Self {
        let mut index = Self { users, by_username: HashMap::new(), by_email: HashMap::new() };
        for (number, user) in users.iter().enumerate() {
            index.by_username.entry(&user.username).or_default().push(number);
            index.by_email.entry(&user.email).or_default().push(number);
        }
        index
    }

    /// The same as [`matches`](super::matches).
    fn matches(&self, remote: &RemoteUser) -> Vec<&'a ScopeUser> {
        let names = std::iter::once(&remote.user_name).chain(&remote.emails);
        let by_name = names.filter_map(|name| self.by_username.get(name.as_str()));
        let emails = remote.emails.iter().filter(|email| !email.is_empty());
        let by_email = emails.filter_map(|email| self.by_email.get(email.as_str()));
        let found: BTreeSet<usize> = by_name.chain(by_email).flatten().copied().collect();
        found.into_iter().filter_map(|number| self.users.get(number)).collect()
    }
}

/// What the first sync does with each remote user that is not linked yet; inactive ones belong here
/// too. `users` are all users of authentik, `scope` says who of them is sent (see
/// [`users`](super::users)). Where several are alike, one out of scope decides: which of them authentik
/// takes is not known.
pub fn first_sync_users(
    remote: &[RemoteUser],
    users: &[ScopeUser],
    scope: &BTreeMap<UserPk, Reason>,
) -> Vec<Verdict<UserPk>> {
    let index = Index::new(users);
    let verdict = |remote: &RemoteUser| {
        let twins = index.matches(remote);
        let reason = |twin: &&&ScopeUser| scope.get(&twin.pk);
        let out = twins.iter().find(|twin| !reason(twin).is_some_and(Reason::is_in));
        let open = twins.iter().find(|twin| reason(twin).is_some_and(|reason| !reason.is_certain()));
        match (out, open, twins.first()) {
            (Some(twin), _, _) => Verdict::Deleted { twin: twin.pk },
            (_, Some(twin), _) => Verdict::Uncertain { twin: twin.pk },
            (_, _, Some(twin)) => Verdict::Adopted { twin: twin.pk },
            _ => Verdict::Untouched,
        }
    };
    remote.iter().map(verdict).collect()
}

/// What the first sync does with each remote group that is not linked yet. `filters` are the
/// provider's `group_filters`: empty means that every group is in scope.
pub fn first_sync_groups(
    remote: &[RemoteGroup],
    groups: &[ScopeGroup],
    filters: &BTreeSet<GroupUuid>,
) -> Vec<Verdict<GroupUuid>> {
    let verdict = |remote: &RemoteGroup| match groups.iter().find(|group| group.name == remote.display_name) {
        None => Verdict::Untouched,
        Some(group) if filters.is_empty() || filters.contains(&group.pk) => Verdict::Adopted { twin: group.pk.clone() },
        Some(group) => Verdict::Deleted { twin: group.pk.clone() },
    };
    remote.iter().map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(pk: i64) -> ScopeUser {
        ScopeUser {
            pk: UserPk::new(pk),
            username: format!("u{pk}"),
            email: format!("u{pk}@x"),
            service_account: false,
            groups: BTreeSet::new(),
        }
    }

    fn remote(user_name: &str, email: &str) -> RemoteUser {
        RemoteUser { id: "r".to_owned(), user_name: user_name.to_owned(), emails: vec![email.to_owned()] }
    }

    #[test]
    fn h11_twins_out_of_scope_are_deleted_and_strangers_stay() {
        let users = [user(1), user(2), user(3)];
        let scope = BTreeMap::from([
            (UserPk::new(1), Reason::Bound),
            (UserPk::new(2), Reason::NotBound),
            (UserPk::new(3), Reason::Policy),
        ]);
        let remote = [
            remote("u1", ""),
            remote("u2", ""),
            remote("admin", "u2@x"),
            remote("u3@x", "u3@x"),
            remote("stranger", "stranger@x"),
            remote("u1", "u2@x"),
            remote("U2", "U2@X"),
        ];
        let pk = UserPk::new;
        assert_eq!(
            first_sync_users(&remote, &users, &scope),
            [
                Verdict::Adopted { twin: pk(1) },
                Verdict::Deleted { twin: pk(2) },
                Verdict::Deleted { twin: pk(2) },
                Verdict::Uncertain { twin: pk(3) },
                Verdict::Untouched,
                Verdict::Deleted { twin: pk(2) },
                Verdict::Untouched,
            ]
        );
        // Who is in no scope at all is out of it.
        let verdicts = first_sync_users(&remote, &users, &BTreeMap::new());
        assert_eq!(verdicts.iter().filter(|verdict| verdict.is_dangerous()).count(), 5);
    }

    #[test]
    fn the_index_finds_whom_a_comparison_of_all_finds() {
        let users: Vec<ScopeUser> = (0..40).map(|pk| user(pk % 20)).collect();
        let index = Index::new(&users);
        for (name, email) in [("u1", ""), ("x", "u2@x"), ("u3", "u4@x"), ("u5@x", "u5"), ("", ""), ("U1", "U2@X")] {
            let remote = remote(name, email);
            assert_eq!(index.matches(&remote), super::super::matches(&remote, &users), "{remote:?}");
        }
    }

    #[test]
    fn h11_a_group_outside_group_filters_is_deleted() {
        let group = |number: u64, name: &str| ScopeGroup {
            pk: GroupUuid::from_number(number),
            name: name.to_owned(),
            parents: Vec::new(),
        };
        let groups = [group(1, "staff"), group(2, "board")];
        let remote =
            ["staff", "board", "Board"].map(|name| RemoteGroup { id: "r".to_owned(), display_name: name.to_owned() });
        let filters = BTreeSet::from([GroupUuid::from_number(1)]);
        let twin = GroupUuid::from_number;
        assert_eq!(
            first_sync_groups(&remote, &groups, &filters),
            [Verdict::Adopted { twin: twin(1) }, Verdict::Deleted { twin: twin(2) }, Verdict::Untouched]
        );
        assert!(first_sync_groups(&remote, &groups, &BTreeSet::new()).iter().all(|verdict| !verdict.is_dangerous()));
    }
}
