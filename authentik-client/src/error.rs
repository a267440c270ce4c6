use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use scim_core::transport::{Answer, Operation, TransportError, TransportErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::permission::SUPERUSER;

/// What went wrong, coarsely: what a program decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be built. Not sent.
    InvalidRequest,
    /// No complete answer arrived.
    Transport(TransportErrorKind),
    /// 403 `Authentication credentials were not provided.` or `Token invalid/expired`: authentik has no
    /// 401 (G10).
    Unauthenticated,
    /// 403: the token is good, but its owner lacks a permission.
    Forbidden,
    /// 404: no such object.
    NotFound,
    /// 404 with a page of HTML: no such path, so no such authentik.
    NoSuchEndpoint,
    /// 400: members are wrong, see [`Error::field_errors`].
    Invalid,
    /// 429: the per-IP throttle (since 2026.5.6).
    RateLimited,
    /// Another 4xx.
    Refused,
    /// 5xx, or an empty 405: authentik's way of saying that it crashed.
    Server,
    /// 1xx or 3xx: redirects are not followed.
    UnexpectedStatus,
    /// A 2xx whose body is not what was asked for.
    UnreadableBody,
    /// The pages of a list contradict each other.
    InconsistentList,
    /// Something that has to exist does not: a provider's schedule, a managed mapping.
    Missing,
    /// A wait passed its deadline.
    DeadlineExceeded,
    /// authentik did what it was asked to do, and the SCIM server did not take it.
    NotWritten,
}

/// One complaint about one member of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The member; `non_field_errors` for the object as a whole.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// A call to authentik failed.
///
/// `Display` is one line: what was tried on which resource, what authentik answered and what helps. It
/// never holds a URL's query or a token.
pub struct Error(Box<Inner>);

struct Inner {
    operation: Operation,
    kind: ErrorKind,
    answer: Option<Answer>,
    detail: Option<String>,
    fields: Vec<FieldError>,
    permission: Option<&'static str>,
    /// It only asked: there was nothing to apply.
    read: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(operation: Operation, kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            operation,
            kind,
            answer: None,
            detail: None,
            fields: Vec::new(),
            permission: None,
            read: false,
            source: None,
        }))
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    pub(crate) fn with_answer(mut self, answer: Answer) -> Self {
        self.0.answer = Some(answer);
        self
    }

    /// Says that the call only asked, and changed nothing whatever came of it.
    pub(crate) fn of_read(mut self, read: bool) -> Self {
        self.0.read = read;
        self
    }

    pub(crate) fn transport(operation: Operation, source: TransportError) -> Self {
        Self::new(operation, ErrorKind::Transport(source.kind())).with_detail(source.to_string()).with_source(source)
    }

    /// Takes a secret out of what the server said. The raw [`body`](Self::body) keeps it: that one is
    /// never printed.
    pub(crate) fn without(mut self, secret: &SecretString) -> Self {
        let secret = secret.expose_secret();
        if secret.is_empty() {
            return self;
        }
        let scrub = |text: &mut String| {
            if text.contains(secret) {
                *text = text.replace(secret, "(the token)");
            }
        };
        if let Some(detail) = &mut self.0.detail {
            scrub(detail);
        }
        for field in &mut self.0.fields {
            scrub(&mut field.field);
            scrub(&mut field.message);
        }
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

    /// The id by which authentik's log knows this exchange (`x-authentik-id`).
    pub fn request_id(&self) -> Option<&str> {
        self.0.answer.as_ref()?.request_id()
    }

    /// How long authentik asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.answer.as_ref()?.retry_after()
    }

    /// The members that a 400 complains about.
    pub fn field_errors(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The permission that the token's owner lacks, as authentik's roles name it
    /// (`authentik_core.add_group`); `superuser` where no role can give it. authentik's answer never
    /// says; this is what was found to be needed. `None` for anything but a 403 of that kind.
    pub fn missing_permission(&self) -> Option<&'static str> {
        if self.is_forbidden() { self.0.permission } else { None }
    }

    /// The body as it came; empty without an answer.
    pub fn body(&self) -> &Bytes {
        static EMPTY: Bytes = Bytes::new();
        self.0.answer.as_ref().map_or(&EMPTY, |answer| &answer.body)
    }

    /// 404: the object does not exist. A 404 that comes as a page of HTML does not count: it says that
    /// there is no authentik at this URL.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// 403 for lack of a permission.
    pub fn is_forbidden(&self) -> bool {
        self.0.kind == ErrorKind::Forbidden
    }

    /// 403 for lack of good credentials.
    pub fn is_unauthenticated(&self) -> bool {
        self.0.kind == ErrorKind::Unauthenticated
    }

    /// 400 that says that a value is taken.
    pub fn is_conflict(&self) -> bool {
        let taken = ["already exists", "must be unique", "must make a unique set"];
        self.0.kind == ErrorKind::Invalid
            && self.0.fields.iter().any(|field| taken.iter().any(|text| field.message.contains(text)))
    }

    /// 5xx or an empty 405.
    pub fn is_server_error(&self) -> bool {
        self.0.kind == ErrorKind::Server
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

    /// Whether authentik may have done what it was asked to do all the same. Never for a call that only
    /// reads. A wait for a sync that passed its deadline counts: the sync goes on.
    pub fn may_have_been_applied(&self) -> bool {
        if self.0.read {
            return false;
        }
        let lost = self.0.source.as_deref().and_then(|source| source.downcast_ref::<TransportError>());
        match self.0.kind {
            ErrorKind::Transport(kind) => {
                lost.map_or_else(|| kind.may_have_been_applied(), TransportError::may_have_been_applied)
            }
            ErrorKind::Server | ErrorKind::UnreadableBody | ErrorKind::DeadlineExceeded => true,
            _ => self.0.answer.as_ref().is_some_and(|answer| answer.open),
        }
    }

    fn advice(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self.0.kind {
            ErrorKind::InvalidRequest => "correct the call",
            ErrorKind::Transport(TransportErrorKind::Connect) => "check authentik's URL and that it is reachable",
            ErrorKind::Transport(TransportErrorKind::Tls) => {
                "check authentik's certificate and the system's trusted roots"
            }
            ErrorKind::Transport(_) if self.0.read => "try again",
            ErrorKind::Transport(_) => "look whether it took effect before you try again",
            ErrorKind::Unauthenticated => {
                "check the token: it must exist, not be expired, have the intent \"API\" and belong to an active user"
            }
            ErrorKind::Forbidden if self.0.permission == Some(SUPERUSER) => {
                "only superusers may: use a superuser's token"
            }
            ErrorKind::Forbidden if self.0.permission.is_some() => {
                let name = self.0.permission.unwrap_or_default();
                return Cow::Owned(format!("give the token's owner the permission {name} (System > Roles)"));
            }
            ErrorKind::Forbidden => {
                "give the token's owner the permission for this call (System > Roles), or use a superuser's token"
            }
            ErrorKind::NotFound => "check the id, and that the token's owner may see it",
            ErrorKind::NoSuchEndpoint => "check that the URL is authentik's own (https://host, or https://host/api/v3)",
            ErrorKind::Invalid => "correct the members named",
            ErrorKind::RateLimited => "wait, then try again",
            ErrorKind::Refused => "correct the request",
            ErrorKind::Server if self.0.read => "look at authentik's log, then try again",
            ErrorKind::Server => "look at authentik's log; look whether it took effect before you try again",
            ErrorKind::UnexpectedStatus => "check authentik's URL: redirects are not followed",
            ErrorKind::UnreadableBody => {
                "check that the URL is authentik's own and that no login page stands before it"
            }
            ErrorKind::InconsistentList => "try again; if it stays, report it",
            ErrorKind::Missing => "check that authentik's worker runs",
            ErrorKind::NotWritten => "see what the SCIM server says, put that right, then try again",
            ErrorKind::DeadlineExceeded => "look at the task in authentik, or wait longer",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, answer, detail, fields, kind, .. } = &*self.0;
        write!(f, "authentik: {operation} failed")?;
        if let Some(answer) = answer {
            write!(f, ": it answered {}", answer.status.as_u16())?;
            if *kind == ErrorKind::Server && answer.status == StatusCode::METHOD_NOT_ALLOWED {
                f.write_str(" without a body, which means that it crashed")?;
            }
        }
        if fields.is_empty() {
            if let Some(detail) = detail {
                write!(f, ": {detail}")?;
            }
        } else {
            for (index, field) in fields.iter().enumerate() {
                write!(f, "{} {}: {}", if index == 0 { ":" } else { "," }, field.field, field.message)?;
            }
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
            .field("detail", &self.0.detail)
            .field("fields", &self.0.fields)
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Lets a 2xx pass; everything else becomes an error with what authentik said.
///
/// `permission` is what the call needs, for the case that it is refused.
pub(crate) fn check(operation: Operation, answer: Answer, permission: Option<&'static str>) -> Result<Answer, Error> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let detail = body.as_ref().and_then(|body| body.get("detail")).and_then(Value::as_str).map(str::to_owned);
    let kind = match answer.status.as_u16() {
        200..=299 => return Ok(answer),
        400 => ErrorKind::Invalid,
        401 => ErrorKind::Unauthenticated,
        403 => match detail.as_deref() {
            Some(text) if text.starts_with("Authentication credentials") || text.starts_with("Token invalid") => {
                ErrorKind::Unauthenticated
            }
            _ => ErrorKind::Forbidden,
        },
        404 if body.is_some() => ErrorKind::NotFound,
        404 => ErrorKind::NoSuchEndpoint,
        // A crash inside authentik (facts/authentik.md §0.7): a real 405 has a body.
        405 if answer.body.is_empty() => ErrorKind::Server,
        429 => ErrorKind::RateLimited,
        402..=499 => ErrorKind::Refused,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::UnexpectedStatus,
    };
    let mut error = Error::new(operation, kind);
    if kind == ErrorKind::Invalid {
        error.0.fields = body.as_ref().map(field_errors).unwrap_or_default();
    }
    error.0.permission = permission;
    error.0.detail = detail.or_else(|| match answer.media_type().as_str() {
        // authentik's own 404 page and a proxy's error page are pages long and say one thing.
        "text/html" if !answer.body.is_empty() => Some(match title(&answer.body) {
            Some(title) => format!("a page of HTML: {title:?}"),
            None => "a page of HTML".to_owned(),
        }),
        _ => Some(answer.excerpt()).filter(|text| !text.is_empty()),
    });
    Err(error.with_answer(answer))
}

/// The title of a page, at most 100 characters of it.
fn title(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(body.get(..body.len().min(16 * 1024)).unwrap_or_default());
    // Offsets into the lower-cased text hold: only ASCII changes.
    let lower = head.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let words: Vec<&str> = head.get(start..end)?.split_whitespace().collect();
    let title: String = words.join(" ").chars().filter(|c| !c.is_control()).take(100).collect();
    Some(title).filter(|title| !title.is_empty())
}

/// `{"name": ["This field is required."]}`, nested objects and lists of objects included.
fn field_errors(body: &Value) -> Vec<FieldError> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), body)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(members) => {
                for (name, value) in members.iter().rev() {
                    open.push((if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, value));
                }
            }
            Value::Array(items) => open.extend(items.iter().rev().map(|item| (path.clone(), item))),
            Value::String(message) if path != "detail" && !path.is_empty() => {
                found.push(FieldError { field: path, message: message.clone() });
            }
            _ => {}
        }
    }
    found
}
