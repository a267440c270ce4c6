//! Tokens, roles, events and the version.

use std::collections::BTreeSet;

use http::Method;
use jiff::SignedDuration;

use super::super::ids;
use super::super::json::{Json, object};
use super::super::state::{Event, Role, Token};
use super::fields::Fields;
use super::lists::{self, Key};
use super::reply::{Answer, Outcome};
use super::users::autocomplete;
use super::{Call, render};

const AUTOCOMPLETE: &str = include_str!("../data/autocomplete-events.json");

/// The apps and codenames that facts §9 names, as far as `assign` knows them.
const MODELS: &[(&str, &[&str])] = &[
    ("authentik_providers_scim", &["scimprovider", "scimmapping", "scimprovideruser", "scimprovidergroup"]),
    ("authentik_core", &["user", "group", "application", "propertymapping", "token"]),
    ("authentik_policies", &["policybinding"]),
    ("authentik_tasks", &["task"]),
    ("authentik_events", &["event"]),
];
const OTHERS: &[&str] = &[
    "authentik_core.add_user_to_group",
    "authentik_core.remove_user_from_group",
    "authentik_core.view_token_key",
    "authentik_core.enable_group_superuser",
    "authentik_core.reset_user_password",
    "authentik_tasks_schedules.view_schedule",
    "authentik_tasks_schedules.change_schedule",
    "authentik_tasks_schedules.send_schedule",
    "authentik_tasks.retry_task",
];

fn is_permission(permission: &str) -> bool {
    let Some((app, codename)) = permission.split_once('.') else { return false };
    let Some((verb, model)) = codename.split_once('_') else { return false };
    OTHERS.contains(&permission)
        || (matches!(verb, "add" | "view" | "change" | "delete")
            && MODELS.iter().any(|(known, models)| *known == app && models.contains(&model)))
}

pub(crate) fn version(call: &Call<'_>) -> Answer {
    Answer::ok(object! {
        "version_current" => call.state.switches.profile().version(),
        "version_latest" => "0.0.0",
        "version_latest_valid" => false,
        "build_hash" => "",
        "outdated" => false,
        "outpost_outdated" => false,
    })
}

/// `GET /root/config/`: the one view that asks for no credentials.
pub(crate) fn root_config() -> Answer {
    Answer::ok(object! {
        "error_reporting" => object! {
            "enabled" => false,
            "sentry_dsn" => "",
            "environment" => "customer",
            "send_pii" => false,
            "traces_sample_rate" => Json::Plain(0.1.into()),
        },
        "capabilities" => Json::list(["can_save_media", "can_impersonate"]),
        "cache_timeout" => 300_i64,
        "cache_timeout_flows" => 300_i64,
        "cache_timeout_policies" => 300_i64,
    })
}

pub(crate) fn tokens(call: &mut Call<'_>) -> Outcome {
    if call.method == Method::POST {
        return create_token(call);
    }
    let query = &call.query;
    let found: Vec<&Token> = call
        .state
        .tokens
        .iter()
        .filter(|token| {
            (call.caller.may("authentik_core.view_token") || token.user == call.caller.pk)
                && query.get("identifier").is_none_or(|identifier| token.identifier == identifier)
                && query.get("intent").is_none_or(|intent| token.intent == intent)
                && query.search_matches(&[("identifier", &token.identifier), ("description", &token.description)])
        })
        .collect();
    let key = |token: &&Token, name: &str| match name {
        "identifier" => Some(Key::from(token.identifier.as_str())),
        "expires" => Some(Key::Number(token.expires.as_microsecond())),
        _ => None,
    };
    lists::page(query, found, "identifier", key, |token| render::token(call.state, token), lists::nothing())
}

/// Without `expiring: false` a token dies after 30 minutes, whatever `expires` says (G30).
fn create_token(call: &mut Call<'_>) -> Outcome {
    let state = &*call.state;
    let mut fields = Fields::new(&call.body, false);
    let identifier = fields.text("identifier", true, false, 255);
    if let Some(identifier) = &identifier {
        let slug = identifier.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !slug {
            let message = "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.";
            fields.error("identifier", message);
        } else if state.tokens.iter().any(|token| token.identifier == *identifier) {
            fields.error("identifier", "Token with this identifier already exists.");
        }
    }
    let intent = fields.choice("intent", false, &["verification", "api", "recovery", "app_password"]);
    let user = fields.pk("user", false, |pk| state.users.contains_key(&pk)).flatten();
    let description = fields.text("description", false, true, 10_000);
    let expiring = fields.flag("expiring").unwrap_or(true);
    fields.finish()?;
    // Only a superuser makes tokens for others.
    let user = user.filter(|_| call.caller.superuser).unwrap_or(call.caller.pk);
    let now = call.clock.now();
    let token = Token {
        pk: call.state.ids.uuid(),
        identifier: identifier.unwrap_or_default(),
        intent: intent.unwrap_or_else(|| "api".to_owned()),
        user,
        key: call.state.ids.key(),
        description: description.unwrap_or_default(),
        expires: now.checked_add(SignedDuration::from_mins(30)).unwrap_or(now),
        expiring,
        own: !call.caller.superuser,
    };
    if token.own {
        own_role(call);
    }
    let body = render::token(call.state, &token);
    call.state.tokens.push(token);
    Ok(Answer::created(body))
}

/// The managed role by which a user who makes a token may see its key (G30, G11).
fn own_role(call: &mut Call<'_>) {
    let user = call.caller.pk;
    let name = format!("ak-managed-role--user-{user}");
    if !call.state.roles.values().any(|role| role.name == name) {
        let pk = call.state.ids.uuid();
        let role = Role { pk: pk.clone(), name, permissions: BTreeSet::new(), users: BTreeSet::from([user]) };
        call.state.roles.insert(pk, role);
    }
}

fn find_token(call: &Call<'_>, identifier: &str) -> Result<usize, Answer> {
    let found = call.state.tokens.iter().position(|token| token.identifier == identifier);
    let index = found.ok_or_else(|| Answer::no_match("Token"))?;
    let own = call.state.tokens.get(index).is_some_and(|token| token.user == call.caller.pk);
    if own || call.caller.may("authentik_core.view_token") { Ok(index) } else { Err(Answer::forbidden()) }
}

pub(crate) fn token(call: &mut Call<'_>, identifier: &str) -> Outcome {
    let index = find_token(call, identifier)?;
    if call.method == Method::DELETE {
        call.state.tokens.remove(index);
        return Ok(Answer::no_content());
    }
    if call.method != Method::GET {
        let mut fields = Fields::new(&call.body, true);
        let description = fields.text("description", false, true, 10_000);
        let expiring = fields.flag("expiring");
        fields.finish()?;
        if let Some(token) = call.state.tokens.get_mut(index) {
            token.description = description.unwrap_or_else(|| std::mem::take(&mut token.description));
            token.expiring = expiring.unwrap_or(token.expiring);
        }
    }
    let token = call.state.tokens.get(index).ok_or_else(|| Answer::no_match("Token"))?;
    Ok(Answer::ok(render::token(call.state, token)))
}

pub(crate) fn token_key(call: &mut Call<'_>, identifier: &str) -> Outcome {
    let index = find_token(call, identifier)?;
    let token = call.state.tokens.get(index).ok_or_else(|| Answer::no_match("Token"))?;
    if !(token.own || call.caller.may("authentik_core.view_token_key")) {
        return Err(Answer::forbidden());
    }
    Ok(Answer::ok(object! { "key" => &token.key }))
}

pub(crate) fn events(call: &mut Call<'_>) -> Outcome {
    if call.method == Method::POST {
        return create_event(call);
    }
    let query = &call.query;
    let found: Vec<&Event> = call
        .state
        .events
        .iter()
        .filter(|event| {
            query.get("action").is_none_or(|action| event.action == action)
                && query.search_matches(&[("action", &event.action), ("app", &event.app)])
        })
        .collect();
    let key = |event: &&Event, name: &str| match name {
        "created" => Some(Key::Number(event.created.as_microsecond())),
        "action" => Some(Key::from(event.action.as_str())),
        _ => None,
    };
    lists::page(query, found, "-created", key, |event| render::event(event), autocomplete(AUTOCOMPLETE))
}

fn create_event(call: &mut Call<'_>) -> Outcome {
    let mut fields = Fields::new(&call.body, false);
    let action = fields.text("action", true, false, 10_000);
    let app = fields.text("app", true, false, 10_000);
    let context = fields.dictionary("context").unwrap_or_default();
    fields.finish()?;
    let event = Event {
        pk: call.state.ids.uuid(),
        action: action.unwrap_or_default(),
        app: app.unwrap_or_default(),
        context: Json::from(&context),
        created: call.clock.now(),
    };
    let body = render::event(&event);
    call.state.events.push(event);
    Ok(Answer::created(body))
}

pub(crate) fn event(call: &mut Call<'_>, id: &str) -> Outcome {
    if !ids::is_uuid(id) {
        return Err(Answer::not_found());
    }
    let id = ids::canonical_uuid(id);
    let event = call.state.events.iter().find(|event| event.pk == id).ok_or_else(|| Answer::no_match("Event"))?;
    if call.method == Method::DELETE {
        call.state.events.retain(|event| event.pk != id);
        return Ok(Answer::no_content());
    }
    if call.method != Method::GET {
        // An event's members are not changed by anybody here.
        return Err(Answer::crash());
    }
    Ok(Answer::ok(render::event(event)))
}

fn role_body(role: &Role) -> Json {
    object! { "pk" => &role.pk, "name" => &role.name }
}

pub(crate) fn roles(call: &mut Call<'_>) -> Outcome {
    if call.method == Method::GET {
        let query = &call.query;
        let found: Vec<&Role> = call
            .state
            .roles
            .values()
            .filter(|role| {
                query.get("name").is_none_or(|name| role.name == name) && query.search_matches(&[("name", &role.name)])
            })
            .collect();
        let key = |role: &&Role, name: &str| (name == "name").then(|| Key::from(role.name.as_str()));
        return lists::page(query, found, "name", key, |role| role_body(role), lists::nothing());
    }
    let mut fields = Fields::new(&call.body, false);
    let name = fields.text("name", true, false, 150);
    if let Some(name) = &name
        && call.state.roles.values().any(|role| role.name == *name)
    {
        fields.error("name", "Role with this name already exists.");
    }
    fields.finish()?;
    let pk = call.state.ids.uuid();
    let role =
        Role { pk: pk.clone(), name: name.unwrap_or_default(), permissions: BTreeSet::new(), users: BTreeSet::new() };
    let body = role_body(&role);
    call.state.roles.insert(pk, role);
    Ok(Answer::created(body))
}

fn find_role(call: &Call<'_>, id: &str) -> Result<String, Answer> {
    if !ids::is_uuid(id) {
        return Err(Answer::not_found());
    }
    let pk = ids::canonical_uuid(id);
    if call.state.roles.contains_key(&pk) { Ok(pk) } else { Err(Answer::no_match("Role")) }
}

pub(crate) fn role(call: &mut Call<'_>, id: &str) -> Outcome {
    let pk = find_role(call, id)?;
    if call.method == Method::DELETE {
        call.state.roles.remove(&pk);
        return Ok(Answer::no_content());
    }
    if call.method != Method::GET {
        let mut fields = Fields::new(&call.body, call.is_patch());
        let name = fields.text("name", true, false, 150);
        fields.finish()?;
        if let (Some(role), Some(name)) = (call.state.roles.get_mut(&pk), name) {
            role.name = name;
        }
    }
    let role = call.state.roles.get(&pk).ok_or_else(|| Answer::no_match("Role"))?;
    Ok(Answer::ok(role_body(role)))
}

pub(crate) fn role_add_user(call: &mut Call<'_>, id: &str, add: bool) -> Outcome {
    let pk = find_role(call, id)?;
    let mut fields = Fields::new(&call.body, false);
    let user = fields.integer("pk", true, None);
    fields.finish()?;
    let user = user.filter(|user| call.state.users.contains_key(user)).ok_or_else(Answer::not_found)?;
    if let Some(role) = call.state.roles.get_mut(&pk) {
        if add {
            role.users.insert(user);
        } else {
            role.users.remove(&user);
        }
    }
    Ok(Answer::no_content())
}

/// `POST /rbac/permissions/assigned_by_roles/{role}/assign/`: an unknown permission is a crash, and
/// so is `add_schedule`, which cannot be granted (G20).
pub(crate) fn assign(call: &mut Call<'_>, id: &str) -> Outcome {
    let pk = find_role(call, id)?;
    let listed = call.body.get("permissions").and_then(serde_json::Value::as_array);
    let listed = listed.ok_or_else(|| Answer::field("permissions", "This field is required."))?;
    let names: Vec<String> = listed.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    if names.len() != listed.len() || !names.iter().all(|name| is_permission(name)) {
        return Err(Answer::crash());
    }
    let first = call.state.next_permission;
    call.state.next_permission += i64::try_from(names.len()).unwrap_or_default();
    let ids = (first..).zip(&names).map(|(id, _)| object! { "id" => id.to_string() });
    let body = Json::list(ids);
    if let Some(role) = call.state.roles.get_mut(&pk) {
        role.permissions.extend(names);
    }
    Ok(Answer::ok(body))
}
