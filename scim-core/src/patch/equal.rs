//! When two values are the same (RFC 7643 §2.1 and §2.5): names without case, null as absent.

use serde_json::Value;

use crate::filter::Numeric;
use crate::resource::{get_folded, is_unassigned};

/// Equality of JSON values as SCIM sees them. Elements of lists are compared in order.
pub(crate) fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => {
            a == b || Numeric::of_json(a).compare(Numeric::of_json(b)).is_some_and(std::cmp::Ordering::is_eq)
        }
        (Value::Array(a), Value::Array(b)) if !a.is_empty() && !b.is_empty() => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let held = |map: &serde_json::Map<String, Value>| map.values().filter(|v| !is_unassigned(v)).count();
            held(a) == held(b)
                && a.iter()
                    .filter(|(_, v)| !is_unassigned(v))
                    .all(|(name, a)| get_folded(b, name).is_some_and(|b| same_value(a, b)))
        }
        (a, b) => is_unassigned(a) && is_unassigned(b),
    }
}

/// A text that is the same for values that are the same: for hashing where a scan would be quadratic.
pub(crate) fn canonical(value: &Value) -> String {
    fn write(value: &Value, out: &mut String) {
        match value {
            Value::Object(map) => {
                let mut members: Vec<_> = map
                    .iter()
                    .filter(|(_, v)| !is_unassigned(v))
                    .map(|(name, v)| (name.to_ascii_lowercase(), v))
                    .collect();
                members.sort_by(|(a, _), (b, _)| a.cmp(b));
                out.push('{');
                for (name, value) in members {
                    out.push_str(&name);
                    out.push(':');
                    write(value, out);
                }
                out.push('}');
            }
            Value::Array(list) => {
                out.push('[');
                for element in list {
                    write(element, out);
                    out.push(',');
                }
                out.push(']');
            }
            Value::Number(number) => match Numeric::of_json(number).whole() {
                Some(whole) => out.push_str(&whole.to_string()),
                None => out.push_str(&number.to_string()),
            },
            scalar => out.push_str(&scalar.to_string()),
        }
    }
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// Equality of two lists whose order says nothing.
pub(crate) fn same_elements(a: &[Value], b: &[Value]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a.iter().zip(b).all(|(a, b)| same_value(a, b)) {
        return true;
    }
    let sorted = |list: &[Value]| {
        let mut texts: Vec<String> = list.iter().map(canonical).collect();
        texts.sort_unstable();
        texts
    };
    sorted(a) == sorted(b)
}
