//! Writing groups and their members: authentik's `SCIMGroupClient`.

use std::collections::HashSet;

use http::Method;
use serde_json::Value;

use super::super::json::Json;
use super::super::state::{Kind, Link, ObjectPk};
use super::session::{Session, SyncError};
use super::user::id_of;
use super::{mapped, payload};

const GROUPS: &str = "authentik/providers/scim/clients/groups.py";

fn pk_of(object: &ObjectPk) -> &str {
    match object {
        ObjectPk::Group(pk) => pk,
        ObjectPk::User(_) => "",
    }
}

/// The remote ids of the group's linked members, in the order of their links.
fn linked_members(session: &Session, object: &ObjectPk) -> Vec<String> {
    session.inner.with(|state| {
        let Some(group) = state.groups.get(pk_of(object)) else { return Vec::new() };
        match &session.members {
            Some(members) => linked(state, session.provider, members.iter().copied()),
            None => linked(state, session.provider, group.users.iter().copied()),
        }
    })
}

fn linked(state: &super::super::state::State, provider: i64, users: impl Iterator<Item = i64>) -> Vec<String> {
    let mut members: Vec<(u64, String)> = users
        .flat_map(|user| {
            let object = ObjectPk::User(user);
            let position = state.links.position(provider, &object).unwrap_or_default();
            let ids = state.links.of_object(provider, &object).map(move |link| (position, link.scim_id.clone()));
            ids.collect::<Vec<_>>()
        })
        .collect();
    members.sort_by_key(|(position, _)| *position);
    members.into_iter().map(|(_, id)| id).collect()
}

fn body(session: &Session, object: &ObjectPk, link: Option<&Link>) -> Result<Json, SyncError> {
    let mapped = mapped::map(&session.inner, session.provider, object, link.is_some())?;
    let members = (!session.config.patch).then(|| linked_members(session, object));
    let id = link.map(|link| link.scim_id.as_str());
    Ok(payload::group_body(&mapped, pk_of(object), id, members.as_deref()))
}

pub(crate) async fn create(session: &Session, object: &ObjectPk) -> Result<(), SyncError> {
    let payload = body(session, object, None)?;
    let link = match session.request(Method::POST, "/Groups", Some(&payload)).await {
        Ok(answer) => {
            let answer = answer.to_value();
            session.link(object, id_of(&answer)?, answer)
        }
        Err(error @ SyncError::Exists(_)) if session.config.filter => {
            let name = session.inner.with(|state| state.groups.get(pk_of(object)).map(|group| group.name.clone()));
            let found = session.find(Kind::Group, "displayName", &name.unwrap_or_default()).await?;
            let (id, found) = found.ok_or(error)?;
            session.link(object, id, found)
        }
        Err(error) => return Err(error),
    };
    let adds: Vec<Json> = linked_members(session, object).iter().map(|id| payload::add_member(id)).collect();
    patch_chunked(session, &link.scim_id, &adds).await
}

pub(crate) async fn update(session: &Session, object: &ObjectPk, link: &Link) -> Result<(), SyncError> {
    let payload = body(session, object, Some(link))?;
    let (blind, store, has_id, has_schemas) = session.inner.with(|state| {
        let on = |name| state.switches.on(name);
        (on("nested_diff_blind"), on("store_group_answers"), on("rename_has_id"), on("rename_has_schemas"))
    });
    let changed = payload::differs(&link.attributes, &payload.to_value(), blind);
    let path = format!("/Groups/{}", link.scim_id);
    if changed {
        let rename = || payload::replace_patch(&payload, has_id, has_schemas);
        let answer = if session.config.patch {
            session.request(Method::PATCH, &path, Some(&rename())).await?
        } else {
            match session.request(Method::PUT, &path, Some(&payload)).await {
                // Some servers have no PUT for groups; authentik then tries PATCH all the same.
                Err(SyncError::Request(_) | SyncError::Exists(_)) => {
                    session.request(Method::PATCH, &path, Some(&rename())).await?
                }
                other => other?,
            }
        };
        if store {
            session.inner.with(|state| state.links.store(&link.id, answer.to_value()));
        }
    }
    let put = (!session.config.patch && store && !changed).then_some(payload);
    compare_members(session, object, &link.scim_id, put).await
}

/// Reads the remote group and writes the member difference: as PATCH, or with `put` (2026.8 where
/// PATCH is unsupported) as the whole group.
async fn compare_members(
    session: &Session,
    object: &ObjectPk,
    scim_id: &str,
    put: Option<Json>,
) -> Result<(), SyncError> {
    let path = format!("/Groups/{scim_id}");
    let answer = session.request(Method::GET, &path, None).await?;
    if let Err(invalid) = payload::check_group(&answer) {
        return Err(SyncError::crash("ValidationError", invalid.0, ("patch_compare_users", 300, GROUPS)));
    }
    let answer = answer.to_value();
    let should = linked_members(session, object);
    let listed = answer.get("members").and_then(Value::as_array);
    let remote: Vec<&str> =
        listed.into_iter().flatten().filter_map(|member| member.get("value").and_then(Value::as_str)).collect();
    let (absent_adds, by_path) = session
        .inner
        .with(|state| (state.switches.on("add_when_members_absent"), state.switches.value("remove_form") == "path"));
    let known: HashSet<&str> = remote.iter().copied().collect();
    let wanted: HashSet<&str> = should.iter().map(String::as_str).collect();
    let mut operations = Vec::new();
    if listed.is_some() || absent_adds {
        let missing = should.iter().filter(|id| !known.contains(id.as_str()));
        operations.extend(missing.map(|id| payload::add_member(id)));
    }
    let surplus = remote.iter().filter(|id| !wanted.contains(**id));
    operations.extend(surplus.map(|id| payload::remove_member(id, by_path)));
    match put {
        Some(payload) if !operations.is_empty() => {
            session.request(Method::PUT, &path, Some(&payload)).await.map(|_| ())
        }
        _ => patch_chunked(session, scim_id, &operations).await,
    }
}

/// Users joined or left the group (an event).
pub(crate) async fn members_changed(session: &Session, group: &str, add: bool, users: &[i64]) -> Result<(), SyncError> {
    let object = ObjectPk::Group(group.to_owned());
    let Some(link) = session.first_link(&object) else { return Ok(()) };
    if !session.config.patch {
        return session.write(&object).await;
    }
    let (ids, by_path) = session.inner.with(|state| {
        let ids = linked(state, session.provider, users.iter().copied());
        (ids, state.switches.value("remove_form") == "path")
    });
    let operations: Vec<Json> =
        ids.iter().map(|id| if add { payload::add_member(id) } else { payload::remove_member(id, by_path) }).collect();
    patch_chunked(session, &link.scim_id, &operations).await
}

async fn patch_chunked(session: &Session, scim_id: &str, operations: &[Json]) -> Result<(), SyncError> {
    let path = format!("/Groups/{scim_id}");
    for chunk in operations.chunks(session.config.chunk(operations.len())) {
        session.request(Method::PATCH, &path, Some(&payload::member_patch(chunk))).await?;
    }
    Ok(())
}
