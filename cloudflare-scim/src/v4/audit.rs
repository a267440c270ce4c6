use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::AuditQuery;
use crate::call::{Call, Needs};
use crate::page::{Entry, List, Paging};
use crate::{AuditLogId, Cloudflare, TokenId, lenient};

words! {
    /// What kind of change an entry records.
    AuditAction {
        /// Something was made.
        Create = "create",
        /// Something was changed.
        Update = "update",
        /// Something was removed.
        Delete = "delete",
        /// Something was looked at.
        View = "view",
    }
}

/// An entry of the audit log (v2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AuditLogId>,
    /// What was done.
    #[serde(default, deserialize_with = "action", skip_serializing_if = "Option::is_none")]
    pub action: Option<AuditDeed>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<AuditActor>,
    /// The account, as it stands on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Value>,
    /// The request behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<AuditRaw>,
    /// What it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<AuditResource>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditDeed {
    /// In words: `Create SCIM User`.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `success` or `failure`.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// When, as the server writes it.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// What kind of change.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<AuditAction>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Who did it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditActor {
    /// The user's id, where a user did it.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The user's e-mail address.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where the request came from.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// `account` for an account's token, `user`, `system`, `cloudflare_admin`.
    #[serde(default, rename = "type", deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `api_token`, `dash`, ...
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The id of the token: [`TokenCheck::id`](super::TokenCheck::id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<TokenId>,
    /// The name of the token.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub token_name: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The request behind an entry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditRaw {
    /// The ray id: an error of this crate names the same ([`Error::request_id`](crate::Error::request_id)).
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub cf_ray_id: Option<String>,
    /// The method.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path; in Cloudflare's examples without `/client/v4`.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The status of the answer.
    #[serde(default, deserialize_with = "lenient::count", skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u64>,
    /// What the client called itself.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What it was done to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditResource {
    /// The id.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The product it belongs to.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Its kind.
    #[serde(default, rename = "type", deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Members that this crate does not know (`request`, `response`, `scope`).
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An object by the documents' schema, a bare text in one of their examples.
fn action<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AuditDeed>, D::Error> {
    Ok(match Option::<Value>::deserialize(deserializer)? {
        None => None,
        Some(Value::String(word)) => {
            let kind = AuditAction::from(word.to_ascii_lowercase());
            let kind = (!matches!(kind, AuditAction::Other(_))).then_some(kind);
            Some(AuditDeed { description: Some(word), kind, ..AuditDeed::default() })
        }
        Some(value) => Some(serde_json::from_value(value).map_err(serde::de::Error::custom)?),
    })
}

impl AuditEntry {
    /// What was done, in words: `Create SCIM User`.
    pub fn description(&self) -> Option<&str> {
        self.action.as_ref()?.description.as_deref()
    }

    /// What kind of change it was.
    pub fn kind(&self) -> Option<&AuditAction> {
        self.action.as_ref()?.kind.as_ref()
    }

    /// Whether it succeeded; `None` if the entry does not say.
    pub fn succeeded(&self) -> Option<bool> {
        match self.action.as_ref()?.result.as_deref()? {
            "success" => Some(true),
            "failure" => Some(false),
            _ => None,
        }
    }

    /// When; `None` if the entry does not say, or not readably.
    pub fn time(&self) -> Option<jiff::Timestamp> {
        let time = self.action.as_ref().and_then(|action| action.time.as_deref());
        time.or_else(|| self.extra.get("timestamp")?.as_str())?.parse().ok()
    }

    /// Whether a SCIM request is behind it: by its path or its description, since the product value
    /// of such entries is not documented.
    pub fn is_scim(&self) -> bool {
        let uri = self.raw.as_ref().and_then(|raw| raw.uri.as_deref()).unwrap_or_default();
        uri.contains("/scim/v2/") || self.description().is_some_and(|it| it.contains("SCIM"))
    }

    /// The ray id of the request.
    pub fn ray_id(&self) -> Option<&str> {
        self.raw.as_ref()?.cf_ray_id.as_deref()
    }
}

impl Entry for AuditEntry {
    fn key(&self) -> Option<Cow<'_, str>> {
        self.id.as_ref().map(|id| id.as_str().into())
    }
}

/// The audit log of the account, v2: `…/logs/audit`.
///
/// Needs `Account Settings: Read`, which a token for SCIM alone has not. Entries appear some time
/// after the deed; how long is not documented. They are kept for 18 months.
#[derive(Debug, Clone)]
pub struct AuditLogs(pub(super) Cloudflare);

impl Cloudflare {
    /// The audit log of the account (v2).
    pub fn audit_logs(&self) -> AuditLogs {
        AuditLogs(self.clone())
    }
}

impl AuditLogs {
    /// The entries that a query selects.
    pub fn list(&self, query: &AuditQuery) -> List<AuditEntry> {
        let segments = ["accounts", self.0.account(), "logs", "audit"];
        let mut call = Call::new(Method::GET, "list audit logs", Needs::Audit, &segments)
            .query("since", query.since.to_string())
            .query("before", query.before.to_string())
            .query("limit", query.limit.to_string());
        if let Some(direction) = query.direction {
            call = call.query("direction", direction.as_str());
        }
        for (name, value) in &query.filters {
            call = call.query(name, value.clone());
        }
        List::new(&self.0, call, Paging::Cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_of_an_entry_are_read() {
        let entry: AuditEntry = serde_json::from_str(
            r#"{"id":"1","action":{"description":"Create SCIM User","type":"create","result":"success",
                "time":"2026-08-01T00:00:00Z"},"raw":{"status_code":201,"uri":"/accounts/a/scim/v2/Users"},"zone":{}}"#,
        )
        .unwrap();
        assert_eq!(entry.kind(), Some(&AuditAction::Create));
        assert_eq!(entry.succeeded(), Some(true));
        assert!(entry.is_scim() && entry.time().is_some() && entry.extra.contains_key("zone"));

        let entry: AuditEntry =
            serde_json::from_str(r#"{"action":"UPDATE","timestamp":"2026-08-01T00:00:00Z","resources":[]}"#).unwrap();
        assert_eq!(entry.kind(), Some(&AuditAction::Update));
        assert!(entry.time().is_some() && !entry.is_scim());
    }
}
