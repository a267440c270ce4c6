//! authentik's API v3, as far as SCIM provisioning uses it (facts §1 and §2).
//!
//! A request passes: path → `Accept` → credentials → permission → method → body → handler, and every
//! refusal has the recorded text (G10 to G15).

mod access;
mod applications;
mod fields;
mod groups;
mod links;
mod lists;
mod mappings;
mod providers;
mod render;
mod reply;
mod route;
mod tasks;
mod users;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CONTENT_LANGUAGE, CONTENT_TYPE, DATE, HeaderName, LOCATION, SERVER, VARY,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::clock::{self, Clock};
use super::inner::Inner;
use super::json::Json;
use super::mapping::Closures;
use super::state::State;
use lists::Query;
use reply::{Answer, Body, NOT_FOUND_PAGE, Reply};
use route::{Need, Route};

/// How long `sync/object` waits for its task.
const OBJECT_WAIT: Duration = Duration::from_secs(10);

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) pk: i64,
    pub(crate) superuser: bool,
    permissions: std::collections::BTreeSet<String>,
}

impl Caller {
    /// Whether the caller holds `app.codename`.
    pub(crate) fn may(&self, permission: &str) -> bool {
        self.superuser || self.permissions.contains(permission)
    }
}

/// One request being handled.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) clock: &'a Clock,
    pub(crate) closures: &'a Closures,
    pub(crate) caller: Caller,
    pub(crate) method: Method,
    pub(crate) query: Query,
    pub(crate) body: Map<String, Value>,
}

impl Call<'_> {
    pub(crate) fn is_patch(&self) -> bool {
        self.method == Method::PATCH
    }
}

/// Answers one request.
pub(crate) async fn handle(inner: &Arc<Inner>, request: Request<Bytes>) -> Response<Bytes> {
    inner.start();
    let target = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let method = request.method().clone();
    let segments = segments(request.uri().path());
    let found = segments.as_deref().and_then(Route::find);
    let reply = inner.with(|state| decide(inner, state, found.as_ref(), &request));
    inner.changed();
    let answer = match reply {
        Reply::Now(answer) => answer,
        Reply::WaitFor(task) => wait_for(inner, &task).await,
    };
    inner.log.api(&method, &target, answer.status);
    let allow = match &found {
        Some(route) => route.allow(),
        // Django's own view answers there.
        None => "GET, HEAD, OPTIONS",
    };
    write(inner, &answer, allow)
}

/// The path below `/api/v3/`, which must end in a slash.
fn segments(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix("/api/v3/")?.strip_suffix('/')?;
    let decoded =
        rest.split('/').map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned());
    Some(decoded.collect())
}

fn decide(inner: &Inner, state: &mut State, found: Option<&Route>, request: &Request<Bytes>) -> Reply {
    let method = request.method();
    let safe = matches!(*method, Method::GET | Method::HEAD);
    let Some(route) = found else {
        return Reply::Now(if safe { Answer::page_not_found() } else { Answer::crash() });
    };
    match admitted(inner, state, route, request) {
        Ok(reply) => reply,
        Err(answer) => Reply::Now(answer),
    }
}

fn admitted(inner: &Inner, state: &mut State, route: &Route, request: &Request<Bytes>) -> Result<Reply, Answer> {
    let now = inner.clock.now();
    let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let accept = header(ACCEPT);
    let acceptable = |range: &str| {
        let range = range.split(';').next().unwrap_or_default().trim();
        matches!(range, "" | "*/*" | "application/*" | "application/json")
    };
    if !accept.split(',').any(acceptable) {
        return Err(Answer::detail(StatusCode::NOT_ACCEPTABLE, "Could not satisfy the request Accept header."));
    }
    // HEAD is answered as GET; the listener leaves the body out.
    let method = match *request.method() {
        Method::HEAD => Method::GET,
        ref other => other.clone(),
    };
    let need = route.need(&method, state);
    let caller = match need {
        Need::Nobody => Caller { pk: 0, superuser: false, permissions: std::collections::BTreeSet::new() },
        _ => authenticate(state, header(AUTHORIZATION), now)?,
    };
    if method == Method::OPTIONS {
        return Ok(Reply::Now(Answer::ok(Json::Object(Vec::new()))));
    }
    match need {
        Need::Nobody | Need::Caller => {}
        Need::Permission(permissions) => {
            if !permissions.iter().all(|permission| caller.may(permission)) {
                let list = method == Method::GET && route.is_list() && !state.switches.on("empty_list_is_403");
                return if list {
                    let none: Vec<()> = Vec::new();
                    let empty =
                        lists::page(&Query::default(), none, "", |(), _| None, |()| Json::NULL, lists::nothing());
                    empty.map(Reply::Now)
                } else {
                    Err(Answer::forbidden())
                };
            }
        }
        Need::CrashWithout(permissions) => {
            if !permissions.iter().all(|permission| caller.may(permission)) {
                return Err(Answer::crash());
            }
        }
        Need::Superuser => {
            if !caller.superuser {
                return Err(Answer::forbidden());
            }
        }
    }
    if !route.allow().split(", ").any(|allowed| allowed == method.as_str()) {
        return Err(Answer::method(request.method()));
    }
    let body = if matches!(method, Method::POST | Method::PUT | Method::PATCH) {
        parse_body(header(CONTENT_TYPE), request.body())?
    } else {
        Map::new()
    };
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let mut call = Call { state, clock: &inner.clock, closures: &inner.closures, caller, method, query, body };
    route.dispatch(&mut call)
}

/// The token's owner, or one of the two refusals.
fn authenticate(state: &State, header: &str, now: jiff::Timestamp) -> Result<Caller, Answer> {
    let refused = |text: &str| Answer::detail(StatusCode::FORBIDDEN, text);
    let (scheme, key) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") || key.trim().is_empty() {
        return Err(refused("Authentication credentials were not provided."));
    }
    let key = key.trim().as_bytes();
    let token = state.tokens.iter().find(|token| bool::from(token.key.as_bytes().ct_eq(key)));
    let valid = token.filter(|token| token.intent == "api" && !(token.expiring && token.expires <= now));
    let owner = valid.and_then(|token| state.users.get(&token.user)).filter(|user| user.is_active);
    let owner = owner.ok_or_else(|| refused("Token invalid/expired"))?;
    let roles = state.roles.values().filter(|role| role.users.contains(&owner.pk));
    Ok(Caller {
        pk: owner.pk,
        superuser: state.is_superuser(owner.pk),
        permissions: roles.flat_map(|role| role.permissions.iter().cloned()).collect(),
    })
}

fn parse_body(content_type: &str, body: &Bytes) -> Result<Map<String, Value>, Answer> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let media = content_type.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        let text = format!("Unsupported media type \"{content_type}\" in request.");
        return Err(Answer::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(other) => {
            let kind = match other {
                Value::Array(_) => "list",
                Value::String(_) => "str",
                Value::Bool(_) => "bool",
                Value::Null => "NoneType",
                Value::Number(ref number) if number.is_f64() => "float",
                _ => "int",
            };
            let message = format!("Invalid data. Expected a dictionary, but got {kind}.");
            Err(Answer::field("non_field_errors", message))
        }
        Err(error) => {
            let text = String::from_utf8_lossy(body);
            let (line, column) = if error.is_eof() {
                let last = text.lines().last().unwrap_or_default();
                (text.lines().count().max(1), last.chars().count() + 1)
            } else {
                (error.line(), error.column())
            };
            let before: usize = text.lines().take(line - 1).map(|line| line.chars().count() + 1).sum();
            let what = if error.is_eof() { "unexpected end of data" } else { "unexpected character" };
            let char = before + column.saturating_sub(1);
            let text = format!("JSON parse error - {what}: line {line} column {column} (char {char})");
            Err(Answer::detail(StatusCode::BAD_REQUEST, &text))
        }
    }
}

/// `sync/object`: 200 when the task is done within 10 s, else a crash while the work goes on.
async fn wait_for(inner: &Arc<Inner>, task: &str) -> Answer {
    let id = task.to_owned();
    let done = async {
        let mut changes = inner.changes.subscribe();
        loop {
            let done = inner
                .with(|state| state.task(&id).is_none_or(|task| task.state == super::engine::task::TaskState::Done));
            if done || changes.changed().await.is_err() {
                return;
            }
        }
    };
    match tokio::time::timeout(OBJECT_WAIT, done).await {
        Ok(()) => Answer::ok(Json::Object(vec![("messages".to_owned(), Json::List(Vec::new()))])),
        Err(_) => Answer::crash(),
    }
}

fn write(inner: &Inner, answer: &Answer, allow: &'static str) -> Response<Bytes> {
    let (media, body) = match &answer.body {
        Body::Json(json) => (Some("application/json"), Bytes::from(json.compact())),
        Body::Empty => (None, Bytes::new()),
        Body::EmptyHtml => (Some("text/html; charset=utf-8"), Bytes::new()),
        Body::Html => (Some("text/html; charset=utf-8"), Bytes::from_static(NOT_FOUND_PAGE.as_bytes())),
    };
    let page = matches!(answer.body, Body::Html);
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    let id = inner.with(|state| state.ids.hex32());
    let headers = response.headers_mut();
    let mut insert = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    insert(DATE, &clock::http_date(inner.clock.now()));
    insert(SERVER, "uvicorn");
    if let Some(media) = media {
        insert(CONTENT_TYPE, media);
    }
    if let Some(location) = &answer.location {
        insert(LOCATION, location);
    }
    if !page {
        insert(ALLOW, if matches!(answer.body, Body::EmptyHtml) { "GET, HEAD, OPTIONS" } else { allow });
    }
    insert(HeaderName::from_static("x-frame-options"), "DENY");
    insert(HeaderName::from_static("x-content-type-options"), "nosniff");
    insert(HeaderName::from_static("referrer-policy"), "same-origin");
    insert(HeaderName::from_static("x-authentik-id"), &id);
    insert(VARY, "Accept-Language, Cookie");
    insert(CONTENT_LANGUAGE, "en");
    response
}
