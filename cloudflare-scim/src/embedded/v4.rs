//! The v4 routes (rules 21 to 26).

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::catalogue;
use super::http::{Incoming, PageOf, Reply};
use super::policies::{read_scope, show_permission_group, show_role};
use super::state::{Refusal, State};
use super::switches::{Paging, ResourceGroupsPaging};
use super::tokens::{Permission, TokenRecord};
use super::v4_audit;
use crate::{PermissionGroup, Role};

use Permission::{AccountSettingsRead, AccountSettingsWrite, ScimProvisioning};

/// What reads need: one of these.
pub(super) const READ: &[Permission] = &[ScimProvisioning, AccountSettingsRead, AccountSettingsWrite];
/// What writes need: one of these.
pub(super) const WRITE: &[Permission] = &[ScimProvisioning, AccountSettingsWrite];
/// What the audit log needs: a token for SCIM alone is not enough.
const AUDIT: &[Permission] = &[AccountSettingsRead, AccountSettingsWrite];

/// Checks a permission and answers, or says which permission is missing.
fn guarded(token: &TokenRecord, needs: &[Permission], answer: impl FnOnce() -> Reply) -> Reply {
    if token.may(needs) { answer() } else { Reply::forbidden("Authentication error: the token lacks a permission") }
}

/// Answers what lies below `accounts/{account}/`, SCIM aside.
pub(super) fn answer(state: &mut State, request: &Incoming, token: &TokenRecord, path: &[&str]) -> Reply {
    let method = &request.method;
    let get = method == Method::GET;
    let needs = if get { READ } else { WRITE };
    match path {
        ["iam", "user_groups", rest @ ..] => guarded(token, needs, || super::v4_groups::answer(state, request, rest)),
        ["members", rest @ ..] => guarded(token, needs, || super::v4_members::answer(state, request, rest)),
        ["iam", "permission_groups", rest @ ..] if get => permission_groups(state, request, rest),
        ["iam", "resource_groups", rest @ ..] => guarded(token, needs, || resource_groups(state, request, rest)),
        ["roles", rest @ ..] if get => guarded(token, READ, || roles(state, request, rest)),
        ["logs", "audit"] if get => guarded(token, AUDIT, || v4_audit::list(state, request)),
        ["logs", "audit", id, "history"] if get => guarded(token, AUDIT, || v4_audit::history(state, request, id)),
        ["audit_logs"] if get => guarded(token, AUDIT, || v4_audit::list_v1(state, request)),
        ["tokens", "verify"] if get => verify(state, token, token.owner.is_none()),
        ["iam", "permission_groups", ..]
        | ["roles", ..]
        | ["logs", "audit"]
        | ["logs", "audit", _, "history"]
        | ["audit_logs"]
        | ["tokens", "verify"] => Reply::no_method(method, "GET"),
        _ => Reply::no_route(&request.path),
    }
}

/// The token that asked, at the endpoint that knows it.
pub(super) fn verify(state: &State, token: &TokenRecord, known_here: bool) -> Reply {
    if !known_here {
        return Reply::fail(StatusCode::UNAUTHORIZED, 1000, "Invalid API Token");
    }
    let mut result = json!({ "id": token.id, "status": token.status(state.now()) });
    if let Some(result) = result.as_object_mut() {
        result.extend(token.not_before.map(|at| ("not_before".to_owned(), at.to_string().into())));
        result.extend(token.expires_on.map(|at| ("expires_on".to_owned(), at.to_string().into())));
    }
    let message = json!({ "code": 10_000, "message": "This API Token is valid and active", "type": null });
    let body = json!({ "success": true, "errors": [], "messages": [message], "result": result });
    Reply::json(StatusCode::OK, super::http::JSON, &body)
}

fn permission_groups(state: &State, request: &Incoming, path: &[&str]) -> Reply {
    match path {
        [] => {
            let page = match PageOf::read(request, state.switches, 20, 5, 50) {
                Ok(page) => page,
                Err(reply) => return reply,
            };
            let is = |name: &str, value: &str| request.param(name).is_none_or(|asked| asked == value);
            let groups: Vec<PermissionGroup> = catalogue::ALL
                .iter()
                .filter(|known| is("id", known.id) && is("name", known.name) && is("label", known.label))
                .filter_map(show_permission_group)
                .collect();
            let (groups, info) = page.cut(groups, state.switches);
            Reply::page(&groups, &info)
        }
        [id] => match catalogue::find(id).and_then(show_permission_group) {
            Some(group) => Reply::ok(&group),
            None => Reply::refused(&Refusal::NotFound, state.switches),
        },
        _ => Reply::no_route(&request.path),
    }
}

fn roles(state: &State, request: &Incoming, path: &[&str]) -> Reply {
    match path {
        [] => {
            let page = match PageOf::read(request, state.switches, 20, 5, 50) {
                Ok(page) => page,
                Err(reply) => return reply,
            };
            let roles: Vec<Role> = catalogue::ALL.iter().filter(|known| known.account).filter_map(show_role).collect();
            let (roles, info) = page.cut(roles, state.switches);
            Reply::page(&roles, &info)
        }
        [id] => match catalogue::find(id).filter(|known| known.account).and_then(show_role) {
            Some(role) => Reply::ok(&role),
            None => Reply::refused(&Refusal::NotFound, state.switches),
        },
        _ => Reply::no_route(&request.path),
    }
}

fn resource_groups(state: &mut State, request: &Incoming, path: &[&str]) -> Reply {
    let switches = state.switches;
    let refused = |refusal: Refusal| Reply::refused(&refusal, switches);
    match (request.method.as_str(), path) {
        ("GET", []) => {
            let is = |name: &str, value: &str| request.param(name).is_none_or(|asked| asked == value);
            let groups: Vec<_> = state
                .resource_groups
                .iter()
                .filter(|group| is("id", group.id.as_str()) && is("name", &group.name))
                .map(|group| state.show_resource_group(group))
                .collect();
            if switches.resource_groups_paging == ResourceGroupsPaging::Ignored || switches.paging == Paging::Ignore {
                return Reply::ok(&groups);
            }
            match PageOf::read(request, state.switches, 20, 1, 500) {
                Ok(page) => {
                    let (groups, info) = page.cut(groups, switches);
                    Reply::page(&groups, &info)
                }
                Err(reply) => reply,
            }
        }
        ("POST", []) => {
            let body = match request.json() {
                Ok(body) => body,
                Err(reply) => return reply,
            };
            let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
            if name.is_empty() {
                return refused(Refusal::Invalid("name must not be empty".into()));
            }
            let scope = match read_scope(body.get("scope")) {
                Ok(scope) => scope,
                Err(refusal) => return refused(refusal),
            };
            let id = state.put_resource_group(name.to_owned(), scope);
            show_resource_group(state, id.as_str())
        }
        ("GET", [id]) => show_resource_group(state, id),
        ("PUT", [id]) => {
            let body = match request.json() {
                Ok(body) => body,
                Err(reply) => return reply,
            };
            let scope = match body.get("scope").map(|scope| read_scope(Some(scope))).transpose() {
                Ok(scope) => scope,
                Err(refusal) => return refused(refusal),
            };
            let Some(group) = state.resource_groups.iter_mut().find(|group| group.id.as_str() == *id) else {
                return refused(Refusal::NotFound);
            };
            if !group.editable {
                return refused(Refusal::SystemGroup);
            }
            if let Some(name) = body.get("name").and_then(Value::as_str) {
                name.clone_into(&mut group.name);
            }
            if let Some(scope) = scope {
                group.scope = scope;
            }
            show_resource_group(state, id)
        }
        ("DELETE", [id]) => {
            let Some(group) = state.resource_group(id) else { return refused(Refusal::NotFound) };
            if !group.editable {
                return refused(Refusal::SystemGroup);
            }
            let used = |policies: &[super::state::StoredPolicy]| {
                policies.iter().any(|policy| policy.resource_groups.iter().any(|other| other.as_str() == *id))
            };
            if state.groups.values().any(|group| used(&group.policies))
                || state.members.values().any(|member| used(&member.policies))
            {
                return refused(Refusal::Invalid("a policy applies to this resource group".into()));
            }
            state.resource_groups.retain(|group| group.id.as_str() != *id);
            Reply::ok(&json!({ "id": id })).about(*id)
        }
        (_, []) => Reply::no_method(&request.method, "GET, POST"),
        (_, [_]) => Reply::no_method(&request.method, "GET, PUT, DELETE"),
        _ => Reply::no_route(&request.path),
    }
}

fn show_resource_group(state: &State, id: &str) -> Reply {
    match state.resource_group(id) {
        Some(group) => Reply::ok(&state.show_resource_group(group)).about(id),
        None => Reply::refused(&Refusal::NotFound, state.switches),
    }
}
