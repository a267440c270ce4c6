//! What becomes of a value when another one is put into it.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::patch::equal::same_value;
use crate::patch::members::{key_of, without_equal};
use crate::patch::target::unknown;
use crate::patch::{Op, PatchError};
use crate::resource::{get_folded, is_unassigned, spelling};
use crate::schema::Attribute;

/// Elements without a key are compared each with each: so many comparisons are done in a fraction of a second.
pub(super) const MOST_COMPARISONS: usize = 4_000_000;

/// Places of the elements that agree with one of those given in everything that it says.
pub(super) fn agreeing(list: &[Value], wanted: &[Value]) -> Result<Vec<usize>, PatchError> {
    let agree = |element: &Value, wanted: &Value| match (element, wanted) {
        (Value::Object(element), Value::Object(wanted)) => wanted
            .iter()
            .filter(|(_, value)| !is_unassigned(value))
            .all(|(name, value)| get_folded(element, name).is_some_and(|held| same_value(held, value))),
        // Plain text is the `value`.
        (Value::String(_), Value::Object(_)) => key_of(element) == key_of(wanted),
        (element, wanted) => same_value(element, wanted),
    };
    let keyed: Option<HashMap<&str, Vec<&Value>>> = wanted.iter().try_fold(HashMap::new(), |mut map, wanted| {
        map.entry(key_of(wanted)?).or_insert_with(Vec::new).push(wanted);
        Some(map)
    });
    if keyed.is_none() && list.len().saturating_mul(wanted.len()) > MOST_COMPARISONS {
        return Err(PatchError::value("too many values to look for; name each by its `value`"));
    }
    Ok((0_usize..)
        .zip(list)
        .filter(|(_, element)| match (&keyed, key_of(element)) {
            (Some(keyed), Some(key)) => {
                keyed.get(key).is_some_and(|those| those.iter().any(|wanted| agree(element, wanted)))
            }
            (Some(_), None) => false,
            (None, _) => wanted.iter().any(|wanted| agree(element, wanted)),
        })
        .map(|(at, _)| at)
        .collect())
}

/// The value that a sub-attribute gets, null to take it away; `None` if nothing changes.
pub(super) fn checked(
    op: Op,
    sub: &Attribute,
    current: Option<&Value>,
    value: Value,
) -> Result<Option<Value>, PatchError> {
    let unassigns = is_unassigned(&value);
    if unassigns && (current.is_none() || op == Op::Add) {
        return Ok(None);
    }
    if !unassigns && current.is_some_and(|current| same_value(current, &value)) {
        return Ok(None);
    }
    if sub.is_immutable() && current.is_some() {
        return Err(PatchError::mutability(format!("`{}` is immutable and set", sub.name())));
    }
    if unassigns {
        if sub.is_required() {
            return Err(PatchError::mutability(format!("`{}` is required", sub.name())));
        }
        return Ok(Some(Value::Null));
    }
    match (op, current, value) {
        (Op::Add, Some(Value::Array(current)), Value::Array(new)) => {
            let new = without_equal(current, new);
            let all = current.iter().cloned().chain(new.iter().cloned()).collect();
            Ok((!new.is_empty()).then_some(Value::Array(all)))
        }
        (_, _, value) => Ok(Some(value)),
    }
}

/// What becomes of a complex value, or of nothing, when members are put into it; `None` if nothing changes. Sub-attributes that
/// are not named stay (RFC 7644 §3.5.2.3).
pub(super) fn merged(
    op: Op,
    attribute: &Attribute,
    current: Option<&Value>,
    members: Map<String, Value>,
) -> Result<Option<Map<String, Value>>, PatchError> {
    let mut into = match current.map(|current| attribute.spelt_out(current).into_owned()) {
        Some(Value::Object(current)) => current,
        _ => Map::new(),
    };
    let mut changed = false;
    for (name, value) in members {
        changed |= match attribute.sub_attribute(&name) {
            Some(sub) => merge_one(op, sub, &mut into, value)?,
            // Values have been read by their definition: what it does not know is to be kept.
            None => merge_one(op, &unknown(&name), &mut into, value)?,
        };
    }
    Ok(changed.then_some(into))
}

fn merge_one(op: Op, sub: &Attribute, into: &mut Map<String, Value>, value: Value) -> Result<bool, PatchError> {
    let key = spelling(into, sub.name()).unwrap_or(sub.name()).to_owned();
    let current = into.get(&key).filter(|value| !is_unassigned(value));
    let Some(value) = checked(op, sub, current, value)? else {
        return Ok(false);
    };
    match value {
        Value::Null => drop(into.remove(&key)),
        value => drop(into.insert(key, value)),
    }
    Ok(true)
}
