//! From a request to its answer: token, rate, fault, route, audit log.

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;

use super::fault::Fault;
use super::http::{Incoming, Reply};
use super::log::{RequestRecord, TokenUse};
use super::state::State;
use super::switches::{AuditFailures, AuditUri, GatewayErrors, UnknownAccount};
use super::tokens::{Credentials, TokenRecord, credentials};
use super::{Tokens, scim, v4};
use crate::{AccountId, ApiMessage, AuditAction, AuditActor, AuditDeed, AuditEntry, AuditRaw, AuditResource};

/// What comes of a request.
pub(super) struct Outcome {
    /// `None`: the connection ends.
    pub(super) response: Option<http::Response<Bytes>>,
    /// How long the answer waits.
    pub(super) delay: std::time::Duration,
}

pub(super) fn handle(state: &mut State, own: &Tokens, request: http::Request<Bytes>) -> Outcome {
    let request = Incoming::read(request);
    let now = state.now();
    let switches = state.switches;
    let ray = format!("{:016x}", state.random.u64(..));
    let fault = state.faults.next(&request.method, &request.path, switches);

    let token = match credentials(&request.headers) {
        Credentials::Bearer(text) => state.token(text).cloned(),
        Credentials::Missing | Credentials::Malformed => None,
    };
    let usable = token.as_ref().filter(|token| token.is_usable(now));
    let allowance = state.limiter.count(usable.map(|token| &token.id), now, switches);
    let mut delay = std::time::Duration::ZERO;

    let refused = match &fault {
        Some(Fault::Refuse { status, retry_after, html }) => Some((broken(*status, *html), *retry_after)),
        Some(Fault::Html) => Some((Reply::html(StatusCode::OK), None)),
        _ => None,
    };
    let cut_before = fault == Some(Fault::CutBefore);
    let mut retry_after = None;
    let reply = if cut_before {
        None
    } else if let Some((reply, wait)) = refused {
        retry_after = wait;
        Some(reply)
    } else if allowance.wait.is_some() {
        Some(gateway(state, &request, too_many()))
    } else {
        Some(route(state, &request, usable, now, &ray))
    };

    let reply = reply.and_then(|mut reply| match &fault {
        Some(Fault::FailAfter { status, html }) => Some(broken(*status, *html)),
        Some(Fault::Truncated) => {
            reply.body.truncate(reply.body.len() / 2);
            Some(reply)
        }
        Some(Fault::Empty) => Some(Reply::empty(reply.status)),
        Some(Fault::Slow(by)) => {
            delay = *by;
            Some(reply)
        }
        Some(Fault::CutAfter) => None,
        _ => Some(reply),
    });

    let status = reply.as_ref().map_or(StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST), |it| it.status);
    state.log.push(RequestRecord {
        method: request.method.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        token: token_use(token.as_ref(), own),
        status,
        ray_id: ray.clone(),
        body: request.body.clone(),
    });
    let response = reply.map(|reply| {
        let mut response = reply.into_response();
        let headers = response.headers_mut();
        allowance.write(headers, now, switches);
        if let Ok(value) = HeaderValue::try_from(format!("{ray}-EMB")) {
            headers.insert("cf-ray", value);
        }
        if let Some(wait) = retry_after {
            headers.insert(http::header::RETRY_AFTER, HeaderValue::from(wait));
        }
        if let Ok(date) = HeaderValue::try_from(now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
            headers.insert(http::header::DATE, date);
        }
        response
    });
    Outcome { response, delay }
}

fn token_use(token: Option<&TokenRecord>, own: &Tokens) -> TokenUse {
    match token.map(|token| token.secret.expose()) {
        None => TokenUse::Invalid,
        Some(text) if text == own.scim.expose() => TokenUse::Scim,
        Some(text) if text == own.api.expose() => TokenUse::Api,
        Some(_) => TokenUse::Other,
    }
}

fn broken(status: u16, html: bool) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if html {
        return Reply::html(status);
    }
    match status {
        StatusCode::TOO_MANY_REQUESTS => too_many(),
        _ => Reply::fail(status, 10_013, "An unknown error occurred."),
    }
}

fn too_many() -> Reply {
    Reply::fail(StatusCode::TOO_MANY_REQUESTS, 971, "Please wait and consider throttling your request speed")
}

/// Whether a path belongs to the account's SCIM endpoint.
fn is_scim(request: &Incoming) -> bool {
    matches!(request.segments.as_slice(), [client, v4, accounts, _, scim, v2, ..]
        if client == "client" && v4 == "v4" && accounts == "accounts" && scim == "scim" && v2 == "v2")
}

/// What the gateway says; on SCIM paths in the shape that the switch gives it.
fn gateway(state: &State, request: &Incoming, reply: Reply) -> Reply {
    if state.switches.gateway_errors == GatewayErrors::Envelope || !is_scim(request) {
        return reply;
    }
    let errors = serde_json::from_slice::<serde_json::Value>(&reply.body).unwrap_or_default();
    let detail = errors.pointer("/errors/0").cloned().unwrap_or_default();
    let detail: ApiMessage = serde_json::from_value(detail).unwrap_or_default();
    scim::error(reply.status, detail.message.as_deref().unwrap_or("error"))
}

fn route(state: &mut State, request: &Incoming, token: Option<&TokenRecord>, now: Timestamp, ray: &str) -> Reply {
    let Some(token) = token else {
        let reply = match credentials(&request.headers) {
            Credentials::Bearer(_) => Reply::fail(StatusCode::UNAUTHORIZED, 10_000, "Authentication error"),
            Credentials::Missing | Credentials::Malformed => Reply::bad_header(),
        };
        return gateway(state, request, reply);
    };
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["client", "v4", "user", "tokens", "verify"] if request.method == Method::GET => {
            v4::verify(state, token, token.owner.is_some())
        }
        ["client", "v4", "accounts", account, rest @ ..] if *account == state.account.as_str() => match rest {
            ["scim", "v2", rest @ ..] => {
                let needs = if request.method.is_safe() { v4::READ } else { v4::WRITE };
                let reply = if token.may(needs) {
                    let reply = scim::answer(state, request, rest);
                    if reply.media == super::http::JSON { gateway(state, request, reply) } else { reply }
                } else {
                    gateway(state, request, Reply::forbidden("Authentication error: the token lacks a permission"))
                };
                record(state, request, token, rest, &reply, (now, ray));
                reply
            }
            rest => {
                let reply = v4::answer(state, request, token, rest);
                record(state, request, token, rest, &reply, (now, ray));
                reply
            }
        },
        ["client", "v4", "accounts", other, ..]
            if state.switches.unknown_account == UnknownAccount::Status403 && other.parse::<AccountId>().is_ok() =>
        {
            gateway(state, request, Reply::forbidden("Authentication error: the token has no access to this account"))
        }
        _ => gateway(state, request, Reply::no_route(&request.path)),
    }
}

/// Writes the audit log: every write, and none of the reads (Cloudflare: GETs are not logged).
fn record(
    state: &mut State,
    request: &Incoming,
    token: &TokenRecord,
    path: &[&str],
    reply: &Reply,
    (now, ray): (Timestamp, &str),
) {
    let failed = reply.is_failure();
    if request.method.is_safe() || (failed && state.switches.audit_failures == AuditFailures::Silent) {
        return;
    }
    let scim = is_scim(request);
    let Some((description, kind)) = describe(scim, &request.method, path) else { return };
    let uri = match state.switches.audit_uri {
        AuditUri::Short => request.path.strip_prefix("/client/v4").unwrap_or(&request.path),
        AuditUri::Full => request.path.as_str(),
    };
    let owner = token.owner.as_ref().and_then(|tag| state.person(tag)).cloned();
    let subject = reply.subject.clone().or_else(|| path.get(1).map(|id| (*id).to_owned()));
    let user_agent = request.headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok());
    let entry = AuditEntry {
        id: state.new_uuid().parse().ok(),
        account: Some(serde_json::json!({ "id": state.account, "name": state.account_name })),
        action: Some(AuditDeed {
            description: Some(description.to_owned()),
            result: Some(if failed { "failure" } else { "success" }.to_owned()),
            time: Some(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            kind: Some(kind),
            extra: serde_json::Map::new(),
        }),
        actor: Some(AuditActor {
            id: Some(owner.as_ref().map_or(state.account.as_str(), |person| person.tag.as_str()).to_owned()),
            email: owner.as_ref().map(|person| person.email.clone()),
            ip_address: Some("127.0.0.1".to_owned()),
            kind: Some(if owner.is_some() { "user" } else { "account" }.to_owned()),
            context: Some("api_token".to_owned()),
            token_id: Some(token.id.clone()),
            token_name: Some(token.name.clone()),
            extra: serde_json::Map::new(),
        }),
        raw: Some(AuditRaw {
            cf_ray_id: Some(ray.to_owned()),
            method: Some(request.method.to_string()),
            uri: Some(uri.to_owned()),
            status_code: Some(u64::from(reply.status.as_u16())),
            user_agent: user_agent.map(str::to_owned),
            extra: serde_json::Map::new(),
        }),
        resource: Some(AuditResource {
            id: subject,
            // Not documented for SCIM.
            product: Some(if scim { "scim" } else { "members" }.to_owned()),
            kind: path.first().map(|first| (*first).to_owned()),
            extra: serde_json::Map::new(),
        }),
        extra: serde_json::Map::new(),
    };
    state.audit.push(now, entry);
}

/// The words of an entry. Those of SCIM are documented (seven of them); those of v4 are not.
fn describe(scim: bool, method: &Method, path: &[&str]) -> Option<(&'static str, AuditAction)> {
    use AuditAction::{Create, Delete, Update};
    Some(match (scim, method.as_str(), path) {
        (true, "POST", ["Users"]) => ("Create SCIM User", Create),
        (true, "PUT", ["Users", _]) => ("Replace SCIM User", Update),
        (true, "PATCH", ["Users", _]) => ("Update SCIM User", Update),
        (true, "DELETE", ["Users", _]) => ("Delete SCIM User", Delete),
        (true, "POST", ["Groups"]) => ("Create SCIM Group", Create),
        (true, "PUT" | "PATCH", ["Groups", _]) => ("Update SCIM Group", Update),
        (true, "DELETE", ["Groups", _]) => ("Delete SCIM Group", Delete),
        (false, "POST", ["members"]) => ("Add Member", Create),
        (false, "PUT", ["members", _]) => ("Update Member", Update),
        (false, "DELETE", ["members", _]) => ("Remove Member", Delete),
        (false, "POST", ["iam", "user_groups"]) => ("Create User Group", Create),
        (false, "DELETE", ["iam", "user_groups", _]) => ("Delete User Group", Delete),
        (false, "POST" | "PUT" | "DELETE", ["iam", "user_groups", ..]) => ("Update User Group", Update),
        (false, "POST", ["iam", "resource_groups"]) => ("Create Resource Group", Create),
        (false, "PUT", ["iam", "resource_groups", _]) => ("Update Resource Group", Update),
        (false, "DELETE", ["iam", "resource_groups", _]) => ("Delete Resource Group", Delete),
        _ => return None,
    })
}
