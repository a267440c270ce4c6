//! JSON as SCIM sees it: names without case; absent, `null`, `[]` and `{}` alike (RFC 7643 §2.1 and §2.5).

use serde_json::{Map, Value};

/// The member of that name in any case.
pub fn folded<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Whether no object in the value spells one name twice.
pub fn has_clear_names(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().all(has_clear_names),
        Value::Object(map) => {
            let mut names: Vec<_> = map.keys().map(|name| name.to_ascii_lowercase()).collect();
            names.sort_unstable();
            names.windows(2).all(|pair| pair[0] != pair[1]) && map.values().all(has_clear_names)
        }
        _ => true,
    }
}

/// Whether a list of some attribute has an element that says nothing.
pub fn has_empty_element(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(|element| is_unassigned(&pruned(element)) || has_empty_element(element)),
        Value::Object(map) => map.values().any(has_empty_element),
        _ => false,
    }
}

/// The value without what counts as absent, names in lower case, each element of a list once.
pub fn pruned(value: &Value) -> Value {
    match value {
        Value::Array(list) => {
            let mut once: Vec<Value> = Vec::new();
            for element in list.iter().map(pruned) {
                if !is_unassigned(&element) && !once.iter().any(|known| same(known, &element)) {
                    once.push(element);
                }
            }
            Value::Array(once)
        }
        Value::Object(map) => {
            let members = map.iter().map(|(name, value)| (name.to_ascii_lowercase(), pruned(value)));
            members.filter(|(_, value)| !is_unassigned(value)).collect()
        }
        scalar => scalar.clone(),
    }
}

/// Whether the value says nothing (RFC 7643 §2.5).
pub fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Equality of pruned values; the order of a list says nothing.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => {
            let mut left: Vec<&Value> = b.iter().collect();
            let mut takes = |a: &Value| left.iter().position(|b| same(a, b)).map(|at| left.swap_remove(at));
            a.len() == b.len() && a.iter().all(|a| takes(a).is_some())
        }
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

/// Whether the value says nothing, so that a typed resource may leave it out. An empty id is no id.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.iter().all(says_nothing),
        Value::Object(map) => map.values().all(says_nothing),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether what was read is still there in what is written, in the letter's form for it.
pub fn is_carried(read: &Value, written: &Value) -> bool {
    match (read, written) {
        (read, written) if read == written || says_nothing(read) => true,
        (Value::Object(read), Value::Object(written)) => read.iter().all(|(name, value)| {
            says_nothing(value) || folded(written, name).is_some_and(|written| is_carried(value, written))
        }),
        (Value::Array(read), Value::Array(written)) => {
            let mut written = written.iter();
            let mut told = read.iter().filter(|read| !says_nothing(read));
            told.all(|read| written.any(|written| is_carried(read, written)))
        }
        // One value where a list belongs.
        (read, Value::Array(written)) => written.len() == 1 && written.iter().all(|written| is_carried(read, written)),
        (Value::String(text), Value::Bool(truth)) => text.eq_ignore_ascii_case(&truth.to_string()),
        (Value::Bool(truth), Value::String(text)) => *text == truth.to_string(),
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            number.to_string() == text.trim() || text.trim().parse().ok() == number.as_f64()
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => false,
    }
}
