use crate::Text;
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
    pub struct SearchRequest {
        /// Schema URIs of the message.
        schemas: Vec<Text> = "schemas",
        /// Attributes that are wanted, in place of the default ones.
        attributes: Vec<Text> = "attributes",
        /// Attributes that are not wanted.
        excluded_attributes: Vec<Text> = "excludedAttributes",
        /// Filter.
        filter: Option<Text> = "filter",
        /// Attribute to sort by.
        sort_by: Option<Text> = "sortBy",
        /// Direction.
        sort_order: Option<SortOrder> = "sortOrder",
        /// Index of the first result, from 1.
        start_index: Option<u64> = "startIndex",
        /// Most results wanted.
        count: Option<u64> = "count",
        /// Cursor (RFC 9865); empty asks for the first page.
        cursor: Option<Text> = "cursor",
    }
}

impl SearchRequest {
    /// A query without conditions.
    pub fn new() -> Self {
        Self { schemas: vec![Text::constant(super::SEARCH_REQUEST)], ..Self::default() }
    }
}
