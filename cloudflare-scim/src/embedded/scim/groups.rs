//! Cloudflare's rules for `/Groups` (15 to 20).

use std::collections::BTreeSet;

use scim_core::filter::{CompareOp, Filter, Literal};
use scim_core::message::{ScimError, ScimType};
use scim_core::patch::{Op, PatchOp};
use scim_core::path::PatchPath;
use scim_core::provider::{Need, Written};
use scim_core::resource::{Group as Resource, Member};
use serde_json::{Map, Value};

use super::super::catalogue::Known;
use super::super::groups::SYSTEM_PREFIX;
use super::super::state::{Group, Refusal, State};
use super::super::switches::{AbsentMember, GroupCreateMembers, GroupPatch, UnknownAttributes};
use super::{bad, not_found, refused, values};
use crate::{UserGroupId, UserTag};

/// The attributes of a resource.
pub(super) const ATTRIBUTES: [&str; 3] = ["externalId", "displayName", "members"];

/// A group of either kind.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    System(&'static Known),
    Custom(&'a Group),
}

/// The group of this id, of either kind.
pub(super) fn target<'a>(state: &'a State, id: &str) -> Option<Target<'a>> {
    state.system_group(id).map(Target::System).or_else(|| state.group(id).map(Target::Custom))
}

/// The custom group of this id; a system group is refused.
fn custom(state: &State, id: &str) -> Result<UserGroupId, ScimError> {
    match target(state, id) {
        Some(Target::Custom(group)) => Ok(group.id.clone()),
        Some(Target::System(_)) => Err(refused(&Refusal::SystemGroup, state.switches)),
        None => Err(not_found("Group", id)),
    }
}

/// The resource. Members of custom groups alone (rule 17).
pub(super) fn value(state: &State, target: Target<'_>, need: &Need) -> Value {
    let mut resource;
    match target {
        Target::System(known) => {
            resource = Resource::new(state.system_group_name(known));
            resource.id = format!("{SYSTEM_PREFIX}{}", known.id).parse().ok();
        }
        Target::Custom(group) => {
            resource = Resource::new(&group.name);
            resource.id = group.id.as_str().parse().ok();
            resource.external_id = group.external_id.as_deref().map(Into::into);
            if need.wants("members") {
                let people = group.members.keys().filter_map(|tag| state.person(tag));
                let members = people.filter_map(|person| {
                    let mut member = Member::new(person.tag.as_str().parse().ok()?);
                    member.display = Some((&person.email).into());
                    Some(member)
                });
                resource.members = Some(members.collect());
            }
        }
    }
    // Texts, lists and objects with text keys always serialise.
    serde_json::to_value(resource).unwrap_or_default()
}

/// Ids of members as tags of members of the account (rule 18).
fn tags(state: &State, ids: &[String]) -> Result<Vec<UserTag>, ScimError> {
    let tag = |id: &String| {
        let tag = id.parse::<UserTag>().ok().filter(|tag| state.membership_of(tag).is_some());
        tag.ok_or_else(|| refused(&Refusal::UnknownMember(id.clone()), state.switches))
    };
    ids.iter().map(tag).collect()
}

/// Rule 16.
pub(super) fn insert(state: &mut State, map: &Map<String, Value>) -> Result<Written, ScimError> {
    let name = values::text(map, "displayName")?.unwrap_or_default();
    let external_id = values::text(map, "externalId")?;
    let members = match values::get(map, "members")? {
        Some(value) if state.switches.group_create_members == GroupCreateMembers::Honour => values::members(value)?,
        _ => Vec::new(),
    };
    let members = tags(state, &members)?;
    let id = state.provision_group(&name, external_id).map_err(|refusal| refused(&refusal, state.switches))?;
    let now = state.now();
    for tag in &members {
        state.join(&id, tag, now);
    }
    Written::unchanged(id.as_str())
}

/// Rule 19.
pub(super) fn replace(state: &mut State, id: &str, map: &Map<String, Value>) -> Result<Written, ScimError> {
    let group = custom(state, id)?;
    let name = values::text(map, "displayName")?.unwrap_or_default();
    let external_id = values::text(map, "externalId")?;
    let members = values::get(map, "members")?.map(values::members).transpose()?.unwrap_or_default();
    let members = tags(state, &members)?;
    check_name(state, &group, &name)?;
    // Everything is checked: from here on nothing is refused.
    settle(state, &group, Some(&name), Some(external_id.as_deref().unwrap_or_default()));
    state.replace_members(&group, &members);
    Written::unchanged(id)
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

/// Rule 20.
pub(super) fn remove(state: &mut State, id: &str) -> Result<(), ScimError> {
    let group = custom(state, id)?;
    state.take_group(&group);
    Ok(())
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

/// Rule 18.
pub(super) fn patch(state: &mut State, id: &str, message: &PatchOp) -> Result<Written, ScimError> {
    if state.switches.group_patch == GroupPatch::Atomic {
        return patch_whole(state, id, message);
    }
    for operation in &message.operations {
        let mut one = PatchOp::new();
        one.operations.push(operation.clone());
        patch_whole(state, id, &one)?;
    }
    Written::unchanged(id)
}

fn patch_whole(state: &mut State, id: &str, message: &PatchOp) -> Result<Written, ScimError> {
    let target_now = target(state, id).ok_or_else(|| not_found("Group", id))?;
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
            if state.switches.absent_member == AbsentMember::Refuse {
                check_members(state, &group, &steps)?;
            }
            settle(state, &group, None, None);
            for step in steps {
                apply(state, &group, step);
            }
        }
    }
    Written::unchanged(id)
}

/// Refuses the removal of somebody who is no member when that step's turn comes.
fn check_members(state: &State, id: &UserGroupId, steps: &[Step]) -> Result<(), ScimError> {
    let Some(group) = state.group(id.as_str()) else { return Ok(()) };
    let mut members: BTreeSet<String> = group.members.keys().map(ToString::to_string).collect();
    for step in steps {
        match step {
            Step::Add(tags) => members.extend(tags.iter().map(ToString::to_string)),
            Step::Clear => members.clear(),
            Step::Remove(ids) => {
                if let Some(absent) = ids.iter().find(|id| !members.remove(*id)) {
                    let absent: String = absent.chars().take(64).collect();
                    return Err(bad(ScimType::NoTarget, format!("{absent} is no member of the group")));
                }
            }
            Step::Name(_) | Step::ExternalId(_) => {}
        }
    }
    Ok(())
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
            Op::Add | Op::Replace => steps.push(Step::Name(values::as_text(value_or_null, "displayName")?)),
        },
        ("externalid", None, None) => {
            let text = match (op, value_or_null) {
                (Op::Remove, _) | (_, Value::Null) => String::new(),
                (_, value) => values::as_text(value, "externalId")?,
            };
            steps.push(Step::ExternalId(text));
        }
        ("members", None, None) => match (op, value) {
            (Op::Add, _) => steps.push(Step::Add(tags(state, &values::members(value_or_null)?)?)),
            (Op::Replace, _) => {
                let added = tags(state, &values::members(value_or_null)?)?;
                steps.extend([Step::Clear, Step::Add(added)]);
            }
            (Op::Remove, None | Some(Value::Null)) => steps.push(Step::Clear),
            (Op::Remove, Some(value)) => steps.push(Step::Remove(values::members(value)?)),
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
