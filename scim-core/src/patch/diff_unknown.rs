//! The difference in what no schema knows.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::filter::attr;
use crate::patch::diff::{Differ, held};
use crate::patch::equal::same_value;
use crate::patch::{Op, PatchError};
use crate::path::{AttributePath, PatchPath, is_name};
use crate::schema::{Attribute, ResourceSchemas, Schema};
use crate::text::same_name;

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

/// What leads from one value to the other: the operation and its value, null to take it away.
fn change(before: &Map<String, Value>, after: &Map<String, Value>, name: &str) -> Option<(Op, Value)> {
    match (held(before, name), held(after, name)) {
        (None, Some(new)) => Some((Op::Add, new.clone())),
        (Some(old), Some(new)) if !same_value(old, new) => Some((Op::Replace, new.clone())),
        (Some(_), None) => Some((Op::Remove, Value::Null)),
        _ => None,
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
        for name in unknown_names(before, after, is_known) {
            let Some(change) = change(before, after, name) else {
                continue;
            };
            let path = AttributePath::parse(name).ok();
            // A URN whose first part is known, or stands in the resource, is an attribute of that schema.
            let is_schema = |urn: &str| {
                let is_known = schemas.knows(urn);
                is_known || held(before, urn).or(held(after, urn)).is_some()
            };
            match path.filter(|path| path.sub().is_none()) {
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
        for name in unknown_names(before, after, |name| schema.attribute(name).is_some()) {
            if let Some(change) = change(before, after, name) {
                if is_name(name) {
                    self.push_at(AttributePath::of(Some(schema.id()), name), change);
                } else {
                    let (op, value) = change;
                    let inner = Value::Object(Map::from_iter([(name.to_owned(), value)]));
                    self.push_member(schema.id(), (op, inner));
                }
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
        for name in unknown_names(before, after, |name| attribute.sub_attribute(name).is_some()) {
            if let Some(change) = change(before, after, name) {
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
        let has = |list: &[&str], uri: &str| list.iter().any(|known| same_name(known, uri));
        let is_ours = |uri: &str| schemas.knows(uri);
        let comes: Vec<Value> = new
            .iter()
            .enumerate()
            .filter(|(at, uri)| !is_ours(uri) && !has(&old, uri) && !new.get(..*at).is_some_and(|all| has(all, uri)))
            .map(|(_, uri)| Value::from(*uri))
            .collect();
        if !comes.is_empty() {
            self.push_values(Op::Add, attr("schemas"), comes);
        }
        if new.is_empty() {
            return;
        }
        for uri in old {
            if !is_ours(uri) && !has(&new, uri) && !held(after, uri).is_some_and(Value::is_object) {
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
