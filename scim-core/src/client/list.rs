use std::collections::HashSet;
use std::fmt;

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::request::Request;
use super::{Endpoint, Error};
use crate::Text;
use crate::filter::Filter;
use crate::message::ListResponse;
use crate::resource::{ResourceId, ScimResource};
use crate::transport::Operation;

/// No list has more pages than this: a server that goes on has a broken paging.
const MAX_PAGES: u32 = 100_000;

/// A list to be read: pages or a stream of resources (RFC 7644 §3.4.2.4, RFC 9865).
///
/// A list is complete or an error: a stream that ends without an error has delivered every resource
/// that the server counted, each once.
#[must_use]
pub struct ListRequest<R> {
    endpoint: Endpoint<R>,
    filter: Option<Filter>,
    count: Option<u32>,
    attributes: Vec<String>,
    excluded: Vec<String>,
}

impl<R> fmt::Debug for ListRequest<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The filter may hold personal data.
        f.debug_struct("ListRequest").field("count", &self.count).finish_non_exhaustive()
    }
}

impl<R: ScimResource> ListRequest<R> {
    pub(super) fn new(endpoint: Endpoint<R>) -> Self {
        Self { endpoint, filter: None, count: None, attributes: Vec::new(), excluded: Vec::new() }
    }

    /// Only what matches (RFC 7644 §3.4.2.2).
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// How many resources a page may have; the server may send fewer. Default: the server's choice.
    pub fn count(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// Only these attributes, besides those that are always returned (RFC 7644 §3.9).
    pub fn attributes<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.attributes = names.into_iter().map(Into::into).collect();
        self
    }

    /// All default attributes but these (RFC 7644 §3.9).
    pub fn excluded_attributes<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.excluded = names.into_iter().map(Into::into).collect();
        self
    }

    /// One page, from the 1-based `start_index` on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn page(&self, start_index: u64) -> Result<ListResponse<R>, Error> {
        self.fetch(&Position::Index(start_index)).await
    }

    /// Every resource, page after page.
    pub fn stream(self) -> BoxStream<'static, Result<R, Error>> {
        self.pages().map_ok(|page| stream::iter(page.into_iter().map(Ok))).try_flatten().boxed()
    }

    /// Every resource, in one vector.
    ///
    /// # Errors
    /// See [`Error`]; [`ErrorKind::InconsistentList`](super::ErrorKind::InconsistentList) when the
    /// list could not be read to its end.
    pub async fn all(self) -> Result<Vec<R>, Error> {
        self.stream().try_collect().await
    }

    fn pages(self) -> impl Stream<Item = Result<Vec<R>, Error>> + Send + 'static {
        let walk = Walk { list: self, position: Some(Position::First), pages: 0, seen: 0, ids: HashSet::new() };
        stream::try_unfold(walk, |mut walk| async move {
            let page = walk.next().await?;
            Ok(page.map(|page| (page, walk)))
        })
    }

    fn operation() -> Operation {
        Operation::new("list resources", R::ENDPOINT)
    }

    async fn fetch(&self, position: &Position) -> Result<ListResponse<R>, Error> {
        let mut query = Vec::new();
        if let Some(filter) = &self.filter {
            query.push(("filter", filter.to_string()));
        }
        match position {
            Position::First => {}
            Position::Index(index) => query.push(("startIndex", index.to_string())),
            Position::Cursor(cursor) => query.push(("cursor", cursor.to_string())),
        }
        if let Some(count) = self.count {
            query.push(("count", count.to_string()));
        }
        if !self.attributes.is_empty() {
            query.push(("attributes", self.attributes.join(",")));
        }
        if !self.excluded.is_empty() {
            query.push(("excludedAttributes", self.excluded.join(",")));
        }
        let request = Request::get(Self::operation(), &[R::ENDPOINT], &query);
        match self.endpoint.client().read(request).await {
            // Okta allows a server to answer "nothing matches" so; RFC 7644 §3.4.2 does not.
            Err(error) if self.filter.is_some() && error.is_not_found() && error.scim().is_some() => {
                Ok(ListResponse::default())
            }
            result => result,
        }
    }
}

enum Position {
    First,
    Index(u64),
    Cursor(Text),
}

/// Where a walk through the pages stands.
struct Walk<R> {
    list: ListRequest<R>,
    position: Option<Position>,
    pages: u32,
    seen: u64,
    ids: HashSet<ResourceId>,
}

impl<R: ScimResource> Walk<R> {
    async fn next(&mut self) -> Result<Option<Vec<R>>, Error> {
        let Some(position) = self.position.take() else { return Ok(None) };
        let page = self.list.fetch(&position).await?;
        self.pages += 1;
        for id in page.resources.iter().filter_map(|resource| resource.id()) {
            if !self.ids.insert(id.clone()) {
                return Err(Self::lied(format!("page {} repeats the resource {id}", self.pages)));
            }
        }
        let came = page.resources.len() as u64;
        self.seen += came;
        if let Some(cursor) = page.next_cursor.filter(|cursor| !cursor.is_empty()) {
            if matches!(&position, Position::Cursor(last) if *last == cursor) {
                return Err(Self::lied("the next cursor is the one just used".to_owned()));
            }
            self.position = Some(Position::Cursor(cursor));
        } else if !matches!(position, Position::Cursor(_)) {
            // Without a count and without a cursor this page is the whole list (RFC 9865 §2).
            self.position = match page.total_results {
                Some(total) => self.next_index(came, total)?,
                None => None,
            };
        }
        if self.position.is_some() && self.pages >= MAX_PAGES {
            return Err(Self::lied(format!("no end after {MAX_PAGES} pages")));
        }
        Ok(Some(page.resources))
    }

    fn next_index(&self, came: u64, total: u64) -> Result<Option<Position>, Error> {
        let next = Position::Index(self.seen + 1);
        if self.seen == total {
            return Ok(None);
        }
        match (came, self.seen < total) {
            (0, true) => Err(Self::lied(format!("{} resources came of {total} that the server counts", self.seen))),
            (0, false) => Ok(None),
            // More came than counted: the count is worthless, so only an empty page ends the list.
            (_, _) => Ok(Some(next)),
        }
    }

    fn lied(detail: String) -> Error {
        Error::inconsistent_list(ListRequest::<R>::operation(), detail)
    }
}
