//! Create, replace, patch and delete (RFC 7644 §3.3, §3.5 and §3.6), and how a resource is shown.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::Value;

use crate::message::{PATCH_OP, ScimError};
use crate::patch::{PatchOp, PatchOptions};
use crate::provider::engine::Incoming;
use crate::provider::project::{Plan, Projection};
use crate::provider::query::{Parameters, message};
use crate::provider::refusal::internal;
use crate::provider::reply::Reply;
use crate::provider::shown::Shown;
use crate::provider::store::{Lent, Written};
use crate::provider::{Context, Engine, Kind, Need, PatchAnswer, Store, View, normalize};
use crate::resource::get_folded;

impl Engine {
    pub(super) fn create(
        &self,
        store: &mut dyn Store,
        kind: usize,
        mut incoming: Incoming<'_>,
    ) -> Result<Reply, ScimError> {
        let body = Self::body(&mut incoming)?;
        let context = self.context(kind, &incoming.base)?;
        let projection = Parameters::of_url(incoming.query)?.projection()?;
        let resource = normalize::create(context.kind, self.behaviour(), body)?;
        let written = store.insert(&context, resource)?;
        let reply = Self::written(store, context, &projection, StatusCode::CREATED, written)?;
        Ok(Reply { created: true, ..reply })
    }

    pub(super) fn replace(
        &self,
        store: &mut dyn Store,
        kind: usize,
        id: &str,
        mut incoming: Incoming<'_>,
    ) -> Result<Reply, ScimError> {
        let body = Self::body(&mut incoming)?;
        let context = self.context(kind, &incoming.base)?;
        let projection = Parameters::of_url(incoming.query)?.projection()?;
        let current = store.look(context.kind, id, &Need::everything()).ok_or_else(|| context.not_found(id))?;
        let current = current.resource;
        self.check_version(&incoming, &current)?;
        let resource = normalize::replace(context.kind, self.behaviour(), &current, body)?;
        let written = store.replace(&context, id, resource)?;
        Self::written(store, context, &projection, StatusCode::OK, written)
    }

    pub(super) fn patch(
        &self,
        store: &mut dyn Store,
        kind: usize,
        id: &str,
        mut incoming: Incoming<'_>,
    ) -> Result<Reply, ScimError> {
        let body = Self::body(&mut incoming)?;
        let context = self.context(kind, &incoming.base)?;
        let patch = self.read_patch(context.kind, body)?;
        let projection = Parameters::of_url(incoming.query)?.projection()?;
        let current = store.look(context.kind, id, &Need::nothing()).ok_or_else(|| context.not_found(id))?;
        self.check_version(&incoming, &current.resource)?;
        let written = store.patch(&context, id, &patch)?;
        let silent = self.behaviour().patch_answer == PatchAnswer::NoContent && projection == Projection::Default;
        if silent && written.status.is_none() {
            let after = store.look(context.kind, written.id.as_str(), &Need::nothing());
            let version = after.and_then(|after| self.version(&after.resource));
            let location = context.location(written.id.as_str());
            return Ok(Reply { location, version, ..Reply::empty(StatusCode::NO_CONTENT) });
        }
        Self::written(store, context, &projection, StatusCode::OK, written)
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
        incoming: &Incoming<'_>,
    ) -> Result<Reply, ScimError> {
        let context = self.context(kind, &incoming.base)?;
        let current = store.look(context.kind, id, &Need::nothing()).ok_or_else(|| context.not_found(id))?;
        self.check_version(incoming, &current.resource)?;
        store.remove(&context, id)?;
        // Bulk wants the location of what was there; HTTP clients have no use for it.
        Ok(Reply { location: context.location(id), ..Reply::empty(StatusCode::NO_CONTENT) })
    }

    fn written(
        store: &dyn Store,
        context: Context<'_>,
        projection: &Projection,
        status: StatusCode,
        written: Written,
    ) -> Result<Reply, ScimError> {
        let plan = projection.plan(context.kind);
        let lent = match written.shown {
            Some(resource) => Lent::new(Cow::Owned(resource)),
            None => store
                .look(context.kind, written.id.as_str(), &plan.need())
                .ok_or_else(|| internal("the resource was written and cannot be found"))?,
        };
        Ok(Self::show(store, context, &plan, written.status.unwrap_or(status), lent))
    }

    /// A resource as the only thing in an answer.
    pub(super) fn show(
        store: &dyn Store,
        context: Context<'_>,
        plan: &Plan<'_>,
        status: StatusCode,
        lent: Lent<'_>,
    ) -> Reply {
        let shown = Shown::of(store, context, plan, View::Single, lent);
        let mut body = Vec::with_capacity(1024);
        shown.write(&mut body);
        Reply { location: shown.location(), version: shown.version(), body: Some(body), ..Reply::empty(status) }
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
