//! `/providers/scim_users/` and `/providers/scim_groups/`: links can be listed, made and dropped,
//! not changed; nothing is sent.

use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::super::ids;
use super::super::state::{Kind, Link, ObjectPk};
use super::fields::Fields;
use super::lists::{self, Key};
use super::reply::{Answer, Outcome};
use super::{Call, render};

pub(crate) fn list_or_create(call: &mut Call<'_>, kind: Kind) -> Outcome {
    if call.method == Method::POST {
        return create(call, kind);
    }
    let query = &call.query;
    let provider = query.number("provider__id")?;
    let (object, name) = match kind {
        Kind::User => (query.number("user__id")?.map(ObjectPk::User), query.get("user__username")),
        Kind::Group => (query.uuid("group__group_uuid")?.map(ObjectPk::Group), query.get("group__name")),
    };
    let named = |link: &Link, name: &str| match &link.object {
        ObjectPk::User(pk) => call.state.users.get(pk).is_some_and(|user| user.username == name),
        ObjectPk::Group(pk) => call.state.groups.get(pk).is_some_and(|group| group.name == name),
    };
    let found: Vec<&Link> = call
        .state
        .links
        .iter()
        .filter(|link| {
            link.object.kind() == kind
                && provider.is_none_or(|provider| link.provider == provider)
                && object.as_ref().is_none_or(|object| link.object == *object)
                && name.is_none_or(|name| named(link, name))
        })
        .collect();
    let key = |link: &&Link, name: &str| match name {
        "scim_id" => Some(Key::from(link.scim_id.as_str())),
        "id" => Some(Key::from(link.id.as_str())),
        _ => None,
    };
    lists::page(query, found, "", key, |link| render::link(call.state, link), lists::nothing())
}

fn create(call: &mut Call<'_>, kind: Kind) -> Outcome {
    let state = &*call.state;
    let mut fields = Fields::new(&call.body, false);
    let scim_id = fields.text("scim_id", true, false, 10_000);
    let object = match kind {
        Kind::User => fields.pk("user", true, |pk| state.users.contains_key(&pk)).flatten().map(ObjectPk::User),
        Kind::Group => fields.uuid("group", true, |pk| state.groups.contains_key(pk)).flatten().map(ObjectPk::Group),
    };
    let provider = fields.pk("provider", true, |pk| state.providers.contains_key(&pk)).flatten();
    fields.finish()?;
    let (Some(scim_id), Some(object), Some(provider)) = (scim_id, object, provider) else {
        return Err(Answer::crash());
    };
    if call.state.links.of_object(provider, &object).any(|link| link.scim_id == scim_id) {
        let member = if kind == Kind::User { "user" } else { "group" };
        let message = format!("The fields scim_id, {member}, provider must make a unique set.");
        return Err(Answer::field("non_field_errors", message));
    }
    let id = call.state.ids.uuid();
    let link = Link { id, provider, object, scim_id, attributes: Arc::new(Value::Object(serde_json::Map::new())) };
    call.state.links.insert(link.clone());
    Ok(Answer::created(render::link(call.state, &link)))
}

pub(crate) fn one(call: &mut Call<'_>, kind: Kind, id: &str) -> Outcome {
    if !ids::is_uuid(id) {
        return Err(Answer::not_found());
    }
    let id = ids::canonical_uuid(id);
    let model = if kind == Kind::User { "SCIMProviderUser" } else { "SCIMProviderGroup" };
    let link = call.state.links.get(&id).filter(|link| link.object.kind() == kind).cloned();
    let link = link.ok_or_else(|| Answer::no_match(model))?;
    if call.method == Method::DELETE {
        call.state.links.remove(&id);
        return Ok(Answer::no_content());
    }
    Ok(Answer::ok(render::link(call.state, &link)))
}
