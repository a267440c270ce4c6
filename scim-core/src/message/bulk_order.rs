use std::collections::{HashMap, HashSet};

use crate::message::BulkRequest;
use crate::message::bulk_id::{in_url, may_be_text, references_in};

/// In which order to run a bulk request, and what refers to itself in a circle (RFC 7644 §3.7.1, §3.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BulkOrder {
    /// Indices of operations, as sent, except that a POST goes before the first one that refers to what it makes.
    pub order: Vec<usize>,
    /// Indices of operations that refer to each other in a circle, or to one that does, and of those that change a resource
    /// after one of these. To be tried by creating without the reference and patching afterwards; giving up is 409.
    pub cyclic: Vec<usize>,
    /// References to a `bulkId` that no POST has, or more than one (RFC 7644 §3.7: it is unique), with the operation that makes them: 409 or `invalidValue`.
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
        let is_post = |method: &str| method.eq_ignore_ascii_case("POST");
        let methods = self.operations.iter().map(|operation| operation.method.as_deref());
        let posts: Vec<bool> = methods.map(|method| method.is_some_and(is_post)).collect();
        // Nobody owns an id that two operations have: what refers to it could mean either.
        let mut owners: HashMap<&str, Option<usize>> = HashMap::with_capacity(self.operations.len());
        for (at, (operation, post)) in self.operations.iter().zip(&posts).enumerate() {
            if let (Some(id), true) = (operation.bulk_id.as_deref(), post) {
                owners.entry(id).and_modify(|owner| *owner = None).or_insert(Some(at));
            }
        }
        let mut out = BulkOrder::default();
        let mut needs: Vec<Vec<usize>> = Vec::with_capacity(self.operations.len());
        for (at, operation) in self.operations.iter().enumerate() {
            let mut own = Vec::new();
            let mut note = |name: &str| match owners.get(name) {
                Some(&Some(owner)) => own.push(owner),
                None if may_be_text(name) => {}
                _ => out.unknown.push((at, name.to_owned())),
            };
            if let Some(data) = &operation.data {
                references_in(data, &mut note);
            }
            in_url(operation.path.as_deref().unwrap_or_default()).for_each(|(_, name)| note(name));
            needs.push(own);
        }
        let mut circular = vec![false; needs.len()];
        for (at, in_circle) in in_order(needs) {
            out.order.push(at);
            if let Some(circular) = circular.get_mut(at) {
                *circular = in_circle;
            }
        }
        // Circles come last, and with them what else is done to the resources that they change.
        let mut changed = HashSet::new();
        for ((operation, post), circular) in self.operations.iter().zip(posts).zip(&mut circular) {
            if !post {
                let resource = resource(operation.path.as_deref().unwrap_or_default());
                *circular |= changed.contains(&resource);
                if *circular {
                    changed.insert(resource);
                }
            }
        }
        let is_circular = |at: &usize| circular.get(*at).is_some_and(|circular| *circular);
        (out.cyclic, out.order) = out.order.into_iter().partition(is_circular);
        out.cyclic.sort_unstable();
        out
    }
}

/// What tells a resource by a path: the part before its name, and the name without the prefix, which has many spellings.
fn resource(path: &str) -> (&str, &str) {
    let path = path.split('?').next().unwrap_or_default().trim_matches('/');
    match in_url(path).next() {
        Some((at, name)) => (path.get(..at.start).unwrap_or_default(), name),
        None => (path, ""),
    }
}

/// The order as sent, except that before each operation goes what it `needs`; with each, whether it is in a circle or
/// needs what is in one.
///
/// Only POSTs are needed, so all else keeps its sequence: what an operation names is still there when it runs, and what it
/// gives up (a `userName`) is free afterwards. What remains: a POST that is pulled forward overtakes the operations before
/// it. It does not find free what one of those would have given up, and of two POSTs with one `userName` the one that is
/// needed earlier wins. If the operation that needs it waited instead, others would overtake that one.
pub(crate) fn in_order(mut needs: Vec<Vec<usize>>) -> Vec<(usize, bool)> {
    #[derive(Clone, Copy)]
    enum Visit {
        No,
        Open,
        Done { circular: bool },
    }
    for own in &mut needs {
        own.sort_unstable();
        own.dedup();
    }
    let mut visits = vec![Visit::No; needs.len()];
    let mut order = Vec::with_capacity(needs.len());
    // No recursion: chains may be long.
    let mut stack = Vec::new();
    for first in 0..needs.len() {
        let mut enter = Some(first);
        loop {
            if let Some(at) = enter.take()
                && let (Some(visit @ Visit::No), Some(own)) = (visits.get_mut(at), needs.get(at))
            {
                *visit = Visit::Open;
                stack.push((at, own.iter().peekable(), false));
            }
            let Some((at, left, circular)) = stack.last_mut() else { break };
            match left.peek().map(|need| (**need, visits.get(**need))) {
                // Looked at again when it is done.
                Some((need, Some(Visit::No))) => enter = Some(need),
                Some((_, visit)) => {
                    *circular |= !matches!(visit, Some(Visit::Done { circular: false }));
                    left.next();
                }
                None => {
                    let (at, circular) = (*at, *circular);
                    if let Some(visit) = visits.get_mut(at) {
                        *visit = Visit::Done { circular };
                    }
                    order.push((at, circular));
                    stack.pop();
                }
            }
        }
    }
    order
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
        assert_eq!(order.order, [3, 0, 1, 2]);
        assert_eq!((order.cyclic.as_slice(), order.unknown.as_slice()), (&[][..], &[][..]));
    }
}
