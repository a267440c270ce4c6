//! A provider in the same process, and requests to it in one line each.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use scim_core::provider::{Behaviour, Engine, Kind, MemoryStore, ServiceProvider};
use scim_core::schema::{ResourceSchemas, ResourceType, Schema};
use serde_json::{Value, json};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(crate) const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub(crate) const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
pub(crate) const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
pub(crate) const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
pub(crate) const BASE: &str = "https://scim.example.com/scim/v2";

pub(crate) struct Service {
    pub(crate) provider: ServiceProvider<MemoryStore>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The answer, if it has that status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The body of an error with that status and keyword.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, scim_type: &str) -> Value {
        let body = self.expect(status).body;
        assert_eq!(body["scimType"], scim_type, "{body}");
        assert_eq!(body["status"], status.to_string(), "{body}");
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
        body
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }

    /// A text of every listed resource.
    pub(crate) fn each(&self, name: &str) -> Vec<&str> {
        let resources = self.body["Resources"].as_array().unwrap();
        resources.iter().map(|resource| resource[name].as_str().unwrap_or("")).collect()
    }
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with(Behaviour::default())
    }

    pub(crate) fn with(behaviour: Behaviour) -> Self {
        Self::of(Engine::new("/scim/v2").with_behaviour(behaviour))
    }

    pub(crate) fn of(engine: Engine) -> Self {
        Self { provider: ServiceProvider::new(engine, MemoryStore::new()) }
    }

    /// Sends bytes and headers as they are.
    pub(crate) fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap());
        request = request.uri(format!("{BASE}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.provider.handle(request.body(Bytes::copy_from_slice(body)).unwrap());
        let body =
            if response.body().is_empty() { Value::Null } else { serde_json::from_slice(response.body()).unwrap() };
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), body }
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.raw(method, path, &[("content-type", "application/scim+json")], &serde_json::to_vec(body).unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.raw("GET", path, &[], b"")
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.raw("DELETE", path, &[], b"")
    }

    /// A list by filter.
    pub(crate) fn find(&self, endpoint: &str, filter: &str) -> Answer {
        self.get(&format!("/{endpoint}?filter={}", encode(filter)))
    }

    /// Creates a user and returns its id.
    #[track_caller]
    pub(crate) fn user(&self, name: &str) -> String {
        self.send("POST", "/Users", &json!({"schemas": [USER], "userName": name})).expect(201).id()
    }

    /// Creates a group with these members and returns its id.
    #[track_caller]
    pub(crate) fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<_> = members.iter().map(|id| json!({"value": id})).collect();
        let body = json!({"schemas": [GROUP], "displayName": name, "members": members});
        self.send("POST", "/Groups", &body).expect(201).id()
    }

    pub(crate) fn patch(&self, path: &str, operations: Value) -> Answer {
        self.send("PATCH", path, &json!({"schemas": [PATCH_OP], "Operations": operations}))
    }
}

pub(crate) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "%{byte:02x}").unwrap();
        out
    })
}

/// A resource type with one attribute of every type and kind.
pub(crate) fn things() -> Kind {
    let attribute = |name: &str, kind: &str| json!({"name": name, "type": kind, "multiValued": false});
    let with = |mut attribute: Value, name: &str, value: Value| {
        attribute[name] = value;
        attribute
    };
    let mut attributes = vec![
        with(attribute("label", "string"), "required", json!(true)),
        with(attribute("exact", "string"), "caseExact", json!(true)),
        attribute("inexact", "string"),
        attribute("whole", "integer"),
        attribute("number", "decimal"),
        attribute("flag", "boolean"),
        attribute("since", "dateTime"),
        attribute("data", "binary"),
        attribute("link", "reference"),
        with(attribute("fixed", "string"), "mutability", json!("immutable")),
        with(attribute("secret", "string"), "mutability", json!("writeOnly")),
        with(attribute("hidden", "string"), "returned", json!("never")),
        with(attribute("asked", "string"), "returned", json!("request")),
        with(attribute("shown", "string"), "returned", json!("always")),
        with(attribute("served", "string"), "mutability", json!("readOnly")),
        with(attribute("serial", "string"), "uniqueness", json!("server")),
        with(attribute("tags", "string"), "multiValued", json!(true)),
        with(
            attribute("part", "complex"),
            "subAttributes",
            json!([attribute("a", "string"), attribute("b", "integer")]),
        ),
    ];
    let subs = json!([attribute("value", "string"), attribute("type", "string"), attribute("primary", "boolean")]);
    let parts = with(with(attribute("parts", "complex"), "subAttributes", subs), "multiValued", json!(true));
    attributes.push(parts);
    let schema: Schema =
        serde_json::from_value(json!({"id": "urn:example:Thing", "name": "Thing", "attributes": attributes})).unwrap();
    let extension: Schema = serde_json::from_value(json!({
        "id": "urn:example:Extra", "name": "Extra", "attributes": [attribute("colour", "string")],
    }))
    .unwrap();
    let resource_type: ResourceType = serde_json::from_value(json!({
        "id": "Thing", "name": "Thing", "endpoint": "/Things", "schema": "urn:example:Thing",
        "schemaExtensions": [{"schema": "urn:example:Extra", "required": false}],
    }))
    .unwrap();
    Kind::from_parts(resource_type, ResourceSchemas::new(schema).with_extension(extension))
}

/// A service of users, groups and [`things`].
pub(crate) fn with_things() -> Service {
    Service::of(Engine::new("/scim/v2").with_kinds(vec![Kind::user(), Kind::group(), things()]))
}

/// A thing with the required label and whatever else.
pub(crate) fn thing(more: Value) -> Value {
    let mut thing = json!({"schemas": ["urn:example:Thing"], "label": "x"});
    thing.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    thing
}
