//! Cloudflare's rules for `/Users` (8 to 14).

use scim_core::filter::{CompareOp, Filter, Literal};
use scim_core::message::{ScimError, ScimType};
use scim_core::patch::{Op, PatchOp, PatchOptions};
use scim_core::path::PatchPath;
use scim_core::provider::{Need, Written};
use scim_core::quirk::Quirks;
use scim_core::resource::{Email, GroupRef, Name, User};
use serde_json::{Map, Value};

use super::super::catalogue;
use super::super::groups::SYSTEM_PREFIX;
use super::super::http::Incoming;
use super::super::people::NewPerson;
use super::super::state::{Membership, Person, Refusal, State};
use super::super::switches::{DirectRights, ProfileUpdates, Reactivation, ScimMemberStatus, UnknownAttributes};
use super::super::v4_members::is_email;
use super::{bad, not_found, refused, values};
use crate::{MemberStatus, UserTag};

/// The attributes of a resource.
pub(super) const ATTRIBUTES: [&str; 7] =
    ["externalId", "userName", "name", "displayName", "active", "emails", "groups"];

/// The attributes of a body that mean something or are readOnly; all others are unknown.
const KNOWN: [&str; 10] =
    ["schemas", "id", "externalId", "userName", "name", "displayName", "active", "emails", "groups", "meta"];

/// The member of this tag.
pub(super) fn find<'a>(state: &'a State, id: &str) -> Option<(&'a Person, &'a Membership)> {
    let tag: UserTag = id.parse().ok()?;
    Some((state.person(&tag)?, state.membership_of(&tag)?))
}

fn expect<'a>(state: &'a State, id: &str) -> Result<(&'a Person, &'a Membership), ScimError> {
    find(state, id).ok_or_else(|| not_found("User", id))
}

fn expel(state: &mut State, tag: &UserTag) -> Result<(), ScimError> {
    state.expel(tag).map_err(|refusal| refused(&refusal, state.switches))
}

/// The resource: what Cloudflare keeps of a person, and nothing else that was sent.
pub(super) fn value(state: &State, person: &Person, member: &Membership, need: &Need) -> Value {
    let mut user = profile(person);
    user.active = Some(true);
    if need.wants("groups") {
        let system = state.system_groups().filter(|known| {
            member.granted.contains(known.id)
                || (state.switches.direct_rights == DirectRights::Shown && state.holds(member, known))
        });
        let system = system.map(|known| (format!("{SYSTEM_PREFIX}{}", known.id), state.system_group_name(known)));
        let custom = state.groups_of(&person.tag).map(|group| (group.id.to_string(), group.name.clone()));
        let reference = |(id, name): (String, String)| {
            let mut group = GroupRef::new(id.parse().ok()?);
            group.display = Some(name.into());
            Some(group)
        };
        user.groups = system.chain(custom).filter_map(reference).collect();
    }
    as_value(&user)
}

fn as_value(user: &User) -> Value {
    // Texts, lists and objects with text keys always serialise.
    serde_json::to_value(user).unwrap_or_default()
}

fn profile(person: &Person) -> User {
    let mut user = User::new(&person.email);
    user.id = person.tag.as_str().parse().ok();
    user.external_id = person.external_id.as_deref().map(Into::into);
    let formatted = person.formatted();
    user.display_name = Some(person.display_name.as_ref().or(formatted.as_ref()).unwrap_or(&person.email).into());
    if formatted.is_some() {
        let mut name = Name::default();
        name.formatted = formatted.map(Into::into);
        name.given_name = person.given_name.as_deref().map(Into::into);
        name.family_name = person.family_name.as_deref().map(Into::into);
        user.name = Some(name);
    }
    user.emails.push(Email::new(&person.email).with_type("work").primary());
    user
}

/// The resource of somebody whose membership has just ended.
fn value_gone(person: &Person) -> Value {
    let mut user = profile(person);
    user.active = Some(false);
    as_value(&user)
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
    let user_name =
        values::text(map, "userName")?.ok_or_else(|| bad(ScimType::InvalidValue, "userName is required"))?;
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
    let name = match values::get(map, "name")? {
        Some(Value::Object(name)) => name,
        None => &empty,
        Some(_) => return Err(bad(ScimType::InvalidValue, "name must be an object")),
    };
    Ok(Profile {
        user_name,
        given_name: values::text(name, "givenName")?,
        family_name: values::text(name, "familyName")?,
        display_name: values::text(map, "displayName")?,
        external_id: values::text(map, "externalId")?,
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
    let list = match values::get(map, "emails")? {
        None => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong()),
    };
    let entries: Vec<&Map<String, Value>> =
        list.iter().map(|entry| entry.as_object().ok_or_else(wrong)).collect::<Result<_, _>>()?;
    let says = |entry: &&&Map<String, Value>| {
        matches!(values::get(entry, "primary"), Ok(Some(Value::Bool(true))))
            || matches!(values::get(entry, "primary"), Ok(Some(Value::String(text))) if text.eq_ignore_ascii_case("true"))
    };
    let chosen = entries.iter().find(says).or_else(|| entries.first().filter(|_| entries.len() == 1));
    match chosen {
        Some(entry) => Ok(Some(values::text(entry, "value")?.ok_or_else(wrong)?)),
        None => Ok(None),
    }
}

/// Rule 8.
pub(super) fn insert(state: &mut State, map: &Map<String, Value>) -> Result<Written, ScimError> {
    let profile = read(state, map, true)?;
    if map.get("active") != Some(&Value::Bool(true)) {
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
    Written::unchanged(tag.as_str())
}

/// Ends the membership and shows what was.
fn deprovision(state: &mut State, tag: &UserTag) -> Result<Written, ScimError> {
    let person = state.person(tag).cloned().ok_or_else(|| not_found("User", tag.as_str()))?;
    expel(state, tag)?;
    Ok(Written::unchanged(tag.as_str())?.showing(value_gone(&person)))
}

/// Rule 14.
pub(super) fn remove(state: &mut State, id: &str) -> Result<(), ScimError> {
    let tag = expect(state, id)?.0.tag.clone();
    expel(state, &tag)
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

/// Rule 10.
pub(super) fn replace(state: &mut State, id: &str, map: &Map<String, Value>) -> Result<Written, ScimError> {
    let profile = read(state, map, false)?;
    let active = map.get("active").and_then(Value::as_bool);
    let tag = expect(state, id)?.0.tag.clone();
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
    Written::unchanged(id)
}

/// Brings a membership back before a write that says `active: true` of somebody who was a member, if
/// the switch lets it (rule 12). Who it was, so that a refused write can take it back.
pub(super) fn restore(state: &mut State, request: &Incoming, path: &[&str]) -> Option<UserTag> {
    let ["Users", id] = path else { return None };
    if state.switches.reactivation != Reactivation::Restore || find(state, id).is_some() {
        return None;
    }
    let tag: UserTag = id.parse().ok()?;
    state.person(&tag)?;
    let active = match request.method.as_str() {
        "PUT" => serde_json::from_slice::<Map<String, Value>>(&request.body).ok()?.get("active")?.as_bool(),
        "PATCH" => {
            let message = PatchOp::from_json(&request.body, &PatchOptions::new(Quirks::CLOUDFLARE)).ok()?;
            changes(state, &message).ok()?.active
        }
        _ => None,
    };
    if active != Some(true) {
        return None;
    }
    state.reinstate(&tag);
    Some(tag)
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

/// Rule 11.
pub(super) fn patch(state: &mut State, id: &str, message: &PatchOp) -> Result<Written, ScimError> {
    let changes = changes(state, message)?;
    if let Some(user_name) = &changes.user_name {
        check_user_name(user_name)?;
    }
    let tag = expect(state, id)?.0.tag.clone();
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
    Written::unchanged(id)
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
        value => values::as_text(value, name),
    };
    match (attribute.as_str(), sub.as_deref(), path.filter()) {
        ("active", None, None) => changes.active = Some(values::as_flag(value, "active", state.switches)?),
        ("username", None, None) => changes.user_name = Some(values::as_text(value, "userName")?),
        ("name", Some("givenname"), None) => changes.given_name = Some(optional(value, "name.givenName")?),
        ("name", Some("familyname"), None) => changes.family_name = Some(optional(value, "name.familyName")?),
        ("name", None, None) => {
            let name = value.as_object().ok_or_else(|| bad(ScimType::InvalidValue, "name must be an object"))?;
            for (part, target) in [("givenName", &mut changes.given_name), ("familyName", &mut changes.family_name)] {
                if let Some(value) = values::get(name, part)? {
                    *target = Some(optional(value, part)?);
                }
            }
        }
        // The documented alias of userName.
        ("emails", Some("value"), Some(filter)) if is_work(filter) => {
            changes.user_name = Some(values::as_text(value, "emails.value")?);
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
        let policies = vec![self.account_policy([catalogue::MINIMAL])];
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
