//! Receivers of what a diff sends, and what they compare.

use scim_core::patch::{DiffOptions, PatchOp, PatchOptions, diff};
use scim_core::quirk::{Quirk, Quirks};
use scim_core::schema::{ENTERPRISE_USER, ResourceSchemas};
use serde_json::{Map, Value, json};

pub(crate) fn operations(
    before: &Value,
    after: &Value,
    schemas: &ResourceSchemas,
    options: &DiffOptions,
) -> Vec<Value> {
    let patches = diff(before, after, schemas, options).unwrap();
    patches.iter().map(|patch| serde_json::to_value(patch).unwrap()["Operations"].clone()).collect()
}

/// Applies all messages as their receiver would, who keeps what it does not know.
pub(crate) fn apply(patches: &[PatchOp], before: &Value, schemas: &ResourceSchemas) -> Value {
    let options = PatchOptions::new(Quirks::STRICT.with(Quirk::RemoveWithValue)).with_unknown_attributes();
    let mut resource = before.clone();
    for patch in patches {
        let body = serde_json::to_vec(patch).unwrap();
        PatchOp::from_json(&body, &options).unwrap().apply(&mut resource, schemas, &options).unwrap();
    }
    resource
}

pub(crate) fn members(range: std::ops::Range<usize>) -> Value {
    range.map(|i| json!({"value": format!("u{i}")})).collect()
}

/// What a client can change about a resource, as SCIM compares it: without readOnly parts, names folded, absent alike.
pub(crate) fn written(value: &Value, schemas: &ResourceSchemas) -> Value {
    let mut value = value.clone();
    let map = value.as_object_mut().unwrap();
    let known = |attribute: &scim_core::schema::Attribute| attribute.is_read_only();
    map.retain(|name, _| name != "schemas" && !schemas.attribute(name).is_some_and(known));
    for (name, value) in map.iter_mut() {
        let Some(attribute) = schemas.attribute(name) else { continue };
        let strip = |element: &mut Value| {
            if let Some(element) = element.as_object_mut() {
                element.retain(|name, _| !attribute.sub_attribute(name).is_some_and(known));
            }
        };
        match value {
            Value::Array(list) => list.iter_mut().for_each(strip),
            single => strip(single),
        }
    }
    if let Some(manager) = value.pointer_mut(&format!("/{ENTERPRISE_USER}/manager")).and_then(Value::as_object_mut) {
        manager.remove("displayName");
    }
    value
}

pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().all(is_empty),
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    }
}

pub(crate) fn same(a: &Value, b: &Value) -> bool {
    fn held(map: &Map<String, Value>) -> Vec<(String, &Value)> {
        let members = map.iter().filter(|(_, value)| !is_empty(value));
        let mut members: Vec<_> = members.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        members.sort_by(|a, b| a.0.cmp(&b.0));
        members
    }
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let (a, b) = (held(a), held(b));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
        }
        (Value::Array(a), Value::Array(b)) => {
            let mut left: Vec<&Value> = b.iter().filter(|value| !is_empty(value)).collect();
            let mut takes = |a: &Value| left.iter().position(|b| same(a, b)).map(|at| left.swap_remove(at)).is_some();
            a.iter().filter(|value| !is_empty(value)).all(&mut takes) && left.is_empty()
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b || (is_empty(a) && is_empty(b)),
    }
}

/// What the resource is after each message, as its receiver has it.
pub(crate) fn states(patches: &[PatchOp], before: &Value, schemas: &ResourceSchemas) -> Vec<Value> {
    let mut now = before.clone();
    let step = |patch| {
        now = apply(std::slice::from_ref(patch), &now, schemas);
        now.clone()
    };
    patches.iter().map(step).collect()
}

pub(crate) fn group(range: std::ops::Range<usize>, more: &[Value]) -> Value {
    let members = members(range);
    let members: Vec<&Value> = members.as_array().unwrap().iter().chain(more).collect();
    json!({"displayName": "g", "members": members})
}

pub(crate) fn schemas_with(attributes: &Value) -> ResourceSchemas {
    ResourceSchemas::new(serde_json::from_value(json!({"id": "urn:example:T", "attributes": attributes})).unwrap())
}
