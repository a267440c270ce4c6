use std::fmt;

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use serde::Serialize;
use serde_json::Value;

use super::error::Reply;
use super::request::Request;
use super::walk::Walk;
use super::{Endpoint, Error};
use crate::Text;
use crate::filter::Filter;
use crate::message::{ListResponse, SEARCH_REQUEST, ScimType, SortOrder};
use crate::resource::{ScimResource, get_folded};
use crate::transport::Operation;

/// A list to be read: pages or a stream of resources (RFC 7644 §3.4.2, RFC 9865).
///
/// A list is complete or an error: a stream that ends without an error has delivered every resource
/// that the server counted, each once. It ends on every server: one that repeats a page or a cursor,
/// counts more than it has, or loses resources while its pages are read, gets
/// [`ErrorKind::InconsistentList`](super::ErrorKind::InconsistentList).
#[must_use = "a list is not read until `all`, `stream` or `page`"]
pub struct ListRequest<R> {
    endpoint: Endpoint<R>,
    filter: Option<Filter>,
    pub(super) count: Option<u32>,
    sort_by: Option<String>,
    sort_order: Option<SortOrder>,
    by_cursor: bool,
    by_post: bool,
}

impl<R> fmt::Debug for ListRequest<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The filter may hold personal data.
        f.debug_struct("ListRequest").field("count", &self.count).finish_non_exhaustive()
    }
}

/// Where a page begins.
pub(super) enum Position {
    First,
    Index(u64),
    Cursor(Text),
}

impl<R: ScimResource> ListRequest<R> {
    pub(super) fn new(endpoint: Endpoint<R>) -> Self {
        let by_post = endpoint.client().searches_by_post();
        Self { endpoint, filter: None, count: None, sort_by: None, sort_order: None, by_cursor: false, by_post }
    }

    /// Only what matches (RFC 7644 §3.4.2.2).
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// How many resources a page may have; the server may send fewer. Default: the server's choice.
    ///
    /// With a count a first page that is full is not believed to be the last, whatever the server
    /// counts: some count the page instead of the list.
    pub fn count(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// Only these attributes, besides those that are always returned (RFC 7644 §3.9).
    pub fn attributes<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.endpoint = self.endpoint.attributes(names);
        self
    }

    /// All default attributes but these (RFC 7644 §3.9).
    pub fn excluded_attributes<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.endpoint = self.endpoint.excluded_attributes(names);
        self
    }

    /// Sorted by that attribute, for example `userName` or `name.familyName` (RFC 7644 §3.4.2.3).
    /// Servers without sorting ignore it.
    pub fn sort_by(mut self, attribute: impl Into<String>, order: SortOrder) -> Self {
        self.sort_by = Some(attribute.into());
        self.sort_order = Some(order);
        self
    }

    /// Asks for cursors from the first page on (RFC 9865). A cursor that a server gives unasked is
    /// followed in any case.
    pub fn by_cursor(mut self) -> Self {
        self.by_cursor = true;
        self
    }

    /// Asks by POST to `/.search` (RFC 7644 §3.4.3), so that filters, which hold personal data, stand
    /// in no URL and no access log. Also for a whole client:
    /// [`ScimClient::with_search_by_post`](super::ScimClient::with_search_by_post).
    pub fn by_post(mut self) -> Self {
        self.by_post = true;
        self
    }

    /// One page, from the 1-based `start_index` on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn page(&self, start_index: u64) -> Result<ListResponse<R>, Error> {
        self.fetch(&Position::Index(start_index)).await
    }

    /// One page, from a cursor on that an earlier page gave as `next_cursor` (RFC 9865 §2.2). The
    /// rest of the request must be that of the earlier page.
    ///
    /// # Errors
    /// See [`Error`]; scimType `expiredCursor` or `invalidCursor`: begin anew.
    pub async fn page_after(&self, cursor: &str) -> Result<ListResponse<R>, Error> {
        self.fetch(&Position::Cursor(cursor.into())).await
    }

    /// Every resource, page after page. Holds one page, and eight bytes for each resource seen.
    pub fn stream(self) -> BoxStream<'static, Result<R, Error>> {
        self.walk().map_ok(|page| stream::iter(page.into_iter().map(Ok))).try_flatten().boxed()
    }

    /// Every page.
    pub fn pages(self) -> BoxStream<'static, Result<Vec<R>, Error>> {
        self.walk().boxed()
    }

    /// Every resource, in one vector.
    ///
    /// # Errors
    /// See [`Error`]; [`ErrorKind::InconsistentList`](super::ErrorKind::InconsistentList) when the
    /// list could not be read to its end.
    pub async fn all(self) -> Result<Vec<R>, Error> {
        self.stream().try_collect().await
    }

    fn walk(self) -> impl Stream<Item = Result<Vec<R>, Error>> + Send + 'static {
        stream::try_unfold(Walk::new(self), |mut walk| async move {
            let page = walk.next().await?;
            Ok(page.map(|page| (page, walk)))
        })
    }

    pub(super) fn operation() -> Operation {
        Operation::new("list resources", R::ENDPOINT)
    }

    pub(super) fn first(&self) -> Position {
        if self.by_cursor { Position::Cursor(Text::default()) } else { Position::First }
    }

    pub(super) async fn fetch(&self, position: &Position) -> Result<ListResponse<R>, Error> {
        match self.ask(position, self.by_post || self.endpoint.client().searches_by_post()).await {
            // Okta allows a server to answer "nothing matches" so; RFC 7644 §3.4.2 does not.
            Err(error) if self.filter.is_some() && error.is_not_found() && error.scim().is_some() => {
                Ok(ListResponse::default())
            }
            // The server wants no personal data in URLs (RFC 7644 §7.5.2): it gets none any more.
            Err(error) if error.scim_type() == Some(&ScimType::Sensitive) && self.filter.is_some() => {
                self.endpoint.client().learn_search_by_post();
                self.ask(position, true).await
            }
            result => result,
        }
    }

    async fn ask(&self, position: &Position, by_post: bool) -> Result<ListResponse<R>, Error> {
        let request = if by_post { self.search(position) } else { self.query(position) };
        let reply = self.endpoint.client().call(request).await?;
        let page: ListResponse<R> = reply.decode()?;
        if page.total_results.is_none() && page.resources.is_empty() && !is_list(&reply) {
            return Err(reply.no_list());
        }
        Ok(page)
    }

    fn query(&self, position: &Position) -> Request<'static> {
        let mut query = Vec::new();
        if let Some(filter) = &self.filter {
            query.push(("filter", filter.to_string()));
        }
        if let Some(attribute) = &self.sort_by {
            query.push(("sortBy", attribute.clone()));
        }
        if let Some(order) = &self.sort_order {
            query.push(("sortOrder", order.to_string()));
        }
        match position {
            Position::First => {}
            Position::Index(index) => query.push(("startIndex", index.to_string())),
            Position::Cursor(cursor) => query.push(("cursor", cursor.to_string())),
        }
        if let Some(count) = self.count {
            query.push(("count", count.to_string()));
        }
        query.extend(self.endpoint.projection());
        Request::get(Self::operation(), &[R::ENDPOINT]).query(query)
    }

    fn search(&self, position: &Position) -> Request<'static> {
        let body = Search {
            schemas: [SEARCH_REQUEST],
            attributes: &self.endpoint.attributes,
            excluded_attributes: &self.endpoint.excluded,
            filter: self.filter.as_ref().map(ToString::to_string),
            sort_by: self.sort_by.as_deref(),
            sort_order: self.sort_order.as_ref().map(ToString::to_string),
            start_index: if let Position::Index(index) = position { Some(*index) } else { None },
            cursor: if let Position::Cursor(cursor) = position { Some(cursor) } else { None },
            count: self.count,
        };
        Request::new(Self::operation(), Method::POST, &[R::ENDPOINT, ".search"]).body(&body).reading()
    }
}

/// A search as it goes out, borrowing what the request has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Search<'a> {
    schemas: [&'static str; 1],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attributes: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    excluded_attributes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_order: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

/// Whether an answer without count and resources is a list all the same. Any other JSON object would
/// read as an empty one, and an empty list makes programs delete.
fn is_list(reply: &Reply) -> bool {
    let Ok(Value::Object(body)) = serde_json::from_slice(&reply.answer.body) else { return false };
    ["Resources", "itemsPerPage", "nextCursor"].iter().any(|name| get_folded(&body, name).is_some())
        || get_folded(&body, "schemas").is_some_and(|schemas| schemas.to_string().contains(":ListResponse"))
}
