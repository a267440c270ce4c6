//! What the body of a POST or PUT says: types checked, readOnly ignored, names in the spelling of
//! the schemas, unassigned members dropped (RFC 7643 §2, RFC 7644 §3.3 and §3.5.1).

use std::fmt;

use serde_json::{Map, Value};

use crate::date::DateTime;
use crate::message::ScimError;
use crate::provider::project::drop_unassigned;
use crate::provider::refusal::{invalid_syntax, invalid_value, mutability, quote};
use crate::provider::{Behaviour, Kind, Omitted, UnknownAttributes};
use crate::quirk::Quirk;
use crate::resource::{get_folded, is_unassigned};
use crate::schema::{Attribute, AttributeType, Mutability, Schema, boolean_in, is_base64, is_integer};
use crate::text::same_name;

/// The resource that a POST makes.
pub(super) fn create(kind: &Kind, behaviour: &Behaviour, body: Value) -> Result<Value, ScimError> {
    let (map, _) = read(kind, behaviour, body)?;
    finish(kind, map)
}

/// The resource that a PUT makes of `current`.
pub(super) fn replace(kind: &Kind, behaviour: &Behaviour, current: &Value, body: Value) -> Result<Value, ScimError> {
    let (mut map, cleared) = read(kind, behaviour, body)?;
    let nothing = Map::new();
    let before = current.as_object().unwrap_or(&nothing);
    keep(&kind.schemas().core().attributes, before, &mut map, &cleared, behaviour, "")?;
    keep(crate::schema::ResourceSchemas::common(), before, &mut map, &cleared, behaviour, "")?;
    for schema in kind.schemas().extensions() {
        let before = get_folded(before, schema.id()).and_then(Value::as_object).unwrap_or(&nothing);
        let mut after = match map.remove(schema.id()) {
            Some(Value::Object(after)) => after,
            _ => Map::new(),
        };
        // `null` for the extension as a whole clears it.
        if !cleared.iter().any(|name| same_name(name, schema.id())) {
            keep(&schema.attributes, before, &mut after, &cleared, behaviour, schema.id())?;
        }
        if !after.is_empty() {
            map.insert(schema.id().to_owned(), Value::Object(after));
        }
    }
    finish(kind, map)
}

/// Carries over what a PUT does not touch, and refuses what it must not touch.
fn keep(
    attributes: &[Attribute],
    before: &Map<String, Value>,
    after: &mut Map<String, Value>,
    cleared: &[String],
    behaviour: &Behaviour,
    urn: &str,
) -> Result<(), ScimError> {
    for attribute in attributes {
        let name = attribute.name();
        let Some(old) = get_folded(before, name).filter(|value| !is_unassigned(value)) else { continue };
        let full = if urn.is_empty() { name.to_owned() } else { format!("{urn}:{name}") };
        match attribute.mutability() {
            Mutability::Immutable if after.get(name).is_some_and(|new| !equal(new, old)) => {
                return Err(mutability(format_args!("`{full}` cannot be changed once it is set")));
            }
            Mutability::Immutable | Mutability::ReadOnly => drop(after.insert(name.to_owned(), old.clone())),
            Mutability::WriteOnly => {
                if !after.contains_key(name) && !cleared.contains(&full) {
                    after.insert(name.to_owned(), old.clone());
                }
            }
            _ => match after.get_mut(name) {
                Some(Value::Object(new)) if attribute.is_complex() => {
                    if let Value::Object(old) = old {
                        keep_subs(attribute, old, new, &full)?;
                    }
                }
                None if behaviour.put_omitted == Omitted::Keep && !cleared.contains(&full) => {
                    after.insert(name.to_owned(), old.clone());
                }
                Some(_) | None => {}
            },
        }
    }
    Ok(())
}

fn keep_subs(
    attribute: &Attribute,
    old: &Map<String, Value>,
    new: &mut Map<String, Value>,
    full: &str,
) -> Result<(), ScimError> {
    for sub in &attribute.sub_attributes {
        let name = sub.name();
        let Some(before) = get_folded(old, name) else { continue };
        if sub.is_immutable() && new.get(name).is_some_and(|after| !equal(after, before)) {
            return Err(mutability(format_args!("`{full}.{name}` cannot be changed once it is set")));
        }
    }
    Ok(())
}

/// Equality of values: sub-attributes in any order, names without case, `null` as absent.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let within = |a: &Map<String, Value>, b: &Map<String, Value>| {
                a.iter().all(|(name, a)| match get_folded(b, name) {
                    Some(b) => equal(a, b),
                    None => is_unassigned(a),
                })
            };
            within(a, b) && within(b, a)
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| equal(a, b))),
        _ => a == b,
    }
}

/// The attributes that a body sets, and the names of those that it clears.
fn read(kind: &Kind, behaviour: &Behaviour, body: Value) -> Result<(Map<String, Value>, Vec<String>), ScimError> {
    let Value::Object(body) = body else {
        return Err(invalid_syntax("a resource must be a JSON object"));
    };
    check_schemas(kind, behaviour, &body)?;
    let mut reader = Reader { behaviour, cleared: Vec::new() };
    let mut out = Map::new();
    for (name, value) in body {
        if same_name(&name, "schemas") || same_name(&name, "id") || same_name(&name, "meta") {
            continue;
        }
        if let Some(schema) = kind.schemas().extension(&name) {
            match value {
                Value::Null => reader.cleared.push(schema.id().to_owned()),
                Value::Object(map) => {
                    let extension = reader.attributes(schema, map)?;
                    if !extension.is_empty() {
                        out.insert(schema.id().to_owned(), Value::Object(extension));
                    }
                }
                _ => return Err(invalid_value(format_args!("`{}` must be an object", schema.id()))),
            }
            continue;
        }
        match kind.schemas().core_attribute(&name) {
            Some(located) => reader.member(located.attribute, "", value, &mut out)?,
            None => reader.unknown(&name)?,
        }
    }
    Ok((out, reader.cleared))
}

/// A body names its schemas, and only ones that the resource type has (RFC 7643 §3).
fn check_schemas(kind: &Kind, behaviour: &Behaviour, body: &Map<String, Value>) -> Result<(), ScimError> {
    let urns: Vec<&str> = match get_folded(body, "schemas") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(urns)) => {
            let texts: Option<Vec<_>> = urns.iter().map(Value::as_str).collect();
            texts.ok_or_else(|| invalid_value("`schemas` must be a list of URIs"))?
        }
        Some(Value::String(urn)) if !behaviour.quirks.is_empty() => vec![urn.as_str()],
        Some(_) => return Err(invalid_value("`schemas` must be a list of URIs")),
    };
    if !behaviour.require_schemas {
        return Ok(());
    }
    if !urns.iter().any(|urn| same_name(urn, kind.schema())) {
        return Err(invalid_value(format_args!("`schemas` must hold {}", kind.schema())));
    }
    let strange = urns.iter().find(|urn| !kind.documents().any(|schema| same_name(schema.id(), urn)));
    match strange {
        Some(urn) if behaviour.unknown_attributes == UnknownAttributes::Refuse => {
            Err(invalid_value(format_args!("a {} has no schema `{}`", kind.name(), quote(urn))))
        }
        _ => Ok(()),
    }
}

/// Required attributes, no value twice, and `schemas` as the resource has them.
pub(super) fn finish(kind: &Kind, mut map: Map<String, Value>) -> Result<Value, ScimError> {
    drop_unassigned(&mut map);
    merge_duplicates(kind.schemas().core(), &mut map);
    require(kind.schemas().core(), &map, "")?;
    let mut urns = vec![Value::from(kind.schema())];
    for schema in kind.schemas().extensions() {
        match map.get_mut(schema.id()) {
            Some(Value::Object(extension)) => {
                merge_duplicates(schema, extension);
                require(schema, extension, schema.id())?;
                urns.push(schema.id().into());
            }
            _ if kind.requires_extension(schema.id()) => {
                return Err(invalid_value(format_args!("a {} needs `{}`", kind.name(), schema.id())));
            }
            _ => {}
        }
    }
    map.insert("schemas".to_owned(), Value::Array(urns));
    Ok(Value::Object(map))
}

/// Elements with the same `type` and `value` are one (RFC 7643 §2.4): the later one adds to the first.
fn merge_duplicates(schema: &Schema, map: &mut Map<String, Value>) {
    let labelled = |attribute: &&Attribute| {
        let has = |name| attribute.sub_attribute(name).is_some();
        attribute.is_multi_valued() && !attribute.is_keyed_by_value() && has("type") && has("value")
    };
    for attribute in schema.attributes.iter().filter(labelled) {
        let Some(Value::Array(list)) = map.get_mut(attribute.name()) else { continue };
        if list.len() < 2 {
            continue;
        }
        let mut places = std::collections::HashMap::new();
        let mut merged: Vec<Value> = Vec::with_capacity(list.len());
        for element in list.drain(..) {
            let text = |name| element.get(name).and_then(Value::as_str);
            let key = text("value").map(|value| (text("type").unwrap_or_default().to_lowercase(), value.to_owned()));
            let known = key.as_ref().and_then(|key| places.get(key)).and_then(|&at: &usize| merged.get_mut(at));
            match (known, element) {
                (Some(Value::Object(known)), Value::Object(element)) => known.extend(element),
                (_, element) => {
                    if let Some(key) = key {
                        places.insert(key, merged.len());
                    }
                    merged.push(element);
                }
            }
        }
        *list = merged;
    }
}

fn require(schema: &Schema, map: &Map<String, Value>, urn: &str) -> Result<(), ScimError> {
    let missing = schema.attributes.iter().find(|attribute| {
        let empty = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        attribute.is_required() && !attribute.is_read_only() && get_folded(map, attribute.name()).is_none_or(empty)
    });
    match missing {
        None => Ok(()),
        Some(attribute) if urn.is_empty() => Err(invalid_value(format_args!("`{}` is required", attribute.name()))),
        Some(attribute) => Err(invalid_value(format_args!("`{urn}:{}` is required", attribute.name()))),
    }
}

struct Reader<'a> {
    behaviour: &'a Behaviour,
    cleared: Vec<String>,
}

/// Where a value stands, for messages.
#[derive(Clone, Copy)]
struct At<'a> {
    name: &'a str,
    index: Option<usize>,
    sub: Option<&'a str>,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}", self.name)?;
        if let Some(index) = self.index {
            write!(f, "[{index}]")?;
        }
        if let Some(sub) = self.sub {
            write!(f, ".{sub}")?;
        }
        f.write_str("`")
    }
}

impl Reader<'_> {
    fn unknown(&self, name: &str) -> Result<(), ScimError> {
        match self.behaviour.unknown_attributes {
            UnknownAttributes::Ignore => Ok(()),
            UnknownAttributes::Refuse => Err(invalid_syntax(format_args!("there is no attribute `{}`", quote(name)))),
        }
    }

    fn attributes(&mut self, schema: &Schema, map: Map<String, Value>) -> Result<Map<String, Value>, ScimError> {
        let mut out = Map::new();
        for (name, value) in map {
            match schema.attribute(&name) {
                Some(attribute) => self.member(attribute, schema.id(), value, &mut out)?,
                None => self.unknown(&name)?,
            }
        }
        Ok(out)
    }

    fn member(
        &mut self,
        attribute: &Attribute,
        urn: &str,
        value: Value,
        out: &mut Map<String, Value>,
    ) -> Result<(), ScimError> {
        // What only the service sets is ignored (RFC 7644 §3.3).
        if attribute.is_read_only() {
            return Ok(());
        }
        let name = attribute.name();
        if is_unassigned(&value) {
            self.cleared.push(if urn.is_empty() { name.to_owned() } else { format!("{urn}:{name}") });
            return Ok(());
        }
        let at = At { name, index: None, sub: None };
        let value = if attribute.is_multi_valued() {
            let list = match value {
                Value::Array(list) => list,
                one @ Value::Object(_) if !self.behaviour.quirks.is_empty() => vec![one],
                _ => return Err(invalid_value(format_args!("{at} must be a list"))),
            };
            self.list(attribute, list)?
        } else {
            self.value(attribute, at, value)?
        };
        if !is_unassigned(&value) {
            out.insert(name.to_owned(), value);
        }
        Ok(())
    }

    fn list(&self, attribute: &Attribute, list: Vec<Value>) -> Result<Value, ScimError> {
        let name = attribute.name();
        let keyed = attribute.is_keyed_by_value();
        let mut out: Vec<Value> = Vec::with_capacity(list.len());
        let mut keys = std::collections::HashSet::new();
        let mut primary = false;
        for (index, value) in list.into_iter().enumerate() {
            if value.is_null() {
                continue;
            }
            let at = At { name, index: Some(index), sub: None };
            let says_nothing = attribute.says_nothing_written(&value);
            let value = self.value(attribute, at, value)?;
            if is_unassigned(&value) {
                // A body that means something else must not empty the list.
                if says_nothing {
                    return Err(invalid_value(format_args!(
                        "{at} says nothing that its schema knows and a client may write"
                    )));
                }
                continue;
            }
            if value.get("primary") == Some(&Value::Bool(true)) && std::mem::replace(&mut primary, true) {
                return Err(invalid_value(format_args!("`{name}` has more than one primary element")));
            }
            // Equal elements are one; members of groups are equal if their `value` is.
            let key = match value.get("value") {
                Some(Value::String(key)) if keyed => key.clone(),
                _ => value.to_string(),
            };
            if keys.insert(key) {
                out.push(value);
            }
        }
        Ok(Value::Array(out))
    }

    fn value(&self, attribute: &Attribute, at: At<'_>, value: Value) -> Result<Value, ScimError> {
        if !attribute.is_complex() {
            return self.simple(attribute, at, value);
        }
        let map = match value {
            Value::Object(map) => map,
            Value::String(text)
                if self.tolerates(Quirk::ComplexAsString) && attribute.sub_attribute("value").is_some() =>
            {
                Map::from_iter([("value".to_owned(), Value::String(text))])
            }
            _ => return Err(invalid_value(format_args!("{at} must be an object"))),
        };
        let mut out = Map::new();
        for (name, value) in map {
            let Some(sub) = attribute.sub_attribute(&name) else {
                self.unknown(&name)?;
                continue;
            };
            if sub.is_read_only() || is_unassigned(&value) {
                continue;
            }
            let at = At { sub: Some(sub.name()), ..at };
            let value = match value {
                Value::Array(list) if sub.is_multi_valued() => {
                    let list: Result<Vec<_>, _> = list.into_iter().map(|value| self.simple(sub, at, value)).collect();
                    Value::Array(list?)
                }
                value => self.simple(sub, at, value)?,
            };
            out.insert(sub.name().to_owned(), value);
        }
        let missing = attribute
            .sub_attributes
            .iter()
            .find(|sub| sub.is_required() && !sub.is_read_only() && !out.is_empty() && !out.contains_key(sub.name()));
        match missing {
            Some(sub) => Err(invalid_value(format_args!("{} is required", At { sub: Some(sub.name()), ..at }))),
            None => Ok(Value::Object(out)),
        }
    }

    fn tolerates(&self, quirk: Quirk) -> bool {
        self.behaviour.quirks.contains(quirk)
    }

    fn simple(&self, attribute: &Attribute, at: At<'_>, value: Value) -> Result<Value, ScimError> {
        let wanted = match (attribute.attribute_type(), &value) {
            (AttributeType::Boolean, Value::Bool(_)) | (AttributeType::Decimal, Value::Number(_)) => return Ok(value),
            (AttributeType::Boolean, Value::String(text)) if self.tolerates(Quirk::BoolString) => {
                match boolean_in(text) {
                    Some(boolean) => return Ok(Value::Bool(boolean)),
                    None => "true or false",
                }
            }
            (AttributeType::Boolean, _) => "true or false",
            (AttributeType::Integer, Value::Number(number)) if is_integer(number) => return Ok(value),
            (AttributeType::Integer | AttributeType::Decimal, Value::String(text))
                if self.tolerates(Quirk::NumberString) =>
            {
                match serde_json::from_str::<serde_json::Number>(text) {
                    Ok(number) if is_integer(&number) || *attribute.attribute_type() == AttributeType::Decimal => {
                        return Ok(Value::Number(number));
                    }
                    _ => "a number",
                }
            }
            (AttributeType::Integer, _) => "a whole number",
            (AttributeType::Decimal, _) => "a number",
            (AttributeType::DateTime, Value::String(text)) if DateTime::read(text).is_some() => return Ok(value),
            (AttributeType::DateTime, _) => "a date and time such as 2011-05-13T04:42:34Z",
            (AttributeType::Binary, Value::String(text)) if is_base64(text) => return Ok(value),
            (AttributeType::Binary, _) => "base64 text",
            (AttributeType::Reference, Value::String(text)) if is_reference(text) => return Ok(value),
            (AttributeType::Reference, _) => "a URI",
            (_, Value::String(_)) => return Ok(value),
            (_, _) => "a string",
        };
        Err(invalid_value(format_args!("{at} must be {wanted}")))
    }
}

/// An absolute or relative URI: no blanks, no control characters (RFC 7643 §2.3.7).
fn is_reference(text: &str) -> bool {
    !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"'))
}
