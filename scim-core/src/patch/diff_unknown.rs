//! The difference in what no schema knows.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use crate::filter::attr;
use crate::patch::diff::{Differ, held};
use crate::patch::equal::same_value;
use crate::patch::{Op, PatchError};
use crate::path::{AttributePath, PatchPath, is_name};
use crate::resource::{FoldedNames, is_unassigned};
use crate::schema::{Attribute, ResourceSchemas, Schema};

/// The names of both sides that are not known, each once.
fn unknown_names<'v>(
    before: &'v Map<String, Value>,
    after: &'v Map<String, Value>,
    is_known: impl Fn(&str) -> bool,
) -> Vec<&'v str> {
    let mut met = BTreeSet::new();
    let names = before.keys().chain(after.keys()).map(String::as_str);
    names.filter(|name| !is_known(name) && met.insert(name.to_ascii_lowercase())).collect()
}

/// The two sides, each looked at by name.
struct Sides<'v> {
    before: FoldedNames<'v>,
    after: FoldedNames<'v>,
}

impl<'v> Sides<'v> {
    fn of(before: &'v Map<String, Value>, after: &'v Map<String, Value>) -> Self {
        Self { before: FoldedNames::of(before), after: FoldedNames::of(after) }
    }

    fn held(&mut self, name: &str) -> [Option<&'v Value>; 2] {
        [&mut self.before, &mut self.after].map(|side| side.find(name).filter(|value| !is_unassigned(value)))
    }

    /// What leads from one to the other under that name: the operation and its value, null to take it away.
    fn change(&mut self, name: &str) -> Option<(Op, Value)> {
        match self.held(name) {
            [None, Some(new)] => Some((Op::Add, new.clone())),
            [Some(old), Some(new)] if !same_value(old, new) => Some((Op::Replace, new.clone())),
            [Some(_), None] => Some((Op::Remove, Value::Null)),
            _ => None,
        }
    }

    /// What leads from one to the other under those names. What goes is last: what must be there has a part at any time.
    fn changes(mut self, names: Vec<&str>) -> Vec<(&str, (Op, Value))> {
        let mut all: Vec<_> = names.into_iter().filter_map(|name| Some((name, self.change(name)?))).collect();
        all.sort_by_key(|(_, (op, _))| *op == Op::Remove);
        all
    }
}

impl Differ<'_> {
    /// By a path, if the name can stand in one.
    fn push_at(&mut self, path: impl Into<PatchPath>, (op, value): (Op, Value)) {
        self.push(op, path, (op != Op::Remove).then_some(value));
    }

    /// As a member of an object, where every name can stand.
    fn push_member(&mut self, name: &str, (op, value): (Op, Value)) {
        let op = if op == Op::Remove { Op::Replace } else { op };
        self.push_all(op, Map::from_iter([(name.to_owned(), value)]));
    }

    pub(super) fn unknown_at_top(
        &mut self,
        schemas: &ResourceSchemas,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> Result<(), PatchError> {
        let is_known = |name: &str| schemas.core_attribute(name).is_some() || schemas.extension(name).is_some();
        let mut sides = Sides::of(before, after);
        for name in unknown_names(before, after, is_known) {
            let Some(change) = sides.change(name) else {
                continue;
            };
            let path = AttributePath::parse(name).ok();
            // A URN whose first part is known, or stands in the resource, is an attribute of that schema.
            let is_schema = |urn: &str| schemas.knows(urn) || sides.held(urn).iter().any(Option::is_some);
            match path.filter(|path| path.sub().is_none()) {
                // A lenient receiver would find it in the extension.
                Some(path) if path.urn().is_none() && schemas.in_extensions(path.name()).is_some() => {
                    self.push_at(AttributePath::of(Some(schemas.core().id()), path.name()), change);
                }
                Some(path) if !path.urn().is_some_and(is_schema) => {
                    self.push_at(path, change);
                }
                _ if can_be_member(name, schemas) => self.push_member(name, change),
                _ => return Err(PatchError::path("no PATCH can name this attribute").on(name)),
            }
        }
        Ok(())
    }

    pub(super) fn unknown_in_extension(
        &mut self,
        schema: &Schema,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        let names = unknown_names(before, after, |name| schema.attribute(name).is_some());
        for (name, change) in Sides::of(before, after).changes(names) {
            if is_name(name) {
                self.push_at(AttributePath::of(Some(schema.id()), name), change);
            } else {
                let (op, value) = change;
                let inner = Value::Object(Map::from_iter([(name.to_owned(), value)]));
                self.push_member(schema.id(), (op, inner));
            }
        }
    }

    pub(super) fn unknown_subs(
        &mut self,
        attribute: &Attribute,
        path: &AttributePath,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        let names = unknown_names(before, after, |name| attribute.sub_attribute(name).is_some());
        for (name, change) in Sides::of(before, after).changes(names) {
            if is_name(name) {
                self.push_at(path.with_sub(name), change);
            } else {
                let (op, value) = change;
                let op = if op == Op::Remove { Op::Replace } else { op };
                let members = Value::Object(Map::from_iter([(name.to_owned(), value)]));
                self.push(op, path.clone(), Some(members));
            }
        }
    }

    /// The URIs in `schemas` that no schema of the resource type has: those that come, then those that go, unless
    /// the resource still holds what they stand for.
    pub(super) fn unknown_schemas(
        &mut self,
        schemas: &ResourceSchemas,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        fn uris(map: &Map<String, Value>) -> Vec<&str> {
            let list = held(map, "schemas").and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).collect()
        }
        let (old, new) = (uris(before), uris(after));
        let folded = |list: &[&str]| list.iter().map(|uri| uri.to_ascii_lowercase()).collect::<HashSet<String>>();
        let is_ours = |uri: &str| schemas.knows(uri);
        let (mut known, is_new) = (folded(&old), folded(&new));
        let comes: Vec<Value> = new
            .iter()
            .filter(|uri| !is_ours(uri) && known.insert(uri.to_ascii_lowercase()))
            .map(|uri| Value::from(*uri))
            .collect();
        if !comes.is_empty() {
            self.push_values(Op::Add, attr("schemas"), comes);
        }
        if new.is_empty() {
            return;
        }
        let mut after = FoldedNames::of(after);
        let mut holds = |uri: &str| after.find(uri).is_some_and(|value| value.is_object() && !is_unassigned(value));
        for uri in old {
            if !is_ours(uri) && !is_new.contains(&uri.to_ascii_lowercase()) && !holds(uri) {
                self.push(Op::Remove, PatchPath::select(attr("schemas"), attr("value").eq(uri)), None);
            }
        }
    }
}

/// Whether a name stands for itself in a value without path.
fn can_be_member(name: &str, schemas: &ResourceSchemas) -> bool {
    !name.contains('[')
        && AttributePath::parse(name).ok().is_none_or(|path| {
            let in_extension = path.as_urn().is_some_and(|urn| schemas.extension(&urn).is_some());
            schemas.locate(&path).is_none() && !in_extension
        })
}
