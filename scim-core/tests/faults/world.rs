//! The server of a cell: a real service provider, its state to be looked at from behind.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response};
use scim_core::provider::{MemoryStore, ServiceProvider};
use serde_json::{Value, json};

use crate::fault::{Armed, Fault};

pub const BASE_PATH: &str = "/scim/v2";
/// What no text may hold.
pub const PLANTED: [&str; 5] = ["planted-token", "person-", "Team ", "ext-", "filter="];

pub struct World {
    provider: ServiceProvider<MemoryStore>,
    state: Mutex<State>,
    pub people: Vec<String>,
    pub group: String,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

#[derive(Default)]
struct State {
    armed: Option<Armed>,
    previous: Option<Response<Bytes>>,
    writes: u32,
}

pub fn person(n: u32) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("person-{n}@example.com"),
           "externalId": format!("ext-{n}"), "title": "Novice"})
}

impl World {
    /// Nine people, the first three of them in a group.
    pub fn new() -> Arc<Self> {
        let mut world = Self {
            provider: ServiceProvider::in_memory(BASE_PATH),
            state: Mutex::default(),
            people: Vec::new(),
            group: String::new(),
        };
        world.people = (0..9).map(|n| world.make("Users", &person(n))).collect();
        world.group = world.make(
            "Groups",
            &json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Team old"}),
        );
        Arc::new(world)
    }

    fn make(&self, endpoint: &str, body: &Value) -> String {
        self.direct(Method::POST, endpoint, Some(body))["id"].as_str().unwrap().to_owned()
    }

    /// A request that no fault sees.
    pub fn direct(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let request = Request::builder().method(method).uri(format!("{BASE_PATH}/{path}"));
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let response = self.provider.handle(request.body(body).unwrap());
        serde_json::from_slice(response.body()).unwrap_or(Value::Null)
    }

    /// All resources of an endpoint.
    pub fn all(&self, endpoint: &str) -> Vec<Value> {
        self.direct(Method::GET, &format!("{endpoint}?count=1000"), None)["Resources"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    pub fn arm(&self, armed: Armed) {
        let mut state = self.state.lock().unwrap();
        state.armed = Some(armed);
        state.writes = 0;
    }

    /// Ends the fault; how many writes arrived meanwhile, as far as the server knows.
    pub fn disarm(&self) -> u32 {
        let mut state = self.state.lock().unwrap();
        state.armed = None;
        std::mem::take(&mut state.writes)
    }

    /// The fault for the next request, if it is one that `here` produces.
    pub fn strike(&self, here: impl Fn(Fault) -> bool) -> Option<Armed> {
        let mut state = self.state.lock().unwrap();
        let armed = state.armed.as_mut().filter(|armed| armed.hits_left > 0 && here(armed.fault))?;
        armed.hits_left -= 1;
        Some(*armed)
    }

    pub fn previous(&self) -> Option<Response<Bytes>> {
        self.state.lock().unwrap().previous.as_ref().map(copy)
    }

    /// What the server really does.
    pub fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let is_write = !request.method().is_safe();
        let response = self.provider.handle(request);
        let mut state = self.state.lock().unwrap();
        state.writes += u32::from(is_write);
        state.previous = Some(copy(&response));
        response
    }

    /// A write that arrives but is not acted upon.
    pub fn ignore(&self, request: &Request<Bytes>) {
        self.state.lock().unwrap().writes += u32::from(!request.method().is_safe());
    }
}

pub fn copy(response: &Response<Bytes>) -> Response<Bytes> {
    let mut out = Response::new(response.body().clone());
    *out.status_mut() = response.status();
    *out.headers_mut() = response.headers().clone();
    out
}
