//! Reading request bodies with the messages that Django REST framework gives (recordings G13, G14).

#![expect(clippy::option_option, reason = "a member of a PATCH is absent, null, or has a value")]

use serde_json::{Map, Value};

use super::super::clock::parse_duration;
use super::super::ids::{canonical_uuid, is_uuid};
use super::super::json::Json;
use super::reply::Answer;

/// A body being read; errors are collected in the order of the reads.
pub(crate) struct Fields<'a> {
    body: &'a Map<String, Value>,
    /// PATCH: what is missing is left alone.
    partial: bool,
    errors: Vec<(String, Json)>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(body: &'a Map<String, Value>, partial: bool) -> Self {
        Self { body, partial, errors: Vec::new() }
    }

    pub(crate) fn error(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push((name.to_owned(), Json::list([message.into()])));
    }

    /// 400 with all messages, if there are any.
    pub(crate) fn finish(self) -> Result<(), Answer> {
        if self.errors.is_empty() { Ok(()) } else { Err(Answer::bad_request(Json::Object(self.errors))) }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.body.contains_key(name)
    }

    /// A member that may be null: `Some(None)`.
    fn nullable(&mut self, name: &str, required: bool) -> Option<Option<&'a Value>> {
        match self.body.get(name) {
            None => {
                if required && !self.partial {
                    self.error(name, "This field is required.");
                }
                None
            }
            Some(Value::Null) => Some(None),
            Some(value) => Some(Some(value)),
        }
    }

    fn value(&mut self, name: &str, required: bool) -> Option<&'a Value> {
        let value = self.nullable(name, required)?;
        if value.is_none() {
            self.error(name, "This field may not be null.");
        }
        value
    }

    /// Text, trimmed. `blank`: whether it may be empty; `max` characters.
    pub(crate) fn text(&mut self, name: &str, required: bool, blank: bool, max: usize) -> Option<String> {
        let text = match self.value(name, required)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => {
                self.error(name, "Not a valid string.");
                return None;
            }
        };
        if text.is_empty() && !blank {
            self.error(name, "This field may not be blank.");
            return None;
        }
        if text.chars().count() > max {
            self.error(name, format!("Ensure this field has no more than {max} characters."));
            return None;
        }
        Some(text)
    }

    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.value(name, false)?;
        let read = match value {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(1) => Some(true),
                Some(0) => Some(false),
                _ => None,
            },
            Value::String(text) => boolean(text),
            _ => None,
        };
        if read.is_none() {
            self.error(name, "Must be a valid boolean.");
        }
        read
    }

    pub(crate) fn integer(&mut self, name: &str, required: bool, min: Option<i64>) -> Option<i64> {
        let value = self.value(name, required)?;
        let Some(number) = as_integer(value) else {
            self.error(name, "A valid integer is required.");
            return None;
        };
        if let Some(min) = min.filter(|min| number < *min) {
            self.error(name, format!("Ensure this value is greater than or equal to {min}."));
            return None;
        }
        Some(number)
    }

    pub(crate) fn choice(&mut self, name: &str, required: bool, choices: &[&str]) -> Option<String> {
        let value = self.value(name, required)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if choices.contains(&text.as_str()) {
            return Some(text);
        }
        self.error(name, format!("\"{text}\" is not a valid choice."));
        None
    }

    pub(crate) fn dictionary(&mut self, name: &str) -> Option<Map<String, Value>> {
        if let Value::Object(map) = self.value(name, false)? {
            return Some(map.clone());
        }
        self.error(name, "Value must be a dictionary, and not have any duplicate keys.");
        None
    }

    pub(crate) fn duration(&mut self, name: &str) -> Option<String> {
        let text = self.text(name, false, false, 1000)?;
        if parse_duration(&text).is_some() {
            return Some(text);
        }
        self.error(name, format!("{text} is not in the correct format of 'hours=3;minutes=1'."));
        None
    }

    /// A list of uuids of existing objects.
    pub(crate) fn uuids(&mut self, name: &str, exists: impl Fn(&str) -> bool) -> Option<Vec<String>> {
        let items = self.list(name)?;
        let mut uuids = Vec::with_capacity(items.len());
        for item in items {
            match existing_uuid(item, &exists) {
                Ok(uuid) if uuids.contains(&uuid) => {}
                Ok(uuid) => uuids.push(uuid),
                Err(message) => {
                    self.error(name, message);
                    return None;
                }
            }
        }
        Some(uuids)
    }

    /// One uuid of an existing object; `Some(None)` for null.
    pub(crate) fn uuid(&mut self, name: &str, required: bool, exists: impl Fn(&str) -> bool) -> Option<Option<String>> {
        let Some(value) = self.nullable(name, required)? else { return Some(None) };
        match existing_uuid(value, &exists) {
            Ok(uuid) => Some(Some(uuid)),
            Err(message) => {
                self.error(name, message);
                None
            }
        }
    }

    /// A list of integer pks of existing objects. The answer may be a crash: text that is no number
    /// in `users` (recording G13).
    pub(crate) fn pks(&mut self, name: &str, exists: impl Fn(i64) -> bool) -> Result<Option<Vec<i64>>, Answer> {
        let Some(items) = self.list(name) else { return Ok(None) };
        let mut pks = Vec::with_capacity(items.len());
        for item in items {
            if item.is_string() && as_integer(item).is_none() {
                return Err(Answer::crash());
            }
            match existing_pk(item, &exists) {
                Ok(pk) if pks.contains(&pk) => {}
                Ok(pk) => pks.push(pk),
                Err(message) => {
                    self.error(name, message);
                    return Ok(None);
                }
            }
        }
        Ok(Some(pks))
    }

    /// One integer pk of an existing object; `Some(None)` for null.
    pub(crate) fn pk(&mut self, name: &str, required: bool, exists: impl Fn(i64) -> bool) -> Option<Option<i64>> {
        let Some(value) = self.nullable(name, required)? else { return Some(None) };
        match existing_pk(value, &exists) {
            Ok(pk) => Some(Some(pk)),
            Err(message) => {
                self.error(name, message);
                None
            }
        }
    }

    /// Text or number as text.
    pub(crate) fn id_text(&mut self, name: &str) -> Option<String> {
        self.text(name, true, false, 1000)
    }

    fn list(&mut self, name: &str) -> Option<&'a Vec<Value>> {
        match self.value(name, false)? {
            Value::Array(items) => Some(items),
            other => {
                let kind = match other {
                    Value::String(_) => "str",
                    Value::Object(_) => "dict",
                    Value::Bool(_) => "bool",
                    _ => "int",
                };
                self.error(name, format!("Expected a list of items but got type \"{kind}\"."));
                None
            }
        }
    }
}

/// A boolean in a form or query; `None` if it is none.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn as_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn existing_pk(value: &Value, exists: &impl Fn(i64) -> bool) -> Result<i64, String> {
    let Some(pk) = as_integer(value) else {
        let kind = if value.is_string() { "str" } else { "dict" };
        return Err(format!("Incorrect type. Expected pk value, received {kind}."));
    };
    if exists(pk) { Ok(pk) } else { Err(format!("Invalid pk \"{pk}\" - object does not exist.")) }
}

fn existing_uuid(value: &Value, exists: &impl Fn(&str) -> bool) -> Result<String, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if !is_uuid(&text) {
        return Err(format!("“{text}” is not a valid UUID."));
    }
    let uuid = canonical_uuid(&text);
    if exists(&uuid) { Ok(uuid) } else { Err(format!("Invalid pk \"{text}\" - object does not exist.")) }
}
