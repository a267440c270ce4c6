//! One recorded exchange, as it stands in a file: one line of JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::TransportErrorKind;

/// The first line of a recording.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// Version of the format; this is [`VERSION`].
    pub(super) exchanges: u32,
}

pub(super) const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) request: RecordedRequest,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RecordedRequest {
    pub(super) method: String,
    /// Host and port; told, not compared: a replay stands in for any server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) host: String,
    /// Percent-encoded but for the braces of holes.
    pub(super) path: String,
    /// Decoded pairs, in the order in which they were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) query: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Body::is_empty")]
    pub(super) body: Body,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Response(RecordedResponse),
    /// No complete answer arrived.
    Error(RecordedError),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RecordedResponse {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Body::is_empty")]
    pub(super) body: Body,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Body {
    #[default]
    Empty,
    /// JSON, whatever the media type says.
    Json(Value),
    /// `application/x-www-form-urlencoded`: decoded pairs.
    Form(Vec<(String, String)>),
    Text(String),
    /// Not UTF-8: nothing can be replaced in it, so only its length is kept.
    Bytes(usize),
}

impl Body {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::Empty
    }
}

/// The kinds of [`TransportErrorKind`] as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordedError {
    Request,
    Connect,
    Tls,
    Timeout,
    Interrupted,
    TooLarge,
    Protocol,
    DeadlineExceeded,
}

impl From<TransportErrorKind> for RecordedError {
    fn from(kind: TransportErrorKind) -> Self {
        match kind {
            TransportErrorKind::Request => Self::Request,
            TransportErrorKind::Connect => Self::Connect,
            TransportErrorKind::Tls => Self::Tls,
            TransportErrorKind::Timeout => Self::Timeout,
            TransportErrorKind::Interrupted => Self::Interrupted,
            TransportErrorKind::TooLarge => Self::TooLarge,
            TransportErrorKind::Protocol => Self::Protocol,
            TransportErrorKind::DeadlineExceeded => Self::DeadlineExceeded,
        }
    }
}

impl From<RecordedError> for TransportErrorKind {
    fn from(kind: RecordedError) -> Self {
        match kind {
            RecordedError::Request => Self::Request,
            RecordedError::Connect => Self::Connect,
            RecordedError::Tls => Self::Tls,
            RecordedError::Timeout => Self::Timeout,
            RecordedError::Interrupted => Self::Interrupted,
            RecordedError::TooLarge => Self::TooLarge,
            RecordedError::Protocol => Self::Protocol,
            RecordedError::DeadlineExceeded => Self::DeadlineExceeded,
        }
    }
}
