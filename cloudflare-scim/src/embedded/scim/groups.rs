//! `/Groups` (rules 15 to 20).

use scim_core::filter::{CompareOp, Filter, Literal};
use scim_core::message::{PATCH_OP, ScimError, ScimType};
use scim_core::patch::{Op, PatchOp, PatchOptions};
use scim_core::path::PatchPath;
use scim_core::quirk::Quirks;
use scim_core::resource::{Group as Resource, Member, Meta};
use serde_json::Value;

use super::super::catalogue::Known;
use super::super::groups::SYSTEM_PREFIX;
use super::super::http::Incoming;
use super::super::state::{Group, Refusal, State};
use super::super::switches::{GroupCreateMembers, GroupPut, PatchSchemas, UnknownAttributes};
use super::{Outcome, bad, body, check_write, created, equality, no_content, no_method, not_found, ok, page, refused};
use crate::{UserGroupId, UserTag};

pub(super) fn collection(state: &mut State, request: &Incoming) -> Outcome {
    match request.method.as_str() {
        "GET" | "HEAD" => list(state, request),
        "POST" => create(state, request),
        _ => Ok(no_method(request, "GET, POST")),
    }
}

pub(super) fn resource(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    match (request.method.as_str(), state.switches.group_put) {
        ("GET" | "HEAD", _) => Ok(ok(&show(state, target(state, id)?, true), id)),
        ("PUT", GroupPut::On) => replace(state, request, id),
        ("PATCH", _) => patch(state, request, id),
        ("DELETE", _) => delete(state, request, id),
        (_, GroupPut::On) => Ok(no_method(request, "GET, PUT, PATCH, DELETE")),
        (_, GroupPut::Off) => Ok(no_method(request, "GET, PATCH, DELETE")),
    }
}

/// A group of either kind.
#[derive(Clone, Copy)]
enum Target<'a> {
    System(&'static Known),
    Custom(&'a Group),
}

fn target<'a>(state: &'a State, id: &str) -> Result<Target<'a>, ScimError> {
    if let Some(known) = state.system_group(id) {
        return Ok(Target::System(known));
    }
    state.group(id).map(Target::Custom).ok_or_else(|| not_found("Group", id))
}

/// The resource. Members only where one custom group is shown (rule 17).
fn show(state: &State, target: Target<'_>, with_members: bool) -> Resource {
    let mut resource = match target {
        Target::System(known) => {
            let mut resource = Resource::new(state.system_group_name(known));
            resource.id = format!("{SYSTEM_PREFIX}{}", known.id).parse().ok();
            resource
        }
        Target::Custom(group) => {
            let mut resource = Resource::new(&group.name);
            resource.id = group.id.as_str().parse().ok();
            resource.external_id.clone_from(&group.external_id);
            if with_members {
                let people = group.members.keys().filter_map(|tag| state.person(tag));
                let members = people.filter_map(|person| {
                    let mut member = Member::new(person.tag.as_str().parse().ok()?);
                    member.display = Some(person.email.clone());
                    Some(member)
                });
                resource.members = Some(members.collect());
            }
            resource
        }
    };
    let mut meta = Meta::default();
    meta.resource_type = Some("Group".to_owned());
    resource.meta = Some(meta);
    resource
}

fn list(state: &State, request: &Incoming) -> Outcome {
    let system = state.system_groups().map(Target::System);
    let custom = state.groups.values().map(Target::Custom);
    let all: Vec<Target<'_>> = match equality(request, "displayName")? {
        None => system.chain(custom).collect(),
        Some(name) => {
            let named = state.system_groups().filter(|known| state.system_group_name(known) == name);
            named.map(Target::System).chain(state.group_by_name(&name).map(Target::Custom)).collect()
        }
    };
    page(request, state.switches, &all, |target| Some(show(state, *target, false)))
}

/// Ids of members as tags of members of the account (rule 18).
fn tags(state: &State, ids: &[String]) -> Result<Vec<UserTag>, ScimError> {
    let tag = |id: &String| {
        let tag = id.parse::<UserTag>().ok().filter(|tag| state.membership_of(tag).is_some());
        tag.ok_or_else(|| refused(&Refusal::UnknownMember(id.clone()), state.switches))
    };
    ids.iter().map(tag).collect()
}

fn create(state: &mut State, request: &Incoming) -> Outcome {
    check_write(state, request)?;
    let map = body::object(request)?;
    let name = body::text(&map, "displayName")?.unwrap_or_default();
    let external_id = body::text(&map, "externalId")?;
    let members = match body::get(&map, "members")? {
        Some(value) if state.switches.group_create_members == GroupCreateMembers::Honour => body::members(value)?,
        _ => Vec::new(),
    };
    let members = tags(state, &members)?;
    let id = state.provision_group(&name, external_id).map_err(|refusal| refused(&refusal, state.switches))?;
    let now = state.now();
    for tag in &members {
        state.join(&id, tag, now);
    }
    Ok(created(&show(state, target(state, id.as_str())?, true), id.as_str()))
}

fn replace(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    check_write(state, request)?;
    let map = body::object(request)?;
    let name = body::text(&map, "displayName")?.unwrap_or_default();
    let external_id = body::text(&map, "externalId")?;
    let members = body::get(&map, "members")?.map(body::members).transpose()?.unwrap_or_default();
    let group = match target(state, id)? {
        Target::System(_) => return Err(refused(&Refusal::SystemGroup, state.switches)),
        Target::Custom(group) => group.id.clone(),
    };
    let members = tags(state, &members)?;
    check_name(state, &group, &name)?;
    // Everything is checked: from here on nothing is refused.
    settle(state, &group, Some(&name), Some(external_id.as_deref().unwrap_or_default()));
    state.replace_members(&group, &members);
    Ok(ok(&show(state, target(state, id)?, true), id))
}

fn check_name(state: &State, id: &UserGroupId, name: &str) -> Result<(), ScimError> {
    let refusal = match state.check_scim_name(name) {
        Err(refusal) => refusal,
        Ok(()) if state.group_by_name(name).is_some_and(|other| other.id != *id) => Refusal::NameTaken,
        Ok(()) => return Ok(()),
    };
    Err(refused(&refusal, state.switches))
}

/// Writes name and external id (empty: none). A group that SCIM has written to is SCIM's from then on.
fn settle(state: &mut State, id: &UserGroupId, name: Option<&str>, external_id: Option<&str>) {
    if let Some(name) = name {
        state.rename_group(id, name);
    }
    let now = state.now();
    if let Some(group) = state.group_mut(id) {
        group.managed = true;
        group.modified = now;
        if let Some(external_id) = external_id {
            group.external_id = Some(external_id).filter(|id| !id.is_empty()).map(str::to_owned);
        }
    }
}

fn delete(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    check_write(state, request)?;
    let group = match target(state, id)? {
        Target::System(_) => return Err(refused(&Refusal::SystemGroup, state.switches)),
        Target::Custom(group) => group.id.clone(),
    };
    state.take_group(&group);
    Ok(no_content(id))
}

/// Reads a PATCH with the tolerance that the supported identity providers need.
pub(super) fn read_patch(state: &State, request: &Incoming) -> Result<PatchOp, ScimError> {
    if state.switches.patch_schemas == PatchSchemas::Strict {
        body::check_schema(&body::object(request)?, PATCH_OP)?;
    }
    let options = PatchOptions::new(Quirks::CLOUDFLARE);
    PatchOp::from_json(&request.body, &options).map_err(|error| ScimError::from(&error))
}

/// One step of a PATCH, checked and not yet made.
enum Step {
    Name(String),
    /// Empty: none.
    ExternalId(String),
    Add(Vec<UserTag>),
    Remove(Vec<String>),
    Clear,
}

fn patch(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    check_write(state, request)?;
    let message = read_patch(state, request)?;
    let target_now = target(state, id)?;
    let mut steps = Vec::new();
    for operation in &message.operations {
        let value = operation.value.as_ref();
        if let Some(path) = &operation.path {
            one_step(state, &mut steps, operation.op, path, value)?;
            continue;
        }
        let map = value.and_then(Value::as_object);
        let map =
            map.ok_or_else(|| bad(ScimType::InvalidValue, "without a path the value must be an object of attributes"))?;
        for (name, value) in map {
            match name.parse::<PatchPath>() {
                Ok(path) => one_step(state, &mut steps, operation.op, &path, Some(value))?,
                Err(_) => unknown(state, name)?,
            }
        }
    }
    // All operations or none: every step is checked before the first is made.
    match target_now {
        Target::System(known) => {
            if steps.iter().any(|step| matches!(step, Step::Name(_) | Step::ExternalId(_))) {
                return Err(refused(&Refusal::SystemGroup, state.switches));
            }
            for step in steps {
                apply_system(state, known, step);
            }
        }
        Target::Custom(group) => {
            let group = group.id.clone();
            for step in &steps {
                if let Step::Name(name) = step {
                    check_name(state, &group, name)?;
                }
            }
            settle(state, &group, None, None);
            for step in steps {
                apply(state, &group, step);
            }
        }
    }
    Ok(ok(&show(state, target(state, id)?, true), id))
}

fn one_step(
    state: &State,
    steps: &mut Vec<Step>,
    op: Op,
    path: &PatchPath,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    let attribute = path.attribute().name().to_ascii_lowercase();
    let value_or_null = value.unwrap_or(&Value::Null);
    match (attribute.as_str(), path.sub(), path.filter()) {
        ("displayname", None, None) => match op {
            Op::Remove => return Err(bad(ScimType::Mutability, "displayName is required")),
            Op::Add | Op::Replace => steps.push(Step::Name(body::as_text(value_or_null, "displayName")?)),
        },
        ("externalid", None, None) => {
            let text = match (op, value_or_null) {
                (Op::Remove, _) | (_, Value::Null) => String::new(),
                (_, value) => body::as_text(value, "externalId")?,
            };
            steps.push(Step::ExternalId(text));
        }
        ("members", None, None) => match (op, value) {
            (Op::Add, _) => steps.push(Step::Add(tags(state, &body::members(value_or_null)?)?)),
            (Op::Replace, _) => {
                let added = tags(state, &body::members(value_or_null)?)?;
                steps.extend([Step::Clear, Step::Add(added)]);
            }
            (Op::Remove, None | Some(Value::Null)) => steps.push(Step::Clear),
            (Op::Remove, Some(value)) => steps.push(Step::Remove(body::members(value)?)),
        },
        ("members", None, Some(filter)) if op == Op::Remove => {
            let mut ids = Vec::new();
            if !selected(filter, &mut ids) {
                return Err(bad(ScimType::InvalidFilter, "the only selection is: members[value eq \"id\"]"));
            }
            steps.push(Step::Remove(ids));
        }
        ("members", ..) => return Err(bad(ScimType::InvalidPath, "members can be added, removed and replaced")),
        _ => unknown(state, &path.to_string())?,
    }
    Ok(())
}

/// The ids that `value eq "id"`, or several of them joined by `or`, selects.
fn selected(filter: &Filter, ids: &mut Vec<String>) -> bool {
    match filter {
        Filter::Compare(it) if it.op == CompareOp::Eq && it.path.name().eq_ignore_ascii_case("value") => {
            if let Literal::String(value) = &it.value {
                ids.push(value.to_string());
                return true;
            }
            false
        }
        Filter::Or(list) => list.iter().all(|one| matches!(one, Filter::Compare(_)) && selected(one, ids)),
        _ => false,
    }
}

/// An attribute that is no group's.
fn unknown(state: &State, name: &str) -> Result<(), ScimError> {
    let known = ["id", "schemas", "meta"].iter().any(|known| known.eq_ignore_ascii_case(name));
    if known || state.switches.unknown_attributes == UnknownAttributes::Ignore {
        return Ok(());
    }
    let name: String = name.chars().take(100).collect();
    Err(bad(ScimType::InvalidPath, format!("unknown attribute: {name}")))
}

fn apply(state: &mut State, id: &UserGroupId, step: Step) {
    let now = state.now();
    match step {
        Step::Name(name) => settle(state, id, Some(&name), None),
        Step::ExternalId(external_id) => settle(state, id, None, Some(&external_id)),
        Step::Add(tags) => tags.iter().for_each(|tag| {
            state.join(id, tag, now);
        }),
        Step::Remove(ids) => ids.iter().filter_map(|id| id.parse().ok()).for_each(|tag| {
            // Somebody who is no member stays none.
            state.leave(id, &tag);
        }),
        Step::Clear => state.replace_members(id, &[]),
    }
}

fn apply_system(state: &mut State, known: &'static Known, step: Step) {
    match step {
        Step::Add(tags) => tags.iter().for_each(|tag| state.set_held(tag, known, true)),
        Step::Remove(ids) => {
            ids.iter().filter_map(|id| id.parse().ok()).for_each(|tag| state.set_held(&tag, known, false));
        }
        Step::Clear => {
            let holders = state.members.values().filter(|member| state.holds(member, known));
            let tags: Vec<UserTag> = holders.map(|member| member.tag.clone()).collect();
            for tag in &tags {
                state.set_held(tag, known, false);
            }
        }
        Step::Name(_) | Step::ExternalId(_) => {}
    }
}
