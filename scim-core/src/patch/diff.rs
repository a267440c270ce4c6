//! From two states of a resource to the PATCH between them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::patch::diff_written::{says_nothing_known, written_part};
use crate::patch::equal::{same_elements, same_value};
use crate::patch::members::without_equal;
use crate::patch::split::{Change, Exchange, split};
use crate::patch::{DiffOptions, Op, Operation, PatchError, PatchOp};
use crate::path::{AttributePath, PatchPath};
use crate::resource::{get_folded, is_unassigned};
use crate::schema::{Attribute, ResourceSchemas, Schema};
use crate::text::same_name;

/// The PATCH that makes `after` of `before`, in as many messages as the receiver's limits ask for; none if nothing
/// differs. What a client may not write is not compared; order within a list says nothing; equal values of a list
/// count as one, and so do members of one `value`, of which the first is meant: a receiver stores one. `schemas` follows
/// from what the resource holds: of its URIs only those are carried that no schema of the resource type has.
///
/// Attributes that no schema knows are carried as they are, unless
/// [`with_only_known`](DiffOptions::with_only_known) leaves them out; who applies them needs
/// [`PatchOptions::with_unknown_attributes`](crate::patch::PatchOptions::with_unknown_attributes). Each message is atomic
/// by itself: where limits ask for several, a receiver may stop between them.
///
/// Members come and go one by one. One of which anything but its `value` differs is taken away and brought back, by one
/// message unless the limits allow a single operation or value: leave out of both sides what is not meant to be compared,
/// such as a `display` that the server makes. Any other list that loses a value is replaced, the one form that every peer
/// reads alike; if limits cut it, the first piece replaces and the others add, and in between it lacks what is to come.
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
/// `invalidSyntax` if one of the two is no object; `mutability` if no PATCH can get there: a required attribute or
/// extension goes away, an immutable one changes; `invalidPath` if an unknown attribute has a name that no PATCH can say; `invalidValue` if
/// - one value alone, or a list that cannot be cut, is more than [`with_max_bytes`](DiffOptions::with_max_bytes) or
///   [`with_max_values`](DiffOptions::with_max_values) allow: what no schema knows and what can be set once is not cut;
/// - a member without `value` is to go and no filter selects it alone;
/// - values of a list would go for one that says nothing but what [`with_only_known`](DiffOptions::with_only_known) leaves
///   out.
pub fn diff(
    before: &Value,
    after: &Value,
    schemas: &ResourceSchemas,
    options: &DiffOptions,
) -> Result<Vec<PatchOp>, PatchError> {
    let empty = Map::new();
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return Err(PatchError::syntax("a resource is a JSON object"));
    };
    let mut differ = Differ { options, changes: Vec::new(), in_required: false };
    let core = schemas.core_alone().chain(ResourceSchemas::common());
    for attribute in core.filter(|attribute| !same_name(attribute.name(), "schemas")) {
        differ.attribute(None, attribute, before, after)?;
    }
    for schema in schemas.extensions() {
        let inner = |map| get_folded(map, schema.id()).and_then(Value::as_object).unwrap_or(&empty);
        differ.extension(schema, schemas.requires_extension(schema.id()), inner(before), inner(after))?;
    }
    if !options.only_known {
        differ.unknown_at_top(schemas, before, after)?;
        differ.unknown_schemas(schemas, before, after);
    }
    split(differ.changes, options)
}

pub(super) struct Differ<'o> {
    pub(super) options: &'o DiffOptions,
    changes: Vec<Change>,
    /// Whether what is looked at stands in an extension that every resource must have.
    pub(super) in_required: bool,
}

pub(super) fn held<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    get_folded(map, name).filter(|value| !is_unassigned(value))
}

/// The value as a list; a single one counts as one.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list,
        single => std::slice::from_ref(single),
    }
}

/// Whether a member that has a value has such a definition, or none.
fn any_held(known: &[Attribute], held: &Map<String, Value>, is_meant: impl Fn(Option<&Attribute>) -> bool) -> bool {
    let definition = |name: &str| known.iter().find(|one| same_name(one.name(), name));
    held.iter().any(|(name, value)| !is_unassigned(value) && is_meant(definition(name)))
}

impl Differ<'_> {
    /// Attributes without a path of their own.
    pub(super) fn push_all(&mut self, op: Op, attributes: Map<String, Value>) {
        let operation = Operation { op, path: None, value: Some(Value::Object(attributes)) };
        self.changes.push(Change::Whole(operation));
    }

    /// A change that is made whole or not at all.
    pub(super) fn push(&mut self, op: Op, path: impl Into<PatchPath>, value: Option<Value>) {
        self.changes.push(Change::Whole(Operation { op, path: Some(path.into()), value }));
    }

    /// Values of a list that a receiver puts beside those that are there.
    pub(super) fn push_values(&mut self, op: Op, path: impl Into<PatchPath>, values: Vec<Value>) {
        self.changes.push(Change::Pieces { op, path: path.into(), values });
    }

    /// Elements that are taken away and brought back.
    pub(super) fn exchange(&mut self, path: AttributePath, exchanges: Vec<Exchange>) {
        self.changes.push(Change::Exchanges { path, exchanges });
    }

    /// What an extension must have comes first and what it loses goes last: where limits cut the messages, it is never
    /// there without the one, nor gone in between.
    fn extension(
        &mut self,
        schema: &Schema,
        must_stay: bool,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> Result<(), PatchError> {
        let says = |map: &Map<String, Value>, attribute: &Attribute| {
            !attribute.is_read_only()
                && held(map, attribute.name())
                    .is_some_and(|value| list(value).iter().any(|value| self.written(attribute, value).is_some()))
        };
        let says_anything = |map: &Map<String, Value>| {
            schema.attributes.iter().any(|attribute| says(map, attribute))
                || self.writes_unknown(&schema.attributes, map)
        };
        let goes_all = says_anything(before) && !says_anything(after);
        if must_stay && goes_all && !self.keeps_any(&schema.attributes, before) {
            return Err(PatchError::mutability("the extension is required").on(schema.id()));
        }
        let (mut comes, goes): (Vec<_>, Vec<_>) = schema.attributes.iter().partition(|one| says(after, one));
        self.in_required = must_stay;
        comes.sort_by_key(|one| !one.is_required());
        for attribute in comes {
            self.attribute(Some(schema.id()), attribute, before, after)?;
        }
        if !self.options.only_known {
            self.unknown_in_extension(schema, before, after);
        }
        for attribute in goes {
            self.attribute(Some(schema.id()), attribute, before, after)?;
        }
        self.in_required = false;
        Ok(())
    }

    /// Whether anything stays whatever is taken away: what no client may write, and what is not written at all.
    fn keeps_any(&self, known: &[Attribute], held: &Map<String, Value>) -> bool {
        any_held(known, held, |definition| definition.map_or(self.options.only_known, Attribute::is_read_only))
    }

    /// Whether there is something that no schema knows and that is written all the same.
    fn writes_unknown(&self, known: &[Attribute], held: &Map<String, Value>) -> bool {
        !self.options.only_known && any_held(known, held, |definition| definition.is_none())
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
        let path = AttributePath::of(urn, attribute.name());
        let (old, new) = (held(before, attribute.name()), held(after, attribute.name()));
        let [old, new] = [old, new].map(|value| value.map(|value| attribute.spelt_out(value)));
        let (old, new) = (old.as_deref(), new.as_deref());
        if attribute.is_multi_valued() {
            let (old, new) = (old.map_or(&[][..], list), new.map_or(&[][..], list));
            return if attribute.is_keyed_by_value() {
                self.members(attribute, path, old, new)
            } else {
                self.values(attribute, path, old, new)
            };
        }
        match (old, new) {
            // No path leads into what can be set once.
            (Some(Value::Object(old)), Some(Value::Object(new)))
                if attribute.is_complex() && !attribute.is_immutable() =>
            {
                self.complex(attribute, &path, old, new)
            }
            (old, new) => self.single(attribute, path, old, new),
        }
    }

    fn single(
        &mut self,
        attribute: &Attribute,
        path: AttributePath,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Result<(), PatchError> {
        let is_left_out = new.is_some_and(|new| self.is_left_out(attribute, new));
        let written =
            |value: Option<&Value>| value.and_then(|value| self.written(attribute, value).map(Cow::into_owned));
        match (written(old), written(new)) {
            (None, None) => {}
            (Some(old), Some(new)) if same_value(&old, &new) => {}
            // Also what is not written itself keeps another value out.
            _ if attribute.is_immutable() && old.is_some() => {
                return Err(PatchError::mutability("no PATCH can change this").on(path));
            }
            (None, Some(new)) => self.push(Op::Add, path, Some(new)),
            (Some(_), Some(new)) => self.push(Op::Replace, path, Some(new)),
            (Some(_), None) if is_left_out => return Err(says_nothing_known().on(path)),
            (Some(_), None) => return self.unassign(attribute, path),
        }
        Ok(())
    }

    pub(super) fn unassign(&mut self, attribute: &Attribute, path: AttributePath) -> Result<(), PatchError> {
        if attribute.is_immutable() || attribute.is_required() {
            return Err(PatchError::mutability("no PATCH can take this away").on(path));
        }
        self.push(Op::Remove, path, None);
        Ok(())
    }

    fn complex(
        &mut self,
        attribute: &Attribute,
        path: &AttributePath,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) -> Result<(), PatchError> {
        let part = |map, sub: &Attribute| {
            get_folded(map, sub.name()).and_then(|value| written_part(sub, value)).map(Cow::into_owned)
        };
        let written = attribute.sub_attributes.iter().filter(|sub| !sub.is_read_only());
        // What comes is first: a value that must be there is never without any part.
        let (comes, mut goes): (Vec<_>, Vec<_>) = written.partition(|sub| part(new, sub).is_some());
        goes.retain(|sub| part(old, sub).is_some());
        let known = &attribute.sub_attributes;
        let goes_all = comes.is_empty() && !goes.is_empty() && !self.writes_unknown(known, new);
        if attribute.is_required() && goes_all && !self.keeps_any(known, old) {
            return Err(PatchError::mutability("no PATCH can take this away").on(path));
        }
        for (sub, value) in comes.into_iter().filter_map(|sub| Some((sub, part(new, sub)?))) {
            let path = path.with_sub(sub.name());
            match part(old, sub) {
                None => self.push_part(Op::Add, path, sub, value),
                Some(old) if same_value(&old, &value) => {}
                Some(_) if sub.is_immutable() => {
                    return Err(PatchError::mutability("no PATCH can change this").on(path));
                }
                Some(_) => self.push_part(Op::Replace, path, sub, value),
            }
        }
        if !self.options.only_known {
            self.unknown_subs(attribute, path, old, new);
        }
        for sub in goes {
            let path = path.with_sub(sub.name());
            if sub.is_immutable() || sub.is_required() {
                return Err(PatchError::mutability("no PATCH can change this").on(path));
            }
            self.push(Op::Remove, path, None);
        }
        Ok(())
    }

    /// In pieces equal elements would be taken for one, and what can be set once is there after the first.
    fn push_part(&mut self, op: Op, path: AttributePath, sub: &Attribute, value: Value) {
        match value {
            Value::Array(values)
                if sub.is_multi_valued()
                    && !sub.is_immutable()
                    && without_equal(&[], values.clone()).len() == values.len() =>
            {
                self.push_values(op, path, values);
            }
            value => self.push(op, path, Some(value)),
        }
    }

    fn values(
        &mut self,
        attribute: &Attribute,
        path: AttributePath,
        old: &[Value],
        new: &[Value],
    ) -> Result<(), PatchError> {
        // A receiver stores equal ones once.
        let once = |list| {
            let written = self.written_each(attribute, list).into_iter().map(Cow::into_owned);
            without_equal(&[], written.collect())
        };
        let (was, is) = (once(old), once(new));
        if same_elements(&was, &is) {
            return Ok(());
        }
        if attribute.is_immutable() {
            if !old.is_empty() {
                return Err(PatchError::mutability("no PATCH can change this").on(path));
            }
            self.push(Op::Add, path, Some(Value::Array(is)));
            return Ok(());
        }
        // Only more: add what is new. Otherwise the whole list, the one form that every peer reads alike.
        let more = without_equal(&was, is.clone());
        if was.len() + more.len() == is.len() {
            self.push_values(Op::Add, path, more);
        } else if new.iter().any(|value| self.is_left_out(attribute, value)) {
            return Err(says_nothing_known().on(path));
        } else if is.is_empty() {
            return self.unassign(attribute, path);
        } else {
            self.push_values(Op::Replace, path, is);
        }
        Ok(())
    }
}
