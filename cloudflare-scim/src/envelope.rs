use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lenient;

/// The one shape of v4's answers: `{success, errors, messages, result, result_info}`.
///
/// Read leniently: every member may be missing or `null`, and `success: true` with entries in
/// `errors` is a success (the documents' own example of the audit log).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Envelope<T> {
    /// Whether the call succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    /// What went wrong.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub errors: Vec<ApiMessage>,
    /// Remarks on a call that succeeded.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub messages: Vec<ApiMessage>,
    /// What was asked for.
    #[serde(default = "Option::default")]
    pub result: Option<T>,
    /// Where the page stands in its list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_info: Option<ResultInfo>,
}

/// One entry of `errors`, `messages` or an error's chain.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApiMessage {
    /// The code. Errors of the audit log have none.
    #[serde(default, deserialize_with = "lenient::code", skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The text for a person.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where Cloudflare explains it; on 403 since 2026-08-21.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub documentation_url: Option<String>,
    /// Which part of the request is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Value>,
    /// What lies behind it.
    #[serde(default, deserialize_with = "lenient::readable", skip_serializing_if = "Vec::is_empty")]
    pub error_chain: Vec<ApiMessage>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl ApiMessage {
    /// A message of a code and a text.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code: Some(code), message: Some(message.into()), ..Self::default() }
    }

    /// The part of the request that is meant, as JSON pointer (`source.pointer`).
    pub fn pointer(&self) -> Option<&str> {
        self.source.as_ref()?.get("pointer")?.as_str()
    }
}

/// Where a page stands in its list, in either form: pages by number, or a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResultInfo {
    /// The page's number, from 1.
    #[serde(default, deserialize_with = "lenient::count", skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    /// The length of a full page.
    #[serde(default, deserialize_with = "lenient::count", skip_serializing_if = "Option::is_none")]
    pub per_page: Option<u64>,
    /// The entries of this page. The audit log writes it as text.
    #[serde(default, deserialize_with = "lenient::count", skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The entries of the list; may leave the call's filters out of account.
    #[serde(default, deserialize_with = "lenient::count", skip_serializing_if = "Option::is_none")]
    pub total_count: Option<u64>,
    /// The number of pages. Not on every list.
    #[serde(default, deserialize_with = "lenient::count", skip_serializing_if = "Option::is_none")]
    pub total_pages: Option<u64>,
    /// The cursor of the next page (audit logs v2).
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The cursors of the pages around this one (other lists).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursors: Option<Cursors>,
    /// `exact`, `approximate` or `unavailable` (history of an audit entry).
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub history_status: Option<String>,
}

/// The cursors of the pages around one page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cursors {
    /// The previous page's.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The next page's.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl ResultInfo {
    /// The next page's cursor, in whichever place it stands; an empty one is none.
    pub fn next_cursor(&self) -> Option<&str> {
        let after = self.cursors.as_ref().and_then(|cursors| cursors.after.as_deref());
        self.cursor.as_deref().or(after).filter(|cursor| !cursor.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deviation_that_was_seen_is_read() {
        let odd = r#"{"success":true,"errors":[{"message":"x"},7,null],"result":null,
            "result_info":{"count":"1","page":1.0,"cursor":"","cursors":{"after":"abc"}}}"#;
        let envelope: Envelope<Vec<u8>> = serde_json::from_str(odd).unwrap();
        assert_eq!(envelope.errors.len(), 1);
        assert_eq!(envelope.errors[0].code, None);
        let info = envelope.result_info.unwrap();
        assert_eq!((info.count, info.page, info.total_pages), (Some(1), Some(1), None));
        assert_eq!(info.next_cursor(), None);

        let chained = r#"{"success":false,"errors":[{"code":6003,"message":"Invalid request headers",
            "error_chain":[{"code":6111,"message":"Invalid format for Authorization header"}],
            "source":{"pointer":"/x"}}]}"#;
        let envelope: Envelope<Value> = serde_json::from_str(chained).unwrap();
        assert_eq!(envelope.errors[0].error_chain[0].code, Some(6111));
        assert_eq!(envelope.errors[0].pointer(), Some("/x"));
    }

    #[test]
    fn a_cursor_is_found_in_both_places() {
        let info: ResultInfo = serde_json::from_str(r#"{"cursors":{"after":"n"}}"#).unwrap();
        assert_eq!(info.next_cursor(), Some("n"));
        let info: ResultInfo = serde_json::from_str(r#"{"cursor":"n","count":3}"#).unwrap();
        assert_eq!(info.next_cursor(), Some("n"));
    }
}
