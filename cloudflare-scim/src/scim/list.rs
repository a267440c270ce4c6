use std::collections::HashSet;
use std::fmt;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use scim_core::client::ListRequest;
use scim_core::message::ListResponse;
use scim_core::resource::{ResourceId, ScimResource};
use scim_core::transport::Operation;

use super::Scim;
use crate::{Entries, Error};

/// The largest page that Cloudflare announces (`filter.maxResults` of its ServiceProviderConfig).
const PAGE: u32 = 100;
/// No list has more pages than this: beyond it the server is lying.
const PAGES: u32 = 10_000;

/// A SCIM list before it is read.
///
/// Complete or an error, and it ends on every server. An answer without `totalResults`, which
/// Cloudflare always sends, is no list: a gateway's envelope must not pass for an account without
/// anybody in it.
#[derive(Debug)]
#[must_use = "a list is not read until `all`, `stream` or `page`"]
pub struct ScimList<R> {
    scim: Scim,
    request: ListRequest<R>,
}

/// How far a list has been read.
struct Walk<R> {
    list: ScimList<R>,
    seen: HashSet<ResourceId>,
    pages: u32,
    done: bool,
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

    /// Every resource, page after page; ends after its first error.
    pub fn stream(self) -> Entries<R> {
        let walk = Walk { list: self, seen: HashSet::new(), pages: 0, done: false };
        let pages = stream::try_unfold(walk, |mut walk| async move {
            let page = walk.next().await?;
            Ok::<_, Error>(page.map(|page| (stream::iter(page.into_iter().map(Ok)), walk)))
        });
        Entries::from_stream(pages.try_flatten().boxed())
    }

    /// Every resource.
    ///
    /// # Errors
    /// The first failure on the way, or `Incomplete`.
    pub async fn all(self) -> Result<Vec<R>, Error> {
        self.stream().try_collect().await
    }

    /// One page, from the 1-based `start` on.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn page(&self, start: u64) -> Result<ListResponse<R>, Error> {
        self.scim.read(self.request.page(start).await)
    }
}

impl<R: ScimResource + fmt::Debug> Walk<R> {
    async fn next(&mut self) -> Result<Option<Vec<R>>, Error> {
        if self.done {
            return Ok(None);
        }
        let page = self.list.page(self.seen.len() as u64 + 1).await?;
        self.pages += 1;
        let lied = |why: String| Error::incomplete(&Operation::new("list resources", Self::place()), why);
        let total = page.total_results.ok_or_else(|| lied("the answer is no list: it has no totalResults".into()))?;
        for resource in &page.resources {
            let id = resource.id().ok_or_else(|| lied("a resource has no id".into()))?;
            if !self.seen.insert(id.clone()) {
                return Err(lied(format!("page {} repeats the resource {id}", self.pages)));
            }
        }
        let seen = self.seen.len() as u64;
        self.done = seen >= total;
        if !self.done && page.resources.is_empty() {
            return Err(lied(format!("the server announced {total} resources and delivered {seen}")));
        }
        if !self.done && self.pages >= PAGES {
            return Err(lied(format!("more than {PAGES} pages")));
        }
        Ok(Some(page.resources))
    }

    fn place() -> String {
        format!("scim/v2/{}", R::ENDPOINT)
    }
}
