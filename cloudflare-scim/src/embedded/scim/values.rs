//! Values of bodies and PATCH operations, read where the schemas have no say.

use scim_core::message::{ScimError, ScimType};
use serde_json::{Map, Value};

use super::super::switches::{ActiveStrings, Switches};
use super::bad;

/// The attribute of this name in any case; `null` counts as absent, two spellings are an error.
pub(super) fn get<'a>(map: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Value>, ScimError> {
    let mut found = map.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let first = found.next().map(|(_, value)| value).filter(|value| !value.is_null());
    match found.next() {
        Some(_) => Err(bad(ScimType::InvalidSyntax, format!("{name} stands twice"))),
        None => Ok(first),
    }
}

/// The text of an attribute; empty counts as absent.
pub(super) fn text(map: &Map<String, Value>, name: &str) -> Result<Option<String>, ScimError> {
    match get(map, name)? {
        None => Ok(None),
        Some(value) => as_text(value, name).map(|text| (!text.is_empty()).then_some(text)),
    }
}

pub(super) fn as_text(value: &Value, name: &str) -> Result<String, ScimError> {
    let text = value.as_str().ok_or_else(|| bad(ScimType::InvalidValue, format!("{name} must be a string")))?;
    Ok(text.to_owned())
}

/// A boolean; as text too, by the switch (rule 11).
pub(super) fn as_flag(value: &Value, name: &str, switches: Switches) -> Result<bool, ScimError> {
    let strings = switches.active_strings == ActiveStrings::Accept;
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if strings && text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if strings && text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(bad(ScimType::InvalidValue, format!("{name} must be a boolean"))),
    }
}

/// The ids in a list of members: objects with `value`, bare texts, or one of either.
pub(super) fn members(value: &Value) -> Result<Vec<String>, ScimError> {
    let wrong = || bad(ScimType::InvalidValue, "members must be a list of objects with a value");
    let one = |value: &Value| match value {
        Value::String(id) if !id.is_empty() => Ok(id.clone()),
        Value::Object(map) => text(map, "value")?.ok_or_else(wrong),
        _ => Err(wrong()),
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        Value::Null => Ok(Vec::new()),
        other => Ok(vec![one(other)?]),
    }
}
