//! A resource and the operations on it from any bytes, each byte one choice: bytes that are no JSON reach deep into
//! PATCH this way.

use scim_core::message::PATCH_OP;
use serde_json::{Map, Value, json};

/// Choices, one byte each; after the last byte always the first alternative.
struct Choices<'b>(std::slice::Iter<'b, u8>);

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % count.max(1)
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 1
    }
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const TEXTS: &[&str] =
    &["a", "b", "work", "home", "True", "false", "", "u1", "u2", "A", "12.5", "é\u{301}", "{\"id\":1}", "2819c223"];

const NAMES: &[&str] = &[
    "userName",
    "displayName",
    "active",
    "name",
    "emails",
    "phoneNumbers",
    "addresses",
    "groups",
    "roles",
    "members",
    "externalId",
    "id",
    "meta",
    "schemas",
    "title",
    "password",
    "profileUrl",
    "x509Certificates",
    "ims",
    "photos",
    "entitlements",
    "nickName",
    "USERNAME",
    "Emails",
    "nothing",
    ENTERPRISE,
];

const SUBS: &[&str] = &[
    "value",
    "type",
    "primary",
    "display",
    "$ref",
    "givenName",
    "familyName",
    "formatted",
    "streetAddress",
    "manager",
    "department",
    "displayName",
    "VALUE",
    "nothing",
];

const FILTERS: &[&str] = &[
    "type eq \"work\"",
    "value eq \"u1\"",
    "primary eq true",
    "primary eq \"True\"",
    "not (type eq \"work\")",
    "type eq \"work\" and value eq \"a\"",
    "type eq \"work\" or type eq \"home\"",
    "value pr",
    "display co \"a\"",
    "type eq work",
    "value sw \"\"",
    "$ref eq \"b\"",
    "nothing eq 1",
    "primary gt true",
];

impl Choices<'_> {
    fn scalar(&mut self) -> Value {
        match self.below(8) {
            0..=3 => Value::from(*self.one(TEXTS)),
            4 => Value::from(self.yes()),
            5 => [json!(0), json!(1), json!(-1.5), json!(1e300), json!(u64::MAX)][self.below(5)].clone(),
            6 => Value::Null,
            _ => Value::from("u1"),
        }
    }

    /// An element as a list of the schema has it.
    fn element(&mut self) -> Value {
        let mut element = Map::new();
        element.insert("value".to_owned(), Value::from(*self.one(TEXTS)));
        if self.yes() {
            element.insert("type".to_owned(), Value::from(*self.one(&["work", "home", "User", "other"])));
        }
        if self.yes() {
            element.insert("display".to_owned(), Value::from(*self.one(TEXTS)));
        }
        if self.below(4) == 3 {
            element.insert("primary".to_owned(), Value::from(self.yes()));
        }
        Value::Object(element)
    }

    fn object(&mut self, depth: usize) -> Value {
        let count = self.below(4);
        let names = if self.yes() { SUBS } else { NAMES };
        (0..count).map(|_| ((*self.one(names)).to_owned(), self.value(depth))).collect()
    }

    /// Any value, right or wrong.
    fn value(&mut self, depth: usize) -> Value {
        match self.below(9) {
            0..=2 => self.scalar(),
            3 => self.element(),
            4 => (0..self.below(4)).map(|_| self.element()).collect(),
            5 if depth > 0 => self.object(depth - 1),
            6 if depth > 0 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            7 => json!([]),
            _ => self.scalar(),
        }
    }

    fn list(&mut self, with_primary: bool) -> Value {
        let mut has_primary = !with_primary;
        let count = self.below(5);
        let elements = (0..count).map(|_| {
            let mut element = self.element();
            if let Value::Object(map) = &mut element
                && map.get("primary") == Some(&Value::Bool(true))
                && std::mem::replace(&mut has_primary, true)
            {
                map.remove("primary");
            }
            element
        });
        elements.collect()
    }

    fn resource(&mut self) -> Value {
        let mut resource = Map::new();
        let mut set = |name: &str, value: Value| drop(resource.insert(name.to_owned(), value));
        set("id", Value::from("2819c223"));
        if self.yes() {
            set("schemas", json!(["urn:ietf:params:scim:schemas:core:2.0:Group"]));
            set("displayName", Value::from(*self.one(TEXTS)));
            let count = self.below(5);
            let members = (0..count).map(|_| json!({"value": self.one(TEXTS), "type": self.one(&["User", "Group"])}));
            set("members", members.collect());
            return Value::Object(resource);
        }
        let mut schemas = vec!["urn:ietf:params:scim:schemas:core:2.0:User"];
        set("userName", Value::from(*self.one(TEXTS)));
        for name in ["displayName", "title", "externalId", "Locale"] {
            if self.yes() {
                set(name, Value::from(*self.one(TEXTS)));
            }
        }
        if self.yes() {
            set("active", Value::from(self.yes()));
        }
        if self.yes() {
            set("name", json!({"givenName": self.one(TEXTS), "familyName": self.one(TEXTS)}));
        }
        for name in ["emails", "phoneNumbers", "roles", "ims"] {
            if self.yes() {
                set(name, self.list(true));
            }
        }
        if self.yes() {
            set("addresses", json!([{"streetAddress": self.one(TEXTS), "type": "work"}, {"locality": "b"}]));
        }
        if self.yes() {
            schemas.push(ENTERPRISE);
            set(ENTERPRISE, json!({"department": self.one(TEXTS), "manager": {"value": self.one(TEXTS)}}));
        }
        set("schemas", json!(schemas));
        Value::Object(resource)
    }

    fn path(&mut self) -> Option<String> {
        let mut path = match self.below(8) {
            0 => return None,
            1 => format!("{ENTERPRISE}:{}", self.one(&["department", "manager", "manager.value", "nothing"])),
            2 => return Some(ENTERPRISE.to_owned()),
            _ => (*self.one(NAMES)).to_owned(),
        };
        if self.yes() {
            path = format!("{path}[{}]", self.one(FILTERS));
        }
        if self.yes() {
            path = format!("{path}.{}", self.one(SUBS));
        }
        Some(path)
    }

    fn operation(&mut self) -> Value {
        let mut operation = Map::new();
        let word = *self.one(&["replace", "add", "remove", "replace", "add", "remove", "Replace", "ADD"]);
        operation.insert("op".to_owned(), Value::from(word));
        if let Some(path) = self.path() {
            operation.insert("path".to_owned(), Value::from(path));
        } else if word != "remove" {
            let mut value = self.object(2);
            if let Value::Object(map) = &mut value
                && self.below(4) == 3
            {
                let key = format!("{}[{}].{}", self.one(NAMES), self.one(FILTERS), self.one(SUBS));
                map.insert(key, self.scalar());
            }
            operation.insert("value".to_owned(), value);
            return Value::Object(operation);
        }
        if word != "remove" || self.below(4) == 3 {
            operation.insert("value".to_owned(), self.value(2));
        }
        Value::Object(operation)
    }
}

/// A resource that meets its schema, and a PATCH body that need not.
pub fn resource_and_patch(data: &[u8]) -> (Value, Value) {
    let mut choices = Choices(data.iter());
    // The operations come first, so that short inputs have some; the resource gets the rest.
    let count = 1 + choices.below(4);
    let operations: Vec<Value> = (0..count).map(|_| choices.operation()).collect();
    (choices.resource(), json!({"schemas": [PATCH_OP], "Operations": operations}))
}
