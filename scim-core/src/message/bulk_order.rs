use std::collections::HashMap;

use crate::message::BulkRequest;
use crate::message::bulk_id::{references, references_in};

/// In which order to run a bulk request, and what refers to itself in a circle (RFC 7644 §3.7.1, §3.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BulkOrder {
    /// Indices of operations, each after those that it refers to and after earlier ones on the same resource; otherwise as
    /// sent.
    pub order: Vec<usize>,
    /// Indices of operations that refer to each other in a circle, or to one that does. To be tried by creating
    /// without the reference and patching afterwards; giving up is 409.
    pub cyclic: Vec<usize>,
    /// References to a `bulkId` that no operation has, or more than one (RFC 7644 §3.7: it is unique), with the operation that makes them: 409 or `invalidValue`.
    pub unknown: Vec<(usize, String)>,
}

impl BulkRequest {
    /// The order in which every reference is resolved before it is used. What changes a resource never overtakes what
    /// changes the same one before it (RFC 7644 §3.7: the same result as one after the other); one and the same is what has
    /// the same path before its query.
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
        let mut last: HashMap<&str, usize> = HashMap::new();
        for (at, operation) in self.operations.iter().enumerate() {
            let path = operation.path.as_deref().unwrap_or_default();
            let mut needs = Vec::new();
            let mut note = |name: &str| match owners.get(name) {
                Some(&Some(owner)) => needs.push(owner),
                _ => out.unknown.push((at, name.to_owned())),
            };
            if let Some(data) = &operation.data {
                references_in(data, &mut note);
            }
            references(path).for_each(|(_, name)| note(name));
            if !operation.method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case("POST")) {
                needs.extend(last.insert(path.split('?').next().unwrap_or_default().trim_matches('/'), at));
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
    fn operations_on_one_resource_stay_in_sequence() {
        let request: BulkRequest = serde_json::from_value(json!({"Operations": [
            {"method": "PATCH", "path": "/Groups/g", "data": {"Operations": [
                {"op": "add", "path": "members", "value": [{"value": "bulkId:u"}]}]}},
            {"method": "PATCH", "path": "Groups/g?attributes=id", "data": {"Operations": [
                {"op": "remove", "path": "members"}]}},
            {"method": "DELETE", "path": "/Users/old"},
            {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "bulkId:"}}
        ]}))
        .unwrap();
        let order = request.order();
        assert_eq!(order.order, [2, 3, 0, 1]);
        assert_eq!((order.cyclic.as_slice(), order.unknown.as_slice()), (&[][..], &[][..]));
    }
}
