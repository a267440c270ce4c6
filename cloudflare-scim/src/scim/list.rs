use std::fmt;

use futures_util::StreamExt;
use scim_core::client::ListRequest;
use scim_core::message::ListResponse;
use scim_core::resource::ScimResource;

use super::Scim;
use crate::{Entries, Error};

/// The largest page that Cloudflare announces (`filter.maxResults` of its ServiceProviderConfig).
const PAGE: u32 = 100;

/// A SCIM list before it is read. Complete or an error, and ends on every server: see
/// [`ListRequest`].
#[derive(Debug)]
#[must_use = "a list is not read until `all`, `stream` or `page`"]
pub struct ScimList<R> {
    scim: Scim,
    request: ListRequest<R>,
}

impl<R: ScimResource + fmt::Debug> ScimList<R> {
    pub(super) fn new(scim: &Scim, request: ListRequest<R>) -> Self {
        Self { scim: scim.clone(), request: request.count(PAGE) }
    }

    /// Resources a page. Default 100, which is the most there is.
    pub fn count(mut self, resources: u32) -> Self {
        self.request = self.request.count(resources);
        self
    }

    /// Every resource, page after page.
    pub fn stream(self) -> Entries<R> {
        let scim = self.scim;
        Entries::from_stream(self.request.stream().map(move |item| scim.read(item)).boxed())
    }

    /// Every resource.
    ///
    /// # Errors
    /// The first failure on the way, or `Incomplete`.
    pub async fn all(self) -> Result<Vec<R>, Error> {
        self.scim.read(self.request.all().await)
    }

    /// One page, from the 1-based `start` on.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn page(&self, start: u64) -> Result<ListResponse<R>, Error> {
        self.scim.read(self.request.page(start).await)
    }
}
