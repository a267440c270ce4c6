//! Recorded ids ↔ ours.

use std::collections::HashMap;

use serde_json::Value;

/// Recorded ids ↔ ours.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    pub(crate) text: HashMap<String, String>,
    back: HashMap<String, String>,
    users: HashMap<i64, i64>,
    providers: HashMap<i64, i64>,
}

impl Ids {
    pub(crate) fn learn_text(&mut self, recorded: &str, ours: &str) {
        let hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        if matches!(recorded.len(), 36 | 64) && hex(recorded) && hex(ours) && recorded.len() == ours.len() {
            self.text.insert(recorded.to_owned(), ours.to_owned());
            self.back.insert(ours.to_owned(), recorded.to_owned());
        }
    }

    /// Walks a recorded answer and ours side by side.
    pub(crate) fn learn(&mut self, recorded: &Value, ours: &Value, key: &str) {
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

    /// A task's uid with the recorded pk of the user it is about: `...:user:<pk>:direct`.
    pub(crate) fn task_uid(&self, ours: &str) -> String {
        let Some((head, tail)) = ours.split_once(":user:") else { return ours.to_owned() };
        let Some((pk, what)) = tail.split_once(':') else { return ours.to_owned() };
        let recorded =
            self.users.iter().find(|(_, ours)| ours.to_string() == pk).map(|(recorded, _)| recorded.to_string());
        format!("{head}:user:{}:{what}", recorded.as_deref().unwrap_or(pk))
    }

    /// Whether a recorded task's uid is about nobody, or somebody whom we have.
    pub(crate) fn knows_task(&self, uid: &str) -> bool {
        let about = |kind: &str| uid.split_once(kind).and_then(|(_, tail)| Some(tail.split_once(':')?.0.to_owned()));
        let user = about(":user:").is_none_or(|pk| pk.parse().is_ok_and(|pk| self.users.contains_key(&pk)));
        user && about(":group:").is_none_or(|pk| self.text.contains_key(&pk))
    }

    pub(crate) fn learn_user(&mut self, recorded: i64, ours: i64) {
        self.users.insert(recorded, ours);
    }

    pub(crate) fn to_ours(&self, text: &str) -> String {
        replace(text, &self.text)
    }

    pub(crate) fn to_recorded(&self, text: &str) -> String {
        replace(text, &self.back)
    }

    /// A recorded request body with our ids.
    pub(crate) fn body(&self, body: &Value, key: &str) -> Value {
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
    pub(crate) fn target(&self, target: &str) -> String {
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
