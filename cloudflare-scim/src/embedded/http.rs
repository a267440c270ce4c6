//! Requests taken apart, answers put together.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Value, json};

use super::state::Refusal;
use super::switches::{PageBounds, Paging, Switches};
use crate::ApiMessage;

/// Where Cloudflare explains a 403, since 2026-08-21.
const PERMISSIONS_PAGE: &str = "https://developers.cloudflare.com/fundamentals/api/reference/permissions/";

/// A request taken apart.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) segments: Vec<String>,
    pub(super) query: String,
    pub(super) pairs: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Incoming {
    pub(super) fn read(request: http::Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let segments = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                // Form encoding: what Python's and JavaScript's clients send.
                (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
            })
            .collect();
        Self { method: parts.method, path, segments, query, pairs, headers: parts.headers, body }
    }

    /// The first value of a query parameter.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn media_type(&self) -> Option<String> {
        let value = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The request as it came, for scim-core's engine.
    pub(super) fn to_request(&self) -> http::Request<Bytes> {
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        let target = if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) };
        // Path and query were a URI's before.
        *request.uri_mut() = target.parse().unwrap_or_default();
        *request.headers_mut() = self.headers.clone();
        request
    }

    /// Path and query without the parameters of one name.
    pub(super) fn without_param(&self, name: &str) -> http::Uri {
        let is = |pair: &&str| {
            let own = pair.split_once('=').map_or(*pair, |(own, _)| own);
            percent_decode_str(own).decode_utf8_lossy() != name
        };
        let query: Vec<&str> = self.query.split('&').filter(is).collect();
        let target = if query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, query.join("&")) };
        // Path and query were a URI's before.
        target.parse().unwrap_or_default()
    }

    /// The body of a v4 request as JSON.
    pub(super) fn json(&self) -> Result<Value, Reply> {
        serde_json::from_slice(&self.body)
            .map_err(|_| Reply::fail(StatusCode::BAD_REQUEST, 6007, "Malformed JSON in request body"))
    }
}

/// An answer before the headers that every answer has.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) media: &'static str,
    pub(super) body: Bytes,
    pub(super) allow: Option<Cow<'static, str>>,
    /// The id of what a write acted on, for the audit log.
    pub(super) subject: Option<String>,
}

pub(super) const JSON: &str = "application/json";
pub(super) const SCIM: &str = "application/scim+json";

impl Reply {
    pub(super) fn json(status: StatusCode, media: &'static str, value: &impl Serialize) -> Self {
        // The values are built here: strings, numbers, lists and maps with text keys always serialise.
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self { status, media, body: body.into(), allow: None, subject: None }
    }

    /// An answer of scim-core's engine.
    pub(super) fn from_response(response: http::Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        let allow = parts.headers.get(header::ALLOW).and_then(|value| value.to_str().ok());
        Self {
            status: parts.status,
            media: if parts.headers.contains_key(header::CONTENT_TYPE) { SCIM } else { "" },
            body,
            allow: allow.map(|allow| Cow::Owned(allow.to_owned())),
            subject: None,
        }
    }

    /// A success envelope (rule 26).
    pub(super) fn ok(result: &impl Serialize) -> Self {
        Self::json(StatusCode::OK, JSON, &json!({ "success": true, "errors": [], "messages": [], "result": result }))
    }

    /// A success envelope with `result_info`.
    pub(super) fn page(result: &impl Serialize, info: &Value) -> Self {
        let body = json!({ "success": true, "errors": [], "messages": [], "result": result, "result_info": info });
        Self::json(StatusCode::OK, JSON, &body)
    }

    /// A failure envelope with one error.
    pub(super) fn fail(status: StatusCode, code: i64, message: &str) -> Self {
        Self::errors(status, &[ApiMessage::new(code, message)])
    }

    pub(super) fn errors(status: StatusCode, errors: &[ApiMessage]) -> Self {
        let body = json!({ "success": false, "errors": errors, "messages": [], "result": null });
        Self::json(status, JSON, &body)
    }

    /// A failure of the audit log: its errors have no code.
    pub(super) fn audit_fail(status: StatusCode, message: &str) -> Self {
        let body = json!({ "success": false, "errors": [{ "message": message }], "messages": [], "result": null });
        Self::json(status, JSON, &body)
    }

    /// No such address.
    pub(super) fn no_route(path: &str) -> Self {
        let message = format!("Could not route to {path}, perhaps your object identifier is invalid?");
        Self::fail(StatusCode::NOT_FOUND, 7003, &message)
    }

    /// The address exists, the method does not.
    pub(super) fn no_method(method: &Method, allow: &'static str) -> Self {
        let message = format!("Method {method} not available for that URI.");
        Self { allow: Some(allow.into()), ..Self::fail(StatusCode::METHOD_NOT_ALLOWED, 7001, &message) }
    }

    /// A token without the permission, with the link that such answers have since 2026-08-21.
    pub(super) fn forbidden(message: &str) -> Self {
        let mut error = ApiMessage::new(10_000, message);
        error.documentation_url = Some(PERMISSIONS_PAGE.to_owned());
        Self::errors(StatusCode::FORBIDDEN, &[error])
    }

    /// What the gateway says of a missing or malformed token.
    pub(super) fn bad_header() -> Self {
        let mut error = ApiMessage::new(6003, "Invalid request headers");
        error.error_chain.push(ApiMessage::new(6111, "Invalid format for Authorization header"));
        Self::errors(StatusCode::BAD_REQUEST, &[error])
    }

    /// A refusal in v4's words.
    pub(super) fn refused(refusal: &Refusal, switches: Switches) -> Self {
        let status = |text: &str| {
            text.parse::<u16>().ok().and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::BAD_REQUEST)
        };
        match refusal {
            Refusal::NotFound => Self::fail(StatusCode::NOT_FOUND, 1003, "The requested resource was not found."),
            Refusal::LastAdmin => {
                let status = status(switches.last_admin.as_str());
                Self::fail(status, 1004, "The last Super Administrator of the account cannot be removed.")
            }
            Refusal::EmailTaken => {
                Self::fail(StatusCode::CONFLICT, 1005, "A member with this email address already exists.")
            }
            Refusal::NameTaken => Self::fail(StatusCode::CONFLICT, 1006, "A user group with this name already exists."),
            Refusal::Managed => {
                let status = status(switches.managed_group.as_str());
                let message = "This user group is managed by an identity provider through SCIM: only its policies can be changed here.";
                Self::fail(status, 1007, message)
            }
            Refusal::SystemGroup => Self::fail(StatusCode::FORBIDDEN, 1008, "System groups cannot be changed."),
            Refusal::UnknownMember(id) => {
                Self::fail(StatusCode::BAD_REQUEST, 1009, &format!("No member of the account has the id {id}."))
            }
            Refusal::Invalid(why) => Self::fail(StatusCode::BAD_REQUEST, 1001, &format!("Invalid request: {why}.")),
        }
    }

    pub(super) fn html(status: StatusCode) -> Self {
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{status}</title></head>\n<body><h1>{status}</h1><p>cloudflare</p></body></html>\n"
        );
        Self { status, media: "text/html; charset=UTF-8", body: body.into(), allow: None, subject: None }
    }

    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, media: "", body: Bytes::new(), allow: None, subject: None }
    }

    #[must_use]
    pub(super) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Whether something was refused or failed.
    pub(super) fn is_failure(&self) -> bool {
        !self.status.is_success()
    }

    pub(super) fn into_response(self) -> http::Response<Bytes> {
        let mut response = http::Response::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if !self.media.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media));
        }
        if let Some(Ok(allow)) = self.allow.as_deref().map(HeaderValue::try_from) {
            headers.insert(header::ALLOW, allow);
        }
        headers.insert(header::SERVER, HeaderValue::from_static("cloudflare"));
        response
    }
}

/// A page of a v4 list by number.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageOf {
    pub(super) page: u64,
    pub(super) per_page: u64,
}

impl PageOf {
    /// Reads `page` and `per_page`, within the bounds of the OpenAPI document.
    pub(super) fn read(
        request: &Incoming,
        switches: Switches,
        default: u64,
        least: u64,
        most: u64,
    ) -> Result<Self, Reply> {
        let number = |name: &str, default: u64, least: u64, most: u64| {
            let text = request.param(name).filter(|text| !text.is_empty());
            match text.map(str::parse::<u64>) {
                None => Ok(default),
                Some(Ok(number)) if (least..=most).contains(&number) => Ok(number),
                Some(Ok(number)) if switches.page_bounds == PageBounds::Clamp => Ok(number.clamp(least, most)),
                Some(_) => Err(Reply::fail(
                    StatusCode::BAD_REQUEST,
                    1002,
                    &format!("{name} must be a number from {least} to {most}."),
                )),
            }
        };
        Ok(Self { page: number("page", 1, 1, u64::MAX)?, per_page: number("per_page", default, least, most)? })
    }

    /// The entries of this page, and its `result_info`.
    pub(super) fn cut<T>(self, all: Vec<T>, switches: Switches) -> (Vec<T>, Value) {
        let total = all.len() as u64;
        if switches.paging == Paging::Ignore {
            // Seen: everything at once, and numbers that say so.
            let info = json!({
                "page": 1, "per_page": self.per_page, "count": total, "total_count": total, "total_pages": 1,
            });
            return (all, info);
        }
        let page = self.page;
        let skip = usize::try_from((page - 1).saturating_mul(self.per_page)).unwrap_or(usize::MAX);
        let take = usize::try_from(self.per_page).unwrap_or(usize::MAX);
        let entries: Vec<T> = all.into_iter().skip(skip).take(take).collect();
        let info = json!({
            "page": page,
            "per_page": self.per_page,
            "count": entries.len(),
            "total_count": total,
            "total_pages": total.div_ceil(self.per_page),
        });
        (entries, info)
    }
}
