//! A scripted authentik: answers by method and path, remembers what it was asked.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use authentik_client::Authentik;
use bytes::Bytes;
use scim_core::transport::{TransportExt, from_fn};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "planted-token-4711";

/// A request as a test looks at it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Below `/api/v3/`.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Value,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Asked>>>);

impl Log {
    pub(crate) fn all(&self) -> Vec<Asked> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.all().iter().map(ToString::to_string).collect()
    }

    pub(crate) fn count(&self, method: &str, path_end: &str) -> usize {
        self.all().iter().filter(|asked| asked.method == method && asked.path.ends_with(path_end)).count()
    }
}

pub(crate) fn answer(status: u16, body: &Value) -> http::Response<Bytes> {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let kind = if body.is_empty() { "text/html" } else { "application/json" };
    http::Response::builder()
        .status(status)
        .header("content-type", kind)
        .header("x-authentik-id", "req-1")
        .body(body)
        .unwrap()
}

pub(crate) fn page(results: &[Value]) -> Value {
    json!({
        "pagination": {"next": 0, "previous": 0, "count": results.len(), "current": 1, "total_pages": 1,
            "start_index": 1, "end_index": results.len()},
        "results": results, "autocomplete": {}
    })
}

/// A client of a server that answers by a function.
pub(crate) fn scripted(serve: impl Fn(&Asked) -> http::Response<Bytes> + Send + Sync + 'static) -> (Authentik, Log) {
    let log = Log::default();
    let seen = log.clone();
    let transport = from_fn(move |request: http::Request<Bytes>| {
        let uri = request.uri();
        let asked = Asked {
            method: request.method().to_string(),
            path: uri.path().trim_start_matches("/api/v3/").to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            body: serde_json::from_slice(request.body()).unwrap_or(Value::Null),
        };
        let response = serve(&asked);
        seen.0.lock().unwrap().push(asked);
        async move { Ok(response) }
    });
    let client = Authentik::builder("http://authentik.test".parse().unwrap(), TOKEN.to_owned().into())
        .transport(transport.shared())
        .build()
        .unwrap();
    (client, log)
}

pub(crate) fn recording(name: &str) -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata/authentik/recordings");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.file_name().unwrap().to_string_lossy().starts_with(&format!("{name}-")));
    assert_eq!(files.len(), 1, "{name}");
    let recording: Value = serde_json::from_slice(&std::fs::read(&files[0]).unwrap()).unwrap();
    recording["exchanges"].as_array().unwrap().clone()
}

/// The tasks of a schedule as the nth look of a recording shows them.
pub(crate) fn recorded_tasks(name: &str, nth: usize) -> Vec<Value> {
    recorded_look(name, nth).unwrap()
}

/// The same, where there are so many looks.
pub(crate) fn recorded_look(name: &str, nth: usize) -> Option<Vec<Value>> {
    let looks = recording(name).into_iter().filter(|exchange| {
        let target = exchange["target"].as_str().unwrap_or_default();
        exchange["side"] == "api" && target.contains("/tasks/tasks/?") && target.contains("authentik_tasks_schedules")
    });
    looks.map(|exchange| exchange["response_body"]["results"].as_array().unwrap().clone()).nth(nth)
}

/// The schedule of the provider 9, which most recordings are about.
pub(crate) const SCHEDULE: &str = "862aacf7-2f8d-4813-8051-4fdafa9a90fb";

pub(crate) fn schedule() -> Value {
    json!({
        "id": SCHEDULE, "identifier": "9", "uid": "authentik.providers.scim.tasks.scim_sync:lab-scim",
        "actor_name": "authentik.providers.scim.tasks.scim_sync", "rel_obj_app_label": "authentik_providers_scim",
        "rel_obj_model": "scimprovider", "rel_obj_id": "9", "crontab": "25 */4 * * *", "paused": false,
        "next_run": "2026-11-24T12:25:00Z", "description": "Full sync for SCIM provider.", "last_task_status": "done"
    })
}

/// The same with other members.
#[allow(clippy::needless_pass_by_value, reason = "written where it is used")]
pub(crate) fn with(mut object: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

/// A SCIM server that holds nothing, accepts everything and counts the ids that it gives.
pub(crate) fn scim_sink() -> Arc<dyn scim_core::transport::Transport> {
    let next = std::sync::atomic::AtomicU32::new(1);
    from_fn(move |request: http::Request<Bytes>| {
        let path = request.uri().path().to_owned();
        let mut body: Value = serde_json::from_slice(request.body()).unwrap_or(json!({}));
        let list = path.ends_with("/Users") || path.ends_with("/Groups");
        let status = match request.method().as_str() {
            "POST" => {
                body["id"] = json!(next.fetch_add(1, std::sync::atomic::Ordering::SeqCst).to_string());
                201
            }
            "GET" if path.ends_with("/ServiceProviderConfig") => {
                body = json!({"patch": {"supported": true}, "filter": {"supported": true, "maxResults": 100},
                    "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0}, "sort": {"supported": false},
                    "changePassword": {"supported": false}, "etag": {"supported": false}, "authenticationSchemes": []});
                200
            }
            "GET" if list => {
                body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0,
                    "itemsPerPage": 0, "startIndex": 1, "Resources": []});
                200
            }
            "DELETE" => 204,
            _ => {
                let id = path.rsplit('/').next().unwrap_or_default();
                body =
                    json!({"id": id, "displayName": "x", "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"]});
                200
            }
        };
        let mut response = answer(status, &if status == 204 { Value::Null } else { body });
        response.headers_mut().insert("content-type", "application/scim+json".parse().unwrap());
        async move { Ok(response) }
    })
    .shared()
}
