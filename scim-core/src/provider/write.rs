//! Create, replace, patch and delete (RFC 7644 §3.3, §3.5 and §3.6), and how a resource is shown.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::message::{PATCH_OP, ScimError};
use crate::patch::{PatchOp, PatchOptions};
use crate::provider::engine::Incoming;
use crate::provider::project::{Plan, Projection};
use crate::provider::query::{Parameters, message};
use crate::provider::refusal::internal;
use crate::provider::reply::Reply;
use crate::provider::route::segment;
use crate::provider::store::Written;
use crate::provider::{Context, Engine, Kind, Need, PatchAnswer, Store, View, normalize};
use crate::resource::get_folded;

impl Engine {
    pub(super) fn create(
        &self,
        store: &mut dyn Store,
        kind: usize,
        mut incoming: Incoming,
    ) -> Result<Reply, ScimError> {
        let body = Self::body(&mut incoming)?;
        let context = self.context(kind, &incoming.base)?;
        let projection = Parameters::of_url(incoming.query.as_deref())?.projection()?;
        let resource = normalize::create(context.kind, self.behaviour(), body)?;
        let written = store.insert(&context, resource)?;
        let reply = self.written(store, context, &projection, StatusCode::CREATED, written)?;
        Ok(Reply { created: true, ..reply })
    }

    pub(super) fn replace(
        &self,
        store: &mut dyn Store,
        kind: usize,
        id: &str,
        mut incoming: Incoming,
    ) -> Result<Reply, ScimError> {
        let body = Self::body(&mut incoming)?;
        let context = self.context(kind, &incoming.base)?;
        let projection = Parameters::of_url(incoming.query.as_deref())?.projection()?;
        let current = store.get(context.kind, id, &Need::everything()).ok_or_else(|| context.not_found(id))?;
        self.check_version(&incoming, &current)?;
        let resource = normalize::replace(context.kind, self.behaviour(), &current, body)?;
        let written = store.replace(&context, id, resource)?;
        self.written(store, context, &projection, StatusCode::OK, written)
    }

    pub(super) fn patch(
        &self,
        store: &mut dyn Store,
        kind: usize,
        id: &str,
        mut incoming: Incoming,
    ) -> Result<Reply, ScimError> {
        let body = Self::body(&mut incoming)?;
        let context = self.context(kind, &incoming.base)?;
        let patch = self.read_patch(context.kind, body)?;
        let projection = Parameters::of_url(incoming.query.as_deref())?.projection()?;
        let current = store.get(context.kind, id, &Need::nothing()).ok_or_else(|| context.not_found(id))?;
        self.check_version(&incoming, &current)?;
        let written = store.patch(&context, id, &patch)?;
        let silent = self.behaviour().patch_answer == PatchAnswer::NoContent && projection == Projection::Default;
        if silent && written.status.is_none() {
            let after = store.get(context.kind, written.id.as_str(), &Need::nothing());
            let version = after.as_ref().and_then(|after| self.version(after));
            let location = self.location(context, written.id.as_str());
            return Ok(Reply { location, version, ..Reply::empty(StatusCode::NO_CONTENT) });
        }
        self.written(store, context, &projection, StatusCode::OK, written)
    }

    fn read_patch(&self, kind: &Kind, mut body: Value) -> Result<PatchOp, ScimError> {
        let behaviour = self.behaviour();
        message(&body, PATCH_OP, behaviour)?;
        if let Value::Object(map) = &mut body
            && get_folded(map, "schemas").is_none_or(Value::is_null)
        {
            // Switched off above; the reader of the language asks for it all the same.
            map.insert("schemas".to_owned(), Value::from(vec![PATCH_OP]));
        }
        drop_nested_schemas(kind, &mut body);
        let options = PatchOptions::new(behaviour.quirks).with_limits(behaviour.limits);
        PatchOp::read(&body, &options).map_err(|error| ScimError::from(&error))
    }

    pub(super) fn delete(
        &self,
        store: &mut dyn Store,
        kind: usize,
        id: &str,
        incoming: &Incoming,
    ) -> Result<Reply, ScimError> {
        let context = self.context(kind, &incoming.base)?;
        let current = store.get(context.kind, id, &Need::nothing()).ok_or_else(|| context.not_found(id))?;
        self.check_version(incoming, &current)?;
        store.remove(&context, id)?;
        // Bulk wants the location of what was there; HTTP clients have no use for it.
        Ok(Reply { location: self.location(context, id), ..Reply::empty(StatusCode::NO_CONTENT) })
    }

    fn written(
        &self,
        store: &dyn Store,
        context: Context<'_>,
        projection: &Projection,
        status: StatusCode,
        written: Written,
    ) -> Result<Reply, ScimError> {
        let plan = projection.plan(context.kind);
        let resource = match written.shown {
            Some(resource) => resource,
            None => store
                .get(context.kind, written.id.as_str(), &plan.need())
                .ok_or_else(|| internal("the resource was written and cannot be found"))?,
        };
        Ok(self.show(store, context, &plan, written.status.unwrap_or(status), resource))
    }

    /// A resource as the only thing in an answer.
    pub(super) fn show(
        &self,
        store: &dyn Store,
        context: Context<'_>,
        plan: &Plan<'_>,
        status: StatusCode,
        mut resource: Value,
    ) -> Reply {
        let version = self.version(&resource);
        let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
        let location = self.location(context, id);
        self.dress(store, context, View::Single, &mut resource);
        plan.apply(&mut resource);
        Reply { location, version, ..Reply::json(status, &resource) }
    }

    /// URI of a resource, if the service shows it.
    pub(super) fn location(&self, context: Context<'_>, id: &str) -> Option<String> {
        let shown = self.behaviour().meta.location && !id.is_empty();
        shown.then(|| locate(context.base, context.kind, id))
    }

    /// Adds to a resource what the protocol knows about it: `meta` and `$ref`s.
    pub(super) fn dress(&self, store: &dyn Store, context: Context<'_>, view: View, resource: &mut Value) {
        if let Value::Object(map) = resource {
            let id = map.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            let mut meta = match map.remove("meta") {
                Some(Value::Object(meta)) => meta,
                _ => Map::new(),
            };
            let shown = self.behaviour().meta;
            meta.retain(|name, _| match name.as_str() {
                "created" | "lastModified" => shown.dates,
                "version" => shown.version && self.behaviour().etag,
                _ => true,
            });
            meta.insert("resourceType".to_owned(), context.kind.name().into());
            if let Some(location) = self.location(context, &id) {
                meta.insert("location".to_owned(), location.into());
            }
            map.insert("meta".to_owned(), Value::Object(meta));
            for reference in context.kind.references() {
                let holder = match &reference.extension {
                    Some(urn) => map.get_mut(urn).and_then(Value::as_object_mut),
                    None => Some(&mut *map),
                };
                match holder.and_then(|holder| holder.get_mut(&reference.attribute)) {
                    Some(Value::Array(list)) => {
                        for element in list {
                            self.refer(context, &reference.types, element);
                        }
                    }
                    Some(element) => self.refer(context, &reference.types, element),
                    None => {}
                }
            }
        }
        store.show(&context, view, resource);
    }

    /// Gives one value its `$ref`, if it can be told what it refers to.
    fn refer(&self, context: Context<'_>, types: &[String], element: &mut Value) {
        let Value::Object(map) = element else { return };
        if map.contains_key("$ref") || !self.behaviour().meta.location {
            return;
        }
        let named = |name: &str| self.kinds().iter().find(|kind| kind.name().eq_ignore_ascii_case(name));
        let by_type = map.get("type").and_then(Value::as_str).and_then(named);
        let only = match types {
            [only] => named(only),
            _ => None,
        };
        let Some(kind) = by_type.or(only) else { return };
        let Some(Value::String(id)) = map.get("value") else { return };
        let uri = locate(context.base, kind, id);
        map.insert("$ref".to_owned(), uri.into());
    }
}

/// Several clients write an extension in a PATCH as they write a resource, with `schemas` inside. That
/// says nothing new, and no schema has such an attribute.
fn drop_nested_schemas(kind: &Kind, body: &mut Value) {
    let operations = body.as_object_mut().and_then(|map| map.get_mut("Operations")).and_then(Value::as_array_mut);
    for operation in operations.into_iter().flatten().filter_map(Value::as_object_mut) {
        let whole =
            operation.get("path").and_then(Value::as_str).is_some_and(|path| kind.schemas().extension(path).is_some());
        let Some(Value::Object(value)) = operation.get_mut("value") else { continue };
        if whole {
            value.remove("schemas");
        }
        for (name, value) in value {
            if let (Some(_), Value::Object(extension)) = (kind.schemas().extension(name), value) {
                extension.remove("schemas");
            }
        }
    }
}

/// URI of a resource of a kind.
fn locate(base: &str, kind: &Kind, id: &str) -> String {
    format!("{base}/{}/{}", kind.endpoint(), segment(id))
}
