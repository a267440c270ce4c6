use std::error::Error as StdError;
use std::fmt;

/// Why no complete response arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request could not be built or is not one that this transport sends. Not sent.
    Request,
    /// No connection came about: name not found, refused, unreachable. Not sent; may be repeated.
    Connect,
    /// The TLS handshake failed: certificate not trusted, wrong name. Not sent; repeating is no use.
    Tls,
    /// No answer in time. The server may have acted.
    Timeout,
    /// The connection ended before the whole answer was read. The server may have acted.
    Interrupted,
    /// The answer is larger than this transport reads. The server has acted.
    TooLarge,
    /// What arrived is not HTTP. The server may have acted.
    Protocol,
    /// The deadline of the call passed before it was (or would again have been) sent.
    DeadlineExceeded,
}

impl TransportErrorKind {
    /// Whether the server may have acted on the request of this attempt.
    /// [`TransportError::may_have_been_applied`] knows more: earlier attempts, and requests that a layer
    /// never sent.
    pub fn may_have_been_applied(self) -> bool {
        match self {
            Self::Request | Self::Connect | Self::Tls => false,
            Self::Timeout | Self::Interrupted | Self::TooLarge | Self::Protocol | Self::DeadlineExceeded => true,
        }
    }

    /// Whether the same request may succeed when it is sent again.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Connect | Self::Timeout | Self::Interrupted)
    }

    fn text(self) -> &'static str {
        match self {
            Self::Request => "the request could not be sent",
            Self::Connect => "no connection to the server",
            Self::Tls => "no trusted TLS connection to the server",
            Self::Timeout => "no answer in time",
            Self::Interrupted => "the connection ended before the whole answer arrived",
            Self::TooLarge => "the answer is larger than the limit",
            Self::Protocol => "the answer is not HTTP",
            Self::DeadlineExceeded => "the deadline of the call passed",
        }
    }
}

/// No complete response arrived.
///
/// `Display` is one line and holds neither the URL nor a header; [`source`](StdError::source) is
/// the cause where there is one.
pub struct TransportError {
    kind: TransportErrorKind,
    detail: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    /// What is known beyond the kind about whether the server may have acted.
    effect: Option<bool>,
    attempts: u32,
}

impl TransportError {
    /// An error of `kind` without a detail.
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, detail: None, source: None, effect: None, attempts: 1 }
    }

    /// Adds one sentence; it must hold no secret and no URL.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the cause; its text must hold no secret and no URL.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// States that the request did not leave this process, whatever the kind says: a layer refused it.
    #[must_use]
    pub fn not_sent(mut self) -> Self {
        self.effect = Some(false);
        self
    }

    /// States that an earlier attempt at the same write may have been applied, whatever became of this
    /// one.
    #[must_use]
    pub fn after_open_attempt(mut self) -> Self {
        self.effect = Some(true);
        self
    }

    /// States how often the request was sent: the retry layer knows.
    #[must_use]
    pub fn after_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// How often it was tried to send the request.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What happened.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the server may have acted on the request, in this attempt or an earlier one.
    pub fn may_have_been_applied(&self) -> bool {
        self.effect.unwrap_or_else(|| self.kind.may_have_been_applied())
    }

    /// Whether the same request may succeed when it is sent again.
    pub fn is_transient(&self) -> bool {
        self.kind.is_transient()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.text())?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("detail", &self.detail)
            .field("source", &self.source)
            .field("effect", &self.effect)
            .field("attempts", &self.attempts)
            .finish()
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
