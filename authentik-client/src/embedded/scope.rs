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
    /// No enabled binding: everybody or nobody.
    unbound: Option<bool>,
    all: bool,
    /// Mode `any`: who passes one of the plain bindings.
    anyone_of: BTreeSet<i64>,
    /// Mode `all`: who is named by each plain binding.
    each_of: Vec<BTreeSet<i64>>,
    negated: Vec<BTreeSet<i64>>,
}

impl Access {
    pub(crate) fn of_application(state: &State, application: &str) -> Self {
        let found = state.applications.iter().find(|known| known.pk == application);
        let all = found.is_some_and(|application| application.policy_engine_mode == "all");
        let mut access =
            Self { unbound: None, all, anyone_of: BTreeSet::new(), each_of: Vec::new(), negated: Vec::new() };
        let mut bound = false;
        for binding in state.bindings.iter().filter(|binding| binding.target == application && binding.enabled) {
            bound = true;
            let who = match &binding.subject {
                Subject::Group(group) => members_deep(state, group),
                Subject::User(user) => BTreeSet::from([*user]),
            };
            match (binding.negate, all) {
                (true, _) => access.negated.push(who),
                (false, true) => access.each_of.push(who),
                (false, false) if access.anyone_of.is_empty() => access.anyone_of = who,
                (false, false) => access.anyone_of.extend(who),
            }
        }
        if !bound {
            access.unbound = Some(state.switches.on("default_app_access"));
        }
        access
    }

    pub(crate) fn allows(&self, user: i64) -> bool {
        if let Some(everybody) = self.unbound {
            return everybody;
        }
        if self.all {
            self.each_of.iter().all(|who| who.contains(&user)) && self.negated.iter().all(|who| !who.contains(&user))
        } else {
            self.anyone_of.contains(&user) || self.negated.iter().any(|who| !who.contains(&user))
        }
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
