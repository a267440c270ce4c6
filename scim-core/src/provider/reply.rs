//! Answers on their way out: status, headers and JSON.

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;

use crate::message::ScimError;
use crate::provider::refusal::plain;

const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer before it becomes HTTP: bulk reads its parts.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Option<Vec<u8>>,
    /// URI of the resource that the answer is about.
    pub(super) location: Option<String>,
    /// Whether the resource was made by this request.
    pub(super) created: bool,
    pub(super) version: Option<String>,
    pub(super) allow: Option<String>,
}

impl Reply {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // Maps with text keys and no foreign types: writing cannot fail.
        let mut bytes = Vec::with_capacity(1024);
        let body = serde_json::to_writer(&mut bytes, body).map_or_else(|_| Vec::new(), |()| bytes);
        Self { body: Some(body), ..Self::empty(status) }
    }

    pub(super) fn error(error: &ScimError) -> Self {
        let status = StatusCode::from_u16(error.status).ok().filter(|status| status.as_u16() >= 300);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let error = ScimError { status: status.as_u16(), ..error.clone() };
        Self::json(status, &error)
    }

    /// 405 with the methods that are there (RFC 9110 §15.5.6).
    pub(super) fn not_allowed(method: &Method, allow: String) -> Self {
        let error = plain(405, format_args!("{method} is not allowed here; {allow} are"));
        Self { allow: Some(allow), ..Self::error(&error) }
    }

    /// The response to a request with that method and those headers.
    pub(super) fn into_response(self, method: &Method, request: &HeaderMap) -> http::Response<Bytes> {
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let mut text = |name: HeaderName, value: Option<&str>| {
            // A store's version or id may hold what no header can; the answer goes without it then.
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.insert(name, value);
            }
        };
        text(ETAG, self.version.as_deref());
        text(ALLOW, self.allow.as_deref());
        text(CONTENT_LOCATION, self.location.as_deref().filter(|_| self.status.is_success()));
        text(LOCATION, self.location.as_deref().filter(|_| self.created || self.status.is_redirection()));
        if let Some(body) = self.body {
            headers.insert(CONTENT_TYPE, media_type(request));
            if method == Method::HEAD {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            } else {
                *response.body_mut() = body.into();
            }
        }
        response
    }
}

/// `application/scim+json`, unless the client takes plain JSON and nothing wider (RFC 7644 §3.1).
fn media_type(request: &HeaderMap) -> HeaderValue {
    let accepted = request.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut plain_json = false;
    for range in accepted.flat_map(|value| value.split(',')) {
        let range = range.split(';').next().unwrap_or_default().trim();
        if range.eq_ignore_ascii_case("application/json") {
            plain_json = true;
        } else if ["application/scim+json", "application/*", "*/*"].iter().any(|wide| range.eq_ignore_ascii_case(wide))
        {
            return SCIM_JSON;
        }
    }
    if plain_json { JSON } else { SCIM_JSON }
}

/// Whether a body of that type is read: SCIM's, plain JSON, or none named (RFC 7644 §3.8).
pub(super) fn takes_media_type(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let value = value.to_str().unwrap_or("?");
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let known =
        ["application/scim+json", "application/json"].iter().any(|known| media_type.eq_ignore_ascii_case(known));
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    known && charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"))
}
