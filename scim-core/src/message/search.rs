use std::fmt;

use crate::Text;
use crate::filter::{Filter, ParseOptions};
use crate::resource::secret::{Stars, may_be_secret};
use crate::resource::wire::{wire_enum, wire_struct};

wire_enum! {
    /// Direction of a sort (RFC 7644 §3.4.2.3).
    pub enum SortOrder {
        /// Smallest first; the default.
        Ascending = "ascending",
        /// Largest first.
        Descending = "descending",
    }
}

wire_struct! {
    /// A query as a body (RFC 7644 §3.4.3), sent to `/.search` so that no personal data stands in a URL.
    pub struct SearchRequest as SEARCH_REQUEST with [] {
        /// Schema URIs of the message; without any it is written with its own.
        schemas: Vec<Text> = "schemas",
        /// Attributes that are wanted, in place of the default ones.
        attributes: Vec<Text> = "attributes",
        /// Attributes that are not wanted.
        excluded_attributes: Vec<Text> = "excludedAttributes",
        /// Filter.
        filter: Option<Text> = "filter" shown as ShownFilter,
        /// Attribute to sort by.
        sort_by: Option<Text> = "sortBy",
        /// Direction.
        sort_order: Option<SortOrder> = "sortOrder",
        /// Index of the first result, from 1; see [`first_index`](SearchRequest::first_index).
        start_index: Option<i64> = "startIndex",
        /// Most results wanted; see [`most`](SearchRequest::most).
        count: Option<i64> = "count",
        /// Cursor (RFC 9865); empty asks for the first page.
        cursor: Option<Text> = "cursor",
    }
}

/// A filter without the passwords that it compares with.
struct ShownFilter<'a>(&'a Option<Text>);

impl fmt::Debug for ShownFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(text) if may_be_secret(text) => match Filter::parse_with(text, &ParseOptions::lenient()) {
                Ok(parsed) => Some(parsed.value).fmt(f),
                Err(_) => Some(Stars).fmt(f),
            },
            filter => filter.fmt(f),
        }
    }
}

impl SearchRequest {
    /// A query without conditions.
    pub fn new() -> Self {
        Self { schemas: vec![Text::constant(super::SEARCH_REQUEST)], ..Self::default() }
    }

    /// `startIndex` as it counts: absent or below 1 is 1 (RFC 7644 §3.4.2.4).
    ///
    /// ```
    /// use scim_core::message::SearchRequest;
    /// let search: SearchRequest = serde_json::from_str(r#"{"startIndex":-3,"count":-1}"#)?;
    /// assert_eq!((search.first_index(), search.most()), (1, Some(0)));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn first_index(&self) -> u64 {
        self.start_index.and_then(|index| u64::try_from(index).ok()).unwrap_or(1).max(1)
    }

    /// `count` as it counts: a negative one is 0 (RFC 7644 §3.4.2.4); `None` leaves the page size to the server.
    pub fn most(&self) -> Option<u64> {
        self.count.map(|count| u64::try_from(count).unwrap_or(0))
    }
}
