//! A laboratory: an embedded authentik, a lenient SCIM server behind it as in the recordings of series
//! H, and short ways to drive both.

#![allow(dead_code, reason = "each test binary uses another part")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use authentik_client::embedded::{EmbeddedAuthentik, EmbeddedAuthentikBuilder};
use bytes::Bytes;
use scim_core::transport::{Transport, TransportError, TransportErrorKind};
use serde_json::{Value, json};

type Fault = Box<dyn FnMut(&str, &str) -> Option<Option<(u16, Value)>> + Send>;
type Dress = Box<dyn Fn(&mut Value) + Send>;

/// What the server holds and does.
pub(crate) struct Shelf {
    pub(crate) users: Vec<Value>,
    pub(crate) groups: Vec<Value>,
    pub(crate) config: Value,
    /// Requests so far: method, path with query, body text.
    pub(crate) log: Vec<(String, String, String)>,
    /// Looks at method and target first: `Some(None)` cuts the connection.
    pub(crate) fault: Option<Fault>,
    /// Changes each listed user before it is shown.
    pub(crate) dress_user: Option<Dress>,
    /// Changes each answered user, not the stored one.
    pub(crate) answer_user: Option<Dress>,
    /// Changes each answered group.
    pub(crate) dress_group: Option<Dress>,
    /// How many resources a list page holds.
    pub(crate) page: usize,
    next: u32,
}

/// The server as a transport.
#[derive(Clone)]
pub(crate) struct ScimServer(Arc<Mutex<Shelf>>);

impl std::fmt::Debug for ScimServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScimServer")
    }
}

impl ScimServer {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Shelf {
            users: Vec::new(),
            groups: Vec::new(),
            config: json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
                "patch": {"supported": true},
                "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
                "filter": {"supported": true, "maxResults": 100},
                "changePassword": {"supported": false},
                "sort": {"supported": false},
                "etag": {"supported": false},
                "authenticationSchemes": [],
            }),
            log: Vec::new(),
            fault: None,
            dress_user: None,
            answer_user: None,
            dress_group: None,
            page: 100,
            next: 0,
        })))
    }
}

fn answer(status: u16, body: &Value) -> http::Response<Bytes> {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let mut response = http::Response::new(Bytes::from(text));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}

fn error(status: u16, detail: &str) -> Value {
    let schema = "urn:ietf:params:scim:api:messages:2.0:Error";
    json!({"schemas": [schema], "status": status.to_string(), "detail": detail})
}

#[async_trait]
impl Transport for ScimServer {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let mut state = self.0.lock().unwrap();
        let method = request.method().as_str().to_owned();
        let target = request.uri().path_and_query().unwrap().as_str().to_owned();
        let sent = String::from_utf8(request.body().to_vec()).unwrap();
        state.log.push((method.clone(), target.clone(), sent.clone()));
        if let Some(fault) = &mut state.fault {
            match fault(&method, &target) {
                Some(Some((status, body))) => return Ok(answer(status, &body)),
                Some(None) => return Err(TransportError::new(TransportErrorKind::Connect)),
                None => {}
            }
        }
        let body: Value = serde_json::from_str(&sent).unwrap_or(Value::Null);
        let (status, body) = state.handle(&method, &target, body);
        Ok(answer(status, &body))
    }
}

impl Shelf {
    fn handle(&mut self, method: &str, target: &str, body: Value) -> (u16, Value) {
        let bare = target.split('?').next().unwrap();
        let parts: Vec<&str> = bare.trim_start_matches("/v2/").split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["ServiceProviderConfig"]) => (200, self.config.clone()),
            ("GET", ["Users" | "Groups"]) => self.list(parts[0], target),
            ("POST", ["Users" | "Groups"]) => self.create(parts[0], body),
            (_, [kind @ ("Users" | "Groups"), id]) => self.one(method, kind, id, &body),
            _ => (404, error(404, "no such path")),
        }
    }

    fn rows(&mut self, kind: &str) -> &mut Vec<Value> {
        if kind == "Users" { &mut self.users } else { &mut self.groups }
    }

    fn list(&mut self, kind: &str, target: &str) -> (u16, Value) {
        let mut rows = self.rows(kind).clone();
        if let Some((_, value)) = target.split_once("filter=") {
            let value = value.replace('+', " ").replace("%22", "\"");
            let (name, value) = value.split_once(" eq ").unwrap();
            rows.retain(|row| row[name] == value.trim_matches('"'));
        }
        if let (true, Some(dress)) = (kind == "Users", &self.dress_user) {
            rows.iter_mut().for_each(dress);
        }
        let from = target.split_once("startIndex=").map_or(1, |(_, index)| index.parse::<usize>().unwrap());
        let total = rows.len();
        let page: Vec<Value> = rows.into_iter().skip(from - 1).take(self.page).collect();
        (
            200,
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": total,
            "startIndex": from, "itemsPerPage": page.len(), "Resources": page}),
        )
    }

    fn create(&mut self, kind: &str, mut body: Value) -> (u16, Value) {
        let unique = if kind == "Users" { "userName" } else { "displayName" };
        if self.rows(kind).iter().any(|row| row[unique] == body[unique]) {
            return (409, error(409, "exists"));
        }
        self.next += 1;
        body["id"] = format!("{}-{}", kind.trim_end_matches('s').to_lowercase(), self.next).into();
        if kind == "Groups" && body.get("members").is_none() {
            body["members"] = json!([]);
        }
        self.rows(kind).push(body.clone());
        (201, self.dressed(kind, body))
    }

    fn dressed(&self, kind: &str, mut body: Value) -> Value {
        let dress = if kind == "Groups" { &self.dress_group } else { &self.answer_user };
        if let Some(dress) = dress {
            dress(&mut body);
        }
        body
    }

    fn one(&mut self, method: &str, kind: &str, id: &str, body: &Value) -> (u16, Value) {
        let Some(index) = self.rows(kind).iter().position(|row| row["id"] == id) else {
            return (404, error(404, "not found"));
        };
        match method {
            "DELETE" => {
                self.rows(kind).remove(index);
                return (204, Value::Null);
            }
            "PUT" => self.rows(kind)[index] = body.clone(),
            "PATCH" => patch(&mut self.rows(kind)[index], body),
            _ => {}
        }
        let row = self.rows(kind)[index].clone();
        (200, self.dressed(kind, row))
    }
}

fn patch(group: &mut Value, body: &Value) {
    for operation in body["Operations"].as_array().unwrap() {
        let value = &operation["value"];
        match (operation["op"].as_str().unwrap(), operation["path"].as_str()) {
            ("replace", None) => {
                for (name, value) in value.as_object().unwrap() {
                    group[name] = value.clone();
                }
            }
            ("add", Some("members")) => {
                let members = group["members"].as_array_mut().unwrap();
                for member in value.as_array().unwrap() {
                    if !members.iter().any(|known| known["value"] == member["value"]) {
                        members.push(member.clone());
                    }
                }
            }
            ("remove", Some(path)) => {
                let by_path = path.split('"').nth(1).map(str::to_owned);
                let gone: Vec<Value> = match by_path {
                    Some(id) => vec![id.into()],
                    None => value.as_array().unwrap().iter().map(|member| member["value"].clone()).collect(),
                };
                group["members"].as_array_mut().unwrap().retain(|member| !gone.contains(&member["value"]));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Both ends.
pub(crate) struct Lab {
    pub(crate) authentik: EmbeddedAuthentik,
    pub(crate) server: ScimServer,
    pub(crate) user_mapping: String,
    pub(crate) group_mapping: String,
}

/// An answer of the API.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(set: impl FnOnce(EmbeddedAuthentikBuilder) -> EmbeddedAuthentikBuilder) -> Self {
        let server = ScimServer::new();
        let builder = EmbeddedAuthentik::builder(Arc::new(server.clone())).seed(1);
        let authentik = set(builder.start_at("2026-11-24T09:00:00Z".parse().unwrap())).build();
        // So that a new provider's first sync comes by itself when the tests have attached it.
        authentik.set_switch("first_sync", "late").unwrap();
        Self::between(authentik, server).await
    }

    /// An authentik with a server of its own; the shelf stays empty.
    pub(crate) async fn of(authentik: EmbeddedAuthentik) -> Self {
        Self::between(authentik, ScimServer::new()).await
    }

    async fn between(authentik: EmbeddedAuthentik, server: ScimServer) -> Self {
        let mut lab = Self { authentik, server, user_mapping: String::new(), group_mapping: String::new() };
        let mappings = lab.get("propertymappings/provider/scim/?managed__isnull=false").await;
        mappings["results"][0]["pk"].as_str().unwrap().clone_into(&mut lab.group_mapping);
        mappings["results"][1]["pk"].as_str().unwrap().clone_into(&mut lab.user_mapping);
        lab
    }

    pub(crate) async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut request = http::Request::builder().method(method).uri(format!("http://authentik/api/v3/{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let response = self.authentik.send(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Got { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    pub(crate) async fn call_as(&self, token: &str, method: &str, path: &str, body: &Value) -> Got {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("accept", "application/json"), ("authorization", bearer.as_str())];
        if body.is_null() {
            return self.raw(method, path, &headers, "").await;
        }
        headers.push(("content-type", "application/json"));
        self.raw(method, path, &headers, &body.to_string()).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Got {
        self.call_as(self.authentik.token(), method, path, &body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let got = self.call("GET", path, Value::Null).await;
        assert_eq!(got.status, 200, "{path}: {}", got.text);
        got.json()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let got = self.call("POST", path, body).await;
        assert!(got.status < 300, "{path}: {} {}", got.status, got.text);
        if got.text.is_empty() { Value::Null } else { got.json() }
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        let got = self.call("PATCH", path, body).await;
        assert_eq!(got.status, 200, "{path}: {}", got.text);
        got.json()
    }

    /// A user with the name as user name, `name@example.test` as address; the pk.
    pub(crate) async fn user(&self, name: &str) -> i64 {
        let email = format!("{name}@example.test");
        let body = json!({"username": name, "name": name, "email": email});
        self.post("core/users/", body).await["pk"].as_i64().unwrap()
    }

    /// A group with members; the uuid.
    pub(crate) async fn group(&self, name: &str, users: &[i64]) -> String {
        let body = json!({"name": name, "users": users});
        self.post("core/groups/", body).await["pk"].as_str().unwrap().to_owned()
    }

    /// An application bound to groups, and a provider attached to it; nothing is waited for.
    pub(crate) async fn provider(&self, bound: &[&str], extra: Value) -> i64 {
        let application = self.post("core/applications/", json!({"name": "app", "slug": "app"})).await;
        for group in bound {
            let binding = json!({"target": application["pk"], "group": group, "order": 0});
            self.post("policies/bindings/", binding).await;
        }
        let mut body = json!({"name": "lab", "url": "http://scim.test/v2", "token": "t", "group_filters": bound,
            "property_mappings": [self.user_mapping], "property_mappings_group": [self.group_mapping],
            "exclude_users_service_account": true});
        for (name, value) in extra.as_object().unwrap() {
            body[name] = value.clone();
        }
        let provider = self.post("providers/scim/", body).await["pk"].as_i64().unwrap();
        self.patch("core/applications/app/", json!({"backchannel_providers": [provider]})).await;
        provider
    }

    /// Waits for the queue; the requests since the last look, as `METHOD path`.
    pub(crate) async fn settled(&self) -> Vec<String> {
        assert!(self.authentik.idle(Duration::from_secs(600)).await, "the queue never became idle");
        self.drain().into_iter().map(|(method, target, _)| format!("{method} {target}")).collect()
    }

    pub(crate) fn drain(&self) -> Vec<(String, String, String)> {
        std::mem::take(&mut self.server.0.lock().unwrap().log)
    }

    /// A full sync, waited for; the requests.
    pub(crate) async fn sync(&self) -> Vec<String> {
        self.settled().await;
        self.sync_without_waiting().await;
        self.settled().await
    }

    /// Sends the first schedule.
    pub(crate) async fn sync_without_waiting(&self) {
        let schedules = self.get("tasks/schedules/").await;
        let id = schedules["results"][0]["id"].as_str().unwrap().to_owned();
        self.post(&format!("tasks/schedules/{id}/send/"), Value::Null).await;
    }

    pub(crate) fn shelf<T>(&self, step: impl FnOnce(&mut Shelf) -> T) -> T {
        step(&mut self.server.0.lock().unwrap())
    }

    /// The next answers to requests that match, then none any more. `None` cuts the connection.
    pub(crate) fn faults(&self, method: &str, path: &str, answers: Vec<Option<(u16, Value)>>) {
        let (method, path) = (method.to_owned(), path.to_owned());
        let mut answers: VecDeque<_> = answers.into();
        let fault: Fault =
            Box::new(
                move |found, target| {
                    if found == method && target.starts_with(&path) { answers.pop_front() } else { None }
                },
            );
        self.shelf(|shelf| shelf.fault = Some(fault));
    }

    /// The events in the logs of the schedule's tasks, newest task first: `level event`.
    pub(crate) async fn logs(&self) -> Vec<String> {
        let tasks = self.get("tasks/tasks/?page_size=100").await;
        let mut lines = Vec::new();
        for task in tasks["results"].as_array().unwrap() {
            for name in ["previous_logs", "logs"] {
                for line in task[name].as_array().unwrap() {
                    lines.push(format!("{} {}", line["log_level"].as_str().unwrap(), line["event"].as_str().unwrap()));
                }
            }
        }
        lines
    }
}

/// The requests that are not GETs.
pub(crate) fn writes(requests: &[String]) -> Vec<&str> {
    requests.iter().map(String::as_str).filter(|request| !request.starts_with("GET")).collect()
}

/// Two users in one bound group, synced: the group, the users, the provider.
pub(crate) async fn two_users(lab: &Lab) -> (String, Vec<i64>, i64) {
    let users = vec![lab.user("u0").await, lab.user("u1").await];
    let group = lab.group("g0", &users).await;
    let provider = lab.provider(&[&group], json!({})).await;
    lab.settled().await;
    (group, users, provider)
}

/// A remote user that authentik did not make.
pub(crate) fn remote(user: &str, active: bool) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": format!("old-{user}"), "userName": user,
        "active": active, "emails": [{"value": format!("{user}@elsewhere.test"), "type": "work"}]})
}

/// Whether a full sync adds a new member to a group that the server answers without members.
pub(crate) async fn adds_where_members_are_absent(lab: &Lab) -> bool {
    let (group, _, _) = two_users(lab).await;
    let third = lab.user("u2").await;
    lab.shelf(|shelf| {
        let bare = |group: &mut Value| {
            group.as_object_mut().unwrap().remove("members");
        };
        shelf.dress_group = Some(Box::new(bare));
    });
    lab.post(&format!("core/groups/{group}/add_user/"), json!({"pk": third})).await;
    writes(&lab.sync().await).iter().any(|request| request.starts_with("PATCH"))
}
