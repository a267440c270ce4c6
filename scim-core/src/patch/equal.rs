//! When two values are the same (RFC 7643 §2.1 and §2.5): names without case, null as absent.

use serde_json::{Map, Value};

use crate::filter::Numeric;
use crate::resource::{FoldedNames, is_unassigned};

/// Equality of JSON values as SCIM sees them. Elements of lists are compared in order.
pub(crate) fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => {
            // With `arbitrary_precision` of serde_json there are numbers that no float holds.
            a == b || Numeric::of_json(a).compare(Numeric::of_json(b)).is_some_and(std::cmp::Ordering::is_eq)
        }
        (Value::Array(a), Value::Array(b)) if !a.is_empty() && !b.is_empty() => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let held = |map: &Map<String, Value>| map.values().filter(|v| !is_unassigned(v)).count();
            let mut names = FoldedNames::of(b);
            held(a) == held(b)
                && a.iter()
                    .filter(|(_, v)| !is_unassigned(v))
                    .all(|(name, a)| names.find(name).is_some_and(|b| same_value(a, b)))
        }
        (a, b) => is_unassigned(a) && is_unassigned(b),
    }
}

/// A text that is the same for values that are the same: for hashing where a scan would be quadratic.
pub(crate) fn canonical(value: &Value) -> String {
    fn write(value: &Value, out: &mut String) {
        match value {
            value if is_unassigned(value) => out.push_str("null"),
            Value::Object(map) => {
                let mut members: Vec<_> = map
                    .iter()
                    .filter(|(_, v)| !is_unassigned(v))
                    .map(|(name, v)| (name.to_ascii_lowercase(), v))
                    .collect();
                members.sort_by(|(a, _), (b, _)| a.cmp(b));
                out.push('{');
                for (name, value) in members {
                    out.push_str(&Value::from(name).to_string());
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
            Value::Number(number) => match Numeric::of_json(number) {
                Numeric::Whole(whole) => out.push_str(&whole.to_string()),
                Numeric::Float(float) if float.is_finite() => out.push_str(&float.to_string()),
                Numeric::Float(_) => out.push_str(&number.to_string()),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_text_is_the_same_where_the_value_is() {
        let values = [
            json!(null),
            json!([]),
            json!({}),
            json!({"a": null}),
            json!(1),
            json!(1.0),
            json!(1e16),
            json!(10_000_000_000_000_000_u64),
            json!(1.5),
            json!(-0.0),
            json!(0),
            json!("1"),
            json!(true),
            json!([1]),
            json!({"a": 1, "b": 2}),
            json!({"B": 2.0, "A": 1}),
            json!({"a:1b": 2}),
            json!({"a": 1, "b": 3}),
            json!({"a": "1,\"b\":2"}),
        ];
        for a in &values {
            for b in &values {
                assert_eq!(same_value(a, b), canonical(a) == canonical(b), "{a} and {b}");
            }
        }
    }
}
