use std::fmt;
use std::marker::PhantomData;

use http::Method;

use super::error::decode;
use super::list::ListRequest;
use super::request::Request;
use super::{Error, ScimClient};
use crate::filter::Filter;
use crate::patch::PatchOp;
use crate::resource::{ResourceId, ScimResource};
use crate::transport::Operation;

/// The resources of one type: `/Users`, `/Groups` or another endpoint.
pub struct Endpoint<R> {
    client: ScimClient,
    resource: PhantomData<fn() -> R>,
}

impl<R> Clone for Endpoint<R> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), resource: PhantomData }
    }
}

impl<R> fmt::Debug for Endpoint<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("base", self.client.base_url()).finish_non_exhaustive()
    }
}

impl<R: ScimResource> Endpoint<R> {
    pub(super) fn new(client: ScimClient) -> Self {
        Self { client, resource: PhantomData }
    }

    pub(super) fn client(&self) -> &ScimClient {
        &self.client
    }

    fn one(name: &'static str, id: &ResourceId) -> Operation {
        Operation::new(name, format!("{}/{id}", R::ENDPOINT))
    }

    /// Creates a resource (RFC 7644 §3.3). The answer carries the id that the server gave.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_conflict`] when the name is taken. After
    /// [`Error::may_have_been_applied`] look before creating again.
    pub async fn create(&self, resource: &R) -> Result<R, Error> {
        let operation = Operation::new("create a resource", R::ENDPOINT);
        self.client.read(Request::with_body(operation, Method::POST, &[R::ENDPOINT], resource)).await
    }

    /// Reads one resource (RFC 7644 §3.4.1).
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_not_found`] when there is none.
    pub async fn get(&self, id: &ResourceId) -> Result<R, Error> {
        let operation = Self::one("read a resource", id);
        self.client.read(Request::get(operation, &[R::ENDPOINT, id.as_str()], &[])).await
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

    /// Replaces a resource whole (RFC 7644 §3.5.1): what `resource` leaves out may be cleared.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn replace(&self, id: &ResourceId, resource: &R) -> Result<Option<R>, Error> {
        let operation = Self::one("replace a resource", id);
        let request = Request::with_body(operation, Method::PUT, &[R::ENDPOINT, id.as_str()], resource);
        self.written(request).await
    }

    /// Changes a resource (RFC 7644 §3.5.2). `None` when the server answered without the resource.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn patch(&self, id: &ResourceId, patch: &PatchOp) -> Result<Option<R>, Error> {
        let operation = Self::one("patch a resource", id);
        let request = Request::with_body(operation, Method::PATCH, &[R::ENDPOINT, id.as_str()], patch);
        self.written(request).await
    }

    /// Deletes a resource (RFC 7644 §3.6).
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_not_found`] when it was gone already.
    pub async fn delete(&self, id: &ResourceId) -> Result<(), Error> {
        let operation = Self::one("delete a resource", id);
        self.client.call(Request::delete(operation, &[R::ENDPOINT, id.as_str()])).await.map(drop)
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

    /// The answer to a write: the resource, or `None` for 204, an empty body or `{}` (Google).
    async fn written(&self, request: Request<'_>) -> Result<Option<R>, Error> {
        let operation = request.operation.clone();
        let answer = self.client.call(request).await?;
        let blank = answer.body.iter().filter(|byte| !byte.is_ascii_whitespace()).take(3).copied();
        if matches!(blank.collect::<Vec<u8>>().as_slice(), [] | b"{}") {
            return Ok(None);
        }
        decode(operation, answer).map(Some)
    }
}
