//! The audit log over HTTP (rule 25): v2 with the history of an entry, and the older v1.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::audit::{self, Query};
use super::http::{Incoming, PageOf, Reply};
use super::state::State;
use crate::{AuditActorV1, AuditDeedV1, AuditEntry, AuditEntryV1, AuditResource, HistoryStatus};

fn bad(message: &str) -> Reply {
    Reply::audit_fail(StatusCode::BAD_REQUEST, message)
}

/// What v2's queries have in common; the filters of `pairs` aside.
fn read<'a>(request: &Incoming, pairs: &'a [(String, String)]) -> Result<Query<'a>, Reply> {
    let (Some(since), Some(before)) = (request.param("since"), request.param("before")) else {
        return Err(bad("since and before are required"));
    };
    let (Some(since), Some(before)) = (read_time(since), read_time(before)) else {
        return Err(bad("since and before must be dates or times by RFC 3339"));
    };
    let limit = match request.param("limit").map(str::parse::<usize>) {
        None => 100,
        Some(Ok(limit)) if (1..=1000).contains(&limit) => limit,
        Some(_) => return Err(bad("limit must be a number from 1 to 1000")),
    };
    let cursor = match request.param("cursor") {
        None | Some("") => None,
        Some(text) => Some(audit::read_cursor(text).ok_or_else(|| bad("the cursor is not valid"))?),
    };
    Ok(Query { since, before, ascending: ascending(request)?, limit, cursor, pairs })
}

fn ascending(request: &Incoming) -> Result<bool, Reply> {
    match request.param("direction") {
        None | Some("desc") => Ok(false),
        Some("asc") => Ok(true),
        Some(_) => Err(bad("direction must be asc or desc")),
    }
}

/// `…/logs/audit`.
pub(super) fn list(state: &State, request: &Incoming) -> Reply {
    let query = match read(request, &request.pairs) {
        Ok(query) => query,
        Err(reply) => return reply,
    };
    let (entries, next) = state.audit.page(&query, state.now(), state.switches);
    Reply::page(&entries, &audit::result_info(entries.len(), next, state.switches))
}

/// `…/logs/audit/{id}/history`.
pub(super) fn history(state: &State, request: &Incoming, id: &str) -> Reply {
    let Some(at) = request.param("action_time").and_then(read_time) else {
        return bad("action_time must be a time by RFC 3339");
    };
    let Some(entry) = state.audit.find(id, at, state.now(), state.switches) else {
        return Reply::audit_fail(StatusCode::NOT_FOUND, "there is no audit log entry of that id at that time");
    };
    let (status, pairs) = audit::history_of(entry);
    let query = match read(request, &pairs) {
        Ok(query) => query,
        Err(reply) => return reply,
    };
    let (entries, next) = match status {
        HistoryStatus::Unavailable => (Vec::new(), None),
        _ => state.audit.page(&query, state.now(), state.switches),
    };
    let mut info = audit::result_info(entries.len(), next, state.switches);
    if let Some(info) = info.as_object_mut() {
        info.insert("history_status".into(), status.as_str().into());
    }
    Reply::page(&entries, &info)
}

/// `…/audit_logs`: pages by number, and no `result_info`.
pub(super) fn list_v1(state: &State, request: &Incoming) -> Reply {
    match v1(state, request) {
        Ok(entries) => Reply::ok(&entries),
        Err(reply) => reply,
    }
}

fn v1(state: &State, request: &Incoming) -> Result<Vec<AuditEntryV1>, Reply> {
    let page = PageOf::read(request, state.switches, 100, 1, 1000)?;
    let time = |name: &str, default: Timestamp| match request.param(name) {
        None => Ok(default),
        Some(text) => read_time(text).ok_or_else(|| bad("since and before must be dates by RFC 3339")),
    };
    let query = Query {
        since: time("since", Timestamp::MIN)?,
        before: time("before", Timestamp::MAX)?,
        ascending: ascending(request)?,
        limit: usize::MAX,
        cursor: None,
        pairs: &[],
    };
    if request.param("export") == Some("true") {
        return Err(bad("the embedded account exports no CSV"));
    }
    let (entries, _) = state.audit.page(&query, state.now(), state.switches);
    let entries: Vec<AuditEntryV1> = entries.into_iter().map(older).filter(|entry| wanted(entry, request)).collect();
    Ok(page.cut(entries, state.switches).0)
}

fn wanted(entry: &AuditEntryV1, request: &Incoming) -> bool {
    let is = |name: &str, own: Option<&str>| request.param(name).is_none_or(|asked| own == Some(asked));
    let actor = entry.actor.as_ref();
    let user = actor.is_some_and(|actor| actor.kind.as_deref() == Some("user"));
    is("id", entry.id.as_ref().map(crate::AuditLogId::as_str))
        && is("action.type", entry.action.as_ref().and_then(|action| action.kind.as_deref()))
        && is("actor.email", actor.and_then(|actor| actor.email.as_deref()))
        && is("actor.ip", actor.and_then(|actor| actor.ip.as_deref()))
        && is("zone.name", None)
        && !(request.param("hide_user_logs") == Some("true") && user)
}

/// The same deed in v1's shape.
fn older(entry: &AuditEntry) -> AuditEntryV1 {
    let actor = entry.actor.clone().unwrap_or_default();
    AuditEntryV1 {
        id: entry.id.clone(),
        action: Some(AuditDeedV1 {
            result: entry.succeeded(),
            kind: entry.kind().map(|kind| kind.as_str().to_owned()),
            extra: Map::new(),
        }),
        actor: Some(AuditActorV1 {
            id: actor.id,
            email: actor.email,
            ip: actor.ip_address,
            kind: actor.kind,
            extra: Map::new(),
        }),
        interface: Some("API".to_owned()),
        metadata: entry.description().map(|words| serde_json::json!({ "name": words })),
        new_value: None,
        old_value: None,
        owner: entry.account.as_ref().and_then(|account| account.get("id")).map(|id| serde_json::json!({ "id": id })),
        resource: entry.resource.as_ref().map(|resource| AuditResource {
            id: resource.id.clone(),
            product: None,
            kind: resource.kind.clone(),
            extra: Map::new(),
        }),
        when: entry.action.as_ref().and_then(|action| action.time.clone()),
        extra: Map::<String, Value>::new(),
    }
}

/// A time by RFC 3339, or a date, which is its first moment in UTC.
fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}
