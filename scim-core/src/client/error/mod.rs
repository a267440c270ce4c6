mod kind;
mod redact;
mod reply;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::message::{ScimError, ScimType};
use crate::resource::ResourceId;
use crate::transport::{Answer, Operation, TransportError};

pub use kind::ErrorKind;
pub(super) use redact::Sent;
pub(super) use reply::Reply;

/// A SCIM call failed.
///
/// `Display` is one line: what was tried on which resource, what the server answered (status,
/// scimType, detail, request id) and what helps. It holds no URL, no filter, no token, and of the
/// server's words nothing that repeats a value of the request.
pub struct Error(Box<Inner>);

struct Inner {
    operation: Operation,
    kind: ErrorKind,
    is_write: bool,
    answer: Option<Answer>,
    scim: Option<ScimError>,
    detail: Option<String>,
    /// What was found out afterwards, by looking.
    finding: Option<String>,
    found: Option<ResourceId>,
    completed: Option<usize>,
    /// An earlier request of the same call may have taken effect.
    earlier_open: bool,
    /// A look showed that this request did not take effect.
    decided: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What a server said when it accepted a request without an outcome (202; RFC 9967 §2.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// `Set-Txn`: the `txn` claim of the event that will tell the outcome.
    pub transaction: Option<String>,
    /// `Location`: where the event or the resource will be. A text; nothing follows it.
    pub location: Option<String>,
    /// Whether the server applied `Prefer: respond-async`.
    pub preference_applied: bool,
}

impl Error {
    fn new(operation: Operation, kind: ErrorKind, is_write: bool) -> Self {
        Self(Box::new(Inner {
            operation,
            kind,
            is_write,
            answer: None,
            scim: None,
            detail: None,
            finding: None,
            found: None,
            completed: None,
            earlier_open: false,
            decided: false,
            source: None,
        }))
    }

    pub(super) fn invalid_request(operation: Operation, source: impl StdError + Send + Sync + 'static) -> Self {
        let mut error = Self::new(operation, ErrorKind::InvalidRequest, false);
        error.0.detail = Some(source.to_string());
        error.0.source = Some(Box::new(source));
        error
    }

    /// A failure that no single answer is to blame for: nothing was sent, or only reads.
    pub(super) fn own(operation: Operation, kind: ErrorKind, detail: impl Into<String>) -> Self {
        let mut error = Self::new(operation, kind, false);
        error.0.detail = Some(detail.into());
        error
    }

    pub(super) fn transport(operation: Operation, sent: &Sent, source: TransportError) -> Self {
        let mut error = Self::new(operation, ErrorKind::Transport(source.kind()), sent.is_write);
        error.0.detail = Some(source.to_string());
        error.0.source = Some(Box::new(source));
        error
    }

    /// Adds what a look at the server showed afterwards.
    pub(super) fn with_finding(mut self, finding: impl Into<String>) -> Self {
        self.0.finding = Some(finding.into());
        self
    }

    /// Names the resource that stands in the way.
    pub(super) fn with_found(mut self, id: ResourceId) -> Self {
        self.0.found = Some(id);
        self
    }

    /// The same failure under another name: what a look at the server made of it. It is open no more.
    pub(super) fn decided(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self.0.decided = true;
        self
    }

    /// States that an earlier request of the same call may have taken effect.
    pub(super) fn after_open(mut self) -> Self {
        self.0.earlier_open = true;
        self
    }

    pub(super) fn with_completed(mut self, items: usize) -> Self {
        self.0.completed = Some(items);
        self
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

    /// What was wrong: the server's words without what the request held, else a sentence; may be empty.
    pub fn reason(&self) -> &str {
        self.0.detail.as_deref().unwrap_or_default()
    }

    /// The SCIM error in the answer (RFC 7644 §3.12), if it was one; its `detail` as it came.
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

    /// How often the last request was sent; 0 if no answer arrived, where that is not known.
    pub fn attempts(&self) -> u32 {
        self.0.answer.as_ref().map_or(0, |answer| answer.attempts)
    }

    /// What came with a 202: by which the outcome is found later.
    pub fn accepted(&self) -> Option<Accepted> {
        let headers = &self.0.answer.as_ref().filter(|_| self.0.kind == ErrorKind::Accepted)?.headers;
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        Some(Accepted {
            transaction: text("set-txn"),
            location: text("location"),
            preference_applied: text("preference-applied").is_some_and(|it| it.contains("respond-async")),
        })
    }

    /// The resource that is in the way, where a look-up found one: it has the name that was to be
    /// given, and differs from what was to be made.
    pub fn found(&self) -> Option<&ResourceId> {
        self.0.found.as_ref()
    }

    /// Of a call that takes several requests: how many of the items given are certainly done. The
    /// next ones are open if [`may_have_been_applied`](Self::may_have_been_applied), else not done.
    pub fn completed(&self) -> Option<usize> {
        self.0.completed
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
        self.0.kind.is_transient()
    }

    /// Whether the server may have done what it was asked to do all the same: after a lost answer,
    /// a 5xx, a 2xx that could not be read or is about something else, or a refusal that an earlier
    /// attempt of the same call may have caused. Only a look tells. Never of a call that only reads.
    pub fn may_have_been_applied(&self) -> bool {
        let lost = self.0.source.as_deref().and_then(|source| source.downcast_ref::<TransportError>());
        // The transport knows more than the kind: what a layer did not send, and what came of earlier
        // attempts.
        let open = match (lost, &self.0.answer) {
            (Some(lost), _) => lost.may_have_been_applied(),
            (None, Some(answer)) => answer.open || self.0.kind.leaves_open(),
            (None, None) => self.0.kind.leaves_open(),
        };
        self.0.earlier_open || (self.0.is_write && open && !self.0.decided)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, answer, scim, detail, finding, .. } = &*self.0;
        write!(f, "{operation} failed")?;
        if let Some(answer) = answer {
            write!(f, ": the server answered {}", answer.status.as_u16())?;
            if let Some(keyword) = scim.as_ref().and_then(|scim| scim.scim_type.as_ref()) {
                write!(f, " {keyword}")?;
            }
        }
        if let Some(detail) = detail {
            write!(f, ": {detail}")?;
        }
        if let Some(finding) = finding {
            write!(f, "; {finding}")?;
        }
        if let Some(items) = self.0.completed {
            write!(f, "; {items} done before")?;
        }
        if let Some(id) = self.request_id() {
            write!(f, " [request id {id}]")?;
        }
        write!(f, "; {}", self.0.kind.advice(self.may_have_been_applied()))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("status", &self.status())
            .field("scim_type", &self.scim_type())
            .field("detail", &self.0.detail)
            .field("finding", &self.0.finding)
            .field("found", &self.0.found)
            .field("completed", &self.0.completed)
            .field("may_have_been_applied", &self.may_have_been_applied())
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
