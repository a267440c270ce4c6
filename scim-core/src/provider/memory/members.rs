use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::filter::{CompareOp, Filter, Literal};
use crate::patch::{Op, Operation, PatchOp};
use crate::path::PatchPath;
use crate::provider::{Behaviour, Kind};
use crate::quirk::Quirk;
use crate::text::same_name;

/// The members of a group in the order in which they came; adding, removing and looking up one of
/// them costs the same however many there are.
#[derive(Debug, Default)]
pub(super) struct Members {
    places: HashMap<Arc<str>, u64>,
    order: BTreeMap<u64, Arc<str>>,
    next: u64,
    /// Who came (`true`) or went since [`take_log`](Self::take_log) was called last.
    log: Vec<(Arc<str>, bool)>,
}

impl Members {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.order.values().map(|id| &**id)
    }

    /// Adds a member at the end; one that is there stays where it is.
    pub(super) fn add(&mut self, id: &str) {
        if self.places.contains_key(id) {
            return;
        }
        let id: Arc<str> = id.into();
        self.order.insert(self.next, Arc::clone(&id));
        self.log.push((Arc::clone(&id), true));
        self.places.insert(id, self.next);
        self.next += 1;
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(id) = self.places.remove(id).and_then(|place| self.order.remove(&place)) {
            self.log.push((id, false));
        }
    }

    /// Makes these the members.
    pub(super) fn set(&mut self, wanted: &[String]) {
        let keep: HashSet<&str> = wanted.iter().map(String::as_str).collect();
        let gone: Vec<Arc<str>> = self.order.values().filter(|id| !keep.contains(&***id)).cloned().collect();
        for id in gone {
            self.remove(&id);
        }
        for id in wanted {
            self.add(id);
        }
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.log.extend(std::mem::take(&mut self.order).into_values().map(|id| (id, false)));
    }

    /// Who came and went, in order.
    pub(super) fn take_log(&mut self) -> Vec<(Arc<str>, bool)> {
        std::mem::take(&mut self.log)
    }
}

/// One change to the members of a group.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    Add(String),
    Remove(String),
    Clear,
}

/// The changes of a PATCH that does nothing but add members, remove them by their `value`, or remove
/// all: the ordinary case, and the one that must not cost a pass over a large group. `None` for every
/// other PATCH; that one goes through the language, which also finds what is wrong with it.
pub(super) fn changes(kind: &Kind, behaviour: &Behaviour, patch: &PatchOp) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    for operation in &patch.operations {
        let target = operation.path.as_ref()?;
        if !names_members(kind, target) || target.sub().is_some() {
            return None;
        }
        match (operation.op, target.filter(), &operation.value) {
            (Op::Add, None, Some(value)) => changes.extend(elements(value)?.into_iter().map(Change::Add)),
            (Op::Remove, None, None) => changes.push(Change::Clear),
            (Op::Remove, None, Some(value)) if behaviour.quirks.contains(Quirk::RemoveWithValue) => {
                changes.extend(elements(value)?.into_iter().map(Change::Remove));
            }
            (Op::Remove, Some(filter), None) => changes.push(Change::Remove(by_value(filter)?)),
            _ => return None,
        }
    }
    Some(changes)
}

/// Whether a PATCH has anything to do with members.
pub(super) fn touches_members(patch: &PatchOp) -> bool {
    let touches = |operation: &Operation| match (&operation.path, &operation.value) {
        (Some(target), _) => same_name(target.attribute().name(), "members"),
        // Keys may be qualified by a URN or be whole paths.
        (None, Some(Value::Object(map))) => map.keys().any(|key| key.to_ascii_lowercase().contains("members")),
        (None, _) => true,
    };
    patch.operations.iter().any(touches)
}

fn names_members(kind: &Kind, path: &PatchPath) -> bool {
    let attribute = path.attribute();
    same_name(attribute.name(), "members") && attribute.urn().is_none_or(|urn| same_name(urn, kind.schema()))
}

/// The ids of `[{"value": "id"}]` or of one such object. Everything beside `value` is derived.
fn elements(value: &Value) -> Option<Vec<String>> {
    let one = |element: &Value| {
        let map = element.as_object()?;
        let known = |(name, value): (&String, &Value)| {
            matches!(name.as_str(), "value" | "type" | "display" | "$ref") && value.is_string()
        };
        let id = map.get("value")?.as_str()?;
        (!id.is_empty() && map.iter().all(known)).then(|| id.to_owned())
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        Value::Object(_) => one(value).map(|id| vec![id]),
        _ => None,
    }
}

/// `value eq "id"`
fn by_value(filter: &Filter) -> Option<String> {
    match filter {
        Filter::Compare(comparison) if comparison.op == CompareOp::Eq => match &comparison.value {
            Literal::String(id)
                if comparison.path.urn().is_none()
                    && comparison.path.sub().is_none()
                    && same_name(comparison.path.name(), "value") =>
            {
                Some(id.to_string())
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::patch::PatchOptions;

    fn read(operations: &Value) -> Option<Vec<Change>> {
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
        let patch = PatchOp::read(&body, &PatchOptions::strict()).unwrap();
        changes(&Kind::group(), &Behaviour::default(), &patch)
    }

    #[test]
    fn ordinary_changes_are_recognised_and_nothing_else() {
        assert_eq!(
            read(&json!([
                {"op": "add", "path": "members", "value": [{"value": "a", "type": "User"}, {"value": "b"}]},
                {"op": "remove", "path": "members[value eq \"c\"]"},
                {"op": "remove", "path": "members"},
            ])),
            Some(vec![
                Change::Add("a".to_owned()),
                Change::Add("b".to_owned()),
                Change::Remove("c".to_owned()),
                Change::Clear
            ])
        );
        for other in [
            json!([{"op": "add", "path": "members", "value": [{"value": 1}]}]),
            json!([{"op": "add", "path": "members", "value": [{"valu": "a"}]}]),
            json!([{"op": "add", "path": "members", "value": "a"}]),
            json!([{"op": "replace", "path": "members", "value": [{"value": "a"}]}]),
            json!([{"op": "remove", "path": "members[value ne \"a\"]"}]),
            json!([{"op": "remove", "path": "members[type eq \"User\"]"}]),
            json!([{"op": "add", "value": {"members": [{"value": "a"}]}}]),
            json!([{"op": "remove", "path": "members", "value": [{"value": "a"}]}]),
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }

    #[test]
    fn members_keep_their_order() {
        let mut members = Members::default();
        for id in ["b", "a", "b"] {
            members.add(id);
        }
        assert_eq!(members.iter().collect::<Vec<_>>(), ["b", "a"]);
        members.remove("b");
        members.remove("b");
        members.add("b");
        assert_eq!(members.iter().collect::<Vec<_>>(), ["a", "b"]);
        let log: Vec<_> = members.take_log().into_iter().map(|(id, came)| (id.to_string(), came)).collect();
        assert_eq!(
            log.iter().filter(|(id, _)| id == "b").map(|(_, came)| *came).collect::<Vec<_>>(),
            [true, false, true]
        );
        members.set(&["c".to_owned(), "a".to_owned()]);
        assert_eq!(members.iter().collect::<Vec<_>>(), ["a", "c"]);
    }
}
