//! What a series of recordings shows of objects that were there before it: their ids and names.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::recording::exchanges;

/// Objects by name, as far as the files show them.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Users by user name: the members seen of them, first come first kept.
    users: BTreeMap<String, Map<String, Value>>,
    groups: BTreeMap<String, Map<String, Value>>,
    remote_users: BTreeMap<String, Value>,
    remote_groups: BTreeMap<String, Value>,
    applications: BTreeMap<String, Value>,
    pub(crate) config: Value,
}

fn keep(map: &mut BTreeMap<String, Map<String, Value>>, name: &Value, object: &Map<String, Value>) {
    let Some(name) = name.as_str() else { return };
    let seen = map.entry(name.to_owned()).or_default();
    for (name, value) in object {
        if !seen.contains_key(name) {
            seen.insert(name.clone(), value.clone());
        }
    }
}

impl Known {
    pub(crate) fn of(files: &[&str]) -> Self {
        let config = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": {"supported": true}, "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": true, "maxResults": 100}, "changePassword": {"supported": false},
            "sort": {"supported": false}, "etag": {"supported": false}, "authenticationSchemes": []});
        let mut known = Self { config, ..Self::default() };
        for file in files {
            for exchange in exchanges(file) {
                let scim = exchange["side"] == "scim";
                known.walk(&exchange["response_body"], scim);
                known.walk(&exchange["request_body"], scim);
                known.parameters(&exchange);
            }
        }
        known
    }

    fn walk(&mut self, value: &Value, scim: bool) {
        match value {
            Value::Object(object) if scim => {
                if let Some(name) = object.get("userName").and_then(Value::as_str) {
                    keep(&mut self.users, &json!(name), &uid(object));
                    if object.contains_key("id") {
                        self.remote_users.entry(name.to_owned()).or_insert_with(|| value.clone());
                    }
                } else if let (Some(Value::String(name)), true) = (object.get("displayName"), object.contains_key("id"))
                {
                    self.remote_groups.entry(name.clone()).or_insert_with(|| value.clone());
                }
                object.values().for_each(|value| self.walk(value, scim));
            }
            Value::Object(object) => {
                if object.get("pk").is_some_and(Value::is_i64) {
                    if let Some(name) = object.get("username") {
                        keep(&mut self.users, name, object);
                    }
                } else if let (Some(name), true) = (object.get("name"), object.contains_key("num_pk")) {
                    keep(&mut self.groups, name, object);
                } else if let (Some(Value::String(slug)), Some(pk)) = (object.get("slug"), object.get("pk")) {
                    self.applications.insert(slug.clone(), pk.clone());
                }
                object.values().for_each(|value| self.walk(value, scim));
            }
            Value::Array(items) => items.iter().for_each(|value| self.walk(value, scim)),
            _ => {}
        }
    }

    /// `POST /policies/bindings/` names an application that no answer shows.
    fn parameters(&mut self, exchange: &Value) {
        if let Some(target) = exchange["request_body"]["target"].as_str() {
            self.applications.entry(String::new()).or_insert_with(|| target.into());
        }
    }

    /// The recorded resource of the same name.
    pub(crate) fn remote(&self, kind: &str, body: &Value) -> Option<&Value> {
        match kind {
            "Users" => self.remote_users.get(body["userName"].as_str()?),
            _ => self.remote_groups.get(body["displayName"].as_str()?),
        }
    }

    /// A list of which the recording keeps the first resource only, with the others as they are known.
    pub(crate) fn whole(&self, mut answer: Value) -> Value {
        let left = answer["totalResults"].as_u64().zip(answer["startIndex"].as_u64()).map(|(all, from)| all + 1 - from);
        let Some(wanted) = left.zip(answer["itemsPerPage"].as_u64()).map(|(left, page)| left.min(page)) else {
            return answer;
        };
        let Some(Value::Array(listed)) = answer.get_mut("Resources") else { return answer };
        if listed.len() != 1 {
            return answer;
        }
        let more = if listed.iter().all(|one| one.get("userName").is_some()) {
            &self.remote_users
        } else {
            &self.remote_groups
        };
        for resource in more.values() {
            if (listed.len() as u64) < wanted
                && !listed.is_empty()
                && !listed.iter().any(|one| one["id"] == resource["id"])
            {
                listed.push(resource.clone());
            }
        }
        answer
    }

    /// What is known of a user: at least its `uid`, if it was ever sent.
    pub(crate) fn user(&self, username: &str) -> Value {
        let mut seen = self.users.get(username).cloned().unwrap_or_default();
        // Under the Cloudflare mapping the address is the user name.
        if let (false, Some(sent)) = (seen.contains_key("uid"), self.users.get(&format!("{username}@example.test"))) {
            seen.extend(sent.clone());
        }
        Value::Object(seen)
    }

    pub(crate) fn group(&self, name: &str) -> Value {
        let seen = self.groups.get(name).cloned().unwrap_or_default();
        match self.remote_groups.get(name) {
            Some(remote) if seen.is_empty() => json!({"pk": remote["externalId"]}),
            _ => Value::Object(seen),
        }
    }

    /// An application's uuid; that of the only one that bindings name, if no answer shows it.
    pub(crate) fn application(&self, slug: &str) -> Value {
        self.applications.get(slug).or_else(|| self.applications.get("")).cloned().unwrap_or(Value::Null)
    }
}

/// The default `externalId` is the user's `uid`.
fn uid(resource: &Map<String, Value>) -> Map<String, Value> {
    let mut seen = Map::new();
    if let Some(Value::String(id)) = resource.get("externalId")
        && id.len() == 64
    {
        seen.insert("uid".to_owned(), json!(id));
    }
    seen
}
