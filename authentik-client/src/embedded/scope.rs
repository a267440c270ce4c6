//! Who is in scope of a provider: the application's bindings for users, the group filter for
//! groups (facts §4, recordings H40 to H43 and H111).

use std::collections::BTreeSet;

use super::state::{Kind, ObjectPk, Provider, State, Subject, User};

/// The members of a group and of all its child groups; loops are allowed.
pub(crate) fn members_deep(state: &State, group: &str) -> BTreeSet<i64> {
    let mut members = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![group.to_owned()];
    while let Some(pk) = open.pop() {
        if !seen.insert(pk.clone()) {
            continue;
        }
        if let Some(group) = state.groups.get(&pk) {
            members.extend(&group.users);
        }
        let children = state.groups.values().filter(|child| child.parents.contains(&pk));
        open.extend(children.map(|child| child.pk.clone()));
    }
    members
}

/// The rules of one application, evaluated once for many users.
pub(crate) struct Access {
    everybody: bool,
    all: bool,
    rules: Vec<(BTreeSet<i64>, bool)>,
}

impl Access {
    pub(crate) fn of_application(state: &State, application: &str) -> Self {
        let mode = state.applications.iter().find(|known| known.pk == application);
        let rules: Vec<_> = state
            .bindings
            .iter()
            .filter(|binding| binding.target == application && binding.enabled)
            .map(|binding| {
                let who = match &binding.subject {
                    Subject::Group(group) => members_deep(state, group),
                    Subject::User(user) => BTreeSet::from([*user]),
                };
                (who, binding.negate)
            })
            .collect();
        Self {
            everybody: rules.is_empty() && state.switches.on("default_app_access"),
            all: mode.is_some_and(|application| application.policy_engine_mode == "all"),
            rules,
        }
    }

    pub(crate) fn allows(&self, user: i64) -> bool {
        if self.rules.is_empty() {
            return self.everybody;
        }
        let mut passing = self.rules.iter().map(|(who, negate)| who.contains(&user) != *negate);
        if self.all { passing.all(|pass| pass) } else { passing.any(|pass| pass) }
    }
}

fn candidate(provider: &Provider, user: &User) -> bool {
    !(provider.exclude_service_accounts && user.is_service_account())
}

/// The users in scope, by pk. Empty without an application.
pub(crate) fn users(state: &State, provider: &Provider) -> Vec<i64> {
    let Some(application) = state.application_of(provider) else { return Vec::new() };
    let access = Access::of_application(state, &application.pk);
    state
        .users
        .values()
        .filter(|user| candidate(provider, user) && access.allows(user.pk))
        .map(|user| user.pk)
        .collect()
}

/// The groups in scope, by uuid.
pub(crate) fn groups(state: &State, provider: &Provider) -> Vec<String> {
    state.groups.keys().filter(|pk| group_allowed(provider, pk)).cloned().collect()
}

fn group_allowed(provider: &Provider, pk: &str) -> bool {
    provider.group_filters.is_empty() || provider.group_filters.iter().any(|filter| filter == pk)
}

/// All objects of a kind in scope, in the order in which pages hold them.
pub(crate) fn objects(state: &State, provider: &Provider, kind: Kind) -> Vec<ObjectPk> {
    match kind {
        Kind::User => users(state, provider).into_iter().map(ObjectPk::User).collect(),
        Kind::Group => groups(state, provider).into_iter().map(ObjectPk::Group).collect(),
    }
}

/// Whether one object is in scope.
pub(crate) fn contains(state: &State, provider: &Provider, object: &ObjectPk) -> bool {
    match object {
        ObjectPk::User(pk) => {
            let Some(user) = state.users.get(pk) else { return false };
            let Some(application) = state.application_of(provider) else { return false };
            candidate(provider, user) && Access::of_application(state, &application.pk).allows(*pk)
        }
        ObjectPk::Group(pk) => state.groups.contains_key(pk) && group_allowed(provider, pk),
    }
}
