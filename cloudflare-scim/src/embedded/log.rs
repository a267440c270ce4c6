//! The requests that an embedded account has answered: for tests, and for counting.

use std::collections::VecDeque;

use http::{Method, StatusCode};

/// Records beyond this number push the oldest out; the counts stay right.
const MAX: usize = 50_000;

/// Which token a request came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenUse {
    /// The account's SCIM token.
    Scim,
    /// The account's API token.
    Api,
    /// Another token of the account.
    Other,
    /// None that the account knows.
    Invalid,
}

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The method.
    pub method: Method,
    /// The path, from `/client/v4` on.
    pub path: String,
    /// The query, without `?`; empty if there was none.
    pub query: String,
    /// Which token it came with.
    pub token: TokenUse,
    /// The status of the answer.
    pub status: StatusCode,
    /// The ray id of the answer.
    pub ray_id: String,
    /// The body as it was sent.
    pub body: bytes::Bytes,
}

impl RequestRecord {
    /// Whether it could change something.
    pub fn is_mutation(&self) -> bool {
        !self.method.is_safe()
    }

    /// Whether it went to the SCIM endpoint.
    pub fn is_scim(&self) -> bool {
        self.path.contains("/scim/v2")
    }
}

#[derive(Debug, Default)]
pub(super) struct RequestLog {
    records: VecDeque<RequestRecord>,
    pub(super) total: u64,
    pub(super) mutations: u64,
}

impl RequestLog {
    pub(super) fn push(&mut self, record: RequestRecord) {
        self.total += 1;
        if record.is_mutation() {
            self.mutations += 1;
        }
        if self.records.len() >= MAX {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    pub(super) fn records(&self) -> Vec<RequestRecord> {
        self.records.iter().cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
