//! The replay: a recorded file as a script for the embedded authentik.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use authentik_client::embedded::{EmbeddedAuthentik, Switches};
use bytes::Bytes;
use jiff::Timestamp;
use scim_core::transport::{Transport, TransportError, TransportErrorKind};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// Of ids and retry delays; with this one the fourth try of D24 falls into the recorded time.
const SEED: u64 = 8;

/// One recorded file.
fn recording(file: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../testdata/authentik/recordings/{file}.json"));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

fn exchanges(file: &str) -> Vec<Value> {
    let mut all = recording(file)["exchanges"].as_array().unwrap().clone();
    all.sort_by(|a, b| a["at_s"].as_f64().unwrap().total_cmp(&b["at_s"].as_f64().unwrap()));
    all
}

/// When a file's first exchange began, by the `Date` of its first API answer.
fn start_of(file: &str) -> Timestamp {
    let first = exchanges(file).into_iter().find(|exchange| exchange["response_headers"]["date"].is_string()).unwrap();
    let date = first["response_headers"]["date"].as_str().unwrap();
    let at = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", date).unwrap().to_datetime().unwrap();
    let at = at.to_zoned_datetime(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let millis = (first["at_s"].as_f64().unwrap() * 1000.0).round() as i64;
    Timestamp::from_millisecond(at.as_millisecond() - millis).unwrap()
}

/// What a SCIM request looked like, with authentik's ids as recorded.
#[derive(Debug, Clone, PartialEq)]
struct Sent {
    method: String,
    target: String,
    body: String,
}

/// Recorded ids ↔ ours.
#[derive(Debug, Default)]
struct Ids {
    text: HashMap<String, String>,
    back: HashMap<String, String>,
    users: HashMap<i64, i64>,
    providers: HashMap<i64, i64>,
}

impl Ids {
    fn learn_text(&mut self, recorded: &str, ours: &str) {
        let hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        if matches!(recorded.len(), 36 | 64) && hex(recorded) && hex(ours) && recorded.len() == ours.len() {
            self.text.insert(recorded.to_owned(), ours.to_owned());
            self.back.insert(ours.to_owned(), recorded.to_owned());
        }
    }

    /// Walks a recorded answer and ours side by side.
    fn learn(&mut self, recorded: &Value, ours: &Value, key: &str) {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => {
                let provider = recorded.contains_key("meta_model_name");
                for (name, value) in recorded {
                    let key = if provider && name == "pk" { "provider" } else { name };
                    if name != "logs" && name != "attributes" {
                        self.learn(value, ours.get(name).unwrap_or(&Value::Null), key);
                    }
                }
            }
            (Value::Array(recorded), Value::Array(ours)) => {
                let named = |value: &Value| {
                    let key = ["username", "uid", "name", "identifier"].iter().find_map(|name| value.get(*name));
                    key.cloned()
                };
                for (index, item) in recorded.iter().enumerate() {
                    let twin = match named(item) {
                        Some(name) => ours.iter().find(|other| named(other).as_ref() == Some(&name)),
                        None if recorded.len() == 1 => ours.get(index),
                        None => None,
                    };
                    if let Some(twin) = twin {
                        self.learn(item, twin, key);
                    }
                }
            }
            (Value::String(recorded), Value::String(ours)) => self.learn_text(recorded, ours),
            (Value::Number(recorded), Value::Number(ours)) => {
                let (Some(recorded), Some(ours)) = (recorded.as_i64(), ours.as_i64()) else { return };
                match key {
                    "pk" | "user" | "user_pk" | "users" => {
                        self.users.insert(recorded, ours);
                    }
                    "provider" | "backchannel_providers" => {
                        self.providers.insert(recorded, ours);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn to_ours(&self, text: &str) -> String {
        replace(text, &self.text)
    }

    fn to_recorded(&self, text: &str) -> String {
        replace(text, &self.back)
    }

    /// A recorded request body with our ids.
    fn body(&self, body: &Value, key: &str) -> Value {
        match body {
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), self.body(value, name))).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(|item| self.body(item, key)).collect()),
            Value::String(text) if key == "sync_object_id" => match text.parse::<i64>() {
                Ok(pk) => self.users.get(&pk).unwrap_or(&pk).to_string().into(),
                Err(_) => self.to_ours(text).into(),
            },
            Value::String(text) => self.to_ours(text).into(),
            Value::Number(number) => {
                let Some(pk) = number.as_i64() else { return body.clone() };
                match key {
                    "pk" | "user" | "users" => (*self.users.get(&pk).unwrap_or(&pk)).into(),
                    "provider" | "backchannel_providers" => (*self.providers.get(&pk).unwrap_or(&pk)).into(),
                    _ => body.clone(),
                }
            }
            other => other.clone(),
        }
    }

    /// A recorded API target with our ids.
    fn target(&self, target: &str) -> String {
        let mut target = self.to_ours(target);
        let number =
            |map: &HashMap<i64, i64>, text: &str| -> Option<String> { Some(map.get(&text.parse().ok()?)?.to_string()) };
        for (prefix, map) in [("/core/users/", &self.users), ("/providers/scim/", &self.providers)] {
            if let Some((head, rest)) = target.split_once(prefix)
                && let Some((id, tail)) = rest.split_once('/')
                && let Some(id) = number(map, id)
            {
                target = format!("{head}{prefix}{id}/{tail}");
            }
        }
        let Some((path, query)) = target.split_once('?') else { return target };
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| {
                let Some((name, value)) = pair.split_once('=') else { return pair.to_owned() };
                let mapped = match name {
                    "provider__id" | "rel_obj_id" => number(&self.providers, value),
                    "user__id" | "for_user" | "members_by_pk" => number(&self.users, value),
                    _ => None,
                };
                format!("{name}={}", mapped.as_deref().unwrap_or(value))
            })
            .collect();
        format!("{path}?{}", pairs.join("&"))
    }
}

fn replace(text: &str, map: &HashMap<String, String>) -> String {
    let mut out = text.to_owned();
    for (from, to) in map {
        if out.contains(from.as_str()) {
            out = out.replace(from.as_str(), to);
        }
    }
    out
}

/// The recorded SCIM server: answers what it answered to the same request.
#[derive(Debug, Default)]
struct Server {
    ids: Ids,
    /// The recorded exchanges that nobody asked for yet.
    open: Vec<Value>,
    /// The last answer to each GET, for a request more than recorded.
    last: HashMap<String, (u16, Value)>,
    sent: Vec<Sent>,
    surplus: Vec<String>,
    headers: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct RecordedServer(Arc<Mutex<Server>>);

#[async_trait]
impl Transport for RecordedServer {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        // An answer takes a moment, so that two threads interleave as they do in reality.
        tokio::time::sleep(Duration::from_millis(90)).await;
        let mut server = self.0.lock().unwrap();
        let method = request.method().as_str().to_owned();
        let target = request.uri().path_and_query().unwrap().as_str().to_owned();
        let text = String::from_utf8(request.body().to_vec()).unwrap();
        let body = server.ids.to_recorded(&text);
        for name in ["accept", "content-type"] {
            if request.headers()[name] != "application/scim+json" {
                server.headers.push(format!("{method} {target}: {name}"));
            }
        }
        if std::env::var_os("REPLAY_TRACE").is_some() {
            println!("{method} {target} {body}");
        }
        server.sent.push(Sent { method: method.clone(), target: target.clone(), body: body.clone() });
        let parsed: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
        let same = |exchange: &Value| exchange["method"] == method && exchange["target"] == target;
        let best = server
            .open
            .iter()
            .position(|exchange| same(exchange) && free_order(&exchange["request_body"]) == free_order(&parsed))
            .or_else(|| server.open.iter().position(same));
        let (status, answer, cut) = if let Some(index) = best {
            let exchange = server.open.remove(index);
            let cut = exchange["note"].as_str().is_some_and(|note| note.contains("closed"));
            (exchange["status"].as_u64().unwrap_or(0) as u16, exchange["response_body"].clone(), cut)
        } else {
            server.surplus.push(format!("{method} {target} {body}"));
            match server.last.get(&target) {
                Some((status, answer)) if method == "GET" => (*status, answer.clone(), false),
                _ => (404, json!({"status": "404", "detail": "not recorded"}), false),
            }
        };
        if method == "GET" {
            server.last.insert(target, (status, answer.clone()));
        }
        if cut || status == 0 {
            return Err(TransportError::new(TransportErrorKind::Interrupted));
        }
        let text = match &answer {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => server.ids.to_ours(&json.to_string()),
        };
        let mut response = http::Response::new(Bytes::from(text));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response)
    }
}

/// The order of members in a group is free: sort the operations.
fn free_order(body: &Value) -> Value {
    match body {
        Value::Object(members) => {
            let mut sorted = Map::new();
            for (name, value) in members {
                let mut value = free_order(value);
                if let (true, Value::Array(items)) = (name == "Operations" || name == "members", &mut value) {
                    items.sort_by_key(ToString::to_string);
                }
                sorted.insert(name.clone(), value);
            }
            Value::Object(sorted)
        }
        Value::Array(items) => Value::Array(items.iter().map(free_order).collect()),
        other => other.clone(),
    }
}

/// What one file showed.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) scim: usize,
    pub(crate) api: usize,
    pub(crate) differences: Vec<String>,
}

/// A running replay.
pub(crate) struct Replay {
    pub(crate) authentik: EmbeddedAuthentik,
    server: RecordedServer,
    origin: Timestamp,
    begun: Instant,
    /// Whether counts in lists are compared too.
    pub(crate) exact_lists: bool,
    /// Who calls; the superuser unless set.
    pub(crate) token: Option<String>,
    /// The last key that `view_key` showed.
    pub(crate) key: Mutex<Option<String>>,
}

impl Replay {
    /// A fresh authentik a little before the time at which `first` begins, so that its scheduler
    /// looks at second `tick` of each minute.
    pub(crate) fn start(first: &str, set: &[(&str, &str)], tick: f64) -> Self {
        let server = RecordedServer::default();
        let mut switches = Switches::default();
        for (name, value) in set {
            switches.set(name, value).unwrap();
        }
        let start = start_of(first).as_millisecond();
        let tick = (tick * 1000.0) as i64;
        let back = (start - tick).rem_euclid(60_000);
        let origin = Timestamp::from_millisecond(start - if back < 100 { back + 60_000 } else { back }).unwrap();
        let authentik =
            EmbeddedAuthentik::builder(Arc::new(server.clone())).switches(switches).start_at(origin).seed(SEED).build();
        Self {
            authentik,
            server,
            origin,
            begun: Instant::now(),
            exact_lists: false,
            token: None,
            key: Mutex::new(None),
        }
    }

    /// Tells which recorded mapping is one of the managed ones.
    pub(crate) async fn managed(&self, recorded: &str, managed: &str) {
        let answer = self.get(&format!("/api/v3/propertymappings/provider/scim/?managed={managed}")).await;
        let ours = answer["results"][0]["pk"].as_str().unwrap();
        self.server.0.lock().unwrap().ids.learn_text(recorded, ours);
    }

    pub(crate) async fn get(&self, target: &str) -> Value {
        let request = http::Request::get(format!("http://authentik{target}"))
            .header("authorization", format!("Bearer {}", self.authentik.token()))
            .body(Bytes::new())
            .unwrap();
        serde_json::from_slice(self.authentik.send(request).await.unwrap().body()).unwrap()
    }

    /// Creates something that the recordings presuppose; `recorded` names the ids it has there.
    pub(crate) async fn create(&self, path: &str, body: Value, recorded: Value) -> Value {
        let body = self.server.0.lock().unwrap().ids.body(&body, "");
        let request = http::Request::post(format!("http://authentik/api/v3/{path}"))
            .header("authorization", format!("Bearer {}", self.authentik.token()))
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let answer = self.authentik.send(request).await.unwrap();
        let ours: Value = serde_json::from_slice(answer.body()).unwrap();
        assert!(answer.status().is_success(), "{path}: {ours}");
        self.server.0.lock().unwrap().ids.learn(&recorded, &ours, "");
        ours
    }

    /// What was sent so far is not part of the comparison.
    pub(crate) async fn forget(&self) {
        let _idle = self.authentik.idle(Duration::from_secs(60)).await;
        let mut server = self.server.0.lock().unwrap();
        server.sent.clear();
        server.surplus.clear();
    }

    async fn until(&self, at: Timestamp) {
        let millis = at.as_millisecond() - self.origin.as_millisecond();
        let at = self.begun + Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        tokio::time::sleep_until(at).await;
    }

    /// Plays files that belong together: every API call at its recorded time, the SCIM server with
    /// all their answers; then compares what was sent with what should have been.
    pub(crate) async fn run(&mut self, files: &[&str]) -> Report {
        let all: Vec<(Timestamp, Vec<Value>)> = files.iter().map(|file| (start_of(file), exchanges(file))).collect();
        let scim = |exchange: &&Value| exchange["side"] == "scim";
        let wanted: Vec<Value> = all.iter().flat_map(|(_, exchanges)| exchanges.iter().filter(scim)).cloned().collect();
        self.server.0.lock().unwrap().open.clone_from(&wanted);
        let mut report = Report { scim: wanted.len(), ..Report::default() };
        let millis = |at: &Timestamp, exchange: &Value| {
            at.as_millisecond() + (exchange["at_s"].as_f64().unwrap() * 1000.0) as i64
        };
        let mut last = 0;
        for (start, exchanges) in &all {
            for exchange in exchanges {
                last = last.max(millis(start, exchange));
                if exchange["side"] == "api" {
                    self.until(Timestamp::from_millisecond(millis(start, exchange)).unwrap()).await;
                    report.api += 1;
                    self.call(exchange, &mut report).await;
                }
            }
        }
        self.until(Timestamp::from_millisecond(last + 3000).unwrap()).await;
        self.compare(&wanted, &mut report);
        report
    }

    /// The API side of one file alone, one call after the other.
    pub(crate) async fn api_only(&mut self, file: &str) -> Report {
        let mut report = Report::default();
        let scim = exchanges(file).into_iter().filter(|exchange| exchange["side"] == "scim");
        self.server.0.lock().unwrap().open = scim.collect();
        for exchange in exchanges(file).iter().filter(|exchange| exchange["side"] == "api") {
            report.api += 1;
            self.call(exchange, &mut report).await;
        }
        report
    }

    async fn call(&self, exchange: &Value, report: &mut Report) {
        let recorded_target = exchange["target"].as_str().unwrap();
        if let Some((_, rest)) = recorded_target.split_once("/tasks/schedules/")
            && let Some((id, _)) = rest.split_once('/')
            && !id.starts_with("00000000")
            && !self.server.0.lock().unwrap().ids.text.contains_key(id)
        {
            // A schedule that no recorded list shows: ours is the latest one.
            let list = self.get("/api/v3/tasks/schedules/?page_size=100").await;
            if let Some(ours) = list["results"].as_array().and_then(|all| all.last()?["id"].as_str()) {
                self.server.0.lock().unwrap().ids.learn_text(id, ours);
            }
        }
        let (target, body) = {
            let server = self.server.0.lock().unwrap();
            (server.ids.target(recorded_target), server.ids.body(&exchange["request_body"], ""))
        };
        let method = exchange["method"].as_str().unwrap();
        let header = |name: &str| exchange["request_headers"][name].as_str().unwrap_or("application/json").to_owned();
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://authentik{target}"))
            .header("accept", header("accept"))
            .header("authorization", format!("Bearer {}", self.token.as_deref().unwrap_or(self.authentik.token())));
        let bytes = match &body {
            Value::Null => Bytes::new(),
            // Recorded as text: what is not JSON.
            Value::String(text) => Bytes::from(text.clone()),
            json => Bytes::from(json.to_string()),
        };
        if !bytes.is_empty() {
            request = request.header("content-type", header("content-type"));
        }
        let response = self.authentik.send(request.body(bytes).unwrap()).await.unwrap();
        let status = u64::from(response.status().as_u16());
        let text = String::from_utf8_lossy(response.body()).into_owned();
        if exchange["status"] != status {
            let what = format!("{method} {recorded_target}: {status}, recorded {} {text}", exchange["status"]);
            report.differences.push(what);
            return;
        }
        for name in ["allow", "content-type", "location"] {
            let recorded = &exchange["response_headers"][name];
            let ours = response.headers().get(name).map(|value| value.to_str().unwrap());
            if recorded.is_string() && ours != recorded.as_str() {
                report.differences.push(format!("{method} {recorded_target}: {name} is {ours:?}, recorded {recorded}"));
            }
        }
        let recorded = &exchange["response_body"];
        let ours = serde_json::from_str::<Value>(&text).unwrap_or(Value::Null);
        if let Some(key) = ours["key"].as_str() {
            *self.key.lock().unwrap() = Some(key.to_owned());
        }
        if status >= 400 {
            let back: Value =
                serde_json::from_str(&self.server.0.lock().unwrap().ids.to_recorded(&text)).unwrap_or(Value::Null);
            if recorded.is_object() && back != *recorded || recorded.is_null() && !text.is_empty() {
                report.differences.push(format!("{method} {recorded_target}: {back}, recorded {recorded}"));
            }
        } else if recorded.is_object() {
            self.server.0.lock().unwrap().ids.learn(recorded, &ours, "");
            shape(recorded, &ours, "", &mut |what| {
                report.differences.push(format!("{method} {recorded_target}: {what}"));
            });
            let count = |body: &Value| body["pagination"].clone();
            if recorded["pagination"].is_object() && self.exact_lists && count(recorded) != count(&ours) {
                let what = format!("{method} {recorded_target}: {}, recorded {}", count(&ours), count(recorded));
                report.differences.push(what);
            }
        }
    }

    fn compare(&self, wanted: &[Value], report: &mut Report) {
        let server = self.server.0.lock().unwrap();
        for surplus in &server.surplus {
            report.differences.push(format!("sent, not recorded: {surplus}"));
        }
        for missing in &server.open {
            let body = &missing["request_body"];
            report.differences.push(format!("recorded, not sent: {} {} {body}", missing["method"], missing["target"]));
        }
        for header in &server.headers {
            report.differences.push(format!("header differs: {header}"));
        }
        // Which of two groups comes first depends on their random uuids.
        let order = groups_sorted(server.sent.iter().map(|sent| kind(&sent.method, &sent.target)));
        let recorded = groups_sorted(
            wanted
                .iter()
                .map(|exchange| kind(exchange["method"].as_str().unwrap(), exchange["target"].as_str().unwrap())),
        );
        if report.differences.is_empty() && order != recorded {
            report.differences.push(format!("order: sent {order:#?}, recorded {recorded:#?}"));
        }
        for sent in &server.sent {
            let Ok(body) = serde_json::from_str::<Value>(&sent.body) else { continue };
            let twin = wanted.iter().find(|exchange| {
                exchange["method"] == sent.method
                    && exchange["target"] == sent.target
                    && free_order(&exchange["request_body"]) == free_order(&body)
            });
            match twin {
                None => report.differences.push(format!("body of {} {}: {}", sent.method, sent.target, sent.body)),
                Some(exchange) => {
                    let length = exchange["request_headers"]["content-length"].as_str().map(str::to_owned);
                    if let Some(length) = length
                        && length != sent.body.len().to_string()
                    {
                        let what =
                            format!("{} {} has {} bytes, recorded {length}", sent.method, sent.target, sent.body.len());
                        report.differences.push(what);
                    }
                }
            }
        }
    }
}

/// A request without its id.
fn kind(method: &str, target: &str) -> String {
    let path = target.split('?').next().unwrap();
    let parts: Vec<&str> = path.split('/').collect();
    format!("{method} {}", parts.get(2).unwrap_or(&""))
}

/// The requests about groups that follow each other, sorted.
fn groups_sorted(kinds: impl Iterator<Item = String>) -> Vec<String> {
    let mut kinds: Vec<String> = kinds.collect();
    for run in kinds.chunk_by_mut(|a, b| a.ends_with(" Groups") && b.ends_with(" Groups")) {
        run.sort();
    }
    kinds
}

/// Compares the members of two API answers: same names, same kinds of value.
fn shape(recorded: &Value, ours: &Value, place: &str, tell: &mut dyn FnMut(String)) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            if place.ends_with("attributes") || place.ends_with("log_messages") {
                return;
            }
            for (name, value) in recorded {
                match ours.get(name) {
                    Some(other) => shape(value, other, &format!("{place}.{name}"), tell),
                    None => tell(format!("{place}.{name} is missing")),
                }
            }
            // Our worker is faster than a real one: a task may have finished already.
            let early = |name: &&String| matches!(name.as_str(), "last_successful_sync" | "last_sync_status");
            for name in ours.keys().filter(|name| !recorded.contains_key(*name) && !early(name)) {
                tell(format!("{place}.{name} is not recorded"));
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            if let (Some(a), Some(b)) = (recorded.first(), ours.first()) {
                shape(a, b, &format!("{place}[]"), tell);
            }
        }
        (a, b) => {
            let kind = |value: &Value| match value {
                Value::Null => 0,
                Value::Bool(_) => 1,
                Value::Number(_) => 2,
                Value::String(_) => 3,
                Value::Array(_) => 4,
                Value::Object(_) => 5,
            };
            if kind(a) != kind(b) {
                tell(format!("{place}: {b}, recorded {a}"));
            }
        }
    }
}
