//! Who is in scope of a provider: the application's bindings for users, the group filter for
//! groups (facts §4, recordings H40 to H43 and H111).

use std::collections::{BTreeSet, HashSet};

use super::state::{Kind, ObjectPk, Provider, State, Subject, User};

/// The users that something names. Borrowed: a page task asks about a hundred users out of thousands.
pub(crate) enum Who<'s> {
    User(i64),
    /// The members of some groups.
    Members(Vec<&'s BTreeSet<i64>>),
}

impl Who<'_> {
    pub(crate) fn contains(&self, user: i64) -> bool {
        match self {
            Self::User(own) => *own == user,
            Self::Members(groups) => groups.iter().any(|members| members.contains(&user)),
        }
    }
}

/// The members of a group and of all its child groups; loops are allowed.
pub(crate) fn members_deep<'s>(state: &'s State, group: &str) -> Who<'s> {
    let mut members = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![group.to_owned()];
    while let Some(pk) = open.pop() {
        if !seen.insert(pk.clone()) {
            continue;
        }
        if let Some(group) = state.groups.get(&pk) {
            members.push(&group.users);
        }
        let children = state.groups.values().filter(|child| child.parents.contains(&pk));
        open.extend(children.map(|child| child.pk.clone()));
    }
    Who::Members(members)
}

/// The rules of one application, evaluated once for many users.
pub(crate) struct Access<'s> {
    /// No enabled binding: everybody or nobody.
    unbound: Option<bool>,
    all: bool,
    /// Mode `any`: who passes one of the plain bindings.
    anyone_of: Vec<Who<'s>>,
    /// Mode `all`: who is named by each plain binding.
    each_of: Vec<Who<'s>>,
    negated: Vec<Who<'s>>,
}

impl<'s> Access<'s> {
    pub(crate) fn of_application(state: &'s State, application: &str) -> Self {
        let found = state.applications.iter().find(|known| known.pk == application);
        let all = found.is_some_and(|application| application.policy_engine_mode == "all");
        let mut access = Self { unbound: None, all, anyone_of: Vec::new(), each_of: Vec::new(), negated: Vec::new() };
        let mut bound = false;
        for binding in state.bindings.iter().filter(|binding| binding.target == application && binding.enabled) {
            bound = true;
            let who = match &binding.subject {
                Subject::Group(group) => members_deep(state, group),
                Subject::User(user) => Who::User(*user),
            };
            match (binding.negate, all) {
                (true, _) => access.negated.push(who),
                (false, true) => access.each_of.push(who),
                (false, false) => access.anyone_of.push(who),
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
            self.each_of.iter().all(|who| who.contains(user)) && self.negated.iter().all(|who| !who.contains(user))
        } else {
            self.anyone_of.iter().any(|who| who.contains(user)) || self.negated.iter().any(|who| !who.contains(user))
        }
    }
}

fn candidate(provider: &Provider, user: &User) -> bool {
    !(provider.exclude_service_accounts && user.is_service_account())
}

/// The users in scope, by pk. None without an application.
fn users<'s>(state: &'s State, provider: &'s Provider) -> impl Iterator<Item = i64> + use<'s> {
    let application = state.application_of(provider);
    let access = application.map(|application| Access::of_application(state, &application.pk));
    access.into_iter().flat_map(move |access| {
        let users = state.users.values();
        users.filter(move |user| candidate(provider, user) && access.allows(user.pk)).map(|user| user.pk)
    })
}

/// The groups in scope, by uuid.
fn groups<'s>(state: &'s State, provider: &'s Provider) -> impl Iterator<Item = &'s String> + use<'s> {
    let filters: HashSet<&str> = provider.group_filters.iter().map(String::as_str).collect();
    state.groups.keys().filter(move |pk| filters.is_empty() || filters.contains(pk.as_str()))
}

/// The objects of a kind in scope, in the order in which pages hold them: those after the first `skip`,
/// `take` at most.
pub(crate) fn objects(state: &State, provider: &Provider, kind: Kind, skip: usize, take: usize) -> Vec<ObjectPk> {
    match kind {
        Kind::User => users(state, provider).skip(skip).take(take).map(ObjectPk::User).collect(),
        Kind::Group => groups(state, provider).skip(skip).take(take).cloned().map(ObjectPk::Group).collect(),
    }
}

/// All objects of a kind in scope.
pub(crate) fn all(state: &State, provider: &Provider, kind: Kind) -> Vec<ObjectPk> {
    objects(state, provider, kind, 0, usize::MAX)
}

/// Whether one object is in scope.
pub(crate) fn contains(state: &State, provider: &Provider, object: &ObjectPk) -> bool {
    match object {
        ObjectPk::User(pk) => {
            let Some(user) = state.users.get(pk) else { return false };
            let Some(application) = state.application_of(provider) else { return false };
            candidate(provider, user) && Access::of_application(state, &application.pk).allows(*pk)
        }
        ObjectPk::Group(pk) => {
            let filters = &provider.group_filters;
            state.groups.contains_key(pk) && (filters.is_empty() || filters.contains(pk))
        }
    }
}
