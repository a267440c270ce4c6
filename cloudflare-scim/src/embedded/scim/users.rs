//! `/Users` (rules 6 to 14).

use scim_core::filter::{CompareOp, Filter, Literal};
use scim_core::message::{ScimError, ScimType};
use scim_core::patch::{Op, PatchOp};
use scim_core::path::PatchPath;
use scim_core::resource::{Email, GroupRef, Meta, Name, User};
use scim_core::schema::USER;
use serde_json::{Map, Value};

use super::super::catalogue;
use super::super::groups::SYSTEM_PREFIX;
use super::super::http::Incoming;
use super::super::people::NewPerson;
use super::super::state::{Membership, Person, Refusal, State};
use super::super::switches::{
    DeleteUser, DirectRights, ProfileUpdates, Reactivation, ScimMemberStatus, UnknownAttributes, UserGroupsShape,
};
use super::super::v4_members::is_email;
use super::{Outcome, bad, body, check_write, created, equality, no_content, no_method, not_found, ok, page, refused};
use crate::{MemberStatus, UserTag};

/// The attributes of a body that mean something or are readOnly; all others are unknown.
const KNOWN: [&str; 10] =
    ["schemas", "id", "externalId", "userName", "name", "displayName", "active", "emails", "groups", "meta"];

pub(super) fn collection(state: &mut State, request: &Incoming) -> Outcome {
    match request.method.as_str() {
        "GET" | "HEAD" => list(state, request),
        "POST" => create(state, request),
        _ => Ok(no_method(request, "GET, POST")),
    }
}

pub(super) fn resource(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    match (request.method.as_str(), state.switches.delete_user) {
        ("GET" | "HEAD", _) => {
            let (person, member) = find(state, id)?;
            Ok(ok(&show(state, person, member), id))
        }
        ("PUT", _) => replace(state, request, id),
        ("PATCH", _) => patch(state, request, id),
        ("DELETE", DeleteUser::Deprovision) => {
            check_write(state, request)?;
            let tag = find(state, id)?.0.tag.clone();
            expel(state, &tag)?;
            Ok(no_content(id))
        }
        (_, DeleteUser::Deprovision) => Ok(no_method(request, "GET, PUT, PATCH, DELETE")),
        (_, DeleteUser::Reject) => Ok(no_method(request, "GET, PUT, PATCH")),
    }
}

fn find<'a>(state: &'a State, id: &str) -> Result<(&'a Person, &'a Membership), ScimError> {
    let tag = id.parse::<UserTag>().ok();
    let found = tag.and_then(|tag| Some((state.person(&tag)?, state.membership_of(&tag)?)));
    found.ok_or_else(|| not_found("User", id))
}

fn expel(state: &mut State, tag: &UserTag) -> Result<(), ScimError> {
    state.expel(tag).map_err(|refusal| refused(&refusal, state.switches))
}

/// The resource: what Cloudflare keeps of a person, and nothing else that was sent.
fn show(state: &State, person: &Person, member: &Membership) -> User {
    let mut user = profile(person);
    user.active = Some(true);
    let system = state.system_groups().filter(|known| {
        member.granted.contains(known.id)
            || (state.switches.direct_rights == DirectRights::Shown && state.holds(member, known))
    });
    let system = system.map(|known| (format!("{SYSTEM_PREFIX}{}", known.id), state.system_group_name(known)));
    let custom = state.groups_of(&person.tag).map(|group| (group.id.to_string(), group.name.clone()));
    user.groups = system
        .chain(custom)
        .filter_map(|(id, name)| {
            let shown = match state.switches.user_groups_shape {
                UserGroupsShape::Strings => Value::String(id),
                UserGroupsShape::Objects => serde_json::json!({ "value": id, "display": name }),
            };
            serde_json::from_value::<GroupRef>(shown).ok()
        })
        .collect();
    user
}

fn profile(person: &Person) -> User {
    let mut user = User::new(&person.email);
    user.id = person.tag.as_str().parse().ok();
    user.external_id.clone_from(&person.external_id);
    let formatted = person.formatted();
    user.display_name =
        person.display_name.clone().or_else(|| formatted.clone()).or_else(|| Some(person.email.clone()));
    if formatted.is_some() {
        let mut name = Name::default();
        name.formatted = formatted;
        name.given_name.clone_from(&person.given_name);
        name.family_name.clone_from(&person.family_name);
        user.name = Some(name);
    }
    user.emails.push(Email::new(&person.email).with_type("work").primary());
    let mut meta = Meta::default();
    meta.resource_type = Some("User".to_owned());
    user.meta = Some(meta);
    user
}

/// The resource of somebody whose membership has just ended.
fn show_gone(person: &Person) -> User {
    let mut user = profile(person);
    user.active = Some(false);
    user
}

fn list(state: &State, request: &Incoming) -> Outcome {
    let shown = |(person, member): &(&Person, &Membership)| Some(show(state, person, member));
    if let Some(user_name) = equality(request, "userName")? {
        let found: Vec<_> = state.member_by_email(&user_name).into_iter().collect();
        page(request, state.switches, &found, shown)
    } else {
        let all: Vec<_> =
            state.members.values().filter_map(|member| Some((state.person(&member.tag)?, member))).collect();
        page(request, state.switches, &all, shown)
    }
}

/// What a body says of a person's profile.
struct Profile {
    user_name: String,
    given_name: Option<String>,
    family_name: Option<String>,
    display_name: Option<String>,
    external_id: Option<String>,
}

fn read(state: &State, map: &Map<String, Value>, emails_required: bool) -> Result<Profile, ScimError> {
    body::check_schema(map, USER)?;
    if state.switches.unknown_attributes == UnknownAttributes::Refuse
        && let Some(unknown) = map.keys().find(|key| !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(key)))
    {
        let unknown: String = unknown.chars().take(100).collect();
        return Err(bad(ScimType::InvalidSyntax, format!("unknown attribute: {unknown}")));
    }
    let user_name = body::text(map, "userName")?.ok_or_else(|| bad(ScimType::InvalidValue, "userName is required"))?;
    check_user_name(&user_name)?;
    match primary(map)? {
        Some(primary) if !state.same_email(&primary, &user_name) => {
            return Err(bad(ScimType::InvalidValue, "the primary email must match userName"));
        }
        None if emails_required => {
            return Err(bad(ScimType::InvalidValue, "emails must have a primary entry that matches userName"));
        }
        _ => {}
    }
    let empty = Map::new();
    let name = match body::get(map, "name")? {
        Some(Value::Object(name)) => name,
        None => &empty,
        Some(_) => return Err(bad(ScimType::InvalidValue, "name must be an object")),
    };
    Ok(Profile {
        user_name,
        given_name: body::text(name, "givenName")?,
        family_name: body::text(name, "familyName")?,
        display_name: body::text(map, "displayName")?,
        external_id: body::text(map, "externalId")?,
    })
}

fn check_user_name(user_name: &str) -> Result<(), ScimError> {
    if is_email(user_name) {
        return Ok(());
    }
    Err(bad(ScimType::InvalidValue, "userName must be a valid email address"))
}

/// The primary address of a body: the entry that says so, or the only entry.
fn primary(map: &Map<String, Value>) -> Result<Option<String>, ScimError> {
    let wrong = || bad(ScimType::InvalidValue, "emails must be a list of objects with a value");
    let list = match body::get(map, "emails")? {
        None => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong()),
    };
    let entries: Vec<&Map<String, Value>> =
        list.iter().map(|entry| entry.as_object().ok_or_else(wrong)).collect::<Result<_, _>>()?;
    let says = |entry: &&&Map<String, Value>| {
        matches!(body::get(entry, "primary"), Ok(Some(Value::Bool(true))))
            || matches!(body::get(entry, "primary"), Ok(Some(Value::String(text))) if text.eq_ignore_ascii_case("true"))
    };
    let chosen = entries.iter().find(says).or_else(|| entries.first().filter(|_| entries.len() == 1));
    match chosen {
        Some(entry) => Ok(Some(body::text(entry, "value")?.ok_or_else(wrong)?)),
        None => Ok(None),
    }
}

fn create(state: &mut State, request: &Incoming) -> Outcome {
    check_write(state, request)?;
    let map = body::object(request)?;
    let profile = read(state, &map, true)?;
    let active = body::get(&map, "active")?.map(|value| body::as_flag(value, "active", state.switches)).transpose()?;
    if active != Some(true) {
        return Err(bad(ScimType::InvalidValue, "active must be true"));
    }
    let status = match state.switches.scim_member_status {
        ScimMemberStatus::Accepted => MemberStatus::Accepted,
        ScimMemberStatus::Pending => MemberStatus::Pending,
    };
    let person = NewPerson {
        email: profile.user_name,
        given_name: profile.given_name,
        family_name: profile.family_name,
        display_name: profile.display_name,
        external_id: profile.external_id,
    };
    let tag = state.enrol(person, status).map_err(|refusal| refused(&refusal, state.switches))?;
    let (person, member) = find(state, tag.as_str())?;
    Ok(created(&show(state, person, member), tag.as_str()))
}

/// Ends the membership and shows what was.
fn deprovision(state: &mut State, tag: &UserTag) -> Outcome {
    let person = state.person(tag).cloned().ok_or_else(|| not_found("User", tag.as_str()))?;
    expel(state, tag)?;
    Ok(ok(&show_gone(&person), tag.as_str()))
}

/// Another userName, if nobody else has it.
fn rename(state: &mut State, tag: &UserTag, user_name: &str) -> Result<(), ScimError> {
    if let Some((other, _)) = state.member_by_email(user_name)
        && other.tag != *tag
    {
        return Err(refused(&Refusal::EmailTaken, state.switches));
    }
    let former = state.person_by_email(user_name).map(|person| person.tag.clone()).filter(|other| other != tag);
    if let Some(former) = former {
        // Somebody who is no member any more does not keep the address.
        state.forget_person(&former);
    }
    state.change_email(tag, user_name);
    Ok(())
}

fn replace(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    check_write(state, request)?;
    let map = body::object(request)?;
    let profile = read(state, &map, false)?;
    let active = body::get(&map, "active")?.map(|value| body::as_flag(value, "active", state.switches)).transpose()?;
    let tag = present(state, id, active)?;
    if active == Some(false) {
        return deprovision(state, &tag);
    }
    if state.switches.profile_updates == ProfileUpdates::Apply {
        rename(state, &tag, &profile.user_name)?;
        if let Some(person) = state.person_mut(&tag) {
            person.given_name = profile.given_name;
            person.family_name = profile.family_name;
            person.display_name = profile.display_name;
            person.external_id = profile.external_id;
        }
    }
    let (person, member) = find(state, id)?;
    Ok(ok(&show(state, person, member), id))
}

/// The tag of a member; of somebody who was one, if a write says `active: true` and the switch lets
/// that bring the membership back.
fn present(state: &mut State, id: &str, active: Option<bool>) -> Result<UserTag, ScimError> {
    if let Ok((person, _)) = find(state, id) {
        return Ok(person.tag.clone());
    }
    let former = id.parse().ok().and_then(|tag: UserTag| state.person(&tag).cloned());
    match former {
        Some(person) if active == Some(true) && state.switches.reactivation == Reactivation::Restore => {
            state.reinstate(&person.tag);
            Ok(person.tag)
        }
        _ => Err(not_found("User", id)),
    }
}

/// What a PATCH makes of a user: only `replace` has an effect.
#[derive(Default)]
struct Changes {
    active: Option<bool>,
    user_name: Option<String>,
    /// Empty: none.
    given_name: Option<String>,
    /// Empty: none.
    family_name: Option<String>,
}

fn patch(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    check_write(state, request)?;
    let message = super::groups::read_patch(state, request)?;
    let changes = changes(state, &message)?;
    if let Some(user_name) = &changes.user_name {
        check_user_name(user_name)?;
    }
    let tag = present(state, id, changes.active)?;
    if changes.active == Some(false) {
        return deprovision(state, &tag);
    }
    if state.switches.profile_updates == ProfileUpdates::Apply {
        if let Some(user_name) = &changes.user_name {
            rename(state, &tag, user_name)?;
        }
        if let Some(person) = state.person_mut(&tag) {
            if let Some(name) = changes.given_name {
                person.given_name = Some(name).filter(|name| !name.is_empty());
            }
            if let Some(name) = changes.family_name {
                person.family_name = Some(name).filter(|name| !name.is_empty());
            }
        }
    }
    let (person, member) = find(state, id)?;
    Ok(ok(&show(state, person, member), id))
}

fn changes(state: &State, message: &PatchOp) -> Result<Changes, ScimError> {
    let mut changes = Changes::default();
    for operation in &message.operations {
        if operation.op != Op::Replace {
            // Accepted without effect, as documented.
            continue;
        }
        let value = operation.value.as_ref().unwrap_or(&Value::Null);
        if let Some(path) = &operation.path {
            one_change(state, &mut changes, path, value)?;
            continue;
        }
        let map = value.as_object();
        let map =
            map.ok_or_else(|| bad(ScimType::InvalidValue, "without a path the value must be an object of attributes"))?;
        for (name, value) in map {
            // Keys like `name.givenName` come from Entra.
            match name.parse::<PatchPath>() {
                Ok(path) => one_change(state, &mut changes, &path, value)?,
                Err(_) => unknown(state, name)?,
            }
        }
    }
    Ok(changes)
}

fn one_change(state: &State, changes: &mut Changes, path: &PatchPath, value: &Value) -> Result<(), ScimError> {
    let attribute = path.attribute().name().to_ascii_lowercase();
    let sub = path.sub().map(str::to_ascii_lowercase);
    let optional = |value: &Value, name: &str| match value {
        Value::Null => Ok(String::new()),
        value => body::as_text(value, name),
    };
    match (attribute.as_str(), sub.as_deref(), path.filter()) {
        ("active", None, None) => changes.active = Some(body::as_flag(value, "active", state.switches)?),
        ("username", None, None) => changes.user_name = Some(body::as_text(value, "userName")?),
        ("name", Some("givenname"), None) => changes.given_name = Some(optional(value, "name.givenName")?),
        ("name", Some("familyname"), None) => changes.family_name = Some(optional(value, "name.familyName")?),
        ("name", None, None) => {
            let name = value.as_object().ok_or_else(|| bad(ScimType::InvalidValue, "name must be an object"))?;
            for (part, target) in [("givenName", &mut changes.given_name), ("familyName", &mut changes.family_name)] {
                if let Some(value) = body::get(name, part)? {
                    *target = Some(optional(value, part)?);
                }
            }
        }
        // The documented alias of userName.
        ("emails", Some("value"), Some(filter)) if is_work(filter) => {
            changes.user_name = Some(body::as_text(value, "emails.value")?);
        }
        _ => return unknown(state, &path.to_string()),
    }
    Ok(())
}

/// `type eq "work"`.
fn is_work(filter: &Filter) -> bool {
    matches!(filter, Filter::Compare(it) if it.op == CompareOp::Eq
        && it.path.name().eq_ignore_ascii_case("type")
        && matches!(&it.value, Literal::String(value) if value.eq_ignore_ascii_case("work")))
}

/// An attribute that PATCH does not change.
fn unknown(state: &State, name: &str) -> Result<(), ScimError> {
    let name: String = name.chars().take(100).collect();
    let known = KNOWN.iter().any(|known| known.eq_ignore_ascii_case(&name));
    if known || state.switches.unknown_attributes == UnknownAttributes::Ignore {
        return Ok(());
    }
    Err(bad(ScimType::InvalidPath, format!("unknown attribute: {name}")))
}

impl State {
    /// Brings a membership back, with a new id and "Minimal Account Access".
    fn reinstate(&mut self, tag: &UserTag) {
        let policies = self.account_policy([catalogue::MINIMAL]).into_iter().collect();
        let id = self.new_id();
        self.put_membership(Membership {
            id,
            tag: tag.clone(),
            status: MemberStatus::Accepted,
            policies,
            granted: std::collections::BTreeSet::new(),
        });
    }
}
