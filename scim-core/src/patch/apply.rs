//! Applying a PATCH, operation by operation (RFC 7644 §3.5.2.1 to §3.5.2.3).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::{Map, Value};

use crate::patch::conform::Conform;
use crate::patch::draft::check_shape;
use crate::patch::members::KeyIndex;
use crate::patch::select::{Chosen, Selection};
use crate::patch::store::{Slot, Store};
use crate::patch::target::{Found, Target, locate, resolve, unknown};
use crate::patch::{Op, Operation, PatchError, PatchOp, PatchOptions};
use crate::path::{AttributePath, PatchPath};
use crate::quirk::{Quirk, Quirks};
use crate::resource::{is_unassigned, spelling};
use crate::schema::{Attribute, Home, Located, ResourceSchemas, Schema};
use crate::text::same_name;

/// What became of a PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Whether anything was written that was not there before; if not, version and `lastModified` stay. A message that
    /// changes a value and changes it back has written twice and counts as a change.
    pub changed: bool,
    /// The quirks that reading and applying relied on.
    pub quirks: Quirks,
}

impl PatchOp {
    /// Applies the changes to a resource: all of them, or none and an error.
    ///
    /// The resource is not copied; writes are logged and taken back if a later operation fails. `meta` is left to
    /// the caller.
    ///
    /// # Errors
    /// With the keyword that RFC 7644 Table 9 has for it. The resource is then as it was.
    pub fn apply(
        &self,
        resource: &mut Value,
        schemas: &ResourceSchemas,
        options: &PatchOptions,
    ) -> Result<Applied, PatchError> {
        let Value::Object(map) = resource else {
            return Err(PatchError::syntax("the resource is no JSON object"));
        };
        self.apply_to_map(map, schemas, options)
    }

    pub(crate) fn apply_to_map(
        &self,
        resource: &mut Map<String, Value>,
        schemas: &ResourceSchemas,
        options: &PatchOptions,
    ) -> Result<Applied, PatchError> {
        let limit = options.limits().operations();
        if self.operations.len() > limit {
            return Err(PatchError::value(format!("more than {limit} operations")));
        }
        let mut session = Session {
            store: Store::new(resource),
            schemas,
            conform: Conform {
                tolerated: options.quirks(),
                fired: self.quirks,
                keeps_unknown: options.takes_unknown_attributes(),
                names_left: limit,
            },
            index: KeyIndex::default(),
            options,
            growth: 0,
        };
        let must_stay: Vec<&str> =
            schemas.required_extensions().filter(|uri| session.store.holds_object(uri)).collect();
        // The first operation after which a required extension was gone, if none brought it back.
        let mut took_away = None;
        let mut refused = None;
        for (at, operation) in self.operations.iter().enumerate() {
            if let Err(error) = session.operation(operation) {
                refused = Some((at, error));
                break;
            }
            let gone = must_stay.iter().find(|uri| !session.store.holds_object(uri));
            took_away = gone.and_then(|uri| took_away.or(Some((at, *uri))));
        }
        let refused = refused.or_else(|| {
            let (at, uri) = took_away?;
            Some((at, PatchError::mutability(format!("the extension `{uri}` is required"))))
        });
        if let Some((at, error)) = refused {
            session.store.roll_back();
            let path = self.operations.get(at).and_then(|operation| operation.path.as_ref());
            let error = error.at(at);
            return Err(match path {
                Some(path) => error.on(path),
                None => error,
            });
        }
        Ok(Applied { changed: session.store.is_changed(), quirks: session.conform.fired })
    }
}

/// One PATCH under way.
pub(super) struct Session<'s> {
    pub(super) store: Store<'s>,
    pub(super) schemas: &'s ResourceSchemas,
    pub(super) conform: Conform,
    pub(super) index: KeyIndex,
    pub(super) options: &'s PatchOptions,
    /// Bytes written beyond those of the message.
    pub(super) growth: usize,
}

impl Session<'_> {
    fn operation(&mut self, operation: &Operation) -> Result<(), PatchError> {
        let Operation { op, path, value } = operation;
        let value = value.as_ref();
        check_shape(*op, path.as_ref(), value)?;
        match (path, value) {
            (Some(path), value) => self.at_path(*op, path, value),
            (None, Some(Value::Object(attributes))) => self.pathless(*op, attributes),
            // Refused already.
            (None, _) => Ok(()),
        }
    }

    fn at_path(&mut self, op: Op, path: &PatchPath, value: Option<&Value>) -> Result<(), PatchError> {
        let schemas = self.schemas;
        let store = &self.store;
        let target = resolve(path, schemas, &mut self.conform, |urn| store.holds_object(urn))?;
        match &target {
            Target::Extension(schema) => self.extension(op, schema, value),
            Target::Attribute { home, attribute, filter: None, sub: None } => {
                self.whole(op, Located { home: *home, attribute }, value)
            }
            Target::Attribute { home, attribute, filter, sub } => {
                let home = *home;
                if attribute.is_read_only() || sub.as_ref().is_some_and(|sub| sub.is_read_only()) {
                    return Err(PatchError::mutability("the attribute is readOnly"));
                }
                let (slot, list) = self.store.find(home, attribute.name());
                let places = filter.as_ref().map_or_else(|| (0..list.len()).collect(), |filter| filter.places(list));
                let (is_set, writes) = (!list.is_empty(), self.store.writes());
                let chosen = Chosen { filter: filter.as_ref().map(Selection::filter), places: &places };
                self.elements(op, attribute, &slot, chosen, sub.as_deref(), value)?;
                self.check_immutable(attribute, is_set, writes)?;
                self.settle(home, writes);
                Ok(())
            }
        }
    }

    /// Keeps `schemas` in step if there were writes to an extension since `writes`.
    pub(super) fn settle(&mut self, home: Home<'_>, writes: usize) {
        if let Home::Extension(uri) = home
            && self.store.writes() > writes
        {
            self.store.settle_extension(uri);
        }
    }

    /// Every member of the value by its own kind (RFC 7644 §3.5.2.1 and §3.5.2.3, "If omitted").
    fn pathless(&mut self, op: Op, attributes: &Map<String, Value>) -> Result<(), PatchError> {
        check_names(attributes)?;
        self.check_targets(attributes)?;
        for (name, value) in attributes {
            self.pathless_member(op, name, value).map_err(|error| error.on(name))?;
        }
        Ok(())
    }

    fn pathless_member(&mut self, op: Op, name: &str, value: &Value) -> Result<(), PatchError> {
        let schemas = self.schemas;
        if let Some(extension) = schemas.extension(name) {
            return match value {
                Value::Object(inner) => self.extension_members(op, extension, inner),
                value => self.extension(op, extension, Some(value)),
            };
        }
        // The core schema's own URI around core attributes is no form of the RFC.
        if same_name(name, "schemas") {
            return self.schemas_member(value);
        }
        if name.contains('[') {
            if !self.conform.allows(Quirk::PathKeys) {
                return Err(PatchError::path("a member name is an attribute name, not a path"));
            }
            self.conform.count_name()?;
            let parsed = PatchPath::parse_with(name, &self.options.parse())?;
            self.conform.fired = self.conform.fired.union(parsed.quirks);
            return self.at_path(op, &parsed.value, Some(value));
        }
        let path = match AttributePath::parse(name) {
            Ok(path) => path,
            Err(_) if self.conform.keeps_unknown => return self.unknown_member(op, Home::Core, name, value),
            Err(_) if self.conform.allows(Quirk::UnknownSubattr) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        match locate(&path, schemas, &mut self.conform) {
            Found::Attribute(at, None) => {
                if at.attribute.is_read_only() && self.skips_read_only(at.attribute.name()) {
                    return Ok(());
                }
                self.whole(op, at, Some(value))
            }
            Found::Attribute(at, Some(_)) => {
                if !self.conform.allows(Quirk::DottedKeys) {
                    return Err(PatchError::path("a member name is an attribute name, not a path"));
                }
                self.conform.count_name()?;
                if at.attribute.is_read_only() && self.skips_read_only(at.attribute.name()) {
                    return Ok(());
                }
                self.at_path(op, &PatchPath::of(path), Some(value))
            }
            Found::Extension(_) | Found::Nothing if self.conform.keeps_unknown => {
                self.unknown_member(op, Home::Core, name, value)
            }
            Found::Extension(_) | Found::Nothing if self.conform.allows(Quirk::UnknownSubattr) => Ok(()),
            Found::Extension(_) | Found::Nothing => {
                Err(PatchError::path("no schema of this resource type has such an attribute"))
            }
        }
    }

    /// With and without its schema's URI, in the object of an extension and beside it, an attribute is one and the same.
    fn check_targets(&self, attributes: &Map<String, Value>) -> Result<(), PatchError> {
        let schemas = self.schemas;
        let in_disguise = |name: &&String| {
            if name.contains(':') {
                return schemas.extension(name).is_none();
            }
            // An attribute of an extension without its URI.
            self.conform.is_lenient() && schemas.core_attribute(name).is_none()
        };
        let mut paths: Vec<(&str, AttributePath)> = Vec::new();
        for name in attributes.keys().filter(in_disguise) {
            paths.extend(AttributePath::parse(name).ok().map(|path| (name.as_str(), path)));
        }
        // Whether it was met as a whole; each is looked for once.
        let mut met: HashMap<(Home<'_>, &str), bool> = HashMap::new();
        for (name, path) in &paths {
            let mut probe = Conform { ..self.conform };
            let Found::Attribute(at, sub) = locate(path, schemas, &mut probe) else { continue };
            let attribute = at.attribute.name();
            let is_whole = sub.is_none();
            let is_twice = match met.entry((at.home, attribute)) {
                Entry::Vacant(entry) => {
                    entry.insert(is_whole);
                    at.is_named_in(attributes)
                }
                Entry::Occupied(mut entry) => is_whole && std::mem::replace(entry.get_mut(), true),
            };
            if is_twice {
                return Err(PatchError::syntax(format!("`{attribute}` is named twice")).on(name));
            }
        }
        Ok(())
    }

    /// A member that no schema knows, under the name that it comes with.
    fn unknown_member(&mut self, op: Op, home: Home<'_>, name: &str, value: &Value) -> Result<(), PatchError> {
        self.conform.count_name()?;
        self.whole(op, Located { home, attribute: &unknown(name) }, Some(value))
    }

    fn skips_read_only(&mut self, name: &str) -> bool {
        let as_okta = same_name(name, "id") && self.conform.allows(Quirk::OktaIdInValue);
        self.conform.allows(Quirk::ReadonlyInValueIgnored) || as_okta
    }

    fn extension_members(&mut self, op: Op, schema: &Schema, members: &Map<String, Value>) -> Result<(), PatchError> {
        check_names(members)?;
        for (name, value) in members {
            self.extension_member(op, schema, name, value)
                .map_err(|error| error.on(format_args!("{}:{name}", schema.id())))?;
        }
        Ok(())
    }

    fn extension_member(&mut self, op: Op, schema: &Schema, name: &str, value: &Value) -> Result<(), PatchError> {
        let home = Home::Extension(schema.id());
        let Some(attribute) = schema.attribute(name) else {
            let is_path = name.split_once(['.', '[']).is_some_and(|(first, _)| schema.attribute(first).is_some());
            if is_path && self.conform.is_lenient() {
                return self.pathless_member(op, &format!("{}:{name}", schema.id()), value);
            }
            if self.conform.keeps_unknown {
                return self.unknown_member(op, home, name, value);
            }
            if self.conform.allows(Quirk::UnknownSubattr) {
                return Ok(());
            }
            return Err(PatchError::path(format!("the extension has no attribute `{}`", short(name))));
        };
        if attribute.is_read_only() && self.conform.allows(Quirk::ReadonlyInValueIgnored) {
            return Ok(());
        }
        self.whole(op, Located { home, attribute }, Some(value))
    }

    /// A whole extension as target: `add` merges, `replace` puts in its place, `remove` drops it.
    fn extension(&mut self, op: Op, schema: &Schema, value: Option<&Value>) -> Result<(), PatchError> {
        let members = match value {
            Some(Value::Object(members)) => Some(members),
            None => None,
            Some(value) if is_unassigned(value) => None,
            Some(_) => return Err(PatchError::value("an extension must be an object")),
        };
        if op == Op::Remove && members.is_some_and(|m| !m.is_empty()) {
            return Err(PatchError::value("`remove` of an extension takes no value"));
        }
        let home = Home::Extension(schema.id());
        let writes = self.store.writes();
        if op != Op::Add {
            for attribute in &schema.attributes {
                let named =
                    members.is_some_and(|m| m.iter().any(|(k, v)| same_name(k, attribute.name()) && !is_unassigned(v)));
                let slot = self.store.slot(home, attribute.name());
                if !named && !attribute.is_read_only() && self.store.get(&slot).is_some() {
                    self.unassign(attribute, &slot, PatchError::mutability)?;
                }
            }
            for name in self.store.names_in(schema.id()) {
                let named = members.is_some_and(|members| spelling(members, &name).is_some());
                if !named && schema.attribute(&name).is_none() {
                    let slot = self.store.slot(home, &name);
                    self.store.set(&slot, None);
                }
            }
        }
        match members {
            Some(members) if op != Op::Remove => self.extension_members(op, schema, members)?,
            _ => {}
        }
        self.settle(home, writes);
        Ok(())
    }

    /// Charges writes beyond the first of one value against the limit.
    pub(super) fn charge(&mut self, value: &Value, copies: usize) -> Result<(), PatchError> {
        let extra = copies.saturating_sub(1).saturating_mul(size(value));
        self.growth = self.growth.saturating_add(extra);
        let limit = self.options.limits().growth();
        if self.growth > limit {
            return Err(PatchError::value(format!("the change would write more than {limit} bytes")));
        }
        Ok(())
    }

    /// Takes an attribute away; `refusal` makes the error if it is required.
    pub(super) fn unassign(
        &mut self,
        attribute: &Attribute,
        slot: &Slot,
        refusal: fn(String) -> PatchError,
    ) -> Result<(), PatchError> {
        if attribute.is_required() {
            return Err(refusal(format!("`{}` is required", attribute.name())));
        }
        if self.store.get(slot).is_none() {
            return Ok(());
        }
        if attribute.is_immutable() {
            return Err(PatchError::mutability(format!("`{}` is immutable and set", attribute.name())));
        }
        self.store.set(slot, None);
        self.index.forget(slot);
        Ok(())
    }
}

/// Two spellings of one name are an error (RFC 7643 §2.1).
fn check_names(map: &Map<String, Value>) -> Result<(), PatchError> {
    crate::resource::wire::check_spellings::<serde_json::Error>(map).map_err(|error| PatchError::of_names(&error))
}

pub(super) fn short(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Bytes of text in a value, roughly as JSON has them.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(list) => list.iter().map(size).sum::<usize>() + 2,
        Value::Object(map) => map.iter().map(|(name, value)| name.len() + 4 + size(value)).sum::<usize>() + 2,
        _ => 8,
    }
}
