use std::fmt;
use std::marker::PhantomData;

use http::{Method, StatusCode};

use super::error::Reply;
use super::list::ListRequest;
use super::request::Request;
use super::{Error, ScimClient, Version, Versioned, settle};
use crate::filter::Filter;
use crate::patch::PatchOp;
use crate::resource::{ResourceId, ScimResource};
use crate::transport::Operation;

/// The resources of one type: `/Users`, `/Groups` or another endpoint.
///
/// # When an answer is lost
///
/// A write whose answer does not arrive, or cannot be read, may have taken effect. What is safe to
/// send again is sent again: PUT, DELETE, and those PATCHes that say what shall be rather than what
/// to append. A POST is not: [`create`](Self::create) looks instead. Whatever stays open in spite of
/// it is an error with [`Error::may_have_been_applied`].
pub struct Endpoint<R> {
    client: ScimClient,
    pub(super) attributes: Vec<String>,
    pub(super) excluded: Vec<String>,
    if_match: Option<Version>,
    resource: PhantomData<fn() -> R>,
}

impl<R> Clone for Endpoint<R> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            attributes: self.attributes.clone(),
            excluded: self.excluded.clone(),
            if_match: self.if_match.clone(),
            resource: PhantomData,
        }
    }
}

impl<R> fmt::Debug for Endpoint<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("base", self.client.base_url()).finish_non_exhaustive()
    }
}

impl<R: ScimResource> Endpoint<R> {
    pub(super) fn new(client: ScimClient) -> Self {
        Self { client, attributes: Vec::new(), excluded: Vec::new(), if_match: None, resource: PhantomData }
    }

    pub(super) fn client(&self) -> &ScimClient {
        &self.client
    }

    pub(super) fn one(name: &'static str, id: &ResourceId) -> Operation {
        Operation::new(name, format!("{}/{id}", R::ENDPOINT))
    }

    /// Answers hold only these attributes, besides those that are always returned (RFC 7644 §3.9).
    #[must_use]
    pub fn attributes<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.attributes = names.into_iter().map(Into::into).collect();
        self
    }

    /// Answers hold all default attributes but these (RFC 7644 §3.9): `members` of large groups.
    #[must_use]
    pub fn excluded_attributes<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.excluded = names.into_iter().map(Into::into).collect();
        self
    }

    /// Writes only if the resource still has this version (`If-Match`, RFC 7644 §3.14); else they
    /// fail with [`ErrorKind::PreconditionFailed`](super::ErrorKind::PreconditionFailed). Servers
    /// without versions ignore it.
    #[must_use]
    pub fn if_match(mut self, version: impl Into<Version>) -> Self {
        self.if_match = Some(version.into());
        self
    }

    pub(super) fn condition(&self) -> Option<&Version> {
        self.if_match.as_ref()
    }

    pub(super) fn is_partial(&self) -> bool {
        !self.attributes.is_empty() || !self.excluded.is_empty()
    }

    pub(super) fn projection<'a>(&self) -> Vec<(&'a str, String)> {
        let mut query = Vec::new();
        if !self.attributes.is_empty() {
            query.push(("attributes", self.attributes.join(",")));
        }
        if !self.excluded.is_empty() {
            query.push(("excludedAttributes", self.excluded.join(",")));
        }
        query
    }

    fn request<'a>(&self, name: &'static str, method: Method, id: &'a ResourceId) -> Request<'a> {
        Request::new(Self::one(name, id), method, &[R::ENDPOINT, id.as_str()]).if_match(self.condition())
    }

    /// Creates a resource (RFC 7644 §3.3). The answer carries the id that the server gave.
    ///
    /// If the answer is lost or unreadable, the resource is looked up by `externalId`, then by
    /// `userName` or `displayName`: one that holds everything that was sent is the answer; one that
    /// differs is an error that names it ([`Error::found`]); if there is none, the request is sent
    /// once more, unless the first may still be running.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_conflict`] when the name is taken.
    pub async fn create(&self, resource: &R) -> Result<R, Error> {
        settle::create(self, resource).await
    }

    /// Sends one POST and believes the answer, whatever it is about: after
    /// [`Error::may_have_been_applied`] look before creating again.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_conflict`] when the name is taken.
    pub async fn create_once(&self, resource: &R) -> Result<R, Error> {
        self.post(resource).await?.resource(None)
    }

    pub(super) async fn post(&self, resource: &R) -> Result<Reply, Error> {
        let operation = Operation::new("create a resource", R::ENDPOINT);
        let request = Request::new(operation, Method::POST, &[R::ENDPOINT]).query(self.projection()).body(resource);
        self.client.call(request).await
    }

    /// Reads one resource (RFC 7644 §3.4.1).
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_not_found`] when there is none.
    pub async fn get(&self, id: &ResourceId) -> Result<R, Error> {
        self.get_versioned(id).await.map(|versioned| versioned.resource)
    }

    /// Reads one resource, or `None` where the server says that there is none.
    ///
    /// # Errors
    /// See [`Error`]. A 404 that is not SCIM's (a page of HTML) is an error: it says nothing of the
    /// resource.
    pub async fn get_opt(&self, id: &ResourceId) -> Result<Option<R>, Error> {
        match self.get(id).await {
            Ok(resource) => Ok(Some(resource)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads one resource and the version to write it back under.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_versioned(&self, id: &ResourceId) -> Result<Versioned<R>, Error> {
        let request = Request::get(Self::one("read a resource", id), &[R::ENDPOINT, id.as_str()]);
        let reply = self.client.call(request.query(self.projection())).await?;
        versioned(&reply, id)
    }

    /// Reads one resource if it has another version by now (`If-None-Match`), else `None`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_if_changed(&self, id: &ResourceId, known: &Version) -> Result<Option<Versioned<R>>, Error> {
        let request = Request::get(Self::one("read a resource", id), &[R::ENDPOINT, id.as_str()]).if_none_match(known);
        match self.client.call(request.query(self.projection())).await {
            Ok(reply) => versioned(&reply, id).map(Some),
            Err(error) if error.status() == Some(StatusCode::NOT_MODIFIED) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces a resource whole (RFC 7644 §3.5.1): what `resource` leaves out may be cleared. `None`
    /// when the server answered without the resource.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn replace(&self, id: &ResourceId, resource: &R) -> Result<Option<R>, Error> {
        settle::repeat_unread(self.put(id, resource), self.put(id, resource)).await
    }

    async fn put(&self, id: &ResourceId, resource: &R) -> Result<Option<R>, Error> {
        let request = self.request("replace a resource", Method::PUT, id);
        self.client.call(request.query(self.projection()).body(resource)).await?.written(id)
    }

    /// Changes a resource (RFC 7644 §3.5.2). `None` when the server answered without the resource.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn patch(&self, id: &ResourceId, patch: &PatchOp) -> Result<Option<R>, Error> {
        self.patch_under(id, patch, self.condition()).await.map(|(resource, _)| resource)
    }

    /// Sends a PATCH under a version, and tells the version after it.
    pub(super) async fn patch_under(
        &self,
        id: &ResourceId,
        patch: &PatchOp,
        version: Option<&Version>,
    ) -> Result<(Option<R>, Option<Version>), Error> {
        if settle::says_what_shall_be::<R>(patch) {
            let send = || self.send_patch(id, patch, version, Some(true));
            settle::repeat_unread(send(), send()).await
        } else {
            self.send_patch(id, patch, version, None).await
        }
    }

    async fn send_patch(
        &self,
        id: &ResourceId,
        patch: &PatchOp,
        version: Option<&Version>,
        idempotent: Option<bool>,
    ) -> Result<(Option<R>, Option<Version>), Error> {
        let mut request = self.request("patch a resource", Method::PATCH, id).if_match(version);
        request.operation.idempotent = idempotent;
        let reply = self.client.call(request.query(self.projection()).body(patch)).await?;
        let resource: Option<R> = reply.written(id)?;
        let version = reply.etag().or_else(|| resource.as_ref()?.version().map(Version::from));
        Ok((resource, version))
    }

    /// Deletes a resource (RFC 7644 §3.6).
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_not_found`] when it was gone before this call.
    pub async fn delete(&self, id: &ResourceId) -> Result<(), Error> {
        settle::repeat_unread(self.send_delete(id, false), self.send_delete(id, true)).await
    }

    async fn send_delete(&self, id: &ResourceId, again: bool) -> Result<(), Error> {
        match self.client.call(self.request("delete a resource", Method::DELETE, id)).await {
            Ok(reply) => reply.done(),
            // An earlier attempt of this very call did it, and its answer was lost.
            Err(error) if error.is_not_found() && (again || error.attempts() > 1) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes sure that a resource is gone. `false`: it was gone before.
    ///
    /// # Errors
    /// See [`Error`]. A 404 that is not SCIM's (a page of HTML) is an error.
    pub async fn ensure_deleted(&self, id: &ResourceId) -> Result<bool, Error> {
        match self.delete(id).await {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads many resources (RFC 7644 §3.4.2): all of them, or those that match a filter.
    pub fn list(&self) -> ListRequest<R> {
        ListRequest::new(self.clone())
    }

    /// The resources that match a filter, all of them.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find(&self, filter: Filter) -> Result<Vec<R>, Error> {
        self.list().filter(filter).all().await
    }
}

fn versioned<R: ScimResource>(reply: &Reply, id: &ResourceId) -> Result<Versioned<R>, Error> {
    let resource: R = reply.resource(Some(id))?;
    let version = reply.etag().or_else(|| resource.version().map(Version::from));
    Ok(Versioned { resource, version })
}
