mod body;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};
use scim_core::client;
use scim_core::message::{ScimError, ScimType};
use scim_core::transport::{Answer, Operation, TransportError};

use crate::call::Needs;
use crate::envelope::ApiMessage;
use body::Body;

/// Why a call did not do what was asked.
///
/// `Display` is one line: what was tried, on which resource, what the server answered (status,
/// code or scimType, detail, request id) and what can be done about it. Never a token, a query
/// string or a body.
pub struct Error(Box<Inner>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be built: an id, a token or an option is not usable. Nothing was sent.
    Request,
    /// No complete answer arrived: see [`Error::transport`].
    Transport,
    /// The token is missing, malformed, unknown, expired or disabled (401; 400 with code 6003).
    Unauthorized,
    /// The token lacks a permission, or a rule forbids the change (403).
    Forbidden,
    /// The resource does not exist (404).
    NotFound,
    /// The address itself does not exist (404 with code 7003): wrong account id or base URL.
    NoRoute,
    /// It exists already, or is in the way of another (409, or scimType `uniqueness`).
    Conflict,
    /// The server refuses the request's content (other 4xx).
    Invalid,
    /// Too many requests (429): nothing was done; see [`Error::retry_after`].
    RateLimited,
    /// The server failed (5xx).
    Server,
    /// The answer is none that this API gives: a redirect, an HTML page, JSON of another shape,
    /// another resource than was asked for.
    Unreadable,
    /// A list ended before the number that the server itself had announced: no decision may be taken on it.
    Incomplete,
    /// The write was accepted, but what was read back is not what was written.
    NotApplied,
}

struct Inner {
    kind: ErrorKind,
    operation: Operation,
    status: Option<StatusCode>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    maybe_applied: bool,
    body: Body,
    needs: Needs,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    fn new(kind: ErrorKind, operation: &Operation, body: Body) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: operation.clone(),
            status: None,
            request_id: None,
            retry_after: None,
            attempts: 0,
            maybe_applied: false,
            body,
            needs: Needs::Nothing,
            source: None,
        }))
    }

    /// The request could not be built.
    pub(crate) fn request(operation: &Operation, why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Request, operation, Body::Own(why.into()))
    }

    /// No complete answer.
    pub(crate) fn transport_error(operation: &Operation, method: &Method, error: TransportError) -> Self {
        let mut out = Self::new(ErrorKind::Transport, operation, Body::Own(Cow::Owned(error.to_string())));
        out.0.maybe_applied = !method.is_safe() && error.may_have_been_applied();
        out.0.source = Some(Box::new(error));
        out
    }

    /// A list that cannot be complete.
    pub(crate) fn incomplete(operation: &Operation, why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Incomplete, operation, Body::Own(why.into()))
    }

    /// A write that did not arrive as it was sent.
    pub(crate) fn not_applied(operation: &Operation, why: impl Into<Cow<'static, str>>) -> Self {
        let mut out = Self::new(ErrorKind::NotApplied, operation, Body::Own(why.into()));
        out.0.maybe_applied = true;
        out
    }

    /// An answer of a good status whose body cannot be read.
    pub(crate) fn unreadable(
        operation: &Operation,
        method: &Method,
        answer: &Answer,
        why: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut out = Self::new(ErrorKind::Unreadable, operation, Body::Own(why.into())).with_answer(answer);
        out.0.maybe_applied = !method.is_safe();
        out
    }

    /// An answer that is no success. `redact` takes the caller's secrets out of the server's texts.
    pub(crate) fn answer(
        operation: &Operation,
        method: &Method,
        needs: Needs,
        answer: &Answer,
        redact: &dyn Fn(&str) -> String,
    ) -> Self {
        let body = Body::read(answer, redact);
        let kind = kind_of(answer.status, &body);
        let mut out = Self::new(kind, operation, body).with_answer(answer);
        out.0.needs = needs;
        let maybe = answer.open || answer.status.is_server_error() || matches!(kind, ErrorKind::Unreadable);
        out.0.maybe_applied = !method.is_safe() && maybe;
        out
    }

    /// A SCIM call that failed, in the terms of this crate: its answer may be v4's envelope.
    pub(crate) fn from_scim(method: &Method, error: scim_core::client::Error, redact: &dyn Fn(&str) -> String) -> Self {
        use scim_core::client::ErrorKind as Scim;
        let below = error.operation();
        let operation = Operation::new(below.name, format!("scim/v2/{}", below.resource));
        let needs = if method.is_safe() { Needs::Read } else { Needs::Write };
        let own = || Cow::Owned(redact(error.reason()));
        let mut out = match (error.kind(), error.answer()) {
            (Scim::InconsistentList, _) => Self::incomplete(&operation, own()),
            (Scim::UnreadableBody | Scim::WrongResource, Some(answer)) => {
                Self::unreadable(&operation, method, answer, own())
            }
            (_, Some(answer)) => Self::answer(&operation, method, needs, answer, redact),
            (Scim::Transport(_), None) => {
                let mut out = Self::new(ErrorKind::Transport, &operation, Body::Own(own()));
                out.0.maybe_applied = !method.is_safe() && error.may_have_been_applied();
                out
            }
            (_, None) => Self::request(&operation, own()),
        };
        // Beyond a failure below HTTP the source holds the server's words as they came, which may
        // repeat a token.
        if out.0.kind == ErrorKind::Transport {
            out.0.source = Some(Box::new(error));
        }
        out
    }

    fn with_answer(mut self, answer: &Answer) -> Self {
        self.0.status = Some(answer.status);
        self.0.request_id = answer.request_id().map(str::to_owned);
        self.0.retry_after = answer.retry_after();
        self.0.attempts = answer.attempts;
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The call, in words: `list members`.
    pub fn operation(&self) -> &'static str {
        self.0.operation.name
    }

    /// What the call acted on: `accounts/…/members`.
    pub fn resource(&self) -> &str {
        &self.0.operation.resource
    }

    /// The answer's status, if there was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Cloudflare's id of the exchange (`cf-ray`), to be named to its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the server asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How often the request was sent; 0 if it was not, or if that is not known.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The entries of the v4 envelope's `errors`; empty if the answer was no envelope.
    pub fn api_messages(&self) -> &[ApiMessage] {
        match &self.0.body {
            Body::Api(messages) => messages,
            _ => &[],
        }
    }

    /// The first code of the v4 envelope, its chain included: 10000, 7003, 6003, 971, ...
    pub fn code(&self) -> Option<i64> {
        self.api_messages().iter().find_map(|message| message.code)
    }

    /// Whether the v4 envelope names `code` anywhere, chains included.
    pub fn has_code(&self, code: i64) -> bool {
        fn any(messages: &[ApiMessage], code: i64, depth: u8) -> bool {
            depth < 8
                && messages
                    .iter()
                    .any(|message| message.code == Some(code) || any(&message.error_chain, code, depth + 1))
        }
        any(self.api_messages(), code, 0)
    }

    /// The SCIM error, if the answer was one.
    pub fn scim(&self) -> Option<&ScimError> {
        match &self.0.body {
            Body::Scim(error) => Some(error),
            _ => None,
        }
    }

    /// The scimType of a SCIM error: `uniqueness`, `invalidFilter`, ...
    pub fn scim_type(&self) -> Option<&ScimType> {
        self.scim()?.scim_type.as_ref()
    }

    /// What the server said, for a person: the message of the envelope, the detail of the SCIM
    /// error, or the beginning of another body.
    pub fn detail(&self) -> Option<&str> {
        match &self.0.body {
            Body::Own(_) => None,
            Body::Api(messages) => messages.iter().find_map(|message| message.message.as_deref()),
            Body::Scim(error) => error.detail.as_deref(),
            Body::Text(text) => Some(text),
        }
    }

    /// Where Cloudflare explains the error.
    pub fn documentation_url(&self) -> Option<&str> {
        self.api_messages().iter().find_map(|message| message.documentation_url.as_deref())
    }

    /// The token permission that Cloudflare's documents ask for on this call, if it was refused.
    pub fn missing_permission(&self) -> Option<&'static str> {
        if self.is_permission_missing() { self.0.needs.permissions() } else { None }
    }

    /// The token is missing, malformed, unknown, expired or disabled.
    pub fn is_unauthorized(&self) -> bool {
        self.0.kind == ErrorKind::Unauthorized
    }

    /// The token lacks a permission: a 403 from the API's gate (code 10000, or a link to the
    /// documentation of permissions), not a refusal by a rule.
    pub fn is_permission_missing(&self) -> bool {
        let gate = match &self.0.body {
            Body::Scim(_) => false,
            // Errors of the audit log have no code.
            Body::Api(_) => self.code().is_none() || self.has_code(10_000) || self.documentation_url().is_some(),
            Body::Own(_) | Body::Text(_) => true,
        };
        self.0.kind == ErrorKind::Forbidden && gate
    }

    /// The resource does not exist.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// It exists already.
    pub fn is_conflict(&self) -> bool {
        self.0.kind == ErrorKind::Conflict
    }

    /// Too many requests.
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimited
    }

    /// No answer in time.
    pub fn is_timeout(&self) -> bool {
        use scim_core::transport::TransportErrorKind::{DeadlineExceeded, Timeout};
        self.transport().is_some_and(|error| matches!(error.kind(), Timeout | DeadlineExceeded))
    }

    /// Whether the same call may succeed later without a change: 429, 5xx, no connection.
    pub fn is_transient(&self) -> bool {
        match self.0.kind {
            ErrorKind::RateLimited | ErrorKind::Server => true,
            ErrorKind::Transport => self.transport().is_some_and(TransportError::is_transient),
            _ => false,
        }
    }

    /// Whether the server may have made the change although the call failed. Look before sending it
    /// again.
    pub fn may_have_been_applied(&self) -> bool {
        self.0.maybe_applied
    }

    /// The failure below HTTP, if that is what it was.
    pub fn transport(&self) -> Option<&TransportError> {
        let source = self.0.source.as_deref()?;
        match source.downcast_ref::<client::Error>() {
            Some(below) => below.source()?.downcast_ref(),
            None => source.downcast_ref(),
        }
    }

    /// What can be done about it.
    pub fn advice(&self) -> Option<Cow<'static, str>> {
        const DASHBOARD: &str = "Manage Account > Account API Tokens";
        Some(match self.0.kind {
            ErrorKind::Unauthorized => Cow::Owned(format!(
                "the token is malformed, unknown, expired or disabled: check it in the dashboard under {DASHBOARD}"
            )),
            ErrorKind::Forbidden => match self.missing_permission() {
                Some(permissions) => Cow::Owned(format!(
                    "the token lacks a permission: add {permissions} in the dashboard under {DASHBOARD}"
                )),
                None => return None,
            },
            ErrorKind::NoRoute => "check the account id and the base URL".into(),
            ErrorKind::RateLimited => match self.0.retry_after {
                Some(wait) => Cow::Owned(format!("try again in {} s", wait.as_secs().max(1))),
                None => "try again in 300 s".into(),
            },
            ErrorKind::Server | ErrorKind::Transport if self.0.maybe_applied => {
                "the change may have been made all the same: look before sending it again".into()
            }
            ErrorKind::Server => "try again later".into(),
            ErrorKind::Unreadable => {
                "something between here and Cloudflare may have answered in its place: check the base URL".into()
            }
            ErrorKind::Incomplete => "read the list again; take no decision on what is missing from it".into(),
            ErrorKind::Transport => "check the base URL and the network".into(),
            _ => return None,
        })
    }
}

fn kind_of(status: StatusCode, body: &Body) -> ErrorKind {
    let code = |wanted: i64| match body {
        Body::Api(messages) => messages.iter().any(|message| {
            message.code == Some(wanted) || message.error_chain.iter().any(|inner| inner.code == Some(wanted))
        }),
        _ => false,
    };
    if matches!(body, Body::Scim(error) if error.scim_type == Some(ScimType::Uniqueness)) {
        return ErrorKind::Conflict;
    }
    match status {
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthorized,
        StatusCode::BAD_REQUEST if code(6003) || code(6111) => ErrorKind::Unauthorized,
        StatusCode::FORBIDDEN => ErrorKind::Forbidden,
        StatusCode::NOT_FOUND if code(7003) || code(7000) => ErrorKind::NoRoute,
        StatusCode::NOT_FOUND => ErrorKind::NotFound,
        StatusCode::CONFLICT => ErrorKind::Conflict,
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited,
        _ if status.is_client_error() => ErrorKind::Invalid,
        _ if status.is_server_error() => ErrorKind::Server,
        // A good status with `success: false`.
        _ if matches!(body, Body::Api(messages) if !messages.is_empty()) => ErrorKind::Invalid,
        _ => ErrorKind::Unreadable,
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation)?;
        if let Some(status) = self.status {
            write!(f, "{status}, ")?;
        }
        fmt::Display::fmt(&self.body, f)?;
        if let Some(id) = &self.request_id {
            write!(f, " [ray {id}]")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)?;
        match self.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("status", &self.0.status)
            .field("body", &self.0.body)
            .field("request_id", &self.0.request_id)
            .field("retry_after", &self.0.retry_after)
            .field("attempts", &self.0.attempts)
            .field("may_have_been_applied", &self.0.maybe_applied)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
