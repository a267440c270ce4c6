//! `/core/users/`.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::super::engine::payload::is_email;
use super::super::ids;
use super::super::json::{Json, object};
use super::super::state::{ObjectPk, Token, User};
use super::fields::Fields;
use super::lists::{self, Key};
use super::reply::{Answer, Outcome};
use super::{Call, render};

const TYPES: &[&str] = &["internal", "external", "service_account", "internal_service_account"];
const AUTOCOMPLETE: &str = include_str!("../data/autocomplete-users.json");

/// A constant document from the recordings.
pub(super) fn autocomplete(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| lists::nothing())
}

pub(crate) fn me(call: &mut Call<'_>) -> Outcome {
    let user = call.state.users.get(&call.caller.pk).ok_or_else(|| Answer::no_match("User"))?;
    Ok(Answer::ok(render::me(call.state, user)))
}

pub(crate) fn list_or_create(call: &mut Call<'_>) -> Outcome {
    if call.method == Method::POST { create(call) } else { list(call) }
}

/// The user of an id in the path.
fn find(call: &Call<'_>, id: &str) -> Result<i64, Answer> {
    let pk: i64 = id.parse().map_err(|_| Answer::not_found())?;
    if call.state.users.contains_key(&pk) { Ok(pk) } else { Err(Answer::no_match("User")) }
}

fn list(call: &Call<'_>) -> Outcome {
    let query = &call.query;
    let uuid = query.uuid("uuid")?;
    let kinds = query.choices("type", TYPES)?;
    let mut groups = Vec::new();
    for text in query.all("groups_by_pk") {
        if !ids::is_uuid(text) {
            return Err(Answer::field("groups_by_pk", format!("“{text}” is not a valid UUID.")));
        }
        let Some(group) = call.state.groups.get(&ids::canonical_uuid(text)) else {
            let message = format!("Select a valid choice. {text} is not one of the available choices.");
            return Err(Answer::field("groups_by_pk", message));
        };
        groups.push(group);
    }
    let names: Vec<&str> = query.all("groups_by_name").collect();
    let by_name: Vec<_> = call.state.groups.values().filter(|group| names.contains(&group.name.as_str())).collect();
    if let Some(missing) = names.iter().find(|name| !by_name.iter().any(|group| group.name == **name)) {
        let message = format!("Select a valid choice. {missing} is not one of the available choices.");
        return Err(Answer::field("groups_by_name", message));
    }
    let is = |wanted: Option<&str>, text: &str| wanted.is_none_or(|wanted| wanted == text);
    let users: Vec<&User> = call
        .state
        .users
        .values()
        .filter(|user| {
            is(query.get("username"), &user.username)
                && is(query.get("name"), &user.name)
                && is(query.get("email"), &user.email)
                && is(query.get("path"), &user.path)
                && query.get("path_startswith").is_none_or(|prefix| user.path.starts_with(prefix))
                && uuid.as_ref().is_none_or(|uuid| user.uuid == *uuid)
                && (kinds.is_empty() || kinds.contains(&user.kind))
                && query.flag("is_active").is_none_or(|active| user.is_active == active)
                && query.flag("is_superuser").is_none_or(|wanted| call.state.is_superuser(user.pk) == wanted)
                && (groups.is_empty() || groups.iter().any(|group| group.users.contains(&user.pk)))
                && (names.is_empty() || by_name.iter().any(|group| group.users.contains(&user.pk)))
                && query.search_matches(&[
                    ("username", &user.username),
                    ("name", &user.name),
                    ("email", &user.email),
                    ("uuid", &user.uuid),
                ])
        })
        .collect();
    let include = query.flag("include_groups").unwrap_or(true);
    let key = |user: &&User, name: &str| {
        Some(match name {
            "username" => user.username.as_str().into(),
            "name" => user.name.as_str().into(),
            "email" => user.email.as_str().into(),
            "pk" | "id" => Key::Number(user.pk),
            "is_active" => Key::Flag(user.is_active),
            "type" => user.kind.as_str().into(),
            "path" => user.path.as_str().into(),
            "date_joined" => Key::Number(user.date_joined.as_microsecond()),
            "last_updated" => Key::Number(user.last_updated.as_microsecond()),
            _ => return None,
        })
    };
    lists::page(
        query,
        users,
        "username",
        key,
        |user| render::user(call.state, user, include),
        autocomplete(AUTOCOMPLETE),
    )
}

/// The members of a user's body that were given and are valid.
struct Given {
    username: Option<String>,
    name: Option<String>,
    email: Option<String>,
    is_active: Option<bool>,
    kind: Option<String>,
    path: Option<String>,
    attributes: Option<Map<String, Value>>,
    groups: Option<Vec<String>>,
    roles: Option<Vec<String>>,
}

fn read(call: &Call<'_>, own: Option<i64>) -> Result<Given, Answer> {
    let mut fields = Fields::new(&call.body, call.is_patch());
    let username = fields.text("username", true, false, 150);
    if let Some(username) = &username {
        let taken = call.state.users.named(username).is_some_and(|user| Some(user.pk) != own);
        if taken {
            fields.error("username", "This field must be unique.");
        }
    }
    let name = fields.text("name", true, true, 10_000);
    let is_active = fields.flag("is_active");
    let groups = fields.uuids("groups", |pk| call.state.groups.contains_key(pk));
    let roles = fields.uuids("roles", |pk| call.state.roles.contains_key(pk));
    let email = fields.text("email", false, true, 254);
    if email.as_ref().is_some_and(|email| !email.is_empty() && !is_email(email)) {
        fields.error("email", "Enter a valid email address.");
    }
    let attributes = fields.dictionary("attributes");
    let path = fields.text("path", false, false, 10_000);
    if let Some(path) = &path {
        if path.starts_with('/') || path.ends_with('/') {
            fields.error("path", "No leading or trailing slashes allowed.");
        } else if path.split('/').any(str::is_empty) {
            fields.error("path", "No empty segments in user path allowed.");
        }
    }
    let kind = fields.choice("type", false, TYPES);
    fields.finish()?;
    Ok(Given { username, name, email, is_active, kind, path, attributes, groups, roles })
}

fn new_user(call: &mut Call<'_>, username: String, name: String) -> User {
    let now = call.clock.now();
    let pk = call.state.next_user;
    call.state.next_user += 1;
    User {
        pk,
        username,
        name,
        email: String::new(),
        is_active: true,
        kind: "internal".to_owned(),
        path: "users".to_owned(),
        attributes: Map::new(),
        uid: ids::uid(pk, &call.state.installation),
        uuid: call.state.ids.uuid(),
        date_joined: now,
        password_change_date: now,
        last_updated: now,
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let given = read(call, None)?;
    let user = new_user(call, given.username.clone().unwrap_or_default(), given.name.clone().unwrap_or_default());
    let pk = user.pk;
    call.state.users.insert(user);
    let groups = apply(call, pk, given);
    // The signal of the user's save comes first; in scope or not is decided with the groups set,
    // the membership itself races with the POST.
    call.state.object_saved(call.clock, &ObjectPk::User(pk));
    for group in groups.0 {
        call.state.members_changed(call.clock, &group, true, &[pk], true);
    }
    shown(call, pk).map(Answer::created)
}

/// Writes what was given; returns the groups that were joined and left.
fn apply(call: &mut Call<'_>, pk: i64, given: Given) -> (Vec<String>, Vec<String>) {
    let now = call.clock.now();
    call.state.users.change(pk, |user| {
        user.last_updated = now;
        let set = |field: &mut String, value: Option<String>| {
            if let Some(value) = value {
                *field = value;
            }
        };
        set(&mut user.username, given.username);
        set(&mut user.name, given.name);
        set(&mut user.email, given.email);
        set(&mut user.kind, given.kind);
        set(&mut user.path, given.path);
        user.is_active = given.is_active.unwrap_or(user.is_active);
        user.attributes = given.attributes.unwrap_or_else(|| std::mem::take(&mut user.attributes));
    });
    if let Some(roles) = given.roles {
        for role in call.state.roles.values_mut() {
            if roles.contains(&role.pk) {
                role.users.insert(pk);
            } else {
                role.users.remove(&pk);
            }
        }
    }
    let (mut joined, mut left) = (Vec::new(), Vec::new());
    if let Some(groups) = given.groups {
        for group in call.state.groups.values_mut() {
            if groups.contains(&group.pk) {
                if group.users.insert(pk) {
                    joined.push(group.pk.clone());
                }
            } else if group.users.remove(&pk) {
                left.push(group.pk.clone());
            }
        }
    }
    (joined, left)
}

fn shown(call: &Call<'_>, pk: i64) -> Result<Json, Answer> {
    let user = call.state.users.get(&pk).ok_or_else(|| Answer::no_match("User"))?;
    Ok(render::user(call.state, user, call.query.flag("include_groups").unwrap_or(true)))
}

pub(crate) fn one(call: &mut Call<'_>, id: &str) -> Outcome {
    let pk = find(call, id)?;
    match call.method {
        Method::GET => shown(call, pk).map(Answer::ok),
        Method::DELETE => {
            call.state.object_deleted(call.clock, &ObjectPk::User(pk));
            call.state.users.remove(pk);
            for group in call.state.groups.values_mut() {
                group.users.remove(&pk);
            }
            for role in call.state.roles.values_mut() {
                role.users.remove(&pk);
            }
            call.state.tokens.retain(|token| token.user != pk);
            call.state.bindings.retain(|binding| binding.subject != super::super::state::Subject::User(pk));
            Ok(Answer::no_content())
        }
        _ => {
            let given = read(call, Some(pk))?;
            let (joined, left) = apply(call, pk, given);
            call.state.object_saved(call.clock, &ObjectPk::User(pk));
            for group in joined {
                call.state.members_changed(call.clock, &group, true, &[pk], false);
            }
            for group in left {
                call.state.members_changed(call.clock, &group, false, &[pk], false);
            }
            shown(call, pk).map(Answer::ok)
        }
    }
}

/// `POST /core/users/service_account/`: yields an app password, useless for the API.
pub(crate) fn service_account(call: &mut Call<'_>) -> Outcome {
    let mut fields = Fields::new(&call.body, false);
    let name = fields.text("name", true, false, 150);
    let create_group = fields.flag("create_group").unwrap_or(false);
    let expiring = fields.flag("expiring").unwrap_or(true);
    if let Some(name) = &name
        && call.state.users.named(name).is_some()
    {
        fields.error("name", "User with this username already exists.");
    }
    fields.finish()?;
    let name = name.unwrap_or_default();
    let mut user = new_user(call, name.clone(), name.clone());
    "service_account".clone_into(&mut user.kind);
    "goauthentik.io/service-accounts".clone_into(&mut user.path);
    let (pk, uid) = (user.pk, user.uid.clone());
    call.state.users.insert(user);
    let now = call.clock.now();
    let key = call.state.ids.key();
    let token = Token {
        pk: call.state.ids.uuid(),
        identifier: format!("service-account-{name}-password"),
        intent: "app_password".to_owned(),
        user: pk,
        key: key.clone(),
        description: String::new(),
        expires: now.checked_add(jiff::SignedDuration::from_hours(360 * 24)).unwrap_or(now),
        expiring,
        own: false,
    };
    call.state.tokens.push(token);
    let mut body = object! { "username" => &name, "user_uid" => uid, "user_pk" => pk, "token" => key };
    if create_group {
        let group = super::groups::new_group(call, name, BTreeSet::from([pk]));
        body.push("group_pk", group);
    }
    call.state.object_saved(call.clock, &ObjectPk::User(pk));
    let mut answer = Answer::ok(body);
    answer.status = StatusCode::OK;
    Ok(answer)
}
