//! `/core/groups/`.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Map;

use super::super::ids;
use super::super::json::Json;
use super::super::state::{Group, ObjectPk, Subject};
use super::fields::Fields;
use super::lists::{self, Key};
use super::render::GroupParts;
use super::reply::{Answer, Outcome};
use super::users::autocomplete;
use super::{Call, render};

const AUTOCOMPLETE: &str = include_str!("../data/autocomplete-groups.json");

pub(crate) fn list_or_create(call: &mut Call<'_>) -> Outcome {
    if call.method == Method::POST { create(call) } else { list(call) }
}

fn parts(call: &Call<'_>) -> GroupParts {
    let query = &call.query;
    GroupParts {
        users: query.flag("include_users").unwrap_or(true),
        children: query.flag("include_children").unwrap_or(false),
        parents: query.flag("include_parents").unwrap_or(false),
    }
}

fn find(call: &Call<'_>, id: &str) -> Result<String, Answer> {
    if !ids::is_uuid(id) {
        return Err(Answer::not_found());
    }
    let pk = ids::canonical_uuid(id);
    if call.state.groups.contains_key(&pk) { Ok(pk) } else { Err(Answer::no_match("Group")) }
}

fn list(call: &Call<'_>) -> Outcome {
    let query = &call.query;
    let mut members = Vec::new();
    for text in query.all("members_by_pk") {
        let Ok(pk) = text.parse::<i64>() else {
            return Err(Answer::field("members_by_pk", format!("“{text}” is not a valid value.")));
        };
        if !call.state.users.contains_key(&pk) {
            let message = format!("Select a valid choice. {text} is not one of the available choices.");
            return Err(Answer::field("members_by_pk", message));
        }
        members.push(pk);
    }
    let usernames: Vec<&str> = query.all("members_by_username").collect();
    for name in &usernames {
        let known = call.state.users.named(name);
        let message = || format!("Select a valid choice. {name} is not one of the available choices.");
        members.push(known.ok_or_else(|| Answer::field("members_by_username", message()))?.pk);
    }
    let groups: Vec<&Group> = call
        .state
        .groups
        .values()
        .filter(|group| {
            query.get("name").is_none_or(|name| group.name == name)
                && query.flag("is_superuser").is_none_or(|wanted| group.is_superuser == wanted)
                && (members.is_empty() || members.iter().any(|pk| group.users.contains(pk)))
                && query.search_matches(&[("name", &group.name)])
        })
        .collect();
    let key = |group: &&Group, name: &str| {
        Some(match name {
            "name" => group.name.as_str().into(),
            "is_superuser" => Key::Flag(group.is_superuser),
            "pk" | "group_uuid" => group.pk.as_str().into(),
            "num_pk" => Key::Number(group.num_pk),
            _ => return None,
        })
    };
    let parts = parts(call);
    lists::page(query, groups, "name", key, |group| render::group(call.state, group, parts), autocomplete(AUTOCOMPLETE))
}

/// Adds a group; emits nothing.
pub(super) fn new_group(call: &mut Call<'_>, name: String, users: BTreeSet<i64>) -> String {
    let pk = call.state.ids.uuid();
    let num_pk = call.state.ids.num_pk();
    let group =
        Group { pk: pk.clone(), num_pk, name, is_superuser: false, parents: Vec::new(), users, attributes: Map::new() };
    call.state.groups.insert(pk.clone(), group);
    pk
}

/// Reads a body and writes it, to a new group or to `own`; emits what follows.
fn write(call: &mut Call<'_>, own: Option<&str>) -> Result<Json, Answer> {
    let mut fields = Fields::new(&call.body, call.is_patch());
    let name = fields.text("name", true, false, 10_000);
    if let Some(name) = &name {
        let taken = call.state.groups.values().any(|group| group.name == *name && Some(group.pk.as_str()) != own);
        if taken {
            fields.error("name", "Group with this name already exists.");
        }
    }
    let is_superuser = fields.flag("is_superuser");
    let parents = fields.uuids("parents", |pk| call.state.groups.contains_key(pk));
    let users = fields.pks("users", |pk| call.state.users.contains_key(&pk))?;
    let attributes = fields.dictionary("attributes");
    fields.finish()?;
    let pk = match own {
        Some(pk) => pk.to_owned(),
        None => new_group(call, name.clone().unwrap_or_default(), BTreeSet::new()),
    };
    let Some(group) = call.state.groups.get_mut(&pk) else { return Err(Answer::no_match("Group")) };
    if let Some(name) = name {
        group.name = name;
    }
    group.is_superuser = is_superuser.unwrap_or(group.is_superuser);
    if let Some(parents) = parents {
        group.parents = parents;
    }
    if let Some(attributes) = attributes {
        group.attributes = attributes;
    }
    let before: Vec<i64> = group.users.iter().copied().collect();
    let (mut joined, mut left) = (Vec::new(), Vec::new());
    if let Some(users) = users {
        let users: BTreeSet<i64> = users.into_iter().collect();
        joined = users.difference(&group.users).copied().collect();
        left = group.users.difference(&users).copied().collect();
        group.users = users;
    }
    if call.state.switches.on("group_saved_first") {
        call.state.group_saved_before_members(call.clock, &pk, &before);
    } else {
        call.state.object_saved(call.clock, &ObjectPk::Group(pk.clone()));
    }
    call.state.members_changed(call.clock, &pk, true, &joined, false);
    call.state.members_changed(call.clock, &pk, false, &left, false);
    shown(call, &pk)
}

fn shown(call: &Call<'_>, pk: &str) -> Result<Json, Answer> {
    let group = call.state.groups.get(pk).ok_or_else(|| Answer::no_match("Group"))?;
    Ok(render::group(call.state, group, parts(call)))
}

fn create(call: &mut Call<'_>) -> Outcome {
    write(call, None).map(Answer::created)
}

pub(crate) fn one(call: &mut Call<'_>, id: &str) -> Outcome {
    let pk = find(call, id)?;
    match call.method {
        Method::GET => shown(call, &pk).map(Answer::ok),
        Method::DELETE => {
            call.state.object_deleted(call.clock, &ObjectPk::Group(pk.clone()));
            call.state.groups.remove(&pk);
            for group in call.state.groups.values_mut() {
                group.parents.retain(|parent| *parent != pk);
            }
            for provider in call.state.providers.values_mut() {
                provider.group_filters.retain(|filter| *filter != pk);
            }
            call.state.bindings.retain(|binding| binding.subject != Subject::Group(pk.clone()));
            Ok(Answer::no_content())
        }
        _ => write(call, Some(&pk)).map(Answer::ok),
    }
}

/// The `pk` of an `add_user` or `remove_user` body.
fn member(call: &Call<'_>) -> Result<i64, Answer> {
    let mut fields = Fields::new(&call.body, false);
    let pk = fields.integer("pk", true, None);
    fields.finish()?;
    let pk = pk.unwrap_or_default();
    if call.state.users.contains_key(&pk) && call.caller.may("authentik_core.view_user") {
        Ok(pk)
    } else {
        Err(Answer::not_found())
    }
}

/// 204 also when the user is a member already; then nothing is emitted.
pub(crate) fn add_user(call: &mut Call<'_>, id: &str) -> Outcome {
    let group = find(call, id)?;
    let user = member(call)?;
    let added = call.state.groups.get_mut(&group).is_some_and(|group| group.users.insert(user));
    if added {
        call.state.members_changed(call.clock, &group, true, &[user], false);
    }
    Ok(Answer::no_content())
}

/// 204 also when the user is no member; the removal is sent all the same (H110).
pub(crate) fn remove_user(call: &mut Call<'_>, id: &str) -> Outcome {
    let group = find(call, id)?;
    let user = member(call)?;
    if let Some(group) = call.state.groups.get_mut(&group) {
        group.users.remove(&user);
    }
    call.state.members_changed(call.clock, &group, false, &[user], false);
    Ok(Answer::no_content())
}
