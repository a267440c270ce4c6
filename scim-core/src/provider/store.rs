use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use http::StatusCode;
use serde_json::Value;

use crate::filter::Filter;
use crate::message::ScimError;
use crate::patch::PatchOp;
use crate::provider::{Context, KeptText, Kind, View};
use crate::resource::ResourceId;
use crate::resource::secret::Shown;

/// Where a service provider keeps its resources, and its last word on every write.
///
/// The engine reads requests, checks them against the schemas, computes what a PATCH or PUT makes of
/// a resource, and writes answers. A store keeps resources and decides: whatever a service demands
/// beyond the schemas (names that must be unique, users that must not be deleted) it refuses with
/// the [`ScimError`] that the client is to read. [`MemoryStore`](super::MemoryStore) is the store of
/// a provider by the letter of the RFC; a service with a state of its own implements this trait over
/// a borrowed view of it and passes that to [`Engine::handle`](super::Engine::handle).
///
/// Resources are JSON objects in the spelling of their schemas. The engine hands them over without
/// `meta`, without unassigned members and without readOnly attributes; a store gives them back with
/// `id`, with the readOnly attributes that it derives (`groups`, members' `display`) and, if it has
/// them, with `created`, `lastModified` and `version` in `meta`. `meta.resourceType`,
/// `meta.location` and `$ref`s are the engine's business: filters and `sortBy` see them all the same,
/// and the rest of a resource as the store gives it, before [`show`](Self::show).
pub trait Store {
    /// The resource with that id, compared with case; `None` where there is none.
    ///
    /// What `need` does not [want](Need::wants) may be left out: members and groups cost time.
    fn get(&self, kind: &Kind, id: &str, need: &Need) -> Option<Value>;

    /// Shows the resources of a kind to `visit`, from the first one after the position `after`, in
    /// the order of their positions, until `visit` breaks. Positions begin above 0, are unique within
    /// the kind, and a resource keeps its own: list pages rest on that.
    fn scan(&self, kind: &Kind, after: u64, need: &Need, visit: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>);

    /// Keeps a new resource under an id of the store's choice.
    ///
    /// # Errors
    /// The refusal that the client is to read, for example 409 `uniqueness`.
    fn insert(&mut self, context: &Context<'_>, resource: Value) -> Result<Written, ScimError>;

    /// Puts `resource`, the whole of it, in the place of the one with that id, which exists.
    ///
    /// # Errors
    /// The refusal that the client is to read; nothing may have changed then.
    fn replace(&mut self, context: &Context<'_>, id: &str, resource: Value) -> Result<Written, ScimError>;

    /// Removes the resource with that id, which exists.
    ///
    /// # Errors
    /// The refusal that the client is to read; nothing may have changed then.
    fn remove(&mut self, context: &Context<'_>, id: &str) -> Result<(), ScimError>;

    /// [`get`](Self::get) for reading only: a store that holds its resources as they are shown lends
    /// them and saves the copy.
    fn look(&self, kind: &Kind, id: &str, need: &Need) -> Option<Lent<'_>> {
        self.get(kind, id, need).map(|resource| Lent::new(Cow::Owned(resource)))
    }

    /// The text of the resource with that id, where the store keeps one without keeping the resource as it is
    /// shown: once it is written, a list takes it and does not [`look`](Self::look). By default there is none.
    fn kept(&self, kind: &Kind, id: &str) -> Option<&KeptText> {
        let _ = (kind, id);
        None
    }

    /// The position after which [`scan`](Self::scan) shows what comes when `skip` resources are passed over;
    /// `None`, the default, where only scanning tells. With it a page costs the same wherever it begins.
    fn seek(&self, kind: &Kind, skip: usize) -> Option<u64> {
        let _ = (kind, skip);
        None
    }

    /// How many resources of a kind there are.
    fn count(&self, kind: &Kind) -> usize {
        let mut count = 0;
        self.scan(kind, 0, &Need::nothing(), &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        });
        count
    }

    /// Ids of the resources whose core attribute `attribute` may equal `value`, in the order of
    /// their positions; `None` without an index on it. More than the true ones is allowed, fewer is
    /// not: the engine applies the filter to them afterwards.
    fn find(&self, kind: &Kind, attribute: &str, value: &str) -> Option<Vec<ResourceId>> {
        let _ = (kind, attribute, value);
        None
    }

    /// Changes the resource with that id, which exists, by a PATCH.
    ///
    /// The default reads the resource, lets [`Context::patched`] apply all operations or none, and
    /// [replaces](Self::replace) it if anything changed.
    ///
    /// # Errors
    /// The refusal that the client is to read; nothing may have changed then.
    fn patch(&mut self, context: &Context<'_>, id: &str, patch: &PatchOp) -> Result<Written, ScimError> {
        let current = self.get(context.kind(), id, &Need::everything()).ok_or_else(|| context.not_found(id))?;
        match context.patched(current, patch)? {
            Some(after) => self.replace(context, id, after),
            None => Written::unchanged(id),
        }
    }

    /// Whether a filter on that kind is taken. By default what the [`Kind`] says.
    ///
    /// # Errors
    /// The refusal that the client is to read, usually 400 `invalidFilter`.
    fn admit(&self, context: &Context<'_>, filter: &Filter) -> Result<(), ScimError> {
        let _ = (context, filter);
        Ok(())
    }

    /// The last change to a resource before the engine adds `meta.resourceType`, `meta.location` and
    /// `$ref`s and leaves away what the answer is not to have: for services whose resources do not
    /// look like the RFC's.
    fn show(&self, context: &Context<'_>, view: View, resource: &mut Value) {
        let _ = (context, view, resource);
    }

    /// Whether [`show`](Self::show) does nothing, so that what [`look`](Self::look) lends need not be
    /// copied for it.
    fn shows_as_kept(&self) -> bool {
        false
    }
}

/// A resource as [`Store::look`] lends it.
#[non_exhaustive]
pub struct Lent<'a> {
    /// The resource, without what was not needed.
    pub resource: Cow<'a, Value>,
    /// Room for its text; used where answers show the resource as it is kept.
    pub text: Option<&'a KeptText>,
}

impl fmt::Debug for Lent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("resource", &Shown(&self.resource)).field("text", &self.text).finish()
    }
}

impl<'a> Lent<'a> {
    /// A resource without room for its text.
    pub fn new(resource: Cow<'a, Value>) -> Self {
        Self { resource, text: None }
    }

    /// The same with room for its text.
    pub fn with_text(mut self, text: &'a KeptText) -> Self {
        self.text = Some(text);
        self
    }
}

/// One resource as [`Store::scan`] shows it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// Its place in the order of the kind.
    pub position: u64,
    /// Its id.
    pub id: &'a str,
    /// The resource, without what was not needed.
    pub resource: &'a Value,
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Entry");
        out.field("position", &self.position).field("id", &self.id).field("resource", &Shown(self.resource)).finish()
    }
}

/// Which attributes of a resource the engine is going to look at. Attributes that are plainly there
/// need not be left out; those that must be looked up elsewhere (members, groups) should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need(Wanted);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Only(Vec<String>),
    AllBut(Vec<String>),
}

impl Need {
    /// The whole resource.
    pub fn everything() -> Self {
        Self(Wanted::AllBut(Vec::new()))
    }

    /// Nothing but what is at hand.
    pub fn nothing() -> Self {
        Self(Wanted::Only(Vec::new()))
    }

    /// These core attributes.
    pub fn only<'a>(attributes: impl IntoIterator<Item = &'a str>) -> Self {
        Self(Wanted::Only(attributes.into_iter().map(str::to_owned).collect()))
    }

    /// The whole resource without these core attributes.
    pub fn all_but<'a>(attributes: impl IntoIterator<Item = &'a str>) -> Self {
        Self(Wanted::AllBut(attributes.into_iter().map(str::to_owned).collect()))
    }

    /// Whether that core attribute is wanted; names compare without case.
    pub fn wants(&self, attribute: &str) -> bool {
        let among = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(attribute));
        match &self.0 {
            Wanted::Only(names) => among(names),
            Wanted::AllBut(names) => !among(names),
        }
    }
}

/// What a write came to.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Written {
    /// The resource that was written.
    pub id: ResourceId,
    /// What the client is shown; `None`: the resource as the store now gives it. For writes after
    /// which the resource is gone.
    pub shown: Option<Value>,
    /// The status instead of the RFC's (201 for POST, 200 for PUT and PATCH).
    pub status: Option<StatusCode>,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.shown.as_ref().map(Shown);
        f.debug_struct("Written").field("id", &self.id).field("shown", &shown).field("status", &self.status).finish()
    }
}

impl Written {
    /// The resource with that id was written, or was so already.
    pub fn to(id: ResourceId) -> Self {
        Self { id, shown: None, status: None }
    }

    /// [`to`](Self::to), from text.
    ///
    /// # Errors
    /// 500 for an empty id.
    pub fn unchanged(id: &str) -> Result<Self, ScimError> {
        let id = id.parse().map_err(|_| super::refusal::internal("a resource without an id"))?;
        Ok(Self::to(id))
    }

    /// Shows `resource` to the client, whatever the store holds.
    pub fn showing(mut self, resource: Value) -> Self {
        self.shown = Some(resource);
        self
    }

    /// Answers with that status.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }
}
