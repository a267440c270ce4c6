use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;

use crate::message::{ScimError, ScimType};
use crate::transport::{Answer, Operation, TransportError, TransportErrorKind};

/// What went wrong, coarsely: what a program decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be built: an empty id, a token that is no header value. Not sent.
    InvalidRequest,
    /// No complete answer arrived.
    Transport(TransportErrorKind),
    /// 401: token missing, wrong, revoked or expired.
    Unauthorized,
    /// 403: the token is good, but not for this.
    Forbidden,
    /// 404: no such resource, or no such endpoint.
    NotFound,
    /// 409: the value is taken, or somebody else changed the resource.
    Conflict,
    /// 412: the resource has another version by now.
    PreconditionFailed,
    /// 429: too many requests.
    RateLimited,
    /// Another 4xx: the server refuses the request as it is.
    Refused,
    /// 5xx: the server failed.
    Server,
    /// 202 where an outcome was expected: accepted, result unknown (RFC 9967).
    Accepted,
    /// 1xx or 3xx: redirects are not followed, because a token must not follow them.
    UnexpectedStatus,
    /// A 2xx whose body is not what was asked for.
    UnreadableBody,
    /// The pages of a list contradict each other: the list would not be complete.
    InconsistentList,
}

/// A SCIM call failed.
///
/// `Display` is one line: what was tried on which resource, what the server answered (status,
/// scimType, detail, request id) and what helps. It never holds a URL, a filter or a token.
pub struct Error(Box<Inner>);

struct Inner {
    operation: Operation,
    kind: ErrorKind,
    answer: Option<Answer>,
    scim: Option<ScimError>,
    detail: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    fn new(operation: Operation, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { operation, kind, answer: None, scim: None, detail: None, source: None }))
    }

    pub(super) fn invalid_request(operation: Operation, source: impl StdError + Send + Sync + 'static) -> Self {
        let mut error = Self::new(operation, ErrorKind::InvalidRequest);
        error.0.detail = Some(source.to_string());
        error.0.source = Some(Box::new(source));
        error
    }

    pub(super) fn transport(operation: Operation, source: TransportError) -> Self {
        let mut error = Self::new(operation, ErrorKind::Transport(source.kind()));
        error.0.detail = Some(source.to_string());
        error.0.source = Some(Box::new(source));
        error
    }

    pub(super) fn inconsistent_list(operation: Operation, detail: String) -> Self {
        let mut error = Self::new(operation, ErrorKind::InconsistentList);
        error.0.detail = Some(detail);
        error
    }

    fn unreadable(operation: Operation, answer: Answer, detail: String) -> Self {
        let mut error = Self::new(operation, ErrorKind::UnreadableBody);
        error.0.detail = Some(detail);
        error.0.answer = Some(answer);
        error
    }

    /// What went wrong, coarsely.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was tried, on which resource.
    pub fn operation(&self) -> &Operation {
        &self.0.operation
    }

    /// The status, if there was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.answer.as_ref().map(|answer| answer.status)
    }

    /// What was wrong, where the server said nothing: a sentence; may be empty.
    pub fn reason(&self) -> &str {
        self.0.detail.as_deref().unwrap_or_default()
    }

    /// The SCIM error in the answer (RFC 7644 §3.12), if it was one.
    pub fn scim(&self) -> Option<&ScimError> {
        self.0.scim.as_ref()
    }

    /// The detail keyword of the SCIM error.
    pub fn scim_type(&self) -> Option<&ScimType> {
        self.scim()?.scim_type.as_ref()
    }

    /// The whole answer, if there was one: for bodies of another shape than SCIM's.
    pub fn answer(&self) -> Option<&Answer> {
        self.0.answer.as_ref()
    }

    /// The answer's body; empty if there was none.
    pub fn body(&self) -> Bytes {
        self.0.answer.as_ref().map(|answer| answer.body.clone()).unwrap_or_default()
    }

    /// The id by which the service's operators find this exchange.
    pub fn request_id(&self) -> Option<&str> {
        self.0.answer.as_ref()?.request_id()
    }

    /// How long the server asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.answer.as_ref()?.retry_after()
    }

    /// 404 with a SCIM body or none at all: the resource does not exist. A 404 with a page of HTML
    /// says that the *endpoint* does not exist: see [`kind`](Self::kind).
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
            && self.0.answer.as_ref().is_some_and(|answer| self.0.scim.is_some() || answer.body.is_empty())
    }

    /// 409, or scimType `uniqueness`.
    pub fn is_conflict(&self) -> bool {
        self.0.kind == ErrorKind::Conflict || self.scim_type() == Some(&ScimType::Uniqueness)
    }

    /// 401.
    pub fn is_unauthorized(&self) -> bool {
        self.0.kind == ErrorKind::Unauthorized
    }

    /// 403.
    pub fn is_forbidden(&self) -> bool {
        self.0.kind == ErrorKind::Forbidden
    }

    /// 429.
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimited
    }

    /// Whether the same call may succeed later without any change.
    pub fn is_transient(&self) -> bool {
        match self.0.kind {
            ErrorKind::Transport(kind) => kind.is_transient(),
            ErrorKind::RateLimited | ErrorKind::Server => true,
            _ => false,
        }
    }

    /// Whether the server may have done what it was asked to do all the same: after a lost answer,
    /// a 5xx, or a 2xx that could not be read. Only a look tells.
    pub fn may_have_been_applied(&self) -> bool {
        match self.0.kind {
            ErrorKind::Transport(kind) => kind.may_have_been_applied(),
            ErrorKind::Server | ErrorKind::Accepted | ErrorKind::UnreadableBody => true,
            _ => false,
        }
    }

    fn advice(&self) -> &'static str {
        match self.0.kind {
            ErrorKind::InvalidRequest => "correct the call",
            ErrorKind::Transport(kind) => match kind {
                TransportErrorKind::Connect => "check the base URL and that the server is reachable",
                TransportErrorKind::Tls => "check the server's certificate and the system's trusted roots",
                TransportErrorKind::Request => "correct the call",
                _ => "look whether it took effect before you try again",
            },
            ErrorKind::Unauthorized => "check the token: it is missing, wrong, revoked or expired",
            ErrorKind::Forbidden => "give the token the permission for this call",
            ErrorKind::NotFound => "check the base URL and the id",
            ErrorKind::Conflict => "another resource has this value, or somebody changed it: read and decide",
            ErrorKind::PreconditionFailed => "read the resource again and repeat the change",
            ErrorKind::RateLimited => "wait, then try again",
            ErrorKind::Refused => "correct the request",
            ErrorKind::Server => "look whether it took effect before you try again",
            ErrorKind::Accepted => "look later whether it took effect",
            ErrorKind::UnexpectedStatus => "check the base URL: redirects are not followed",
            ErrorKind::UnreadableBody => "check that the base URL is that of a SCIM service",
            ErrorKind::InconsistentList => "try again; if it stays, the server's paging is broken",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, answer, scim, detail, .. } = &*self.0;
        write!(f, "{operation} failed")?;
        if let Some(answer) = answer {
            write!(f, ": the server answered {}", answer.status.as_u16())?;
            if let Some(keyword) = scim.as_ref().and_then(|scim| scim.scim_type.as_ref()) {
                write!(f, " {keyword}")?;
            }
        }
        let said = match (scim, detail, answer) {
            (Some(scim), _, _) if scim.detail.is_some() => scim.detail.clone(),
            (_, Some(detail), _) => Some(detail.clone()),
            (_, _, Some(answer)) => Some(answer.excerpt()).filter(|text| !text.is_empty()),
            _ => None,
        };
        if let Some(said) = said {
            write!(f, ": {said}")?;
        }
        if let Some(id) = self.request_id() {
            write!(f, " [request id {id}]")?;
        }
        write!(f, "; {}", self.advice())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("status", &self.status())
            .field("scim", &self.0.scim)
            .field("detail", &self.0.detail)
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Lets a 2xx pass; everything else is an error with what the server said.
pub(super) fn check(operation: Operation, answer: Answer) -> Result<Answer, Error> {
    let kind = match answer.status.as_u16() {
        202 => ErrorKind::Accepted,
        200..=299 => return Ok(answer),
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        412 => ErrorKind::PreconditionFailed,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::Refused,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::UnexpectedStatus,
    };
    let mut error = Error::new(operation, kind);
    error.0.scim = read_scim_error(&answer);
    error.0.answer = Some(answer);
    Err(error)
}

/// A body is a SCIM error if it says so or carries one of its members; a v4 envelope, a page of HTML
/// or an empty body is none.
fn read_scim_error(answer: &Answer) -> Option<ScimError> {
    let value: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let object = value.as_object()?;
    let names_it = object.get("schemas").is_some_and(|schemas| schemas.to_string().contains(":Error"));
    let has_members =
        ["scimType", "detail"].iter().any(|name| object.get(*name).is_some_and(serde_json::Value::is_string));
    (names_it || has_members).then(|| serde_json::from_value(value).ok())?
}

/// Reads the body of a 2xx.
pub(super) fn decode<T: DeserializeOwned>(operation: Operation, answer: Answer) -> Result<T, Error> {
    if !answer.is_json() {
        let detail = match answer.excerpt() {
            excerpt if excerpt.is_empty() => "the body is empty".to_owned(),
            excerpt => format!("the body is not JSON: {excerpt}"),
        };
        return Err(Error::unreadable(operation, answer, detail));
    }
    match serde_json::from_slice(&answer.body) {
        Ok(value) => Ok(value),
        Err(source) => {
            let detail = format!("the body is not what was asked for: {source}");
            let mut error = Error::unreadable(operation, answer, detail);
            error.0.scim = error.0.answer.as_ref().and_then(read_scim_error);
            error.0.source = Some(Box::new(source));
            Err(error)
        }
    }
}
