use serde_json::Value;

use crate::message::ScimError;
use crate::patch::{PatchOp, PatchOptions};
use crate::provider::normalize;
use crate::provider::refusal::{plain, quote};
use crate::provider::{Behaviour, Engine, Kind};
use crate::resource::ResourceId;

/// Who a request comes from, for `/Me` (RFC 7644 §3.11): put into the request's extensions by
/// whoever authenticated it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(pub ResourceId);

/// Where a resource is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum View {
    /// Alone: GET with an id, or the answer to a write.
    Single,
    /// In a list.
    List,
}

/// What a [`Store`](super::Store) can learn about the request under way.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub(super) engine: &'a Engine,
    pub(super) kind: &'a Kind,
    pub(super) base: &'a str,
}

impl<'a> Context<'a> {
    /// The kind of resource that the request is about.
    pub fn kind(&self) -> &'a Kind {
        self.kind
    }

    /// How the service behaves.
    pub fn behaviour(&self) -> &'a Behaviour {
        self.engine.behaviour()
    }

    /// The base URL as the client sees it, without a slash at its end.
    pub fn base_url(&self) -> &'a str {
        self.base
    }

    /// The other kinds of the service, and this one.
    pub fn kinds(&self) -> &'a [Kind] {
        self.engine.kinds()
    }

    /// 404 for an id.
    pub fn not_found(&self, id: &str) -> ScimError {
        plain(404, format_args!("there is no {} with the id `{}`", self.kind.name(), quote(id)))
    }

    /// What a PATCH makes of a resource: all operations or an error; `None` if it stays as it is.
    ///
    /// # Errors
    /// What [`PatchOp::apply`] refuses, or a resource that lacks a required attribute afterwards.
    pub fn patched(&self, current: Value, patch: &PatchOp) -> Result<Option<Value>, ScimError> {
        let behaviour = self.behaviour();
        let options = PatchOptions::new(behaviour.quirks).with_limits(behaviour.limits);
        let mut after = current;
        let applied =
            patch.apply(&mut after, self.kind.schemas(), &options).map_err(|error| ScimError::from(&error))?;
        match after {
            Value::Object(map) if applied.changed => normalize::finish(self.kind, map).map(Some),
            _ => Ok(None),
        }
    }
}
