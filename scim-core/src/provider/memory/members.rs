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
    order: BTreeMap<u64, Member>,
    next: u64,
    log: Log,
}

/// A member as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) id: Arc<str>,
    /// What the client said about it and what cannot be derived.
    pub(super) display: Option<Box<str>>,
    pub(super) kind: Option<Box<str>>,
}

impl Member {
    pub(super) fn new(id: &str) -> Self {
        Self { id: id.into(), display: None, kind: None }
    }
}

/// What changed since [`Members::take_log`] was called last.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Who came (`true`) or went, in order.
    pub(super) moves: Vec<(Arc<str>, bool)>,
    /// Whether something else about a member changed.
    pub(super) relabelled: bool,
}

impl Members {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.order.values()
    }

    /// Adds a member at the end; one that is there stays where it is.
    pub(super) fn add(&mut self, member: &Member) {
        if self.places.contains_key(&member.id) {
            return;
        }
        self.order.insert(self.next, member.clone());
        self.log.moves.push((Arc::clone(&member.id), true));
        self.places.insert(Arc::clone(&member.id), self.next);
        self.next += 1;
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(member) = self.places.remove(id).and_then(|place| self.order.remove(&place)) {
            self.log.moves.push((member.id, false));
        }
    }

    /// Makes these the members.
    pub(super) fn set(&mut self, wanted: &[Member]) {
        let keep: HashSet<&str> = wanted.iter().map(|member| &*member.id).collect();
        let gone = self.order.values().filter(|member| !keep.contains(&*member.id));
        let gone: Vec<Arc<str>> = gone.map(|member| Arc::clone(&member.id)).collect();
        for id in gone {
            self.remove(&id);
        }
        for member in wanted {
            match self.places.get(&member.id).and_then(|place| self.order.get_mut(place)) {
                Some(known) if known == member => {}
                Some(known) => {
                    known.clone_from(member);
                    self.log.relabelled = true;
                }
                None => self.add(member),
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
        let gone = std::mem::take(&mut self.order).into_values();
        self.log.moves.extend(gone.map(|member| (member.id, false)));
    }

    /// What changed.
    pub(super) fn take_log(&mut self) -> Log {
        std::mem::take(&mut self.log)
    }
}

/// One change to the members of a group.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// The element as it was given.
    Add(Value),
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
            (Op::Add, None, Some(value)) => {
                changes.extend(elements(value)?.into_iter().cloned().map(Change::Add));
            }
            (Op::Remove, None, None) => changes.push(Change::Clear),
            (Op::Remove, None, Some(value)) if behaviour.quirks.contains(Quirk::RemoveWithValue) => {
                let ids = elements(value)?.into_iter().filter_map(|element| element.get("value")?.as_str());
                changes.extend(ids.map(|id| Change::Remove(id.to_owned())));
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

/// The elements of `[{"value": "id"}]`, or one such object alone.
fn elements(value: &Value) -> Option<Vec<&Value>> {
    fn one(element: &Value) -> Option<&Value> {
        let map = element.as_object()?;
        let known = |(name, value): (&String, &Value)| {
            matches!(name.as_str(), "value" | "type" | "display" | "$ref") && value.is_string()
        };
        let id = map.get("value")?.as_str()?;
        (!id.is_empty() && map.iter().all(known)).then_some(element)
    }
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
                Change::Add(json!({"value": "a", "type": "User"})),
                Change::Add(json!({"value": "b"})),
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
        let ids = |members: &Members| members.iter().map(|member| member.id.to_string()).collect::<Vec<_>>();
        for id in ["b", "a", "b"] {
            members.add(&Member::new(id));
        }
        assert_eq!(ids(&members), ["b", "a"]);
        members.remove("b");
        members.remove("b");
        members.add(&Member::new("b"));
        assert_eq!(ids(&members), ["a", "b"]);
        let moves = members.take_log().moves;
        let of_b: Vec<bool> = moves.iter().filter(|(id, _)| &**id == "b").map(|(_, came)| *came).collect();
        assert_eq!(of_b, [true, false, true]);
        members.set(&[Member::new("c"), Member { display: Some("A".into()), ..Member::new("a") }]);
        assert_eq!(ids(&members), ["a", "c"]);
        assert!(members.take_log().relabelled);
    }
}
