use std::borrow::Cow;
use std::fmt;

use tokio::time::Instant;

/// What a request is for: set by a client in the request's extensions, read by layers.
///
/// Holds no personal data: `resource` is a path template or an opaque id, never a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The call, in the words of the API: `create user`, `list groups`.
    pub name: &'static str,
    /// What it acts on: `Users/2819c223`, `accounts/…/members`.
    pub resource: Cow<'static, str>,
    /// Whether sending it twice has the same effect as sending it once. `None`: as the method says
    /// (RFC 9110 §9.2.2).
    pub idempotent: Option<bool>,
}

impl Operation {
    /// An operation whose method says whether it may be repeated.
    pub fn new(name: &'static str, resource: impl Into<Cow<'static, str>>) -> Self {
        Self { name, resource: resource.into(), idempotent: None }
    }

    /// States that the request may (or may not) be sent twice, whatever its method.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// The kind of what it acts on, without the ids: `Users`, `accounts/…/members`. In a SCIM path
    /// everything behind the endpoint is an id; elsewhere every segment that is not a lower-case word.
    ///
    /// ```
    /// # use scim_core::transport::Operation;
    /// assert_eq!(Operation::new("read a user", "Users/ann@example.com").resource_type(), "Users");
    /// assert_eq!(Operation::new("list members", "accounts/0f3a/members").resource_type(), "accounts/…/members");
    /// ```
    pub fn resource_type(&self) -> String {
        let mut out = String::new();
        for segment in self.resource.split('/') {
            if !out.is_empty() {
                out.push('/');
            }
            if segment.starts_with(|c: char| c.is_ascii_uppercase()) && segment.chars().all(char::is_alphanumeric) {
                out.push_str(segment);
                break;
            }
            let word = segment.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '-' | '…'));
            out.push_str(if word || matches!(segment, "v1" | "v2" | "v3" | "v4") { segment } else { "…" });
        }
        out
    }

    /// Whether a request may be sent twice: by its [`Operation`], else by its method.
    pub fn may_repeat<B>(request: &http::Request<B>) -> bool {
        request
            .extensions()
            .get::<Self>()
            .and_then(|operation| operation.idempotent)
            .unwrap_or_else(|| request.method().is_idempotent())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.resource)
    }
}

/// When an answer is of no use any more: a request extension that bounds retries and waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Instant);

/// How many times a request was sent: a response extension set by the retry layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts(pub u32);

/// An earlier attempt at the same write may have been applied: a response extension set by the retry
/// layer, read as [`Answer::open`](super::Answer::open).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenAttempt;
