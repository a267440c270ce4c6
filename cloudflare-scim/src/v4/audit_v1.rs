use std::borrow::Cow;

use http::Method;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AuditResource, Direction};
use crate::call::{Call, Needs};
use crate::page::{Entry, List, Paging};
use crate::{AuditLogId, Cloudflare, lenient};

/// An entry of the older audit log (v1). SCIM writes are documented for v2 alone: see
/// [`AuditLogs`](super::AuditLogs).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEntryV1 {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AuditLogId>,
    /// What was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<AuditDeedV1>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<AuditActorV1>,
    /// Where it came from: `API`, `UI`, ...
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// More about it; what stands here depends on the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// The value after the change, as it stands on the wire.
    #[serde(default, rename = "newValue", skip_serializing_if = "Option::is_none")]
    pub new_value: Option<Value>,
    /// The value before the change, as it stands on the wire.
    #[serde(default, rename = "oldValue", skip_serializing_if = "Option::is_none")]
    pub old_value: Option<Value>,
    /// Whose the resource is, as it stands on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Value>,
    /// What it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<AuditResource>,
    /// When, as the server writes it.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What was done (v1).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditDeedV1 {
    /// Whether it succeeded.
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub result: Option<bool>,
    /// The action, in v1's words: `change_setting`.
    #[serde(default, rename = "type", deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Who did it (v1).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditActorV1 {
    /// The user's id, where a user did it.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The user's e-mail address.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where the request came from.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// `user`, `admin` or `Cloudflare`.
    #[serde(default, rename = "type", deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl AuditEntryV1 {
    /// [`when`](Self::when) as a time; `None` if absent or unreadable.
    pub fn time(&self) -> Option<jiff::Timestamp> {
        self.when.as_deref()?.parse().ok()
    }

    /// Whether it succeeded; `None` if the entry does not say.
    pub fn succeeded(&self) -> Option<bool> {
        self.action.as_ref()?.result
    }
}

impl Entry for AuditEntryV1 {
    fn key(&self) -> Option<Cow<'_, str>> {
        self.id.as_ref().map(|id| id.as_str().into())
    }
}

/// The older audit log of the account: `…/audit_logs`. By page, without a number of pages.
///
/// Needs `Account Settings: Read`. Its export as CSV is left out: it is no JSON answer.
#[derive(Debug, Clone)]
pub struct AuditLogsV1(Cloudflare);

impl Cloudflare {
    /// The older audit log of the account (v1).
    pub fn audit_logs_v1(&self) -> AuditLogsV1 {
        AuditLogsV1(self.clone())
    }
}

impl AuditLogsV1 {
    /// All entries, newest first; options narrow it. 1,000 a page, which is the most there is.
    pub fn list(&self) -> List<AuditEntryV1> {
        let segments = ["accounts", self.0.account(), "audit_logs"];
        let call = Call::new(Method::GET, "list audit logs (v1)", Needs::Audit, &segments);
        List::new(&self.0, call, Paging::Numbers { per_page: 1000 })
    }
}

impl List<AuditEntryV1> {
    /// Only the entry with this id.
    pub fn id(self, id: &AuditLogId) -> Self {
        self.filter("id", id.as_str())
    }

    /// Only entries of this action, in v1's words: `change_setting`.
    pub fn action_type(self, kind: impl Into<String>) -> Self {
        self.filter("action.type", kind)
    }

    /// Only what the actor with this e-mail address did.
    pub fn actor_email(self, email: impl Into<String>) -> Self {
        self.filter("actor.email", email)
    }

    /// Only what came from this address or range (`192.0.2.0/24`).
    pub fn actor_ip(self, address: impl Into<String>) -> Self {
        self.filter("actor.ip", address)
    }

    /// Only entries about the zone of this name.
    pub fn zone_name(self, name: impl Into<String>) -> Self {
        self.filter("zone.name", name)
    }

    /// Only entries from that day (UTC) on. v1 takes dates, not times.
    pub fn since(self, day: Date) -> Self {
        self.filter("since", day.to_string())
    }

    /// Only entries from before that day (UTC).
    pub fn before(self, day: Date) -> Self {
        self.filter("before", day.to_string())
    }

    /// Without the entries of users, with those of the account alone.
    pub fn hide_user_logs(self) -> Self {
        self.filter("hide_user_logs", "true")
    }

    /// Oldest or newest first.
    pub fn direction(self, direction: Direction) -> Self {
        self.option("direction", direction.as_str())
    }

    /// Entries a page, 1 to 1,000.
    pub fn per_page(self, entries: u32) -> Self {
        self.with_per_page(entries.clamp(1, 1000))
    }
}
