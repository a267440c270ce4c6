use std::fmt;
use std::marker::PhantomData;

use http::{Method, StatusCode, header};

use super::request::Request;
use super::{Error, ScimClient};
use crate::patch::PatchOp;
use crate::resource::{ResourceId, ScimResource};
use crate::transport::Operation;

const ME: &str = "Me";

/// The resource of whoever the token belongs to (`/Me`, RFC 7644 §3.11): made by [`ScimClient::me`].
///
/// A server may serve it, or redirect to the resource itself; of such a redirect the id is taken, and
/// the resource asked for at the client's own base URL. Without the feature the server answers 501
/// ([`ErrorKind::Unsupported`](super::ErrorKind::Unsupported)).
pub struct Me<R> {
    client: ScimClient,
    resource: PhantomData<fn() -> R>,
}

impl<R> fmt::Debug for Me<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Me").field("base", self.client.base_url()).finish_non_exhaustive()
    }
}

impl<R: ScimResource> Me<R> {
    pub(super) fn new(client: ScimClient) -> Self {
        Self { client, resource: PhantomData }
    }

    fn request(name: &'static str, method: Method) -> Request<'static> {
        Request::new(Operation::new(name, ME), method, &[ME])
    }

    /// Where a redirect leads, if that is a resource of this type at this provider.
    fn redirected(&self, error: &Error) -> Option<ResourceId> {
        let moved = [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT];
        let answer = error.answer().filter(|answer| moved.contains(&answer.status))?;
        self.client.id_in(answer.headers.get(header::LOCATION)?.to_str().ok()?, R::ENDPOINT)
    }

    /// Reads it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get(&self) -> Result<R, Error> {
        match self.client.call(Self::request("read the own resource", Method::GET)).await {
            Ok(reply) => reply.resource(None),
            Err(error) => match self.redirected(&error) {
                Some(id) => self.client.endpoint().get(&id).await,
                None => Err(error),
            },
        }
    }

    /// Creates it: somebody signs up. One POST, without a look-up after a lost answer: read `/Me` then.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&self, resource: &R) -> Result<R, Error> {
        self.client.call(Self::request("create the own resource", Method::POST).body(resource)).await?.resource(None)
    }

    /// Replaces it whole. `None` when the server answered without the resource.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn replace(&self, resource: &R) -> Result<Option<R>, Error> {
        match self.client.call(Self::request("replace the own resource", Method::PUT).body(resource)).await {
            Ok(reply) if reply.is_blank() => Ok(None),
            Ok(reply) => reply.resource(None).map(Some),
            Err(error) => match self.redirected(&error) {
                Some(id) => self.client.endpoint().replace(&id, resource).await,
                None => Err(error),
            },
        }
    }

    /// Changes it. `None` when the server answered without the resource.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn patch(&self, patch: &PatchOp) -> Result<Option<R>, Error> {
        match self.client.call(Self::request("patch the own resource", Method::PATCH).body(patch)).await {
            Ok(reply) if reply.is_blank() => Ok(None),
            Ok(reply) => reply.resource(None).map(Some),
            Err(error) => match self.redirected(&error) {
                Some(id) => self.client.endpoint::<R>().patch(&id, patch).await,
                None => Err(error),
            },
        }
    }

    /// Deletes it: somebody signs off.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn delete(&self) -> Result<(), Error> {
        match self.client.call(Self::request("delete the own resource", Method::DELETE)).await {
            Ok(reply) => reply.done(),
            Err(error) => match self.redirected(&error) {
                Some(id) => self.client.endpoint::<R>().delete(&id).await,
                None => Err(error),
            },
        }
    }
}
