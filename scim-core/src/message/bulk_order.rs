use std::collections::HashMap;

use serde_json::Value;

use crate::message::BulkRequest;

const PREFIX: &str = "bulkId:";
/// JSON that arrived as text is at most 128 deep.
const MAX_VALUE_DEPTH: usize = 128;

/// In which order to run a bulk request, and what refers to itself in a circle (RFC 7644 §3.7.1, §3.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BulkOrder {
    /// Indices of operations, each after those that it refers to; otherwise as sent.
    pub order: Vec<usize>,
    /// Indices of operations that refer to each other in a circle, or to one that does. To be tried by creating
    /// without the reference and patching afterwards; giving up is 409.
    pub cyclic: Vec<usize>,
    /// References to a `bulkId` that no operation has, or more than one (RFC 7644 §3.7: it is unique), with the operation that makes them: 409 or `invalidValue`.
    pub unknown: Vec<(usize, String)>,
}

impl BulkRequest {
    /// The order in which every reference is resolved before it is used.
    ///
    /// ```
    /// use scim_core::message::BulkRequest;
    /// let request: BulkRequest = serde_json::from_str(r#"{"Operations": [
    ///     {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"members": [{"value": "bulkId:u"}]}},
    ///     {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "a"}}
    /// ]}"#)?;
    /// assert_eq!(request.order().order, [1, 0]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn order(&self) -> BulkOrder {
        // Nobody owns an id that two operations have: what refers to it could mean either.
        let mut owners: HashMap<&str, Option<usize>> = HashMap::with_capacity(self.operations.len());
        for (at, operation) in self.operations.iter().enumerate() {
            if let Some(id) = operation.bulk_id.as_deref() {
                owners.entry(id).and_modify(|owner| *owner = None).or_insert(Some(at));
            }
        }
        let mut out = BulkOrder::default();
        let mut waits_for: Vec<Vec<usize>> = Vec::with_capacity(self.operations.len());
        for (at, operation) in self.operations.iter().enumerate() {
            let mut names = Vec::new();
            if let Some(data) = &operation.data {
                references(data, 0, &mut names);
            }
            names.extend(operation.path.as_deref().into_iter().flat_map(|path| path.split('/')).filter_map(named));
            let mut needs = Vec::new();
            for name in names {
                match owners.get(name) {
                    Some(&Some(owner)) => needs.push(owner),
                    _ => out.unknown.push((at, name.to_owned())),
                }
            }
            needs.sort_unstable();
            needs.dedup();
            waits_for.push(needs);
        }
        // Kahn's algorithm; the smallest index first keeps the client's order where nothing speaks against it.
        let mut open: Vec<usize> = waits_for.iter().map(Vec::len).collect();
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); waits_for.len()];
        for (at, needs) in waits_for.iter().enumerate() {
            for &need in needs {
                if let Some(list) = dependents.get_mut(need) {
                    list.push(at);
                }
            }
        }
        let ready = open.iter().enumerate().filter(|(_, count)| **count == 0).map(|(at, _)| std::cmp::Reverse(at));
        let mut ready: std::collections::BinaryHeap<_> = ready.collect();
        while let Some(std::cmp::Reverse(at)) = ready.pop() {
            out.order.push(at);
            for &dependent in dependents.get(at).map(Vec::as_slice).unwrap_or_default() {
                if let Some(count) = open.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push(std::cmp::Reverse(dependent));
                    }
                }
            }
        }
        out.cyclic = open.iter().enumerate().filter(|(_, count)| **count > 0).map(|(at, _)| at).collect();
        out
    }
}

fn named(text: &str) -> Option<&str> {
    let head = text.get(..PREFIX.len())?;
    head.eq_ignore_ascii_case(PREFIX).then(|| text.get(PREFIX.len()..)).flatten()
}

/// References in data: a string `bulkId:x`, also between the quotes of a PATCH path.
fn references<'v>(value: &'v Value, depth: usize, out: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => {
            out.extend(named(text));
            out.extend(text.split('"').skip(1).step_by(2).filter_map(named));
        }
        Value::Array(list) if depth < MAX_VALUE_DEPTH => list.iter().for_each(|v| references(v, depth + 1, out)),
        Value::Object(map) if depth < MAX_VALUE_DEPTH => map.values().for_each(|v| references(v, depth + 1, out)),
        _ => {}
    }
}

/// Puts ids in place of `bulkId:x` in the data of an operation. Returns the names that have no id yet.
pub fn resolve_bulk_ids<'i>(data: &mut Value, id_of: &impl Fn(&str) -> Option<&'i str>) -> Vec<String> {
    fn walk<'i>(value: &mut Value, depth: usize, id_of: &impl Fn(&str) -> Option<&'i str>, missing: &mut Vec<String>) {
        match value {
            Value::String(text) => {
                if let Some(name) = named(text) {
                    match id_of(name) {
                        Some(id) => *text = id.to_owned(),
                        None => missing.push(name.to_owned()),
                    }
                } else if text.contains("\"bulkId:") {
                    let parts: Vec<&str> = text.split('"').collect();
                    let mut out = Vec::with_capacity(parts.len());
                    for (at, part) in parts.into_iter().enumerate() {
                        let resolved = if at % 2 == 1 { named(part).map(|name| (name, id_of(name))) } else { None };
                        match resolved {
                            Some((_, Some(id))) => out.push(id.to_owned()),
                            Some((name, None)) => {
                                missing.push(name.to_owned());
                                out.push(part.to_owned());
                            }
                            None => out.push(part.to_owned()),
                        }
                    }
                    *text = out.join("\"");
                }
            }
            Value::Array(list) if depth < MAX_VALUE_DEPTH => {
                for v in list {
                    walk(v, depth + 1, id_of, missing);
                }
            }
            Value::Object(map) if depth < MAX_VALUE_DEPTH => {
                for v in map.values_mut() {
                    walk(v, depth + 1, id_of, missing);
                }
            }
            _ => {}
        }
    }
    let mut missing = Vec::new();
    walk(data, 0, id_of, &mut missing);
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reports_cycles_and_unknown_names() {
        let request: BulkRequest = serde_json::from_value(json!({"Operations": [
            {"method": "POST", "path": "/Groups", "bulkId": "a", "data": {"members": [{"value": "bulkId:b"}]}},
            {"method": "POST", "path": "/Groups", "bulkId": "b", "data": {"members": [{"value": "bulkId:a"}]}},
            {"method": "PATCH", "path": "/Groups/bulkId:c", "data": {"Operations": [{"op": "remove", "path": "members[value eq \"bulkId:a\"]"}]}},
            {"method": "POST", "path": "/Users", "bulkId": "u", "data": {}}
        ]}))
        .unwrap();
        let order = request.order();
        assert_eq!(order.order, [3]);
        assert_eq!(order.cyclic, [0, 1, 2]);
        assert_eq!(order.unknown, [(2, "c".to_owned())]);
    }

    #[test]
    fn puts_ids_in_place() {
        let mut data =
            json!({"path": "members[value eq \"bulkId:a\"]", "value": [{"value": "bulkId:b"}], "other": "bulkIdea"});
        let missing = resolve_bulk_ids(&mut data, &|name| (name == "a").then_some("1"));
        assert_eq!(missing, ["b"]);
        assert_eq!(data["path"], "members[value eq \"1\"]");
        assert_eq!(data["other"], "bulkIdea");
    }
}
