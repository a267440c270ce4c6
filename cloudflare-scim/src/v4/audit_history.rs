use http::Method;
use jiff::Timestamp;

use super::{AuditEntry, AuditLogs, Direction};
use crate::call::{Call, Needs};
use crate::page::{List, Paging};
use crate::{AuditLogId, Error};

words! {
    /// How well the server could tell which resource an entry is about.
    HistoryStatus {
        /// By the resource's address.
        Exact = "exact",
        /// Without its address: entries of other resources may be among them.
        Approximate = "approximate",
        /// Not at all: the history is empty, which says nothing.
        Unavailable = "unavailable",
    }
}

/// Which history: the entry to begin with, and a span of time.
///
/// ```
/// use cloudflare_scim::AuditHistoryQuery;
///
/// let query = AuditHistoryQuery::new("f174be97-19b1-40d6-954d-70cd5fbd52db".parse()?, "2026-08-01T15:00:00Z".parse()?)
///     .between("2026-08-01T00:00:00Z".parse()?, "2026-08-02T00:00:00Z".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHistoryQuery {
    id: AuditLogId,
    action_time: Timestamp,
    since: Timestamp,
    before: Timestamp,
    direction: Option<Direction>,
    limit: u32,
}

impl AuditHistoryQuery {
    /// The history around an entry and its time ([`AuditEntry::time`]): without
    /// [`between`](Self::between) the 30 days before it and after it.
    pub fn new(id: AuditLogId, action_time: Timestamp) -> Self {
        let month = std::time::Duration::from_secs(30 * 24 * 3600);
        Self {
            id,
            action_time,
            since: action_time.saturating_sub(month).unwrap_or(action_time),
            before: action_time.saturating_add(month).unwrap_or(action_time),
            direction: None,
            limit: 1000,
        }
    }

    /// The history around an entry; `None` if the entry does not say its id or its time.
    pub fn of(entry: &AuditEntry) -> Option<Self> {
        Some(Self::new(entry.id.clone()?, entry.time()?))
    }

    /// The entries from `since` to `before`.
    #[must_use]
    pub fn between(mut self, since: Timestamp, before: Timestamp) -> Self {
        (self.since, self.before) = (since, before);
        self
    }

    /// Oldest or newest first.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = Some(direction);
        self
    }

    /// Entries a page, 1 to 1,000. Default 1,000.
    #[must_use]
    pub fn limit(mut self, entries: u32) -> Self {
        self.limit = entries.clamp(1, 1000);
        self
    }
}

/// What happened to the resource of one entry.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AuditHistory {
    /// How well the server could tell which resource that is; `None` if it did not say.
    pub status: Option<HistoryStatus>,
    /// The entries.
    pub entries: Vec<AuditEntry>,
}

impl AuditLogs {
    /// What happened to the resource of one entry: `…/logs/audit/{id}/history`.
    ///
    /// # Errors
    /// If a call fails; `NotFound` if there is no entry of that id at that time.
    pub async fn history(&self, query: &AuditHistoryQuery) -> Result<AuditHistory, Error> {
        let segments = ["accounts", self.0.account(), "logs", "audit", query.id.as_str(), "history"];
        let mut call = Call::new(Method::GET, "read the history of an audit log entry", Needs::Audit, &segments)
            .query("action_time", query.action_time.to_string())
            .query("since", query.since.to_string())
            .query("before", query.before.to_string())
            .query("limit", query.limit.to_string());
        if let Some(direction) = query.direction {
            call = call.query("direction", direction.as_str());
        }
        let (entries, info) = List::new(&self.0, call, Paging::Cursor).all_with_info().await?;
        Ok(AuditHistory { status: info.history_status.map(HistoryStatus::from), entries })
    }
}
