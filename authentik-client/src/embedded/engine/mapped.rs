//! From an authentik object to the mapped document: authentik's `to_schema`.

use serde_json::Value;

use super::super::inner::Inner;
use super::super::json::{Json, object};
use super::super::mapping::{MappingInput, MappingUser, Outcome, evaluate};
use super::super::state::{Event, ObjectPk, State, User};
use super::payload;
use super::session::SyncError;
use super::task::Failure;

/// Events that are kept.
const EVENTS: usize = 10_000;

pub(crate) fn mapping_user(user: &User) -> MappingUser {
    MappingUser {
        username: user.username.clone(),
        name: user.name.clone(),
        email: user.email.clone(),
        is_active: user.is_active,
        attributes: user.attributes.clone(),
    }
}

/// How an object is named in logs.
pub(crate) fn display(state: &State, object: &ObjectPk) -> String {
    match object {
        ObjectPk::User(pk) => state.users.get(pk).map_or_else(String::new, |user| user.username.clone()),
        ObjectPk::Group(pk) => state.groups.get(pk).map_or_else(String::new, |group| format!("Group {}", group.name)),
    }
}

/// The `obj` attribute of a log line.
pub(crate) fn described(state: &State, object: &ObjectPk) -> Json {
    match object {
        ObjectPk::User(pk) => state.users.get(pk).map_or(Json::NULL, |user| {
            object! { "pk" => user.pk, "email" => &user.email, "username" => &user.username }
        }),
        ObjectPk::Group(pk) => state.groups.get(pk).map_or(Json::NULL, |group| {
            object! {
                "pk" => group.pk.replace('-', ""),
                "app" => "authentik_core",
                "name" => &group.name,
                "model_name" => "group",
            }
        }),
    }
}

/// Runs the provider's mappings for `object` and validates what they return.
pub(crate) fn map(inner: &Inner, provider: i64, object: &ObjectPk, connected: bool) -> Result<Json, SyncError> {
    inner.with(|state| {
        let now = inner.clock.now();
        let Some(provider) = state.providers.get(&provider) else { return Err(SyncError::Skip) };
        let mut input = MappingInput {
            provider: Some(provider.name.clone()),
            connected: Some(connected),
            ..MappingInput::default()
        };
        let pks = match object {
            ObjectPk::User(pk) => {
                let Some(user) = state.users.get(pk) else { return Err(SyncError::Skip) };
                input.user = Some(mapping_user(user));
                &provider.user_mappings
            }
            ObjectPk::Group(pk) => {
                let Some(group) = state.groups.get(pk) else { return Err(SyncError::Skip) };
                input.group = Some(group.name.clone());
                &provider.group_mappings
            }
        };
        let mut mappings: Vec<_> = state.mappings.iter().filter(|mapping| pks.contains(&mapping.pk)).collect();
        mappings.sort_by(|a, b| a.name.cmp(&b.name));
        let mut result = Json::Object(Vec::new());
        for mapping in mappings {
            match evaluate(&mapping.expression, &inner.closures, &input) {
                Outcome::Value(value) => merge(&mut result, as_members(value)),
                Outcome::Skip => return Err(SyncError::Skip),
                Outcome::Raise { class, text } => {
                    let who = display(state, object);
                    let error = format!("Error , caused by {who} (mapping SCIM Provider Mapping {})", mapping.name);
                    let context = object! {
                        "mapping" => object! {
                            "pk" => mapping.pk.replace('-', ""),
                            "app" => "authentik_providers_scim",
                            "name" => &mapping.name,
                            "model_name" => "scimmapping",
                        },
                        "message" => "Failed to evaluate property-mapping",
                        "exception" => raised(&mapping.name, class, text),
                    };
                    let pk = state.ids.uuid();
                    if state.events.len() >= EVENTS {
                        state.events.remove(0);
                    }
                    state.events.push(Event {
                        pk,
                        action: "configuration_error".to_owned(),
                        app: "authentik.lib.sync.outgoing.base".to_owned(),
                        context,
                        created: now,
                    });
                    return Err(SyncError::Stop(error));
                }
            }
        }
        let who = display(state, object);
        if result == Json::Object(Vec::new()) {
            return Err(SyncError::Stop(format!("Error No mappings configured, caused by {who}")));
        }
        let result = payload::without_nulls(&result);
        let valid = match object {
            ObjectPk::User(_) => payload::check_user(&result),
            ObjectPk::Group(_) => payload::check_group(&result),
        };
        valid.map_err(|invalid| SyncError::Stop(format!("Error {}, caused by {who}", invalid.0)))?;
        Ok(result)
    })
}

/// What an expression raised, as an event tells it (recording H591).
fn raised(mapping: &str, class: String, text: String) -> Json {
    let outer = Failure {
        class: "PropertyMappingExpressionException".to_owned(),
        text: String::new(),
        place: ("iter_eval", 75, "authentik/lib/sync/mapper.py"),
    };
    let cause = Failure { class, text, place: ("handler", 3, "") };
    Json::list([outer.link(outer.place.2, false), cause.link(mapping, true)])
}

/// A dictionary; anything else counts as nothing.
fn as_members(value: Json) -> Vec<(String, Json)> {
    match value {
        Json::Object(members) => members,
        Json::Plain(Value::Object(members)) => members.into_iter().map(|(k, v)| (k, v.into())).collect(),
        _ => Vec::new(),
    }
}

/// Deep merge: objects member by member, lists appended, the later value wins otherwise.
fn merge(base: &mut Json, next: Vec<(String, Json)>) {
    let Json::Object(members) = base else { return };
    for (name, value) in next {
        match members.iter_mut().find(|(known, _)| *known == name) {
            None => members.push((name, value)),
            Some((_, old)) => match (&mut *old, value) {
                (Json::Object(_), Json::Object(inside)) => merge(old, inside),
                (Json::List(items), Json::List(more)) => items.extend(more),
                (_, value) => *old = value,
            },
        }
    }
}
