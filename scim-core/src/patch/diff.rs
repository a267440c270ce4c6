//! From two states of a resource to the PATCH between them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::filter::attr;
use crate::patch::equal::{same_elements, same_value};
use crate::patch::members::key_of;
use crate::patch::{Op, Operation, PatchError, PatchOp};
use crate::path::{AttributePath, PatchPath};
use crate::resource::{get_folded, is_unassigned};
use crate::schema::{Attribute, ResourceSchemas};
use crate::text::{fold, same_name};

/// What the receiver of a [`diff`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiffOptions {
    pub(crate) removal_by_value: bool,
    pub(crate) operations: Option<usize>,
    pub(crate) values: Option<usize>,
}

impl DiffOptions {
    /// The forms that every peer and the IPSIE profile accept, without limits: members are added by `add` with path
    /// `members`, removed by `members[value eq "id"]`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Removes members by `remove` with a value list, for peers that know no other form.
    pub fn with_removal_by_value(mut self) -> Self {
        self.removal_by_value = true;
        self
    }

    /// At most so many operations in one PATCH (Google: 20).
    pub fn with_max_operations(mut self, operations: usize) -> Self {
        self.operations = Some(operations.max(1));
        self
    }

    /// At most so many values of lists in one PATCH (AWS: 100).
    pub fn with_max_values(mut self, values: usize) -> Self {
        self.values = Some(values.max(1));
        self
    }
}

/// The PATCH that makes `after` of `before`, in as many messages as the receiver's limits ask for; none if nothing
/// differs. Only attributes that the schemas know and a client may write are compared; order within a list says
/// nothing.
///
/// ```
/// use scim_core::patch::{DiffOptions, diff};
/// use scim_core::schema::ResourceSchemas;
/// use serde_json::json;
/// let before = json!({"displayName": "A", "members": [{"value": "1"}, {"value": "2"}]});
/// let after = json!({"displayName": "A", "members": [{"value": "2"}, {"value": "3"}]});
/// let patches = diff(&before, &after, &ResourceSchemas::group(), &DiffOptions::new())?;
/// assert_eq!(serde_json::to_value(&patches[0]).unwrap()["Operations"], json!([
///     {"op": "remove", "path": "members[value eq \"1\"]"},
///     {"op": "add", "path": "members", "value": [{"value": "3"}]},
/// ]));
/// # Ok::<(), scim_core::patch::PatchError>(())
/// ```
///
/// # Errors
/// `mutability` if no PATCH can get there: a required attribute goes away, an immutable one changes.
pub fn diff(
    before: &Value,
    after: &Value,
    schemas: &ResourceSchemas,
    options: &DiffOptions,
) -> Result<Vec<PatchOp>, PatchError> {
    let empty = Map::new();
    let (before, after) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let mut differ = Differ { options, operations: Vec::new() };
    let core = schemas.core().attributes.iter().chain(ResourceSchemas::common());
    for attribute in core.filter(|attribute| !same_name(attribute.name(), "schemas")) {
        differ.attribute(None, attribute, before, after)?;
    }
    for schema in schemas.extensions() {
        let inner = |map| get_folded(map, schema.id()).and_then(Value::as_object).unwrap_or(&empty);
        for attribute in &schema.attributes {
            differ.attribute(Some(schema.id()), attribute, inner(before), inner(after))?;
        }
    }
    Ok(differ.split())
}

struct Differ<'o> {
    options: &'o DiffOptions,
    operations: Vec<Operation>,
}

fn held<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    get_folded(map, name).filter(|value| !is_unassigned(value))
}

/// The value as a list; a single one counts as one.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list,
        single => std::slice::from_ref(single),
    }
}

impl Differ<'_> {
    fn push(&mut self, op: Op, path: impl Into<PatchPath>, value: Option<Value>) {
        self.operations.push(Operation { op, path: Some(path.into()), value });
    }

    fn attribute(
        &mut self,
        urn: Option<&str>,
        attribute: &Attribute,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> Result<(), PatchError> {
        if attribute.is_read_only() {
            return Ok(());
        }
        let path = AttributePath::of(urn, attribute.name(), None);
        match (held(before, attribute.name()), held(after, attribute.name())) {
            (None, None) => Ok(()),
            (None, Some(new)) => {
                self.push(Op::Add, path, Some(written(attribute, new)));
                Ok(())
            }
            (Some(old), Some(new)) if attribute.is_multi_valued() => self.values(attribute, path, list(old), list(new)),
            (Some(Value::Object(old)), Some(Value::Object(new))) if attribute.is_complex() => {
                self.complex(attribute, &path, old, new)
            }
            (Some(old), Some(new)) if same_value(old, new) => Ok(()),
            (Some(_), new) => {
                if attribute.is_immutable() || (attribute.is_required() && new.is_none()) {
                    return Err(PatchError::mutability("no PATCH can change this").on(path));
                }
                match new {
                    Some(new) => self.push(Op::Replace, path, Some(new.clone())),
                    None => self.push(Op::Remove, path, None),
                }
                Ok(())
            }
        }
    }

    fn complex(
        &mut self,
        attribute: &Attribute,
        path: &AttributePath,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) -> Result<(), PatchError> {
        for sub in attribute.sub_attributes.iter().filter(|sub| !sub.is_read_only()) {
            let path = path.with_sub(sub.name());
            match (held(old, sub.name()), held(new, sub.name())) {
                (None, None) => {}
                (None, Some(value)) => self.push(Op::Add, path, Some(value.clone())),
                (Some(old), Some(new)) if same_value(old, new) => {}
                (Some(_), new) if sub.is_immutable() || (new.is_none() && sub.is_required()) => {
                    return Err(PatchError::mutability("no PATCH can change this").on(path));
                }
                (Some(_), Some(new)) => self.push(Op::Replace, path, Some(new.clone())),
                (Some(_), None) => self.push(Op::Remove, path, None),
            }
        }
        Ok(())
    }

    fn values(
        &mut self,
        attribute: &Attribute,
        path: AttributePath,
        old: &[Value],
        new: &[Value],
    ) -> Result<(), PatchError> {
        let strip = |values: &[Value]| values.iter().map(|v| without_nulls(attribute, v)).collect::<Vec<_>>();
        let (old, new) = (strip(old), strip(new));
        if same_elements(&old, &new) {
            return Ok(());
        }
        if attribute.is_immutable() {
            return Err(PatchError::mutability("no PATCH can change this").on(path));
        }
        if attribute.is_keyed_by_value() && self.keyed(&path, &old, &new) {
            return Ok(());
        }
        // Only more: add what is new. Otherwise the whole list, the one form that every peer reads alike.
        let more: Vec<Value> =
            new.iter().filter(|value| !old.iter().any(|known| same_value(known, value))).cloned().collect();
        let kept = old.iter().all(|value| new.iter().any(|known| same_value(known, value)));
        if kept && old.len() + more.len() == new.len() {
            self.push(Op::Add, path, Some(Value::Array(more)));
        } else {
            self.push(Op::Replace, path, Some(Value::Array(new)));
        }
        Ok(())
    }

    /// Members: who goes, then who comes. `false` if the elements cannot be told apart.
    fn keyed(&mut self, path: &AttributePath, old: &[Value], new: &[Value]) -> bool {
        fn keys(list: &[Value]) -> Option<HashSet<&str>> {
            let keys: Option<HashSet<&str>> = list.iter().map(key_of).collect();
            keys.filter(|keys| keys.len() == list.len())
        }
        if keys(old).is_none() || keys(new).is_none() {
            return false;
        }
        let find: std::collections::HashMap<&str, &Value> = new.iter().filter_map(|v| Some((key_of(v)?, v))).collect();
        let known: std::collections::HashMap<&str, &Value> = old.iter().filter_map(|v| Some((key_of(v)?, v))).collect();
        let stays =
            |value: &Value| key_of(value).and_then(|key| find.get(key)).is_some_and(|new| same_value(new, value));
        let gone: Vec<&str> = old.iter().filter(|value| !stays(value)).filter_map(key_of).collect();
        // Filters on members compare without case: a removal may take a namesake along, which then comes again.
        let folded: HashSet<String> = gone.iter().map(|key| fold(key).into_owned()).collect();
        let comes = |value: &Value| {
            let Some(key) = key_of(value) else {
                return false;
            };
            !known.get(key).is_some_and(|old| same_value(old, value)) || folded.contains(fold(key).as_ref())
        };
        let added: Vec<Value> = new.iter().filter(|value| comes(value)).cloned().collect();
        if self.options.removal_by_value && !gone.is_empty() {
            let values =
                gone.iter().map(|key| Value::Object(Map::from_iter([("value".to_owned(), Value::from(*key))])));
            self.push(Op::Remove, path.clone(), Some(values.collect()));
        } else {
            for key in gone {
                self.push(Op::Remove, PatchPath::select(path.clone(), attr("value").eq(key)), None);
            }
        }
        if !added.is_empty() {
            self.push(Op::Add, path.clone(), Some(Value::Array(added)));
        }
        true
    }

    /// Messages within the limits, in order.
    fn split(self) -> Vec<PatchOp> {
        let max_operations = self.options.operations.unwrap_or(usize::MAX);
        let max_values = self.options.values.unwrap_or(usize::MAX);
        let mut patches = Vec::new();
        let mut patch = PatchOp::new();
        let mut values = 0;
        for operation in self.operations.into_iter().flat_map(|operation| chunks(operation, max_values)) {
            let weight = match &operation.value {
                Some(Value::Array(list)) => list.len(),
                _ => 1,
            };
            let full = patch.operations.len() >= max_operations || values + weight > max_values;
            if full && !patch.is_empty() {
                patches.push(std::mem::take(&mut patch));
                values = 0;
            }
            values += weight;
            patch.operations.push(operation);
        }
        if !patch.is_empty() {
            patches.push(patch);
        }
        patches
    }
}

/// A long list in pieces. A `replace` of a list cannot be cut: its first piece replaces, the others add.
fn chunks(operation: Operation, max: usize) -> Vec<Operation> {
    let Operation { op, path, value } = operation;
    match value {
        Some(Value::Array(list)) if list.len() > max => {
            let pieces = list.chunks(max).enumerate();
            pieces
                .map(|(at, piece)| Operation {
                    op: if op == Op::Replace && at > 0 { Op::Add } else { op },
                    path: path.clone(),
                    value: Some(Value::Array(piece.to_vec())),
                })
                .collect()
        }
        value => vec![Operation { op, path, value }],
    }
}

fn without_nulls(attribute: &Attribute, value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let writable = |name: &str| attribute.sub_attribute(name).is_none_or(|sub| !sub.is_read_only());
            let members = map.iter().filter(|(name, v)| !is_unassigned(v) && writable(name));
            Value::Object(members.map(|(name, v)| (name.clone(), v.clone())).collect())
        }
        other => other.clone(),
    }
}

fn written(attribute: &Attribute, value: &Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.iter().map(|v| without_nulls(attribute, v)).collect()),
        single if attribute.is_multi_valued() => Value::Array(vec![without_nulls(attribute, single)]),
        single => without_nulls(attribute, single),
    }
}
