use serde::{Deserialize, Serialize};

use super::Extra;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// Where this page stands.
    pub pagination: Pagination,
    /// The objects, in the order asked for.
    pub results: Vec<T>,
    /// Everything else (`autocomplete`).
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where a page stands in its list. `next` and `previous` are page NUMBERS; 0 means none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pagination {
    /// The number of the next page; 0 on the last one.
    pub next: u64,
    /// The number of the page before; 0 on the first one.
    #[serde(default)]
    pub previous: u64,
    /// How many objects the whole list has. May count hidden ones (facts: `/core/applications/`).
    #[serde(default)]
    pub count: u64,
    /// The number of this page, from 1.
    #[serde(default)]
    pub current: u64,
    /// How many pages there are.
    #[serde(default)]
    pub total_pages: u64,
    /// The number of the first object of this page, from 1; 0 in an empty list.
    #[serde(default)]
    pub start_index: u64,
    /// The number of its last object.
    #[serde(default)]
    pub end_index: u64,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}
