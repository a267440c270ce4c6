//! `…/iam/user_groups` (rules 21 and 22).

use serde_json::{Value, json};

use super::http::{Incoming, PageOf, Reply};
use super::state::{Refusal, State};
use super::switches::EmptyMembers;
use crate::{GroupMember, UserGroupId, UserTag};

type Outcome = Result<Reply, Reply>;

pub(super) fn answer(state: &mut State, request: &Incoming, path: &[&str]) -> Reply {
    let outcome = match (request.method.as_str(), path) {
        ("GET", []) => list(state, request),
        ("POST", []) => create(state, request),
        ("GET", [id]) => get(state, id),
        ("PUT", [id]) => update(state, request, id),
        ("DELETE", [id]) => delete(state, id),
        ("GET", [id, "members"]) => members(state, request, id),
        ("POST", [id, "members"]) => add(state, request, id),
        ("PUT", [id, "members"]) => replace(state, request, id),
        ("GET", [id, "members", member]) => member_of(state, id, member),
        ("DELETE", [id, "members", member]) => remove(state, id, member),
        (_, [] | [_, "members"]) => Err(Reply::no_method(&request.method, "GET, POST, PUT")),
        (_, [_] | [_, "members", _]) => Err(Reply::no_method(&request.method, "GET, PUT, DELETE")),
        _ => Err(Reply::no_route(&request.path)),
    };
    outcome.unwrap_or_else(|reply| reply)
}

fn refused(state: &State, refusal: &Refusal) -> Reply {
    Reply::refused(refusal, state.switches)
}

fn list(state: &State, request: &Incoming) -> Outcome {
    let page = PageOf::read(request, state.switches, 100, 1, 500)?;
    let is = |name: &str, value: &str| request.param(name).is_none_or(|asked| asked == value);
    let fuzzy = request.param("fuzzyName").map(str::to_lowercase);
    let mut groups: Vec<_> = state
        .groups
        .values()
        .filter(|group| is("id", group.id.as_str()) && is("name", &group.name))
        .filter(|group| fuzzy.as_ref().is_none_or(|part| group.name.to_lowercase().contains(part)))
        .collect();
    if request.param("direction") == Some("desc") {
        groups.reverse();
    }
    let (groups, info) = page.cut(groups, state.switches);
    let groups: Vec<_> = groups.into_iter().map(|group| state.show_group(group)).collect();
    Ok(Reply::page(&groups, &info))
}

fn find(state: &State, id: &str) -> Result<UserGroupId, Reply> {
    state.group(id).map(|group| group.id.clone()).ok_or_else(|| refused(state, &Refusal::NotFound))
}

/// A group that v4 may change beyond its policies.
fn unmanaged(state: &State, id: &str) -> Result<UserGroupId, Reply> {
    let group = state.group(id).ok_or_else(|| refused(state, &Refusal::NotFound))?;
    if group.managed { Err(refused(state, &Refusal::Managed)) } else { Ok(group.id.clone()) }
}

fn get(state: &State, id: &str) -> Outcome {
    let group = state.group(id).ok_or_else(|| refused(state, &Refusal::NotFound))?;
    Ok(Reply::ok(&state.show_group(group)).about(id))
}

fn create(state: &mut State, request: &Incoming) -> Outcome {
    let body = request.json()?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    let policies = match body.get("policies") {
        None | Some(Value::Null) => Vec::new(),
        Some(policies) => state.read_policies(policies).map_err(|refusal| refused(state, &refusal))?,
    };
    let id = state.create_group(name, policies).map_err(|refusal| refused(state, &refusal))?;
    get(state, id.as_str())
}

fn update(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    let body = request.json()?;
    let id = find(state, id)?;
    let name = match body.get("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if !name.trim().is_empty() => Some(name.as_str()),
        Some(_) => return Err(refused(state, &Refusal::Invalid("name must not be empty".into()))),
    };
    if let Some(name) = name {
        unmanaged(state, id.as_str())?;
        if state.group_by_name(name).is_some_and(|other| other.id != id) {
            return Err(refused(state, &Refusal::NameTaken));
        }
    }
    let policies = match body.get("policies") {
        None | Some(Value::Null) => None,
        Some(policies) => Some(state.read_policies(policies).map_err(|refusal| refused(state, &refusal))?),
    };
    // Everything is checked: from here on nothing is refused.
    if let Some(name) = name {
        state.rename_group(&id, name);
    }
    let now = state.now();
    if let Some(group) = state.group_mut(&id) {
        group.modified = now;
        if let Some(policies) = policies {
            group.policies = policies;
        }
    }
    get(state, id.as_str())
}

fn delete(state: &mut State, id: &str) -> Outcome {
    let id = unmanaged(state, id)?;
    state.take_group(&id);
    Ok(Reply::ok(&json!({ "id": id })).about(id.as_str()))
}

fn members(state: &State, request: &Incoming, id: &str) -> Outcome {
    let page = PageOf::read(request, state.switches, 100, 1, 500)?;
    let group = state.group(id).ok_or_else(|| refused(state, &Refusal::NotFound))?;
    let fuzzy = request.param("fuzzyEmail").map(str::to_lowercase);
    let mut members = shown(state, group.members.keys());
    members.retain(|member| {
        let email = member.email.as_deref().unwrap_or_default().to_lowercase();
        fuzzy.as_ref().is_none_or(|part| email.contains(part))
    });
    if request.param("direction") == Some("desc") {
        members.reverse();
    }
    let (members, info) = page.cut(members, state.switches);
    Ok(Reply::page(&list_or_null(state, &members), &info))
}

/// Members by e-mail address.
fn shown<'a>(state: &State, tags: impl Iterator<Item = &'a UserTag>) -> Vec<GroupMember> {
    let mut members: Vec<GroupMember> = tags
        .filter_map(|tag| state.membership_of(tag))
        .filter_map(|membership| state.show_group_member(membership, None))
        .collect();
    members.sort_by(|a, b| a.email.cmp(&b.email));
    members
}

fn list_or_null(state: &State, members: &[GroupMember]) -> Value {
    if members.is_empty() && state.switches.empty_members == EmptyMembers::Null {
        return Value::Null;
    }
    json!(members)
}

/// The bare list of references that member writes take.
fn read_members(state: &State, request: &Incoming) -> Result<Vec<UserTag>, Reply> {
    let body = request.json()?;
    let invalid = || refused(state, &Refusal::Invalid("the body must be a list of {\"id\": membership id}".into()));
    let list = body.as_array().ok_or_else(invalid)?;
    let mut tags = Vec::new();
    for item in list {
        let id = item.get("id").and_then(Value::as_str).ok_or_else(invalid)?;
        let membership = state.membership(id).ok_or_else(|| refused(state, &Refusal::UnknownMember(id.to_owned())))?;
        tags.push(membership.tag.clone());
    }
    Ok(tags)
}

fn add(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    let id = unmanaged(state, id)?;
    let tags = read_members(state, request)?;
    let now = state.now();
    for tag in &tags {
        state.join(&id, tag, now);
    }
    touch(state, &id);
    Ok(Reply::ok(&list_or_null(state, &shown(state, tags.iter()))).about(id.as_str()))
}

fn replace(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    let id = unmanaged(state, id)?;
    let tags = read_members(state, request)?;
    state.replace_members(&id, &tags);
    Ok(Reply::ok(&list_or_null(state, &shown(state, tags.iter()))).about(id.as_str()))
}

fn member_of(state: &State, id: &str, member: &str) -> Outcome {
    let not_found = || refused(state, &Refusal::NotFound);
    let group = state.group(id).ok_or_else(not_found)?;
    let membership = state.membership(member).ok_or_else(not_found)?;
    let joined = group.members.get(&membership.tag).ok_or_else(not_found)?;
    let shown = state.show_group_member(membership, Some(*joined)).ok_or_else(not_found)?;
    Ok(Reply::ok(&shown))
}

fn remove(state: &mut State, id: &str, member: &str) -> Outcome {
    let id = unmanaged(state, id)?;
    let membership = state.membership(member).ok_or_else(|| refused(state, &Refusal::NotFound))?.clone();
    let shown = state.show_group_member(&membership, None);
    if !state.leave(&id, &membership.tag) {
        return Err(refused(state, &Refusal::NotFound));
    }
    touch(state, &id);
    Ok(Reply::ok(&shown).about(id.as_str()))
}

fn touch(state: &mut State, id: &UserGroupId) {
    let now = state.now();
    if let Some(group) = state.group_mut(id) {
        group.modified = now;
    }
}
